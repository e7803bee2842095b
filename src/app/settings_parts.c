#include "app/settings_parts.h"

#include <stdlib.h>

#include "app/zone.h"
#include "base/xalloc.h"

static bool settings_parts_bind_path(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    const struct settings *s = c->u;
    if (n->type != CONF_SCALAR || n->text.n == 0)
        return conf_error(c->diag, n, "\"%s\" must be a path", k->name);
    if (n->text.p[0] == '/' || !s->dir) {
        *(char **)at = arena_cstr(c->arena, n->text);
        return true;
    }
    char *joined = xasprintf("%s/%.*s", s->dir, SLICE_ARG(n->text));
    *(char **)at = arena_cstr(c->arena, slice_str(joined));
    free(joined);
    return true;
}

static void settings_parts_dump_path(const struct key *k, const void *at, struct sbuf *out)
{
    const char *path = *(char *const *)at;
    (void)k;
    if (path)
        keys_put_string(slice_str(path), out);
}

const struct key_custom settings_path = {settings_parts_bind_path, settings_parts_dump_path,
                                         "{\"type\":\"string\",\"minLength\":1}", "a path"};

struct settings_zone {
    struct settings_zone *next;
    struct zone *zone;
};

const struct zone *settings_zone(struct settings *s, struct slice name, struct diag *d, struct err_place at)
{
    for (struct settings_zone *z = s->zones; z; z = z->next)
        if (slice_is(name, z->zone->name))
            return z->zone;
    struct zone *zone = zone_load(name, d, at);
    if (!zone)
        return NULL;
    struct settings_zone *z = arena_alloc(&s->arena, sizeof *z);
    *z = (struct settings_zone){.next = s->zones, .zone = zone};
    s->zones = z;
    return zone;
}

void settings_free_zones(struct settings *s)
{
    for (struct settings_zone *z = s->zones; z; z = z->next)
        zone_free(z->zone);
}
