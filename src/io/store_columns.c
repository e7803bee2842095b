/* store_columns: how ids and payloads stand in the rows of the store. */
#include "io/store_impl.h"

#include <assert.h>

#include "text/zip.h"

enum { ZIP_WORTH_BYTES = 256 };

void store_event_id_bytes(const char *hex, uint8_t id[16])
{
    assert(strspn(hex, "0123456789abcdef") == 32 && hex[32] == '\0');
    for (int i = 0; i < 16; i++)
        id[i] = (uint8_t)(ascii_hex_value(hex[2 * i]) << 4 | ascii_hex_value(hex[2 * i + 1]));
}

bool store_event_id_text(struct slice id, char hex[33])
{
    if (id.n != 16)
        return false;
    for (int i = 0; i < 16; i++)
        snprintf(hex + 2 * i, 3, "%02x", (unsigned)(unsigned char)id.p[i]);
    return true;
}

struct slice store_pack(struct store *s, struct slice payload)
{
    /* gzip where it saves an eighth; the first byte of JSON tells the two apart. */
    sbuf_reset(&s->zipped);
    bool less = payload.n > ZIP_WORTH_BYTES && zip_gzip(payload, &s->zipped) && s->zipped.n < payload.n - payload.n / 8;
    return less ? sbuf_slice(&s->zipped) : payload;
}

bool store_unpack(struct slice stored, struct sbuf *out)
{
    if (zip_is_gzip(stored))
        return zip_inflate(stored, out) == ZIP_OK && out->n > 0;
    sbuf_adds(out, stored);
    return !out->over && out->n > 0;
}
