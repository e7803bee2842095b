#include "core/pipeline_trace.h"

#include <assert.h>

#include "core/breadcrumbs.h"
#include "core/trace_in_app.h"
#include "core/trace_shorten.h"
#include "parsers/quoted_stderr.h"
#include "parsers/parser.h"

void pipeline_trace_init(struct pipeline_trace *t, const struct trace_set *set, const struct options *opt,
                         const struct trace_source *source)
{
    *t = (struct pipeline_trace){.engine = {.set = set, .scratch = trace_scratch_new()}, .opt = opt, .source = *source};
}

void pipeline_trace_done(struct pipeline_trace *t)
{
    trace_scratch_free(t->engine.scratch);
}

void pipeline_trace_use(struct pipeline_trace *t, const struct trace_set *set)
{
    const struct trace_source source = t->source;
    pipeline_trace_done(t);
    pipeline_trace_init(t, set, t->opt, &source);
}

/* In one line the ends of lines may be written out. */
static bool has_lf_written_out(struct slice s)
{
    for (const char *p; (p = slice_chr(s, '\\')); slice_skip(&s, (size_t)(p - s.p) + 1))
        if (p + 1 < s.p + s.n && p[1] == 'n')
            return true;
    return false;
}

static bool may_have_trace(const struct record *r, struct slice text)
{
    return slice_chr(text, '\n') ||
           (r->level >= LEVEL_ERROR && !format_traits(r->format)->whole && has_lf_written_out(text));
}

static void set(struct pipeline_trace *t, struct record *r, struct trace *trace)
{
    const struct trace_exception *e = trace_reported(trace);
    r->trace = t->found = trace;
    r->exception_type = e ? e->printed : SLICE_NONE;
    r->exception_value = e ? e->value : SLICE_NONE;
}

/* Loggers that write frames alone say elsewhere what was thrown. */
static void name_it(struct trace_exception *e, const struct record *r)
{
    bool unnamed = !e->printed.n || slice_is(e->printed, "error");
    if (unnamed)
        e->type = e->printed = r->error_type.n ? r->error_type : SLICE("error");
    if (!e->value.n)
        e->value = r->error_value.n || !unnamed ? r->error_value : r->message;
}

/* No more lines and bytes than are read of one. */
static struct slice shortened(struct slice text, struct arena *a)
{
    unsigned lines = 1;
    for (struct slice s = text; lines <= TRACE_LINES_MAX && slice_chr(s, '\n'); lines++)
        slice_split(&s, '\n');
    size_t from, n = 0;
    if (lines > TRACE_LINES_MAX || text.n > TRACE_BYTES_MAX)
        n = trace_shorten(text, TRACE_LINES_MAX, TRACE_BYTES_MAX, &from);
    if (!n)
        return text;
    char *p = arena_alloc(a, text.n - n + 1);
    memcpy(p, text.p, from);
    memcpy(p + from, text.p + from + n, text.n - from - n);
    return slice_of(p, text.n - n);
}

/* The first trace in the text, if there is one, is the record's. */
static bool look(struct pipeline_trace *t, struct record *r, struct slice text, bool known, struct arena *a)
{
    struct trace *trace = arena_alloc(a, sizeof *trace);
    bool in_field = text.p == r->full_message.p;
    bool joined = known && r->lines > 1; /* by join: what it has not taken is not there */
    if (!t->engine.set ||
        !(joined ? trace_parse_joined : trace_parse)(t->engine.set, t->engine.scratch, shortened(text, a), a, trace))
        return false;
    if (!trace->n_exceptions && !trace->n_notes)
        return false; /* lines that belong together, and no more */
    struct trace_exception *e = trace->n_exceptions ? &trace->exceptions[trace->n_exceptions - 1] : NULL;
    if (e && (!e->printed.n || !e->value.n) && in_field)
        name_it(e, r);
    if (e && !e->printed.n && known && r->truncated) /* before its language has said it */
        *e = (struct trace_exception){.type = SLICE("Traceback"),
                                      .printed = SLICE("Traceback"),
                                      .value = SLICE("cut before it said what was thrown"),
                                      .frames = e->frames,
                                      .parent = -1};
    if (e && !e->printed.n)
        return false; /* frames whose heading is not here: the rest of one that was cut */
    trace_in_app(trace, t->opt->in_app, t->opt->n_in_app);
    set(t, r, trace);
    return true;
}

/* Class and text stand in fields of their own. */
static bool look_in_fields(struct pipeline_trace *t, struct record *r, struct arena *a)
{
    if (!r->error_type.n)
        return false;
    struct trace_exception *e = arena_calloc(a, 1, sizeof *e);
    *e = (struct trace_exception){.type = r->error_type,
                                  .printed = r->error_type,
                                  .value = r->error_value.n ? r->error_value : r->message,
                                  .parent = -1};
    struct trace *trace = arena_calloc(a, 1, sizeof *trace);
    *trace = (struct trace){.platform = SLICE("other"), .intro = r->message, .exceptions = e, .n_exceptions = 1};
    set(t, r, trace);
    return true;
}

/* Of a trace that begins in what is not part of the message. */
static struct slice with_heading(const struct record *r, struct arena *a)
{
    char *p = arena_alloc(a, r->heading.n + r->message.n + 1);
    memcpy(p, r->heading.p, r->heading.n);
    if (r->message.n)
        memcpy(p + r->heading.n, r->message.p, r->message.n);
    return slice_of(p, r->heading.n + r->message.n);
}

/* What a language has no class for may be known by its word: Perl's warn. */
static enum level level_of_type(const struct trace_exception *e)
{
    enum level level = level_from_word(e->type);
    return level != LEVEL_NONE && level < LEVEL_ERROR ? level : LEVEL_ERROR;
}

/* A crash is fatal; what says no level is an error, or has its own word for it: PostgreSQL's ERROR. What a service
 * prints into the journal has the priority of its pipe, and says none. */
static enum level level_of(const struct record *r)
{
    const struct trace *t = r->trace;
    if (t->crash)
        return LEVEL_FATAL;
    if (r->level != LEVEL_NONE && !(r->unsaid && t->n_exceptions))
        return r->level;
    return t->n_exceptions ? level_of_type(trace_reported(t))
           : t->n_notes    ? level_from_word(t->notes[0].name)
                           : LEVEL_NONE;
}

bool pipeline_trace_may_quote(const struct record *r)
{
    return !r->partial && (r->level >= LEVEL_ERROR || r->level == LEVEL_NONE);
}

/* Where a trace of the record would stand. */
static struct slice text_of(const struct record *r)
{
    struct quoted_stderr q;
    if (r->full_message.n && may_have_trace(r, r->full_message))
        return r->full_message;
    bool quotes = pipeline_trace_may_quote(r) && may_have_trace(r, r->message) && quoted_stderr_find(r->message, &q);
    return quotes ? quoted_stderr_said(q.text) : r->message;
}

void pipeline_trace_look(struct pipeline_trace *t, struct record *r, bool known, struct arena *a)
{
    r->exception_type = r->exception_value = SLICE_NONE;
    struct slice text = text_of(r);
    if (r->heading.n && text.p == r->message.p)
        text = with_heading(r, a);
    bool found = (known || may_have_trace(r, text)) && look(t, r, text, known, a);
    if (!(found || look_in_fields(t, r, a)) || r->forged)
        return;
    r->level = level_of(r);
}

bool pipeline_trace_next(struct pipeline_trace *t, struct record *r, struct arena *a)
{
    return r->trace && r->trace->rest.n && look(t, r, r->trace->rest, false, a);
}

bool pipeline_trace_follows(struct pipeline_trace *t, struct slice text, struct arena *a)
{
    struct trace other;
    return t->engine.set && trace_parse(t->engine.set, t->engine.scratch, text, a, &other);
}

unsigned pipeline_trace_add_source(struct pipeline_trace *t, const struct record *r, int64_t event_us, struct arena *a)
{
    assert(t->found == r->trace);
    return r->untrusted || r->forged ? 0 : trace_source_fill(t->found, &t->source, event_us, a);
}

void pipeline_trace_drop(struct pipeline_trace *t, struct record *r)
{
    r->level = t->said;
    r->trace = NULL;
    r->exception_type = r->exception_value = SLICE_NONE;
}

static void add_line(struct sbuf *b, struct slice s)
{
    sbuf_adds(b, slice_trim(slice_sub(slice_split(&s, '\n'), 0, BREADCRUMBS_TEXT_MAX / 2 - 4)));
}

struct slice pipeline_trace_brief(const struct record *r, struct arena *a)
{
    struct slice intro = slice_trim(r->full_message.n && !slice_chr(r->message, '\n') ? r->message : r->trace->intro);
    struct sbuf b;
    sbuf_init(&b, BREADCRUMBS_TEXT_MAX * 2);
    add_line(&b, intro);
    if (intro.n)
        sbuf_adds(&b, slice_ends(sbuf_slice(&b), SLICE(":")) ? SLICE(" ") : SLICE(": "));
    add_line(&b, r->exception_type);
    if (r->exception_type.n && r->exception_value.n)
        sbuf_adds(&b, SLICE(": "));
    add_line(&b, r->exception_value);
    struct slice text = arena_dup(a, sbuf_slice(&b));
    sbuf_done(&b);
    return text;
}
