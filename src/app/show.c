#include "app/show.h"

#include "base/utf8.h"
#include "text/stamp.h"

void show_text(FILE *out, struct slice s, size_t max_points)
{
    struct slice cut = utf8_prefix(s, max_points);
    if (cut.n < s.n && max_points > 3)
        cut = utf8_prefix(s, max_points - 3);
    for (struct slice rest = cut; rest.n;) {
        size_t len = utf8_step(rest);
        unsigned char c = (unsigned char)rest.p[0];
        bool c1 = len == 2 && c == 0xc2 && (unsigned char)rest.p[1] < 0xa0; /* U+0080 to U+009F drive terminals too */
        if (c == '\n' || c == '\r' || c == '\t')
            fputc(' ', out);
        else if (len == 0 || c < 0x20 || c == 0x7f || c1)
            fprintf(out, "\\x%02x", c);
        else
            fwrite(rest.p, 1, len, out);
        rest = slice_from(rest, len && !c1 ? len : 1);
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
