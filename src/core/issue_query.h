/*
 * issue_query: what people ask for, of issues and of records: words and name:value (crumbd(8), QUERY).
 *
 *   payment timeout level:error level:fatal rule:nginx.* tag.server:shop since:1h is:new
 *
 * Words must all be there, in any case and order: in title, type, value, rule, project, app, host, transaction, tags,
 * or at the front of the key. Of the same name one must be right, of each name one. Values are whole, in any case; *
 * stands for any text. Quotes hold blanks together. Bounded: ISSUE_QUERY_BYTES_MAX, ISSUE_QUERY_TERMS_MAX; the work of
 * a match is linear in the texts. Pure.
 */
#ifndef CORE_ISSUE_QUERY_H
#define CORE_ISSUE_QUERY_H

#include "base/sbuf.h"
#include "core/issue_about.h"

enum { ISSUE_QUERY_BYTES_MAX = 1024, ISSUE_QUERY_TERMS_MAX = 16 };

/* New: first seen within the last hour. Ongoing: seen within it. */
enum issue_state { ISSUE_STATE_NEW, ISSUE_STATE_ONGOING, ISSUE_STATE_QUIET, ISSUE_STATES };
extern const char *const issue_state_names[ISSUE_STATES + 1]; /* ends with NULL */
enum issue_state issue_state_of(int64_t first_us, int64_t last_us, int64_t now_us);

/* What is asked about: an issue, or a record with both times the same and key 0. */
struct issue_facts {
    uint64_t key;
    int64_t first_us, last_us;
    const struct issue_about *about;
};

/* Kept by whoever asks; its texts are the arena's. */
struct issue_query {
    struct issue_term {
        unsigned field;     /* of the table in issue_query.c */
        struct slice name;  /* of a tag, in small letters */
        struct slice value; /* the same */
        int64_t us;         /* since, before */
    } terms[ISSUE_QUERY_TERMS_MAX];
    unsigned n;
    int64_t now_us;
    struct sbuf folded; /* the texts of what is looked at, in small letters */
};

enum { ISSUE_QUERY_WHY = 200 };
/* False, and `why` for people: a name with a value that cannot be, or a bound is passed. now_us: what since, before and
   is go by. issue_query_done is wanted in any case. */
bool issue_query_read(struct slice text, int64_t now_us, struct arena *a, struct issue_query *out,
                      char why[ISSUE_QUERY_WHY]);
void issue_query_done(struct issue_query *q);
bool issue_query_match(struct issue_query *q, const struct issue_facts *facts);

#endif
