#include "app/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { BLOCK = 64 * 1024 };

static bool refuse(const char *path, int e, struct diag *d, struct err_place at)
{
    const char *hint =
        e == EACCES   ? "; let this user read it, or run crumbd as one who may; namei -l shows the rights on the way"
        : e == ENOENT ? "; check the path"
                      : "";
    if (at.file)
        err_add(d, ERR_ERROR, at, "cannot read %s: %s%s", path, strerror(e), hint);
    else
        err_add(d, ERR_ERROR, (struct err_place){.file = path}, "cannot be read: %s%s", strerror(e), hint);
    return false;
}

bool file_read(const char *path, size_t max_bytes, struct sbuf *out, struct diag *d, struct err_place at)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return refuse(path, errno, d, at);
    size_t total = 0;
    for (;;) {
        char *room = sbuf_room(out, BLOCK);
        ssize_t n = room ? read(fd, room, BLOCK) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        total += n > 0 ? (size_t)n : 0;
        if (n < 0 || !room || total > max_bytes) {
            int e = n < 0 ? errno : EFBIG;
            close(fd);
            return refuse(path, e, d, at);
        }
        if (n == 0)
            break;
        out->n += (size_t)n;
    }
    close(fd);
    return true;
}
