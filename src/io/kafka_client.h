/*
 * kafka_client: a member of a consumer group, the one door to librdkafka.
 *
 * librdkafka's own threads speak with the brokers; what they have is handed on by kafka_client_turn, on the thread of
 * whoever calls it, which a descriptor wakes. Partitions come and go by the cooperative protocol: they are begun where
 * the handler says, which is told what the group has committed, and let go when it says so. Nothing is committed but
 * what it commits. Messages that have been fetched and not handed on are bounded (KAFKA_QUEUED_KIB, with what one fetch
 * of KAFKA_FETCHED_BYTES unpacks to, and a batch of kafka_client_batch.h).
 */
#ifndef IO_KAFKA_CLIENT_H
#define IO_KAFKA_CLIENT_H

#include "base/err.h"
#include "io/kafka_options.h"

enum {
    KAFKA_QUEUED_KIB = 4096,
    KAFKA_FETCHED_BYTES = 256 << 10,
    KAFKA_NUDGE_BYTES = 1 << 20,
    KAFKA_COMMITTED_TEXT_MAX = 2048,
    KAFKA_HEADERS_MAX = 16
};
/* Of an offset: there is none; the first message that is kept; the partition is not to be read. */
#define KAFKA_NONE INT64_C(-1)
#define KAFKA_BEGINNING INT64_C(-2)
#define KAFKA_NOWHERE INT64_C(-3)

struct frame_ahead;

struct kafka_at {
    const char *topic;
    int32_t partition;
    int64_t offset;
    struct slice text; /* what is committed beside the offset */
};

struct kafka_header {
    struct slice name, value;
};

/* Valid during the call that hands it on. */
struct kafka_message {
    const char *topic; /* the same pointer for the same topic, as long as a partition of it is held */
    int32_t partition;
    int64_t offset, time_us; /* time_us 0: it has none */
    struct slice key, value;
    struct frame_ahead *ahead; /* of what the value may stand in */
    bool tombstone;            /* it has no value */
    const void *from;          /* for kafka_client_headers */
};

/* All are called from within kafka_client_turn and kafka_client_free. */
struct kafka_handler {
    void *u;
    void (*message)(void *u, const struct kafka_message *m);
    /* These partitions are this member's now. offset and text: what the group has committed, or KAFKA_NONE. It sets
       offset to where reading begins. */
    void (*assigned)(void *u, struct kafka_at *v, unsigned n);
    /* They are to be another's, and wait for kafka_client_let_go; with `lost` they are another's already, and gone when
       it returns. Nothing of them is handed on any more. */
    void (*revoked)(void *u, const struct kafka_at *v, unsigned n, bool lost);
    /* A commit has been answered; error NULL: by yes. */
    void (*committed)(void *u, const char *error);
    /* A partition is to be read where it has no message any more, or none yet: it waits for kafka_client_seek. */
    void (*out_of_range)(void *u, const char *topic, int32_t partition);
    /* Something went wrong, or has gone on for a while. for_good: it is read no more. */
    void (*trouble)(void *u, const char *what, bool for_good);
    /* On a thread of librdkafka's that begins. */
    void (*thread)(void *u);
};

struct kafka_client;

/* Reads what the options name: certificates, the password. NULL, and an error in d, where that or librdkafka refuses
   one. Connects to nobody and makes no thread. */
struct kafka_client *kafka_client_new(const struct kafka_options *opt, const struct kafka_handler *handler,
                                      struct err_place place, struct diag *d);
/* What kafka_client_new would refuse, for `crumbd check`: entries in d. */
void kafka_client_check(const struct kafka_options *opt, struct err_place place, struct diag *d);
/* Makes librdkafka's threads and joins the group. False, and why. */
bool kafka_client_open(struct kafka_client *c, char *why, size_t room);
/* Leaves the group, for which it waits so long at most, and frees. NULL is allowed. */
void kafka_client_free(struct kafka_client *c, int64_t wait_ms);

/* Becomes readable when there may be something for kafka_client_turn. */
int kafka_client_fd(const struct kafka_client *c);
/* Hands on what there is, at most so many messages and about so many bytes. True: there may be more. Has to be called
   every few seconds also when nothing is readable. */
bool kafka_client_turn(struct kafka_client *c, unsigned messages, size_t bytes);
/* Fills v, of KAFKA_HEADERS_MAX, and returns how many there are. Librdkafka takes them apart when it is asked, which
 * costs as much as all else it does for a message. */
unsigned kafka_client_headers(const struct kafka_message *m, struct kafka_header *v);
/* There are more messages, and `empty`: none is here. Librdkafka stops fetching when its queue is full, and before 2.2
 * looks only once a second whether it still is, or when it has something else to do: this gives it something, and waits
 * for nothing. It does so when KAFKA_NUDGE_BYTES have been handed on since the last time, so that the queue does not
 * run empty first. */
void kafka_client_nudge(struct kafka_client *c, bool empty);
/* Waits so long at most for one thing to come, and takes it. */
void kafka_client_wait(struct kafka_client *c, int ms);
/* Nothing is fetched and handed on; the rest goes on. */
void kafka_client_pause(struct kafka_client *c, bool paused);
void kafka_client_let_go(struct kafka_client *c);
/* Returns whether `committed` will be called. */
bool kafka_client_commit(struct kafka_client *c, const struct kafka_at *v, unsigned n);
/* It is read from there. */
void kafka_client_seek(struct kafka_client *c, const char *topic, int32_t partition, int64_t offset);
/* One behind the last message, as far as is known without asking; KAFKA_NONE: it is not. */
int64_t kafka_client_end(struct kafka_client *c, const char *topic, int32_t partition);
/* The same, asked, for which it waits up to two seconds. */
int64_t kafka_client_ask_end(struct kafka_client *c, const char *topic, int32_t partition);
/* Returns the cluster's id, which no other has; empty: its brokers tell none. Lives as long as the client. */
const char *kafka_client_cluster(struct kafka_client *c);
/* librdkafka's version; NULL: it is not built in. */
const char *kafka_client_version(void);

#endif
