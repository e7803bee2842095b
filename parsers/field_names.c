#include "parsers/field_names.h"

#include <stdlib.h>

enum { NAME_MAX_BYTES = 32, TRACEPARENT_BYTES = 55, SENTRY_TRACE_BYTES = 49 };

/* Names by their length. The one- and two-letter names of Serilog's compact format keep their @; zap's and
 * MongoDB's of one letter keep their case. */
#define ROWS(...)                                                                                                      \
    {                                                                                                                  \
        (const struct alias[]){__VA_ARGS__}, sizeof((const struct alias[]){__VA_ARGS__}) / sizeof(struct alias)        \
    }
struct alias {
    char name[NAME_MAX_BYTES];
    unsigned char role, rank;
};
static const struct {
    const struct alias *rows;
    size_t n;
} aliases[NAME_MAX_BYTES] = {
    [1] = ROWS({"L", ROLE_LEVEL, 11}, {"M", ROLE_MESSAGE, 11}, {"N", ROLE_LOGGER, 11}, {"S", ROLE_STACK, 22},
               {"T", ROLE_TIME, 11}, {"s", ROLE_LEVEL, 12}, {"t", ROLE_TIME, 12}),
    [2] = ROWS({"@l", ROLE_LEVEL, 0}, {"@m", ROLE_MESSAGE, 2}, {"@t", ROLE_TIME, 0}, {"@x", ROLE_STACK, 6},
               {"ts", ROLE_TIME, 3}, {"at", ROLE_LEVEL, 15}),
    [3] = ROWS({"@mt", ROLE_MESSAGE, 9}, {"@sp", ROLE_SPAN, 2}, {"@tr", ROLE_TRACE, 2}, {"app", ROLE_APP, 0},
               {"err", ROLE_ERROR, 1}, {"log", ROLE_MESSAGE, 6}, {"lvl", ROLE_LEVEL, 3}, {"msg", ROLE_MESSAGE, 1},
               {"pid", ROLE_PID, 0}, {"pod", ROLE_CONTAINER, 0}),
    [4] = ROWS({"body", ROLE_MESSAGE, 7}, {"desc", ROLE_MESSAGE, 20}, {"date", ROLE_TIME, 9}, {"host", ROLE_HOST, 1},
               {"name", ROLE_LOGGER, 7}, {"text", ROLE_MESSAGE, 40}, {"time", ROLE_TIME, 2}, {"dist", ROLE_ORIGIN, 0},
               {"rule", ROLE_FACT, 0}, {"peer", ROLE_FACT, 0}, {"line", ROLE_MESSAGE, 45}),
    [5] = ROWS({"error", ROLE_ERROR, 0}, {"event", ROLE_MESSAGE, 4}, {"level", ROLE_LEVEL, 1},
               {"reqid", ROLE_REQUEST, 1}, {"stack", ROLE_STACK, 0}, {"trace", ROLE_STACK, 34},
               {"label", ROLE_LEVEL, 13}, {"image", ROLE_CONTAINER, 0}, {"input", ROLE_FACT, 0}),
    [6] = ROWS({"errmsg", ROLE_ERROR, 8}, {"logger", ROLE_LOGGER, 0}, {"procid", ROLE_PID, 3}, {"spanid", ROLE_SPAN, 0},
               {"target", ROLE_LOGGER, 6}, {"module", ROLE_LOGGER, 9}, {"t$date", ROLE_TIME, 11},
               {"poduid", ROLE_CONTAINER, 0}, {"server", ROLE_ORIGIN, 0}, {"format", ROLE_FACT, 0}),
    [7] = ROWS({"errtype", ROLE_ERROR_TYPE, 2}, {"errname", ROLE_ERROR_TYPE, 4}, {"exctype", ROLE_ERROR_TYPE, 12},
               {"appname", ROLE_APP, 1}, {"asctime", ROLE_TIME, 6}, {"channel", ROLE_LOGGER, 4},
               {"created", ROLE_TIME, 10}, {"excinfo", ROLE_STACK, 8}, {"exctext", ROLE_STACK, 9},
               {"levelno", ROLE_LEVEL, 8}, {"message", ROLE_MESSAGE, 0}, {"program", ROLE_APP, 6},
               {"service", ROLE_APP, 4}, {"traceid", ROLE_TRACE, 0}, {"podname", ROLE_CONTAINER, 0},
               {"imageid", ROLE_CONTAINER, 0}, {"release", ROLE_ORIGIN, 0}),
    [8] = ROWS({"exctrace", ROLE_STACK, 29}, {"excvalue", ROLE_ERROR, 11}, {"errtrace", ROLE_STACK, 26},
               {"excclass", ROLE_ERROR_TYPE, 15}, {"category", ROLE_LOGGER, 5}, {"datetime", ROLE_TIME, 4},
               {"errormsg", ROLE_ERROR, 7}, {"errstack", ROLE_STACK, 4}, {"hostname", ROLE_HOST, 0},
               {"loglevel", ROLE_LEVEL, 6}, {"priority", ROLE_LEVEL, 9}, {"severity", ROLE_LEVEL, 4},
               {"fromhost", ROLE_HOST, 4}),
    [9] = ROWS({"errortype", ROLE_ERROR_TYPE, 0}, {"errorname", ROLE_ERROR_TYPE, 5}, {"errorkind", ROLE_ERROR_TYPE, 6},
               {"backtrace", ROLE_STACK, 21}, {"eventtime", ROLE_TIME, 7}, {"exception", ROLE_STACK, 7},
               {"levelname", ROLE_LEVEL, 2}, {"loglogger", ROLE_LOGGER, 2}, {"processid", ROLE_PID, 1},
               {"requestid", ROLE_REQUEST, 0}, {"throwable", ROLE_STACK, 14}, {"timestamp", ROLE_TIME, 1},
               {"traceback", ROLE_STACK, 16}, {"component", ROLE_LOGGER, 10}, {"container", ROLE_CONTAINER, 0},
               {"namespace", ROLE_CONTAINER, 0}, {"imagename", ROLE_CONTAINER, 0}, {"syslogtag", ROLE_APP, 9}),
    [10] = ROWS({"excmessage", ROLE_ERROR, 12}, {"errortrace", ROLE_STACK, 27}, {"errorclass", ROLE_ERROR_TYPE, 7},
                {"thrownname", ROLE_ERROR_TYPE, 9}, {"errmessage", ROLE_ERROR, 3}, {"errorstack", ROLE_STACK, 2},
                {"levelvalue", ROLE_LEVEL, 7}, {"loggername", ROLE_LOGGER, 1}, {"otelspanid", ROLE_SPAN, 1},
                {"processpid", ROLE_PID, 2}, {"stacktrace", ROLE_STACK, 1}, {"timemillis", ROLE_TIME, 8},
                {"xrequestid", ROLE_REQUEST, 2}, {"servername", ROLE_ORIGIN, 0}),
    [11] = ROWS({"excinfotype", ROLE_ERROR_TYPE, 16}, {"thrownclass", ROLE_ERROR_TYPE, 9}, {"application", ROLE_APP, 2},
                {"machinename", ROLE_HOST, 3}, {"oteltraceid", ROLE_TRACE, 1}, {"sentrytrace", ROLE_TRACEPARENT, 1},
                {"servicename", ROLE_APP, 5}, {"stringlevel", ROLE_LEVEL, 10}, {"traceparent", ROLE_TRACEPARENT, 0},
                {"textpayload", ROLE_MESSAGE, 12}, {"containerid", ROLE_CONTAINER, 0}, {"environment", ROLE_ORIGIN, 0},
                {"programname", ROLE_APP, 8}),
    [12] = ROWS({"excinfovalue", ROLE_ERROR, 13}, {"exctraceback", ROLE_STACK, 30}, {"datetimedate", ROLE_TIME, 5},
                {"errormessage", ROLE_ERROR, 2}, {"errorverbose", ROLE_STACK, 17}, {"hosthostname", ROLE_HOST, 2},
                {"severitytext", ROLE_LEVEL, 5}, {"shortmessage", ROLE_MESSAGE, 5}, {"timeunixnano", ROLE_TIME, 11},
                {"computername", ROLE_HOST, 5}),
    [13] = ROWS({"crumbdsummary", ROLE_FACT, 0}, {"exceptiontype", ROLE_ERROR_TYPE, 1},
                {"exceptiontext", ROLE_STACK, 33}, {"exceptionname", ROLE_ERROR_TYPE, 13},
                {"correlationid", ROLE_REQUEST, 4}, {"ctxtexception", ROLE_STACK, 18}, {"errstacktrace", ROLE_STACK, 5},
                {"httprequestid", ROLE_REQUEST, 3}, {"sourcecontext", ROLE_LOGGER, 3}, {"thrownmessage", ROLE_ERROR, 5},
                {"errorseverity", ROLE_LEVEL, 7}, {"recordmessage", ROLE_MESSAGE, 0},
                {"containername", ROLE_CONTAINER, 0}, {"namespacename", ROLE_CONTAINER, 0},
                {"transactionid", ROLE_ORIGIN, 0}, {"severityvalue", ROLE_LEVEL, 16}),
    [14] =
        ROWS({"errorbacktrace", ROLE_STACK, 23}, {"errortraceback", ROLE_STACK, 25}, {"exceptiontrace", ROLE_STACK, 31},
             {"exceptionvalue", ROLE_ERROR, 10}, {"exceptionclass", ROLE_ERROR_TYPE, 3},
             {"throwableclass", ROLE_ERROR_TYPE, 8}, {"exception0type", ROLE_ERROR_TYPE, 14},
             {"exceptionstack", ROLE_STACK, 11}, {"timestampnanos", ROLE_NANOS, 1}, {"xcorrelationid", ROLE_REQUEST, 5},
             {"severitynumber", ROLE_LEVEL, 14}, {"syslogseverity", ROLE_LEVEL, 18}),
    [15] = ROWS({"applicationname", ROLE_APP, 3}, {"errorstacktrace", ROLE_STACK, 3},
                {"messagetemplate", ROLE_MESSAGE, 10}, {"renderedmessage", ROLE_MESSAGE, 3},
                {"bodystringvalue", ROLE_MESSAGE, 7}, {"recordlevelname", ROLE_LEVEL, 0}),
    [16] = ROWS({"excinfotraceback", ROLE_STACK, 28}, {"contextexception", ROLE_STACK, 19},
                {"exceptionmessage", ROLE_ERROR, 4}, {"syslogidentifier", ROLE_APP, 7},
                {"throwablemessage", ROLE_ERROR, 6}, {"thrownstacktrace", ROLE_STACK, 13},
                {"timestampseconds", ROLE_SECONDS, 1}, {"formattedmessage", ROLE_MESSAGE, 0}),
    [17] = ROWS({"kubernetespodname", ROLE_CONTAINER, 0}, {"resultdescription", ROLE_MESSAGE, 21}),
    [18] = ROWS({"syslogseveritytext", ROLE_LEVEL, 17}, {"exceptionbacktrace", ROLE_STACK, 24},
                {"exceptiontraceback", ROLE_STACK, 32}, {"exceptionclassname", ROLE_ERROR_TYPE, 3},
                {"throwableclassname", ROLE_ERROR_TYPE, 8}, {"ctxtexceptionclass", ROLE_ERROR_TYPE, 10},
                {"instantepochsecond", ROLE_SECONDS, 0}, {"throwablesteparray", ROLE_STACK, 15}),
    [19] = ROWS({"exceptiondetailtype", ROLE_ERROR_TYPE, 11}, {"exceptionstacktrace", ROLE_STACK, 10},
                {"instantnanoofsecond", ROLE_NANOS, 0}, {"recordtimetimestamp", ROLE_TIME, 0},
                {"resourceservicename", ROLE_APP, 5}, {"iokubernetespodname", ROLE_CONTAINER, 0}),
    [20] = ROWS({"exception0stacktrace", ROLE_STACK, 20}),
    [21] = ROWS({"contextexceptionclass", ROLE_ERROR_TYPE, 10}),
    [22] = ROWS({"exceptiondetailmessage", ROLE_ERROR, 9}),
    [23] = ROWS({"exceptionexceptionclass", ROLE_ERROR_TYPE, 3}, {"kubernetescontainername", ROLE_CONTAINER, 0},
                {"kubernetesnamespacename", ROLE_CONTAINER, 0}),
    [24] = ROWS({"thrownextendedstacktrace", ROLE_STACK, 12}, {"iokubernetespodnamespace", ROLE_CONTAINER, 0},
                {"kubernetescontainerimage", ROLE_CONTAINER, 0}),
    [25] = ROWS({"logginggoogleapiscomtrace", ROLE_TRACE, 3}, {"iokubernetescontainername", ROLE_CONTAINER, 0}),
    [26] = ROWS({"logginggoogleapiscomspanid", ROLE_SPAN, 3}),
};

static bool is_left_out(char c)
{
    return c == '_' || c == '-' || c == '.' || c == ' ' || c == '/';
}

/* The name as the table has it, without a NUL; returns its length, 0 when it is too long. A name of one byte keeps its
   case, and a short one the @ that it begins with. */
static size_t fold(struct slice name, char out[NAME_MAX_BYTES])
{
    size_t n = 0;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (is_left_out(c) || (c == '@' && (i || name.n > 3)))
            continue;
        if (n + 1 == NAME_MAX_BYTES)
            return 0;
        out[n++] = name.n > 1 ? ascii_lower(c) : c;
    }
    return n;
}

enum role field_names_role(struct slice name, unsigned *rank)
{
    char folded[NAME_MAX_BYTES];
    size_t n = fold(name, folded);
    for (size_t i = 0; i < aliases[n].n; i++) {
        const struct alias *a = &aliases[n].rows[i];
        if (a->name[0] == folded[0] && memcmp(a->name, folded, n) == 0) {
            *rank = a->rank;
            return a->role;
        }
    }
    return ROLE_NONE;
}

static enum level level_from_number(uint64_t n)
{
    static const enum level tens[] = {LEVEL_NONE,    LEVEL_DEBUG, LEVEL_DEBUG, LEVEL_INFO,
                                      LEVEL_WARNING, LEVEL_ERROR, LEVEL_FATAL};
    static const enum level hundreds[] = {LEVEL_NONE,  LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING,
                                          LEVEL_ERROR, LEVEL_FATAL, LEVEL_FATAL};
    static const enum level thousands[] = {LEVEL_DEBUG,   LEVEL_DEBUG, LEVEL_INFO,
                                           LEVEL_WARNING, LEVEL_ERROR, LEVEL_FATAL};
    if (n <= 7)
        return level_from_severity((int)n);
    if (n >= 10 && n < 70)
        return tens[n / 10];
    if (n >= 100 && n <= 600)
        return hundreds[n / 100];
    if (n >= 5000 && n <= 50000 && n % 5000 == 0)
        return thousands[n / 10000];
    return LEVEL_NONE;
}

static bool is_no_sign(char c)
{
    return c != '+' && c != '-';
}

enum level field_names_level(struct slice text)
{
    text = slice_trim(text);
    size_t i = slice_span(text, ascii_digit);
    uint64_t n;
    if (i && (i == text.n || text.p[i] == '.'))
        return slice_u64(slice_sub(text, 0, i), &n) ? level_from_number(n) : LEVEL_NONE;
    if (text.n == 2 && ascii_lower(*text.p) == 'd' && ascii_digit(text.p[1])) /* MongoDB: D1 to D5 */
        return LEVEL_DEBUG;
    /* Go's slog writes levels between its own as ERROR+2. */
    i += slice_span(slice_from(text, i), is_no_sign);
    return level_from_word(slice_sub(text, 0, i));
}

/* 1.7e9, as some writers print a double. */
static bool from_exponent(struct slice text, int64_t *us)
{
    char number[32], *end;
    if (!text.n || text.n >= sizeof number || !ascii_digit(*text.p) ||
        !(memchr(text.p, 'e', text.n) || memchr(text.p, 'E', text.n)))
        return false;
    memcpy(number, text.p, text.n);
    number[text.n] = '\0';
    double v = strtod(number, &end);
    return *end == '\0' && stamp_epoch_number(v, us);
}

bool field_names_time(struct slice text, const struct zone *zone, int64_t *us)
{
    struct slice s = text = slice_trim(text);
    int64_t t;
    bool zoned = true;
    if ((stamp_epoch(&s, &t) && s.n == 0) || from_exponent(text, &t)) {
        *us = t;
        return t > 0;
    }
    s = text;
    if (!stamp_rfc3339(&s, &t, &zoned) && !stamp_clf(&s, &t)) {
        zoned = false;
        if (!stamp_nginx(&s, &t))
            return false;
    }
    if (s.n)
        return false;
    *us = zoned ? t : stamp_local(zone, t, STAMP_NONE);
    return *us > 0;
}

static bool is_id(struct slice v, size_t most)
{
    size_t hex = 0;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] != '-' && !ascii_hex(v.p[i]))
            return false;
        hex += v.p[i] != '-' && v.p[i] != '0';
    }
    return hex && v.n >= 16 && v.n <= most;
}

static void set(struct slice *member, struct slice v)
{
    if (!member->n)
        *member = v;
}

static void take_traceparent(struct record *r, struct slice v)
{
    /* W3C Trace Context, 3.2: 00-<32 hex>-<16 hex>-<2 hex>; sentry-trace is <32 hex>-<16 hex>, a flag may
     * follow. */
    if (v.n == TRACEPARENT_BYTES && v.p[2] == '-')
        v = slice_from(v, 3);
    if (v.n < SENTRY_TRACE_BYTES || v.p[32] != '-' || !is_id(slice_sub(v, 0, 32), 32) ||
        !is_id(slice_sub(v, 33, 49), 16))
        return;
    set(&r->trace_id, slice_sub(v, 0, 32));
    set(&r->span_id, slice_sub(v, 33, 49));
}

/* Google writes projects/NAME/traces/ID. */
static void take_trace(struct record *r, struct slice value)
{
    ptrdiff_t slash = slice_rfind(value, SLICE("/"));
    value = slice_from(value, (size_t)(slash + 1));
    if (is_id(value, 36))
        set(&r->trace_id, value);
}

/* rsyslog's syslogtag is the program as it stands in front of a message: "shop[812]:". */
static void take_app(struct record *r, struct slice value)
{
    struct slice name = slice_sub(value, 0, value.n - slice_ends(value, SLICE(":"))), pid = name;
    struct slice before = slice_split(&pid, '[');
    bool bracket = before.n && before.n < value.n - 1 && name.n < value.n && slice_ends(pid, SLICE("]"));
    if (r->app.n)
        return;
    r->app = bracket ? before : name;
    if (bracket)
        set(&r->procid, slice_sub(pid, 0, pid.n - 1));
}

void field_names_take(struct record *r, enum role role, struct slice value)
{
    value = slice_trim(value);
    if (!value.n || (r->untrusted && (role == ROLE_APP || role == ROLE_HOST)))
        return;
    switch (role) {
    case ROLE_LOGGER:
        set(&r->logger, value);
        break;
    case ROLE_APP:
        take_app(r, value);
        break;
    case ROLE_HOST:
        set(&r->host, value);
        break;
    case ROLE_PID:
        set(&r->procid, value);
        break;
    case ROLE_REQUEST:
        set(&r->request_id, value);
        break;
    case ROLE_TRACEPARENT:
        take_traceparent(r, value);
        break;
    case ROLE_TRACE:
        take_trace(r, value);
        break;
    case ROLE_SPAN:
        if (is_id(value, 16))
            set(&r->span_id, value);
        break;
    default:
        break;
    }
}

/* A class has no white space in its name: what has is a remark. */
static bool is_type(struct slice s)
{
    enum { TYPE_MAX = 200 };
    if (!s.n || s.n > TYPE_MAX || !(ascii_alpha(*s.p) || *s.p == '_' || *s.p == '\\' || (unsigned char)*s.p >= 0x80))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ')
            return false;
    return true;
}

void field_names_error(struct record *r, struct slice type, struct slice value)
{
    type = slice_trim(type);
    r->error_type = is_type(type) ? type : SLICE_NONE;
    r->error_value = slice_trim(value);
}
