/* tail_set: the files that an input knows, awake or asleep, and what is handed on of them. */
#include "io/tail.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "io/peer.h"

static uint64_t inode_key(uint64_t dev, uint64_t ino)
{
    return hash_mix(hash_mix(1, dev), ino);
}

struct tail_file *tail_by_inode(const struct tail *t, uint64_t dev, uint64_t ino)
{
    struct tail_file *f = table_get(&t->by_inode, inode_key(dev, ino));
    return f && f->id.dev == dev && f->id.ino == ino ? f : NULL;
}

void tail_leave_inode(struct tail *t, const struct tail_id *id)
{
    enum { LEFT_MAX = 16384 }; /* of a folder that can never be looked through they would gather */
    if (t->left.n < LEFT_MAX)
        table_put(&t->left, inode_key(id->dev, id->ino), t);
}

bool tail_has_left(const struct tail *t, const struct stat *st)
{
    return table_get(&t->left, inode_key(st->st_dev, st->st_ino)) != NULL;
}

static void forget_inode(struct tail *t, struct tail_file *f)
{
    if (tail_by_inode(t, f->id.dev, f->id.ino) == f)
        table_del(&t->by_inode, inode_key(f->id.dev, f->id.ino));
}

struct tail_file *tail_insert(struct tail *t, uint64_t key, const struct line_reader_place *from, const char *path)
{
    char *log = tail_log_of(t->opt->text, path);
    struct tail_file *f = tail_file_new(key, from, path, log ? log : path, t->opt->max_message_bytes);
    free(log);
    const struct peer none = peer_none();
    uint64_t ring = f->stream.ring; /* ring of the file or of its container */
    peer_to_stream(&none, t->opt, &f->stream);
    f->stream.ring = ring;
    f->stream.format = t->opt->format;
    f->stream.zone = t->opt->zone;
    f->stream.log_format = slice_str(t->opt->log_format);
    TAILQ_INSERT_TAIL(&t->files, f, all);
    return f;
}

struct tail_file *tail_know(struct tail *t, const struct tail_id *id, const char *path, uint64_t key,
                            const struct line_reader_place *at)
{
    struct tail_file *f = tail_insert(t, key, at, path);
    f->id = *id;
    f->changed = true;
    table_put(&t->by_inode, inode_key(id->dev, id->ino), f);
    return f;
}

void tail_relocate(struct tail *t, struct tail_file *f, const struct stat *st, const char *path)
{
    char *to = xstrdup(path);
    forget_inode(t, f);
    f->id.dev = st->st_dev;
    f->id.ino = st->st_ino;
    free(f->path);
    f->path = to;
    f->changed = true;
    table_put(&t->by_inode, inode_key(f->id.dev, f->id.ino), f);
}

static void leave_turn(struct tail *t, struct tail_file *f)
{
    if (f->is_in_turn)
        TAILQ_REMOVE(&t->turns, f, turn);
    f->is_in_turn = false;
}

void tail_attach(struct tail *t, struct tail_file *f, int fd, const struct stat *st, const char *path)
{
    leave_turn(t, f);
    forget_inode(t, f);
    t->n_open += f->fd < 0;
    f->parked = false;
    tail_unwatch_file(t->watch, f);
    tail_file_wake(f, fd, st, path);
    table_put(&t->by_inode, inode_key(f->id.dev, f->id.ino), f);
    tail_watch_file(t->watch, f);
    f->quiet_since = f->opened = tail_now_ms();
    tail_ready(t, f);
}

void tail_put_to_sleep(struct tail *t, struct tail_file *f)
{
    tail_leave_queues(t, f);
    leave_turn(t, f);
    tail_unwatch_file(t->watch, f);
    t->n_open -= f->fd >= 0;
    f->parked = false;
    tail_file_sleep(f);
}

void tail_forget(struct tail *t, struct tail_file *f)
{
    tail_put_to_sleep(t, f);
    forget_inode(t, f);
    f->gone = true;
    TAILQ_REMOVE(&t->files, f, all);
    TAILQ_INSERT_TAIL(&t->removed, f, all);
}

void tail_count_files(struct tail *t)
{
    const struct tail_file *f;
    unsigned files = 0;
    uint64_t behind = 0;
    TAILQ_FOREACH (f, &t->files, all) {
        files += !f->rotated;
        behind += f->size > f->read_at ? f->size - f->read_at : 0;
    }
    t->input.changed |= files != t->input.files || behind != t->input.behind_bytes;
    t->input.files = files;
    t->input.behind_bytes = behind;
}

void tail_hand_on(struct tail *t, struct tail_file *f, struct message *m)
{
    f->changed = true;
    m->stream = &f->stream;
    input_message(&t->sink, &t->input, m);
}

void tail_finish(struct tail *t, struct tail_file *f)
{
    struct message m;
    while (line_reader_next(&f->lines, f->stream.format, &m))
        tail_hand_on(t, f, &m);
    while (line_reader_flush(&f->lines, FRAME_END, &m))
        tail_hand_on(t, f, &m);
}
