/*
 * Tailed container files: pieces joined, each line once whatever happens between two pieces, and nobody waits for ever.
 */
#include "tests/unit/tail.h"

#include <stdlib.h>

#define OUT_P "2026-11-23T10:00:00Z stdout P "
#define OUT_F "2026-11-23T10:00:00Z stdout F "
#define ERR_P "2026-11-23T10:00:00Z stderr P "
#define ERR_F "2026-11-23T10:00:00Z stderr F "

static struct rig *cri_rig(const char *pattern, int mode)
{
    struct rig *r = rig_new(pattern, mode);
    r->opt.format = FORMAT_CRI;
    return r;
}

START_TEST(joined_as_they_come)
{
    struct rig *r = cri_rig("a.log", _i & 1);
    r->opt.format = _i & 2 ? FORMAT_AUTO : FORMAT_CRI;
    rig_start(r);
    rig_append(r, "a.log", OUT_P "one \n" ERR_F "whole\n");
    rig_expect(r, ERR_F "whole|");
    rig_append(r, "a.log", OUT_P "two \n" OUT_F "th");
    rig_look(r);
    rig_append(r, "a.log", "ree\n" OUT_F "next\n");
    rig_expect_only(r, ERR_F "whole|" OUT_F "one two three|" OUT_F "next|");
    ck_assert(r->msg[0].lines == 1 && r->msg[0].offset == strlen(OUT_P "one \n"));
    ck_assert(r->msg[1].lines == 3 && r->msg[1].offset == 0);
    rig_free(r);
}
END_TEST

/* The last words of a container that dies; its other stream going on makes no difference. */
START_TEST(what_waits_in_vain_comes_out)
{
    struct rig *r = cri_rig("a.log", _i & 1);
    r->tuning.idle_ms = 20;
    rig_start(r);
    rig_append(r, "a.log", OUT_P "last \n" OUT_P "words\n");
    if (_i & 2) {
        int64_t end = tail_now_ms() + RIG_DEADLINE_MS;
        while (!strstr(rig_all(r), OUT_P "last words|")) {
            ck_assert(tail_now_ms() < end);
            rig_append(r, "a.log", ERR_F "x\n");
            rig_turn(r);
        }
    } else {
        rig_expect_only(r, OUT_P "last words|");
        ck_assert_uint_eq(r->msg[0].lines, 2);
    }
    rig_commit(r);
    rig_crash(r);
    unsigned before = r->n;
    rig_start(r);
    rig_settle(r);
    ck_assert_uint_eq(r->n, before);
    rig_free(r);
}
END_TEST

START_TEST(killed_between_pieces)
{
    struct rig *r = cri_rig("a.log", _i & 1);
    rig_append(r, "a.log", OUT_F "first\n" OUT_P "one \n" ERR_F "between\n" ERR_P "e \n" OUT_P "two \n" ERR_F "end\n");
    rig_start(r);
    rig_expect(r, OUT_F "first|" ERR_F "between|" ERR_F "e end|");
    rig_commit(r);
    rig_crash(r);
    for (int i = 0; i < 3; i++) { /* again and again on the way */
        rig_start(r);
        rig_look(r);
        rig_commit(r);
        rig_crash(r);
        ck_assert_str_eq(rig_all(r), OUT_F "first|" ERR_F "between|" ERR_F "e end|");
    }
    rig_append(r, "a.log", OUT_F "three\n");
    rig_start(r);
    rig_expect_only(r, OUT_F "first|" ERR_F "between|" ERR_F "e end|" OUT_F "one two three|");
    ck_assert(r->msg[3].lines == 3 && r->msg[3].offset == strlen(OUT_F "first\n"));
    ck_assert_uint_eq(r->msg[3].key, r->msg[0].key);
    rig_free(r);
}
END_TEST

/* Pieces in a file that is renamed while stopped; the rest of the line still comes into it. */
START_TEST(renamed_between_pieces)
{
    struct rig *r = cri_rig("*.log", _i & 1);
    rig_append(r, "0.log", OUT_P "one \n" ERR_F "between\n");
    rig_start(r);
    rig_expect(r, ERR_F "between|");
    rig_commit(r);
    rig_stop(r);
    if (!(_i & 2))
        rig_append(r, "0.log", OUT_F "two\n");
    rig_rename(r, "0.log", "0.log.20261123-100000");
    rig_append(r, "0.log", OUT_F "new\n");
    rig_start(r);
    rig_until(r, r->n == 3);
    rig_settle(r);
    ck_assert_uint_eq(r->n, 3);
    ck_assert_ptr_nonnull(strstr(rig_all(r), OUT_F "new|"));
    ck_assert_ptr_nonnull(strstr(rig_all(r), _i & 2 ? OUT_P "one |" : OUT_F "one two|"));
    rig_free(r);
}
END_TEST

/* Pieces held by the store, of a file whose end the machine has lost with its power. */
START_TEST(the_end_of_the_file_is_lost)
{
    struct rig *r = cri_rig("a.log", _i & 1);
    char filler[1100];
    memset(filler, 'x', sizeof filler - 1);
    filler[sizeof filler - 1] = '\0';
    rig_append(r, "a.log", OUT_F "%s\n" OUT_P "one \n" ERR_F "between\n", filler);
    rig_start(r);
    rig_until(r, r->n == 2);
    rig_commit(r);
    rig_crash(r);
    ck_assert_int_eq(truncate(rig_path(r, "a.log"), (off_t)(strlen(OUT_F "\n" OUT_P "one \n") + strlen(filler))), 0);
    rig_append(r, "a.log", ERR_F "x\n");
    rig_start(r);
    rig_settle(r);
    rig_append(r, "a.log", ERR_F "goes on\n");
    rig_until(r, r->n == 3);
    ck_assert_str_eq(r->msg[2].text, ERR_F "goes on");
    rig_free(r);
}
END_TEST

/* Lines that are told apart by a number: what became of each is compared with what was written. */
struct written {
    char *text[RIG_KEPT];
    unsigned n;
};

static unsigned draw(uint64_t *seed, unsigned below)
{
    *seed = hash_mix(*seed, 1);
    return (unsigned)(*seed % below);
}

/* Appends pieces of both streams in any order, each line ended in the end; what is joined of them is remembered. */
static void write_some(struct rig *r, struct written *w, uint64_t *seed, char open[2][512], unsigned *number)
{
    for (unsigned i = draw(seed, 12); i > 0; i--) {
        unsigned s = draw(seed, 2);
        bool last = draw(seed, 3) == 0;
        char piece[32];
        snprintf(piece, sizeof piece, "<%u>", (*number)++);
        last |= strlen(open[s]) > 400;
        rig_append(r, "a.log", "%s%s\n", s ? last ? ERR_F : ERR_P : last ? OUT_F : OUT_P, piece);
        strcat(open[s], piece);
        if (!last)
            continue;
        w->text[w->n++] = xasprintf("%s%s", s ? ERR_F : OUT_F, open[s]);
        open[s][0] = '\0';
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

START_TEST(each_line_once_whatever_happens)
{
    struct rig *r = cri_rig("a.log", _i & 1);
    struct written *w = xcalloc(1, sizeof *w);
    char open[2][512] = {"", ""};
    uint64_t seed = (uint64_t)_i * 7919 + 5;
    unsigned number = 0;
    r->tuning.idle_ms = 100000; /* nothing is given up here */
    rig_start(r);
    for (int step = 0; step < 150; step++) {
        write_some(r, w, &seed, open, &number);
        for (unsigned i = draw(&seed, 5); i > 0; i--)
            rig_turn(r);
        if (draw(&seed, 3) == 0)
            rig_commit(r);
        if (draw(&seed, 6) == 0) {
            rig_crash(r);
            write_some(r, w, &seed, open, &number);
            rig_start(r);
        }
    }
    for (unsigned s = 0; s < 2; s++) {
        rig_append(r, "a.log", "%s.\n", s ? ERR_F : OUT_F);
        w->text[w->n++] = xasprintf("%s%s.", s ? ERR_F : OUT_F, open[s]);
    }
    rig_until(r, r->n >= w->n);
    rig_settle(r);
    char **got = xcalloc(r->n, sizeof *got);
    unsigned pieces = 0;
    for (unsigned i = 0; i < r->n; i++) {
        got[i] = r->msg[i].text;
        pieces += r->msg[i].lines;
    }
    qsort(got, r->n, sizeof *got, by_text);
    qsort(w->text, w->n, sizeof *w->text, by_text);
    ck_assert_uint_eq(r->n, w->n);
    ck_assert_uint_eq(pieces, number + 2);
    for (unsigned i = 0; i < w->n; i++)
        ck_assert_str_eq(got[i], w->text[i]);
    free(got);
    while (w->n)
        free(w->text[--w->n]);
    free(w);
    rig_free(r);
}
END_TEST

/* A pause may come within the message that one line makes of another one's pieces. */
START_TEST(paused_between_pieces)
{
    struct rig *r = cri_rig("a.log", 0);
    r->pause_after = (unsigned)_i + 1;
    rig_append(r, "a.log",
               OUT_P "one\n" ERR_P "two\n"
                     "torn\n" OUT_F "three\n");
    rig_start(r);
    rig_until(r, r->n == r->pause_after);
    rig_look(r);
    ck_assert_uint_eq(r->n, r->pause_after);
    rig_commit(r);
    if (_i & 1) {
        rig_crash(r);
        r->pause_after = 0;
        rig_start(r);
    } else {
        in_tail.pause(r->in, false);
    }
    rig_expect_only(r, OUT_P "one|" ERR_P "two|torn|" OUT_F "three|");
    rig_free(r);
}
END_TEST

/* Nothing of a long line stays in memory when it is out. */
START_TEST(memory_is_given_back)
{
    struct rig *r = cri_rig("a.log", 0);
    r->opt.max_message_bytes = 50000;
    char piece[10001];
    memset(piece, 'x', 10000);
    piece[10000] = '\0';
    rig_start(r);
    for (int i = 0; i < 20; i++)
        rig_append(r, "a.log", OUT_P "%s\n", piece);
    rig_append(r, "a.log", OUT_F "end\n");
    rig_until(r, r->n == 1);
    ck_assert_uint_eq(strlen(r->msg[0].text), strlen(OUT_F) + 50000);
    ck_assert_uint_eq(r->msg[0].truncated_bytes, 150003);
    rig_settle(r);
    const struct line_reader *l = &TAILQ_FIRST(&((struct tail *)r->in)->files)->lines;
    ck_assert(!l->framer.p && !l->join.held[0].text.p && !l->join.held[1].text.p);
    rig_free(r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tail_pieces");
    TCase *t = tcase_create("tail_pieces");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, joined_as_they_come, 0, 4);
    tcase_add_loop_test(t, what_waits_in_vain_comes_out, 0, 4);
    tcase_add_loop_test(t, killed_between_pieces, 0, 2);
    tcase_add_loop_test(t, renamed_between_pieces, 0, 4);
    tcase_add_loop_test(t, the_end_of_the_file_is_lost, 0, 2);
    tcase_add_loop_test(t, each_line_once_whatever_happens, 0, 8);
    tcase_add_loop_test(t, paused_between_pieces, 0, 4);
    tcase_add_test(t, memory_is_given_back);
    suite_add_tcase(s, t);
    return unit_run(s);
}
