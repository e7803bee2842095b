/* What is taken gives an address and header parts without blanks or control bytes; what is refused never
 * shows its key. */
#include <assert.h>

#include "io/dsn.h"
#include "tests/fuzz/fuzz.h"

static void clean(const char *s)
{
    for (; *s; s++)
        assert((unsigned char)*s > ' ' && *s != 0x7f);
}

int fuzz_target(const uint8_t *data, size_t n)
{
    struct dsn dsn;
    struct diag d = {0};
    if (dsn_parse(&dsn, slice_of((const char *)data, n), &d)) {
        assert(strlen(dsn.public_key) == 32);
        clean(dsn.public_key);
        clean(dsn.envelope_url);
        clean(dsn.secret ? dsn.secret : "");
        assert(slice_ends(slice_str(dsn.envelope_url), SLICE("/envelope/")));
        struct slice host = slice_from(slice_str(strstr(dsn.shown, "://")), 3);
        assert(!slice_chr(slice_split(&host, '/'), '@'));
        dsn_done(&dsn);
    } else {
        assert(d.errors == 1);
    }
    err_done(&d);
    return 0;
}
