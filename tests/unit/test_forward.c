/* Two steps in one process: pipelines that forward, one that takes up what they hand out, and one crumbd beside them.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/join.h"
#include "core/pipeline.h"
#include "tests/traces.h"
#include "text/json.h"

static const int64_t S = 1000000, START_US = INT64_C(1795428000000000);

/* ---- one crumbd, and two steps ---- */

static const char rules_text[] =
    "pack: app\n"
    "rules:\n"
    "  - {id: app.fault, match: 'fault (?<n>\\d+)', event: {type: Fault, fingerprint: [fault, '{n}']}}\n"
    "  - {id: app.few, match: 'few', event: {type: Few, fingerprint: [few]}, limits: {burst: 2, period: 2h}}\n"
    "  - {id: app.shop, match: 'shop', event: {type: Shop, fingerprint: [shop], project: shop}}\n"
    "  - {id: app.moon, match: 'moon', event: {type: Moon, fingerprint: [moon], project: moon}}\n";

enum { FIRST = 3, MESSAGES = 60000, ISSUES = 16 };

static const uint8_t store_id[16] = "0123456789abcdef";
static struct rule_set rules;

struct tally {
    uint64_t issue;
    char title[160];
    uint64_t events, summaries, suppressed, news;
};

struct crumbd {
    struct options options;
    struct options_project projects[1];
    struct join_options join;
    struct pipeline *pipeline;
    struct stream stream;
    struct tally issues[ISSUES];
    unsigned n_issues;
    unsigned number; /* of those that forward */
    uint64_t offset;
};

static struct {
    struct slice v[MESSAGES];
    unsigned n;
} topic;

static struct sbuf written(const struct forwarded *f)
{
    struct sbuf text;
    sbuf_init(&text, FORWARDED_BYTES_MAX);
    ck_assert(forwarded_write(f, &text));
    return text;
}

static struct tally *tally_of(struct crumbd *c, uint64_t issue)
{
    unsigned i = 0;
    while (i < c->n_issues && c->issues[i].issue != issue)
        i++;
    ck_assert_uint_lt(i, ISSUES);
    c->issues[i].issue = issue;
    c->n_issues += i == c->n_issues;
    return &c->issues[i];
}

static bool on_event(void *u, const struct event_out *e)
{
    struct crumbd *c = u;
    struct arena a = {0};
    const struct json_node *root = json_tree(&a, e->payload.text);
    ck_assert(root && root->type == JSON_MAP);
    ck_assert(slice_is(json_get(root, "event_id")->text, e->event_id));
    if (e->open) {
        arena_done(&a);
        return true;
    }
    struct tally *t = tally_of(c, e->issue);
    snprintf(t->title, sizeof t->title, "%.*s", SLICE_ARG(e->title.text));
    t->events += !e->suppressed;
    t->summaries += e->suppressed > 0;
    t->suppressed += e->suppressed;
    t->news += !e->suppressed && e->news == ISSUE_NEW;
    if (e->suppressed) {
        const struct json_node *n = json_get(json_get(json_get(root, "contexts"), "crumbd"), "suppressed");
        uint64_t told;
        ck_assert(n && slice_u64(n->text, &told) && told == e->suppressed);
        ck_assert_ptr_null(json_get(root, "request"));
    }
    arena_done(&a);
    return true;
}

/* As the sender writes it (io/up_kafka.c). */
static void put(const struct crumbd *c, enum forwarded_kind kind, const struct event_out *e)
{
    struct forwarded f = {.kind = kind,
                          .from = c->number,
                          .issue = e->issue,
                          .time_us = e->time_us,
                          .level = e->level,
                          .title = e->title.text,
                          .payload = e->payload.text};
    memcpy(f.event_id, e->event_id, sizeof f.event_id);
    ck_assert_uint_eq(e->project.n, 0); /* all of it is for one place */
    struct sbuf text = written(&f);
    ck_assert_uint_lt(topic.n, MESSAGES);
    topic.v[topic.n++] = slice_of(slice_dup(sbuf_slice(&text)), text.n);
    sbuf_done(&text);
}

static bool on_forwarded(void *u, const struct event_out *e)
{
    ck_assert_uint_eq(e->suppressed, 0);
    if (!e->open) /* the sender waits for the other form */
        put(u, FORWARDED_EVENT, e);
    return true;
}

static void on_number(void *u, const struct event_out *e)
{
    put(u, FORWARDED_COUNT, e);
}

static struct crumbd *crumbd_new(unsigned number, bool forwards, int64_t wait_us, unsigned whole, unsigned new_issues)
{
    struct crumbd *c = xcalloc(1, sizeof *c);
    *c = (struct crumbd){.number = number, .join = join_defaults, .projects = {{.name = SLICE("shop")}}};
    c->options = (struct options){
        .fallback = FALLBACK_EVENT,
        .crumbs = {.before = 3, .after = 1, .wait_us = wait_us, .max_age_us = 600 * S, .memory_bytes = 1 << 20},
        .limits = {.burst = 10,
                   .period_us = 3600 * S,
                   .per_minute = UINT32_MAX,
                   .per_day = UINT32_MAX,
                   .new_issues = new_issues},
        .forward = {.on = forwards, .whole = whole},
        .projects = c->projects,
        .n_projects = 1};
    const struct pipeline_setup setup = {
        .options = &c->options,
        .rules = &rules,
        .store_id = store_id,
        .run_key = 100 + number,
        .hooks = {.u = c, .emit = forwards ? on_forwarded : on_event, .number = on_number}};
    c->pipeline = pipeline_new(&setup);
    c->stream = (struct stream){.format = FORMAT_TEXT,
                                .source = SLICE("app"),
                                .input = SLICE("app"),
                                .trusted = true,
                                .file_key = 77 + number,
                                .ring = 77 + number,
                                .join = &c->join,
                                .last_us = RECORD_NO_TIME};
    return c;
}

static void crumbd_message(struct crumbd *c, struct slice text, int64_t now_us)
{
    const struct message m = {
        .stream = &c->stream, .text = text, .lines = 1, .offset = c->offset, .end = c->offset + 1, .read = MESSAGE_NEW};
    c->offset++;
    pipeline_message(c->pipeline, &m, now_us);
}

static void crumbd_line(struct crumbd *c, const char *text, int64_t now_us)
{
    char line[128];
    snprintf(line, sizeof line, "ERROR %s", text);
    crumbd_message(c, slice_str(line), now_us);
}

static void crumbd_end(struct crumbd *c)
{
    pipeline_flush(c->pipeline);
    pipeline_checkpoint(c->pipeline);
    const struct counts *n = pipeline_counts(c->pipeline);
    ck_assert_uint_eq(count_fates(n), c->offset);
    const struct count_open open = pipeline_open(c->pipeline);
    ck_assert_uint_eq(open.events + open.lines, 0);
}

static struct crumbd *takes_up(unsigned new_issues)
{
    struct crumbd *c = crumbd_new(9, false, 0, 0, new_issues);
    c->stream.format = FORMAT_ENVELOPE;
    c->stream.input = SLICE("kafka:steps:promoted");
    return c;
}

static void topic_done(void)
{
    for (unsigned i = 0; i < topic.n; i++)
        free((char *)(uintptr_t)topic.v[i].p);
    topic.n = 0;
}

static uint32_t dice_state;

static unsigned dice(unsigned n)
{
    dice_state = dice_state * 1664525 + 1013904223;
    return (dice_state >> 8) % n;
}

/* Lines of some faults, of which one is hot, to three that forward; checkpoints and pauses as they fall. `again`: of a
   hundred messages so many come again. */
static void two_steps(unsigned seed, unsigned lines, unsigned whole, int64_t wait_us, unsigned again)
{
    struct crumbd *first[FIRST], *second = takes_up(0), *one = crumbd_new(8, false, wait_us, 0, 0);
    int64_t now_us = START_US;
    dice_state = seed;
    for (unsigned i = 0; i < FIRST; i++)
        first[i] = crumbd_new(i, true, wait_us, whole, 0);
    for (unsigned i = 0; i < lines; i++) {
        char text[32];
        struct crumbd *at = first[dice(FIRST)];
        unsigned kind = dice(100);
        snprintf(text, sizeof text,
                 kind < 90   ? "fault 1"
                 : kind < 95 ? "few"
                 : kind < 98 ? "shop"
                             : "fault %u",
                 2 + dice(3));
        crumbd_line(at, text, now_us);
        crumbd_line(one, text, now_us);
        now_us += dice(200) ? 20 : (int64_t)dice(600000);
        if (dice(300) == 0)
            pipeline_checkpoint(first[dice(FIRST)]->pipeline);
        if (dice(50) == 0)
            pipeline_tick(at->pipeline, now_us);
    }
    uint64_t counted = 0;
    for (unsigned i = 0; i < FIRST; i++) {
        crumbd_end(first[i]);
        const struct counts *n = pipeline_counts(first[i]->pipeline);
        ck_assert_uint_eq(n->v[COUNT_suppressed] + n->v[COUNT_summaries], 0);
        counted += n->v[COUNT_counted];
    }
    ck_assert(whole > lines || counted > 0);
    unsigned sent = topic.n, repeats = 0;
    for (unsigned i = 0; i < sent; i++) {
        crumbd_message(second, topic.v[i], now_us);
        for (unsigned back = i < 1000 ? i : 1000; dice(100) < again; repeats++)
            crumbd_message(second, topic.v[i - (back ? dice(back + 1) : 0)], now_us);
    }
    crumbd_end(second);
    crumbd_end(one);
    ck_assert_uint_eq(pipeline_counts(second->pipeline)->v[COUNT_taken_before], repeats);
    ck_assert(!again || repeats > 0);
    ck_assert_uint_eq(second->n_issues, one->n_issues);
    for (unsigned i = 0; i < one->n_issues; i++) {
        const struct tally *want = &one->issues[i], *got = tally_of(second, want->issue);
        ck_assert_str_eq(got->title, want->title);
        ck_assert_msg(got->events == want->events, "%s of %u: %llu, not %llu of %llu", want->title, lines,
                      (unsigned long long)got->events, (unsigned long long)want->events,
                      (unsigned long long)(want->events + want->suppressed));
        ck_assert_uint_eq(got->suppressed, want->suppressed);
        ck_assert_uint_eq(got->news, 1);
        ck_assert_uint_eq(want->news, 1);
    }
    for (unsigned i = 0; i < FIRST; i++) {
        pipeline_free(first[i]->pipeline);
        free(first[i]);
    }
    pipeline_free(second->pipeline);
    pipeline_free(one->pipeline);
    free(second);
    free(one);
    topic_done();
}

START_TEST(two_steps_make_the_events_of_one)
{
    for (unsigned seed = 1; seed <= 6; seed++) {
        two_steps(seed, 8000, 100, 500000, 0);
        two_steps(seed, 8000, 10, 0, 0);
        two_steps(seed, 3000, 20, 500000, 30);
        two_steps(seed, 500, 1000, 0, 10);
    }
}
END_TEST

/* Lines [from, to) of a topic that others read as well; two of three are of one fault, so that what is counted has
 * gaps. */
static void judge_partition(struct crumbd *c, unsigned from, unsigned to)
{
    c->stream.log_id = store_id;
    c->stream.file_key = 7;
    for (unsigned i = from; i < to; i++) {
        char text[32];
        int64_t at_us = START_US + i * (S / 1000);
        snprintf(text, sizeof text, "ERROR fault %u", i < 2000 ? 1 : i % 3 == 0 ? 2 : 1);
        const struct message m = {.stream = &c->stream,
                                  .text = slice_str(text),
                                  .lines = 1,
                                  .offset = i,
                                  .end = i + 1,
                                  .received_us = at_us,
                                  .read = MESSAGE_NEW};
        c->offset++;
        pipeline_message(c->pipeline, &m, START_US + i);
        if (i % 700 == 699)
            pipeline_checkpoint(c->pipeline);
    }
    crumbd_end(c);
}

/* A partition moves away from one that had judged more than was committed, and tells it all the same, some of it late.
 */
START_TEST(lines_that_two_have_judged_count_once)
{
    struct crumbd *one = crumbd_new(8, false, 0, 0, 0), *second = takes_up(0), *third = crumbd_new(3, true, 0, 20, 0);
    struct crumbd *old = crumbd_new(1, true, 0, 20, 0), *new = crumbd_new(2, true, 0, 20, 0);
    judge_partition(one, 0, 6000);
    judge_partition(old, 0, 3500);
    unsigned of_old = topic.n;
    judge_partition(new, 1100, 5000);
    unsigned of_new = topic.n;
    judge_partition(third, 4321, 6000);
    for (unsigned i = 0; i < of_old / 2; i++)
        crumbd_message(second, topic.v[i], START_US);
    for (unsigned i = of_old; i < of_new; i++)
        crumbd_message(second, topic.v[i], START_US);
    for (unsigned i = of_old / 2; i < of_old; i++)
        crumbd_message(second, topic.v[i], START_US);
    for (unsigned i = of_new; i < topic.n; i++)
        crumbd_message(second, topic.v[i], START_US);
    crumbd_end(second);
    /* 1100 to 3500 and 4321 to 5000 are known by their lines, or by their ids. */
    const uint64_t *counts = pipeline_counts(second->pipeline)->v, both = 2400 + 679;
    ck_assert_uint_le(counts[COUNT_told_twice], both);
    ck_assert_uint_ge(counts[COUNT_told_twice] + counts[COUNT_taken_before], both);
    ck_assert_uint_eq(second->n_issues, 2);
    for (unsigned i = 0; i < 2; i++) {
        const struct tally *want = &one->issues[i], *got = tally_of(second, want->issue);
        ck_assert_uint_eq(got->events + got->suppressed, want->events + want->suppressed);
        ck_assert_uint_eq(got->events, want->events);
        ck_assert_uint_eq(got->news, 1);
    }
    struct crumbd *const all[] = {one, old, new, third, second};
    for (unsigned i = 0; i < 5; i++) {
        pipeline_free(all[i]->pipeline);
        free(all[i]);
    }
    topic_done();
}
END_TEST

START_TEST(what_is_owed_passes_later)
{
    /* A limiter that was told of a thousand lets the next pass that have been owed, and no more. */
    struct flood *l = flood_new(NULL, NULL, NULL);
    const struct flood_issue issue = {.key = 1, .project = 1, .burst = 10, .period_us = 3600 * S};
    const struct flood_budget budget = {UINT32_MAX, UINT32_MAX};
    unsigned passed = 0;
    ck_assert_int_eq(flood_admit(l, &issue, &budget, START_US), FLOOD_PASS);
    flood_tell(l, &issue, 1000, START_US); /* the rest of the burst, 20, 40, 80, 160, 320, 640 are in it */
    ck_assert(flood_lacks_sample(l, 1));
    for (unsigned i = 0; i < 100; i++)
        passed += flood_admit(l, &issue, &budget, START_US) == FLOOD_PASS;
    ck_assert_uint_eq(passed, 9 + 6);
    flood_tell(l, &issue, UINT64_C(1) << 50, START_US);
    for (unsigned i = 0; i < 100; i++)
        passed += flood_admit(l, &issue, &budget, START_US) == FLOOD_PASS;
    ck_assert_uint_eq(passed, 9 + 6 + 40); /* 1280 = 10·2^7 to 10·2^46 */
    flood_free(l);
}
END_TEST

static unsigned forward_lines(const char *const *lines, unsigned n)
{
    struct crumbd *c = crumbd_new(1, true, 0, 100, 0);
    for (unsigned i = 0; i < n; i++)
        crumbd_line(c, lines[i], START_US);
    crumbd_end(c);
    pipeline_free(c->pipeline);
    free(c);
    return topic.n;
}

/* What the owner before has limited is read again: the new one goes on with it, as if it had been here all along. */
START_TEST(a_new_owner_goes_on)
{
    struct crumbd *one = crumbd_new(8, false, 0, 0, 0), *from = crumbd_new(1, true, 0, 20, 0);
    struct crumbd *before = takes_up(0), *after = takes_up(0);
    for (unsigned i = 0; i < 5000; i++) {
        crumbd_line(one, "fault 1", START_US + i);
        crumbd_line(from, "fault 1", START_US + i);
        if (i % 100 == 0)
            pipeline_checkpoint(from->pipeline);
    }
    crumbd_end(from);
    crumbd_end(one);
    unsigned half = topic.n / 2;
    for (unsigned i = 0; i < half; i++)
        crumbd_message(before, topic.v[i], START_US);
    crumbd_end(before);
    for (unsigned i = 0; i < topic.n; i++) {
        const struct message m = {.stream = &after->stream,
                                  .text = topic.v[i],
                                  .lines = 1,
                                  .offset = i,
                                  .end = i + 1,
                                  .read = i < half ? MESSAGE_AGAIN : MESSAGE_NEW};
        after->offset++;
        pipeline_message(after->pipeline, &m, START_US);
        if (i == half) /* it comes again */
            crumbd_message(after, topic.v[0], START_US);
    }
    crumbd_end(after);
    ck_assert_uint_eq(pipeline_counts(after->pipeline)->v[COUNT_read_twice], half);
    ck_assert_uint_eq(pipeline_counts(after->pipeline)->v[COUNT_taken_before], 1);
    ck_assert_uint_gt(before->issues->suppressed, 0);
    ck_assert_uint_gt(after->issues->events, 0);
    ck_assert_uint_eq(before->issues->events + after->issues->events, one->issues->events);
    ck_assert_uint_eq(before->issues->suppressed + after->issues->suppressed, one->issues->suppressed);
    ck_assert_uint_eq(after->issues->news, 0);
    struct crumbd *const all[] = {one, from, before, after};
    for (unsigned i = 0; i < 4; i++) {
        pipeline_free(all[i]->pipeline);
        free(all[i]);
    }
    topic_done();
}
END_TEST

START_TEST(new_kinds_above_the_budget_are_one_issue)
{
    static const char *const lines[] = {"fault 1", "fault 2", "fault 3", "fault 4",
                                        "fault 5", "fault 6", "fault 7", "fault 8"};
    struct crumbd *c = takes_up(4);
    unsigned n = forward_lines(lines, 8);
    ck_assert_uint_eq(n, 8);
    for (unsigned i = 0; i < n; i++)
        crumbd_message(c, topic.v[i], START_US);
    crumbd_end(c);
    /* A quarter is kept for constant fingerprints: of four there are three. */
    ck_assert_uint_eq(pipeline_counts(c->pipeline)->v[COUNT_folded], 5);
    const struct tally *folded = c->issues;
    while (!strstr(folded->title, "new kinds"))
        folded++;
    ck_assert_str_eq(folded->title, "new kinds of errors from kafka:steps:promoted: more than 4 in an hour");
    ck_assert_uint_eq(folded->events, 5);
    ck_assert_uint_eq(c->n_issues, 4);
    pipeline_free(c->pipeline);
    free(c);
    topic_done();
}
END_TEST

START_TEST(a_project_that_is_not_configured_is_the_default_one)
{
    static const char *const lines[] = {"shop", "moon"};
    struct crumbd *c = takes_up(0);
    unsigned n = forward_lines(lines, 2);
    for (unsigned i = 0; i < n; i++)
        crumbd_message(c, topic.v[i], START_US);
    crumbd_end(c);
    ck_assert_uint_eq(pipeline_counts(c->pipeline)->v[COUNT_unknown_project], 1);
    ck_assert_uint_eq(pipeline_counts(c->pipeline)->v[COUNT_event], 2);
    pipeline_free(c->pipeline);
    free(c);
    topic_done();
}
END_TEST

START_TEST(bad_messages_are_refused_and_counted)
{
    static const char head[] = "{\"event_id\":\"0123456789abcdef0123456789abcdef\",\"crumbd\":{\"v\":1,\"from\":"
                               "\"0123456789abcdef\",\"time\":1,\"issue\":\"0123456789abcdef\"}}\n";
    static const char *const bad[] = {"", "ERROR fault 1", "{}\n{}\n{}", "{\"type\":\"event\",\"length\":3}\n{}",
                                      "{\"type\":\"event\",\"length\":9}\n{\"a\":\"\xff\"}"};
    struct crumbd *c = takes_up(0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s", i < 3 ? "" : head, bad[i]);
        crumbd_message(c, slice_str(text), START_US);
    }
    crumbd_end(c);
    ck_assert_uint_eq(pipeline_counts(c->pipeline)->v[COUNT_refused], sizeof bad / sizeof *bad);
    ck_assert_uint_eq(c->n_issues, 0);
    pipeline_free(c->pipeline);
    free(c);
}
END_TEST

static void set_up(void)
{
    struct diag d = {0};
    struct conf_file *f = conf_parse("test.yaml", slice_str(rules_text), &d);
    ck_assert(f && rule_set_load(&rules, f, &d));
    rules.traces = traces_load(true);
    rule_set_ready(&rules, true);
    err_done(&d);
}

static void tear_down(void)
{
    trace_set_free(rules.traces);
    rule_set_done(&rules);
}

int main(void)
{
    Suite *s = suite_create("two steps");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, two_steps_make_the_events_of_one);
    tcase_add_test(t, lines_that_two_have_judged_count_once);
    tcase_add_test(t, what_is_owed_passes_later);
    tcase_add_test(t, a_new_owner_goes_on);
    tcase_add_test(t, new_kinds_above_the_budget_are_one_issue);
    tcase_add_test(t, a_project_that_is_not_configured_is_the_default_one);
    tcase_add_test(t, bad_messages_are_refused_and_counted);
    suite_add_tcase(s, t);
    return unit_run(s);
}
