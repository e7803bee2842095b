#include "core/shared.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "core/shared_range.h"

struct shared_asked {
    uint64_t number;
    struct shared_event of;
    struct flood_share share;
    struct pending *event; /* NULL: there is none, or not any more */
    int64_t asked_us;
    bool of_event;  /* else members are only told */
    bool undecided; /* an event waits for the answer */
    bool reckoned;  /* what this process would decide */
    bool held;      /* it has decided, against the event */
    bool known;     /* members had the issue before */
    bool taking;    /* its places are asked for */
    unsigned looks; /* how often its answer was looked for since SHARED_WAIT_US were over */
    TAILQ_ENTRY(shared_asked) by_age;
};

void shared_init(struct shared *s)
{
    TAILQ_INIT(&s->by_age);
    s->due_us = s->ask ? 0 : INT64_MAX;
    if (s->ask)
        flood_use_shares(s->flood);
}

static void forget(struct shared *s, struct shared_asked *a)
{
    s->undecided -= a->undecided;
    table_del(&s->asked, a->number);
    TAILQ_REMOVE(&s->by_age, a, by_age);
    free(a);
}

void shared_done(struct shared *s)
{
    struct shared_asked *a;
    while ((a = TAILQ_FIRST(&s->by_age)))
        forget(s, a);
    table_done(&s->asked);
}

/* --- asking --- */

/* Whoever reads lines for long finds the answer only after that, however fast it came. */
static bool is_overdue(const struct shared_asked *a, int64_t now_us)
{
    return now_us - a->asked_us >= SHARED_WAIT_US && a->looks >= SHARED_LOOKS;
}

static bool can_ask(const struct shared *s, int64_t now_us)
{
    const struct shared_asked *oldest = TAILQ_FIRST(&s->by_age);
    return s->up && s->asked.n < SHARED_ASKED_MAX && (!oldest || !is_overdue(oldest, now_us));
}

static bool put_ask(struct shared *s, const struct shared_ask *ask)
{
    if (!s->ask(s->ask_u, ask))
        return false;
    s->counts->v[COUNT_shared_asks]++;
    return true;
}

static bool send_count(struct shared *s, const struct shared_asked *a)
{
    const struct shared_ask ask = {.number = a->number,
                                   .issue = a->share.issue,
                                   .n = a->share.untold,
                                   .floor = a->share.floor,
                                   .end_ms = a->share.end_ms,
                                   .period_us = a->share.period_us};
    return put_ask(s, &ask);
}

/* What the first of an issue takes is counted, and there is always a place: the limiter of this process has let it
   pass whatever the budgets say. */
static bool send_takes(struct shared *s, const struct shared_asked *a)
{
    const struct shared_event *e = &a->of;
    bool first = e->is_new && !a->known;
    struct shared_ask ask = {.number = a->number,
                             .project = e->project,
                             .n_takes = 2,
                             .takes = {{.of = SHARED_MINUTE, .most = first ? 0 : e->per_minute},
                                       {.of = SHARED_DAY, .most = first ? 0 : e->per_day}}};
    if (first)
        ask.takes[ask.n_takes++] = (struct shared_take){.of = SHARED_NEW};
    if (first && e->new.peer)
        ask.takes[ask.n_takes++] = (struct shared_take){.of = SHARED_NEW, .peer = e->new.peer};
    return put_ask(s, &ask);
}

static struct shared_asked *keep(struct shared *s, const struct shared_asked *a)
{
    struct shared_asked *kept = xmalloc(sizeof *kept);
    *kept = *a;
    table_put(&s->asked, kept->number, kept);
    TAILQ_INSERT_TAIL(&s->by_age, kept, by_age);
    s->undecided += kept->undecided;
    if (s->due_us > kept->asked_us + SHARED_WAIT_US)
        s->due_us = kept->asked_us + SHARED_WAIT_US;
    return kept;
}

static bool reckons(const struct flood_share *share)
{
    return share->owed || shared_range_passes(share->burst, share->first, share->last);
}

enum shared_verdict shared_event_now(struct shared *s, uint64_t key)
{
    struct flood_share share;
    if (!s->ask || !flood_share_look(s->flood, key, &share))
        return SHARED_PASS;
    flood_share_decide(s->flood, key);
    return reckons(&share) ? SHARED_PASS : SHARED_HOLD;
}

/* Tells members of the occurrences of its issue, and asks for their range. */
static bool ask_for(struct shared *s, struct shared_asked *a)
{
    struct flood_share *share = &a->share;
    if (!flood_share_look(s->flood, a->of.issue.key, share))
        return false;
    if (!send_count(s, a))
        return false;
    flood_share_tell(s->flood, share->key);
    flood_share_decide(s->flood, share->key);
    a->reckoned = reckons(share);
    s->last_number++;
    return true;
}

enum shared_verdict shared_event(struct shared *s, const struct shared_event *event, int64_t now_us,
                                 struct shared_asked **asked)
{
    struct shared_asked a = {
        .number = s->last_number + 1, .of = *event, .asked_us = now_us, .of_event = true, .undecided = true};
    if (!s->ask)
        return SHARED_PASS;
    if (can_ask(s, now_us) && ask_for(s, &a)) {
        *asked = keep(s, &a);
        return SHARED_UNDECIDED;
    }
    s->counts->v[COUNT_shared_local]++;
    return shared_event_now(s, event->issue.key);
}

void shared_set_event(struct shared_asked *asked, struct pending *event)
{
    asked->event = event;
}

/* --- deciding --- */

/* The event is let go; the ask still waits for its answer. */
static void settle(struct shared *s, struct shared_asked *a, bool pass)
{
    s->undecided -= a->undecided;
    a->undecided = false;
    a->held = !pass;
}

static void decide(struct shared *s, struct shared_asked *a, bool pass)
{
    struct pending *event = a->event;
    if (!a->undecided)
        return;
    settle(s, a, pass);
    a->event = NULL;
    if (event)
        s->decided(s->decided_u, event, &a->of.issue, pass);
}

/* Once its range has let it pass, only budgets are asked for. */
static bool reckoned(const struct shared_asked *a)
{
    return a->taking || a->reckoned;
}

bool shared_drop(struct shared *s, struct shared_asked *a, struct flood_issue *issue)
{
    bool pass = reckoned(a);
    *issue = a->of.issue;
    a->event = NULL;
    s->counts->v[COUNT_shared_local]++;
    settle(s, a, pass);
    return pass;
}

static void decide_here(struct shared *s, struct shared_asked *a)
{
    if (!a->undecided)
        return;
    s->counts->v[COUNT_shared_local]++;
    decide(s, a, reckoned(a));
}

void shared_decide(struct shared *s)
{
    struct shared_asked *a;
    TAILQ_FOREACH (a, &s->by_age, by_age)
        decide_here(s, a);
}

/* --- answers --- */

static void take_places(struct shared *s, struct shared_asked *a)
{
    a->taking = true;
    if (send_takes(s, a))
        return;
    decide_here(s, a);
    forget(s, a);
}

static void counted(struct shared *s, struct shared_asked *a, const struct shared_answer *answer, int64_t now_us)
{
    const struct flood_told told = {
        .before = answer->before, .n = a->share.untold, .end_ms = answer->end_ms, .left_us = answer->left_us};
    bool passes = shared_range_passes(a->share.burst, told.before + 1, told.before + told.n);
    bool late = !a->undecided;
    /* Of a range that lets one pass where none is there any more, the next one passes instead. */
    flood_share_told(s->flood, a->share.key, &told, passes && late && (!a->of_event || a->held), now_us);
    a->known = answer->known;
    if (a->of.is_new && a->known)
        new_issues_give_back(s->new_issues, &a->of.new);
    if (!late && (passes || a->share.owed)) {
        take_places(s, a);
        return;
    }
    decide(s, a, false);
    forget(s, a);
}

static void took(struct shared *s, struct shared_asked *a, const struct shared_answer *answer)
{
    const struct new_issue *new = &a->of.new;
    if (a->of.is_new && !a->known) {
        new_issues_told(s->new_issues, new->project, 0, answer->takes[2].count, answer->takes[2].left_us);
        if (new->peer)
            new_issues_told(s->new_issues, new->project, new->peer, answer->takes[3].count, answer->takes[3].left_us);
    }
    decide(s, a, !answer->denied);
    forget(s, a);
}

static void failed(struct shared *s, struct shared_asked *a)
{
    if (!a->taking)
        flood_share_back(s->flood, a->share.key, a->share.untold);
    decide_here(s, a);
    forget(s, a);
}

void shared_answered(struct shared *s, const struct shared_answer *answer, int64_t now_us)
{
    struct shared_asked *a = table_get(&s->asked, answer->number);
    if (!a)
        return;
    if (answer->failed)
        failed(s, a);
    else if (a->taking)
        took(s, a, answer);
    else
        counted(s, a, answer, now_us);
}

void shared_set_up(struct shared *s, bool up)
{
    struct shared_asked *a;
    s->up = up;
    while (!up && (a = TAILQ_FIRST(&s->by_age))) {
        decide_here(s, a);
        forget(s, a);
    }
}

/* --- time passes --- */

static void tell(struct shared *s, int64_t now_us)
{
    for (unsigned i = 0; i < SHARED_AT_ONCE && can_ask(s, now_us); i++) {
        struct shared_asked a = {.asked_us = now_us, .number = s->last_number + 1};
        uint64_t key = flood_share_oldest(s->flood);
        if (!flood_share_look(s->flood, key, &a.share) || !send_count(s, &a))
            return;
        flood_share_tell(s->flood, key);
        s->last_number++;
        keep(s, &a);
    }
}

/* Returns when it wants to be called next. */
static int64_t decide_overdue(struct shared *s, int64_t now_us, bool looked)
{
    struct shared_asked *a, *next;
    bool looks_again = false;
    for (a = TAILQ_FIRST(&s->by_age); a && now_us - a->asked_us >= SHARED_WAIT_US; a = next) {
        next = TAILQ_NEXT(a, by_age);
        a->looks += looked && a->looks < SHARED_LOOKS;
        if (is_overdue(a, now_us))
            decide_here(s, a);
        else
            looks_again = true;
    }
    return looks_again ? now_us + SHARED_LOOK_US : a ? a->asked_us + SHARED_WAIT_US : INT64_MAX;
}

int64_t shared_tick(struct shared *s, int64_t now_us, bool looked)
{
    if (!s->ask || (!looked && now_us < s->due_us)) /* this is asked at each line of a log */
        return s->due_us;
    int64_t due_us = decide_overdue(s, now_us, looked);
    if (now_us >= s->tell_us || s->tell_us > now_us + SHARED_EVERY_US) {
        s->tell_us = now_us + SHARED_EVERY_US;
        tell(s, now_us);
    }
    s->due_us = due_us < s->tell_us ? due_us : s->tell_us;
    return s->due_us;
}
