#include "core/join.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/join_kept.h"
#include "parsers/parser.h"

enum { ASK_MAX = 8 }; /* of what is held of a stream, for one line */

/* Stamps without a fraction jump by a whole second. */
#define RECORD_CLOCK_SLACK_US INT64_C(1000000)

const struct join_options join_defaults = {
    .on = true, .wait_us = 300000, .lines = TRACE_LINES_MAX, .bytes = TRACE_BYTES_MAX};

/* A record that waits for its lines. */
struct held {
    TAILQ_ENTRY(held) by_age, of_stream;
    struct join_stream *stream;
    uint64_t speaker;
    bool unnamed;     /* its last line named no speaker */
    bool in_lines;    /* its last line came alone: a message with line feeds in it would be all that there is */
    bool headed;      /* its last line had a head of its own, as log lines have, */
    enum level level; /* and this level in it */
    struct join_options opt;
    bool by_position;       /* its stream */
    struct kept *head;      /* NULL: it has been released, the rest of its lines are swallowed */
    struct sbuf text;       /* of head and of what was joined to it; empty: of head alone */
    unsigned lines;         /* of that text */
    struct kept_list maybe; /* provisional */
    unsigned n_maybe;
    bool walks; /* a trace has begun; else its head may introduce one */
    struct trace_walk walk;
    int64_t due_us, last_us;
    size_t bytes; /* in join.bytes */
};

TAILQ_HEAD(held_list, held);

struct join_stream {
    uint64_t key;
    struct held_list held; /* who spoke last is first */
};

struct join {
    struct join_setup setup;
    const struct trace_engine *engine;
    struct held_list by_age; /* the oldest first */
    struct table streams;
    struct kept_files files;
    struct kept_list back; /* lines given back, in order */
    unsigned n;
    size_t bytes;
    uint64_t open;
    int64_t now_us;
    int64_t next_us; /* nothing is due before */
    bool flushing;
};

/* The line that is placed, and what asking it for a trace has told. */
struct placing {
    struct join_line line;
    struct kept *kept; /* NULL: it is nobody's copy yet */
    struct join_key key;
    enum { NOT_ASKED, OPENS, OPENED_AND_ENDED, PLAIN } opening;
    struct trace_walk walk;
};

/* --- what is held --- */

static void account(struct join *j, struct held *h)
{
    size_t now = h->text.cap;
    struct kept *k;
    now += h->head ? kept_bytes(h->head) : 0;
    TAILQ_FOREACH (k, &h->maybe, link)
        now += kept_bytes(k);
    j->bytes += now - h->bytes;
    h->bytes = now;
}

static struct join_stream *stream_of(struct join *j, uint64_t key)
{
    struct join_stream *s = table_get(&j->streams, key);
    if (!s) {
        s = xcalloc(1, sizeof *s);
        s->key = key;
        TAILQ_INIT(&s->held);
        table_put(&j->streams, key, s);
    }
    return s;
}

static void leave_stream(struct join *j, struct held *h)
{
    struct join_stream *s = h->stream;
    TAILQ_REMOVE(&s->held, h, of_stream);
    if (TAILQ_FIRST(&s->held))
        return;
    table_del(&j->streams, s->key);
    free(s);
}

static void set_due(struct join *j, struct held *h)
{
    int64_t wait_us = h->opt.wait_us + (j->setup.record_clock ? RECORD_CLOCK_SLACK_US : 0);
    h->due_us = j->now_us + wait_us < h->last_us ? j->now_us + wait_us : h->last_us;
    if (h->due_us < j->next_us)
        j->next_us = h->due_us;
}

/* A copy to be held; takes over one that is there. */
static struct kept *keep(struct join *j, struct placing *p)
{
    struct kept *k = p->kept;
    if (!k) {
        k = kept_new(&p->line);
        kept_files_add(&j->files, k);
        j->open++;
    }
    p->kept = NULL;
    return k;
}

static void release_kept(struct join *j, struct kept *k, bool trace)
{
    struct join_line line = kept_line(k);
    line.trace = trace;
    kept_files_remove(&j->files, k);
    assert(j->open > 0);
    j->open--;
    j->setup.release(j->setup.u, &line);
    kept_free(k);
}

/* It has become part of another record. */
static void merge_kept(struct join *j, struct kept *k)
{
    kept_files_remove(&j->files, k);
    assert(j->open > 0);
    j->open--;
    j->setup.counts->v[COUNT_joined]++;
    kept_free(k);
}

/* --- the text of what is held --- */

/* What a record says to a trace: nothing, where its head is all there is of it and stands for its message. */
static struct slice said(const struct record *r)
{
    return r->headed && slice_eq(r->message, r->raw) ? SLICE("") : r->message;
}

static void note_head(struct held *h, const struct record *r)
{
    h->headed = r->headed;
    h->level = r->level;
    h->in_lines = !slice_chr(r->message, '\n');
}

static void add_text(struct held *h, struct slice text)
{
    if (!h->text.max) {
        sbuf_init(&h->text, h->opt.bytes);
        sbuf_adds(&h->text, slice_sub(h->head->record->message, 0, h->opt.bytes));
    }
    sbuf_addc(&h->text, '\n');
    sbuf_adds(&h->text, text);
}

static unsigned lines_in(struct slice s)
{
    unsigned n = 1;
    for (const char *lf; (lf = slice_chr(s, '\n')); n++)
        slice_skip(&s, (size_t)(lf - s.p) + 1);
    return n;
}

static bool has_room(const struct held *h, struct slice text)
{
    size_t now = h->text.max ? h->text.n : h->head->record->message.n;
    return h->lines < h->opt.lines && text.n < h->opt.bytes && now + 1 + text.n <= h->opt.bytes && !h->text.over;
}

static void release_head(struct join *j, struct held *h)
{
    struct kept *k = h->head;
    h->head = NULL;
    if (h->text.max)
        k->record->message = sbuf_slice(&h->text);
    release_kept(j, k, h->walks && h->walk.sure);
    sbuf_done(&h->text);
    h->text.max = 0;
}

/* It has as many lines as it may have: out with it. What goes on is swallowed. */
static void cut(struct join *j, struct held *h)
{
    h->head->record->truncated = true;
    j->setup.counts->v[COUNT_cut_traces]++;
    release_head(j, h);
}

static void take_text(struct join *j, struct held *h, struct slice text)
{
    if (h->head && !has_room(h, text))
        cut(j, h);
    if (!h->head) {
        j->setup.counts->v[COUNT_cut_bytes] += text.n;
        return;
    }
    add_text(h, text);
    h->lines += lines_in(text);
    h->head->record->lines += lines_in(text);
}

/* Provisional lines are part of it after all. */
static void take_maybe(struct join *j, struct held *h)
{
    for (struct kept *k; (k = TAILQ_FIRST(&h->maybe));) {
        TAILQ_REMOVE(&h->maybe, k, link);
        take_text(j, h, said(k->record));
        merge_kept(j, k);
    }
    h->n_maybe = 0;
}

/* --- it ends --- */

/* Provisional lines are to be placed anew, before what is waiting for that already. */
static void give_back(struct join *j, struct held *h)
{
    for (struct kept *k; (k = TAILQ_LAST(&h->maybe, kept_list));) {
        TAILQ_REMOVE(&h->maybe, k, link);
        TAILQ_INSERT_HEAD(&j->back, k, link);
    }
}

static void end(struct join *j, struct held *h)
{
    TAILQ_REMOVE(&j->by_age, h, by_age);
    leave_stream(j, h);
    j->n--;
    j->bytes -= h->bytes;
    give_back(j, h);
    if (h->head)
        release_head(j, h);
    sbuf_done(&h->text);
    free(h);
}

static void hold(struct join *j, struct placing *p)
{
    struct held *h = xcalloc(1, sizeof *h);
    const struct join_options *opt = p->line.message.stream->join;
    h->stream = stream_of(j, p->key.stream);
    h->speaker = p->key.speaker;
    h->unnamed = !h->speaker;
    h->opt = *opt;
    h->by_position = p->line.message.stream->by_position;
    h->head = keep(j, p);
    h->lines = lines_in(h->head->record->message);
    h->walks = p->opening == OPENS;
    h->walk = p->walk;
    note_head(h, p->line.record);
    h->last_us = j->now_us + JOIN_AGE_MAX_US;
    TAILQ_INIT(&h->maybe);
    TAILQ_INSERT_TAIL(&j->by_age, h, by_age);
    TAILQ_INSERT_HEAD(&h->stream->held, h, of_stream);
    j->n++;
    set_due(j, h);
    account(j, h);
}

/* --- asking --- */

static struct slice next_line(struct slice *rest)
{
    struct slice line = slice_split(rest, '\n');
    return slice_ends(line, SLICE("\r")) ? slice_sub(line, 0, line.n - 1) : line;
}

/* Whether a trace begins in the message, and whether it is open at its end. */
static void ask_opening(struct join *j, struct placing *p)
{
    struct slice rest = p->line.record->message;
    enum trace_step step = TRACE_NONE;
    bool any = false;
    if (p->opening != NOT_ASKED)
        return;
    p->opening = PLAIN;
    if (!trace_may_open(j->engine->set, j->engine->scratch, rest, p->line.message.ahead))
        return;
    do {
        struct slice line = next_line(&rest);
        if (trace_opened(step))
            step = trace_next(j->engine->set, j->engine->scratch, &p->walk, line);
        if (!trace_opened(step) && step != TRACE_ENDS)
            step = trace_open(j->engine->set, j->engine->scratch, line, &p->walk);
        any |= step != TRACE_NONE;
    } while (rest.p);
    p->opening = trace_opened(step) ? OPENS : any ? OPENED_AND_ENDED : PLAIN;
}

static bool ends_in_colon(struct slice s)
{
    while (s.n && ascii_space(s.p[s.n - 1]))
        s.n--;
    return s.n && s.p[s.n - 1] == ':';
}

/* A line that says more than that it goes on: it is of the one that it introduces where its level allows. */
static bool is_introduced(const struct held *h, const struct placing *p)
{
    const struct record *r = p->line.record, *intro = h->head->record;
    return p->walk.before == TRACE_BEFORE_HEADING || !r->headed || r->level == LEVEL_NONE || r->level == intro->level;
}

/* All lines of a message: its first has been asked. */
static enum trace_step walk_rest(struct join *j, struct trace_walk *walk, struct slice rest, enum trace_step step)
{
    while (rest.p && trace_opened(step)) {
        enum trace_step next = trace_next(j->engine->set, j->engine->scratch, walk, next_line(&rest));
        step = next == TRACE_NONE || next == TRACE_FOREIGN ? TRACE_ENDS : next;
    }
    return step;
}

/* The walk's own bounds do not matter here: those of the input are no wider, and what is swallowed has none. */
static enum trace_step ask_walk(struct join *j, struct held *h, struct placing *p)
{
    const struct record *r = p->line.record;
    struct slice rest = said(r), line = next_line(&rest);
    struct trace_walk walk = h->walk;
    if (trace_is_full(&walk))
        walk.lines = walk.bytes = 0;
    enum trace_step step = walk_rest(j, &walk, rest, trace_next(j->engine->set, j->engine->scratch, &walk, line));
    bool any_text = step == TRACE_MAYBE || walk.any_text;
    /* What may be any text is a record of its own where the line above has no head, or one of another level, */
    if (any_text && r->headed && (!h->headed || r->level != h->level))
        return TRACE_NONE;
    if (any_text && !h->in_lines) /* and where the sender sends line feeds within a message. */
        return TRACE_NONE;
    if (step == TRACE_NONE || step == TRACE_FOREIGN)
        return step;
    h->walk = walk;
    note_head(h, r);
    return step;
}

static enum trace_step ask_intro(struct join *j, struct held *h, struct placing *p)
{
    if (p->line.blank && !h->n_maybe) /* Rust begins with an empty line */
        return TRACE_MAYBE;
    ask_opening(j, p);
    if (p->opening == PLAIN || !is_introduced(h, p))
        return TRACE_NONE;
    h->walks = true;
    h->walk = p->walk;
    note_head(h, p->line.record);
    trace_follows(&h->walk, h->head->record->raw);
    return p->opening == OPENED_AND_ENDED ? TRACE_ENDS : h->walk.maybe ? TRACE_MAYBE : TRACE_GOES_ON;
}

/* The line is part of it. */
static void take(struct join *j, struct held *h, struct placing *p, enum trace_step step)
{
    h->unnamed = !p->key.speaker;
    TAILQ_REMOVE(&h->stream->held, h, of_stream);
    TAILQ_INSERT_HEAD(&h->stream->held, h, of_stream);
    if (step == TRACE_MAYBE) {
        struct kept *k = keep(j, p);
        TAILQ_INSERT_TAIL(&h->maybe, k, link);
        h->n_maybe++;
    } else {
        take_maybe(j, h);
        take_text(j, h, said(p->line.record));
        if (p->kept)
            merge_kept(j, p->kept);
        else
            j->setup.counts->v[COUNT_joined]++;
        p->kept = NULL;
    }
    set_due(j, h);
    account(j, h);
    if (step == TRACE_ENDS)
        end(j, h);
}

static bool may_introduce(const struct record *r)
{
    return r->level >= LEVEL_WARNING || ends_in_colon(r->message);
}

static bool only_blank(const struct held *h)
{
    const struct kept *k;
    TAILQ_FOREACH (k, &h->maybe, link)
        if (!k->blank)
            return false;
    return true;
}

/* A line that names an exception may be the log's own line about the trace that follows: then it only introduces. */
static enum trace_step ask_one(struct join *j, struct held *h, struct placing *p)
{
    enum trace_step step = h->walks ? ask_walk(j, h, p) : TRACE_NONE;
    bool alone = h->walks && !h->walk.sure && h->head && only_blank(h);
    if (step != TRACE_NONE || (h->walks && !(alone && may_introduce(h->head->record))))
        return step;
    h->walks = false;
    return ask_intro(j, h, p);
}

/*
 * Whether the record is asked for a line of this speaker. A line that names none may be of whoever spoke last; one with
 * a head of its own ends what lines without a name went on with.
 */
static enum { ASK, PASS_BY, END } relation(const struct held *h, const struct placing *p)
{
    if (!p->key.speaker || h->speaker == p->key.speaker || !h->speaker)
        return ASK;
    return h->unnamed ? END : PASS_BY;
}

/* True: what is held of the stream has taken the line. What says that it has ended is released. */
static bool ask_held(struct join *j, struct placing *p)
{
    struct join_stream *s = table_get(&j->streams, p->key.stream);
    struct held *h = s ? TAILQ_FIRST(&s->held) : NULL, *next;
    for (unsigned asked = 0; h && asked < ASK_MAX; h = next, asked++) {
        next = TAILQ_NEXT(h, of_stream);
        int how = relation(h, p);
        if (how == PASS_BY)
            continue;
        enum trace_step step = how == END ? TRACE_NONE : ask_one(j, h, p);
        if (step == TRACE_FOREIGN)
            continue;
        if (step != TRACE_NONE) {
            take(j, h, p, step);
            return true;
        }
        end(j, h);
    }
    return false;
}

/* --- placing --- */

/* The walk is written when it is asked for. */
static void placing_init(struct placing *p, const struct join_line *line, struct kept *kept)
{
    p->line = *line;
    p->kept = kept;
    p->key = (struct join_key){0};
    p->opening = NOT_ASKED;
}

/* It cannot be part of a trace, nor stand before one. */
static bool is_apart(const struct join_line *l)
{
    const struct record *r = l->record;
    const struct stream *s = l->message.stream;
    const struct format_traits *traits = format_traits(r->format);
    bool whole = traits->access || (traits->whole && s->format == r->format); /* in no carrier of lines */
    return !s->join || !s->join->on || r->partial || l->blank || whole;
}

/* A record that nothing held has taken. True: it is held. */
static bool begin(struct join *j, struct placing *p)
{
    const struct record *r = p->line.record;
    if (j->flushing || p->line.alien || p->line.message.read == MESSAGE_AGAIN || is_apart(&p->line) ||
        slice_chr(r->full_message, '\n'))
        return false;
    ask_opening(j, p);
    bool introduces = p->opening == PLAIN && may_introduce(r);
    if (p->opening != OPENS && !introduces)
        return false;
    if (!p->key.stream)
        p->key = join_key_of(&j->setup.secret, p->line.message.stream, r);
    hold(j, p);
    return true;
}

static bool ask(struct join *j, struct placing *p)
{
    if (!j->n)
        return false;
    if (!p->key.stream)
        p->key = join_key_of(&j->setup.secret, p->line.message.stream, p->line.record);
    return ask_held(j, p);
}

/* Lines given back come before the one that is placed; those that one of them brings back, before it. */
static void place_back(struct join *j)
{
    for (struct kept *k; (k = TAILQ_FIRST(&j->back));) {
        const struct join_line line = kept_line(k);
        struct placing p;
        placing_init(&p, &line, k);
        TAILQ_REMOVE(&j->back, k, link);
        struct kept *after = TAILQ_FIRST(&j->back);
        if (ask(j, &p))
            continue;
        bool more = TAILQ_FIRST(&j->back) != after;
        if (more && after)
            TAILQ_INSERT_BEFORE(after, k, link);
        else if (more)
            TAILQ_INSERT_TAIL(&j->back, k, link);
        else if (!begin(j, &p))
            release_kept(j, k, p.opening == OPENED_AND_ENDED);
    }
}

static void keep_within_caps(struct join *j)
{
    while (j->n > JOIN_HELD_MAX || j->bytes > JOIN_BYTES_MAX) {
        j->setup.counts->v[COUNT_early_traces]++;
        end(j, TAILQ_FIRST(&j->by_age));
        place_back(j);
    }
}

static __attribute__((noinline)) bool place(struct join *j, struct join_line *line, int64_t now_us)
{
    struct placing p;
    bool taken;
    placing_init(&p, line, NULL);
    j->now_us = now_us;
    while (!(taken = ask(j, &p)) && TAILQ_FIRST(&j->back))
        place_back(j);
    place_back(j);
    taken = taken || begin(j, &p);
    line->trace = p.opening == OPENED_AND_ENDED;
    if (taken)
        keep_within_caps(j);
    return taken;
}

bool join_feed(struct join *j, struct join_line *line, int64_t now_us)
{
    return (line->blank || !is_apart(line)) && place(j, line, now_us);
}

bool join_waits(const struct join *j)
{
    return j->n > 0;
}

/* --- time --- */

/* What has gone on for too long is cut; the rest of its lines is swallowed as long as they come. */
static void expire(struct join *j, struct held *h)
{
    bool goes_on = h->head && h->walks && h->due_us == h->last_us;
    if (!goes_on) {
        end(j, h);
        return;
    }
    cut(j, h);
    h->last_us = INT64_MAX;
    set_due(j, h);
    account(j, h);
}

int64_t join_tick(struct join *j, int64_t now_us)
{
    struct held *h, *next;
    j->now_us = now_us;
    if (now_us < j->next_us)
        return j->next_us;
    j->next_us = INT64_MAX;
    for (h = TAILQ_FIRST(&j->by_age); h; h = next) {
        next = TAILQ_NEXT(h, by_age);
        if (h->due_us <= now_us)
            expire(j, h);
        else if (h->due_us < j->next_us)
            j->next_us = h->due_us;
    }
    place_back(j);
    return j->next_us;
}

void join_flush(struct join *j)
{
    j->flushing = true;
    for (struct held *h; (h = TAILQ_FIRST(&j->by_age));)
        end(j, h);
    place_back(j);
    j->flushing = false;
    assert(!j->n && !j->bytes && !j->open);
    j->next_us = INT64_MAX;
}

void join_checkpoint(struct join *j)
{
    struct held *next;
    j->flushing = true;
    for (struct held *h = TAILQ_FIRST(&j->by_age); h; h = next) {
        next = TAILQ_NEXT(h, by_age);
        if (h->by_position)
            end(j, h);
    }
    place_back(j);
    j->flushing = false;
}

/* --- its life --- */

struct join *join_new(const struct join_setup *setup, const struct trace_engine *engine)
{
    struct join *j = xcalloc(1, sizeof *j);
    j->setup = *setup;
    j->engine = engine;
    j->next_us = INT64_MAX;
    TAILQ_INIT(&j->by_age);
    TAILQ_INIT(&j->back);
    return j;
}

static void join_forget(void *u, const struct join_line *line)
{
    (void)u, (void)line;
}

void join_free(struct join *j)
{
    j->setup.release = join_forget;
    join_flush(j);
    table_done(&j->streams);
    kept_files_free(&j->files);
    free(j);
}

uint64_t join_open(const struct join *j)
{
    return j->open;
}

unsigned join_held(const struct join *j, uint64_t file_key, uint64_t *offsets, unsigned max)
{
    return kept_files_offsets(&j->files, file_key, offsets, max);
}
