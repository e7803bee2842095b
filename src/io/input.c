#include "io/input.h"

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
        return NULL;
    }
    return NULL;
}

const struct input_type *input_type_of(enum input_kind kind, enum input_transport transport)
{
    return kind == INPUT_GELF || kind == INPUT_SYSLOG ? listening_type(transport) : NULL;
}

enum format input_format(const struct input_options *opt)
{
    if (opt->format != FORMAT_AUTO)
        return opt->format;
    if (opt->kind == INPUT_GELF)
        return FORMAT_GELF;
    return opt->kind == INPUT_SYSLOG ? FORMAT_SYSLOG : FORMAT_AUTO;
}
