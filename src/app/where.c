#include "app/where.h"

#include <stdlib.h>
#include <string.h>

#include "app/where_parts.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "io/tail_position.h"

/* --- which files there are --- */

static void where_add_file(void *u, const struct position *p)
{
    struct where *w = u;
    struct tail_position at;
    if (!tail_position_read(p, &at))
        return;
    w->files = xroom(w->files, w->n_files, sizeof *w->files);
    w->ids = xroom(w->ids, w->n_files, sizeof *w->ids);
    w->ids[w->n_files] = at.id;
    w->files[w->n_files++] = (struct where_file){.key = at.key,
                                                 .live = !p->closed,
                                                 .at = at.at,
                                                 .forgotten = store_fates_forgotten(w->store, at.key),
                                                 .path = arena_cstr(&w->arena, at.path)};
}

struct where *where_new(struct store *s)
{
    struct where *w = xcalloc(1, sizeof *w);
    w->store = s;
    if (!store_hold_moment(s)) {
        where_free(w);
        return NULL;
    }
    store_fate_files(s, where_add_file, w);
    store_positions(s, where_add_file, w); /* last: of two rows of one file the living one is right */
    return w;
}

void where_free(struct where *w)
{
    free(w->files);
    free(w->ids);
    free(w->chunks);
    free(w->departed);
    arena_done(&w->arena);
    arena_done(&w->bytes);
    free(w);
}

const struct where_file *where_file_of(const struct where *w, uint64_t key)
{
    for (unsigned i = w->n_files; i > 0; i--)
        if (w->files[i - 1].key == key)
            return &w->files[i - 1];
    return NULL;
}

/* --- what a place of one has become --- */

static void where_add_chunk(void *u, const struct fates_chunk *c)
{
    struct where *w = u;
    w->chunks = xroom(w->chunks, w->n_chunks, sizeof *w->chunks);
    w->chunks[w->n_chunks++] = *c;
}

/* The chunks of this file, without their bytes. */
static bool list_chunks(struct where *w, uint64_t file)
{
    if (w->n_chunks && w->chunks_of == file)
        return true;
    w->n_chunks = 0;
    w->chunks_of = file;
    return store_fates(w->store, file, false, where_add_chunk, w);
}

typedef void range_f(void *u, const struct fate_range *r);

/* Every range of those chunks that have something in [from, to). */
static bool each_between(struct where *w, uint64_t file, uint64_t from, uint64_t to, range_f *each, void *u)
{
    if (!list_chunks(w, file))
        return false;
    for (size_t i = 0; i < w->n_chunks; i++) {
        struct fates_reader r;
        struct fate_range range;
        if (w->chunks[i].first >= to || w->chunks[i].end <= from)
            continue;
        arena_reset(&w->bytes);
        if (!fates_read(&r, store_fates_bytes(w->store, w->chunks[i].number, &w->bytes)))
            continue;
        while (fates_next(&r, &range))
            each(u, &range);
    }
    return true;
}

struct lookup {
    struct where_answer *out;
    const struct where_file *file;
    uint64_t offset;
};

static void add_event(struct lookup *l, uint64_t offset, uint64_t issue)
{
    struct where_answer *a = l->out;
    for (unsigned i = 0; i < a->n_events; i++)
        if (a->events[i].offset == offset) {
            a->events[i].issue = issue ? issue : a->events[i].issue;
            return;
        }
    if (a->n_events < WHERE_EVENTS_MAX)
        a->events[a->n_events++] = (struct where_event){.file = l->file, .offset = offset, .issue = issue};
}

/* The later of two is right: the place was read anew. */
static void where_look_at(void *u, const struct fate_range *r)
{
    struct lookup *l = u;
    if (r->from <= l->offset && l->offset < r->to)
        l->out->range = *r;
    else if (r->fate == FATE_EVENT && r->reach <= l->offset && l->offset < r->from)
        add_event(l, r->from, r->issue);
    else if (r->fate == FATE_REACHES && r->from < l->offset && l->offset < r->reach)
        add_event(l, r->from, 0);
}

static void where_add_remark(void *u, const struct fate_range *r)
{
    struct lookup *l = u;
    struct where_answer *a = l->out;
    if (fate_is_remark(r->fate) && r->from == a->range.from && a->n_remarks < WHERE_REMARKS_MAX)
        a->remarks[a->n_remarks++] = *r;
}

static enum where_kind kind_of_gap(const struct where_file *f, uint64_t offset, bool anything_before)
{
    for (int i = 0; i < PARTIAL_STREAMS; i++)
        if (f->at.held[i] && f->at.held[i] - 1 <= offset)
            return WHERE_HELD;
    if (f->at.n_begins && f->at.begins[0] <= offset)
        return WHERE_HELD;
    if (offset < f->forgotten)
        return WHERE_FORGOTTEN;
    return anything_before ? WHERE_NO_LINE : WHERE_BEFORE;
}

/* Whether something of the file is known that lies before the place. */
static bool knows_before(const struct where *w, uint64_t offset)
{
    for (size_t i = 0; i < w->n_chunks; i++)
        if (w->chunks[i].first <= offset)
            return true;
    return false;
}

/* An event has its own line among what its breadcrumbs reach over. */
static void leave_own_out(struct where_answer *a)
{
    unsigned n = 0;
    for (unsigned i = 0; i < a->n_events; i++)
        if (a->events[i].offset != a->range.from)
            a->events[n++] = a->events[i];
    a->n_events = n;
}

bool where_ask(struct where *w, const struct where_file *file, uint64_t offset, struct where_answer *out)
{
    struct lookup l = {.out = out, .file = file, .offset = offset};
    *out = (struct where_answer){.kind = WHERE_UNREAD, .range = {.from = file->at.offset, .to = INT64_MAX}};
    if (offset >= file->at.offset)
        return true;
    out->range = (struct fate_range){.from = offset, .to = offset + 1};
    if (!each_between(w, file->key, offset, offset + 1, where_look_at, &l))
        return false;
    if (out->range.fate == FATE_NONE) {
        out->kind = kind_of_gap(file, offset, knows_before(w, offset));
        return true;
    }
    out->kind = WHERE_KNOWN;
    leave_own_out(out);
    if (out->range.fate == FATE_EVENT || out->range.fate == FATE_SUPPRESSED || out->range.fate == FATE_CRUMB)
        return each_between(w, file->key, out->range.from, out->range.from + 1, where_add_remark, &l);
    return true;
}

bool where_each(struct where *w, const struct where_file *file, range_f *each, void *u)
{
    return each_between(w, file->key, 0, UINT64_MAX, each, u);
}

struct joined {
    uint64_t head;
    struct where_joined sum;
};

static void where_join(void *u, const struct fate_range *r)
{
    struct joined *j = u;
    if (r->fate != FATE_JOINED || r->file || r->head != j->head)
        return;
    j->sum.from = j->sum.bytes && j->sum.from < r->from ? j->sum.from : r->from;
    j->sum.to = j->sum.to > r->to ? j->sum.to : r->to;
    j->sum.bytes += r->to - r->from;
}

struct where_joined where_joined(struct where *w, const struct where_file *file, uint64_t offset)
{
    struct joined j = {.head = offset};
    each_between(w, file->key, offset, UINT64_MAX, where_join, &j);
    return j.sum;
}

/* --- events --- */

void where_event_id(const struct where *w, const struct where_event *e, char out[33])
{
    (store_has_old_keys(w->store) ? event_make_old_id : event_make_id)(out, store_id(w->store), e->file->key, e->offset,
                                                                       e->number);
}

struct event_search {
    const struct where *w;
    const char *event_id;
    struct where_event found; /* file NULL: it is not */
};

static void where_search_chunk(void *u, const struct fates_chunk *c)
{
    struct event_search *s = u;
    const struct where_file *file = where_file_of(s->w, c->file);
    struct fates_reader r;
    struct fate_range range;
    char id[33];
    if (s->found.file || !file || !fates_read(&r, c->bytes))
        return;
    while (!s->found.file && fates_next(&r, &range)) {
        const struct where_event e = {file, range.from, range.issue, range.number};
        if (range.fate != FATE_EVENT && range.fate != FATE_ALSO_EVENT)
            continue;
        where_event_id(s->w, &e, id);
        if (strcmp(id, s->event_id) == 0)
            s->found = e;
    }
}

bool where_find_event(struct where *w, const char *event_id, struct where_event *out)
{
    struct event_search s = {.w = w, .event_id = event_id};
    if (!store_fates(w->store, 0, true, where_search_chunk, &s) || !s.found.file)
        return false;
    *out = s.found;
    return true;
}

static void where_add_departed(void *u, const struct store_departure *d)
{
    struct where *w = u;
    w->departed = xroom(w->departed, w->n_departed, sizeof *w->departed);
    w->departed[w->n_departed++] = *d;
}

static int by_event_id(const void *a, const void *b)
{
    return memcmp(a, b, sizeof((const struct store_departure *)NULL)->event_id); /* their first member */
}

const struct store_departure *where_departed(struct where *w, const char *event_id)
{
    struct store_departure wanted;
    if (!w->knows_departed)
        store_departures(w->store, where_add_departed, w);
    if (!w->knows_departed && w->n_departed)
        qsort(w->departed, w->n_departed, sizeof *w->departed, by_event_id);
    w->knows_departed = true;
    store_event_id_bytes(event_id, wanted.event_id);
    return w->n_departed ? bsearch(&wanted, w->departed, w->n_departed, sizeof *w->departed, by_event_id) : NULL;
}
