#include "io/batch.h"

static bool has_room(const struct batch *b, const struct store_row *row)
{
    return b->n == 0 || (row->attempts == 0 && b->bytes + row->event.payload.text.n <= BATCH_BYTES_MAX);
}

void batch_take(struct batch *b, struct store *store, struct slice project, enum item_kind kind, unsigned most,
                int64_t now_us)
{
    bool alone = false;
    b->n = 0;
    b->bytes = 0;
    while (b->n < most && b->n < ITEM_BATCH_MAX && !alone) {
        struct store_row *row = store_next(store, project, kind, now_us);
        if (!row)
            return;
        if (!has_room(b, row)) { /* the row is the first of the next batch */
            store_release(store, row->id);
            store_row_free(row);
            return;
        }
        alone = row->attempts > 0;
        b->bytes += row->event.payload.text.n;
        b->rows[b->n++] = row;
    }
}

void batch_done(struct batch *b)
{
    for (unsigned i = 0; i < b->n; i++)
        store_row_free(b->rows[i]);
    b->n = 0;
}
