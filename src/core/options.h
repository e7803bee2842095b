/*
 * options: what the pipeline must know of the configuration. Plain data, filled by app/settings, immutable while in
 * use.
 */
#ifndef CORE_OPTIONS_H
#define CORE_OPTIONS_H

#include "core/log_masks.h"

enum fallback { FALLBACK_EVENT, FALLBACK_CRUMB, FALLBACK_DROP };

/* A project that a rule may choose by its name. */
struct options_project {
    struct slice name;
    bool everywhere; /* as group_everywhere */
};

struct options {
    struct slice environment, release, server_name; /* release empty: none */
    bool environment_for_all;                       /* also of events whose rule or sender says another */
    enum fallback fallback;

    struct {
        unsigned before, after;
        unsigned others; /* of `before`: lines of other requests */
        int64_t wait_us, max_age_us;
        size_t memory_bytes;
    } crumbs;

    struct {
        unsigned burst;
        int64_t period_us;
        unsigned per_minute, per_day;
        unsigned new_issues; /* an hour; 0: no bound */
    } limits;

    struct {
        bool on;
        unsigned whole; /* events of one issue in a second (forward_thin.h) */
    } forward;

    const struct options_project *projects; /* NULL: any */
    unsigned n_projects;

    struct {
        bool defaults, emails, ips, send_ip;
        struct regex **patterns;
        unsigned n_patterns;
    } scrub;

    struct slice *in_app, *source_roots; /* core/trace_in_app, io/source_files */
    unsigned n_in_app, n_source_roots;
    unsigned grouping;      /* log_template.h; 0: the store's */
    struct log_masks masks; /* of templates */
    bool group_everywhere;  /* a stack has a fingerprint too, for servers that ignore frames */
};

/* Of a project by its name; empty: the default one. */
static inline bool options_everywhere(const struct options *opt, struct slice project)
{
    for (unsigned i = 0; opt->projects && project.n && i < opt->n_projects; i++)
        if (slice_eq(opt->projects[i].name, project))
            return opt->projects[i].everywhere;
    return opt->group_everywhere;
}

#endif
