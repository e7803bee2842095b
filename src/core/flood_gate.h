/*
 * flood_gate: which events pass, what is kept of those that do not, and the summaries that tell of them.
 *
 * Joins flood (an issue's share), new_issues (how many new ones an hour may bring), fold (what becomes of the others)
 * and shared (what other members have counted). One thread.
 */
#ifndef CORE_FLOOD_GATE_H
#define CORE_FLOOD_GATE_H

#include "core/issue_tally.h"
#include "core/pipeline_parts.h"
#include "core/shared.h"

struct flood_gate {
    struct pipeline_parts *parts;
    struct flood *flood;
    struct new_issues *new_issues;
    struct issue_tally tally; /* for hooks.issue; without it nothing is counted */
    struct shared shared;
    uint64_t no_project; /* key of the project of most events */
};

/* decided: is told of events that were undecided. */
void flood_gate_init(struct flood_gate *g, struct pipeline_parts *parts, shared_decided_f *decided, void *u);
void flood_gate_done(struct flood_gate *g);
/* Whether the event may pass. `src` has the verdict, without texts and breadcrumbs. *asked, if it is not NULL: it is
 * undecided, and is to be given the event, see shared.h. asked NULL: it cannot wait. */
bool flood_gate_admit(struct flood_gate *g, const struct event_source *src, struct verdict *v,
                      const struct provenance *from, struct shared_asked **asked);
/* An event that another crumbd has made (forwarded.h) may pass, or a count of n occurrences is noted, which never does.
 * The verdict is filled in. */
bool flood_gate_take(struct flood_gate *g, const struct forwarded *f, struct verdict *v, const struct provenance *from);
/* The same was limited by the crumbd that read its partition before: this one goes on with its issue. */
void flood_gate_recall(struct flood_gate *g, const struct forwarded *f);
/* The event, which waits with its texts, does not pass after all. */
void flood_gate_withhold(struct flood_gate *g, const struct event_source *src, const struct flood_issue *issue);
/* Returns how many issues flood control keeps in mind. */
unsigned flood_gate_issues(const struct flood_gate *g);
/* Hands the rows that changed to hooks.flood_row; without that hook they are forgotten. Occurrences go to hooks.issue.
 */
void flood_gate_tell(struct flood_gate *g);
/* Puts back a row of flood control or of new_issues. A store that an older version made may hold titles as the log had
   them. */
void flood_gate_restore(struct flood_gate *g, const struct flood_row *row);

#endif
