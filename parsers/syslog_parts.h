/*
 * syslog_parts: what a message of syslog is made of, whatever its header: stamp, host, structured data, text. On it
 * stand syslog_vendor.c, on both syslog_legacy.c (RFC 3164 as met), and on all of them syslog.c (header, RFC 5424).
 * Pure.
 */
#ifndef PARSERS_SYSLOG_PARTS_H
#define PARSERS_SYSLOG_PARTS_H

#include "parsers/parser.h"

enum { SYSLOG_HOST_MAX = 255 };

/*
 * RFC 5424, 6.3: one or more elements `[id name="value" …]` at the front of *s, no space between them, each with a
 * parameter at least. Adds each parameter as field `id.name`, escapes decoded, and advances *s. False: not well formed;
 * r and *s are as they were.
 */
bool syslog_sd(struct parse_ctx *ctx, struct record *r, struct slice *s);
/*
 * The same where there must be some. Values without quotes (VMware) end at a space or `]`. As Vector does, an element
 * that is not well formed is left out, and what it said becomes the field `sd`; one that has no end is left where it
 * is. False: there are none.
 */
bool syslog_sd_any(struct parse_ctx *ctx, struct record *r, struct slice *s);
/* The text behind the header, read as what it is (nested.h), also JSON behind @cee:; of the kernel's lines the uptime.
 * Sets the message and what it tells. */
void syslog_body(struct parse_ctx *ctx, struct record *r, struct slice text);
/* The phrase of a syslogd for a message that came so many times more. */
bool syslog_repeat(struct slice text, unsigned *times);
/* A time stamp at the front of *s in any of its forms, the colon and the spaces behind it. Sets the time,
 * advances *s. cisco: it stands in a head of that kind. */
bool syslog_stamp(struct parse_ctx *ctx, struct record *r, struct slice *s, bool cisco);
/* The same, where a weekday stands before a date of digits: `journalctl -o short-full`. */
bool syslog_journal_stamp(struct slice *s, int64_t *us, bool *zoned);
/* Unix seconds of ten digits, with a fraction or without, as Meraki writes them. */
bool syslog_epoch(struct slice *s, int64_t *us);
/* rsyslog's rule for a host, and addresses and relays (a/b, a@b). */
bool syslog_is_host(struct slice word);
/* Without the escapes of control bytes that rsyslog writes, but for line breaks. */
struct slice syslog_unescape(struct arena *a, struct slice s);
/* user and daemon: what programs have that chose none, with a severity that often is that of all their messages. */
bool syslog_is_common(int facility);

/* RFC 5424, 6: PRINTUSASCII, the bytes of header fields. */
static inline bool syslog_printable(char c)
{
    return c > 32 && c < 127;
}

static inline bool starts_with(struct slice s, char c)
{
    return s.n && *s.p == c;
}

static inline void skip_spaces(struct slice *s)
{
    while (s->n && *s->p == ' ')
        *s = slice_from(*s, 1);
}

static inline struct slice first_word(struct slice s)
{
    return slice_split(&s, ' ');
}

#endif
