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

enum { READ_BYTES = 256 << 10 };

struct reader {
    struct line_reader lines;
    enum format format;
    bool started; /* the first bytes have been seen, and the framing is known */
    reader_f *each;
    void *u;
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

/* The next bytes of the file, -1 when it cannot be read. */
static ssize_t read_some(int fd, char *to, const char *path, struct diag *d)
{
    ssize_t n;
    do
        n = read(fd, to, READ_BYTES);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        err_add(d, ERR_ERROR, (struct err_place){.file = path}, "cannot be read: %s", strerror(errno));
    return n;
}

/* The framing is told by the first bytes, so only these are copied; the others are read to where they stay. */
static bool pump_first(struct reader *r, int fd, const char *path, struct diag *d)
{
    char *first = xmalloc(READ_BYTES);
    ssize_t n = read_some(fd, first, path, d);
    bool by_message = format_traits(r->format)->by_message; /* each of which may be compressed */
    if (n > 2 && !by_message && memcmp(first, "\x1f\x8b\x08", 3) == 0) {
        err_add(d, ERR_ERROR, (struct err_place){.file = path},
                "is compressed; give what zcat makes of it on standard input, as -");
        n = -1;
    }
    if (n >= 0) {
        start(r, slice_of(first, (size_t)n));
        framer_feed(&r->lines.framer, slice_of(first, (size_t)n));
    }
    free(first);
    return n >= 0;
}

static bool pump(struct reader *r, int fd, const char *path, struct diag *d)
{
    if (!pump_first(r, fd, path, d))
        return false;
    while (hand_out(r)) {
        ssize_t n = read_some(fd, framer_room(&r->lines.framer, READ_BYTES), path, d);
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
    struct reader r = {.format = format, .each = each, .u = u};
    int fd = open_input(path, d);
    if (fd < 0)
        return false;
    bool ok = pump(&r, fd, path, d);
    if (r.started)
        line_reader_done(&r.lines);
    if (fd != STDIN_FILENO)
        close(fd);
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
