#include <unistd.h>

#include "io/input.h"

enum {
    AWAIT_MS = 60000, /* between two looks, */
    AWAIT_OFTEN = 60, /* of so many; */
    AWAIT_SLOWER = 60 /* then so much more rarely */
};

int64_t input_await_ms(unsigned looks, int64_t ms)
{
    ms = ms ? ms : AWAIT_MS;
    return looks < AWAIT_OFTEN ? ms : ms * AWAIT_SLOWER;
}

bool input_is_instead(const struct input_options *opt)
{
    for (char **path = opt->unless; path && *path; path++)
        if (access(*path, F_OK) == 0)
            return true;
    return false;
}
