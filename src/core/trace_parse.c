#include "core/trace_build.h"
#include "core/trace_line.h"
#include "core/trace_walk.h"

/* --- texts in one line --- */

/* Ruby's frames have no word in front: the last `\n` before what stands behind a line. -1: none. */
static ptrdiff_t find_ruby_mark(struct slice text)
{
    ptrdiff_t at = slice_find(text, SLICE(":in `"));
    if (at < 0)
        at = slice_find(text, SLICE(":in '"));
    return at < 0 ? -1 : slice_rfind(slice_sub(text, 0, (size_t)at), SLICE("\\n"));
}

/* The first `\n` written out in front of what stands in front of frames: a text that was quoted on its way. -1: none.
 */
static ptrdiff_t find_mark(struct slice text)
{
    static const char *const marks[] = {
        "\\n\\tat ",     "\\n    at ", "\\n   at ",   "\\n  File \\\"", "\\n  File \"",
        "[running]:\\n", "\\n#0 ",     "\\n\\tfrom ", "\\n\\t",         "\\n[previous exception] "};
    if (slice_chr(text, '\n') || !slice_chr(text, '\\'))
        return -1;
    ptrdiff_t first = find_ruby_mark(text);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        ptrdiff_t at = slice_find(text, slice_str(marks[i]));
        first = at >= 0 && (first < 0 || at < first) ? at : first;
    }
    return first;
}

/* The quotes that the mark is between; all of the text where it is between none. */
static void find_quotes(struct slice text, size_t mark, size_t *open, size_t *close)
{
    bool inside = false;
    *open = 0;
    *close = text.n;
    for (size_t i = 0; i < text.n; i++) {
        bool quote = text.p[i] == '"';
        if (quote && i > mark) {
            *close = inside ? i : text.n;
            break;
        }
        inside ^= quote;
        *open = quote ? i + 1 : *open;
        i += text.p[i] == '\\';
    }
    *open = inside ? *open : 0;
}

/* The text without its quotes and escapes, on lines of its own. *behind: what follows the closing quote. */
static struct slice unquote(struct arena *a, struct slice text, size_t mark, struct slice *behind)
{
    size_t open, close;
    find_quotes(text, mark, &open, &close);
    struct slice inside = trace_line_unquote(a, slice_sub(text, open, close));
    *behind = slice_from(text, close);
    if (open == 0)
        return inside;
    char *p = arena_alloc(a, open + 1 + inside.n);
    memcpy(p, text.p, open);
    p[open] = '\n';
    if (inside.n)
        memcpy(p + open + 1, inside.p, inside.n);
    return slice_of(p, open + 1 + inside.n);
}

/* rsyslog writes control characters in octal: #012 is a line feed, where the text has no other. */
static struct slice with_feeds(struct arena *a, struct slice text)
{
    if (slice_chr(text, '\n') || slice_find(text, SLICE("#012")) < 0)
        return text;
    char *out = arena_alloc(a, text.n);
    size_t n = 0;
    while (text.n) {
        bool feed = slice_starts(text, SLICE("#012"));
        out[n++] = feed ? '\n' : text.p[0];
        slice_skip(&text, feed ? 4 : 1);
    }
    return slice_of(out, n);
}

/* --- finding it --- */

struct finder {
    const struct trace_set *set;
    struct trace_scratch *x;
    struct slice text;
    size_t at; /* of the line that comes next */
    struct trace_walk walk;
    struct trace_log log, sure; /* sure: up to the last line that is */
    unsigned grammar;           /* of what is sure */
    struct slice heading;       /* of its first exception */
    size_t begin, end;          /* of the trace, in text */
    size_t cause;               /* where its last cause begins; 0: it has none */
    unsigned lost;              /* lines that passed a bound */
    bool to_the_end;            /* all lines behind the one that opens belong to it */
};

static struct slice next_line(struct finder *f)
{
    struct slice rest = slice_from(f->text, f->at);
    struct slice line = slice_split(&rest, '\n');
    f->at += line.n + 1;
    return line;
}

static void keep(struct finder *f, size_t end)
{
    f->sure = f->log;
    f->grammar = f->walk.ways[0].grammar;
    f->end = end > f->text.n ? f->text.n : end;
}

/* Lines behind the bound belong to the trace all the same. */
static enum trace_step swallow(struct finder *f, struct slice line)
{
    struct trace_log unused = {.arena = &f->x->arena};
    unsigned maybe = f->walk.maybe;
    arena_reset(&f->x->arena);
    f->walk.lines = f->walk.bytes = 0;
    enum trace_step step = trace_walk_next(f->set, f->x, &f->walk, line, &unused);
    f->walk.lines = TRACE_LINES_MAX;
    if (step == TRACE_GOES_ON || step == TRACE_ENDS)
        f->lost += maybe + 1u;
    return step;
}

static struct slice without_feed(struct slice s)
{
    while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
        s.n--;
    return s;
}

/*
 * Where the trace ends whose last line is there: behind the line, or in it, where another trace begins behind what was
 * matched of it. nginx puts several messages of PHP into one line.
 */
static size_t end_of_last(struct finder *f, size_t begin)
{
    struct slice line = without_feed(slice_sub(f->text, begin, f->at)), match = f->log.head[0]->match;
    struct trace_walk other;
    struct trace_log unused = {.arena = f->log.arena};
    if (match.p < line.p || match.p + match.n >= line.p + line.n)
        return f->at;
    struct slice behind = slice_from(line, (size_t)(match.p + match.n - line.p));
    return trace_walk_open(f->set, f->x, behind, &other, &unused) == TRACE_NONE ? f->at
                                                                                : (size_t)(behind.p - f->text.p);
}

static void note_heading(struct finder *f)
{
    const struct trace_hit *hit = f->log.head[0];
    if (!f->heading.n && hit->value[TRACE_GROUP_TYPE].n && hit->transition->action != TRACE_DO_CAUSE)
        f->heading = hit->match;
}

/* Ruby prints causes as it does the exception, and that of a thread once more where another waits for it. What has led
 * to an exception is not itself: its heading begins a trace of its own. */
static bool is_printed_again(const struct finder *f)
{
    const struct trace_hit *hit = f->log.head[0];
    return hit->transition->action == TRACE_DO_CAUSE && f->heading.n && slice_eq(hit->match, f->heading);
}

static enum trace_step walk_on(struct finder *f, struct slice line)
{
    enum trace_step step = trace_walk_next(f->set, f->x, &f->walk, line, &f->log);
    if (!trace_opened(step) && step != TRACE_ENDS)
        return step;
    if (is_printed_again(f))
        return TRACE_NONE;
    note_heading(f);
    return step;
}

/* A line further down tells that what was taken for a cause is another trace: this one has ended above it. */
static void end_above_cause(struct finder *f)
{
    const struct trace_hit *hit = f->log.head[0];
    while (hit->transition->action != TRACE_DO_CAUSE && hit->above)
        hit = hit->above;
    if (hit->above)
        f->sure.head[0] = hit->above;
    f->end = f->cause;
}

static enum trace_step step_on(struct finder *f, size_t begin, struct slice line)
{
    if (trace_is_full(&f->walk)) {
        enum trace_step step = swallow(f, line);
        if (f->walk.maybe == 0 && trace_opened(step))
            f->end = f->at > f->text.n ? f->text.n : f->at;
        return step;
    }
    enum trace_step step = walk_on(f, line);
    if (step != TRACE_GOES_ON && step != TRACE_ENDS)
        return step;
    const struct trace_transition *t = f->log.head[0]->transition;
    if (t->apart && f->cause) {
        end_above_cause(f);
        return TRACE_NONE;
    }
    if (t->action == TRACE_DO_CAUSE)
        f->cause = begin;
    keep(f, step == TRACE_ENDS ? end_of_last(f, begin) : f->at);
    return step;
}

/* Goes on to the last line of the trace. False: nothing is sure of it; f->at is where another may begin. */
static bool follow(struct finder *f)
{
    size_t here = f->at;
    enum trace_step step = TRACE_MAYBE;
    while (trace_opened(step) && f->at <= f->text.n && f->text.n) {
        here = f->at;
        struct slice line = next_line(f);
        step = step_on(f, here, line);
    }
    f->at = here;
    return f->walk.sure;
}

/* Without what a collector has put before both lines. */
static struct slice without_prefix(const struct trace_walk *walk, struct slice line)
{
    struct trace_fit fits[TRACE_FITS_MAX];
    unsigned n = trace_line_fits(walk, line, fits);
    return n && fits[0].n_prefix == walk->prefix.n ? fits[0].rest : line;
}

/* What the line above a frame says, where the frame has opened the trace: the hits begin with it. */
static bool add_heading(struct finder *f, struct slice above, struct arena *a)
{
    const struct trace_grammar *g = f->set->grammars[f->walk.ways[0].grammar];
    struct trace_fit fit = {.rest = without_prefix(&f->walk, trace_line_clean(a, above))};
    struct trace_hit *heading =
        f->walk.before == TRACE_BEFORE_HEADING ? trace_match(f->x, &g->states[TRACE_STATE_HEADING], &fit, a) : NULL;
    if (!heading)
        return false;
    for (unsigned i = 0; i < f->walk.n_ways; i++) {
        struct trace_hit *first = arena_calloc(a, 1, sizeof *first);
        *first = *f->log.head[i];
        first->above = f->walk.ways[i].grammar == f->walk.ways[0].grammar ? heading : NULL;
        f->log.head[i] = first;
    }
    return true;
}

/* Words that say nothing but that a trace follows are a paragraph of their own, behind an empty line. */
static bool opens_paragraph(const struct finder *f)
{
    const struct trace_hit *hit = f->log.head[0];
    return hit && (hit->transition->action == TRACE_DO_SKIP || hit->transition->action == TRACE_DO_NAMES);
}

static bool find(struct finder *f, struct arena *a)
{
    size_t above = 0, said = 0; /* where the line above begins, and the last one that is not blank */
    struct slice record = {0};  /* that one */
    while (f->at < f->text.n) {
        size_t begin = f->at;
        struct slice line = next_line(f);
        enum trace_step step = trace_walk_open(f->set, f->x, line, &f->walk, &f->log);
        if (step == TRACE_NONE) {
            bool blank = !slice_trim(line).n;
            said = blank ? said : begin;
            record = blank ? record : line;
            above = begin;
            continue;
        }
        f->heading = SLICE_NONE;
        f->cause = 0;
        note_heading(f);
        above = opens_paragraph(f) ? said : above;
        bool heading = begin > 0 && add_heading(f, opens_paragraph(f) ? record : slice_sub(f->text, above, begin), a);
        f->begin = heading ? above : begin;
        trace_follows(&f->walk, record);
        f->walk.after_record |= f->begin == 0 || f->to_the_end; /* a text that is nothing but the trace */
        keep(f, step == TRACE_ENDS ? end_of_last(f, begin) : f->at);
        if (step == TRACE_ENDS || follow(f))
            return true;
        above = begin;
    }
    return false;
}

static bool has_prefix(const struct finder *f)
{
    return f->walk.prefix_use == TRACE_PREFIX_ALL && f->walk.lines > 1;
}

/* What stands before the trace in its first line is the log's own, where it stands before no other line. */
static size_t own_words(const struct finder *f)
{
    struct slice line = slice_sub(f->text, f->begin, f->begin + f->log.before);
    return has_prefix(f) ? 0 : line.n;
}

/* A text that stood between quotes may have been a value in JSON, behind the log's own words. */
static struct slice without_context(struct slice intro)
{
    ptrdiff_t open = slice_ends(intro, SLICE("\":\"")) ? slice_rfind(intro, SLICE("{\"")) : -1;
    return open < 0 ? intro : slice_trim(slice_sub(intro, 0, (size_t)open));
}

/* What stands above, without what stands before each line of the trace. */
static struct slice intro_of(const struct finder *f, struct arena *a)
{
    struct slice intro = without_context(without_feed(slice_sub(f->text, 0, f->begin + own_words(f)))), rest = intro;
    if (!has_prefix(f) || !intro.n)
        return intro;
    char *p = arena_alloc(a, intro.n);
    size_t n = 0;
    while (rest.p) {
        struct slice line = slice_split(&rest, '\n');
        struct trace_along along = trace_prefix_along(&f->walk.prefix, line);
        line = slice_from(line, along.n == f->walk.prefix.n ? along.at : 0);
        if (line.n)
            memcpy(p + n, line.p, line.n);
        n += line.n;
        if (rest.p)
            p[n++] = '\n';
    }
    return n == intro.n ? intro : slice_of(p, n);
}

static bool parse(const struct trace_set *set, struct trace_scratch *x, struct slice text, bool to_the_end,
                  struct arena *arena, struct trace *out)
{
    struct finder f = {.set = set, .x = x, .to_the_end = to_the_end};
    struct trace t = {0};
    if (!set || !text.n)
        return false;
    struct slice behind = {0};
    f.text = text = with_feeds(arena, text);
    ptrdiff_t mark = find_mark(text);
    if (mark >= 0)
        f.text = unquote(arena, text, (size_t)mark, &behind);
    f.log.arena = arena;
    f.log.joined = true;
    if (!find(&f, arena))
        return false;
    trace_build(set->grammars[f.grammar], f.sure.head[0], mark >= 0, arena, &t);
    t.lost += f.lost;
    t.intro = intro_of(&f, arena);
    t.rest = slice_from(f.text, f.end);
    if (!t.rest.n)
        t.rest = behind;
    *out = t;
    return true;
}

bool trace_parse(const struct trace_set *set, struct trace_scratch *x, struct slice text, struct arena *arena,
                 struct trace *out)
{
    return parse(set, x, text, false, arena, out);
}

bool trace_parse_joined(const struct trace_set *set, struct trace_scratch *x, struct slice text, struct arena *arena,
                        struct trace *out)
{
    return parse(set, x, text, true, arena, out);
}
