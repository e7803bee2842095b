/*
 * issue_list: lists of issues, an issue and an event as JSON, the same for /api/ and the commands.
 */
#ifndef APP_ISSUE_LIST_H
#define APP_ISSUE_LIST_H

#include "base/sbuf.h"
#include "core/issue_query.h"
#include "io/store_issues.h"

enum { ISSUE_LIST_PAGE = 50, ISSUE_LIST_WHY = ISSUE_QUERY_WHY };

/* What a list is asked for. issue_list_done is wanted in any case once issue_list_read was called. */
struct issue_list {
    struct store_issues_asked asked;
    struct issue_query query;
    struct arena arena;
};

/* Texts as people and requests give them; sort and cursor may be empty. limit: 1 to STORE_ISSUES_LIMIT. False: `why`
   says what is wrong. */
bool issue_list_read(struct issue_list *l, struct slice query, struct slice sort, struct slice cursor, unsigned limit,
                     int64_t now_us, char why[ISSUE_LIST_WHY]);
void issue_list_done(struct issue_list *l);
/* {"issues":[…],"total":N,"next":cursor|null} and a line end. Fewer than were asked for where they take much room.
   False: the store cannot be read. */
bool issue_list_write(struct store *s, struct issue_list *l, struct sbuf *out);

/* An issue with its tags, the events that are kept of it and the newest one's id, and a line end. False: it is not
   there. */
bool issue_list_write_one(struct store *s, uint64_t key, int64_t now_us, struct sbuf *out);
/* An event: {"id","issue","time","state","payload"} and a line end. False: it is neither in the outbox nor kept, or
 *damaged. id: its event id, or its number in the outbox. */
bool issue_list_write_event(struct store *s, struct slice id, bool *damaged, struct sbuf *out);
/* Its payload alone. */
bool issue_list_write_payload(struct store *s, struct slice id, bool *damaged, struct sbuf *out);
/* The number of an event's row; 0: it is not in the outbox. A number is what it says. */
int64_t issue_list_number(struct store *s, struct slice id);
/* The row of an event in the outbox; caller frees. NULL: it is not there, or *damaged. */
struct store_row *issue_list_row(struct store *s, struct slice id, bool *damaged);

#endif
