/*
 * send_window: how many requests of one upstream may be on their way at a time, from one to SEND_WINDOW_MAX.
 *
 * It is what TCP's congestion window is, with additive increase and multiplicative decrease. Each answer that came as
 * quickly as with few on their way makes room for one more, up to a threshold: that doubles the window each round trip.
 * Above it the window grows by one each round trip. It grows only while it is what holds requests back, so nothing is
 * learnt from a sender that has little to send.
 *
 *   overload (429, 5xx, no answer): one request at a time again, the threshold is half of what the window was
 *   answers that take several times as long: requests wait at the server, and half as many serve as well
 *   every 30 s: one at a time, to learn anew how quick an answer is; the threshold is what the window was
 *
 * What was sent before the last of these says nothing of what came after: it counts by its round. Pure; a value of its
 * user, who tells the time.
 */
#ifndef CORE_SEND_WINDOW_H
#define CORE_SEND_WINDOW_H

#include <stdint.h>

enum { SEND_WINDOW_MAX = 64 };

struct send_window {
    unsigned size;      /* requests that may be on their way */
    unsigned threshold; /* up to it the window doubles */
    unsigned credit;    /* quick answers above the threshold since it grew */
    unsigned round;     /* a request is told the one in which it was begun */
    int64_t quickest_us;
    int64_t measured_us; /* when the measuring of quickest_us began; 0: it has not */
};

void send_window_init(struct send_window *w);
/* Before requests are begun: measures anew when the time has come. */
void send_window_renew(struct send_window *w, int64_t now_us);
/* A request of `round` was answered well after took_us; on_their_way: it and the others. */
void send_window_answered(struct send_window *w, unsigned round, unsigned on_their_way, int64_t took_us);
/* A request of `round` was refused because there are too many, or not answered. */
void send_window_overload(struct send_window *w, unsigned round);

#endif
