#include "tests/unit/unit.h"

#include <stdio.h>

#include "parsers/parser.h"
#include "text/json.h"

static struct record r;
static struct arena arena;

static void parse(struct slice raw, const char *log_format)
{
    arena_reset(&arena);
    struct parse_ctx ctx = {.arena = &arena, .last_us = RECORD_NO_TIME, .log_format = slice_str(log_format)};
    record_init(&r, FORMAT_NGINX_ACCESS, raw);
    ck_assert(parser_parse(FORMAT_NGINX_ACCESS, &ctx, &r));
}

static void ck_line(const char *raw, const char *log_format, const char *want)
{
    parse(slice_str(raw), log_format);
    struct sbuf got;
    sbuf_init(&got, 1 << 16);
    record_json(&r, &got);
    ck_assert_str_eq(sbuf_cstr(&got), want);
    sbuf_done(&got);
}

#define FRONT "203.0.113.9 - - [23/Nov/2026:10:00:00 +0000] "
#define FORMAT_OF(level) "{\"format\":\"nginx-access\",\"time\":1795428000.000000,\"level\":\"" level "\",\"message\":"
#define CLIENT "\"fields\":{\"client\":\"203.0.113.9\","

START_TEST(combined)
{
    ck_line("203.0.113.9 - alice [23/Nov/2026:11:00:00 +0100] \"GET /cart?a=b HTTP/1.1\" 502 157 "
            "\"https://shop.test/\" \"Mozilla/5.0 (X11)\"",
            "",
            FORMAT_OF("warning") "\"GET /cart?a=b HTTP/1.1 -> 502\"," CLIENT
                                 "\"user\":\"alice\",\"request\":\"GET /cart?a=b "
                                 "HTTP/1.1\",\"status\":502,\"bytes\":157,"
                                 "\"referrer\":\"https://shop.test/\",\"agent\":\"Mozilla/5.0 (X11)\"}}");
    ck_slice(record_get(&r, SLICE("request.path")), "/cart");
    ck_line(FRONT "\"GET / HTTP/1.1\" 404 6", "",
            FORMAT_OF("info") "\"GET / HTTP/1.1 -> 404\"," CLIENT
                              "\"request\":\"GET / HTTP/1.1\",\"status\":404,\"bytes\":6}}");
    ck_line(FRONT "\"GET / HTTP/1.1\" 200 6 \"-\" \"x\" \"10.0.0.1, 10.0.0.2\"", "",
            FORMAT_OF("info") "\"GET / HTTP/1.1 -> 200\"," CLIENT
                              "\"request\":\"GET / HTTP/1.1\",\"status\":200,\"bytes\":6,"
                              "\"agent\":\"x\",\"http_x_forwarded_for\":\"10.0.0.1, 10.0.0.2\"}}");
    ck_line(FRONT "\"GET / HTTP/1.1\" 200 6 \"-\" \"x\" rt=0.5", "",
            FORMAT_OF("info") "\"GET / HTTP/1.1 -> 200\"," CLIENT
                              "\"request\":\"GET / HTTP/1.1\",\"status\":200,\"bytes\":6,"
                              "\"agent\":\"x\",\"request_time\":0.5}}");
    /* What people add behind it; none of it is contrib's process and connection. */
    ck_line(FRONT "\"GET / HTTP/1.1\" 502 6 \"-\" \"-\" rt=0.5 uct=\"-\" urt=\"0.1, 0.2\" mine=x", "",
            FORMAT_OF("warning") "\"GET / HTTP/1.1 -> 502\"," CLIENT
                                 "\"request\":\"GET / HTTP/1.1\",\"status\":502,\"bytes\":6,\"request_time\":"
                                 "0.5,\"upstream_response_time\":\"0.1, 0.2\",\"mine\":\"x\"}}");
    ck_line(FRONT "\"GET / HTTP/1.1\" 200 6 \"-\" \"-\" 95 0.001 [shop] 10.1.0.2:80", "",
            FORMAT_OF("info") "\"GET / HTTP/1.1 -> 200\"," CLIENT
                              "\"request\":\"GET / HTTP/1.1\",\"status\":200,\"bytes\":6}}");
    ck_line("shop.test:443 " FRONT "\"GET / HTTP/1.1\" 200 6 \"-\" \"-\"", "",
            FORMAT_OF("info") "\"GET / HTTP/1.1 -> 200\"," CLIENT
                              "\"request\":\"GET / HTTP/1.1\",\"status\":200,\"server\":\"shop.test:443\","
                              "\"bytes\":6}}");
    parse(SLICE("10.0.0.1, 10.0.0.2 - - [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 6 \"-\" \"-\""), "");
    ck_slice(record_value(&r, "client"), "10.0.0.1, 10.0.0.2");
    /* escape=none */
    parse(SLICE(FRONT "\"GET /\"a\" HTTP/1.1\" 400 6 \"-\" \"-\""), "");
    ck_slice(r.message, "GET /\"a\" HTTP/1.1 -> 400");
}
END_TEST

START_TEST(contrib)
{
    ck_line(FRONT "\"GET / HTTP/1.1\" 200 6 \"-\" \"x\" 4711 12 5aee9f614e285353ed54e41455fb3e4b 1795427999.123", "",
            "{\"format\":\"nginx-access\",\"time\":1795427999.123000,\"level\":\"info\",\"message\":\"GET / "
            "HTTP/1.1 -> 200\","
            "\"request_id\":\"5aee9f614e285353ed54e41455fb3e4b\"," CLIENT "\"request\":\"GET / "
            "HTTP/1.1\",\"status\":200,\"bytes\":6,\"agent\":\"x\",\"pid\":4711,\"connection\":12,"
            "\"request_id\":\"5aee9f614e285353ed54e41455fb3e4b\"},"
            "\"keys\":[\"req:5aee9f614e285353ed54e41455fb3e4b\",\"conn:4711*12\"]}");
}
END_TEST

START_TEST(oddities)
{
    static const struct {
        const char *request, *status, *message, *number;
    } rows[] = {
        {"GET /ssh HTTP/1.1", "009", "GET /ssh HTTP/1.1 -> 009", "9"},
        {"-", "000", "no request -> 000", "0"},
        {"", "400", "no request -> 400", "400"},
        {"GET / HTTP/1.1", "499", "GET / HTTP/1.1 -> 499", "499"},
        {"GET /\\xD0\\xBF\\x22 HTTP/1.1", "500", "GET /\xd0\xbf\" HTTP/1.1 -> 500", "500"},
        {"GET /\\\"a\\\\ HTTP/1.1", "200", "GET /\"a\\ HTTP/1.1 -> 200", "200"},
        {"\\x16\\x03\\x01", "400", "\x16\x03\x01 -> 400", "400"},
        {"a\\xZZ\\", "200", NULL, NULL}, /* the closing quote is escaped */
        {"a\\xZZ", "200", "a\\xZZ -> 200", "200"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[300];
        snprintf(line, sizeof line, FRONT "\"%s\" %s 0 \"-\" \"-\"", rows[i].request, rows[i].status);
        parse(slice_str(line), "");
        if (!rows[i].message) {
            ck_slice(r.message, line);
            ck_assert_int_eq(r.level, LEVEL_NONE);
            continue;
        }
        ck_slice(r.message, rows[i].message);
        ck_slice(record_value(&r, "status"), rows[i].number);
        ck_assert_int_eq(r.level, rows[i].status[0] == '5' ? LEVEL_WARNING : LEVEL_INFO);
    }
}
END_TEST

START_TEST(json_lines)
{
    ck_line("{\"time_local\":\"23/Nov/2026:02:26:06 "
            "+0000\",\"time_iso8601\":\"2026-11-23T10:00:00+00:00\",\"remote_addr\":"
            "\"203.0.113.9\",\"request\":\"GET /x "
            "HTTP/1.1\",\"status\":\"502\",\"body_bytes_sent\":157,\"http_user_agent\":\"\","
            "\"request_id\":\"5aee\",\"upstream_addr\":\"10.0.0.1:1, 10.0.0.2:2\",\"upstream_status\":\"502, "
            "200\","
            "\"upstream_response_time\":\"0.1\",\"pid\":7,\"connection\":3,\"deep\":{\"pid\":[8]},\"tls\":"
            "true,\"mine\":1.5}",
            "",
            "{\"format\":\"nginx-access\",\"time\":1795428000.000000,\"level\":\"warning\",\"message\":\"GET "
            "/x HTTP/1.1 -> 502\","
            "\"request_id\":\"5aee\",\"fields\":{\"client\":\"203.0.113.9\",\"request\":\"GET /x "
            "HTTP/1.1\",\"status\":502,"
            "\"bytes\":157,\"request_id\":\"5aee\",\"upstream_addr\":\"10.0.0.1:1, "
            "10.0.0.2:2\",\"upstream_status\":\"502, 200\","
            "\"upstream_response_time\":0.1,\"pid\":7,\"connection\":3,\"tls\":true,\"mine\":1.5},"
            "\"keys\":[\"req:5aee\",\"conn:7*3\"]}");
    ck_slice(record_get(&r, SLICE("upstream.host")), "10.0.0.2:2");
    ck_line("{\"client_ip\":\"203.0.113.9\",\"method\":\"POST\",\"uri\":\"/index.php\",\"request_uri\":\"/"
            "a?b\",\"status\":200,"
            "\"http_traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\",\"ts\":1795428000}",
            "",
            FORMAT_OF("info") "\"POST /a?b -> 200\",\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\","
                              "\"span_id\":\"b7ad6b7169203331\",\"fields\":{\"client\":\"203.0.113.9\",\"request_"
                              "method\":\"POST\","
                              "\"uri\":\"/index.php\",\"request_uri\":\"/"
                              "a?b\",\"status\":200},\"keys\":[\"trace:0af7651916cd43dd8448eb211c80319c\"]}");
}
END_TEST

START_TEST(custom_formats)
{
    ck_line("203.0.113.9|GET /x|502|0.12|-|a\\x22b", "$remote_addr|$request|${status}|$request_time|$remote_user|$foo",
            "{\"format\":\"nginx-access\",\"level\":\"warning\",\"message\":\"GET /x -> 502\"," CLIENT
            "\"request\":\"GET /x\",\"status\":502,\"request_time\":0.12,\"foo\":\"a\\\"b\"}}");
    ck_line("<2026-11-23T10:00:00+00:00> 200 /x", "<$time_iso8601> $status $uri",
            FORMAT_OF("info") "\"/x -> 200\",\"fields\":{\"status\":200,\"uri\":\"/x\"}}");
    /* A number that was not set breaks the JSON, not the format. */
    ck_line("{\"a\":\"203.0.113.9\",\"urt\":,\"status\":200,\"r\":\"a\\\"b\"}",
            "{\"a\":\"$remote_addr\",\"urt\":$upstream_response_time,\"status\":$status,\"r\":\"$request\"}",
            "{\"format\":\"nginx-access\",\"level\":\"info\",\"message\":\"a\\\"b -> 200\"," CLIENT
            "\"status\":200,\"request\":\"a\\\"b\"}}");
    ck_line("x 200", "$status",
            "{\"format\":\"nginx-access\",\"level\":\"info\",\"message\":\"no request -> x "
            "200\",\"fields\":{\"status\":\"x 200\"}}");
    ck_line("x 200", "y $status", "{\"format\":\"nginx-access\",\"message\":\"x 200\"}");
    ck_line("x 200", "$", "{\"format\":\"nginx-access\",\"message\":\"x 200\"}");
    ck_line("x 200", "${status",
            "{\"format\":\"nginx-access\",\"level\":\"info\",\"message\":\"no request -> x "
            "200\",\"fields\":{\"status\":\"x 200\"}}");
}
END_TEST

static void ck_values(const char *raw, const char *log_format, const char *const *name_value)
{
    parse(slice_str(raw), log_format);
    for (; *name_value; name_value += 2)
        ck_slice(record_value(&r, name_value[0]), name_value[1]);
}

#define VALUES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A request that was tried on several servers has a list for each of nginx's $upstream_…; what stands behind them is
   what a user looks for. */
START_TEST(lists_shift_nothing)
{
    static const char tail[] = "$upstream_addr $upstream_response_time $upstream_status $request_id";
    ck_values("10.0.0.1:80, 10.0.0.2:80 0.001, 0.200 502, 200 abc", tail,
              VALUES("upstream_addr", "10.0.0.1:80, 10.0.0.2:80", "upstream_response_time", "0.001, 0.200",
                     "upstream_status", "502, 200", "request_id", "abc"));
    ck_slice(record_get(&r, SLICE("upstream.host")), "10.0.0.2:80");
    ck_values("unix:/run/a, unix:/run/b : [::1]:81 -, 0.1 : - -, 502 : 200 abc", tail,
              VALUES("upstream_addr", "unix:/run/a, unix:/run/b : [::1]:81", "upstream_response_time", "-, 0.1 : -",
                     "upstream_status", "-, 502 : 200", "request_id", "abc"));
    ck_values("- - - abc", tail, VALUES("upstream_addr", "", "upstream_status", "", "request_id", "abc"));
    ck_values("a:1, b:2,0.1, 0.2,502, 200,abc", "$upstream_addr,$upstream_response_time,$upstream_status,$request_id",
              VALUES("upstream_addr", "a:1, b:2", "upstream_status", "502, 200", "request_id", "abc"));
    ck_values("a:1, b:2, 0.1, 0.2, 502, 200, abc",
              "$upstream_addr, $upstream_response_time, $upstream_status, $request_id",
              VALUES("upstream_addr", "a:1, b:2", "upstream_response_time", "0.1, 0.2", "upstream_status", "502, 200",
                     "request_id", "abc"));
    ck_values("a:1|0.1|502|abc", "$upstream_addr|$upstream_response_time|$upstream_status|$request_id",
              VALUES("upstream_addr", "a:1", "upstream_response_time", "0.1", "request_id", "abc"));
    ck_values("\"a:1, b:2\" \"502, 200\" abc", "\"$upstream_addr\" \"$upstream_status\" $request_id",
              VALUES("upstream_addr", "a:1, b:2", "upstream_status", "502, 200", "request_id", "abc"));
    /* What a server says in a header is no list. */
    ck_values("a, b 502 x", "$upstream_http_x $upstream_status $foo", VALUES("upstream_http_x", "a,"));
    ck_values(FRONT "\"GET / HTTP/1.1\" 502 6 \"-\" \"-\" rt=0.5 urt=0.1, 0.2 : - upstream_addr=a:1, b:2 id=x", "",
              VALUES("request_time", "0.5", "upstream_response_time", "0.1, 0.2 : -", "upstream_addr", "a:1, b:2", "id",
                     "x"));
}
END_TEST

START_TEST(ingress)
{
    ck_values(FRONT "\"GET / HTTP/1.1\" 502 6 \"-\" \"-\" 348 0.201 [shop-web-80] [] 10.0.0.1:80, 10.0.0.2:80 0, 6 "
                    "0.100, 0.101 502, 502 0123456789abcdef0123456789abcdef",
              "",
              VALUES("request_length", "348", "proxy_upstream_name", "shop-web-80", "upstream_addr",
                     "10.0.0.1:80, 10.0.0.2:80", "upstream_status", "502, 502", "request_id",
                     "0123456789abcdef0123456789abcdef"));
    ck_slice(r.request_id, "0123456789abcdef0123456789abcdef");
}
END_TEST

/* A value that people wrote no quotes for. */
START_TEST(json_without_quotes)
{
    static const char *const values[][2] = {
        {"", ""}, {" 0.1 ", "0.1"}, {"0.100, 0.200", "0.100, 0.200"}, {"-", ""}, {"0.1 : 0.2", "0.1 : 0.2"}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char line[300];
        snprintf(line, sizeof line,
                 "{\"remote_addr\":\"1.2.3.4\",\"urt\":%s,\"request\":\"GET /:,} HTTP/1.1\",\"status\":502,\"uht\":%s}",
                 values[i][0], values[i][0]);
        ck_values(line, "",
                  VALUES("client", "1.2.3.4", "upstream_response_time", values[i][1], "request", "GET /:,} HTTP/1.1",
                         "status", "502", "upstream_header_time", values[i][1]));
    }
}
END_TEST

START_TEST(what_is_no_access_line)
{
    static const char *const lines[] = {"",
                                        "{",
                                        "{}",
                                        "plain text",
                                        "{\"remote_addr\":\"1.2.3.4\",\"urt\":,\"status\":200",
                                        "a - b [c] \"d\" e f",
                                        "{\"level\":\"error\"}"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        parse(slice_str(lines[i]), "");
        ck_slice(r.message, lines[i]);
        ck_assert_int_eq(r.level, LEVEL_NONE);
    }
    ck_assert_int_eq(parser_detect(SLICE(FRONT "\"GET / HTTP/1.1\" 200 6")), FORMAT_NGINX_ACCESS);
    ck_assert_int_eq(parser_detect(SLICE("{\"remote_addr\":\"a\",\"status\":200}")), FORMAT_NGINX_ACCESS);
    ck_assert_int_ne(parser_detect(SLICE("{\"remote_addr\":\"a\",\"status\":200,\"level\":30}")), FORMAT_NGINX_ACCESS);
    ck_assert_int_eq(parser_detect(SLICE("plain")), FORMAT_TEXT);
}
END_TEST

/* What the line is taken for, behind one of the same second or (NULL) as the first. */
static enum format format_behind(const char *before, struct slice line)
{
    struct parser_seen seen = {0};
    struct stamp_memo memo = {0};
    struct parse_ctx ctx = {.arena = &arena, .last_us = RECORD_NO_TIME, .memo = &memo};
    if (before) {
        record_init(&r, FORMAT_AUTO, slice_str(before));
        ck_assert(parser_begin_next(&seen, &ctx, &r));
        ck_assert_int_eq(seen.last, FORMAT_NGINX_ACCESS);
    }
    record_init(&r, FORMAT_AUTO, line);
    parser_begin_next(&seen, &ctx, &r);
    return seen.last;
}

/* The line behind one of its kind is told by a shorter look: with any byte of it changed to any of these it is still
 * what the whole look says. */
START_TEST(behind_one_of_its_kind)
{
    static const char *const lines[] = {FRONT "\"GET / HTTP/1.1\" 200 6 \"-\" \"curl/8\"",
                                        "198.51.100.77 - ada [23/Nov/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 502 6",
                                        "8.8.8.8 - - [23/Nov/2026:10:00:00 +0000] \"-\" 408 0"};
    static const char bytes[] = " -.[]\":/<{}0x\t\n\0";
    char text[128];
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        size_t n = strlen(lines[i]);
        for (size_t at = 0; at < n; at++)
            for (size_t b = 0; b < sizeof bytes; b++) {
                memcpy(text, lines[i], n);
                text[at] = bytes[b];
                struct slice line = slice_of(text, n);
                ck_assert_int_eq(format_behind(lines[0], line), format_behind(NULL, line));
                line = slice_of(text, at + 1); /* and cut there */
                ck_assert_int_eq(format_behind(lines[0], line), format_behind(NULL, line));
                arena_reset(&arena);
            }
    }
}
END_TEST

static void teardown(void)
{
    arena_done(&arena);
}

int main(void)
{
    Suite *s = suite_create("access");
    TCase *t = tcase_create("access");
    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_add_test(t, combined);
    tcase_add_test(t, contrib);
    tcase_add_test(t, oddities);
    tcase_add_test(t, json_lines);
    tcase_add_test(t, custom_formats);
    tcase_add_test(t, lists_shift_nothing);
    tcase_add_test(t, ingress);
    tcase_add_test(t, json_without_quotes);
    tcase_add_test(t, what_is_no_access_line);
    tcase_add_test(t, behind_one_of_its_kind);
    suite_add_tcase(s, t);
    return unit_run(s);
}
