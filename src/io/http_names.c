#include "io/http_names.h"

#include <unistd.h>

static struct slice without_dot(struct slice s)
{
    return s.n > 1 && s.p[s.n - 1] == '.' ? slice_sub(s, 0, s.n - 1) : s;
}

/* In brackets, or digits and dots alone, which no name server's name can be (RFC 3696, 2). */
static bool is_address(struct slice s)
{
    bool digits = s.n > 0;
    for (size_t i = 0; i < s.n; i++)
        digits &= ascii_digit(s.p[i]) || s.p[i] == '.';
    return digits || slice_starts(s, SLICE("["));
}

static bool is_own(struct slice s)
{
    char name[256] = "";
    if (gethostname(name, sizeof name - 1) != 0 || !name[0])
        return false;
    struct slice rest = slice_str(name), whole = rest, first = slice_split(&rest, '.');
    return slice_ieq(s, whole) || slice_ieq(s, first);
}

bool http_names_hold(const struct slice *names, unsigned n, const char *host)
{
    struct slice s = without_dot(slice_str(host));
    if (s.n == 0 || is_address(s) || slice_ieq(s, SLICE("localhost")) || is_own(s))
        return true;
    for (unsigned i = 0; i < n; i++)
        if (slice_ieq(s, without_dot(names[i])))
            return true;
    return false;
}
