/* where_file: which file a name on the command line means, and its lines. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/where_parts.h"
#include "base/xalloc.h"

enum { BLOCK = 64 << 10, LINE_MAX_BYTES = 16 << 20, TEXT_BYTES = 400 };

/* How surely it is the one: 0, it is not. */
static unsigned likeness(const struct where_open *o, const struct stat *st, const struct tail_id *id)
{
    bool inode = id->dev == st->st_dev && id->ino == st->st_ino;
    if (tail_head_match(o->fd, id) != TAIL_MATCH_SAME)
        return 0;
    return inode ? 2 : id->head_bytes ? 1 : 0;
}

/* The last of those that are most like it: live ones stand behind the others. Of two heads the longer says more. */
static const struct where_file *find_by_bytes(const struct where *w, const struct where_open *o, const struct stat *st)
{
    unsigned best = 0, head_bytes = 0;
    const struct where_file *found = NULL;
    for (unsigned i = 0; i < w->n_files; i++) {
        unsigned like = likeness(o, st, &w->ids[i]);
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

/* Reads at most n bytes; how many. */
static size_t read_at(const struct where_open *o, char *buf, size_t n, uint64_t at)
{
    ssize_t r;
    do
        r = o->fd < 0 ? 0 : pread(o->fd, buf, n, (off_t)at);
    while (r < 0 && errno == EINTR);
    return r > 0 ? (size_t)r : 0;
}

static void learn_mode(struct where_open *o)
{
    char first[LINE_READER_MODE_BYTES];
    size_t n = read_at(o, first, sizeof first, 0);
    o->by_lines = n && line_reader_mode(slice_of(first, n)) == FRAME_LINES;
}

void where_open(struct where *w, const char *path, struct where_open *out)
{
    struct stat st;
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
    learn_mode(out);
    out->file = find_by_bytes(w, out, &st);
}

void where_close(struct where_open *o)
{
    if (o->fd >= 0)
        close(o->fd);
    free(o->path);
}

bool where_line_begins(const struct where_open *o, uint64_t n, uint64_t *offset)
{
    char *block = xmalloc(BLOCK);
    uint64_t at = 0;
    size_t got;
    *offset = 0;
    while (n > 1 && (got = read_at(o, block, BLOCK, at)) > 0) {
        for (const char *p = block, *end = block + got; n > 1 && (p = memchr(p, '\n', (size_t)(end - p))); n--)
            *offset = at + (uint64_t)(++p - block);
        at += got;
    }
    free(block);
    return n == 1 && *offset < o->size;
}

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
    size_t got = o->by_lines ? read_at(o, text, n < TEXT_BYTES ? (size_t)n : TEXT_BYTES, range->from) : 0;
    return slice_trim(slice_of(text, got));
}
