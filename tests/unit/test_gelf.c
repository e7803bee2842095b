#include "tests/unit/unit.h"

#include <stdio.h>

#include "parsers/gelf.h"
#include "parsers/gelf_chunk.h"
#include "parsers/parser.h"
#include "text/zip.h"

static struct arena arena;
static struct record r;

static bool parse_bytes(struct slice raw)
{
    struct parse_ctx ctx = {.arena = &arena, .now_us = INT64_C(1700000000000000), .last_us = RECORD_NO_TIME};
    arena_reset(&arena);
    record_init(&r, FORMAT_GELF, raw);
    return parser_parse(FORMAT_GELF, &ctx, &r);
}

/* A message with these members more. */
static bool parse_with(const char *members)
{
    static char text[4096];
    snprintf(text, sizeof text, "{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"m\"%s%s}", *members ? "," : "",
             members);
    return parse_bytes(slice_str(text));
}

START_TEST(members)
{
    ck_assert(parse_with("\"full_message\":\"m\\n\\tat "
                         "x\",\"timestamp\":1700000000.123456,\"level\":3,\"facility\":\"shop.db\",\"_pid\":77,"
                         "\"_request_id\":\"r1\",\"_trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"_span_id\":"
                         "\"00f067aa0ba902b7\","
                         "\"_file\":\"a.py\",\"_line\":3,\"_container_name\":\"/"
                         "web\",\"_list\":[1,{\"a\":\"b\"}],\"_map\":{\"x\":1}"));
    ck_slice(r.host, "h");
    ck_slice(r.message, "m");
    ck_slice(r.full_message, "m\n\tat x");
    ck_assert_int_eq(r.time_us, INT64_C(1700000000123456));
    ck_assert_int_eq(r.level, LEVEL_ERROR);
    ck_assert_int_eq(r.severity, 3);
    ck_slice(r.logger, "shop.db");
    ck_slice(r.app, "web");
    ck_slice(r.procid, "77");
    ck_slice(r.request_id, "r1");
    ck_slice(r.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
    ck_slice(r.span_id, "00f067aa0ba902b7");
    ck_slice(record_value(&r, "request_id"), "r1");
    ck_slice(record_value(&r, "file"), "a.py");
    ck_slice(record_value(&r, "list"), "[1,{\"a\":\"b\"}]");
    ck_slice(record_value(&r, "map"), "{\"x\":1}");
    ck_assert_int_eq(record_field(&r, SLICE("line"))->type, FIELD_NUMBER);
    ck_assert(!record_field(&r, SLICE("version")));
}
END_TEST

START_TEST(values_of_every_kind)
{
    ck_assert(parse_with("\"_yes\":true,\"_no\":false,\"_none\":null,\"_map\":{\"a\":[true,null]},\"_n\":1e3"));
    ck_slice(record_value(&r, "yes"), "true");
    ck_assert_int_eq(record_field(&r, SLICE("yes"))->type, FIELD_BOOL);
    ck_slice(record_value(&r, "no"), "false");
    ck_slice(record_value(&r, "none"), "null");
    ck_slice(record_value(&r, "map"), "{\"a\":[true,null]}");
    ck_slice(record_value(&r, "n"), "1e3");
}
END_TEST

START_TEST(not_this_format)
{
    static const char *const syslog[] = {"<11>Nov 23 09:59:58 h a: x", "34 <11>1 - h a - - - x"};
    for (size_t i = 0; i < sizeof syslog / sizeof *syslog; i++) {
        struct parse_ctx ctx = {.arena = &arena, .now_us = 0, .last_us = RECORD_NO_TIME};
        record_init(&r, FORMAT_GELF, slice_str(syslog[i]));
        ck_assert(!parser_parse(FORMAT_GELF, &ctx, &r));
        ck_assert_pstr_eq(ctx.reason, "GELF: this is syslog; point its sender at a syslog input");
    }
    ck_assert(parse_bytes(slice_of("\0\0\xef\xbb\xbf{\"host\":\"h\",\"short_message\":\"m\"}", 37)));
    ck_slice(r.message, "m");
}
END_TEST

/* Docker's driver sends a line of more than 16 KiB as several messages: what an object says in front counts. */
START_TEST(a_piece_of_a_line)
{
    static char line[17000], text[20000];
    for (size_t n = 16000; n <= 16384; n += 384) {
        int head = snprintf(line, sizeof line, "{\"level\":\"error\",\"msg\":\"backup failed\",\"files\":\"");
        memset(line + head, 'a', sizeof line - (size_t)head);
        line[n] = '\0';
        char escaped[17500], *to = escaped;
        for (const char *at = line; *at; at++) {
            if (*at == '"')
                *to++ = '\\';
            *to++ = *at;
        }
        *to = '\0';
        snprintf(text, sizeof text, "{\"host\":\"h\",\"level\":6,\"short_message\":\"%s\",\"_container_id\":\"c1\"}",
                 escaped);
        ck_assert(parse_bytes(slice_str(text)));
        ck_assert_int_eq(r.piece, n == 16384);
        ck_assert_int_eq(r.truncated, n == 16384);
        ck_assert_int_eq(r.level, n == 16384 ? LEVEL_ERROR : LEVEL_INFO);
        ck_assert_uint_eq(r.message.n, n == 16384 ? 13 : n);
    }
}
END_TEST

START_TEST(level_forms)
{
    static const struct {
        const char *level;
        enum level want;
        int severity;
    } levels[] = {{"0", LEVEL_FATAL, 0},           {"7", LEVEL_DEBUG, 7},        {"\"3\"", LEVEL_ERROR, 3},
                  {"3.9", LEVEL_ERROR, 3},         {"true", LEVEL_FATAL, 1},     {"false", LEVEL_NONE, -1},
                  {"null", LEVEL_NONE, -1},        {"-1", LEVEL_NONE, -1},       {"\"Critical\"", LEVEL_FATAL, -1},
                  {"\"warn\"", LEVEL_WARNING, -1}, {"400", LEVEL_ERROR, -1},     {"250", LEVEL_INFO, -1},
                  {"8", LEVEL_NONE, -1},           {"\"loud\"", LEVEL_NONE, -1}, {"{}", LEVEL_NONE, -1},
                  {"1e5", LEVEL_NONE, -1}};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        char member[64];
        snprintf(member, sizeof member, "\"level\":%s", levels[i].level);
        ck_assert(parse_with(member));
        ck_assert_msg(r.level == levels[i].want && r.severity == levels[i].severity, "%s: %s %d", member,
                      level_name(r.level), r.severity);
    }
    ck_assert(parse_with("\"level_name\":\"ERROR\""));
    ck_assert_int_eq(r.level, LEVEL_ERROR);
    ck_assert(parse_with("\"level\":6,\"_level_name\":\"ERROR\""));
    ck_assert_int_eq(r.level, LEVEL_INFO);
}
END_TEST

START_TEST(time_forms)
{
    static const struct {
        const char *text;
        int64_t us;
    } times[] = {{"1700000000", INT64_C(1700000000000000)},
                 {"\"1700000000.5\"", INT64_C(1700000000500000)},
                 {"1700000000123", INT64_C(1700000000123000)},
                 {"1700000000123456", INT64_C(1700000000123456)},
                 {"1700000000123456789", INT64_C(1700000000123456)},
                 {"1.7e9", INT64_C(1700000000000000)},
                 {"\"2023-11-14T22:13:20Z\"", INT64_C(1700000000000000)},
                 {"\"2023-11-14 23:13:20.5+01:00\"", INT64_C(1700000000500000)},
                 {"0", RECORD_NO_TIME},
                 {"-5", RECORD_NO_TIME},
                 {"NaN", RECORD_NO_TIME},
                 {"-Infinity", RECORD_NO_TIME},
                 {"null", RECORD_NO_TIME},
                 {"\"now\"", RECORD_NO_TIME},
                 {"\"\"", RECORD_NO_TIME},
                 {"[]", RECORD_NO_TIME},
                 {"1e400", RECORD_NO_TIME},
                 {"99999999999999999999999999", RECORD_NO_TIME}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char member[96];
        snprintf(member, sizeof member, "\"timestamp\":%s", times[i].text);
        ck_assert_msg(parse_with(member), "%s", member);
        ck_assert_msg(r.time_us == times[i].us, "%s: %lld", member, (long long)r.time_us);
    }
}
END_TEST

START_TEST(lenient_as_graylog)
{
    ck_assert(parse_with("\"a\":\"raw\nline\ttab\",\"b\":1,"));
    ck_slice(record_value(&r, "a"), "raw\nline\ttab");
    ck_slice(record_value(&r, "b"), "1");
    ck_assert(parse_with("\"_l\":[1,2,],\"_s\":\"keeps ,} and \\\\\""));
    ck_slice(record_value(&r, "s"), "keeps ,} and \\");
    ck_assert(parse_with("\"_x\":1,\"_x\":\"2\",\"short_message\":\"last\""));
    ck_slice(record_value(&r, "x"), "2");
    ck_slice(r.message, "last");
    ck_assert_uint_eq(r.n_fields, 1);
    ck_assert(
        parse_with("\"_\":\"lone\",\"__y\":\"1\",\"_bad key\":1,\"_t\":true,\"_n\":null,\"_e\":\"  \",\"_p\":\" x \""));
    ck_slice(record_value(&r, "_"), "lone");
    ck_slice(record_value(&r, "_y"), "1");
    ck_slice(record_value(&r, "p"), "x");
    ck_assert_uint_eq(r.n_fields, 5);
    ck_assert(parse_bytes(SLICE("\xef\xbb\xbf {\"short_message\":\"m\"} {\"short_message\":\"n\"} rest")));
    ck_slice(r.message, "m");
    ck_assert(!r.host.n);
    ck_assert(parse_bytes(SLICE("{\"source\":\"s\",\"message\":\"m\",\"short_message\":\" \"}")));
    ck_slice(r.host, "s");
    ck_slice(r.message, "m");
}
END_TEST

START_TEST(strict_as_graylog)
{
    static const char *const bad[] = {"{}",
                                      "[]",
                                      "7",
                                      "\"x\"",
                                      "{\"short_message\":\"m\"",
                                      "{\"short_message\":\"m\",\"host\":null}",
                                      "{\"short_message\":\"m\",\"host\":7}",
                                      "{\"short_message\":\"m\",\"host\":\" \"}",
                                      "{\"short_message\":7,\"message\":\"\"}",
                                      "{\"short_message\":\"m\",\"_a\":}",
                                      "{'short_message':'m'}",
                                      "{",
                                      ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!parse_bytes(slice_str(bad[i])), "%s", bad[i]);
    struct sbuf deep;
    sbuf_init(&deep, 100000);
    sbuf_adds(&deep, SLICE("{\"short_message\":\"m\",\"_a\":"));
    for (int i = 0; i < 10000; i++)
        sbuf_addc(&deep, '[');
    ck_assert(!parse_bytes(sbuf_slice(&deep)));
    sbuf_done(&deep);
}
END_TEST

START_TEST(where_the_stack_is)
{
    ck_assert(parse_with("\"full_message\":\"m\",\"_error_stack\":\"Error: m\\n    at f\""));
    ck_slice(r.full_message, "Error: m\n    at f");
    ck_assert(parse_with("\"full_message\":\"a\\nb\",\"_stack\":\"c\\nd\""));
    ck_slice(r.full_message, "a\nb");
    ck_assert(parse_with("\"full_message\":null,\"_Exception.0.StackTrace\":\"x\\n   at y\""));
    ck_slice(r.full_message, "x\n   at y");
}
END_TEST

START_TEST(payloads)
{
    struct sbuf zip, room;
    struct slice json = SLICE("{\"short_message\":\"m\"}"), out = SLICE_NONE;
    sbuf_init(&zip, 4096);
    sbuf_init(&room, 4096);
    ck_assert(zip_gzip(json, &zip));
    ck_assert_int_eq(gelf_open_payload(sbuf_slice(&zip), &room, &out), GELF_INFLATED);
    ck_assert(slice_eq(out, json));
    ck_assert_int_eq(gelf_open_payload(json, &room, &out), GELF_PLAIN);
    ck_assert_int_eq(gelf_open_payload(SLICE("{"), &room, &out), GELF_SHORT);
    ck_assert_int_eq(gelf_open_payload(SLICE("\x78\x02xx"), &room, &out), GELF_UNKNOWN);
    ck_assert_int_eq(gelf_open_payload(SLICE("\x1f\x8c"), &room, &out), GELF_UNKNOWN);
    ck_assert_int_eq(gelf_open_payload(SLICE("\x1e\x0fxxxxxxxxxxxxx"), &room, &out), GELF_UNKNOWN);
    ck_assert_int_eq(gelf_open_payload(slice_sub(sbuf_slice(&zip), 0, 15), &room, &out), GELF_BAD_ZIP);
    /* Ten kilobytes that would be ten megabytes stop at the cap. */
    char *zeros = calloc(1, 10 << 20);
    struct sbuf bomb;
    sbuf_init(&bomb, 11 << 20);
    ck_assert(zip_gzip(slice_of(zeros, 10 << 20), &bomb));
    ck_assert_int_eq(gelf_open_payload(sbuf_slice(&bomb), &room, &out), GELF_TOO_LARGE);
    free(zeros);
    sbuf_done(&bomb);
    sbuf_done(&zip);
    sbuf_done(&room);
}
END_TEST

START_TEST(http_bodies)
{
    static const struct {
        const char *body, *want;
    } bodies[] = {{"{\"a\":1}", "<{\"a\":1}>"},
                  {" {\"a\":1}\r\n{\"b\":\"}\\\"{\"}\n\n", "<{\"a\":1}><{\"b\":\"}\\\"{\"}>"},
                  {"[{\"a\":1},{\"b\":[2]}]", "<{\"a\":1}><{\"b\":[2]}>"},
                  {"[]", ""},
                  {"", ""},
                  {"junk\n{\"a\":1}", "<junk><{\"a\":1}>"},
                  {"{\"a\":1\n{\"b\":2}", "<{\"a\":1><{\"b\":2}>"}};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct gelf_body body;
        struct slice one;
        struct sbuf out;
        gelf_body_open(&body, slice_str(bodies[i].body));
        sbuf_init(&out, 4096);
        while (gelf_next(&body, &one))
            sbuf_addf(&out, "<%.*s>", SLICE_ARG(one));
        ck_assert_str_eq(sbuf_cstr(&out), bodies[i].want);
        sbuf_done(&out);
    }
}
END_TEST

/* Each begins objects that never end. Looked through once for each, they would take hours: the timeout of the
 * test is far above what one pass takes. */
START_TEST(http_bodies_without_an_end)
{
    enum { BODY = 8 << 20 };
    static const char *const begins[] = {"{\n", "{", "{}", "{\"", "{\"\n", "{\"\\\"\n", "[{\n", "x\n", "\\", ",", "}"};
    char *p = malloc(BODY);
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        for (size_t k = 0; k < 2; k++) { /* alone, and behind what has used up the searches */
            size_t n = strlen(begins[i]), from = k ? 64 : 0, total = 0;
            struct gelf_body body;
            struct slice one;
            for (size_t at = 0; at < from; at += 2)
                memcpy(p + at, "{\n", 2);
            for (size_t at = from; at < BODY; at++)
                p[at] = begins[i][(at - from) % n];
            gelf_body_open(&body, slice_of(p, BODY));
            while (gelf_next(&body, &one))
                total += one.n;
            ck_assert_uint_le(total, BODY);
        }
    free(p);
}
END_TEST

/* A broken object does not hide the good ones behind it, however often that happens. */
START_TEST(http_bodies_beside_broken_ones)
{
    enum { N = 50 };
    struct sbuf out;
    struct gelf_body body;
    struct slice one;
    unsigned good = 0;
    sbuf_init(&out, 1 << 20);
    for (unsigned i = 0; i < N; i++)
        sbuf_addf(&out, "{\"a\":{\"b\n{\"n\":%u}{\"c\":%u}\n", i, i);
    gelf_body_open(&body, sbuf_slice(&out));
    while (gelf_next(&body, &one))
        good += slice_ends(one, SLICE("}"));
    ck_assert_uint_eq(good, 2 * N);
    sbuf_done(&out);
}
END_TEST

/* --- chunks --- */

static struct counts counts;
static struct gelf_chunks *chunks;
static char lost[256];

static void on_lost(void *u, enum gelf_chunk_loss why, struct slice sender, unsigned have, unsigned count)
{
    (void)u;
    snprintf(lost, sizeof lost, "%d %.*s %u/%u", (int)why, SLICE_ARG(sender), have, count);
}

static void chunks_start(struct gelf_chunk_caps caps)
{
    memset(&counts, 0, sizeof counts);
    lost[0] = '\0';
    chunks = gelf_chunks_new(&caps, on_lost, NULL);
}

/* What came out of one chunk, or "". */
static const char *send(const char *sender, const char id[9], unsigned seq, unsigned count, const char *data,
                        int64_t now_us)
{
    static char datagram[1024], out[4096];
    struct slice payload;
    size_t n = strlen(data);
    memcpy(datagram, "\x1e\x0f", 2);
    memcpy(datagram + 2, id, 8);
    datagram[10] = (char)seq;
    datagram[11] = (char)count;
    memcpy(datagram + 12, data, n);
    if (!gelf_chunks_add(chunks, slice_str(sender), slice_of(datagram, n + 12), now_us, &counts, &payload))
        return "";
    snprintf(out, sizeof out, "%.*s", SLICE_ARG(payload));
    return out;
}

START_TEST(chunks_in_any_order)
{
    chunks_start(gelf_chunk_defaults());
    ck_assert_str_eq(send("a", "12345678", 2, 3, "three", 0), "");
    ck_assert_str_eq(send("a", "12345678", 0, 3, "one", 0), "");
    ck_assert_str_eq(send("b", "12345678", 1, 3, "other sender", 0), "");
    ck_assert_str_eq(send("a", "12345678", 0, 3, "again", 0), "");
    ck_assert_str_eq(send("a", "12345678", 1, 3, "", 0), "onethree");
    /* Late copies open no new set; the same id with other bytes does. */
    ck_assert_str_eq(send("a", "12345678", 2, 3, "three", 1), "");
    ck_assert_uint_eq(counts.v[COUNT_gelf_chunks_duplicate], 2);
    ck_assert_str_eq(send("a", "12345678", 2, 3, "3", 1), "");
    ck_assert_str_eq(send("a", "12345678", 1, 3, "2", 1), "");
    ck_assert_str_eq(send("a", "12345678", 0, 3, "1", 1), "123");
    ck_assert_str_eq(send("a", "\0\0\0\0\0\0\0\0", 0, 1, "single", 1), "single");
    ck_assert_str_eq(send("a", "\0\0\0\0\0\0\0\0", 0, 1, "single", 1), "");
    ck_assert_uint_eq(gelf_chunks_waiting(chunks), 1);
    gelf_chunks_free(chunks);
}
END_TEST

START_TEST(chunks_that_are_wrong)
{
    struct slice payload;
    chunks_start(gelf_chunk_defaults());
    ck_assert(!gelf_chunks_add(chunks, SLICE("a"), SLICE("\x1e\x0f"), 0, &counts, &payload));
    ck_assert(!gelf_chunks_add(chunks, SLICE("a"),
                               SLICE("\x1e\x0f"
                                     "1234567\x01\x02"),
                               0, &counts, &payload));
    ck_assert_str_eq(send("a", "12345678", 0, 0, "x", 0), "");
    ck_assert_str_eq(send("a", "12345678", 3, 3, "x", 0), "");
    ck_assert_str_eq(send("a", "12345678", 0, 129, "x", 0), "");
    ck_assert_uint_eq(counts.v[COUNT_gelf_chunks_bad], 5);
    ck_assert_uint_eq(gelf_chunks_waiting(chunks), 0);
    ck_assert_str_eq(send("a", "12345678", 0, 2, "x", 0), "");
    ck_assert_str_eq(send("a", "12345678", 1, 3, "odd", 0), "");
    ck_assert_uint_eq(counts.v[COUNT_gelf_chunks_mismatch], 1);
    ck_assert_str_eq(send("a", "12345678", 1, 2, "y", 0), "xy");
    gelf_chunks_free(chunks);
}
END_TEST

START_TEST(chunks_expire_from_the_first)
{
    chunks_start(gelf_chunk_defaults());
    send("10.0.0.1", "12345678", 0, 3, "x", 0);
    send("10.0.0.1", "12345678", 1, 3, "y", 4999999);
    gelf_chunks_expire(chunks, 4999999, &counts);
    ck_assert_uint_eq(gelf_chunks_waiting(chunks), 1);
    ck_assert_str_eq(send("10.0.0.1", "12345678", 2, 3, "z", 5000000), "");
    ck_assert_str_eq(lost, "0 10.0.0.1 2/3");
    ck_assert_uint_eq(counts.v[COUNT_gelf_sets_expired], 1);
    gelf_chunks_expire(chunks, 10000000, &counts);
    ck_assert_uint_eq(counts.v[COUNT_gelf_sets_expired], 2);
    ck_assert_uint_eq(gelf_chunks_bytes(chunks), 0);
    /* What was whole leaves without a word. */
    send("a", "12345678", 0, 1, "x", 20000000);
    gelf_chunks_expire(chunks, 30000000, &counts);
    ck_assert_uint_eq(counts.v[COUNT_gelf_sets_expired], 2);
    ck_assert_uint_eq(gelf_chunks_bytes(chunks), 0);
    gelf_chunks_free(chunks);
}
END_TEST

enum { FLOOD = 200000 };

/* Many sets from one sender, another's message between them. */
START_TEST(chunks_flood)
{
    struct gelf_chunk_caps caps = gelf_chunk_defaults();
    caps.sets = 200;
    caps.sets_per_sender = 100;
    chunks_start(caps);
    send("good", "12345678", 0, 2, "kept ", 0);
    for (unsigned i = 0; i < FLOOD; i++) {
        char id[9];
        snprintf(id, sizeof id, "%08x", i);
        send("bad", id, 0, 128, "x", 1);
    }
    ck_assert_uint_eq(gelf_chunks_waiting(chunks), 101);
    ck_assert_uint_eq(counts.v[COUNT_gelf_sets_evicted], FLOOD - 100);
    ck_assert_str_eq(lost, "1 bad 1/128");
    ck_assert_str_eq(send("good", "12345678", 1, 2, "whole", 2), "kept whole");
    gelf_chunks_free(chunks);
}
END_TEST

/* Senders that fill all there is push out each other's sets, not the one of who has few. */
START_TEST(chunks_of_many_senders)
{
    struct gelf_chunk_caps caps = gelf_chunk_defaults();
    ck_assert_uint_eq(caps.sets_per_sender, caps.sets / 8);
    ck_assert_uint_eq(caps.bytes_per_sender, caps.bytes / 8);
    caps.sets = 200;
    caps.sets_per_sender = 25;
    chunks_start(caps);
    send("good", "12345678", 0, 2, "kept ", 0);
    for (unsigned i = 0; i < FLOOD; i++) {
        char id[9], sender[9];
        snprintf(id, sizeof id, "%08x", i);
        snprintf(sender, sizeof sender, "bad%u", i % 20);
        send(sender, id, 0, 128, "x", 1);
    }
    ck_assert_uint_eq(gelf_chunks_waiting(chunks), 200);
    ck_assert_str_eq(send("good", "12345678", 1, 2, "whole", 2), "kept whole");
    gelf_chunks_free(chunks);
}
END_TEST

START_TEST(chunks_of_who_is_exempt)
{
    struct gelf_chunk_caps caps = gelf_chunk_defaults();
    struct slice payload;
    caps.sets = 200;
    caps.sets_per_sender = 25;
    chunks_start(caps);
    for (unsigned i = 0; i < 100; i++) {
        char datagram[32];
        int n = snprintf(datagram, sizeof datagram, "\x1e\x0f%08u", i);
        memcpy(datagram + n, "\0\2x", 3);
        ck_assert(
            !gelf_chunks_add_exempt(chunks, SLICE("relay"), slice_of(datagram, (size_t)n + 3), 1, &counts, &payload));
    }
    ck_assert_uint_eq(gelf_chunks_waiting(chunks), 100);
    ck_assert_uint_eq(counts.v[COUNT_gelf_sets_evicted], 0);
    gelf_chunks_free(chunks);
}
END_TEST

/* A message in one chunk is whole at once; what is kept of it, to know its copies by, is under the same caps. */
START_TEST(chunks_whole_at_once)
{
    struct gelf_chunk_caps caps = gelf_chunk_defaults();
    caps.bytes = 40000;
    caps.bytes_per_sender = 20000;
    chunks_start(caps);
    for (unsigned i = 0; i < 5000; i++) {
        char id[9], sender[9];
        snprintf(id, sizeof id, "%08x", i);
        snprintf(sender, sizeof sender, "%u", i % 3);
        ck_assert_str_eq(send(sender, id, 0, 1, "whole", 1), "whole");
        ck_assert_uint_le(gelf_chunks_bytes(chunks), caps.bytes);
    }
    ck_assert_uint_eq(counts.v[COUNT_gelf_sets_evicted], 0);
    gelf_chunks_free(chunks);
}
END_TEST

START_TEST(chunks_bytes)
{
    struct gelf_chunk_caps caps = gelf_chunk_defaults();
    caps.bytes = 40000;
    caps.bytes_per_sender = 20000;
    caps.message_bytes = 1500;
    chunks_start(caps);
    static char big[900];
    memset(big, 'x', sizeof big - 1);
    size_t most = 0;
    for (unsigned i = 0; i < 5000; i++) {
        char id[9], sender[9];
        snprintf(id, sizeof id, "%08x", i);
        snprintf(sender, sizeof sender, "%u", i % 7);
        send(sender, id, 0, 5, big, 1);
        most = gelf_chunks_bytes(chunks) > most ? gelf_chunks_bytes(chunks) : most;
    }
    ck_assert_uint_le(most, caps.bytes);
    ck_assert_uint_gt(counts.v[COUNT_gelf_sets_evicted], 4900);
    uint64_t before = counts.v[COUNT_gelf_sets_oversize];
    send("new", "87654321", 0, 5, big, 1);
    send("new", "87654321", 1, 5, big, 1);
    ck_assert_uint_eq(counts.v[COUNT_gelf_sets_oversize], before + 1);
    ck_assert_str_eq(lost, "2 new 1/5");
    gelf_chunks_free(chunks);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("gelf");
    TCase *t = tcase_create("gelf");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, members);
    tcase_add_test(t, values_of_every_kind);
    tcase_add_test(t, not_this_format);
    tcase_add_test(t, a_piece_of_a_line);
    tcase_add_test(t, level_forms);
    tcase_add_test(t, time_forms);
    tcase_add_test(t, lenient_as_graylog);
    tcase_add_test(t, strict_as_graylog);
    tcase_add_test(t, where_the_stack_is);
    tcase_add_test(t, payloads);
    tcase_add_test(t, http_bodies);
    tcase_add_test(t, http_bodies_without_an_end);
    tcase_add_test(t, http_bodies_beside_broken_ones);
    tcase_add_test(t, chunks_in_any_order);
    tcase_add_test(t, chunks_that_are_wrong);
    tcase_add_test(t, chunks_expire_from_the_first);
    tcase_add_test(t, chunks_flood);
    tcase_add_test(t, chunks_of_many_senders);
    tcase_add_test(t, chunks_of_who_is_exempt);
    tcase_add_test(t, chunks_whole_at_once);
    tcase_add_test(t, chunks_bytes);
    suite_add_tcase(s, t);
    int status = unit_run(s);
    arena_done(&arena);
    return status;
}
