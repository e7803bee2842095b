/*
 * template: a text with {names} in it, which stand for captures of a match and for members and fields of a record.
 *
 * A template is parsed once, when rules are loaded, and then only read. A literal brace is written {{ or }}. Pure.
 */
#ifndef CORE_TEMPLATE_H
#define CORE_TEMPLATE_H

#include "base/arena.h"
#include "core/log_template.h"
#include "core/shown.h"
#include "parsers/record.h"
#include "text/regex.h"

struct template_part {
    struct slice text; /* literal, or the name */
    bool is_name;
    struct record_ref ref; /* of a name that is no capture's */
    bool masked;           /* {masked.NAME}: the value as a template (log_template.h) */
    unsigned capture;      /* number of the match's capture, 0: a member or field of the record */
};

struct template
{
    struct template_part *parts;
    unsigned n;
    bool set; /* the key was there; an empty text is set with no parts */
};

/* The groups of a match: of the last one, or those that were kept of an earlier one. */
struct captures {
    struct regex_scratch *match;
    const struct slice *kept; /* by number, */
    unsigned n_kept;          /* 0: none were */
};

/* Returns a group of the match; it is empty where the group took no part. */
static inline struct slice captures_get(const struct captures *c, unsigned group)
{
    if (c->n_kept)
        return group < c->n_kept ? c->kept[group] : SLICE_NONE;
    return regex_capture(c->match, group);
}

/* What the names of a template stand for. */
struct template_source {
    const struct record *record;
    struct captures captures;
    struct shown *shown;               /* NULL: values as they are, not as people may see them */
    bool unmasked;                     /* {masked.NAME} as {NAME} */
    struct log_template *log_template; /* memory to mask a text in; what it holds lasts until the next one */
    struct arena *arena;               /* what is made lives in it */
};

/* Names that `match` (may be NULL) has a group of are captures. */
struct template template_parse(struct slice text, const struct regex *match, struct arena *a);
bool template_has_names(const struct template *t);
struct slice template_fill(const struct template *t, const struct template_source *from);
/* Returns the value of one part, not masked. */
struct slice template_part_value(const struct template_part *p, const struct template_source *from);
/* Returns a text with its variable parts masked. */
struct slice template_mask(struct slice text, const struct template_source *from);

#endif
