/* The input that reads streams of a Redis, beside one that answers as this test says: whose a stream is, and what is
 * forgotten when it comes back. */
#include "tests/unit/unit.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdio.h>

#include "io/clock.h"
#include "io/input.h"
#include "io/redis_group.h"

enum { CEILING_MS = 60000, STREAMS = 2, ID = 5 };

/* What is asked, told by the script or command and by the stream's name, which is a letter. */
struct fake {
    struct event_base *base;
    struct evconnlistener *listener;
    struct bufferevent *bev;
    struct redis_reader *reader;
    struct evbuffer *held; /* answers, from the next about a lease on; NULL: none are held */
    bool hold;             /* they are to be */
    unsigned members;
    unsigned asked[REDIS_OTHER + 1][STREAMS], last_acks[STREAMS];
    const char *place; /* the offset that was written last; NULL: none was */
    bool has_entry;    /* to be read once */
};

static struct slice word(const struct redis_value *command, unsigned i)
{
    return redis_text(command, i);
}

static enum redis_ask kind_of(const struct redis_value *command)
{
    struct slice name = word(command, 0), sha = word(command, 1);
    if (slice_is(name, "EVALSHA") && sha.n == REDIS_SHA_CHARS)
        return (enum redis_ask)(sha.p[sha.n - 1] - '0');
    return slice_is(name, "SCRIPT")       ? REDIS_LOAD
           : slice_is(name, "GET")        ? REDIS_NAME
           : slice_is(name, "XAUTOCLAIM") ? REDIS_CLAIM
                                          : REDIS_OTHER;
}

/* "a", or "crumbd:{a}:g:lease". */
static unsigned stream_of(const struct redis_value *command, enum redis_ask kind)
{
    struct slice key = word(command, kind == REDIS_CLAIM ? 1 : 3);
    for (size_t i = 0; i < key.n; i++)
        if (key.n == 1 || (i && key.p[i - 1] == '{'))
            return key.p[i] == 'b';
    return 0;
}

static bool is_last_ack(const struct redis_value *command)
{
    return slice_is(word(command, 14), "1");
}

static void answer(struct fake *f, enum redis_ask kind, struct evbuffer *out)
{
    static unsigned scripts;
    switch (kind) {
    case REDIS_LOAD:
        evbuffer_add_printf(out, "$40\r\n%039d%u\r\n", 0, scripts++ % REDIS_SCRIPTS);
        break;
    case REDIS_NAME:
        evbuffer_add_printf(out, "$4\r\nname\r\n");
        break;
    case REDIS_MEMBERS:
        evbuffer_add_printf(out, ":%u\r\n", f->members);
        break;
    case REDIS_LEASE:
        evbuffer_add_printf(out, "*2\r\n:1\r\n:0\r\n");
        break;
    case REDIS_BEGIN:
        if (f->place)
            evbuffer_add_printf(out, "*2\r\n*4\r\n$%zu\r\n%s\r\n$-1\r\n$1\r\n0\r\n$2\r\n-1\r\n:-1\r\n",
                                strlen(f->place), f->place);
        else
            evbuffer_add_printf(out, "*2\r\n*4\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n:-1\r\n");
        break;
    case REDIS_CLAIM:
        evbuffer_add_printf(out, "*3\r\n$3\r\n0-0\r\n*0\r\n*0\r\n");
        break;
    case REDIS_READ:
        if (f->has_entry)
            evbuffer_add_printf(out, "*2\r\n*1\r\n*2\r\n$3\r\n%d-0\r\n*2\r\n$7\r\nmessage\r\n$4\r\ntext\r\n:-1\r\n",
                                ID);
        else
            evbuffer_add_printf(out, "*2\r\n*0\r\n:-1\r\n");
        f->has_entry = false;
        break;
    case REDIS_ACK:
        evbuffer_add_printf(out, ":1\r\n");
        break;
    default:
        evbuffer_add_printf(out, "+OK\r\n");
    }
}

static bool on_command(void *u, const struct redis_value *command)
{
    struct fake *f = u;
    enum redis_ask kind = kind_of(command);
    unsigned s = stream_of(command, kind);
    f->asked[kind][s]++;
    f->last_acks[s] += kind == REDIS_ACK && is_last_ack(command);
    if (f->hold && kind == REDIS_LEASE && !f->held)
        f->held = evbuffer_new();
    answer(f, kind, f->held ? f->held : bufferevent_get_output(f->bev));
    return true;
}

static void on_bytes(struct bufferevent *bev, void *u)
{
    struct fake *f = u;
    char bytes[4096];
    size_t n;
    while ((n = bufferevent_read(bev, bytes, sizeof bytes)) > 0)
        ck_assert_ptr_null(redis_reader_feed(f->reader, slice_of(bytes, n), on_command, f));
}

static void hang_up(struct fake *f)
{
    if (f->bev)
        bufferevent_free(f->bev);
    if (f->reader)
        redis_reader_free(f->reader);
    f->bev = NULL;
    f->reader = NULL;
}

static void on_connection(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *a, int n, void *u)
{
    struct fake *f = u;
    (void)l, (void)a, (void)n;
    hang_up(f);
    f->reader = redis_reader_new(1 << 20);
    f->bev = bufferevent_socket_new(f->base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(f->bev, on_bytes, NULL, NULL, f);
    bufferevent_enable(f->bev, EV_READ | EV_WRITE);
}

/* --- the input --- */

struct run {
    struct fake fake;
    struct counts counts;
    unsigned messages, forgets, leaves;
    char text[8], group[8], field[8], host[16];
    struct slice streams[STREAMS];
    struct input_options opt;
    struct input *input;
};

static void on_message(void *u, const struct message *m)
{
    (void)m;
    ((struct run *)u)->messages++;
}

static void on_forget(void *u, uint64_t key)
{
    ck_assert(key);
    ((struct run *)u)->forgets++;
}

static void on_leave(void *u, uint64_t key)
{
    ck_assert(key);
    ((struct run *)u)->leaves++;
}

static int64_t on_now(void *u)
{
    (void)u;
    return 0;
}

static void begin(struct run *r, unsigned n_streams)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof sa;
    struct diag d = {0};
    const struct input_sink sink = {
        .u = r, .message = on_message, .forget = on_forget, .leave = on_leave, .now_us = on_now, .counts = &r->counts};
    *r = (struct run){.text = "redis", .group = "g", .field = "message", .host = "127.0.0.1"};
    r->fake.members = 1;
    r->fake.base = event_base_new();
    r->fake.listener = evconnlistener_new_bind(r->fake.base, on_connection, &r->fake, LEV_OPT_CLOSE_ON_FREE, -1,
                                               (struct sockaddr *)&sa, sizeof sa);
    ck_assert(r->fake.listener && !getsockname(evconnlistener_get_fd(r->fake.listener), (struct sockaddr *)&sa, &n));
    r->streams[0] = SLICE("a");
    r->streams[1] = SLICE("b");
    r->opt =
        (struct input_options){.kind = INPUT_REDIS,
                               .text = r->text,
                               .max_message_bytes = 4096,
                               .redis = {.where.at = {.host = r->host, .port = ntohs(sa.sin_port), .shown = r->host},
                                         .streams = r->streams,
                                         .n_streams = n_streams,
                                         .group = r->group,
                                         .field = r->field}};
    r->input = in_redis.start(r->fake.base, &r->opt, &sink, &d);
    ck_assert_ptr_nonnull(r->input);
    in_redis.look(r->input);
}

static void end(struct run *r)
{
    in_redis.stop(r->input);
    hang_up(&r->fake);
    if (r->fake.held)
        evbuffer_free(r->fake.held);
    evconnlistener_free(r->fake.listener);
    event_base_free(r->fake.base);
}

static void turn(struct run *r, int64_t end_ms)
{
    ck_assert_msg(clock_mono_ms() < end_ms, "it has not come to it in time");
    event_base_loop(r->fake.base, EVLOOP_ONCE);
}

/* Until it has been asked for so many more of a stream. */
static void await(struct run *r, enum redis_ask kind, unsigned stream, unsigned more)
{
    unsigned want = r->fake.asked[kind][stream] + more;
    for (int64_t end_ms = clock_mono_ms() + CEILING_MS; r->fake.asked[kind][stream] < want;)
        turn(r, end_ms);
}

static void put_nothing(void *u, const struct position *p)
{
    (void)u, (void)p;
}

/* It is asked to claim when where it begins has been settled. */
START_TEST(what_another_went_on_with_is_forgotten)
{
    struct run r;
    begin(&r, 1);
    r.fake.has_entry = true;
    await(&r, REDIS_READ, 0, 2);
    ck_assert_uint_eq(r.messages, 1);
    ck_assert_uint_eq(r.forgets, 1); /* it is new to this member */
    hang_up(&r.fake);
    await(&r, REDIS_CLAIM, 0, 1);
    ck_assert_uint_eq(r.forgets, 1); /* nobody else had it */
    hang_up(&r.fake);
    r.fake.place = "9437185"; /* 9-1 */
    await(&r, REDIS_CLAIM, 0, 1);
    ck_assert_uint_eq(r.forgets, 2);
    end(&r);
}
END_TEST

/* A lease that is renewed while its stream is given away is answered by yes, and is none any more: its end was sent
 * after that. */
START_TEST(an_answer_about_a_lease_that_was_ended_gives_none)
{
    struct run r;
    begin(&r, 2);
    await(&r, REDIS_READ, 0, 1);
    await(&r, REDIS_READ, 1, 1);
    r.fake.members = 2;
    r.fake.hold = true;
    for (int64_t end_ms = clock_mono_ms() + CEILING_MS; !r.fake.last_acks[0]; turn(&r, end_ms))
        if (r.fake.held) { /* checkpoints */
            in_redis.positions(r.input, put_nothing, NULL);
            in_redis.stored(r.input);
        }
    ck_assert_uint_eq(r.leaves, 1);
    ck_assert_uint_eq(r.fake.asked[REDIS_BEGIN][0], 1);
    bufferevent_write_buffer(r.fake.bev, r.fake.held);
    evbuffer_free(r.fake.held);
    r.fake.held = NULL;
    r.fake.hold = false;
    unsigned reads = r.fake.asked[REDIS_READ][1];
    for (int64_t end_ms = clock_mono_ms() + CEILING_MS; r.fake.asked[REDIS_READ][1] < reads + 2; turn(&r, end_ms))
        ck_assert_uint_eq(r.fake.asked[REDIS_BEGIN][0], 1);
    ck_assert_uint_eq(r.input->partitions, 1);
    /* It is asked for again like one that never was this member's. */
    r.fake.members = 1;
    await(&r, REDIS_BEGIN, 0, 1);
    end(&r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("redis_input");
    TCase *t = tcase_create("redis_input");
    tcase_set_timeout(t, 2 * CEILING_MS / 1000);
    if (redis_is_built_in()) {
        tcase_add_test(t, what_another_went_on_with_is_forgotten);
        tcase_add_test(t, an_answer_about_a_lease_that_was_ended_gives_none);
    }
    suite_add_tcase(s, t);
    return unit_run(s);
}
