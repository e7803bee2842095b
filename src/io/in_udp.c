/*
 * in_udp: messages that come one in a datagram: GELF and syslog over UDP, syslog on a unix datagram socket
 * (/dev/log).
 *
 * Up to BATCH datagrams are taken with one recvmmsg(2), into slots that are reserved once and cost memory
 * only as far as datagrams have filled them. Under back-pressure it goes on reading: a full kernel buffer
 * would lose datagrams by UDP, and on a unix socket stop every program that logs. What the kernel drops is
 * asked for once a second.
 */
#include <errno.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "io/clock.h"
#include "io/descriptors.h"
#include "io/listen.h"
#include "io/peer.h"
#include "io/unix_peer.h"
#include "parsers/gelf.h"
#include "parsers/gelf_chunk.h"

/* UDP carries 65 527 bytes at most. A unix datagram may be as long as the sender's SO_SNDBUF, 208 KiB unless
 * it was raised. */
enum {
    BATCH = 64,
    BATCHES_A_TURN = 16,
    UDP_SLOT = 64 * 1024,
    UNIX_SLOT = 256 * 1024,
    POLL_S = 1,
    DISCARD_MAX = 1 << 20
};

union control {
    struct cmsghdr align;
    char room[CMSG_SPACE(sizeof(struct ucred))];
};

struct in_udp {
    struct input input;
    const struct input_options *opt;
    struct input_sink sink;
    struct listener listener;
    struct event *readable, *poll;
    struct rates *rates;
    struct stream stream;
    struct peer peer;         /* sender of the datagram before: most datagrams come in runs */
    struct unix_peer process; /* the process that sent the datagram before, on a unix socket */
    char host[256];           /* this host's name, which is the host of messages that come by a unix socket */
    char *slots;
    size_t slot_bytes;
    struct gelf_chunks *chunks; /* GELF only */
    struct sbuf inflated;
    bool slots_large; /* a slot grew beyond its first page since it was last given back */
    uint32_t drops_seen;
    struct mmsghdr msg[BATCH];
    struct iovec iov[BATCH];
    struct sockaddr_storage from[BATCH];
    union control control[BATCH];
};

static bool over_unix(const struct in_udp *in)
{
    return in->opt->transport == INPUT_UNIX;
}

/* Returns the socket's own count of drops since it was made; it has 32 bits and wraps. */
static uint32_t kernel_drops(const struct in_udp *in)
{
    uint32_t mem[SK_MEMINFO_VARS] = {0};
    socklen_t len = sizeof mem;
    return getsockopt(in->listener.fd, SOL_SOCKET, SO_MEMINFO, mem, &len) == 0 ? mem[SK_MEMINFO_DROPS] : in->drops_seen;
}

static void poll_drops(struct in_udp *in)
{
    uint32_t seen = kernel_drops(in), fresh = seen - in->drops_seen;
    in->drops_seen = seen;
    if (fresh == 0)
        return;
    in->input.kernel_drops += fresh;
    in->sink.counts->v[COUNT_udp_kernel_drops] += fresh;
    log_at(LOG_WARN, "the kernel dropped datagrams: the receive buffer was full; raise receive_buffer",
           log_c("input", in->opt->text), log_i("datagrams", fresh));
}

static void udp_on_poll(evutil_socket_t fd, short what, void *u)
{
    struct in_udp *in = u;
    (void)fd, (void)what;
    poll_drops(in);
    /* Gives the pages of the slots back after a burst of large datagrams. */
    if (in->slots_large)
        madvise(in->slots, BATCH * in->slot_bytes, MADV_DONTNEED);
    in->slots_large = false;
    if (in->chunks) {
        gelf_chunks_expire(in->chunks, in->sink.now_us(in->sink.u), in->sink.counts);
        sbuf_done(&in->inflated);
    }
}

/* Sets the stream up for the sender of this datagram. False: the sender is not allowed, or above its rate. */
static bool admit(struct in_udp *in, struct msghdr *h)
{
    uint64_t *counts = in->sink.counts->v;
    if (over_unix(in)) {
        struct ucred cred;
        bool known = unix_peer_of_message(h, &cred);
        unix_peer_to_stream(&in->process, known ? &cred : NULL, in->sink.now_us(in->sink.u), &in->stream);
        return true;
    }
    if (!peer_is(&in->peer, h->msg_name)) {
        peer_set(&in->peer, h->msg_name);
        peer_to_stream(&in->peer, in->opt, &in->stream);
    }
    if (!peer_allowed(&in->peer, in->opt)) {
        counts[COUNT_not_allowed]++;
        log_at(LOG_WARN, "datagrams from an address outside allow", log_c("input", in->opt->text),
               log_peer(in->stream.sender));
        return false;
    }
    if (in->rates && rates_take(in->rates, &in->peer, in->sink.now_us(in->sink.u)) > 0) {
        counts[COUNT_rate_limited]++;
        log_at(LOG_WARN, "a sender is above per_sender", log_c("input", in->opt->text), log_peer(in->stream.sender),
               log_c("hint", "its messages are dropped; raise per_sender if it is honest"));
        return false;
    }
    return true;
}

static void deliver(struct in_udp *in, struct slice msg)
{
    size_t max = in->opt->max_message_bytes;
    const struct message m = {.stream = &in->stream,
                              .text = slice_sub(msg, 0, max),
                              .lines = 1,
                              .truncated_bytes = msg.n > max ? msg.n - max : 0};
    input_message(&in->sink, &in->input, &m);
}

/* Chunks are told apart by the sender's network address, or on a unix socket by its process. */
static bool add_chunk(struct in_udp *in, struct slice *datagram)
{
    uint8_t network[16];
    peer_network(&in->peer, network);
    struct slice sender = slice_of((const char *)network, sizeof network);
    if (over_unix(in))
        sender = slice_of((const char *)&in->stream.peer_pid, sizeof in->stream.peer_pid);
    bool exempt = over_unix(in) || peer_exempt(&in->peer, in->opt->exempt, in->opt->n_exempt);
    return (exempt ? gelf_chunks_add_exempt : gelf_chunks_add)(in->chunks, sender, *datagram,
                                                               in->sink.now_us(in->sink.u), in->sink.counts, datagram);
}

static void udp_on_lost(void *u, enum gelf_chunk_loss why, struct slice sender, unsigned have, unsigned count)
{
    static const char *const text[] = {
        [GELF_CHUNK_EXPIRED] =
            "chunks of a GELF message did not arrive within 5 s; let the sender use TCP or smaller messages",
        [GELF_CHUNK_EVICTED] = ("a GELF message was given up because too many unfinished ones waited, most of them of "
                                "its sender; let it use TCP, or exempt it"),
        [GELF_CHUNK_OVERSIZE] = "a chunked GELF message is longer than max_message",
    };
    struct in_udp *in = u;
    struct peer peer = {0};
    if (sender.n == sizeof peer.addr) {
        struct sockaddr_in6 a = {.sin6_family = AF_INET6};
        memcpy(&a.sin6_addr, sender.p, sender.n);
        peer_set(&peer, (struct sockaddr *)&a);
    }
    log_at(LOG_WARN, text[why], log_c("input", in->opt->text), log_peer(peer_slice(&peer)), log_i("have", have),
           log_i("of", count));
}

static void take_gelf(struct in_udp *in, struct slice datagram)
{
    uint64_t *counts = in->sink.counts->v;
    struct slice json;
    if (gelf_is_chunk(datagram) && !add_chunk(in, &datagram))
        return;
    switch (gelf_open_payload(datagram, &in->inflated, &json)) {
    case GELF_PLAIN:
    case GELF_INFLATED:
        deliver(in, json);
        break;
    case GELF_TOO_LARGE:
        counts[COUNT_gelf_inflated_too_large]++;
        log_at(LOG_WARN, "a GELF message inflates to more than max_message", log_c("input", in->opt->text),
               log_peer(in->stream.sender));
        break;
    case GELF_SHORT:
    case GELF_UNKNOWN:
    case GELF_BAD_ZIP:
        counts[COUNT_gelf_bad_payload]++;
        log_at(LOG_WARN, "a datagram is no GELF: neither JSON nor gzip nor zlib nor a chunk",
               log_c("input", in->opt->text), log_peer(in->stream.sender));
        break;
    }
}

static void take(struct in_udp *in, struct mmsghdr *m)
{
    struct slice msg = {m->msg_hdr.msg_iov->iov_base, m->msg_len};
    if (!admit(in, &m->msg_hdr))
        return;
    in->slots_large |= msg.n > 4096;
    if (m->msg_hdr.msg_flags & MSG_TRUNC)
        in->sink.counts->v[COUNT_udp_truncated]++;
    else if (in->chunks)
        take_gelf(in, msg);
    else
        deliver(in, msg);
}

/* Reads with one recvmmsg. True when there may be more datagrams. */
static bool read_batch(struct in_udp *in)
{
    for (unsigned i = 0; i < BATCH; i++) {
        in->msg[i].msg_hdr.msg_namelen = sizeof in->from[i];
        in->msg[i].msg_hdr.msg_controllen = over_unix(in) ? sizeof in->control[i] : 0;
    }
    int n = recvmmsg(in->listener.fd, in->msg, BATCH, MSG_DONTWAIT, NULL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        in->sink.counts->v[COUNT_input_errors]++;
        log_at(LOG_WARN, "datagram not read", log_c("input", in->opt->text), log_c("error", strerror(errno)));
        input_trouble(&in->input, &in->sink, "datagram not read: %s", strerror(errno));
    }
    for (int i = 0; i < n; i++)
        take(in, &in->msg[i]);
    return n == BATCH;
}

static void udp_on_readable(evutil_socket_t fd, short what, void *u)
{
    struct in_udp *in = u;
    (void)fd, (void)what;
    input_turn(&in->sink, &in->input, SLICE_NONE);
    /* After these the other inputs have their turn; the socket is still readable, so the loop comes back to this
       one. */
    for (unsigned i = 0; i < BATCHES_A_TURN && read_batch(in); i++)
        ;
}

static void reserve_slots(struct in_udp *in)
{
    in->slot_bytes = over_unix(in) ? UNIX_SLOT : UDP_SLOT;
    in->slots =
        mmap(NULL, BATCH * in->slot_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (in->slots == MAP_FAILED)
        in->slots = NULL;
    for (unsigned i = 0; i < BATCH && in->slots; i++) {
        in->iov[i] = (struct iovec){in->slots + i * in->slot_bytes, in->slot_bytes};
        in->msg[i].msg_hdr = (struct msghdr){.msg_name = &in->from[i],
                                             .msg_iov = &in->iov[i],
                                             .msg_iovlen = 1,
                                             .msg_control = over_unix(in) ? &in->control[i] : NULL};
    }
}

/* Reads and drops datagrams. Their number is bounded by more than a receive buffer holds, since the senders go on. */
static uint64_t discard(int fd)
{
    char byte;
    uint64_t n = 0;
    while (n < DISCARD_MAX && recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
        n++;
    return n;
}

/* Datagrams that are in the socket's buffer have been accepted: closed with the socket they would be lost and in no
 * counter. */
static void udp_drain(struct input *input, int64_t end_ms)
{
    struct in_udp *in = (struct in_udp *)input;
    bool more = !in->listener.passed;
    while (more) {
        more = read_batch(in) && clock_mono_ms() < end_ms;
    }
    if (!in->listener.passed)
        in->sink.counts->v[COUNT_unread] += discard(in->listener.fd);
    if (in->chunks) /* nobody will take the rest of these messages */
        gelf_chunks_expire(in->chunks, INT64_MAX, in->sink.counts);
}

static void udp_stop(struct input *input)
{
    struct in_udp *in = (struct in_udp *)input;
    if (in->listener.fd >= 0)
        poll_drops(in);
    if (in->readable)
        event_free(in->readable);
    if (in->poll)
        event_free(in->poll);
    listen_close(&in->listener);
    if (in->slots)
        munmap(in->slots, BATCH * in->slot_bytes);
    rates_free(in->rates);
    gelf_chunks_free(in->chunks);
    sbuf_done(&in->inflated);
    free(in);
}

static void set_stream(struct in_udp *in)
{
    const struct input_options *opt = in->opt;
    in->stream = (struct stream){.format = input_format(opt),
                                 .zone = opt->zone,
                                 .log_format = slice_str(opt->log_format),
                                 .source = slice_str(opt->text),
                                 .last_us = RECORD_NO_TIME};
    if (over_unix(in))
        in->peer = peer_none();
    peer_to_stream(&in->peer, opt, &in->stream);
    if (over_unix(in) && gethostname(in->host, sizeof in->host - 1) == 0)
        in->stream.peer = slice_str(in->host);
}

static void start_gelf(struct in_udp *in)
{
    struct gelf_chunk_caps caps = gelf_chunk_defaults();
    if (getrandom(&caps.seed, sizeof caps.seed, GRND_NONBLOCK) != sizeof caps.seed)
        caps.seed = (uint64_t)(uintptr_t)in;
    caps.message_bytes = in->opt->max_message_bytes;
    in->chunks = gelf_chunks_new(&caps, udp_on_lost, in);
    sbuf_init(&in->inflated, in->opt->max_message_bytes);
}

static struct input *udp_start(struct event_base *base, const struct input_options *opt, const struct input_sink *sink,
                               struct diag *d)
{
    struct in_udp *in = xcalloc(1, sizeof *in);
    *in = (struct in_udp){.input = {.type = &in_udp}, .opt = opt, .sink = *sink};
    const struct listen_on where = listen_on_input(opt);
    if (!listen_open(&in->listener, &where, SOCK_DGRAM, d)) {
        udp_stop(&in->input);
        return NULL;
    }
    in->input.port = in->listener.port;
    int on = 1;
    if (over_unix(in))
        setsockopt(in->listener.fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
    else
        listen_receive_buffer(in->listener.fd, opt->text, opt->receive_buffer_bytes);
    /* What a socket from systemd dropped before is not ours to report. */
    in->drops_seen = kernel_drops(in);
    in->rates = rates_new(opt->per_sender);
    if (input_traits[opt->kind].chunked)
        start_gelf(in);
    set_stream(in);
    reserve_slots(in);
    in->readable = event_new(base, in->listener.fd, EV_READ | EV_PERSIST, udp_on_readable, in);
    in->poll = event_new(base, -1, EV_PERSIST, udp_on_poll, in);
    struct timeval every = {.tv_sec = POLL_S};
    if (!in->slots || !in->readable || !in->poll || event_add(in->readable, NULL) != 0 ||
        event_add(in->poll, &every) != 0) {
        err_add(d, ERR_ERROR, opt->place, "cannot read from %s: no memory or no event", opt->text);
        udp_stop(&in->input);
        return NULL;
    }
    return &in->input;
}

static void udp_pause(struct input *in, bool paused)
{
    (void)in, (void)paused;
}

static bool udp_drained(struct input *input)
{
    struct in_udp *in = (struct in_udp *)input;
    return !descriptor_readable(in->listener.fd);
}

/* INPUT_GELF or INPUT_SYSLOG. */
const struct input_type in_udp = {
    .kind = INPUT_SYSLOG,
    .never_waits = true,
    .start = udp_start,
    .pause = udp_pause,
    .drained = udp_drained,
    .drain = udp_drain,
    .stop = udp_stop,
};
