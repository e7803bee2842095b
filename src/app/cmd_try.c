/* crumbd try: the whole pipeline over files, nothing sent. */
#include <stdio.h>
#include <stdlib.h>

#include "app/command.h"
#include "app/reader.h"
#include "app/snapshot.h"
#include "app/try.h"
#include "app/zone.h"
#include "base/xalloc.h"
#include "core/join.h"
#include "io/container_file.h"

struct arguments {
    const char *config, *log_format;
    enum format format;
    char **rules, **files;
    char *diff[2];        /* old and new rules or groupings; NULL: nothing is compared */
    unsigned grouping[2]; /* 0: they are rules */
    unsigned n_rules, n_files;
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

/* No line of the next file goes on with what is held of this one. */
static void end_of_file(struct trial *t)
{
    if (t->diff)
        try_diff_let_go(t->diff);
    else
        pipeline_let_go(t->run.pipeline);
}

/* As the input does that reads it. */
static const struct join_options *join_of(const struct trial *t, const char *path)
{
    const struct input_options *o = settings_input_of(t->settings, path);
    return o ? &o->join : &join_defaults;
}

static void read_files(struct trial *t, struct diag *d)
{
    struct zone *zone = zone_load(SLICE("local"), d, (struct err_place){0});
    for (unsigned i = 0; i < t->args.n_files && !ferror(stdout); i++) {
        const char *path = t->args.files[i];
        uint64_t id = slice_hash(slice_str(path), 7);
        struct arena about = {0};
        const struct container *container = container_of_file(&about, path, NULL);
        const struct record_home home = {.file = slice_str(path)};
        t->stream[0] = (struct stream){.format = t->args.format,
                                       .zone = zone,
                                       .log_format = slice_str(t->args.log_format),
                                       .source = slice_str(path),
                                       .input = slice_str(path),
                                       .home = strcmp(path, "-") == 0 ? NULL : &home,
                                       .trusted = true,
                                       .join = join_of(t, path),
                                       .file_key = id,
                                       .container = container,
                                       .ring = container ? container_key(container) : id,
                                       .last_us = RECORD_NO_TIME};
        t->stream[1] = t->stream[0];
        reader_run(path, t->args.format, try_on_message, t, d);
        end_of_file(t);
        arena_done(&about);
    }
    zone_free(zone);
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
    if (a->diff[0] && (a->n_rules || a->events || a->limits))
        return command_usage("try", "--diff names both sets of rules: not with --rules, --events or --limits");
    if (a->events && a->json)
        return command_usage("try", "--events prints events and --json a summary: one of them");
    if (!a->n_files)
        return command_usage("try", "no file is named; - is standard input");
    int status = check_diff(a);
    return status == EXIT_WELL ? command_log_format("try", a->log_format, &a->format) : status;
}

static void read_option(struct command_reader *in, struct arguments *a)
{
    if (command_is(in, "-c"))
        a->config = in->value;
    else if (command_is(in, "--rules"))
        a->rules[a->n_rules++] = in->value;
    else if (command_is(in, "--log-format"))
        a->log_format = in->value;
    else if (command_is(in, "--format"))
        command_format(in, &a->format);
    else if (command_is(in, "--diff")) {
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
    a->rules = xcalloc((size_t)argc, sizeof *a->rules);
    a->files = xcalloc((size_t)argc, sizeof *a->files);
    for (const char *word; (word = command_next(&in));) {
        if (in.option)
            read_option(&in, a);
        else
            a->files[a->n_files++] = argv[in.at - 1];
    }
    return in.status == EXIT_WELL ? check_arguments(a) : in.status;
}

/* --- the two ways --- */

/* Most logs of nginx have none: then their grammars are not loaded before one is there after all. */
static bool may_have_traces(const struct arguments *a)
{
    for (unsigned i = 0; i < a->n_files; i++) {
        enum format format = a->format == FORMAT_AUTO ? reader_first_format(a->files[i]) : a->format;
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
        .names = a->rules, .n_names = a->n_rules, .one_thread = true, .traces_later = !may_have_traces(a)};
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
        struct settings *s = settings_load(t.args.config, &d);
        t.settings = s;
        if (s && t.args.diff[0])
            compare(&t, s, &d);
        else if (s)
            run(&t, s, &d);
        status = command_finish(&d, EXIT_INPUT_WRONG);
        settings_unref(s);
    }
    free(t.args.rules);
    free(t.args.files);
    return status;
}
