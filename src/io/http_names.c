#include "io/http_names.h"

#include <string.h>
#include <unistd.h>

static struct slice without_dot(struct slice s)
{
    return s.n > 1 && s.p[s.n - 1] == '.' ? slice_sub(s, 0, s.n - 1) : s;
}

static bool holds_only(struct slice s, const char *bytes)
{
    for (size_t i = 0; i < s.n; i++)
        if (!strchr(bytes, ascii_lower(s.p[i])))
            return false;
    return s.n > 0;
}

/* Whether the name is an IPv6 address in brackets, or digits and dots alone, which no name server's name can be (RFC
   3696, 2). */
static bool is_address(struct slice s)
{
    if (slice_starts(s, SLICE("[")) && slice_ends(s, SLICE("]")))
        return holds_only(slice_sub(s, 1, s.n - 1), "0123456789abcdef:.");
    return holds_only(s, "0123456789.");
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
