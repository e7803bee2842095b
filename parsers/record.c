#include "parsers/record.h"

#include <stdio.h>
#include <stdlib.h>

#include "parsers/field_names.h"
#include "parsers/container.h"

static const char *const format_names[FORMAT_N] = {
    [FORMAT_AUTO] = "auto",
#define FORMAT(rank, id, symbol, name, web) [FORMAT_##id] = name,
#include "parsers/formats.def"
};

static const bool format_web[FORMAT_N] = {
#define FORMAT(rank, id, symbol, name, web) [FORMAT_##id] = web,
#include "parsers/formats.def"
};

_Static_assert(offsetof(struct record, fields) + sizeof((struct record *)0)->fields == sizeof(struct record),
               "fields is the last member: what stands behind it would not be copied");

void record_copy_head(struct record *to, const struct record *from)
{
    memcpy(to, from, offsetof(struct record, fields));
}

void record_copy(struct record *to, const struct record *from)
{
    record_copy_head(to, from);
    memcpy(to->fields, from->fields, from->n_fields * sizeof *from->fields);
}

void record_init(struct record *r, enum format format, struct slice raw)
{
    static const struct record blank = {
        .severity = -1, .facility = -1, .time_us = RECORD_NO_TIME, .carried_us = RECORD_NO_TIME, .lines = 1};
    record_copy_head(r, &blank);
    r->format = format;
    r->raw = raw;
#ifdef __SANITIZE_ADDRESS__
    memset(r->fields, 0xa5, sizeof r->fields);
#endif
}

void record_suspect(struct record *r)
{
    static const int WARNING = 4; /* syslog's */
    if (r->forged)
        return;
    r->forged = true;
    if (r->level > LEVEL_WARNING)
        r->level = LEVEL_WARNING;
    if (r->severity >= 0 && r->severity < WARNING)
        r->severity = WARNING;
    record_add(r, SLICE("forged"), SLICE("suspected"), FIELD_STRING);
}

void record_add(struct record *r, struct slice name, struct slice value, enum field_type type)
{
    if (name.n == 0)
        return;
    if (r->n_fields == RECORD_FIELDS_MAX) {
        r->fields_lost = true;
        return;
    }
    r->fields[r->n_fields++] = (struct field){name, value, type};
}

struct field *record_put(struct record *r, struct slice name, struct slice value, enum field_type type)
{
    for (unsigned i = 0; i < r->n_fields; i++) {
        if (slice_eq(r->fields[i].name, name)) {
            r->fields[i] = (struct field){name, value, type};
            return &r->fields[i];
        }
    }
    unsigned n = r->n_fields;
    record_add(r, name, value, type);
    return r->n_fields > n ? &r->fields[n] : NULL;
}

/* The peer of one upstream: host:port of scheme://host:port/uri, or unix:/path of scheme://unix:/path:/uri.
 */
static struct slice peer_of(struct slice upstream)
{
    ptrdiff_t scheme = slice_find(upstream, SLICE("://"));
    struct slice s = slice_from(upstream, scheme < 0 ? 0 : (size_t)scheme + 3);
    if (slice_starts(s, SLICE("unix:"))) {
        const char *end = slice_chr(slice_from(s, 5), ':');
        return end ? slice_of(s.p, (size_t)(end - s.p)) : s;
    }
    return slice_split(&s, '/');
}

/* Of http://…, fastcgi://… what stands in front; empty where there is none. */
static struct slice record_upstream_scheme(const struct record *r)
{
    struct slice s = record_value(r, "upstream");
    ptrdiff_t scheme = slice_find(s, SLICE("://"));
    return scheme > 0 ? slice_sub(s, 0, (size_t)scheme) : SLICE_NONE;
}

struct slice record_upstream_host(const struct record *r)
{
    struct slice s = record_value(r, "upstream");
    if (s.n)
        return peer_of(s);
    /* An access line lists every try: ", " between peers, " : " between internal redirects. The last one
     * answered. */
    s = record_value(r, "upstream_addr");
    ptrdiff_t at = slice_rfind(s, SLICE(" "));
    s = slice_from(s, (size_t)(at + 1));
    return slice_is(s, "-") ? SLICE_NONE : s;
}

/* Method and target of a request line; false when it has not the shape of one. */
static bool request_parts(const struct record *r, struct slice *method, struct slice *target)
{
    struct slice line = record_value(r, "request");
    *method = slice_split(&line, ' ');
    for (size_t i = 0; i < method->n; i++)
        if (!ascii_alnum(method->p[i]) && method->p[i] != '-' && method->p[i] != '_')
            return false;
    if (method->n == 0 || line.n == 0)
        return false;
    ptrdiff_t proto = slice_rfind(line, SLICE(" HTTP/"));
    *target = slice_sub(line, 0, proto < 0 ? line.n : (size_t)proto);
    return true;
}

static struct slice record_request_method(const struct record *r)
{
    struct slice method, target;
    if (request_parts(r, &method, &target))
        return method;
    method = record_value(r, "request_method");
    return method.n ? method : record_value(r, "method");
}

struct slice record_request_path(const struct record *r)
{
    struct slice method, target;
    if (!request_parts(r, &method, &target)) {
        target = record_value(r, "request_uri");
        if (target.n == 0)
            target = record_value(r, "uri");
    }
    /* The absolute form of a request line names scheme and host as well. */
    ptrdiff_t scheme = slice_find(target, SLICE("://"));
    if (scheme > 0 && target.p[0] != '/') {
        struct slice rest = slice_from(target, (size_t)scheme + 3);
        const char *path = slice_chr(rest, '/');
        target = path ? slice_from(rest, (size_t)(path - rest.p)) : SLICE("/");
    }
    return slice_split(&target, '?');
}

enum { NESTED_NAME_MAX = 128 }; /* longer ones are no tags anyway */

/* Whether a name of this role says whose the record is, where the record is not believed. */
static bool is_claim(const struct record *r, enum role role)
{
    switch (role) {
    case ROLE_CONTAINER:
        return r->untrusted || r->container;
    case ROLE_FACT:
    case ROLE_ORIGIN:
    case ROLE_APP:
    case ROLE_HOST:
    case ROLE_REQUEST:
        return r->untrusted;
    default:
        return false;
    }
}

bool record_reserves(const struct record *r, struct slice name)
{
    unsigned rank;
    enum role role = field_names_role(name, &rank);
    if (role == ROLE_FACT || is_claim(r, role))
        return true;
    /* In structured data of syslog and in nested objects: meta.app. There `host` is mostly another's. */
    while (slice_chr(name, '.') && name.n <= NESTED_NAME_MAX) {
        slice_split(&name, '.');
        role = field_names_role(name, &rank);
        if (role != ROLE_HOST && is_claim(r, role))
            return true;
    }
    return false;
}

/* What a template or condition may not read. A record of a web server has its own `server`, `host` and `request_id`. */
static bool is_withheld(const struct record *r, const struct record_ref *ref)
{
    if (!r->untrusted)
        return false;
    bool own =
        format_web[r->format] && (ref->role == ROLE_HOST || ref->role == ROLE_REQUEST || slice_is(ref->name, "server"));
    return !own && is_claim(r, ref->role);
}

static struct slice runs_in(const struct record *r, enum container_member member, struct slice name)
{
    static const char *const fields[CONTAINER_MEMBER_N][3] = {
        [CONTAINER_NAME] = {"container_name", "kubernetes_container_name", "io.kubernetes.container.name"},
        [CONTAINER_POD] = {"pod_name", "kubernetes_pod_name", "io.kubernetes.pod.name"},
        [CONTAINER_NAMESPACE] = {"namespace_name", "kubernetes_namespace_name", "io.kubernetes.pod.namespace"},
        [CONTAINER_IMAGE] = {"image_name", "kubernetes_container_image"},
    };
    if (r->container)
        return container_value(r->container, member, name);
    if (r->untrusted)
        return SLICE_NONE;
    for (size_t k = 0; k < 3 && fields[member][k]; k++) {
        const struct field *f = record_field(r, slice_str(fields[member][k]));
        if (f && f->type == FIELD_STRING)
            return slice_from(f->value, slice_starts(f->value, SLICE("/"))); /* Docker's names begin with one */
    }
    return SLICE_NONE;
}

struct slice record_runs_in(const struct record *r, struct slice name)
{
    return runs_in(r, container_member(name), name);
}

/* --- values by name --- */

static struct slice record_level_text(const struct record *r)
{
    return slice_str(level_name(r->level));
}

static struct slice record_format_text(const struct record *r)
{
    return slice_str(format_names[r->format]);
}

/* What a record has by this name beside fields. Nothing is made that is not asked for. */
struct record_fact {
    const char *name;
    size_t at; /* of a member, where `of` is NULL */
    struct slice (*of)(const struct record *r);
    bool derived; /* where there is no field of this name */
};

static const struct record_fact facts[] = {
    {"message", offsetof(struct record, message), NULL, false},
    {"host", offsetof(struct record, host), NULL, false},
    {"app", offsetof(struct record, app), NULL, false},
    {"procid", offsetof(struct record, procid), NULL, false},
    {"msgid", offsetof(struct record, msgid), NULL, false},
    {"logger", offsetof(struct record, logger), NULL, false},
    {"request_id", offsetof(struct record, request_id), NULL, false},
    {"trace_id", offsetof(struct record, trace_id), NULL, false},
    {"span_id", offsetof(struct record, span_id), NULL, false},
    {"full_message", offsetof(struct record, full_message), NULL, false},
    {"input", offsetof(struct record, input), NULL, false},
    {"peer", offsetof(struct record, peer), NULL, false},
    {"exception.type", offsetof(struct record, exception_type), NULL, false},
    {"exception.value", offsetof(struct record, exception_value), NULL, false},
    {"level", 0, record_level_text, false},
    {"format", 0, record_format_text, false},
    {"upstream.host", 0, record_upstream_host, true},
    {"upstream.scheme", 0, record_upstream_scheme, true},
    {"request.method", 0, record_request_method, true},
    {"request.path", 0, record_request_path, true},
};

_Static_assert(sizeof facts / sizeof *facts <= RECORD_MEMBERS, "record_members has room for all");

unsigned record_members(const char *names[RECORD_MEMBERS])
{
    unsigned n = 0;
    for (; n < sizeof facts / sizeof *facts; n++)
        names[n] = facts[n].name;
    return n;
}

struct record_ref record_ref(struct slice name)
{
    unsigned rank;
    struct record_ref ref = {.name = name, .member = container_member(name), .role = field_names_role(name, &rank)};
    for (size_t i = 0; i < sizeof facts / sizeof *facts && !ref.fact; i++)
        if (slice_is(name, facts[i].name))
            ref.fact = &facts[i];
    return ref;
}

static struct slice fact_value(const struct record *r, const struct record_fact *fact)
{
    struct slice v;
    if (fact->of)
        return fact->of(r);
    memcpy(&v, (const char *)r + fact->at, sizeof v);
    return v;
}

struct slice record_value_of(const struct record *r, const struct record_ref *ref)
{
    struct slice own = ref->fact && !ref->fact->derived ? fact_value(r, ref->fact) : SLICE_NONE;
    if (own.n)
        return own;
    struct slice origin = ref->member ? runs_in(r, ref->member, ref->name) : SLICE_NONE;
    if (r->container && origin.n)
        return origin;
    /* An absent member does not hide a field of its name: nginx's `host` is the request's, not the machine's. */
    const struct field *f = record_field(r, ref->name);
    if (f && !is_withheld(r, ref))
        return f->value;
    if (origin.n)
        return origin;
    return ref->fact && ref->fact->derived ? fact_value(r, ref->fact) : SLICE_NONE;
}

struct slice record_get(const struct record *r, struct slice name)
{
    const struct record_ref ref = record_ref(name);
    return record_value_of(r, &ref);
}

const char *format_name(enum format f)
{
    return f < FORMAT_N ? format_names[f] : "";
}

bool format_is_web(enum format f)
{
    return format_web[f];
}

enum format format_by_name(struct slice name)
{
    for (unsigned f = 0; f < FORMAT_N; f++)
        if (slice_is(name, format_names[f]))
            return (enum format)f;
    return FORMAT_N;
}

static void put(struct json *j, const char *key, struct slice v)
{
    if (v.n == 0)
        return;
    json_key(j, key);
    json_str(j, v);
}

/* What is known of the container: it counts before a field of the same name. */
static void put_origin(const struct record *r, struct json *j)
{
    static const char *const names[] = {"container", "container_id", "pod", "pod_uid", "namespace", "image"};
    for (size_t i = 0; r->container && i < sizeof names / sizeof *names; i++)
        put(j, names[i], container_get(r->container, slice_str(names[i])));
}

static void put_fields(const struct record *r, struct json *j)
{
    if (r->n_fields == 0 && !r->container)
        return;
    json_key(j, "fields");
    json_map(j);
    put_origin(r, j);
    for (const struct field *f = r->fields; f < r->fields + r->n_fields; f++) {
        if (record_field(r, f->name) != f || (r->container && container_get(r->container, f->name).n))
            continue;
        json_key_s(j, f->name);
        if ((f->type == FIELD_NUMBER && json_number_ok(f->value)) || (f->type == FIELD_BOOL && f->value.n))
            json_raw(j, f->value);
        else
            json_str(j, f->value);
    }
    json_map_end(j);
}

static void put_prefixed(struct json *j, struct slice prefix, struct slice v)
{
    struct sbuf key;
    sbuf_init(&key, prefix.n + v.n + 1);
    sbuf_adds(&key, prefix);
    sbuf_adds(&key, v);
    json_str(j, sbuf_slice(&key));
    sbuf_done(&key);
}

static void put_keys(const struct record *r, struct json *j)
{
    struct slice pid = record_value(r, "pid"), connection = record_value(r, "connection");
    bool web = format_web[r->format] && pid.n && connection.n;
    if (!r->request_id.n && !r->trace_id.n && !web)
        return;
    json_key(j, "keys");
    json_array(j);
    if (r->request_id.n)
        put_prefixed(j, SLICE("req:"), r->request_id);
    if (r->trace_id.n)
        put_prefixed(j, SLICE("trace:"), r->trace_id);
    if (web) {
        char text[64];
        int n = snprintf(text, sizeof text, "conn:%.*s*%.*s", SLICE_ARG(slice_sub(pid, 0, 24)),
                         SLICE_ARG(slice_sub(connection, 0, 24)));
        json_str(j, slice_of(text, (size_t)n));
    }
    json_array_end(j);
}

void record_json_members(const struct record *r, struct json *j)
{
    put(j, "format", slice_str(format_names[r->format]));
    if (r->time_us != RECORD_NO_TIME) {
        json_key(j, "time");
        json_time(j, r->time_us);
    }
    put(j, "level", slice_str(level_name(r->level)));
    if (r->facility >= 0) {
        json_key(j, "facility");
        json_int(j, r->facility);
    }
    if (r->severity >= 0) {
        json_key(j, "severity");
        json_int(j, r->severity);
    }
    put(j, "host", r->host);
    put(j, "app", r->app);
    put(j, "procid", r->procid);
    put(j, "msgid", r->msgid);
    put(j, "logger", r->logger);
    put(j, "message", r->message);
    put(j, "full_message", r->full_message);
    put(j, "request_id", r->request_id);
    put(j, "trace_id", r->trace_id);
    put(j, "span_id", r->span_id);
    if (r->truncated) {
        json_key(j, "truncated");
        json_bool(j, true);
    }
    if (r->times) {
        json_key(j, "repeated");
        json_int(j, r->times);
    }
    put_fields(r, j);
    put_keys(r, j);
}

void record_json(const struct record *r, struct sbuf *out)
{
    struct json j;
    json_start(&j, out);
    json_map(&j);
    record_json_members(r, &j);
    json_map_end(&j);
    json_end(&j);
}

void record_json_refused(const char *reason, struct slice raw, struct sbuf *out)
{
    struct json j;
    json_start(&j, out);
    json_map(&j);
    put(&j, "error", slice_str(reason));
    json_key(&j, "raw");
    json_str(&j, raw);
    json_map_end(&j);
    json_end(&j);
}

const char *const record_names_of_origin[] = {"app", "input",     "peer",  "format", "container",
                                              "pod", "namespace", "image", NULL};
