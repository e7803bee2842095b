/*
 * A pattern up to the first line feed, then a text. What expands and compiles must be seen by the prefilter wherever it
 * matches, and every place in the expansion must come from a place in the pattern.
 */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>

#include "text/grok.h"
#include "text/prefilter.h"

static void compare(const struct regex *re, struct slice regex, struct slice text)
{
    struct regex_scratch *s = regex_scratch_new();
    static enum prefilter_code code;
    code = code ? code : prefilter_probe();
    struct prefilter *scan = prefilter_compile(code, &(struct prefilter_pattern){.regex = regex}, 1);
    struct prefilter_scratch *x = prefilter_scratch_new();
    struct prefilter_hits hits = prefilter_hits_new(1);
    prefilter_scratch_fit(x, scan);
    prefilter_run(scan, x, text, &hits);
    assert(hits.word[0] == 1 || regex_match(re, s, text, 0) != REGEX_YES);
    for (unsigned i = 0; i <= REGEX_CAPTURES_MAX; i++) {
        struct slice v = regex_capture(s, i);
        assert(!v.p || !text.p || (v.p >= text.p && v.p + v.n <= text.p + text.n));
    }
    prefilter_hits_done(&hits);
    prefilter_scratch_free(x);
    prefilter_free(scan);
    regex_scratch_free(s);
}

int fuzz_target(const uint8_t *data, size_t size)
{
    static const struct grok_name own[] = {{SLICE("A"), SLICE("%{B}|(?<a>x)")},
                                           {SLICE("B"), SLICE("%{A:b}")},
                                           {SLICE("C"), SLICE("c%{D:d}")},
                                           {SLICE("D"), SLICE("%{INT}?")}};
    static const struct grok g = {.own = own, .n_own = 4};
    struct slice text = slice_of((const char *)data, size > 4096 ? 4096 : size), pattern = slice_split(&text, '\n');
    struct grok_text t;
    char message[256];
    size_t offset = 0;
    if (pattern.n > 512)
        return 0;
    if (!grok_expand(&g, pattern, &t)) {
        assert(t.bad < pattern.n && t.message[0]);
    } else {
        char *copy = slice_dup(sbuf_slice(&t.regex)); /* libhs wants a NUL behind it */
        struct slice regex = slice_of(copy, t.regex.n);
        struct regex *re = regex_compile(regex, false, &offset, message);
        assert(grok_place(&t, offset) <= pattern.n);
        for (unsigned i = 0; re && i < t.n_fields; i++)
            regex_rename(re, t.fields[i].group, slice_str(t.fields[i].name));
        if (re)
            compare(re, regex, text);
        regex_free(re);
        free(copy);
    }
    grok_done(&t);
    return 0;
}
