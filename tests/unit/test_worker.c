/*
 * The worker's thread with real inputs and a store that is an array: what is changed while it runs loses nothing and
 * doubles nothing.
 */
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/worker.h"
#include "base/xalloc.h"

enum { FILES = 2, SOURCES = 6, NUMBERS = 4000, ROWS_MAX = 64, EVERY = 50, DEADLINE_S = 60 };

/* One of each kind is stopped and started, one goes on. */
enum { TAIL_A, TAIL_B, UDP_A, UDP_B, TCP_A, TCP_B };

struct bench {
    char dir[64];
    struct snapshot *snapshot;
    struct event_base *base;
    struct mailbox *mailbox;
    struct worker *worker;
    struct shares free;
    struct event *late;
    struct position rows[ROWS_MAX]; /* the store */
    unsigned n_rows;
    struct input_state states[SOURCES];
    struct rule_stats stats;
    struct counts counts;
    struct count_open open;
    unsigned sent[SOURCES], seen[SOURCES][NUMBERS], new_title, checkpoints;
    int tcp[SOURCES];
    bool ended;
};

/* --- the store --- */

static void keep_position(struct bench *b, const struct position *p)
{
    unsigned i = 0;
    while (i < b->n_rows && !(slice_eq(b->rows[i].input, p->input) && slice_eq(b->rows[i].part, p->part)))
        i++;
    if (i == b->n_rows) {
        ck_assert_uint_lt(b->n_rows, ROWS_MAX);
        b->rows[b->n_rows++] = (struct position){.input = slice_of(slice_dup(p->input), p->input.n),
                                                 .part = slice_of(slice_dup(p->part), p->part.n)};
    }
    free((char *)(uintptr_t)b->rows[i].blob.p);
    b->rows[i].blob = slice_of(slice_dup(p->blob), p->blob.n);
    b->rows[i].offset = p->offset;
    b->rows[i].closed = p->closed;
}

static struct positions stored(const struct bench *b)
{
    struct positions known = {0};
    for (unsigned i = 0; i < b->n_rows; i++)
        if (!b->rows[i].closed)
            positions_add(&known, &b->rows[i]);
    return known;
}

/* Its title ends with the number of its source and its own. */
static void keep_event(struct bench *b, const struct store_event *e)
{
    unsigned source, number;
    char *title = slice_dup(e->title.text), *at = strchr(title, '#');
    if (e->open)
        return;
    ck_assert_msg(at && sscanf(at, "#%u-%u", &source, &number) == 2 && source < SOURCES && number < NUMBERS, "\"%s\"",
                  title);
    b->seen[source][number]++;
    b->counts.v[COUNT_stored]++;
    b->new_title += title[0] == 'N';
    free(title);
}

static void on_mail(void *u, struct mail *m)
{
    struct bench *b = u;
    struct worker_checkpoint *c = (struct worker_checkpoint *)m;
    for (unsigned i = 0; i < c->checkpoint.n_positions; i++)
        keep_position(b, &c->checkpoint.positions[i]);
    for (unsigned i = 0; i < c->checkpoint.n_events; i++)
        keep_event(b, &c->checkpoint.events[i]);
    for (unsigned i = 0; i < c->n_rules; i++)
        b->stats = c->rules[i].stats;
    if (c->inputs)
        memcpy(b->states, c->inputs, sizeof b->states);
    count_add(&b->counts, &c->checkpoint.counts);
    b->open = c->open;
    b->ended = c->last;
    b->checkpoints++;
    worker_checkpoint_free(c);
    worker_answer(b->worker, shares_copy(&b->free), true);
}

/* --- the bench --- */

static void put(const struct bench *b, const char *name, const char *text)
{
    char *path = xasprintf("%s/%s", b->dir, name);
    FILE *f = fopen(path, "we");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    free(path);
}

static void put_rules(const struct bench *b, const char *title)
{
    char *text =
        xasprintf("pack: p\nrules:\n  - {id: all, match: '#', event: {type: '%s {message}', message: ' '}}\n", title);
    put(b, "rules.yaml", text);
    free(text);
}

static struct snapshot *load(struct settings *s, const struct snapshot *before)
{
    struct diag d = {0};
    const struct snapshot_rules from = {.without_sources = true, .before = before};
    struct snapshot *now = snapshot_load(s, &from, &d);
    err_print(&d, stderr);
    ck_assert_ptr_nonnull(now);
    err_done(&d);
    return now;
}

static void on_late(evutil_socket_t fd, short what, void *u)
{
    (void)fd, (void)what, (void)u;
    ck_abort_msg("what was waited for does not come");
}

static struct settings *settings_of(struct bench *b)
{
    struct diag d = {0};
    char *path = xasprintf("%s/crumbd.yaml", b->dir);
    char *text =
        xasprintf("rules: [rules.yaml]\nsentry: {environment: test}\nstore: %s/store.db\n"
                  "breadcrumbs: {before: 0, after: 0, wait: 0ms}\n"
                  "limits: {per_issue: {burst: 100000}, per_minute: 100000, per_day: 100000000, new_issues: 1000000}\n"
                  "inputs:\n"
                  "  - {tail: %s/a.log, from: start, format: text}\n  - {tail: %s/b.log, from: start, format: text}\n"
                  "  - syslog: udp://127.0.0.1:0\n  - gelf: udp://127.0.0.2:0\n"
                  "  - syslog: tcp://127.0.0.1:0\n  - gelf: tcp://127.0.0.2:0\n",
                  b->dir, b->dir, b->dir);
    put(b, "crumbd.yaml", text);
    struct settings *s = settings_load(path, &d);
    err_print(&d, stderr);
    ck_assert_ptr_nonnull(s);
    err_done(&d);
    free(text);
    free(path);
    return s;
}

static struct bench *bench_new(void)
{
    static const uint8_t store_id[16] = "0123456789abcdef";
    const struct timeval deadline = {.tv_sec = DEADLINE_S};
    struct bench *b = xcalloc(1, sizeof *b);
    struct diag d = {0};
    strcpy(b->dir, "/tmp/crumbd-worker-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(b->dir));
    put(b, "a.log", "");
    put(b, "b.log", "");
    put_rules(b, "Old");
    struct settings *s = settings_of(b);
    b->snapshot = load(s, NULL);
    settings_unref(s);
    shares_init(&b->free, s->inputs, s->n_inputs, 0);
    const struct worker_setup setup = {.inputs = s->inputs,
                                       .n_inputs = s->n_inputs,
                                       .store_id = store_id,
                                       .secret = {1, 2},
                                       .run_key = 3,
                                       .used = shares_copy(&b->free)};
    b->worker = worker_new(&setup, &d);
    err_print(&d, stderr);
    ck_assert_ptr_nonnull(b->worker);
    b->base = event_base_new();
    b->late = evtimer_new(b->base, on_late, b);
    event_add(b->late, &deadline);
    b->mailbox = mailbox_new(b->base, on_mail, b);
    worker_prepare(b->worker, b->snapshot, NULL);
    worker_inputs(b->worker, b->states);
    struct worker_checkpoint *first = worker_look(b->worker);
    if (first)
        on_mail(b, &first->mail);
    worker_start(b->worker, b->mailbox);
    memset(b->tcp, -1, sizeof b->tcp);
    return b;
}

static void wait_once(struct bench *b)
{
    event_base_loop(b->base, EVLOOP_ONCE);
}

static bool all_seen(const struct bench *b)
{
    for (unsigned s = 0; s < SOURCES; s++)
        for (unsigned i = 0; i < b->sent[s]; i++)
            if (!b->seen[s][i])
                return false;
    return true;
}

static void ck_once(const struct bench *b)
{
    unsigned all = 0;
    for (unsigned s = 0; s < SOURCES; s++)
        for (unsigned i = 0; i < NUMBERS; i++) {
            all += b->seen[s][i];
            if (b->seen[s][i] != (i < b->sent[s]))
                ck_abort_msg("source %u, message %u of %u: %u times", s, i, b->sent[s], b->seen[s][i]);
        }
    ck_assert_uint_eq(b->counts.v[COUNT_event], all);
    ck_assert(count_balances(&b->counts, &b->open));
}

static void bench_end(struct bench *b)
{
    worker_stop(b->worker);
    while (!b->ended)
        wait_once(b);
    worker_join(b->worker);
    ck_once(b);
    for (unsigned i = 0; i < b->n_rows; i++) {
        free((char *)(uintptr_t)b->rows[i].input.p);
        free((char *)(uintptr_t)b->rows[i].part.p);
        free((char *)(uintptr_t)b->rows[i].blob.p);
    }
    for (unsigned i = 0; i < SOURCES; i++)
        if (b->tcp[i] >= 0)
            close(b->tcp[i]);
    char *command = xasprintf("rm -r '%s'", b->dir);
    ck_assert_int_eq(system(command), 0);
    free(command);
    mailbox_free(b->mailbox);
    event_free(b->late);
    event_base_free(b->base);
    shares_done(&b->free);
    snapshot_unref(b->snapshot);
    free(b);
}

/* --- senders --- */

static int socket_to(const struct bench *b, unsigned source)
{
    bool udp = source == UDP_A || source == UDP_B;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(b->states[source].port)};
    inet_pton(AF_INET, source == UDP_A || source == TCP_A ? "127.0.0.1" : "127.0.0.2", &to.sin_addr);
    int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static char *message(const struct bench *b, unsigned source)
{
    unsigned number = b->sent[source];
    switch (source) {
    case UDP_A:
        return xasprintf("<11>1 2026-11-25T02:00:00Z h app - - - #%u-%u", source, number);
    case TCP_A:
        return xasprintf("<11>1 2026-11-25T02:00:00Z h app - - - #%u-%u\n", source, number);
    case UDP_B:
    case TCP_B: /* its end is a NUL */
        return xasprintf("{\"version\":\"1.1\",\"host\":\"h\",\"level\":3,\"short_message\":\"#%u-%u\"}", source,
                         number);
    default:
        return xasprintf("#%u-%u\n", source, number);
    }
}

static void send_some(struct bench *b, unsigned source)
{
    char *path = xasprintf("%s/%c.log", b->dir, source == TAIL_A ? 'a' : 'b');
    FILE *f = source < FILES ? fopen(path, "ae") : NULL;
    int fd = source < FILES ? -1 : source == UDP_A || source == UDP_B ? socket_to(b, source) : b->tcp[source];
    if (source >= FILES && fd < 0)
        ck_assert_int_ge(fd = b->tcp[source] = socket_to(b, source), 0);
    for (unsigned i = 0; i < EVERY; i++, b->sent[source]++) {
        char *text = message(b, source);
        size_t n = strlen(text) + (source == TCP_B);
        if (f)
            ck_assert_uint_eq(fwrite(text, 1, n, f), n);
        else
            ck_assert_int_eq(send(fd, text, n, MSG_NOSIGNAL), (ssize_t)n);
        free(text);
    }
    if (f)
        fclose(f);
    if (source == UDP_A || source == UDP_B)
        close(fd);
    free(path);
}

static void name_of(const struct bench *b, unsigned source, void (*give)(const struct bench *b, struct slice name))
{
    give(b, slice_str(b->snapshot->settings->inputs[source].text));
}

static void stop(const struct bench *b, struct slice name)
{
    worker_stop_input(b->worker, name);
}

static void start(const struct bench *b, struct slice name)
{
    struct positions known = stored(b);
    worker_start_input(b->worker, name, &known);
    ck_assert_uint_eq(known.n, 0);
}

static bool run(const struct bench *b, bool first_ones)
{
    for (unsigned i = 0; i < SOURCES; i++)
        if (b->states[i].runs != (i % 2 ? true : first_ones))
            return false;
    return true;
}

/* --- tests --- */

START_TEST(inputs_come_and_go)
{
    struct bench *b = bench_new();
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned s = 0; s < SOURCES; s++)
            send_some(b, s);
        while (!all_seen(b))
            wait_once(b);
        /* What the kernel has taken of datagrams is read at the end, what is left of a file later. */
        send_some(b, TAIL_A);
        send_some(b, UDP_A);
        for (unsigned s = TAIL_A; s < SOURCES; s += 2)
            name_of(b, s, stop);
        send_some(b, TAIL_A);
        while (!run(b, false))
            wait_once(b);
        ck_assert_uint_eq(b->states[TCP_A].port, 0);
        close(b->tcp[TCP_A]);
        b->tcp[TCP_A] = -1;
        for (unsigned i = 0; i < b->sent[UDP_A]; i++)
            ck_assert_uint_eq(b->seen[UDP_A][i], 1);
        unsigned known = 0;
        for (unsigned i = 0; i < b->sent[TAIL_A]; i++)
            known += b->seen[TAIL_A][i];
        /* The others go on, and nothing is read of this one. */
        for (unsigned s = TAIL_B; s < SOURCES; s += 2)
            send_some(b, s);
        send_some(b, TAIL_A);
        for (unsigned s = TAIL_B; s < SOURCES; s += 2)
            while (!b->seen[s][b->sent[s] - 1])
                wait_once(b);
        ck_assert_uint_lt(known, b->sent[TAIL_A]);
        ck_assert_uint_eq(b->seen[TAIL_A][b->sent[TAIL_A] - 1], 0);
        for (unsigned s = TAIL_A; s < SOURCES; s += 2)
            name_of(b, s, start);
        while (!run(b, true))
            wait_once(b);
    }
    for (unsigned s = 0; s < SOURCES; s++)
        send_some(b, s);
    while (!all_seen(b))
        wait_once(b);
    for (unsigned s = 0; s < SOURCES; s++)
        ck_assert_uint_eq(b->states[s].lines, b->sent[s]); /* over all its runs */
    bench_end(b);
}
END_TEST

/* What runs already goes on, what does not run cannot be stopped, and a name that nobody has is nobody's. */
START_TEST(orders_that_change_nothing)
{
    struct bench *b = bench_new();
    name_of(b, TAIL_A, start);
    stop(b, SLICE("tcp://127.0.0.9:0"));
    struct positions none = {0};
    worker_start_input(b->worker, SLICE("nothing"), &none);
    for (unsigned s = 0; s < SOURCES; s++)
        send_some(b, s);
    while (!all_seen(b) || !run(b, true))
        wait_once(b);
    for (unsigned s = 0; s < SOURCES; s++)
        name_of(b, s, stop);
    for (unsigned i = 0; i < SOURCES; i++)
        while (b->states[i].runs)
            wait_once(b);
    name_of(b, UDP_A, stop);
    send_some(b, TAIL_A);
    name_of(b, TAIL_A, start);
    while (!all_seen(b))
        wait_once(b);
    name_of(b, TAIL_A, stop); /* with the end of all behind it */
    bench_end(b);
}
END_TEST

START_TEST(rules_change)
{
    struct bench *b = bench_new();
    for (unsigned s = 0; s < SOURCES; s++)
        send_some(b, s);
    while (!all_seen(b))
        wait_once(b);
    ck_assert_uint_eq(b->new_title, 0);
    put_rules(b, "New");
    struct snapshot *next = load((struct settings *)(uintptr_t)b->snapshot->settings, b->snapshot);
    for (unsigned s = 0; s < SOURCES; s++)
        send_some(b, s); /* judged by either */
    worker_use(b->worker, next);
    snapshot_unref(b->snapshot);
    b->snapshot = next;
    while (!all_seen(b))
        wait_once(b);
    unsigned before = b->new_title;
    for (unsigned s = 0; s < SOURCES; s++)
        send_some(b, s);
    while (!all_seen(b))
        wait_once(b);
    ck_assert_uint_eq(b->new_title, before + SOURCES * EVERY);
    ck_assert_uint_eq(b->stats.hits, 3 * SOURCES * EVERY);
    bench_end(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("worker");
    TCase *t = tcase_create("worker");
    tcase_set_timeout(t, 2 * DEADLINE_S);
    tcase_add_test(t, inputs_come_and_go);
    tcase_add_test(t, orders_that_change_nothing);
    tcase_add_test(t, rules_change);
    suite_add_tcase(s, t);
    return unit_run(s);
}
