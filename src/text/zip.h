/*
 * zip: the one door to zlib. gzip out, gzip and zlib in, both bounded; gzip in also as it comes, piece by piece.
 */
#ifndef TEXT_ZIP_H
#define TEXT_ZIP_H

#include "base/sbuf.h"

enum zip_result { ZIP_OK, ZIP_BAD, ZIP_TOO_LARGE };

/* RFC 1952, one member, level 6. False only when out's maximum is too small. */
bool zip_gzip(struct slice in, struct sbuf *out);
/* gzip (also several members) or zlib, told by the first bytes. Stops at out's maximum with ZIP_TOO_LARGE. A preset
   dictionary is refused. On failure out holds nothing. */
enum zip_result zip_inflate(struct slice in, struct sbuf *out);
bool zip_is_gzip(struct slice in);
bool zip_is_zlib(struct slice in);
const char *zip_version(void);

/* gzip as it comes: any length in bounded memory, about 50 KiB. */
struct gunzip;
enum gunzip_state {
    GUNZIP_BETWEEN, /* at the beginning, or behind a member: the file may end here */
    GUNZIP_INSIDE,  /* of a member: more bytes are missing */
    GUNZIP_BAD,     /* what comes is no gzip, or damaged; what came before it was sound */
};

struct gunzip *gunzip_new(void);
/* NULL is allowed. */
void gunzip_free(struct gunzip *g);
/* Takes bytes from the front of *in, and puts at most `room` into out; returns how many. 0: it has taken all of *in and
   needs more, or is BAD. Members simply follow one another; what else stands behind one is skipped, as gzip does. */
size_t gunzip_next(struct gunzip *g, struct slice *in, char *out, size_t room);
enum gunzip_state gunzip_state(const struct gunzip *g);

#endif
