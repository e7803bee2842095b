/*
 * syslog_kernel: lines of the kernel's ring buffer without syslog's header, as dmesg prints them: seconds since boot,
 * dates (-T, -H), facility and level in words (-x), and who printed them. Pure.
 */
#ifndef PARSERS_SYSLOG_KERNEL_H
#define PARSERS_SYSLOG_KERNEL_H

#include "parsers/parser.h"

/* A line, which is not empty, is one of them, or has the seconds in front of host and tag. */
bool syslog_kernel_tells(struct slice line);
/* Takes what stands before the text off *s; the record is the kernel's. False: it is no such line. */
bool syslog_kernel(struct parse_ctx *ctx, struct record *r, struct slice *s);
/* Takes the seconds and the host behind them off *s, where a tag follows: `journalctl -o short-monotonic`. */
bool syslog_kernel_monotonic(struct record *r, struct slice *s);

#endif
