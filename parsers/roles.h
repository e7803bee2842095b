/*
 * roles: from the named values of a structured log line (JSON, logfmt) to the members of a record.
 *
 * The parser adds every value as a field and offers it; roles_finish picks the best for each role (alias.h),
 * fills the record and takes out the fields that are members now. Lives for one line; on the stack.
 */
#ifndef PARSERS_ROLES_H
#define PARSERS_ROLES_H

#include "parsers/alias.h"
#include "parsers/parser.h"

enum { ROLES_NO_FIELD = -1, ROLES_NESTED = 32, ROLES_JSON = 64 };

/* The value that is believed to hold a role, and the field it also became. */
struct role_pick {
    struct slice name, value;
    unsigned rank;
    int field;
};

struct roles {
    struct parse_ctx *ctx;
    struct record *r;
    struct role_pick pick[ROLE_N];
    struct slice frames; /* set by the parser: log4j2's or logback's array of stack frames, as JSON text */
};

void roles_start(struct roles *w, struct parse_ctx *ctx, struct record *r);
/* Adds the field, or replaces the one of that name; the number to offer it with. */
int roles_put(struct roles *w, struct slice name, struct slice value, enum field_type type);
/* type: STRING or NUMBER are considered, JSON only for messages and stacks. penalty: 0, or ROLES_NESTED for what stands deeper and counts less.
 */
void roles_offer(struct roles *w, struct slice name, struct slice value, enum field_type type,
                 unsigned penalty, int field);
/* A record without message takes the error's, the first line of the stack, or r->raw. */
void roles_finish(struct roles *w);

#endif
