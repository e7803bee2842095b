#include "app/snapshot.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/rules.h"
#include "base/xalloc.h"
#include "core/rule_check.h"
#include "core/trace_check.h"
#include "core/trace_load.h"

/* Grammars that did not change are those of the snapshot before: what is held by them goes on. */
struct shared_traces {
    struct trace_set *set;
    atomic_uint refs;
};

struct whole {
    struct snapshot shown;
    struct settings *settings;
    struct rule_set rules;
    struct trace_set *traces;
    struct shared_traces *shared; /* has the traces; held */
};

static struct shared_traces *share(struct trace_set *set)
{
    struct shared_traces *s = xcalloc(1, sizeof *s);
    s->set = set;
    atomic_init(&s->refs, 1);
    return s;
}

static void unshare(struct shared_traces *s)
{
    if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    trace_set_free(s->set);
    free(s);
}

static void keep_traces(struct whole *w, const struct snapshot *before)
{
    struct shared_traces *other = before ? ((const struct whole *)before)->shared : NULL;
    if (!other || !trace_set_same(w->traces, other->set))
        return;
    unshare(w->shared);
    atomic_fetch_add_explicit(&other->refs, 1, memory_order_relaxed);
    w->shared = other;
    w->rules.traces = w->traces = other->set;
}

static bool load_named(struct whole *w, const struct snapshot_rules *from, struct diag *d)
{
    if (!from->n_names)
        return rules_load(&w->rules, w->settings, d);
    return from->files_only ? rules_load_files(&w->rules, from->names, from->n_names, d)
                            : rules_load_named(&w->rules, from->names, from->n_names, d);
}

static void snapshot_load_traces(void *u, struct trace_set *set)
{
    struct whole *w = u;
    struct diag d = {0};
    assert(set == w->traces);
    rules_load_traces(&w->rules, false, &d);
    err_print(&d, stderr);
    err_done(&d);
}

static bool load_rules(struct whole *w, const struct snapshot_rules *from, struct diag *d)
{
    w->rules.pool = from->code_later ? regex_pool_new() : NULL;
    w->rules.traces = w->traces = trace_set_new(from->one_thread, from->code_later ? regex_pool_new() : NULL);
    w->shared = share(w->traces);
    w->rules.anyway = from->anyway;
    return (load_named(w, from, d) || from->anyway) &&
           (from->traces_later || rules_load_traces(&w->rules, from->trace_samples, d));
}

static void whole_free(struct whole *w)
{
    rule_set_done(&w->rules);
    unshare(w->shared);
    settings_unref(w->settings);
    free(w);
}

static void forget_files(struct whole *w)
{
    rule_set_forget_files(&w->rules);
    trace_set_forget_files(w->traces);
}

static bool run_samples(struct whole *w, struct diag *d)
{
    unsigned errors = d->errors;
    rule_check_samples(&w->rules, d);
    trace_check_samples(w->traces, d);
    return d->errors == errors;
}

struct snapshot *snapshot_load(struct settings *s, const struct snapshot_rules *from, struct diag *d)
{
    struct whole *w = xcalloc(1, sizeof *w);
    assert(from->one_thread || !from->traces_later);
    w->settings = s ? settings_ref(s) : NULL;
    w->rules.before = from->before ? from->before->rules : NULL;
    if (!load_rules(w, from, d)) {
        whole_free(w);
        return NULL;
    }
    if (from->warn)
        rules_warn(&w->rules, d);
    if (from->without_sources && !from->samples)
        forget_files(w);
    if (from->traces_later)
        trace_set_later(w->traces, !from->one_line, snapshot_load_traces, w);
    else
        trace_set_ready(w->traces, !from->one_line);
    rule_set_ready(&w->rules, !from->one_line);
    if (from->samples && !run_samples(w, d)) {
        whole_free(w);
        return NULL;
    }
    if (from->without_sources && from->samples)
        forget_files(w);
    keep_traces(w, from->before);
    w->shown.settings = w->settings;
    w->shown.rules = &w->rules;
    atomic_init(&w->shown.refs, 1);
    return &w->shown;
}

bool snapshot_wants_code(const struct snapshot *s)
{
    return regex_pool_wants(s->rules->pool) || regex_pool_wants(trace_set_pool(s->rules->traces));
}

void snapshot_make_code(const struct snapshot *s)
{
    regex_pool_make(s->rules->pool);
    regex_pool_make(trace_set_pool(s->rules->traces));
}

struct snapshot *snapshot_ref(struct snapshot *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void snapshot_unref(struct snapshot *s)
{
    /* What others did with it must have happened before it is freed. */
    if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1)
        whole_free((struct whole *)s);
}
