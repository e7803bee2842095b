/*
 * prom_text: parts of Prometheus' text format, version 0.0.4. Names get crumbd_ before them. Pure.
 */
#ifndef APP_PROM_TEXT_H
#define APP_PROM_TEXT_H

#include "base/sbuf.h"

/* The lines HELP and TYPE of a family; end: what stands behind its name, as _total. */
void prom_text_head(struct sbuf *out, const char *name, const char *end, const char *type, const char *help);
/* The value of a label, escaped. */
void prom_text_label(struct sbuf *out, struct slice v);
/* A sample of microseconds as seconds, and the end of its line. */
void prom_text_seconds(struct sbuf *out, int64_t us);
/* A family of one gauge without labels. */
void prom_text_gauge(struct sbuf *out, const char *name, uint64_t v, const char *help);

#endif
