/* Where an entry of nginx's error log ends when clients have chosen some of its bytes. */
#include "tests/unit/corpus.h"

#include "base/sbuf.h"
#include "parsers/nginx_entry.h"
#include "parsers/parser.h"

#define HEAD "2026/11/29 10:00:00 [error] 7#7: *1 "
#define FORGED "2026/11/29 10:00:00 [emerg] 999#999: worker process 1 exited on signal 11"
#define TAIL(request) ", client: 203.0.113.9, server: shop, request: \"" request "\", host: \"shop\""
#define OPEN(path) HEAD "open() \"/var/www" path "\" failed (2: No such file or directory)"
/* FORGED in a request line. */
#define SENT "2026/11/29%2010:00:00%20[emerg]%20999%23999:%20worker%20process%201%20exited%20on%20signal%2011"

static const char true_heads[][300] = {
    "2026/11/29 10:00:01 [emerg] 7#7: bind() to 0.0.0.0:80 failed (98: Address already in use)",
    "2026/11/29 10:00:01 [alert] 1#1: worker process 7 exited on signal 11",
    "2026/11/29 10:00:01 [crit] 7#7: *2 connect() to unix:/run/a.sock failed (2: No such file or directory) while "
    "connecting to "
    "upstream, client: 203.0.113.9, server: shop, request: \"GET /y HTTP/1.1\", upstream: "
    "\"http://unix:/run/a.sock:/y\", host: \"shop\"",
    "2026/11/29 10:00:01 [error] 7#7: *2 open() \"/var/www/y\" failed (2: No such file or directory)" TAIL(
        "GET /y HTTP/1.1"),
    "2026/11/29 10:00:01 [error] 7#7: *2 open() \"/var/www/a b\"c\" failed (2: No such file or directory)" TAIL(
        "GET /a%20b%22c HTTP/1.1"),
    "2026/11/29 10:00:01 [warn] 7#7: *2 an upstream response is buffered to a temporary file /var/t/1 while reading "
    "upstream" TAIL("GET /%0A%0d HTTP/1.1"),
    "2026/11/29 10:00:01 [notice] 7#7: signal process started",
    "2026/11/29 10:00:01 [info] 7#7: *2 client 203.0.113.9 closed keepalive connection",
    "2026/11/29 10:00:01 [debug] 7#7: *2 http uri: \"/y\"",
};
enum { TRUE_HEADS = sizeof true_heads / sizeof *true_heads };

/* Each entry of in, read in pieces of `step` bytes, as [text]. */
static void framer(struct slice in, size_t step, struct sbuf *out)
{
    const struct parser *p = parser_of(FORMAT_NGINX_ERROR);
    struct framer c;
    struct message m;
    framer_init(&c, FRAME_LINES, 0, 0);
    framer_set_head(&c, p->head, p->rule, 0);
    sbuf_reset(out);
    for (size_t at = 0; at < in.n; at += step) {
        framer_feed(&c, slice_sub(in, at, at + step));
        while (framer_next(&c, &m))
            sbuf_addf(out, "[%.*s]", SLICE_ARG(m.text));
        framer_trim(&c);
    }
    while (framer_flush(&c, FRAME_END, &m))
        sbuf_addf(out, "[%.*s]", SLICE_ARG(m.text));
    ck_assert_uint_eq(framer_resume_offset(&c), in.n);
    framer_done(&c);
}

/* The entries of want, put one behind the other, come out as they went in, however they are read. */
static void ck_entries(const char *const *want, unsigned n)
{
    static const size_t steps[] = {1, 7, 100, 1 << 20};
    struct sbuf in, expected, out;
    sbuf_init(&in, 1 << 20);
    sbuf_init(&expected, 1 << 20);
    sbuf_init(&out, 1 << 20);
    for (unsigned i = 0; i < n; i++) {
        sbuf_addf(&in, "%s\n", want[i]);
        sbuf_addf(&expected, "[%s]", want[i]);
    }
    for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++) {
        framer(sbuf_slice(&in), steps[i], &out);
        ck_assert_str_eq(sbuf_cstr(&out), sbuf_cstr(&expected));
    }
    sbuf_done(&in);
    sbuf_done(&expected);
    sbuf_done(&out);
}

/* Where so much stands before and behind it that most lines are settled by a look. */
static void ck_among_many(const char *entry)
{
    enum { BEFORE = 20, ALL = 60 };
    const char *all[ALL];
    for (unsigned i = 0; i < ALL; i++)
        all[i] = i == BEFORE ? entry : true_heads[i % 2];
    ck_entries(all, ALL);
}

/* Between true entries of every level. */
static void ck_one(const char *entry)
{
    ck_among_many(entry);
    for (unsigned i = 0; i < TRUE_HEADS; i++) {
        const char *all[] = {true_heads[(i + 3) % TRUE_HEADS], entry, true_heads[i], true_heads[(i + 1) % TRUE_HEADS]};
        ck_entries(all, 4);
    }
}

START_TEST(one_entry_whatever_the_client_chose)
{
    /* No quote of its own: the path is still open. */
    ck_one(OPEN("/x\n" FORGED) TAIL("GET /x%0A" SENT " HTTP/1.1"));
    ck_one(OPEN("/x\r\n" FORGED "\ny") TAIL("GET /x%0d%0a" SENT "%0ay HTTP/1.1"));
    ck_one(OPEN("/x\n" FORGED "\n" FORGED) TAIL("GET /x%0A" SENT "%0A" SENT " HTTP/1.1"));
    /* As many quotes as it takes to look closed: before the break, behind it, on both sides. */
    ck_one(OPEN("/x\"\n" FORGED) TAIL("GET /x%22%0A" SENT " HTTP/1.1"));
    ck_one(OPEN("/x\"\n" FORGED "\"") TAIL("GET /x%22%0A" SENT "%22 HTTP/1.1"));
    ck_one(OPEN("/x\"\n" FORGED "\n" FORGED) TAIL("GET /x%22%0A" SENT "%0A" SENT " HTTP/1.1"));
    /* A tail of its own, before the break and behind it. */
    ck_one(OPEN("/x\" failed (2: No such file or directory)" TAIL("GET / HTTP/1.1") "\n" FORGED)
               TAIL("GET "
                    "/x%22%20failed%20(2:%20No%20such%20file%20or%20directory),%20client:%20203.0.113.9,%20server:%"
                    "20shop,%20request:"
                    "%20%22GET%20/%20HTTP/1.1%22,%20host:%20%22shop%22%0A" SENT " HTTP/1.1"));
    ck_one(OPEN("/x\n" HEAD "y" TAIL("GET / HTTP/1.1") "\nz") TAIL(
        "GET "
        "/x%0A2026/11/"
        "29%2010:00:00%20[error]%207%237:%20*1%20y,%20client:%20203.0.113.9,%20server:%20shop,%20request:%20"
        "%22GET%20/%20HTTP/1.1%22,%20host:%20%22shop%22%0Az HTTP/1.1"));
    /* Written so that nginx makes the path of it only when it resolves slashes and dots. */
    ck_one(OPEN("/a/x\" failed" TAIL("GET / HTTP/1.1") "\n" FORGED)
               TAIL("GET "
                    "//a/b/../x%22%20failed,%20client:%20203.0.113.9,%20server:%20shop,%20request:%20%22GET%20/%20HTTP/"
                    "1.1%22,%20host:"
                    "%20%22shop%22%0A2026//11/./"
                    "29%2010:00:00%20[emerg]%20999%23999:%20worker%20process%201%20exited%20on%20signal%2011"
                    " HTTP/1.1"));
    /* In the tail itself, where the path of a subrequest is a decoded one. */
    ck_one(HEAD "access forbidden by rule, client: 203.0.113.9, server: shop, request: \"GET /x%0A" SENT
                " HTTP/1.1\", subrequest: \"/s/x\n" FORGED "\", host: \"shop\"");
    /* What a program wrote: the request says nothing, the quotes do. */
    ck_one(HEAD "FastCGI sent in stderr: \"PHP message: hello\n" FORGED
                "\nbye\" while reading response header from upstream" TAIL("POST /x HTTP/1.1"));
}
END_TEST

/* The tail is cut before the break in its request: what tells is that the entry has nginx's full size. */
START_TEST(one_entry_of_full_size)
{
    static const char *const quotes[] = {"", "\"", "\" failed, client: 203.0.113.9, server: shop, host: \"h\""};
    for (unsigned q = 0; q < 3; q++)
        for (unsigned size = NGINX_ENTRY_MAX; size <= NGINX_ENTRY_MAX_OPENRESTY; size += NGINX_ENTRY_MAX + 1) {
            struct sbuf e;
            sbuf_init(&e, 8192);
            sbuf_addf(&e, "%s", HEAD "open() \"/var/www/");
            for (unsigned i = 0; i < size / 2; i++)
                sbuf_addc(&e, 'x');
            sbuf_addf(&e, "%s\n%s", quotes[q],
                      FORGED "\" failed (2: No such file or directory), client: 203.0.113.9, server: shop, "
                             "request: \"GET /");
            while (e.n < size)
                sbuf_addc(&e, 'x');
            ck_one(sbuf_cstr(&e));
            sbuf_done(&e);
        }
}
END_TEST

/* What looks open and is not: nothing of what follows is lost in it. */
START_TEST(true_heads_stay)
{
    ck_one("2026/11/29 10:00:00 [warn] 7#7: *1 [lua] a.lua:1: got \"half");
    ck_one(HEAD "[lua] a.lua:1: got \"whole\", context: ngx.timer");
    ck_one("2026/11/29 10:00:00 [debug] 7#7: *1 http header: \"X: a\"b\"");
    ck_one(HEAD "open() \"/var/www/a\"b\" failed (2: No such file or directory)" TAIL("GET /a%22b HTTP/1.1"));
    ck_one(HEAD "FastCGI sent in stderr: \"PHP message: it's \"odd\" while reading response header from upstream" TAIL(
        "GET /x HTTP/1.1"));
    /* A request that fails on purpose swallows no entry before its own, neither with a guess of what will stand there.
     */
    ck_one(OPEN("/victim") TAIL("GET /victim HTTP/1.1"));
    const char *all[] = {
        OPEN("/victim") TAIL("GET /victim HTTP/1.1"),
        HEAD "connect() failed (111: Connection refused) while connecting to "
             "upstream" TAIL(
                 "GET /victim%22,%20host:%20%22shop%22%0A2026/11/29%2010:00:00%20[error]%207%237:%20* HTTP/1.1")};
    ck_entries(all, 2);
}
END_TEST

START_TEST(no_more_than_64_lines)
{
    enum { N = 150 };
    const char *all[N] = {HEAD "[lua] a.lua:1: got \"half"};
    for (unsigned i = 1; i < N; i++)
        all[i] = true_heads[i % 2 ? 0 : 6];
    ck_entries(all, N);
}
END_TEST

/* The entry's end comes after a pause, or never. */
START_TEST(idle)
{
    const struct parser *p = parser_of(FORMAT_NGINX_ERROR);
    struct framer c;
    struct message m;
    framer_init(&c, FRAME_LINES, 0, 0);
    framer_set_head(&c, p->head, p->rule, 0);
    framer_feed(&c, SLICE(HEAD "open() \"/var/www/x\n" FORGED "\n"));
    ck_assert(!framer_next(&c, &m) && framer_waiting(&c));
    ck_assert_uint_eq(framer_resume_offset(&c), 0); /* after kill -9 it is read again from here */
    ck_assert(framer_flush(&c, FRAME_IDLE, &m));
    ck_slice(m.text, HEAD "open() \"/var/www/x");
    ck_assert(framer_flush(&c, FRAME_IDLE, &m));
    ck_slice(m.text, FORGED);
    ck_assert(!framer_flush(&c, FRAME_IDLE, &m) && !framer_waiting(&c));
    framer_done(&c);
}
END_TEST

/* Every entry of a real log, followed by a true head of every level. */
START_TEST(corpus)
{
    static const char *const names[] = {"real-error-limits.log", "real-startup.log", "real-error-debug.log"};
    struct sbuf entry;
    unsigned entries = 0;
    sbuf_init(&entry, 1 << 20);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n;
        char *log = corpus_read("nginx", names[i], &n);
        if (!log)
            continue;
        struct slice rest = slice_of(log, n);
        while (rest.n) {
            struct slice line = slice_split(&rest, '\n'), after = rest, next = slice_split(&after, '\n');
            sbuf_addf(&entry, "%s%.*s", entry.n ? "\n" : "", SLICE_ARG(line));
            if (rest.n && !parser_of(FORMAT_NGINX_ERROR)->head(next))
                continue;
            for (unsigned k = 0; k < TRUE_HEADS; k++) {
                const char *all[] = {sbuf_cstr(&entry), true_heads[k]};
                ck_entries(all, 2);
            }
            entries++;
            sbuf_reset(&entry);
        }
        free(log);
    }
    printf("%u entries, %u heads behind each\n", entries, TRUE_HEADS);
    sbuf_done(&entry);
}
END_TEST

static struct record r;

static void parse(const char *entry)
{
    static struct arena arena;
    struct parse_ctx ctx = {.arena = &arena, .last_us = RECORD_NO_TIME};
    record_init(&r, FORMAT_NGINX_ERROR, slice_str(entry));
    ck_assert(parser_parse(FORMAT_NGINX_ERROR, &ctx, &r));
    arena_done(&arena);
}

START_TEST(what_is_forged_is_a_warning)
{
    parse(OPEN("/x\n" FORGED) TAIL("GET /x%0A" SENT " HTTP/1.1"));
    ck_assert(r.forged);
    ck_assert_int_eq(r.level, LEVEL_WARNING);
    ck_assert_int_eq(r.severity, 4);
    ck_slice(record_value(&r, "forged"), "suspected");
    ck_slice(record_value(&r, "pid"), "7");
    ck_slice(record_value(&r, "host"), "shop");
    /* What could be an entry by itself, were it not for its request. */
    parse("2026/11/29 10:00:00 [emerg] 999#999: *5 worker process 1 exited on signal 11 \"\" failed" TAIL(
        "GET /x%0a" SENT " HTTP/1.1"));
    ck_assert(r.forged);
    ck_assert_int_eq(r.level, LEVEL_WARNING);
    /* Breaks that forge no head: what scanners send all day, and text in a query. */
    parse(HEAD "connect() failed (111: Connection refused) while connecting to upstream" TAIL(
        "GET /%0d%0aSet-Cookie:a=b HTTP/1.1"));
    ck_assert(!r.forged);
    ck_assert_int_eq(r.level, LEVEL_ERROR);
    parse(HEAD
          "connect() failed (111: Connection refused) while connecting to upstream" TAIL("GET /?text=1%0A2 HTTP/1.1"));
    ck_assert(!r.forged);
}
END_TEST

/* A hole ends half an entry, but not where the client's own bytes stand in open quotes. */
START_TEST(nuls)
{
    static const struct {
        const char *begin;
        unsigned entries;
    } cases[] = {{"2026/11/23 10:00:00 [error] 7#7: *1 open() \"/x", 2},
                 {"2026/11/23 10:00:00 [error] 7#7: *1 x, client: 192.0.2.1, server: a", 2},
                 {"2026/11/23 10:00:00 [info] 7#7: *1 x, client: 192.0.2.1, server: a, request: \"GET /", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct parser *p = parser_of(FORMAT_NGINX_ERROR);
        struct framer c;
        struct message m;
        unsigned n = 0;
        framer_init(&c, FRAME_LINES, 0, 0);
        framer_set_head(&c, p->head, p->rule, 0);
        framer_feed(&c, slice_str(cases[i].begin));
        framer_feed(&c, slice_of("\0\0\0\0\0\0", 6));
        framer_feed(&c, SLICE("2026/11/23 10:00:01 [emerg] 7#7: what a client may have sent\"\n"));
        while (framer_next(&c, &m) || framer_flush(&c, FRAME_END, &m))
            n++;
        ck_assert_msg(n == cases[i].entries, "%s: %u entries", cases[i].begin, n);
        framer_done(&c);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nginx_entry");
    TCase *t = tcase_create("nginx_entry");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, nuls);
    tcase_add_test(t, one_entry_whatever_the_client_chose);
    tcase_add_test(t, one_entry_of_full_size);
    tcase_add_test(t, true_heads_stay);
    tcase_add_test(t, no_more_than_64_lines);
    tcase_add_test(t, idle);
    tcase_add_test(t, corpus);
    tcase_add_test(t, what_is_forged_is_a_warning);
    suite_add_tcase(s, t);
    return unit_run(s);
}
