/* crumbd queue: the outbox and the dead letters for people, beside a running daemon or without one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/colour.h"
#include "app/command.h"
#include "app/show.h"
#include "app/tool_store.h"
#include "base/xalloc.h"
#include "base/utf8.h"
#include "io/clock.h"
#include "io/store.h"
#include "text/stamp.h"

enum { TITLE_POINTS = 120, TITLE_LEAST = 30, TITLE_COLUMN = 50, REASON_POINTS = 200, TEXT_POINTS = 1000 };

struct queue_options {
    const char *config, *store;
    bool json, dead, all, yes;
};

/* Who sends, and when. */

struct next_try {
    char *project, *why;
    int64_t at_us;
};

/* What the daemon beside waits for. Without one nothing is sent, and nothing waited for. */
struct sending {
    int64_t now_us;
    bool running;
    uint64_t pid; /* of the daemon; 0: not known */
    struct next_try *v;
    unsigned n;
};

static void queue_add_next_try(void *u, const struct store_next_try *from)
{
    struct sending *w = u;
    if (from->at_us <= w->now_us)
        return;
    w->v = xroom(w->v, w->n, sizeof *w->v);
    w->v[w->n++] = (struct next_try){slice_dup(from->project), slice_dup(from->why), from->at_us};
}

static void sending_init(struct sending *w, struct store *s)
{
    *w = (struct sending){.now_us = clock_wall_us()};
    w->running = store_has_daemon(s, &w->pid);
    if (w->running)
        store_next_tries(s, queue_add_next_try, w);
}

static void sending_done(struct sending *w)
{
    for (unsigned i = 0; i < w->n; i++) {
        free(w->v[i].project);
        free(w->v[i].why);
    }
    free(w->v);
}

/* When the row is due and its project is tried. */
static int64_t sending_at(const struct sending *w, const struct store_row *r)
{
    int64_t at_us = r->next_try_us;
    for (unsigned i = 0; i < w->n; i++)
        if (slice_is(r->event.project, w->v[i].project) && w->v[i].at_us > at_us)
            at_us = w->v[i].at_us;
    return at_us;
}

/* Which event. */

struct search {
    struct slice event_id;
    int64_t found;
};

static bool queue_look(void *u, const struct store_row *r)
{
    struct search *s = u;
    if (!r->damaged && slice_ieq(slice_str(r->event.event_id), s->event_id))
        s->found = r->id;
    return !s->found;
}

/* 0: no such event. */
static int64_t find(struct store *s, const char *text)
{
    struct search search = {.event_id = slice_str(text)};
    uint64_t id = 0;
    if (search.event_id.n < 19 && slice_u64(search.event_id, &id))
        return (int64_t)id;
    store_each(s, queue_look, &search);
    return search.found;
}

static int no_such(const char *text)
{
    fprintf(stderr, "crumbd queue: there is no event %s; it may have been delivered, see `crumbd queue ls`\n", text);
    return EXIT_INPUT_WRONG;
}

static int store_trouble(struct store *s)
{
    fprintf(stderr, "crumbd queue: %s\n", store_error(s));
    return EXIT_CANNOT_RUN;
}

/* ls */

static const char *state_name(enum store_state s)
{
    return s == STORE_STATE_OPEN ? "open" : s == STORE_STATE_READY ? "ready" : "dead";
}

static const char *next_try(const struct store_row *r, const struct sending *w, char buf[SHOW_SMALL])
{
    if (r->state != STORE_STATE_READY || !w->running)
        return "-";
    int64_t at_us = sending_at(w, r);
    return at_us <= w->now_us ? "now" : show_span(at_us - w->now_us, buf);
}

/* Of the last column, so that a line stays one on the terminal. */
static size_t last_points(size_t most)
{
    unsigned columns = colour_columns();
    size_t left = columns > TITLE_COLUMN + TITLE_LEAST ? columns - TITLE_COLUMN : TITLE_LEAST;
    return columns && left < most ? left : most;
}

static bool queue_list_one(void *u, const struct store_row *r)
{
    const struct sending *w = u;
    char age[SHOW_SMALL], size[SHOW_SMALL], next[SHOW_SMALL];
    if (r->damaged) {
        printf("%7" PRId64 "  damaged: it cannot be read; `crumbd queue drop %" PRId64 "` removes it\n", r->id, r->id);
        return true;
    }
    printf("%7" PRId64 "  %-5s %5s  ", r->id, state_name(r->state), show_span(w->now_us - r->created_us, age));
    show_text(stdout, r->event.level, 7);
    printf("%*s %5u %5s %6s  ", (int)(r->event.level.n < 7 ? 7 - r->event.level.n : 0), "", r->attempts,
           next_try(r, w, next), show_size(r->stored_bytes, size));
    if (r->event.project.n) {
        fputc('[', stdout);
        show_text(stdout, r->event.project, 40);
        fputs("] ", stdout);
    }
    show_text(stdout, r->event.title.text, last_points(TITLE_POINTS));
    if (r->reason) {
        printf("\n%*s", TITLE_COLUMN, "");
        show_text(stdout, slice_str(r->reason), REASON_POINTS);
    }
    fputc('\n', stdout);
    return true;
}

static void show_sending(const struct sending *w, const char *path)
{
    char span[SHOW_SMALL];
    printf("store %s; ", path);
    if (!w->running)
        printf("no crumbd runs with it, so nothing is sent until one does\n");
    else if (w->pid)
        printf("crumbd runs with it, pid %" PRIu64 "\n", w->pid);
    else
        printf("crumbd runs with it\n");
    for (unsigned i = 0; i < w->n; i++) {
        printf("%s%s is tried again in %s: ", *w->v[i].project ? "project " : "the default project", w->v[i].project,
               show_span(w->v[i].at_us - w->now_us, span));
        show_text(stdout, slice_str(w->v[i].why), REASON_POINTS);
        printf("; `crumbd queue retry` tries at once\n");
    }
}

static int do_ls(struct store *s, const char *path)
{
    struct sending w;
    struct store_totals t;
    char size[SHOW_SMALL];
    store_totals(s, &t);
    if (t.open + t.ready + t.dead)
        printf("%7s  %-5s %5s  %-7s %5s %5s %6s  %s\n", "ID", "STATE", "AGE", "LEVEL", "TRIES", "NEXT", "SIZE",
               "TITLE");
    sending_init(&w, s);
    bool whole = store_each(s, queue_list_one, &w);
    printf("%" PRIu64 " ready to send, %" PRIu64 " dead, %" PRIu64 " still open; %s in use\n", t.ready, t.dead, t.open,
           show_size(t.used_bytes, size));
    show_sending(&w, path);
    sending_done(&w);
    return whole ? EXIT_WELL : store_trouble(s);
}

/* cat */

static void put_line(const char *name, struct slice value)
{
    if (!value.n)
        return;
    printf("%-14s", name);
    show_text(stdout, value, TEXT_POINTS);
    fputc('\n', stdout);
}

static void show_row(const struct store_row *r, const struct sending *w)
{
    char stamp[32], age[SHOW_SMALL], next[SHOW_SMALL];
    put_line("title", r->event.title.text);
    put_line("level", r->event.level);
    stamp_print(r->event.time_us, stamp);
    printf("%-14s%s, %s ago\n", "time", stamp, show_span(w->now_us - r->event.time_us, age));
    printf("%-14s%s\n%-14s%" PRId64 "\n", "event", r->event.event_id, "id", r->id);
    printf("%-14s%s, %u %s", "state", state_name(r->state), r->attempts, r->attempts == 1 ? "try" : "tries");
    if (r->state == STORE_STATE_READY && w->running)
        printf(", next one %s%s", sending_at(w, r) <= w->now_us ? "" : "in ", next_try(r, w, next));
    else if (r->state == STORE_STATE_READY)
        printf(", none is made while no crumbd runs with this store");
    fputc('\n', stdout);
    put_line("reason", slice_str(r->reason));
    put_line("project", r->event.project);
    show_payload(stdout, r->event.payload.text);
}

/* The store's may be of a crumbd that escaped less. */
static void put_payload(struct slice payload)
{
    struct sbuf out;
    sbuf_init(&out, 3 * payload.n + 1);
    utf8_json(&out, payload);
    fwrite(out.p, 1, out.n, stdout);
    fputc('\n', stdout);
    sbuf_done(&out);
}

static int do_cat(struct store *s, const char *text, bool json)
{
    bool damaged = false;
    int64_t id = find(s, text);
    struct store_row *r = id ? store_get(s, id, &damaged) : NULL;
    if (!r && !damaged)
        return no_such(text);
    if (!r) {
        fprintf(stderr, "crumbd queue: event %s is damaged and cannot be read\n", text);
        return EXIT_INPUT_WRONG;
    }
    if (json) {
        put_payload(r->event.payload.text);
    } else {
        struct sending w;
        sending_init(&w, s);
        show_row(r, &w);
        sending_done(&w);
    }
    store_row_free(r);
    return EXIT_WELL;
}

/* export */

struct export
{
    struct store *store;
    bool dead_only;
    unsigned damaged;
};

static bool queue_export_one(void *u, const struct store_row *head)
{
    struct export *x = u;
    if (x->dead_only && !head->damaged && head->state != STORE_STATE_DEAD)
        return true;
    bool damaged = false;
    struct store_row *r = store_get(x->store, head->id, &damaged);
    x->damaged += damaged;
    if (r)
        put_payload(r->event.payload.text);
    store_row_free(r);
    return !ferror(stdout);
}

static int do_export(struct store *s, bool dead_only)
{
    struct export x = {.store = s, .dead_only = dead_only};
    bool whole = store_each(s, queue_export_one, &x);
    if (x.damaged)
        fprintf(stderr, "crumbd queue: %u damaged events were left out\n", x.damaged);
    return whole ? EXIT_WELL : store_trouble(s);
}

/* retry, drop */

static int do_retry(struct store *s, const char *text)
{
    int64_t id = text ? find(s, text) : 0;
    if (text && !id)
        return no_such(text);
    int64_t n = store_requeue(s, id);
    if (n < 0)
        return store_trouble(s);
    if (id && n == 0) {
        fprintf(stderr, "crumbd queue: event %s is not dead and does not wait for a retry, or is not there\n", text);
        return EXIT_INPUT_WRONG;
    }
    if (!store_wake(s))
        return store_trouble(s);
    uint64_t pid;
    printf("%" PRId64 " back in the queue; %s\n", n,
           store_has_daemon(s, &pid) ? "crumbd tries within seconds, but where the server has set a rate limit"
                                     : "no crumbd runs with this store: the next one that does sends");
    return EXIT_WELL;
}

/* Asks, where there is somebody to ask. */
static bool confirmed(uint64_t n, const char *what)
{
    if (!isatty(STDIN_FILENO))
        return false;
    printf("drop %" PRIu64 " %s? They cannot be had back. [y/N] ", n, what);
    fflush(stdout);
    int c = getchar();
    return c == 'y' || c == 'Y';
}

static int do_drop(struct store *s, const char *text, const struct queue_options *o)
{
    int64_t id = text ? find(s, text) : 0;
    if (text && !id)
        return no_such(text);
    if (!id && !o->yes) {
        struct store_totals t;
        store_totals(s, &t);
        if (!confirmed(o->dead ? t.dead : t.dead + t.ready + t.open, o->dead ? "dead letters" : "events")) {
            fputs("crumbd queue: nothing dropped; --yes answers the question\n", stderr);
            return EXIT_INPUT_WRONG;
        }
    }
    int64_t n = store_drop(s, id, o->dead);
    if (n < 0)
        return store_trouble(s);
    if (id && n == 0)
        return no_such(text);
    printf("%" PRId64 " dropped\n", n);
    return EXIT_WELL;
}

/* The command line. */

enum verb { LS, CAT, EXPORT, RETRY, DROP, VERBS };
static const char *const verbs[VERBS + 1] = {"ls", "cat", "export", "retry", "drop", NULL};

/* NULL: it is as it should be. */
static const char *misuse(enum verb verb, const char *id, const struct queue_options *o)
{
    if (verb == CAT && !id)
        return "cat wants an ID";
    if (verb == DROP && (id != NULL) + o->dead + o->all != 1)
        return "drop wants one of ID, --dead and --all";
    if (id && (verb == LS || verb == EXPORT))
        return "too many words";
    if (o->json && verb != CAT)
        return "--json belongs to cat; export writes JSON anyway";
    if (o->dead && verb != DROP && verb != EXPORT)
        return "--dead belongs to drop and export";
    if ((o->all || o->yes) && verb != DROP)
        return "--all and --yes belong to drop";
    return NULL;
}

static int act(enum verb verb, struct store *s, const char *path, const char *id, const struct queue_options *o)
{
    switch (verb) {
    case CAT:
        return do_cat(s, id, o->json);
    case EXPORT:
        return do_export(s, o->dead);
    case RETRY:
        return do_retry(s, id);
    case DROP:
        return do_drop(s, id, o);
    default:
        return do_ls(s, path);
    }
}

static void read_option(const struct command_reader *in, struct queue_options *o)
{
    if (command_is(in, "-c"))
        o->config = in->value;
    else if (command_is(in, "--store"))
        o->store = in->value;
    o->json |= command_is(in, "--json");
    o->dead |= command_is(in, "--dead");
    o->all |= command_is(in, "--all");
    o->yes |= command_is(in, "--yes");
}

/* VERBS: there is none of this name, which has been told. */
static enum verb verb_of(const char *word)
{
    enum verb verb = LS;
    while (verb < VERBS && strcmp(word, verbs[verb]) != 0)
        verb++;
    const char *near = verb == VERBS ? err_nearest(slice_str(word), verbs) : NULL;
    if (verb == VERBS)
        command_usage("queue", "queue: there is no \"%s\"%s%s%s", word, near ? "; did you mean " : "", near ? near : "",
                      near ? "?" : "");
    return verb;
}

static int queue(const struct queue_options *o, const char *word, const char *id)
{
    enum verb verb = verb_of(word);
    if (verb == VERBS)
        return EXIT_USAGE;
    const char *wrong = misuse(verb, id, o);
    if (wrong)
        return command_usage("queue", "queue: %s", wrong);
    char *path;
    struct store *s = tool_store_open("queue", o->config, o->store, &path);
    int status = s ? act(verb, s, path, id, o) : EXIT_CANNOT_RUN;
    store_close(s);
    free(path);
    return status;
}

int cmd_queue(int argc, char **argv)
{
    struct queue_options o = {0};
    struct command_reader in = command_read("queue", argc, argv);
    const char *words[2] = {NULL, NULL};
    unsigned n = 0;
    while (command_next(&in)) {
        if (in.option)
            read_option(&in, &o);
        else if (n < 2)
            words[n++] = argv[in.at - 1];
        else
            return command_usage("queue", "queue: too many words");
    }
    if (in.status != EXIT_WELL)
        return in.status;
    if (!n)
        return command_usage("queue", "queue: say what to do: ls, cat, export, retry or drop");
    return queue(&o, words[0], words[1]);
}
