/*
 * tail_turn: when an input's files and folders have their turn: files that may have more by the order in which that was
 * seen, files that wait for what follows by their deadline, the look for files by a timer. What is done then is
 * in_tail's business.
 */
#include "io/tail.h"

#include "io/clock.h"

enum {
    SCAN_GAP_MS = 20, /* a flood of names must not become a flood of scans */
};

int64_t tail_now_ms(void)
{
    return clock_mono_ms();
}

uint64_t tail_wall_ms(void)
{
    return (uint64_t)clock_wall_us() / 1000;
}

uint64_t tail_mtime_ms(const struct stat *st)
{
    return (uint64_t)st->st_mtim.tv_sec * 1000 + (uint64_t)st->st_mtim.tv_nsec / 1000000;
}

static struct timeval ms_of(int64_t ms)
{
    ms = ms < 0 ? 0 : ms;
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

void tail_schedule(struct event *e, int64_t ms)
{
    struct timeval tv = ms_of(ms);
    event_add(e, &tv);
}

void tail_next_turn(struct tail *t)
{
    tail_schedule(t->turn, 0);
}

static void tell_unread(const struct tail *t, const struct tail_file *f, bool unread)
{
    if (t->sink.unread)
        t->sink.unread(t->sink.u, f->key, unread);
}

bool tail_waits_for_another(const struct tail_file *f)
{
    return f->before && f->before->is_ready;
}

/* It has been read to its end, or will not be read: what came behind it has its turn. */
static void let_follow(struct tail *t, struct tail_file *f)
{
    struct tail_file *next;
    if (!f->is_before)
        return;
    f->is_before = false;
    TAILQ_FOREACH (next, &t->files, all)
        if (next->before == f)
            next->before = NULL;
}

void tail_leave_queues(struct tail *t, struct tail_file *f)
{
    if (f->is_ready) {
        TAILQ_REMOVE(&t->ready, f, ready);
        tell_unread(t, f, false);
    }
    if (f->is_pending)
        TAILQ_REMOVE(&t->waiting, f, waiting);
    f->is_ready = f->is_pending = false;
    let_follow(t, f);
}

void tail_ready(struct tail *t, struct tail_file *f)
{
    if (f->is_ready || f->fd < 0)
        return;
    if (!TAILQ_FIRST(&t->ready) && !t->paused)
        tail_next_turn(t);
    f->is_ready = true;
    TAILQ_INSERT_TAIL(&t->ready, f, ready);
    tell_unread(t, f, true);
}

void tail_has_been_read(struct tail *t, struct tail_file *f)
{
    if (f->is_ready)
        return;
    tell_unread(t, f, false);
    let_follow(t, f);
}

/* The search begins at the end: a new deadline is mostly the last. */
void tail_await_deadline(struct tail *t, struct tail_file *f)
{
    struct tail_file *before = TAILQ_LAST(&t->waiting, tail_files);
    while (before && before->deadline > f->deadline)
        before = TAILQ_PREV(before, tail_files, waiting);
    if (before)
        TAILQ_INSERT_AFTER(&t->waiting, before, f, waiting);
    else
        TAILQ_INSERT_HEAD(&t->waiting, f, waiting);
    f->is_pending = true;
    if (TAILQ_FIRST(&t->waiting) == f)
        tail_schedule(t->idle, f->deadline - tail_now_ms());
}

void tail_scan_after(struct tail *t, int64_t ms)
{
    if (!event_pending(t->soon, EV_TIMEOUT, NULL))
        tail_schedule(t->soon, ms);
}

void tail_scan_soon(struct tail *t)
{
    tail_scan_after(t, t->scanned_ms + SCAN_GAP_MS - tail_now_ms());
}
