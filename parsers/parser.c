#include "parsers/parser.h"

#include "parsers/parsers.h"

static const struct parser *const parsers[FORMAT_N] = {
    [FORMAT_NGINX_ERROR] = &parser_nginx_error,
};

const struct parser *parser_of(enum format f)
{
    return f < FORMAT_N ? parsers[f] : NULL;
}

enum format parser_detect(struct slice line)
{
    if (parser_nginx_error.head(line))
        return FORMAT_NGINX_ERROR;
    return FORMAT_TEXT;
}
