/*
 * look_ahead: the prefilter's literals looked for in a block of many messages at once, before these are cut apart.
 *
 * What stands behind a message in the framer's buffer is most often the next messages of the same log. A block is
 * three times as long as what was asked of the last one, so that whatever becomes of the buffer (messages of many
 * streams in turn, one message a read) at most three bytes are looked at for one that is asked for. Where nothing is
 * known of a text's place the prefilter is run over the text alone: what is found is the same.
 *
 * One for a judge; pure.
 */
#ifndef CORE_LOOK_AHEAD_H
#define CORE_LOOK_AHEAD_H

#include "parsers/frame.h"
#include "text/prefilter.h"

struct look_ahead {
    struct frame_ahead *ahead; /* of the message that is worked on; set by the judge's caller, may be NULL */
    const struct prefilter *prefilter;
    struct prefilter_block *block;
    enum frame_looker looker;
    uint64_t number;    /* of the block; the buffer that holds it remembers it as long as the bytes stand there */
    uintptr_t from, to; /* where it stands there */
    size_t asked;       /* bytes of it, and before, that were asked for */
};

void look_ahead_init(struct look_ahead *l, enum frame_looker looker);
/* Its prefilters are gone. */
void look_ahead_forget(struct look_ahead *l);
void look_ahead_done(struct look_ahead *l);
/* As prefilter_run. */
void look_ahead_run(struct look_ahead *l, const struct prefilter *p, struct prefilter_scratch *x, struct slice text,
                    struct prefilter_hits *hits);

#endif
