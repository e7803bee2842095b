#include "app/page_html.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/html_text.h"
#include "app/page_files.h"
#include "app/show.h"
#include "text/stamp.h"

enum { TITLE_MAX = 200, BADGE_MAX = 20 };

static void put(struct sbuf *out, const char *markup)
{
    sbuf_adds(out, slice_str(markup));
}

/* The modules are named so that they are fetched at once, and not one after the other as they import each other. */
static void put_files(struct sbuf *out)
{
    for (const struct page_file *f = page_files; f->name; f++) {
        struct slice name = slice_str(f->name);
        const char *how = slice_ends(name, SLICE(".css"))   ? "rel=\"stylesheet\""
                          : slice_ends(name, SLICE(".svg")) ? "rel=\"icon\""
                                                            : "rel=\"modulepreload\"";
        sbuf_addf(out, "<link %s href=\"" PAGE_FILES_AT "%s/%s\">", how, page_files_hash, f->name);
    }
}

void page_html_begin(const char *title, bool view, struct sbuf *out)
{
    put(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
             "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
             "<meta name=\"color-scheme\" content=\"light dark\"><title>");
    html_text(out, slice_str(title), TITLE_MAX);
    put(out, "</title>");
    put_files(out);
    if (view)
        sbuf_addf(out, "<script type=\"module\" src=\"" PAGE_FILES_AT "%s/main.js\"></script>", page_files_hash);
    put(out, "</head>\n<body>\n<a class=\"skip\" href=\"#main\">To the content</a>\n<header><a class=\"brand\" "
             "href=\"/\">crumbd</a>");
    if (view)
        put(out, "<nav aria-label=\"Views\"><a href=\"/\">Overview</a><a href=\"/issues\">Issues</a>"
                 "<a href=\"/flow\">Flow</a><a href=\"/rules\">Rules</a></nav>");
    put(out, "<div id=\"state\"></div></header>\n<main id=\"main\">\n");
}

void page_html_end(struct sbuf *out)
{
    put(out, "</main>\n</body></html>\n");
}

void page_html_badge(struct sbuf *out, const char *class, struct slice word)
{
    put(out, "<span class=\"badge ");
    if (class)
        put(out, class);
    else
        html_text(out, word, BADGE_MAX);
    put(out, "\">");
    html_text(out, word, BADGE_MAX);
    put(out, "</span>");
}

void page_html_stamp(int64_t us, struct sbuf *out)
{
    char stamp[32];
    stamp_print(us, stamp);
    put(out, stamp);
}

void page_html_age(int64_t now_us, int64_t us, struct sbuf *out)
{
    char age[SHOW_SMALL];
    int64_t span;
    if (__builtin_sub_overflow(now_us, us, &span))
        span = 0;
    put(out, "<time title=\"");
    page_html_stamp(us, out);
    sbuf_addf(out, "\">%s</time>", show_span(span, age));
}

/* --- an event --- */

/*
 * show_payload writes for a terminal: parts between empty lines, all but the first with a heading of its own,
 * and no other line begins without a blank. Here they become headings and boxes.
 */
static void put_parts(struct slice text, struct sbuf *out)
{
    bool boxed = false, after_empty = false;
    while (text.n) {
        struct slice line = slice_split(&text, '\n');
        bool heading = after_empty && line.n && line.p[0] != ' ';
        after_empty = line.n == 0;
        if (line.n == 0)
            continue;
        if (heading) {
            put(out, boxed ? "</pre>\n<h2>" : "<h2>");
            html_escape(out, line);
            put(out, "</h2>\n");
            boxed = false;
            continue;
        }
        if (!boxed)
            put(out, "<pre>");
        boxed = true;
        html_escape(out, line);
        put(out, "\n");
    }
    if (boxed)
        put(out, "</pre>\n");
}

void page_html_event(struct slice payload, struct sbuf *out)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (f) {
        show_payload(f, payload);
        fclose(f);
        put_parts(slice_of(text, n), out);
    }
    free(text);
}
