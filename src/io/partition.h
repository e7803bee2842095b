/*
 * partition: a partition that this member of a group reads, or has read: where reading begins and what has come of it.
 * One that went is kept, since what breadcrumbs remember of it is there when it comes back. A stream of Redis is one,
 * too. Part of in_kafka and in_redis; for them alone.
 */
#ifndef IO_PARTITION_H
#define IO_PARTITION_H

#include "io/input.h"
#include "io/kafka_client.h"
#include "io/partition_position.h"

struct partition {
    struct partition *next;
    char *topic;
    const char *topic_as_told; /* the client's pointer, by which it is found again */
    int32_t id;
    char *name;         /* topic/id, as its row has it */
    uint64_t log_id[2]; /* of its stream */
    struct stream stream;
    struct partition_position place; /* judged up to there, */
    struct partition_position row;   /* as its row was told last */
    uint64_t read_to;                /* next to be read; at most place.offset + 1 */
    bool here;                       /* it is this member's now */
    bool begun;                      /* both are known, else the first message tells them */
    bool reset;                      /* there is nothing at read_to: the next message tells why */
    bool leaves;                     /* it is to be another's: what still comes of it is his */
    bool anew;                       /* others have judged some of it: breadcrumbs have to forget it, and read again */
    struct partition_trail trail;
    bool changed;      /* since its row was told, */
    bool told, stored; /* its row is told and not stored; stored and not committed, */
    bool sent;         /* a commit of it is under way */
};

struct partition *partition_new(const char *topic, int32_t id, const char *cluster, const struct input_options *opt);
void partition_free(struct partition *p);
/* Goes on at the position that is further, of those that Kafka, the store (known, may be NULL) and this run have;
 * false: there is none. read_to is where reading begins. Where this run was furthest, and nobody has read it since,
 * that is behind what it has read; else `anew` is set, and it is as if the partition had never been here: what
 * breadcrumbs know of it would come twice, or with a hole. */
bool partition_go_on(struct partition *p, const struct kafka_at *committed, const struct partition_position *known);
/* Begins at an offset. */
void partition_begin(struct partition *p, uint64_t offset);

enum partition_taken {
    PARTITION_HAND_ON,
    PARTITION_PASS,     /* it has been handed on, or is another's */
    PARTITION_RECREATED /* the topic is another one of the same name: it is to be read from its first message */
};
/* A message has come. end: of the partition, or KAFKA_NONE. Counts what is missing before it. */
enum partition_taken partition_look(struct partition *p, const struct kafka_message *m, int64_t end,
                                    struct counts *counts);
/* How it is to be handed on: struct message.read. */
int partition_reading(const struct partition *p, uint64_t offset);
/* It is handed on, or was a tombstone. */
void partition_took(struct partition *p, const struct kafka_message *m);
/* Makes its row for a checkpoint of now; text is emptied and filled. False: it is as it was told. back_us: so long
 * before an event breadcrumbs reach. */
bool partition_tell(struct partition *p, const struct input_sink *sink, int64_t back_us, struct sbuf *text);

#endif
