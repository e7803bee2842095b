/* settings, how an input's records are joined: on, off, or a map with bounds. */
#include "app/settings_parts.h"
#include "core/join.h"

static const struct key join_keys[] = {{.name = "wait",
                                        .type = KEY_DURATION,
                                        KEY_AT(struct join_options, wait_us),
                                        .min = 1000,
                                        .max = JOIN_AGE_MAX_US,
                                        .def = "300ms"},
                                       {.name = "lines",
                                        .type = KEY_INT,
                                        KEY_AT(struct join_options, lines),
                                        .min = 2,
                                        .max = TRACE_LINES_MAX,
                                        .def = "1000"},
                                       {.name = "bytes",
                                        .type = KEY_SIZE,
                                        KEY_AT(struct join_options, bytes),
                                        .min = 1024,
                                        .max = TRACE_BYTES_MAX,
                                        .def = "256k"},
                                       {.name = NULL}};
static const struct key_table join_table = {.keys = join_keys, .size = sizeof(struct join_options)};

static bool settings_join_bind(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    struct join_options *o = at;
    bool on = true;
    (void)k;
    *o = join_defaults;
    if (n->type != CONF_MAP && (n->type != CONF_SCALAR || !keys_bool(n->text, &on)))
        return conf_error(c->diag, n, "\"join\" must be %s", settings_join.words);
    o->on = on;
    return n->type != CONF_MAP || keys_bind(&join_table, n, o, c);
}

static void settings_join_dump(const struct key *k, const void *at, struct sbuf *out)
{
    const struct join_options *o = at;
    (void)k;
    bool usual =
        o->wait_us == join_defaults.wait_us && o->lines == join_defaults.lines && o->bytes == join_defaults.bytes;
    if (!o->on || usual) {
        sbuf_adds(out, o->on ? SLICE("on") : SLICE("off"));
        return;
    }
    sbuf_adds(out, SLICE("{wait: "));
    keys_put_duration(o->wait_us, out);
    sbuf_addf(out, ", lines: %u, bytes: ", o->lines);
    keys_put_size(o->bytes, out);
    sbuf_addc(out, '}');
}

const struct key_custom settings_join = {
    settings_join_bind, settings_join_dump,
    "{\"anyOf\":[{\"enum\":[true,false,\"on\",\"off\",\"yes\",\"no\"]},{\"type\":\"object\",\"properties\":{"
    "\"wait\":{\"type\":\"string\"},\"lines\":{\"type\":\"integer\"},\"bytes\":{\"type\":[\"string\",\"integer\"]}},"
    "\"additionalProperties\":false}],\"default\":\"on\"}",
    "on, off, or a map such as {wait: 300ms, lines: 1000, bytes: 256k}; default: on"};
