#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "core/judge.h"
#include "text/grok.h"
#include "text/relax.h"
#include "text/prefilter.h"

static const struct grok library;

static char *expanded(const struct grok *g, const char *pattern)
{
    struct grok_text t;
    ck_assert_msg(grok_expand(g, slice_str(pattern), &t), "%s: %s", pattern, t.message);
    char *text = slice_dup(sbuf_slice(&t.regex));
    grok_done(&t);
    return text;
}

static void ck_expanded(const char *pattern, const char *want)
{
    static const struct grok_name own[] = {{SLICE("A"), SLICE("a|b")}, {SLICE("AA"), SLICE("%{A}%{A:x}")}};
    static const struct grok g = {.own = own, .n_own = 2};
    char *text = expanded(&g, pattern);
    ck_assert_str_eq(text, want);
    free(text);
}

START_TEST(references_become_groups)
{
    ck_expanded("x%{A}?y", "x(?:a|b)?y");
    ck_expanded("%{A:who}", "(?<who>a|b)");
    ck_expanded("%{A:n:int}%{A:m:float}", "(?<n>a|b)(?<m>a|b)");
    ck_expanded("%{AA}", "(?:(?:a|b)(?<x>a|b))");
    ck_expanded("%{AA}%{AA}", "(?:(?:a|b)(?<x>a|b))(?:(?:a|b)(?<crumbd_1>a|b))");
    ck_expanded("%{A:a.b}%{A:[a][c]}%{A:@t}", "(?<crumbd_1>a|b)(?<crumbd_2>a|b)(?<crumbd_3>a|b)");
    ck_expanded("%{A:a_name_that_is_longer_than_32_bytes}", "(?<crumbd_1>a|b)");
}
END_TEST

START_TEST(what_is_no_reference_stays)
{
    static const char *const plain[] = {"",           "%{",      "%{2}",      "%{2,3}",          "\\%{A}",
                                        "%\\{A}",     "[%{A}]",  "[^]%{A}]",  "[[:alpha:]%{A}]", "[\\]%{A}]",
                                        "\\Q%{A}\\E", "\\Q%{A}", "(?#%{A})x", "[a\\Q]%{A}\\E]",  "% {A}",
                                        "[%{A}",      "\\",      "%"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        ck_expanded(plain[i], plain[i]);
    ck_expanded("\\\\%{A}", "\\\\(?:a|b)");
    ck_expanded("[x]%{A}", "[x](?:a|b)");
    ck_expanded("\\Q[\\E%{A}", "\\Q[\\E(?:a|b)");
}
END_TEST

static void ck_refused(const struct grok *g, const char *pattern, size_t bad, const char *part)
{
    struct grok_text t;
    ck_assert_msg(!grok_expand(g, slice_str(pattern), &t), "%s", pattern);
    ck_assert_msg(strstr(t.message, part) != NULL, "%s: %s", pattern, t.message);
    ck_assert_uint_eq(t.bad, bad);
    grok_done(&t);
}

START_TEST(wrong_references_are_told)
{
    static const struct grok_name own[] = {
        {SLICE("LOOP"), SLICE("x%{LOOP2}")}, {SLICE("LOOP2"), SLICE("%{LOOP}")}, {SLICE("MINE"), SLICE("m")}};
    static const struct grok g = {.own = own, .n_own = 3};
    ck_refused(&g, "ab %{IPORHOSTS:x}", 3, "did you mean %{IPORHOST}?");
    ck_refused(&g, "%{ip}", 0, "did you mean %{IP}?");
    ck_refused(&g, "%{MINEE}", 0, "did you mean %{MINE}?");
    ck_refused(&g, "%{NOTHING_OF_THE_KIND}", 0, "there is no pattern %{NOTHING_OF_THE_KIND}; crumbd-rules(5)");
    ck_refused(&g, "x%{IP:}", 1, "name of a field");
    ck_refused(&g, "%{IP:1a}", 0, "name of a field");
    ck_refused(&g, "%{IP:[a]b}", 0, "name of a field");
    ck_refused(&g, "%{IP:[]}", 0, "name of a field");
    ck_refused(&g, "%{IP", 0, "write a literal %{ as %\\{");
    ck_refused(&g, "%{IP-x}", 0, "a reference is %{NAME}");
    ck_refused(&g, "%{IP:a:}", 0, "a reference is %{NAME}");
    ck_refused(&g, "a%{LOOP}", 1, "%{LOOP} holds itself");
}
END_TEST

/* A few names that double each other must cost neither time nor memory. */
START_TEST(expansion_is_bounded)
{
    struct grok_name own[40];
    static char names[40][8], texts[40][32];
    for (unsigned i = 0; i < 40; i++) {
        snprintf(names[i], sizeof names[i], "N%u", i);
        if (i < 39)
            snprintf(texts[i], sizeof texts[i], "%%{N%u}%%{N%u}", i + 1, i + 1);
        own[i] = (struct grok_name){slice_str(names[i]), slice_str(texts[i])};
    }
    const struct grok g = {.own = own, .n_own = 40};
    ck_refused(&g, "%{N0}", 0, "more than 16 patterns inside each other");
    ck_refused(&g, "%{N25}", 0, "grows to more than 65536 bytes");
    ck_refused(&g, "..%{N25}", 2, "grows to more than 65536 bytes");
}
END_TEST

/* --- the library --- */

/* A value starting with ! must not be matched as a whole. */
static const struct {
    const char *name, *text;
} values[] = {
    {"USERNAME", "jane.doe-1_x"},
    {"USER", "a"},
    {"USER", "!a b"},
    {"EMAILADDRESS", "jane.o'neil+tag@mail.example.co.uk"},
    {"EMAILADDRESS", "!@example.com"},
    {"EMAILADDRESS", "!a..b@example.com"},
    {"INT", "-12"},
    {"INT", "+7"},
    {"INT", "!1.5"},
    {"NUMBER", "3.14"},
    {"NUMBER", ".5"},
    {"NUMBER", "-0.5"},
    {"NUMBER", "!1.2.3"},
    {"BASE10NUM", "42"},
    {"BASE16NUM", "0xDEADbeef"},
    {"BASE16NUM", "-ff"},
    {"BASE16FLOAT", "0x1.8"},
    {"POSINT", "10"},
    {"POSINT", "!0"},
    {"NONNEGINT", "0"},
    {"NONNEGINT", "!-1"},
    {"WORD", "word_1"},
    {"WORD", "!two words"},
    {"NOTSPACE", "a/b?c"},
    {"NOTSPACE", "!a b"},
    {"SPACE", ""},
    {"SPACE", " \t"},
    {"DATA", "any thing"},
    {"GREEDYDATA", "any thing"},
    {"QS", "\"a \\\"quoted\\\" text\""},
    {"QUOTEDSTRING", "'it\\'s'"},
    {"QS", "\"\""},
    {"QS", "`x`"},
    {"QS", "!\"open"},
    {"QS", "!\"a\"b\""},
    {"UUID", "0f8fad5b-d9cb-469f-a165-70867728950e"},
    {"UUID", "!0f8fad5b-d9cb-469f-a165-7086772895"},
    {"URN", "urn:isbn:0451450523"},
    {"URN", "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"},
    {"MAC", "00:1b:44:11:3a:b7"},
    {"MAC", "00-1B-44-11-3A-B7"},
    {"MAC", "001b.4411.3ab7"},
    {"CISCOMAC", "001b.4411.3ab7"},
    {"MAC", "!00:1b:44:11:3a"},
    {"IPV4", "192.0.2.255"},
    {"IPV4", "0.0.0.0"},
    {"IPV4", "!256.1.1.1"},
    {"IPV4", "!1.2.3"},
    {"IPV4", "!1.2.3.4.5"},
    {"IPV6", "2001:db8:0:1:2:3:4:5"},
    {"IPV6", "::"},
    {"IPV6", "::1"},
    {"IPV6", "2001:db8::"},
    {"IPV6", "2001:db8::1"},
    {"IPV6", "1:2:3:4:5:6:7::"},
    {"IPV6", "::2:3:4:5:6:7:8"},
    {"IPV6", "1::3:4:5:6:7:8"},
    {"IPV6", "fe80::1%eth0"},
    {"IPV6", "::ffff:192.0.2.1"},
    {"IPV6", "64:ff9b::192.0.2.33"},
    {"IPV6", "1:2:3:4:5:6:192.0.2.1"},
    {"IPV6", "1::6:192.0.2.1"},
    {"IPV6", "!1:2:3:4:5:6:7"},
    {"IPV6", "!1:2:3:4:5:6:7:8:9"},
    {"IPV6", "!1::2::3"},
    {"IPV6", "!12345::"},
    {"IPV6", "!:1"},
    {"IPV6", "!1:"},
    {"IPV6", "!1:2:3:4:5:6:7:8::"},
    {"IPV6", "!::1:2:3:4:5:6:7:8"},
    {"IPV6", "!::1:2:3:4:5:6:192.0.2.1"},
    {"IPV6", "!1:2:3:4:5:6:7:192.0.2.1"},
    {"IPV6", "!g::1"},
    {"IPV6", "!::192.0.2.256"},
    {"IPV6", "!10:00:00"},
    {"IP", "10.0.0.1"},
    {"IP", "::1"},
    {"HOSTNAME", "web-1.example.com"},
    {"HOSTNAME", "localhost"},
    {"HOSTNAME", "example.com."},
    {"HOSTNAME", "!-x"},
    {"HOSTNAME", "!a..b"},
    {"IPORHOST", "db1"},
    {"IPORHOST", "192.0.2.1"},
    {"IPORHOST", "2001:db8::1"},
    {"HOSTPORT", "db1:5432"},
    {"HOSTPORT", "!db1"},
    {"UNIXPATH", "/var/log/nginx/error.log"},
    {"UNIXPATH", "/"},
    {"UNIXPATH", "/a\\ b/c"},
    {"UNIXPATH", "!var"},
    {"PATH", "C:\\Windows\\x.dll"},
    {"WINPATH", "\\\\host\\share"},
    {"TTY", "/dev/pts/3"},
    {"TTY", "/dev/ttyS0"},
    {"PATH", "/x"},
    {"URIPROTO", "https"},
    {"URIPROTO", "svn+ssh"},
    {"URIHOST", "example.com:8080"},
    {"URIHOST", "[::1]:80"},
    {"URIPATH", "/a/b.c"},
    {"URIPARAM", "?a=1&b=%20"},
    {"URIPATHPARAM", "/a?b=c"},
    {"URI", "https://user:pw@example.com:8443/p/q?x=1"},
    {"URI", "redis://localhost"},
    {"URI", "!example.com"},
    {"MONTH", "Jan"},
    {"MONTH", "September"},
    {"MONTH", "M\xc3\xa4rz"},
    {"MONTH", "Dez"},
    {"MONTH", "!Foo"},
    {"MONTH", "May"},
    {"MONTHNUM", "12"},
    {"MONTHNUM", "1"},
    {"MONTHNUM", "!13"},
    {"MONTHNUM2", "07"},
    {"MONTHNUM2", "!1"},
    {"MONTHDAY", "31"},
    {"MONTHDAY", "05"},
    {"MONTHDAY", "!32"},
    {"DAY", "Tue"},
    {"DAY", "Saturday"},
    {"YEAR", "2026"},
    {"YEAR", "26"},
    {"HOUR", "23"},
    {"HOUR", "!24"},
    {"MINUTE", "59"},
    {"SECOND", "60"},
    {"SECOND", "07.123"},
    {"TIME", "23:59:59,123"},
    {"TIME", "!23:59"},
    {"DATE_US", "11/23/2026"},
    {"DATE_EU", "23.11.2026"},
    {"DATE", "23-11-26"},
    {"ISO8601_TIMEZONE", "+01:00"},
    {"ISO8601_TIMEZONE", "Z"},
    {"TIMESTAMP_ISO8601", "2026-11-23T10:00:00.123+0100"},
    {"TIMESTAMP_ISO8601", "2026-11-23 10:00"},
    {"DATESTAMP", "23.11.2026 10:00:00"},
    {"TZ", "CEST"},
    {"DATESTAMP_RFC822", "Mon Nov 23 2026 10:00:00 UTC"},
    {"DATESTAMP_RFC2822", "Mon, 23 Nov 2026 10:00:00 +0100"},
    {"DATESTAMP_OTHER", "Mon Nov  2 10:00:00 UTC 2026"},
    {"DATESTAMP_EVENTLOG", "20261123100000"},
    {"HTTPDATE", "23/Nov/2026:10:00:00 +0100"},
    {"HTTPDERROR_DATE", "Mon Nov 23 10:00:00.123456 2026"},
    {"LOGLEVEL", "WARNING"},
    {"LOGLEVEL", "err"},
    {"LOGLEVEL", "!terror"},
    {"SYSLOGTIMESTAMP", "Nov  3 10:00:00"},
    {"PROG", "postfix/smtpd"},
    {"SYSLOGPROG", "sshd[77]"},
    {"SYSLOGHOST", "web-1"},
    {"SYSLOGFACILITY", "<4.6>"},
    {"SYSLOGBASE", "Nov 23 10:00:00 web-1 sshd[77]:"},
    {"SYSLOGBASE2", "2026-11-23T10:00:00Z web-1 sshd[77]:"},
    {"SYSLOGLINE", "Nov 23 10:00:00 web-1 sshd[77]: Failed password"},
    {"SYSLOGPAMSESSION",
     "Nov 23 10:00:00 web-1 sshd[77]: pam_unix(sshd:session): session opened for user jane by (uid=0)"},
    {"SYSLOG5424SD", "[a@1 k=\"v ]\" l=\"\\\"\"][b]"},
    {"SYSLOG5424LINE", "<34>1 2026-11-23T10:00:00.003Z web-1 su 77 ID47 [x y=\"z\"] BOM 'su root' failed"},
    {"SYSLOG5424LINE", "<34>1 - - su - - - text"},
    {"CRONLOG", "Nov 23 10:00:00 web-1 CRON[77]: (root) CMD (run-parts /etc/cron.hourly)"},
    {"COMMONAPACHELOG", "203.0.113.9 - jane [23/Nov/2026:10:00:00 +0100] \"GET /x?a=b HTTP/1.1\" 404 -"},
    {"COMBINEDAPACHELOG",
     "::1 - - [23/Nov/2026:10:00:00 +0100] \"GET / HTTP/2.0\" 200 512 \"https://example.com/\" \"Mozilla/5.0 (X11)\""},
    {"HTTPD_COMMONLOG", "host.example - - [23/Nov/2026:10:00:00 +0100] \"\\x16\\x03\" 400 150"},
    {"HTTPD_ERRORLOG", "[Mon Nov 23 10:00:00 2026] [error] [client 203.0.113.9] File does not exist: /x"},
    {"HTTPD_ERRORLOG", "[Mon Nov 23 10:00:00.123456 2026] [core:error] [pid 7:tid 8] [client 203.0.113.9:5000] "
                       "AH00124: too many redirects"},
    {"HTTPD24_ERRORLOG", "[Mon Nov 23 10:00:00.123456 2026] [proxy:error] [pid 7] (111)Connection refused: AH00957: "
                         "HTTP: attempt to connect"},
    {"JAVACLASS", "com.example.Foo$Bar"},
    {"JAVACLASS", "!1a"},
    {"JAVAFILE", "Foo.java"},
    {"JAVAMETHOD", "<init>"},
    {"JAVAMETHOD", "run"},
    {"JAVASTACKTRACEPART", "\tat com.example.Foo.run(Foo.java:12)"},
    {"JAVATHREAD", "TP-Processor3"},
    {"JAVALOGMESSAGE", "x y"},
    {"CATALINALOG", "Nov 23, 2026 10:00:00 AM org.apache.coyote.AbstractProtocol start"},
    {"TOMCATLOG", "2026-11-23 10:00:00,123 +0100 | ERROR | com.example.Foo - it broke"},
    {"RUBY_LOGGER", "E, [2026-11-23T10:00:00.123456 #77] ERROR -- app: boom"},
    {"REDISLOG", "[77] 23 Nov 10:00:00.123 * "},
};

static enum regex_result whole(const struct regex *re, struct regex_scratch *s, struct slice text)
{
    enum regex_result hit = regex_match(re, s, text, 0);
    return hit == REGEX_YES && regex_capture(s, 0).n != text.n ? REGEX_NO : hit;
}

static struct regex *compiled(const char *pattern)
{
    char *text = expanded(&library, pattern), message[256];
    size_t offset;
    struct regex *re = regex_compile(slice_str(text), false, &offset, message);
    ck_assert_msg(re != NULL, "%s: %s at %zu of %s", pattern, message, offset, text);
    free(text);
    return re;
}

START_TEST(the_library_knows_its_values)
{
    struct regex_scratch *s = regex_scratch_new();
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char pattern[100];
        const char *text = values[i].text;
        bool refused = text[0] == '!';
        snprintf(pattern, sizeof pattern, "\\A%%{%s}\\z", values[i].name);
        struct regex *re = compiled(pattern);
        enum regex_result hit = whole(re, s, slice_str(text + refused));
        ck_assert_msg((hit == REGEX_YES) == !refused, "%s: %s", values[i].name, text);
        regex_free(re);
    }
    regex_scratch_free(s);
}
END_TEST

static bool has_value(const char *name)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (strcmp(values[i].name, name) == 0 && values[i].text[0] != '!')
            return true;
    return false;
}

/* On texts made to mislead it no pattern of the library alone may run into the match limit. */
START_TEST(the_library_does_not_backtrack_without_end)
{
    static const char *const units[] = {"a",   "1",  "a.", "1.", "::", "1:",   "/a",   "\\",  "\"\\",
                                        "[\"", "a@", " ",  "-",  "%{", "a:\\", "Jan ", "<1>", "?&"};
    struct regex_scratch *s = regex_scratch_new();
    static char text[20000];
    for (const struct grok_entry *e = grok_library; e->name; e++) {
        char pattern[100];
        snprintf(pattern, sizeof pattern, "%%{%s}\\x01", e->name);
        struct regex *re = compiled(pattern);
        for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
            for (size_t i = 0; i < sizeof text; i++)
                text[i] = units[u][i % strlen(units[u])];
            /* What takes any text is no fault of the pattern. */
            bool any = strstr(e->regex, "DATA") || strstr(e->regex, "MESSAGE") || strchr(e->regex, '.') == e->regex;
            ck_assert_msg(any || regex_match(re, s, slice_of(text, sizeof text), 0) != REGEX_LIMIT, "%s on %s", e->name,
                          units[u]);
        }
        regex_free(re);
    }
    regex_scratch_free(s);
}
END_TEST

/* The prefilter reports every value in every surrounding, and knows more than that it may be anything. */
START_TEST(the_prefilter_reads_the_library)
{
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char pattern[200];
        const char *text = values[i].text;
        if (text[0] == '!')
            continue;
        snprintf(pattern, sizeof pattern, "from <%%{%s:it}> now", values[i].name);
        char *regex = expanded(&library, pattern);
        struct prefilter *scan =
            prefilter_compile(prefilter_probe(), &(struct prefilter_pattern){.regex = slice_str(regex)}, 1);
        struct prefilter_scratch *x = prefilter_scratch_new();
        struct prefilter_hits hits = prefilter_hits_new(1);
        char line[400];
        snprintf(line, sizeof line, "came from <%s> now", text);
        prefilter_scratch_fit(x, scan);
        prefilter_run(scan, x, slice_str(line), &hits);
        ck_assert_msg(hits.word[0] == 1, "%s: %s", values[i].name, text);
        if (strcmp(prefilter_version(), "none") != 0) {
            ck_assert_msg(prefilter_always(scan) == 0, "%s is always a candidate", values[i].name);
            prefilter_run(scan, x, SLICE("nothing of the kind"), &hits);
            ck_assert_msg(hits.word[0] == 0, "%s", values[i].name);
        }
        prefilter_hits_done(&hits);
        prefilter_scratch_free(x);
        prefilter_free(scan);
        free(regex);
    }
}
END_TEST

START_TEST(counts_are_loosened_for_the_prefilter)
{
    static const char *const pairs[][2] = {
        {"a{64}b{2,}c{1,8}", "a{64}b{2,}c{1,8}"},
        {"a{1,9}", "a{1,}"},
        {"(ab){3}", "(ab)+"},
        {"(ab){0,4}?c", "(ab)*?c"},
        {"((x{62}){3}){2,}", "((x{62})+)+"},
        {"a{65}", "a{64,}"},
        {"[a}]{2,100}+", "[a}]{2,}+"},
        {"\\){2}", "\\){2}"},
        {"[)]{3}", "[)]{3}"},
        {"\\Q){9}\\E", "\\Q){9}\\E"},
        {"a{x}", "a{x}"},
        {"a{2", "a{2"},
        {"){,3}", ""},
        {"a{2, 3}", ""},
        {"(?i-xxs)a", ""},
        {"\\x{65}{9}", "\\x{65}{9}"},
        {"", ""},
        {"a{99999999999999999999}", "a{99999999999999999999}"},
    };
    struct arena a = {0};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        ck_slice(relax_pattern(slice_str(pairs[i][0]), &a), pairs[i][1]);
    arena_done(&a);
}
END_TEST

START_TEST(what_holds_in_a_part_holds_in_the_whole)
{
    static const char *const yes[] = {
        "abc",          "a.*b", "(?<x>\\d+) [^\"]+?\"", "(?:a|b){2,3}", "(?i)x", "\\(\\$\\^", "[$^]", "\\x41\\{",
        "[[:alpha:]]+", ""};
    static const char *const no[] = {"^a",     "a$",      "a\\b",     "\\Aa",    "a\\z",   "a(?=b)",
                                     "a(?!b)", "(?<!a)b", "(?<=a)b",  "(?>a+)b", "a++",    "a*+",
                                     "a{2}+",  "(?|a)",   "(*UTF)a",  "(?m)a",   "(a)\\1", "\\Ka",
                                     "\\X",    "\\Qa\\E", "[[:<:]]a", "(?(1)a)", "a\\"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        ck_assert_msg(relax_holds_in_more(slice_str(yes[i])), "%s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        ck_assert_msg(!relax_holds_in_more(slice_str(no[i])), "%s", no[i]);
}
END_TEST

/* libhs would take minutes and gigabytes for what is counted here. */
START_TEST(the_prefilter_compiles_what_is_counted)
{
    static const char *const hard[] = {"^%{COMBINEDAPACHELOG}$", "%{SYSLOG5424LINE}",
                                       "(?:(?:[a-z]{1,60}\\.){1,60}/){1,60}x", "(?:%{IP}[ ,]){20}%{URI}"};
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) {
        char *regex = expanded(&library, hard[i]);
        struct prefilter *scan =
            prefilter_compile(prefilter_probe(), &(struct prefilter_pattern){.regex = slice_str(regex)}, 1);
        prefilter_free(scan);
        free(regex);
    }
}
END_TEST

/* A brace that counts nothing must not hide the alternative behind it. */
START_TEST(a_brace_may_be_a_brace)
{
    static const char *const pairs[][2] = {{"first{20|second{2}x", "seconddx"}, {"first{2|{third}", "{third}"},
                                           {"(?:first{1|a)third", "athird"},    {"abc{ 0}def", "abc{ 0}def"},
                                           {"abc{,2}def", "abc{,2}def"},        {"abcd{0,1}ef", "abcef"}};
    struct regex_scratch *s = regex_scratch_new();
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct regex *re = compiled(pairs[i][0]);
        struct prefilter *scan =
            prefilter_compile(prefilter_probe(), &(struct prefilter_pattern){.regex = slice_str(pairs[i][0])}, 1);
        struct prefilter_scratch *x = prefilter_scratch_new();
        struct prefilter_hits hits = prefilter_hits_new(1);
        prefilter_scratch_fit(x, scan);
        prefilter_run(scan, x, slice_str(pairs[i][1]), &hits);
        ck_assert_msg(hits.word[0] == 1 || regex_match(re, s, slice_str(pairs[i][1]), 0) != REGEX_YES, "%s",
                      pairs[i][0]);
        prefilter_hits_done(&hits);
        prefilter_scratch_free(x);
        prefilter_free(scan);
        regex_free(re);
    }
    regex_scratch_free(s);
}
END_TEST

START_TEST(every_name_has_a_value)
{
    for (const struct grok_entry *e = grok_library; e->name; e++) {
        char pattern[100];
        snprintf(pattern, sizeof pattern, "%%{%s}", e->name);
        regex_free(compiled(pattern));
        static const char *const parts[] = {
            "EMAILLOCALPART",    "WINDOWSMAC",       "COMMONMAC",          "HOST",
            "URIQUERY",          "ISO8601_SECOND",   "HTTPDERRORDATE",     "SYSLOG5424PRINTASCII",
            "SYSLOG5424PRI",     "SYSLOG5424BASE",   "CRON_ACTION",        "HTTPDUSER",
            "HTTPD_COMBINEDLOG", "HTTPD20_ERRORLOG", "CATALINA_DATESTAMP", "TOMCAT_DATESTAMP",
            "RUBY_LOGLEVEL",     "REDISTIMESTAMP"};
        bool part = false;
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            part |= strcmp(parts[i], e->name) == 0;
        ck_assert_msg(part || has_value(e->name), "%s has no value in this test", e->name);
    }
}
END_TEST

/* --- in rules --- */

static struct rule_set set;
static struct diag diag;

static bool load(const char *text)
{
    struct conf_file *f = conf_parse("t.yaml", slice_str(text), &diag);
    ck_assert_ptr_nonnull(f);
    return rule_set_load(&set, f, &diag);
}

static void unload(void)
{
    rule_set_done(&set);
    err_done(&diag);
    diag = (struct diag){0};
}

START_TEST(rules_use_names)
{
    ck_assert(load("pack: p\n"
                   "patterns: {ORDER: 'ORD-%{INT}', ORDERS: '%{ORDER:id}(?:,%{ORDER:id})?'}\n"
                   "rules:\n"
                   "  - id: a\n"
                   "    match: '^(?:order %{ORDERS}|user %{USER:user.name}|host %{IPORHOST:[src][ip]}) failed'\n"
                   "    unless: 'at %{TIME}'\n"
                   "    when: {app: '^%{WORD}$'}\n"
                   "    event: {message: '{id} {user.name} {[src][ip]} {src.ip}', fingerprint: [p, a]}\n"));
    rule_set_ready(&set, true);
    static const struct {
        const char *message, *app, *value;
    } lines[] = {
        {"order ORD-7 failed", "shop", "ORD-7   "},  {"user jane.doe failed", "shop", " jane.doe  "},
        {"host ::1 failed", "shop", "  ::1 ::1"},    {"order ORD-7 failed", "two words", NULL},
        {"user x failed at 10:00:00", "shop", NULL}, {"order X failed", "shop", NULL},
    };
    struct judge j;
    struct arena a = {0};
    static struct record r;
    struct verdict v;
    judge_init(&j, &set);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        record_init(&r, FORMAT_TEXT, slice_str(lines[i].message));
        r.message = r.raw;
        r.app = slice_str(lines[i].app);
        judge_record(&j, &r, &a, &v, NULL, NULL);
        ck_assert_msg((v.rule != NULL) == (lines[i].value != NULL), "%s", lines[i].message);
        if (!v.rule)
            continue;
        const struct template_source from = judge_source(&j, &r, &a);
        verdict_complete(&v, &from);
        ck_slice(v.texts->formatted, lines[i].value);
    }
    judge_done(&j);
    arena_done(&a);
    unload();
}
END_TEST

/* The same field in two branches: the one that took part counts. */
START_TEST(a_field_may_come_twice)
{
    static const char line[] =
        "[Mon Nov 23 10:00:00.123456 2026] [core:error] [pid 7] [client 203.0.113.9:5000] AH00124: too many";
    struct grok_text t;
    size_t offset;
    char message[256];
    ck_assert(grok_expand(&library, SLICE("%{HTTPD_ERRORLOG}"), &t));
    struct regex *re = regex_compile(sbuf_slice(&t.regex), false, &offset, message);
    ck_assert_ptr_nonnull(re);
    for (unsigned i = 0; i < t.n_fields; i++)
        regex_rename(re, t.fields[i].group, slice_str(t.fields[i].name));
    struct regex_scratch *s = regex_scratch_new();
    ck_assert_int_eq(regex_match(re, s, slice_str(line), 0), REGEX_YES);
    ck_slice(regex_capture(s, regex_number(re, SLICE("loglevel"))), "error");
    ck_slice(regex_capture(s, regex_number(re, SLICE("clientip"))), "203.0.113.9");
    ck_slice(regex_capture(s, regex_number(re, SLICE("errorcode"))), "AH00124");
    ck_slice(regex_capture(s, regex_number(re, SLICE("message"))), "too many");
    regex_scratch_free(s);
    regex_free(re);
    grok_done(&t);
}
END_TEST

START_TEST(errors_point_at_the_pattern)
{
    static const struct {
        const char *text, *part;
        unsigned line, col;
    } wrong[] = {
        {"pack: p\nrules:\n  - {id: a, match: 'x %{IPORHOSTT:c}'}\n", "did you mean %{IPORHOST}?", 3, 23},
        {"pack: p\nrules:\n  - {id: a, match: '%{IP} %{IP} (x'}\n", "does not compile: missing closing parenthesis", 3,
         35},
        {"pack: p\nrules:\n  - {id: a, match: '%{IP}+*', unless: '%{IP'}\n", "does not compile", 3, 27},
        {"pack: p\nrules:\n  - {id: a, match: x, when: {app: 'a %{WORDS} b'}}\n", "did you mean %{WORD}?", 3, 38},
        {"pack: p\npatterns: {A: 'x(', B: y}\nrules:\n  - {id: a, match: '%{B}'}\n", "does not compile", 2, 18},
        {"pack: p\npatterns: {A-B: 'x'}\nrules:\n  - {id: a, match: 'x'}\n", "the name of a pattern", 2, 17},
        {"pack: p\npatterns: {A: '.%{A}'}\nrules:\n  - {id: a, match: 'x'}\n", "%{A} holds itself", 2, 17},
        {"pack: p\npatterns: {A: '(?<x>a)'}\nrules:\n  - {id: a, match: 'b %{A} %{A}'}\n",
         "(in what the reference here stands for)", 4, 28},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert(!load(wrong[i].text));
        ck_assert_uint_ge(diag.errors, 1);
        ck_assert_msg(strstr(diag.v[0].text, wrong[i].part) != NULL, "%s: %s", wrong[i].text, diag.v[0].text);
        ck_assert_msg(diag.v[0].line == wrong[i].line && diag.v[0].col == wrong[i].col, "%s: %u:%u", wrong[i].text,
                      diag.v[0].line, diag.v[0].col);
        unload();
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("grok");
    TCase *t = tcase_create("grok");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, references_become_groups);
    tcase_add_test(t, what_is_no_reference_stays);
    tcase_add_test(t, wrong_references_are_told);
    tcase_add_test(t, expansion_is_bounded);
    tcase_add_test(t, the_library_knows_its_values);
    tcase_add_test(t, the_library_does_not_backtrack_without_end);
    tcase_add_test(t, the_prefilter_reads_the_library);
    tcase_add_test(t, counts_are_loosened_for_the_prefilter);
    tcase_add_test(t, what_holds_in_a_part_holds_in_the_whole);
    tcase_add_test(t, the_prefilter_compiles_what_is_counted);
    tcase_add_test(t, a_brace_may_be_a_brace);
    tcase_add_test(t, every_name_has_a_value);
    tcase_add_test(t, rules_use_names);
    tcase_add_test(t, a_field_may_come_twice);
    tcase_add_test(t, errors_point_at_the_pattern);
    suite_add_tcase(s, t);
    return unit_run(s);
}
