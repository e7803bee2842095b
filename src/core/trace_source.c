#include "core/trace_source.h"

#include "base/utf8.h"
#include "core/trace_name.h"

enum { NAME_BYTES_MAX = 2048, PRINTED_WHOLE_BYTES = 200 };

/* Clocks of file systems go in steps, and logs leave the fractions of seconds out. */
static const int64_t SLACK_US = 2 * INT64_C(1000000);

/* A place that was looked for: recursion, and causes that share frames, have it many times. */
struct place {
    struct slice module, file;
    unsigned line;
    const struct trace_context *context;
};

struct filling {
    const struct trace_source *from;
    int64_t event_us;
    struct arena *arena;
    struct place places[TRACE_SOURCE_FRAMES];
    unsigned n_places, filled;
    size_t read_bytes, kept_bytes;
};

/* --- lines of a text --- */

/* The first byte of a line, counted from 1; NULL: there are not so many. */
static const char *begin_of(struct slice text, unsigned line)
{
    const char *p = text.p, *e = text.p + text.n;
    while (line > 1 && p && p < e) {
        p = memchr(p, '\n', (size_t)(e - p));
        p = p ? p + 1 : NULL;
        line--;
    }
    return p && p < e ? p : NULL;
}

/* RFC 7468: whether text stands inside a private key, of which no line tells by itself what it is. */
static bool is_in_key(struct slice before, struct slice lines)
{
    static const struct slice begin = {"-----BEGIN ", 11}, end = {"-----END ", 9}, key = {"PRIVATE KEY", 11};
    ptrdiff_t at = slice_rfind(before, begin);
    bool open = at >= 0 && slice_find(slice_sub(before, (size_t)at, (size_t)at + 64), key) >= 0 &&
                slice_find(slice_from(before, (size_t)at), end) < 0;
    return open || (slice_find(lines, begin) >= 0 && slice_find(lines, key) >= 0);
}

static struct slice line_at(struct slice text, const char *begin)
{
    struct slice rest = slice_from(text, (size_t)(begin - text.p));
    struct slice line = slice_split(&rest, '\n');
    return slice_ends(line, SLICE("\r")) ? slice_sub(line, 0, line.n - 1) : line;
}

static struct slice keep(struct filling *f, struct slice line)
{
    struct sbuf b;
    sbuf_init(&b, 16 * TRACE_SOURCE_LINE_BYTES);
    utf8_clean(&b, utf8_cut(line, TRACE_SOURCE_LINE_BYTES));
    struct slice kept = arena_dup(f->arena, utf8_cut(sbuf_slice(&b), TRACE_SOURCE_LINE_BYTES));
    sbuf_done(&b);
    f->kept_bytes += kept.n;
    return kept;
}

/* --- is it the line that ran --- */

static bool agrees(struct slice line, struct slice printed)
{
    line = slice_trim(line);
    return slice_eq(line, printed) || (printed.n >= PRINTED_WHOLE_BYTES && slice_starts(line, printed));
}

static bool is_right(const struct filling *f, const struct trace_frame *frame, const struct trace_source_file *file,
                     struct slice line)
{
    struct slice printed = slice_trim(frame->context_line);
    return printed.n ? agrees(line, printed) : file->changed_us <= f->event_us + SLACK_US;
}

/* --- a frame --- */

struct window {
    struct slice text; /* from the first line to the end of the last */
    struct slice lines[2 * TRACE_CONTEXT_LINES + 1];
    unsigned n, at; /* at: the frame's own */
};

/* False: the file has not so many lines. */
static bool find_window(struct slice text, unsigned line, struct window *w)
{
    unsigned first = line > TRACE_CONTEXT_LINES ? line - TRACE_CONTEXT_LINES : 1;
    const char *begin = begin_of(text, first), *p = begin, *e = text.p + text.n;
    *w = (struct window){.at = line - first};
    while (p && p < e && w->n < w->at + 1 + TRACE_CONTEXT_LINES) {
        w->lines[w->n++] = line_at(text, p);
        p = memchr(p, '\n', (size_t)(e - p));
        p = p ? p + 1 : e;
    }
    if (w->n <= w->at)
        return false;
    w->text = slice_of(begin, (size_t)(p - begin));
    return true;
}

static const struct trace_context *read_context(struct filling *f, const struct trace_frame *frame,
                                                const struct trace_source_file *file)
{
    struct window w;
    if (!find_window(file->text, frame->line, &w) || !is_right(f, frame, file, w.lines[w.at]) ||
        is_in_key(slice_sub(file->text, 0, (size_t)(w.text.p - file->text.p)), w.text))
        return NULL;
    struct trace_context *c = arena_calloc(f->arena, 1, sizeof *c);
    c->line = keep(f, w.lines[w.at]);
    for (unsigned i = 0; i < w.at; i++)
        c->before[c->n_before++] = keep(f, w.lines[i]);
    for (unsigned i = w.at + 1; i < w.n; i++)
        c->after[c->n_after++] = keep(f, w.lines[i]);
    return c;
}

static bool get_file(struct filling *f, struct slice name, struct trace_source_file *file)
{
    if (!f->from->file(f->from->u, name, TRACE_SOURCE_READ_BYTES - f->read_bytes, file))
        return false;
    f->read_bytes += file->text.n;
    return true;
}

/* Java names a file without its folder, which is that of the package. */
static bool find_file(struct filling *f, const struct trace_frame *frame, struct trace_source_file *file)
{
    struct slice path = trace_name_path(frame->file), package = frame->module;
    ptrdiff_t dot = slice_rfind(package, SLICE("."));
    bool found = get_file(f, path, file);
    if (found || dot < 0 || slice_chr(path, '/') || package.n + path.n > NAME_BYTES_MAX)
        return found;
    struct sbuf b;
    sbuf_init(&b, NAME_BYTES_MAX + 2);
    package = slice_sub(package, 0, (size_t)dot);
    for (size_t i = 0; i < package.n; i++)
        sbuf_addc(&b, package.p[i] == '.' ? '/' : package.p[i]);
    sbuf_addc(&b, '/');
    sbuf_adds(&b, path);
    found = get_file(f, sbuf_slice(&b), file);
    sbuf_done(&b);
    return found;
}

static struct place *place_of(struct filling *f, const struct trace_frame *frame, bool *is_new)
{
    for (unsigned i = 0; i < f->n_places; i++) {
        struct place *p = &f->places[i];
        *is_new = false;
        if (p->line == frame->line && slice_eq(p->file, frame->file) && slice_eq(p->module, frame->module))
            return p;
    }
    *is_new = true;
    return f->n_places < TRACE_SOURCE_FRAMES ? &f->places[f->n_places++] : NULL;
}

/* <stdin>, <frozen importlib>, <anonymous> are no files. */
static bool names_a_line(const struct trace_frame *frame)
{
    return !frame->omitted && frame->line && frame->file.n && frame->file.p[0] != '<';
}

static void fill_frame(struct filling *f, struct trace_frame *frame)
{
    struct trace_source_file file;
    bool is_new;
    struct place *p = names_a_line(frame) ? place_of(f, frame, &is_new) : NULL;
    if (!p)
        return;
    if (is_new) {
        *p = (struct place){.module = frame->module, .file = frame->file, .line = frame->line};
        if (f->kept_bytes < TRACE_SOURCE_BYTES && find_file(f, frame, &file))
            p->context = read_context(f, frame, &file);
    }
    frame->context = p->context;
    f->filled += p->context != NULL;
}

static void fill_frames(struct filling *f, struct trace_frames *frames, bool in_app)
{
    for (unsigned i = frames->n; i-- > 0;)
        if (frames->v[i].in_app == in_app)
            fill_frame(f, &frames->v[i]);
}

unsigned trace_source_fill(struct trace *t, const struct trace_source *from, int64_t event_us, struct arena *a)
{
    struct filling f = {.from = from, .event_us = event_us, .arena = a};
    if (!from->file)
        return 0;
    for (int in_app = 1; in_app >= 0; in_app--) {
        for (unsigned i = t->n_exceptions; i-- > 0;)
            fill_frames(&f, &t->exceptions[i].frames, in_app);
        for (unsigned i = 0; i < t->n_threads; i++)
            fill_frames(&f, &t->threads[i].frames, in_app);
    }
    return f.filled;
}
