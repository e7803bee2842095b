#include "config.h"

#include "tests/unit/sending.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <time.h>

#include "base/arena.h"
#include "io/clock.h"
#include "io/sender.h"
#include "text/json.h"

START_TEST(a_request_to_the_letter)
{
    put();
    start();
    until(all_gone());
    ck_assert_uint_eq(up.n_requests, 1);
    const struct request *r = &up.requests[0];
    ck_assert(slice_starts(slice_str(r->head), SLICE("POST /prefix/api/42/envelope/ HTTP/1.1\r\n")));
    ck_slice(request_header(r, "X-Sentry-Auth"),
             "Sentry sentry_key=" KEY ", sentry_version=7, sentry_client=crumbd.c/" PACKAGE_VERSION);
    ck_slice(request_header(r, "Content-Type"), "application/x-sentry-envelope");
    ck_slice(request_header(r, "Content-Encoding"), "gzip");
    ck_slice(request_header(r, "User-Agent"), "crumbd.c/" PACKAGE_VERSION);
    char length[32];
    snprintf(length, sizeof length, "%zu", r->wire.n);
    ck_slice(request_header(r, "Content-Length"), length);
    static const char *const absent[] = {"Expect", "Authorization", "Transfer-Encoding", "Origin", "Referer"};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        ck_assert_msg(!request_header(r, absent[i]).p, "%s was sent", absent[i]);
    struct slice body = sbuf_slice(&r->body);
    ck_assert_int_gt(
        slice_find(body,
                   SLICE("\n{\"type\":\"event\",\"length\":73}\n{\"event_id\":\"00000001000040008000000000000000\"")),
        0);
    ck_assert(slice_ends(body, SLICE("}\n")) && !slice_ends(body, SLICE("\n\n")));
    ck_assert_uint_eq(counted.v[COUNT_sent], 1);
    ck_assert_uint_eq(totals().dead, 0);
}
END_TEST

START_TEST(a_check_in_to_the_letter)
{
    put_check_in(1, "ok");
    start();
    until(all_gone());
    ck_assert_uint_eq(up.n_requests, 1);
    struct slice body = sbuf_slice(&up.requests[0].body), head = slice_split(&body, '\n');
    ck_assert_int_lt(slice_find(head, SLICE("event_id")), 0);
    ck_assert(slice_starts(body, SLICE("{\"type\":\"check_in\",\"length\":84}\n{\"check_in_id\":")));
    ck_assert(slice_ends(body, SLICE("\"status\":\"ok\"}\n")));
    ck_assert_uint_eq(counted.v[COUNT_sent], 1);
}
END_TEST

static struct action slow_check_ins(void *u, unsigned n, const struct request *r)
{
    (void)u;
    (void)n;
    return (struct action){.delay_ms = is_check_in(r) ? 20 : 0};
}

START_TEST(a_monitor_hears_the_last_word_last)
{
    up.script = slow_check_ins;
    put_check_in(1, "error");
    start();
    until(up.n_requests == 1);
    put_check_in(1, "ok"); /* the first is still on its way */
    put_check_in(2, "ok");
    until(all_gone());
    ck_assert_uint_eq(up.most_in_progress, 1);
    ck_assert_uint_eq(up.n_requests, 3);
    ck_assert_int_gt(slice_find(sbuf_slice(&up.requests[0].body), SLICE("\"status\":\"error\"")), 0);
    ck_assert_int_gt(slice_find(sbuf_slice(&up.requests[1].body), SLICE("\"monitor_slug\":\"m1\",\"status\":\"ok\"")),
                     0);
}
END_TEST

/* Check-ins as a kind of which three may leave in one envelope. */
static void in_batches_of_three(void)
{
    static struct item_traits kinds[ITEM_KINDS];
    memcpy(kinds, item_traits, sizeof kinds);
    kinds[ITEM_CHECK_IN].batch = 3;
    options.kinds = kinds;
}

static unsigned items_of(const struct request *r)
{
    struct slice rest = sbuf_slice(&r->body);
    unsigned n = 0;
    while (rest.n)
        n += slice_starts(slice_split(&rest, '\n'), SLICE("{\"type\":"));
    return n;
}

START_TEST(several_rows_in_one_envelope)
{
    in_batches_of_three();
    for (unsigned i = 1; i <= 7; i++)
        put_check_in(i, "ok");
    put();
    put();
    start();
    until(all_gone());
    ck_assert_uint_eq(up.n_requests, 5);
    unsigned sizes[4] = {0};
    for (unsigned i = 0; i < up.n_requests; i++)
        sizes[items_of(&up.requests[i])]++;
    ck_assert_uint_eq(sizes[3], 2); /* and the seventh alone, as events always are */
    ck_assert_uint_eq(sizes[1], 3);
    ck_assert_uint_eq(counted.v[COUNT_sent], 9);
}
END_TEST

static struct action no_fourth_monitor(void *u, unsigned n, const struct request *r)
{
    (void)u;
    (void)n;
    return (struct action){.status = slice_find(sbuf_slice(&r->body), SLICE("\"m4\"")) >= 0 ? 400 : 200};
}

/* An answer to several does not say which of them it refuses. */
START_TEST(one_bad_row_of_several)
{
    in_batches_of_three();
    up.script = no_fourth_monitor;
    for (unsigned i = 1; i <= 6; i++)
        put_check_in(i, "ok");
    start();
    until(all_gone());
    ck_assert_uint_eq(items_of(&up.requests[0]), 3);
    ck_assert_uint_eq(items_of(&up.requests[1]), 3);
    for (unsigned i = 2; i < up.n_requests; i++)
        ck_assert_uint_eq(items_of(&up.requests[i]), 1);
    ck_assert_uint_eq(up.n_requests, 5);
    ck_assert_uint_eq(counted.v[COUNT_sent], 5);
    ck_assert_uint_eq(counted.v[COUNT_retries], 3);
    ck_assert_uint_eq(counted.v[COUNT_dead], 1);
    ck_assert_uint_eq(totals().dead, 1);
}
END_TEST

/* Of several on their way that nobody answered, none is gone. */
START_TEST(several_rows_at_an_end)
{
    in_batches_of_three();
    misbehave(1, (struct action){.stall = true});
    for (unsigned i = 1; i <= 3; i++)
        put_check_in(i, "ok");
    start();
    until(up.n_requests == 1);
    sender_free(sender);
    start();
    until(all_gone());
    ck_assert_uint_eq(up.n_requests, 2);
    ck_assert_uint_eq(items_of(&up.requests[1]), 3);
    ck_assert_uint_eq(counted.v[COUNT_sent], 3);
}
END_TEST

static unsigned no_check_ins_status;

static struct action no_check_ins(void *u, unsigned n, const struct request *r)
{
    (void)u;
    (void)n;
    return (struct action){.status = is_check_in(r) ? no_check_ins_status : 200};
}

/* Whatever a server says to check-ins, events go on. */
START_TEST(a_server_without_check_ins_gets_events)
{
    static const unsigned statuses[] = {400, 403, 404, 500, 413};
    no_check_ins_status = statuses[_i];
    up.script = no_check_ins;
    put_check_in(1, "ok");
    start();
    until(counted.v[COUNT_retries] + counted.v[COUNT_dead] > 0);
    for (int i = 0; i < 20; i++)
        put();
    until(counted.v[COUNT_sent] == 20);
    ck_assert_uint_eq(totals().ready + totals().dead, 1);
}
END_TEST

START_TEST(limits_of_one_category_stop_only_that)
{
    misbehave(1, (struct action){.headers = "X-Sentry-Rate-Limits: 60:monitor:key\r\n"});
    put();
    start();
    until(all_gone());
    put_check_in(1, "ok");
    put();
    until(counted.v[COUNT_sent] == 2);
    let_it_be(100);
    ck_assert_uint_eq(up.n_requests, 2);
    ck_assert_uint_eq(totals().ready, 1);
}
END_TEST

START_TEST(limits_on_events_leave_check_ins)
{
    misbehave(1, (struct action){.headers = "X-Sentry-Rate-Limits: 60:error:key\r\n"});
    put();
    start();
    until(all_gone());
    put();
    put_check_in(1, "ok");
    until(counted.v[COUNT_sent] == 2);
    ck_assert(is_check_in(&up.requests[1]));
    ck_assert_uint_eq(totals().ready, 1);
}
END_TEST

START_TEST(a_secret_only_when_the_dsn_has_one)
{
    dsn_done(&dsn);
    char *text = xasprintf("http://" KEY ":5ecre7@127.0.0.1:%u/1", up.port);
    parse_dsn(&dsn, text);
    free(text);
    put();
    start();
    until(all_gone());
    ck_assert(slice_ends(request_header(&up.requests[0], "X-Sentry-Auth"), SLICE(", sentry_secret=5ecre7")));
}
END_TEST

/* Where answers take long there are more at a time, up to the most, over as many connections. */
START_TEST(many_over_kept_connections)
{
    misbehave(UINT_MAX, (struct action){.delay_ms = 50});
    for (int i = 0; i < 2000; i++)
        put();
    start();
    int64_t at = ms();
    until(all_gone());
    /* Two seconds where the machine is idle. One at a time would take 100 s, four 25 s. */
    ck_assert_int_lt(ms() - at, 12000);
    ck_assert_uint_eq(up.n_requests, 2000);
    ck_assert_uint_le(up.connections, item_traits[ITEM_EVENT].in_flight);
    ck_assert_uint_gt(up.most_in_progress, item_traits[ITEM_EVENT].in_flight / 8);
    ck_assert_uint_le(up.most_in_progress, item_traits[ITEM_EVENT].in_flight);
    ck_assert_uint_eq(counted.v[COUNT_sent], 2000);
}
END_TEST

/* A server that answers one after the other gets a few at a time. */
static int64_t busy_until_ms;

static struct action one_after_the_other(void *u, unsigned n, const struct request *r)
{
    (void)u;
    (void)n;
    (void)r;
    int64_t now_ms = ms();
    busy_until_ms = (busy_until_ms > now_ms ? busy_until_ms : now_ms) + 30;
    return (struct action){.delay_ms = (unsigned)(busy_until_ms - now_ms)};
}

START_TEST(few_where_more_are_not_served_sooner)
{
    up.script = one_after_the_other;
    for (int i = 0; i < 60; i++)
        put();
    start();
    until(all_gone());
    ck_assert_uint_gt(up.most_in_progress, 1);
    ck_assert_uint_le(up.most_in_progress, 10);
    ck_assert_uint_eq(counted.v[COUNT_retries], 0);
}
END_TEST

static bool connected(void)
{
    for (unsigned i = 0; i < UPSTREAM_CONNECTIONS_MAX; i++)
        if (up.open[i])
            return true;
    return false;
}

START_TEST(idle_connections_are_closed)
{
    options.keep_ms = 300;
    put();
    start();
    until(all_gone());
    put();
    until(all_gone());
    ck_assert(connected());
    ck_assert_uint_eq(up.connections, 1);
    until(!connected());
    put();
    until(all_gone());
    ck_assert_uint_eq(up.connections, 2);
}
END_TEST

/* What a kill would send again: that an event was taken is written in the turn after the answer. */
START_TEST(an_outcome_is_written_at_once)
{
    struct diag d = {0};
    struct store_totals t;
    char *path = xasprintf("%s/crumbd.db", dir);
    struct store *beside = store_open(path, STORE_TOOL, 0, &d);
    for (int i = 0; i < 20; i++) {
        put();
        if (!sender)
            start();
        until(counted.v[COUNT_sent] == (unsigned)i + 1);
        int64_t at = ms();
        do {
            event_base_loop(base, EVLOOP_NONBLOCK);
            store_totals(beside, &t);
        } while (t.ready && ms() - at < 10);
        ck_assert_msg(!t.ready, "not written within 10 ms");
    }
    store_close(beside);
    free(path);
}
END_TEST

START_TEST(trouble_is_tried_again_with_the_same_id)
{
    misbehave(2, (struct action){.status = 503, .body = "over\x1b[31mload\nnow"});
    put();
    start();
    until(up.n_requests == 1 && !sender_busy(sender));
    store_flush(store);
    struct store_row *row = store_get(store, 1, NULL);
    ck_assert_str_eq(row->reason, "HTTP 503: overload now");
    ck_assert_uint_eq(row->attempts, 1);
    store_row_free(row);
    until(all_gone());
    ck_assert_uint_eq(up.n_requests, 3);
    char first[33], id[33];
    event_id_of(&up.requests[0], first);
    for (int i = 1; i < 3; i++) {
        event_id_of(&up.requests[i], id);
        ck_assert_str_eq(first, id);
        struct slice a = sbuf_slice(&up.requests[i - 1].body), b = sbuf_slice(&up.requests[i].body);
        ck_assert_msg(!slice_eq(slice_split(&a, '\n'), slice_split(&b, '\n')), "sent_at was not refreshed");
        ck_assert(slice_eq(a, b));
    }
    ck_assert_uint_eq(counted.v[COUNT_retries], 2);
    ck_assert_uint_eq(counted.v[COUNT_sent], 1);
    struct counts stored;
    store_counts(store, &stored);
    ck_assert_uint_eq(stored.v[COUNT_retries], 2);
    ck_assert_uint_eq(stored.v[COUNT_sent], 1);
}
END_TEST

static struct action bad_from_20_to_50(void *u, unsigned n, const struct request *r)
{
    (void)u;
    (void)r;
    return n < 20 || n >= 50 ? (struct action){0} : (struct action){.status = 500, .delay_ms = 3};
}

/* While a project fails there is one probe at a time, and in the end each event was taken once. */
START_TEST(one_probe_at_a_time)
{
    up.script = bad_from_20_to_50;
    for (int i = 0; i < 60; i++)
        put();
    start();
    until(counted.v[COUNT_retries] && !sender_busy(sender));
    up.most_in_progress = 0; /* those that were on their way when it began */
    until(all_gone());
    ck_assert_uint_eq(up.most_in_progress, 1);
    ck_assert_uint_eq(up.n_requests, 90);
    unsigned char taken[61] = {0};
    for (unsigned i = 0; i < 90; i++) {
        char id[33];
        event_id_of(&up.requests[i], id);
        id[8] = '\0';
        unsigned long n = strtoul(id, NULL, 16);
        ck_assert_uint_le(n, 60);
        taken[n] = (unsigned char)(taken[n] + (i < 20 || i >= 50));
    }
    for (unsigned n = 1; n <= 60; n++)
        ck_assert_uint_eq(taken[n], 1);
    ck_assert_uint_eq(counted.v[COUNT_retries], 30);
}
END_TEST

/* One event at which the server always fails does not keep the others. */
static struct action poison(void *u, unsigned n, const struct request *r)
{
    (void)u;
    (void)n;
    char id[33];
    event_id_of(r, id);
    return (struct action){.status = !strncmp(id, "00000001", 8) ? 500 : 200};
}

START_TEST(a_poisonous_event_does_not_stop_the_rest)
{
    up.script = poison;
    for (int i = 0; i < 20; i++)
        put();
    start();
    until(totals().ready == 1);
    ck_assert_uint_eq(counted.v[COUNT_sent], 19);
}
END_TEST

START_TEST(refused_for_good)
{
    misbehave(1, (struct action){.status = 400, .body = "{\"detail\":\"bad envelope\"}"});
    put();
    put();
    start();
    until(all_gone());
    ck_assert_uint_eq(totals().dead, 1);
    ck_assert_uint_eq(up.n_requests, 2);
    struct store_row *row = store_get(store, 1, NULL);
    ck_assert_int_eq(row->state, STORE_STATE_DEAD);
    ck_assert_str_eq(row->reason, "HTTP 400: {\"detail\":\"bad envelope\"}");
    store_row_free(row);
    ck_assert_uint_eq(counted.v[COUNT_dead], 1);
    ck_assert_uint_eq(counted.v[COUNT_sent], 1);
}
END_TEST

/* What the server says back may be what it was sent, cut in the middle of a secret or not. */
START_TEST(an_answer_has_no_secrets)
{
    char body[400];
    snprintf(body, sizeof body,
             "{\"detail\":\"bad\",\"sent\":\"password=hunter2x\",\"more\":\"%0110d "
             "ghp_0123456789abcdefghijABCDEFGHIJ012345\"}",
             0);
    misbehave(1, (struct action){.status = 400, .body = body});
    put();
    start();
    until(totals().dead == 1);
    struct store_row *row = store_get(store, 1, NULL);
    ck_assert_msg(strstr(row->reason, "password=[Filtered]") && !strstr(row->reason, "hunter2") &&
                      !strstr(row->reason, "ghp_"),
                  "%s", row->reason);
    store_row_free(row);
}
END_TEST

START_TEST(a_wrong_key_pauses_the_project)
{
    static const unsigned statuses[] = {401, 403, 404, 302};
    misbehave(100000, (struct action){.status = statuses[_i], .headers = "Location: /elsewhere\r\n"});
    for (int i = 0; i < 10; i++)
        put();
    start();
    until(up.n_requests >= 1 && !sender_busy(sender));
    ck_assert_uint_le(up.n_requests, item_traits[ITEM_EVENT].in_flight);
    unsigned n = up.n_requests;
    put();
    let_it_be(200);
    ck_assert_uint_eq(up.n_requests, n);
    ck_assert_uint_eq(totals().ready, 11);
    ck_assert_uint_eq(totals().dead, 0);
    for (unsigned i = 0; i < n; i++)
        ck_assert(slice_starts(slice_str(up.requests[i].head), SLICE("POST /prefix/api/42/")));
}
END_TEST

START_TEST(a_pause_ends)
{
    options.pause_first_ms = options.pause_most_ms = 20;
    misbehave(6, (struct action){.status = 403});
    for (int i = 0; i < 10; i++)
        put();
    start();
    until(all_gone());
    ck_assert_uint_eq(up.n_requests, 16);
}
END_TEST

static void note_next_try(void *u, const struct store_next_try *n)
{
    int64_t *at_us = u;
    ck_assert(slice_is(n->project, ""));
    ck_assert(slice_find(n->why, SLICE("HTTP 403")) == 0);
    *at_us = n->at_us;
}

/* A pause of five minutes, and somebody beside who has mended the key. */
START_TEST(a_pause_ends_when_somebody_asks)
{
    struct diag d = {0};
    int64_t next_us = 0;
    char *path = xasprintf("%s/crumbd.db", dir);
    struct store *tool = store_open(path, STORE_TOOL, 0, &d);
    ck_assert(store_wake(tool)); /* nothing fails yet: this one is of no moment */
    misbehave(1, (struct action){.status = 403});
    put();
    start();
    until(up.n_requests == 1 && !sender_busy(sender));
    let_it_be(100);
    store_next_tries(tool, note_next_try, &next_us);
    ck_assert_int_gt(next_us, clock_wall_us() + INT64_C(200000000));
    ck_assert_int_le(next_us, clock_wall_us() + INT64_C(300000000));
    put();
    let_it_be(100);
    ck_assert_uint_eq(up.n_requests, 1);
    ck_assert(store_wake(tool));
    until(all_gone());
    next_us = 0;
    store_next_tries(tool, note_next_try, &next_us);
    ck_assert_int_eq(next_us, 0);
    store_close(tool);
    free(path);
}
END_TEST

/* What the server has asked for is not undone by it. */
START_TEST(a_limit_stays_when_somebody_asks)
{
    misbehave(1, (struct action){.status = 429, .headers = "Retry-After: 4\r\n"});
    put();
    start();
    until(up.n_requests == 1 && !sender_busy(sender));
    int64_t at = ms();
    ck_assert(store_wake(store));
    until(all_gone());
    ck_assert_int_ge(ms() - at, 3900);
}
END_TEST

START_TEST(told_to_wait)
{
    misbehave(1, (struct action){.status = 429, .headers = "Retry-After: 1\r\n"});
    put();
    start();
    until(up.n_requests == 1 && !sender_busy(sender));
    int64_t at = ms();
    put();
    until(up.n_requests > 1);
    ck_assert_int_ge(ms() - at, 900);
    until(all_gone());
    ck_assert_uint_eq(up.n_requests, 3);
    ck_assert_uint_eq(counted.v[COUNT_dead], 0);
}
END_TEST

START_TEST(told_to_wait_on_success)
{
    misbehave(1, (struct action){
                     .status = 200,
                     .headers = "X-Sentry-Rate-Limits: 60:transaction:key\r\nx-sentry-rate-limits: 1:error:key\r\n"});
    put();
    start();
    until(up.n_requests == 1 && !sender_busy(sender));
    int64_t at = ms();
    put();
    until(all_gone());
    ck_assert_int_ge(ms() - at, 900);
    ck_assert_uint_eq(up.n_requests, 2);
}
END_TEST

/* Answers that are none, and answers that never end. */
START_TEST(bad_answers)
{
    static const struct action actions[] = {
        {.close = true},
        {.raw = "\x01\x02 this is not HTTP\r\n\r\n"},
        {.raw = "HTTP/1.1 "},
        {.raw = "HTTP/1.1 200 OK\r\nContent-Len"},
        {.raw = "HTTP/1.1 100 Continue\r\n\r\n"},
        {.raw = "HTTP/9.9 banana\r\n\r\n"},
        {.raw = ""},
    };
    misbehave(1, actions[_i]);
    put();
    start();
    until(all_gone());
    ck_assert_uint_eq(up.n_requests, 2);
    ck_assert_uint_eq(counted.v[COUNT_retries], 1);
    ck_assert_uint_eq(counted.v[COUNT_sent], 1);
}
END_TEST

/* Answers put together by chance, from pieces of such and from bytes: whatever comes, the event is sent, waits or is a
   dead letter; and what the server then takes ends it. */
static unsigned any_seed;
static struct sbuf any;

static struct action any_bytes(void *u, unsigned n, const struct request *r)
{
    static const char *const pieces[] = {
        "HTTP/1.1 ",
        "200 OK\r\n",
        "429 \r\n",
        "503 x\r\n",
        "100 Continue\r\n\r\n",
        "HTTP/2 ",
        "301 Moved\r\n",
        "999999 \r\n",
        "-1\r\n",
        "Content-Length: 3\r\n",
        "\r\n",
        "\n",
        "Content-Length: -1\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Retry-After: ",
        "Retry-After: 0\r\n",
        "X-Sentry-Rate-Limits: 0.001::\r\n",
        "X-Sentry-Rate-Limits: ,;:\r\n",
        "Transfer-Encoding: chunked\r\n",
        "ffffffffffffffff\r\n",
        "0\r\n\r\n",
        "Location: file:///etc/passwd\r\n",
        "Connection: close\r\n",
        "Content-Encoding: gzip\r\n",
        "Set-Cookie: a=b\r\n",
        " folded\r\n",
        "{\"id\":1}",
        ":\r\n",
        "Upgrade: h2c\r\n",
        "WWW-Authenticate: Basic\r\n",
        "HTTP/0.9",
        "\x1b[2J\xff\xfe",
    };
    (void)u;
    (void)r;
    if (n % 2) /* every other one is taken */
        return (struct action){0};
    sbuf_reset(&any);
    srandom(any_seed + n);
    if (random() % 4)
        sbuf_adds(&any, SLICE("HTTP/1.1 200 \r\n"));
    for (long i = random() % 12; i >= 0; i--)
        sbuf_adds(&any, slice_str(pieces[(unsigned long)random() % (sizeof pieces / sizeof *pieces)]));
    return (struct action){.raw = sbuf_cstr(&any)};
}

START_TEST(any_bytes_as_an_answer)
{
    sbuf_init(&any, 4096);
    any_seed = (unsigned)_i * 1000;
    options.retry_first_ms = options.retry_most_ms = options.pause_first_ms = options.pause_most_ms = 1;
    up.script = any_bytes;
    for (int i = 0; i < 40; i++)
        put();
    start();
    until(all_gone());
    ck_assert_uint_eq(counted.v[COUNT_sent] + totals().dead, 40);
    ck_assert_uint_eq(counted.v[COUNT_dead], totals().dead);
    sbuf_done(&any);
}
END_TEST

/* The status is there: the event was taken, whatever becomes of the rest. */
START_TEST(taken_though_the_answer_is_odd)
{
    static const struct action actions[] = {
        {.raw = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"id\""},
        {.body_bytes = 3000000},
        {.raw = "HTTP/1.1 103 Early\r\nRetry-After: 5\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}"},
    };
    misbehave(1, actions[_i]);
    put();
    start();
    until(all_gone());
    put();
    until(all_gone());
    ck_assert_uint_eq(up.n_requests, 2);
    ck_assert_uint_eq(counted.v[COUNT_retries], 0);
}
END_TEST

START_TEST(endless_headers)
{
    struct sbuf b;
    sbuf_init(&b, 400000);
    sbuf_adds(&b, SLICE("HTTP/1.1 200 OK\r\n"));
    while (b.n < 200000)
        sbuf_adds(&b, SLICE("X-Padding: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"));
    misbehave(1, (struct action){.raw = sbuf_cstr(&b)});
    put();
    start();
    until(all_gone());
    ck_assert_uint_eq(counted.v[COUNT_retries], 1);
    sbuf_done(&b);
}
END_TEST

/* The server closes a kept connection just as the next request is on its way: sent again at once, and it is
 * no failure. */
static struct action close_when_reused(void *u, unsigned n, const struct request *r)
{
    (void)u;
    (void)n;
    (void)r;
    return (struct action){.close_reused = true};
}

START_TEST(a_kept_connection_that_is_closed)
{
    up.script = close_when_reused;
    put();
    start();
    until(all_gone());
    for (int i = 0; i < 5; i++) {
        put();
        until(all_gone());
    }
    ck_assert_uint_eq(counted.v[COUNT_sent], 6);
    ck_assert_uint_eq(counted.v[COUNT_retries], 0);
    ck_assert_uint_eq(up.connections, 6);
    ck_assert_uint_eq(up.n_requests, 11);
    for (unsigned i = 1; i < 11; i += 2)
        ck_assert(slice_eq(sbuf_slice(&up.requests[i].body), sbuf_slice(&up.requests[i + 1].body)));
}
END_TEST

START_TEST(nobody_there)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof sa;
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0); /* bound, not listening: nobody else gets it */
    getsockname(fd, (struct sockaddr *)&sa, &n);
    dsn_done(&dsn);
    char *text = xasprintf("http://" KEY "@127.0.0.1:%u/1", ntohs(sa.sin_port));
    parse_dsn(&dsn, text);
    free(text);
    put();
    put();
    start();
    until(counted.v[COUNT_retries] >= 3);
    ck_assert_uint_eq(totals().ready, 2);
    struct store_row *row = store_get(store, 1, NULL);
    ck_assert_msg(strstr(row->reason, "127.0.0.1") != NULL, "%s", row->reason);
    store_row_free(row);
    /* The exit does not wait for a server that is not there. */
    bool flushed = false;
    sender_flush(sender, 20000, mark, &flushed);
    int64_t at = ms();
    until(flushed);
    ck_assert_int_lt(ms() - at, 5000);
    close(fd);
}
END_TEST

START_TEST(flush_sends_what_can_be_sent)
{
    for (int i = 0; i < 50; i++)
        put();
    start();
    bool flushed = false;
    sender_flush(sender, 20000, mark, &flushed);
    until(flushed);
    ck_assert_uint_eq(counted.v[COUNT_sent], 50);
    ck_assert_uint_eq(totals().ready, 0);
}
END_TEST

START_TEST(flush_ends_at_its_deadline)
{
    misbehave(1000, (struct action){.stall = true});
    put();
    start();
    until(up.n_requests == 1);
    bool flushed = false;
    int64_t at = ms();
    sender_flush(sender, 150, mark, &flushed);
    until(flushed);
    ck_assert_int_ge(ms() - at, 140);
    sender_free(sender); /* with a request on its way */
    sender = NULL;
    ck_assert_uint_eq(totals().ready, 1);
    struct store_row *row = store_next(store, SLICE(""), ITEM_EVENT, INT64_MAX / 2);
    ck_assert_ptr_nonnull(row);
    store_row_free(row);
}
END_TEST

START_TEST(a_limit_that_comes_with_the_answer_to_a_report)
{
    misbehave(1, (struct action){.status = 200, .headers = "X-Sentry-Rate-Limits: 1:error:key\r\n"});
    struct store_report r = {
        .project = SLICE(""), .reason = SLICE("sample_rate"), .category = SLICE("error"), .quantity = 7};
    struct checkpoint c = {.reports = &r, .n_reports = 1};
    ck_assert_int_eq(store_commit(store, &c), STORE_OK);
    start();
    bool flushed = false;
    sender_flush(sender, 10000, mark, &flushed);
    until(flushed);
    ck_assert_uint_eq(up.n_requests, 1);
    ck_assert_uint_eq(counted.v[COUNT_reported], 7);
    int64_t at = ms();
    put();
    until(all_gone());
    ck_assert_int_ge(ms() - at, 900);
    ck_assert_uint_eq(up.n_requests, 2);
}
END_TEST

START_TEST(projects_do_not_wait_for_one_another)
{
    struct dsn other;
    parse_dsn(&other, "http://" KEY "@127.0.0.1:9/1");
    struct sender_project projects[] = {{.name = SLICE("billing"), .dsn = &other}, {.name = SLICE(""), .dsn = &dsn}};
    options.projects = projects;
    options.n_projects = 2;
    for (int i = 0; i < 10; i++) {
        put_for("billing");
        put_for("gone");
        put();
    }
    start();
    until(counted.v[COUNT_sent] == 10);
    ck_assert_uint_eq(totals().ready, 20);
    dsn_done(&other);
}
END_TEST

static struct action silent_at_43(void *u, unsigned n, const struct request *r)
{
    (void)u;
    (void)n;
    return (struct action){.stall = slice_find(slice_str(r->head), SLICE("/api/43/")) > 0};
}

/* The same for one that takes requests and says nothing, which nobody can tell from one that is slow. */
START_TEST(a_silent_project_holds_up_no_other)
{
    struct dsn other;
    char *text = xasprintf("http://" KEY "@127.0.0.1:%u/43", up.port);
    parse_dsn(&other, text);
    struct sender_project projects[] = {{.name = SLICE("billing"), .dsn = &other}, {.name = SLICE(""), .dsn = &dsn}};
    options.projects = projects;
    options.n_projects = 2;
    up.script = silent_at_43;
    for (int i = 0; i < 100; i++) {
        put_for("billing");
        put();
    }
    start();
    until(counted.v[COUNT_sent] == 100);
    ck_assert_uint_eq(totals().ready, 100);
    ck_assert_uint_eq(up.n_requests, 101); /* one was enough to see */
    dsn_done(&other);
    free(text);
}
END_TEST

START_TEST(found_without_a_kick)
{
    put();
    misbehave(1, (struct action){.status = 400});
    start();
    until(totals().dead == 1);
    let_it_be(100); /* until the sender's own writing down, which looks for more, is over */
    ck_assert_int_eq(store_requeue(store, 1), 1); /* as `crumbd queue retry` does */
    until(all_gone());
    ck_assert_uint_eq(counted.v[COUNT_sent], 1);
}
END_TEST

START_TEST(through_a_proxy)
{
    dsn_done(&dsn);
    parse_dsn(&dsn, "http://" KEY "@sentry.invalid/1");
    char *proxy = xasprintf("http://127.0.0.1:%u", up.port);
    options.http.proxy = proxy;
    put();
    start();
    until(all_gone());
    ck_assert(
        slice_starts(slice_str(up.requests[0].head), SLICE("POST http://sentry.invalid/api/1/envelope/ HTTP/1.1\r\n")));
    free(proxy);
}
END_TEST

/* A certificate for 127.0.0.1 that signs itself, used by the server and written to `path`. */
static void make_tls(const char *path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME *name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(cert, e, -1);
    X509_EXTENSION_free(e);
    ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
    FILE *f = fopen(path, "w");
    PEM_write_X509(f, cert);
    fclose(f);
    up.tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(up.tls, cert);
    SSL_CTX_use_PrivateKey(up.tls, key);
    X509_free(cert);
    EVP_PKEY_free(key);
}

START_TEST(tls_is_verified)
{
    char *ca = xasprintf("%s/ca.pem", dir);
    make_tls(ca);
    dsn_done(&dsn);
    char *text = xasprintf("https://" KEY "@127.0.0.1:%u/1", up.port);
    parse_dsn(&dsn, text);
    free(text);
    put();
    start();
    until(counted.v[COUNT_retries] == 2);
    ck_assert_uint_eq(up.n_requests, 0);
    struct store_row *row = (store_flush(store), store_get(store, 1, NULL));
    ck_assert_msg(strstr(row->reason, "certificate") != NULL, "%s", row->reason);
    store_row_free(row);
    sender_free(sender);
    options.http.ca_file = ca;
    start();
    until(all_gone());
    ck_assert_uint_eq(up.n_requests, 1);
    SSL_CTX_free(up.tls);
    free(ca);
}
END_TEST

static void keep_answer(void *u, const struct http_client_answer *a)
{
    struct sbuf *out = u;
    sbuf_addf(out, "%u %s", a->status, a->error);
    sbuf_adds(out, a->body);
}

START_TEST(one_by_hand)
{
    struct sbuf out;
    sbuf_init(&out, 1000);
    dsn_done(&dsn);
    parse_dsn(&dsn, "http://" KEY "@127.0.0.1:9/1");
    ck_assert(
        sender_post_once(&dsn, &options.http, "00000001000040008000000000000000", SLICE("{}"), keep_answer, &out));
    ck_assert_msg(slice_starts(sbuf_slice(&out), SLICE("0 ")) && slice_find(sbuf_slice(&out), SLICE("127.0.0.1")) > 0,
                  "%s", sbuf_cstr(&out));
    sbuf_done(&out);
}
END_TEST

/* Of the protocols that libcurl may have been built with. */
START_TEST(nothing_but_http)
{
    static const char *const urls[] = {"file:///etc/hostname", "ftp://127.0.0.1/x",  "gopher://127.0.0.1:9/x",
                                       "dict://127.0.0.1:9/x", "ws://127.0.0.1:9/x", "smtp://127.0.0.1:9/x"};
    static const char *const headers[] = {NULL};
    struct http_client_target *t = http_client_target_new(urls[_i], headers, &options.http);
    struct sbuf body, out;
    sbuf_init(&body, 10);
    sbuf_init(&out, 1000);
    sbuf_adds(&body, SLICE("{}"));
    http_client_once(t, &body, keep_answer, &out);
    http_client_target_free(t);
    sbuf_done(&body);
    /* "not supported or disabled in libcurl", in newer ones "disabled". */
    ck_assert_msg(strstr(sbuf_cstr(&out), "disabled") || strstr(sbuf_cstr(&out), "nsupported protocol"), "%s: %s",
                  urls[_i], sbuf_cstr(&out));
    sbuf_done(&out);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("sender");
    TCase *t = tcase_create("sender");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_request_to_the_letter);
    tcase_add_test(t, a_secret_only_when_the_dsn_has_one);
    tcase_add_test(t, many_over_kept_connections);
    tcase_add_test(t, few_where_more_are_not_served_sooner);
    tcase_add_test(t, idle_connections_are_closed);
    tcase_add_test(t, an_outcome_is_written_at_once);
    tcase_add_test(t, trouble_is_tried_again_with_the_same_id);
    tcase_add_test(t, one_probe_at_a_time);
    tcase_add_test(t, a_poisonous_event_does_not_stop_the_rest);
    tcase_add_test(t, refused_for_good);
    tcase_add_test(t, an_answer_has_no_secrets);
    tcase_add_loop_test(t, a_wrong_key_pauses_the_project, 0, 4);
    tcase_add_test(t, a_pause_ends);
    tcase_add_test(t, a_pause_ends_when_somebody_asks);
    tcase_add_test(t, a_limit_stays_when_somebody_asks);
    tcase_add_test(t, told_to_wait);
    tcase_add_test(t, told_to_wait_on_success);
    tcase_add_loop_test(t, bad_answers, 0, 7);
    tcase_add_loop_test(t, taken_though_the_answer_is_odd, 0, 3);
    tcase_add_loop_test(t, any_bytes_as_an_answer, 0, 10);
    tcase_add_test(t, endless_headers);
    tcase_add_test(t, a_kept_connection_that_is_closed);
    tcase_add_test(t, nobody_there);
    tcase_add_test(t, flush_sends_what_can_be_sent);
    tcase_add_test(t, flush_ends_at_its_deadline);
    tcase_add_test(t, a_limit_that_comes_with_the_answer_to_a_report);
    tcase_add_test(t, projects_do_not_wait_for_one_another);
    tcase_add_test(t, a_check_in_to_the_letter);
    tcase_add_test(t, a_monitor_hears_the_last_word_last);
    tcase_add_test(t, several_rows_in_one_envelope);
    tcase_add_test(t, one_bad_row_of_several);
    tcase_add_test(t, several_rows_at_an_end);
    tcase_add_loop_test(t, a_server_without_check_ins_gets_events, 0, 5);
    tcase_add_test(t, limits_of_one_category_stop_only_that);
    tcase_add_test(t, limits_on_events_leave_check_ins);
    tcase_add_test(t, a_silent_project_holds_up_no_other);
    tcase_add_test(t, found_without_a_kick);
    tcase_add_test(t, through_a_proxy);
    tcase_add_test(t, tls_is_verified);
    tcase_add_test(t, one_by_hand);
    tcase_add_loop_test(t, nothing_but_http, 0, 6);
    suite_add_tcase(s, t);
    return unit_run(s);
}
