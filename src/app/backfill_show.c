#include "app/backfill_show.h"

#include <inttypes.h>
#include <stdio.h>

#include "app/command.h"
#include "io/clock.h"
#include "text/stamp.h"

/* --- on the way --- */

/* How far it is, how fast, how long still, and what has come of it. */
static void show_progress(struct backfill_show *s, uint64_t left_bytes)
{
    char besides[80];
    s->progress.total_bytes = s->backfill->total_bytes;
    s->progress.done_bytes = s->backfill->total_bytes - left_bytes;
    snprintf(besides, sizeof besides, "%" PRIu64 " events sent, %" PRIu64 " wait", s->counts.v[COUNT_sent], s->waiting);
    progress_show(&s->progress, besides);
}

/* Something has been read or answered since. */
static bool has_moved(const struct backfill_show *s, const struct counts *now)
{
    static const enum count signs[] = {COUNT_lines_in, COUNT_sent, COUNT_dead};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (now->v[signs[i]] != s->counts.v[signs[i]])
            return true;
    return false;
}

bool backfill_show_look(void *u, const struct daemon_view *v)
{
    struct backfill_show *s = u;
    int64_t now_ms = clock_mono_ms();
    s->total_bytes = s->backfill->total_bytes;
    if (!s->moved_ms || has_moved(s, v->counts))
        s->moved_ms = now_ms;
    s->counts = *v->counts;
    s->waiting = v->waiting;
    s->dead = v->dead;
    s->issues = v->issues;
    s->newest_too_old_us = v->newest_too_old_us;
    if (v->over)
        progress_end(&s->progress);
    else
        show_progress(s, v->inputs[0].behind_bytes < s->total_bytes ? v->inputs[0].behind_bytes : s->total_bytes);
    s->gave_up = now_ms - s->moved_ms > BACKFILL_PATIENCE_S * INT64_C(1000);
    return !s->gave_up;
}

/* --- at the end --- */

static void put_row(const char *name, uint64_t n, const char *what)
{
    printf("%-12s %10" PRIu64 "  %s\n", name, n, what);
}

static unsigned with_fate(const struct backfill_show *s, enum backfill_fate fate)
{
    unsigned n = 0;
    for (unsigned i = 0; i < s->backfill->n; i++)
        n += s->backfill->files[i].fate == fate;
    return n;
}

static void show_files(const struct backfill_show *s)
{
    static const struct {
        enum backfill_fate fate;
        const char *words;
    } rows[] = {{BACKFILL_READ, "read to the end"},
                {BACKFILL_KNOWN, "known, not read again"},
                {BACKFILL_UNREAD, "not read to the end yet"},
                {BACKFILL_DAMAGED, "damaged, read as far as could be"},
                {BACKFILL_REFUSED, "could not be read"}};
    const char *name = "files";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned n = with_fate(s, rows[i].fate);
        if (n) {
            put_row(name, n, rows[i].words);
            name = "";
        }
    }
}

static void show_left_out(const struct backfill_show *s)
{
    char words[128], stamp[40];
    if (s->counts.v[COUNT_too_old]) {
        stamp_print(s->newest_too_old_us, stamp);
        snprintf(words, sizeof words, "lines older than Sentry takes, the newest of %s", stamp);
        put_row("left out", s->counts.v[COUNT_too_old], words);
    }
    if (s->counts.v[COUNT_unasked])
        put_row("left out", s->counts.v[COUNT_unasked], "lines outside of --since and --before");
}

static uint64_t held_back(const struct counts *c)
{
    return c->v[COUNT_suppressed] + c->v[COUNT_overdue_suppressed] + c->v[COUNT_extra_suppressed] +
           c->v[COUNT_repeats_suppressed];
}

int backfill_show_end(const struct backfill_show *s)
{
    const struct counts *c = &s->counts;
    show_files(s);
    put_row("lines", c->v[COUNT_lines_in], "");
    show_left_out(s);
    put_row("issues", s->issues, "");
    put_row("events", count_sum(c, COUNT_MADE), "");
    put_row("suppressed", held_back(c), "occurrences, whose number is in summaries");
    put_row("sent", c->v[COUNT_sent], "");
    if (c->v[COUNT_dead])
        put_row("refused", c->v[COUNT_dead], "by the server; crumbd queue ls --store says why");
    if (s->waiting)
        put_row("waiting", s->waiting, "to be sent; start it again, and it goes on");
    if (s->gave_up)
        printf("The server took nothing for an hour.\n");
    if (s->waiting || c->v[COUNT_dead])
        printf("store: %s\n", s->store);
    if (s->waiting || c->v[COUNT_dead] || with_fate(s, BACKFILL_UNREAD))
        return EXIT_CANNOT_RUN;
    return with_fate(s, BACKFILL_DAMAGED) || with_fate(s, BACKFILL_REFUSED) ? EXIT_INPUT_WRONG : EXIT_WELL;
}
