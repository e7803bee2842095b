/*
 * in_kafka: messages of Kafka topics, read as a member of a consumer group.
 *
 * A partition is a position as a file is: what has been judged of it is stored with the events made of it, and
 * committed to Kafka after that. Whoever gets the partition next begins where that was, or where this member's own
 * store is further, which is after a crash between the two. It reads the messages before it once more, without judging,
 * so that breadcrumbs reach back as they did. Ids of events are made of the cluster, the topic, the partition, the
 * offset and the message's time.
 *
 * A partition that is to be another's is finished first: its joins and events are let go, a checkpoint is stored, its
 * position committed. Where that takes too long it goes all the same, and the next owner judges some messages once
 * more, which makes the same events.
 *
 * Bounds: KAFKA_TURN_MESSAGES and KAFKA_TURN_BYTES per turn of the loop; what is fetched ahead (kafka_client.h); of
 * each partition the marks of partition_position.h. While it is paused it goes on asking, so that the group keeps its
 * member. Worker thread only, but for the start.
 */
#include "io/input.h"

#include "config.h"

#ifdef HAVE_RDKAFKA

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/clock.h"
#include "io/kafka_hand_on.h"
#include "io/partition.h"
#include "io/kafka_trouble.h"

enum {
    KAFKA_TURN_MESSAGES = 1000,
    KAFKA_TURN_BYTES = 4 << 20,
    KAFKA_LOOK_MS = 200,        /* how often it is asked without being woken */
    KAFKA_PAUSE_MS = 1000,      /* a shorter pause keeps what has been fetched */
    KAFKA_LET_GO_MS = 5000,     /* how long partitions may take to be finished, */
    KAFKA_COMMIT_MS = 1000,     /* and, once that is stored, or at the end, to be committed, */
    KAFKA_CLOSE_MS = 3000,      /* and the group to be left */
    KAFKA_NO_ANSWER_MS = 90000, /* no commit takes longer: its answer was lost with its generation */
};

/* What the store knows of a partition. */
struct kafka_known {
    char *name;
    struct partition_position place;
};

struct in_kafka {
    struct input input;
    const struct input_options *opt;
    struct input_sink sink;
    struct kafka_client *client;
    struct event *readable, *more;
    struct partition *parts, *last; /* last: whose message was the last */
    struct kafka_known *known;
    unsigned n_known;
    struct kafka_handing handing;
    struct sbuf text;  /* of one row */
    bool open, dead;   /* dead: it is read no more */
    bool assigned;     /* once */
    bool paused, held; /* held: and the brokers have been told */
    int64_t paused_ms;
    unsigned commits;  /* not answered yet */
    int64_t commit_ms; /* when the last was sent */
    enum { NOTHING_LEAVES, LEAVES, LEAVES_TOLD, LEAVES_STORED } leaving;
    int64_t leave_ms; /* since then */
    struct kafka_said said;
};

/* ---- partitions ---- */

static struct partition *find_part(const struct in_kafka *in, const char *topic, int32_t id)
{
    struct partition *p = in->parts;
    while (p && (p->id != id || strcmp(p->topic, topic) != 0))
        p = p->next;
    return p;
}

/* One that is this member's now. */
static struct partition *part_of(struct in_kafka *in, const char *topic, int32_t id)
{
    struct partition *p = in->last;
    if (p && p->topic_as_told == topic && p->id == id)
        return p;
    p = find_part(in, topic, id);
    p = p && p->here ? p : NULL;
    if (p)
        p->topic_as_told = topic;
    in->last = p;
    return p;
}

static const struct partition_position *known_of(const struct in_kafka *in, const char *name)
{
    for (unsigned i = 0; i < in->n_known; i++)
        if (strcmp(in->known[i].name, name) == 0)
            return &in->known[i].place;
    return NULL;
}

static void set_here(struct in_kafka *in, struct partition *p, bool here)
{
    in->last = NULL;
    in->input.partitions += here - p->here;
    in->input.changed = true;
    p->here = here;
}

/* ---- what goes wrong ---- */

static void kafka_on_trouble(void *u, const char *what, bool for_good)
{
    struct in_kafka *in = u;
    int64_t now_ms = clock_mono_ms();
    in->sink.counts->v[COUNT_kafka_errors]++;
    if (!for_good && kafka_trouble_follows(&in->said, what, now_ms))
        return;
    input_trouble(&in->input, &in->sink, "%s", what);
    if (for_good && !in->dead)
        log_error("a Kafka input is read no more: librdkafka gives it up", log_c("input", in->opt->text),
                  log_c("why", what), log_c("remedy", "give each member an instance of its own, then restart crumbd"));
    else if (!for_good && !kafka_trouble_was_said(&in->said, what, now_ms))
        log_warn("Kafka: something is wrong; it is tried again", log_c("input", in->opt->text), log_c("why", what),
                 log_c("remedy", kafka_trouble_remedy(what)));
    in->dead |= for_good;
    in->input.unreadable = in->dead;
}

/* ---- partitions come ---- */

/* Nobody of this group has read any of it. */
static int64_t first_place(struct in_kafka *in, struct partition *p)
{
    int64_t end = KAFKA_NONE;
    if (in->opt->kafka.from == KAFKA_FROM_START)
        return KAFKA_BEGINNING;
    if (in->opt->kafka.from == KAFKA_FROM_END)
        end = kafka_client_ask_end(in->client, p->topic, p->id);
    else
        log_warn("a partition is not read: its group has no position in it, and `from: stored` asks for one",
                 log_c("input", in->opt->text), log_c("partition", p->name));
    if (end < 0)
        return KAFKA_NOWHERE;
    partition_begin(p, (uint64_t)end);
    return end;
}

static void take_part(struct in_kafka *in, struct kafka_at *at)
{
    struct partition *p = find_part(in, at->topic, at->partition);
    if (!p) {
        p = partition_new(at->topic, at->partition, kafka_client_cluster(in->client), in->opt);
        p->next = in->parts;
        in->parts = p;
    }
    if (partition_go_on(p, at, known_of(in, p->name))) {
        in->sink.counts->v[COUNT_kafka_cut_back] += p->place.cut;
        at->offset = (int64_t)p->read_to;
        if (p->anew && in->sink.forget)
            in->sink.forget(in->sink.u, p->stream.file_key);
    } else {
        at->offset = first_place(in, p);
    }
    set_here(in, p, at->offset != KAFKA_NOWHERE);
}

static void kafka_on_assigned(void *u, struct kafka_at *v, unsigned n)
{
    struct in_kafka *in = u;
    in->assigned = in->input.changed = true;
    in->sink.counts->v[COUNT_kafka_rebalances]++;
    for (unsigned i = 0; i < n; i++)
        take_part(in, &v[i]);
    log_info("partitions are read", log_c("input", in->opt->text), log_i("new", n),
             log_i("all", (int64_t)in->input.partitions));
}

/* ---- and go ---- */

static void finish_leaving(struct in_kafka *in)
{
    for (struct partition *p = in->parts; p; p = p->next)
        if (p->leaves)
            set_here(in, p, false);
    in->leaving = NOTHING_LEAVES;
    kafka_client_let_go(in->client);
}

static bool wants_commit(const struct partition *p)
{
    return p->here && p->stored && !p->sent;
}

/* What is stored, as one commit. */
static void commit(struct in_kafka *in)
{
    struct kafka_at *v = xcalloc(in->input.partitions + 1, sizeof *v);
    struct arena texts = {0};
    unsigned n = 0;
    for (struct partition *p = in->parts; p; p = p->next) {
        if (!wants_commit(p))
            continue;
        sbuf_reset(&in->text);
        partition_position_write(&p->row, &in->text);
        v[n++] = (struct kafka_at){.topic = p->topic,
                                   .partition = p->id,
                                   .offset = (int64_t)p->row.offset,
                                   .text = arena_dup(&texts, sbuf_slice(&in->text))};
    }
    bool sent = n && kafka_client_commit(in->client, v, n);
    in->commits += sent;
    in->commit_ms = clock_mono_ms();
    for (struct partition *p = in->parts; sent && p; p = p->next)
        p->sent |= wants_commit(p);
    arena_done(&texts);
    free(v);
}

static bool any_leaves_uncommitted(const struct in_kafka *in)
{
    for (const struct partition *p = in->parts; p; p = p->next)
        if (p->leaves && wants_commit(p))
            return true;
    return false;
}

static void finish_if_settled(struct in_kafka *in)
{
    int64_t limit_ms = in->leaving == LEAVES_STORED ? KAFKA_COMMIT_MS : KAFKA_LET_GO_MS;
    bool late = in->leaving && clock_mono_ms() - in->leave_ms > limit_ms;
    if (late)
        log_warn("partitions are given away before their positions are stored and committed: the next member judges "
                 "some messages once more",
                 log_c("input", in->opt->text));
    if (!late && in->leaving == LEAVES_STORED && !in->commits && any_leaves_uncommitted(in))
        commit(in); /* what was stored while another was under way */
    if (late || (in->leaving == LEAVES_STORED && !in->commits))
        finish_leaving(in);
}

static void kafka_on_revoked(void *u, const struct kafka_at *v, unsigned n, bool lost)
{
    struct in_kafka *in = u;
    in->sink.counts->v[COUNT_kafka_rebalances]++;
    for (unsigned i = 0; i < n; i++) {
        struct partition *p = part_of(in, v[i].topic, v[i].partition);
        if (!p)
            continue;
        if (in->sink.leave && !in->input.leaves)
            in->sink.leave(in->sink.u, p->stream.file_key);
        p->leaves = p->changed = true;
    }
    if (!in->input.leaves)
        log_at(lost ? LOG_WARN : LOG_INFO,
               lost ? "partitions are another member's already" : "partitions are to be another member's",
               log_c("input", in->opt->text), log_i("partitions", n));
    in->leaving = LEAVES;
    in->leave_ms = clock_mono_ms();
    in->input.changed = true; /* a checkpoint is wanted */
    if (lost)
        finish_leaving(in);
}

/* ---- messages ---- */

static void refuse_protobuf(struct in_kafka *in, const struct partition *p, const struct kafka_message *m)
{
    static const char why[] = "OTLP: messages of OpenTelemetry in protobuf are not read";
    in->sink.counts->v[COUNT_kafka_protobuf]++;
    input_trouble(&in->input, &in->sink, "%s", why);
    if (!kafka_trouble_was_said(&in->said, why, clock_mono_ms()))
        log_error("messages are in a form that is not read: OpenTelemetry's protobuf", log_c("input", in->opt->text),
                  log_c("partition", p->name), log_i("offset", m->offset),
                  log_c("remedy", "set encoding: otlp_json in the collector's kafka exporter"));
}

/* A checkpoint may be made from within: what is in it of one message is behind its position. Of several that come in
 * one it may be some only, which are judged again after a crash. */
static void take_message(struct in_kafka *in, struct partition *p, const struct kafka_message *m)
{
    int read = partition_reading(p, (uint64_t)m->offset);
    bool several = kafka_is_several(&in->handing, m);
    if (!several)
        partition_took(p, m);
    if (m->tombstone)
        in->sink.counts->v[COUNT_kafka_tombstones]++;
    else if (kafka_is_protobuf(&in->handing, m))
        refuse_protobuf(in, p, m);
    else
        kafka_hand_on(&in->handing, &p->stream, m, read);
    if (several)
        partition_took(p, m);
}

static void kafka_on_message(void *u, const struct kafka_message *m)
{
    struct in_kafka *in = u;
    struct partition *p = in->input.leaves ? NULL : part_of(in, m->topic, m->partition);
    if (!p)
        return;
    int64_t end = p->reset ? kafka_client_end(in->client, p->topic, p->id) : KAFKA_NONE;
    switch (partition_look(p, m, end, in->sink.counts)) {
    case PARTITION_RECREATED:
        kafka_client_seek(in->client, p->topic, p->id, KAFKA_BEGINNING);
        return;
    case PARTITION_PASS:
        return;
    case PARTITION_HAND_ON:
        break;
    }
    take_message(in, p, m);
}

static void kafka_on_out_of_range(void *u, const char *topic, int32_t id)
{
    struct in_kafka *in = u;
    struct partition *p = part_of(in, topic, id);
    if (!p)
        return;
    p->reset = true;
    log_warn("Kafka has no message where a partition is to be read: it is read from its first one",
             log_c("input", in->opt->text), log_c("partition", p->name), log_i("offset", (int64_t)p->read_to));
    kafka_client_seek(in->client, topic, id, KAFKA_BEGINNING);
}

/* ---- positions ---- */

static void kafka_restore(struct input *input, const struct position *rows, unsigned n)
{
    struct in_kafka *in = (struct in_kafka *)input;
    for (unsigned i = 0; i < n; i++) {
        struct partition_position at;
        if (!slice_is(rows[i].input, in->opt->text) || !partition_position_read(rows[i].blob, rows[i].offset, &at))
            continue;
        in->known = xroom(in->known, in->n_known, sizeof *in->known);
        in->known[in->n_known++] = (struct kafka_known){slice_dup(rows[i].part), at};
    }
}

static void note_lag(struct in_kafka *in)
{
    uint64_t lag = 0;
    for (const struct partition *p = in->parts; p; p = p->next) {
        int64_t end = p->here ? kafka_client_end(in->client, p->topic, p->id) : KAFKA_NONE;
        lag += end > 0 && (uint64_t)end > p->place.offset ? (uint64_t)end - p->place.offset : 0;
    }
    in->input.changed |= lag != in->input.lag;
    in->input.lag = lag;
}

static void kafka_positions(struct input *input, position_f *put, void *u)
{
    struct in_kafka *in = (struct in_kafka *)input;
    int64_t back_us = in->sink.remembers_us ? in->sink.remembers_us(in->sink.u) : 0;
    if (!in->open)
        return;
    note_lag(in);
    for (struct partition *p = in->parts; p; p = p->next) {
        if (!partition_tell(p, &in->sink, back_us, &in->text))
            continue;
        p->told = true;
        put(u, &(struct position){.input = slice_str(in->opt->text),
                                  .part = slice_str(p->name),
                                  .offset = p->row.offset,
                                  .blob = sbuf_slice(&in->text)});
    }
    if (in->leaving == LEAVES)
        in->leaving = LEAVES_TOLD;
}

/* While partitions are being shared out it may be refused: no loss. It is asked again with the next checkpoint, but not
 * of a partition that leaves, which would be refused until it has left. */
static void kafka_on_committed(void *u, const char *error)
{
    struct in_kafka *in = u;
    in->commits -= in->commits > 0;
    in->sink.counts->v[COUNT_kafka_uncommitted] += error != NULL;
    for (struct partition *p = in->parts; p; p = p->next) {
        p->stored &= !p->sent || (error && !p->leaves);
        p->sent = false;
    }
    in->input.changed |= error != NULL;
    finish_if_settled(in);
}

static void kafka_stored(struct input *input)
{
    struct in_kafka *in = (struct in_kafka *)input;
    if (!in->open)
        return;
    for (struct partition *p = in->parts; p; p = p->next) {
        p->stored |= p->told;
        p->told = false;
    }
    if (in->commits && clock_mono_ms() - in->commit_ms > KAFKA_NO_ANSWER_MS)
        in->commits = 0;
    if (!in->commits)
        commit(in);
    if (in->leaving == LEAVES_TOLD) {
        in->leaving = LEAVES_STORED;
        in->leave_ms = clock_mono_ms();
    }
    finish_if_settled(in);
}

/* ---- the loop ---- */

static void ask_in(struct in_kafka *in, int ms)
{
    const struct timeval t = {.tv_usec = ms * 1000};
    event_add(in->more, &t);
}

/* Fetched messages of partitions that are paused are thrown away, so that is not done at once. */
static void hold(struct in_kafka *in)
{
    bool held = in->paused && clock_mono_ms() - in->paused_ms >= KAFKA_PAUSE_MS;
    if (held != in->held)
        kafka_client_pause(in->client, held);
    in->held = held;
}

/* By more than what comes with the next fetch anyhow. */
static bool is_behind(const struct in_kafka *in)
{
    enum { BEHIND_MESSAGES = 1000 };
    for (const struct partition *p = in->parts; p; p = p->next) {
        int64_t end = p->here && p->begun ? kafka_client_end(in->client, p->topic, p->id) : KAFKA_NONE;
        if (end > 0 && (uint64_t)end > p->read_to + BEHIND_MESSAGES)
            return true;
    }
    return false;
}

static void kafka_on_turn(evutil_socket_t fd, short what, void *u)
{
    struct in_kafka *in = u;
    bool more;
    (void)fd, (void)what;
    if (!in->open || in->input.leaves)
        return;
    input_turn(&in->sink, &in->input, SLICE_NONE);
    hold(in);
    more = kafka_client_turn(in->client, in->paused && !in->held ? 0 : KAFKA_TURN_MESSAGES, KAFKA_TURN_BYTES);
    if (!in->paused && is_behind(in))
        kafka_client_nudge(in->client, !more);
    finish_if_settled(in);
    ask_in(in, more && !in->paused ? 0 : KAFKA_LOOK_MS);
}

/* Threads begin here: the sandbox of the main thread is theirs, and what it may call they are told. */
static void kafka_look(struct input *input)
{
    struct in_kafka *in = (struct in_kafka *)input;
    char why[INPUT_ERROR_MAX];
    in->open = kafka_client_open(in->client, why, sizeof why);
    if (!in->open) {
        kafka_on_trouble(in, why, true);
        return;
    }
    event_add(in->readable, NULL);
    ask_in(in, 0);
}

static void kafka_on_thread(void *u)
{
    const struct in_kafka *in = u;
    if (in->sink.foreign_thread)
        in->sink.foreign_thread(in->sink.u);
}

/* ---- the input ---- */

static void kafka_leave(struct input *input)
{
    struct in_kafka *in = (struct in_kafka *)input;
    input->leaves = true;
    event_del(in->readable);
    event_del(in->more);
    if (in->leaving)
        in->leaving = LEAVES; /* not before its last commit */
    in->leave_ms = clock_mono_ms();
}

/* The last commit waits for the one before it. */
static void commit_last(struct in_kafka *in)
{
    int64_t end_ms = clock_mono_ms() + KAFKA_COMMIT_MS;
    for (unsigned i = 0; in->open && !in->dead && i < 3; i++) {
        while (in->commits && clock_mono_ms() < end_ms)
            kafka_client_wait(in->client, KAFKA_LOOK_MS);
        if (!in->commits)
            commit(in);
    }
}

static void kafka_stop(struct input *input)
{
    struct in_kafka *in = (struct in_kafka *)input;
    input->leaves = true;
    commit_last(in);
    kafka_client_free(in->client, KAFKA_CLOSE_MS);
    for (struct partition *p = in->parts, *next; p; p = next) {
        next = p->next;
        partition_free(p);
    }
    for (unsigned i = 0; i < in->n_known; i++)
        free(in->known[i].name);
    free(in->known);
    if (in->readable)
        event_free(in->readable);
    if (in->more)
        event_free(in->more);
    kafka_handing_done(&in->handing);
    sbuf_done(&in->text);
    free(in);
}

static struct input *kafka_start(struct event_base *base, const struct input_options *opt,
                                 const struct input_sink *sink, struct diag *d)
{
    struct in_kafka *in = xcalloc(1, sizeof *in);
    *in = (struct in_kafka){.input = {.type = &in_kafka}, .opt = opt, .sink = *sink};
    const struct kafka_handler handler = {.u = in,
                                          .message = kafka_on_message,
                                          .assigned = kafka_on_assigned,
                                          .revoked = kafka_on_revoked,
                                          .committed = kafka_on_committed,
                                          .out_of_range = kafka_on_out_of_range,
                                          .trouble = kafka_on_trouble,
                                          .thread = kafka_on_thread};
    sbuf_init(&in->text, PARTITION_POSITION_TEXT_MAX);
    kafka_handing_init(&in->handing, &in->input, &in->sink, opt);
    in->client = kafka_client_new(&opt->kafka, &handler, opt->place, d);
    if (in->client) {
        in->readable = event_new(base, kafka_client_fd(in->client), EV_READ | EV_PERSIST, kafka_on_turn, in);
        in->more = evtimer_new(base, kafka_on_turn, in);
        assert(in->readable && in->more);
        return &in->input;
    }
    kafka_stop(&in->input);
    return NULL;
}

static void kafka_pause(struct input *input, bool paused)
{
    struct in_kafka *in = (struct in_kafka *)input;
    if (paused == in->paused)
        return;
    in->paused = paused;
    in->paused_ms = clock_mono_ms();
    if (in->open && !in->input.leaves)
        ask_in(in, paused ? KAFKA_LOOK_MS : 0);
}

static bool kafka_drained(struct input *input)
{
    return ((struct in_kafka *)input)->assigned && !input->lag;
}

static bool kafka_behind(struct input *input)
{
    return !kafka_drained(input);
}

const struct input_type in_kafka = {
    .kind = INPUT_KAFKA,
    .start = kafka_start,
    .pause = kafka_pause,
    .drained = kafka_drained,
    .restore = kafka_restore,
    .look = kafka_look,
    .positions = kafka_positions,
    .stored = kafka_stored,
    .behind = kafka_behind,
    .leave = kafka_leave,
    .stop = kafka_stop,
};

#else

const struct input_type in_kafka = {.kind = INPUT_KAFKA};

#endif
