#include "io/redis_entry.h"

#include <string.h>

#include "text/json.h"

void redis_entries_init(struct redis_entries *e, const char *field, size_t most_bytes)
{
    *e = (struct redis_entries){.field = field};
    sbuf_init(&e->json, most_bytes);
}

void redis_entries_done(struct redis_entries *e)
{
    arena_done(&e->arena);
    sbuf_done(&e->json);
}

static void add_field(struct redis_entries *e, struct field *v, unsigned *n, struct slice name, struct slice value)
{
    static const char before[] = "redis.";
    if (*n == REDIS_FIELDS || !value.n)
        return;
    name = slice_sub(name, 0, REDIS_FIELD_MAX);
    char *p = arena_alloc(&e->arena, sizeof before + name.n);
    memcpy(p, before, sizeof before - 1);
    if (name.n)
        memcpy(p + sizeof before - 1, name.p, name.n);
    v[(*n)++] = (struct field){.name = slice_of(p, sizeof before - 1 + name.n),
                               .value = slice_sub(value, 0, REDIS_FIELD_MAX),
                               .type = FIELD_STRING};
}

static struct slice as_json(struct redis_entries *e, const struct redis_value *fields)
{
    struct json j;
    sbuf_reset(&e->json);
    json_start(&j, &e->json);
    json_map(&j);
    for (unsigned i = 0; i + 1 < fields->n; i += 2) {
        json_key_s(&j, redis_text(fields, i));
        json_str(&j, redis_text(fields, i + 1));
    }
    json_map_end(&j);
    json_end(&j);
    return e->json.over ? redis_text(fields, 1) : sbuf_slice(&e->json);
}

struct slice redis_entry_message(struct redis_entries *e, const char *stream, const struct redis_value *fields,
                                 struct field *v, unsigned *n)
{
    unsigned at = 0;
    while (at + 1 < fields->n && !slice_is(redis_text(fields, at), e->field))
        at += 2;
    bool found = at + 1 < fields->n;
    at = found ? at : 0;
    *n = 0;
    arena_reset(&e->arena);
    add_field(e, v, n, SLICE("stream"), slice_str(stream));
    if (!found && fields->n > 2)
        return as_json(e, fields);
    for (unsigned i = 0; i + 1 < fields->n; i += 2)
        if (i != at)
            add_field(e, v, n, redis_text(fields, i), redis_text(fields, i + 1));
    return redis_text(fields, at + 1);
}

const struct field *redis_beside(void *carrier, unsigned *n)
{
    const struct redis_beside *b = carrier;
    *n = b->n;
    return b->v;
}
