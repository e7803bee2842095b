/* Rules over time: absence, pair, threshold, sample, continue, and the levels and limits of rules. */
#include "tests/unit/event_at.h"
#include "tests/unit/unit.h"

#include <stdio.h>

#include "base/xalloc.h"
#include "core/check_in.h"
#include "core/record_codec.h"
#include "core/pipeline.h"
#include "core/rule_check.h"
#include "parsers/container.h"
#include "text/json.h"

enum { EVENTS_MAX = 512, ROWS_MAX = 64 };

#define S INT64_C(1000000)
#define START_US (INT64_C(1795572000) * S) /* 2026-11-25 02:00 UTC */

struct bench {
    struct rule_set rules;
    struct options options;
    struct pipeline *pipeline;
    uint64_t lines; /* that it was given */
    struct stream stream;
    struct arena arena;
    struct json_node *events[EVENTS_MAX], *check_ins[EVENTS_MAX];
    char ids[EVENTS_MAX][33], monitors[EVENTS_MAX][33];
    uint64_t suppressed[EVENTS_MAX];
    unsigned n, n_check_ins, told;
    struct deadline_row rows[ROWS_MAX]; /* the store */
    unsigned n_rows;
    int64_t clock_us, now_us;
    uint64_t offset;
    bool record_clock;
};

static void hand_in(struct bench *b, const struct message *m, int64_t now_us)
{
    b->lines += m->lines;
    pipeline_message(b->pipeline, m, now_us);
}

static bool on_event(void *u, const struct event_out *e)
{
    struct bench *b = u;
    if (e->open)
        return true;
    ck_assert_uint_lt(b->n, EVENTS_MAX);
    memcpy(b->ids[b->n], e->event_id, 33);
    b->suppressed[b->n] = e->suppressed;
    b->events[b->n++] = json_tree(&b->arena, e->payload.text);
    return true;
}

static void on_check_in(void *u, const struct event_out *e)
{
    struct bench *b = u;
    ck_assert_uint_lt(b->n_check_ins, EVENTS_MAX);
    memcpy(b->monitors[b->n_check_ins], e->event_id, 33);
    b->check_ins[b->n_check_ins] = json_tree(&b->arena, e->payload.text);
    ck_assert_ptr_nonnull(b->check_ins[b->n_check_ins++]);
}

static void on_deadline(void *u, const struct outcome *j)
{
    ck_assert(j->fate == COUNT_overdue || j->fate == COUNT_overdue_suppressed);
    ((struct bench *)u)->told++;
}

static void on_row(void *u, const struct deadline_row *row)
{
    struct bench *b = u;
    unsigned i = 0;
    while (i < b->n_rows && b->rows[i].key != row->key)
        i++;
    if (row->closed) {
        if (i < b->n_rows)
            b->rows[i] = b->rows[--b->n_rows];
        return;
    }
    ck_assert_uint_lt(i, ROWS_MAX);
    b->rows[i] = *row;
    b->rows[i].rule = arena_dup(&b->arena, row->rule);
    b->rows[i].record = scrubbed_dup(&b->arena, row->record);
    b->n_rows += i == b->n_rows;
}

static void load(struct bench *b, const char *text)
{
    struct diag d = {0};
    struct conf_file *f = conf_parse("test.yaml", slice_str(text), &d);
    if (!f || !rule_set_load(&b->rules, f, &d))
        err_print(&d, stderr);
    ck_assert_uint_eq(d.errors, 0);
    rule_set_ready(&b->rules, true);
    err_done(&d);
}

static void begin(struct bench *b)
{
    static const uint8_t store_id[16] = "0123456789abcdef";
    const struct pipeline_setup setup = {
        .options = &b->options,
        .rules = &b->rules,
        .store_id = store_id,
        .run_key = 9,
        .record_clock = b->record_clock,
        .hooks = {.u = b, .emit = on_event, .deadlines = on_deadline, .check_in = on_check_in, .deadline_row = on_row}};
    b->pipeline = pipeline_new(&setup);
    b->lines = 0;
    b->stream = (struct stream){.format = FORMAT_TEXT,
                                .source = SLICE("/log/app.log"),
                                .trusted = true,
                                .file_key = 1,
                                .ring = 1,
                                .last_us = RECORD_NO_TIME};
}

static struct bench *bench_new(const char *rules, bool record_clock)
{
    struct bench *b = xcalloc(1, sizeof *b);
    char *text = xasprintf("pack: p\nwhen: {format: text}\nrules:\n%s", rules);
    load(b, text);
    free(text);
    b->options = (struct options){.environment = SLICE("production"),
                                  .release = SLICE("shop@1"),
                                  .server_name = SLICE("web-1"),
                                  .fallback = FALLBACK_CRUMB,
                                  .crumbs = {.before = 10, .max_age_us = 86400 * S, .memory_bytes = 1 << 20},
                                  .limits = {.burst = 10, .period_us = 86400 * S, .per_minute = 300, .per_day = 100000},
                                  .scrub = {.defaults = true}};
    b->now_us = START_US;
    b->record_clock = record_clock;
    begin(b);
    if (!record_clock)
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

/* As if killed after a cut, and started again `down_us` later. */
static void restart(struct bench *b, int64_t down_us)
{
    pipeline_checkpoint(b->pipeline);
    b->clock_us = deadline_event_clock(pipeline_deadlines(b->pipeline));
    pipeline_free(b->pipeline);
    b->now_us += down_us;
    begin(b);
    deadline_event_restore_clock(pipeline_deadlines(b->pipeline), b->clock_us);
    for (unsigned done = 0; done < b->n_rows; done++) { /* in the order of since_us */
        unsigned least = done;
        for (unsigned i = done; i < b->n_rows; i++)
            least = b->rows[i].since_us < b->rows[least].since_us ? i : least;
        struct deadline_row row = b->rows[least];
        b->rows[least] = b->rows[done];
        b->rows[done] = row;
        deadline_event_restore(pipeline_deadlines(b->pipeline), &row);
    }
    pipeline_tick(b->pipeline, b->now_us);
}

static void line(struct bench *b, const char *text)
{
    hand_in(b, &(struct message){.stream = &b->stream, .text = slice_str(text), .lines = 1, .offset = b->offset += 100},
            b->now_us);
}

/* Time passes, as the worker lets it: in small steps. */
static void pass(struct bench *b, int64_t us)
{
    while (us > 0) {
        int64_t step = us < 5 * S ? us : 5 * S;
        us -= step;
        b->now_us += step;
        pipeline_tick(b->pipeline, b->now_us);
    }
}

static uint64_t counted(const struct bench *b, enum count c)
{
    return pipeline_counts(b->pipeline)->v[c];
}

/* --- absence --- */

#define BACKUP                                                                                                         \
    "  - {id: backup, match: '^backup done', absence: {every: 1h, monitor: nightly}, event: {type: BackupMissing}}\n"

START_TEST(a_silence_is_one_event)
{
    struct bench *b = bench_new(BACKUP, false);
    line(b, "backup done, 7 files");
    pass(b, 3600 * S);
    ck_assert_uint_eq(b->n, 0);
    pass(b, S);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "level", "error");
    ck_at(b->events[0], "exception/values/0/type", "BackupMissing");
    ck_at(b->events[0], "exception/values/0/value", "backup has not been seen for 1h");
    ck_at(b->events[0], "contexts/crumbd/every", "1h");
    ck_at(b->events[0], "contexts/crumbd/last_seen", "1795572000.000000");
    ck_at(b->events[0], "contexts/log/message", "backup done, 7 files");
    ck_at(b->events[0], "fingerprint/1", "backup");
    ck_assert_ptr_null(at(b->events[0], "fingerprint/2"));
    pass(b, 5 * 3600 * S);
    ck_assert_uint_eq(b->n, 1); /* once for a silence */
    line(b, "backup done, 8 files");
    pass(b, 3000 * S);
    line(b, "backup done, 9 files");
    pass(b, 3000 * S);
    ck_assert_uint_eq(b->n, 1);
    pass(b, 700 * S);
    ck_assert_uint_eq(b->n, 2);
    ck_assert_str_ne(b->ids[0], b->ids[1]);
    ck_assert_uint_eq(counted(b, COUNT_crumb), 3);
    ck_assert_uint_eq(counted(b, COUNT_overdue), 2);
    ck_assert_uint_eq(b->told, 2);
    bench_free(b);
}
END_TEST

START_TEST(what_never_came_is_missed_from_the_start)
{
    struct bench *b = bench_new(BACKUP, false);
    pass(b, 3599 * S);
    ck_assert_uint_eq(b->n, 0);
    pass(b, 2 * S);
    ck_assert_uint_eq(b->n, 1);
    ck_assert(at(b->events[0], "contexts/crumbd/never_seen")->truth);
    ck_assert_ptr_null(at(b->events[0], "contexts/crumbd/last_seen"));
    ck_at(b->events[0], "server_name", "web-1");
    bench_free(b);
}
END_TEST

START_TEST(time_without_crumbd_is_no_silence_and_no_excuse)
{
    struct bench *b = bench_new(BACKUP, false);
    pass(b, 1800 * S);
    restart(b, 86400 * S); /* never seen, half of the hour over */
    ck_assert_uint_eq(b->n, 0);
    pass(b, 1700 * S);
    line(b, "backup done");
    pass(b, 3000 * S);
    restart(b, 7 * 86400 * S);
    pass(b, 500 * S);
    ck_assert_uint_eq(b->n, 0);
    restart(b, 60 * S);
    pass(b, 101 * S);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "contexts/log/message", "backup done");
    restart(b, 60 * S); /* the silence goes on */
    pass(b, 2 * 3600 * S);
    ck_assert_uint_eq(b->n, 1);
    line(b, "backup done");
    pass(b, 3601 * S);
    ck_assert_uint_eq(b->n, 2);
    bench_free(b);
}
END_TEST

START_TEST(a_clock_that_jumps_is_no_silence)
{
    struct bench *b = bench_new(BACKUP, false);
    line(b, "backup done");
    b->now_us += 3 * 3600 * S; /* a suspended host, or a clock that is set */
    pipeline_tick(b->pipeline, b->now_us);
    b->now_us -= 9 * 3600 * S;
    pipeline_tick(b->pipeline, b->now_us);
    ck_assert_uint_eq(b->n, 0);
    deadline_event_stall(pipeline_deadlines(b->pipeline), true); /* nothing is read: nothing is missed */
    pass(b, 3 * 3600 * S);
    ck_assert_uint_eq(b->n, 0);
    deadline_event_stall(pipeline_deadlines(b->pipeline), false);
    pass(b, 3601 * S);
    ck_assert_uint_eq(b->n, 1);
    bench_free(b);
}
END_TEST

START_TEST(each_value_is_waited_for_by_itself)
{
    struct bench *b = bench_new(
        "  - {id: beat, match: '^beat of (?<who>\\w+)', absence: {every: 2m, monitor: 'beat-{who}', by: ['{who}']}}\n",
        false);
    line(b, "beat of Anna");
    pass(b, 60 * S);
    line(b, "beat of Ben");
    pass(b, 61 * S);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "logentry/formatted", "beat Anna has not been seen for 2m");
    ck_at(b->events[0], "fingerprint/2", "Anna");
    pass(b, 60 * S);
    ck_assert_uint_eq(b->n, 2);
    ck_at(b->events[1], "fingerprint/2", "Ben");
    ck_assert_uint_eq(b->n_check_ins, 4);
    ck_at(b->check_ins[0], "monitor_slug", "beat-anna");
    ck_at(b->check_ins[3], "monitor_slug", "beat-ben");
    ck_assert_str_eq(b->monitors[0], b->monitors[2]);
    ck_assert_str_ne(b->monitors[0], b->monitors[1]);
    bench_free(b);
}
END_TEST

START_TEST(a_monitor_is_told_and_not_flooded)
{
    struct bench *b = bench_new(BACKUP, false);
    for (int i = 0; i < 1000; i++)
        line(b, "backup done");
    ck_assert_uint_eq(b->n_check_ins, 1);
    const struct json_node *c = b->check_ins[0];
    ck_at(c, "monitor_slug", "nightly");
    ck_at(c, "status", "ok");
    ck_at(c, "environment", "production");
    ck_at(c, "release", "shop@1");
    ck_assert_uint_eq(at(c, "check_in_id")->text.n, 32);
    ck_at(c, "monitor_config/schedule/type", "interval");
    ck_at(c, "monitor_config/schedule/value", "1");
    ck_at(c, "monitor_config/schedule/unit", "hour");
    ck_at(c, "monitor_config/checkin_margin", "2");
    for (int i = 0; i < 120; i++) { /* two minutes of a line every second */
        line(b, "backup done");
        pass(b, S);
    }
    ck_assert_uint_eq(b->n_check_ins, 2);
    pass(b, 3601 * S);
    ck_assert_uint_eq(b->n_check_ins, 3);
    ck_at(b->check_ins[2], "status", "error");
    line(b, "backup done"); /* the end of the silence is told at once */
    ck_assert_uint_eq(b->n_check_ins, 4);
    ck_at(b->check_ins[3], "status", "ok");
    ck_assert(!slice_eq(at(c, "check_in_id")->text, at(b->check_ins[3], "check_in_id")->text));
    ck_assert_uint_eq(counted(b, COUNT_check_ins), 4);
    bench_free(b);
}
END_TEST

START_TEST(names_from_a_log_make_few_monitors)
{
    struct bench *b = bench_new(
        "  - {id: beat, match: '^beat of (?<who>\\w+)', absence: {every: 2m, monitor: 'm-{who}', by: ['{who}']}}\n",
        false);
    char text[64];
    for (unsigned i = 0; i < 3 * DEADLINE_MONITORS_MAX; i++) {
        snprintf(text, sizeof text, "beat of w%u", i);
        line(b, text);
    }
    ck_assert_uint_eq(b->n_check_ins, DEADLINE_MONITORS_MAX);
    pass(b, 150 * S);                                                        /* some in each call */
    ck_assert_uint_eq(counted(b, COUNT_overdue), 3 * DEADLINE_MONITORS_MAX); /* events are made of all */
    ck_assert_uint_eq(b->n_check_ins, 2 * DEADLINE_MONITORS_MAX);
    bench_free(b);
}
END_TEST

START_TEST(schedules_slugs_and_gaps)
{
    static const struct {
        int64_t every_s;
        const char *value, *unit;
    } cases[] = {{60, "1", "minute"}, {61, "2", "minute"},     {25 * 3600, "25", "hour"},
                 {86400, "1", "day"}, {7 * 86400, "7", "day"}, {5400, "90", "minute"}};
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a = {0};
        struct sbuf b;
        const struct options options = {0};
        const struct check_in c = {.id = "x", .slug = SLICE("s"), .every_us = cases[i].every_s * S};
        sbuf_init(&b, CHECK_IN_BYTES_MAX);
        check_in_write(&c, &options, &b);
        const struct json_node *n = json_tree(&a, sbuf_slice(&b));
        ck_at(n, "monitor_config/schedule/value", cases[i].value);
        ck_at(n, "monitor_config/schedule/unit", cases[i].unit);
        sbuf_done(&b);
        arena_done(&a);
    }
    struct arena a = {0};
    ck_slice(check_in_slug(SLICE("Nightly Backup/web-1"), &a), "nightly-backup-web-1");
    ck_assert(!check_in_slug(SLICE("42"), &a).n);
    ck_assert(!check_in_slug(SLICE(""), &a).n);
    ck_assert_uint_eq(check_in_slug(SLICE("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), &a).n,
                      CHECK_IN_SLUG_MAX);
    ck_assert(check_in_is_slug(SLICE("a-1_b")) && !check_in_is_slug(SLICE("A")) && !check_in_is_slug(SLICE("7")));
    ck_assert_int_eq(check_in_gap_us(60 * S), 60 * S);
    ck_assert_int_eq(check_in_gap_us(25 * 3600 * S), 900 * S);
    ck_assert_int_eq(check_in_gap_us(400 * 86400 * S), 3600 * S);
    arena_done(&a);
}
END_TEST

/* --- pair --- */

#define JOB                                                                                                            \
    "  - id: job\n    match: 'job (?<id>\\d+) started'\n    pair: {end: 'job (?<id>\\d+) (?:done|failed)', within: "   \
    "5m, by: ['{id}']}\n"                                                                                              \
    "    event: {tags: {job: '{id}'}}\n"

START_TEST(a_start_without_end_is_an_event)
{
    struct bench *b = bench_new(JOB, false);
    line(b, "before");
    line(b, "job 7 started");
    line(b, "job 8 started");
    pass(b, 100 * S);
    line(b, "job 8 done");
    line(b, "job 7 reads its input");
    pass(b, 200 * S);
    ck_assert_uint_eq(b->n, 0);
    pass(b, S);
    ck_assert_uint_eq(b->n, 1);
    const struct json_node *e = b->events[0];
    ck_at(e, "level", "error");
    ck_at(e, "tags/job", "7");
    ck_at(e, "logentry/formatted", "no end within 5m: job 7 started");
    ck_at(e, "logentry/message", "no end within 5m: job %s started");
    ck_at(e, "contexts/crumbd/started", "1795572000.000000");
    ck_at(e, "contexts/crumbd/within", "5m");
    ck_at(e, "contexts/log/source", "/log/app.log");
    ck_at(e, "breadcrumbs/values/0/message", "before");
    ck_at(e, "breadcrumbs/values/4/message", "job 7 reads its input"); /* what came after the start is told, too */
    line(b, "job 7 done");                                             /* too late, and nobody waits */
    pass(b, 1000 * S);
    ck_assert_uint_eq(b->n, 1);
    ck_assert_uint_eq(counted(b, COUNT_crumb), 6);
    bench_free(b);
}
END_TEST

START_TEST(starts_over_and_over_do_not_put_it_off)
{
    struct bench *b = bench_new(JOB, false);
    for (int i = 0; i < 10; i++) {
        line(b, "job 7 started");
        pass(b, 30 * S);
    }
    ck_assert_uint_eq(b->n, 0);
    pass(b, S);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "contexts/crumbd/starts", "10");
    bench_free(b);
}
END_TEST

START_TEST(an_end_counts_whoever_decides_about_its_line)
{
    struct bench *b =
        bench_new("  - {id: failed, match: 'job \\d+ failed', event: {message: 'a job failed'}}\n" JOB, false);
    line(b, "job 7 started");
    line(b, "job 7 failed");
    pass(b, 400 * S);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "logentry/formatted", "a job failed");
    bench_free(b);
}
END_TEST

START_TEST(open_starts_survive_a_restart)
{
    struct bench *b = bench_new(JOB, false);
    line(b, "job 7 started");
    line(b, "job 8 started");
    line(b, "job 9 started");
    pass(b, 200 * S);
    line(b, "job 9 done");
    restart(b, 3600 * S);
    ck_assert_uint_eq(b->n, 0);
    ck_assert_uint_eq(b->n_rows, 2);
    line(b, "job 8 done");
    pass(b, 101 * S);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "tags/job", "7");
    ck_at(b->events[0], "logentry/formatted", "no end within 5m: job 7 started");
    ck_at(b->events[0], "contexts/log/source", "/log/app.log");
    pipeline_checkpoint(b->pipeline);
    ck_assert_uint_eq(b->n_rows, 0);
    bench_free(b);
}
END_TEST

/* Of its record less is kept than its pattern matched. */
static void long_line(struct bench *b, const char *end)
{
    enum { FILL = 9000 };
    char *text = xasprintf("%0*d %s", FILL, 0, end);
    ck_assert_uint_gt(strlen(text), RECORD_CODEC_TEXT_MAX);
    line(b, text);
    free(text);
}

START_TEST(a_long_start_without_end_is_an_event)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        struct bench *b = bench_new("  - id: job\n    match: 'job (?<id>\\d+) started$'\n    pair: {end: 'job "
                                    "(?<id>\\d+) done$', within: 5m, by: ['{id}']}\n"
                                    "    event: {tags: {job: '{id}'}}\n",
                                    false);
        long_line(b, "job 7 started");
        long_line(b, "job 8 started");
        pass(b, 100 * S);
        if (restarts)
            restart(b, S);
        long_line(b, "job 8 done");
        pass(b, 201 * S);
        ck_assert_uint_eq(b->n, 1);
        ck_at(b->events[0], "tags/job", "7");
        ck_assert_uint_eq(counted(b, COUNT_overdue), 1);
        bench_free(b);
    }
}
END_TEST

START_TEST(a_long_line_that_does_not_come_again_is_an_event)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        struct bench *b = bench_new("  - {id: beat, match: 'beat of (?<who>\\w+)$', absence: {every: 2m, by: "
                                    "['{who}']}, event: {tags: {who: '{who}'}}}\n",
                                    false);
        long_line(b, "beat of Anna");
        long_line(b, "beat of Ben");
        pass(b, 60 * S);
        if (restarts)
            restart(b, S);
        long_line(b, "beat of Ben");
        pass(b, 61 * S);
        ck_assert_uint_eq(b->n, 1);
        ck_at(b->events[0], "tags/who", "Anna");
        ck_at(b->events[0], "fingerprint/2", "Anna");
        ck_at(b->events[0], "logentry/formatted", "beat Anna has not been seen for 2m");
        bench_free(b);
    }
}
END_TEST

START_TEST(the_same_start_gives_the_same_id)
{
    char id[33] = "";
    for (int i = 0; i < 2; i++) {
        struct bench *b = bench_new(JOB, false);
        pass(b, i * 7 * S); /* read at another time */
        line(b, "job 7 started");
        pass(b, 301 * S);
        ck_assert_uint_eq(b->n, 1);
        if (i)
            ck_assert_str_eq(id, b->ids[0]);
        memcpy(id, b->ids[0], 33);
        bench_free(b);
    }
}
END_TEST

START_TEST(rules_that_have_gone_are_forgotten)
{
    struct bench *b = bench_new(JOB BACKUP, false);
    line(b, "job 7 started");
    line(b, "backup done");
    pipeline_checkpoint(b->pipeline);
    ck_assert_uint_eq(b->n_rows, 2);
    rule_set_done(&b->rules);
    load(b, "pack: p\nrules:\n  - {id: job, match: 'x', absence: {every: 1h}}\n");
    restart(b, S);
    pipeline_checkpoint(b->pipeline);
    ck_assert_uint_eq(b->n_rows, 1); /* that of the new absence */
    ck_assert_uint_eq(counted(b, COUNT_overdue_lost), 2);
    pass(b, 400 * S);
    ck_assert_uint_eq(b->n, 0);
    bench_free(b);
}
END_TEST

START_TEST(what_is_waited_for_is_bounded)
{
    struct bench *b = bench_new(JOB BACKUP, false);
    char text[9000];
    for (unsigned i = 0; i < DEADLINE_RULE_MAX + 100; i++) {
        snprintf(text, sizeof text, "job %u started", i);
        line(b, text);
    }
    ck_assert_uint_eq(counted(b, COUNT_overdue_evicted), 100);
    memset(text, 'x', sizeof text);
    for (unsigned i = 0; i < 2000; i++) { /* no more of them than memory for them */
        int n = snprintf(text, sizeof text, "job 9%u started", i);
        text[n] = ' ';
        text[8500] = '\0';
        line(b, text);
    }
    ck_assert_uint_gt(counted(b, COUNT_overdue_evicted), DEADLINE_RULE_MAX);
    line(b, "backup done"); /* another rule has its room */
    pass(b, 4000 * S);
    bool missed = false;
    for (unsigned i = 0; i < b->n; i++)
        missed |= at(b->events[i], "exception") != NULL;
    ck_assert(missed);
    ck_assert_uint_eq(counted(b, COUNT_overdue) - counted(b, COUNT_overdue_suppressed), b->n);
    bench_free(b);
}
END_TEST

START_TEST(what_does_not_come_is_under_flood_control)
{
    struct bench *b = bench_new("  - {id: job, match: 'job (?<id>\\d+) started', pair: {end: 'job (?<id>\\d+) done', "
                                "within: 1m, by: ['{id}']}, limits: {burst: 2},"
                                " event: {message: 'hangs'}}\n",
                                false);
    char text[64];
    for (unsigned i = 0; i < 50; i++) {
        snprintf(text, sizeof text, "job %u started", i);
        line(b, text);
    }
    pass(b, 61 * S);
    ck_assert_uint_eq(counted(b, COUNT_overdue), 50);
    ck_assert_uint_eq(counted(b, COUNT_overdue_suppressed), 50 - 2 - 4); /* 4 8 16 32 */
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, 7);
    ck_assert_uint_eq(b->suppressed[6], 44);
    ck_at(b->events[6], "contexts/crumbd/suppressed", "44");
    ck_at(b->events[6], "logentry/formatted", "hangs");
    bench_free(b);
}
END_TEST

START_TEST(by_the_records_own_times)
{
    struct bench *b = bench_new(JOB BACKUP, true);
    line(b, "2026-11-25T02:00:00Z backup done");
    line(b, "2026-11-25T02:10:00Z job 1 started");
    line(b, "2026-11-25T02:15:00Z job 1 done"); /* just in time */
    line(b, "2026-11-25T02:20:00Z job 2 started");
    line(b, "2026-11-25T02:25:01Z job 2 done");
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "tags/job", "2");
    ck_at(b->events[0], "timestamp", "1795573500.000000"); /* 02:25 */
    line(b, "2026-11-25T03:00:01Z backup done");
    ck_assert_uint_eq(b->n, 2);
    ck_at(b->events[1], "exception/values/0/type", "BackupMissing");
    ck_at(b->events[1], "timestamp", "1795575600.000000"); /* 03:00 */
    line(b, "2026-11-25T03:01:00Z job 3 started");
    line(b, "2026-11-25T03:06:00Z the last line");
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->n, 2); /* job 3 is not due yet */
    pipeline_elapse(b->pipeline, 1);
    ck_assert_uint_eq(b->n, 3);
    bench_free(b);
}
END_TEST

/* --- threshold, sample, continue, level, limits --- */

START_TEST(a_threshold_slides_and_counts_by_value)
{
    struct bench *b = bench_new(
        "  - {id: knock, match: '^knock of (?<who>\\w+)', threshold: {count: 3, within: 1m, by: ['{who}']}}\n", false);
    line(b, "knock of a");
    pass(b, 40 * S);
    line(b, "knock of a");
    line(b, "knock of b");
    line(b, "knock of b");
    pass(b, 30 * S);
    line(b, "knock of a"); /* the first is 70 s ago */
    ck_assert_uint_eq(b->n, 0);
    pass(b, 20 * S);
    line(b, "knock of a"); /* 40, 70 and 90 */
    ck_assert_uint_eq(b->n, 1);
    line(b, "knock of a");
    line(b, "knock of a");
    ck_assert_uint_eq(b->n, 1); /* it began anew */
    line(b, "knock of a");
    ck_assert_uint_eq(b->n, 2);
    ck_assert_uint_eq(counted(b, COUNT_crumb), 7);
    bench_free(b);
}
END_TEST

START_TEST(thresholds_are_bounded)
{
    struct bench *b = bench_new(
        "  - {id: k, match: '^k (?<n>\\d+)', threshold: {count: 2, within: 1d, by: ['{n}']}, event: {message: m}}\n",
        false);
    char text[64];
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(text, sizeof text, "k %u", i);
        line(b, text);
    }
    line(b, "k 99999");
    ck_assert_uint_eq(b->n, 1);
    line(b, "k 0"); /* forgotten */
    ck_assert_uint_eq(b->n, 1);
    bench_free(b);
}
END_TEST

START_TEST(one_in_so_many)
{
    struct bench *b = bench_new("  - {id: s, match: '^s \\d', sample: 4, event: {message: m}}\n", false);
    for (int i = 0; i < 9; i++) {
        line(b, "s 1");
        pipeline_judge(b->pipeline)->stats[0].hits = 0; /* statistics decide nothing */
    }
    ck_assert_uint_eq(b->n, 3); /* 1, 5, 9 */
    ck_assert_uint_eq(counted(b, COUNT_crumb), 6);
    bench_free(b);
}
END_TEST

START_TEST(rules_that_go_on_add_up)
{
    struct bench *b = bench_new(
        "  - {id: t1, match: 'disk', continue: true, event: {tags: {what: disk, first: '1'}, level: warning}}\n"
        "  - {id: t2, match: 'sd(?<n>[a-z])', continue: true, event: {tags: {what: 'disk {n}', dev: '{n}'}}}\n"
        "  - {id: t3, match: 'unheard', continue: true, event: {level: fatal}}\n"
        "  - {id: plain, match: 'plain', event: {tags: {own: '1'}}}\n"
        "  - {id: own, match: 'disk', event: {level: fatal, tags: {first: own}}}\n",
        false);
    line(b, "plain disk sdb");
    line(b, "ERROR disk sda");
    line(b, "ERROR unheard of");
    ck_assert_uint_eq(b->n, 2); /* tags alone make no event */
    ck_at(b->events[0], "level", "warning");
    ck_at(b->events[0], "tags/what", "disk b");
    ck_at(b->events[0], "tags/first", "1");
    ck_at(b->events[0], "tags/own", "1");
    ck_at(b->events[0], "tags/rule", "plain");
    ck_at(b->events[1], "level", "fatal");
    ck_at(b->events[1], "tags/first", "own");
    ck_at(b->events[1], "tags/dev", "a");
    bench_free(b);
}
END_TEST

START_TEST(rules_have_limits_of_their_own)
{
    struct bench *b = bench_new("  - {id: a, match: '^a', limits: {burst: 1, period: 1m}, event: {message: a}}\n"
                                "  - {id: b, match: '^b', event: {message: b}}\n",
                                false);
    for (int i = 0; i < 3; i++) {
        line(b, "a");
        line(b, "b");
    }
    ck_assert_uint_eq(b->n, 2 + 3); /* of a the first and, burst * 2, the second */
    pass(b, 61 * S);
    ck_assert_uint_eq(b->n, 6);
    ck_assert_uint_eq(b->suppressed[5], 1);
    line(b, "a");
    ck_assert_uint_eq(b->n, 7); /* a new period */
    bench_free(b);
}
END_TEST

START_TEST(rules_that_wait_keep_the_tags_of_those_before)
{
    struct bench *b = bench_new("  - {id: t, match: 'job', continue: true, event: {tags: {team: ops}}}\n" JOB, false);
    line(b, "job 7 started");
    uint64_t hits = pipeline_judge(b->pipeline)->stats[0].hits;
    pass(b, 301 * S);
    ck_at(b->events[0], "tags/team", "ops");
    ck_at(b->events[0], "tags/job", "7");
    ck_assert_uint_eq(pipeline_judge(b->pipeline)->stats[0].hits, hits);
    bench_free(b);
}
END_TEST

/* --- what is kept --- */

START_TEST(records_are_packed_and_read_again)
{
    static struct record r, back;
    struct arena a = {0};
    struct sbuf b;
    struct record_codec came;
    const struct record_codec_extra extra = {.source = SLICE("udp"), .n_captures = 3};
    const struct slice captures[3] = {SLICE("whole"), SLICE("b"), SLICE("not in the message")};
    const struct options opt = {.scrub = {.defaults = true}};
    struct scrub *scrub = scrub_new(&opt);
    sbuf_init(&b, RECORD_CODEC_MAX);
    record_init(&r, FORMAT_GELF, SLICE("raw"));
    r.level = LEVEL_WARNING;
    r.time_us = 1795572000123456;
    r.message = SLICE("a\0b\nc");
    r.host = SLICE("h");
    r.trace_id = SLICE("0123");
    record_add(&r, SLICE("n"), SLICE("7"), FIELD_NUMBER);
    record_add(&r, SLICE("empty"), SLICE(""), FIELD_STRING);
    record_add(&r, SLICE("s"), SLICE("text"), FIELD_STRING);
    struct container c = {.name = SLICE("shop-1"), .pod_uid = SLICE("u"), .namespace = SLICE("prod")};
    for (unsigned i = 0; i < 2; i++)
        c.labels[c.n_labels++] = (struct container_label){i ? SLICE("tier") : SLICE("team"), SLICE("x")};
    r.container = &c;
    record_codec_write(&r, &extra, captures, scrub, &b);
    ck_assert(record_codec_read(sbuf_slice(&b), &a, &back, &came));
    ck_assert_int_eq(back.format, FORMAT_GELF);
    ck_assert_int_eq(back.level, LEVEL_WARNING);
    ck_assert_int_eq(back.time_us, r.time_us);
    ck_assert(slice_eq(back.message, r.message));
    ck_slice(back.trace_id, "0123");
    ck_slice(came.source, "udp");
    ck_assert(came.scrubbed && came.n_captures == 3);
    ck_slice(came.captures[1], "b");
    ck_slice(came.captures[2], "[Filtered]");
    ck_slice(record_value(&back, "n"), "7");
    ck_assert_int_eq(record_field(&back, SLICE("n"))->type, FIELD_NUMBER);
    ck_slice(record_value(&back, "s"), "text");
    ck_slice(record_get(&back, SLICE("container")), "shop-1");
    ck_slice(record_get(&back, SLICE("namespace")), "prod");
    ck_slice(back.container->pod_uid, "u");
    ck_assert(!back.container->image.n);
    ck_assert_uint_eq(back.container->n_labels, 2);
    ck_slice(back.container->labels[1].key, "tier");
    for (size_t n = 0; n < b.n; n++) /* cut anywhere: read or refused, never past the end */
        record_codec_read(slice_sub(sbuf_slice(&b), 0, n), &a, &back, &came);
    for (size_t i = 0; i < b.n; i++) {
        b.p[i] = (char)~b.p[i];
        record_codec_read(sbuf_slice(&b), &a, &back, &came);
    }
    scrub_free(scrub);
    sbuf_done(&b);
    arena_done(&a);
}
END_TEST

START_TEST(packed_records_are_bounded)
{
    static struct record r, back;
    static char big[20000];
    struct arena a = {0};
    struct sbuf b;
    struct record_codec came;
    const struct record_codec_extra extra = {.source = SLICE("udp"), .n_captures = 3};
    const struct slice captures[3] = {SLICE("whole"), SLICE("b"), SLICE("not in the message")};
    const struct options opt = {.scrub = {.defaults = true}};
    struct scrub *scrub = scrub_new(&opt);
    memset(big, 'x', sizeof big);
    sbuf_init(&b, RECORD_CODEC_MAX);
    record_init(&r, FORMAT_JSON, SLICE_NONE);
    r.message = r.full_message = slice_of(big, sizeof big);
    for (int i = 0; i < RECORD_FIELDS_MAX; i++)
        record_add(&r, SLICE("f"), slice_of(big, 300), FIELD_STRING);
    record_codec_write(&r, &extra, captures, scrub, &b);
    ck_assert(!b.over && b.n <= RECORD_CODEC_MAX);
    ck_assert(record_codec_read(sbuf_slice(&b), &a, &back, &came));
    ck_assert_uint_eq(back.message.n, RECORD_CODEC_TEXT_MAX);
    ck_assert_uint_gt(back.n_fields, 10);
    scrub_free(scrub);
    sbuf_done(&b);
    arena_done(&a);
}
END_TEST

/* --- secrets --- */

static bool holds(const struct json_node *n, struct slice text)
{
    for (; n; n = n->next)
        if (slice_find(n->text, text) >= 0 || slice_find(n->key, text) >= 0 || holds(n->child, text))
            return true;
    return false;
}

#define SECRET_PAIR                                                                                                    \
    "  - id: job\n    match: 'job (?<n>\\d+) started .*token=(?<secret>[a-z0-9]+) (?<mail>[a-z]+@[a-z.]+)( "           \
    "(?<rest>.*))?$'\n"                                                                                                \
    "    pair: {within: 1m, by: ['{n}'], end: 'job (?<n>\\d+) done'}\n"                                                \
    "    event: {message: 'job {n} of {mail} with {secret} has not ended', tags: {job: '{n}', secret: '{secret}'}}\n"

/* What waits is stored without secrets, and its event is made although the scrubbed line would not match again. */
START_TEST(deadline_records_are_stored_scrubbed)
{
    struct bench *b = bench_new(SECRET_PAIR, false);
    static char text[12000];
    b->options.scrub.emails = true;
    snprintf(text, sizeof text, "job 7 started at %09000d token=abc123def4567890 bob@example.com and more",
             1); /* more than is kept of a message */
    line(b, text);
    pipeline_checkpoint(b->pipeline);
    ck_assert_uint_eq(b->n_rows, 1);
    ck_assert_int_lt(slice_find(b->rows[0].record.text, SLICE("abc123def4567890")), 0);
    ck_assert_int_lt(slice_find(b->rows[0].record.text, SLICE("bob@example.com")), 0);
    restart(b, S);
    pass(b, 90 * S);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "tags/job", "7");
    ck_assert(!holds(b->events[0], SLICE("abc123def4567890")) && !holds(b->events[0], SLICE("bob@example.com")));
    bench_free(b);
}
END_TEST

/* As a crumbd wrote it that did not scrub: tags 1 format and 4 message, each with its length in two bytes. */
START_TEST(a_store_made_before_is_scrubbed_on_the_way_in)
{
    struct bench *b = bench_new(SECRET_PAIR, false);
    static const char raw[] = "\x01\x04\0text\x04\x3d\0job 7 started by token=abc123def4567890 bob@example.com and x";
    line(b, "job 7 started by token=abc123def4567890 bob@example.com and x");
    pipeline_checkpoint(b->pipeline);
    ck_assert_uint_eq(b->n_rows, 1);
    b->rows[0].record.text = slice_of(raw, sizeof raw - 1);
    ck_assert_uint_eq(sizeof raw - 1, 3 + 4 + 3 + 0x3d);
    b->clock_us = deadline_event_clock(pipeline_deadlines(b->pipeline));
    pipeline_free(b->pipeline);
    begin(b);
    deadline_event_restore_clock(pipeline_deadlines(b->pipeline), b->clock_us);
    struct deadline_row row = b->rows[0];
    deadline_event_restore(pipeline_deadlines(b->pipeline), &row);
    pipeline_checkpoint(b->pipeline); /* written again */
    ck_assert_int_ge(slice_find(b->rows[0].record.text, SLICE("job 7")), 0);
    ck_assert_int_lt(slice_find(b->rows[0].record.text, SLICE("abc123def4567890")), 0);
    pipeline_tick(b->pipeline, b->now_us);
    pass(b, 90 * S);
    ck_assert_uint_eq(b->n, 1);
    ck_at(b->events[0], "tags/job", "7");
    ck_assert(!holds(b->events[0], SLICE("abc123def4567890")));
    bench_free(b);
}
END_TEST

/* --- contradictions --- */

/* want: NULL: it is taken. */
static void ck_refused(const char *rule, const char *want)
{
    struct rule_set rules = {0};
    struct diag d = {0};
    char *text = xasprintf("pack: p\nrules:\n  - id: x\n    match: 'boom (?<n>\\d+)'\n%s", rule), *shown = NULL;
    size_t n = 0;
    struct conf_file *f = conf_parse("bad.yaml", slice_str(text), &d);
    ck_assert(f != NULL);
    ck_assert_msg(rule_set_load(&rules, f, &d) == !want, "%s:\n%s", want ? "taken" : "refused", text);
    FILE *out = open_memstream(&shown, &n);
    err_print(&d, out);
    fclose(out);
    ck_assert_msg(!want || strstr(shown, want) != NULL, "want '%s' in:\n%s", want, shown);
    free(shown);
    free(text);
    err_done(&d);
    rule_set_done(&rules);
}

START_TEST(contradictions_are_refused_with_their_place)
{
    static const char pair[] = "    pair: {end: 'end', within: 1m}\n";
    char *text = xasprintf("%s    absence: {every: 1h}\n", pair);
    ck_refused(text, "bad.yaml:5:11: error: absence and pair contradict each other");
    free(text);
    text = xasprintf("%s    threshold: {count: 2, within: 1m}\n", pair);
    ck_refused(text, "pair and threshold contradict each other");
    free(text);
    text = xasprintf("%s    sample: 2\n", pair);
    ck_refused(text, "pair and sample contradict each other");
    free(text);
    text = xasprintf("%s    action: crumb\n", pair);
    ck_refused(text, "action: crumb makes none");
    free(text);
    ck_refused("    absence: {every: 1h}\n    continue: on\n", "a rule with continue makes none");
    ck_refused("    threshold: {count: 2, within: 1m}\n    action: drop\n",
               "bad.yaml:5:16: error: threshold says when");
    ck_refused("    absence: {}\n", "every");
    ck_refused("    absence: {every: 0}\n", "every");
    ck_refused("    absence: {every: 0s}\n", "from 1ms to 400d");
    ck_refused("    absence: {every: 500d}\n", "every");
    ck_refused("    absence: {every: 30s, monitor: m}\n", "at least 1m");
    ck_refused("    absence: {every: 30m, monitor: 'Not A Slug'}\n", "bad.yaml:5:36: error: a monitor's slug");
    ck_refused("    absence: {every: 30m, monitor: m, by: ['{n}']}\n", "every value of by has the same monitor");
    ck_refused("    pair: {within: 1m}\n", "end");
    ck_refused("    pair: {end: 'a(b', within: 1m}\n", "bad.yaml:5:");
    ck_refused("    pair: {end: 'end', within: 1m, by: ['{n}']}\n",
               "bad.yaml:5:41: error: {n} is a capture of match, and end has none");
    ck_refused("    continue: on\n    action: drop\n",
               "bad.yaml:6:13: error: a rule with continue leaves it to the next rules");
    ck_refused("    limits: {burst: 2}\n    action: crumb\n", "bad.yaml:5:13: error: limits say how many events pass");
    ck_refused("    limits: {burst: 2}\n    continue: on\n", "limits say how many events pass");
}
END_TEST

START_TEST(what_no_record_meets_is_refused)
{
    ck_refused("    unless: 'boom (?<n>\\d+)'\n", "bad.yaml:5:13: error: unless is the same as match");
    ck_refused("  - {id: y, match: y}\nwhen: {format: [text, json]}\n", NULL);
    ck_refused("    when: {format: [json, text]}\nwhen: {format: [text, syslog]}\n", NULL);
    ck_refused("    when: {format: [json, gelf]}\nwhen: {format: [text, syslog]}\n",
               "bad.yaml:5:20: error: no record has both this format");
    ck_refused("    when: {format: nginx-eror}\n", "did you mean \"nginx-error\"?");
    ck_refused("    when: {format: cobol}\n", "formats are nginx-error, nginx-access, syslog");
    ck_refused("    samples: [{lines: x, event: none, format: jsno}]\n", "did you mean \"json\"?");
}
END_TEST

START_TEST(samples_prove_rules_over_time)
{
    struct rule_set rules = {0};
    struct diag d = {0};
    static const char text[] =
        "pack: p\nwhen: {format: text}\nrules:\n"
        "  - id: a\n    match: '^beat'\n    absence: {every: 1m}\n    samples:\n"
        "      - {lines: 'beat', elapse: 1m, event: none}\n"
        "      - {lines: 'beat', elapse: 2m, event: {level: error, contexts: {crumbd: {every: 1m}}}}\n"
        "      - {lines: 'other', elapse: 2m, event: {contexts: {crumbd: {never_seen: true}}}}\n"
        "  - id: b\n    match: '^start'\n    pair: {end: '^stop', within: 1h}\n    samples:\n"
        "      - {lines: \"start\\nstop\", elapse: 2h, event: none}\n"
        "      - {lines: 'start', elapse: 2h, event: {logentry: {formatted: 'no end within 1h: start'}}}\n";
    struct conf_file *f = conf_parse("test.yaml", slice_str(text), &d);
    ck_assert(f && rule_set_load(&rules, f, &d));
    rule_set_ready(&rules, true);
    struct rule_check r = rule_check_samples(&rules, &d);
    err_print(&d, stderr);
    ck_assert_uint_eq(r.samples, 5);
    ck_assert_uint_eq(r.failed, 0);
    ck_assert_uint_eq(d.errors, 0);
    /* And are able to fail. */
    rules.sources[1].samples[0].elapse_us = 0;
    rules.sources[1].samples[1].elapse_us = 60 * S;
    rules.sources[0].samples[0].elapse_us = 61 * S;
    r = rule_check_samples(&rules, &d);
    ck_assert_uint_eq(r.failed, 2);
    err_done(&d);
    rule_set_done(&rules);
}
END_TEST

/* --- another set --- */

#define PAIR(name, within)                                                                                             \
    "  - {id: " name ", match: '" name " (?<id>\\w+) started', pair: {end: '" name                                     \
    " (?<id>\\w+) done', within: " within ", by: ['{id}']}}\n"

static unsigned of_rule(const struct bench *b, const char *id)
{
    unsigned n = 0;
    for (unsigned i = 0; i < b->n; i++)
        n += slice_is(at(b->events[i], "tags/rule")->text, id);
    return n;
}

static void use(struct bench *b, const char *rules)
{
    struct rule_set old = b->rules;
    char *text = xasprintf("pack: p\nwhen: {format: text}\nrules:\n%s", rules);
    b->rules = (struct rule_set){.before = &old};
    load(b, text);
    free(text);
    pipeline_use(b->pipeline, &b->options, &b->rules);
    rule_set_done(&old); /* whatever still points into it is seen by the sanitizer */
}

START_TEST(another_set_goes_on)
{
    struct bench *b = bench_new(
        BACKUP PAIR("job", "10m") PAIR("lock", "10m") "  - {id: boom, match: boom, event: {type: Old}}\n", false);
    b->options.crumbs.after = 5;
    b->options.crumbs.wait_us = 10 * S;
    line(b, "backup done");
    line(b, "job a started");
    line(b, "job b started");
    line(b, "lock c started");
    line(b, "first boom");
    pipeline_checkpoint(b->pipeline);
    ck_assert_uint_eq(b->n_rows, 4);
    ck_assert_uint_eq(b->n, 0); /* it waits for the lines after it */
    pass(b, 5 * S);

    use(b,
        "  - {id: fresh, match: fresh, absence: {every: 30m}}\n  - {id: boom, match: boom, event: {type: New}}\n" PAIR(
            "job", "20m") BACKUP);
    line(b, "what comes after");
    line(b, "second boom");
    line(b, "job a done");
    pass(b, 10 * S);
    ck_assert_uint_eq(b->n, 2);
    ck_at(b->events[0], "exception/values/0/type", "Old");
    ck_at(b->events[0], "breadcrumbs/values/4/message", "what comes after");
    ck_at(b->events[1], "exception/values/0/type", "New");
    const struct judge *j = pipeline_judge(b->pipeline);
    ck_assert_uint_eq(j->stats[rule_set_find(&b->rules, SLICE("boom"))->handle].hits, 2);
    ck_assert_uint_eq(j->stats[rule_set_find(&b->rules, SLICE("backup"))->handle].hits, 1);
    ck_assert_uint_eq(j->stats[rule_set_find(&b->rules, SLICE("fresh"))->handle].hits, 0);

    /* The rows in the store are those of what is still waited for. */
    pipeline_checkpoint(b->pipeline);
    ck_assert_uint_eq(b->n_rows, 3);

    /* Each when its rule says now, counted from the line that came before there was this set. */
    pass(b, 20 * 60 * S - 15 * S);
    ck_assert_uint_eq(of_rule(b, "job"), 0);
    pass(b, 2 * S);
    ck_assert_uint_eq(of_rule(b, "job"), 1);
    ck_assert_uint_eq(of_rule(b, "fresh"), 0);
    pass(b, 10 * 60 * S + 5 * S);
    ck_assert_uint_eq(of_rule(b, "fresh"), 1);
    ck_assert_uint_eq(of_rule(b, "backup"), 0);
    pass(b, 30 * 60 * S);
    ck_assert_uint_eq(of_rule(b, "backup"), 1);
    ck_assert_uint_eq(of_rule(b, "lock"), 0);
    ck_assert_uint_eq(b->n, 5);
    ck_assert_uint_eq(counted(b, COUNT_overdue_evicted), 0);
    ck_assert_uint_eq(counted(b, COUNT_overdue_lost), 1); /* the lock's rule had gone */
    bench_free(b);
}
END_TEST

/* A row that says nothing any more, and one of a line that the rule's pattern of now does not match: no event, but a
 * number. */
START_TEST(what_cannot_be_told_any_more_is_counted)
{
    static const struct slice records[] = {SLICE("\xff what is this"), SLICE("\x01\x04\0text\x04\x05\0other")};
    struct bench *b = bench_new(PAIR("job", "1m"), false);
    line(b, "job 7 started");
    pipeline_checkpoint(b->pipeline);
    ck_assert_uint_eq(b->n_rows, 1);
    b->rows[0].record.text = records[_i];
    restart(b, S);
    pass(b, 90 * S);
    ck_assert_uint_eq(b->n, 0);
    ck_assert_uint_eq(counted(b, COUNT_overdue), 0);
    ck_assert_uint_eq(counted(b, COUNT_overdue_lost), 1);
    bench_free(b);
}
END_TEST

/* A rule of the same id that waits for something else, and one that waits for less. */
START_TEST(another_set_changes_what_is_waited_for)
{
    struct bench *b = bench_new(PAIR("job", "1h") PAIR("lock", "1h"), false);
    line(b, "job a started");
    line(b, "lock b started");
    pass(b, 600 * S);
    use(b, "  - {id: job, match: 'job', absence: {every: 2h}}\n" PAIR("lock", "5m"));
    pass(b, 5 * S);
    ck_assert_uint_eq(b->n, 1);
    ck_assert_uint_eq(of_rule(b, "lock"), 1);
    pass(b, 3600 * S);
    ck_assert_uint_eq(b->n, 1);
    pass(b, 3601 * S);
    ck_assert_uint_eq(of_rule(b, "job"), 1);
    use(b, "  - {id: none, match: none}\n");
    line(b, "job a started");
    pass(b, 5 * 3600 * S);
    ck_assert_uint_eq(b->n, 2);
    pipeline_checkpoint(b->pipeline);
    ck_assert_uint_eq(b->n_rows, 0);
    ck_assert_uint_eq(counted(b, COUNT_overdue_lost),
                      1); /* the first job; of the second one its absence has been told */
    bench_free(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("overdue");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_silence_is_one_event);
    tcase_add_test(t, what_never_came_is_missed_from_the_start);
    tcase_add_test(t, time_without_crumbd_is_no_silence_and_no_excuse);
    tcase_add_test(t, a_clock_that_jumps_is_no_silence);
    tcase_add_test(t, each_value_is_waited_for_by_itself);
    tcase_add_test(t, a_monitor_is_told_and_not_flooded);
    tcase_add_test(t, names_from_a_log_make_few_monitors);
    tcase_add_test(t, schedules_slugs_and_gaps);
    tcase_add_test(t, a_start_without_end_is_an_event);
    tcase_add_test(t, starts_over_and_over_do_not_put_it_off);
    tcase_add_test(t, an_end_counts_whoever_decides_about_its_line);
    tcase_add_test(t, open_starts_survive_a_restart);
    tcase_add_test(t, a_long_start_without_end_is_an_event);
    tcase_add_test(t, a_long_line_that_does_not_come_again_is_an_event);
    tcase_add_test(t, the_same_start_gives_the_same_id);
    tcase_add_test(t, rules_that_have_gone_are_forgotten);
    tcase_add_loop_test(t, what_cannot_be_told_any_more_is_counted, 0, 2);
    tcase_add_test(t, what_is_waited_for_is_bounded);
    tcase_add_test(t, what_does_not_come_is_under_flood_control);
    tcase_add_test(t, by_the_records_own_times);
    tcase_add_test(t, a_threshold_slides_and_counts_by_value);
    tcase_add_test(t, thresholds_are_bounded);
    tcase_add_test(t, one_in_so_many);
    tcase_add_test(t, rules_that_go_on_add_up);
    tcase_add_test(t, rules_have_limits_of_their_own);
    tcase_add_test(t, rules_that_wait_keep_the_tags_of_those_before);
    tcase_add_test(t, records_are_packed_and_read_again);
    tcase_add_test(t, packed_records_are_bounded);
    tcase_add_test(t, deadline_records_are_stored_scrubbed);
    tcase_add_test(t, a_store_made_before_is_scrubbed_on_the_way_in);
    tcase_add_test(t, contradictions_are_refused_with_their_place);
    tcase_add_test(t, what_no_record_meets_is_refused);
    tcase_add_test(t, samples_prove_rules_over_time);
    tcase_add_test(t, another_set_goes_on);
    tcase_add_test(t, another_set_changes_what_is_waited_for);
    suite_add_tcase(s, t);
    return unit_run(s);
}
