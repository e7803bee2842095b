/*
 * tail_share: which files are open when there are more of them than descriptors.
 *
 * All tail inputs together keep at most half of the descriptors open that the process may have; the other half is
 * for listeners, connections, the store and the sender. Where that is not enough files are read in turn: the one
 * that has been quiet longest is parked, of the input that has most open, and opened again at its place when a scan
 * sees that it has changed. Those that wait for their turn are opened in the order in which they began to wait.
 */
#include "io/tail.h"

#include "base/log.h"
#include "io/descriptors.h"

enum {
    OPEN_MIN = 4,        /* least number of open files, however small the limit */
    OPEN_LEAST_MS = 100, /* least time for which a file that has more to read is read */
    GIVEN_BACK = 4,      /* descriptors that a walk to a file and the file itself take */
};

/* Returns how many files all tail inputs may keep open. */
static unsigned tail_open_max(void)
{
    unsigned half = descriptors_limit() / 2;
    return half > OPEN_MIN ? half : OPEN_MIN;
}

unsigned tail_rotated_max(void)
{
    unsigned quarter = tail_open_max() / 4;
    return quarter < TAIL_ROTATED_MAX ? quarter : TAIL_ROTATED_MAX;
}

/* ---- whose descriptor goes ---- */

static struct tail *first_input(struct tail *t)
{
    while (t->earlier)
        t = t->earlier;
    return t;
}

static unsigned open_of_all(struct tail *t)
{
    unsigned n = 0;
    for (const struct tail *i = first_input(t); i; i = i->later)
        n += i->n_open;
    return n;
}

/* Returns the input that gives up a file: the input itself, unless another has more. */
static struct tail *richest_input(struct tail *t)
{
    struct tail *most = t;
    for (struct tail *i = first_input(t); i; i = i->later)
        if (i->n_open > most->n_open)
            most = i;
    return most;
}

/* Returns how well the file can be parked: the greater, the better; 0: not at all. */
static int dispensable(const struct tail *t, const struct tail_file *f, int64_t now)
{
    /* A rotated file is read on while it is open, since its name may go; what waits in a buffer is complete soon, but
       for half a line, which is read again with what comes to it. */
    if (f->fd < 0 || f->rotated || (f->is_pending && !f->half))
        return 0;
    if (f->is_ready)
        return !t->paused && now - f->opened >= OPEN_LEAST_MS ? 1 : 0;
    return line_reader_place(&f->lines).offset == f->read_at ? 3 : 2;
}

static struct tail_file *first_choice(const struct tail *t)
{
    struct tail_file *f, *best = NULL;
    int best_rank = 0;
    int64_t now = tail_now_ms();
    TAILQ_FOREACH (f, &t->files, all) {
        int rank = dispensable(t, f, now);
        if (rank > best_rank || (rank && rank == best_rank && f->quiet_since < best->quiet_since)) {
            best = f;
            best_rank = rank;
        }
    }
    return best;
}

/* Returns the file that can be parked best, but never one whose name is gone: it could not be opened again. */
static struct tail_file *most_dispensable(const struct tail *t)
{
    struct stat st;
    struct tail_file *f;
    while ((f = first_choice(t)) && (fstat(f->fd, &st) != 0 || st.st_nlink == 0))
        f->rotated = true;
    return f;
}

static void say_parked(struct tail *t)
{
    if (t->parked_said)
        return;
    t->parked_said = true;
    log_warn(
        "more files than may be open at once: they are read in turn, and what is deleted meanwhile is lost",
        log_c("tail", t->opt->text), log_i("open_max", tail_open_max()),
        log_c("remedy",
              "raise the limit of open files (LimitNOFILE= in the systemd unit, ulimit -Hn), or tail fewer files"));
}

/* Closes the file although more may come: it is opened again at its place when it has changed. */
static void park(struct tail *t, struct tail_file *f)
{
    bool changed = f->changed; /* the store has the same place as before */
    bool more = f->is_ready || f->read_at < f->size;
    say_parked(t);
    tail_put_to_sleep(t, f);
    f->changed = changed;
    f->parked = true;
    if (more)
        tail_await_turn(t, f);
    t->sink.counts->v[COUNT_files_parked]++;
}

bool tail_has_room(struct tail *t)
{
    unsigned max = tail_open_max();
    while (open_of_all(t) >= max) {
        struct tail *from = richest_input(t);
        struct tail_file *f = most_dispensable(from);
        if (!f)
            return false;
        park(from, f);
    }
    return true;
}

void tail_give_back(struct tail *t)
{
    struct tail *from = richest_input(t);
    struct tail_file *f;
    for (unsigned n = 0; n < GIVEN_BACK && (f = most_dispensable(from)); n++)
        park(from, f);
}

/* ---- parked files ---- */

bool tail_is_unchanged(const struct tail_file *f, const struct stat *st)
{
    return f->parked && f->size == (uint64_t)st->st_size && tail_file_same_time(f, st);
}

void tail_await_turn(struct tail *t, struct tail_file *f)
{
    if (f->is_in_turn)
        return;
    f->is_in_turn = true;
    TAILQ_INSERT_TAIL(&t->turns, f, turn);
}

struct tail_file *tail_add(struct tail *t, int fd, const struct stat *st, const char *path, uint64_t offset)
{
    struct tail_file *f = tail_insert(t, 0, &(struct line_reader_place){.offset = offset}, path);
    bool room = tail_has_room(t);
    tail_attach(t, f, fd, st, path);
    if (!room) {
        park(t, f);
        tail_await_turn(t, f);
    }
    log_info("file found", log_c("path", path), log_i("from", (int64_t)offset), log_i("size", st->st_size));
    return f;
}
