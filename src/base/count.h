/*
 * count: the ledger. One array of numbers, one row for each COUNTER of counters.def. No locks: each thread has its own,
 * and deltas are added up on the main thread.
 */
#ifndef BASE_COUNT_H
#define BASE_COUNT_H

#include "base/sbuf.h"

enum count {
#define COUNTER(name, kind, sides, reason, help) COUNT_##name,
#include "base/counters.def"
#undef COUNTER
    COUNT_N
};

enum count_kind { COUNT_FATE, COUNT_LOSS, COUNT_FACT };

/*
 * The sums that a counter is part of. At any quiet moment, but for what is under way:
 *
 * MADE = BECAME:       events and check-ins that the pipeline made of lines, of their absence and of the end of a
 *                      period; what the store took of them, and what was dropped before.
 * ANSWERED = SETTLED:  what the sender knows to be accepted or refused, with what was too damaged to be sent; what of
 *                      it the store has written down.
 * CAME - WENT:         the rows of the store that wait to be sent, over all runs.
 *
 * UNFRAMED: messages that somebody sent and that no framing yielded; with lines_in they are all that were sent.
 */
enum count_side {
    COUNT_MADE = 1 << 0,
    COUNT_BECAME = 1 << 1,
    COUNT_ANSWERED = 1 << 2,
    COUNT_SETTLED = 1 << 3,
    COUNT_CAME = 1 << 4,
    COUNT_WENT = 1 << 5,
    COUNT_UNFRAMED = 1 << 6,
};

struct count_row {
    const char *name;
    enum count_kind kind;
    unsigned sides; /* of enum count_side */
    const char *reason;
    const char *help;
};

extern const struct count_row count_rows[COUNT_N];

struct counts {
    uint64_t v[COUNT_N];
};

/* What is under way: lines that have been framed and have no fate yet; events that wait for the lines after them; what
   was accepted or refused and is not written down yet. */
struct count_open {
    uint64_t lines, events, sent;
};

/*
 * Two numbers that were counted in different places and differ by what is under way, or something is lost unnamed.
 *
 * lines: what inputs framed; fates that the pipeline gave. events: MADE and BECAME. sent: ANSWERED and SETTLED.
 */
struct count_balance {
    const char *of;
    uint64_t in, out, open;
};

enum { COUNT_BALANCES = 3 };

void count_add(struct counts *to, const struct counts *delta);
/* `msg=ledger lines_in=N` and name=N for every other row that is not zero. */
void count_ledger(const struct counts *c, struct sbuf *out);
uint64_t count_fates(const struct counts *c);
uint64_t count_sum(const struct counts *c, enum count_side side);
void count_balance(const struct counts *c, const struct count_open *open, struct count_balance out[COUNT_BALANCES]);
/* Whether all agree. */
bool count_balances(const struct counts *c, const struct count_open *open);

#endif
