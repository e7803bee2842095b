/* tail_name: names of files and folders, and what rotation makes of them. Nothing is looked up. */
#include "io/tail.h"

#include <fnmatch.h>
#include <stdlib.h>

#include "base/xalloc.h"

const char *tail_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *tail_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return xstrdup(".");
    return slash == path ? xstrdup("/") : slice_dup(slice_of(path, (size_t)(slash - path)));
}

bool tail_named_as_copy(const char *original, const char *copy)
{
    size_t n = strlen(original);
    if (strncmp(copy, original, n) == 0)
        return copy[n] && strchr(".-_~", copy[n]);
    const char *ext = strrchr(original, '.');
    if (!ext || ext == original)
        return false;
    size_t stem = (size_t)(ext - original), m = strlen(copy), tail = strlen(ext);
    if (strncmp(copy, original, stem) != 0 || m <= stem + tail + 1 || strcmp(copy + m - tail, ext) != 0)
        return false;
    return strchr(".-_", copy[stem]) && strspn(copy + stem, ".-_0123456789T") >= m - tail - stem;
}

/*
 * Where the suffix begins that a rotation has put at the end of [name, end): separators and at least so many
 * digits. `end` when there is none.
 */
static const char *number_suffix(const char *name, const char *end, unsigned digits_min)
{
    const char *at = end, *suffix = end;
    for (unsigned digits = 0; at > name && strchr(".-_:TZ0123456789", at[-1]); at--) {
        digits += ascii_digit(at[-1]);
        if (digits >= digits_min && strchr(".-_", at[-1]))
            suffix = at - 1;
    }
    return suffix;
}

/* The same for a word: app.log.old, app-old.log. */
static const char *word_suffix(const char *name, const char *end)
{
    static const char *const words[] = {"old", "bak", "backup", "prev", "previous", "last", "orig", "save"};
    struct slice s = slice_of(name, (size_t)(end - name));
    if (slice_ends(s, SLICE("~")))
        return end - 1;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);
        if (s.n > n && slice_ends(s, slice_str(words[i])) && strchr(".-_", s.p[s.n - n - 1]))
            return end - n - 1;
    }
    return end;
}

/* Returns the path [path, end) with ext behind it, if the pattern leads to it. */
static char *leads_to(const char *pattern, const char *path, const char *end, const char *ext)
{
    char *plain = xasprintf("%.*s%s", (int)(end - path), path, ext);
    if (end > tail_base_name(path) &&
        (strcmp(pattern, plain) == 0 || fnmatch(pattern, plain, FNM_PATHNAME | FNM_PERIOD) == 0))
        return plain;
    free(plain);
    return NULL;
}

/* Of app-20261123.log, app.old.log. app-2.log is a second log beside app.log. */
static char *log_by_stem(const char *pattern, const char *path, const char *ext)
{
    enum { DATE = 6 };
    const char *name = tail_base_name(path), *date = number_suffix(name, ext, DATE), *word = word_suffix(name, ext);
    char *log = date < ext ? leads_to(pattern, path, date, ext) : NULL;
    return log || word == ext ? log : leads_to(pattern, path, word, ext);
}

char *tail_log_of(const char *pattern, const char *path)
{
    enum { NUMBER = 1, SUFFIXES_MAX = 3 };
    const char *name = tail_base_name(path), *end = name + strlen(name), *ext = strrchr(name, '.');
    for (unsigned n = 0; n < SUFFIXES_MAX; n++) {
        const char *word = word_suffix(name, end), *suffix = word < end ? word : number_suffix(name, end, NUMBER);
        char *log = suffix < end ? leads_to(pattern, path, suffix, "") : NULL;
        if (log || suffix == end)
            return log ? log : ext ? log_by_stem(pattern, path, ext) : NULL;
        end = suffix;
    }
    return NULL;
}

bool tail_rotated_name(const char *pattern, const char *path)
{
    char *log = tail_log_of(pattern, path);
    free(log);
    return log != NULL;
}
