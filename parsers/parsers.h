/*
 * parsers: every format's parser, for the table in parser.c.
 */
#ifndef PARSERS_PARSERS_H
#define PARSERS_PARSERS_H

#include "parsers/parser.h"

#define FORMAT(number, id, symbol, name) extern const struct parser parser_##symbol;
#include "parsers/formats.def"

#endif
