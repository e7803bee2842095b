/* A query, and behind a NUL the texts of a line: what is taken asks of each line and each issue, and says the same
 * twice; what is refused says why. What a line is told as is one line of JSON. */
#include <assert.h>

#include "app/live_filter.h"
#include "tests/fuzz/fuzz.h"
#include "text/json.h"

static void check_line(struct live_filter *f, struct slice texts)
{
    struct tap_line line = {.time_us = 1700000000000000, .fate = COUNT_event, .level = LEVEL_ERROR};
    struct live_line shown = {.line = &line};
    struct store_issue issue = {.first_us = line.time_us, .last_us = line.time_us};
    struct sbuf out;
    struct arena a = {0};
    for (unsigned i = 0; i < TAP_TEXTS; i++)
        shown.texts[i] = scrubbed_vouch(i + 1 < TAP_TEXTS ? slice_split(&texts, '\n') : texts);
    issue.about.text[ISSUE_TITLE] = shown.texts[TAP_MESSAGE].text;
    bool holds = live_filter_holds_line(f, &shown);
    live_filter_holds_issue(f, &issue, line.time_us);
    assert(live_filter_holds_line(f, &shown) == holds);
    sbuf_init(&out, 1 << 20);
    live_line_write(&shown, &out);
    assert(out.over || (json_tree(&a, sbuf_slice(&out)) && !slice_chr(sbuf_slice(&out), '\n')));
    arena_done(&a);
    sbuf_done(&out);
}

int fuzz_target(const uint8_t *data, size_t n)
{
    char why[ISSUE_QUERY_WHY] = "";
    struct slice texts = slice_of((const char *)data, n), query = slice_split(&texts, 0);
    struct live_filter *f = live_filter_new(query, 1700000000000000, why);
    if (f)
        check_line(f, texts);
    assert(f || *why);
    live_filter_free(f);
    return 0;
}
