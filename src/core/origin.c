#include "core/origin.h"

#include "core/recognise.h"

/* Docker's syslog driver tags a line with the container's id, whole or its first twelve digits. */
enum { CONTAINER_SHORT = 12, CONTAINER_LONG = 64 };

static bool is_container_id(struct slice s)
{
    const char *e = s.p + s.n;
    if (s.n == 36)
        return recognise_uuid(s.p, e) == s.n;
    if (s.n != CONTAINER_SHORT && s.n != CONTAINER_LONG)
        return false;
    size_t letters = 0, digits = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_hex(s.p[i]) || (s.p[i] >= 'A' && s.p[i] <= 'F'))
            return false;
        digits += ascii_digit(s.p[i]);
        letters += !ascii_digit(s.p[i]);
    }
    return digits && (letters || s.n == CONTAINER_LONG);
}

struct slice origin_app(const struct record *r)
{
    struct slice s = r->app;
    if (!s.n)
        return s;
    if (is_container_id(s))
        return SLICE("container");
    size_t pod = recognise_pod_suffix(s.p, s.p + s.n);
    return pod && pod + 1 < s.n ? slice_sub(s, 0, s.n - pod - 1) : s;
}

struct slice origin_home(const struct record *r, struct arena *a)
{
    struct slice s = origin_app(r);
    s = s.n || !r->home ? s : r->home->program;
    return s.n ? s : origin_file(r, a);
}

struct slice origin_logger(const struct record *r, struct log_template *m, struct arena *a)
{
    bool plain = true;
    for (size_t i = 0; i < r->logger.n && plain; i++)
        plain = ascii_alpha(r->logger.p[i]) || r->logger.p[i] == '.' || r->logger.p[i] == '_';
    if (plain)
        return r->logger;
    log_template_message(r->logger, m);
    return arena_dup(a, sbuf_slice(&m->text));
}

/* org.example.Pool is Pool; example.pool is itself: only a class says enough by its last name. */
static struct slice class_name(struct slice s)
{
    ptrdiff_t dot = slice_rfind(s, SLICE("."));
    if (dot < 1 || (size_t)dot + 2 > s.n || s.p[dot + 1] < 'A' || s.p[dot + 1] > 'Z')
        return s;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alnum(s.p[i]) && s.p[i] != '.' && s.p[i] != '_' && s.p[i] != '$')
            return s;
    return slice_from(s, (size_t)dot + 1);
}

static struct slice level_type(enum level level)
{
    switch (level) {
    case LEVEL_FATAL:
        return SLICE("Fatal");
    case LEVEL_WARNING:
        return SLICE("Warning");
    case LEVEL_INFO:
    case LEVEL_DEBUG:
        return SLICE("Notice");
    default:
        return SLICE("Error");
    }
}

struct slice origin_type(const struct record *r, enum level level, struct log_template *m, struct arena *a)
{
    struct slice s = origin_app(r);
    if (!s.n && r->home)
        s = r->home->program;
    if (!s.n)
        s = class_name(origin_logger(r, m, a));
    if (!s.n && format_is_web(r->format))
        s = slice_str(format_name(r->format));
    return s.n ? s : level_type(level);
}

bool origin_is_nobody(struct slice host)
{
    static const char *const names[] = {"-", "localhost", "localhost4", "localhost6", "::1", "::", "0.0.0.0"};
    host = slice_trim(host);
    if (slice_istarts(host, SLICE("::ffff:")))
        host = slice_from(host, 7);
    /* localhost.localdomain and localhost. are the same; 127.0.1.1 is what Debian calls itself. */
    struct slice rest = host, first = slice_split(&rest, '.');
    if (slice_is(first, "127") && recognise_ip4(host.p, host.p + host.n) == host.n)
        return true;
    if (slice_istarts(first, SLICE("localhost")) && (!rest.n || slice_istarts(rest, SLICE("localdomain"))))
        host = first;
    bool nobody = host.n == 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        nobody |= slice_ieq(host, slice_str(names[i]));
    return nobody;
}
