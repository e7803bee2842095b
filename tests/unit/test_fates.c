/* What became of which bytes: ranges and chunks. */
#include "tests/unit/unit.h"

#include <inttypes.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/fates.h"
#include "core/issue_key.h"

/* Shown to people and kept in stores: it is what it was. */
START_TEST(an_issue_has_one_key)
{
    ck_assert_uint_eq(issue_key(SLICE_NONE, 1), UINT64_C(11054401948781594741));
    ck_assert_uint_ne(issue_key(SLICE_NONE, 1), issue_key(SLICE("a"), 1));
    ck_assert_uint_ne(issue_key(SLICE_NONE, 1), issue_key(SLICE_NONE, 2));
}
END_TEST

/* --- a store of chunks --- */

enum { CHUNKS_MAX = 4096 };

struct chunks {
    struct {
        uint64_t number, file, first, end;
        char *p;
        size_t n;
    } v[CHUNKS_MAX]; /* by number */
    unsigned told;
    size_t bytes; /* as the sizes that were told before say */
};

static void keep(void *u, const struct fates_chunk *c)
{
    struct chunks *all = u;
    ck_assert_uint_lt(c->number, CHUNKS_MAX);
    ck_assert_uint_eq(c->told_bytes, all->v[c->number].n);
    ck_assert_uint_le(c->bytes.n, FATES_CHUNK_MAX + 128);
    all->bytes += c->bytes.n - c->told_bytes;
    free(all->v[c->number].p);
    all->v[c->number].number = c->number;
    all->v[c->number].file = c->file;
    all->v[c->number].first = c->first;
    all->v[c->number].end = c->end;
    all->v[c->number].p = xmalloc(c->bytes.n);
    memcpy(all->v[c->number].p, c->bytes.p, c->bytes.n);
    all->v[c->number].n = c->bytes.n;
    all->told++;
}

static struct chunks *chunks_new(void)
{
    return xcalloc(1, sizeof(struct chunks));
}

static void chunks_free(struct chunks *all)
{
    for (unsigned i = 0; i < CHUNKS_MAX; i++)
        free(all->v[i].p);
    free(all);
}

/* All ranges of a file, in the order in which they were decided. Returns how many. */
static unsigned ranges_of(const struct chunks *all, uint64_t file, struct fate_range *out, unsigned max)
{
    unsigned n = 0;
    for (unsigned i = 0; i < CHUNKS_MAX; i++) {
        struct fates_reader r;
        if (!all->v[i].p || all->v[i].file != file)
            continue;
        ck_assert(fates_read(&r, slice_of(all->v[i].p, all->v[i].n)));
        while (n < max && fates_next(&r, &out[n])) {
            const struct fate_range *got = &out[n++];
            ck_assert_uint_ge(got->from, got->fate == FATE_EVENT ? got->reach : all->v[i].first);
            ck_assert_uint_le(all->v[i].first, got->fate == FATE_EVENT ? got->reach : got->from);
            ck_assert_uint_le(got->fate == FATE_REACHES ? got->reach : got->to, all->v[i].end);
        }
        ck_assert_uint_eq(r.rest.n, 0);
    }
    return n;
}

static void same(const struct fate_range *got, const struct fate_range *want)
{
    ck_assert_int_eq((int)got->fate, (int)want->fate);
    ck_assert_uint_eq(got->from, want->from);
    ck_assert_uint_eq(got->to, want->to);
    ck_assert_uint_eq(got->issue, want->issue);
    ck_assert_uint_eq(got->reach, want->fate == FATE_EVENT || want->fate == FATE_REACHES ? want->reach : want->from);
    ck_assert_uint_eq(got->head, want->head);
    ck_assert_uint_eq(got->file, want->file);
    ck_assert_uint_eq(got->number, want->number);
}

START_TEST(a_run_of_lines_is_one_range)
{
    struct chunks *all = chunks_new();
    struct fates f;
    struct fate_range got[8];
    fates_init(&f, 7, keep, all);
    for (uint64_t at = 100; at < 1000000; at += 100) {
        fates_add(&f, 5, FATE_CRUMB, at, at + 100);
        if (at % 200000 == 0)
            fates_checkpoint(&f);
    }
    fates_checkpoint(&f);
    ck_assert_uint_eq(all->told, 5);
    fates_checkpoint(&f); /* nothing has changed */
    ck_assert_uint_eq(all->told, 5);
    ck_assert_uint_eq(ranges_of(all, 5, got, 8), 1);
    same(&got[0], &(struct fate_range){.fate = FATE_CRUMB, .from = 100, .to = 1000000});
    ck_assert_uint_eq(all->v[7].number, 7);
    ck_assert_uint_lt(all->bytes, 10);
    fates_done(&f);
    chunks_free(all);
}
END_TEST

/* One of each kind, those that say most; places that go back, as those of lines that were held do. */
static const struct fate_range KINDS[] = {
    {.fate = FATE_CRUMB, .from = 1000, .to = 1100},
    {.fate = FATE_EVENT, .from = 1100, .to = 1200, .issue = UINT64_C(0xfedcba9876543210), .reach = 1000},
    {.fate = FATE_EVENT, .from = 1200, .to = 1300, .issue = UINT64_C(0xfedcba9876543210), .reach = 1200},
    {.fate = FATE_SUPPRESSED, .from = 1300, .to = 1400, .issue = UINT64_C(0xfedcba9876543210)},
    {.fate = FATE_SUPPRESSED, .from = 1400, .to = 1500, .issue = 1},
    {.fate = FATE_JOINED, .from = 1600, .to = 1700, .head = 1500},
    {.fate = FATE_JOINED, .from = 1700, .to = 1800, .head = 1750},
    {.fate = FATE_JOINED, .from = 1800, .to = 1900, .head = UINT64_C(0x7fffffffffff), .file = UINT64_MAX},
    {.fate = FATE_EVENT, .from = 1500, .to = 1600, .issue = 1, .reach = 0},
    {.fate = FATE_LOG, .from = 1900, .to = 1901},
    {.fate = FATE_DROP, .from = 1901, .to = 1902},
    {.fate = FATE_BLANK, .from = 1902, .to = 1903},
    {.fate = FATE_REFUSED, .from = 1903, .to = (uint64_t)INT64_MAX},
    {.fate = FATE_ALSO_EVENT, .from = 1500, .to = 1500, .issue = 2, .number = 16},
    {.fate = FATE_ALSO_SUPPRESSED, .from = 1500, .to = 1500, .issue = 2},
    {.fate = FATE_REACHES, .from = 1500, .to = 1500, .reach = 1902},
    {.fate = FATE_LOST, .from = 1200, .to = 1200, .number = FATE_LOSS_TOO_LARGE},
};
enum { N_KINDS = sizeof KINDS / sizeof *KINDS };

START_TEST(every_kind_comes_back)
{
    struct chunks *all = chunks_new();
    struct fates f;
    struct fate_range got[2 * N_KINDS];
    fates_init(&f, 1, keep, all);
    for (unsigned i = 0; i < N_KINDS; i++) {
        fates_put(&f, 5, &KINDS[i]);
        fates_checkpoint(&f); /* what is told before it is whole changes nothing of what is told in the end */
    }
    unsigned n = ranges_of(all, 5, got, 2 * N_KINDS);
    ck_assert_uint_eq(n, N_KINDS);
    for (unsigned i = 0; i < N_KINDS; i++) {
        unsigned at = 0; /* a remark may stand before the range that was put before it and could have grown */
        while (at < n && (got[at].fate != KINDS[i].fate || got[at].from != KINDS[i].from))
            at++;
        ck_assert_msg(at < n, "%s is not there", fate_name(KINDS[i].fate));
        same(&got[at], &KINDS[i]);
    }
    fates_done(&f);
    chunks_free(all);
}
END_TEST

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + 1;
    return *seed >> 33;
}

enum { LINES = 9000, FILES = 3 };

/* Each byte has the fate that it was given, however lines are mixed, held and told; whole files and one line. */
START_TEST(each_byte_keeps_its_fate)
{
    static struct fate_range lines[LINES], got[LINES];
    struct chunks *all = chunks_new();
    struct fates f;
    uint64_t seed = 12, at[FILES] = {0};
    fates_init(&f, 1, keep, all);
    for (unsigned i = 0; i < LINES; i++) {
        uint64_t file = i / 97 % FILES, kind = next_random(&seed) % 16, n = 1 + next_random(&seed) % 300;
        lines[i] = (struct fate_range){.from = at[file], .to = at[file] + n, .file = file};
        lines[i].fate = kind < 10 ? FATE_CRUMB : kind < 14 ? FATE_SUPPRESSED : FATE_EVENT;
        lines[i].issue = lines[i].fate == FATE_CRUMB ? 0 : next_random(&seed) % 200;
        at[file] += n;
    }
    for (unsigned i = 0; i < LINES; i++) { /* pairs of lines in the other order, as if the first were held */
        struct fate_range r = lines[i % 5 == 0 && i + 1 < LINES ? i + 1 : i % 5 == 1 ? i - 1 : i];
        uint64_t file = r.file + 1;
        r.file = 0;
        r.reach = r.from;
        if (r.fate == FATE_CRUMB)
            fates_add(&f, file, r.fate, r.from, r.to);
        else
            fates_put(&f, file, &r);
        if (i % 1000 == 0)
            fates_checkpoint(&f);
    }
    fates_checkpoint(&f);
    for (uint64_t file = 0; file < FILES; file++) {
        unsigned n = ranges_of(all, file + 1, got, LINES);
        static struct fate_range byte[LINES * 310 / FILES];
        ck_assert_uint_lt(at[file], sizeof byte / sizeof *byte);
        memset(byte, 0, at[file] * sizeof *byte);
        for (unsigned i = 0; i < n; i++)
            for (uint64_t b = got[i].from; b < got[i].to; b++) {
                ck_assert_int_eq((int)byte[b].fate, FATE_NONE); /* no second answer */
                byte[b] = got[i];
            }
        for (unsigned i = 0; i < LINES; i++)
            for (uint64_t b = lines[i].from; lines[i].file == file && b < lines[i].to; b++) {
                ck_assert_int_eq((int)byte[b].fate, (int)lines[i].fate);
                ck_assert_uint_eq(byte[b].issue, lines[i].issue);
            }
    }
    ck_assert_uint_lt(all->bytes / LINES, 8); /* most of it are issues that a chunk names for the first time */
    fates_done(&f);
    chunks_free(all);
}
END_TEST

/* More files than may be open at once: nothing is forgotten. */
START_TEST(there_may_be_many_files)
{
    struct chunks *all = chunks_new();
    struct fates f;
    struct fate_range got[8];
    enum { MANY = 4 * FATES_FILES_MAX };
    fates_init(&f, 1, keep, all);
    for (uint64_t round = 0; round < 3; round++)
        for (uint64_t file = 1; file <= MANY; file++)
            fates_add(&f, file, FATE_CRUMB, round * 10, round * 10 + 10);
    fates_checkpoint(&f);
    ck_assert_uint_le(f.n, FATES_FILES_MAX);
    for (uint64_t file = 1; file <= MANY; file++) {
        unsigned n = ranges_of(all, file, got, 8);
        uint64_t end = 0;
        for (unsigned i = 0; i < n; i++) {
            ck_assert_uint_eq(got[i].from, end);
            end = got[i].to;
        }
        ck_assert_uint_eq(end, 30);
    }
    fates_done(&f);
    chunks_free(all);
}
END_TEST

/* What stands in a store may be anything. */
START_TEST(damage_is_no_range)
{
    static const char *const BAD[] = {
        "",                 /* nothing */
        "\x02\x12\x05",     /* another version */
        "\x01\x10\x05",     /* no fate */
        "\x01\x1d\x05",     /* an unknown one */
        "\x01\x52\x05",     /* an unknown mark */
        "\x01\x32\x05",     /* a crumb of another file */
        "\x01\x02\x01\x05", /* before the file begins */
        "\x01\x12",         /* cut */
        "\x01\x11\x05\x01", /* an issue that was not named */
        "\x01\x11\x05\x80", /* half a number */
    };
    for (unsigned i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct fates_reader r;
        struct fate_range got;
        bool any = fates_read(&r, slice_str(BAD[i])) && fates_next(&r, &got);
        ck_assert_msg(!any, "%u: %s", i, fate_name(got.fate));
        ck_assert(i < 2 || !fates_next(&r, &got));
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fates");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, an_issue_has_one_key);
    tcase_add_test(t, a_run_of_lines_is_one_range);
    tcase_add_test(t, every_kind_comes_back);
    tcase_add_test(t, each_byte_keeps_its_fate);
    tcase_add_test(t, there_may_be_many_files);
    tcase_add_test(t, damage_is_no_range);
    suite_add_tcase(s, t);
    return unit_run(s);
}
