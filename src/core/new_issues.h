/*
 * new_issues: how many fingerprints nobody has seen before may become issues of their own (limits.new_issues).
 *
 * Of each project so many in an hour, which begins with the first of them. A remote peer may use half of them. The last
 * quarter is kept for fingerprints that a rule wrote without a value from the line: nobody can make those up. What is
 * over becomes an occurrence of one issue (pipeline_promote.c).
 *
 * A project, and a peer in a project, has a window each; the store keeps them in the form of flood_row. Bounded:
 * NEW_ISSUES_WINDOWS_MAX windows, beyond which the rest share one. Pure: the present is an argument. One thread.
 */
#ifndef CORE_NEW_ISSUES_H
#define CORE_NEW_ISSUES_H

#include "core/flood.h"

enum { NEW_ISSUES_WINDOWS_MAX = 4096 };

struct new_issues;

struct new_issue {
    uint64_t project; /* hash of its name */
    uint64_t peer;    /* of the remote sender; 0: it is local */
    bool constant;    /* the fingerprint holds nothing of the line */
};

/* FULL_FIRST: there is no room, and the fingerprint is the first of its window for which there is none. */
enum new_issues_answer { NEW_ISSUES_ROOM, NEW_ISSUES_FULL, NEW_ISSUES_FULL_FIRST };

struct new_issues *new_issues_new(void);
void new_issues_free(struct new_issues *n);
/* Takes one of the `most` places, if there is room. */
enum new_issues_answer new_issues_take(struct new_issues *n, const struct new_issue *issue, unsigned most,
                                       int64_t now_us);
/* One that was taken is not new after all: members know it (shared.h). */
void new_issues_give_back(struct new_issues *n, const struct new_issue *issue);
/* Members have taken so many in all in a window that ends then; peer 0: that of the project. */
void new_issues_told(struct new_issues *n, uint64_t project, uint64_t peer, uint64_t count, int64_t left_us);
/* Calls back for every window that changed since the last call, and for those that are over. */
void new_issues_changed(struct new_issues *n, flood_row_f *each, void *u);
/* Puts back a row whose period_us is FLOOD_ROW_NEW_ISSUES. */
void new_issues_restore(struct new_issues *n, const struct flood_row *row);

#endif
