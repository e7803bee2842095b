#include "parsers/record_keep.h"

#include "parsers/container.h"

/* Absent stays absent. */
static struct slice keep(struct arena *a, struct slice s)
{
    return s.p ? arena_dup(a, s) : s;
}

static const struct record_home *keep_home(struct arena *a, const struct record_home *from)
{
    if (!from)
        return NULL;
    struct record_home *home = arena_alloc(a, sizeof *home);
    *home = (struct record_home){keep(a, from->file), keep(a, from->program), from->own};
    return home;
}

/* The message is the end of its line. */
static void keep_line(struct arena *a, struct record *c)
{
    size_t at = (size_t)((uintptr_t)c->message.p - (uintptr_t)c->line.p);
    bool inside = c->line.n && at <= c->line.n && c->message.n == c->line.n - at;
    c->line = keep(a, c->line);
    c->message = inside ? slice_from(c->line, at) : keep(a, c->message);
}

struct record *record_keep(struct arena *a, const struct record *r)
{
    struct record *c = arena_alloc(a, offsetof(struct record, fields) + r->n_fields * sizeof r->fields[0]);
    record_copy_head(c, r);
    struct slice *const texts[] = {&c->heading,    &c->told,       &c->full_message,   &c->host,
                                   &c->app,        &c->procid,     &c->msgid,          &c->logger,
                                   &c->request_id, &c->trace_id,   &c->span_id,        &c->input,
                                   &c->peer,       &c->thread,     &c->exception_type, &c->exception_value,
                                   &c->error_type, &c->error_value};
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = keep(a, *texts[i]);
    keep_line(a, c);
    c->raw = SLICE_NONE;
    c->trace = NULL;
    c->home = keep_home(a, r->home);
    c->container = r->container ? container_keep(a, r->container) : NULL;
    for (unsigned i = 0; i < r->n_fields; i++)
        c->fields[i] = (struct field){keep(a, r->fields[i].name), keep(a, r->fields[i].value), r->fields[i].type};
    return c;
}
