#include "core/join.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/join_parts.h"
#include "parsers/parser.h"

/* --- placing --- */

/* The walk is written when it is asked for. */
static void placing_init(struct placing *p, const struct join_line *line, struct kept *kept)
{
    p->line = *line;
    p->kept = kept;
    p->number = kept ? kept->number : 0;
    p->key = (struct join_key){0};
    p->opening = NOT_ASKED;
    p->heading = SLICE_NONE;
}

/* It cannot be part of a trace, nor stand before one. */
static bool is_apart(const struct join_line *l)
{
    const struct record *r = l->record;
    const struct stream *s = l->message.stream;
    const struct format_traits *traits = format_traits(r->format);
    bool whole = traits->access || (traits->whole && s->seen.last == r->format); /* in no carrier of lines */
    return !s->join || !s->join->on || r->partial || l->blank || whole;
}

/* A record that nothing held has taken. True: it is held. */
static bool begin(struct join *j, struct placing *p)
{
    const struct record *r = p->line.record;
    if (j->flushing || p->line.alien || p->line.message.read == MESSAGE_AGAIN || is_apart(&p->line) ||
        slice_chr(r->full_message, '\n'))
        return false;
    join_ask_opening(j, p);
    bool introduces = p->opening == PLAIN && join_may_introduce(r);
    if (p->opening != OPENS && !introduces)
        return false;
    if (!p->key.stream)
        p->key = join_key_of(&j->setup.secret, p->line.message.stream, r);
    held_begin(j, p);
    return true;
}

/* False: nothing that is held is asked for it, of which most lines are told without their key. */
static bool may_be_asked(const struct join *j, const struct join_line *l)
{
    const struct stream *s = l->message.stream;
    return join_waits_for(j, s) && held_may_ask(j, s, l->record);
}

/*
 * journalctl and its like put as many blanks before each further line of a message as its head has bytes. So whose line
 * it is tells the record above, of those that were begun last in its stream.
 */
static const struct held *indented_below(const struct join *j, const struct placing *p)
{
    enum { LOOKED_AT_MAX = 8 };
    const struct stream *s = p->line.message.stream;
    const struct record *r = p->line.record;
    size_t blanks = join_line_indent(r);
    const struct held *h = blanks ? TAILQ_LAST(&j->by_age, held_list) : NULL;
    for (unsigned n = 0; h && n < LOOKED_AT_MAX; h = TAILQ_PREV(h, held_list, by_age), n++)
        if (h->head_bytes && h->head_bytes <= blanks && h->source == held_source(s) && h->file_now == s->file_key)
            return h;
    return NULL;
}

static void find_key(struct join *j, struct placing *p)
{
    const struct held *above = indented_below(j, p);
    if (above) {
        p->key = (struct join_key){above->stream->key, above->speaker};
        slice_skip(&p->line.record->message, above->head_bytes);
    } else {
        p->key = join_key_of(&j->setup.secret, p->line.message.stream, p->line.record);
    }
}

static bool ask(struct join *j, struct placing *p)
{
    if (!join_waits_for(j, p->line.message.stream))
        return false;
    if (!p->key.stream)
        find_key(j, p);
    return join_ask_stream(j, p);
}

/* Lines given back come before the one that is placed; those that one of them brings back, before it. */
static void place_back(struct join *j)
{
    for (struct kept *k; (k = TAILQ_FIRST(&j->back));) {
        const struct join_line line = kept_line(k);
        struct placing p;
        placing_init(&p, &line, k);
        p.key = k->key;
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
            held_release_line(j, k, p.opening == OPENED_AND_ENDED);
    }
}

/* What has to go first. Where there are no records but provisional lines, and of what is spent, the longest there. */
static struct held *in_excess(const struct join *j)
{
    struct held *oldest = TAILQ_FIRST(j->largest ? &j->largest->held : &j->by_age);
    if (j->n > JOIN_HELD_MAX || (j->bytes > JOIN_BYTES_MAX && oldest))
        return oldest;
    return j->n_spent > JOIN_SPENT_MAX || j->bytes > JOIN_BYTES_MAX ? TAILQ_FIRST(&j->spent) : NULL;
}

static void keep_within_caps(struct join *j)
{
    for (struct held *h; (h = in_excess(j));) {
        if (h->head)
            held_evict(j, h);
        else
            held_end(j, h);
        place_back(j);
    }
}

static __attribute__((noinline)) bool place(struct join *j, struct join_line *line, int64_t now_us)
{
    struct placing p;
    bool taken;
    placing_init(&p, line, NULL);
    p.number = ++j->n_lines;
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

/* Nothing waits, and it neither begins a trace nor stands before one: most lines. */
static bool is_plain(const struct join *j, const struct join_line *l)
{
    return !l->blank && !join_may_introduce(l->record) && j->setup.may_open && !may_be_asked(j, l) &&
           !j->setup.may_open(j->setup.u, l);
}

bool join_feed(struct join *j, struct join_line *line, int64_t now_us)
{
    return (line->blank || !is_apart(line)) && !is_plain(j, line) && place(j, line, now_us);
}

static bool join_waits(const struct join *j)
{
    return j->n + j->n_spent > 0;
}

bool join_waits_for(const struct join *j, const struct stream *s)
{
    return join_waits(j) && (!s || j->of_source[held_source(s)] > 0);
}

/* --- time --- */

static bool waits_for_its_turn(const struct join *j, const struct held *h)
{
    return h->head && j->now_us - h->begun_us < JOIN_UNREAD_MAX_US &&
           (j->stalled || (h->of_file && kept_files_is_unread(&j->files, h->head->stream.file_key)));
}

static void expire(struct join *j, struct held *h)
{
    if (waits_for_its_turn(j, h))
        held_wait(j, h, h->opt.wait_us);
    else if (held_still_grows(j, h))
        held_cut(j, h);
    else
        held_let_go(j, h);
}

void join_unread(struct join *j, uint64_t file_key, bool unread)
{
    kept_files_unread(&j->files, file_key, unread);
}

void join_stall(struct join *j, bool stalled)
{
    j->stalled = stalled;
}

static struct held *first_due(const struct join *j)
{
    struct due_item *item = due_first(&j->due);
    return item ? (struct held *)((char *)item - offsetof(struct held, due)) : NULL;
}

int64_t join_tick(struct join *j, int64_t now_us)
{
    j->now_us = now_us;
    for (struct held *h; (h = first_due(j)) && h->due.at_us <= now_us;) {
        if (h->due_us <= now_us)
            expire(j, h);
        else
            due_put(&j->due, &h->due, h->due_us);
    }
    place_back(j);
    keep_within_caps(j);
    return join_due(j);
}

int64_t join_due(const struct join *j)
{
    const struct held *h = first_due(j);
    return h ? h->due.at_us : INT64_MAX;
}

static struct held *first_held_of(const struct join *j, uint64_t file_key)
{
    struct held *h;
    TAILQ_FOREACH (h, &j->by_age, by_age)
        if (h->file_key == file_key)
            return h;
    TAILQ_FOREACH (h, &j->spent, by_age)
        if (h->file_key == file_key)
            return h;
    return NULL;
}

void join_leave(struct join *j, uint64_t file_key)
{
    for (struct held *h; (h = first_held_of(j, file_key));) {
        held_end(j, h);
        place_back(j); /* as in join_flush */
    }
}

void join_flush(struct join *j)
{
    for (struct held *h; (h = TAILQ_FIRST(&j->by_age)) || (h = TAILQ_FIRST(&j->spent));) {
        held_end(j, h);
        place_back(j); /* a trace may begin in what comes back, which is always less than there was */
    }
    assert(!join_waits(j) && !j->bytes && !j->open);
}

/* --- the store --- */

void join_checkpoint(struct join *j)
{
    if (!j->setup.row)
        return;
    join_rows_clear(j);
    place_back(j);
    join_rows_tell(j);
    j->flushing = true; /* what has no row now would have none in this checkpoint */
    place_back(j);
    j->flushing = false;
}

unsigned join_restore(struct join *j, const struct join_row *row, int64_t now_us)
{
    j->now_us = now_us;
    unsigned lines = join_rows_restore(j, row);
    place_back(j);
    keep_within_caps(j);
    return lines;
}

/* --- its life --- */

struct join *join_new(const struct join_setup *setup, const struct trace_engine *engine)
{
    struct join *j = xcalloc(1, sizeof *j);
    j->setup = *setup;
    j->engine = engine;
    TAILQ_INIT(&j->by_age);
    TAILQ_INIT(&j->spent);
    TAILQ_INIT(&j->back);
    sbuf_init(&j->row, JOIN_ROWS_BYTES_MAX);
    return j;
}

static void join_forget(void *u, const struct join_line *line)
{
    (void)u, (void)line;
}

static void join_forget_row(void *u, const struct join_row *row)
{
    (void)u, (void)row;
}

void join_free(struct join *j)
{
    j->setup.release = join_forget;
    j->setup.row = join_forget_row;
    j->flushing = true;
    join_flush(j);
    table_done(&j->streams);
    table_done(&j->domains);
    table_done(&j->speakers);
    due_done(&j->due);
    kept_files_free(&j->files);
    sbuf_done(&j->row);
    free(j);
}

uint64_t join_open(const struct join *j)
{
    return j->open;
}

unsigned join_held(const struct join *j, uint64_t file_key, uint64_t *offsets, unsigned max)
{
    unsigned n = kept_files_offsets(&j->files, file_key, offsets, max);
    return held_next_offsets(j, file_key, offsets, n, max);
}
