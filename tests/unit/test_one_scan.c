/* One scan tells which rules may match a text and whether a trace may begin in it: what it rules out is asked here all
 * the same, by a judge that tries every rule and by a set of grammars without a prefilter. The texts are the lines of
 * all files of rules and grammars, and what stands in them as a sample. */
#include "tests/unit/unit.h"

#include "core/judge.h"
#include "tests/shipped.h"
#include "tests/traces.h"

static struct rule_set rules;
static struct trace_set *exhaustive;

static void set_up(void)
{
    shipped_load(&rules);
    rules.traces = traces_load(true);
    rule_set_ready(&rules, true);
    exhaustive = traces_load(false);
}

static void tear_down(void)
{
    struct trace_set *traces = rules.traces;
    rule_set_done(&rules);
    rules = (struct rule_set){0};
    trace_set_free(traces);
    trace_set_free(exhaustive);
}

struct asking {
    struct judge scanned, all;
    struct trace_scratch *scratch;
    bool scans; /* else there is no libhs, or none to be trusted */
    unsigned lines, none, opens, ruled;
};

static void ask(struct asking *k, struct slice line)
{
    struct arena arena = {0};
    struct verdict by_scan, by_all;
    struct trace_walk walk;
    static struct record r;
    record_init(&r, FORMAT_TEXT, line);
    r.message = line;
    r.level = LEVEL_ERROR;
    enum judge_trace maybe = judge_trace_maybe(&k->scanned, &r);
    bool opens = trace_open(exhaustive, k->scratch, line, &walk) != TRACE_NONE;
    ck_assert(maybe != JUDGE_TRACE_UNKNOWN || !k->scans);
    ck_assert_msg(!opens || maybe != JUDGE_TRACE_NONE, "the scan rules out: %.*s", (int)line.n, line.p);
    judge_record(&k->scanned, &r, &arena, &by_scan, NULL, NULL);
    judge_record(&k->all, &r, &arena, &by_all, NULL, NULL);
    ck_assert_msg(by_scan.rule == by_all.rule, "another rule decides about: %.*s", (int)line.n, line.p);
    k->lines++;
    k->none += maybe == JUDGE_TRACE_NONE;
    k->opens += opens;
    k->ruled += by_all.rule != NULL;
    arena_done(&arena);
}

static void ask_tree(struct asking *k, const struct conf_node *n)
{
    struct slice text = n->type == CONF_SCALAR ? n->text : SLICE_NONE;
    while (text.n)
        ask(k, slice_sub(slice_split(&text, '\n'), 0, 2000));
    for (const struct conf_node *c = n->type == CONF_SCALAR ? NULL : n->child; c; c = c->next)
        ask_tree(k, c);
}

static bool ask_file(void *u, struct conf_file *file, struct diag *d)
{
    (void)d;
    ask_tree(u, file->root);
    conf_free(file);
    return true;
}

START_TEST(nothing_is_ruled_out_that_matches)
{
    struct asking k = {.scratch = trace_scratch_new(), .scans = prefilter_probe() != PREFILTER_NONE};
    judge_init(&k.scanned, &rules);
    judge_init(&k.all, &rules);
    k.all.exhaustive = true;
    data_files("rules/traces/*.yaml", ask_file, &k);
    data_files("rules/*.yaml", ask_file, &k);
    judge_done(&k.scanned);
    judge_done(&k.all);
    trace_scratch_free(k.scratch);
    printf("%u lines, %u of which no trace begins in, %u in which one does, %u that a rule knows\n", k.lines, k.none,
           k.opens, k.ruled);
    ck_assert_uint_gt(k.opens, 500);
    ck_assert_uint_gt(k.ruled, 100);
    if (k.scans)
        ck_assert_uint_gt(k.none, k.lines / 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("one_scan");
    TCase *t = tcase_create("one_scan");
    tcase_set_timeout(t, 120);
    tcase_add_unchecked_fixture(t, set_up, tear_down);
    tcase_add_test(t, nothing_is_ruled_out_that_matches);
    suite_add_tcase(s, t);
    return unit_run(s);
}
