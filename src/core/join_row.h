/*
 * join_row: what is held of a record that cannot be read again, as the store keeps it (join.h, join_codec.h).
 */
#ifndef CORE_JOIN_ROW_H
#define CORE_JOIN_ROW_H

#include "core/scrubbed.h"

struct join_row {
    uint64_t key;
    bool closed;     /* it is held no more: there is nothing but the key */
    int64_t last_us; /* when its last line came: rows are put back in this order */
    unsigned lines;  /* of it that have no fate yet */
    struct scrubbed held;
};

typedef void join_row_f(void *u, const struct join_row *row);

#endif
