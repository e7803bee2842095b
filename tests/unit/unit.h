/* unit: what every unit test program shares. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <check.h>
#include <stdlib.h>

#include "base/slice.h"

#define ck_slice(s, text)                                                                                              \
    do {                                                                                                               \
        struct slice got_ = (s);                                                                                       \
        const char *want_ = (text);                                                                                    \
        ck_assert_msg(slice_is(got_, want_), "got '%.*s', want '%s'", SLICE_ARG(got_), want_);                         \
    } while (0)

/* Runs a suite and gives main's exit status. CK_FORK=no is honoured by Check itself. */
static inline int unit_run(Suite *s)
{
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
