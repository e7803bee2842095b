#include "core/effort.h"

#include "text/pump.h"

struct attempt {
    struct effort *effort;
    const struct regex *regex;
    struct slice whose;
    const struct conf_node *node;
};

void effort_init(struct effort *e, enum err_kind kind, struct diag *d)
{
    *e = (struct effort){.diag = d, .kind = kind, .scratch = regex_scratch_new()};
}

void effort_done(struct effort *e)
{
    regex_scratch_free(e->scratch);
}

static bool effort_on_pump(void *u, struct slice text, struct slice pumped)
{
    const struct attempt *a = u;
    char shown[48];
    unsigned n = 0;
    if (regex_match(a->regex, a->effort->scratch, text, 0) != REGEX_LIMIT)
        return false;
    for (; n < pumped.n && n < sizeof shown; n++)
        shown[n] = pumped.p[n] >= ' ' && pumped.p[n] <= '~' ? pumped.p[n] : '?';
    a->effort->endless++;
    err_add(a->effort->diag, a->effort->kind, conf_place(a->node),
            "%.*sthe pattern backtracks without end: it runs into the match limit on %zu bytes in which \"%.*s\" comes "
            "again and again; make it more exact, or a repeat possessive, as in [^:]++",
            SLICE_ARG(a->whose), text.n, (int)n, shown);
    return true;
}

void effort_try(struct effort *e, const struct regex *regex, struct slice pattern, size_t text_bytes,
                struct slice whose, const struct conf_node *node)
{
    struct attempt a = {e, regex, whose, node};
    if (!regex)
        return;
    regex_make_now(regex); /* what is measured is what will run */
    pump_each(pattern, text_bytes, effort_on_pump, &a);
}
