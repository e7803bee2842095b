#include "core/event_members.h"

#include "base/utf8.h"
#include "core/origin.h"
#include "parsers/container.h"
#include "parsers/field_names.h"
#include "parsers/parser.h"
#include "text/keys.h"

/* sentry-protocol.md, 3.2 and 8: what every receiver keeps. */
enum { TAG_KEY_MAX = 32, TAG_VALUE_MAX = 200, TAGS_MAX = 60, FIELD_TAGS_MAX = 20, FIELD_TAG_VALUE_MAX = 100 };
/* A context may hold 8 KiB; past about half of it the rest of the fields is left out. */
enum { CONTEXT_BYTES_MAX = 6000, CONTEXT_VALUE_MAX = 1024, FULL_MESSAGE_MAX = 3500 };
enum { USER_MAX = 128, EMAIL_MAX = 75, KIND_MAX = 512 };

/* --- tags --- */

struct tagger {
    struct event_writer *w;
    struct slice keys[TAGS_MAX];
    unsigned n;
};

bool event_members_tag_is_reserved(struct slice key)
{
    static const char *const names[] = {"release",  "dist",        "user",  "filename",
                                        "function", "environment", "level", "server_name"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_is(key, names[i]))
            return true;
    return false;
}

/* Returns the key in the alphabet of tags, or nothing when none of its bytes can be kept. */
static struct slice tag_key(struct slice key, struct arena *a)
{
    key = slice_sub(key, 0, TAG_KEY_MAX);
    char *p = arena_cstr(a, key);
    for (size_t i = 0; i < key.n; i++)
        if (!ascii_alnum(p[i]) && !strchr("_.:-", p[i]))
            p[i] = '-';
    return slice_of(p, key.n);
}

/* Writes a tag of crumbd's own, which no log can choose, as it is: the address of an input is no client's, even if it
   looks like one. */
static void put_own_tag(struct tagger *t, struct slice key, struct slice value)
{
    value = slice_trim(value);
    value = slice_trim(slice_split(&value, '\n'));
    if (!key.n || !value.n || t->n >= TAGS_MAX || event_members_tag_is_reserved(key))
        return;
    for (unsigned i = 0; i < t->n; i++)
        if (slice_eq(t->keys[i], key))
            return;
    t->keys[t->n++] = key;
    json_key_s(&t->w->json, key);
    json_str_max(&t->w->json, value, TAG_VALUE_MAX);
}

static void put_tag(struct tagger *t, struct slice key, struct slice value)
{
    key = tag_key(key, t->w->arena);
    put_own_tag(t, key, scrub_value(t->w->scrub, key, value, t->w->arena));
}

/* Whether a field has its own place in the event, or differs in every message. */
static bool has_own_place(struct slice name)
{
    static const char *const names[] = {
        "file",        "line",   "function",     "func",      "module",      "request_id", "trace_id",    "span_id",
        "logger_name", "logger", "full_message", "timestamp", "stack_trace", "exception",  "level_value", "@version"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_is(name, names[i]))
            return true;
    return false;
}

/* It has become the exception. */
static bool is_in_exception(const struct record *r, struct slice name)
{
    unsigned rank;
    if (!r->trace || !r->error_type.n)
        return false;
    enum role role = field_names_role(name, &rank);
    return role == ROLE_ERROR_TYPE || role == ROLE_ERROR;
}

static bool tells_nothing_apart(const struct record *r, struct slice name)
{
    if (is_in_exception(r, name))
        return true;
    const struct format_traits *traits = format_traits(r->format);
    return traits->tells_nothing_apart && traits->tells_nothing_apart(r, name);
}

/* Whether a field fits into a tag; every other field that may be shown is kept in a context. */
static bool fits_tag(const struct record *r, const struct field *f)
{
    if (r->home && r->home->own && slice_is(f->name, "arguments"))
        return false; /* of a command: they differ each time */
    return r->n_fields <= FIELD_TAGS_MAX && f->type != FIELD_JSON && f->name.n <= TAG_KEY_MAX && f->value.n &&
           f->value.n <= FIELD_TAG_VALUE_MAX && !slice_chr(f->value, '\n') && !tells_nothing_apart(r, f->name) &&
           !event_members_tag_is_reserved(f->name) && !record_reserves(r, f->name);
}

bool event_members_shows(struct scrub *scrub, struct slice name, struct slice value)
{
    return !has_own_place(name) && !scrub_is_client(scrub, name, value);
}

static bool may_show(const struct event_writer *w, const struct field *f)
{
    return event_members_shows(w->scrub, f->name, f->value) ||
           (!scrub_is_client(w->scrub, f->name, f->value) && record_reserves(w->src->record, f->name));
}

/* Returns the id of nginx's access line, else the record's own, but not an id that a field of a sender who is not
   trusted claims. */
static struct slice transaction_id(const struct event_writer *w)
{
    const struct record *r = w->src->record;
    if (w->src->access.transaction_id.n)
        return w->src->access.transaction_id;
    return r->untrusted && !format_is_web(r->format) ? SLICE_NONE : r->request_id;
}

/* Writes the tags that the record's format has, or all fields that fit. */
static void put_format_tags(struct tagger *t, const struct record *r)
{
    const struct format_value *value = format_traits(r->format)->tags;
    if (!value) {
        put_tag(t, SLICE("msgid"), r->msgid);
        for (unsigned i = 0; i < r->n_fields; i++)
            if (fits_tag(r, &r->fields[i]) && may_show(t->w, &r->fields[i]))
                put_tag(t, r->fields[i].name, r->fields[i].value);
        return;
    }
    for (; value->name.p; value++)
        put_tag(t, value->name, format_value_of(value, r));
}

void event_members_tags(struct event_writer *w)
{
    static const struct slice origin[] = {{"container", 9}, {"pod", 3}, {"namespace", 9}, {"image", 5}};
    const struct record *r = w->src->record;
    const struct verdict *v = w->src->verdict;
    struct tagger t = {.w = w};
    json_key(&w->json, "tags");
    json_map(&w->json);
    for (unsigned i = 0; i < v->n_tags; i++)
        put_tag(&t, v->tags[i].key, v->tags[i].value);
    put_tag(&t, SLICE("transaction_id"), transaction_id(w));
    if (v->texts->rule.n)
        put_tag(&t, SLICE("rule"), v->texts->rule);
    if (r->forged)
        put_tag(&t, SLICE("forged"), SLICE("suspected"));
    if (!r->home || !r->home->own)
        put_tag(&t, SLICE("format"), slice_str(format_name(r->format)));
    put_own_tag(&t, SLICE("input"), r->input);
    put_own_tag(&t, SLICE("peer"), r->peer);
    put_tag(&t, SLICE("app"), r->app.n || !r->home ? r->app : r->home->program);
    if (!r->app.n && !(r->home && r->home->program.n))
        put_tag(&t, SLICE("file"), origin_file(r, w->arena));
    for (size_t i = 0; i < sizeof origin / sizeof *origin; i++)
        put_tag(&t, origin[i], record_runs_in(r, origin[i]));
    put_format_tags(&t, r);
    json_map_end(&w->json);
}

/* --- user --- */

static bool is_address(struct slice s)
{
    bool dots = false, colons = false;
    for (size_t i = 0; i < s.n; i++) {
        dots |= s.p[i] == '.';
        colons |= s.p[i] == ':';
        if (!ascii_hex(s.p[i]) && s.p[i] != '.' && s.p[i] != ':')
            return false;
    }
    return s.n >= 2 && s.n <= 45 && (dots || colons);
}

void event_members_user(struct event_writer *w)
{
    const struct event_texts *texts = w->src->verdict->texts;
    struct slice ip = texts->user_ip.n ? texts->user_ip : record_value(w->src->record, "client");
    if (!w->opt->scrub.send_ip || !is_address(ip))
        ip = SLICE_NONE;
    if (!ip.n && !texts->user_id.n && !texts->username.n && !texts->email.n)
        return;
    json_key(&w->json, "user");
    json_map(&w->json);
    event_writer_text(w, "id", texts->user_id, USER_MAX);
    event_writer_text(w, "username", texts->username, USER_MAX);
    event_writer_text(w, "email", texts->email, EMAIL_MAX);
    event_writer_text(w, "ip_address", ip, 45);
    json_map_end(&w->json);
}

/* --- contexts --- */

static void put_number(struct event_writer *w, const char *key, struct slice v)
{
    if (!json_number_ok(v)) {
        event_writer_text(w, key, v, CONTEXT_VALUE_MAX);
        return;
    }
    json_key(&w->json, key);
    json_raw(&w->json, v);
}

static void put_member(struct event_writer *w, const struct format_member *m, struct slice value)
{
    if (m->as == FORMAT_MEMBER_NUMBER) {
        put_number(w, m->name, value);
    } else if (m->as == FORMAT_MEMBER_TEXT) {
        event_writer_text(w, m->name, value, m->max);
    } else if (value.n) {
        json_key(&w->json, m->name);
        event_writer_value(w, slice_str(m->name), value, m->max);
    }
}

/* Writes the context that the record's format has. */
static void event_members_format(struct event_writer *w, const struct record *r, const struct format_traits *traits)
{
    json_key(&w->json, traits->context);
    json_map(&w->json);
    json_key(&w->json, "type");
    json_str(&w->json, slice_str(traits->context));
    for (const struct format_member *m = traits->members; m->name; m++)
        put_member(w, m, record_value(r, m->from));
    json_map_end(&w->json);
}

static bool has_fields_for_context(const struct event_writer *w, const struct record *r)
{
    for (unsigned i = 0; i < r->n_fields; i++)
        if (!fits_tag(r, &r->fields[i]) && may_show(w, &r->fields[i]) && r->fields[i].value.n)
            return true;
    return false;
}

/* Writes the fields that are too long, too deep or too many for tags. */
static void event_members_fields(struct event_writer *w, const struct record *r)
{
    size_t start = w->json.out->n;
    json_key(&w->json, "fields");
    json_map(&w->json);
    for (unsigned i = 0; i < r->n_fields && w->json.out->n - start < CONTEXT_BYTES_MAX; i++) {
        const struct field *f = &r->fields[i];
        bool known = false;
        for (unsigned k = 0; k < i && !known; k++)
            known = slice_eq(r->fields[k].name, f->name);
        if (known || fits_tag(r, f) || !may_show(w, f) || !f->value.n)
            continue;
        struct slice value = scrub_value(w->scrub, f->name, f->value, w->arena);
        bool as_it_was = value.p == f->value.p;
        json_key_s(&w->json, f->name);
        if (f->type == FIELD_NUMBER && as_it_was && json_number_ok(value))
            json_raw(&w->json, value);
        else if (f->type == FIELD_BOOL && as_it_was)
            json_bool(&w->json, slice_is(value, "true"));
        else
            json_str_max(&w->json, value, CONTEXT_VALUE_MAX);
    }
    json_map_end(&w->json);
}

static bool is_id(struct slice s, size_t digits)
{
    bool zero = true;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_hex(s.p[i]))
            return false;
        zero &= s.p[i] == '0';
    }
    return s.n == digits && !zero;
}

static struct slice lower(struct arena *a, struct slice s)
{
    char *p = arena_cstr(a, s);
    for (size_t i = 0; i < s.n; i++)
        p[i] = ascii_lower(p[i]);
    return slice_of(p, s.n);
}

/* sentry-protocol.md, 7.1: both ids or none; a span of our own (from the event's id) is legitimate when only the trace
 * is known. */
static void event_members_trace(struct event_writer *w, const struct record *r)
{
    if (!is_id(r->trace_id, 32))
        return;
    json_key(&w->json, "trace");
    json_map(&w->json);
    json_key(&w->json, "type");
    json_str(&w->json, SLICE("trace"));
    json_key(&w->json, "trace_id");
    json_str(&w->json, lower(w->arena, r->trace_id));
    json_key(&w->json, "span_id");
    json_str(&w->json, is_id(r->span_id, 16) ? lower(w->arena, r->span_id) : slice_of(w->src->event_id, 16));
    json_map_end(&w->json);
}

static void event_members_log(struct event_writer *w, const struct record *r)
{
    json_key(&w->json, "log");
    json_map(&w->json);
    json_key(&w->json, "type");
    json_str(&w->json, SLICE("log"));
    if (w->src->source.n) {
        json_key(&w->json, "source");
        event_writer_value(w, SLICE("peer"), w->src->source, CONTEXT_VALUE_MAX);
    }
    if (!slice_eq(r->message, w->src->verdict->texts->formatted))
        event_writer_text(w, "message", r->message, FULL_MESSAGE_MAX);
    if (!slice_eq(r->full_message, r->message))
        event_writer_text(w, "full_message", r->full_message, FULL_MESSAGE_MAX);
    put_number(w, "procid", format_is_web(r->format) ? SLICE_NONE : r->procid);
    if (r->lines > 1) {
        json_key(&w->json, "lines");
        json_int(&w->json, r->lines);
    }
    if (r->truncated) {
        json_key(&w->json, "truncated");
        json_bool(&w->json, true);
    }
    if (r->times > 1) {
        json_key(&w->json, "repeated");
        json_int(&w->json, r->times);
    }
    json_map_end(&w->json);
}

static void event_members_container(struct event_writer *w, const struct container *c)
{
    json_key(&w->json, "container");
    json_map(&w->json);
    json_key(&w->json, "type");
    json_str(&w->json, SLICE("container"));
    event_writer_text(w, "name", c->name, CONTAINER_TEXT_MAX);
    event_writer_text(w, "id", c->id, CONTAINER_TEXT_MAX);
    event_writer_text(w, "image", c->image, CONTAINER_TEXT_MAX);
    event_writer_text(w, "pod", c->pod, CONTAINER_TEXT_MAX);
    event_writer_text(w, "pod_uid", c->pod_uid, CONTAINER_TEXT_MAX);
    event_writer_text(w, "namespace", c->namespace, CONTAINER_TEXT_MAX);
    if (c->n_labels) {
        size_t start = w->json.out->n;
        json_key(&w->json, "labels");
        json_map(&w->json);
        for (unsigned i = 0; i < c->n_labels && w->json.out->n - start < CONTEXT_BYTES_MAX; i++) {
            json_key_s(&w->json, c->labels[i].key);
            event_writer_value(w, c->labels[i].key, c->labels[i].value, CONTAINER_TEXT_MAX);
        }
        json_map_end(&w->json);
    }
    json_map_end(&w->json);
}

/* Writes how many occurrences flood control held back, and when. */
static void put_summary(struct event_writer *w)
{
    const struct event_summary *s = &w->src->summary;
    json_key(&w->json, "summary");
    json_bool(&w->json, true);
    json_key(&w->json, "suppressed");
    json_int(&w->json, (int64_t)s->suppressed);
    json_key(&w->json, "first");
    json_time(&w->json, s->first_us);
    json_key(&w->json, "last");
    json_time(&w->json, s->last_us);
}

static void put_duration(struct event_writer *w, const char *key, int64_t us)
{
    struct sbuf b;
    sbuf_init(&b, 32);
    keys_put_duration(us, &b);
    event_writer_text(w, key, sbuf_slice(&b), 32);
    sbuf_done(&b);
}

/* Writes which line did not come, and since when. */
static void put_deadline(struct event_writer *w)
{
    const struct event_deadline *o = &w->src->deadlines;
    bool absence = o->rule->absence.every_us > 0;
    if (o->since_us != RECORD_NO_TIME) {
        json_key(&w->json, absence ? "last_seen" : "started");
        json_time(&w->json, o->since_us);
    } else {
        json_key(&w->json, "never_seen");
        json_bool(&w->json, true);
    }
    put_duration(w, absence ? "every" : "within", absence ? o->rule->absence.every_us : o->rule->pair.within_us);
    if (o->times > 1) {
        json_key(&w->json, "starts");
        json_int(&w->json, o->times);
    }
}

static void put_forward(struct event_writer *w, const struct forwarded_limits *l)
{
    json_key(&w->json, "forward");
    json_map(&w->json);
    if (l->project.n)
        event_writer_text(w, "project", l->project, FORWARDED_PROJECT_MAX);
    if (l->burst) {
        json_key(&w->json, "burst");
        json_int(&w->json, l->burst);
    }
    if (l->period_us) {
        json_key(&w->json, "period");
        json_int(&w->json, l->period_us);
    }
    json_key(&w->json, "constant");
    json_bool(&w->json, l->constant);
    json_key(&w->json, "remote");
    json_bool(&w->json, l->remote);
    forwarded_put_lines(&w->json, &l->line, l->line.log != 0);
    json_map_end(&w->json);
}

static void event_members_crumbd(struct event_writer *w)
{
    bool summary = w->src->summary.suppressed > 0, deadlines = w->src->deadlines.rule != NULL;
    struct slice kind = w->src->verdict->texts->kind;
    if (!summary && !deadlines && !kind.n && !w->src->forward)
        return;
    json_key(&w->json, "crumbd");
    json_map(&w->json);
    if (summary)
        put_summary(w);
    if (deadlines)
        put_deadline(w);
    if (w->src->forward)
        put_forward(w, w->src->forward);
    event_writer_text(w, "kind", kind, KIND_MAX);
    json_map_end(&w->json);
}

static bool is_noted_before(const struct trace *t, unsigned i)
{
    for (unsigned k = 0; k < i; k++)
        if (slice_eq(t->notes[k].name, t->notes[i].name))
            return true;
    return false;
}

/* What a runtime says besides its exceptions: PostgreSQL's DETAIL and HINT. */
static void event_members_notes(struct event_writer *w, const struct trace *t)
{
    size_t start = w->json.out->n;
    json_key(&w->json, "notes");
    json_map(&w->json);
    for (unsigned i = 0; i < t->n_notes && w->json.out->n - start < CONTEXT_BYTES_MAX; i++) {
        const struct trace_note *note = &t->notes[i];
        if (!note->name.n || !note->value.n || is_noted_before(t, i))
            continue;
        json_key_s(&w->json, tag_key(note->name, w->arena));
        event_writer_value(w, note->name, note->value, CONTEXT_VALUE_MAX);
    }
    json_map_end(&w->json);
}

/* How its request ended. */
static void event_members_response(struct event_writer *w, const struct event_access *access)
{
    json_key(&w->json, "response");
    json_map(&w->json);
    json_key(&w->json, "type");
    json_str(&w->json, SLICE("response"));
    json_key(&w->json, "status_code");
    json_int(&w->json, access->status);
    if (access->by_client)
        event_writer_text(w, "joined_by", SLICE("client"), 32);
    else if (access->by_path)
        event_writer_text(w, "joined_by", SLICE("path"), 32);
    json_map_end(&w->json);
}

void event_members_contexts(struct event_writer *w)
{
    const struct record *r = w->src->record;
    const struct format_traits *traits = format_traits(r->format);
    json_key(&w->json, "contexts");
    json_map(&w->json);
    event_members_crumbd(w);
    event_members_log(w, r);
    event_members_trace(w, r);
    if (w->src->trace && w->src->trace->n_notes)
        event_members_notes(w, w->src->trace);
    if (r->container)
        event_members_container(w, r->container);
    if (traits->context)
        event_members_format(w, r, traits);
    else if (has_fields_for_context(w, r))
        event_members_fields(w, r);
    if (w->src->access.status)
        event_members_response(w, &w->src->access);
    json_map_end(&w->json);
}
