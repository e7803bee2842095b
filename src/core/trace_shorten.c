#include "core/trace_shorten.h"

enum { ALIKE_MAX = 16 }; /* lines that are looked at for one that is indented alike */

/* Where the line behind the one at `at` begins, or the text ends. */
static size_t line_behind(struct slice text, size_t at)
{
    const char *lf = slice_chr(slice_from(text, at), '\n');
    return lf ? (size_t)(lf - text.p) + 1 : text.n;
}

static size_t front(struct slice text, unsigned lines, size_t bytes)
{
    size_t at = 0;
    for (unsigned i = 0; i < lines && at < text.n; i++) {
        size_t next = line_behind(text, at);
        if (at && next > bytes)
            break;
        at = next;
    }
    return at;
}

/* Where the last lines begin. */
static size_t back(struct slice text, unsigned lines, size_t bytes)
{
    size_t at = text.n;
    for (unsigned i = 0; i < lines && at > 0; i++) {
        const char *lf = at > 1 ? memrchr(text.p, '\n', at - 1) : NULL;
        size_t before = lf ? (size_t)(lf - text.p) + 1 : 0;
        if (text.n - before > bytes)
            break;
        at = before;
    }
    return at;
}

static struct slice indent_at(struct slice text, size_t at)
{
    size_t n = at;
    while (n < text.n && (text.p[n] == ' ' || text.p[n] == '\t'))
        n++;
    return slice_sub(text, at, n);
}

/* So that a frame of two lines does not lose one of them. */
static size_t alike(struct slice text, size_t at, struct slice indent)
{
    size_t to = at;
    for (unsigned i = 0; i < ALIKE_MAX && to < text.n; i++, to = line_behind(text, to))
        if (slice_eq(indent_at(text, to), indent))
            return to;
    return at;
}

size_t trace_shorten(struct slice text, unsigned lines, size_t bytes, size_t *from)
{
    size_t to = back(text, lines / 4, bytes / 4);
    *from = front(text, lines / 2, bytes / 2);
    if (to <= *from)
        return 0;
    return alike(text, to, indent_at(text, *from)) - *from;
}
