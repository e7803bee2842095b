/*
 * learn: rules made from a log: what no rule knows yet, brought together (core/clusters.h), and written as a rule file.
 *
 * learn.c gathers what the pipeline tells; learn_rules.c makes rules of it and proves them; cmd_learn.c reads arguments
 * and files. One thread; bounded by what clusters.h bounds and LEARN_RULES_MAX.
 */
#ifndef APP_LEARN_H
#define APP_LEARN_H

#include "app/suspicion.h"
#include "base/arena.h"
#include "core/clusters.h"
#include "core/pipeline_setup.h"
#include "core/scrub.h"

enum { LEARN_FAULTS_MAX = 300, LEARN_NOISE_MAX = 200, LEARN_SAMPLES = 2, LEARN_SECRETS_SHOWN = 20, LEARN_RECENT = 256 };

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
    uint64_t messages, known, access; /* known: to a rule; access: requests of a web server, which are no text */
    uint64_t secrets;                 /* lines with some, among those that were looked at */
    struct scrub *scrub;
    struct suspicion suspicion;
    struct arena arena; /* the life of one message */
    /* Where messages stand. */
    const char *path;
    uint64_t line; /* of the message in work, from 1 */
    struct slice text;
    struct {
        uint64_t hash, line;
    } recent[LEARN_RECENT]; /* of those before it, of which a trace may be held */
    unsigned n_recent;
};

void learn_init(struct learn *l, const struct options *opt);
void learn_done(struct learn *l);
/* The next message is this one, of so many lines; `before` of them lie between the last one and it. */
void learn_at(struct learn *l, struct slice text, unsigned lines);
/* What became of it. */
void learn_take(struct learn *l, const struct outcome *j);

struct learn_written {
    unsigned faults, noise, untold; /* untold: clusters for which no pattern tells theirs from others */
    uint64_t covered;               /* messages that the rules match */
};

/* Appends the rule file to out. traces: the grammars by which samples are read; may be NULL. */
struct learn_written learn_rules(struct learn *l, struct slice pack, struct trace_set *traces, struct sbuf *out);

#endif
