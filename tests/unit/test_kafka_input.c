/* The input that reads topics of Kafka, beside librdkafka's own brokers that are none: where it begins, what is
 * forgotten then, and that each message comes once. */
#include "tests/unit/unit.h"

#include "config.h"

#ifdef HAVE_RDKAFKA

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>

#include "io/clock.h"
#include "io/input.h"

enum { CEILING_MS = 60000, MESSAGES = 600, LONG = 300, WHY_MAX = 256 };

/* --- brokers --- */

static rd_kafka_t *client(rd_kafka_type_t type, const char *brokers)
{
    char why[WHY_MAX];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (brokers)
        rd_kafka_conf_set(conf, "bootstrap.servers", brokers, NULL, 0);
    rd_kafka_conf_set(conf, "log_level", "2", NULL, 0);
    if (type == RD_KAFKA_CONSUMER)
        rd_kafka_conf_set(conf, "group.id", "g", NULL, 0);
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof why);
    ck_assert_msg(rk != NULL, "%s", why);
    return rk;
}

/* One of them is long. */
static void write_messages(const char *brokers)
{
    rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, brokers);
    char *text = malloc(40000);
    for (int i = 0; i < MESSAGES; i++) {
        int n = snprintf(text, 40000, "message %d", i);
        size_t size = i == LONG ? 40000 : (size_t)n;
        memset(text + n, 'x', size - (size_t)n);
        ck_assert_int_eq(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC("logs"), RD_KAFKA_V_PARTITION(0),
                                           RD_KAFKA_V_VALUE(text, size), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                           RD_KAFKA_V_END),
                         RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    ck_assert_int_eq(rd_kafka_flush(rk, CEILING_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(rk);
    free(text);
}

static void commit(const char *brokers, int64_t offset, const char *metadata)
{
    rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, brokers);
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *p = rd_kafka_topic_partition_list_add(l, "logs", 0);
    p->offset = offset;
    p->metadata = strdup(metadata);
    p->metadata_size = strlen(metadata);
    ck_assert_int_eq(rd_kafka_commit(rk, l, 0), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(l);
    rd_kafka_destroy(rk);
}

/* --- the input --- */

struct run {
    struct counts counts;
    unsigned messages, forgets;
    uint64_t next, judged; /* offsets: that comes next; up to which it has been judged */
};

static void on_message(void *u, const struct message *m)
{
    struct run *r = u;
    char want[32];
    int n = snprintf(want, sizeof want, "message %ju", (uintmax_t)m->offset);
    ck_assert_uint_eq(m->offset, r->next++);
    ck_assert_msg(m->text.n >= (size_t)n && memcmp(m->text.p, want, (size_t)n) == 0, "%s", want);
    ck_assert_uint_eq(m->text.n, m->offset == LONG ? 40000 : (size_t)n);
    ck_assert_int_eq(m->read, m->offset < r->judged ? MESSAGE_AGAIN : MESSAGE_NEW);
    ck_assert_uint_eq(r->forgets, 1); /* before the first is read again */
    r->messages++;
}

static void on_forget(void *u, uint64_t key)
{
    ck_assert(key);
    ((struct run *)u)->forgets++;
}

static int64_t on_now(void *u)
{
    (void)u;
    return 0;
}

/* Each message from there on has to come once, in order. */
static struct run read_all(int64_t committed, const char *metadata, uint64_t first, uint64_t judged)
{
    struct run r = {.next = first, .judged = judged};
    rd_kafka_t *own = client(RD_KAFKA_PRODUCER, NULL);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(own, 1);
    ck_assert(cluster && !rd_kafka_mock_topic_create(cluster, "logs", 1, 1));
    const char *brokers = rd_kafka_mock_cluster_bootstraps(cluster);
    write_messages(brokers);
    commit(brokers, committed, metadata);

    struct event_base *base = event_base_new();
    struct slice broker = slice_str(brokers), topic = SLICE("logs");
    char text[] = "kafka", group[] = "g", client_id[] = "one";
    const struct input_options opt = {.kind = INPUT_KAFKA,
                                      .text = text,
                                      .max_message_bytes = 64 << 10,
                                      .kafka = {.brokers = &broker,
                                                .n_brokers = 1,
                                                .topics = &topic,
                                                .n_topics = 1,
                                                .group = group,
                                                .client_id = client_id}};
    const struct input_sink sink = {
        .u = &r, .message = on_message, .forget = on_forget, .now_us = on_now, .counts = &r.counts};
    struct diag d = {0};
    struct input *in = in_kafka.start(base, &opt, &sink, &d);
    ck_assert_ptr_nonnull(in);
    in_kafka.look(in);
    for (int64_t end_ms = clock_mono_ms() + CEILING_MS; r.next < MESSAGES;) {
        ck_assert_msg(clock_mono_ms() < end_ms, "only %u messages have come", r.messages);
        event_base_loop(base, EVLOOP_ONCE);
    }
    ck_assert_uint_eq(r.forgets, 1);
    in_kafka.stop(in);
    event_base_free(base);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(own);
    return r;
}

/* From the message before it on, which is read once more: with what breadcrumbs reach back to, so what is remembered is
 * forgotten first. */
START_TEST(begins_where_was_committed)
{
    struct run r = read_all(2, "", 1, 2);
    ck_assert_uint_eq(r.counts.v[COUNT_kafka_recreated], 0);
}
END_TEST

/* The last message that was judged has another time: what has come with it is of a place that is left. */
START_TEST(a_topic_that_was_made_anew_is_read_from_its_first_message)
{
    struct run r = read_all(2, "kafka1 5 1 0 1 0", 0, 0);
    ck_assert_uint_eq(r.counts.v[COUNT_kafka_recreated], 1);
}
END_TEST

#endif

int main(void)
{
    Suite *s = suite_create("kafka_input");
    TCase *t = tcase_create("kafka_input");
#ifdef HAVE_RDKAFKA
    tcase_set_timeout(t, 3 * CEILING_MS / 1000);
    tcase_add_test(t, begins_where_was_committed);
    tcase_add_test(t, a_topic_that_was_made_anew_is_read_from_its_first_message);
#endif
    suite_add_tcase(s, t);
    return unit_run(s);
}
