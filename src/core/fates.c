/*
 * What a chunk is: its version, and then of each range
 *
 *   head   the fate, and BEHIND where it begins where the last one ends, ELSEWHERE where its record is in another file
 *   from   how far it begins behind the end of the last one, signed; not if BEHIND
 *   n      its bytes; not of a remark
 *   and by its fate: the issue (its place in the list of those that this chunk has named, or 0 and then eight bytes,
 * and it is the next of that list); how far back its first breadcrumb is, or ahead its last; how far back its record
 *   begins, signed, or where, in a file of eight bytes; its number
 *
 * Numbers are seven bits a byte, the lowest first; a signed one has its sign in the lowest bit.
 */
#include "core/fates.h"

#include <stdlib.h>

#include "base/xalloc.h"

enum { VERSION = 1, FATE_BITS = 0x0f, BEHIND = 0x10, ELSEWHERE = 0x20, RANGE_MAX = 64 };

static bool has_issue(enum fate fate)
{
    return fate == FATE_EVENT || fate == FATE_SUPPRESSED || fate == FATE_ALSO_EVENT || fate == FATE_ALSO_SUPPRESSED;
}

static bool has_number(enum fate fate)
{
    return fate == FATE_ALSO_EVENT || fate == FATE_ALSO_SUPPRESSED || fate == FATE_LOST;
}

const char *fate_name(enum fate fate)
{
    static const char *const names[FATE_N] = {
        "none",    "event",      "crumb",           "log",     "drop", "joined", "suppressed", "blank",
        "refused", "also-event", "also-suppressed", "reaches", "lost"};
    return fate < FATE_N ? names[fate] : "unknown";
}

/* --- writing --- */

static void add_number(struct sbuf *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        sbuf_addc(b, (char)(v | 0x80));
    sbuf_addc(b, (char)v);
}

static void add_signed(struct sbuf *b, uint64_t v)
{
    add_number(b, v << 1 ^ (v >> 63 ? UINT64_MAX : 0));
}

static void add_eight(struct sbuf *b, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++)
        sbuf_addc(b, (char)(v >> 8 * i));
}

static void add_issue(struct fates_file *f, uint64_t issue)
{
    for (unsigned i = f->n_issues; i > 0; i--)
        if (f->issues[i - 1] == issue) {
            add_number(&f->bytes, i);
            return;
        }
    add_number(&f->bytes, 0);
    add_eight(&f->bytes, issue);
    if (f->n_issues < FATES_ISSUES_MAX)
        f->issues[f->n_issues++] = issue;
}

static void add_record(struct fates_file *f, const struct fate_range *r)
{
    if (!r->file) {
        add_signed(&f->bytes, r->from - r->head);
        return;
    }
    add_eight(&f->bytes, r->file);
    add_number(&f->bytes, r->head);
}

/* What the chunk is found by. */
static void reach_over(struct fates_file *f, const struct fate_range *r)
{
    uint64_t from = r->fate == FATE_EVENT && r->reach < r->from ? r->reach : r->from,
             last = r->fate == FATE_REACHES && r->reach > r->from ? r->reach - 1 : r->from,
             end = fate_is_remark(r->fate) ? last + 1 : r->to;
    f->first = f->bytes.n <= 1 || from < f->first ? from : f->first;
    f->end = f->bytes.n <= 1 || end > f->end ? end : f->end;
}

static void add_range(struct fates_file *f, const struct fate_range *r)
{
    bool behind = r->from == f->at, remark = fate_is_remark(r->fate);
    struct sbuf *b = &f->bytes;
    if (!b->n)
        sbuf_addc(b, VERSION);
    reach_over(f, r);
    sbuf_addc(b, (char)((unsigned)r->fate | (behind ? BEHIND : 0) | (r->file ? ELSEWHERE : 0)));
    if (!behind)
        add_signed(b, r->from - f->at);
    if (!remark)
        add_number(b, r->to - r->from);
    if (has_issue(r->fate))
        add_issue(f, r->issue);
    if (r->fate == FATE_EVENT)
        add_number(b, r->reach < r->from ? r->from - r->reach : 0);
    if (r->fate == FATE_REACHES)
        add_number(b, r->reach - r->from);
    if (r->fate == FATE_JOINED)
        add_record(f, r);
    if (has_number(r->fate))
        add_number(b, r->number);
    if (!remark)
        f->at = r->to;
    f->changed = true;
}

/* --- chunks --- */

static bool has_changed(const struct fates_file *f)
{
    return f->changed || (f->run.fate && f->run.to != f->told_to);
}

/* With the run as it is now, which may grow: what stands for it in the bytes goes again. */
static void tell(struct fates *f, struct fates_file *file)
{
    const struct fates_file before = *file;
    if (file->run.fate)
        add_range(file, &file->run);
    const struct fates_chunk c = {.number = file->number,
                                  .file = file->key,
                                  .first = file->first,
                                  .end = file->end,
                                  .bytes = sbuf_slice(&file->bytes),
                                  .told_bytes = file->told_bytes};
    f->tell(f->u, &c);
    size_t told_bytes = file->bytes.n;
    struct sbuf bytes = file->bytes;
    *file = before;
    bytes.n = before.bytes.n;
    file->bytes = bytes;
    file->told_bytes = told_bytes;
    file->told_to = file->run.to;
    file->changed = false;
}

static void begin_chunk(struct fates *f, struct fates_file *file)
{
    file->number = f->number++;
    file->n_issues = 0;
    file->at = 0;
    file->told_bytes = 0;
    file->told_to = 0;
    file->changed = false;
    sbuf_reset(&file->bytes);
}

/* What grows no longer, into a new chunk where this one is full. */
static void close_run(struct fates *f, struct fates_file *file)
{
    if (file->run.fate)
        add_range(file, &file->run);
    file->run = (struct fate_range){.fate = FATE_NONE};
    if (file->bytes.n < FATES_CHUNK_MAX)
        return;
    tell(f, file);
    begin_chunk(f, file);
}

static void forget(struct fates *f, struct fates_file *file)
{
    if (has_changed(file))
        tell(f, file);
    table_del(&f->by_key, file->key);
    TAILQ_REMOVE(&f->by_use, file, by_use);
    f->n--;
    sbuf_done(&file->bytes);
    free(file);
}

static struct fates_file *file_of(struct fates *f, uint64_t key)
{
    struct fates_file *file = f->last->key == key ? f->last : table_get(&f->by_key, key);
    if (!file) {
        if (f->n >= FATES_FILES_MAX)
            forget(f, TAILQ_FIRST(&f->by_use));
        file = xcalloc(1, sizeof *file);
        file->key = key;
        sbuf_init(&file->bytes, FATES_CHUNK_MAX + 2 * RANGE_MAX);
        begin_chunk(f, file);
        table_put(&f->by_key, key, file);
        f->n++;
    } else if (file != f->last) {
        TAILQ_REMOVE(&f->by_use, file, by_use);
    }
    if (file != f->last)
        TAILQ_INSERT_TAIL(&f->by_use, file, by_use);
    return f->last = file;
}

/* An event has an id by the place where its line begins: each is a range of its own. */
static bool goes_on(const struct fate_range *run, const struct fate_range *r)
{
    return run->fate == r->fate && run->to == r->from && r->fate != FATE_EVENT && run->issue == r->issue &&
           run->head == r->head && run->file == r->file;
}

void fates_put(struct fates *f, uint64_t key, const struct fate_range *range)
{
    struct fates_file *file = file_of(f, key);
    if (fate_is_remark(range->fate)) {
        add_range(file, range);
    } else if (goes_on(&file->run, range)) {
        file->run.to = range->to;
    } else {
        close_run(f, file);
        file->run = *range;
    }
    if (file->bytes.n >= FATES_CHUNK_MAX)
        close_run(f, file);
}

void fates_checkpoint(struct fates *f)
{
    struct fates_file *file;
    TAILQ_FOREACH (file, &f->by_use, by_use)
        if (has_changed(file))
            tell(f, file);
}

void fates_init(struct fates *f, uint64_t number, fates_chunk_f *tell_chunk, void *u)
{
    *f = (struct fates){.last = &f->nobody, .number = number, .tell = tell_chunk, .u = u};
    TAILQ_INIT(&f->by_use);
}

void fates_done(struct fates *f)
{
    for (struct fates_file *file; (file = TAILQ_FIRST(&f->by_use));) {
        file->changed = false;
        file->run.fate = FATE_NONE;
        forget(f, file);
    }
    table_done(&f->by_key);
    f->last = &f->nobody;
}

/* --- reading --- */

static bool take_number(struct slice *s, uint64_t *out)
{
    uint64_t v = 0;
    for (unsigned shift = 0; s->n && shift < 64; shift += 7) {
        unsigned char c = (unsigned char)*s->p;
        *s = slice_from(*s, 1);
        v |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80) {
            *out = v;
            return true;
        }
    }
    return false;
}

static bool take_signed(struct slice *s, uint64_t *out)
{
    uint64_t v;
    if (!take_number(s, &v))
        return false;
    *out = v >> 1 ^ (v & 1 ? UINT64_MAX : 0);
    return true;
}

static bool take_eight(struct slice *s, uint64_t *out)
{
    if (s->n < 8)
        return false;
    *out = 0;
    for (unsigned i = 0; i < 8; i++)
        *out |= (uint64_t)(unsigned char)s->p[i] << 8 * i;
    *s = slice_from(*s, 8);
    return true;
}

static bool take_issue(struct fates_reader *r, uint64_t *out)
{
    uint64_t i;
    if (!take_number(&r->rest, &i) || i > r->n_issues)
        return false;
    if (i) {
        *out = r->issues[i - 1];
        return true;
    }
    if (!take_eight(&r->rest, out))
        return false;
    if (r->n_issues < FATES_ISSUES_MAX)
        r->issues[r->n_issues++] = *out;
    return true;
}

static bool take_record(struct fates_reader *r, bool elsewhere, struct fate_range *out)
{
    if (elsewhere)
        return take_eight(&r->rest, &out->file) && out->file && take_number(&r->rest, &out->head);
    uint64_t back;
    bool ok = take_signed(&r->rest, &back);
    out->head = ok ? out->from - back : 0;
    return ok;
}

/* Where it is. False: it is damaged, or lies where no file reaches. */
static bool take_place(struct fates_reader *r, bool behind, struct fate_range *out)
{
    uint64_t from = 0, n = 0;
    if (!behind && !take_signed(&r->rest, &from))
        return false;
    if (!fate_is_remark(out->fate) && !take_number(&r->rest, &n))
        return false;
    out->from = r->at + from;
    out->to = out->from + n;
    return out->from <= INT64_MAX && n <= INT64_MAX && out->to <= INT64_MAX;
}

/* What there is to say about it. */
static bool take_rest(struct fates_reader *r, bool elsewhere, struct fate_range *out)
{
    uint64_t far = 0, number = 0;
    if (has_issue(out->fate) && !take_issue(r, &out->issue))
        return false;
    if ((out->fate == FATE_EVENT || out->fate == FATE_REACHES) && !take_number(&r->rest, &far))
        return false;
    if (far > (out->fate == FATE_EVENT ? out->from : (uint64_t)INT64_MAX - out->from))
        return false;
    out->reach = out->fate == FATE_EVENT ? out->from - far : out->from + far;
    if (out->fate == FATE_JOINED && !take_record(r, elsewhere, out))
        return false;
    if (has_number(out->fate) && (!take_number(&r->rest, &number) || number > UINT16_MAX))
        return false;
    out->number = (unsigned)number;
    return true;
}

bool fates_read(struct fates_reader *r, struct slice bytes)
{
    *r = (struct fates_reader){.rest = bytes};
    if (!bytes.n || *bytes.p != VERSION)
        return false;
    r->rest = slice_from(bytes, 1);
    return true;
}

bool fates_next(struct fates_reader *r, struct fate_range *out)
{
    if (!r->rest.n)
        return false;
    unsigned head = (unsigned char)*r->rest.p;
    struct fate_range next = {.fate = (enum fate)(head & FATE_BITS)};
    r->rest = slice_from(r->rest, 1);
    bool ok = next.fate != FATE_NONE && next.fate < FATE_N && head < 2 * ELSEWHERE &&
              (!(head & ELSEWHERE) || next.fate == FATE_JOINED) && take_place(r, head & BEHIND, &next) &&
              take_rest(r, head & ELSEWHERE, &next);
    if (!ok) {
        r->rest = SLICE_NONE;
        return false;
    }
    if (!fate_is_remark(next.fate))
        r->at = next.to;
    *out = next;
    return true;
}
