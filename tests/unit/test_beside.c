/*
 * Beside Fluent Bit's multiline parsers and fluent-plugin-detect-exceptions: the groups of lines that they make of the
 * corpora of recorded traces, where they are right, are records here, too. Lines go through the pipeline as those of a
 * file whose format is found. Without the corpora (tests/unit/corpus.h) the test is skipped, and says so.
 */
#include "tests/unit/corpus.h"

#include "base/xalloc.h"
#include "core/join.h"
#include "core/pipeline.h"
#include "tests/traces.h"

enum { LINES_MAX = 4000 };

/* A record by its first line and how many lines it has. */
struct group {
    char *first;
    unsigned lines;
};

struct bench {
    struct rule_set rules;
    struct trace_set *traces;
    struct group got[LINES_MAX];
    unsigned n, right, wrong;
};

static void on_outcome(void *u, const struct outcome *j)
{
    struct bench *b = u;
    struct slice raw = j->raw;
    ck_assert_uint_lt(b->n, LINES_MAX);
    b->got[b->n++] = (struct group){slice_dup(slice_split(&raw, '\n')), j->record ? j->record->lines : 1};
}

static bool on_event(void *u, const struct event_out *e)
{
    (void)u, (void)e;
    return true;
}

/* Without the line feed that some of them have. */
static struct slice line_of(const struct json_node *n)
{
    struct slice s = n->text;
    return slice_ends(s, SLICE("\n")) ? slice_sub(s, 0, s.n - 1) : s;
}

static void feed_lines(struct bench *b, const struct json_node *input)
{
    static const uint8_t store_id[16] = {1};
    const struct options options = {.fallback = FALLBACK_CRUMB, .crumbs = {.memory_bytes = 1 << 16}};
    const struct pipeline_setup setup = {.options = &options,
                                         .rules = &b->rules,
                                         .store_id = store_id,
                                         .hooks = {.u = b, .emit = on_event, .outcome = on_outcome}};
    struct stream s = {.source = SLICE("a.log"),
                       .trusted = true,
                       .file_key = 1,
                       .ring = 1,
                       .join = &join_defaults,
                       .last_us = RECORD_NO_TIME};
    struct pipeline *p = pipeline_new(&setup);
    uint64_t offset = 0;
    for (const struct json_node *line = input->child; line; line = line->next) {
        const struct message m = {.stream = &s, .text = line_of(line), .lines = 1, .offset = offset};
        offset += line->text.n + 1;
        pipeline_message(p, &m, INT64_C(1795428000000000));
    }
    pipeline_flush(p);
    pipeline_free(p);
}

/* It is taken from what there is, so that of two alike two must be there. */
static bool take(struct bench *b, struct slice first, unsigned lines)
{
    for (unsigned i = 0; i < b->n; i++) {
        struct group *g = &b->got[i];
        if (!g->first || g->lines != lines || !slice_is(first, g->first))
            continue;
        free(g->first);
        g->first = NULL;
        return true;
    }
    return false;
}

static void forget(struct bench *b)
{
    for (unsigned i = 0; i < b->n; i++)
        free(b->got[i].first);
    b->n = 0;
}

static unsigned number(const struct json_node *n)
{
    uint64_t v = 0;
    ck_assert(n && slice_u64(n->text, &v));
    return (unsigned)v;
}

static struct slice nth(const struct json_node *list, unsigned i)
{
    const struct json_node *n = list->child;
    while (i-- && n)
        n = n->next;
    return n ? line_of(n) : SLICE_NONE;
}

/* Without empty lines behind it, which are no part of anything. */
static unsigned last_said(const struct json_node *input, unsigned first, unsigned last)
{
    while (last > first && slice_trim(nth(input, last)).n == 0)
        last--;
    return last;
}

static void want(struct bench *b, const struct json_node *c, unsigned first, unsigned last)
{
    const struct json_node *input = json_get(c, "input");
    last = last_said(input, first, last);
    bool right = take(b, nth(input, first), last - first + 1);
    b->right += right;
    b->wrong += !right;
    if (!right)
        printf("%.*s: lines %u to %u are no record\n", SLICE_ARG(json_get(c, "id")->text), first, last);
}

/* --- fluent-plugin-detect-exceptions, by its own tests --- */

/* What is theirs by configuration: one language only, or as few lines and bytes as a trace never has. */
static bool is_configured(struct slice id)
{
    return slice_starts(id, SLICE("detect-buffer-")) || slice_starts(id, SLICE("detect-max-"));
}

static void want_all(struct bench *b, const struct json_node *c)
{
    const struct json_node *g = json_get(json_get(c, "expect"), "groups")->child;
    if (is_configured(json_get(c, "id")->text))
        return;
    feed_lines(b, json_get(c, "input"));
    for (; g; g = g->next)
        want(b, c, number(g->child), number(g->child->next));
    forget(b);
}

/* --- Fluent Bit, by its own tests --- */

static bool is_language(struct slice parser)
{
    static const char *const languages[] = {"java", "go", "python", "ruby"};
    for (size_t i = 0; i < sizeof languages / sizeof *languages; i++)
        if (slice_is(parser, languages[i]))
            return true;
    return false;
}

/* Its pieces of containers' lines are a scenario's. */
static void want_records(struct bench *b, const struct json_node *c)
{
    const struct json_node *r = json_get(json_get(c, "expect"), "records")->child;
    unsigned first = 0;
    if (!is_language(json_get(c, "parsers")->child->text))
        return;
    feed_lines(b, json_get(c, "input"));
    for (; r; r = r->next) {
        struct slice rest = slice_trim(r->text);
        unsigned lines = 0;
        for (; rest.p; lines++)
            slice_split(&rest, '\n');
        want(b, c, first, first + lines - 1);
        first += lines;
    }
    forget(b);
}

/* --- both, run over the corpora of recorded traces --- */

/* Groups of several lines that one of them made as the corpus has them: fluent-plugin-detect-exceptions 0.0.16 with all
 * languages, or Fluent Bit 5.1.1 with its parsers of Java, Go, Python and Ruby. */
static const struct {
    const char *id;
    unsigned first, last;
} rights[] = {
    {"py3.11.7-imp", 0, 5},
    {"java-plain", 0, 2},
    {"java-future", 0, 8},
    {"java-pool", 0, 10},
    {"java-init", 0, 7},
    {"java-so", 0, 5},
    {"java-cnf", 0, 6},
    {"java-empty", 0, 1},
    {"node-console", 0, 9},
    {"node-console", 10, 19},
    {"go-runtime-error", 0, 7},
    {"python-mixed-pids", 1, 4},
    {"python-mixed-pids", 6, 9},
    {"ruby-3.4-quotes", 0, 3},
    {"pub-java-wildfly-same-line", 1, 8},
    {"pub-kotlin-coroutine-suppressed", 1, 6},
    {"pub-py-indentation-312", 1, 6},
    {"pub-node-ts-async-eval", 1, 5},
    {"pub-dotnet-nlog-pipes", 1, 3},
};
enum { RIGHTS = sizeof rights / sizeof *rights };

static void want_rights(struct bench *b, const struct json_node *c)
{
    bool any = false;
    for (unsigned i = 0; i < RIGHTS; i++) {
        if (!slice_is(json_get(c, "id")->text, rights[i].id))
            continue;
        if (!any)
            feed_lines(b, json_get(c, "input"));
        any = true;
        want(b, c, rights[i].first, rights[i].last);
    }
    forget(b);
}

typedef void want_f(struct bench *b, const struct json_node *c);

static bool each_case(struct bench *b, const char *file, want_f *each)
{
    char path[4096], *line = NULL;
    size_t cap = 0;
    FILE *f = corpus_open("multiline", file, path);
    if (!f) {
        printf("SKIP corpus: %s is not there\n", path);
        return false;
    }
    for (ssize_t n; (n = getline(&line, &cap, f)) > 0;) {
        struct arena a = {0};
        each(b, json_tree(&a, slice_of(line, (size_t)n)));
        arena_done(&a);
    }
    free(line);
    fclose(f);
    return true;
}

static struct bench *b;

static void set_up(void)
{
    b = xcalloc(1, sizeof *b);
    b->rules.traces = b->traces = traces_load(true);
    rule_set_ready(&b->rules, true);
}

static void tear_down(void)
{
    rule_set_done(&b->rules);
    trace_set_free(b->traces);
    free(b);
}

START_TEST(detect_exceptions)
{
    if (!each_case(b, "detect-exceptions.jsonl", want_all))
        return;
    ck_assert_uint_ge(b->right, 100);
    ck_assert_uint_eq(b->wrong, 0);
}
END_TEST

START_TEST(fluent_bit)
{
    if (!each_case(b, "fluent-bit-groups.jsonl", want_records))
        return;
    ck_assert_uint_ge(b->right, 2);
    ck_assert_uint_eq(b->wrong, 0);
}
END_TEST

START_TEST(recorded_traces)
{
    static const char *const files[] = {"traces-generated.jsonl", "traces-handmade.jsonl", "traces-public.jsonl"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (!each_case(b, files[i], want_rights))
            return;
    ck_assert_uint_eq(b->right, RIGHTS);
    ck_assert_uint_eq(b->wrong, 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("beside");
    TCase *t = tcase_create("beside");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, detect_exceptions);
    tcase_add_test(t, fluent_bit);
    tcase_add_test(t, recorded_traces);
    suite_add_tcase(s, t);
    return unit_run(s);
}
