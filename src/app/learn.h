/*
 * learn: rules made from a log: what no rule knows yet, brought together (core/clusters.h), and written as a rule file.
 *
 * learn_read.c judges a log; learn.c gathers what it tells; learn_rules.c makes rules of that and proves them;
 * cmd_learn.c reads arguments and files. One thread; bounded by what clusters.h bounds and LEARN_RULES_MAX.
 */
#ifndef APP_LEARN_H
#define APP_LEARN_H

#include "app/learn_read.h"
#include "app/suspicion.h"
#include "base/arena.h"
#include "core/clusters.h"
#include "core/pipeline_setup.h"
#include "core/scrub.h"

enum { LEARN_FAULTS_MAX = 300, LEARN_NOISE_MAX = 200, LEARN_SAMPLES = 2, LEARN_SECRETS_SHOWN = 20 };

/* A line of the log as a sample has it, without what the scrubber takes out. */
struct learn_sample {
    char *text;
    enum format format;
    bool filtered; /* something was taken out */
};

/* What is known of a leaf besides what clusters know. */
struct learn_leaf {
    uint64_t levels[LEVEL_FATAL + 1];
    struct learn_sample samples[LEARN_SAMPLES];
    unsigned n_samples;
    const char *path;
    uint64_t line; /* of its first message */
};

struct learn {
    struct clusters *clusters;
    struct learn_leaf *leaves;
    unsigned n_leaves;
    struct learn_counts counts;
    uint64_t secrets; /* lines with some, among those that were looked at */
    struct scrub *scrub;
    struct suspicion suspicion;
    struct arena arena; /* the life of one message */
    const char *path;   /* of the log in work */
};

void learn_init(struct learn *l, const struct options *opt);
void learn_done(struct learn *l);
void learn_take(struct learn *l, const struct learn_told *m);

struct learn_written {
    unsigned faults, noise, untold; /* untold: clusters for which no pattern tells theirs from others */
    uint64_t covered;               /* messages that the rules match */
};

/* Appends the rule file to out. traces: the grammars by which samples are read; may be NULL. */
struct learn_written learn_rules(struct learn *l, struct slice pack, struct trace_set *traces, struct sbuf *out);

#endif
