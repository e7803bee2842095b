#include "tests/unit/unit.h"

#include <stdio.h>

#include "parsers/record.h"

static struct record r; /* large; one test at a time */

static void ck_json(const char *want)
{
    struct sbuf out;
    sbuf_init(&out, 1 << 20);
    record_json(&r, &out);
    ck_assert_str_eq(sbuf_cstr(&out), want);
    sbuf_done(&out);
}

START_TEST(members_in_their_order)
{
    record_init(&r, FORMAT_SYSLOG, SLICE("raw"));
    ck_json("{\"format\":\"syslog\"}");
    r.time_us = INT64_C(1700000000123456);
    r.level = LEVEL_ERROR;
    r.facility = 4;
    r.severity = 3;
    r.host = SLICE("web-1");
    r.app = SLICE("nginx");
    r.procid = SLICE("812");
    r.msgid = SLICE("ID47");
    r.message = SLICE("a \"b\"\n\x1b[31m\xff");
    record_add(&r, SLICE("k"), SLICE("v"), FIELD_STRING);
    r.request_id = SLICE("ab12");
    ck_json("{\"format\":\"syslog\",\"time\":1700000000.123456,\"level\":\"error\",\"facility\":4,\"severity\":3,"
            "\"host\":\"web-1\",\"app\":\"nginx\",\"procid\":\"812\",\"msgid\":\"ID47\","
            "\"message\":\"a \\\"b\\\"\\n\xef\xbf\xbd\",\"request_id\":\"ab12\",\"fields\":{\"k\":\"v\"},"
            "\"keys\":[\"req:ab12\"]}");
    struct sbuf out;
    sbuf_init(&out, 100);
    record_json_refused("not JSON", SLICE("{\xc3"), &out);
    ck_assert_str_eq(sbuf_cstr(&out), "{\"error\":\"not JSON\",\"raw\":\"{\xef\xbf\xbd\"}");
    sbuf_done(&out);
}
END_TEST

START_TEST(fields_keep_their_type)
{
    record_init(&r, FORMAT_NGINX_ERROR, SLICE(""));
    record_add(&r, SLICE("pid"), SLICE("7"), FIELD_NUMBER);
    record_add(&r, SLICE("big"), SLICE("123456789012345678901"), FIELD_NUMBER);
    record_add(&r, SLICE("half"), SLICE("-0.50"), FIELD_NUMBER);
    record_add(&r, SLICE("on"), SLICE("true"), FIELD_BOOL);
    record_add(&r, SLICE("list"), SLICE("[1,2]"), FIELD_JSON);
    record_add(&r, SLICE("empty"), SLICE(""), FIELD_STRING);
    record_add(&r, SLICE(""), SLICE("nameless"), FIELD_STRING);
    record_add(&r, SLICE("pid"), SLICE("8"), FIELD_NUMBER);
    record_add(&r, SLICE("connection"), SLICE("12"), FIELD_NUMBER);
    r.trace_id = SLICE("77");
    ck_json("{\"format\":\"nginx-error\",\"trace_id\":\"77\",\"fields\":{\"pid\":7,\"big\":"
            "\"123456789012345678901\","
            "\"half\":-0.50,\"on\":true,\"list\":\"[1,2]\",\"empty\":\"\",\"connection\":12},"
            "\"keys\":[\"trace:77\",\"conn:7*12\"]}");
}
END_TEST

START_TEST(too_many_fields)
{
    static char names[RECORD_FIELDS_MAX + 1][8];
    record_init(&r, FORMAT_JSON, SLICE(""));
    for (int i = 0; i <= RECORD_FIELDS_MAX; i++) {
        ck_assert(!r.fields_lost);
        snprintf(names[i], sizeof names[i], "f%d", i);
        record_add(&r, slice_str(names[i]), SLICE("x"), FIELD_STRING);
    }
    ck_assert(r.fields_lost);
    ck_assert_uint_eq(r.n_fields, RECORD_FIELDS_MAX);
    ck_assert(record_field(&r, SLICE("f127")) && !record_field(&r, SLICE("f128")));
}
END_TEST

static void ck_derived(const char *field, const char *value, const char *name, const char *want)
{
    record_init(&r, FORMAT_NGINX_ERROR, SLICE(""));
    record_add(&r, slice_str(field), slice_str(value), FIELD_STRING);
    struct slice got = record_get(&r, slice_str(name));
    ck_assert_msg(slice_is(got, want), "%s of %s '%s': got '%.*s', want '%s'", name, field, value, SLICE_ARG(got),
                  want);
}

START_TEST(derived_members)
{
    ck_derived("upstream", "http://127.0.0.1:9000/c?d", "upstream.host", "127.0.0.1:9000");
    ck_derived("upstream", "fastcgi://127.0.0.1:9000", "upstream.host", "127.0.0.1:9000");
    ck_derived("upstream", "http://[::1]:9000/", "upstream.host", "[::1]:9000");
    ck_derived("upstream", "fastcgi://unix:/run/php.sock:", "upstream.host", "unix:/run/php.sock");
    ck_derived("upstream", "http://unix:/run/app.sock:/x:y", "upstream.host", "unix:/run/app.sock");
    ck_derived("upstream", "http://dead/dead", "upstream.host", "dead");
    ck_derived("upstream", "10.0.0.1:5432", "upstream.host", "10.0.0.1:5432");
    ck_derived("upstream", "", "upstream.host", "");
    ck_derived("upstream_addr", "10.0.0.1:80, 10.0.0.2:80 : 10.0.0.3:80", "upstream.host", "10.0.0.3:80");
    ck_derived("upstream_addr", "-", "upstream.host", "");
    ck_derived("request", "GET /cart/a?b=/c HTTP/1.1", "request.method", "GET");
    ck_derived("request", "GET /cart/a?b=/c HTTP/1.1", "request.path", "/cart/a");
    ck_derived("request", "GET http://a.test/cart?x HTTP/1.1", "request.path", "/cart");
    ck_derived("request", "GET http://a.test HTTP/1.1", "request.path", "/");
    ck_derived("request", "GET /login?to=http://a.test/ HTTP/1.1", "request.path", "/login");
    ck_derived("request", "GET /a b HTTP/1.1", "request.path", "/a b");
    ck_derived("request", "GET /ha", "request.path", "/ha");
    ck_derived("request", "\x16\x03\x01", "request.method", "");
    ck_derived("request",
               "FOO\x01"
               "BAR / HTTP/1.1",
               "request.method", "");
    ck_derived("request", "-", "request.path", "");
    ck_derived("request_method", "POST", "request.method", "POST");
    ck_derived("uri", "/index.php", "request.path", "/index.php");
    ck_derived("host", "shop.test", "host", "shop.test");
    ck_derived("x", "y", "nothing", "");
}
END_TEST

START_TEST(members_by_name)
{
    record_init(&r, FORMAT_GELF, SLICE(""));
    r.message = SLICE("m");
    r.host = SLICE("h");
    r.level = LEVEL_FATAL;
    record_add(&r, SLICE("message"), SLICE("field"), FIELD_STRING);
    ck_slice(record_get(&r, SLICE("message")), "m");
    ck_slice(record_get(&r, SLICE("host")), "h");
    ck_slice(record_get(&r, SLICE("level")), "fatal");
    ck_slice(record_get(&r, SLICE("format")), "gelf");
    ck_assert_ptr_null(record_get(&r, SLICE("app")).p);
    ck_assert_ptr_null(record_value(&r, "k").p);
}
END_TEST

START_TEST(names)
{
    for (unsigned f = 0; f < FORMAT_N; f++)
        ck_assert_int_eq(format_by_name(slice_str(format_name((enum format)f))), f);
    ck_assert_int_eq(format_by_name(SLICE("nginx")), FORMAT_N);
    ck_assert_int_eq(level_by_name(SLICE("warning")), LEVEL_WARNING);
    ck_assert_int_eq(level_by_name(SLICE("warn")), LEVEL_NONE);
    ck_assert_int_eq(level_by_name(SLICE("")), LEVEL_NONE);
    static const struct {
        const char *word;
        enum level level;
    } words[] = {{"EMERG", LEVEL_FATAL},
                 {"alert", LEVEL_FATAL},
                 {"Critical", LEVEL_FATAL},
                 {"err", LEVEL_ERROR},
                 {"SEVERE", LEVEL_ERROR},
                 {"Warn", LEVEL_WARNING},
                 {"w", LEVEL_WARNING},
                 {"wrn", LEVEL_WARNING},
                 {"notice", LEVEL_INFO},
                 {"information", LEVEL_INFO},
                 {"informational", LEVEL_INFO},
                 {"trace", LEVEL_DEBUG},
                 {"FINEST", LEVEL_DEBUG},
                 {"verbose", LEVEL_DEBUG},
                 {"E", LEVEL_ERROR},
                 {"", LEVEL_NONE},
                 {"errors", LEVEL_NONE},
                 {"informationally12345", LEVEL_NONE}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        ck_assert_msg(level_from_word(slice_str(words[i].word)) == words[i].level, "%s", words[i].word);
    ck_assert_int_eq(level_from_word(SLICE("err\0")), LEVEL_NONE);
    static const enum level by_severity[] = {LEVEL_NONE,    LEVEL_FATAL, LEVEL_FATAL, LEVEL_FATAL, LEVEL_ERROR,
                                             LEVEL_WARNING, LEVEL_INFO,  LEVEL_INFO,  LEVEL_DEBUG, LEVEL_NONE};
    for (int s = -1; s <= 8; s++)
        ck_assert_int_eq(level_from_severity(s), by_severity[s + 1]);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("record");
    TCase *t = tcase_create("record");
    tcase_add_test(t, members_in_their_order);
    tcase_add_test(t, fields_keep_their_type);
    tcase_add_test(t, too_many_fields);
    tcase_add_test(t, derived_members);
    tcase_add_test(t, members_by_name);
    tcase_add_test(t, names);
    suite_add_tcase(s, t);
    return unit_run(s);
}
