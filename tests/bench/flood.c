/*
 * flood: syslog messages over UDP or TCP at a given rate, and a receiver that only counts, as the yardstick.
 *
 *   flood udp PORT RATE SECONDS [BYTES]              150-byte RFC 5424 datagrams to 127.0.0.1, prints what was sent
 *   flood tcp PORT RATE SECONDS [BYTES [CONNS]]      the same ended by LF, over CONNS connections (4); RATE 0: as fast
 * as it goes flood sink PORT SECONDS                          receives datagrams with an 8 MB buffer and prints
 * received and dropped flood tcpsink PORT                               takes connections and counts line feeds until
 * all that came have closed
 *
 * Every message is different (a sequence number), and one in a hundred is an error. Prints one line: sent=N seconds=S
 * rate=R.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, BYTES_MAX = 8192, CONNS_MAX = 256, SINK_SLOT = 2048, SINK_BUFFER = 8 << 20 };

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void die(const char *what)
{
    fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
    exit(3);
}

static struct sockaddr_in loopback(const char *port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static int connected(const char *port, int type)
{
    struct sockaddr_in a = loopback(port);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        die("connect");
    return fd;
}

static void put_digits(char *at, unsigned n, uint64_t v)
{
    for (; n--; v /= 10)
        at[n] = (char)('0' + v % 10);
}

/* Where the digits are in form, and how many. Patching them is ten times as fast as printing the text, which leaves the
   processor to the receiver. */
static const char form[] =
    "<134>1 2026-11-23T10:00:00.000000Z web-0 shop 1000 ID47 - request 000000000000 took 000 ms, user 00000 ";
enum { AT_PRI = 3, AT_MICRO = 27, AT_HOST = 39, AT_PID = 49, AT_REQUEST = 66, AT_TOOK = 84, AT_USER = 97 };

/* Message number seq, exactly `bytes` long, at out, where a message of that length was before or `fresh` says that none
 * was. */
static void message(char *out, size_t bytes, uint64_t seq, bool fresh)
{
    char text[sizeof form];
    size_t n = bytes < sizeof form - 1 ? bytes : sizeof form - 1;
    memcpy(text, form, sizeof text);
    text[AT_PRI] = seq % 100 ? '4' : '1'; /* <134>: info, <131>: error */
    put_digits(text + AT_MICRO, 6, seq % 1000000);
    put_digits(text + AT_HOST, 1, seq % 7);
    put_digits(text + AT_PID, 4, 1000 + seq % 8);
    put_digits(text + AT_REQUEST, 12, seq);
    put_digits(text + AT_TOOK, 3, seq % 900);
    put_digits(text + AT_USER, 5, seq * 7919 % 100000);
    memcpy(out, text, n);
    if (fresh)
        memset(out + n, 'x', bytes - n);
}

/* Sleeps until message number `sent` is due. */
static void pace(int64_t start_us, uint64_t sent, uint64_t rate)
{
    int64_t wait_us = rate ? start_us + (int64_t)(sent * 1000000 / rate) - now_us() : 0;
    if (wait_us > 0)
        usleep((useconds_t)wait_us);
}

static void report(uint64_t sent, int64_t start_us)
{
    double seconds = (double)(now_us() - start_us) / 1e6;
    printf("sent=%llu seconds=%.2f rate=%.0f\n", (unsigned long long)sent, seconds, (double)sent / seconds);
}

static int flood_udp(const char *port, uint64_t rate, int64_t seconds, size_t bytes)
{
    static char text[BATCH][BYTES_MAX];
    struct iovec iov[BATCH];
    struct mmsghdr m[BATCH] = {0};
    int fd = connected(port, SOCK_DGRAM);
    int64_t start = now_us();
    uint64_t sent = 0;
    for (unsigned i = 0; i < BATCH; i++) {
        iov[i] = (struct iovec){text[i], bytes};
        m[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
    }
    while (now_us() - start < seconds * 1000000) {
        for (unsigned i = 0; i < BATCH; i++)
            message(text[i], bytes, sent + i, sent < BATCH);
        int n = sendmmsg(fd, m, BATCH, 0);
        if (n < 0 && errno != ECONNREFUSED)
            die("sendmmsg");
        sent += n > 0 ? (uint64_t)n : 0;
        pace(start, sent, rate);
    }
    report(sent, start);
    return 0;
}

static int flood_tcp(const char *port, uint64_t rate, int64_t seconds, size_t bytes, unsigned conns)
{
    static char text[BATCH * (BYTES_MAX + 1)];
    int fd[CONNS_MAX];
    uint64_t sent = 0;
    for (unsigned i = 0; i < conns; i++)
        fd[i] = connected(port, SOCK_STREAM);
    int64_t start = now_us();
    while (now_us() - start < seconds * 1000000) {
        size_t n = BATCH * (bytes + 1);
        for (unsigned i = 0; i < BATCH; i++) {
            message(text + i * (bytes + 1), bytes, sent + i, sent < BATCH);
            text[i * (bytes + 1) + bytes] = '\n';
        }
        for (size_t at = 0; at < n;) {
            ssize_t w = send(fd[sent / BATCH % conns], text + at, n - at, MSG_NOSIGNAL);
            if (w < 0)
                die("send");
            at += (size_t)w;
        }
        sent += BATCH;
        pace(start, sent, rate);
    }
    for (unsigned i = 0; i < conns; i++)
        close(fd[i]);
    report(sent, start);
    return 0;
}

static int sink(const char *port, int64_t seconds)
{
    static char room[BATCH][SINK_SLOT];
    struct iovec iov[BATCH];
    struct mmsghdr m[BATCH] = {0};
    struct sockaddr_in a = loopback(port);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = SINK_BUFFER;
    struct timeval tick = {.tv_usec = 100000};
    uint64_t received = 0;
    uint32_t mem[SK_MEMINFO_VARS] = {0};
    socklen_t len = sizeof mem;
    for (unsigned i = 0; i < BATCH; i++) {
        iov[i] = (struct iovec){room[i], sizeof room[i]};
        m[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tick, sizeof tick);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) != 0)
        die("bind");
    for (int64_t start = now_us(); now_us() - start < seconds * 1000000;) {
        int n = recvmmsg(fd, m, BATCH, MSG_WAITFORONE, NULL);
        received += n > 0 ? (uint64_t)n : 0;
    }
    getsockopt(fd, SOL_SOCKET, SO_MEMINFO, mem, &len);
    printf("received=%llu dropped=%u\n", (unsigned long long)received, mem[SK_MEMINFO_DROPS]);
    return 0;
}

static uint64_t count_lines(const char *p, size_t n)
{
    uint64_t lines = 0;
    for (const char *end = p + n; (p = memchr(p, '\n', (size_t)(end - p))); p++)
        lines++;
    return lines;
}

static int tcp_sink(const char *port)
{
    static char room[64 << 10];
    struct pollfd p[CONNS_MAX + 1] = {{.events = POLLIN}};
    struct sockaddr_in a = loopback(port);
    unsigned n = 1;
    uint64_t lines = 0;
    p[0].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(p[0].fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(p[0].fd, CONNS_MAX) != 0)
        die("bind");
    do {
        if (poll(p, n, -1) < 0)
            die("poll");
        for (unsigned i = n; i-- > 1;) {
            ssize_t got = p[i].revents ? recv(p[i].fd, room, sizeof room, 0) : -1;
            lines += got > 0 ? count_lines(room, (size_t)got) : 0;
            if (got == 0) {
                close(p[i].fd);
                p[i] = p[--n];
            }
        }
        if (p[0].revents && n <= CONNS_MAX)
            p[n++] = (struct pollfd){.fd = accept(p[0].fd, NULL, NULL), .events = POLLIN};
    } while (n > 1);
    printf("received=%llu\n", (unsigned long long)lines);
    return 0;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    size_t bytes = argc > 5 ? (size_t)atoi(argv[5]) : 150;
    unsigned conns = argc > 6 ? (unsigned)atoi(argv[6]) : 4;
    if (bytes == 0 || bytes > BYTES_MAX || conns == 0 || conns > CONNS_MAX)
        mode = "";
    if (strcmp(mode, "udp") == 0 && argc >= 5)
        return flood_udp(argv[2], strtoull(argv[3], NULL, 10), atoi(argv[4]), bytes);
    if (strcmp(mode, "tcp") == 0 && argc >= 5)
        return flood_tcp(argv[2], strtoull(argv[3], NULL, 10), atoi(argv[4]), bytes, conns);
    if (strcmp(mode, "sink") == 0 && argc == 4)
        return sink(argv[2], atoi(argv[3]));
    if (strcmp(mode, "tcpsink") == 0 && argc == 3)
        return tcp_sink(argv[2]);
    fputs(
        "usage: flood udp|tcp PORT RATE SECONDS [BYTES [CONNECTIONS]] | flood sink PORT SECONDS | flood tcpsink PORT\n",
        stderr);
    return 2;
}
