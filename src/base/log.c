#include "base/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "base/sbuf.h"
#include "base/utf8.h"

enum { LINE_MAX_BYTES = 8192, VALUE_MAX_BYTES = 2048, LIMITERS = 256 };

/* One row per message text; texts are string literals, so the address is the identity, and there are far fewer than
 * rows. */
struct limiter {
    const char *msg;
    time_t since;
    unsigned seen;
};

static struct {
    pthread_mutex_t lock;
    enum log_level level;
    bool journal;
    void (*put)(struct slice line);
    struct limiter limiters[LIMITERS];
} self = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = LOG_INFO};

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char journal_priority[] = {'3', '4', '6', '7'};

void log_open(enum log_level level, bool journal)
{
    self.level = level;
    self.journal = journal;
}

static bool needs_quotes(struct slice s)
{
    bool empty = s.n == 0;
    while (s.n) {
        size_t len = utf8_shown(s);
        if (len == 0 || memchr(" \"=\\", s.p[0], 4))
            return true;
        s = slice_from(s, len);
    }
    return empty;
}

/* Values may come from anywhere: whoever reads the log has a terminal, and it must stay one line of UTF-8. */
static void put_value(struct sbuf *b, struct slice s)
{
    s = slice_sub(s, 0, VALUE_MAX_BYTES);
    if (!needs_quotes(s)) {
        sbuf_adds(b, s);
        return;
    }
    sbuf_addc(b, '"');
    while (s.n) {
        size_t len = utf8_shown(s);
        if (s.p[0] == '"' || s.p[0] == '\\')
            sbuf_addf(b, "\\%c", s.p[0]);
        else if (s.p[0] == '\n')
            sbuf_add(b, "\\n", 2);
        else if (len == 0)
            sbuf_addf(b, "\\x%02x", (unsigned char)s.p[0]);
        else
            sbuf_add(b, s.p, len);
        s = slice_from(s, len ? len : 1);
    }
    sbuf_addc(b, '"');
}

void log_to(void (*put)(struct slice line))
{
    self.put = put;
}

void log_compose(enum log_level level, struct slice logfmt, struct sbuf *out)
{
    if (self.journal) {
        sbuf_addf(out, "<%c>", journal_priority[level]);
    } else {
        struct timespec now;
        struct tm tm;
        clock_gettime(CLOCK_REALTIME, &now);
        gmtime_r(&now.tv_sec, &tm);
        sbuf_addf(out, "time=%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                  tm.tm_hour, tm.tm_min, tm.tm_sec, now.tv_nsec / 1000000);
    }
    sbuf_addf(out, "level=%s ", level_names[level]);
    sbuf_adds(out, logfmt);
    sbuf_addc(out, '\n');
}

static void emit(enum log_level level, struct slice rest)
{
    struct sbuf b;
    sbuf_init(&b, rest.n + 256);
    log_compose(level, rest, &b);
    if (self.put) {
        self.put(sbuf_slice(&b));
    } else {
        ssize_t ignored = write(STDERR_FILENO, b.p, b.n);
        (void)ignored;
    }
    sbuf_done(&b);
}

/* The text's row, or the one for it. Rows are never given up: two texts that shared one would each end the other's
   window, and neither would be limited. */
static struct limiter *limiter_of(const char *msg)
{
    unsigned first = (unsigned)(((uintptr_t)msg >> 3) % LIMITERS);
    for (unsigned i = 0; i < LIMITERS; i++) {
        struct limiter *l = &self.limiters[(first + i) % LIMITERS];
        if (l->msg == msg || !l->msg)
            return l;
    }
    return &self.limiters[first];
}

/* Returns whether the message may pass, and in *missed how many were held back in the window that just ended. */
static bool admit(const char *msg, unsigned *missed)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct limiter *l = limiter_of(msg);
    *missed = 0;
    if (l->msg != msg || now.tv_sec - l->since >= LOG_WINDOW_S) {
        *missed = l->msg == msg && l->seen > LOG_BURST ? l->seen - LOG_BURST : 0;
        *l = (struct limiter){.msg = msg, .since = now.tv_sec};
    }
    return ++l->seen <= LOG_BURST;
}

static void write_line(enum log_level level, const char *msg, const struct log_tag *tags, unsigned n, unsigned missed)
{
    struct sbuf b;
    sbuf_init(&b, LINE_MAX_BYTES);
    sbuf_adds(&b, SLICE("msg="));
    put_value(&b, slice_str(msg));
    for (unsigned i = 0; i < n; i++) {
        if (tags[i].type == LOG_TAG_NONE)
            continue;
        sbuf_addf(&b, " %s=", tags[i].key);
        if (tags[i].type == LOG_TAG_INT)
            sbuf_addf(&b, "%" PRId64, tags[i].num);
        else
            put_value(&b, tags[i].str);
    }
    if (missed)
        sbuf_addf(&b, " left_out=%u", missed);
    emit(level, sbuf_slice(&b));
    sbuf_done(&b);
}

void log_write(enum log_level level, const char *msg, const struct log_tag *tags, unsigned n)
{
    if (level > self.level)
        return;
    unsigned missed;
    pthread_mutex_lock(&self.lock);
    bool pass = admit(msg, &missed);
    pthread_mutex_unlock(&self.lock);
    if (pass)
        write_line(level, msg, tags, n, missed);
}

void log_listed(enum log_level level, const char *msg, const struct log_tag *tags, unsigned n)
{
    if (level <= self.level)
        write_line(level, msg, tags, n, 0);
}

void log_line(enum log_level level, struct slice logfmt)
{
    if (level <= self.level)
        emit(level, logfmt);
}
