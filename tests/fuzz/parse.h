/*
 * parse: what the targets of the parsers share: a message of a format, parsed and shown as `crumbd parse`
 * shows it. Accepted or refused, what is shown is JSON; a refusal has a reason, and an accepted record has a
 * message.
 */
#ifndef TESTS_FUZZ_PARSE_H
#define TESTS_FUZZ_PARSE_H

#include "tests/fuzz/fuzz.h"

#include "parsers/parser.h"
#include "text/json.h"

/* Microseconds of 2026-11-23, so that runs repeat. */
#define FUZZ_NOW INT64_C(1795428000000000)

static inline void fuzz_show(struct arena *a, const struct record *r, bool ok, const char *reason)
{
    struct sbuf out;
    sbuf_init(&out, 64 << 20);
    assert(ok || reason);
    assert(!ok || r->message.p || r->message.n == 0);
    assert(r->severity >= -1 && r->severity <= 7 && r->facility >= -1 && r->facility <= 23);
    if (ok)
        record_json(r, &out);
    else
        record_json_refused(reason, r->raw, &out);
    assert(!out.over);
    assert(json_tree(a, sbuf_slice(&out)));
    sbuf_done(&out);
}

/* True when the message was accepted. *r lives as long as the arena and the bytes. */
static inline bool fuzz_parse(struct arena *a, struct record *r, enum format f, struct slice raw)
{
    struct parse_ctx ctx = {.arena = a, .now_us = FUZZ_NOW, .last_us = RECORD_NO_TIME};
    record_init(r, f, raw);
    bool ok = parser_parse(f, &ctx, r);
    fuzz_show(a, r, ok, ctx.reason);
    return ok;
}

#endif
