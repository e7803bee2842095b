#include "app/health.h"

static const char held_up[] = "one input holds up the reading of all";

void health_init(struct health *h, int64_t watchdog_us)
{
    *h = (struct health){.pulse_us = HEALTH_PULSE_US, .silent_limit_us = watchdog_us ? watchdog_us : HEALTH_SILENT_US};
    if (watchdog_us && watchdog_us / 4 < h->pulse_us)
        h->pulse_us = watchdog_us / 4; /* so that one look that comes too early does no harm */
}

/* The hanging thread cannot say it itself. */
static void say_held_up(struct health *h, const struct input_options *inputs)
{
    if (!h->busy || h->turn.took_us < TURN_BUDGET_US || h->turn.began_us == h->told_us)
        return;
    h->told_us = h->turn.began_us;
    turn_log(LOG_WARN, held_up, &h->turn, inputs);
}

static void say_hangs(const struct health *h, int64_t before_us, const struct input_options *inputs)
{
    int64_t limit_us = h->silent_limit_us / 4 * 3;
    if (before_us >= limit_us || h->silent_us < limit_us)
        return;
    if (h->busy)
        turn_log(LOG_ERROR, "the worker thread hangs in what one input has sent", &h->turn, inputs);
    else
        log_error("the worker thread hangs", log_c("hint", "see what holds it with `gdb -p`, or restart crumbd"));
}

bool health_pulse(struct health *h, struct worker *w, const struct input_options *inputs)
{
    unsigned turns = w ? worker_turns(w) : h->turns_seen + 1;
    bool turned = turns != h->turns_seen;
    int64_t before_us = h->silent_us;
    h->turns_seen = turns;
    h->silent_us = turned ? 0 : h->silent_us + h->pulse_us;
    h->paused_us = w && worker_paused(w) ? h->paused_us + h->pulse_us : 0;
    h->busy = w && worker_turn(w, &h->turn);
    say_held_up(h, inputs);
    say_hangs(h, before_us, inputs);
    return turned;
}

const char *health_why_sick(const struct health *h)
{
    return h->silent_us >= h->silent_limit_us ? "the thread that reads hangs; crumbd's log names the input" : NULL;
}

const char *health_why_not_reading(const struct health *h)
{
    return h->silent_us >= HEALTH_HELD_US   ? "one input holds up the reading of all; crumbd's log names it"
           : h->paused_us >= HEALTH_HELD_US ? "reading is paused until the store has taken what waits"
                                            : NULL;
}
