/*
 * redis_stream: a stream that this member of a group reads, or waits to read: whose it is, how far it has been judged,
 * and what of it is to be acknowledged. Part of in_redis; for it alone.
 *
 * An entry's id is a time in milliseconds and a number in that; as the offset of a message they are one number, which
 * rises with them.
 */
#ifndef IO_REDIS_STREAM_H
#define IO_REDIS_STREAM_H

#include "io/partition.h"
#include "io/redis_reply.h"

enum {
    REDIS_ID_MAX = 48,
    REDIS_CURSOR_MAX = 48,
    REDIS_LEASE_MARGIN_MS = 2000, /* nothing is read any more so long before the lease ends */
    REDIS_UNACKED_MAX = 100000
};

struct redis_stream {
    char *name;
    char *lease, *fence, *place; /* names of its keys */
    struct partition *part;      /* where reading is; NULL: what Redis it is in is not known yet */
    enum redis_phase {
        REDIS_OTHERS, /* it is another's, or nobody's */
        REDIS_BEGINS, /* it is this member's, and where to begin is asked for */
        REDIS_CLAIMS, /* what was handed out and not acknowledged is read once more */
        REDIS_READS,
        REDIS_LEAVES /* it is to be another's: what is open of it is finished */
    } phase;
    int64_t until_ms, renew_ms, try_ms; /* the lease holds; is asked for again; may be asked for */
    int64_t numbers_ms;                 /* when its numbers are asked for next */
    int64_t fence_number;
    bool asked, reading;     /* an answer is awaited: about the lease, with entries */
    unsigned late;           /* answers about a lease that was let go meanwhile, which come before any newer one */
    bool told, stored, left; /* its row; left: since it was told to leave */
    unsigned count;          /* entries to ask for at a time */
    char cursor[REDIS_CURSOR_MAX];
    uint64_t *unacked; /* offsets that are judged, or gone, and not acknowledged, ascending */
    unsigned n_unacked, acked_to;
    uint64_t judged, row_judged; /* entries so far, by whichever member; as the row was told */
    int64_t base;                /* entries that were gone before any member could judge them; -1: not known */
};

struct redis_stream *redis_stream_new(const char *name, const char *group);
void redis_stream_free(struct redis_stream *s);
/* It is nobody's for now. */
void redis_stream_let_go(struct redis_stream *s);
/* An answer about the lease has come. False: it is of one that was let go since it was asked for, and says nothing of
 * whose the stream is now. */
bool redis_stream_answered(struct redis_stream *s);
/* Whether more may be asked for: the lease holds for a while, and the store keeps up. */
bool redis_stream_may_read(const struct redis_stream *s, int64_t now_ms);
/* "1700000000000-3" as an offset. False: it is none that Redis makes. */
bool redis_stream_offset(struct slice id, uint64_t *offset);
void redis_stream_id(uint64_t offset, char out[REDIS_ID_MAX]);
/* It is judged, or gone. */
void redis_stream_took(struct redis_stream *s, uint64_t offset);
/* Takes the next that may be acknowledged, since the row that is stored has it. False: there is none. */
bool redis_stream_next_ack(struct redis_stream *s, uint64_t *offset);
/* Whether something that is judged waits to be acknowledged. */
bool redis_stream_is_owed(const struct redis_stream *s);
/* Those that were taken are done. */
void redis_stream_acked(struct redis_stream *s);
/* All that was added has been handed out. Returns how many entries were gone before that, and had not been counted. */
uint64_t redis_stream_caught_up(struct redis_stream *s, int64_t added);

/* What the store knows of streams, by the names of their rows. A zeroed one is empty. */
struct redis_known {
    struct redis_known_row {
        char *name;
        struct partition_position place;
    } * v;
    unsigned n;
};

void redis_known_add(struct redis_known *k, struct slice name, const struct partition_position *place);
/* NULL: nothing. */
const struct partition_position *redis_known_find(const struct redis_known *k, const char *name);
void redis_known_done(struct redis_known *k);

#endif
