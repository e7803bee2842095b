#include "core/fold.h"

#include "base/utf8.h"
#include "core/top_values.h"

void fold_verdict(struct verdict *v, struct slice input, unsigned most, bool old_keys, struct arena *a)
{
    struct fold *fold = arena_alloc(a, sizeof *fold);
    *fold = (struct fold){.input = input, .most = most};
    v->fold = fold;
    v->fingerprint = arena_alloc(a, 3 * sizeof *v->fingerprint);
    v->fingerprint[0] = SLICE("crumbd");
    v->fingerprint[1] = SLICE("new-kinds");
    v->fingerprint[2] = input;
    v->n_fingerprint = 3;
    v->defaults = 0;
    verdict_hash_fingerprint(v, old_keys);
}

void fold_texts(struct verdict *v, struct arena *a)
{
    struct event_texts *texts = arena_alloc(a, sizeof *texts);
    struct sbuf text;
    sbuf_init(&text, 1024);
    sbuf_addf(&text, "new kinds of errors from %.*s: more than %u in an hour",
              SLICE_ARG(slice_sub(v->fold->input, 0, 512)), v->fold->most);
    *texts = *v->texts;
    texts->kind = v->texts->title;
    texts->type = SLICE("NewKinds");
    texts->value = texts->title = arena_dup(a, sbuf_slice(&text));
    sbuf_done(&text);
    v->texts = texts;
}

struct slice fold_kind(const struct verdict *v, struct scrub *s, struct arena *a)
{
    return utf8_cut(scrub_text(s, v->texts->title, a), TOP_VALUES_TEXT_MAX);
}
