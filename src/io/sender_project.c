/* sender_project: whether a project's upstream takes anything: failures, pauses and limits, and what the log says of
 * them. */
#include "io/sender_impl.h"

#include <stdio.h>

#include "base/log.h"
#include "base/utf8.h"
#include "io/backoff.h"
#include "io/clock.h"

enum {
    REMIND_FAILURES = 16,       /* a failing project is mentioned again after so many probes */
    LIMIT_EVERY_MS = 60 * 1000, /* some servers set one each second */
    EXPIRE_EVERY_MS = 3600 * 1000,
    SPREAD_MOST_MS = 10000, /* limits end later by an eighth at most, and by no more than this */
};

int64_t sender_retry_delay_ms(struct sender *s, unsigned failures)
{
    return backoff_spread(s->retry_first_ms, failures, s->retry_most_ms, &s->chance);
}

/* After a failure nothing is sent for so long, and then one. */
static void hold_up(struct project *p, int64_t delay_ms, const char *reason)
{
    struct sender *s = p->sender;
    int64_t limited_ms = item_kind_until(ITEM_EVENT, &p->limits) - clock_mono_ms();
    p->epoch++;
    p->failures++;
    p->paused = false;
    p->until_ms = clock_mono_ms() + delay_ms;
    if (p->failures == 1) {
        p->failing_since_ms = clock_mono_ms();
        store_woken(s->store); /* what was asked for while nothing failed */
    }
    store_tell_next_try(s->store, slice_str(p->name),
                        clock_wall_us() + (delay_ms > limited_ms ? delay_ms : limited_ms) * 1000, reason);
}

void project_limited(struct project *p, const struct flight *f, const char *reason)
{
    if (f->epoch == p->epoch)
        hold_up(p, sender_retry_delay_ms(p->sender, p->failures + 1), reason);
}

void project_failed(struct project *p, const struct flight *f, int64_t least_ms, const char *reason)
{
    if (f->epoch != p->epoch)
        return;
    int64_t delay_ms = sender_retry_delay_ms(p->sender, p->failures + 1), most_ms = p->sender->retry_most_ms;
    if (least_ms > delay_ms)
        delay_ms = least_ms < most_ms ? least_ms : most_ms;
    hold_up(p, delay_ms, reason);
    bool say = !p->trouble_said || p->failures % REMIND_FAILURES == 1;
    p->trouble_said |= say;
    if (say)
        log_warn("the upstream does not take events, they wait in the store", log_c("dsn", p->shown),
                 log_c("project", p->name), log_c("reason", reason), log_i("failures", p->failures),
                 log_i("next_try_ms", delay_ms));
}

void project_paused(struct project *p, const struct flight *f, unsigned status, const char *reason)
{
    const struct sender *s = p->sender;
    if (f->epoch != p->epoch)
        return;
    int64_t delay_ms = backoff_doubled(s->pause_first_ms, p->failures + 1, s->pause_most_ms);
    hold_up(p, delay_ms, reason);
    p->paused = p->trouble_said = true;
    log_error("project paused, its events wait in the store", log_c("dsn", p->shown), log_c("project", p->name),
              log_c("reason", reason), log_c("hint", reply_hint(status)), log_i("next_try_s", delay_ms / 1000));
}

void project_works(struct project *p, const struct flight *f)
{
    if (!p->works_since_ms)
        p->works_since_ms = clock_mono_ms();
    if (!p->failures || f->epoch != p->epoch)
        return;
    p->works_since_ms = clock_mono_ms();
    if (p->trouble_said)
        log_info("the upstream takes events again", log_c("dsn", p->shown), log_c("project", p->name),
                 log_i("after_s", (clock_mono_ms() - p->failing_since_ms) / 1000));
    p->trouble_said = p->paused = false;
    p->failures = 0;
    p->until_ms = 0;
    store_tell_next_try(p->sender->store, slice_str(p->name), 0, NULL);
}

static void spread(struct project *p, const struct reply_limits *before, int64_t now_ms)
{
    for (int c = 0; c < REPLY_CATEGORIES; c++) {
        int64_t most_ms = (p->limits.until_ms[c] - now_ms) / 8;
        most_ms = most_ms < SPREAD_MOST_MS ? most_ms : SPREAD_MOST_MS;
        if (p->limits.until_ms[c] > before->until_ms[c] && most_ms > 0)
            p->limits.until_ms[c] += backoff_chance(most_ms, &p->sender->chance);
    }
}

void project_tell_limits(struct project *p, const struct reply_limits *before, int64_t now_ms)
{
    spread(p, before, now_ms);
    int64_t before_ms = item_kind_until(ITEM_EVENT, before), until_ms = item_kind_until(ITEM_EVENT, &p->limits);
    if (before_ms <= now_ms && until_ms > now_ms)
        p->limited_since_ms = now_ms;
    if (before_ms <= now_ms && until_ms > now_ms && now_ms >= p->limit_due_ms) {
        log_warn("rate limited upstream, events wait in the store", log_c("dsn", p->shown), log_c("project", p->name),
                 log_i("seconds", (until_ms - now_ms + 999) / 1000));
        p->limit_due_ms = now_ms + LIMIT_EVERY_MS;
    }
    if (until_ms > before_ms && until_ms > now_ms)
        store_tell_next_try(p->sender->store, slice_str(p->name), clock_wall_us() + (until_ms - now_ms) * 1000,
                            "rate limited by the server");
}

void project_note_answer(struct project *p, const char *answer)
{
    struct slice cut = utf8_prefix(slice_str(answer), sizeof p->answer / 4);
    p->answered_us = clock_wall_us();
    snprintf(p->answer, sizeof p->answer, "%.*s", SLICE_ARG(cut));
}

void project_expire(struct project *p, int64_t now_ms)
{
    struct sender *s = p->sender;
    bool blocked = p->failures || item_kind_until(ITEM_EVENT, &p->limits) > now_ms, more;
    if (!blocked || now_ms < p->expire_due_ms)
        return;
    p->expired += store_expire(s->store, slice_str(p->name), clock_steady_us() - s->expire_after_us, &more);
    p->expire_due_ms = now_ms + (more ? 0 : EXPIRE_EVERY_MS);
    if (more || !p->expired)
        return;
    log_error("events given up: their project has taken none for 30 days", log_c("dsn", p->shown),
              log_c("project", p->name), log_i("events", (int64_t)p->expired));
    p->expired = 0;
}
