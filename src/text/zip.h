/*
 * zip: the one door to zlib. gzip out, gzip and zlib in, both bounded.
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

#endif
