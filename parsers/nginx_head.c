#include "parsers/nginx_head.h"

/* In the order of severities. */
const struct slice nginx_head_levels[8] = {{"[emerg] ", 8}, {"[alert] ", 8},  {"[crit] ", 7}, {"[error] ", 8},
                                           {"[warn] ", 7},  {"[notice] ", 9}, {"[info] ", 7}, {"[debug] ", 8}};

bool nginx_head_stderr(struct slice s, struct nginx_head *h)
{
    if (!slice_starts(s, SLICE("nginx: ")))
        return false;
    s = slice_from(s, 7);
    *h = (struct nginx_head){.severity = -1};
    if (!nginx_head_level(&s, &h->severity) && !slice_starts(s, SLICE("configuration file ")) &&
        !slice_starts(s, SLICE("the configuration file ")))
        return false;
    h->text = s;
    return true;
}

bool nginx_head(struct slice line)
{
    struct nginx_head h;
    return line.n && (line.p[0] == 'n' ? nginx_head_stderr(line, &h) : nginx_head_file(line, &h));
}
