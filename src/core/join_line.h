/*
 * join_line: what a record says to a trace: its line without what stands before every line of it. Part of join.c. Pure.
 *
 * The parser of text takes time, level, thread and logger off the front of each line by itself, and what it takes for
 * them in a frame is part of the frame. So a line is read anew: without what was taken off the line that began.
 */
#ifndef CORE_JOIN_LINE_H
#define CORE_JOIN_LINE_H

#include "core/trace_prefix.h"
#include "parsers/record.h"

enum { JOIN_READINGS_MAX = 2 };

/* What the parser has left of it: nothing, where its head is all there is and stands for its message. */
struct slice join_line_said(const struct record *r);
/* When its carrier took it; RECORD_NO_TIME: it says that itself, or nobody does. */
int64_t join_line_carried(const struct record *r);
/* What it has taken off. */
struct slice join_line_head(const struct record *r);
/* Bytes before its message, where a server that names the program has put them there; 0: it has not. */
size_t join_line_head_bytes(const struct record *r);
/* Blanks before a text that has nothing else before it, as many as such a head may have; 0: fewer. */
size_t join_line_indent(const struct record *r);
/* A word with a colon is taken for its level, which other programs begin what they report with: "ERROR:  ". */
bool join_line_has_heading(const struct record *r);
/* Learns what stands before a trace that begins in it: with its heading, or with the message. */
void join_line_prefix(struct trace_prefix *prefix, const struct record *r);
/* Whether less may stand before it than before the one above, of which it has lost nothing but the program's own head;
 * a cheap look. */
bool join_line_is_short_of(const struct record *r, const struct record *above);

struct join_reading {
    struct slice text;
    bool headed; /* the parser has taken a head off it that is not the prefix */
};

/* The ways to read it behind a line that had this prefix (NULL: none), the likeliest first. */
unsigned join_line_readings(const struct trace_prefix *prefix, const struct record *r,
                            struct join_reading readings[JOIN_READINGS_MAX]);
/* Cuts the prefix to what this line has of it, in this reading. */
void join_line_settle(struct trace_prefix *prefix, const struct record *r, struct slice reading);

/* What the line above has behind the prefix of this one, which is a collector's where that has a time of its own there:
 * then nothing in this line was taken off but what stands before all. */
struct slice join_line_above(const struct trace_prefix *prefix, const struct record *above, bool *collected);

bool join_line_ends_in_colon(struct slice s);
unsigned join_line_count(struct slice text);
/* The first of them, without its end. */
struct slice join_line_next(struct slice *rest);

#endif
