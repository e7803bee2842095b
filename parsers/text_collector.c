#include "parsers/text_collector.h"

#include "parsers/text_console.h"
#include "parsers/text_head.h"
#include "parsers/text_parts.h"

enum { SOURCE_MAX = 256 };

static bool is_in_name(char c)
{
    return ascii_alnum(c) || c == '-' || c == '_' || c == '.' || c == '@';
}

/* "shop-1", "shop_web_12", "web.1": how docker compose and foreman number what they start. */
static bool is_numbered(struct slice name)
{
    size_t n = name.n;
    while (n && ascii_digit(name.p[n - 1]))
        n--;
    return n > 1 && n < name.n && (name.p[n - 1] == '-' || name.p[n - 1] == '_' || name.p[n - 1] == '.');
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

/* "0|api  | text" of `pm2 logs`: number and name of the process. */
static size_t pm2_at(struct slice s, struct slice *name, bool *sure)
{
    enum { DIGITS_MAX = 4 };
    size_t digits = slice_span(slice_sub(s, 0, DIGITS_MAX), ascii_digit);
    struct slice rest = slice_from(s, digits + 1);
    if (digits >= s.n || s.p[digits] != '|')
        return 0;
    *name = slice_sub(rest, 0, slice_span(rest, is_in_name));
    size_t column = name->n ? column_end(slice_from(rest, name->n), 1) : 0;
    *sure = true;
    return column ? digits + 1 + name->n + column : 0;
}

/* One without a number stands in a column of two blanks at least, and is no level. */
static size_t container_at(struct slice s, struct slice *name, bool *sure)
{
    if (ascii_digit(*s.p)) /* most lines begin with a time */
        return pm2_at(s, name, sure);
    if (!ascii_alpha(*s.p))
        return 0;
    *name = slice_sub(s, 0, slice_span(s, is_in_name));
    if (!column_end(slice_from(s, name->n), 1))
        return 0;
    *sure = is_numbered(*name) || slice_chr(*name, '@'); /* "shop_web.1.4f@node", of a service in a swarm */
    size_t column = column_end(slice_from(s, name->n), *sure ? 1 : 2);
    return column && (*sure || level_from_word(*name) == LEVEL_NONE) ? name->n + column : 0;
}

/* foreman: "10:00:00 web.1   | text". Its bytes before the name. */
static size_t clock_at(struct slice s)
{
    static const struct slice form = {"00:00:00 ", 9};
    for (size_t i = 0; i < form.n; i++)
        if (i >= s.n || (form.p[i] == '0' ? !ascii_digit(s.p[i]) : s.p[i] != form.p[i]))
            return 0;
    return form.n;
}

size_t text_collector_source(struct slice line, struct slice *name, bool *sure)
{
    struct slice s = slice_sub(line, 0, SOURCE_MAX);
    if (!s.n)
        return 0;
    *sure = *s.p == '[';
    if (*sure)
        return pod_at(s, name);
    size_t clock = clock_at(s), column = clock < s.n ? container_at(slice_from(s, clock), name, sure) : 0;
    return column && (!clock || *sure) ? clock + column : 0;
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

static bool is_numeral(struct slice name)
{
    bool digit = false;
    for (size_t i = 0; i < name.n; i++)
        digit |= ascii_digit(name.p[i]);
    return digit && slice_chr(name, '-');
}

/* stern: "web-7cfd-nk5kr nginx text", a pod and a container. Any two words may stand in front of a text: they are
 * names where what follows has a head. */
static size_t pod_and_container_at(struct slice s, struct slice *name)
{
    s = slice_sub(s, 0, SOURCE_MAX);
    if (!s.n || !ascii_alpha(*s.p))
        return 0;
    size_t pod = slice_span(s, is_in_name);
    struct slice rest = slice_from(s, pod + 1);
    size_t container = slice_span(rest, is_in_name);
    bool two = pod < s.n && s.p[pod] == ' ' && container && container < rest.n && rest.p[container] == ' ';
    if (!two || !is_numeral(slice_sub(s, 0, pod)))
        return 0;
    *name = slice_sub(s, 0, pod + 1 + container);
    return name->n + 1;
}

/* "ERROR x", "[error] x" */
static bool has_level(struct slice s)
{
    bool bracket = starts(s, "[");
    s = slice_from(s, bracket);
    size_t n = slice_span(slice_sub(s, 0, NAME_MAX), ascii_alpha);
    bool ended = n > 3 && n < s.n && (bracket ? s.p[n] == ']' : s.p[n] == ' ' || s.p[n] == ':');
    return ended && (bracket || slice_span(slice_sub(s, 0, n), ascii_capital) == n) &&
           level_from_word(slice_sub(s, 0, n)) != LEVEL_NONE;
}

/* What a program writes in front of a line. */
static bool has_head(const struct parse_ctx *ctx, struct slice s)
{
    struct slice rest = s;
    struct text_head head;
    return has_level(s) || text_head(ctx, &rest, &head) || text_console(&rest, NULL) ||
           ctx->formats->detect(s) != FORMAT_TEXT;
}

int64_t text_collector(const struct parse_ctx *ctx, struct slice *s, struct record *r)
{
    struct slice name;
    bool sure = false;
    size_t n = text_collector_source(*s, &name, &sure);
    if (!n)
        n = pod_and_container_at(*s, &name);
    if (n && (sure || has_head(ctx, slice_from(*s, n)))) {
        record_add(r, SLICE("source"), name, FIELD_STRING);
        slice_skip(s, n);
    }
    return take_time(ctx, s);
}

struct slice text_collector_shown(const struct parse_ctx *ctx, struct slice line)
{
    const char *cr = slice_chr(line, '\r');
    if (!cr) /* asked for every line */
        return line;
    struct slice last = slice_from(line, (size_t)(slice_rfind(line, SLICE("\r")) + 1));
    bool over = last.n && has_head(ctx, last) && !has_head(ctx, slice_of(line.p, (size_t)(cr - line.p)));
    return over ? last : line;
}

size_t text_collector_tag(struct slice s)
{
    size_t tab = slice_starts(s, SLICE("\t")), n = tab + slice_span(slice_from(s, tab), is_in_name);
    struct slice behind = slice_from(s, n);
    size_t end = slice_starts(behind, SLICE(": {\"")) ? 2 : slice_starts(behind, SLICE("\t{\""));
    return n > tab && end ? n + end : 0;
}
