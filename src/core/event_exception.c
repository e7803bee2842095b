#include "core/event_exception.h"

#include <stdio.h>

#include "core/trace_in_app.h"
#include "core/trace_show.h"
#include "parsers/parser.h"

/* sentry-protocol.md, 3.4 to 3.6. */
enum { TYPE_MAX = 256, VALUE_MAX = 8192, CONTEXT_LINE_MAX = 256, SOURCE_LINE_MAX = 512, THREAD_NAME_MAX = 128 };
/* What all traces of an event may take, so that it stays within EVENT_BYTES_MAX whatever their names are. */
enum { ALL_FRAMES_MAX = 1000, FRAMES_MIN = 10, TRACE_JSON_BYTES = 500000, THREADS_MAX = 50, THREAD_FRAMES_MAX = 50 };

static struct slice one_line(struct event_writer *w, struct slice s)
{
    char *p = arena_cstr(w->arena, s);
    for (size_t i = 0; i < s.n; i++)
        if (p[i] == '\n' || p[i] == '\r')
            p[i] = ' ';
    return slice_of(p, s.n);
}

static void put_number(struct event_writer *w, const char *key, unsigned v)
{
    json_key(&w->json, key);
    json_int(&w->json, v);
}

static void put_bool(struct event_writer *w, const char *key, bool v)
{
    json_key(&w->json, key);
    json_bool(&w->json, v);
}

/* --- frames --- */

/* The source lines as one text, without secrets: the scrubber must see the name before the line that has the value. */
static struct slice scrubbed_context(struct event_writer *w, const struct trace_context *c)
{
    struct sbuf b;
    sbuf_init(&b, (2 * TRACE_CONTEXT_LINES + 1) * (SOURCE_LINE_MAX + 1));
    for (unsigned i = 0; i < c->n_before; i++) {
        sbuf_adds(&b, c->before[i]);
        sbuf_addc(&b, '\n');
    }
    sbuf_adds(&b, c->line);
    for (unsigned i = 0; i < c->n_after; i++) {
        sbuf_addc(&b, '\n');
        sbuf_adds(&b, c->after[i]);
    }
    struct slice text = scrub_text(w->scrub, arena_dup(w->arena, sbuf_slice(&b)), w->arena);
    sbuf_done(&b);
    return text;
}

static void put_lines(struct event_writer *w, const char *key, struct slice *text, unsigned n)
{
    if (!n)
        return;
    json_key(&w->json, key);
    json_array(&w->json);
    while (n--)
        json_str_max(&w->json, slice_split(text, '\n'), SOURCE_LINE_MAX);
    json_array_end(&w->json);
}

static unsigned count_lines(struct slice text)
{
    unsigned n = 0;
    for (; text.p; n++)
        slice_split(&text, '\n');
    return n;
}

/* False: there are none, or a secret went over several lines, so that what is left does not stand where it stood. */
static bool put_context(struct event_writer *w, const struct trace_context *c)
{
    if (!c)
        return false;
    struct slice text = scrubbed_context(w, c);
    if (count_lines(text) != c->n_before + 1 + c->n_after)
        return false;
    put_lines(w, "pre_context", &text, c->n_before);
    json_key(&w->json, "context_line");
    json_str_max(&w->json, slice_split(&text, '\n'), SOURCE_LINE_MAX);
    put_lines(w, "post_context", &text, c->n_after);
    return true;
}

static void put_frame(struct event_writer *w, const struct trace_frame *f)
{
    json_map(&w->json);
    event_writer_text(w, "filename", f->file, TYPE_MAX);
    event_writer_text(w, "function", f->function.n ? f->function : f->file.n ? SLICE_NONE : SLICE("?"), TYPE_MAX);
    event_writer_text(w, "module", f->module, TYPE_MAX);
    event_writer_text(w, "package", f->package, TYPE_MAX);
    if (f->line)
        put_number(w, "lineno", f->line);
    if (f->column)
        put_number(w, "colno", f->column);
    if (!put_context(w, f->context))
        event_writer_text(w, "context_line", f->context_line, CONTEXT_LINE_MAX);
    put_bool(w, "in_app", f->in_app);
    json_map_end(&w->json);
}

/* Of too many those in the middle are left out, as Sentry itself does it. */
static bool is_sent(const struct trace_frames *f, unsigned i, unsigned most)
{
    return !f->v[i].omitted && (f->n <= most || i < most / 2 || i >= f->n - (most - most / 2));
}

static void put_stacktrace(struct event_writer *w, const struct trace_frames *f, unsigned most)
{
    unsigned n = 0;
    for (unsigned i = 0; i < f->n; i++)
        n += is_sent(f, i, most);
    if (n == 0 || w->json.out->n > TRACE_JSON_BYTES)
        return;
    json_key(&w->json, "stacktrace");
    json_map(&w->json);
    json_key(&w->json, "frames");
    json_array(&w->json);
    for (unsigned i = 0; i < f->n; i++)
        if (is_sent(f, i, most))
            put_frame(w, &f->v[i]);
    json_array_end(&w->json);
    json_map_end(&w->json);
}

/* --- exceptions --- */

static void begin_mechanism(struct event_writer *w, const char *type, bool handled)
{
    json_key(&w->json, "mechanism");
    json_map(&w->json);
    json_key(&w->json, "type");
    json_str(&w->json, slice_str(type));
    put_bool(w, "handled", handled);
}

static const char *own_mechanism(const struct event_writer *w, char type[64])
{
    snprintf(type, 64, "auto.log.%s", format_name(w->src->record->format));
    return type;
}

static void put_mechanism(struct event_writer *w, const struct trace *t, const struct trace_exception *e)
{
    char type[64];
    struct sbuf source;
    sbuf_init(&source, 64);
    trace_show_source(e, &source);
    begin_mechanism(w, e->parent < 0 ? own_mechanism(w, type) : "chained", !t->crash);
    if (t->n_exceptions > 1)
        put_number(w, "exception_id", e->id);
    if (e->parent >= 0) {
        put_number(w, "parent_id", (unsigned)e->parent);
        json_key(&w->json, "source");
        json_str(&w->json, sbuf_slice(&source));
    }
    if (e->group)
        put_bool(w, "is_exception_group", true);
    json_map_end(&w->json);
    sbuf_done(&source);
}

static int crashed_thread(const struct trace *t)
{
    for (unsigned i = 0; i < t->n_threads && i < THREADS_MAX; i++)
        if (t->threads[i].crashed)
            return (int)i;
    return -1;
}

static void put_thread_id(struct event_writer *w, const char *key, const struct trace *t, unsigned i)
{
    json_key(&w->json, key);
    if (t->threads[i].id.n)
        json_str_max(&w->json, t->threads[i].id, THREAD_NAME_MAX);
    else
        json_int(&w->json, i);
}

/* "Fatal error", "Warning" and the like of PHP say how bad it is, and not what. */
static bool is_php_level(const struct trace *t, struct slice type)
{
    static const char *const levels[] = {"Warning", "Notice", "Deprecated"};
    bool level = slice_chr(type, ' ') != NULL;
    for (unsigned i = 0; i < sizeof levels / sizeof *levels; i++)
        level |= slice_is(type, levels[i]);
    return level && slice_is(t->language, "php");
}

/* Of an exception what its author wrote. Where no class tells what it is the message has to, as a title: without ids
 * and numbers of bytes. */
static struct slice value_of(const struct event_writer *w, const struct trace *t, const struct trace_exception *e)
{
    struct slice title = w->src->verdict->texts->value;
    return e == trace_reported(t) && title.n && is_php_level(t, e->type) ? title : e->value;
}

/* Sentry drops what has neither type nor value. */
static struct slice type_of(const struct event_writer *w, const struct trace_exception *e)
{
    struct slice by_rule = w->src->verdict->texts->type;
    return e->type.n ? e->type : by_rule.n ? by_rule : SLICE("Error");
}

static void put_exception(struct event_writer *w, const struct trace *t, const struct trace_exception *e, unsigned most)
{
    int thread = crashed_thread(t);
    json_map(&w->json);
    event_writer_text(w, "type", one_line(w, type_of(w, e)), TYPE_MAX);
    event_writer_text(w, "value", value_of(w, t, e), VALUE_MAX);
    event_writer_text(w, "module", one_line(w, e->module), TYPE_MAX);
    if (thread >= 0)
        put_thread_id(w, "thread_id", t, (unsigned)thread);
    put_mechanism(w, t, e);
    put_stacktrace(w, &e->frames, most);
    json_map_end(&w->json);
}

static void put_exceptions(struct event_writer *w, const struct trace *t)
{
    unsigned most = ALL_FRAMES_MAX / t->n_exceptions;
    most = most > EVENT_FRAMES_MAX ? EVENT_FRAMES_MAX : most < FRAMES_MIN ? FRAMES_MIN : most;
    json_key(&w->json, "exception");
    json_map(&w->json);
    json_key(&w->json, "values");
    json_array(&w->json);
    for (unsigned i = 0; i < t->n_exceptions; i++)
        put_exception(w, t, &t->exceptions[i], most);
    json_array_end(&w->json);
    json_map_end(&w->json);
}

static void put_threads(struct event_writer *w, const struct trace *t)
{
    json_key(&w->json, "threads");
    json_map(&w->json);
    json_key(&w->json, "values");
    json_array(&w->json);
    for (unsigned i = 0; i < t->n_threads && i < THREADS_MAX; i++) {
        const struct trace_thread *thread = &t->threads[i];
        json_map(&w->json);
        put_thread_id(w, "id", t, i);
        event_writer_text(w, "name", thread->name, THREAD_NAME_MAX);
        event_writer_text(w, "state", thread->state, THREAD_NAME_MAX);
        put_bool(w, "current", thread->crashed);
        put_bool(w, "crashed", thread->crashed && t->crash);
        put_stacktrace(w, &thread->frames, THREAD_FRAMES_MAX);
        json_map_end(&w->json);
    }
    json_array_end(&w->json);
    json_map_end(&w->json);
}

/* --- without a trace --- */

static struct slice first_of(const struct record *r, const char *a, const char *b)
{
    struct slice v = record_value(r, a);
    return v.n ? v : record_value(r, b);
}

/* Where the configuration names one's own code, what it does not name is another's. */
static bool names_own(const struct options *opt)
{
    for (unsigned i = 0; i < opt->n_in_app; i++)
        if (opt->in_app[i].n && opt->in_app[i].p[0] != '-')
            return true;
    return false;
}

/* A logger that names the place it was called from gives one frame. */
static bool find_call_site(const struct event_writer *w, struct trace_frame *f)
{
    const struct record *r = w->src->record;
    uint64_t line;
    *f = (struct trace_frame){.file = record_value(r, "file"),
                              .function = first_of(r, "function", "func"),
                              .module = record_value(r, "module")};
    if (slice_u64(record_value(r, "line"), &line) && line <= INT32_MAX)
        f->line = (unsigned)line;
    f->in_app = trace_in_app_frame(f, w->opt->in_app, w->opt->n_in_app, !names_own(w->opt));
    return f->file.n && !slice_chr(f->file, '\n');
}

static void put_named(struct event_writer *w)
{
    const struct event_texts *texts = w->src->verdict->texts;
    struct trace_frame site;
    char type[64];
    if (!texts->type.n)
        return;
    struct trace_frames frames = {.v = &site, .n = find_call_site(w, &site)};
    json_key(&w->json, "exception");
    json_map(&w->json);
    json_key(&w->json, "values");
    json_array(&w->json);
    json_map(&w->json);
    event_writer_text(w, "type", one_line(w, texts->type), TYPE_MAX);
    event_writer_text(w, "value", texts->value, VALUE_MAX);
    begin_mechanism(w, own_mechanism(w, type), true);
    json_map_end(&w->json);
    put_stacktrace(w, &frames, 1);
    json_map_end(&w->json);
    json_array_end(&w->json);
    json_map_end(&w->json);
}

void event_exception_put(struct event_writer *w, const struct trace *t)
{
    if (t && t->n_exceptions)
        put_exceptions(w, t);
    else
        put_named(w);
    if (t && t->n_threads)
        put_threads(w, t);
}
