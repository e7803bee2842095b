/*
 * text_head: what programs write in front of a plain line: the time, and what some of them put together with it. Pure.
 */
#ifndef PARSERS_TEXT_HEAD_H
#define PARSERS_TEXT_HEAD_H

#include "parsers/parser.h"

struct text_head {
    int64_t time_us;  /* RECORD_NO_TIME: a time of day only */
    enum level level; /* where time and level are written together (klog, Ruby, Redis, [time LEVEL]) */
    struct slice procid, logger;
    bool paragraph;  /* the message stands in the lines behind it, up to an empty one */
    unsigned indent; /* the message stands in the lines behind it, each behind so many blanks; 0: it does not */
};

/* Takes the head off *s. False: no time there, *s untouched, and *h says that nothing is known. */
bool text_head(const struct parse_ctx *ctx, struct slice *s, struct text_head *h);

#endif
