#include "app/rule_file.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"
#include "core/rule_check.h"
#include "core/rule_set.h"
#include "text/conf.h"

void rule_file_begin(struct rule_file *f, struct sbuf *out)
{
    sbuf_reset(out);
    *f = (struct rule_file){.out = out, .line = 1};
}

void rule_file_put(struct rule_file *f, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    sbuf_vaddf(f->out, fmt, ap);
    va_end(ap);
    sbuf_addc(f->out, '\n');
    f->line++;
}

const char *rule_file_quoted(struct slice s, struct arena *a)
{
    struct sbuf b;
    sbuf_init(&b, 2 * s.n + 16);
    sbuf_addc(&b, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'')
            sbuf_addc(&b, '\'');
        sbuf_addc(&b, s.p[i]);
    }
    sbuf_addc(&b, '\'');
    const char *text = arena_cstr(a, sbuf_slice(&b));
    sbuf_done(&b);
    return text;
}

const char *rule_file_clean(struct slice s, struct arena *a)
{
    struct sbuf b;
    sbuf_init(&b, 4 * s.n + 16);
    utf8_clean(&b, s);
    const char *text = arena_cstr(a, sbuf_slice(&b));
    sbuf_done(&b);
    return text;
}

void rule_file_sample(struct rule_file *f, struct slice lines, enum format format, struct arena *a)
{
    struct slice rest = slice_str(rule_file_clean(lines, a));
    rule_file_put(f, "      - lines: |%s", rest.n && ascii_space(rest.p[0]) ? "2" : "");
    while (rest.p) {
        struct slice line = slice_split(&rest, '\n');
        rule_file_put(f, "          %.*s", SLICE_ARG(line));
    }
    if (format != FORMAT_TEXT)
        rule_file_put(f, "        format: %s", format_name(format));
}

unsigned rule_file_prove(const struct rule_file *f, struct trace_set *traces, rule_file_refused_f *refused, void *u,
                         unsigned *errors)
{
    struct diag d = {0};
    struct rule_set set = {.traces = traces};
    struct conf_file *file = conf_parse("learned", sbuf_slice(f->out), &d);
    unsigned n = 0;
    if (file && rule_set_load(&set, file, &d)) {
        rule_set_ready(&set, true);
        rule_check_samples(&set, &d);
        rule_check_patterns(&set, &d);
    }
    for (unsigned i = 0; i < d.n; i++)
        n += d.v[i].kind == ERR_ERROR && refused(u, d.v[i].line, d.v[i].text);
    *errors = d.errors;
    rule_set_done(&set);
    err_done(&d);
    return n;
}
