/*
 * entry_messages: the messages of one record, each with the trace that it holds: most records are one.
 *
 * What a web server quotes of a program's standard error may be several (quoted_stderr.h), and where no mark tells
 * them apart each of several traces is one. Then the record's message is each of them in turn, between what stands
 * before and behind the quote, as if it had come alone, so that rules judge it as its own. At most ENTRY_MESSAGES_MAX;
 * the last one has what is left. Pure; what it makes lives in the arena.
 */
#ifndef CORE_ENTRY_MESSAGES_H
#define CORE_ENTRY_MESSAGES_H

#include "core/pipeline_trace.h"
#include "parsers/quoted_stderr.h"

enum { ENTRY_MESSAGES_MAX = 16 };

struct entry_messages {
    struct pipeline_trace *trace;
    struct record *record;
    struct arena *arena;
    struct quoted_stderr quote; /* text: what is left of it */
    enum level level;           /* of the record before a trace was found in it */
    bool known;                 /* it has a trace for sure */
    bool several;
    unsigned n; /* handed out so far */
};

/* known: see pipeline_trace_find. */
void entry_messages_init(struct entry_messages *e, struct pipeline_trace *t, struct record *r, bool known,
                         struct arena *a);
/* The record is the next of them, and its trace has been looked for. False: there is none. */
bool entry_messages_next(struct entry_messages *e);

#endif
