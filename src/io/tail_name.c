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
static const char *rotation_suffix(const char *name, const char *end, unsigned digits_min)
{
    const char *at = end, *suffix = end;
    for (unsigned digits = 0; at > name && strchr(".-_T0123456789", at[-1]); at--) {
        digits += ascii_digit(at[-1]);
        if (digits >= digits_min && strchr(".-_", at[-1]))
            suffix = at - 1;
    }
    return suffix;
}

bool tail_rotated_name(const char *pattern, const char *path)
{
    /* app-2.log is a second log beside app.log, app-20261123.log an old one. */
    enum { NUMBER = 1, DATE = 6 };
    const char *name = tail_base_name(path), *end = name + strlen(name), *ext = strrchr(name, '.');
    const char *suffix = rotation_suffix(name, end, NUMBER);
    if (suffix == end && ext)
        suffix = rotation_suffix(name, end = ext, DATE);
    if (suffix == name || suffix == end)
        return false;
    char *plain = xasprintf("%.*s%s", (int)(suffix - path), path, end);
    bool rotated = fnmatch(pattern, plain, FNM_PATHNAME | FNM_PERIOD) == 0;
    free(plain);
    return rotated;
}

bool tail_is_compressed(const char *path)
{
    static const char *const suffixes[] = {".gz", ".bz2", ".xz", ".zst", ".lz4", ".Z"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (slice_ends(slice_str(path), slice_str(suffixes[i])))
            return true;
    /* The kubelet compresses into 0.log.20261123-100000.tmp. */
    return strstr(tail_base_name(path), ".log.") && slice_ends(slice_str(path), SLICE(".tmp"));
}
