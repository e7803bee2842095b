/* What the store has not taken when the daemon ends: it is named, in the last ledger, in the store, by input. */
#include "app/daemon_parts.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/table.h"
#include "base/xalloc.h"

/* All that is told of it. Texts are those of the checkpoints that are given up. */
struct unstored {
    struct daemon *dm;
    struct table open; /* open forms of events whose closed ones have not been met */
    uint64_t *lost;    /* events of each input */
    uint64_t ahead;    /* events that are there already, and are made again */
    struct counts before;
    struct store_report *reports;
    unsigned n_reports;
};

/* Whether the input's lines, of which this event was made, are read again: it has positions, and they are older than
 * the event. */
static bool is_read_again(const struct daemon *dm, int input)
{
    if (input < 0)
        return true; /* of no input: its state in the store is older, too */
    const struct input_options *opt = &dm->input_list[input];
    return input_type_of(opt->kind, opt->transport)->positions != NULL;
}

static void report(struct unstored *u, const struct store_report *r)
{
    unsigned i = 0;
    while (i < u->n_reports &&
           !(slice_eq(u->reports[i].project, r->project) && slice_eq(u->reports[i].reason, r->reason) &&
             slice_eq(u->reports[i].category, r->category)))
        i++;
    if (i == u->n_reports) {
        u->reports = xroom(u->reports, u->n_reports, sizeof *u->reports);
        u->reports[u->n_reports] = *r;
        u->reports[u->n_reports++].quantity = 0;
    }
    u->reports[i].quantity += r->quantity;
}

/* What was held back is told once more: the state of flood control in the store is older. */
static void report_what_was_lost(struct unstored *u, const struct checkpoint *c)
{
    for (unsigned i = 0; i < c->n_reports; i++)
        if (!slice_is(c->reports[i].reason, count_rows[COUNT_suppressed].reason))
            report(u, &c->reports[i]);
}

static void count(struct unstored *u, const struct store_event *e)
{
    int input = shares_find(&u->dm->shares, e->input);
    bool again = is_read_again(u->dm, input);
    u->dm->counts.v[again ? COUNT_read_again : COUNT_unstored]++;
    if (again)
        return;
    u->lost[input]++;
    const struct store_report r = {.project = e->project,
                                   .reason = slice_str(count_rows[COUNT_unstored].reason),
                                   .category = slice_str(item_traits[e->kind].category),
                                   .quantity = 1};
    report(u, &r);
}

/*
 * Each event once, whichever forms of it are among the unstored ones. A closed form without its open one: a checkpoint
 * before them has stored that, with the position behind its line.
 */
static void count_form(struct unstored *u, struct store_event *e)
{
    uint64_t id = slice_hash(slice_str(e->event_id), 0);
    if (e->open)
        table_put(&u->open, id, e);
    else if (e->written_open && !table_del(&u->open, id))
        u->dm->counts.v[COUNT_left_open]++;
    else
        count(u, e);
}

/*
 * What the store has of the checkpoint whose rest it did not take, and what lies before it: positions. Such an event
 * becomes two: the one that is there, and the one that is made again. A closed form without its open one is not among
 * them: an earlier checkpoint has stored that, with the position behind its line.
 */
static void count_ahead(struct unstored *u, const struct checkpoint *c)
{
    for (unsigned i = 0; i < c->n_stored; i++) {
        const struct store_event *e = &c->events[i];
        bool made_here = e->open || !e->written_open;
        u->ahead += made_here && is_read_again(u->dm, shares_find(&u->dm->shares, e->input));
    }
}

/* A store that has no room is nobody's failure, as long as nothing is lost by it. */
static void say(const struct unstored *u)
{
    const struct daemon *dm = u->dm;
    bool lost = dm->stored != STORE_FULL || dm->counts.v[COUNT_unstored];
    log_at(lost ? LOG_ERROR : LOG_WARN,
           "the last checkpoint could not be stored; files are read again from the one before it at the next start",
           log_c("store", dm->setup->settings->store), log_c("why", dm->stored == STORE_FULL ? "full" : "failed"),
           log_i("events_lost", (int64_t)dm->counts.v[COUNT_unstored]),
           log_i("events_left_open", (int64_t)dm->counts.v[COUNT_left_open]),
           log_i("events_read_again", (int64_t)dm->counts.v[COUNT_read_again]));
    for (unsigned i = 0; i < dm->n_inputs; i++) {
        const struct log_tag tags[] = {log_c("input", dm->input_list[i].text), log_i("events", (int64_t)u->lost[i])};
        if (u->lost[i])
            log_listed(LOG_ERROR, "events are lost: the store did not take them before the end", tags, 2);
    }
}

/* The next start closes the rows that are open, and counts them as stored. */
static uint64_t not_open_any_more(struct daemon *dm, uint64_t left_open)
{
    struct store_totals totals;
    store_totals(dm->store, &totals);
    return left_open > (uint64_t)totals.open ? left_open - (uint64_t)totals.open : 0;
}

/*
 * Numbers take no room worth speaking of, so the ledger of all runs has this one's to its end, and Sentry is told by
 * the next run. Without positions and state: files are read again, and their lines are in that ledger once more.
 */
static void store_numbers(struct unstored *u)
{
    struct checkpoint last = {.reports = u->reports, .n_reports = u->n_reports};
    for (unsigned i = 0; i < COUNT_N; i++)
        last.counts.v[i] = u->dm->counts.v[i] - u->before.v[i];
    last.counts.v[COUNT_left_open] = not_open_any_more(u->dm, last.counts.v[COUNT_left_open]);
    if (store_commit(u->dm->store, &last) != STORE_OK)
        log_error("the last numbers of this run are in its last ledger only: the store does not take them",
                  log_c("store", u->dm->setup->settings->store));
}

bool daemon_has_last(const struct daemon *dm)
{
    return dm->n_unstored && dm->unstored[dm->n_unstored - 1]->last;
}

void daemon_give_up_unstored(struct daemon *dm)
{
    daemon_take_counted(dm);
    struct unstored u = {.dm = dm, .lost = xcalloc(dm->n_inputs + 1, sizeof *u.lost), .before = dm->counts};
    if (!daemon_has_last(dm))
        log_error("the worker thread has not told its last numbers: they are missing in the ledger");
    for (unsigned i = 0; i < dm->n_unstored; i++) {
        struct checkpoint *c = &dm->unstored[i]->checkpoint;
        count_add(&dm->counts, &c->counts);
        dm->open = dm->unstored[i]->open;
        report_what_was_lost(&u, c);
        count_ahead(&u, c);
        for (unsigned k = c->n_stored; k < c->n_events; k++)
            count_form(&u, &c->events[k]);
        for (unsigned k = 0; k < c->n_numbers; k++)
            count(&u, &c->numbers[k]);
    }
    table_each (&u.open, slot)
        count(&u, slot->value);
    store_count_ahead(dm->store, u.ahead);
    dm->counts.v[COUNT_stored_ahead] += u.ahead;
    dm->counts.v[COUNT_read_again] += u.ahead;
    say(&u);
    store_numbers(&u);
    table_done(&u.open);
    free(u.lost);
    free(u.reports);
    while (dm->n_unstored)
        worker_checkpoint_free(dm->unstored[--dm->n_unstored]);
}
