#include "io/reply.h"

#include <limits.h>

#include "text/stamp.h"

/* A deadline further away than this is taken for nonsense and cut, as Sentry's own SDKs do. */
#define LIMIT_MAX_MS (INT64_C(24) * 3600 * 1000)
#define BARE_429_MS (INT64_C(60) * 1000)

#define WRONG_KEY                                                                                                      \
    "the server does not take this key: compare the DSN with the project's client keys, and see that the project is "  \
    "enabled"

static const char *const category_names[REPLY_CATEGORIES] = {
    [REPLY_ALL] = "", /* only an empty list names it */
    [REPLY_ERROR] = "error",
    [REPLY_DEFAULT] = "default",
    [REPLY_ATTACHMENT] = "attachment",
    [REPLY_LOG_ITEM] = "log_item",
    [REPLY_LOG_BYTE] = "log_byte",
    [REPLY_MONITOR] = "monitor",
    [REPLY_INTERNAL] = "internal",
};

/* "60" or "1.5" seconds, rounded up to milliseconds, at most LIMIT_MAX_MS. */
static bool seconds(struct slice s, int64_t *ms)
{
    struct slice fraction = s, whole = slice_split(&fraction, '.');
    bool has_point = fraction.p != NULL;
    if (whole.n == 0 || (has_point && fraction.n == 0))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && !(s.p[i] == '.' && i == whole.n))
            return false;
    int64_t v = 0;
    for (size_t i = 0; i < whole.n && v < LIMIT_MAX_MS; i++)
        v = v * 10 + (whole.p[i] - '0');
    v *= 1000;
    for (size_t i = 0, unit = 100; i < fraction.n && unit; i++, unit /= 10)
        v += (fraction.p[i] - '0') * (int64_t)unit;
    v += fraction.n > 3; /* a part of a millisecond is rounded up */
    *ms = v < LIMIT_MAX_MS ? v : LIMIT_MAX_MS;
    return true;
}

static void extend(struct reply_limits *limits, enum reply_category c, int64_t until_ms)
{
    if (until_ms > limits->until_ms[c])
        limits->until_ms[c] = until_ms;
}

/* seconds ":" categories [ ":" scope [ ":" reason [ ":" whatever comes later ] ] ] */
static void one_limit(struct slice limit, int64_t now_ms, struct reply_limits *limits)
{
    struct slice rest = limit;
    int64_t ms;
    if (!seconds(slice_trim(slice_split(&rest, ':')), &ms) || !rest.p)
        return;
    struct slice categories = slice_trim(slice_split(&rest, ':'));
    if (categories.n == 0)
        extend(limits, REPLY_ALL, now_ms + ms);
    while (categories.n) {
        struct slice name = slice_trim(slice_split(&categories, ';'));
        for (int c = REPLY_ALL + 1; c < REPLY_CATEGORIES; c++)
            if (slice_is(name, category_names[c]))
                extend(limits, (enum reply_category)c, now_ms + ms);
    }
}

static bool clock_of(struct slice word, struct civil *c)
{
    uint64_t h, m, s;
    bool ok = slice_u64(slice_split(&word, ':'), &h) && slice_u64(slice_split(&word, ':'), &m) && slice_u64(word, &s);
    if (!ok || h > 23 || m > 59 || s > 60)
        return false;
    c->hour = (int)h;
    c->minute = (int)m;
    c->second = (int)s;
    return true;
}

/*
 * The three forms of RFC 9110, 5.6.7, by what their words look like: a day comes before a year, months are
 * names, the time has colons. "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6
 * 08:49:37 1994".
 */
static bool http_date(struct slice s, int64_t now_s, int64_t *ms)
{
    struct civil c = {.year = -1};
    bool timed = false;
    for (size_t i = 0, from = 0; i <= s.n; i++) {
        if (i < s.n && !strchr(" ,-", s.p[i]))
            continue;
        struct slice word = slice_sub(s, from, i);
        uint64_t number;
        from = i + 1;
        if (slice_chr(word, ':'))
            timed = clock_of(word, &c);
        else if (slice_u64(word, &number) && number < 10000 && c.day == 0)
            c.day = (int)number;
        else if (slice_u64(word, &number) && number < 10000)
            c.year = (int)(number < 70 ? number + 2000 : number < 100 ? number + 1900 : number);
        else if (stamp_month(word))
            c.month = stamp_month(word);
    }
    int64_t us;
    if (!timed || c.year < 0 || c.month == 0 || !stamp_civil(&c, &us))
        return false;
    int64_t left_s = us / 1000000 - now_s;
    *ms = left_s < 0 ? 0 : left_s > LIMIT_MAX_MS / 1000 ? LIMIT_MAX_MS : left_s * 1000;
    return true;
}

static bool wait_of(const struct reply_answer *a, int64_t *ms)
{
    struct slice after = slice_trim(a->retry_after);
    return seconds(after, ms) || http_date(after, a->now_s, ms);
}

static void take_limits(const struct reply_answer *a, struct reply_limits *limits)
{
    int64_t ms = BARE_429_MS;
    if (a->has_rate_limits) {
        struct slice list = a->rate_limits;
        while (list.n)
            one_limit(slice_split(&list, ','), a->now_ms, limits);
    } else if (a->status == 429) {
        if (!wait_of(a, &ms))
            ms = BARE_429_MS;
        extend(limits, REPLY_ALL, a->now_ms + ms);
    }
}

/*
 * What an answer means, by its status: the first row that has it. This is the one place that decides it.
 *
 * 429: Sentry's SDKs drop the event, since the server has counted it already. crumbd has promised to lose nothing, and
 * has a disk: it keeps the event and stops draining until the limit has passed. The same for 5xx, which the SDKs do not
 * try again. The event_id stays the same, so nothing becomes two.
 *
 * 3xx, 405 and 407 mean that what answers is not the Sentry that the DSN names, or not at that path, as 404 does. 408,
 * 421 and 425 are words of servers and proxies on the way, which saw nothing wrong with the event.
 */
static const struct policy {
    unsigned first, last;
    enum reply_verdict verdict;
    const char *hint; /* what to do about it, NULL: nothing */
} policy[] = {
    {200, 299, REPLY_SENT, NULL},
    {300, 399, REPLY_PAUSE,
     "the server answers with a redirect, which is not followed: write the DSN with the final scheme and host "
     "(https?)"},
    {401, 401, REPLY_PAUSE, WRONG_KEY},
    {403, 403, REPLY_PAUSE, WRONG_KEY},
    {404, 405, REPLY_PAUSE,
     "nothing takes events at this address: check host, path and project number of the DSN, and that no proxy "
     "rewrites the path"},
    {407, 407, REPLY_PAUSE, "the proxy wants a login: write sentry.proxy as http://USER:PASSWORD@HOST:PORT"},
    {408, 408, REPLY_RETRY, NULL},
    {413, 413, REPLY_DEAD, "the event is larger than the server or a proxy before it takes: see its body size limit"},
    {421, 421, REPLY_RETRY, NULL},
    {425, 425, REPLY_RETRY, NULL},
    {429, 429, REPLY_LIMITED, NULL},
    {400, 499, REPLY_DEAD, NULL},
    {503, 503, REPLY_BUSY, NULL},
    {0, UINT_MAX, REPLY_RETRY, NULL},
};

static const struct policy *policy_of(unsigned status)
{
    const struct policy *p = policy;
    while (status < p->first || status > p->last)
        p++;
    return p;
}

/* A limit concerns what is sent after it, whatever the status; so it is read first. */
enum reply_verdict reply_judge(const struct reply_answer *a, struct reply_limits *limits)
{
    take_limits(a, limits);
    if (!a->status)
        return a->uploaded ? REPLY_RETRY : REPLY_BUSY;
    return policy_of(a->status)->verdict;
}

int64_t reply_wait_ms(const struct reply_answer *a)
{
    int64_t ms;
    return a->status == 503 && wait_of(a, &ms) ? ms : 0;
}

int64_t reply_until(const struct reply_limits *limits, unsigned categories)
{
    int64_t until = limits->until_ms[REPLY_ALL];
    for (int c = 0; c < REPLY_CATEGORIES; c++)
        if (categories & 1u << c && limits->until_ms[c] > until)
            until = limits->until_ms[c];
    return until;
}

const char *reply_hint(unsigned status)
{
    const char *hint = policy_of(status)->hint;
    return hint ? hint : "";
}
