#include "core/event.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "base/version.h"
#include "core/event_breadcrumbs.h"
#include "core/event_exception.h"
#include "core/event_members.h"
#include "core/event_request.h"
#include "core/origin.h"
#include "parsers/parser.h"

/* sentry-protocol.md, section 3: limits in code points, some below Relay's where Bugsink's or GlitchTip's are lower. */
enum {
    TEXT_MAX = 8192,
    LOGGER_MAX = 64,
    TRANSACTION_MAX = 200,
    SERVER_MAX = 200,
    DIST_MAX = 64,
    FINGERPRINT_MAX = 512,
    PARAM_MAX = 512,
};

static const int64_t FUTURE_US = 60 * INT64_C(1000000);

int64_t event_time(const struct record *r, int64_t received_us)
{
    if (r->time_us == RECORD_NO_TIME || r->time_us <= 0 || r->time_us > received_us + FUTURE_US)
        return received_us;
    return r->time_us;
}

/* RFC 9562, 4.1 and 5.4: version 4, variant 10. */
static void put_id(char out[33], uint64_t high, uint64_t low)
{
    high = (high & ~UINT64_C(0xf000)) | 0x4000;
    low = (low & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
    snprintf(out, 33, "%016llx%016llx", (unsigned long long)high, (unsigned long long)low);
}

static struct hash128 add_number(struct hash128 h, uint64_t v)
{
    char bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (char)(v >> 8 * i);
    return hash128(h, slice_of(bytes, sizeof bytes));
}

void event_make_id(char out[33], const uint8_t *store_id, uint64_t file_key, uint64_t offset, uint64_t ordinal)
{
    struct hash128 h = hash128(HASH128_START, slice_of((const char *)store_id, 16));
    h = add_number(add_number(add_number(h, file_key), offset), ordinal);
    put_id(out, h.high, h.low);
}

void event_make_old_id(char out[33], const uint8_t *store_id, uint64_t file_key, uint64_t offset, uint64_t ordinal)
{
    uint64_t half[2];
    for (unsigned i = 0; i < 2; i++) {
        uint64_t h = slice_hash(slice_of((const char *)store_id, 16), i + 1);
        half[i] = hash_mix(hash_mix(hash_mix(h, file_key), offset), ordinal + i);
    }
    put_id(out, half[0], half[1]);
}

/* --- logentry --- */

static struct slice without_line_breaks(struct event_writer *w, struct slice s)
{
    char *p = arena_cstr(w->arena, s);
    for (size_t i = 0; i < s.n; i++)
        if (p[i] == '\n' || p[i] == '\r')
            p[i] = ' ';
    return slice_of(p, s.n);
}

/* Whether the template with its params in the place of each %s is the text, byte for byte. */
static bool renders_to(const struct event_texts *texts, struct slice text)
{
    unsigned used = 0;
    struct slice t = texts->template;
    for (size_t i = 0; i < t.n; i++) {
        struct slice piece = slice_sub(t, i, i + 1);
        if (t.p[i] == '%') {
            bool param = ++i < t.n && t.p[i] == 's';
            if (param && used >= texts->n_params)
                return false;
            if (param)
                piece = texts->params[used++];
        }
        if (!slice_starts(text, piece))
            return false;
        text = slice_from(text, piece.n);
    }
    return text.n == 0 && used == texts->n_params;
}

/*
 * 3.3: template and params go together, and rendering one with the other gives `formatted`. So the rendered text alone
 * is sent when scrubbing or cutting changes it, or when the template left something out (white space, later lines).
 */
static bool params_survive(struct event_writer *w)
{
    const struct event_texts *texts = w->src->verdict->texts;
    if (!texts->template.n || texts->formatted.n > TEXT_MAX || !utf8_is_clean(texts->formatted))
        return false;
    struct slice whole = scrub_text(w->scrub, texts->formatted, w->arena);
    if (!slice_eq(whole, texts->formatted) || !renders_to(texts, texts->formatted))
        return false;
    for (unsigned i = 0; i < texts->n_params; i++)
        if (texts->params[i].n > PARAM_MAX)
            return false;
    return true;
}

static void put_logentry(struct event_writer *w)
{
    const struct event_texts *texts = w->src->verdict->texts;
    if (!texts->formatted.n && w->src->trace)
        return; /* the exception says all */
    struct slice text = texts->formatted.n ? texts->formatted : SLICE("(empty message)");
    json_key(&w->json, "logentry");
    json_map(&w->json);
    event_writer_text(w, "formatted", text, TEXT_MAX);
    if (params_survive(w)) {
        event_writer_text(w, "message", texts->template, TEXT_MAX);
        json_key(&w->json, "params");
        json_array(&w->json);
        for (unsigned i = 0; i < texts->n_params; i++)
            json_str(&w->json, texts->params[i]);
        json_array_end(&w->json);
    }
    json_map_end(&w->json);
}

/*
 * 4.2: an entry that is `{{ name }}` as a whole is a variable to Sentry; text from a log must never be one. Its end may
 * be cut off later, so what begins like one is none either.
 */
static void put_fingerprint_part(struct event_writer *w, struct slice part, bool is_default)
{
    struct slice s = slice_trim(part);
    if (!is_default && slice_starts(s, SLICE("{{"))) {
        struct sbuf b;
        sbuf_init(&b, s.n + 8);
        sbuf_addf(&b, "text:");
        sbuf_adds(&b, s);
        event_writer_item(w, sbuf_slice(&b), FINGERPRINT_MAX);
        sbuf_done(&b);
    } else if (part.n) {
        event_writer_item(w, part, FINGERPRINT_MAX);
    }
}

static void put_fingerprint(struct event_writer *w)
{
    const struct verdict *v = w->src->verdict;
    bool any = false;
    for (unsigned i = 0; i < v->n_fingerprint; i++)
        any |= v->fingerprint[i].n > 0;
    if (!any)
        return;
    json_key(&w->json, "fingerprint");
    json_array(&w->json);
    for (unsigned i = 0; i < v->n_fingerprint; i++)
        put_fingerprint_part(w, v->fingerprint[i], v->defaults >> i & 1);
    json_array_end(&w->json);
}

/* --- the whole --- */

static void put_sdk(struct event_writer *w)
{
    json_key(&w->json, "sdk");
    json_map(&w->json);
    json_key(&w->json, "name");
    json_str(&w->json, SLICE(CRUMBD_SDK_NAME));
    json_key(&w->json, "version");
    json_str(&w->json, SLICE(CRUMBD_SDK_VERSION));
    json_key(&w->json, "integrations");
    json_array(&w->json);
    json_str(&w->json, slice_str(format_name(w->src->record->format)));
    json_array_end(&w->json);
    json_map_end(&w->json);
}

/* 3.11: the shadow tree tells what was cut away. */
static void put_meta(struct event_writer *w, bool with_crumbs)
{
    const struct event_source *src = w->src;
    if (with_crumbs && src->crumbs_seen <= src->n_crumbs)
        return;
    if (!src->crumbs_seen)
        return;
    json_key(&w->json, "_meta");
    json_map(&w->json);
    json_key(&w->json, "breadcrumbs");
    json_map(&w->json);
    json_key(&w->json, "values");
    json_map(&w->json);
    json_key(&w->json, "");
    json_map(&w->json);
    json_key(&w->json, "len");
    json_int(&w->json, src->crumbs_seen);
    json_map_end(&w->json);
    json_map_end(&w->json);
    json_map_end(&w->json);
    json_map_end(&w->json);
}

static bool has_none_of(struct slice s, const char *bytes)
{
    for (size_t i = 0; i < s.n; i++)
        if (!s.p[i] || strchr(bytes, s.p[i]))
            return false;
    return true;
}

bool event_is_release(struct slice s)
{
    return s.n && s.n <= EVENT_RELEASE_MAX && !slice_is(s, ".") && !slice_is(s, "..") && has_none_of(s, "\r\n\f\t/\\");
}

bool event_is_environment(struct slice s)
{
    return s.n && s.n <= EVENT_ENVIRONMENT_MAX && !slice_is(s, "None") && has_none_of(s, "\r\n\f\t /");
}

static bool event_is_dist(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alnum(s.p[i]) && s.p[i] != '_' && s.p[i] != '.' && s.p[i] != '-')
            return false;
    return s.n > 0 && s.n <= DIST_MAX;
}

/* Returns what the rule says, else what a field of this name says where the sender is trusted, else what the
   configuration says. */
static struct slice chosen(const struct event_writer *w, struct slice by_rule, const char *name,
                           bool (*usable)(struct slice), struct slice configured)
{
    const struct record *r = w->src->record;
    const struct field *f = r->untrusted ? NULL : record_field(r, slice_str(name));
    if (usable(by_rule))
        return by_rule;
    return f && f->type == FIELD_STRING && usable(f->value) ? f->value : configured;
}

static void put_deployment(struct event_writer *w)
{
    const struct event_texts *texts = w->src->verdict->texts;
    struct slice release = chosen(w, texts->release, "release", event_is_release, w->opt->release);
    struct slice environment = w->opt->environment;
    if (!w->opt->environment_for_all)
        environment = chosen(w, texts->environment, "environment", event_is_environment, environment);
    event_writer_text(w, "environment", environment, EVENT_ENVIRONMENT_MAX);
    event_writer_text(w, "release", release, EVENT_RELEASE_MAX);
    if (release.n) /* a dist belongs to a release */
        event_writer_text(w, "dist", chosen(w, texts->dist, "dist", event_is_dist, SLICE_NONE), DIST_MAX);
}

/* What was asked for says more than where the record comes from, also where another log tells it. */
static void put_transaction(struct event_writer *w)
{
    const struct event_texts *texts = w->src->verdict->texts;
    struct slice route = texts->transaction_is_home ? event_request_route(w) : SLICE_NONE;
    event_writer_text(w, "transaction", without_line_breaks(w, route.n ? route : texts->transaction), TRANSACTION_MAX);
}

static void write_all(struct event_writer *w, bool with_crumbs)
{
    const struct event_source *src = w->src;
    const struct record *r = src->record;
    const struct event_texts *texts = src->verdict->texts;
    json_map(&w->json);
    json_key(&w->json, "event_id");
    json_str(&w->json, slice_str(src->event_id));
    json_key(&w->json, "timestamp");
    json_time(&w->json, event_time(r, src->received_us));
    json_key(&w->json, "platform");
    json_str(&w->json, src->trace ? src->trace->platform : SLICE("other"));
    json_key(&w->json, "level");
    json_str(&w->json, slice_str(level_name(src->verdict->level ? src->verdict->level : LEVEL_ERROR)));
    struct slice logger = texts->logger.n ? texts->logger : r->logger.n ? r->logger : r->app;
    const char *own_logger = format_traits(r->format)->logger;
    if (own_logger && !texts->logger.n)
        logger = slice_str(own_logger);
    event_writer_text(w, "logger", without_line_breaks(w, logger), LOGGER_MAX);
    /* A record of this host that names no host, as files have them and the nginx of a sidecar with nohostname, is of
       this host. */
    struct slice here = r->elsewhere ? SLICE_NONE : w->opt->server_name;
    struct slice server = origin_is_nobody(r->host) ? here : r->host;
    event_writer_text(w, "server_name", without_line_breaks(w, server), SERVER_MAX);
    put_deployment(w);
    put_transaction(w);
    event_exception_put(w, src->trace);
    put_logentry(w);
    put_fingerprint(w);
    event_members_tags(w);
    event_request_put(w);
    event_members_user(w);
    event_members_contexts(w);
    if (with_crumbs)
        event_breadcrumbs_put(w);
    put_sdk(w);
    put_meta(w, with_crumbs);
    json_map_end(&w->json);
}

void event_name_clients(const struct record *r, struct scrub *scrub)
{
    scrub_client(scrub, SLICE_NONE);
    for (unsigned i = 0; i < r->n_fields; i++)
        if (scrub_is_client(scrub, r->fields[i].name, r->fields[i].value))
            scrub_client(scrub, r->fields[i].value);
}

bool event_write(const struct event_source *src, const struct options *opt, struct scrub *scrub, struct sbuf *out)
{
    struct sbuf own;
    event_name_clients(src->record, scrub);
    if (src->verdict->texts->user_ip.n)
        scrub_client(scrub, src->verdict->texts->user_ip);
    for (int with_crumbs = 1; with_crumbs >= 0; with_crumbs--) {
        struct arena arena = {0};
        struct event_writer w = {.src = src, .opt = opt, .scrub = scrub, .arena = &arena};
        sbuf_init(&own, EVENT_BYTES_MAX);
        json_start(&w.json, &own);
        write_all(&w, with_crumbs);
        json_end(&w.json);
        arena_done(&arena);
        bool fits = !own.over;
        if (fits)
            sbuf_adds(out, sbuf_slice(&own));
        sbuf_done(&own);
        if (fits)
            return !out->over;
    }
    return false;
}
