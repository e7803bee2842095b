#include "core/program.h"

#include "core/breadcrumbs.h"
#include "parsers/container.h"

/* Returns the end of the path, of which a file's name is made: as much as a breadcrumb has room for. */
static struct slice path_end(struct slice path)
{
    return slice_from(path, path.n > BREADCRUMBS_APP_MAX ? path.n - BREADCRUMBS_APP_MAX : 0);
}

static bool is_called(const struct stream *s, struct slice name)
{
    return slice_find(s->source, name) >= 0;
}

/* Whether the format's own category names another program than the file: Apache's, gunicorn's and others' access lines
 * are as nginx's. Nobody has said that they are where they were found among others. */
static bool is_misnamed(struct stream *s)
{
    if (s->called == STREAM_CALLED_UNKNOWN) { /* asked once: each line comes by here */
        bool other = is_called(s, SLICE("/apache")) || is_called(s, SLICE("/httpd")) ||
                     (s->format == FORMAT_AUTO && !is_called(s, SLICE("nginx")));
        s->called = other ? STREAM_CALLED_BY_FILE : STREAM_CALLED_BY_FORMAT;
    }
    return s->called == STREAM_CALLED_BY_FILE;
}

struct program program_of(struct stream *s, const struct record *r)
{
    const struct format_traits *traits = format_traits(r->format);
    struct slice name = r->app.n || !r->container ? r->app : r->container->name;
    bool by_file = !name.n && stream_file(s) && (!traits->category || (traits->access && is_misnamed(s)));
    return (struct program){.name = by_file ? path_end(s->source) : name, .by_file = by_file};
}

static bool is_digits(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_digit(s.p[i]) && s.p[i] != '-')
            return false;
    return s.n > 0;
}

/* Takes .gz, .1, -20261123, .log and their like off the end. False: there is none. */
static bool take_ending(struct slice *name)
{
    static const struct slice endings[] = {{"gz", 2}, {"old", 3}, {"log", 3}, {"err", 3}, {"txt", 3}};
    for (size_t at = name->n; at-- > 1;) {
        struct slice ending = slice_from(*name, at + 1);
        bool known = name->p[at] == '-' && (ending.n == 8 || ending.n == 10) && is_digits(ending);
        if (name->p[at] == '.' || name->p[at] == '_') {
            known = is_digits(ending);
            for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
                known |= slice_eq(ending, endings[i]);
        }
        if (known)
            name->n = at;
        if (known || name->p[at] == '.')
            return known;
    }
    return false;
}

/* Names that tell nothing without their folder's. */
static bool is_common(struct slice name)
{
    static const char *const names[] = {"error",  "errors",  "access", "log",        "logs",        "out",  "output",
                                        "stdout", "stderr",  "app",    "production", "development", "main", "current",
                                        "server", "default", "debug",  "daemon",     "var"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_is(name, names[i]))
            return true;
    return false;
}

static struct slice last_part(struct slice *path)
{
    ptrdiff_t slash = slice_rfind(*path, SLICE("/"));
    struct slice last = slice_from(*path, (size_t)(slash + 1));
    *path = slice_sub(*path, 0, slash > 0 ? (size_t)slash : 0);
    return last;
}

struct slice program_of_file(struct slice path, struct arena *a)
{
    struct slice name = last_part(&path), folder;
    while (take_ending(&name))
        continue;
    if (!is_common(name))
        return name;
    do
        folder = last_part(&path);
    while (path.n && is_common(folder));
    if (!folder.n || is_common(folder))
        return name;
    char *both = arena_alloc(a, folder.n + 1 + name.n);
    memcpy(both, folder.p, folder.n);
    both[folder.n] = '.';
    memcpy(both + folder.n + 1, name.p, name.n);
    return slice_of(both, folder.n + 1 + name.n);
}
