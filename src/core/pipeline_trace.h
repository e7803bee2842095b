/*
 * pipeline_trace: the stack trace of a record, found in its text when it is disposed of. Part of pipeline.c.
 */
#ifndef CORE_PIPELINE_TRACE_H
#define CORE_PIPELINE_TRACE_H

#include "core/join.h"
#include "core/options.h"
#include "core/trace_source.h"

struct pipeline_trace {
    struct trace_engine engine;
    const struct options *opt;
    struct trace_source source;
    struct trace *found; /* last */
    enum level said;     /* of the record that was last looked into, before */
};

void pipeline_trace_init(struct pipeline_trace *t, const struct trace_set *set, const struct options *opt,
                         const struct trace_source *source);
void pipeline_trace_done(struct pipeline_trace *t);
/* Nothing is held by the grammars before. */
void pipeline_trace_use(struct pipeline_trace *t, const struct trace_set *set);

/* Programs behind a web server write what its log has as an error, in quotes (quoted_stderr.h). */
bool pipeline_trace_may_quote(const struct record *r);
/* Sets what the record has of a trace; it lives in its texts and the arena. A crash is fatal, and what says no level is
 * an error. A single line is looked into only where that is known to be worth it. */
void pipeline_trace_look(struct pipeline_trace *t, struct record *r, bool known, struct arena *a);
/* Of most records nothing is asked: they are partial. */
static inline void pipeline_trace_find(struct pipeline_trace *t, struct record *r, bool known, struct arena *a)
{
    r->trace = NULL;
    t->said = r->level;
    if (!r->partial)
        pipeline_trace_look(t, r, known, a);
}
/* The one behind it in the same text takes its place. False: there is none. */
bool pipeline_trace_next(struct pipeline_trace *t, struct record *r, struct arena *a);
/* Whether there is one in this text. */
bool pipeline_trace_follows(struct pipeline_trace *t, struct slice text, struct arena *a);
/*
 * Source lines for the frames of the trace that was found last, which is the record's, if its sender is believed and no
 * client may have forged it. Returns how many frames have got them.
 */
unsigned pipeline_trace_add_source(struct pipeline_trace *t, const struct record *r, int64_t event_us, struct arena *a);
/* It is plain text: of the record that was last looked into. */
void pipeline_trace_drop(struct pipeline_trace *t, struct record *r);
/* In one line, for a breadcrumb: the text before it, type and value. */
struct slice pipeline_trace_brief(const struct record *r, struct arena *a);

#endif
