/*
 * shares: how the room of the store is divided among the inputs, so that none of them can keep the others out.
 *
 * A quarter of store_limit is kept for files, the journal and standard input, in equal parts, and a quarter for the
 * inputs that others send to; where there are none of a kind the other kind has both. The other half is for whoever
 * comes first. So all senders together fill three quarters at most, and the rest is for the files. Plain data, no lock.
 */
#ifndef IO_SHARES_H
#define IO_SHARES_H

#include "io/input.h"

struct share {
    struct slice input; /* its name */
    uint64_t kept_bytes, used_bytes;
};

struct shares {
    struct share *of; /* in the order of the configuration */
    unsigned n;
    uint64_t common_bytes; /* bytes that are kept for nobody, */
    uint64_t common_used;  /* and those of them that are used, by inputs above their own part and by rows that are no
                              input's */
};

enum { SHARES_NOBODY = -1 };

/* limit_bytes 0: there is no bound. */
void shares_init(struct shares *s, const struct input_options *inputs, unsigned n, uint64_t limit_bytes);
void shares_done(struct shares *s);
struct shares *shares_copy(const struct shares *s);
/* The input of that name, or SHARES_NOBODY. */
int shares_find(const struct shares *s, struct slice input);
void shares_take(struct shares *s, int input, uint64_t bytes);
/* How much more the input may store. */
uint64_t shares_left(const struct shares *s, unsigned input);

#endif
