/*
 * text_collector: what a collector writes before each line of a program: whose it is ("web-1  | " of docker compose,
 * "[pod/web-5d8f/app] " of kubectl, "0|web  | " of PM2), and when it came (docker logs -t, kubectl logs --timestamps).
 * Behind it is the line as the program wrote it. Pure.
 */
#ifndef PARSERS_TEXT_COLLECTOR_H
#define PARSERS_TEXT_COLLECTOR_H

#include "parsers/parser.h"

/* The bytes of a name and what ends it, at the front of the line; 0: there is none. sure: not, where it has no number,
 * as containers have that were given a name: then it is one where a log line stands behind it. */
size_t text_collector_source(struct slice line, struct slice *name, bool *sure);
/* Takes off what one has written. The time, where another stands behind it or an object; RECORD_NO_TIME: the line has
 * one at most, which is anybody's. */
int64_t text_collector(const struct parse_ctx *ctx, struct slice *s, struct record *r);
/* What a terminal shows of a line in which a bar of progress was drawn over with carriage returns: the last one, where
 * it is a program's line and what stood before is none. */
struct slice text_collector_shown(const struct parse_ctx *ctx, struct slice line);
/* The bytes of a tag of Fluentd's between time and object: "shop.web: {" on its output, tabs around it in its files. */
size_t text_collector_tag(struct slice s);

#endif
