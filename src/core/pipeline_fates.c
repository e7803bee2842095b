#include "core/pipeline_fates.h"

static enum fate fate_of(enum count count)
{
    switch (count) {
    case COUNT_event:
        return FATE_EVENT;
    case COUNT_crumb:
        return FATE_CRUMB;
    case COUNT_log:
        return FATE_LOG;
    case COUNT_drop:
        return FATE_DROP;
    case COUNT_suppressed:
    case COUNT_counted:
        return FATE_SUPPRESSED;
    case COUNT_blank:
        return FATE_BLANK;
    case COUNT_refused:
        return FATE_REFUSED;
    default:
        return FATE_NONE;
    }
}

/* What stands apart from its first bytes is of the same record, as its lines are. */
static void put(struct pipeline_parts *p, const struct message *m, struct fate_range range)
{
    uint64_t file = m->stream->file_key;
    range.from = m->offset;
    range.to = m->end;
    fates_put(&p->fates, file, &range);
    for (unsigned i = 0; i < m->n_more; i++) {
        struct fate_range more = {.fate = FATE_JOINED, .from = m->more[i].from, .to = m->more[i].to, .head = m->offset};
        if (range.fate == FATE_JOINED) {
            more.head = range.head;
            more.file = range.file;
        }
        fates_put(&p->fates, file, &more);
    }
}

void pipeline_fates_put(struct pipeline_parts *p, const struct message *m, enum count count, const struct verdict *v,
                        uint64_t reach)
{
    struct fate_range range = {.fate = fate_of(count)};
    if (range.fate == FATE_EVENT || range.fate == FATE_SUPPRESSED)
        range.issue = v->issue;
    if (range.fate == FATE_EVENT)
        range.reach = reach;
    put(p, m, range);
}

void pipeline_fates_joined(struct pipeline_parts *p, const struct message *m, uint64_t file_key, uint64_t offset)
{
    if (!p->keeps_fates || !stream_file(m->stream) || m->read == MESSAGE_AGAIN)
        return;
    bool same = file_key == m->stream->file_key;
    put(p, m, (struct fate_range){.fate = FATE_JOINED, .head = offset, .file = same ? 0 : file_key});
}

void pipeline_fates_also(struct pipeline_parts *p, const struct message *m, enum count count, const struct verdict *v,
                         unsigned number)
{
    if (!p->keeps_fates || !stream_file(m->stream))
        return;
    const struct fate_range also = {.fate = count == COUNT_event ? FATE_ALSO_EVENT : FATE_ALSO_SUPPRESSED,
                                    .from = m->offset,
                                    .to = m->offset,
                                    .issue = v->issue,
                                    .number = count == COUNT_event ? number : 0};
    fates_put(&p->fates, m->stream->file_key, &also);
}

uint64_t pipeline_fates_reach(const struct message *m, const struct breadcrumb *crumbs, unsigned n)
{
    uint64_t reach = m->offset;
    for (unsigned i = 0; i < n; i++)
        if (crumbs[i].file && crumbs[i].file == pipeline_fates_file(m->stream) && crumbs[i].offset < reach)
            reach = crumbs[i].offset;
    return reach;
}

/* Also where it is only one of several of its line. */
void pipeline_fates_left(struct pipeline_parts *p, const struct pending *w, unsigned loss)
{
    struct fate_range remark = {.from = w->offset, .to = w->offset};
    if (!p->keeps_fates || !w->file_key)
        return;
    if (loss) {
        remark.fate = FATE_LOST;
        remark.number = loss;
        fates_put(&p->fates, w->file_key, &remark);
    } else if (w->reached > w->offset) {
        remark.fate = FATE_REACHES;
        remark.reach = w->reached;
        fates_put(&p->fates, w->file_key, &remark);
    }
}
