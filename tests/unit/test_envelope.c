#include "config.h"

#include "tests/unit/unit.h"

#include "base/arena.h"
#include "base/xalloc.h"
#include "core/envelope.h"
#include "text/json.h"

#define ID "5f0c1e7ab6d94c3e8a51f2d7c4b90e13"

static struct envelope head(void)
{
    return (struct envelope){.event_id = ID, .sent_at_us = 1786699867500000};
}

START_TEST(bytes)
{
    struct sbuf b;
    sbuf_init(&b, 10000);
    struct envelope e = head();
    ck_assert(envelope_start(&b, &e));
    envelope_item(&b, "event", SLICE("{\"x\":\"\xe2\x80\xa6\"}")); /* length counts bytes */
    ck_slice(sbuf_slice(&b),
             "{\"event_id\":\"" ID "\",\"sent_at\":\"2026-08-14T09:31:07.500Z\",\"sdk\":{\"name\":\"crumbd.c\","
             "\"version\":\"" PACKAGE_VERSION "\"}}\n{\"type\":\"event\",\"length\":11}\n{\"x\":\"\xe2\x80\xa6\"}\n");
    sbuf_done(&b);
}
END_TEST

START_TEST(items_follow_one_another)
{
    struct sbuf b;
    sbuf_init(&b, 10000);
    struct envelope e = head();
    e.event_id = NULL;
    e.trace_id = SLICE("0af7651916cd43dd8448eb211c80319c");
    ck_assert(envelope_start(&b, &e));
    ck_assert_int_eq(slice_find(sbuf_slice(&b), SLICE("trace")), -1); /* not without the key */
    sbuf_reset(&b);
    e.public_key = SLICE("0123456789abcdef0123456789abcdef");
    ck_assert(envelope_start(&b, &e));
    envelope_item(&b, "client_report", SLICE("{}"));
    envelope_item(&b, "attachment", SLICE(""));
    struct slice rest = sbuf_slice(&b);
    struct arena a = {0};
    struct json_node *h = json_tree(&a, slice_split(&rest, '\n'));
    ck_assert_ptr_nonnull(h);
    ck_assert_ptr_null(json_get(h, "event_id"));
    ck_slice(json_get(json_get(h, "trace"), "trace_id")->text, "0af7651916cd43dd8448eb211c80319c");
    ck_slice(json_get(json_get(h, "trace"), "public_key")->text, "0123456789abcdef0123456789abcdef");
    ck_slice(rest, "{\"type\":\"client_report\",\"length\":2}\n{}\n{\"type\":\"attachment\",\"length\":0}\n\n");
    arena_done(&a);
    sbuf_done(&b);
}
END_TEST

START_TEST(bounds)
{
    struct sbuf b;
    struct envelope e = head();
    char *longer = xmalloc(ENVELOPE_HEADER_MAX + 1);
    memset(longer, 'x', ENVELOPE_HEADER_MAX);
    longer[ENVELOPE_HEADER_MAX] = '\0';
    sbuf_init(&b, 100000);
    e.trace_id = e.public_key = slice_str(longer);
    ck_assert(!envelope_start(&b, &e));
    ck_assert_uint_eq(b.n, 0);
    free(longer);
    sbuf_done(&b);
    /* No room: the mark is there to be asked once. */
    sbuf_init(&b, 160);
    e = head();
    ck_assert(envelope_start(&b, &e));
    envelope_item(&b, "event", SLICE("{\"more\":\"than there is room for in this little buffer\"}"));
    ck_assert(b.over);
    sbuf_done(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("envelope");
    TCase *t = tcase_create("envelope");
    tcase_add_test(t, bytes);
    tcase_add_test(t, items_follow_one_another);
    tcase_add_test(t, bounds);
    suite_add_tcase(s, t);
    return unit_run(s);
}
