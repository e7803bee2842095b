#include "tests/unit/unit.h"

#include <stdio.h>

#include "parsers/field_names.h"
#include "parsers/parser.h"

static struct arena arena;
static struct record r;

static bool parse(enum format f, struct slice raw)
{
    struct parse_ctx ctx = {.arena = &arena, .now_us = INT64_C(1700000000000000), .last_us = RECORD_NO_TIME};
    record_init(&r, f, raw);
    return parser_parse(f, &ctx, &r);
}

/* What each logger writes for one failure, in its default layout. */
static const struct {
    const char *logger, *line;
    enum level level;
    const char *message, *time, *stack, *field, *value;
} samples[] = {
    {"bunyan",
     "{\"name\":\"shop\",\"hostname\":\"web-1\",\"pid\":812,\"level\":50,\"err\":{\"message\":\"no "
     "disk\",\"name\":\"Error\",\"stack\":\"Error: "
     "no disk\\n    at f (/srv/a.js:1:2)\"},\"msg\":\"save "
     "failed\",\"time\":\"2026-11-23T10:00:00.123Z\",\"v\":0}",
     LEVEL_ERROR, "save failed", "2026-11-23T10:00:00.123Z", "Error: no disk\n    at f (/srv/a.js:1:2)", "err.name",
     "Error"},
    {"pino",
     "{\"level\":60,\"time\":1795428000123,\"pid\":657,\"hostname\":\"web-1\",\"reqId\":\"req-1\",\"err\":{"
     "\"type\":\"TypeError\",\"message\":"
     "\"x\",\"stack\":\"TypeError: x\\n    at /srv/b.js:3:4\"},\"msg\":\"crash\"}",
     LEVEL_FATAL, "crash", "2026-11-23T10:00:00.123Z", "TypeError: x\n    at /srv/b.js:3:4", "err.type", "TypeError"},
    {"winston",
     "{\"level\":\"error\",\"message\":\"boom\",\"timestamp\":\"2026-11-23T10:00:00.000Z\",\"stack\":\"Error:"
     " boom\\n    at g\"}",
     LEVEL_ERROR, "boom", "2026-11-23T10:00:00.000Z", "Error: boom\n    at g", NULL, NULL},
    {"zap",
     "{\"level\":\"dpanic\",\"ts\":1795428000.5,\"logger\":\"api\",\"caller\":\"api/"
     "h.go:12\",\"msg\":\"bad\",\"error\":\"dial tcp: refused\","
     "\"stacktrace\":\"main.f\\n\\t/src/main.go:23\"}",
     LEVEL_FATAL, "bad", "2026-11-23T10:00:00.500Z", "main.f\n\t/src/main.go:23", "error", "dial tcp: refused"},
    {"logrus", "{\"error\":\"EOF\",\"level\":\"warning\",\"msg\":\"retry\",\"time\":\"2026-11-23T11:00:00+01:00\"}",
     LEVEL_WARNING, "retry", "2026-11-23T10:00:00.000Z", "", "error", "EOF"},
    {"zerolog", "{\"level\":\"error\",\"error\":\"file missing\",\"time\":1795428000,\"caller\":\"/x.go:3\"}",
     LEVEL_ERROR, "file missing", "2026-11-23T10:00:00.000Z", "", "caller", "/x.go:3"},
    {"slog",
     "{\"time\":\"2026-11-23T10:00:00.1Z\",\"level\":\"ERROR+2\",\"msg\":\"down\",\"source\":{\"file\":\"a."
     "go\",\"line\":7}}",
     LEVEL_ERROR, "down", "2026-11-23T10:00:00.100Z", "", "source", "{\"file\":\"a.go\",\"line\":7}"},
    {"serilog",
     "{\"@t\":\"2026-11-23T10:00:00.0000000Z\",\"@mt\":\"Order {OrderId:000} of {@User} failed "
     "{Nope}\",\"@l\":\"Fatal\",\"@x\":\"System."
     "Exception: x\\n   at A.B()\",\"OrderId\":42,\"User\":\"eve\",\"SourceContext\":\"Shop.Cart\"}",
     LEVEL_FATAL, "Order 42 of eve failed {Nope}", "2026-11-23T10:00:00.000Z", "System.Exception: x\n   at A.B()",
     "OrderId", "42"},
    {"serilog without level", "{\"@t\":\"2026-11-23T10:00:00Z\",\"@m\":\"started\"}", LEVEL_INFO, "started",
     "2026-11-23T10:00:00.000Z", "", NULL, NULL},
    {"log4j2",
     "{\"instant\":{\"epochSecond\":1795428000,\"nanoOfSecond\":123000000},\"thread\":\"main\",\"level\":"
     "\"ERROR\",\"loggerName\":\"a.B\","
     "\"message\":\"oops\",\"thrown\":{\"commonElementCount\":0,\"message\":\"no\",\"name\":\"java.lang."
     "IllegalStateException\","
     "\"extendedStackTrace\":[{\"class\":\"a.B\",\"method\":\"run\",\"file\":\"B.java\",\"line\":12,"
     "\"exact\":true},{\"class\":\"a.C\","
     "\"method\":\"main\"}]},\"contextMap\":{\"requestId\":\"r-9\"}}",
     LEVEL_ERROR, "oops", "2026-11-23T10:00:00.123Z",
     "java.lang.IllegalStateException: no\n\tat a.B.run(B.java:12)\n\tat a.C.main(Unknown Source)", "requestId", "r-9"},
    {"logback",
     "{\"sequenceNumber\":0,\"timestamp\":1795428000123,\"nanoseconds\":123000000,\"level\":\"WARN\","
     "\"threadName\":\"main\",\"loggerName\":"
     "\"a.B\",\"mdc\":{\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\"},\"message\":\"slow\",\"throwable\":{"
     "\"className\":\"a.X\",\"message\":"
     "\"y\",\"stepArray\":[{\"className\":\"a.B\",\"methodName\":\"run\",\"fileName\":\"B.java\","
     "\"lineNumber\":-2}]}}",
     LEVEL_WARNING, "slow", "2026-11-23T10:00:00.123Z", "a.X: y\n\tat a.B.run(B.java)", "threadName", "main"},
    {"logstash-logback",
     "{\"@timestamp\":\"2026-11-23T10:00:00.000Z\",\"@version\":\"1\",\"message\":\"m\",\"logger_name\":\"a."
     "B\",\"level\":\"ERROR\","
     "\"level_value\":40000,\"stack_trace\":\"a.X: y\\n\\tat a.B.run(B.java:3)\"}",
     LEVEL_ERROR, "m", "2026-11-23T10:00:00.000Z", "a.X: y\n\tat a.B.run(B.java:3)", "logger_name", "a.B"},
    {"python-json-logger",
     "{\"asctime\":\"2026-11-23 "
     "10:00:00,123\",\"levelname\":\"CRITICAL\",\"name\":\"shop.db\",\"message\":\"lost\",\"exc_info\":"
     "\"Traceback (most "
     "recent call last):\\n  File \\\"a.py\\\", line 1, in f\\nValueError: x\",\"taskName\":null}",
     LEVEL_FATAL, "lost", "2026-11-23T10:00:00.123Z",
     "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: x", "name", "shop.db"},
    {"structlog",
     "{\"event\":\"payment "
     "declined\",\"level\":\"warn\",\"timestamp\":\"2026-11-23T10:00:00Z\",\"amount\":12.50,\"ok\":false}",
     LEVEL_WARNING, "payment declined", "2026-11-23T10:00:00.000Z", "", "amount", "12.50"},
    {"klog",
     "{\"ts\":1795428000.123,\"caller\":\"a/b.go:7\",\"msg\":\"Sync "
     "failed\",\"pod\":\"x/y\",\"err\":\"conflict\"}",
     LEVEL_ERROR, "Sync failed", "2026-11-23T10:00:00.123Z", "", "err", "conflict"},
    {"tracing",
     "{\"timestamp\":\"2026-11-23T10:00:00Z\",\"level\":\"ERROR\",\"fields\":{\"message\":\"rust\",\"code\":"
     "7},\"target\":\"app::db\"}",
     LEVEL_ERROR, "rust", "2026-11-23T10:00:00.000Z", "", "code", "7"},
    {"ECS",
     "{\"@timestamp\":\"2026-11-23T10:00:00Z\",\"log.level\":\"ERROR\",\"message\":\"e\",\"service.name\":"
     "\"shop\",\"trace.id\":"
     "\"0af7651916cd43dd8448eb211c80319c\",\"error\":{\"type\":\"X\",\"stack_trace\":\"X: y\\n\\tat z\"}}",
     LEVEL_ERROR, "e", "2026-11-23T10:00:00.000Z", "X: y\n\tat z", "error.type", "X"},
    {"Google", "{\"severity\":\"EMERGENCY\",\"message\":\"g\",\"timestamp\":{\"seconds\":1795428000,\"nanos\":5000}}",
     LEVEL_FATAL, "g", "2026-11-23T10:00:00.000Z", "", "timestamp", "{\"seconds\":1795428000,\"nanos\":5000}"},
    {"Monolog",
     "{\"message\":\"php\",\"context\":{\"user\":7},\"level\":550,\"level_name\":\"ALERT\",\"channel\":"
     "\"app\",\"datetime\":\"2026-11-23T10:00:00.000000+00:00\",\"extra\":{}}",
     LEVEL_FATAL, "php", "2026-11-23T10:00:00.000Z", "", "user", "7"},
    {"zap's development encoder",
     "{\"L\":\"ERROR\",\"T\":\"2026-11-23T10:00:00.123Z\",\"N\":\"api\",\"C\":\"a/"
     "h.go:12\",\"M\":\"bad\",\"S\":\"main.f\\n\\t/src/main.go:23\"}",
     LEVEL_ERROR, "bad", "2026-11-23T10:00:00.123Z", "main.f\n\t/src/main.go:23", "C", "a/h.go:12"},
    {"zerolog with a stack",
     "{\"level\":\"error\",\"stack\":[{\"func\":\"load\",\"line\":\"20\",\"source\":\"disk.go\"},{\"func\":"
     "\"main\",\"line\":\"9\",\"source\":\"main.go\"}],\"error\":\"no disk\",\"time\":1795428000}",
     LEVEL_ERROR, "no disk", "2026-11-23T10:00:00.000Z",
     "(1) attached stack trace\n  -- stack trace:\n  | load\n  | \tdisk.go:20\n  | main\n  | \tmain.go:9", "error",
     "no disk"},
    {"winston with the stack as the error",
     "{\"level\":\"error\",\"message\":\"save failed\",\"err\":\"Error: no disk\\n    at f "
     "(/srv/a.js:1:2)\"}",
     LEVEL_ERROR, "save failed", "", "Error: no disk\n    at f (/srv/a.js:1:2)", NULL, NULL},
    {"winston for logstash",
     "{\"@fields\":{\"level\":\"warn\",\"order\":7},\"@message\":\"slow\",\"@timestamp\":\"2026-11-23T10:00:"
     "00Z\"}",
     LEVEL_WARNING, "slow", "2026-11-23T10:00:00.000Z", "", "order", "7"},
    {"logback's own",
     "{\"timestamp\":1795428000123,\"level\":\"ERROR\",\"loggerName\":\"a.B\",\"message\":\"cannot "
     "{}\",\"arguments\":[\"save\"],\"formattedMessage\":\"cannot save\"}",
     LEVEL_ERROR, "cannot save", "2026-11-23T10:00:00.123Z", "", "message", "cannot {}"},
    {"JBoss",
     "{\"timestamp\":\"2026-11-23T10:00:00.5Z\",\"level\":\"ERROR\",\"loggerName\":\"a.B\",\"message\":"
     "\"oops\",\"exception\":{\"refId\":1,\"exceptionType\":\"a.X\",\"message\":\"y\",\"frames\":[{\"class\":"
     "\"a.B\",\"method\":\"run\",\"line\":3}]}}",
     LEVEL_ERROR, "oops", "2026-11-23T10:00:00.500Z", "a.X: y\n\tat a.B.run(Unknown Source:3)",
     "exception.exceptionType", "a.X"},
    {"Elasticsearch",
     "{\"type\":\"server\",\"timestamp\":\"2026-11-23T10:00:00,123Z\",\"level\":\"ERROR\",\"component\":\"o."
     "e.X\",\"message\":\"oops\",\"stacktrace\":[\"a.X: y\",\"\\tat a.B.run(B.java:3)\"]}",
     LEVEL_ERROR, "oops", "2026-11-23T10:00:00.123Z", "a.X: y\n\tat a.B.run(B.java:3)", "type", "server"},
    {"structlog with exceptions as objects",
     "{\"event\":\"save "
     "failed\",\"level\":\"error\",\"timestamp\":1795428000.5,\"exception\":[{\"exc_type\":\"SaveError\","
     "\"exc_value\":\"no\",\"is_cause\":false,\"frames\":[{\"filename\":\"a.py\",\"lineno\":3,\"name\":"
     "\"save\"}]},{\"exc_type\":\"OSError\",\"exc_value\":\"disk\",\"is_cause\":true,\"frames\":[{"
     "\"filename\":\"b.py\",\"lineno\":7,\"name\":\"write\"}]}]}",
     LEVEL_ERROR, "save failed", "2026-11-23T10:00:00.500Z",
     "Traceback (most recent call last):\n  File \"b.py\", line 7, in write\nOSError: disk\n\nThe above "
     "exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  "
     "File \"a.py\", line 3, in save\nSaveError: no",
     NULL, NULL},
    {"loguru",
     "{\"text\":\"2026-11-23 10:00:00.000 | ERROR    | shop:f:3 - boom\\nTraceback (most recent call "
     "last):\\nValueError: "
     "x\\n\",\"record\":{\"level\":{\"icon\":\"x\",\"name\":\"ERROR\",\"no\":40},\"message\":\"boom\","
     "\"time\":{\"repr\":\"r\",\"timestamp\":1795428000.25}}}",
     LEVEL_ERROR, "boom", "2026-11-23T10:00:00.250Z",
     "2026-11-23 10:00:00.000 | ERROR    | shop:f:3 - boom\nTraceback (most recent call last):\nValueError: "
     "x",
     NULL, NULL},
    {"AWS Lambda",
     "{\"timestamp\":\"2026-11-23T10:00:00.123Z\",\"level\":\"ERROR\",\"message\":{\"errorType\":"
     "\"TypeError\",\"errorMessage\":\"x is undefined\",\"stackTrace\":[\"TypeError: x is undefined\",\"    "
     "at h (/var/task/a.js:1:2)\"]}}",
     LEVEL_ERROR, "x is undefined", "2026-11-23T10:00:00.123Z",
     "TypeError: x is undefined\n    at h (/var/task/a.js:1:2)", "errorType", "TypeError"},
    {"MongoDB",
     "{\"t\":{\"$date\":\"2026-11-23T11:00:00.123+01:00\"},\"s\":\"E\",\"c\":\"STORAGE\",\"id\":20561,"
     "\"ctx\":\"main\",\"msg\":\"no disk\",\"attr\":{\"code\":9}}",
     LEVEL_ERROR, "no disk", "2026-11-23T10:00:00.123Z", "", "c", "STORAGE"},
    {"MongoDB for debugging",
     "{\"t\":{\"$date\":\"2026-11-23T10:00:00.123Z\"},\"s\":\"D2\",\"c\":\"QUERY\",\"msg\":\"plan\"}", LEVEL_DEBUG,
     "plan", "2026-11-23T10:00:00.123Z", "", NULL, NULL},
    {"PostgreSQL",
     "{\"timestamp\":\"2026-11-23 10:00:00.123 "
     "UTC\",\"pid\":7,\"error_severity\":\"ERROR\",\"state_code\":\"42P01\",\"message\":\"no such "
     "relation\"}",
     LEVEL_ERROR, "no such relation", "2026-11-23T10:00:00.123Z", "", "state_code", "42P01"},
    {"MySQL",
     "{\"prio\":1,\"err_code\":10584,\"msg\":\"no "
     "disk\",\"time\":\"2026-11-23T10:00:00.123456Z\",\"label\":\"Error\"}",
     LEVEL_ERROR, "no disk", "2026-11-23T10:00:00.123Z", "", "err_code", "10584"},
    {"Google, exported", "{\"severity\":\"CRITICAL\",\"textPayload\":\"gone\",\"timestamp\":\"2026-11-23T10:00:00Z\"}",
     LEVEL_FATAL, "gone", "2026-11-23T10:00:00.000Z", "", NULL, NULL},
    {"OpenTelemetry",
     "{\"Timestamp\":\"1795428000123456789\",\"SeverityNumber\":17,\"Body\":\"bad\",\"Attributes\":{"
     "\"exception.type\":\"X\",\"exception.stacktrace\":\"X: y\\n at z\"}}",
     LEVEL_ERROR, "bad", "2026-11-23T10:00:00.123Z", "X: y\n at z", "exception.type", "X"},
    {"Monolog with an exception",
     "{\"message\":\"php\",\"context\":{\"order\":7,\"exception\":{\"class\":\"RuntimeException\","
     "\"message\":\"no\",\"file\":\"/a.php:7\"}},\"level\":400}",
     LEVEL_ERROR, "php", "", "RuntimeException: no in /a.php:7\nStack trace:", "exception.class", "RuntimeException"},
    {"Monolog with a chain",
     "{\"message\":\"php\",\"context\":{\"exception\":{\"class\":\"A\\\\B\",\"message\":\"no\",\"file\":\"/a.php:7\","
     "\"trace\":[\"/b.php:8\",\"/c.php:9\"],\"previous\":{\"class\":\"C\",\"message\":\"why\",\"file\":\"/"
     "d.php\",\"line\":3,"
     "\"trace\":[{\"file\":\"/"
     "a.php\",\"line\":6,\"function\":\"f\",\"class\":\"D\"},{\"function\":\"g\"}]}}},\"level\":400}",
     LEVEL_ERROR, "php", "",
     "C: why in /d.php:3\nStack trace:\n#0 /a.php(6): D->f()\n#1 [internal function]: g()\n#2 {main}\n\n"
     "Next A\\B: no in /a.php:7\nStack trace:\n#0 /b.php(8): \n#1 /c.php(9): \n#2 {main}",
     NULL, NULL},
    {"Rails with a pair",
     "{\"level\":\"error\",\"message\":\"job failed\",\"exception\":[\"A::B\",\"no c\"],\"backtrace\":[\"/a.rb:1:in "
     "`x'\","
     "\"/b.rb:2:in `<main>'\"]}",
     LEVEL_ERROR, "job failed", "", "A::B: no c\n/a.rb:1:in `x'\n/b.rb:2:in `<main>'", NULL, NULL},
    {"semantic_logger",
     "{\"level\":\"error\",\"message\":\"bad\",\"exception\":{\"name\":\"A::B\",\"message\":\"no\",\"stack_trace\":[\"/"
     "a.rb:1:in "
     "'A#x'\"],\"cause\":{\"name\":\"KeyError\",\"message\":\"k\",\"stack_trace\":[\"/a.rb:3:in 'A#y'\"]}}}",
     LEVEL_ERROR, "bad", "", "A::B: no\n/a.rb:1:in 'A#x'\nCaused by: KeyError: k\n/a.rb:3:in 'A#y'", NULL, NULL},
    {"Python for ECS",
     "{\"log.level\":\"error\",\"message\":\"bad\",\"error\":{\"type\":\"KeyError\",\"message\":\"'a'\",\"stack_"
     "trace\":\"  File "
     "\\\"/a.py\\\", line 5, in f\\n    g()\\n\"}}",
     LEVEL_ERROR, "bad", "",
     "Traceback (most recent call last):\n  File \"/a.py\", line 5, in f\n    g()\nKeyError: 'a'", "error.type",
     "KeyError"},
    {"Serilog.Exceptions",
     "{\"@t\":\"2026-11-23T10:00:00Z\",\"@mt\":\"bad\",\"@l\":\"Error\",\"ExceptionDetail\":{\"Type\":\"System."
     "Exception\","
     "\"Message\":\"no\",\"StackTrace\":\"   at A.B() in /a.cs:line "
     "3\",\"InnerException\":{\"Type\":\"System.IO.IOException\","
     "\"Message\":\"why\",\"StackTrace\":\"   at A.C()\"}}}",
     LEVEL_ERROR, "bad", "2026-11-23T10:00:00.000Z",
     "System.Exception: no\n ---> System.IO.IOException: why\n   at A.C()\n   --- End of inner exception stack trace "
     "---\n   at A.B() in /a.cs:line 3",
     NULL, NULL},
    {".NET in one line",
     "{\"LogLevel\":\"Error\",\"Message\":\"bad\",\"Exception\":\"System.Exception: no    at A.B() in /a.cs:line 3    "
     "at A.C()\"}",
     LEVEL_ERROR, "bad", "", "System.Exception: no\n   at A.B() in /a.cs:line 3\n   at A.C()", NULL, NULL},
    {"log4j2 with a cause",
     "{\"level\":\"ERROR\",\"message\":\"oops\",\"thrown\":{\"message\":\"no\",\"name\":\"a.X\",\"extendedStackTrace\":"
     "[{"
     "\"class\":\"a.B\",\"method\":\"run\",\"file\":\"B.java\",\"line\":12}],\"cause\":{\"name\":\"a.Y\","
     "\"extendedStackTrace\":"
     "[{\"class\":\"a.C\",\"method\":\"get\",\"file\":\"C.java\",\"line\":-2}]}}}",
     LEVEL_ERROR, "oops", "", "a.X: no\n\tat a.B.run(B.java:12)\nCaused by: a.Y\n\tat a.C.get(C.java)", NULL, NULL},
    {"slog-rs", "{\"msg\":\"bad\",\"level\":\"ERRO\",\"ts\":\"2026-11-23T10:00:00Z\"}", LEVEL_ERROR, "bad",
     "2026-11-23T10:00:00.000Z", "", NULL, NULL},
    {"a level that is none", "{\"msg\":\"bad\",\"level\":\"loud\"}", LEVEL_NONE, "bad", "", "", "level", "loud"},
    {"a message of several values", "{\"msg\":[\"a\",7],\"level\":\"error\"}", LEVEL_ERROR, "[\"a\",7]", "", "", NULL,
     NULL},
    {"a stack under a name of one's own",
     "{\"level\":\"error\",\"msg\":\"failed\",\"meta\":{\"id\":7,\"why\":\"Error: x\\n    at f (/srv/a.js:1:2)\"}}",
     LEVEL_ERROR, "failed", "", "Error: x\n    at f (/srv/a.js:1:2)", NULL, NULL},
    {"a stack under a name of one's own, not in an object",
     "{\"level\":\"error\",\"msg\":\"failed\",\"note\":\"two\\nlines\",\"why\":\"a.B: x\\n\\tat a.C.d(C.java:1)\"}",
     LEVEL_ERROR, "failed", "", "a.B: x\n\tat a.C.d(C.java:1)", NULL, NULL},
};

START_TEST(json_of_each_logger)
{
    const char *name = samples[_i].logger;
    char time[32] = "";
    ck_assert_msg(parse(FORMAT_JSON, slice_str(samples[_i].line)), "%s", name);
    ck_assert_msg(r.level == samples[_i].level, "%s: level %s", name, level_name(r.level));
    ck_slice(r.message, samples[_i].message);
    if (r.time_us != RECORD_NO_TIME)
        stamp_print(r.time_us, time);
    ck_assert_msg(strcmp(time, samples[_i].time) == 0, "%s: time %s", name, time);
    ck_slice(r.full_message, samples[_i].stack);
    if (samples[_i].field)
        ck_slice(record_value(&r, samples[_i].field), samples[_i].value);
    arena_reset(&arena);
}
END_TEST

START_TEST(json_members_of_the_record)
{
    ck_assert(parse(FORMAT_JSON, slice_str(samples[0].line)));
    ck_slice(r.app, "shop");
    ck_slice(r.host, "web-1");
    ck_slice(r.procid, "812");
    ck_assert(!r.logger.n);
    ck_assert(!record_field(&r, SLICE("msg")) && !record_field(&r, SLICE("level")) && !record_field(&r, SLICE("time")));
    ck_assert(parse(FORMAT_JSON, slice_str(samples[1].line)));
    ck_slice(r.request_id, "req-1");
    ck_assert(parse(FORMAT_JSON, slice_str(samples[9].line)));
    ck_slice(r.logger, "a.B");
    ck_slice(r.request_id, "r-9");
    ck_assert(parse(FORMAT_JSON, slice_str(samples[10].line)));
    ck_slice(r.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
    ck_assert(parse(FORMAT_JSON, slice_str(samples[12].line)));
    ck_slice(r.logger, "shop.db");
    ck_assert(
        parse(FORMAT_JSON,
              SLICE("{\"msg\":\"x\",\"traceparent\":\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\"}")));
    ck_slice(r.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
    ck_slice(r.span_id, "00f067aa0ba902b7");
    arena_reset(&arena);
}
END_TEST

/* Half an object whose writer died, and the next one, in one line. */
START_TEST(json_behind_half)
{
    static const char *const whole[] = {"{\"level\":\"info\",\"msg\":\"ha{\"level\":\"error\",\"msg\":\"full\"}",
                                        "{\"level\":\"info\"{\"level\":\"error\",\"msg\":\"full\"}",
                                        "{\"level\":\"info\",\"n\":1{\"level\":\"error\",\"msg\":\"full\"}"};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        ck_assert(parse(FORMAT_JSON, slice_str(whole[i])));
        ck_assert_int_eq(r.level, LEVEL_ERROR);
        ck_slice(r.message, "full");
        ck_assert(!record_field(&r, SLICE("n")));
    }
    /* What a text quotes, and what an object holds, is no record. */
    ck_assert(!parse(FORMAT_JSON, SLICE("{\"msg\":\"a {\\\"level\\\":\\\"fatal\\\",\\\"msg\\\":\\\"x\\\"}")));
    ck_assert(!parse(FORMAT_JSON, SLICE("{\"a\"b,\"in\":{\"level\":\"fatal\",\"msg\":\"x\"}")));
    ck_assert(parse(FORMAT_JSON, SLICE("{\"msg\":\"x{\",\"level\":\"info\"}")));
    ck_slice(r.message, "x{");
    ck_assert(
        parse(FORMAT_DOCKER, SLICE("{\"log\":\"ha{\"log\":\"2026-11-23 10:00:00 ERROR full\\n\",\"stream\":\"stderr\","
                                   "\"time\":\"2026-11-23T10:00:00Z\"}")));
    ck_slice(r.message, "full");
    ck_assert_int_eq(r.level, LEVEL_ERROR);
    arena_reset(&arena);
}
END_TEST

START_TEST(json_odd)
{
    ck_assert(parse(FORMAT_JSON, SLICE("{\"a\":1,\"a\":2,\"b\":\"x\\ty\",\"c\":true,\"d\":null,\"e\":\"\",}")));
    ck_slice(record_value(&r, "a"), "2");
    ck_slice(record_value(&r, "b"), "x\ty");
    ck_assert_int_eq(record_field(&r, SLICE("c"))->type, FIELD_BOOL);
    ck_assert_uint_eq(r.n_fields, 3);
    ck_assert(slice_starts(r.message, SLICE("{\"a\":1")));
    /* A value that is no time stays to be seen. */
    ck_assert(parse(FORMAT_JSON, SLICE("{\"time\":\"yesterday\",\"msg\":\"m\"}")));
    ck_assert(r.time_us == RECORD_NO_TIME);
    ck_slice(record_value(&r, "time"), "yesterday");
    ck_assert(parse(FORMAT_JSON, SLICE("{\"msg\":\"raw\nbreak\",\"n\":NaN}")));
    ck_slice(r.message, "raw\nbreak");
    ck_assert(!parse(FORMAT_JSON, SLICE("{\"msg\":\"cut")));
    ck_assert(!parse(FORMAT_JSON, SLICE("{\"msg\":1} and text")));
    ck_assert(!parse(FORMAT_JSON, SLICE("")));
    arena_reset(&arena);
}
END_TEST

START_TEST(json_many_fields)
{
    struct sbuf b;
    sbuf_init(&b, 100000);
    sbuf_adds(&b, SLICE("{\"msg\":\"m\""));
    for (int i = 0; i < 300; i++)
        sbuf_addf(&b, ",\"k%d\":{\"level\":\"error\"}", i);
    sbuf_adds(&b, SLICE(",\"level\":\"warn\"}"));
    ck_assert(parse(FORMAT_JSON, sbuf_slice(&b)));
    ck_assert(r.fields_lost && r.n_fields < RECORD_FIELDS_MAX);
    ck_slice(r.message, "m");
    ck_assert_int_eq(r.level, LEVEL_WARNING);
    sbuf_reset(&b);
    for (int i = 0; i < 10000; i++)
        sbuf_adds(&b, SLICE("{\"a\":"));
    ck_assert(!parse(FORMAT_JSON, sbuf_slice(&b)));
    sbuf_done(&b);
    arena_reset(&arena);
}
END_TEST

START_TEST(logfmt)
{
    ck_assert(parse(FORMAT_LOGFMT,
                    SLICE("ts=2026-11-23T10:00:00Z level=error msg=\"no \\\"disk\\\"\\nleft\" err=ENOSPC n=7 ok=false "
                          "verbose request_id=r1 caller=a.go:3 empty= path=/a=b")));
    ck_slice(r.message, "no \"disk\"\nleft");
    ck_assert_int_eq(r.level, LEVEL_ERROR);
    ck_assert_int_eq(r.time_us, INT64_C(1795428000000000));
    ck_slice(r.request_id, "r1");
    ck_slice(record_value(&r, "err"), "ENOSPC");
    ck_slice(record_value(&r, "path"), "/a=b");
    ck_assert_int_eq(record_field(&r, SLICE("n"))->type, FIELD_NUMBER);
    ck_assert_int_eq(record_field(&r, SLICE("ok"))->type, FIELD_BOOL);
    ck_assert_int_eq(record_field(&r, SLICE("verbose"))->type, FIELD_BOOL);
    ck_assert(!record_field(&r, SLICE("empty")));
    ck_assert(parse(FORMAT_LOGFMT, SLICE("at=error code=H12 dyno=web.1")));
    ck_slice(r.message, "at=error code=H12 dyno=web.1");
    ck_assert_int_eq(r.level, LEVEL_ERROR);
    ck_assert(parse(FORMAT_LOGFMT, SLICE("at=error code=H10 desc=\"App crashed\" dyno=web.1")));
    ck_slice(r.message, "App crashed");
    arena_reset(&arena);
}
END_TEST

START_TEST(aliases)
{
    unsigned rank;
    ck_assert_int_eq(field_names_role(SLICE("X-Request-ID"), &rank), ROLE_REQUEST);
    ck_assert_int_eq(field_names_role(SLICE("http.request.id"), &rank), ROLE_REQUEST);
    ck_assert_int_eq(field_names_role(SLICE("@t"), &rank), ROLE_TIME);
    ck_assert_int_eq(field_names_role(SLICE("x"), &rank), ROLE_NONE);
    ck_assert_int_eq(field_names_role(SLICE("l"), &rank), ROLE_NONE);
    ck_assert_int_eq(field_names_role(SLICE("L"), &rank), ROLE_LEVEL);
    ck_assert_int_eq(field_names_role(SLICE("logging.googleapis.com/trace"), &rank), ROLE_TRACE);
    ck_assert_int_eq(field_names_role(SLICE(""), &rank), ROLE_NONE);
    ck_assert_int_eq(field_names_role(SLICE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), &rank),
                     ROLE_NONE);
    /* The table must be sorted for every one of its names to be found: the first and last of it, and one of
     * each role. */
    static const char *const names[] = {
        "@l",     "xrequestid", "message", "level",     "time",     "timestampseconds", "timestampnanos",
        "logger", "app",        "host",    "pid",       "span_id",  "traceparent",      "error",
        "stack",  "traceback",  "@x",      "backtrace", "exc_info", "trace_id"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_msg(field_names_role(slice_str(names[i]), &rank) != ROLE_NONE, "%s", names[i]);
    ck_assert_int_eq(field_names_level(SLICE("3.9")), LEVEL_ERROR);
    ck_assert_int_eq(field_names_level(SLICE("0")), LEVEL_FATAL);
    ck_assert_int_eq(field_names_level(SLICE("30")), LEVEL_INFO);
    ck_assert_int_eq(field_names_level(SLICE("400")), LEVEL_ERROR);
    ck_assert_int_eq(field_names_level(SLICE("20000")), LEVEL_INFO);
    ck_assert_int_eq(field_names_level(SLICE("-1")), LEVEL_NONE);
    ck_assert_int_eq(field_names_level(SLICE("9")), LEVEL_NONE);
    ck_assert_int_eq(field_names_level(SLICE("99999999999999999999")), LEVEL_NONE);
    int64_t us;
    ck_assert(field_names_time(SLICE("1.7e9"), NULL, &us) && us == INT64_C(1700000000000000));
    ck_assert(field_names_time(SLICE("1700000000123456789"), NULL, &us) && us == INT64_C(1700000000123456));
    ck_assert(field_names_time(SLICE("23/Nov/2026:11:00:00 +0100"), NULL, &us) && us == INT64_C(1795428000000000));
    ck_assert(!field_names_time(SLICE("0"), NULL, &us) && !field_names_time(SLICE("-5"), NULL, &us) &&
              !field_names_time(SLICE("NaN"), NULL, &us));
    ck_assert(!field_names_time(SLICE("1e999"), NULL, &us) && !field_names_time(SLICE(""), NULL, &us));
}
END_TEST

/* A stack that is a list of its lines, in the object behind the text. */
START_TEST(a_stack_of_lines_behind_a_text)
{
    ck_assert(parse(FORMAT_TEXT, SLICE("2026-11-23T10:00:00.123Z\t1f2e3d4c-0000-1111-2222-333344445555\tERROR\tInvoke "
                                       "Error\t{\"errorType\":\"E\",\"stack\":[\"E: \\u00e4\",\"    at f "
                                       "(/srv/a.js:1:2)\"]}")));
    ck_slice(r.told, "Invoke Error");
    ck_slice(r.full_message, "E: \xc3\xa4\n    at f (/srv/a.js:1:2)\n");
    ck_slice(r.request_id, "1f2e3d4c-0000-1111-2222-333344445555");
    ck_assert(parse(FORMAT_TEXT, SLICE("2026-11-23T10:00:00Z ERROR x {\"stack\":[\"a\",1]}")));
    ck_slice(r.full_message, "");
    ck_assert(parse(FORMAT_TEXT, SLICE("2026-11-23T10:00:00Z ERROR x {\"stack\":{\"a\":\"b\"}}")));
    ck_slice(r.full_message, "");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("loggers");
    TCase *t = tcase_create("loggers");
    tcase_add_loop_test(t, json_of_each_logger, 0, sizeof samples / sizeof *samples);
    tcase_add_test(t, json_members_of_the_record);
    tcase_add_test(t, json_odd);
    tcase_add_test(t, json_behind_half);
    tcase_add_test(t, json_many_fields);
    tcase_add_test(t, logfmt);
    tcase_add_test(t, aliases);
    tcase_add_test(t, a_stack_of_lines_behind_a_text);
    suite_add_tcase(s, t);
    int status = unit_run(s);
    arena_done(&arena);
    return status;
}
