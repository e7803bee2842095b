/* settings, the address of a Redis: redis://user:password@host:port/database, rediss:// or unix:/path. */
#include <stdlib.h>

#include "app/settings_parts.h"
#include "base/sbuf.h"
#include "io/redis.h"

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* %41 is A. False: what follows a percent sign is no number, or the text has a NUL. */
static bool undo_percent(struct slice s, struct arena *a, char **out)
{
    char *to = arena_alloc(a, s.n + 1);
    *out = to;
    for (size_t i = 0; i < s.n; i++) {
        int byte = (unsigned char)s.p[i];
        if (byte == '%') {
            int high = i + 2 <= s.n - 1 ? hex_digit(s.p[i + 1]) : -1, low = high >= 0 ? hex_digit(s.p[i + 2]) : -1;
            if (low < 0)
                return false;
            byte = high * 16 + low;
            i += 2;
        }
        if (!byte)
            return false;
        *to++ = (char)byte;
    }
    *to = '\0';
    return true;
}

/* user:password, :password or user. */
static bool read_login(struct slice login, struct arena *a, struct redis_address *out)
{
    struct slice password = login, user = slice_split(&password, ':');
    return (!user.n || undo_percent(user, a, &out->user)) && (!password.p || undo_percent(password, a, &out->password));
}

static bool read_database(struct slice text, struct redis_address *out)
{
    uint64_t number = 0;
    if (text.n && (!slice_u64(text, &number) || number > 65535))
        return false;
    out->database = (unsigned)number;
    return true;
}

/* host, host:port, [v6], [v6]:port */
static bool read_host(struct slice text, struct arena *a, struct redis_address *out, const char **why)
{
    bool port = text.n && (text.p[0] == '[' ? text.p[text.n - 1] != ']' : slice_chr(text, ':') != NULL);
    if (port)
        return settings_address(text, a, &out->host, &out->port, why);
    struct sbuf whole;
    sbuf_init(&whole, 1024);
    sbuf_addf(&whole, "%.*s:%d", SLICE_ARG(text), REDIS_PORT);
    bool ok = !whole.over && settings_address(sbuf_slice(&whole), a, &out->host, &out->port, why);
    sbuf_done(&whole);
    return ok;
}

static void show(struct redis_address *out, struct slice scheme, struct slice place, struct arena *a)
{
    struct sbuf shown;
    sbuf_init(&shown, 2048);
    sbuf_addf(&shown, "%.*s%.*s", SLICE_ARG(scheme), SLICE_ARG(place));
    out->shown = arena_cstr(a, sbuf_slice(&shown));
    sbuf_done(&shown);
}

static bool read_unix(struct slice text, struct arena *a, struct redis_address *out, const char **why)
{
    struct slice path = slice_from(text, strlen("unix:"));
    *why = "after unix: stands an absolute path: unix:/run/redis/redis.sock";
    if (path.n < 2 || path.p[0] != '/' || path.n > 100)
        return false;
    out->host = arena_cstr(a, path);
    out->shown = arena_cstr(a, text);
    return true;
}

/* False and *why, a fixed text. out is zeroed before. */
static bool read_address(struct slice text, struct arena *a, struct redis_address *out, const char **why)
{
    struct slice rest = text, scheme = SLICE("redis://");
    if (slice_starts(text, SLICE("unix:")))
        return read_unix(text, a, out, why);
    out->tls = slice_starts(text, SLICE("rediss://"));
    scheme = out->tls ? SLICE("rediss://") : scheme;
    *why = "it must begin with redis://, rediss:// or unix:/";
    if (!slice_starts(text, scheme))
        return false;
    rest = slice_from(text, scheme.n);
    ptrdiff_t at = slice_rfind(rest, SLICE("@"));
    struct slice login = at < 0 ? SLICE_NONE : slice_sub(rest, 0, (size_t)at);
    struct slice database = at < 0 ? rest : slice_from(rest, (size_t)at + 1), place = database;
    struct slice host = slice_split(&database, '/');
    *why = "user and password stand before the host, with %40 for @, %3A for : and %25 for %";
    if (at >= 0 && !read_login(login, a, out))
        return false;
    *why = "behind the host stands the number of a database: redis://host:6379/0";
    if (!read_database(database, out))
        return false;
    show(out, scheme, place, a);
    return read_host(host, a, out, why);
}

/* --- the key --- */

/* The keys of a struct redis_where that is this member of the type. */
#define WHERE_KEYS(type_, where_)                                                                                      \
    {.name = "url",                                                                                                    \
     .type = KEY_CSTR,                                                                                                 \
     KEY_AT(type_, where_ url),                                                                                        \
     .min = 1,                                                                                                         \
     .required = true,                                                                                                 \
     .secret = true,                                                                                                   \
     .help = "redis://host:6379/0, rediss://host for TLS, or unix:/path."},                                            \
        {.name = "password_file",                                                                                      \
         .type = KEY_CUSTOM,                                                                                           \
         KEY_AT(type_, where_ password_file),                                                                          \
         .custom = &settings_path,                                                                                     \
         .help = "A file whose first line is the password; it is read at the start."},                                 \
    {                                                                                                                  \
        .name = "ca_file", .type = KEY_CUSTOM, KEY_AT(type_, where_ ca_file), .custom = &settings_path,                \
        .help = "Certificates, PEM, by which to know the server of a rediss://; when left out, the system's."          \
    }

static const struct key redis_keys[] = {WHERE_KEYS(struct redis_where, ), {.name = NULL}};
static const struct key_table redis_table = {.keys = redis_keys};

/* Makes an address of what was written. at: where. */
static bool complete(struct keys_ctx *c, const struct conf_node *at, const char *name, struct redis_where *r)
{
    const char *why;
    struct err_place place = conf_place(at);
    place.source = SLICE_NONE; /* the line may hold a password */
    if (!redis_is_built_in()) {
        err_add(c->diag, ERR_ERROR, place, "\"%s\": this crumbd is built without hiredis, which speaks to Redis", name);
        return false;
    }
    r->at.ca_file = r->ca_file;
    if (read_address(slice_str(r->url), c->arena, &r->at, &why))
        return true;
    err_add(c->diag, ERR_ERROR, place, "\"%s\": this is no address of a Redis: %s", name, why);
    return false;
}

static bool settings_redis_bind(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    struct redis_where *r = at;
    if (n->type != CONF_MAP && (n->type != CONF_SCALAR || !n->text.n))
        return conf_error(c->diag, n, "\"%s\" must be %s", k->name, k->custom->words);
    if (n->type == CONF_MAP && !keys_bind(&redis_table, n, at, c))
        return false;
    r->url = n->type == CONF_MAP ? r->url : arena_cstr(c->arena, n->text);
    return complete(c, n, k->name, r);
}

static void settings_redis_dump(const struct key *k, const void *at, struct sbuf *out)
{
    const struct redis_where *r = at;
    (void)k;
    if (!r->url)
        return;
    sbuf_adds(out, SLICE("{url: "));
    keys_put_masked(slice_str(r->url), out);
    if (r->password_file) {
        sbuf_adds(out, SLICE(", password_file: "));
        keys_put_string(slice_str(r->password_file), out);
    }
    if (r->ca_file) {
        sbuf_adds(out, SLICE(", ca_file: "));
        keys_put_string(slice_str(r->ca_file), out);
    }
    sbuf_addc(out, '}');
}

const struct key_custom settings_redis = {
    settings_redis_bind, settings_redis_dump,
    "{\"oneOf\":[{\"type\":\"string\",\"pattern\":\"^(rediss?://|unix:/"
    ")\"},{\"type\":\"object\",\"properties\":{\"url\":{"
    "\"type\":\"string\",\"pattern\":\"^(rediss?://|unix:/)\"},\"password_file\":{\"type\":\"string\"},\"ca_file\":{"
    "\"type\":\"string\"}},\"required\":[\"url\"],\"additionalProperties\":false}]}",
    "redis://host:6379/0, or {url: …, password_file: path, ca_file: path}"};

/* --- the input --- */

#define AT(member_) KEY_AT(struct input_options, redis.member_)

static const char *const from[] = {"start", "end", NULL};
static const struct key input_keys[] = {
    WHERE_KEYS(struct input_options, redis.where.),
    {.name = "streams",
     .type = KEY_LIST,
     KEY_MANY(struct input_options, redis.streams, redis.n_streams),
     .of = &key_string,
     .min = 1,
     .max = 256,
     .required = true,
     .help = "Names of streams. Each is read by one member of the group at a time."},
    {.name = "group",
     .type = KEY_CSTR,
     AT(group),
     .min = 1,
     .max = 100,
     .def = "crumbd",
     .help = "The consumer group. All crumbds of one group share the streams."},
    {.name = "field",
     .type = KEY_CSTR,
     AT(field),
     .min = 1,
     .max = 100,
     .def = "message",
     .help =
         "The field of an entry that is the message. An entry without it that has several fields is taken as a JSON "
         "object of them; its only field is the message by any name."},
    {.name = "from",
     .type = KEY_ENUM,
     AT(from_end),
     .names = from,
     .def = "start",
     .help = "Where a stream is begun in which the group has no position yet."},
    {.name = NULL}};

/* What is tagged and stored by it must be the same on each member. */
static bool settings_redis_check(struct keys_ctx *c, const struct conf_node *map, void *base)
{
    struct input_options *o = base;
    struct sbuf text;
    o->kind = INPUT_REDIS;
    sbuf_init(&text, 65536);
    sbuf_addf(&text, "redis:%s:", o->redis.group);
    for (unsigned i = 0; i < o->redis.n_streams; i++)
        sbuf_addf(&text, "%s%.*s", i ? "," : "", SLICE_ARG(o->redis.streams[i]));
    o->text = arena_cstr(c->arena, sbuf_slice(&text));
    sbuf_done(&text);
    return complete(c, map, "redis", &o->redis.where);
}

const struct key_table settings_redis_table = {.keys = input_keys, .check = settings_redis_check};
