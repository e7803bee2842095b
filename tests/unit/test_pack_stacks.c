/*
 * Which rules that crumbd ships are about code, and which about a condition. Below the lines that prove a rule a stack
 * trace is put: of a rule about code two different stacks are two issues, and one with other ids is the same; of a rule
 * about a condition, such as a disk that is full, all are one.
 */
#include "tests/unit/unit.h"

#include "base/sbuf.h"
#include "base/xalloc.h"
#include "core/judge.h"
#include "core/pipeline_trace.h"
#include "parsers/parser.h"
#include "parsers/quoted_stderr.h"
#include "tests/shipped.h"
#include "tests/traces.h"

/* What says of whatever the application, or the server's own code, has thrown that it was thrown. */
static const char *const about_code[] = {"apache.php-uncaught",
                                         "apache.php",
                                         "apache.php-warning",
                                         "apache.php-message",
                                         "apache.script-stderr",
                                         "apache.wsgi-exception",
                                         "celery.task-failed",
                                         "django.request-failed",
                                         "dotnet.unhandled",
                                         "dotnet.process-ended",
                                         "dotnet.start-failed",
                                         "dotnet.request-failed",
                                         "dotnet.sql-timeout",
                                         "elasticsearch.fatal",
                                         "envoy.crashed",
                                         "flask.request-failed",
                                         "gunicorn.boot-failed",
                                         "gunicorn.request-failed",
                                         "java.vm-crashed",
                                         "java.start-failed",
                                         "java.pool-leak",
                                         "java.deployment-failed",
                                         "java.uncaught",
                                         "java.jetty-uncaught",
                                         "java.request-failed",
                                         "kafka.start-failed",
                                         "kernel.oops",
                                         "mysql.crashed",
                                         "nginx.php-uncaught",
                                         "nginx.php-fatal",
                                         "nginx.php-warning",
                                         "nginx.php-message",
                                         "nginx.fastcgi-stderr",
                                         "nginx.fastcgi-stderr-other",
                                         "nginx.lua-aborted",
                                         "nginx.lua-log",
                                         "nginx.perl-died",
                                         "node.unhandled-rejection",
                                         "php-fpm.uncaught",
                                         "php-fpm.fatal",
                                         "puma.boot-failed",
                                         "puma.out-of-band",
                                         "puma.rack-error",
                                         "rabbitmq.process-crashed",
                                         "rabbitmq.start-failed",
                                         "redis.crashed",
                                         "sidekiq.job-died",
                                         "sidekiq.job-raised",
                                         "sidekiq.exception",
                                         "sidekiq.exception-5",
                                         "symfony.messenger-failed",
                                         "systemd.coredump",
                                         "zookeeper.start-failed",
                                         "uwsgi.worker-died",
                                         "understated.host",
                                         "understated.failed",
                                         "understated.panic",
                                         "warned.cause",
                                         "warned.code",
                                         "warned.err",
                                         "warned.error",
                                         "warned.error-message",
                                         "warned.failed",
                                         "warned.attempt",
                                         "warned.lost",
                                         "warned.timeout",
                                         "warned.full",
                                         "warned.died",
                                         "warned.certificate"};

/* Whose type stands in the text, or whose samples hold a trace, and that are about one condition all the same. */
static const char *const about_a_condition[] = {"gunicorn.stopped-request",
                                                "mongodb.error",
                                                "mongodb.query-failed",
                                                "java.out-of-memory",
                                                "kernel.oom-kill",
                                                "kernel.panic",
                                                "kernel.lockup",
                                                "kernel.hung-task",
                                                "kernel.warning",
                                                "kernel.segfault",
                                                "php-fpm.memory-exhausted",
                                                "nginx.php-time-limit",
                                                "nginx.php-memory",
                                                "rails.database",
                                                "php-fpm.slow-stack",
                                                "clickhouse.query-failed",
                                                "unlevelled.host",
                                                "unlevelled.cannot",
                                                "unlevelled.system",
                                                "unlevelled.failed",
                                                "unlevelled.child",
                                                "unlevelled.tool",
                                                "unlevelled.error",
                                                "unlevelled.configuration",
                                                "unlevelled.gave-up",
                                                "unlevelled.exception",
                                                "unlevelled.sqlstate",
                                                "unlevelled.go",
                                                "unlevelled.limit",
                                                "unlevelled.assertion",
                                                "warned.exception",
                                                "puma.caught"};

static const struct {
    const char *language, *a, *with_other_ids, *b;
} stacks[] = {
    {"java",
     "\njava.lang.IllegalStateException: no stock for item 17\n\tat com.acme.Stock.take(Stock.java:12)\n"
     "\tat com.acme.Shop.order(Shop.java:42)",
     "\njava.lang.IllegalStateException: no stock for item 4711\n\tat com.acme.Stock.take(Stock.java:12)\n"
     "\tat com.acme.Shop.order(Shop.java:42)",
     "\njava.lang.IllegalStateException: no stock for item 17\n\tat com.acme.Bill.total(Bill.java:3)\n"
     "\tat com.acme.Shop.order(Shop.java:42)"},
    {"python",
     "\nTraceback (most recent call last):\n  File \"/srv/shop/cart.py\", line 12, in load\n    row = rows[17]\n"
     "IndexError: order 17",
     "\nTraceback (most recent call last):\n  File \"/srv/shop/cart.py\", line 12, in load\n    row = rows[17]\n"
     "IndexError: order 90512",
     "\nTraceback (most recent call last):\n  File \"/srv/shop/cart.py\", line 31, in total\n    row = rows[17]\n"
     "IndexError: order 17"},
    /* Where the sample is the heading. */
    {"java", "\n\tat com.acme.Stock.take(Stock.java:12)", "\n\tat com.acme.Stock.take(Stock.java:12)",
     "\n\tat com.acme.Bill.total(Bill.java:3)"},
    {"node", "\n    at take (/srv/shop/stock.js:12:7)", "\n    at take (/srv/shop/stock.js:90:7)",
     "\n    at total (/srv/shop/bill.js:3:1)"},
    {"php", "\nStack trace:\n#0 /srv/shop/index.php(3): App\\Cart->load(81)\n#1 {main}\n  thrown",
     "\nStack trace:\n#0 /srv/shop/index.php(3): App\\Cart->load(4711)\n#1 {main}\n  thrown",
     "\nStack trace:\n#0 /srv/shop/index.php(3): App\\Bill->total(81)\n#1 {main}\n  thrown"},
    {"dotnet", "\n   at Acme.Stock.Take(Int32 n) in /srv/Stock.cs:line 12",
     "\n   at Acme.Stock.Take(Int32 n) in /srv/Stock.cs:line 90", "\n   at Acme.Bill.Total() in /srv/Bill.cs:line 3"},
    {"lua", "\nstack traceback:\n\t/srv/shop/stock.lua:12: in function 'take'",
     "\nstack traceback:\n\t/srv/shop/stock.lua:90: in function 'take'",
     "\nstack traceback:\n\t/srv/shop/bill.lua:3: in function 'total'"},
    {"c", "\n\nStack trace of thread 812:\n#0  0x000055d0c0ffee00 take (shopd + 0x1130)",
     "\n\nStack trace of thread 9:\n#0  0x000055d0c0ffee99 take (shopd + 0x1130)",
     "\n\nStack trace of thread 812:\n#0  0x000055d0c0ffee00 total (shopd + 0x1170)"},
    {"mysql", "\n/usr/sbin/mysqld(take+0x41)[0x55d0c0ffee00]", "\n/usr/sbin/mysqld(take+0x41)[0x55d0c0ffee99]",
     "\n/usr/sbin/mysqld(total+0x17)[0x55d0c0ffee00]"},
    {"kernel", "\nCall Trace:\n <TASK>\n take_stock+0x1f/0x40 [shop]\n do_syscall_64+0x3f/0x90",
     "\nCall Trace:\n <TASK>\n take_stock+0x2f/0x40 [shop]\n do_syscall_64+0x3f/0x90",
     "\nCall Trace:\n <TASK>\n bill_total+0x1f/0x40 [shop]\n do_syscall_64+0x3f/0x90"},
    {"java",
     "\n#  SIGSEGV (0xb) at pc=0x00007f0000000a10, pid=812, tid=813\n#\n# Problematic frame:\n# C  [libstock.so+0xa10] "
     " take+0x10",
     "\n#  SIGSEGV (0xb) at pc=0x00007f1111111a10, pid=9, tid=10\n#\n# Problematic frame:\n# C  [libstock.so+0xa10]  "
     "take+0x10",
     "\n#  SIGSEGV (0xb) at pc=0x00007f0000000b20, pid=812, tid=813\n#\n# Problematic frame:\n# C  [libbill.so+0xb20]  "
     "total+0x20"},
};

static struct rule_set rules;
static struct trace_set *grammars;

static void set_up(void)
{
    shipped_load(&rules);
    rule_set_ready(&rules, true);
    grammars = traces_load(true);
}

static void tear_down(void)
{
    rule_set_done(&rules);
    trace_set_free(grammars);
    rules = (struct rule_set){0};
}

static bool is_listed(const char *const *list, size_t n, struct slice id)
{
    for (size_t i = 0; i < n; i++)
        if (slice_is(id, list[i]))
            return true;
    return false;
}

#define LISTED(list, id) is_listed(list, sizeof list / sizeof *list, id)

/* What the judge makes of the lines of a sample, with something below its message. */
struct judged {
    const struct rule *rule;
    uint64_t issue;
    unsigned n_fingerprint;
    bool exception;
    uint64_t stack; /* its newest frame */
    char language[16];
};

static enum format format_of(const struct rule *rule, const struct rule_sample *s)
{
    unsigned formats = rule->when.formats ? rule->when.formats : rule->pack_when.formats;
    return s->format != FORMAT_AUTO ? s->format : formats ? (enum format)__builtin_ctz(formats) : FORMAT_TEXT;
}

/* In what a web server quotes of a program it stands before the closing quote, and instead of the stack that is there.
 */
static struct slice with_below(struct arena *a, struct slice message, const char *below)
{
    struct quoted_stderr q;
    ptrdiff_t own = slice_find(message, SLICE("\nStack trace:"));
    size_t at = quoted_stderr_find(message, &q) ? q.before.n + q.text.n : message.n;
    struct sbuf b;
    sbuf_init(&b, 1 << 20);
    sbuf_adds(&b, slice_sub(message, 0, own < 0 ? at : (size_t)own));
    sbuf_adds(&b, slice_str(below));
    sbuf_adds(&b, slice_from(message, at));
    struct slice text = arena_dup(a, sbuf_slice(&b));
    sbuf_done(&b);
    return text;
}

static uint64_t newest(const struct trace_exception *e)
{
    return e && e->frames.n ? slice_hash(e->frames.v[e->frames.n - 1].function, 1) : 0;
}

static struct judged judged(struct judge *j, struct pipeline_trace *t, const struct rule *rule,
                            const struct rule_sample *s, const char *below)
{
    struct arena a = {0};
    struct record *r = xcalloc(1, sizeof *r);
    struct verdict v = {0};
    enum format f = format_of(rule, s);
    struct slice line = s->lines;
    struct parse_ctx ctx = {.arena = &a, .last_us = RECORD_NO_TIME};
    record_init(r, f, slice_trim(line));
    if (parser_parse(f, &ctx, r)) {
        r->message = with_below(&a, r->message, below);
        pipeline_trace_find(t, r, true, &a);
        judge_record(j, r, &a, &v, NULL, NULL);
    }
    const struct trace_exception *e = r->trace ? trace_reported(r->trace) : NULL;
    struct judged out = {v.rule, v.fingerprint_hash, v.n_fingerprint, e != NULL, newest(e), ""};
    if (r->trace)
        snprintf(out.language, sizeof out.language, "%.*s", SLICE_ARG(r->trace->language));
    free(r);
    arena_done(&a);
    return out;
}

/* Puts the stacks below the sample; how many of them the rule judged. */
static unsigned try_stacks(struct judge *j, struct pipeline_trace *t, const struct rule *rule,
                           const struct rule_sample *s)
{
    bool code = LISTED(about_code, rule->id);
    unsigned n = 0;
    for (size_t i = 0; i < sizeof stacks / sizeof *stacks; i++) {
        const struct judged a = judged(j, t, rule, s, stacks[i].a), b = judged(j, t, rule, s, stacks[i].b),
                            other = judged(j, t, rule, s, stacks[i].with_other_ids);
        if (a.rule != rule || b.rule != rule || other.rule != rule || a.stack == b.stack ||
            strcmp(a.language, stacks[i].language) != 0)
            continue; /* it is no part of the trace, or the rule knows its words */
        ck_assert_msg(a.issue == other.issue, "%.*s: other ids are another issue, below%s", SLICE_ARG(rule->id),
                      stacks[i].a);
        ck_assert_msg((a.issue != b.issue) == code, "%.*s: two stacks are %s", SLICE_ARG(rule->id),
                      code ? "one issue" : "two issues");
        if (code) /* as the server groups them, and the SDK's events of the same fault */
            ck_assert_uint_eq(a.n_fingerprint, 0);
        n++;
    }
    return n;
}

/* A rule whose type is what the text names is about what was thrown. */
static bool names_what_was_thrown(struct judge *j, struct pipeline_trace *t, const struct rule *rule,
                                  const struct rule_sample *s)
{
    const struct judged as_it_is = judged(j, t, rule, s, "");
    return as_it_is.rule == rule && (as_it_is.exception || template_has_names(&rule->event.type));
}

START_TEST(stacks_are_issues_where_the_rule_is_about_code)
{
    const struct options options = {.fallback = FALLBACK_CRUMB};
    const struct trace_source source = {0};
    struct pipeline_trace t;
    struct judge j;
    unsigned tried = 0, code = 0;
    judge_init(&j, &rules);
    pipeline_trace_init(&t, grammars, &options, &source);
    for (unsigned i = 0; i < rules.n; i++) {
        const struct rule *rule = rules.rules[i];
        unsigned of_rule = 0;
        for (unsigned k = 0; rule->action == ACTION_EVENT && k < rules.sources[i].n_samples; k++) {
            const struct rule_sample *s = &rules.sources[i].samples[k];
            of_rule += try_stacks(&j, &t, rule, s);
            if (names_what_was_thrown(&j, &t, rule, s))
                ck_assert_msg(LISTED(about_code, rule->id) || LISTED(about_a_condition, rule->id),
                              "%.*s names what was thrown: is it about code?", SLICE_ARG(rule->id));
        }
        tried += of_rule > 0;
        code += LISTED(about_code, rule->id);
        if (LISTED(about_code, rule->id))
            ck_assert_msg(of_rule > 0, "%.*s was not tried", SLICE_ARG(rule->id));
    }
    ck_assert_uint_eq(code, sizeof about_code / sizeof *about_code);
    ck_assert_uint_gt(tried, 200);
    judge_done(&j);
    pipeline_trace_done(&t);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pack_stacks");
    TCase *t = tcase_create("pack_stacks");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, stacks_are_issues_where_the_rule_is_about_code);
    suite_add_tcase(s, t);
    return unit_run(s);
}
