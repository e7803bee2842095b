/* settings, the inputs: addresses, ranges, zones, and which key has a meaning where. */
#include <arpa/inet.h>
#include <assert.h>

#include "app/settings_parts.h"
#include "core/forwarded.h"
#include "core/join.h"

static const struct scheme {
    const char *name;
    const char *begin; /* of an address */
    enum input_transport transport;
} schemes[] = {{"udp", "udp://", INPUT_UDP},    {"tcp", "tcp://", INPUT_TCP},
               {"http", "http://", INPUT_HTTP}, {"tls", "tls://", INPUT_TLS},
               {"unix", "unix:", INPUT_UNIX},   {"unix-stream", "unix-stream:", INPUT_UNIX_STREAM}};

enum { SCHEMES = sizeof schemes / sizeof *schemes };

static bool takes(enum input_kind kind, const struct scheme *s)
{
    return input_traits[kind].transports >> s->transport & 1;
}

static const struct scheme *scheme_of(struct slice name, enum input_kind kind)
{
    for (unsigned i = 0; i < SCHEMES; i++)
        if (slice_is(name, schemes[i].name) && takes(kind, &schemes[i]))
            return &schemes[i];
    return NULL;
}

static const char *how_it_begins(enum input_kind kind, struct arena *a)
{
    struct sbuf text;
    const char *before = "it must begin with ";
    unsigned left = (unsigned)__builtin_popcount(input_traits[kind].transports);
    sbuf_init(&text, 200);
    for (unsigned i = 0; i < SCHEMES; i++)
        if (takes(kind, &schemes[i])) {
            sbuf_addf(&text, "%s%s", before, schemes[i].begin);
            before = --left == 1 ? " or " : ", ";
        }
    const char *out = arena_cstr(a, sbuf_slice(&text));
    sbuf_done(&text);
    return out;
}

bool settings_input_address(struct input_options *o, enum input_kind kind, struct slice text, struct arena *a,
                            const char **why)
{
    struct slice rest = text, name = slice_split(&rest, ':');
    const struct scheme *s = rest.p ? scheme_of(name, kind) : NULL;
    if (!s) {
        *why = how_it_begins(kind, a);
        return false;
    }
    bool slashes = slice_starts(rest, SLICE("//"));
    rest = slashes ? slice_from(rest, 2) : rest;
    if (s->transport == INPUT_UNIX || s->transport == INPUT_UNIX_STREAM) {
        *why = "after unix: stands an absolute path: unix:/run/crumbd/log";
        if (rest.n < 2 || rest.p[0] != '/')
            return false;
        o->host = arena_cstr(a, rest);
    } else {
        *why = "after the scheme stand two slashes: udp://0.0.0.0:5514";
        if (!slashes || !settings_address(rest, a, &o->host, &o->port, why))
            return false;
    }
    o->kind = kind;
    o->transport = s->transport;
    o->text = arena_cstr(a, text);
    return true;
}

/* ---- rows ---- */

/* The input whose key this is. */
static enum input_kind kind_of(const struct key *k)
{
    unsigned kind = 0;
    while (strcmp(input_names[kind], k->name) != 0)
        kind++;
    return kind;
}

static bool bind_listen(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    const char *why;
    enum input_kind kind = kind_of(k);
    if (n->type != CONF_SCALAR || n->text.n == 0)
        return conf_error(c->diag, n, "\"%s\" must be an address such as udp://0.0.0.0:%u", k->name,
                          input_traits[kind].port);
    if (!settings_input_address(at, kind, n->text, c->arena, &why))
        return conf_error(c->diag, n, "\"%s\": this is no address to listen on: %s", k->name, why);
    return true;
}

static bool bind_path(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    struct input_options *o = at;
    o->kind = kind_of(k);
    return settings_path.bind(c, k, n, &o->text);
}

static bool bind_text(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    struct input_options *o = at;
    if (n->type != CONF_SCALAR || n->text.n == 0)
        return conf_error(c->diag, n, "\"%s\" must be %s", k->name, k->custom->words);
    o->kind = kind_of(k);
    o->text = arena_cstr(c->arena, n->text);
    return true;
}

static bool bind_on(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    struct input_options *o = at;
    bool on;
    if (n->type != CONF_SCALAR || n->quoted || !keys_bool(n->text, &on) || !on)
        return conf_error(c->diag, n, "\"%s\" can only be on; leave the entry out to go without it", k->name);
    o->kind = kind_of(k);
    o->text = arena_cstr(c->arena, slice_str(k->name));
    return true;
}

static void inputs_dump_kind(const struct key *k, const void *at, struct sbuf *out)
{
    const struct input_options *o = at;
    if (!o->text || strcmp(input_names[o->kind], k->name) != 0)
        return;
    if (k->custom->bind == bind_on)
        sbuf_adds(out, SLICE("on"));
    else
        keys_put_string(slice_str(o->text), out);
}

#define ADDRESS_SCHEMA(schemes_)                                                                                       \
    "{\"type\":\"string\",\"pattern\":\"^((" schemes_ ")://.+:[0-9]+|unix(-stream)?:(//)?/.+)$\"}"
#define COMMANDED(id, symbol, name, traits)
#define TABLED(id, symbol, name, traits, table, help)
#define INPUT(id, symbol, name, traits, bind, schema, words, help)                                                     \
    static const struct key_custom custom_##id = {bind, inputs_dump_kind, schema, words};
#include "io/inputs.def"

static bool inputs_bind_zone(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    (void)k;
    if (n->type != CONF_SCALAR || n->text.n == 0)
        return conf_error(c->diag, n, "\"timezone\" must be a name such as Europe/Berlin, or local");
    return (*(const struct zone **)at = settings_zone(c->u, n->text, c->diag, conf_place(n))) != NULL;
}

static void inputs_dump_zone(const struct key *k, const void *at, struct sbuf *out)
{
    const struct zone *z = *(const struct zone *const *)at;
    (void)k;
    keys_put_string(z ? slice_str(z->name) : SLICE("local"), out);
}

static const struct key_custom custom_zone = {
    inputs_bind_zone, inputs_dump_zone, "{\"type\":\"string\",\"default\":\"local\"}",
    "local, a name such as Europe/Berlin, or an offset such as +02:00; default: local"};

/* Index: enum input_trust. */
static const char *const trusts[] = {"local", "off", "on"};

static bool inputs_bind_trust(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    enum input_trust *trust = at;
    bool on;
    (void)k;
    if (n->type == CONF_SCALAR && slice_is(n->text, trusts[INPUT_TRUST_LOCAL]))
        *trust = INPUT_TRUST_LOCAL;
    else if (n->type == CONF_SCALAR && keys_bool(n->text, &on))
        *trust = on ? INPUT_TRUST_ON : INPUT_TRUST_OFF;
    else
        return conf_error(c->diag, n, "\"trust\" must be on, off or local");
    return true;
}

static void inputs_dump_trust(const struct key *k, const void *at, struct sbuf *out)
{
    (void)k;
    sbuf_adds(out, slice_str(trusts[*(const enum input_trust *)at]));
}

static const struct key_custom custom_trust = {
    inputs_bind_trust, inputs_dump_trust,
    "{\"enum\":[\"local\",true,false,\"on\",\"off\",\"yes\",\"no\"],\"default\":\"local\"}",
    "on, off or local; default: local"};

/* 10.0.0.0/8, 2001:db8::/32, or one address. */
static bool read_cidr(struct slice text, struct input_cidr *out)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char buf[INET6_ADDRSTRLEN];
    struct slice bits = text, address = slice_split(&bits, '/');
    uint64_t n = 0;
    if (address.n >= sizeof buf || (bits.p && !slice_u64(bits, &n)))
        return false;
    memcpy(buf, address.p, address.n);
    buf[address.n] = '\0';
    struct input_cidr c = {.bits = 128};
    bool v4 = inet_pton(AF_INET, buf, c.addr + 12) == 1;
    if (v4)
        memcpy(c.addr, mapped, sizeof mapped);
    else if (inet_pton(AF_INET6, buf, c.addr) != 1)
        return false;
    if (n > (v4 ? 32 : 128))
        return false;
    if (bits.p)
        c.bits = (unsigned)n + (v4 ? 96 : 0);
    *out = c;
    return true;
}

static bool inputs_bind_cidr(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    (void)k;
    return (n->type == CONF_SCALAR && n->text.n && read_cidr(n->text, at)) ||
           conf_error(
               c->diag, n,
               "each of \"allow\" and \"exempt\" must be an address or a range such as 10.0.0.0/8 or 2001:db8::/32");
}

static void inputs_dump_cidr(const struct key *k, const void *at, struct sbuf *out)
{
    const struct input_cidr *c = at;
    char buf[INET6_ADDRSTRLEN + 4];
    (void)k;
    bool v4 = memcmp(c->addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0 && c->bits >= 96;
    if (!inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? c->addr + 12 : c->addr, buf, INET6_ADDRSTRLEN))
        return;
    size_t n = strlen(buf);
    snprintf(buf + n, sizeof buf - n, "/%u", v4 ? c->bits - 96 : c->bits);
    sbuf_addf(out, "'%s'", buf);
}

static const struct key_custom custom_cidr = {inputs_bind_cidr, inputs_dump_cidr, "{\"type\":\"string\"}",
                                              "an address or a range such as 10.0.0.0/8 or 2001:db8::/32"};
const struct key settings_cidr = {.type = KEY_CUSTOM, .custom = &custom_cidr};

/* scheme://host, scheme://host:port, or *; as a browser writes it, without a path. */
static bool inputs_bind_origin(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    struct slice *origin = at;
    ptrdiff_t colon = slice_find(n->text, SLICE("://"));
    struct slice host = colon > 0 ? slice_from(n->text, (size_t)colon + 3) : SLICE_NONE;
    bool ok = n->type == CONF_SCALAR && (slice_is(n->text, "*") || (host.n && !slice_chr(host, '/')));
    (void)k;
    if (!ok)
        return conf_error(
            c->diag, n, "each of \"cors\" must be an origin such as https://shop.example.com, without a path, or '*'");
    *origin = slice_str(arena_cstr(c->arena, n->text));
    return true;
}

static void inputs_dump_origin(const struct key *k, const void *at, struct sbuf *out)
{
    (void)k;
    keys_put_string(*(const struct slice *)at, out);
}

static const struct key_custom custom_origin = {inputs_bind_origin, inputs_dump_origin,
                                                "{\"type\":\"string\",\"pattern\":\"^([*]|[^/]+://[^/]+)$\"}",
                                                "an origin such as https://shop.example.com, or '*'"};
static const struct key origin = {.type = KEY_CUSTOM, .custom = &custom_origin};

/* By enum format; without those that only an input hands on, which are the last. */
static const char *const formats[] = {"auto",
#define FORMAT(rank, id, symbol, name, web) name,
#define INPUT_FORMAT(rank, id, symbol, name, web)
#include "parsers/formats.def"
                                      "envelope", NULL};
_Static_assert(FORMAT_ENVELOPE == sizeof formats / sizeof *formats - 2, "it is the one of them that may be configured");
static const char *const from[] = {"end", "start", NULL};

static const struct key tls_keys[] = {{.name = "cert",
                                       .type = KEY_CUSTOM,
                                       KEY_AT(struct input_options, tls.cert),
                                       .custom = &settings_path,
                                       .required = true,
                                       .help = "The certificate with its chain, PEM."},
                                      {.name = "key",
                                       .type = KEY_CUSTOM,
                                       KEY_AT(struct input_options, tls.key),
                                       .custom = &settings_path,
                                       .required = true,
                                       .help = "Its private key, PEM."},
                                      {.name = "client_ca",
                                       .type = KEY_CUSTOM,
                                       KEY_AT(struct input_options, tls.client_ca),
                                       .custom = &settings_path,
                                       .help = "Only clients with a certificate of this authority are let in."},
                                      {.name = NULL}};
static const struct key_table tls_table = {.keys = tls_keys};

static const char *const kinds[] = {
#define COMMANDED(id, symbol, name, traits)
#define INPUT(id, symbol, name, traits, bind, schema, words, help) name,
#include "io/inputs.def"
    NULL};

#define AT(member_) KEY_AT(struct input_options, member_)
static const struct key input_keys[] = {
#define COMMANDED(id, symbol, name, traits)
#define INPUT(id, symbol, name_, traits, bind, schema, words, help_)                                                   \
    {.name = name_, .type = KEY_CUSTOM, .custom = &custom_##id, .help = help_},
#define TABLED(id, symbol, name_, traits, table_, help_)                                                               \
    {.name = name_, .type = KEY_TABLE, .table = &table_, .help = help_},
#include "io/inputs.def"
    {.name = "format",
     .type = KEY_ENUM,
     AT(format),
     .names = formats,
     .def = "auto",
     .help = "What the messages look like; auto looks at the first telling line of each file or connection."},
    {.name = "log_format",
     .type = KEY_CSTR,
     AT(log_format),
     .min = 1,
     .max = 4096,
     .help = "For nginx-access: the text of nginx's log_format. Without it the combined form, contrib's and "
             "JSON are told apart."},
    {.name = "timezone", .type = KEY_CUSTOM, AT(zone), .custom = &custom_zone, .help = "For stamps that name no zone."},
    {.name = "from",
     .type = KEY_ENUM,
     AT(from_start),
     .names = from,
     .def = "end",
     .help = "Where to begin when this pattern is seen for the first time. Files that appear later are read "
             "from their start."},
    {.name = "receive_buffer",
     .type = KEY_SIZE,
     AT(receive_buffer_bytes),
     .min = 4096,
     .max = 1 << 30,
     .def = "8m",
     .help = "The kernel's buffer for datagrams. What the kernel gives less is said at start."},
    {.name = "reuse_port",
     .type = KEY_BOOL,
     AT(reuse_port),
     .def = "off",
     .help =
         "Several crumbds of one user listen on this port, and the kernel shares out its senders. See MANY CORES in "
         "crumbd-scale(7)."},
    {.name = "allow",
     .type = KEY_LIST,
     KEY_MANY(struct input_options, allow, n_allow),
     .of = &settings_cidr,
     .min = 1,
     .max = 1000,
     .help = "Addresses and ranges that may send; everyone when left out. With proxy_protocol it is about the proxy "
             "itself."},
    {.name = "exempt",
     .type = KEY_LIST,
     KEY_MANY(struct input_options, exempt, n_exempt),
     .of = &settings_cidr,
     .max = 1000,
     .help = "Addresses and ranges of which each may have more than its share: connections (see max_connections) and "
             "unfinished chunked GELF "
             "messages. For a relay or a proxy that speaks for many. Loopback and unix sockets are exempt anyway. "
             "When left out, exempt beside inputs counts."},
    {.name = "max_message",
     .type = KEY_SIZE,
     AT(max_message_bytes),
     .min = 64,
     .max = 64 << 20,
     .def = "1m",
     .help = "Longer messages and lines are cut there and marked; what is left out is counted."},
    {.name = "max_connections",
     .type = KEY_INT,
     AT(max_connections),
     .min = 1,
     .max = 1000000,
     .def = "1000",
     .help = "Connections at once. One address (IPv6: its first 64 bits) holds an eighth of them, and 4 in any case; "
             "with one more it gives "
             "up its own that has been idle longest. When all are taken, the address that holds most does so; where "
             "none holds more than "
             "one, a connection that has said nothing yet makes room, or else the new one is closed. Counted each "
             "time. Loopback, unix "
             "sockets and exempt addresses are not held to the eighth. With proxy_protocol it is about the client's "
             "address."},
    {.name = "idle_timeout",
     .type = KEY_DURATION,
     AT(idle_timeout_us),
     .def = "10m",
     .help =
         "A connection that is silent for so long is closed; 0: never. Where it is not set, senders on this host and "
         "those with a certificate of tls.client_ca are not held to it, since one that logs errors alone is silent "
         "for days and would lose its next message: TCP's keep-alive finds those that have vanished."},
    {.name = "per_sender",
     .type = KEY_INT,
     AT(per_sender),
     .def = "0",
     .help = "Messages a second from one address (IPv6: its first 64 bits); more are dropped and counted, on "
             "connections they wait. 0: no "
             "cap."},
    {.name = "proxy_protocol",
     .type = KEY_BOOL,
     AT(proxy_protocol),
     .def = "off",
     .help = "Connections begin with a PROXY protocol header, version 1 or 2. Only behind a proxy that "
             "writes it."},
    {.name = "cors",
     .type = KEY_LIST,
     KEY_MANY(struct input_options, cors, n_cors),
     .of = &origin,
     .min = 1,
     .max = 1000,
     .help = "For http://: origins of web pages whose browsers may send here, such as https://shop.example.com, or '*' "
             "for all. Without it a "
             "request with an Origin is refused."},
    {.name = "trust",
     .type = KEY_CUSTOM,
     AT(trust),
     .custom = &custom_trust,
     .help = "Whether a sender's fields may set reserved names: app, container, pod, namespace, image, server, "
             "transaction_id, release, "
             "environment and the like. local: those of senders on this host may."},
    {.name = "domain",
     .type = KEY_CSTR,
     AT(domain),
     .min = 1,
     .max = 64,
     .help = "Inputs of one name share breadcrumbs and request ids for all their senders. Without it what is on this "
             "host is one domain, "
             "named local, and every other address (IPv6: /64) is one of its own."},
    {.name = "join",
     .type = KEY_CUSTOM,
     AT(join),
     .custom = &settings_join,
     .help = "Whether the lines of a stack trace that come as records of their own become one. A record that may have "
             "one is held until a line comes that is no part of it, at most wait (300ms) after the last line and "
             "five seconds in all. A trace is cut at so many lines (1000) and bytes (256k). Off where format is "
             "nginx-access."},
    {.name = "tls", .type = KEY_TABLE, .table = &tls_table, .help = "For tls:// addresses."},
    {.name = NULL}};

enum {
    ON_FILE = 1,     /* tail */
    ON_LINES = 2,    /* of any format */
    ON_DATAGRAM = 8, /* udp, unix */
    ON_STREAM = 16,  /* tcp, tls, http, unix-stream */
    ON_NET = 32,     /* what has an address of a sender */
    ON_TLS = 64,
    ON_MESSAGES = 128, /* everything but the journal */
    ON_HTTP = 256,
    ON_KAFKA = 512,
    ON_REDIS = 1024
};

static unsigned places_of(const struct input_options *o)
{
    const struct input_traits *t = &input_traits[o->kind];
    unsigned on = (t->follows_files ? ON_FILE : 0) | (t->any_format ? ON_LINES : 0) | (t->of_entries ? 0 : ON_MESSAGES);
    if (!input_listens(o))
        return on | (t->connects ? ON_KAFKA : 0) | (t->asks ? ON_REDIS : 0);
    bool datagram = o->transport == INPUT_UDP || o->transport == INPUT_UNIX;
    on |= (o->transport == INPUT_TLS ? ON_TLS : 0) | (o->transport == INPUT_HTTP ? ON_HTTP : 0);
    return on | (datagram ? ON_DATAGRAM : ON_STREAM) | (input_over_unix(o) ? 0 : ON_NET);
}

static const struct {
    const char *key;
    unsigned on; /* any of these */
    const char *text;
} meanings[] = {
    {"format", ON_MESSAGES, "the journal has one format"},
    {"log_format", ON_LINES, "it is for nginx access logs"},
    {"timezone", ON_LINES, "gelf and journal carry the time in UTC"},
    {"from", ON_FILE, "it is for tail"},
    {"receive_buffer", ON_DATAGRAM, "it is for udp:// and unix:"},
    {"reuse_port", ON_NET, "it is for ports"},
    {"allow", ON_NET, "it is for senders with an address; a unix socket is guarded by file modes"},
    {"exempt", ON_NET, "it is for senders with an address"},
    {"max_message", ON_MESSAGES, "the journal has its own limit"},
    {"max_connections", ON_STREAM, "it is for what takes connections"},
    {"idle_timeout", ON_STREAM, "it is for what takes connections"},
    {"per_sender", ON_NET, "it is for senders with an address"},
    {"proxy_protocol", ON_STREAM, "it is for what takes connections"},
    {"cors", ON_HTTP, "it is for http:// addresses"},
    {"tls", ON_TLS, "it is for tls:// addresses"},
    {"kafka", ON_KAFKA, "it is a kind of its own"},
    {"redis", ON_REDIS, "it is a kind of its own"},
};

static bool inputs_input_applies(const struct key *k, const void *base, const char **text)
{
    unsigned have = places_of(base);
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (strcmp(k->name, meanings[i].key) == 0) {
            *text = meanings[i].text;
            return (have & meanings[i].on) != 0;
        }
    return true;
}

/* Nobody's trace stands in access lines. */
static void set_join(struct input_options *o)
{
    o->join = join_defaults;
    o->join.on = !format_traits(o->format)->access;
}

static bool inputs_input_check(struct keys_ctx *c, const struct conf_node *map, void *base)
{
    struct input_options *o = base;
    o->place = conf_place(map);
    if (!o->zone)
        o->zone = settings_zone(c->u, SLICE("local"), c->diag, o->place);
    if (!conf_get(map, "join"))
        set_join(o);
    o->idle_for_all = conf_get(map, "idle_timeout");
    const struct input_traits *t = &input_traits[o->kind];
    if (o->transport == INPUT_TLS && !conf_get(map, "tls"))
        return conf_error(c->diag, map,
                          "a tls:// address needs \"tls\" with cert and key: tls: {cert: c.pem, key: k.pem}");
    if (o->transport != INPUT_TLS && conf_get(map, "tls"))
        return conf_error(c->diag, conf_get(map, "tls"), "this input is not encrypted: \"tls\" needs a tls:// address");
    if (!t->any_format && !t->of_entries && o->format != FORMAT_AUTO && o->format != t->format)
        return conf_error(c->diag, conf_get(map, "format"), "a %s input takes %s; use syslog for other formats",
                          input_names[o->kind], format_name(t->format));
    if (o->format == FORMAT_ENVELOPE && !t->connects)
        return conf_error(c->diag, conf_get(map, "format"),
                          "\"envelope\" is what a crumbd with \"forward\" writes: it is for kafka inputs");
    if (o->format == FORMAT_ENVELOPE)
        o->max_message_bytes = FORWARDED_BYTES_MAX;
    const struct conf_node *log_format = conf_get(map, "log_format");
    if (log_format && !format_traits(o->format)->takes_log_format)
        return conf_error(c->diag, log_format, "\"log_format\" needs \"format: nginx-access\" beside it");
    return true;
}

static const struct key_table input_table = {.keys = input_keys,
                                             .size = sizeof(struct input_options),
                                             .one_of = kinds,
                                             .applies = inputs_input_applies,
                                             .check = inputs_input_check};
const struct key settings_input = {.type = KEY_TABLE, .table = &input_table};

void settings_input_defaults(struct settings *s, struct input_options *o)
{
    struct diag d = {0};
    struct keys_ctx c = {.arena = &s->arena, .diag = &d};
    *o = (struct input_options){0};
    bool ok = keys_bind(&input_table, NULL, o, &c);
    assert(ok);
    set_join(o);
    o->zone = settings_zone(s, SLICE("local"), &d, o->place);
    assert(o->zone);
}
