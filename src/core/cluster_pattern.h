/*
 * cluster_pattern: the pattern of a rule for the messages of a cluster (clusters.h), and what its event says.
 *
 * The words of the template stand in it as they are; in place of what varies stands the narrowest class that holds the
 * values of all examples and that nothing backtracks over: digits, no white space, anything but the byte that follows.
 * Where two would have to try out where they end the pattern ends before them. The first PATTERN_NAMES values have
 * names, by the word or key before them. Pure.
 */
#ifndef CORE_CLUSTER_PATTERN_H
#define CORE_CLUSTER_PATTERN_H

#include "base/sbuf.h"
#include "core/clusters.h"

enum { PATTERN_BYTES_MAX = 4096, PATTERN_NAMES = 8, PATTERN_NAME_MAX = 24 };

struct cluster_pattern {
    struct sbuf regex;
    struct sbuf message; /* a template of rules: {masked.NAME} for what has a name, … for what has none */
    char names[PATTERN_NAMES][PATTERN_NAME_MAX + 8];
    unsigned n_names;
};

/* False: it does not match all examples of the cluster, for which there is no pattern then. To be freed all the same.
 */
bool cluster_pattern_make(const struct cluster *c, struct cluster_pattern *out);
void cluster_pattern_done(struct cluster_pattern *p);

#endif
