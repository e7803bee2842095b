#include "app/live_line.h"

#include <inttypes.h>
#include <stdio.h>

#include "text/json.h"

static void put(struct json *j, const char *key, struct slice v)
{
    if (!v.n)
        return;
    json_key(j, key);
    json_str(j, v);
}

void live_line_write(const struct live_line *l, struct sbuf *out)
{
    static const char *const names[TAP_TEXTS] = {
        [TAP_INPUT] = "input",     [TAP_SOURCE] = "source", [TAP_HOST] = "host",      [TAP_APP] = "app",
        [TAP_PROJECT] = "project", [TAP_RULE] = "rule",     [TAP_MESSAGE] = "message"};
    struct json j;
    char issue[17];
    json_start(&j, out);
    json_map(&j);
    json_key(&j, "time");
    json_time(&j, l->line->time_us);
    put(&j, "format", slice_str(format_name(l->line->format)));
    put(&j, "level", slice_str(level_name(l->line->level)));
    put(&j, "fate", slice_str(count_rows[l->line->fate].name));
    for (unsigned i = 0; i < TAP_TEXTS; i++)
        put(&j, names[i], l->texts[i].text);
    if (l->line->issue) {
        snprintf(issue, sizeof issue, "%016" PRIx64, l->line->issue);
        put(&j, "issue", slice_str(issue));
    }
    json_map_end(&j);
    json_end(&j);
}
