/*
 * positions: rows of the store, kept until they have been handed to inputs. Owns copies.
 */
#ifndef APP_POSITIONS_H
#define APP_POSITIONS_H

#include "base/arena.h"
#include "io/position.h"

struct positions {
    struct position *v;
    unsigned n;
    struct arena arena;
};

/* u: the positions. A position_f. */
void positions_add(void *u, const struct position *p);
void positions_done(struct positions *p);

#endif
