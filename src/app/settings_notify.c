/* settings, an entry of `notify`: its table, its templates, its secrets. */
#include "app/settings_parts.h"

#include "core/notification.h"

static const char *const methods[] = {"POST", "PUT", "GET", NULL};
static const struct key on_key = {.type = KEY_ENUM, .size = sizeof(uint8_t), .names = notification_kinds};

/* A path alone may be the secret, as that of many chats is. */
static bool settings_notify_bind_url(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    if (n->type == CONF_SCALAR && n->text.n) {
        *(char **)at = arena_cstr(c->arena, n->text);
        return true;
    }
    struct err_place place = conf_place(n);
    place.source = SLICE_NONE;
    err_add(c->diag, ERR_ERROR, place, "\"%s\" must be %s", k->name, k->custom->words);
    return false;
}

static struct slice origin_of(struct slice url)
{
    ptrdiff_t scheme = slice_find(url, SLICE("://"));
    struct slice rest = scheme < 0 ? SLICE_NONE : slice_from(url, (size_t)scheme + 3);
    const char *slash = slice_chr(rest, '/');
    return slash ? slice_sub(url, 0, (size_t)(slash - url.p)) : rest.p ? url : SLICE_NONE;
}

static void settings_notify_dump_url(const struct key *k, const void *at, struct sbuf *out)
{
    struct slice url = slice_str(*(char *const *)at), origin = origin_of(url);
    struct sbuf shown;
    (void)k;
    sbuf_init(&shown, 4096);
    if (slice_find(url, SLICE("{secret.")) >= 0 && slice_find(url, SLICE("@")) < 0) { /* what is one is not in it */
        sbuf_adds(&shown, url);
    } else {
        ptrdiff_t at_sign = slice_rfind(origin, SLICE("@"));
        sbuf_adds(&shown, at_sign < 0 ? origin : SLICE("https://xxxxxxxxxxxxxxxx"));
        sbuf_adds(&shown, at_sign < 0 ? SLICE_NONE : slice_from(origin, (size_t)at_sign));
        sbuf_adds(&shown, origin.n < url.n ? SLICE("/xxxxxxxxxxxxxxxx") : SLICE_NONE);
    }
    keys_put_string(sbuf_slice(&shown), out);
    sbuf_done(&shown);
}

static const struct key_custom custom_url = {settings_notify_bind_url, settings_notify_dump_url,
                                             "{\"type\":\"string\",\"minLength\":1}", "an address, https://…"};

static const struct key header = {
    .type = KEY_STRING, KEY_AT(struct key_pair, value), .min = 1, .max = 8192, .secret = true};
static const struct key secret = {
    .type = KEY_CUSTOM, KEY_AT(struct settings_secret, path), .name = "secrets", .custom = &settings_path};

static struct err_place hidden(const struct conf_node *n)
{
    struct err_place at = conf_place(n);
    at.source = SLICE_NONE;
    return at;
}

/* Its names are known before its secrets are. */
static bool check_template(struct keys_ctx *c, const struct conf_node *n, struct slice text,
                           const struct notification_secret *secrets, unsigned n_secrets)
{
    struct slice name = notification_unknown(text, secrets, n_secrets);
    const char *near = name.p ? notification_nearest(name) : NULL;
    if (!name.p)
        return true;
    if (slice_starts(name, SLICE("secret.")))
        err_add(c->diag, ERR_ERROR, hidden(n), "\"secrets\" beside it names no file for {%.*s}", SLICE_ARG(name));
    else
        err_add(c->diag, ERR_ERROR, hidden(n), "{%.*s} stands for nothing%s%s%s", SLICE_ARG(name),
                near ? "; did you mean {" : "", near ? near : "", near ? "}?" : "");
    return false;
}

static bool is_token_byte(char b)
{
    return ascii_alnum(b) || strchr("!#$%&'*+-.^_`|~", b);
}

static bool check_header(struct keys_ctx *c, const struct conf_node *n, const struct key_pair *h)
{
    bool line = slice_chr(h->value, '\n') || slice_chr(h->value, '\r');
    if (h->name.n && slice_span(h->name, is_token_byte) == h->name.n && !line)
        return true;
    err_add(c->diag, ERR_ERROR, hidden(n), "a header is a name, and a text of one line");
    return false;
}

static bool notify_check_entry(struct keys_ctx *c, const struct conf_node *map, void *base)
{
    const struct settings_notify *o = base;
    struct notification_secret *names = arena_calloc(c->arena, o->n_secrets, sizeof *names);
    for (unsigned i = 0; i < o->n_secrets; i++)
        names[i].name = o->secrets[i].name;
    const struct conf_node *url = conf_get(map, "url"), *body = conf_get(map, "body");
    bool ok = check_template(c, url, slice_str(o->url), names, o->n_secrets);
    ok &= !body || check_template(c, body, slice_str(o->body), names, o->n_secrets);
    const struct conf_node *headers = conf_get(map, "headers"), *h = headers ? headers->child : NULL;
    for (unsigned i = 0; h && i < o->n_headers; i++, h = h->next)
        ok &= check_header(c, h, &o->headers[i]) && check_template(c, h, o->headers[i].value, names, o->n_secrets);
    return ok;
}

#define AT(member_) KEY_AT(struct settings_notify, member_)
static const struct key notify_keys[] = {
    {.name = "url",
     .type = KEY_CUSTOM,
     AT(url),
     .custom = &custom_url,
     .required = true,
     .secret = true,
     .help = "Where the request goes, http:// or https://; names in it are percent-encoded. What is secret in it is "
             "better a {secret.NAME}."},
    {.name = "on",
     .type = KEY_LIST,
     KEY_MANY(struct settings_notify, on, n_on),
     .of = &on_key,
     .max = 16,
     .help = "What is told: new-issue, regression, source-silent, upstream-down, losses. When left out, all of them."},
    {.name = "method", .type = KEY_ENUM, AT(method), .names = methods, .def = "POST", .help = "Of the request."},
    {.name = "headers",
     .type = KEY_MAP,
     KEY_MANY(struct settings_notify, headers, n_headers),
     .of = &header,
     .max = 24,
     .help = "Name: text; names of a notification may stand in the text. Content-Type is application/json unless it "
             "says another, and decides how names in the body are written."},
    {.name = "body",
     .type = KEY_CSTR,
     AT(body),
     .min = 1,
     .max = 32768,
     .def = "'{\"text\": \"{text}\"}'",
     .help = "The body. In JSON a name stands inside the quotes of a string and is escaped for it, in a form it is "
             "percent-encoded, in any other type it is plain text."},
    {.name = "per_hour",
     .type = KEY_INT,
     AT(per_hour),
     .min = 1,
     .max = 1000000,
     .def = "20",
     .help = "Requests in an hour at most. What is above is counted, and the next one says how many they were."},
    {.name = "secrets",
     .type = KEY_MAP,
     KEY_MANY(struct settings_notify, secrets, n_secrets),
     .of = &secret,
     .max = 16,
     .help = "Name: file, whose first line {secret.NAME} stands for in url, headers and body."},
    {.name = "ca_file",
     .type = KEY_CUSTOM,
     AT(ca_file),
     .custom = &settings_path,
     .help = "Certificates, PEM, by which to know the receiver; when left out, the system's."},
    {.name = "proxy",
     .type = KEY_CSTR,
     AT(proxy),
     .min = 1,
     .secret = true,
     .help = "http://host:port of a proxy towards it; when left out, that of the environment."},
    {.name = NULL}};
#undef AT

static const struct key_table notify_table = {
    .keys = notify_keys, .size = sizeof(struct settings_notify), .check = notify_check_entry};
const struct key settings_notify = {.type = KEY_TABLE, .table = &notify_table};

/* --- secrets --- */

static void read_secrets(struct settings *s, struct settings_notify *o, const struct conf_node *map, struct diag *d)
{
    for (unsigned i = 0; i < o->n_secrets; i++)
        o->secrets[i].value = settings_first_line(s, o->secrets[i].path, d, conf_place(map));
}

void settings_read_notify(struct settings *s, struct diag *d)
{
    const struct conf_node *list = s->file ? conf_get(s->file->root, "notify") : NULL, *map = list ? list->child : NULL;
    for (unsigned i = 0; map && i < s->n_notify; i++, map = map->next) {
        struct settings_notify *o = &s->notify[i];
        read_secrets(s, o, map, d);
        struct slice url = slice_str(o->url);
        if (!slice_starts(url, SLICE("https://")) && !slice_starts(url, SLICE("http://")) &&
            !slice_starts(url, SLICE("{secret.")))
            err_add(d, ERR_ERROR, hidden(conf_get(map, "url")), "\"url\" must begin with https:// or http://");
    }
}
