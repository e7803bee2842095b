/*
 * shares: how the room of the store is divided, so that no input and no project can keep the others out.
 *
 * A quarter of store_limit is kept for files, the journal and standard input, in equal parts, and a quarter for the
 * inputs that others send to; where there are none of a kind the other kind has both. The other half is for whoever
 * comes first. So all senders together fill three quarters at most, and the rest is for the files.
 *
 * Room can be made: an event that came again, of an input whose senders do not wait, goes before a file has to wait,
 * and before an event that has not come before, of such an input, is dropped.
 *
 * A project whose server takes nothing, while that of another does, may use half of store_limit. Plain data, no lock.
 */
#ifndef IO_SHARES_H
#define IO_SHARES_H

#include "io/input.h"

struct share {
    struct slice input; /* its name */
    uint64_t kept_bytes, used_bytes;
    bool waits;      /* its senders wait while it is not read, as a file does */
    bool no_repeats; /* none of its events in the store may make room; until it has room again */
};

struct project_share {
    struct slice name; /* in sentry.projects; empty is the default one */
    uint64_t used_bytes;
    uint64_t left_bytes; /* how much more it may store */
    bool delivers;       /* its server takes events, as far as is known */
    bool closed;         /* it has used up what it may, and has not become much less since */
};

struct shares {
    struct share *of; /* in the order of the configuration */
    unsigned n;
    uint64_t limit_bytes;  /* UINT64_MAX: none */
    uint64_t common_bytes; /* bytes that are kept for nobody, */
    uint64_t common_used;  /* and those of them that are used, by inputs above their own part and by rows that are no
                              input's */
    uint64_t first_bytes;  /* how much more events that have not come before may take where there is no room, since
                              repeats will make some */
    struct project_share *projects;
    unsigned n_projects;
};

enum { SHARES_NOBODY = -1 };

/* limit_bytes 0: there is no bound. */
void shares_init(struct shares *s, const struct input_options *inputs, unsigned n, uint64_t limit_bytes);
/* Borrows the name. Before anything is copied. */
void shares_add_project(struct shares *s, struct slice name);
void shares_done(struct shares *s);
struct shares *shares_copy(const struct shares *s);
/* The input, or the project, of that name, or SHARES_NOBODY. */
int shares_find(const struct shares *s, struct slice input);
int shares_find_project(const struct shares *s, struct slice name);
void shares_take(struct shares *s, int input, uint64_t bytes);
void shares_take_project(struct shares *s, int project, uint64_t bytes);
/* Pages take so much beyond what has been told of rows: what projects use is more by their part of that. */
void shares_spread(struct shares *s, uint64_t beyond_bytes, uint64_t told_bytes);
/* Rows of the input have made room. */
void shares_give(struct shares *s, unsigned input, uint64_t bytes);
/* How much more the input may store. */
uint64_t shares_left(const struct shares *s, unsigned input);
/* How much has to be freed so that an input can go on: one that waits, or what one that does not has used above all
   that it may. */
uint64_t shares_shortage(const struct shares *s, unsigned input);
/* Whose repeats are to make room for it; SHARES_NOBODY: there are none. */
int shares_victim(const struct shares *s, unsigned input);
/* Decides how much more each project may store, from what it uses and whether its server takes anything. */
void shares_judge_projects(struct shares *s);
/* When all that is used has been told: how much of what has not come before may be stored where there is no room. */
void shares_let_firsts_in(struct shares *s);
/* Takes over what is known beyond one measurement. */
void shares_remember(struct shares *s, const struct shares *measured);

#endif
