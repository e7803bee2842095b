/*
 * pipeline_fates: what the pipeline says of its lines to fates.h: of those of files alone, which can be asked for
 * again.
 *
 * Private to pipeline.c. One thread.
 */
#ifndef CORE_PIPELINE_FATES_H
#define CORE_PIPELINE_FATES_H

#include "core/pending.h"
#include "core/pipeline_parts.h"

/* Where a breadcrumb of a line is from; 0: from no file. */
static inline uint32_t pipeline_fates_file(const struct stream *s)
{
    return (uint32_t)stream_file(s);
}

/* It is none of those about which most is said. */
void pipeline_fates_put(struct pipeline_parts *p, const struct message *m, enum count count, const struct verdict *v,
                        uint64_t reach);
/* The message has this fate, one of the ledger's. v: of one that became an event or was suppressed. reach: where the
 * first line of its file begins that its event has as a breadcrumb. */
static inline void pipeline_fates_add(struct pipeline_parts *p, const struct message *m, enum count count,
                                      const struct verdict *v, uint64_t reach)
{
    uint64_t file = stream_file(m->stream);
    if (!p->keeps_fates || !file)
        return;
    if (count == COUNT_crumb && !m->n_more)
        fates_add(&p->fates, file, FATE_CRUMB, m->offset, m->end);
    else
        pipeline_fates_put(p, m, count, v, reach);
}

/* The line is one of a record that begins there. */
void pipeline_fates_joined(struct pipeline_parts *p, const struct message *m, uint64_t file_key, uint64_t offset);
/* A further event of the message; number: its ordinal. */
void pipeline_fates_also(struct pipeline_parts *p, const struct message *m, enum count count, const struct verdict *v,
                         unsigned number);
/* Where the first of these lines of its file begins, or the message. */
uint64_t pipeline_fates_reach(const struct message *m, const struct breadcrumb *crumbs, unsigned n);
/* The event has left the pipeline, or its open form has. loss: 0, or why it is not to be had. */
void pipeline_fates_left(struct pipeline_parts *p, const struct pending *w, unsigned loss);

#endif
