/*
 * syslog_legacy: RFC 3164 as it is met: every part behind the PRI may be missing, and each vendor has its own
 * way.
 *
 *   [stamp] [zone] [:] [host] [tag[pid]:] text
 *
 * with syslog_vendor.c before it and behind the host.
 *
 * The rules are those of rsyslog's and syslog-ng's parsers where these agree. Without a stamp no host is
 * looked for. A tag that no colon ends counts only behind a stamp, and not when it looks like the first word
 * of a sentence.
 */
#include "parsers/syslog_legacy.h"

#include "parsers/level_said.h"
#include "parsers/syslog_kernel.h"
#include "parsers/syslog_pairs.h"
#include "parsers/syslog_parts.h"
#include "parsers/syslog_vendor.h"

enum { TAG_MAX = 255, PID_MAX = 128 };

/* busybox writes "user.notice" where a host or nothing belongs; without a PRI it is the only word on both. */
static bool take_priority_word(struct record *r, struct slice *s)
{
    struct slice word = first_word(*s), level = word, name = slice_split(&level, '.');
    int severity = level_severity(level), facility;
    if (severity < 0 || word.n == s->n || (facility = level_facility(name)) < 0)
        return false;
    if (r->severity < 0) {
        r->facility = facility;
        r->severity = severity;
        r->level = level_from_severity(severity);
    }
    *s = slice_from(*s, word.n + 1);
    return true;
}

/* F5: "notice tmm[7]: text" behind the host; the word means more than the PRI, which may be that of all. */
static void take_severity_word(struct record *r, struct slice *s)
{
    struct slice word = first_word(*s), rest = slice_from(*s, word.n + 1);
    int severity = level_severity(word);
    if (severity < 0 || !slice_ends(first_word(rest), SLICE(":")))
        return;
    r->level = level_from_severity(severity);
    *s = rest;
}

/* Only the exact phrase is the notice of a syslogd. */
static bool is_repeat(struct slice s)
{
    return s.n && (*s.p == 'l' || *s.p == 'L' || *s.p == '-') && syslog_repeat(s, &(unsigned){0});
}

/* Of itself it speaks with its own name in front, or none; syslog-ng with the program's. */
static bool is_by_syslogd(const struct record *r, struct slice text)
{
    static const char *const names[] = {"syslogd", "syslog", "rsyslogd", "syslog-ng"};
    bool by = !r->app.n || *text.p == 'L';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        by |= slice_is(r->app, names[i]);
    return by;
}

/* AIX puts "Message forwarded from HOST: " or "From HOST: " in front. */
static bool take_forwarder(struct record *r, struct slice *s)
{
    static const struct slice phrases[] = {{"Message forwarded from ", 23}, {"From ", 5}};
    for (size_t i = 0; i < 2; i++) {
        struct slice rest = slice_from(*s, phrases[i].n), host = slice_split(&rest, ':');
        if (!slice_starts(*s, phrases[i]) || !syslog_is_host(host) || !rest.n || *rest.p != ' ')
            continue;
        r->host = host;
        *s = slice_from(rest, 1);
        return true;
    }
    return false;
}

/* False: only a tag that a colon ends may follow. */
static bool take_host(struct record *r, struct slice *s)
{
    struct slice word = first_word(*s);
    if (is_repeat(*s) || take_priority_word(r, s) || take_forwarder(r, s))
        return true;
    if (syslog_unifi(r, s))
        return true;
    if (syslog_is_host(word)) {
        r->host = word;
        *s = slice_from(*s, word.n);
        skip_spaces(s);
        take_severity_word(r, s);
    }
    bool stray_colon = slice_starts(*s, SLICE(": ")); /* Cisco ASA: "host : %ASA-…" */
    *s = slice_from(*s, stray_colon ? 2 : 0);
    take_priority_word(r, s);
    return !stray_colon;
}

static bool tag_char(char c)
{
    static const bool in_tags[256] = {
        ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['.'] = true,  ['_'] = true, ['-'] = true,
        ['/'] = true,         ['@'] = true,         ['%'] = true,         ['#'] = true,  ['+'] = true, ['('] = true,
        [')'] = true,         ['*'] = true,         ['~'] = true,         ['\\'] = true, ['$'] = true};
    return in_tags[(unsigned char)c];
}

static bool is_colon_inside(struct slice word, size_t i)
{
    return word.p[i] == ':' && i && i + 1 < word.n;
}

/* A word such as programs are named by; not a number, not a level, not the exception of a headerless trace.
 */
static bool is_tag(struct slice word)
{
    bool letter = false, only_dashes = true;
    if (!word.n || word.n > TAG_MAX)
        return false;
    for (size_t i = 0; i < word.n; i++) {
        if (!tag_char(word.p[i]) && !is_colon_inside(word, i))
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
    return word.n > 1 && ascii_capital(*word.p) && slice_span(slice_from(word, 1), ascii_small) == word.n - 1;
}

static bool is_before_pid(char c)
{
    return c != ' ' && c != '\t' && c != '[';
}

/* The colon at i has another one beside it. */
static bool is_twin(struct slice s, size_t i)
{
    return (i && s.p[i - 1] == ':') || (i + 1 < s.n && s.p[i + 1] == ':');
}

/* A pid in brackets and a colon are at the front. */
static bool ends_with_pid(struct slice s)
{
    const char *close = s.n && *s.p == '[' ? slice_chr(s, ']') : NULL;
    return close && slice_starts(slice_from(s, (size_t)(close - s.p) + 1), SLICE(":"));
}

/* A colon ends a tag where a space follows, or a pid stands between: "a:b: text", "a:b[7]: text"; else the
 * first one does. */
static size_t tag_length(struct slice s)
{
    size_t end = slice_span(slice_sub(s, 0, TAG_MAX + 1), is_before_pid), first = 0;
    for (size_t i = 0; i < end && !first; i++)
        if (s.p[i] == ':' && !is_twin(s, i))
            first = i;
    if (end && s.p[end - 1] == ':')
        return end - 1;
    return !first || ends_with_pid(slice_sub(s, end, end + PID_MAX + 3)) ? end : first;
}

static bool is_space(struct slice s)
{
    return s.n && (*s.p == ' ' || *s.p == '\t');
}

static bool all_digits(struct slice s)
{
    uint64_t n;
    return slice_u64(s, &n);
}

/* What may be the tag of a message, and the pid behind it. */
struct tag {
    struct slice name, pid;
    bool colon;
};

/* The pid in brackets, where one follows. False: they have no end. */
static bool take_pid(struct slice *s, struct slice *pid)
{
    *pid = SLICE_NONE;
    if (!starts_with(*s, '['))
        return true;
    const char *end = slice_chr(slice_sub(*s, 0, PID_MAX + 2), ']');
    if (!end)
        return false;
    *pid = slice_of(s->p + 1, (size_t)(end - s->p) - 1);
    *s = slice_from(*s, pid->n + 2);
    return true;
}

/* Behind it the text may begin: with a space, or, behind a stamp, at once where that is no path and no word. */
static bool is_ended(const struct tag *t, struct slice rest, bool stamped)
{
    return !rest.n || is_space(rest) || (stamped && (t->colon ? *rest.p != '/' : all_digits(t->pid)));
}

/* A tag that a colon ends needs a pid or a stamp where it could be the name of a fault; one without needs a stamp, and
 * must not look like the first word of a sentence. */
static bool is_telling(const struct tag *t, struct slice rest, bool stamped, bool bare)
{
    bool alone = !t->pid.p;
    if (t->colon)
        return stamped || !alone || !(names_a_fault(t->name) || slice_chr(t->name, ':'));
    return stamped && (!alone || !rest.n || (bare && !sentence_word(t->name)));
}

/* "relay shop: {": a relay's name stands where the tag belongs, and a program's object behind its own. */
static bool is_relay(const struct tag *t, struct slice rest)
{
    if (t->colon || t->pid.p || !is_space(rest)) /* most messages */
        return false;
    struct slice next = slice_from(rest, 1), name = slice_sub(next, 0, tag_length(next));
    return is_tag(name) && slice_starts(slice_from(next, name.n), SLICE(": {"));
}

static struct slice tag_behind(struct tag *t, struct slice rest)
{
    struct slice next = slice_from(rest, 1);
    t->name = slice_sub(next, 0, tag_length(next));
    return slice_from(next, t->name.n + 1);
}

/* What `journalctl -o with-unit` has for a program: the unit, behind the slash that of the user. */
static struct slice program_of(struct slice name)
{
    ptrdiff_t slash = slice_rfind(name, SLICE("/"));
    if (slice_is(name, "init.scope"))
        return SLICE("systemd");
    if (!slice_ends(name, SLICE(".service")))
        return name;
    return slice_sub(name, (size_t)(slash + 1), name.n - (sizeof ".service" - 1));
}

/* "shop[ERROR]: text" of programs whose own brackets syslog() takes for those of a pid. */
static bool take_level(struct record *r, struct slice word)
{
    enum level level = word.n < 3 || ascii_digit(*word.p) ? LEVEL_NONE : level_from_word(word);
    if (level == LEVEL_NONE)
        return false;
    bool said = r->severity >= 0 && !syslog_is_common(r->facility);
    r->level = said && r->level > level ? r->level : level;
    return true;
}

/* tag[pid]: or tag: or, behind a stamp, tag[pid] or, where `bare` tags are looked for, tag and a space.
 * Advances *s to the text. */
static void take_tag(struct record *r, struct slice *s, bool stamped, bool bare)
{
    if (level_said_event(*s, &r->app))
        return;
    size_t n = tag_length(*s);
    struct tag t = {.name = slice_sub(*s, 0, n)};
    struct slice rest = slice_from(*s, n);
    if (!is_tag(t.name) || !take_pid(&rest, &t.pid))
        return;
    t.colon = starts_with(rest, ':');
    rest = slice_from(rest, t.colon);
    if (!is_ended(&t, rest, stamped) || !is_telling(&t, rest, stamped, bare))
        return;
    if (stamped && is_relay(&t, rest))
        rest = tag_behind(&t, rest);
    r->app = program_of(t.name);
    r->procid = t.pid.n && !take_level(r, t.pid) ? t.pid : SLICE_NONE;
    *s = slice_from(rest, is_space(rest));
}

static void finish(struct parse_ctx *ctx, struct record *r, struct slice text)
{
    unsigned times;
    r->again = is_repeat(text) && syslog_repeat(text, &times) && is_by_syslogd(r, text);
    if (r->again)
        r->times = times;
    /* Structured data that some relays leave in front of the text of an old-form message. */
    struct slice sd = text;
    skip_spaces(&sd);
    if (syslog_sd(ctx, r, &sd))
        text = slice_from(sd, sd.n && *sd.p == ' ');
    syslog_body(ctx, r, text);
    if (r->format == FORMAT_SYSLOG)
        syslog_vendor_level(ctx, r);
}

/* A number, a bare colon, the path of a processor, or a mnemonic not far away. */
static bool may_be_cisco(struct slice s)
{
    enum { NEAR = 64 };
    return s.n && (ascii_digit(s.p[s.n > 1 && *s.p == '-']) || *s.p == ':' || slice_starts(s, SLICE("RP/")) ||
                   slice_chr(slice_sub(s, 0, NEAR), '%'));
}

/* Meraki: version 1, then Unix seconds. */
static void skip_version(struct slice *s)
{
    struct slice rest = slice_from(*s, 2);
    if (slice_starts(*s, SLICE("1 ")) && syslog_epoch(&rest, &(int64_t){0}))
        *s = slice_from(*s, 2);
}

/* Stamp and host, Cisco's too. *stamped: there is a stamp; *bare: a tag may follow that no colon ends. */
static void take_header(struct parse_ctx *ctx, struct record *r, struct slice *s, bool *stamped, bool *bare)
{
    struct slice lead = *s;
    skip_spaces(&lead);
    *bare = true;
    /* A month's name is neither a number nor a host: most messages need not ask. */
    *stamped = lead.n && ascii_alpha(*lead.p) && syslog_stamp(ctx, r, s, false);
    bool cisco = !*stamped && syslog_cisco(ctx, r, s);
    *stamped = *stamped || cisco || syslog_stamp(ctx, r, s, false);
    if (!*stamped || cisco)
        return;
    *bare = take_host(r, s);
    /* A relay puts its own stamp and host in front. */
    *bare = !(may_be_cisco(*s) && syslog_cisco(ctx, r, s)) && *bare;
}

/* Windows events by Snare or NXLog: the tag is part of the columns, whose tabs rsyslog may have escaped. */
static bool take_snare(struct parse_ctx *ctx, struct record *r, struct slice s)
{
    static const struct slice name = {"MSWinEventLog", 13};
    if (!slice_starts(s, name))
        return false;
    struct slice rest = syslog_unescape(ctx->arena, slice_from(s, name.n));
    rest = slice_from(rest, starts_with(rest, ':'));
    if (!is_space(rest) || !syslog_snare(r, slice_from(rest, 1)))
        return false;
    r->app = name;
    return true;
}

/* A line of the kernel's, an object, or what stands in brackets: there is no header to look for. */
static bool is_headless(struct parse_ctx *ctx, struct record *r, struct slice *s)
{
    struct slice lead = *s;
    skip_spaces(&lead);
    if (starts_with(lead, '{') || (r->facility <= 0 && syslog_kernel(ctx, r, s)))
        return true;
    return starts_with(lead, '[') && !(r->severity < 0 && syslog_kernel_monotonic(r, s));
}

void syslog_legacy(struct parse_ctx *ctx, struct record *r, struct slice s)
{
    bool stamped, bare;
    if (is_headless(ctx, r, &s)) {
        syslog_body(ctx, r, s);
        return;
    }
    if (syslog_fortinet(ctx, r, s))
        return;
    skip_version(&s);
    take_header(ctx, r, &s, &stamped, &bare);
    struct slice tagged = s;
    skip_spaces(&tagged);
    if (take_snare(ctx, r, tagged))
        return;
    if ((stamped || r->severity >= 0 || r->host.n) && !is_repeat(tagged)) {
        take_tag(r, &tagged, stamped, bare);
        if (slice_is(r->procid, "-") && slice_eq(r->app, r->host)) { /* UniFi OS: "UDM UDM[-]:  sshd[7]: text" */
            r->procid = SLICE_NONE;
            skip_spaces(&tagged);
            take_tag(r, &tagged, stamped, bare);
        }
        if (r->app.p)
            s = tagged;
    }
    finish(ctx, r, s);
}
