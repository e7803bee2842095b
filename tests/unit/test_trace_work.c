/*
 * Work: lines that somebody has made to cost much, for each grammar. From each of its patterns such lines are made, as
 * long as patterns see (text/pump.h), and the dearest of each is taken. A log of these costs twice as much when it is
 * twice as long, and no more than so many times what one of the grammar's own traces costs: CPU time of both, so no
 * machine is too slow for it.
 *
 * And each pattern alone, with lines that are made from the samples that it matches as well: its dearest line costs no
 * more than so many times what one plain pattern costs with a line as long. What is quadratic in the line is far above.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <time.h>

#include "base/sbuf.h"
#include "core/trace_grammar.h"
#include "tests/traces.h"
#include "text/pump.h"

enum { LOG_BYTES = 1 << 20, RUNS = 3, LOGS_AGAIN_MAX = 10, TWICE_PERCENT = 320, DEARER_MAX = 60 };
enum { YARDSTICKS_MAX = 80, AGAIN_MAX = 50, PIECE_MAX = 60, PIECES_OF_LINES_MAX = 4 };

static struct trace_set *set;
static struct trace_scratch *x;
static struct arena arena;

static void set_up(void)
{
    set = traces_load(true);
    x = trace_scratch_new();
}

static void tear_down(void)
{
    trace_scratch_free(x);
    trace_set_free(set);
    arena_done(&arena);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* As a log is read: line by line, and what is a trace once more as a whole. */
static void read_log(struct slice text)
{
    struct trace_walk w = {0};
    struct trace t;
    enum trace_step step = TRACE_NONE;
    struct slice from = text;
    for (struct slice rest = text; rest.n;) {
        struct slice line = slice_split(&rest, '\n');
        if (trace_opened(step))
            step = trace_next(set, x, &w, line);
        if (!trace_opened(step) && step != TRACE_ENDS)
            step = trace_open(set, x, line, &w);
        if (trace_opened(step))
            continue;
        trace_parse(set, x, slice_of(from.p, (size_t)(line.p + line.n - from.p)), &arena, &t);
        arena_reset(&arena);
        from = rest;
    }
}

/* The least of some runs: what disturbs one only makes it longer. */
static uint64_t cost(struct slice text)
{
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < RUNS; i++) {
        uint64_t start = now_ns();
        read_log(text);
        uint64_t ns = now_ns() - start;
        least = ns < least ? ns : least;
    }
    return least;
}

/* The dearest of a pattern's lines. */
struct dearest {
    const struct regex *regex;
    struct regex_scratch *scratch;
    struct sbuf text; /* what is tried */
    struct sbuf line;
    uint64_t ns;
};

static uint64_t match_ns(const struct dearest *d, struct slice text)
{
    uint64_t start = now_ns();
    regex_match(d->regex, d->scratch, text, 0);
    return now_ns() - start;
}

/* Once more where it looks dear: what disturbs a run only makes it longer. */
static bool on_pump(void *u, struct slice text, struct slice pumped)
{
    struct dearest *d = u;
    (void)pumped;
    uint64_t ns = match_ns(d, text);
    if (ns > d->ns) {
        uint64_t again = match_ns(d, text);
        ns = again < ns ? again : ns;
    }
    if (ns <= d->ns)
        return false;
    d->ns = ns;
    sbuf_reset(&d->line);
    sbuf_adds(&d->line, text);
    sbuf_addc(&d->line, '\n');
    return false;
}

/* Adds what all patterns of the grammar find dearest, a line each. */
static void adversarial(const struct trace_grammar *g, struct sbuf *lines)
{
    struct dearest d = {.scratch = regex_scratch_new()};
    sbuf_init(&d.line, TRACE_LINE_BYTES + 1);
    for (unsigned s = 0; s < g->n_states; s++)
        for (unsigned i = 0; i < g->states[s].n; i++) {
            d.regex = g->states[s].v[i].regex;
            d.ns = 0;
            sbuf_reset(&d.line);
            if (d.regex)
                pump_each(g->states[s].v[i].text, TRACE_LINE_BYTES, on_pump, &d);
            sbuf_adds(lines, sbuf_slice(&d.line));
        }
    sbuf_done(&d.line);
    regex_scratch_free(d.scratch);
}

/* The lines again and again. */
static void fill(struct sbuf *log, struct slice lines, size_t bytes)
{
    while (lines.n && log->n < bytes)
        sbuf_adds(log, lines);
}

/* What a KiB of the grammar's own traces costs. */
static double ordinary(const struct trace_grammar *g)
{
    struct sbuf log;
    sbuf_init(&log, 16 << 20);
    while (log.n < LOG_BYTES)
        for (unsigned i = 0; i < g->n_samples; i++)
            sbuf_adds(&log, g->samples[i].lines);
    double ns = (double)cost(sbuf_slice(&log)) / (double)log.n;
    sbuf_done(&log);
    return ns;
}

/* What a byte costs in a log of these lines and of so many bytes. */
static double cost_of_a_byte(struct slice lines, size_t bytes)
{
    struct sbuf log;
    sbuf_init(&log, 16 << 20);
    fill(&log, lines, bytes);
    double ns = (double)cost(sbuf_slice(&log)) / (double)log.n;
    sbuf_done(&log);
    return ns;
}

/* A log of these lines costs twice as much when it is twice as long, and so many times what ordinary lines do. Measured
   in turn until it does, or does not beyond doubt: what else the machine does makes one of the two dearer, and not each
   time. */
static double dearer(const struct trace_grammar *g, struct slice lines, double ordinary_ns)
{
    double once = 0, twice = 0;
    for (unsigned i = 0; i < LOGS_AGAIN_MAX && (i == 0 || 200 * twice > TWICE_PERCENT * once); i++) {
        once = cost_of_a_byte(lines, LOG_BYTES);
        twice = cost_of_a_byte(lines, 2 * LOG_BYTES);
    }
    ck_assert_msg(200 * twice <= TWICE_PERCENT * once, "%.*s: twice the lines cost %.1f times as much: %.*s",
                  SLICE_ARG(g->language), 2 * twice / once, (int)(lines.n > 100 ? 100 : lines.n), lines.p);
    return once / ordinary_ns;
}

START_TEST(adversarial_lines)
{
    for (unsigned i = 0; i < set->n; i++) {
        const struct trace_grammar *g = set->grammars[i];
        struct sbuf lines;
        sbuf_init(&lines, 8 << 20);
        adversarial(g, &lines);
        ck_assert_uint_gt(lines.n, TRACE_LINE_BYTES);
        double own = ordinary(g), times = dearer(g, sbuf_slice(&lines), own);
        ck_assert_msg(times < (double)DEARER_MAX, "%.*s: such lines cost %.0f times as much as a trace",
                      SLICE_ARG(g->language), times);
        sbuf_done(&lines);
    }
}
END_TEST

/* A line holds no line feed, which would end what dots match. */
static bool on_line(void *u, struct slice text, struct slice pumped)
{
    struct dearest *d = u;
    sbuf_reset(&d->text);
    for (struct slice rest = text; rest.n;)
        sbuf_adds(&d->text, slice_split(&rest, '\n'));
    return on_pump(u, sbuf_slice(&d->text), pumped);
}

/* The beginning of a match again and again; then what ends all repeats, or the match. */
static void try_pieces(struct dearest *d, struct slice match)
{
    struct slice whole = slice_sub(match, 0, TRACE_LINE_BYTES / 4), ends[] = {SLICE("\001"), whole};
    for (size_t n = 1; n <= PIECE_MAX && n <= whole.n; n++)
        for (unsigned i = 0; i < 2; i++) {
            sbuf_reset(&d->text);
            while (d->text.n + n + ends[i].n <= TRACE_LINE_BYTES)
                sbuf_adds(&d->text, slice_sub(match, 0, n));
            sbuf_adds(&d->text, ends[i]);
            on_pump(d, sbuf_slice(&d->text), SLICE_NONE);
        }
}

static void try_samples(const struct trace_grammar *g, struct dearest *d)
{
    unsigned tried = 0;
    for (unsigned i = 0; i < g->n_samples; i++)
        for (struct slice rest = g->samples[i].lines; rest.n && tried < PIECES_OF_LINES_MAX;) {
            struct slice line = slice_split(&rest, '\n');
            if (regex_match(d->regex, d->scratch, line, 0) != REGEX_YES)
                continue;
            const char *from = regex_capture(d->scratch, 0).p;
            try_pieces(d, slice_of(from, (size_t)(line.p + line.n - from)));
            tried++;
        }
}

/* A line that is looked at once, byte by byte. */
static struct dearest yardstick(void)
{
    size_t at;
    char message[256];
    struct dearest d = {.scratch = regex_scratch_new()};
    d.regex = regex_compile(SLICE("^(?:(?! at | in ).)++$"), false, &at, message);
    ck_assert_ptr_nonnull(d.regex);
    sbuf_init(&d.line, TRACE_LINE_BYTES);
    fill(&d.line, SLICE("a a: "), TRACE_LINE_BYTES - 5);
    return d;
}

static uint64_t least_ns(const struct dearest *d)
{
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < RUNS; i++) {
        uint64_t ns = match_ns(d, sbuf_slice(&d->line));
        least = ns < least ? ns : least;
    }
    return least;
}

/* Measured in turn until it is not dear, or dear beyond doubt. */
static void check_pattern(const struct trace_grammar *g, const struct trace_transition *t, struct dearest *d,
                          const struct dearest *yard)
{
    double times = YARDSTICKS_MAX + 1;
    d->regex = t->regex;
    d->ns = 0;
    pump_each(t->text, TRACE_LINE_BYTES, on_line, d);
    try_samples(g, d);
    d->line.n--; /* its line feed */
    for (unsigned i = 0; i < AGAIN_MAX && times > (double)YARDSTICKS_MAX; i++) {
        uint64_t one = least_ns(yard);
        times = (double)least_ns(d) / (double)one;
    }
    ck_assert_msg(times <= (double)YARDSTICKS_MAX,
                  "%.*s: a line costs %.0f times as much as one looked at once: %.*s: %.*s", SLICE_ARG(g->language),
                  times, SLICE_ARG(t->text), (int)(d->line.n > 100 ? 100 : d->line.n), d->line.p);
}

START_TEST(each_pattern_alone)
{
    struct dearest yard = yardstick(), d = {.scratch = regex_scratch_new()};
    sbuf_init(&d.line, TRACE_LINE_BYTES + 1);
    sbuf_init(&d.text, TRACE_LINE_BYTES);
    for (unsigned i = 0; i < set->n; i++)
        for (unsigned s = 0; s < set->grammars[i]->n_states; s++)
            for (unsigned k = 0; k < set->grammars[i]->states[s].n; k++) {
                const struct trace_transition *t = &set->grammars[i]->states[s].v[k];
                if (t->regex)
                    check_pattern(set->grammars[i], t, &d, &yard);
            }
    sbuf_done(&d.line);
    sbuf_done(&d.text);
    sbuf_done(&yard.line);
    regex_free((struct regex *)(uintptr_t)yard.regex);
    regex_scratch_free(yard.scratch);
    regex_scratch_free(d.scratch);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("trace_work");
    TCase *t = tcase_create("trace_work");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, adversarial_lines);
    tcase_add_test(t, each_pattern_alone);
    suite_add_tcase(s, t);
    return unit_run(s);
}
