/*
 * The n-th allocation fails, for every n that judging the lines below takes. crumbd does not go on without memory: it
 * ends with one line that says so (xalloc.h), whichever allocation it was, and what it was working on is read again. So
 * every run ends in one of two ways: as it does with enough memory, or by that line and SIGABRT. A call that does not
 * look at what it was given would end in a third.
 *
 * malloc, calloc, realloc and strdup are wrapped by the linker, so libraries are given what they ask for.
 */
#include "tests/unit/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/pipeline.h"

static long left = -1; /* allocations that still go well; negative: all do */

static bool fails(void)
{
    return left >= 0 && left-- == 0;
}

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return fails() ? NULL : __real_calloc(count, n);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

static const char rules_text[] =
    "pack: t\n"
    "rules:\n"
    "  - {id: t.pair, match: 'BEGIN (?<job>\\S+)', pair: {end: 'END (?<job>\\S+)', within: 1s, by: ['{job}']}}\n"
    "  - {id: t.often, match: 'knock (?<who>\\S+)', threshold: {count: 2, within: 1m, by: ['{who}']}, event: {type: "
    "Often}}\n"
    "  - id: t.failed\n"
    "    match: 'failed: (?<why>.*)'\n"
    "    event: {type: Failed, message: 'failed: {masked.why}', fingerprint: [failed, '{masked.why}'], tags: {why: "
    "'{why}'}}\n";

static const char *const lines[] = {
    "2026-11-23T10:00:00Z INFO start pid=7",
    "2026-11-23T10:00:01Z ERROR job failed: disk 7 of host-3",
    "2026-11-23T10:00:01Z INFO BEGIN nightly",
    "{\"level\":\"error\",\"msg\":\"failed: user 12\",\"password\":\"hunter2\"}",
    ("2026/11/23 10:00:00 [error] 7#7: *1 failed: upstream, client: 203.0.113.9, server: a, request: \"GET /x?id=5 "
     "HTTP/1.1\", host: \"a\""),
    "<11>1 2026-11-23T10:00:02Z web app 7 - - knock mail@example.org",
    "<11>1 2026-11-23T10:00:02Z web app 7 - - knock mail@example.org",
    "2026-11-23T10:00:03Z ERROR job failed: disk 8 of host-4",
    "2026-11-23T10:00:03Z ERROR job failed: disk 9 of host-4",
};

static unsigned events;

static bool on_event(void *u, const struct event_out *e)
{
    (void)u;
    events += !e->open;
    return true;
}

static void judge_lines(const struct rule_set *rules)
{
    static const uint8_t store_id[16] = "0123456789abcdef";
    const struct options options = {
        .fallback = FALLBACK_EVENT,
        .crumbs = {.before = 5, .after = 2, .wait_us = 500000, .max_age_us = 600000000, .memory_bytes = 1 << 20},
        .limits = {.burst = 1, .period_us = 3600000000, .per_minute = 300, .per_day = 100000, .new_issues = 50},
        .scrub = {.defaults = true, .emails = true}};
    const struct pipeline_setup setup = {
        .options = &options, .rules = rules, .store_id = store_id, .run_key = 9, .hooks = {.emit = on_event}};
    int64_t now_us = INT64_C(1795428000000000);
    struct pipeline *p = pipeline_new(&setup);
    struct stream s = {
        .format = FORMAT_AUTO, .source = SLICE("t"), .trusted = true, .ring = 1, .last_us = RECORD_NO_TIME};
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        const struct message m = {.text = slice_str(lines[i]), .lines = 1, .stream = &s};
        s.format = FORMAT_AUTO;
        pipeline_message(p, &m, now_us += 200000);
        pipeline_tick(p, now_us);
    }
    pipeline_checkpoint(p);
    pipeline_tick(p, now_us + 5000000);
    pipeline_flush(p);
    pipeline_free(p);
}

enum ending { AS_EVER, SAID_SO, OTHERWISE };

enum { EVENTS = 7 }; /* t.failed: a disk twice and their summary, a user, an upstream; t.often; t.pair */

/* In a process of its own, whose words are read. */
static enum ending run(const struct rule_set *rules, long n, char *said, size_t said_max, int *how)
{
    int words[2], status;
    size_t got = 0;
    ck_assert_int_eq(pipe(words), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) {
        dup2(words[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        left = n;
        judge_lines(rules);
        left = -1;
        _exit((int)events);
    }
    close(words[1]);
    for (ssize_t r; got < said_max - 1 && (r = read(words[0], said + got, said_max - 1 - got)) > 0;)
        got += (size_t)r;
    said[got] = '\0';
    close(words[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    *how = status;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EVENTS)
        return AS_EVER;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(said, "msg=\"out of memory\"") ? SAID_SO
                                                                                                       : OTHERWISE;
}

START_TEST(it_ends_and_says_so)
{
    char said[4096];
    int status;
    struct rule_set rules = {0};
    struct diag d = {0};
    struct conf_file *f = conf_parse("test.yaml", slice_str(rules_text), &d);
    ck_assert(f && rule_set_load(&rules, f, &d));
    rule_set_ready(&rules, true);
    long n = 0;
    for (enum ending e = SAID_SO; e != AS_EVER; n++) {
        e = run(&rules, n, said, sizeof said, &status);
        ck_assert_msg(e != OTHERWISE, "allocation %ld: it ends otherwise (%x): %s", n, (unsigned)status, said);
    }
    ck_assert_int_gt(n, 100);
    rule_set_done(&rules);
    err_done(&d);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("torture of memory");
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, 300);
    tcase_add_test(c, it_ends_and_says_so);
    suite_add_tcase(s, c);
    return unit_run(s);
}
