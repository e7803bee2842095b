/*
 * reply: what an upstream's answer means for the event that was sent, and for those after it. Pure, though it lives
 * beside the sender: an answer and two clocks in, a verdict and deadlines out (Sentry's developer documentation, "Rate
 * Limiting" and "Envelopes").
 */
#ifndef IO_REPLY_H
#define IO_REPLY_H

#include "base/slice.h"

/* The categories of Sentry's rate limits that concern anything crumbd sends. */
enum reply_category {
    REPLY_ALL,
    REPLY_ERROR,
    REPLY_DEFAULT,
    REPLY_ATTACHMENT,
    REPLY_LOG_ITEM,
    REPLY_LOG_BYTE,
    REPLY_MONITOR,
    REPLY_INTERNAL,
    REPLY_CATEGORIES
};

/* Deadlines of one project on the monotonic clock, in milliseconds; 0 is none. A zeroed one is ready. */
struct reply_limits {
    int64_t until_ms[REPLY_CATEGORIES];
};

enum reply_verdict {
    REPLY_SENT,    /* accepted: the event can go */
    REPLY_RETRY,   /* trouble up there, perhaps with this event: it is kept, and others go before it */
    REPLY_BUSY,    /* trouble up there, or on the way: the event is kept at its place */
    REPLY_PAUSE,   /* wrong key, path or proxy: no event of this project has a chance until a person mends it */
    REPLY_LIMITED, /* told to wait: the event is kept at its place until the limits allow another try */
    REPLY_DEAD,    /* this event will never be accepted */
};

struct reply_answer {
    unsigned status;          /* HTTP; 0: there was no answer */
    bool uploaded;            /* there was none, and the request or some of it had gone out */
    bool has_rate_limits;     /* X-Sentry-Rate-Limits was there, if only empty */
    struct slice rate_limits; /* its value; several headers joined by a comma */
    struct slice retry_after; /* Retry-After, or empty */
    int64_t now_ms;           /* monotonic, when the answer came */
    int64_t now_s;            /* Unix seconds, for a Retry-After that names a date */
};

/* Judges an answer, and moves deadlines in *limits that it sets further away; it never brings one nearer. */
enum reply_verdict reply_judge(const struct reply_answer *a, struct reply_limits *limits);
/* Until when anything of these categories (a set of 1 << enum reply_category) has to wait: 0 or a time in the past, not
 * at all. */
int64_t reply_until(const struct reply_limits *limits, unsigned categories);
/* How long a server that is busy asks to be left alone; 0: it does not. */
int64_t reply_wait_ms(const struct reply_answer *a);
/* What to do about an answer, for the log; "" when there is nothing to be done. */
const char *reply_hint(unsigned status);

#endif
