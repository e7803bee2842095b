#include "app/learn.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "parsers/parser.h"

enum { LINE_BYTES_MAX = 2000 };

static void name_secret(struct learn *l, uint64_t line)
{
    if (l->secrets++ < LEARN_SECRETS_SHOWN)
        fprintf(stderr,
                "%s:%llu: warning: the line holds what may be a secret or an address; it is left out of the sample\n",
                l->path, (unsigned long long)line);
}

static void keep_sample(struct learn *l, struct learn_leaf *leaf, const struct learn_told *m)
{
    struct slice line = slice_sub(m->line, 0, LINE_BYTES_MAX), shown = scrub_text(l->scrub, line, &l->arena);
    bool filtered = !slice_eq(shown, line);
    if (filtered)
        name_secret(l, m->number);
    leaf->samples[leaf->n_samples++] =
        (struct learn_sample){.text = slice_dup(shown), .format = parser_detect(line), .filtered = filtered};
    arena_reset(&l->arena);
}

static struct learn_leaf *leaf_at(struct learn *l, unsigned i)
{
    for (; l->n_leaves <= i; l->n_leaves++) {
        l->leaves = xroom(l->leaves, l->n_leaves, sizeof *l->leaves);
        l->leaves[l->n_leaves] = (struct learn_leaf){.path = l->path};
    }
    return &l->leaves[i];
}

void learn_take(struct learn *l, const struct learn_told *m)
{
    bool fresh;
    int i = clusters_add(l->clusters, m->message, m->shape, &fresh);
    if (i == CLUSTERS_NONE)
        return;
    struct learn_leaf *leaf = leaf_at(l, (unsigned)i);
    leaf->levels[m->level]++;
    if (!leaf->line)
        leaf->line = m->number;
    if (fresh && leaf->n_samples < LEARN_SAMPLES)
        keep_sample(l, leaf, m);
}

void learn_init(struct learn *l, const struct options *opt)
{
    *l = (struct learn){.clusters = clusters_new(&opt->masks), .scrub = scrub_new(opt), .path = "-"};
    suspicion_init(&l->suspicion);
}

void learn_done(struct learn *l)
{
    for (unsigned i = 0; i < l->n_leaves; i++)
        for (unsigned k = 0; k < l->leaves[i].n_samples; k++)
            free(l->leaves[i].samples[k].text);
    free(l->leaves);
    clusters_free(l->clusters);
    scrub_free(l->scrub);
    suspicion_done(&l->suspicion);
    arena_done(&l->arena);
}
