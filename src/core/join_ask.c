/* join_ask: what is held is asked whether a line is part of it, and a line whether a trace begins in it. */
#include "core/join_parts.h"

enum {
    ASK_MAX = 8,       /* of what is held of a stream, for one line */
    BETWEEN_MAX = 4,   /* lines of a record that a trace follows, behind its first */
    INDENTED_MAX = 32, /* the same where they stand further right, as fields and objects do */
    PASSED_MAX = 16    /* lines of others among those of a trace that come late */
};

static void ask_text(struct join *j, struct placing *p, struct slice rest)
{
    enum trace_step step = TRACE_NONE;
    bool any = false;
    do {
        struct slice line = join_line_next(&rest);
        if (trace_opened(step))
            step = trace_next(j->engine->set, j->engine->scratch, &p->walk, line);
        if (!trace_opened(step) && step != TRACE_ENDS)
            step = trace_open(j->engine->set, j->engine->scratch, line, &p->walk);
        any |= step != TRACE_NONE;
    } while (rest.p);
    p->opening = trace_opened(step) ? OPENS : any ? OPENED_AND_ENDED : PLAIN;
}

/* The word that the parser took for the level may be what the trace begins with. */
static void ask_heading(struct join *j, struct placing *p)
{
    struct record *r = p->line.record;
    if (!trace_may_open(j->engine->set, j->engine->scratch, r->line, p->line.message.ahead))
        return;
    ask_text(j, p, r->line);
    size_t at = trace_prefix_along(&p->walk.prefix, r->line).at, head = join_line_head(r).n;
    if (p->opening == PLAIN || at >= head) {
        p->opening = PLAIN;
        return;
    }
    p->heading = slice_from(r->line, at);
    r->heading = slice_sub(p->heading, 0, head - at);
    p->walk.prefix.n = 0;
    p->walk.prefix_use = TRACE_PREFIX_NONE;
}

void join_ask_opening(struct join *j, struct placing *p)
{
    const struct record *r = p->line.record;
    if (p->opening != NOT_ASKED)
        return;
    p->opening = PLAIN;
    if (j->setup.may_open ? j->setup.may_open(j->setup.u, &p->line)
                          : trace_may_open(j->engine->set, j->engine->scratch, r->message, p->line.message.ahead))
        ask_text(j, p, r->message);
    if (p->opening == PLAIN && join_line_has_heading(r))
        ask_heading(j, p);
}

/* A line that says more than that it goes on: it is of the one that introduces it where its level allows, and what a
 * server has put before both, and where not both are records that name an exception. What begins with the word for its
 * level is a report of its own. collected: nothing stands before it but what a collector has put there. */
static bool is_introduced(const struct held *h, const struct placing *p, bool names, bool collected)
{
    const struct record *r = p->line.record, *intro = h->head->record;
    if (p->walk.before == TRACE_BEFORE_HEADING || !r->headed)
        return true;
    if (p->heading.n || collected)
        return !p->heading.n;
    bool level = r->level == LEVEL_NONE || r->level == intro->level;
    return !names && level && trace_begins_alike(&p->walk, intro->message);
}

/* All lines of a message: its first has been asked. */
static enum trace_step walk_rest(struct join *j, struct trace_walk *walk, struct slice rest, enum trace_step step)
{
    while (rest.p && trace_opened(step)) {
        enum trace_step next = trace_next(j->engine->set, j->engine->scratch, walk, join_line_next(&rest));
        step = next == TRACE_NONE || next == TRACE_FOREIGN ? TRACE_ENDS : next;
    }
    return step;
}

/* A runtime prints a trace in one go; what its threads wait for meanwhile is less than this. */
#define SAME_TIME_US INT64_C(100000)

static bool is_later(const struct held *h, const struct record *r)
{
    int64_t us = join_line_carried(r), before_us = h->carried_us;
    if (us == RECORD_NO_TIME || before_us == RECORD_NO_TIME)
        return false;
    bool no_fraction = us % 1000000 == 0 && before_us % 1000000 == 0; /* it jumps by a whole second */
    return us - before_us > SAME_TIME_US + (no_fraction ? 1000000 : 0);
}

/* What may be any text is a record of its own where the line above has no head, or one of another level, where it was
 * printed at another time, and where the sender sends line feeds within a message. */
static bool is_its_own(const struct held *h, const struct record *r, const struct join_reading *reading)
{
    bool other_head = reading->headed && (!h->headed || r->level != h->level);
    return other_head || is_later(h, r) || !h->in_lines;
}

/*
 * One way to read it. The walk's own bounds do not matter here: those of the input are no wider, and what is swallowed
 * has none.
 */
static enum trace_step ask_reading(struct join *j, const struct held *h, const struct record *r,
                                   const struct join_reading *reading, struct trace_walk *walk)
{
    struct slice rest = reading->text, line = join_line_next(&rest);
    *walk = h->walk;
    if (trace_is_full(walk))
        walk->lines = walk->bytes = 0;
    enum trace_step step = walk_rest(j, walk, rest, trace_next(j->engine->set, j->engine->scratch, walk, line));
    bool any_text = line.n && (step == TRACE_MAYBE || walk->any_text);
    return any_text && is_its_own(h, r, reading) ? TRACE_NONE : step;
}

static unsigned rank_of(enum trace_step step)
{
    return step == TRACE_NONE ? 0 : step == TRACE_FOREIGN ? 1 : step == TRACE_MAYBE ? 2 : 3;
}

static enum trace_step ask_walk(struct join *j, struct held *h, struct placing *p)
{
    const struct record *r = p->line.record;
    struct join_reading readings[JOIN_READINGS_MAX];
    struct trace_prefix *prefix = held_prefix(h);
    struct trace_walk walk, best_walk = {.n_ways = 0};
    enum trace_step best = TRACE_NONE;
    bool headed = false;
    unsigned n = join_line_readings(prefix, r, readings);
    for (unsigned i = 0; i < n && rank_of(best) < 3; i++) {
        enum trace_step step = ask_reading(j, h, r, &readings[i], &walk);
        if (rank_of(step) <= rank_of(best))
            continue;
        best = step;
        best_walk = walk;
        p->said = readings[i].text;
        headed = readings[i].headed;
    }
    if (rank_of(best) < 2)
        return best;
    h->walk = best_walk;
    if (best != TRACE_MAYBE)
        join_line_settle(prefix, r, p->said);
    held_note_head(h, r, headed);
    return best;
}

static bool says_nothing(struct slice said)
{
    return slice_trim(said).n == 0;
}

/* The line behind one that may introduce a trace, without what stands before both. */
static struct join_reading read_between(struct held *h, const struct record *r)
{
    struct join_reading readings[JOIN_READINGS_MAX] = {{join_line_said(r), r->headed}};
    if (join_line_is_short_of(r, h->head->record))
        join_line_readings(held_prefix(h), r, readings);
    return readings[0];
}

/* A line without a head (empty: one that has nothing else), behind a record that has one: the record may go on with it,
 * to the trace. No trace has two empty lines before it. */
static bool may_lie_between(const struct held *h, const struct join_reading *reading, bool empty)
{
    const struct kept *last = TAILQ_LAST(&h->maybe, kept_list);
    bool indented = slice_starts(reading->text, SLICE("    "));
    if (h->n_maybe >= (indented ? INDENTED_MAX : BETWEEN_MAX) || (reading->headed && !empty))
        return false;
    if (says_nothing(reading->text))
        return !(last && says_nothing(last->said));
    return h->in_lines && h->headed;
}

static enum trace_step ask_intro(struct join *j, struct held *h, struct placing *p, bool names)
{
    const struct record *r = p->line.record;
    const struct join_reading reading = read_between(h, r);
    bool between = may_lie_between(h, &reading, r->empty), collected;
    struct trace_prefix prefix;
    p->said = reading.text;
    if (between && says_nothing(p->said)) /* Rust begins with an empty line */
        return TRACE_MAYBE;
    join_ask_opening(j, p);
    if (p->opening == PLAIN)
        return between ? TRACE_MAYBE : TRACE_NONE;
    join_line_prefix(&prefix, r);
    struct slice above = join_line_above(&prefix, h->head->record, &collected);
    names = names && !trace_awaits_name(j->engine->set, &p->walk);
    if (!is_introduced(h, p, names, collected))
        return TRACE_NONE;
    h->walks = true;
    h->walk = p->walk;
    held_set_prefix(h, &prefix);
    p->said = p->heading.n ? p->heading : join_line_said(r);
    held_note_head(h, r, r->headed);
    if (!(r->headed && !r->line.n)) /* else each line of it is a record, as JSON is */
        trace_follows(&h->walk, above);
    return p->opening == OPENED_AND_ENDED ? TRACE_ENDS : h->walk.maybe ? TRACE_MAYBE : TRACE_GOES_ON;
}

/* The line is part of it. */
static void take(struct join *j, struct held *h, struct placing *p, enum trace_step step)
{
    if (step == TRACE_MAYBE)
        held_take_maybe(j, h, p);
    else
        held_take(j, h, p);
    if (step == TRACE_ENDS)
        held_end(j, h);
}

bool join_may_introduce(const struct record *r)
{
    return r->indent || r->level >= LEVEL_WARNING || join_line_ends_in_colon(r->message);
}

static bool is_space(char c)
{
    return c == ' ';
}

/* A paragraph ends where a line is empty or has a head of its own. */
static enum trace_step ask_paragraph(struct held *h, struct placing *p)
{
    struct join_reading readings[JOIN_READINGS_MAX];
    join_line_readings(held_prefix(h), p->line.record, readings);
    p->said = readings[0].text;
    return readings[0].headed || says_nothing(p->said) ? TRACE_NONE : TRACE_GOES_ON;
}

/* Loggers that write a head alone, and the text in lines of its own, have each of them stand behind as many blanks. */
static enum trace_step ask_indented(struct held *h, struct placing *p)
{
    struct join_reading readings[JOIN_READINGS_MAX];
    unsigned n = join_line_readings(held_prefix(h), p->line.record, readings);
    for (unsigned i = 0; i < n; i++) {
        p->said = readings[i].text;
        if (slice_span(p->said, is_space) < h->indent)
            continue;
        slice_skip(&p->said, h->indent);
        return TRACE_GOES_ON;
    }
    p->said = readings[0].text;
    return !readings[0].headed && says_nothing(p->said) ? TRACE_MAYBE : TRACE_NONE;
}

/* It stands for itself, whatever is above it. */
static bool opens_for_itself(struct join *j, struct placing *p)
{
    join_ask_opening(j, p);
    return p->opening != PLAIN && p->walk.sure && p->walk.before != TRACE_BEFORE_HEADING;
}

static bool stands_nowhere_else(const struct trace_walk *walk, enum trace_step step)
{
    const struct trace_way *way = &walk->ways[0];
    if (step == TRACE_MAYBE)
        return way->frame && !walk->any_text;
    return step != TRACE_NONE && step != TRACE_FOREIGN && !way->loose;
}

/* Behind its time nothing is swallowed but what stands nowhere else than in a trace, and begins none. Other lines may
 * stand between, some. */
static enum trace_step ask_late(struct join *j, struct held *h, struct placing *p)
{
    if (says_nothing(join_line_said(p->line.record)))
        return TRACE_FOREIGN;
    if (opens_for_itself(j, p))
        return TRACE_NONE;
    const struct trace_walk before = h->walk;
    enum trace_step step = ask_walk(j, h, p);
    if (stands_nowhere_else(&h->walk, step))
        return step == TRACE_MAYBE ? TRACE_GOES_ON : step;
    if (step == TRACE_MAYBE)
        h->walk = before;
    return ++h->passed < PASSED_MAX ? TRACE_FOREIGN : TRACE_NONE;
}

/* The line is a frame, and the line above is its heading, whatever else that was taken for. */
static bool is_below_heading(struct join *j, const struct held *h, struct placing *p)
{
    if (!h->walks || h->walk.sure || !h->head || h->n_maybe > BETWEEN_MAX)
        return false;
    join_ask_opening(j, p);
    return p->opening != PLAIN && p->walk.sure && p->walk.before == TRACE_BEFORE_HEADING;
}

/* A line that names an exception may be the log's own line about the trace that follows: then it only introduces. */
static enum trace_step ask_one(struct join *j, struct held *h, struct placing *p)
{
    if (h->indent)
        return h->indent == RECORD_PARAGRAPH ? ask_paragraph(h, p) : ask_indented(h, p);
    if (held_is_late(j, h))
        return ask_late(j, h, p);
    enum trace_step step = h->walks ? ask_walk(j, h, p) : TRACE_NONE;
    bool alone = h->walks && !h->walk.sure && h->head && held_has_only_blanks(h);
    bool introduces = !h->walks || (alone && join_may_introduce(h->head->record));
    if (step != TRACE_NONE || (!introduces && !is_below_heading(j, h, p)))
        return step;
    bool names = h->walks;
    h->walks = false;
    return ask_intro(j, h, p, names);
}

static uint64_t file_of(const struct placing *p)
{
    return p->line.message.stream->file_key;
}

/* What has gone on in the next file has nothing to do with what is still written to those where it was. */
static bool is_of_file_before(const struct held *h, const struct placing *p)
{
    return held_was_in(h, file_of(p));
}

/*
 * Whether the record is asked for a line of this speaker. A line that names none may be of whoever spoke last; one with
 * a head of its own ends what lines without a name went on with. One that is given back has nothing to do with what has
 * got lines since.
 */
static enum { ASK, PASS_BY, END } relation(const struct held *h, const struct placing *p)
{
    if (p->number < h->newest || is_of_file_before(h, p))
        return PASS_BY;
    if (!p->key.speaker || h->speaker == p->key.speaker || !h->speaker)
        return ASK;
    return h->unnamed ? END : PASS_BY;
}

/* Another file of the same log may be written at the same time: what is there and goes on with nothing here ends
 * nothing here. */
static enum trace_step ask_over(struct join *j, struct held *h, struct placing *p)
{
    const struct trace_walk walk = h->walk;
    bool walks = h->walks;
    enum trace_step step = ask_one(j, h, p);
    if (step != TRACE_NONE)
        return step;
    h->walk = walk;
    h->walks = walks;
    return TRACE_FOREIGN;
}

/* True: it has taken the line. Where that says that it has ended, it is released. */
static bool ask_for(struct join *j, struct held *h, struct placing *p)
{
    int how = relation(h, p);
    enum trace_step step = TRACE_NONE;
    if (how == ASK)
        step = file_of(p) == h->file_now ? ask_one(j, h, p) : ask_over(j, h, p);
    else if (file_of(p) != h->file_now)
        how = PASS_BY;
    if (how == PASS_BY || step == TRACE_FOREIGN)
        return false;
    if (step == TRACE_NONE)
        held_end(j, h);
    else
        take(j, h, p, step);
    return step != TRACE_NONE;
}

/* Those who spoke last first. over: what has gone on in another file so far, else what is of the line's. *own: one of
 * the line's speaker was among them. */
static bool ask_speakers(struct join *j, struct placing *p, bool over, bool *own)
{
    struct join_stream *s = table_get(&j->streams, p->key.stream);
    struct held *h = s ? TAILQ_FIRST(&s->held) : NULL, *next;
    for (unsigned asked = 0; h && asked < ASK_MAX; h = next, asked++) {
        next = TAILQ_NEXT(h, of_stream);
        if ((file_of(p) != h->file_now) != over)
            continue;
        *own |= h->speaker == p->key.speaker;
        if (ask_for(j, h, p))
            return true;
    }
    return false;
}

/* Whether what was held at the end of the file before may go on with it. */
static bool begins_file(const struct placing *p)
{
    enum { BEGIN_MAX = 64 << 10 }; /* many threads may be in the middle of a trace */
    return file_of(p) && p->line.message.offset < BEGIN_MAX;
}

/* Last the line's own speaker, however long ago that was. */
bool join_ask_stream(struct join *j, struct placing *p)
{
    bool own = false;
    if (ask_speakers(j, p, false, &own) || (begins_file(p) && ask_speakers(j, p, true, &own)))
        return true;
    struct held *h = own ? NULL : held_of_speaker(j, &p->key);
    return h && (file_of(p) == h->file_now || begins_file(p)) && ask_for(j, h, p);
}
