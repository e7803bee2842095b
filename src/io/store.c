#include "io/store_impl.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "io/lockfile.h"
#include "io/safe_open.h"

enum {
    TITLE_POINTS = 200,
    /* On a full disk a transaction of a checkpoint becomes */
    PART_SPLIT = 8,    /* so many times smaller, and one that does not fit is tried again */
    COMMIT_TRIES = 16, /* as often, in one call. */
    ROW_OVERHEAD_BYTES = 512,
    EMPTY_BYTES = 128 << 10, /* the pages of a store without rows, and a few more */
};

const uint8_t *store_id(const struct store *s)
{
    return s->id;
}

bool store_has_old_keys(const struct store *s)
{
    return s->old_keys;
}

unsigned store_grouping(const struct store *s)
{
    return s->grouping;
}

bool store_use_grouping(struct store *s, unsigned grouping)
{
    sqlite3_stmt *q = s->stmt[Q_GROUPING];
    sqlite3_bind_int64(q, 1, grouping);
    bool ok = store_run_alone(s, Q_GROUPING, TAKES_ROOM);
    s->grouping = ok ? grouping : s->grouping;
    return ok;
}

/* Opening. */

static bool set_up_daemon_file(struct store *s, struct diag *d)
{
    char *lock = xasprintf("%s.lock", s->path);
    if (lockfile_mkdirs(s->path, d))
        s->lock_fd = lockfile_take(lock, s->path, d);
    free(lock);
    if (s->lock_fd < 0)
        return false;
    store_undo_renewal(s);
    /* Made here and not by SQLite for the sake of its mode; -wal and -shm get the same one. */
    s->file_fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    return s->file_fd >= 0 ||
           err_plain(d, "cannot open the store %s: %s%s", s->path, strerror(errno),
                     errno == EACCES ? "; it must belong to the user crumbd runs as, or `store` names another" : "");
}

void store_scrub_by(struct store *s, const struct options *opt)
{
    scrub_free(s->scrub);
    s->scrub = scrub_new(opt);
}

/* False, and s->unusable: it is damaged, empty where there was one, or no store. */
static bool open_as_it_is(struct store *s, enum store_mode mode, struct diag *d)
{
    if (!s->tool && store_was_emptied(s)) {
        s->unusable = true;
        return err_plain(d, "%s is gone or empty, and was not before", s->path);
    }
    if (!store_open_database(s, mode, d) || !store_read_id(s, d))
        return false;
    s->unusable = !s->tool && !(store_size_is_possible(s) && store_is_sound(s));
    return !s->unusable || err_plain(d, "the store %s is damaged", s->path);
}

/* Opening makes the WAL and its index anew, and a full disk has no room for them but what the spare file gives. */
static bool open_on_any_disk(struct store *s, enum store_mode mode, struct diag *d)
{
    struct diag first = {0};
    if (open_as_it_is(s, mode, &first))
        return true;
    int rc = s->db ? sqlite3_errcode(s->db) & 0xff : SQLITE_OK;
    bool again =
        !s->unusable && (rc == SQLITE_FULL || rc == SQLITE_IOERR || rc == SQLITE_CANTOPEN) && store_let_spare_go(s);
    if (!again && first.n)
        err_plain(d, "%s", first.v[0].text);
    err_done(&first);
    if (!again)
        return false;
    store_close_database(s);
    return open_as_it_is(s, mode, d);
}

static bool open_or_renew(struct store *s, enum store_mode mode, struct diag *d)
{
    struct diag why = {0};
    bool ok = open_on_any_disk(s, mode, &why), renewing = !ok && store_may_be_renewed(s);
    if (renewing) {
        s->identified = false; /* what a damaged one says it is */
        ok = store_renew(s, why.n ? why.v[0].text : "it is damaged");
    }
    if (!ok && renewing)
        err_plain(
            d,
            "the store %s is damaged, and no new one can take its place (see the line before): make room, or move "
            "it aside together with its -wal and -shm files, and start again",
            s->path);
    else if (!ok && why.n)
        err_plain(d, "%s", why.v[0].text);
    err_done(&why);
    return ok;
}

struct store *store_open(const char *path, enum store_mode mode, uint64_t limit_bytes, struct diag *d)
{
    /* Else deleting one row may want a file, which a full disk has no room for. Only before SQLite is used at all. */
    sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
    struct store *s = store_new(path, mode, limit_bytes);
    bool ok = mode == STORE_DAEMON
                  ? set_up_daemon_file(s, d)
                  : access(path, F_OK) == 0 ||
                        err_plain(d, "there is no store at %s (%s); name the right one with -c FILE or --store PATH",
                                  path, strerror(errno));
    if (s->tool) /* a tool that may not write the database only reads it */
        s->file_fd = open(path, O_RDWR | O_CLOEXEC);
    if (!ok || !open_or_renew(s, mode, d)) {
        store_close(s);
        return NULL;
    }
    if (!s->tool) {
        store_warn_of_small_disk(s);
        store_name_left(s);
        store_begin_dropped(s);
        store_copy_write(s);
    }
    store_woken(s);
    return s;
}

bool store_has_daemon(const struct store *s, uint64_t *pid)
{
    char *lock = xasprintf("%s.lock", s->path);
    bool held = lockfile_is_held(lock, pid);
    free(lock);
    return held;
}

void store_close(struct store *s)
{
    if (s && s->n_pending)
        store_flush(s);
    if (s)
        store_deliveries_done(s);
    store_free(s);
}

/* Checkpoints. */

void store_keep_newest(struct store *s, bool keep)
{
    s->keep_newest = keep;
}

void store_bound(struct store *s, uint64_t limit_bytes)
{
    s->limit_bytes = limit_bytes;
    store_bound_wal(s);
}

const struct counts *store_counted(const struct store *s)
{
    return &s->counted;
}

static enum store_result full(struct store *s)
{
    snprintf(s->error, sizeof s->error, "store_limit of %llu bytes reached", (unsigned long long)s->limit_bytes);
    if (!sqlite3_get_autocommit(s->db))
        store_run(s, Q_ROLLBACK);
    return STORE_FULL;
}

static bool count_replaced(struct store *s, const uint8_t id[16], struct counts *put)
{
    int64_t rows;
    sqlite3_bind_blob(s->stmt[Q_REPLACED], 1, id, 16, SQLITE_STATIC);
    bool ok = store_number(s, Q_REPLACED, &rows);
    put->v[COUNT_check_ins_replaced] += ok ? (uint64_t)rows : 0;
    return ok;
}

static bool put_event(struct store *s, const struct store_event *e, int64_t now, struct counts *put)
{
    assert(e->payload.text.n <= STORE_PAYLOAD_MAX);
    uint8_t id[16];
    if (store_was_dropped(s, e)) /* and counted then */
        return true;
    store_event_id_bytes(e->event_id, id);
    struct slice payload = store_pack(s, e->payload.text);
    enum query how = item_traits[e->kind].replaces ? Q_REPLACE : Q_PUT;
    sqlite3_stmt *q = s->stmt[how];
    sqlite3_bind_blob(q, 1, id, sizeof id, SQLITE_STATIC);
    sqlite3_bind_int(q, 2, e->open ? STORE_STATE_OPEN : STORE_STATE_READY);
    store_bind_text(q, 3, e->project);
    sqlite3_bind_int64(q, 4, now);
    sqlite3_bind_int64(q, 5, e->time_us);
    store_bind_text(q, 6, e->level);
    store_bind_text(q, 7, utf8_prefix(slice_sub(e->title.text, 0, 4 * TITLE_POINTS), TITLE_POINTS));
    sqlite3_bind_blob(q, 8, payload.p, (int)payload.n, SQLITE_STATIC);
    store_bind_text(q, 9, e->input);
    sqlite3_bind_int(q, 10, e->kind);
    sqlite3_bind_int64(q, 11, (sqlite3_int64)e->issue);
    if ((how == Q_REPLACE && !count_replaced(s, id, put)) || !store_run(s, how))
        return false;
    if (!e->open) /* the row is closed already, so it was not changed */
        put->v[sqlite3_changes(s->db) ? COUNT_stored : COUNT_stored_before]++;
    return true;
}

static bool put_counts(struct store *s, const struct counts *counts)
{
    bool ok = true;
    for (unsigned i = 0; ok && i < COUNT_N; i++)
        ok = store_add_count(s, (enum count)i, counts->v[i]);
    return ok;
}

/* A transaction of a checkpoint: its next events, and all else of it with the last of them. */
struct part {
    const struct checkpoint *of;
    unsigned from, to;
    bool last;
    bool over_limit;   /* it was refused for that */
    bool bare;         /* without what the list of issues would have of it */
    struct counts put; /* what the store itself counts of it */
    uint64_t ahead;    /* of its events those that nothing in the store says were made, until the last part is there */
};

/* After it was put. That it was made is stored with the checkpoint of its open form, or its only one; an open form that
   finds it closed puts nothing. */
static bool is_ahead(const struct store *s, const struct store_event *e)
{
    return e->open ? sqlite3_changes(s->db) > 0 : !e->written_open;
}

static bool put_events(struct store *s, struct part *p)
{
    bool ok = true;
    int64_t now = store_now_us();
    for (unsigned i = p->from; ok && i < p->to; i++) {
        ok = put_event(s, &p->of->events[i], now, &p->put);
        p->ahead += ok && is_ahead(s, &p->of->events[i]);
    }
    return ok;
}

static bool put_numbers(struct store *s, struct part *p)
{
    bool ok = true;
    for (unsigned i = 0; ok && i < p->of->n_numbers; i++)
        ok = put_event(s, &p->of->numbers[i], store_now_us(), &p->put);
    return ok;
}

static bool put_rest(struct store *s, const struct checkpoint *c, bool bare, struct counts *put)
{
    bool ok = true;
    for (unsigned i = 0; ok && i < c->n_fates; i++)
        ok = store_put_fates(s, &c->fates[i]);
    ok = ok && store_fates_within_limit(s);
    for (unsigned i = 0; ok && i < c->n_positions; i++)
        ok = store_put_position(s, &c->positions[i]);
    for (unsigned i = 0; ok && i < c->n_floods; i++)
        ok = store_put_flood(s, &c->limits[i]);
    for (unsigned i = 0; ok && i < c->n_deadlines; i++)
        ok = store_put_deadline(s, &c->deadlines[i]);
    for (unsigned i = 0; ok && i < c->n_held; i++)
        ok = store_put_held(s, &c->held[i]);
    if (ok && c->clock_us > 0)
        ok = store_put_clock(s, c->clock_us);
    for (unsigned i = 0; ok && i < c->n_reports; i++)
        ok = store_put_report(s, &c->reports[i]);
    ok = ok && (bare ? store_skip_issues(s, c, put) : store_put_issues(s, c, put)) && put_counts(s, &c->counts);
    return ok && store_forget_dropped(s, c);
}

/* Puts a part into the open transaction, the first with the keys of new files. Until the last one is there the store
   knows how many events are there ahead of what says that they were made. */
static bool put_part(struct store *s, struct part *p)
{
    if ((p->last && !put_numbers(s, p)) || !put_events(s, p) || !put_counts(s, &p->put))
        return false;
    if (p->last)
        return put_rest(s, p->of, p->bare, &p->put) && store_run(s, Q_AHEAD_GONE);
    bool ok = true;
    for (unsigned i = 0; ok && !p->from && i < p->of->n_positions; i++)
        ok = store_put_first_position(s, &p->of->positions[i]);
    sqlite3_bind_int64(s->stmt[Q_AHEAD], 1, (int64_t)p->ahead);
    return ok && store_run(s, Q_AHEAD);
}

static bool checkpoint_is_empty(const struct checkpoint *c)
{
    static const struct counts zero;
    return !c->n_events && !c->n_numbers && !c->n_positions && !c->n_floods && !c->n_deadlines && !c->n_held &&
           c->clock_us <= 0 && !c->n_fates && !c->n_issues && !c->n_reports &&
           memcmp(&c->counts, &zero, sizeof zero) == 0;
}

/* One event at a time, the rest of the checkpoint alone: there is no smaller part. */
static bool parts_are_least(const struct store *s)
{
    return s->part_bytes <= 1;
}

static struct part next_part(const struct store *s, const struct checkpoint *c)
{
    struct part p = {.of = c, .from = c->n_stored, .to = c->n_stored};
    for (uint64_t bytes = 0; p.to < c->n_events && (!bytes || bytes < s->part_bytes); p.to++)
        bytes += c->events[p.to].payload.text.n + ROW_OVERHEAD_BYTES;
    p.last = p.to == c->n_events && (p.from == p.to || !parts_are_least(s));
    return p;
}

/* Makes what room there must be for a part whose events are in the open transaction. */
static enum store_result keep_limit(struct store *s, struct part *p)
{
    int64_t overflow;
    if (!store_evict(s, &overflow))
        return store_failed(s, "make room");
    p->put.v[COUNT_store_overflow] = (uint64_t)overflow;
    p->over_limit = store_over_limit(s) && !store_may_exceed(s);
    return p->over_limit ? full(s) : STORE_OK;
}

static enum store_result commit_part(struct store *s, struct part *p)
{
    static const char doing[] = "write new events and positions";
    /* With a limit below twice the size of a part, one may go in past the limit: one that never fits would stop reading
       for good. */
    uint64_t used_bytes = store_rows_used(s);
    bool roomy = used_bytes <= store_rows_limit(s->limit_bytes) / 2 || used_bytes <= EMPTY_BYTES;
    enum store_result r = STORE_OK;
    if (!store_run(s, Q_BEGIN) || !store_look_for_dropped(s) || !put_part(s, p))
        return store_failed(s, doing);
    if (p->to > p->from && !roomy && store_over_limit(s))
        r = keep_limit(s, p);
    if (r == STORE_OK && !store_end(s, TAKES_ROOM))
        r = store_failed(s, doing);
    return r;
}

static void part_is_stored(struct store *s, struct checkpoint *c, const struct part *p)
{
    c->n_stored = p->to;
    store_hold_spare(s);
    count_add(&s->ahead, &p->put);
    if (!p->last)
        return;
    count_add(&s->counted, &s->ahead);
    s->ahead = (struct counts){0};
    s->disk_full = s->issues.full_said = false;
    s->part_bytes = s->part_most_bytes;
}

/* True: a part that the disk has no room for is worth another try. */
static bool can_be_less(struct store *s)
{
    if (parts_are_least(s))
        return store_make_room(s);
    s->part_bytes = s->part_bytes / PART_SPLIT + 1;
    return true;
}

/* Makes it usable, if it is not. What was stored in part is not there ahead any more. */
static bool see_to_store(struct store *s, struct checkpoint *c)
{
    if (!s->unusable && store_is_gone(s)) {
        s->unusable = true;
        snprintf(s->error, sizeof s->error, "its files have been taken away");
    }
    bool ok = !s->unusable || store_renew(s, s->error);
    if (c->renewals != s->renewals)
        c->n_stored = 0;
    c->renewals = s->renewals;
    return ok;
}

/* Whether a part that was refused is worth another try. */
static bool try_again(struct store *s, struct checkpoint *c, const struct part *p, enum store_result r)
{
    if (r == STORE_FULL)
        return !p->over_limit && can_be_less(s);
    return s->unusable && see_to_store(s, c);
}

/* Outcomes have a transaction of their own: what they free must not be rolled back with a checkpoint that does not
 * fit. */
enum store_result store_commit(struct store *s, struct checkpoint *c)
{
    enum store_result r = see_to_store(s, c) ? store_flush(s) : STORE_FAILED;
    r = r == STORE_OK ? store_see_to_left(s, c->n_events > c->n_stored) : r;
    bool done = checkpoint_is_empty(c);
    bool bare = false;
    unsigned tries = 0;
    while (r == STORE_OK && !done) {
        struct part p = next_part(s, c);
        p.bare = bare;
        r = commit_part(s, &p);
        if (r == STORE_OK) {
            done = p.last;
            part_is_stored(s, c, &p);
            if (s->disk_full)
                store_restart_wal(s);
        } else if (tries++ < COMMIT_TRIES && try_again(s, c, &p, r)) {
            r = STORE_OK;
        } else if (r == STORE_FULL && p.last && !p.over_limit && !bare) {
            /* The rest has room for its positions, or the store is shut in: what is delivered makes none for more. */
            bare = true;
            r = STORE_OK;
        }
    }
    return r;
}

void store_positions(struct store *s, position_f *each, void *u)
{
    sqlite3_stmt *q = s->stmt[Q_POSITIONS];
    int rc;
    while ((rc = sqlite3_step(q)) == SQLITE_ROW) {
        const struct position p = {.input = store_column(q, 0),
                                   .part = store_column(q, 1),
                                   .offset = (uint64_t)sqlite3_column_int64(q, 2),
                                   .blob = store_column(q, 3)};
        each(u, &p);
    }
    sqlite3_reset(q);
    if (rc != SQLITE_DONE)
        store_failed(s, "read the positions");
}
