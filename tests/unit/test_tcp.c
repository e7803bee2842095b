#include "tests/unit/net.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "io/proxy.h"

/* A literal with NULs inside. */
#define BYTES(lit) ((struct slice){lit, sizeof(lit) - 1})

static struct net *tcp_new(enum input_kind kind)
{
    return net_new(kind, INPUT_TCP);
}

START_TEST(syslog_frames)
{
    struct net *t = tcp_new(INPUT_SYSLOG);
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    net_send(fd, SLICE("<13>by line\n9 <13>count<14>again\n0 zero\n1000000000000 huge\n<15>last, no LF"));
    net_until(t, t->n == 5);
    close(fd);
    net_until(t, t->n == 6 && t->in->connections == 0);
    net_is(t, 0, "<13>by line");
    net_is(t, 1, "<13>count");
    net_is(t, 2, "<14>again");
    net_is(t, 3, "0 zero");
    net_is(t, 4, "1000000000000 huge");
    net_is(t, 5, "<15>last, no LF");
    ck_assert_str_eq(t->msg[0].peer, "127.0.0.1");
    ck_assert_uint_eq(t->counts.v[COUNT_connections], 1);
    net_free(t);
}
END_TEST

START_TEST(gelf_frames)
{
    struct net *t = tcp_new(INPUT_GELF);
    t->opt.idle_timeout_us = 400000;
    t->opt.idle_for_all = true;
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    net_send(fd, BYTES("{\"short_message\":\"a\nb\"}\0{\"x\":\n1}\n{\"y\":1}\0\0"));
    net_until(t, t->n == 3);
    net_is(t, 0, "{\"short_message\":\"a\nb\"}");
    net_is(t, 1, "{\"x\":\n1}");
    net_is(t, 2, "{\"y\":1}");
    /* Whole, but the sender keeps its delimiter for itself. */
    net_send(fd, SLICE("{\"z\":1}"));
    net_until(t, t->n == 4);
    net_is(t, 3, "{\"z\":1}");
    net_until(t, net_closed(fd));
    ck_assert_uint_eq(t->counts.v[COUNT_connections_idle], 1);
    close(fd);
    net_free(t);
}
END_TEST

START_TEST(an_endless_line)
{
    struct net *t = tcp_new(INPUT_SYSLOG);
    t->opt.max_message_bytes = 1000;
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    char *chunk = xmalloc(100000);
    memset(chunk, 'x', 100000);
    for (int i = 0; i < 10; i++) {
        net_send(fd, slice_of(chunk, 100000));
        net_until(t, t->in->type->drained(t->in));
    }
    net_send(fd, SLICE("\n<13>after\n"));
    net_until(t, t->n == 2);
    ck_assert_uint_eq(t->msg[0].n, 1000);
    ck_assert_uint_eq(t->msg[0].truncated_bytes, 999000);
    net_is(t, 1, "<13>after");
    free(chunk);
    close(fd);
    net_free(t);
}
END_TEST

START_TEST(slow_sender)
{
    struct net *t = tcp_new(INPUT_SYSLOG);
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM), other = net_connect(t, SOCK_STREAM);
    static const char text[] = "17 <13>slow but sure\n";
    for (size_t i = 0; i < sizeof text - 1; i++) {
        net_send(fd, slice_of(text + i, 1));
        net_send(other, SLICE("<13>quick\n"));
        net_until(t, t->n >= i + 1 && t->in->type->drained(t->in));
    }
    net_until(t, t->n == sizeof text);
    size_t slow = 0;
    for (size_t i = 0; i < t->n; i++)
        slow += slice_is(slice_of(t->msg[i].text, t->msg[i].n), "<13>slow but sure");
    ck_assert_uint_eq(slow, 1);
    close(fd);
    close(other);
    net_free(t);
}
END_TEST

START_TEST(random_bytes)
{
    enum { SENDERS = 8, ROUNDS = 40 };
    static const enum input_kind kinds[] = {INPUT_SYSLOG, INPUT_GELF};
    for (unsigned k = 0; k < 2; k++) {
        struct net *t = tcp_new(kinds[k]);
        t->opt.max_message_bytes = 512;
        net_start(t);
        int good = net_connect(t, SOCK_STREAM), fd[SENDERS];
        for (int i = 0; i < SENDERS; i++)
            fd[i] = net_connect(t, SOCK_STREAM);
        uint64_t rnd = 7;
        size_t sent = 0;
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < SENDERS; i++) {
                char junk[700];
                for (size_t n = 0; n < sizeof junk; n++)
                    junk[n] = (char)(rnd = hash_mix(rnd, n));
                junk[0] = junk[0] == 0x16 ? 'x' : junk[0];
                net_send(fd[i], slice_of(junk, sizeof junk));
            }
            net_send(good, SLICE("{\"good\":1}\n"));
            sent++;
            net_until(t, t->in->type->drained(t->in));
        }
        for (int i = 0; i < SENDERS; i++)
            close(fd[i]);
        close(good);
        net_until(t, t->in->connections == 0);
        size_t arrived = 0;
        for (size_t i = 0; i < t->n && i < NET_KEPT; i++) {
            arrived += slice_is(slice_of(t->msg[i].text, t->msg[i].n), "{\"good\":1}");
            ck_assert_uint_le(t->msg[i].n, 512);
        }
        ck_assert_uint_eq(arrived, sent);
        net_free(t);
    }
}
END_TEST

START_TEST(a_crowd_that_says_nothing)
{
    enum { CROWD = 500, CAP = 20 };
    struct net *t = tcp_new(INPUT_SYSLOG);
    t->opt.max_connections = CAP;
    net_start(t);
    int good = net_connect(t, SOCK_STREAM), crowd[CROWD];
    net_send(good, SLICE("<13>before\n"));
    net_until(t, t->n == 1);
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = net_connect(t, SOCK_STREAM);
        if (i % 50 == 0)
            net_until(t, t->counts.v[COUNT_connections] == (uint64_t)i + 2);
        ck_assert_uint_le(t->in->connections, CAP);
    }
    net_until(t, t->counts.v[COUNT_connections] == CROWD + 1);
    ck_assert_uint_eq(t->counts.v[COUNT_connections_over_cap], CROWD + 1 - CAP);
    ck_assert_uint_eq(t->in->connections, CAP);
    /* Who had spoken stays, and who comes now finds room. */
    net_send(good, SLICE("<13>after\n"));
    int late = net_connect(t, SOCK_STREAM);
    net_send(late, SLICE("<13>late\n"));
    net_until(t, t->n == 3);
    for (int i = 0; i < CROWD; i++)
        close(crowd[i]);
    net_until(t, t->in->connections == 2);
    /* When all have proven themselves, the newcomer is refused. */
    int more[CAP];
    for (int i = 0; i < CAP; i++) {
        more[i] = net_connect(t, SOCK_STREAM);
        net_send(more[i], SLICE("<13>x\n"));
    }
    net_until(t, t->n == 3 + CAP - 2 && net_closed(more[CAP - 1]));
    for (int i = 0; i < CAP; i++)
        close(more[i]);
    close(good);
    close(late);
    net_free(t);
}
END_TEST

START_TEST(unfinished_messages_have_a_budget)
{
    enum { HOGS = 40 };
    struct net *t = tcp_new(INPUT_SYSLOG);
    t->opt.max_message_bytes = 8 << 20;
    net_start(t);
    int good = net_connect(t, SOCK_STREAM), hog[HOGS];
    net_send(good, SLICE("<13>before\n"));
    char *chunk = xcalloc(1, 128 << 10);
    memset(chunk, 'x', 128 << 10);
    for (int i = 0; i < HOGS; i++)
        hog[i] = net_connect(t, SOCK_STREAM);
    /* How much a send takes is the kernel's affair, so until the budget is spent. */
    for (int round = 0; round < 1000 && !t->counts.v[COUNT_connections_memory]; round++) {
        for (int i = 0; i < HOGS; i++)
            (void)!send(hog[i], chunk, 128 << 10, MSG_NOSIGNAL | MSG_DONTWAIT);
        net_until(t, t->in->type->drained(t->in));
    }
    net_until(t, t->counts.v[COUNT_connections_memory] > 0);
    net_send(good, SLICE("<13>after\n"));
    net_until(t, slice_is(slice_of(t->msg[t->n - 1].text, t->msg[t->n - 1].n), "<13>after"));
    for (int i = 0; i < HOGS; i++)
        close(hog[i]);
    close(good);
    free(chunk);
    net_free(t);
}
END_TEST

START_TEST(back_pressure)
{
    struct net *t = tcp_new(INPUT_SYSLOG);
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    net_send(fd, SLICE("<13>one\n"));
    net_until(t, t->n == 1);
    t->in->type->pause(t->in, true);
    net_send(fd, SLICE("<13>two\n<13>three"));
    close(fd);
    int second = net_connect(t, SOCK_STREAM);
    net_send(second, SLICE("<13>four\n"));
    net_until(t, t->in->connections == 2);
    for (int i = 0; i < 20; i++)
        event_base_loop(t->base, EVLOOP_NONBLOCK);
    ck_assert_uint_eq(t->n, 1);
    ck_assert(!t->in->type->drained(t->in));
    t->in->type->pause(t->in, false);
    net_until(t, t->n == 4 && t->in->connections == 1);
    close(second);
    net_free(t);
}
END_TEST

/* Pauses from inside the call that hands a message on, as the pipeline does when the mailbox is full. */
static void pausing_message(void *u, const struct message *m)
{
    struct net *t = u;
    net_message(u, m);
    t->in->type->pause(t->in, true);
}

START_TEST(pause_between_messages)
{
    struct net *t = tcp_new(INPUT_SYSLOG);
    t->sink.message = pausing_message;
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    net_send(fd, SLICE("<13>one\n<13>two\n<13>three"));
    close(fd);
    for (size_t i = 1; i <= 3; i++) {
        net_until(t, t->n == i);
        for (int turn = 0; turn < 10; turn++)
            event_base_loop(t->base, EVLOOP_NONBLOCK);
        ck_assert_uint_eq(t->n, i);
        t->in->type->pause(t->in, false);
    }
    net_until(t, t->in->connections == 0);
    net_is(t, 2, "<13>three");
    net_free(t);
}
END_TEST

START_TEST(per_sender_waits)
{
    struct net *t = tcp_new(INPUT_SYSLOG);
    t->opt.per_sender = 20;
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    for (int i = 0; i < 30; i++)
        net_send(fd, SLICE("<13>all of them arrive\n"));
    int64_t start = net_real_us();
    net_until(t, t->n == 30);
    ck_assert_int_ge(net_real_us() - start, 400000);
    ck_assert_uint_eq(t->counts.v[COUNT_rate_limited], 0);
    close(fd);
    net_free(t);
}
END_TEST

/* Numbered messages of text_bytes, sent at once. */
static void send_numbers(int fd, unsigned from, unsigned to, size_t text_bytes)
{
    struct sbuf all;
    char *text = xmalloc(text_bytes);
    sbuf_init(&all, 8 << 20);
    memset(text, 'x', text_bytes);
    for (unsigned i = from; i < to; i++) {
        char line[64];
        int n = snprintf(line, sizeof line, "<13>number %u ", i);
        sbuf_adds(&all, slice_of(line, (size_t)n));
        sbuf_adds(&all, slice_of(text, text_bytes));
        sbuf_addc(&all, '\n');
    }
    net_send(fd, sbuf_slice(&all));
    sbuf_done(&all);
    free(text);
}

/* Each once and whole, those of one connection in their order. */
static void ck_numbers(const struct net *t, unsigned n, unsigned a_connection, size_t text_bytes)
{
    unsigned next[2] = {0, a_connection};
    ck_assert_uint_eq(t->n, n);
    for (unsigned i = 0; i < n; i++) {
        unsigned number = 0;
        int head_n = 0;
        ck_assert_int_eq(sscanf(t->msg[i].text, "<13>number %u %n", &number, &head_n), 1);
        ck_assert_uint_eq(number, next[number >= a_connection]++);
        ck_assert_uint_eq(t->msg[i].n, (size_t)head_n + text_bytes);
    }
}

/* What waited for per_sender, in the process and in the kernel, and who has not even been accepted. */
START_TEST(an_end_hands_on_what_waits)
{
    struct net *t = tcp_new(INPUT_SYSLOG);
    t->opt.per_sender = 5;
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    send_numbers(fd, 0, 400, 1000);
    net_until(t, t->n >= 5);
    ck_assert_uint_lt(t->n, 300);
    int late = net_connect(t, SOCK_STREAM);
    send_numbers(late, 400, 500, 1000);
    close(late);
    net_drain(t);
    t->in->type->stop(t->in);
    t->in = NULL;
    ck_numbers(t, 500, 400, 1000);
    ck_assert_uint_eq(t->counts.v[COUNT_unread], 0);
    close(fd);
    net_free(t);
}
END_TEST

/* The same while the store takes nothing. */
START_TEST(an_end_while_paused)
{
    struct net *t = tcp_new(INPUT_SYSLOG);
    t->sink.message = pausing_message;
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    send_numbers(fd, 0, 400, 1000);
    net_until(t, t->n == 1);
    net_drain(t);
    t->in->type->stop(t->in);
    t->in = NULL;
    ck_numbers(t, 400, 400, 1000);
    close(fd);
    net_free(t);
}
END_TEST

START_TEST(what_is_not_read_in_time_is_counted)
{
    struct net *t = tcp_new(INPUT_SYSLOG);
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM), idle = net_connect(t, SOCK_STREAM);
    send_numbers(fd, 0, 400, 1000);
    t->in->type->drain(t->in, clock_mono_ms());
    ck_assert_uint_eq(t->n, 0);
    ck_assert_uint_eq(t->in->connections, 2);
    ck_assert_uint_eq(t->counts.v[COUNT_unread], 400); /* message by message */
    close(fd);
    close(idle);
    net_free(t);
}
END_TEST

START_TEST(not_allowed)
{
    struct net *t = tcp_new(INPUT_SYSLOG);
    struct input_cidr ten = {{[10] = 0xff, 0xff, 10}, 104};
    t->opt.allow = &ten;
    t->opt.n_allow = 1;
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    net_until(t, net_closed(fd));
    ck_assert_uint_eq(t->counts.v[COUNT_not_allowed], 1);
    close(fd);
    net_free(t);
}
END_TEST

START_TEST(tls_client_on_a_plain_port)
{
    struct net *t = tcp_new(INPUT_SYSLOG);
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    net_send(fd, BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc"));
    net_until(t, net_closed(fd));
    ck_assert_uint_eq(t->counts.v[COUNT_tls_on_plain], 1);
    ck_assert_uint_eq(t->n, 0);
    close(fd);
    net_free(t);
}
END_TEST

/* What comes by one connection: whole, or each byte alone once the one before was looked at. */
static void say(struct net *t, int fd, struct slice s, bool bytewise)
{
    for (size_t i = 0; i < s.n && bytewise && !net_closed(fd); i++) {
        send(fd, s.p + i, 1, MSG_NOSIGNAL);
        int waiting = 1;
        net_until(t, ioctl(fd, SIOCOUTQ, &waiting) == 0 && waiting == 0);
        event_base_loop(t->base, EVLOOP_NONBLOCK);
    }
    if (!bytewise)
        net_send(fd, s);
}

START_TEST(http_on_a_tcp_port)
{
    static const char long_path[] = "POST /",
                      *const requests[] = {"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n\r\n<11>forged\n",
                                           "GET /?a=<11>x HTTP/1.1\r\n\r\n{\"short_message\":\"forged\"}\n",
                                           "OPTIONS * HTTP/1.0\n\n<11>forged\n",
                                           "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                                           "\r\n\nPATCH /x HTTP/1.1\r\n\r\n<11>forged\n",
                                           "M-SEARCH * HTTP/1.1\r\n\r\n<11>forged\n",
                                           "CONNECT a:443 HTTP/1.1\r\n\r\n<11>forged\n",
                                           long_path};
    struct sbuf request;
    sbuf_init(&request, 1 << 20);
    for (enum input_kind kind = INPUT_GELF; kind <= INPUT_SYSLOG; kind++) {
        struct net *t = tcp_new(kind);
        uint64_t want = 0;
        net_start(t);
        for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
            for (int bytewise = 0; bytewise < (requests[i] == long_path ? 1 : 2); bytewise++) {
                sbuf_reset(&request);
                sbuf_adds(&request, slice_str(requests[i]));
                for (unsigned k = 0; k < 9000 && requests[i] == long_path; k++)
                    sbuf_addc(&request, 'x');
                int fd = net_connect(t, SOCK_STREAM);
                say(t, fd, sbuf_slice(&request), bytewise);
                want++;
                net_until(t, t->counts.v[COUNT_http_on_tcp] == want && t->in->connections == 0);
                close(fd);
            }
        ck_assert_uint_eq(t->n, 0);
        net_free(t);
    }
    sbuf_done(&request);
}
END_TEST

/* Lines that only begin like a request, whole, in pieces, and cut off. */
START_TEST(no_http_on_a_tcp_port)
{
    static const char *const lines[] = {"GET /x HTTP/1.1 200 5ms",
                                        "GET /x HTTP/1.1\r by another name",
                                        "GET is a word",
                                        "ERROR /var/log/x HTTP/x.1",
                                        "ERROR",
                                        "get /x HTTP/1.1",
                                        "<13>GET /x HTTP/1.1",
                                        "\x16 and no handshake",
                                        "GET  HTTP/1.1"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        for (int how = 0; how < 4; how++) {
            struct net *t = tcp_new(INPUT_SYSLOG);
            net_start(t);
            int fd = net_connect(t, SOCK_STREAM);
            char *line = xasprintf("%s%s", lines[i], how & 2 ? "" : "\nGET / HTTP/1.1\n");
            say(t, fd, slice_str(line), how & 1);
            if (how & 2)
                close(fd);
            net_until(t, t->n == (how & 2 ? 1 : 2));
            net_is(t, 0, lines[i]);
            ck_assert_uint_eq(t->counts.v[COUNT_http_on_tcp] + t->counts.v[COUNT_tls_on_plain], 0);
            if (!(how & 2))
                close(fd);
            free(line);
            net_free(t);
        }
}
END_TEST

START_TEST(out_of_descriptors)
{
    struct net *t = tcp_new(INPUT_SYSLOG);
    t->opt.idle_timeout_us = 300000; /* the sweep that tries again comes as often */
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    struct rlimit old, none;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 3;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    net_until(t, t->counts.v[COUNT_input_errors] > 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
    net_until(t, t->in->connections == 1);
    ck_assert_uint_lt(t->counts.v[COUNT_input_errors], 100);
    close(fd);
    net_free(t);
}
END_TEST

START_TEST(unix_stream)
{
    char dir[] = "/tmp/crumbd-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(dir));
    struct net *t = net_new(INPUT_SYSLOG, INPUT_UNIX_STREAM);
    free(t->opt.host);
    t->opt.host = xasprintf("%s/log", dir);
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    net_send(fd, BYTES("<13>one\0<13>two\n<13>three"));
    close(fd);
    net_until(t, t->n == 3);
    net_is(t, 1, "<13>two");
    ck_assert_uint_eq(t->msg[0].pid, (uint32_t)getpid());
    net_free(t);
    ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

/* ---- PROXY ---- */

static const char v2_tcp4[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x09\x7f\x00\x00\x01\x12\x34\x56\x78";

/* Feeds the header as the reader asks for it; the bytes taken, 0 when it is refused or ends too early. */
static size_t proxy_walk(struct slice s, struct sockaddr_storage *from)
{
    size_t n = 0, want = 0;
    for (;;) {
        enum proxy_result r = proxy_read(slice_sub(s, 0, n), from, &want);
        if (r == PROXY_DONE)
            return n;
        if (r == PROXY_BAD)
            return 0;
        ck_assert_uint_gt(want, 0);
        if (n + want > s.n)
            return 0;
        n += want;
    }
}

START_TEST(proxy_headers)
{
    static const struct {
        struct slice in;
        size_t taken;
        const char *peer;
    } cases[] = {
        {SLICE("PROXY TCP4 203.0.113.9 127.0.0.1 56324 443\r\n<13>x"), 44, "203.0.113.9"},
        {SLICE("PROXY TCP6 2001:db8::1 ::1 1 2\r\nrest"), 32, "2001:db8::1"},
        {SLICE("PROXY UNKNOWN\r\nrest"), 15, ""},
        {SLICE("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\nx"), 43, ""},
        {{v2_tcp4, sizeof v2_tcp4 - 1}, 28, "203.0.113.9"},
        {SLICE("\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x03xyz<13>"), 19, ""},
        {SLICE("PROXY TCP4 203.0.113.9 127.0.0.1 56324 443\n<13>x"), 0, ""},
        {SLICE("PROXY TCP4 203.0.113.999 127.0.0.1 56324 443\r\n"), 0, ""},
        {SLICE("PROXY TCP4 203.0.113.9 127.0.0.1 70000 443\r\n"), 0, ""},
        {SLICE("PROXY TCP5 203.0.113.9 127.0.0.1 7 443\r\n"), 0, ""},
        {SLICE("<13>no header at all, just text that goes on\n"), 0, ""},
        {SLICE("\r\n\r\n\0\r\nQUIT\n\x31\x11\x00\x0c............"), 0, ""},
        {SLICE("\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x04...."), 0, ""},
        {SLICE("\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff...."), 0, ""},
        {SLICE("PROXY UNKNOWN xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"),
         0, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sockaddr_storage from;
        char text[INET6_ADDRSTRLEN] = "";
        ck_assert_msg(proxy_walk(cases[i].in, &from) == cases[i].taken, "case %zu", i);
        if (cases[i].taken && from.ss_family != AF_UNSPEC)
            inet_ntop(from.ss_family,
                      from.ss_family == AF_INET ? (void *)&((struct sockaddr_in *)&from)->sin_addr
                                                : (void *)&((struct sockaddr_in6 *)&from)->sin6_addr,
                      text, sizeof text);
        ck_assert_str_eq(text, cases[i].peer);
    }
}
END_TEST

/* A sender that logs errors alone is silent for long, and most do not notice that they have been left. */
START_TEST(idle_is_for_strangers)
{
    struct net *t = tcp_new(INPUT_SYSLOG);
    t->opt.proxy_protocol = true;
    t->opt.idle_timeout_us = 200000;
    net_start(t);
    int far = net_connect(t, SOCK_STREAM), near = net_connect(t, SOCK_STREAM);
    net_send(near, SLICE("PROXY TCP4 127.0.0.1 127.0.0.1 56324 443\r\n<13>one\n"));
    net_until(t, t->n == 1);
    net_send(far, SLICE("PROXY TCP4 203.0.113.1 127.0.0.1 56324 443\r\n<13>two\n"));
    net_until(t, t->n == 2 && net_closed(far));
    ck_assert_uint_eq(t->counts.v[COUNT_connections_idle], 1);
    ck_assert(!net_closed(near));
    net_send(near, SLICE("<13>three\n"));
    net_until(t, t->n == 3);
    close(far);
    close(near);
    net_free(t);
}
END_TEST

/* Wrong octet counts lose no message, and are counted. */
START_TEST(wrong_counts)
{
    struct net *t = tcp_new(INPUT_SYSLOG);
    net_start(t);
    int fd = net_connect(t, SOCK_STREAM);
    net_send(fd, SLICE("17 <13>first of all19 <13>second of them17 <13>third of all"));
    net_until(t, t->n == 3);
    net_is(t, 0, "<13>first of all1");
    net_is(t, 1, "<13>second of them");
    net_is(t, 2, "<13>third of all");
    ck_assert_uint_eq(t->counts.v[COUNT_wrong_octet_counts], 1);
    close(fd);
    net_free(t);
}
END_TEST

START_TEST(proxy_connections)
{
    struct net *t = tcp_new(INPUT_SYSLOG);
    t->opt.proxy_protocol = true;
    t->opt.idle_timeout_us = 500000;
    net_start(t);
    int v1 = net_connect(t, SOCK_STREAM), v2 = net_connect(t, SOCK_STREAM), none = net_connect(t, SOCK_STREAM);
    int silent = net_connect(t, SOCK_STREAM), check = net_connect(t, SOCK_STREAM);
    net_send(v1, SLICE("PROXY TCP4 203.0.113.1 127.0.0.1 56324 443\r\n<13>one\n"));
    net_until(t, t->n == 1);
    net_send(v2, slice_of(v2_tcp4, 20));
    net_until(t, t->in->type->drained(t->in));
    net_send(v2, slice_of(v2_tcp4 + 20, 8));
    net_send(v2, SLICE("<13>two\n"));
    net_send(none, SLICE("<13>there is no header here\n"));
    close(check);
    net_until(t, t->n == 2 && net_closed(none) && net_closed(silent));
    ck_assert_str_eq(t->msg[0].peer, "203.0.113.1");
    ck_assert_str_eq(t->msg[1].peer, "203.0.113.9");
    ck_assert(t->msg[0].remote && !t->msg[0].trusted && t->msg[0].domain && t->msg[0].domain != t->msg[1].domain);
    ck_assert_uint_eq(t->counts.v[COUNT_proxy_errors], 1);
    ck_assert_uint_ge(t->counts.v[COUNT_connections_idle], 1);
    close(v1);
    close(v2);
    close(none);
    close(silent);
    net_free(t);
}
END_TEST

/* ---- shares ---- */

/* A connection that the proxy on loopback says is `from`'s, with a message that has arrived. */
static int client(struct net *t, const char *from)
{
    size_t before = t->n;
    char text[128];
    int n = snprintf(text, sizeof text, "PROXY %s %s %s 56324 443\r\n<13>hello\n", strchr(from, ':') ? "TCP6" : "TCP4",
                     from, strchr(from, ':') ? "::1" : "127.0.0.1");
    int fd = net_connect(t, SOCK_STREAM);
    net_send(fd, slice_of(text, (size_t)n));
    net_until(t, t->n == before + 1);
    return fd;
}

static void speak(struct net *t, int fd)
{
    size_t before = t->n;
    net_send(fd, SLICE("<13>again\n"));
    net_until(t, t->n == before + 1);
}

static unsigned open_of(const int *fds, unsigned n)
{
    unsigned open = 0;
    for (unsigned i = 0; i < n; i++)
        open += !net_closed(fds[i]);
    return open;
}

static struct net *proxied(unsigned max_connections)
{
    struct net *t = tcp_new(INPUT_SYSLOG);
    t->opt.proxy_protocol = true;
    t->opt.max_connections = max_connections;
    net_start(t);
    return t;
}

static void close_all(const int *fds, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        close(fds[i]);
}

/* It gives up its own that has been idle longest, also where it says to be many of one network; nobody else loses any.
 */
START_TEST(an_address_has_its_share_of_connections)
{
    enum { MAX = 64, EACH = 8 };
    struct net *t = proxied(MAX);
    int one[EACH + 1], six[2 * EACH], other = client(t, "203.0.113.2");
    for (unsigned i = 0; i < EACH; i++)
        one[i] = client(t, "203.0.113.1");
    speak(t, one[0]);
    ck_assert_uint_eq(open_of(one, EACH), EACH);
    one[EACH] = client(t, "203.0.113.1");
    net_until(t, net_closed(one[1]));
    ck_assert(!net_closed(one[0]) && !net_closed(one[2]) && !net_closed(one[EACH]) && !net_closed(other));
    ck_assert_uint_eq(t->counts.v[COUNT_connections_over_share], 1);
    for (unsigned i = 0; i < 2 * EACH; i++) {
        char from[32];
        snprintf(from, sizeof from, "2001:db8:0:7::%x", i + 1);
        six[i] = client(t, from);
    }
    net_until(t, open_of(six, 2 * EACH) == EACH);
    ck_assert_uint_eq(t->counts.v[COUNT_connections_over_share], 1 + EACH);
    int elsewhere = client(t, "2001:db8:0:8::1");
    ck_assert_uint_eq(open_of(six, 2 * EACH), EACH);
    speak(t, other);
    close_all(one, EACH + 1);
    close_all(six, 2 * EACH);
    close(other);
    close(elsewhere);
    net_free(t);
}
END_TEST

/* A header that is read only at the end makes an address give up the connection that would be read next. */
START_TEST(an_end_that_closes_the_next_connection)
{
    enum { MAX = 64, EACH = 8 };
    struct net *t = proxied(MAX);
    int late = net_connect(t, SOCK_STREAM), held[EACH];
    net_until(t, t->in->connections == 1);
    for (unsigned i = 0; i < EACH; i++)
        held[i] = client(t, "203.0.113.1");
    net_send(late, SLICE("PROXY TCP4 203.0.113.1 127.0.0.1 56324 443\r\n<13>late\n"));
    net_send(held[EACH - 1], SLICE("<13>last\n"));
    net_drain(t);
    ck_assert_uint_eq(t->n, EACH + 2);
    ck_assert_uint_eq(t->counts.v[COUNT_connections_over_share], 1);
    net_until(t, net_closed(held[0]));
    close_all(held, EACH);
    close(late);
    net_free(t);
}
END_TEST

START_TEST(who_is_exempt_has_no_share)
{
    enum { MAX = 32, MANY = 12 };
    struct input_cidr range = {.addr = {[10] = 0xff, 0xff, 203, 0, 113, 0}, .bits = 96 + 24};
    struct net *t = tcp_new(INPUT_SYSLOG);
    t->opt.proxy_protocol = true;
    t->opt.max_connections = MAX;
    t->opt.exempt = &range;
    t->opt.n_exempt = 1;
    net_start(t);
    int relay[MANY], local[MANY], other[MANY];
    for (unsigned i = 0; i < MANY; i++)
        relay[i] = client(t, "203.0.113.1");
    for (unsigned i = 0; i < MANY; i++)
        local[i] = client(t, "127.0.0.7");
    ck_assert_uint_eq(t->counts.v[COUNT_connections_over_share], 0);
    for (unsigned i = 0; i < MANY / 2; i++)
        other[i] = client(t, "198.51.100.1");
    net_until(t, open_of(other, MANY / 2) == MAX / 8);
    ck_assert_uint_eq(open_of(relay, MANY) + open_of(local, MANY), 2 * MANY);
    close_all(relay, MANY);
    close_all(local, MANY);
    close_all(other, MANY / 2);
    net_free(t);
}
END_TEST

/* Many addresses, each within its share and each of its connections proven, do not keep out one that comes later. */
START_TEST(who_holds_most_gives_way)
{
    enum { MAX = 16 };
    struct net *t = proxied(MAX);
    int held[MAX];
    for (unsigned i = 0; i < MAX; i++) /* 4, 3, 3, 3, 3 */
        held[i] =
            client(t, i < 4 ? "203.0.113.1"
                            : (const char *[]){"203.0.113.2", "203.0.113.3", "203.0.113.4", "203.0.113.5"}[i % 4]);
    ck_assert_uint_eq(open_of(held, MAX), MAX);
    speak(t, held[0]);
    int late = client(t, "203.0.113.9");
    net_until(t, net_closed(held[1]));
    ck_assert_uint_eq(open_of(held, MAX), MAX - 1);
    ck_assert(!net_closed(late));
    ck_assert_uint_eq(t->counts.v[COUNT_connections_over_cap], 1);
    ck_assert_uint_eq(t->counts.v[COUNT_connections_over_share], 0);
    speak(t, late);
    close_all(held, MAX);
    close(late);
    net_free(t);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tcp");
    TCase *c = tcase_create("tcp");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, syslog_frames);
    tcase_add_test(c, gelf_frames);
    tcase_add_test(c, an_endless_line);
    tcase_add_test(c, slow_sender);
    tcase_add_test(c, random_bytes);
    tcase_add_test(c, a_crowd_that_says_nothing);
    tcase_add_test(c, unfinished_messages_have_a_budget);
    tcase_add_test(c, back_pressure);
    tcase_add_test(c, pause_between_messages);
    tcase_add_test(c, per_sender_waits);
    tcase_add_test(c, an_end_hands_on_what_waits);
    tcase_add_test(c, an_end_while_paused);
    tcase_add_test(c, what_is_not_read_in_time_is_counted);
    tcase_add_test(c, not_allowed);
    tcase_add_test(c, tls_client_on_a_plain_port);
    tcase_add_test(c, http_on_a_tcp_port);
    tcase_add_test(c, no_http_on_a_tcp_port);
    tcase_add_test(c, out_of_descriptors);
    tcase_add_test(c, unix_stream);
    tcase_add_test(c, proxy_headers);
    tcase_add_test(c, idle_is_for_strangers);
    tcase_add_test(c, wrong_counts);
    tcase_add_test(c, proxy_connections);
    tcase_add_test(c, an_address_has_its_share_of_connections);
    tcase_add_test(c, an_end_that_closes_the_next_connection);
    tcase_add_test(c, who_is_exempt_has_no_share);
    tcase_add_test(c, who_holds_most_gives_way);
    suite_add_tcase(s, c);
    return unit_run(s);
}
