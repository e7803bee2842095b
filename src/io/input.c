#include "io/input.h"

const struct input_type *input_type_of(enum input_kind kind, enum input_transport transport)
{
    if (kind == INPUT_GELF || kind == INPUT_SYSLOG)
        return transport == INPUT_UDP || transport == INPUT_UNIX ? &in_udp : NULL;
    return NULL;
}

enum format input_format(const struct input_options *opt)
{
    if (opt->format != FORMAT_AUTO)
        return opt->format;
    if (opt->kind == INPUT_GELF)
        return FORMAT_GELF;
    return opt->kind == INPUT_SYSLOG ? FORMAT_SYSLOG : FORMAT_AUTO;
}
