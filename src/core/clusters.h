/*
 * clusters: messages that say the same brought together, for those who write rules about them.
 *
 * A message becomes its template (log_template.h); each template is a leaf. Messages of one shape - their words without
 * digits, and where digits stand - were of one template before and need no second look, which is what most lines cost.
 * A leaf that has all of its examples takes messages by a wider shape, in which UUIDs and long numbers of names are
 * one. clusters_refine then joins leaves whose templates differ where a name stands: a qualified name (org.acme.Foo,
 * os.name) that has NAMES_MIN values in one place, or any one word that has WORDS_MIN. (Drain, He et al. 2017, does so
 * from the start with a tree of fixed depth and a threshold; here it is done once, over templates of one length.)
 *
 * Deterministic: the same messages in the same order give the same clusters. Bounded: CLUSTERS_MAX leaves, of each
 * CLUSTERS_EXAMPLES messages of different shapes; what comes beyond is told. Owns copies. Pure; one thread.
 */
#ifndef CORE_CLUSTERS_H
#define CORE_CLUSTERS_H

#include "base/arena.h"
#include "core/log_masks.h"

enum {
    CLUSTERS_MAX = 20000,
    CLUSTERS_EXAMPLES = 8,
    CLUSTERS_EXAMPLE_BYTES = 2048,
    CLUSTERS_NONE = -1,
};

struct clusters;

/* One message of a leaf. */
struct cluster_example {
    struct slice message; /* at most CLUSTERS_EXAMPLE_BYTES of it */
    uint64_t number;      /* which message it was, from 0 */
    bool cut;
};

/* What has one template, or after clusters_refine what is one cluster. */
struct cluster {
    struct slice text; /* the template; refined: with <*> in place of what varies besides */
    uint64_t n;        /* messages */
    uint64_t first;    /* number of the first */
    const struct cluster_example *examples;
    unsigned n_examples;
};

struct clusters *clusters_new(const struct log_masks *masks);
void clusters_free(struct clusters *c);
/* The shape of a message, by which most are known; 0: it has none. On any thread. */
uint64_t clusters_shape(struct slice message);
/* shape: of the message; 0: it is made a template, whatever its shape. *fresh, if not NULL: it has become an example.
 * Returns its leaf, CLUSTERS_NONE: there are too many. */
int clusters_add(struct clusters *c, struct slice message, uint64_t shape, bool *fresh);
/* Joins leaves. Once, when all has been added. */
void clusters_refine(struct clusters *c);
/* How many there are, and each: by their first messages. Before clusters_refine each leaf. */
unsigned clusters_count(const struct clusters *c);
const struct cluster *clusters_get(const struct clusters *c, unsigned i);
/* The cluster that a leaf has gone into. */
unsigned clusters_of(const struct clusters *c, int leaf);
/* Messages for which there was no room. */
uint64_t clusters_lost(const struct clusters *c);

#endif
