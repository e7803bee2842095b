/* unit: what every unit test program shares. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

#define ck_slice(s, text)                                                                                              \
    do {                                                                                                               \
        struct slice got_ = (s);                                                                                       \
        const char *want_ = (text);                                                                                    \
        ck_assert_msg(slice_is(got_, want_), "got '%.*s', want '%s'", SLICE_ARG(got_), want_);                         \
    } while (0)

enum { UNIT_SKIPPED = 77 /* as Automake understands it */ };

/* Whether UNIT_SKIP, names with spaces between them, has this program. */
static inline bool unit_is_left_out(void)
{
    const char *names = getenv("UNIT_SKIP");
    const char *name = program_invocation_short_name;
    for (size_t n; names && *names; names += n + (names[n] == ' ')) {
        n = strcspn(names, " ");
        if (n == strlen(name) && strncmp(names, name, n) == 0)
            return true;
    }
    return false;
}

/* Runs a suite and gives main's exit status. CK_FORK=no is honoured by Check itself. */
static inline int unit_run(Suite *s)
{
    SRunner *r = srunner_create(s);
    bool left_out = unit_is_left_out();
    if (!left_out)
        srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return left_out ? UNIT_SKIPPED : failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
