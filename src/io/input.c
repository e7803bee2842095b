#include "io/input.h"

#include <string.h>

static const struct input_type *listening_type(enum input_transport transport)
{
    switch (transport) {
    case INPUT_UDP:
    case INPUT_UNIX:
        return &in_udp;
    case INPUT_TCP:
    case INPUT_TLS:
    case INPUT_UNIX_STREAM:
        return &in_tcp;
    case INPUT_HTTP:
        return &in_http;
    case INPUT_TRANSPORTS:
        break;
    }
    return NULL;
}

const char *const input_names[INPUT_KINDS + 1] = {
#define INPUT(id, symbol, name, traits, bind, schema, words, help) [INPUT_##id] = name,
#include "io/inputs.def"
};

const struct input_type *input_type_of(enum input_kind kind, enum input_transport transport)
{
    static const struct input_type *const types[INPUT_KINDS] = {
#define INPUT(id, symbol, name, traits, bind, schema, words, help) [INPUT_##id] = &in_##symbol,
#define LISTENER(id, name, traits, bind, schema, words, help)
#include "io/inputs.def"
    };
    const struct input_type *type = types[kind] ? types[kind] : listening_type(transport);
    return type && type->start ? type : NULL;
}

bool input_is(const struct input_options *opt, struct slice name)
{
    struct slice prefix = slice_str(input_traits[opt->kind].position_prefix);
    return slice_starts(name, prefix) && slice_is(slice_from(name, prefix.n), opt->text);
}
