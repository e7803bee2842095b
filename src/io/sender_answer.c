/* sender_answer: what an answer means: for the rows of the request, which the store is told, and for their project. */
#include "io/sender_impl.h"

#include "base/log.h"
#include "base/utf8.h"
#include "io/clock.h"

enum { ANSWER_POINTS = 200 }; /* code points of an answer's body that a reason has */

/* Writes "HTTP 400: what it said", or why there was no answer, as one clean line. What the server says may be what it
   was sent: secrets are taken out before the text is cut, since a part of a secret would not look like one. */
static void describe(struct store *store, const struct http_client_answer *a, struct sbuf *out)
{
    struct arena arena = {0};
    if (!a->status) {
        utf8_clean(out, slice_str(a->error));
    } else {
        sbuf_addf(out, "HTTP %u", a->status);
        if (a->body.n)
            sbuf_adds(out, SLICE(": "));
        utf8_clean(out, utf8_prefix(store_clean(store, a->body, &arena).text, ANSWER_POINTS));
    }
    arena_done(&arena);
    for (size_t i = 0; i < out->n; i++)
        if (out->p[i] == '\n' || out->p[i] == '\r' || out->p[i] == '\t')
            out->p[i] = ' ';
}

/* When a row may be tried again. One that may itself be the reason waits by its own count, so that others go before it.
   Else the project waits, and the row keeps its place; one from a clock that was ahead has the last place, for it is
   not to wait until then. */
static int64_t row_next_us(struct sender *s, const struct flight *f, const struct flight_row *row, enum reply_verdict v)
{
    int64_t now_us = clock_steady_us();
    if (!s->kinds[f->kind].waits_alone && v != REPLY_RETRY)
        return row->due_us < now_us ? row->due_us : now_us;
    return now_us + sender_retry_delay_ms(s, row->attempts + 1) * 1000;
}

/* Tells the project's window what an answer means for the number of requests at a time. */
static void tell_window(struct project *p, const struct flight *f, int64_t took_us, enum reply_verdict v)
{
    bool limited = item_kind_until(f->kind, &p->limits) > clock_mono_ms();
    if (v == REPLY_RETRY || v == REPLY_BUSY || v == REPLY_LIMITED || limited)
        send_window_overload(&p->window, f->round);
    else
        send_window_answered(&p->window, f->round, p->in_flight[f->kind], took_us);
}

static int64_t asked_to_wait_ms(const struct http_client_answer *a)
{
    const struct reply_answer answer = {
        .status = a->status, .retry_after = a->retry_after, .now_s = clock_wall_us() / 1000000};
    return reply_wait_ms(&answer);
}

/* Tells the project what an answer means for its other rows. */
static void tell_project(struct project *p, const struct flight *f, const struct http_client_answer *a,
                         enum reply_verdict v, const char *reason)
{
    if (p->sender->kinds[f->kind].waits_alone)
        return;
    switch (v) {
    case REPLY_SENT:
    case REPLY_DEAD:
        project_works(p, f);
        break;
    case REPLY_RETRY:
    case REPLY_BUSY:
        project_failed(p, f, asked_to_wait_ms(a), reason);
        break;
    case REPLY_PAUSE:
        project_paused(p, f, a->status, reason);
        break;
    case REPLY_LIMITED:
        if (item_kind_until(f->kind, &p->limits) > clock_mono_ms())
            project_limited(p, f, reason);
        else /* told to wait, but not for how long */
            project_failed(p, f, 0, reason);
        break;
    }
}

static void say_refused(const struct item_traits *kind, const struct flight_row *row, unsigned status,
                        const char *reason)
{
    const char *hint = *reply_hint(status) ? reply_hint(status) : kind->refused_hint;
    const struct log_tag tags[] = {log_i("id", row->id), log_c("reason", reason), log_c("event_id", row->event_id),
                                   log_c("hint", hint ? hint : "")};
    log_write(LOG_WARN, kind->refused, tags, hint ? 4 : 2);
}

/* Tells the store that a row is sent or dead; false: neither, it is to be tried again. */
static bool settle_row(struct sender *s, const struct flight *f, const struct flight_row *row, unsigned status,
                       enum reply_verdict v, const char *reason)
{
    if (v == REPLY_SENT) {
        store_sent(s->store, row->id);
        s->counts->v[COUNT_sent]++;
        return true;
    }
    if (v != REPLY_DEAD || f->n > 1) {
        s->counts->v[COUNT_retries]++;
        return false;
    }
    store_dead(s->store, row->id, reason);
    s->counts->v[COUNT_dead]++;
    say_refused(&s->kinds[f->kind], row, status, reason);
    if (s->flushed)
        f->project->report_due_ms = 0; /* or else it is told by the next run */
    return true;
}

/* Tells the store and the project what the answer means. A refusal of several rows hits one of them that is not known:
   all are tried again, and then alone (batch.h). */
static void settle(struct sender *s, const struct flight *f, const struct http_client_answer *a, enum reply_verdict v,
                   const char *reason)
{
    bool settled = true;
    for (unsigned i = 0; i < f->n; i++)
        settled = settle_row(s, f, &f->rows[i], a->status, v, reason);
    if (s->kinds[f->kind].in_flight > 1)
        tell_window(f->project, f, a->took_us, v);
    tell_project(f->project, f, a, v, reason);
    for (unsigned i = 0; !settled && i < f->n; i++)
        store_retry(s->store, f->rows[i].id, row_next_us(s, f, &f->rows[i], v), reason);
}

enum reply_verdict project_verdict(struct project *p, const struct http_client_answer *a)
{
    struct reply_answer answer = {
        .status = a->status,
        .uploaded = a->uploaded,
        .has_rate_limits = a->has_rate_limits,
        .rate_limits = a->rate_limits,
        .retry_after = a->retry_after,
        .now_ms = clock_mono_ms(),
        .now_s = clock_wall_us() / 1000000,
    };
    struct reply_limits before = p->limits;
    enum reply_verdict v = p->type->judge(&answer, &p->limits);
    project_tell_limits(p, &before, answer.now_ms);
    return v;
}

void flight_settle(const struct flight *f, const struct http_client_answer *a)
{
    struct sender *s = f->project->sender;
    enum reply_verdict v = project_verdict(f->project, a);
    struct sbuf why;
    sbuf_init(&why, 2048);
    if (v != REPLY_SENT)
        describe(s->store, a, &why);
    else
        sbuf_addf(&why, "HTTP %u", a->status);
    project_note_answer(f->project, sbuf_cstr(&why));
    settle(s, f, a, v, sbuf_cstr(&why));
    sbuf_done(&why);
}
