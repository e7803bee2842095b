/*
 * status: what the status page says, as texts made from facts: /metrics, /api/, and HTML.
 *
 * Pure: the present is an argument, nothing is opened or asked. Texts from logs go into HTML only through
 * html_text, which escapes them, and into JSON through the writer. The answers to addresses are in `routes`.
 */
#ifndef APP_STATUS_H
#define APP_STATUS_H

#include "app/daemon_reload.h"
#include "app/live.h"
#include "app/turn.h"
#include "app/watch.h"
#include "base/count.h"
#include "core/judge.h"
#include "io/input.h"
#include "io/sender.h"
#include "io/shared_limits.h"
#include "io/store.h"
#include "text/json.h"

struct status {
    int64_t now_us, start_us;
    int64_t ahead_us;   /* of the wall clock is that by which rules count (clock_steady_us) */
    const char *config; /* path; NULL: zero configuration */
    const char *store_path;
    const char *dsn_from; /* where the DSN was found; NULL: there is none */
    const struct rule_set *rules;
    const struct rule_stats *rule_stats; /* by the rule's handle */
    unsigned issues;                     /* that flood control keeps in mind */
    const struct shared_limits_state *shared;
    const struct input_options *inputs;
    unsigned n_inputs;
    const struct input_state *states; /* of the inputs, in their order */
    const uint64_t *evicted;          /* events of each that made room in the store; NULL: none did */
    const char *not_ready;            /* why it is not, for people; NULL: it is */
    const char *not_healthy;          /* the same */
    const struct turn *turn;          /* what the worker is in; NULL: nothing */
    const struct counts *counts;      /* of this run */
    struct counts all_runs;           /* as the store has them */
    struct count_open open;           /* of this run */
    struct count_open
        waiting; /* lines and events that are judged, and of which the counts know nothing before they are stored */
    struct store_totals outbox;
    bool rows_known;      /* or else the store cannot be read */
    int64_t unnamed_rows; /* see store_unnamed_rows */
    uint64_t store_limit_bytes;
    const struct reload *reload;
    const struct watch *watch;
    struct live *live;
    struct sender *sender; /* NULL: it has ended */
};

/* "open" (waits for the lines after it), "ready" or "dead". */
const char *status_state(const struct store_row *r);

/* --- status.c --- */

/* Prometheus' text format, version 0.0.4. */
void status_metrics(const struct status *s, struct sbuf *out);
/* Whether the numbers that must agree do, and nothing waits to be stored. */
bool status_balances(const struct status *s);
bool status_waits(const struct status *s);
/* {"balanced":…,"start":…,"now":…,"balances":[{"of":…,"in":…,"out":…,"open":…},…],
   "waiting_to_be_stored":{"lines":…,"events":…},"unnamed_rows":…,"counts":{name: n of every row},"all_runs":{the same}}
   */
void status_ledger(const struct status *s, struct sbuf *out);
/* {"counts":{name: n of every row},"inputs":[{"input":…,"lines":…,"behind":…},…]} */
void status_live_ledger(const struct status *s, struct sbuf *out);
/* [{"name":…,"kind":"fate|loss|fact","sides":[…],"help":…}, …], one for each counter; the same for a build. */
void status_counters(struct sbuf *out);
/* One row of the outbox as an object, without its payload. */
void status_event(struct json *j, const struct store_row *r);

/* --- status_inputs.c --- */

/* {"inputs":[{"input":…,"kind":…,"state":…,…},…]} */
void status_inputs(const struct status *s, struct sbuf *out);
/* Families of one row for each input, for status_metrics. */
void status_input_metrics(const struct status *s, struct sbuf *out);
/* What each input reads, how far it is, and what is wrong with it. */
void status_inputs_page(const struct status *s, struct sbuf *out);

/* --- status_rules.c --- */

/* Rules that were tried, at most so many, in file order: what grows with the rules must not grow without end. */
enum { STATUS_RULES_MAX = 1000, STATUS_RULES_SHOWN = 50 };

/* Families of one row for each rule, for status_metrics. */
void status_rule_metrics(const struct status *s, struct sbuf *out);
/* [{"id":…,"tried":…,"hits":…,"seconds":…,"last":…,"match_limit":…,"suspended":…,"file":…,"line":…}, …]; all: also
   those that were not tried. */
void status_rules(const struct status *s, bool all, struct sbuf *out);
/* One of them, with its `text` as it stands in its file; SLICE_NONE: null. */
void status_rule(const struct status *s, const struct rule *r, struct slice text, struct sbuf *out);
/* A table of the suspended rules and those with the most hits, so many at most. */
void status_rules_page(const struct status *s, unsigned most, struct sbuf *out);

/* --- status_page.c --- */

/* The page /: its begin with whether events leave, and what stands below the issues. */
void status_page_overview(const struct status *s, struct store *store, struct sbuf *out);
void status_page_rest(const struct status *s, struct sbuf *out);
/* The page /flow: its begin, one row for each event, its end. complete: all rows that were asked for could be read. */
void status_page_flow(const struct status *s, struct sbuf *out);
void status_page_row(const struct status *s, const struct store_row *r, struct sbuf *out);
void status_page_end(bool complete, struct sbuf *out);
/* The page /rules. */
void status_page_rules(const struct status *s, struct sbuf *out);
/* The form that asks for the token. why: what was wrong with the last one; NULL: nothing yet. */
void status_page_login(const struct status *s, const char *why, struct sbuf *out);
/* The page of one event, with its payload made readable. */
void status_page_event(const struct status *s, const struct store_row *r, struct sbuf *out);

#endif
