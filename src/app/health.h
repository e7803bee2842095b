/*
 * health: what the main thread knows of the worker's: whether it turns, whether one turn holds up all others, whether
 * reading is paused. Asked once every HEALTH_PULSE_US at most; belongs to the main thread.
 */
#ifndef APP_HEALTH_H
#define APP_HEALTH_H

#include "app/worker.h"

enum {
    HEALTH_PULSE_US = 1000000,
    HEALTH_SILENT_US =
        60000000,             /* so long without a turn: not healthy; where a watchdog waits, its time counts instead */
    HEALTH_HELD_US = 5000000, /* so long without a turn, or paused: not ready */
};

struct health {
    int64_t pulse_us, silent_limit_us;
    unsigned turns_seen;
    int64_t silent_us; /* since the worker was last seen to have turned */
    int64_t paused_us;
    int64_t told_us; /* began_us of the slow turn that the log has named */
    bool busy;       /* turn is under way */
    struct turn turn;
};

/* watchdog_us: how long the service manager waits for a sign of life; 0: it does not. */
void health_init(struct health *h, int64_t watchdog_us);
/* w NULL: it has ended well. True when it has turned since the last call. */
bool health_pulse(struct health *h, struct worker *w, const struct input_options *inputs);
/* Why /healthz or /readyz must fail, for people; NULL: they need not. */
const char *health_why_sick(const struct health *h);
const char *health_why_not_reading(const struct health *h);

#endif
