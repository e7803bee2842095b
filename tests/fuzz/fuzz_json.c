/* The JSON reader on any bytes; what it takes, the writer gives back, and the second round changes nothing.
 */
#include "tests/fuzz/fuzz.h"

#include "text/json.h"

static void write_node(struct json *j, const struct json_node *n)
{
    switch (n->type) {
    case JSON_NULL:
        json_raw(j, SLICE("null"));
        break;
    case JSON_BOOL:
        json_bool(j, n->truth);
        break;
    case JSON_NUMBER:
        json_raw(j, n->text);
        break;
    case JSON_STRING:
        json_str(j, n->text);
        break;
    case JSON_MAP:
        json_map(j);
        for (const struct json_node *c = n->child; c; c = c->next) {
            json_key_s(j, c->key);
            write_node(j, c);
        }
        json_map_end(j);
        break;
    case JSON_ARRAY:
        json_array(j);
        for (const struct json_node *c = n->child; c; c = c->next)
            write_node(j, c);
        json_array_end(j);
        break;
    }
}

/* False when the text is no JSON. */
static bool round_trip(struct slice text, struct sbuf *out)
{
    struct arena a = {0};
    struct json j;
    const struct json_node *n = json_tree(&a, text);
    if (n) {
        json_start(&j, out);
        write_node(&j, n);
        json_end(&j);
    }
    arena_done(&a);
    return n;
}

int fuzz_target(const uint8_t *data, size_t n)
{
    struct sbuf one, two;
    sbuf_init(&one, 16 << 20);
    sbuf_init(&two, 16 << 20);
    if (round_trip((struct slice){(const char *)data, n}, &one) && !one.over) {
        assert(round_trip(sbuf_slice(&one), &two));
        assert(slice_eq(sbuf_slice(&one), sbuf_slice(&two)));
    }
    sbuf_done(&one);
    sbuf_done(&two);
    return 0;
}
