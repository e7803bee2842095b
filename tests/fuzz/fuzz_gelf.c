/* A GELF payload, plain or compressed, then the messages of the same bytes as a body. The repaired text is
   JSON whenever the original was. */
#include "tests/fuzz/parse.h"

#include "parsers/gelf.h"

int fuzz_target(const uint8_t *data, size_t n)
{
    static struct record r;
    struct arena a = {0};
    struct sbuf room;
    struct slice raw = {(const char *)data, n}, json, one;
    struct gelf_body body;
    sbuf_init(&room, 1 << 20);
    enum gelf_open kind = gelf_open_payload(raw, &room, &json);
    if (kind == GELF_PLAIN || kind == GELF_INFLATED)
        fuzz_parse(&a, &r, FORMAT_GELF, json);
    gelf_body_open(&body, raw);
    for (size_t left = body.rest.n + 1; gelf_next(&body, &one); left = body.rest.n) {
        assert(one.n > 0 && body.rest.n < left);
        fuzz_parse(&a, &r, FORMAT_GELF, one);
        arena_reset(&a);
    }
    if (json_tree(&a, raw))
        assert(json_tree(&a, json_repair(&a, raw)));
    sbuf_done(&room);
    arena_done(&a);
    return 0;
}
