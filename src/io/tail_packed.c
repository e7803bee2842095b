#include "io/tail_packed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "io/in_tail.h"
#include "text/zip.h"

enum { IN_BYTES = 16 << 10, SKIP_BYTES = 64 << 10, FIRST_BYTES = 8 << 10 };

struct tail_packed {
    struct gunzip *gunzip;
    char *in;          /* a piece of the file, */
    struct slice left; /* and what of it has not been taken */
    uint64_t disk_at;  /* bytes of the file that have been read */
    uint64_t at;       /* place in the text */
    bool more;         /* the last call filled its room */
};

/* ---- a piece of a file ---- */

/* Reads all n bytes at `at`, fewer where the file ends before. */
static ssize_t read_piece(int fd, char *to, size_t n, uint64_t at)
{
    size_t got = 0;
    while (got < n) {
        ssize_t r = pread(fd, to + got, n - got, (off_t)(at + got));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -1;
        if (r == 0)
            break;
        got += (size_t)r;
    }
    return (ssize_t)got;
}

/* ---- text ---- */

struct tail_packed *tail_packed_new(void)
{
    struct tail_packed *p = xcalloc(1, sizeof *p);
    p->gunzip = gunzip_new();
    p->in = xmalloc(IN_BYTES);
    return p;
}

void tail_packed_free(struct tail_packed *p)
{
    if (!p)
        return;
    gunzip_free(p->gunzip);
    free(p->in);
    free(p);
}

/* The next bytes of the text. */
static ssize_t next(struct tail_packed *p, int fd, char *to, size_t max)
{
    size_t n;
    while ((n = gunzip_next(p->gunzip, &p->left, to, max)) == 0 && gunzip_state(p->gunzip) != GUNZIP_BAD) {
        ssize_t got = read_piece(fd, p->in, IN_BYTES, p->disk_at);
        if (got <= 0) {
            p->more = false;
            return got;
        }
        p->disk_at += (uint64_t)got;
        p->left = slice_of(p->in, (size_t)got);
    }
    p->at += n;
    p->more = n == max;
    return (ssize_t)n;
}

ssize_t tail_packed_read(struct tail_packed *p, int fd, uint64_t at, char *to, size_t max)
{
    if (p->at >= at)
        return next(p, fd, to, max);
    char *skipped = xmalloc(SKIP_BYTES);
    ssize_t n = next(p, fd, skipped, at - p->at < SKIP_BYTES ? (size_t)(at - p->at) : SKIP_BYTES);
    free(skipped);
    return n < 0 ? n : 0;
}

uint64_t tail_packed_left(const struct tail_packed *p, uint64_t file_bytes)
{
    if (gunzip_state(p->gunzip) == GUNZIP_BAD)
        return 0;
    return p->more + p->left.n + (file_bytes > p->disk_at ? file_bytes - p->disk_at : 0);
}

bool tail_packed_is_whole(const struct tail_packed *p)
{
    return gunzip_state(p->gunzip) == GUNZIP_BETWEEN;
}

/* ---- what a file is, by its ends ---- */

static bool is_gzip(const char *first, ssize_t n)
{
    return n >= 3 && zip_is_gzip(slice_of(first, (size_t)n)) && first[2] == 8;
}

bool tail_is_packed(int fd)
{
    char first[3];
    return is_gzip(first, read_piece(fd, first, sizeof first, 0));
}

ssize_t tail_packed_first(int fd, char *to, size_t max)
{
    char first[FIRST_BYTES];
    ssize_t n = read_piece(fd, to, max, 0);
    if (n <= 0 || *to != '\x1f' || !tail_is_packed(fd))
        return n;
    if ((n = read_piece(fd, first, sizeof first, 0)) < 0)
        return n;
    struct gunzip *g = gunzip_new();
    struct slice in = slice_of(first, (size_t)n);
    size_t got = 0;
    for (size_t more = 1; more && got < max; got += more)
        more = gunzip_next(g, &in, to + got, max - got);
    gunzip_free(g);
    return (ssize_t)got;
}

uint32_t tail_packed_text_bytes(int fd, uint64_t file_bytes)
{
    unsigned char end[4]; /* RFC 1952, 2.3.1: ISIZE */
    if (file_bytes < sizeof end || read_piece(fd, (char *)end, sizeof end, file_bytes - sizeof end) != sizeof end)
        return 0;
    return (uint32_t)end[0] | (uint32_t)end[1] << 8 | (uint32_t)end[2] << 16 | (uint32_t)end[3] << 24;
}
