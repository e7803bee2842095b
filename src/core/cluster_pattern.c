#include "core/cluster_pattern.h"

#include <stdio.h>

#include "core/log_template.h"
#include "text/regex.h"

enum {
    PARTS_MAX = 48, /* what varies; behind it the pattern ends */
    LOOSE_MAX = 1,  /* of these may end anywhere */
};

/* A template in parts: text, and what varies behind it. */
struct part {
    struct slice text, placeholder;   /* placeholder empty: the template ends */
    bool digits, blanks, empty, next; /* of its values: all are digits; some have white space, are empty, have the byte
                                         that follows */
};

struct parts {
    struct part v[PARTS_MAX + 1];
    unsigned n;
    bool whole; /* the template ends with the last */
};

/* --- the template --- */

/* "<num>", "<*>": its length at the beginning of s, 0: it is text. */
static size_t placeholder_length(struct slice s)
{
    const char *end = s.n > 2 && s.p[0] == '<' ? slice_chr(s, '>') : NULL;
    size_t n = end ? (size_t)(end - s.p) + 1 : 0;
    for (size_t i = 1; i + 1 < n; i++)
        if (!ascii_alnum(s.p[i]) && s.p[i] != '*' && s.p[i] != '_')
            return 0;
    return n > 2 ? n : 0;
}

static void read_parts(struct slice text, struct parts *p)
{
    size_t from = 0, i = 0;
    p->n = 0;
    while (i < text.n && p->n < PARTS_MAX) {
        size_t n = placeholder_length(slice_from(text, i));
        if (!n) {
            i++;
            continue;
        }
        p->v[p->n++] = (struct part){.text = slice_sub(text, from, i), .placeholder = slice_sub(text, i, i + n)};
        from = i += n;
    }
    p->whole = i >= text.n && text.n < LOG_TEMPLATE_TEXT_MAX - 64;
    if (p->whole)
        p->v[p->n++] = (struct part){.text = slice_from(text, from)};
}

static char first_byte(struct slice s)
{
    return s.n ? s.p[0] : '\0';
}

/* The byte behind what varies; 0: the template ends there, or something else varies. */
static char next_byte(const struct parts *p, unsigned i)
{
    return i + 1 < p->n ? first_byte(p->v[i + 1].text) : '\0';
}

static bool touches_next(const struct parts *p, unsigned i)
{
    return i + 1 < p->n && !p->v[i + 1].text.n && p->v[i + 1].placeholder.n;
}

/* --- writing a pattern --- */

static void put_byte(struct sbuf *out, char c)
{
    static const char meta[] = "\\^$.[]|()?*+{}#";
    if (c && strchr(meta, c))
        sbuf_addc(out, '\\');
    sbuf_addc(out, c);
}

/* How blanks and the end are written: as most logs have them, or as any may. */
enum style { STYLE_PLAIN, STYLE_ANY };

static void put_text(struct sbuf *out, struct slice text, enum style style)
{
    for (size_t i = 0; i < text.n; i++) {
        if (ascii_space(text.p[i]))
            sbuf_adds(out, style == STYLE_PLAIN ? SLICE(" ") : SLICE("\\s++"));
        else if ((unsigned char)text.p[i] < 0x20)
            sbuf_addc(out, '.');
        else
            put_byte(out, text.p[i]);
        while (i + 1 < text.n && ascii_space(text.p[i]) && ascii_space(text.p[i + 1]))
            i++;
    }
}

static void put_end(struct sbuf *out, const struct parts *p, enum style style)
{
    if (p->whole)
        sbuf_adds(out, style == STYLE_PLAIN ? SLICE("$") : SLICE("[ \\t]*+(?:\\n|$)"));
}

/* --- the values of the examples --- */

/* By which the values are read: anything may stand anywhere. */
static void put_probe(struct sbuf *out, const struct parts *p)
{
    sbuf_adds(out, SLICE("^\\s*+"));
    for (unsigned i = 0; i < p->n; i++) {
        put_text(out, p->v[i].text, STYLE_ANY);
        if (p->v[i].placeholder.n)
            sbuf_adds(out, SLICE("([\\s\\S]*?)"));
    }
    sbuf_adds(out, p->whole ? SLICE("[ \\t]*+(?:\\n|$)") : SLICE("\\s"));
}

static bool is_digits(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]))
            return false;
    return s.n > 0;
}

static bool has_blanks(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (ascii_space(s.p[i]))
            return true;
    return false;
}

static void note_values(const struct regex_scratch *scratch, struct parts *p)
{
    for (unsigned i = 0; i < p->n && p->v[i].placeholder.n; i++) {
        struct slice value = regex_capture(scratch, i + 1);
        char next = next_byte(p, i);
        p->v[i].digits &= is_digits(value);
        p->v[i].blanks |= has_blanks(value);
        p->v[i].empty |= !value.n;
        p->v[i].next |= next && slice_chr(value, next);
    }
}

/* False: there is an example which it does not match. */
static bool matches_all(const struct cluster *c, struct slice pattern, struct parts *note)
{
    size_t at;
    char why[256];
    struct regex *re = regex_compile(pattern, false, &at, why);
    struct regex_scratch *scratch = regex_scratch_new();
    bool all = re != NULL;
    for (unsigned i = 0; all && i < c->n_examples; i++) {
        all = c->examples[i].cut || regex_match(re, scratch, c->examples[i].message, 0) == REGEX_YES;
        if (all && note && !c->examples[i].cut)
            note_values(scratch, note);
    }
    regex_scratch_free(scratch);
    regex_free(re);
    return all;
}

static bool read_values(const struct cluster *c, struct parts *p)
{
    struct sbuf probe;
    sbuf_init(&probe, 2 * PATTERN_BYTES_MAX);
    for (unsigned i = 0; i < p->n; i++)
        p->v[i].digits = true;
    put_probe(&probe, p);
    bool known = !probe.over && matches_all(c, sbuf_slice(&probe), p);
    sbuf_done(&probe);
    return known;
}

/* --- names --- */

static bool is_small_word(struct slice s)
{
    static const char *const words[] = {"for", "from",  "the", "with", "and", "was",   "not",  "has",
                                        "are", "after", "to",  "of",   "at",  "in",    "on",   "by",
                                        "is",  "a",     "an",  "as",   "or",  "until", "than", "took"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_is(s, words[i]))
            return true;
    return false;
}

/* The word at the end of the text before, with '=' or ':' behind it or not. */
static struct slice word_before(struct slice text)
{
    size_t end = text.n, from;
    while (end && !ascii_alpha(text.p[end - 1]) && text.n - end < 3)
        end--;
    for (from = end; from && (ascii_alnum(text.p[from - 1]) || text.p[from - 1] == '_'); from--)
        ;
    struct slice word = slice_sub(text, from, end);
    return word.n >= 2 && word.n <= PATTERN_NAME_MAX && ascii_alpha(word.p[0]) ? word : SLICE_NONE;
}

static bool is_named(const struct cluster_pattern *p, const char *name)
{
    for (unsigned i = 0; i < p->n_names; i++)
        if (strcmp(p->names[i], name) == 0)
            return true;
    return false;
}

/* Lower case, and none twice. */
static const char *add_name(struct cluster_pattern *p, const struct part *part)
{
    struct slice kind = slice_sub(part->placeholder, 1, part->placeholder.n - 1), word = word_before(part->text);
    char plain[PATTERN_NAME_MAX + 1], *name = p->names[p->n_names];
    size_t n = 0;
    struct slice from = word.n && !is_small_word(word) ? word : ascii_alpha(kind.p[0]) ? kind : SLICE("value");
    for (; n < from.n && n < PATTERN_NAME_MAX; n++)
        plain[n] = ascii_lower(from.p[n]);
    plain[n] = '\0';
    snprintf(name, sizeof p->names[0], "%s", plain);
    for (unsigned i = 2; is_named(p, name); i++)
        snprintf(name, sizeof p->names[0], "%s%u", plain, i);
    p->n_names++;
    return name;
}

/* --- the pattern --- */

/* Returns whether it may end anywhere, and so has to be tried. */
static bool put_class(struct sbuf *out, const struct parts *p, unsigned i)
{
    const struct part *part = &p->v[i];
    char next = next_byte(p, i), some = part->empty ? '*' : '+';
    bool ends = !next && !touches_next(p, i);
    if (part->digits && !(next && ascii_digit(next))) {
        sbuf_adds(out, SLICE("\\d++"));
        return false;
    }
    if (!part->blanks && (ends || (next && ascii_space(next)))) {
        sbuf_addf(out, "\\S%c+", some);
        return false;
    }
    if (next && !part->next && !ascii_space(next)) {
        sbuf_adds(out, part->blanks ? SLICE("[^\\n") : SLICE("[^\\s"));
        put_byte(out, next);
        if (next == '-')
            out->p[out->n - 1] = '\\', sbuf_addc(out, '-');
        sbuf_addf(out, "]%c+", some);
        return false;
    }
    sbuf_addf(out, "%s%c%s", part->blanks ? "[^\\n]" : "\\S", some, ends ? "+" : "?");
    return !ends;
}

/* In what the event says, braces are for names. */
static void put_words(struct sbuf *out, struct slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        sbuf_addc(out, c == '{' ? '(' : c == '}' ? ')' : ascii_space(c) ? ' ' : c);
    }
}

static void put_value(struct cluster_pattern *out, const struct parts *p, unsigned i, unsigned *loose)
{
    const char *name = out->n_names < PATTERN_NAMES ? add_name(out, &p->v[i]) : NULL;
    if (name)
        sbuf_addf(&out->regex, "(?<%s>", name);
    *loose += put_class(&out->regex, p, i);
    if (name)
        sbuf_addc(&out->regex, ')');
    if (name)
        sbuf_addf(&out->message, "{masked.%s}", name);
    else
        sbuf_adds(&out->message, SLICE("…"));
}

static bool has_words(struct slice pattern)
{
    unsigned n = 0;
    for (size_t i = 0; i < pattern.n; i++)
        n += ascii_alpha(pattern.p[i]);
    return n >= 3;
}

static bool write_pattern(const struct cluster *c, const struct parts *parts, enum style style,
                          struct cluster_pattern *out)
{
    unsigned loose = 0;
    bool words = false;
    sbuf_reset(&out->regex);
    sbuf_reset(&out->message);
    out->n_names = 0;
    sbuf_adds(&out->regex, SLICE("^"));
    for (unsigned i = 0; i < parts->n; i++) {
        words |= has_words(parts->v[i].text);
        put_text(&out->regex, parts->v[i].text, style);
        put_words(&out->message, parts->v[i].text);
        if (loose > LOOSE_MAX || !parts->v[i].placeholder.n)
            break;
        put_value(out, parts, i, &loose);
    }
    if (loose <= LOOSE_MAX)
        put_end(&out->regex, parts, style);
    return words && !out->regex.over && matches_all(c, sbuf_slice(&out->regex), NULL);
}

bool cluster_pattern_make(const struct cluster *c, struct cluster_pattern *out)
{
    struct parts parts;
    *out = (struct cluster_pattern){.n_names = 0};
    sbuf_init(&out->regex, PATTERN_BYTES_MAX);
    sbuf_init(&out->message, PATTERN_BYTES_MAX);
    read_parts(c->text, &parts);
    return read_values(c, &parts) &&
           (write_pattern(c, &parts, STYLE_PLAIN, out) || write_pattern(c, &parts, STYLE_ANY, out));
}

void cluster_pattern_done(struct cluster_pattern *p)
{
    sbuf_done(&p->regex);
    sbuf_done(&p->message);
}
