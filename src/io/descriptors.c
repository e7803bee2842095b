#include "io/descriptors.h"

#include <limits.h>
#include <poll.h>
#include <sys/resource.h>

bool descriptors_more(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur >= r.rlim_max)
        return false;
    r.rlim_cur = r.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &r) == 0;
}

unsigned descriptors_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur > INT_MAX)
        return INT_MAX;
    return (unsigned)r.rlim_cur;
}

bool descriptor_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}
