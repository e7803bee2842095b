#include "io/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/descriptors.h"
#include "io/peer.h"

enum { SYSTEMD_FIRST_FD = 3, SYSTEMD_FDS_MAX = 1024, BACKLOG = 1024, SEATS = 256 };

union address {
    struct sockaddr sa;
    struct sockaddr_un un;
    struct sockaddr_storage room;
};

static bool refuse(struct diag *d, const struct listen_on *on, const char *why)
{
    err_add(d, ERR_ERROR, on->place, "cannot listen on %s: %s", on->text, why);
    return false;
}

/* What an admin should do about errno e of socket, bind or listen. */
static bool refuse_errno(struct diag *d, const struct listen_on *on, int socktype, int e)
{
    char *why;
    switch (e) {
    case EADDRINUSE:
        why = xasprintf("port %u is in use%s. Who has it: ss -ln%cp 'sport = :%u'. Stop that service or choose "
                        "another port",
                        on->port, on->shares ? " by a process without reuse_port, or of another user" : "",
                        socktype == SOCK_DGRAM ? 'u' : 't', on->port);
        break;
    case EACCES:
    case EPERM:
        why = on->port && on->port < 1024
                  ? xasprintf("no privilege for port %u. Use a port above 1024, or give crumbd CAP_NET_BIND_SERVICE "
                              "(systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE) or a .socket unit",
                              on->port)
                  : xasprintf("%s. A security policy (SELinux, AppArmor, seccomp) may forbid it", strerror(e));
        break;
    case EADDRNOTAVAIL:
        why = xasprintf("this host has no address %s. See them with: ip addr. 0.0.0.0 or [::] is every address",
                        on->host);
        break;
    case EAFNOSUPPORT:
        why = xasprintf("this kernel has no IPv6. Use an IPv4 address such as 0.0.0.0");
        break;
    default:
        why = xasprintf("%s", strerror(e));
    }
    refuse(d, on, why);
    free(why);
    return false;
}

static bool any_address(const struct peer *p)
{
    return strcmp(p->text, "0.0.0.0") == 0 || strcmp(p->text, "::") == 0;
}

/* systemd's ListenStream=12201 binds [::]:12201, which is what 0.0.0.0:12201 asks for, too. */
static bool same_address(const union address *have, const union address *want)
{
    if (have->sa.sa_family == AF_UNIX || want->sa.sa_family == AF_UNIX)
        return have->sa.sa_family == want->sa.sa_family && strcmp(have->un.sun_path, want->un.sun_path) == 0;
    struct peer a, b;
    peer_set(&a, &have->sa);
    peer_set(&b, &want->sa);
    if (a.n == 0 || b.n == 0 || a.port != b.port)
        return false;
    return memcmp(a.addr, b.addr, sizeof a.addr) == 0 || (any_address(&a) && any_address(&b));
}

static int socket_type(int fd)
{
    int type = 0;
    socklen_t len = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 ? type : 0;
}

static uint64_t env_number(const char *name)
{
    uint64_t v = 0;
    const char *text = getenv(name);
    return text && slice_u64(slice_str(text), &v) ? v : 0;
}

/* Which of the passed sockets some input took; written before listen_say_unclaimed only, by one thread at a time. */
static bool claimed[SYSTEMD_FDS_MAX];

/* A duplicate of the passed socket that fits, or -1. sd_listen_fds(3): LISTEN_PID is ours, LISTEN_FDS from
 * descriptor 3 on. */
static int from_systemd(const union address *want, int socktype)
{
    uint64_t n = env_number("LISTEN_FDS");
    if (env_number("LISTEN_PID") != (uint64_t)getpid())
        return -1;
    for (int fd = SYSTEMD_FIRST_FD; n > 0 && n <= SYSTEMD_FDS_MAX; fd++, n--) {
        union address have = {0};
        socklen_t len = sizeof have - 1;
        /* What `crumbd exec` starts must not inherit it. */
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
            continue;
        if (socket_type(fd) == socktype && getsockname(fd, &have.sa, &len) == 0 && same_address(&have, want)) {
            claimed[fd - SYSTEMD_FIRST_FD] = true;
            return fcntl(fd, F_DUPFD_CLOEXEC, 0);
        }
    }
    return -1;
}

void listen_say_unclaimed(void)
{
    uint64_t n = env_number("LISTEN_FDS");
    if (env_number("LISTEN_PID") != (uint64_t)getpid() || n > SYSTEMD_FDS_MAX)
        return;
    for (int fd = SYSTEMD_FIRST_FD; fd < SYSTEMD_FIRST_FD + (int)n; fd++) {
        union address have = {0};
        socklen_t len = sizeof have - 1;
        struct peer p = {0};
        if (claimed[fd - SYSTEMD_FIRST_FD] || getsockname(fd, &have.sa, &len) != 0)
            continue;
        peer_set(&p, &have.sa);
        log_at(LOG_WARN,
               "systemd passed a socket that no input reads; add an input for it or take it out of the .socket "
               "unit",
               log_s("address", p.n ? peer_slice(&p) : slice_str(have.un.sun_path)), log_i("port", p.port),
               log_c("type", socket_type(fd) == SOCK_STREAM ? "stream" : "datagram"));
    }
}

/* --- sockets that go over to another listener --- */

/* Those that are open, as far as there are seats; a listener without one is never lent. */
static struct seat {
    int fd;
    char *text;      /* NULL: the seat is free */
    unsigned lender; /* seat of the listener that has the same socket and is still open; SEATS: none */
    bool passed;     /* as in the listener */
    bool lent, taken;
} seats[SEATS + 1];

/* SEATS: there is none. */
static unsigned take_seat(const struct listener *l, const char *text, unsigned lender)
{
    unsigned i = 0;
    while (i < SEATS && seats[i].text)
        i++;
    if (i < SEATS)
        seats[i] = (struct seat){.fd = l->fd, .text = xstrdup(text), .lender = lender, .passed = l->passed};
    return i;
}

/* Returns whether the socket's file goes with it: nobody else listens there. */
static bool leave_seat(unsigned at)
{
    struct seat *seat = &seats[at];
    bool alone = at == SEATS || (!seat->taken && seat->lender == SEATS);
    for (unsigned i = 0; i < SEATS; i++)
        if (seats[i].text && seats[i].lender == at)
            seats[i].lender = SEATS;
    free(seat->text);
    *seat = (struct seat){.fd = -1, .lender = SEATS};
    return alone;
}

void listen_lend(const char *text)
{
    for (unsigned i = 0; i < SEATS; i++) {
        if (!text)
            seats[i].lent = seats[i].taken = false;
        else if (seats[i].text && strcmp(seats[i].text, text) == 0)
            seats[i].lent = true;
    }
}

bool listen_is_taken(const char *text)
{
    bool taken = false;
    for (unsigned i = 0; i < SEATS; i++)
        taken |= seats[i].taken && strcmp(seats[i].text, text) == 0;
    return taken;
}

/* A duplicate of a lent socket that fits; false: there is none. */
static bool from_lender(struct listener *l, const union address *want, int socktype)
{
    for (unsigned i = 0; i < SEATS; i++) {
        union address have = {0};
        socklen_t len = sizeof have - 1;
        if (!seats[i].lent || socket_type(seats[i].fd) != socktype || getsockname(seats[i].fd, &have.sa, &len) != 0 ||
            !same_address(&have, want))
            continue;
        seats[i].lent = false;
        seats[i].taken = true;
        l->fd = fcntl(seats[i].fd, F_DUPFD_CLOEXEC, 0);
        l->passed = seats[i].passed;
        l->seat = i;
        return l->fd >= 0;
    }
    return false;
}

static bool set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static uint16_t bound_port(int fd)
{
    union address a = {0};
    socklen_t len = sizeof a;
    struct peer p = {0};
    if (getsockname(fd, &a.sa, &len) == 0)
        peer_set(&p, &a.sa);
    return p.port;
}

/* The first address of the name, IPv4 before IPv6, since senders that are told `localhost` try that. */
static bool resolve(union address *out, socklen_t *len, const struct listen_on *on, int socktype, struct diag *d)
{
    struct addrinfo hints = {.ai_socktype = socktype, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *all = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", on->port);
    int e = getaddrinfo(on->host && *on->host ? on->host : "0.0.0.0", port, &hints, &all);
    if (e != 0) {
        char *why =
            xasprintf("the name %s has no address (%s). Write an address of this host, or 0.0.0.0 for every one",
                      on->host, e == EAI_SYSTEM ? strerror(errno) : gai_strerror(e));
        refuse(d, on, why);
        free(why);
        return false;
    }
    struct addrinfo *best = all;
    for (struct addrinfo *a = all; a && best->ai_family != AF_INET; a = a->ai_next)
        if (a->ai_family == AF_INET)
            best = a;
    memcpy(out, best->ai_addr, best->ai_addrlen);
    *len = best->ai_addrlen;
    freeaddrinfo(all);
    return true;
}

static bool open_inet(struct listener *l, const struct listen_on *on, int socktype, struct diag *d)
{
    union address want = {0};
    socklen_t len;
    if (!resolve(&want, &len, on, socktype, d))
        return false;
    if (from_lender(l, &want, socktype))
        return true;
    l->fd = from_systemd(&want, socktype);
    if (l->fd >= 0) {
        log_at(LOG_INFO, "took a socket from systemd", log_c("input", on->text));
        l->passed = true;
        return true;
    }
    l->fd = socket(want.sa.sa_family, socktype | SOCK_CLOEXEC, 0);
    int yes = 1, no = 0;
    /* For UDP, SO_REUSEADDR would let a second process take the port silently. */
    if (l->fd >= 0 && socktype == SOCK_STREAM)
        setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (l->fd >= 0 && on->shares)
        setsockopt(l->fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
    if (l->fd >= 0 && want.sa.sa_family == AF_INET6)
        setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (l->fd < 0 || bind(l->fd, &want.sa, len) != 0)
        return refuse_errno(d, on, socktype, errno);
    return true;
}

/* Removes a socket file that a dead process left. False: it is not ours to remove. */
static bool clear_stale(const union address *a, const struct listen_on *on, int socktype, struct diag *d)
{
    struct stat st;
    if (lstat(on->host, &st) != 0)
        return true; /* bind will say what is wrong, if anything is */
    if (!S_ISSOCK(st.st_mode))
        return refuse(d, on, "there is a file of this name that is not a socket. Move it away or choose another path");
    int fd = socket(AF_UNIX, socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool dead = fd >= 0 && connect(fd, &a->sa, sizeof a->un) != 0 && errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    if (!dead)
        return refuse(d, on, "another process listens on this path. Who: ss -lxp. Stop it or choose another path");
    if (unlink(on->host) != 0) {
        char *why = xasprintf("the old socket file cannot be removed (%s). Remove it by hand", strerror(errno));
        refuse(d, on, why);
        free(why);
        return false;
    }
    return true;
}

static bool open_unix(struct listener *l, const struct listen_on *on, int socktype, struct diag *d)
{
    union address a = {.un = {.sun_family = AF_UNIX}};
    if (strlen(on->host) >= sizeof a.un.sun_path)
        return refuse(d, on, "the path is longer than the 107 bytes a unix socket may have");
    memcpy(a.un.sun_path, on->host, strlen(on->host));
    if (from_lender(l, &a, socktype)) {
        l->unlink_path = l->passed ? NULL : xstrdup(on->host);
        return true;
    }
    l->fd = from_systemd(&a, socktype);
    if (l->fd >= 0) {
        log_at(LOG_INFO, "took a socket from systemd", log_c("input", on->text));
        l->passed = true;
        return true;
    }
    if (!clear_stale(&a, on, socktype, d))
        return false;
    l->fd = socket(AF_UNIX, socktype | SOCK_CLOEXEC, 0);
    if (l->fd < 0 || bind(l->fd, &a.sa, sizeof a.un) != 0) {
        char *why = xasprintf(errno == ENOENT ? "%s: its folder does not exist (systemd: RuntimeDirectory=crumbd)"
                                              : "%s. crumbd's user must be able to write in its folder",
                              strerror(errno));
        refuse(d, on, why);
        free(why);
        return false;
    }
    l->unlink_path = xstrdup(on->host);
    /* Every local process may write, as with /dev/log. */
    if (chmod(on->host, on->socket_mode ? on->socket_mode : 0666) != 0)
        log_at(LOG_WARN, "socket mode not set, some programs may not be able to write to it", log_c("input", on->text));
    return true;
}

bool listen_open(struct listener *l, const struct listen_on *on, int socktype, struct diag *d)
{
    *l = (struct listener){.fd = -1, .seat = SEATS};
    if (socktype == SOCK_STREAM)
        descriptors_more(); /* each connection needs one */
    bool ok = on->over_unix ? open_unix(l, on, socktype, d) : open_inet(l, on, socktype, d);
    if (ok && ((socktype == SOCK_STREAM && listen(l->fd, BACKLOG) != 0) || !set_nonblocking(l->fd)))
        ok = refuse_errno(d, on, socktype, errno);
    if (!ok) {
        if (l->seat != SEATS) { /* the lender's */
            free(l->unlink_path);
            l->unlink_path = NULL;
            l->seat = SEATS;
        }
        listen_close(l);
        return false;
    }
    l->port = bound_port(l->fd);
    l->seat = take_seat(l, on->text, l->seat);
    const struct log_tag tags[] = {log_c("input", on->text), log_i("port", l->port)};
    log_listed(LOG_INFO, "listening", tags, l->port ? 2 : 1);
    return true;
}

bool listener_is_loopback(const struct listener *l)
{
    union address a = {0};
    socklen_t len = sizeof a;
    struct peer p = {0};
    if (getsockname(l->fd, &a.sa, &len) == 0)
        peer_set(&p, &a.sa);
    return peer_is_local(&p);
}

void listen_close(struct listener *l)
{
    bool alone = leave_seat(l->fd >= 0 ? l->seat : SEATS);
    if (l->fd >= 0)
        close(l->fd);
    if (l->unlink_path && alone)
        unlink(l->unlink_path);
    free(l->unlink_path);
    *l = (struct listener){.fd = -1, .seat = SEATS};
}

struct listen_on listen_on_input(const struct input_options *opt)
{
    return (struct listen_on){.text = opt->text,
                              .host = opt->host,
                              .port = opt->port,
                              .over_unix = input_over_unix(opt),
                              .socket_mode = opt->socket_mode,
                              .shares = opt->reuse_port,
                              .place = opt->place};
}

void listen_receive_buffer(int fd, const char *text, uint64_t bytes)
{
    int want = bytes > INT32_MAX / 2 ? INT32_MAX / 2 : (int)bytes, got = 0;
    socklen_t len = sizeof got;
    if (want == 0)
        return;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &want, sizeof want) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &want, sizeof want);
    /* The kernel doubles what is asked, for its own bookkeeping, and shows the doubled value (socket(7)). */
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &len) == 0 && got / 2 < want)
        log_at(LOG_WARN,
               "the kernel gave a smaller receive buffer than receive_buffer; raise it with sysctl "
               "net.core.rmem_max, or give "
               "crumbd CAP_NET_ADMIN",
               log_c("input", text), log_i("wanted_bytes", want), log_i("got_bytes", got / 2));
}
