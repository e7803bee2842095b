#include "tests/unit/unit.h"

#include <stdio.h>

#include "parsers/parser.h"
#include "text/json.h"

static struct record r;
static struct arena arena;

static void parse(struct slice raw)
{
    arena_reset(&arena);
    struct parse_ctx ctx = {.arena = &arena, .last_us = RECORD_NO_TIME};
    record_init(&r, FORMAT_NGINX_ERROR, raw);
    ck_assert(parser_parse(FORMAT_NGINX_ERROR, &ctx, &r));
}

/* Message and fields of an entry; `want` is "name=value|name=value", every field in its order. */
static void ck_entry(const char *raw, const char *message, const char *want)
{
    parse(slice_str(raw));
    ck_slice(r.message, message);
    struct sbuf got;
    sbuf_init(&got, 1 << 16);
    for (unsigned i = 0; i < r.n_fields; i++) {
        if (i)
            sbuf_addc(&got, '|');
        sbuf_adds(&got, r.fields[i].name);
        sbuf_addc(&got, '=');
        sbuf_adds(&got, r.fields[i].value);
    }
    ck_assert_str_eq(sbuf_cstr(&got), want);
    sbuf_done(&got);
}

#define HEAD "2026/11/23 10:00:00 [error] 7#8: "
#define TAIL ", client: 203.0.113.9, server: shop, request: \"GET /c HTTP/1.1\", host: \"shop.test\""
#define TAIL_FIELDS "client=203.0.113.9|server=shop|request=GET /c HTTP/1.1|host=shop.test"

START_TEST(a_whole_entry)
{
    ck_entry(HEAD "*12 connect() failed (111: Connection refused) while connecting to upstream, client: 203.0.113.9, "
                  "server: shop, request: \"GET /c HTTP/1.1\", subrequest: \"/auth\", upstream: "
                  "\"http://127.0.0.1:9000/c\", "
                  "host: \"shop.test\", referrer: \"https://shop.test/\"",
             "connect() failed (111: Connection refused) while connecting to upstream",
             "pid=7|tid=8|connection=12|phase=connecting to upstream|errno=111|errstr=Connection refused|"
             "client=203.0.113.9|server=shop|request=GET /c "
             "HTTP/1.1|subrequest=/auth|upstream=http://127.0.0.1:9000/c|"
             "host=shop.test|referrer=https://shop.test/");
    ck_assert_int_eq(r.time_us, INT64_C(1795428000) * STAMP_SECOND);
    ck_assert_int_eq(r.level, LEVEL_ERROR);
    ck_assert_int_eq(r.severity, 3);
    ck_assert(!r.truncated);
    ck_assert_uint_eq(r.lines, 1);
    ck_slice(record_get(&r, SLICE("upstream.host")), "127.0.0.1:9000");
}
END_TEST

START_TEST(levels)
{
    static const char *const names[] = {"emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"};
    for (int i = 0; i < 8; i++) {
        char line[100];
        snprintf(line, sizeof line, "2026/11/23 10:00:00 [%s] 7#7: x", names[i]);
        parse(slice_str(line));
        ck_assert_int_eq(r.severity, i);
        ck_assert_int_eq(r.level, level_from_severity(i));
        ck_slice(r.message, "x");
    }
}
END_TEST

START_TEST(entries_without_connection)
{
    ck_entry("2026/11/23 10:00:00 [notice] 7#7: signal 17 (SIGCHLD) received from 9",
             "signal 17 (SIGCHLD) received from 9", "pid=7|tid=7");
    ck_entry("2026/11/23 10:00:00 [crit] 7#7: accept4() failed (24: Too many open files)",
             "accept4() failed (24: Too many open files)", "pid=7|tid=7|errno=24|errstr=Too many open files");
    ck_entry("2026/11/23 10:00:00 [alert] 7#7: *3 open socket #12 left in connection 4",
             "*3 open socket #12 left in connection 4", "pid=7|tid=7");
    ck_entry("2026/11/23 10:00:00 [debug] 7#7: *3 event timer del: 5: 1742446", "event timer del: 5: 1742446",
             "pid=7|tid=7|connection=3");
    ck_entry("2026/11/23 10:00:00 [emerg] 7#7: open() \"/a/b\" failed (2: No such file or directory) in "
             "/etc/n.conf:5",
             "open() \"/a/b\" failed (2: No such file or directory) in /etc/n.conf:5", "pid=7|tid=7");
    ck_entry("2026/11/23 10:00:00 [emerg] 7#7: cannot load certificate \"/c.pem\": BIO_new_file() failed (SSL: "
             "error:80000002:lib::No such file:calling fopen(/c.pem, r) error:10000080:BIO routines::no such "
             "file)",
             "cannot load certificate \"/c.pem\": BIO_new_file() failed (SSL: error:80000002:lib::No such "
             "file:calling "
             "fopen(/c.pem, r) error:10000080:BIO routines::no such file)",
             "pid=7|tid=7|ssl=error:80000002:lib::No such file:calling fopen(/c.pem, r) error:10000080:BIO "
             "routines::no such file");
    ck_entry(HEAD, "", "pid=7|tid=8");
}
END_TEST

START_TEST(errno_and_phase)
{
    ck_entry(HEAD "*1 SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL "
                  "handshaking to upstream" TAIL,
             "SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL "
             "handshaking "
             "to upstream",
             "pid=7|tid=8|connection=1|phase=SSL handshaking to upstream|ssl=error:0A00010B:SSL routines::wrong "
             "version "
             "number|" TAIL_FIELDS);
    ck_entry(HEAD "*1 peer closed (SSL: error:1) (104: Connection reset by peer) while SSL handshaking" TAIL,
             "peer closed (SSL: error:1) (104: Connection reset by peer) while SSL handshaking",
             "pid=7|tid=8|connection=1|phase=SSL handshaking|errno=104|errstr=Connection reset by "
             "peer|ssl=error:1|" TAIL_FIELDS);
    ck_entry(HEAD "*1 rewrite or internal redirection cycle while processing \"/a\"" TAIL,
             "rewrite or internal redirection cycle while processing \"/a\"", "pid=7|tid=8|connection=1|" TAIL_FIELDS);
    ck_entry(HEAD "*1 rewrite or internal redirection cycle while processing \"/a\" while sending to client" TAIL,
             "rewrite or internal redirection cycle while processing \"/a\" while sending to client",
             "pid=7|tid=8|connection=1|phase=sending to client|" TAIL_FIELDS);
    ck_entry(HEAD "*1 upstream SSL certificate verify error: (21:unable to verify) while SSL handshaking to "
                  "upstream" TAIL,
             "upstream SSL certificate verify error: (21:unable to verify) while SSL handshaking to upstream",
             "pid=7|tid=8|connection=1|phase=SSL handshaking to upstream|" TAIL_FIELDS);
    ck_entry(HEAD "*1 limiting requests, excess: 5.930 by zone \"one\"" TAIL,
             "limiting requests, excess: 5.930 by zone \"one\"", "pid=7|tid=8|connection=1|" TAIL_FIELDS);
    ck_entry(HEAD "*1 client sent x while processing HTTP/2 connection, client: 2001:db8::1, server: 0.0.0.0:443",
             "client sent x while processing HTTP/2 connection",
             "pid=7|tid=8|connection=1|phase=processing HTTP/2 connection|client=2001:db8::1|server=0.0.0.0:443");
    /* Odd ends of a message that are none of it. */
    static const char *const plain[] = {"x (2: )", "x (: y)",  "x (2:y)", "(2: y)",  "x 2: y)",   "x)",
                                        ")",       "x while ", " whil y", "while y", "x (SSL: y", "x (2 : y)"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        char line[100];
        snprintf(line, sizeof line, HEAD "%s", plain[i]);
        ck_entry(line, plain[i], "pid=7|tid=8");
    }
}
END_TEST

START_TEST(parts_that_are_missing)
{
    ck_entry(HEAD "*1 x, client: 127.0.0.1, server: , request: \"GET / HT\", host: \"\"", "x",
             "pid=7|tid=8|connection=1|client=127.0.0.1|server=|request=GET / HT|host=");
    ck_entry(HEAD "*1 x, client: unix:, server: _", "x", "pid=7|tid=8|connection=1|client=unix:|server=_");
    ck_entry(HEAD "*1 x, client: ::1, server: ~^(www|a{1,2})\\.x$, host: \"h\"", "x",
             "pid=7|tid=8|connection=1|client=::1|server=~^(www|a{1,2})\\.x$|host=h");
    ck_entry(HEAD "*1 x, client: 127.0.0.1, server: a, upstream: \"fastcgi://unix:/run/x.sock:\"", "x",
             "pid=7|tid=8|connection=1|client=127.0.0.1|server=a|upstream=fastcgi://unix:/run/x.sock:");
    /* What only looks like a context. */
    ck_entry(HEAD "*1 x, client: 127.0.0.1", "x, client: 127.0.0.1", "pid=7|tid=8|connection=1");
    ck_entry(HEAD "*1 x, client: localhost, server: a", "x, client: localhost, server: a", "pid=7|tid=8|connection=1");
    ck_entry(HEAD "*1 x, client: 127.0.0.1, server: a, request: \"GET / HTTP/1.1\", host: \"b",
             "x, client: 127.0.0.1, server: a, request: \"GET / HTTP/1.1\", host: \"b", "pid=7|tid=8|connection=1");
    ck_entry(HEAD "*1 x, client: 127.0.0.1, server: a, host: \"b\", request: \"GET / HTTP/1.1\"", "x",
             "pid=7|tid=8|connection=1|client=127.0.0.1|server=a|host=b\", request: \"GET / HTTP/1.1");
}
END_TEST

START_TEST(stream_mail_and_the_rest)
{
    ck_entry(HEAD "*1 upstream timed out (110: Connection timed out) while proxying connection, udp client: 10.0.0.1, "
                  "server: 0.0.0.0:53, upstream: \"10.0.0.2:53\", bytes from/to client:40/0, bytes from/to "
                  "upstream:0/40",
             "upstream timed out (110: Connection timed out) while proxying connection",
             "pid=7|tid=8|connection=1|phase=proxying connection|errno=110|errstr=Connection timed "
             "out|client=10.0.0.1|"
             "server=0.0.0.0:53|upstream=10.0.0.2:53|bytes_from_client=40|bytes_to_client=0|bytes_from_upstream=0|"
             "bytes_to_upstream=40|protocol=udp");
    ck_entry(HEAD "*1 no live upstreams while connecting to upstream, client: 10.0.0.1, server: 0.0.0.0:53, "
                  "bytes from/to client:0/0, bytes from/to upstream:0/0",
             "no live upstreams while connecting to upstream",
             "pid=7|tid=8|connection=1|phase=connecting to "
             "upstream|client=10.0.0.1|server=0.0.0.0:53|bytes_from_client=0|"
             "bytes_to_client=0|bytes_from_upstream=0|bytes_to_upstream=0");
    ck_entry(HEAD "*1 upstream sent invalid response: \"-ERR\" while reading response from upstream, client: "
                  "10.0.0.1 using "
                  "starttls, server: 0.0.0.0:110, login: \"a\"b\", upstream: 10.0.0.2:110",
             "upstream sent invalid response: \"-ERR\" while reading response from upstream",
             "pid=7|tid=8|connection=1|phase=reading response from "
             "upstream|client=10.0.0.1|server=0.0.0.0:110|login=a\"b|"
             "upstream=10.0.0.2:110");
    ck_entry(HEAD "recv() failed (111: Connection refused) while resolving, resolver: 127.0.0.1:53",
             "recv() failed (111: Connection refused) while resolving",
             "pid=7|tid=8|resolver=127.0.0.1:53|phase=resolving|errno=111|errstr=Connection refused");
    ck_entry(HEAD "OCSP responder timed out (110: Connection timed out) while requesting certificate status, "
                  "responder: "
                  "ocsp.test, peer: 10.0.0.3:80, certificate: \"/c.pem\"",
             "OCSP responder timed out (110: Connection timed out) while requesting certificate status",
             "pid=7|tid=8|responder=ocsp.test|phase=requesting certificate "
             "status|errno=110|errstr=Connection timed out");
    ck_entry(HEAD "send() failed (111: Connection refused) while logging to syslog, server: 127.0.0.1:514",
             "send() failed (111: Connection refused) while logging to syslog",
             "pid=7|tid=8|server=127.0.0.1:514|phase=logging to syslog|errno=111|errstr=Connection refused");
    ck_entry(HEAD "accept4() failed (103: Software caused connection abort) while accepting new connection on [::]:80",
             "accept4() failed (103: Software caused connection abort) while accepting new connection on [::]:80",
             "pid=7|tid=8|server=[::]:80|phase=accepting new connection|errno=103|errstr=Software caused "
             "connection "
             "abort");
}
END_TEST

START_TEST(forged_in_the_path)
{
    ck_entry(HEAD "*1 open() \"/w/x, client: 9.9.9.9, server: fake, request: \"GET /y\".html\" failed (2: No "
                  "such file or "
                  "directory)" TAIL,
             "open() \"/w/x, client: 9.9.9.9, server: fake, request: \"GET /y\".html\" failed (2: No such "
             "file or directory)",
             "pid=7|tid=8|connection=1|errno=2|errstr=No such file or directory|" TAIL_FIELDS);
    /* With a quote of its own, so that their number is even. */
    ck_entry(HEAD "*1 open() \"/w/x\", client: 9.9.9.9, server: fake, request: \"GET /y\" failed (2: No such file or "
                  "directory)" TAIL,
             "open() \"/w/x\", client: 9.9.9.9, server: fake, request: \"GET /y\" failed (2: No such file or "
             "directory)",
             "pid=7|tid=8|connection=1|errno=2|errstr=No such file or directory|" TAIL_FIELDS);
    ck_entry(HEAD "*1 open() \"/w/x\", client: 9.9.9.9, server: fake\" failed (2: No such file or directory)" TAIL,
             "open() \"/w/x\", client: 9.9.9.9, server: fake\" failed (2: No such file or directory)",
             "pid=7|tid=8|connection=1|errno=2|errstr=No such file or directory|" TAIL_FIELDS);
    ck_entry(HEAD "*1 open() \"/w/mis\"sing\" failed (2: No such file or directory)" TAIL,
             "open() \"/w/mis\"sing\" failed (2: No such file or directory)",
             "pid=7|tid=8|connection=1|errno=2|errstr=No such file or directory|" TAIL_FIELDS);
    /* A line feed in the path: the second line is an entry of its own, with the real context. */
    ck_entry("2026/11/23 02:00:00 [emerg] 1#1: *1 forged line, client: 6.6.6.6.html\" failed (2: No such "
             "file or directory)" TAIL,
             "forged line, client: 6.6.6.6.html\" failed (2: No such file or directory)",
             "pid=1|tid=1|connection=1|errno=2|errstr=No such file or directory|" TAIL_FIELDS);
}
END_TEST

START_TEST(forged_in_request_and_headers)
{
    ck_entry(HEAD "*1 client sent invalid request while reading client request line, client: 10.0.0.1, "
                  "server: s, request: "
                  "\"GET /m-, client: 9.9.9.9, server: fake, request: \"x\".html HTTP/1.0\"",
             "client sent invalid request while reading client request line",
             "pid=7|tid=8|connection=1|phase=reading client request "
             "line|client=10.0.0.1|server=s|request=GET /m-, client: "
             "9.9.9.9, server: fake, request: \"x\".html HTTP/1.0");
    ck_entry(HEAD "*1 client sent invalid request while reading client request line, client: 10.0.0.1, "
                  "server: s, request: "
                  "\"GET /a\"b, client: 9.9.9.9, server: fake, request: \"GET / HTTP/1.0\"",
             "client sent invalid request while reading client request line",
             "pid=7|tid=8|connection=1|phase=reading client request "
             "line|client=10.0.0.1|server=s|request=GET /a\"b, client: "
             "9.9.9.9, server: fake, request: \"GET / HTTP/1.0");
    ck_entry(HEAD "*1 x, client: 10.0.0.1, server: s, request: \"GET /\",_host:_\"evil HTTP/1.1\", host: \"good\"", "x",
             "pid=7|tid=8|connection=1|client=10.0.0.1|server=s|request=GET /\",_host:_\"evil HTTP/1.1|host=good");
    ck_entry(HEAD "*1 x, client: 10.0.0.1, server: s, request: \"GET /m HTTP/1.1\", host: \"good\", "
                  "referrer: \"http://r/\", "
                  "host: \"bad\", referrer: \"z\"",
             "x",
             "pid=7|tid=8|connection=1|client=10.0.0.1|server=s|request=GET /m "
             "HTTP/1.1|host=good|referrer=http://r/\", host: "
             "\"bad\", referrer: \"z");
    ck_entry(HEAD "*1 open() \"/w/m\" failed (2: No such file or directory), client: 10.0.0.1, server: s, request: "
                  "\"GET /m "
                  "HTTP/1.1\", host: \"good\", referrer: \"http://r/\", client: 9.9.9.9, server: fake, host: \"bad\"",
             "open() \"/w/m\" failed (2: No such file or directory)",
             "pid=7|tid=8|connection=1|errno=2|errstr=No such file or "
             "directory|client=10.0.0.1|server=s|request=GET /m "
             "HTTP/1.1|host=good|referrer=http://r/\", client: 9.9.9.9, server: fake, host: \"bad");
}
END_TEST

#define STDERR "FastCGI sent in stderr: \"PHP message: "
#define READING "\" while reading response header from upstream"
#define READING_FIELDS "pid=7|tid=8|connection=1|phase=reading response header from upstream|"

START_TEST(forged_in_stderr)
{
    static const char *const forged[] = {
        "evil, client: 1.1.1.1, server: x, request: \"GET / HTTP/1.1\", host: \"h\"",
        "evil\" while a, client: 1.1.1.1, server: x",
        "evil\" while a, client: 1.1.1.1, server: x, request: \"GET / HTTP/1.1\", host: \"h",
        "evil\" while a, client: 1.1.1.1, server: x, request: \"GET / HTTP/1.1",
        "evil\" while reading upstream, client: 1.1.1.1, server: x, request: \"GET / HTTP/1.1\", host: "
        "\"h\", "
        "referrer: \"r",
        "quotes \" \" \"",
    };
    static const char tail[] = ", client: 203.0.113.9, server: shop, request: \"GET /c HTTP/1.1\", "
                               "upstream: \"fastcgi://127.0.0.1:9000\", host: \"shop.test\"";
    static const char fields[] = READING_FIELDS "client=203.0.113.9|server=shop|request=GET /c HTTP/1.1|"
                                                "upstream=fastcgi://127.0.0.1:9000|host=shop.test";
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        char line[1000], message[500];
        snprintf(message, sizeof message, STDERR "%s" READING, forged[i]);
        snprintf(line, sizeof line, HEAD "*1 %s%s", message, tail);
        ck_entry(line, message, fields);
    }
}
END_TEST

/* ngx.log() of Lua writes no quotes around its words. */
START_TEST(forged_without_quotes)
{
    ck_entry(HEAD "*1 [lua] a.lua:1: hello\nworld, client: 1.2.3.4, server: q, client: 127.0.0.1, server: s, request: "
                  "\"GET / HTTP/1.1\", host: \"h\"",
             "[lua] a.lua:1: hello\nworld, client: 1.2.3.4, server: q",
             "pid=7|tid=8|connection=1|client=127.0.0.1|server=s|request=GET / HTTP/1.1|host=h");
}
END_TEST

START_TEST(entries_of_several_lines)
{
    ck_entry(HEAD "*1 " STDERR
                  "PHP Fatal error:  Uncaught E: a\nStack trace:\n#0 {main}\n  thrown in /a.php on line 3" READING TAIL,
             STDERR "PHP Fatal error:  Uncaught E: a\nStack trace:\n#0 {main}\n  thrown in /a.php on line 3" READING,
             READING_FIELDS TAIL_FIELDS);
    ck_assert_uint_eq(r.lines, 4);
    /* Lines of something else behind the entry belong to its message. */
    ck_entry(HEAD "*1 x while sending to client" TAIL "\nworker: assertion failed\n",
             "x while sending to client\nworker: assertion failed\n",
             "pid=7|tid=8|connection=1|phase=sending to client|" TAIL_FIELDS);
    ck_entry(HEAD "*1 a\nb" TAIL "\nc", "a\nb\nc", "pid=7|tid=8|connection=1|" TAIL_FIELDS);
    ck_entry("  thrown in /a.php on line 3", "  thrown in /a.php on line 3", "");
}
END_TEST

START_TEST(entries_from_a_terminal)
{
    ck_entry("nginx: [emerg] bind() to 127.0.0.1:80 failed (98: Address already in use)",
             "bind() to 127.0.0.1:80 failed (98: Address already in use)", "errno=98|errstr=Address already in use");
    ck_assert_int_eq(r.level, LEVEL_FATAL);
    ck_assert_int_eq(r.time_us, RECORD_NO_TIME);
    ck_entry("nginx: configuration file /etc/n.conf test failed", "configuration file /etc/n.conf test failed", "");
    ck_assert_int_eq(r.level, LEVEL_NONE);
    ck_assert_int_eq(r.severity, -1);
}
END_TEST

/* An entry of exactly `size` bytes: HEAD, then `text` with its '~' stretched. */
static const char *stretched(const char *text, size_t size)
{
    static char line[5000];
    const char *tilde = strchr(text, '~');
    size_t before = sizeof HEAD - 1 + (size_t)(tilde - text), after = strlen(tilde + 1);
    memcpy(line, HEAD, sizeof HEAD - 1);
    memcpy(line + sizeof HEAD - 1, text, (size_t)(tilde - text));
    memset(line + before, 'a', size - before - after);
    memcpy(line + size - after, tilde + 1, after + 1);
    return line;
}

static void ck_framed(const char *text, size_t size, bool truncated, const char *fields)
{
    const char *line = stretched(text, size);
    parse(slice_str(line));
    ck_assert_msg(r.truncated == truncated, "%s", text);
    struct sbuf got;
    sbuf_init(&got, 1 << 16);
    for (unsigned i = 2; i < r.n_fields; i++) {
        bool stretched_value = r.fields[i].value.n > 100;
        sbuf_addf(&got, "%.*s=%.*s|", SLICE_ARG(r.fields[i].name),
                  SLICE_ARG(stretched_value ? slice_sub(r.fields[i].value, 0, 6) : r.fields[i].value));
    }
    ck_assert_str_eq(sbuf_cstr(&got), fields);
    sbuf_done(&got);
}

START_TEST(cut_entries)
{
    ck_framed("x~", 2047, true, "");
    ck_framed("x~", 2046, false, "");
    ck_framed("x~", 4095, true, "");
    ck_framed("x ~ while sending to client, cli", 2047, true, "phase=sending to client|");
    ck_framed("x ~ while sending to client, client: 10.0.0", 2047, true, "phase=sending to client|");
    ck_framed("x ~ while sending to client, client: 10.0.0.1, server: sh", 2047, true,
              "phase=sending to client|client=10.0.0.1|");
    ck_framed("x ~, client: 10.0.0.1, server: shop, req", 2047, true, "client=10.0.0.1|server=shop|");
    ck_framed("x, client: 10.0.0.1, server: shop, request: \"GET /~", 2047, true,
              "client=10.0.0.1|server=shop|request=GET /a|");
    ck_framed("x, client: 10.0.0.1, server: shop, request: \"GET /~ HTTP/1.1\", hos", 2047, true,
              "client=10.0.0.1|server=shop|request=GET /a|");
    ck_framed("x, client: 10.0.0.1, server: shop, request: \"GET /~ HTTP/1.1\", host: \"sho", 2047, true,
              "client=10.0.0.1|server=shop|request=GET /a|");
    ck_framed("x, client: 10.0.0.1, server: shop, request: \"GET /~ HTTP/1.1\", upstream: \"http://127.0.0.1:90", 2047,
              true, "client=10.0.0.1|server=shop|request=GET /a|");
    ck_framed("x, client: 10.0.0.1, server: shop, request: \"GET /~ HTTP/1.1\", upstream: \"http://127.0.0.1:90/a",
              2047, true, "client=10.0.0.1|server=shop|request=GET /a|upstream=http://127.0.0.1:90/a|");
    ck_framed("x, client: 10.0.0.1, server: shop, request: \"GET /~ HTTP/1.1\", host: \"shop\"", 2047, false,
              "client=10.0.0.1|server=shop|request=GET /a|host=shop|");
    /* Foreign lines behind a cut entry do not hide the cut. */
    ck_framed("x, client: 10.0.0.1, server: shop, request: \"GET /~", 2047, true,
              "client=10.0.0.1|server=shop|request=GET /a|");
    char longer[3000];
    snprintf(longer, sizeof longer, "%s\nforeign",
             stretched("*1 x, client: 10.0.0.1, server: shop, request: \"GET /~", 2047));
    parse(slice_str(longer));
    ck_assert(r.truncated);
    ck_slice(r.message, "x\nforeign");
}
END_TEST

START_TEST(bytes_as_they_are)
{
    static const char line[] = HEAD "*1 open() \"/a\0b\xff\r\x1b[31m\" failed (2: No such file or directory)" TAIL;
    parse(slice_of(line, sizeof line - 1));
    static const char message[] = "open() \"/a\0b\xff\r\x1b[31m\" failed (2: No such file or directory)";
    ck_assert(slice_eq(r.message, slice_of(message, sizeof message - 1)));
    ck_slice(record_value(&r, "host"), "shop.test");
    parse(slice_of(line, 0));
    ck_assert_uint_eq(r.message.n, 0);
}
END_TEST

START_TEST(heads)
{
    const struct parser *p = parser_of(FORMAT_NGINX_ERROR);
    static const char *const yes[] = {HEAD, "2026/11/23 10:00:00 [warn] 1#1: *3 x", "nginx: [emerg] x",
                                      "nginx: [warn] x", "nginx: the configuration file /x syntax is ok"};
    static const char *const no[] = {"",
                                     (" " HEAD),
                                     "2026/11/23 10:00:00 [error]",
                                     "2026/11/23 10:00:00 [fatal] 7#7: x",
                                     "2026/11-23 10:00:00 [error] 7#7: x",
                                     "2026/11/23 10:00:00 [error] 7: x",
                                     "2026/11/23 10:00:00 error 7#7: x",
                                     "nginx: x",
                                     "nginx",
                                     "Stack trace:"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        ck_assert_msg(p->head(slice_str(yes[i])), "%s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        ck_assert_msg(!p->head(slice_str(no[i])), "%s", no[i]);
    ck_assert_int_eq(parser_detect(slice_str(HEAD "x")), FORMAT_NGINX_ERROR);
}
END_TEST

/* Client data of a megabyte that looks like contexts and quotes must not take long. */
START_TEST(hostile_entries_are_cheap)
{
    static const char *const units[] = {
        ", client: 1.1.1.1, server: x\"", "\", request: \"", ", client: 1, server: a, request: \"GET / HTTP/1.1\"",
        ", client: 1, server: \n",        " (2: x) while a", "\"\", host: \""};
    size_t n = 1 << 20;
    char *text = malloc(n);
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        size_t len = strlen(units[u]), at = sizeof HEAD - 1;
        memcpy(text, HEAD, at);
        while (at + len < n) {
            memcpy(text + at, units[u], len);
            at += len;
        }
        for (size_t size = at; size > 64; size /= 2)
            parse(slice_of(text, size));
    }
    free(text);
}
END_TEST

/* A log's stamp stands in many lines in a row; what is remembered of it must be that of the very same stamp. */
START_TEST(stamps_in_a_row)
{
    static const struct {
        const char *raw;
        int64_t second; /* 0: no time */
    } lines[] = {
        {"2026/11/23 10:00:00 [error] 7#8: a", 1795428000}, {"2026/11/23 10:00:00 [error] 7#8: b", 1795428000},
        {"2026/11/23 10:00:01 [error] 7#8: c", 1795428001}, {"2026/13/23 10:00:01 [error] 7#8: no such month", 0},
        {"2026/11/23 10:00:01 [error] 7#8: d", 1795428001}, {"2026/11/24 10:00:01 [error] 7#8: e", 1795514401}};
    struct stamp_memo memo = {0};
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct parse_ctx ctx = {.arena = &arena, .last_us = RECORD_NO_TIME, .memo = &memo};
        record_init(&r, FORMAT_NGINX_ERROR, slice_str(lines[i].raw));
        ck_assert(parser_parse(FORMAT_NGINX_ERROR, &ctx, &r));
        ck_assert_int_eq(r.time_us, lines[i].second ? lines[i].second * STAMP_SECOND : RECORD_NO_TIME);
    }
}
END_TEST

static void teardown(void)
{
    arena_done(&arena);
}

int main(void)
{
    Suite *s = suite_create("nginx");
    TCase *t = tcase_create("error");
    tcase_add_checked_fixture(t, NULL, teardown);
    tcase_add_test(t, a_whole_entry);
    tcase_add_test(t, levels);
    tcase_add_test(t, entries_without_connection);
    tcase_add_test(t, errno_and_phase);
    tcase_add_test(t, parts_that_are_missing);
    tcase_add_test(t, stream_mail_and_the_rest);
    tcase_add_test(t, forged_in_the_path);
    tcase_add_test(t, forged_in_request_and_headers);
    tcase_add_test(t, forged_in_stderr);
    tcase_add_test(t, forged_without_quotes);
    tcase_add_test(t, entries_of_several_lines);
    tcase_add_test(t, entries_from_a_terminal);
    tcase_add_test(t, cut_entries);
    tcase_add_test(t, bytes_as_they_are);
    tcase_add_test(t, heads);
    tcase_add_test(t, stamps_in_a_row);
    tcase_add_test(t, hostile_entries_are_cheap);
    suite_add_tcase(s, t);
    return unit_run(s);
}
