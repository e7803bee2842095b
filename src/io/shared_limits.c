#include "io/shared_limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/clock.h"
#include "io/redis_remedy.h"

enum { ANSWER_BYTES_MAX = 16384, SILENT_MS = 2000, WORDS_MAX = 20, WORD_MAX = 64, SHA_CHARS = 40 };
#define MINUTE_MS "60000"
#define DAY_MS "86400000"
#define HOUR_MS "3600000"

/*
 * Adds ARGV[1] occurrences to an issue. A period that is over, or of which Redis knows nothing any more, begins anew:
 * with the end that the member knows (ARGV[3]), if that is still to come, and at no less than what it knows to have
 * been counted (ARGV[4]), which Redis may have lost. -> before, end, ms left, known
 */
static const char script_count[] =
    "local k, t = redis.call('HMGET', KEYS[1], 'c', 'e'), redis.call('TIME')\n"
    "local now = t[1] * 1000 + math.floor(t[2] / 1000)\n"
    "local c, e, mine, floor = tonumber(k[1] or 0), tonumber(k[2] or 0), tonumber(ARGV[3]), tonumber(ARGV[4])\n"
    "local known = k[2] and 1 or 0\n"
    "if e <= now then c = 0; e = now + ARGV[2]; if mine > now then e = mine end end\n"
    "if mine == e and floor > c then c = floor end\n"
    "redis.call('HSET', KEYS[1], 'c', string.format('%.0f', c + ARGV[1]), 'e', string.format('%.0f', e))\n"
    "redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', e + " DAY_MS "))\n"
    "return {c, e, e - now, known}\n";

/* Takes a place in each budget KEYS[i], of ARGV[2i-1] (0: any number) in ARGV[2i] ms, or, if one has none, nowhere.
   -> denied, then of each: count, ms left */
static const char script_take[] = "local r = {0}\n"
                                  "for i, key in ipairs(KEYS) do\n"
                                  "  local most = tonumber(ARGV[2 * i - 1])\n"
                                  "  if most > 0 and tonumber(redis.call('GET', key) or 0) >= most then r[1] = 1 end\n"
                                  "end\n"
                                  "for i, key in ipairs(KEYS) do\n"
                                  "  local c = tonumber(redis.call('GET', key) or 0)\n"
                                  "  if r[1] == 0 then c = redis.call('INCR', key) end\n"
                                  "  if c == 1 then redis.call('PEXPIRE', key, ARGV[2 * i]) end\n"
                                  "  r[2 * i] = c; r[2 * i + 1] = redis.call('PTTL', key)\n"
                                  "end\n"
                                  "return r\n";

enum script { COUNT, TAKE, SCRIPTS };
static const char *const scripts[] = {script_count, script_take};

/* Tags of asks are their numbers, which begin at 1, with the script in the lowest bit; those of loading end the range.
 */
static const uint64_t TAG_LOAD = UINT64_MAX - 8, TAG_PROBE = UINT64_MAX - 4;

/* Of a Redis Cluster each eighth of the slots has one of them: where a part of the keys is another's, that shows before
 * anything is counted, and not at some issues only. */
static const char *const probes[] = {"crumbd:probe:0",  "crumbd:probe:1",  "crumbd:probe:2",  "crumbd:probe:3",
                                     "crumbd:probe:40", "crumbd:probe:41", "crumbd:probe:42", "crumbd:probe:43"};
enum { PROBES = sizeof probes / sizeof *probes };

struct shared_limits {
    struct shared_limits_setup setup;
    struct redis *redis;
    char sha[SCRIPTS][SHA_CHARS + 1];
    unsigned probed; /* of this connection: probes that went well */
    struct shared_limits_state state;
};

/* A command under way; its numbers stand in it. */
struct words {
    struct slice v[WORDS_MAX];
    char text[WORDS_MAX][WORD_MAX];
    unsigned n;
};

static void add(struct words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct words *w, const char *fmt, ...)
{
    va_list ap;
    assert(w->n < WORDS_MAX);
    va_start(ap, fmt);
    int n = vsnprintf(w->text[w->n], WORD_MAX, fmt, ap);
    va_end(ap);
    assert(n >= 0 && n < WORD_MAX);
    w->v[w->n] = slice_of(w->text[w->n], (size_t)n);
    w->n++;
}

/* --- its state --- */

static void say_state(const struct shared_limits *l)
{
    if (l->state.up)
        log_info("limits are shared: Redis counts for all members", log_c("shared", l->setup.at->shown));
    else
        log_warn("Redis does not count for all members: until it does, each limits by itself",
                 log_c("shared", l->setup.at->shown), log_c("why", l->state.why),
                 log_c("remedy", redis_remedy(l->state.why)));
}

/* That it is still away is logged no more, but shown with the newest reason. */
static void set_state(struct shared_limits *l, bool up, const char *why)
{
    struct shared_limits_state *s = &l->state;
    bool changed = s->up != up || !s->since_us, same = strcmp(s->why, why) == 0;
    snprintf(s->why, sizeof s->why, "%s", why);
    if (changed) {
        s->up = up;
        s->since_us = clock_wall_us();
        say_state(l);
    }
    if (changed || !same)
        l->setup.up(l->setup.u, up);
}

const struct shared_limits_state *shared_limits_state(const struct shared_limits *l)
{
    return &l->state;
}

static void shared_limits_down(void *u, const char *why)
{
    set_state(u, false, why);
}

static void shared_limits_ready(void *u)
{
    struct shared_limits *l = u;
    for (unsigned i = 0; i < SCRIPTS; i++) {
        const struct slice words[] = {SLICE("SCRIPT"), SLICE("LOAD"), slice_str(scripts[i])};
        redis_send(l->redis, TAG_LOAD + i, words, 3);
    }
    /* A replica, and one that is full, loads scripts and lets nobody write. */
    l->probed = 0;
    for (unsigned i = 0; i < PROBES; i++) {
        const struct slice words[] = {SLICE("SET"), slice_str(probes[i]), SLICE("1"), SLICE("PX"), SLICE(MINUTE_MS)};
        redis_send(l->redis, TAG_PROBE, words, 5);
    }
}

/* --- answers --- */

static bool loaded(struct shared_limits *l, unsigned script, const struct redis_value *v)
{
    if (v->type != REDIS_STRING || v->text.n != SHA_CHARS)
        return false;
    memcpy(l->sha[script], v->text.p, SHA_CHARS);
    return true;
}

static bool probed(struct shared_limits *l, const struct redis_value *v)
{
    bool ok = v->type == REDIS_STATUS;
    l->probed += ok;
    if (l->probed == PROBES)
        set_state(l, true, "");
    return ok;
}

static int64_t from_ms(int64_t ms)
{
    const int64_t most = INT64_MAX / 1000;
    return ms < 0 ? 0 : (ms < most ? ms : most) * 1000;
}

static bool read_count(const struct redis_value *v, struct shared_answer *a)
{
    if (v->n != 4 || redis_integer(v, 0) < 0)
        return false;
    a->before = (uint64_t)redis_integer(v, 0);
    a->end_ms = redis_integer(v, 1);
    a->left_us = from_ms(redis_integer(v, 2));
    a->known = redis_integer(v, 3) != 0;
    return true;
}

static bool read_take(const struct redis_value *v, struct shared_answer *a)
{
    if (v->n < 3 || v->n > 1 + 2 * SHARED_TAKES)
        return false;
    a->denied = redis_integer(v, 0) != 0;
    for (unsigned i = 0; 2 * i + 2 < v->n; i++) {
        int64_t count = redis_integer(v, 2 * i + 1);
        a->takes[i].count = count < 0 ? 0 : (uint64_t)count;
        a->takes[i].left_us = from_ms(redis_integer(v, 2 * i + 2));
    }
    return true;
}

/* It may be that another connection leads to one that does not refuse: to the new master, by its name. */
static bool shared_limits_reply(void *u, uint64_t tag, const struct redis_value *v)
{
    struct shared_limits *l = u;
    if (tag == TAG_PROBE)
        return probed(l, v);
    if (tag >= TAG_LOAD)
        return loaded(l, (unsigned)(tag - TAG_LOAD), v);
    struct shared_answer a = {.number = tag >> 1};
    bool read = v->type == REDIS_ARRAY && ((tag & 1) == TAKE ? read_take : read_count)(v, &a);
    a.failed = !read;
    if (read)
        redis_does_well(l->redis);
    l->setup.answer(l->setup.u, &a);
    return read;
}

/* --- asks --- */

static void put_count(struct words *w, const struct shared_ask *ask)
{
    add(w, "1");
    add(w, "crumbd:i:%016" PRIx64, ask->issue);
    add(w, "%" PRIu64, ask->n);
    add(w, "%" PRId64, ask->period_us / 1000);
    add(w, "%" PRId64, ask->end_ms);
    add(w, "%" PRIu64, ask->floor);
}

static const struct budget {
    const char *name, *ms;
} budgets[] = {
    [SHARED_MINUTE] = {"minute", MINUTE_MS}, [SHARED_DAY] = {"day", DAY_MS}, [SHARED_NEW] = {"new", HOUR_MS}};

static void put_take(struct words *w, const struct shared_ask *ask)
{
    add(w, "%u", ask->n_takes);
    for (unsigned i = 0; i < ask->n_takes; i++) {
        const struct shared_take *t = &ask->takes[i];
        if (t->peer)
            add(w, "crumbd:{%016" PRIx64 "}:%s:%016" PRIx64, ask->project, budgets[t->of].name, t->peer);
        else
            add(w, "crumbd:{%016" PRIx64 "}:%s", ask->project, budgets[t->of].name);
    }
    for (unsigned i = 0; i < ask->n_takes; i++) {
        add(w, "%" PRIu64, ask->takes[i].most);
        add(w, "%s", budgets[ask->takes[i].of].ms);
    }
}

bool shared_limits_ask(struct shared_limits *l, const struct shared_ask *ask)
{
    enum script script = ask->n_takes ? TAKE : COUNT;
    struct words w = {.n = 0};
    if (!l->state.up)
        return false;
    add(&w, "EVALSHA");
    add(&w, "%s", l->sha[script]);
    (script == TAKE ? put_take : put_count)(&w, ask);
    return redis_send(l->redis, ask->number << 1 | script, w.v, w.n);
}

struct shared_limits *shared_limits_new(const struct shared_limits_setup *setup, struct diag *d)
{
    struct shared_limits *l = xcalloc(1, sizeof *l);
    l->setup = *setup;
    l->state.on = true;
    const struct redis_setup redis = {.base = setup->base,
                                      .at = setup->at,
                                      .most_bytes = ANSWER_BYTES_MAX,
                                      .silent_ms = SILENT_MS,
                                      .u = l,
                                      .ready = shared_limits_ready,
                                      .reply = shared_limits_reply,
                                      .down = shared_limits_down};
    l->redis = redis_new(&redis, d);
    if (l->redis)
        return l;
    free(l);
    return NULL;
}

void shared_limits_free(struct shared_limits *l)
{
    if (!l)
        return;
    redis_free(l->redis);
    free(l);
}
