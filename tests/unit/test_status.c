#include "tests/unit/unit.h"

#include <stdio.h>

#include "app/html_text.h"
#include "app/page_files.h"
#include "app/routes.h"
#include "base/xalloc.h"
#include "io/store_issues.h"

static char dir[64];
static struct store *store;
static struct counts counts;
static struct reload reload;
static struct watch_project watch_projects[] = {{.name = SLICE("")}, {.name = SLICE("b\"")}};
static struct watch watch = {.projects = watch_projects, .n_projects = 2};
static struct http_answer answer;
static struct rule rules[3] = {{.id = SLICE("shop.\"<b>\"\\\n")},
                               {.id = SLICE("never"), .index = 1, .handle = 1},
                               {.id = SLICE("slow"), .index = 2, .handle = 2}};
static struct rule_stats rule_stats[3];
static struct rule *const rule_list[] = {&rules[0], &rules[1], &rules[2]};

static void set_up(void)
{
    snprintf(dir, sizeof dir, "/tmp/crumbd-status-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    char *path = xasprintf("%s/crumbd.db", dir);
    struct diag d = {0};
    store = store_open(path, STORE_DAEMON, 0, &d);
    ck_assert_ptr_nonnull(store);
    free(path);
    counts = (struct counts){0};
    memset(rule_stats, 0, sizeof rule_stats);
    sbuf_init(&answer.body, HTTP_ANSWER_MAX);
}

static void tear_down(void)
{
    sbuf_done(&answer.body);
    store_close(store);
    char *cmd = xasprintf("rm -rf '%s'", dir);
    ck_assert_int_eq(system(cmd), 0);
    free(cmd);
}

static const char *not_healthy;
static struct count_open waiting;
static enum http_access access_;
static const struct turn *turn;
static const char hostile[] = "<script>alert('1')</script> & \"x\" \x1b[31m \xff \xe2\x80\xae";

static void put(unsigned n, const char *title, const char *payload)
{
    struct store_event e = {.time_us = 1700000000000000, .level = SLICE("error")};
    e.title.text = slice_str(title);
    e.payload.text = slice_str(payload);
    snprintf(e.event_id, sizeof e.event_id, "%08xabcd40008000000000000000", n);
    struct checkpoint c = {.events = &e, .n_events = 1};
    ck_assert_int_eq(store_commit(store, &c), STORE_OK);
}

static bool tail_runs = true;
static unsigned tail_files = 2, tail_unreadable = 3;

/* The answer's body, NUL-terminated. */
static const char *get(const char *path, const char *query, const char *not_ready)
{
    char input_text[] = "udp://<&\"\\>:1", tail_text[] = "/l/*.log";
    const struct input_options inputs[] = {{.kind = INPUT_GELF, .transport = INPUT_UDP, .text = input_text},
                                           {.kind = INPUT_TAIL, .text = tail_text}};
    const struct input_state states[] = {{.runs = true,
                                          .port = 1,
                                          .lines = 9,
                                          .last_line_us = 1700000057500000,
                                          .kernel_drops = 17,
                                          .slow_turns = 3,
                                          .overflow = 5,
                                          .no_room = true},
                                         {.runs = tail_runs,
                                          .unreadable = tail_unreadable,
                                          .files = tail_files,
                                          .behind_bytes = 4096,
                                          .trouble = {1700000000000000, "/l/<i>.log: Permission denied"}}};
    const struct rule *list[3];
    memcpy(list, rule_list, sizeof list);
    const struct rule_set set = {.rules = list, .n = 3};
    static const struct shared_limits_state shared = {0};
    struct status s = {.now_us = 1700000060000000,
                       .shared = &shared,
                       .start_us = 1700000000250000,
                       .store_path = "/s/<b>.db",
                       .rules = &set,
                       .rule_stats = rule_stats,
                       .issues = 4,
                       .inputs = inputs,
                       .n_inputs = 2,
                       .states = states,
                       .evicted = (const uint64_t[]){2, 0},
                       .not_ready = not_ready,
                       .not_healthy = not_healthy,
                       .turn = turn,
                       .counts = &counts,
                       .reload = &reload,
                       .watch = &watch,
                       .waiting = waiting,
                       .store_limit_bytes = 1 << 20};
    const struct http_request req = {.path = slice_str(path), .query = slice_str(query), .access = access_};
    sbuf_reset(&answer.body);
    answer.status = 200;
    answer.type = NULL;
    routes_answer(&s, store, &req, &answer);
    return sbuf_cstr(&answer.body);
}

static void has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no %s in: %.4000s", part, text);
}

static void hasnt(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) == NULL, "%s in: %.4000s", part, text);
}

START_TEST(text_is_escaped)
{
    struct sbuf out;
    sbuf_init(&out, 1000);
    html_text(&out, slice_str(hostile), 100);
    ck_slice(sbuf_slice(&out), "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot; "
                               "\\x1b[31m \\xff \\xe2\\x80\\xae");
    sbuf_reset(&out);
    html_text(&out, SLICE("<<<<<<"), 5);
    ck_slice(sbuf_slice(&out), "&lt;&lt;...");
    sbuf_done(&out);
}
END_TEST

START_TEST(counters_are_explained)
{
    const char *text = get("/api/counters", "", NULL);
    has(text, "[{\"name\":\"lines_in\",\"kind\":\"fact\",\"sides\":[],\"help\":\"lines and messages");
    has(text, "{\"name\":\"refused\",\"kind\":\"fate\",");
    has(text, "{\"name\":\"dead\",\"kind\":\"loss\",\"sides\":[\"went\",\"answered\"],");
    has(text, "{\"name\":\"unread\",\"kind\":\"loss\",\"sides\":[\"unframed\"],");
}
END_TEST

START_TEST(files_of_the_page)
{
    char *path = xasprintf("/page/%s/page.css", page_files_hash), *link = xasprintf("href=\"%s\"", path);
    for (access_ = HTTP_ALL; access_ <= HTTP_TOO_SOON; access_++) {
        has(get("/", "", NULL), link);
        has(get(path, "", NULL), "@media (prefers-color-scheme: dark)");
        ck_assert_int_eq(answer.status, 200);
        ck_assert_str_eq(answer.type, "text/css; charset=utf-8");
        ck_assert(answer.for_ever);
    }
    access_ = HTTP_PROBES;
    get(path, "", NULL);
    ck_assert_int_eq(answer.status, 403);
    access_ = HTTP_ALL;
    answer.for_ever = false;
    static const char *const wrong[] = {"/page/", "/page/0123456789abcdef/page.css", "/page//page.css"};
    for (unsigned i = 0; i < 3; i++) {
        get(wrong[i], "", NULL);
        ck_assert_int_eq(answer.status, 404);
        ck_assert(!answer.for_ever);
    }
    free(path);
    free(link);
}
END_TEST

/* Issue n, of which one event is kept; each text of it is hostile. */
static void put_issue(unsigned n)
{
    static const char bad[] = "<script>\\\"&amp;'\\u202e";
    char *payload =
        xasprintf("{\"server_name\":\"%s\",\"transaction\":\"%s\",\"level\":\"%s\",\"tags\":{\"rule\":\"%s\"},"
                  "\"exception\":{\"values\":[{\"type\":\"T%u%s\",\"value\":\"%s\"}]}}",
                  bad, bad, bad, bad, n, bad, bad);
    struct store_event e = {.issue = n, .time_us = 1700000000000000 + n, .level = slice_str(hostile)};
    e.title.text = e.project = slice_str(hostile);
    e.payload.text = slice_str(payload);
    snprintf(e.event_id, sizeof e.event_id, "%08xabcd40008000000000000000", n);
    struct issue_count count = {.key = n, .n = 3, .first_us = e.time_us, .last_us = e.time_us};
    ck_assert_int_eq(
        store_commit(store, &(struct checkpoint){.events = &e, .n_events = 1, .issues = &count, .n_issues = 1}),
        STORE_OK);
    free(payload);
}

START_TEST(issues_without_a_script)
{
    static const char *const pages[] = {"/", "/issues", "/issue/0", "/issue/0000000000000001",
                                        "/issue/0000000000000001/x"};
    store_keep_issues(store, 1 << 20, INT64_C(86400000000) * 36500);
    has(get("/issues", "", NULL), "Nothing has broken yet.");
    for (unsigned n = 1; n <= 150; n++)
        put_issue(n);
    for (unsigned i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        const char *page = get(pages[i], "", NULL);
        hasnt(page, "<script>");
        hasnt(page, "\xe2\x80\xae");
        has(page, i == 2 ? "Several issues" : "&lt;script&gt;");
        ck_assert_int_eq(answer.status, i == 2 ? 400 : 200);
    }
    has(get("/issues", "q=T7&sort=first", NULL), "<b>T79&lt;script&gt;");
    hasnt(get("/issues", "q=T79&sort=first", NULL), "<b>T78");
    has(get("/issues", "q=\"&cursor=x&x=<i>", NULL), "class=\"bad\"");
    ck_assert_int_eq(answer.status, 400);
    hasnt(get("/issues", "q=<i>%3ci%3e", NULL), "<i>");
    /* From page to page, each once. */
    const char *page = get("/issues", "sort=first&q=script&x=y", NULL);
    has(page, "<b>T150&lt;");
    hasnt(page, "<b>T50&lt;");
    const char *next = strstr(page, "<a href=\"/issues?sort=first&amp;q=script&amp;cursor=");
    ck_assert_ptr_nonnull(next);
    char query[128];
    snprintf(query, sizeof query, "sort=first&q=script&cursor=%.*s",
             (int)strcspn(strstr(next, "cursor=") + sizeof "cursor=" - 1, "\""),
             strstr(next, "cursor=") + sizeof "cursor=" - 1);
    page = get("/issues", query, NULL);
    has(page, "<b>T50&lt;");
    has(page, "<b>T1&lt;");
    hasnt(page, "<b>T51&lt;");
    hasnt(page, "cursor=");
    get("/issue/ffffffffffffffff", "", NULL);
    ck_assert_int_eq(answer.status, 404);
}
END_TEST

START_TEST(pages_are_escaped)
{
    char *payload =
        xasprintf("{\"platform\":\"%s\",\"logentry\":{\"formatted\":\"a\\n\\n%s\"},\"tags\":{\"<i>\":\"%s\"},"
                  "\"breadcrumbs\":[{\"message\":\"%s\"}]}",
                  "<b>", "<u>two", "<em>", "</pre><s>");
    put(1, hostile, payload);
    const char *page = get("/", "", NULL);
    has(page, "udp://&lt;&amp;&quot;\\&gt;:1 <span class=\"dim\">9 lines, the last <time "
              "title=\"2023-11-14T22:14:17.500Z\">2s</time> ago</span> <span "
              "class=\"warning\">17 dropped by the kernel</span>");
    has(page, "7 events dropped for want of room in the store"); /* 5 before it had them, 2 after */
    has(page, "/l/*.log <span class=\"dim\">2 files, 0 lines, 4.0k behind</span> <span class=\"warning\">3 "
              "unreadable</span><br><span class=\"dim\"><time title=\"2023-11-14T22:13:20.000Z\">60s</time> ago: "
              "/l/&lt;i&gt;.log: Permission denied</span>");
    has(page, "/s/&lt;b&gt;.db");
    has(page, "running");
    hasnt(page, "<script>");
    ck_assert(strstr(page, "<h2>Ledger ") > strstr(page, "<h2>Inputs</h2>"));
    ck_assert(strstr(page, "<h2>Rules of this run</h2>") > strstr(page, "<h2>Ledger "));
    page = get("/flow", "", NULL);
    has(page, "udp://&lt;&amp;&quot;\\&gt;:1");
    has(page, "<h2>Ledger ");
    has(page, "<a href=\"/event/1\">&lt;script&gt;");
    hasnt(page, "<script>");
    hasnt(page, "Rules of this run");
    page = get("/event/1", "", NULL);
    has(page, "<h2>message</h2>\n<pre>  a\n  \n  &lt;u&gt;two\n</pre>\n<h2>tags</h2>");
    has(page, "<h2>breadcrumbs</h2>");
    has(page, "&lt;/pre&gt;&lt;s&gt;");
    hasnt(page, "<script>");
    hasnt(page, "<em>");
    hasnt(page, "<s>");
    free(payload);
}
END_TEST

START_TEST(an_input_that_finds_nothing)
{
    tail_files = 0;
    hasnt(get("/", "", NULL), "finds no file"); /* it finds some, and may not read them */
    tail_unreadable = 0;
    has(get("/", "", NULL), "<span class=\"warning\">finds no file</span>");
    tail_runs = false;
    has(get("/", "", NULL), "<span class=\"bad\">not open</span>");
    hasnt(get("/", "", NULL), "finds no file");
    has(get("/metrics", "", NULL), "\ncrumbd_input_up{input=\"/l/*.log\",port=\"0\"} 0\n");
}
END_TEST

/* Every line is a comment or `name{labels} number`; every name has its HELP and TYPE before it, once. */
START_TEST(metrics_follow_the_format)
{
    counts.v[COUNT_lines_in] = 7;
    counts.v[COUNT_event] = 7;
    rule_stats[0] = (struct rule_stats){.tried = 9, .hits = 8, .ns = 1234567890};
    rule_stats[2] = (struct rule_stats){.tried = 100, .limit_hits = 100, .suspended_until_us = 1700000060000001};
    put(1, "t", "{}");
    get("/metrics", "", NULL);
    ck_assert_str_eq(answer.type, "text/plain; version=0.0.4; charset=utf-8");
    struct slice rest = sbuf_slice(&answer.body), last = SLICE_NONE;
    unsigned samples = 0, families = 0;
    ck_assert(slice_ends(rest, SLICE("\n")));
    rest.n--;
    while (rest.n) {
        struct slice line = slice_split(&rest, '\n');
        if (slice_starts(line, SLICE("# HELP "))) {
            struct slice type = slice_split(&rest, '\n'), name = slice_from(line, 7);
            name = slice_split(&name, ' ');
            ck_assert(slice_starts(type, SLICE("# TYPE ")));
            type = slice_from(type, 7);
            ck_assert(slice_eq(slice_split(&type, ' '), name));
            ck_assert(slice_is(type, slice_ends(name, SLICE("_total")) ? "counter" : "gauge"));
            char *again = xasprintf("\n# HELP %.*s ", SLICE_ARG(name));
            ck_assert_int_lt(slice_find(rest, slice_str(again)), 0);
            free(again);
            last = name;
            families++;
            continue;
        }
        ptrdiff_t space = slice_rfind(line, SLICE(" "));
        struct slice name = slice_sub(line, 0, (size_t)space);
        uint64_t whole;
        line = slice_from(line, (size_t)space + 1);
        ck_assert(slice_starts(name, last) && (name.n == last.n || name.p[last.n] == '{'));
        ck_assert(slice_u64(slice_split(&line, '.'), &whole));
        samples++;
    }
    ck_assert_uint_gt(families, COUNT_N);
    /* The three states of the outbox are one, and so are both rules five times, both inputs eight times, what came of
     * reloads, both projects and the counts of all runs. Two of Kafka's have no input. */
    ck_assert_uint_eq(samples, families + 2 + 5 + 8 + 1 + 1 + COUNT_N - 1 - 2);
    const char *text = sbuf_cstr(&answer.body);
    has(text, "\ncrumbd_lines_in_total 7\n");
    has(text, "\ncrumbd_all_runs_total{count=\"stored\"} 1\n");
    has(text, "\ncrumbd_outbox_rows{state=\"ready\"} 1\n");
    has(text, "\ncrumbd_start_time_seconds 1700000000.250000\n");
    has(text, "\ncrumbd_ready 1\n");
    has(text, "\ncrumbd_input_unreadable{input=\"/l/*.log\"} 3\n");
    has(text, "\ncrumbd_input_files{input=\"/l/*.log\"} 2\n");
    has(text, "\ncrumbd_input_behind_bytes{input=\"/l/*.log\"} 4096\n");
    has(text, "\ncrumbd_input_up{input=\"/l/*.log\",port=\"0\"} 1\n");
    has(text, "\ncrumbd_input_last_error_timestamp_seconds{input=\"/l/*.log\",port=\"0\"} 1700000000.000000\n");
    has(text, "\ncrumbd_input_last_line_timestamp_seconds{input=\"/l/*.log\",port=\"0\"} 0.000000\n");
    has(text, "{input=\"udp://<&\\\"\\\\>:1\",port=\"1\"} 1700000057.500000\n");
    hasnt(text, "Permission"); /* /metrics is for everyone */
    has(text, "\ncrumbd_input_lines_total{input=\"udp://<&\\\"\\\\>:1\",port=\"1\"} 9\n");
    has(text, "\ncrumbd_input_kernel_drops_total{input=\"udp://<&\\\"\\\\>:1\",port=\"1\"} 17\n");
    has(text, "\ncrumbd_rules 3\n");
    has(text, "\ncrumbd_issues 4\n");
    has(text, "\ncrumbd_rules_tried 2\n");
    has(text, "\ncrumbd_rules_suspended 1\n");
    has(text, "\ncrumbd_rule_hits_total{rule=\"shop.\\\"<b>\\\"\\\\\\n\"} 8\n");
    has(text, "\ncrumbd_rule_seconds_total{rule=\"shop.\\\"<b>\\\"\\\\\\n\"} 1.234567\n");
    has(text, "\ncrumbd_rule_tried_total{rule=\"slow\"} 100\n");
    has(text, "\ncrumbd_rule_match_limit_total{rule=\"slow\"} 100\n");
    has(text, "\ncrumbd_rule_suspended{rule=\"slow\"} 1\n");
    hasnt(text, "never");
}
END_TEST

START_TEST(rules_as_json_and_as_a_table)
{
    ck_assert_str_eq(get("/api/rules", "", NULL), "[]\n");
    has(get("/", "", NULL), "none was tried yet");
    rule_stats[0] = (struct rule_stats){.tried = 9, .hits = 8, .ns = 1234567890};
    rule_stats[2] = (struct rule_stats){.tried = 100, .limit_hits = 100, .suspended_until_us = 1700000060000001};
    ck_assert_str_eq(get("/api/rules", "", NULL),
                     "[{\"id\":\"shop.\\\"<b>\\\"\\\\\\n\",\"tried\":9,\"hits\":8,\"seconds\":1.234567,\"last\":null,"
                     "\"match_limit\":0,"
                     "\"suspended\":false,\"file\":\"\",\"line\":0},"
                     "{\"id\":\"slow\",\"tried\":100,\"hits\":0,\"seconds\":0.000000,\"last\":null,\"match_limit\":100,"
                     "\"suspended\":true,\"file\":\"\",\"line\":0}]\n");
    static const char *const pages[] = {"/", "/rules"};
    for (unsigned i = 0; i < 2; i++) {
        const char *page = get(pages[i], "", NULL);
        has(page, "&lt;b&gt;");
        hasnt(page, "<b>");
        has(page, "suspended</span>");
        ck_assert(strstr(page, "slow <span") < strstr(page, "shop."));
        has(page, "<td class=\"n\">8</td><td class=\"n\">9</td><td class=\"n\">1.234567</td><td class=\"n\">0</td>");
    }
}
END_TEST

START_TEST(ledger_says_whether_it_balances)
{
    counts.v[COUNT_lines_in] = 2;
    has(get("/api/ledger", "", NULL), "{\"balanced\":false,\"start\":1700000000.250000,");
    counts.v[COUNT_blank] = 2;
    has(get("/api/ledger", "", NULL), "{\"balanced\":true,");
    has(sbuf_cstr(&answer.body),
        "\"balances\":[{\"of\":\"lines\",\"in\":2,\"out\":2,\"open\":0},{\"of\":\"events\",\"in\":0,");
    has(sbuf_cstr(&answer.body), "\"waiting_to_be_stored\":{\"lines\":0,\"events\":0},\"unnamed_rows\":0,");
    has(sbuf_cstr(&answer.body), "\"blank\":2,");
    has(get("/", "", NULL), ">balanced<");
    waiting = (struct count_open){.lines = 40};
    has(get("/api/ledger", "", NULL), "{\"balanced\":false,");
    has(sbuf_cstr(&answer.body), "\"waiting_to_be_stored\":{\"lines\":40,\"events\":0},");
    hasnt(get("/", "", NULL), ">balanced<");
    has(sbuf_cstr(&answer.body), "40 lines and 0 events wait to be stored");
    waiting = (struct count_open){0};
    has(get("/api/ledger", "", NULL), "{\"of\":\"sent\",\"in\":0,\"out\":0,\"open\":0}],");
    counts.v[COUNT_sent] = 1; /* and the store knows of none */
    has(get("/api/ledger", "", NULL), "{\"balanced\":false,");
    has(sbuf_cstr(&answer.body), "{\"of\":\"sent\",\"in\":1,\"out\":0,\"open\":0}");
}
END_TEST

START_TEST(events_newest_first)
{
    put(1, "one", "{\"a\":1}");
    put(2, "two", "{\"a\":2}");
    put(3, "three", "{\"a\":3}");
    ck_assert_str_eq(get("/api/events", "limit=1", NULL),
                     "[{\"id\":3,\"state\":\"ready\",\"event_id\":\"00000003abcd40008000000000000000\","
                     "\"level\":\"error\","
                     "\"title\":\"three\",\"project\":\"\",\"time\":1700000000.000000,\"attempts\":0}]\n");
    const char *all = get("/api/events", "x=y&limit=999999", NULL);
    ck_assert(strstr(all, "three") < strstr(all, "two") && strstr(all, "two") < strstr(all, "one"));
    ck_assert_str_eq(get("/api/events/2/payload", "", NULL), "{\"a\":2}\n");
    ck_assert_str_eq(get("/api/events/00000003ABCD40008000000000000000/payload", "", NULL), "{\"a\":3}\n");
    ck_assert_str_eq(get("/api/events/2", "", NULL),
                     "{\"id\":\"00000002abcd40008000000000000000\",\"time\":1700000000.000000,\"state\":\"waiting\","
                     "\"payload\":{\"a\":2}}\n");
    static const char *const bad[] = {"limit=0", "limit=", "limit=-1", "limit=99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        get("/api/events", bad[i], NULL);
        ck_assert_int_eq(answer.status, 400);
    }
}
END_TEST

START_TEST(nothing_else_is_there)
{
    static const char *const paths[] = {"",
                                        "/x",
                                        "/event/",
                                        "/event/0",
                                        "/event/9",
                                        "/event/1/../2",
                                        "/../x",
                                        "/api/events/",
                                        "/api/events/x",
                                        "/event/%31",
                                        "/api/events/-1",
                                        "//",
                                        "/healthz/",
                                        "/event/18446744073709551617",
                                        "/event/0000000zabcd40008000000000000000",
                                        "/event/00000009abcd40008000000000000000"};
    put(1, "one", "{}");
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        get(paths[i], "", NULL);
        ck_assert_msg(answer.status == 404, "%s: %d", paths[i], answer.status);
    }
}
END_TEST

START_TEST(probes)
{
    ck_assert_str_eq(get("/healthz", "", "the store is full"), "ok\n");
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(get("/readyz", "", NULL), "ready\n");
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(get("/readyz", "", "the store is full"), "the store is full\n");
    ck_assert_int_eq(answer.status, 503);
    has(get("/metrics", "", "the store is full"), "\ncrumbd_ready 0\n");
    has(get("/", "", "the store is full"), "not ready");
    has(get("/", "", NULL), "running</span><span class=\"badge good\">ready");
    not_healthy = "it hangs";
    ck_assert_str_eq(get("/healthz", "", NULL), "it hangs\n");
    ck_assert_int_eq(answer.status, 503);
    has(get("/metrics", "", NULL), "\ncrumbd_healthy 0\n");
    has(get("/", "", NULL), "<dt>hangs</dt><dd>it hangs</dd>");
    not_healthy = NULL;
}
END_TEST

/* Who may not see what logs say sees health and numbers; where it can help, a form. */
START_TEST(closed)
{
    static const char *const secret[] = {"/",           "/event/1",   "/api/events", "/api/events/1",
                                         "/api/ledger", "/api/rules", "/nothing"};
    static const int status[] = {[HTTP_ASK] = 401, [HTTP_WRONG] = 401, [HTTP_TOO_SOON] = 429, [HTTP_PROBES] = 403};
    put(1, "what a log says", "{\"a\":\"what a log says\"}");
    for (access_ = HTTP_ASK; access_ <= HTTP_PROBES; access_++) {
        for (size_t i = 0; i < sizeof secret / sizeof *secret; i++) {
            bool json = strstr(secret[i], "/api/") != NULL, form = !json && access_ != HTTP_PROBES;
            const char *text = get(secret[i], "", NULL);
            ck_assert_int_eq(answer.status, status[access_]);
            hasnt(text, "log says<");
            hasnt(text, "what a log says");
            ck_assert_int_eq(strstr(text, "<form method=\"post\" action=\"/login\">") != NULL, form);
            ck_assert_int_eq(strstr(text, "{\"error\":") != NULL, json);
        }
        ck_assert_str_eq(get("/healthz", "", NULL), "ok\n");
        ck_assert_str_eq(get("/readyz", "", NULL), "ready\n");
        has(get("/metrics", "", NULL), "crumbd_ready 1");
        hasnt(get("/metrics", "", NULL), "what a log says");
    }
    access_ = HTTP_ALL;
}
END_TEST

/* The turn under way counts as soon as it is over the budget: it may never end. */
START_TEST(slow_turns)
{
    struct turn now = {.input = 0, .took_us = TURN_BUDGET_US - 1};
    turn = &now;
    has(get("/metrics", "", NULL), "\ncrumbd_input_slow_turns_total{input=\"udp://<&\\\"\\\\>:1\",port=\"1\"} 3\n");
    has(get("/metrics", "", NULL), "\ncrumbd_worker_turn_seconds 0.999\n");
    now.took_us++;
    has(get("/metrics", "", NULL), ",port=\"1\"} 4\n");
    has(get("/", "", NULL), "held up all others 4 times");
    now.input = TURN_NO_INPUT;
    has(get("/", "", NULL), "held up all others 3 times");
    turn = NULL;
    has(get("/metrics", "", NULL), "\ncrumbd_worker_turn_seconds 0.000\n");
}
END_TEST

START_TEST(a_reload_that_was_refused)
{
    hasnt(get("/", "", NULL), "<dt>reload</dt>");
    has(get("/metrics", "", NULL), "\ncrumbd_config_last_reload_successful 1\n");
    has(get("/metrics", "", NULL), "\ncrumbd_config_last_reload_success_timestamp_seconds 1700000000.250000\n");
    reload = (struct reload){.taken_us = 1700000010000000, .refused_us = 1700000020000000, .taken = 3, .refused = 2};
    snprintf(reload.why, sizeof reload.why, "c.yaml:1:2: <what>");
    has(get("/", "", NULL), ">40s</time> ago, what was in force before stays so: c.yaml:1:2: &lt;what&gt;</dd>");
    has(get("/metrics", "", NULL), "\ncrumbd_config_last_reload_successful 0\n");
    has(get("/metrics", "", NULL), "\ncrumbd_config_last_reload_success_timestamp_seconds 1700000010.000000\n");
    has(get("/metrics", "", NULL), "\ncrumbd_reloads_total{result=\"refused\"} 2\n");
    reload.taken_us = 1700000030000000;
    has(get("/", "", NULL), ">30s</time> ago</dd>");
    has(get("/metrics", "", NULL), "\ncrumbd_config_last_reload_successful 1\n");
    reload = (struct reload){0};
}
END_TEST

int main(void)
{
    Suite *s = suite_create("status");
    TCase *t = tcase_create("status");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, text_is_escaped);
    tcase_add_test(t, files_of_the_page);
    tcase_add_test(t, counters_are_explained);
    tcase_add_test(t, issues_without_a_script);
    tcase_add_test(t, pages_are_escaped);
    tcase_add_test(t, an_input_that_finds_nothing);
    tcase_add_test(t, metrics_follow_the_format);
    tcase_add_test(t, rules_as_json_and_as_a_table);
    tcase_add_test(t, ledger_says_whether_it_balances);
    tcase_add_test(t, events_newest_first);
    tcase_add_test(t, nothing_else_is_there);
    tcase_add_test(t, probes);
    tcase_add_test(t, slow_turns);
    tcase_add_test(t, closed);
    tcase_add_test(t, a_reload_that_was_refused);
    suite_add_tcase(s, t);
    return unit_run(s);
}
