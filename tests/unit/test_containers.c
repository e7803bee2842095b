#include "tests/unit/corpus.h"

#include "base/utf8.h"
#include "parsers/journald.h"
#include "parsers/piece.h"

static struct record r;

static bool parse(struct arena *a, enum format f, struct slice raw)
{
    struct parse_ctx ctx = {.arena = a, .now_us = INT64_C(1700000000000000), .last_us = RECORD_NO_TIME};
    record_init(&r, f, raw);
    return parser_of(f)->parse(&ctx, &r);
}

static struct slice cleaned(struct arena *a, struct slice s)
{
    struct sbuf b;
    sbuf_init(&b, s.n * 3 + 1);
    utf8_clean(&b, s);
    s = arena_dup(a, sbuf_slice(&b));
    sbuf_free(&b);
    return s;
}

static void run_container(struct arena *a, const struct json_node *c, struct sbuf *why)
{
    const struct json_node *expect = json_get(c, "expect"), *n;
    bool docker = slice_starts(json_get(c, "id")->text, SLICE("docker"));
    bool ok = parse(a, docker ? FORMAT_DOCKER : FORMAT_CRI, corpus_bytes(a, json_get(c, "raw")));
    if (ok != json_get(expect, "ok")->truth)
        sbuf_addf(why, "\n    %s", ok ? "accepted" : "refused");
    if (!ok || why->n)
        return;
    if ((n = json_get(expect, "stream")))
        corpus_differs(why, "stream", record_value(&r, "stream"), n->text);
    /* As shown: colours go there at the latest. */
    if ((n = json_get(expect, "message")))
        corpus_differs(why, "message", cleaned(a, r.message), cleaned(a, n->text));
    if ((n = json_get(expect, "message_b64"))) {
        struct json_node b64 = {
            .type = JSON_MAP,
            .child = &(struct json_node){.type = JSON_STRING, .key = SLICE("b64"), .text = n->text}};
        /* The piece of the case ends with the line's LF, which is not the message's. */
        corpus_differs(why, "message", slice_trim(r.message), corpus_bytes(a, &b64));
    }
    if ((n = json_get(expect, "partial")) && n->truth != (record_field(&r, SLICE("partial")) != NULL))
        sbuf_addf(why, "\n    partial");
    if ((n = json_get(expect, "time"))) {
        struct slice s = n->text;
        int64_t us;
        bool zoned;
        ck_assert(stamp_rfc3339(&s, &us, &zoned));
        if (us != r.time_us)
            sbuf_addf(why, "\n    time");
    }
    n = json_get(expect, "attrs");
    for (n = n ? n->child : NULL; n; n = n->next)
        corpus_differs(why, "attrs", record_value(&r, arena_cstr(a, n->key)), n->text);
}

START_TEST(corpus_containers)
{
    corpus_run("containers", "cri-docker.jsonl", 18, run_container);
}
END_TEST

static void run_journald(struct arena *a, const struct json_node *c, struct sbuf *why)
{
    const struct json_node *expect = json_get(c, "expect"), *n;
    struct parse_ctx ctx = {.arena = a, .now_us = INT64_C(1700000000000000), .last_us = RECORD_NO_TIME};
    record_init(&r, FORMAT_SYSLOG, corpus_bytes(a, json_get(c, "raw")));
    if (!journald_json(&ctx, &r)) {
        sbuf_addf(why, "\n    %s", ctx.reason);
        return;
    }
    if ((n = json_get(expect, "message")))
        corpus_differs(why, "message", r.message, n->text);
    if ((n = json_get(expect, "unit")))
        corpus_differs(why, "unit", record_value(&r, "unit"), n->text);
    if ((n = json_get(expect, "SYSLOG_RAW")))
        corpus_differs(why, "SYSLOG_RAW", record_value(&r, "syslog_raw"), n->text);
    if ((n = json_get(expect, "priority")) && r.severity != atoi(n->text.p))
        sbuf_addf(why, "\n    priority: %d", r.severity);
    if ((n = json_get(expect, "time_us")) && r.time_us != atoll(n->text.p))
        sbuf_addf(why, "\n    time: %lld", (long long)r.time_us);
}

START_TEST(corpus_journald)
{
    corpus_run("containers", "journald.jsonl", 6, run_journald);
}
END_TEST

START_TEST(journal_fields)
{
    struct arena a = {0};
    struct parse_ctx ctx = {.arena = &a, .last_us = RECORD_NO_TIME};
    const struct journald_field f[] = {
        {SLICE("MESSAGE"), SLICE("boom\nsecond line")},
        {SLICE("PRIORITY"), SLICE("3")},
        {SLICE("_HOSTNAME"), SLICE("web-1")},
        {SLICE("SYSLOG_IDENTIFIER"), SLICE("shop")},
        {SLICE("_COMM"), SLICE("shop-worker")},
        {SLICE("_PID"), SLICE("812")},
        {SLICE("_SYSTEMD_UNIT"), SLICE("shop.service")},
        {SLICE("CODE_FILE"), SLICE("src/shop.c")},
        {SLICE("CODE_LINE"), SLICE("42")},
        {SLICE("REQUEST_ID"), SLICE("r-7")},
        {SLICE("_SECRET"), SLICE("x")},
        {SLICE("__REALTIME_TIMESTAMP"), SLICE("1700000000000001")},
    };
    record_init(&r, FORMAT_SYSLOG, SLICE_NONE);
    ck_assert(journald_fields(&ctx, &r, f, sizeof f / sizeof *f));
    ck_slice(r.message, "boom\nsecond line");
    ck_slice(r.host, "web-1");
    ck_slice(r.app, "shop");
    ck_slice(r.procid, "812");
    ck_slice(r.request_id, "r-7");
    ck_assert_int_eq(r.level, LEVEL_ERROR);
    ck_assert_int_eq(r.severity, 3);
    ck_assert_int_eq(r.time_us, INT64_C(1700000000000001));
    ck_slice(record_value(&r, "unit"), "shop.service");
    ck_slice(record_value(&r, "file"), "src/shop.c");
    ck_slice(record_value(&r, "line"), "42");
    ck_assert(!record_field(&r, SLICE("_secret")));
    record_init(&r, FORMAT_SYSLOG, SLICE_NONE);
    ck_assert(!journald_fields(&ctx, &r, f + 1, 3));
    arena_free(&a);
}
END_TEST

/* What a unit prints is priority 6, whatever it is. */
START_TEST(journal_text_may_say_worse)
{
    struct arena a = {0};
    struct parse_ctx ctx = {.arena = &a, .last_us = RECORD_NO_TIME};
    const struct journald_field f[] = {{SLICE("MESSAGE"), SLICE("{\"level\":\"error\",\"msg\":\"no disk\"}")},
                                       {SLICE("PRIORITY"), SLICE("6")}};
    record_init(&r, FORMAT_SYSLOG, SLICE_NONE);
    ck_assert(journald_fields(&ctx, &r, f, 2));
    ck_slice(r.message, "no disk");
    ck_assert_int_eq(r.level, LEVEL_ERROR);
    ck_assert_int_eq(r.severity, 6);
    arena_free(&a);
}
END_TEST

/* Feeds lines; each message comes out as [text/pieces@offset]. */
static void join(struct piece_join *j, const struct slice *lines, size_t n, struct sbuf *out)
{
    struct piece_out p;
    for (size_t i = 0; i < n; i++)
        if (piece_feed(j, lines[i], 0, 100 * i, &p))
            sbuf_addf(out, "[%.*s/%u@%u]", SLICE_ARG(p.text), p.lines, (unsigned)p.offset);
    while (piece_flush(j, &p))
        sbuf_addf(out, "[%.*s/%u@%u]", SLICE_ARG(p.text), p.lines, (unsigned)p.offset);
}

START_TEST(cri_pieces)
{
    static const struct slice lines[] = {
        {"2026-11-23T10:00:00.1Z stdout P one ", 36}, {"2026-11-23T10:00:00.2Z stderr F whole", 37},
        {"2026-11-23T10:00:00.3Z stderr P err ", 36}, {"no line of the format", 21},
        {"2026-11-23T10:00:00.4Z stdout P two ", 36}, {"2026-11-23T10:00:00.5Z stdout F three", 37},
        {"2026-11-23T10:00:00.6Z stdout F ", 32},
    };
    struct piece_join j;
    struct sbuf out;
    sbuf_init(&out, 100000);
    piece_init(&j, FORMAT_CRI, 1000);
    join(&j, lines, sizeof lines / sizeof *lines, &out);
    ck_assert_str_eq(sbuf_cstr(&out), "[2026-11-23T10:00:00.2Z stderr F whole/1@100]"
                                      "[no line of the format/1@300]"
                                      "[2026-11-23T10:00:00.1Z stdout F one two three/3@0]"
                                      "[2026-11-23T10:00:00.6Z stdout F /1@600]"
                                      "[2026-11-23T10:00:00.3Z stderr P err /1@200]");
    ck_assert(!piece_holds(&j));
    ck_assert_uint_eq(piece_done(&j, 77), 77);
    piece_free(&j);
    sbuf_free(&out);
}
END_TEST

START_TEST(cri_pieces_are_capped)
{
    struct piece_join j;
    struct piece_out p;
    struct slice piece = SLICE("2026-11-23T10:00:00.1Z stdout P 0123456789");
    piece_init(&j, FORMAT_CRI, piece.n + 5);
    ck_assert(!piece_feed(&j, piece, 3, 500, &p));
    for (int i = 0; i < 1000; i++)
        ck_assert(!piece_feed(&j, piece, 0, 501, &p));
    ck_assert_uint_eq(piece_done(&j, 9999), 500);
    ck_assert(piece_flush(&j, &p));
    ck_slice(p.text, "2026-11-23T10:00:00.1Z stdout P 012345678901234");
    ck_assert_uint_eq(p.lines, 1001);
    ck_assert_uint_eq(p.cut_bytes, 3 + 1000 * 10 - 5);
    piece_free(&j);
}
END_TEST

/* A docker line of n times c, with what stands behind it. */
static struct slice docker_line(struct arena *a, const char *stream, char c, size_t n, const char *end)
{
    struct sbuf b;
    sbuf_init(&b, 100000);
    sbuf_adds(&b, SLICE("{\"log\":\""));
    for (size_t i = 0; i < n; i++)
        sbuf_addc(&b, c);
    sbuf_addf(&b, "%s\",\"stream\":\"%s\",\"time\":\"2026-11-23T10:00:00Z\"}", end, stream);
    struct slice s = arena_dup(a, sbuf_slice(&b));
    sbuf_free(&b);
    return s;
}

START_TEST(docker_pieces)
{
    struct arena a = {0};
    struct piece_join j;
    struct piece_out p;
    piece_init(&j, FORMAT_DOCKER, 100000);
    struct slice small = docker_line(&a, "stderr", 'e', 3, "\\n");
    ck_assert(piece_feed(&j, small, 0, 0, &p) && slice_eq(p.text, small));
    ck_assert(!piece_feed(&j, docker_line(&a, "stdout", 'a', 16384, ""), 0, 10, &p));
    ck_assert(piece_feed(&j, small, 0, 20, &p) && p.offset == 20);
    ck_assert(!piece_feed(&j, docker_line(&a, "stdout", 'b', 16384, ""), 0, 30, &p));
    ck_assert(piece_feed(&j, docker_line(&a, "stdout", 'c', 7, "\\n"), 0, 40, &p));
    ck_assert_uint_eq(p.offset, 10);
    ck_assert_uint_eq(p.lines, 3);
    ck_assert(parse(&a, FORMAT_DOCKER, p.text));
    ck_assert_uint_eq(r.message.n, 16384 * 2 + 7);
    ck_assert(r.message.p[16383] == 'a' && r.message.p[16384] == 'b' && r.message.p[32768] == 'c');
    ck_assert(!record_field(&r, SLICE("partial")));
    /* A whole line of just that length has its LF, and one without LF that is shorter is the last of a dying
     * container. */
    ck_assert(piece_feed(&j, docker_line(&a, "stdout", 'd', 16384, "\\n"), 0, 50, &p));
    ck_assert(piece_feed(&j, docker_line(&a, "stdout", 'd', 16383, ""), 0, 60, &p));
    ck_assert(!piece_holds(&j));
    piece_free(&j);
    arena_free(&a);
}
END_TEST

/* The cap must not cut an escape in two, or the joined line is no JSON any more. */
START_TEST(docker_cap_keeps_json_whole)
{
    struct arena a = {0};
    struct slice line = docker_line(&a, "stdout", 'a', 16378, "\\u20ac\\t\\\\\\u20ac");
    for (size_t max = 16380; max < 16420; max++) {
        struct piece_join j;
        struct piece_out p;
        piece_init(&j, FORMAT_DOCKER, max);
        ck_assert(!piece_feed(&j, line, 0, 0, &p));
        ck_assert(piece_flush(&j, &p));
        ck_assert(parse(&a, FORMAT_DOCKER, p.text));
        ck_assert_uint_gt(p.cut_bytes + r.message.n, 16383);
        piece_free(&j);
    }
    arena_free(&a);
}
END_TEST

START_TEST(what_is_inside_is_read)
{
    struct arena a = {0};
    ck_assert(parse(&a, FORMAT_CRI,
                    SLICE("2026-11-23T10:00:00Z stderr F {\"level\":50,\"time\":1700000000123,\"msg\":\"no "
                          "disk\",\"req_id\":\"r1\"}")));
    ck_slice(r.message, "no disk");
    ck_assert_int_eq(r.level, LEVEL_ERROR);
    ck_assert_int_eq(r.format, FORMAT_CRI);
    ck_slice(r.request_id, "r1");
    ck_slice(record_value(&r, "stream"), "stderr");
    ck_assert(parse(
        &a, FORMAT_DOCKER,
        SLICE("{\"log\":\"2026/11/23 10:00:00 [error] 7#7: *1 open() failed, client: 10.0.0.1, server: x, "
              "request: "
              "\\\"GET / HTTP/1.1\\\"\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-23T10:00:00.5Z\"}")));
    ck_assert_int_eq(r.format, FORMAT_NGINX_ERROR);
    ck_slice(record_value(&r, "client"), "10.0.0.1");
    ck_slice(record_value(&r, "stream"), "stderr");
    arena_free(&a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("containers");
    TCase *t = tcase_create("containers");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, corpus_containers);
    tcase_add_test(t, corpus_journald);
    tcase_add_test(t, journal_fields);
    tcase_add_test(t, journal_text_may_say_worse);
    tcase_add_test(t, cri_pieces);
    tcase_add_test(t, cri_pieces_are_capped);
    tcase_add_test(t, docker_pieces);
    tcase_add_test(t, docker_cap_keeps_json_whole);
    tcase_add_test(t, what_is_inside_is_read);
    suite_add_tcase(s, t);
    return unit_run(s);
}
