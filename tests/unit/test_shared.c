/* Flood control that members share: the ranges, and members beside a count that is kept here. */
#include "tests/unit/unit.h"

#include "core/shared.h"
#include "core/shared_range.h"

static const int64_t S = 1000000, HOUR_US = INT64_C(3600000000);

/* --- ranges --- */

/* Occurrence by occurrence, as a single limiter does it. */
static bool passes_slowly(unsigned burst, uint64_t first, uint64_t last)
{
    for (uint64_t n = first; n <= last; n++) {
        uint64_t pass = burst;
        while (pass < n)
            pass *= 2;
        if (n <= burst || pass == n)
            return true;
    }
    return false;
}

START_TEST(ranges_hold_what_one_limiter_passes)
{
    for (unsigned burst = 1; burst < 12; burst++)
        for (uint64_t first = 1; first < 200; first++)
            for (uint64_t last = first - 1; last < 200; last++)
                ck_assert_int_eq(shared_range_passes(burst, first, last), passes_slowly(burst, first, last));
}
END_TEST

START_TEST(ranges_have_no_end)
{
    ck_assert(shared_range_passes(1, UINT64_C(1) << 63, UINT64_MAX));
    ck_assert(!shared_range_passes(1, (UINT64_C(1) << 63) + 1, UINT64_MAX));
    ck_assert(!shared_range_passes(UINT32_MAX, UINT64_MAX, UINT64_MAX));
    ck_assert(!shared_range_passes(10, 0, UINT64_MAX)); /* there is no occurrence 0 */
    ck_assert(!shared_range_passes(10, 11, 10));
    ck_assert(shared_range_passes(0, 1, 1));
}
END_TEST

/* --- members --- */

enum { MEMBERS = 3, QUEUE = 4096, ISSUES = 64, BUDGETS = 8 };

/* What all members count in; the test's own, by the words of crumbd-scale(7) and not by the script. */
static struct common {
    struct {
        uint64_t name, count;
        int64_t end_ms;
    } issues[ISSUES];
    struct {
        uint64_t project, peer, count;
        enum shared_budget of;
    } budgets[BUDGETS];
    int64_t now_us;
    bool away; /* takes nothing */
    bool deaf; /* takes, and answers nothing */
} common;

static struct member {
    struct flood *flood;
    struct new_issues *new_issues;
    struct shared shared;
    struct counts counts;
    struct shared_ask asks[QUEUE];
    unsigned n_asks;
    uint64_t occurrences, events, suppressed;
    struct pending *undecided[QUEUE];
    unsigned ids;
} members[MEMBERS];

static void on_summary(void *u, const struct flood_row *row)
{
    struct member *m = u;
    m->suppressed += row->suppressed;
}

static bool on_ask(void *u, const struct shared_ask *ask)
{
    struct member *m = u;
    if (common.away)
        return false;
    ck_assert_uint_lt(m->n_asks, QUEUE);
    m->asks[m->n_asks++] = *ask;
    return true;
}

static void on_decided(void *u, struct pending *event, const struct flood_issue *issue, bool pass)
{
    struct member *m = u;
    ck_assert_ptr_nonnull(event);
    m->events += pass;
    if (!pass)
        flood_take_back(m->flood, issue, common.now_us);
}

static void begin(void)
{
    memset(&common, 0, sizeof common);
    memset(members, 0, sizeof members);
    common.now_us = 1000 * S;
    for (struct member *m = members; m < members + MEMBERS; m++) {
        m->flood = flood_new(on_summary, m, NULL);
        m->new_issues = new_issues_new();
        m->shared = (struct shared){.ask = on_ask,
                                    .ask_u = m,
                                    .decided = on_decided,
                                    .decided_u = m,
                                    .flood = m->flood,
                                    .new_issues = m->new_issues,
                                    .counts = &m->counts};
        shared_init(&m->shared);
        shared_set_up(&m->shared, true);
    }
}

static uint64_t *budget_of(const struct shared_ask *ask, const struct shared_take *t)
{
    unsigned i = 0;
    while (i < BUDGETS && common.budgets[i].project &&
           (common.budgets[i].project != ask->project || common.budgets[i].of != t->of ||
            common.budgets[i].peer != t->peer))
        i++;
    ck_assert_uint_lt(i, BUDGETS);
    common.budgets[i].project = ask->project;
    common.budgets[i].of = t->of;
    common.budgets[i].peer = t->peer;
    return &common.budgets[i].count;
}

static void take(const struct shared_ask *ask, struct shared_answer *out)
{
    for (unsigned i = 0; i < ask->n_takes; i++)
        out->denied |= ask->takes[i].most && *budget_of(ask, &ask->takes[i]) >= ask->takes[i].most;
    for (unsigned i = 0; i < ask->n_takes; i++) {
        uint64_t *count = budget_of(ask, &ask->takes[i]);
        *count += !out->denied;
        out->takes[i].count = *count;
        out->takes[i].left_us = HOUR_US;
    }
}

static void count(const struct shared_ask *ask, struct shared_answer *out)
{
    int64_t now_ms = common.now_us / 1000;
    unsigned i = 0;
    while (i < ISSUES && common.issues[i].name && common.issues[i].name != ask->issue)
        i++;
    ck_assert_uint_lt(i, ISSUES);
    out->known = common.issues[i].name != 0;
    common.issues[i].name = ask->issue;
    if (common.issues[i].end_ms <= now_ms) {
        common.issues[i].count = 0;
        common.issues[i].end_ms = ask->end_ms > now_ms ? ask->end_ms : now_ms + ask->period_us / 1000;
    }
    if (ask->end_ms == common.issues[i].end_ms && ask->floor > common.issues[i].count)
        common.issues[i].count = ask->floor;
    out->before = common.issues[i].count;
    common.issues[i].count += ask->n;
    out->end_ms = common.issues[i].end_ms;
    out->left_us = (common.issues[i].end_ms - now_ms) * 1000;
}

/* Answers what a member has asked so far. */
static void answer(struct member *m)
{
    static struct shared_ask asks[QUEUE];
    while (m->n_asks) {
        unsigned n = m->n_asks;
        memcpy(asks, m->asks, n * sizeof *asks);
        m->n_asks = 0;
        for (unsigned i = 0; i < n; i++) {
            struct shared_answer a = {.number = asks[i].number};
            (asks[i].n_takes ? take : count)(&asks[i], &a);
            if (!common.deaf)
                shared_answered(&m->shared, &a, common.now_us);
        }
    }
}

static void tick(void)
{
    for (struct member *m = members; m < members + MEMBERS; m++) {
        flood_tick(m->flood, common.now_us);
        shared_tick(&m->shared, common.now_us, true);
    }
}

static const struct flood_budget plenty = {.per_minute = 1000000, .per_day = 10000000};

/* An occurrence, as flood_gate.c has it: most is new_issues, or 0. */
static void occurs(struct member *m, uint64_t key, const struct flood_budget *budget, unsigned most)
{
    struct shared_event e = {.issue = {.key = key, .name = key * 7, .project = 5, .burst = 10, .period_us = HOUR_US},
                             .project = 55,
                             .per_minute = budget->per_minute,
                             .per_day = budget->per_day,
                             .new = {.project = 5}};
    struct shared_asked *asked = NULL;
    e.is_new = !flood_knows(m->flood, key);
    if (e.is_new && most && new_issues_take(m->new_issues, &e.new, most, common.now_us) != NEW_ISSUES_ROOM)
        return; /* it would be another issue's */
    m->occurrences++;
    if (flood_admit(m->flood, &e.issue, &plenty, common.now_us) != FLOOD_PASS)
        return;
    switch (shared_event(&m->shared, &e, common.now_us, &asked)) {
    case SHARED_PASS:
        m->events++;
        break;
    case SHARED_HOLD:
        flood_take_back(m->flood, &e.issue, common.now_us);
        break;
    case SHARED_UNDECIDED:
        shared_set_event(asked, (struct pending *)&m->undecided[m->ids++ % QUEUE]);
        break;
    }
}

struct sums {
    uint64_t occurrences, events, suppressed;
};

static struct sums end(void)
{
    struct sums all = {0};
    for (struct member *m = members; m < members + MEMBERS; m++) {
        shared_decide(&m->shared);
        flood_summarise(m->flood);
        ck_assert_uint_eq(m->events + m->suppressed, m->occurrences);
        all.occurrences += m->occurrences;
        all.events += m->events;
        all.suppressed += m->suppressed;
        shared_done(&m->shared);
        new_issues_free(m->new_issues);
        flood_free(m->flood);
    }
    return all;
}

/* So many events one limiter makes of n equal occurrences. */
static uint64_t of_one(uint64_t n)
{
    uint64_t events = n < 10 ? n : 10;
    for (uint64_t pass = 20; pass <= n; pass *= 2)
        events++;
    return events;
}

static unsigned seed;

/* n occurrences at random members, each answered after a while. */
static void flood_them(uint64_t n, uint64_t key)
{
    for (uint64_t i = 0; i < n; i++) {
        seed = seed * 1103515245 + 12345;
        unsigned r = seed >> 16;
        occurs(&members[r % MEMBERS], key, &plenty, 0);
        common.now_us += 20;
        if (r % 8 == 0)
            answer(&members[r / 8 % MEMBERS]);
        if (i % 1000 == 0)
            tick();
    }
    for (struct member *m = members; m < members + MEMBERS; m++)
        answer(m);
}

START_TEST(members_make_the_events_of_one)
{
    begin();
    seed = (unsigned)_i;
    flood_them(1000000, 1);
    struct sums all = end();
    ck_assert_uint_eq(all.occurrences, 1000000);
    ck_assert_uint_eq(all.events + all.suppressed, 1000000);
    ck_assert_uint_eq(all.events, of_one(1000000));
}
END_TEST

START_TEST(members_that_come_one_after_the_other)
{
    begin();
    for (unsigned i = 0; i < 30000; i++) {
        occurs(&members[i / 10000], 1, &plenty, 0);
        common.now_us += 500;
        tick();
        answer(&members[i / 10000]);
    }
    ck_assert_uint_eq(end().events, of_one(30000));
}
END_TEST

/* At most one more than one limiter makes, for each fault and each outage, of each member that could not ask. */
START_TEST(an_outage_costs_one_event)
{
    begin();
    flood_them(10000, 1);
    for (unsigned i = 0; i < 20; i++) {
        common.away = true;
        for (struct member *m = members; m < members + MEMBERS; m++)
            shared_set_up(&m->shared, false);
        flood_them(2000, 1);
        common.away = false;
        for (struct member *m = members; m < members + MEMBERS; m++)
            shared_set_up(&m->shared, true);
        flood_them(2000, 1);
    }
    struct sums all = end();
    ck_assert_uint_eq(all.occurrences, 90000);
    ck_assert_uint_ge(all.events, of_one(90000) - 1);
    ck_assert_uint_le(all.events, of_one(90000) + 20);
}
END_TEST

/* What members know of their common count comes back with the next ask; what the others have told since is gone. */
START_TEST(a_flush_costs_one_event)
{
    begin();
    for (unsigned i = 0; i < 10; i++) {
        flood_them(10000, 1);
        memset(common.issues, 0, sizeof common.issues);
    }
    flood_them(10000, 1);
    struct sums all = end();
    ck_assert_uint_ge(all.events, of_one(110000));
    ck_assert_uint_le(all.events, of_one(110000) + 10);
}
END_TEST

/* After SHARED_WAIT_US what is reckoned here decides, and the next is decided at once. */
START_TEST(nothing_waits_for_silence)
{
    struct member *m = &members[0];
    begin();
    common.deaf = true;
    for (unsigned i = 0; i < 5; i++)
        occurs(m, 1, &plenty, 0);
    ck_assert_uint_eq(m->events, 0);
    ck_assert_uint_eq(m->shared.undecided, 5);
    int64_t due_us = shared_tick(&m->shared, common.now_us, true);
    ck_assert_int_le(due_us, common.now_us + SHARED_WAIT_US);
    common.now_us = due_us;
    shared_tick(&m->shared, common.now_us, false); /* between lines: nobody has looked for an answer */
    for (unsigned i = 1; i < SHARED_LOOKS; i++)
        common.now_us = shared_tick(&m->shared, common.now_us, true);
    ck_assert_uint_eq(m->events, 0);
    ck_assert_int_le(common.now_us, due_us + 10000);
    shared_tick(&m->shared, common.now_us, true);
    ck_assert_uint_eq(m->events, 5);
    occurs(m, 1, &plenty, 0);
    ck_assert_uint_eq(m->events, 6);
    ck_assert_uint_eq(m->counts.v[COUNT_shared_local], 6);
    ck_assert_uint_eq(m->n_asks, 5);
    end();
}
END_TEST

/* Periods of members end together, wherever they began. */
START_TEST(periods_end_together)
{
    begin();
    occurs(&members[0], 1, &plenty, 0);
    answer(&members[0]);
    common.now_us += HOUR_US / 2;
    for (unsigned i = 0; i < 100; i++)
        occurs(&members[1], 1, &plenty, 0);
    answer(&members[1]);
    tick();
    ck_assert_uint_eq(members[1].suppressed, 0);
    common.now_us += HOUR_US / 2 + S;
    tick();
    ck_assert_uint_eq(members[1].suppressed, 100 - members[1].events);
    uint64_t before = members[2].events;
    occurs(&members[2], 1, &plenty, 0); /* a new period, a new first */
    answer(&members[2]);
    ck_assert_uint_eq(members[2].events, before + 1);
    end();
}
END_TEST

START_TEST(budgets_are_of_all)
{
    const struct flood_budget small = {.per_minute = 25, .per_day = 100000};
    begin();
    for (uint64_t i = 0; i < 600; i++) {
        struct member *m = &members[i % MEMBERS];
        occurs(m, 1 + i / 20 % 30, &small, 0);
        answer(m);
    }
    struct sums all = end();
    /* Each of the 30 passes once in any case; beside these there are places for as many as the budget has. */
    ck_assert_uint_ge(all.events, 30);
    ck_assert_uint_le(all.events, 30 + 25);
}
END_TEST

START_TEST(new_issues_are_of_all)
{
    begin();
    uint64_t firsts = 0;
    for (uint64_t i = 0; i < 300; i++) {
        struct member *m = &members[i % MEMBERS];
        uint64_t before = m->occurrences;
        occurs(m, 1 + i % 50, &plenty, 20); /* the same 50 at each */
        firsts += m->occurrences > before && i < 50;
        answer(m);
    }
    ck_assert_uint_ge(firsts, 15); /* a quarter is kept for rules with a constant fingerprint */
    ck_assert_uint_le(firsts, 15 + MEMBERS);
    end();
}
END_TEST

START_TEST(answers_that_nobody_waits_for)
{
    struct member *m = &members[0];
    begin();
    occurs(m, 1, &plenty, 0);
    const struct shared_answer wrong[] = {
        {.number = 0}, {.number = 99}, {.number = UINT64_MAX, .before = UINT64_MAX, .denied = true}};
    for (unsigned i = 0; i < 3; i++)
        shared_answered(&m->shared, &wrong[i], common.now_us);
    const struct shared_answer odd = {
        .number = 1, .before = UINT64_MAX, .end_ms = INT64_MAX, .left_us = INT64_MIN, .known = true};
    shared_answered(&m->shared, &odd, common.now_us);
    ck_assert_uint_eq(m->events, 0);
    for (unsigned i = 0; i < 100; i++)
        occurs(m, 1, &plenty, 0);
    answer(m);
    end();
}
END_TEST

/* What could not be added is told again. */
START_TEST(a_refusal_loses_no_count)
{
    struct member *m = &members[0];
    begin();
    for (unsigned i = 0; i < 3; i++)
        occurs(m, 1, &plenty, 0);
    for (unsigned i = 0; i < 3; i++) {
        const struct shared_answer refusal = {.number = m->asks[i].number, .failed = true};
        shared_answered(&m->shared, &refusal, common.now_us);
    }
    ck_assert_uint_eq(m->events, 3); /* as is reckoned here */
    m->n_asks = 0;
    common.now_us += SHARED_EVERY_US;
    tick();
    ck_assert_uint_eq(m->n_asks, 1);
    ck_assert_uint_eq(m->asks[0].n, 3);
    end();
}
END_TEST

/* A million fingerprints: what is told of them in a second is bounded. */
START_TEST(many_issues_are_told_in_turn)
{
    struct member *m = &members[0];
    begin();
    common.away = true;
    for (uint64_t key = 1; key <= 1000000; key++)
        occurs(m, key, &plenty, 0);
    common.away = false;
    common.now_us += SHARED_EVERY_US;
    tick();
    ck_assert_uint_eq(m->n_asks, SHARED_AT_ONCE);
    ck_assert_uint_le(m->shared.asked.n, SHARED_ASKED_MAX);
    end();
}
END_TEST

int main(void)
{
    Suite *s = suite_create("shared");
    TCase *t = tcase_create("shared");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, ranges_hold_what_one_limiter_passes);
    tcase_add_test(t, ranges_have_no_end);
    tcase_add_loop_test(t, members_make_the_events_of_one, 0, 4);
    tcase_add_test(t, members_that_come_one_after_the_other);
    tcase_add_test(t, an_outage_costs_one_event);
    tcase_add_test(t, a_flush_costs_one_event);
    tcase_add_test(t, nothing_waits_for_silence);
    tcase_add_test(t, periods_end_together);
    tcase_add_test(t, budgets_are_of_all);
    tcase_add_test(t, new_issues_are_of_all);
    tcase_add_test(t, answers_that_nobody_waits_for);
    tcase_add_test(t, a_refusal_loses_no_count);
    tcase_add_test(t, many_issues_are_told_in_turn);
    suite_add_tcase(s, t);
    return unit_run(s);
}
