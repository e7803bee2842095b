#include "app/issue_list.h"

#include <stdio.h>

#include "app/issue_json.h"
#include "base/err.h"
#include "io/store_fates.h"

enum { LIST_BYTES = 3 << 20, EVENT_ID_DIGITS = 32, NUMBER_DIGITS = 18 };

static const char *const sorts[STORE_ISSUES_SORTS + 1] = {
    [STORE_ISSUES_LAST] = "last", [STORE_ISSUES_FIRST] = "first", [STORE_ISSUES_COUNT] = "count"};

/* --- what is asked for --- */

static bool issue_list_match(void *u, const struct store_issue *issue)
{
    const struct issue_facts facts = {
        .key = issue->key, .first_us = issue->first_us, .last_us = issue->last_us, .about = &issue->about};
    return issue_query_match(u, &facts);
}

static bool read_sort(struct slice text, enum store_issues_sort *out, char why[ISSUE_LIST_WHY])
{
    unsigned i = 0;
    while (text.n && i < STORE_ISSUES_SORTS && !slice_is(text, sorts[i]))
        i++;
    if (i == STORE_ISSUES_SORTS) {
        snprintf(why, ISSUE_LIST_WHY, "sort is last, first or count");
        return false;
    }
    *out = (enum store_issues_sort)i;
    return true;
}

static bool read_hex(struct slice text, uint64_t *out)
{
    *out = 0;
    if (text.n > 16 || !slice_is_hex(text))
        return false;
    for (size_t i = 0; i < text.n; i++)
        *out = *out << 4 | (unsigned)ascii_hex_value(text.p[i]);
    return true;
}

/* "value-key", both in hex digits, as `next` of the page before had it. */
static bool read_cursor(struct slice text, struct store_issues_at *out, char why[ISSUE_LIST_WHY])
{
    struct slice key = text, value = slice_split(&key, '-');
    uint64_t v;
    if (!read_hex(value, &v) || v > INT64_MAX || !read_hex(key, &out->key)) {
        snprintf(why, ISSUE_LIST_WHY, "cursor is what \"next\" of the page before says");
        return false;
    }
    out->value = (int64_t)v;
    return true;
}

bool issue_list_read(struct issue_list *l, struct slice query, struct slice sort, struct slice cursor, unsigned limit,
                     int64_t now_us, char why[ISSUE_LIST_WHY])
{
    *l = (struct issue_list){.asked = {.limit = limit, .beyond = cursor.n > 0, .now_us = now_us}};
    if (!issue_query_read(query, now_us, &l->arena, &l->query, why))
        return false;
    if (l->query.n) {
        l->asked.match = issue_list_match;
        l->asked.u = &l->query;
    }
    return read_sort(sort, &l->asked.sort, why) && (!cursor.n || read_cursor(cursor, &l->asked.at, why));
}

void issue_list_done(struct issue_list *l)
{
    issue_query_done(&l->query);
    arena_done(&l->arena);
}

/* --- a list --- */

struct writer {
    const struct issue_list *list;
    struct json json;
    bool full;
    struct store_issues_at last;
};

static void issue_list_on_issue(void *u, const struct store_issue *issue)
{
    struct writer *w = u;
    w->full |= w->json.out->n > LIST_BYTES;
    if (w->full)
        return;
    issue_json(&w->json, issue, w->list->asked.now_us);
    w->last = store_issues_place(issue, w->list->asked.sort);
}

bool issue_list_write(struct store *s, struct issue_list *l, struct sbuf *out)
{
    struct writer w = {.list = l};
    uint64_t total;
    bool more;
    struct store_issues_at next;
    char cursor[48];
    json_start(&w.json, out);
    json_map(&w.json);
    json_key(&w.json, "issues");
    json_array(&w.json);
    bool ok = store_issues(s, &l->asked, issue_list_on_issue, &w, &total, &more, &next);
    json_array_end(&w.json);
    json_key(&w.json, "total");
    json_int(&w.json, (int64_t)total);
    json_key(&w.json, "next");
    next = w.full ? w.last : next;
    if (ok && (more || w.full))
        snprintf(cursor, sizeof cursor, "\"%llx-%016llx\"", (unsigned long long)next.value,
                 (unsigned long long)next.key);
    json_raw(&w.json, ok && (more || w.full) ? slice_str(cursor) : SLICE("null"));
    json_map_end(&w.json);
    json_end(&w.json);
    sbuf_addc(out, '\n');
    return ok;
}

/* --- an issue --- */

struct kept_writer {
    struct json *json;
    char newest[33];
};

static void put_text(struct json *j, const char *name, struct slice v)
{
    json_key(j, name);
    json_str(j, v);
}

static void issue_list_on_kept(void *u, const struct store_kept *kept)
{
    struct kept_writer *w = u;
    struct arena a = {0};
    struct issue_about about = {0};
    issue_about_read(kept->payload, &a, &about);
    if (!*w->newest)
        memcpy(w->newest, kept->event_id, sizeof w->newest);
    json_map(w->json);
    put_text(w->json, "id", slice_str(kept->event_id));
    json_key(w->json, "time");
    json_time(w->json, kept->time_us);
    put_text(w->json, "title", kept->title);
    put_text(w->json, "host", about.text[ISSUE_HOST]);
    json_map_end(w->json);
    arena_done(&a);
}

bool issue_list_write_one(struct store *s, uint64_t key, int64_t now_us, struct sbuf *out)
{
    struct arena a = {0};
    struct store_issue issue;
    struct json j;
    struct kept_writer w = {.json = &j};
    bool found = store_issue(s, key, now_us, &a, &issue);
    if (found) {
        json_start(&j, out);
        json_map(&j);
        issue_json_members(&j, &issue, now_us);
        issue_json_tags(&j, &issue.about);
        json_key(&j, "kept");
        json_array(&j);
        store_issue_events(s, key, issue_list_on_kept, &w);
        json_array_end(&j);
        json_key(&j, "newest");
        if (*w.newest)
            json_str(&j, slice_str(w.newest));
        else
            json_raw(&j, SLICE("null"));
        json_map_end(&j);
        json_end(&j);
        sbuf_addc(out, '\n');
    }
    arena_done(&a);
    return found;
}

/* --- an event --- */

/* False: it is none. */
static bool event_id_of(struct slice text, char out[33])
{
    if (text.n != EVENT_ID_DIGITS || !slice_is_hex(text))
        return false;
    for (size_t i = 0; i < EVENT_ID_DIGITS; i++)
        out[i] = ascii_lower(text.p[i]);
    out[EVENT_ID_DIGITS] = '\0';
    return true;
}

int64_t issue_list_number(struct store *s, struct slice id)
{
    char event_id[33];
    uint64_t number = 0;
    if (id.n <= NUMBER_DIGITS && slice_u64(id, &number))
        return (int64_t)number;
    return event_id_of(id, event_id) ? store_find(s, event_id) : 0;
}

struct store_row *issue_list_row(struct store *s, struct slice id, bool *damaged)
{
    int64_t number = issue_list_number(s, id);
    *damaged = false;
    return number ? store_get(s, number, damaged) : NULL;
}

struct event_writer {
    struct store *store;
    struct sbuf *out;
    bool payload_only;
};

static void write_event(const struct event_writer *w, const struct store_kept *e, const char *state)
{
    struct json j;
    if (w->payload_only) {
        sbuf_adds(w->out, e->payload);
        sbuf_addc(w->out, '\n');
        return;
    }
    json_start(&j, w->out);
    json_map(&j);
    put_text(&j, "id", slice_str(e->event_id));
    if (e->issue)
        issue_json_key(&j, "issue", e->issue);
    json_key(&j, "time");
    json_time(&j, e->time_us);
    put_text(&j, "state", slice_str(state));
    json_key(&j, "payload");
    json_raw(&j, e->payload);
    json_map_end(&j);
    json_end(&j);
    sbuf_addc(w->out, '\n');
}

struct leaving {
    uint8_t id[16];
    bool sent;
};

static void issue_list_on_departure(void *u, const struct store_departure *d)
{
    struct leaving *l = u;
    l->sent |= d->how == STORE_DEPARTED_SENT && memcmp(d->event_id, l->id, sizeof l->id) == 0;
}

static void issue_list_on_kept_event(void *u, const struct store_kept *kept)
{
    const struct event_writer *w = u;
    struct leaving l = {.sent = false};
    store_event_id_bytes(kept->event_id, l.id);
    store_departures(w->store, issue_list_on_departure, &l);
    write_event(w, kept, l.sent ? "sent" : "kept");
}

static bool write_any(struct store *s, struct slice id, bool payload_only, bool *damaged, struct sbuf *out)
{
    struct event_writer w = {.store = s, .out = out, .payload_only = payload_only};
    char event_id[33];
    struct store_row *r = issue_list_row(s, id, damaged);
    if (!r)
        return event_id_of(id, event_id) && store_kept_event(s, event_id, issue_list_on_kept_event, &w);
    struct store_kept e = {.issue = r->event.issue,
                           .time_us = r->event.time_us,
                           .title = r->event.title.text,
                           .payload = r->event.payload.text};
    memcpy(e.event_id, r->event.event_id, sizeof e.event_id);
    write_event(&w, &e, r->state == STORE_STATE_DEAD ? "dead" : "waiting");
    store_row_free(r);
    return true;
}

bool issue_list_write_event(struct store *s, struct slice id, bool *damaged, struct sbuf *out)
{
    return write_any(s, id, false, damaged, out);
}

bool issue_list_write_payload(struct store *s, struct slice id, bool *damaged, struct sbuf *out)
{
    return write_any(s, id, true, damaged, out);
}
