#include "io/in_stdin.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/descriptors.h"
#include "io/peer.h"
#include "parsers/line_reader.h"

enum { UNTOLD_MAX = 100 /* so many lines that tell no format make the input text */ };

struct in_stdin {
    struct input input;
    const struct input_options *opt;
    struct input_sink sink;
    int fd;
    bool waitable; /* poll can say when there is something: not for files and /dev/null */
    bool paused, ended;
    struct event *readable, *more, *idle;
    struct stream stream;
    struct record_home home;
    struct line_reader lines;
};

static void deliver(struct in_stdin *in, struct message *m)
{
    m->stream = &in->stream;
    input_message(&in->sink, &in->input, m);
}

static void run_messages(struct in_stdin *in)
{
    struct message m;
    while (!in->paused && line_reader_next(&in->lines, in->stream.format, &m))
        deliver(in, &m);
}

/* Asks for the next turn by a timer, so that the loop asks every other input first. */
static void next_turn(struct in_stdin *in)
{
    static const struct timeval now = {0};
    event_add(in->more, &now);
}

/* Waits until there is something to read. */
static void wait_for_more(struct in_stdin *in)
{
    static const struct timeval idle = {.tv_usec = STDIN_IDLE_MS * 1000};
    static const struct timeval pieces = {.tv_sec = STDIN_IDLE_MS * LINE_READER_PIECE_IDLE / 1000};
    if (in->ended || in->paused)
        return;
    if (in->waitable)
        event_add(in->readable, NULL);
    else
        next_turn(in);
    if (line_reader_waiting(&in->lines))
        event_add(in->idle, line_reader_joins(&in->lines) ? &pieces : &idle);
}

static void end(struct in_stdin *in)
{
    struct message m;
    while (line_reader_flush(&in->lines, FRAME_END, &m))
        deliver(in, &m);
    line_reader_done(&in->lines);
    in->ended = true;
}

/* Whether there is something to read. It is asked before each read, since the descriptor may block and the end of a
   pause makes an event of its own. */
static bool can_read(const struct in_stdin *in)
{
    return !in->waitable || descriptor_readable(in->fd);
}

static void read_some(struct in_stdin *in)
{
    ssize_t n = read(in->fd, framer_room(&in->lines.framer, STDIN_READ), STDIN_READ);
    if (n > 0) {
        framer_fill(&in->lines.framer, (size_t)n);
        run_messages(in);
    } else if (n == 0) {
        end(in);
    } else if (errno != EAGAIN && errno != EINTR) {
        in->sink.counts->v[COUNT_input_errors]++;
        log_at(LOG_ERROR, "standard input cannot be read any more", log_c("input", in->opt->text),
               log_c("error", strerror(errno)));
        input_trouble(&in->input, &in->sink, "it cannot be read any more: %s", strerror(errno));
        end(in);
    }
}

static void stdin_on_readable(evutil_socket_t fd, short what, void *u)
{
    struct in_stdin *in = u;
    (void)fd, (void)what;
    if (in->ended)
        return;
    event_del(in->idle);
    input_turn(&in->sink, &in->input, SLICE_NONE);
    run_messages(in); /* hands on what a pause has left in the buffer */
    if (in->paused)
        return;
    if (can_read(in))
        read_some(in);
    wait_for_more(in);
}

static void stdin_on_idle(evutil_socket_t fd, short what, void *u)
{
    struct in_stdin *in = u;
    struct message m;
    (void)fd, (void)what;
    input_turn(&in->sink, &in->input, SLICE_NONE);
    while (line_reader_flush(&in->lines, FRAME_IDLE, &m))
        deliver(in, &m);
    line_reader_trim(&in->lines);
}

static void stdin_stop(struct input *input)
{
    struct in_stdin *in = (struct in_stdin *)input;
    if (!in->ended)
        end(in);
    if (in->readable)
        event_free(in->readable);
    if (in->more)
        event_free(in->more);
    if (in->idle)
        event_free(in->idle);
    free(in);
}

struct input *stdin_open(struct event_base *base, const struct input_options *opt, const struct input_sink *sink,
                         int fd, struct diag *d)
{
    struct in_stdin *in = xcalloc(1, sizeof *in);
    struct stat st;
    in->input.type = &in_stdin;
    in->opt = opt;
    in->sink = *sink;
    in->fd = fd;
    in->home = (struct record_home){.program = slice_str(opt->program), .own = opt->own};
    in->stream = (struct stream){.format = opt->format,
                                 .zone = opt->zone,
                                 .log_format = slice_str(opt->log_format),
                                 .source = slice_str(opt->text),
                                 .home = &in->home,
                                 .last_us = RECORD_NO_TIME};
    const struct peer none = peer_none();
    peer_to_stream(&none, opt, &in->stream);
    in->stream.ring = slice_hash(slice_str(opt->text), 1);
    line_reader_init(&in->lines, FRAME_LINES, opt->max_message_bytes, &(struct line_reader_place){0});
    in->lines.untold_max = UNTOLD_MAX;
    in->readable = event_new(base, fd, EV_READ, stdin_on_readable, in);
    in->more = evtimer_new(base, stdin_on_readable, in);
    in->idle = evtimer_new(base, stdin_on_idle, in);
    bool open = fstat(fd, &st) == 0;
    if (!open || !in->readable || !in->more || !in->idle) {
        err_add(d, ERR_ERROR, opt->place, "cannot read %s: %s", opt->text,
                open ? "no memory" : "it is closed; give crumbd an input, or leave stdin out");
        in->ended = true;
        stdin_stop(&in->input);
        return NULL;
    }
    in->waitable = S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd);
    wait_for_more(in);
    return &in->input;
}

static struct input *stdin_start(struct event_base *base, const struct input_options *opt,
                                 const struct input_sink *sink, struct diag *d)
{
    return stdin_open(base, opt, sink, opt->fd, d);
}

static void stdin_pause(struct input *input, bool paused)
{
    struct in_stdin *in = (struct in_stdin *)input;
    if (paused == in->paused)
        return;
    in->paused = paused;
    /* This may be called from within sink.message, so reading goes on from the loop and not from here. */
    if (!paused && !in->ended)
        next_turn(in);
}

static bool stdin_drained(struct input *input)
{
    const struct in_stdin *in = (const struct in_stdin *)input;
    return in->ended;
}

const struct input_type in_stdin = {
    .kind = INPUT_STDIN,
    .start = stdin_start,
    .pause = stdin_pause,
    .drained = stdin_drained,
    .stop = stdin_stop,
};
