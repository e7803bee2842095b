#include "tests/unit/unit.h"

#include "base/arena.h"
#include "base/count.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/sbuf.h"
#include "base/table.h"
#include "base/utf8.h"
#include "text/json.h"
#include "text/regex.h"
#include "text/zip.h"

#include <unistd.h>

/* Texts of two letters, in which a needle's first byte is often and its whole is somewhere else or nowhere. */
START_TEST(finds_what_a_plain_search_finds)
{
    for (unsigned bits = 0; bits < 1u << 10; bits++) {
        char text[10];
        for (unsigned i = 0; i < sizeof text; i++)
            text[i] = bits >> i & 1 ? 'b' : 'a';
        for (size_t n = 0; n <= sizeof text; n++)
            for (unsigned of = 0; of < 1u << 4; of++)
                for (size_t m = 1; m <= 4; m++) {
                    char needle[4];
                    for (unsigned i = 0; i < sizeof needle; i++)
                        needle[i] = of >> i & 1 ? 'b' : 'a';
                    ptrdiff_t want = -1;
                    for (size_t at = 0; want < 0 && at + m <= n; at++)
                        if (memcmp(text + at, needle, m) == 0)
                            want = (ptrdiff_t)at;
                    ck_assert_int_eq(slice_find(slice_of(text, n), slice_of(needle, m)), want);
                }
    }
}
END_TEST

START_TEST(slices)
{
    struct slice s = SLICE("a, b, , c");
    ck_slice(slice_split(&s, ','), "a");
    ck_slice(s, " b, , c");
    ck_assert_int_eq(slice_find(SLICE("xabcab"), SLICE("ab")), 1);
    ck_assert_int_eq(slice_rfind(SLICE("xabcab"), SLICE("ab")), 4);
    ck_assert_int_eq(slice_rfind(SLICE("aaa"), SLICE("aa")), 1);
    ck_assert_int_eq(slice_rfind(SLICE("xyz"), SLICE("ab")), -1);
    uint64_t v = 7;
    ck_assert(slice_u64(SLICE("18446744073709551615"), &v) && v == UINT64_MAX);
    ck_assert(!slice_u64(SLICE("18446744073709551616"), &v) && v == UINT64_MAX);
    ck_assert(!slice_u64(SLICE("1x"), &v) && !slice_u64(SLICE(""), &v));
    ck_assert(slice_hash(SLICE("abc"), 1) != slice_hash(SLICE("abd"), 1));
    /* Hashes are in stores: these must stay as they are. */
    static const uint64_t stored[] = {
        UINT64_C(0x0dbfb10730c86860), UINT64_C(0xcd3f6f16e6755b6f), UINT64_C(0x8d62e6067e7752f2),
        UINT64_C(0xdc6df2ec4b08f36f), UINT64_C(0x0fcc5f2dbd75cf32), UINT64_C(0xd9bcaad2d8bcbef9),
        UINT64_C(0x3e7341b255af70a8), UINT64_C(0x44b2b6b951e7f374), UINT64_C(0x4d21172267b7bf65),
        UINT64_C(0xb97312f22dc2520e), UINT64_C(0x83a0e1cb78880b53), UINT64_C(0x151dbdb952dd9df6),
        UINT64_C(0xb117007b61c23003), UINT64_C(0x9f2e696fcaf1bcfb)};
    for (size_t n = 0; n < sizeof stored / sizeof *stored; n++)
        ck_assert_uint_eq(slice_hash(slice_sub(SLICE("crumbd stores"), 0, n), 7), stored[n]);
    ck_assert(slice_hash(SLICE("abcdefgh"), 1) != slice_hash(SLICE("abcdefgh\0"), 1));
    ck_slice(slice_trim(SLICE(" \t x y\n")), "x y");
}
END_TEST

/* Key and texts of SipHash's authors, 00 01 02 …; values of another implementation (`openssl mac -macopt size:16
 * SIPHASH`). */
START_TEST(hash128_is_siphash)
{
    static const struct {
        unsigned n;
        struct hash128 want;
    } rows[] = {{0, {0xe6a825ba047f81a3, 0x930255c71472f66d}},  {1, {0x44af996bd8c187da, 0x45fc229b11597634}},
                {7, {0x53c1dbd8beebf1a1, 0x3982f01fa64ab8c0}},  {8, {0x61f55862baa9623b, 0xb49714f364e2830f}},
                {9, {0xabbad90a06994426, 0xed716dbb028b7fc4}},  {15, {0x11a8b03399e99354, 0xd9c3cf970fec087e}},
                {16, {0xbb54b067caa4e26e, 0x77052385bf1533fd}}, {31, {0xfcfa233218b03929, 0x353dc4524fde2317}},
                {63, {0x4a83502f77d15051, 0x7cbd3f979a063e50}}, {64, {0x3fcdd4c07d07af1e, 0x4ba75836384dad8c}}};
    char text[64];
    const struct hash128 key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    for (unsigned i = 0; i < sizeof text; i++)
        text[i] = (char)i;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hash128 got = hash128(key, slice_of(text, rows[i].n));
        ck_assert_uint_eq(got.low, rows[i].want.low);
        ck_assert_uint_eq(got.high, rows[i].want.high);
    }
}
END_TEST

static unsigned changed(struct hash128 a, struct hash128 b)
{
    return (unsigned)(__builtin_popcountll(a.low ^ b.low) + __builtin_popcountll(a.high ^ b.high));
}

/* Whatever word comes, what came before it still tells: the word that made all states of slice_hash equal, and others.
 */
START_TEST(no_word_erases_a_hash)
{
    static const uint64_t words[] = {0xd6e8feb86659fd93, 0x9e3779b97f4a7c15, 0, 1, UINT64_MAX, 0xa0761d6478bd642f};
    const struct hash_secret secret = {0x0123456789abcdef, 0xfedcba9876543210};
    ck_assert_uint_eq(slice_hash(slice_of((const char *)&words[0], 8), 1),
                      slice_hash(slice_of((const char *)&words[0], 8), 2));
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        char a[16] = "before-a", b[16] = "before-b";
        memcpy(a + 8, &words[i], 8);
        memcpy(b + 8, &words[i], 8);
        ck_assert_uint_gt(changed(hash128(HASH128_START, slice_of(a, 16)), hash128(HASH128_START, slice_of(b, 16))),
                          30);
        struct slice word = slice_of(a + 8, 8);
        ck_assert_uint_gt(changed(hash128((struct hash128){1, 2}, word), hash128((struct hash128){1, 3}, word)), 30);
        ck_assert_uint_ne(hash64(&secret, 0, slice_of(a, 16)), hash64(&secret, 0, slice_of(b, 16)));
        ck_assert_uint_ne(hash64(&secret, 1, word), hash64(&secret, 2, word));
    }
    /* Parts do not run into each other. */
    struct hash128 ab_c = hash128(hash128(HASH128_START, SLICE("ab")), SLICE("c")),
                   a_bc = hash128(hash128(HASH128_START, SLICE("a")), SLICE("bc"));
    ck_assert_uint_gt(changed(ab_c, a_bc), 30);
}
END_TEST

/* Each bit of a text changes about half of the bits: of 128, with 33 texts of each length, no fewer than 32 and no more
 * than 96. */
START_TEST(each_bit_changes_half_of_the_hash)
{
    char text[33];
    const struct hash_secret secret = {7, 9};
    memset(text, 'x', sizeof text);
    for (unsigned n = 1; n <= sizeof text; n++)
        for (unsigned bit = 0; bit < n * 8; bit++) {
            struct slice s = slice_of(text, n);
            struct hash128 before = hash128(HASH128_START, s);
            uint64_t keyed = hash64(&secret, 0, s);
            text[bit / 8] ^= (char)(1 << bit % 8);
            unsigned c = changed(before, hash128(HASH128_START, s));
            ck_assert_uint_ge(c, 32);
            ck_assert_uint_le(c, 96);
            ck_assert_uint_ne(keyed, hash64(&secret, 0, s));
            text[bit / 8] ^= (char)(1 << bit % 8);
        }
}
END_TEST

START_TEST(sbuf_overflow_sticks)
{
    struct sbuf b;
    sbuf_init(&b, 4);
    sbuf_adds(&b, SLICE("abc"));
    sbuf_adds(&b, SLICE("de"));
    ck_assert(b.over);
    sbuf_addc(&b, 'x');
    ck_assert_str_eq(sbuf_cstr(&b), "abc");
    sbuf_reset(&b);
    sbuf_addf(&b, "%d", 1234);
    ck_assert(!b.over);
    ck_assert_str_eq(sbuf_cstr(&b), "1234");
    sbuf_done(&b);
}
END_TEST

START_TEST(table_against_a_model)
{
    struct table t = {0};
    static char model[512];
    uint64_t rnd = 1;
    for (int i = 0; i < 20000; i++) {
        rnd = hash_mix(rnd, 3);
        uint64_t key = rnd % 512;
        if (rnd >> 32 & 1) {
            table_put(&t, key * 4096, &model[key]);
            model[key] = 1;
        } else {
            ck_assert_ptr_eq(table_del(&t, key * 4096), model[key] ? &model[key] : NULL);
            model[key] = 0;
        }
    }
    size_t n = 0;
    for (uint64_t key = 0; key < 512; key++) {
        n += (size_t)model[key];
        ck_assert_ptr_eq(table_get(&t, key * 4096), model[key] ? &model[key] : NULL);
    }
    ck_assert_uint_eq(t.n, n);
    table_done(&t);
}
END_TEST

static bool is_utf8(struct slice s)
{
    size_t step = 1;
    for (; s.n && step; s = slice_from(s, step))
        step = utf8_step(s);
    return step > 0;
}

static void ck_clean(struct slice in, const char *want)
{
    struct sbuf b;
    sbuf_init(&b, 1000);
    utf8_clean(&b, in);
    ck_slice(sbuf_slice(&b), want);
    ck_assert(is_utf8(sbuf_slice(&b)) && utf8_is_clean(sbuf_slice(&b)));
    sbuf_done(&b);
}

START_TEST(utf8_repairs)
{
    ck_clean(SLICE("a\xffz"), "a\xef\xbf\xbdz");
    ck_clean(SLICE("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate */
    ck_clean(SLICE("\xc0\x80"), "\xef\xbf\xbd\xef\xbf\xbd");                 /* overlong NUL */
    ck_clean(SLICE("x\0y"), "x\xef\xbf\xbdy");
    ck_clean(SLICE("\x1b[1;31mred\x1b[0m\n"), "red\n");
    ck_clean(SLICE("\x1b]0;title\aok"), "ok");
    ck_clean(SLICE("cut \x1b["), "cut ");
    ck_clean(SLICE("\xf0\x9f\x8d\x9e bread"), "\xf0\x9f\x8d\x9e bread");
    ck_slice(utf8_prefix(SLICE("\xc3\xa9\xc3\xa9\xc3\xa9"), 2), "\xc3\xa9\xc3\xa9");
    ck_slice(utf8_cut(SLICE("ab\xef\xbf\xbd"), 4), "ab"); /* the character would end behind the bound */
    ck_slice(utf8_cut(SLICE("ab\xef\xbf\xbd"), 5), "ab\xef\xbf\xbd");
    ck_slice(utf8_cut(SLICE("\xff\xff\xff"), 2), "\xff\xff");
    ck_slice(utf8_cut(SLICE("\xc3\xa9"), 1), "");
    ck_slice(utf8_cut(SLICE("a"), 0), "");
    ck_assert_uint_eq(utf8_count(SLICE("\xc3\xa9x\xff")), 3);
}
END_TEST

/* Eight bytes are looked at at once: each byte, at each place of a word, and alone in the rest. */
START_TEST(utf8_sees_each_byte)
{
    for (unsigned c = 0; c < 256; c++) {
        bool fine = memchr("\t\n\r", (int)c, 3) || (c >= ' ' && c <= '~');
        for (size_t at = 0; at < 19; at++) {
            char text[] = "a text of 19 bytes.";
            text[at] = (char)c;
            ck_assert_msg(utf8_is_clean(slice_of(text, 19)) == fine, "byte %u at %zu", c, at);
        }
    }
}
END_TEST

START_TEST(err_shows_the_place)
{
    struct diag d = {0};
    struct err_place at = {"a.yaml", 2, 3, SLICE("one\nt\xc3\xa9wo\x1b\nthree\n")};
    err_add(&d, ERR_ERROR, at, "no %s", "good");
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    err_print(&d, f);
    fclose(f);
    ck_assert_str_eq(text, "a.yaml:2:3: error: no good\n  t\xc3\xa9wo\\x1b\n    ^\n");
    free(text);
    err_done(&d);
    const char *const names[] = {"breadcrumbs", "before", "after", NULL};
    ck_assert_str_eq(err_nearest(SLICE("braedcrumbs"), names), "breadcrumbs");
    ck_assert_ptr_null(err_nearest(SLICE("xyz"), names));
}
END_TEST

START_TEST(quotes_and_spans)
{
    static const struct {
        const char *text;
        size_t end;
    } cases[] = {{"\"\"", 1}, {"\"ab\" c\"", 3}, {"\"a\\\"b\"", 5}, {"\"a\\\\\"", 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_uint_eq(slice_quote_end(slice_str(cases[i].text)), cases[i].end);
    static const char *const open[] = {"\"", "\"ab", "\"ab\\", "\"ab\\\""};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        ck_assert_uint_ge(slice_quote_end(slice_str(open[i])), strlen(open[i]));
    ck_assert_uint_eq(slice_span(SLICE("123a4"), ascii_digit), 3);
    ck_assert_uint_eq(slice_span(SLICE("123"), ascii_digit), 3);
    ck_assert_uint_eq(slice_span(SLICE_NONE, ascii_digit), 0);
}
END_TEST

START_TEST(ledger_line)
{
    struct counts c = {0};
    c.v[COUNT_lines_in] = 3;
    c.v[COUNT_event] = 2;
    struct count_open open = {0};
    ck_assert(!count_balances(&c, &open));
    c.v[COUNT_crumb] = 1;
    ck_assert(!count_balances(&c, &open)); /* two events came of it, and the store has none */
    open.events = 1;
    c.v[COUNT_stored] = 1;
    ck_assert(count_balances(&c, &open));
    c.v[COUNT_lines_in]++;
    ck_assert(!count_balances(&c, &open));
    open.lines = 1;
    ck_assert(count_balances(&c, &open));
    c.v[COUNT_overdue] = c.v[COUNT_check_ins] = c.v[COUNT_summaries] = 1;
    c.v[COUNT_input_overflow] = c.v[COUNT_event_too_large] = 1;
    ck_assert(!count_balances(&c, &open));
    c.v[COUNT_checkpoint_overflow] = 1;
    ck_assert(count_balances(&c, &open));
    c.v[COUNT_sent] = 2;
    c.v[COUNT_dead] = c.v[COUNT_damaged] = c.v[COUNT_settled] = c.v[COUNT_unsettled] = 1;
    ck_assert(!count_balances(&c, &open));
    open.sent = 2;
    ck_assert(count_balances(&c, &open));
    ck_assert_uint_eq(count_sum(&c, COUNT_WENT), 3); /* a damaged one stays, as a dead letter */
    ck_assert_uint_eq(count_sum(&c, COUNT_CAME), c.v[COUNT_stored]);
    ck_assert_uint_eq(count_sum(&c, COUNT_UNFRAMED), 0);
    c = (struct counts){.v = {[COUNT_lines_in] = 3, [COUNT_event] = 2, [COUNT_crumb] = 1}};
    struct sbuf b;
    sbuf_init(&b, 1000);
    count_ledger(&c, &b);
    ck_assert_str_eq(sbuf_cstr(&b), "msg=ledger lines_in=3 event=2 crumb=1");
    sbuf_done(&b);
}
END_TEST

START_TEST(json_writes_and_reads)
{
    struct sbuf b;
    struct json j;
    sbuf_init(&b, 1000);
    json_start(&j, &b);
    json_map(&j);
    json_key(&j, "a");
    json_str(&j, SLICE("q\"\\\n\xff"));
    json_key(&j, "t");
    json_time(&j, 1700000000123456);
    json_key(&j, "cut");
    json_str_max(&j, SLICE("0123456789"), 6);
    json_key(&j, "l");
    json_array(&j);
    json_int(&j, -5);
    json_bool(&j, true);
    json_array_end(&j);
    json_map_end(&j);
    json_end(&j);
    ck_assert_str_eq(sbuf_cstr(&b),
                     "{\"a\":\"q\\\"\\\\\\n\xef\xbf\xbd\",\"t\":1700000000.123456,\"cut\":\"012...\",\"l\":[-5,true]}");
    struct arena a = {0};
    struct json_node *n = json_tree(&a, sbuf_slice(&b));
    ck_assert_ptr_nonnull(n);
    ck_slice(json_get(n, "cut")->text, "012...");
    ck_slice(json_get(n, "t")->text, "1700000000.123456");
    ck_assert(json_get(n, "l")->child->next->truth);
    ck_assert_ptr_null(json_tree(&a, SLICE("{\"a\":1} x")));
    struct sbuf deep;
    sbuf_init(&deep, 100000);
    for (int i = 0; i < 10000; i++)
        sbuf_addc(&deep, '[');
    const struct json_handler none = {0};
    ck_assert_int_eq(json_read(sbuf_slice(&deep), &none, NULL, NULL), JSON_TOO_DEEP);
    ck_assert_int_eq(json_read(SLICE("{\"a\":"), &none, NULL, NULL), JSON_INCOMPLETE);
    ck_assert_int_eq(json_read(SLICE("{\"a\":}"), &none, NULL, NULL), JSON_BAD);
    sbuf_done(&deep);
    arena_done(&a);
    sbuf_done(&b);
}
END_TEST

static struct slice as_utf8(unsigned point, char b[4])
{
    if (point < 0x800)
        snprintf(b, 4, "%c%c", (int)(0xc0 | point >> 6), (int)(0x80 | (point & 0x3f)));
    else
        snprintf(b, 4, "%c%c%c", (int)(0xe0 | point >> 12), (int)(0x80 | (point >> 6 & 0x3f)),
                 (int)(0x80 | (point & 0x3f)));
    return slice_str(b);
}

/* JSON is read on terminals: C1 controls drive those, and bidi marks show text in another order. Letters stay as they
 * are. */
START_TEST(json_drives_no_terminal)
{
    static const unsigned ranges[][2] = {
        {0x80, 0x9f}, {0x61c, 0x61c}, {0x200e, 0x200f}, {0x202a, 0x202e}, {0x2066, 0x2069}};
    for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++)
        for (unsigned point = ranges[r][0]; point <= ranges[r][1]; point++) {
            char b[4], text[16], raw[16], want[200];
            struct slice mark = as_utf8(point, b);
            struct sbuf out;
            struct json j;
            struct arena a = {0};
            snprintf(text, sizeof text, "\xc3\xa9%sz", b);
            snprintf(raw, sizeof raw, "[\"%s\"]", b);
            snprintf(want, sizeof want, "{\"\\u%04x\":\"\xc3\xa9\\u%04xz\",\"raw\":[\"\\u%04x\"]}", point, point,
                     point);
            sbuf_init(&out, 1000);
            json_start(&j, &out);
            json_map(&j);
            json_key_s(&j, mark);
            json_str(&j, slice_str(text));
            json_key(&j, "raw");
            json_raw(&j, slice_str(raw));
            json_map_end(&j);
            json_end(&j);
            ck_slice(sbuf_slice(&out), want);
            ck_slice(json_tree(&a, sbuf_slice(&out))->child->text, text);
            arena_done(&a);
            sbuf_done(&out);
        }
}
END_TEST

static bool ignore_member(void *u, const struct json_member *m)
{
    struct slice v = m->value; /* every byte of it is read */
    *(size_t *)u += utf8_count(v) + slice_hash(v, 1) % 2;
    return true;
}

/*
 * Half a surrogate pair, and cut anywhere: yajl looks behind an escaped first half for the second one. Each text in
 * memory of exactly its length, so that a sanitizer sees a byte read behind it; whatever the libyajl here makes of it,
 * it comes to an end, and is text again when it is written.
 */
START_TEST(halves_of_surrogate_pairs)
{
    static const char *const texts[] = {"{\"a\":\"\\ud83d\"}",
                                        "{\"a\":\"\\ud83d\\ude00\"}",
                                        "{\"a\":\"\\ud83dx\"}",
                                        "{\"a\":\"\\ud83d\\n\"}",
                                        "{\"a\":\"\\ud83d\\u0041\"}",
                                        "{\"a\":\"\\ud83d\\ud83d\"}",
                                        "{\"a\":\"\\ude00\"}",
                                        "{\"a\":\"x\\ud83d\",\"b\":\"\\udbff\\udfff\"}",
                                        "{\"\\ud83d\":\"\\udfff\\ud800\"}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t n = 1; n <= strlen(texts[i]); n++) {
            struct arena a = {0};
            char *exact = malloc(n);
            size_t sum = 0, used = 0;
            memcpy(exact, texts[i], n);
            struct slice text = slice_of(exact, n);
            enum json_result result = json_members(text, &a, 1, ignore_member, &sum, &used);
            ck_assert_msg(n < strlen(texts[i]) ? result != JSON_OK : result == JSON_OK, "%s: %zu bytes: %d", texts[i],
                          n, (int)result);
            ck_assert_uint_le(used, n);
            const struct json_node *tree = json_tree(&a, text);
            if (tree && tree->child) {
                struct sbuf out;
                struct json j;
                sbuf_init(&out, 1000);
                json_start(&j, &out);
                json_str(&j, tree->child->text);
                json_end(&j);
                ck_assert(is_utf8(sbuf_slice(&out)));
                sbuf_done(&out);
            }
            arena_done(&a);
            free(exact);
        }
}
END_TEST

static void match_errno(const struct regex *re, struct regex_scratch *s)
{
    ck_assert_int_eq(regex_match(re, s, SLICE("failed (111: y"), 0), REGEX_YES);
    ck_slice(regex_capture(s, regex_number(re, SLICE("errno"))), "111");
    ck_assert_ptr_null(regex_capture(s, 2).p);
}

/* Code is made of the pattern that is matched often, and of no other; both find before it what they find after it. */
START_TEST(regex_pools)
{
    size_t at;
    char message[256];
    struct regex_pool *pool = regex_pool_new();
    struct regex_scratch *s = regex_scratch_new();
    struct regex *often = regex_compile_in(pool, SLICE("(?<errno>\\d+): (x)?"), &at, message);
    struct regex *seldom = regex_compile_in(pool, SLICE("never(s)"), &at, message);
    ck_assert(!regex_pool_wants(pool) && !regex_pool_wants(NULL));
    for (unsigned i = 1; i <= REGEX_POOL_USES; i++) {
        match_errno(often, s);
        ck_assert_int_eq(regex_pool_wants(pool), i == REGEX_POOL_USES);
    }
    ck_assert_uint_eq(regex_pool_make(pool), regex_have_jit());
    ck_assert(!regex_pool_wants(pool));
    for (unsigned i = 1; i <= 2 * REGEX_POOL_USES; i++)
        match_errno(often, s);
    ck_assert(!regex_pool_wants(pool));
    ck_assert_int_eq(regex_match(seldom, s, SLICE("nevers"), 0), REGEX_YES);
    ck_slice(regex_capture(s, 1), "s");
    regex_make_now(seldom);
    for (unsigned i = 1; i <= 2 * REGEX_POOL_USES; i++)
        ck_assert_int_eq(regex_match(seldom, s, SLICE("nevers"), 0), REGEX_YES);
    ck_assert_int_eq(regex_pool_wants(pool), !regex_have_jit());
    ck_assert_uint_eq(regex_pool_make(pool), 0);
    regex_free(often);
    regex_free(seldom);
    regex_pool_free(pool);
    regex_scratch_free(s);
}
END_TEST

/* Interpreted it takes a depth that the interpreter is not allowed elsewhere, and more steps; one match is enough for
 * it to get its code. */
START_TEST(regex_pool_finds_what_code_finds)
{
    size_t at;
    char message[256];
    struct regex_pool *pool = regex_pool_new();
    struct regex_scratch *s = regex_scratch_new();
    struct regex *deep = regex_compile_in(pool, SLICE("^(?:a|b)*c"), &at, message);
    struct regex *endless = regex_compile_in(pool, SLICE("(a+)+$"), &at, message);
    struct sbuf b;
    sbuf_init(&b, 16384);
    for (unsigned i = 0; i < 8000; i++)
        sbuf_adds(&b, SLICE("a"));
    sbuf_adds(&b, SLICE("c"));
    ck_assert_int_eq(regex_match(deep, s, sbuf_slice(&b), 0), REGEX_YES);
    ck_assert_uint_eq(regex_capture(s, 0).n, 8001);
    ck_assert(regex_pool_wants(pool));
    ck_assert_uint_eq(regex_pool_make(pool), regex_have_jit());
    ck_assert_int_eq(regex_match(deep, s, sbuf_slice(&b), 0), REGEX_YES);
    ck_assert_int_eq(regex_match(endless, s, sbuf_slice(&b), 0), REGEX_LIMIT);
    sbuf_done(&b);
    regex_free(deep);
    regex_free(endless);
    regex_pool_free(pool);
    regex_scratch_free(s);
}
END_TEST

START_TEST(regex_bounds)
{
    size_t at;
    char message[256];
    struct regex_scratch *s = regex_scratch_new();
    struct regex *re = regex_compile(SLICE("(?<errno>\\d+): (x)?"), false, &at, message);
    ck_assert_ptr_nonnull(re);
    ck_assert_int_eq(regex_match(re, s, SLICE("failed (111: y"), 0), REGEX_YES);
    ck_slice(regex_capture(s, regex_number(re, SLICE("errno"))), "111");
    ck_assert_ptr_null(regex_capture(s, 2).p);
    ck_assert_int_eq(regex_match(re, s, SLICE("none"), 0), REGEX_NO);
    regex_free(re);
    re = regex_compile(SLICE("(a+)+$"), false, &at, message);
    struct sbuf b;
    sbuf_init(&b, 60000);
    for (int i = 0; i < 50000; i++)
        sbuf_addc(&b, 'a');
    sbuf_addc(&b, 'b');
    ck_assert_int_eq(regex_match(re, s, sbuf_slice(&b), 0), REGEX_LIMIT);
    sbuf_done(&b);
    regex_free(re);
    ck_assert_ptr_null(regex_compile(SLICE("a(b"), false, &at, message));
    ck_assert_uint_eq(at, 3);
    regex_scratch_free(s);
}
END_TEST

START_TEST(zip_round_trip_and_bomb)
{
    struct sbuf plain, packed, back;
    sbuf_init(&plain, 2000000);
    sbuf_init(&packed, 2000000);
    sbuf_init(&back, 1000);
    for (int i = 0; i < 1000000; i++)
        sbuf_addc(&plain, 'x');
    ck_assert(zip_gzip(sbuf_slice(&plain), &packed));
    ck_assert(zip_is_gzip(sbuf_slice(&packed)));
    ck_assert_int_eq(zip_inflate(sbuf_slice(&packed), &back), ZIP_TOO_LARGE);
    ck_assert_uint_eq(back.n, 0);
    sbuf_done(&back);
    sbuf_init(&back, 1000000 + 1);
    ck_assert_int_eq(zip_inflate(sbuf_slice(&packed), &back), ZIP_OK);
    ck_assert(slice_eq(sbuf_slice(&back), sbuf_slice(&plain)));
    sbuf_reset(&back);
    ck_assert_int_eq(zip_inflate(slice_sub(sbuf_slice(&packed), 0, 100), &back), ZIP_BAD);
    sbuf_done(&plain);
    sbuf_done(&packed);
    sbuf_done(&back);
}
END_TEST

static bool show_member(void *u, const struct json_member *m)
{
    sbuf_addf(u, "%u %.*s=%.*s;", m->depth, SLICE_ARG(m->name), SLICE_ARG(m->value));
    return !slice_is(m->name, "stop");
}

/* The members of text down to two levels, as "depth name=value;". */
static enum json_result show_members(const char *text, struct sbuf *out, size_t *used)
{
    struct arena a = {0};
    sbuf_reset(out);
    enum json_result result = json_members(slice_str(text), &a, 2, show_member, out, used);
    arena_done(&a);
    return result;
}

START_TEST(json_members_are_handed_out)
{
    struct sbuf out;
    size_t used;
    sbuf_init(&out, 4096);
    const char *text =
        " {\"a\":\"x\\ty\",\"b\":{\"c\":1,\"d\":{\"e\":2}},\"f\":[{\"g\":3}],\"h\":null,\"i\":true} rest";
    ck_assert_int_eq(show_members(text, &out, &used), JSON_OK);
    ck_assert_str_eq(sbuf_cstr(&out),
                     "1 a=x\ty;2 b.c=1;2 b.d={\"e\":2};1 b={\"c\":1,\"d\":{\"e\":2}};1 f=[{\"g\":3}];1 h=;1 i=true;");
    ck_assert_str_eq(text + used, " rest");
    ck_assert_int_eq(show_members("{\"stop\":1,\"b\":2}", &out, NULL), JSON_STOPPED);
    ck_assert_int_eq(show_members("[1]", &out, NULL), JSON_BAD);
    ck_assert_int_eq(show_members("", &out, NULL), JSON_BAD);
    ck_assert_int_eq(show_members("{\"a\":1", &out, NULL), JSON_INCOMPLETE);
    sbuf_done(&out);
}
END_TEST

START_TEST(json_is_mended)
{
    static const char *const pairs[][2] = {{"{\"a\":\"x\ny\",}", "{\"a\":\"x\\u000ay\"}"},
                                           {"[1 , ]", "[1  ]"},
                                           {"[NaN,-Infinity,Infinity]", "[null,null,null]"},
                                           {"{\"NaN,}\":\"-Infinity,]\"}", "{\"NaN,}\":\"-Infinity,]\"}"},
                                           {"\"\\\",}\"", "\"\\\",}\""},
                                           {"", ""}};
    struct arena a = {0};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        ck_slice(json_repair(&a, slice_str(pairs[i][0])), pairs[i][1]);
    arena_done(&a);
}
END_TEST

/* What `say` leaves on stderr. */
static const char *logged(void (*say)(const char *const *), const char *const *texts)
{
    static char out[65536];
    FILE *f = tmpfile();
    int before = dup(STDERR_FILENO);
    ck_assert(f && before >= 0 && dup2(fileno(f), STDERR_FILENO) >= 0);
    say(texts);
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(f);
    out[fread(out, 1, sizeof out - 1, f)] = '\0';
    fclose(f);
    return out;
}

static void say_a_hundred_times(const char *const *texts)
{
    for (unsigned i = 0; i < 100; i++) {
        log_warn(texts[0]);
        log_warn(texts[1]);
    }
}

static void say_value(const char *const *texts)
{
    log_warn("value", log_c("v", texts[0]));
}

START_TEST(log_values_cannot_drive_a_terminal)
{
    static const char *const pairs[][2] = {
        {"plain", "v=plain\n"},
        {"a b=\"c\\\"\n\t", "v=\"a b=\\\"c\\\\\\\"\\n\\x09\"\n"},
        {"caf\xc3\xa9", "v=caf\xc3\xa9\n"},
        {"\x1b[31m\x7f", "v=\"\\x1b[31m\\x7f\"\n"},
        {"\xff\xc3", "v=\"\\xff\\xc3\"\n"},
        {"\xc2\x9b"
         "31m \xe2\x80\xae",
         "v=\"\\xc2\\x9b31m \\xe2\\x80\\xae\"\n"},
        {"\xd8\x9c\xe2\x80\x8e\xe2\x81\xa9", "v=\"\\xd8\\x9c\\xe2\\x80\\x8e\\xe2\\x81\\xa9\"\n"},
        {"", "v=\"\"\n"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const char *got = strstr(logged(say_value, pairs[i]), "v=");
        ck_assert_ptr_nonnull(got);
        ck_assert_str_eq(got, pairs[i][1]);
    }
}
END_TEST

START_TEST(each_log_text_is_limited)
{
    /* So far apart that whatever power of two a table of them has, up to 4096 rows, they want the same row. */
    static char texts[2][8 * 4096] = {"one", "other"};
    const char *both[] = {texts[0], texts[1]};
    unsigned lines = 0;
    for (const char *lf = logged(say_a_hundred_times, both); (lf = strchr(lf, '\n')); lf++)
        lines++;
    ck_assert_uint_eq(lines, 2 * LOG_BURST);
}
END_TEST

/* What is filled once and stays, as rules do, takes little more than it holds; the last chunk of others is up to half
 * empty. */
START_TEST(a_lasting_arena_is_full)
{
    enum { PIECES = 1000, PIECE = 1040 };
    struct arena a = {.lasting = true};
    char *v[PIECES];
    for (int turn = 0; turn < 2; turn++) {
        for (int i = 0; i < PIECES; i++)
            memset(v[i] = arena_alloc(&a, PIECE), i % 251, PIECE);
        for (int i = 0; i < PIECES; i++)
            ck_assert(v[i][0] == (char)(i % 251) && v[i][PIECE - 1] == (char)(i % 251));
        ck_assert_uint_eq(a.total_bytes, PIECES * PIECE);
        ck_assert_uint_lt(arena_taken_bytes(&a), a.total_bytes + a.total_bytes / 10);
        arena_reset(&a); /* is filled in the same way again */
    }
    arena_done(&a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("base");
    TCase *t = tcase_create("base");
    tcase_add_test(t, finds_what_a_plain_search_finds);
    tcase_add_test(t, slices);
    tcase_add_test(t, hash128_is_siphash);
    tcase_add_test(t, no_word_erases_a_hash);
    tcase_add_test(t, each_bit_changes_half_of_the_hash);
    tcase_add_test(t, sbuf_overflow_sticks);
    tcase_add_test(t, table_against_a_model);
    tcase_add_test(t, utf8_repairs);
    tcase_add_test(t, utf8_sees_each_byte);
    tcase_add_test(t, err_shows_the_place);
    tcase_add_test(t, quotes_and_spans);
    tcase_add_test(t, ledger_line);
    tcase_add_test(t, json_writes_and_reads);
    tcase_add_test(t, json_drives_no_terminal);
    tcase_add_test(t, halves_of_surrogate_pairs);
    tcase_add_test(t, regex_pools);
    tcase_add_test(t, regex_pool_finds_what_code_finds);
    tcase_add_test(t, regex_bounds);
    tcase_add_test(t, zip_round_trip_and_bomb);
    tcase_add_test(t, json_members_are_handed_out);
    tcase_add_test(t, json_is_mended);
    tcase_add_test(t, log_values_cannot_drive_a_terminal);
    tcase_add_test(t, each_log_text_is_limited);
    tcase_add_test(t, a_lasting_arena_is_full);
    suite_add_tcase(s, t);
    return unit_run(s);
}
