/* Any bytes through the scrubber: what it made it leaves alone, UTF-8 stays so, and nothing is left where a text was
 * cut. */
#include "tests/fuzz/fuzz.h"

#include "base/utf8.h"
#include "core/scrub.h"

static void scrub_twice(struct scrub *s, struct slice text, bool query)
{
    struct arena a = {0};
    struct slice once = query ? scrub_query(s, text, &a) : scrub_text(s, text, &a);
    struct slice twice = query ? scrub_query(s, once, &a) : scrub_text(s, once, &a);
    assert(slice_eq(once, twice));
    assert(!utf8_is_clean(text) || utf8_is_clean(once));
    assert(once.n <= text.n * 12 + 64);
    arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct options options[] = {
        {.scrub = {.defaults = true, .emails = true}},
        {.scrub = {.defaults = true, .emails = true, .ips = true, .send_ip = true}},
        {.scrub = {.emails = true}}};
    static struct scrub *scrubs[3]; /* made once: their tables cost more than a text */
    if (n == 0)
        return 0;
    for (unsigned i = 0; i < 3 && !scrubs[i]; i++)
        scrubs[i] = scrub_new(&options[i]);
    const struct slice text = {(const char *)data + 1, n - 1};
    scrub_twice(scrubs[data[0] % 3], text, data[0] & 64);
    return 0;
}
