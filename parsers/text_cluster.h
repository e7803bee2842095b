/*
 * text_cluster: what collectors of clusters and supercomputers write before each line: seconds, day and host (Blue
 * Gene, Thunderbird, Spirit, Liberty), or columns of record, host, component, state and seconds. Pure.
 */
#ifndef PARSERS_TEXT_CLUSTER_H
#define PARSERS_TEXT_CLUSTER_H

#include "parsers/parser.h"

/* Takes off what one has written, and sets time, host and what else it says. *all: a line of a syslog file was behind
 * it, and has been read. False: none has written there, and *s and r are as they were. */
bool text_cluster(struct parse_ctx *ctx, struct slice *s, struct record *r, bool *all);

#endif
