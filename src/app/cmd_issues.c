/* crumbd issues: the list of issues, beside a running daemon or without one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/colour.h"
#include "app/command.h"
#include "app/issue_list.h"
#include "app/issue_show.h"
#include "app/tool_store.h"
#include "base/utf8.h"
#include "io/clock.h"

struct issues_options {
    const char *config, *store, *sort;
    struct sbuf query;
    uint64_t limit;
    bool json;
};

struct printed {
    int64_t now_us;
    bool coloured;
    unsigned columns, n;
};

static void issues_on_issue(void *u, const struct store_issue *issue)
{
    struct printed *t = u;
    if (!t->n++)
        issue_show_head(stdout, t->columns);
    issue_show_line(stdout, issue, t->now_us, t->coloured, t->columns);
}

static bool print_table(struct store *s, const struct issue_list *l)
{
    struct printed t = {.now_us = l->asked.now_us, .coloured = colour_wanted(), .columns = colour_columns()};
    struct store_issues_at next;
    uint64_t total;
    bool more;
    if (!store_issues(s, &l->asked, issues_on_issue, &t, &total, &more, &next))
        return false;
    printf("%" PRIu64 " issue%s%s\n", total, total == 1 ? "" : "s",
           !l->query.n  ? ""
           : total == 1 ? " matches"
                        : " match");
    if (more)
        printf("the first %u are shown; --limit shows more\n", t.n);
    return true;
}

static bool print_json(struct store *s, struct issue_list *l)
{
    struct sbuf body, shown;
    sbuf_init(&body, 8 << 20);
    sbuf_init(&shown, 48 << 20);
    bool ok = issue_list_write(s, l, &body);
    if (ok) {
        utf8_json(&shown, sbuf_slice(&body));
        fwrite(shown.p, 1, shown.n, stdout);
    }
    sbuf_done(&body);
    sbuf_done(&shown);
    return ok;
}

static int print(const struct issues_options *o, struct issue_list *l)
{
    char *path;
    struct store *s = tool_store_open("issues", o->config, o->store, &path);
    int status = s ? EXIT_WELL : EXIT_CANNOT_RUN;
    if (s && !(o->json ? print_json(s, l) : print_table(s, l))) {
        fprintf(stderr, "crumbd issues: %s\n", store_error(s));
        status = EXIT_CANNOT_RUN;
    }
    store_close(s);
    free(path);
    return status;
}

static int issues(const struct issues_options *o)
{
    struct issue_list l;
    char why[ISSUE_LIST_WHY];
    if (o->query.over || !o->limit || o->limit > STORE_ISSUES_LIMIT)
        return command_usage("issues",
                             o->query.over ? "issues: a query has at most %d bytes"
                                           : "issues: --limit is a number from 1 to %d",
                             o->query.over ? ISSUE_QUERY_BYTES_MAX : STORE_ISSUES_LIMIT);
    bool ok = issue_list_read(&l, sbuf_slice(&o->query), slice_str(o->sort), SLICE_NONE, (unsigned)o->limit,
                              clock_wall_us(), why);
    int status = ok ? print(o, &l) : command_usage("issues", "issues: %s", why);
    issue_list_done(&l);
    return status;
}

static void read_option(const struct command_reader *in, struct issues_options *o)
{
    if (command_is(in, "-c"))
        o->config = in->value;
    else if (command_is(in, "--store"))
        o->store = in->value;
    else if (command_is(in, "--sort"))
        o->sort = in->value;
    else if (command_is(in, "--limit") && !slice_u64(slice_str(in->value), &o->limit))
        o->limit = 0;
    o->json |= command_is(in, "--json");
}

int cmd_issues(int argc, char **argv)
{
    struct issues_options o = {.limit = ISSUE_LIST_PAGE};
    struct command_reader in = command_read("issues", argc, argv);
    sbuf_init(&o.query, ISSUE_QUERY_BYTES_MAX);
    for (const char *word; (word = command_next(&in));) {
        if (in.option) {
            read_option(&in, &o);
            continue;
        }
        if (o.query.n)
            sbuf_addc(&o.query, ' ');
        sbuf_adds(&o.query, slice_str(argv[in.at - 1]));
    }
    int status = in.status == EXIT_WELL ? issues(&o) : in.status;
    sbuf_done(&o.query);
    return status;
}
