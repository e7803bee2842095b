/*
 * stamp: written times to Unix microseconds. Pure: zones are tables made elsewhere, the present is an argument.
 */
#ifndef TEXT_STAMP_H
#define TEXT_STAMP_H

#include "base/slice.h"

#define STAMP_NONE INT64_MIN
#define STAMP_SECOND INT64_C(1000000)
#define STAMP_MAX (INT64_C(253402300800) * STAMP_SECOND) /* the year 10000 */

/* For a time that somebody else kept: sums of a few such cannot overflow. */
static inline int64_t stamp_clamp(int64_t us)
{
    return us < 0 ? 0 : us > STAMP_MAX ? STAMP_MAX : us;
}

/* From `from_utc_s` (Unix seconds) on, local time is UTC + offset_s. Rows ascend; the first begins at INT64_MIN. */
struct zone_row {
    int64_t from_utc_s;
    int32_t offset_s;
};

struct zone {
    char *name;
    struct zone_row *rows;
    unsigned n;
};

/* Civil time, no zone yet. Months and days from 1. */
struct civil {
    int year, month, day, hour, minute, second;
    int32_t micro;
};

/* Unix seconds as if the civil time were UTC. False when a member is out of range (second 60 counts as 59). */
bool stamp_civil(const struct civil *c, int64_t *utc_us);
/* The same in the latest year in which it is no more than a day ahead of now. */
bool stamp_latest_year(struct civil c, int64_t now_us, int64_t *out);
/* 1 to 12 of the three letters that begin an English month's name, in any case, at the front; or 0. */
int stamp_month(struct slice s);
/*
 * A civil time of a zone to UTC. NULL zone is UTC. In the repeated hour of autumn it takes the offset that keeps times
 * rising after last_us (STAMP_NONE: the first); in the skipped hour of spring it moves forward by the gap.
 */
int64_t stamp_local(const struct zone *z, int64_t local_us, int64_t last_us);
/* What local time is ahead of UTC at a Unix time. */
int32_t stamp_offset(const struct zone *z, int64_t utc_s);

/*
 * Readers. Each takes its form from the front of *s; on success it advances *s behind it and writes *out (and
 * *has_zone); on failure both are untouched. Without a zone in the text, *out is civil time as if UTC: pass it to
 * stamp_local.
 */
/* 2026/11/23 02:30:09  (nginx error log; never a zone) */
bool stamp_nginx(struct slice *s, int64_t *out);
/* 23/Nov/2026:02:30:09 +0000  (access logs) */
bool stamp_clf(struct slice *s, int64_t *out);
/* 23/Nov/2026 02:30:09  (Werkzeug's access lines; never a zone) */
bool stamp_clf_local(struct slice *s, int64_t *out);
/*
 * RFC 3339 and its relatives: T or space, a fraction after . or , (digits beyond the ninth are read over) and Z,
 * ±hh:mm, ±hhmm, ±hh or nothing; behind one space also UTC, GMT, ±hh:mm and ±hhmm.
 */
bool stamp_rfc3339(struct slice *s, int64_t *out, bool *has_zone);
/*
 * The second that a stream's stamps had last, in their spelling: a busy log has the same one many times in a row, which
 * is not broken down again. Kept by whoever keeps the stream; zeroed it knows none.
 */
struct stamp_memo {
    char text[26];   /* none is longer than "23/Nov/2026:10:00:00 +0000" */
    unsigned char n; /* bytes of text */
    int64_t us;
};

static inline bool stamp_is_again(const struct stamp_memo *m, struct slice s, size_t n)
{
    return m && m->n == n && s.n >= n && memcmp(s.p, m->text, n) == 0;
}

/* m may be NULL. */
static inline void stamp_keep(struct stamp_memo *m, struct slice text, int64_t us)
{
    if (!m)
        return;
    memcpy(m->text, text.p, text.n);
    m->n = (unsigned char)text.n;
    m->us = us;
}

/*
 * RFC 3164 as met: Mmm dd hh:mm:ss, day of one or two digits, fraction, a year before the month, before the time or
 * behind it, zone word (UTC, GMT, Z, CEST, …; one that means several zones is read over) or offset behind it, weekday
 * or Cisco's * before it, AM or PM behind the time where a year is before it. Without a year: as stamp_latest_year.
 * memo may be NULL.
 */
bool stamp_rfc3164(struct slice *s, int64_t now_us, struct stamp_memo *memo, int64_t *out, bool *has_zone);
/* Unix seconds with an optional fraction, or milli-, micro- or nanoseconds told by magnitude (> 1e11, > 1e14, > 1e17).
 */
bool stamp_epoch(struct slice *s, int64_t *out);
/* A number of such an epoch value; false when NaN, negative or out of range. */
bool stamp_epoch_number(double v, int64_t *out);

/* "2026-11-23T02:30:09.123Z" into buf of at least 32 bytes. */
void stamp_print(int64_t us, char *buf);

#endif
