/*
 * bench_gelf [SECONDS]: GELF messages of about 400 bytes to records, beside yajl alone over the same bytes (a
 * handle for each message, no callbacks), alternating in one run. The aim is at least half of yajl's speed;
 * the exit status says whether it was reached.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <yajl/yajl_parse.h>

#include "parsers/parser.h"

enum { MESSAGES = 64, ROUND = 2000 };

static const char form[] = "{\"version\":\"1.1\",\"host\":\"web-%d.example.com\",\"short_message\":\"Payment "
                           "%d failed: gateway answered 502\",\"timestamp\":1700000%03d.%03d,"
                           "\"level\":%d,\"_facility\":\"shop.payment\",\"_request_id\":\"7f3c%08x\",\"_user_"
                           "id\":%d,\"_file\":\"/srv/shop/payment.py\",\"_line\":118,"
                           "\"_container_name\":\"shop-web\",\"_logger_name\":\"shop.payment.gateway\",\"_"
                           "thread_name\":\"worker-%d\",\"_path\":\"/checkout/%d\"}";

static char text[MESSAGES][1024];
static struct slice message[MESSAGES];
static size_t bytes;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double with_yajl(void)
{
    double from = now();
    for (int k = 0; k < ROUND; k++) {
        struct slice m = message[k % MESSAGES];
        yajl_handle y = yajl_alloc(NULL, NULL, NULL);
        if (yajl_parse(y, (const unsigned char *)m.p, m.n) != yajl_status_ok ||
            yajl_complete_parse(y) != yajl_status_ok)
            abort();
        yajl_free(y);
    }
    return now() - from;
}

static double with_parser(void)
{
    static struct record r;
    static struct arena arena;
    double from = now();
    for (int k = 0; k < ROUND; k++) {
        struct parse_ctx ctx = {.arena = &arena, .now_us = INT64_C(1700000000000000), .last_us = RECORD_NO_TIME};
        record_init(&r, FORMAT_GELF, message[k % MESSAGES]);
        if (!parser_parse(FORMAT_GELF, &ctx, &r) || !r.request_id.n)
            abort();
        arena_reset(&arena);
    }
    return now() - from;
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 2, end, yajl = 1e9, own = 1e9;
    for (int i = 0; i < MESSAGES; i++) {
        int n = snprintf(text[i], sizeof text[i], form, i, i * 37, i, i * 7, i % 8, (unsigned)i * 2654435761u, i * 91,
                         i % 4, i);
        message[i] = slice_of(text[i], (size_t)n);
        bytes += (size_t)n;
    }
    for (end = now() + seconds; now() < end;) {
        double y = with_yajl(), o = with_parser();
        yajl = y < yajl ? y : yajl;
        own = o < own ? o : own;
    }
    double mb = (double)bytes / MESSAGES * ROUND / 1e6;
    printf("%zu bytes a message: yajl alone %.0f MB/s, %.0f ns; to a record %.0f MB/s, %.0f ns; %.2f of "
           "yajl's speed (aim 0.50)\n",
           bytes / MESSAGES, mb / yajl, yajl / ROUND * 1e9, mb / own, own / ROUND * 1e9, yajl / own);
    return yajl / own >= 0.5 ? 0 : 1;
}
