#include "app/learn.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "parsers/parser.h"

enum { LINE_BYTES_MAX = 2000, HASHED_BYTES = 256 };

/* --- where messages stand --- */

static uint64_t hash_of(struct slice text)
{
    static const struct hash_secret no_secret;
    return hash64(&no_secret, 1, slice_sub(text, 0, HASHED_BYTES));
}

void learn_at(struct learn *l, struct slice text, unsigned lines)
{
    l->text = text;
    l->recent[l->n_recent % LEARN_RECENT].hash = hash_of(text);
    l->recent[l->n_recent++ % LEARN_RECENT].line = l->line + 1;
    l->line += lines;
}

/* The line of a record that may have been held for its trace: of those that read the same the first; 0: too long ago.
 */
static uint64_t line_of(const struct learn *l, struct slice raw)
{
    uint64_t hash = hash_of(raw), line = 0;
    for (unsigned i = 0; i < LEARN_RECENT && i < l->n_recent; i++) {
        unsigned at = (l->n_recent - 1 - i) % LEARN_RECENT;
        if (l->recent[at].hash == hash)
            line = l->recent[at].line;
    }
    return line;
}

/* --- what is kept of a message --- */

static void name_secret(struct learn *l, uint64_t line)
{
    if (l->secrets++ < LEARN_SECRETS_SHOWN)
        fprintf(stderr,
                "%s:%llu: warning: the line holds what may be a secret or an address; it is left out of the sample\n",
                l->path, (unsigned long long)line);
}

static void keep_sample(struct learn *l, struct learn_leaf *leaf, const struct outcome *j)
{
    struct slice raw = j->raw, line = slice_sub(slice_split(&raw, '\n'), 0, LINE_BYTES_MAX);
    struct slice shown = scrub_text(l->scrub, line, &l->arena);
    bool filtered = !slice_eq(shown, line);
    if (filtered)
        name_secret(l, line_of(l, j->raw));
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

void learn_take(struct learn *l, const struct outcome *j)
{
    const struct record *r = j->record;
    bool fresh;
    l->messages++;
    if (!r)
        return;
    l->known += j->verdict->rule != NULL;
    l->access += !j->verdict->rule && format_traits(r->format)->access;
    if (j->verdict->rule || format_traits(r->format)->access || !r->message.n)
        return;
    int i = clusters_add(l->clusters, r->message, false, &fresh);
    if (i == CLUSTERS_NONE)
        return;
    struct learn_leaf *leaf = leaf_at(l, (unsigned)i);
    leaf->levels[r->level]++;
    if (!leaf->line)
        leaf->line = line_of(l, j->raw);
    if (fresh && leaf->n_samples < LEARN_SAMPLES)
        keep_sample(l, leaf, j);
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
