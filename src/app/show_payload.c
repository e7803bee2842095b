/* show_payload: the part of show.h that knows the payload of a Sentry event. */
#include "app/show.h"

#include "base/utf8.h"
#include "text/json.h"
#include "text/stamp.h"

enum {
    VALUE_POINTS = 400,
    LINE_POINTS = 1000,
    NAME_COLUMN = 14,
    NAME_COLUMN_MAX = 26,
    CLOCK_FROM = 11,
    CLOCK_TO = 23,
    DATE_TO = 10
};

static struct slice text_of(const struct json_node *map, const char *key)
{
    const struct json_node *n = map ? json_get(map, key) : NULL;
    return n && (n->type == JSON_STRING || n->type == JSON_NUMBER) ? n->text : SLICE_NONE;
}

/* A list of Sentry's, which may be an array or {"values": […]}: its first element. */
static const struct json_node *values_of(const struct json_node *event, const char *key)
{
    const struct json_node *n = json_get(event, key);
    if (n && n->type == JSON_MAP)
        n = json_get(n, "values");
    return n && n->type == JSON_ARRAY ? n->child : NULL;
}

/* Seconds since 1970, or RFC 3339. */
static bool time_of(const struct json_node *map, int64_t *us)
{
    const struct json_node *n = json_get(map, "timestamp");
    struct slice text = text_of(map, "timestamp");
    bool has_zone;
    return n && (n->type == JSON_NUMBER ? stamp_epoch(&text, us) : stamp_rfc3339(&text, us, &has_zone));
}

static void put_name(FILE *out, struct slice name, size_t column)
{
    size_t points = utf8_count(name);
    fputs("  ", out);
    show_text(out, name, VALUE_POINTS);
    fprintf(out, "%*s", (int)(points < column ? column - points : 2), "");
}

/* Sentry writes headers and the like as lists of pairs. */
static bool is_pair(const struct json_node *n)
{
    return n->type == JSON_ARRAY && n->child && n->child->type == JSON_STRING && n->child->next &&
           !n->child->next->next;
}

static void put_node(FILE *out, const struct json_node *n)
{
    const char *between = n->type == JSON_MAP ? " " : is_pair(n) ? "=" : ", ";
    switch (n->type) {
    case JSON_STRING:
    case JSON_NUMBER:
        show_text(out, n->text, VALUE_POINTS);
        break;
    case JSON_BOOL:
        fputs(n->truth ? "true" : "false", out);
        break;
    case JSON_NULL:
        fputs("null", out);
        break;
    case JSON_MAP:
    case JSON_ARRAY:
        for (const struct json_node *c = n->child; c; c = c->next) {
            if (n->type == JSON_MAP) {
                show_text(out, c->key, VALUE_POINTS);
                fputc('=', out);
            }
            put_node(out, c);
            if (c->next)
                fputs(between, out);
        }
        break;
    }
}

/* A map as one line for each member. Depth is bounded by json.h. */
static void put_map(FILE *out, const struct json_node *event, const char *key)
{
    const struct json_node *map = json_get(event, key);
    if (!map || map->type != JSON_MAP || !map->child)
        return;
    size_t column = NAME_COLUMN;
    for (const struct json_node *c = map->child; c; c = c->next)
        if (c->key.n + 2 > column && c->key.n + 2 <= NAME_COLUMN_MAX)
            column = c->key.n + 2;
    fprintf(out, "\n%s\n", key);
    for (const struct json_node *c = map->child; c; c = c->next) {
        put_name(out, c->key, column);
        put_node(out, c);
        fputc('\n', out);
    }
}

static void put_frame(FILE *out, const struct json_node *f)
{
    struct slice function = text_of(f, "function"), line = text_of(f, "lineno"), file = text_of(f, "filename");
    if (!file.n)
        file = text_of(f, "abs_path");
    if (!file.n)
        file = text_of(f, "module");
    const struct json_node *ours = json_get(f, "in_app");
    fputs(ours && ours->type == JSON_BOOL && ours->truth ? "  > at " : "    at ", out);
    show_text(out, function.n ? function : SLICE("?"), VALUE_POINTS);
    if (file.n) {
        fputs(" (", out);
        show_text(out, file, VALUE_POINTS);
        if (line.n) {
            fputc(':', out);
            show_text(out, line, VALUE_POINTS);
        }
        fputc(')', out);
    }
    fputc('\n', out);
    struct slice context = text_of(f, "context_line");
    if (context.n)
        show_block(out, slice_trim(context), 10, VALUE_POINTS);
}

/* Sentry's frames go from the outermost call inwards; people read them the other way round. */
static void put_frames(FILE *out, const struct json_node *first)
{
    enum { MOST = 250 };
    const struct json_node *frames[MOST];
    unsigned n = 0;
    for (; first && n < MOST; first = first->next)
        if (first->type == JSON_MAP)
            frames[n++] = first;
    while (n)
        put_frame(out, frames[--n]);
}

static void put_exceptions(FILE *out, const struct json_node *event)
{
    enum { MOST = 50 };
    const struct json_node *all[MOST];
    unsigned n = 0;
    for (const struct json_node *e = values_of(event, "exception"); e && n < MOST; e = e->next)
        if (e->type == JSON_MAP)
            all[n++] = e;
    /* The last one is what was logged; those before it are its causes. */
    for (bool cause = false; n; cause = true) {
        const struct json_node *e = all[--n];
        struct slice type = text_of(e, "type"), value = text_of(e, "value");
        fputs(cause ? "\ncaused by\n  " : "\nexception\n  ", out);
        show_text(out, type, VALUE_POINTS);
        if (value.n) {
            struct slice rest = value, line = slice_split(&rest, '\n');
            fputs(type.n ? ": " : "", out);
            show_text(out, line, LINE_POINTS);
            fputc('\n', out);
            if (rest.n)
                show_block(out, rest, 4, LINE_POINTS);
        } else {
            fputc('\n', out);
        }
        const struct json_node *trace = json_get(e, "stacktrace");
        if (trace && trace->type == JSON_MAP)
            put_frames(out, values_of(trace, "frames"));
    }
}

/* How long before the event it was, or after. */
static void put_offset(FILE *out, int64_t us)
{
    char span[SHOW_SMALL + 1], whole[SHOW_SMALL];
    double s = (double)us / 1e6;
    if (s > -100 && s < 100)
        snprintf(span, sizeof span, "%+.3fs", s);
    else
        snprintf(span, sizeof span, "%c%s", us < 0 ? '-' : '+', show_span(us < 0 ? -us : us, whole));
    fprintf(out, "  %9s", span);
}

/* When it was, with the day where that is another than the event's. event_us: STAMP_NONE where that has no time. */
static void put_clock(FILE *out, const struct json_node *breadcrumb, int64_t event_us)
{
    char stamp[32] = "", day[32] = "";
    int64_t us;
    if (!time_of(breadcrumb, &us)) {
        fprintf(out, "  %-*s", CLOCK_TO - CLOCK_FROM + (event_us == STAMP_NONE ? 0 : 11), "-");
        return;
    }
    stamp_print(us, stamp);
    if (event_us != STAMP_NONE)
        stamp_print(event_us, day);
    bool other_day = strncmp(stamp, day, DATE_TO) != 0;
    fprintf(out, "  %.*s", CLOCK_TO - (other_day ? 0 : CLOCK_FROM), stamp + (other_day ? 0 : CLOCK_FROM));
    if (event_us != STAMP_NONE)
        put_offset(out, stamp_clamp(us) - stamp_clamp(event_us));
}

static void put_crumbs(FILE *out, const struct json_node *event)
{
    const struct json_node *c = values_of(event, "breadcrumbs");
    int64_t event_us;
    if (!time_of(event, &event_us))
        event_us = STAMP_NONE;
    if (c)
        fputs("\nbreadcrumbs\n", out);
    for (; c; c = c->next) {
        if (c->type != JSON_MAP)
            continue;
        put_clock(out, c, event_us);
        struct slice level = text_of(c, "level"), category = text_of(c, "category"), message = text_of(c, "message");
        fputs("  ", out);
        show_text(out, level.n ? level : SLICE("info"), 10);
        fprintf(out, "%*s ", (int)(level.n < 7 ? 7 - (level.n ? level.n : 4) : 0), "");
        show_text(out, category, 60);
        fputs(category.n ? "  " : "", out);
        show_text(out, message, LINE_POINTS);
        const struct json_node *data = json_get(c, "data");
        if (data && data->child) {
            fputs(message.n ? "  " : "", out);
            put_node(out, data);
        }
        fputc('\n', out);
    }
}

static void put_message(FILE *out, const struct json_node *event)
{
    const struct json_node *entry = json_get(event, "logentry");
    struct slice text = entry && entry->type == JSON_MAP ? text_of(entry, "formatted") : SLICE_NONE;
    if (!text.n && entry && entry->type == JSON_MAP)
        text = text_of(entry, "message");
    if (!text.n)
        text = text_of(event, "message");
    if (text.n) {
        fputs("\nmessage\n", out);
        show_block(out, text, 2, LINE_POINTS);
    }
}

static void put_members(FILE *out, const struct json_node *event)
{
    static const char *const names[] = {"platform", "logger", "server_name", "environment", "release", "transaction"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct slice v = text_of(event, names[i]);
        if (v.n) {
            fprintf(out, "%-*s", NAME_COLUMN, names[i]);
            show_text(out, v, VALUE_POINTS);
            fputc('\n', out);
        }
    }
    const struct json_node *print = json_get(event, "fingerprint");
    if (print && print->child) {
        fprintf(out, "%-*s", NAME_COLUMN, "fingerprint");
        put_node(out, print);
        fputc('\n', out);
    }
}

/* A check-in of a monitor: a few members, and the schedule. */
static void show_check_in(FILE *out, const struct json_node *check_in)
{
    static const char *const names[] = {"monitor_slug", "status", "environment", "release"};
    fputs("\ncheck-in\n", out);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct slice v = text_of(check_in, names[i]);
        if (!v.n)
            continue;
        put_name(out, slice_str(names[i]), NAME_COLUMN);
        show_text(out, v, VALUE_POINTS);
        fputc('\n', out);
    }
    put_map(out, check_in, "monitor_config");
}

void show_payload(FILE *out, struct slice payload)
{
    struct arena a = {0};
    const struct json_node *event = json_tree(&a, payload);
    if (!event || event->type != JSON_MAP) {
        fputs("\nthis is no event in JSON:\n", out);
        show_block(out, payload, 2, LINE_POINTS);
        arena_done(&a);
        return;
    }
    if (json_get(event, "check_in_id")) {
        show_check_in(out, event);
        arena_done(&a);
        return;
    }
    put_members(out, event);
    put_message(out, event);
    put_exceptions(out, event);
    static const char *const maps[] = {"request", "user", "tags", "contexts", "extra"};
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++)
        put_map(out, event, maps[i]);
    put_crumbs(out, event);
    arena_done(&a);
}
