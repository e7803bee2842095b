/*
 * pipeline_parts: what the modules of the pipeline make events with.
 *
 * Private to pipeline.c and flood_gate.c. One message is worked on at a time, so arena and payload are shared.
 */
#ifndef CORE_PIPELINE_PARTS_H
#define CORE_PIPELINE_PARTS_H

#include "core/pipeline_setup.h"

struct pipeline_parts {
    struct pipeline_setup setup;
    const struct options *opt;
    struct judge judge;
    struct scrub *scrub;
    struct counts counts;
    struct sbuf payload;
    struct arena arena; /* the life of one message */
    int64_t wall_us; /* the present as the caller sees it */
    int64_t now_us;  /* the clock that waiting and limits go by: wall_us, or the newest time a record had */
};

/* Who an occurrence is from, as far as shares go. */
struct origin {
    struct slice input, peer;
    uint64_t network; /* of a remote sender, else 0 */
    bool remote;
};

void parts_make_id(const struct pipeline_parts *p, char out[33], uint64_t key, uint64_t offset, uint64_t ordinal);
/* Of a text that a log may have written. */
uint64_t parts_stored_key(const struct pipeline_parts *p, struct slice text, uint64_t old_seed);
/* What event_write and its like have made of texts that each went through the scrubber. */
struct scrubbed parts_payload(const struct pipeline_parts *p);
void parts_notice(struct pipeline_parts *p, enum notice_kind kind, const struct origin *o, struct slice project);
/* The name, if it is one of those that are configured: a line must not make up projects. */
struct slice parts_known_project(struct pipeline_parts *p, struct slice name, const struct origin *o);
/* Completes the verdict with the texts that its event shows. */
void parts_texts(struct pipeline_parts *p, const struct record *r, struct arena *a, struct verdict *v);

#endif
