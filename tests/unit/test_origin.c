/* Who may say what (crumbd(8), "Who is believed"): trust domains, reserved names, the sender's own name. */
#include "tests/unit/event_at.h"
#include "tests/unit/unit.h"

#include <stdio.h>

#include "base/xalloc.h"
#include "core/origin.h"
#include "core/pipeline.h"
#include "parsers/container.h"
#include "text/json.h"

enum { EVENTS_MAX = 64 };

#define START_US INT64_C(1795428000000000) /* 2026-11-23 10:00 UTC */

struct bench {
    struct rule_set rules;
    struct options options;
    struct pipeline *pipeline;
    uint64_t lines; /* that it was given */
    struct arena arena;
    struct json_node *events[EVENTS_MAX];
    unsigned n;
    int64_t now_us;
};

static void hand_in(struct bench *b, const struct message *m, int64_t now_us)
{
    b->lines += m->lines;
    pipeline_message(b->pipeline, m, now_us);
}

static bool on_event(void *u, const struct event_out *e)
{
    struct bench *b = u;
    ck_assert_uint_lt(b->n, EVENTS_MAX);
    b->events[b->n] = json_tree(&b->arena, e->payload.text);
    ck_assert_ptr_nonnull(b->events[b->n++]);
    return true;
}

static struct bench *bench_new(const char *rules)
{
    static const uint8_t store_id[16] = "0123456789abcdef";
    struct bench *b = xcalloc(1, sizeof *b);
    struct diag d = {0};
    struct conf_file *f = conf_parse("test.yaml", slice_str(rules), &d);
    if (!f || !rule_set_load(&b->rules, f, &d))
        err_print(&d, stderr);
    ck_assert_uint_eq(d.errors, 0);
    rule_set_ready(&b->rules, true);
    err_done(&d);
    b->options = (struct options){
        .environment = SLICE("production"),
        .release = SLICE("shop@1"),
        .server_name = SLICE("web-1"),
        .fallback = FALLBACK_EVENT,
        .crumbs = {.before = 20, .after = 20, .wait_us = 500000, .max_age_us = 600000000, .memory_bytes = 1 << 20},
        .limits = {.burst = 10, .period_us = 3600000000, .per_minute = 300, .per_day = 100000},
        .scrub = {.defaults = true}};
    b->now_us = START_US;
    const struct pipeline_setup setup = {.options = &b->options,
                                         .rules = &b->rules,
                                         .store_id = store_id,
                                         .run_key = 9,
                                         .hooks = {.u = b, .emit = on_event}};
    b->pipeline = pipeline_new(&setup);
    b->lines = 0;
    pipeline_tick(b->pipeline, b->now_us);
    return b;
}

static void bench_free(struct bench *b)
{
    ck_assert_uint_eq(count_fates(pipeline_counts(b->pipeline)), b->lines);
    ck_assert_uint_eq(pipeline_open(b->pipeline).lines, 0);
    pipeline_free(b->pipeline);
    rule_set_done(&b->rules);
    arena_done(&b->arena);
    free(b);
}

/* A sender: of the network when it has an address. */
static struct stream sender(enum format f, const char *address, uint64_t domain)
{
    bool remote = domain != 0;
    return (struct stream){.format = f,
                           .source = SLICE("udp://0.0.0.0:1"),
                           .input = SLICE("udp://0.0.0.0:1"),
                           .peer = slice_str(address),
                           .sender = slice_str(address),
                           .domain = domain,
                           .remote = remote,
                           .trusted = !remote,
                           .ring = slice_hash(slice_str(address), 1),
                           .last_us = RECORD_NO_TIME};
}

static void feed(struct bench *b, struct stream *s, const char *message)
{
    char *own = xstrdup(message); /* gone at once, as a datagram is */
    hand_in(b, &(struct message){.stream = s, .text = slice_str(own), .lines = 1}, b->now_us);
    free(own);
}

static void pass(struct bench *b, int64_t us)
{
    b->now_us += us;
    pipeline_tick(b->pipeline, b->now_us);
}

static bool has_crumb(const struct json_node *event, const char *text)
{
    const struct json_node *values = at(event, "breadcrumbs/values");
    for (const struct json_node *c = values ? values->child : NULL; c; c = c->next) {
        const struct json_node *m = at(c, "message"), *url = at(c, "data/url");
        if ((m && slice_find(m->text, slice_str(text)) >= 0) || (url && slice_find(url->text, slice_str(text)) >= 0))
            return true;
    }
    return false;
}

/* The event whose text has this in it. */
static const struct json_node *event_of(const struct bench *b, const char *text)
{
    for (unsigned i = 0; i < b->n; i++) {
        const struct json_node *m = at(b->events[i], "logentry/formatted");
        if (m && slice_find(m->text, slice_str(text)) >= 0)
            return b->events[i];
    }
    ck_abort_msg("no event says %s", text);
}

/* --- domains --- */

#define NO_RULES "pack: p\nrules: []\n"
#define ID "0af7651916cd43dd8448eb211c80319c"

/* What each format has to find lines by: its ring and the request. The attacker says the same of itself as the victim.
 */
static const struct {
    enum format format;
    const char *before, *failure, *after;
} carriers[] = {
    {FORMAT_GELF, "{\"host\":\"web\",\"short_message\":\"%s before\",\"_app\":\"shop\",\"_request_id\":\"" ID "\"}",
     "{\"host\":\"web\",\"short_message\":\"%s fails\",\"level\":3,\"_app\":\"shop\",\"_request_id\":\"" ID "\"}",
     "{\"host\":\"web\",\"short_message\":\"%s after\",\"_app\":\"shop\",\"_request_id\":\"" ID "\"}"},
    {FORMAT_GELF,
     "{\"host\":\"node\",\"short_message\":\"%s "
     "before\",\"_container_id\":\"0123456789ab\",\"_container_name\":\"shop\"}",
     "{\"host\":\"node\",\"short_message\":\"%s "
     "fails\",\"level\":3,\"_container_id\":\"0123456789ab\",\"_container_name\":\"shop\"}",
     "{\"host\":\"node\",\"short_message\":\"%s "
     "after\",\"_container_id\":\"0123456789ab\",\"_container_name\":\"shop\"}"},
    {FORMAT_SYSLOG, "<14>1 2026-11-23T10:00:00Z web shop 7 - - %s before",
     "<11>1 2026-11-23T10:00:00Z web shop 7 - - %s fails", "<14>1 2026-11-23T10:00:00Z web shop 7 - - %s after"},
    {FORMAT_JSON, "{\"level\":\"info\",\"msg\":\"%s before\",\"app\":\"shop\",\"request_id\":\"" ID "\"}",
     "{\"level\":\"error\",\"msg\":\"%s fails\",\"app\":\"shop\",\"request_id\":\"" ID "\"}",
     "{\"level\":\"info\",\"msg\":\"%s after\",\"app\":\"shop\",\"request_id\":\"" ID "\"}"},
    {FORMAT_LOGFMT, "level=info msg=\"%s before\" app=shop request_id=" ID,
     "level=error msg=\"%s fails\" app=shop request_id=" ID, "level=info msg=\"%s after\" app=shop request_id=" ID},
    {FORMAT_SYSLOG,
     "<190>Nov 23 10:00:00 web nginx: 2026/11/23 10:00:00 [info] 7#7: *4 %s before, client: 203.0.113.9, server: shop",
     "<187>Nov 23 10:00:00 web nginx: 2026/11/23 10:00:00 [error] 7#7: *4 %s fails, client: 203.0.113.9, server: shop",
     "<190>Nov 23 10:00:00 web nginx: 2026/11/23 10:00:00 [info] 7#7: *4 %s after, client: 203.0.113.9, server: shop"},
};

static void say(struct bench *b, struct stream *s, const char *form, const char *who)
{
    char text[1024];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, form, who);
#pragma GCC diagnostic pop
    feed(b, s, text);
}

static void ck_apart(struct bench *b, const char *who, const char *other)
{
    char text[64];
    static const char *const when[] = {"before", "after"};
    snprintf(text, sizeof text, "%s fails", who);
    const struct json_node *e = event_of(b, text);
    for (unsigned i = 0; i < 2; i++) {
        snprintf(text, sizeof text, "%s %s", who, when[i]);
        ck_assert_msg(has_crumb(e, text), "%s is missing", text);
    }
    ck_assert_msg(!has_crumb(e, other), "%s's event shows a line of %s", who, other);
}

START_TEST(lines_of_two_domains_never_meet)
{
    struct bench *b = bench_new(NO_RULES);
    struct stream victim = sender(carriers[_i].format, "127.0.0.1", 0);
    struct stream attacker = sender(carriers[_i].format, "192.0.2.66", 0x666),
                  third = sender(carriers[_i].format, "192.0.2.7", 0x777);
    /* A remote victim is told apart from a remote attacker as well. */
    for (unsigned round = 0; round < 3; round++) {
        if (round == 0)
            say(b, &victim, carriers[_i].before, "alice");
        if (round == 0)
            say(b, &third, carriers[_i].before, "carol");
        say(b, &attacker, carriers[_i].before, "mallory");
        if (round == 0) {
            say(b, &victim, carriers[_i].failure, "alice");
            say(b, &attacker, carriers[_i].failure, "mallory");
            say(b, &third, carriers[_i].failure, "carol");
            say(b, &victim, carriers[_i].after, "alice");
            say(b, &third, carriers[_i].after, "carol");
        }
        say(b, &attacker, carriers[_i].after, "mallory");
    }
    pass(b, 600000);
    ck_assert_uint_eq(b->n, 3);
    ck_apart(b, "alice", "mallory");
    ck_apart(b, "alice", "carol");
    ck_apart(b, "carol", "mallory");
    ck_apart(b, "mallory", "alice");
    ck_apart(b, "mallory", "carol");
    bench_free(b);
}
END_TEST

/* nginx by syslog and its application by GELF: one address, two inputs; or both on this host. */
START_TEST(one_host_keeps_its_join)
{
    static const char gelf[] =
        "{\"host\":\"web\",\"short_message\":\"the shop fails\",\"level\":3,\"_app\":\"shop\",\"_request_id\":\"" ID
        "\"}";
    static const char access[] = "<190>Nov 23 10:00:00 web nginx: {\"time_local\":\"23/Nov/2026:10:00:00 "
                                 "+0000\",\"request\":\"GET /pay HTTP/1.1\","
                                 "\"status\":\"500\",\"request_id\":\"" ID "\"}";
    uint64_t domain = _i ? 0x777 : 0;
    struct bench *b = bench_new(NO_RULES);
    struct stream nginx = sender(FORMAT_SYSLOG, _i ? "192.0.2.7" : "127.0.0.1", domain),
                  shop = sender(FORMAT_GELF, _i ? "192.0.2.7" : "", domain);
    struct stream stranger = sender(FORMAT_SYSLOG, "192.0.2.66", 0x666);
    feed(b, &nginx, access);
    feed(b, &shop, gelf);
    feed(b, &stranger,
         "<190>Nov 23 10:00:00 web nginx: {\"time_local\":\"23/Nov/2026:10:00:00 +0000\",\"request\":\"GET /stranger "
         "HTTP/1.1\","
         "\"status\":\"500\",\"request_id\":\"" ID "\"}");
    pass(b, 600000);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "logentry/formatted", "the shop fails");
    ck_assert(has_crumb(b->events[0], "/pay"));
    ck_assert(!has_crumb(b->events[0], "/stranger"));
    bench_free(b);
}
END_TEST

/* The name of a program that a field gives is no tag, but its lines are still those of that program. */
START_TEST(programs_of_a_stranger_stay_apart)
{
    static const char *const names[] = {"app", "service", "container_name"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        struct bench *b = bench_new(NO_RULES);
        struct stream s = sender(FORMAT_GELF, "192.0.2.7", 0x777);
        for (unsigned k = 0; k < 4; k++) {
            char text[256];
            snprintf(text, sizeof text, "{\"host\":\"web\",\"short_message\":\"%s %u\",\"level\":%u,\"_%s\":\"%s\"}",
                     k % 2 ? "till" : "shop", k, k == 2 ? 3 : 6, names[i], k % 2 ? "till" : "shop");
            feed(b, &s, text);
        }
        pass(b, 600000);
        ck_assert_uint_eq(b->n, 1);
        ck_assert(has_crumb(b->events[0], "shop 0"));
        ck_assert(!has_crumb(b->events[0], "till"));
        ck_assert_ptr_null(at(b->events[0], "tags/app"));
        bench_free(b);
    }
}
END_TEST

#define JOB                                                                                                            \
    "pack: p\nrules:\n  - id: job\n    match: 'job (?<id>\\d+) started'\n"                                             \
    "    pair: {end: 'job (?<id>\\d+) done', within: 5m, by: ['{id}']}\n"                                              \
    "  - {id: beat, match: '^beat of (?<who>\\w+)', absence: {every: 2m, by: ['{who}']}}\n"                            \
    "  - {id: backup, match: '^backup done', absence: {every: 1h}}\n"

static void pass_seconds(struct bench *b, unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i += 5)
        pass(b, 5000000);
}

static unsigned of_rule(const struct bench *b, const char *id)
{
    unsigned n = 0;
    for (unsigned i = 0; i < b->n; i++) {
        const struct json_node *rule = at(b->events[i], "tags/rule");
        n += rule && slice_is(rule->text, id);
    }
    return n;
}

START_TEST(a_stranger_ends_no_pair_and_no_silence)
{
    struct bench *b = bench_new(JOB);
    struct stream here = sender(FORMAT_TEXT, "", 0), there = sender(FORMAT_TEXT, "192.0.2.66", 0x666);
    feed(b, &here, "job 7 started");
    feed(b, &here, "job 8 started");
    feed(b, &here, "beat of Anna");
    pass_seconds(b, 60);
    feed(b, &there, "job 7 done");
    feed(b, &here, "job 8 done");
    feed(b, &there, "beat of Anna");
    pass_seconds(b, 65);
    ck_assert_uint_eq(of_rule(b, "beat"), 1); /* here it was silent */
    pass_seconds(b, 240);
    ck_assert_uint_eq(of_rule(b, "job"), 1);
    ck_assert_uint_eq(of_rule(b, "beat"), 2); /* and there */
    feed(b, &there, "backup done");           /* whoever says so */
    pass_seconds(b, 3300);
    ck_assert_uint_eq(of_rule(b, "backup"), 0);
    bench_free(b);
}
END_TEST

/* --- reserved names --- */

/* What a field of a sender that is not trusted may never become, by the names that the field maps know it under. */
#define SPOOFED "spoofed"
static const char *const reserved[] = {"rule",
                                       "format",
                                       "app",
                                       "container",
                                       "pod",
                                       "namespace",
                                       "image",
                                       "server",
                                       "transaction_id",
                                       "input",
                                       "peer",
                                       "release",
                                       "environment",
                                       "dist",
                                       "server_name",
                                       "application",
                                       "appName",
                                       "service",
                                       "service_name",
                                       "program",
                                       "container_name",
                                       "containerName",
                                       "container_id",
                                       "image_name",
                                       "image_id",
                                       "pod_name",
                                       "pod_uid",
                                       "namespace_name",
                                       "kubernetes_pod_name",
                                       "kubernetes_container_name",
                                       "io.kubernetes.container.name",
                                       "request_id",
                                       "requestId",
                                       "correlation_id",
                                       "transactionId",
                                       "Environment",
                                       "RELEASE",
                                       "Peer",
                                       "hostname"};
enum { RESERVED = sizeof reserved / sizeof *reserved };

struct form {
    enum format format;
    const char *before, *field, *after; /* field: of its name */
    const char *prefix;                 /* of the field's name in the record */
    const char *app;                    /* what the record says itself, in its own place */
};

static const struct form forms[] = {
    {FORMAT_GELF, "{\"host\":\"web\",\"short_message\":\"it fails\",\"level\":3", ",\"_%s\":\"" SPOOFED "\"", "}", "",
     NULL},
    {FORMAT_GELF, "{\"host\":\"web\",\"short_message\":\"it fails\",\"level\":3", ",\"%s\":\"" SPOOFED "\"", "}", "",
     NULL},
    {FORMAT_JSON, "{\"level\":\"error\",\"msg\":\"it fails\"", ",\"%s\":\"" SPOOFED "\"", "}", "", NULL},
    {FORMAT_JSON, "{\"level\":\"error\",\"msg\":\"it fails\",\"context\":{\"x\":1", ",\"%s\":\"" SPOOFED "\"", "}}", "",
     NULL},
    {FORMAT_LOGFMT, "level=error msg=\"it fails\"", " %s=" SPOOFED, "", "", NULL},
    {FORMAT_SYSLOG, "<11>1 2026-11-23T10:00:00Z web shop 7 - [x", " %s=\"" SPOOFED "\"", "] it fails", "x.", "shop"},
    {FORMAT_SYSLOG, "<11>1 2026-11-23T10:00:00Z web shop 7 - - {\"level\":\"error\",\"msg\":\"it fails\"",
     ",\"%s\":\"" SPOOFED "\"", "}", "", "shop"},
    {FORMAT_CRI, "2026-11-23T10:00:00Z stderr F time=2026-11-23T10:00:00Z level=error msg=\"it fails\"", " %s=" SPOOFED,
     "", "", NULL},
    {FORMAT_DOCKER,
     "{\"log\":\"{\\\"level\\\":\\\"error\\\",\\\"msg\\\":\\\"it "
     "fails\\\"}\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-23T10:00:00Z\",\"attrs\":{\"x\":\"1\"",
     ",\"%s\":\"" SPOOFED "\"", "}}", "", NULL},
    {FORMAT_CRI, "2026-11-23T10:00:00Z stderr F {\"level\":\"error\",\"msg\":\"it fails\"", ",\"%s\":\"" SPOOFED "\"",
     "}", "", NULL},
};

static void spoof(struct bench *b, struct stream *s, const struct form *form, const char *name)
{
    char text[1024], field[128];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(field, sizeof field, form->field, name);
#pragma GCC diagnostic pop
    snprintf(text, sizeof text, "%s%s%s", form->before, field, form->after);
    feed(b, s, text);
    pass(b, 600000);
}

/* The field of this name in the event's own context. */
static bool is_kept(const struct json_node *event, const char *prefix, const char *name)
{
    char key[128];
    snprintf(key, sizeof key, "%s%s", prefix, name);
    const struct json_node *fields = at(event, "contexts/fields");
    for (const struct json_node *f = fields ? fields->child : NULL; f; f = f->next)
        if (slice_is(f->key, key))
            return slice_is(f->text, SPOOFED);
    return false;
}

static bool is_tagged(const struct json_node *event, const char *value)
{
    const struct json_node *tags = at(event, "tags");
    for (const struct json_node *t = tags->child; t; t = t->next)
        if (slice_is(t->text, value))
            return true;
    return false;
}

START_TEST(a_field_of_a_stranger_sets_no_reserved_name)
{
    const struct form *form = &forms[_i];
    for (unsigned i = 0; i < RESERVED; i++) {
        if (*form->prefix && strcmp(reserved[i], "hostname") == 0)
            continue; /* x.hostname is the name of some host */
        struct bench *b = bench_new(NO_RULES);
        struct stream s = sender(form->format, "192.0.2.66", 0x666);
        spoof(b, &s, form, reserved[i]);
        ck_assert_uint_eq(b->n, 1);
        const struct json_node *e = b->events[0];
        ck_assert_msg(is_kept(e, form->prefix, reserved[i]), "%s is lost", reserved[i]);
        ck_assert_msg(!is_tagged(e, SPOOFED), "%s became a tag", reserved[i]);
        ck_at(e, "tags/input", "udp://0.0.0.0:1");
        ck_at(e, "tags/peer", "192.0.2.66");
        ck_at(e, "release", "shop@1");
        ck_at(e, "environment", "production");
        ck_at(e, "server_name", form->format == FORMAT_GELF || form->format == FORMAT_SYSLOG ? "web" : "192.0.2.66");
        ck_assert_ptr_null(at(e, "dist"));
        ck_assert_ptr_null(at(e, "tags/transaction_id"));
        const struct json_node *app = at(e, "tags/app");
        ck_assert_msg(form->app ? app && slice_is(app->text, form->app) : !app, "%s changed the app", reserved[i]);
        bench_free(b);
    }
}
END_TEST

START_TEST(a_sender_that_is_trusted_sets_them)
{
    static const char docker[] =
        "{\"host\":\"node\",\"short_message\":\"it fails\",\"level\":3,\"_container_id\":\"0123456789ab\","
        "\"_container_name\":\"/shop\",\"_image_name\":\"shop:1\",\"_tag\":\"blue\",\"_environment\":\"staging\","
        "\"_release\":\"shop@2\",\"_dist\":\"7\",\"_server\":\"a\",\"_request_id\":\"" ID "\",\"_peer\":\"" SPOOFED
        "\","
        "\"_input\":\"" SPOOFED "\",\"_rule\":\"falco\",\"_format\":\"" SPOOFED "\"}";
    struct bench *b = bench_new(NO_RULES);
    struct stream s = sender(FORMAT_GELF, "192.0.2.7", 0x777);
    s.trusted = true;
    feed(b, &s, docker);
    pass(b, 600000);
    const struct json_node *e = b->events[0];
    ck_at(e, "tags/app", "shop");
    ck_at(e, "tags/container", "shop");
    ck_at(e, "tags/image", "shop:1");
    ck_at(e, "tags/tag", "blue");
    ck_at(e, "tags/server", "a");
    ck_at(e, "tags/transaction_id", ID);
    ck_at(e, "environment", "staging");
    ck_at(e, "release", "shop@2");
    ck_at(e, "dist", "7");
    ck_at(e, "tags/peer", "192.0.2.7"); /* what crumbd itself says */
    ck_at(e, "tags/input", "udp://0.0.0.0:1");
    ck_at(e, "tags/format", "gelf");
    ck_assert(!is_tagged(e, SPOOFED) && is_kept(e, "", "peer") && is_kept(e, "", "format"));
    ck_assert_ptr_null(at(e, "tags/rule")); /* no rule of crumbd decided: the field is another's */
    ck_at(e, "contexts/fields/rule", "falco");
    bench_free(b);
}
END_TEST

/* A template or a condition does not read them either, so no rule makes a tag of them unknowingly. */
START_TEST(rules_do_not_read_what_a_stranger_claims)
{
    struct bench *b =
        bench_new("pack: p\nrules:\n"
                  "  - {id: of-db, match: fails, when: {container: spoofed}, event: {tags: {by: container}}}\n"
                  "  - {id: other, match: fails, event: {tags: {pod: '{pod}', app: '{application}', where: '{peer} by "
                  "{input}'}}}\n");
    struct stream s = sender(FORMAT_GELF, "192.0.2.66", 0x666);
    feed(b, &s,
         "{\"host\":\"web\",\"short_message\":\"it "
         "fails\",\"level\":3,\"_container\":\"spoofed\",\"_pod\":\"spoofed\",\"_application\":\"spoofed\"}");
    s.trusted = true;
    feed(b, &s, "{\"host\":\"web\",\"short_message\":\"it fails\",\"level\":3,\"_container\":\"spoofed\"}");
    pass(b, 600000);
    ck_assert_uint_eq(b->n, 2);
    ck_at(b->events[0], "tags/rule", "other");
    ck_at(b->events[0], "tags/where", "192.0.2.66 by udp://0.0.0.0:1");
    ck_assert(!is_tagged(b->events[0], SPOOFED));
    ck_at(b->events[1], "tags/rule", "of-db");
    bench_free(b);
}
END_TEST

/* What a program in a container writes does not say which container it is; its file does. */
START_TEST(a_message_does_not_name_its_container)
{
    struct container c = {.name = SLICE("shop"), .app = SLICE("shop"), .id = SLICE("0123456789ab")};
    struct bench *b = bench_new(NO_RULES);
    struct stream s = sender(FORMAT_CRI, "", 0);
    s.container = &c;
    s.file_key = 7;
    feed(b, &s,
         "2026-11-23T10:00:00Z stderr F {\"level\":\"error\",\"msg\":\"it "
         "fails\",\"container\":\"spoofed\",\"pod\":\"spoofed\","
         "\"image\":\"spoofed\",\"namespace\":\"spoofed\",\"container_name\":\"spoofed\",\"request_id\":\"" ID "\"}");
    pass(b, 600000);
    const struct json_node *e = b->events[0];
    ck_at(e, "tags/container", "shop");
    ck_at(e, "tags/transaction_id", ID);
    ck_assert(!is_tagged(e, SPOOFED));
    ck_assert(is_kept(e, "", "pod") && is_kept(e, "", "image") && is_kept(e, "", "container"));
    bench_free(b);
}
END_TEST

START_TEST(no_sender_far_away_is_this_host)
{
    static const char *const nobody[] = {"localhost", "LOCALHOST", "localhost.localdomain", "localhost.", "127.0.0.1",
                                         "127.0.1.1", "::1",       "::ffff:127.0.0.1",      "0.0.0.0",    "::",
                                         "-"};
    static const char *const somebody[] = {"web-9",        "localhost-7",     "localhost.example.com",
                                           "1270.example", "127.example.com", "2001:db8::1"};
    for (unsigned i = 0; i < sizeof nobody / sizeof *nobody; i++) {
        char text[256];
        struct bench *b = bench_new(NO_RULES);
        struct stream there = sender(FORMAT_GELF, "192.0.2.66", 0x666), here = sender(FORMAT_GELF, "127.0.0.1", 0);
        snprintf(text, sizeof text, "{\"host\":\"%s\",\"short_message\":\"it fails\",\"level\":3}", nobody[i]);
        feed(b, &there, text);
        feed(b, &here, text);
        pass(b, 600000);
        ck_at(b->events[0], "server_name", "192.0.2.66");
        ck_at(b->events[1], "server_name", "web-1");
        bench_free(b);
    }
    for (unsigned i = 0; i < sizeof somebody / sizeof *somebody; i++)
        ck_assert_msg(!origin_is_nobody(slice_str(somebody[i])), "%s", somebody[i]);
}
END_TEST

/* --- rules and deployments --- */

START_TEST(rules_say_release_environment_and_dist)
{
    struct bench *b = bench_new(
        "pack: p\nrules:\n"
        "  - id: r\n    match: '^(?<app>\\S+) (?<version>\\S+) in (?<where>.+?) built (?<build>\\S+) fails$'\n"
        "    event: {release: '{app}@{version}', environment: '{where}', dist: '{build}'}\n"
        "  - {id: plain, match: 'plain', event: {release: shop@7}}\n");
    struct stream s = sender(FORMAT_TEXT, "", 0);
    feed(b, &s, "shop 1.2 in staging built 99 fails");
    feed(b, &s, "shop feature/x in my lab built 9+9 fails"); /* Sentry would drop all three */
    feed(b, &s, "plain");
    s = sender(FORMAT_JSON, "", 0);
    feed(b, &s,
         "{\"level\":\"error\",\"msg\":\"plain\",\"release\":\"of-the-field\",\"environment\":\"lab\"}"); /* the rule
                                                                                                             first */
    feed(b, &s, "{\"level\":\"error\",\"msg\":\"other\",\"release\":\"of/the/field\",\"environment\":{\"a\":1}}");
    pass(b, 600000);
    ck_assert_uint_eq(b->n, 5);
    static const char *const want[][2] = {{"shop@1.2", "staging"},
                                          {"shop@1", "production"},
                                          {"shop@7", "production"},
                                          {"shop@7", "lab"},
                                          {"shop@1", "production"}};
    for (unsigned i = 0; i < 5; i++) {
        ck_at(b->events[i], "release", want[i][0]);
        ck_at(b->events[i], "environment", want[i][1]);
        ck_assert((at(b->events[i], "dist") != NULL) == (i == 0));
    }
    ck_at(b->events[0], "dist", "99");
    bench_free(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("origin");
    TCase *t = tcase_create("all");
    tcase_add_loop_test(t, lines_of_two_domains_never_meet, 0, sizeof carriers / sizeof *carriers);
    tcase_add_loop_test(t, one_host_keeps_its_join, 0, 2);
    tcase_add_test(t, programs_of_a_stranger_stay_apart);
    tcase_add_test(t, a_stranger_ends_no_pair_and_no_silence);
    tcase_add_loop_test(t, a_field_of_a_stranger_sets_no_reserved_name, 0, sizeof forms / sizeof *forms);
    tcase_add_test(t, a_sender_that_is_trusted_sets_them);
    tcase_add_test(t, rules_do_not_read_what_a_stranger_claims);
    tcase_add_test(t, a_message_does_not_name_its_container);
    tcase_add_test(t, no_sender_far_away_is_this_host);
    tcase_add_test(t, rules_say_release_environment_and_dist);
    suite_add_tcase(s, t);
    return unit_run(s);
}
