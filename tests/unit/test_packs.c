/* The rule packs that crumbd ships: they prove themselves by their samples, and know real logs. */
#include "tests/unit/corpus.h"

#include "base/xalloc.h"
#include "core/pipeline.h"
#include "core/rule_check.h"
#include "core/rule_shadow.h"
#include "parsers/container.h"
#include "parsers/frame.h"
#include "parsers/parser.h"
#include "tests/shipped.h"
#include "tests/traces.h"
#include "text/literal.h"
#include "text/prefilter.h"

static struct rule_set rules;

static void set_up(void)
{
    shipped_load(&rules);
    rules.traces = traces_load(true);
    rule_set_ready(&rules, true);
}

static void tear_down(void)
{
    struct trace_set *traces = rules.traces;
    rule_set_done(&rules);
    trace_set_free(traces);
    rules = (struct rule_set){0};
}

/* --- titles --- */

/* A number of four digits or more, an address, a mailbox: what a title must not have, as it tells one occurrence from
 * the next. */
static bool has_id(struct slice title)
{
    for (size_t i = 0, run = 0, dots = 0; i < title.n; i++) {
        bool digit = ascii_digit(title.p[i]);
        dots = digit ? dots : title.p[i] == '.' && run > 0 ? dots + 1 : 0;
        run = digit ? run + 1 : 0;
        bool mailbox =
            title.p[i] == '@' && i > 0 && i + 1 < title.n && ascii_alnum(title.p[i - 1]) && ascii_alnum(title.p[i + 1]);
        if (run >= 4 || (dots == 3 && digit) || mailbox)
            return true;
    }
    return false;
}

static bool on_title(void *u, const struct event_out *e)
{
    const struct rule *rule = u;
    /* What the configuration of the host says is the same each time: nodes, flags of a connection, the virtual server.
     */
    static const char *const said[] = {"nginx.config-warning", "nginx.upstream-refused", "rabbitmq.node-down"};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (slice_is(rule->id, said[i]))
            return true;
    ck_assert_msg(!has_id(e->title.text), "%.*s: the title has an id: %.*s", SLICE_ARG(rule->id),
                  SLICE_ARG(e->title.text));
    return true;
}

static void run_sample(const struct rule *rule, const struct rule_sample *s)
{
    static const uint8_t store_id[16] = {1};
    const struct options options = {
        .fallback = FALLBACK_CRUMB,
        .crumbs = {.memory_bytes = 1 << 16},
        .limits = {.burst = UINT32_MAX, .per_minute = UINT32_MAX, .per_day = UINT32_MAX, .period_us = 3600000000}};
    const struct pipeline_setup setup = {.options = &options,
                                         .rules = &rules,
                                         .store_id = store_id,
                                         .record_clock = true,
                                         .hooks = {.u = (void *)(uintptr_t)rule, .emit = on_title}};
    unsigned formats = rule->when.formats ? rule->when.formats : rule->pack_when.formats;
    enum format f = s->format != FORMAT_AUTO ? s->format : formats ? (enum format)__builtin_ctz(formats) : FORMAT_TEXT;
    struct stream stream = {
        .format = f, .source = SLICE("sample"), .trusted = true, .file_key = 1, .ring = 1, .last_us = RECORD_NO_TIME};
    struct pipeline *p = pipeline_new(&setup);
    struct framer framer;
    struct message m;
    framer_init(&framer, FRAME_LINES, 0, 0);
    framer_set_head(&framer, parser_of(f)->head, parser_of(f)->rule, 0);
    framer_feed(&framer, s->lines);
    while (framer_next(&framer, &m) || framer_flush(&framer, FRAME_END, &m)) {
        m.stream = &stream;
        pipeline_message(p, &m, INT64_C(4102444800000000));
    }
    pipeline_flush(p);
    framer_done(&framer);
    pipeline_free(p);
}

START_TEST(no_title_has_an_id)
{
    ck_assert(has_id(SLICE("order 4711 is gone")) && has_id(SLICE("to 10.0.0.1")) && has_id(SLICE("a@b")));
    ck_assert(!has_id(SLICE("signal 11 in libc.so.6 (v1.2.3), status 503")));
    for (unsigned i = 0; i < rules.n; i++)
        for (unsigned k = 0; k < rules.sources[i].n_samples; k++)
            run_sample(rules.rules[i], &rules.sources[i].samples[k]);
}
END_TEST

/* No text of 16 KiB that is made from a pattern runs it into the match limit. */
START_TEST(no_pattern_backtracks_without_end)
{
    struct diag d = {0};
    unsigned endless = rule_check_patterns(&rules, &d);
    err_print(&d, stderr);
    ck_assert_uint_eq(endless, 0);
    err_done(&d);
}
END_TEST

/* No rule hides another one of its pack unawares. */
START_TEST(no_rule_is_in_a_shadow)
{
    struct diag d = {0};
    unsigned shadows = rule_shadow_check(&rules, &d);
    err_print(&d, stderr);
    ck_assert_uint_eq(shadows, 0);
    err_done(&d);
}
END_TEST

START_TEST(samples_hold)
{
    struct diag d = {0};
    struct rule_check r = rule_check_samples(&rules, &d);
    err_print(&d, stderr);
    ck_assert_uint_eq(r.failed, 0);
    ck_assert_uint_eq(d.errors, 0);
    ck_assert_uint_ge(r.samples, rules.n);
    err_done(&d);
}
END_TEST

/* Judges one entry; true when a rule decided it, or when it is not to be decided. */
static bool known(struct judge *j, struct slice entry)
{
    struct arena a = {0};
    struct record r;
    struct verdict v;
    record_init(&r, FORMAT_NGINX_ERROR, entry);
    struct parse_ctx ctx = {.arena = &a, .last_us = RECORD_NO_TIME};
    ck_assert(parser_parse(FORMAT_NGINX_ERROR, &ctx, &r));
    judge_record(j, &r, &a, &v, NULL, NULL);
    bool yes = v.rule || r.level == LEVEL_DEBUG;
    arena_done(&a);
    return yes;
}

static void every_entry_is_known(const char *file)
{
    char path[4096], line[8192];
    FILE *f = corpus_open("nginx", file, path);
    if (!f) {
        printf("SKIP %s is not here\n", path);
        return;
    }
    struct judge j;
    struct sbuf entry;
    unsigned entries = 0, unknown = 0;
    judge_init(&j, &rules);
    sbuf_init(&entry, 1 << 20);
    for (bool more = true; more;) {
        more = fgets(line, sizeof line, f) != NULL;
        struct slice s = more ? slice_trim(slice_str(line)) : SLICE_NONE;
        if (entry.n && (!more || parser_of(FORMAT_NGINX_ERROR)->head(s))) {
            entries++;
            if (!known(&j, sbuf_slice(&entry))) {
                unknown++;
                printf("no rule knows: %s\n", sbuf_cstr(&entry));
            }
            sbuf_reset(&entry);
        }
        if (entry.n)
            sbuf_addc(&entry, '\n');
        sbuf_adds(&entry, s);
    }
    fclose(f);
    sbuf_done(&entry);
    judge_done(&j);
    ck_assert_uint_gt(entries, 10);
    ck_assert_uint_eq(unknown, 0);
}

START_TEST(nginx_knows_real_logs)
{
    every_entry_is_known("real-error-limits.log");
    every_entry_is_known("real-startup.log");
    every_entry_is_known("real-startup-stderr.log");
}
END_TEST

struct passed {
    bool partial;
    struct slice rule;
};

static void on_outcome(void *u, const struct outcome *j)
{
    struct passed *passed = u;
    passed->partial = j->record->partial;
    passed->rule = j->verdict->rule ? j->verdict->rule->id : SLICE_NONE;
}

static bool on_nothing(void *u, const struct event_out *e)
{
    (void)u;
    (void)e;
    return true;
}

/* A line with which no rule has to do is not read to its end: it is most of what nginx logs, and of what judging it
 * costs. */
static struct passed pass_by(const struct rule_set *set, const char *line, const struct container *container)
{
    static const uint8_t store_id[16] = {1};
    struct passed passed = {0};
    const struct options options = {.fallback = FALLBACK_CRUMB, .crumbs = {.memory_bytes = 1 << 16}};
    const struct pipeline_setup setup = {.options = &options,
                                         .rules = set,
                                         .store_id = store_id,
                                         .hooks = {.u = &passed, .emit = on_nothing, .outcome = on_outcome}};
    struct stream stream = {.format = FORMAT_NGINX_ERROR,
                            .source = SLICE("log"),
                            .trusted = true,
                            .container = container,
                            .last_us = RECORD_NO_TIME};
    struct pipeline *p = pipeline_new(&setup);
    pipeline_message(p, &(struct message){.stream = &stream, .text = slice_str(line), .lines = 1},
                     INT64_C(1795428000000000));
    pipeline_free(p);
    return passed;
}

static struct passed pass(const char *line, const struct container *container)
{
    return pass_by(&rules, line, container);
}

START_TEST(uninteresting_line_takes_the_fast_path)
{
    static const char line[] = "2026/11/23 10:00:00 [info] 7#7: *1 a key was pressed, client: 192.0.2.7, server: shop, "
                               "request: \"GET / HTTP/1.1\", host: \"shop\"";
    const struct container shop = {.name = SLICE("shop"), .app = SLICE("shop")},
                           own = {.name = SLICE("crumbd"), .app = SLICE("crumbd")};
    struct passed passed = pass(line, NULL);
    if (slice_is(slice_str(prefilter_version()), "none"))
        return; /* built without libhs: only it tells a line that no rule can match */
    ck_assert(passed.partial);
    ck_assert(pass(line, &shop).partial);
    /* What goes by its origin alone is decided before, and then judged as ever. */
    passed = pass(line, &own);
    ck_assert(!passed.partial);
    ck_slice(passed.rule, "loop-guard.own-log");
    passed =
        pass("2026/11/23 10:00:00 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to "
             "upstream, client: "
             "192.0.2.7, server: shop, request: \"GET / HTTP/1.1\", upstream: \"http://192.0.2.8:80/\", host: \"shop\"",
             NULL);
    ck_assert(!passed.partial && passed.rule.n > 0);
}
END_TEST

/* Also one that has a rule's literal, when the rule's pattern is nowhere in it. */
START_TEST(a_line_like_those_of_a_rule_takes_the_fast_path)
{
    static const char text[] = "pack: p\nrules: [{id: denied, match: '(?<path>/[^\"]+)\" failed \\((?:1|13): '}]\n";
    static const struct {
        const char *message, *rule;
    } rows[] = {{"open() \"/srv/a\" failed (2: No such file or directory)", ""},
                {"open() \"/srv/a\" failed (13: Permission denied)", "denied"}};
    struct rule_set set = {0};
    struct diag d = {0};
    struct conf_file *f = conf_parse("test.yaml", slice_str(text), &d);
    ck_assert(f && rule_set_load(&set, f, &d));
    rule_set_ready(&set, true);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *line = xasprintf(
            "2026/11/23 10:00:00 [error] 7#7: *1 %s, client: 192.0.2.7, server: shop, request: \"GET / HTTP/1.1\"",
            rows[i].message);
        struct passed passed = pass_by(&set, line, NULL);
        if (!slice_is(slice_str(prefilter_version()), "none"))
            ck_assert_int_eq(passed.partial, !*rows[i].rule);
        ck_slice(passed.rule, rows[i].rule);
        free(line);
    }
    rule_set_done(&set);
    err_done(&d);
}
END_TEST

/* One without makes libhs ask by expressions, of every line of its format: that is 5 % of what a line of text costs. */
START_TEST(every_pattern_has_a_literal)
{
    struct arena a = {0};
    for (unsigned i = 0; i < rules.n; i++) {
        const struct rule *rule = rules.rules[i];
        const struct slice patterns[] = {rule->match ? rule->match_text : SLICE_NONE, rule->pair.end_text};
        for (size_t k = 0; k < sizeof patterns / sizeof *patterns; k++) {
            struct literals found = {0};
            if (patterns[k].n)
                literal_find(patterns[k], false, NULL, &a, &found);
            ck_assert_msg(!patterns[k].n || found.n, "%.*s: no literal in %.*s", SLICE_ARG(rule->id),
                          SLICE_ARG(patterns[k]));
        }
    }
    arena_done(&a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("packs");
    TCase *t = tcase_create("packs");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, samples_hold);
    tcase_add_test(t, no_rule_is_in_a_shadow);
    tcase_add_test(t, uninteresting_line_takes_the_fast_path);
    tcase_add_test(t, a_line_like_those_of_a_rule_takes_the_fast_path);
    tcase_add_test(t, every_pattern_has_a_literal);
    tcase_add_test(t, no_pattern_backtracks_without_end);
    tcase_add_test(t, no_title_has_an_id);
    tcase_add_test(t, nginx_knows_real_logs);
    suite_add_tcase(s, t);
    return unit_run(s);
}
