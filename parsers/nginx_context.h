/*
 * nginx_context: finds and reads what nginx appends to an error-log message: `, client: A, server: S,
 * request: "…", …`.
 *
 * nginx escapes nothing, so any of it may also stand in the message, in the request line or in the referrer,
 * put there by a client. Which of several readings is taken is decided here. Pure; slices borrow from the
 * text; time is bounded whatever the text is: at most CONTEXT_TRIES readings from each end, in the first
 * CONTEXT_WINDOW bytes.
 */
#ifndef PARSERS_NGINX_CONTEXT_H
#define PARSERS_NGINX_CONTEXT_H

#include "base/slice.h"

enum { CONTEXT_TRIES = 8, CONTEXT_WINDOW = 16384 };

/* In the order nginx writes them. */
enum context_part {
    CONTEXT_CLIENT,
    CONTEXT_SERVER,
    CONTEXT_REQUEST,
    CONTEXT_SUBREQUEST,
    CONTEXT_LOGIN, /* mail */
    CONTEXT_UPSTREAM,
    CONTEXT_HOST,
    CONTEXT_REFERRER,
    CONTEXT_BYTES, /* stream: N/N, bytes from/to upstream:N/N */
    CONTEXT_PARTS
};

/* A part that was not there has p == NULL; one that was empty has p and n == 0. */
struct nginx_context {
    size_t at;  /* offset of ", client: " in the text */
    size_t end; /* where the context ends; behind it only lines that are not nginx's */
    bool udp;
    struct slice part[CONTEXT_PARTS];
};

/*
 * text: what follows `pid#tid: `. cut: its writer cut it at the end, so the last part may lack its end.
 * False, *c untouched: no context.
 */
bool nginx_context(struct slice text, bool truncated, struct nginx_context *c);

#endif
