#include "text/zip.h"

#include <assert.h>
#include <zlib.h>

enum { WINDOW_MIN = 9, WINDOW_MAX = 15, GZIP_FRAME = 16, ANY_WINDOW = 15 + 32, STEP = 64 * 1024 };

/* A window larger than the text gains nothing, and setting up zlib's full 256 KiB costs more than compressing a usual
 * event. */
static int window_for(size_t n)
{
    int bits = WINDOW_MIN;
    while (bits < WINDOW_MAX && (size_t)1 << bits < n)
        bits++;
    return bits;
}

bool zip_gzip(struct slice in, struct sbuf *out)
{
    z_stream z = {0};
    int bits = window_for(in.n), memory_level = bits - 7; /* 15 and 8 are zlib's own choice */
    int rc = deflateInit2(&z, 6, Z_DEFLATED, bits + GZIP_FRAME, memory_level, Z_DEFAULT_STRATEGY);
    assert(rc == Z_OK && in.n <= UINT32_MAX);
    z.next_in = (Bytef *)(uintptr_t)in.p; /* zlib does not write to it */
    z.avail_in = (uInt)in.n;
    size_t bound = deflateBound(&z, (uLong)in.n);
    char *room = sbuf_room(out, bound);
    if (room) {
        z.next_out = (Bytef *)room;
        z.avail_out = (uInt)bound;
        rc = deflate(&z, Z_FINISH);
        assert(rc == Z_STREAM_END);
        out->n += bound - z.avail_out;
    }
    deflateEnd(&z);
    return room != NULL;
}

bool zip_is_gzip(struct slice in)
{
    return in.n >= 2 && (unsigned char)in.p[0] == 0x1f && (unsigned char)in.p[1] == 0x8b;
}

bool zip_is_zlib(struct slice in)
{
    /* RFC 1950, 2.2: method 8, window at most 32 KiB, both bytes a multiple of 31, no preset dictionary (bit 5). */
    if (in.n < 2)
        return false;
    unsigned cmf = (unsigned char)in.p[0], flg = (unsigned char)in.p[1];
    return (cmf & 0x0f) == 8 && cmf >> 4 <= 7 && (cmf * 256 + flg) % 31 == 0 && !(flg & 0x20);
}

static enum zip_result inflate_all(z_stream *z, struct sbuf *out, bool gzip)
{
    for (;;) {
        size_t left = out->max - out->n, step = left < STEP ? left : STEP;
        if (step == 0)
            return ZIP_TOO_LARGE;
        char *room = sbuf_room(out, step);
        z->next_out = (Bytef *)room;
        z->avail_out = (uInt)step;
        int rc = inflate(z, Z_NO_FLUSH);
        out->n += step - z->avail_out;
        if (rc == Z_STREAM_END) {
            /* RFC 1952, 2.2: members simply follow one another; anything else behind the last one is ignored. */
            struct slice rest = slice_of((const char *)z->next_in, z->avail_in);
            if (!gzip || !zip_is_gzip(rest) || inflateReset(z) != Z_OK)
                return ZIP_OK;
        } else if (rc != Z_OK || (z->avail_in == 0 && z->avail_out != 0)) {
            return ZIP_BAD;
        }
    }
}

enum zip_result zip_inflate(struct slice in, struct sbuf *out)
{
    bool gzip = zip_is_gzip(in);
    if (!gzip && !zip_is_zlib(in))
        return ZIP_BAD;
    z_stream z = {0};
    int rc = inflateInit2(&z, ANY_WINDOW);
    assert(rc == Z_OK && in.n <= UINT32_MAX);
    z.next_in = (Bytef *)(uintptr_t)in.p;
    z.avail_in = (uInt)in.n;
    size_t before = out->n;
    enum zip_result result = inflate_all(&z, out, gzip);
    inflateEnd(&z);
    if (result != ZIP_OK)
        out->n = before;
    return result;
}

const char *zip_version(void)
{
    return zlibVersion();
}
