/*
 * store_beside: the stores of processes that run beside the daemon of a store: STORE-PID.db beside STORE.db.
 *
 * Such a process sends what it has by itself and removes its store at the end. What could not be sent, or was not when
 * it was killed, stays in a file that the next one takes as its own, or that the next daemon moves into its store: the
 * events, what is counted and not yet told, what is held. Main thread.
 */
#ifndef IO_STORE_BESIDE_H
#define IO_STORE_BESIDE_H

#include "io/store.h"

/* Opens, for this process alone, a store beside the one of this path: one that was left there, or a new one. *its_path
   is the caller's to free. NULL and an entry in d. */
struct store *store_beside_open(const char *path, uint64_t limit_bytes, char **its_path, struct diag *d);
/* Moves what those have that were left beside the store of this path into it, and removes them. */
void store_beside_take_up(struct store *s, const char *path);
/* Closes the store and removes its files. */
void store_discard(struct store *s);

#endif
