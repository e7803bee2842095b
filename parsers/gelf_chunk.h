/*
 * gelf_chunk: GELF messages that came in several datagrams, put together.
 *
 * A chunk is 1e 0f, eight opaque bytes of message id, sequence number, sequence count, payload. Sets are told
 * apart by sender and id: ids are weak (milliseconds, counters), and Graylog, which goes by the id alone,
 * mixes senders up. Order does not matter; of a repeated chunk the first counts, also after the set is whole;
 * a chunk with another count than the first one's is dropped. A set lives timeout_us from its FIRST chunk,
 * whatever comes later.
 *
 * Owns copies of the payloads. Bounded by the caps: over one of them the oldest set goes, the sender's own if
 * the sender is over its share, else one of the sender that holds most, so that nobody can push out the few sets of
 * another. Every lost set and chunk is in a counter, and `lost` is told, for a log line. Pure; one thread at a time.
 */
#ifndef PARSERS_GELF_CHUNK_H
#define PARSERS_GELF_CHUNK_H

#include "base/count.h"

enum { GELF_CHUNK_HEADER = 12, GELF_CHUNKS_MAX = 128, GELF_SENDER_MAX = 32 };

struct gelf_chunk_caps {
    unsigned sets, sets_per_sender;
    size_t bytes, bytes_per_sender; /* what is held, with the book-keeping */
    size_t message_bytes;           /* of one assembled payload */
    int64_t timeout_us;
    uint64_t seed; /* random, so that no sender can make keys collide */
};

/* 16384 sets and 32 MiB, an eighth of each for one sender, 1 MiB a message, 5 s as in Graylog. The seed is 0. */
struct gelf_chunk_caps gelf_chunk_defaults(void);

enum gelf_chunk_loss { GELF_CHUNK_EXPIRED, GELF_CHUNK_EVICTED, GELF_CHUNK_OVERSIZE };

/* A set that is given up: who sent it, and how many of how many chunks were there. The slice lives during the
 * call. */
typedef void gelf_chunk_lost(void *u, enum gelf_chunk_loss why, struct slice sender, unsigned have, unsigned count);

struct gelf_chunks;

/* lost may be NULL. */
struct gelf_chunks *gelf_chunks_new(const struct gelf_chunk_caps *caps, gelf_chunk_lost *lost, void *u);
void gelf_chunks_free(struct gelf_chunks *c);

/* By the first two bytes. */
bool gelf_is_chunk(struct slice datagram);

/*
 * Takes a chunk. sender: its address without the port, at most GELF_SENDER_MAX bytes (longer ones are told by
 * their first bytes). True: the message is whole, *payload is its bytes, valid until the next call. False:
 * not yet, or not at all; see counts.
 */
bool gelf_chunks_add(struct gelf_chunks *c, struct slice sender, struct slice datagram, int64_t now_us,
                     struct counts *counts, struct slice *payload);
/* The same for a sender that no share bounds. */
bool gelf_chunks_add_exempt(struct gelf_chunks *c, struct slice sender, struct slice datagram, int64_t now_us,
                            struct counts *counts, struct slice *payload);
/* Gives up what is too old. To be called about once a second; gelf_chunks_add does it for what it meets. */
void gelf_chunks_expire(struct gelf_chunks *c, int64_t now_us, struct counts *counts);
/* Sets not yet whole, and all bytes held. */
unsigned gelf_chunks_waiting(const struct gelf_chunks *c);
size_t gelf_chunks_bytes(const struct gelf_chunks *c);

#endif
