/* What is inside a transport, in the forms of which people have reported that another shipper read them wrong: each
 * part of it is where it belongs. */
#include "tests/unit/unit.h"

#include <math.h>

#include "base/arena.h"
#include "parsers/parser.h"

static struct record r;

/* NULL, NONE and 0: nothing is asked of it. */
static const struct report {
    enum format format;
    const char *text, *message;
    enum level level;
    const char *host, *app, *field, *value;
    double time;
} reports[] = {
    /* ---- events of devices ---- */
    {FORMAT_SYSLOG,
     "<14>Nov 23 10:00:00 gate1 CEF:0|Acme|Wall\\|guard|2.1|31|Tunnel lost|8|src=192.0.2.7 msg=The tunnel is "
     "down.\\n\\nPeer\\=b does not answer cs1=two words",
     "The tunnel is down.\n\nPeer=b does not answer", LEVEL_ERROR, "gate1", "Wall\\|guard", "cs1", "two words", 0},
    {FORMAT_SYSLOG, "<134>Nov 23 10:00:00 gate1 CEF:0|Acme|Wall|2.1|31|Fan \\| pump stands|10|act=none src=192.0.2.7",
     "Fan | pump stands", LEVEL_FATAL, "gate1", "Wall", "src", "192.0.2.7", 0},
    {FORMAT_SYSLOG, "<131>Nov 23 10:00:00 gate1 CEF:0|Acme|Wall|2.1|31|Fan stands|2|msg=a|b failed", "a|b failed",
     LEVEL_ERROR, NULL, NULL, "event_name", "Fan stands", 0},
    {FORMAT_TEXT, "CEF:0|Acme|Wall|2.1|31|Fan stands|9|msg=x \\= C:\\Temp is full", "x = C:\\Temp is full", LEVEL_FATAL,
     NULL, "Wall", "device_version", "2.1", 0},
    {FORMAT_TEXT, "CEF:0|Acme|Wall|2.1|31|Fan stands|8|msg=if a==b then stop dpt=53", "if a==b then stop", LEVEL_ERROR,
     NULL, NULL, "dpt", "53", 0},
    {FORMAT_SYSLOG, "<14>Nov 23 10:00:00 gate1 LEEF:2.0|Acme|Wall|2.1|31|^|sev=7^msg=disk 3 is gone^src=192.0.2.7",
     "disk 3 is gone", LEVEL_ERROR, "gate1", "Wall", "src", "192.0.2.7", 0},
    {FORMAT_SYSLOG, "<14>Nov 23 10:00:00 gate1 LEEF:2.0|Acme|Wall|2.1|31|x5E|sev=7^msg=disk 3 is gone",
     "disk 3 is gone", LEVEL_ERROR, NULL, NULL, NULL, NULL, 0},
    {FORMAT_SYSLOG, "<14>Nov 23 10:00:00 gate1 LEEF:1.0|Acme|Wall|2.1|31|sev=9\tmsg=a|b is gone\tusr=eva",
     "a|b is gone", LEVEL_FATAL, NULL, NULL, "usr", "eva", 0},
    {FORMAT_SYSLOG,
     "<134>  id=firewall sn=18B1 time=\"2026-11-23 10:00:00 UTC\" fw=203.0.113.1 pri=3 c=4 m=98 msg=\"No lease left\"",
     "No lease left", LEVEL_ERROR, "203.0.113.1", NULL, "sn", "18B1", 1795428000},

    /* ---- heads of syslog ---- */
    {FORMAT_SYSLOG, "Nov 23 10:00:00 web1 till[ERROR]: the drawer is stuck", "the drawer is stuck", LEVEL_ERROR, "web1",
     "till", NULL, NULL, 0},
    {FORMAT_SYSLOG, "<131>Nov 23 10:00:00 web1 till[debug]: the drawer is stuck", "the drawer is stuck", LEVEL_ERROR,
     "web1", "till", NULL, NULL, 0},
    {FORMAT_SYSLOG, "<30>Nov 23 10:00:00 web1 till[err7]: the drawer is open", "the drawer is open", LEVEL_INFO, "web1",
     "till", NULL, NULL, 0},
    {FORMAT_SYSLOG, "<27>Nov 23 10:00:00 DREAM DREAM[-]:  pppd[77]: the line is dead", "the line is dead", LEVEL_ERROR,
     "DREAM", "pppd", NULL, NULL, 0},
    {FORMAT_SYSLOG, "<131>1795428000123 MX64 events the uplink is lost", NULL, LEVEL_ERROR, "MX64", NULL, NULL, NULL,
     1795428000.123},
    {FORMAT_SYSLOG,
     "<187>Nov 23 10:00:00 rtr1 -1504483602: RP/0/RSP0/CPU0:Nov 23 10:00:00.416 UTC: ifmgr[297]: %PKT_INFRA-3-UPDOWN : "
     "the line is down",
     NULL, LEVEL_ERROR, "rtr1", "ifmgr", NULL, NULL, 0},

    {FORMAT_SYSLOG, "<187>45: Nov 23 2026 10:00:00 PM.123: %SYS-3-CPUHOG: the task runs", "the task runs", LEVEL_ERROR,
     NULL, "%SYS-3-CPUHOG", NULL, NULL, 1795471200.123},
    {FORMAT_SYSLOG, "<187>45: Nov 23 2026 12:00:00.123 AM: %SYS-3-CPUHOG: the task runs", "the task runs", LEVEL_ERROR,
     NULL, "%SYS-3-CPUHOG", NULL, NULL, 1795392000.123},
    {FORMAT_SYSLOG, "71 <131>1 2026-11-23T10:00:00Z nas Backup - - - the copy failed", "the copy failed", LEVEL_ERROR,
     "nas", "Backup", NULL, NULL, 1795428000},
    {FORMAT_SYSLOG, "15 errors while <131> was sent", NULL, LEVEL_NONE, NULL, NULL, NULL, NULL, 0},
    {FORMAT_SYSLOG, "<27>Nov 23 10:00:00 PM shop: the task runs", "the task runs", LEVEL_ERROR, "PM", "shop", NULL,
     NULL, 1795428000},

    /* ---- objects ---- */
    {FORMAT_DOCKER,
     "{\"log\":\"{\\\\\\\"level\\\\\\\":\\\\\\\"error\\\\\\\",\\\\\\\"msg\\\\\\\":\\\\\\\"no "
     "\\\\\\\\\\\\\\\"change\\\\\\\\\\\\\\\" "
     "left\\\\\\\"}\\\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-23T10:00:00Z\"}",
     "no \"change\" left", LEVEL_ERROR, NULL, NULL, NULL, NULL, 1795428000},
    {FORMAT_JSON,
     "{\"EventTime\":\"2026-11-23 10:00:00\",\"Hostname\":\"WIN-1\",\"SeverityValue\":4,\"Message\":\"no lease\"}",
     "no lease", LEVEL_ERROR, "WIN-1", NULL, NULL, NULL, 1795428000},
    {FORMAT_JSON, "{\"SeverityValue\":2,\"Message\":\"a lease\"}", "a lease", LEVEL_INFO, NULL, NULL, NULL, NULL, 0},
    {FORMAT_JSON, "{\"computer_name\":\"WIN-1\",\"level\":\"Error\",\"message\":\"no lease\"}", "no lease", LEVEL_ERROR,
     "WIN-1", NULL, NULL, NULL, 0},
    {FORMAT_JSON,
     "{\"fromhost\":\"h1\",\"syslogseverity-text\":\"err\",\"programname\":\"till\",\"msg\":\" no change\"}",
     "no change", LEVEL_ERROR, "h1", "till", NULL, NULL, 0},
    {FORMAT_JSON, "{\"host\":\"h1\",\"severity\":\"err\",\"syslog-tag\":\"till[812]:\",\"message\":\" no change\"}",
     "no change", LEVEL_ERROR, "h1", "till", NULL, NULL, 0},
    {FORMAT_JSON, "{\"syslogseverity\":\"3\",\"syslogtag\":\"till:\",\"msg\":\"no change\"}", "no change", LEVEL_ERROR,
     NULL, "till", NULL, NULL, 0},
    {FORMAT_JSON,
     "{\"labels\":{\"app\":\"till\"},\"line\":\"level=error msg=\\\"no "
     "change\\\"\",\"timestamp\":\"2026-11-23T10:00:00Z\"}",
     "no change", LEVEL_ERROR, NULL, NULL, NULL, NULL, 1795428000},
    {FORMAT_JSON, "{\"level\":\"error\",\"error\":\"no change\",\"file\":\"till.c\",\"line\":\"17\"}", "no change",
     LEVEL_ERROR, NULL, NULL, "line", "17", 0},
    {FORMAT_JSON, "{\"level\":\"Error\",\"category\":\"Console\",\"resultDescription\":\"no change\"}", "no change",
     LEVEL_ERROR, NULL, NULL, NULL, NULL, 0},
    {FORMAT_JSON,
     "{\"textPayload\":\"level=info msg=\\\"all is "
     "well\\\"\",\"severity\":\"ERROR\",\"logName\":\"projects/a/logs/stderr\"}",
     "all is well", LEVEL_INFO, NULL, NULL, NULL, NULL, 0},
    {FORMAT_JSON, "{\"textPayload\":\"no change\",\"severity\":\"ERROR\",\"logName\":\"projects/a/logs/stderr\"}",
     "no change", LEVEL_ERROR, NULL, NULL, NULL, NULL, 0},
    {FORMAT_JSON, "{\"textPayload\":\"INFO odd\",\"severity\":\"ERROR\",\"logName\":\"projects/a/logs/till\"}",
     "INFO odd", LEVEL_ERROR, NULL, NULL, NULL, NULL, 0},
    {FORMAT_JSON,
     "{\"container_id\":\"c1\",\"log\":\"{\\\"level\\\":\\\"error\\\",\\\"msg\\\":\\\"no "
     "change\\\",\\\"list\\\":\\\"ab\",\"partial_message\":"
     "\"true\",\"partial_id\":\"p\",\"partial_ordinal\":\"1\",\"partial_last\":\"false\"}",
     "no change", LEVEL_ERROR, NULL, NULL, "partial_id", "p", 0},
    {FORMAT_JOURNAL,
     "{\"__REALTIME_TIMESTAMP\":\"1795428000123456\",\"CONTAINER_PARTIAL_MESSAGE\":\"true\",\"CONTAINER_ID\":\"c1\","
     "\"PRIORITY\":\"6\",\"MESSAGE\":\"{\\\"level\\\":\\\"error\\\",\\\"msg\\\":\\\"no "
     "change\\\",\\\"list\\\":\\\"ab\"}",
     "no change", LEVEL_ERROR, NULL, NULL, "container_id", "c1", 0},
    {FORMAT_JOURNAL,
     "{\"_TRANSPORT\":\"journal\",\"PRIORITY\":\"3\",\"CONTAINER_ID\":\"c1\",\"CONTAINER_NAME\":\"till\","
     "\"SYSLOG_IDENTIFIER\":\"c1\",\"MESSAGE\":\"INFO the drawer is open\"}",
     "the drawer is open", LEVEL_INFO, NULL, "till", NULL, NULL, 0},
    {FORMAT_JOURNAL,
     "{\"_TRANSPORT\":\"journal\",\"PRIORITY\":\"6\",\"CONTAINER_ID\":\"c1\",\"CONTAINER_NAME\":\"till\","
     "\"SYSLOG_IDENTIFIER\":\"conmon\",\"MESSAGE\":\"<3>no change\\n\"}",
     NULL, LEVEL_ERROR, NULL, "till", NULL, NULL, 0},
    {FORMAT_JOURNAL,
     "{\"_TRANSPORT\":\"journal\",\"PRIORITY\":\"3\",\"CONTAINER_ID\":\"c1\",\"CONTAINER_NAME\":\"till\","
     "\"SYSLOG_IDENTIFIER\":\"shop/till\",\"MESSAGE\":\"no change\"}",
     "no change", LEVEL_ERROR, NULL, "shop/till", NULL, NULL, 0},
    {FORMAT_JOURNAL, "{\"_TRANSPORT\":\"journal\",\"PRIORITY\":\"3\",\"MESSAGE\":\"INFO odd\"}", "odd", LEVEL_ERROR,
     NULL, NULL, NULL, NULL, 0},
    {FORMAT_JOURNAL, "{\"PRIORITY\":\"27\",\"SYSLOG_FACILITY\":\"3\",\"MESSAGE\":\"no change\"}", "no change",
     LEVEL_ERROR, NULL, NULL, NULL, NULL, 0},
    {FORMAT_JSON,
     "{\"level\":\"info\",\"msg\":\"a\"}{\"level\":\"error\",\"msg\":\"no change\"} {\"level\":\"warn\",\"msg\":\"b\"}",
     "no change", LEVEL_ERROR, NULL, NULL, NULL, NULL, 0},
    {FORMAT_JSON, "{\"level\":\"error\",\"msg\":\"no change\"},", "no change", LEVEL_ERROR, NULL, NULL, NULL, NULL, 0},
    {FORMAT_JSON,
     "{\"message\":\"no "
     "change\",\"log\":{\"syslog\":{\"severity\":{\"code\":3,\"name\":\"Error\"},\"appname\":\"till\","
     "\"hostname\":\"h1\"}}}",
     "no change", LEVEL_ERROR, "h1", "till", NULL, NULL, 0},
    {FORMAT_GELF, "{\"version\":\"1.1\",\"host\":\"h1\",\"level\":3,\"full_message\":\"no change\\nin the drawer\"}",
     "no change", LEVEL_ERROR, "h1", NULL, NULL, NULL, 0},

    /* ---- text ---- */
    {FORMAT_TEXT, "10%|#  |\r20%|## |\r2026-11-23 10:00:00 ERROR sync: the copy failed", "the copy failed", LEVEL_ERROR,
     NULL, NULL, NULL, NULL, 1795428000},
    {FORMAT_TEXT, "2026-11-23 10:00:00 ERROR sync: one\r2026-11-23 10:00:01 INFO two", NULL, LEVEL_ERROR, NULL, NULL,
     NULL, NULL, 1795428000},
    {FORMAT_TEXT, "2026-11-23 10:00:00 +0000 kube.till-1: {\"stream\":\"stderr\",\"log\":\"ERROR no change\"}",
     "no change", LEVEL_ERROR, NULL, NULL, NULL, NULL, 1795428000},
    {FORMAT_TEXT, "2026-11-23 10:00:00 +0000\tkube.till\t{\"level\":\"error\",\"msg\":\"no change\"}", "no change",
     LEVEL_ERROR, NULL, NULL, NULL, NULL, 1795428000},
    {FORMAT_TEXT, "23-Nov-26 10:00:00 ERROR till: no change", "no change", LEVEL_ERROR, NULL, NULL, NULL, NULL,
     1795428000},
    {FORMAT_TEXT, "23/Nov/26 10:00:00 ERROR till: no change", "no change", LEVEL_ERROR, NULL, NULL, NULL, NULL,
     1795428000},
};

static void ck_text(struct slice got, const char *want)
{
    if (want)
        ck_slice(got, want);
}

START_TEST(read)
{
    const struct report *w = &reports[_i];
    struct arena a = {0};
    struct parse_ctx ctx = {.arena = &a, .last_us = RECORD_NO_TIME, .now_us = INT64_C(1795430000000000)};
    record_init(&r, w->format, slice_str(w->text));
    ck_assert_msg(parser_parse(w->format, &ctx, &r), "%s: %s", w->text, ctx.reason);
    ck_text(r.message, w->message);
    ck_assert_int_eq(r.level, w->level);
    ck_text(r.host, w->host);
    ck_text(r.app, w->app);
    if (w->field)
        ck_text(record_value(&r, w->field), w->value);
    if (w->time > 0)
        ck_assert(fabs((double)r.time_us / 1e6 - w->time) < 0.001);
    arena_done(&a);
}
END_TEST

/* The pid behind a program's name in rsyslog's tag; brackets without a colon behind them are part of a name. */
START_TEST(tags)
{
    static const char *const texts[][3] = {{"{\"syslogtag\":\"till[812]:\",\"msg\":\"m\"}", "till", "812"},
                                           {"{\"app\":\"till[812]\",\"msg\":\"m\"}", "till[812]", ""},
                                           {"{\"app\":\":\",\"msg\":\"m\"}", "", ""},
                                           {"{\"app\":\"[]:\",\"msg\":\"m\"}", "[]", ""}};
    struct arena a = {0};
    struct parse_ctx ctx = {.arena = &a, .last_us = RECORD_NO_TIME};
    record_init(&r, FORMAT_JSON, slice_str(texts[_i][0]));
    ck_assert(parser_parse(FORMAT_JSON, &ctx, &r));
    ck_slice(r.app, texts[_i][1]);
    ck_slice(r.procid, texts[_i][2]);
    arena_done(&a);
}
END_TEST

/* Two objects of GELF in one frame: the first is read, and that there was another is counted. */
START_TEST(another_behind)
{
    static const char *const texts[] = {"{\"short_message\":\"a\"}{\"short_message\":\"b\"}",
                                        "{\"short_message\":\"a\"}", "{\"short_message\":\"a\"}\r\n"};
    struct arena a = {0};
    struct parse_ctx ctx = {.arena = &a, .last_us = RECORD_NO_TIME};
    record_init(&r, FORMAT_GELF, slice_str(texts[_i]));
    ck_assert(parser_parse(FORMAT_GELF, &ctx, &r));
    ck_slice(r.message, "a");
    ck_assert_int_eq(ctx.bad_part != NULL, _i == 0);
    arena_done(&a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("reports");
    TCase *t = tcase_create("reports");
    tcase_add_loop_test(t, read, 0, sizeof reports / sizeof *reports);
    tcase_add_loop_test(t, tags, 0, 4);
    tcase_add_loop_test(t, another_behind, 0, 3);
    suite_add_tcase(s, t);
    return unit_run(s);
}
