/* A carrier's text is read like a line of a file, whichever carrier brings it, and its level counts as far as the
 * carrier's does not. */
#include "tests/unit/unit.h"

#include "base/arena.h"
#include "base/sbuf.h"
#include "parsers/parser.h"
#include "text/json.h"

static struct record r;

/* Where a text stands; within quotes of JSON where `json`. `level` is what the carrier says; said: of this message. */
static const struct carrier {
    enum format format;
    const char *before, *behind;
    bool json;
    enum level level;
    bool said;
} carriers[] = {
    {FORMAT_SYSLOG, "Nov 23 10:00:00 web1 shop[812]: ", "", false, LEVEL_NONE, false},
    {FORMAT_SYSLOG, "<30>Nov 23 10:00:00 web1 shop[812]: ", "", false, LEVEL_INFO, false},
    {FORMAT_SYSLOG, "<27>Nov 23 10:00:00 web1 shop[812]: ", "", false, LEVEL_ERROR, false},
    {FORMAT_SYSLOG, "<14>Nov 23 10:00:00 web1 shop[812]: ", "", false, LEVEL_INFO, false},
    {FORMAT_SYSLOG, "<30>1 2026-11-23T10:00:00Z web1 shop 812 - - ", "", false, LEVEL_INFO, false},
    {FORMAT_SYSLOG, "<134>Nov 23 10:00:00 web1 shop[812]: ", "", false, LEVEL_INFO, true},
    {FORMAT_SYSLOG, "<131>1 2026-11-23T10:00:00Z web1 shop 812 - - ", "", false, LEVEL_ERROR, true},
    {FORMAT_CRI, "2026-11-23T10:00:00.1Z stderr F ", "", false, LEVEL_NONE, false},
    {FORMAT_DOCKER, "{\"log\":\"", "\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-23T10:00:00.1Z\"}", true, LEVEL_NONE,
     false},
    {FORMAT_JOURNAL, "{\"_TRANSPORT\":\"stdout\",\"PRIORITY\":\"6\",\"SYSLOG_FACILITY\":\"3\",\"MESSAGE\":\"", "\"}",
     true, LEVEL_INFO, false},
    {FORMAT_JOURNAL, "{\"_TRANSPORT\":\"stdout\",\"PRIORITY\":\"3\",\"MESSAGE\":\"", "\"}", true, LEVEL_ERROR, false},
    {FORMAT_JOURNAL, "{\"_TRANSPORT\":\"syslog\",\"PRIORITY\":\"6\",\"SYSLOG_FACILITY\":\"1\",\"MESSAGE\":\"", "\"}",
     true, LEVEL_INFO, false},
    {FORMAT_JOURNAL, "{\"_TRANSPORT\":\"syslog\",\"PRIORITY\":\"3\",\"SYSLOG_FACILITY\":\"4\",\"MESSAGE\":\"", "\"}",
     true, LEVEL_ERROR, true},
    {FORMAT_JOURNAL, "{\"_TRANSPORT\":\"journal\",\"PRIORITY\":\"4\",\"MESSAGE\":\"", "\"}", true, LEVEL_WARNING, true},
    {FORMAT_GELF, "{\"host\":\"a\",\"level\":3,\"_container_id\":\"c1\",\"short_message\":\"", "\"}", true, LEVEL_ERROR,
     false},
    {FORMAT_GELF, "{\"host\":\"a\",\"level\":6,\"_container_id\":\"c1\",\"short_message\":\"", "\"}", true, LEVEL_INFO,
     false},
    {FORMAT_GELF, "{\"host\":\"a\",\"level\":4,\"_app\":\"c1\",\"short_message\":\"", "\"}", true, LEVEL_WARNING, true},
    {FORMAT_GELF, "{\"host\":\"a\",\"short_message\":\"", "\"}", true, LEVEL_NONE, false},
    {FORMAT_JSON, "{\"stream\":\"stderr\",\"log\":\"", "\",\"kubernetes\":{\"pod_name\":\"shop-1\"}}", true, LEVEL_NONE,
     false},
    {FORMAT_TEXT, "web-1  | ", "", false, LEVEL_NONE, false},
    {FORMAT_TEXT, "[pod/web-7c-x2/web] ", "", false, LEVEL_NONE, false},
    {FORMAT_TEXT, "shop_web.1.8f2k@node1    | ", "", false, LEVEL_NONE, false},
    {FORMAT_TEXT, "10:00:00 web.1   | ", "", false, LEVEL_NONE, false},
};

#define NGINX_TAIL ", client: 10.0.0.1, server: x, request: \"GET / HTTP/1.1\", host: \"x\""

static const struct text {
    const char *text;
    enum level level;
    const char *message;
    enum format format; /* AUTO: the carrier's */
} texts[] = {
    {"ERROR the disk is gone", LEVEL_ERROR, "the disk is gone", FORMAT_AUTO},
    {"[ERROR] the disk is gone", LEVEL_ERROR, "the disk is gone", FORMAT_AUTO},
    {"2026-11-23T10:00:00.123Z ERROR the disk is gone", LEVEL_ERROR, "the disk is gone", FORMAT_AUTO},
    {"2026-11-23 10:00:00,123 WARNING shop.cart: the disk is slow", LEVEL_WARNING, "the disk is slow", FORMAT_AUTO},
    {"10:00:00.123 [main] ERROR com.acme.Shop - the disk is gone", LEVEL_ERROR, "the disk is gone", FORMAT_AUTO},
    {"E1123 10:00:00.123456    1636 disk.go:18] the disk is gone", LEVEL_ERROR, "the disk is gone", FORMAT_AUTO},
    {"I1123 10:00:00.123456    1636 disk.go:18] the disk is fine", LEVEL_INFO, "the disk is fine", FORMAT_AUTO},
    {"panic: runtime error: no disk", LEVEL_FATAL, "panic: runtime error: no disk", FORMAT_AUTO},
    {"[2026-11-23 10:00:00 +0000] [21] [ERROR] the disk is gone", LEVEL_ERROR, "the disk is gone", FORMAT_AUTO},
    {"CRITICAL:root:the disk is gone", LEVEL_FATAL, "the disk is gone", FORMAT_AUTO},
    {"INFO the disk is fine", LEVEL_INFO, "the disk is fine", FORMAT_AUTO},
    {"level=error msg=\"the disk is gone\" unit=7", LEVEL_ERROR, "the disk is gone", FORMAT_AUTO},
    {"{\"level\":\"error\",\"msg\":\"the disk is gone\"}", LEVEL_ERROR, "the disk is gone", FORMAT_AUTO},
    {"2026/11/23 10:00:00 [error] 7#7: *1 the disk is gone" NGINX_TAIL, LEVEL_ERROR, "the disk is gone",
     FORMAT_NGINX_ERROR},
    {"2026/11/23 10:00:00 [notice] 7#7: start worker processes", LEVEL_INFO, "start worker processes",
     FORMAT_NGINX_ERROR},
    {"10.0.0.1 - - [23/Nov/2026:10:00:00 +0000] \"GET /x HTTP/1.1\" 502 7 \"-\" \"curl\"", LEVEL_WARNING,
     "GET /x HTTP/1.1 -> 502", FORMAT_NGINX_ACCESS},
    {"the disk is gone", LEVEL_NONE, "the disk is gone", FORMAT_AUTO},
    {"shop.disk ERROR the disk is gone", LEVEL_ERROR, "the disk is gone", FORMAT_AUTO},
    {"shop.disk: ERROR: the disk is gone", LEVEL_ERROR, "the disk is gone", FORMAT_AUTO},
    {"shop.disk - ERROR - the disk is gone", LEVEL_ERROR, "the disk is gone", FORMAT_AUTO},
    {"shop.disk: the ERROR of a disk", LEVEL_NONE, NULL, FORMAT_AUTO},
    {"disk ERROR of a kind", LEVEL_NONE, NULL, FORMAT_AUTO},
    {"Config: the disk is gone", LEVEL_NONE, NULL, FORMAT_AUTO},
    {"Note: the disk is gone", LEVEL_NONE, NULL, FORMAT_AUTO},
    {"Error: the disk is gone", LEVEL_ERROR, NULL, FORMAT_AUTO},
    /* In a place of its own; else it is a word. */
    {"unit=a, level=ERROR, kind=disk", LEVEL_ERROR, NULL, FORMAT_AUTO},
    {"unit=a; level=error; kind=\"disk\"", LEVEL_ERROR, NULL, FORMAT_AUTO},
    {"unit=a|severity=critical|kind=disk", LEVEL_FATAL, NULL, FORMAT_AUTO},
    {"Module=\"disk\" Level=\"ERROR\":  Action=\"sent\"", LEVEL_ERROR, NULL, FORMAT_AUTO},
    {"7 1 unit=a lvl=error", LEVEL_ERROR, NULL, FORMAT_AUTO},
    {"the disk is gone: unit=a level=error", LEVEL_NONE, NULL, FORMAT_AUTO},
    {"severity=\"warning\"", LEVEL_WARNING, NULL, FORMAT_AUTO},
    {"unit=a, loglevel=error, level=errors, level='error'", LEVEL_NONE, NULL, FORMAT_AUTO},
    {"system,error,critical login failure for user root", LEVEL_ERROR, "login failure for user root", FORMAT_AUTO},
    {"interface,warning ether1 flaps", LEVEL_WARNING, "ether1 flaps", FORMAT_AUTO},
    {"red,green,blue lights are on", LEVEL_NONE, "red,green,blue lights are on", FORMAT_AUTO},
    {"CEF:0|Acme|Wall|1.0|100|Link down|8|act=blocked", LEVEL_ERROR, "Link down", FORMAT_AUTO},
    {"CEF:0|Acme|Wa\\|ll|1.0|100|Link up|Low|act=none", LEVEL_INFO, "Link up", FORMAT_AUTO},
    {"LEEF:1.0|Acme|Wall|1.0|7|cat=net\tsev=9\tusr=a", LEVEL_FATAL, NULL, FORMAT_AUTO},
};
enum { CARRIERS = sizeof carriers / sizeof *carriers, TEXTS = sizeof texts / sizeof *texts };

static struct slice carried(struct arena *a, const struct carrier *c, const char *text)
{
    struct sbuf out;
    sbuf_init(&out, 10000);
    sbuf_addf(&out, "%s", c->before);
    for (const char *p = text; *p; p++) {
        bool escaped = c->json && (*p == '"' || *p == '\\');
        sbuf_addf(&out, c->json && *p == '\t' ? "\\t" : escaped ? "\\%c" : "%c", *p);
    }
    sbuf_addf(&out, "%s", c->behind);
    struct slice message = arena_dup(a, sbuf_slice(&out));
    sbuf_done(&out);
    return message;
}

static enum level more(enum level a, enum level b)
{
    return a > b ? a : b;
}

static void ck_text(struct arena *a, const struct carrier *c, const struct text *t)
{
    struct parse_ctx ctx = {.arena = a, .now_us = INT64_C(1795428000000000), .last_us = RECORD_NO_TIME};
    struct slice raw = carried(a, c, t->text);
    record_init(&r, c->format, raw);
    ck_assert_msg(parser_parse(c->format, &ctx, &r), "%.*s: %s", SLICE_ARG(raw), ctx.reason);
    enum format carriers_own = c->format == FORMAT_JOURNAL ? FORMAT_SYSLOG : c->format;
    ck_assert_msg(r.format == (t->format ? t->format : carriers_own), "%.*s: %s", SLICE_ARG(raw),
                  format_name(r.format));
    enum level want = t->level == LEVEL_NONE ? c->level : c->said && !t->format ? more(c->level, t->level) : t->level;
    ck_assert_msg(r.level == want, "%.*s: level %s", SLICE_ARG(raw), level_name(r.level));
    const char *message = t->message ? t->message : t->text;
    ck_assert_msg(slice_is(r.message, message), "%.*s: '%.*s'", SLICE_ARG(raw), SLICE_ARG(r.message));
}

START_TEST(a_text_is_the_same_in_every_carrier)
{
    struct arena a = {0};
    ck_text(&a, &carriers[_i % CARRIERS], &texts[_i / CARRIERS]);
    arena_done(&a);
}
END_TEST

/* What the carrier knows stays. */
START_TEST(the_carrier_is_named)
{
    struct arena a = {0};
    ck_text(&a, &carriers[1], &texts[4]);
    ck_slice(r.host, "web1");
    ck_slice(r.app, "shop");
    ck_slice(r.procid, "812");
    ck_slice(r.logger, "com.acme.Shop");
    ck_assert_int_eq(r.facility, 3);
    ck_assert_int_eq(r.severity, 6);
    ck_text(&a, &carriers[14], &texts[13]);
    ck_slice(record_value(&r, "container_id"), "c1");
    ck_slice(record_value(&r, "client"), "10.0.0.1");
    ck_assert_int_eq(r.severity, 3);
    ck_text(&a, &carriers[CARRIERS - 4], &texts[0]);
    ck_slice(record_value(&r, "source"), "web-1");
    arena_done(&a);
}
END_TEST

/* Two words, or one in a column of its own, are a name where a head follows, and else the text. */
START_TEST(a_name_in_doubt)
{
    static const struct {
        const char *line, *source, *message;
    } lines[] = {{"web  | ERROR no disk", "web", "no disk"},
                 {"web  | [error] no disk", "web", "no disk"},
                 {"web  | level=error msg=\"no disk\"", "web", "no disk"},
                 {"web  | no disk", NULL, "web  | no disk"},
                 {"web-7c-x2 nginx 2026-11-23 10:00:00 ERROR no disk", "web-7c-x2 nginx", "no disk"},
                 {"web-7c-x2 nginx E1123 10:00:00.123456    1636 disk.go:18] no disk", "web-7c-x2 nginx", "no disk"},
                 {"web-7c-x2 nginx has no disk", NULL, "web-7c-x2 nginx has no disk"},
                 {"disk drive 2026-11-23 10:00:00 ERROR", NULL, "disk drive 2026-11-23 10:00:00 ERROR"}};
    struct arena a = {0};
    struct parse_ctx ctx = {.arena = &a, .now_us = INT64_C(1795428000000000), .last_us = RECORD_NO_TIME};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        record_init(&r, FORMAT_TEXT, slice_str(lines[i].line));
        ck_assert(parser_parse(FORMAT_TEXT, &ctx, &r));
        ck_slice(r.message, lines[i].message);
        ck_slice(record_value(&r, "source"), lines[i].source ? lines[i].source : "");
    }
    arena_done(&a);
}
END_TEST

/* Blanks before a level are a column; all others are an indentation, which traces need. */
START_TEST(a_level_in_a_column)
{
    static const struct {
        const char *line, *message;
        enum level level;
    } lines[] = {{"Nov 23 10:00:00 web1 mill[812]:  error: no water", "error: no water", LEVEL_ERROR},
                 {"Nov 23 10:00:00 web1 mill[812]:   notice: no error", "notice: no error", LEVEL_INFO},
                 {"Nov 23 10:00:00 web1 mill[812]:  errors: none", " errors: none", LEVEL_NONE},
                 {"Nov 23 10:00:00 web1 mill[812]:  at error: x", " at error: x", LEVEL_NONE},
                 {"Nov 23 10:00:00 web1 mill[812]:     error: no water", "    error: no water", LEVEL_NONE}};
    struct arena a = {0};
    struct parse_ctx ctx = {.arena = &a, .now_us = INT64_C(1795428000000000), .last_us = RECORD_NO_TIME};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        record_init(&r, FORMAT_SYSLOG, slice_str(lines[i].line));
        ck_assert(parser_parse(FORMAT_SYSLOG, &ctx, &r));
        ck_slice(r.message, lines[i].message);
        ck_assert_int_eq(r.level, lines[i].level);
    }
    arena_done(&a);
}
END_TEST

/* However deep somebody nests it, it ends. */
START_TEST(nothing_is_read_without_end)
{
    struct arena a = {0};
    struct parse_ctx ctx = {.arena = &a, .now_us = INT64_C(1795428000000000), .last_us = RECORD_NO_TIME};
    struct sbuf text;
    sbuf_init(&text, 1 << 20);
    for (int i = 0; i < 20000; i++)
        sbuf_addf(&text, _i ? "a-1 | " : "<13>a: ");
    sbuf_addf(&text, "ERROR x");
    record_init(&r, FORMAT_SYSLOG, sbuf_slice(&text));
    ck_assert(parser_parse(FORMAT_SYSLOG, &ctx, &r));
    sbuf_done(&text);
    arena_done(&a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("nested");
    TCase *t = tcase_create("nested");
    tcase_add_loop_test(t, a_text_is_the_same_in_every_carrier, 0, CARRIERS * TEXTS);
    tcase_add_test(t, the_carrier_is_named);
    tcase_add_test(t, a_name_in_doubt);
    tcase_add_test(t, a_level_in_a_column);
    tcase_add_loop_test(t, nothing_is_read_without_end, 0, 2);
    suite_add_tcase(s, t);
    return unit_run(s);
}
