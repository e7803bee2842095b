/*
 * batch: rows of one project and kind that leave in one envelope, as many as item_traits.batch says.
 *
 * A row that was tried before goes alone: an answer to several does not say which of them it means. Bounds:
 * ITEM_BATCH_MAX rows, BATCH_BYTES_MAX of payloads, unless one row alone has more. A value of its user; main thread.
 */
#ifndef IO_BATCH_H
#define IO_BATCH_H

#include "io/store.h"

enum { BATCH_BYTES_MAX = STORE_PAYLOAD_MAX };

struct batch {
    unsigned n;
    uint64_t bytes; /* of the payloads */
    struct store_row *rows[ITEM_BATCH_MAX];
};

/* Takes the rows that have been due longest, at most `most` of them; the store is told of each what became of it, as
   after store_next. n is 0: none is due. */
void batch_take(struct batch *b, struct store *store, struct slice project, enum item_kind kind, unsigned most,
                int64_t now_us);
/* The rows' memory; what becomes of them is told to the store. */
void batch_done(struct batch *b);

#endif
