/*
 * count_kafka: a consumer of Kafka that only counts, as the yardstick.
 *
 *   count_kafka BROKERS TOPIC MESSAGES
 *
 * Reads the topic from its first message on, as a group of its own, with librdkafka's defaults, until so many have
 * come. Prints one line: messages=N bytes=B seconds=S (from the first message on) own_cpu=C (of the thread that counts)
 * cpu=C (of all its threads).
 */
#include <librdkafka/rdkafka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { POLL_MS = 1000, CEILING_S = 120, WHY_MAX = 256 };

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_s(int whose)
{
    struct rusage r;
    getrusage(whose, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static void die(const char *what)
{
    fprintf(stderr, "count_kafka: %s\n", what);
    exit(3);
}

static rd_kafka_t *consumer(const char *brokers)
{
    char why[WHY_MAX], group[64];
    const char *const properties[][2] = {
        {"bootstrap.servers", brokers}, {"group.id", group}, {"auto.offset.reset", "earliest"}};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    snprintf(group, sizeof group, "count-%lld", (long long)(now_s() * 1e9));
    for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
        if (rd_kafka_conf_set(conf, properties[i][0], properties[i][1], why, sizeof why) != RD_KAFKA_CONF_OK)
            die(why);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!rk)
        die(why);
    return rk;
}

static void subscribe(rd_kafka_t *rk, const char *topic)
{
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(l, topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_poll_set_consumer(rk);
    if (rd_kafka_subscribe(rk, l))
        die("it cannot subscribe");
    rd_kafka_topic_partition_list_destroy(l);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        die("usage: count_kafka BROKERS TOPIC MESSAGES");
    uint64_t wanted = strtoull(argv[3], NULL, 10), n = 0, bytes = 0;
    double begun_s = 0, end_s = now_s() + CEILING_S;
    rd_kafka_t *rk = consumer(argv[1]);
    subscribe(rk, argv[2]);
    while (n < wanted && (n % 1024 || now_s() < end_s)) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, POLL_MS);
        if (!m)
            continue;
        if (!n && !m->err)
            begun_s = now_s();
        n += !m->err;
        bytes += m->err ? 0 : m->len;
        rd_kafka_message_destroy(m);
    }
    printf("messages=%llu bytes=%llu seconds=%.3f own_cpu=%.3f cpu=%.3f\n", (unsigned long long)n,
           (unsigned long long)bytes, now_s() - begun_s, cpu_s(RUSAGE_THREAD), cpu_s(RUSAGE_SELF));
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
    return n < wanted;
}
