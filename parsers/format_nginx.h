/*
 * format_nginx: what becomes of nginx's records in events, beside what its parsers do. Data only.
 */
#ifndef PARSERS_FORMAT_NGINX_H
#define PARSERS_FORMAT_NGINX_H

#include "parsers/format_traits.h"

extern const struct format_traits format_nginx_error;
extern const struct format_traits format_nginx_access;

#endif
