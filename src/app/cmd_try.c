/* crumbd try: the whole pipeline over files, nothing sent. */
#include "app/try.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/command.h"
#include "app/reader.h"
#include "app/rules.h"
#include "app/settings.h"
#include "app/show.h"
#include "app/zone.h"
#include "base/xalloc.h"

struct arguments {
    const char *config;
    enum format format;
    char **rules, **files;
    unsigned n_rules, n_files;
    bool events, json, limits;
};

struct trial {
    struct arguments args;
    struct pipeline *pipeline;
    struct stream stream;
    int64_t now_us; /* of the start: nothing here depends on the present by more */
    struct try_result result;
};

static uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int64_t wall_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* --- what the pipeline tells --- */

static void on_event(void *u, const struct promoted *e)
{
    struct trial *t = u;
    if (e->open)
        return;
    t->result.summaries += e->suppressed > 0;
    t->result.events++;
    if (t->args.events) {
        fwrite(e->payload.p, 1, e->payload.n, stdout);
        fputc('\n', stdout);
    }
}

static void note_time(int64_t time_us, int64_t *first_us, int64_t *last_us)
{
    if (time_us == RECORD_NO_TIME)
        return;
    if (*first_us == RECORD_NO_TIME || time_us < *first_us)
        *first_us = time_us;
    if (*last_us == RECORD_NO_TIME || time_us > *last_us)
        *last_us = time_us;
}

static struct try_issue *new_issue(struct try_result *r, const struct judged *j)
{
    if (r->n_issues >= TRY_ISSUES_MAX) {
        r->issues_lost = true;
        return NULL;
    }
    struct try_issue *i = xcalloc(1, sizeof *i);
    struct slice line = j->raw;
    *i = (struct try_issue){.fingerprint_hash = j->shape->fingerprint_hash,
                            .title = slice_dup(j->shape->title),
                            .first_line = slice_dup(slice_sub(slice_split(&line, '\n'), 0, 1000)),
                            .level = j->shape->level,
                            .rule = j->shape->rule,
                            .first_us = RECORD_NO_TIME,
                            .last_us = RECORD_NO_TIME};
    r->issues = xrealloc(r->issues, r->n_issues + 1, sizeof *r->issues);
    r->issues[r->n_issues++] = i;
    table_put(&r->by_fingerprint, i->fingerprint_hash, i);
    return i;
}

static void note_occurrence(struct try_result *r, const struct judged *j)
{
    struct try_issue *i = table_get(&r->by_fingerprint, j->shape->fingerprint_hash);
    r->occurrences++;
    if (!i)
        i = new_issue(r, j); /* the first of an issue always passes, so its title is there */
    if (!i)
        return;
    i->count++;
    note_time(j->record->time_us, &i->first_us, &i->last_us);
}

static void on_judged(void *u, const struct judged *j)
{
    struct try_result *r = &((struct trial *)u)->result;
    r->messages++;
    if (!j->record) {
        r->refused += j->fate == COUNT_refused;
        r->ignored += j->fate == COUNT_blank;
        return;
    }
    note_time(j->record->time_us, &r->first_us, &r->last_us);
    if (j->shape->rule)
        r->matched++;
    else if (j->record->level >= LEVEL_ERROR)
        r->missed++;
    else
        r->ignored++;
    if (j->fate == COUNT_event || j->fate == COUNT_suppressed)
        note_occurrence(r, j);
}

/* --- reading --- */

static bool on_message(void *u, const struct cut_message *m)
{
    struct trial *t = u;
    pipeline_message(t->pipeline, &t->stream, m->text, m->lines, m->cut_bytes, m->offset, t->now_us);
    return true;
}

static void read_file(struct trial *t, const char *path, const struct zone *zone, struct diag *d)
{
    enum format format = t->args.format;
    uint64_t id = slice_hash(slice_str(path), 7);
    t->stream = (struct stream){.format = format,
                                .zone = zone,
                                .source = slice_str(path),
                                .file_key = id,
                                .ring = id,
                                .last_us = RECORD_NO_TIME};
    /* The reader settles the format before the first message; the stream then finds the same by itself. */
    reader_run(path, &format, on_message, t, d);
}

/* --- arguments --- */

static int read_arguments(int argc, char **argv, struct arguments *a)
{
    a->rules = xcalloc((size_t)argc, sizeof *a->rules);
    a->files = xcalloc((size_t)argc, sizeof *a->files);
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (argv[i][0] != '-' || argv[i][1] == '\0')
            a->files[a->n_files++] = argv[i];
        else if (strcmp(argv[i], "-c") == 0 && more)
            a->config = argv[++i];
        else if (strcmp(argv[i], "--rules") == 0 && more)
            a->rules[a->n_rules++] = argv[++i];
        else if (strcmp(argv[i], "--format") == 0 && more) {
            a->format = format_by_name(slice_str(argv[++i]));
            if (a->format == FORMAT_N)
                return command_usage("try", "unknown format \"%s\"", argv[i]);
        } else if (strcmp(argv[i], "--events") == 0)
            a->events = true;
        else if (strcmp(argv[i], "--json") == 0)
            a->json = true;
        else if (strcmp(argv[i], "--limits") == 0)
            a->limits = true;
        else
            return command_usage("try", "unknown option or missing value: %s", argv[i]);
    }
    return a->n_files ? EXIT_WELL : command_usage("try", "no file is named; - is standard input");
}

static void run(struct trial *t, const struct settings *s, const struct ruleset *rules, struct diag *d)
{
    static const uint8_t no_store[16];
    struct options options = s->options;
    struct zone *zone = zone_load(SLICE("local"), d, (struct err_place){0});
    if (t->args.events && !t->args.limits) {
        options.limits.burst = UINT32_MAX;
        options.limits.per_minute = options.limits.per_day = UINT32_MAX;
    }
    const struct pipeline_setup setup = {.options = &options,
                                         .rules = rules,
                                         .store_id = no_store,
                                         .record_clock = true,
                                         .hooks = {.u = t, .emit = on_event, .judged = on_judged}};
    t->pipeline = pipeline_new(&setup);
    if (!t->args.events)
        pipeline_judge(t->pipeline)->clock_ns = clock_ns;
    t->now_us = wall_us();
    t->result.first_us = t->result.last_us = RECORD_NO_TIME;
    for (unsigned i = 0; i < t->args.n_files; i++)
        read_file(t, t->args.files[i], zone, d);
    pipeline_flush(t->pipeline);
    if (t->args.json)
        try_show_json(&t->result, t->pipeline, rules);
    else if (!t->args.events)
        try_show_text(&t->result, t->pipeline, rules);
    pipeline_free(t->pipeline);
    zone_free(zone);
}

static void free_result(struct try_result *r)
{
    for (unsigned i = 0; i < r->n_issues; i++) {
        free(r->issues[i]->title);
        free(r->issues[i]->first_line);
        free(r->issues[i]);
    }
    free(r->issues);
    table_free(&r->by_fingerprint);
}

int cmd_try(int argc, char **argv)
{
    struct trial t = {0};
    struct diag d = {0};
    struct ruleset rules = {0};
    int status = read_arguments(argc, argv, &t.args);
    if (status == EXIT_WELL) {
        struct settings *s = settings_load(t.args.config, &d);
        bool loaded = s && (t.args.n_rules ? rules_load_files(&rules, t.args.rules, t.args.n_rules, &d) : rules_load(&rules, s, &d));
        if (loaded && t.args.n_rules)
            rule_ready(&rules, true);
        if (loaded)
            run(&t, s, &rules, &d);
        free_result(&t.result);
        rule_free(&rules);
        status = command_finish(&d, EXIT_INPUT_WRONG);
        settings_unref(s);
    }
    free(t.args.rules);
    free(t.args.files);
    return status;
}
