/*
 * syslog_legacy: RFC 3164 as it is met: every part behind the PRI may be missing, and each vendor has its own
 * way.
 *
 *   [Cisco: sequence: host:] [stamp] [zone] [:] [host] [tag[pid]:] text
 *
 * The rules are those of rsyslog's and syslog-ng's parsers where these agree. Without a stamp no host is
 * looked for. A tag that no colon ends counts only behind a stamp, and not when it looks like the first word
 * of a sentence.
 */
#include "parsers/syslog_parts.h"

#include "parsers/inner.h"

enum { TAG_MAX = 255, HOST_MAX = 255, PID_MAX = 128, FAR_DIGITS = 10 };

static const struct slice facilities[] = {
    {"kern", 4},   {"user", 4},   {"mail", 4},   {"daemon", 6}, {"auth", 4},     {"syslog", 6},
    {"lpr", 3},    {"news", 4},   {"uucp", 4},   {"cron", 4},   {"authpriv", 8}, {"ftp", 3},
    {"ntp", 3},    {"audit", 5},  {"alert", 5},  {"clock", 5},  {"local0", 6},   {"local1", 6},
    {"local2", 6}, {"local3", 6}, {"local4", 6}, {"local5", 6}, {"local6", 6},   {"local7", 6}};

int syslog_facility(struct slice name)
{
    for (int i = 0; i < 24; i++)
        if (slice_ieq(name, facilities[i]))
            return i;
    return -1;
}

/* Meraki: ten digits of seconds, with a fraction or without. */
static bool take_epoch(struct slice *s, int64_t *us)
{
    size_t digits = 0;
    while (digits < s->n && ascii_digit(s->p[digits]))
        digits++;
    return digits == FAR_DIGITS && stamp_epoch(s, us);
}

/* Cisco: a zone in small letters or one that stamp does not know, " gmt: %SYS-…"; before anything else it may
 * be a host or a tag. */
static void take_zone_word(struct slice *s, bool *zoned)
{
    size_t i = 1;
    while (i < s->n && ascii_alpha(s->p[i]))
        i++;
    if (i < 4 || i > 6 || *s->p != ' ' || !slice_starts(slice_from(*s, i), SLICE(": %")))
        return;
    struct slice word = slice_sub(*s, 1, i);
    *zoned = *zoned || slice_ieq(word, SLICE("utc")) || slice_ieq(word, SLICE("gmt"));
    *s = slice_from(*s, i);
}

/* In rsyslog's order: RFC 3339, then the old form. Takes the colon and the spaces behind it too. */
static bool take_stamp(struct parse_ctx *ctx, struct record *r, struct slice *s)
{
    struct slice rest = *s;
    int64_t us;
    bool zoned = true;
    skip_spaces(&rest);
    if (!take_epoch(&rest, &us) && !stamp_rfc3339(&rest, &us, &zoned) &&
        !stamp_rfc3164(&rest, ctx->now_us, &us, &zoned))
        return false;
    take_zone_word(&rest, &zoned);
    if (rest.n && *rest.p == ':')
        rest = slice_from(rest, 1);
    if (rest.n && *rest.p != ' ')
        return false;
    r->time_us = zoned ? us : stamp_local(ctx->zone, us, ctx->last_us);
    skip_spaces(&rest);
    *s = rest;
    return true;
}

static bool is_ipv6(struct slice s)
{
    unsigned colons = 0;
    for (size_t i = 0; i < s.n; i++) {
        colons += s.p[i] == ':';
        if (s.p[i] != ':' && s.p[i] != '.' && !ascii_hex(s.p[i]))
            return false;
    }
    return colons >= 2;
}

static bool host_char(char c)
{
    return ascii_alnum(c) || c == '.' || c == '_' || c == '-' || c == '@' || c == '/';
}

/* rsyslog: letters, digits, `.`, `_`, `-`, ending in a letter or digit; here also addresses and relays (a/b,
 * a@b). */
static bool is_host(struct slice s)
{
    if (!s.n || s.n > HOST_MAX)
        return false;
    if (s.n > 2 && *s.p == '[' && s.p[s.n - 1] == ']')
        return is_ipv6(slice_sub(s, 1, s.n - 1));
    size_t i = 0;
    while (i < s.n && host_char(s.p[i]))
        i++;
    return i == s.n ? ascii_alnum(s.p[s.n - 1]) && *s.p != '/' : is_ipv6(s);
}

static struct slice first_word(struct slice s)
{
    return slice_split(&s, ' ');
}

/* busybox writes "user.notice" where a host or nothing belongs; without a PRI it is the only word on both. */
static bool take_priority_word(struct record *r, struct slice *s)
{
    static const struct slice severities[] = {{"emerg", 5}, {"alert", 5},  {"crit", 4}, {"err", 3},
                                              {"warn", 4},  {"notice", 6}, {"info", 4}, {"debug", 5}};
    struct slice word = first_word(*s), level = word, name = slice_split(&level, '.');
    int severity = 7, facility;
    if (slice_is(level, "warning"))
        level = severities[4];
    while (severity >= 0 && !slice_eq(level, severities[severity]))
        severity--;
    if (severity < 0 || word.n == s->n || (facility = syslog_facility(name)) < 0)
        return false;
    if (r->severity < 0) {
        r->facility = facility;
        r->severity = severity;
        r->level = level_from_severity(severity);
    }
    *s = slice_from(*s, word.n + 1);
    return true;
}

/* Only the exact phrase is the notice of a syslogd; then *n is what it says. */
static bool is_repeat(struct slice s, struct slice *n)
{
    if (!slice_starts(s, SLICE("last message repeated ")) || !slice_ends(s, SLICE(" times")))
        return false;
    uint64_t v;
    *n = slice_sub(s, 22, s.n - 6);
    return slice_u64(*n, &v);
}

/* AIX puts "Message forwarded from HOST: " or "From HOST: " in front. */
static bool take_forwarder(struct record *r, struct slice *s)
{
    static const struct slice phrases[] = {{"Message forwarded from ", 23}, {"From ", 5}};
    for (size_t i = 0; i < 2; i++) {
        struct slice rest = slice_from(*s, phrases[i].n), host = slice_split(&rest, ':');
        if (!slice_starts(*s, phrases[i]) || !is_host(host) || !rest.n || *rest.p != ' ')
            continue;
        r->host = host;
        *s = slice_from(rest, 1);
        return true;
    }
    return false;
}

static void take_host(struct record *r, struct slice *s)
{
    struct slice word = first_word(*s), n;
    if (is_repeat(*s, &n) || take_priority_word(r, s) || take_forwarder(r, s))
        return;
    if (is_host(word)) {
        r->host = word;
        *s = slice_from(*s, word.n);
        skip_spaces(s);
    }
    if (slice_starts(*s, SLICE(": "))) /* Cisco ASA: "host : %ASA-…" */
        *s = slice_from(*s, 2);
    take_priority_word(r, s);
}

static bool tag_char(char c)
{
    return ascii_alnum(c) || strchr("._-/@%#+()*~\\$", c);
}

/* A word such as programs are named by; not a number, not a level, not the exception of a headerless trace.
 */
static bool is_tag(struct slice word)
{
    bool letter = false, only_dashes = true;
    if (!word.n || word.n > TAG_MAX)
        return false;
    for (size_t i = 0; i < word.n; i++) {
        bool inside = word.p[i] == ':' && i && i + 1 < word.n;
        if (!word.p[i] || (!inside && !tag_char(word.p[i])))
            return false;
        letter |= ascii_alpha(word.p[i]) || *word.p == '#';
        only_dashes &= word.p[i] == '-';
    }
    return (letter || only_dashes) && word.p[word.n - 1] != '.';
}

static bool names_a_fault(struct slice word)
{
    return slice_ends(word, SLICE("Error")) || slice_ends(word, SLICE("Exception")) ||
           slice_ends(word, SLICE("Warning")) || (word.n >= 3 && level_from_word(word) != LEVEL_NONE);
}

/* "Use the BFG!" is text: a capital and small letters, as sentences begin. */
static bool sentence_word(struct slice word)
{
    size_t i = 1;
    while (i < word.n && word.p[i] >= 'a' && word.p[i] <= 'z')
        i++;
    return word.n > 1 && *word.p >= 'A' && *word.p <= 'Z' && i == word.n;
}

/* A colon ends a tag where a space follows, or a pid stands between: "a:b: text", "a:b[7]: text"; else the
 * first one does. */
static size_t tag_length(struct slice s)
{
    size_t end = 0, first = 0;
    for (; end < s.n && end <= TAG_MAX && s.p[end] != ' ' && s.p[end] != '\t' && s.p[end] != '['; end++) {
        bool twin = (end && s.p[end - 1] == ':') || (end + 1 < s.n && s.p[end + 1] == ':');
        if (s.p[end] == ':' && !first && !twin)
            first = end;
    }
    if (end && s.p[end - 1] == ':')
        return end - 1;
    struct slice rest = slice_sub(s, end, end + PID_MAX + 3);
    const char *close = rest.n && *rest.p == '[' ? slice_chr(rest, ']') : NULL;
    if (!first || (close && slice_starts(slice_from(rest, (size_t)(close - rest.p) + 1), SLICE(":"))))
        return end;
    return first;
}

static bool is_space(struct slice s)
{
    return s.n && (*s.p == ' ' || *s.p == '\t');
}

/* tag[pid]: or tag: or, behind a stamp, tag and a space. Advances *s to the text. */
static void take_tag(struct record *r, struct slice *s, bool stamped)
{
    size_t i = tag_length(*s);
    struct slice tag = slice_sub(*s, 0, i), pid = SLICE_NONE, rest = slice_from(*s, i);
    if (!is_tag(tag))
        return;
    if (rest.n && *rest.p == '[') {
        const char *end = slice_chr(slice_sub(rest, 0, PID_MAX + 2), ']');
        if (!end)
            return;
        pid = slice_of(rest.p + 1, (size_t)(end - rest.p) - 1);
        rest = slice_from(rest, pid.n + 2);
    }
    bool colon = rest.n && *rest.p == ':';
    if (colon)
        rest = slice_from(rest, 1);
    if (rest.n && !is_space(rest) && !(stamped && colon && *rest.p != '/'))
        return;
    if (!colon && (!stamped || (!pid.p && rest.n && sentence_word(tag))))
        return;
    if (colon && !stamped && !pid.p && (names_a_fault(tag) || slice_chr(tag, ':')))
        return;
    r->app = tag;
    r->procid = pid.n ? pid : SLICE_NONE;
    *s = slice_from(rest, is_space(rest));
}

/* Time since boot, as Cisco writes it while no clock is set: "1w2d:" or "00:00:46:". Takes it and its colon.
 */
static bool take_uptime(struct slice *s)
{
    struct slice word = first_word(*s);
    bool unit = false;
    size_t i = 0;
    for (; i + 1 < word.n && (ascii_digit(word.p[i]) || (i && strchr("ywdhms:", word.p[i]))); i++)
        unit |= !ascii_digit(word.p[i]);
    if (!unit || i + 1 != word.n || word.p[i] != ':' || word.n > 16)
        return false;
    *s = slice_from(*s, word.n);
    skip_spaces(s);
    return true;
}

/*
 * Cisco IOS: sequence number and host, each ended by a colon, in either order, before the stamp: "91: host:
 * *Oct 07 …". Nothing is taken unless a stamp (behind a number) or a mnemonic follows: "host: stamp text" may
 * be a tag and its text.
 */
static bool take_cisco_head(struct parse_ctx *ctx, struct record *r, struct slice *s)
{
    struct slice rest = *s, sequence = SLICE_NONE, host = SLICE_NONE;
    bool stamped;
    for (;;) {
        skip_spaces(&rest);
        stamped = (sequence.p || host.p) && take_stamp(ctx, r, &rest);
        struct slice word = first_word(rest), name = slice_sub(word, 0, word.n - (word.n > 0));
        uint64_t n;
        if (stamped || take_uptime(&rest) || word.n == rest.n || word.n < 2 || word.p[word.n - 1] != ':')
            break;
        if (!sequence.p && slice_u64(name, &n))
            sequence = name;
        else if (!host.p && is_host(name))
            host = name;
        else
            break;
        rest = slice_from(rest, word.n);
    }
    bool mnemonic = rest.n && *rest.p == '%';
    if ((!sequence.p && !host.p) || !(mnemonic || (stamped && sequence.p))) {
        r->time_us = RECORD_NO_TIME;
        return false;
    }
    if (sequence.p)
        record_add(r, SLICE("sequence"), sequence, FIELD_NUMBER);
    r->host = host;
    *s = rest;
    return true;
}

/* %FACILITY-SEVERITY-MNEMONIC says the severity better than the PRI does. */
static void read_mnemonic(struct record *r)
{
    struct slice s = r->app;
    if (s.n < 5 || *s.p != '%')
        return;
    for (size_t i = 1; i + 2 < s.n; i++)
        if (s.p[i] == '-' && s.p[i + 1] >= '0' && s.p[i + 1] <= '7' && s.p[i + 2] == '-')
            r->level = level_from_severity(s.p[i + 1] - '0');
}

/* VMware: "Vpxa: info vpxa[2099] [Originator@6876 sub=…] text". The message stays whole; the level is that of
 * the word. */
static void read_vmware(struct parse_ctx *ctx, struct record *r)
{
    struct slice head = slice_sub(r->message, 0, 256);
    ptrdiff_t at = slice_chr(head, '[') ? slice_find(head, SLICE("[Originator@")) : -1;
    struct slice sd = slice_from(r->message, (size_t)at);
    if (at < 0 || !syslog_sd(ctx, r, &sd, false))
        return;
    enum level level = level_from_word(first_word(r->message));
    if (level != LEVEL_NONE)
        r->level = level;
}

/* One key=value or key="value" at the front; a backslash keeps the quote behind it inside the value. */
static bool take_pair(struct slice *s, struct slice *key, struct slice *value)
{
    skip_spaces(s);
    size_t i = 0;
    while (i < s->n && (ascii_alnum(s->p[i]) || s->p[i] == '_' || s->p[i] == '-' || s->p[i] == '.'))
        i++;
    if (i == 0 || i == s->n || s->p[i] != '=')
        return false;
    *key = slice_sub(*s, 0, i);
    struct slice rest = slice_from(*s, i + 1);
    i = 0;
    if (rest.n && *rest.p == '"') {
        for (i = 1; i < rest.n && rest.p[i] != '"'; i++)
            i += rest.p[i] == '\\' && i + 1 < rest.n;
        if (i >= rest.n)
            return false;
        *value = slice_sub(rest, 1, i++);
    } else {
        while (i < rest.n && rest.p[i] != ' ')
            i++;
        *value = slice_sub(rest, 0, i);
    }
    *s = slice_from(rest, i);
    return true;
}

/* date= and time= of FortiGate, with the offset of tz= (quoted or not) when it has one. */
static void fortigate_time(struct parse_ctx *ctx, struct record *r)
{
    struct slice date = record_value(r, "date"), clock = record_value(r, "time"), tz = record_value(r, "tz");
    char text[64];
    if (date.n != 10 || clock.n < 8 || clock.n > 18 || tz.n > 6)
        return;
    size_t n = 0;
    const struct slice parts[] = {date, SLICE(" "), clock, tz};
    for (size_t i = 0; i < 4; i++) {
        if (parts[i].n)
            memcpy(text + n, parts[i].p, parts[i].n);
        n += parts[i].n;
    }
    struct slice s = slice_of(text, n);
    int64_t us;
    bool zoned;
    if (stamp_rfc3339(&s, &us, &zoned))
        r->time_us = zoned ? us : stamp_local(ctx->zone, us, ctx->last_us);
}

/* FortiGate: no header, key=value from the first byte on. */
static bool take_fortigate(struct parse_ctx *ctx, struct record *r, struct slice s)
{
    if (!slice_starts(s, SLICE("date=")) || slice_find(slice_sub(s, 0, 64), SLICE(" time=")) < 0)
        return false;
    struct slice rest = s, key, value;
    while (take_pair(&rest, &key, &value))
        record_add(r, key, value, FIELD_STRING);
    fortigate_time(ctx, r);
    r->host = record_value(r, "devname");
    enum level level = level_from_word(record_value(r, "level"));
    r->level = level != LEVEL_NONE ? level : r->level;
    r->message = record_value(r, "msg");
    if (!r->message.n)
        r->message = record_value(r, "logdesc");
    if (!r->message.n)
        r->message = s;
    return true;
}

static void finish(struct parse_ctx *ctx, struct record *r, struct slice text)
{
    struct slice n;
    if (is_repeat(text, &n))
        record_add(r, SLICE("repeated"), n, FIELD_NUMBER);
    /* Structured data that some relays leave in front of the text of an old-form message. */
    struct slice sd = text;
    skip_spaces(&sd);
    if (syslog_sd(ctx, r, &sd, true))
        text = slice_from(sd, sd.n && *sd.p == ' ');
    syslog_body(ctx, r, text);
    if (r->format != FORMAT_SYSLOG)
        return;
    read_mnemonic(r);
    read_vmware(ctx, r);
}

void syslog_legacy(struct parse_ctx *ctx, struct record *r, struct slice s)
{
    struct slice lead = s;
    skip_spaces(&lead);
    if (lead.n && (*lead.p == '{' || *lead.p == '[')) {
        syslog_body(ctx, r, s);
        return;
    }
    if (take_fortigate(ctx, r, s))
        return;
    if (slice_starts(s, SLICE("1 "))) { /* Meraki: version 1, then Unix seconds */
        struct slice rest = slice_from(s, 2);
        if (take_epoch(&rest, &(int64_t){0}))
            s = slice_from(s, 2);
    }
    bool cisco = take_cisco_head(ctx, r, &s);
    bool stamped = cisco || take_stamp(ctx, r, &s);
    if (stamped && !cisco)
        take_host(r, &s);
    struct slice tagged = s, n;
    skip_spaces(&tagged);
    if ((stamped || r->severity >= 0) && !is_repeat(tagged, &n)) {
        take_tag(r, &tagged, stamped);
        if (r->app.p)
            s = tagged;
    }
    finish(ctx, r, s);
}
