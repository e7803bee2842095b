/* origin_transaction: what a record was about, of which there are few. See origin.h. */
#include "core/origin.h"

enum { ROUTE_BYTES_MAX = 160, NAME_BYTES_MAX = 32, NAMES_MAX = 8 };

/* v1, v2: the version of an interface. */
static bool is_version(struct slice s)
{
    return s.n >= 2 && s.n <= 3 && s.p[0] == 'v' && ascii_digit(s.p[1]) && ascii_digit(s.p[s.n - 1]);
}

/* A name that a developer has chosen for a part of a path: no id, and nothing that a client has typed. */
static bool is_name(struct slice s)
{
    if (s.n > NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alpha(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' && s.p[i] != '.')
            return false;
    return true;
}

static void put_route(struct slice path, struct sbuf *out)
{
    unsigned names = 0;
    if (path.n && path.p[0] == '/')
        path = slice_from(path, 1);
    do {
        struct slice s = slice_split(&path, '/');
        sbuf_addc(out, '/');
        sbuf_adds(out, is_name(s) || is_version(s) ? s : SLICE("*"));
    } while (path.p && out->n < ROUTE_BYTES_MAX && ++names < NAMES_MAX);
    if (path.p)
        sbuf_adds(out, SLICE("/*"));
}

static bool is_method(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 'A' || s.p[i] > 'Z')
            return false;
    return s.n > 0 && s.n <= 10;
}

struct slice origin_route(struct slice method, struct slice path, struct arena *a)
{
    struct sbuf b;
    if (!slice_starts(path, SLICE("/")))
        return SLICE_NONE;
    sbuf_init(&b, 4096);
    if (is_method(method))
        sbuf_addf(&b, "%.*s ", SLICE_ARG(method));
    put_route(path, &b);
    struct slice route = arena_dup(a, sbuf_slice(&b));
    sbuf_done(&b);
    return route;
}

/* Of a web server: where the request went, by which two faults alike are told apart. */
static struct slice web_transaction(const struct record *r, struct slice route, struct arena *a)
{
    struct slice to = record_get(r, SLICE("upstream.host")), s = route.n ? route : record_value(r, "server");
    struct sbuf b;
    sbuf_init(&b, 4096);
    sbuf_adds(&b, slice_sub(s, 0, ROUTE_BYTES_MAX));
    if (to.n)
        sbuf_addf(&b, "%svia %.*s", b.n ? " " : "", SLICE_ARG(slice_sub(to, 0, ROUTE_BYTES_MAX)));
    s = arena_dup(a, sbuf_slice(&b));
    sbuf_done(&b);
    return s;
}

struct slice origin_transaction(const struct record *r, struct log_template *m, struct arena *a, bool *home)
{
    struct slice s = origin_route(record_get(r, SLICE("request.method")), record_get(r, SLICE("request.path")), a);
    if (format_is_web(r->format))
        s = web_transaction(r, s, a);
    *home = !s.n;
    s = s.n ? s : origin_home(r, a);
    if (!s.n)
        s = origin_logger(r, m, a);
    return s.n ? s : r->input;
}
