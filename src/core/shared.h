/*
 * shared: one flood, many members. What the limiter of this process would let pass is asked of a count that all members
 * share (limits.shared), and that count is told now and then of what was held back.
 *
 * An event that is asked for is undecided until the answer comes, at most SHARED_WAIT_US and until it has been looked
 * for SHARED_LOOKS times since; then, or when nobody can be asked, what this process reckons decides, by the last word
 * of the others and its own occurrences since. Nothing waits for it: the event is among those that wait for the lines
 * after them. First its issue is asked for, whose range must hold an occurrence that passes (shared_range.h); then, if
 * so, the budgets of its project.
 *
 * Whatever members say, what is held back here is counted here (flood_take_back), so each member's events and
 * suppressed ones are its occurrences. Bounded: SHARED_ASKED_MAX asks; SHARED_AT_ONCE issues are told in
 * SHARED_EVERY_US. Answers are anybody's bytes: one that no ask waits for is ignored. Pure: asks leave through a
 * function. One thread.
 */
#ifndef CORE_SHARED_H
#define CORE_SHARED_H

#include <sys/queue.h>

#include "base/count.h"
#include "base/table.h"
#include "core/flood.h"
#include "core/new_issues.h"

enum {
    SHARED_WAIT_US = 50000,
    SHARED_LOOKS = 3,
    SHARED_LOOK_US = 1000,
    SHARED_EVERY_US = 1000000,
    SHARED_AT_ONCE = 256,
    SHARED_ASKED_MAX = 2048,
    SHARED_TAKES = 4
};

struct pending;

/* A place in a budget of a project; `most` 0: it is counted, and there is always one. */
struct shared_take {
    enum shared_budget { SHARED_MINUTE, SHARED_DAY, SHARED_NEW } of;
    uint64_t peer; /* NEW: of a sender; 0: of the project */
    uint64_t most;
};

/* Either occurrences are added (n_takes 0) or places are taken, all or none. */
struct shared_ask {
    uint64_t number;
    uint64_t issue;    /* its name among members */
    uint64_t n, floor; /* to be added, to at least so many in the period that ends at end_ms */
    int64_t end_ms;    /* of the members' clock; 0: not known */
    int64_t period_us; /* of a period that begins now */
    uint64_t project;  /* hash of its name, whose places they are */
    unsigned n_takes;
    struct shared_take takes[SHARED_TAKES];
};

struct shared_answer {
    uint64_t number;
    bool failed; /* nothing was added, nothing taken */
    uint64_t before;
    int64_t end_ms, left_us;
    bool known;  /* members have had the issue before, in that period or lately */
    bool denied; /* a budget has no place */
    struct {
        uint64_t count;
        int64_t left_us;
    } takes[SHARED_TAKES];
};

/* False: it cannot be asked. */
typedef bool shared_ask_f(void *u, const struct shared_ask *ask);
/* An event that was undecided is not any more. */
typedef void shared_decided_f(void *u, struct pending *event, const struct flood_issue *issue, bool pass);

/* An event that the limiter of this process lets pass. */
struct shared_event {
    struct flood_issue issue;
    uint64_t project; /* hash of its name; the same on every host */
    unsigned per_minute, per_day;
    bool is_new; /* the fingerprint was not known here; then: */
    struct new_issue new;
};

struct shared_asked;

struct shared {
    shared_ask_f *ask; /* NULL: nothing is shared */
    shared_decided_f *decided;
    void *ask_u, *decided_u;
    struct flood *flood;
    struct new_issues *new_issues;
    struct counts *counts;
    struct table asked; /* by their number */
    TAILQ_HEAD(, shared_asked) by_age;
    unsigned undecided;
    uint64_t last_number;
    int64_t tell_us; /* when members are next told */
    int64_t due_us;  /* shared_tick has nothing to do before, unless answers have been looked for */
    bool up;
};

enum shared_verdict { SHARED_PASS, SHARED_HOLD, SHARED_UNDECIDED };

/* Begins s, whose functions and objects are filled in already. */
void shared_init(struct shared *s);
void shared_done(struct shared *s);
/* Asks for an event. UNDECIDED: *asked is to be given its event, or to be dropped; what comes of it is told through
 * `decided`, later than this call. */
enum shared_verdict shared_event(struct shared *s, const struct shared_event *event, int64_t now_us,
                                 struct shared_asked **asked);
/* For an event that cannot wait: what this process reckons. Never UNDECIDED. */
enum shared_verdict shared_event_now(struct shared *s, uint64_t key);
void shared_set_event(struct shared_asked *asked, struct pending *event);
/* The event goes now: whether it passes is decided, without `decided`. False: it does not, and *issue is its own. */
bool shared_drop(struct shared *s, struct shared_asked *asked, struct flood_issue *issue);
/* Decides whatever is undecided, as when its time is over. */
void shared_decide(struct shared *s);
void shared_answered(struct shared *s, const struct shared_answer *answer, int64_t now_us);
/* Whether members can be asked. When they cannot any more, what they had been asked is decided. */
void shared_set_up(struct shared *s, bool up);
/* Decides what has waited long enough, tells members what they have not been told. looked: since the last time that it
 * was true, answers have been looked for. Returns when it wants to be called next, INT64_MAX: it does not matter. */
int64_t shared_tick(struct shared *s, int64_t now_us, bool looked);

#endif
