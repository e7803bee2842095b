/*
 * parsers: every format's parser, for the registry in parser.c. A new format adds a line here and one there.
 */
#ifndef PARSERS_PARSERS_H
#define PARSERS_PARSERS_H

#include "parsers/parser.h"

extern const struct parser parser_nginx_error;

#endif
