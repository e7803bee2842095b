/*
 * count: the ledger. One array of numbers, one row for each COUNTER of counters.def. No locks: each thread has its own,
 * and deltas are added up on the main thread.
 */
#ifndef BASE_COUNT_H
#define BASE_COUNT_H

#include "base/sbuf.h"

enum count {
#define COUNTER(name, kind, reason, help) COUNT_##name,
#include "base/counters.def"
#undef COUNTER
    COUNT_N
};

enum count_kind { COUNT_FATE, COUNT_LOSS, COUNT_FACT };

struct count_row {
    const char *name;
    enum count_kind kind;
    const char *reason;
    const char *help;
};

extern const struct count_row count_rows[COUNT_N];

struct counts {
    uint64_t v[COUNT_N];
};

void count_add(struct counts *to, const struct counts *delta);
/* `msg=ledger lines_in=N` and name=N for every other row that is not zero. */
void count_ledger(const struct counts *c, struct sbuf *out);
/* True when lines_in equals the sum of the fates. */
bool count_balances(const struct counts *c);

#endif
