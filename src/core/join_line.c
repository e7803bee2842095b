#include "core/join_line.h"

#include "parsers/parser.h"

/* --- what the parser made of it --- */

static bool is_all_head(const struct record *r)
{
    return r->headed && r->line.n && r->message.p == r->line.p;
}

struct slice join_line_said(const struct record *r)
{
    return is_all_head(r) || r->empty ? SLICE("") : r->message;
}

int64_t join_line_carried(const struct record *r)
{
    return r->carried_us != RECORD_NO_TIME || r->headed ? r->carried_us : r->time_us;
}

size_t join_line_head_bytes(const struct record *r)
{
    bool inside = r->raw.p && r->message.p > r->raw.p && r->message.p <= r->raw.p + r->raw.n;
    return inside && format_traits(r->format)->says_process ? (size_t)(r->message.p - r->raw.p) : 0;
}

static bool is_blank(char c)
{
    return c == ' ';
}

size_t join_line_indent(const struct record *r)
{
    enum { LEAST = 20 }; /* "Nov 23 10:00:00 h a: " */
    size_t n = r->format == FORMAT_TEXT && !r->headed ? slice_span(r->message, is_blank) : 0;
    return n < LEAST ? 0 : n;
}

struct slice join_line_head(const struct record *r)
{
    const char *p = r->line.p, *message = r->message.p;
    if (is_all_head(r))
        return r->line;
    bool inside = (uintptr_t)message >= (uintptr_t)p && (uintptr_t)message <= (uintptr_t)p + r->line.n;
    return r->line.n && inside ? slice_of(p, (size_t)(message - p)) : SLICE_NONE;
}

bool join_line_has_heading(const struct record *r)
{
    struct slice head = slice_trim(join_line_head(r));
    return head.n > 2 && head.p[head.n - 1] == ':' && ascii_capital(head.p[head.n - 2]) && !slice_chr(r->message, '\n');
}

/* Without what begins the record itself, where its text stands in the lines behind it: "info: Shop.Pay[0]", of which
 * the level is as long as the indent. */
static struct slice before_category(struct slice head, const struct record *r)
{
    ptrdiff_t number = slice_rfind(head, SLICE("["));
    size_t own = r->logger.n + r->indent;
    return number < 0 || (size_t)number < own ? head : slice_sub(head, 0, (size_t)number - own);
}

void join_line_prefix(struct trace_prefix *prefix, const struct record *r)
{
    struct slice head = join_line_head(r);
    if (r->indent)
        head = before_category(head, r);
    trace_prefix_learn(prefix, slice_sub(head, 0, head.n - r->heading.n));
}

bool join_line_is_short_of(const struct record *r, const struct record *above)
{
    enum { HEAD_MIN = 8 }; /* of a program's own, with its time */
    size_t head = join_line_head(above).n;
    struct slice said = join_line_said(r);
    bool bar = said.n && said.n <= TRACE_PREFIX_MAX && (said.p[said.n - 1] == ' ' || said.p[said.n - 1] == '|');
    bool plain = r->headed && r->level == LEVEL_NONE && !r->logger.n;
    return head >= HEAD_MIN && r->line.n && (bar || (plain && join_line_head(r).n + HEAD_MIN <= head));
}

/* --- read anew --- */

/* Where it stands behind the prefix, or behind what it has of it; 0: it has nothing of it. */
static size_t behind(const struct trace_prefix *prefix, struct slice line)
{
    struct trace_along a = trace_prefix_along(prefix, line);
    return a.n == prefix->n || a.at == line.n ? a.at : a.word_at;
}

unsigned join_line_readings(const struct trace_prefix *prefix, const struct record *r,
                            struct join_reading readings[JOIN_READINGS_MAX])
{
    struct slice said = join_line_said(r), head = join_line_head(r);
    size_t at = prefix ? behind(prefix, r->line) : 0;
    bool more = at == 0 || at > head.n || slice_trim(slice_from(head, at)).n > 0; /* taken off, but the prefix */
    unsigned n = 0;
    if (at > 0 && at != head.n)
        readings[n++] = (struct join_reading){slice_from(r->line, at), r->headed && more};
    readings[n++] = (struct join_reading){said, r->headed && more};
    return n;
}

void join_line_settle(struct trace_prefix *prefix, const struct record *r, struct slice reading)
{
    if (!prefix)
        return;
    struct trace_along a = trace_prefix_along(prefix, r->line);
    if (a.n < prefix->n && a.word_n && reading.p == r->line.p + a.word_at)
        prefix->n = (uint8_t)a.word_n;
}

struct slice join_line_above(const struct trace_prefix *prefix, const struct record *above, bool *collected)
{
    struct trace_along a = trace_prefix_along(prefix, above->line);
    struct slice head = join_line_head(above);
    bool all = prefix->n && a.n == prefix->n && a.at < head.n;
    struct trace_prefix rest;
    trace_prefix_learn(&rest, all ? slice_from(head, a.at) : SLICE_NONE);
    *collected = slice_chr(trace_prefix_text(&rest), TRACE_PREFIX_TIME);
    if (!above->line.n) /* what a carrier writes around it is no head of its own */
        return above->headed ? above->raw : above->message;
    return slice_from(above->line, all ? a.at : 0);
}

/* --- lines --- */

bool join_line_ends_in_colon(struct slice s)
{
    while (s.n && ascii_space(s.p[s.n - 1]))
        s.n--;
    return s.n && s.p[s.n - 1] == ':';
}

unsigned join_line_count(struct slice text)
{
    unsigned n = 1;
    for (const char *lf; (lf = slice_chr(text, '\n')); n++)
        slice_skip(&text, (size_t)(lf - text.p) + 1);
    return n;
}

struct slice join_line_next(struct slice *rest)
{
    struct slice line = slice_split(rest, '\n');
    return slice_ends(line, SLICE("\r")) ? slice_sub(line, 0, line.n - 1) : line;
}
