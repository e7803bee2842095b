/*
 * What is held for the lines of its stack trace outlives a kill where nobody sends it again: the store has it, and it
 * is one event, whole and once, wherever the kill falls. And what is held beyond the bounds. The grammar is Java's.
 */
#include "tests/unit/event_at.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/join.h"
#include "core/pipeline.h"
#include "tests/traces.h"

enum { EVENTS = 40000, ROWS = 20000, LINE_BYTES = 512 };

/* A row, or an event, of a checkpoint. */
struct stored_row {
    struct join_row row;
    char *held;
};

struct stored_event {
    char id[33];
    struct json_node *tree;
};

struct bench {
    struct rule_set rules;
    struct trace_set *traces;
    struct options options;
    struct pipeline *pipeline;
    struct join_options join;
    struct stream gelf, journal;
    struct arena arena;
    uint64_t lines, run_key;
    int64_t now_us;
    const char *only; /* events that say this are looked at; NULL: all */
    unsigned every;   /* so manieth event is looked into */
    /* The store: the first n rows and events are of checkpoints, those behind them of the one that is being filled. */
    struct stored_row rows[ROWS];
    unsigned n_rows, new_rows;
    struct stored_event events[EVENTS];
    unsigned n, new_events;
};

static bool on_event(void *u, const struct event_out *e)
{
    struct bench *b = u;
    if (e->open || (b->only && slice_find(e->payload.text, slice_str(b->only)) < 0))
        return true;
    struct stored_event *out = &b->events[b->n + b->new_events++];
    ck_assert_uint_lt(b->n + b->new_events, EVENTS);
    memcpy(out->id, e->event_id, sizeof out->id);
    bool looked_into = (b->n + b->new_events - 1) % b->every == 0;
    out->tree = looked_into ? json_tree(&b->arena, e->payload.text) : NULL;
    ck_assert(out->tree || !looked_into);
    return true;
}

static void on_row(void *u, const struct join_row *row)
{
    struct bench *b = u;
    struct stored_row *out = &b->rows[b->n_rows + b->new_rows++];
    ck_assert_uint_lt(b->n_rows + b->new_rows, ROWS);
    *out = (struct stored_row){.row = *row, .held = row->closed ? NULL : slice_dup(row->held.text)};
    out->row.held = scrubbed_vouch(slice_of(out->held, row->held.text.n));
}

static void start(struct bench *b)
{
    static const uint8_t store_id[16] = "0123456789abcdef";
    const struct pipeline_setup setup = {.options = &b->options,
                                         .rules = &b->rules,
                                         .store_id = store_id,
                                         .secret = {b->run_key, 1},
                                         .run_key = ++b->run_key,
                                         .hooks = {.u = b, .emit = on_event, .held_row = on_row}};
    b->pipeline = pipeline_new(&setup);
    b->lines = 0;
    for (unsigned i = 0; i < b->n_rows; i++) {
        unsigned lines = pipeline_restore_held(b->pipeline, &b->rows[i].row, b->now_us);
        b->lines += lines;
        if (!lines) /* as the worker does */
            on_row(b, &(struct join_row){.key = b->rows[i].row.key, .closed = true});
    }
}

static struct bench *bench_new(void)
{
    struct bench *b = xcalloc(1, sizeof *b);
    struct diag d = {0};
    struct conf_file *f =
        conf_parse("test.yaml", SLICE("pack: app\nrules:\n  - {id: app.x, match: 'no such text'}\n"), &d);
    ck_assert(f && rule_set_load(&b->rules, f, &d));
    b->rules.traces = b->traces = traces_load(true);
    rule_set_ready(&b->rules, true);
    err_done(&d);
    b->options = (struct options){
        .environment = SLICE("production"),
        .fallback = FALLBACK_EVENT,
        .scrub = {.defaults = true, .emails = true},
        .crumbs = {.before = 20, .after = 0, .wait_us = 0, .max_age_us = 600000000, .memory_bytes = 1 << 20},
        .limits = {.burst = UINT32_MAX, .period_us = 3600000000, .per_minute = UINT32_MAX, .per_day = UINT32_MAX}};
    b->now_us = INT64_C(1795428000000000);
    b->every = 1;
    b->join = join_defaults;
    b->gelf = (struct stream){.format = FORMAT_GELF,
                              .source = SLICE("udp://0.0.0.0:12201"),
                              .input = SLICE("udp://0.0.0.0:12201"),
                              .peer = SLICE("192.0.2.7"),
                              .sender = SLICE("192.0.2.7"),
                              .domain = 5,
                              .network = 5,
                              .remote = true,
                              .ring = 77,
                              .join = &b->join,
                              .last_us = RECORD_NO_TIME};
    b->journal = b->gelf;
    b->journal.by_position = true;
    start(b);
    return b;
}

/* At any moment each line, also one that was put back, has a fate or is open. */
static void ck_balance(const struct bench *b)
{
    ck_assert_uint_eq(count_fates(pipeline_counts(b->pipeline)) + pipeline_open(b->pipeline).lines, b->lines);
}

static uint64_t count(const struct bench *b, enum count which)
{
    return pipeline_counts(b->pipeline)->v[which];
}

static struct stored_row *find_row(struct bench *b, uint64_t key)
{
    for (unsigned i = 0; i < b->n_rows; i++)
        if (b->rows[i].row.key == key)
            return &b->rows[i];
    return NULL;
}

/* What the checkpoint brought is there from now on. */
static void commit(struct bench *b)
{
    pipeline_checkpoint(b->pipeline);
    ck_balance(b);
    unsigned from = b->n_rows, to = from + b->new_rows;
    for (unsigned i = from; i < to; i++) {
        struct stored_row came = b->rows[i], *there = find_row(b, came.row.key);
        if (!there && !came.row.closed)
            there = &b->rows[b->n_rows++];
        else if (there)
            free(there->held);
        if (there)
            *there = came;
        if (there && came.row.closed)
            *there = b->rows[--b->n_rows];
    }
    b->new_rows = 0;
    b->n += b->new_events;
    b->new_events = 0;
}

static void forget_new(struct bench *b)
{
    for (unsigned i = 0; i < b->new_rows; i++)
        free(b->rows[b->n_rows + i].held);
    b->new_rows = b->new_events = 0;
}

static void kill_it(struct bench *b)
{
    forget_new(b);
    pipeline_free(b->pipeline);
    b->now_us += 1000000;
    start(b);
    ck_balance(b);
}

static void bench_free(struct bench *b)
{
    pipeline_flush(b->pipeline);
    ck_balance(b);
    commit(b);
    ck_assert_uint_eq(pipeline_open(b->pipeline).lines, 0);
    ck_assert_uint_eq(b->n_rows, 0); /* at an end on purpose nothing is held */
    pipeline_free(b->pipeline);
    rule_set_done(&b->rules);
    trace_set_free(b->traces);
    arena_done(&b->arena);
    free(b);
}

static void feed(struct bench *b, struct stream *s, const char *host, const char *text, unsigned level)
{
    char line[LINE_BYTES];
    struct sbuf out;
    struct json j;
    sbuf_init(&out, sizeof line);
    json_start(&j, &out);
    json_map(&j);
    json_key(&j, "version");
    json_str(&j, SLICE("1.1"));
    json_key(&j, "host");
    json_str(&j, slice_str(host));
    json_key(&j, "short_message");
    json_str(&j, slice_str(text));
    json_key(&j, "level");
    json_int(&j, level);
    json_key(&j, "_order");
    json_str(&j, SLICE("o-17"));
    json_map_end(&j);
    json_end(&j);
    const struct message m = {.stream = s, .text = sbuf_slice(&out), .lines = 1};
    b->lines++;
    pipeline_message(b->pipeline, &m, b->now_us);
    sbuf_done(&out);
    ck_balance(b);
}

static void pass(struct bench *b, int64_t us)
{
    b->now_us += us;
    pipeline_tick(b->pipeline, b->now_us);
    ck_balance(b);
}

/* A value of two lines, so that some lines are provisional for a while. */
static const char *const trace[] = {"cannot take an order",
                                    "java.lang.IllegalStateException: no stock",
                                    "for item 7",
                                    "\tat com.acme.Stock.take(Stock.java:12)",
                                    "\tat com.acme.Shop.order(Shop.java:42)",
                                    "Caused by: java.io.IOException: disk",
                                    "\tat com.acme.Disk.read(Disk.java:3)",
                                    "\t... 1 more"};
enum { TRACE_LINES = sizeof trace / sizeof *trace };

static void ck_whole(const struct json_node *e)
{
    ck_at(e, "exception/values/0/value", "disk");
    ck_at(e, "exception/values/0/stacktrace/frames/1/function", "read");
    ck_at(e, "exception/values/1/value", "no stock\nfor item 7");
    ck_at(e, "exception/values/1/stacktrace/frames/0/function", "order");
    ck_at(e, "exception/values/1/stacktrace/frames/1/lineno", "12");
    ck_at(e, "logentry/formatted", "cannot take an order");
    ck_at(e, "level", "error");
    ck_at(e, "server_name", "h");
    ck_at(e, "tags/order", "o-17");
    ck_at(e, "tags/input", "udp://0.0.0.0:12201");
    ck_at(e, "tags/peer", "192.0.2.7");
    ck_at(e, "platform", "java");
}

static unsigned wholes(const struct bench *b)
{
    unsigned n = 0;
    for (unsigned i = 0; i < b->n; i++)
        if (slice_is(at(b->events[i].tree, "platform")->text, "java")) {
            ck_whole(b->events[i].tree);
            n++;
        }
    return n;
}

/* A checkpoint after so many lines, a kill after so many: the journal is read again from the checkpoint on. */
static void kill_at(unsigned checkpoint, unsigned kill)
{
    struct bench *b = bench_new();
    feed(b, &b->journal, "h", "before it", 3);
    for (unsigned i = 0; i < kill; i++) {
        if (i == checkpoint)
            commit(b);
        feed(b, &b->journal, "h", trace[i], 3);
    }
    if (checkpoint == kill)
        commit(b);
    kill_it(b);
    if (!checkpoint && !b->lines && !b->n)
        feed(b, &b->journal, "h", "before it", 3);
    for (unsigned i = checkpoint; i < TRACE_LINES; i++)
        feed(b, &b->journal, "h", trace[i], 3);
    feed(b, &b->journal, "h", "it goes on", 6);
    pass(b, 3000000);
    commit(b);
    ck_assert_msg(wholes(b) == 1 && b->n == 2, "checkpoint after %u, kill after %u: %u events, %u whole", checkpoint,
                  kill, b->n, wholes(b));
    kill_it(b); /* it is over */
    pass(b, 10000000);
    commit(b);
    ck_assert_uint_eq(b->n, 2);
    bench_free(b);
}

START_TEST(wherever_the_kill_falls)
{
    for (unsigned checkpoint = 0; checkpoint <= TRACE_LINES; checkpoint++)
        for (unsigned kill = checkpoint; kill <= TRACE_LINES; kill++)
            kill_at(checkpoint, kill);
}
END_TEST

/* Datagrams of two senders in turn, a kill after each line. */
START_TEST(killed_again_and_again)
{
    struct bench *b = bench_new();
    for (unsigned i = 0; i < TRACE_LINES; i++) {
        feed(b, &b->gelf, "h", trace[i], 3);
        feed(b, &b->gelf, "other", trace[i], 3);
        commit(b);
        kill_it(b);
    }
    ck_assert_uint_eq(b->n, 0);
    ck_assert_uint_eq(b->n_rows, 2);
    pass(b, 3000000);
    commit(b);
    ck_assert_uint_eq(b->n, 2);
    unsigned own = slice_is(at(b->events[0].tree, "server_name")->text, "h") ? 0 : 1;
    ck_whole(b->events[own].tree);
    ck_at(b->events[!own].tree, "server_name", "other");
    ck_at(b->events[!own].tree, "exception/values/1/value", "no stock\nfor item 7");
    ck_assert_uint_eq(b->n_rows, 0);
    bench_free(b);
}
END_TEST

/* Between its release and the checkpoint that has it, it is made again, as the same event. */
START_TEST(the_same_event_in_each_run)
{
    struct bench *b = bench_new();
    char id[33];
    for (unsigned i = 0; i < TRACE_LINES; i++)
        feed(b, &b->gelf, "h", trace[i], 3);
    commit(b);
    pass(b, 300000);
    ck_assert_uint_eq(b->new_events, 1);
    memcpy(id, b->events[0].id, sizeof id);
    for (unsigned run = 0; run < 2; run++) {
        kill_it(b);
        ck_assert_uint_eq(b->n_rows, 1);
        feed(b, &b->gelf, "h", "a line of the next run", 6);
        pass(b, 1999999);
        ck_assert_uint_eq(b->new_events, 1); /* it says that the trace has ended */
        ck_assert_str_eq(b->events[0].id, id);
    }
    commit(b);
    ck_assert_uint_eq(b->n, 1);
    ck_whole(b->events[0].tree);
    bench_free(b);
}
END_TEST

START_TEST(what_goes_on_waits_longer_after_a_kill)
{
    struct bench *b = bench_new();
    feed(b, &b->gelf, "h", trace[1], 3);
    feed(b, &b->gelf, "h", trace[3], 3);
    commit(b);
    kill_it(b);
    pass(b, JOIN_RESTORED_WAIT_US - 1);
    ck_assert_uint_eq(b->new_events, 0);
    feed(b, &b->gelf, "h", trace[4], 3);
    pass(b, b->join.wait_us);
    ck_assert_uint_eq(b->new_events, 1);
    commit(b);
    ck_at(b->events[0].tree, "exception/values/0/stacktrace/frames/0/function", "order");
    bench_free(b);
}
END_TEST

START_TEST(the_store_has_no_secrets)
{
    struct bench *b = bench_new();
    feed(b, &b->gelf, "h", "cannot pay with password=hunter22 for anna@example.com", 3);
    feed(b, &b->gelf, "h", "java.io.IOException: token=swordfish99 is old", 3);
    feed(b, &b->gelf, "h", "perhaps password=hunter23", 3);
    commit(b);
    ck_assert_uint_eq(b->n_rows, 1);
    ck_assert_uint_eq(b->rows[0].row.lines, 2);
    struct slice held = b->rows[0].row.held.text;
    ck_assert_int_ge(slice_find(held, SLICE("cannot pay with")), 0);
    ck_assert_int_ge(slice_find(held, SLICE("perhaps")), 0);
    ck_assert_int_lt(slice_find(held, SLICE("hunter2")), 0);
    ck_assert_int_lt(slice_find(held, SLICE("swordfish")), 0);
    ck_assert_int_lt(slice_find(held, SLICE("anna@")), 0);
    bench_free(b);
}
END_TEST

/* A head alone, whose lines stand behind blanks, goes on with them after a kill. */
START_TEST(a_head_alone_goes_on_after_a_kill)
{
    struct bench *b = bench_new();
    feed(b, &b->gelf, "h", "fail: Shop.Pay[0]", 6);
    feed(b, &b->gelf, "h", "      order 7 failed", 6);
    commit(b);
    kill_it(b);
    feed(b, &b->gelf, "h", "      for customer 12", 6);
    pass(b, JOIN_RESTORED_WAIT_US);
    ck_assert_uint_eq(b->new_events, 1);
    commit(b);
    ck_at(b->events[0].tree, "level", "error");
    ck_at(b->events[0].tree, "logger", "Shop.Pay");
    ck_at(b->events[0].tree, "logentry/formatted", "order 7 failed\nfor customer 12");
    bench_free(b);
}
END_TEST

/* A record without a text, behind one that introduces a trace, is a blank line after a kill as well. */
START_TEST(an_empty_text_is_blank_after_a_kill)
{
    static const char *const lines[] = {"{\"level\":\"error\",\"msg\":\"order 7 failed\"}",
                                        "{\"level\":\"error\",\"msg\":\"\"}",
                                        "{\"level\":\"error\",\"msg\":\"java.lang.IllegalStateException: no stock\"}",
                                        "{\"level\":\"error\",\"msg\":\"\\tat com.acme.Stock.take(Stock.java:12)\"}"};
    struct bench *b = bench_new();
    struct stream json = b->gelf;
    json.format = FORMAT_JSON;
    for (unsigned i = 0; i < 4; i++, b->lines++) {
        const struct message m = {.stream = &json, .text = slice_str(lines[i]), .lines = 1};
        if (i == 2) {
            commit(b);
            kill_it(b);
        }
        pipeline_message(b->pipeline, &m, b->now_us++);
    }
    pass(b, JOIN_RESTORED_WAIT_US);
    commit(b);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0].tree, "logentry/formatted", "order 7 failed");
    ck_at(b->events[0].tree, "exception/values/0/value", "no stock");
    bench_free(b);
}
END_TEST

/* Two threads of one program: the line that names none is of who spoke last, also after a kill. */
START_TEST(who_spoke_last)
{
    static const char *const said[] = {"2026-11-23 10:00:01,123 [a] ERROR a.B - java.lang.Error: of a",
                                       "2026-11-23 10:00:01,123 [z] ERROR a.B - java.lang.Error: of z",
                                       "2026-11-23 10:00:01,123 [a] ERROR a.B - \tat a.A.a(A.java:1)"};
    struct bench *b = bench_new();
    struct stream text = b->gelf;
    text.format = FORMAT_TEXT;
    for (unsigned i = 0; i < 3; i++, b->lines++) {
        const struct message m = {.stream = &text, .text = slice_str(said[i]), .lines = 1};
        pipeline_message(b->pipeline, &m, b->now_us++);
    }
    commit(b);
    ck_assert_uint_eq(b->n_rows, 2);
    bool in_order = b->rows[0].row.last_us < b->rows[1].row.last_us;
    ck_assert_int_ge(slice_find(b->rows[in_order].row.held.text, SLICE("of a")), 0);
    bench_free(b);
}
END_TEST

/* The grammars of the next run know nothing of Java: it is one text. */
START_TEST(other_grammars)
{
    struct bench *b = bench_new();
    for (unsigned i = 0; i < 5; i++)
        feed(b, &b->gelf, "h", trace[i], 3);
    commit(b);
    b->rules.traces = NULL;
    kill_it(b);
    feed(b, &b->gelf, "h", trace[5], 3);
    pass(b, 3000000);
    commit(b);
    ck_assert_uint_eq(b->n, 2);
    ck_assert_int_ge(slice_find(at(b->events[0].tree, "logentry/formatted")->text, SLICE("cannot take an order")), 0);
    ck_assert_uint_eq(b->n_rows, 0);
    bench_free(b);
}
END_TEST

/* It is not told anew while nothing comes, and goes with what it was kept for. */
START_TEST(rows_are_told_once)
{
    struct bench *b = bench_new();
    feed(b, &b->gelf, "h", trace[0], 3);
    commit(b);
    ck_assert_uint_eq(b->n_rows, 1);
    pipeline_checkpoint(b->pipeline);
    ck_assert_uint_eq(b->new_rows, 0);
    pass(b, 300000);
    ck_assert_uint_eq(b->new_rows, 1);
    ck_assert(b->rows[1].row.closed && b->rows[1].row.key == b->rows[0].row.key);
    commit(b);
    ck_assert_uint_eq(b->n, 1);
    feed(b, &b->gelf, "h", trace[0], 3); /* between two checkpoints */
    pass(b, 300000);
    ck_assert_uint_eq(b->new_rows, 0);
    bench_free(b);
}
END_TEST

/* What is left of a trace that has gone on for too long is swallowed in the next run as well. */
START_TEST(the_rest_is_swallowed_after_a_kill)
{
    struct bench *b = bench_new();
    feed(b, &b->gelf, "h", "web-1  | java.io.IOException: long", 3);
    for (unsigned i = 0; i < 60; i++) {
        feed(b, &b->gelf, "h", "web-1  | \tat com.acme.Disk.read(Disk.java:3)", 3);
        pass(b, 100000);
    }
    commit(b);
    ck_assert_uint_eq(b->n, 1);
    ck_assert_uint_eq(b->n_rows, 1);
    ck_assert_uint_eq(b->rows[0].row.lines, 0);
    kill_it(b);
    ck_assert_uint_eq(pipeline_open(b->pipeline).lines, 0);
    for (unsigned i = 0; i < 10; i++) {
        feed(b, &b->gelf, "h", "web-1  | \tat com.acme.Disk.read(Disk.java:3)", 3);
        pass(b, 400000);
    }
    commit(b);
    ck_assert_uint_eq(b->n, 1);
    ck_assert_uint_eq(count(b, COUNT_joined), 10);
    kill_it(b);
    feed(b, &b->gelf, "h", "web-1  | \tat com.acme.Disk.read(Disk.java:3)", 3);
    ck_assert_uint_eq(count(b, COUNT_joined), 1);
    feed(b, &b->gelf, "h", "web-1  | another", 3);
    pass(b, 300000);
    commit(b);
    ck_assert_uint_eq(b->n, 2);
    ck_assert_uint_eq(b->n_rows, 0);
    bench_free(b);
}
END_TEST

/* Rows of other hands. */
START_TEST(rows_that_cannot_be_read)
{
    struct bench *b = bench_new();
    feed(b, &b->gelf, "h", trace[1], 3);
    feed(b, &b->gelf, "h", trace[2], 3);
    commit(b);
    struct slice whole = b->rows[0].row.held.text;
    for (size_t n = 0; n < whole.n; n++) { /* any beginning of one */
        struct join_row cut = b->rows[0].row;
        char *own = slice_dup(slice_sub(whole, 0, n));
        cut.key += n + 1;
        cut.held = scrubbed_vouch(slice_of(own, n));
        unsigned lines = pipeline_restore_held(b->pipeline, &cut, b->now_us);
        ck_assert_uint_le(lines, 2);
        b->lines += lines;
        free(own);
        ck_balance(b);
    }
    bench_free(b);
}
END_TEST

/* A long text for each of many streams: what is over the bound is counted, and of a journal let go. */
static void fill(struct bench *b, struct stream *s)
{
    char host[32], text[400];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (unsigned i = 0; i < 300; i++) {
        snprintf(host, sizeof host, "h%u", i);
        feed(b, s, host, "java.io.IOException: long", 3);
        for (unsigned k = 0; k < 25; k++) {
            memcpy(text, "\tat a.b.", 8);
            memcpy(text + 300, "(A.java:1)", 11);
            feed(b, s, host, text, 3);
        }
    }
}

static size_t row_bytes(const struct bench *b)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < b->n_rows; i++)
        bytes += b->rows[i].row.held.text.n + 512;
    return bytes;
}

START_TEST(the_store_is_told_so_much)
{
    struct bench *b = bench_new();
    fill(b, &b->gelf);
    commit(b);
    ck_assert_uint_le(row_bytes(b), JOIN_ROWS_BYTES_MAX);
    ck_assert_uint_gt(row_bytes(b), JOIN_ROWS_BYTES_MAX - 20000);
    ck_assert_uint_eq(count(b, COUNT_unkept_traces), 300 - b->n_rows);
    uint64_t unkept = count(b, COUNT_unkept_traces);
    commit(b);
    ck_assert_uint_eq(count(b, COUNT_unkept_traces), unkept);
    ck_assert_uint_eq(pipeline_open(b->pipeline).lines, 300);
    bench_free(b);
    b = bench_new();
    fill(b, &b->journal);
    commit(b);
    ck_assert_uint_eq(count(b, COUNT_unkept_traces), 0);
    ck_assert_uint_eq(pipeline_open(b->pipeline).lines, b->n_rows);
    ck_assert_uint_eq(b->n, 300 - b->n_rows);
    bench_free(b);
}
END_TEST

/* Of each of so many senders a line, then of each the next one. Returns how many lines. */
static unsigned feed_many(struct bench *b, unsigned senders)
{
    char host[32];
    for (unsigned i = 1; i < TRACE_LINES; i++)
        for (unsigned k = 0; k < senders; k++) {
            snprintf(host, sizeof host, "h%u", k);
            feed(b, &b->gelf, host, trace[i], 3);
        }
    return senders * (TRACE_LINES - 1);
}

START_TEST(ten_thousand_open_traces_are_whole)
{
    enum { SENDERS = 10000 };
    struct bench *b = bench_new();
    b->every = 100;
    unsigned lines = feed_many(b, SENDERS);
    ck_assert_uint_eq(b->new_events, 0);
    pass(b, 300000);
    ck_assert_uint_eq(b->new_events, SENDERS);
    ck_assert_uint_eq(count(b, COUNT_early_traces), 0);
    ck_assert_uint_eq(count(b, COUNT_joined), lines - SENDERS);
    for (unsigned i = 0; i < SENDERS; i += 100) {
        ck_at(b->events[i].tree, "exception/values/0/stacktrace/frames/1/function", "read");
        ck_at(b->events[i].tree, "exception/values/1/value", "no stock\nfor item 7");
    }
    bench_free(b);
}
END_TEST

/* Those that are too many are let go as far as they have come, and lines that come late are nobody's event. */
START_TEST(more_traces_than_may_be_held)
{
    enum { SENDERS = JOIN_HELD_MAX + 3000 };
    struct bench *b = bench_new();
    b->every = 100;
    char host[32];
    for (unsigned i = 3; i < 6; i++)
        for (unsigned k = 0; k < SENDERS; k++) {
            snprintf(host, sizeof host, "h%u", k);
            feed(b, &b->gelf, host, trace[i == 3 ? 1 : i - 1], 3);
        }
    ck_assert_uint_eq(pipeline_open(b->pipeline).lines, JOIN_HELD_MAX);
    pass(b, 300000);
    ck_assert_uint_eq(b->new_events, SENDERS);
    ck_assert_uint_eq(count(b, COUNT_early_traces), 3000);
    ck_assert_uint_eq(count(b, COUNT_joined), 2 * SENDERS);
    ck_assert_uint_eq(count(b, COUNT_crumb), 0);
    for (unsigned i = 0; i < SENDERS; i += 100)
        ck_at(b->events[i].tree, "exception/values/0/value", "no stock");
    bench_free(b);
}
END_TEST

/* A stranger with very many takes the room of nobody else. */
START_TEST(a_flood_cuts_no_trace_of_others)
{
    struct bench *b = bench_new();
    struct stream stranger = b->gelf;
    char host[32];
    stranger.domain = stranger.network = 6;
    b->only = "\"server_name\":\"h\"";
    for (unsigned i = 0; i < TRACE_LINES; i++) {
        feed(b, &b->gelf, "h", trace[i], 3);
        for (unsigned k = 0; k < (i ? 2000 : JOIN_HELD_MAX / 2 + 1000); k++) {
            snprintf(host, sizeof host, "%u-%u", i, k);
            feed(b, &stranger, host, trace[1], 3);
        }
    }
    ck_assert_uint_gt(count(b, COUNT_early_traces), 5000);
    pass(b, 300000);
    commit(b);
    ck_assert_uint_eq(wholes(b), 1);
    bench_free(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("held");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, wherever_the_kill_falls);
    tcase_add_test(t, killed_again_and_again);
    tcase_add_test(t, the_same_event_in_each_run);
    tcase_add_test(t, what_goes_on_waits_longer_after_a_kill);
    tcase_add_test(t, the_store_has_no_secrets);
    tcase_add_test(t, a_head_alone_goes_on_after_a_kill);
    tcase_add_test(t, an_empty_text_is_blank_after_a_kill);
    tcase_add_test(t, who_spoke_last);
    tcase_add_test(t, other_grammars);
    tcase_add_test(t, rows_are_told_once);
    tcase_add_test(t, the_rest_is_swallowed_after_a_kill);
    tcase_add_test(t, rows_that_cannot_be_read);
    tcase_add_test(t, the_store_is_told_so_much);
    tcase_add_test(t, ten_thousand_open_traces_are_whole);
    tcase_add_test(t, more_traces_than_may_be_held);
    tcase_add_test(t, a_flood_cuts_no_trace_of_others);
    suite_add_tcase(s, t);
    return unit_run(s);
}
