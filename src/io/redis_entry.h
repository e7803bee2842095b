/*
 * redis_entry: the message that an entry of a stream is, and its fields.
 *
 * The message is the field of the name that the input says, or the only one; an entry of several others is an object,
 * as JSON. What is beside a message becomes fields of it, `redis.NAME`, cut to REDIS_FIELD_MAX bytes, at most
 * REDIS_FIELDS of them. Pure.
 */
#ifndef IO_REDIS_ENTRY_H
#define IO_REDIS_ENTRY_H

#include "io/redis_reply.h"
#include "parsers/record.h"

enum { REDIS_FIELDS = 16, REDIS_FIELD_MAX = 1024 };

struct redis_entries {
    const char *field;
    struct sbuf json;
    struct arena arena; /* of the fields of one entry */
};

/* most_bytes: of an entry as JSON. */
void redis_entries_init(struct redis_entries *e, const char *field, size_t most_bytes);
void redis_entries_done(struct redis_entries *e);
/* fields: an array of names and values in turn, two at least. v: room for REDIS_FIELDS. Both are valid until the next
 * call. */
struct slice redis_entry_message(struct redis_entries *e, const char *stream, const struct redis_value *fields,
                                 struct field *v, unsigned *n);

/* The same, for struct message.beside, whose carrier it is. */
struct redis_beside {
    struct field v[REDIS_FIELDS];
    unsigned n;
};
const struct field *redis_beside(void *carrier, unsigned *n);

#endif
