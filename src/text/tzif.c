#include "text/tzif.h"

#include <assert.h>

#include "base/xalloc.h"

enum { DAY_S = 86400, FIRST_YEAR = 1969, YEARS = TZIF_LAST_YEAR - FIRST_YEAR + 1 };
/* RFC 9636, 3.2: "an offset SHOULD be more than -25 hours and less than 26 hours". */
enum { OFFSET_MIN_S = -25 * 3600 + 1, OFFSET_MAX_S = 26 * 3600 - 1 };

/* --- rows --- */

static void begin_rows(struct zone *z, size_t changes, int32_t offset_s)
{
    z->rows = xcalloc(1 + changes + 2 * YEARS, sizeof *z->rows);
    z->rows[0] = (struct zone_row){INT64_MIN, offset_s};
    z->n = 1;
}

/* Changes come in the order of time. One that changes nothing makes no row, of two at one moment the second counts. */
static void add_row(struct zone *z, int64_t from_s, int32_t offset_s)
{
    struct zone_row *last = &z->rows[z->n - 1];
    if (from_s < last->from_utc_s)
        return;
    if (from_s <= 0 || from_s == last->from_utc_s)
        last->offset_s = offset_s;
    else if (offset_s != last->offset_s)
        z->rows[z->n++] = (struct zone_row){from_s, offset_s};
    if (z->n > 1 && z->rows[z->n - 1].offset_s == z->rows[z->n - 2].offset_s)
        z->n--;
}

static void end_rows(struct zone *z)
{
    z->rows = xrealloc(z->rows, z->n, sizeof *z->rows);
}

/* --- a rule: POSIX.1, 8.3, with what RFC 9636, 3.3.2, adds to it --- */

struct date {
    enum { DATE_MONTH, DATE_DAY, DATE_DAY_NO_LEAP } form;
    unsigned month, week, day;
    int32_t time_s; /* of the local day, up to a week before or after it */
};

struct rule {
    int32_t standard_s, summer_s;
    bool has_summer;
    struct date start, end; /* of summer time */
};

static bool take_byte(struct slice *s, char c)
{
    if (!s->n || s->p[0] != c)
        return false;
    *s = slice_from(*s, 1);
    return true;
}

static bool take_number(struct slice *s, unsigned least, unsigned most, unsigned *out)
{
    unsigned v = 0;
    size_t n = 0;
    for (; n < s->n && n < 3 && ascii_digit(s->p[n]); n++)
        v = v * 10 + (unsigned)(s->p[n] - '0');
    if (n == 0 || v < least || v > most)
        return false;
    *s = slice_from(*s, n);
    *out = v;
    return true;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct slice *s, unsigned hours_max, int32_t *out)
{
    bool minus = take_byte(s, '-');
    unsigned hours, minutes = 0, seconds = 0;
    if (!minus)
        take_byte(s, '+');
    if (!take_number(s, 0, hours_max, &hours) ||
        (take_byte(s, ':') &&
         (!take_number(s, 0, 59, &minutes) || (take_byte(s, ':') && !take_number(s, 0, 59, &seconds)))))
        return false;
    *out = (int32_t)(hours * 3600 + minutes * 60 + seconds) * (minus ? -1 : 1);
    return true;
}

/* CET or <+03> */
static bool take_name(struct slice *s)
{
    bool quoted = take_byte(s, '<');
    size_t n = 0;
    while (n < s->n && (ascii_alpha(s->p[n]) || (quoted && (ascii_digit(s->p[n]) || s->p[n] == '+' || s->p[n] == '-'))))
        n++;
    *s = slice_from(*s, n);
    return n >= 3 && (!quoted || take_byte(s, '>'));
}

/* Mm.w.d, Jn or n, and /time behind it; two in the morning without. */
static bool take_date(struct slice *s, struct date *d)
{
    bool ok;
    *d = (struct date){.time_s = 2 * 3600};
    if (take_byte(s, 'M')) {
        d->form = DATE_MONTH;
        ok = take_number(s, 1, 12, &d->month) && take_byte(s, '.') && take_number(s, 1, 5, &d->week) &&
             take_byte(s, '.') && take_number(s, 0, 6, &d->day);
    } else if (take_byte(s, 'J')) {
        d->form = DATE_DAY_NO_LEAP;
        ok = take_number(s, 1, 365, &d->day);
    } else {
        d->form = DATE_DAY;
        ok = take_number(s, 0, 365, &d->day);
    }
    return ok && (!take_byte(s, '/') || take_time(s, 167, &d->time_s));
}

static bool take_summer(struct slice *s, struct rule *r)
{
    int32_t west_s;
    r->has_summer = true;
    r->summer_s = r->standard_s + 3600;
    if (!take_name(s))
        return false;
    if (s->n && s->p[0] != ',') {
        if (!take_time(s, 24, &west_s))
            return false;
        r->summer_s = -west_s;
    }
    if (!s->n)
        *s = SLICE(",M3.2.0,M11.1.0");
    return take_byte(s, ',') && take_date(s, &r->start) && take_byte(s, ',') && take_date(s, &r->end);
}

/* POSIX counts offsets to the west. */
static bool read_rule(struct slice s, struct rule *r)
{
    int32_t west_s;
    *r = (struct rule){0};
    if (!take_name(&s) || !take_time(&s, 24, &west_s))
        return false;
    r->standard_s = -west_s;
    return (!s.n || take_summer(&s, r)) && !s.n;
}

/* The day number of the first of a month; month 13 is the next year's first. */
static int64_t first_day(int year, unsigned month)
{
    int64_t us;
    bool ok =
        stamp_civil(&(struct civil){.year = year + month / 13, .month = (int)(month - 1) % 12 + 1, .day = 1}, &us);
    assert(ok);
    return us / STAMP_SECOND / DAY_S;
}

/* Seconds since 1970 of the local clock that the date is written by. */
static int64_t moment_of(const struct date *d, int year)
{
    int64_t day = first_day(year, 1);
    if (d->form == DATE_MONTH) {
        int64_t first = first_day(year, d->month), next = first_day(year, d->month + 1);
        int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970 began with a Thursday */
        day = first + (d->day - weekday + 7) % 7 + (d->week - 1) * 7;
        day -= day >= next ? 7 : 0; /* week 5 is the last one */
    } else {
        bool is_leap = first_day(year + 1, 1) - day == 366;
        day += d->form == DATE_DAY ? d->day : d->day - 1 + (is_leap && d->day >= 60);
    }
    return day * DAY_S + d->time_s;
}

/* Its changes after that moment. */
static void add_rule(struct zone *z, const struct rule *r, int64_t after_s)
{
    for (int year = FIRST_YEAR; r->has_summer && year <= TZIF_LAST_YEAR; year++) {
        struct zone_row start = {moment_of(&r->start, year) - r->standard_s, r->summer_s};
        struct zone_row end = {moment_of(&r->end, year) - r->summer_s, r->standard_s};
        bool is_north = start.from_utc_s < end.from_utc_s;
        const struct zone_row pair[2] = {is_north ? start : end, is_north ? end : start};
        for (unsigned i = 0; i < 2; i++)
            if (pair[i].from_utc_s > after_s)
                add_row(z, pair[i].from_utc_s, pair[i].offset_s);
    }
}

bool tzif_rule(struct slice text, struct zone *z)
{
    struct rule r;
    if (!read_rule(text, &r))
        return false;
    begin_rows(z, 0, r.standard_s);
    add_rule(z, &r, INT64_MIN);
    end_rows(z);
    return true;
}

/* --- a file --- */

struct header {
    char version;
    unsigned time_bytes; /* of a time in the block behind it */
    uint64_t n_ut, n_standard, n_leaps, n_changes, n_types, n_name_bytes;
};

enum { HEADER_BYTES = 44, TYPE_BYTES = 6 };

static uint64_t be_at(const char *p, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

static bool take_header(struct slice *s, unsigned time_bytes, struct header *h)
{
    if (s->n < HEADER_BYTES || memcmp(s->p, "TZif", 4) != 0)
        return false;
    const char *p = s->p + 20;
    *h = (struct header){.version = s->p[4],
                         .time_bytes = time_bytes,
                         .n_ut = be_at(p, 4),
                         .n_standard = be_at(p + 4, 4),
                         .n_leaps = be_at(p + 8, 4),
                         .n_changes = be_at(p + 12, 4),
                         .n_types = be_at(p + 16, 4),
                         .n_name_bytes = be_at(p + 20, 4)};
    *s = slice_from(*s, HEADER_BYTES);
    return true;
}

/* Counts are of 32 bits: no sum of them can overflow. */
static bool take_block(struct slice *s, const struct header *h, struct slice *block)
{
    uint64_t n = h->n_changes * (h->time_bytes + 1) + h->n_types * TYPE_BYTES + h->n_name_bytes +
                 h->n_leaps * (h->time_bytes + 4) + h->n_standard + h->n_ut;
    if (n > s->n)
        return false;
    *block = slice_sub(*s, 0, (size_t)n);
    *s = slice_from(*s, (size_t)n);
    return true;
}

struct block {
    unsigned time_bytes, n_types;
    size_t n_changes;
    const char *times, *indices, *types;
};

static int64_t time_at(const struct block *b, size_t i)
{
    uint64_t v = be_at(b->times + i * b->time_bytes, b->time_bytes);
    return b->time_bytes == 4 ? (int64_t)(int32_t)(uint32_t)v : (int64_t)v;
}

static int32_t offset_of(const struct block *b, unsigned type)
{
    return (int32_t)(uint32_t)be_at(b->types + type * TYPE_BYTES, 4);
}

static bool is_sound(const struct block *b)
{
    for (unsigned i = 0; i < b->n_types; i++)
        if (offset_of(b, i) < OFFSET_MIN_S || offset_of(b, i) > OFFSET_MAX_S)
            return false;
    for (size_t i = 0; i < b->n_changes; i++)
        if ((unsigned char)b->indices[i] >= b->n_types || (i && time_at(b, i) <= time_at(b, i - 1)))
            return false;
    return b->n_types > 0;
}

/* The rule between the two line ends behind the second block; an empty one says that nothing is known of later times.
 */
static bool take_footer(struct slice s, struct rule *r)
{
    ptrdiff_t end = take_byte(&s, '\n') ? slice_find(s, SLICE("\n")) : -1;
    *r = (struct rule){0};
    return end >= 0 && (end == 0 || read_rule(slice_sub(s, 0, (size_t)end), r));
}

bool tzif_read(struct slice s, struct zone *z)
{
    struct header h;
    struct slice body;
    struct rule rule = {0};
    if (!take_header(&s, 4, &h) || !take_block(&s, &h, &body))
        return false;
    /* From version 2 on the same follows in 64 bits, and the first block is for readers of version 1. */
    if (h.version != '\0' && (!take_header(&s, 8, &h) || !take_block(&s, &h, &body) || !take_footer(s, &rule)))
        return false;
    struct block b = {
        .time_bytes = h.time_bytes, .n_types = (unsigned)h.n_types, .n_changes = (size_t)h.n_changes, .times = body.p};
    b.indices = b.times + b.n_changes * b.time_bytes;
    b.types = b.indices + b.n_changes;
    if (!is_sound(&b))
        return false;
    begin_rows(z, b.n_changes, offset_of(&b, 0));
    for (size_t i = 0; i < b.n_changes; i++)
        add_row(z, time_at(&b, i), offset_of(&b, (unsigned char)b.indices[i]));
    add_rule(z, &rule, b.n_changes ? time_at(&b, b.n_changes - 1) : INT64_MIN);
    end_rows(z);
    return true;
}
