#include "core/breadcrumbs.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/table.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "parsers/parser.h"

#define FORGOTTEN_US INT64_MIN

enum {
    RING_MIN_BYTES = 4096,
    INDEX_SLOTS = 3,          /* rings that one request id is remembered for */
    INDEX_GENERATION = 16384, /* keys before the older half of the index is forgotten */
};

/* In the ring's buffer; text then app follow. Entries never wrap: a gap at the end of the buffer is skipped. */
struct entry {
    uint32_t size; /* with texts, a multiple of 8; 0 marks the gap */
    uint16_t text_n;
    uint8_t app_n, format, level;
    bool partial, by_file;
    uint32_t file, log;
    int64_t time_us; /* FORGOTTEN_US: none, it is passed over */
    uint64_t seq, came, offset, conn, request, weak;
};

struct ring {
    uint64_t key, domain;
    TAILQ_ENTRY(ring) by_use;
    char *buf;
    uint32_t cap, head, tail; /* oldest entry, end of the newest */
    uint32_t n;
};

struct breadcrumbs {
    size_t max_bytes, bytes;
    uint64_t seq;
    struct table rings;
    TAILQ_HEAD(ring_list, ring) by_use; /* the one used longest ago first */
    struct table index, index_before;   /* two generations of: request or weak key and slot -> ring key */
};

struct breadcrumbs *breadcrumbs_new(size_t memory_bytes)
{
    struct breadcrumbs *t = xcalloc(1, sizeof *t);
    breadcrumbs_bound(t, memory_bytes);
    TAILQ_INIT(&t->by_use);
    return t;
}

void breadcrumbs_bound(struct breadcrumbs *t, size_t memory_bytes)
{
    t->max_bytes = memory_bytes > 2 * RING_MIN_BYTES ? memory_bytes : 2 * RING_MIN_BYTES;
}

static void drop_ring(struct breadcrumbs *t, struct ring *r)
{
    TAILQ_REMOVE(&t->by_use, r, by_use);
    table_del(&t->rings, r->key);
    assert(t->bytes >= r->cap + sizeof *r);
    t->bytes -= r->cap + sizeof *r;
    free(r->buf);
    free(r);
}

void breadcrumbs_free(struct breadcrumbs *t)
{
    if (!t)
        return;
    while (!TAILQ_EMPTY(&t->by_use))
        drop_ring(t, TAILQ_FIRST(&t->by_use));
    table_done(&t->rings);
    table_done(&t->index);
    table_done(&t->index_before);
    free(t);
}

size_t breadcrumbs_bytes(const struct breadcrumbs *t)
{
    return t->bytes;
}

/* Makes room for `need` more bytes by letting the rings used longest ago go, `keep` excepted. False: it cannot be had.
 */
static bool make_room(struct breadcrumbs *t, size_t need, const struct ring *keep)
{
    while (t->bytes + need > t->max_bytes) {
        struct ring *r = TAILQ_FIRST(&t->by_use);
        if (r && r == keep)
            r = TAILQ_NEXT(r, by_use);
        if (!r)
            return false;
        drop_ring(t, r);
    }
    return true;
}

static uint64_t ring_key(const struct correlation *k)
{
    return k->ring ? k->ring : 1;
}

/* Returns the ring of this key; NULL when there is none, or when the key belongs to a ring of another domain. */
static struct ring *ring_find(const struct breadcrumbs *t, uint64_t key, uint64_t domain)
{
    struct ring *newest = TAILQ_LAST(&t->by_use, ring_list);
    struct ring *r = newest && newest->key == key ? newest : table_get(&t->rings, key);
    return r && r->domain == domain ? r : NULL;
}

/* Returns the ring of this key, which is made when it is not there; NULL when two domains have made the same key, of
   which the first one keeps it. */
static struct ring *ring_for(struct breadcrumbs *t, uint64_t key, uint64_t domain)
{
    struct ring *r = ring_find(t, key, domain);
    if (r && r == TAILQ_LAST(&t->by_use, ring_list))
        return r;
    if (r) {
        TAILQ_REMOVE(&t->by_use, r, by_use);
        TAILQ_INSERT_TAIL(&t->by_use, r, by_use);
        return r;
    }
    if (table_get(&t->rings, key))
        return NULL;
    make_room(t, RING_MIN_BYTES + sizeof *r, NULL);
    r = xcalloc(1, sizeof *r);
    *r = (struct ring){.key = key, .domain = domain, .cap = RING_MIN_BYTES, .buf = xmalloc(RING_MIN_BYTES)};
    t->bytes += r->cap + sizeof *r;
    assert(t->bytes <= t->max_bytes);
    table_put(&t->rings, key, r);
    TAILQ_INSERT_TAIL(&t->by_use, r, by_use);
    return r;
}

static struct entry *entry_at(const struct ring *r, uint32_t at)
{
    return (struct entry *)(void *)(r->buf + at);
}

/* Returns where the entry at `at` really is: past the end, or at the mark of a gap, the next entry is at the start. */
static uint32_t settle(const struct ring *r, uint32_t at)
{
    return at + sizeof(uint32_t) > r->cap || entry_at(r, at)->size == 0 ? 0 : at;
}

static void drop_oldest(struct ring *r)
{
    r->head = settle(r, r->head);
    r->head += entry_at(r, r->head)->size;
    if (--r->n == 0)
        r->head = r->tail = 0;
}

/* Copies the entries in order into a buffer of twice the size. */
static bool grow(struct breadcrumbs *t, struct ring *r)
{
    uint32_t cap = r->cap * 2, at = r->head, end = 0;
    if (cap > BREADCRUMBS_RING_MAX_BYTES || !make_room(t, r->cap, r))
        return false;
    char *buf = xmalloc(cap);
    for (uint32_t i = 0; i < r->n; i++) {
        at = settle(r, at);
        uint32_t size = entry_at(r, at)->size;
        memcpy(buf + end, r->buf + at, size);
        at += size;
        end += size;
    }
    free(r->buf);
    t->bytes += cap - r->cap;
    assert(t->bytes <= t->max_bytes);
    r->buf = buf;
    r->cap = cap;
    r->head = 0;
    r->tail = end;
    return true;
}

/* Returns a place for `size` bytes behind the newest entry, or NULL when the oldest entry must go first. */
static struct entry *place(struct ring *r, uint32_t size)
{
    if (r->n == 0)
        r->head = r->tail = 0;
    bool wrapped = r->n && r->tail <= r->head;
    if (wrapped)
        return r->head - r->tail >= size ? entry_at(r, r->tail) : NULL;
    if (r->cap - r->tail >= size)
        return entry_at(r, r->tail);
    if (r->head < size)
        return NULL;
    if (r->cap - r->tail >= sizeof(uint32_t))
        entry_at(r, r->tail)->size = 0;
    r->tail = 0;
    return entry_at(r, 0);
}

static uint64_t index_lookup(const struct breadcrumbs *t, uint64_t key, unsigned slot)
{
    uint64_t k = hash_mix(key, slot);
    void *v = table_get(&t->index, k);
    return (uint64_t)(uintptr_t)(v ? v : table_get(&t->index_before, k));
}

/* Remembers that lines with this key are in this ring. */
static void index_add(struct breadcrumbs *t, uint64_t key, uint64_t ring)
{
    for (unsigned slot = 0; slot < INDEX_SLOTS; slot++) {
        uint64_t there = index_lookup(t, key, slot);
        if (there == ring)
            return;
        if (there && table_get(&t->rings, there))
            continue;
        if (t->index.n >= INDEX_GENERATION) {
            table_done(&t->index_before);
            t->index_before = t->index;
            t->index = (struct table){0};
        }
        table_put(&t->index, hash_mix(key, slot), (void *)(uintptr_t)ring);
        return;
    }
}

void breadcrumbs_expect(const struct breadcrumbs *t, const struct correlation *k)
{
    uint64_t key = hash_mix(k->request ? k->request : k->weak, 0);
    if (!k->request && (!k->weak || k->conn))
        return;
    table_prefetch(&t->index, key);
    table_prefetch(&t->index_before, key);
}

void breadcrumbs_push(struct breadcrumbs *t, const struct correlation *k, const struct breadcrumbs_line *line)
{
    struct slice app = slice_sub(line->app, 0, BREADCRUMBS_APP_MAX),
                 text = slice_sub(line->text, 0, BREADCRUMBS_TEXT_MAX);
    uint32_t size = (uint32_t)(sizeof(struct entry) + text.n + app.n + 7) & ~7u;
    struct ring *r = ring_for(t, ring_key(k), k->domain);
    struct entry *e;
    if (!r)
        return;
    while (!(e = place(r, size)))
        if (!grow(t, r))
            drop_oldest(r);
    *e = (struct entry){.size = size,
                        .text_n = (uint16_t)text.n,
                        .app_n = (uint8_t)app.n,
                        .format = (uint8_t)line->format,
                        .level = (uint8_t)line->level,
                        .partial = line->partial,
                        .by_file = line->by_file,
                        .file = line->file,
                        .log = line->log,
                        .time_us = line->time_us,
                        .seq = ++t->seq,
                        .came = line->came,
                        .offset = line->offset,
                        .conn = k->conn,
                        .request = k->request,
                        .weak = k->weak};
    char *bytes = (char *)(e + 1);
    if (text.n)
        memcpy(bytes, text.p, text.n);
    if (app.n)
        memcpy(bytes + text.n, app.p, app.n);
    r->tail += size;
    r->n++;
    if (k->request)
        index_add(t, k->request, r->key);
    if (k->weak && !k->conn)
        index_add(t, k->weak, r->key);
}

void breadcrumbs_forget(struct breadcrumbs *t, uint32_t log)
{
    struct ring *r;
    TAILQ_FOREACH (r, &t->by_use, by_use) {
        uint32_t at = r->head;
        for (uint32_t i = 0; i < r->n; i++) {
            at = settle(r, at);
            struct entry *e = entry_at(r, at);
            at += e->size;
            if (e->log == log)
                e->time_us = FORGOTTEN_US;
        }
    }
}

/* The newest `max` entries wanted so far, by order of arrival from `first` on and round the end; they point into the
 * rings. */
struct picks {
    const struct entry **v;
    unsigned n, max, first, seen;
};

static struct picks picks_new(struct arena *a, unsigned max)
{
    return (struct picks){.v = arena_calloc(a, max + 1, sizeof(struct entry *)), .max = max};
}

static const struct entry *newest_pick(const struct picks *p)
{
    return p->n ? p->v[(p->first ? p->first : p->n) - 1] : NULL;
}

/* Turns the list so that it begins at its first place again. */
static void straighten(struct picks *p, struct arena *a)
{
    if (!p->first)
        return;
    const struct entry **turned = arena_alloc(a, p->n * sizeof *turned);
    memcpy(turned, p->v + p->first, (p->n - p->first) * sizeof *turned);
    memcpy(turned + p->n - p->first, p->v, p->first * sizeof *turned);
    memcpy(p->v, turned, p->n * sizeof *turned);
    p->first = 0;
}

/* Picks an entry of another ring than the last one's: it may be older than some that are picked, and may be picked
   already. */
static void pick_between(struct picks *p, const struct entry *e, struct arena *a)
{
    straighten(p, a);
    unsigned at = p->n;
    while (at > 0 && p->v[at - 1]->seq > e->seq)
        at--;
    if (at > 0 && p->v[at - 1] == e)
        return;
    if (p->n < p->max) {
        memmove(p->v + at + 1, p->v + at, (p->n - at) * sizeof *p->v);
        p->v[at] = e;
        p->n++;
    } else if (at > 0) {
        memmove(p->v, p->v + 1, (at - 1) * sizeof *p->v);
        p->v[at - 1] = e;
    }
}

static void pick(struct picks *p, const struct entry *e, struct arena *a)
{
    const struct entry *newest = newest_pick(p);
    p->seen++;
    if (p->max == 0)
        return;
    if (newest && newest->seq >= e->seq) {
        pick_between(p, e, a);
    } else if (p->n < p->max) {
        p->v[p->n++] = e;
    } else {
        p->v[p->first] = e;
        p->first = p->first + 1 == p->max ? 0 : p->first + 1;
    }
}

static bool is_weak(const struct entry *e, const struct breadcrumbs_want *want)
{
    const struct correlation *k = want->keys;
    int64_t apart = e->time_us > want->time_us ? e->time_us - want->time_us : want->time_us - e->time_us;
    bool two_connections = e->conn && k->conn && e->conn != k->conn;
    return k->weak && e->weak == k->weak && !two_connections && apart <= BREADCRUMBS_WEAK_WINDOW_US;
}

static bool is_of_connection(const struct entry *e, const struct correlation *k)
{
    return k->conn && e->conn == k->conn;
}

static bool is_of_request(const struct entry *e, const struct correlation *k)
{
    return k->request && e->request == k->request;
}

static bool is_related(const struct entry *e, const struct breadcrumbs_want *want)
{
    return is_of_connection(e, want->keys) || is_of_request(e, want->keys) || is_weak(e, want);
}

/* The lines of a record, by whose they are. */
struct lines_of {
    struct picks own;
    struct picks others; /* of other connections and requests */
    struct picks rest;   /* of none, or the record has none itself */
    struct picks after;  /* came after it */
};

static bool has_own(const struct correlation *k)
{
    return k->conn || k->request || k->weak;
}

bool breadcrumbs_is_request(struct slice text)
{
    return slice_find(text, SLICE(" HTTP/")) >= 0;
}

static struct picks *whose(struct lines_of *lines, const struct entry *e, const struct breadcrumbs_want *want)
{
    if (is_related(e, want))
        return &lines->own;
    bool of_another = has_own(want->keys)
                          ? e->conn || e->request || e->weak
                          : want->of_request && breadcrumbs_is_request(slice_of((const char *)(e + 1), e->text_n));
    return of_another ? &lines->others : &lines->rest;
}

/* The first of them, in the order in which the rings are walked: it is no use to look for earlier ones elsewhere. */
static void pick_after(struct lines_of *lines, const struct entry *e, const struct breadcrumbs_want *want,
                       const struct picks *of, bool home)
{
    struct picks *p = &lines->after;
    bool wanted = of == &lines->own || (home && !has_own(want->keys));
    if (!wanted || p->n == want->after)
        return;
    p->v[p->n++] = e;
    p->seen++;
}

/* Walks one ring; of one that is not the record's own only what is related counts. */
static void walk(const struct ring *r, const struct breadcrumbs_want *want, bool home, struct lines_of *lines,
                 struct arena *a)
{
    uint32_t at = r->head;
    for (uint32_t i = 0; i < r->n; i++) {
        at = settle(r, at);
        const struct entry *e = entry_at(r, at);
        at += e->size;
        if (e->time_us == FORGOTTEN_US || e->time_us < want->oldest_us ||
            e->time_us > want->time_us + BREADCRUMBS_CLOCKS_US)
            continue;
        struct picks *to = whose(lines, e, want);
        if (want->behind && e->came >= want->behind)
            pick_after(lines, e, want, to, home);
        else if (home || to == &lines->own)
            pick(to, e, a);
    }
}

/* Walks the other rings that have lines with the same request or the same weak key. */
static void walk_across(struct breadcrumbs *t, const struct breadcrumbs_want *want, struct lines_of *lines,
                        struct arena *a)
{
    const struct correlation *k = want->keys;
    const uint64_t across[] = {k->request, k->weak};
    for (unsigned i = 0; i < 2; i++)
        for (unsigned slot = 0; across[i] && slot < INDEX_SLOTS; slot++) {
            uint64_t key = index_lookup(t, across[i], slot);
            const struct ring *r = key && key != ring_key(k) ? ring_find(t, key, k->domain) : NULL;
            if (r)
                walk(r, want, false, lines, a);
        }
}

static int breadcrumbs_by_arrival(const void *pa, const void *pb)
{
    const struct entry *a = *(const struct entry *const *)pa, *b = *(const struct entry *const *)pb;
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* The room that its own lines leave goes to the newest of those of its worker, file or unit. */
static const struct entry **fill(struct lines_of *lines, unsigned max, struct arena *a, unsigned *n)
{
    struct picks *own = &lines->own;
    const struct picks *others = &lines->others, *rest = &lines->rest;
    const struct entry **v = arena_calloc(a, own->n + others->n + rest->n + 1, sizeof *v);
    unsigned more = others->n + rest->n, skip = more > max - own->n ? more - (max - own->n) : 0;
    memcpy(v, others->v, others->n * sizeof *v);
    memcpy(v + others->n, rest->v, rest->n * sizeof *v);
    qsort(v, more, sizeof *v, breadcrumbs_by_arrival);
    memmove(v, v + skip, (more - skip) * sizeof *v);
    memcpy(v + more - skip, own->v, own->n * sizeof *v);
    *n = more - skip + own->n;
    return v;
}

static struct breadcrumb copy_of(const struct entry *e, const struct breadcrumbs_want *want, struct arena *a)
{
    const char *bytes = (const char *)(e + 1);
    bool weak = is_weak(e, want), connection = is_of_connection(e, want->keys), request = is_of_request(e, want->keys);
    return (struct breadcrumb){
        .time_us = e->time_us,
        .seq = e->came,
        .format = (enum format)e->format,
        .level = (enum level)e->level,
        .partial = e->partial,
        .by_file = e->by_file,
        .file = e->file,
        .offset = e->offset,
        .connection = connection,
        .request = request || weak,
        .weak = weak && !request && !connection,
        .app = arena_dup(a, slice_of(bytes + e->text_n, e->app_n)),
        .text = arena_dup(a, slice_of(bytes, e->text_n)),
    };
}

unsigned breadcrumbs_collect(struct breadcrumbs *t, const struct breadcrumbs_want *want, struct arena *a,
                             struct breadcrumb *out, unsigned *seen, unsigned *after)
{
    unsigned others = want->others < want->max ? want->others : want->max, n;
    struct lines_of lines = {picks_new(a, want->max), picks_new(a, others), picks_new(a, want->max),
                             picks_new(a, want->behind ? want->after : 0)};
    const struct ring *home = ring_find(t, ring_key(want->keys), want->keys->domain);
    if (home)
        walk(home, want, true, &lines, a);
    walk_across(t, want, &lines, a);
    unsigned most = want->max > BREADCRUMBS_SEEN_MAX ? want->max : BREADCRUMBS_SEEN_MAX;
    *seen = lines.own.seen + lines.others.seen + lines.rest.seen + lines.after.seen;
    *seen = *seen < most ? *seen : most;
    const struct entry **v = fill(&lines, want->max, a, &n);
    for (unsigned i = 0; i < n; i++)
        out[i] = copy_of(v[i], want, a);
    *after = lines.after.n;
    for (unsigned i = 0; i < *after; i++)
        out[n++] = copy_of(lines.after.v[i], want, a);
    breadcrumbs_order(out, n);
    return n;
}

/* --- their order --- */

enum { SECOND_US = 1000000 };

static int breadcrumbs_by_time(const void *pa, const void *pb)
{
    const struct breadcrumb *a = pa, *b = pb;
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us ? -1 : 1;
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static bool is_exact(const struct breadcrumb *c)
{
    return c->time_us % SECOND_US != 0;
}

static bool ends_the_request(const struct breadcrumb *c)
{
    return c->request && format_traits(c->format)->access;
}

static int breadcrumbs_by_place(const void *pa, const void *pb)
{
    const struct breadcrumb *a = pa, *b = pb;
    if (a->shown_us != b->shown_us)
        return a->shown_us < b->shown_us ? -1 : 1;
    if (is_exact(a) != is_exact(b)) /* in front of the line that it is placed by, or, if it ends the request, behind */
        return is_exact(a) ? (ends_the_request(b) ? -1 : 1) : (ends_the_request(a) ? 1 : -1);
    int ends = is_exact(a) ? 0 : ends_the_request(a) - ends_the_request(b);
    return ends ? ends : a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* Returns the time of the exact line that a line without fraction stands in front of: the one that ends the request, if
   it is of the request, else the first that came behind it; the second's end where there is none. */
static int64_t place_of(const struct breadcrumb *c, const struct breadcrumb *v, unsigned n,
                        const struct breadcrumb *end)
{
    int64_t place_us = (v->time_us / SECOND_US + 1) * SECOND_US;
    if (end && c->request)
        return end->time_us;
    if (ends_the_request(c))
        return place_us;
    for (unsigned i = 0; i < n; i++)
        if (is_exact(&v[i]) && v[i].seq > c->seq && v[i].time_us < place_us)
            place_us = v[i].time_us;
    return place_us;
}

/* Orders the lines of one second, of which some have no fraction. */
static void order_second(struct breadcrumb *v, unsigned n)
{
    const struct breadcrumb *end = NULL;
    for (unsigned i = 0; i < n; i++)
        if (is_exact(&v[i]) && ends_the_request(&v[i]))
            end = &v[i];
    for (unsigned i = 0; i < n; i++)
        v[i].shown_us = is_exact(&v[i]) ? v[i].time_us : place_of(&v[i], v, n, end);
    qsort(v, n, sizeof *v, breadcrumbs_by_place);
}

void breadcrumbs_order(struct breadcrumb *v, unsigned n)
{
    qsort(v, n, sizeof *v, breadcrumbs_by_time);
    for (unsigned from = 0, to; from < n; from = to) {
        for (to = from; to < n && v[to].time_us / SECOND_US == v[from].time_us / SECOND_US;)
            to++;
        if (!is_exact(&v[from]))
            order_second(v + from, to - from);
    }
    for (unsigned i = 0; i < n; i++) {
        v[i].shown_us = v[i].time_us;
        if (i && v[i].shown_us < v[i - 1].shown_us)
            v[i].shown_us = v[i - 1].shown_us;
    }
}
