/*
 * Stores that are damaged, emptied or removed, while nobody uses them and while a daemon does: whatever the bytes, the
 * store opens and takes checkpoints again, goes on with its id, positions and counts, keeps every row that can be read,
 * and counts each that cannot.
 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <glob.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "io/clock.h"
#include "io/store.h"

enum { ROWS = 200, POSITIONS = 20, PAGE = 4096 };

static char folder[64], path[96];
static uint8_t id[16];

static void set_up(void)
{
    /* In memory, where that can be had: what is shown here has nothing to do with syncing. */
    snprintf(folder, sizeof folder, "%s/crumbd-renew-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/crumbd.db", folder);
}

static void tear_down(void)
{
    char *cmd = xasprintf("rm -rf '%s'", folder);
    ck_assert_int_eq(system(cmd), 0);
    free(cmd);
}

static struct store *open_it(void)
{
    struct diag d = {0};
    struct store *s = store_open(path, STORE_DAEMON, 0, &d);
    ck_assert_msg(s != NULL, "%s", d.n ? d.v[0].text : "no reason given");
    return s;
}

static bool put_open; /* the events of `put` wait for lines after them */

static enum store_result put(struct store *s, unsigned from, unsigned n)
{
    struct store_event e[ROWS];
    struct position p[POSITIONS];
    char parts[POSITIONS][17], payloads[ROWS][64];
    for (unsigned i = 0; i < n; i++) {
        e[i] = (struct store_event){.time_us = 1700000000000000, .title = {SLICE("title")}, .level = SLICE("error")};
        snprintf(e[i].event_id, sizeof e[i].event_id, "%08x000040008000000000000000", from + i);
        snprintf(payloads[i], sizeof payloads[i], "{\"row\":%u,\"more\":\"of the same\"}", from + i);
        e[i].payload.text = slice_str(payloads[i]);
        e[i].open = put_open;
    }
    for (unsigned i = 0; i < POSITIONS; i++) {
        snprintf(parts[i], sizeof parts[i], "part %u", i);
        p[i] = (struct position){
            .input = SLICE("in"), .part = slice_str(parts[i]), .offset = from + n, .blob = SLICE("b")};
    }
    struct checkpoint c = {.events = e, .n_events = n, .positions = p, .n_positions = POSITIONS};
    c.counts.v[COUNT_lines_in] = c.counts.v[COUNT_event] = n;
    return store_commit(s, &c);
}

static void ck_position(void *u, const struct position *p)
{
    unsigned *n = u;
    ck_slice(p->input, "in");
    ck_assert_uint_eq(p->offset, n[1]);
    n[0]++;
}

/* All positions are there, and say `offset`. */
static void check_positions(struct store *s, unsigned offset)
{
    unsigned n[2] = {0, offset};
    store_positions(s, ck_position, n);
    ck_assert_uint_eq(n[0], POSITIONS);
}

static unsigned deliver_all(struct store *s)
{
    unsigned n = 0;
    for (struct store_row *r; (r = store_next(s, SLICE(""), ITEM_EVENT, clock_wall_us() + 1)) != NULL; n++) {
        store_sent(s, r->id);
        store_row_free(r);
        if (n % 100 == 99)
            ck_assert_msg(store_flush(s) == STORE_OK, "%s", store_error(s));
    }
    ck_assert_msg(store_flush(s) == STORE_OK, "%s", store_error(s));
    return n;
}

static void check_counts(struct store *s, unsigned lines)
{
    struct counts c;
    int64_t unnamed;
    store_counts(s, &c);
    ck_assert_uint_eq(c.v[COUNT_lines_in], lines);
    ck_assert_uint_eq(count_sum(&c, COUNT_MADE), count_sum(&c, COUNT_BECAME));
    ck_assert(store_unnamed_rows(s, &unnamed));
    ck_assert_int_eq(unnamed, 0);
}

static unsigned set_aside(void)
{
    char *pattern = xasprintf("%s.damaged-*Z*", path);
    glob_t g;
    unsigned n = glob(pattern, 0, NULL, &g) == 0 ? (unsigned)g.gl_pathc : 0;
    if (n)
        globfree(&g);
    free(pattern);
    return n;
}

/* A store with rows and positions, not open. */
static void make(void)
{
    struct store *s = open_it();
    memcpy(id, store_id(s), sizeof id);
    ck_assert_int_eq(put(s, 0, ROWS), STORE_OK);
    store_close(s);
}

static char *name_of(const char *end)
{
    return xasprintf("%s%s", path, end);
}

static off_t bytes_of(const char *name)
{
    struct stat st;
    return stat(name, &st) == 0 ? st.st_size : -1;
}

static void overwrite(const char *name, off_t at, const void *with, size_t n)
{
    int fd = open(name, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, with, n, at), (ssize_t)n);
    close(fd);
}

static void junk_pages(unsigned from, unsigned n)
{
    static char junk[PAGE];
    memset(junk, 0xee, sizeof junk);
    for (unsigned i = from; i < from + n; i++)
        overwrite(path, (off_t)i * PAGE, junk, sizeof junk);
}

/* ---- what is done to it ---- */

static void header_gone(void)
{
    junk_pages(0, 1);
}

static void all_gone(void)
{
    junk_pages(0, (unsigned)(bytes_of(path) / PAGE));
}

static void truncated(void)
{
    ck_assert_int_eq(truncate(path, bytes_of(path) / 3), 0);
}

static void emptied(void)
{
    ck_assert_int_eq(truncate(path, 0), 0);
}

static void removed(void)
{
    ck_assert_int_eq(unlink(path), 0);
}

static void another_program(void)
{
    overwrite(path, 68, "\0\0\0\7", 4);
}

static void a_text(void)
{
    emptied();
    overwrite(path, 0, "no database", 11);
}

static void wal_of_junk(void)
{
    static char junk[3 * PAGE];
    char *wal = name_of("-wal");
    memset(junk, 0x37, sizeof junk);
    overwrite(wal, 0, junk, sizeof junk);
    free(wal);
}

static void middle_gone(void)
{
    unsigned pages = (unsigned)(bytes_of(path) / PAGE);
    junk_pages(pages / 2, pages / 4);
}

/* `renewed`: it cannot be used any more; `all_lost`: nor any row of it. */
static const struct harm {
    void (*do_it)(void);
    bool renewed, all_lost;
} harms[] = {
    {header_gone, true, true}, {all_gone, true, true},      {truncated, true, false},
    {emptied, true, true},     {removed, true, true},       {another_program, true, false},
    {a_text, true, true},      {wal_of_junk, false, false}, {middle_gone, false, false},
};

enum { HARMS = sizeof harms / sizeof *harms };

/* Opened after that it goes on where it was. */
START_TEST(harmed_while_closed)
{
    const struct harm *h = &harms[_i];
    make();
    h->do_it();
    struct store *s = open_it();
    ck_assert_mem_eq(store_id(s), id, sizeof id);
    check_positions(s, ROWS);
    ck_assert_int_eq(put(s, ROWS, 3), STORE_OK);
    unsigned sent = deliver_all(s);
    const struct counts *c = store_counted(s);
    ck_assert_uint_eq(sent + c->v[COUNT_store_lost], ROWS + 3);
    ck_assert_msg(!h->renewed || c->v[COUNT_stores_renewed] == 1, "it was not renewed");
    ck_assert_msg(!h->all_lost || sent == 3, "%u rows came back", sent);
    check_counts(s, ROWS + 3);
    check_positions(s, ROWS + 3);
    store_close(s);
    s = open_it(); /* and that lasts */
    ck_assert_mem_eq(store_id(s), id, sizeof id);
    ck_assert_uint_eq(store_counted(s)->v[COUNT_stores_renewed], 0);
    check_counts(s, ROWS + 3);
    store_close(s);
}
END_TEST

/* So does one that is open: the daemon need not be started again. */
START_TEST(harmed_while_open)
{
    make();
    struct store *s = open_it();
    struct store_row *r = store_next(s, SLICE(""), ITEM_EVENT, clock_wall_us()); /* under way meanwhile */
    ck_assert_ptr_nonnull(r);
    harms[_i].do_it();
    ck_assert_int_eq(put(s, ROWS, 3), STORE_OK);
    store_sent(s, r->id);
    store_row_free(r);
    unsigned sent = 1 + deliver_all(s);
    ck_assert_int_eq(put(s, ROWS + 3, 3), STORE_OK);
    sent += deliver_all(s);
    struct counts c;
    store_counts(s, &c);
    ck_assert_uint_eq(sent + c.v[COUNT_store_lost], ROWS + 6 + c.v[COUNT_late_answers]);
    ck_assert_mem_eq(store_id(s), id, sizeof id);
    check_counts(s, ROWS + 6);
    check_positions(s, ROWS + 6);
    store_close(s);
    s = open_it();
    check_counts(s, ROWS + 6);
    check_positions(s, ROWS + 6);
    store_close(s);
}
END_TEST

/* Open rows are lost with its pages, and nobody who made them is there any more: each is closed, or lost by its name.
 */
START_TEST(harmed_with_open_rows)
{
    struct counts c;
    bool while_open = _i >= HARMS;
    struct store *s = open_it();
    ck_assert_int_eq(put(s, 0, ROWS / 2), STORE_OK);
    put_open = true;
    ck_assert_int_eq(put(s, ROWS / 2, ROWS / 2), STORE_OK);
    put_open = false;
    if (!while_open)
        store_close(s);
    harms[_i % HARMS].do_it();
    if (while_open) { /* as killed after its next checkpoint */
        ck_assert_int_eq(put(s, ROWS, 3), STORE_OK);
        store_close(s);
    }
    s = open_it();
    while (store_close_open(s) > 0) {
    }
    unsigned sent = deliver_all(s), put_all = ROWS + (while_open ? 3 : 0);
    store_counts(s, &c);
    ck_assert_uint_eq(sent + c.v[COUNT_store_lost], put_all);
    check_counts(s, put_all);
    store_close(s);
    s = open_it();
    check_counts(s, put_all);
    store_close(s);
}
END_TEST

/* Killed when the old one had been moved, and the new one was without a row. */
START_TEST(renewal_begun)
{
    make();
    char *meanwhile = name_of(".renewing");
    ck_assert_int_eq(rename(path, meanwhile), 0);
    close(open(path, O_WRONLY | O_CREAT, 0640));
    struct store *s = open_it();
    ck_assert_int_eq(access(meanwhile, F_OK), -1);
    check_counts(s, ROWS);
    ck_assert_uint_eq(deliver_all(s), ROWS);
    ck_assert_uint_eq(set_aside(), 0);
    store_close(s);
    free(meanwhile);
}
END_TEST

/* Removed or moved while it is open it is still whole: nothing is lost. */
START_TEST(removed_while_open)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    make();
    struct store *s = open_it();
    ck_assert_int_eq(put(s, ROWS, 3), STORE_OK);
    for (unsigned i = 0; i < 3; i++) {
        char *name = name_of(ends[i]);
        if (_i == 0 || (unsigned)_i == i + 1)
            ck_assert_int_eq(unlink(name), 0);
        free(name);
    }
    ck_assert_int_eq(put(s, ROWS + 3, 3), STORE_OK);
    ck_assert_uint_eq(store_counted(s)->v[COUNT_store_lost], 0);
    ck_assert_uint_eq(store_counted(s)->v[COUNT_stores_renewed], _i < 3);
    store_close(s);
    s = open_it();
    ck_assert_uint_eq(deliver_all(s), ROWS + 6);
    check_counts(s, ROWS + 6);
    check_positions(s, ROWS + 6);
    store_close(s);
}
END_TEST

/* Any bytes anywhere in its files, and some of the copy's: it opens, and takes a checkpoint. */
START_TEST(any_bytes)
{
    static const char *const ends[] = {"", "", "", "-wal", "-shm", ".positions"};
    uint64_t rnd = hash_mix(1, (uint64_t)_i);
    make();
    for (unsigned round = 0; round < 10; round++) {
        unsigned hits = 1 + (unsigned)((rnd = hash_mix(rnd, 1)) % 20);
        for (unsigned i = 0; i < hits; i++) {
            rnd = hash_mix(rnd, i);
            char *name = name_of(ends[rnd % (sizeof ends / sizeof *ends)]);
            uint64_t at = hash_mix(rnd, 2), with = hash_mix(rnd, 3), bytes = (uint64_t)bytes_of(name);
            if (bytes_of(name) > 0)
                overwrite(name, (off_t)(at % bytes), &with, 1 + with % 8);
            free(name);
        }
        struct store *s = open_it();
        ck_assert_int_eq(put(s, ROWS * (round + 1), 10), STORE_OK);
        deliver_all(s);
        store_close(s);
    }
    ck_assert_uint_le(set_aside(), 3 * 3);
}
END_TEST

/* What was never ours is left alone, and says so. */
START_TEST(foreign_files_stay)
{
    static const char text[] = "the diary of somebody";
    struct diag d = {0};
    overwrite(path, 0, text, sizeof text);
    ck_assert_ptr_null(store_open(path, STORE_DAEMON, 0, &d));
    ck_assert_ptr_nonnull(strstr(d.v[0].text, "no database"));
    err_done(&d);
    ck_assert_int_eq(bytes_of(path), sizeof text);
    ck_assert_uint_eq(set_aside(), 0);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("renewal of the store");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, harmed_while_closed, 0, HARMS);
    tcase_add_loop_test(t, harmed_while_open, 0, HARMS);
    tcase_add_loop_test(t, harmed_with_open_rows, 0, 2 * HARMS);
    tcase_add_test(t, renewal_begun);
    tcase_add_loop_test(t, removed_while_open, 0, 4);
    const char *from = getenv("TORTURE_FROM"); /* a seed that failed */
    int first = from ? atoi(from) : 0;
    tcase_add_loop_test(t, any_bytes, first, first + (getenv("TORTURE_ALL") ? 300 : 10));
    tcase_add_test(t, foreign_files_stay);
    suite_add_tcase(s, t);
    return unit_run(s);
}
