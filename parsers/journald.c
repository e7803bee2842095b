#include "parsers/journald.h"

#include "parsers/alias.h"
#include "parsers/inner.h"
#include "parsers/parsers.h"
#include "text/json.h"

/* What the journal knows by itself (names with one underscore) and is worth a field; the rest of these is
 * left out. */
static const struct {
    const char *name, *field;
} trusted[] = {{"_BOOT_ID", "boot_id"},     {"_CMDLINE", "cmdline"},     {"_EXE", "exe"},
               {"_STREAM_ID", "stream_id"}, {"_TRANSPORT", "transport"}, {"_UID", "uid"},
               {"CODE_FILE", "file"},       {"CODE_LINE", "line"},       {"CODE_FUNC", "function"}};

struct entry {
    struct parse_ctx *ctx;
    struct record *r;
    struct slice message, identifier, comm, pid, syslog_pid;
    struct slice unit, own_unit;
    int64_t sent_us, written_us;
};

static int64_t microseconds(struct slice v)
{
    uint64_t us;
    return slice_u64(v, &us) && us > 0 && us < INT64_MAX ? (int64_t)us : RECORD_NO_TIME;
}

/* The fields that have a place of their own in a record. */
static bool take_known(struct entry *e, struct slice name, struct slice v)
{
    const struct {
        const char *name;
        struct slice *to;
    } places[] = {{"MESSAGE", &e->message},
                  {"MESSAGE_ID", &e->r->msgid},
                  {"SYSLOG_IDENTIFIER", &e->identifier},
                  {"SYSLOG_PID", &e->syslog_pid},
                  {"_COMM", &e->comm},
                  {"_PID", &e->pid},
                  {"_HOSTNAME", &e->r->host},
                  {"_SYSTEMD_UNIT", &e->own_unit},
                  {"UNIT", &e->unit},
                  {"COREDUMP_UNIT", &e->unit},
                  {"OBJECT_SYSTEMD_UNIT", &e->unit}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (slice_is(name, places[i].name)) {
            *places[i].to = v;
            return true;
        }
    }
    uint64_t n;
    if (slice_is(name, "PRIORITY") && slice_u64(v, &n) && n <= 7)
        e->r->severity = (int)n;
    else if (slice_is(name, "SYSLOG_FACILITY") && slice_u64(v, &n) && n <= 23)
        e->r->facility = (int)n;
    else if (slice_is(name, "_SOURCE_REALTIME_TIMESTAMP"))
        e->sent_us = microseconds(v);
    else if (slice_is(name, "__REALTIME_TIMESTAMP"))
        e->written_us = microseconds(v);
    else
        return false;
    return true;
}

static struct slice lower(struct arena *a, struct slice name)
{
    char *p = arena_alloc(a, name.n);
    for (size_t i = 0; i < name.n; i++)
        p[i] = ascii_lower(name.p[i]);
    return slice_of(p, name.n);
}

static void take(struct entry *e, struct slice name, struct slice v)
{
    unsigned rank;
    if (!name.n || !v.n || take_known(e, name, v))
        return;
    for (size_t i = 0; i < sizeof trusted / sizeof *trusted; i++) {
        if (slice_is(name, trusted[i].name)) {
            record_put(e->r, slice_str(trusted[i].field), v, FIELD_STRING);
            return;
        }
    }
    if (*name.p == '_')
        return;
    enum role role = alias_role(name, &rank);
    if (role == ROLE_REQUEST || role == ROLE_TRACE || role == ROLE_SPAN || role == ROLE_TRACEPARENT ||
        role == ROLE_LOGGER)
        alias_take(e->r, role, v);
    record_put(e->r, lower(e->ctx->arena, name), v, FIELD_STRING);
}

static void start(struct entry *e, struct parse_ctx *ctx, struct record *r)
{
    *e = (struct entry){.ctx = ctx, .r = r, .sent_us = RECORD_NO_TIME, .written_us = RECORD_NO_TIME};
}

static bool finish(struct entry *e)
{
    struct record *r = e->r;
    if (!e->message.n) {
        e->ctx->reason = "journal entry without MESSAGE";
        return false;
    }
    r->format = FORMAT_SYSLOG;
    r->app = e->identifier.n ? e->identifier : e->comm;
    r->procid = e->pid.n ? e->pid : e->syslog_pid;
    if (!e->unit.n)
        e->unit = e->own_unit;
    if (e->unit.n)
        record_put(r, SLICE("unit"), e->unit, FIELD_STRING);
    enum level priority = level_from_severity(r->severity);
    inner_any(e->ctx, r, e->message);
    /* What a unit prints has priority 6 whatever it is, so the text may say worse; it does not say better. */
    if (r->level < priority)
        r->level = priority;
    int64_t us = e->sent_us != RECORD_NO_TIME ? e->sent_us : e->written_us;
    r->time_us = us != RECORD_NO_TIME ? us : r->time_us;
    return true;
}

bool journald_fields(struct parse_ctx *ctx, struct record *r, const struct journald_field *fields, size_t n)
{
    struct entry e;
    start(&e, ctx, r);
    for (size_t i = 0; i < n; i++)
        take(&e, fields[i].name, fields[i].value);
    return finish(&e);
}

/* An array is either the bytes of a value that is not printable, or the values of a field that came more than
 * once. */
struct array {
    char *p;
    size_t n, max;
    struct slice first;
    struct arena *arena;
};

static bool array_number(void *u, struct slice text)
{
    struct array *a = u;
    uint64_t byte;
    if (!slice_u64(text, &byte) || byte > 255 || a->n == a->max)
        return false;
    a->p[a->n++] = (char)(unsigned char)byte;
    return true;
}

static bool array_string(void *u, struct slice v)
{
    struct array *a = u;
    a->first = arena_dup(a->arena, v);
    return false;
}

static struct slice array_value(struct arena *arena, struct slice text)
{
    static const struct json_handler h = {.number = array_number, .string = array_string};
    /* "0," is the shortest byte. */
    struct array a = {.arena = arena, .max = text.n / 2 + 1};
    a.p = arena_alloc(arena, a.max);
    enum json_result result = json_read(text, &h, &a, NULL);
    if (a.first.p)
        return a.first;
    return result == JSON_OK ? slice_of(a.p, a.n) : SLICE_NONE;
}

static bool member(void *u, const struct json_member *m)
{
    struct entry *e = u;
    if (m->type == JSON_STRING || m->type == JSON_NUMBER)
        take(e, m->name, m->value);
    else if (m->type == JSON_ARRAY)
        take(e, m->name, array_value(e->ctx->arena, m->value));
    return true;
}

bool journald_json(struct parse_ctx *ctx, struct record *r)
{
    struct entry e;
    start(&e, ctx, r);
    if (json_members(r->raw, ctx->arena, 1, member, &e, NULL) != JSON_OK) {
        ctx->reason = "journal: not a JSON object";
        return false;
    }
    return finish(&e);
}

const struct parser parser_journal = {.name = "journal", .format = FORMAT_JOURNAL, .parse = journald_json};
