/* Structured log lines of any bytes: JSON and logfmt. */
#include "tests/fuzz/parse.h"

int fuzz_target(const uint8_t *data, size_t n)
{
    static struct record r;
    struct arena a = {0};
    struct slice raw = {(const char *)data, n};
    fuzz_parse(&a, &r, FORMAT_JSON, raw);
    fuzz_parse(&a, &r, FORMAT_LOGFMT, raw);
    arena_done(&a);
    return 0;
}
