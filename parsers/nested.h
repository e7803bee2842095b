/*
 * nested: a message inside a message. Syslog, the journal, GELF, container runtimes and collectors carry what programs
 * wrote; it is read as it would be in a file of its own, and what the carrier knows (host, app, severity, …) stays.
 */
#ifndef PARSERS_NESTED_H
#define PARSERS_NESTED_H

#include "parsers/parser.h"

/* What the level that r has of its carrier is worth beside one that the text says. */
enum nested_level {
    NESTED_PRINTED, /* it says no more than how the text was printed: the text knows better, in both directions */
    NESTED_SAID,    /* somebody has said it of this message: the text may be worse, and is not better */
};

/*
 * Whatever parser_detect finds in the text, else text, with time, level and logger in front. Always sets the message.
 * A record of a web server's log becomes one of that format, and has the level that its line says. No envelope of a
 * container's runtime is read within another one, no syslog within syslog, and nothing deeper than messages are met.
 */
void nested_any(struct parse_ctx *ctx, struct record *r, struct slice text, enum nested_level level);
/* The same, where the text has the mark of a format. False: it has none, and the record is as it was. */
bool nested_marked(struct parse_ctx *ctx, struct record *r, struct slice text);
/* As a line of a syslog file, whatever it looks like. */
void nested_syslog(struct parse_ctx *ctx, struct record *r, struct slice text);
/* A JSON object that says a level: what a logger writes. False as above. */
bool nested_log_json(struct parse_ctx *ctx, struct record *r, struct slice text);

#endif
