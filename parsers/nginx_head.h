/*
 * nginx_head: what stands in front of an entry of nginx's error log (ngx_log_error_core):
 *
 *   yyyy/mm/dd hh:mm:ss [level] pid#tid: text        in a file
 *   nginx: [level] text                              on stderr, of nginx -t and of a start from a terminal
 *
 * Asked for every line of a log, so it looks at eight bytes at a time. Pure; slices borrow from the entry.
 */
#ifndef PARSERS_NGINX_HEAD_H
#define PARSERS_NGINX_HEAD_H

#include "base/slice.h"

struct nginx_head {
    int severity; /* syslog's; -1 on stderr when there is none */
    struct slice pid, tid;
    struct slice text; /* behind it */
};

enum nginx_head_form { NGINX_HEAD_NONE, NGINX_HEAD_FILE, NGINX_HEAD_STDERR };

/* Whether the line has one, and so begins an entry. */
bool nginx_head(struct slice line);
/* Reads it. NGINX_HEAD_NONE: *h may have been written, and means nothing. */
enum nginx_head_form nginx_head_read(struct slice entry, struct nginx_head *h);

#endif
