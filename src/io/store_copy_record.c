/* store_copy_record: a record of the second copy (store_copy.c) as it is put together. */
#include "io/store_impl.h"

void store_copy_record(struct sbuf *b)
{
    static const char head[STORE_COPY_HEAD];
    sbuf_reset(b);
    sbuf_add(b, head, sizeof head);
}

void store_copy_put(struct sbuf *b, struct slice v)
{
    uint32_t n = (uint32_t)v.n;
    sbuf_add(b, &n, sizeof n);
    sbuf_adds(b, v);
}

void store_copy_put_number(struct sbuf *b, uint64_t v)
{
    sbuf_add(b, &v, sizeof v);
}

void store_copy_put_position(struct sbuf *b, const struct position *p)
{
    sbuf_addc(b, p->closed ? COPY_POSITION_GONE : COPY_POSITION);
    store_copy_put(b, p->input);
    store_copy_put(b, p->part);
    if (!p->closed) {
        store_copy_put_number(b, p->offset);
        store_copy_put(b, p->blob);
    }
}

/* ---- the transaction that is open ---- */

void store_copy_begin(struct store *s)
{
    store_copy_record(&s->copy.record);
}

void store_copy_position(struct store *s, const struct position *p)
{
    store_copy_put_position(&s->copy.record, p);
}

void store_copy_count(struct store *s, const char *name, uint64_t v)
{
    sbuf_addc(&s->copy.record, COPY_COUNT);
    store_copy_put(&s->copy.record, slice_str(name));
    store_copy_put_number(&s->copy.record, v);
}
