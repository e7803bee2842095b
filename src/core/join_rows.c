/* join_rows: what is held of records that cannot be read again, told to the store and taken up again; and of what trace
 * the rest of the lines is swallowed. */
#include "core/join_codec.h"
#include "core/join_parts.h"

/* --- telling --- */

static uint64_t run_key(const struct join *j, const struct kept *k)
{
    return k->stream.run_key ? k->stream.run_key : j->setup.run_key;
}

static struct slice text_of(const struct held *h)
{
    return h->text.max ? sbuf_slice(&h->text) : h->head->record->message;
}

static struct join_codec_held codec_held(const struct held *h)
{
    return (struct join_codec_held){.key = {.stream = h->stream->key, .speaker = h->speaker},
                                    .unnamed = h->unnamed,
                                    .in_lines = h->in_lines,
                                    .headed = h->headed,
                                    .after_record = h->walks && h->walk.after_record,
                                    .indent = (uint8_t)h->indent,
                                    .level = h->level,
                                    .spent = !h->head,
                                    .opt = h->opt};
}

static void write_row(struct join *j, const struct held *h)
{
    struct join_codec_writer w = {.scrub = j->setup.scrub, .out = &j->row};
    const struct join_codec_held held = codec_held(h);
    struct kept *k;
    sbuf_init(&w.record, RECORD_CODEC_MAX);
    join_codec_begin(&w, &held);
    join_codec_add(&w, h->head, text_of(h), run_key(j, h->head));
    TAILQ_FOREACH (k, &h->maybe, link)
        join_codec_add(&w, k, k->record->message, run_key(j, k));
    sbuf_done(&w.record);
    arena_done(&w.arena);
}

enum { ROW_BYTES = 512 }; /* as the store reckons, beside what is in it */

static bool fits(const struct join *j, const struct held *h, size_t bytes)
{
    return j->row_bytes - h->row.bytes + bytes <= JOIN_ROWS_BYTES_MAX;
}

static void write_brief(struct join *j, const struct held *h)
{
    struct join_codec_writer w = {.scrub = j->setup.scrub, .out = &j->row};
    const struct join_codec_held held = codec_held(h);
    const struct join_codec_brief brief = {.domain = h->brief->domain,
                                           .ring = h->brief->ring,
                                           .text = sbuf_slice(&h->brief->text),
                                           .prefix = h->prefix ? trace_prefix_text(h->prefix) : SLICE_NONE};
    join_codec_begin(&w, &held);
    join_codec_add_brief(&w, &brief);
    arena_done(&w.arena);
}

static void put_row(struct join *j, struct held *h, uint64_t key, unsigned lines)
{
    size_t bytes = j->row.n + ROW_BYTES;
    j->row_bytes += bytes - h->row.bytes;
    h->row.bytes = bytes;
    h->row.key = key | 1;
    h->row.changed = false;
    const struct join_row row = {
        .key = h->row.key, .last_us = h->touched_us, .lines = lines, .held = scrubbed_vouch(sbuf_slice(&j->row))};
    j->setup.row(j->setup.u, &row);
}

/* False: there is no room for it. What has been told of it before stays. */
static bool tell(struct join *j, struct held *h)
{
    const struct kept *k = h->head;
    if (!fits(j, h, text_of(h).n + ROW_BYTES))
        return false;
    write_row(j, h);
    if (j->row.over || !fits(j, h, j->row.n + ROW_BYTES))
        return false;
    put_row(j, h, hash_mix(run_key(j, k), k->message.offset), 1 + h->n_maybe);
    return true;
}

/* Once: a line more of it would change nothing. Most traces that are let go were whole, and need none. */
static void tell_spent(struct join *j, struct held *h)
{
    bool wanted = h->cut && h->brief && !h->row.key;
    if (!wanted || !fits(j, h, h->brief->text.n + TRACE_PREFIX_MAX + ROW_BYTES))
        return;
    write_brief(j, h);
    if (!j->row.over)
        put_row(j, h, hash_mix(hash_mix(j->setup.run_key, h->stream->key), h->newest), 0);
}

static void refuse(struct join *j, struct held *h)
{
    if (h->by_position) {
        held_end(j, h);
        return;
    }
    j->setup.counts->v[COUNT_unkept_traces] += !h->row.refused;
    h->row.refused = true;
}

void join_rows_clear(struct join *j)
{
    struct held *next;
    for (struct held *h = TAILQ_FIRST(&j->spent); h; h = next) {
        next = TAILQ_NEXT(h, by_age);
        if (!h->of_file && h->n_maybe)
            held_end(j, h);
    }
}

/* Once there is no room, nothing new is tried: that it does not fit would have to be found out for each. */
void join_rows_tell(struct join *j)
{
    struct held *next;
    bool full = false;
    for (struct held *h = TAILQ_FIRST(&j->by_age); h; h = next) {
        next = TAILQ_NEXT(h, by_age);
        if (h->of_file || !h->row.changed)
            continue;
        bool told = (!full || h->row.key) && tell(j, h);
        full |= !told;
        if (!told)
            refuse(j, h);
    }
    for (struct held *h = TAILQ_FIRST(&j->spent); h; h = TAILQ_NEXT(h, by_age))
        tell_spent(j, h);
}

/* --- taking up --- */

/* The grammars of now are asked what the text is to them. */
static struct held *hold_again(struct join *j, const struct join_codec_reader *in)
{
    const struct join_codec_held *was = &in->held;
    struct placing p = {.line = in->line, .key = was->key};
    join_ask_opening(j, &p);
    struct held *h = held_begin(j, &p);
    h->opt = was->opt;
    h->restored = true;
    held_set_unnamed(j, h, was->unnamed);
    h->in_lines = was->in_lines;
    h->headed = was->headed;
    h->level = was->level;
    h->indent = was->indent;
    h->carried_us = RECORD_NO_TIME; /* that is of its first line */
    h->walk.after_record |= was->after_record;
    return h;
}

static void take_up(struct join *j, const struct join_codec_reader *in, const struct join_row *row)
{
    struct held *h = hold_again(j, in);
    held_wait(j, h, JOIN_RESTORED_WAIT_US);
    h->row.key = row->key;
    h->row.bytes = row->held.text.n + ROW_BYTES;
    h->row.changed = false;
    j->row_bytes += h->row.bytes;
}

/* Its row goes: it is told again when it has to be. */
static void take_up_spent(struct join *j, const struct join_codec_reader *in)
{
    struct trace_prefix prefix;
    struct held *h = hold_again(j, in);
    prefix.n = (uint8_t)(in->prefix.n < TRACE_PREFIX_MAX ? in->prefix.n : 0);
    if (prefix.n)
        memcpy(prefix.v, in->prefix.p, prefix.n);
    held_set_prefix(h, &prefix);
    held_spend_again(j, h);
}

static void wait_for_place(struct join *j, const struct join_codec_reader *in)
{
    struct placing p = {.line = in->line, .key = in->held.key};
    struct kept *k = held_keep(j, &p);
    TAILQ_INSERT_TAIL(&j->back, k, link);
}

unsigned join_rows_restore(struct join *j, const struct join_row *row)
{
    struct join_codec_reader in;
    unsigned lines = 0;
    if (!join_codec_open(&in, row->held.text))
        return 0;
    if (in.held.spent && join_codec_next(&in))
        take_up_spent(j, &in);
    for (; !in.held.spent && lines <= TRACE_MAYBE_MAX && join_codec_next(&in); lines++) {
        if (!lines)
            take_up(j, &in, row);
        else
            wait_for_place(j, &in);
    }
    join_codec_close(&in);
    return lines;
}
