/*
 * gelf: Graylog Extended Log Format, 1.0 and 1.1, one JSON object a message.
 *
 * As Graylog's codec reads it (inputs it accepts are accepted, those it rejects are refused), with the
 * reservations that make sense for a reader of errors: a level in words is a level, a time in words is a
 * time, a number too large for seconds is milliseconds. `version` is not looked at. Of duplicate keys the
 * last counts; only the first JSON value of a payload is read.
 */
#ifndef PARSERS_GELF_H
#define PARSERS_GELF_H

#include "base/sbuf.h"

/*
 * Reads a body that may hold several messages: JSON objects one after another, with white space, NUL or commas
 * between them, or an array of objects. What is not an object comes out as it stands, up to the end of its
 * line, to be refused by the parser.
 *
 * Time is linear in the body. An object that never ends costs a search of everything behind it; after four
 * bodies' worth of such searches an object is only looked for in its own line. The bytes must outlive the
 * reader.
 */
struct gelf_body {
    struct slice rest;
    size_t search_bytes; /* how many may still be searched in vain */
};

void gelf_body_open(struct gelf_body *b, struct slice bytes);
/* The next message. False at the end. */
bool gelf_next(struct gelf_body *b, struct slice *message);

enum gelf_open { GELF_PLAIN, GELF_INFLATED, GELF_SHORT, GELF_UNKNOWN, GELF_BAD_ZIP, GELF_TOO_LARGE };

/*
 * A datagram or body that is no chunk: told by its first two bytes (gzip 1f 8b; zlib 78 and a valid check;
 * all else plain JSON). *out is the JSON, in the payload itself or in `room`, whose maximum is the cap of
 * what is inflated. On anything but PLAIN and INFLATED *out is untouched. GELF_SHORT: fewer than two bytes;
 * GELF_UNKNOWN: 1e, 1f or 78 with the wrong second byte.
 */
enum gelf_open gelf_open_payload(struct slice payload, struct sbuf *room, struct slice *out);

#endif
