/* The same lines by every carrier, a message each: behind a collector's time and name, in containers' logs, by syslog,
 * GELF and the journal they are the same events. */
#include "tests/unit/event_at.h"
#include "tests/unit/unit.h"

#include <stdio.h>

#include "base/xalloc.h"
#include "core/join.h"
#include "core/pipeline.h"
#include "tests/traces.h"
#include "text/json.h"

enum { EVENTS = 32 };

struct bench {
    struct rule_set rules;
    struct trace_set *traces;
    struct options options;
    struct pipeline *pipeline;
    struct join_options join;
    struct stream stream;
    struct arena arena;
    struct json_node *events[EVENTS];
    unsigned n;
    int64_t now_us;
};

static bool on_event(void *u, const struct event_out *e)
{
    struct bench *b = u;
    ck_assert_uint_lt(b->n, EVENTS);
    b->events[b->n] = json_tree(&b->arena, e->payload.text);
    ck_assert_ptr_nonnull(b->events[b->n++]);
    return true;
}

static void start(struct bench *b)
{
    static const uint8_t store_id[16] = "0123456789abcdef";
    const struct pipeline_setup setup = {.options = &b->options,
                                         .rules = &b->rules,
                                         .store_id = store_id,
                                         .run_key = 9,
                                         .record_clock = true,
                                         .hooks = {.u = b, .emit = on_event}};
    b->pipeline = pipeline_new(&setup);
    b->n = 0;
}

static struct bench *bench_new(void)
{
    struct bench *b = xcalloc(1, sizeof *b);
    b->rules.traces = b->traces = traces_load(true);
    rule_set_ready(&b->rules, true);
    b->options = (struct options){
        .environment = SLICE("production"),
        .fallback = FALLBACK_EVENT,
        .crumbs = {.before = 20, .after = 0, .wait_us = 0, .max_age_us = 600000000, .memory_bytes = 1 << 20},
        .limits = {.burst = UINT32_MAX, .period_us = 3600000000, .per_minute = UINT32_MAX, .per_day = UINT32_MAX}};
    b->now_us = INT64_C(1795428001000000);
    b->join = join_defaults;
    return b;
}

static void bench_free(struct bench *b)
{
    rule_set_done(&b->rules);
    trace_set_free(b->traces);
    arena_done(&b->arena);
    free(b);
}

/* --- carriers --- */

#define TIME "2026-11-23T10:00:01.123456"

/* Where a line stands: `before`, the line, `behind`; within quotes of JSON where `json`. */
static const struct carrier {
    enum format format;
    const char *before, *behind;
    bool json;
    bool own_head; /* it is not read what stands in a line: the carrier has level and logger */
    bool by_file;
} carriers[] = {
    {FORMAT_TEXT, "", "", .by_file = true},
    {FORMAT_TEXT, TIME "789Z ", "", .by_file = true},                        /* docker logs -t */
    {FORMAT_TEXT, "[pod/web-5d8f9/app] ", "", .by_file = true},              /* kubectl logs --prefix */
    {FORMAT_TEXT, "[pod/web-5d8f9/app] " TIME "789Z ", "", .by_file = true}, /* and --timestamps */
    {FORMAT_TEXT, "web-1  | ", "", .by_file = true},                         /* docker compose logs */
    {FORMAT_TEXT, "web-1  | " TIME "789Z ", "", .by_file = true},
    {FORMAT_TEXT, "shop-db  | ", "", .by_file = true},
    {FORMAT_CRI, TIME "789Z stderr F ", "", .by_file = true},
    {FORMAT_CRI, TIME "789Z stderr F web-1  | ", "", .by_file = true},
    {FORMAT_DOCKER, "{\"log\":\"", "\\n\",\"stream\":\"stderr\",\"time\":\"" TIME "789Z\"}", .json = true,
     .by_file = true},
    {FORMAT_SYSLOG, "Nov 23 10:00:01 box app[123]: ", "", .by_file = true}, /* journalctl */
    {FORMAT_SYSLOG, "<11>1 " TIME "Z box app 123 - - ", "", .own_head = true},
    {FORMAT_SYSLOG, "<11>Nov 23 10:00:01 box app[123]: ", "", .own_head = true},
    {FORMAT_GELF,
     "{\"version\":\"1.1\",\"host\":\"box\",\"level\":3,\"timestamp\":1795428001.123,\"_container_id\":\"a1\",\"short_"
     "message\":\"",
     "\"}", .json = true, .own_head = true},
    {FORMAT_JOURNAL,
     "{\"_HOSTNAME\":\"box\",\"SYSLOG_IDENTIFIER\":\"app\",\"_PID\":\"123\",\"PRIORITY\":\"6\",\"_SOURCE_REALTIME_"
     "TIMESTAMP\":"
     "\"1795428001123456\",\"MESSAGE\":\"",
     "\"}", .json = true},
};

static void add_json(struct sbuf *out, const char *line)
{
    for (; *line; line++) {
        if (*line == '\t')
            sbuf_adds(out, SLICE("\\t"));
        else if (*line == '"' || *line == '\\')
            sbuf_addf(out, "\\%c", *line);
        else
            sbuf_addc(out, *line);
    }
}

static void feed(struct bench *b, const struct carrier *c, const char *line)
{
    struct sbuf out;
    if (!*line && c->format == FORMAT_JOURNAL) /* who sends those leaves it out */
        return;
    sbuf_init(&out, 4096);
    sbuf_adds(&out, slice_str(c->before));
    if (c->json)
        add_json(&out, line);
    else
        sbuf_adds(&out, slice_str(line));
    sbuf_adds(&out, slice_str(c->behind));
    const struct message m = {.stream = &b->stream, .text = sbuf_slice(&out), .lines = 1};
    pipeline_message(b->pipeline, &m, b->now_us);
    sbuf_done(&out);
}

/* All lines, and what they have become. */
static void run(struct bench *b, const struct carrier *c, const char *const *lines)
{
    start(b);
    b->stream = (struct stream){.format = c->format,
                                .source = SLICE("/log/app.log"),
                                .input = SLICE("/log/*.log"),
                                .trusted = true,
                                .file_key = c->by_file ? 7 : 0,
                                .ring = 7,
                                .join = &b->join,
                                .last_us = RECORD_NO_TIME};
    while (*lines)
        feed(b, c, *lines++);
    pipeline_flush(b->pipeline);
    struct counts *counts = pipeline_counts(b->pipeline);
    ck_assert_uint_eq(counts->v[COUNT_refused], 0);
    pipeline_free(b->pipeline);
}

static struct slice value_at(const struct json_node *n, const char *path)
{
    const struct json_node *v = at(n, path);
    return v ? v->text : SLICE_NONE;
}

static unsigned frames_of(const struct json_node *e)
{
    const struct json_node *f = at(e, "exception/values/0/stacktrace/frames");
    unsigned n = 0;
    for (f = f ? f->child : NULL; f; f = f->next)
        n++;
    return n;
}

#define CK(condition, c, what)                                                                                         \
    ck_assert_msg(condition, "%s: '%s' %s: %.*s", format_name((c)->format), (c)->before, what,                         \
                  SLICE_ARG(b->n ? value_at(b->events[0], "exception/values/0/value") : SLICE("no event")))

enum { LINE_BYTES = 160 };

/* The prefix with a digit for each #, and what stands behind it. */
static const char *numbered(char out[LINE_BYTES], const char *prefix, unsigned digit, const char *text)
{
    snprintf(out, LINE_BYTES, "%s%s", prefix, text);
    for (char *p; (p = strchr(out, '#')) && p < out + strlen(prefix);)
        *p = (char)('0' + digit);
    return out;
}

/* --- traces of several runtimes --- */

#define INTRO "2026-11-23 10:00:01,050 ERROR shop.pay: order 7 failed"

static const struct text {
    const char *const lines[14];
    const char *type, *value;
    unsigned frames;
} texts[] = {
    {{INTRO, "panic: no rate", "", "goroutine 1 [running]:", "main.take(...)", "\t/srv/shop/main.go:11 +0x2b",
      "main.main()", "\t/srv/shop/main.go:21 +0x67", NULL},
     "panic",
     "no rate",
     2},
    {{INTRO, "lua5.4: a.lua:2: no rate", "stack traceback:", "\ta.lua:2: in field 'get'", "\ta.lua:5: in main chunk",
      "\t[C]: in ?", NULL},
     "runtime error",
     "no rate",
     3},
    {{INTRO, "thread 'main' panicked at 'no rate', src/main.rs:4:9", "stack backtrace:", "   0: till::rate",
      "             at ./src/main.rs:4:9", "   1: till::main", "             at ./src/main.rs:9:5", NULL},
     "panic",
     "no rate",
     2},
    {{INTRO, "", "thread 'main' panicked at src/main.rs:4:9:", "no rate", "stack backtrace:", "   0: till::rate",
      "             at ./src/main.rs:4:9", NULL},
     "panic",
     "no rate",
     1},
    {{INTRO, "Traceback (most recent call last):", "  File \"/srv/app.py\", line 3, in <module>", "    take(5)",
      "  File \"/srv/app.py\", line 2, in take", "    raise ValueError(\"no rate\")", "ValueError: no rate", NULL},
     "ValueError",
     "no rate",
     2},
    {{INTRO, "java.lang.IllegalStateException: no rate", "\tat com.acme.Stock.take(Stock.java:12)",
      "\tat com.acme.Shop.order(Shop.java:42)", NULL},
     "IllegalStateException",
     "no rate",
     2},
};

START_TEST(a_trace_is_the_same_by_every_carrier)
{
    struct bench *b = bench_new();
    const struct text *t = &texts[_i];
    for (const struct carrier *c = carriers; c < carriers + sizeof carriers / sizeof *carriers; c++) {
        run(b, c, t->lines);
        CK(b->n == 1, c, "is not one event");
        const struct json_node *e = b->events[0];
        CK(slice_is(value_at(e, "exception/values/0/type"), t->type), c, "has another type");
        CK(slice_is(value_at(e, "exception/values/0/value"), t->value), c, "has another value");
        CK(frames_of(e) == t->frames, c, "has other frames");
        CK(slice_ends(slice_trim(value_at(e, "logentry/formatted")), SLICE("order 7 failed")), c,
           "has no introduction");
        CK(c->own_head || slice_is(value_at(e, "logentry/formatted"), "order 7 failed"), c, "has more before it");
        CK(c->own_head || slice_is(value_at(e, "logger"), "shop.pay"), c, "has another logger");
        CK(slice_is(value_at(e, "level"), "error") || slice_is(value_at(e, "level"), "fatal"), c, "has another level");
    }
    bench_free(b);
}
END_TEST

/* --- a logger that writes a head alone --- */

static const char *const console[] = {"info: Microsoft.Hosting.Lifetime[14]",
                                      "      Now listening on: http://[::]:8080",
                                      "fail: Shop.Pay.Worker[20102]",
                                      "      order 7 failed",
                                      "      System.InvalidOperationException: no stock",
                                      "         at Shop.Pay.Take(Int32 id) in /src/Pay.cs:line 12",
                                      "fail: Shop.Pay.Worker[20102]",
                                      "      order 8 failed",
                                      "warn: Shop.Host[0]",
                                      "      System.Exception: careful",
                                      "         at Shop.Db.Wait() in /src/Db.cs:line 9",
                                      "crit: Shop.Host[0]",
                                      "      cannot start",
                                      "info: Shop.Host[0]",
                                      "      bye",
                                      NULL};

START_TEST(a_head_alone_and_its_lines_are_one_record)
{
    struct bench *b = bench_new();
    static const struct {
        const char *level, *logger, *text;
    } want[] = {{"error", "Shop.Pay.Worker", "order 7 failed"},
                {"error", "Shop.Pay.Worker", "order 8 failed"},
                {"fatal", "Shop.Host", "cannot start"}};
    for (const struct carrier *c = carriers; c < carriers + sizeof carriers / sizeof *carriers; c++) {
        run(b, c, console);
        CK(b->n == 3, c, "is not three events");
        for (unsigned i = 0; i < b->n; i++) {
            ck_at(b->events[i], "level", want[i].level);
            ck_at(b->events[i], "logger", want[i].logger);
            ck_assert(slice_is(slice_trim(value_at(b->events[i], "logentry/formatted")), want[i].text));
        }
        ck_at(b->events[0], "exception/values/0/type", "System.InvalidOperationException");
        ck_at(b->events[0], "exception/values/0/stacktrace/frames/0/lineno", "12");
    }
    bench_free(b);
}
END_TEST

/* --- reports of PostgreSQL, whose first word is taken for the level --- */

static const char *const prefixes[] = {
    "",
    "2026-11-23 10:00:01.123 UTC [812] ",
    "2026-11-23 10:00:01 UTC [812]: [#-1] user=shop,db=shop,app=psql,client=[local] ",
    "2026-11-23 10:00:01 UTC:10.0.0.9(5000):shop@shop:[812]:",
    "<2026-11-23 10:00:01 UTC>[local]:shop@shop:[812]:",
    "6b0cd360.32ed # 0 22012 2026-11-23 10:00:01.123 UTC ",
    "1795428001.123 812 ",
    "[psql] 2026-11-23 10:00:01 UTC "};

START_TEST(a_report_is_whole_with_any_prefix)
{
    static const char *const parts[] = {"ERROR:  no stock",   "DETAIL:  Key (code)=(A4) is out.",
                                        "HINT:  Order more.", "STATEMENT:  insert into bin(id, code)",
                                        "ERROR:  no rate",    "STATEMENT:  select 1",
                                        "LOG:  all is well"};
    struct bench *b = bench_new();
    char text[9][LINE_BYTES];
    const char *lines[9] = {0};
    unsigned n = 0;
    for (unsigned i = 0; i < sizeof parts / sizeof *parts; i++) {
        lines[n] = numbered(text[n], prefixes[_i], i + 1, parts[i]);
        n++;
        if (i == 3)
            lines[n++] = "\t\tvalues (2, 'A4');";
    }
    for (unsigned k = 0; k < 9; k++) {
        const struct carrier *c = &carriers[(const unsigned[]){0, 1, 4, 5, 7, 9, 10, 11, 13}[k]];
        if (c->own_head) /* which would say that the last line is an error as well */
            lines[n - 1] = NULL;
        run(b, c, lines);
        CK(b->n == 2, c, "is not two events");
        unsigned first = !at(b->events[0], "contexts/notes/DETAIL"); /* both may be held until the end */
        const struct json_node *e = b->events[first];
        ck_at(e, "level", "error");
        ck_at(e, "logentry/formatted", "no stock");
        ck_at(e, "contexts/notes/DETAIL", "Key (code)=(A4) is out.");
        ck_at(e, "contexts/notes/HINT", "Order more.");
        ck_at(e, "contexts/notes/STATEMENT", "insert into bin(id, code)\n\tvalues (2, 'A4');");
        ck_at(b->events[!first], "logentry/formatted", "no rate");
        ck_at(b->events[!first], "contexts/notes/STATEMENT", "select 1");
    }
    bench_free(b);
}
END_TEST

START_TEST(a_warning_of_the_kernel_is_one)
{
    static const char *const lines[] = {
        "[   12.000001] WARNING: CPU: 1 PID: 17 at lib/refcount.c:28 refcount_warn+0xa6/0xf0",
        "[   12.000002] RIP: 0010:refcount_warn+0xa6/0xf0",
        "[   12.000003] Call Trace:",
        "[   12.000004]  silo_put+0x1a/0x20 [silo]",
        "[   12.000005] ---[ end trace 0000000000000000 ]---",
        "[   13.000001] ERROR: silo is down",
        NULL};
    struct bench *b = bench_new();
    run(b, &carriers[0], lines);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "logentry/formatted", "silo is down");
    ck_assert(
        slice_starts(value_at(b->events[0], "breadcrumbs/values/0/message"), SLICE("WARNING: at lib/refcount.c:28")));
    bench_free(b);
}
END_TEST

/* --- threads in turn --- */

START_TEST(threads_in_turn_are_whole_by_every_carrier)
{
    static const char *const layouts[] = {"2026-11-23 10:00:01,123 ERROR [exec-#] ",
                                          "2026-11-23 10:00:01,123 [exec-#] ERROR com.acme.Shop - "};
    static const char *const trace[] = {"order failed", "java.lang.IllegalStateException: no stock",
                                        "\tat com.acme.Stock.take(Stock.java:12)",
                                        "\tat com.acme.Shop.order(Shop.java:42)"};
    struct bench *b = bench_new();
    char text[12][LINE_BYTES];
    const char *lines[13] = {0};
    unsigned n = 0;
    for (unsigned i = 0; i < 4; i++)
        for (unsigned thread = 0; thread < 3; thread++) {
            lines[n] = numbered(text[n], layouts[_i], thread, trace[i]);
            n++;
        }
    for (const struct carrier *c = carriers; c < carriers + sizeof carriers / sizeof *carriers; c++) {
        run(b, c, lines);
        CK(b->n == 3, c, "is not three events");
        for (unsigned i = 0; i < b->n; i++) {
            ck_assert_uint_eq(frames_of(b->events[i]), 2);
            ck_at(b->events[i], "exception/values/0/value", "no stock");
        }
    }
    bench_free(b);
}
END_TEST

/* --- times --- */

/* Written by the clock of the container, which is in another zone; read by that of its runtime. */
START_TEST(a_zone_of_its_own_parts_nothing)
{
    struct bench *b = bench_new();
    const struct carrier seconds[] = {{FORMAT_CRI, "2026-11-23T10:00:01.1Z stderr F ", "", .by_file = true},
                                      {FORMAT_CRI, "2026-11-23T10:00:09.1Z stderr F ", "", .by_file = true}};
    start(b);
    b->stream = (struct stream){.format = FORMAT_CRI,
                                .source = SLICE("/log/a"),
                                .input = SLICE("a"),
                                .trusted = true,
                                .file_key = 7,
                                .ring = 7,
                                .join = &b->join,
                                .last_us = RECORD_NO_TIME};
    for (unsigned i = 0; i < 2; i++) {
        feed(b, &seconds[i], "2026-11-23 05:00:01,050 ERROR shop.pay: order 7 failed");
        feed(b, &seconds[i], "java.lang.IllegalStateException: no stock");
        feed(b, &seconds[i], "\tat com.acme.Stock.take(Stock.java:12)");
    }
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, 2);
    for (unsigned i = 0; i < 2; i++)
        ck_at(b->events[i], "logentry/formatted", "order 7 failed");
    pipeline_free(b->pipeline);
    bench_free(b);
}
END_TEST

#define GELF(time, text)                                                                                               \
    {FORMAT_GELF, "{\"version\":\"1.1\",\"host\":\"box\",\"level\":3,\"timestamp\":" time ",\"short_message\":\"",     \
     "\"}", .json = true},                                                                                             \
        text

/* Errors of the same level behind a trace are no lines of its message. */
START_TEST(errors_behind_a_trace_are_their_own)
{
    static const struct {
        struct carrier carrier;
        const char *text;
    } lines[] = {{GELF("1795428001.001", "order 7 failed")},
                 {GELF("1795428001.001", "Traceback (most recent call last):")},
                 {GELF("1795428001.001", "  File \"/srv/app.py\", line 2, in take")},
                 {GELF("1795428001.001", "    raise ValueError(\"no\\nrate\")")},
                 {GELF("1795428001.001", "ValueError: no")},
                 {GELF("1795428001.001", "rate")},
                 {GELF("1795428002.001", "order 8 failed")},
                 {GELF("1795428002.001", "Traceback (most recent call last):")},
                 {GELF("1795428002.001", "  File \"/srv/app.py\", line 2, in take")},
                 {GELF("1795428002.001", "ValueError: no rate")},
                 {GELF("1795428002.001", "order 9 failed")}};
    struct bench *b = bench_new();
    start(b);
    b->stream = (struct stream){.format = FORMAT_GELF,
                                .source = SLICE("udp"),
                                .input = SLICE("udp"),
                                .ring = 7,
                                .join = &b->join,
                                .last_us = RECORD_NO_TIME};
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
        feed(b, &lines[i].carrier, lines[i].text);
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, 3);
    ck_at(b->events[0], "exception/values/0/value", "no\nrate");
    ck_at(b->events[1], "exception/values/0/value", "no rate");
    ck_at(b->events[1], "logentry/formatted", "order 8 failed");
    ck_at(b->events[2], "logentry/formatted", "order 9 failed");
    pipeline_free(b->pipeline);
    bench_free(b);
}
END_TEST

/* --- an object of a logger inside --- */

START_TEST(an_object_is_read_by_every_carrier)
{
    static const char *const objects[] = {
        "{\"level\":\"error\",\"logger\":\"shop.pay\",\"msg\":\"order 7 failed\","
        "\"stack\":\"Error: no stock\\n    at take (/srv/app.js:3:9)\\n    at main (/srv/app.js:9:1)\"}",
        "{\"level\":\"error\",\"logger\":\"shop.pay\",\"msg\":\"order 7 failed\",\"stack\":\"2026-11-23T10:00:01.1Z "
        "Error: no "
        "stock\\n2026-11-23T10:00:01.1Z     at take (/srv/app.js:3:9)\\n2026-11-23T10:00:01.1Z     at main "
        "(/srv/app.js:9:1)\"}",
        "{\"level\":\"error\",\"logger\":\"shop.pay\",\"msg\":\"web-1  | order 7 failed\\nweb-1  | Error: no "
        "stock\\nweb-1  |     "
        "at take (/srv/app.js:3:9)\\nweb-1  |     at main (/srv/app.js:9:1)\"}"};
    const char *lines[] = {objects[_i], NULL};
    struct bench *b = bench_new();
    for (const struct carrier *c = carriers; c < carriers + sizeof carriers / sizeof *carriers; c++) {
        if (c->format == FORMAT_TEXT &&
            (!*c->before || strstr(c->before, "db"))) /* of another format; a column of a table */
            continue;
        run(b, c, lines);
        CK(b->n == 1, c, "is not one event");
        ck_at(b->events[0], "logentry/formatted", "order 7 failed");
        ck_at(b->events[0], "logger", "shop.pay");
        ck_at(b->events[0], "exception/values/0/value", "no stock");
        ck_assert_uint_eq(frames_of(b->events[0]), 2);
    }
    bench_free(b);
}
END_TEST

/* --- an empty text --- */

/* Each line is a record of a logger; # is the number of who prints it. */
static const struct carrier records[] = {
    {FORMAT_JSON, "{\"level\":\"error\",\"msg\":\"", "\",\"container_name\":\"web-#\"}", .json = true, .by_file = true},
    {FORMAT_JSON, "{\"message\":\"", "\",\"severity\":\"ERROR\",\"container_name\":\"web-#\"}", .json = true},
    {FORMAT_JSON, "{\"container_name\":\"web-#\",\"log\":\"", "\",\"level\":\"error\"}", .json = true, .by_file = true},
    {FORMAT_LOGFMT, "level=error container_name=web-# msg=\"", "\"", .json = true, .by_file = true},
    {FORMAT_GELF, "{\"version\":\"1.1\",\"level\":3,\"_container_id\":\"a#\",\"short_message\":\"", "\"}",
     .json = true},
    {FORMAT_GELF, "{\"version\":\"1.1\",\"host\":\"box-#\",\"level\":3,\"short_message\":\"", "\"}", .json = true},
    {FORMAT_DOCKER, "{\"log\":\"{\\\"level\\\":\\\"error\\\",\\\"container_name\\\":\\\"web-#\\\",\\\"msg\\\":\\\"",
     "\\\"}\\n\",\"stream\":\"stderr\",\"time\":\"" TIME "789Z\"}", .json = true, .by_file = true},
};

static void start_records(struct bench *b, const struct carrier *c)
{
    start(b);
    b->stream = (struct stream){.format = c->format,
                                .source = SLICE("/log/app.log"),
                                .input = SLICE("/log/*.log"),
                                .trusted = true,
                                .peer = SLICE("10.0.0.9"),
                                .file_key = c->by_file ? 7 : 0,
                                .ring = 7,
                                .join = &b->join,
                                .last_us = RECORD_NO_TIME};
}

static void feed_record(struct bench *b, const struct carrier *c, unsigned who, const char *line)
{
    char before[LINE_BYTES], behind[LINE_BYTES];
    struct carrier own = *c;
    own.before = numbered(before, c->before, who, "");
    own.behind = numbered(behind, c->behind, who, "");
    feed(b, &own, line);
}

/* All have a fate. */
static void end_records(struct bench *b, unsigned lines)
{
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(count_fates(pipeline_counts(b->pipeline)), lines);
    ck_assert_uint_eq(pipeline_open(b->pipeline).lines, 0);
}

/* Two print at the same time: an empty line is of the one whose it is. */
START_TEST(an_empty_text_is_a_blank_line)
{
    static const struct {
        const char *lines[9];
        const char *type, *value, *second;
        unsigned frames;
    } printed[] = {{{"panic: no rate", "", "goroutine 1 [running]:", "main.take(...)", "\t/srv/a.go:11 +0x2b", NULL},
                    "panic",
                    "no rate",
                    NULL,
                    1},
                   {{"order 7 failed", "", "thread 'main' panicked at src/main.rs:4:9:", "no rate",
                     "stack backtrace:", "   0: till::rate", "             at ./src/main.rs:4:9", NULL},
                    "panic",
                    "no rate",
                    NULL,
                    1},
                   {{"Traceback (most recent call last):", "ValueError: no rate", "",
                     "During handling of the above exception, another exception occurred:", "",
                     "Traceback (most recent call last):", "KeyError: 3", NULL},
                    "ValueError",
                    "no rate",
                    "KeyError",
                    0}};
    struct bench *b = bench_new();
    for (unsigned k = 0; k < sizeof printed / sizeof *printed; k++)
        for (const struct carrier *c = records; c < records + sizeof records / sizeof *records; c++) {
            unsigned lines = 0;
            start_records(b, c);
            for (const char *const *line = printed[k].lines; *line; line++, lines += 2) {
                feed_record(b, c, 1, *line);
                feed_record(b, c, 2, *line);
            }
            end_records(b, lines);
            CK(b->n == 2, c, "is not two events");
            ck_assert_uint_eq(pipeline_counts(b->pipeline)->v[COUNT_joined], lines - 2);
            for (unsigned i = 0; i < b->n; i++) {
                const struct json_node *e = b->events[i];
                CK(slice_is(value_at(e, "exception/values/0/type"), printed[k].type), c, "has another type");
                CK(slice_is(value_at(e, "exception/values/0/value"), printed[k].value), c, "has another value");
                CK(frames_of(e) == printed[k].frames, c, "has other frames");
                CK(!printed[k].second || slice_is(value_at(e, "exception/values/1/type"), printed[k].second), c,
                   "has another that it led to");
            }
            pipeline_free(b->pipeline);
        }
    bench_free(b);
}
END_TEST

/* It is a record still, as long as no trace goes on over it: an error without a text, or no message of GELF. */
START_TEST(an_empty_text_beside_no_trace_is_what_it_was)
{
    static const char *const lines[] = {"",
                                        "order 7 failed",
                                        "",
                                        "",
                                        "order 9 failed",
                                        "java.lang.IllegalStateException: no stock",
                                        "\tat com.acme.Stock.take(Stock.java:12)",
                                        "",
                                        "order 8 failed"};
    enum { LINES = sizeof lines / sizeof *lines, EMPTY = 4 };
    struct bench *b = bench_new();
    for (const struct carrier *c = records; c < records + sizeof records / sizeof *records; c++) {
        bool gelf = c->format == FORMAT_GELF;
        unsigned empty = 0;
        start_records(b, c);
        for (unsigned i = 0; i < LINES; i++)
            feed_record(b, c, 1, lines[i]);
        end_records(b, LINES);
        for (unsigned i = 0; i < b->n; i++)
            empty += slice_find(value_at(b->events[i], "logentry/formatted"), SLICE("web-1")) >= 0;
        CK(b->n == (gelf ? 3 : 3 + EMPTY), c, "has other events");
        CK(empty == (gelf ? 0 : EMPTY), c, "has lost records");
        CK(pipeline_counts(b->pipeline)->v[COUNT_refused] == (gelf ? EMPTY : 0), c, "has refused others");
        ck_assert_uint_eq(pipeline_counts(b->pipeline)->v[COUNT_blank], 0);
        pipeline_free(b->pipeline);
    }
    bench_free(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("carriers");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, a_trace_is_the_same_by_every_carrier, 0, sizeof texts / sizeof *texts);
    tcase_add_test(t, a_head_alone_and_its_lines_are_one_record);
    tcase_add_loop_test(t, a_report_is_whole_with_any_prefix, 0, sizeof prefixes / sizeof *prefixes);
    tcase_add_test(t, a_warning_of_the_kernel_is_one);
    tcase_add_loop_test(t, threads_in_turn_are_whole_by_every_carrier, 0, 2);
    tcase_add_test(t, a_zone_of_its_own_parts_nothing);
    tcase_add_test(t, errors_behind_a_trace_are_their_own);
    tcase_add_loop_test(t, an_object_is_read_by_every_carrier, 0, 3);
    tcase_add_test(t, an_empty_text_is_a_blank_line);
    tcase_add_test(t, an_empty_text_beside_no_trace_is_what_it_was);
    suite_add_tcase(s, t);
    return unit_run(s);
}
