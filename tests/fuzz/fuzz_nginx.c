/*
 * nginx's error log, its access log and plain text on any bytes: every slice of a record lies in the message
 * or in the arena, and the JSON of the record is whole and valid.
 *
 * Input: byte 0 picks the parser; for a custom log format, the text of the format up to the first LF.
 */
#include "tests/fuzz/fuzz.h"

#include "parsers/parser.h"
#include "text/json.h"

static void check_json(const struct record *r)
{
    struct sbuf out;
    sbuf_init(&out, 64 << 20);
    record_json(r, &out);
    size_t used;
    static const struct json_handler nothing = {0};
    assert(!out.over && json_read(sbuf_slice(&out), &nothing, NULL, &used) == JSON_OK && used == out.n);
    assert(!slice_chr(sbuf_slice(&out), '\n'));
    sbuf_done(&out);
}

static void touch(struct slice s)
{
    volatile uint64_t sum = slice_hash(s, 0); /* reads every byte */
    (void)sum;
}

/* What is said to be known before an entry is read to its end is the same behind it. */
static void check_settled(enum format f, struct parse_ctx *ctx, struct slice text)
{
    static struct record r;
    struct slice known[16];
    const struct parser *p = parser_of(f);
    if (!p->finish)
        return;
    record_init(&r, f, text);
    r.app = SLICE("app");
    if (!parser_begin(f, ctx, &r) || !r.partial)
        return;
    for (unsigned i = 0; p->settled[i]; i++)
        known[i] = record_get(&r, slice_str(p->settled[i]));
    enum level level = r.level;
    parser_finish(ctx, &r);
    assert(r.level <= level);
    for (unsigned i = 0; p->settled[i]; i++)
        assert(slice_eq(known[i], record_get(&r, slice_str(p->settled[i]))));
}

/* A line behind itself is what it is alone, also where its stamp is known from before. */
static void check_again(struct arena *arena, struct slice text)
{
    static struct record r;
    struct parser_seen seen = {0};
    struct stamp_memo memo = {0};
    struct parse_ctx ctx = {.arena = arena, .last_us = RECORD_NO_TIME, .memo = &memo};
    enum format alone = FORMAT_N;
    for (int i = 0; i < 2; i++) {
        record_init(&r, FORMAT_AUTO, text);
        parser_begin_next(&seen, &ctx, &r);
        assert(i == 0 || seen.last != FORMAT_NGINX_ACCESS || seen.last == alone);
        alone = seen.last;
    }
}

int fuzz_target(const uint8_t *data, size_t n)
{
    static struct record r;
    static const enum format formats[4] = {FORMAT_NGINX_ERROR, FORMAT_NGINX_ACCESS, FORMAT_NGINX_ACCESS, FORMAT_TEXT};
    if (n < 1)
        return 0;
    struct slice text = {(const char *)data + 1, n - 1};
    struct arena arena = {0};
    struct parse_ctx ctx = {.arena = &arena, .last_us = RECORD_NO_TIME, .now_us = INT64_C(1795428000000000)};
    enum format f = formats[data[0] & 3];
    const struct parser *p = parser_of(f);
    if ((data[0] & 3) == 2)
        ctx.log_format = slice_split(&text, '\n');
    if (p->head)
        p->head(text);
    assert(parser_detect(text) < FORMAT_N);
    check_settled(f, &ctx, text);
    check_again(&arena, text);
    record_init(&r, f, text);
    if (!parser_parse(f, &ctx, &r)) {
        assert(ctx.reason);
    } else {
        struct slice all[] = {r.message, r.host, r.app, r.procid, r.logger, r.request_id, r.trace_id, r.span_id};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            touch(all[i]);
        for (unsigned i = 0; i < r.n_fields; i++) {
            touch(r.fields[i].name);
            touch(r.fields[i].value);
        }
        touch(record_get(&r, SLICE("upstream.host")));
        touch(record_get(&r, SLICE("request.method")));
        touch(record_get(&r, SLICE("request.path")));
        /* Nothing of an entry is lost: the message is all of it that is no head and no context. */
        assert(f == FORMAT_NGINX_ACCESS || r.message.n <= text.n);
        check_json(&r);
    }
    arena_done(&arena);
    return 0;
}
