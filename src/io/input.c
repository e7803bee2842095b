#include "io/input.h"

#include <stdarg.h>
#include <stdio.h>

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

void input_trouble(struct input *in, const struct input_sink *sink, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(in->trouble.text, sizeof in->trouble.text, fmt, ap);
    va_end(ap);
    in->trouble.us = sink->now_us(sink->u);
    in->changed = true;
}

bool input_is(const struct input_options *opt, struct slice name)
{
    struct slice prefix = slice_str(input_traits[opt->kind].position_prefix);
    return slice_starts(name, prefix) && slice_is(slice_from(name, prefix.n), opt->text);
}
