#include "base/err.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "base/xalloc.h"

static char *line_of(struct slice text, unsigned line)
{
    while (line > 1 && text.p) {
        slice_split(&text, '\n');
        line--;
    }
    if (!text.p || line == 0)
        return NULL;
    struct slice s = slice_split(&text, '\n');
    return slice_dup(slice_ends(s, SLICE("\r")) ? slice_sub(s, 0, s.n - 1) : s);
}

__attribute__((format(printf, 4, 0))) static void add(struct diag *d, enum err_kind kind, struct err_place at,
                                                      const char *fmt, va_list ap)
{
    if (kind == ERR_ERROR)
        d->errors++;
    else
        d->warnings++;
    if (d->n >= DIAG_MAX)
        return;
    d->v = xroom(d->v, d->n, sizeof *d->v);
    struct err *e = &d->v[d->n++];
    *e = (struct err){.kind = kind,
                      .file = at.file ? xstrdup(at.file) : NULL,
                      .line = at.line,
                      .col = at.col,
                      .source = at.line ? line_of(at.source, at.line) : NULL};
    if (vasprintf(&e->text, fmt, ap) < 0)
        e->text = xstrdup(fmt);
}

void err_add(struct diag *d, enum err_kind kind, struct err_place at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add(d, kind, at, fmt, ap);
    va_end(ap);
}

bool err_plain(struct diag *d, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    add(d, ERR_ERROR, (struct err_place){0}, fmt, ap);
    va_end(ap);
    return false;
}

/* The terminal of whoever reads this must not be driven by a file that is wrong. */
static void put_safe(FILE *out, const char *s, bool keep_lf)
{
    for (struct slice rest = slice_str(s); rest.n;) {
        size_t len = utf8_shown(rest);
        if (rest.p[0] == '\t' || (keep_lf && rest.p[0] == '\n'))
            fputc(rest.p[0], out);
        else if (len == 0)
            fprintf(out, "\\x%02x", (unsigned char)rest.p[0]);
        else
            fwrite(rest.p, 1, len, out);
        rest = slice_from(rest, len ? len : 1);
    }
}

enum { SOURCE_BEFORE = 100, SOURCE_AFTER = 60 };

static void print_caret(const struct err *e, FILE *out)
{
    size_t len = strlen(e->source), at = e->col ? e->col - 1 : 0;
    at = at > len ? len : at;
    /* A minified or binary file can be one line of megabytes: show what is around the place. */
    size_t from = at > SOURCE_BEFORE ? at - SOURCE_BEFORE : 0;
    size_t to = len - at > SOURCE_AFTER ? at + SOURCE_AFTER : len;
    char *part = slice_dup(slice_sub(slice_of(e->source, len), from, to));
    fputs("  ", out);
    put_safe(out, part, false);
    fputs("\n  ", out);
    for (size_t i = from; i < at;) {
        size_t n = utf8_shown(slice_of(e->source + i, len - i));
        if (e->source[i] == '\t')
            fputc('\t', out);
        else /* one column for each code point, four for an escaped byte */
            fputs(n ? " " : "    ", out);
        i += n ? n : 1;
    }
    fputs("^\n", out);
    free(part);
}

void err_print(const struct diag *d, FILE *out)
{
    for (unsigned i = 0; i < d->n; i++) {
        const struct err *e = &d->v[i];
        if (e->file) {
            put_safe(out, e->file, false);
            if (e->line)
                fprintf(out, ":%u:%u", e->line, e->col ? e->col : 1);
            fputs(": ", out);
        }
        fputs(e->kind == ERR_ERROR ? "error: " : "warning: ", out);
        put_safe(out, e->text, true);
        fputc('\n', out);
        if (e->source && e->line)
            print_caret(e, out);
    }
    if (d->errors + d->warnings > d->n)
        fprintf(out, "and %u more\n", d->errors + d->warnings - d->n);
}

void err_done(struct diag *d)
{
    for (unsigned i = 0; i < d->n; i++) {
        free(d->v[i].file);
        free(d->v[i].source);
        free(d->v[i].text);
    }
    free(d->v);
    *d = (struct diag){0};
}

enum { NEAREST_MAX = 48 };

/* Edits (insert, delete, replace, swap of neighbours) between two short words. */
static unsigned distance(struct slice a, struct slice b)
{
    unsigned d[3][NEAREST_MAX + 1];
    for (size_t j = 0; j <= b.n; j++)
        d[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.n; i++) {
        unsigned *now = d[i % 3], *last = d[(i + 2) % 3], *before = d[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b.n; j++) {
            unsigned best = last[j - 1] + (ascii_lower(a.p[i - 1]) != ascii_lower(b.p[j - 1]));
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return d[a.n % 3][b.n];
}

const char *err_nearest(struct slice word, const char *const *names)
{
    const char *best = NULL;
    unsigned best_distance = 3;
    if (word.n == 0 || word.n > NEAREST_MAX)
        return NULL;
    for (; *names; names++) {
        struct slice name = slice_str(*names);
        /* Each byte more or less is an edit. */
        if (name.n > NEAREST_MAX || name.n >= word.n + best_distance || word.n >= name.n + best_distance)
            continue;
        unsigned d = distance(word, name);
        if (d < best_distance && d < name.n) {
            best = *names;
            best_distance = d;
        }
    }
    return best;
}
