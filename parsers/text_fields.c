#include "parsers/text_fields.h"

#include <string.h>

#include "parsers/field_names.h"
#include "parsers/text_parts.h"
#include "text/json.h"

enum { LOOKS_MAX = 8 };

static void put(struct record *r, struct slice name, struct slice value, enum field_type type)
{
    unsigned rank;
    if (!name.n || !value.n)
        return;
    record_put(r, name, value, type);
    enum role role = field_names_role(name, &rank);
    if (role == ROLE_REQUEST || role == ROLE_TRACE || role == ROLE_SPAN || role == ROLE_TRACEPARENT)
        field_names_take(r, role, value);
}

/* --- klog: "message" key="value" --- */

static bool is_in_key(char c)
{
    return ascii_alnum(c) || c == '_' || c == '.' || c == '-' || c == '/';
}

struct slice text_fields_unescape(struct arena *a, struct slice s, const char *from, const char *to)
{
    if (!slice_chr(s, '\\'))
        return s;
    char *p = arena_alloc(a, s.n);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        const char *e = s.p[i] == '\\' && i + 1 < s.n && s.p[i + 1] ? strchr(from, s.p[i + 1]) : NULL;
        p[n++] = e ? to[e - from] : s.p[i];
        i += e != NULL;
    }
    return slice_of(p, n);
}

/* What a Go program has quoted. */
static struct slice unquoted(struct arena *a, struct slice quoted)
{
    return text_fields_unescape(a, quoted, "\"\\nrt", "\"\\\n\r\t");
}

/* Where a value without quotes ends: before the next " key=", which structures with blanks in them do not look like. */
static size_t bare_end(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != ' ')
            continue;
        size_t key = slice_span(slice_from(s, i + 1), is_in_key);
        if (key && i + 1 + key < s.n && s.p[i + 1 + key] == '=')
            return i;
        i += key;
    }
    return s.n;
}

/* " key=value" at the front. */
static bool take_pair(struct parse_ctx *ctx, struct record *r, struct slice *s)
{
    struct slice key = slice_from(*s, 1), rest;
    key.n = slice_span(key, is_in_key);
    rest = slice_from(*s, 1 + key.n);
    if (*s->p != ' ' || !key.n || !starts(rest, "="))
        return false;
    slice_skip(&rest, 1);
    size_t end = starts(rest, "\"") ? slice_quote_end(rest) : bare_end(rest);
    if (starts(rest, "\"") && end >= rest.n)
        return false;
    bool quoted = starts(rest, "\"");
    put(r, key, quoted ? unquoted(ctx->arena, slice_sub(rest, 1, end)) : slice_sub(rest, 0, end), FIELD_STRING);
    slice_skip(&rest, end + quoted);
    *s = rest;
    return true;
}

static void klog_pairs(struct parse_ctx *ctx, struct record *r)
{
    size_t end = slice_quote_end(r->message);
    struct slice rest = slice_from(r->message, end + 1);
    if (end >= r->message.n || (rest.n && !take_pair(ctx, r, &rest)))
        return;
    while (rest.n && take_pair(ctx, r, &rest))
        ;
    r->told = unquoted(ctx->arena, slice_sub(r->message, 1, end));
}

/* --- an object, or two, at the end --- */

static bool text_fields_member(void *u, const struct json_member *m)
{
    static const enum field_type types[] = {[JSON_BOOL] = FIELD_BOOL,
                                            [JSON_NUMBER] = FIELD_NUMBER,
                                            [JSON_STRING] = FIELD_STRING,
                                            [JSON_MAP] = FIELD_JSON,
                                            [JSON_ARRAY] = FIELD_JSON};
    if (m->type != JSON_NULL && !slice_starts(m->value, SLICE("[object] (")))
        put(u, m->name, m->value, types[m->type]);
    return true;
}

/* An object, or an empty list, with which PHP writes an empty one, at the front; its bytes, or 0. */
static size_t object_at(struct parse_ctx *ctx, struct record *r, struct slice s)
{
    size_t used;
    if (starts(s, "[]"))
        return 2;
    if (!starts(s, "{") || json_members(s, ctx->arena, 1, text_fields_member, r, &used) != JSON_OK)
        return 0;
    return used;
}

/* Nothing but objects, one or two. */
static bool are_objects(struct parse_ctx *ctx, struct record *r, struct slice s)
{
    for (int i = 0; s.n && i < 2; i++) {
        size_t n = object_at(ctx, r, s);
        if (!n)
            return false;
        slice_skip(&s, n);
        skip_spaces(&s);
    }
    return !s.n;
}

/* A stack that is a list of its lines, as AWS' runtime for Node.js has it. */
static struct slice lines_of(struct arena *a, struct slice json)
{
    const struct json_node *list = json_tree(a, json);
    size_t n = 0;
    if (!list || list->type != JSON_ARRAY)
        return SLICE_NONE;
    char *out = arena_alloc(a, json.n + 1); /* each has two quotes at least */
    for (const struct json_node *line = list->child; line; line = line->next) {
        if (line->type != JSON_STRING)
            return SLICE_NONE;
        if (line->text.n)
            memcpy(out + n, line->text.p, line->text.n);
        n += line->text.n;
        out[n++] = '\n';
    }
    return slice_of(out, n);
}

static void take_stack(struct parse_ctx *ctx, struct record *r)
{
    unsigned rank;
    for (unsigned i = 0; i < r->n_fields && !r->full_message.n; i++)
        if (r->fields[i].type == FIELD_JSON && field_names_role(r->fields[i].name, &rank) == ROLE_STACK)
            r->full_message = lines_of(ctx->arena, r->fields[i].value);
}

static bool opens(struct slice s)
{
    return starts(s, "{\"") || starts(s, "{} ") || starts(s, "[] ");
}

/* Where an object begins that is not what the message speaks of, as behind "answer: " or "x=". */
static bool may_begin(struct slice text, size_t at)
{
    char before = text.p[at], last = at ? text.p[at - 1] : ':';
    return (before == '\t' || (before == ' ' && last != ':' && last != '=')) && opens(slice_from(text, at + 1));
}

static void objects_behind(struct parse_ctx *ctx, struct record *r)
{
    struct slice text = slice_trim(r->message);
    int looks = 0;
    for (size_t i = 1; i < text.n && looks < LOOKS_MAX; i++) {
        if (!may_begin(text, i))
            continue;
        unsigned n = r->n_fields;
        looks++;
        if (are_objects(ctx, r, slice_from(text, i + 1))) {
            r->told = slice_trim(slice_sub(text, 0, i));
            take_stack(ctx, r);
            return;
        }
        r->n_fields = n;
    }
}

void text_fields(struct parse_ctx *ctx, struct record *r)
{
    struct slice text = r->message;
    if (r->level == LEVEL_NONE || !text.n)
        return;
    while (text.n > 1 && text.p[text.n - 1] == ' ')
        text.n--;
    char last = text.p[text.n - 1];
    bool quoted = *text.p == '"', object = last == '}' || (last == ']' && slice_ends(text, SLICE(" []")));
    if ((!quoted && !object) || slice_chr(text, '\n')) /* most have neither */
        return;
    if (quoted)
        klog_pairs(ctx, r);
    else
        objects_behind(ctx, r);
}
