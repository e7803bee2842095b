#include "app/upstream.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "io/kafka_producer.h"

static bool add(struct upstream *u, struct slice name, const char *text, struct diag *d)
{
    struct dsn *dsn = &u->dsns[u->n];
    if (!dsn_parse(dsn, slice_str(text), d))
        return false;
    u->projects[u->n++] = (struct sender_project){.name = name, .dsn = dsn};
    return true;
}

bool upstream_init(struct upstream *u, const struct settings *s, struct diag *d)
{
    unsigned most = s->sentry.n_projects + 1;
    *u = (struct upstream){.http = {.ca_file = s->sentry.ca_file, .proxy = s->sentry.proxy}};
    u->projects = xcalloc(most, sizeof *u->projects);
    u->dsns = xcalloc(most, sizeof *u->dsns);
    if (s->options.forward.on) {
        const struct kafka_options *to = &s->forward.kafka;
        dsn_of_topic(&u->dsns[0], to->topic, to->brokers[0]);
        u->projects[u->n++] = (struct sender_project){.name = SLICE(""), .dsn = &u->dsns[0], .kafka = to};
        return kafka_producer_check(to, s->forward.place, d);
    }
    bool ok = !s->dsn || add(u, SLICE(""), s->dsn, d);
    for (unsigned i = 0; i < s->sentry.n_projects; i++)
        ok &= add(u, s->sentry.projects[i].name, s->sentry.projects[i].dsn, d);
    return ok;
}

void upstream_done(struct upstream *u)
{
    for (unsigned i = 0; i < u->n; i++)
        dsn_done(&u->dsns[i]);
    free(u->dsns);
    free(u->projects);
    *u = (struct upstream){0};
}
