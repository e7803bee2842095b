#include "core/trace_in_app.h"

#include "core/trace_name.h"

static bool is_slash(char c)
{
    return c == '/' || c == '\\';
}

/* Of Windows, too: C:\srv\app is C:/srv/app. */
static bool same_in_path(char a, char b)
{
    return a == b || (is_slash(a) && is_slash(b));
}

static bool begins_path(struct slice file, struct slice entry)
{
    if (file.n < entry.n || entry.n == 0)
        return false;
    for (size_t i = 0; i < entry.n; i++)
        if (!same_in_path(file.p[i], entry.p[i]))
            return false;
    return file.n == entry.n || is_slash(entry.p[entry.n - 1]) || is_slash(file.p[entry.n]);
}

/* What a word of a module or function does not go on with. */
static bool is_boundary(char c)
{
    return c == '.' || c == ':' || c == '$' || c == '#' || c == '<' || c == '(' || c == '@' || is_slash(c);
}

static bool begins_name(struct slice name, struct slice entry)
{
    if (entry.n == 0 || !slice_starts(name, entry))
        return false;
    struct slice rest = slice_from(name, entry.n);
    return rest.n == 0 || is_boundary(entry.p[entry.n - 1]) || is_boundary(rest.p[0]) ||
           slice_starts(rest, SLICE("->"));
}

/* A function is qualified where the language knows no module; alone it is the name of no code. */
static bool begins_frame(const struct trace_frame *f, struct slice path, struct slice entry)
{
    return begins_path(path, entry) || begins_name(f->module, entry) ||
           (f->module.n == 0 && f->function.n > entry.n && begins_name(f->function, entry));
}

bool trace_in_app_frame(const struct trace_frame *f, const struct slice *entries, unsigned n, bool otherwise)
{
    struct slice path = trace_name_path(f->file);
    size_t longest = 0;
    for (unsigned i = 0; i < n; i++) {
        bool other = entries[i].n && entries[i].p[0] == '-';
        struct slice entry = slice_from(entries[i], other);
        if (entry.n >= longest && begins_frame(f, path, entry)) {
            longest = entry.n;
            otherwise = !other;
        }
    }
    return otherwise;
}

static void mark(struct trace_frames *frames, const struct slice *entries, unsigned n)
{
    for (unsigned i = 0; i < frames->n; i++)
        frames->v[i].in_app = trace_in_app_frame(&frames->v[i], entries, n, frames->v[i].in_app);
}

void trace_in_app(struct trace *t, const struct slice *entries, unsigned n)
{
    for (unsigned i = 0; n && i < t->n_exceptions; i++)
        mark(&t->exceptions[i].frames, entries, n);
    for (unsigned i = 0; n && i < t->n_threads; i++)
        mark(&t->threads[i].frames, entries, n);
}
