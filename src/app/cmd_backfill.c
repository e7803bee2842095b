/* crumbd backfill: old files, sent with their own times, paced, and once, however often it is stopped and started. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/backfill_show.h"
#include "app/command.h"
#include "app/daemon.h"
#include "app/positions.h"
#include "app/zone.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/join.h"
#include "io/clock.h"
#include "io/in_backfill.h"
#include "io/privileges.h"
#include "io/store.h"
#include "io/tail_position.h"
#include "parsers/frame.h"
#include "text/keys.h"
#include "text/when.h"

enum { PACE = 20, PACE_MAX = 100000, NICENESS = 10 };
#define DAY_US INT64_C(86400000000)
/* What Sentry takes, less the hour that an event may be on its way (sentry-protocol.md, 3.1). */
#define OLDEST_US (30 * DAY_US - INT64_C(3600000000))

struct arguments {
    const char *config, *log_format, *environment, *release, *since, *before;
    enum format format;
    char **files;
    unsigned n_files, pace;
    bool again;
};

struct job {
    struct arguments args;
    struct settings *settings;
    struct zone *zone; /* local time */
    struct backfill backfill;
    struct past past;
    char *daemon_store; /* path of the store that the daemon has with this configuration */
};

/* --- arguments --- */

static int read_pace(struct command_reader *in, unsigned *pace)
{
    uint64_t n;
    if (!slice_u64(slice_str(in->value), &n) || n > PACE_MAX)
        return command_usage(
            "backfill", "--pace is a number of events a second up to %d, 0 for as fast as they can be sent", PACE_MAX);
    *pace = (unsigned)n;
    return EXIT_WELL;
}

static void read_option(struct command_reader *in, struct arguments *a)
{
    const struct {
        const char *option, **to;
    } texts[] = {{"-c", &a->config},         {"--log-format", &a->log_format}, {"--environment", &a->environment},
                 {"--release", &a->release}, {"--since", &a->since},           {"--before", &a->before}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (command_is(in, texts[i].option))
            *texts[i].to = in->value;
    if (command_is(in, "--format"))
        command_format(in, &a->format);
    if (command_is(in, "--pace"))
        in->status = read_pace(in, &a->pace);
    a->again |= command_is(in, "--again");
}

static int check_names(const struct arguments *a)
{
    if (a->environment && !event_is_environment(slice_str(a->environment)))
        return command_usage("backfill", "--environment: Sentry refuses blanks, slashes and \"None\" in \"%s\"",
                             a->environment);
    if (a->release && !event_is_release(slice_str(a->release)))
        return command_usage("backfill", "--release: Sentry refuses slashes, tabs and dots alone in \"%s\"",
                             a->release);
    return EXIT_WELL;
}

static int read_arguments(int argc, char **argv, struct arguments *a)
{
    struct command_reader in = command_read("backfill", argc, argv);
    *a = (struct arguments){.pace = PACE, .files = xcalloc((size_t)argc, sizeof *a->files)};
    for (const char *word; (word = command_next(&in));) {
        if (in.option)
            read_option(&in, a);
        else if (strcmp(word, "-") == 0)
            return command_usage("backfill",
                                 "backfill reads files, which it can read on after a stop; for a pipe: crumbd -");
        else
            a->files[a->n_files++] = argv[in.at - 1];
    }
    if (in.status != EXIT_WELL)
        return in.status;
    if (!a->n_files)
        return command_usage("backfill", "no file is named");
    int status = check_names(a);
    return status == EXIT_WELL ? command_log_format("backfill", a->log_format, &a->format) : status;
}

static int read_window(struct job *j)
{
    const struct arguments *a = &j->args;
    int64_t now_us = clock_wall_us();
    j->past = (struct past){.on = true, .oldest_us = now_us - OLDEST_US, .since_us = INT64_MIN, .before_us = INT64_MAX};
    if (a->since && !when_read(slice_str(a->since), j->zone, now_us, &j->past.since_us))
        return command_usage(
            "backfill", "--since is a time such as 2026-11-20, 2026-11-20T10:00:00Z or 7d ago, not \"%s\"", a->since);
    if (a->before && !when_read(slice_str(a->before), j->zone, now_us, &j->past.before_us))
        return command_usage(
            "backfill", "--before is a time such as 2026-11-20, 2026-11-20T10:00:00Z or 7d ago, not \"%s\"", a->before);
    return EXIT_WELL;
}

/* --- what is to be done --- */

/* As the input does that reads it, also under a name that it had before it was compressed. */
static const struct input_options *read_as(const struct job *j, const char *path)
{
    char *real = realpath(path, NULL);
    struct slice name = slice_str(real ? real : path);
    char *plain = slice_dup(slice_ends(name, SLICE(".gz")) ? slice_sub(name, 0, name.n - 3) : name);
    const struct input_options *o = settings_input_of(j->settings, plain);
    free(plain);
    free(real);
    return o;
}

static void add_file(struct job *j, const char *path, char *name)
{
    const struct arguments *a = &j->args;
    const struct input_options *as = read_as(j, path);
    struct backfill_file *f = &j->backfill.files[j->backfill.n++];
    *f = (struct backfill_file){.path = path};
    if (as)
        f->as = *as;
    else
        f->as = (struct input_options){.zone = j->zone, .max_message_bytes = FRAME_MESSAGE_MAX, .join = join_defaults};
    f->as.kind = INPUT_BACKFILL;
    f->as.text = name;
    if (a->format != FORMAT_AUTO)
        f->as.format = a->format;
    if (a->log_format)
        f->as.log_format = slice_dup(slice_str(a->log_format));
}

/* Of the files that the daemon follows it has sent what came since it began to. */
struct followed {
    const struct job *job;
    unsigned n;
};

static void backfill_note_followed(void *u, const struct position *p)
{
    struct followed *f = u;
    struct tail_position at;
    if (!tail_position_read(p, &at))
        return;
    for (unsigned i = 0; i < f->job->args.n_files; i++) {
        char *real = realpath(f->job->args.files[i], NULL);
        f->n += real && slice_is(at.path, real);
        free(real);
    }
}

static void say_followed(const struct job *j)
{
    struct diag none = {0};
    struct followed f = {.job = j};
    struct store *store = j->args.before ? NULL : store_open(j->daemon_store, STORE_TOOL, 0, &none);
    if (store)
        store_positions(store, backfill_note_followed, &f);
    store_close(store);
    err_done(&none);
    if (f.n)
        fprintf(stderr,
                "crumbd: %u of these files %s followed by crumbd with %s: what was written since it began to is sent a "
                "second time. --before says up to when they are to be read\n",
                f.n, f.n == 1 ? "is" : "are", j->daemon_store);
}

/* STORE-backfill.db: positions, events and counts of its own, beside a daemon that has the store. */
static void change_settings(struct job *j)
{
    struct settings *s = j->settings;
    struct slice path = slice_str(s->store);
    j->daemon_store = s->store;
    path = slice_ends(path, SLICE(".db")) ? slice_sub(path, 0, path.n - 3) : path;
    struct sbuf own;
    sbuf_init(&own, path.n + 32);
    sbuf_addf(&own, "%.*s-backfill.db", SLICE_ARG(path));
    s->store = arena_cstr(&s->arena, sbuf_slice(&own));
    sbuf_done(&own);
    s->http.host = s->probes.host = NULL;
    s->options.release = slice_str(j->args.release); /* the configured one says what runs now */
    if (j->args.environment) {
        s->options.environment = slice_str(j->args.environment);
        s->options.environment_for_all = true;
    }
}

static int check_upstream(const struct settings *s)
{
    if (s->dsn || s->sentry.n_projects)
        return EXIT_WELL;
    fputs(
        "crumbd: no DSN: there is nobody to send events to. Set sentry.dsn or SENTRY_DSN; what the files would become "
        "shows crumbd try\n",
        stderr);
    return EXIT_INPUT_WRONG;
}

static int run(struct job *j, struct diag *d)
{
    struct settings *s = j->settings;
    char name[] = "backfill";
    struct input_options input = {.kind = INPUT_BACKFILL, .text = name, .backfill = &j->backfill};
    j->backfill.files = xcalloc(j->args.n_files, sizeof *j->backfill.files);
    j->backfill.again = j->args.again;
    for (unsigned i = 0; i < j->args.n_files; i++)
        add_file(j, j->args.files[i], name);
    change_settings(j);
    say_followed(j);
    struct backfill_show show = {.backfill = &j->backfill, .store = s->store};
    progress_begin(&show.progress, 0);
    const struct daemon_setup setup = {.settings = s,
                                       .inputs = &input,
                                       .n_inputs = 1,
                                       .drain = true,
                                       .send_all = true,
                                       .past = j->past,
                                       .pace_per_s = j->args.pace,
                                       .groups_as = j->daemon_store,
                                       .look = backfill_show_look,
                                       .u = &show};
    int status = daemon_run(&setup, d);
    err_print(d, stderr);
    return status == EXIT_WELL ? backfill_show_end(&show) : status;
}

int cmd_backfill(int argc, char **argv)
{
    struct job j = {0};
    struct diag d = {0};
    int status = read_arguments(argc, argv, &j.args);
    /* A terminal shows the progress, which lines about nothing in particular would tear. */
    log_open(isatty(STDERR_FILENO) ? LOG_WARN : LOG_INFO, false);
    signal(SIGHUP, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    if (status == EXIT_WELL) {
        privileges_harden();
        setpriority(PRIO_PROCESS, 0, NICENESS); /* a daemon that follows what is written now goes first */
        j.zone = zone_load(SLICE("local"), &d, (struct err_place){0});
        status = read_window(&j);
    }
    if (status == EXIT_WELL) {
        j.settings = settings_load(j.args.config, &d);
        status = j.settings && !d.errors ? check_upstream(j.settings) : EXIT_INPUT_WRONG;
    }
    if (status == EXIT_WELL)
        status = run(&j, &d);
    else
        err_print(&d, stderr);
    err_done(&d);
    settings_unref(j.settings);
    zone_free(j.zone);
    free(j.backfill.files);
    free(j.args.files);
    return status;
}
