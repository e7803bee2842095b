/*
 * store_copy: a small second copy of what a store must not lose, in a file of its own beside it: its id, which with the
 * keys of files makes event ids, the positions of all inputs, and the counts of all runs. A store that is damaged or
 * gone goes on from it (store_renew.c), and its being there says that there was one.
 *
 * The file begins with a magic line; then come records, each with its length and a checksum, and a record is a number
 * of items. The first records have everything; each transaction that was committed appends one with what it has
 * changed. Reading ends at the first record that is not whole. When as much has been appended as is worth it the file
 * is written anew and takes the place of the old one. A copy that cannot be written, for want of room, stays as it is:
 * what goes on from it reads some lines again, under the same event ids, and skips none.
 *
 * Bounds: a record has at most RECORD_MOST bytes, of memory too. Appending costs one write for each transaction.
 */
#include "io/store_impl.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "io/clock.h"

enum {
    RECORD_MOST = 64 << 20,
    RECORD_FULL = 1 << 20,     /* where the first records are parted */
    APPENDED_LEAST = 64 << 10, /* bytes appended before the file is written anew, */
    APPENDED_TIMES = 16,       /* and how often what it began with */
    AGAIN_US = 1000000,        /* between tries to write one that could not be written */
};

static const char magic[] = "crumbd positions 1\n";

/* ---- items ---- */

static bool take_bytes(struct slice *from, struct slice *out)
{
    uint32_t n;
    if (from->n < sizeof n)
        return false;
    memcpy(&n, from->p, sizeof n);
    *from = slice_from(*from, sizeof n);
    if (from->n < n)
        return false;
    *out = slice_sub(*from, 0, n);
    *from = slice_from(*from, n);
    return true;
}

static bool take_number(struct slice *from, uint64_t *out)
{
    if (from->n < sizeof *out)
        return false;
    memcpy(out, from->p, sizeof *out);
    *from = slice_from(*from, sizeof *out);
    return true;
}

static void put_identity(struct store *s, struct sbuf *b)
{
    sbuf_addc(b, COPY_IDENTITY);
    store_copy_put(b, slice_of((const char *)s->id, sizeof s->id));
    store_copy_put_number(b, STORE_SCHEMA_VERSION);
    store_copy_put_number(b, s->old_keys);
    store_copy_put_number(b, s->grouping);
}

static bool take_identity(struct slice *from, struct copy_item *out)
{
    return take_bytes(from, &out->id) && out->id.n == 16 && take_number(from, &out->schema) &&
           take_number(from, &out->old_keys) && take_number(from, &out->grouping);
}

static bool take_position(struct slice *from, struct copy_item *out)
{
    struct position *p = &out->position;
    p->closed = out->kind == COPY_POSITION_GONE;
    return take_bytes(from, &p->input) && take_bytes(from, &p->part) &&
           (p->closed || (take_number(from, &p->offset) && take_bytes(from, &p->blob)));
}

static bool take_item(struct slice *from, struct copy_item *out)
{
    *out = (struct copy_item){.kind = from->p[0]};
    *from = slice_from(*from, 1);
    switch (out->kind) {
    case COPY_IDENTITY:
        return take_identity(from, out);
    case COPY_POSITION:
    case COPY_POSITION_GONE:
        return take_position(from, out);
    case COPY_COUNT:
        return take_bytes(from, &out->name) && take_number(from, &out->number);
    default:
        return false;
    }
}

/* ---- writing ---- */

static char *name_of(const struct store *s)
{
    return xasprintf("%s.positions", s->path);
}

/* Writes the record as a whole or not at all. */
static bool write_record(int fd, struct sbuf *b)
{
    uint32_t n = (uint32_t)(b->n - STORE_COPY_HEAD);
    uint64_t check = hash128_low(HASH128_START, slice_from(sbuf_slice(b), STORE_COPY_HEAD));
    off_t end = lseek(fd, 0, SEEK_END);
    if (b->over || end < 0)
        return false;
    memcpy(b->p, &n, sizeof n);
    memcpy(b->p + sizeof n, &check, sizeof check);
    if (write(fd, b->p, b->n) == (ssize_t)b->n)
        return true;
    (void)!ftruncate(fd, end);
    return false;
}

/* Writes it when it is full, or at the end. */
static bool next_record(int fd, struct sbuf *b, size_t full)
{
    if (b->n < full)
        return true;
    bool ok = write_record(fd, b);
    store_copy_record(b);
    return ok;
}

static bool write_positions(struct store *s, int fd, struct sbuf *b)
{
    sqlite3_stmt *q = s->stmt[Q_POSITIONS];
    bool ok = true;
    int rc = SQLITE_DONE;
    while (ok && (rc = sqlite3_step(q)) == SQLITE_ROW) {
        const struct position p = {.input = store_column(q, 0),
                                   .part = store_column(q, 1),
                                   .offset = (uint64_t)sqlite3_column_int64(q, 2),
                                   .blob = store_column(q, 3)};
        store_copy_put_position(b, &p);
        ok = next_record(fd, b, RECORD_FULL);
    }
    sqlite3_reset(q);
    return ok && rc == SQLITE_DONE;
}

static bool write_all(struct store *s, int fd)
{
    struct sbuf b;
    struct counts counts;
    int64_t none;
    bool ok = store_read_counts(s, Q_COUNTS, &counts, &none);
    sbuf_init(&b, RECORD_MOST);
    store_copy_record(&b);
    put_identity(s, &b);
    for (unsigned i = 0; i < COUNT_N; i++)
        if (counts.v[i]) {
            sbuf_addc(&b, COPY_COUNT);
            store_copy_put(&b, slice_str(count_rows[i].name));
            store_copy_put_number(&b, counts.v[i]);
        }
    ok = ok && write(fd, magic, sizeof magic - 1) == sizeof magic - 1 && write_positions(s, fd, &b) &&
         next_record(fd, &b, STORE_COPY_HEAD + 1) && fdatasync(fd) == 0;
    sbuf_done(&b);
    return ok;
}

/* The old one stays until the new one is whole. */
void store_copy_write(struct store *s)
{
    char *name = name_of(s), *part = xasprintf("%s.part", name);
    struct stat st;
    unlink(part);
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    bool ok = fd >= 0 && write_all(s, fd) && rename(part, name) == 0;
    s->copy.stale = !ok;
    s->copy.tried_us = clock_mono_us();
    if (ok) {
        if (s->copy.fd >= 0)
            close(s->copy.fd);
        s->copy.fd = fd;
        s->copy.base_bytes = s->copy.bytes = fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
    } else {
        if (fd >= 0)
            close(fd);
        unlink(part);
    }
    free(part);
    free(name);
}

static bool is_worth_writing(const struct store *s)
{
    uint64_t appended = s->copy.bytes - s->copy.base_bytes;
    return s->copy.stale ? clock_mono_us() - s->copy.tried_us > AGAIN_US
                         : appended > APPENDED_LEAST && appended > APPENDED_TIMES * s->copy.base_bytes;
}

/* A tool says what it counts, where there is a copy. */
static void open_for_tool(struct store *s)
{
    char *name = name_of(s);
    s->copy.fd = open(name, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    free(name);
}

void store_copy_commit(struct store *s)
{
    struct store_copy *c = &s->copy;
    if (c->record.n <= STORE_COPY_HEAD && !c->stale)
        return;
    if (c->fd < 0 && s->tool)
        open_for_tool(s);
    if (c->fd >= 0 && !c->stale && c->record.n > STORE_COPY_HEAD) {
        c->stale = !write_record(c->fd, &c->record);
        c->bytes += c->record.n;
    }
    store_copy_record(&c->record);
    if (!s->tool && is_worth_writing(s))
        store_copy_write(s);
}

/* ---- reading ---- */

static bool read_whole(FILE *f, void *to, size_t n)
{
    return fread(to, 1, n, f) == n;
}

/* NULL: there is no further whole record. */
static char *read_record(FILE *f, uint32_t *n)
{
    uint64_t check;
    if (!read_whole(f, n, sizeof *n) || !read_whole(f, &check, sizeof check) || *n > RECORD_MOST)
        return NULL;
    char *p = malloc(*n + 1u); /* may be nonsense, and more than there is */
    if (p && read_whole(f, p, *n) && hash128_low(HASH128_START, slice_of(p, *n)) == check)
        return p;
    free(p);
    return NULL;
}

static bool each_item(struct slice record, copy_item_f *each, void *u)
{
    struct copy_item item;
    bool ok = true;
    while (ok && record.n)
        ok = take_item(&record, &item) && each(u, &item);
    return ok;
}

static bool has_magic(FILE *f)
{
    char begin[sizeof magic - 1];
    return read_whole(f, begin, sizeof begin) && memcmp(begin, magic, sizeof begin) == 0;
}

bool store_copy_read(const struct store *s, copy_item_f *each, void *u)
{
    char *name = name_of(s), *record;
    FILE *f = fopen(name, "re");
    bool ok = f && has_magic(f);
    uint32_t n;
    free(name);
    while (ok && (record = read_record(f, &n))) {
        ok = each_item(slice_of(record, n), each, u);
        free(record);
    }
    if (f)
        fclose(f);
    return ok;
}

static bool store_copy_see(void *u, const struct copy_item *item)
{
    if (item->kind == COPY_IDENTITY)
        *(uint64_t *)u = item->schema;
    return item->kind != COPY_IDENTITY;
}

bool store_copy_exists(const struct store *s)
{
    char *name = name_of(s);
    bool is = access(name, F_OK) == 0;
    free(name);
    return is;
}

uint64_t store_copy_schema(const struct store *s)
{
    uint64_t schema = 0;
    store_copy_read(s, store_copy_see, &schema);
    return schema;
}

void store_copy_init(struct store *s)
{
    s->copy = (struct store_copy){.fd = -1};
    sbuf_init(&s->copy.record, RECORD_MOST);
    store_copy_record(&s->copy.record);
}

void store_copy_done(struct store *s)
{
    if (s->copy.fd >= 0)
        close(s->copy.fd);
    sbuf_done(&s->copy.record);
}
