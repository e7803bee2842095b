#include "text/zip.h"

#include <assert.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/xalloc.h"

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

/* --- as it comes --- */

struct gunzip {
    z_stream z;
    enum gunzip_state state;
    bool any;    /* a member has ended */
    bool padded; /* nothing that comes is of one */
};

struct gunzip *gunzip_new(void)
{
    struct gunzip *g = xcalloc(1, sizeof *g);
    int rc = inflateInit2(&g->z, MAX_WBITS + GZIP_FRAME);
    assert(rc == Z_OK);
    return g;
}

void gunzip_free(struct gunzip *g)
{
    if (g)
        inflateEnd(&g->z);
    free(g);
}

enum gunzip_state gunzip_state(const struct gunzip *g)
{
    return g->state;
}

/* One call of zlib's: it reports progress, or that it has none to make. */
static size_t inflate_some(struct gunzip *g, struct slice *in, char *out, size_t room)
{
    uInt given = in->n < UINT32_MAX ? (uInt)in->n : UINT32_MAX, wanted = room < UINT32_MAX ? (uInt)room : UINT32_MAX;
    g->z.next_in = (Bytef *)(uintptr_t)in->p;
    g->z.avail_in = given;
    g->z.next_out = (Bytef *)out;
    g->z.avail_out = wanted;
    int rc = inflate(&g->z, Z_NO_FLUSH);
    *in = slice_from(*in, given - g->z.avail_in);
    g->state = rc == Z_STREAM_END ? GUNZIP_BETWEEN : rc == Z_OK || rc == Z_BUF_ERROR ? GUNZIP_INSIDE : GUNZIP_BAD;
    g->any |= rc == Z_STREAM_END;
    return wanted - g->z.avail_out;
}

/* Whether there is a member to go on with: the one that is under way, or another that begins here. Behind the first,
 * what begins none pads the file, and so does all that follows it. */
static bool has_member(struct gunzip *g, struct slice in)
{
    if (g->state != GUNZIP_BETWEEN)
        return g->state == GUNZIP_INSIDE;
    if (!in.n || g->padded)
        return false;
    g->padded = g->any && (unsigned char)*in.p != 0x1f;
    int rc = inflateReset(&g->z);
    assert(rc == Z_OK);
    return !g->padded;
}

size_t gunzip_next(struct gunzip *g, struct slice *in, char *out, size_t room)
{
    size_t n = 0;
    assert(room);
    do {
        if (has_member(g, *in))
            n = inflate_some(g, in, out, room);
        else
            *in = slice_from(*in, in->n);
    } while (n == 0 && in->n);
    return n;
}

const char *zip_version(void)
{
    return zlibVersion();
}
