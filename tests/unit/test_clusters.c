/* Messages brought together, and the patterns made of them. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/cluster_pattern.h"
#include "text/regex.h"

static int add(struct clusters *c, const char *message)
{
    return clusters_add(c, slice_str(message), clusters_shape(slice_str(message)), NULL);
}

/* Every line of one list is one cluster, and no two lists are the same. */
START_TEST(what_says_the_same_is_one)
{
    static const char *const kinds[][5] = {
        {"connection 17 from 192.0.2.1:4711 closed after 12 ms", "connection 18 from 192.0.2.77:9 closed after 3 ms"},
        {"connection 17 from 192.0.2.1:4711 opened"},
        {"worker-4 is late", "worker-17 is late"},
        {"took 5 s", "took 17 s"},
        /* Names of code differ in one place. */
        {"Registering class org.acme.a.Foo for a handler", "Registering class org.acme.b.Bar for a handler",
         "Registering class org.acme.Baz for a handler", "Registering class com.example.Qux for a handler"},
        /* Three are too few to tell that it varies. */
        {"Loading module org.acme.a.Foo of the shop"},
        {"Loading module org.acme.b.Bar of the shop"},
        {"Loading module org.acme.c.Baz of the shop"},
    };
    struct clusters *c = clusters_new(NULL);
    int leaf[16][5];
    unsigned n = sizeof kinds / sizeof *kinds;
    for (unsigned round = 0; round < 2; round++) /* the second goes by shapes */
        for (unsigned i = 0; i < n; i++)
            for (unsigned k = 0; k < 5 && kinds[i][k]; k++)
                leaf[i][k] = add(c, kinds[i][k]);
    clusters_refine(c);
    for (unsigned i = 0; i < n; i++)
        for (unsigned j = 0; j < n; j++)
            for (unsigned k = 0; k < 5 && kinds[j][k]; k++)
                ck_assert_msg((clusters_of(c, leaf[i][0]) == clusters_of(c, leaf[j][k])) == (i == j), "%s, %s",
                              kinds[i][0], kinds[j][k]);
    ck_assert_uint_eq(clusters_count(c), n);
    ck_assert_uint_eq(clusters_get(c, clusters_of(c, leaf[4][0]))->n, 8);
    clusters_free(c);
}
END_TEST

/* A shape is a short cut: it gives what looking at each message gives. */
START_TEST(shapes_do_not_tell_otherwise)
{
    struct clusters *quick = clusters_new(NULL), *slow = clusters_new(NULL);
    static const char *const forms[] = {
        "job %u of node%u done", "ssh%u said %u",          "id a%ub%uc is gone", "at 10:%02u:%02u it stopped",
        "\"%u\" is not '%u'",    "GET /a/%u/b%u HTTP/1.1", "x=%u y=%u",          "0x%x and %x",
        "%u\n\n%u\nthird"};
    int a[900], b[900];
    unsigned n = 0;
    for (unsigned i = 0; i < 100; i++)
        for (unsigned k = 0; k < sizeof forms / sizeof *forms; k++, n++) {
            char text[100];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(text, sizeof text, forms[k], i * 7 % 60, i * i % 59);
#pragma GCC diagnostic pop
            a[n] = clusters_add(quick, slice_str(text), clusters_shape(slice_str(text)), NULL);
            b[n] = clusters_add(slow, slice_str(text), 0, NULL);
        }
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; k < i; k++)
            ck_assert_msg((a[i] == a[k]) == (b[i] == b[k]), "messages %u and %u", i, k);
    clusters_free(quick);
    clusters_free(slow);
}
END_TEST

/* Nor does the wide one, by which messages go to what has all of its examples. */
START_TEST(wide_shapes_do_not_tell_otherwise)
{
    enum { ROUNDS = 40, KINDS = 4 };
    struct clusters *quick = clusters_new(NULL), *slow = clusters_new(NULL);
    int a[ROUNDS * KINDS], b[ROUNDS * KINDS];
    bool fresh[ROUNDS * KINDS];
    unsigned n = 0;
    for (unsigned i = 0; i < ROUNDS; i++)
        for (unsigned k = 0; k < KINDS; k++, n++) {
            char text[100];
            if (k < 2)
                snprintf(text, sizeof text, "ssh%u took blk_10000%02u", k + 2, i);
            else
                snprintf(text, sizeof text, "[req-%08x-12%02x-%c%03x-9c3d-0123456789ab] asks ssh%u", i * 123457, i,
                         "a4"[i % 2], i, k);
            a[n] = clusters_add(quick, slice_str(text), clusters_shape(slice_str(text)), &fresh[n]);
            b[n] = clusters_add(slow, slice_str(text), 0, NULL);
        }
    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; k < i; k++)
            ck_assert_msg((a[i] == a[k]) == (b[i] == b[k]), "messages %u and %u", i, k);
    for (unsigned i = 0; i < n; i++)
        ck_assert_msg(i % KINDS >= 2 || fresh[i] == (i / KINDS < CLUSTERS_EXAMPLES), "message %u", i);
    clusters_free(quick);
    clusters_free(slow);
}
END_TEST

START_TEST(patterns_match_their_own)
{
    static const struct {
        const char *lines[3], *regex, *message, *not ;
    } cases[] = {
        {{"disk sda is 91 % full", "disk sda is 7 % full"},
         "^disk sda is (?<num>\\d++) % full$",
         "disk sda is {masked.num} % full",
         "disk sda is x % full"},
        {{"cannot reach 192.0.2.1:80 (timeout)", "cannot reach db.example.com:5432 (timeout)"},
         "^cannot reach (?<reach>\\S++) \\(timeout\\)$",
         "cannot reach {masked.reach} (timeout)",
         "cannot reach 192.0.2.1:80"},
        {{"user=joe port=17 said \"sooner\" {now}", "user=ann port=9 said \"later\" {now}"},
         "^user=(?<user>\\S++) port=(?<port>\\d++) said \"(?<said>[^\\s\"]++)\" \\{now\\}$",
         "user={masked.user} port={masked.port} said \"{masked.said}\" (now)",
         "user=joe port=17 said no"},
        {{"two  blanks 17", "two blanks 18"},
         "^two\\s++blanks\\s++(?<blanks>\\d++)[ \\t]*+(?:\\n|$)",
         "two blanks {masked.blanks}",
         "twoblanks 17"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct clusters *c = clusters_new(NULL);
        struct cluster_pattern p;
        for (unsigned k = 0; k < 3 && cases[i].lines[k]; k++)
            clusters_add(c, slice_str(cases[i].lines[k]), 0, NULL);
        clusters_refine(c);
        ck_assert_uint_eq(clusters_count(c), 1);
        ck_assert(cluster_pattern_make(clusters_get(c, 0), &p));
        ck_assert_msg(slice_is(sbuf_slice(&p.regex), cases[i].regex), "%.*s", SLICE_ARG(sbuf_slice(&p.regex)));
        ck_assert_msg(slice_is(sbuf_slice(&p.message), cases[i].message), "%.*s", SLICE_ARG(sbuf_slice(&p.message)));
        size_t at;
        char why[256];
        struct regex *re = regex_compile(sbuf_slice(&p.regex), false, &at, why);
        struct regex_scratch *scratch = regex_scratch_new();
        ck_assert_int_eq(regex_match(re, scratch, slice_str(cases[i].not ), 0), REGEX_NO);
        regex_free(re);
        regex_scratch_free(scratch);
        cluster_pattern_done(&p);
        clusters_free(c);
    }
}
END_TEST

/* What is beyond the bounds is counted, and the first ones stay. */
START_TEST(there_are_bounds)
{
    struct clusters *c = clusters_new(NULL);
    char text[64];
    for (unsigned i = 0; i < CLUSTERS_MAX + 10; i++) {
        char word[8] = "";
        for (unsigned n = i, k = 0; k < 5; k++, n /= 26)
            word[k] = (char)('a' + n % 26);
        snprintf(text, sizeof text, "%s is not there", word);
        ck_assert_int_eq(clusters_add(c, slice_str(text), clusters_shape(slice_str(text)), NULL),
                         i < CLUSTERS_MAX ? (int)i : CLUSTERS_NONE);
    }
    ck_assert_uint_eq(clusters_lost(c), 10);
    clusters_refine(c);
    ck_assert_uint_eq(clusters_count(c), 1);
    clusters_free(c);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("clusters");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, what_says_the_same_is_one);
    tcase_add_test(t, shapes_do_not_tell_otherwise);
    tcase_add_test(t, wide_shapes_do_not_tell_otherwise);
    tcase_add_test(t, patterns_match_their_own);
    tcase_add_test(t, there_are_bounds);
    suite_add_tcase(s, t);
    return unit_run(s);
}
