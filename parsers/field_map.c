#include "parsers/field_map.h"

#include "parsers/error_text.h"
#include "parsers/stack_text.h"
#include "text/json.h"

void field_map_start(struct field_map *w, struct parse_ctx *ctx, struct record *r)
{
    memset(w, 0, sizeof *w);
    w->ctx = ctx;
    w->r = r;
}

int field_map_put(struct field_map *w, struct slice name, struct slice value, enum field_type type)
{
    const struct field *f = record_put(w->r, name, value, type);
    return f ? (int)(f - w->r->fields) : FIELD_MAP_NO_FIELD;
}

static void offer(struct field_map *w, enum role role, struct role_pick pick)
{
    struct role_pick *p = &w->pick[role];
    if (!p->value.p || pick.rank <= p->rank)
        *p = pick;
}

/* A class has no white space in its name, and a capital. */
static bool is_class(struct slice s)
{
    bool capital = false;
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] <= ' ')
            return false;
        capital |= s.p[i] >= 'A' && s.p[i] <= 'Z';
    }
    return capital && (ascii_alpha(*s.p) || *s.p == '_' || *s.p == '\\');
}

/* Rails writes an exception as [class, text]; two frames are none. */
static bool offer_pair(struct field_map *w, struct slice name, struct slice list, unsigned rank)
{
    const struct json_node *n = json_tree(w->ctx->arena, list), *type = n ? n->child : NULL;
    const struct json_node *value = type ? type->next : NULL;
    if (!value || value->next || type->type != JSON_STRING || value->type != JSON_STRING || !is_class(type->text) ||
        slice_chr(type->text, '(') || slice_chr(type->text, '/'))
        return false;
    offer(w, ROLE_ERROR_TYPE, (struct role_pick){name, type->text, rank, FIELD_MAP_NO_FIELD});
    w->pick[ROLE_ERROR] = (struct role_pick){name, value->text, 0, FIELD_MAP_NO_FIELD};
    return true;
}

/* An object or a list may be a stack, or as it stands a message; nothing else. */
static struct slice json_as_text(struct field_map *w, enum role role, struct slice value)
{
    if (role == ROLE_STACK)
        return stack_text(w->ctx->arena, value);
    return role == ROLE_MESSAGE ? value : SLICE_NONE;
}

/* A stack in one line may be a remark, or of an exception no more than the class: one that has frames is better. */
static void offer_line(struct field_map *w, struct role_pick pick)
{
    bool exception = slice_ieq(pick.name, SLICE("exception")) || slice_ieq(pick.name, SLICE("throwable"));
    pick.rank += FIELD_MAP_JSON;
    if (exception && is_class(pick.value))
        offer(w, ROLE_ERROR_TYPE, pick);
    else if (!slice_ieq(pick.name, SLICE("trace"))) /* that is an id */
        offer(w, ROLE_STACK, pick);
}

/* "line" is a line where it has words, as logcli writes one; most loggers have the number of one of the source there.
 */
static bool is_place(struct slice name, struct slice value)
{
    return slice_ieq(name, SLICE("line")) && !slice_chr(value, ' ');
}

void field_map_offer(struct field_map *w, struct slice name, struct slice value, enum field_type type, unsigned penalty,
                     int field)
{
    unsigned rank;
    enum role role = type != FIELD_BOOL ? field_names_role(name, &rank) : ROLE_NONE;
    if (role == ROLE_NONE || (role == ROLE_ERROR && type != FIELD_STRING) || is_place(name, value))
        return;
    struct role_pick pick = {.name = name, .value = value, .rank = rank + penalty, .field = field};
    if (type == FIELD_JSON) {
        if (role == ROLE_STACK && offer_pair(w, name, value, pick.rank))
            return;
        pick.value = json_as_text(w, role, value);
        pick.rank += FIELD_MAP_JSON;
        if (!pick.value.n)
            return;
    } else if (role == ROLE_STACK && !slice_chr(value, '\n')) {
        offer_line(w, pick);
        return;
    }
    offer(w, role, pick);
}

void field_map_empty(struct field_map *w, struct slice name)
{
    unsigned rank;
    w->empty |= field_names_role(name, &rank) == ROLE_MESSAGE;
}

static bool absorbed(const struct field_map *w, enum role role, int field)
{
    /* MongoDB's s, c and t are known by these names. */
    return w->pick[role].value.p && w->pick[role].field == field && w->pick[role].name.n > 1;
}

/* Takes out the fields that became members of the record. */
static void drop_absorbed(struct field_map *w, bool stack_taken)
{
    static const enum role gone[] = {ROLE_MESSAGE, ROLE_LEVEL, ROLE_TIME, ROLE_APP, ROLE_HOST, ROLE_PID};
    struct record *r = w->r;
    unsigned kept = 0;
    for (unsigned i = 0; i < r->n_fields; i++) {
        bool drop = stack_taken && absorbed(w, ROLE_STACK, (int)i);
        for (size_t k = 0; k < sizeof gone / sizeof *gone; k++)
            drop |= absorbed(w, gone[k], (int)i);
        if (!drop)
            r->fields[kept++] = r->fields[i];
    }
    r->n_fields = kept;
}

static bool is_in_property(char c)
{
    return ascii_alnum(c) || c == '_';
}

/* Serilog's compact format writes the template and its properties, and the text only if told to. */
static struct slice render(struct field_map *w, struct slice template)
{
    const struct slice whole = template;
    struct sbuf out;
    sbuf_init(&out, template.n + 4096);
    while (template.n) {
        const char *open = slice_chr(template, '{');
        const char *close = open ? slice_chr(slice_from(template, (size_t)(open - template.p)), '}') : NULL;
        if (!close)
            break;
        struct slice hole = slice_of(open + 1, (size_t)(close - open) - 1), name = hole;
        name = slice_from(name, hole.n && (*hole.p == '@' || *hole.p == '$'));
        const struct field *f = record_field(w->r, slice_sub(name, 0, slice_span(name, is_in_property)));
        sbuf_add(&out, template.p, (size_t)(open - template.p));
        if (f)
            sbuf_adds(&out, f->value);
        else
            sbuf_add(&out, open, hole.n + 2);
        template = slice_from(template, (size_t)(close - template.p) + 1);
    }
    sbuf_adds(&out, template);
    struct slice text = out.over ? whole : arena_dup(w->ctx->arena, sbuf_slice(&out));
    sbuf_done(&out);
    return text;
}

/* True when the text has the shape of a trace and not only of a remark. */
static bool is_stack(const struct role_pick *p)
{
    return p->value.n && (slice_chr(p->value, '\n') || slice_starts(p->name, SLICE("stack")));
}

static void set_message(struct field_map *w, bool stack_taken)
{
    struct record *r = w->r;
    const struct role_pick *m = &w->pick[ROLE_MESSAGE];
    struct slice stack = w->pick[ROLE_STACK].value;
    if (slice_trim(m->value).n) {
        bool template = slice_is(m->name, "@mt") || slice_is(m->name, "MessageTemplate");
        r->message = template ? render(w, m->value) : m->value;
    } else if (w->pick[ROLE_ERROR].value.n) {
        r->message = w->pick[ROLE_ERROR].value;
    } else if (stack.n) {
        r->message = stack_taken ? slice_split(&stack, '\n') : stack;
    } else {
        r->message = r->raw;
        r->empty = w->empty || m->value.n;
    }
}

/* OpenTelemetry's number, of which each level has four. */
static enum level level_of_four(uint64_t n)
{
    static const enum level levels[] = {LEVEL_DEBUG, LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING, LEVEL_ERROR};
    return n > 20 ? LEVEL_FATAL : levels[n ? (n - 1) / 4 : 0];
}

/* NXLog's SeverityValue, from 1, debug, to 5, critical. */
static enum level level_of_nxlog(uint64_t n)
{
    return n >= 1 && n <= 5 ? (enum level)(LEVEL_DEBUG + (n - 1)) : LEVEL_NONE;
}

/* Nextcloud and ownCloud count from 0, debug, to 4, fatal: told by two names that stand together in no other's. Its
 * cron jobs have no address. */
static bool is_nextcloud(const struct record *r, struct slice level, uint64_t *n)
{
    return level.n == 1 && slice_u64(level, n) && *n <= 4 && record_field(r, SLICE("reqId")) &&
           (record_field(r, SLICE("remoteAddr")) || slice_find(r->raw, SLICE("\"remoteAddr\":\"\"")) >= 0);
}

static enum level level_of(const struct record *r, const struct role_pick *p)
{
    uint64_t n;
    if (is_nextcloud(r, p->value, &n))
        return (enum level)(LEVEL_DEBUG + n);
    if (slice_ieq(p->name, SLICE("severitynumber")) && slice_u64(p->value, &n))
        return level_of_four(n);
    if (slice_ieq(p->name, SLICE("SeverityValue")) && slice_u64(p->value, &n))
        return level_of_nxlog(n);
    enum level level = field_names_level(p->value);
    /* Python's levelno counts in tens as bunyan does, one step lower. */
    if (slice_is(p->name, "levelno") && p->value.n == 2 && level != LEVEL_NONE && level != LEVEL_FATAL)
        level += p->value.p[0] > '1';
    return level;
}

enum level field_map_level(const struct field_map *w)
{
    const struct role_pick *p = &w->pick[ROLE_LEVEL];
    return p->value.n ? level_of(w->r, p) : LEVEL_NONE;
}

static void set_level(struct field_map *w)
{
    struct record *r = w->r;
    struct role_pick *p = &w->pick[ROLE_LEVEL];
    if (p->value.n) {
        r->level = level_of(r, p);
        if (r->level == LEVEL_NONE)
            p->field = FIELD_MAP_NO_FIELD; /* not understood: it stays a field */
    } else if (w->pick[ROLE_ERROR].value.n || w->pick[ROLE_STACK].value.n) {
        r->level = LEVEL_ERROR; /* klog and its like name no level; an error is one */
    } else if (slice_is(w->pick[ROLE_TIME].name, "@t")) {
        r->level = LEVEL_INFO; /* CLEF: "the absence of @l implies Information" */
    }
}

static void set_time(struct field_map *w)
{
    struct record *r = w->r;
    uint64_t s, ns;
    int64_t us;
    if (w->pick[ROLE_TIME].value.n && field_names_time(w->pick[ROLE_TIME].value, w->ctx->zone, &us)) {
        r->time_us = us;
        return;
    }
    if (w->pick[ROLE_TIME].value.n)
        w->pick[ROLE_TIME].field = FIELD_MAP_NO_FIELD; /* not understood: it stays a field */
    if (slice_u64(w->pick[ROLE_SECONDS].value, &s) && s > 0 && s < UINT64_C(100000000000) &&
        slice_u64(w->pick[ROLE_NANOS].value, &ns) && ns < 1000000000)
        r->time_us = (int64_t)s * STAMP_SECOND + (int64_t)(ns / 1000);
}

/* What only a stack has: a line that begins as frames do. */
static bool has_frames(struct slice text)
{
    static const char *const marks[] = {"\n\tat ", "\n    at ",   "\n   at ",    "\n  File \"",
                                        "\n#0 /",  "\n#0 {main}", "[running]:\n"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (slice_find(text, slice_str(marks[i])) >= 0)
            return true;
    return false;
}

/* The first member of an object that has them. */
static struct slice member_with_frames(struct field_map *w, struct slice json)
{
    if (!slice_starts(json, SLICE("{")) || slice_find(json, SLICE("\\n")) < 0)
        return SLICE_NONE;
    const struct json_node *map = json_tree(w->ctx->arena, json);
    for (const struct json_node *n = map ? map->child : NULL; n; n = n->next)
        if (n->type == JSON_STRING && has_frames(n->text))
            return n->text;
    return SLICE_NONE;
}

/* Under a name that says nothing of it there may be one, too: the first text that has lines, and frames among them. */
static void find_unnamed_stack(struct field_map *w, struct role_pick *stack)
{
    const struct record *r = w->r;
    for (unsigned i = 0; i < r->n_fields; i++) {
        const struct field *f = &r->fields[i];
        struct slice text = SLICE_NONE;
        if (f->type == FIELD_JSON)
            text = member_with_frames(w, f->value);
        else if (f->type == FIELD_STRING && (int)i != w->pick[ROLE_MESSAGE].field && has_frames(f->value))
            text = f->value;
        if (!text.n)
            continue;
        *stack = (struct role_pick){.name = f->name, .value = text, .field = FIELD_MAP_NO_FIELD};
        return;
    }
}

static void find_stack(struct field_map *w)
{
    struct role_pick *stack = &w->pick[ROLE_STACK], *error = &w->pick[ROLE_ERROR];
    stack->value = error_text_unfolded(w->ctx->arena, stack->value);
    if (!stack->value.n && slice_chr(error->value, '\n')) { /* {err: e.stack} */
        *stack = *error;
        error->value = SLICE_NONE;
    }
    /* loguru: the line as it would be printed, with the traceback, beside the message in a record. */
    struct slice printed = slice_trim(record_value(w->r, "text"));
    if (slice_is(w->pick[ROLE_MESSAGE].name, "record.message") && slice_chr(printed, '\n'))
        *stack = (struct role_pick){.name = SLICE("text"), .value = printed, .field = FIELD_MAP_NO_FIELD};
    if (!stack->value.n && !w->error.n)
        find_unnamed_stack(w, stack);
}

/* bunyan marks its format with "v"; there "name" is the program. */
static void find_program(struct field_map *w)
{
    struct role_pick *name = &w->pick[ROLE_LOGGER], *app = &w->pick[ROLE_APP];
    if (!slice_is(name->name, "name") || app->value.n || !record_field(w->r, SLICE("v")))
        return;
    *app = *name;
    *name = (struct role_pick){.field = FIELD_MAP_NO_FIELD};
}

/* A stack beside the object of the exception says all that there is; one in it may leave its causes out. */
static struct slice full_message(struct field_map *w, bool stack_taken)
{
    const struct role_pick *stack = &w->pick[ROLE_STACK];
    struct arena *a = w->ctx->arena;
    if (stack_taken && (!w->error.n || !slice_chr(stack->name, '.')))
        return error_text_headed(a, w->pick[ROLE_ERROR_TYPE].value, w->pick[ROLE_ERROR].value, stack->value);
    struct slice text = w->error.n ? error_text(a, w->error) : SLICE_NONE;
    return text.n ? text : stack_taken ? stack->value : SLICE_NONE;
}

void field_map_finish(struct field_map *w)
{
    struct record *r = w->r;
    set_time(w);
    set_level(w);
    find_stack(w);
    struct role_pick *stack = &w->pick[ROLE_STACK];
    bool stack_taken = is_stack(stack);
    r->full_message = full_message(w, stack_taken);
    set_message(w, stack_taken);
    field_names_error(r, w->pick[ROLE_ERROR_TYPE].value, w->pick[ROLE_ERROR].value);
    if (r->untrusted) /* they stay fields */
        w->pick[ROLE_APP].field = w->pick[ROLE_HOST].field = FIELD_MAP_NO_FIELD;
    else
        find_program(w);
    for (enum role role = ROLE_LOGGER; role <= ROLE_TRACEPARENT; role++)
        field_names_take(r, role, w->pick[role].value);
    drop_absorbed(w, stack_taken);
}
