#include "io/old_file.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "io/clock.h"
#include "io/tail.h"

enum { IN_BYTES = 64 << 10, SKIP_BYTES = 256 << 10, MAGIC_BYTES = 6 };

/* What others compress with, by the first bytes; NULL: nothing that is known. */
static const char *reader_of_other(struct slice first)
{
    static const struct {
        const char *magic, *reader;
    } others[] = {{"\xfd"
                   "7zXZ",
                   "xzcat"},
                  {"\x28\xb5\x2f\xfd", "zstdcat"},
                  {"BZh", "bzcat"},
                  {"\x04\x22\x4d\x18", "lz4cat"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (slice_starts(first, slice_str(others[i].magic)))
            return others[i].reader;
    return NULL;
}

static ssize_t read_at(int fd, char *to, size_t max, uint64_t at)
{
    ssize_t n;
    do
        n = pread(fd, to, max, (off_t)at);
    while (n < 0 && errno == EINTR);
    return n;
}

/* A line that has no end yet may get one, unless nothing has come to it for long enough. */
static void leave_half_line(struct old_file *f)
{
    uint64_t whole;
    bool young = clock_wall_us() - f->mtime_us < TAIL_HALF_MS * INT64_C(1000);
    if (young && !f->is_gzip && tail_after_last_lf(f->fd, f->disk_bytes, &whole))
        f->disk_bytes = whole;
}

bool old_file_open(struct old_file *f, const char *path, char **why)
{
    struct stat st;
    struct safe_why refused;
    char first[MAGIC_BYTES];
    *f = (struct old_file){.fd = safe_open(path, &st, &refused)};
    if (f->fd < 0) {
        *why = refused.reason == SAFE_FAILED ? xstrdup(strerror(refused.error)) : tail_why_not(path, &refused);
        return false;
    }
    f->dev = st.st_dev;
    f->ino = st.st_ino;
    f->disk_bytes = (uint64_t)st.st_size;
    f->mtime_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
    ssize_t n = read_at(f->fd, first, sizeof first, 0);
    struct slice magic = slice_of(first, n > 0 ? (size_t)n : 0);
    const char *reader = reader_of_other(magic);
    if (n < 0 || reader) {
        *why = reader ? xasprintf("it is compressed in a way that is not read; give what %s makes of it", reader)
                      : xstrdup(strerror(errno));
        old_file_close(f);
        return false;
    }
    f->is_gzip = zip_is_gzip(magic);
    leave_half_line(f);
    return true;
}

/* What reading gzip takes. */
static void let_go(struct old_file *f)
{
    gunzip_free(f->gunzip);
    free(f->in);
    f->gunzip = NULL;
    f->in = NULL;
    f->left = SLICE_NONE;
}

void old_file_close(struct old_file *f)
{
    let_go(f);
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}

uint64_t old_file_log_bytes(const struct old_file *f)
{
    unsigned char end[4]; /* RFC 1952, 2.3.1: ISIZE */
    if (!f->is_gzip)
        return f->disk_bytes;
    if (f->disk_bytes < sizeof end ||
        read_at(f->fd, (char *)end, sizeof end, f->disk_bytes - sizeof end) != (ssize_t)sizeof end)
        return 0;
    return (uint64_t)end[0] | (uint64_t)end[1] << 8 | (uint64_t)end[2] << 16 | (uint64_t)end[3] << 24;
}

void old_file_go_to(struct old_file *f, uint64_t to)
{
    f->to = to;
    if (!f->is_gzip) {
        f->at = f->disk_at = to < f->disk_bytes ? to : f->disk_bytes;
    } else if (to < f->at) {
        let_go(f);
        f->at = f->disk_at = 0;
        f->damaged = false;
    }
}

static ssize_t read_disk(struct old_file *f, char *to, size_t max)
{
    uint64_t left = f->disk_bytes - f->disk_at;
    ssize_t n = read_at(f->fd, to, left < max ? (size_t)left : max, f->disk_at);
    f->disk_at += n > 0 ? (uint64_t)n : 0;
    return n;
}

static ssize_t read_gzip(struct old_file *f, char *to, size_t max)
{
    if (!f->gunzip) {
        f->gunzip = gunzip_new();
        f->in = xmalloc(IN_BYTES);
    }
    for (;;) {
        size_t n = gunzip_next(f->gunzip, &f->left, to, max);
        f->damaged = gunzip_state(f->gunzip) == GUNZIP_BAD;
        if (n || f->damaged)
            return (ssize_t)n;
        ssize_t got = read_disk(f, f->in, IN_BYTES);
        if (got <= 0) {
            f->damaged = got == 0 && gunzip_state(f->gunzip) == GUNZIP_INSIDE;
            return got;
        }
        f->left = slice_of(f->in, (size_t)got);
    }
}

static ssize_t read_on(struct old_file *f, char *to, size_t max)
{
    ssize_t n = f->is_gzip ? read_gzip(f, to, max) : read_disk(f, to, max);
    f->at += n > 0 ? (uint64_t)n : 0;
    return n;
}

bool old_file_skip(struct old_file *f)
{
    if (f->at >= f->to)
        return false;
    char *bytes = xmalloc(SKIP_BYTES);
    uint64_t left = f->to - f->at;
    ssize_t n = read_on(f, bytes, left < SKIP_BYTES ? (size_t)left : SKIP_BYTES);
    free(bytes);
    return n > 0 && f->at < f->to;
}

ssize_t old_file_read(struct old_file *f, char *to, size_t max)
{
    assert(f->fd >= 0 && max);
    return read_on(f, to, max);
}
