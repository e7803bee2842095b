#include "tests/unit/event_at.h"
#include "tests/unit/unit.h"

#include <stdio.h>

#include "base/xalloc.h"
#include "core/pending.h"
#include "core/pipeline.h"
#include "core/rule_check.h"
#include "text/json.h"
#include "text/prefilter.h"

static const char rules_text[] =
    "pack: nginx\n"
    "when: {format: nginx-error}\n"
    "rules:\n"
    "  - id: test.tag\n"
    "    match: 'failed'\n"
    "    continue: true\n"
    "    event: {tags: {seen: 'yes', errno: wrong}}\n"
    "    samples:\n"
    "      - {lines: '2026/11/23 10:00:00 [info] 7#7: *1 x failed', event: none}\n"
    "  - id: test.refused\n"
    "    match: 'connect\\(\\) failed \\((?<errno>\\d+): (?<reason>[^)]+)\\) while connecting to upstream'\n"
    "    unless: 'favicon'\n"
    "    event:\n"
    "      type: UpstreamConnectionRefused\n"
    "      message: 'connect() to upstream failed: {reason}'\n"
    "      fingerprint: [nginx, upstream-refused, '{upstream.host}', '{nothing}']\n"
    "      tags: {errno: '{errno}', upstream: '{upstream.host}'}\n"
    "    samples:\n"
    "      - lines: '2026/11/23 10:00:00 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting "
    "to upstream, client: "
    "203.0.113.9, server: shop, request: \"GET /c HTTP/1.1\", upstream: \"http://127.0.0.1:9000/c\", host: \"shop\"'\n"
    "        event: {level: error, tags: {errno: \"111\", seen: yes}, fingerprint: [nginx, upstream-refused, "
    "\"127.0.0.1:9000\"]}\n"
    "  - id: test.plain\n"
    "    match: 'an odd thing'\n"
    "    event: {message: 'something odd'}\n"
    "    samples:\n"
    "      - {lines: '2026/11/23 10:00:00 [error] 7#7: an odd thing', event: {level: error}}\n"
    "  - id: test.masked\n"
    "    match: 'app says: (?<text>.*)'\n"
    "    event: {type: App, message: 'the app: {masked.text}', fingerprint: [app, '{masked.text}'], tags: {raw: "
    "'{text}'}}\n"
    "    samples:\n"
    "      - {lines: '2026/11/23 10:00:00 [error] 7#7: app says: order 7 is lost', event: {fingerprint: [app, 'order "
    "<num> is lost']}}\n"
    "  - id: test.missing\n"
    "    match: 'open\\(\\) \"(?<path>[^\"]+)\" failed \\(2:'\n"
    "    action: crumb\n"
    "    samples:\n"
    "      - {lines: '2026/11/23 10:00:00 [error] 7#7: *1 open() \"/x\" failed (2: No such file or directory), client: "
    "1.2.3.4, server: a', event: none}\n"
    "  - id: test.often\n"
    "    match: 'knocks'\n"
    "    threshold: {count: 3, within: 1m, by: ['{client}']}\n"
    "    samples:\n"
    "      - lines: |\n"
    "          2026/11/23 10:00:00 [error] 7#7: *1 knocks, client: 203.0.113.9, server: a\n"
    "          2026/11/23 10:00:10 [error] 7#7: *2 knocks, client: 203.0.113.8, server: a\n"
    "          2026/11/23 10:00:20 [error] 7#7: *3 knocks, client: 203.0.113.9, server: a\n"
    "          2026/11/23 10:00:30 [error] 7#7: *4 knocks, client: 203.0.113.9, server: a\n"
    "        event: {tags: {rule: test.often}, contexts: {nginx: {connection: 4}}}\n"
    "      - lines: |\n"
    "          2026/11/23 10:00:00 [error] 7#7: *1 knocks, client: 203.0.113.9, server: a\n"
    "          2026/11/23 10:00:40 [error] 7#7: *3 knocks, client: 203.0.113.9, server: a\n"
    "          2026/11/23 10:01:30 [error] 7#7: *4 knocks, client: 203.0.113.9, server: a\n"
    "        event: none\n";

#define HEAD                                                                                                           \
    "2026/11/23 10:00:%02d [%s] 7#7: *%d %s, client: 203.0.113.9, server: shop, request: \"GET /c?id=5 HTTP/1.1\", "   \
    "upstream: \"http://127.0.0.1:9000/c\", host: \"shop.example\""
#define REFUSED "connect() failed (111: Connection refused) while connecting to upstream"

struct bench {
    struct rule_set rules;
    struct options options;
    struct pipeline *pipeline;
    uint64_t lines; /* that it was given */
    struct stream error_log, access_log;
    struct arena arena;
    struct json_node *events[512];
    char ids[512][33];
    bool open[512];
    uint64_t suppressed[512], issue[512];
    struct slice project[512];
    char title[300]; /* of the last one */
    unsigned n;
    int64_t now_us;
    unsigned firsts; /* of those that were asked for */
    bool refuses, no_room;
};

static void hand_in(struct bench *b, const struct message *m, int64_t now_us)
{
    b->lines += m->lines;
    pipeline_message(b->pipeline, m, now_us);
}

static bool on_event(void *u, const struct event_out *e)
{
    struct bench *b = u;
    if (b->refuses)
        return false;
    ck_assert_uint_lt(b->n, 512);
    b->open[b->n] = e->open;
    b->suppressed[b->n] = e->suppressed;
    b->issue[b->n] = e->issue;
    b->project[b->n] = arena_dup(&b->arena, e->project);
    snprintf(b->title, sizeof b->title, "%.*s", SLICE_ARG(e->title.text));
    memcpy(b->ids[b->n], e->event_id, 33);
    b->events[b->n] = json_tree(&b->arena, e->payload.text);
    ck_assert_ptr_nonnull(b->events[b->n]);
    b->n++;
    return true;
}

static enum count has_room(void *u, const struct room_asked *asked)
{
    struct bench *b = u;
    b->firsts += asked->first;
    return b->no_room ? COUNT_input_overflow : COUNT_N;
}

static void load_files(struct bench *b, const char *text)
{
    struct diag d = {0};
    struct conf_file *f = conf_parse("test.yaml", slice_str(text), &d);
    if (!f || !rule_set_load(&b->rules, f, &d))
        err_print(&d, stderr);
    ck_assert_uint_eq(d.errors, 0);
    err_done(&d);
}

static void load(struct bench *b, const char *text)
{
    load_files(b, text);
    rule_set_ready(&b->rules, true);
}

static struct bench *bench_with(const char *rules, bool old_keys)
{
    static const uint8_t store_id[16] = "0123456789abcdef";
    struct bench *b = xcalloc(1, sizeof *b);
    load_files(b, rules);
    rule_set_forget_files(&b->rules); /* as the daemon does: judging must not need them */
    rule_set_ready(&b->rules, true);
    b->options = (struct options){
        .environment = SLICE("production"),
        .server_name = SLICE("web-1"),
        .crumbs =
            {.before = 5, .after = 2, .others = 5, .wait_us = 500000, .max_age_us = 600000000, .memory_bytes = 1 << 20},
        .limits = {.burst = 3, .period_us = 3600000000, .per_minute = 300, .per_day = 100000},
        .scrub = {.defaults = true}};
    b->now_us = INT64_C(1795428000000000); /* 2026-11-23 10:00 UTC */
    b->error_log = (struct stream){.format = FORMAT_NGINX_ERROR,
                                   .source = SLICE("/log/error.log"),
                                   .trusted = true,
                                   .file_key = 1,
                                   .ring = 1,
                                   .last_us = RECORD_NO_TIME};
    b->access_log = (struct stream){.format = FORMAT_NGINX_ACCESS,
                                    .source = SLICE("/log/access.log"),
                                    .trusted = true,
                                    .file_key = 2,
                                    .ring = 2,
                                    .last_us = RECORD_NO_TIME};
    const struct pipeline_setup setup = {.options = &b->options,
                                         .rules = &b->rules,
                                         .store_id = store_id,
                                         .old_keys = old_keys,
                                         .run_key = 9,
                                         .hooks = {.u = b, .emit = on_event, .room = has_room}};
    b->pipeline = pipeline_new(&setup);
    b->lines = 0;
    return b;
}

static struct bench *bench_of(const char *rules)
{
    return bench_with(rules, false);
}

static struct bench *bench_new(void)
{
    return bench_of(rules_text);
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

static void feed(struct bench *b, int second, const char *level, int conn, const char *message)
{
    static uint64_t offset;
    char line[2048];
    int n = snprintf(line, sizeof line, HEAD, second, level, conn, message);
    hand_in(b,
            &(struct message){
                .stream = &b->error_log, .text = slice_of(line, (size_t)n), .lines = 1, .offset = offset += 300},
            b->now_us);
}

/* A message that is gone at once, as a datagram is. */
static void feed_short_lived(struct bench *b, const char *message)
{
    static uint64_t offset = 1 << 20;
    char line[512], *own;
    int n = snprintf(line, sizeof line, "2026/11/23 10:00:01 [error] 7#7: *1 %s", message);
    ck_assert_ptr_nonnull(own = malloc((size_t)n));
    memcpy(own, line, (size_t)n);
    hand_in(b,
            &(struct message){
                .stream = &b->error_log, .text = slice_of(own, (size_t)n), .lines = 1, .offset = offset += 300},
            b->now_us);
    free(own);
}

static void feed_access(struct bench *b, const char *line)
{
    hand_in(b, &(struct message){.stream = &b->access_log, .text = slice_str(line), .lines = 1}, b->now_us);
}

static unsigned told_beside;

static const struct field *beside(void *carrier, unsigned *n)
{
    static struct field f = {.name = {"kafka.key", 9}, .type = FIELD_STRING};
    f.value = slice_str(carrier);
    told_beside++;
    *n = 1;
    return &f;
}

static void feed_with_key(struct bench *b, const char *status, char *key)
{
    char line[128];
    snprintf(line, sizeof line, "203.0.113.9 - - [23/Nov/2026:10:00:02 +0000] \"GET / HTTP/1.1\" %s 7 \"-\" \"ua\"",
             status);
    hand_in(b,
            &(struct message){
                .stream = &b->access_log, .text = slice_str(line), .lines = 1, .beside = beside, .carrier = key},
            b->now_us);
}

/* What a carrier says beside a line is there for whoever reads it, and else not asked for. */
START_TEST(what_stands_beside_a_dull_line_is_not_asked_for)
{
    char till[] = "till", door[] = "door";
    struct bench *b = bench_of("pack: p\nwhen: {format: nginx-access}\nrules:\n"
                               "  - {id: guard, when: {app: ^crumbd$}, action: drop}\n"
                               "  - {id: a, match: '-> 502', event: {message: 'bad at {kafka.key}'}}\n");
    told_beside = 0;
    feed_with_key(b, "200", till);
    ck_assert(told_beside == 0 ||
              prefilter_probe() == PREFILTER_NONE); /* without libhs any line may be one for a rule */
    feed_with_key(b, "502", till);
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "logentry/formatted", "bad at till");
    bench_free(b);
    b = bench_of("pack: p\nwhen: {format: nginx-access, kafka.key: till}\nrules:\n"
                 "  - {id: a, match: '-> 200', event: {message: 'good at {kafka.key}'}}\n"
                 "  - {id: b, event: {message: 'another at {kafka.key}'}}\n");
    feed_with_key(b, "200", door);
    feed_with_key(b, "200", till);
    feed_with_key(b, "204", till);
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, 2);
    ck_at(b->events[0], "logentry/formatted", "good at till");
    ck_at(b->events[1], "logentry/formatted", "another at till");
    bench_free(b);
}
END_TEST

/* Loggers that have the request in an object say of each that it has ended, and no more. */
START_TEST(a_breadcrumb_names_the_request)
{
    static const char *const lines[] = {
        ("{\"level\":30,\"req\":{\"method\":\"GET\",\"url\":\"/cart?id=7\"},\"res\":{\"statusCode\":200},"
         "\"msg\":\"request completed\"}"),
        "{\"level\":30,\"req\":{\"method\":\"GET\",\"url\":\"/cart\"},\"msg\":\"GET /cart 200\"}",
        "{\"level\":30,\"req\":{\"method\":\"jump\",\"url\":\"/cart\"},\"msg\":\"no request\"}",
        ("{\"level\":30,\"req\":{\"method\":\"GET\",\"url\":\"/"
         "pay\"},\"err\":{\"type\":\"Error\",\"message\":\"failed\",\"stack\":"
         "\"Error: failed\\n    at done (/srv/a.js:1:2)\"},\"msg\":\"request errored\"}"),
        "{\"level\":50,\"msg\":\"cannot charge the card\"}"};
    struct bench *b = bench_new();
    b->options.fallback = FALLBACK_EVENT;
    b->access_log.format = FORMAT_JSON;
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
        feed_access(b, lines[i]);
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "breadcrumbs/values/3/message", "request errored: Error: failed: GET /pay");
    ck_at(b->events[0], "breadcrumbs/values/0/message", "request completed: GET /cart?id=7");
    ck_at(b->events[0], "breadcrumbs/values/1/message", "GET /cart 200");
    ck_at(b->events[0], "breadcrumbs/values/2/message", "no request");
    bench_free(b);
}
END_TEST

START_TEST(an_error_becomes_an_event)
{
    struct bench *b = bench_new();
    feed(b, 1, "info", 4, "client sent something, then left");
    feed(b, 2, "notice", 5, "another connection");
    feed(b, 3, "error", 4, REFUSED);
    ck_assert_uint_eq(b->n, 0); /* waits for the lines after it */
    feed(b, 4, "info", 4, "after");
    feed(b, 4, "info", 5, "after, but elsewhere");
    b->now_us += 500000;
    pipeline_tick(b->pipeline, b->now_us);
    ck_assert_uint_eq(b->n, 1);
    const struct json_node *e = b->events[0];
    ck_at(e, "exception/values/0/type", "UpstreamConnectionRefused");
    ck_at(e, "exception/values/0/value", "connect() to upstream failed: Connection refused");
    ck_at(e, "logentry/message", "connect() to upstream failed: %s");
    ck_at(e, "logentry/params/0", "Connection refused");
    ck_at(e, "fingerprint/2", "127.0.0.1:9000");
    ck_assert_ptr_null(at(e, "fingerprint/3")); /* an empty part is left out */
    ck_at(e, "tags/errno", "111");
    ck_at(e, "tags/seen", "yes");
    ck_at(e, "request/url", "http://shop.example/c");
    ck_at(e, "request/query_string", "id=5");
    ck_at(e, "server_name", "web-1");
    ck_at(e, "contexts/nginx/connection", "4");
    ck_at(e, "breadcrumbs/values/0/message", "client sent something, then left");
    ck_at(e, "breadcrumbs/values/1/message", "another connection");
    ck_at(e, "breadcrumbs/values/2/message", "after");
    ck_assert_ptr_null(at(e, "breadcrumbs/values/3"));
    ck_assert_ptr_null(at(e, "user")); /* send_ip is off */
    ck_assert_ptr_null(at(e, "request/env"));
    ck_at(e, "event_id", b->ids[0]);
    ck_assert_int_eq(b->ids[0][12], '4');
    bench_free(b);
}
END_TEST

/* A log read late is read faster than it was written: its own times say what belongs to an event. */
START_TEST(a_backlog_brings_no_crumbs_from_afar)
{
    struct bench *b = bench_new();
    feed(b, 50, "info", 4, "the times of this log jump back after this line");
    feed(b, 3, "error", 4, REFUSED);
    feed(b, 4, "info", 4, "a second after");
    feed(b, 33, "info", 4, "half a minute after");
    pipeline_flush(b->pipeline);
    ck_at(b->events[0], "breadcrumbs/values/0/message", "a second after");
    ck_assert_ptr_null(at(b->events[0], "breadcrumbs/values/1"));
    bench_free(b);
}
END_TEST

/* A path may end as the name of a secret does: the status behind it is none. */
START_TEST(the_status_behind_a_secret_s_name_stays)
{
    struct bench *b = bench_new();
    feed(b, 3, "error", 4, REFUSED);
    feed_access(
        b, "203.0.113.9 - - [23/Nov/2026:10:00:03 +0000] \"POST /api/oauth/token HTTP/1.1\" 502 5 \"-\" \"ua\" 7 4 "
           "5aee9f614e285353ed54e41455fb3e4b 1795428003.200");
    pipeline_flush(b->pipeline);
    ck_at(b->events[0], "breadcrumbs/values/0/message", "POST /api/oauth/token -> 502");
    bench_free(b);
}
END_TEST

START_TEST(the_access_line_gives_request_id_and_status)
{
    struct bench *b = bench_new();
    feed(b, 3, "error", 4, REFUSED);
    feed_access(b, "203.0.113.9 - - [23/Nov/2026:10:00:03 +0000] \"GET /other HTTP/1.1\" 200 5 \"-\" \"ua\" 7 4 "
                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1795428003.100");
    feed_access(b, "203.0.113.9 - - [23/Nov/2026:10:00:03 +0000] \"GET /c?id=5 HTTP/1.1\" 502 157 \"-\" \"ua\" 7 4 "
                   "5aee9f614e285353ed54e41455fb3e4b 1795428003.200");
    pipeline_flush(b->pipeline);
    ck_at(b->events[0], "tags/transaction_id", "5aee9f614e285353ed54e41455fb3e4b");
    ck_at(b->events[0], "contexts/response/status_code", "502");
    ck_at(b->events[0], "breadcrumbs/values/1/type", "http");
    ck_at(b->events[0], "breadcrumbs/values/1/data/status_code", "502");
    ck_at(b->events[0], "breadcrumbs/values/1/data/url", "/c");
    ck_at(b->events[0], "breadcrumbs/values/1/message", "GET /c -> 502");
    ck_at(b->events[0], "breadcrumbs/values/1/data/connection", "4");
    ck_at(b->events[0], "breadcrumbs/values/1/data/request", "5aee9f614e285353ed54e41455fb3e4b");
    ck_assert_ptr_null(at(b->events[0], "breadcrumbs/values/0/data/request")); /* the request before it */
    ck_at(b->events[0], "request/headers/1/0", "User-Agent");
    ck_at(b->events[0], "request/headers/1/1", "ua");
    bench_free(b);
}
END_TEST

static bool holds(const struct json_node *n, struct slice text)
{
    for (; n; n = n->next)
        if (slice_find(n->text, text) >= 0 || slice_find(n->key, text) >= 0 || holds(n->child, text))
            return true;
    return false;
}

#define POLL(second, status, id)                                                                                       \
    "203.0.113.9 - - [23/Nov/2026:10:00:0" second " +0000] \"GET /c?id=5 HTTP/1.1\" " status                           \
    " 157 \"-\" \"ua\" 7 4 " id id id id id id id id " 1795428003.200"

/* A client that asks for the same again and again over one connection. */
START_TEST(the_access_line_is_that_of_its_own_request)
{
    struct bench *b = bench_new();
    feed_access(b, POLL("1", "200", "aaaa"));
    feed_access(b, POLL("2", "200", "bbbb"));
    feed(b, 3, "error", 4, REFUSED);
    feed_access(b, POLL("3", "502", "cccc"));
    feed_access(b, POLL("3", "502", "cccc"));
    feed_access(b, POLL("4", "200", "dddd"));
    pipeline_flush(b->pipeline);
    ck_at(b->events[0], "tags/transaction_id", "cccccccccccccccccccccccccccccccc");
    ck_at(b->events[0], "contexts/response/status_code", "502");
    unsigned own = 0; /* also where two logs have the line */
    for (const struct json_node *c = at(b->events[0], "breadcrumbs/values")->child; c; c = c->next)
        own += at(c, "data/request") != NULL;
    ck_assert_uint_eq(own, 2);
    bench_free(b);
}
END_TEST

/* nginx tries the next server, and says so; another request of the connection failed before. */
START_TEST(the_tries_of_a_request_are_its_own)
{
    struct bench *b = bench_new();
    static const char other[] =
        "2026/11/23 10:00:03 [error] 7#7: *4 " REFUSED ", client: 203.0.113.9, server: shop, request: "
        "\"GET /other HTTP/1.1\", upstream: \"http://127.0.0.1:9000/c\", host: \"shop.example\"";
    b->options.limits.burst = 10;
    hand_in(b, &(struct message){.stream = &b->error_log, .text = slice_str(other), .lines = 1}, b->now_us);
    feed(b, 3, "error", 4, "first try: " REFUSED);
    feed(b, 3, "error", 5, "another connection: " REFUSED);
    feed(b, 3, "error", 4, "second try: " REFUSED);
    pipeline_flush(b->pipeline);
    const struct json_node *e = b->events[3], *c = at(e, "breadcrumbs/values")->child;
    ck_assert(c && at(c, "data/connection") && !at(c, "data/request"));
    ck_assert(at(c->next, "data/connection") && at(c->next, "data/request"));
    ck_assert(!at(c->next->next, "data"));
    bench_free(b);
}
END_TEST

static void feed_text(struct bench *b, struct stream *s, const char *line)
{
    static uint64_t offset;
    hand_in(b, &(struct message){.stream = s, .text = slice_str(line), .lines = 1, .offset = offset += 300}, b->now_us);
}

static struct stream text_log(const char *path)
{
    return (struct stream){.format = FORMAT_TEXT,
                           .source = slice_str(path),
                           .trusted = true,
                           .file_key = 3,
                           .ring = 3,
                           .last_us = RECORD_NO_TIME};
}

#define APACHE                                                                                                         \
    "[Mon Nov 23 10:00:03.100000 2026] [proxy_http:error] [pid 7:tid 8] [client 203.0.113.9:5123] AH01102: error"
#define FAILED(client, path) client " - - [23/Nov/2026:10:00:02 +0000] \"GET " path " HTTP/1.1\" 502 157 \"-\" \"ua\""

/* Apache's errors know a client and no request. */
START_TEST(an_error_of_a_client_finds_the_request_that_failed)
{
    struct bench *b = bench_new();
    struct stream s = text_log("/var/log/apache2/error.log.1");
    feed_text(b, &s, "[Mon Nov 23 10:00:01.100000 2026] [mpm_event:notice] [pid 7:tid 8] AH00489: configured");
    feed_text(b, &s, APACHE ", referer: http://shop.example/start");
    feed_access(b, FAILED("203.0.113.8", "/other"));
    feed_access(b, FAILED("203.0.113.9", "/cart?id=7"));
    pipeline_flush(b->pipeline);
    const struct json_node *e = b->events[0];
    ck_at(e, "request/url", "/cart");
    ck_at(e, "request/method", "GET");
    ck_at(e, "transaction", "GET /cart");
    ck_at(e, "request/query_string", "id=7");
    ck_at(e, "request/headers/0/1", "http://shop.example/start");
    ck_at(e, "request/headers/1/1", "ua");
    ck_at(e, "contexts/response/status_code", "502");
    ck_at(e, "contexts/response/joined_by", "client");
    ck_at(e, "breadcrumbs/values/0/category", "apache2.error");
    ck_at(e, "breadcrumbs/values/1/message", "GET /cart -> 502");
    ck_assert(at(e, "breadcrumbs/values/1/data/request")->truth);
    ck_assert_ptr_null(at(e, "breadcrumbs/values/2"));
    bench_free(b);
}
END_TEST

/* Its lines may be held for those of a trace while the access log is read on. */
START_TEST(a_request_that_failed_is_found_also_before_the_error)
{
    struct bench *b = bench_new();
    struct stream s = text_log("/var/log/apache2/error.log");
    b->access_log.source = SLICE("/var/log/apache2/access.log");
    feed_access(b, FAILED("203.0.113.9", "/long/ago"));
    b->now_us += 3000000;
    feed_access(b, FAILED("203.0.113.9", "/cart"));
    feed_text(b, &s,
              "[Mon Nov 23 10:00:03.100000 2026] [proxy_http:error] [pid 7:tid 8] (70007)The timeout specified has "
              "expired: [client 203.0.113.9:5123] AH01102: error reading status line from remote server a:1");
    pipeline_flush(b->pipeline);
    ck_at(b->events[0], "request/url", "/cart");
    ck_at(b->events[0], "breadcrumbs/values/0/category", "apache2.access");
    ck_at(b->events[0], "breadcrumbs/values/0/message", "GET /cart -> 502");
    ck_assert(at(b->events[0], "breadcrumbs/values/0/data/request")->truth);
    bench_free(b);
}
END_TEST

static struct stream json_log(uint32_t key)
{
    struct stream s = text_log("/var/log/app.json");
    s.format = FORMAT_JSON;
    s.file_key = s.ring = key;
    return s;
}

#define NUMBERED(level, text, id) "{\"level\":\"" level "\",\"msg\":\"" text "\",\"request_id\":\"" id "\"}"

/* The level once more, and the layout's version: of logstash's encoders. */
START_TEST(what_a_layout_says_of_itself_is_no_tag)
{
    struct bench *b = bench_new();
    struct stream s = json_log(3);
    feed_text(b, &s,
              "{\"@version\":\"1\",\"level\":\"ERROR\",\"level_value\":40000,\"message\":\"broken\",\"shop\":\"a\"}");
    pipeline_flush(b->pipeline);
    const struct json_node *tags = at(b->events[0], "tags");
    ck_at(tags, "shop", "a");
    ck_assert(!at(tags, "level_value") && !at(tags, "-version") && !at(tags, "@version"));
    bench_free(b);
}
END_TEST

/* pino-http counts requests, in each process from 1. */
START_TEST(a_number_is_the_id_of_a_request_in_its_own_log_alone)
{
    static const struct {
        const char *other, *error;
        unsigned lines;
    } rows[] = {
        {NUMBERED("info", "another's", "14"), NUMBERED("error", "broken", "14"), 1},
        {NUMBERED("info", "its backend's", "5aee9f61"), NUMBERED("error", "broken", "5aee9f61"), 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench *b = bench_new();
        struct stream mine = json_log(3), other = json_log(4);
        feed_text(b, &mine, i ? NUMBERED("info", "asked", "5aee9f61") : NUMBERED("info", "asked", "14"));
        feed_text(b, &other, rows[i].other);
        feed_text(b, &mine, rows[i].error);
        pipeline_flush(b->pipeline);
        ck_assert_uint_eq(b->n, 1);
        ck_at(b->events[0], "breadcrumbs/values/0/message", "asked");
        ck_assert_ptr_nonnull(at(b->events[0], "breadcrumbs/values/0/data/request"));
        ck_assert_int_eq(at(b->events[0], "breadcrumbs/values/1") != NULL, rows[i].lines == 2);
        bench_free(b);
    }
}
END_TEST

/* Many servers write access lines as nginx does, among others. */
START_TEST(an_access_line_is_of_the_program_whose_log_has_it)
{
    static const struct {
        const char *source, *category;
    } rows[] = {{"/var/log/shop.log", "shop"}, {"/var/log/nginx/all.log", "nginx.access"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench *b = bench_new();
        struct stream s = text_log(rows[i].source);
        s.format = FORMAT_AUTO;
        feed_text(b, &s, FAILED("203.0.113.9", "/cart"));
        feed_text(b, &s, "2026-11-23 10:00:03,100 ERROR cannot reserve article 17");
        pipeline_flush(b->pipeline);
        ck_at(b->events[0], "breadcrumbs/values/0/message", "GET /cart -> 502");
        ck_at(b->events[0], "breadcrumbs/values/0/category", rows[i].category);
        bench_free(b);
    }
}
END_TEST

#define PRINTED(text) "{\"log\":\"" text "\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-23T10:00:02.1Z\"}"

/* Of a container, whose lines are never empty themselves. */
START_TEST(an_empty_message_is_no_breadcrumb)
{
    struct bench *b = bench_new();
    struct stream s = text_log("/var/lib/docker/containers/1/1-json.log");
    s.format = FORMAT_DOCKER;
    feed_text(b, &s, PRINTED("order page shown"));
    feed_text(b, &s, PRINTED(" "));
    feed_text(b, &s, PRINTED("ERROR cannot ask the stock"));
    feed_text(b, &s, PRINTED(""));
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "breadcrumbs/values/0/message", "order page shown");
    ck_assert_ptr_null(at(b->events[0], "breadcrumbs/values/1"));
    const uint64_t *counts = pipeline_counts(b->pipeline)->v;
    ck_assert_uint_eq(counts[COUNT_blank], 2);
    ck_assert_uint_eq(counts[COUNT_crumb], 1);
    bench_free(b);
}
END_TEST

/* Lines of one log are of many requests: which was the error's tells only the path that it names. */
START_TEST(an_error_that_names_a_path_finds_its_request)
{
    struct bench *b = bench_new();
    struct stream s = text_log("/var/log/shop.log");
    b->access_log.ring = s.ring;
    feed_text(b, &s, "2026-11-23 10:00:02,100 ERROR Exception on /cart/17 [GET]");
    feed_access(b, FAILED("203.0.113.9", "/cart/170"));
    feed_access(b, FAILED("203.0.113.8", "/cart/17?full=1"));
    feed_access(b, FAILED("203.0.113.8", "/cart"));
    pipeline_flush(b->pipeline);
    const struct json_node *e = b->events[0];
    ck_at(e, "request/url", "/cart/17");
    ck_at(e, "contexts/response/status_code", "502");
    ck_at(e, "contexts/response/joined_by", "path");
    ck_assert_ptr_null(at(e, "breadcrumbs/values/0/data/request"));
    ck_assert(at(e, "breadcrumbs/values/1/data/request")->truth);
    bench_free(b);
}
END_TEST

/* It may have been held for the lines of its trace. */
START_TEST(the_request_of_a_path_is_found_also_before_the_error)
{
    struct bench *b = bench_new();
    struct stream s = text_log("/var/log/shop.log");
    b->access_log.ring = s.ring;
    feed_access(b, FAILED("203.0.113.9", "/cart/17"));
    feed_access(b, FAILED("203.0.113.9", "/other"));
    feed_text(b, &s, "2026-11-23 10:00:02,100 ERROR Exception on /cart/17 [GET]");
    pipeline_flush(b->pipeline);
    ck_at(b->events[0], "request/url", "/cart/17");
    ck_at(b->events[0], "breadcrumbs/values/1/message", "GET /cart/17 -> 502"); /* behind those of the same second */
    ck_assert(at(b->events[0], "breadcrumbs/values/1/data/request")->truth);
    bench_free(b);
}
END_TEST

START_TEST(an_error_that_names_no_path_has_none_of_the_requests_beside_it)
{
    struct bench *b = bench_new();
    struct stream s = text_log("/var/log/shop.log");
    b->access_log.ring = s.ring;
    feed_access(b, FAILED("203.0.113.9", "/cart"));
    feed_text(b, &s, "2026-11-23 10:00:02,100 ERROR cannot reserve article 17");
    feed_access(b, FAILED("203.0.113.9", "/log/17"));
    pipeline_flush(b->pipeline);
    ck_assert_ptr_null(at(b->events[0], "request"));
    ck_assert_ptr_null(at(b->events[0], "contexts/response"));
    ck_at(b->events[0], "breadcrumbs/values/1/message", "GET /log/17 -> 502");
    bench_free(b);
}
END_TEST

START_TEST(a_client_with_two_requests_that_failed_has_none)
{
    struct bench *b = bench_new();
    struct stream s = text_log("/var/log/apache2/error.log");
    feed_text(b, &s, APACHE);
    feed_access(b, FAILED("203.0.113.9", "/cart"));
    feed_access(b, FAILED("203.0.113.9", "/cart")); /* asked again */
    feed_access(b, FAILED("203.0.113.9", "/other"));
    feed_access(b, FAILED("203.0.113.9", "/third"));
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, 1);
    ck_assert_ptr_null(at(b->events[0], "request"));
    ck_at(b->events[0], "transaction", "proxy_http");
    ck_assert_ptr_null(at(b->events[0], "contexts/response"));
    const struct json_node *crumbs = at(b->events[0], "breadcrumbs/values");
    for (const struct json_node *c = crumbs ? crumbs->child : NULL; c; c = c->next)
        ck_assert_ptr_null(at(c, "data/request"));
    bench_free(b);
}
END_TEST

static void ck_request(struct bench *b, const char *line, const char *method, const char *url, const char *agent)
{
    struct stream s = text_log("/var/log/app.log");
    unsigned n = b->n;
    s.format = FORMAT_JSON;
    feed_text(b, &s, line);
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, n + 1);
    const struct json_node *e = b->events[n];
    if (!url) {
        ck_assert_ptr_null(at(e, "request"));
        return;
    }
    char route[64];
    const char *host = strstr(url, "://"), *path = strchr(host ? host + 3 : url, '/');
    snprintf(route, sizeof route, "%s %s", method, path);
    ck_at(e, "request/method", method);
    ck_at(e, "request/url", url);
    ck_at(e, "transaction", route);
    if (agent)
        ck_assert(holds(at(e, "request/headers"), slice_str(agent)));
}

/* As loggers of applications and proxies name it. */
/* What HAProxy says of one connection begins with the client's address and port. */
START_TEST(haproxy_s_lines_of_a_connection_are_its_own)
{
    static const char *const lines[] = {
        "<134>Nov 23 10:00:00 lb haproxy[7]: 203.0.113.9:51234 [23/Nov/2026:10:00:00.123] fe be/s 0/0/0/1/1 200 7 - - "
        "---- 1/1/0/0/0 0/0 \"GET /own HTTP/1.1\"",
        "<134>Nov 23 10:00:00 lb haproxy[7]: 203.0.113.9:51235 [23/Nov/2026:10:00:00.123] fe be/s 0/0/0/1/1 200 7 - - "
        "---- 1/1/0/0/0 0/0 \"GET /other HTTP/1.1\"",
        "<134>Nov 23 10:00:00 lb haproxy[7]: [2001:db8::1]:51234 [23/Nov/2026:10:00:00.123] fe be/s 0/0/0/1/1 200 7 - "
        "- ---- 1/1/0/0/0 0/0 \"GET /six HTTP/1.1\"",
        "<131>Nov 23 10:00:01 lb haproxy[7]: 203.0.113.9:51234 [23/Nov/2026:10:00:01.000] fe/1: the connection broke"};
    struct bench *b = bench_new();
    b->options.crumbs.others = 0;
    b->options.fallback = FALLBACK_EVENT;
    struct stream s = {.format = FORMAT_SYSLOG,
                       .source = SLICE("/log/haproxy.log"),
                       .trusted = true,
                       .file_key = 3,
                       .ring = 3,
                       .last_us = RECORD_NO_TIME};
    for (unsigned i = 0; i < 4; i++)
        hand_in(b, &(struct message){.stream = &s, .text = slice_str(lines[i]), .lines = 1, .offset = i * 300},
                b->now_us);
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, 1);
    const struct json_node *own = at(b->events[0], "breadcrumbs/values/0/message");
    ck_assert(own && slice_find(own->text, SLICE("GET /own")) >= 0);
    ck_assert_ptr_null(at(b->events[0], "breadcrumbs/values/1"));
    bench_free(b);
}
END_TEST

START_TEST(fields_say_the_request)
{
    struct bench *b = bench_new();
    ck_request(b, "{\"level\":\"error\",\"msg\":\"first failed\",\"method\":\"GET\",\"path\":\"/a?b=1\"}", "GET", "/a",
               NULL);
    ck_request(b,
               "{\"level\":\"error\",\"msg\":\"second one failed\",\"RequestMethod\":\"PUT\",\"RequestPath\":\"/p\","
               "\"RequestHost\":\"shop.example\",\"request_User-Agent\":\"curl/8\"}",
               "PUT", "http://shop.example/p", "curl/8");
    ck_request(b,
               "{\"level\":50,\"msg\":\"third request broke\",\"req\":{\"method\":\"POST\",\"url\":\"/x\",\"headers\":{"
               "\"host\":\"shop.example\",\"user-agent\":\"ua 3\"}}}",
               "POST", "http://shop.example/x", "ua 3");
    ck_request(b,
               "{\"severity\":\"ERROR\",\"message\":\"fourth is lost\",\"httpRequest\":{\"requestMethod\":\"GET\","
               "\"requestUrl\":\"https://shop.example/y\",\"userAgent\":\"ua 4\"}}",
               "GET", "https://shop.example/y", "ua 4");
    ck_request(
        b,
        "{\"log.level\":\"error\",\"message\":\"fifth died\",\"http.request.method\":\"GET\",\"url.path\":\"/z\","
        "\"user_agent.original\":\"ua 5\"}",
        "GET", "/z", "ua 5");
    ck_request(
        b,
        "{\"level\":\"error\",\"msg\":\"sixth is no more\",\"request\":{\"method\":\"GET\",\"host\":\"shop.example\","
        "\"uri\":\"/c\",\"headers\":{\"User-Agent\":[\"ua 6\",\"x\"]}}}",
        "GET", "http://shop.example/c", "ua 6");
    /* A request of its own to another server, a path of a file, a method of a class. */
    ck_request(b, "{\"level\":\"error\",\"msg\":\"no answer\",\"method\":\"GET\",\"url\":\"https://api.example/v1\"}",
               NULL, NULL, NULL);
    ck_request(b, "{\"level\":\"error\",\"msg\":\"cannot read\",\"path\":\"/etc/shop.conf\"}", NULL, NULL, NULL);
    ck_request(b, "{\"level\":\"error\",\"msg\":\"call failed\",\"method\":\"getCart\",\"path\":\"/srv/a\"}", NULL,
               NULL, NULL);
    bench_free(b);
}
END_TEST

/* What crumbd says of its rules is no log's to say. */
START_TEST(a_field_called_rule_is_no_tag)
{
    struct bench *b = bench_new();
    struct stream s = text_log("/var/log/app.log");
    s.format = FORMAT_JSON;
    feed_text(b, &s,
              "{\"level\":\"error\",\"msg\":\"denied\",\"rule\":\"r7\",\"crumbd.summary\":\"true\",\"x\":\"y\"}");
    pipeline_flush(b->pipeline);
    ck_assert_ptr_null(at(b->events[0], "tags/rule"));
    ck_at(b->events[0], "tags/x", "y");
    ck_at(b->events[0], "contexts/fields/rule", "r7");
    ck_assert(!json_get(at(b->events[0], "tags"), "crumbd.summary"));
    bench_free(b);
}
END_TEST

START_TEST(combined_access_lines_join_weakly)
{
    struct bench *b = bench_new();
    feed_access(b, "203.0.113.9 - - [23/Nov/2026:10:00:02 +0000] \"GET /c?id=5 HTTP/1.1\" 502 157 \"-\" \"ua\"");
    feed_access(b, "203.0.113.8 - - [23/Nov/2026:10:00:02 +0000] \"GET /c?id=5 HTTP/1.1\" 200 157 \"-\" \"ua\"");
    feed(b, 3, "error", 4, REFUSED);
    pipeline_flush(b->pipeline);
    ck_at(b->events[0], "contexts/response/status_code", "502");
    ck_at(b->events[0], "breadcrumbs/values/0/category", "nginx.access");
    ck_at(b->events[0], "breadcrumbs/values/0/data/joined_by", "client and request line");
    ck_assert_ptr_null(at(b->events[0], "breadcrumbs/values/1"));
    bench_free(b);
}
END_TEST

START_TEST(an_unknown_error_falls_back_without_ids_in_its_title)
{
    struct bench *b = bench_new();
    feed(b, 1, "error", 4, "worker 7133 lost shard 9f3a6c0b7d12 at 10.2.3.4:8080");
    feed(b, 2, "error", 5, "worker 42 lost shard 00ff6c0b7d99 at 10.9.9.9:80");
    feed(b, 2, "warn", 5, "worker 42 is slow");
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, 2);
    ck_assert(slice_eq(at(b->events[0], "exception/values/0/value")->text,
                       at(b->events[1], "exception/values/0/value")->text));
    ck_at(b->events[0], "logentry/formatted", "worker 7133 lost shard 9f3a6c0b7d12 at 10.2.3.4:8080");
    ck_assert_uint_eq(pipeline_counts(b->pipeline)->v[COUNT_crumb], 1);
    bench_free(b);
}
END_TEST

START_TEST(a_masked_name_keeps_ids_out_of_title_and_fingerprint)
{
    struct bench *b = bench_new();
    feed(b, 1, "error", 4, "app says: order 4711 of bob@example.org is lost");
    feed(b, 2, "error", 5, "app says: order 4712 of eve@example.org is lost");
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, 2);
    for (unsigned i = 0; i < b->n; i++) {
        ck_at(b->events[i], "exception/values/0/value", "the app: order <num> of <email> is lost");
        ck_at(b->events[i], "fingerprint/1", "order <num> of <email> is lost");
    }
    ck_at(b->events[0], "logentry/message", "the app: %s");
    ck_at(b->events[0], "logentry/formatted", "the app: order 4711 of bob@example.org is lost");
    bench_free(b);
}
END_TEST

START_TEST(crumb_and_unless)
{
    struct bench *b = bench_new();
    feed(b, 1, "error", 4, "open() \"/srv/x\" failed (2: No such file or directory)");
    b->options.fallback = FALLBACK_CRUMB;
    feed(b, 2, "error", 5, REFUSED ", favicon");
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, 0);
    bench_free(b);
}
END_TEST

START_TEST(a_flood_is_thinned_and_counted)
{
    struct bench *b = bench_new();
    for (int i = 0; i < 100; i++)
        feed(b, i / 10, "error", i, REFUSED);
    pipeline_flush(b->pipeline);
    uint64_t events = 0, suppressed = 0;
    for (unsigned i = 0; i < b->n; i++) {
        events += !b->suppressed[i];
        suppressed += b->suppressed[i];
        if (b->suppressed[i]) {
            ck_at(b->events[i], "contexts/crumbd/suppressed", "92");
            ck_at(b->events[i], "fingerprint/2", "127.0.0.1:9000");
            ck_at(b->events[i], "exception/values/0/type", "UpstreamConnectionRefused");
            ck_at(b->events[i], "exception/values/0/value", "connect() to upstream failed: Connection refused");
            ck_at(b->events[i], "tags/crumbd.summary", "true");
            ck_at(b->events[i], "breadcrumbs/values/0/message", "92 more occurrences of this issue were held back");
            ck_at(b->events[i], "breadcrumbs/values/0/data/suppressed", "92");
            ck_assert_ptr_null(at(b->events[i], "breadcrumbs/values/1"));
            ck_assert_ptr_null(at(b->events[i], "request")); /* it was of one of them */
            ck_assert_ptr_null(at(b->events[i], "contexts/nginx"));
        } else {
            ck_assert_ptr_null(json_get(at(b->events[i], "tags"), "crumbd.summary"));
        }
    }
    ck_assert_uint_eq(events, 3 + 5); /* 6 12 24 48 96 */
    ck_assert_uint_eq(events + suppressed, 100);
    ck_assert_uint_eq(pipeline_counts(b->pipeline)->v[COUNT_suppressed], suppressed);
    bench_free(b);
}
END_TEST

/* By an hour, back and forward, while an event waits for lines and flood control holds back. */
START_TEST(the_clock_is_set)
{
    const int64_t step_us = _i ? INT64_C(3600000000) : -INT64_C(3600000000);
    struct bench *b = bench_new();
    for (int i = 0; i < 100; i++)
        feed(b, i / 10, "error", i, REFUSED);
    unsigned passed = b->n;
    int64_t wall_us = b->now_us + step_us;
    pipeline_clock_is_set(b->pipeline, -step_us);
    pipeline_tick(b->pipeline, wall_us + 499999);
    ck_assert_uint_eq(b->n, passed); /* they wait for lines, as long as before */
    ck_assert_int_eq(pipeline_tick(b->pipeline, wall_us + 500000), b->now_us + b->options.limits.period_us);
    ck_assert_uint_eq(b->n, 3 + 5);
    pipeline_tick(b->pipeline, wall_us + b->options.limits.period_us - 1);
    ck_assert_uint_eq(b->n, 3 + 5);
    pipeline_tick(b->pipeline, wall_us + b->options.limits.period_us);
    ck_assert_uint_eq(b->n, 3 + 5 + 1);
    ck_assert_uint_eq(b->suppressed[8], 92);
    ck_at(b->events[8], "timestamp", _i ? "1795431600.000000" : "1795424400.000000"); /* as it is now */
    bench_free(b);
}
END_TEST

/* Whoever asked is nowhere: not as field, context, breadcrumb or message; the upstream is, and `by` knows them apart.
 */
START_TEST(the_client_leaves_nowhere)
{
    struct bench *b = bench_new();
    feed(b, 1, "info", 4, "client 203.0.113.9 sent something");
    feed(b, 2, "error", 4, REFUSED);
    feed(b, 3, "error", 5, "unknown trouble with 203.0.113.9 and 203.0.113.90");
    pipeline_flush(b->pipeline);
    ck_assert_uint_ge(b->n, 2);
    for (unsigned i = 0; i < b->n; i++) {
        ck_assert(!holds(b->events[i], SLICE("203.0.113.9,")) && !holds(b->events[i], SLICE("203.0.113.9 ")));
        ck_assert(!at(b->events[i], "user") && !at(b->events[i], "request/env"));
    }
    ck_assert(holds(b->events[0], SLICE("127.0.0.1:9000")));
    ck_at(b->events[1], "logentry/formatted", "unknown trouble with [Filtered] and 203.0.113.90");
    bench_free(b);
}
END_TEST

/* The text parser and the syslog parser take a word and a colon in front for a logger and a program. */
START_TEST(a_secret_is_no_message_of_its_name)
{
    static const char *const lines[] = {
        "2026-11-29 10:00:00 ERROR password: hunter2 refused", "2026-11-29 10:00:01 INFO db.password: hunter2",
        "2026-11-29 10:00:02 ERROR auth.token: hunter2-hunter2 refused", "2026-11-29 10:00:03 ERROR shop: cart lost"};
    struct bench *b = bench_new();
    struct stream text = {.format = FORMAT_TEXT,
                          .source = SLICE("/log/app.log"),
                          .trusted = true,
                          .file_key = 3,
                          .ring = 3,
                          .last_us = RECORD_NO_TIME};
    struct stream syslog = {.format = FORMAT_SYSLOG,
                            .source = SLICE("udp"),
                            .trusted = true,
                            .file_key = 4,
                            .ring = 4,
                            .last_us = RECORD_NO_TIME};
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
        hand_in(b, &(struct message){.stream = &text, .text = slice_str(lines[i]), .lines = 1, .offset = i * 100},
                b->now_us);
    hand_in(b,
            &(struct message){
                .stream = &syslog, .text = SLICE("<11>Nov 29 10:00:00 web-1 password: hunter2 refused"), .lines = 1},
            b->now_us);
    pipeline_flush(b->pipeline);
    ck_assert_uint_ge(b->n, 4);
    for (unsigned i = 0; i < b->n; i++)
        ck_assert(!holds(b->events[i], SLICE("hunter2")));
    ck_at(b->events[0], "logentry/formatted", "password: [Filtered] refused");
    ck_assert(holds(b->events[b->n - 2], SLICE("shop")) || holds(b->events[b->n - 1], SLICE("shop")));
    bench_free(b);
}
END_TEST

/* The title is what lists, page and log show. */
START_TEST(a_title_has_no_secrets)
{
    struct bench *b = bench_of(
        "pack: p\nwhen: {format: nginx-error}\nrules:\n  - {id: a, match: 'login', event: {message: '{message}'}}\n");
    feed(b, 1, "error", 4, "login failed: Authorization: Bearer abc123def456 password=hunter2 card 4111111111111111");
    pipeline_flush(b->pipeline);
    ck_assert_uint_ge(b->n, 1);
    ck_assert_str_eq(b->title, "login failed: Authorization: [Filtered] password=[Filtered] card [Filtered]");
    bench_free(b);
}
END_TEST

/* Alone the capture is a word like any; the message says what it is. Keys are made of what the line has. */
START_TEST(a_capture_that_is_a_secret_is_shown_nowhere)
{
    static const char rules[] = "pack: p\nwhen: {format: nginx-error}\nrules:\n"
                                "  - {id: before, match: 'password=(?<early>\\S+)', continue: true, event: {tags: "
                                "{early: 'it is {early}', area: login}}}\n"
                                "  - id: login\n"
                                "    match: 'login of (?<user>\\S+) by password=(?<x>\\S+) failed'\n"
                                "    event:\n"
                                "      type: 'Login{x}'\n"
                                "      message: 'login of {user} with {x} or {masked.x}'\n"
                                "      fingerprint: [login, '{x}', 'of {user} {x}']\n"
                                "      tags: {x: '{x}', who: '{user}', both: '{user}/{x}'}\n"
                                "      user: {id: '{x}', username: '{user}'}\n"
                                "      request: {url: '/as/{x}'}\n";
    static const char *const words[] = {"swordfish", "mockingbird"};
    struct bench *b = bench_of(rules);
    char message[200];
    b->options.limits.burst = 1;
    for (int i = 0; i < 40; i++) {
        snprintf(message, sizeof message, "login of bob by password=%s failed", words[i % 2]);
        feed(b, 1 + i / 10, "error", i, message);
    }
    pipeline_flush(b->pipeline);
    ck_assert_uint_ge(b->n, 4);
    unsigned summaries = 0;
    for (unsigned i = 0; i < b->n; i++) {
        summaries += b->suppressed[i] > 0;
        for (unsigned k = 0; k < 2; k++)
            ck_assert_msg(!holds(b->events[i], slice_str(words[k])), "%s", words[k]);
    }
    ck_assert_uint_eq(summaries, 2); /* two issues, each with its own number */
    ck_assert(!strstr(b->title, words[0]) && !strstr(b->title, words[1]));
    ck_at(b->events[0], "tags/x", "[Filtered]");
    ck_at(b->events[0], "tags/early", "it is [Filtered]");
    ck_at(b->events[0], "tags/area", "login");
    ck_at(b->events[0], "tags/who", "bob");
    ck_at(b->events[0], "tags/both", "bob/[Filtered]");
    ck_at(b->events[0], "user/id", "[Filtered]");
    ck_at(b->events[0], "user/username", "bob");
    ck_at(b->events[0], "fingerprint/1", "[Filtered]");
    ck_at(b->events[0], "fingerprint/2", "of bob [Filtered]");
    ck_at(b->events[0], "logentry/formatted", "login of bob with [Filtered] or [Filtered]");
    bench_free(b);
}
END_TEST

/* A summary that whoever stores it has dropped tells nobody its number. */
START_TEST(a_summary_that_is_not_taken_has_told_nothing)
{
    struct bench *b = bench_new();
    for (int i = 0; i < 10; i++)
        feed(b, i, "error", i, REFUSED);
    const struct counts *c = pipeline_counts(b->pipeline);
    b->refuses = true;
    pipeline_flush(b->pipeline);
    ck_assert_uint_gt(c->v[COUNT_suppressed], 0);
    ck_assert_uint_eq(c->v[COUNT_summaries], 1);
    ck_assert_uint_eq(c->v[COUNT_summarised], 0);
    bench_free(b);
}
END_TEST

/* Only an event whose open form is stored has its place there. */
START_TEST(an_open_form_that_is_not_taken_takes_no_room)
{
    for (unsigned refuses = 0; refuses < 2; refuses++) {
        struct bench *b = bench_new();
        feed(b, 1, "error", 1, REFUSED);
        b->refuses = refuses;
        pipeline_checkpoint(b->pipeline);
        b->refuses = false;
        b->no_room = true;
        pipeline_flush(b->pipeline);
        ck_assert_uint_eq(pipeline_counts(b->pipeline)->v[COUNT_input_overflow], refuses);
        ck_assert_uint_eq(b->n, refuses ? 0 : 2);
        bench_free(b);
    }
}
END_TEST

/* SipHash-2-4-128 of the fingerprint's parts and the project, chained, reckoned by another program: the key of an issue
 * is the same on every host, whatever keys flood control goes by. */
START_TEST(an_issue_has_one_key_everywhere)
{
    for (unsigned old_keys = 0; old_keys < 2; old_keys++) {
        struct bench *b = bench_with("pack: p\nwhen: {format: nginx-error}\nrules:\n"
                                     "  - {id: a, match: 'till (?<n>\\d+) is open', event: "
                                     "{fingerprint: [shop, 'till {n}'], project: billing}}\n"
                                     "  - {id: b, match: 'door (?<n>\\d+) is open', event: "
                                     "{fingerprint: [shop, 'till {n}']}}\n",
                                     old_keys);
        for (int i = 0; i < 10; i++)
            feed(b, i, "error", i, "till 7 is open");
        feed(b, 20, "error", 20, "door 7 is open");
        pipeline_flush(b->pipeline);
        ck_assert_uint_eq(b->n, 3 + 1 + 1 + 1); /* the burst, the sixth, the other project; the summary */
        for (unsigned i = 0; i < 4; i++)
            ck_assert_uint_eq(b->issue[i], 0x152470ded23ea549);
        ck_assert_uint_eq(b->issue[4], 0x9b6b20b7f1375565);
        ck_assert_uint_eq(b->issue[5], old_keys ? 0 : 0x152470ded23ea549);
        ck_assert_uint_eq(b->firsts, 2);
        bench_free(b);
    }
}
END_TEST

/* Many secrets in one issue: its summary does not count them. */
START_TEST(a_summary_counts_no_secrets)
{
    static const char *const words[] = {"swordfish", "mockingbird", "nightingale"};
    struct bench *b = bench_of("pack: p\nwhen: {format: nginx-error}\nrules:\n"
                               "  - {id: a, match: 'login of (?<who>\\S+) by password=(?<x>\\S+)', event: "
                               "{fingerprint: [a], tags: {y: '{x}!'}}}\n");
    char message[200];
    for (int i = 0; i < 40; i++) {
        snprintf(message, sizeof message, "login of user%c by password=%s failed", 'a' + i % 2, words[i % 3]);
        feed(b, 1 + i / 10, "error", i, message);
    }
    pipeline_flush(b->pipeline);
    const struct json_node *top = NULL;
    for (unsigned i = 0; i < b->n; i++) {
        top = b->suppressed[i] ? at(b->events[i], "contexts/crumbd/top") : top;
        for (unsigned k = 0; k < 3; k++)
            ck_assert_msg(!holds(b->events[i], slice_str(words[k])), "%s", words[k]);
    }
    ck_assert_ptr_nonnull(top);
    ck_assert_ptr_nonnull(at(top, "who"));
    bench_free(b);
}
END_TEST

/* A message without a secret shows what it showed. */
START_TEST(a_capture_that_is_none_stays)
{
    struct bench *b = bench_of("pack: p\nwhen: {format: nginx-error}\nrules:\n"
                               "  - {id: a, match: 'cart (?<x>\\S+) of (?<u>\\S+)', event: {fingerprint: ['{x}'], "
                               "tags: {x: '{x}', u: '{u}'}}}\n");
    feed(b, 1, "error", 4, "cart swordfish of bob is lost");
    feed(b, 2, "error", 4, "cart swordfish of bob is lost, password=mockingbird");
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, 2);
    for (unsigned i = 0; i < 2; i++) {
        ck_at(b->events[i], "tags/x", "swordfish");
        ck_at(b->events[i], "tags/u", "bob");
        ck_at(b->events[i], "fingerprint/0", "swordfish");
        ck_assert(!holds(b->events[i], SLICE("mockingbird")));
    }
    bench_free(b);
}
END_TEST

/* What varied is told with the summary; addresses of clients only where they may be sent, secrets never. */
START_TEST(a_summary_says_what_varied)
{
    struct bench *b = bench_new();
    char line[600];
    for (unsigned i = 0; i < 60; i++) {
        int n = snprintf(line, sizeof line,
                         "2026/11/23 10:00:00 [error] 7#7: *%u " REFUSED
                         ", client: 203.0.113.%u, server: shop, request: \"GET /cart/%s?token=s3cret "
                         "HTTP/1.1\", upstream: \"http://127.0.0.1:9000/c\", host: \"%s\"",
                         i, i, i % 3 ? "a" : "b", i % 10 ? "www.example.com" : "AKIAIOSFODNN7EXAMPLE");
        hand_in(b,
                &(struct message){
                    .stream = &b->error_log, .text = slice_of(line, (size_t)n), .lines = 1, .offset = i * 300},
                b->now_us);
    }
    pipeline_flush(b->pipeline);
    const struct json_node *top = NULL;
    for (unsigned i = 0; i < b->n; i++)
        top = b->suppressed[i] ? at(b->events[i], "contexts/crumbd/top") : top;
    ck_assert_ptr_nonnull(top);
    ck_at(top, "request.path/0", "34 \xc3\x97 /cart/a"); /* 1 2 3, 6 12 24 48 passed */
    ck_at(top, "request.path/1", "19 \xc3\x97 /cart/b");
    ck_at(top, "host/0", "48 \xc3\x97 www.example.com");
    ck_at(top, "host/1", "5 \xc3\x97 [Filtered]");
    ck_assert_ptr_null(at(top, "client"));
    ck_assert_ptr_null(at(top, "upstream")); /* always the same */
    bench_free(b);
}
END_TEST

/* Without a rule that has captures the parameters of the template are what varies. */
START_TEST(a_summary_of_an_unknown_message_says_its_parameters)
{
    struct bench *b = bench_new();
    char message[200];
    for (int i = 0; i < 30; i++) {
        snprintf(message, sizeof message, "disk /dev/sd%c failed %d times after %d tries", 'a' + i % 2, i % 2 ? 7 : 8,
                 i);
        feed(b, i / 10, "crit", 1, message);
    }
    pipeline_flush(b->pipeline);
    const struct json_node *top = NULL;
    for (unsigned i = 0; i < b->n; i++)
        top = b->suppressed[i] ? at(b->events[i], "contexts/crumbd/top") : top;
    ck_assert_ptr_nonnull(top);
    ck_assert_ptr_nonnull(at(top, "<path>"));
    ck_assert_ptr_nonnull(at(top, "<num>"));
    ck_assert_ptr_null(at(top, "<num> 2")); /* different each time */
    bench_free(b);
}
END_TEST

START_TEST(a_checkpoint_shows_pending_events_once)
{
    struct bench *b = bench_new();
    feed(b, 1, "error", 4, REFUSED);
    pipeline_checkpoint(b->pipeline);
    pipeline_checkpoint(b->pipeline);
    ck_assert_uint_eq(b->n, 1);
    ck_assert(b->open[0]);
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, 2);
    ck_assert(!b->open[1]);
    ck_assert_str_eq(b->ids[0], b->ids[1]);
    bench_free(b);
}
END_TEST

/* What events hold that wait for lines is what they were given, and stays within the cap. */
START_TEST(pending_bytes_are_those_of_the_lines)
{
    enum { EVENTS = 200, LINES = 50, TEXT = 1000 };
    struct bench *b = bench_new();
    char line[TEXT + 100];
    size_t most = 0;
    b->options.limits.burst = EVENTS;
    b->options.crumbs.after = LINES;
    for (int i = 0; i < EVENTS; i++)
        feed(b, 1, "error", i + 1, REFUSED);
    for (int i = 0; i < EVENTS * LINES; i++) {
        int n = snprintf(line, sizeof line, "2026/11/23 10:00:01 [info] 7#7: *%d ", i % EVENTS + 1);
        memset(line + n, 'x', TEXT);
        hand_in(b,
                &(struct message){.stream = &b->error_log,
                                  .text = slice_of(line, (size_t)n + TEXT),
                                  .lines = 1,
                                  .offset = 90000u + (unsigned)i},
                b->now_us);
        size_t now = pipeline_pending(b->pipeline)->bytes;
        most = now > most ? now : most;
        ck_assert_uint_le(now, PIPELINE_PENDING_BYTES);
        if (!pipeline_counts(b->pipeline)->v[COUNT_early_events])
            ck_assert_uint_ge(now, (size_t)(i + 1) * TEXT);
    }
    ck_assert_uint_gt(most, PIPELINE_PENDING_BYTES / 2);
    ck_assert_uint_gt(pipeline_counts(b->pipeline)->v[COUNT_early_events], 0);
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, EVENTS);
    ck_assert_uint_eq(pipeline_pending(b->pipeline)->bytes, 0);
    bench_free(b);
}
END_TEST

START_TEST(the_same_line_gives_the_same_id)
{
    struct bench *b = bench_new(), *c = bench_new();
    const char *line = "2026/11/23 10:00:01 [error] 7#7: *1 " REFUSED;
    hand_in(b, &(struct message){.stream = &b->error_log, .text = slice_str(line), .lines = 1, .offset = 4096},
            b->now_us);
    hand_in(c, &(struct message){.stream = &c->error_log, .text = slice_str(line), .lines = 1, .offset = 4096},
            c->now_us + 1000);
    pipeline_flush(b->pipeline);
    pipeline_flush(c->pipeline);
    ck_assert_str_eq(b->ids[0], c->ids[0]);
    bench_free(b);
    bench_free(c);
}
END_TEST

/* --- samples --- */

START_TEST(samples_prove_rules)
{
    struct bench b = {0};
    struct diag d = {0};
    load(&b, rules_text);
    struct rule_check r = rule_check_samples(&b.rules, &d);
    err_print(&d, stderr);
    ck_assert_uint_eq(r.samples, 7);
    ck_assert_uint_eq(r.failed, 0);
    ck_assert_uint_eq(d.errors, 0);
    err_done(&d);
    rule_set_done(&b.rules);
}
END_TEST

static void ck_fails(const char *rule, const char *want)
{
    struct bench *b = xcalloc(1, sizeof *b);
    struct diag d = {0};
    char *text = xasprintf("pack: p\nrules:\n  - id: x\n    match: 'boom (?<n>\\d+)'\n%s", rule), *shown = NULL;
    size_t n = 0;
    struct conf_file *f = conf_parse("bad.yaml", slice_str(text), &d);
    if (f && rule_set_load(&b->rules, f, &d)) {
        rule_set_ready(&b->rules, true);
        rule_check_samples(&b->rules, &d);
    }
    FILE *out = open_memstream(&shown, &n);
    err_print(&d, out);
    fclose(out);
    ck_assert_msg(strstr(shown, want) != NULL, "want '%s' in:\n%s", want, shown);
    free(shown);
    free(text);
    err_done(&d);
    rule_set_done(&b->rules);
    free(b);
}

START_TEST(wrong_samples_are_told_with_their_place)
{
    ck_fails("", "bad.yaml:3:5: error: rule \"x\" has no sample");
    ck_fails("    samples: [{lines: 'ERROR boom 7', event: none}]\n", "give an event");
    ck_fails("    samples: [{lines: 'all is well', event: {level: error}}]\n", "no rule matches");
    ck_fails("    samples: [{lines: 'ERROR boom 7', event: {level: info}}]\n", "event.level: is error");
    ck_fails("    samples: [{lines: 'ERROR boom 7', event: {tags: {n: 7}}}]\n", "event.tags.n: is not in the event");
    ck_fails("    event: {tags: {user: '{message}'}}\n    samples: [{lines: 'ERROR boom 7', event: {level: error}}]\n",
             "bad.yaml:5:19: error: Sentry keeps the tag \"user\" for itself; use event.user.username");
    ck_fails("    mach: x\n", "did you mean \"match\"");
    ck_fails("    unless: 'a(b'\n", "bad.yaml:5:");
}
END_TEST

static uint64_t ticks;

static uint64_t tick_ns(void)
{
    return ++ticks * 10;
}

/* A rule that runs into the match limit, in `when` or in `match`, is counted and after a while not tried any more. */
START_TEST(a_rule_without_end_is_suspended)
{
    struct bench b = {0};
    struct judge j;
    static struct record r;
    struct verdict v;
    struct arena a = {0};
    char text[4096];
    load(&b, "pack: p\nrules:\n  - {id: a, when: {app: '(a+)+$'}, match: slow}\n  - {id: b, match: 'slow (a+)+$'}\n  - "
             "{id: c, match: slow}\n");
    memset(text, 'a', sizeof text);
    memcpy(text, "slow ", 5);
    text[sizeof text - 1] = '!';
    judge_init(&j, &b.rules);
    j.clock_ns = tick_ns;
    j.clock_every = 64;
    for (unsigned i = 0; i < REST_AFTER + 28; i++) {
        record_init(&r, FORMAT_TEXT, slice_of(text, sizeof text));
        r.message = r.raw;
        r.app = slice_of(text + 5, sizeof text - 5);
        judge_record(&j, &r, &a, &v, NULL, NULL);
        ck_assert_ptr_eq(v.rule, b.rules.rules[2]);
    }
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(j.stats[i].suspended_until_us, REST_FIRST_US);
        ck_assert_uint_eq(j.stats[i].limit_hits, REST_AFTER);
        ck_assert_uint_eq(j.stats[i].hits, 0);
    }
    ck_assert_uint_eq(j.limit_hits, 2 * REST_AFTER);
    ck_assert_int_eq(j.stats[2].suspended_until_us, 0);
    ck_assert_uint_eq(j.stats[2].hits, REST_AFTER + 28);
    ck_assert_uint_eq(j.stats[2].ns, 2 * 64 * 10); /* two of 128 were timed, ten ns each */
    ck_assert_uint_eq(ticks, 3 * 2 * 2);
    judge_done(&j);
    arena_done(&a);
    rule_set_done(&b.rules);
}
END_TEST

/* What was found in a record is there when it is judged later, and nothing of another's. */
START_TEST(a_record_that_waits_keeps_what_was_found)
{
    struct bench b = {0};
    struct judge j;
    static struct record r[3];
    static const char *const texts[] = {"one apple", "two pears", "some other fruit"};
    struct verdict v;
    struct arena a = {0};
    load(&b, "pack: p\nrules:\n  - {id: a, match: apple}\n  - {id: b, match: pears}\n");
    judge_init(&j, &b.rules);
    for (unsigned i = 0; i < 3; i++) {
        record_init(&r[i], FORMAT_TEXT, slice_str(texts[i]));
        r[i].message = r[i].raw;
    }
    judge_maybe(&j, &r[0]);
    bool scans = j.scanned;                          /* without libhs every rule is asked */
    for (unsigned i = 0; i < 2 * JUDGE_LOOKS; i++) { /* each place is taken twice, or so */
        judge_maybe(&j, &r[0]);
        judge_look_keep(&j, &r[0], 7, i);
        judge_maybe(&j, &r[1]);
    }
    for (unsigned i = 0, found = 0; i < 2 * JUDGE_LOOKS; i++) {
        judge_maybe(&j, &r[1]);
        judge_look_recall(&j, &r[0], 7, i);
        found += j.scanned != NULL;
        ck_assert(!j.scanned || !(j.hits.word[0] & 2));
        judge_record(&j, &r[0], &a, &v, NULL, NULL);
        ck_assert_ptr_eq(v.rule, b.rules.rules[0]);
        judge_look_return(&j);
        ck_assert_ptr_eq(j.scanned, scans ? r[1].raw.p : NULL);
        judge_record(&j, &r[1], &a, &v, NULL, NULL);
        ck_assert_ptr_eq(v.rule, b.rules.rules[1]);
        ck_assert(i + 1 < 2 * JUDGE_LOOKS || (found > 0) == scans);
        ck_assert_uint_le(found, JUDGE_LOOKS);
    }
    judge_maybe(&j, &r[0]);
    judge_look_keep(&j, &r[0], 7, 0);
    judge_look_recall(&j, &r[2], 7, 0); /* it has grown meanwhile */
    ck_assert_ptr_null(j.scanned);
    judge_look_return(&j);
    judge_use(&j, &b.rules);
    judge_look_recall(&j, &r[0], 7, 0); /* of rules that are gone */
    ck_assert_ptr_null(j.scanned);
    judge_done(&j);
    arena_done(&a);
    rule_set_done(&b.rules);
}
END_TEST

/* Judges a text at this second; the rule that decides, or NULL. */
static const struct rule *decided(struct judge *j, const char *text, uint64_t sender, int64_t second)
{
    static struct record r;
    struct verdict v;
    struct arena a = {0};
    record_init(&r, FORMAT_TEXT, slice_str(text));
    r.message = r.raw;
    j->sender = sender;
    j->now_us = second * 1000000;
    judge_record(j, &r, &a, &v, NULL, NULL);
    arena_done(&a);
    return v.rule;
}

/* What a judge knows of a rule is its id's, wherever another set has it. */
START_TEST(state_outlives_a_set)
{
    struct rule_set old = {0}, new = {.before = &old};
    struct bench b = {0};
    struct judge j;
    load(&b, "pack: p\nrules:\n  - {id: a, match: aaa}\n  - {id: b, match: bbb}\n  - {id: c, match: ccc}\n");
    old = b.rules;
    judge_init(&j, &old);
    for (unsigned i = 0; i < 3; i++)
        decided(&j, "bbb", 0, 1);
    decided(&j, "ccc", 0, 1);
    b.rules = new;
    load(&b, "pack: p\nrules:\n  - {id: d, match: ddd}\n  - {id: c, match: ccc}\n  - {id: b, match: 'bbb|b2'}\n");
    new = b.rules;
    ck_assert_ptr_null(new.before);
    judge_use(&j, &new);
    rule_set_done(&old);
    ck_assert_uint_eq(new.n_handles, 4);
    const struct rule *b2 = decided(&j, "b2", 0, 1);
    ck_assert_ptr_eq(b2, rule_set_find(&new, SLICE("b")));
    ck_assert_uint_eq(j.stats[b2->handle].hits, 4);
    ck_assert_uint_eq(j.stats[rule_set_find(&new, SLICE("c"))->handle].hits, 1);
    ck_assert_uint_eq(j.stats[rule_set_find(&new, SLICE("d"))->handle].hits, 0);
    ck_assert_ptr_null(decided(&j, "aaa", 0, 1));
    judge_done(&j);
    rule_set_done(&new);
}
END_TEST

/* An event that waits is written when its rule is no more. */
START_TEST(waiting_event_outlives_a_set)
{
    struct bench b = {0};
    struct judge j;
    struct arena a = {0};
    struct verdict v;
    static struct record r;
    struct sbuf out;
    const struct options options = {.environment = SLICE("production"), .scrub = {.defaults = true}};
    load(&b, "pack: p\nrules:\n  - {id: a, match: 'no (?<what>\\w+)', event: {fingerprint: ['{{ default }}', "
             "'{what}'], tags: {kind: '{what}'}}}\n");
    judge_init(&j, &b.rules);
    record_init(&r, FORMAT_TEXT, SLICE("no disk"));
    r.message = r.raw;
    judge_record(&j, &r, &a, &v, NULL, NULL);
    const struct template_source from = judge_source(&j, &r, &a);
    verdict_complete(&v, &from);
    struct pending *w = pending_new(&r, &v, 0);
    judge_done(&j);
    rule_set_done(&b.rules);
    arena_done(&a);
    struct scrub *scrub = scrub_new(&options);
    sbuf_init(&out, EVENT_BYTES_MAX);
    ck_assert(event_write(&w->src, &options, scrub, &out));
    ck_assert_ptr_nonnull(strstr(sbuf_cstr(&out), "\"fingerprint\":[\"{{ default }}\",\"disk\"]"));
    ck_assert_ptr_nonnull(strstr(sbuf_cstr(&out), "\"rule\":\"a\""));
    ck_assert_ptr_nonnull(strstr(sbuf_cstr(&out), "\"kind\":\"disk\""));
    sbuf_done(&out);
    scrub_free(scrub);
    pending_free(w);
}
END_TEST

/* Only for the sender whose messages ran it into the match limit, for a minute, then for two, at most for an hour. */
START_TEST(no_stranger_switches_a_rule_off)
{
    struct bench b = {0};
    struct judge j;
    static const uint64_t stranger = 1, friend = 2;
    int64_t second = 1795428000, length = 60;
    char text[4096];
    load(&b, "pack: p\nrules:\n  - {id: a, match: 'slow (a+)+$'}\n");
    memset(text, 'a', sizeof text);
    memcpy(text, "slow ", 5);
    memcpy(text + sizeof text - 2, "!", 2);
    judge_init(&j, &b.rules);
    for (unsigned i = 0; i < REST_AFTER - 1; i++)
        decided(&j, text, stranger, second);
    for (unsigned round = 0; round < 9; round++, length = length < 3600 / 2 ? length * 2 : 3600) {
        for (unsigned i = 0; round && i < REST_AFTER - 1; i++)
            rests_hit(j.rests[0], stranger, second * 1000000);
        ck_assert_ptr_nonnull(decided(&j, "slow aa", stranger, second));
        ck_assert_ptr_null(decided(&j, text, stranger, second));
        ck_assert_int_eq(j.suspended_for_us, length * 1000000);
        ck_assert_ptr_null(decided(&j, "slow aa", stranger, second));
        ck_assert_ptr_nonnull(decided(&j, "slow aa", friend, second));
        ck_assert_ptr_null(decided(&j, "slow aa", stranger, second + length - 1));
        ck_assert_ptr_nonnull(decided(&j, "slow aa", friend, second + length - 1));
        second += length;
    }
    ck_assert_ptr_nonnull(decided(&j, "slow aa", stranger, second));
    second += 2 * 3600;
    for (unsigned i = 0; i < REST_AFTER - 1; i++)
        rests_hit(j.rests[0], stranger, second * 1000000);
    ck_assert_ptr_null(decided(&j, text, stranger, second));
    ck_assert_int_eq(j.suspended_for_us, REST_FIRST_US); /* it begins anew */
    /* More senders at fault than are kept in mind, and still no other is. */
    for (uint64_t sender = 10; sender < 10 + 2 * REST_SENDERS_MAX; sender++)
        for (unsigned i = 0; i < REST_AFTER; i++)
            rests_hit(j.rests[0], sender, second * 1000000);
    ck_assert_ptr_nonnull(decided(&j, "slow aa", friend, second));
    judge_done(&j);
    rule_set_done(&b.rules);
}
END_TEST

START_TEST(patterns_see_the_front_of_a_long_message)
{
    struct bench b = {0};
    struct judge j;
    enum { FILL = 20 };
    static char text[RULE_TEXT_MAX + FILL];
    load(&b, "pack: p\nrules:\n  - {id: a, match: 'needle'}\n  - {id: b, match: 'straw', unless: 'hay'}\n"
             "  - {id: c, match: '(*UTF)\xc3\xa4$'}\n  - {id: d, when: {message: 'pitchfork'}}\n");
    judge_init(&j, &b.rules);
    static const struct {
        const char *word;
        unsigned at, rule; /* 4: none */
    } rows[] = {{"needle", RULE_TEXT_MAX - 6, 0},
                {"needle", RULE_TEXT_MAX - 5, 4},
                {"needle", RULE_TEXT_MAX + 1, 4},
                {"straw hay", 3, 4},
                {"straw hay", RULE_TEXT_MAX - 8, 1},
                {"\xc3\xa4\xc3\xa4", RULE_TEXT_MAX - 3, 2},
                {"pitchfork", 0, 3},
                {"pitchfork", RULE_TEXT_MAX - 8, 4}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        for (unsigned exhaustive = 0; exhaustive < 2; exhaustive++) {
            memset(text, '.', sizeof text - 1);
            memcpy(text + rows[i].at, rows[i].word, strlen(rows[i].word));
            j.exhaustive = exhaustive;
            const struct rule *rule = decided(&j, text, 0, 0);
            ck_assert_msg(rule == (rows[i].rule < 4 ? b.rules.rules[rows[i].rule] : NULL), "row %u", i);
        }
    judge_done(&j);
    rule_set_done(&b.rules);
}
END_TEST

START_TEST(nothing_of_the_last_event_stays)
{
    struct bench *b = bench_new();
    feed(b, 0, "error", 1, REFUSED);
    feed(b, 1, "error", 2, "an odd thing");
    feed(b, 2, "error", 3, "unheard of, 7 times");
    feed(b, 3, "error", 4, "an odd thing");
    pipeline_flush(b->pipeline);
    ck_assert_ptr_nonnull(b->events[3]);
    for (unsigned i = 0; i < b->n; i++) {
        const struct json_node *entry = at(b->events[i], "logentry/formatted");
        if (!entry || !slice_is(entry->text, "something odd"))
            continue;
        ck_assert_ptr_null(at(b->events[i], "exception"));
        ck_assert_ptr_null(at(b->events[i], "logentry/params"));
    }
    bench_free(b);
}
END_TEST

/* Every place of a rule's event that takes a template. */
static const char tenant_rules[] =
    "pack: tenants\n"
    "rules:\n"
    "  - id: tenants.constant\n"
    "    match: 'constant'\n"
    "    event: {project: billing}\n"
    "  - id: tenants.every-place\n"
    "    match: 'tenant (?<tenant>\\w+)'\n"
    "    event:\n"
    "      project: '{tenant}'\n"
    "      type: 'type {tenant}'\n"
    "      message: 'message {tenant}'\n"
    "      level: warning\n"
    "      logger: '{tenant}'\n"
    "      transaction: '{tenant}'\n"
    "      fingerprint: [a, '{tenant}', c, d, e, f]\n"
    "      tags: {tenant: '{tenant}', second: 'x {tenant}'}\n"
    "      request: {method: '{tenant}', url: 'http://{tenant}/', query_string: '{tenant}'}\n"
    "      user: {id: '{tenant}', username: '{tenant}', email: '{tenant}', ip_address: '{tenant}'}\n"
    "  - id: tenants.plain\n"
    "    match: 'plain'\n";

/* To Sentry an entry of a fingerprint like {{ default }} is a variable. A rule may mean it, a log never does. */
START_TEST(a_variable_of_sentry_in_a_log_is_text)
{
    static const char *const texts[] = {"{{ default }}", "{{default}}", "{{ transaction }}", "{{ default }}x", "{{"};
    struct bench *b = bench_of("pack: v\nrules:\n"
                               "  - {id: v.value, match: 'says (?<text>.*)', event: {fingerprint: ['{{ default }}', "
                               "'{text}', ' {{default}} ', '{{ type }}']}}\n");
    char line[64], want[64];
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
        snprintf(line, sizeof line, "says %s", texts[i]);
        feed_short_lived(b, line);
        feed_short_lived(b, texts[i]); /* no rule knows it: the text is the fingerprint's last part */
    }
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, 2 * sizeof texts / sizeof *texts);
    for (unsigned i = 0; i < b->n; i += 2) {
        snprintf(want, sizeof want, "text:%s", texts[i / 2]);
        ck_at(b->events[i], "fingerprint/0", "{{ default }}");
        ck_at(b->events[i], "fingerprint/1", want);
        ck_at(b->events[i], "fingerprint/2", " {{default}} ");
        ck_at(b->events[i], "fingerprint/3", "text:{{ type }}");
        const struct json_node *part = at(b->events[i + 1], "fingerprint")->child;
        for (; part; part = part->next)
            ck_assert(!slice_starts(part->text, SLICE("{{")));
    }
    bench_free(b);
}
END_TEST

START_TEST(nothing_of_one_verdict_is_in_the_next)
{
    struct bench *b = bench_of(tenant_rules);
    static const struct {
        const char *message, *project;
    } rows[] = {{"a constant", "billing"},
                {"an unknown thing", ""},
                {"tenant acme", "acme"},
                {"another unknown thing", ""},
                {"tenant umbrella", "umbrella"},
                {"plain", ""},
                {"tenant ", ""}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        feed_short_lived(b, rows[i].message);
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, sizeof rows / sizeof *rows);
    for (unsigned i = 0; i < b->n; i++) {
        ck_slice(b->project[i], rows[i].project);
        bool acme = strstr(rows[i].message, "acme"), umbrella = strstr(rows[i].message, "umbrella");
        const struct json_node *first = at(b->events[i], "tags/tenant");
        ck_assert_int_eq(first != NULL, acme || umbrella);
        ck_assert_int_eq(at(b->events[i], "transaction") != NULL, acme || umbrella);
        ck_assert_int_eq(at(b->events[i], "request") != NULL, acme || umbrella);
        ck_at(b->events[i], "level", acme || umbrella ? "warning" : "error");
        ck_assert_int_eq(at(b->events[i], "fingerprint/5") != NULL, acme || umbrella);
    }
    bench_free(b);
}
END_TEST

/* Where the project is part of what flood control counts by. */
START_TEST(a_project_of_a_message_that_is_gone_is_not_read)
{
    struct bench *b = bench_of(tenant_rules);
    for (unsigned i = 0; i < 40; i++)
        feed_short_lived(b, i % 2 ? "an unknown thing" : "tenant acme");
    pipeline_flush(b->pipeline);
    for (unsigned i = 0; i < b->n; i++) {
        const struct json_node *rule = at(b->events[i], "tags/rule");
        ck_slice(b->project[i], rule ? "acme" : "");
    }
    ck_assert_uint_gt(b->suppressed[b->n - 1], 0);
    bench_free(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pipeline");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60); /* a machine may have other things to do */
    tcase_add_test(t, a_breadcrumb_names_the_request);
    tcase_add_test(t, an_error_becomes_an_event);
    tcase_add_test(t, a_backlog_brings_no_crumbs_from_afar);
    tcase_add_test(t, the_access_line_gives_request_id_and_status);
    tcase_add_test(t, the_status_behind_a_secret_s_name_stays);
    tcase_add_test(t, combined_access_lines_join_weakly);
    tcase_add_test(t, a_field_called_rule_is_no_tag);
    tcase_add_test(t, the_tries_of_a_request_are_its_own);
    tcase_add_test(t, haproxy_s_lines_of_a_connection_are_its_own);
    tcase_add_test(t, fields_say_the_request);
    tcase_add_test(t, a_request_that_failed_is_found_also_before_the_error);
    tcase_add_test(t, a_number_is_the_id_of_a_request_in_its_own_log_alone);
    tcase_add_test(t, an_empty_message_is_no_breadcrumb);
    tcase_add_test(t, an_access_line_is_of_the_program_whose_log_has_it);
    tcase_add_test(t, what_a_layout_says_of_itself_is_no_tag);
    tcase_add_test(t, an_error_that_names_a_path_finds_its_request);
    tcase_add_test(t, the_request_of_a_path_is_found_also_before_the_error);
    tcase_add_test(t, an_error_that_names_no_path_has_none_of_the_requests_beside_it);
    tcase_add_test(t, a_client_with_two_requests_that_failed_has_none);
    tcase_add_test(t, an_error_of_a_client_finds_the_request_that_failed);
    tcase_add_test(t, the_access_line_is_that_of_its_own_request);
    tcase_add_test(t, an_unknown_error_falls_back_without_ids_in_its_title);
    tcase_add_test(t, a_record_that_waits_keeps_what_was_found);
    tcase_add_test(t, a_rule_without_end_is_suspended);
    tcase_add_test(t, state_outlives_a_set);
    tcase_add_test(t, waiting_event_outlives_a_set);
    tcase_add_test(t, no_stranger_switches_a_rule_off);
    tcase_add_test(t, patterns_see_the_front_of_a_long_message);
    tcase_add_test(t, nothing_of_the_last_event_stays);
    tcase_add_test(t, nothing_of_one_verdict_is_in_the_next);
    tcase_add_test(t, a_variable_of_sentry_in_a_log_is_text);
    tcase_add_test(t, a_project_of_a_message_that_is_gone_is_not_read);
    tcase_add_test(t, a_masked_name_keeps_ids_out_of_title_and_fingerprint);
    tcase_add_test(t, crumb_and_unless);
    tcase_add_test(t, a_flood_is_thinned_and_counted);
    tcase_add_loop_test(t, the_clock_is_set, 0, 2);
    tcase_add_test(t, a_title_has_no_secrets);
    tcase_add_test(t, a_capture_that_is_a_secret_is_shown_nowhere);
    tcase_add_test(t, a_summary_that_is_not_taken_has_told_nothing);
    tcase_add_test(t, an_open_form_that_is_not_taken_takes_no_room);
    tcase_add_test(t, an_issue_has_one_key_everywhere);
    tcase_add_test(t, a_summary_counts_no_secrets);
    tcase_add_test(t, a_capture_that_is_none_stays);
    tcase_add_test(t, the_client_leaves_nowhere);
    tcase_add_test(t, a_secret_is_no_message_of_its_name);
    tcase_add_test(t, a_summary_says_what_varied);
    tcase_add_test(t, a_summary_of_an_unknown_message_says_its_parameters);
    tcase_add_test(t, a_checkpoint_shows_pending_events_once);
    tcase_add_test(t, pending_bytes_are_those_of_the_lines);
    tcase_add_test(t, the_same_line_gives_the_same_id);
    tcase_add_test(t, samples_prove_rules);
    tcase_add_test(t, what_stands_beside_a_dull_line_is_not_asked_for);
    tcase_add_test(t, wrong_samples_are_told_with_their_place);
    suite_add_tcase(s, t);
    return unit_run(s);
}
