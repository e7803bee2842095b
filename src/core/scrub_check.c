/* scrub_check: what the tables of scrub promise, tried: its samples, and one text for every name and token. */
#include "core/scrub_impl.h"

static const struct {
    const char *text, *scrubbed;
} samples[] = {
#define SCRUB_SAMPLE(text, scrubbed) {text, scrubbed},
#include "core/scrub_samples.def"
#undef SCRUB_SAMPLE
};

static bool check_text(struct scrub *s, struct slice text, struct slice want, struct diag *d)
{
    struct arena a = {0};
    struct slice got = scrub_text(s, text, &a), again = scrub_text(s, got, &a);
    bool well = slice_eq(got, want) && slice_eq(again, want);
    if (!well)
        err_plain(d, "scrub: '%.*s' became '%.*s', and not '%.*s'", SLICE_ARG(text), SLICE_ARG(got), SLICE_ARG(want));
    arena_done(&a);
    return well;
}

/* name=value, or as a parameter, gives name=[Filtered]. */
static bool check_name(struct scrub *s, const struct name_row *row, struct diag *d)
{
    struct sbuf text, want;
    sbuf_init(&text, 256);
    sbuf_init(&want, 256);
    sbuf_addf(&text, "GET /?");
    for (unsigned i = 0; i < row->n; i++) {
        const struct name_word *word = &s->names.words[row->ids[i]];
        sbuf_addf(&text, "%s%.*s", i ? "_" : "", word->n, word->p);
    }
    sbuf_addc(&text, '=');
    sbuf_adds(&want, sbuf_slice(&text));
    bool address = row->kind == NAME_ADDRESS || row->kind == NAME_KEEP;
    const char *value = address ? "192.0.2.7" : row->kind == NAME_DIGITS ? "4711" : "Zq7Xw3Lk9Pm2Vt5Rb8";
    sbuf_addf(&text, "%s", value);
    sbuf_addf(&want, "%s", row->kind == NAME_KEEP ? value : SCRUB_MARK);
    bool well = check_text(s, sbuf_slice(&text), sbuf_slice(&want), d);
    sbuf_done(&text);
    sbuf_done(&want);
    return well;
}

static bool check_token(struct scrub *s, unsigned i, struct diag *d)
{
    struct sbuf text;
    sbuf_init(&text, 512);
    sbuf_addf(&text, "x ");
    struct slice prefix = token_sample(i, &text);
    struct slice kept = prefix.n ? prefix : SLICE("");
    struct sbuf want;
    sbuf_init(&want, 512);
    sbuf_addf(&want, "x ");
    sbuf_adds(&want, kept);
    sbuf_adds(&want, SLICE(SCRUB_MARK));
    bool well = check_text(s, sbuf_slice(&text), sbuf_slice(&want), d);
    sbuf_done(&text);
    sbuf_done(&want);
    return well;
}

bool scrub_check(struct diag *d)
{
    const struct options opt = {.scrub = {.defaults = true, .emails = true}};
    struct scrub *s = scrub_new(&opt);
    bool well = true;
    for (unsigned i = 0; i < sizeof samples / sizeof *samples; i++)
        well &= check_text(s, slice_str(samples[i].text), slice_str(samples[i].scrubbed), d);
    for (unsigned i = 0; i < s->names.n_rows; i++)
        well &= (s->names.rows[i].flags & NAME_QUOTED) || check_name(s, &s->names.rows[i], d);
    for (unsigned i = 0; i < tokens_count(); i++)
        well &= check_token(s, i, d);
    scrub_free(s);
    return well;
}
