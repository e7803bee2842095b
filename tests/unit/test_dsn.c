#include "tests/unit/unit.h"

#include <stdio.h>

#include "io/dsn.h"

#define KEY "0123456789abcdef0123456789abcdef"

static void good(const char *text, const char *url, const char *secret, const char *project)
{
    struct dsn dsn;
    struct diag d = {0};
    bool ok = dsn_parse(&dsn, slice_str(text), &d);
    ck_assert_msg(ok, "%s: %s", text, d.n ? d.v[0].text : "?");
    ck_assert_str_eq(dsn.public_key, KEY);
    ck_assert_str_eq(dsn.envelope_url, url);
    ck_assert_str_eq(dsn.project_id, project);
    ck_assert(secret ? dsn.secret && !strcmp(dsn.secret, secret) : !dsn.secret);
    ck_assert(!strstr(dsn.shown, "0123456789"));
    dsn_done(&dsn);
}

/* `part` must be named, and nothing that may be a key shown. */
static void bad(const char *text, const char *part)
{
    struct dsn dsn = {0};
    struct diag d = {0};
    ck_assert_msg(!dsn_parse(&dsn, slice_str(text), &d), "%s was taken", text);
    ck_assert_ptr_null(dsn.public_key);
    ck_assert_uint_eq(d.errors, 1);
    ck_assert_msg(strstr(d.v[0].text, part) != NULL, "%s: '%s' does not name the %s", text, d.v[0].text, part);
    ck_assert(!strstr(d.v[0].text, "0123456789"));
    err_done(&d);
}

START_TEST(urls)
{
    good("http://" KEY ":"
         "5ecre7"
         "@errors.lan:9000/42",
         "http://errors.lan:9000/api/42/envelope/", "5ecre7", "42");
    good("https://" KEY "@h.example/tools/sentry/42", "https://h.example/tools/sentry/api/42/envelope/", NULL, "42");
    good("https://" KEY "@[2001:db8::5]/7/", "https://[2001:db8::5]/api/7/envelope/", NULL, "7");
    good("https://" KEY "@[2001:db8::5]:8443/7", "https://[2001:db8::5]:8443/api/7/envelope/", NULL, "7");
    good("https://" KEY ":@h/1", "https://h/api/1/envelope/", NULL, "1");
    good("https://" KEY "@h:443//p//1//", "https://h:443//p//api/1/envelope/", NULL, "1");
    good("  HTTPS://" KEY "@h/1?environment=x#y\n", "https://h/api/1/envelope/", NULL, "1");
    good("https://" KEY "@o12.ingest.us.sentry.io/4501", "https://o12.ingest.us.sentry.io/api/4501/envelope/", NULL,
         "4501");
    good("https://01234567-89ab-cdef-0123-456789abcdef@h/1", "https://h/api/1/envelope/", NULL, "1");
}
END_TEST

START_TEST(refusals)
{
    bad("", "empty");
    bad(" \n", "empty");
    bad(KEY "@h/1", "scheme");
    bad("ftp://" KEY "@h/1", "scheme");
    bad("https://h/1", "key");
    bad("https://h/@/1", "key");
    bad("https://@h/1", "key");
    bad("https://0123456789@h/1", "key");
    bad("https://0123456789abcdef0123456789abcde_@h/1", "key");
    bad("https://01234567-89ab-cdef-0123456789-abcdef@h/1", "key");
    bad("https://" KEY ":a,b@h/1", "secret");
    bad("https://" KEY "@/1", "host");
    bad("https://" KEY "@[]/1", "host");
    bad("https://" KEY "@[::1/1", "host");
    bad("https://" KEY "@[127.0.0.1]/1", "host");
    bad("https://" KEY "@m\xc3\xbcnchen.example/1", "xn--");
    bad("https://" KEY "@h:/1", "port");
    bad("https://" KEY "@h:0/1", "port");
    bad("https://" KEY "@h:65536/1", "port");
    bad("https://" KEY "@h:8x/1", "port");
    bad("https://" KEY "@h", "project");
    bad("https://" KEY "@h/", "project");
    bad("https://" KEY "@h/abc", "project");
    bad("https://" KEY "@h/1\r\nX-Evil: 1", "control");
    bad("https://" KEY "@h/a b/1", "blank");
    char *longer = malloc(4001);
    memset(longer, 'x', 4000);
    longer[4000] = '\0';
    bad(longer, "longer");
    free(longer);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("dsn");
    TCase *t = tcase_create("dsn");
    tcase_add_test(t, urls);
    tcase_add_test(t, refusals);
    suite_add_tcase(s, t);
    return unit_run(s);
}
