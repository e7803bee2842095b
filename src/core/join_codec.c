#include "core/join_codec.h"

#include "core/event.h"
#include "parsers/record_keep.h"

/* Kept in stores: a number is never given another meaning. LINE begins one; what follows is of it. */
enum held_tag {
    TAG_HELD = 1,
    TAG_HELD_LEVEL,
    TAG_LINE,
    TAG_RECORD, /* record_codec.h; without its message: */
    TAG_TEXT,
    TAG_RAW,
    TAG_FORMAT, /* of the stream, and so are: */
    TAG_SOURCE,
    TAG_INPUT,
    TAG_PEER,
    TAG_SENDER,
    TAG_THREAD, /* of the record, and so are: */
    TAG_ERROR_TYPE,
    TAG_ERROR_VALUE,
    TAG_BRIEF, /* of what is spent, and: */
    TAG_PREFIX,
    TAG_TOLD, /* of the record, and so are: */
    TAG_FILE,
    TAG_PROGRAM
};

/* The numbers of HELD and of LINE, in this order; a crumbd that knows fewer passes over the rest. */
enum { HELD_STREAM, HELD_SPEAKER, HELD_FLAGS, HELD_WAIT_US, HELD_LINES, HELD_BYTES, HELD_NUMBERS };
enum {
    LINE_OFFSET,
    LINE_RUN,
    LINE_RECEIVED_US,
    LINE_DOMAIN,
    LINE_RING,
    LINE_NETWORK,
    LINE_PID,
    LINE_FLAGS,
    LINE_LINES,
    LINE_SEVERITY, /* and one more, like: */
    LINE_FACILITY,
    LINE_NUMBERS
};
enum {
    HELD_UNNAMED = 1,
    HELD_IN_LINES = 2,
    HELD_HEADED = 4,
    HELD_AFTER_RECORD = 8,
    HELD_SPENT = 16,
    HELD_INDENT = 256
};
enum {
    FLAG_BLANK = 1 << 0,
    FLAG_ALIEN = 1 << 1,
    FLAG_REMOTE = 1 << 2,
    FLAG_TRUSTED = 1 << 3,
    FLAG_BY_POSITION = 1 << 4,
    FLAG_TRUNCATED = 1 << 5,
    FLAG_TORN = 1 << 6,
    FLAG_TORN_PROGRAM = 1 << 7,
    FLAG_FORGED = 1 << 8,
    FLAG_HEADED = 1 << 9,
    FLAG_FIELDS_LOST = 1 << 10,
    FLAG_EMPTY = 1 << 11
};

enum { HEAD_BYTES = 4, NUMBER_BYTES = 8, TEXT_MAX = (1 << 24) - 1, LINES_MAX = 1 << 20 };

/* --- writing --- */

static void put(struct sbuf *out, enum held_tag tag, struct slice v)
{
    if (!v.n || v.n > TEXT_MAX)
        return;
    const unsigned char head[HEAD_BYTES] = {(unsigned char)tag, (unsigned char)v.n, (unsigned char)(v.n >> 8),
                                            (unsigned char)(v.n >> 16)};
    sbuf_add(out, head, sizeof head);
    sbuf_adds(out, v);
}

static void put_numbers(struct sbuf *out, enum held_tag tag, const uint64_t *v, unsigned n)
{
    char bytes[LINE_NUMBERS * NUMBER_BYTES];
    for (unsigned i = 0; i < n * NUMBER_BYTES; i++)
        bytes[i] = (char)(v[i / NUMBER_BYTES] >> i % NUMBER_BYTES * 8);
    put(out, tag, slice_of(bytes, n * NUMBER_BYTES));
}

static void put_text(struct join_codec_writer *w, enum held_tag tag, struct slice v)
{
    put(w->out, tag, scrub_text(w->scrub, v, &w->arena));
}

static uint64_t flag(bool is, unsigned bit)
{
    return is ? bit : 0;
}

void join_codec_begin(struct join_codec_writer *w, const struct join_codec_held *h)
{
    const uint64_t v[HELD_NUMBERS] = {[HELD_STREAM] = h->key.stream,
                                      [HELD_SPEAKER] = h->key.speaker,
                                      [HELD_FLAGS] = flag(h->unnamed, HELD_UNNAMED) | flag(h->in_lines, HELD_IN_LINES) |
                                                     flag(h->headed, HELD_HEADED) |
                                                     flag(h->after_record, HELD_AFTER_RECORD) |
                                                     flag(h->spent, HELD_SPENT) | h->indent * HELD_INDENT,
                                      [HELD_WAIT_US] = (uint64_t)h->opt.wait_us,
                                      [HELD_LINES] = h->opt.lines,
                                      [HELD_BYTES] = h->opt.bytes};
    sbuf_reset(w->out);
    put_numbers(w->out, TAG_HELD, v, HELD_NUMBERS);
    put(w->out, TAG_HELD_LEVEL, slice_str(level_name(h->level)));
}

static void put_line(struct join_codec_writer *w, const struct kept *k, uint64_t run_key)
{
    const struct stream *s = &k->stream;
    const struct record *r = k->record;
    uint64_t flags = flag(k->blank, FLAG_BLANK) | flag(k->alien, FLAG_ALIEN) | flag(s->remote, FLAG_REMOTE) |
                     flag(s->trusted, FLAG_TRUSTED) | flag(s->by_position, FLAG_BY_POSITION) |
                     flag(r->truncated, FLAG_TRUNCATED) | flag(r->torn, FLAG_TORN) |
                     flag(r->torn_program, FLAG_TORN_PROGRAM) | flag(r->forged, FLAG_FORGED) |
                     flag(r->headed, FLAG_HEADED) | flag(r->fields_lost, FLAG_FIELDS_LOST) | flag(r->empty, FLAG_EMPTY);
    const uint64_t v[LINE_NUMBERS] = {[LINE_OFFSET] = k->message.offset,
                                      [LINE_RUN] = run_key,
                                      [LINE_RECEIVED_US] = (uint64_t)k->received_us,
                                      [LINE_DOMAIN] = s->domain,
                                      [LINE_RING] = s->ring,
                                      [LINE_NETWORK] = s->network,
                                      [LINE_PID] = s->peer_pid,
                                      [LINE_FLAGS] = flags,
                                      [LINE_LINES] = r->lines,
                                      [LINE_SEVERITY] = (uint64_t)(r->severity + 1),
                                      [LINE_FACILITY] = (uint64_t)(r->facility + 1)};
    put_numbers(w->out, TAG_LINE, v, LINE_NUMBERS);
    put(w->out, TAG_FORMAT, slice_str(format_name(s->seen.last)));
    put(w->out, TAG_SOURCE, s->source);
    put(w->out, TAG_INPUT, s->input);
    put(w->out, TAG_PEER, s->peer);
    put(w->out, TAG_SENDER, s->sender);
}

void join_codec_add(struct join_codec_writer *w, struct kept *k, struct slice text, uint64_t run_key)
{
    static const struct record_codec_extra none;
    struct record *r = k->record;
    struct slice message = r->message;
    event_name_clients(r, w->scrub);
    put_line(w, k, run_key);
    r->message = SLICE_NONE;
    record_codec_write(r, &none, NULL, w->scrub, &w->record);
    r->message = message;
    put(w->out, TAG_RECORD, sbuf_slice(&w->record));
    put_text(w, TAG_TEXT, text);
    put_text(w, TAG_RAW, k->message.text);
    put_text(w, TAG_THREAD, r->thread);
    put_text(w, TAG_ERROR_TYPE, r->error_type);
    put_text(w, TAG_ERROR_VALUE, r->error_value);
    put_text(w, TAG_TOLD, r->told);
    if (r->home) {
        put(w->out, TAG_FILE, r->home->file);
        put(w->out, TAG_PROGRAM, r->home->program);
    }
    arena_reset(&w->arena);
}

void join_codec_add_brief(struct join_codec_writer *w, const struct join_codec_brief *b)
{
    const uint64_t v[LINE_NUMBERS] = {[LINE_DOMAIN] = b->domain, [LINE_RING] = b->ring};
    put_numbers(w->out, TAG_LINE, v, LINE_NUMBERS);
    put_text(w, TAG_BRIEF, b->text);
    put_text(w, TAG_PREFIX, b->prefix);
    arena_reset(&w->arena);
}

/* --- reading --- */

static bool next_member(struct slice *bytes, unsigned *tag, struct slice *v)
{
    const unsigned char *head = (const unsigned char *)bytes->p;
    if (bytes->n < HEAD_BYTES)
        return false;
    size_t n = head[1] | (size_t)head[2] << 8 | (size_t)head[3] << 16;
    if (bytes->n - HEAD_BYTES < n)
        return false;
    *tag = head[0];
    *v = slice_sub(*bytes, HEAD_BYTES, HEAD_BYTES + n);
    slice_skip(bytes, HEAD_BYTES + n);
    return true;
}

/* Those that are not there are 0. */
static void read_numbers(struct slice bytes, uint64_t *v, unsigned n)
{
    memset(v, 0, n * sizeof *v);
    for (unsigned i = 0; i < bytes.n && i < n * NUMBER_BYTES; i++)
        v[i / NUMBER_BYTES] |= (uint64_t)(unsigned char)bytes.p[i] << i % NUMBER_BYTES * 8;
}

static unsigned bounded(uint64_t v, unsigned max)
{
    return v < max ? (unsigned)v : max;
}

static void take_held(struct join_codec_held *h, struct slice bytes)
{
    uint64_t v[HELD_NUMBERS];
    read_numbers(bytes, v, HELD_NUMBERS);
    *h = (struct join_codec_held){.key = {.stream = v[HELD_STREAM], .speaker = v[HELD_SPEAKER]},
                                  .unnamed = v[HELD_FLAGS] & HELD_UNNAMED,
                                  .in_lines = v[HELD_FLAGS] & HELD_IN_LINES,
                                  .headed = v[HELD_FLAGS] & HELD_HEADED,
                                  .after_record = v[HELD_FLAGS] & HELD_AFTER_RECORD,
                                  .spent = v[HELD_FLAGS] & HELD_SPENT,
                                  .indent = (uint8_t)(v[HELD_FLAGS] / HELD_INDENT),
                                  .opt = {.on = true,
                                          .wait_us = bounded(v[HELD_WAIT_US], JOIN_AGE_MAX_US),
                                          .lines = bounded(v[HELD_LINES], LINES_MAX),
                                          .bytes = bounded(v[HELD_BYTES], TEXT_MAX)}};
}

bool join_codec_open(struct join_codec_reader *in, struct slice bytes)
{
    unsigned tag;
    struct slice v;
    *in = (struct join_codec_reader){.rest = bytes};
    if (!next_member(&in->rest, &tag, &v) || tag != TAG_HELD)
        return false;
    take_held(&in->held, v);
    return in->held.key.stream && in->held.opt.lines && in->held.opt.bytes;
}

static void take_line_flags(struct join_codec_reader *in, uint64_t flags)
{
    struct record *r = &in->record;
    in->stream.remote = flags & FLAG_REMOTE;
    in->stream.trusted = flags & FLAG_TRUSTED;
    in->stream.by_position = flags & FLAG_BY_POSITION;
    in->line.blank = flags & FLAG_BLANK;
    in->line.alien = flags & FLAG_ALIEN;
    r->truncated = flags & FLAG_TRUNCATED;
    r->torn = flags & FLAG_TORN;
    r->torn_program = flags & FLAG_TORN_PROGRAM;
    r->forged = flags & FLAG_FORGED;
    r->headed = flags & FLAG_HEADED;
    r->fields_lost = flags & FLAG_FIELDS_LOST;
    r->empty = flags & FLAG_EMPTY;
}

/* After its record, which begins anew what belongs to it. */
static void take_line(struct join_codec_reader *in, const uint64_t v[LINE_NUMBERS])
{
    in->stream.domain = v[LINE_DOMAIN];
    in->stream.ring = v[LINE_RING];
    in->stream.network = v[LINE_NETWORK];
    in->stream.peer_pid = (uint32_t)v[LINE_PID];
    in->stream.run_key = v[LINE_RUN];
    in->stream.join = &join_defaults;
    in->stream.last_us = RECORD_NO_TIME;
    in->line.record = &in->record;
    in->line.received_us = (int64_t)(v[LINE_RECEIVED_US] & INT64_MAX >> 1);
    in->line.behind = 1; /* breadcrumbs of an earlier run are gone */
    in->line.message = (struct message){.stream = &in->stream, .lines = 1, .offset = v[LINE_OFFSET]};
    take_line_flags(in, v[LINE_FLAGS]);
    in->record.lines = v[LINE_LINES] ? bounded(v[LINE_LINES], LINES_MAX) : 1;
    in->record.severity = (int)bounded(v[LINE_SEVERITY], 8) - 1;
    in->record.facility = (int)bounded(v[LINE_FACILITY], 24) - 1;
}

static void take_text(struct join_codec_reader *in, unsigned tag, struct slice v)
{
    struct slice *const texts[] = {[TAG_TEXT] = &in->record.message,
                                   [TAG_RAW] = &in->line.message.text,
                                   [TAG_SOURCE] = &in->stream.source,
                                   [TAG_INPUT] = &in->stream.input,
                                   [TAG_PEER] = &in->stream.peer,
                                   [TAG_SENDER] = &in->stream.sender,
                                   [TAG_THREAD] = &in->record.thread,
                                   [TAG_ERROR_TYPE] = &in->record.error_type,
                                   [TAG_ERROR_VALUE] = &in->record.error_value,
                                   [TAG_PREFIX] = &in->prefix,
                                   [TAG_TOLD] = &in->record.told,
                                   [TAG_FILE] = &in->home.file,
                                   [TAG_PROGRAM] = &in->home.program};
    if (tag < sizeof texts / sizeof *texts && texts[tag])
        *texts[tag] = v;
    if (tag == TAG_FILE || tag == TAG_PROGRAM)
        in->record.home = in->stream.home = &in->home;
}

static bool take_record(struct join_codec_reader *in, struct slice v, const uint64_t line[LINE_NUMBERS])
{
    struct record_codec codec;
    bool ok = record_codec_read(v, &in->arena, &in->record, &codec);
    take_line(in, line);
    return ok;
}

static bool take_brief(struct join_codec_reader *in, struct slice v, const uint64_t line[LINE_NUMBERS])
{
    record_init(&in->record, FORMAT_TEXT, v);
    in->record.message = v;
    take_line(in, line);
    return in->held.spent;
}

static void take_format(struct join_codec_reader *in, struct slice v)
{
    enum format f = format_by_name(v);
    in->stream.format = in->stream.seen.last = f < FORMAT_N ? f : FORMAT_TEXT;
}

/* What is of the line before the next one begins. */
static bool take_members(struct join_codec_reader *in, const uint64_t line[LINE_NUMBERS])
{
    struct slice before = in->rest, v;
    bool ok = false;
    for (unsigned tag; next_member(&in->rest, &tag, &v); before = in->rest) {
        if (tag == TAG_LINE) {
            in->rest = before;
            break;
        }
        if (tag == TAG_RECORD)
            ok = !in->held.spent && take_record(in, v, line);
        else if (tag == TAG_BRIEF)
            ok = take_brief(in, v, line);
        else if (tag == TAG_FORMAT)
            take_format(in, v);
        else
            take_text(in, tag, v);
    }
    return ok;
}

bool join_codec_next(struct join_codec_reader *in)
{
    unsigned tag = 0;
    struct slice v;
    uint64_t line[LINE_NUMBERS];
    arena_reset(&in->arena);
    in->stream = (struct stream){.format = FORMAT_TEXT, .seen = {.last = FORMAT_TEXT}};
    in->prefix = SLICE_NONE;
    in->home = (struct record_home){0};
    while (next_member(&in->rest, &tag, &v) && tag != TAG_LINE)
        if (tag == TAG_HELD_LEVEL)
            in->held.level = level_by_name(v);
    if (tag != TAG_LINE)
        return false;
    read_numbers(v, line, LINE_NUMBERS);
    return take_members(in, line);
}

void join_codec_close(struct join_codec_reader *in)
{
    arena_done(&in->arena);
}
