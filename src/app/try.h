/*
 * try: what `crumbd try` finds out about files, and how it is told.
 *
 * try_run.c judges messages with one set of rules and keeps what came of them; try_show.c and try_json.c tell it, for
 * people and for programs; try_diff.c compares two sets of rules, or two groupings, over the same messages. cmd_try.c
 * reads arguments and files. One thread; bounded by TRY_ISSUES_MAX and TRY_DAYS_MAX, and what did not fit is said.
 */
#ifndef APP_TRY_H
#define APP_TRY_H

#include "app/suspicion.h"
#include "base/table.h"
#include "core/log_template.h"
#include "core/pipeline.h"
#include "parsers/frame.h"
#include "text/json.h"

/* An issue that the files would make, or a kind of line. */
struct try_issue {
    uint64_t fingerprint_hash;
    char *title, *first_line;
    enum level level;
    const struct rule *rule; /* NULL: no rule knows it */
    unsigned number;         /* in the order of their first occurrences */
    uint64_t count;
    int64_t first_us, last_us; /* RECORD_NO_TIME: its records have no time */
};

enum { TRY_ISSUES_MAX = 100000, TRY_DAYS_MAX = 4000 };

struct try_issues {
    struct try_issue **list;
    unsigned n;
    bool lost; /* there were more */
    struct table by_hash;
};

/* Events of one UTC day, after flood control. */
struct try_day {
    int64_t day; /* days since 1970 */
    uint64_t events;
};

struct try_result {
    uint64_t messages, matched, missed, ignored, refused;
    uint64_t suspicious;                     /* of the ignored: they read like an error */
    uint64_t occurrences, events, summaries; /* before and after flood control */
    int64_t first_us, last_us;
    uint64_t ns;                                /* the whole run */
    uint64_t unheard;                           /* of level error or worse, and became breadcrumbs */
    struct try_issues issues, suspects, crumbs; /* crumbs: these, by format and rule */
    struct try_day *days;                       /* ascending */
    unsigned n_days;
};

struct try_setup {
    const struct options *options;
    const struct rule_set *rules;
    bool events;   /* print each event's payload as a line of JSON */
    bool timed;    /* measure each rule */
    bool suspects; /* look for lines below error that read like one, and for those of error that are no event */
};

struct try_run {
    struct try_setup setup;
    struct pipeline *pipeline;
    struct source_files *sources; /* where events are printed */
    int64_t now_us;               /* of the start: nothing here depends on the present by more */
    struct try_result result;
    struct log_template log_template;
    struct scrub *scrub; /* what is printed goes into tickets, so it is scrubbed as events are */
    struct arena arena;  /* the life of one message */
    struct suspicion suspicion;
    /* Called for every message judged, with the issue that it is an occurrence of, or NULL; may be NULL itself. */
    void (*outcome)(void *u, const struct outcome *j, struct try_issue *issue);
    void (*extra)(void *u, struct try_issue *issue); /* the same for events beside the messages' own */
    void *u;
};

/* --- try_run.c --- */

void try_run_init(struct try_run *t, const struct try_setup *setup);
/* Ends the input: what waits is let go, issues are sorted by their number of occurrences. */
void try_run_end(struct try_run *t);
void try_run_done(struct try_run *t);

/* Also one whose conditions alone ran into the match limit. */
bool try_is_tried(const struct rule_stats *s);
/* Of a try on average, without the slowest one: that may be an interruption. */
double try_rule_us(const struct rule_stats *s);
/* A rule is slow when it ran into the match limit, or takes so long for a try. */
enum { TRY_SLOW_US = 20, TRY_SLOW_TRIES = 20 };
bool try_is_slow(const struct rule_stats *s);
/* "event", "crumb", … */
const char *try_action_name(enum action a);
/* "no rule" or its id. */
struct slice try_rule_name(const struct try_issue *i);

/* What the events would be of a day, and of a month's quota. */
struct try_rate {
    double span_days; /* from the first record to the last, at least one; 0: no record has a time */
    double a_day;     /* on average over that span */
    const struct try_day *most;
};
struct try_rate try_rate_of(const struct try_result *t);
/* Events a month that hosted plans and budgets are commonly cut into: yardsticks, no vendor's. */
enum { TRY_PLANS = 3 };
extern const unsigned try_plans[TRY_PLANS];
enum { TRY_MONTH_DAYS = 30 };

/* --- try_show.c, try_json.c --- */

enum { TRY_WIDTH = 100 };
/* Columns of the terminal that standard output is, else what COLUMNS says, else TRY_WIDTH. */
unsigned try_width(void);
/* One line with number, level and title, one with rule and first line. */
void try_show_issue(const struct try_issue *i, uint64_t count, unsigned width);
/* "… and N more" when there are more than were shown. */
void try_show_more(unsigned shown, unsigned n);
void try_show_text(struct try_run *t);
void try_show_json(struct try_run *t);
/* Title, level, rule, times and first line of one issue, as members of the map that is open. */
void try_put_issue(struct json *j, const struct try_issue *i);
void try_put_count(struct json *j, const char *key, uint64_t v);

/* --- try_diff.c --- */

struct try_diff;

/* The old side and the new one. */
struct try_diff *try_diff_new(const struct try_setup setup[2]);
/* Both sides over one message. `s` is a stream for each: what it has learnt belongs to its pipeline. */
void try_diff_message(struct try_diff *d, struct stream s[2], struct message *m);
/* Lets go what is held for more lines: a file has ended. */
void try_diff_let_go(struct try_diff *d);
void try_diff_end(struct try_diff *d);
void try_diff_show_text(const struct try_diff *d, const char *old_name, const char *new_name);
void try_diff_show_json(const struct try_diff *d);
void try_diff_free(struct try_diff *d);

#endif
