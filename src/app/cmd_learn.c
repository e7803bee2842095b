/* crumbd learn: a first draft of rules from a log. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/learn.h"
#include "app/learn_import.h"
#include "app/offline.h"
#include "app/snapshot.h"
#include "base/xalloc.h"
#include "core/join.h"
#include "parsers/parser.h"
#include "text/json.h"

enum { RULES_BYTES_MAX = 8 << 20, PACK_MAX = 32 };

struct arguments {
    struct offline logs;
    const char *out, *from;
    enum import_kind kind;
    bool assign, json;
};

/* --- rules --- */

struct lesson {
    struct arguments args;
    struct learn learn;
    struct learn_reader *reader;
};

static void cmd_learn_on_told(void *u, const struct learn_told *m)
{
    struct lesson *l = u;
    learn_take(&l->learn, m);
}

static bool cmd_learn_on_message(void *u, struct message *m)
{
    struct lesson *l = u;
    learn_reader_add(l->reader, m);
    return true;
}

static void cmd_learn_on_begin(void *u, const struct stream *s)
{
    struct lesson *l = u;
    l->learn.path = s->source.p;
    learn_reader_begin(l->reader, s);
}

static bool cmd_learn_on_end(void *u)
{
    struct lesson *l = u;
    learn_reader_end(l->reader);
    return true;
}

static const struct join_options *cmd_learn_join_of(void *u, const char *path)
{
    (void)u, (void)path;
    return &join_defaults;
}

static void read_files(struct lesson *l, const struct snapshot *now, const struct options *options, struct diag *d)
{
    const struct offline_reader r = {.each = cmd_learn_on_message,
                                     .begin = cmd_learn_on_begin,
                                     .end = cmd_learn_on_end,
                                     .join = cmd_learn_join_of,
                                     .u = l};
    l->reader = learn_reader_new(now, options, 0, cmd_learn_on_told, l);
    offline_run(&l->args.logs, &r, d);
    l->learn.counts = learn_reader_counts(l->reader);
    learn_reader_free(l->reader);
}

/* Of the file's name, as packs are called. */
static void pack_of(const struct arguments *a, char pack[PACK_MAX + 1])
{
    const char *path = a->out ? a->out : a->logs.files[0], *slash = strrchr(path, '/'), *p = slash ? slash + 1 : path;
    size_t n = 0;
    for (; *p && *p != '.' && n < PACK_MAX; p++)
        if (ascii_alnum(*p))
            pack[n++] = ascii_lower(*p);
        else if (n && pack[n - 1] != '-')
            pack[n++] = '-';
    while (n && pack[n - 1] == '-')
        n--;
    pack[n] = '\0';
    if (!n || !ascii_alpha(pack[0]))
        strcpy(pack, "learned");
}

/* Never over a file that is there: somebody may have worked on it. */
static bool write_out(const char *path, struct slice text, struct diag *d)
{
    if (!path)
        return fwrite(text.p, 1, text.n, stdout) == text.n || true; /* what stdout refuses is said at the end */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool ok = f && fwrite(text.p, 1, text.n, f) == text.n;
    int error = errno;
    if (f && fclose(f) != 0) {
        ok = false;
        error = errno;
    }
    if (!ok)
        err_add(d, ERR_ERROR, (struct err_place){.file = path}, "%s",
                error == EEXIST ? "is there already; name another file, or remove it" : strerror(error));
    return ok;
}

static void say_summary(const struct learn *l, const struct learn_written *w)
{
    const struct learn_counts *n = &l->counts;
    uint64_t others = n->messages - n->known - n->access;
    fprintf(stderr,
            "%llu messages: %llu are known to a rule, %llu are access lines, %llu were looked at.\n"
            "%u rules for what reads like a fault and %u for noise, which match %llu of them; for %u more kinds there "
            "is none: they are "
            "rare, or no pattern tells them from others.\n",
            (unsigned long long)n->messages, (unsigned long long)n->known, (unsigned long long)n->access,
            (unsigned long long)others, w->faults, w->noise, (unsigned long long)w->covered, w->untold);
    if (l->secrets > LEARN_SECRETS_SHOWN)
        fprintf(stderr, "%llu more lines do.\n", (unsigned long long)l->secrets - LEARN_SECRETS_SHOWN);
    if (clusters_lost(l->clusters))
        fprintf(stderr, "%llu messages of kinds beyond %d were left out.\n",
                (unsigned long long)clusters_lost(l->clusters), CLUSTERS_MAX);
}

static void put_count(struct json *j, const char *key, uint64_t v)
{
    json_key(j, key);
    json_int(j, (int64_t)v);
}

/* Where they go into no file. */
static void put_rules(struct json *j, const struct arguments *a, struct slice rules)
{
    if (a->out)
        return;
    json_key(j, "rules");
    json_str(j, rules);
}

static void print_line(const struct sbuf *out)
{
    fwrite(out->p, 1, out->n, stdout);
    putchar('\n');
}

/* The same for programs. */
static void print_json(const struct lesson *l, const struct learn_written *w, struct slice rules)
{
    struct sbuf out;
    struct json j;
    sbuf_init(&out, 4 * (size_t)RULES_BYTES_MAX);
    json_start(&j, &out);
    json_map(&j);
    put_count(&j, "messages", l->learn.counts.messages);
    put_count(&j, "known", l->learn.counts.known);
    put_count(&j, "access", l->learn.counts.access);
    put_count(&j, "faults", w->faults);
    put_count(&j, "noise", w->noise);
    put_count(&j, "covered", w->covered);
    put_count(&j, "untold", w->untold);
    put_count(&j, "secrets", l->learn.secrets);
    put_count(&j, "left_out", clusters_lost(l->learn.clusters));
    put_rules(&j, &l->args, rules);
    json_map_end(&j);
    json_end(&j);
    print_line(&out);
    sbuf_done(&out);
}

/* Writes the rules and says what they are. */
static void hand_out(const struct lesson *l, const struct learn_written *w, struct slice rules, struct diag *d)
{
    bool alone = l->args.json && !l->args.out;
    if (!alone && !write_out(l->args.out, rules, d))
        return;
    if (l->args.json)
        print_json(l, w, rules);
    else
        say_summary(&l->learn, w);
}

static void learn(struct lesson *l, const struct snapshot *now, const struct options *options, struct diag *d)
{
    struct sbuf out;
    char pack[PACK_MAX + 1];
    sbuf_init(&out, RULES_BYTES_MAX);
    learn_init(&l->learn, options);
    read_files(l, now, options, d);
    pack_of(&l->args, pack);
    struct learn_written w = learn_rules(&l->learn, slice_str(pack), now->rules->traces, &out);
    if (!d->errors)
        hand_out(l, &w, sbuf_slice(&out), d);
    learn_done(&l->learn);
    sbuf_done(&out);
}

static int learn_rules_of(struct lesson *l)
{
    struct diag d = {0};
    struct settings *s = settings_load(l->args.logs.config, &d);
    const struct snapshot_rules from = {
        .names = l->args.logs.rules, .n_names = l->args.logs.n_rules, .code_later = true};
    struct snapshot *now = s ? snapshot_load(s, &from, &d) : NULL;
    if (now) {
        struct options options = s->options;
        options.fallback = FALLBACK_CRUMB; /* what no rule knows makes no event that nobody reads */
        options.limits.new_issues = 0;
        learn(l, now, &options, &d);
    }
    snapshot_unref(now);
    int status = command_finish(&d, EXIT_INPUT_WRONG);
    settings_unref(s);
    return status;
}

/* --- what other programs know --- */

static void print_notes(const struct learn_imported *i, const char *path)
{
    for (unsigned k = 0; k < i->import.n_notes; k++) {
        const struct import_note *n = &i->import.notes[k];
        if (n->line)
            fprintf(stderr, "%s:%u: %s\n", path, n->line, n->text);
        else
            fprintf(stderr, "%s: %s\n", path, n->text);
    }
    fprintf(stderr, "%u of %u patterns are carried over.\n", i->written, i->read);
}

static void put_notes(struct json *j, const struct learn_imported *i)
{
    json_key(j, "notes");
    json_array(j);
    for (unsigned k = 0; k < i->import.n_notes; k++) {
        json_map(j);
        put_count(j, "line", i->import.notes[k].line);
        json_key(j, "text");
        json_str(j, slice_str(i->import.notes[k].text));
        json_map_end(j);
    }
    json_array_end(j);
}

static void print_imported(const struct learn_imported *i, const struct arguments *a, struct slice rules)
{
    struct sbuf out;
    struct json j;
    sbuf_init(&out, 4 * (size_t)RULES_BYTES_MAX);
    json_start(&j, &out);
    json_map(&j);
    put_count(&j, "read", i->read);
    put_count(&j, "written", i->written);
    put_notes(&j, i);
    put_rules(&j, a, rules);
    json_map_end(&j);
    json_end(&j);
    print_line(&out);
    sbuf_done(&out);
}

static int carry_over(const struct arguments *a)
{
    struct diag d = {0};
    struct learn_imported i;
    struct sbuf out;
    char pack[PACK_MAX + 1];
    pack_of(a, pack);
    sbuf_init(&out, RULES_BYTES_MAX);
    bool ok = learn_import(a->logs.files[0], a->kind, slice_str(pack), &i, &out, &d) &&
              ((a->json && !a->out) || write_out(a->out, sbuf_slice(&out), &d));
    if (ok && a->json)
        print_imported(&i, a, sbuf_slice(&out));
    else if (ok)
        print_notes(&i, a->logs.files[0]);
    ok = ok && i.written > 0;
    learn_import_done(&i);
    sbuf_done(&out);
    int status = command_finish(&d, EXIT_INPUT_WRONG);
    return status == EXIT_WELL && !ok ? EXIT_INPUT_WRONG : status;
}

/* --- clusters alone --- */

struct assignment {
    struct clusters *clusters;
    enum format format;
    struct parser_seen seen;
    struct slice log_format;
    struct arena arena;
    struct record record;
    int *leaves; /* of each line; CLUSTERS_NONE: it has none */
    size_t n;
};

static bool cmd_learn_on_line(void *u, struct message *m)
{
    struct assignment *a = u;
    struct parse_ctx ctx = {.arena = &a->arena, .log_format = a->log_format, .last_us = RECORD_NO_TIME};
    int leaf = CLUSTERS_NONE;
    record_init(&a->record, a->format, m->text);
    bool any = a->format == FORMAT_AUTO;
    bool read =
        m->text.n && (any ? parser_parse_next(&a->seen, &ctx, &a->record) : parser_parse(a->format, &ctx, &a->record));
    /* A repeat that a syslogd tells of is a line of its own. */
    if (m->text.n)
        leaf = clusters_add(a->clusters, read && a->record.times <= 1 ? a->record.message : m->text, 0, NULL);
    for (unsigned i = 0; i < m->lines; i++) {
        a->leaves = xroom(a->leaves, a->n, sizeof *a->leaves);
        a->leaves[a->n++] = leaf;
    }
    arena_reset(&a->arena);
    return true;
}

static int assign(const struct arguments *args)
{
    struct diag d = {0};
    static struct assignment a; /* a record is large */
    struct progress progress;
    a.format = args->logs.format;
    a.log_format = slice_str(args->logs.log_format);
    a.clusters = clusters_new(NULL);
    progress_begin(&progress, progress_size(args->logs.files, args->logs.n_files));
    for (unsigned i = 0; i < args->logs.n_files; i++) {
        a.seen = (struct parser_seen){FORMAT_AUTO, FORMAT_AUTO};
        reader_run_shown(args->logs.files[i], a.format, cmd_learn_on_line, &a, &progress, &d);
    }
    progress_end(&progress);
    clusters_refine(a.clusters);
    for (size_t i = 0; i < a.n; i++)
        printf("%u\n", a.leaves[i] == CLUSTERS_NONE ? 0 : clusters_of(a.clusters, a.leaves[i]) + 1);
    clusters_free(a.clusters);
    arena_done(&a.arena);
    free(a.leaves);
    return command_finish(&d, EXIT_INPUT_WRONG);
}

/* --- arguments --- */

static void cmd_learn_on_option(void *u, struct command_reader *in)
{
    struct arguments *a = u;
    if (command_is(in, "-o"))
        a->out = in->value;
    else if (command_is(in, "--from"))
        a->from = in->value;
    a->assign |= command_is(in, "--assign");
    a->json |= command_is(in, "--json");
}

static int check_from(struct arguments *a)
{
    while (import_kinds[a->kind] && strcmp(import_kinds[a->kind], a->from) != 0)
        a->kind++;
    const char *near = err_nearest(slice_str(a->from), import_kinds);
    if (!import_kinds[a->kind])
        return command_usage("learn", "--from is fail2ban, grok or fluent-bit%s%s", near ? "; did you mean " : "",
                             near ? near : "");
    if (a->logs.n_files != 1 || a->assign || a->logs.n_rules)
        return command_usage("learn", "--from reads one file of another program: no others, no --assign, no --rules");
    return EXIT_WELL;
}

static int read_arguments(int argc, char **argv, struct arguments *a)
{
    struct command_reader in = command_read("learn", argc, argv);
    int status = offline_read(&a->logs, &in, cmd_learn_on_option, a);
    if (status != EXIT_WELL)
        return status;
    if (a->from)
        return check_from(a);
    if (a->assign && (a->out || a->logs.n_rules || a->json))
        return command_usage("learn", "--assign prints numbers of clusters, not rules: not with -o, --rules or --json");
    return offline_check(&a->logs, "learn");
}

int cmd_learn(int argc, char **argv)
{
    struct lesson l = {0};
    int status = read_arguments(argc, argv, &l.args);
    if (status == EXIT_WELL)
        status = l.args.from ? carry_over(&l.args) : l.args.assign ? assign(&l.args) : learn_rules_of(&l);
    offline_done(&l.args.logs);
    return status;
}
