/*
 * A store on small disks that others fill and empty, with everything that writes to it, and killed at random: whatever
 * was there before, what is delivered makes room, so that the store can be emptied while the disk is full, and every
 * event was delivered once, or comes again under its id.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "io/clock.h"
#include "io/store_issues.h"

enum {
    EVENTS_MOST = 200, /* of a checkpoint */
    MANY = 4000,       /* as a full store leaves them to wait */
    PAYLOAD_MOST = 9000,
    NUMBERS = 1 << 16,
    LIVES = 6,
    STEPS = 60, /* of one life */
    ISSUES_BYTES = 64 << 20,
};

/* Outlives the processes that have the store. */
static struct model {
    uint64_t chance;
    unsigned sent[NUMBERS]; /* by the number of an event */
    bool open;              /* events wait for the lines after them */
    bool small;             /* events are as short as they get */
} * model;

static char folder[64], path[96];

static unsigned chance(unsigned n)
{
    model->chance = hash_mix(model->chance, 1);
    return (unsigned)(model->chance % n);
}

static struct store *open_it(enum store_mode mode)
{
    struct diag d = {0};
    struct store *s = store_open(path, mode, 0, &d);
    if (!s)
        fprintf(stderr, "%s\n", d.n ? d.v[0].text : "no reason");
    ck_assert_ptr_nonnull(s);
    if (mode == STORE_DAEMON)
        store_keep_issues(s, ISSUES_BYTES, INT64_C(86400000000));
    return s;
}

/* ---- others ---- */

/* Fills the disk but for so many bytes. */
static void others_leave(off_t bytes)
{
    static const char block[4096];
    char name[96];
    snprintf(name, sizeof name, "%s/others", folder);
    int fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);
    while (fd >= 0 && write(fd, block, sizeof block) > 0)
        ;
    if (fd >= 0 && bytes)
        ck_assert_int_eq(ftruncate(fd, lseek(fd, 0, SEEK_END) - bytes), 0);
    if (fd >= 0)
        close(fd);
}

static void others_go(void)
{
    char name[96];
    snprintf(name, sizeof name, "%s/others", folder);
    unlink(name);
}

/* ---- what the daemon does ---- */

static void room_offset_of(void *u, const struct position *p)
{
    *(uint64_t *)u = p->offset;
}

static void room_ck_first(void *u, const struct position *p)
{
    ck_slice(p->part, "00000000000000aa");
    ck_slice(p->blob, "file1 1 2 0 0 0 0 /var/log/x"); /* nothing of it is held */
    ++*(unsigned *)u;
}

static uint64_t offset_of(struct store *s)
{
    uint64_t offset = 0;
    store_positions(s, room_offset_of, &offset);
    return offset;
}

/* A checkpoint of the next n events. */
static struct checkpoint *next_checkpoint(struct store *s, unsigned n)
{
    static struct store_event e[MANY];
    static struct issue_count issues[MANY];
    static struct flood_row floods[MANY];
    static char noise[PAYLOAD_MOST];
    static struct position p;
    static struct store_report r;
    static struct checkpoint c;
    uint64_t at = offset_of(s), rnd = at;
    if (c.n_stored && p.offset > at) /* it is not stored whole yet */
        return &c;
    ck_assert_uint_lt(at + n, NUMBERS);
    for (size_t k = 0; k < sizeof noise; k++)
        noise[k] = (char)('!' + (rnd = hash_mix(rnd, k)) % 90);
    for (unsigned i = 0; i < n; i++) {
        e[i] = (struct store_event){
            .open = model->open, .time_us = 1700000000000000, .title = {SLICE("title")}, .level = SLICE("error")};
        snprintf(e[i].event_id, sizeof e[i].event_id, "%08x000040008000000000000000", (unsigned)at + i);
        /* Each is the first of its kind: the most that there can be to be kept beside it. */
        e[i].issue = hash_mix(2, at + i) | 1;
        issues[i] = (struct issue_count){.key = e[i].issue, .n = 1, .first_us = e[i].time_us, .last_us = e[i].time_us};
        floods[i] = (struct flood_row){.key = e[i].issue,
                                       .start_us = e[i].time_us,
                                       .period_us = 3600000000,
                                       .burst = 10,
                                       .count = 1,
                                       .next_pass = 2};
        e[i].payload.text = slice_of(noise, 300 + (model->small ? 0 : (size_t)hash_mix(at, i) % (PAYLOAD_MOST - 300)));
    }
    p = (struct position){.input = SLICE("i"),
                          .part = SLICE("00000000000000aa"),
                          .offset = at + n,
                          .blob = SLICE("file1 1 2 0 0 5 0 /var/log/x")};
    r = (struct store_report){.reason = SLICE("suppressed"), .category = SLICE("error"), .quantity = n};
    c = (struct checkpoint){.events = e,
                            .n_events = n,
                            .positions = &p,
                            .n_positions = 1,
                            .reports = &r,
                            .n_reports = 1,
                            .issues = issues,
                            .n_issues = n,
                            .limits = floods,
                            .n_floods = n};
    c.counts.v[COUNT_lines_in] = c.counts.v[COUNT_event] = n;
    return &c;
}

enum answer { ACCEPTED, UNREACHED, REFUSED };

static unsigned number_of(const struct store_row *r)
{
    unsigned n;
    ck_assert_int_eq(sscanf(r->event.event_id, "%8x", &n), 1);
    return n;
}

/* Returns how many rows there were. */
static unsigned deliver(struct store *s, unsigned n, enum answer how)
{
    unsigned did = 0;
    struct store_row *r;
    for (; did < n && (r = store_next(s, SLICE(""), ITEM_EVENT, clock_wall_us())) != NULL; did++) {
        if (how == ACCEPTED)
            model->sent[number_of(r)]++, store_sent(s, r->id);
        else if (how == UNREACHED)
            store_retry(s, r->id, clock_wall_us() - 1, "no answer within ten seconds, and what libcurl says of it");
        else
            store_dead(s, r->id, "HTTP 400: what the server has to say about it in some words");
        store_row_free(r);
    }
    return did;
}

static void use_tool(void)
{
    pid_t child = fork();
    if (child == 0) {
        struct store *s = open_it(STORE_TOOL);
        bool well = chance(2) ? store_requeue(s, 0) >= 0 : store_drop(s, 0, true) >= 0;
        if (!well)
            fprintf(stderr, "%s\n", store_error(s));
        _exit(!well);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
}

static void step(struct store *s, enum answer weather)
{
    switch (chance(12)) {
    case 0:
        others_leave(0);
        break;
    case 1:
        if (chance(3) == 0)
            others_go();
        break;
    case 2:
        store_tell_next_try(s, SLICE(""), chance(2) ? 1 : 0, "the server is away");
        store_use_grouping(s, 1 + chance(2));
        break;
    case 3:
        store_report_told(
            s, &(struct store_report){.reason = SLICE("suppressed"), .category = SLICE("error"), .quantity = 1});
        break;
    case 4:
        use_tool();
        break;
    case 5:
        store_flush(s);
        break;
    case 6:
    case 7:
    case 8:
        deliver(s, chance(400), weather);
        break;
    default:
        store_commit(s, next_checkpoint(s, 1 + chance(EVENTS_MOST)));
    }
}

static void live(void)
{
    struct store *s = open_it(STORE_DAEMON);
    enum answer weather = UNREACHED;
    store_close_open(s);
    for (unsigned i = 0; i < STEPS; i++) {
        if (chance(15) == 0)
            weather = (enum answer)chance(3);
        step(s, weather);
    }
    _exit(0);
}

static unsigned rows(struct store *s)
{
    struct store_totals t;
    store_totals(s, &t);
    return (unsigned)(t.open + t.ready);
}

/* Others have the disk, and the server takes everything. */
static void empty(void)
{
    others_leave(0);
    struct store *s = open_it(STORE_DAEMON);
    unsigned before = rows(s);
    for (unsigned tries = 0; rows(s) && tries < 2 * NUMBERS / 256; tries++) {
        deliver(s, 256, ACCEPTED);
        store_flush(s);
    }
    if (rows(s))
        fprintf(stderr, "%u of %u rows stay: %s\n", rows(s), before, store_error(s));
    ck_assert_uint_eq(rows(s), 0);
    enum store_result r = STORE_FULL; /* what was delivered has made the room for at least a part of it, and so on */
    for (unsigned tries = 0; r != STORE_OK && tries < EVENTS_MOST; tries++) {
        r = store_commit(s, next_checkpoint(s, EVENTS_MOST));
        deliver(s, EVENTS_MOST, ACCEPTED);
    }
    ck_assert_msg(r == STORE_OK, "%s", store_error(s));
    _exit(0);
}

/* A disk for a part of a checkpoint, whose rest never comes. */
static void begin_a_checkpoint(void)
{
    struct store *s = open_it(STORE_DAEMON);
    struct checkpoint *c = next_checkpoint(s, EVENTS_MOST);
    struct store_event number = {.kind = ITEM_COUNT,
                                 .event_id = "00000000000000000000000000000001",
                                 .level = SLICE("error"),
                                 .title = {SLICE("7 occurrences")},
                                 .payload = {SLICE("{\"n\":7}")}};
    c->numbers = &number;
    c->n_numbers = 1; /* it is not among those that are there ahead */
    others_leave(400 << 10);
    ck_assert_int_eq(store_commit(s, c), STORE_FULL);
    ck_assert_uint_gt(c->n_stored, 0);
    ck_assert_uint_lt(c->n_stored, EVENTS_MOST);
    ck_assert_uint_eq(offset_of(s), 0);
    unsigned files = 0; /* the key of the file must be there with the first event of it */
    store_positions(s, room_ck_first, &files);
    ck_assert_uint_eq(files, 1);
    ck_assert_uint_eq(store_counted(s)->v[COUNT_stored], 0); /* not before all of it is there */
    ck_assert_uint_eq(rows(s), c->n_stored);
    ck_assert_int_eq(store_commit(s, c), STORE_FULL); /* what is there already is not put there again */
    store_flush_last(s);
    ck_assert_uint_eq(store_counted(s)->v[COUNT_stored], model->open ? 0 : c->n_stored);
    model->sent[0] = c->n_stored;
    _exit(0);
}

static void in_a_process(void (*f)(void))
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        f();
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

/* Mounts a disk at `folder`; false where that is not allowed. */
static bool make_disk(const char *size)
{
    snprintf(folder, sizeof folder, "/tmp/crumbd-room-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/crumbd.db", folder);
    return mount("none", folder, "tmpfs", 0, size) == 0; /* root only */
}

static void remove_disk(void)
{
    umount2(folder, MNT_DETACH);
    ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(a_checkpoint_in_parts)
{
    if (make_disk("size=2m")) {
        in_a_process(begin_a_checkpoint);
        others_go();
        struct store *s = open_it(STORE_DAEMON);
        struct counts counts;
        store_counts(s, &counts);
        ck_assert_uint_eq(counts.v[COUNT_stored_ahead], model->sent[0]);
        for (unsigned tries = 0; store_commit(s, next_checkpoint(s, EVENTS_MOST)) != STORE_OK && tries < 9; tries++)
            deliver(s, EVENTS_MOST, ACCEPTED);
        store_counts(s, &counts);
        ck_assert_uint_eq(counts.v[COUNT_stored_before], model->sent[0]);
        ck_assert_uint_eq(count_sum(&counts, COUNT_MADE), count_sum(&counts, COUNT_BECAME));
        ck_assert_uint_eq(counts.v[COUNT_lines_in], EVENTS_MOST);
        ck_assert_uint_eq(offset_of(s), EVENTS_MOST);
        store_close(s);
    }
    remove_disk();
}
END_TEST

static void leave_rows(void)
{
    struct store *s = open_it(STORE_DAEMON);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(store_commit(s, next_checkpoint(s, EVENTS_MOST)), STORE_OK);
    store_close(s); /* its WAL is gone */
    _exit(0);
}

/* Those that are there ahead go out as they are; the rest comes when the same lines are read again. */
START_TEST(open_events_in_parts)
{
    if (make_disk("size=2m")) {
        model->open = true;
        in_a_process(begin_a_checkpoint);
        model->open = false;
        others_go();
        struct store *s = open_it(STORE_DAEMON);
        struct counts counts;
        ck_assert_uint_eq(store_close_open(s), model->sent[0]);
        store_counts(s, &counts);
        ck_assert_uint_eq(counts.v[COUNT_stored_ahead], model->sent[0]);
        ck_assert_uint_eq(counts.v[COUNT_stored], model->sent[0]);
        store_close(s);
    }
    remove_disk();
}
END_TEST

/* What is new of thousands of issues at once has no room on a small disk: events and positions go in all the same, and
   the list of issues does without. */
START_TEST(many_new_issues)
{
    if (make_disk("size=3m")) {
        struct store *s = open_it(STORE_DAEMON);
        model->small = true;
        enum store_result r = STORE_FULL;
        for (unsigned tries = 0; r != STORE_OK && tries < 50; tries++) {
            r = store_commit(s, next_checkpoint(s, MANY));
            deliver(s, MANY, ACCEPTED);
            store_flush(s);
        }
        ck_assert_msg(r == STORE_OK, "%s", store_error(s));
        ck_assert_uint_eq(offset_of(s), MANY);
        const struct counts *c = store_counted(s);
        struct store_issue issue;
        struct arena a = {0};
        unsigned there = 0;
        for (unsigned i = 0; i < MANY; i++)
            there += store_issue(s, hash_mix(2, i) | 1, clock_wall_us(), &a, &issue);
        arena_done(&a);
        ck_assert_uint_eq(there + c->v[COUNT_issues_uncounted] + c->v[COUNT_issues_evicted], MANY);
        ck_assert_uint_gt(c->v[COUNT_issues_uncounted], 0);
        for (unsigned i = 0; i < MANY; i++)
            ck_assert_uint_ge(model->sent[i], 1);
        store_close(s);
    }
    remove_disk();
}
END_TEST

/* A disk that others have filled while the store was closed. */
START_TEST(opened_on_a_full_disk)
{
    if (make_disk("size=24m")) {
        in_a_process(leave_rows);
        others_leave(0);
        struct store *s = open_it(STORE_DAEMON);
        ck_assert_uint_eq(rows(s), 4 * EVENTS_MOST);
        for (unsigned tries = 0; rows(s) && tries < 4 * EVENTS_MOST; tries++) {
            deliver(s, EVENTS_MOST, ACCEPTED);
            store_flush(s);
        }
        ck_assert_uint_eq(rows(s), 0);
        store_close(s);
    }
    remove_disk();
}
END_TEST

static uint64_t bytes_on_disk(void)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".positions", ".spare", ".lock"};
    uint64_t bytes = 0;
    for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct stat st;
        char *name = xasprintf("%s%s", path, ends[i]);
        bytes += stat(name, &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
        free(name);
    }
    return bytes;
}

/* All files of the store together are within store_limit, whatever is put in. */
START_TEST(all_files_count)
{
    enum { LIMIT = 4 << 20 };
    struct diag d = {0};
    uint64_t most = 0;
    unsigned full = 0;
    snprintf(folder, sizeof folder, "/tmp/crumbd-room-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/crumbd.db", folder);
    model->chance = 1;
    struct store *s = store_open(path, STORE_DAEMON, LIMIT, &d);
    for (unsigned i = 0; i < 60; i++) {
        full += store_commit(s, next_checkpoint(s, EVENTS_MOST)) == STORE_FULL;
        if (i % 8 == 7)
            deliver(s, 3 * EVENTS_MOST, ACCEPTED);
        most = bytes_on_disk() > most ? bytes_on_disk() : most;
    }
    ck_assert_uint_gt(full, 5);
    ck_assert_uint_le(most, LIMIT);
    ck_assert_uint_gt(most, LIMIT / 2);
    store_close(s);
    char *cmd = xasprintf("rm -rf '%s'", folder);
    ck_assert_int_eq(system(cmd), 0);
    free(cmd);
}
END_TEST

/* Every event that the store took has been sent, is there, or was dropped as a dead letter. */
static void life_on_a_disk(const char *size, uint64_t seed)
{
    model->chance = seed;
    if (make_disk(size)) {
        for (unsigned i = 0; i < LIVES; i++)
            in_a_process(live);
        in_a_process(empty);
    }
    remove_disk();
}

static void set_up(void)
{
    model = mmap(NULL, sizeof *model, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(model, MAP_FAILED);
}

static void tear_down(void)
{
    umount2(folder, MNT_DETACH);
    munmap(model, sizeof *model);
}

enum { SEEDS = 3, ALL_SEEDS = 24 };

START_TEST(six_megabytes)
{
    life_on_a_disk("size=6m", (uint64_t)_i);
}
END_TEST

START_TEST(twenty_four_megabytes)
{
    life_on_a_disk("size=24m", (uint64_t)_i);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("room of the store");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, set_up, tear_down);
    int seeds = getenv("TORTURE_ALL") ? ALL_SEEDS : SEEDS;
    tcase_add_test(t, a_checkpoint_in_parts);
    tcase_add_test(t, open_events_in_parts);
    tcase_add_test(t, many_new_issues);
    tcase_add_test(t, opened_on_a_full_disk);
    tcase_add_test(t, all_files_count);
    tcase_add_loop_test(t, six_megabytes, 0, seeds);
    tcase_add_loop_test(t, twenty_four_megabytes, 0, seeds / 3);
    suite_add_tcase(s, t);
    return unit_run(s);
}
