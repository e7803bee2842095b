/*
 * journald: an entry of the systemd journal, as one object of `journalctl -o json`. Its record is of format SYSLOG: it
 * has facility, severity, identifier and pid as a syslog message has.
 *
 * Which members come from where is systemd.journal-fields(7). Values may be arrays of byte numbers (not printable) or
 * of strings (the first counts), or null (too large). The message may have several lines; what is in it of a format of
 * its own is read further (nested.h). Times are microseconds, the sender's (_SOURCE_REALTIME_TIMESTAMP) before the
 * journal's.
 */
#include "parsers/field_names.h"
#include "parsers/nested.h"
#include "parsers/parsers.h"
#include "parsers/syslog_parts.h"
#include "text/json.h"

enum fact { FACT_BOOT, FACT_CMDLINE, FACT_EXE, FACT_STREAM, FACT_TRANSPORT, FACT_UID, FACT_UNIT, FACT_N };

/* What the journal knows by itself (names with one underscore) and is worth a field; the rest of these is left out. A
 * sender's field of such a name keeps its capitals: it is a claim. */
static const struct {
    const char *name, *field;
} facts[FACT_N] = {[FACT_BOOT] = {"_BOOT_ID", "boot_id"},
                   [FACT_CMDLINE] = {"_CMDLINE", "cmdline"},
                   [FACT_EXE] = {"_EXE", "exe"},
                   [FACT_STREAM] = {"_STREAM_ID", "stream_id"},
                   [FACT_TRANSPORT] = {"_TRANSPORT", "transport"},
                   [FACT_UID] = {"_UID", "uid"},
                   [FACT_UNIT] = {"_SYSTEMD_UNIT", "unit"}};

/* What a program says of itself by names of its own. */
static const struct {
    const char *name, *field;
} renamed[] = {{"CODE_FILE", "file"}, {"CODE_LINE", "line"}, {"CODE_FUNC", "function"}};

/* systemd.journal-fields(7): the MESSAGE_ID of a core dump. */
static const struct slice coredump = {"fc2e22bc6ee647b6b90729ab34a250b1", 32};

struct entry {
    struct parse_ctx *ctx;
    struct record *r;
    struct slice message, identifier, comm, pid, syslog_pid;
    struct slice fact[FACT_N];
    struct slice unit, coredump_unit, object_unit; /* of whom the entry speaks */
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
                  {"UNIT", &e->unit},
                  {"COREDUMP_UNIT", &e->coredump_unit},
                  {"OBJECT_SYSTEMD_UNIT", &e->object_unit}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (slice_is(name, places[i].name)) {
            *places[i].to = v;
            return true;
        }
    }
    uint64_t n;
    /* rsyslog's omjournal writes the facility into it, too. */
    if (slice_is(name, "PRIORITY") && slice_u64(v, &n) && n <= 191)
        e->r->severity = (int)(n & 7);
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

static struct slice upper(struct arena *a, struct slice name)
{
    char *p = arena_alloc(a, name.n);
    for (size_t i = 0; i < name.n; i++)
        p[i] = name.p[i] >= 'a' && name.p[i] <= 'z' ? (char)(name.p[i] - 32) : name.p[i];
    return slice_of(p, name.n);
}

static bool take_fact(struct entry *e, struct slice name, struct slice v)
{
    for (size_t i = 0; i < FACT_N; i++)
        if (slice_is(name, facts[i].name)) {
            e->fact[i] = v;
            return true;
        }
    return *name.p == '_';
}

/* Leaves room for the facts, however many fields a sender makes up. */
static void put_own(struct entry *e, struct slice name, struct slice v)
{
    if (e->r->n_fields + FACT_N < RECORD_FIELDS_MAX)
        record_put(e->r, name, v, FIELD_STRING);
    else
        e->r->fields_lost = true;
}

/* By which name a program's own field is known. */
static struct slice own_name(struct entry *e, struct slice name)
{
    for (size_t i = 0; i < sizeof renamed / sizeof *renamed; i++)
        if (slice_is(name, renamed[i].name))
            return slice_str(renamed[i].field);
    for (size_t i = 0; i < FACT_N; i++)
        if (slice_ieq(name, slice_str(facts[i].field)))
            return name;
    return lower(e->ctx->arena, name);
}

static void take(struct entry *e, struct slice name, struct slice v)
{
    unsigned rank;
    if (!name.n || !v.n || take_known(e, name, v) || take_fact(e, name, v))
        return;
    enum role role = field_names_role(name, &rank);
    if (role == ROLE_REQUEST || role == ROLE_TRACE || role == ROLE_SPAN || role == ROLE_TRACEPARENT ||
        role == ROLE_LOGGER)
        field_names_take(e->r, role, v);
    if (role == ROLE_STACK && slice_chr(v, '\n') && !e->r->full_message.n)
        e->r->full_message = v;
    put_own(e, own_name(e, name), v);
}

/*
 * Of which unit the entry is: of the sender's, unless the sender may speak about others: systemd itself by UNIT, root
 * by the field that journald and systemd-coredump give. From anyone else these are claims.
 */
static void find_unit(struct entry *e)
{
    /* Every program's entry has both: without them it is the kernel's or journald's own, or a trimmed export. */
    bool unsaid = !e->pid.n && !e->fact[FACT_UID].n;
    bool root = unsaid || slice_is(e->fact[FACT_UID], "0"), manager = unsaid || slice_is(e->pid, "1");
    bool dumped = root && slice_eq(e->r->msgid, coredump);
    const struct {
        const char *name;
        struct slice value;
        bool believed;
    } said[] = {{"UNIT", e->unit, manager},
                {"COREDUMP_UNIT", e->coredump_unit, dumped},
                {"OBJECT_SYSTEMD_UNIT", e->object_unit, root}};
    bool found = false;
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        if (!said[i].value.n)
            continue;
        if (said[i].believed && !found)
            e->fact[FACT_UNIT] = said[i].value;
        else
            put_own(e, own_name(e, slice_str(said[i].name)), said[i].value);
        found |= said[i].believed;
    }
}

/* What was found in the message is kept beside the fact, in capitals as a claim is. */
static void put_facts(struct entry *e)
{
    for (size_t i = 0; i < FACT_N; i++) {
        struct slice name = slice_str(facts[i].field);
        const struct field *claimed = record_field(e->r, name);
        if (!e->fact[i].n)
            continue;
        if (claimed && !slice_eq(claimed->value, e->fact[i])) {
            struct slice value = claimed->value;
            record_add(e->r, upper(e->ctx->arena, name), value, claimed->type);
        }
        record_put(e->r, name, e->fact[i], FIELD_STRING);
    }
}

/* uid=1000 pid=812 unit=shop.service */
static struct slice peer_of(struct entry *e, struct slice unit)
{
    const struct {
        const char *name;
        struct slice value;
    } parts[] = {{"uid", e->fact[FACT_UID]}, {"pid", e->pid}, {"unit", unit}};
    struct sbuf text;
    sbuf_init(&text, 512);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].value.n)
            sbuf_addf(&text, "%s%s=%.*s", text.n ? " " : "", parts[i].name,
                      SLICE_ARG(slice_sub(parts[i].value, 0, 128)));
    struct slice kept = arena_dup(e->ctx->arena, sbuf_slice(&text));
    sbuf_done(&text);
    return kept;
}

static void start(struct entry *e, struct parse_ctx *ctx, struct record *r)
{
    *e = (struct entry){.ctx = ctx, .r = r, .sent_us = RECORD_NO_TIME, .written_us = RECORD_NO_TIME};
}

/* Docker's and podman's drivers write what a container prints: under the container's id or conmon's name, unless they
 * were given a tag. */
static bool is_containers(const struct entry *e)
{
    return record_value(e->r, "container_id").n > 0;
}

static struct slice program_of(const struct entry *e)
{
    struct slice name = record_value(e->r, "container_name");
    bool id = slice_eq(e->identifier, record_value(e->r, "container_id")) || slice_is(e->identifier, "conmon");
    if (is_containers(e) && name.n && (id || !e->identifier.n))
        return name;
    return e->identifier.n ? e->identifier : e->comm;
}

/* What a unit prints has the priority of its pipe, whatever it is; what a container prints, that of its stream. */
static enum nested_level worth_of_priority(const struct entry *e)
{
    struct slice transport = e->fact[FACT_TRANSPORT];
    bool printed = slice_is(transport, "stdout") || e->r->severity < 0 || is_containers(e);
    bool native = slice_is(transport, "journal");
    return printed || (!native && syslog_is_common(e->r->facility)) ? NESTED_PRINTED : NESTED_SAID;
}

static bool finish(struct entry *e)
{
    struct record *r = e->r;
    if (!e->message.n) {
        e->ctx->reason = "journal entry without MESSAGE";
        return false;
    }
    r->format = FORMAT_SYSLOG;
    r->app = program_of(e);
    r->procid = e->pid.n ? e->pid : e->syslog_pid;
    if (!r->untrusted)
        r->peer = peer_of(e, e->fact[FACT_UNIT]);
    find_unit(e);
    put_facts(e);
    r->level = level_from_severity(r->severity);
    /* Docker's driver marks the pieces of a line that it cut, but for the last. */
    r->piece = slice_is(record_value(r, "container_partial_message"), "true");
    r->truncated |= r->piece;
    nested_any(e->ctx, r, e->message, worth_of_priority(e));
    put_facts(e); /* the text may have had fields of these names */
    int64_t us = e->sent_us != RECORD_NO_TIME ? e->sent_us : e->written_us;
    r->time_us = us != RECORD_NO_TIME ? us : r->time_us;
    return true;
}

/* An array is either the bytes of a value that is not printable, or the values of a field that came more than
 * once. */
struct array {
    char *p;
    size_t n, max;
    struct slice first;
    struct arena *arena;
};

static bool journald_array_number(void *u, struct slice text)
{
    struct array *a = u;
    uint64_t byte;
    if (!slice_u64(text, &byte) || byte > 255 || a->n == a->max)
        return false;
    a->p[a->n++] = (char)(unsigned char)byte;
    return true;
}

static bool journald_array_string(void *u, struct slice v)
{
    struct array *a = u;
    a->first = arena_dup(a->arena, v);
    return false;
}

static struct slice array_value(struct arena *arena, struct slice text)
{
    static const struct json_handler h = {.number = journald_array_number, .string = journald_array_string};
    /* "0," is the shortest byte. */
    struct array a = {.arena = arena, .max = text.n / 2 + 1};
    a.p = arena_alloc(arena, a.max);
    enum json_result result = json_read(text, &h, &a, NULL);
    if (a.first.p)
        return a.first;
    return result == JSON_OK ? slice_of(a.p, a.n) : SLICE_NONE;
}

static bool journald_member(void *u, const struct json_member *m)
{
    struct entry *e = u;
    if (m->type == JSON_STRING || m->type == JSON_NUMBER)
        take(e, m->name, m->value);
    else if (m->type == JSON_ARRAY)
        take(e, m->name, array_value(e->ctx->arena, m->value));
    return true;
}

static bool journald_parse(struct parse_ctx *ctx, struct record *r)
{
    struct entry e;
    start(&e, ctx, r);
    if (json_members(r->raw, ctx->arena, 1, journald_member, &e, NULL) != JSON_OK) {
        ctx->reason = "journal: not a JSON object";
        return false;
    }
    return finish(&e);
}

static const char *journald_detect(struct slice line)
{
    struct slice s = parser_front(line);
    bool entry = *s.p == '{' && slice_find(s, SLICE("\"MESSAGE\"")) >= 0 &&
                 (slice_find(s, SLICE("\"__CURSOR\"")) >= 0 || slice_find(s, SLICE("\"__REALTIME_TIMESTAMP\"")) >= 0);
    return entry ? "an object as journalctl -o json prints it" : NULL;
}

const struct format_traits format_journal = {0};
const struct parser parser_journal = {.detect = journald_detect, .parse = journald_parse};
