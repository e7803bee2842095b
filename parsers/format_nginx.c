/*
 * format_nginx: what becomes of nginx's records in events, beside what its parsers do. Data only.
 */
#include "parsers/parsers.h"

/* The rest of the fields is different in each entry. */
static const struct format_value tags[] = {{{"server", 6}, "server", NULL},
                                           {{"upstream", 8}, NULL, record_upstream_host},
                                           {{"errno", 5}, "errno", NULL},
                                           {{NULL, 0}, NULL, NULL}};

static const struct format_value varies[] = {{{"upstream", 8}, NULL, record_upstream_host},
                                             {{"request.path", 12}, NULL, record_request_path},
                                             {{"server", 6}, "server", NULL},
                                             {{"host", 4}, "host", NULL},
                                             {{"client", 6}, "client", NULL},
                                             {{"errno", 5}, "errno", NULL},
                                             {{"status", 6}, "status", NULL},
                                             {{NULL, 0}, NULL, NULL}};

static const struct format_member members[] = {{"worker_pid", "pid", FORMAT_MEMBER_NUMBER, 0},
                                               {"connection", "connection", FORMAT_MEMBER_NUMBER, 0},
                                               {"phase", "phase", FORMAT_MEMBER_TEXT, 128},
                                               {"subrequest", "subrequest", FORMAT_MEMBER_TEXT, 1024},
                                               {"upstream", "upstream", FORMAT_MEMBER_NAMED, 1024},
                                               {"errstr", "errstr", FORMAT_MEMBER_TEXT, 256},
                                               {NULL, NULL, FORMAT_MEMBER_TEXT, 0}};

static void format_nginx_place(const struct record *r, struct slice *process, struct slice *connection)
{
    *process = record_value(r, "pid");
    *connection = record_value(r, "connection");
}

#define OF_NGINX .tags = tags, .varies = varies, .context = "nginx", .members = members, .place = format_nginx_place

const struct format_traits format_nginx_error = {
    OF_NGINX, .logger = "nginx.error", .category = "nginx.error", .seeks_access = true, .tears = true, .whole = true};
const struct format_traits format_nginx_access = {OF_NGINX, .category = "nginx.access", .access = true, .whole = true,
                                                  .takes_log_format = true};
