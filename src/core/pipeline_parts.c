#include "core/pipeline_parts.h"

#include "core/fold.h"

void parts_make_id(const struct pipeline_parts *p, char out[33], uint64_t key, uint64_t offset, uint64_t ordinal)
{
    (p->setup.old_keys ? event_make_old_id : event_make_id)(out, p->setup.store_id, key, offset, ordinal);
}

uint64_t parts_stored_key(const struct pipeline_parts *p, struct slice text, uint64_t old_seed)
{
    return p->setup.old_keys ? slice_hash(text, old_seed) : hash128_low(HASH128_START, text);
}

struct scrubbed parts_payload(const struct pipeline_parts *p)
{
    return scrubbed_vouch(sbuf_slice(&p->payload));
}

void parts_notice(struct pipeline_parts *p, enum notice_kind kind, const struct origin *o, struct slice project)
{
    const struct notice n = {.kind = kind, .input = o->input, .project = project, .peer = o->peer};
    if (p->setup.hooks.notice)
        p->setup.hooks.notice(p->setup.hooks.u, &n);
}

struct slice parts_known_project(struct pipeline_parts *p, struct slice name, const struct origin *o)
{
    unsigned i = 0;
    if (!name.n || !p->opt->projects)
        return name;
    while (i < p->opt->n_projects && !slice_eq(p->opt->projects[i], name))
        i++;
    if (i < p->opt->n_projects)
        return name;
    p->counts.v[COUNT_unknown_project]++;
    parts_notice(p, NOTICE_PROJECT, o, name);
    return SLICE_NONE;
}

void parts_texts(struct pipeline_parts *p, const struct record *r, struct arena *a, struct verdict *v)
{
    event_name_clients(r, p->scrub);
    struct shown shown = shown_of(p->scrub, r, a);
    judge_show(&p->judge, &shown, r, a, v);
    const struct template_source from = judge_source(&p->judge, r, a);
    verdict_complete(v, &from);
    p->judge.shown = NULL;
    if (v->fold)
        fold_texts(v, a);
}
