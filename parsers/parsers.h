/*
 * parsers: every format's parser, for the table in parser.c.
 */
#ifndef PARSERS_PARSERS_H
#define PARSERS_PARSERS_H

#include "parsers/parser.h"

#define FORMAT(rank, id, symbol, name, web) extern const struct parser parser_##symbol;
#include "parsers/formats.def"

#endif
