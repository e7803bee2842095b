/* What inputs ask of the worker between messages, and tell it (io/input.h). */
#include "app/worker_parts.h"

static int64_t worker_sink_now(void *u)
{
    (void)u;
    return clock_steady_us();
}

static bool worker_sink_full(void *u)
{
    const struct worker *w = u;
    return w->stuck;
}

static unsigned worker_sink_held(void *u, uint64_t file_key, uint64_t *offsets, unsigned max)
{
    const struct worker *w = u;
    return w->pipeline ? pipeline_held(w->pipeline, file_key, offsets, max) : 0;
}

static void worker_sink_unread(void *u, uint64_t file_key, bool unread)
{
    struct worker *w = u;
    if (w->pipeline)
        pipeline_unread(w->pipeline, file_key, unread);
}

static void worker_sink_leave(void *u, uint64_t file_key)
{
    struct worker *w = u;
    if (w->pipeline)
        pipeline_leave(w->pipeline, file_key);
}

static void worker_sink_forget(void *u, uint64_t file_key)
{
    struct worker *w = u;
    if (w->pipeline)
        pipeline_forget(w->pipeline, file_key);
}

static int64_t worker_sink_remembers(void *u)
{
    const struct worker *w = u;
    return w->snapshot ? w->snapshot->settings->options.crumbs.max_age_us : 0;
}

static void worker_sink_thread(void *u)
{
    const struct worker *w = u;
    confine_calls(w->sandbox, SANDBOX_ENGINE);
}

void worker_answer_inputs(struct worker *w)
{
    struct input_sink *sink = &w->sink;
    sink->now_us = worker_sink_now;
    sink->full = worker_sink_full;
    sink->held = worker_sink_held;
    sink->unread = worker_sink_unread;
    sink->leave = worker_sink_leave;
    sink->forget = worker_sink_forget;
    sink->remembers_us = worker_sink_remembers;
    sink->foreign_thread = worker_sink_thread;
}
