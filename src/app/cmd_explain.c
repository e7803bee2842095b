/* crumbd explain: which rule decides about a line, and why. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/command.h"
#include "app/explain_rules.h"
#include "app/reader.h"
#include "app/show.h"
#include "app/snapshot.h"
#include "app/zone.h"
#include "base/xalloc.h"
#include "core/entry_messages.h"
#include "core/event.h"
#include "core/judge.h"
#include "parsers/parser.h"
#include "io/clock.h"
#include "io/source_files.h"
#include "text/keys.h"

enum { VALUE_POINTS = 200, FRAMES_SHOWN = 30 };

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

/* --- the rules --- */

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

static void show_event(struct judge *j, const struct options *opt, const struct record *r, struct arena *a,
                       struct verdict *v)
{
    const struct template_source from = judge_source(j, r, a);
    verdict_complete(v, &from);
    if (options_everywhere(opt, v->project))
        verdict_fill_everywhere(v, &from);
    printf("event\n");
    put("title", v->texts->title);
    put("level", slice_str(level_name(v->level)));
    for (unsigned i = 0; i < v->n_fingerprint; i++)
        put(i ? "" : "fingerprint", v->fingerprint[i]);
    if (!v->n_fingerprint)
        put("fingerprint", SLICE("(none: Sentry groups by the stack)"));
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
static void show_pending(struct judge *j, const struct options *opt, const struct record *r, struct arena *a,
                         struct verdict *v)
{
    const struct rule *rule = v->rule;
    struct sbuf b;
    sbuf_init(&b, 64);
    keys_put_duration(rule->absence.every_us ? rule->absence.every_us : rule->pair.within_us, &b);
    printf("%s %s, an event is made:\n",
           rule->absence.every_us ? "when it does not come again for" : "when no end comes within", sbuf_cstr(&b));
    sbuf_done(&b);
    if (judge_past(j, rule, r, a, v))
        show_event(j, opt, r, a, v);
}

static void show_frame(const struct trace_frame *f)
{
    struct sbuf b;
    sbuf_init(&b, 16384);
    if (f->omitted) {
        sbuf_addf(&b, "... %u more", f->omitted);
    } else {
        sbuf_addf(&b, "%s %.*s%s%.*s", f->in_app ? "+" : "-", SLICE_ARG(f->module), f->module.n ? "." : "",
                  SLICE_ARG(f->function.n ? f->function : SLICE("?")));
        if (f->file.n)
            sbuf_addf(&b, " (%.*s", SLICE_ARG(f->file));
        if (f->file.n && f->line)
            sbuf_addf(&b, ":%u", f->line);
        if (f->file.n)
            sbuf_addc(&b, ')');
    }
    put("", sbuf_slice(&b));
    sbuf_reset(&b);
    if (f->context) {
        sbuf_addf(&b, "    %.*s", SLICE_ARG(slice_trim(f->context->line)));
        put("", sbuf_slice(&b));
    }
    sbuf_done(&b);
}

static void show_exception(const struct trace_exception *e)
{
    struct sbuf b;
    sbuf_init(&b, 16384);
    sbuf_adds(&b, e->printed);
    if (e->value.n)
        sbuf_addf(&b, ": %.*s", SLICE_ARG(e->value));
    put(e->relation == TRACE_REPORTED ? "exception" : "", sbuf_slice(&b));
    sbuf_done(&b);
    unsigned hidden = e->frames.n > FRAMES_SHOWN ? e->frames.n - FRAMES_SHOWN : 0;
    for (unsigned i = e->frames.n; i-- > hidden;)
        show_frame(&e->frames.v[i]);
    if (hidden)
        printf("  %-14s   and %u more\n", "", hidden);
}

/* As its grammar understood it: the reported exception first, frames as they were printed last to first. */
static void show_trace(const struct trace *t, const char *heading)
{
    printf("%s\n", heading);
    put("language", t->language);
    put("intro", t->intro);
    for (unsigned i = t->n_exceptions; i-- > 0;)
        show_exception(&t->exceptions[i]);
    for (unsigned i = 0; i < t->n_threads; i++)
        put(t->threads[i].crashed ? "crashed thread" : "thread",
            t->threads[i].name.n ? t->threads[i].name : t->threads[i].id);
    for (unsigned i = 0; i < t->n_notes; i++)
        put("note", t->notes[i].value);
}

/* What the rule that decided makes of it. */
static void explain_rule(struct judge *j, const struct options *opt, struct record *r, struct arena *a,
                         struct verdict *v)
{
    static const char *const actions[] = {"an event", "a breadcrumb of later events", "counted and passed on",
                                          "dropped"};
    const struct rule *rule = v->rule;
    if (rule->no_trace && r->trace) {
        printf("trace: off, what looks like one is text\n");
        r->trace = NULL;
    }
    printf("decided by %.*s (%s:%u): %s\n", SLICE_ARG(rule->id), rule->place.file, rule->place.line,
           actions[v->action]);
    explain_how_many(j, rule, r, a);
    printf("captures\n");
    show_captures(j, rule);
    if (rule_waits(rule)) {
        show_pending(j, opt, r, a, v);
        v->action = ACTION_CRUMB; /* the line itself, which has been told */
    }
}

static void explain_fallback(struct judge *j, const struct options *opt, struct record *r, struct arena *a,
                             struct verdict *v)
{
    static const char *const fallbacks[] = {"an event", "a breadcrumb of later events", "dropped"};
    if (r->trace && r->trace->crash) {
        printf("no rule decides; a crash is an event\n");
        judge_fallback(j, r, a, v);
    } else if (r->level < LEVEL_ERROR) {
        printf("no rule decides, and the level is below error: a breadcrumb of later events\n");
    } else {
        printf("no rule decides; fallback: %s\n", fallbacks[opt->fallback]);
        if (opt->fallback == FALLBACK_EVENT)
            judge_fallback(j, r, a, v);
    }
}

static void explain(const struct snapshot *now, struct record *r, struct arena *a)
{
    const struct options *opt = &now->settings->options;
    struct judge j;
    struct verdict v;
    judge_init(&j, now->rules);
    j.exhaustive = true;
    explain_rules(&j, r, a, &v);
    if (v.rule)
        explain_rule(&j, opt, r, a, &v);
    else
        explain_fallback(&j, opt, r, a, &v);
    if (v.action == ACTION_EVENT)
        show_event(&j, opt, r, a, &v);
    judge_done(&j);
}

/* --- what is to be explained: one message, or lines that are joined as an input joins them --- */

struct explained {
    const struct snapshot *now;
    struct stream stream;
    struct pipeline_trace trace;
    struct source_files *sources;
    struct join *join;
    struct counts counts;
    struct arena arena; /* of a message */
    const char *told_by;
    struct diag *diag;
    unsigned n;
};

/* One message of a record, and what traces it holds. */
static void explain_message(struct explained *e, struct record *r, struct arena *a)
{
    if (r->trace)
        pipeline_trace_add_source(&e->trace, r, event_time(r, clock_wall_us()), a);
    if (r->trace)
        show_trace(r->trace, "trace");
    explain(e->now, r, a);
    while (pipeline_trace_next(&e->trace, r, a)) {
        pipeline_trace_add_source(&e->trace, r, event_time(r, clock_wall_us()), a);
        show_trace(r->trace, "another trace of it");
    }
}

static void explain_on_release(void *u, const struct join_line *l)
{
    struct explained *e = u;
    struct arena a = {0};
    struct entry_messages messages;
    if (l->blank)
        return;
    if (e->n++)
        putchar('\n');
    entry_messages_init(&messages, &e->trace, l->record, l->trace, &a);
    while (entry_messages_next(&messages)) {
        if (messages.n == 1) {
            show_record(l->record, e->told_by);
        } else {
            printf("another message of it, judged as its own\n");
            put("message", l->record->message);
        }
        explain_message(e, l->record, &a);
    }
    arena_done(&a);
}

/* False: it is not of its format; then *reason says why, and the record is as text has it, unless its text is empty. */
static bool read_message(struct explained *e, const struct message *m, struct record *r, const char **reason)
{
    struct stream *s = &e->stream;
    struct parse_ctx ctx = {.arena = &e->arena,
                            .zone = s->zone,
                            .now_us = clock_wall_us(),
                            .last_us = RECORD_NO_TIME,
                            .reason = "not in this format",
                            .log_format = s->log_format};
    bool any = s->format == FORMAT_AUTO, known = any || parser_of(s->format);
    record_init(r, s->format, m->text);
    if (!any)
        s->seen.last = s->format;
    bool ok = known && (any ? parser_parse_next(&s->seen, &ctx, r) : parser_parse(s->format, &ctx, r));
    *reason = known ? ctx.reason : "this build cannot read it";
    if (!ok && !r->empty) {
        record_init(r, FORMAT_TEXT, m->text);
        r->message = m->text;
    }
    return ok;
}

static void take(struct explained *e, const struct message *m)
{
    struct stream *s = &e->stream;
    const char *reason = NULL;
    struct record *r = xcalloc(1, sizeof *r);
    struct join_line line = {.record = r, .message = *m, .blank = slice_trim(m->text).n == 0};
    line.alien = !line.blank && !read_message(e, m, r, &reason);
    if (line.blank)
        record_init(r, FORMAT_TEXT, m->text);
    e->told_by = s->format != FORMAT_AUTO                 ? NULL
                 : parser_detect(m->text) == s->seen.last ? parser_detect_why(m->text)
                                                          : "the lines before it";
    r->lines = m->lines;
    line.message.stream = s;
    if (join_feed(e->join, &line, r->time_us == RECORD_NO_TIME ? 0 : r->time_us))
        ;
    else if (line.alien)
        err_plain(e->diag, "the line is not %s: %s", format_name(s->seen.last), reason);
    else
        explain_on_release(e, &line);
    arena_reset(&e->arena);
    free(r);
}

static bool explain_on_message(void *u, struct message *m)
{
    take(u, m);
    return true;
}

/* line NULL: those of standard input. */
static void explain_text(const struct snapshot *now, const char *line, enum format format, struct slice log_format,
                         struct diag *d)
{
    struct zone *zone = zone_load(SLICE("local"), d, (struct err_place){0});
    const struct input_options *in = settings_input_of(now->settings, "-");
    struct explained e = {.now = now,
                          .diag = d,
                          .stream = {.format = format,
                                     .zone = zone,
                                     .log_format = log_format,
                                     .join = line ? NULL
                                             : in ? &in->join
                                                  : &join_defaults,
                                     .ring = 1}};
    const struct join_setup setup = {.counts = &e.counts, .record_clock = true, .u = &e, .release = explain_on_release};
    const struct options *opt = &now->settings->options;
    e.sources = source_files_new(opt->source_roots, opt->n_source_roots);
    const struct trace_source source = source_files_source(e.sources);
    pipeline_trace_init(&e.trace, now->rules->traces, opt, &source);
    e.join = join_new(&setup, &e.trace.engine);
    if (line)
        take(&e, &(struct message){.text = slice_str(line), .lines = 1});
    else
        reader_run("-", format, explain_on_message, &e, d);
    join_flush(e.join);
    if (!e.n && !d->errors)
        err_plain(d, "no line is given");
    join_free(e.join);
    pipeline_trace_done(&e.trace);
    source_files_free(e.sources);
    zone_free(zone);
    arena_done(&e.arena);
}

struct arguments {
    const char *config, *line, *log_format; /* line "-": those of standard input */
    enum format format;
    char **files; /* of rules */
    unsigned n_files;
};

static int read_arguments(int argc, char **argv, struct arguments *a)
{
    struct command_reader in = command_read("explain", argc, argv);
    const char *word;
    while ((word = command_next(&in))) {
        if (command_is(&in, "-c"))
            a->config = in.value;
        else if (command_is(&in, "--rules"))
            a->files[a->n_files++] = argv[in.at - 1];
        else if (command_is(&in, "--log-format"))
            a->log_format = in.value;
        else if (command_is(&in, "--format"))
            command_format(&in, &a->format);
        else if (a->line)
            return command_usage("explain", "one line is explained at a time; put it in quotes");
        else
            a->line = word;
    }
    if (in.status != EXIT_WELL)
        return in.status;
    if (!a->line && isatty(STDIN_FILENO))
        return command_usage("explain", "no line is given, neither here nor on standard input");
    return command_log_format("explain", a->log_format, &a->format);
}

static int explain_with(const struct arguments *a)
{
    struct diag d = {0};
    const struct snapshot_rules from = {.names = a->files,
                                        .n_names = a->n_files,
                                        .files_only = true,
                                        .one_thread = true,
                                        .traces_later = true,
                                        .one_line = true};
    const char *line = a->line && strcmp(a->line, "-") != 0 ? a->line : NULL;
    struct settings *s = settings_load(a->config, &d);
    struct snapshot *now = s ? snapshot_load(s, &from, &d) : NULL;
    if (now)
        explain_text(now, line, a->format, slice_str(a->log_format), &d);
    snapshot_unref(now);
    int status = command_finish(&d, EXIT_INPUT_WRONG);
    settings_unref(s);
    return status;
}

int cmd_explain(int argc, char **argv)
{
    struct arguments a = {.format = FORMAT_AUTO, .files = xcalloc((size_t)argc, sizeof *a.files)};
    int status = read_arguments(argc, argv, &a);
    if (status == EXIT_WELL)
        status = explain_with(&a);
    free(a.files);
    return status;
}
