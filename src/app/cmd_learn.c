/* crumbd learn: a first draft of rules from a log. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "app/learn.h"
#include "app/reader.h"
#include "app/snapshot.h"
#include "app/zone.h"
#include "base/xalloc.h"
#include "core/join.h"
#include "core/pipeline.h"
#include "io/clock.h"
#include "io/container_file.h"
#include "parsers/parser.h"

enum { RULES_BYTES_MAX = 8 << 20, PACK_MAX = 32 };

struct arguments {
    const char *config, *log_format, *out;
    enum format format;
    char **rules, **files;
    unsigned n_rules, n_files;
    bool assign;
};

/* --- rules --- */

struct lesson {
    struct arguments args;
    struct learn learn;
    struct pipeline *pipeline;
    struct stream stream;
    int64_t now_us;
};

static void cmd_learn_on_outcome(void *u, const struct outcome *j)
{
    struct lesson *l = u;
    learn_take(&l->learn, j);
}

static bool cmd_learn_on_event(void *u, const struct event_out *e)
{
    (void)u, (void)e;
    return true;
}

static bool cmd_learn_on_message(void *u, struct message *m)
{
    struct lesson *l = u;
    m->stream = &l->stream;
    learn_at(&l->learn, m->text, m->lines);
    pipeline_message(l->pipeline, m, l->now_us);
    return true;
}

static void read_files(struct lesson *l, struct diag *d)
{
    struct zone *zone = zone_load(SLICE("local"), d, (struct err_place){0});
    for (unsigned i = 0; i < l->args.n_files; i++) {
        const char *path = l->args.files[i];
        uint64_t id = slice_hash(slice_str(path), 7);
        struct arena about = {0};
        const struct container *container = container_of_file(&about, path, NULL);
        const struct record_home home = {.file = slice_str(path)};
        l->stream = (struct stream){.format = l->args.format,
                                    .zone = zone,
                                    .log_format = slice_str(l->args.log_format),
                                    .source = slice_str(path),
                                    .input = slice_str(path),
                                    .home = strcmp(path, "-") == 0 ? NULL : &home,
                                    .trusted = true,
                                    .join = &join_defaults,
                                    .file_key = id,
                                    .container = container,
                                    .ring = container ? container_key(container) : id,
                                    .last_us = RECORD_NO_TIME};
        l->learn.path = path;
        l->learn.line = 0;
        reader_run(path, l->args.format, cmd_learn_on_message, l, d);
        pipeline_let_go(l->pipeline);
        arena_done(&about);
    }
    pipeline_flush(l->pipeline);
    zone_free(zone);
}

/* Of the file's name, as packs are called. */
static void pack_of(const struct arguments *a, char pack[PACK_MAX + 1])
{
    const char *path = a->out ? a->out : a->files[0], *slash = strrchr(path, '/'), *p = slash ? slash + 1 : path;
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
    uint64_t others = l->messages - l->known - l->access;
    fprintf(stderr,
            "%llu messages: %llu are known to a rule, %llu are access lines, %llu were looked at.\n"
            "%u rules for what reads like a fault and %u for noise, which match %llu of them; for %u more kinds there "
            "is none: they are "
            "rare, or no pattern tells them from others.\n",
            (unsigned long long)l->messages, (unsigned long long)l->known, (unsigned long long)l->access,
            (unsigned long long)others, w->faults, w->noise, (unsigned long long)w->covered, w->untold);
    if (l->secrets > LEARN_SECRETS_SHOWN)
        fprintf(stderr, "%llu more lines do.\n", (unsigned long long)l->secrets - LEARN_SECRETS_SHOWN);
    if (clusters_lost(l->clusters))
        fprintf(stderr, "%llu messages of kinds beyond %d were left out.\n",
                (unsigned long long)clusters_lost(l->clusters), CLUSTERS_MAX);
}

static void learn(struct lesson *l, const struct snapshot *now, const struct options *options, struct diag *d)
{
    static const uint8_t no_store[16];
    const struct pipeline_setup setup = {
        .options = options,
        .rules = now->rules,
        .store_id = no_store,
        .record_clock = true,
        .hooks = {.u = l, .emit = cmd_learn_on_event, .outcome = cmd_learn_on_outcome}};
    struct sbuf out;
    char pack[PACK_MAX + 1];
    sbuf_init(&out, RULES_BYTES_MAX);
    learn_init(&l->learn, options);
    l->pipeline = pipeline_new(&setup);
    read_files(l, d);
    pack_of(&l->args, pack);
    struct learn_written w = learn_rules(&l->learn, slice_str(pack), now->rules->traces, &out);
    if (!d->errors && write_out(l->args.out, sbuf_slice(&out), d))
        say_summary(&l->learn, &w);
    pipeline_free(l->pipeline);
    learn_done(&l->learn);
    sbuf_done(&out);
}

static int learn_rules_of(struct lesson *l)
{
    struct diag d = {0};
    struct settings *s = settings_load(l->args.config, &d);
    const struct snapshot_rules from = {.names = l->args.rules, .n_names = l->args.n_rules, .one_thread = true};
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
        leaf = clusters_add(a->clusters, read && a->record.times <= 1 ? a->record.message : m->text, true, NULL);
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
    a.format = args->format;
    a.log_format = slice_str(args->log_format);
    a.clusters = clusters_new(NULL);
    for (unsigned i = 0; i < args->n_files; i++) {
        a.seen = (struct parser_seen){FORMAT_AUTO, FORMAT_AUTO};
        reader_run(args->files[i], a.format, cmd_learn_on_line, &a, &d);
    }
    clusters_refine(a.clusters);
    for (size_t i = 0; i < a.n; i++)
        printf("%u\n", a.leaves[i] == CLUSTERS_NONE ? 0 : clusters_of(a.clusters, a.leaves[i]) + 1);
    clusters_free(a.clusters);
    arena_done(&a.arena);
    free(a.leaves);
    return command_finish(&d, EXIT_INPUT_WRONG);
}

/* --- arguments --- */

static void read_option(struct command_reader *in, struct arguments *a)
{
    if (command_is(in, "-c"))
        a->config = in->value;
    else if (command_is(in, "-o"))
        a->out = in->value;
    else if (command_is(in, "--rules"))
        a->rules[a->n_rules++] = in->value;
    else if (command_is(in, "--log-format"))
        a->log_format = in->value;
    else if (command_is(in, "--format"))
        command_format(in, &a->format);
    a->assign |= command_is(in, "--assign");
}

static int read_arguments(int argc, char **argv, struct arguments *a)
{
    struct command_reader in = command_read("learn", argc, argv);
    a->rules = xcalloc((size_t)argc, sizeof *a->rules);
    a->files = xcalloc((size_t)argc, sizeof *a->files);
    while (command_next(&in)) {
        if (in.option)
            read_option(&in, a);
        else
            a->files[a->n_files++] = argv[in.at - 1];
    }
    if (in.status != EXIT_WELL)
        return in.status;
    if (!a->n_files)
        return command_usage("learn", "no file is named; - is standard input");
    if (a->assign && (a->out || a->n_rules))
        return command_usage("learn", "--assign prints numbers of clusters, not rules: not with -o or --rules");
    return command_log_format("learn", a->log_format, &a->format);
}

int cmd_learn(int argc, char **argv)
{
    struct lesson l = {.now_us = clock_wall_us()};
    int status = read_arguments(argc, argv, &l.args);
    if (status == EXIT_WELL)
        status = l.args.assign ? assign(&l.args) : learn_rules_of(&l);
    free(l.args.rules);
    free(l.args.files);
    return status;
}
