/* The PROXY header, fed as a connection does: never a byte more than was asked for. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>

#include "io/proxy.h"

int fuzz_target(const uint8_t *data, size_t size)
{
    struct slice s = {(const char *)data, size};
    size_t n = 0, want = 0;
    for (;;) {
        struct sockaddr_storage from;
        enum proxy_result r = proxy_read(slice_sub(s, 0, n), &from, &want);
        if (r != PROXY_MORE) {
            assert(r == PROXY_BAD || from.ss_family == AF_UNSPEC || from.ss_family == AF_INET ||
                   from.ss_family == AF_INET6);
            return 0;
        }
        assert(want > 0 && n + want <= PROXY_HEADER_MAX);
        n += want;
        if (n > size)
            return 0;
    }
}
