/* tail_archive: what is no log by its name, or by its first bytes. */
#include "io/tail.h"

#include <unistd.h>

#include "base/log.h"

enum { TAR_BYTES = 262 };

bool tail_is_compressed(const char *path)
{
    static const char *const suffixes[] = {".gz", ".bz2", ".xz", ".zst", ".lz4", ".lzma", ".lzo", ".lz",
                                           ".Z",  ".br",  ".7z", ".zip", ".tgz", ".txz",  ".tbz", ".tar"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (slice_ends(slice_str(path), slice_str(suffixes[i])))
            return true;
    /* The kubelet compresses into 0.log.20261123-100000.tmp. */
    return strstr(tail_base_name(path), ".log.") && slice_ends(slice_str(path), SLICE(".tmp"));
}

/* What the first bytes are of, when they are no log. NULL: they may be one. */
static const char *archive_of(int fd)
{
    static const struct {
        const char *is;
        size_t at, n;
        const char *bytes;
    } kinds[] = {
        {"gzip", 0, 3, "\x1f\x8b\x08"},     {"compress", 0, 2, "\x1f\x9d"},     {"bzip2", 4, 6, "1AY&SY"},
        {"xz", 0, 6, "\xfd\x37zXZ\0"},      {"zstd", 0, 4, "\x28\xb5\x2f\xfd"}, {"lz4", 0, 4, "\x04\x22\x4d\x18"},
        {"zip", 0, 4, "PK\x03\x04"},        {"7z", 0, 6, "7z\xbc\xaf\x27\x1c"}, {"lzip", 0, 4, "LZIP"},
        {"tar", TAR_BYTES - 5, 5, "ustar"},
    };
    char first[TAR_BYTES];
    ssize_t n = pread(fd, first, sizeof first, 0);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (n >= (ssize_t)(kinds[i].at + kinds[i].n) && memcmp(first + kinds[i].at, kinds[i].bytes, kinds[i].n) == 0)
            return kinds[i].is;
    return NULL;
}

void tail_say_compressed(struct tail *t, const char *path)
{
    if (t->compressed_said)
        return;
    t->compressed_said = true;
    log_info("compressed files and archives are not read as lines", log_c("tail", t->opt->text), log_c("path", path));
}

bool tail_is_archive(struct tail *t, int fd, const char *path)
{
    struct safe_why why = {.reason = SAFE_ARCHIVE};
    const char *kind = archive_of(fd);
    if (kind) {
        memcpy(why.name, kind, strlen(kind) + 1);
        tail_cannot_read(t, path, &why);
    }
    return kind != NULL;
}
