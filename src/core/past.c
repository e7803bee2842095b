#include "core/past.h"

enum count past_left_out(const struct past *p, const struct message *m)
{
    int64_t us = m->stream->last_us;
    if (!p->on || us == RECORD_NO_TIME || m->read == MESSAGE_AGAIN)
        return COUNT_N;
    if (us < p->oldest_us)
        return COUNT_too_old;
    return us < p->since_us || us >= p->before_us ? COUNT_unasked : COUNT_N;
}

int64_t past_received(const struct past *p, const struct message *m, int64_t now_us)
{
    int64_t us = m->stream->last_us;
    return p->on && us != RECORD_NO_TIME && us < now_us ? us : now_us;
}
