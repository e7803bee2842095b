/*
 * text_event: the text of a device that writes events: CEF of ArcSight and LEEF of QRadar, behind whatever carries it.
 *
 *   CEF:0|vendor|product|version|class|name|severity|key=value key=value
 *   LEEF:1.0|vendor|product|version|event|key=value<tab>key=value, and with 2.0 the separator in a column of its own
 *
 * What the device says of the event (msg, else the name of CEF's) is the message, its product the program where the
 * carrier names none, and the pairs are fields. Escapes are decoded once. Pure; time is linear.
 */
#ifndef PARSERS_TEXT_EVENT_H
#define PARSERS_TEXT_EVENT_H

#include "parsers/parser.h"

/* False: it is no such text, and r as it was. */
bool text_event(struct parse_ctx *ctx, struct record *r, struct slice text);

#endif
