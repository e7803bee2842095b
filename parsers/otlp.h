/*
 * otlp: log records of OpenTelemetry as its exporters write them in JSON, many in one message:
 * {"resourceLogs":[{"resource":{…},"scopeLogs":[{"scope":{…},"logRecords":[{…}]}]}]}.
 *
 * Each comes out as one JSON object by the names that the json format knows. Pure.
 */
#ifndef PARSERS_OTLP_H
#define PARSERS_OTLP_H

#include "base/arena.h"
#include "base/sbuf.h"

/* So many records of a message are looked at, and so many attributes of each. */
enum { OTLP_RECORDS_MAX = 10000, OTLP_ATTRIBUTES_MAX = 64 };

/* It begins as such a message does. */
bool otlp_begins(struct slice text);
/* It is a message of theirs in protobuf, which is not read: all of it is fields 1, each with a length, and so is the
 * inside of the first, by the numbers that a resource, its scopes and their schema have. No text is. */
bool otlp_is_protobuf(struct slice bytes);
/*
 * Hands on each record, in their order; `each` may use the text during the call. out is emptied and filled for each,
 * and bounds it: one that does not fit is handed on as an empty text. Returns how many there are; 0: it is no such
 * message, or has none.
 */
unsigned otlp_records(struct slice text, struct arena *a, struct sbuf *out, void (*each)(void *u, struct slice record),
                      void *u);

#endif
