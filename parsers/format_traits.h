/*
 * format_traits: what becomes of a format's records in events and with other records, as data that stands with its
 * parser. Pure.
 */
#ifndef PARSERS_FORMAT_TRAITS_H
#define PARSERS_FORMAT_TRAITS_H

#include "parsers/record.h"

/* A value of a record, and what it is called. */
struct format_value {
    struct slice name;
    const char *from;                           /* the field */
    struct slice (*of)(const struct record *r); /* instead of a field: what is derived from several */
};

/* A member of the context that a format has in events. */
struct format_member {
    const char *name, *from;
    enum {
        FORMAT_MEMBER_TEXT,
        FORMAT_MEMBER_NUMBER,
        FORMAT_MEMBER_NAMED
    } as; /* NAMED: its name tells how to scrub it */
    unsigned max;
};

/* What becomes of a format's records in events, and with other records. All of it may be left out; lists end with an
 * empty row. */
struct format_traits {
    const char *logger;              /* of events, unless a rule names one; NULL: what the record has */
    const char *category;            /* of breadcrumbs; NULL: the format's name and the program's */
    const struct format_value *tags; /* instead of all fields that fit */
    const struct format_value
        *varies;         /* what tells the occurrences of an issue apart, instead of host, app and all fields */
    const char *context; /* the name of its context, instead of one with all fields that fit no tag */
    const struct format_member *members;
    /* A field of this name differs in every message, or says again what another tag or the message says: no tag. */
    bool (*tells_nothing_apart)(const struct record *r, struct slice name);
    /* The process that wrote a line, and in it the connection the line is about: by these lines belong together. Asked
     * for every line. */
    void (*place)(const struct record *r, struct slice *process, struct slice *connection);
    bool access;       /* a line tells how a request ended: it gives its status and id to the event of its request */
    bool seeks_access; /* a record is about a request whose access line may know no connection */
    bool takes_log_format; /* its lines are as a log_format of the user says */
    bool by_message;       /* clients send whole messages: each may be compressed, or be an array of several */
    bool whole;            /* a record is an entry with all its lines, unless it is torn: no other continues it */
    bool says_process; /* every line says host, program and process, also one that a program printed without a head */
    bool says_stream;  /* of a container's lines the level says which of its streams a line is of */
    bool shortens;     /* of a run of the same message a syslogd may say only how often it came */
    bool made;         /* its messages are no lines: another crumbd has made them (core/forwarded.h) */
    bool tears;        /* where each line is a message, a client's line break may tear a record of it into several */
};

static inline struct slice format_value_of(const struct format_value *v, const struct record *r)
{
    return v->of ? v->of(r) : record_value(r, v->from);
}

#endif
