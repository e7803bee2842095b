#include "app/show.h"

#include <inttypes.h>

#include "base/utf8.h"
#include "text/stamp.h"

void show_text(FILE *out, struct slice s, size_t max_points)
{
    struct slice cut = utf8_prefix(s, max_points);
    if (cut.n < s.n && max_points > 3)
        cut = utf8_prefix(s, max_points - 3);
    for (struct slice rest = cut; rest.n;) {
        size_t len = utf8_shown(rest);
        unsigned char c = (unsigned char)rest.p[0];
        if (c == '\n' || c == '\r' || c == '\t')
            fputc(' ', out);
        else if (len == 0)
            fprintf(out, "\\x%02x", c);
        else
            fwrite(rest.p, 1, len, out);
        rest = slice_from(rest, len ? len : 1);
    }
    if (cut.n < s.n)
        fputs("...", out);
}

void show_time(FILE *out, int64_t us)
{
    char text[32];
    if (us == STAMP_NONE) {
        fputc('-', out);
        return;
    }
    stamp_print(us, text);
    text[10] = ' ';
    fprintf(out, "%.19s UTC", text);
}

void show_block(FILE *out, struct slice s, unsigned indent, size_t max_points)
{
    do {
        struct slice line = slice_split(&s, '\n');
        if (slice_ends(line, SLICE("\r")))
            line.n--;
        fprintf(out, "%*s", (int)indent, "");
        show_text(out, line, max_points);
        fputc('\n', out);
    } while (s.n);
}

const char *show_span(int64_t us, char buf[SHOW_SMALL])
{
    int64_t s = us < 0 ? 0 : us / 1000000;
    if (s < 120)
        snprintf(buf, SHOW_SMALL, "%" PRId64 "s", s);
    else if (s < 120 * 60)
        snprintf(buf, SHOW_SMALL, "%" PRId64 "m", s / 60);
    else if (s < 48 * 3600)
        snprintf(buf, SHOW_SMALL, "%" PRId64 "h", s / 3600);
    else
        snprintf(buf, SHOW_SMALL, "%" PRId64 "d", s / 86400);
    return buf;
}

const char *show_size(uint64_t bytes, char buf[SHOW_SMALL])
{
    static const char units[] = "kmgtpe";
    if (bytes < 1000) {
        snprintf(buf, SHOW_SMALL, "%" PRIu64, bytes);
        return buf;
    }
    size_t unit = 0;
    while (bytes >= 1000 * 1024 && units[unit + 1]) {
        bytes /= 1024;
        unit++;
    }
    uint64_t tenths = (bytes * 10 + 512) / 1024;
    if (tenths < 100)
        snprintf(buf, SHOW_SMALL, "%" PRIu64 ".%" PRIu64 "%c", tenths / 10, tenths % 10, units[unit]);
    else
        snprintf(buf, SHOW_SMALL, "%" PRIu64 "%c", tenths / 10, units[unit]);
    return buf;
}
