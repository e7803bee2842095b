#include "core/entry_messages.h"

void entry_messages_init(struct entry_messages *e, struct pipeline_trace *t, struct record *r, bool known,
                         struct arena *a)
{
    *e = (struct entry_messages){.trace = t, .record = r, .arena = a, .level = r->level, .known = known};
    if (!pipeline_trace_may_quote(r) || !quoted_stderr_find(r->message, &e->quote))
        e->quote = (struct quoted_stderr){.text = r->message};
}

/* The record as if it had come with this message alone. */
static void be(struct entry_messages *e, struct slice text)
{
    const struct slice parts[] = {e->quote.before, text, e->quote.behind};
    size_t n = 0;
    char *p = arena_alloc(e->arena, parts[0].n + parts[1].n + parts[2].n + 1);
    for (unsigned i = 0; i < 3; i++) {
        if (parts[i].n)
            memcpy(p + n, parts[i].p, parts[i].n);
        n += parts[i].n;
    }
    e->record->message = slice_of(p, n);
    e->record->told = SLICE_NONE;
    e->record->level = e->level;
    pipeline_trace_find(e->trace, e->record, e->known, e->arena);
}

/* Where in this text the second of several traces is told from the first; at its end when there is none, or when what
 * was read is a copy of it. */
static size_t second_trace(struct entry_messages *e, struct slice text)
{
    const struct record *r = e->record;
    const char *first = r->message.p + e->quote.before.n;
    const struct slice rest = r->trace ? r->trace->rest : SLICE_NONE;
    if (!rest.n || rest.p <= first || rest.p >= first + text.n)
        return text.n;
    return pipeline_trace_follows(e->trace, rest, e->arena) ? (size_t)(rest.p - first) : text.n;
}

/* Takes the first message off what is left. */
static void take(struct entry_messages *e)
{
    struct slice left = e->quote.text;
    bool last = e->n >= ENTRY_MESSAGES_MAX;
    size_t n = last ? left.n : quoted_stderr_second(left);
    struct slice text = n < left.n ? quoted_stderr_trim(slice_sub(left, 0, n)) : left;
    if (e->several || n < left.n)
        be(e, text);
    else
        pipeline_trace_find(e->trace, e->record, e->known, e->arena);
    size_t cut = last ? text.n : second_trace(e, text);
    if (cut < text.n) {
        be(e, quoted_stderr_trim(slice_sub(text, 0, cut)));
        n = cut;
    }
    e->several |= n < left.n;
    e->quote.text = slice_from(left, n);
}

bool entry_messages_next(struct entry_messages *e)
{
    bool quotes = e->quote.before.n > 0;
    if (e->n && !(quotes && e->quote.text.n))
        return false;
    e->n++;
    if (quotes)
        take(e);
    else
        pipeline_trace_find(e->trace, e->record, e->known, e->arena);
    return true;
}
