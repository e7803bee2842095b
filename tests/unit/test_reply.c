#include "tests/unit/unit.h"

#include "io/item_kind.h"

enum { NOW_MS = 5000000, NOW_S = 1700000000 };

static struct reply_limits limits;

static void set_up(void)
{
    limits = (struct reply_limits){{0}};
}

static enum reply_verdict judge(unsigned status, const char *rate_limits, const char *retry_after)
{
    struct reply_answer a = {
        .status = status, .has_rate_limits = rate_limits != NULL, .now_ms = NOW_MS, .now_s = NOW_S};
    a.rate_limits = slice_str(rate_limits);
    a.retry_after = slice_str(retry_after);
    return reply_judge(&a, &limits);
}

/* Milliseconds that events still have to wait. */
static int64_t events_ms(void)
{
    int64_t until = item_kind_until(ITEM_EVENT, &limits);
    return until > NOW_MS ? until - NOW_MS : 0;
}

static int64_t left_ms(enum reply_category c)
{
    return limits.until_ms[c] > NOW_MS ? limits.until_ms[c] - NOW_MS : 0;
}

/* Check 55. */
START_TEST(a_limit_on_success)
{
    ck_assert_int_eq(judge(200, "60:error:key", NULL), REPLY_SENT);
    ck_assert_int_eq(events_ms(), 60000);
    ck_assert_int_eq(left_ms(REPLY_LOG_ITEM), 0);
    ck_assert_int_eq(left_ms(REPLY_ALL), 0);
}
END_TEST

/* Check 56. */
START_TEST(whom_a_limit_concerns)
{
    judge(200, "60:transaction;foo:key", NULL);
    ck_assert_int_eq(events_ms(), 0);
    for (int c = 0; c < REPLY_CATEGORIES; c++)
        ck_assert_int_eq(limits.until_ms[c], 0);
    judge(200, "abc:error, 30:log_item:key", NULL);
    ck_assert_int_eq(events_ms(), 0);
    ck_assert_int_eq(left_ms(REPLY_LOG_ITEM), 30000);
    judge(200, "60:transaction:key, 2700:default;error;security:organization", NULL);
    ck_assert_int_eq(events_ms(), 2700000);
    judge(200, "60::organization", NULL);
    ck_assert_int_eq(left_ms(REPLY_ALL), 60000);
}
END_TEST

START_TEST(check_ins_have_their_own_limit)
{
    judge(200, "60:monitor:key", NULL);
    ck_assert_int_eq(events_ms(), 0);
    ck_assert_int_eq(item_kind_until(ITEM_CHECK_IN, &limits), NOW_MS + 60000);
    judge(200, "90:error:key", NULL);
    ck_assert_int_eq(item_kind_until(ITEM_CHECK_IN, &limits), NOW_MS + 60000);
    judge(200, "120::organization", NULL);
    ck_assert_int_eq(item_kind_until(ITEM_CHECK_IN, &limits), NOW_MS + 120000);
}
END_TEST

START_TEST(only_default_or_all_stops_events_too)
{
    judge(200, "7:default:key", NULL);
    ck_assert_int_eq(events_ms(), 7000);
    judge(200, "8:", NULL);
    ck_assert_int_eq(events_ms(), 8000);
}
END_TEST

/* Check 57. */
START_TEST(odd_spellings)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1.5:error:key", 1500},
        {"0.0004:error", 1},
        {"60:error:key::ns", 60000},
        {"60:error:key:why:ns:x:y", 60000},
        {"  60 : error ; default : key", 60000},
        {"5:transaction:key ,  60:error:key", 60000},
        {"60:error;:key", 60000},
        {"60:;;:key", 0},
        {"-1:error", 0},
        {"1e3:error", 0},
        {"1.:error", 0},
        {".5:error", 0},
        {"1.5.5:error", 0},
        {":error", 0},
        {"60", 0},
        {"", 0},
        {",,,", 0},
        {"60:ERROR:key", 0},
        {"0x10:error", 0},
        {" :error", 0},
        {"99999999999999999999999:error", 86400000},
        {"86401:error", 86400000},
        {"60:error\xff:key", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        judge(200, rows[i].text, NULL);
        ck_assert_msg(events_ms() == rows[i].ms, "'%s': %lld ms, want %lld", rows[i].text, (long long)events_ms(),
                      (long long)rows[i].ms);
    }
}
END_TEST

/* Check 58. */
START_TEST(the_later_deadline_stays)
{
    judge(200, "60:error:key", NULL);
    judge(200, "10:error:key", NULL);
    ck_assert_int_eq(events_ms(), 60000);
    judge(429, NULL, "20");
    ck_assert_int_eq(events_ms(), 60000);
    judge(200, "61:error:key", NULL);
    ck_assert_int_eq(events_ms(), 61000);
}
END_TEST

/* Check 59. */
START_TEST(retry_after)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"4", 4000},
        {" 4 ", 4000},
        {"2.5", 2500},
        {"", 60000},
        {NULL, 60000},
        {"soon", 60000},
        {"-4", 60000},
        {"Tue, 14 Nov 2023 22:13:50 GMT", 30000},
        {"Tuesday, 14-Nov-23 22:13:50 GMT", 30000},
        {"Tue Nov 14 22:13:50 2023", 30000},
        {"Tue, 14 Nov 2023 22:13:10 GMT", 0},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 86400000},
        {"Tue, 14 Nov 2023", 60000},
        {"Tue, 99 Nov 2023 22:13:50 GMT", 60000},
        {"Tue, 14 Xyz 2023 22:13:50 GMT", 60000},
        {"Tue, 14 Nov 2023 22:13 GMT", 60000},
        {"Tue, 14 Nov 2023 25:13:50 GMT", 60000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up();
        ck_assert_int_eq(judge(429, NULL, rows[i].text), REPLY_LIMITED);
        ck_assert_msg(events_ms() == rows[i].ms, "'%s': %lld ms, want %lld", rows[i].text ? rows[i].text : "(none)",
                      (long long)events_ms(), (long long)rows[i].ms);
        ck_assert_int_eq(left_ms(REPLY_ALL), rows[i].ms);
    }
    /* The other header wins; what only concerns others lets events go on. */
    set_up();
    ck_assert_int_eq(judge(429, "60:transaction:key", "4"), REPLY_LIMITED);
    ck_assert_int_eq(events_ms(), 0);
    /* And on any other status Retry-After says nothing. */
    judge(503, NULL, "4");
    ck_assert_int_eq(events_ms(), 0);
}
END_TEST

START_TEST(a_busy_server_says_how_long)
{
    struct reply_answer a = {.status = 503, .retry_after = SLICE("7"), .now_s = NOW_S};
    ck_assert_int_eq(reply_wait_ms(&a), 7000);
    a.retry_after = SLICE("Tue, 14 Nov 2023 22:13:50 GMT");
    ck_assert_int_eq(reply_wait_ms(&a), 30000);
    a.retry_after = SLICE("soon");
    ck_assert_int_eq(reply_wait_ms(&a), 0);
    a.status = 429; /* that is a limit */
    a.retry_after = SLICE("7");
    ck_assert_int_eq(reply_wait_ms(&a), 0);
}
END_TEST

START_TEST(verdicts)
{
    static const struct {
        unsigned status;
        enum reply_verdict want;
    } rows[] = {
        {200, REPLY_SENT},    {202, REPLY_SENT},  {204, REPLY_SENT},  {301, REPLY_PAUSE}, {302, REPLY_PAUSE},
        {304, REPLY_PAUSE},   {308, REPLY_PAUSE}, {400, REPLY_DEAD},  {401, REPLY_PAUSE}, {403, REPLY_PAUSE},
        {404, REPLY_PAUSE},   {405, REPLY_PAUSE}, {407, REPLY_PAUSE}, {408, REPLY_RETRY}, {410, REPLY_DEAD},
        {413, REPLY_DEAD},    {415, REPLY_DEAD},  {421, REPLY_RETRY}, {422, REPLY_DEAD},  {425, REPLY_RETRY},
        {429, REPLY_LIMITED}, {500, REPLY_RETRY}, {502, REPLY_RETRY}, {503, REPLY_BUSY},  {504, REPLY_RETRY},
        {599, REPLY_RETRY},   {0, REPLY_BUSY},    {100, REPLY_RETRY}, {999, REPLY_RETRY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum reply_verdict got = judge(rows[i].status, NULL, NULL);
        ck_assert_msg(got == rows[i].want, "%u: %d, want %d", rows[i].status, got, rows[i].want);
        if (got == REPLY_PAUSE)
            ck_assert_str_ne(reply_hint(rows[i].status), "");
    }
    ck_assert_str_eq(reply_hint(200), "");
    /* No answer to what had gone out: it may be the event that the server broke off at. */
    ck_assert_int_eq(reply_judge(&(struct reply_answer){.uploaded = true, .now_ms = NOW_MS}, &limits), REPLY_RETRY);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("reply");
    TCase *t = tcase_create("reply");
    tcase_add_checked_fixture(t, set_up, NULL);
    tcase_add_test(t, a_limit_on_success);
    tcase_add_test(t, whom_a_limit_concerns);
    tcase_add_test(t, check_ins_have_their_own_limit);
    tcase_add_test(t, only_default_or_all_stops_events_too);
    tcase_add_test(t, odd_spellings);
    tcase_add_test(t, the_later_deadline_stays);
    tcase_add_test(t, retry_after);
    tcase_add_test(t, a_busy_server_says_how_long);
    tcase_add_test(t, verdicts);
    suite_add_tcase(s, t);
    return unit_run(s);
}
