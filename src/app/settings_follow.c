#include "app/settings_follow.h"

static const struct conf_node *node(const struct settings *s, const char *key)
{
    return s->file ? conf_get(s->file->root, key) : NULL;
}

static bool same_key(const struct settings *a, const struct settings *b, const char *key)
{
    return conf_equal(node(a, key), node(b, key));
}

bool settings_may_follow(const struct settings *before, const struct settings *next, struct diag *d)
{
    static const char *const fixed[] = {"store",      "where",           "issues",      "user", "group",
                                        "keep_read",  "sandbox",         "workers",     "http", "probes",
                                        "http_names", "http_token_file", "source_roots"};
    unsigned errors = d->errors;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        const struct conf_node *n = node(next, fixed[i]);
        if (!same_key(before, next, fixed[i]))
            err_add(d, ERR_ERROR, n ? conf_key_place(n) : (struct err_place){.file = next->path},
                    "a change of \"%s\" needs a restart", fixed[i]);
    }
    const struct conf_node *limits = node(next, "limits");
    if (!conf_equal(conf_get(node(before, "limits"), "shared"), conf_get(limits, "shared")))
        err_add(d, ERR_ERROR, limits ? conf_key_place(limits) : (struct err_place){.file = next->path},
                "a change of \"limits.shared\" needs a restart");
    return d->errors == errors;
}

/* Where the configuration lists what it reads, its entries are the inputs, in their order. */
static const struct conf_node *entry(const struct settings *s, unsigned i)
{
    const struct conf_node *list = node(s, "inputs"), *n = list && list->n == s->n_inputs ? list->child : NULL;
    while (n && i--)
        n = n->next;
    return n;
}

static bool same_input(const struct settings *a, unsigned i, const struct settings *b, unsigned k)
{
    const struct input_options *one = &a->inputs[i], *other = &b->inputs[k];
    return one->kind == other->kind && strcmp(one->text, other->text) == 0 && conf_equal(entry(a, i), entry(b, k)) &&
           (!input_listens(one) || same_key(a, b, "exempt"));
}

void settings_match_inputs(const struct settings *before, const struct settings *next, int *at)
{
    unsigned n_before = before->n_inputs + before->n_awaited, n = next->n_inputs + next->n_awaited;
    for (unsigned i = 0; i < n; i++) {
        at[i] = -1;
        for (unsigned k = 0; k < n_before && at[i] < 0; k++) {
            bool given = false; /* two may read the same free port */
            for (unsigned j = 0; j < i; j++)
                given |= at[j] == (int)k;
            if (!given && same_input(before, k, next, i))
                at[i] = (int)k;
        }
    }
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool settings_same_upstream(const struct settings *a, const struct settings *b)
{
    bool same = conf_equal(node(a, "forward"), node(b, "forward")) && same_text(a->dsn, b->dsn) &&
                same_text(a->sentry.ca_file, b->sentry.ca_file) && same_text(a->sentry.proxy, b->sentry.proxy) &&
                a->sentry.n_projects == b->sentry.n_projects;
    for (unsigned i = 0; same && i < a->sentry.n_projects; i++)
        same = slice_eq(a->sentry.projects[i].name, b->sentry.projects[i].name) &&
               same_text(a->sentry.projects[i].dsn, b->sentry.projects[i].dsn);
    return same;
}
