/*
 * packages: which packages of the distribution the loaded libraries come from, so that a security advice can be
 * compared with `crumbd --version`. Reads dpkg's own files; nothing where there is no dpkg. For one command line, not
 * for the daemon.
 */
#ifndef APP_PACKAGES_H
#define APP_PACKAGES_H

#include "base/sbuf.h"

/* "libcurl4 7.88.1-10+deb12u12, …" of those dpkg knows under its folder (usually /var/lib/dpkg). */
void packages_put(const char *dpkg, struct sbuf *out);

#endif
