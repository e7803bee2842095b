/*
 * Rule files and what they make of lines: YAML up to a line of "----", then lines of nginx's error log. Every line must
 * end in one fate, every event must be JSON, and the prefilter must decide as trying every rule does.
 */
#include "tests/fuzz/fuzz.h"

#include <assert.h>

#include "core/pipeline.h"
#include "text/json.h"

enum { LINES_MAX = 50, INPUT_MAX = 16384 };

static bool on_event(void *u, const struct event_out *e)
{
    struct arena a = {0};
    (void)u;
    assert(json_tree(&a, e->payload.text));
    arena_done(&a);
    return true;
}

static void on_check_in(void *u, const struct event_out *e)
{
    on_event(u, e);
}

static bool load(struct rule_set *set, struct slice text)
{
    struct diag d = {0};
    struct conf_file *f = conf_parse("fuzz.yaml", text, &d);
    bool ok = f && rule_set_load(set, f, &d);
    assert(ok || d.errors);
    err_done(&d);
    return ok;
}

struct seen_outcome {
    const struct rule *rule;
    uint64_t ends; /* a number of the pairs it is an end of, and of their keys */
};

static struct seen_outcome outcome(struct judge *j, const struct record *r, bool exhaustive)
{
    struct arena a = {0};
    struct verdict v;
    j->exhaustive = exhaustive;
    judge_record(j, r, &a, &v, NULL, NULL);
    struct seen_outcome o = {.rule = v.rule};
    for (const struct rule_end *e = v.ends; e; e = e->next)
        o.ends = hash_mix(o.ends, e->key + e->rule->index);
    arena_done(&a);
    return o;
}

/* A rule that gives up at the match limit may do so in one way of matching and not in the other. */
static bool gave_up(const struct judge *j)
{
    return j->limit_hits > 0;
}

static void compare_judging(const struct rule_set *set, struct slice line)
{
    struct judge with, without;
    struct arena a = {0};
    struct parse_ctx ctx = {.arena = &a, .last_us = RECORD_NO_TIME};
    static struct record r;
    record_init(&r, FORMAT_NGINX_ERROR, line);
    if (parser_parse(FORMAT_NGINX_ERROR, &ctx, &r)) {
        judge_init(&with, set);
        judge_init(&without, set);
        struct seen_outcome fast = outcome(&with, &r, false), slow = outcome(&without, &r, true);
        assert((fast.rule == slow.rule && fast.ends == slow.ends) || gave_up(&with) || gave_up(&without));
        judge_done(&with);
        judge_done(&without);
    }
    arena_done(&a);
}

static void run_lines(const struct rule_set *set, struct slice lines)
{
    static const uint8_t store_id[16];
    const struct options options = {
        .crumbs = {.before = 5, .after = 2, .wait_us = 1000, .max_age_us = 1000000, .memory_bytes = 65536},
        .limits = {.burst = 2, .period_us = 1000000, .per_minute = 10, .per_day = 20},
        .scrub = {.defaults = true}};
    const struct pipeline_setup setup = {.options = &options,
                                         .rules = set,
                                         .store_id = store_id,
                                         .record_clock = true,
                                         .hooks = {.emit = on_event, .check_in = on_check_in}};
    struct stream s = {
        .format = FORMAT_NGINX_ERROR, .trusted = true, .file_key = 1, .ring = 1, .last_us = RECORD_NO_TIME};
    struct pipeline *p = pipeline_new(&setup);
    unsigned n = 0;
    for (; lines.p && n < LINES_MAX; n++) {
        struct slice line = slice_split(&lines, '\n');
        pipeline_message(p, &(struct message){.stream = &s, .text = line, .lines = 1, .offset = n},
                         INT64_C(1795428000000000));
        compare_judging(set, line);
    }
    pipeline_elapse(p, INT64_C(86400000000));
    pipeline_flush(p);
    assert(count_fates(pipeline_counts(p)) == n);
    pipeline_free(p);
}

int fuzz_target(const uint8_t *data, size_t size)
{
    struct slice input = slice_of((const char *)data, size > INPUT_MAX ? INPUT_MAX : size);
    ptrdiff_t at = slice_find(input, SLICE("\n----\n"));
    struct rule_set set = {0};
    if (load(&set, at < 0 ? input : slice_sub(input, 0, (size_t)at + 1)) && set.n <= 8) {
        rule_set_ready(&set, true);
        run_lines(&set, at < 0 ? SLICE("2026/11/23 10:00:00 [error] 7#7: *1 x") : slice_from(input, (size_t)at + 6));
    }
    rule_set_done(&set);
    return 0;
}
