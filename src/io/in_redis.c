/*
 * in_redis: entries of Redis streams, shared out among the members of a group.
 *
 * A group of Redis shares out entries; lines that belong together must stay together, so each stream has one owner, by
 * a lease with a fencing number: a key that expires after REDIS_LEASE_MS unless its owner renews it. Members that are
 * alive count themselves, and each takes its share of the streams. What is acknowledged, and how far the stream has
 * been judged, is written by a script that asks for lease and number first, so that an owner who was stopped and wakes
 * writes nothing.
 *
 * A stream is a position as a file is: what has been judged of it is stored with the events made of it, and
 * acknowledged after that. Whoever gets it next takes what was handed out and not acknowledged (XAUTOCLAIM), which is
 * judged as far as the position goes. Ids of events are made of the Redis, the stream and the entry's id, so that
 * whoever judges an entry makes the same event.
 *
 * Bounds: REDIS_ANSWER_BYTES of entries at a time, REDIS_UNACKED_MAX of a stream that wait to be stored. Worker thread
 * only.
 */
#include "io/input.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/clock.h"
#include "io/redis_entry.h"
#include "io/redis_group.h"
#include "io/redis_lost.h"
#include "io/redis_remedy.h"

enum {
    REDIS_RENEW_MS = 3000,
    REDIS_LOOK_MS = 50,
    REDIS_NUMBERS_MS = 2000,
    REDIS_SILENT_MS = 5000,
    REDIS_FLUSH_MS = 500,
    REDIS_ANSWER_BYTES = 16 << 20,
    REDIS_ENTRY_BYTES = 15 << 20, /* the largest that is sure to be in an answer */
    REDIS_FEWER = 8,              /* so many times fewer entries are asked for after an answer that was too large */
};

struct in_redis {
    struct input input;
    const struct input_options *opt;
    struct input_sink sink;
    struct redis_group group;
    struct event *look;
    struct redis_stream **streams;
    unsigned n_streams;
    struct redis_known known;
    char cluster[40]; /* a name that the Redis was given by the first member; empty: not known yet */
    bool ready, paused, caught_up;
    unsigned alive;
    int64_t members_ms;
    struct sbuf text;
    struct redis_entries entries;
};

static unsigned index_of(const struct in_redis *in, const struct redis_stream *s)
{
    unsigned i = 0;
    while (in->streams[i] != s)
        i++;
    return i;
}

/* --- what goes wrong --- */

static void trouble(struct in_redis *in, const char *why)
{
    in->sink.counts->v[COUNT_redis_errors]++;
    input_trouble(&in->input, &in->sink, "%s", why);
    log_warn("Redis: something is wrong; it is tried again", log_c("input", in->opt->text),
             log_c("redis", in->opt->redis.where.at.shown), log_c("why", why), log_c("remedy", redis_remedy(why)));
}

/* How many are in one of these phases; those that are asked for count as begun. */
static unsigned streams_in(const struct in_redis *in, enum redis_phase from, enum redis_phase to)
{
    unsigned n = 0;
    for (unsigned i = 0; i < in->n_streams; i++) {
        const struct redis_stream *s = in->streams[i];
        enum redis_phase phase = s->phase == REDIS_OTHERS && s->asked ? REDIS_BEGINS : s->phase;
        n += phase >= from && phase <= to;
    }
    return n;
}

static void note_owned(struct in_redis *in)
{
    in->input.partitions = streams_in(in, REDIS_CLAIMS, REDIS_READS);
    in->input.changed = true;
}

/* What is open of it may be finished by the next owner: it is let go as it is. */
static void lose(struct in_redis *in, struct redis_stream *s)
{
    if (s->phase == REDIS_OTHERS)
        return;
    if (s->part && in->sink.leave)
        in->sink.leave(in->sink.u, s->part->stream.file_key);
    redis_stream_let_go(s);
    note_owned(in);
}

/* --- whose a stream is --- */

static unsigned share(const struct in_redis *in)
{
    return in->alive ? (in->n_streams + in->alive - 1) / in->alive : in->n_streams;
}

static void ask_lease(struct in_redis *in, struct redis_stream *s, int64_t now_ms)
{
    s->asked = redis_group_ask_lease(&in->group, index_of(in, s), s);
    s->renew_ms = now_ms + REDIS_RENEW_MS;
}

static void begin(struct in_redis *in, struct redis_stream *s)
{
    s->phase = REDIS_BEGINS;
    in->sink.counts->v[COUNT_redis_leases]++;
    note_owned(in);
    redis_group_begin(&in->group, index_of(in, s), s, in->opt->redis.from_end);
}

static bool on_lease(struct in_redis *in, struct redis_stream *s, const struct redis_value *v)
{
    int64_t fence = redis_integer(v, 0), now_ms = clock_mono_ms();
    if (!redis_stream_answered(s))
        return v->type == REDIS_ARRAY;
    if (!fence) {
        in->sink.counts->v[COUNT_redis_leases_lost] += s->phase != REDIS_OTHERS;
        lose(in, s);
        s->try_ms = now_ms + 1000;
        return v->type == REDIS_ARRAY;
    }
    if (s->phase != REDIS_OTHERS && s->fence_number != fence) { /* it had been another's meanwhile */
        in->sink.counts->v[COUNT_redis_leases_lost]++;
        lose(in, s);
    }
    s->fence_number = fence;
    s->until_ms = s->renew_ms - REDIS_RENEW_MS + REDIS_LEASE_MS;
    if (s->phase == REDIS_OTHERS && !in->input.leaves)
        begin(in, s);
    return true;
}

/* --- where it begins --- */

/* place: what the last owner has written. gone: entries that were gone before the group was made, if it is new. */
static void begin_at(struct in_redis *in, struct redis_stream *s, const struct redis_value *place, int64_t gone)
{
    if (!s->part)
        s->part = partition_new(s->name, 0, in->cluster, in->opt);
    struct partition *p = s->part;
    const struct kafka_at at = {
        .topic = s->name, .offset = redis_number(place, 0, KAFKA_NONE), .text = redis_text(place, 1)};
    uint64_t before = p->begun ? p->place.offset : 0;
    if (!partition_go_on(p, &at, redis_known_find(&in->known, p->name)))
        partition_begin(p, 0);
    p->here = true;
    if (before && p->place.offset == before) { /* nobody else had it: what it has open is known here, and its numbers */
        p->read_to = before;
        return;
    }
    if (in->sink.forget)
        in->sink.forget(in->sink.u, p->stream.file_key);
    /* What it had open is read once more first. */
    p->read_to = 0;
    /* Numbers are of the place beside which they stand. */
    bool same = at.offset < 0 || (uint64_t)at.offset == p->place.offset;
    s->judged = same ? (uint64_t)redis_number(place, 2, 0) : 0;
    s->base = same ? redis_number(place, 3, gone) : -1;
}

static bool on_begin(struct in_redis *in, struct redis_stream *s, const struct redis_value *v)
{
    const struct redis_value *place = redis_member(v, 0);
    if (v->type == REDIS_ERROR) { /* of this stream: it is something else, or may not be read */
        char why[INPUT_ERROR_MAX];
        snprintf(why, sizeof why, "%s: %.*s", s->name, SLICE_ARG(slice_sub(v->text, 0, 160)));
        trouble(in, why);
        redis_stream_let_go(s);
        s->try_ms = clock_mono_ms() + REDIS_LEASE_MS;
        return true;
    }
    if (v->type != REDIS_ARRAY || s->phase != REDIS_BEGINS)
        return v->type == REDIS_ARRAY;
    begin_at(in, s, place, redis_integer(v, 1));
    s->phase = REDIS_CLAIMS;
    note_owned(in);
    snprintf(s->cursor, sizeof s->cursor, "0-0");
    log_info("a stream is read", log_c("input", in->opt->text), log_c("stream", s->name),
             log_i("fence", s->fence_number), log_i("members", in->alive));
    return true;
}

/* --- entries --- */

static void hand_on(struct in_redis *in, struct redis_stream *s, const struct redis_value *fields, uint64_t offset,
                    int64_t time_us)
{
    struct redis_beside beside;
    size_t max = in->opt->max_message_bytes;
    struct slice text = redis_entry_message(&in->entries, s->name, fields, beside.v, &beside.n);
    const struct message m = {.stream = &s->part->stream,
                              .text = slice_sub(text, 0, max),
                              .truncated_bytes = text.n > max ? text.n - max : 0,
                              .lines = 1,
                              .offset = offset,
                              .end = offset + 1,
                              .received_us = time_us,
                              .beside = redis_beside,
                              .carrier = &beside,
                              .read = partition_reading(s->part, offset)};
    s->judged += m.read == MESSAGE_NEW;
    input_message(&in->sink, &in->input, &m);
    partition_took(s->part, &(struct kafka_message){.offset = (int64_t)offset, .time_us = time_us, .value = text});
}

static void take_entry(struct in_redis *in, struct redis_stream *s, const struct redis_value *entry)
{
    const struct redis_value *fields = redis_member(entry, 1);
    uint64_t offset;
    if (!redis_stream_offset(redis_text(entry, 0), &offset)) {
        in->sink.counts->v[COUNT_redis_bad_ids]++;
        return;
    }
    if (fields && fields->type == REDIS_INTEGER)
        redis_lost_large(in->opt->text, in->sink.counts, s, offset, fields->number);
    else if (!fields || fields->type != REDIS_ARRAY || fields->n < 2)
        redis_lost_gone(in->opt->text, in->sink.counts, s, offset);
    else
        hand_on(in, s, fields, offset, (int64_t)(offset >> 20) * 1000);
    redis_stream_took(s, offset);
}

static unsigned take_entries(struct in_redis *in, struct redis_stream *s, const struct redis_value *entries)
{
    unsigned n = entries && entries->type == REDIS_ARRAY ? entries->n : 0;
    if (n)
        input_turn(&in->sink, &in->input, slice_str(s->name));
    for (unsigned i = 0; i < n; i++)
        take_entry(in, s, entries->items[i]);
    return n;
}

static void look_soon(struct in_redis *in, int ms)
{
    const struct timeval tv = {.tv_usec = ms * 1000};
    event_add(in->look, &tv);
}

/* cursor, entries, ids of those that are gone */
static bool on_claim(struct in_redis *in, struct redis_stream *s, const struct redis_value *v)
{
    const struct redis_value *gone = redis_member(v, 2);
    struct slice cursor = redis_text(v, 0);
    uint64_t offset;
    s->reading = false;
    if (v->type != REDIS_ARRAY || cursor.n == 0 || cursor.n >= sizeof s->cursor)
        return false;
    if (s->phase != REDIS_CLAIMS)
        return true;
    take_entries(in, s, redis_member(v, 1));
    for (unsigned i = 0; gone && i < gone->n; i++)
        if (redis_stream_offset(redis_text(gone, i), &offset))
            redis_lost_gone(in->opt->text, in->sink.counts, s, offset);
    memcpy(s->cursor, cursor.p, cursor.n);
    s->cursor[cursor.n] = '\0';
    if (slice_is(cursor, "0-0")) {
        s->phase = REDIS_READS;
        if (s->part->read_to < s->part->place.offset)
            s->part->read_to = s->part->place.offset;
    }
    look_soon(in, 0);
    return true;
}

static bool on_read(struct in_redis *in, struct redis_stream *s, const struct redis_value *v)
{
    int64_t added = redis_integer(v, 1);
    s->reading = false;
    if (v->type != REDIS_ARRAY || v->n != 2)
        return false;
    if (s->phase != REDIS_READS)
        return true; /* whoever has it next claims them */
    redis_does_well(in->group.redis);
    unsigned n = take_entries(in, s, redis_member(v, 0));
    if (n == s->count)
        look_soon(in, 0);
    else if (added >= 0)
        redis_lost_note(in->opt->text, in->sink.counts, s, redis_stream_caught_up(s, added));
    in->caught_up = n < s->count;
    s->count += s->count < 1000;
    if (added >= 0)
        in->input.lag = (uint64_t)(added - (int64_t)s->judged - s->base > 0 ? added - (int64_t)s->judged - s->base : 0);
    return true;
}

/* --- positions --- */

static void redis_restore(struct input *input, const struct position *rows, unsigned n)
{
    struct in_redis *in = (struct in_redis *)input;
    for (unsigned i = 0; i < n; i++) {
        struct partition_position at;
        if (slice_is(rows[i].input, in->opt->text) && partition_position_read(rows[i].blob, rows[i].offset, &at))
            redis_known_add(&in->known, rows[i].part, &at);
    }
}

static void redis_positions(struct input *input, position_f *put, void *u)
{
    struct in_redis *in = (struct in_redis *)input;
    for (unsigned i = 0; i < in->n_streams; i++) {
        struct redis_stream *s = in->streams[i];
        bool begun = s->part && s->phase >= REDIS_CLAIMS;
        s->left |= begun && s->phase == REDIS_LEAVES;
        if (begun) /* the last owner's, which he had judged: his row is mine now */
            s->part->changed |= redis_stream_is_owed(s);
        if (!begun || !partition_tell(s->part, &in->sink, INT64_MAX, &in->text))
            continue;
        s->told = true;
        s->row_judged = s->judged;
        put(u, &(struct position){.input = slice_str(in->opt->text),
                                  .part = slice_str(s->part->name),
                                  .offset = s->part->row.offset,
                                  .blob = sbuf_slice(&in->text)});
    }
}

static void redis_stored(struct input *input)
{
    struct in_redis *in = (struct in_redis *)input;
    for (unsigned i = 0; i < in->n_streams; i++) {
        struct redis_stream *s = in->streams[i];
        bool leaves = s->left || in->input.leaves;
        if (!in->ready || !s->part || s->phase < REDIS_CLAIMS || (!s->told && !leaves))
            continue;
        s->told = s->left = false;
        while (redis_group_acknowledge(&in->group, i, s, leaves))
            ;
        if (leaves) {
            log_info("a stream is another member's to read", log_c("input", in->opt->text), log_c("stream", s->name));
            redis_stream_let_go(s);
            s->try_ms = clock_mono_ms() + REDIS_RENEW_MS;
            note_owned(in);
        }
    }
}

/* --- answers --- */

/* What was written was not: lease or number are another's. */
static bool on_ack(struct in_redis *in, struct redis_stream *s, const struct redis_value *v)
{
    if (v->type != REDIS_INTEGER)
        return false;
    if (!v->number && s->phase != REDIS_OTHERS) {
        in->sink.counts->v[COUNT_redis_leases_lost]++;
        lose(in, s);
    }
    return true;
}

static bool on_cluster(struct in_redis *in, const struct redis_value *v)
{
    if (v->type != REDIS_STRING || v->text.n == 0 || v->text.n >= sizeof in->cluster)
        return false;
    memcpy(in->cluster, v->text.p, v->text.n);
    in->cluster[v->text.n] = '\0';
    in->ready = true;
    look_soon(in, 0);
    return true;
}

static bool on_members(struct in_redis *in, const struct redis_value *v)
{
    in->alive = v->type == REDIS_INTEGER && v->number > 0 && v->number < 100000 ? (unsigned)v->number : 1;
    return v->type == REDIS_INTEGER;
}

static bool redis_on_answer(void *u, uint64_t tag, const struct redis_value *v)
{
    struct in_redis *in = u;
    unsigned which = redis_group_which(tag);
    struct redis_stream *s = in->streams[which < in->n_streams ? which : 0];
    switch (redis_group_ask(tag)) {
    case REDIS_LOAD:
        return redis_group_loaded(&in->group, which, v);
    case REDIS_NAME:
        return on_cluster(in, v);
    case REDIS_MEMBERS:
        return on_members(in, v);
    case REDIS_LEASE:
        return on_lease(in, s, v);
    case REDIS_BEGIN:
        return on_begin(in, s, v);
    case REDIS_CLAIM:
        return on_claim(in, s, v);
    case REDIS_READ:
        return on_read(in, s, v);
    case REDIS_ACK:
        return on_ack(in, s, v);
    default:
        return v->type != REDIS_ERROR;
    }
}

static void redis_on_ready(void *u)
{
    struct in_redis *in = u;
    redis_group_load(&in->group);
}

/* Leases go on for a while, and are asked for again. */
static void redis_on_down(void *u, const char *why)
{
    struct in_redis *in = u;
    bool large = strstr(why, "too large") != NULL;
    in->ready = in->caught_up = false;
    for (unsigned i = 0; i < in->n_streams; i++) {
        struct redis_stream *s = in->streams[i];
        s->count = large && s->reading ? s->count / REDIS_FEWER + 1 : s->count;
        redis_stream_let_go(s);
        s->late = 0; /* nothing that was asked is answered any more */
        s->try_ms = 0;
    }
    note_owned(in);
    trouble(in, why);
}

/* --- the loop --- */

static void leave_stream(struct in_redis *in, struct redis_stream *s)
{
    if (s->phase < REDIS_CLAIMS || s->phase == REDIS_LEAVES)
        return;
    if (in->sink.leave && !in->input.leaves)
        in->sink.leave(in->sink.u, s->part->stream.file_key);
    s->phase = REDIS_LEAVES;
    s->part->changed = true;
    in->input.changed = true;
}

static void keep_lease(struct in_redis *in, struct redis_stream *s, int64_t now_ms)
{
    bool mine = s->phase != REDIS_OTHERS;
    if (mine && now_ms > s->until_ms) {
        in->sink.counts->v[COUNT_redis_leases_lost]++;
        lose(in, s);
        mine = false;
    }
    if (!s->asked &&
        (mine ? now_ms >= s->renew_ms : now_ms >= s->try_ms && streams_in(in, REDIS_BEGINS, REDIS_LEAVES) < share(in)))
        ask_lease(in, s, now_ms);
}

static void read_on(struct in_redis *in, struct redis_stream *s, int64_t now_ms)
{
    bool numbers = s->phase == REDIS_READS && now_ms >= s->numbers_ms;
    s->reading = redis_group_read(&in->group, index_of(in, s), s, numbers, REDIS_ENTRY_BYTES);
    if (numbers)
        s->numbers_ms = now_ms + REDIS_NUMBERS_MS;
}

static void redis_on_look(evutil_socket_t fd, short what, void *u)
{
    struct in_redis *in = u;
    int64_t now_ms = clock_mono_ms();
    unsigned stays = streams_in(in, REDIS_BEGINS, REDIS_READS), over = stays > share(in) ? stays - share(in) : 0;
    (void)fd, (void)what;
    if (in->input.leaves)
        return;
    look_soon(in, REDIS_LOOK_MS);
    if (!in->ready)
        return;
    if (now_ms >= in->members_ms) {
        redis_group_ask_members(&in->group);
        in->members_ms = now_ms + REDIS_RENEW_MS;
    }
    if (!in->alive)
        return;
    for (unsigned i = 0; i < in->n_streams; i++) {
        struct redis_stream *s = in->streams[i];
        keep_lease(in, s, now_ms);
        if (over && s->phase == REDIS_READS) {
            leave_stream(in, s);
            over--;
        }
        if (!in->paused && redis_stream_may_read(s, now_ms))
            read_on(in, s, now_ms);
    }
}

/* --- the input --- */

static void redis_look(struct input *input)
{
    look_soon((struct in_redis *)input, 0);
}

static void redis_leave(struct input *input)
{
    struct in_redis *in = (struct in_redis *)input;
    input->leaves = true;
    event_del(in->look);
    for (unsigned i = 0; i < in->n_streams; i++)
        leave_stream(in, in->streams[i]);
}

static void redis_stop(struct input *input)
{
    struct in_redis *in = (struct in_redis *)input;
    if (in->group.redis && in->ready) {
        redis_group_leave(&in->group);
        redis_flush(in->group.redis, REDIS_FLUSH_MS);
    }
    redis_free(in->group.redis);
    for (unsigned i = 0; i < in->n_streams; i++)
        redis_stream_free(in->streams[i]);
    redis_known_done(&in->known);
    if (in->look)
        event_free(in->look);
    free(in->streams);
    redis_group_done(&in->group);
    redis_entries_done(&in->entries);
    sbuf_done(&in->text);
    free(in);
}

static struct input *redis_start(struct event_base *base, const struct input_options *opt,
                                 const struct input_sink *sink, struct diag *d)
{
    struct in_redis *in = xcalloc(1, sizeof *in);
    *in = (struct in_redis){.input = {.type = &in_redis}, .opt = opt, .sink = *sink};
    const struct redis_setup setup = {.base = base,
                                      .at = &opt->redis.where.at,
                                      .most_bytes = REDIS_ANSWER_BYTES,
                                      .silent_ms = REDIS_SILENT_MS,
                                      .u = in,
                                      .ready = redis_on_ready,
                                      .reply = redis_on_answer,
                                      .down = redis_on_down};
    sbuf_init(&in->text, PARTITION_POSITION_TEXT_MAX);
    redis_entries_init(&in->entries, opt->redis.field, REDIS_ANSWER_BYTES);
    redis_group_init(&in->group, opt->redis.group);
    in->look = evtimer_new(base, redis_on_look, in);
    assert(in->look);
    in->n_streams = opt->redis.n_streams;
    in->streams = xcalloc(in->n_streams, sizeof(struct redis_stream *));
    for (unsigned i = 0; i < in->n_streams; i++) {
        char *name = slice_dup(opt->redis.streams[i]);
        in->streams[i] = redis_stream_new(name, opt->redis.group);
        free(name);
    }
    in->group.redis = redis_new(&setup, d);
    if (in->group.redis)
        return &in->input;
    redis_stop(&in->input);
    return NULL;
}

static void redis_pause(struct input *input, bool paused)
{
    ((struct in_redis *)input)->paused = paused;
}

static bool redis_drained(struct input *input)
{
    return ((struct in_redis *)input)->caught_up;
}

static bool redis_behind(struct input *input)
{
    return !redis_drained(input);
}

const struct input_type in_redis = {
    .kind = INPUT_REDIS,
    .start = redis_start,
    .pause = redis_pause,
    .drained = redis_drained,
    .restore = redis_restore,
    .look = redis_look,
    .positions = redis_positions,
    .stored = redis_stored,
    .behind = redis_behind,
    .leave = redis_leave,
    .stop = redis_stop,
};
