/*
 * http_names: whether a Host header names this host.
 *
 * A web page whose name its owner's name server makes mean this host is of the same origin as what is served here, and
 * could read it (DNS rebinding). So a name must be one that no stranger owns: an address, localhost, the host's own, or
 * one of `http_names`.
 */
#ifndef IO_HTTP_NAMES_H
#define IO_HTTP_NAMES_H

#include "base/slice.h"

/* host: without its port; NULL or empty: HTTP/1.0 needs none. */
bool http_names_hold(const struct slice *names, unsigned n, const char *host);

#endif
