/*
 * nested: a message inside a message. Syslog, the journal and container runtimes carry what programs wrote;
 * when that is of a format of its own, it is read as such, and what the carrier knows (host, app, severity,
 * …) stays.
 */
#ifndef PARSERS_NESTED_H
#define PARSERS_NESTED_H

#include "parsers/parser.h"

/* A message of a web server's log, if f, the format that was found in text, is such a one: the record becomes one of
 * that format. False: it is neither, and the record is as it was. */
bool nested_web(struct parse_ctx *ctx, struct record *r, struct slice text, enum format f);
/* A JSON object: message, level and the rest as the json format reads them; the record's format stays. False
 * as above. */
bool nested_json(struct parse_ctx *ctx, struct record *r, struct slice text);
/* The same, where it says a level: what a logger writes. */
bool nested_log_json(struct parse_ctx *ctx, struct record *r, struct slice text);
/* Of a container's runtime: what the container has written, and when. False as above. */
bool nested_docker(struct parse_ctx *ctx, struct record *r, struct slice text, enum format f);
/* A line of a log, told by the time in front and a level behind it; else the record is as it was. For carriers that say
 * no level themselves. */
void nested_log_line(struct parse_ctx *ctx, struct record *r, struct slice text);
/* The thread that such a line names: nothing else of it is read, the record stays as its carrier has it. */
void nested_thread(struct parse_ctx *ctx, struct record *r, struct slice text);
/* Whatever parser_detect finds in it, but no container's envelope within another one; plain text is read for a leading
 * time and level. Always sets the message. */
void nested_any(struct parse_ctx *ctx, struct record *r, struct slice text);

#endif
