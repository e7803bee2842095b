/* crumbd issue: one issue with its newest event, or another that is kept of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/colour.h"
#include "app/command.h"
#include "app/issue_list.h"
#include "app/issue_show.h"
#include "app/rule_place.h"
#include "app/show.h"
#include "app/tool_store.h"
#include "base/utf8.h"
#include "io/clock.h"

struct issue_options {
    const char *config, *store, *key, *event;
    bool json;
};

static int no_event(const char *id)
{
    fprintf(stderr, "crumbd issue: no event %s is kept; `crumbd issue KEY` lists those that are\n", id);
    return EXIT_INPUT_WRONG;
}

/* --- for people --- */

static void issue_on_payload(void *u, const struct store_kept *kept)
{
    (void)u;
    printf("\nevent         %s\n", kept->event_id);
    show_payload(stdout, kept->payload);
}

struct events {
    char newest[33];
    unsigned n;
};

static void issue_on_event(void *u, const struct store_kept *kept)
{
    struct events *e = u;
    if (!e->n++) {
        memcpy(e->newest, kept->event_id, sizeof e->newest);
        printf("\nevents that are kept\n");
    }
    printf("  %s  ", kept->event_id);
    show_time(stdout, kept->time_us);
    fputs("  ", stdout);
    show_text(stdout, kept->title, 80);
    fputc('\n', stdout);
}

static int print_text(struct store *s, uint64_t key, const struct issue_options *o)
{
    struct arena a = {0};
    struct store_issue issue;
    struct events events = {.n = 0};
    int64_t now_us = clock_wall_us();
    char event_id[33] = "";
    bool found = store_issue(s, key, now_us, &a, &issue);
    if (found) {
        struct slice rule = issue.about.text[ISSUE_RULE];
        char *place = rule.n && !o->store ? rule_place(o->config, rule) : NULL;
        issue_show(stdout, &issue, place, now_us, colour_wanted());
        free(place);
        store_issue_events(s, key, issue_on_event, &events);
        snprintf(event_id, sizeof event_id, "%s", o->event ? o->event : events.newest);
    }
    if (*event_id && !store_kept_event(s, event_id, issue_on_payload, NULL))
        found = false;
    arena_done(&a);
    return found ? EXIT_WELL : no_event(event_id);
}

/* --- for programs --- */

static int print_json(struct store *s, uint64_t key, const char *id)
{
    struct sbuf body, shown;
    bool damaged = false;
    sbuf_init(&body, 2 * STORE_PAYLOAD_MAX);
    sbuf_init(&shown, 12 * STORE_PAYLOAD_MAX);
    bool found = id ? issue_list_write_event(s, slice_str(id), &damaged, &body)
                    : issue_list_write_one(s, key, clock_wall_us(), &body);
    if (found) {
        utf8_json(&shown, sbuf_slice(&body));
        fwrite(shown.p, 1, shown.n, stdout);
    }
    sbuf_done(&body);
    sbuf_done(&shown);
    return found ? EXIT_WELL : no_event(id ? id : "");
}

static int look_up(struct store *s, const struct issue_options *o)
{
    uint64_t key = 0;
    unsigned n = store_issue_find(s, slice_str(o->key), &key);
    if (n == 1)
        return o->json ? print_json(s, key, o->event) : print_text(s, key, o);
    if (n)
        fprintf(stderr, "crumbd issue: several issues have a key that begins with %s; `crumbd issues %s` lists them\n",
                o->key, o->key);
    else
        fprintf(stderr, "crumbd issue: there is no issue %s; see `crumbd issues`\n", o->key);
    return EXIT_INPUT_WRONG;
}

static int issue(const struct issue_options *o)
{
    char *path;
    if (o->event && (strlen(o->event) != 32 || strspn(o->event, "0123456789abcdef") != 32))
        return command_usage("issue", "issue: an event is named by 32 hex digits, as `crumbd issue KEY` lists them");
    struct store *s = tool_store_open("issue", o->config, o->store, &path);
    int status = s ? look_up(s, o) : EXIT_CANNOT_RUN;
    store_close(s);
    free(path);
    return status;
}

int cmd_issue(int argc, char **argv)
{
    struct issue_options o = {0};
    struct command_reader in = command_read("issue", argc, argv);
    for (const char *word; (word = command_next(&in));) {
        if (command_is(&in, "-c"))
            o.config = in.value;
        else if (command_is(&in, "--store"))
            o.store = in.value;
        else if (in.option)
            o.json = true;
        else if (o.event)
            return command_usage("issue", "issue: too many words");
        else if (o.key)
            o.event = argv[in.at - 1];
        else
            o.key = argv[in.at - 1];
    }
    if (in.status != EXIT_WELL)
        return in.status;
    return o.key ? issue(&o) : command_usage("issue", "issue: say which, by its KEY; `crumbd issues` lists them");
}
