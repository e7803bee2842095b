/*
 * join_kept: copies of records that wait for their lines, and of which files they are. Part of join.c.
 *
 * A copy outlives its message, its stream and the input. Not bounded here: join counts their bytes.
 */
#ifndef CORE_JOIN_KEPT_H
#define CORE_JOIN_KEPT_H

#include "base/table.h"
#include "core/join.h"

struct kept {
    TAILQ_ENTRY(kept) link;    /* of whoever holds it */
    TAILQ_ENTRY(kept) of_file; /* in the order of their offsets, as they came */
    struct arena arena;
    struct record *record;
    struct message message;
    struct stream stream;
    struct slice said; /* of a provisional line: what it adds to the text */
    int64_t received_us;
    uint64_t behind;
    struct join_key key; /* once its stream has been asked; else 0 */
    uint64_t number;     /* of its line, as they came */
    bool blank, alien;
};

TAILQ_HEAD(kept_list, kept);

/* The copies of each file, by its key. */
struct kept_files {
    struct table by_key;
};

struct kept *kept_new(const struct join_line *line);
void kept_free(struct kept *k);
/* As it was fed; of the copy. */
struct join_line kept_line(struct kept *k);
static inline size_t kept_bytes(const struct kept *k)
{
    return sizeof *k + arena_taken_bytes(&k->arena);
}

/* Of a file, it is known there from here on; of anything else nothing happens. */
void kept_files_add(struct kept_files *f, struct kept *k);
void kept_files_remove(struct kept_files *f, struct kept *k);
/* As join_unread. */
void kept_files_unread(struct kept_files *f, uint64_t key, bool unread);
bool kept_files_is_unread(const struct kept_files *f, uint64_t key);
/* As join_held. */
unsigned kept_files_offsets(const struct kept_files *f, uint64_t key, uint64_t *offsets, unsigned max);
/* All copies have been removed. */
void kept_files_free(struct kept_files *f);

#endif
