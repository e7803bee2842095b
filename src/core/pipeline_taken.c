/* pipeline_taken: what another crumbd has made (forwarded.h) is limited, and goes out as it came. */
#include "core/pipeline_impl.h"

#include "base/utf8.h"
#include "core/taken_payload.h"

/* What the verdict says of an event that is made already. */
struct taken {
    struct forwarded f;
    struct provenance from;
};

static void fill_in(struct pipeline *p, const struct message *m, struct taken *t, struct verdict *v)
{
    enum level level = level_by_name(t->f.level);
    struct event_texts *texts = arena_alloc(&p->parts.arena, sizeof *texts);
    *texts = (struct event_texts){.title = utf8_cut(t->f.title, FORWARDED_TITLE_MAX)};
    t->from = (struct provenance){.input = m->stream->input,
                                  .peer = t->f.peer,
                                  .network = t->f.limits.remote ? hash128_low(HASH128_START, t->f.peer) : 0,
                                  .remote = t->f.limits.remote};
    *v = (struct verdict){.action = ACTION_EVENT, .level = level == LEVEL_NONE ? LEVEL_ERROR : level, .texts = texts};
}

/* The payload as it goes on is in parts.payload. */
static bool write_payload(struct pipeline *p, const struct taken *t, const struct verdict *v)
{
    struct sbuf *payload = &p->parts.payload;
    sbuf_reset(payload);
    if (v->fold)
        return taken_payload_fold(t->f.payload, v, scrub_text(p->parts.scrub, t->f.title, &p->parts.arena), payload);
    sbuf_adds(payload, t->f.payload);
    return !payload->over;
}

static void lose(struct pipeline *p, const struct taken *t, const struct verdict *v, enum count cause)
{
    p->parts.counts.v[cause]++;
    pipeline_parts_lost(&p->parts, cause, 1, t->from.input, v->project);
}

static void send_on(struct pipeline *p, const struct taken *t, const struct verdict *v)
{
    const struct pipeline_hooks *hooks = &p->parts.setup.hooks;
    const struct room_asked asked = {t->from.input, v->project, v->first};
    enum count cause = hooks->room ? hooks->room(hooks->u, &asked) : COUNT_N;
    if (cause == COUNT_N && !write_payload(p, t, v))
        cause = COUNT_event_too_large;
    if (cause != COUNT_N) {
        lose(p, t, v, cause);
        return;
    }
    struct event_out e = {.time_us = t->f.time_us,
                          .input = t->from.input,
                          .project = v->project,
                          .issue = v->issue,
                          .news = v->news,
                          .title = scrub_clean(p->parts.scrub, v->texts->title, &p->parts.arena),
                          .level = slice_str(level_name(v->level)),
                          .payload = pipeline_parts_payload(&p->parts),
                          .verdict = v};
    memcpy(e.event_id, t->f.event_id, sizeof e.event_id);
    hooks->emit(hooks->u, &e);
}

/* A monitor's word takes the place of the one before it: it may come twice. */
static enum count take_check_in(struct pipeline *p, const struct taken *t)
{
    const struct pipeline_hooks *hooks = &p->parts.setup.hooks;
    struct event_out e = {.time_us = t->f.time_us, .level = slice_str(level_name(level_by_name(t->f.level)))};
    memcpy(e.event_id, t->f.event_id, sizeof e.event_id);
    e.project = pipeline_parts_known_project(&p->parts, t->f.limits.project, &t->from);
    sbuf_reset(&p->parts.payload);
    sbuf_adds(&p->parts.payload, t->f.payload);
    e.title = scrub_clean(p->parts.scrub, t->f.title, &p->parts.arena);
    e.payload = pipeline_parts_payload(&p->parts);
    if (hooks->check_in) {
        p->parts.counts.v[COUNT_check_ins]++;
        hooks->check_in(hooks->u, &e);
    }
    return COUNT_taken;
}

static enum count take_event(struct pipeline *p, const struct taken *t, struct verdict *v)
{
    if (!flood_gate_take(&p->gate, &t->f, v, &t->from))
        return COUNT_suppressed;
    send_on(p, t, v);
    return COUNT_event;
}

static enum count take_count(struct pipeline *p, const struct taken *t, struct verdict *v)
{
    flood_gate_take(&p->gate, &t->f, v, &t->from);
    p->parts.counts.v[COUNT_taken_suppressed] += t->f.n;
    return COUNT_taken;
}

static bool read_message(struct pipeline *p, const struct message *m, struct forwarded *f, const char **reason)
{
    *reason = "it is longer than max_message";
    if (m->truncated_bytes || !forwarded_read(m->text, &p->parts.arena, f, reason))
        return false;
    *reason = "its text is not UTF-8";
    return utf8_is_clean(f->payload);
}

/* Returns how many of its occurrences had been told: by the crumbd that had their partition before, or has had it
 * since.
 */
static uint64_t told_before(struct pipeline *p, const struct forwarded *f)
{
    uint64_t lines = 0, fresh = 0;
    for (unsigned i = 0; i < f->n_lines; i++) {
        lines += f->lines[i].n;
        fresh += taken_lines_take(&p->taken_lines, f->issue, &f->lines[i]);
    }
    p->parts.counts.v[COUNT_told_twice] += lines - fresh;
    return lines - fresh;
}

/* What is left of it has not come before. False: nothing is. */
static bool is_news(struct pipeline *p, struct forwarded *f)
{
    if (f->kind == FORWARDED_CHECK_IN)
        return true;
    if (!taken_ids_take(&p->taken, f->from, hash128_low(HASH128_START, slice_str(f->event_id))))
        return false;
    uint64_t told = told_before(p, f);
    if (f->kind == FORWARDED_EVENT)
        return !told;
    f->n -= told;
    return f->n > 0;
}

bool pipeline_take_up(struct pipeline *p, const struct message *m, struct outcome *o, struct verdict *v)
{
    struct taken t = {0};
    bool sound = read_message(p, m, &t.f, &o->reason);
    bool before = sound && !is_news(p, &t.f);
    o->fate = before ? COUNT_taken_before : COUNT_refused;
    p->reach = 0;
    if (m->read == MESSAGE_AGAIN) { /* its ids are known from here on, and its issue */
        if (sound && !before && t.f.kind != FORWARDED_CHECK_IN)
            flood_gate_recall(&p->gate, &t.f);
        return false;
    }
    if (!sound || before)
        return true;
    o->reason = NULL;
    o->verdict = v;
    fill_in(p, m, &t, v);
    switch (t.f.kind) {
    case FORWARDED_EVENT:
        o->fate = take_event(p, &t, v);
        break;
    case FORWARDED_COUNT:
        o->fate = take_count(p, &t, v);
        break;
    case FORWARDED_CHECK_IN:
    case FORWARDED_KINDS:
        o->fate = take_check_in(p, &t);
        break;
    }
    return true;
}
