/* What a server answers, and what is sent after it: checks 55 to 66 of the protocol's reference, by their numbers. */
#include "config.h"

#include "base/log.h"
#include "tests/unit/sending.h"

/* The number that an event of put() has. */
static unsigned number_of(const struct request *r)
{
    char id[33];
    event_id_of(r, id);
    id[8] = '\0';
    return (unsigned)strtoul(id, NULL, 16);
}

static bool is_report(const struct request *r)
{
    return slice_find(sbuf_slice(&r->body), SLICE("{\"type\":\"client_report\"")) > 0;
}

/* The quantity that a report tells of a reason for errors; 0: none. */
static unsigned reported(const struct request *r, const char *reason)
{
    char *text = xasprintf("\"reason\":\"%s\",\"category\":\"error\",\"quantity\":", reason);
    ptrdiff_t at = slice_find(sbuf_slice(&r->body), slice_str(text));
    uint64_t n = 0;
    if (at >= 0) {
        struct slice rest = slice_from(sbuf_slice(&r->body), (size_t)at + strlen(text));
        slice_u64(slice_split(&rest, '}'), &n);
    }
    free(text);
    return (unsigned)n;
}

/* What is left to be told of a reason. */
static uint64_t untold;

static void add_untold(void *u, const struct store_report *r)
{
    if (slice_is(r->reason, u))
        untold += r->quantity;
}

static uint64_t left_to_tell(const char *reason)
{
    untold = 0;
    store_flush(store);
    store_reports(store, SLICE(""), add_untold, (void *)(uintptr_t)reason);
    return untold;
}

static void run_to_the_end(void)
{
    bool flushed = false;
    sender_flush(sender, 10000, mark, &flushed);
    until(flushed);
}

START_TEST(check_55_a_limit_of_one_category_on_success)
{
    misbehave(1, (struct action){.headers = "X-Sentry-Rate-Limits: 60:error:key\r\n"});
    put();
    start();
    until(all_gone());
    put();
    put_check_in(1, "ok"); /* another category flows on */
    until(counted.v[COUNT_sent] == 2);
    let_it_be(200);
    ck_assert_uint_eq(up.n_requests, 2);
    ck_assert(is_check_in(&up.requests[1]));
    ck_assert_uint_eq(totals().ready, 1);
}
END_TEST

/* Of an event and a check-in after the answer: which are sent. */
static const struct {
    const char *limits;
    bool event, check_in;
} whom[] = {
    {"60::organization", false, false},
    {"60:transaction;foo:key", true, true},
    {"abc:error, 60:monitor:key", true, false},
    {"60:default;error;security:organization, 60:foo:key", false, true},
};

START_TEST(check_56_whom_a_limit_concerns)
{
    char *line = xasprintf("X-Sentry-Rate-Limits: %s\r\n", whom[_i].limits);
    misbehave(1, (struct action){.headers = line});
    put();
    start();
    until(all_gone());
    put();
    put_check_in(1, "ok");
    let_it_be(150);
    ck_assert_uint_eq(up.n_requests, 1u + whom[_i].event + whom[_i].check_in);
    if (up.n_requests == 2)
        ck_assert(is_check_in(&up.requests[1]) == whom[_i].check_in);
    free(line);
}
END_TEST

static const char *const spellings[] = {
    "0.4:error:key",         "5:transaction:key ,  0.4:error:key", "0.4:error:key:why:ns:x:y",
    "0.4:error:key::ns",     "  0.4 : error ; default : key  ",    "\t0.4:error;:key",
    "junk,,0.4:default:,:;",
};

START_TEST(check_57_odd_spellings)
{
    char *line = xasprintf("X-Sentry-Rate-Limits: %s\r\n", spellings[_i]);
    misbehave(1, (struct action){.headers = line});
    put();
    start();
    until(all_gone());
    int64_t at = ms();
    put();
    until(up.n_requests == 2);
    ck_assert_int_ge(ms() - at, 350);
    free(line);
}
END_TEST

static struct action long_then_short(void *u, unsigned n, const struct request *r)
{
    (void)u;
    (void)r;
    return (struct action){.headers = n == 0   ? "X-Sentry-Rate-Limits: 0.8:error:key\r\n"
                                      : n == 1 ? "X-Sentry-Rate-Limits: 0.1:error:key\r\n"
                                               : NULL};
}

START_TEST(check_58_the_later_deadline_stays)
{
    up.script = long_then_short;
    put();
    start();
    until(all_gone());
    int64_t at = ms();
    put_check_in(1, "ok"); /* its answer has the shorter limit */
    put();
    until(up.n_requests == 3);
    ck_assert_int_ge(ms() - at, 700);
}
END_TEST

static void note_next_try(void *u, const struct store_next_try *n)
{
    *(int64_t *)u = n->at_us;
}

/* 429 and Retry-After alone: everything waits. A date is whole seconds of the wall clock. */
START_TEST(check_59_429)
{
    char date[64], *headers[3];
    time_t then = time(NULL) + 2;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime(&then));
    headers[0] = xstrdup("Retry-After: 1\r\n");
    headers[1] = xasprintf("Retry-After: %s\r\n", date);
    headers[2] = xstrdup("");
    misbehave(1, (struct action){.status = 429, .headers = headers[_i]});
    put();
    start();
    until(up.n_requests == 1 && !sender_busy(sender));
    int64_t at = ms(), next_us = 0;
    put_check_in(1, "ok");
    store_next_tries(store, note_next_try, &next_us);
    if (_i == 2) {
        ck_assert_int_gt(next_us, clock_wall_us() + INT64_C(55000000));
        ck_assert_int_lt(next_us, clock_wall_us() + INT64_C(75000000));
        let_it_be(300);
        ck_assert_uint_eq(up.n_requests, 1);
    } else {
        until(up.n_requests > 1);
        ck_assert_int_ge(ms() - at, 900);
        until(all_gone());
        ck_assert_uint_eq(counted.v[COUNT_sent], 2);
    }
    for (int i = 0; i < 3; i++)
        free(headers[i]);
}
END_TEST

/* Check 60 asks a client without a disk to drop what met the limit, and what comes while it lasts. crumbd has a store
   and parts from it: nothing is dropped, and so nothing is reported. What holds of it: upstream has counted the refused
   one, so no report tells of it. */
START_TEST(check_60_what_met_a_limit_is_kept)
{
    misbehave(1, (struct action){.status = 429, .headers = "X-Sentry-Rate-Limits: 0.3:error:key\r\n"});
    for (int i = 0; i < 5; i++)
        put();
    start();
    until(all_gone());
    ck_assert_uint_eq(up.n_requests, 6);
    for (unsigned i = 1; i < 6; i++) /* from the one that was refused on, in the order in which they came */
        ck_assert_uint_eq(number_of(&up.requests[i]), i);
    run_to_the_end();
    ck_assert_uint_eq(up.n_requests, 6);
    ck_assert_uint_eq(counted.v[COUNT_dead], 0);
    ck_assert_uint_eq(counted.v[COUNT_sent], 5);
}
END_TEST

static unsigned lines_logged, lines_of_limits, lines_of_trouble;

static void count_line(struct slice line)
{
    lines_logged++;
    lines_of_limits += slice_find(line, SLICE("rate limited upstream")) >= 0;
    lines_of_trouble += slice_find(line, SLICE("does not take events")) >= 0;
}

static struct action limits_and_trouble(void *u, unsigned n, const struct request *r)
{
    (void)u;
    (void)r;
    if (n < 20 && n % 2 == 0)
        return (struct action){.status = 429, .headers = "Retry-After: 0.02\r\n"};
    return (struct action){.status = n >= 20 && n < 24 ? 503 : 200};
}

/* A server that sets a limit each moment is no flood in the log, and does not hide another trouble. */
START_TEST(limits_are_said_once)
{
    up.script = limits_and_trouble;
    lines_logged = lines_of_limits = lines_of_trouble = 0;
    for (int i = 0; i < 15; i++)
        put();
    log_to(count_line);
    start();
    until(all_gone());
    log_to(NULL);
    ck_assert_uint_ge(up.n_requests, 24);
    ck_assert_uint_eq(lines_of_limits, 1);
    ck_assert_uint_eq(lines_of_trouble, 1);
    ck_assert_uint_eq(lines_logged, 3); /* and that it is over */
}
END_TEST

/* For check 61 as for 60: what a person can mend is kept, and its project pauses; what is wrong with the event itself
   is tried once, told in one report, and kept as a dead letter with the server's words. */
START_TEST(check_61_refused)
{
    static const unsigned statuses[] = {400, 413, 401, 403, 404};
    bool dead = statuses[_i] == 400 || statuses[_i] == 413;
    misbehave(1, (struct action){.status = statuses[_i], .body = "{\"detail\":\"so it is\"}"});
    put();
    start();
    until(up.n_requests == 1 && !sender_busy(sender));
    let_it_be(150);
    run_to_the_end();
    ck_assert_uint_eq(totals().dead, dead);
    ck_assert_uint_eq(totals().ready, !dead);
    ck_assert_uint_eq(up.n_requests, dead ? 2 : 1);
    struct store_row *row = store_get(store, 1, NULL);
    ck_assert_uint_eq(row->attempts, 1);
    ck_assert_msg(strstr(row->reason, "so it is") != NULL, "%s", row->reason);
    store_row_free(row);
    if (dead)
        ck_assert_uint_eq(reported(&up.requests[1], "send_error"), 1);
    ck_assert_uint_eq(left_to_tell("send_error"), 0);
}
END_TEST

/* For check 62 as for 60: a 5xx is tried again, with the same id and a fresh sent_at, and nothing is reported. */
START_TEST(check_62_5xx)
{
    static const unsigned statuses[] = {500, 502, 503, 504, 599};
    misbehave(3, (struct action){.status = statuses[_i]});
    put();
    start();
    until(all_gone());
    run_to_the_end();
    ck_assert_uint_eq(up.n_requests, 4);
    for (unsigned i = 1; i < 4; i++) {
        struct slice a = sbuf_slice(&up.requests[i - 1].body), b = sbuf_slice(&up.requests[i].body);
        ck_assert_uint_eq(number_of(&up.requests[i]), 1);
        ck_assert_msg(!slice_eq(slice_split(&a, '\n'), slice_split(&b, '\n')), "sent_at was not refreshed");
        ck_assert(slice_eq(a, b));
    }
    ck_assert_uint_eq(counted.v[COUNT_sent], 1);
}
END_TEST

/* A server that says when it is back is believed, up to the longest delay between two tries. */
START_TEST(check_62_503_and_retry_after)
{
    options.retry_most_ms = 400;
    misbehave(1, (struct action){.status = 503, .headers = "Retry-After: 86400\r\n"});
    put();
    start();
    until(up.n_requests == 1 && !sender_busy(sender));
    int64_t at = ms();
    until(all_gone());
    ck_assert_int_ge(ms() - at, 350);
}
END_TEST

/* Nobody answers: the tries become rarer, nothing is lost, and what had the first place keeps it. */
START_TEST(check_63_no_answer)
{
    static const struct action actions[] = {{.close = true}, {.raw = ""}, {.raw = "no HTTP at all\r\n\r\n"}};
    options.retry_most_ms = 160;
    misbehave(6, actions[_i]);
    for (int i = 0; i < 3; i++)
        put();
    start();
    int64_t at = ms();
    until(all_gone());
    ck_assert_int_ge(ms() - at, 10 * 6); /* not less than the first delay each time */
    ck_assert_uint_eq(counted.v[COUNT_retries], 6);
    ck_assert_uint_eq(counted.v[COUNT_sent], 3);
}
END_TEST

START_TEST(check_63_nobody_listens)
{
    put();
    put();
    put();
    evconnlistener_disable(up.listener);
    unsigned port = up.port;
    evconnlistener_free(up.listener);
    start();
    until(counted.v[COUNT_retries] >= 4);
    struct sockaddr_in sa = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    up.listener = evconnlistener_new_bind(base, upstream_accept, &up, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 64,
                                          (struct sockaddr *)&sa, sizeof sa);
    ck_assert_ptr_nonnull(up.listener);
    until(all_gone());
    ck_assert_uint_eq(number_of(&up.requests[0]), 1); /* nothing got through, so nobody lost its place */
    ck_assert_uint_eq(counted.v[COUNT_sent], 3);
}
END_TEST

/* Bounded by age: where the project takes nothing, what is older is given up, and the report says so. */
static struct action refuses_until_expired(void *u, unsigned n, const struct request *r)
{
    (void)u;
    (void)n;
    (void)r;
    return (struct action){.status = store_counted(store)->v[COUNT_expired] >= 290 ? 200 : 503};
}

START_TEST(check_63_given_up_in_the_end)
{
    options.expire_after_us = 1000000;
    up.script = refuses_until_expired;
    for (int i = 0; i < 300; i++)
        put();
    put_check_in(1, "ok");
    let_it_be(1020);
    for (int i = 0; i < 5; i++) /* these are not so old */
        put();
    start();
    until(store_counted(store)->v[COUNT_expired] >= 290 && all_gone()); /* all but what was on its way */
    struct counts stored;
    store_counts(store, &stored);
    ck_assert_uint_eq(stored.v[COUNT_expired], store_counted(store)->v[COUNT_expired]);
    ck_assert_uint_eq(stored.v[COUNT_expired] + counted.v[COUNT_sent], 306);
    ck_assert_uint_ge(counted.v[COUNT_sent], 5);
    int64_t unnamed;
    ck_assert(store_unnamed_rows(store, &unnamed));
    ck_assert_int_eq(unnamed, 0);
    unsigned before = up.n_requests;
    run_to_the_end();
    ck_assert_uint_eq(up.n_requests, before + 1);
    unsigned told = reported(&up.requests[before], "cache_overflow");
    ck_assert_uint_ge(told, 289); /* the rest are check-ins, of another category */
    ck_assert_uint_le(told, 300);
}
END_TEST

static struct action close_when_reused(void *u, unsigned n, const struct request *r)
{
    (void)u;
    (void)n;
    (void)r;
    return (struct action){.close_reused = true};
}

START_TEST(check_64_a_kept_connection_that_was_closed)
{
    up.script = close_when_reused;
    put();
    start();
    until(all_gone());
    put();
    until(all_gone());
    ck_assert_uint_eq(counted.v[COUNT_sent], 2);
    ck_assert_uint_eq(counted.v[COUNT_retries], 0);
    ck_assert_uint_eq(up.n_requests, 3); /* the second went out twice, and was answered once */
    ck_assert_uint_eq(number_of(&up.requests[2]), 2);
}
END_TEST

static struct action no_reports(void *u, unsigned n, const struct request *r)
{
    (void)u;
    (void)n;
    return (struct action){.status = is_report(r) ? 503 : 400};
}

/* Three refused events. A report that fails is told again, by the next run too; one that is taken is told no more. */
START_TEST(check_65_reports)
{
    up.script = no_reports;
    for (int i = 0; i < 3; i++)
        put();
    start();
    until(totals().dead == 3);
    ck_assert_uint_eq(left_to_tell("send_error"), 3);
    ck_assert_uint_eq(up.n_requests, 3); /* none by itself within 30 s */
    run_to_the_end();
    ck_assert_uint_eq(up.n_requests, 4);
    ck_assert_uint_eq(reported(&up.requests[3], "send_error"), 3);
    ck_assert_uint_le(up.requests[3].body.n, 4096);
    ck_assert_uint_eq(left_to_tell("send_error"), 3); /* restored */
    sender_free(sender);
    struct diag d = {0};
    char *path = xasprintf("%s/crumbd.db", dir);
    ck_sent_balances();
    counted = (struct counts){{0}};
    store_close(store);
    store = store_open(path, STORE_DAEMON, 0, &d);
    free(path);
    up.script = NULL;
    start();
    run_to_the_end();
    ck_assert_uint_eq(up.n_requests, 5);
    ck_assert_uint_eq(reported(&up.requests[4], "send_error"), 3);
    ck_assert_uint_eq(left_to_tell("send_error"), 0); /* reset */
    run_to_the_end();
    ck_assert_uint_eq(up.n_requests, 5);
}
END_TEST

/* The end: what can be sent is, and a report of what could not; what waits stays in the store. A scenario has SIGTERM.
 */
START_TEST(check_66_the_end)
{
    misbehave(1, (struct action){.status = 400});
    for (int i = 0; i < 20; i++)
        put();
    start();
    until(totals().dead == 1);
    run_to_the_end();
    ck_assert_uint_eq(counted.v[COUNT_sent], 19);
    ck_assert_uint_eq(up.n_requests, 21);
    unsigned told = 0;
    for (unsigned i = 0; i < up.n_requests; i++)
        told += reported(&up.requests[i], "send_error");
    ck_assert_uint_eq(told, 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("answers");
    TCase *t = tcase_create("answers");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, check_55_a_limit_of_one_category_on_success);
    tcase_add_loop_test(t, check_56_whom_a_limit_concerns, 0, sizeof whom / sizeof *whom);
    tcase_add_loop_test(t, check_57_odd_spellings, 0, sizeof spellings / sizeof *spellings);
    tcase_add_test(t, check_58_the_later_deadline_stays);
    tcase_add_loop_test(t, check_59_429, 0, 3);
    tcase_add_test(t, check_60_what_met_a_limit_is_kept);
    tcase_add_test(t, limits_are_said_once);
    tcase_add_loop_test(t, check_61_refused, 0, 5);
    tcase_add_loop_test(t, check_62_5xx, 0, 5);
    tcase_add_test(t, check_62_503_and_retry_after);
    tcase_add_loop_test(t, check_63_no_answer, 0, 3);
    tcase_add_test(t, check_63_nobody_listens);
    tcase_add_test(t, check_63_given_up_in_the_end);
    tcase_add_test(t, check_64_a_kept_connection_that_was_closed);
    tcase_add_test(t, check_65_reports);
    tcase_add_test(t, check_66_the_end);
    suite_add_tcase(s, t);
    return unit_run(s);
}
