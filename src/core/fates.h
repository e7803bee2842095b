/*
 * fates: what became of which bytes of which file, as ranges, in as little room as will do.
 *
 * The pipeline adds each line's fate when it is decided; a line that goes on with what the one before it was makes that
 * one's range longer, which is what most lines do. Ranges are written into chunks, of one file each, in the order in
 * which they were decided: a line that was held stands behind those that came after it. A chunk is told at every
 * checkpoint in which it has grown, always whole, under the same number, until it is full. So the ranges of a
 * checkpoint are those of its positions. Where ranges overlap (a place that was read anew after a crash) the later one
 * is right.
 *
 * Bounded: FATES_FILES_MAX files have a chunk that still grows; another makes the one that was idle longest begin a new
 * one. Pure; one thread.
 */
#ifndef CORE_FATES_H
#define CORE_FATES_H

#include <sys/queue.h>

#include "base/sbuf.h"
#include "base/table.h"

/* Stored: a number keeps its meaning. */
enum fate {
    FATE_NONE = 0,
    FATE_EVENT = 1,
    FATE_CRUMB = 2,
    FATE_LOG = 3,
    FATE_DROP = 4,
    FATE_JOINED = 5,
    FATE_SUPPRESSED = 6,
    FATE_BLANK = 7,
    FATE_REFUSED = 8,
    /* No fate of bytes, but a remark about the line that begins at `from`. */
    FATE_ALSO_EVENT = 9, /* a further message, or trace, of it */
    FATE_ALSO_SUPPRESSED = 10,
    FATE_REACHES = 11, /* lines after it became breadcrumbs of its event, up to `reach` */
    FATE_LOST = 12,    /* its event is not to be had */
    FATE_N
};

/* Stored as well: why an event is not to be had. */
enum fate_loss {
    FATE_LOSS_TOO_LARGE = 1,
    FATE_LOSS_NO_ROOM = 2,
    FATE_LOSS_PROJECT = 3,
    FATE_LOSS_SHARED = 4,
    FATE_LOSSES
};

struct fate_range {
    enum fate fate;
    uint64_t from, to; /* its bytes; of a remark both are where the line begins */
    uint64_t issue;    /* issue_key; EVENT, SUPPRESSED and ALSO_* */
    uint64_t reach;  /* EVENT: where the first line begins that is a breadcrumb of it, or `from`; REACHES: the last one
                        ends */
    uint64_t head;   /* JOINED: where the record begins that it is a line of, */
    uint64_t file;   /* in this file; 0: the same */
    unsigned number; /* ALSO_*: the ordinal in the event's id (event_make_id); LOST: enum fate_loss */
};

enum { FATES_FILES_MAX = 256, FATES_CHUNK_MAX = 1920, FATES_ISSUES_MAX = 64 };

struct fates_chunk {
    uint64_t number, file;
    uint64_t first, end; /* no range in it, nor what it reaches, is before the one or from the other on */
    struct slice bytes;
    size_t told_bytes; /* what it was when it was told before, 0: never */
};

/* The bytes are valid during the call. */
typedef void fates_chunk_f(void *u, const struct fates_chunk *c);

/* Members are private. */
struct fates_file {
    uint64_t key;          /* 0: of no file */
    struct fate_range run; /* that may still grow, and is not in bytes */
    TAILQ_ENTRY(fates_file) by_use;
    uint64_t number, first, end;
    uint64_t at; /* where the last range in bytes ends */
    uint64_t issues[FATES_ISSUES_MAX];
    unsigned n_issues;
    struct sbuf bytes;
    size_t told_bytes;
    uint64_t told_to; /* end of run then */
    bool changed;
};

/* Members are private. It stays where it was made. */
struct fates {
    struct fates_file *last; /* the file of the line before; at first nobody */
    TAILQ_HEAD(fates_files, fates_file) by_use;
    struct table by_key;
    struct fates_file nobody;
    unsigned n;
    uint64_t number; /* of the next chunk */
    fates_chunk_f *tell;
    void *u;
};

/* number: of the first chunk, behind all that are stored. */
void fates_init(struct fates *f, uint64_t number, fates_chunk_f *tell, void *u);
void fates_done(struct fates *f);
void fates_put(struct fates *f, uint64_t file, const struct fate_range *range);
/* Tells every chunk that has changed. */
void fates_checkpoint(struct fates *f);

/* The same as fates_put, of a fate about which there is nothing more to say. */
static inline void fates_add(struct fates *f, uint64_t file, enum fate fate, uint64_t from, uint64_t to)
{
    struct fate_range *run = &f->last->run;
    if (f->last->key == file && run->to == from && run->fate == fate)
        run->to = to;
    else
        fates_put(f, file, &(struct fate_range){.fate = fate, .from = from, .to = to});
}

/* Reads what a chunk has. */
struct fates_reader {
    struct slice rest;
    uint64_t at;
    uint64_t issues[FATES_ISSUES_MAX];
    unsigned n_issues;
};

/* False: it is no chunk. */
bool fates_read(struct fates_reader *r, struct slice bytes);
/* False: there is no more, or what follows is damaged. */
bool fates_next(struct fates_reader *r, struct fate_range *out);

/* The name of a fate, as the ledger has it; of a remark, its own. */
const char *fate_name(enum fate fate);
static inline bool fate_is_remark(enum fate fate)
{
    return fate >= FATE_ALSO_EVENT;
}

#endif
