/* join_ask: what is held is asked whether a line is part of it, and a line whether a trace begins in it. */
#include "core/join_parts.h"

enum {
    ASK_MAX = 8,    /* of what is held of a stream, for one line */
    BETWEEN_MAX = 4 /* lines of a record that a trace follows, behind its first */
};

static struct slice next_line(struct slice *rest)
{
    struct slice line = slice_split(rest, '\n');
    return slice_ends(line, SLICE("\r")) ? slice_sub(line, 0, line.n - 1) : line;
}

void join_ask_opening(struct join *j, struct placing *p)
{
    struct slice rest = p->line.record->message;
    enum trace_step step = TRACE_NONE;
    bool any = false;
    if (p->opening != NOT_ASKED)
        return;
    p->opening = PLAIN;
    if (j->setup.may_open ? !j->setup.may_open(j->setup.u, &p->line)
                          : !trace_may_open(j->engine->set, j->engine->scratch, rest, p->line.message.ahead))
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

/* A line that says more than that it goes on: it is of the one that introduces it where its level allows, and what a
 * server has put before both, and where not both are records that name an exception. */
static bool is_introduced(const struct held *h, const struct placing *p, bool names)
{
    const struct record *r = p->line.record, *intro = h->head->record;
    if (p->walk.before == TRACE_BEFORE_HEADING || !r->headed)
        return true;
    bool level = r->level == LEVEL_NONE || r->level == intro->level;
    return !names && level && trace_begins_alike(&p->walk, intro->message);
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
    struct slice rest = held_said(r), line = next_line(&rest);
    struct trace_walk walk = h->walk;
    if (trace_is_full(&walk))
        walk.lines = walk.bytes = 0;
    enum trace_step step = walk_rest(j, &walk, rest, trace_next(j->engine->set, j->engine->scratch, &walk, line));
    bool any_text = line.n && (step == TRACE_MAYBE || walk.any_text);
    /* What may be any text is a record of its own where the line above has no head, or one of another level, */
    if (any_text && r->headed && (!h->headed || r->level != h->level))
        return TRACE_NONE;
    if (any_text && !h->in_lines) /* and where the sender sends line feeds within a message. */
        return TRACE_NONE;
    if (step == TRACE_NONE || step == TRACE_FOREIGN)
        return step;
    h->walk = walk;
    held_note_head(h, r);
    return step;
}

/* A line without a head, behind a record that has one: the record may go on with it, to the trace. No trace has two
 * empty lines before it. */
static bool may_lie_between(const struct held *h, const struct placing *p)
{
    const struct kept *last = TAILQ_LAST(&h->maybe, kept_list);
    if (h->n_maybe >= BETWEEN_MAX || p->line.record->headed)
        return false;
    if (p->line.blank)
        return !(last && last->blank);
    return h->in_lines && h->headed;
}

static enum trace_step ask_intro(struct join *j, struct held *h, struct placing *p, bool names)
{
    if (p->line.blank && may_lie_between(h, p)) /* Rust begins with an empty line */
        return TRACE_MAYBE;
    join_ask_opening(j, p);
    if (p->opening == PLAIN && may_lie_between(h, p))
        return TRACE_MAYBE;
    if (p->opening == PLAIN || !is_introduced(h, p, names))
        return TRACE_NONE;
    h->walks = true;
    h->walk = p->walk;
    held_note_head(h, p->line.record);
    trace_follows(&h->walk, h->head->record->raw);
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
    if (step != TRACE_NONE || (h->walks && !(alone && join_may_introduce(h->head->record))))
        return step;
    bool names = h->walks;
    h->walks = false;
    return ask_intro(j, h, p, names);
}

/*
 * Whether the record is asked for a line of this speaker. A line that names none may be of whoever spoke last; one with
 * a head of its own ends what lines without a name went on with. One that is given back has nothing to do with what has
 * got lines since.
 */
static enum { ASK, PASS_BY, END } relation(const struct held *h, const struct placing *p)
{
    if (p->number < h->newest)
        return PASS_BY;
    if (!p->key.speaker || h->speaker == p->key.speaker || !h->speaker)
        return ASK;
    return h->unnamed ? END : PASS_BY;
}

/* True: it has taken the line. Where that says that it has ended, it is released. */
static bool ask_for(struct join *j, struct held *h, struct placing *p)
{
    int how = relation(h, p);
    enum trace_step step = how == ASK ? ask_one(j, h, p) : TRACE_NONE;
    if (how == PASS_BY || step == TRACE_FOREIGN)
        return false;
    if (step == TRACE_NONE)
        held_end(j, h);
    else
        take(j, h, p, step);
    return step != TRACE_NONE;
}

/* Those who spoke last first; then the line's own speaker, however long ago that was. */
bool join_ask_stream(struct join *j, struct placing *p)
{
    struct join_stream *s = table_get(&j->streams, p->key.stream);
    struct held *h = s ? TAILQ_FIRST(&s->held) : NULL, *next;
    bool own = false;
    for (unsigned asked = 0; h && asked < ASK_MAX; h = next, asked++) {
        next = TAILQ_NEXT(h, of_stream);
        own |= h->speaker == p->key.speaker;
        if (ask_for(j, h, p))
            return true;
    }
    h = own ? NULL : held_of_speaker(j, &p->key);
    return h && ask_for(j, h, p);
}
