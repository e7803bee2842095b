/*
 * upstream: the projects that a configuration names, in the form that the sender takes.
 */
#ifndef APP_UPSTREAM_H
#define APP_UPSTREAM_H

#include "app/settings.h"
#include "io/sender.h"

struct upstream {
    struct sender_project *projects; /* the default one has an empty name and is first, if there is a DSN */
    unsigned n;
    struct dsn *dsns;
    struct http_client_options http;
};

/* False and entries in d when a DSN is wrong. The settings must outlive it. */
bool upstream_init(struct upstream *u, const struct settings *s, struct diag *d);
void upstream_done(struct upstream *u);

#endif
