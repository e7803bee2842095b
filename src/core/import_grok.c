/* import_grok: files of `NAME pattern`, as Logstash has them. Names that no other one of the file refers to, and that
 * name fields, become rules. */
#include "core/import.h"

#include <stdlib.h>

#include "base/xalloc.h"

/* Whether a pattern refers to the name. */
static bool refers(struct slice regex, struct slice name)
{
    for (ptrdiff_t at; (at = slice_find(regex, SLICE("%{"))) >= 0;) {
        slice_skip(&regex, (size_t)at + 2);
        if (slice_starts(regex, name) && regex.n > name.n && !ascii_alnum(regex.p[name.n]) && regex.p[name.n] != '_')
            return true;
    }
    return false;
}

static bool is_part_of_another(const struct import *im, unsigned i)
{
    for (unsigned k = 0; k < im->n_patterns; k++)
        if (k != i && refers(im->patterns[k].regex, im->patterns[i].name))
            return true;
    return false;
}

/* %{NAME:field} or (?<field>…). */
static bool names_fields(struct slice regex)
{
    for (size_t i = 0; i + 2 < regex.n; i++) {
        bool reference = regex.p[i] == '%' && regex.p[i + 1] == '{', group = regex.p[i] == '(' && regex.p[i + 1] == '?';
        struct slice rest = slice_from(regex, i + 2);
        if (reference && slice_chr(slice_split(&rest, '}'), ':'))
            return true;
        if (group && regex.p[i + 2] == '<' && i + 3 < regex.n && ascii_alpha(regex.p[i + 3]))
            return true;
    }
    return false;
}

static bool is_known(const struct import *im, struct slice name)
{
    for (unsigned i = 0; i < im->n_patterns; i++)
        if (slice_eq(im->patterns[i].name, name))
            return true;
    return false;
}

/* Oniguruma's \h is a hex digit, PCRE2's a blank. */
static struct slice as_pcre(struct import *im, struct slice regex, unsigned line)
{
    struct sbuf b;
    bool class = false;
    sbuf_init(&b, IMPORT_PATTERN_BYTES);
    for (size_t i = 0; i < regex.n; i++) {
        bool escape = regex.p[i] == '\\' && i + 1 < regex.n;
        class = !escape && regex.p[i] == '[' ? true : !escape && regex.p[i] == ']' ? false : class;
        if (escape && regex.p[i + 1] == 'h')
            sbuf_adds(&b, class ? SLICE("0-9a-fA-F") : SLICE("[0-9a-fA-F]"));
        else
            sbuf_add(&b, regex.p + i, escape ? 2 : 1);
        i += escape;
    }
    struct slice made = b.over ? SLICE_NONE : arena_dup(&im->arena, sbuf_slice(&b));
    if (b.over)
        import_note(im, line, "the pattern is longer than %d bytes", IMPORT_PATTERN_BYTES);
    sbuf_done(&b);
    return made;
}

static void read_line(struct import *im, struct slice text, unsigned line, unsigned **lines)
{
    size_t n = 0;
    while (n < text.n && text.p[n] != ' ')
        n++;
    struct slice name = slice_sub(text, 0, n), regex = slice_trim(slice_from(text, n));
    if (!grok_name_ok(name) || !regex.n)
        import_note(im, line, "this is no NAME with a pattern behind it");
    else if (is_known(im, name))
        import_note(im, line, "%.*s stands here once more; the first one counts", SLICE_ARG(name));
    else if (im->n_patterns >= IMPORT_RULES_MAX)
        import_note(im, line, "%.*s is left out: there are more than %d patterns", SLICE_ARG(name), IMPORT_RULES_MAX);
    else if ((regex = as_pcre(im, regex, line)).p) {
        im->patterns = xroom(im->patterns, im->n_patterns, sizeof *im->patterns);
        *lines = xroom(*lines, im->n_patterns, sizeof **lines);
        (*lines)[im->n_patterns] = line;
        im->patterns[im->n_patterns++] = (struct grok_name){name, regex};
    }
}

static void make_rule(struct import *im, unsigned i, unsigned line)
{
    const struct grok_name *p = &im->patterns[i];
    bool part = is_part_of_another(im, i);
    struct sbuf reference;
    if (part)
        return;
    if (!names_fields(p->regex)) {
        import_note(im, line, "%.*s names no fields: it is a pattern for others, and no rule", SLICE_ARG(p->name));
        return;
    }
    struct import_rule *r = import_add(im, line, p->name);
    if (!r)
        return;
    sbuf_init(&reference, GROK_NAME_MAX + 8);
    sbuf_addf(&reference, "%%{%.*s}", SLICE_ARG(p->name));
    r->texts[0] = r->matches[r->n_matches++] = arena_dup(&im->arena, sbuf_slice(&reference));
    sbuf_done(&reference);
}

void import_grok(struct import *im, struct slice text)
{
    struct slice line_text;
    unsigned line = 0, *lines = NULL;
    while (import_next_line(im, &text, &line_text, &line)) {
        struct slice t = slice_trim(line_text);
        if (t.n && t.p[0] == '#')
            import_comment(im, t);
        else if (t.n)
            read_line(im, t, line, &lines);
    }
    for (unsigned i = 0; i < im->n_patterns; i++)
        make_rule(im, i, lines[i]);
    free(lines);
}
