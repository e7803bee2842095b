#include "io/http_ask.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { HEAD_LINE_MAX = 8192, HEAD_LINES_MAX = 100 };

static int connect_unix(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof sa.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(sa.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof sa) != 0) {
        int why = errno;
        close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

/* What listens on every address listens on loopback as well. */
static const char *reachable(const char *host)
{
    return strcmp(host, "0.0.0.0") == 0 ? "127.0.0.1" : strcmp(host, "::") == 0 ? "::1" : host;
}

static int connect_tcp(const struct http_ask *at)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *all = NULL;
    char port[8];
    int fd = -1, why = EADDRNOTAVAIL;
    snprintf(port, sizeof port, "%u", at->port);
    if (getaddrinfo(reachable(at->host), port, &hints, &all) != 0)
        all = NULL;
    for (const struct addrinfo *a = all; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, a->ai_addr, a->ai_addrlen) == 0)
            continue;
        why = errno;
        close(fd);
        fd = -1;
    }
    if (all)
        freeaddrinfo(all);
    errno = why;
    return fd;
}

static bool send_all(int fd, struct slice text)
{
    while (text.n) {
        ssize_t n = send(fd, text.p, text.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        slice_skip(&text, (size_t)n);
    }
    return true;
}

/* HTTP/1.0: the answer is not cut into chunks, and ends with the connection. */
static bool send_request(int fd, const struct http_ask *at, const char *path)
{
    struct sbuf head;
    sbuf_init(&head, HEAD_LINE_MAX);
    sbuf_addf(&head, "GET %s HTTP/1.0\r\nHost: localhost\r\n", path);
    if (at->token)
        sbuf_addf(&head, "Authorization: Bearer %s\r\n", at->token);
    sbuf_adds(&head, SLICE("\r\n"));
    bool sent = !head.over && send_all(fd, sbuf_slice(&head));
    sbuf_done(&head);
    return sent;
}

static bool read_head(FILE *in, unsigned *status)
{
    char line[HEAD_LINE_MAX];
    if (!fgets(line, sizeof line, in) || sscanf(line, "HTTP/1.%*1u %3u", status) != 1)
        return false;
    for (unsigned n = 0; n < HEAD_LINES_MAX && fgets(line, sizeof line, in); n++)
        if (strcmp(line, "\r\n") == 0)
            return true;
    return false;
}

FILE *http_ask(const struct http_ask *at, const char *path, unsigned *status, struct diag *d)
{
    bool over_unix = at->host[0] == '/';
    int fd = over_unix ? connect_unix(at->host) : connect_tcp(at);
    FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
    if (in && send_request(fd, at, path) && read_head(in, status))
        return in;
    const char *why = in ? "what answers there is no crumbd" : strerror(errno);
    if (in)
        fclose(in);
    if (over_unix)
        err_plain(d, "unix:%s: %s. The daemon must run, with this `http`", at->host, why);
    else
        err_plain(d, "http://%s:%u: %s. The daemon must run, with this `http`", at->host, at->port, why);
    return NULL;
}

void http_ask_encode(struct sbuf *out, struct slice text)
{
    for (size_t i = 0; i < text.n; i++)
        if (ascii_alnum(text.p[i]))
            sbuf_addc(out, text.p[i]);
        else
            sbuf_addf(out, "%%%02X", (unsigned char)text.p[i]);
}
