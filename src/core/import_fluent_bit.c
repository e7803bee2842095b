/* import_fluent_bit: [PARSER] sections of a parsers file. Their patterns are of whole lines, while rules see what is
 * left when crumbd has taken time, level, logger and the like off; so a rule's pattern is what stands behind one of the
 * groups, the first that matches. */
#include "core/import.h"

enum { DATE_BYTES_MAX = 200 };

/* One section, as far as it has been read. */
struct section {
    struct slice kind, name, format, regex, time_key, time_format;
    unsigned line, regex_line;
};

/* --- a time as a format of strftime writes it --- */

static const struct {
    char letter;
    const char *text;
} dates[] = {{'a', "Mon"},  {'A', "Monday"},     {'b', "Nov"},        {'B', "November"}, {'d', "30"},
             {'e', "30"},   {'D', "11/30/26"},   {'F', "2026-11-30"}, {'h', "Nov"},      {'H', "10"},
             {'I', "10"},   {'j', "334"},        {'L', "123"},        {'m', "11"},       {'M', "20"},
             {'p', "AM"},   {'s', "1795947630"}, {'S', "30"},         {'T', "10:20:30"}, {'y', "26"},
             {'Y', "2026"}, {'z', "+0000"},      {'Z', "UTC"},        {'%', "%"}};

static void put_date(struct slice format, struct sbuf *out)
{
    for (size_t i = 0; i < format.n; i++) {
        const char *text = NULL;
        for (size_t k = 0; format.p[i] == '%' && i + 1 < format.n && k < sizeof dates / sizeof *dates; k++)
            text = dates[k].letter == format.p[i + 1] ? dates[k].text : text;
        if (text)
            sbuf_adds(out, slice_str(text));
        else
            sbuf_addc(out, format.p[i]);
        i += text != NULL;
    }
}

/* --- groups --- */

/* Where the group that begins at `at` ends, behind its parenthesis; the end of the pattern where it does not. */
static size_t group_end(struct slice s, size_t at)
{
    unsigned depth = 0;
    bool class = false;
    for (; at < s.n; at++) {
        char c = s.p[at];
        if (c == '\\')
            at++;
        else if (class)
            class = c != ']';
        else if (c == '[')
            class = true;
        else if (c == '(')
            depth++;
        else if (c == ')' && --depth == 0)
            return at + 1;
    }
    return s.n;
}

/* At "(?<name>": the name. */
static struct slice group_name(struct slice s)
{
    struct slice rest = slice_from(s, 3);
    bool named = slice_starts(s, SLICE("(?<")) && rest.n && ascii_alpha(rest.p[0]);
    return named ? slice_split(&rest, '>') : SLICE_NONE;
}

/* What fields of this name hold, so that crumbd reads the line as it would a real one. */
static const struct {
    const char *name, *value;
} values[] = {{"level", "ERROR"},          {"severity", "ERROR"},      {"loglevel", "ERROR"}, {"log_level", "ERROR"},
              {"logger", "com.acme.Cart"}, {"class", "com.acme.Cart"}, {"thread", "main"},    {"host", "web-1"},
              {"hostname", "web-1"},       {"ident", "shop"},          {"program", "shop"},   {"pid", "17"}};

static const char *value_of(struct slice name)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (slice_ieq(name, slice_str(values[i].name)))
            return values[i].value;
    return NULL;
}

static void put_literal(struct slice text, struct sbuf *out)
{
    for (size_t i = 0; i < text.n; i++)
        sbuf_addf(out, ascii_alnum(text.p[i]) ? "%c" : "\\%c", text.p[i]);
}

/* The pattern with its time as one that is written, and with the values of other groups, if they are asked for. */
static struct slice with_values(struct import *im, const struct section *x, bool others)
{
    struct sbuf out, date;
    sbuf_init(&out, IMPORT_PATTERN_BYTES);
    sbuf_init(&date, DATE_BYTES_MAX);
    put_date(x->time_format, &date);
    for (size_t i = 0; i < x->regex.n; i++) {
        struct slice name = group_name(slice_from(x->regex, i));
        bool is_time = name.p && date.n && slice_eq(name, x->time_key);
        const char *value = name.p && others ? value_of(name) : NULL;
        size_t n = x->regex.p[i] == '\\' && i + 1 < x->regex.n ? 2 : 1;
        if (is_time || value) {
            put_literal(is_time ? sbuf_slice(&date) : slice_str(value), &out);
            n = group_end(x->regex, i) - i;
        } else {
            sbuf_add(&out, x->regex.p + i, n);
        }
        i += n - 1;
    }
    struct slice made = out.over ? x->regex : arena_dup(&im->arena, sbuf_slice(&out));
    sbuf_done(&date);
    sbuf_done(&out);
    return made;
}

/* What separates two groups belongs to neither. */
static size_t behind_separators(struct slice s, size_t at)
{
    for (size_t n; at < s.n; at += n) {
        char c = s.p[at], next = at + 1 < s.n ? s.p[at + 1] : '\0';
        bool escaped = c == '\\' && next && (!ascii_alnum(next) || next == 's');
        n = escaped ? 2 : 1;
        if (!escaped && !strchr(" ]:,-+*|", c))
            return at;
    }
    return at;
}

static void add_cuts(struct import *im, struct import_rule *r, struct slice regex)
{
    r->matches[r->n_matches++] = regex;
    for (size_t i = 0; i < regex.n && r->n_matches < IMPORT_CUTS_MAX; i++) {
        if (regex.p[i] == '\\') {
            i++;
            continue;
        }
        if (!group_name(slice_from(regex, i)).p)
            continue;
        size_t end = behind_separators(regex, group_end(regex, i));
        struct slice rest = slice_from(regex, end);
        ptrdiff_t group = slice_find(rest, SLICE("(?<"));
        if (group < 0) /* no fields are left */
            return;
        struct sbuf cut;
        sbuf_init(&cut, IMPORT_PATTERN_BYTES + 1);
        sbuf_addc(&cut, '^');
        sbuf_adds(&cut, rest);
        r->matches[r->n_matches++] = arena_dup(&im->arena, sbuf_slice(&cut));
        sbuf_done(&cut);
        i = end - 1;
    }
}

/* --- sections --- */

/* Ruby's /…/ with flags behind it. */
static struct slice without_slashes(struct slice s)
{
    ptrdiff_t last = slice_rfind(s, SLICE("/"));
    return s.n > 1 && s.p[0] == '/' && last > 0 ? slice_sub(s, 1, (size_t)last) : s;
}

static void end_section(struct import *im, struct section *x)
{
    if (slice_ieq(x->kind, SLICE("MULTILINE_PARSER")))
        import_note(im, x->line, "%.*s joins lines: crumbd does so by its grammars of stack traces (crumbd-traces(7))",
                    SLICE_ARG(x->name));
    else if (slice_ieq(x->kind, SLICE("PARSER")) && !slice_ieq(x->format, SLICE("regex")) && x->format.n)
        import_note(im, x->line, "%.*s: the format %.*s needs no rule: crumbd knows json and logfmt by themselves",
                    SLICE_ARG(x->name), SLICE_ARG(x->format));
    else if (slice_ieq(x->kind, SLICE("PARSER")) && x->regex.n) {
        struct import_rule *r = import_add(im, x->regex_line, x->name);
        x->regex = without_slashes(x->regex);
        if (r) {
            r->whole_line = true;
            r->texts[0] = with_values(im, x, true);
            r->texts[1] = with_values(im, x, false);
            add_cuts(im, r, x->regex);
        }
    }
}

static void read_key(struct section *x, struct slice text, unsigned line)
{
    size_t n = 0;
    while (n < text.n && text.p[n] != ' ')
        n++;
    struct slice key = slice_sub(text, 0, n), value = slice_trim(slice_from(text, n));
    struct {
        const char *name;
        struct slice *to;
    } keys[] = {{"name", &x->name},
                {"format", &x->format},
                {"regex", &x->regex},
                {"time_key", &x->time_key},
                {"time_format", &x->time_format}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (slice_ieq(key, slice_str(keys[i].name)) && value.n < IMPORT_PATTERN_BYTES)
            *keys[i].to = value;
    if (slice_ieq(key, SLICE("regex")))
        x->regex_line = line;
}

void import_fluent_bit(struct import *im, struct slice text)
{
    struct slice line_text;
    struct section x = {.line = 0};
    unsigned line = 0;
    while (import_next_line(im, &text, &line_text, &line)) {
        struct slice t = slice_trim(line_text);
        if (t.n && t.p[0] == '#') {
            import_comment(im, t);
        } else if (t.n && t.p[0] == '[') {
            end_section(im, &x);
            slice_skip(&t, 1);
            x = (struct section){.kind = slice_split(&t, ']'), .line = line, .time_key = SLICE("time")};
        } else if (t.n) {
            read_key(&x, t, line);
        }
    }
    end_section(im, &x);
}
