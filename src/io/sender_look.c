/* sender_look: the part of sender.h that shows what is known of each project's server. */
#include "io/sender_impl.h"

#include "io/clock.h"

unsigned sender_projects(const struct sender *s)
{
    return s->n_projects;
}

/* A moment of the monotonic clock as one of the wall clock, 0 stays; to the second, so that it is the same whenever it
   is asked for. */
static int64_t wall_of(int64_t mono_ms)
{
    int64_t us = clock_wall_us() + (mono_ms - clock_mono_ms()) * 1000;
    return mono_ms ? (us + 500000) / 1000000 * 1000000 : 0;
}

void sender_look(const struct sender *s, unsigned project, struct sender_view *out)
{
    const struct project *p = &s->projects[project];
    int64_t limited_ms = item_kind_until(ITEM_EVENT, &p->limits);
    bool limited = limited_ms > clock_mono_ms();
    int64_t next_ms = limited && limited_ms > p->until_ms ? limited_ms : p->until_ms;
    *out = (struct sender_view){.name = slice_str(p->name),
                                .upstream = p->shown,
                                .state = p->paused                ? SENDER_PAUSED
                                         : p->failures || limited ? SENDER_WAITING
                                                                  : SENDER_DELIVERING,
                                .answered_us = p->answered_us,
                                .answer = p->answer};
    if (out->state == SENDER_DELIVERING) {
        out->since_us = wall_of(p->works_since_ms);
        return;
    }
    out->since_us = wall_of(p->failures ? p->failing_since_ms : p->limited_since_ms);
    out->next_us = wall_of(next_ms);
}
