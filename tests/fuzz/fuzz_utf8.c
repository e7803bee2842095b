/* utf8_clean on any bytes: what comes out is valid and clean, and cleaning it again changes nothing. */
#include "tests/fuzz/fuzz.h"

#include "base/utf8.h"

static bool is_utf8(struct slice s)
{
    size_t step = 1;
    for (; s.n && step; s = slice_from(s, step))
        step = utf8_step(s);
    return step > 0;
}

int fuzz_target(const uint8_t *data, size_t n)
{
    struct slice in = {(const char *)data, n};
    struct sbuf one, two;
    sbuf_init(&one, 3 * n + 1);
    sbuf_init(&two, 3 * n + 1);
    utf8_clean(&one, in);
    assert(!one.over && is_utf8(sbuf_slice(&one)) && utf8_is_clean(sbuf_slice(&one)));
    utf8_clean(&two, sbuf_slice(&one));
    assert(slice_eq(sbuf_slice(&one), sbuf_slice(&two)));
    assert(!utf8_is_clean(in) || slice_eq(in, sbuf_slice(&one)));
    struct slice head = utf8_prefix(in, 7);
    assert(head.p == in.p && head.n <= n && utf8_count(head) <= 7);
    sbuf_done(&one);
    sbuf_done(&two);
    return 0;
}
