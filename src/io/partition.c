#include "io/partition.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "io/peer.h"

static void set_stream(struct partition *p, const char *cluster, const struct input_options *opt)
{
    const struct peer somebody = {.local = false};
    struct stream *s = &p->stream;
    struct hash128 id = hash128(HASH128_START, slice_str(cluster));
    peer_to_stream(&somebody, opt, s);
    memcpy(p->log_id, (uint64_t[]){id.low, id.high}, sizeof p->log_id);
    s->log_id = (const uint8_t *)p->log_id;
    s->file_key = hash128_low(id, slice_str(p->name)) | 1;
    s->ring = s->file_key;
    s->domain = opt->domain ? s->domain : hash128_low(HASH128_START, s->input) | 1;
    /* Brokers say who may write to a topic; a Redis lets everybody in who has its password. */
    s->trusted = opt->kind == INPUT_KAFKA ? opt->trust != INPUT_TRUST_OFF : opt->trust == INPUT_TRUST_ON;
    s->network = 0; /* who writes to a topic has no address by which shares could go */
    s->format = opt->format;
    s->zone = opt->zone;
    s->log_format = slice_str(opt->log_format);
    s->source = slice_str(p->topic);
    s->last_us = RECORD_NO_TIME;
    p->place.cluster = id.low;
}

struct partition *partition_new(const char *topic, int32_t id, const char *cluster, const struct input_options *opt)
{
    struct partition *p = xcalloc(1, sizeof *p);
    p->topic = xstrdup(topic);
    p->id = id;
    p->name = xasprintf("%s/%" PRId32, topic, id);
    set_stream(p, cluster, opt);
    return p;
}

void partition_free(struct partition *p)
{
    free(p->topic);
    free(p->name);
    free(p);
}

void partition_begin(struct partition *p, uint64_t offset)
{
    p->place = (struct partition_position){.offset = offset, .low = offset, .cluster = p->place.cluster};
    p->trail = (struct partition_trail){.n = 0};
    p->read_to = offset;
    p->begun = p->changed = true;
}

/* At one offset the newer position is that in which less waits for lines: what waited is let go, and none comes. */
static bool is_newer(const struct partition_position *p, const struct partition_position *than)
{
    return p->offset != than->offset ? p->offset > than->offset : p->n_begins < than->n_begins;
}

/* The newest position, at the same offset this run's, which has nothing open. What this run has judged is stored, or
 * will be, with its events. False: there is none. */
static bool find_place(const struct partition *p, const struct kafka_at *committed,
                       const struct partition_position *known, struct partition_position *at)
{
    enum { KNOWN, OWN };
    const struct partition_position *others[] = {[KNOWN] = known, [OWN] = p->begun ? &p->place : NULL};
    bool any = committed->offset >= 0;
    *at = (struct partition_position){.offset = any ? (uint64_t)committed->offset : 0};
    if (any && !partition_position_read(committed->text, at->offset, at))
        at->low = at->offset;
    for (unsigned i = 0; i < 2; i++)
        if (others[i] && others[i]->cluster == p->place.cluster &&
            (!any || is_newer(others[i], at) || (i == OWN && others[i]->offset == at->offset))) {
            *at = *others[i];
            any = true;
        }
    return any;
}

/* From the message before the position on at least: that tells whether it is still the same topic. */
static uint64_t read_from(const struct partition_position *at)
{
    uint64_t from = at->low < at->offset ? at->low : at->offset ? at->offset - 1 : 0;
    return at->n_begins && at->begins[0] < from ? at->begins[0] : from;
}

bool partition_go_on(struct partition *p, const struct kafka_at *committed, const struct partition_position *known)
{
    struct partition_position at;
    uint64_t cluster = p->place.cluster;
    bool all_read = p->begun && p->read_to == p->place.offset;
    p->leaves = p->reset = p->told = p->stored = p->sent = p->anew = false;
    if (!find_place(p, committed, known, &at))
        return false;
    p->anew = !all_read || at.offset != p->place.offset;
    p->place = at;
    p->place.cluster = cluster;
    if (p->anew) {
        p->trail = (struct partition_trail){.n = 0};
        p->read_to = read_from(&at);
    }
    p->begun = true;
    p->changed = committed->offset < 0 || at.offset > (uint64_t)committed->offset;
    return true;
}

static void say(enum log_level level, const char *msg, const struct partition *p, uint64_t now)
{
    log_at(level, msg, log_s("input", p->stream.input), log_c("partition", p->name),
           log_i("judged_to", (int64_t)p->place.offset), log_i("goes_on_at", (int64_t)now));
}

/* What stood at read_to is gone, and this is the first that is there. */
static void settle_reset(struct partition *p, uint64_t offset, int64_t end, struct counts *counts)
{
    p->reset = false;
    if (!p->begun)
        return;
    if (offset > p->place.offset) {
        say(LOG_ERROR, "messages were removed from Kafka before they were read: raise the topic's retention", p,
            offset);
        counts->v[COUNT_kafka_lost] += offset - p->place.offset;
        partition_begin(p, offset);
    } else if (end >= 0 && (uint64_t)end < p->place.offset) {
        say(LOG_WARN, "a topic ends before what was read of it: it was made anew, and is read from its first message",
            p, offset);
        counts->v[COUNT_kafka_recreated]++;
        partition_begin(p, offset);
    } else {
        p->read_to = offset; /* breadcrumbs reach less far back */
        counts->v[COUNT_kafka_cut_back]++;
    }
}

enum partition_taken partition_look(struct partition *p, const struct kafka_message *m, int64_t end,
                                    struct counts *counts)
{
    uint64_t offset = (uint64_t)m->offset;
    if (p->leaves)
        return PARTITION_PASS;
    if (p->reset)
        settle_reset(p, offset, end, counts);
    if (!p->begun)
        partition_begin(p, offset);
    if (offset < p->read_to)
        return PARTITION_PASS;
    if (offset + 1 == p->place.offset && p->place.time_us && m->time_us != p->place.time_us) {
        say(LOG_WARN, "a topic has another message where one was read: it was made anew, and is read from its first", p,
            0);
        counts->v[COUNT_kafka_recreated]++;
        p->begun = false;
        return PARTITION_RECREATED;
    }
    counts->v[COUNT_kafka_gaps] += offset - p->read_to;
    return PARTITION_HAND_ON;
}

int partition_reading(const struct partition *p, uint64_t offset)
{
    if (offset >= p->place.offset)
        return MESSAGE_NEW;
    for (unsigned i = 0; i < p->place.n_begins; i++)
        if (p->place.begins[i] == offset)
            return MESSAGE_RESUMED;
    return MESSAGE_AGAIN;
}

void partition_took(struct partition *p, const struct kafka_message *m)
{
    p->read_to = (uint64_t)m->offset + 1;
    partition_trail_add(&p->trail, (uint64_t)m->offset, m->time_us, m->value.n);
    if (p->read_to <= p->place.offset)
        return;
    p->place.offset = p->read_to;
    p->place.time_us = m->time_us;
    p->place.n_begins = 0;
    p->changed = true;
}

/* What waits for lines now. More of them than can be told are judged once more after a crash. */
static void note_begins(const struct partition *p, const struct input_sink *sink, struct partition_position *at)
{
    struct line_reader_place lines = {.offset = at->offset};
    input_add_begins(sink, p->stream.file_key, &lines);
    at->offset = lines.offset;
    at->n_begins = lines.n_begins;
    memcpy(at->begins, lines.begins, lines.n_begins * sizeof *lines.begins);
}

bool partition_tell(struct partition *p, const struct input_sink *sink, int64_t back_us, struct sbuf *text)
{
    struct partition_position at = p->place;
    bool back = p->read_to < p->place.offset; /* it is still on the way to where it was */
    if (!p->begun || (!p->changed && !p->row.n_begins))
        return false;
    if (!back) {
        note_begins(p, sink, &at);
        at.low = partition_trail_low(&p->trail, at.time_us - back_us, at.offset, &at.cut);
    }
    if (at.n_begins && at.begins[0] < at.low)
        at.low = at.begins[0];
    p->changed = false;
    p->row = at;
    sbuf_reset(text);
    partition_position_write(&at, text);
    return true;
}
