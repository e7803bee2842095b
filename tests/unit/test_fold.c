/* Too many new kinds of errors become one issue, and no occurrence is lost on the way: the pipeline with
 * limits.new_issues. */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "base/table.h"
#include "base/xalloc.h"
#include "core/pipeline.h"
#include "text/json.h"

static const char rules_text[] =
    "pack: shop\n"
    "rules:\n"
    "  - id: shop.constant\n"
    "    match: '^disk (?<name>\\w+) is broken'\n"
    "    event: {type: Disk, message: 'disk {name}', fingerprint: [shop, disk]}\n"
    "  - id: shop.named\n"
    "    match: '^unit (?<name>\\w+) is broken'\n"
    "    event: {type: Unit, message: 'unit {name}', fingerprint: [shop, unit, '{name}']}\n"
    "  - id: shop.tenant\n"
    "    match: '^tenant (?<name>\\w+) fails'\n"
    "    event: {type: Tenant, fingerprint: [shop, '{name}'], project: '{name}'}\n";

enum { LIMIT = 200, PROJECTS = 2 };

struct bench {
    struct rule_set rules;
    struct options options;
    struct pipeline *pipeline;
    uint64_t lines; /* that it was given */
    struct stream far, near;
    int64_t now_us;
    /* What came out. */
    struct table fingerprints;
    uint64_t events, suppressed, folded_events, folded_suppressed, notices;
    char folded_fingerprint[64], folded_title[256], folded_kind[256], top[8192], project[64], notice_peer[64];
    /* The state as a store keeps it. */
    struct flood_row rows[2048];
    unsigned n_rows;
};

static void hand_in(struct bench *b, const struct message *m, int64_t now_us)
{
    b->lines += m->lines;
    pipeline_message(b->pipeline, m, now_us);
}

static struct slice member(const struct json_node *n, const char *a, const char *b, const char *c)
{
    const char *const path[] = {a, b, c};
    for (unsigned i = 0; n && i < 3 && path[i]; i++)
        n = json_get(n, path[i]);
    return n ? n->text : SLICE_NONE;
}

static bool on_event(void *u, const struct event_out *e)
{
    struct bench *b = u;
    struct arena a = {0};
    const struct json_node *root = json_tree(&a, e->payload.text), *fp = json_get(root, "fingerprint");
    uint64_t hash = slice_hash(e->project, 0);
    if (e->open)
        return true;
    for (const struct json_node *part = fp->child; part; part = part->next)
        hash = hash_mix(hash, slice_hash(part->text, 1));
    table_put(&b->fingerprints, hash, b);
    bool folded = slice_is(fp->child->text, "crumbd");
    b->events += e->suppressed == 0;
    b->suppressed += e->suppressed;
    snprintf(b->project, sizeof b->project, "%.*s", SLICE_ARG(e->project));
    if (folded) {
        b->folded_events += e->suppressed == 0;
        b->folded_suppressed += e->suppressed;
        snprintf(b->folded_fingerprint, sizeof b->folded_fingerprint, "%.*s %.*s %.*s", SLICE_ARG(fp->child->text),
                 SLICE_ARG(fp->child->next->text), SLICE_ARG(fp->child->next->next->text));
        snprintf(b->folded_title, sizeof b->folded_title, "%.*s", SLICE_ARG(e->title.text));
        snprintf(b->folded_kind, sizeof b->folded_kind, "%.*s", SLICE_ARG(member(root, "contexts", "crumbd", "kind")));
        const struct json_node *top = json_get(json_get(json_get(root, "contexts"), "crumbd"), "top");
        const struct json_node *kinds = top ? json_get(top, "kind") : NULL;
        if (kinds)
            snprintf(b->top, sizeof b->top, "%.*s", SLICE_ARG(kinds->child->text));
    }
    arena_done(&a);
    return true;
}

static void on_row(void *u, const struct flood_row *row)
{
    struct bench *b = u;
    unsigned i = 0;
    while (i < b->n_rows && b->rows[i].key != row->key)
        i++;
    ck_assert_uint_lt(i, 2048);
    b->n_rows += i == b->n_rows;
    b->rows[i] = *row;
    b->rows[i].sample = NULL;
    b->rows[i].top_values = NULL;
    b->rows[i].top_values_text.text = SLICE_NONE;
}

static void on_notice(void *u, const struct notice *n)
{
    struct bench *b = u;
    b->notices++;
    snprintf(b->notice_peer, sizeof b->notice_peer, "%.*s", SLICE_ARG(n->peer));
}

static void begin(struct bench *b)
{
    static const uint8_t store_id[16] = "0123456789abcdef";
    const struct pipeline_setup setup = {.options = &b->options,
                                         .rules = &b->rules,
                                         .store_id = store_id,
                                         .run_key = 9,
                                         .hooks = {.u = b, .emit = on_event, .flood_row = on_row, .notice = on_notice}};
    b->pipeline = pipeline_new(&setup);
    b->lines = 0;
}

static struct bench *bench_new(void)
{
    struct bench *b = xcalloc(1, sizeof *b);
    struct diag d = {0};
    static const struct options_project projects[] = {{{"billing", 7}, false}};
    struct conf_file *f = conf_parse("test.yaml", slice_str(rules_text), &d);
    ck_assert(f && rule_set_load(&b->rules, f, &d));
    rule_set_ready(&b->rules, true);
    b->options = (struct options){
        .environment = SLICE("production"),
        .crumbs = {.memory_bytes = 1 << 20},
        .limits = {.burst = 10, .period_us = 3600000000, .per_minute = 300, .per_day = 100000, .new_issues = LIMIT},
        .projects = projects,
        .n_projects = 1};
    b->now_us = INT64_C(1795428000000000);
    b->near = (struct stream){.format = FORMAT_TEXT,
                              .source = SLICE("/log/app.log"),
                              .input = SLICE("/log/*.log"),
                              .last_us = RECORD_NO_TIME};
    b->far = (struct stream){.format = FORMAT_TEXT,
                             .source = SLICE("udp://0.0.0.0:514"),
                             .input = SLICE("udp://0.0.0.0:514"),
                             .peer = SLICE("203.0.113.9"),
                             .remote = true,
                             .network = 77,
                             .last_us = RECORD_NO_TIME};
    begin(b);
    return b;
}

static void end(struct bench *b)
{
    ck_assert_uint_eq(count_fates(pipeline_counts(b->pipeline)), b->lines);
    ck_assert_uint_eq(pipeline_open(b->pipeline).lines, 0);
    pipeline_free(b->pipeline);
}

static void bench_free(struct bench *b)
{
    end(b);
    rule_set_done(&b->rules);
    table_done(&b->fingerprints);
    free(b);
}

static void feed(struct bench *b, struct stream *s, const char *text)
{
    hand_in(b, &(struct message){.stream = s, .text = slice_str(text), .lines = 1}, b->now_us += 1000);
    pipeline_tick(b->pipeline, b->now_us);
}

/* Letters only: nothing that a template would take out. */
static void feed_words(struct bench *b, struct stream *s, const char *before, const char *after, unsigned from,
                       unsigned n)
{
    for (unsigned i = from; i < from + n; i++) {
        char word[16] = "q", line[128];
        unsigned at = 1;
        for (unsigned v = i; v; v /= 20)
            word[at++] = "bcdfghjklmnpqrstvwxz"[v % 20];
        snprintf(line, sizeof line, "%s%s%s", before, word, after);
        feed(b, s, line);
    }
}

static uint64_t counted(const struct bench *b, enum count c)
{
    return pipeline_counts(b->pipeline)->v[c];
}

/* What a stranger makes up is bounded, exact and legible; what a rule of this host finds passes meanwhile, each once.
 */
START_TEST(a_flood_of_new_kinds_is_one_issue)
{
    struct bench *b = bench_new();
    enum { SENT = 80000 };
    feed_words(b, &b->far, "ERROR word ", " in the middle", 0, SENT);
    ck_assert_uint_eq(b->notices, 1);
    ck_assert_str_eq(b->notice_peer, "203.0.113.9");
    ck_assert_str_eq(b->folded_fingerprint, "crumbd new-kinds udp://0.0.0.0:514");
    ck_assert_str_eq(b->folded_title, "new kinds of errors from udp://0.0.0.0:514: more than 200 in an hour");
    ck_assert_ptr_nonnull(strstr(b->folded_kind, " in the middle"));
    ck_assert_uint_eq(b->fingerprints.n, LIMIT / 2 + 1);
    uint64_t before = b->events;
    feed(b, &b->near, "ERROR a fault of this host");
    feed(b, &b->near, "disk alpha is broken");
    ck_assert_uint_eq(b->events, before + 2);
    ck_assert_uint_eq(b->fingerprints.n, LIMIT / 2 + 3);
    pipeline_flush(b->pipeline);
    ck_assert_uint_eq(b->events + b->suppressed, SENT + 2);
    ck_assert_uint_eq(b->folded_events + b->folded_suppressed, SENT - LIMIT / 2);
    ck_assert_uint_eq(counted(b, COUNT_folded), SENT - LIMIT / 2);
    ck_assert_uint_eq(counted(b, COUNT_event), b->events);
    ck_assert_uint_eq(counted(b, COUNT_suppressed), b->suppressed);
    ck_assert_uint_le(b->folded_events, 10 + 13); /* a burst of ten, then doublings up to 40960 */
    bench_free(b);
}
END_TEST

START_TEST(the_commonest_of_them_is_named)
{
    struct bench *b = bench_new();
    feed_words(b, &b->near, "ERROR word ", " in the middle", 0, LIMIT);
    for (unsigned i = 0; i < 300; i++) {
        feed_words(b, &b->near, "ERROR word ", " in the middle", LIMIT + i, 1);
        feed(b, &b->near, "ERROR the same again");
    }
    pipeline_flush(b->pipeline);
    ck_assert_ptr_nonnull(strstr(b->top, "the same again"));
    ck_assert_uint_eq(b->events + b->suppressed, LIMIT + 600);
    bench_free(b);
}
END_TEST

/* What all may use: half for one remote peer, three quarters for what lines can make up, all of it with rules that do
 * not. */
START_TEST(the_last_quarter_is_for_constant_fingerprints)
{
    struct bench *b = bench_new();
    feed_words(b, &b->near, "unit ", " is broken", 0, 1000);
    ck_assert_uint_eq(b->fingerprints.n, LIMIT - LIMIT / 4 + 1);
    uint64_t before = b->events;
    feed(b, &b->far, "disk alpha is broken");
    ck_assert_uint_eq(b->events, before + 1);
    ck_assert_uint_eq(b->fingerprints.n, LIMIT - LIMIT / 4 + 2);
    bench_free(b);
}
END_TEST

/* A project's use is its own, and a name that a line made up is none. */
START_TEST(projects_are_those_of_the_configuration)
{
    struct bench *b = bench_new();
    feed_words(b, &b->near, "tenant ", " fails", 0, 1000);
    ck_assert_str_eq(b->project, "");
    ck_assert_uint_eq(counted(b, COUNT_unknown_project), 1000);
    ck_assert_uint_eq(b->fingerprints.n, LIMIT - LIMIT / 4 + 1);
    feed(b, &b->near, "tenant billing fails");
    ck_assert_str_eq(b->project, "billing");
    ck_assert_uint_eq(b->fingerprints.n, LIMIT - LIMIT / 4 + 2);
    bench_free(b);
}
END_TEST

static void restart(struct bench *b)
{
    pipeline_checkpoint(b->pipeline);
    end(b);
    begin(b);
    for (unsigned i = 0; i < b->n_rows; i++)
        if (!b->rows[i].closed)
            flood_gate_restore(pipeline_flood_gate(b->pipeline), &b->rows[i]);
}

START_TEST(a_restart_gives_nothing_anew)
{
    struct bench *b = bench_new();
    for (unsigned i = 0; i < 5; i++) {
        feed_words(b, &b->far, "ERROR word ", " in the middle", i * 50, 50);
        restart(b);
    }
    ck_assert_uint_eq(b->fingerprints.n, LIMIT / 2 + 1);
    uint64_t folded = b->folded_events;
    feed_words(b, &b->far, "ERROR word ", " in the middle", 0, 50); /* known ones */
    ck_assert_uint_eq(counted(b, COUNT_folded), 0);
    ck_assert_uint_eq(b->folded_events, folded);
    b->now_us += INT64_C(3600000000);
    restart(b);
    feed_words(b, &b->far, "ERROR word ", " in the middle", 0, 100); /* known still, in their next period */
    ck_assert_uint_eq(counted(b, COUNT_folded), 0);
    feed_words(b, &b->far, "ERROR word ", " in the middle", 1000, 100);
    ck_assert_uint_eq(counted(b, COUNT_folded), 0);
    feed_words(b, &b->far, "ERROR word ", " in the middle", 2000, 10);
    ck_assert_uint_eq(counted(b, COUNT_folded), 10);
    bench_free(b);
}
END_TEST

START_TEST(without_a_bound_nothing_is_folded)
{
    struct bench *b = bench_new();
    b->options.limits.new_issues = 0;
    feed_words(b, &b->far, "ERROR word ", " in the middle", 0, 1000);
    ck_assert_uint_eq(b->fingerprints.n, 1000);
    ck_assert_uint_eq(counted(b, COUNT_folded), 0);
    bench_free(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("new kinds");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, a_flood_of_new_kinds_is_one_issue);
    tcase_add_test(t, the_commonest_of_them_is_named);
    tcase_add_test(t, the_last_quarter_is_for_constant_fingerprints);
    tcase_add_test(t, projects_are_those_of_the_configuration);
    tcase_add_test(t, a_restart_gives_nothing_anew);
    tcase_add_test(t, without_a_bound_nothing_is_folded);
    suite_add_tcase(s, t);
    return unit_run(s);
}
