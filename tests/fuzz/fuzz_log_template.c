/* Any bytes as a message: parameters lie in it in order, their placeholders in the template, and a second
 * pass agrees. */
#include "tests/fuzz/fuzz.h"

#include "core/log_template.h"

int fuzz_target(const uint8_t *data, size_t n)
{
    struct slice msg = {(const char *)data, n};
    struct log_template m, again;
    log_template_init(&m);
    log_template_init(&again);
    log_template_message(SLICE("what was there before: 1, 'x'"), &again);
    log_template_message(msg, &m);
    log_template_message(msg, &again);
    assert(m.text.n <= LOG_TEMPLATE_TEXT_MAX && !m.text.over && m.n_params <= LOG_TEMPLATE_PARAMS_MAX);
    assert(slice_eq(sbuf_slice(&m.text), sbuf_slice(&again.text)) && m.n_params == again.n_params);
    const char *from = msg.p;
    size_t at = 0;
    for (unsigned i = 0; i < m.n_params; i++) {
        const struct log_template_param *p = &m.params[i];
        assert(p->value.p >= from && p->value.p + p->value.n <= msg.p + msg.n);
        assert(p->at >= at && p->at + p->n <= m.text.n);
        assert(m.text.p[p->at] == '<' && m.text.p[p->at + p->n - 1] == '>');
        from = p->value.p + p->value.n;
        at = p->at + p->n;
    }
    struct sbuf b;
    sbuf_init(&b, 2 * LOG_TEMPLATE_TEXT_MAX);
    log_template_percent(&m, &b);
    assert(!b.over);
    sbuf_done(&b);
    log_template_done(&m);
    log_template_done(&again);
    return 0;
}
