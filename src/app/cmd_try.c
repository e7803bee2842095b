/* crumbd try: the whole pipeline over files, nothing sent. */
#include <stdio.h>
#include <stdlib.h>

#include "app/offline.h"
#include "app/snapshot.h"
#include "app/try.h"
#include "core/join.h"

struct arguments {
    struct offline logs;
    char *diff[2];        /* old and new rules or groupings; NULL: nothing is compared */
    unsigned grouping[2]; /* 0: they are rules */
    bool events, json, limits;
};

/* Who takes the messages of the files: a run, or two side by side. */
struct trial {
    struct arguments args;
    const struct settings *settings;
    struct try_run run;
    struct try_diff *diff;
    struct stream stream[2];
};

/* --- reading --- */

static bool try_on_message(void *u, struct message *m)
{
    struct trial *t = u;
    m->stream = &t->stream[0];
    if (t->diff)
        try_diff_message(t->diff, t->stream, m);
    else
        pipeline_message(t->run.pipeline, m, t->run.now_us);
    return !ferror_unlocked(stdout); /* `| head` has seen enough */
}

static void try_on_begin(void *u, const struct stream *s)
{
    struct trial *t = u;
    t->stream[0] = t->stream[1] = *s;
}

/* No line of the next file goes on with what is held of this one. */
static bool try_on_end(void *u)
{
    struct trial *t = u;
    if (t->diff)
        try_diff_let_go(t->diff);
    else
        pipeline_let_go(t->run.pipeline);
    return !ferror(stdout);
}

/* As the input does that reads it. */
static const struct join_options *try_join_of(void *u, const char *path)
{
    const struct trial *t = u;
    const struct input_options *o = settings_input_of(t->settings, path);
    return o ? &o->join : &join_defaults;
}

static void read_files(struct trial *t, struct diag *d)
{
    const struct offline_reader r = {
        .each = try_on_message, .begin = try_on_begin, .end = try_on_end, .join = try_join_of, .u = t};
    offline_run(&t->args.logs, &r, d);
}

/* --- arguments --- */

/* A word of digits is a grouping: rules of that name are ./1. */
static bool is_number(const char *word)
{
    return *word && word[strspn(word, "0123456789")] == '\0';
}

static int check_diff(struct arguments *a)
{
    if (!a->diff[0] || (!is_number(a->diff[0]) && !is_number(a->diff[1])))
        return EXIT_WELL;
    for (unsigned i = 0; i < 2; i++) {
        unsigned long number = is_number(a->diff[i]) ? strtoul(a->diff[i], NULL, 10) : 0;
        if (number < GROUPING_FIRST || number > GROUPING_NEWEST)
            return command_usage("try",
                                 "--diff compares two groupings, %d to %d, or two sets of rules: %s is no grouping",
                                 GROUPING_FIRST, GROUPING_NEWEST, a->diff[i]);
        a->grouping[i] = (unsigned)number;
    }
    return EXIT_WELL;
}

static int check_arguments(struct arguments *a)
{
    if (a->diff[0] && (a->logs.n_rules || a->events || a->limits))
        return command_usage("try", "--diff names both sets of rules: not with --rules, --events or --limits");
    if (a->events && a->json)
        return command_usage("try", "--events prints events and --json a summary: one of them");
    int status = check_diff(a);
    return status == EXIT_WELL ? offline_check(&a->logs, "try") : status;
}

static void try_on_option(void *u, struct command_reader *in)
{
    struct arguments *a = u;
    if (command_is(in, "--diff")) {
        a->diff[0] = in->value;
        a->diff[1] = in->second;
    }
    a->events |= command_is(in, "--events");
    a->json |= command_is(in, "--json");
    a->limits |= command_is(in, "--limits");
}

static int read_arguments(int argc, char **argv, struct arguments *a)
{
    struct command_reader in = command_read("try", argc, argv);
    int status = offline_read(&a->logs, &in, try_on_option, a);
    return status == EXIT_WELL ? check_arguments(a) : status;
}

/* --- the two ways --- */

/* Most logs of nginx have none: then their grammars are not loaded before one is there after all. */
static bool may_have_traces(const struct arguments *a)
{
    for (unsigned i = 0; i < a->logs.n_files; i++) {
        enum format format = a->logs.format == FORMAT_AUTO ? reader_first_format(a->logs.files[i]) : a->logs.format;
        const struct format_traits *traits = format_traits(format);
        if (!traits->whole && !traits->access)
            return true;
    }
    return false;
}

static void run(struct trial *t, struct settings *s, struct diag *d)
{
    const struct arguments *a = &t->args;
    struct options options = s->options;
    const struct snapshot_rules from = {
        .names = a->logs.rules, .n_names = a->logs.n_rules, .one_thread = true, .traces_later = !may_have_traces(a)};
    struct snapshot *now = snapshot_load(s, &from, d);
    if (now) {
        if (!a->limits)
            options.limits.new_issues = 0;
        if (a->events && !a->limits) {
            options.limits.burst = UINT32_MAX;
            options.limits.per_minute = options.limits.per_day = UINT32_MAX;
        }
        const struct try_setup setup = {
            .options = &options, .rules = now->rules, .events = a->events, .timed = !a->events, .suspects = !a->events};
        try_run_init(&t->run, &setup);
        read_files(t, d);
        try_run_end(&t->run);
        if (a->json)
            try_show_json(&t->run);
        else if (!a->events)
            try_show_text(&t->run);
        try_run_done(&t->run);
    }
    snapshot_unref(now);
}

/* The rules of one side; of two groupings they are the configured ones, and the same. */
static struct snapshot *side(const struct trial *t, struct settings *s, unsigned i, struct snapshot *before,
                             struct diag *d)
{
    const struct arguments *a = &t->args;
    const struct snapshot_rules from = {.names = a->grouping[i] ? NULL : &a->diff[i],
                                        .n_names = !a->grouping[i],
                                        .one_thread = true,
                                        .traces_later = !may_have_traces(a)};
    if (i && a->grouping[i])
        return before ? snapshot_ref(before) : NULL;
    return snapshot_load(s, &from, d);
}

static void compare(struct trial *t, struct settings *s, struct diag *d)
{
    struct snapshot *sides[2] = {NULL, NULL};
    struct options options[2];
    struct try_setup setup[2];
    for (unsigned i = 0; i < 2; i++) {
        sides[i] = side(t, s, i, sides[0], d);
        options[i] = s->options;
        options[i].limits.new_issues = 0;
        options[i].grouping = t->args.grouping[i] ? t->args.grouping[i] : s->options.grouping;
        setup[i] = (struct try_setup){.options = &options[i], .rules = sides[i] ? sides[i]->rules : NULL};
    }
    if (sides[0] && sides[1]) {
        t->diff = try_diff_new(setup);
        read_files(t, d);
        try_diff_end(t->diff);
        if (t->args.json)
            try_diff_show_json(t->diff);
        else
            try_diff_show_text(t->diff, t->args.diff[0], t->args.diff[1]);
        try_diff_free(t->diff);
    }
    snapshot_unref(sides[0]);
    snapshot_unref(sides[1]);
}

int cmd_try(int argc, char **argv)
{
    struct trial t = {0};
    struct diag d = {0};
    int status = read_arguments(argc, argv, &t.args);
    if (status == EXIT_WELL) {
        struct settings *s = settings_load(t.args.logs.config, &d);
        t.settings = s;
        if (s && t.args.diff[0])
            compare(&t, s, &d);
        else if (s)
            run(&t, s, &d);
        status = command_finish(&d, EXIT_INPUT_WRONG);
        settings_unref(s);
    }
    offline_done(&t.args.logs);
    return status;
}
