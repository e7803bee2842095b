/*
 * parsers: every format's parser, for the registry in parser.c. A new format adds a line here and one there.
 */
#ifndef PARSERS_PARSERS_H
#define PARSERS_PARSERS_H

#include "parsers/parser.h"

extern const struct parser parser_cri;
extern const struct parser parser_docker;
extern const struct parser parser_gelf;
extern const struct parser parser_journal;
extern const struct parser parser_json_line;
extern const struct parser parser_logfmt;
extern const struct parser parser_nginx_access;
extern const struct parser parser_nginx_error;
extern const struct parser parser_syslog;
extern const struct parser parser_text;

#endif
