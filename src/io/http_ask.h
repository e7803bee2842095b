/*
 * http_ask: asks the daemon beside something, for commands: one GET over its status page's address, and the answer as
 * it comes. Blocks; no TLS, which that server does not speak.
 */
#ifndef IO_HTTP_ASK_H
#define IO_HTTP_ASK_H

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/sbuf.h"

struct http_ask {
    const char *host; /* as configured: an address, "0.0.0.0" being this host, a name, or the path of a socket: "/…" */
    uint16_t port;
    const char *token; /* NULL: none */
};

/* The answer behind its head; the caller closes it. path: with its query, percent-encoded. NULL, and an entry in d: no
   answer came. */
FILE *http_ask(const struct http_ask *at, const char *path, unsigned *status, struct diag *d);
/* Adds the text as the value of a query. */
void http_ask_encode(struct sbuf *out, struct slice text);

#endif
