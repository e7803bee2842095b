/* Lines of one stack trace that come as records of their own: which become one, when it is let go, and that every line
 * has one fate. The grammar is Java's; what traces say is another test's. */
#include "tests/unit/event_at.h"
#include "tests/unit/unit.h"

#include <stdio.h>

#include "base/sbuf.h"
#include "base/xalloc.h"
#include "core/due.h"
#include "core/join.h"
#include "core/pipeline.h"
#include "parsers/container.h"
#include "tests/traces.h"
#include "text/json.h"

static const char rules_text[] = "pack: app\n"
                                 "rules:\n"
                                 "  - id: app.stock\n"
                                 "    match: 'no stock[\\s\\S]*Caused by: java.io.IOException'\n"
                                 "    event: {type: Mine, tags: {what: stock}}\n"
                                 "  - id: app.plain\n"
                                 "    match: 'plain'\n"
                                 "    trace: off\n"
                                 "    event: {type: Plain, level: warning}\n"
                                 "  - id: app.disk\n"
                                 "    when: {exception.type: 'EOFException$'}\n"
                                 "    event: {tags: {of: '{exception.type}', value: '{exception.value}'}}\n"
                                 "  - id: app.dropped\n"
                                 "    match: 'unwanted'\n"
                                 "    action: drop\n"
                                 "  - id: app.worker\n"
                                 "    match: 'worker (?<n>\\d+) died'\n"
                                 "    event: {level: warning}\n"
                                 "  - id: app.main\n"
                                 "    match: 'main thread died'\n"
                                 "    event: {tags: {what: main}}\n"
                                 "  - id: app.probe\n"
                                 "    match: 'a probe died'\n"
                                 "    action: crumb\n";

enum { EVENTS = 40000 };

struct bench {
    struct rule_set rules;
    struct trace_set *traces;
    struct options options;
    struct pipeline *pipeline;
    struct join_options join;
    struct stream text, other, docker, gelf;
    struct arena arena;
    struct json_node *events[EVENTS];
    char ids[EVENTS][33];
    unsigned n;
    uint64_t lines, offset;
    int64_t now_us;
    bool record_clock;
};

static bool on_event(void *u, const struct event_out *e)
{
    struct bench *b = u;
    if (e->open)
        return true;
    ck_assert_uint_lt(b->n, EVENTS);
    memcpy(b->ids[b->n], e->event_id, 33);
    b->events[b->n] = json_tree(&b->arena, e->payload.text);
    ck_assert_ptr_nonnull(b->events[b->n++]);
    return true;
}

static struct stream stream_of(struct bench *b, enum format format, uint64_t file)
{
    return (struct stream){.format = format,
                           .source = SLICE("/log/app.log"),
                           .input = SLICE("/log/*.log"),
                           .trusted = true,
                           .file_key = file,
                           .ring = file ? file : 77,
                           .join = &b->join,
                           .last_us = RECORD_NO_TIME};
}

static void start(struct bench *b)
{
    static const uint8_t store_id[16] = "0123456789abcdef";
    const struct pipeline_setup setup = {.options = &b->options,
                                         .rules = &b->rules,
                                         .store_id = store_id,
                                         .run_key = 9,
                                         .record_clock = b->record_clock,
                                         .hooks = {.u = b, .emit = on_event}};
    b->pipeline = pipeline_new(&setup);
    b->text = stream_of(b, FORMAT_TEXT, 1);
    b->other = stream_of(b, FORMAT_TEXT, 2);
    b->docker = stream_of(b, FORMAT_DOCKER, 3);
    b->gelf = stream_of(b, FORMAT_GELF, 0);
    b->lines = 0;
    b->offset = 0;
    b->n = 0;
}

static struct bench *bench_new(void)
{
    struct bench *b = xcalloc(1, sizeof *b);
    struct diag d = {0};
    struct conf_file *f = conf_parse("test.yaml", slice_str(rules_text), &d);
    ck_assert(f && rule_set_load(&b->rules, f, &d));
    b->rules.traces = b->traces = traces_load(true);
    rule_set_ready(&b->rules, true);
    err_done(&d);
    b->options = (struct options){
        .environment = SLICE("production"),
        .fallback = FALLBACK_EVENT,
        .crumbs = {.before = 20, .after = 0, .wait_us = 0, .max_age_us = 600000000, .memory_bytes = 1 << 20},
        .limits = {.burst = UINT32_MAX, .period_us = 3600000000, .per_minute = UINT32_MAX, .per_day = UINT32_MAX}};
    b->now_us = INT64_C(1795428000000000);
    b->join = join_defaults;
    start(b);
    return b;
}

/* At any moment each line has a fate or is open. */
static void ck_balance(const struct bench *b)
{
    ck_assert_uint_eq(count_fates(pipeline_counts(b->pipeline)) + pipeline_open(b->pipeline).lines, b->lines);
}

static uint64_t fates(const struct bench *b, enum count fate)
{
    return pipeline_counts(b->pipeline)->v[fate];
}

static void bench_free(struct bench *b)
{
    pipeline_flush(b->pipeline);
    ck_balance(b);
    ck_assert_uint_eq(pipeline_open(b->pipeline).lines, 0);
    pipeline_free(b->pipeline);
    rule_set_done(&b->rules);
    trace_set_free(b->traces);
    arena_done(&b->arena);
    free(b);
}

/* A message whose bytes are gone when it has been taken. */
static void feed_in(struct bench *b, struct stream *s, const char *line)
{
    char *own = xstrdup(line);
    const struct message m = {.stream = s, .text = slice_str(own), .lines = 1, .offset = b->offset};
    b->offset += strlen(line) + 1;
    b->lines++;
    pipeline_message(b->pipeline, &m, b->now_us);
    free(own);
    ck_balance(b);
}

static void feed(struct bench *b, const char *line)
{
    feed_in(b, &b->text, line);
}

static void pass(struct bench *b, int64_t us)
{
    b->now_us += us;
    pipeline_tick(b->pipeline, b->now_us);
    ck_balance(b);
}

static const char *const trace[] = {"java.lang.IllegalStateException: no stock for 7",
                                    "\tat com.acme.Stock.take(Stock.java:12)",
                                    "\tat com.acme.Shop.order(Shop.java:42)",
                                    "Caused by: java.io.IOException: disk",
                                    "\tat com.acme.Disk.read(Disk.java:3)",
                                    "\t... 1 more"};
enum { TRACE_LINES = sizeof trace / sizeof *trace };

static void ck_whole(const struct json_node *e)
{
    ck_at(e, "exception/values/0/value", "disk");
    ck_at(e, "exception/values/0/stacktrace/frames/0/function", "order"); /* put back */
    ck_at(e, "exception/values/0/stacktrace/frames/1/function", "read");
    ck_at(e, "exception/values/1/value", "no stock for 7");
    ck_at(e, "exception/values/1/stacktrace/frames/0/function", "order");
    ck_at(e, "exception/values/1/stacktrace/frames/1/lineno", "12");
    ck_at(e, "platform", "java");
}

START_TEST(a_trace_behind_its_line_is_one_event)
{
    struct bench *b = bench_new();
    feed(b, "2026-11-23 10:00:00,123 [main] INFO  com.acme.Shop - started");
    feed(b, "2026-11-23 10:00:01,123 [main] ERROR com.acme.Shop - order 7 failed");
    ck_assert_uint_eq(b->n, 0);
    ck_assert_uint_eq(pipeline_open(b->pipeline).lines, 1);
    for (unsigned i = 0; i < TRACE_LINES; i++)
        feed(b, trace[i]);
    ck_assert_uint_eq(b->n, 0);
    ck_assert_uint_eq(fates(b, COUNT_joined), TRACE_LINES);
    feed(b, "2026-11-23 10:00:02,123 [main] INFO  com.acme.Shop - goes on");
    ck_assert_uint_eq(b->n, 1);
    ck_whole(b->events[0]);
    ck_at(b->events[0], "level", "error");
    ck_at(b->events[0], "logger", "com.acme.Shop");
    ck_at(b->events[0], "logentry/formatted", "order 7 failed");
    ck_at(b->events[0], "tags/what", "stock"); /* the rule saw all lines */
    ck_at(b->events[0], "tags/rule", "app.stock");
    ck_at(b->events[0], "breadcrumbs/values/0/message", "started");
    ck_assert_ptr_null(at(b->events[0], "breadcrumbs/values/1"));
    ck_assert_uint_eq(fates(b, COUNT_event), 1);
    ck_assert_uint_eq(fates(b, COUNT_crumb), 2);
    bench_free(b);
}
END_TEST

START_TEST(time_lets_it_go)
{
    struct bench *b = bench_new();
    for (unsigned i = 0; i < TRACE_LINES; i++) {
        feed(b, trace[i]);
        pass(b, 200000);
    }
    ck_assert_uint_eq(b->n, 0);
    int64_t due_us = pipeline_tick(b->pipeline, b->now_us);
    ck_assert_int_eq(due_us, b->now_us + 100000);
    pass(b, 99999);
    ck_assert_uint_eq(b->n, 0);
    pass(b, 1);
    ck_assert_uint_eq(b->n, 1);
    ck_whole(b->events[0]);
    /* The time is that of the first line. */
    ck_assert_uint_eq(fates(b, COUNT_joined), TRACE_LINES - 1);
    bench_free(b);
}
END_TEST

/* As Docker sends what a container writes to stderr: all of it is of level error. */
static void feed_gelf(struct bench *b, const char *text)
{
    struct sbuf line;
    sbuf_init(&line, 1000);
    sbuf_addf(&line,
              "{\"version\":\"1.1\",\"host\":\"web\",\"level\":3,\"_container_id\":\"c0ffee\",\"short_message\":\"");
    for (; *text; text++)
        sbuf_addf(&line, *text == '\t' ? "\\t" : "%c", *text);
    sbuf_addf(&line, "\"}");
    feed_in(b, &b->gelf, sbuf_cstr(&line));
    sbuf_done(&line);
}

/* A container that is slow: what comes of a trace when its event is on its way is no event of its own. */
START_TEST(late_lines_are_swallowed)
{
    struct bench *b = bench_new();
    feed_gelf(b, trace[0]);
    feed_gelf(b, trace[1]);
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 1);
    ck_assert_uint_eq(fates(b, COUNT_cut_traces), 0);
    for (unsigned i = 2; i < TRACE_LINES; i++) {
        feed_gelf(b, trace[i]);
        pass(b, 4900000);
    }
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "exception/values/0/value", "no stock for 7");
    ck_assert_uint_eq(fates(b, COUNT_joined), TRACE_LINES - 1);
    ck_assert_uint_eq(fates(b, COUNT_cut_traces), 1);
    ck_assert_uint_eq(fates(b, COUNT_cut_bytes),
                      strlen(trace[2]) + strlen(trace[3]) + strlen(trace[4]) + strlen(trace[5]));
    /* Another one is whole, and so is what comes in time behind it. */
    for (unsigned i = 0; i < TRACE_LINES; i++)
        feed_gelf(b, trace[i]);
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 2);
    ck_whole(b->events[1]);
    /* After five seconds nobody waits. */
    pass(b, 5000001);
    feed_gelf(b, trace[1]);
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 3);
    bench_free(b);
}
END_TEST

/* What may be anything else is itself. */
START_TEST(late_text_is_its_own)
{
    static const char *const others[] = {"disk is full", "    indented text", "java.lang.Error: another",
                                         "Traceback (most recent call last):"};
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++) {
        struct bench *b = bench_new();
        feed_gelf(b, trace[0]);
        feed_gelf(b, trace[1]);
        pass(b, 300000);
        feed_gelf(b, "");
        feed_gelf(b, trace[2]);
        ck_assert_uint_eq(fates(b, COUNT_joined), 2);
        feed_gelf(b, others[i]);
        pass(b, 5000000);
        ck_assert_uint_eq(b->n, 2);
        ck_assert_uint_eq(fates(b, COUNT_event), 2);
        ck_assert_uint_eq(fates(b, COUNT_joined), 2);
        bench_free(b);
    }
}
END_TEST

/* In time it would be one of the message. */
START_TEST(late_text_is_of_no_message)
{
    for (unsigned late = 0; late < 2; late++) {
        struct bench *b = bench_new();
        feed(b, "Traceback (most recent call last):");
        feed(b, "  File \"/srv/a.py\", line 2, in <module>");
        feed(b, "ValueError: a");
        pass(b, late ? 300000 : 0);
        feed(b, "    and more of it");
        ck_assert_uint_eq(fates(b, COUNT_joined), late ? 2 : 3);
        bench_free(b);
    }
}
END_TEST

/* Lines of others may stand between, but not many, and no other trace. */
START_TEST(late_lines_among_others)
{
    for (unsigned n = 14; n < 18; n++) {
        struct bench *b = bench_new();
        feed(b, trace[0]);
        feed(b, trace[1]);
        pass(b, 300000);
        for (unsigned i = 0; i < n; i++)
            feed(b, "GET /cart 200");
        feed(b, trace[2]);
        ck_assert_uint_eq(fates(b, COUNT_joined), n < 16 ? 2 : 1);
        bench_free(b);
    }
}
END_TEST

/* Python says last what was thrown: that is waited for. */
START_TEST(a_name_is_waited_for)
{
    struct bench *b = bench_new();
    feed(b, "Traceback (most recent call last):");
    pass(b, 1500000);
    feed(b, "  File \"/srv/a.py\", line 2, in walk");
    pass(b, 1500000);
    feed(b, "    step()");
    pass(b, 1500000);
    ck_assert_uint_eq(b->n, 0);
    feed(b, "ValueError: at last");
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "exception/values/0/type", "ValueError");
    ck_assert_uint_eq(fates(b, COUNT_cut_traces), 0);
    bench_free(b);
}
END_TEST

/* Whatever is put, moved and taken, the first is the one that is due first. */
START_TEST(what_is_due_first)
{
    enum { N = 200 };
    static struct due_item items[N];
    struct due d = {0};
    uint64_t rnd = 1;
    for (unsigned step = 0; step < 20000; step++) {
        rnd = rnd * UINT64_C(6364136223846793005) + 1442695040888963407;
        struct due_item *item = &items[(rnd >> 40) % N];
        if (rnd >> 33 & 3)
            due_put(&d, item, (int64_t)(rnd >> 50));
        else
            due_take(&d, item);
        const struct due_item *first = NULL;
        unsigned n = 0;
        for (unsigned i = 0; i < N; i++)
            if (items[i].place) {
                n++;
                first = !first || items[i].at_us < first->at_us ? &items[i] : first;
            }
        ck_assert_uint_eq(d.n, n);
        ck_assert(!first == !due_first(&d));
        ck_assert(!first || due_first(&d)->at_us == first->at_us);
    }
    due_done(&d);
}
END_TEST

/* What is there already and waits for its turn is waited for, for a minute. */
START_TEST(what_is_unread_is_waited_for)
{
    struct bench *b = bench_new();
    for (unsigned i = 0; i < TRACE_LINES; i++) {
        feed(b, trace[i]);
        pipeline_unread(b->pipeline, b->text.file_key, true);
        pass(b, 4000000);
    }
    ck_assert_uint_eq(b->n, 0);
    pipeline_unread(b->pipeline, b->text.file_key, false);
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 1);
    ck_whole(b->events[0]);
    feed(b, "2026-11-23 10:00:01,123 [main] ERROR com.acme.Shop - alone");
    pipeline_unread(b->pipeline, b->text.file_key, true);
    for (unsigned s = 0; s < 59; s++)
        pass(b, 1000000);
    ck_assert_uint_eq(b->n, 1);
    pass(b, 2000000);
    ck_assert_uint_eq(b->n, 2);
    bench_free(b);
}
END_TEST

/* Nothing is read of anybody while the store takes nothing. */
START_TEST(what_is_not_read_meanwhile_is_waited_for)
{
    struct bench *b = bench_new();
    for (unsigned i = 0; i < TRACE_LINES; i++) {
        feed_gelf(b, trace[i]);
        pipeline_stall(b->pipeline, true);
        pass(b, 4000000);
        pipeline_stall(b->pipeline, false);
    }
    ck_assert_uint_eq(b->n, 0);
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 1);
    ck_whole(b->events[0]);
    bench_free(b);
}
END_TEST

/* A runtime begins another file after any line. */
START_TEST(a_log_of_a_container_goes_on_in_another_file)
{
    static const struct container web = {.id = {"c0ffee", 6}};
    struct bench *b = bench_new();
    for (unsigned with = 0; with < 2; with++) {
        struct stream files[] = {stream_of(b, FORMAT_TEXT, 11), stream_of(b, FORMAT_TEXT, 12)};
        for (unsigned i = 0; i < TRACE_LINES; i++) {
            struct stream *s = &files[i > 1];
            s->container = with ? &web : NULL;
            s->ring = with ? 7 : s->ring;
            feed_in(b, s, trace[i]);
        }
        pass(b, 300000);
        ck_assert_uint_eq(b->n, 1 + with);
    }
    ck_at(b->events[0], "exception/values/0/value", "no stock for 7");
    ck_whole(b->events[1]);
    bench_free(b);
}
END_TEST

/* A plain log that is rotated, while who did not see it goes on to write the old file. After a crash each file is read
 * again from the first line that is part of what is held. */
START_TEST(a_rotated_log_goes_on_in_the_next_file)
{
    struct bench *b = bench_new();
    struct stream files[] = {stream_of(b, FORMAT_TEXT, 11), stream_of(b, FORMAT_TEXT, 12)};
    uint64_t held[4], from[2] = {0};
    files[0].log = files[1].log = 5;
    for (unsigned i = 0; i < TRACE_LINES; i++) {
        if (i == 2)
            feed_in(b, &files[1], "2026-11-29 10:00:00,123 [main] INFO com.acme.Shop - begins");
        if (i == 0 || i == 2)
            from[i / 2] = b->offset;
        feed_in(b, &files[i > 1], trace[i]);
        if (i == 2)
            feed_in(b, &files[0], trace[1]);
    }
    ck_assert_uint_eq(pipeline_held(b->pipeline, 11, held, 4), 2); /* the frame that nothing stands above, too */
    ck_assert_uint_eq(held[0], from[0]);
    ck_assert_uint_eq(pipeline_held(b->pipeline, 12, held, 4), 1);
    ck_assert_uint_eq(held[0], from[1]);
    pass(b, 300000);
    ck_assert_uint_eq(pipeline_held(b->pipeline, 12, held, 4), 0);
    ck_assert_uint_eq(fates(b, COUNT_event), 1);
    ck_whole(b->events[0]);
    /* Two files of one log that are both written for long are two logs. */
    for (unsigned i = 0; i < TRACE_LINES; i++) {
        b->offset = i == 2 ? 1 << 20 : b->offset;
        feed_in(b, &files[i > 1], trace[i]);
    }
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 2);
    ck_assert_ptr_null(at(b->events[1], "exception/values/1"));
    bench_free(b);
}
END_TEST

/* Each file is read again from the first of its lines; what comes late to one of them is no line of it. */
START_TEST(a_rotated_log_goes_on_in_many_files)
{
    struct bench *b = bench_new();
    struct stream files[TRACE_LINES];
    uint64_t from[TRACE_LINES];
    for (unsigned i = 0; i < TRACE_LINES; i++) {
        files[i] = stream_of(b, FORMAT_TEXT, 11 + i);
        files[i].log = 5;
    }
    for (unsigned i = 0; i < TRACE_LINES; i++) {
        from[i] = b->offset;
        feed_in(b, &files[i], trace[i]);
    }
    feed_in(b, &files[1], trace[1]);
    for (unsigned i = 0; i < TRACE_LINES; i++) {
        uint64_t held[4] = {0};
        ck_assert_uint_eq(pipeline_held(b->pipeline, 11 + i, held, 4), 1 + (i == 1));
        ck_assert_uint_eq(held[0], from[i]);
    }
    pass(b, 300000);
    ck_assert_uint_eq(fates(b, COUNT_event), 1);
    ck_whole(b->events[0]);
    for (unsigned i = 0; i < TRACE_LINES; i++)
        ck_assert_uint_eq(pipeline_held(b->pipeline, 11 + i, from, 4), 0);
    bench_free(b);
}
END_TEST

/* Each line is a record there, also one that the trace above could have for a line of its message. */
START_TEST(a_record_in_json_is_no_line_of_a_message)
{
    static const char *const lines[] = {"job failed:", "Traceback (most recent call last):",
                                        "  File \\\"/srv/a.py\\\", line 2, in run", "ValueError: no", "disk is full"};
    struct bench *b = bench_new();
    char line[200];
    b->text.format = FORMAT_AUTO;
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(line, sizeof line, "{\"level\":\"error\",\"msg\":\"%s\"}", lines[i]);
        feed(b, line);
    }
    pass(b, 300000); /* it might have been one, */
    pass(b, 300000); /* and might introduce a trace */
    ck_assert_uint_eq(b->n, 2);
    ck_at(b->events[0], "exception/values/0/value", "no");
    ck_at(b->events[1], "logentry/formatted", "disk is full");
    bench_free(b);
}
END_TEST

START_TEST(a_line_that_is_none_is_let_go_as_it_was)
{
    struct bench *b = bench_new();
    feed(b, "2026-11-23 10:00:01,123 [main] ERROR com.acme.Shop - order 7 failed");
    feed(b, "2026-11-23 10:00:01,124 [main] ERROR com.acme.Shop - order 8 failed");
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "logentry/formatted", "order 7 failed");
    /* Some traces begin with an empty line, none with two. */
    feed(b, "");
    ck_assert_uint_eq(b->n, 1);
    feed(b, "");
    ck_assert_uint_eq(b->n, 2);
    ck_assert_uint_eq(fates(b, COUNT_blank), 2);
    bench_free(b);
}
END_TEST

START_TEST(a_record_of_several_lines_introduces)
{
    struct bench *b = bench_new();
    feed(b, "2026-11-23 10:00:01,123 [main] ERROR com.acme.Shop - order 7 failed");
    feed(b, "for customer 12");
    feed(b, "com.acme.Timeout: no answer");
    feed(b, "\tat com.acme.Stock.take(Stock.java:12)");
    feed(b, "2026-11-23 10:00:02,123 [main] INFO  com.acme.Shop - goes on");
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "logentry/formatted", "order 7 failed\nfor customer 12");
    ck_at(b->events[0], "exception/values/0/type", "Timeout");
    ck_assert_uint_eq(fates(b, COUNT_joined), 3);
    /* Without a trace they are what they were, and more than four are not waited for. */
    feed(b, "2026-11-23 10:00:03,123 [main] ERROR com.acme.Shop - order 8 failed");
    for (unsigned i = 0; i < 4; i++)
        feed(b, "for customer 13");
    ck_assert_uint_eq(b->n, 1);
    feed(b, "for customer 13");
    ck_assert_uint_eq(b->n, 2);
    ck_at(b->events[1], "logentry/formatted", "order 8 failed");
    ck_assert_uint_eq(fates(b, COUNT_joined), 3);
    bench_free(b);
}
END_TEST

START_TEST(line_feeds_may_be_written_out)
{
    struct bench *b = bench_new();
    feed(b,
         "2026-11-23 10:00:01,123 [main] ERROR shop - Shop::Error: no cart\\n/srv/a.rb:3:in `x'\\n/srv/b.rb:4:in `y'");
    feed(b, "2026-11-23 10:00:02,123 [main] ERROR shop - recovered: oops\\ngoroutine 1 [running]:\\nmain.load()"
            "\\n\\t/srv/cart.go:12 +0x1d\\n");
    feed(b, "2026-11-23 10:00:03,123 [main] INFO  shop - goes on");
    pass(b, 1000000);
    ck_assert_uint_eq(b->n, 2);
    ck_at(b->events[0], "exception/values/0/value", "no cart");
    ck_at(b->events[0], "exception/values/0/stacktrace/frames/1/function", "x");
    ck_at(b->events[1], "exception/values/0/value", "oops");
    ck_at(b->events[1], "exception/values/0/stacktrace/frames/0/function", "load");
    bench_free(b);
}
END_TEST

START_TEST(two_headings_are_two_events)
{
    struct bench *b = bench_new();
    feed(b, "Exception in thread \"main\" java.lang.OutOfMemoryError: heap");
    feed(b, "Exception in thread \"w-2\" java.lang.IllegalStateException: second");
    feed(b, "\tat com.acme.Stock.take(Stock.java:12)");
    feed(b, "2026-11-23 10:00:02,123 [main] ERROR com.acme.Shop - java.lang.IllegalStateException: third");
    feed(b, "2026-11-23 10:00:02,124 [main] ERROR com.acme.Shop - java.lang.IllegalStateException: fourth");
    feed(b, "\tat com.acme.Stock.take(Stock.java:12)");
    feed(b, "2026-11-23 10:00:03,123 [main] INFO  com.acme.Shop - goes on");
    ck_assert_uint_eq(b->n, 4);
    ck_at(b->events[0], "exception/values/0/value", "heap");
    ck_at(b->events[1], "exception/values/0/value", "second");
    ck_at(b->events[3], "exception/values/0/value", "fourth");
    bench_free(b);
}
END_TEST

/* What the message holds looks like a heading, to other languages; the frame below asks the line above. */
START_TEST(a_frame_asks_whatever_stands_above)
{
    struct bench *b = bench_new();
    feed(b, "2026-11-23 10:00:01 ERROR shop - request failed");
    feed(b, "shop.http.Handler$$anon$1: Execution exception[[RuntimeException: no luck]]");
    feed(b, "\tat shop.http.Handler.run(Handler.scala:7)");
    feed(b, "\tat shop.Main.main(Main.scala:3)");
    feed(b, "2026-11-23 10:00:03 INFO shop - goes on");
    pass(b, 1000000);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "exception/values/0/type", "Handler$$anon$1");
    ck_at(b->events[0], "exception/values/0/stacktrace/frames/1/function", "run");
    ck_at(b->events[0], "logentry/formatted", "shop - request failed");
    ck_assert_uint_eq(fates(b, COUNT_joined), 3);
    bench_free(b);
}
END_TEST

START_TEST(a_head_on_each_line_hides_nothing)
{
#define HEAD "2026-11-23 10:00:01,123 [main] ERROR com.acme.Shop - "
    struct bench *b = bench_new();
    feed(b, HEAD "java.lang.IllegalStateException: no stock");
    feed(b, HEAD);
    feed(b, HEAD "for item 7");
    feed(b, HEAD "\tat com.acme.Stock.take(Stock.java:12)");
    feed(b, "2026-11-23 10:00:02,123 [main] INFO  com.acme.Shop - goes on");
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "exception/values/0/value", "no stock\n\nfor item 7");
    ck_at(b->events[0], "exception/values/0/stacktrace/frames/0/function", "take");
    ck_assert_uint_eq(fates(b, COUNT_joined), 3);
    /* One of another level is no line of a value. */
    feed(b, HEAD "java.lang.IllegalStateException: no stock");
    feed(b, "2026-11-23 10:00:02,123 [main] INFO  com.acme.Shop - goes on");
    ck_assert_uint_eq(b->n, 2);
    ck_assert_uint_eq(pipeline_open(b->pipeline).lines, 0);
    bench_free(b);
}
END_TEST

/* docker compose and kubectl say whose each line is: those of several come in turn. */
START_TEST(lines_of_several_sources_in_one_file)
{
    static const char *const sources[] = {"shop-1  | ", "shop-2  | ", "[pod/shop-0/app] ", "[pod/shop-1/app] "};
    struct bench *b = bench_new();
    for (unsigned i = 0; i < TRACE_LINES; i++)
        for (unsigned k = 0; k < 4; k++) {
            char line[256];
            snprintf(line, sizeof line, "%s%s", sources[k], trace[i]);
            feed(b, line);
        }
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 4);
    for (unsigned k = 0; k < 4; k++)
        ck_whole(b->events[k]);
    ck_assert_uint_eq(fates(b, COUNT_joined), 4 * (TRACE_LINES - 1));
    bench_free(b);
}
END_TEST

/* However many threads log into one file, each line finds its own. */
START_TEST(lines_of_many_threads_in_one_file)
{
    enum { THREADS = 300 };
    struct bench *b = bench_new();
    char line[256];
    for (unsigned i = 0; i < TRACE_LINES; i++)
        for (unsigned k = 0; k < THREADS; k++) {
            snprintf(line, sizeof line, "2026-11-23 10:00:01,123 [exec-%u] ERROR a.B - %s", k, trace[i]);
            feed(b, line);
        }
    ck_assert_uint_eq(b->n, 0);
    pass(b, 300000);
    ck_assert_uint_eq(b->n, THREADS);
    for (unsigned k = 0; k < THREADS; k++)
        ck_whole(b->events[k]);
    ck_assert_uint_eq(fates(b, COUNT_joined), THREADS * (TRACE_LINES - 1));
    bench_free(b);
}
END_TEST

START_TEST(provisional_lines_come_back_in_order)
{
    struct bench *b = bench_new();
    feed(b, trace[0]);
    feed(b, "perhaps more of the message");
    feed(b, "");
    ck_assert_uint_eq(pipeline_open(b->pipeline).lines, 3);
    ck_assert_uint_eq(fates(b, COUNT_joined), 0);
    feed(b, "2026-11-23 10:00:02,123 [main] INFO  com.acme.Shop - goes on");
    ck_assert_uint_eq(pipeline_open(b->pipeline).lines, 0);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "exception/values/0/value", "no stock for 7");
    ck_assert_uint_eq(fates(b, COUNT_joined), 0);
    ck_assert_uint_eq(fates(b, COUNT_blank), 1);
    ck_assert_uint_eq(fates(b, COUNT_crumb), 2);
    /* Where a frame follows they are the message. */
    feed(b, trace[0]);
    feed(b, "more of the message");
    feed(b, "");
    feed(b, trace[1]);
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 2);
    ck_at(b->events[1], "exception/values/0/stacktrace/frames/0/function", "take");
    ck_assert_uint_eq(fates(b, COUNT_joined), 3);
    ck_assert_uint_eq(fates(b, COUNT_blank), 1);
    bench_free(b);
}
END_TEST

START_TEST(a_heading_without_frames_is_a_record)
{
    struct bench *b = bench_new();
    feed(b, "about a ShopException: no stock for 7");
    ck_assert_uint_eq(pipeline_open(b->pipeline).lines, 1);
    feed(b, "about a ShopException: no stock for 8");
    feed(b, "nothing more");
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 0);
    ck_assert_uint_eq(fates(b, COUNT_joined), 0);
    ck_assert_uint_eq(fates(b, COUNT_crumb), 3);
    bench_free(b);
}
END_TEST

/* The form with the text in the place of its $; JSON has tabs written out. */
static void fill(char *out, const char *form, const char *text)
{
    bool json = *form == '{';
    for (; *form; form++) {
        if (*form != '$')
            *out++ = *form;
        for (const char *c = *form == '$' ? text : ""; *c; c++) {
            bool tab = json && *c == '\t';
            *out++ = tab ? '\\' : *c;
            if (tab)
                *out++ = 't';
        }
    }
    *out = '\0';
}

/* Each line of two files, two containers, two streams of one container, comes between the other's. */
static void feed_two(struct bench *b, struct stream *s[2], const char *const form[2])
{
    char line[512];
    for (unsigned i = 0; i < TRACE_LINES; i++)
        for (unsigned k = 0; k < 2; k++) {
            fill(line, form[k], trace[i]);
            feed_in(b, s[k], line);
        }
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 2);
    ck_whole(b->events[0]);
    ck_whole(b->events[1]);
    bench_free(b);
}

START_TEST(interleaved_streams_come_out_whole)
{
    static const char *const plain[] = {"$", "$"};
    static const char *const docker[] = {
        "{\"log\":\"$\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-23T10:00:00.1Z\"}",
        "{\"log\":\"$\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-23T10:00:00.2Z\"}"};
    static const char *const gelf[] = {"{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"$\",\"level\":3,"
                                       "\"_container_id\":\"aa\"}",
                                       "{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"$\",\"level\":3,"
                                       "\"_container_id\":\"bb\"}"};
    static const char *const threads[] = {"2026-11-23 10:00:01,123 [exec-1] ERROR a.B - $",
                                          "2026-11-23 10:00:01,123 [exec-2] ERROR a.B - $"};
    struct bench *b = bench_new();
    feed_two(b, (struct stream *[]){&b->text, &b->other}, plain);
    b = bench_new();
    feed_two(b, (struct stream *[]){&b->docker, &b->docker}, docker);
    b = bench_new();
    feed_two(b, (struct stream *[]){&b->gelf, &b->gelf}, gelf);
    b = bench_new();
    feed_two(b, (struct stream *[]){&b->text, &b->text}, threads);
}
END_TEST

START_TEST(domains_never_meet)
{
    struct bench *b = bench_new();
    struct stream stranger = b->gelf;
    static const char text[] = "{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"%s\"}";
    char line[256];
    stranger.domain = 5;
    snprintf(line, sizeof line, text, "java.lang.IllegalStateException: mine");
    feed_in(b, &b->gelf, line);
    snprintf(line, sizeof line, text, "at com.evil.X.y(X.java:1)");
    feed_in(b, &stranger, line);
    snprintf(line, sizeof line, text, "at com.acme.X.y(X.java:1)");
    feed_in(b, &b->gelf, line);
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "exception/values/0/stacktrace/frames/0/module", "com.acme.X");
    ck_assert_ptr_null(at(b->events[0], "exception/values/0/stacktrace/frames/1"));
    ck_assert_uint_eq(fates(b, COUNT_crumb), 1);
    bench_free(b);
}
END_TEST

START_TEST(rules_have_the_last_word)
{
    struct bench *b = bench_new();
    feed(b, "java.lang.Error: plain thing");
    feed(b, "\tat com.acme.X.y(X.java:1)");
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "exception/values/0/type", "Plain");
    ck_at(b->events[0], "level", "warning");
    ck_at(b->events[0], "platform", "other");
    ck_assert_ptr_null(at(b->events[0], "exception/values/0/stacktrace"));
    feed(b, "java.lang.Error: outer");
    feed(b, "\tat com.acme.X.y(X.java:1)");
    feed(b, "Caused by: java.io.EOFException: inner");
    feed(b, "\tat com.acme.X.z(X.java:2)");
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 2);
    ck_at(b->events[1], "tags/rule", "app.disk"); /* by a cause; the names are of what is reported */
    ck_at(b->events[1], "tags/of", "java.lang.Error");
    ck_at(b->events[1], "tags/value", "outer");
    feed(b, "java.lang.Error: unwanted");
    feed(b, "\tat com.acme.X.y(X.java:1)");
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 2);
    ck_assert_uint_eq(fates(b, COUNT_drop), 1);
    bench_free(b);
}
END_TEST

/* A crash is fatal unless the rule that decides names a level, or makes something else of it; it stays a crash. */
START_TEST(a_rule_names_the_level_of_a_crash)
{
    static const char *const said[] = {"worker 7 died", "main thread died", "a probe died", "nobody knows"};
    static const char *const level[] = {"warning", "fatal", "fatal"};
    struct bench *b = bench_new();
    char line[64];
    for (unsigned i = 0; i < 4; i++) {
        snprintf(line, sizeof line, "panic: %s", said[i]);
        feed(b, line);
        feed(b, "");
        feed(b, "goroutine 1 [running]:");
        feed(b, "main.main()");
        feed(b, "\t/srv/app/main.go:7 +0x1d");
        pass(b, 300000);
    }
    ck_assert_uint_eq(b->n, 3);
    ck_assert_uint_eq(fates(b, COUNT_crumb), 1);
    for (unsigned i = 0; i < 3; i++) {
        ck_at(b->events[i], "level", level[i]);
        const struct json_node *handled = at(b->events[i], "exception/values/0/mechanism/handled");
        ck_assert(handled && !handled->truth);
    }
    ck_at(b->events[2], "exception/values/0/value", "nobody knows");
    bench_free(b);
}
END_TEST

/* What others said while a trace was held came after its first line: of that there is no more than is asked for. */
START_TEST(lines_behind_a_trace_are_few)
{
    static const char head[] = "2026-11-29 10:00:00,123 [exec-%u] %s com.acme.Shop - %s";
    struct bench *b = bench_new();
    char line[256];
    for (unsigned after = 0; after < 3; after++) {
        b->options.crumbs.after = after;
        snprintf(line, sizeof line, head, 2, "INFO", "before");
        feed(b, line);
        for (unsigned i = 0; i < TRACE_LINES; i++) {
            snprintf(line, sizeof line, head, 1, "ERROR", trace[i]);
            feed(b, line);
            snprintf(line, sizeof line, head, 2, "INFO", "behind");
            feed(b, line);
        }
        pass(b, 300000);
        ck_assert_uint_eq(b->n, 1 + after);
        unsigned n = 0;
        for (const struct json_node *c = at(b->events[after], "breadcrumbs/values")->child; c; c = c->next)
            n = slice_is(json_get(c, "message")->text, "before") ? 0 : n + 1; /* of the last round */
        ck_assert_uint_eq(n, after);
    }
    bench_free(b);
}
END_TEST

/* Perl's own warnings are known by their words; what else it prints looks like a die. */
START_TEST(a_warning_of_perl_is_no_error)
{
    struct bench *b = bench_new();
    feed(b, "Odd number of elements in hash assignment at /srv/app/Cart.pm line 40.");
    feed(b, "\tCart::load(7) called at /srv/app/cart.pl line 8");
    pass(b, 300000);
    feed(b, "no price at /srv/app/Cart.pm line 40.");
    feed(b, "\tCart::load(7) called at /srv/app/cart.pl line 8");
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "level", "error");
    ck_at(b->events[0], "exception/values/0/type", "die");
    ck_at(b->events[0], "breadcrumbs/values/0/level", "warning");
    ck_at(b->events[0], "breadcrumbs/values/0/message", "warn: Odd number of elements in hash assignment");
    bench_free(b);
}
END_TEST

START_TEST(without_a_rule_the_level_decides)
{
    struct bench *b = bench_new();
    feed(b, "2026-11-23 10:00:01,123 [main] WARN com.acme.Shop - odd");
    feed(b, "java.lang.RuntimeException: strange 7");
    feed(b, "\tat com.acme.X.y(X.java:1)");
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 0);
    ck_assert_uint_eq(fates(b, COUNT_crumb), 1);
    ck_assert_uint_eq(fates(b, COUNT_joined), 2);
    feed(b, "Exception in thread \"main\" java.lang.RuntimeException: dead");
    feed(b, "\tat com.acme.X.y(X.java:1)");
    b->options.fallback = FALLBACK_CRUMB;
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "level", "fatal");
    ck_at(b->events[0], "breadcrumbs/values/0/message", "odd: java.lang.RuntimeException: strange 7");
    ck_at(b->events[0], "breadcrumbs/values/0/level", "warning");
    ck_assert_ptr_null(at(b->events[0], "breadcrumbs/values/1"));
    /* A name of an id is not in the way: Sentry groups by the stack. */
    ck_assert_ptr_null(at(b->events[0], "fingerprint"));
    bench_free(b);
}
END_TEST

START_TEST(a_trace_of_too_many_lines_loses_its_middle)
{
    struct bench *b = bench_new();
    char line[100];
    b->join.lines = 20;
    feed(b, trace[0]);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(line, sizeof line, "\tat com.acme.X.y%u(X.java:%u)", i, i + 1);
        feed(b, line);
    }
    ck_assert_uint_eq(b->n, 0);
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 1);
    ck_assert_uint_eq(fates(b, COUNT_cut_traces), 1);
    ck_assert_uint_eq(fates(b, COUNT_joined), 100);
    ck_assert_uint_gt(fates(b, COUNT_cut_bytes), 70 * 25);
    ck_at(b->events[0], "exception/values/0/stacktrace/frames/0/function", "y99");
    ck_assert_ptr_nonnull(at(b->events[0], "exception/values/0/stacktrace/frames/9"));
    ck_assert_ptr_null(at(b->events[0], "exception/values/0/stacktrace/frames/19"));
    bench_free(b);
}
END_TEST

/* Python says last what was thrown. */
START_TEST(what_is_said_last_is_there)
{
    struct bench *b = bench_new();
    feed(b, "Traceback (most recent call last):");
    for (unsigned i = 0; i < 1500; i++) {
        feed(b, i % 2 ? "  File \"/srv/a.py\", line 2, in walk" : "  File \"/srv/a.py\", line 4, in visit");
        feed(b, i % 2 ? "    return visit(n + 1)" : "    return walk(n + 1)");
        if (i % 2 == 0)
            feed(b, "           ^^^^^^^^^^^");
    }
    feed(b, "RecursionError: maximum recursion depth exceeded");
    pass(b, 600000);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "exception/values/0/type", "RecursionError");
    ck_at(b->events[0], "exception/values/0/value", "maximum recursion depth exceeded");
    ck_assert_ptr_nonnull(at(b->events[0], "exception/values/0/stacktrace/frames/200/context_line"));
    ck_assert_uint_eq(fates(b, COUNT_cut_traces), 1);
    bench_free(b);
}
END_TEST

/* In a log whose records have heads what has none is the message's. */
START_TEST(a_message_of_several_lines_is_whole)
{
    struct bench *b = bench_new();
    feed(b, "2026-11-23 10:00:00,123 ERROR shop: walk failed");
    feed(b, "Traceback (most recent call last):");
    feed(b, "  File \"/srv/a.py\", line 2, in <module>");
    feed(b, "    raise ValueError(text)");
    feed(b, "ValueError: a");
    feed(b, "second part");
    feed(b, "");
    feed(b, "fourth");
    feed(b, "2026-11-23 10:00:00,124 INFO shop: going on");
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "exception/values/0/value", "a\nsecond part\n\nfourth");
    bench_free(b);
}
END_TEST

/* Where records have no heads what follows tells whether a line was the message's. */
START_TEST(what_follows_tells_whose_text_it_was)
{
    static const char *const behind[] = {"    at column 3", "", NULL};
    static const char *const values[] = {"a\nserver is ready\n    at column 3", "a", "a"};
    for (unsigned i = 0; i < 3; i++) {
        struct bench *b = bench_new();
        feed(b, "Traceback (most recent call last):");
        feed(b, "  File \"/srv/a.py\", line 2, in <module>");
        feed(b, "    raise ValueError(text)");
        feed(b, "ValueError: a");
        feed(b, "server is ready");
        if (behind[i])
            feed(b, behind[i]);
        pass(b, 300000);
        ck_assert_uint_eq(b->n, 1);
        ck_at(b->events[0], "exception/values/0/value", values[i]);
        ck_assert_uint_eq(fates(b, COUNT_crumb), i > 0); /* the text itself */
        bench_free(b);
    }
}
END_TEST

START_TEST(text_behind_a_trace_cuts_nothing)
{
    struct bench *b = bench_new();
    feed(b, "Traceback (most recent call last):");
    feed(b, "  File \"/srv/a.py\", line 2, in <module>");
    feed(b, "ValueError: a");
    for (unsigned i = 0; i < 30; i++) {
        feed(b, "server is ready");
        pass(b, 200000);
    }
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "exception/values/0/type", "ValueError");
    ck_assert_uint_eq(fates(b, COUNT_cut_traces), 0);
    ck_assert_uint_eq(fates(b, COUNT_crumb), 30);
    bench_free(b);
}
END_TEST

START_TEST(what_is_never_said_is_an_event_all_the_same)
{
    struct bench *b = bench_new();
    feed(b, "Traceback (most recent call last):");
    for (unsigned i = 0; i < 100; i++) {
        feed(b, "  File \"/srv/a.py\", line 2, in walk");
        pass(b, 100000);
    }
    feed(b, "ValueError: at last");
    pass(b, 1000000);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "exception/values/0/type", "Traceback");
    ck_at(b->events[0], "exception/values/0/stacktrace/frames/0/function", "walk");
    ck_at(b->events[0], "level", "error");
    bench_free(b);
}
END_TEST

START_TEST(a_trace_of_too_many_bytes_loses_its_middle)
{
    struct bench *b = bench_new();
    char line[2000];
    b->join.bytes = 10000;
    memset(line, 'x', sizeof line);
    memcpy(line, "\tat a.", 6);
    memcpy(line + sizeof line - 12, ".y(X.java)", 11);
    feed(b, trace[0]);
    for (unsigned i = 0; i < 20; i++)
        feed(b, line);
    feed(b, "\tat com.acme.X.last(X.java:1)");
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 1);
    ck_assert_uint_eq(fates(b, COUNT_cut_traces), 1);
    ck_assert_uint_eq(fates(b, COUNT_joined), 21);
    ck_at(b->events[0], "exception/values/0/stacktrace/frames/0/function", "last");
    bench_free(b);
}
END_TEST

START_TEST(one_that_never_ends_is_let_go)
{
    struct bench *b = bench_new();
    feed(b, trace[0]);
    for (unsigned i = 0; i < 100; i++) {
        feed(b, trace[1]);
        pass(b, 100000);
    }
    ck_assert_uint_eq(b->n, 1);
    ck_assert_uint_eq(fates(b, COUNT_cut_traces), 1);
    ck_assert_uint_eq(fates(b, COUNT_joined), 100);
    bench_free(b);
}
END_TEST

START_TEST(many_streams_are_bounded)
{
    enum { STREAMS = JOIN_HELD_MAX + 500 };
    struct bench *b = bench_new();
    for (unsigned k = 0; k < 2; k++)
        for (unsigned i = 0; i < STREAMS; i++) {
            struct stream s = stream_of(b, FORMAT_TEXT, 100 + i);
            feed_in(b, &s, k ? trace[1] : trace[0]);
        }
    ck_assert_uint_ge(fates(b, COUNT_early_traces), 500);
    ck_assert_uint_le(pipeline_open(b->pipeline).lines, 2 * JOIN_HELD_MAX);
    pass(b, 300000);
    ck_assert_uint_eq(pipeline_open(b->pipeline).lines, 0);
    bench_free(b);
}
END_TEST

START_TEST(memory_is_bounded)
{
    struct bench *b = bench_new();
    char *line = xmalloc(300001);
    memset(line, 'x', 300000);
    line[300000] = '\0';
    memcpy(line, trace[0], 40);
    for (unsigned i = 0; i < 300; i++) {
        struct stream s = stream_of(b, FORMAT_TEXT, 100 + i);
        feed_in(b, &s, line);
    }
    ck_assert_uint_gt(fates(b, COUNT_early_traces), 100);
    free(line);
    bench_free(b);
}
END_TEST

START_TEST(shutdown_lets_everything_go)
{
    struct bench *b = bench_new();
    for (unsigned i = 0; i < TRACE_LINES; i++) {
        feed(b, trace[i]);
        feed_in(b, &b->other, trace[i]);
    }
    feed(b, "");
    pipeline_let_go(b->pipeline);
    ck_balance(b);
    ck_assert_uint_eq(pipeline_open(b->pipeline).lines, 0);
    ck_assert_uint_eq(b->n, 2);
    ck_assert_uint_eq(fates(b, COUNT_blank), 1);
    bench_free(b);
}
END_TEST

START_TEST(off_is_off)
{
    struct bench *b = bench_new();
    b->text.join = NULL;
    for (unsigned i = 0; i < TRACE_LINES; i++)
        feed(b, trace[i]);
    ck_assert_uint_eq(pipeline_open(b->pipeline).lines, 0);
    ck_assert_uint_eq(fates(b, COUNT_joined), 0);
    bench_free(b);
}
END_TEST

/* What stands in one message is parsed alike. */
START_TEST(a_message_of_many_lines_is_no_other_thing)
{
    struct bench *b = bench_new();
    char all[1024] =
        "{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"order 7 failed\",\"level\":3,\"full_message\":\"";
    for (unsigned i = 0; i < TRACE_LINES; i++) {
        strcat(strcat(all, trace[i][0] == '\t' ? "\\t" : ""), trace[i] + (trace[i][0] == '\t'));
        strcat(all, "\\n");
    }
    strcat(all, "\"}");
    feed_in(b, &b->gelf, all);
    ck_assert_uint_eq(b->n, 1); /* nothing is waited for */
    ck_whole(b->events[0]);
    ck_at(b->events[0], "logentry/formatted", "order 7 failed");
    bench_free(b);
}
END_TEST

static void ck_held(const struct bench *b, uint64_t file, unsigned n, const uint64_t *want)
{
    uint64_t offsets[8];
    ck_assert_uint_eq(pipeline_held(b->pipeline, file, offsets, 8), n);
    for (unsigned i = 0; i < n; i++)
        ck_assert_uint_eq(offsets[i], want[i]);
}

/* Killed, and begun again: all that is remembered is in the place of the file. */
static void kill_nine(struct bench *b)
{
    pipeline_free(b->pipeline);
    start(b);
}

static void feed_again(struct bench *b, const char *line, bool resumed)
{
    const struct message m = {.stream = &b->text,
                              .text = slice_str(line),
                              .lines = 1,
                              .offset = b->offset,
                              .read = resumed ? MESSAGE_RESUMED : MESSAGE_AGAIN};
    b->offset += strlen(line) + 1;
    b->lines++;
    pipeline_message(b->pipeline, &m, b->now_us);
    ck_balance(b);
}

START_TEST(what_is_held_is_read_again)
{
    static const char head[] = "2026-11-23 10:00:01,123 [main] ERROR com.acme.Shop - order 7 failed";
    struct bench *b = bench_new();
    char id[33];
    feed(b, "2026-11-23 10:00:00,123 [main] INFO  com.acme.Shop - started");
    ck_held(b, 1, 0, NULL);
    uint64_t begin = b->offset;
    feed(b, head);
    for (unsigned i = 0; i < 3; i++)
        feed(b, trace[i]);
    ck_held(b, 1, 1, &begin);
    ck_held(b, 2, 0, NULL);
    for (unsigned i = 3; i < TRACE_LINES; i++)
        feed(b, trace[i]);
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 1);
    ck_held(b, 1, 0, NULL);
    memcpy(id, b->ids[0], 33);
    kill_nine(b);
    b->offset = begin;
    feed_again(b, head, true);
    for (unsigned i = 0; i < TRACE_LINES; i++)
        if (i < 3)
            feed_again(b, trace[i], false);
        else
            feed(b, trace[i]);
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 1);
    ck_whole(b->events[0]);
    ck_assert_str_eq(b->ids[0], id);
    bench_free(b);
}
END_TEST

/* The end of another's trace between them makes nothing a second time. */
START_TEST(what_had_its_fate_has_no_other)
{
    static const char a[] = "2026-11-23 10:00:01,123 [a] ERROR a.B - ",
                      z[] = "2026-11-23 10:00:01,123 [z] ERROR a.B - ";
    char line[300];
    struct bench *b = bench_new();
    b->offset = 5000;
    for (unsigned i = 0; i < TRACE_LINES; i++) {
        snprintf(line, sizeof line, "%s%s", a, trace[i]);
        if (i < 3)
            feed_again(b, line, i == 0);
        snprintf(line, sizeof line, "%s%s", z, trace[i]);
        if (i > 3)
            feed_again(b, line, false);
    }
    feed_again(b, "2026-11-23 10:00:01,123 [z] INFO a.B - done", false);
    ck_assert_uint_eq(fates(b, COUNT_read_twice), TRACE_LINES - 4 + 1);
    for (unsigned i = 3; i < TRACE_LINES; i++) {
        snprintf(line, sizeof line, "%s%s", a, trace[i]);
        feed(b, line);
    }
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 1);
    ck_whole(b->events[0]);
    bench_free(b);
}
END_TEST

/* One entry with two traces: two events, of which the ledger counts one as its own. */
START_TEST(traces_of_one_message_are_events_each)
{
    struct bench *b = bench_new();
    static const char two[] =
        "{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"x\",\"level\":3,\"full_message\":\""
        "java.lang.Error: one\\n\\tat com.acme.X.y(X.java:1)\\n"
        "java.lang.IllegalStateException: two\\n\\tat com.acme.X.z(X.java:2)\\n\"}";
    feed_in(b, &b->gelf, two);
    ck_assert_uint_eq(b->n, 2);
    ck_at(b->events[0], "exception/values/0/value", "one");
    ck_assert_ptr_null(at(b->events[0], "exception/values/1"));
    ck_at(b->events[1], "exception/values/0/value", "two");
    ck_assert_str_ne(b->ids[0], b->ids[1]);
    ck_assert_uint_eq(fates(b, COUNT_event), 1);
    ck_assert_uint_eq(fates(b, COUNT_extra_events), 1);
    bench_free(b);
}
END_TEST

/* No tag tells it again. A remark is no class. */
START_TEST(fields_may_say_what_was_thrown)
{
    struct bench *b = bench_new();
    feed_in(b, &b->gelf,
            "{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"charge failed\",\"level\":3,"
            "\"_error.type\":\"com.acme.QuotaExceeded\",\"_error.message\":\"of 7\",\"_shop\":\"a\"}");
    feed_in(b, &b->gelf,
            "{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"refused\",\"level\":3,"
            "\"_error.type\":\"of another kind\"}");
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 2);
    ck_at(b->events[0], "exception/values/0/type", "com.acme.QuotaExceeded");
    ck_at(b->events[0], "exception/values/0/value", "of 7");
    ck_at(b->events[0], "logentry/formatted", "charge failed");
    ck_at(b->events[0], "platform", "other");
    ck_at(b->events[0], "tags/shop", "a");
    ck_assert_ptr_null(at(b->events[0], "tags/error.type"));
    ck_at(b->events[1], "exception/values/0/type", "Error");
    ck_at(b->events[1], "tags/error.type", "of another kind");
    bench_free(b);
}
END_TEST

START_TEST(a_line_that_names_one_introduces_it)
{
    struct bench *b = bench_new();
    feed(b, "2026-11-23 10:00:00,123 ERROR django.request: Internal Server Error: /cart/12/");
    feed(b, "Traceback (most recent call last):");
    feed(b, "  File \"/srv/app/views.py\", line 41, in show");
    feed(b, "AttributeError: 'NoneType' object has no attribute 'total'");
    feed(b, "2026-11-23 10:00:01,123 INFO django.request: ok");
    pass(b, 400000);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "exception/values/0/type", "AttributeError");
    ck_at(b->events[0], "logentry/formatted", "Internal Server Error: /cart/12/");
    bench_free(b);
}
END_TEST

/* journalctl puts blanks for the head before each further line; two programs' messages come in turn. */
START_TEST(lines_stand_below_the_text_of_a_message)
{
    static const char *const lines[] = {
        "Nov 23 10:00:00 web-1 shop[812]: Traceback (most recent call last):",
        "                                   File \"/srv/w.py\", line 12, in pay",
        "                                     x",
        "                                 NameError: name 'x' is not defined",
        "Nov 23 10:00:00 web-1 systemd-coredump[9]: Process 7 (mill) of user 1000 dumped core.",
        "                                           ",
        "                                           Stack trace of thread 7:",
        "                                           #0  0x000055d0c0a01139 take (mill + 0x1139)",
        "Nov 23 10:00:00 web-1 shop[812]: goes on"};
    struct bench *b = bench_new();
    b->text.format = FORMAT_AUTO;
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
        feed(b, lines[i]);
    pass(b, 400000);
    ck_assert_uint_eq(b->n, 2);
    ck_at(b->events[0], "exception/values/0/type", "NameError");
    ck_at(b->events[0], "exception/values/0/stacktrace/frames/0/function", "pay");
    ck_at(b->events[0], "exception/values/0/stacktrace/frames/0/context_line", "x");
    ck_at(b->events[1], "exception/values/0/type", "coredump");
    ck_at(b->events[1], "exception/values/0/stacktrace/frames/0/function", "take");
    bench_free(b);
}
END_TEST

/* Also where both have a head, since this line does not say yet what was thrown. */
START_TEST(a_line_that_names_one_introduces_what_names_none)
{
    static const char *const lines[] = {"mod_wsgi (pid=812): Exception occurred processing WSGI script '/srv/w.py'.",
                                        "Traceback (most recent call last):", "  File \"/srv/w.py\", line 12, in pay",
                                        "NameError: name 'x' is not defined"};
    struct bench *b = bench_new();
    char line[200];
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(line, sizeof line, "[Mon Nov 23 10:00:00.123456 2026] [wsgi:error] [pid 812:tid 140] %s", lines[i]);
        feed(b, line);
    }
    pass(b, 400000);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "exception/values/0/type", "NameError");
    bench_free(b);
}
END_TEST

/* Its level is the same, and the process: what the server has put before both tells them apart. */
START_TEST(a_line_about_another_client_introduces_nothing)
{
    struct bench *b = bench_new();
    feed(b, "[Mon Nov 23 10:00:00.990000 2026] [cgid:error] [pid 88:tid 1402] [client 203.0.113.9:51230] AH01264: "
            "script not "
            "found or unable to stat: /srv/x.pl");
    feed(b, "[Mon Nov 23 10:00:01.123000 2026] [cgid:error] [pid 88:tid 1402] [client 203.0.113.9:51234] AH01215: no "
            "tide at "
            "/srv/Tide.pm line 40.: /srv/tide.pl");
    feed(b, "[Mon Nov 23 10:00:01.123100 2026] [cgid:error] [pid 88:tid 1402] [client 203.0.113.9:51234] AH01215: "
            "\\tTide::load(\"/srv/t.csv\") called at /srv/tide.pl line 8: /srv/tide.pl");
    pass(b, 400000);
    ck_assert_uint_eq(b->n, 2);
    ck_assert_ptr_nonnull(strstr(arena_cstr(&b->arena, at(b->events[0], "logentry/formatted")->text), "AH01264"));
    ck_at(b->events[1], "exception/values/0/value", "no tide");
    bench_free(b);
}
END_TEST

/* Also over an empty line. */
START_TEST(a_line_that_names_it_introduces_it_over_an_empty_line)
{
    struct bench *b = bench_new();
    feed(b, "2026-11-29 10:00:01,123 ERROR [main] shop: failed: java.io.IOException: x");
    feed(b, "");
    feed(b, "java.io.IOException: x");
    feed(b, "\tat a.b.C.d(C.java:4)");
    feed(b, "2026-11-29 10:00:02,123 INFO [main] shop: ok");
    pass(b, 400000);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "exception/values/0/stacktrace/frames/0/function", "d");
    ck_at(b->events[0], "logger", "shop");
    bench_free(b);
}
END_TEST

/* Who sends a trace in one message sends the next error in another. */
START_TEST(a_whole_trace_takes_no_other_record)
{
    struct bench *b = bench_new();
    static const char line[] = "{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"%s\",\"level\":3}";
    static const char whole[] = "Traceback (most recent call last):\\n  File \\\"/srv/pay.py\\\", line 9, in pay\\n"
                                "    raise ValueError(\\\"bad\\\")\\nValueError: bad";
    static const char *const said[] = {"cannot charge", whole, "disk is full", "database is down"};
    for (unsigned i = 0; i < 4; i++) {
        char text[512];
        snprintf(text, sizeof text, line, said[i]);
        feed_in(b, &b->gelf, text);
    }
    pass(b, 400000);
    ck_assert_uint_eq(b->n, 3);
    ck_at(b->events[0], "exception/values/0/type", "ValueError");
    ck_at(b->events[1], "logentry/formatted", "disk is full");
    ck_at(b->events[2], "logentry/formatted", "database is down");
    bench_free(b);
}
END_TEST

START_TEST(two_of_one_turn_are_two_events)
{
    struct bench *b = bench_new();
    static const char text[] = "{\"version\":\"1.1\",\"host\":\"%u\",\"short_message\":\"failed\",\"level\":3}";
    char line[256];
    for (unsigned i = 0; i < 3; i++) {
        snprintf(line, sizeof line, text, i);
        feed_in(b, &b->gelf, line);
    }
    pass(b, 300000);
    ck_assert_uint_eq(b->n, 3);
    ck_assert_str_ne(b->ids[0], b->ids[1]);
    ck_assert_str_ne(b->ids[1], b->ids[2]);
    bench_free(b);
}
END_TEST

/* The present is what records say. */
static struct bench *bench_after_the_fact(void)
{
    struct bench *b = bench_new();
    pipeline_free(b->pipeline);
    b->record_clock = true;
    start(b);
    return b;
}

START_TEST(a_time_of_another_stream_is_none_of_its_own)
{
    struct bench *b = bench_after_the_fact();
    static const char *const others[] = {
        "2026-11-23 10:00:00,123 INFO x - first time known", "2026-11-23 10:00:09,123 INFO x - later", "no time",
        "2026-11-23 11:00:00,123 INFO x - much later", "2026-11-24 10:00:00,123 INFO x - a day later"};
    for (unsigned i = 0; i < TRACE_LINES; i++) {
        feed(b, trace[i]);
        if (i < sizeof others / sizeof *others)
            feed_in(b, &b->other, others[i]);
    }
    ck_assert_uint_eq(b->n, 0);
    feed(b, "2026-11-23 10:00:00,123 [main] INFO  com.acme.Shop - its own next line");
    ck_assert_uint_eq(b->n, 1);
    ck_whole(b->events[0]);
    for (unsigned i = 0; i < TRACE_LINES; i++)
        feed(b, trace[i]);
    feed_in(b, &b->other, "2026-11-25 10:00:00,123 INFO x - a day later");
    ck_assert_uint_eq(b->n, 1);
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, 2);
    ck_whole(b->events[1]);
    bench_free(b);
}
END_TEST

START_TEST(a_time_of_its_own_lets_it_go)
{
    struct bench *b = bench_after_the_fact();
    feed(b, "2026-11-23 10:00:01,123 [main] ERROR com.acme.Shop - order 7 failed");
    for (unsigned i = 0; i < TRACE_LINES; i++)
        feed(b, trace[i]);
    feed_in(b, &b->other, "2026-11-23 10:00:01,400 INFO x - soon");
    ck_assert_uint_eq(b->n, 0);
    feed_in(b, &b->other, "2026-11-23 10:00:09,123 INFO x - later");
    ck_assert_uint_eq(b->n, 1);
    ck_whole(b->events[0]);
    ck_at(b->events[0], "logentry/formatted", "order 7 failed");
    bench_free(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("join");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_trace_behind_its_line_is_one_event);
    tcase_add_test(t, a_time_of_another_stream_is_none_of_its_own);
    tcase_add_test(t, a_time_of_its_own_lets_it_go);
    tcase_add_test(t, time_lets_it_go);
    tcase_add_test(t, late_lines_are_swallowed);
    tcase_add_test(t, late_text_is_its_own);
    tcase_add_test(t, late_text_is_of_no_message);
    tcase_add_test(t, late_lines_among_others);
    tcase_add_test(t, a_name_is_waited_for);
    tcase_add_test(t, what_is_unread_is_waited_for);
    tcase_add_test(t, what_is_not_read_meanwhile_is_waited_for);
    tcase_add_test(t, a_log_of_a_container_goes_on_in_another_file);
    tcase_add_test(t, a_rotated_log_goes_on_in_the_next_file);
    tcase_add_test(t, a_rotated_log_goes_on_in_many_files);
    tcase_add_test(t, a_record_in_json_is_no_line_of_a_message);
    tcase_add_test(t, what_is_due_first);
    tcase_add_test(t, a_line_that_is_none_is_let_go_as_it_was);
    tcase_add_test(t, a_record_of_several_lines_introduces);
    tcase_add_test(t, line_feeds_may_be_written_out);
    tcase_add_test(t, two_headings_are_two_events);
    tcase_add_test(t, a_frame_asks_whatever_stands_above);
    tcase_add_test(t, a_head_on_each_line_hides_nothing);
    tcase_add_test(t, lines_of_several_sources_in_one_file);
    tcase_add_test(t, lines_of_many_threads_in_one_file);
    tcase_add_test(t, provisional_lines_come_back_in_order);
    tcase_add_test(t, a_heading_without_frames_is_a_record);
    tcase_add_test(t, interleaved_streams_come_out_whole);
    tcase_add_test(t, domains_never_meet);
    tcase_add_test(t, rules_have_the_last_word);
    tcase_add_test(t, a_rule_names_the_level_of_a_crash);
    tcase_add_test(t, a_warning_of_perl_is_no_error);
    tcase_add_test(t, lines_behind_a_trace_are_few);
    tcase_add_test(t, without_a_rule_the_level_decides);
    tcase_add_test(t, a_trace_of_too_many_lines_loses_its_middle);
    tcase_add_test(t, what_is_said_last_is_there);
    tcase_add_test(t, a_message_of_several_lines_is_whole);
    tcase_add_test(t, what_follows_tells_whose_text_it_was);
    tcase_add_test(t, text_behind_a_trace_cuts_nothing);
    tcase_add_test(t, what_is_never_said_is_an_event_all_the_same);
    tcase_add_test(t, a_trace_of_too_many_bytes_loses_its_middle);
    tcase_add_test(t, one_that_never_ends_is_let_go);
    tcase_add_test(t, many_streams_are_bounded);
    tcase_add_test(t, memory_is_bounded);
    tcase_add_test(t, shutdown_lets_everything_go);
    tcase_add_test(t, off_is_off);
    tcase_add_test(t, a_message_of_many_lines_is_no_other_thing);
    tcase_add_test(t, what_is_held_is_read_again);
    tcase_add_test(t, what_had_its_fate_has_no_other);
    tcase_add_test(t, traces_of_one_message_are_events_each);
    tcase_add_test(t, fields_may_say_what_was_thrown);
    tcase_add_test(t, a_line_that_names_one_introduces_it);
    tcase_add_test(t, a_line_that_names_one_introduces_what_names_none);
    tcase_add_test(t, lines_stand_below_the_text_of_a_message);
    tcase_add_test(t, a_line_about_another_client_introduces_nothing);
    tcase_add_test(t, a_line_that_names_it_introduces_it_over_an_empty_line);
    tcase_add_test(t, a_whole_trace_takes_no_other_record);
    tcase_add_test(t, two_of_one_turn_are_two_events);
    suite_add_tcase(s, t);
    return unit_run(s);
}
