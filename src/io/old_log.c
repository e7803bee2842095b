#include "io/old_log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash.h"
#include "core/origin.h"
#include "base/xalloc.h"
#include "io/container_file.h"
#include "io/peer.h"
#include "io/safe_open.h"
#include "parsers/parser.h"

enum { UNTOLD_MAX = 100 /* lines that tell no format make a file text */ };

/* ---- which log it is ---- */

static uint64_t random_key(void)
{
    uint64_t key = 0;
    while (key == 0)
        if (getrandom(&key, sizeof key, 0) != (ssize_t)sizeof key)
            key = 0;
    return key;
}

static uint64_t hash_bytes(const char *p, size_t n)
{
    return hash128_low(HASH128_START, slice_of(p, n));
}

static void note_read(struct old_log *l, struct slice bytes)
{
    struct slice end = slice_from(bytes, bytes.n > sizeof l->last ? bytes.n - sizeof l->last : 0);
    size_t kept = l->n_last + end.n > sizeof l->last ? sizeof l->last - end.n : l->n_last;
    memmove(l->last, l->last + l->n_last - kept, kept);
    memcpy(l->last + kept, end.p, end.n);
    l->n_last = kept + end.n;
}

static struct old_log_check check_now(const struct old_log *l)
{
    return (struct old_log_check){l->file.at, hash_bytes(l->last, l->n_last)};
}

/* Shortly behind where reading went on, too few bytes have been read to tell more than what is known. */
static struct old_log_check newest_check(const struct old_log *l)
{
    bool enough = l->n_last == sizeof l->last || l->n_last == l->file.at;
    return old_log_is_read(l) && enough ? check_now(l) : l->check;
}

bool old_log_is_copy(const struct old_log *a, const struct old_log *b)
{
    if (a->file.dev == b->file.dev && a->file.ino == b->file.ino)
        return true;
    return a->head_bytes && a->head_bytes == b->head_bytes && memcmp(a->head, b->head, a->head_bytes) == 0 &&
           old_file_log_bytes(&a->file) == old_file_log_bytes(&b->file);
}

/* part: as of tail_position. blob: old1 DONE LAST_US CHECK_AT CHECK_HASH and the blob of tail_position. */
bool old_log_read_row(const struct position *p, struct old_log_known *out)
{
    struct position rest = *p;
    uint64_t v[4];
    if (!slice_is(slice_split(&rest.blob, ' '), "old1"))
        return false;
    for (unsigned i = 0; i < 4; i++)
        if (!tail_position_hex(slice_split(&rest.blob, ' '), &v[i]))
            return false;
    *out = (struct old_log_known){.done = v[0] != 0, .last_us = (int64_t)v[1], .check = {v[2], v[3]}};
    return rest.blob.p && tail_position_read(&rest, &out->at);
}

void old_log_write_row(const struct old_log *l, const struct line_reader_place *at, bool done, struct sbuf *part,
                       struct sbuf *blob, struct position *p)
{
    const struct tail_position place = {.key = l->key,
                                        .id = {.dev = l->file.dev,
                                               .ino = l->file.ino,
                                               .head_bytes = l->head_bytes,
                                               .head_hash = hash_bytes(l->head, l->head_bytes)},
                                        .at = *at,
                                        .path = slice_str(l->path)};
    struct old_log_check last = newest_check(l);
    sbuf_reset(part);
    sbuf_reset(blob);
    tail_position_write(&place, part, p);
    sbuf_addf(blob, "old1 %d %" PRIx64 " %" PRIx64 " %" PRIx64 " ", done, (uint64_t)l->stream.last_us, last.at,
              last.hash);
    sbuf_adds(blob, p->blob);
    p->blob = sbuf_slice(blob);
}

bool old_log_begins_like(const struct old_log *l, const struct old_log_known *k)
{
    const struct tail_id *id = &k->at.id;
    return id->head_bytes && id->head_bytes <= l->head_bytes && hash_bytes(l->head, id->head_bytes) == id->head_hash &&
           (l->file.is_gzip || k->check.at <= l->file.disk_bytes);
}

/* All of it was read, and it is as long as it was. */
static bool has_no_more(const struct old_log *l, const struct old_log_known *k)
{
    return k->done && (l->file.is_gzip ? (uint32_t)k->at.at.offset : k->at.at.offset) == old_file_log_bytes(&l->file);
}

void old_log_take(struct old_log *l, const struct old_log_known *k, bool again)
{
    l->matched = true;
    l->by_name = slice_is(k->at.path, l->path);
    if (k->done && again) {
        l->old_key = k->at.key;
        l->key = random_key();
        l->changed = true;
        return;
    }
    l->key = k->at.key;
    l->place = k->at.at;
    l->check = k->check;
    l->stream.last_us = line_reader_first(&l->place) ? k->last_us : l->first_us;
    l->to->continued = k->at.at.offset > 0;
    if (has_no_more(l, k)) {
        l->to->fate = BACKFILL_KNOWN;
        l->state = OLD_LOG_ENDED;
    }
}

/* ---- reading ---- */

static enum frame_mode mode_of(const struct old_log *l)
{
    struct slice first = slice_of(l->head, l->head_bytes);
    const struct parser *p = parser_of(l->stream.format);
    return p && p->framing ? p->framing(first) : FRAME_LINES;
}

/* A file that is read on from its middle may be in UTF-16; one that is read from its beginning shows it by itself. */
static void start_reading(struct old_log *l)
{
    l->key = l->key ? l->key : random_key();
    l->stream.file_key = l->key;
    l->stream.log = l->stream.log ? l->stream.log : l->key | 1;
    l->stream.ring = l->stream.container ? container_key(l->stream.container) : l->key;
    line_reader_init(&l->lines, mode_of(l), l->to->as.max_message_bytes, &l->place);
    l->lines.untold_max = UNTOLD_MAX;
    uint64_t first = line_reader_first(&l->place);
    if (first && l->lines.framer.mode == FRAME_LINES)
        l->lines.framer.mode = line_reader_mode(slice_sub(slice_of(l->head, l->head_bytes), 0, LINE_READER_MODE_BYTES));
    old_file_go_to(&l->file, first);
    l->n_last = 0;
    l->state = OLD_LOG_READS;
}

/* Another log than the one that the store knows, which only begins like it. */
static void start_anew(struct old_log *l)
{
    l->old_key = l->by_name ? l->key : 0; /* else it is that of a file with another name */
    l->key = 0;
    l->place = (struct line_reader_place){0};
    l->check = (struct old_log_check){0};
    l->stream.last_us = l->first_us;
    l->to->continued = false;
}

/* Its lines without a time are of the time of what they go on with. */
static void follow(struct old_log *l, const struct old_log *before)
{
    l->stream.log = before->stream.log;
    if (l->goes_on && line_reader_first(&l->place) == 0)
        l->stream.last_us = before->stream.last_us;
}

void old_log_begin(struct old_log *l, const struct old_log *before)
{
    l->changed = true;
    if (before)
        follow(l, before);
    if (l->check.at) {
        uint64_t n = l->check.at < OLD_LOG_CHECK_BYTES ? l->check.at : OLD_LOG_CHECK_BYTES;
        old_file_go_to(&l->file, l->check.at - n);
        l->n_last = 0;
        l->state = OLD_LOG_COMPARES;
    } else {
        start_reading(l);
    }
}

bool old_log_compare(struct old_log *l)
{
    char bytes[OLD_LOG_CHECK_BYTES];
    if (old_file_skip(&l->file))
        return true;
    ssize_t n = l->file.at < l->check.at ? old_file_read(&l->file, bytes, (size_t)(l->check.at - l->file.at)) : 0;
    if (n < 0 || (n == 0 && l->file.damaged))
        return false;
    note_read(l, slice_of(bytes, (size_t)n));
    if (n > 0 && l->file.at < l->check.at)
        return true;
    if (l->file.at != l->check.at || check_now(l).hash != l->check.hash)
        start_anew(l);
    start_reading(l);
    return true;
}

ssize_t old_log_read(struct old_log *l)
{
    char *room = framer_room(&l->lines.framer, OLD_LOG_READ_BYTES);
    ssize_t n = old_file_read(&l->file, room, OLD_LOG_READ_BYTES);
    if (n > 0) {
        note_read(l, slice_of(room, (size_t)n));
        framer_fill(&l->lines.framer, (size_t)n);
    }
    return n;
}

void old_log_end(struct old_log *l, enum backfill_fate fate)
{
    if (old_log_is_read(l)) {
        l->place = line_reader_place(&l->lines);
        l->check = newest_check(l);
        line_reader_done(&l->lines);
    }
    old_file_close(&l->file);
    l->to->fate = fate;
    l->state = OLD_LOG_ENDED;
    l->changed = true;
}

/* ---- its life ---- */

static void set_stream(struct old_log *l)
{
    const struct input_options *as = &l->to->as;
    const struct peer none = peer_none();
    l->stream.source = slice_str(l->to->path);
    l->home.file = l->stream.source;
    peer_to_stream(&none, as, &l->stream);
    l->stream.format = as->format;
    l->stream.zone = as->zone;
    l->stream.log_format = slice_str(as->log_format);
    l->stream.container = container_of_found_file(&l->about, l->to->path, l->path);
}

/* The time that the message names, or RECORD_NO_TIME. */
static int64_t time_of(const struct old_log *l, const struct message *m, struct parser_seen *seen, int64_t now_us)
{
    struct arena a = {0};
    struct record r;
    enum format format = l->stream.format;
    struct parse_ctx ctx = {.arena = &a,
                            .zone = l->stream.zone,
                            .now_us = now_us,
                            .last_us = RECORD_NO_TIME,
                            .log_format = l->stream.log_format,
                            .headed = m->headed};
    record_init(&r, format, m->text);
    bool ok = format == FORMAT_AUTO ? parser_begin_next(seen, &ctx, &r) : parser_begin(format, &ctx, &r);
    int64_t us = ok ? r.time_us : RECORD_NO_TIME;
    arena_done(&a);
    return us;
}

/* Two sets of one name in one folder cannot be told apart; their times do (in_backfill). */
static uint64_t set_of(struct old_log *l)
{
    struct record r;
    const struct record_home home = {.file = slice_str(l->path)};
    ptrdiff_t slash = slice_rfind(home.file, SLICE("/"));
    record_init(&r, l->stream.format, SLICE_NONE);
    r.home = &home;
    struct hash128 h = hash128(HASH128_START, slice_sub(home.file, 0, (size_t)(slash + 1)));
    return hash128_low(h, origin_file(&r, &l->about));
}

/* The time of the first record that has one, among the first bytes; else that of the file. */
static int64_t first_time(struct old_log *l, int64_t now_us)
{
    struct line_reader lines;
    struct message m;
    struct parser_seen seen = {0};
    int64_t found = RECORD_NO_TIME;
    ssize_t n = 1;
    line_reader_init(&lines, mode_of(l), l->to->as.max_message_bytes, &(struct line_reader_place){0});
    while (found == RECORD_NO_TIME && n > 0 && l->file.at < OLD_LOG_FIRST_BYTES) {
        n = old_file_read(&l->file, framer_room(&lines.framer, OLD_LOG_READ_BYTES), OLD_LOG_READ_BYTES);
        framer_fill(&lines.framer, n > 0 ? (size_t)n : 0);
        while (found == RECORD_NO_TIME &&
               (line_reader_next(&lines, l->stream.format, &m) || (n <= 0 && line_reader_flush(&lines, FRAME_END, &m))))
            l->goes_on |= (found = time_of(l, &m, &seen, now_us)) == RECORD_NO_TIME;
    }
    line_reader_done(&lines);
    old_file_go_to(&l->file, 0);
    return found == RECORD_NO_TIME ? l->file.mtime_us : found;
}

static void learn_head(struct old_log *l)
{
    ssize_t n;
    while (l->head_bytes < sizeof l->head &&
           (n = old_file_read(&l->file, l->head + l->head_bytes, sizeof l->head - l->head_bytes)) > 0)
        l->head_bytes += (uint32_t)n;
    old_file_go_to(&l->file, 0);
}

bool old_log_open(struct old_log *l, struct backfill_file *to, int64_t now_us, char **why)
{
    *l = (struct old_log){.to = to};
    if (!old_file_open(&l->file, to->path, why)) {
        to->fate = BACKFILL_REFUSED;
        l->state = OLD_LOG_ENDED;
        l->path = xstrdup(to->path);
        return false;
    }
    l->path = safe_path_of(l->file.fd);
    l->path = l->path ? l->path : xstrdup(to->path);
    set_stream(l);
    learn_head(l);
    if (!l->head_bytes) {
        to->fate = BACKFILL_READ;
        l->state = OLD_LOG_ENDED;
    }
    l->first_us = l->stream.last_us = first_time(l, now_us);
    l->rotated = set_of(l);
    return true;
}

void old_log_done(struct old_log *l)
{
    if (old_log_is_read(l))
        line_reader_done(&l->lines);
    old_file_close(&l->file);
    arena_done(&l->about);
    free(l->path);
}
