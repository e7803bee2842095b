#include "io/tail_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "io/container_file.h"
#include "io/in_tail.h"
#include "io/safe_open.h"

enum { OLD_HEAD_SEED = 0x7461696c, BLOCK = 4096, NULS_MAX = 1 << 20 };
/* So many lines that tell no format make the file text. */
enum { UNTOLD_MAX = 100 };

/* Reads all n bytes at `at`, fewer where the file ends before; -1: they could not be read. */
static ssize_t read_at(int fd, void *buf, size_t n, uint64_t at)
{
    size_t got = 0;
    while (got < n) {
        ssize_t r = pread(fd, (char *)buf + got, n - got, (off_t)(at + got));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -1;
        if (r == 0)
            break;
        got += (size_t)r;
    }
    return (ssize_t)got;
}

struct head {
    uint64_t hash, old_hash; /* old: as stores made by older versions have it */
};

/* Reads and hashes a head. OTHER: the file is shorter than that. */
static enum tail_match read_head(int fd, uint32_t bytes, struct head *out)
{
    char head[TAIL_HEAD_MAX];
    struct slice s = {head, bytes};
    ssize_t n = bytes > sizeof head ? 0 : tail_packed_first(fd, head, bytes);
    if (n != (ssize_t)bytes)
        return n < 0 ? TAIL_MATCH_UNREADABLE : TAIL_MATCH_OTHER;
    *out = (struct head){hash128(HASH128_START, s).low, slice_hash(s, OLD_HEAD_SEED)};
    return TAIL_MATCH_SAME;
}

/* When the file was made, as a number that is never 0. 0: its file system does not tell. */
static uint64_t born(int fd)
{
    struct statx st;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &st) != 0 || !(st.stx_mask & STATX_BTIME))
        return 0;
    return hash_mix(hash_mix(1, (uint64_t)st.stx_btime.tv_sec), st.stx_btime.tv_nsec) | 1;
}

/* An empty file has no head that tells it from another in the same inode. */
static enum tail_match match_born(int fd, uint64_t hash)
{
    uint64_t now = hash ? born(fd) : 0;
    return now && now != hash ? TAIL_MATCH_OTHER : TAIL_MATCH_SAME;
}

bool tail_head_is(struct slice first, const struct tail_id *id)
{
    struct slice s = slice_sub(first, 0, id->head_bytes);
    return s.n == id->head_bytes && (s.n == 0 || hash128(HASH128_START, s).low == id->head_hash ||
                                     slice_hash(s, OLD_HEAD_SEED) == id->head_hash);
}

enum tail_match tail_head_match(int fd, const struct tail_id *id)
{
    struct head head;
    if (id->head_bytes == 0)
        return match_born(fd, id->head_hash);
    enum tail_match m = read_head(fd, id->head_bytes, &head);
    if (m != TAIL_MATCH_SAME || head.hash == id->head_hash || head.old_hash == id->head_hash)
        return m;
    return TAIL_MATCH_OTHER;
}

void tail_head_learn(int fd, uint64_t size, struct tail_id *id)
{
    uint32_t bytes = size < TAIL_HEAD_MAX ? (uint32_t)size : TAIL_HEAD_MAX;
    struct head head;
    char text[TAIL_HEAD_MAX];
    if (id->head_bytes == TAIL_HEAD_MAX)
        return;
    if (tail_is_packed(fd)) {
        ssize_t n = tail_packed_first(fd, text, sizeof text);
        bytes = n > 0 ? (uint32_t)n : 0;
    }
    if (!bytes && !id->head_bytes && !id->head_hash)
        id->head_hash = born(fd);
    if (bytes <= id->head_bytes || read_head(fd, bytes, &head) != TAIL_MATCH_SAME)
        return;
    id->head_bytes = bytes;
    id->head_hash = head.hash;
}

static enum tail_match match_block(int a, int b, uint64_t from, size_t n)
{
    char x[BLOCK], y[BLOCK];
    ssize_t in_a = read_at(a, x, n, from), in_b = read_at(b, y, n, from);
    if (in_a < 0 || in_b < 0)
        return TAIL_MATCH_UNREADABLE;
    return in_a == (ssize_t)n && in_b == (ssize_t)n && memcmp(x, y, n) == 0 ? TAIL_MATCH_SAME : TAIL_MATCH_OTHER;
}

enum tail_match tail_bytes_match(int a, int b, uint64_t to)
{
    size_t n = to < BLOCK ? (size_t)to : BLOCK;
    enum tail_match head = match_block(a, b, 0, n);
    return head == TAIL_MATCH_SAME ? match_block(a, b, to - n, n) : head;
}

bool tail_after_last_lf(int fd, uint64_t size, uint64_t *after)
{
    char block[BLOCK];
    *after = 0;
    while (size > 0) {
        size_t most = size < BLOCK ? (size_t)size : BLOCK;
        ssize_t n = read_at(fd, block, most, size - most);
        if (n <= 0)
            return n == 0;
        const char *lf = memrchr(block, '\n', (size_t)n);
        if (lf) {
            *after = size - most + (size_t)(lf - block) + 1;
            return true;
        }
        size -= most;
    }
    return true;
}

uint64_t tail_after_hole(int fd, uint64_t size)
{
    char block[BLOCK];
    if (read_at(fd, block, 1, 0) != 1 || block[0] != '\0')
        return 0;
    off_t data = lseek(fd, 0, SEEK_DATA);
    uint64_t at = data > 0 ? (uint64_t)data : 0;
    for (uint64_t end = at + NULS_MAX < size ? at + NULS_MAX : size; at < end;) {
        ssize_t n = read_at(fd, block, sizeof block, at);
        if (n <= 0)
            break;
        for (size_t i = 0; i < (size_t)n; i++)
            if (block[i])
                return at + i;
        at += (size_t)n;
    }
    return at;
}

enum tail_writers tail_writers(int fd)
{
    /*
     * A read lease is given only while no one has the file open for writing (fcntl(2), F_SETLEASE). It is
     * given back at once; who opens the file in between waits that long, and the signal about it is one that
     * is ignored by default, not SIGIO, which kills.
     */
    if (fcntl(fd, F_SETSIG, SIGURG) != 0)
        return TAIL_WRITERS_UNKNOWN;
    if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
        fcntl(fd, F_SETLEASE, F_UNLCK);
        return TAIL_WRITERS_NONE;
    }
    return errno == EAGAIN ? TAIL_WRITERS_SOME : TAIL_WRITERS_UNKNOWN;
}

/* ---- its life ---- */

/* Returns a key that is never 0. */
static uint64_t random_key(void)
{
    uint64_t key = 0;
    while (key == 0)
        if (getrandom(&key, sizeof key, 0) != (ssize_t)sizeof key)
            key = 0;
    return key;
}

struct tail_file *tail_file_new(uint64_t key, const struct line_reader_place *from, const char *path,
                                const char *source, size_t max_message_bytes)
{
    struct tail_file *f = xcalloc(1, sizeof *f);
    f->key = key ? key : random_key();
    f->fd = f->wd = -1;
    f->read_at = line_reader_first(from);
    f->path = xstrdup(path);
    f->source = xstrdup(source);
    line_reader_init(&f->lines, FRAME_LINES, max_message_bytes, from);
    f->lines.untold_max = UNTOLD_MAX;
    f->stream.file_key = f->key;
    f->stream.source = slice_str(f->source);
    f->home.file = f->stream.source;
    f->stream.home = &f->home;
    f->stream.log = hash128(HASH128_START, f->stream.source).low | 1;
    /* The ring is that of the file's key, so that whoever gives another file its name, or it another name, mixes no
       lines. */
    f->stream.ring = f->key;
    f->stream.last_us = RECORD_NO_TIME;
    return f;
}

void tail_file_free(struct tail_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    tail_packed_free(f->packed);
    line_reader_done(&f->lines);
    arena_done(&f->about);
    free(f->path);
    free(f->found);
    free(f->source);
    free(f->taken_from);
    free(f);
}

static void set_path(struct tail_file *f, char *path)
{
    free(f->path);
    f->path = path;
}

/* Learns the head as far as it reaches now, of a file whose known head has been found to be the same. */
static void learn_head(struct tail_file *f)
{
    uint32_t before = f->id.head_bytes;
    tail_head_learn(f->fd, f->size, &f->id);
    f->changed |= f->id.head_bytes != before;
}

/* Learns the container: the file's lines share their breadcrumbs with what else the container writes, before a
   rotation, or before it was restarted. */
static void learn_container(struct tail_file *f, const char *found)
{
    if (f->stream.container)
        return;
    arena_reset(&f->about);
    f->stream.container = container_of_found_file(&f->about, found, f->path);
    if (f->stream.container)
        f->stream.ring = container_key(f->stream.container);
}

/* A file that is read on from its middle may be in UTF-16; one that is read from its beginning shows it by itself. */
static void learn_mode(struct tail_file *f)
{
    char first[LINE_READER_MODE_BYTES];
    ssize_t n = f->fd >= 0 && f->read_at > 0 ? tail_packed_first(f->fd, first, sizeof first) : 0;
    if (n > 0)
        f->lines.framer.mode = line_reader_mode(slice_of(first, (size_t)n));
}

void tail_file_wake(struct tail_file *f, int fd, const struct stat *st, const char *path)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = fd;
    tail_packed_free(f->packed);
    f->packed = tail_is_packed(fd) ? tail_packed_new() : NULL;
    f->disk_bytes = f->packed ? (uint64_t)st->st_size : 0;
    f->exhausted = false;
    f->id.dev = st->st_dev;
    f->id.ino = st->st_ino;
    f->size = (uint64_t)st->st_size;
    f->mtime = (struct timespec){0};
    f->touched = st->st_mtim;
    char *real = safe_path_of(fd);
    set_path(f, real ? real : xstrdup(path));
    learn_head(f);
    learn_container(f, path);
    learn_mode(f);
    f->changed = true;
}

void tail_file_go_to(struct tail_file *f, const struct line_reader_place *from)
{
    size_t max = f->lines.framer.max;
    unsigned untold = f->lines.untold;
    if (f->packed) {
        tail_packed_free(f->packed);
        f->packed = tail_packed_new();
    }
    line_reader_done(&f->lines);
    line_reader_init(&f->lines, FRAME_LINES, max, from);
    f->lines.untold = untold;
    f->lines.untold_max = UNTOLD_MAX;
    f->read_at = line_reader_first(from);
    learn_mode(f);
}

void tail_file_sleep(struct tail_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    tail_packed_free(f->packed);
    f->packed = NULL;
    struct line_reader_place at = line_reader_place(&f->lines);
    tail_file_go_to(f, &at);
    f->checked = true;
    f->changed = true;
}

bool tail_file_has_more(const struct tail_file *f, int fd, const struct stat *st)
{
    uint64_t size = (uint64_t)st->st_size;
    if (!tail_is_packed(fd))
        return size > f->read_at;
    return !(f->exhausted && size == f->disk_bytes) && tail_packed_text_bytes(fd, size) != (uint32_t)f->read_at;
}

uint64_t tail_file_reach(const struct tail_file *f)
{
    uint64_t handed_on = line_reader_place(&f->lines).offset;
    return handed_on > f->read_at ? handed_on : f->read_at;
}

void tail_file_compared(struct tail_file *f, const struct stat *st)
{
    /* A time as young as the clock's grain would hide what is written in the same instant. */
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    f->mtime = now.tv_sec - st->st_mtim.tv_sec > 1 ? st->st_mtim : (struct timespec){0};
}

bool tail_file_same_time(const struct tail_file *f, const struct stat *st)
{
    return st->st_mtim.tv_sec == f->mtime.tv_sec && st->st_mtim.tv_nsec == f->mtime.tv_nsec;
}

/* What was compressed is over, but for the rest of a compression that is under way. */
static enum tail_look look_packed(struct tail_file *f)
{
    f->size = f->read_at + tail_packed_left(f->packed, f->disk_bytes);
    return f->size > f->read_at ? TAIL_LOOK_MORE : TAIL_LOOK_SAME;
}

enum tail_look tail_file_look(struct tail_file *f, bool thorough)
{
    struct stat st;
    if (fstat(f->fd, &st) != 0)
        return TAIL_LOOK_BAD;
    uint64_t size = (uint64_t)st.st_size;
    if (f->packed) {
        f->disk_bytes = size;
        return look_packed(f);
    }
    if (size < f->read_at)
        return TAIL_LOOK_TRUNCATED;
    if (thorough || size != f->size || !tail_file_same_time(f, &st)) {
        enum tail_match head = tail_head_match(f->fd, &f->id);
        if (head != TAIL_MATCH_SAME)
            return head == TAIL_MATCH_OTHER ? TAIL_LOOK_TRUNCATED : TAIL_LOOK_BAD;
        f->size = size;
        learn_head(f);
        tail_file_compared(f, &st);
    }
    f->emptied |= size == 0 && (st.st_mtim.tv_sec != f->touched.tv_sec || st.st_mtim.tv_nsec != f->touched.tv_nsec);
    f->touched = st.st_mtim;
    return f->size > f->read_at ? TAIL_LOOK_MORE : TAIL_LOOK_SAME;
}

static ssize_t read_text(struct tail_file *f, char *room, size_t max)
{
    if (f->packed)
        return tail_packed_read(f->packed, f->fd, f->read_at, room, max);
    ssize_t n;
    do {
        n = pread(f->fd, room, max, (off_t)f->read_at);
    } while (n < 0 && errno == EINTR);
    return n;
}

ssize_t tail_file_read(struct tail_file *f, size_t max)
{
    ssize_t n = read_text(f, framer_room(&f->lines.framer, max), max);
    if (n > 0) {
        framer_fill(&f->lines.framer, (size_t)n);
        f->read_at += (uint64_t)n;
    }
    if (f->packed)
        look_packed(f);
    return n;
}

bool tail_file_linked(struct tail_file *f, bool *renamed)
{
    struct stat st;
    *renamed = false;
    if (fstat(f->fd, &st) != 0)
        return true; /* the name is still there, as far as is known */
    if (st.st_nlink == 0)
        return false;
    char *now = safe_path_of(f->fd);
    if (now && strcmp(now, f->path) != 0) {
        set_path(f, now);
        f->changed = *renamed = true;
        return true;
    }
    free(now);
    return true;
}
