/*
 * pipeline_parts: what the modules of the pipeline make events with, and share.
 *
 * Private to the files of the pipeline, decode.c, deadline_event.c and flood_gate.c. One message is worked on at a
 * time, so arena and payload are shared; whoever writes a payload hands it out before the next is begun.
 */
#ifndef CORE_PIPELINE_PARTS_H
#define CORE_PIPELINE_PARTS_H

#include "core/cut_line.h"
#include "core/fates.h"
#include "core/forwarded.h"
#include "core/pipeline_setup.h"
#include "parsers/frame.h"

struct pipeline_parts {
    struct pipeline_setup setup;
    const struct options *opt;
    struct judge judge;
    struct scrub *scrub;
    struct counts counts;
    struct cut_line cut_line;
    bool keeps_fates;
    bool forwards; /* another crumbd limits what this one makes (options.forward) */
    struct fates fates;
    struct sbuf payload;
    struct arena arena; /* the life of one message */
    uint64_t seq;       /* messages so far */
    int64_t wall_us;    /* the present as the caller sees it */
    int64_t ahead_us;   /* how far the clock that only goes on is ahead of that (pipeline_clock_is_set) */
    int64_t now_us; /* the clock that waiting and limits go by: the one that only goes on, or the newest time a record
                       had */
};

/* Who an occurrence is from, as far as shares and notices go. */
struct provenance {
    struct slice input, peer;
    uint64_t network; /* of a remote sender, else 0 */
    uint64_t log;     /* of stream.log_id, by its file_key, else 0 */
    bool remote;
};

void pipeline_parts_init(struct pipeline_parts *p, const struct pipeline_setup *setup);
void pipeline_parts_done(struct pipeline_parts *p);
/* From here on by these options. */
void pipeline_parts_use(struct pipeline_parts *p, const struct options *opt);
void pipeline_parts_make_id(const struct pipeline_parts *p, char out[33], uint64_t key, uint64_t offset,
                            uint64_t ordinal);
/* Makes the id of an event of the message. */
void pipeline_parts_message_id(const struct pipeline_parts *p, char out[33], const struct message *m, uint64_t ordinal);
/* Returns the key for the id of a message, beside its offset: of its file, or of the run that read it where it cannot
 * be read again. There the offset is the message's number. */
uint64_t pipeline_parts_message_key(const struct pipeline_parts *p, const struct message *m);
/* Returns the key of a text that a log may have written, as the store keeps it. */
uint64_t pipeline_parts_stored_key(const struct pipeline_parts *p, struct slice text, uint64_t old_seed);
/* Returns what event_write and its like have made of texts that each went through the scrubber. */
struct scrubbed pipeline_parts_payload(const struct pipeline_parts *p);
void pipeline_parts_notice(struct pipeline_parts *p, enum notice_kind kind, const struct provenance *from,
                           struct slice project);
/* Tells NOTICE_LOST; the caller counts the cause. */
void pipeline_parts_lost(struct pipeline_parts *p, enum count cause, uint64_t quantity, struct slice input,
                         struct slice project);
/* Returns the name, if it is one of those that are configured, else the empty one: a line must not make up projects.
 * Where another crumbd looks at it, any. */
struct slice pipeline_parts_known_project(struct pipeline_parts *p, struct slice name, const struct provenance *from);
/* What the crumbd behind this one is to be told of an occurrence beside its issue. */
/* Which line it is of a log that others read as well; log 0: it is of none. */
struct line_run pipeline_parts_line(const struct message *m);
struct forwarded_limits pipeline_parts_limits(const struct verdict *v, bool remote);
/* Returns the project that the store is told: where another crumbd posts, all of it goes to that one. */
struct slice pipeline_parts_row_project(const struct pipeline_parts *p, struct slice project);
/* Completes the verdict with the texts that its event shows. */
void pipeline_parts_texts(struct pipeline_parts *p, const struct record *r, struct arena *a, struct verdict *v);
/* Writes the event and emits it. False: it was not taken, or is too large, which is counted; `open` forms are not
   counted, as the closed one will be. */
bool pipeline_parts_emit_event(struct pipeline_parts *p, const struct event_source *src, bool open);

#endif
