/*
 * field_map: from the named values of a structured log line (JSON, logfmt) to the members of a record.
 *
 * The parser adds every value as a field and offers it; field_map_finish picks the best for each role (field_names.h),
 * fills the record and takes out the fields that are members now. Lives for one line; on the stack.
 */
#ifndef PARSERS_FIELD_MAP_H
#define PARSERS_FIELD_MAP_H

#include "parsers/field_names.h"
#include "parsers/parser.h"

enum { FIELD_MAP_NO_FIELD = -1, FIELD_MAP_NESTED = 32, FIELD_MAP_JSON = 64 };

/* The value that is believed to hold a role, and the field it also became. */
struct role_pick {
    struct slice name, value;
    unsigned rank;
    int field;
};

struct field_map {
    struct parse_ctx *ctx;
    struct record *r;
    struct role_pick pick[ROLE_N];
    bool empty;         /* a message is there, without a text */
    struct slice error; /* set by the parser: the object of an exception, as JSON text */
};

void field_map_start(struct field_map *w, struct parse_ctx *ctx, struct record *r);
/* Adds the field, or replaces the one of that name; the number to offer it with. */
int field_map_put(struct field_map *w, struct slice name, struct slice value, enum field_type type);
/* type: STRING or NUMBER are considered, JSON only for messages and stacks. penalty: 0, or FIELD_MAP_NESTED for what
 * stands deeper and counts less.
 */
void field_map_offer(struct field_map *w, struct slice name, struct slice value, enum field_type type, unsigned penalty,
                     int field);
/* Instead of offering it: what is empty is no field, but it may be the message. */
void field_map_empty(struct field_map *w, struct slice name);
/* The level that a value offered so far says. */
enum level field_map_level(const struct field_map *w);
/* A record without message takes the error's, the first line of the stack, or r->raw. */
void field_map_finish(struct field_map *w);

#endif
