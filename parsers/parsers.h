/*
 * parsers: every format's parser and traits, for the tables in parser.c.
 */
#ifndef PARSERS_PARSERS_H
#define PARSERS_PARSERS_H

#include "parsers/parser.h"

#define FORMAT(rank, id, symbol, name, web)                                                                            \
    extern const struct parser parser_##symbol;                                                                        \
    extern const struct format_traits format_##symbol;
#include "parsers/formats.def"

#endif
