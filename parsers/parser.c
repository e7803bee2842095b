#include "parsers/parser.h"

#include "parsers/parsers.h"
#include "parsers/piece.h"

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

/* How much of a line is looked at: what tells a format stands near the front. */
enum { TELLING_BYTES = 4096 };

static bool has(struct slice s, struct slice needle)
{
    return slice_find(s, needle) >= 0;
}

/* An application that logs its requests says a level as well; nginx has none. */
static bool is_access_json(struct slice s)
{
    return has(s, SLICE("\"status")) && (has(s, SLICE("\"remote_")) || has(s, SLICE("\"request"))) &&
           !has(s, SLICE("\"level\"")) && !has(s, SLICE("\"short_message\""));
}

/* What tells Docker's lines stands behind the text, which may be long. */
static enum format detect_json(struct slice s, struct slice line)
{
    if (has(s, SLICE("\"log\"")) &&
        (has(line, SLICE("\"stream\":\"std")) || has(line, SLICE("\"stream\": \"std"))))
        return FORMAT_DOCKER;
    if (is_access_json(s))
        return FORMAT_NGINX_ACCESS;
    return has(s, SLICE("\"short_message\"")) ? FORMAT_GELF : FORMAT_JSON;
}

/* addr - user [23/Nov/2026:10:00:00 +0000] " */
static bool is_access(struct slice s)
{
    int64_t us;
    const char *open = slice_chr(slice_sub(s, 0, 300), '[');
    struct slice stamp = open ? slice_from(s, (size_t)(open - s.p) + 1) : SLICE_NONE;
    return open && stamp_clf(&stamp, &us) && slice_starts(stamp, SLICE("] \""));
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
    if (iso ? !zoned : !stamp_rfc3164(&s, leap_year_us, &us, &zoned))
        return false;
    if (!s.n || *s.p != ' ')
        return false;
    s = slice_from(s, 1);
    struct slice host = slice_split(&s, ' '), tag = slice_split(&s, ' ');
    if (!host.n || !ascii_alnum(host.p[host.n - 1]) || level_from_word(host) != LEVEL_NONE)
        return false;
    return tag.n > 1 && ascii_alnum(*tag.p) && tag.p[tag.n - 1] == ':';
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

enum format parser_detect(struct slice line)
{
    struct slice s = slice_sub(line, 0, TELLING_BYTES);
    struct cri_line cri;
    if (!s.n)
        return FORMAT_TEXT;
    if (parser_nginx_error.head(line))
        return FORMAT_NGINX_ERROR;
    if (*s.p == '<' && has_pri(s))
        return FORMAT_SYSLOG;
    if (*s.p == '{')
        return detect_json(s, line);
    if (cri_read(line, &cri))
        return FORMAT_CRI;
    if (syslog_file(s))
        return FORMAT_SYSLOG;
    if (is_access(s))
        return FORMAT_NGINX_ACCESS;
    return is_logfmt(s) ? FORMAT_LOGFMT : FORMAT_TEXT;
}
