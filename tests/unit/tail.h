/* tail: a tail input on a real folder, with a sink that remembers and a store that is an array, for test_tail
 * and test_tail_crash. */
#ifndef TESTS_TAIL_H
#define TESTS_TAIL_H

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "io/tail.h"
#include "io/tail_position.h"

enum { RIG_KEPT = 40000, RIG_ROWS = 4096, RIG_DEADLINE_MS = 60000 };

struct rig_msg {
    char *text;
    uint64_t key, offset, truncated_bytes, ring;
    unsigned lines;
    bool in_container;
};

struct rig {
    struct event_base *base;
    struct event *tick;
    struct input_options opt;
    struct input_sink sink;
    struct input *in;
    struct counts counts;
    struct diag diag;
    struct tail_tuning tuning;
    char dir[64];
    struct rig_msg msg[RIG_KEPT];
    unsigned n, committed; /* messages handed on; those that a commit covers */
    struct position row[RIG_ROWS];
    unsigned n_rows;
    unsigned pause_after; /* pause within this message; 0: never */
};

static inline void rig_message(void *u, const struct message *m)
{
    struct rig *r = u;
    const struct stream *s = m->stream;
    ck_assert_uint_lt(r->n, RIG_KEPT);
    r->msg[r->n++] = (struct rig_msg){slice_dup(m->text), s->file_key,         m->offset, m->truncated_bytes, s->ring,
                                      m->lines,           s->container != NULL};
    if (r->pause_after && r->n == r->pause_after)
        in_tail.pause(r->in, true);
}

static inline int64_t rig_now(void *u)
{
    (void)u;
    return 0;
}

static inline void rig_tick(evutil_socket_t fd, short what, void *u)
{
    (void)fd, (void)what, (void)u;
}

static inline char *rig_path(const struct rig *r, const char *name)
{
    static char path[8][256];
    static unsigned i;
    char *p = path[i++ % 8];
    snprintf(p, sizeof path[0], "%s/%s", r->dir, name);
    return p;
}

/* mode 1: as on a file system without inotify. */
static inline struct rig *rig_new(const char *pattern, int mode)
{
    struct rig *r = xcalloc(1, sizeof *r);
    strcpy(r->dir, "/tmp/crumbd-tail-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(r->dir));
    r->base = event_base_new();
    struct timeval every = {.tv_usec = 2000};
    r->tick = event_new(r->base, -1, EV_PERSIST, rig_tick, NULL);
    event_add(r->tick, &every);
    r->opt = (struct input_options){
        .kind = INPUT_TAIL, .format = FORMAT_TEXT, .from_start = true, .max_message_bytes = 256 << 10};
    r->opt.text = xstrdup(rig_path(r, pattern));
    r->sink = (struct input_sink){.u = r, .message = rig_message, .counts = &r->counts, .now_us = rig_now};
    r->tuning = (struct tail_tuning){.poll_ms = 20, .idle_ms = 50, .no_inotify = mode == 1};
    return r;
}

static inline void rig_start(struct rig *r)
{
    r->in = in_tail.start(r->base, &r->opt, &r->sink, &r->diag);
    ck_assert_ptr_nonnull(r->in);
    tail_tune(r->in, &r->tuning);
    in_tail.restore(r->in, r->row, r->n_rows);
}

static inline void rig_turn(struct rig *r)
{
    event_base_loop(r->base, EVLOOP_ONCE);
}

static inline void rig_free_row(struct position *p)
{
    free((void *)(uintptr_t)p->input.p);
    free((void *)(uintptr_t)p->part.p);
    free((void *)(uintptr_t)p->blob.p);
}

static inline struct position rig_copy_row(const struct position *p)
{
    return (struct position){.input = slice_of(slice_dup(p->input), p->input.n),
                             .part = slice_of(slice_dup(p->part), p->part.n),
                             .offset = p->offset,
                             .blob = slice_of(slice_dup(p->blob), p->blob.n)};
}

static inline void rig_put(void *u, const struct position *p)
{
    struct rig *r = u;
    unsigned at = 0;
    while (at < r->n_rows && !(slice_eq(r->row[at].input, p->input) && slice_eq(r->row[at].part, p->part)))
        at++;
    if (at < r->n_rows) {
        rig_free_row(&r->row[at]);
        r->row[at] = r->row[--r->n_rows];
    }
    if (p->closed)
        return;
    ck_assert_uint_lt(r->n_rows, RIG_ROWS);
    r->row[r->n_rows++] = rig_copy_row(p);
}

/* What the worker does with each checkpoint. */
static inline void rig_commit(struct rig *r)
{
    in_tail.positions(r->in, rig_put, r);
    in_tail.stored(r->in);
    r->committed = r->n;
}

/* Every file is on another device from now on. */
static inline void rig_renumber(struct rig *r)
{
    for (unsigned i = 0; i < r->n_rows; i++) {
        struct tail_position at;
        struct sbuf text;
        struct position p = {.input = r->row[i].input};
        if (!tail_position_read(&r->row[i], &at))
            continue;
        at.id.dev++;
        sbuf_init(&text, 2 * TAIL_POSITION_MAX);
        tail_position_write(&at, &text, &p);
        p = rig_copy_row(&p);
        rig_free_row(&r->row[i]);
        r->row[i] = p;
        sbuf_done(&text);
    }
}

/* What is committed of the file that was last seen under this name; UINT64_MAX: nothing. */
static inline uint64_t rig_offset(const struct rig *r, const char *name)
{
    struct tail_position at;
    for (unsigned i = 0; i < r->n_rows; i++)
        if (tail_position_read(&r->row[i], &at) && slice_is(at.path, rig_path(r, name)))
            return at.at.offset;
    return UINT64_MAX;
}

static inline void rig_stop(struct rig *r)
{
    in_tail.stop(r->in);
    r->in = NULL;
}

/* What was not committed has never been. */
static inline void rig_crash(struct rig *r)
{
    rig_stop(r);
    while (r->n > r->committed)
        free(r->msg[--r->n].text);
}

static inline void rig_free(struct rig *r)
{
    if (r->in)
        rig_stop(r);
    while (r->n)
        free(r->msg[--r->n].text);
    while (r->n_rows)
        rig_free_row(&r->row[--r->n_rows]);
    char *rm = xasprintf("rm -rf %s", r->dir);
    ck_assert_int_eq(system(rm), 0);
    free(rm);
    event_free(r->tick);
    event_base_free(r->base);
    free(r->opt.text);
    err_done(&r->diag);
    free(r);
}

/* Runs until the condition holds; fails after RIG_DEADLINE_MS. */
#define rig_until(r, condition)                                                                                        \
    do {                                                                                                               \
        int64_t end_ = tail_now_ms() + RIG_DEADLINE_MS;                                                                \
        while (!(condition)) {                                                                                         \
            ck_assert_msg(tail_now_ms() < end_, "never came: %s (%u messages, last '%s')", #condition, (r)->n,         \
                          (r)->n ? (r)->msg[(r)->n - 1].text : "");                                                    \
            rig_turn(r);                                                                                               \
        }                                                                                                              \
    } while (0)

/* What is there has been looked at twice from now on. */
static inline void rig_look(struct rig *r)
{
    uint64_t scans = ((struct tail *)r->in)->scans + 2;
    rig_until(r, ((struct tail *)r->in)->scans >= scans);
}

/* Everything that is there has been seen and handed on: looked at twice from now on, and nothing is left. */
static inline void rig_settle(struct rig *r)
{
    uint64_t scans = ((struct tail *)r->in)->scans + 2;
    rig_until(r, ((struct tail *)r->in)->scans >= scans && in_tail.drained(r->in));
}

__attribute__((format(printf, 3, 4))) static inline void rig_append(struct rig *r, const char *name, const char *fmt,
                                                                    ...)
{
    va_list ap;
    va_start(ap, fmt);
    FILE *f = fopen(rig_path(r, name), "a");
    ck_assert_ptr_nonnull(f);
    vfprintf(f, fmt, ap);
    fclose(f);
    va_end(ap);
}

static inline void rig_append_bytes(struct rig *r, const char *name, struct slice bytes)
{
    FILE *f = fopen(rig_path(r, name), "a");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
    fclose(f);
}

static inline void rig_rename(struct rig *r, const char *from, const char *to)
{
    ck_assert_int_eq(rename(rig_path(r, from), rig_path(r, to)), 0);
}

static inline void rig_truncate(struct rig *r, const char *name)
{
    ck_assert_int_eq(truncate(rig_path(r, name), 0), 0);
}

static inline void rig_copy(struct rig *r, const char *from, const char *to)
{
    FILE *a = fopen(rig_path(r, from), "r"), *b = fopen(rig_path(r, to), "w");
    ck_assert(a && b);
    char buf[4096];
    for (size_t n; (n = fread(buf, 1, sizeof buf, a)) > 0;)
        fwrite(buf, 1, n, b);
    fclose(a);
    fclose(b);
}

/* All messages so far, each followed by '|'. */
static inline const char *rig_all(const struct rig *r)
{
    static struct sbuf b = {.max = 1 << 20};
    sbuf_reset(&b);
    for (unsigned i = 0; i < r->n; i++)
        sbuf_addf(&b, "%s|", r->msg[i].text);
    return sbuf_cstr(&b);
}

#define rig_expect(r, want)                                                                                            \
    do {                                                                                                               \
        rig_until(r, strcmp(rig_all(r), want) == 0 || strlen(rig_all(r)) > strlen(want));                              \
        ck_assert_str_eq(rig_all(r), want);                                                                            \
    } while (0)

/* And nothing after it. */
#define rig_expect_only(r, want)                                                                                       \
    do {                                                                                                               \
        rig_expect(r, want);                                                                                           \
        rig_settle(r);                                                                                                 \
        ck_assert_str_eq(rig_all(r), want);                                                                            \
    } while (0)

#endif
