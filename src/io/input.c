#include "io/input.h"

#include "config.h"

#include "io/in_tail.h"

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
    }
    return NULL;
}

const struct input_type *input_type_of(enum input_kind kind, enum input_transport transport)
{
    switch (kind) {
    case INPUT_TAIL:
        return &in_tail;
    case INPUT_GELF:
    case INPUT_SYSLOG:
        return listening_type(transport);
    case INPUT_STDIN:
        return &in_stdin;
    case INPUT_JOURNAL:
#ifdef HAVE_SYSTEMD
        return &in_journal;
#else
        return NULL;
#endif
    }
    return NULL;
}

bool input_is(const struct input_options *opt, struct slice name)
{
    const struct slice prefix = opt->kind == INPUT_JOURNAL ? SLICE("journal:") : SLICE("");
    return slice_starts(name, prefix) && slice_is(slice_from(name, prefix.n), opt->text);
}

enum format input_format(const struct input_options *opt)
{
    if (opt->format != FORMAT_AUTO)
        return opt->format;
    if (opt->kind == INPUT_GELF)
        return FORMAT_GELF;
    return opt->kind == INPUT_SYSLOG ? FORMAT_SYSLOG : FORMAT_AUTO;
}
