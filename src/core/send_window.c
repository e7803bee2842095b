#include "core/send_window.h"

#include <stdbool.h>

/* Answers of one server differ by that much for reasons of this host and of the network. */
#define JITTER_US INT64_C(5000)
/* An answer is measured anew after so long, and after so many round trips where these are slow. */
#define RENEW_US INT64_C(30000000)
#define RENEW_ROUND_TRIPS 100

void send_window_init(struct send_window *w)
{
    *w = (struct send_window){.size = 1, .threshold = SEND_WINDOW_MAX};
}

static void begin_anew(struct send_window *w, unsigned threshold)
{
    w->size = 1;
    w->threshold = threshold > 1 ? threshold : 1;
    w->credit = 0;
    w->quickest_us = 0;
    w->measured_us = 0;
    w->round++;
}

void send_window_renew(struct send_window *w, int64_t now_us)
{
    int64_t every_us = RENEW_ROUND_TRIPS * w->quickest_us;
    if (w->measured_us && now_us - w->measured_us > (every_us > RENEW_US ? every_us : RENEW_US))
        begin_anew(w, w->size);
    if (!w->measured_us)
        w->measured_us = now_us;
}

static void grow(struct send_window *w)
{
    bool doubles = w->size < w->threshold;
    if (w->size == SEND_WINDOW_MAX || (!doubles && ++w->credit < w->size))
        return;
    w->credit = 0;
    w->size++;
}

static void halve(struct send_window *w)
{
    w->size = (w->size + 1) / 2;
    w->threshold = w->size;
    w->credit = 0;
    w->round++;
}

void send_window_answered(struct send_window *w, unsigned round, unsigned on_their_way, int64_t took_us)
{
    if (round != w->round)
        return;
    took_us = took_us > 0 ? took_us : 1;
    if (!w->quickest_us || took_us < w->quickest_us)
        w->quickest_us = took_us;
    if (took_us > 4 * w->quickest_us + 2 * JITTER_US)
        halve(w);
    else if (took_us <= 2 * w->quickest_us + JITTER_US && on_their_way >= w->size)
        grow(w);
}

void send_window_overload(struct send_window *w, unsigned round)
{
    if (round == w->round)
        begin_anew(w, w->size / 2);
}
