/*
 * html_text: texts from outside, made safe for HTML. Pure.
 */
#ifndef APP_HTML_TEXT_H
#define APP_HTML_TEXT_H

#include "base/sbuf.h"

/* Escaped for HTML, in text and in attributes; for texts that hold no hostile bytes. */
void html_escape(struct sbuf *out, struct slice s);
/* The same; control bytes, invalid ones and marks that turn the direction
   of writing are shown as \xHH; cut to max_points. */
void html_text(struct sbuf *out, struct slice s, size_t max_points);

#endif
