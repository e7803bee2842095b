/* Any bytes as a message: parameters lie in it in order, their placeholders in the template, and a second
 * pass agrees. */
#include "tests/fuzz/fuzz.h"

#include "core/mask.h"

int fuzz_target(const uint8_t *data, size_t n)
{
    struct slice msg = {(const char *)data, n};
    struct mask m, again;
    mask_init(&m);
    mask_init(&again);
    mask_message(SLICE("what was there before: 1, 'x'"), &again);
    mask_message(msg, &m);
    mask_message(msg, &again);
    assert(m.text.n <= MASK_TEXT_MAX && !m.text.over && m.n_params <= MASK_PARAMS_MAX);
    assert(slice_eq(sbuf_slice(&m.text), sbuf_slice(&again.text)) && m.n_params == again.n_params);
    const char *from = msg.p;
    size_t at = 0;
    for (unsigned i = 0; i < m.n_params; i++) {
        const struct mask_param *p = &m.params[i];
        assert(p->value.p >= from && p->value.p + p->value.n <= msg.p + msg.n);
        assert(p->at >= at && p->at + p->n <= m.text.n);
        assert(m.text.p[p->at] == '<' && m.text.p[p->at + p->n - 1] == '>');
        from = p->value.p + p->value.n;
        at = p->at + p->n;
    }
    struct sbuf b;
    sbuf_init(&b, 2 * MASK_TEXT_MAX);
    mask_percent(&m, &b);
    assert(!b.over);
    sbuf_free(&b);
    mask_free(&m);
    mask_free(&again);
    return 0;
}
