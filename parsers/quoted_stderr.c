#include "parsers/quoted_stderr.h"

enum { HEAD_BYTES_MAX = 128 }; /* of what stands before the quote */

static const struct slice mark = {"PHP message: ", 13};

/* --- where it stands --- */

/* What comes before the quote and what behind it: the last of these, since quotes inside are not escaped; or one at the
 * end. */
static const struct form {
    struct slice head, tail;
} forms[] = {{{" sent in stderr: \"", 18}, {"\" while ", 8}}, {{": Got error '", 13}, {"', referer: ", 12}}};

static size_t end_of_quote(struct slice text, const struct form *f)
{
    ptrdiff_t tail = slice_rfind(text, f->tail);
    if (tail >= 0)
        return (size_t)tail;
    bool closed = text.n && text.p[text.n - 1] == f->tail.p[0];
    return text.n - closed;
}

static void split(struct slice message, size_t from, size_t to, struct quoted_stderr *out)
{
    *out = (struct quoted_stderr){slice_sub(message, 0, from), slice_sub(message, from, to), slice_from(message, to)};
}

/* PHP-FPM's own log quotes each line of its worker by itself, so that none goes on behind the quote. */
static bool is_quoted_by_line(struct slice before)
{
    return slice_find(before, SLICE(" said into std")) >= 0;
}

bool quoted_stderr_find(struct slice message, struct quoted_stderr *out)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        ptrdiff_t head = slice_find(slice_sub(message, 0, HEAD_BYTES_MAX), forms[i].head);
        if (head < 0)
            continue;
        size_t from = (size_t)head + forms[i].head.n;
        split(message, from, from + end_of_quote(slice_from(message, from), &forms[i]), out);
        return true;
    }
    ptrdiff_t first = slice_find(message, mark);
    if (first < 0 || is_quoted_by_line(slice_sub(message, 0, (size_t)first)))
        return false;
    split(message, (size_t)first, message.n, out);
    return true;
}

/* --- how many messages it is --- */

static struct slice without_blanks(struct slice s)
{
    while (s.n && s.p[s.n - 1] == ' ')
        s.n--;
    return s;
}

/* PHP's own messages end so. */
static bool ends_in_line_number(struct slice s)
{
    size_t n = s.n;
    while (n && ascii_digit(s.p[n - 1]))
        n--;
    return n < s.n && slice_ends(slice_sub(s, 0, n), SLICE(" on line "));
}

static bool may_end(struct slice before)
{
    struct slice s = without_blanks(before);
    return slice_ends(before, SLICE("\n")) || slice_ends(before, SLICE("\\n")) || slice_ends(before, SLICE("; ")) ||
           ends_in_line_number(s);
}

/* Xdebug's trace comes with the mark on each of its lines: "PHP Stack trace:", "PHP   1. {main}() …". */
static bool goes_on(struct slice behind)
{
    if (slice_starts(behind, SLICE("PHP Stack trace:")))
        return true;
    if (!slice_starts(behind, SLICE("PHP  ")))
        return false;
    size_t from = 4, n;
    while (from < behind.n && behind.p[from] == ' ')
        from++;
    for (n = from; n < behind.n && ascii_digit(behind.p[n]);)
        n++;
    return n > from && n < behind.n && behind.p[n] == '.';
}

size_t quoted_stderr_second(struct slice text)
{
    size_t from = 1;
    for (ptrdiff_t at; from < text.n && (at = slice_find(slice_from(text, from), mark)) >= 0; from += mark.n) {
        from += (size_t)at;
        if (may_end(slice_sub(text, 0, from)) && !goes_on(slice_from(text, from + mark.n)))
            return from;
    }
    return text.n;
}

struct slice quoted_stderr_said(struct slice text)
{
    bool marked = slice_starts(text, mark), on_each_line = slice_find(text, SLICE("\nPHP message: ")) >= 0;
    return marked && !on_each_line ? slice_from(text, mark.n) : text;
}

struct slice quoted_stderr_trim(struct slice text)
{
    struct slice s = text;
    while (s.n && ascii_space(s.p[s.n - 1]))
        s.n--;
    if (s.n < text.n && slice_ends(s, SLICE(";")))
        s.n--;
    if (slice_ends(s, SLICE("\\n")))
        s.n -= 2;
    return s;
}
