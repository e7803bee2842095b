#include "app/html_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/show.h"

void html_escape(struct sbuf *out, struct slice s)
{
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        const char *as = s.p[i] == '&'    ? "&amp;"
                         : s.p[i] == '<'  ? "&lt;"
                         : s.p[i] == '>'  ? "&gt;"
                         : s.p[i] == '"'  ? "&quot;"
                         : s.p[i] == '\'' ? "&#39;"
                                          : NULL;
        if (as) {
            sbuf_adds(out, slice_sub(s, from, i));
            sbuf_adds(out, slice_str(as));
            from = i + 1;
        }
    }
    sbuf_adds(out, slice_from(s, from));
}

void html_text(struct sbuf *out, struct slice s, size_t max_points)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (f) {
        show_text(f, s, max_points);
        fclose(f);
        html_escape(out, slice_of(text, n));
    }
    free(text);
}
