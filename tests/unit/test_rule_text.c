/* A rule as it stands in its file: all of it, and nothing of its neighbours. */
#include "app/rule_text.h"
#include "tests/unit/unit.h"

#include <unistd.h>

static const char file[] = "pack: shop\n"                     /* 1 */
                           "rules:\n"                         /* 2 */
                           "  # of the first\n"               /* 3 */
                           "  - id: shop.one\n"               /* 4 */
                           "    match: 'one'\n"               /* 5 */
                           "    # inside\n"                   /* 6 */
                           "\n"                               /* 7 */
                           "    samples:\n"                   /* 8 */
                           "      - lines: |\n"               /* 9 */
                           "          a\n"                    /* 10 */
                           "\n"                               /* 11 */
                           "  # of the second\n"              /* 12 */
                           "  - {id: shop.two, match: two,\n" /* 13 */
                           "     event: {}}\n"                /* 14 */
                           "  -\n"                            /* 15 */
                           "    id: shop.three\n"             /* 16 */
                           "    match: three\n"               /* 17 */
                           "other: 1\n";                      /* 18 */

static bool text_in(struct slice text, unsigned line, const char *id, struct sbuf *out)
{
    char path[] = "/tmp/crumbd-rule-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text.p, text.n), (ssize_t)text.n);
    close(fd);
    const struct rule r = {.id = slice_str(id), .place = {.file = path, .line = line}};
    bool found = rule_text(&r, out);
    unlink(path);
    return found;
}

static void check(unsigned line, const char *id, const char *want)
{
    struct sbuf out;
    sbuf_init(&out, 2 * RULE_TEXT_SHOWN);
    sbuf_adds(&out, SLICE(">"));
    bool found = text_in(slice_str(file), line, id, &out);
    ck_assert_int_eq(found, want != NULL);
    ck_slice(slice_from(sbuf_slice(&out), 1), want ? want : "");
    sbuf_done(&out);
}

START_TEST(items)
{
    check(4, "shop.one", "- id: shop.one\n  match: 'one'\n  # inside\n\n  samples:\n    - lines: |\n        a\n");
    check(13, "shop.two", "- {id: shop.two, match: two,\n   event: {}}\n");
    check(16, "shop.three", "id: shop.three\nmatch: three\n");
}
END_TEST

START_TEST(what_has_moved)
{
    check(4, "shop.two", NULL);
    check(1, "shop.one", NULL);
    check(18, "shop.one", NULL);
    check(19, "shop.one", NULL);
    check(4000000000u, "shop.one", NULL);
    check(0, "shop.one", NULL);
}
END_TEST

/* An item without an end is cut. */
START_TEST(long_ones)
{
    struct sbuf text, out;
    sbuf_init(&text, 1 << 20);
    sbuf_init(&out, 2 * RULE_TEXT_SHOWN);
    sbuf_adds(&text, SLICE("- id: a.b\n"));
    while (text.n < 1 << 19)
        sbuf_adds(&text, SLICE("  x: 1\n"));
    ck_assert(text_in(sbuf_slice(&text), 1, "a.b", &out));
    ck_assert_uint_ge(out.n, RULE_TEXT_SHOWN);
    ck_assert_uint_lt(out.n, RULE_TEXT_SHOWN + 16);
    sbuf_reset(&text);
    sbuf_adds(&text, SLICE("- id: a.b "));
    while (text.n < 1 << 19)
        sbuf_addc(&text, 'x');
    ck_assert(!text_in(sbuf_slice(&text), 1, "a.b", &out)); /* no line of a rule is so long */
    sbuf_done(&text);
    sbuf_done(&out);
}
END_TEST

/* Neither a file that is too large nor one that would block is read. */
START_TEST(no_files)
{
    struct sbuf text, out;
    const struct rule none = {.id = SLICE("a.b")},
                      device = {.id = SLICE("a.b"), .place = {.file = "/dev/zero", .line = 1}};
    sbuf_init(&text, 8 << 20);
    sbuf_init(&out, 2 * RULE_TEXT_SHOWN);
    ck_assert(!rule_text(&none, &out) && !rule_text(&device, &out));
    sbuf_addc(&text, '#');
    memset(sbuf_room(&text, RULE_FILE_MAX), 'x', RULE_FILE_MAX);
    text.n += RULE_FILE_MAX;
    sbuf_adds(&text, SLICE("\n- id: a.b\n"));
    ck_assert(!text_in(sbuf_slice(&text), 2, "a.b", &out));
    ck_assert(text_in(slice_from(sbuf_slice(&text), 20), 2, "a.b", &out));
    ck_slice(sbuf_slice(&out), "- id: a.b\n");
    sbuf_done(&text);
    sbuf_done(&out);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("rule_text");
    TCase *c = tcase_create("rule_text");
    tcase_add_test(c, items);
    tcase_add_test(c, what_has_moved);
    tcase_add_test(c, long_ones);
    tcase_add_test(c, no_files);
    suite_add_tcase(s, c);
    return unit_run(s);
}
