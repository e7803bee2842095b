/* sending: a sender with a store of its own and an upstream that does as it is told, for tests of what is sent. */
#ifndef TESTS_SENDING_H
#define TESTS_SENDING_H

#include <stdio.h>
#include <time.h>

#include "base/arena.h"
#include "io/clock.h"
#include "io/sender.h"
#include "tests/unit/upstream.h"
#include "text/json.h"

#define KEY "0123456789abcdef0123456789abcdef"

enum { CEILING_S = 30 };

static char dir[64];
static struct event_base *base;
static struct store *store;
static struct sender *sender;
static struct upstream up;
static struct dsn dsn;
static struct counts counted;
static struct sender_options options;
static unsigned n_events;

static inline void parse_dsn(struct dsn *out, const char *text)
{
    struct diag d = {0};
    ck_assert(dsn_parse(out, slice_str(text), &d));
}

static inline void set_up(void)
{
    static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    for (size_t i = 0; i < sizeof proxies / sizeof proxies[0]; i++)
        unsetenv(proxies[i]);
    snprintf(dir, sizeof dir, "/tmp/crumbd-sender-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    char *path = xasprintf("%s/crumbd.db", dir);
    struct diag d = {0};
    store = store_open(path, STORE_DAEMON, 0, &d);
    ck_assert_ptr_nonnull(store);
    free(path);
    base = event_base_new();
    up = (struct upstream){0};
    upstream_start(&up, base);
    char *text = xasprintf("http://" KEY "@127.0.0.1:%u/prefix/42", up.port);
    parse_dsn(&dsn, text);
    free(text);
    static struct sender_project project;
    project = (struct sender_project){.name = SLICE(""), .dsn = &dsn};
    counted = (struct counts){{0}};
    options = (struct sender_options){
        .projects = &project, .n_projects = 1, .counts = &counted, .retry_first_ms = 10, .retry_most_ms = 40};
    n_events = 0;
}

/* Whatever a test does: what the sender counted is what the store has settled, or has yet to. */
static inline void ck_sent_balances(void)
{
    struct counts all = counted;
    struct count_balance b[COUNT_BALANCES];
    count_add(&all, store_counted(store));
    count_balance(&all, &(struct count_open){.sent = store_unwritten(store)}, b);
    ck_assert_str_eq(b[2].of, "sent");
    ck_assert_uint_eq(b[2].in, b[2].out + b[2].open);
}

static inline void tear_down(void)
{
    ck_sent_balances();
    sender_free(sender);
    sender = NULL;
    store_close(store);
    upstream_stop(&up);
    event_base_free(base);
    dsn_done(&dsn);
    char *cmd = xasprintf("rm -rf '%s'", dir);
    ck_assert_int_eq(system(cmd), 0);
    free(cmd);
}

static inline void start(void)
{
    sender = sender_new(base, store, &options);
}

static inline void put_for(const char *project)
{
    struct store_event e = {
        .time_us = 1700000000000000, .title = {SLICE("t")}, .level = SLICE("error"), .project = slice_str(project)};
    snprintf(e.event_id, sizeof e.event_id, "%08x000040008000000000000000", ++n_events);
    char *payload = xasprintf("{\"event_id\":\"%s\",\"message\":\"text with \xe2\x80\xa6\"}", e.event_id);
    e.payload.text = slice_str(payload);
    struct checkpoint c = {.events = &e, .n_events = 1};
    ck_assert_int_eq(store_commit(store, &c), STORE_OK);
    free(payload);
    if (sender)
        sender_kick(sender);
}

static inline void put(void)
{
    put_for("");
}

static inline int64_t ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Turns the loop until it is so; a ceiling ends a test that waits in vain. */
#define until(condition)                                                                                               \
    do {                                                                                                               \
        int64_t give_up_ = ms() + CEILING_S * 1000;                                                                    \
        while (!(condition)) {                                                                                         \
            struct timeval slice_ = {.tv_usec = 5000};                                                                 \
            event_base_loopexit(base, &slice_);                                                                        \
            event_base_loop(base, EVLOOP_ONCE);                                                                        \
            ck_assert_msg(ms() < give_up_, "waited in vain for " #condition);                                          \
        }                                                                                                              \
    } while (0)

/* Turns the loop so long that anything wrongly sent would have been seen. */
static inline void let_it_be(int64_t for_ms)
{
    int64_t end = ms() + for_ms;
    until(ms() >= end);
}

static inline struct store_totals totals(void)
{
    struct store_totals t;
    store_flush(store);
    store_totals(store, &t);
    return t;
}

static inline bool all_gone(void)
{
    return !sender_busy(sender) && totals().ready == 0;
}

static inline void event_id_of(const struct request *r, char id[33])
{
    struct slice rest = sbuf_slice(&r->body);
    struct arena a = {0};
    const struct json_node *head = json_tree(&a, slice_split(&rest, '\n'));
    ck_assert_ptr_nonnull(head);
    struct slice text = json_get(head, "event_id")->text;
    ck_assert_uint_eq(text.n, 32);
    memcpy(id, text.p, 32);
    id[32] = '\0';
    arena_done(&a);
}

/* The script of most tests: the first `bad_n` requests get `bad`. */
static struct action bad;
static unsigned bad_n;

static inline struct action bad_first(void *u, unsigned n, const struct request *r)
{
    (void)u;
    (void)r;
    return n < bad_n ? bad : (struct action){0};
}

static inline void misbehave(unsigned n, struct action a)
{
    bad_n = n;
    bad = a;
    up.script = bad_first;
}

static inline void mark(void *u)
{
    *(bool *)u = true;
}

/* A word about monitor `n`. */
static inline void put_check_in(unsigned n, const char *status)
{
    struct store_event e = {
        .kind = ITEM_CHECK_IN, .time_us = 1700000000000000, .title = {SLICE("check-in")}, .level = SLICE("info")};
    snprintf(e.event_id, sizeof e.event_id, "%08x00004000a000000000000000", n);
    char *payload =
        xasprintf("{\"check_in_id\":\"%s\",\"monitor_slug\":\"m%u\",\"status\":\"%s\"}", e.event_id, n, status);
    e.payload.text = slice_str(payload);
    struct checkpoint c = {.events = &e, .n_events = 1};
    ck_assert_int_eq(store_commit(store, &c), STORE_OK);
    free(payload);
    if (sender)
        sender_kick(sender);
}

static inline bool is_check_in(const struct request *r)
{
    return slice_find(sbuf_slice(&r->body), SLICE("{\"type\":\"check_in\"")) > 0;
}

#endif
