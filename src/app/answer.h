/*
 * answer: what answers to HTTP requests share: their types, a refusal in the form of what was asked for, and the
 * arguments of a query.
 */
#ifndef APP_ANSWER_H
#define APP_ANSWER_H

#include "base/arena.h"
#include "io/http.h"

extern const char answer_html[], answer_json[]; /* Content-Type */

/* JSON where the answer's type is that, else a line of text. */
void answer_refuse(struct http_answer *a, int status, const char *why);
/* The value of the first argument of that name, decoded, in the arena; absent: {NULL, 0}. */
struct slice answer_argument(struct slice query, const char *name, struct arena *arena);

/* An argument that is a number; `unless` without it, 0 when it is none. */
uint64_t answer_number(struct slice query, const char *name, uint64_t unless);
/* The argument `limit`: `usual` without it, at most `most`; 0: it is no number above 0. */
unsigned answer_limit(struct slice query, unsigned usual, unsigned most);

#endif
