/*
 * syslog_vendor: the ways of Cisco, VMware and UniFi, as syslog_legacy.c asks for them.
 *
 *   Cisco IOS    91: router: *Oct 07 03:10:04.123 UTC: %SYS-5-CONFIG_I: text
 *   Cisco NX-OS  : 2026 Mar  1 12:00:00 CET: %ETHPORT-5-IF_DOWN: text
 *   Cisco IOS XR 91: router RP/0/RSP0/CPU0:Mar  1 12:00:00.123 CET: ifmgr[227]: %PKT_INFRA-3-UPDOWN : text
 *   UniFi        U7PG2,00005e005302,v4.3.28: hostapd: text, behind the stamp
 *   VMware       Vpxa: info vpxa[2099] [Originator@6876 sub=…] text, behind stamp and host
 */
#include "parsers/syslog_vendor.h"

#include "parsers/syslog_parts.h"

static bool mnemonic_char(char c)
{
    return (c >= 'A' && c <= 'Z') || ascii_digit(c) || c == '_' || c == '-';
}

/* "-3-" */
static bool is_severity(const char *p)
{
    return p[0] == '-' && p[1] >= '0' && p[1] <= '7' && p[2] == '-';
}

/* The severity in %FACILITY-SEVERITY-MNEMONIC at the front of s, or -1; it says it better than the PRI does.
 */
static int mnemonic_severity(struct slice s)
{
    if (s.n < 5 || *s.p != '%')
        return -1;
    for (size_t i = 1; i + 2 < s.n && (mnemonic_char(s.p[i]) || ascii_alpha(s.p[i])); i++)
        if (i > 1 && is_severity(s.p + i))
            return s.p[i + 1] - '0';
    return -1;
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

/* IOS XR: the processor, "RP/0/RSP0/CPU0:", or NX-OS and ASA: a bare colon. Only a stamp may follow. */
static bool take_node(struct parse_ctx *ctx, struct record *r, struct slice *s)
{
    size_t i = 0, slashes = 0;
    while (i < s->n && (mnemonic_char(s->p[i]) || s->p[i] == '/'))
        slashes += s->p[i++] == '/';
    struct slice rest = slice_from(*s, i + 1);
    if (i >= s->n || s->p[i] != ':' || (i && !slashes) || !syslog_stamp(ctx, r, &rest, true))
        return false;
    *s = rest;
    return true;
}

struct cisco {
    struct slice sequence, host;
    bool stamped, node; /* a stamp stands there; one behind a processor or a bare colon */
};

/* A name without a colon is the host only where the rest of a head follows it. */
static bool bare_host(struct parse_ctx *ctx, struct record *r, struct slice word, struct slice rest)
{
    skip_spaces(&rest);
    struct slice next = first_word(rest);
    uint64_t n;
    return syslog_is_host(word) &&
           (slice_u64(slice_sub(next, 0, next.n - (next.n > 0)), &n) ? next.p[next.n - 1] == ':'
                                                                     : take_node(ctx, r, &rest));
}

/* A number with a colon is the sequence, a name the host. */
static bool take_word(struct parse_ctx *ctx, struct record *r, struct cisco *c, struct slice word, struct slice behind)
{
    bool ended = word.p[word.n - 1] == ':';
    struct slice name = slice_sub(word, 0, word.n - ended);
    uint64_t n;
    if (ended && slice_u64(slice_from(name, name.n > 1 && *name.p == '-'), &n)) { /* it may have run over */
        c->sequence = c->sequence.p ? c->sequence : name;
        return true;
    }
    if (c->host.p || !(ended ? syslog_is_host(name) : bare_host(ctx, r, word, behind)))
        return false;
    c->host = name;
    return true;
}

/* Takes one part of the head; false when there is no more of it. */
static bool take_part(struct parse_ctx *ctx, struct record *r, struct cisco *c, struct slice *rest)
{
    skip_spaces(rest);
    if (take_node(ctx, r, rest)) {
        c->stamped = c->node = true;
        return false;
    }
    c->stamped = (c->sequence.p || c->host.p) && syslog_stamp(ctx, r, rest, true);
    if (c->stamped || take_uptime(rest))
        return false;
    struct slice word = first_word(*rest);
    if (word.n == rest->n || word.n < 2 || !take_word(ctx, r, c, word, slice_from(*rest, word.n)))
        return false;
    *rest = slice_from(*rest, word.n);
    return true;
}

bool syslog_cisco(struct parse_ctx *ctx, struct record *r, struct slice *s)
{
    enum { PARTS_MAX = 4 };
    struct cisco c = {.host = r->host};
    struct slice rest = *s;
    int64_t time_us = r->time_us;
    for (int i = 0; i < PARTS_MAX && take_part(ctx, r, &c, &rest); i++)
        ;
    bool told = c.node || (c.stamped && c.sequence.p) || mnemonic_severity(rest) >= 0;
    if (!told || rest.p == s->p) {
        r->time_us = time_us;
        return false;
    }
    if (slice_starts(rest, SLICE(": ")))
        rest = slice_from(rest, 2);
    if (c.sequence.p)
        record_add(r, SLICE("sequence"), c.sequence, FIELD_NUMBER);
    r->host = c.host;
    *s = rest;
    return true;
}

/* The level is that of the word before the program; the message stays whole. */
static void read_vmware(struct parse_ctx *ctx, struct record *r)
{
    struct slice head = slice_sub(r->message, 0, 256);
    ptrdiff_t at = slice_chr(head, '[') ? slice_find(head, SLICE("[Originator@")) : -1;
    struct slice sd = slice_from(r->message, (size_t)at);
    if (at < 0 || !syslog_sd_any(ctx, r, &sd))
        return;
    enum level level = level_from_word(first_word(r->message));
    if (level != LEVEL_NONE)
        r->level = level;
}

void syslog_vendor_level(struct parse_ctx *ctx, struct record *r)
{
    int severity = mnemonic_severity(r->app);
    if (severity < 0)
        severity = mnemonic_severity(slice_sub(r->message, 0, 64));
    if (severity >= 0)
        r->level = level_from_severity(severity);
    read_vmware(ctx, r);
}

static bool is_mac(struct slice s)
{
    return s.n == 12 && slice_is_hex(s);
}

bool syslog_unifi(struct record *r, struct slice *s)
{
    struct slice word = first_word(*s), list = word, parts[3], host = SLICE_NONE;
    unsigned n = 0;
    if (!slice_chr(word, ','))
        return false;
    bool quoted = slice_starts(word, SLICE("(\"")) && slice_ends(word, SLICE("\")"));
    if (!quoted && word.p[word.n - 1] != ':')
        return false;
    for (list = quoted ? slice_sub(list, 2, list.n - 2) : slice_sub(list, 0, list.n - 1); list.n && n < 3; n++) {
        parts[n] = slice_split(&list, ',');
        host = is_mac(parts[n]) ? parts[n] : host;
    }
    if (list.n || !host.n)
        return false;
    for (unsigned i = 0, named = 0; i < n; i++)
        if (parts[i].p != host.p)
            record_add(r, named++ ? SLICE("version") : SLICE("model"), parts[i], FIELD_STRING);
    r->host = host;
    *s = slice_from(*s, word.n);
    skip_spaces(s);
    return true;
}
