/* crumbd explain: which rule decides about a line, and why. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/show.h"
#include "app/snapshot.h"
#include "app/zone.h"
#include "base/xalloc.h"
#include "core/pipeline.h"
#include "io/clock.h"
#include "text/keys.h"

enum { VALUE_POINTS = 200, NEAR_MISSES = 8 };

static void put(const char *name, struct slice value)
{
    if (!value.n)
        return;
    printf("  %-14s ", name);
    show_text(stdout, value, VALUE_POINTS);
    putchar('\n');
}

/* `told_by`: what gave the format away, NULL when it was asked for. */
static void show_record(const struct record *r, const char *told_by)
{
    printf("record\n");
    put("format", slice_str(format_name(r->format)));
    if (told_by)
        printf("  %-14s (found by auto: %s)\n", "", told_by);
    if (r->time_us != RECORD_NO_TIME) {
        printf("  %-14s ", "time");
        show_time(stdout, r->time_us);
        putchar('\n');
    }
    put("level", slice_str(level_name(r->level)));
    put("message", r->message);
    put("host", r->host);
    put("app", r->app);
    put("procid", r->procid);
    put("request_id", r->request_id);
    put("trace_id", r->trace_id);
    for (unsigned i = 0; i < r->n_fields; i++) {
        char *name = slice_dup(r->fields[i].name);
        put(name, r->fields[i].value);
        free(name);
    }
    if (r->truncated)
        printf("  %-14s its writer cut it\n", "truncated");
}

/* --- why not --- */

struct misses {
    unsigned when, match;
};

static void explain_on_tried(void *u, const struct rule *r, enum judge_why why)
{
    struct misses *m = u;
    switch (why) {
    case WHY_WHEN:
        if (++m->when <= NEAR_MISSES)
            printf("  %-40.*s no: `when` does not hold\n", SLICE_ARG(r->id));
        break;
    case WHY_MATCH:
        if (++m->match <= NEAR_MISSES)
            printf("  %-40.*s no: `match` does not match\n", SLICE_ARG(r->id));
        break;
    case WHY_UNLESS:
        printf("  %-40.*s no: `match` matches, and so does `unless`\n", SLICE_ARG(r->id));
        break;
    case WHY_LIMIT:
        printf("  %-40.*s no: its pattern ran into the match limit\n", SLICE_ARG(r->id));
        break;
    case WHY_SUSPENDED:
        printf("  %-40.*s no: suspended, it ran into the match limit too often\n", SLICE_ARG(r->id));
        break;
    case WHY_CONTINUED:
        printf("  %-40.*s yes, and `continue`: adds its tags\n", SLICE_ARG(r->id));
        break;
    case WHY_END:
        printf("  %-40.*s an end of its pair: the record goes on\n", SLICE_ARG(r->id));
        break;
    case WHY_WON:
        printf("  %-40.*s yes: it decides\n", SLICE_ARG(r->id));
        break;
    }
}

static void show_captures(const struct judge *j, const struct rule *rule)
{
    for (unsigned i = 1; rule->match && i <= regex_count(rule->match); i++) {
        struct slice v = captures_get(&j->captures, i);
        const char *name = regex_name(rule->match, i);
        char number[16];
        snprintf(number, sizeof number, "%u", i);
        if (v.p)
            put(name ? name : number, v);
    }
}

static void show_event(struct judge *j, const struct record *r, struct arena *a, struct verdict *v)
{
    const struct template_source from = judge_source(j, r, a);
    verdict_complete(v, &from);
    printf("event\n");
    put("title", v->texts->title);
    put("level", slice_str(level_name(v->level)));
    for (unsigned i = 0; i < v->n_fingerprint; i++)
        put(i ? "" : "fingerprint", v->fingerprint[i]);
    for (unsigned i = 0; i < v->n_tags; i++) {
        struct sbuf b;
        sbuf_init(&b, 8192);
        sbuf_adds(&b, slice_sub(v->tags[i].key, 0, 1000));
        sbuf_addf(&b, "=");
        sbuf_adds(&b, slice_sub(v->tags[i].value, 0, 4000));
        put(i ? "" : "tags", sbuf_slice(&b));
        sbuf_done(&b);
    }
    put("project", v->project);
}

/* A rule that waits: what the event would be if the line, or its end, did not come. */
static void show_pending(struct judge *j, const struct record *r, struct arena *a, struct verdict *v)
{
    const struct rule *rule = v->rule;
    struct sbuf b;
    sbuf_init(&b, 64);
    keys_put_duration(rule->absence.every_us ? rule->absence.every_us : rule->pair.within_us, &b);
    printf("%s %s, an event is made:\n",
           rule->absence.every_us ? "when it does not come again for" : "when no end comes within", sbuf_cstr(&b));
    sbuf_done(&b);
    if (judge_past(j, rule, r, a, v))
        show_event(j, r, a, v);
}

static void explain(const struct snapshot *now, const struct record *r, struct arena *a)
{
    static const char *const actions[] = {"an event", "a breadcrumb of later events", "counted and passed on",
                                          "dropped"};
    struct judge j;
    struct verdict v;
    struct misses misses = {0};
    judge_init(&j, now->rules);
    j.exhaustive = true;
    printf("rules\n");
    judge_record(&j, r, a, &v, explain_on_tried, &misses);
    unsigned more = (misses.when > NEAR_MISSES ? misses.when - NEAR_MISSES : 0) +
                    (misses.match > NEAR_MISSES ? misses.match - NEAR_MISSES : 0);
    if (more)
        printf("  and %u more that do not match\n", more);
    if (v.rule) {
        const struct err_place at = v.rule->place;
        printf("decided by %.*s (%s:%u): %s\n", SLICE_ARG(v.rule->id), at.file, at.line, actions[v.action]);
        printf("captures\n");
        show_captures(&j, v.rule);
        if (rule_waits(v.rule)) {
            show_pending(&j, r, a, &v);
            v.action = ACTION_CRUMB; /* the line itself, which has been told */
        }
    } else if (r->level < LEVEL_ERROR) {
        printf("no rule decides, and the level is below error: a breadcrumb of later events\n");
    } else {
        static const char *const fallbacks[] = {"an event", "a breadcrumb of later events", "dropped"};
        printf("no rule decides; fallback: %s\n", fallbacks[now->settings->options.fallback]);
        if (now->settings->options.fallback == FALLBACK_EVENT)
            judge_fallback(&j, r, a, &v);
    }
    if (v.action == ACTION_EVENT)
        show_event(&j, r, a, &v);
    judge_done(&j);
}

static bool explain_line(const struct snapshot *now, struct slice line, enum format format, struct slice log_format,
                         struct diag *d)
{
    struct arena a = {0};
    struct zone *zone = zone_load(SLICE("local"), d, (struct err_place){0});
    enum format found = format == FORMAT_AUTO ? parser_detect(line) : format;
    const struct parser *parser = parser_of(found);
    struct parse_ctx ctx = {.arena = &a,
                            .zone = zone,
                            .now_us = clock_wall_us(),
                            .last_us = RECORD_NO_TIME,
                            .reason = "not in this format",
                            .log_format = log_format};
    struct record *r = xcalloc(1, sizeof *r);
    record_init(r, found, line);
    bool ok = parser && parser_parse(found, &ctx, r);
    if (ok) {
        r->lines = 1;
        show_record(r, format == FORMAT_AUTO ? parser_detect_why(line) : NULL);
        explain(now, r, &a);
    } else {
        err_plain(d, "the line is not %s: %s", format_name(found), parser ? ctx.reason : "this build cannot read it");
    }
    free(r);
    zone_free(zone);
    arena_free(&a);
    return ok;
}

int cmd_explain(int argc, char **argv)
{
    const char *config = NULL, *line = NULL, *log_format = NULL;
    enum format format = FORMAT_AUTO;
    char **files = xcalloc((size_t)argc, sizeof *files);
    unsigned n_files = 0;
    int status = EXIT_WELL;
    for (int i = 1; i < argc && status == EXIT_WELL; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "-c") == 0 && more)
            config = argv[++i];
        else if (strcmp(argv[i], "--rules") == 0 && more)
            files[n_files++] = argv[++i];
        else if (strcmp(argv[i], "--log-format") == 0 && more)
            log_format = argv[++i];
        else if (strcmp(argv[i], "--format") == 0 && more) {
            format = format_by_name(slice_str(argv[++i]));
            if (format == FORMAT_N)
                status = command_usage("explain", "unknown format \"%s\"", argv[i]);
        } else if (!line)
            line = argv[i];
        else
            status = command_usage("explain", "one line is explained at a time; put it in quotes");
    }
    if (status == EXIT_WELL && !line)
        status = command_usage("explain", "no line is given");
    if (status == EXIT_WELL)
        status = command_log_format("explain", log_format, &format);
    if (status == EXIT_WELL) {
        struct diag d = {0};
        const struct snapshot_rules from = {.names = files, .n_names = n_files, .files_only = true, .one_line = true};
        struct settings *s = settings_load(config, &d);
        struct snapshot *now = s ? snapshot_load(s, &from, &d) : NULL;
        if (now)
            explain_line(now, slice_str(line), format, slice_str(log_format), &d);
        snapshot_unref(now);
        status = command_finish(&d, EXIT_INPUT_WRONG);
        settings_unref(s);
    }
    free(files);
    return status;
}
