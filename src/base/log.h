/*
 * log: crumbd's own log, one logfmt line a message, on stderr or wherever log_to leads.
 *
 * A message is a fixed string plus typed tags, so it can be searched for and no foreign text is ever a format. Control
 * bytes are escaped. Each message text is limited to LOG_BURST lines in LOG_WINDOW_S seconds, after which one line says
 * how many were left out. Any thread may call.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/sbuf.h"
#include "base/slice.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum { LOG_BURST = 10, LOG_WINDOW_S = 10 };

struct log_tag {
    const char *key;
    enum { LOG_TAG_NONE, LOG_TAG_STR, LOG_TAG_INT } type;
    struct slice str;
    int64_t num;
};

static inline struct log_tag log_s(const char *key, struct slice v)
{
    return (struct log_tag){.key = key, .type = LOG_TAG_STR, .str = v};
}

static inline struct log_tag log_c(const char *key, const char *v)
{
    return log_s(key, slice_str(v));
}

static inline struct log_tag log_i(const char *key, int64_t v)
{
    return (struct log_tag){.key = key, .type = LOG_TAG_INT, .num = v};
}

/* Whom a line is about, spelt as in the tag `peer` of events; left out where nobody sent: a file, standard input. */
static inline struct log_tag log_peer(struct slice v)
{
    return v.n ? log_s("peer", v) : (struct log_tag){.key = "peer", .type = LOG_TAG_NONE};
}

/* level: the least important level still written. journal: put <N> before each line, as systemd reads it
 * (sd-daemon(3)). */
void log_open(enum log_level level, bool journal);
void log_write(enum log_level level, const char *msg, const struct log_tag *tags, unsigned n);
/* One of a list that the configuration bounds, such as the inputs; never limited. */
void log_listed(enum log_level level, const char *msg, const struct log_tag *tags, unsigned n);
/* A line that is already logfmt (the ledger); never limited. */
void log_line(enum log_level level, struct slice logfmt);
/* Hands every line, with its end, to `put` instead of writing it to stderr; before other threads are there. NULL: to
 * stderr again. `put` must not log. */
void log_to(void (*put)(struct slice line));
/* Adds the line as it is written: with its priority or time, its level and its end. */
void log_compose(enum log_level level, struct slice logfmt, struct sbuf *out);

#define log_at(level, msg, ...)                                                                                        \
    log_write(level, msg, ((const struct log_tag[]){{0}, ##__VA_ARGS__}) + 1,                                          \
              sizeof((const struct log_tag[]){{0}, ##__VA_ARGS__}) / sizeof(struct log_tag) - 1)
#define log_error(msg, ...) log_at(LOG_ERROR, msg, ##__VA_ARGS__)
#define log_warn(msg, ...) log_at(LOG_WARN, msg, ##__VA_ARGS__)
#define log_info(msg, ...) log_at(LOG_INFO, msg, ##__VA_ARGS__)
#define log_debug(msg, ...) log_at(LOG_DEBUG, msg, ##__VA_ARGS__)

#endif
