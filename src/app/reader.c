#include "app/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "parsers/line_reader.h"
#include "parsers/parser.h"
#include "text/zip.h"

enum { READ_BYTES = 256 << 10 };

struct reader {
    const char *path;
    struct diag *diag;
    int fd;
    char *raw;             /* bytes of the file; with gunzip: */
    struct slice left;     /* of them, not yet taken */
    struct gunzip *gunzip; /* NULL: it is not compressed */
    struct line_reader lines;
    enum format format;
    bool started; /* the first bytes have been seen, and the framing is known */
    reader_f *each;
    void *u;
    struct progress *progress; /* NULL: nobody is told */
};

static bool hand_out(struct reader *r)
{
    struct message m;
    while (line_reader_next(&r->lines, r->format, &m))
        if (!r->each(r->u, &m))
            return false;
    return true;
}

static bool hand_out_rest(struct reader *r)
{
    struct message m;
    while (line_reader_flush(&r->lines, FRAME_END, &m))
        if (!r->each(r->u, &m))
            return false;
    return true;
}

static int open_input(const char *path, struct diag *d)
{
    if (strcmp(path, "-") == 0)
        return STDIN_FILENO;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        fd = -1;
        errno = EISDIR;
    }
    if (fd < 0)
        err_add(d, ERR_ERROR, (struct err_place){.file = path}, "cannot be read: %s", strerror(errno));
    return fd;
}

static enum frame_mode mode_of(enum format f, struct slice first)
{
    const struct parser *p = parser_of(f);
    return p && p->framing ? p->framing(first) : FRAME_LINES;
}

static void start(struct reader *r, struct slice first)
{
    line_reader_init(&r->lines, mode_of(r->format, first), 0, &(struct line_reader_place){0});
    r->started = true;
}

static ssize_t failed(const struct reader *r, const char *why)
{
    err_add(r->diag, ERR_ERROR, (struct err_place){.file = r->path}, "cannot be read: %s", why);
    return -1;
}

static ssize_t read_raw(struct reader *r, char *to)
{
    ssize_t n;
    do
        n = read(r->fd, to, READ_BYTES);
    while (n < 0 && errno == EINTR);
    if (r->progress && n > 0)
        progress_add(r->progress, (uint64_t)n);
    return n < 0 ? failed(r, strerror(errno)) : n;
}

static ssize_t read_compressed(struct reader *r, char *to)
{
    for (;;) {
        size_t n = gunzip_next(r->gunzip, &r->left, to, READ_BYTES);
        if (n)
            return (ssize_t)n;
        enum gunzip_state state = gunzip_state(r->gunzip);
        ssize_t got = state == GUNZIP_BAD ? 0 : read_raw(r, r->raw);
        if (got == 0 && state != GUNZIP_BETWEEN)
            return failed(r, "what is compressed ends early or is damaged");
        if (got <= 0)
            return got;
        r->left = slice_of(r->raw, (size_t)got);
    }
}

/* The next bytes of the log, -1 when it cannot be read. */
static ssize_t read_some(struct reader *r, char *to)
{
    return r->gunzip ? read_compressed(r, to) : read_raw(r, to);
}

/* The first bytes tell whether it is compressed, and, as they were before that, the framing; so only these are copied,
   and the others are read to where they stay. */
static bool pump_first(struct reader *r)
{
    char *first = xmalloc(READ_BYTES);
    ssize_t n = read_raw(r, r->raw);
    struct slice raw = slice_of(r->raw, n > 0 ? (size_t)n : 0), text = raw;
    bool by_message = format_traits(r->format)->by_message; /* each of which may be compressed */
    if (!by_message && zip_is_gzip(raw)) {
        r->gunzip = gunzip_new();
        r->left = raw;
        n = read_compressed(r, first);
        text = slice_of(first, n > 0 ? (size_t)n : 0);
    }
    if (n >= 0) {
        start(r, text);
        framer_feed(&r->lines.framer, text);
    }
    free(first);
    return n >= 0;
}

static bool pump(struct reader *r)
{
    if (!pump_first(r))
        return false;
    while (hand_out(r)) {
        ssize_t n = read_some(r, framer_room(&r->lines.framer, READ_BYTES));
        if (n < 0)
            return false;
        if (n == 0)
            return hand_out_rest(r), true;
        framer_fill(&r->lines.framer, (size_t)n);
    }
    return true;
}

bool reader_run(const char *path, enum format format, reader_f *each, void *u, struct diag *d)
{
    return reader_run_shown(path, format, each, u, NULL, d);
}

bool reader_run_shown(const char *path, enum format format, reader_f *each, void *u, struct progress *p, struct diag *d)
{
    struct reader r = {
        .path = path, .diag = d, .fd = open_input(path, d), .format = format, .each = each, .u = u, .progress = p};
    if (r.fd < 0)
        return false;
    r.raw = xmalloc(READ_BYTES);
    bool ok = pump(&r);
    if (r.started)
        line_reader_done(&r.lines);
    if (r.fd != STDIN_FILENO)
        close(r.fd);
    gunzip_free(r.gunzip);
    free(r.raw);
    return ok;
}

enum format reader_first_format(const char *path)
{
    char first[PARSER_FRONT_BYTES];
    struct stat st;
    /* Asked before it is opened: a pipe's writer would be let in, and find nobody when that is closed again. */
    bool regular = strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
    int fd = regular ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
    ssize_t n = fd >= 0 ? read(fd, first, sizeof first) : -1;
    if (fd >= 0)
        close(fd);
    struct slice text = slice_of(first, n > 0 ? (size_t)n : 0);
    return n > 0 ? parser_detect(slice_split(&text, '\n')) : FORMAT_AUTO;
}
