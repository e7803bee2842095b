/*
 * sender_impl: what the sender's files share, each using those above it in this list only, and sender.c (what is sent
 * when) all of them. Private to the sender.
 */
#ifndef IO_SENDER_IMPL_H
#define IO_SENDER_IMPL_H

#include "core/send_window.h"
#include "io/sender.h"
#include "io/up_kafka.h"
#include "io/upstream_type.h"

enum { ANSWER_MAX = 512 };

struct project {
    struct sender *sender;
    char *name, *shown;
    const struct upstream_type *type;
    struct http_client_target *target; /* NULL: it is no HTTP, but */
    struct kafka_producer *producer;
    struct event *timer;
    unsigned in_flight[ITEM_KINDS];
    struct reply_limits limits;
    struct send_window window; /* of the kinds of which there may be several requests at a time */
    unsigned failures;         /* failures in a row; while there are any, one probe is sent at a time */
    unsigned epoch;            /* number of the last failure: requests begun before it tell nothing new */
    int64_t until_ms;          /* nothing is sent before it */
    int64_t failing_since_ms;
    bool trouble_said;           /* so its end is, too */
    int64_t limit_due_ms;        /* the log says no other limit before it */
    struct client_report report; /* the report that is on its way */
    bool report_in_flight;
    int64_t report_due_ms;
    int64_t expire_due_ms; /* rows that are too old are looked for */
    uint64_t expired;      /* that nothing has been said of */
    /* For who looks (sender_look). */
    bool paused;
    int64_t works_since_ms, limited_since_ms; /* 0: it never did, was */
    int64_t answered_us;
    char answer[ANSWER_MAX];
};

/* A request on its way. */
struct flight {
    struct flight *next, **link;
    struct project *project;
    enum item_kind kind;
    unsigned epoch;
    unsigned round; /* of the project's window */
    size_t bytes;   /* of the body */
    unsigned n;
    struct flight_row {
        int64_t id;
        unsigned attempts;
        int64_t due_us; /* its place in the queue */
        char event_id[33];
    } rows[];
};

struct sender {
    struct event_base *base;
    struct store *store;
    struct http_client *http;
    const struct item_traits *kinds;
    struct project *projects;
    unsigned n_projects, in_flight;
    size_t bytes_in_flight;
    struct counts *counts, own_counts;
    struct flight *flights;
    struct event *write_timer, *flush_timer;
    bool some_wait;           /* for the write_timer: rows that are due again once their outcomes are written */
    void (*flushed)(void *u); /* NULL: not flushing */
    void *flushed_u;
    uint64_t chance;
    int64_t quiet_since_ms; /* nothing is on its way since; 0: no connections are kept */
    int64_t keep_ms, expire_after_us, retry_first_ms, retry_most_ms, pause_first_ms, pause_most_ms;
};

/* ---- sender_project.c: whether a project's upstream takes anything ---- */
/* What an answer to a request tells of the project. The upstream did not take it, and the next try is a probe, not
   before least_ms have passed, or a few minutes where these are more. */
void project_failed(struct project *p, const struct flight *f, int64_t least_ms, const char *reason);
/* It asks to wait, until its limits are over, and the next try is a probe. */
void project_limited(struct project *p, const struct flight *f, const char *reason);
/* It takes nothing until a person mends something. */
void project_paused(struct project *p, const struct flight *f, unsigned status, const char *reason);
/* It took this request, or refused nothing but this one: failures are over. */
void project_works(struct project *p, const struct flight *f);
/* Says what limits have begun since *before, with whatever status they came, and has them end at another moment for
   each crumbd. */
void project_tell_limits(struct project *p, const struct reply_limits *before, int64_t now_ms);
/* Keeps its last answer, for who looks. */
void project_note_answer(struct project *p, const char *answer);
/* While it takes nothing: gives up what has waited too long. */
void project_expire(struct project *p, int64_t now_ms);
/* How long to wait after so many failures in a row. */
int64_t sender_retry_delay_ms(struct sender *s, unsigned failures);

/* ---- sender_answer.c: what an answer means ---- */
/* For what was sent, whatever that was; limits that came with it hold from now on. */
enum reply_verdict project_verdict(struct project *p, const struct http_client_answer *a);
/* For the rows of a request and for their project, both of which are told. */
void flight_settle(const struct flight *f, const struct http_client_answer *a);

#endif
