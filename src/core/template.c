#include "core/template.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "text/grok.h"

/* --- parsing --- */

/* Length of "{name}" at the start of s, 0 when it is literal text. "{{…}}" is Sentry's, and literal. */
static size_t name_length(struct slice s, char name[GROK_FIELD_MAX + 1])
{
    const char *end = slice_chr(s, '}');
    if (s.n < 3 || !end)
        return 0;
    return grok_field_name(slice_sub(s, 1, (size_t)(end - s.p)), name) ? (size_t)(end - s.p) + 1 : 0;
}

static void add_part(struct template *t, struct slice text, bool name, const struct regex *match)
{
    static const struct slice prefix = SLICE("masked.");
    bool masked = name && text.n > prefix.n && slice_starts(text, prefix);
    if (text.n == 0)
        return;
    text = masked ? slice_from(text, prefix.n) : text;
    t->parts = xroom(t->parts, t->n, sizeof *t->parts);
    struct template_part *part = &t->parts[t->n++];
    *part = (struct template_part){
        .text = text, .is_name = name, .masked = masked, .capture = name && match ? regex_number(match, text) : 0};
    if (name && !part->capture)
        part->ref = record_ref(text);
}

/* As many as there are, and no room for more: rules hold thousands of them. */
static void keep_parts(struct template *t, struct arena *a)
{
    struct template_part *own = t->n ? arena_alloc(a, t->n * sizeof *own) : NULL;
    if (own)
        memcpy(own, t->parts, t->n * sizeof *own);
    free(t->parts);
    t->parts = own;
}

struct template template_parse(struct slice text, const struct regex *match, struct arena *a)
{
    struct template t = {.set = text.p != NULL};
    size_t from = 0;
    text = arena_dup(a, text);
    for (size_t i = 0; i < text.n;) {
        if (text.p[i] != '{') {
            i++;
            continue;
        }
        if (i + 1 < text.n && text.p[i + 1] == '{') {
            ptrdiff_t close = slice_find(slice_from(text, i), SLICE("}}"));
            i = close < 0 ? text.n : i + (size_t)close + 2;
            continue;
        }
        char name[GROK_FIELD_MAX + 1];
        size_t n = name_length(slice_from(text, i), name);
        if (n) {
            add_part(&t, slice_sub(text, from, i), false, NULL);
            add_part(&t, arena_dup(a, slice_str(name)), true, match);
            from = i + n;
        }
        i += n ? n : 1;
    }
    add_part(&t, slice_from(text, from), false, NULL);
    keep_parts(&t, a);
    return t;
}

bool template_has_names(const struct template *t)
{
    for (unsigned i = 0; i < t->n; i++)
        if (t->parts[i].is_name)
            return true;
    return false;
}

/* --- filling --- */

struct slice template_part_value(const struct template_part *p, const struct template_source *from)
{
    if (!p->is_name)
        return p->text;
    struct slice value =
        p->capture ? captures_get(&from->captures, p->capture) : record_value_of(from->record, &p->ref);
    if (!from->shown)
        return value;
    return p->capture ? shown_capture(from->shown, value) : shown_field(from->shown, p->text, value);
}

struct slice template_mask(struct slice text, const struct template_source *from)
{
    log_template_message(text, from->log_template);
    return arena_dup(from->arena, sbuf_slice(&from->log_template->text));
}

static struct slice fill_part(const struct template_part *p, const struct template_source *from)
{
    struct slice value = template_part_value(p, from);
    return p->masked && !from->unmasked ? template_mask(value, from) : value;
}

struct slice template_fill(const struct template *t, const struct template_source *from)
{
    if (t->n == 0)
        return SLICE("");
    if (t->n == 1)
        return fill_part(&t->parts[0], from);
    struct slice *values = arena_alloc(from->arena, t->n * sizeof *values);
    size_t n = 0;
    for (unsigned i = 0; i < t->n; i++) {
        values[i] = fill_part(&t->parts[i], from);
        n += values[i].n;
    }
    char *p = arena_alloc(from->arena, n + 1), *at = p;
    for (unsigned i = 0; i < t->n; i++) {
        if (values[i].n)
            memcpy(at, values[i].p, values[i].n);
        at += values[i].n;
    }
    *at = '\0';
    return slice_of(p, n);
}
