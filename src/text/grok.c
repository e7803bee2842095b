#include "text/grok.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "text/relax.h"

enum { GROUP_NAME_MAX = 32 /* of PCRE2 */ };

struct grok_piece {
    size_t at, from;
    bool reference; /* all of it comes from the one place */
};

/* The names on the way to the text being read. */
struct frame {
    struct slice name;
    const struct frame *outer;
};

struct walk {
    const struct grok *grok;
    struct grok_text *text;
    size_t place; /* of the reference in the outermost pattern */
    char (*used)[GROUP_NAME_MAX + 1];
    unsigned n_used;
};

/* --- names --- */

bool grok_name_ok(struct slice name)
{
    if (name.n == 0 || name.n > GROK_NAME_MAX || !(ascii_alpha(name.p[0]) || name.p[0] == '_'))
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_alnum(name.p[i]) && name.p[i] != '_')
            return false;
    return true;
}

static bool is_field(struct slice s)
{
    if (s.n == 0 || s.n > GROK_FIELD_MAX || !(ascii_alpha(s.p[0]) || s.p[0] == '_' || s.p[0] == '@'))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alnum(s.p[i]) && !strchr("_.-@", s.p[i]))
            return false;
    return true;
}

bool grok_field_name(struct slice raw, char out[GROK_FIELD_MAX + 1])
{
    struct sbuf b;
    sbuf_init(&b, GROK_FIELD_MAX);
    bool path = raw.n && raw.p[0] == '[', ok = true;
    if (!path)
        sbuf_adds(&b, raw);
    for (struct slice rest = raw; path && ok && rest.n;) {
        const char *close = slice_chr(rest, ']');
        ok = rest.p[0] == '[' && close && close > rest.p + 1;
        if (b.n)
            sbuf_addc(&b, '.');
        if (ok)
            sbuf_add(&b, rest.p + 1, (size_t)(close - rest.p) - 1);
        rest = ok ? slice_from(rest, (size_t)(close - rest.p) + 1) : SLICE_NONE;
    }
    ok = ok && !b.over && is_field(sbuf_slice(&b));
    if (ok)
        snprintf(out, GROK_FIELD_MAX + 1, "%s", sbuf_cstr(&b));
    sbuf_done(&b);
    return ok;
}

static struct slice regex_of(const struct grok *g, struct slice name)
{
    for (unsigned i = 0; i < g->n_own; i++)
        if (slice_eq(g->own[i].name, name))
            return g->own[i].regex;
    for (const struct grok_entry *e = grok_library; e->name; e++)
        if (slice_is(name, e->name))
            return slice_str(e->regex);
    return SLICE_NONE;
}

/* --- errors --- */

static bool fail(struct walk *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool fail(struct walk *w, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(w->text->message, sizeof w->text->message, fmt, ap);
    va_end(ap);
    w->text->bad = w->place;
    return false;
}

static bool unknown(struct walk *w, struct slice name)
{
    unsigned n = w->grok->n_own;
    for (const struct grok_entry *e = grok_library; e->name; e++)
        n++;
    char upper[GROK_NAME_MAX + 1] = "", **owned = xcalloc(w->grok->n_own, sizeof *owned);
    const char **names = xcalloc(n + 1, sizeof *names), *near = NULL;
    for (n = 0; n < w->grok->n_own; n++)
        names[n] = owned[n] = slice_dup(w->grok->own[n].name);
    for (const struct grok_entry *e = grok_library; e->name; e++)
        names[n++] = e->name;
    for (size_t i = 0; i < name.n; i++) /* the names of the library are in capitals */
        upper[i] = (char)(name.p[i] >= 'a' && name.p[i] <= 'z' ? name.p[i] - 32 : name.p[i]);
    near = regex_of(w->grok, slice_str(upper)).p ? upper : err_nearest(slice_str(upper), names);
    near = near ? near : err_nearest(name, names);
    fail(w, "there is no pattern %%{%.*s}%s%s%s", SLICE_ARG(name), near ? "; did you mean %{" : "", near ? near : "",
         near ? "}?" : "; crumbd-rules(5) names those there are, `patterns` adds to them");
    for (unsigned i = 0; i < w->grok->n_own; i++)
        free(owned[i]);
    free(owned);
    free(names);
    return false;
}

/* --- reading a pattern --- */

/* Length of what stands at the start of s and is to be taken as it is; 0 at a reference. */
static size_t plain_length(struct slice s)
{
    bool reference = slice_starts(s, SLICE("%{")) && s.n > 2 && (ascii_alpha(s.p[2]) || s.p[2] == '_');
    return reference ? 0 : relax_token(s);
}

/* --- writing --- */

static void add_piece(struct walk *w, size_t from, bool reference)
{
    struct grok_text *t = w->text;
    t->pieces = xroom(t->pieces, t->n_pieces, sizeof *t->pieces);
    t->pieces[t->n_pieces++] = (struct grok_piece){.at = t->regex.n, .from = from, .reference = reference};
}

static bool is_used(const struct walk *w, const char *group)
{
    for (unsigned i = 0; i < w->n_used; i++)
        if (strcmp(w->used[i], group) == 0)
            return true;
    return false;
}

static bool fits_group(const char *field)
{
    return strlen(field) <= GROUP_NAME_MAX && grok_name_ok(slice_str(field));
}

/* Opens the group of a field, under a name that PCRE2 takes. */
static void open_group(struct walk *w, const char *field)
{
    struct grok_text *t = w->text;
    if (fits_group(field) && !is_used(w, field)) {
        w->used = xroom(w->used, w->n_used, sizeof *w->used);
        snprintf(w->used[w->n_used++], sizeof *w->used, "%.*s", GROUP_NAME_MAX, field);
        sbuf_addf(&t->regex, "(?<%s>", field);
        return;
    }
    t->fields = xroom(t->fields, t->n_fields, sizeof *t->fields);
    struct grok_field *f = &t->fields[t->n_fields];
    snprintf(f->group, sizeof f->group, "crumbd_%u", ++t->n_fields);
    snprintf(f->name, sizeof f->name, "%s", field);
    sbuf_addf(&t->regex, "(?<%s>", f->group);
}

static bool expand(struct walk *w, struct slice s, const struct frame *outer);

static bool put_reference(struct walk *w, struct slice name, const char *field, const struct frame *outer)
{
    struct slice regex = regex_of(w->grok, name);
    const struct frame here = {name, outer};
    unsigned depth = 1;
    if (!regex.p)
        return unknown(w, name);
    for (const struct frame *f = outer; f; f = f->outer, depth++)
        if (slice_eq(f->name, name))
            return fail(w, "the pattern %%{%.*s} holds itself", SLICE_ARG(name));
    if (depth > GROK_DEPTH_MAX)
        return fail(w, "more than %d patterns inside each other", GROK_DEPTH_MAX);
    if (field[0])
        open_group(w, field);
    else
        sbuf_adds(&w->text->regex, SLICE("(?:"));
    if (!expand(w, regex, &here))
        return false;
    sbuf_addc(&w->text->regex, ')');
    return true;
}

/* Takes a reference apart; *length is that of its text. */
static bool reference(struct walk *w, struct slice s, const struct frame *outer, size_t *length)
{
    char field[GROK_FIELD_MAX + 1] = "";
    const char *close = slice_chr(s, '}');
    struct slice type = close ? slice_sub(s, 2, (size_t)(close - s.p)) : SLICE_NONE, name = slice_split(&type, ':');
    bool has_field = type.p != NULL;
    struct slice raw = has_field ? slice_split(&type, ':') : SLICE_NONE;
    if (!close || !grok_name_ok(name) || (type.p && !grok_name_ok(type)))
        return fail(w, "a reference is %%{NAME}, %%{NAME:field} or %%{NAME:field:type}; write a literal %%{ as %%\\{");
    if (has_field && !grok_field_name(raw, field))
        return fail(w, "\"%.*s\" cannot be the name of a field: letters, digits and _ . - @, or [a][b], at most %d",
                    SLICE_ARG(raw), GROK_FIELD_MAX);
    *length = (size_t)(close - s.p) + 1;
    return put_reference(w, name, field, outer);
}

/* Bounded recursion: by GROK_DEPTH_MAX; every reference adds bytes, so GROK_BYTES_MAX bounds how many are read. */
static bool expand(struct walk *w, struct slice s, const struct frame *outer)
{
    struct sbuf *out = &w->text->regex;
    for (size_t i = 0, n; i < s.n; i += n) {
        struct slice rest = slice_from(s, i);
        n = plain_length(rest);
        bool is_reference = n == 0;
        if (!outer)
            w->place = i;
        if (!outer && is_reference)
            add_piece(w, i, true);
        if (is_reference && !reference(w, rest, outer, &n))
            return false;
        if (!outer && is_reference)
            add_piece(w, i + n, false);
        if (!is_reference)
            sbuf_adds(out, slice_sub(rest, 0, n));
        if (out->over)
            return fail(w, "the pattern grows to more than %d bytes", GROK_BYTES_MAX);
    }
    return true;
}

bool grok_expand(const struct grok *g, struct slice pattern, struct grok_text *t)
{
    struct walk w = {.grok = g, .text = t};
    *t = (struct grok_text){0};
    sbuf_init(&t->regex, GROK_BYTES_MAX);
    bool ok = expand(&w, pattern, NULL);
    free(w.used);
    return ok;
}

void grok_done(struct grok_text *t)
{
    sbuf_done(&t->regex);
    free(t->pieces);
    free(t->fields);
    *t = (struct grok_text){0};
}

static const struct grok_piece *piece_at(const struct grok_text *t, size_t at)
{
    const struct grok_piece *last = NULL;
    for (unsigned i = 0; i < t->n_pieces && t->pieces[i].at <= at; i++)
        last = &t->pieces[i];
    return last;
}

size_t grok_place(const struct grok_text *t, size_t at)
{
    const struct grok_piece *p = piece_at(t, at);
    return !p ? at : p->reference ? p->from : p->from + (at - p->at);
}

static struct regex *compile(const struct grok *g, struct slice pattern, size_t *offset, char message[256])
{
    if (g->pool)
        return regex_compile_in(g->pool, pattern, offset, message);
    return (g->late ? regex_compile_late : regex_compile)(pattern, false, offset, message);
}

struct regex *grok_compile(const struct grok *g, struct diag *d, const struct conf_node *n, struct arena *a,
                           struct slice *expanded)
{
    struct grok_text t;
    struct regex *re = NULL;
    size_t offset;
    char message[256];
    if (!grok_expand(g, n->text, &t)) {
        err_add(d, ERR_ERROR, conf_place_in(n, t.bad), "%s", t.message);
    } else if (!(re = compile(g, sbuf_slice(&t.regex), &offset, message))) {
        const struct grok_piece *p = piece_at(&t, offset);
        err_add(d, ERR_ERROR, conf_place_in(n, grok_place(&t, offset)), "this pattern does not compile%s: %s",
                p && p->reference ? " (in what the reference here stands for)" : "", message);
    }
    for (unsigned i = 0; re && i < t.n_fields; i++)
        regex_rename(re, t.fields[i].group, slice_str(t.fields[i].name));
    if (re && expanded)
        *expanded = arena_dup(a, sbuf_slice(&t.regex));
    grok_done(&t);
    return re;
}
