#include "core/import.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "base/xalloc.h"

enum { NOTE_BYTES_MAX = 400 };

void import_note(struct import *im, unsigned line, const char *fmt, ...)
{
    struct sbuf text, clean;
    va_list ap;
    if (im->n_notes >= IMPORT_NOTES_MAX)
        return;
    sbuf_init(&text, 4 * (size_t)IMPORT_PATTERN_BYTES);
    sbuf_init(&clean, 12 * (size_t)IMPORT_PATTERN_BYTES);
    va_start(ap, fmt);
    sbuf_vaddf(&text, fmt, ap);
    va_end(ap);
    utf8_clean(&clean, utf8_prefix(sbuf_slice(&text), NOTE_BYTES_MAX));
    im->notes = xroom(im->notes, im->n_notes, sizeof *im->notes);
    im->notes[im->n_notes++] = (struct import_note){line, arena_cstr(&im->arena, sbuf_slice(&clean))};
    sbuf_done(&text);
    sbuf_done(&clean);
}

struct import_rule *import_add(struct import *im, unsigned line, struct slice name)
{
    if (im->n_rules >= IMPORT_RULES_MAX) {
        if (im->n_rules++ == IMPORT_RULES_MAX)
            import_note(im, line, "there are more than %d patterns; the rest is left out", IMPORT_RULES_MAX);
        im->n_rules = IMPORT_RULES_MAX;
        return NULL;
    }
    im->rules = xroom(im->rules, im->n_rules, sizeof *im->rules);
    im->rules[im->n_rules] = (struct import_rule){.name = name, .line = line};
    return &im->rules[im->n_rules++];
}

void import_comment(struct import *im, struct slice text)
{
    while (text.n && (text.p[0] == '#' || text.p[0] == ';'))
        slice_skip(&text, 1);
    text = slice_trim(text);
    if (text.n > 10 && im->n_samples < IMPORT_SAMPLES_MAX)
        im->samples[im->n_samples++] = text;
}

bool import_next_line(struct import *im, struct slice *rest, struct slice *out, unsigned *line)
{
    if (!rest->p)
        return false;
    struct slice text = slice_split(rest, '\n');
    char *copy = arena_alloc(&im->arena, text.n + 1);
    for (size_t i = 0; i < text.n; i++)
        copy[i] = (unsigned char)text.p[i] < ' ' || text.p[i] == 0x7f ? ' ' : text.p[i];
    size_t n = text.n;
    while (n && copy[n - 1] == ' ')
        n--;
    *out = slice_of(copy, n);
    ++*line;
    return true;
}

void import_done(struct import *im)
{
    free(im->rules);
    free(im->patterns);
    free(im->notes);
    arena_done(&im->arena);
}
