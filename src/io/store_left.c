/*
 * What an earlier run left without a name, counted when the store is opened, before it goes on: lines that it held,
 * events that it had stored ahead of a checkpoint whose rest never came, open rows that went with the pages of a
 * damaged store. What no count explains after that is said once, so that it is not taken for this run's. Then the rows
 * that it left open are closed.
 *
 * A start may not be able to do that: the disk is full, or a tool has the store. This run's checkpoints would add to
 * the number of what is ahead, or delete it; an event that is made again would become one with its row, were that still
 * open, and be counted as made twice and stored once. So no checkpoint goes in before it is done.
 */
#include "io/store_impl.h"
#include "io/store_issues.h"

#include "base/log.h"

enum {
    CLOSE_ROWS = 32,
    CLOSE_ONE = 1, /* as many on a full disk: each lies on a page of its own, at worst */
};

/* Counts the events that an earlier run stored ahead of a checkpoint whose rest never came. */
static bool name_ahead(struct store *s)
{
    int64_t ahead;
    if (!store_number(s, Q_AHEAD_GET, &ahead))
        return false;
    return ahead <= 0 || (store_run(s, Q_BEGIN) && store_add_count(s, COUNT_stored_ahead, (uint64_t)ahead) &&
                          store_run(s, Q_AHEAD_GONE) && store_end(s, GIVES_ROOM));
}

/*
 * An open row has been made and has become nothing yet. While it runs, crumbd closes such an event also in a store that
 * was renewed meanwhile; a run that was killed before could not. So where a store was renewed since, what was made, has
 * become nothing and is no open row was stored, and is lost with the one set aside. The other way round there are rows
 * ahead of a checkpoint whose rest never came, and what said so is lost.
 */
static bool name_after_renewal(struct store *s)
{
    struct counts c;
    struct store_totals rows;
    int64_t renewed, none;
    if (!store_number(s, Q_RENEWED_GET, &renewed) || !store_read_counts(s, Q_COUNTS, &c, &none))
        return false;
    if (!renewed)
        return true;
    store_totals(s, &rows);
    uint64_t made = count_sum(&c, COUNT_MADE), kept = count_sum(&c, COUNT_BECAME) + rows.open;
    uint64_t lost = made > kept ? made - kept : 0, ahead = kept > made ? kept - made : 0;
    bool ok = store_run(s, Q_BEGIN) && store_add_count(s, COUNT_stored, lost) &&
              store_add_count(s, COUNT_store_lost, lost) && store_add_count(s, COUNT_stored_ahead, ahead) &&
              store_run(s, Q_RENEWED_GONE) && store_end(s, GIVES_ROOM);
    if (ok && lost) {
        s->counted.v[COUNT_store_lost] += lost;
        log_error("events that waited for the lines after them are lost with the store that was set aside",
                  log_c("path", s->path), log_i("events_lost", (int64_t)lost));
    }
    return ok;
}

/* Lines that an earlier run had read and not decided when it was killed. Whoever reads them again counts them anew. */
static bool name_held(struct store *s)
{
    struct counts c;
    int64_t none;
    if (!store_read_counts(s, Q_COUNTS, &c, &none))
        return false;
    uint64_t in = c.v[COUNT_lines_in], fates = count_fates(&c);
    return in <= fates ||
           (store_run(s, Q_BEGIN) && store_add_count(s, COUNT_held_again, in - fates) && store_end(s, GIVES_ROOM));
}

/* Says once how many rows were unnamed before, so that rows which go unnamed from now on are seen apart from them. */
static void begin_unnamed_rows(struct store *s)
{
    int64_t rows = 0;
    s->unnamed_rows = 0;
    if (!store_unnamed_rows(s, &rows))
        store_failed(s, "count the rows");
    s->unnamed_rows = rows;
    if (rows)
        log_warn("the store has another number of rows than its counts say: some came or went unnamed before",
                 log_c("path", s->path), log_i("unnamed_rows", rows));
}

/* Else than STORE_OK: that is said, and still to be done. */
static enum store_result name(struct store *s)
{
    const char *doing = NULL;
    if (!name_held(s))
        doing = "count the lines that were held";
    else if (!name_ahead(s))
        doing = "count what was stored ahead";
    else if (!name_after_renewal(s))
        doing = "count what a renewed store has lost";
    s->unnamed_left = doing != NULL;
    return doing ? store_failed(s, doing) : STORE_OK;
}

void store_name_left(struct store *s)
{
    if (name(s) == STORE_FULL) /* which has made the room for a small one */
        name(s);
    begin_unnamed_rows(s);
}

/* Returns how many, -1 when it could not be done. */
static int close_some(struct store *s, int most)
{
    /* Open rows move within an index, and are delivered only when they are closed: the reserve is for them too. */
    sqlite3_bind_int(s->stmt[Q_CLOSE_OPEN], 1, most);
    bool ok = store_run(s, Q_BEGIN) && store_keep_open(s, most) && store_run(s, Q_CLOSE_OPEN);
    int changed = ok ? sqlite3_changes(s->db) : 0;
    ok = ok && store_add_count(s, COUNT_stored, (uint64_t)changed);
    return ok && store_end(s, GIVES_ROOM) ? changed : -1;
}

static enum store_result close_open(struct store *s, unsigned *total)
{
    int changed, step = s->disk_full ? CLOSE_ONE : CLOSE_ROWS;
    do {
        changed = close_some(s, step);
        if (changed < 0) {
            enum store_result r = store_failed(s, "close events left open");
            bool again = r == STORE_FULL && (step > CLOSE_ONE || store_let_spare_go(s));
            step = CLOSE_ONE;
            if (!again)
                return r;
        } else {
            *total += (unsigned)changed;
            if (step == CLOSE_ONE)
                store_restart_wal(s);
        }
    } while (changed < 0 || changed >= step);
    return STORE_OK;
}

unsigned store_close_open(struct store *s)
{
    unsigned total = 0;
    s->open_left = close_open(s, &total) != STORE_OK;
    return total;
}

enum store_result store_see_to_left(struct store *s, bool with_events)
{
    enum store_result r = s->unnamed_left ? name(s) : STORE_OK;
    unsigned total = 0;
    if (r == STORE_OK && s->open_left && with_events) {
        r = close_open(s, &total);
        s->open_left = r != STORE_OK;
    }
    if (total)
        log_info("events that waited when an earlier run ended are sent as they are", log_c("path", s->path),
                 log_i("events", total));
    return r;
}
