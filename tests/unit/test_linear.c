/*
 * Work: whatever reads outside bytes does so in time that is linear in them. Measured in steps (tests/fuzz/steps.h), so
 * that no machine is too slow or too fast for it: twice the bytes may cost little more than twice the steps.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/sbuf.h"
#include "base/utf8.h"
#include "core/fates.h"
#include "core/issue_query.h"
#include "core/log_template.h"
#include "core/trace_name.h"
#include "io/proxy.h"
#include "io/request_line.h"
#include "parsers/gelf.h"
#include "parsers/gelf_chunk.h"
#include "parsers/line_reader.h"
#include "parsers/otlp.h"
#include "parsers/parser.h"
#include "parsers/quoted_stderr.h"
#include "tests/fuzz/steps.h"
#include "tests/traces.h"
#include "text/json.h"
#include "text/tzif.h"

enum { SMALL = 6000, TWICE_PERCENT = 250, SLACK = 40000 };

static struct arena arena;

/* ---- what reads ---- */

static void parse_as(enum format f, struct slice s)
{
    static struct record r;
    struct parse_ctx ctx = {.arena = &arena, .now_us = INT64_C(1795428000000000), .last_us = RECORD_NO_TIME};
    record_init(&r, f, s);
    if (parser_of(f))
        parser_parse(f, &ctx, &r);
    arena_reset(&arena);
}

static void parse_formats(struct slice s, enum format only)
{
    for (enum format f = 0; f < FORMAT_N; f++)
        if (f == only)
            parse_as(f, s);
}

#define PARSE(name, format)                                                                                            \
    static void parse_##name(struct slice s)                                                                           \
    {                                                                                                                  \
        parse_formats(s, format);                                                                                      \
    }
PARSE(nginx_error, FORMAT_NGINX_ERROR)
PARSE(nginx_access, FORMAT_NGINX_ACCESS)
PARSE(syslog, FORMAT_SYSLOG)
PARSE(gelf, FORMAT_GELF)
PARSE(docker, FORMAT_DOCKER)
PARSE(cri, FORMAT_CRI)
PARSE(json, FORMAT_JSON)
PARSE(logfmt, FORMAT_LOGFMT)
PARSE(text, FORMAT_TEXT)
PARSE(journal, FORMAT_JOURNAL)

static void detect(struct slice s)
{
    parser_detect(s);
}

static void gelf_body(struct slice s)
{
    struct gelf_body b;
    struct slice one;
    gelf_body_open(&b, s);
    while (gelf_next(&b, &one))
        ;
}

static void cut_in_steps(enum frame_mode mode, struct slice s, size_t step)
{
    struct framer c;
    struct message m;
    framer_init(&c, mode, 0, 0);
    for (size_t at = 0; at < s.n; at += step) {
        framer_feed(&c, slice_sub(s, at, at + step));
        while (framer_next(&c, &m))
            ;
    }
    while (framer_flush(&c, FRAME_END, &m))
        ;
    framer_done(&c);
}

#define CUT(name, mode, step)                                                                                          \
    static void cut_##name(struct slice s)                                                                             \
    {                                                                                                                  \
        cut_in_steps(mode, s, step);                                                                                   \
    }
CUT(lines, FRAME_LINES, 1)
CUT(nul, FRAME_NUL, 1)
CUT(gelf, FRAME_GELF, 1)
CUT(syslog, FRAME_SYSLOG, 64)
CUT(gelf_blocks, FRAME_GELF, 4096)
CUT(syslog_blocks, FRAME_SYSLOG, 4096)

static void parse_any(struct parser_seen *seen, struct slice s)
{
    static struct record r;
    struct parse_ctx ctx = {.arena = &arena, .now_us = INT64_C(1795428000000000), .last_us = RECORD_NO_TIME};
    record_init(&r, FORMAT_AUTO, s);
    parser_parse_next(seen, &ctx, &r);
    arena_reset(&arena);
}

static void auto_lines(struct slice s)
{
    struct line_reader l;
    struct message m;
    struct parser_seen seen = {FORMAT_AUTO, FORMAT_AUTO};
    struct line_reader_place from = {0};
    line_reader_init(&l, FRAME_LINES, 0, &from);
    for (size_t at = 0; at < s.n; at += 512) {
        framer_feed(&l.framer, slice_sub(s, at, at + 512));
        while (line_reader_next(&l, FORMAT_AUTO, &m))
            parse_any(&seen, m.text);
    }
    while (line_reader_flush(&l, FRAME_END, &m))
        parse_any(&seen, m.text);
    line_reader_done(&l);
}

static bool member(void *u, const struct json_member *m)
{
    (void)u, (void)m;
    return true;
}

static void json(struct slice s)
{
    json_members(s, &arena, JSON_DEPTH_MAX, member, NULL, NULL);
    json_tree(&arena, json_repair(&arena, s));
    arena_reset(&arena);
}

static void on_record(void *u, struct slice record)
{
    (void)u, (void)record;
}

/* As the records of one message. */
static void otlp(struct slice s)
{
    struct sbuf message, one;
    sbuf_init(&message, s.n + 256);
    sbuf_init(&one, 65536);
    sbuf_addf(&message, "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[");
    sbuf_adds(&message, s);
    sbuf_addf(&message, "{}]}]}]}");
    otlp_records(sbuf_slice(&message), &arena, &one, on_record, NULL);
    sbuf_done(&one);
    sbuf_done(&message);
    arena_reset(&arena);
}

static void chunks(struct slice s)
{
    struct gelf_chunk_caps caps = gelf_chunk_defaults();
    struct gelf_chunks *c = gelf_chunks_new(&caps, NULL, NULL);
    struct counts counts = {0};
    struct slice whole;
    char datagram[40] = {0x1e, 0x0f};
    for (size_t at = 0; at + 12 < s.n; at += 12) {
        memcpy(datagram + 2, s.p + at, 12);
        gelf_chunks_add(c, SLICE("10.0.0.1"), slice_of(datagram, 20), (int64_t)at, &counts, &whole);
    }
    gelf_chunks_free(c);
}

static void mask(struct slice s)
{
    struct log_template m;
    log_template_init(&m);
    log_template_message(s, &m);
    log_template_done(&m);
}

static void utf8(struct slice s)
{
    struct sbuf out;
    sbuf_init(&out, 1 << 20);
    utf8_clean(&out, s);
    utf8_count(s);
    sbuf_done(&out);
}

static void first_line(struct slice s)
{
    struct request_line r = {0};
    for (size_t i = 0; i < s.n && request_line_feed(&r, slice_sub(s, i, i + 1)) == REQUEST_LINE_MORE; i++)
        ;
}

static void proxy(struct slice s)
{
    struct sockaddr_storage from;
    size_t want = 0;
    for (size_t n = 1; n <= s.n && n <= PROXY_HEADER_MAX && proxy_read(slice_sub(s, 0, n), &from, &want) == PROXY_MORE;
         n += want)
        ;
}

static void zone(struct slice s)
{
    struct zone z = {0};
    if (tzif_read(s, &z) || tzif_rule(s, &z))
        free(z.rows);
}

static struct trace_set *traces;
static struct trace_scratch *scratch;

static void load_traces(void)
{
    if (traces)
        return;
    traces = traces_load(true);
    scratch = trace_scratch_new();
    steps_reset();
}

static void walk_traces(struct slice s)
{
    struct trace_walk w;
    enum trace_step step = TRACE_NONE;
    load_traces();
    while (s.n) {
        struct slice line = slice_split(&s, '\n');
        if (trace_opened(step))
            step = trace_next(traces, scratch, &w, line);
        if (!trace_opened(step))
            step = trace_open(traces, scratch, line, &w);
    }
}

static void names_of_frames(struct slice s)
{
    static struct sbuf b;
    if (!b.max)
        sbuf_init(&b, 1 << 20);
    sbuf_reset(&b);
    trace_name_stable(SLICE("java"), s, &b);
    trace_name_stable(SLICE("go"), s, &b);
}

static void parse_traces(struct slice s)
{
    struct trace t = {0};
    load_traces();
    while (trace_parse(traces, scratch, s, &arena, &t))
        s = t.rest;
    arena_reset(&arena);
}

static void quoted_messages(struct slice s)
{
    struct quoted_stderr q;
    if (!quoted_stderr_find(s, &q))
        return;
    while (q.text.n) {
        size_t n = quoted_stderr_second(q.text);
        quoted_stderr_trim(slice_sub(q.text, 0, n));
        slice_skip(&q.text, n);
    }
}

static void fates(struct slice s)
{
    struct fates_reader r;
    struct fate_range range;
    while (s.n) {                           /* what is damaged ends it: the next byte begins another */
        if (!fates_read(&r, SLICE("\x01"))) /* no assertion: each is a write(2), and here is a million of them */
            ck_abort_msg("a head of fates is not read");
        r.rest = s;
        while (fates_next(&r, &range))
            s = r.rest;
        s = slice_from(s, 1);
    }
}

static void issues(struct slice s)
{
    struct issue_about about = {0};
    struct issue_query q;
    char why[ISSUE_QUERY_WHY];
    issue_query_read(slice_sub(s, 0, ISSUE_QUERY_BYTES_MAX), 0, &arena, &q, why);
    issue_query_done(&q);
    issue_about_read(s, &arena, &about);
    about.text[ISSUE_VALUE] = about.text[ISSUE_TAGS] = s;
    if (issue_query_read(SLICE("aaaaaaaaaaaaaaaaaaaaaaaab tag.a:*a*b*c*d"), 0, &arena, &q, why))
        issue_query_match(&q, &(struct issue_facts){.about = &about});
    issue_query_done(&q);
}

static const struct {
    const char *name;
    void (*read)(struct slice s);
} readers[] = {{"nginx-error", parse_nginx_error},
               {"nginx-access", parse_nginx_access},
               {"syslog", parse_syslog},
               {"gelf", parse_gelf},
               {"docker", parse_docker},
               {"cri", parse_cri},
               {"json", parse_json},
               {"logfmt", parse_logfmt},
               {"text", parse_text},
               {"journal", parse_journal},
               {"detection", detect},
               {"GELF body", gelf_body},
               {"cut lines", cut_lines},
               {"cut NUL", cut_nul},
               {"cut GELF", cut_gelf},
               {"cut syslog", cut_syslog},
               {"cut GELF in blocks", cut_gelf_blocks},
               {"cut syslog in blocks", cut_syslog_blocks},
               {"lines, format auto", auto_lines},
               {"JSON", json},
               {"OpenTelemetry's records", otlp},
               {"GELF chunks", chunks},
               {"templates", mask},
               {"UTF-8", utf8},
               {"request line", first_line},
               {"PROXY header", proxy},
               {"zones", zone},
               {"traces, line by line", walk_traces},
               {"traces", parse_traces},
               {"names of frames", names_of_frames},
               {"quoted messages", quoted_messages},
               {"fates", fates},
               {"issues", issues}};
enum { READERS = sizeof readers / sizeof *readers };

/* ---- what is read: a head, then one of these over and over ---- */

#define NGINX "2026/11/29 10:00:00 [error] 7#7: *1 connect() failed"
static const char *const heads[] = {
    "",
    NGINX,
    NGINX ", client: ",
    "<13>1 - - - - - ",
    "<13>Nov 29 10:00:00 h a[1]: ",
    "{\"short_message\":\"",
    "{\"log\":\"",
    "{",
    "[",
    "2026-11-29T10:00:00.000000000Z stdout F ",
    "POST /",
    "10.0.0.1 - - [29/Nov/2026:10:00:00 +0000] \"GET /",
    "10.0.0.1 - - [29/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 502 6 \"-\" \"-\" urt=",
    "PROXY TCP4 ",
    "2026-11-29 10:00:00,000 ERROR [main] ",
    "web-1 | java.lang.Error: a\nweb-1 | ",
    "Traceback (most recent call last):\n",
    "FastCGI sent in stderr: \"PHP message: "};
static const char *const units[] = {"{",
                                    "{\n",
                                    "}",
                                    "{}",
                                    "{},",
                                    "[",
                                    "[]",
                                    "[{",
                                    "\"",
                                    "\\",
                                    "\\\"",
                                    "{\"",
                                    "{\"\\\"\n",
                                    "{\"a\":",
                                    "{\"a\":1}\n",
                                    "\"a\":1,",
                                    ",",
                                    ", ",
                                    ":",
                                    ": ",
                                    "=",
                                    "a=",
                                    "a=1 ",
                                    "a=\"",
                                    "a b",
                                    " ",
                                    "  \n",
                                    "\t",
                                    "\n",
                                    "\r\n",
                                    "\r",
                                    "<",
                                    "<1",
                                    "<13>",
                                    "<13>x\n",
                                    "1 ",
                                    "9 ",
                                    "9 <",
                                    "99 x\n",
                                    "0",
                                    "1",
                                    "-",
                                    "--",
                                    "- ",
                                    ".",
                                    "a.",
                                    "/",
                                    "/a",
                                    "%",
                                    "%0A",
                                    "&",
                                    "&a=",
                                    "(",
                                    ")",
                                    "()",
                                    "at x(y:1)\n",
                                    "\tat a.b(C.java:1)\n",
                                    "Caused by: ",
                                    "Caused by: a.B: c\n",
                                    "a.b.CException: d\n",
                                    "a.b.CException: d\n\tat a.b(C.java:1)\n",
                                    "\t... 9 more\n",
                                    "Traceback (most recent call last):\n",
                                    "  File \"a\", line 1, in b\n",
                                    "  +-+--- 1 ---\n",
                                    "Error: a\n",
                                    "/a.js:1\n",
                                    "    at a (b:1:1) {\n  [cause]: Error: c\n",
                                    "PHP message: ",
                                    "\nPHP message: PHP  ",
                                    " on line 1 PHP message: ",
                                    "\" while ",
                                    "x",
                                    "x ",
                                    "X",
                                    "_",
                                    "a_B",
                                    "\xff",
                                    "\xc3\xa9",
                                    "\xf0\x9f\x98\x80",
                                    "\x1b[",
                                    "\x1b[31m",
                                    "\x1b]",
                                    "#",
                                    "*1 ",
                                    "@",
                                    ", client: ",
                                    ", upstream: \"",
                                    "[error] ",
                                    "NaN,",
                                    "\\u00",
                                    "\\ud83d",
                                    "null,",
                                    "1.2.3.4 ",
                                    "::",
                                    "fe80::1 ",
                                    "2026-11-29 10:00:00 ",
                                    "2026-11-29T10:00:00Z stdout P a\n",
                                    NGINX "\n",
                                    "{\"log\":\"a\",\"stream\":\"stdout\"}\n",
                                    "{\"log\":\"a\\n\"}\n",
                                    "ERROR ",
                                    "f00d-",
                                    "deadbeef",
                                    "'",
                                    "'a",
                                    "`",
                                    "|",
                                    ";",
                                    "+",
                                    "~",
                                    "$",
                                    "\x01",
                                    "\x1e\x0f"};

static struct slice repeat(char *p, const char *head, const char *unit, size_t n)
{
    size_t h = strlen(head), u = strlen(unit);
    memcpy(p, head, h);
    for (size_t i = h; i < n; i++)
        p[i] = unit[(i - h) % u];
    return slice_of(p, n);
}

static uint64_t steps_of(size_t reader, struct slice s)
{
    steps_reset();
    readers[reader].read(s);
    return steps_done();
}

START_TEST(twice_the_bytes)
{
    static char text[2 * SMALL];
    unsigned slow = 0;
    for (size_t h = 0; h < sizeof heads / sizeof *heads; h++)
        for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
            /* Where the text is cut may tell at once that it is nothing: one of two places does not. */
            uint64_t once = steps_of((size_t)_i, repeat(text, heads[h], units[u], SMALL)),
                     other = steps_of((size_t)_i, repeat(text, heads[h], units[u], SMALL - 5));
            once = once > other ? once : other;
            uint64_t twice = steps_of((size_t)_i, repeat(text, heads[h], units[u], 2 * SMALL));
            if (twice <= once * TWICE_PERCENT / 100 + SLACK)
                continue;
            slow++;
            fprintf(stderr, "%s: '%s' and '%s' over and over: %d bytes %llu steps, twice as many %llu\n",
                    readers[_i].name, heads[h], units[u], SMALL, (unsigned long long)once, (unsigned long long)twice);
        }
    arena_done(&arena);
    ck_assert_uint_eq(slow, 0);
}
END_TEST

/* The measure itself: what was wrong once, a search of all the rest for each line, is seen. */
START_TEST(a_quadratic_loop_is_seen)
{
    static char text[2 * SMALL];
    uint64_t steps[2];
    for (unsigned k = 0; k < 2; k++) {
        struct slice s = repeat(text, "", "{\n", SMALL * (k + 1)), rest = s;
        steps_reset();
        while (rest.n) {
            json_repair(&arena, rest);
            slice_split(&rest, '\n');
            arena_reset(&arena);
        }
        steps[k] = steps_done();
    }
    arena_done(&arena);
    ck_assert_uint_gt(steps[1], steps[0] * TWICE_PERCENT / 100 + SLACK);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("linear");
    TCase *t = tcase_create("linear");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, twice_the_bytes, 0, READERS);
    tcase_add_test(t, a_quadratic_loop_is_seen);
    suite_add_tcase(s, t);
    return unit_run(s);
}
