#include "app/live_filter.h"

#include <stdlib.h>

#include "base/xalloc.h"

struct live_filter {
    struct arena arena;
    struct issue_query common, own; /* own: of tags that a line is given */
};

static const struct {
    const char *name;
    unsigned n;
} own_names[] = {{"format:", 7}, {"fate:", 5}, {"input:", 6}, {"source:", 7}};

static bool is_own(struct slice token)
{
    for (size_t i = 0; i < sizeof own_names / sizeof *own_names; i++)
        if (slice_istarts(token, slice_of(own_names[i].name, own_names[i].n)))
            return true;
    return false;
}

/* How long the first token of a query is: up to a blank outside quotes. */
static size_t token_length(struct slice s)
{
    bool quoted = false;
    size_t n = 0;
    for (; n < s.n && (quoted || !ascii_space(s.p[n])); n++) {
        quoted ^= s.p[n] == '"';
        n += s.p[n] == '\\' && quoted && n + 1 < s.n;
    }
    return n;
}

/* Divides a query in two, of which the second has the names of lines, as tags. */
static void divide(struct slice query, struct sbuf *common, struct sbuf *own)
{
    for (query = slice_trim(query); query.n; query = slice_trim(query)) {
        struct slice token = slice_sub(query, 0, token_length(query));
        struct sbuf *to = is_own(token) ? own : common;
        sbuf_adds(to, to == own ? SLICE(" tag.") : SLICE(" "));
        sbuf_adds(to, token);
        slice_skip(&query, token.n);
    }
}

struct live_filter *live_filter_new(struct slice query, int64_t now_us, char why[ISSUE_QUERY_WHY])
{
    struct live_filter *f = xcalloc(1, sizeof *f);
    struct sbuf common, own;
    sbuf_init(&common, 2 * ISSUE_QUERY_BYTES_MAX);
    sbuf_init(&own, 2 * ISSUE_QUERY_BYTES_MAX);
    if (query.n <= ISSUE_QUERY_BYTES_MAX)
        divide(query, &common, &own);
    else
        sbuf_adds(&common, slice_sub(query, 0, ISSUE_QUERY_BYTES_MAX + 1)); /* is refused */
    bool good = issue_query_read(slice_trim(sbuf_slice(&common)), now_us, &f->arena, &f->common, why);
    good = issue_query_read(slice_trim(sbuf_slice(&own)), now_us, &f->arena, &f->own, why) && good;
    sbuf_done(&common);
    sbuf_done(&own);
    if (good)
        return f;
    live_filter_free(f);
    return NULL;
}

void live_filter_free(struct live_filter *f)
{
    if (!f)
        return;
    issue_query_done(&f->common);
    issue_query_done(&f->own);
    arena_done(&f->arena);
    free(f);
}

/* "name\tvalue\n"; a tab or line end in it would begin another. */
static void put_tag(struct sbuf *out, const char *name, struct slice value)
{
    sbuf_addf(out, "%s\t", name);
    for (size_t i = 0; i < value.n; i++)
        sbuf_addc(out, ascii_space(value.p[i]) ? ' ' : value.p[i]);
    sbuf_addc(out, '\n');
}

static bool own_holds(struct live_filter *f, const struct live_line *l, struct issue_facts facts)
{
    struct issue_about about = {0};
    struct sbuf tags;
    sbuf_init(&tags, 4096);
    put_tag(&tags, "format", slice_str(format_name(l->line->format)));
    put_tag(&tags, "fate", slice_str(count_rows[l->line->fate].name));
    put_tag(&tags, "input", l->texts[TAP_INPUT].text);
    put_tag(&tags, "source", l->texts[TAP_SOURCE].text);
    about.text[ISSUE_TAGS] = sbuf_slice(&tags);
    facts.about = &about;
    bool holds = issue_query_match(&f->own, &facts);
    sbuf_done(&tags);
    return holds;
}

bool live_filter_holds_line(struct live_filter *f, const struct live_line *l)
{
    const struct issue_about about = {.text = {[ISSUE_TITLE] = l->texts[TAP_MESSAGE].text,
                                               [ISSUE_LEVEL] = slice_str(level_name(l->line->level)),
                                               [ISSUE_RULE] = l->texts[TAP_RULE].text,
                                               [ISSUE_PROJECT] = l->texts[TAP_PROJECT].text,
                                               [ISSUE_APP] = l->texts[TAP_APP].text,
                                               [ISSUE_HOST] = l->texts[TAP_HOST].text}};
    const struct issue_facts facts = {
        .key = l->line->issue, .first_us = l->line->time_us, .last_us = l->line->time_us, .about = &about};
    return issue_query_match(&f->common, &facts) && (!f->own.n || own_holds(f, l, facts));
}

bool live_filter_holds_issue(struct live_filter *f, const struct store_issue *issue, int64_t now_us)
{
    const struct issue_facts facts = {
        .key = issue->key, .first_us = issue->first_us, .last_us = issue->last_us, .about = &issue->about};
    f->common.now_us = now_us;
    return issue_query_match(&f->common, &facts);
}
