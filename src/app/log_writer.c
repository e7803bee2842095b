#include "app/log_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/confine.h"
#include "base/log.h"

enum {
    PIECE_BYTES = 4096, /* what a pipe that can be written to at all takes without waiting, pipe(7) */
    NOTICE_BYTES = 256, /* the most that the line of dropped ones takes */
    NS_IN_MS = 1000000,
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t change;
    char ring[LOG_WRITER_BYTES];
    size_t from, n;           /* what is to be written */
    uint64_t missed, dropped; /* since the last line that said so; in all */
    const struct sandbox *sandbox;
    pthread_t thread;
    bool running, ending;
} self = {.lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER};

/* --- the ring, under the lock --- */

static size_t room(void)
{
    return sizeof self.ring - self.n;
}

static void add(struct slice line)
{
    size_t at = (self.from + self.n) % sizeof self.ring, first = sizeof self.ring - at;
    first = line.n < first ? line.n : first;
    memcpy(self.ring + at, line.p, first);
    memcpy(self.ring, line.p + first, line.n - first);
    self.n += line.n;
}

/* Says what was dropped, in front of what comes next. */
static void add_notice(void)
{
    char text[NOTICE_BYTES / 2];
    struct sbuf line;
    snprintf(text, sizeof text, "msg=\"lines of this log were dropped: nobody read it\" dropped=%" PRIu64, self.missed);
    sbuf_init(&line, NOTICE_BYTES);
    log_compose(LOG_WARN, slice_str(text), &line);
    add(sbuf_slice(&line));
    sbuf_done(&line);
    self.missed = 0;
}

static struct slice next_piece(void)
{
    size_t n = sizeof self.ring - self.from;
    n = self.n < n ? self.n : n;
    return slice_of(self.ring + self.from, n < PIECE_BYTES ? n : PIECE_BYTES);
}

static void take(size_t n)
{
    self.from = (self.from + n) % sizeof self.ring;
    self.n -= n;
}

/* What stderr refuses for good, such as a pipe without a reader. */
static void drop(struct slice piece)
{
    for (size_t i = 0; i < piece.n; i++)
        self.dropped += piece.p[i] == '\n';
    take(piece.n);
}

/* After a write: nobody can be told any more, some of it has gone, or there is to be tried again. */
static void settle(struct slice piece, ssize_t written, int error)
{
    if (written >= 0)
        take((size_t)written);
    else if (error != EINTR && error != EAGAIN)
        drop(piece);
    if (written > 0 && self.missed && room() >= NOTICE_BYTES)
        add_notice();
}

/* --- without the thread --- */

/* Writes what stderr takes within the time. Also beside a thread that stands still: then it takes nothing. */
static void write_free(int wait_ms)
{
    struct pollfd to = {.fd = STDERR_FILENO, .events = POLLOUT};
    while (self.n && poll(&to, 1, wait_ms) > 0) {
        struct slice piece = next_piece();
        ssize_t written = write(STDERR_FILENO, piece.p, piece.n);
        settle(piece, written, errno);
    }
}

/* --- who logs --- */

static void log_writer_put(struct slice line)
{
    pthread_mutex_lock(&self.lock);
    if (self.missed && room() >= NOTICE_BYTES + line.n)
        add_notice();
    if (self.missed || room() < line.n) {
        self.missed++;
        self.dropped++;
    } else {
        add(line);
    }
    if (!self.running)
        write_free(0);
    pthread_cond_broadcast(&self.change);
    pthread_mutex_unlock(&self.lock);
}

void log_writer_diag(const struct diag *d)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = d->n ? open_memstream(&text, &n) : NULL;
    if (f) {
        err_print(d, f);
        fclose(f);
        log_writer_put(slice_of(text, n));
    }
    free(text);
}

uint64_t log_writer_dropped(void)
{
    pthread_mutex_lock(&self.lock);
    uint64_t dropped = self.dropped;
    pthread_mutex_unlock(&self.lock);
    return dropped;
}

/* --- the thread --- */

static void write_one_piece(void)
{
    struct slice piece = next_piece();
    pthread_mutex_unlock(&self.lock);
    ssize_t written = write(STDERR_FILENO, piece.p, piece.n); /* what lies in the ring stays where it is meanwhile */
    int error = errno;
    struct pollfd to = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (written < 0 && error == EAGAIN) /* somebody has made it so for all who have it */
        poll(&to, 1, -1);
    pthread_mutex_lock(&self.lock);
    settle(piece, written, error);
    pthread_cond_broadcast(&self.change);
}

static void *log_writer_run(void *u)
{
    (void)u;
    pthread_setname_np(pthread_self(), "log");
    confine_files(self.sandbox, SANDBOX_LOG);
    confine_calls(self.sandbox, SANDBOX_LOG);
    pthread_mutex_lock(&self.lock);
    while (self.n || !self.ending) {
        if (self.n)
            write_one_piece();
        else
            pthread_cond_wait(&self.change, &self.lock);
    }
    self.running = false;
    pthread_cond_broadcast(&self.change);
    pthread_mutex_unlock(&self.lock);
    return NULL;
}

/* --- life --- */

void log_writer_open(void)
{
    log_to(log_writer_put);
}

void log_writer_start(const struct sandbox *sandbox)
{
    sigset_t all, before;
    self.sandbox = sandbox;
    self.running = true;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the main thread's */
    if (pthread_create(&self.thread, NULL, log_writer_run, NULL) != 0)
        self.running = false; /* then who logs writes */
    else
        pthread_detach(self.thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void log_writer_end(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (int64_t)LOG_WRITER_END_MS * NS_IN_MS;
    until.tv_sec += until.tv_nsec / (1000 * NS_IN_MS);
    until.tv_nsec %= 1000 * NS_IN_MS;
    pthread_mutex_lock(&self.lock);
    self.ending = true;
    pthread_cond_broadcast(&self.change);
    while (self.running && pthread_cond_timedwait(&self.change, &self.lock, &until) == 0)
        ;
    if (!self.running)
        write_free(LOG_WRITER_END_MS);
    pthread_mutex_unlock(&self.lock);
}
