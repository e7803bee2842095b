/* crumbd ledger: the totals over all runs, as the store has them, beside a running daemon or without one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/command.h"
#include "app/tool_store.h"
#include "text/json.h"

struct ledger {
    const char *path;
    bool running;
    uint64_t pid; /* of the daemon; 0: not known */
    struct counts counts;
    struct store_totals outbox;
    bool rows_known;
    int64_t unnamed_rows;
};

static void read_ledger(struct ledger *l, struct store *s)
{
    l->running = store_has_daemon(s, &l->pid);
    store_counts(s, &l->counts);
    store_totals(s, &l->outbox);
    l->rows_known = store_unnamed_rows(s, &l->unnamed_rows);
}

/* --- for people --- */

static void print_kind(const struct ledger *l, enum count_kind kind, const char *title)
{
    unsigned n = 0;
    printf("\n%s\n", title);
    for (unsigned i = 0; i < COUNT_N; i++)
        if (count_rows[i].kind == kind && i != COUNT_lines_in && l->counts.v[i] && ++n)
            printf("%12" PRIu64 "  %-24s %s\n", l->counts.v[i], count_rows[i].name, count_rows[i].help);
    if (!n)
        printf("%12d  nothing\n", 0);
}

static void print_text(const struct ledger *l)
{
    uint64_t in = l->counts.v[COUNT_lines_in], fates = count_fates(&l->counts);
    printf("%s, over all runs", l->path);
    if (l->running && l->pid)
        printf("; the daemon with pid %" PRIu64 " goes on with it", l->pid);
    printf("\n\n%12" PRIu64 "  %-24s %s\n", in, "lines_in", count_rows[COUNT_lines_in].help);
    if (in > fates)
        printf("%12" PRIu64 "  %-24s %s\n", in - fates, "under way",
               l->running ? "have no fate yet: held for the lines after them"
                          : "had no fate when a run was killed: the next start reads them again");
    print_kind(l, COUNT_FATE, "what became of them");
    print_kind(l, COUNT_LOSS, "lost");
    print_kind(l, COUNT_FACT, "also counted");
    printf("\nin the store: %" PRIu64 " wait to be sent, %" PRIu64 " wait for the lines after them, %" PRIu64
           " are dead letters\n",
           l->outbox.ready, l->outbox.open, l->outbox.dead);
    if (l->rows_known && l->unnamed_rows)
        printf("%" PRId64 " rows more than these numbers know are in it: some came or went unnamed\n", l->unnamed_rows);
}

/* --- for programs --- */

static void put_number(struct json *j, const char *key, int64_t v)
{
    json_key(j, key);
    json_int(j, v);
}

static void print_json(const struct ledger *l)
{
    struct json j;
    struct sbuf out;
    sbuf_init(&out, 1 << 16);
    json_start(&j, &out);
    json_map(&j);
    json_key(&j, "store");
    json_str(&j, slice_str(l->path));
    json_key(&j, "counts");
    json_map(&j);
    for (unsigned i = 0; i < COUNT_N; i++)
        put_number(&j, count_rows[i].name, (int64_t)l->counts.v[i]);
    json_map_end(&j);
    json_key(&j, "outbox");
    json_map(&j);
    put_number(&j, "open", (int64_t)l->outbox.open);
    put_number(&j, "ready", (int64_t)l->outbox.ready);
    put_number(&j, "dead", (int64_t)l->outbox.dead);
    json_map_end(&j);
    if (l->rows_known)
        put_number(&j, "unnamed_rows", l->unnamed_rows);
    json_map_end(&j);
    json_end(&j);
    printf("%.*s\n", SLICE_ARG(sbuf_slice(&out)));
    sbuf_done(&out);
}

int cmd_ledger(int argc, char **argv)
{
    const char *config = NULL, *store = NULL;
    bool json = false;
    struct command_reader in = command_read("ledger", argc, argv);
    for (const char *word; (word = command_next(&in));) {
        if (!in.option)
            return command_usage("ledger", "ledger takes no \"%s\"", word);
        config = command_is(&in, "-c") ? in.value : config;
        store = command_is(&in, "--store") ? in.value : store;
        json |= command_is(&in, "--json");
    }
    if (in.status != EXIT_WELL)
        return in.status;
    struct ledger l = {0};
    char *path;
    struct store *s = tool_store_open("ledger", config, store, &path);
    if (s) {
        l.path = path;
        read_ledger(&l, s);
        (json ? print_json : print_text)(&l);
    }
    store_close(s);
    free(path);
    return s ? EXIT_WELL : EXIT_CANNOT_RUN;
}
