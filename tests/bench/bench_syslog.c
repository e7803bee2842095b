/*
 * bench_syslog [SECONDS]: syslog messages of 150 bytes to records: RFC 5424 with structured data, RFC 3164,
 * an nginx entry. The aim of 200 000 messages/s into one worker leaves 5000 ns for everything; what the
 * parser takes of it is shown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "parsers/parser.h"

enum { ROUND = 2000 };

static const struct {
    const char *name, *text;
} kinds[] = {
    {"RFC 5424", "<165>1 2026-11-23T09:59:58.123456+01:00 web-1.example.com shop 8710 ID47 [req@32473 "
                 "id=\"7f3c01\" user=\"42\"] "
                 "payment failed: gateway answered 502"},
    {"RFC 3164", "<27>Nov 23 09:59:58 web-1.example.com shop-worker[8710]: payment 4711 failed after 3 "
                 "tries: gateway answered 502 Bad "
                 "Gateway, giving up on this one"},
    {"nginx in syslog", "<187>Nov 23 09:59:58 web-1 nginx: 2026/11/23 09:59:58 [error] 813#813: *2 connect() "
                        "failed (111: Connection refused) while "
                        "connecting to upstream, client: 10.0.0.1, server: shop, request: \"GET /c "
                        "HTTP/1.1\", upstream: \"http://10.0.0.2:80/c\", host: "
                        "\"shop\""},
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double round_of(struct slice message)
{
    static struct record r;
    static struct arena arena;
    double from = now();
    for (int k = 0; k < ROUND; k++) {
        struct parse_ctx ctx = {.arena = &arena, .now_us = INT64_C(1795428000000000), .last_us = RECORD_NO_TIME};
        record_init(&r, FORMAT_SYSLOG, message);
        if (!parser_parse(FORMAT_SYSLOG, &ctx, &r) || !r.host.n)
            abort();
        arena_reset(&arena);
    }
    return now() - from;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 1;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct slice message = slice_str(kinds[i].text);
        double best = 1e9;
        for (double end = now() + seconds; now() < end;) {
            double t = round_of(message);
            best = t < best ? t : best;
        }
        printf("%-16s %zu bytes: %.0f ns a message, %.2f million/s\n", kinds[i].name, message.n, best / ROUND * 1e9,
               ROUND / best / 1e6);
    }
    return 0;
}
