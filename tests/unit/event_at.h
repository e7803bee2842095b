/* event_at: what stands at a path of an event, for tests that look at events. */
#ifndef TESTS_EVENT_AT_H
#define TESTS_EVENT_AT_H

#include "tests/unit/unit.h"
#include "text/json.h"

/* "exception/values/0/type"; NULL: there is none. */
static inline const struct json_node *at(const struct json_node *n, const char *path)
{
    struct slice rest = slice_str(path);
    while (n && rest.p) {
        struct slice step = slice_split(&rest, '/');
        uint64_t i;
        n = n->child;
        if (slice_u64(step, &i))
            while (n && i--)
                n = n->next;
        else
            while (n && !slice_eq(n->key, step))
                n = n->next;
    }
    return n;
}

static inline void ck_at(const struct json_node *n, const char *path, const char *want)
{
    const struct json_node *v = at(n, path);
    ck_assert_msg(v != NULL, "%s is missing", path);
    ck_slice(v->text, want);
}

#endif
