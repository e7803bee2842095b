/*
 * nginx_variable: what the value of a variable of nginx's log_format becomes in a record. Pure; values are slices of
 * the line, or of the arena where they had escapes.
 */
#ifndef PARSERS_NGINX_VARIABLE_H
#define PARSERS_NGINX_VARIABLE_H

#include "parsers/parser.h"

enum nginx_kind {
    NGINX_KIND_TEXT,
    NGINX_KIND_NUMBER,
    NGINX_KIND_REQUEST,
    NGINX_KIND_METHOD,
    NGINX_KIND_URI,
    NGINX_KIND_STATUS,
    NGINX_KIND_TIME_LOCAL,
    NGINX_KIND_TIME_ISO,
    NGINX_KIND_TIME_EPOCH,
    NGINX_KIND_REQUEST_ID,
    NGINX_KIND_TRACE,
};

/* A variable of nginx, or what people call it in JSON, and the field it becomes. */
struct nginx_variable {
    struct slice name, field;
    enum nginx_kind kind;
};

/* Those of shapes that are built in. */
enum nginx_variable_index {
    NGINX_REMOTE_ADDR,
    NGINX_REMOTE_USER,
    NGINX_TIME_LOCAL,
    NGINX_REQUEST,
    NGINX_STATUS,
    NGINX_BODY_BYTES_SENT,
    NGINX_HTTP_REFERER,
    NGINX_HTTP_USER_AGENT,
    NGINX_PID,
    NGINX_CONNECTION,
    NGINX_REQUEST_ID,
    NGINX_MSEC,
    NGINX_HTTP_X_FORWARDED_FOR,
};

/* What has been read of a line. A later time of the list replaces an earlier one: it is as exact or more. */
struct nginx_line {
    struct parse_ctx *ctx;
    struct record *r;
    struct slice request, method, uri, status;
    enum nginx_kind time_kind;
    unsigned tries; /* servers that its lists have (nginx_list.h) */
    unsigned depth; /* JSON */
    struct slice key;
};

const struct nginx_variable *nginx_variable_at(enum nginx_variable_index i);
/* NULL: none of the table. */
const struct nginx_variable *nginx_variable_of(struct slice name);
/* var NULL: kept under its own name. */
void nginx_variable_set(struct nginx_line *l, const struct nginx_variable *var, struct slice name, struct slice value);
/* Those from `first` on, in the order of the enum, have these values. escapes: one of them may have some. */
void nginx_variable_set_row(struct nginx_line *l, enum nginx_variable_index first, const struct slice *v, unsigned n,
                            bool escapes);
/* Without the escapes of nginx's log: \xHH, and those of escape=json. */
struct slice nginx_variable_unescaped(struct arena *arena, struct slice value);

#endif
