#include "base/count.h"

#include <inttypes.h>

const struct count_row count_rows[COUNT_N] = {
#define COUNTER(name, kind, reason, help) {#name, COUNT_##kind, reason, help},
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

static uint64_t sum(const struct counts *c, const enum count *of, size_t n)
{
    uint64_t all = 0;
    for (size_t i = 0; i < n; i++)
        all += c->v[of[i]];
    return all;
}

#define SUM(c, of) sum(c, of, sizeof of / sizeof *of)

void count_balance(const struct counts *c, const struct count_open *open, struct count_balance out[COUNT_BALANCES])
{
    static const enum count made[] = {COUNT_event, COUNT_overdue, COUNT_summaries, COUNT_check_ins};
    static const enum count became[] = {COUNT_overdue_suppressed, COUNT_stored,         COUNT_stored_before,
                                        COUNT_event_too_large,    COUNT_input_overflow, COUNT_checkpoint_overflow,
                                        COUNT_unstored,           COUNT_left_open,      COUNT_read_again};
    static const enum count sent[] = {COUNT_sent, COUNT_dead, COUNT_damaged};
    static const enum count settled[] = {COUNT_settled, COUNT_unsettled};
    out[0] = (struct count_balance){"lines", c->v[COUNT_lines_in], count_fates(c), open->lines};
    out[1] = (struct count_balance){"events", SUM(c, made), SUM(c, became), open->events};
    out[2] = (struct count_balance){"sent", SUM(c, sent), SUM(c, settled), open->sent};
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
