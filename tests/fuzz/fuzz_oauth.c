/* What answers in place of an authorization server: a token is one word of printable ASCII that lasts for a time. */
#include <assert.h>

#include "io/oauth_token.h"
#include "tests/fuzz/fuzz.h"

int fuzz_target(const uint8_t *data, size_t n)
{
    struct arena a = {0};
    struct oauth_token token;
    const char *why = NULL;
    if (n > OAUTH_ANSWER_BYTES)
        return 0;
    if (oauth_token_read(slice_of((const char *)data, n), &a, &token, &why)) {
        assert(*token.text && token.lasts_s >= 0 && token.lasts_s <= OAUTH_LASTS_MOST_S && !why);
        for (const char *p = token.text; *p; p++)
            assert(*p > ' ' && *p < 0x7f);
    } else {
        assert(why && !token.text);
    }
    arena_done(&a);
    return 0;
}
