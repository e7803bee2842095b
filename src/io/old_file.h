/*
 * old_file: the bytes of a log that is read after the fact, plain or gzip, from any place on.
 *
 * Places are those of the log itself, whatever it is kept in. What comes to a file after it was opened is not looked
 * at. Owns the descriptor, which stays with its bytes whatever happens to their name, and while gzip is read about
 * 120 KiB. One thread at a time; may block.
 */
#ifndef IO_OLD_FILE_H
#define IO_OLD_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/slice.h"
#include "text/zip.h"

struct old_file {
    int fd; /* -1: closed */
    bool is_gzip;
    bool damaged;        /* gzip: it ends early, or its bytes are not what was written; what came before is sound */
    uint64_t disk_bytes; /* of the file, and */
    uint64_t disk_at;    /* how many of them have been read */
    uint64_t at;         /* place of the byte that is read next */
    int64_t mtime_us;    /* Unix time of the last change */
    uint64_t dev, ino;
    uint64_t to; /* greater than at: bytes before it are skipped first */
    struct gunzip *gunzip;
    char *in;          /* gzip: a piece of the file, */
    struct slice left; /* and what of it has not been taken */
};

/* False: *why says it, and what to do about it; the caller frees it. A last line without its end that somebody may
   still be writing is left out. */
bool old_file_open(struct old_file *f, const char *path, char **why);
void old_file_close(struct old_file *f);
/* How long the log is. Of gzip it is what its end says, modulo 2^32 and of the last member: where that is another
   number, it is not the same log. */
uint64_t old_file_log_bytes(const struct old_file *f);
/* Reads on from this place. */
void old_file_go_to(struct old_file *f, uint64_t to);
/* Gets nearer to that place: to be called until it says no. False: old_file_read goes on there, or the log ends
   before it. */
bool old_file_skip(struct old_file *f);
/* Up to max bytes; 0: the log ends, or `damaged` is set; -1: errno says why it cannot be read. */
ssize_t old_file_read(struct old_file *f, char *to, size_t max);

#endif
