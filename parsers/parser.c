#include "parsers/parser.h"

#include "parsers/parsers.h"
#include "parsers/partial.h"
#include "parsers/text_time.h"

static const struct parser *const parsers[FORMAT_N] = {
    [FORMAT_NGINX_ERROR] = &parser_nginx_error,
    [FORMAT_NGINX_ACCESS] = &parser_nginx_access,
    [FORMAT_SYSLOG] = &parser_syslog,
    [FORMAT_GELF] = &parser_gelf,
    [FORMAT_DOCKER] = &parser_docker,
    [FORMAT_CRI] = &parser_cri,
    [FORMAT_JSON] = &parser_json_line,
    [FORMAT_LOGFMT] = &parser_logfmt,
    [FORMAT_TEXT] = &parser_text,
    [FORMAT_JOURNAL] = &parser_journal,
};

const struct parser *parser_of(enum format f)
{
    return f < FORMAT_N ? parsers[f] : NULL;
}

bool parser_settles(enum format f, struct slice name)
{
    const struct parser *parser = parser_of(f);
    for (const char *const *n = parser ? parser->settled : NULL; n && *n; n++)
        if (slice_is(name, *n))
            return true;
    return false;
}

/* How much of a line is looked at: what tells a format stands near the front. */
enum { TELLING_BYTES = 4096 };

static bool has(struct slice s, struct slice needle)
{
    return slice_find(s, needle) >= 0;
}

/* An application that logs its requests says a level or a message as well; nginx has none. */
static bool is_access_json(struct slice s)
{
    static const struct slice said[] = {{"\"level\"", 7},     {"\"short_message\"", 15}, {"\"severity\"", 10},
                                        {"\"levelname\"", 11}, {"\"log.level\"", 11},     {"\"loglevel\"", 10},
                                        {"\"lvl\"", 5},        {"\"message\"", 9},        {"\"msg\"", 5},
                                        {"\"@l\"", 4},         {"\"@m\"", 4},             {"\"@mt\"", 5}};
    if (!has(s, SLICE("\"status")) || !(has(s, SLICE("\"remote_")) || has(s, SLICE("\"request"))))
        return false;
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (has(s, said[i]))
            return false;
    return true;
}

/* What the driver writes behind the text, which may be long: the stream and the time, as RFC 3339. */
static bool is_docker(struct slice s, struct slice line)
{
    struct slice end = slice_from(line, line.n > TELLING_BYTES ? line.n - TELLING_BYTES : 0), time = end;
    ptrdiff_t at = slice_find(end, SLICE("\"time\":"));
    if (at < 0 || !has(s, SLICE("\"log\"")) ||
        !(has(end, SLICE("\"stream\":\"std")) || has(end, SLICE("\"stream\": \"std"))))
        return false;
    time = slice_trim(slice_from(time, (size_t)at + 7));
    return time.n > 20 && time.p[0] == '"' && time.p[11] == 'T';
}

static enum format detect_json(struct slice s, struct slice line, const char **why)
{
    if (is_docker(s, line)) {
        *why = "an object with log, stream and an RFC 3339 time";
        return FORMAT_DOCKER;
    }
    if (has(s, SLICE("\"MESSAGE\"")) &&
        (has(s, SLICE("\"__CURSOR\"")) || has(s, SLICE("\"__REALTIME_TIMESTAMP\"")))) {
        *why = "an object as journalctl -o json prints it";
        return FORMAT_JOURNAL;
    }
    if (is_access_json(s)) {
        *why = "an object with a status and a request, and without a level or a message";
        return FORMAT_NGINX_ACCESS;
    }
    bool gelf = has(s, SLICE("\"short_message\""));
    *why = gelf ? "an object with a short_message" : "an object";
    return gelf ? FORMAT_GELF : FORMAT_JSON;
}

/* An address, or the name of a host that looks one up: what client and server are called in front of an access line. */
static bool is_place(struct slice s)
{
    bool dotted = slice_is(s, "localhost");
    for (size_t i = 0; i < s.n; i++) {
        dotted |= s.p[i] == '.' || s.p[i] == ':';
        if (!ascii_alnum(s.p[i]) && !strchr(".:-_[]%", s.p[i]))
            return false;
    }
    return dotted;
}

/* [host] addr - user [23/Nov/2026:10:00:00 +0000] ", from the first byte on: further behind it is a part of another message. */
static bool is_access(struct slice s)
{
    int64_t us;
    const char *open = slice_chr(slice_sub(s, 0, 300), '[');
    struct slice stamp = open ? slice_from(s, (size_t)(open - s.p) + 1) : SLICE_NONE;
    if (!open || !stamp_clf(&stamp, &us) || !slice_starts(stamp, SLICE("] \"")))
        return false;
    struct slice words = slice_sub(s, 0, (size_t)(open - s.p)), first = slice_split(&words, ' '), second = slice_split(&words, ' ');
    return is_place(first) && (second.n == 1 || is_place(second));
}

static bool has_pri(struct slice s)
{
    size_t i = 1;
    while (i < s.n && i < 5 && ascii_digit(s.p[i]))
        i++;
    return i > 1 && i < s.n && s.p[i] == '>';
}

/* The form of syslog files: a stamp, a host that is no level, and a tag that a colon ends. */
static bool syslog_file(struct slice s)
{
    /* Any year will do that has a 29th of February. */
    static const int64_t leap_year_us = INT64_C(951782400) * STAMP_SECOND;
    int64_t us;
    bool zoned = false, iso = s.n > 10 && s.p[10] == 'T' && stamp_rfc3339(&s, &us, &zoned);
    /* A weekday is not written there: OpenVPN begins so. */
    if (iso ? !zoned : (s.n < 5 || ascii_alpha(s.p[4]) || !stamp_rfc3164(&s, leap_year_us, &us, &zoned)))
        return false;
    if (!s.n || *s.p != ' ')
        return false;
    s = slice_from(s, 1);
    struct slice host = slice_split(&s, ' '), tag = slice_split(&s, ' ');
    if (!host.n || !ascii_alnum(host.p[host.n - 1]) || level_from_word(host) != LEVEL_NONE)
        return false;
    return tag.n > 1 && ascii_alnum(*tag.p) && tag.p[tag.n - 1] == ':';
}

/* sd-daemon(3): what a program prints begins with <3>. The same PRI is the kernel's, whose lines have a
 * header or the seconds since boot. */
static bool has_sd_prefix(struct slice s)
{
    struct slice rest = slice_from(s, 3);
    return s.n > 3 && s.p[1] <= '7' && s.p[2] == '>' && *rest.p != '[' && !slice_starts(rest, SLICE("1 ")) &&
           !slice_starts(rest, SLICE("kernel: ")) && !syslog_file(rest);
}

/* Pairs from the first byte on, and one of the names loggers always write. */
static bool is_logfmt(struct slice s)
{
    static const struct slice names[] = {{"level=", 6}, {"msg=", 4}, {"lvl=", 4}, {"ts=", 3}, {"time=", 5}};
    size_t i = 0;
    while (i < s.n && (ascii_alnum(s.p[i]) || s.p[i] == '_' || s.p[i] == '.' || s.p[i] == '-'))
        i++;
    if (i == 0 || i == s.n || s.p[i] != '=')
        return false;
    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_starts(s, names[i]))
            return slice_chr(s, ' ') != NULL;
    return has(s, SLICE(" level=")) || has(s, SLICE(" msg="));
}

static enum format detect(struct slice line, const char **why)
{
    struct slice s = slice_sub(line, 0, TELLING_BYTES);
    struct cri_line cri;
    *why = "no mark of another format";
    if (!s.n)
        return FORMAT_TEXT;
    if (parser_nginx_error.head(line)) {
        *why = "date, time, [level] and pid#tid in front";
        return FORMAT_NGINX_ERROR;
    }
    if (*s.p == '<' && has_pri(s) && !has_sd_prefix(s)) {
        *why = "a PRI in front";
        return FORMAT_SYSLOG;
    }
    if (*s.p == '{')
        return detect_json(s, line, why);
    if (cri_read(line, &cri)) {
        *why = "a time, stdout or stderr, and P or F in front";
        return FORMAT_CRI;
    }
    if (syslog_file(s)) {
        *why = "a time, a host and a tag with its colon in front";
        return FORMAT_SYSLOG;
    }
    if (is_access(s)) {
        *why = "[time] and a quoted request behind a client and a user";
        return FORMAT_NGINX_ACCESS;
    }
    if (is_logfmt(s)) {
        *why = "pairs from the first byte on, level or msg or a time among them";
        return FORMAT_LOGFMT;
    }
    return FORMAT_TEXT;
}

enum format parser_detect(struct slice line)
{
    const char *why;
    return detect(line, &why);
}

bool parser_tells(struct slice line, enum format found)
{
    const struct parse_ctx ctx = {.last_us = RECORD_NO_TIME};
    struct text_head head;
    return found != FORMAT_TEXT || text_head(&ctx, &line, &head);
}

const char *parser_detect_why(struct slice line)
{
    const char *why;
    detect(line, &why);
    return why;
}
