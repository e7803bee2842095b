/*
 * syslog_pairs: texts of syslog that are a list: Fortinet's and Sophos's pairs, and the tabs of Snare.
 *
 *   FortiGate      date=2026-03-01 time=12:00:00 devname="fw" level="error" msg="text"
 *   FortiAnalyzer  logver=506061630 timestamp=1650619870 tz="UTC+2:00" devname="faz" level="alert" msg="text"
 *   FortiMail      date=2026-03-01,time=12:00:00.123,device_id=FE,pri=error,msg="text"
 *   SonicWall      id=firewall sn=18B1 time="2026-03-01 12:00:00 UTC" fw=203.0.113.1 pri=3 msg="text"
 *   Sophos         device="SFW" date=2026-03-01 time=12:00:00 timezone="CEST" device_name="xg" priority=Error
 * message="text" Snare, NXLog   MSWinEventLog 1 System 606129 Wed May 17 02:25:10 2017 7031 Service Control Manager … ,
 * by tabs
 */
#include "parsers/syslog_pairs.h"

static bool starts_with(struct slice s, char c)
{
    return s.n && *s.p == c;
}

static bool is_in_key(char c)
{
    return ascii_alnum(c) || c == '_' || c == '-' || c == '.';
}

/* Of these the first pair has one as its name; and a device is named not far behind. */
static bool is_fortinet(struct slice s)
{
    static const char *const first[] = {"date",    "logver", "timestamp", "device",
                                        "devname", "devid",  "device_id", "itime"};
    static const struct slice devices[] = {{"devname=", 8}, {"devid=", 6}, {"device_id=", 10}, {"device_name=", 12}};
    enum { NEAR = 256 };
    if (!s.n || !strchr("dlti", *s.p)) /* most messages */
        return false;
    size_t n = slice_span(slice_sub(s, 0, 16), is_in_key);
    bool known = false;
    if (n >= s.n || s.p[n] != '=')
        return false;
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        known |= slice_is(slice_sub(s, 0, n), first[i]);
    if (slice_starts(s, SLICE("id=firewall ")))
        return true;
    struct slice front = slice_sub(s, 0, known ? NEAR : 0);
    if (slice_starts(front, SLICE("date=")) && slice_find(slice_sub(front, 0, 64), SLICE(" time=")) >= 0)
        return true;
    for (size_t i = 0; known && i < sizeof devices / sizeof *devices; i++)
        if (slice_find(front, devices[i]) >= 0)
            return true;
    return false;
}

static bool is_blank(char c)
{
    return c == ' ';
}

static bool is_no_space(char c)
{
    return c != ' ';
}

static bool is_no_comma(char c)
{
    return c != ' ' && c != ',';
}

/* One key=value or key="value" at the front; a backslash keeps the quote behind it inside the value. */
static bool take_pair(struct slice *s, bool commas, struct slice *key, struct slice *value)
{
    while (s->n && (*s->p == ' ' || (commas && *s->p == ',')))
        *s = slice_from(*s, 1);
    size_t n = slice_span(*s, is_in_key);
    struct slice rest = slice_from(*s, n);
    if (n == 0 || !starts_with(rest, '='))
        return false;
    *key = slice_sub(*s, 0, n);
    rest = slice_from(rest, 1);
    if (starts_with(rest, '"')) {
        n = slice_quote_end(rest);
        if (n >= rest.n)
            return false;
        *value = slice_sub(rest, 1, n++);
    } else {
        n = slice_span(rest, commas ? is_no_comma : is_no_space);
        *value = slice_sub(rest, 0, n);
    }
    *s = slice_from(rest, n);
    return true;
}

/* The first of these fields that is there. */
static struct slice value_of(const struct record *r, const char *const *names)
{
    struct slice v = SLICE_NONE;
    for (; *names && !v.n; names++)
        v = record_value(r, *names);
    return v;
}

/* Writes date and time with the offset of tz= or the zone of timezone=. Empty: there are none. */
static struct slice stamp_text(const struct record *r, struct slice tz, char text[64])
{
    struct slice date = record_value(r, "date"), clock = record_value(r, "time");
    bool word = tz.n && ascii_alpha(*tz.p), one_digit = tz.n > 2 && tz.p[2] == ':'; /* +2:00 */
    const struct slice parts[] = {date,
                                  SLICE(" "),
                                  clock,
                                  word ? SLICE(" ") : slice_sub(tz, 0, 1),
                                  one_digit ? SLICE("0") : SLICE(""),
                                  slice_from(tz, !word)};
    size_t n = 0;
    if (date.n != 10 || clock.n < 8 || clock.n > 18 || tz.n > 6)
        return SLICE_NONE;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; n += parts[i++].n)
        if (parts[i].n)
            memcpy(text + n, parts[i].p, parts[i].n);
    return slice_of(text, n);
}

/* date= and time=, or timestamp= in Unix seconds. */
static void set_time(struct parse_ctx *ctx, struct record *r)
{
    static const char *const zones[] = {"tz", "timezone", NULL};
    struct slice tz = value_of(r, zones), seconds = record_value(r, "timestamp");
    char text[64];
    int64_t us;
    bool zoned = true, utc = slice_starts(tz, SLICE("UTC"));
    tz = slice_from(tz, utc ? 3 : 0);
    struct slice s = stamp_text(r, tz, text);
    s = s.n ? s : record_value(r, "time"); /* SonicWall's holds all */
    if (stamp_rfc3339(&s, &us, &zoned))
        r->time_us = zoned || (utc && !tz.n) ? us : stamp_local(ctx->zone, us, ctx->last_us);
    else if (stamp_epoch(&seconds, &us))
        r->time_us = us;
}

static enum level level_from_pri(struct slice s)
{
    uint64_t n;
    return slice_u64(s, &n) && n <= 7 ? level_from_severity((int)n) : level_from_word(s);
}

bool syslog_fortinet(struct parse_ctx *ctx, struct record *r, struct slice s)
{
    static const char *const hosts[] = {"devname", "device_name", "fw", NULL},
                             *const levels[] = {"level", "pri", "priority", NULL},
                             *const messages[] = {"msg", "message", "logdesc", "attack", NULL};
    s = slice_from(s, slice_span(s, is_blank));
    struct slice rest = s, key, value;
    if (!is_fortinet(s))
        return false;
    size_t comma = slice_span(s, is_no_comma);
    bool commas = comma < s.n && s.p[comma] == ',';
    while (take_pair(&rest, commas, &key, &value))
        record_add(r, key, value, FIELD_STRING);
    set_time(ctx, r);
    struct slice host = value_of(r, hosts), message = value_of(r, messages);
    r->host = host.n ? host : r->host;
    enum level level = level_from_pri(value_of(r, levels));
    r->level = level != LEVEL_NONE ? level : r->level;
    r->message = message.n ? message : s;
    return true;
}

/* The level of a Windows event by its type. */
static enum level level_of_type(struct slice type)
{
    if (slice_ieq(type, SLICE("Failure Audit")) || slice_ieq(type, SLICE("Audit Failure")))
        return LEVEL_WARNING;
    if (slice_ieq(type, SLICE("Success Audit")) || slice_ieq(type, SLICE("Audit Success")))
        return LEVEL_INFO;
    return level_from_word(type);
}

static unsigned split_columns(struct slice text, struct slice *columns, unsigned most)
{
    unsigned n = 0;
    while (text.n && n < most)
        columns[n++] = slice_split(&text, '\t');
    return n;
}

bool syslog_snare(struct record *r, struct slice text)
{
    enum {
        CRITICALITY,
        LOG,
        COUNTER,
        TIME,
        ID,
        SOURCE,
        USER,
        SID_TYPE,
        TYPE,
        COMPUTER,
        CATEGORY,
        DATA,
        TEXT,
        CHECKSUM,
        ALL
    };
    static const struct {
        unsigned column;
        const char *name;
        enum field_type type;
    } fields[] = {{LOG, "event_log", FIELD_STRING},
                  {ID, "event_id", FIELD_NUMBER},
                  {USER, "event_user", FIELD_STRING},
                  {TYPE, "event_type", FIELD_STRING},
                  {CATEGORY, "event_category", FIELD_STRING}};
    struct slice columns[ALL] = {{0}};
    if (split_columns(text, columns, ALL) <= TEXT || !columns[TEXT].n)
        return false;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct slice v = columns[fields[i].column];
        if (v.n && !slice_is(v, "N/A") && !slice_is(v, "None"))
            record_add(r, slice_str(fields[i].name), v, fields[i].type);
    }
    enum level level = level_of_type(columns[TYPE]);
    r->level = level != LEVEL_NONE ? level : r->level;
    r->logger = columns[SOURCE];
    r->host = r->host.n ? r->host : columns[COMPUTER];
    r->message = columns[TEXT];
    return true;
}
