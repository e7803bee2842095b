#include "core/trace_show.h"

void trace_show_source(const struct trace_exception *e, struct sbuf *out)
{
    if (e->relation == TRACE_SUPPRESSED)
        sbuf_addf(out, "suppressed[%u]", e->ordinal);
    else if (e->relation == TRACE_MEMBER)
        sbuf_addf(out, "exceptions[%u]", e->ordinal);
    else if (e->relation == TRACE_CONTEXT)
        sbuf_addf(out, "context");
    else if (e->relation == TRACE_CAUSE)
        sbuf_addf(out, "cause");
}

static void put(struct json *j, const char *key, struct slice s)
{
    if (!s.n)
        return;
    json_key(j, key);
    json_str(j, s);
}

static void add_place(struct sbuf *b, const struct trace_frame *f)
{
    if (!f->file.n && !f->package.n)
        return;
    sbuf_addf(b, " (");
    sbuf_adds(b, f->file.n ? f->file : f->package);
    if (f->line)
        sbuf_addf(b, ":%u", f->line);
    if (f->column)
        sbuf_addf(b, ":%u", f->column);
    sbuf_addf(b, ")");
}

static void show_frame(struct json *j, const struct trace_frame *f)
{
    struct sbuf b;
    sbuf_init(&b, 16384);
    if (f->omitted) {
        sbuf_addf(&b, "... %u omitted", f->omitted);
    } else {
        sbuf_addf(&b, "%c ", f->in_app ? '+' : '-');
        if (f->module.n && f->function.n) {
            sbuf_adds(&b, f->module);
            sbuf_addf(&b, ".");
        }
        sbuf_adds(&b, f->function.n ? f->function : SLICE("?"));
        add_place(&b, f);
    }
    if (f->repeated)
        sbuf_addf(&b, " and %u times more", f->repeated);
    json_str(j, sbuf_slice(&b));
    sbuf_done(&b);
}

static void show_frames(struct json *j, const struct trace_frames *f)
{
    if (!f->n)
        return;
    json_key(j, "frames");
    json_array(j);
    for (unsigned i = 0; i < f->n; i++)
        show_frame(j, &f->v[i]);
    json_array_end(j);
}

static void show_exception(struct json *j, const struct trace_exception *e)
{
    struct sbuf source;
    sbuf_init(&source, 64);
    trace_show_source(e, &source);
    json_map(j);
    put(j, "type", e->type);
    put(j, "module", e->module);
    put(j, "value", e->value);
    if (e->parent >= 0) {
        put(j, "source", sbuf_slice(&source));
        json_key(j, "parent");
        json_int(j, e->parent);
    }
    json_key(j, "id");
    json_int(j, e->id);
    show_frames(j, &e->frames);
    json_map_end(j);
    sbuf_done(&source);
}

static void show_thread(struct json *j, const struct trace_thread *t)
{
    json_map(j);
    put(j, "id", t->id);
    put(j, "name", t->name);
    put(j, "state", t->state);
    if (t->crashed) {
        json_key(j, "crashed");
        json_bool(j, true);
    }
    show_frames(j, &t->frames);
    json_map_end(j);
}

static void show_notes(struct json *j, const struct trace *t)
{
    json_key(j, "notes");
    json_map(j);
    for (unsigned i = 0; i < t->n_notes; i++) {
        json_key_s(j, t->notes[i].name);
        json_str(j, t->notes[i].value);
    }
    json_map_end(j);
}

void trace_show(const struct trace *t, struct json *j)
{
    json_map(j);
    put(j, "language", t->language);
    put(j, "intro", t->intro);
    json_key(j, "crash");
    json_bool(j, t->crash);
    json_key(j, "exceptions");
    json_array(j);
    for (unsigned i = 0; i < t->n_exceptions; i++)
        show_exception(j, &t->exceptions[i]);
    json_array_end(j);
    if (t->n_threads) {
        json_key(j, "threads");
        json_array(j);
        for (unsigned i = 0; i < t->n_threads; i++)
            show_thread(j, &t->threads[i]);
        json_array_end(j);
    }
    if (t->n_notes)
        show_notes(j, t);
    if (t->lost) {
        json_key(j, "lost");
        json_int(j, t->lost);
    }
    json_map_end(j);
}
