#include "io/unix_peer.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CGROUP_MAX = 4096, UNIT_MAX = 128 };

static const int64_t LOOK_US = 1000000;

bool unix_peer_of_message(struct msghdr *h, struct ucred *out)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS && c->cmsg_len == CMSG_LEN(sizeof *out)) {
            memcpy(out, CMSG_DATA(c), sizeof *out);
            return true;
        }
    return false;
}

bool unix_peer_of_socket(int fd, struct ucred *out)
{
    socklen_t len = sizeof *out;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, out, &len) == 0 && len == sizeof *out;
}

static bool is_unit(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alnum(s.p[i]) && !strchr(":_.@\\-", s.p[i]))
            return false;
    return s.n > 0 && s.n <= UNIT_MAX && !slice_ends(s, SLICE(".slice"));
}

struct slice unix_peer_unit(struct slice cgroup)
{
    while (cgroup.n) {
        struct slice path = slice_split(&cgroup, '\n');
        slice_split(&path, ':');
        struct slice controllers = slice_split(&path, ':');
        if (controllers.n && !slice_is(controllers, "name=systemd"))
            continue;
        /* The unit stands below the first part that is no slice, where a user may make groups of its own. */
        while (path.n) {
            struct slice part = slice_split(&path, '/');
            if (part.n && !slice_ends(part, SLICE(".slice")))
                return is_unit(part) ? part : SLICE_NONE;
        }
    }
    return SLICE_NONE;
}

static size_t read_cgroup(uint32_t pid, char out[CGROUP_MAX])
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%u/cgroup", pid);
    int fd = pid ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    ssize_t n = fd >= 0 ? read(fd, out, CGROUP_MAX) : 0;
    if (fd >= 0)
        close(fd);
    return n > 0 ? (size_t)n : 0;
}

static void look_up(struct unix_peer *p, const struct ucred *cred, int64_t now_us)
{
    char cgroup[CGROUP_MAX];
    *p = (struct unix_peer){.pid = cred->pid > 0 ? (uint32_t)cred->pid : 0, .uid = cred->uid, .read_us = now_us};
    struct slice unit = unix_peer_unit(slice_of(cgroup, read_cgroup(p->pid, cgroup)));
    int n = snprintf(p->text, sizeof p->text, "uid=%u", p->uid);
    if (p->pid)
        n += snprintf(p->text + n, sizeof p->text - (size_t)n, " pid=%u", p->pid);
    if (unit.n)
        n += snprintf(p->text + n, sizeof p->text - (size_t)n, " unit=%.*s", SLICE_ARG(unit));
    p->n = (uint8_t)n;
}

void unix_peer_to_stream(struct unix_peer *p, const struct ucred *cred, int64_t now_us, struct stream *s)
{
    if (!cred) {
        *p = (struct unix_peer){0};
    } else {
        uint32_t pid = cred->pid > 0 ? (uint32_t)cred->pid : 0;
        bool same =
            p->read_us && p->pid == pid && p->uid == cred->uid && now_us >= p->read_us && now_us - p->read_us < LOOK_US;
        if (!same)
            look_up(p, cred, now_us);
    }
    s->peer_pid = p->pid;
    s->sender = p->n ? slice_of(p->text, p->n) : SLICE_NONE;
}
