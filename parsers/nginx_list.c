#include "parsers/nginx_list.h"

bool nginx_list_is(struct slice name)
{
    static const struct slice single[] = {{"http_", 5}, {"cookie_", 7}, {"trailer_", 8}, {"cache_", 6}, {"last_", 5}};
    struct slice what = slice_from(name, 9);
    if (!slice_starts(name, SLICE("upstream_")) || !what.n)
        return false;
    for (size_t i = 0; i < sizeof single / sizeof *single; i++)
        if (slice_starts(what, single[i]))
            return false;
    return true;
}

/* Returns the length of what stands between two items at the front of s, 0 where an item has none behind it. */
static size_t separator(struct slice s)
{
    return slice_starts(s, SLICE(", ")) ? 2 : slice_starts(s, SLICE(" : ")) ? 3 : 0;
}

static size_t item(struct slice s, struct slice literal)
{
    size_t n = 0;
    while (n < s.n && s.p[n] != ' ' && s.p[n] != ',' && !(literal.n && slice_starts(slice_from(s, n), literal)))
        n++;
    return n;
}

/* A status, a time, a length, or that there is none; no server is called so. */
static bool is_number(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && s.p[i] != '.' && s.p[i] != '-')
            return false;
    return s.n > 0;
}

/* Whether the list ends before the item `next`, although what is between them stands between items as well. */
static bool ends_before(struct slice first, struct slice next, unsigned items, unsigned tries)
{
    return tries ? items == tries : !is_number(first) && is_number(next);
}

size_t nginx_list_end(struct slice s, struct slice literal, unsigned *tries)
{
    bool ambiguous = separator(literal) > 0;
    size_t at = item(s, literal), n;
    struct slice first = slice_sub(s, 0, at);
    unsigned items = 1;
    while ((n = separator(slice_from(s, at)))) {
        struct slice rest = slice_from(s, at + n), next = slice_sub(rest, 0, item(rest, literal));
        if (ambiguous && ends_before(first, next, items, *tries))
            break;
        at += n + next.n;
        items++;
    }
    bool ended = literal.n ? slice_starts(slice_from(s, at), literal) : at == s.n || s.p[at] == ' ';
    if (!at || !ended)
        return 0;
    *tries = *tries ? *tries : items;
    return at;
}
