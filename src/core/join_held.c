/* join_held: a record that is held, its text and its end. */
#include "core/join_parts.h"
#include "core/trace_shorten.h"

#include <assert.h>
#include <stdlib.h>

#include "base/xalloc.h"

/* Stamps without a fraction jump by a whole second. */
#define RECORD_CLOCK_SLACK_US INT64_C(1000000)

/* --- its domain --- */

static void enter_domain(struct join *j, struct held *h, uint64_t key)
{
    struct join_domain *d = table_get(&j->domains, key);
    if (!d) {
        d = xcalloc(1, sizeof *d);
        d->key = key;
        TAILQ_INIT(&d->held);
        table_put(&j->domains, key, d);
    }
    TAILQ_INSERT_TAIL(&d->held, h, of_domain);
    d->n++;
    h->domain = d;
}

static void note_largest(struct join *j, struct join_domain *d)
{
    if (d->n > JOIN_HELD_MAX / 2 || d->bytes > JOIN_BYTES_MAX / 2)
        j->largest = d;
    else if (j->largest == d)
        j->largest = NULL;
}

static void leave_domain(struct join *j, struct held *h)
{
    struct join_domain *d = h->domain;
    h->domain = NULL;
    TAILQ_REMOVE(&d->held, h, of_domain);
    d->n--;
    d->bytes -= h->bytes;
    note_largest(j, d);
    if (d->n)
        return;
    table_del(&j->domains, d->key);
    free(d);
}

/* What it takes is counted to its domain, as long as its record is there. */
static void account(struct join *j, struct held *h)
{
    size_t now = h->text.cap + h->maybe_bytes + h->n_next * sizeof *h->next;
    if (h->head)
        now += sizeof *h + sizeof *h->stream + kept_bytes(h->head) + (h->prefix ? sizeof *h->prefix : 0);
    j->bytes += now - h->bytes;
    if (h->domain) {
        h->domain->bytes += now - h->bytes;
        note_largest(j, h->domain);
    }
    h->bytes = now;
    h->row.changed = true;
}

/* --- its stream and its time --- */

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

static uint64_t speaker_key(uint64_t stream, uint64_t speaker)
{
    return hash_mix(stream, speaker);
}

struct held *held_of_speaker(const struct join *j, const struct join_key *key)
{
    struct held *h = key->speaker ? table_get(&j->speakers, speaker_key(key->stream, key->speaker)) : NULL;
    return h && h->stream->key == key->stream && h->speaker == key->speaker ? h : NULL;
}

/* Of most lines it tells without their key that nothing waits for them. */
unsigned held_source(const struct stream *s)
{
    return (unsigned)(hash_mix(s->domain, stream_log(s)) % JOIN_SOURCES);
}

static void note_of_any(struct join *j, struct held *h, bool of_any)
{
    j->of_any[h->source] += (unsigned)of_any - (unsigned)h->of_any;
    h->of_any = of_any;
}

/* Lines of other speakers end it, or go on with it. */
void held_set_unnamed(struct join *j, struct held *h, bool unnamed)
{
    h->unnamed = unnamed;
    note_of_any(j, h, unnamed || !h->speaker || h->restored);
}

bool held_may_ask(const struct join *j, const struct stream *s, const struct record *r)
{
    unsigned source = held_source(s);
    if (!j->of_source[source] || j->of_any[source])
        return j->of_source[source];
    unsigned slot = join_speaker_slot(r);
    return !slot || j->of_slot[slot];
}

static void enter_stream(struct join *j, struct held *h, const struct join_key *key, const struct join_line *l)
{
    const struct stream *s = l->message.stream;
    h->source = (uint16_t)held_source(s);
    h->slot = (uint16_t)join_speaker_slot(l->record);
    j->of_source[h->source]++;
    h->stream = stream_of(j, key->stream);
    h->speaker = key->speaker;
    held_set_unnamed(j, h, !h->speaker);
    j->of_slot[h->slot]++;
    TAILQ_INSERT_HEAD(&h->stream->held, h, of_stream);
    if (h->speaker)
        table_put(&j->speakers, speaker_key(key->stream, h->speaker), h);
}

static void leave_stream(struct join *j, struct held *h)
{
    struct join_stream *s = h->stream;
    uint64_t speaker = speaker_key(s->key, h->speaker);
    j->of_source[h->source]--;
    j->of_slot[h->slot]--;
    note_of_any(j, h, false);
    TAILQ_REMOVE(&s->held, h, of_stream);
    if (h->speaker && table_get(&j->speakers, speaker) == h)
        table_del(&j->speakers, speaker);
    if (TAILQ_FIRST(&s->held))
        return;
    table_del(&j->streams, s->key);
    free(s);
}

/* Times of other streams say nothing of it: none of its lines has one. */
static bool is_timeless(const struct join *j, const struct held *h)
{
    return j->setup.record_clock && !h->timed;
}

static int64_t wait_of(const struct join *j, const struct held *h)
{
    return h->opt.wait_us + (j->setup.record_clock && h->no_fraction ? RECORD_CLOCK_SLACK_US : 0);
}

bool held_is_late(const struct join *j, const struct held *h)
{
    return !h->head && j->now_us - h->touched_us >= wait_of(j, h);
}

bool held_still_grows(const struct join *j, const struct held *h)
{
    return h->head && h->walks && !h->n_maybe && h->due_us == h->last_us && h->due_us - h->touched_us < wait_of(j, h);
}

/* As long as it may be, where it has not said yet what was thrown, and where only its last lines are waited for. */
static bool waits_long(const struct join *j, const struct held *h)
{
    return !h->head || (h->walks && !h->n_maybe && trace_awaits_name(j->engine->set, &h->walk));
}

static int64_t due_of(const struct join *j, const struct held *h)
{
    int64_t wait_us = waits_long(j, h) ? JOIN_AGE_MAX_US : wait_of(j, h);
    int64_t due_us = j->now_us + wait_us > h->until_us ? j->now_us + wait_us : h->until_us;
    return due_us < h->last_us ? due_us : h->last_us;
}

/* A line puts it off, which the heap need not know before it was due. Its age begins with the first time it has. */
static void set_due(struct join *j, struct held *h)
{
    bool timeless = is_timeless(j, h);
    if (!timeless && h->head && h->last_us == INT64_MAX)
        h->last_us = j->now_us + JOIN_AGE_MAX_US;
    h->due_us = timeless ? INT64_MAX : due_of(j, h);
    if (!h->due.place || h->due_us < h->due.at_us)
        due_put(&j->due, &h->due, h->due_us);
}

/* It has got a line. */
static void touch(struct join *j, struct held *h, const struct placing *p)
{
    held_set_unnamed(j, h, !p->key.speaker);
    h->touched_us = j->now_us;
    TAILQ_REMOVE(&h->stream->held, h, of_stream);
    TAILQ_INSERT_HEAD(&h->stream->held, h, of_stream);
    h->newest = p->number;
    set_due(j, h);
    account(j, h);
}

/* --- copies of lines --- */

struct kept *held_keep(struct join *j, struct placing *p)
{
    struct kept *k = p->kept;
    if (!k) {
        k = kept_new(&p->line);
        kept_files_add(&j->files, k);
        j->open++;
    }
    k->key = p->key;
    k->number = p->number;
    p->kept = NULL;
    return k;
}

void held_release_line(struct join *j, struct kept *k, bool trace)
{
    struct join_line line = kept_line(k);
    line.trace = trace;
    kept_files_remove(&j->files, k);
    assert(j->open > 0);
    j->open--;
    j->setup.release(j->setup.u, &line);
    kept_free(k);
}

static void drop_kept(struct join *j, struct kept *k)
{
    kept_files_remove(&j->files, k);
    assert(j->open > 0);
    j->open--;
    kept_free(k);
}

/* It has become part of another record. */
static void note_joined(struct join *j, struct held *h, const struct message *m)
{
    held_note_file(j, h, m);
    j->setup.counts->v[COUNT_joined]++;
    if (j->setup.joined)
        j->setup.joined(j->setup.u, m, h->file_key, h->offset);
}

static void merge_kept(struct join *j, struct held *h, struct kept *k)
{
    note_joined(j, h, &k->message);
    drop_kept(j, k);
}

/* --- its text --- */

void held_note_head(struct held *h, const struct record *r, bool headed)
{
    h->headed = headed;
    h->level = r->level;
    h->carried_us = join_line_carried(r);
    int64_t told_us = h->carried_us != RECORD_NO_TIME ? h->carried_us : r->time_us;
    if (told_us != RECORD_NO_TIME) {
        h->timed = true;
        h->no_fraction = told_us % 1000000 == 0;
    }
    h->in_lines = !slice_chr(r->message, '\n');
}

void held_set_prefix(struct held *h, const struct trace_prefix *prefix)
{
    free(h->prefix);
    h->prefix = prefix->n ? xmalloc(sizeof *prefix) : NULL;
    if (prefix->n)
        *h->prefix = *prefix;
    h->knows_prefix = true;
}

struct trace_prefix *held_prefix(struct held *h)
{
    struct trace_prefix prefix = {0};
    if (h->knows_prefix)
        return h->prefix;
    if (h->head)
        join_line_prefix(&prefix, h->head->record);
    held_set_prefix(h, &prefix);
    return h->prefix;
}

static void add_text(struct held *h, struct slice text)
{
    struct slice said = join_line_said(h->head->record); /* a head alone is none of the text */
    if (!h->text.max) {
        sbuf_init(&h->text, h->opt.bytes);
        sbuf_adds(&h->text, slice_sub(said, 0, h->opt.bytes));
    }
    if (said.n || h->lines > 1)
        sbuf_addc(&h->text, '\n');
    sbuf_adds(&h->text, text);
}

static bool has_room(const struct held *h, struct slice text)
{
    size_t now = h->text.max ? h->text.n : h->head->record->message.n;
    return h->lines < h->opt.lines && text.n < h->opt.bytes && now + 1 + text.n <= h->opt.bytes && !h->text.over;
}

/* In the checkpoint that has what becomes of it. */
static void forget_row(struct join *j, struct held *h)
{
    const struct join_row gone = {.key = h->row.key, .closed = true};
    if (!h->row.key)
        return;
    j->row_bytes -= h->row.bytes;
    h->row.key = h->row.bytes = 0;
    j->setup.row(j->setup.u, &gone);
}

static void release_head(struct join *j, struct held *h)
{
    struct kept *k = h->head;
    forget_row(j, h);
    held_forget_next(j, h);
    h->head = NULL;
    if (h->text.max)
        k->record->message = sbuf_slice(&h->text);
    held_release_line(j, k, h->walks && h->walk.sure);
    sbuf_done(&h->text);
    h->text.max = 0;
}

enum { BRIEF_LINE = 250 };

/* While its text is there. */
static void keep_brief(struct join *j, struct held *h)
{
    if (!j->setup.row)
        return;
    struct slice rest = h->text.max ? sbuf_slice(&h->text) : h->head->record->message;
    struct slice first = slice_sub(join_line_next(&rest), 0, BRIEF_LINE);
    ptrdiff_t feed = rest.p ? slice_rfind(rest, SLICE("\n")) : -1;
    struct slice last = rest.p ? slice_sub(slice_from(rest, (size_t)(feed + 1)), 0, BRIEF_LINE) : SLICE_NONE;
    h->brief = xcalloc(1, sizeof *h->brief);
    h->brief->domain = h->head->stream.domain;
    h->brief->ring = stream_log(&h->head->stream);
    sbuf_init(&h->brief->text, 2 * BRIEF_LINE + 1);
    sbuf_adds(&h->brief->text, first);
    if (rest.p)
        sbuf_addc(&h->brief->text, '\n');
    sbuf_adds(&h->brief->text, last);
}

static void enter_spent(struct join *j, struct held *h)
{
    leave_domain(j, h);
    TAILQ_REMOVE(&j->by_age, h, by_age);
    TAILQ_INSERT_TAIL(&j->spent, h, by_age);
    j->n--;
    j->n_spent++;
    h->last_us = INT64_MAX; /* as long as they come */
}

/* The record goes as it is; what is left knows the lines that go on. */
static void spend(struct join *j, struct held *h)
{
    enter_spent(j, h);
    release_head(j, h);
    account(j, h);
}

static void note_cut(struct join *j, struct held *h, size_t bytes)
{
    struct counts *counts = j->setup.counts;
    counts->v[COUNT_cut_traces] += !h->cut;
    counts->v[COUNT_cut_bytes] += bytes;
    h->cut = true;
    if (h->head)
        h->head->record->truncated = true;
}

static void cut_text(struct join *j, struct held *h)
{
    note_cut(j, h, 0);
    keep_brief(j, h);
    spend(j, h);
}

/* What is in the middle makes room. */
static void shorten(struct join *j, struct held *h)
{
    size_t from, n = trace_shorten(sbuf_slice(&h->text), h->opt.lines, h->opt.bytes, &from);
    if (!n)
        return;
    note_cut(j, h, n);
    h->lines -= join_line_count(slice_sub(sbuf_slice(&h->text), from, from + n)) - 1; /* it ends with a line feed */
    memmove(h->text.p + from, h->text.p + from + n, h->text.n - from - n);
    h->text.n -= n;
    h->text.over = false;
}

/* For the line, or as much of it as there can be. */
static struct slice make_room(struct join *j, struct held *h, struct slice text)
{
    size_t most = h->opt.bytes / 4 - 1;
    if (has_room(h, text))
        return text;
    if (text.n > most)
        note_cut(j, h, text.n - most);
    text = slice_sub(text, 0, most);
    if (h->text.max && !has_room(h, text))
        shorten(j, h);
    return text;
}

static void take_text(struct join *j, struct held *h, struct slice text)
{
    if (h->head)
        text = make_room(j, h, text);
    if (h->head && !has_room(h, text))
        cut_text(j, h);
    if (!h->head) {
        note_cut(j, h, text.n);
        return;
    }
    add_text(h, text);
    h->lines += join_line_count(text);
    h->head->record->lines += join_line_count(text);
}

/* Provisional lines are part of it after all. */
static void merge_maybe(struct join *j, struct held *h)
{
    for (struct kept *k; (k = TAILQ_FIRST(&h->maybe));) {
        TAILQ_REMOVE(&h->maybe, k, link);
        take_text(j, h, k->said);
        merge_kept(j, h, k);
    }
    h->n_maybe = 0;
    h->maybe_bytes = 0;
}

void held_take(struct join *j, struct held *h, struct placing *p)
{
    h->file_now = p->line.message.stream->file_key; /* a copy of the line goes with its stream */
    merge_maybe(j, h);
    take_text(j, h, p->said);
    if (p->kept)
        merge_kept(j, h, p->kept);
    else
        note_joined(j, h, &p->line.message);
    p->kept = NULL;
    touch(j, h, p);
}

void held_take_maybe(struct join *j, struct held *h, struct placing *p)
{
    struct kept *k = held_keep(j, p);
    h->file_now = p->line.message.stream->file_key;
    k->said = arena_dup(&k->arena, p->said);
    TAILQ_INSERT_TAIL(&h->maybe, k, link);
    h->n_maybe++;
    h->maybe_bytes += kept_bytes(k);
    touch(j, h, p);
}

/* --- its life --- */

struct held *held_begin(struct join *j, struct placing *p)
{
    struct held *h = xcalloc(1, sizeof *h);
    enter_stream(j, h, &p->key, &p->line);
    h->opt = *p->line.message.stream->join;
    h->of_file = p->line.message.stream->file_key != 0;
    h->by_position = p->line.message.stream->by_position;
    h->head_bytes = join_line_head_bytes(p->line.record);
    h->head = held_keep(j, p);
    h->file_key = h->head->stream.file_key;
    h->offset = h->head->message.offset;
    h->file_now = h->file_key;
    h->newest = p->number;
    h->lines = join_line_count(h->head->record->message);
    h->indent = p->line.record->indent;
    h->walks = p->opening == OPENS;
    h->walk = p->walk;
    held_note_head(h, p->line.record, p->line.record->headed);
    h->begun_us = h->touched_us = j->now_us;
    h->last_us = INT64_MAX;
    TAILQ_INIT(&h->maybe);
    enter_domain(j, h, p->line.message.stream->domain);
    TAILQ_INSERT_TAIL(&j->by_age, h, by_age);
    j->n++;
    set_due(j, h);
    account(j, h);
    return h;
}

static void give_back(struct join *j, struct held *h)
{
    for (struct kept *k; (k = TAILQ_LAST(&h->maybe, kept_list));) {
        TAILQ_REMOVE(&h->maybe, k, link);
        TAILQ_INSERT_HEAD(&j->back, k, link);
    }
    h->n_maybe = 0;
    h->maybe_bytes = 0;
}

static void leave(struct join *j, struct held *h)
{
    TAILQ_REMOVE(h->head ? &j->by_age : &j->spent, h, by_age);
    *(h->head ? &j->n : &j->n_spent) -= 1;
    due_take(&j->due, &h->due);
    leave_stream(j, h);
    if (h->domain)
        leave_domain(j, h);
    j->bytes -= h->bytes;
}

void held_end(struct join *j, struct held *h)
{
    leave(j, h);
    give_back(j, h);
    if (h->head)
        release_head(j, h);
    else
        forget_row(j, h);
    sbuf_done(&h->text);
    if (h->brief)
        sbuf_done(&h->brief->text);
    free(h->brief);
    free(h->prefix);
    free(h);
}

void held_wait(struct join *j, struct held *h, int64_t us)
{
    h->until_us = j->now_us + us;
    h->last_us = h->last_us > h->until_us ? h->last_us : h->until_us;
    set_due(j, h);
}

void held_cut(struct join *j, struct held *h)
{
    cut_text(j, h);
    set_due(j, h);
}

void held_spend_again(struct join *j, struct held *h)
{
    keep_brief(j, h);
    enter_spent(j, h);
    held_forget_next(j, h);
    drop_kept(j, h->head);
    h->head = NULL;
    h->cut = true;
    set_due(j, h);
    account(j, h);
    if (!h->walks) /* to the grammars of now */
        held_end(j, h);
}

bool held_has_only_blanks(const struct held *h)
{
    const struct kept *k;
    TAILQ_FOREACH (k, &h->maybe, link)
        if (slice_trim(k->said).n)
            return false;
    return true;
}

/* Another record behind it has ended it. An empty line has not; it is placed anew, and not here. */
void held_let_go(struct join *j, struct held *h)
{
    if (!h->walks || !h->head || !held_has_only_blanks(h)) {
        held_end(j, h);
        return;
    }
    give_back(j, h);
    h->newest++;
    keep_brief(j, h);
    spend(j, h);
    set_due(j, h);
}

/* Provisional lines have to be placed anew, which they could not be beside it. */
void held_evict(struct join *j, struct held *h)
{
    j->setup.counts->v[COUNT_early_traces]++;
    if (h->walks && !h->n_maybe) {
        h->head->record->truncated = h->cut = true;
        spend(j, h);
        set_due(j, h);
    } else {
        held_end(j, h);
    }
}
