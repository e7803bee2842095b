/*
 * What people search issues by, and what a damaged store may hold of one: up to the first NUL a query, up to the next a
 * payload, behind it a history.
 */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

#include "core/issue_history.h"
#include "core/issue_query.h"

static const int64_t now_us = INT64_C(1795428030000000);

static void query(struct slice text, const struct issue_about *about)
{
    const struct issue_facts facts = {.key = 1, .first_us = now_us - 1, .last_us = now_us, .about = about};
    char why[ISSUE_QUERY_WHY] = "";
    struct arena a = {0};
    struct issue_query q;
    if (issue_query_read(text, now_us, &a, &q, why))
        assert(issue_query_match(&q, &facts) == issue_query_match(&q, &facts) &&
               (q.n || issue_query_match(&q, &facts)));
    else
        assert(*why);
    issue_query_done(&q);
    arena_done(&a);
}

static void history(struct slice bytes)
{
    struct issue_history h, again;
    struct sbuf out;
    bool whole = issue_history_read(bytes, &h);
    sbuf_init(&out, ISSUE_HISTORY_BYTES_MAX);
    issue_history_write(&h, &out);
    assert(!out.over && issue_history_read(sbuf_slice(&out), &again));
    assert(!whole || memcmp(&h, &again, sizeof h) == 0);
    issue_history_add(&h, now_us, 1, now_us);
    issue_history_turn(&h, now_us);
    assert(h.last[ISSUE_DAYS] == now_us / INT64_C(86400000000));
    sbuf_done(&out);
}

int fuzz_target(const uint8_t *data, size_t size)
{
    struct slice rest = slice_of((const char *)data, size), text = slice_split(&rest, '\0'),
                 payload = slice_split(&rest, '\0'), tags, name, value;
    struct arena a = {0};
    struct issue_about about = {0};
    issue_about_read(payload, &a, &about);
    tags = about.text[ISSUE_TAGS];
    for (unsigned n = 0; issue_about_tag(&tags, &name, &value); n++)
        assert(n < ISSUE_TAGS_MAX && name.n && !slice_chr(value, '\t'));
    about.text[ISSUE_TITLE] = payload;
    query(text, &about);
    history(rest);
    arena_done(&a);
    return 0;
}
