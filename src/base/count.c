#include "base/count.h"

#include <inttypes.h>

const struct count_row count_rows[COUNT_N] = {
#define COUNTER(name, kind, sides, reason, help) {#name, COUNT_##kind, sides, reason, help},
#include "base/counters.def"
#undef COUNTER
};

void count_add(struct counts *to, const struct counts *delta)
{
    for (unsigned i = 0; i < COUNT_N; i++)
        to->v[i] += delta->v[i];
}

void count_ledger(const struct counts *c, struct sbuf *out)
{
    sbuf_addf(out, "msg=ledger lines_in=%" PRIu64, c->v[COUNT_lines_in]);
    for (unsigned i = 0; i < COUNT_N; i++)
        if (i != COUNT_lines_in && c->v[i])
            sbuf_addf(out, " %s=%" PRIu64, count_rows[i].name, c->v[i]);
}

uint64_t count_fates(const struct counts *c)
{
    uint64_t fates = 0;
    for (unsigned i = 0; i < COUNT_N; i++)
        if (count_rows[i].kind == COUNT_FATE)
            fates += c->v[i];
    return fates;
}

uint64_t count_sum(const struct counts *c, enum count_side side)
{
    uint64_t all = 0;
    for (unsigned i = 0; i < COUNT_N; i++)
        if (count_rows[i].sides & side)
            all += c->v[i];
    return all;
}

void count_balance(const struct counts *c, const struct count_open *open, struct count_balance out[COUNT_BALANCES])
{
    out[0] = (struct count_balance){"lines", c->v[COUNT_lines_in], count_fates(c), open->lines};
    out[1] = (struct count_balance){"events", count_sum(c, COUNT_MADE), count_sum(c, COUNT_BECAME), open->events};
    out[2] = (struct count_balance){"sent", count_sum(c, COUNT_ANSWERED), count_sum(c, COUNT_SETTLED), open->sent};
}

bool count_balances(const struct counts *c, const struct count_open *open)
{
    struct count_balance b[COUNT_BALANCES];
    count_balance(c, open, b);
    for (unsigned i = 0; i < COUNT_BALANCES; i++)
        if (b[i].in != b[i].out + b[i].open)
            return false;
    return true;
}
