/*
 * nginx_entry: where an entry of nginx's error log ends.
 *
 * nginx escapes nothing: a path with %0A is written with the line feed, so that a line which looks like the head of an
 * entry may be bytes that a client chose. What a client can choose: any byte but NUL between the quotes of a decoded
 * path or of what a FastCGI program wrote, double quotes and whole tails (`, client: …, request: "…"`) among them. What
 * it cannot choose: that nginx's own tail stands behind its bytes and is the last thing on the line; that `request:
 * "…"` there is the line as it came over the wire, with %0A and not with a line feed; that an entry has one write() and
 * at most 2047 bytes (OpenResty: 4095), and one that is cut exactly as many; that client bytes stand behind a double
 * quote, and only in entries of a connection (`*N`).
 *
 * From these facts, for an entry and the line behind it that looks like a head:
 *
 *   the entry                                 goes on with the lines up to and with the first one where
 *   ----------------------------------------
 * ----------------------------------------------------------------------------- has its full size; is of level debug,
 * (never: the line is a head) which has no tail; has no quote before its tail no tail, an odd number of quotes the
 * first tail leaves the quotes even, and no quote of its request explains that; or a tail's request breaks the line
 * (%0A or %0D) before what a head begins with; or all lines together have the full size no tail, of a connection,
 * quotes even     a tail's request breaks the line so, or the full size is reached a tail, quotes before it the tail's
 * request, decoded, is these very lines, or the full size is reached by a line without a tail of its own
 *
 * No such line within 64 lines or 64 KiB (for the last two rows: within an entry's greatest size): the heads are true,
 * and the entries are judged each for itself. The last row is strict because true entries stand there: a client that
 * fails on purpose with %0A in its request must not swallow the entry before its own.
 *
 * What cannot be told: bytes that a program behind FastCGI wrote to stderr as a client sent them, or that a client sent
 * where the PROXY protocol was expected, with quotes and a tail that fit. Pure; time is linear in the bytes looked at,
 * and each is looked at a bounded number of times.
 */
#ifndef PARSERS_NGINX_ENTRY_H
#define PARSERS_NGINX_ENTRY_H

#include "parsers/frame.h"

/* NGX_MAX_ERROR_STR less the line feed: an entry that long has lost its end. OpenResty doubles it. */
enum { NGINX_ENTRY_MAX = 2047, NGINX_ENTRY_MAX_OPENRESTY = 4095 };

static inline bool nginx_entry_full(size_t n)
{
    return n == NGINX_ENTRY_MAX || n == NGINX_ENTRY_MAX_OPENRESTY;
}

/* For framer_set_head. */
extern const struct frame_rule nginx_entry_rule;
/*
 * For framer_set_mixed: an entry without its end may go on with the line, by what both look like. An entry of a
 * connection, of level notice or worse, ends with a tail: without one it goes on with any line, as far as an entry may
 * be long. Any other goes on with lines that are indented, or that one which ends in a colon or a CR announces.
 */
bool nginx_entry_goes_on(struct slice entry, struct slice line);
/*
 * An entry of a connection without its tail and with an odd number of quotes: what is left of one whose lines came each
 * as a message of its own, from a container's log.
 */
bool nginx_entry_torn(struct slice entry);
/*
 * The path of a request line (`METHOD target HTTP/x.y`) holds a line break, and behind it what a head could begin with.
 * Such a request has no purpose but to forge an entry.
 */
bool nginx_entry_forges(struct slice request);

#endif
