/*
 * tail_await: a pattern that zero configuration knows, and that leads to nothing yet. It is looked for now and then,
 * and costs no watch and no poll until there is something; what comes then is new, and read from its first byte.
 */
#include "io/tail.h"

#include "base/log.h"
#include "io/safe_glob.h"

int64_t tail_await_ms(const struct tail *t)
{
    return input_await_ms(t->looks, t->tuning.await_ms);
}

/* What cannot be looked at may be there, and old. */
static void not_there(struct tail *t, const struct tail_search *s)
{
    bool unknown = s->unknown[0] != '\0';
    t->input.changed |= t->input.unreadable != unknown;
    if (unknown && !t->input.unreadable) {
        log_info("a log may be where crumbd may not look; it is looked for again", log_c("tail", t->opt->text),
                 log_c("path", s->unknown), log_c("error", strerror(s->error)));
        input_trouble(&t->input, &t->sink, "%s: %s", s->unknown, strerror(s->error));
    }
    t->input.unreadable = unknown;
    if (unknown)
        return;
    t->at_end = false;
    t->all_known = (struct tail_moment){tail_wall_ms(), tail_now_ms()};
    t->seen_changed |= !t->seen;
    t->seen = true;
}

bool tail_await(struct tail *t)
{
    t->looks++;
    if (input_is_instead(t->opt))
        return true;
    struct tail_search s = tail_search(t->opt->text);
    if (!s.found) {
        not_there(t, &s);
        return true;
    }
    log_info("a log has appeared, it is read", log_c("tail", t->opt->text));
    t->awaits = false;
    t->input.unreadable = 0;
    t->watch = t->tuning.no_inotify ? NULL : tail_watch_new(t);
    return false;
}
