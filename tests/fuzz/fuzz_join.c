/*
 * Lines of several streams through the joiner alone. A line of the input is one step; its first byte says which:
 *
 *   a b c d   a line of that file        w x y z   one of that connection, whose place is the checkpoint's
 *   A B C D   the same as a to d, of level error      =   a line of file a that is read again
 *   +N        N milliseconds pass        !         a checkpoint
 *
 * A \v in a line stands for LF, so that a message can have several lines. Each is in memory of its own that is freed at
 * once. Every line is in exactly one record that is released, or is not taken; what a record has joined are lines of
 * its stream in the order in which they came; the ledger balances at every step; time goes on from tick to tick, and
 * after the last of them nothing is held.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "base/arena.h"
#include "base/sbuf.h"
#include "core/join.h"
#include "core/scrub.h"
#include "tests/traces.h"

enum { STEPS_MAX = 400, INPUT_MAX = 32768, PASS_MAX_MS = 20000, STREAMS = 8, TICKS_MAX = 100000 };

/* The grammars are loaded, and a line may be asked of what eight others hold. */
unsigned fuzz_steps_a_byte = 100000, fuzz_steps_once = 20000000;

static const struct join_options every_kind[] = {
    {.on = true, .wait_us = 300000, .lines = TRACE_LINES_MAX, .bytes = TRACE_BYTES_MAX},
    {.on = true, .wait_us = 300000, .lines = 5, .bytes = TRACE_BYTES_MAX},
    {.on = true, .wait_us = 50000, .lines = TRACE_LINES_MAX, .bytes = 300},
    {.on = false, .lines = 1, .bytes = 1},
};

struct fed {
    struct slice raw, message, text; /* text: what it says to a trace that it is a line of, */
                                     /* which may also read it from any place on, behind what stands before all */
    unsigned stream;
};

struct run {
    struct join *join;
    struct counts counts;
    struct arena arena; /* of the run */
    struct stream streams[STREAMS];
    struct fed fed[STEPS_MAX];
    unsigned n_fed;
    uint64_t released, not_taken;
    int64_t now_us;
};

static void stream_init(struct run *r, unsigned i)
{
    bool file = i < 4;
    r->streams[i] = (struct stream){.format = FORMAT_TEXT,
                                    .source = SLICE("fuzz"),
                                    .trusted = file,
                                    .file_key = file ? i + 1 : 0,
                                    .by_position = !file,
                                    .ring = i + 1,
                                    .join = &every_kind[i % 4],
                                    .last_us = RECORD_NO_TIME};
}

/* Whether text[at..] begins with this line, and with nothing else of that line of the text. */
static bool stands_at(struct slice text, size_t at, struct slice line)
{
    struct slice rest = slice_from(text, at);
    return slice_starts(rest, line) && (rest.n == line.n || rest.p[line.n] == '\n');
}

/* The same of the end of a line, of as many bytes as stand there up to a line feed of the text: each is followed. */
static void follow_ends(struct slice text, size_t at, struct slice line, bool *reached)
{
    for (size_t end = at; end <= text.n && end - at <= line.n; end++) {
        bool whole = end == text.n || text.p[end] == '\n';
        if (whole && (end == at || memcmp(text.p + at, line.p + line.n - (end - at), end - at) == 0))
            reached[end + 1] = true;
    }
}

/*
 * What was joined to a record is lines that came behind it in its stream, each once and in order. Lines may be alike,
 * and have line feeds: so all places of the text are followed that lines so far may lead to.
 */
static void check_order(const struct run *r, unsigned head, struct slice text)
{
    static bool reached[INPUT_MAX + 2]; /* a line of the text may begin here */
    const struct fed *first = &r->fed[head];
    bool whole = stands_at(text, 0, first->message);
    assert(text.n <= INPUT_MAX && (whole || !first->text.n));
    memset(reached, 0, text.n + 2);
    reached[0] = !first->text.n; /* a head alone is none of the text */
    if (whole)
        reached[first->message.n + 1] = true;
    for (unsigned i = head + 1; i < r->n_fed; i++)
        for (size_t at = text.n + 1; r->fed[i].stream == first->stream && at-- > 0;) {
            if (reached[at] && stands_at(text, at, r->fed[i].text))
                reached[at + r->fed[i].text.n + 1] = true;
            if (reached[at])
                follow_ends(text, at, r->fed[i].raw, reached);
        }
    assert(reached[text.n + 1]);
}

static unsigned number_of(const struct join_line *l)
{
    return (unsigned)l->received_us;
}

static void on_release(void *u, const struct join_line *l)
{
    struct run *r = u;
    unsigned head = number_of(l);
    assert(head < r->n_fed && l->message.stream->ring == r->fed[head].stream + 1);
    assert(l->record->message.n <= l->message.stream->join->bytes || l->record->message.n <= r->fed[head].message.n);
    r->released++;
    if (!l->record->truncated)
        check_order(r, head, l->record->message);
}

static void on_row(void *u, const struct join_row *row)
{
    volatile uint64_t sum = slice_hash(row->held.text, 0); /* reads every byte */
    (void)u, (void)sum;
}

static void check_ledger(const struct run *r)
{
    assert(r->released + r->not_taken + r->counts.v[COUNT_joined] + join_open(r->join) == r->n_fed);
    assert(join_waits_for(r->join, NULL) || join_open(r->join) == 0);
    for (unsigned i = 0; i < 4; i++) {
        uint64_t offsets[STEPS_MAX];
        unsigned n = join_held(r->join, i + 1, offsets, STEPS_MAX);
        for (unsigned k = 1; k < n; k++)
            assert(offsets[k - 1] < offsets[k]);
    }
}

static struct slice said(const struct record *r)
{
    return r->headed && slice_eq(r->message, r->raw) ? SLICE("") : r->message;
}

static void feed(struct run *r, unsigned stream, enum level level, bool again, struct slice text)
{
    struct arena a = {0};
    struct parse_ctx ctx = {.arena = &a, .now_us = r->now_us, .last_us = RECORD_NO_TIME};
    struct record record;
    char *own = malloc(text.n ? text.n : 1);
    assert(own);
    for (size_t i = 0; i < text.n; i++)
        own[i] = text.p[i] == '\v' ? '\n' : text.p[i];
    text.p = own;
    struct join_line line = {.record = &record,
                             .message = {.text = text, .lines = 1, .offset = r->n_fed, .stream = &r->streams[stream]},
                             .received_us = r->n_fed,
                             .blank = slice_trim(text).n == 0};
    line.message.read = again ? MESSAGE_AGAIN : MESSAGE_NEW;
    record_init(&record, FORMAT_TEXT, text);
    if (line.blank || !parser_parse(FORMAT_TEXT, &ctx, &record))
        record.message = text;
    record.level = level ? level : record.level;
    record.lines = 1;
    bool whole = join_waits_for(r->join, NULL) || !line.blank;
    r->fed[r->n_fed++] = (struct fed){arena_dup(&r->arena, text), arena_dup(&r->arena, record.message),
                                      arena_dup(&r->arena, said(&record)), stream};
    if (!(whole && join_feed(r->join, &line, r->now_us)))
        r->not_taken++;
    arena_done(&a);
    free(own);
}

static void pass(struct run *r, uint64_t ms)
{
    r->now_us += (int64_t)(ms < PASS_MAX_MS ? ms : PASS_MAX_MS) * 1000;
    assert(join_tick(r->join, r->now_us) > r->now_us);
}

static void step(struct run *r, struct slice line)
{
    static const char letters[] = "abcdwxyzABCD=";
    const char *at = line.n ? strchr(letters, line.p[0]) : NULL;
    struct slice rest = slice_from(line, 1);
    uint64_t ms;
    if (!line.n)
        return;
    if (line.p[0] && at)
        feed(r, *at == '=' ? 0 : (unsigned)(at - letters) % 8,
             at >= letters + 8 && *at != '=' ? LEVEL_ERROR : LEVEL_NONE, *at == '=', rest);
    else if (line.p[0] == '+' && slice_u64(rest, &ms))
        pass(r, ms);
    else if (line.p[0] == '!')
        join_checkpoint(r->join);
    check_ledger(r);
}

/* From tick to tick, until nothing waits. */
static void let_time_pass(struct run *r)
{
    unsigned ticks = 0;
    for (int64_t due; (due = join_tick(r->join, r->now_us)) < INT64_MAX; ticks++) {
        assert(due > r->now_us && ticks < TICKS_MAX);
        r->now_us = due;
    }
    assert(join_open(r->join) == 0 && !join_waits_for(r->join, NULL));
    check_ledger(r);
}

int fuzz_target(const uint8_t *data, size_t n)
{
    static struct trace_engine engine;
    static struct run r;
    static struct scrub *scrub;
    static const struct options options = {.scrub = {.defaults = true}};
    struct slice input = slice_of((const char *)data, n > INPUT_MAX ? INPUT_MAX : n);
    if (!engine.set) {
        engine.set = traces_load(true);
        engine.scratch = trace_scratch_new();
        scrub = scrub_new(&options);
    }
    r = (struct run){.now_us = INT64_C(1795428000000000)};
    for (unsigned i = 0; i < STREAMS; i++)
        stream_init(&r, i);
    const struct join_setup setup = {
        .counts = &r.counts, .run_key = 9, .scrub = scrub, .u = &r, .release = on_release, .row = on_row};
    r.join = join_new(&setup, &engine);
    for (unsigned i = 0; input.p && i < STEPS_MAX; i++)
        step(&r, slice_split(&input, '\n'));
    let_time_pass(&r);
    join_free(r.join);
    arena_done(&r.arena);
    return 0;
}
