/*
 * Each line once: what happens to files while crumbd stops, is killed, or looks away. A crash throws away
 * what no commit covers, and reading begins again from the rows of the last one.
 */
#include "tests/unit/tail.h"

#include "text/zip.h"

static void restart(struct rig *r)
{
    rig_commit(r);
    rig_stop(r);
}

START_TEST(killed_between_commits)
{
    struct rig *r = rig_new("a.log", _i);
    rig_append(r, "a.log", "one\ntwo\n");
    rig_start(r);
    rig_expect(r, "one|two|");
    /* Nothing was committed, so nothing has happened, not even `from`. */
    rig_crash(r);
    rig_start(r);
    rig_expect(r, "one|two|");
    uint64_t key = r->msg[0].key;
    rig_commit(r);
    rig_append(r, "a.log", "three\n");
    rig_expect(r, "one|two|three|");
    rig_crash(r);
    rig_append(r, "a.log", "four\n");
    rig_start(r);
    rig_expect_only(r, "one|two|three|four|");
    ck_assert(r->msg[2].key == key && r->msg[2].offset == 8 && r->msg[3].key == key);
    rig_free(r);
}
END_TEST

/* As the daemon does it: what is there is known before anything is read. */
static void first_look(struct rig *r)
{
    rig_start(r);
    in_tail.look(r->in);
    rig_commit(r);
}

START_TEST(killed_at_first_sight)
{
    struct rig *r = rig_new("a.log", _i & 1);
    r->opt.from_start = _i & 2;
    rig_append(r, "a.log", "one\n");
    first_look(r);
    rig_append(r, "a.log", "two\n");
    rig_crash(r);
    rig_rename(r, "a.log", "a.log.1");
    rig_append(r, "a.log", "three\n");
    rig_start(r);
    rig_until(r, strstr(rig_all(r), "two|") && strstr(rig_all(r), "three|"));
    rig_settle(r);
    ck_assert_uint_eq(r->n, _i & 2 ? 3 : 2);
    rig_free(r);
}
END_TEST

START_TEST(renamed_while_stopped)
{
    struct rig *r = rig_new(_i & 2 ? "a.log*" : "a.log", _i & 1);
    rig_append(r, "a.log", "one\n");
    rig_start(r);
    rig_expect(r, "one|");
    restart(r);
    rig_append(r, "a.log", "two\n");
    rig_rename(r, "a.log", "a.log.1");
    rig_append(r, "a.log", "three\n");
    rig_start(r);
    rig_until(r, r->n == 3);
    rig_settle(r);
    ck_assert_uint_eq(r->n, 3);
    ck_assert(strstr(rig_all(r), "two|") && strstr(rig_all(r), "three|"));
    /* And again, although the older one is still known. */
    restart(r);
    rig_append(r, "a.log", "four\n");
    rig_rename(r, "a.log.1", "a.log.2");
    rig_rename(r, "a.log", "a.log.1");
    rig_append(r, "a.log", "five\n");
    rig_start(r);
    rig_until(r, r->n == 5);
    rig_settle(r);
    ck_assert_uint_eq(r->n, 5);
    rig_free(r);
}
END_TEST

START_TEST(came_and_went_while_stopped)
{
    struct rig *r = rig_new("*.log", _i);
    rig_append(r, "a.log", "one\n");
    rig_start(r);
    rig_expect(r, "one|");
    rig_commit(r);
    /* A file that was seen, but killed before its first commit, and one that was never seen. */
    rig_rename(r, "a.log", "a.log.1");
    rig_append(r, "a.log", "two\n");
    rig_expect(r, "one|two|");
    rig_crash(r);
    rig_rename(r, "a.log.1", "a.log.3");
    rig_rename(r, "a.log", "a.log.2");
    rig_append(r, "a.log", "three\n");
    rig_rename(r, "a.log", "a.log.1");
    rig_append(r, "a.log", "four\n");
    rig_start(r);
    rig_until(r, r->n == 4);
    ck_assert(strstr(rig_all(r), "two|") && strstr(rig_all(r), "three|") && strstr(rig_all(r), "four|"));
    rig_settle(r);
    ck_assert_uint_eq(r->n, 4);
    rig_free(r);
}
END_TEST

START_TEST(history_is_not_read)
{
    struct rig *r = rig_new("a.log", _i);
    rig_append(r, "a.log", "one\n");
    rig_append(r, "a.log.1", "history, as young as can be\n");
    rig_start(r);
    rig_expect_only(r, "one|");
    restart(r);
    /* Looked into, or copied, while crumbd was stopped. */
    rig_copy(r, "a.log", "a.log-1");
    rig_copy(r, "a.log.1", "a.log.7");
    rig_append(r, "a.log.8", "very old\n");
    const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    ck_assert_int_eq(utimensat(AT_FDCWD, rig_path(r, "a.log.8"), old, 0), 0);
    rig_start(r);
    rig_expect_only(r, "one|");
    rig_free(r);
}
END_TEST

START_TEST(copied_and_truncated_while_stopped)
{
    struct rig *r = rig_new(_i & 2 ? "a.log*" : "a.log", _i & 1);
    rig_append(r, "a.log", "one\n");
    rig_start(r);
    rig_expect(r, "one|");
    uint64_t key = r->msg[0].key;
    restart(r);
    rig_append(r, "a.log", "two\n");
    rig_copy(r, "a.log", "a.log.1");
    rig_truncate(r, "a.log");
    if (_i & 4)
        rig_append(r, "a.log", "three and more\n");
    rig_start(r);
    rig_until(r, r->n == (_i & 4 ? 3 : 2));
    ck_assert_ptr_nonnull(strstr(rig_all(r), "two|"));
    for (unsigned i = 1; i < r->n; i++)
        ck_assert_int_eq(r->msg[i].key == key, strcmp(r->msg[i].text, "two") == 0);
    rig_settle(r);
    restart(r);
    rig_start(r);
    rig_settle(r);
    ck_assert_uint_eq(r->n, _i & 4 ? 3 : 2);
    rig_free(r);
}
END_TEST

START_TEST(another_file_in_the_same_inode)
{
    struct rig *r = rig_new("*.log", _i);
    rig_append(r, "a.log", "one\ntwo\n");
    rig_start(r);
    rig_expect(r, "one|two|");
    restart(r);
    /* What deleting and creating does when the file system gives out the number again. */
    rig_truncate(r, "a.log");
    rig_append(r, "a.log", "ONE\nTWO\nTHREE\n");
    rig_rename(r, "a.log", "b.log");
    rig_start(r);
    rig_expect_only(r, "one|two|ONE|TWO|THREE|");
    ck_assert_uint_ne(r->msg[0].key, r->msg[2].key);
    rig_free(r);
}
END_TEST

START_TEST(deleted_and_new_while_stopped)
{
    struct rig *r = rig_new("a.log", _i);
    rig_append(r, "a.log", "one\n");
    rig_start(r);
    rig_expect(r, "one|");
    restart(r);
    unlink(rig_path(r, "a.log"));
    rig_append(r, "other", "takes the inode\n");
    rig_append(r, "a.log", "two\n");
    rig_start(r);
    rig_expect_only(r, "one|two|");
    rig_commit(r);
    rig_commit(r);
    ck_assert_uint_eq(r->n_rows, 2);
    rig_free(r);
}
END_TEST

START_TEST(other_device_number)
{
    struct rig *r = rig_new("a.log", _i);
    rig_append(r, "a.log", "one\n");
    rig_start(r);
    rig_expect(r, "one|");
    restart(r);
    rig_renumber(r);
    rig_append(r, "a.log", "two\n");
    rig_start(r);
    rig_expect_only(r, "one|two|");
    ck_assert_uint_eq(r->msg[0].key, r->msg[1].key);
    rig_free(r);
}
END_TEST

START_TEST(not_mounted_for_a_while)
{
    struct rig *r = rig_new("d/a.log", _i);
    mkdir(rig_path(r, "d"), 0777);
    rig_append(r, "d/a.log", "one\n");
    rig_start(r);
    rig_expect(r, "one|");
    restart(r);
    rig_renumber(r);
    rig_rename(r, "d", "elsewhere");
    rig_start(r);
    rig_settle(r);
    rig_commit(r);
    rig_append(r, "elsewhere/a.log", "two\n");
    rig_rename(r, "elsewhere", "d");
    rig_expect_only(r, "one|two|");
    rig_free(r);
}
END_TEST

START_TEST(the_end_did_not_reach_the_disk)
{
    struct rig *r = rig_new("a.log", _i);
    for (int i = 0; i < 40; i++)
        rig_append(r, "a.log", "%099d\n", i);
    rig_start(r);
    rig_until(r, r->n == 40);
    restart(r);
    ck_assert_int_eq(truncate(rig_path(r, "a.log"), 3000), 0);
    rig_start(r);
    rig_settle(r);
    rig_append(r, "a.log", "after\n");
    rig_until(r, r->n == 41);
    ck_assert_str_eq(r->msg[40].text, "after");
    ck_assert(r->msg[40].key != r->msg[0].key && r->msg[40].offset == 3000);
    rig_settle(r);
    ck_assert_uint_eq(r->n, 41);
    rig_free(r);
}
END_TEST

START_TEST(brought_back_from_a_copy)
{
    struct rig *r = rig_new("a.log", _i);
    for (int i = 0; i < 3; i++)
        rig_append(r, "a.log", "%099d\n", i);
    rig_start(r);
    rig_until(r, r->n == 3);
    restart(r);
    rig_copy(r, "a.log", "copy");
    rig_append(r, "copy", "four\n");
    rig_rename(r, "copy", "a.log");
    rig_start(r);
    rig_until(r, r->n == 4);
    ck_assert_str_eq(r->msg[3].text, "four");
    rig_settle(r);
    ck_assert_uint_eq(r->n, 4);
    rig_free(r);
}
END_TEST

static void count_row(void *u, const struct position *p)
{
    (void)p;
    ++*(unsigned *)u;
}

START_TEST(positions_are_given_once)
{
    struct rig *r = rig_new("a.log", _i);
    rig_append(r, "a.log", "one\n");
    rig_start(r);
    rig_expect(r, "one|");
    rig_settle(r);
    rig_commit(r);
    unsigned n = 0;
    in_tail.positions(r->in, count_row, &n);
    ck_assert_uint_eq(n, 0);
    ck_assert_uint_eq(rig_offset(r, "a.log"), 4);
    for (unsigned i = 0; i < r->n_rows; i++)
        ck_slice(r->row[i].input, r->opt.text);
    rig_free(r);
}
END_TEST

START_TEST(the_pattern_changed)
{
    struct rig *r = rig_new("a.log", _i);
    r->opt.from_start = false;
    rig_start(r);
    rig_settle(r);
    rig_append(r, "a.log", "one\n");
    rig_expect(r, "one|");
    restart(r);
    rig_append(r, "a.log", "two\n");
    rig_append(r, "b.log", "old\n");
    char *before = r->opt.text;
    r->opt.text = xstrdup(rig_path(r, "*.log"));
    rig_start(r);
    rig_expect_only(r, "one|two|");
    rig_append(r, "b.log", "three\n");
    rig_expect_only(r, "one|two|three|");
    restart(r);
    free(before);
    rig_free(r);
}
END_TEST

/* ---- any order of things ---- */

struct world {
    struct rig *r;
    uint64_t rnd;
    unsigned next, rotated;
    bool copies_match, up, paused, begun;
    bool packs; /* what is rotated may be compressed */
};

static unsigned draw(struct world *w, unsigned n)
{
    w->rnd = hash_mix(w->rnd, 7);
    return (unsigned)(w->rnd >> 33) % n;
}

static void complete_line(struct world *w)
{
    if (w->begun)
        rig_append(w->r, "a.log", "\n");
    w->begun = false;
}

static void write_lines(struct world *w)
{
    complete_line(w);
    FILE *f = fopen(rig_path(w->r, "a.log"), "a");
    for (unsigned n = 1 + draw(w, 30); n; n--)
        fprintf(f, "%u %.*s\n", w->next++, (int)draw(w, 90),
                "the quick brown fox jumps over the lazy dog, and the dog does not care, nor do I, now or ever");
    w->begun = draw(w, 4) == 0;
    if (w->begun)
        fprintf(f, "%u begun", w->next++);
    fclose(f);
}

static void go_up(struct world *w)
{
    if (!w->up)
        first_look(w->r);
    w->up = true;
    w->paused = false;
}

static void come_to_rest(struct world *w)
{
    go_up(w);
    in_tail.pause(w->r->in, w->paused = false);
    rig_settle(w->r);
    rig_commit(w->r);
}

static void rotate(struct world *w, bool copy)
{
    enum { KEEP = 5 };
    char from[32], to[32];
    struct stat st;
    if (stat(rig_path(w->r, "a.log"), &st) != 0)
        return;
    complete_line(w);
    if (w->rotated == KEEP) {
        /* What is deleted has been read. */
        come_to_rest(w);
        w->rotated--;
    }
    for (unsigned i = ++w->rotated; i > 1; i--)
        for (int packed = 0; packed < 2; packed++) {
            snprintf(from, sizeof from, "a.log.%u%s", i - 1, packed ? ".gz" : "");
            snprintf(to, sizeof to, "a.log.%u%s", i, packed ? ".gz" : "");
            unlink(rig_path(w->r, to));
            rename(rig_path(w->r, from), rig_path(w->r, to));
        }
    if (copy) {
        rig_copy(w->r, "a.log", "a.log.1");
        rig_truncate(w->r, "a.log");
    } else {
        rig_rename(w->r, "a.log", "a.log.1");
    }
}

/* Compresses one of the rotated files; logrotate and gzip keep the time of its last change, the kubelet does not. */
static void pack(struct world *w)
{
    char from[32], to[48];
    struct stat st;
    struct sbuf text, packed;
    if (!w->packs || !w->rotated)
        return;
    snprintf(from, sizeof from, "a.log.%u", 1 + draw(w, w->rotated));
    snprintf(to, sizeof to, "%s.gz", from);
    int fd = open(rig_path(w->r, from), O_RDONLY);
    if (fd < 0)
        return;
    ck_assert_int_eq(fstat(fd, &st), 0);
    sbuf_init(&text, 1 << 20);
    sbuf_init(&packed, 1 << 20);
    if (st.st_size) {
        ck_assert_int_eq(read(fd, sbuf_room(&text, (size_t)st.st_size), (size_t)st.st_size), st.st_size);
        text.n += (size_t)st.st_size;
    }
    close(fd);
    ck_assert(zip_gzip(sbuf_slice(&text), &packed));
    rig_append_bytes(w->r, to, sbuf_slice(&packed));
    if (draw(w, 2))
        ck_assert_int_eq(utimensat(AT_FDCWD, rig_path(w->r, to), (struct timespec[]){st.st_atim, st.st_mtim}, 0), 0);
    unlink(rig_path(w->r, from));
    sbuf_done(&text);
    sbuf_done(&packed);
}

static void step(struct world *w)
{
    switch (draw(w, 13)) {
    case 0:
    case 1:
    case 2:
        write_lines(w);
        break;
    case 3:
        rotate(w, false);
        break;
    case 4:
        rotate(w, true);
        break;
    case 5:
        if (w->up)
            rig_commit(w->r);
        break;
    case 6:
        if (w->up && draw(w, 3) == 0) {
            rig_crash(w->r);
            w->up = false;
        }
        break;
    case 7:
        if (w->up)
            in_tail.pause(w->r->in, w->paused = !w->paused);
        break;
    case 8:
        go_up(w);
        break;
    case 9:
        if (w->up)
            rig_look(w->r);
        break;
    case 10:
        pack(w);
        break;
    default:
        for (unsigned n = draw(w, 6); w->up && n; n--)
            rig_turn(w->r);
        break;
    }
}

/* Each number once. */
static void ck_all_there(struct world *w, int seed)
{
    char *seen = xcalloc(w->next, 1);
    for (unsigned i = 0; i < w->r->n; i++) {
        unsigned long n = strtoul(w->r->msg[i].text, NULL, 10);
        ck_assert_msg(n < w->next && !seen[n]++, "seed %d: line %lu twice", seed, n);
    }
    for (unsigned n = 0; n < w->next; n++)
        ck_assert_msg(seen[n], "seed %d: line %u is missing of %u", seed, n, w->next);
    free(seen);
}

START_TEST(whatever_happens)
{
    const char *seeds = getenv("TAIL_SEEDS");
    int n = seeds ? atoi(seeds) : 1; /* each takes seconds, most of which it waits */
    for (int seed = _i * n * 3; seed < (_i + 1) * n * 3; seed += 3) {
        struct world w = {.rnd = hash_mix((uint64_t)seed, 1), .copies_match = seed & 2, .packs = seed & 4, .up = true};
        w.r = rig_new(w.copies_match ? "a.log*" : "a.log", seed & 1);
        w.r->tuning.poll_ms = 5;
        first_look(w.r);
        for (int i = 0; i < 200; i++)
            step(&w);
        complete_line(&w);
        come_to_rest(&w);
        rig_settle(w.r);
        ck_all_there(&w, seed);
        rig_free(w.r);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tail_crash");
    TCase *t = tcase_create("tail_crash");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, killed_between_commits, 0, 2);
    tcase_add_loop_test(t, killed_at_first_sight, 0, 4);
    tcase_add_loop_test(t, renamed_while_stopped, 0, 4);
    tcase_add_loop_test(t, came_and_went_while_stopped, 0, 2);
    tcase_add_loop_test(t, history_is_not_read, 0, 2);
    tcase_add_loop_test(t, copied_and_truncated_while_stopped, 0, 8);
    tcase_add_loop_test(t, another_file_in_the_same_inode, 0, 2);
    tcase_add_loop_test(t, deleted_and_new_while_stopped, 0, 2);
    tcase_add_loop_test(t, other_device_number, 0, 2);
    tcase_add_loop_test(t, not_mounted_for_a_while, 0, 2);
    tcase_add_loop_test(t, the_end_did_not_reach_the_disk, 0, 2);
    tcase_add_loop_test(t, brought_back_from_a_copy, 0, 2);
    tcase_add_loop_test(t, positions_are_given_once, 0, 2);
    tcase_add_loop_test(t, the_pattern_changed, 0, 2);
    tcase_add_loop_test(t, whatever_happens, 0, 4);
    suite_add_tcase(s, t);
    return unit_run(s);
}
