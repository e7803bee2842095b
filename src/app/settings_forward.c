/* settings, `forward`. */
#include "app/settings_parts.h"

static const struct key forward_keys[] = {
    {.name = "kafka",
     .type = KEY_TABLE,
     KEY_AT(struct settings, forward),
     .table = &settings_kafka_producer_table,
     .required = true,
     .help = "A topic of Kafka, which crumbds with a kafka input and format: envelope read."},
    {.name = "whole",
     .type = KEY_INT,
     KEY_AT(struct settings, options.forward.whole),
     .min = 1,
     .max = 100000,
     .def = "100",
     .help =
         "Whole events of one issue in a second. Of what is above most goes as a number, which the other crumbds add "
         "to their counts. It should be no less than the greatest burst of a rule."},
    {.name = NULL}};

static bool settings_forward_on(struct keys_ctx *c, const struct conf_node *map, void *base)
{
    struct settings *s = base;
    (void)c, (void)map;
    s->options.forward.on = true;
    return true;
}

const struct key_table settings_forward_table = {.keys = forward_keys, .check = settings_forward_on};

bool settings_forward_applies(const struct key *k, const void *base, const char **text)
{
    const struct settings *s = base;
    (void)text;
    return k->table != &settings_forward_table || s->options.forward.on;
}

void settings_forward_check(struct settings *s, struct diag *d)
{
    const struct err_place at = s->forward.place;
    if (s->dsn)
        err_add(
            d, ERR_ERROR, at,
            "\"forward\" sends events to other crumbds, which post them: take away the DSN of this one, which comes "
            "from %s",
            s->dsn_from);
    else if (s->sentry.n_projects)
        err_add(d, ERR_ERROR, at,
                "\"forward\" sends events to other crumbds, which know the projects: take away sentry.projects here");
    if (s->shared.url)
        err_add(d, ERR_ERROR, at,
                "\"forward\" leaves limiting to other crumbds: \"limits.shared\" has its place there");
    s->dsn = s->forward.kafka.topic;
    s->dsn_from = "forward.kafka";
}
