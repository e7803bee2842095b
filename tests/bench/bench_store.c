/*
 * How many events a second the store takes, in checkpoints of a fifth of a second's worth, with the durability that it
 * has by default; and what giving rows out costs with all of them queued, and with few.
 *
 *     taskset -c 0 tests/bench/bench_store FOLDER [EVENTS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/xalloc.h"
#include "io/clock.h"
#include "io/store.h"

enum { EACH = 1000, FEW = 1000, TAKEN = 64, PAYLOAD = 2000 };

static double cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* As an event is: some words, some numbers of its own. */
static void fill(char *payload, unsigned n)
{
    size_t at = (size_t)snprintf(payload, PAYLOAD, "{\"event_id\":\"%08x\",\"breadcrumbs\":[", n);
    for (uint64_t chance = n; at < PAYLOAD - 90; chance = hash_mix(chance, at))
        at += (size_t)snprintf(payload + at, PAYLOAD - at, "{\"message\":\"GET /item/%016llx\",\"level\":\"info\"},",
                               (unsigned long long)chance);
    snprintf(payload + at, PAYLOAD - at, "{}]}");
}

static void put(struct store *s, unsigned from)
{
    static char payloads[EACH][PAYLOAD];
    static struct store_event e[EACH];
    for (unsigned i = 0; i < EACH; i++) {
        fill(payloads[i], from + i);
        e[i] = (struct store_event){.time_us = 1700000000000000, .title = {SLICE("title")}, .level = SLICE("error")};
        snprintf(e[i].event_id, sizeof e[i].event_id, "%016llx4000800000000000",
                 (unsigned long long)hash_mix(from + i, 7));
        e[i].payload.text = slice_str(payloads[i]);
    }
    struct position p = {.input = SLICE("in"), .part = SLICE("part"), .offset = from, .blob = SLICE("b")};
    struct checkpoint c = {.events = e, .n_events = EACH, .positions = &p, .n_positions = 1};
    c.counts.v[COUNT_lines_in] = c.counts.v[COUNT_event] = EACH;
    if (store_commit(s, &c) != STORE_OK)
        fprintf(stderr, "bench_store: %s\n", store_error(s));
}

/* Takes rows as the sender does, so many at a time, and has them sent. */
static void deliver(struct store *s, unsigned n, const char *how)
{
    double begun = cpu_s();
    int64_t now = clock_wall_us() + 1;
    unsigned did = 0;
    for (bool more = true; more && did < n;) {
        int64_t ids[TAKEN];
        unsigned taken = 0;
        for (struct store_row *r; taken < TAKEN && (r = store_next(s, SLICE(""), ITEM_EVENT, now)) != NULL; taken++) {
            ids[taken] = r->id;
            store_row_free(r);
        }
        for (unsigned i = 0; i < taken; i++)
            store_sent(s, ids[i]);
        store_flush(s);
        did += taken;
        more = taken == TAKEN;
    }
    printf("%u rows given out and sent with %s queued: %.1f us of a core each\n", did, how,
           1e6 * (cpu_s() - begun) / did);
}

int main(int argc, char **argv)
{
    unsigned n = argc > 2 ? (unsigned)atoi(argv[2]) : 100000;
    struct diag d = {0};
    if (argc < 2)
        return 2;
    char *path = xasprintf("%s/bench-store.db", argv[1]);
    struct store *s = store_open(path, STORE_DAEMON, UINT64_C(1) << 30, &d);
    if (!s) {
        err_print(&d, stderr);
        return 3;
    }
    int64_t wall = clock_mono_us();
    double begun = cpu_s();
    for (unsigned i = 0; i < n; i += EACH)
        put(s, i);
    double took_s = (double)(clock_mono_us() - wall) / 1e6;
    printf("%u events stored: %.0f a second, %.0f a second of a core\n", n, n / took_s, n / (cpu_s() - begun));
    deliver(s, FEW, "all");
    deliver(s, n - 2 * FEW, "most");
    deliver(s, FEW, "few");
    store_close(s);
    free(path);
    return 0;
}
