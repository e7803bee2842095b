#include "io/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* proxy-protocol.txt 2.1: "PROXY" SP proto SP src SP dst SP sport SP dport CRLF; the shortest is "PROXY
 * UNKNOWN\r\n". */
enum { V1_MIN = 15, V1_MAX = 107, V2_MIN = 16 };

static const char v2_signature[12] = {'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};

static bool take_port(struct slice *s, in_port_t *out)
{
    uint64_t v;
    if (!slice_u64(slice_split(s, ' '), &v) || v > 65535)
        return false;
    *out = htons((uint16_t)v);
    return true;
}

/* The source address and port of a version 1 line; the destination must be there but is of no use. */
static bool v1_address(struct slice rest, bool v6, struct sockaddr_storage *from)
{
    char text[INET6_ADDRSTRLEN];
    struct slice source = slice_split(&rest, ' ');
    in_port_t port;
    slice_split(&rest, ' ');
    if (source.n == 0 || source.n >= sizeof text || !take_port(&rest, &port))
        return false;
    memcpy(text, source.p, source.n);
    text[source.n] = '\0';
    if (v6) {
        struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = port};
        if (inet_pton(AF_INET6, text, &a.sin6_addr) != 1)
            return false;
        memcpy(from, &a, sizeof a);
        return true;
    }
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = port};
    if (inet_pton(AF_INET, text, &a.sin_addr) != 1)
        return false;
    memcpy(from, &a, sizeof a);
    return true;
}

static enum proxy_result v1_read(struct slice head, struct sockaddr_storage *from, size_t *want)
{
    if (!slice_ends(head, SLICE("\r\n"))) {
        *want = 1;
        return head.n < V1_MAX && !slice_chr(head, '\n') ? PROXY_MORE : PROXY_BAD;
    }
    struct slice rest = slice_sub(head, 6, head.n - 2);
    struct slice proto = slice_split(&rest, ' ');
    if (slice_is(proto, "UNKNOWN"))
        return PROXY_DONE;
    bool v6 = slice_is(proto, "TCP6");
    return (v6 || slice_is(proto, "TCP4")) && v1_address(rest, v6, from) ? PROXY_DONE : PROXY_BAD;
}

static size_t byte_at(struct slice s, size_t i)
{
    return (unsigned char)s.p[i];
}

/* 2.2: version and command, family and transport, length of what follows, source, destination, ports. */
static enum proxy_result v2_read(struct slice head, struct sockaddr_storage *from, size_t *want)
{
    if (head.n < V2_MIN) {
        *want = V2_MIN - head.n;
        return PROXY_MORE;
    }
    size_t total = V2_MIN + byte_at(head, 14) * 256 + byte_at(head, 15);
    size_t version = byte_at(head, 12) >> 4, command = byte_at(head, 12) & 15, family = byte_at(head, 13) >> 4;
    if (version != 2 || command > 1 || total > PROXY_HEADER_MAX)
        return PROXY_BAD;
    if (head.n < total) {
        *want = total - head.n;
        return PROXY_MORE;
    }
    if (command == 0)
        return PROXY_DONE;
    if (family == 1 && total >= V2_MIN + 12) {
        struct sockaddr_in a = {.sin_family = AF_INET};
        memcpy(&a.sin_addr, head.p + 16, 4);
        memcpy(&a.sin_port, head.p + 24, 2);
        memcpy(from, &a, sizeof a);
    } else if (family == 2 && total >= V2_MIN + 36) {
        struct sockaddr_in6 a = {.sin6_family = AF_INET6};
        memcpy(&a.sin6_addr, head.p + 16, 16);
        memcpy(&a.sin6_port, head.p + 48, 2);
        memcpy(from, &a, sizeof a);
    } else if (family == 1 || family == 2) {
        return PROXY_BAD;
    }
    return PROXY_DONE;
}

enum proxy_result proxy_read(struct slice head, struct sockaddr_storage *from, size_t *want)
{
    *from = (struct sockaddr_storage){.ss_family = AF_UNSPEC};
    struct slice v1 = SLICE("PROXY "), v2 = {v2_signature, sizeof v2_signature};
    /* Version 1's shortest header is shorter than version 2's: ask for no more than that. */
    struct slice seen = slice_sub(head, 0, V1_MIN);
    if (!slice_starts(slice_sub(v1, 0, seen.n), slice_sub(seen, 0, v1.n)) &&
        !slice_starts(slice_sub(v2, 0, seen.n), slice_sub(seen, 0, v2.n)))
        return PROXY_BAD;
    if (head.n < V1_MIN) {
        *want = V1_MIN - head.n;
        return PROXY_MORE;
    }
    return head.p[0] == 'P' ? v1_read(head, from, want) : v2_read(head, from, want);
}
