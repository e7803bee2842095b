/* syslog_uptime: the seconds since boot that the kernel writes in front of its lines. */
#include "parsers/syslog_uptime.h"

#include "parsers/syslog_parts.h"

enum { MICROS = 6, CALLER_MAX = 12, DELTA_MAX = 64 };

static bool is_in_caller(char c)
{
    return c == ' ' || ascii_digit(c);
}

/* "[    T7]" or "[    C0]" behind the seconds: the task or the processor that has printed it. */
static size_t caller_at(struct slice s)
{
    struct slice inside = slice_from(s, 1);
    size_t blanks = slice_span(slice_sub(inside, 0, CALLER_MAX), is_in_caller), digits;
    slice_skip(&inside, blanks + 1);
    digits = slice_span(slice_sub(inside, 0, CALLER_MAX), ascii_digit);
    bool caller = starts_with(s, '[') && blanks + 1 < s.n && (s.p[blanks + 1] == 'T' || s.p[blanks + 1] == 'C');
    return caller && digits && starts_with(slice_from(inside, digits), ']') ? blanks + digits + 3 : 0;
}

/* The kernel writes six digits behind the point: other programs that count from their start write fewer, and devices
 * that say whose line it is may cut them. */
size_t syslog_uptime(struct slice s, bool known, struct slice *seconds)
{
    struct slice rest = slice_from(s, 1);
    if (!starts_with(s, '['))
        return 0;
    skip_spaces(&rest);
    size_t whole = slice_span(rest, ascii_digit);
    struct slice micros = slice_from(rest, whole + 1);
    size_t digits = slice_span(micros, ascii_digit);
    if (!whole || whole >= rest.n || rest.p[whole] != '.' || !(digits == MICROS || (known && digits)))
        return 0;
    *seconds = slice_sub(rest, 0, whole + 1 + digits);
    rest = slice_from(micros, digits);
    const char *delta = slice_starts(rest, SLICE(" <")) ? slice_chr(slice_sub(rest, 0, DELTA_MAX), '>') : NULL; /* -d */
    slice_skip(&rest, delta ? (size_t)(delta - rest.p) + 1 : 0);
    if (!starts_with(rest, ']'))
        return 0;
    slice_skip(&rest, 1);
    slice_skip(&rest, caller_at(rest));
    return starts_with(rest, ' ') ? s.n - rest.n + 1 : 0;
}
