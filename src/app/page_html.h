/*
 * page_html: what the pages for people have in common, as HTML that src/page goes on with: head and navigation, badges,
 * ages. Pure.
 */
#ifndef APP_PAGE_HTML_H
#define APP_PAGE_HTML_H

#include <stdbool.h>

#include "base/sbuf.h"

/* view: it has the navigation, and a script that goes on with it; else it is the form that asks for the token. */
void page_html_begin(const char *title, bool view, struct sbuf *out);
void page_html_end(struct sbuf *out);
/* A word of ours in a coloured frame; the class is the word unless another is named. */
void page_html_badge(struct sbuf *out, const char *class, struct slice word);
void page_html_stamp(int64_t us, struct sbuf *out);
/* How long ago, and when; for what a damaged row may say, too. */
void page_html_age(int64_t now_us, int64_t us, struct sbuf *out);
/* A payload of Sentry's, made readable. */
void page_html_event(struct slice payload, struct sbuf *out);

#endif
