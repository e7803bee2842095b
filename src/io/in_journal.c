#include "io/in_journal.h"

#include "config.h"

#ifdef HAVE_SYSTEMD

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

/* sd-journal.h brings syslog.h, whose names for levels are also those of base/log.h. */
#undef LOG_INFO
#undef LOG_DEBUG
#include "base/hash.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "io/clock.h"
#include "io/peer.h"
#include "text/json.h"

enum {
    LOOK_S = 30,       /* inotify may be out of watches */
    LOOK_REMOTE_S = 1, /* network file systems tell nothing */
    FIELDS_BYTES_MAX = 4 << 20,
    JSON_BLOW_UP = 6, /* \u0001 */
};

struct in_journal {
    struct input input;
    const struct input_options *opt;
    struct input_sink sink;
    sd_journal *journal;
    struct event *readable, *more;
    struct event *await; /* the next look for a journal that is not there yet; NULL: it is */
    struct event_base *base;
    const char *folder; /* NULL: the host's */
    unsigned looks;
    int64_t since_us; /* of one that was awaited: when this began, and what is older was not asked for; 0: it was not */
    int64_t await_ms; /* 0: as usual */
    bool by_unit;     /* only the entries of one unit are read */
    bool paused, begun, placed;
    bool caught_up; /* the last look found no further entry */
    bool moved;     /* the current entry is not the one `cursor` names */
    bool told;      /* the store has been told `cursor` */
    char *cursor;
    char *row_name; /* "journal:" and the unit */
    struct stream stream;
    struct sbuf json;
    char own_pid[24];
    const char *own_invocation;
};

/* ---- position ---- */

static void keep_cursor(struct in_journal *in)
{
    char *cursor;
    if (!in->moved || sd_journal_get_cursor(in->journal, &cursor) < 0)
        return;
    free(in->cursor);
    in->cursor = cursor;
    in->moved = false;
    in->told = false;
}

static void journal_restore(struct input *input, const struct position *rows, unsigned n)
{
    struct in_journal *in = (struct in_journal *)input;
    for (unsigned i = 0; i < n; i++) {
        struct slice cursor = rows[i].blob;
        if (!slice_is(rows[i].input, in->row_name) || !slice_is(slice_split(&cursor, ' '), "cursor1"))
            continue;
        free(in->cursor);
        in->cursor = slice_dup(cursor);
        in->told = true;
    }
}

static void journal_positions(struct input *input, position_f *put, void *u)
{
    struct in_journal *in = (struct in_journal *)input;
    keep_cursor(in);
    if (in->told || !in->cursor)
        return;
    in->told = true;
    char *blob = xasprintf("cursor1 %s", in->cursor);
    put(u, &(struct position){.input = slice_str(in->row_name), .part = SLICE(""), .blob = slice_str(blob)});
    free(blob);
}

static void log_journal(enum log_level level, const char *msg, const struct in_journal *in, int e)
{
    log_at(level, msg, log_c("input", in->row_name), log_c("error", e < 0 ? strerror(-e) : ""));
}

static bool add_match(sd_journal *j, const char *name, const char *value)
{
    char *text = xasprintf("%s=%s", name, value);
    int r = sd_journal_add_match(j, text, 0);
    free(text);
    return r >= 0;
}

/* What the unit writes, what systemd says about it, and its core dumps: as journalctl --unit. */
static bool match_unit(sd_journal *j, const char *text)
{
    char *unit = strchr(text, '.') ? xstrdup(text) : xasprintf("%s.service", text);
    bool ok = add_match(j, "_SYSTEMD_UNIT", unit) && sd_journal_add_disjunction(j) >= 0 && add_match(j, "_PID", "1") &&
              add_match(j, "UNIT", unit) && sd_journal_add_disjunction(j) >= 0 && add_match(j, "_UID", "0") &&
              add_match(j, "OBJECT_SYSTEMD_UNIT", unit) && sd_journal_add_disjunction(j) >= 0 &&
              add_match(j, "MESSAGE_ID", "fc2e22bc6ee647b6b90729ab34a250b1") && add_match(j, "_UID", "0") &&
              add_match(j, "COREDUMP_UNIT", unit);
    free(unit);
    return ok;
}

static bool match(struct in_journal *in)
{
    sd_journal_flush_matches(in->journal);
    return !in->by_unit || match_unit(in->journal, in->opt->text);
}

/* Takes the last entry of any unit for read, at the first run, so that also a unit that has written nothing yet has a
   position, and what it writes while crumbd is away is found. */
static int mark_end(struct in_journal *in)
{
    sd_journal_flush_matches(in->journal);
    int r = sd_journal_seek_tail(in->journal);
    if (r >= 0)
        r = sd_journal_previous(in->journal);
    in->moved = r > 0;
    keep_cursor(in);
    return r < 0 ? r : match(in) ? 0 : -ENOMEM;
}

static bool cursor_is_there(struct in_journal *in)
{
    sd_journal_flush_matches(in->journal);
    bool there = sd_journal_seek_cursor(in->journal, in->cursor) >= 0 && sd_journal_next(in->journal) > 0 &&
                 sd_journal_test_cursor(in->journal, in->cursor) > 0;
    return match(in) && there;
}

/* Settles, once, where reading goes on. */
static int begin(struct in_journal *in)
{
    in->begun = true;
    if (in->cursor && sd_journal_seek_cursor(in->journal, in->cursor) < 0) {
        log_journal(LOG_ERROR, "the place kept in the store is none; going on with what comes now", in, 0);
        free(in->cursor);
        in->cursor = NULL;
    }
    if (in->cursor && !cursor_is_there(in))
        log_journal(LOG_WARN, "the last entry read is no longer in the journal; going on with what came after it", in,
                    0);
    return in->cursor || in->opt->from_start ? 0 : mark_end(in);
}

/* Goes to the entry before the first one that is to be handed on. */
static int place(struct in_journal *in)
{
    if (!in->cursor && in->since_us)
        return sd_journal_seek_realtime_usec(in->journal, (uint64_t)in->since_us);
    if (!in->cursor) /* the whole journal is to be read, or it was empty when this input began */
        return sd_journal_seek_head(in->journal);
    int r = sd_journal_seek_cursor(in->journal, in->cursor);
    if (r >= 0)
        r = sd_journal_next(in->journal);
    if (r <= 0 || sd_journal_test_cursor(in->journal, in->cursor) > 0)
        return r;
    /* The entry of the cursor is gone, or of another unit: the current entry is the first one after it. */
    r = sd_journal_previous(in->journal);
    return r == 0 ? sd_journal_seek_head(in->journal) : r;
}

/* ---- an entry ---- */

static bool split(const void *data, size_t n, struct slice *name, struct slice *value)
{
    *value = slice_of(data, n);
    *name = slice_split(value, '=');
    return value->p != NULL;
}

/* The value of a field, valid until the next one is asked for. */
static struct slice field(struct in_journal *in, const char *name)
{
    const void *data;
    size_t n;
    struct slice key, value;
    if (sd_journal_get_data(in->journal, name, &data, &n) < 0 || !split(data, n, &key, &value))
        return SLICE_NONE;
    return value;
}

static bool own_entry(struct in_journal *in)
{
    return slice_is(field(in, "_PID"), in->own_pid) ||
           (in->own_invocation && slice_is(field(in, "_SYSTEMD_INVOCATION_ID"), in->own_invocation));
}

static uint64_t ring_of(struct in_journal *in)
{
    static const char *const names[] = {"_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER", "_TRANSPORT"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct slice v = field(in, names[i]);
        if (v.n)
            return hash128_low(HASH128_START, v);
    }
    return slice_hash(SLICE("journal"), 0x6a6f7572);
}

static void put_time(struct in_journal *in, struct json *j)
{
    uint64_t us;
    char text[24];
    if (sd_journal_get_realtime_usec(in->journal, &us) < 0)
        return;
    int n = snprintf(text, sizeof text, "%llu", (unsigned long long)us);
    json_key(j, "__REALTIME_TIMESTAMP");
    json_str(j, slice_of(text, (size_t)n));
}

/* Writes the entry as JSON into in->json. Returns how many bytes of its message were left out. */
static uint64_t render(struct in_journal *in)
{
    const void *data;
    size_t n;
    struct json j;
    struct slice name, value = field(in, "MESSAGE");
    size_t max = in->opt->max_message_bytes;
    uint64_t truncated_bytes = value.n > max ? value.n - max : 0;
    sbuf_reset(&in->json);
    json_start(&j, &in->json);
    json_map(&j);
    put_time(in, &j);
    json_key(&j, "MESSAGE");
    json_str(&j, slice_sub(value, 0, max));
    size_t room = in->json.n + FIELDS_BYTES_MAX;
    sd_journal_restart_data(in->journal);
    while (in->json.n < room && sd_journal_enumerate_data(in->journal, &data, &n) > 0) {
        if (!split(data, n, &name, &value) || value.n > JOURNAL_FIELD_MAX || slice_is(name, "MESSAGE"))
            continue;
        json_key_s(&j, name);
        json_str(&j, value);
    }
    json_map_end(&j);
    json_end(&j);
    return truncated_bytes;
}

static void take(struct in_journal *in)
{
    in->moved = true;
    if (own_entry(in))
        return;
    in->stream.ring = ring_of(in);
    uint64_t truncated_bytes = render(in);
    const struct message m = {
        .stream = &in->stream, .text = sbuf_slice(&in->json), .lines = 1, .truncated_bytes = truncated_bytes};
    input_message(&in->sink, &in->input, &m);
}

/* ---- the loop ---- */

static void wait_for_more(struct in_journal *in)
{
    struct timeval look = {.tv_sec = sd_journal_reliable_fd(in->journal) > 0 ? LOOK_S : LOOK_REMOTE_S};
    event_add(in->readable, &look);
}

/* Asks for the next turn by a timer, so that the loop asks every other input first. */
static void next_turn(struct in_journal *in)
{
    static const struct timeval now = {0};
    event_add(in->more, &now);
}

static void failed(struct in_journal *in, const char *msg, int e)
{
    in->sink.counts->v[COUNT_input_errors]++;
    log_journal(LOG_ERROR, msg, in, e);
    input_trouble(&in->input, &in->sink, "%s%s%s", msg, e < 0 ? ": " : "", e < 0 ? strerror(-e) : "");
}

static void journal_on_turn(evutil_socket_t fd, short what, void *u)
{
    struct in_journal *in = u;
    int r = 1;
    (void)fd, (void)what;
    if (in->paused)
        return;
    input_turn(&in->sink, &in->input, SLICE_NONE);
    if (!in->begun)
        r = begin(in);
    if (!in->placed && r >= 0)
        r = place(in);
    if (r < 0)
        failed(in, "no place to begin in the journal", r);
    in->placed = true;
    unsigned n = 0;
    for (r = 1; n < JOURNAL_TURN && !in->paused && (r = sd_journal_next(in->journal)) > 0; n++)
        take(in);
    keep_cursor(in);
    in->caught_up = r == 0;
    if (r < 0)
        failed(in, "the journal cannot be read; trying again", r);
    if (in->paused)
        return;
    if (r > 0) {
        next_turn(in);
    } else {
        if (in->json.cap > 2 * JOURNAL_FIELD_MAX)
            sbuf_done(&in->json);
        wait_for_more(in);
    }
}

static void journal_on_readable(evutil_socket_t fd, short what, void *u)
{
    struct in_journal *in = u;
    int r = sd_journal_process(in->journal);
    if (r < 0)
        failed(in, "the journal's files cannot be watched", r);
    /* journald counts an entry before it puts it into the lists that a unit is looked up in. When libsystemd looks in
     * between it has seen that count, and does not look again before the next entry; from a new place it does. */
    if (what & EV_TIMEOUT && in->by_unit)
        in->placed = false;
    journal_on_turn(fd, what, u);
}

/* ---- the input ---- */

static void journal_look(struct input *input)
{
    struct in_journal *in = (struct in_journal *)input;
    int r = in->begun || in->await ? 0 : begin(in);
    if (r < 0)
        failed(in, "no place to begin in the journal", r);
}

static void journal_stop(struct input *input)
{
    struct in_journal *in = (struct in_journal *)input;
    if (in->readable)
        event_free(in->readable);
    if (in->more)
        event_free(in->more);
    if (in->await)
        event_free(in->await);
    sd_journal_close(in->journal);
    sbuf_done(&in->json);
    free(in->cursor);
    free(in->row_name);
    free(in);
}

static bool has_files(const struct in_journal *in)
{
    return in->folder || sd_journal_has_runtime_files(in->journal) > 0 ||
           sd_journal_has_persistent_files(in->journal) > 0;
}

static bool open_files(struct in_journal *in, struct diag *d)
{
    const struct input_options *opt = in->opt;
    const char *folder = in->folder;
    int r = folder ? sd_journal_open_directory(&in->journal, folder, 0)
                   : sd_journal_open(&in->journal, SD_JOURNAL_LOCAL_ONLY);
    if (r < 0) {
        err_add(d, ERR_ERROR, opt->place, "the systemd journal cannot be opened: %s", strerror(-r));
        return false;
    }
    if (!folder && !in->await && !has_files(in)) {
        log_at(LOG_WARN,
               "no journal that crumbd may read: is systemd-journald running, and crumbd's user in group "
               "systemd-journal?",
               log_c("input", in->row_name));
        input_trouble(&in->input, &in->sink, "no journal that crumbd may read");
    }
    sd_journal_set_data_threshold(in->journal, opt->max_message_bytes + sizeof "MESSAGE=");
    if (!match(in)) {
        err_add(d, ERR_ERROR, opt->place, "the journal cannot be searched for unit %s", opt->text);
        return false;
    }
    return true;
}

static bool open_events(struct in_journal *in)
{
    struct event_base *base = in->base;
    int fd = sd_journal_get_fd(in->journal), events = fd < 0 ? 0 : sd_journal_get_events(in->journal);
    short what = (short)((events & POLLIN ? EV_READ : 0) | (events & POLLOUT ? EV_WRITE : 0));
    /* There is no descriptor to wait for: the time-out alone calls. */
    in->readable = event_new(base, fd < 0 ? -1 : fd, fd < 0 ? 0 : what, journal_on_readable, in);
    in->more = evtimer_new(base, journal_on_turn, in);
    return in->readable && in->more;
}

static bool open_all(struct in_journal *in, struct diag *d)
{
    if (!open_files(in, d))
        return false;
    if (open_events(in))
        return true;
    err_add(d, ERR_ERROR, in->opt->place, "cannot read the journal: no memory or no event");
    return false;
}

/* --- one that is awaited: looked for now and then, and read from when crumbd began --- */

static void journal_on_await(evutil_socket_t fd, short what, void *u);

static bool await(struct in_journal *in)
{
    in->since_us = clock_wall_us();
    in->caught_up = true; /* as far as there is one */
    in->await = evtimer_new(in->base, journal_on_await, in);
    return in->await;
}

static void look_again(struct in_journal *in)
{
    int64_t ms = input_await_ms(in->looks, in->await_ms);
    struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    event_add(in->await, &tv);
}

/* Where there is none libsystemd opens it all the same, and would not see one that comes. */
static bool appears(struct in_journal *in)
{
    struct diag d = {0};
    bool ok = !input_is_instead(in->opt) && open_files(in, &d) && has_files(in);
    err_done(&d);
    if (ok)
        return true;
    sd_journal_close(in->journal);
    in->journal = NULL;
    return false;
}

static void journal_on_await(evutil_socket_t fd, short what, void *u)
{
    struct in_journal *in = u;
    (void)fd, (void)what;
    input_turn(&in->sink, &in->input, SLICE_NONE);
    in->looks++;
    if (in->paused || !appears(in) || !open_events(in)) {
        look_again(in);
        return;
    }
    log_journal(LOG_INFO, "a journal has appeared, it is read", in, 0);
    event_free(in->await);
    in->await = NULL;
    in->begun = !in->cursor;
    in->input.files = 1;
    in->input.changed = true;
    next_turn(in);
}

void journal_tune(struct input *input, int64_t await_ms, int64_t since_us)
{
    struct in_journal *in = (struct in_journal *)input;
    in->await_ms = await_ms;
    in->since_us = since_us;
    look_again(in);
}

struct input *journal_open(struct event_base *base, const struct input_options *opt, const struct input_sink *sink,
                           const char *folder, struct diag *d)
{
    struct in_journal *in = xcalloc(1, sizeof *in);
    *in = (struct in_journal){.input = {.type = &in_journal}, .opt = opt, .sink = *sink};
    in->row_name = xasprintf("%s%s", input_traits[INPUT_JOURNAL].position_prefix, opt->text);
    in->by_unit = strcmp(opt->text, "all") != 0;
    in->stream = (struct stream){.by_position = true,

                                 .format = input_traits[INPUT_JOURNAL].format,
                                 .source = slice_str(in->row_name),
                                 .last_us = RECORD_NO_TIME};
    const struct peer none = peer_none();
    peer_to_stream(&none, opt, &in->stream);
    in->stream.input = slice_str(in->row_name);
    in->own_invocation = getenv("INVOCATION_ID");
    snprintf(in->own_pid, sizeof in->own_pid, "%d", getpid());
    sbuf_init(&in->json, JSON_BLOW_UP * (opt->max_message_bytes + JOURNAL_FIELD_MAX + 4096) + FIELDS_BYTES_MAX);
    in->base = base;
    in->folder = folder;
    if (!(opt->awaited ? await(in) : open_all(in, d))) {
        journal_stop(&in->input);
        return NULL;
    }
    if (in->await)
        look_again(in);
    else
        next_turn(in);
    return &in->input;
}

static struct input *journal_start(struct event_base *base, const struct input_options *opt,
                                   const struct input_sink *sink, struct diag *d)
{
    return journal_open(base, opt, sink, NULL, d);
}

static void journal_pause(struct input *input, bool paused)
{
    struct in_journal *in = (struct in_journal *)input;
    if (paused == in->paused)
        return;
    in->paused = paused;
    if (!paused && !in->await)
        next_turn(in);
}

static bool journal_drained(struct input *input)
{
    return ((struct in_journal *)input)->caught_up;
}

static bool journal_behind(struct input *input)
{
    return !journal_drained(input);
}

const struct input_type in_journal = {
    .kind = INPUT_JOURNAL,
    .start = journal_start,
    .pause = journal_pause,
    .drained = journal_drained,
    .restore = journal_restore,
    .look = journal_look,
    .positions = journal_positions,
    .behind = journal_behind,
    .stop = journal_stop,
};

#else

const struct input_type in_journal = {.kind = INPUT_JOURNAL};

#endif
