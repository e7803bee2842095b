/* crumbd test: one event to each project, one notification to each entry of notify, and what the servers say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "app/command.h"
#include "app/notifications.h"
#include "app/show.h"
#include "app/upstream.h"
#include "core/event.h"
#include "io/up_kafka.h"

enum { ANSWER_POINTS = 400 };

struct answer {
    bool accepted;
};

static void show_answer(struct answer *v, const struct http_client_answer *a)
{
    v->accepted = a->status >= 200 && a->status < 300;
    if (!a->status) {
        printf("  no answer: %s\n", a->error);
        return;
    }
    printf("  %s: HTTP %u ", v->accepted ? "accepted" : "REFUSED", a->status);
    show_text(stdout, a->body, ANSWER_POINTS);
    putchar('\n');
}

static void test_on_notified(void *u, const struct http_client_answer *a)
{
    show_answer(u, a);
    if (a->status >= 300 && a->status < 400)
        printf("  requests follow no redirect: set url to where it leads\n");
}

static void test_on_answer(void *u, const struct http_client_answer *a)
{
    show_answer(u, a);
    if (a->status == 401 || a->status == 403)
        printf("  check the key of the DSN: the server does not know it, or the project is off\n");
    if (a->status == 404)
        printf("  check host, path and project number of the DSN\n");
}

static void write_event(const struct settings *s, char id[33], struct sbuf *out)
{
    struct record record;
    const struct event_texts texts = {.formatted = SLICE("crumbd test: this host can reach this project")};
    struct slice fingerprint[] = {SLICE("crumbd"), SLICE("test")};
    const struct verdict verdict = {
        .level = LEVEL_INFO, .fingerprint = fingerprint, .n_fingerprint = 2, .texts = &texts};
    struct timespec now;
    uint8_t random[16] = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    if (getrandom(random, sizeof random, 0) < 0)
        memcpy(random, &now, sizeof random);
    record_init(&record, FORMAT_TEXT, SLICE_NONE);
    record.message = texts.formatted;
    record.lines = 1;
    struct event_source src = {.record = &record,
                               .verdict = &verdict,
                               .source = SLICE("crumbd test"),
                               .received_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000};
    event_make_id(src.event_id, random, (uint64_t)now.tv_nsec, 0, 0);
    memcpy(id, src.event_id, 33);
    struct scrub *scrub = scrub_new(&s->options);
    event_write(&src, &s->options, scrub, out);
    scrub_free(scrub);
}

static bool test_project(const struct settings *s, const struct upstream *u, const struct sender_project *p)
{
    char id[33];
    struct sbuf payload;
    struct answer v = {0};
    sbuf_init(&payload, EVENT_BYTES_MAX);
    write_event(s, id, &payload);
    printf("%s%.*s\n  to %s\n  event %s\n", p->name.n ? "project " : "default project", SLICE_ARG(p->name),
           p->dsn->shown, id);
    if (p->kafka)
        up_kafka_once(p->kafka, id, sbuf_slice(&payload), test_on_answer, &v);
    else
        sender_post_once(p->dsn, &u->http, id, sbuf_slice(&payload), test_on_answer, &v);
    sbuf_done(&payload);
    return v.accepted;
}

static bool test_notification(const struct settings *s, unsigned entry)
{
    struct answer v = {0};
    char *shown = notifications_shown(&s->notify[entry]);
    printf("notification\n  to %s\n", shown);
    notifications_test(s, entry, test_on_notified, &v);
    free(shown);
    return v.accepted;
}

int cmd_test(int argc, char **argv)
{
    const char *config = NULL;
    struct command_reader in = command_read("test", argc, argv);
    for (const char *word; (word = command_next(&in));) {
        if (!command_is(&in, "-c"))
            return command_usage("test", "test takes no word \"%s\"", word);
        config = in.value;
    }
    if (in.status != EXIT_WELL)
        return in.status;
    struct diag d = {0};
    struct upstream u = {0};
    bool accepted = true;
    struct settings *s = settings_load(config, &d);
    bool ready = s && upstream_init(&u, s, &d);
    if (ready && !u.n && !s->n_notify)
        err_plain(&d, "there is no DSN to test: set sentry.dsn in crumbd.yaml, or SENTRY_DSN");
    for (unsigned i = 0; ready && i < u.n; i++)
        accepted &= test_project(s, &u, &u.projects[i]);
    for (unsigned i = 0; ready && i < s->n_notify; i++)
        accepted &= test_notification(s, i);
    upstream_done(&u);
    int status = command_finish(&d, EXIT_INPUT_WRONG);
    settings_unref(s);
    return status != EXIT_WELL ? status : accepted ? EXIT_WELL : EXIT_INPUT_WRONG;
}
