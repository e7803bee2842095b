/*
 * Stack traces: the lines of the input walked one by one, and parsed together, with all shipped grammars. Both must
 * find the same traces; what is provisional is given back; what is found is a tree, within its bounds, that can be
 * shown; it has a key, and source lines of a file that holds the input itself.
 */
#include "tests/fuzz/fuzz.h"

#include "base/utf8.h"
#include "core/trace_in_app.h"
#include "core/trace_key.h"
#include "core/trace_show.h"
#include "core/trace_source.h"
#include "tests/traces.h"

enum { INPUT_MAX = 32768 };

/* The grammars are loaded; and a trace costs its tree, however short it is. */
unsigned fuzz_steps_a_byte = 20000, fuzz_steps_once = 20000000;

static void check_step(enum trace_step step, const struct trace_walk *before, const struct trace_walk *w)
{
    bool counted = step == TRACE_GOES_ON || step == TRACE_MAYBE || step == TRACE_ENDS;
    assert(w->n_ways > 0 && w->n_ways <= TRACE_WAYS_MAX);
    assert(w->maybe <= TRACE_MAYBE_MAX && w->lines <= TRACE_LINES_MAX && w->maybe <= w->lines);
    assert(w->lines == before->lines + counted);
    assert(step != TRACE_GOES_ON || (w->maybe == 0 && w->sure));
    assert(step != TRACE_MAYBE || w->maybe == before->maybe + 1);
    assert(w->sure || w->maybe == w->lines);
}

/* Whether the lines hold a trace, as one stream's joiner finds it. */
static bool walk_lines(const struct trace_set *set, struct trace_scratch *x, struct slice text)
{
    struct trace_walk w = {0};
    enum trace_step step = TRACE_NONE;
    for (struct slice rest = text; rest.n;) {
        struct slice line = slice_split(&rest, '\n');
        char *own = slice_dup(line); /* each line in memory of its own */
        line.p = own;
        if (trace_opened(step)) {
            struct trace_walk before = w;
            step = trace_next(set, x, &w, line);
            check_step(step, &before, &w);
        }
        if (!trace_opened(step) && w.sure) {
            free(own);
            return true;
        }
        if (!trace_opened(step)) {
            w = (struct trace_walk){0};
            step = trace_open(set, x, line, &w);
            assert(step != TRACE_GOES_ON && step != TRACE_FOREIGN);
        }
        free(own);
    }
    return w.sure || step == TRACE_ENDS;
}

static void check_tree(const struct trace *t)
{
    assert(t->n_exceptions <= TRACE_EXCEPTIONS_MAX && t->n_threads <= TRACE_THREADS_MAX);
    for (unsigned i = 0; i < t->n_exceptions; i++) {
        const struct trace_exception *e = &t->exceptions[i];
        assert(e->id == t->n_exceptions - 1 - i);
        assert(e->parent < (int)e->id && (e->parent >= 0) == (e->id > 0));
        assert((e->relation == TRACE_REPORTED) == (e->id == 0));
        assert(e->value.n <= TRACE_VALUE_BYTES && e->frames.n <= TRACE_FRAMES_MAX);
    }
}

static void check_shown(const struct trace *t, struct arena *a)
{
    struct sbuf b;
    struct json j;
    sbuf_init(&b, 32 << 20);
    json_start(&j, &b);
    trace_show(t, &j);
    json_end(&j);
    assert(!b.over && json_tree(a, sbuf_slice(&b)));
    sbuf_done(&b);
}

static bool file_of_input(void *u, struct slice name, size_t most, struct trace_source_file *out)
{
    const struct slice *text = u;
    assert(name.n);
    *out = (struct trace_source_file){.text = *text};
    return text->n <= most;
}

static void check_context(const struct trace_frames *f)
{
    for (unsigned i = 0; i < f->n; i++) {
        const struct trace_context *c = f->v[i].context;
        if (!c)
            continue;
        assert(c->n_before <= TRACE_CONTEXT_LINES && c->n_after <= TRACE_CONTEXT_LINES);
        assert(c->line.n <= TRACE_SOURCE_LINE_BYTES && utf8_is_clean(c->line) && !slice_chr(c->line, '\n'));
    }
}

static void check_uses(struct trace *t, struct slice text, struct arena *a)
{
    static struct log_template m;
    const struct slice own[] = {SLICE("com"), SLICE("-com.acme"), SLICE("/srv")};
    const struct trace_source from = {&text, file_of_input};
    struct slice parts[TRACE_KEY_PARTS];
    if (!m.text.max)
        log_template_init(&m);
    trace_in_app(t, own, sizeof own / sizeof *own);
    uint64_t key = trace_key(t, &m);
    trace_key_fingerprint(t, &m, a, parts);
    trace_source_fill(t, &from, 0, a);
    for (unsigned i = 0; i < t->n_exceptions; i++)
        check_context(&t->exceptions[i].frames);
    assert(key == trace_key(t, &m) && parts[0].n && parts[1].n);
}

int fuzz_target(const uint8_t *data, size_t n)
{
    static struct trace_set *set;
    static struct trace_scratch *x;
    struct slice rest = slice_of((const char *)data, n > INPUT_MAX ? INPUT_MAX : n);
    struct arena a = {0};
    struct trace t;
    if (!set) {
        set = traces_load(true);
        x = trace_scratch_new();
    }
    bool walked = walk_lines(set, x, rest), quoted = !slice_chr(rest, '\n');
    bool parsed = trace_parse(set, x, rest, &a, &t);
    assert(walked == parsed || quoted);
    while (parsed) {
        check_tree(&t);
        check_shown(&t, &a);
        check_uses(&t, rest, &a);
        assert(t.rest.n < rest.n);
        rest = t.rest;
        parsed = trace_parse(set, x, rest, &a, &t);
    }
    arena_done(&a);
    return 0;
}
