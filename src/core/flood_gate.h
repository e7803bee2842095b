/*
 * flood_gate: which events pass, what is kept of those that do not, and the summaries that tell of them.
 *
 * Joins flood (an issue's share), new_issues (how many new ones an hour may bring) and fold (what becomes of the
 * others). One thread.
 */
#ifndef CORE_FLOOD_GATE_H
#define CORE_FLOOD_GATE_H

#include "core/pipeline_parts.h"

struct flood_gate {
    struct pipeline_parts *parts;
    struct flood *flood;
    struct new_issues *new_issues;
    uint64_t no_project; /* key of the project of most events */
};

void flood_gate_init(struct flood_gate *g, struct pipeline_parts *parts);
void flood_gate_done(struct flood_gate *g);
/* Whether the event may pass. `src` has the verdict, without texts and breadcrumbs. */
bool flood_gate_admit(struct flood_gate *g, const struct event_source *src, struct verdict *v,
                      const struct provenance *from);
/* Returns how many issues flood control keeps in mind. */
unsigned flood_gate_issues(const struct flood_gate *g);
/* Hands the rows that changed to hooks.flood_row; without that hook they are forgotten. */
void flood_gate_tell(struct flood_gate *g);
/* Puts back a row of flood control or of new_issues. A store that an older version made may hold titles as the log had
   them. */
void flood_gate_restore(struct flood_gate *g, const struct flood_row *row);

#endif
