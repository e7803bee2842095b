/*
 * judge_look: what one scan has found in a record, kept for when it is judged: later, because it waits for more lines,
 * or after another that has waited. The scan is most of what a line costs, so that it is made once.
 *
 * Places are few, and the next record of a place takes it; what is not found is scanned again. Those of rules that are
 * judged by no more are forgotten. Owned by the judge; pure.
 */
#ifndef CORE_JUDGE_LOOK_H
#define CORE_JUDGE_LOOK_H

#include "parsers/record.h"
#include "text/prefilter.h"

struct judge;

enum { JUDGE_LOOKS = 64 };

struct judge_looks {
    struct judge_look {
        uint64_t stream, offset; /* where the record begins */
        size_t bytes;            /* of its message; 0: there is none */
        enum format format;
    } look[JUDGE_LOOKS];
    uint64_t *words;             /* of each */
    struct prefilter_hits aside; /* of the line that is worked on, while one is judged that has waited, */
    const char *scanned;         /* and what of it was scanned */
};

/* n: words of a set of hits. */
void judge_looks_init(struct judge_looks *l, unsigned n);
void judge_looks_done(struct judge_looks *l);

/* The record, which may just have been scanned, waits. (stream, offset) is its alone. */
void judge_look_keep(struct judge *j, const struct record *r, uint64_t stream, uint64_t offset);
/* A record that has waited is judged next, as it came or with more lines. */
void judge_look_recall(struct judge *j, const struct record *r, uint64_t stream, uint64_t offset);
/* It has been judged; the line that it was judged before is next. */
void judge_look_return(struct judge *j);

#endif
