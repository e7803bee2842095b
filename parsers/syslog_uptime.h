/* syslog_uptime: the seconds since boot that the kernel writes in front of its lines. Pure. */
#ifndef PARSERS_SYSLOG_UPTIME_H
#define PARSERS_SYSLOG_UPTIME_H

#include "base/slice.h"

/* The seconds since boot at the front, with their brackets and the blank behind; *seconds is the number; known: that
 * the line is the kernel's. 0: none. */
size_t syslog_uptime(struct slice s, bool known, struct slice *seconds);

#endif
