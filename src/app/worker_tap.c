/* worker_tap: the part of worker_parts.h that tells who watches what became of a line. */
#include "app/worker_parts.h"

/* The time that the record has, else now: it is asked for while somebody watches only. */
static int64_t time_of(const struct worker *w, const struct record *r)
{
    bool known = r && r->time_us != RECORD_NO_TIME;
    return known ? r->time_us : clock_steady_us() - w->ahead_us;
}

static void put_record(struct tap_line *l, const struct record *r)
{
    l->format = r->format;
    l->level = r->level;
    l->texts[TAP_HOST] = r->host;
    l->texts[TAP_APP] = r->app;
    if (r->message.n)
        l->texts[TAP_MESSAGE] = r->message;
}

static void put_verdict(struct tap_line *l, const struct verdict *v)
{
    l->issue = v->issue;
    l->level = v->level != LEVEL_NONE ? v->level : l->level;
    l->texts[TAP_PROJECT] = v->project;
    l->texts[TAP_RULE] = v->rule ? v->rule->id : SLICE_NONE;
}

void worker_tap_line(struct worker *w, const struct outcome *j)
{
    if (!tap_has_room(w->setup.tap, j->fate))
        return;
    struct tap_line l = {.time_us = time_of(w, j->record), .fate = j->fate, .texts = {[TAP_MESSAGE] = j->raw}};
    if (j->stream) {
        l.format = j->stream->format;
        l.texts[TAP_INPUT] = j->stream->input;
        l.texts[TAP_SOURCE] = j->stream->source;
    }
    if (j->record)
        put_record(&l, j->record);
    if (j->verdict)
        put_verdict(&l, j->verdict);
    tap_put(w->setup.tap, &l);
}
