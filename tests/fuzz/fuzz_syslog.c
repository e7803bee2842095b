/* Syslog messages of any bytes, and what detection says of them. */
#include "tests/fuzz/parse.h"

int fuzz_target(const uint8_t *data, size_t n)
{
    static struct record r;
    struct arena a = {0};
    struct slice raw = {(const char *)data, n};
    fuzz_parse(&a, &r, FORMAT_SYSLOG, raw);
    assert(parser_detect(raw) != FORMAT_AUTO);
    arena_done(&a);
    return 0;
}
