#include "io/in_backfill.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/descriptors.h"
#include "io/old_log.h"

struct in_backfill {
    struct input input;
    const struct input_options *opt;
    struct input_sink sink;
    struct event *turn;
    struct old_log *logs; /* in the order of first_us */
    unsigned n, next;     /* that begins next */
    struct old_log *open[BACKFILL_OPEN_MAX];
    unsigned n_open;
    int64_t until_us; /* then another one is older */
    bool paused;
    struct sbuf row, blob; /* one position, while it is put */
};

/* ---- which file is which ---- */

/* By its name first: what has the same head under another name was rotated since. True: the row is spent; one of a file
 * that was read to its end is that of all its copies. */
static bool match_row(struct in_backfill *in, const struct old_log_known *k, bool by_name)
{
    for (unsigned i = 0; i < in->n; i++) {
        struct old_log *l = &in->logs[i];
        bool same_name = slice_is(k->at.path, l->path);
        if (l->matched || l->state == OLD_LOG_ENDED || same_name != by_name || !old_log_begins_like(l, k))
            continue;
        old_log_take(l, k, in->opt->backfill->again);
        if (!k->done)
            return true;
    }
    return false;
}

static void backfill_restore(struct input *input, const struct position *rows, unsigned n)
{
    struct in_backfill *in = (struct in_backfill *)input;
    struct old_log_known k;
    bool *spent = xcalloc(n, sizeof *spent);
    for (int by_name = 1; by_name >= 0; by_name--)
        for (unsigned i = 0; i < n; i++)
            if (!spent[i] && old_log_read_row(&rows[i], &k))
                spent[i] = match_row(in, &k, by_name);
    free(spent);
}

/* ---- handing on ---- */

static void hand_on(struct in_backfill *in, struct old_log *l, struct message *m)
{
    l->changed = true;
    m->stream = &l->stream;
    input_message(&in->sink, &in->input, m);
}

static bool is_turn_over(const struct in_backfill *in, const struct old_log *l)
{
    return in->paused || l->stream.last_us > in->until_us;
}

/* ---- rotated sets ---- */

/* A copy, or an empty file: no line of its set is in it. */
static bool has_no_lines(const struct old_log *l)
{
    return l->state == OLD_LOG_ENDED && !l->stream.log && !l->matched;
}

/* The file of its set that was read to its end when it begins; NULL: it is the first, or both have lines of one time.
 */
static const struct old_log *before(const struct in_backfill *in, const struct old_log *l)
{
    const struct old_log *b = l;
    while (b > in->logs)
        if ((--b)->rotated == l->rotated && !has_no_lines(b))
            return b->to->fate == BACKFILL_READ && b->stream.log ? b : NULL;
    return NULL;
}

static void begin(struct in_backfill *in, struct old_log *l)
{
    in->open[in->n_open++] = l;
    old_log_begin(l, before(in, l));
}

/* The next of its set begins with lines of that time where they go on with it: it has its turn at once. */
static void begin_after(struct in_backfill *in, const struct old_log *ended)
{
    struct old_log *l = &in->logs[ended - in->logs + 1], *end = in->logs + in->n;
    while (l < end && (l->rotated != ended->rotated || has_no_lines(l)))
        l++;
    if (l < end && l->state == OLD_LOG_WAITS && l->goes_on)
        begin(in, l);
}

/* Both have lines of one time, or it ends where the other begins. */
static bool ends_at_begin(const struct in_backfill *in, const struct old_log *next)
{
    for (unsigned i = 0; i < in->n_open; i++)
        if (in->open[i]->rotated == next->rotated && in->open[i]->stream.last_us <= next->first_us)
            return true;
    return false;
}

/* ---- one file ---- */

static void leave(struct in_backfill *in, struct old_log *l, enum backfill_fate fate)
{
    unsigned i = 0;
    while (in->open[i] != l)
        i++;
    in->open[i] = in->open[--in->n_open];
    old_log_end(l, fate);
}

/* What came before is sound; at the next start it is tried once more. */
static void leave_damaged(struct in_backfill *in, struct old_log *l)
{
    const char *why = l->file.damaged ? "what is compressed ends early or is damaged" : strerror(errno);
    in->sink.counts->v[COUNT_input_errors]++;
    log_warn("a file cannot be read to its end", log_c("path", l->to->path), log_c("why", why),
             log_i("offset", (int64_t)l->file.at),
             log_c("remedy", "what comes before is sent; mend it and start again, and the rest is"));
    input_trouble(&in->input, &in->sink, "%s: %s", l->to->path, why);
    leave(in, l, BACKFILL_DAMAGED);
}

static void read_some(struct in_backfill *in, struct old_log *l)
{
    if (old_file_skip(&l->file))
        return;
    ssize_t n = old_log_read(l);
    if (n < 0 || (n == 0 && l->file.damaged))
        leave_damaged(in, l);
    else if (n == 0)
        l->state = OLD_LOG_ENDS;
}

static bool next_message(struct old_log *l, struct message *m)
{
    return line_reader_next(&l->lines, l->stream.format, m) ||
           (l->state == OLD_LOG_ENDS && line_reader_flush(&l->lines, FRAME_END, m));
}

/* Hands on what is in the buffer, and reads when that is nothing. */
static void go_on(struct in_backfill *in, struct old_log *l)
{
    struct message m;
    if (l->state == OLD_LOG_COMPARES) {
        if (!old_log_compare(l))
            leave_damaged(in, l);
        return;
    }
    while (next_message(l, &m)) {
        hand_on(in, l, &m);
        if (is_turn_over(in, l))
            return;
    }
    if (l->state == OLD_LOG_ENDS) {
        leave(in, l, BACKFILL_READ);
        begin_after(in, l);
    } else {
        read_some(in, l);
    }
}

/* ---- which one ---- */

/* Of one time those that began first go first. */
static bool is_older(const struct old_log *a, const struct old_log *b)
{
    return a->stream.last_us != b->stream.last_us ? a->stream.last_us < b->stream.last_us : a < b;
}

static struct old_log *oldest_but(const struct in_backfill *in, const struct old_log *but)
{
    struct old_log *found = NULL;
    for (unsigned i = 0; i < in->n_open; i++)
        if (in->open[i] != but && (!found || is_older(in->open[i], found)))
            found = in->open[i];
    return found;
}

static const struct old_log *next_log(struct in_backfill *in)
{
    while (in->next < in->n && in->logs[in->next].state != OLD_LOG_WAITS)
        in->next++;
    return in->next < in->n && in->n_open < BACKFILL_OPEN_MAX ? &in->logs[in->next] : NULL;
}

/* The one that is read now, and until when; NULL: all have been read. */
static struct old_log *pick(struct in_backfill *in)
{
    const struct old_log *next, *other;
    struct old_log *l = oldest_but(in, NULL);
    while ((next = next_log(in)) && (!l || next->first_us <= l->stream.last_us) && !ends_at_begin(in, next)) {
        begin(in, &in->logs[in->next++]);
        l = oldest_but(in, NULL);
    }
    other = oldest_but(in, l);
    in->until_us = other ? other->stream.last_us : INT64_MAX;
    if (next && next->first_us < in->until_us)
        in->until_us = next->first_us;
    return l;
}

static uint64_t disk_left(const struct old_log *l)
{
    return l->state == OLD_LOG_ENDED ? 0 : l->file.disk_bytes - l->file.disk_at;
}

static void count_files(struct in_backfill *in)
{
    uint64_t behind = 0;
    unsigned files = 0;
    for (unsigned i = 0; i < in->n; i++) {
        behind += disk_left(&in->logs[i]);
        files += in->logs[i].state != OLD_LOG_ENDED;
    }
    in->input.changed |= files != in->input.files || behind != in->input.behind_bytes;
    in->input.files = files;
    in->input.behind_bytes = behind;
}

static void next_turn(struct in_backfill *in)
{
    static const struct timeval now = {0};
    event_add(in->turn, &now);
}

static void backfill_on_turn(evutil_socket_t fd, short what, void *u)
{
    struct in_backfill *in = u;
    struct old_log *l = NULL;
    (void)fd, (void)what;
    for (uint64_t done = 0; !in->paused && done < BACKFILL_TURN_BYTES && (l = pick(in));) {
        input_turn(&in->sink, &in->input, slice_str(l->to->path));
        uint64_t before = l->file.at;
        go_on(in, l);
        done += (l->file.at > before ? l->file.at - before : 0) + 256;
    }
    count_files(in);
    if (!in->paused && l)
        next_turn(in);
}

/* ---- the store ---- */

static void backfill_look(struct input *input)
{
    struct in_backfill *in = (struct in_backfill *)input;
    count_files(in);
    in->opt->backfill->total_bytes = input->behind_bytes;
}

static void put_log(struct in_backfill *in, struct old_log *l, position_f *put, void *u)
{
    struct line_reader_place at = old_log_is_read(l) ? line_reader_place(&l->lines) : l->place;
    bool held = input_add_begins(&in->sink, l->key, &at);
    struct position p = {.input = slice_str(in->opt->text)};
    old_log_write_row(l, &at, l->to->fate == BACKFILL_READ && !held, &in->row, &in->blob, &p);
    put(u, &p);
    l->changed = held; /* its release changes the place as well */
}

static void put_old_key(struct in_backfill *in, struct old_log *l, position_f *put, void *u)
{
    char part[17];
    snprintf(part, sizeof part, "%016" PRIx64, l->old_key);
    put(u, &(struct position){.input = slice_str(in->opt->text), .part = slice_str(part), .closed = true});
    l->old_key = 0;
}

static void backfill_positions(struct input *input, position_f *put, void *u)
{
    struct in_backfill *in = (struct in_backfill *)input;
    for (unsigned i = 0; i < in->n; i++) {
        struct old_log *l = &in->logs[i];
        if (l->old_key)
            put_old_key(in, l, put, u);
        if (l->changed)
            put_log(in, l, put, u);
    }
}

/* ---- an input ---- */

static void backfill_stop(struct input *input)
{
    struct in_backfill *in = (struct in_backfill *)input;
    for (unsigned i = 0; i < in->n; i++)
        old_log_done(&in->logs[i]);
    free(in->logs);
    if (in->turn)
        event_free(in->turn);
    sbuf_done(&in->row);
    sbuf_done(&in->blob);
    free(in);
}

/* Of those of one time the ones that are not compressed come first: they cannot be damaged in that way. */
static int backfill_compare(const void *a, const void *b)
{
    const struct old_log *x = a, *y = b;
    if (x->first_us != y->first_us)
        return x->first_us < y->first_us ? -1 : 1;
    return x->file.is_gzip != y->file.is_gzip ? x->file.is_gzip - y->file.is_gzip : strcmp(x->path, y->path);
}

static void leave_copies(struct in_backfill *in)
{
    for (unsigned i = 0; i < in->n; i++)
        for (unsigned k = 0; k < i && in->logs[i].state != OLD_LOG_ENDED; k++)
            if (in->logs[k].state != OLD_LOG_ENDED && old_log_is_copy(&in->logs[i], &in->logs[k])) {
                old_log_end(&in->logs[i], BACKFILL_KNOWN);
                in->logs[i].changed = false; /* its row is that of the other */
            }
}

static bool open_one(struct in_backfill *in, struct backfill_file *to, struct diag *d)
{
    char *why = NULL;
    bool ok = old_log_open(&in->logs[in->n++], to, in->sink.now_us(in->sink.u), &why);
    if (!ok)
        err_add(d, ERR_WARNING, (struct err_place){.file = to->path}, "cannot be read: %s", why);
    free(why);
    return ok;
}

static bool open_all(struct in_backfill *in, struct diag *d)
{
    const struct backfill *of = in->opt->backfill;
    unsigned opened = 0;
    in->logs = xcalloc(of->n, sizeof *in->logs);
    for (unsigned i = 0; i < of->n; i++)
        opened += open_one(in, &of->files[i], d);
    qsort(in->logs, in->n, sizeof *in->logs, backfill_compare);
    leave_copies(in);
    for (unsigned i = 0; i < in->n; i++)
        in->logs[i].stream.home = &in->logs[i].home;
    if (!opened)
        err_plain(d, "there is no file to be read");
    return opened > 0;
}

static struct input *backfill_start(struct event_base *base, const struct input_options *opt,
                                    const struct input_sink *sink, struct diag *d)
{
    struct in_backfill *in = xcalloc(1, sizeof *in);
    *in = (struct in_backfill){.input = {.type = &in_backfill}, .opt = opt, .sink = *sink};
    sbuf_init(&in->row, 2 * TAIL_POSITION_MAX);
    sbuf_init(&in->blob, 2 * TAIL_POSITION_MAX);
    descriptors_more();
    in->turn = evtimer_new(base, backfill_on_turn, in);
    assert(in->turn);
    if (!open_all(in, d)) {
        backfill_stop(&in->input);
        return NULL;
    }
    next_turn(in);
    return &in->input;
}

static void backfill_pause(struct input *input, bool paused)
{
    struct in_backfill *in = (struct in_backfill *)input;
    in->paused = paused;
    if (!paused)
        next_turn(in);
}

static bool backfill_drained(struct input *input)
{
    struct in_backfill *in = (struct in_backfill *)input;
    return in->n_open == 0 && !next_log(in);
}

const struct input_type in_backfill = {
    .kind = INPUT_BACKFILL,
    .start = backfill_start,
    .pause = backfill_pause,
    .drained = backfill_drained,
    .restore = backfill_restore,
    .look = backfill_look,
    .positions = backfill_positions,
    .stop = backfill_stop,
};
