#include "io/in_tail.h"

#include <assert.h>
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/descriptors.h"
#include "io/tail.h"
#include "io/tail_position.h"

enum { TURN_COSTS = 256, WAIT_COSTS = 16 }; /* as bytes */

/* ---- reading ---- */

static void hand_on_whole(struct tail *t, struct tail_file *f)
{
    struct message m;
    while (!t->paused && line_reader_next(&f->lines, f->stream.format, &m))
        tail_hand_on(t, f, &m);
}

/* True: the file waits until its deadline, which is set anew when `waits` shows that more has come. */
static bool waits_for(struct tail *t, struct tail_file *f, uint64_t waits, int64_t ms)
{
    int64_t now = tail_now_ms();
    if (waits != f->waits)
        f->deadline = now + ms;
    f->waits = waits;
    if (!t->paused && f->deadline <= now)
        return false;
    tail_await_deadline(t, f);
    return true;
}

/* A line without its end may be the last that a program has said. When nothing has come to it for long enough it is one
 * line, and what may come to it after all another. */
static void wait_for_its_end(struct tail *t, struct tail_file *f)
{
    struct message m;
    uint64_t half = line_reader_half(&f->lines);
    f->half = half;
    f->waits = half ? f->waits : 0;
    if (!half || waits_for(t, f, half, t->tuning.half_ms))
        return;
    f->half = false;
    f->waits = 0;
    while (line_reader_flush(&f->lines, FRAME_END, &m))
        tail_hand_on(t, f, &m);
    line_reader_trim(&f->lines);
}

/*
 * The file has been read to its end. What waits in the buffer is complete when nothing has come to it for long
 * enough; lines of another stream of a container are not that.
 */
static void wait_for_more(struct tail *t, struct tail_file *f)
{
    struct message m;
    uint64_t waits;
    if (f->is_pending)
        TAILQ_REMOVE(&t->waiting, f, waiting);
    f->is_pending = false;
    f->half = false;
    while ((waits = line_reader_waiting(&f->lines))) {
        int64_t ms = t->tuning.idle_ms * (line_reader_joins(&f->lines) ? LINE_READER_PIECE_IDLE : 1);
        if (waits_for(t, f, waits, ms))
            return;
        if (line_reader_flush(&f->lines, FRAME_IDLE, &m))
            tail_hand_on(t, f, &m);
    }
    line_reader_trim(&f->lines);
    wait_for_its_end(t, f);
}

/* Makes the files ready whose deadline is over; one that has grown meanwhile is read first. */
static void tail_on_idle(evutil_socket_t fd, short what, void *u)
{
    struct tail *t = u;
    struct tail_file *f;
    (void)fd, (void)what;
    input_turn(&t->sink, &t->input, SLICE_NONE);
    int64_t now = tail_now_ms();
    while (!t->paused && (f = TAILQ_FIRST(&t->waiting)) && f->deadline <= now) {
        if (!f->is_ready && tail_file_look(f, true) == TAIL_LOOK_SAME) {
            wait_for_more(t, f);
            continue;
        }
        TAILQ_REMOVE(&t->waiting, f, waiting);
        f->is_pending = false;
        tail_ready(t, f);
    }
    if (!t->paused && (f = TAILQ_FIRST(&t->waiting)))
        tail_schedule(t->idle, f->deadline - now);
}

static void read_failed(struct tail *t, struct tail_file *f)
{
    log_warn("cannot read on in a file, will open it again", log_c("path", f->path), log_c("error", strerror(errno)));
    input_trouble(&t->input, &t->sink, "%s: %s", f->path, strerror(errno));
    tail_put_to_sleep(t, f);
}

/* At the first bytes of a file. False: they are no log's. */
static bool begin_file(struct tail *t, struct tail_file *f)
{
    if (f->packed)
        return true;
    if (tail_is_archive(t, f->fd, f->path)) {
        tail_forget(t, f);
        return false;
    }
    uint64_t begin = tail_after_hole(f->fd, f->size);
    if (begin)
        tail_file_go_to(f, &(struct line_reader_place){.offset = begin});
    return true;
}

/* Reads one file's share. True: the file has more. */
static bool read_some(struct tail *t, struct tail_file *f)
{
    input_turn(&t->sink, &t->input, slice_str(f->path));
    hand_on_whole(t, f);
    if (t->paused)
        return true;
    enum tail_look look = tail_file_look(f, true);
    if (look == TAIL_LOOK_TRUNCATED) {
        tail_scan_soon(t);
        return false;
    }
    if (look == TAIL_LOOK_BAD) {
        read_failed(t, f);
        return false;
    }
    if (f->read_at == 0 && look == TAIL_LOOK_MORE && !begin_file(t, f))
        return false;
    uint64_t left = f->size - f->read_at;
    size_t max = left < TAIL_READ_BYTES && !f->packed ? (size_t)left : TAIL_READ_BYTES;
    ssize_t n = left ? tail_file_read(f, max) : 0;
    if (n < 0) {
        read_failed(t, f);
        return false;
    }
    if (n > 0)
        f->quiet_since = tail_now_ms();
    hand_on_whole(t, f);
    if (t->paused || ((n > 0 || f->packed) && f->read_at < f->size))
        return true;
    wait_for_more(t, f);
    return false;
}

static void tail_on_turn(evutil_socket_t fd, short what, void *u)
{
    struct tail *t = u;
    struct tail_file *f;
    (void)fd, (void)what;
    for (uint64_t done = 0; !t->paused && done < TAIL_TURN_BYTES && (f = TAILQ_FIRST(&t->ready));) {
        TAILQ_REMOVE(&t->ready, f, ready);
        if (tail_waits_for_another(f)) {
            TAILQ_INSERT_TAIL(&t->ready, f, ready);
            done += WAIT_COSTS;
            continue;
        }
        f->is_ready = false;
        f->begun = true;
        uint64_t before = f->read_at;
        if (read_some(t, f))
            tail_ready(t, f);
        else
            tail_has_been_read(t, f);
        done += f->packed ? TAIL_READ_BYTES : f->read_at - before + TURN_COSTS;
    }
    if (!t->paused && TAILQ_FIRST(&t->ready))
        tail_next_turn(t);
}

/* ---- looking ---- */

static void scan(struct tail *t)
{
    event_del(t->soon);
    if (t->awaits && tail_await(t)) {
        tail_schedule(t->poll, tail_await_ms(t));
        return;
    }
    tail_scan(t);
    t->scanned_ms = tail_now_ms();
    tail_schedule(t->poll, t->tuning.poll_ms);
}

static void tail_on_scan(evutil_socket_t fd, short what, void *u)
{
    struct tail *t = u;
    (void)fd, (void)what;
    input_turn(&t->sink, &t->input, SLICE_NONE);
    scan(t);
}

static void tail_look(struct input *in)
{
    scan((struct tail *)in);
}

/* ---- the store ---- */

static void tail_after(struct input *in, struct input *earlier)
{
    ((struct tail *)in)->earlier = (struct tail *)earlier;
    ((struct tail *)earlier)->later = (struct tail *)in;
}

/* "seen1 MS": when everything was known that there was. */
static void take_seen(struct tail *t, struct slice blob)
{
    uint64_t ms;
    struct slice form = slice_split(&blob, ' ');
    if (!slice_is(form, "seen1") || !tail_position_hex(blob, &ms))
        return;
    t->seen = true;
    t->all_known.wall_ms = ms;
}

/* Takes over a row: of the files of other inputs only those that the pattern of this one leads to. */
static void take_row(struct tail *t, const struct position *p)
{
    struct slice name = slice_str(t->opt->text);
    struct tail_position at;
    bool mine = slice_eq(p->input, name);
    if (!tail_position_read(p, &at))
        return;
    char *path = slice_dup(at.path);
    if (mine || (fnmatch(t->opt->text, path, FNM_PATHNAME | FNM_PERIOD) == 0 && !tail_owner(t, path))) {
        struct tail_file *f = tail_know(t, &at.id, path, at.key, &at.at);
        f->changed = !mine;
        f->size = f->left_size = at.size;
        f->left_open = at.sized && !at.over;
        f->newest = f->left_open && !tail_rotated_name(t->opt->text, path);
        f->rotated = at.over;
        f->taken_from = mine ? NULL : slice_dup(p->input);
        t->at_end &= !mine;
    }
    free(path);
}

static void tail_restore(struct input *in, const struct position *rows, unsigned n)
{
    struct tail *t = (struct tail *)in;
    assert(t->scans == 0);
    for (unsigned i = 0; i < n; i++)
        if (rows[i].part.n)
            take_row(t, &rows[i]);
        else if (slice_is(rows[i].input, t->opt->text))
            take_seen(t, rows[i].blob);
    if (t->seen)
        t->at_end = false;
}

static void put_file(struct tail *t, struct tail_file *f, position_f *put, void *u)
{
    struct tail_position at = {
        .key = f->key, .id = f->id, .at = line_reader_place(&f->lines), .path = slice_str(f->path)};
    at.sized = true;
    at.size = f->size;
    at.over = f->fd < 0 && f->rotated;
    bool held = !f->gone && input_add_begins(&t->sink, f->key, &at.at);
    struct position p = {.input = slice_str(t->opt->text), .closed = f->gone};
    sbuf_reset(&t->row);
    tail_position_write(&at, &t->row, &p);
    if (f->taken_from)
        put(u, &(struct position){.input = slice_str(f->taken_from), .part = p.part, .closed = true});
    put(u, &p);
    free(f->taken_from);
    f->taken_from = NULL;
    f->changed = held; /* its release changes the place as well */
}

static unsigned put_changed(struct tail *t, struct tail_files *list, position_f *put, void *u)
{
    struct tail_file *f;
    unsigned n = 0;
    TAILQ_FOREACH (f, list, all) {
        if (!f->changed)
            continue;
        put_file(t, f, put, u);
        n++;
    }
    return n;
}

static void tail_positions(struct input *in, position_f *put, void *u)
{
    struct tail *t = (struct tail *)in;
    unsigned n = put_changed(t, &t->removed, put, u) + put_changed(t, &t->files, put, u);
    if (t->seen && (n || t->seen_changed)) {
        sbuf_reset(&t->row);
        sbuf_addf(&t->row, "seen1 %" PRIx64, t->all_known.wall_ms);
        put(u, &(struct position){.input = slice_str(t->opt->text), .part = SLICE(""), .blob = sbuf_slice(&t->row)});
    }
    t->seen_changed = false;
}

/* Files of whose removal the store knows are done with. */
static void tail_stored(struct input *in)
{
    struct tail *t = (struct tail *)in;
    struct tail_file *f, *next;
    for (f = TAILQ_FIRST(&t->removed); f; f = next) {
        next = TAILQ_NEXT(f, all);
        if (f->changed)
            continue;
        TAILQ_REMOVE(&t->removed, f, all);
        tail_file_free(f);
    }
}

/* ---- an input ---- */

static void free_all(struct tail_files *list)
{
    struct tail_file *f;
    while ((f = TAILQ_FIRST(list))) {
        TAILQ_REMOVE(list, f, all);
        tail_file_free(f);
    }
}

static void tail_stop(struct input *in)
{
    struct tail *t = (struct tail *)in;
    free_all(&t->files);
    free_all(&t->removed);
    struct event *events[] = {t->turn, t->poll, t->soon, t->idle};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (events[i])
            event_free(events[i]);
    if (t->earlier)
        t->earlier->later = t->later;
    if (t->later)
        t->later->earlier = t->earlier;
    tail_watch_free(t->watch);
    tail_complaints_done(t);
    tail_folders_done(t);
    table_done(&t->by_inode);
    table_done(&t->left);
    sbuf_done(&t->row);
    free(t);
}

void tail_tune(struct input *in, const struct tail_tuning *tuning)
{
    struct tail *t = (struct tail *)in;
    t->tuning = *tuning;
    if (!t->tuning.poll_ms)
        t->tuning.poll_ms = TAIL_POLL_MS;
    if (!t->tuning.idle_ms)
        t->tuning.idle_ms = TAIL_IDLE_MS;
    if (!t->tuning.half_ms)
        t->tuning.half_ms = TAIL_HALF_MS;
    tail_watch_free(t->watch);
    t->watch = t->tuning.no_inotify || t->awaits ? NULL : tail_watch_new(t);
}

static struct input *tail_start(struct event_base *base, const struct input_options *opt, const struct input_sink *sink,
                                struct diag *d)
{
    if (!tail_acceptable(opt, d))
        return NULL;
    struct tail *t = xcalloc(1, sizeof *t);
    *t = (struct tail){.input = {.type = &in_tail},
                       .base = base,
                       .opt = opt,
                       .sink = *sink,
                       .at_end = !opt->from_start,
                       .all_known.mono_ms = -1,
                       .look_back = true,
                       .awaits = opt->awaited};
    TAILQ_INIT(&t->files);
    TAILQ_INIT(&t->ready);
    TAILQ_INIT(&t->waiting);
    TAILQ_INIT(&t->removed);
    TAILQ_INIT(&t->turns);
    tail_folders_init(t);
    sbuf_init(&t->row, 2 * TAIL_POSITION_MAX);
    descriptors_more();
    t->turn = event_new(base, -1, 0, tail_on_turn, t);
    t->poll = event_new(base, -1, 0, tail_on_scan, t);
    t->soon = event_new(base, -1, 0, tail_on_scan, t);
    t->idle = event_new(base, -1, 0, tail_on_idle, t);
    if (!t->turn || !t->poll || !t->soon || !t->idle) {
        err_add(d, ERR_ERROR, opt->place, "cannot tail %s: no memory for its events", opt->text);
        tail_stop(&t->input);
        return NULL;
    }
    tail_tune(&t->input, &(struct tail_tuning){0});
    tail_schedule(t->soon, 0);
    return &t->input;
}

static void tail_pause_reading(struct input *in, bool paused)
{
    struct tail *t = (struct tail *)in;
    struct tail_file *f;
    t->paused = paused;
    if (paused)
        return;
    if (TAILQ_FIRST(&t->ready))
        tail_next_turn(t);
    if ((f = TAILQ_FIRST(&t->waiting)))
        tail_schedule(t->idle, f->deadline - tail_now_ms());
}

/* A line without its end is left as it is. */
static bool waits_for_more(const struct tail *t)
{
    const struct tail_file *f = TAILQ_FIRST(&t->waiting);
    while (f && f->half)
        f = TAILQ_NEXT(f, waiting);
    return f;
}

static bool tail_drained(struct input *in)
{
    struct tail *t = (struct tail *)in;
    struct tail_file *f;
    if (t->awaits)
        return true;
    if (t->scans == 0 || event_pending(t->soon, EV_TIMEOUT, NULL) || TAILQ_FIRST(&t->ready) || waits_for_more(t) ||
        TAILQ_FIRST(&t->turns))
        return false;
    bool all = true;
    TAILQ_FOREACH (f, &t->files, all) {
        if (f->fd >= 0 && tail_file_look(f, true) != TAIL_LOOK_SAME) {
            tail_ready(t, f);
            all = false;
        }
    }
    return all;
}

static bool tail_behind(struct input *in)
{
    return !tail_drained(in);
}

const struct input_type in_tail = {
    .kind = INPUT_TAIL,
    .start = tail_start,
    .pause = tail_pause_reading,
    .drained = tail_drained,
    .after = tail_after,
    .restore = tail_restore,
    .look = tail_look,
    .positions = tail_positions,
    .stored = tail_stored,
    .behind = tail_behind,
    .stop = tail_stop,
};
