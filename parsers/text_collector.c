#include "parsers/text_collector.h"

#include "parsers/text_console.h"
#include "parsers/text_time.h"
#include "parsers/text_parts.h"

enum { SOURCE_MAX = 256 };

static bool is_in_name(char c)
{
    return ascii_alnum(c) || c == '-' || c == '_' || c == '.';
}

/* "shop-1", "shop_web_12": how docker compose numbers a service's containers. */
static bool is_numbered(struct slice name)
{
    size_t n = name.n;
    while (n && ascii_digit(name.p[n - 1]))
        n--;
    return n > 1 && n < name.n && (name.p[n - 1] == '-' || name.p[n - 1] == '_');
}

static size_t pod_at(struct slice s, struct slice *name)
{
    const char *end = starts(s, "[pod/") ? slice_chr(s, ']') : NULL;
    if (!end || (end + 1 < s.p + s.n && end[1] != ' '))
        return 0;
    *name = slice_of(s.p + 1, (size_t)(end - s.p) - 1);
    return name->n + 2 + (name->n + 2 < s.n);
}

/* Behind a name: blanks up to the longest one's end, at least so many, a bar, and a blank. Their bytes; 0: it is no
 * column. */
static size_t column_end(struct slice s, size_t blanks)
{
    size_t bar = 0;
    while (bar < s.n && s.p[bar] == ' ')
        bar++;
    if (bar < blanks || bar == s.n || s.p[bar] != '|')
        return 0;
    bool last = bar + 1 == s.n;
    return last || s.p[bar + 1] == ' ' ? bar + 2 - last : 0;
}

/* One without a number stands in a column of two blanks at least, and is no level. */
static size_t container_at(struct slice s, struct slice *name, bool *sure)
{
    if (!ascii_alpha(*s.p)) /* most lines begin with a time */
        return 0;
    *name = slice_sub(s, 0, slice_span(s, is_in_name));
    if (!column_end(slice_from(s, name->n), 1))
        return 0;
    *sure = is_numbered(*name);
    size_t column = column_end(slice_from(s, name->n), *sure ? 1 : 2);
    return column && (*sure || level_from_word(*name) == LEVEL_NONE) ? name->n + column : 0;
}

size_t text_collector_source(struct slice line, struct slice *name, bool *sure)
{
    struct slice s = slice_sub(line, 0, SOURCE_MAX);
    if (!s.n)
        return 0;
    *sure = *s.p == '[';
    return *s.p == '[' ? pod_at(s, name) : container_at(s, name, sure);
}

/* A time with its zone, one blank, and what has a head of its own. */
static int64_t take_time(const struct parse_ctx *ctx, struct slice *s)
{
    struct slice rest = *s, behind;
    struct text_head head;
    int64_t us;
    bool zone = false;
    if (rest.n < 20 || rest.p[10] != 'T' || !stamp_rfc3339(&rest, &us, &zone) || !zone || !starts(rest, " "))
        return RECORD_NO_TIME;
    slice_skip(&rest, 1);
    behind = rest;
    if (!starts(rest, "{\"") && !text_head(ctx, &behind, &head))
        return RECORD_NO_TIME;
    *s = rest;
    return us;
}

int64_t text_collector(const struct parse_ctx *ctx, struct slice *s, struct record *r)
{
    struct slice name, rest;
    struct text_head head;
    bool sure;
    size_t n = text_collector_source(*s, &name, &sure);
    rest = slice_from(*s, n);
    if (n && (sure || text_head(ctx, &rest, &head) || text_console(&rest, NULL))) {
        record_add(r, SLICE("source"), name, FIELD_STRING);
        slice_skip(s, n);
    }
    return take_time(ctx, s);
}
