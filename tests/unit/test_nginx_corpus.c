/* What a real nginx wrote, and what each entry of its error log and each line of its access log says. */
#include "tests/unit/corpus.h"

#include "parsers/parser.h"

static struct record r;
static struct arena arena;

static void parse(enum format format, struct slice raw)
{
    arena_reset(&arena);
    struct parse_ctx ctx = {.arena = &arena, .last_us = RECORD_NO_TIME};
    record_init(&r, format, raw);
    ck_assert(parser_parse(format, &ctx, &r));
}

/* Takes the next entry, its lines without the last line feed, off the front of *log. */
static struct slice next_entry(struct slice *log)
{
    const struct parser *p = parser_of(FORMAT_NGINX_ERROR);
    struct slice whole = *log;
    slice_split(log, '\n');
    while (log->n) {
        struct slice rest = *log, line = slice_split(&rest, '\n');
        if (p->head(line))
            break;
        *log = rest;
    }
    size_t n = log->n ? (size_t)(log->p - whole.p) : whole.n;
    return slice_sub(whole, 0, n && whole.p[n - 1] == '\n' ? n - 1 : n);
}

static void ck_member(const struct json_node *want, const char *member, const char *field)
{
    const struct json_node *n = json_get(want, member);
    struct slice got = record_value(&r, field), text = n && n->type != JSON_NULL ? n->text : SLICE_NONE;
    ck_assert_msg(slice_eq(got, text), "%s: got '%.*s', want '%.*s' in: %.*s", member, SLICE_ARG(got), SLICE_ARG(text),
                  SLICE_ARG(r.raw));
}

static void ck_expected(const struct json_node *want, struct arena *a)
{
    static const char *const same[] = {"errno",      "errstr",   "ssl",  "client",   "server", "request",
                                       "subrequest", "upstream", "host", "referrer", "pid",    "tid"};
    static const char *const severities[] = {"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        ck_member(want, same[i], same[i]);
    ck_member(want, "conn", "connection");
    ck_member(want, "action", "phase");
    ck_slice(json_get(want, "level")->text, severities[r.severity]);
    struct slice stamp = json_get(want, "time")->text;
    int64_t us;
    bool zone;
    ck_assert(stamp_rfc3339(&stamp, &us, &zone) && us == r.time_us);
    const struct json_node *lines = json_get(want, "lines"), *truncated = json_get(want, "truncated");
    ck_assert_int_eq(r.lines, atoi(lines->child->next->text.p) - atoi(lines->child->text.p) + 1);
    ck_assert(r.truncated == (truncated && truncated->truth));
    /* There the message ends where errno or phase begins. */
    char *message = arena_cstr(a, json_get(want, "message")->text);
    ck_assert_msg(slice_starts(r.message, slice_str(message)), "message '%.*s', want '%s…'", SLICE_ARG(r.message),
                  message);
    struct slice rest = slice_from(r.message, strlen(message));
    ck_assert(rest.n == 0 || slice_starts(rest, SLICE(" (")) || slice_starts(rest, SLICE(" while ")));
}

static void ck_corpus(const char *log_name, const char *expected_name)
{
    size_t n, m;
    char *log = corpus_read("nginx", log_name, &n), *expected = log ? corpus_read("nginx", expected_name, &m) : NULL;
    if (!expected) {
        free(log);
        return;
    }
    struct slice entries = slice_of(log, n), wanted = slice_of(expected, m);
    struct arena a = {0};
    unsigned count = 0;
    for (; wanted.n; count++) {
        const struct json_node *want = json_tree(&a, slice_split(&wanted, '\n'));
        ck_assert(want && entries.n);
        parse(FORMAT_NGINX_ERROR, next_entry(&entries));
        ck_expected(want, &a);
        arena_reset(&a);
    }
    ck_assert_uint_eq(entries.n, 0);
    printf("%s: %u entries\n", log_name, count);
    arena_done(&a);
    free(log);
    free(expected);
}

START_TEST(error_logs)
{
    ck_corpus("real-error-limits.log", "real-error-limits.expected.jsonl");
    ck_corpus("real-startup.log", "real-startup.expected.jsonl");
}
END_TEST

/* No expected results: every line must have a head or continue one, with pid and level. */
START_TEST(debug_log_and_stderr)
{
    static const char *const names[] = {"real-error-debug.log", "real-startup-stderr.log"};
    for (size_t i = 0; i < 2; i++) {
        size_t n;
        char *log = corpus_read("nginx", names[i], &n);
        if (!log)
            continue;
        struct slice entries = slice_of(log, n);
        while (entries.n) {
            parse(FORMAT_NGINX_ERROR, next_entry(&entries));
            if (!slice_starts(r.raw, SLICE("nginx: ")))
                ck_assert(r.severity >= 0 && record_value(&r, "pid").n && r.time_us != RECORD_NO_TIME);
            else if (slice_starts(r.raw, SLICE("nginx: [")))
                ck_assert(r.severity >= 0);
            ck_assert(r.message.n > 0);
        }
        free(log);
    }
}
END_TEST

START_TEST(access_log)
{
    size_t n, m;
    char *log = corpus_read("nginx", "access-combined.log", &n), *expected = NULL;
    if (log)
        expected = corpus_read("nginx", "access-combined.expected.jsonl", &m);
    if (!expected) {
        free(log);
        return;
    }
    static const char *const pairs[][2] = {{"remote_addr", "client"}, {"remote_user", "user"}, {"request", "request"},
                                           {"status", "status"},      {"bytes", "bytes"},      {"referer", "referrer"},
                                           {"user_agent", "agent"}};
    struct slice lines = slice_of(log, n), wanted = slice_of(expected, m);
    struct arena a = {0};
    unsigned count = 0;
    for (; wanted.n; count++) {
        const struct json_node *want = json_tree(&a, slice_split(&wanted, '\n'));
        parse(FORMAT_NGINX_ACCESS, slice_split(&lines, '\n'));
        for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
            const struct json_node *w = json_get(want, pairs[i][0]);
            struct slice got = record_value(&r, pairs[i][1]);
            if (w->type == JSON_MAP) /* in base64: bytes that are no text */
                continue;
            struct slice text = w->type == JSON_NULL ? SLICE_NONE : w->text;
            ck_assert_msg(slice_eq(got, text), "%s: got '%.*s', want '%.*s'", pairs[i][0], SLICE_ARG(got),
                          SLICE_ARG(text));
        }
        ck_assert_int_eq(r.time_us, atoll(arena_cstr(&a, json_get(want, "epoch")->text)) * STAMP_SECOND);
        arena_reset(&a);
    }
    printf("access-combined.log: %u lines\n", count);
    arena_done(&a);
    free(log);
    free(expected);
}
END_TEST

static void teardown(void)
{
    arena_done(&arena);
}

int main(void)
{
    Suite *s = suite_create("nginx_corpus");
    TCase *t = tcase_create("nginx_corpus");
    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_add_test(t, error_logs);
    tcase_add_test(t, debug_log_and_stderr);
    tcase_add_test(t, access_log);
    suite_add_tcase(s, t);
    return unit_run(s);
}
