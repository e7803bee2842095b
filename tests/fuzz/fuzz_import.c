/* A file of another program's patterns, of the kind that the first byte says; what `before` names is the same file.
 * What comes of it is bounded, and each pattern is one line that texts can be made of. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

#include "core/import.h"
#include "text/pattern_text.h"

static struct slice beside(void *u, struct slice name)
{
    return name.n > 3 ? *(struct slice *)u : SLICE_NONE;
}

static void look(struct slice s)
{
    assert(s.n <= 2 * IMPORT_PATTERN_BYTES && !slice_chr(s, '\n') && !slice_chr(s, '\002') && !slice_chr(s, '\003'));
}

int fuzz_target(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size > 8192 ? 8192 : size);
    if (!text.n)
        return 0;
    struct import im = {
        .kind = (enum import_kind)((unsigned char)text.p[0] % IMPORT_KINDS), .beside = beside, .u = &text};
    slice_skip(&text, 1);
    import_read(&im, text);
    assert(im.n_rules <= IMPORT_RULES_MAX && im.n_notes <= IMPORT_NOTES_MAX && im.n_samples <= IMPORT_SAMPLES_MAX);
    for (unsigned i = 0; i < im.n_rules; i++) {
        const struct import_rule *r = &im.rules[i];
        struct sbuf made;
        assert(r->n_matches >= 1 && r->n_matches <= IMPORT_CUTS_MAX);
        for (unsigned k = 0; k < r->n_matches; k++)
            look(r->matches[k]);
        look(r->unless);
        look(r->app);
        sbuf_init(&made, 1000);
        if (i < 4)
            pattern_text(r->texts[0], i, &made);
        sbuf_done(&made);
    }
    import_done(&im);
    return 0;
}
