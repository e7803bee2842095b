#include "app/where_show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/show.h"
#include "base/xalloc.h"
#include "text/json.h"
#include "text/stamp.h"

enum { JSON_BYTES_MAX = 64 << 10, TEXT_POINTS = 160, REASON_POINTS = 200 };

/* --- where an event is now --- */

struct event_state {
    const char *name;
    int64_t sent_us; /* 0: it was not, as far as is known */
    char *reason;    /* malloc'd; NULL: there is none */
};

static struct event_state state_in_outbox(struct store *s, int64_t id)
{
    bool damaged = false;
    struct store_row *r = store_get(s, id, &damaged);
    struct event_state e = {.name = "dead"};
    if (r && r->state == STORE_STATE_OPEN)
        e.name = "open";
    else if (r && r->state == STORE_STATE_READY)
        e.name = "waiting";
    e.reason = !r ? xstrdup("damaged in the store") : r->reason ? xstrdup(r->reason) : NULL;
    store_row_free(r);
    return e;
}

/* lost: why it is not to be had, or 0. */
static struct event_state state_of(const struct where_show *s, const char *event_id, unsigned lost)
{
    static const char *const losses[FATE_LOSSES] = {[FATE_LOSS_TOO_LARGE] = "event_too_large",
                                                    [FATE_LOSS_NO_ROOM] = "input_overflow",
                                                    [FATE_LOSS_PROJECT] = "project_overflow",
                                                    [FATE_LOSS_SHARED] = "shared_suppressed"};
    static const char *const departures[STORE_DEPARTED_N] = {[STORE_DEPARTED_DROPPED] = "dropped_by_hand",
                                                             [STORE_DEPARTED_OVERFLOW] = "store_overflow",
                                                             [STORE_DEPARTED_EXPIRED] = "expired"};
    struct event_state e = {.name = "gone"};
    int64_t id = store_find(s->store, event_id);
    if (id)
        return state_in_outbox(s->store, id);
    const struct store_departure *d = where_departed(s->where, event_id);
    if (d && d->how == STORE_DEPARTED_SENT) {
        e.name = "sent";
        e.sent_us = d->at_us;
    } else if (d && d->how < STORE_DEPARTED_N) {
        e.name = "lost";
        e.reason = xstrdup(departures[d->how]);
    } else if (lost && lost < FATE_LOSSES) {
        e.name = "lost";
        e.reason = xstrdup(losses[lost]);
    }
    return e;
}

static void print_state(const struct event_state *e)
{
    char stamp[SHOW_SMALL];
    if (e->sent_us) {
        stamp_print(e->sent_us, stamp);
        printf("sent %s", stamp);
    } else if (strcmp(e->name, "gone") == 0) {
        printf("not in the outbox, and how it left is known no longer");
    } else {
        printf("%s%s", e->name, e->reason ? ": " : "");
    }
    if (e->reason)
        show_text(stdout, slice_str(e->reason), REASON_POINTS);
}

static void put_hex(struct json *j, const char *key, uint64_t v)
{
    char text[17];
    snprintf(text, sizeof text, "%016" PRIx64, v);
    json_key(j, key);
    json_str(j, slice_str(text));
}

static void put_number(struct json *j, const char *key, uint64_t v)
{
    json_key(j, key);
    json_int(j, (int64_t)v);
}

static void put_str(struct json *j, const char *key, const char *v)
{
    json_key(j, key);
    json_str(j, slice_str(v));
}

static void put_state(struct json *j, const struct event_state *e)
{
    put_str(j, "state", e->name);
    if (e->sent_us) {
        json_key(j, "sent");
        json_time(j, e->sent_us);
    }
    if (e->reason)
        put_str(j, "reason", e->reason);
}

/* --- one event --- */

static unsigned loss_in(const struct where_answer *a)
{
    for (unsigned i = 0; a && i < a->n_remarks; i++)
        if (a->remarks[i].fate == FATE_LOST)
            return a->remarks[i].number;
    return 0;
}

/* As members of the object that is open, or after a word. a: what is known of its line; NULL: it was not asked. */
static void tell_event(const struct where_show *s, struct json *j, const char *word, const struct where_event *e,
                       const struct where_answer *a)
{
    char id[33];
    where_event_id(s->where, e, id);
    struct event_state state = state_of(s, id, loss_in(a));
    if (j) {
        put_hex(j, "issue", e->issue);
        put_str(j, "event_id", id);
        put_state(j, &state);
    } else {
        printf("%-11s%016" PRIx64 "\n%-11s%s, ", word, e->issue, "event", id);
        print_state(&state);
        putchar('\n');
    }
    free(state.reason);
}

/* --- what is said of a line --- */

static const char *const kinds[] = {
    [WHERE_HELD] = "held",           [WHERE_UNREAD] = "unread", [WHERE_BEFORE] = "before",
    [WHERE_FORGOTTEN] = "forgotten", [WHERE_NO_LINE] = "none",
};

static const char *name_of(const struct where_answer *a)
{
    return a->kind == WHERE_KNOWN ? fate_name(a->range.fate) : kinds[a->kind];
}

/* The ledger says what its counters mean. */
static const char *meaning_of(const struct where_answer *a)
{
    static const char *const others[] = {
        [WHERE_HELD] = "waits for the lines after it",
        [WHERE_UNREAD] = "has not been read yet",
        [WHERE_BEFORE] = "was there before crumbd began to read, or was read when nothing was remembered",
        [WHERE_FORGOTTEN] = "known no longer; `where` in crumbd.yaml says how much is remembered",
        [WHERE_NO_LINE] = "part of no line: NULs, or a mark in front of one",
    };
    for (int i = 0; a->kind == WHERE_KNOWN && i < COUNT_N; i++)
        if (strcmp(count_rows[i].name, fate_name(a->range.fate)) == 0)
            return count_rows[i].help;
    return others[a->kind];
}

static void tell_also(const struct where_show *s, struct json *j, const struct where_file *file,
                      const struct where_answer *a)
{
    bool any = false;
    for (unsigned i = 0; i < a->n_remarks; i++) {
        const struct fate_range *r = &a->remarks[i];
        const struct where_event e = {file, r->from, r->issue, r->number};
        if (r->fate != FATE_ALSO_EVENT && r->fate != FATE_ALSO_SUPPRESSED)
            continue;
        if (j && !any) {
            json_key(j, "also");
            json_array(j);
        }
        any = true;
        if (j)
            json_map(j);
        if (j)
            put_str(j, "fate", r->fate == FATE_ALSO_EVENT ? "event" : "suppressed");
        if (r->fate == FATE_ALSO_EVENT)
            tell_event(s, j, "also", &e, NULL);
        else if (j)
            put_hex(j, "issue", r->issue);
        else
            printf("%-11s%016" PRIx64 ", suppressed\n", "also", r->issue);
        if (j)
            json_map_end(j);
    }
    if (j && any)
        json_array_end(j);
}

static void tell_events(const struct where_show *s, struct json *j, const struct where_answer *a)
{
    if (!a->n_events)
        return;
    if (j) {
        json_key(j, "events");
        json_array(j);
    }
    for (unsigned i = 0; i < a->n_events; i++) {
        struct where_event e = a->events[i];
        struct where_answer *its = xcalloc(1, sizeof *its);
        if (!e.issue && where_ask(s->where, e.file, e.offset, its) && its->range.fate == FATE_EVENT)
            e.issue = its->range.issue;
        free(its);
        if (j) {
            json_map(j);
            put_number(j, "offset", e.offset);
        }
        tell_event(s, j, "crumb of", &e, NULL);
        if (j)
            json_map_end(j);
    }
    if (j)
        json_array_end(j);
}

static void tell_answer(const struct where_show *s, struct json *j, const struct where_file *file,
                        const struct where_answer *a, bool deep);

/* The record that the line is one of. */
static void tell_record(const struct where_show *s, struct json *j, const struct where_file *file,
                        const struct fate_range *r)
{
    const struct where_file *its = r->file ? where_file_of(s->where, r->file) : file;
    struct where_answer *a = xcalloc(1, sizeof *a);
    if (j) {
        json_key(j, "record");
        json_map(j);
        if (r->file)
            put_hex(j, "key", r->file);
        put_number(j, "offset", r->head);
    } else {
        printf("%-11sat byte %" PRIu64 "%s%s\n", "record", r->head, r->file ? " of " : "",
               !r->file ? ""
               : its    ? its->path
                        : "a file that is known no longer");
    }
    if (its && where_ask(s->where, its, r->head, a))
        tell_answer(s, j, its, a, false);
    if (j)
        json_map_end(j);
    free(a);
}

/* deep: it may be one of a record, which is told as well. */
static void tell_answer(const struct where_show *s, struct json *j, const struct where_file *file,
                        const struct where_answer *a, bool deep)
{
    const struct where_event e = {file, a->range.from, a->range.issue, 0};
    if (j)
        put_str(j, "fate", name_of(a));
    else
        printf("%-11s%s: %s\n", "fate", name_of(a), meaning_of(a));
    if (a->range.fate == FATE_EVENT)
        tell_event(s, j, "issue", &e, a);
    else if (a->range.fate == FATE_SUPPRESSED && j)
        put_hex(j, "issue", a->range.issue);
    else if (a->range.fate == FATE_SUPPRESSED)
        printf("%-11s%016" PRIx64 "\n", "issue", a->range.issue);
    else if (a->range.fate == FATE_JOINED && deep)
        tell_record(s, j, file, &a->range);
    tell_also(s, j, file, a);
    tell_events(s, j, a);
}

static void begin(struct json *j, struct sbuf *out)
{
    sbuf_init(out, JSON_BYTES_MAX);
    json_start(j, out);
    json_map(j);
}

static void end(struct json *j, struct sbuf *out)
{
    json_map_end(j);
    json_end(j);
    fwrite(out->p, 1, out->n, stdout);
    putchar('\n');
    sbuf_done(out);
}

static void print_line(const struct where_open *o, uint64_t offset, const struct fate_range *line)
{
    struct arena a = {0};
    struct slice text = where_text(o, line, &a);
    printf("%-11s%s\n%-11s%" PRIu64 ", in %" PRIu64 " to %" PRIu64 "%s", "file", o->path, "byte", offset, line->from,
           line->to, text.n ? ": " : "");
    show_text(stdout, text, TEXT_POINTS);
    putchar('\n');
    arena_done(&a);
}

bool where_show_line(const struct where_show *s, const struct where_open *o, uint64_t offset)
{
    struct where_answer *a = xcalloc(1, sizeof *a);
    struct sbuf out;
    struct json j;
    bool ok = where_ask(s->where, o->file, offset, a);
    struct fate_range line = a->range;
    if (line.fate != FATE_EVENT) /* of most others a range has many lines */
        where_line_of(o, offset, &line);
    if (ok && s->json) {
        begin(&j, &out);
        put_str(&j, "file", o->path);
        put_hex(&j, "key", o->file->key);
        put_number(&j, "offset", offset);
        put_number(&j, "from", line.from);
        put_number(&j, "to", line.to);
        tell_answer(s, &j, o->file, a, true);
        end(&j, &out);
    } else if (ok) {
        print_line(o, offset, &line);
        tell_answer(s, NULL, o->file, a, true);
    }
    free(a);
    return ok;
}

/* --- an event --- */

static void tell_place(struct json *j, const struct where_event *e, uint64_t to, const struct where_joined *more)
{
    if (j) {
        put_str(j, "file", e->file->path);
        put_hex(j, "key", e->file->key);
        put_number(j, "offset", e->offset);
        put_number(j, "to", to);
        if (more->bytes) {
            put_number(j, "lines_from", more->from);
            put_number(j, "lines_to", more->to);
        }
        return;
    }
    printf("%-11s%s\n%-11s%" PRIu64 " to %" PRIu64, "file", e->file->path, "bytes", e->offset, to);
    if (more->bytes)
        printf(", and its further lines in %" PRIu64 " to %" PRIu64, more->from, more->to);
    putchar('\n');
}

bool where_show_event(const struct where_show *s, const char *event_id)
{
    struct where_event e = {.offset = 0};
    struct where_answer *a = xcalloc(1, sizeof *a);
    struct sbuf out;
    struct json j;
    bool found = where_find_event(s->where, event_id, &e) && where_ask(s->where, e.file, e.offset, a);
    struct event_state state = state_of(s, event_id, loss_in(a));
    if (found || strcmp(state.name, "gone") != 0) {
        const struct where_joined more = found ? where_joined(s->where, e.file, e.offset) : (struct where_joined){0};
        struct json *to = s->json ? &j : NULL;
        if (to) {
            begin(&j, &out);
            put_str(&j, "event_id", event_id);
        } else {
            printf("%-11s%s\n", "event", event_id);
        }
        if (found)
            tell_place(to, &e, a->range.to, &more);
        if (found && to)
            put_hex(to, "issue", e.issue);
        else if (found)
            printf("%-11s%016" PRIx64 "\n", "issue", e.issue);
        else if (!to)
            printf("%-11sof none that is remembered: of the network, of several, or read long ago\n", "line");
        if (to) {
            put_state(to, &state);
            end(to, &out);
        } else {
            printf("%-11s", "state");
            print_state(&state);
            putchar('\n');
        }
        found = true;
    }
    free(state.reason);
    free(a);
    return found;
}

/* --- a file --- */

struct ranges {
    struct fate_range *v;
    size_t n;
};

static void where_collect(void *u, const struct fate_range *r)
{
    struct ranges *all = u;
    if (fate_is_remark(r->fate))
        return;
    all->v = xroom(all->v, all->n, sizeof *all->v);
    all->v[all->n++] = *r;
}

static int by_place(const void *a, const void *b)
{
    const struct fate_range *x = a, *y = b;
    return x->from < y->from ? -1 : x->from > y->from;
}

static void print_range(const struct where_show *s, const struct where_open *o, const struct fate_range *r)
{
    const struct where_event e = {.file = o->file, .offset = r->from};
    char id[33];
    bool issue = r->fate == FATE_EVENT || r->fate == FATE_SUPPRESSED;
    where_event_id(s->where, &e, id);
    if (s->json) {
        struct sbuf out;
        struct json j;
        begin(&j, &out);
        put_number(&j, "from", r->from);
        put_number(&j, "to", r->to);
        put_str(&j, "fate", fate_name(r->fate));
        if (issue)
            put_hex(&j, "issue", r->issue);
        if (r->fate == FATE_EVENT)
            put_str(&j, "event_id", id);
        if (r->fate == FATE_JOINED && !r->file)
            put_number(&j, "record", r->head);
        end(&j, &out);
        return;
    }
    printf("%12" PRIu64 " %12" PRIu64 "  %-10s", r->from, r->to, fate_name(r->fate));
    if (issue)
        printf(" %016" PRIx64, r->issue);
    printf("%s%s\n", r->fate == FATE_EVENT ? " " : "", r->fate == FATE_EVENT ? id : "");
}

bool where_show_file(const struct where_show *s, const struct where_open *o)
{
    struct ranges all = {0};
    bool ok = where_each(s->where, o->file, where_collect, &all);
    if (all.n)
        qsort(all.v, all.n, sizeof *all.v, by_place);
    if (!s->json)
        printf("file %016" PRIx64 ", read up to %" PRIu64 "%s\n%12s %12s  %-10s %s\n", o->file->key, o->file->at.offset,
               o->file->live ? "" : ", and no longer", "FROM", "TO", "FATE", "ISSUE, EVENT");
    for (size_t i = 0; i < all.n; i++)
        print_range(s, o, &all.v[i]);
    free(all.v);
    return ok;
}
