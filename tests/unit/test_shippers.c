/* What shippers write into topics and queues is read as the line that they bring, and tells where it is from. */
#include "tests/unit/unit.h"

#include <string.h>

#include "base/arena.h"
#include "parsers/otlp.h"
#include "parsers/parser.h"

static struct record r;

/* In the forms of Filebeat 8.11, Fluent Bit 2.2 and Vector 0.34. NULL: nothing is said of it. */
static const struct shipped {
    const char *text, *message;
    enum level level;
    const char *host, *app, *pod, *container, *namespace, *image;
} shipped[] = {
    {"{\"@timestamp\":\"2026-11-30T10:00:00.123Z\",\"@metadata\":{\"beat\":\"filebeat\",\"version\":\"8.11.1\"},"
     "\"agent\":{\"type\":\"filebeat\",\"name\":\"web-1\"},\"ecs\":{\"version\":\"8.0.0\"},\"log\":{\"offset\":12,"
     "\"file\":{\"path\":\"/var/log/app.log\"}},\"message\":\"2026-11-30 10:00:00 ERROR com.acme.Till - payment "
     "failed\",\"host\":{\"name\":\"web-1\"}}",
     "payment failed", LEVEL_ERROR, "web-1", NULL, NULL, NULL, NULL, NULL},
    {"{\"@timestamp\":\"2026-11-30T10:00:00.123Z\",\"@metadata\":{\"beat\":\"filebeat\"},\"stream\":\"stderr\","
     "\"message\":\"ERROR payment failed\",\"kubernetes\":{\"pod\":{\"name\":\"till-7f9c4cb7d5-4fj2z\",\"uid\":\"u\"},"
     "\"namespace\":\"shop\",\"container\":{\"name\":\"till\"},\"node\":{\"name\":\"node-3\"}},\"container\":{\"id\":"
     "\"abc\",\"image\":{\"name\":\"acme/till:1.2\"}},\"host\":{\"name\":\"filebeat-xyz\"}}",
     "payment failed", LEVEL_ERROR, "node-3", "till", "till-7f9c4cb7d5-4fj2z", "till", "shop", "acme/till:1.2"},
    {"{\"@timestamp\":1796032800.123456,\"log\":\"ERROR payment failed\\n\",\"stream\":\"stderr\",\"time\":"
     "\"2026-11-30T10:00:00.123456789Z\",\"kubernetes\":{\"pod_name\":\"till-7f9c4cb7d5-4fj2z\",\"namespace_name\":"
     "\"shop\",\"host\":\"node-3\",\"container_name\":\"till\",\"container_image\":\"acme/till:1.2\"}}",
     "payment failed", LEVEL_ERROR, "node-3", "till", "till-7f9c4cb7d5-4fj2z", "till", "shop", "acme/till:1.2"},
    {"{\"date\":1796032800.123456,\"log\":\"ERROR payment failed\"}", "payment failed", LEVEL_ERROR, NULL, NULL, NULL,
     NULL, NULL, NULL},
    {"{\"file\":\"/var/log/pods/x\",\"kubernetes\":{\"container_image\":\"acme/till:1.2\",\"container_name\":\"till\","
     "\"pod_name\":\"till-7f9c4cb7d5-4fj2z\",\"pod_namespace\":\"shop\",\"pod_node_name\":\"node-3\"},\"message\":"
     "\"ERROR payment failed\",\"source_type\":\"kubernetes_logs\",\"stream\":\"stderr\",\"timestamp\":"
     "\"2026-11-30T10:00:00.1Z\"}",
     "payment failed", LEVEL_ERROR, "node-3", "till", "till-7f9c4cb7d5-4fj2z", "till", "shop", "acme/till:1.2"},
    {"{\"appname\":\"till\",\"facility\":\"daemon\",\"hostname\":\"web-1\",\"message\":\"payment failed\",\"procid\":"
     "812,\"severity\":\"err\",\"source_type\":\"syslog\",\"timestamp\":\"2026-11-30T10:00:00Z\"}",
     "payment failed", LEVEL_ERROR, "web-1", "till", NULL, NULL, NULL, NULL},
};

static void ck_text(struct slice got, const char *want)
{
    if (want)
        ck_slice(got, want);
    else
        ck_assert_uint_eq(got.n, 0);
}

static void ck_shipped(const struct shipped *s, struct slice text, struct arena *a)
{
    struct parse_ctx ctx = {.arena = a, .last_us = RECORD_NO_TIME};
    struct parser_seen seen = {0};
    record_init(&r, FORMAT_AUTO, text);
    ck_assert(parser_parse_next(&seen, &ctx, &r));
    ck_text(r.message, s->message);
    ck_assert_int_eq(r.level, s->level);
    ck_assert_int_eq(r.time_us / 1000000, 1796032800);
    ck_text(r.host, s->host);
    ck_text(r.app, s->app);
    ck_text(record_get(&r, SLICE("pod")), s->pod);
    ck_text(record_get(&r, SLICE("container")), s->container);
    ck_text(record_get(&r, SLICE("namespace")), s->namespace);
    ck_text(record_get(&r, SLICE("image")), s->image);
}

START_TEST(lines)
{
    struct arena a = {0};
    ck_shipped(&shipped[_i], slice_str(shipped[_i].text), &a);
    arena_done(&a);
}
END_TEST

/* A text that looks so is a text: it is the container's own, and Docker's line. */
START_TEST(not_an_envelope)
{
    static const char text[] =
        "{\"log\":\"{\\\"kubernetes\\\":{\\\"pod_name\\\":\\\"x\\\"}}\\n\",\"stream\":\"stdout\","
        "\"time\":\"2026-11-30T10:00:00.123456789Z\"}";
    ck_assert_int_eq(parser_detect(slice_str(text)), FORMAT_DOCKER);
}
END_TEST

/* ---- OpenTelemetry ---- */

struct seen {
    struct arena arena;
    char text[4][1024];
    unsigned n;
};

static void on_record(void *u, struct slice record)
{
    struct seen *s = u;
    ck_assert_uint_lt(s->n, 4);
    ck_assert_uint_lt(record.n, sizeof s->text[0]);
    memcpy(s->text[s->n], record.p, record.n);
    s->text[s->n++][record.n] = '\0';
}

static unsigned records_of(struct seen *s, const char *text)
{
    struct sbuf out;
    s->n = 0;
    sbuf_init(&out, 65536);
    unsigned n = otlp_records(slice_str(text), &s->arena, &out, on_record, s);
    sbuf_done(&out);
    ck_assert_uint_eq(n, s->n);
    return n;
}

START_TEST(records)
{
    static const char text[] =
        "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":"
        "\"till\"}},{\"key\":\"host.name\",\"value\":{\"stringValue\":\"web-1\"}},{\"key\":\"k8s.pod.name\",\"value\":"
        "{\"stringValue\":\"till-7f9c4cb7d5-4fj2z\"}},{\"key\":\"k8s.namespace.name\",\"value\":{\"stringValue\":"
        "\"shop\"}},{\"key\":\"k8s.container.name\",\"value\":{\"stringValue\":\"till\"}}]},\"scopeLogs\":[{\"scope\":"
        "{\"name\":\"com.acme.Till\"},\"logRecords\":[{\"timeUnixNano\":\"1796032800123456789\",\"severityNumber\":17,"
        "\"severityText\":\"ERROR\",\"body\":{\"stringValue\":\"payment failed\"},\"attributes\":[{\"key\":\"order\","
        "\"value\":{\"intValue\":\"7\"}}],\"traceId\":\"0af7651916cd43dd8448eb211c80319c\"},{\"observedTimeUnixNano\":"
        "\"1796032800923456789\",\"severityNumber\":9,\"body\":{\"stringValue\":\"paid\"}}]}]},{\"scopeLogs\":[{"
        "\"logRecords\":[{\"body\":{\"stringValue\":\"2026-11-30T10:00:00Z WARN low\"}}]}]}]}";
    static const struct shipped want[] = {
        {NULL, "payment failed", LEVEL_ERROR, "web-1", "till", "till-7f9c4cb7d5-4fj2z", "till", "shop", NULL},
        {NULL, "paid", LEVEL_INFO, "web-1", "till", "till-7f9c4cb7d5-4fj2z", "till", "shop", NULL},
        {NULL, "low", LEVEL_WARNING, NULL, NULL, NULL, NULL, NULL, NULL}};
    static struct seen s;
    ck_assert(otlp_begins(slice_str(text)));
    ck_assert_uint_eq(records_of(&s, text), 3);
    for (unsigned i = 0; i < 3; i++) {
        ck_shipped(&want[i], slice_str(s.text[i]), &s.arena);
        ck_text(r.logger, i < 2 ? "com.acme.Till" : NULL);
        ck_text(r.trace_id, i ? NULL : "0af7651916cd43dd8448eb211c80319c");
        ck_text(record_value(&r, "order"), i ? NULL : "7");
    }
    arena_done(&s.arena);
}
END_TEST

/* Logs of one resource with a service's name and two records, by the schema of opentelemetry-proto; and what is none.
 */
START_TEST(protobuf)
{
    static const char logs[] =
        "\x0a\x3a\x0a\x18\x0a\x16\x0a\x0cservice.name\x12\x06\x0a\x04till\x12\x1e\x0a\x00\x12\x0b\x11"
        "\x01\x02\x03\x04\x05\x06\x07\x08\x2a\x00\x12\x0d\x2a\x0b\x0a\x09paid late";
    const struct slice whole = slice_of(logs, sizeof logs - 1);
    ck_assert_uint_eq(whole.n, 60);
    ck_assert(otlp_is_protobuf(whole));
    for (size_t n = 0; n < whole.n; n++)
        ck_assert_msg(!otlp_is_protobuf(slice_sub(whole, 0, n)), "%zu", n);
    static const char *const texts[] = {"\n",
                                        "\n\n",
                                        "\n\x01",
                                        "\n\x02\n",
                                        "\n\n0123456789",
                                        "\nERROR",
                                        "{\"resourceLogs\":[]}",
                                        "\x12\x02\x0a\x00",
                                        "\n\x80\x80\x80\x80\x80\x80\x01"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_msg(!otlp_is_protobuf(slice_str(texts[i])), "%zu", i);
    char twice[2 * sizeof logs];
    memcpy(twice, logs, whole.n);
    memcpy(twice + whole.n, logs, whole.n);
    ck_assert(otlp_is_protobuf(slice_of(twice, 2 * whole.n)));
}
END_TEST

START_TEST(no_records)
{
    static const char *const texts[] = {"",
                                        "{}",
                                        "[]",
                                        "{\"resourceLogs\":[]}",
                                        "{\"resourceLogs\":{}}",
                                        "{\"resourceLogs\":[1,null,[],{}]}",
                                        "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[7,\"x\",[]]}]}]}",
                                        "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{}",
                                        "{\"resourceLogs\":[{\"resource\":[],\"scopeLogs\":7}]}"};
    static struct seen s;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_uint_eq(records_of(&s, texts[i]), 0);
    ck_assert_uint_eq(records_of(&s,
                                 "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":7,\"attributes\":[{"
                                 "\"key\":1},{\"key\":\"a\"},{\"key\":\"b\",\"value\":{\"arrayValue\":{}}},3]}]}]}]}"),
                      1);
    arena_done(&s.arena);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("shippers");
    TCase *t = tcase_create("shippers");
    tcase_add_loop_test(t, lines, 0, sizeof shipped / sizeof *shipped);
    tcase_add_test(t, not_an_envelope);
    tcase_add_test(t, records);
    tcase_add_test(t, no_records);
    tcase_add_test(t, protobuf);
    suite_add_tcase(s, t);
    return unit_run(s);
}
