#include "parsers/record_keep.h"

#include "parsers/container.h"

/* Absent stays absent. */
static struct slice keep(struct arena *a, struct slice s)
{
    return s.p ? arena_dup(a, s) : s;
}

struct record *record_keep(struct arena *a, const struct record *r)
{
    struct record *c = arena_alloc(a, offsetof(struct record, fields) + r->n_fields * sizeof r->fields[0]);
    record_copy_head(c, r);
    struct slice *const texts[] = {
        &c->message,         &c->full_message, &c->host,       &c->app,   &c->procid, &c->msgid,  &c->logger,
        &c->request_id,      &c->trace_id,     &c->span_id,    &c->input, &c->peer,   &c->thread, &c->exception_type,
        &c->exception_value, &c->error_type,   &c->error_value};
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = keep(a, *texts[i]);
    c->raw = SLICE_NONE;
    c->trace = NULL;
    c->container = r->container ? container_keep(a, r->container) : NULL;
    for (unsigned i = 0; i < r->n_fields; i++)
        c->fields[i] = (struct field){keep(a, r->fields[i].name), keep(a, r->fields[i].value), r->fields[i].type};
    return c;
}
