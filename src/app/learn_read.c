#include "app/learn_read.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "core/clusters.h"
#include "core/pipeline.h"
#include "io/clock.h"

/* A message as it came. */
struct line {
    size_t at, n;    /* in the block's text */
    uint64_t number; /* of its first line in the log */
    unsigned lines;
    bool cut, headed;
};

struct block {
    char *text;
    size_t n;
    struct line *lines;
    unsigned n_lines;
    uint64_t first;     /* number of its first message in the log */
    unsigned users;     /* jobs that have it, and the reader */
    struct block *next; /* of those that nobody uses */
};

struct told {
    size_t at, n; /* in the job's text: the message */
    unsigned line;
    enum level level;
    uint64_t shape;
};

enum job_state { JOB_FREE, JOB_READY, JOB_TAKEN, JOB_DONE };

struct job {
    enum job_state state;                /* under the lock */
    struct block *before, *own, *behind; /* before and behind may be NULL */
    struct stream stream;
    struct told *told;
    unsigned n_told;
    struct sbuf text;
    struct learn_counts counts;
};

struct learn_reader {
    struct pipeline_setup setup;
    const struct snapshot *now;
    learn_told_f *each;
    void *u;
    int64_t now_us;
    struct stream stream;
    struct block *before, *full,
        *filling; /* of the log: told of already; waits for the next one; NULL: there is none */
    struct block *spare;
    uint64_t messages, lines; /* of the log, so far */
    struct learn_counts counts;
    unsigned n_threads; /* besides this one; 0: it does the work itself */
    pthread_t threads[LEARN_THREADS_MAX];
    struct job jobs[LEARN_THREADS_MAX + 2];
    unsigned n_jobs;         /* of these that are used */
    unsigned oldest, n_open; /* jobs that have been handed out and not told, in order */
    pthread_mutex_t lock;
    pthread_cond_t ready, done;
    bool over; /* under the lock: threads end */
};

/* --- blocks --- */

/* They are used again: to give so much memory back, and to ask for it, costs a tenth of the whole. */
static struct block *block_begin(struct learn_reader *r)
{
    struct block *b = r->spare;
    if (b) {
        r->spare = b->next;
    } else {
        b = xcalloc(1, sizeof *b);
        b->text = xmalloc(LEARN_BLOCK_BYTES + FRAME_MESSAGE_MAX);
        b->lines = xcalloc(LEARN_BLOCK_LINES, sizeof *b->lines);
    }
    b->n = 0;
    b->n_lines = 0;
    b->first = r->messages;
    b->users = 1;
    return b;
}

/* By the thread that reads alone. NULL is allowed. */
static void block_let_go(struct learn_reader *r, struct block *b)
{
    if (!b || --b->users)
        return;
    b->next = r->spare;
    r->spare = b;
}

static void free_spare(struct learn_reader *r)
{
    for (struct block *b; (b = r->spare);) {
        r->spare = b->next;
        free(b->text);
        free(b->lines);
        free(b);
    }
}

static struct block *block_use(struct block *b)
{
    if (b)
        b->users++;
    return b;
}

/* --- judging, on any thread --- */

struct judging {
    struct job *job;
    struct block *block; /* of the messages in work */
};

static void note(struct job *j, const struct outcome *o, unsigned line)
{
    const struct record *r = o->record;
    j->counts.messages++;
    if (!r)
        return;
    bool known = o->verdict->rule != NULL, access = !known && format_traits(r->format)->access;
    j->counts.known += known;
    j->counts.access += access;
    if (known || access || !r->message.n)
        return;
    j->told = xroom(j->told, j->n_told, sizeof *j->told);
    j->told[j->n_told++] = (struct told){
        .at = j->text.n, .n = r->message.n, .line = line, .level = r->level, .shape = clusters_shape(r->message)};
    sbuf_adds(&j->text, r->message);
}

/* What begins in another block is told there. */
static void learn_on_outcome(void *u, const struct outcome *o)
{
    struct job *j = ((struct judging *)u)->job;
    if (o->offset >= j->own->first && o->offset - j->own->first < j->own->n_lines)
        note(j, o, (unsigned)(o->offset - j->own->first));
}

static void give(struct pipeline *p, struct stream *s, const struct block *b, unsigned i, struct frame_ahead *ahead,
                 int64_t now_us)
{
    const struct line *l = &b->lines[i];
    const struct message m = {.text = slice_of(b->text + l->at, l->n),
                              .stream = s,
                              .offset = b->first + i,
                              .end = b->first + i + 1,
                              .lines = l->lines,
                              .truncated_bytes = l->cut,
                              .headed = l->headed,
                              .ahead = ahead};
    pipeline_message(p, &m, now_us);
}

/* The first of its last LEARN_BORDER_BYTES. */
static unsigned border_of(const struct block *b)
{
    unsigned i = b->n_lines;
    while (i && b->n - b->lines[i - 1].at <= LEARN_BORDER_BYTES)
        i--;
    return i;
}

static void judge_block(const struct learn_reader *r, struct job *j)
{
    struct judging g = {.job = j};
    struct pipeline_setup setup = r->setup;
    setup.hooks.u = &g;
    struct pipeline *p = pipeline_new(&setup);
    struct frame_ahead ahead = {0};
    if (j->before) {
        ahead = (struct frame_ahead){.begin = j->before->text, .end = j->before->text + j->before->n};
        for (unsigned i = border_of(j->before); i < j->before->n_lines; i++)
            give(p, &j->stream, j->before, i, &ahead, r->now_us);
    }
    ahead = (struct frame_ahead){.begin = j->own->text, .end = j->own->text + j->own->n};
    for (unsigned i = 0; i < j->own->n_lines; i++)
        give(p, &j->stream, j->own, i, &ahead, r->now_us);
    for (unsigned i = 0; j->behind && i < j->behind->n_lines && j->behind->lines[i].at < LEARN_BORDER_BYTES; i++) {
        if (!pipeline_open(p).lines)
            break;
        give(p, &j->stream, j->behind, i, NULL, r->now_us);
    }
    pipeline_let_go(p);
    pipeline_free(p);
}

static struct job *next_ready(struct learn_reader *r)
{
    for (unsigned i = 0; i < r->n_open; i++) {
        struct job *j = &r->jobs[(r->oldest + i) % r->n_jobs];
        if (j->state == JOB_READY)
            return j;
    }
    return NULL;
}

static void *learn_work(void *u)
{
    struct learn_reader *r = u;
    pthread_mutex_lock(&r->lock);
    while (!r->over) {
        struct job *j = next_ready(r);
        if (!j) {
            pthread_cond_wait(&r->ready, &r->lock);
            continue;
        }
        j->state = JOB_TAKEN;
        pthread_mutex_unlock(&r->lock);
        judge_block(r, j);
        pthread_mutex_lock(&r->lock);
        j->state = JOB_DONE;
        pthread_cond_signal(&r->done);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* --- telling, in order --- */

static void tell(struct learn_reader *r, const struct job *j)
{
    r->counts.messages += j->counts.messages;
    r->counts.known += j->counts.known;
    r->counts.access += j->counts.access;
    for (unsigned i = 0; i < j->n_told; i++) {
        const struct told *t = &j->told[i];
        const struct line *l = &j->own->lines[t->line];
        struct slice text = slice_of(j->own->text + l->at, l->n);
        r->each(r->u, &(struct learn_told){.message = slice_of(j->text.p + t->at, t->n),
                                           .line = slice_split(&text, '\n'),
                                           .number = l->number,
                                           .shape = t->shape,
                                           .level = t->level});
    }
}

static void tell_oldest(struct learn_reader *r)
{
    struct job *j = &r->jobs[r->oldest];
    pthread_mutex_lock(&r->lock);
    while (j->state != JOB_DONE)
        pthread_cond_wait(&r->done, &r->lock);
    pthread_mutex_unlock(&r->lock);
    if (snapshot_wants_code(r->now))
        snapshot_make_code(r->now);
    tell(r, j);
    block_let_go(r, j->before);
    block_let_go(r, j->own);
    block_let_go(r, j->behind);
    j->n_told = 0;
    sbuf_reset(&j->text);
    j->counts = (struct learn_counts){0};
    pthread_mutex_lock(&r->lock);
    j->state = JOB_FREE;
    r->oldest = (r->oldest + 1) % r->n_jobs;
    r->n_open--;
    pthread_mutex_unlock(&r->lock);
}

static void tell_all(struct learn_reader *r)
{
    while (r->n_open)
        tell_oldest(r);
}

/* Judges the block that is full. The first one of a log before the others, on this thread. */
static void hand_out(struct learn_reader *r, struct block *behind)
{
    bool first = !r->before;
    if (r->n_open == r->n_jobs)
        tell_oldest(r);
    struct job *j = &r->jobs[(r->oldest + r->n_open) % r->n_jobs];
    j->before = block_use(r->before);
    j->own = block_use(r->full);
    j->behind = block_use(behind);
    j->stream = r->stream;
    bool here = first || !r->n_threads;
    if (here)
        judge_block(r, j);
    if (first)
        r->stream.seen = j->stream.seen;
    pthread_mutex_lock(&r->lock);
    j->state = here ? JOB_DONE : JOB_READY;
    r->n_open++;
    pthread_cond_signal(&r->ready);
    pthread_mutex_unlock(&r->lock);
    if (here)
        tell_all(r);
}

/* The block that is full is the one before from now on. */
static void pass_on(struct learn_reader *r, struct block *behind)
{
    if (!r->full)
        return;
    hand_out(r, behind);
    block_let_go(r, r->before);
    r->before = r->full;
    r->full = NULL;
}

/* --- reading --- */

void learn_reader_begin(struct learn_reader *r, const struct stream *s)
{
    r->stream = *s;
    r->messages = r->lines = 0;
}

static void end_block(struct learn_reader *r)
{
    pass_on(r, r->filling);
    r->full = r->filling;
    r->filling = NULL;
}

void learn_reader_add(struct learn_reader *r, const struct message *m)
{
    if (!r->filling)
        r->filling = block_begin(r);
    struct block *b = r->filling;
    size_t room = LEARN_BLOCK_BYTES + FRAME_MESSAGE_MAX - b->n;
    struct slice text = slice_sub(m->text, 0, room); /* none is longer */
    b->lines[b->n_lines++] = (struct line){.at = b->n,
                                           .n = text.n,
                                           .number = r->lines + 1,
                                           .lines = m->lines,
                                           .cut = m->truncated_bytes > 0,
                                           .headed = m->headed};
    if (text.n)
        memcpy(b->text + b->n, text.p, text.n);
    b->n += text.n;
    r->messages++;
    r->lines += m->lines;
    if (b->n >= LEARN_BLOCK_BYTES || b->n_lines >= LEARN_BLOCK_LINES)
        end_block(r);
}

void learn_reader_end(struct learn_reader *r)
{
    if (r->filling)
        end_block(r);
    pass_on(r, NULL);
    tell_all(r);
    block_let_go(r, r->before);
    r->before = NULL;
}

struct learn_counts learn_reader_counts(const struct learn_reader *r)
{
    return r->counts;
}

/* --- life --- */

static unsigned processors(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : n > LEARN_THREADS_MAX ? LEARN_THREADS_MAX : (unsigned)n;
}

/* Where the system gives no thread, there are fewer. */
static void start_threads(struct learn_reader *r, unsigned n)
{
    while (r->n_threads < n && pthread_create(&r->threads[r->n_threads], NULL, learn_work, r) == 0)
        r->n_threads++;
}

struct learn_reader *learn_reader_new(const struct snapshot *now, const struct options *options, unsigned threads,
                                      learn_told_f *each, void *u)
{
    static const uint8_t no_store[16];
    struct learn_reader *r = xcalloc(1, sizeof *r);
    r->now = now;
    r->each = each;
    r->u = u;
    r->now_us = clock_wall_us();
    r->setup = (struct pipeline_setup){
        .options = options,
        .rules = now->rules,
        .store_id = no_store,
        .record_clock = true,
        .judged_only = true, /* of rules that make events too nothing but that they know a line is asked */
        .hooks = {.outcome = learn_on_outcome}};
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->ready, NULL);
    pthread_cond_init(&r->done, NULL);
    threads = threads ? threads : processors();
    threads = threads > LEARN_THREADS_MAX ? LEARN_THREADS_MAX : threads;
    r->n_jobs = threads + 2;
    for (unsigned i = 0; i < r->n_jobs; i++)
        sbuf_init(&r->jobs[i].text, SIZE_MAX / 2);
    if (threads > 1)
        start_threads(r, threads);
    return r;
}

void learn_reader_free(struct learn_reader *r)
{
    pthread_mutex_lock(&r->lock);
    r->over = true;
    pthread_cond_broadcast(&r->ready);
    pthread_mutex_unlock(&r->lock);
    for (unsigned i = 0; i < r->n_threads; i++)
        pthread_join(r->threads[i], NULL);
    for (unsigned i = 0; i < r->n_jobs; i++) {
        free(r->jobs[i].told);
        sbuf_done(&r->jobs[i].text);
    }
    free_spare(r);
    pthread_cond_destroy(&r->done);
    pthread_cond_destroy(&r->ready);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
