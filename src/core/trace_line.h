/*
 * trace_line: what stands around a line of a trace: the prefix that a logger or a collector puts before every line,
 * colours, and the shapes that a new record of the log begins with. Part of trace. Pure.
 */
#ifndef CORE_TRACE_LINE_H
#define CORE_TRACE_LINE_H

#include "core/trace.h"

/* One way to read a line: with so much of the learnt prefix taken off. */
struct trace_fit {
    struct slice rest;
    uint8_t n_prefix;  /* of walk.prefix */
    bool record;       /* it begins as the line did that opened, and no other one of the trace */
    bool after_record; /* walk.after_record */
    bool bare;         /* it has not the prefix that all lines have: only for transitions that allow that */
};

enum { TRACE_FITS_MAX = 3 };

/* Without line end and colours, and with TAB where syslog daemons write #011. In the arena where anything changes. */
struct slice trace_line_clean(struct arena *a, struct slice line);
/* With the escapes of JSON and C that loggers write, \n \t \" and the like, made what they stand for. */
struct slice trace_line_unquote(struct arena *a, struct slice text);
/* Learns what stands before the opening line: all of text. */
void trace_line_learn(struct trace_walk *walk, struct slice text);
/* The ways to read a line of the trace, the likeliest first; 0: it has not the prefix that all lines have. */
unsigned trace_line_fits(const struct trace_walk *walk, struct slice line, struct trace_fit fits[TRACE_FITS_MAX]);
/* The line with nothing taken off, as a further line of a record is. */
struct trace_fit trace_line_bare(struct slice line);
/* After none of the fits is one of the trace: whether the line may be that of another, printed at the same time. */
bool trace_line_is_foreign(struct trace_walk *walk, const struct trace_fit *fits, unsigned n);
/* What the fit has shown of the prefix, the line being one of the trace for sure. */
void trace_line_settle(struct trace_walk *walk, const struct trace_fit *fit);
/* Whether it looks like the beginning of a log record: time, level, JSON object. */
bool trace_line_is_record(struct slice line);

/* What collectors have put before a line: a container's name, a time, host and program. What a logger has put there is
 * none of it, as its name for the logger may look like a class. 0: nothing. */
size_t trace_line_head(struct slice line);

#endif
