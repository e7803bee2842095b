/* What an authorization server answers as a token, and which errors of Kafka are told. */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "io/kafka_trouble.h"
#include "io/oauth_token.h"

static const struct {
    const char *body;
    const char *text; /* NULL: it is none */
    int64_t lasts_s;
    const char *why;
} answers[] = {
    {"{\"access_token\":\"a.b-c_d~e+/=\",\"token_type\":\"bearer\",\"expires_in\":60}", "a.b-c_d~e+/=", 60, NULL},
    {"{\"expires_in\":\"3599\",\"access_token\":\"x\"}", "x", 3599, NULL},
    {"{\"access_token\":\"x\"}", "x", OAUTH_LASTS_S, NULL},
    {"{\"access_token\":\"x\",\"expires_in\":null}", "x", OAUTH_LASTS_S, NULL},
    {"{\"access_token\":\"x\",\"expires_in\":99999999999999}", "x", OAUTH_LASTS_MOST_S, NULL},
    {"{\"access_token\":\"x\",\"expires_in\":-5}", "x", OAUTH_LASTS_S, NULL},
    {"{\"access_token\":\"x\",\"token_type\":\"mac\"}", NULL, 0, "token_type"},
    {"{\"access_token\":\"x\\u0001auth=Bearer y\"}", NULL, 0, "bytes that no token has"},
    {"{\"access_token\":\"x y\"}", NULL, 0, "bytes that no token has"},
    {"{\"access_token\":\"\"}", NULL, 0, "no access_token"},
    {"{\"access_token\":5}", NULL, 0, "no access_token"},
    {"[\"access_token\"]", NULL, 0, "no access_token"},
    {"<html>", NULL, 0, "no access_token"},
    {"", NULL, 0, "no access_token"},
};

START_TEST(an_answer_is_a_token)
{
    struct arena a = {0};
    struct oauth_token token;
    const char *why = NULL;
    bool is = oauth_token_read(slice_str(answers[_i].body), &a, &token, &why);
    ck_assert_msg(is == (answers[_i].text != NULL), "%s", answers[_i].body);
    if (is) {
        ck_assert_str_eq(token.text, answers[_i].text);
        ck_assert_int_eq(token.lasts_s, answers[_i].lasts_s);
    } else {
        ck_assert_msg(strstr(why, answers[_i].why), "%s: %s", answers[_i].body, why);
    }
    arena_done(&a);
}
END_TEST

START_TEST(an_address_is_shown_without_what_is_asked_there)
{
    ck_slice(oauth_url_shown("https://a/b?key=c#d"), "https://a/b");
    ck_slice(oauth_url_shown("https://a/b"), "https://a/b");
}
END_TEST

START_TEST(a_kind_of_trouble_is_said_once_a_minute)
{
    struct kafka_said s = {.n = 0};
    char many[32];
    ck_assert(!kafka_trouble_follows(&s, "_ALL_BROKERS_DOWN: 1/1", 5));
    ck_assert(!kafka_trouble_was_said(&s, "_SSL: a", 5));
    ck_assert(kafka_trouble_was_said(&s, "_SSL: b", 59999));
    ck_assert(kafka_trouble_follows(&s, "_ALL_BROKERS_DOWN: 1/1", 59999));
    ck_assert(!kafka_trouble_follows(&s, "_TRANSPORT: x", 59999));
    ck_assert(!kafka_trouble_was_said(&s, "_SSL: c", 60005));
    for (unsigned i = 0; i < KAFKA_SAID; i++) {
        snprintf(many, sizeof many, "kind %u: x", i);
        ck_assert(!kafka_trouble_was_said(&s, many, 60006));
    }
    ck_assert_msg(!kafka_trouble_was_said(&s, "_SSL: d", 60007), "the oldest is forgotten");
    ck_assert_str_ne(kafka_trouble_remedy("_SSL: x"), kafka_trouble_remedy("_SS: x"));
    ck_assert_str_ne(kafka_trouble_remedy("no token: x"), kafka_trouble_remedy("no"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("oauth");
    TCase *c = tcase_create("oauth");
    tcase_add_loop_test(c, an_answer_is_a_token, 0, sizeof answers / sizeof *answers);
    tcase_add_test(c, an_address_is_shown_without_what_is_asked_there);
    tcase_add_test(c, a_kind_of_trouble_is_said_once_a_minute);
    suite_add_tcase(s, c);
    return unit_run(s);
}
