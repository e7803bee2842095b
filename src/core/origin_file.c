/* origin_file: the name of a log without what rotation puts into it. See origin.h. */
#include "core/origin.h"
#include "core/word_set.h"

enum { INDEX_DIGITS_MAX = 3, STAMP_DIGITS_MIN = 8, STAMP_DIGITS_MAX = 14, CLOCK_DIGITS_MAX = 6 };

static size_t digits(struct slice s, size_t at)
{
    size_t n = 0;
    while (at + n < s.n && ascii_digit(s.p[at + n]))
        n++;
    return n;
}

static bool is_sign(char c)
{
    return c == '.' || c == '-' || c == '_';
}

/* Whether a part of the name ends there. */
static bool ends_at(struct slice s, size_t at)
{
    return at == s.n || is_sign(s.p[at]);
}

/* 2026-11-30, 2026_11_30, 2026-11 at a place: its length, or 0. */
static size_t separate_date(struct slice s, size_t at)
{
    char sign = at + 4 < s.n ? s.p[at + 4] : 0;
    bool year = digits(s, at) == 4 && (s.p[at] == '1' || s.p[at] == '2');
    if (!year || !is_sign(sign) || digits(s, at + 5) != 2)
        return 0;
    bool day = at + 7 < s.n && s.p[at + 7] == sign && digits(s, at + 8) == 2;
    return day ? 10 : sign == '-' ? 7 : 0;
}

/* What rotation names a file by: a date, 20261130, the seconds since 1970, a day of the week. Its length, or 0. */
static size_t rotation_stamp(struct slice s, size_t at)
{
    size_t n = digits(s, at);
    if (n >= STAMP_DIGITS_MIN && n <= STAMP_DIGITS_MAX && (s.p[at] == '1' || s.p[at] == '2'))
        return ends_at(s, at + n) || s.p[at + n] == 'T' ? n : 0;
    if (n)
        return separate_date(s, at);
    n = 3;
    return at + n <= s.n && ends_at(s, at + n) && word_set_has(WORD_SET_WEEKDAYS, s.p + at, n) ? n : 0;
}

/* The time of day and the number that may stand behind a date: _10-00-00, .2, T1000. Where they end. */
static size_t clock_end(struct slice s, size_t at)
{
    while (at + 1 < s.n && (is_sign(s.p[at]) || s.p[at] == 'T')) {
        size_t n = digits(s, at + 1);
        if (n == 0 || n > CLOCK_DIGITS_MAX || !ends_at(s, at + 1 + n))
            break;
        at += 1 + n;
    }
    return at;
}

/* app.log.3, app.3.log: ".3" at a place, behind a letter: where it ends, or 0. */
static size_t index_end(struct slice s, size_t at)
{
    size_t n = digits(s, at + 1);
    bool behind_letter = at > 0 && ascii_alpha(s.p[at - 1]);
    bool last = at + 1 + n == s.n || s.p[at + 1 + n] == '.';
    return s.p[at] == '.' && n && n <= INDEX_DIGITS_MAX && behind_letter && last ? at + 1 + n : 0;
}

/* Behind what rotation has put at a sign in the name; `at` when it is nothing of the kind. */
static size_t rotation_end(struct slice s, size_t at)
{
    size_t stamp = rotation_stamp(s, at + 1), index = index_end(s, at);
    return stamp ? clock_end(s, at + 1 + stamp) : index ? index : at;
}

static struct slice without_end(struct slice s, const char *const *ends)
{
    for (; *ends; ends++) {
        struct slice end = slice_str(*ends);
        if (s.n > end.n && slice_ends(s, end))
            return slice_sub(s, 0, s.n - end.n);
    }
    return s;
}

struct slice origin_file(const struct record *r, struct arena *a)
{
    static const char *const packed[] = {".gz", ".bz2", ".xz", ".zst", ".lz4", ".lzma", ".Z", ".zip", NULL};
    static const char *const old[] = {".old", ".prev", ".previous", ".bak", "~", NULL};
    struct slice path = r->home ? r->home->file : SLICE_NONE;
    struct slice name = slice_from(path, (size_t)(slice_rfind(path, SLICE("/")) + 1));
    if (!name.n)
        return name;
    struct slice s = without_end(without_end(name, packed), old);
    char *out = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n;) {
        size_t end = i && is_sign(s.p[i]) ? rotation_end(s, i) : i;
        if (end == i)
            out[n++] = s.p[end++];
        i = end;
    }
    return n ? slice_of(out, n) : name;
}
