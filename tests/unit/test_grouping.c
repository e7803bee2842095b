/* What groupings have moved, one number after the other; masks of the configuration; the log a record stands in. */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "core/log_template.h"
#include "core/origin.h"

/* Message, and its template in each of the two groupings. */
static const struct {
    const char *message, *first, *second;
} moved[] = {
    /* A name in quotes is no key of JSON because a colon follows. */
    {"job \"alpha\": boom", "job \"alpha\": boom", "job \"<quoted>\": boom"},
    {"tenant 'acme': quota exceeded", "tenant 'acme': quota exceeded", "tenant '<quoted>': quota exceeded"},
    {"parsing \"abc\": invalid syntax", "parsing \"abc\": invalid syntax", "parsing \"<quoted>\": invalid syntax"},
    {"failed for \"a\", \"b\": boom", "failed for \"<quoted>\", \"b\": boom", "failed for \"<quoted>\": boom"},
    {"got {\"state\": \"up\", \"n\": 3}", "got {\"state\": \"<quoted>\", \"n\": <num>}",
     "got {\"state\": \"<quoted>\", \"n\": <num>}"},
    {"got {'state': 'up', 'gone': None}", "got {'state': '<quoted>', 'gone': None}",
     "got {'state': '<quoted>', 'gone': None}"},
    /* Nor is it text because it stands in a text that speaks. */
    {"msg=\"cannot reach \\\"a-shop\\\": refused\"", "msg=\"cannot reach \\\"a-shop\\\": refused\"",
     "msg=\"cannot reach \\\"<quoted>\\\": refused\""},
    {"err=\"no pod \\\"web\\\" in \\\"prod\\\"\" try=3", "err=\"no pod \\\"<quoted>\" try=<*>",
     "err=\"no pod \\\"<quoted>\\\" in \\\"<quoted>\\\"\" try=<*>"},
    {"was \"failed: \\\"x \\\\\\\"deep\\\\\\\" y\\\" gone\"", "was \"failed: \\\"<quoted>\"deep\\\\\\\"<quoted>\"",
     "was \"failed: \\\"<quoted>\\\" gone\""},
    {"sent {\\\"state\\\":\\\"up\\\"} twice", "sent {\\\"state\\\":\\\"up\\\"} twice",
     "sent {\\\"state\\\":\\\"<quoted>\\\"} twice"},
    /* A host with its port, under any top level. */
    {"dial shop.berlin:8443 refused", "dial shop.berlin:<num> refused", "dial <addr> refused"},
    {"open cache.rack.zz:51820", "open cache.rack.zz:<num>", "open <addr>"},
    {"via db.prod:5432/shop", "via db.prod:<num>/shop", "via <addr>/shop"},
    {"at Cart.java:8080 and cart.py:443", "at Cart.java:<num> and cart.py:<num>",
     "at Cart.java:<num> and cart.py:<num>"},
    {"shop.orders:12 and shop.orders:1048", "shop.orders:<num> and shop.orders:<num>",
     "shop.orders:<num> and shop.orders:<num>"},
    {"parse.y.tab:443:12: bad", "parse.y.tab:<num>: bad", "parse.y.tab:<num>: bad"},
    {"com.acme.Shop:443 ended", "com.acme.Shop:<num> ended", "com.acme.Shop:<num> ended"},
    {"image nginx:1.27.3 and v1.2:80", "image nginx:<version> and <version>:<num>",
     "image nginx:<version> and <version>:<num>"},
    /* Masks alike in a row are one. */
    {"lost 'a', 'b', 'c' at once", "lost '<quoted>', '<quoted>', '<quoted>' at once", "lost '<quoted>' at once"},
    {"ids [\"x\",\"y\"]", "ids [\"<quoted>\",\"<quoted>\"]", "ids [\"<quoted>\"]"},
    {"peers 192.0.2.1; 192.0.2.2;192.0.2.3", "peers <addr>; <addr>;<addr>", "peers <addr>"},
    {"shards 1|2|3 lost", "shards <num>|<num>|<num> lost", "shards <num> lost"},
    {"nodes rack-[1] rack-[20-31] down", "nodes rack-[<num>] rack-[<num>] down", "nodes rack-[<num>] down"},
    {"codes (12) (34) and (5)", "codes (<num>) (<num>) and (<num>)", "codes (<num>) and (<num>)"},
    {"pool [1] x [2]", "pool [<num>] x [<num>]", "pool [<num>] x [<num>]"},
    /* A value goes as far as its brackets, however deep and long. */
    {"held tok=Token{78af589 Rec{3b04890 u0 a.b.c/d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v.w.x} x} by",
     "held tok=Token{<num> Rec{<num> <id> <path>} x} by", "held tok=<*> by"},
    {"held tok=T{1 R{2}} by", "held tok=<*>} by", "held tok=<*> by"},
    /* An id of several numbers is one with its letters: what they say differs as well. */
    {"lost rdd_4_2 of job_17_0001", "lost rdd_<id> of job_<id>", "lost <id> of <id>"},
    {"worker_3 of pool", "worker_<num> of pool", "worker_<num> of pool"},
    /* A class of PHP. */
    {"threw Shop\\Pay\\Card\\Declined now", "threw <path> now", "threw Shop\\Pay\\Card\\Declined now"},
    /* The rule that ModSecurity names. */
    {"denied [id \"942100\"] [msg \"SQL Injection\"]", "denied [id \"<quoted>\"] [msg \"<quoted>\"]",
     "denied [id \"942100\"] [msg \"SQL Injection\"]"},
    /* Letters of a hexadecimal number. */
    {"iar 0010d4f8 dear ffffffff", "iar <num> dear ffffffff", "iar <num> dear <num>"},
    {"facade effaced", "facade effaced", "facade effaced"},
    {"moved 'a' to 'b'", "moved '<quoted>' to '<quoted>'", "moved '<quoted>' to '<quoted>'"},
};

static void shows(struct log_template *m, unsigned grouping, const char *message, const char *want)
{
    log_template_use(m, grouping, NULL);
    log_template_message(slice_str(message), m);
    struct slice got = sbuf_slice(&m->text);
    ck_assert_msg(slice_is(got, want), "grouping %u: '%s'\n gave '%.*s'\n want '%s'", grouping, message, SLICE_ARG(got),
                  want);
}

START_TEST(templates_of_each_number)
{
    struct log_template m;
    log_template_init(&m);
    ck_assert_uint_eq(m.grouping, GROUPING_NEWEST);
    shows(&m, 1, moved[_i].message, moved[_i].first);
    shows(&m, 2, moved[_i].message, moved[_i].second);
    log_template_done(&m);
}
END_TEST

/* --- masks of the configuration --- */

static struct log_mask mask(const char *name, const char *pattern)
{
    size_t at;
    char why[256];
    struct regex *re = regex_compile(slice_str(pattern), false, &at, why);
    ck_assert_ptr_nonnull(re);
    return (struct log_mask){.name = slice_str(name), .regex = re};
}

START_TEST(own_masks)
{
    static const struct {
        const char *message, *want;
    } cases[] = {
        {"order ORD-ABC of 3 lost", "order <order> of <num> lost"},
        {"ORD-A", "<order>"},
        {"ORD-A, ORD-B, ORD-C", "<order>, <order>, <order>"},
        {"code E1234 in job 17", "code E1234 in job <num>"},
        {"E1234 and E12345", "E1234 and <id>"},
        {"order ORD-E1234 lost", "order ORD-E1234 lost"}, /* what stays begins later, but counts first: see below */
        {"in \"a ORD-X b\" 5 times", "in \"a <order> b\" <num> times"},
        {"port of tenant blue: 8080", "port of <tenant>: <num>"},
        {"nothing here", "nothing here"},
        {"", ""},
    };
    struct log_mask v[] = {mask("", "\\bE[0-9]{4}\\b"), mask("<order>", "\\bORD-[A-Z]+\\b"),
                           mask("<tenant>", "tenant \\w+"), mask("<none>", "x*")};
    const struct log_masks masks = {v, sizeof v / sizeof *v};
    struct log_template m;
    log_template_init(&m);
    log_template_use(&m, 0, &masks);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        log_template_message(slice_str(cases[i].message), &m);
        struct slice got = sbuf_slice(&m.text);
        ck_assert_msg(slice_is(got, cases[i].want), "'%s'\n gave '%.*s'\n want '%s'", cases[i].message, SLICE_ARG(got),
                      cases[i].want);
    }
    /* The value is a parameter like any other. */
    log_template_message(SLICE("lost ORD-ABC of 3"), &m);
    ck_assert_uint_eq(m.n_params, 2);
    ck_assert(slice_is(m.params[0].value, "ORD-ABC") && slice_is(m.params[1].value, "3"));
    log_template_done(&m);
    for (size_t i = 0; i < masks.n; i++)
        regex_free(v[i].regex);
}
END_TEST

START_TEST(names_of_masks)
{
    static const char *const good[] = {"order", "a", "a_1"}, *const bad[] = {"",
                                                                             "Order",
                                                                             "1a",
                                                                             "_a",
                                                                             "a-b",
                                                                             "a b",
                                                                             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert(log_masks_is_name(slice_str(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert(!log_masks_is_name(slice_str(bad[i])));
}
END_TEST

/* --- where it comes from --- */

START_TEST(names_of_logs)
{
    static const struct {
        const char *path, *name;
    } cases[] = {
        {"/var/log/app.log", "app.log"},
        {"/var/log/app.log.1", "app.log"},
        {"/var/log/app.log.12.gz", "app.log"},
        {"app.log.old", "app.log"},
        {"app.3.log", "app.log"},
        {"app.log-20261130", "app.log"},
        {"app.log-20261130.gz", "app.log"},
        {"app.log-2026113010.xz", "app.log"},
        {"app.log-1700000000", "app.log"},
        {"app-2026-11-30.log", "app.log"},
        {"app_2026_11_30.log", "app.log"},
        {"catalina.2026-11-30.log", "catalina.log"},
        {"app.2026-11-30.2.log.zst", "app.log"},
        {"app-20261130T101500.log", "app.log"},
        {"postgresql-2026-11-30_101500.log", "postgresql.log"},
        {"postgresql-Mon.log", "postgresql.log"},
        {"app-2026-11.log", "app.log"},
        {"php8.2-fpm.log", "php8.2-fpm.log"},
        {"php8.2.log", "php8.2.log"},
        {"postgresql-15-main.log", "postgresql-15-main.log"},
        {"worker-3.log", "worker-3.log"},
        {"error_log", "error_log"},
        {"20261130.log", "20261130.log"},
        {"/srv/monday-app.log", "monday-app.log"},
        {".1", ".1"},
        {"/var/log/", ""},
        {"", ""},
    };
    struct arena a = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record r;
        record_init(&r, FORMAT_TEXT, SLICE(""));
        const struct record_home home = {.file = slice_str(cases[i].path)};
        r.home = &home;
        struct slice got = origin_file(&r, &a);
        ck_assert_msg(slice_is(got, cases[i].name), "%s: %.*s", cases[i].path, SLICE_ARG(got));
    }
    arena_done(&a);
}
END_TEST

START_TEST(transactions)
{
    static const struct {
        enum format format;
        const char *request, *upstream, *app, *want;
    } cases[] = {
        {FORMAT_NGINX_ERROR, "GET /cart/17?x=1 HTTP/1.1", "http://192.0.2.1:80/cart/17", "",
         "GET /cart/* via 192.0.2.1:80"},
        {FORMAT_NGINX_ERROR, "GET / HTTP/1.1", "", "", "GET /"},
        {FORMAT_NGINX_ERROR, "POST /api/v2/orders/6f1d/lines HTTP/2.0", "", "", "POST /api/v2/orders/*/lines"},
        {FORMAT_NGINX_ERROR, "GET http://x.example/a/b HTTP/1.1", "", "", "GET /a/b"},
        {FORMAT_NGINX_ERROR, "GET /u/joe@example.com/%2e%2e HTTP/1.1", "", "", "GET /u/*/*"},
        {FORMAT_NGINX_ERROR, "GET /a/b/c/d/e/f/g/h/i/j HTTP/1.1", "", "", "GET /a/b/c/d/e/f/g/h/*"},
        {FORMAT_JSON, "GET /cart/17 HTTP/1.1", "", "shop", "GET /cart/*"},
        {FORMAT_JSON, "", "", "shop", "shop"},
        {FORMAT_TEXT, "", "", "", "app.log"},
    };
    struct log_template m;
    struct arena a = {0};
    log_template_init(&m);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct record r;
        record_init(&r, cases[i].format, SLICE(""));
        const struct record_home home = {.file = SLICE("/var/log/app.log.1")};
        r.home = &home;
        r.app = slice_str(cases[i].app);
        record_add(&r, SLICE("request"), slice_str(cases[i].request), FIELD_STRING);
        record_add(&r, SLICE("upstream"), slice_str(cases[i].upstream), FIELD_STRING);
        bool of_home;
        struct slice got = origin_transaction(&r, &m, &a, &of_home);
        ck_assert_msg(slice_is(got, cases[i].want), "%s: %.*s", cases[i].request, SLICE_ARG(got));
    }
    log_template_done(&m);
    arena_done(&a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("grouping");
    TCase *t = tcase_create("grouping");
    tcase_add_loop_test(t, templates_of_each_number, 0, sizeof moved / sizeof *moved);
    tcase_add_test(t, own_masks);
    tcase_add_test(t, names_of_masks);
    tcase_add_test(t, names_of_logs);
    tcase_add_test(t, transactions);
    suite_add_tcase(s, t);
    return unit_run(s);
}
