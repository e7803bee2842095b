#include "app/prom_text.h"

#include <inttypes.h>

/* In a help text a backslash and a line feed are escaped. */
static void put_help(struct sbuf *out, const char *help)
{
    for (; *help; help++) {
        if (*help == '\\' || *help == '\n')
            sbuf_addf(out, "\\%c", *help == '\n' ? 'n' : '\\');
        else
            sbuf_addc(out, *help);
    }
}

void prom_text_head(struct sbuf *out, const char *name, const char *end, const char *type, const char *help)
{
    sbuf_addf(out, "# HELP crumbd_%s%s ", name, end);
    put_help(out, help);
    sbuf_addf(out, "\n# TYPE crumbd_%s%s %s\n", name, end, type);
}

void prom_text_gauge(struct sbuf *out, const char *name, uint64_t v, const char *help)
{
    prom_text_head(out, name, "", "gauge", help);
    sbuf_addf(out, "crumbd_%s %" PRIu64 "\n", name, v);
}

/* In the value of a label a quotation mark, too. */
void prom_text_label(struct sbuf *out, struct slice v)
{
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] == '\\' || v.p[i] == '"' || v.p[i] == '\n')
            sbuf_addc(out, '\\');
        sbuf_addc(out, v.p[i] == '\n' ? 'n' : v.p[i]);
    }
}

void prom_text_seconds(struct sbuf *out, int64_t us)
{
    sbuf_addf(out, "%" PRId64 ".%06" PRId64 "\n", us / 1000000, us % 1000000);
}
