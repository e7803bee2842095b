#include "tests/unit/net.h"

#include <sys/stat.h>

#include "io/in_stdin.h"
#include "io/listen.h"
#include "io/peer.h"
#include "io/unix_peer.h"
#include "text/zip.h"

START_TEST(allow_ranges)
{
    struct input_cidr ranges[] = {
        {{[10] = 0xff, 0xff, 10, 0, 0, 0}, 96 + 8},
        {{[10] = 0xff, 0xff, 192, 168, 1, 128}, 96 + 25},
        {{0x20, 0x01, 0x0d, 0xb8}, 32},
    };
    struct input_options opt = {.allow = ranges, .n_allow = 3};
    static const struct {
        const char *address;
        bool want;
    } cases[] = {
        {"10.0.0.1", true},         {"10.255.1.2", true},  {"11.0.0.1", false},     {"192.168.1.200", true},
        {"192.168.1.127", false},   {"2001:db8::1", true}, {"2001:db9::1", false},  {"::ffff:10.1.1.1", true},
        {"::ffff:11.1.1.1", false}, {"::10.0.0.1", false}, {"192.168.1.255", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
        struct sockaddr_in v4 = {.sin_family = AF_INET};
        struct peer p;
        bool is4 = inet_pton(AF_INET, cases[i].address, &v4.sin_addr) == 1;
        ck_assert(is4 || inet_pton(AF_INET6, cases[i].address, &v6.sin6_addr) == 1);
        peer_set(&p, is4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6);
        ck_assert_msg(peer_allowed(&p, &opt) == cases[i].want, "%s", cases[i].address);
    }
    struct sockaddr_in6 mapped = {.sin6_family = AF_INET6};
    struct peer p;
    inet_pton(AF_INET6, "::ffff:192.0.2.7", &mapped.sin6_addr);
    peer_set(&p, (struct sockaddr *)&mapped);
    ck_slice(peer_slice(&p), "192.0.2.7");
}
END_TEST

static struct peer peer_text(const char *address)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct peer p;
    bool is4 = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
    ck_assert(is4 || inet_pton(AF_INET6, address, &v6.sin6_addr) == 1);
    peer_set(&p, is4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6);
    return p;
}

static struct stream stream_from(const struct peer *p, enum input_trust trust, const char *domain)
{
    static char text[] = "udp://0.0.0.0:1";
    char name[64] = "";
    snprintf(name, sizeof name, "%s", domain ? domain : "");
    struct input_options opt = {.text = text, .trust = trust, .domain = domain ? name : NULL};
    struct stream s = {.peer = SLICE("of the one before"), .peer_pid = 7, .domain = 7, .remote = true, .trusted = true};
    peer_to_stream(p, &opt, &s);
    return s;
}

START_TEST(where_a_sender_stands)
{
    static const struct {
        const char *address, *network;
        bool local;
    } cases[] = {
        {"127.0.0.1", "::ffff:127.0.0.1", true},
        {"127.8.9.10", "::ffff:127.8.9.10", true},
        {"::1", "::", true},
        {"::ffff:127.0.0.1", "::ffff:127.0.0.1", true},
        {"192.0.2.7", "::ffff:192.0.2.7", false},
        {"::ffff:192.0.2.7", "::ffff:192.0.2.7", false},
        {"0.0.0.0", "::ffff:0.0.0.0", false},
        {"::7f00:1", "::", false},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct peer p = peer_text(cases[i].address);
        uint8_t network[16];
        char text[INET6_ADDRSTRLEN];
        peer_network(&p, network);
        ck_assert_str_eq(inet_ntop(AF_INET6, network, text, sizeof text), cases[i].network);
        ck_assert_msg(peer_is_local(&p) == cases[i].local, "%s", cases[i].address);
        struct stream s = stream_from(&p, INPUT_TRUST_LOCAL, NULL);
        ck_assert_msg((s.domain == 0) == cases[i].local, "%s", cases[i].address);
        ck_assert(s.remote == !cases[i].local && s.trusted == cases[i].local && s.peer_pid == 0);
        ck_slice(s.input, "udp://0.0.0.0:1");
    }
    struct sockaddr unix_socket = {.sa_family = AF_UNIX}, none = {.sa_family = AF_UNSPEC};
    struct peer p;
    peer_set(&p, &unix_socket);
    ck_assert(peer_is_local(&p) && stream_from(&p, INPUT_TRUST_LOCAL, NULL).peer.n == 0);
    peer_set(&p, &none);
    ck_assert(!peer_is_local(&p));
    p = peer_none();
    ck_assert(peer_is_local(&p));
}
END_TEST

START_TEST(domains_of_senders)
{
    struct peer a = peer_text("192.0.2.7"), b = peer_text("192.0.2.8"), here = peer_text("127.0.0.1");
    struct peer six = peer_text("2001:db8::1"), near = peer_text("2001:db8::ffff:1"),
                far = peer_text("2001:db8:0:1::1");
    uint64_t of_a = stream_from(&a, INPUT_TRUST_LOCAL, NULL).domain;
    ck_assert(of_a != stream_from(&b, INPUT_TRUST_LOCAL, NULL).domain);
    ck_assert(stream_from(&six, INPUT_TRUST_LOCAL, NULL).domain == stream_from(&near, INPUT_TRUST_LOCAL, NULL).domain);
    ck_assert(stream_from(&six, INPUT_TRUST_LOCAL, NULL).domain != stream_from(&far, INPUT_TRUST_LOCAL, NULL).domain);
    uint64_t named = stream_from(&a, INPUT_TRUST_LOCAL, "shop").domain;
    ck_assert(named != of_a && named != 0);
    ck_assert(named == stream_from(&b, INPUT_TRUST_LOCAL, "shop").domain);
    ck_assert(named == stream_from(&here, INPUT_TRUST_LOCAL, "shop").domain);
    ck_assert(named != stream_from(&a, INPUT_TRUST_LOCAL, "shop2").domain);
    ck_assert(stream_from(&a, INPUT_TRUST_LOCAL, "local").domain == 0);
    /* A name joins breadcrumbs; it makes nobody local or trusted. */
    struct stream s = stream_from(&a, INPUT_TRUST_LOCAL, "local");
    ck_assert(s.remote && !s.trusted);
    ck_assert(stream_from(&a, INPUT_TRUST_ON, NULL).trusted);
    ck_assert(!stream_from(&here, INPUT_TRUST_OFF, NULL).trusted && !stream_from(&here, INPUT_TRUST_OFF, NULL).remote);
}
END_TEST

static struct peer peer_number(uint32_t n)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(n)}};
    struct peer p;
    peer_set(&p, (struct sockaddr *)&v4);
    return p;
}

START_TEST(rate_a_sender)
{
    struct rates *r = rates_new(10);
    struct peer a = peer_number(0x0a000001), b = peer_number(0x0a000002);
    int64_t now = 1700000000000000;
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(rates_take(r, &a, now), 0);
    ck_assert_int_eq(rates_take(r, &a, now), 100000);
    ck_assert_int_eq(rates_take(r, &b, now), 0);
    ck_assert_int_eq(rates_take(r, &a, now + 100000), 0);
    ck_assert_int_gt(rates_take(r, &a, now + 100000), 0);
    /* The clock set back an hour must not lock a sender out for an hour. */
    ck_assert_int_eq(rates_take(r, &a, now - 3600000000), 0);
    /* A flood of other addresses is bounded work and memory, and does not give `a` an endless allowance. */
    unsigned passed = 0;
    for (uint32_t i = 0; i < 100000; i++) {
        struct peer x = peer_number(0x0b000000 + i);
        passed += rates_take(r, &x, now) == 0;
    }
    ck_assert_uint_eq(passed, 100000);
    rates_free(r);
    ck_assert_int_eq(rates_take(NULL, &a, now), 0);
}
END_TEST

static struct peer peer_v6(const char *text)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct peer p;
    ck_assert_int_eq(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    peer_set(&p, (struct sockaddr *)&v6);
    return p;
}

/* Whoever has a network of 2^64 addresses has one allowance. */
START_TEST(rate_a_network)
{
    struct rates *r = rates_new(10);
    unsigned passed = 0;
    for (unsigned i = 0; i < 100; i++) {
        char text[32];
        snprintf(text, sizeof text, "2001:db8:0:7::%x", i);
        struct peer p = peer_v6(text);
        passed += rates_take(r, &p, 1700000000000000) == 0;
    }
    ck_assert_uint_eq(passed, 10);
    struct peer other = peer_v6("2001:db8:0:8::1");
    ck_assert_int_eq(rates_take(r, &other, 1700000000000000), 0);
    rates_free(r);
}
END_TEST

START_TEST(udp_datagrams)
{
    struct net *t = net_new(INPUT_SYSLOG, INPUT_UDP);
    t->opt.receive_buffer_bytes = 1 << 20;
    t->opt.max_message_bytes = 8192;
    net_start(t);
    int fd = net_connect(t, SOCK_DGRAM);
    net_send(fd, SLICE("<13>one\nline two"));
    char *big = xmalloc(65000);
    memset(big, 'x', 65000);
    net_send(fd, slice_of(big, 65000));
    net_send(fd, SLICE(""));
    net_send(fd, slice_of("\0\xff", 2));
    net_until(t, t->n == 4);
    net_is(t, 0, "<13>one\nline two");
    ck_assert_str_eq(t->msg[0].peer, "127.0.0.1");
    ck_assert_uint_eq(t->msg[1].n, 8192);
    ck_assert_uint_eq(t->msg[1].truncated_bytes, 65000 - 8192);
    ck_assert_uint_eq(t->msg[2].n, 0);
    ck_assert_uint_eq(t->msg[3].n, 2);
    net_until(t, t->in->type->drained(t->in));
    free(big);
    close(fd);
    net_free(t);
}
END_TEST

START_TEST(udp_kernel_drops_are_counted)
{
    struct net *t = net_new(INPUT_SYSLOG, INPUT_UDP);
    t->opt.receive_buffer_bytes = 4096;
    net_start(t);
    int fd = net_connect(t, SOCK_DGRAM);
    for (int i = 0; i < 1000; i++)
        net_send(fd, SLICE("<13>nobody reads for a while"));
    net_until(t, t->in->type->drained(t->in) && t->in->kernel_drops > 0);
    ck_assert_uint_eq(t->n + t->in->kernel_drops, 1000);
    ck_assert_uint_eq(t->counts.v[COUNT_udp_kernel_drops], t->in->kernel_drops);
    close(fd);
    net_free(t);
}
END_TEST

START_TEST(udp_unread_are_counted)
{
    struct net *t = net_new(INPUT_SYSLOG, INPUT_UDP);
    t->opt.receive_buffer_bytes = 1 << 20;
    net_start(t);
    int fd = net_connect(t, SOCK_DGRAM);
    for (int i = 0; i < 200; i++)
        net_send(fd, SLICE("<13>the time is over"));
    t->in->type->drain(t->in, clock_mono_ms());
    ck_assert_uint_lt(t->n, 200);
    ck_assert_uint_eq(t->n + t->counts.v[COUNT_unread], 200);
    ck_assert(t->in->type->drained(t->in));
    close(fd);
    net_free(t);
}
END_TEST

START_TEST(udp_guards)
{
    struct net *t = net_new(INPUT_SYSLOG, INPUT_UDP);
    struct input_cidr ten = {{[10] = 0xff, 0xff, 10}, 104};
    t->opt.allow = &ten;
    t->opt.n_allow = 1;
    net_start(t);
    int fd = net_connect(t, SOCK_DGRAM);
    net_send(fd, SLICE("<13>not welcome"));
    net_until(t, t->counts.v[COUNT_not_allowed] == 1);
    ck_assert_uint_eq(t->n, 0);
    close(fd);
    net_free(t);

    t = net_new(INPUT_SYSLOG, INPUT_UDP);
    t->opt.per_sender = 5;
    t->clock_us = 1700000000000000;
    net_start(t);
    fd = net_connect(t, SOCK_DGRAM);
    for (int i = 0; i < 20; i++)
        net_send(fd, SLICE("<13>again"));
    net_until(t, t->n + t->counts.v[COUNT_rate_limited] == 20);
    ck_assert_uint_eq(t->n, 5);
    close(fd);
    net_free(t);
}
END_TEST

START_TEST(port_in_use)
{
    struct net *t = net_new(INPUT_SYSLOG, INPUT_UDP), *second = net_new(INPUT_SYSLOG, INPUT_UDP);
    net_start(t);
    second->opt.port = t->in->port;
    ck_assert_ptr_null(
        input_type_of(INPUT_SYSLOG, INPUT_UDP)->start(second->base, &second->opt, &second->sink, &second->diag));
    ck_assert_ptr_nonnull(strstr(net_error(second), "cannot listen on the input under test: port"));
    ck_assert_ptr_nonnull(strstr(net_error(second), "in use"));
    net_free(second);

    second = net_new(INPUT_SYSLOG, INPUT_UDP);
    free(second->opt.host);
    second->opt.host = xstrdup("192.0.2.1");
    ck_assert_ptr_null(
        input_type_of(INPUT_SYSLOG, INPUT_UDP)->start(second->base, &second->opt, &second->sink, &second->diag));
    ck_assert_ptr_nonnull(strstr(net_error(second), "this host has no address 192.0.2.1"));
    net_free(second);
    net_free(t);
}
END_TEST

START_TEST(socket_from_systemd)
{
    struct net *t = net_new(INPUT_SYSLOG, INPUT_UDP);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    char text[16];
    snprintf(text, sizeof text, "%d", getpid());
    setenv("LISTEN_PID", text, 1);
    snprintf(text, sizeof text, "%d", fd - 2);
    setenv("LISTEN_FDS", text, 1);
    t->opt.port = ntohs(a.sin_port);
    net_start(t); /* binding would fail: the port is taken */
    int client = net_connect(t, SOCK_DGRAM);
    net_send(client, SLICE("<13>through systemd"));
    net_until(t, t->n == 1);
    unsetenv("LISTEN_PID");
    close(client);
    net_free(t);
    close(fd);
}
END_TEST

static char *temp_path(char *dir)
{
    strcpy(dir, "/tmp/crumbd-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    return xasprintf("%s/log", dir);
}

/* Datagrams come in one batch and each has a sender of its own. */
START_TEST(datagrams_of_two_senders)
{
    struct net *t = net_new(INPUT_GELF, INPUT_UDP);
    net_start(t);
    int fd[2];
    for (unsigned i = 0; i < 2; i++) {
        struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK + i)}};
        struct sockaddr_in to = {
            .sin_family = AF_INET, .sin_port = htons(t->in->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
        fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(bind(fd[i], (struct sockaddr *)&from, sizeof from), 0);
        ck_assert_int_eq(connect(fd[i], (struct sockaddr *)&to, sizeof to), 0);
    }
    for (unsigned i = 0; i < 20; i++)
        net_send(fd[i % 2], i % 2 ? SLICE("{\"short_message\":\"b\"}") : SLICE("{\"short_message\":\"a\"}"));
    net_until(t, t->n == 20);
    for (unsigned i = 0; i < 20; i++) {
        bool second = strchr(t->msg[i].text, 'b') != NULL;
        ck_assert_str_eq(t->msg[i].peer, second ? "127.0.0.2" : "127.0.0.1");
        ck_assert_str_eq(t->msg[i].sender, t->msg[i].peer);
    }
    close(fd[0]);
    close(fd[1]);
    net_free(t);
}
END_TEST

START_TEST(units_of_processes)
{
    static const struct {
        const char *cgroup, *unit;
    } cases[] = {
        {"0::/system.slice/nginx.service\n", "nginx.service"},
        {"0::/system.slice/docker-0123.scope/init.scope\n", "docker-0123.scope"},
        {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/sshd.service\n", "user@1000.service"},
        {"0::/system.slice/system-postgresql.slice/postgresql@16-main.service\n", "postgresql@16-main.service"},
        {"12:pids:/other.service\n1:name=systemd:/system.slice/cron.service\n", "cron.service"},
        {"0::/\n", ""},
        {"0::/system.slice\n", ""},
        {"0::/a b.service\n", ""},
        {"", ""},
        {"nonsense", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_slice(unix_peer_unit(slice_str(cases[i].cgroup)), cases[i].unit);
    struct unix_peer p = {0};
    struct stream s = {.sender = SLICE("of the one before"), .peer_pid = 7};
    unix_peer_to_stream(&p, &(struct ucred){.pid = 0, .uid = 1000}, 1, &s); /* of another pid namespace */
    ck_slice(s.sender, "uid=1000");
    unix_peer_to_stream(&p, NULL, 2, &s);
    ck_assert(s.sender.n == 0 && s.peer_pid == 0);
}
END_TEST

START_TEST(unix_datagrams)
{
    char dir[64];
    struct net *t = net_new(INPUT_SYSLOG, INPUT_UNIX);
    free(t->opt.host);
    t->opt.host = temp_path(dir);
    net_start(t);
    struct stat st;
    ck_assert_int_eq(stat(t->opt.host, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0666);
    int fd = net_connect(t, SOCK_DGRAM);
    net_send(fd, SLICE("<13>May  6 07:08:09 app: text"));
    char *big = xmalloc(100000);
    memset(big, 'x', 100000);
    net_send(fd, slice_of(big, 100000));
    net_until(t, t->n == 2);
    net_is(t, 0, "<13>May  6 07:08:09 app: text");
    ck_assert_uint_eq(t->msg[0].pid, (uint32_t)getpid());
    char host[64] = "";
    gethostname(host, sizeof host - 1);
    ck_assert_str_eq(t->msg[0].peer, host);
    char sender[64];
    snprintf(sender, sizeof sender, "uid=%u pid=%u", getuid(), (unsigned)getpid());
    ck_assert_int_eq(strncmp(t->msg[0].sender, sender, strlen(sender)), 0);
    ck_assert(t->msg[0].trusted && !t->msg[0].remote && t->msg[0].domain == 0);
    ck_assert_uint_eq(t->msg[1].n + t->msg[1].truncated_bytes, 100000);
    free(big);

    struct net *second = net_new(INPUT_SYSLOG, INPUT_UNIX);
    free(second->opt.host);
    second->opt.host = xstrdup(t->opt.host);
    ck_assert_ptr_null(
        input_type_of(INPUT_SYSLOG, INPUT_UNIX)->start(second->base, &second->opt, &second->sink, &second->diag));
    ck_assert_ptr_nonnull(strstr(net_error(second), "another process listens"));
    net_send(fd, SLICE("<13>still here"));
    net_until(t, t->n == 3);
    /* A dead one is replaced. */
    int dead = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    unlink(t->opt.host);
    snprintf(a.sun_path, sizeof a.sun_path, "%s", t->opt.host);
    ck_assert_int_eq(bind(dead, (struct sockaddr *)&a, sizeof a), 0);
    close(dead);
    err_done(&second->diag);
    net_start(second);
    close(fd);
    net_free(second);
    ck_assert_int_ne(access(t->opt.host, F_OK), 0);
    net_free(t);
    rmdir(dir);
}
END_TEST

/* ---- GELF datagrams ---- */

static void send_chunk(int fd, const char *id, unsigned seq, unsigned count, struct slice part)
{
    struct sbuf b;
    sbuf_init(&b, 70000);
    sbuf_adds(&b, SLICE("\x1e\x0f"));
    sbuf_add(&b, id, 8);
    sbuf_addc(&b, (char)seq);
    sbuf_addc(&b, (char)count);
    sbuf_adds(&b, part);
    net_send(fd, sbuf_slice(&b));
    sbuf_done(&b);
}

START_TEST(gelf_datagrams)
{
    struct net *t = net_new(INPUT_GELF, INPUT_UDP);
    t->opt.receive_buffer_bytes = 4 << 20;
    t->opt.max_message_bytes = 1 << 20;
    net_start(t);
    int fd = net_connect(t, SOCK_DGRAM);
    struct sbuf zip;
    sbuf_init(&zip, 4 << 20);
    ck_assert(zip_gzip(SLICE("{\"short_message\":\"zipped\"}"), &zip));
    net_send(fd, SLICE("{\"short_message\":\"plain\"}"));
    net_send(fd, sbuf_slice(&zip));
    net_send(fd, SLICE("x"));
    net_send(fd, SLICE("\x1f\x01 not gzip"));
    net_until(t, t->n == 2 && t->counts.v[COUNT_gelf_bad_payload] == 2);
    net_is(t, 0, "{\"short_message\":\"plain\"}");
    net_is(t, 1, "{\"short_message\":\"zipped\"}");
    /* 200 KB in 128 chunks, each twice, in an order that is none. */
    enum { PART = 1600, COUNT = 128 };
    char *big = xmalloc(PART * COUNT);
    for (size_t i = 0; i < PART * COUNT; i++)
        big[i] = (char)('a' + i % 26);
    memcpy(big, "{\"short_message\":\"", 18);
    memcpy(big + PART * COUNT - 2, "\"}", 2);
    for (unsigned twice = 0; twice < 2; twice++)
        for (unsigned i = 0; i < COUNT; i++) {
            unsigned seq = i * 77 % COUNT;
            send_chunk(fd,
                       "\0\xff"
                       "abcdef",
                       seq, COUNT, slice_of(big + seq * PART, PART));
        }
    net_until(t, t->n == 3 && t->counts.v[COUNT_gelf_chunks_duplicate] == COUNT);
    ck_assert(t->msg[2].n == PART * COUNT && memcmp(t->msg[2].text, big, PART * COUNT) == 0);
    free(big);
    /* A bomb. */
    char *zeros = xcalloc(1, 2 << 20);
    sbuf_reset(&zip);
    ck_assert(zip_gzip(slice_of(zeros, 2 << 20), &zip));
    free(zeros);
    net_send(fd, sbuf_slice(&zip));
    net_until(t, t->counts.v[COUNT_gelf_inflated_too_large] == 1);
    sbuf_done(&zip);
    close(fd);
    net_free(t);
}
END_TEST

START_TEST(gelf_chunks_that_never_end)
{
    struct net *t = net_new(INPUT_GELF, INPUT_UDP);
    t->opt.receive_buffer_bytes = 4 << 20;
    t->clock_us = 1700000000000000;
    net_start(t);
    int fd = net_connect(t, SOCK_DGRAM);
    uint64_t sent = 0;
    for (; sent < 40000; sent++) {
        char id[8];
        memcpy(id, &sent, sizeof id);
        send_chunk(fd, id, 0, 2, SLICE("{\"never\":"));
        if (sent % 500 == 0) {
            net_send(fd, SLICE("{\"short_message\":\"good\"}"));
            net_until(t, t->in->type->drained(t->in));
        }
    }
    net_until(t, t->n == 80 && t->counts.v[COUNT_gelf_chunks] == sent);
    ck_assert_uint_gt(t->counts.v[COUNT_gelf_sets_evicted], 0);
    t->clock_us += 6000000;
    net_until(t, t->counts.v[COUNT_gelf_sets_evicted] + t->counts.v[COUNT_gelf_sets_expired] == sent);
    close(fd);
    net_free(t);
}
END_TEST

/* ---- standard input ---- */

static struct net *stdin_new(int fd, enum format format)
{
    struct net *t = net_new(INPUT_STDIN, INPUT_UDP);
    t->opt.format = format;
    t->in = stdin_open(t->base, &t->opt, &t->sink, fd, &t->diag);
    ck_assert_ptr_nonnull(t->in);
    return t;
}

static const char nginx_entries[] = "2026/11/23 10:00:00 [error] 7#7: *1 one\n"
                                    " more of it\n"
                                    "2026/11/23 10:00:01 [error] 7#7: *1 two\n";

START_TEST(stdin_pipe)
{
    int fd[2];
    ck_assert_int_eq(pipe(fd), 0);
    struct net *t = stdin_new(fd[0], FORMAT_TEXT);
    ck_assert_int_eq(write(fd[1], "one\r\ntw", 7), 7);
    net_until(t, t->n == 1);
    net_is(t, 0, "one");
    ck_assert(!t->in->type->drained(t->in));
    /* Paused, released with nothing to read: must not block. */
    t->in->type->pause(t->in, true);
    t->in->type->pause(t->in, false);
    ck_assert_int_eq(write(fd[1], "o\0\nlast", 7), 7);
    net_until(t, t->n == 2);
    close(fd[1]);
    net_until(t, t->in->type->drained(t->in));
    ck_assert_uint_eq(t->msg[1].n, 4);
    net_is(t, 2, "last");
    net_free(t);
    close(fd[0]);
}
END_TEST

START_TEST(stdin_entries)
{
    int fd[2];
    ck_assert_int_eq(pipe(fd), 0);
    struct net *t = stdin_new(fd[0], FORMAT_AUTO);
    ck_assert_int_eq(write(fd[1], nginx_entries, sizeof nginx_entries - 1), (ssize_t)sizeof nginx_entries - 1);
    /* The second is complete when nothing follows for a while. */
    net_until(t, t->n == 2);
    ck_assert_uint_eq(t->msg[0].lines, 2);
    net_is(t, 1, "2026/11/23 10:00:01 [error] 7#7: *1 two");
    close(fd[1]);
    net_until(t, t->in->type->drained(t->in));
    net_free(t);
    close(fd[0]);
}
END_TEST

START_TEST(stdin_file)
{
    FILE *f = tmpfile();
    for (int i = 0; i < 20000; i++)
        fprintf(f, "line %d\n", i);
    fputs("no end", f);
    fflush(f);
    rewind(f);
    struct net *t = stdin_new(fileno(f), FORMAT_TEXT);
    t->in->type->pause(t->in, true);
    for (int i = 0; i < 10; i++)
        event_base_loop(t->base, EVLOOP_NONBLOCK);
    ck_assert_uint_eq(t->n, 0);
    t->in->type->pause(t->in, false);
    net_until(t, t->in->type->drained(t->in));
    ck_assert_uint_eq(t->n, 20001);
    net_is(t, 4000, "line 4000");
    net_free(t);
    fclose(f);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("inputs");
    TCase *c = tcase_create("inputs");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, allow_ranges);
    tcase_add_test(c, where_a_sender_stands);
    tcase_add_test(c, domains_of_senders);
    tcase_add_test(c, rate_a_sender);
    tcase_add_test(c, rate_a_network);
    tcase_add_test(c, udp_datagrams);
    tcase_add_test(c, udp_kernel_drops_are_counted);
    tcase_add_test(c, udp_unread_are_counted);
    tcase_add_test(c, udp_guards);
    tcase_add_test(c, port_in_use);
    tcase_add_test(c, socket_from_systemd);
    tcase_add_test(c, unix_datagrams);
    tcase_add_test(c, datagrams_of_two_senders);
    tcase_add_test(c, units_of_processes);
    tcase_add_test(c, gelf_datagrams);
    tcase_add_test(c, gelf_chunks_that_never_end);
    tcase_add_test(c, stdin_pipe);
    tcase_add_test(c, stdin_entries);
    tcase_add_test(c, stdin_file);
    suite_add_tcase(s, c);
    return unit_run(s);
}
