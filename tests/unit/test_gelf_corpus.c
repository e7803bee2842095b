#include "tests/unit/corpus.h"

#include <math.h>

#include "parsers/frame.h"
#include "parsers/gelf.h"
#include "parsers/gelf_chunk.h"
#include "parsers/parser.h"

enum { MESSAGES_MAX = 8 };

/* A receiver as small as one can be, and what it made of a case. */
struct receiver {
    struct arena *arena;
    struct record got[MESSAGES_MAX];
    unsigned n;
    const char *reason;
    struct counts counts;
    struct sbuf room;
};

static struct receiver rx;

static void take(struct slice message)
{
    struct parse_ctx ctx = {.arena = rx.arena, .now_us = INT64_C(1700000000000000), .last_us = RECORD_NO_TIME};
    ck_assert_uint_lt(rx.n, MESSAGES_MAX);
    struct record *r = &rx.got[rx.n];
    record_init(r, FORMAT_GELF, arena_dup(rx.arena, message));
    if (parser_parse(FORMAT_GELF, &ctx, r))
        rx.n++;
    else
        rx.reason = ctx.reason;
}

static void take_payload(struct slice payload)
{
    static const char *const why[] = {
        [GELF_SHORT] = "short", [GELF_UNKNOWN] = "unknown", [GELF_BAD_ZIP] = "bad zip", [GELF_TOO_LARGE] = "too large"};
    struct slice json;
    enum gelf_open kind = gelf_open_payload(payload, &rx.room, &json);
    if (kind == GELF_PLAIN || kind == GELF_INFLATED)
        take(json);
    else
        rx.reason = why[kind];
}

static int64_t number(const struct json_node *c, const char *name, int64_t other)
{
    const struct json_node *n = json_get(c, name);
    return n ? atoll(n->text.p) : other;
}

static void receive_udp(const struct json_node *c)
{
    struct gelf_chunk_caps caps = gelf_chunk_defaults();
    caps.message_bytes = (size_t)number(c, "max_len", (int64_t)caps.message_bytes);
    caps.sets = (unsigned)number(c, "pending_limit", caps.sets);
    struct gelf_chunks *chunks = gelf_chunks_new(&caps, NULL, NULL);
    int64_t now_us = 1000000;
    for (const struct json_node *d = json_get(c, "input")->child; d; d = d->next) {
        struct slice datagram = corpus_bytes(rx.arena, d), payload;
        now_us += d->next ? 1000 : 1000 * (1 + number(c, "delay_before_last_ms", 0));
        if (!gelf_is_chunk(datagram))
            take_payload(datagram);
        else if (gelf_chunks_add(chunks, SLICE("peer"), datagram, now_us, &rx.counts, &payload))
            take_payload(payload);
    }
    gelf_chunks_expire(chunks, now_us + caps.timeout_us, &rx.counts);
    ck_assert_uint_eq(gelf_chunks_waiting(chunks), 0);
    ck_assert_uint_eq(gelf_chunks_bytes(chunks), 0);
    gelf_chunks_free(chunks);
}

static void receive_tcp(const struct json_node *c)
{
    struct framer framer;
    struct message m;
    framer_init(&framer, FRAME_GELF, 0, 0);
    for (const struct json_node *d = json_get(c, "input")->child; d; d = d->next)
        framer_feed(&framer, corpus_bytes(rx.arena, d));
    while (framer_next(&framer, &m) || framer_flush(&framer, FRAME_END, &m))
        take(m.text);
    framer_done(&framer);
}

static void receive_http(const struct json_node *c)
{
    struct gelf_body body;
    struct slice message;
    gelf_body_open(&body, corpus_bytes(rx.arena, json_get(c, "input")->child));
    while (gelf_next(&body, &message))
        take(message);
}

static void ck_level(const struct json_node *want, const struct record *r, struct sbuf *why)
{
    if (!want)
        return;
    int v = atoi(want->text.p);
    if (want->type == JSON_NUMBER && v >= 0 && v <= 7) {
        if (r->severity != v)
            sbuf_addf(why, "\n    level: got %d, want %d", r->severity, v);
    } else if (want->type == JSON_NUMBER) {
        if (r->severity != -1 || r->level != LEVEL_NONE)
            sbuf_addf(why, "\n    level: got one");
    } else if (r->level != level_from_word(want->text)) {
        sbuf_addf(why, "\n    level: got %s", level_name(r->level));
    }
}

static void ck_one(const struct json_node *want, const struct record *r, struct sbuf *why)
{
    const struct json_node *n;
    if ((n = json_get(want, "host")))
        corpus_differs(why, "host", r->host, n->text);
    if ((n = json_get(want, "short_message")))
        corpus_differs(why, "short_message", r->message, n->text);
    if ((n = json_get(want, "full_message")))
        corpus_differs(why, "full_message", r->full_message, n->text);
    if ((n = json_get(want, "timestamp"))) {
        double s = r->time_us == RECORD_NO_TIME ? 0 : (double)r->time_us / 1e6;
        if (fabs(s - strtod(n->text.p, NULL)) > 0.001)
            sbuf_addf(why, "\n    timestamp: got %f, want %.*s", s, SLICE_ARG(n->text));
    }
    ck_level(json_get(want, "level"), r, why);
    const struct json_node *extra = json_get(want, "extra");
    for (n = extra ? extra->child : NULL; n; n = n->next)
        corpus_differs(why, "extra", record_value(r, arena_cstr(rx.arena, n->key)), n->text);
}

static void run(struct arena *a, const struct json_node *c, struct sbuf *why)
{
    memset(&rx, 0, sizeof rx);
    rx.arena = a;
    sbuf_init(&rx.room, 8 << 20);
    struct slice transport = json_get(c, "transport")->text;
    if (slice_is(transport, "udp"))
        receive_udp(c);
    else if (slice_is(transport, "tcp"))
        receive_tcp(c);
    else
        receive_http(c);
    const struct json_node *expect = json_get(c, "expect"), *messages = json_get(expect, "messages");
    bool accept = json_get(expect, "accept")->truth;
    if ((rx.n > 0) != accept)
        sbuf_addf(why, "\n    %s", rx.n ? "accepted" : rx.reason ? rx.reason : "nothing came out");
    unsigned i = 0;
    for (const struct json_node *m = messages ? messages->child : NULL; m; m = m->next, i++)
        if (i < rx.n)
            ck_one(m, &rx.got[i], why);
    if (messages && i != rx.n)
        sbuf_addf(why, "\n    %u messages, want %u", rx.n, i);
    if (number(c, "duplicates", 0) != (int64_t)rx.counts.v[COUNT_gelf_chunks_duplicate])
        sbuf_addf(why, "\n    duplicates: %d", (int)rx.counts.v[COUNT_gelf_chunks_duplicate]);
    if (json_get(c, "expired_chunks") && rx.counts.v[COUNT_gelf_sets_expired] != 1)
        sbuf_addf(why, "\n    nothing expired");
    sbuf_done(&rx.room);
}

START_TEST(corpus)
{
    corpus_run("gelf", "gelf-cases.jsonl", 62, run);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("gelf_corpus");
    TCase *t = tcase_create("corpus");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, corpus);
    suite_add_tcase(s, t);
    return unit_run(s);
}
