/* Structured log lines of any bytes: JSON and logfmt; and several records in one message, as OpenTelemetry has them. */
#include "parsers/otlp.h"
#include "tests/fuzz/parse.h"

static struct record r;

static void on_record(void *u, struct slice record)
{
    if (record.n)
        assert(fuzz_parse(u, &r, FORMAT_JSON, record));
}

int fuzz_target(const uint8_t *data, size_t n)
{
    struct arena a = {0};
    struct slice raw = {(const char *)data, n};
    struct sbuf one;
    sbuf_init(&one, 65536);
    fuzz_parse(&a, &r, FORMAT_JSON, raw);
    fuzz_parse(&a, &r, FORMAT_LOGFMT, raw);
    otlp_records(raw, &a, &one, on_record, &a);
    otlp_is_protobuf(raw);
    sbuf_done(&one);
    arena_done(&a);
    return 0;
}
