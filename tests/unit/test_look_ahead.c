/* What is found by looking ahead in a framer's buffer is what is found in the message alone, whatever becomes of the
 * buffer between two messages. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/look_ahead.h"

enum { STREAMS = 3, LINES = 4000 };

static const char *const regexes[] = {"connect\\(\\) failed", "timed out", "host: \"(\\S+)\":", "ab", "(?i)fatal"};
static const char *const words[] = {
    "connect() failed", "timed", " out", "host: \"x\":", "ab", "FATAL", "fat", "al", "host: \"y", "\":", "x", " ", "\r",
    "connect() faile"};
enum { N_REGEXES = sizeof regexes / sizeof *regexes, N_WORDS = sizeof words / sizeof *words };

static uint64_t seed;

static unsigned some(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

static struct prefilter *compiled(unsigned from, unsigned n)
{
    struct prefilter_pattern patterns[N_REGEXES];
    for (unsigned i = 0; i < n; i++)
        patterns[i] = (struct prefilter_pattern){.regex = slice_str(regexes[from + i])};
    return prefilter_compile(prefilter_probe(), patterns, n);
}

/* Some lines, the last one most often without its end. */
static void feed(struct framer *f)
{
    char bytes[4096];
    size_t n = 0, most = some(2) ? sizeof bytes - 32 : 64;
    while (n < most) {
        const char *word = some(9) ? words[some(N_WORDS)] : "\n";
        memcpy(bytes + n, word, strlen(word));
        n += strlen(word);
    }
    framer_feed(f, slice_of(bytes, n));
}

/* What a parser takes of a message: all of it, or a part; now and then it makes a copy, whose address is on either side
 * of the buffer's. */
static struct slice part_of(struct slice s)
{
    size_t from = some(3) ? 0 : some((unsigned)s.n + 1);
    size_t to = some(3) ? s.n : from + some((unsigned)(s.n - from) + 1);
    return slice_sub(s, from, to);
}

struct bench {
    struct prefilter *prefilter[2];
    struct prefilter_scratch *x;
    struct prefilter_hits want, got;
    struct look_ahead ahead[2];
    unsigned asked, hits;
};

static void ask(struct bench *b, struct frame_ahead *ahead, struct slice text)
{
    const struct prefilter *p = b->prefilter[some(8) == 0];
    struct look_ahead *l = &b->ahead[some(16) == 0];
    l->ahead = some(64) ? ahead : NULL;
    char *copy = some(5) ? NULL : slice_dup(text);
    if (copy)
        text.p = copy;
    prefilter_run(p, b->x, text, &b->want);
    look_ahead_run(l, p, b->x, text, &b->got);
    ck_assert_msg(b->want.word[0] == b->got.word[0], "%llx instead of %llx in '%.*s'",
                  (unsigned long long)b->got.word[0], (unsigned long long)b->want.word[0], SLICE_ARG(text));
    free(copy);
    b->asked++;
    b->hits += b->want.word[0] != 0;
}

static void begin(struct bench *b)
{
    *b = (struct bench){.prefilter = {compiled(0, N_REGEXES), compiled(1, 2)},
                        .x = prefilter_scratch_new(),
                        .want = prefilter_hits_new(N_REGEXES),
                        .got = prefilter_hits_new(N_REGEXES)};
    for (unsigned i = 0; i < 2; i++) {
        prefilter_scratch_fit(b->x, b->prefilter[i]);
        look_ahead_init(&b->ahead[i], (enum frame_looker)i);
    }
}

static void end(struct bench *b)
{
    for (unsigned i = 0; i < 2; i++) {
        look_ahead_done(&b->ahead[i]);
        prefilter_free(b->prefilter[i]);
    }
    prefilter_scratch_free(b->x);
    prefilter_hits_done(&b->want);
    prefilter_hits_done(&b->got);
}

/* Streams in turn, one message or many; buffers that move, shrink, are given up and made anew at the same place. */
START_TEST(a_text_has_what_it_has_alone)
{
    struct bench b;
    struct framer f[STREAMS];
    seed = (unsigned)_i + 1;
    begin(&b);
    for (unsigned i = 0; i < STREAMS; i++)
        framer_init(&f[i], FRAME_LINES, 0, 0);
    while (b.asked < LINES) {
        struct framer *c = &f[some(STREAMS)];
        struct message m;
        if (!some(4))
            feed(c);
        for (unsigned n = 1 + some(20); n && framer_next(c, &m); n--)
            ask(&b, m.ahead, part_of(m.text));
        if (!some(50)) {
            framer_done(c);
            framer_init(c, FRAME_LINES, 0, 0);
        } else if (!some(20)) {
            framer_trim(c);
        }
        if (!some(200))
            look_ahead_forget(&b.ahead[0]);
    }
    ck_assert_uint_gt(b.hits, LINES / 10);
    if (prefilter_probe() != PREFILTER_NONE) /* without a library every text may match */
        ck_assert_uint_lt(b.hits, b.asked);
    for (unsigned i = 0; i < STREAMS; i++)
        framer_done(&f[i]);
    end(&b);
}
END_TEST

/* More hits than a block keeps. */
START_TEST(a_block_of_nothing_but_hits)
{
    struct bench b;
    struct framer f;
    struct message m;
    begin(&b);
    framer_init(&f, FRAME_LINES, 0, 0);
    for (unsigned i = 0; i < 60000; i++)
        framer_feed(&f, i % 100 ? SLICE("\":") : SLICE("\n"));
    while (framer_next(&f, &m))
        ask(&b, m.ahead, m.text);
    ck_assert_uint_eq(b.asked, 600);
    framer_done(&f);
    end(&b);
}
END_TEST

/* The look at a block has shown that it was one, or the tests above show nothing. */
START_TEST(it_looks_ahead)
{
    struct bench b;
    struct framer f;
    struct message m;
    if (prefilter_probe() == PREFILTER_NONE)
        return;
    begin(&b);
    framer_init(&f, FRAME_LINES, 0, 0);
    for (unsigned i = 0; i < 1000; i++)
        framer_feed(&f, SLICE("a line of which nothing is known\n"));
    b.ahead[0].ahead = NULL;
    for (unsigned i = 0; framer_next(&f, &m); i++) {
        b.ahead[0].ahead = m.ahead;
        look_ahead_run(&b.ahead[0], b.prefilter[0], b.x, m.text, &b.got);
        ck_assert_uint_eq(i, (m.offset) / 33);
    }
    /* Each is longer than the one before it, up to PREFILTER_BLOCK_BYTES. */
    ck_assert_uint_gt(b.ahead[0].number, 5);
    ck_assert_uint_lt(b.ahead[0].number, 20);
    framer_done(&f);
    end(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("look_ahead");
    TCase *c = tcase_create("look_ahead");
    tcase_add_loop_test(c, a_text_has_what_it_has_alone, 0, 20);
    tcase_add_test(c, a_block_of_nothing_but_hits);
    tcase_add_test(c, it_looks_ahead);
    suite_add_tcase(s, c);
    return unit_run(s);
}
