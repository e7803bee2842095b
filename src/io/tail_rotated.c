/*
 * tail_rotated: what rotation has put aside of a log before it was seen under its name.
 *
 * Names can change faster than anyone looks, or while crumbd stands still: stopped, frozen, or without the processor.
 * So whenever a file has come, gone, moved or lost its bytes, the folders are looked through for files that are named
 * as rotated ones, are not known, and came into being after everything was known the last time. They are read from
 * their first byte, the oldest first. A copy of what is known is none of them.
 *
 * When the input is new, all that is there is history. The youngest HISTORY_MAX of it are known from then on, so that
 * they are not mistaken later for what has come.
 *
 * Bounds: the looks take a tenth of the time at most, however many names there are and however often they change.
 */
#include "io/tail.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

enum {
    SLACK_MS = 2000, /* the grain of times, and how far a server's clock may be behind this one */
    HISTORY_MAX = 256,
    HEAD_CONVINCES = 64, /* bytes of an equal head that prove as much as an equal inode */
    SHARE = 9,           /* how many times as long as a look took there is none */
    YOUNG_MS = 10000,    /* an empty file of this age may be a copy that has just been begun */
    UNQUIET_MS = 3000,
    TURN_MS = 100,
};

/* ---- copies ---- */

enum tail_match tail_match_original(const struct tail_file *f, int from, int fd, const struct stat *st)
{
    struct stat original;
    if (fstat(from, &original) != 0)
        return TAIL_MATCH_UNREADABLE;
    enum tail_match bytes =
        st->st_size <= original.st_size ? tail_bytes_match(from, fd, (uint64_t)st->st_size) : TAIL_MATCH_OTHER;
    if (bytes != TAIL_MATCH_OTHER)
        return bytes;
    /* The file was truncated this very moment: the next scan knows what to do with both. */
    bool whole = (uint64_t)original.st_size >= f->read_at && tail_head_match(from, &f->id) == TAIL_MATCH_SAME;
    return whole ? TAIL_MATCH_OTHER : TAIL_MATCH_UNREADABLE;
}

/* Opens a known file where it was last seen. -1: it is not there. */
static int open_where_it_was(const struct tail_file *f)
{
    struct stat st;
    struct safe_why why;
    int fd = safe_open(f->path, &st, &why);
    if (fd < 0 || (st.st_dev == f->id.dev && st.st_ino == f->id.ino))
        return fd;
    close(fd);
    return -1;
}

/* Whether fd, whose head is that of f, is a copy of it. Where f cannot be reached the head alone has to prove it. */
static enum tail_match match_bytes(const struct tail_file *f, int fd, const struct stat *st)
{
    int from = f->fd >= 0 ? f->fd : open_where_it_was(f);
    if (from < 0) {
        bool whole = f->id.head_bytes >= HEAD_CONVINCES || f->id.head_bytes == (uint64_t)st->st_size;
        return whole ? TAIL_MATCH_SAME : TAIL_MATCH_OTHER;
    }
    enum tail_match copy = tail_match_original(f, from, fd, st);
    if (from != f->fd)
        close(from);
    return copy;
}

/* The same where one of both has been compressed: a copy of f, whose head is the same, is no longer than f. */
static enum tail_match match_text(const struct tail_file *f, uint64_t text_bytes)
{
    struct stat st;
    uint64_t known = f->size > tail_file_reach(f) ? f->size : tail_file_reach(f);
    if (f->fd >= 0 && !f->packed && fstat(f->fd, &st) == 0)
        known = (uint64_t)st.st_size;
    return text_bytes <= known ? TAIL_MATCH_SAME : TAIL_MATCH_OTHER;
}

/* Whether fd is a copy of f, whole or begun. */
static enum tail_match match_known(struct tail_file *f, int fd, const struct stat *st)
{
    /* It may have been empty when it was looked at last. */
    if (f->fd >= 0 && tail_file_look(f, false) >= TAIL_LOOK_TRUNCATED)
        return TAIL_MATCH_UNREADABLE;
    if (!f->id.head_bytes)
        return TAIL_MATCH_OTHER;
    uint64_t size = (uint64_t)st->st_size;
    bool packed = tail_is_packed(fd), shorter = !packed && size < f->id.head_bytes;
    enum tail_match head = shorter && !f->disk_bytes ? TAIL_MATCH_SAME : tail_head_match(fd, &f->id);
    if (head != TAIL_MATCH_SAME)
        return head;
    if (f->missing_since) /* this may be f itself, which is being searched for */
        return TAIL_MATCH_UNREADABLE;
    if (packed || f->disk_bytes)
        return match_text(f, packed ? tail_packed_text_bytes(fd, size) : size);
    return match_bytes(f, fd, st);
}

/* SAME when fd is a copy, made by hand or by a rotation that was seen, of what is known. */
static enum tail_match match_any(const struct tail *t, int fd, const struct stat *st)
{
    struct tail_file *f;
    enum tail_match all = TAIL_MATCH_OTHER;
    TAILQ_FOREACH (f, &t->files, all) {
        enum tail_match one = match_known(f, fd, st);
        if (one == TAIL_MATCH_SAME)
            return one;
        if (one == TAIL_MATCH_UNREADABLE)
            all = one;
    }
    return all;
}

/* What is known already is another's, or is no text. */
static bool is_none_of_ours(struct tail *t, int fd, const struct stat *st, const char *path)
{
    bool packed = slice_ends(slice_str(path), SLICE(".gz"));
    return tail_by_inode(t, st->st_dev, st->st_ino) || tail_is_other_inputs(t, fd, st) ||
           (packed ? !tail_is_packed(fd) : tail_is_archive(t, fd, path));
}

/* ---- what came unseen ---- */

/* Knows a file from now on, as not read, or as read to its end. */
static void know(struct tail *t, int fd, const struct stat *st, const char *path, bool read)
{
    struct tail_id id = {.dev = st->st_dev, .ino = st->st_ino};
    bool packed = tail_is_packed(fd);
    uint64_t size = (uint64_t)st->st_size, end = packed ? tail_packed_text_bytes(fd, size) : size;
    tail_head_learn(fd, size, &id);
    struct tail_file *f = tail_know(t, &id, path, 0, &(struct line_reader_place){.offset = read ? end : 0});
    f->rotated = true;
    f->disk_bytes = packed ? size : 0;
    f->size = end;
    close(fd);
}

/* Takes over a file that has not been seen before; it is opened by a later scan when there are too many. */
static void take(struct tail *t, int fd, const struct stat *st, const char *path)
{
    if (t->n_rotated >= 2 * tail_rotated_max()) {
        know(t, fd, st, path, false);
        tail_scan_after(t, TURN_MS);
        return;
    }
    tail_add(t, fd, st, path, 0)->rotated = true;
    t->n_rotated++;
}

/* Whether it is the compression of a file that is still there, whose turn comes when that is gone. */
static bool is_under_way(const char *path)
{
    struct stat st;
    struct slice s = slice_str(path);
    if (!slice_ends(s, SLICE(".gz")))
        return false;
    char *plain = slice_dup(slice_sub(s, 0, s.n - strlen(".gz")));
    bool there = lstat(plain, &st) == 0;
    free(plain);
    return there;
}

/* Looks at a file that rotation has put aside. False: what it is cannot be told at this moment. */
static bool look_at_one(struct tail *t, const char *path)
{
    struct stat st;
    struct safe_why why;
    int fd = safe_open(path, &st, &why);
    if (fd < 0)
        return !safe_unknown(&why) || why.error == EACCES || why.error == EPERM;
    bool known = is_none_of_ours(t, fd, &st, path) || is_under_way(path);
    bool begun = !known && st.st_size == 0;
    enum tail_match copy = known || begun ? TAIL_MATCH_SAME : match_any(t, fd, &st);
    if (copy == TAIL_MATCH_OTHER) {
        take(t, fd, &st, path);
        return true;
    }
    close(fd);
    return begun ? tail_mtime_ms(&st) + YOUNG_MS < tail_wall_ms() : copy == TAIL_MATCH_SAME;
}

/* From now on a file of history is known, as read to its end. What is compressed is mistaken only while it is young. */
static bool know_history(struct tail *t, const char *path)
{
    struct stat st;
    struct safe_why why;
    if (tail_is_compressed(path) && lstat(path, &st) == 0 && tail_mtime_ms(&st) + 2 * SLACK_MS < tail_wall_ms())
        return true;
    int fd = safe_open(path, &st, &why);
    if (fd < 0)
        return !safe_unknown(&why) || why.error == EACCES || why.error == EPERM;
    if (is_none_of_ours(t, fd, &st, path))
        close(fd);
    else
        know(t, fd, &st, path, true);
    return true;
}

static int by_age(const void *a, const void *b)
{
    const struct timespec *x = &((const struct tail_found *)a)->st.st_mtim,
                          *y = &((const struct tail_found *)b)->st.st_mtim;
    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? -1 : 1;
    return x->tv_nsec < y->tv_nsec ? -1 : x->tv_nsec > y->tv_nsec;
}

static bool is_new(const struct tail *t)
{
    return !t->seen && t->all_known.mono_ms < 0;
}

/*
 * Whatever came into being since then may not be known. A clock that was set back meanwhile makes what came after that
 * look older. At a start it is when the run before knew everything.
 */
static uint64_t unseen_since_ms(const struct tail *t)
{
    uint64_t now = tail_wall_ms(), then = t->all_known.wall_ms;
    if (is_new(t))
        return 0;
    if (t->all_known.mono_ms >= 0)
        now -= (uint64_t)(tail_now_ms() - t->all_known.mono_ms);
    then = now < then ? now : then;
    return then > SLACK_MS ? then - SLACK_MS : 0;
}

/* False: something could not be told. */
static bool look_through(struct tail *t)
{
    struct tail_findings all = tail_list_rotated(t, unseen_since_ms(t));
    bool told = !all.blind, history = is_new(t);
    t->unquiet_ms = !all.unquiet ? 0 : t->unquiet_ms ? t->unquiet_ms : tail_now_ms();
    if (all.n)
        qsort(all.v, all.n, sizeof *all.v, by_age);
    size_t first = history && all.n > HISTORY_MAX ? all.n - HISTORY_MAX : 0;
    for (size_t i = first; i < all.n; i++)
        told &= history ? know_history(t, all.v[i].path) : look_at_one(t, all.v[i].path);
    tail_findings_done(&all);
    return told;
}

/* Whether names change faster than they can be listed, so that some may not have been seen. Looks that are in vain for
   UNQUIET_MS have seen all of them, one after the other. */
static bool is_unquiet(struct tail *t)
{
    bool unquiet = t->unquiet_ms && tail_now_ms() - t->unquiet_ms < UNQUIET_MS;
    if (!unquiet)
        t->unquiet_ms = 0;
    return unquiet;
}

void tail_look_for_rotated(struct tail *t, const struct tail_moment *begun)
{
    int64_t now = tail_now_ms();
    if (t->look_back && now < t->look_back_at) {
        tail_scan_after(t, t->look_back_at - now);
        return;
    }
    if (t->look_back) {
        bool history = is_new(t); /* is what is seen at the first look */
        t->look_back = !look_through(t) || (!history && is_unquiet(t));
        if (t->look_back)
            tail_scan_after(t, TAIL_QUIET_MS);
        t->look_back_at = tail_now_ms() + SHARE * (tail_now_ms() - now);
    }
    if (!t->look_back)
        table_done(&t->left);
    if (!t->look_back && !t->lacks_descriptors)
        t->all_known = *begun;
}

void tail_gap(struct tail *t, const char *path, const char *what)
{
    t->sink.counts->v[COUNT_rotation_gap]++;
    log_warn("lines of a rotated file are lost", log_c("why", what), log_c("path", path));
}
