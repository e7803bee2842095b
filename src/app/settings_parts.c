#include "app/settings_parts.h"

#include <stdlib.h>

#include "app/file.h"
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

enum { SECRET_BYTES_MAX = 64 * 1024 };

char *settings_first_line(struct settings *s, const char *path, struct diag *d, struct err_place at)
{
    struct sbuf b;
    char *line = NULL;
    sbuf_init(&b, 2 * SECRET_BYTES_MAX);
    if (file_read(path, SECRET_BYTES_MAX, &b, d, at)) {
        struct slice rest = sbuf_slice(&b), first = slice_trim(slice_split(&rest, '\n'));
        if (first.n == 0 || memchr(first.p, '\0', first.n))
            err_add(d, ERR_ERROR, at, "the first line of %s is empty", path);
        else
            line = arena_cstr(&s->arena, first);
    }
    sbuf_done(&b);
    return line;
}

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

/* ---- addresses ---- */

enum { PORT_DIGITS = 5, HOST_MAX = 255 };

static bool host_char(char c)
{
    return ascii_alnum(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '%';
}

bool settings_address(struct slice text, struct arena *a, char **host, uint16_t *port, const char **why)
{
    ptrdiff_t colon = slice_rfind(text, SLICE(":"));
    struct slice name = slice_sub(text, 0, colon < 0 ? 0 : (size_t)colon);
    uint64_t number;
    *why = "it needs a host and a port, such as 127.0.0.1:5514 or [::1]:5514";
    if (colon < 0 || text.n - (size_t)colon - 1 > PORT_DIGITS ||
        !slice_u64(slice_from(text, (size_t)colon + 1), &number))
        return false;
    if (name.n == 0) {
        *why = "it needs a host before the port; 0.0.0.0 is every address";
        return false;
    }
    if (number > UINT16_MAX) {
        *why = "a port is a number up to 65535";
        return false;
    }
    bool bracketed = name.p[0] == '[';
    if (bracketed ? name.p[name.n - 1] != ']' : slice_chr(name, ':') != NULL) {
        *why = "an IPv6 address stands in brackets: [::1]:5514";
        return false;
    }
    name = bracketed ? slice_sub(name, 1, name.n - 1) : name;
    bool ok = name.n > 0 && name.n <= HOST_MAX;
    for (size_t i = 0; ok && i < name.n; i++)
        ok = host_char(name.p[i]);
    if (!ok) {
        *why = "the host is neither an address nor a name";
        return false;
    }
    *host = arena_cstr(a, name);
    *port = (uint16_t)number;
    return true;
}
