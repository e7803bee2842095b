#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "app/command.h"
#include "app/show.h"
#include "base/xalloc.h"
#include "io/clock.h"
#include "io/store.h"

static char dir[64], path[96], *output;
static struct store *store;

static void set_up(void)
{
    snprintf(dir, sizeof dir, "/tmp/crumbd-queue-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/crumbd.db", dir);
    struct diag d = {0};
    store = store_open(path, STORE_DAEMON, 0, &d);
    ck_assert_ptr_nonnull(store);
}

static void tear_down(void)
{
    store_close(store);
    free(output);
    output = NULL;
    char *cmd = xasprintf("rm -rf '%s'", dir);
    ck_assert_int_eq(system(cmd), 0);
    free(cmd);
}

static void put(unsigned n, const char *title, const char *payload)
{
    struct store_event e = {.time_us = 1700000000000000, .level = SLICE("error")};
    e.title.text = slice_str(title);
    e.payload.text = slice_str(payload);
    snprintf(e.event_id, sizeof e.event_id, "%08x000040008000000000000000", n);
    struct checkpoint c = {.events = &e, .n_events = 1};
    ck_assert_int_eq(store_commit(store, &c), STORE_OK);
}

/* Row 1 waits, row 2 is dead, row 3 failed and waits. */
static void three(void)
{
    put(1, "first", "{\"event_id\":\"1\"}");
    put(2, "second", "{\"event_id\":\"2\"}");
    put(3, "third", "{\"event_id\":\"3\"}");
    for (int i = 0; i < 3; i++)
        store_row_free(store_next(store, SLICE(""), ITEM_EVENT, INT64_MAX / 2));
    store_release(store, 1);
    store_dead(store, 2, "HTTP 400: {\"detail\":\"no\"}");
    store_retry(store, 3, 4000000000000000, "HTTP 503");
    ck_assert_int_eq(store_flush(store), STORE_OK);
}

static char *slurp(const char *name)
{
    FILE *f = fopen(name, "r");
    char *text = xcalloc(1, 100000);
    ck_assert_uint_lt(fread(text, 1, 99999, f), 99999);
    fclose(f);
    return text;
}

/* Runs the command with both outputs caught in `output`; words are separated by single blanks. */
static int run(const char *words)
{
    char *copy = xasprintf("queue %s", words), *argv[16], *file = xasprintf("%s/output", dir);
    int argc = 0;
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    fflush(stdout);
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO), in = dup(STDIN_FILENO);
    int fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600), null = open("/dev/null", O_RDONLY);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    dup2(null, STDIN_FILENO);
    int status = cmd_queue(argc, argv);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    dup2(in, STDIN_FILENO);
    close(out);
    close(err);
    close(in);
    close(fd);
    close(null);
    free(output);
    output = slurp(file);
    free(file);
    free(copy);
    return status;
}

/* With --store and the path behind it. */
static int queue(const char *words)
{
    char *all = xasprintf("%s --store %s", words, path);
    int status = run(all);
    free(all);
    return status;
}

#define ck_has(text) ck_assert_msg(strstr(output, text) != NULL, "no '%s' in:\n%s", text, output)
#define ck_has_not(text) ck_assert_msg(strstr(output, text) == NULL, "'%s' in:\n%s", text, output)

START_TEST(ls)
{
    ck_assert_int_eq(queue("ls"), 0);
    ck_has("0 ready to send, 0 dead, 0 still open");
    three();
    ck_assert_int_eq(queue("ls"), 0);
    ck_has("      1  ready");
    ck_has("first");
    ck_has("      2  dead");
    ck_has("HTTP 400: {\"detail\":\"no\"}");
    ck_has("2 ready to send, 1 dead");
}
END_TEST

START_TEST(names_of_no_event)
{
    three();
    ck_assert_int_eq(queue("cat 77"), 1);
    ck_has("there is no event 77");
    ck_assert_int_eq(queue("cat nonsense"), 1);
    ck_assert_int_eq(queue("drop 99999999999999999999999999"), 1);
    ck_assert_int_eq(queue("retry 1"), 1);
    ck_assert_int_eq(queue("cat 00000003000040008000000000000000 --json"), 0);
    ck_assert_str_eq(output, "{\"event_id\":\"3\"}\n");
}
END_TEST

START_TEST(export_is_lines_of_json)
{
    three();
    ck_assert_int_eq(queue("export"), 0);
    ck_assert_str_eq(output, "{\"event_id\":\"1\"}\n{\"event_id\":\"2\"}\n{\"event_id\":\"3\"}\n");
    ck_assert_int_eq(queue("export --dead"), 0);
    ck_assert_str_eq(output, "{\"event_id\":\"2\"}\n");
}
END_TEST

START_TEST(retry)
{
    three();
    ck_assert_int_eq(queue("retry 2"), 0);
    ck_has("1 back in the queue");
    ck_assert_int_eq(queue("retry"), 0);
    ck_has("1 back in the queue");
    ck_assert_int_eq(queue("ls"), 0);
    ck_has("3 ready to send, 0 dead");
    ck_assert_int_lt(store_due(store, SLICE(""), ITEM_EVENT), 4000000000000000);
}
END_TEST

START_TEST(which_store_and_when)
{
    three();
    char *reads = xasprintf("\nstore %s; crumbd runs with it, pid %d\n", path, (int)getpid());
    ck_assert_int_eq(queue("ls"), 0);
    ck_has(reads);
    ck_has("    0   now"); /* row 2, which is dead, was tried; row 1 is due */
    ck_has_not("is tried again");
    store_tell_next_try(store, SLICE(""), clock_wall_us() + INT64_C(7200500000), "HTTP 503: \033[1mno");
    store_tell_next_try(store, SLICE("pay"), clock_wall_us() - 1, "HTTP 401");
    ck_assert_int_eq(queue("ls"), 0);
    ck_has("the default project is tried again in 2h");
    ck_has(": HTTP 503: ");
    ck_has_not("\033");
    ck_has_not("project pay");
    ck_has_not("   now");
    ck_assert_int_eq(queue("cat 1"), 0);
    ck_has("state         ready, 0 tries, next one in 2h");
    ck_assert(!store_woken(store));
    ck_assert_int_eq(queue("retry"), 0);
    ck_has("crumbd tries within seconds");
    ck_assert(store_woken(store));
    ck_assert(!store_woken(store));
    store_close(store); /* and nobody sends */
    store = NULL;
    ck_assert_int_eq(queue("ls"), 0);
    ck_has("no crumbd runs with it");
    ck_has_not("is tried again");
    ck_has("    0     -");
    ck_assert_int_eq(queue("retry"), 0);
    ck_has("no crumbd runs with this store");
    free(reads);
}
END_TEST

START_TEST(drop)
{
    three();
    ck_assert_int_eq(queue("drop --all"), 1); /* nobody to ask */
    ck_has("nothing dropped");
    ck_assert_int_eq(queue("drop --dead --yes"), 0);
    ck_has("1 dropped");
    ck_assert_int_eq(queue("drop 1"), 0);
    ck_has("1 dropped");
    ck_assert_int_eq(queue("drop --all --yes"), 0);
    ck_has("1 dropped");
    ck_assert_int_eq(queue("ls"), 0);
    ck_has("0 ready to send, 0 dead");
}
END_TEST

START_TEST(misuse)
{
    static const char *const words[] = {"",          "lss",          "cat",           "drop",    "drop 1 --all", "ls 1",
                                        "ls --json", "retry --dead", "ls --nonsense", "cat 1 2", "export --all"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        ck_assert_msg(queue(words[i]) == 2, "%s", words[i]);
        ck_has("try: crumbd help queue");
    }
    queue("lss");
    ck_has("did you mean ls?");
    ck_assert_int_eq(run("ls --store /nowhere/crumbd.db"), 3);
    ck_has("there is no store at /nowhere/crumbd.db");
    ck_assert_int_eq(queue("--help"), EXIT_HELP);
}
END_TEST

START_TEST(the_store_of_a_configuration)
{
    three();
    char *conf = xasprintf("%s/crumbd.yaml", dir);
    FILE *f = fopen(conf, "w");
    fprintf(f, "store: %s\n", path);
    fclose(f);
    char *words = xasprintf("ls -c %s", conf);
    ck_assert_int_eq(run(words), 0);
    ck_has("2 ready to send, 1 dead");
    free(words);
    words = xasprintf("ls -c %s/none.yaml", dir);
    ck_assert_int_eq(run(words), 3);
    ck_has("none.yaml");
    free(words);
    free(conf);
}
END_TEST

START_TEST(check_ins_are_told_apart)
{
    struct store_event e = {
        .kind = ITEM_CHECK_IN,
        .event_id = "00000001000040008000000000000000",
        .time_us = 1700000000000000,
        .level = SLICE("info"),
        .title = {SLICE("check-in nightly: ok")},
        .payload = {SLICE(
            "{\"check_in_id\":\"00000002000040008000000000000000\",\"monitor_slug\":\"nightly\",\"status\":\"ok\","
            "\"monitor_config\":{\"schedule\":{\"type\":\"interval\",\"value\":25,\"unit\":\"hour\"},"
            "\"checkin_margin\":16}}")}};
    struct checkpoint c = {.events = &e, .n_events = 1};
    ck_assert_int_eq(store_commit(store, &c), STORE_OK);
    ck_assert_int_eq(queue("ls"), 0);
    ck_has("check-in nightly: ok\n");
    ck_assert_int_eq(queue("cat 1"), 0);
    ck_has("\ncheck-in\n  monitor_slug  nightly\n  status        ok\n");
    ck_has("schedule        type=interval value=25 unit=hour\n");
    ck_assert_int_eq(queue("drop 1"), 0);
}
END_TEST

START_TEST(cat_reads_like_a_story)
{
    put(1, "UpstreamRefused: connect() failed",
        "{\"event_id\":\"1\",\"timestamp\":1700000000.5,\"level\":\"error\",\"platform\":\"java\",\"logger\":"
        "\"nginx.error\","
        "\"logentry\":{\"formatted\":\"first line\\nsecond line\"},\"fingerprint\":[\"nginx\",\"refused\"],"
        "\"exception\":{\"values\":[{\"type\":\"IOException\",\"value\":\"deep\"},{\"type\":"
        "\"RuntimeException\",\"value\":\"outer\","
        "\"stacktrace\":{\"frames\":[{\"function\":\"main\",\"filename\":\"Main.java\",\"lineno\":3},"
        "{\"function\":\"com.acme.run\",\"filename\":\"Run.java\",\"lineno\":77,\"in_app\":true,\"context_"
        "line\":\"  boom();\"}]}}]},"
        "\"tags\":{\"errno\":\"111\",\"server\":\"shop\"},\"request\":{\"method\":\"GET\",\"url\":\"http://"
        "shop/c\",\"headers\":[[\"Host\",\"shop\"]]},"
        "\"breadcrumbs\":{\"values\":[{\"timestamp\":1699999999.25,\"level\":\"info\",\"category\":\"nginx."
        "access\",\"message\":\"GET /c\","
        "\"data\":{\"status\":502}},{\"timestamp\":\"2023-11-13T01:02:03Z\",\"message\":\"a day "
        "before\"},{\"message\":\"no time\"}]}}");
    ck_assert_int_eq(queue("cat 1"), 0);
    ck_has("title         UpstreamRefused: connect() failed\n");
    ck_has("time          2023-11-14T22:13:20");
    ck_has("state         ready, 0 tries, next one now\n");
    ck_has("\nmessage\n  first line\n  second line\n");
    ck_has("\nexception\n  RuntimeException: outer\n  > at com.acme.run (Run.java:77)\n          boom();\n   "
           " at main (Main.java:3)\n"
           "\ncaused by\n  IOException: deep\n");
    ck_has("\ntags\n  errno         111\n  server        shop\n");
    ck_has("method        GET\n");
    ck_has("headers       Host=shop\n");
    ck_has("  22:13:19.250    -1.250s  info    nginx.access  GET /c  status=502\n");
    ck_has("  2023-11-13T01:02:03.000       -45h  info    a day before\n");
    ck_has("  -                        info    no time\n");
}
END_TEST

START_TEST(nothing_reaches_the_terminal_alive)
{
    put(1,
        "red \x1b[31m alert\x07 \xc2\x9b"
        "2J \xe2\x80\xae"
        "evil \xff\x80 end\r\n",
        "{\"logentry\":{\"formatted\":\"\\u001b]0;title\\u0007 \\u0000 \\u009b31m "
        "\\u202e\"},\"tags\":{\"\\u001b[2J\":\"\\u001b[2J\"},"
        "\"exception\":{\"values\":[{\"type\":\"\\u001b[1m\",\"value\":\"\\u001b[1m\\n\\u001b[1m\"}]}}");
    put(2, "odd", "[1,{\"a\":null}] \x1b[31m");
    put(3, "odder",
        "{\"exception\":7,\"breadcrumbs\":[1,{\"data\":[]}],\"tags\":[],\"fingerprint\":{},\"logentry\":[],"
        "\"request\":\"x\"}");
    static const char *const words[] = {"ls", "cat 1", "cat 2", "cat 3"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        ck_assert_int_eq(queue(words[i]), 0);
        for (const char *p = output; *p; p++)
            ck_assert_msg((unsigned char)*p >= ' ' || *p == '\n', "%s: byte %02x", words[i], (unsigned char)*p);
        ck_has_not("\xc2\x9b");
        ck_has_not("\xe2\x80\xae");
        ck_has_not("\xff");
    }
    queue("ls");
    ck_has("red \\x1b[31m alert\\x07 \\xc2\\x9b2J \\xe2\\x80\\xaeevil \\xff\\x80 end  \n");
}
END_TEST

START_TEST(spans_and_sizes)
{
    char b[SHOW_SMALL];
    ck_assert_str_eq(show_span(-5, b), "0s");
    ck_assert_str_eq(show_span(119999999, b), "119s");
    ck_assert_str_eq(show_span(120000000, b), "2m");
    ck_assert_str_eq(show_span(INT64_C(7200) * 1000000, b), "2h");
    ck_assert_str_eq(show_span(INT64_C(172800) * 1000000, b), "2d");
    ck_assert_str_eq(show_size(0, b), "0");
    ck_assert_str_eq(show_size(999, b), "999");
    ck_assert_str_eq(show_size(1000, b), "1.0k");
    ck_assert_str_eq(show_size(1536, b), "1.5k");
    ck_assert_str_eq(show_size(512 << 20, b), "512m");
    ck_assert_str_eq(show_size(UINT64_MAX, b), "16e");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("queue");
    TCase *t = tcase_create("queue");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, ls);
    tcase_add_test(t, names_of_no_event);
    tcase_add_test(t, export_is_lines_of_json);
    tcase_add_test(t, retry);
    tcase_add_test(t, which_store_and_when);
    tcase_add_test(t, drop);
    tcase_add_test(t, misuse);
    tcase_add_test(t, the_store_of_a_configuration);
    tcase_add_test(t, check_ins_are_told_apart);
    tcase_add_test(t, cat_reads_like_a_story);
    tcase_add_test(t, nothing_reaches_the_terminal_alive);
    tcase_add_test(t, spans_and_sizes);
    suite_add_tcase(s, t);
    return unit_run(s);
}
