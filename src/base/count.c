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

bool count_balances(const struct counts *c)
{
    uint64_t fates = 0;
    for (unsigned i = 0; i < COUNT_N; i++)
        if (count_rows[i].kind == COUNT_FATE)
            fates += c->v[i];
    return fates == c->v[COUNT_lines_in];
}
