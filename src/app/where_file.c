/* where_file: which file a name on the command line means, and its lines. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/where_parts.h"
#include "base/xalloc.h"
#include "io/in_tail.h"
#include "text/zip.h"

enum { BLOCK = 64 << 10, LINE_MAX_BYTES = 16 << 20, TEXT_BYTES = 400 };

/* --- its bytes --- */

/* Reads at most n bytes; how many. */
static size_t read_at(const struct where_open *o, char *buf, size_t n, uint64_t at)
{
    ssize_t r;
    do
        r = o->fd < 0 ? 0 : pread(o->fd, buf, n, (off_t)at);
    while (r < 0 && errno == EINTR);
    return r > 0 ? (size_t)r : 0;
}

/* From the first on, unpacked. */
struct unpacked {
    const struct where_open *of;
    struct gunzip *gunzip; /* NULL: they are as they are */
    uint64_t at;
    struct slice in;
    char buf[BLOCK];
};

static size_t unpacked_next(struct unpacked *u, char *out, size_t room)
{
    size_t n = 0;
    if (!u->gunzip) {
        n = read_at(u->of, out, room, u->at);
        u->at += n;
        return n;
    }
    while (!(n = gunzip_next(u->gunzip, &u->in, out, room)) && gunzip_state(u->gunzip) != GUNZIP_BAD) {
        u->in = slice_of(u->buf, read_at(u->of, u->buf, sizeof u->buf, u->at));
        u->at += u->in.n;
        if (!u->in.n)
            break;
    }
    return n;
}

static struct unpacked *unpacked_new(const struct where_open *o)
{
    struct unpacked *u = xcalloc(1, sizeof *u);
    u->of = o;
    u->gunzip = o->packed ? gunzip_new() : NULL;
    return u;
}

static void unpacked_free(struct unpacked *u)
{
    gunzip_free(u->gunzip);
    free(u);
}

/* Its first bytes, and what they tell. */
static struct slice learn_head(struct where_open *o, char head[TAIL_HEAD_MAX])
{
    size_t n = read_at(o, head, TAIL_HEAD_MAX, 0), more;
    o->packed = zip_is_gzip(slice_of(head, n));
    if (o->packed) {
        struct unpacked *u = unpacked_new(o);
        for (n = 0; n < TAIL_HEAD_MAX && (more = unpacked_next(u, head + n, TAIL_HEAD_MAX - n)) > 0;)
            n += more;
        unpacked_free(u);
    }
    o->by_lines =
        n && !o->packed && line_reader_mode(slice_sub(slice_of(head, n), 0, LINE_READER_MODE_BYTES)) == FRAME_LINES;
    return slice_of(head, n);
}

bool where_line_begins(const struct where_open *o, uint64_t n, uint64_t *offset)
{
    struct unpacked *u = unpacked_new(o);
    char *block = xmalloc(BLOCK);
    uint64_t at = 0;
    size_t got = 0;
    *offset = 0;
    while (n > 1 && (got = unpacked_next(u, block, BLOCK)) > 0) {
        for (const char *p = block, *end = block + got; n > 1 && (p = memchr(p, '\n', (size_t)(end - p))); n--)
            *offset = at + (uint64_t)(++p - block);
        at += got;
    }
    bool more = n == 1 && (*offset < at || unpacked_next(u, block, BLOCK) > 0);
    free(block);
    unpacked_free(u);
    return more;
}

/* --- which file it is --- */

/* How surely it is the one: 0, it is not. */
static unsigned likeness(const struct tail_id *id, const struct stat *st, struct slice head)
{
    bool inode = id->dev == st->st_dev && id->ino == st->st_ino;
    if (!tail_head_is(head, id))
        return 0;
    return inode ? 2 : id->head_bytes ? 1 : 0;
}

/* The last of those that are most like it: live ones stand behind the others. Of two heads the longer says more. */
static const struct where_file *find_by_bytes(const struct where *w, const struct stat *st, struct slice head)
{
    unsigned best = 0, head_bytes = 0;
    const struct where_file *found = NULL;
    for (unsigned i = 0; i < w->n_files; i++) {
        unsigned like = likeness(&w->ids[i], st, head);
        if (!like || like < best || (like == best && w->ids[i].head_bytes < head_bytes))
            continue;
        best = like;
        head_bytes = w->ids[i].head_bytes;
        found = &w->files[i];
    }
    return found;
}

static const struct where_file *find_by_name(const struct where *w, const char *path)
{
    for (unsigned i = w->n_files; i > 0; i--)
        if (strcmp(w->files[i - 1].path, path) == 0)
            return &w->files[i - 1];
    return NULL;
}

void where_open(struct where *w, const char *path, struct where_open *out)
{
    struct stat st;
    char head[TAIL_HEAD_MAX];
    *out = (struct where_open){.path = xstrdup(path), .fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
    if (out->fd < 0 || fstat(out->fd, &st) != 0) {
        out->error = errno;
    } else if (!S_ISREG(st.st_mode)) {
        out->error = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
        close(out->fd);
        out->fd = -1;
    }
    if (out->error) {
        char *real = realpath(path, NULL);
        out->file = find_by_name(w, real ? real : path);
        free(real);
        return;
    }
    out->size = (uint64_t)st.st_size;
    out->file = find_by_bytes(w, &st, learn_head(out, head));
}

void where_close(struct where_open *o)
{
    if (o->fd >= 0)
        close(o->fd);
    free(o->path);
}

/* --- its lines --- */

/* The byte behind the last line feed before `at`, not before `from`. */
static uint64_t line_start(const struct where_open *o, uint64_t from, uint64_t at)
{
    char *block = xmalloc(BLOCK);
    while (at > from) {
        uint64_t begin = at - from > BLOCK ? at - BLOCK : from;
        size_t got = read_at(o, block, (size_t)(at - begin), begin);
        const char *lf = got ? memrchr(block, '\n', got) : NULL;
        if (lf || !got) {
            at = got ? begin + (uint64_t)(lf - block) + 1 : at;
            break;
        }
        at = begin;
    }
    free(block);
    return at;
}

/* Behind the line feed from `at` on, not behind `to`. */
static uint64_t line_end(const struct where_open *o, uint64_t at, uint64_t to)
{
    char *block = xmalloc(BLOCK);
    size_t got;
    while (at < to && (got = read_at(o, block, to - at < BLOCK ? (size_t)(to - at) : BLOCK, at)) > 0) {
        const char *lf = memchr(block, '\n', got);
        if (lf) {
            to = at + (uint64_t)(lf - block) + 1;
            break;
        }
        at += got;
    }
    free(block);
    return to;
}

void where_line_of(const struct where_open *o, uint64_t offset, struct fate_range *range)
{
    if (o->fd < 0 || !o->by_lines || offset >= o->size)
        return;
    uint64_t least = offset > LINE_MAX_BYTES ? offset - LINE_MAX_BYTES : 0, most = offset + LINE_MAX_BYTES;
    least = range->from > least ? range->from : least;
    most = range->to < most ? range->to : most;
    range->from = line_start(o, least, offset);
    range->to = line_end(o, offset, most < o->size ? most : o->size);
}

struct slice where_text(const struct where_open *o, const struct fate_range *range, struct arena *a)
{
    char *text = arena_alloc(a, TEXT_BYTES);
    uint64_t n = range->to - range->from;
    size_t got = o->by_lines && o->fd >= 0 ? read_at(o, text, n < TEXT_BYTES ? (size_t)n : TEXT_BYTES, range->from) : 0;
    return slice_trim(slice_of(text, got));
}
