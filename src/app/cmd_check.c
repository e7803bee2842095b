/* crumbd check: the configuration, and every rule with its samples and patterns. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "app/confine.h"
#include "app/snapshot.h"
#include "base/xalloc.h"
#include "core/effort.h"
#include "core/rule_check.h"
#include "core/rule_keys.h"
#include "core/rule_shadow.h"
#include "core/scrub.h"
#include "core/trace_check.h"
#include "core/trace_keys.h"
#include "io/in_tail.h"
#include "io/kafka_client.h"
#include "io/kafka_producer.h"
#include "io/peer.h"
#include "io/store.h"
#include "text/keys.h"

static int print_schema(const char *kind)
{
    struct sbuf out;
    sbuf_init(&out, 1 << 20);
    if (strcmp(kind, "config") == 0)
        keys_schema(&settings_table, "crumbd.yaml", &out);
    else if (strcmp(kind, "rules") == 0)
        keys_schema(&rule_pack_table, "crumbd rules", &out);
    else if (strcmp(kind, "traces") == 0)
        keys_schema(&trace_grammar_table, "crumbd traces", &out);
    else
        return command_usage("check", "--schema takes config, rules or traces, not \"%s\"", kind);
    fwrite(out.p, 1, out.n, stdout);
    sbuf_done(&out);
    return EXIT_WELL;
}

/* As comments, so that the whole is still a configuration. */
static void print_sandbox(const struct settings *s)
{
    struct sandbox *box = confine_new(s, s->inputs, s->n_inputs, s->store);
    struct sbuf out;
    sbuf_init(&out, 1 << 20);
    sbuf_addf(&out, "# The sandbox%s, crumbd-security(7).\n", s->sandbox ? "" : ", which is off");
    sandbox_print(box, "# ", &out);
    fwrite(out.p, 1, out.n, stdout);
    sbuf_done(&out);
    sandbox_free(box);
}

struct arguments {
    const char *config, *schema;
    bool dump;
    char **files; /* of rules */
    unsigned n_files;
};

static int read_arguments(int argc, char **argv, struct arguments *a)
{
    struct command_reader in = command_read("check", argc, argv);
    a->files = xcalloc((size_t)argc, sizeof *a->files);
    while (command_next(&in)) {
        if (command_is(&in, "-c"))
            a->config = in.value;
        else if (command_is(&in, "--dump"))
            a->dump = true;
        else if (command_is(&in, "--schema"))
            a->schema = in.value;
        else
            a->files[a->n_files++] = argv[in.at - 1];
    }
    return in.status;
}

/* By which number messages without a rule are brought together: a user must be able to see it, and why. */
static void print_grouping(const struct settings *s)
{
    struct diag d = {0};
    struct store *store = NULL;
    bool there = access(s->store, F_OK) == 0;
    if (s->options.grouping)
        printf("grouping %u, as the configuration says\n", s->options.grouping);
    else if (!there)
        printf("grouping %d, the newest: the store %s is not there yet\n", GROUPING_NEWEST, s->store);
    else if ((store = store_open(s->store, STORE_TOOL, 0, &d)))
        printf("grouping %u, that of the store %s%s\n", store_grouping(store), s->store,
               store_grouping(store) < GROUPING_NEWEST ? "; a newer one is there, see grouping in crumbd.yaml(5)" : "");
    else
        printf("grouping: that of the store, of which nothing is known: %s\n", d.v[0].text);
    store_close(store);
    err_done(&d);
}

static bool has_project(const struct options *o, struct slice name)
{
    for (unsigned i = 0; i < o->n_projects; i++)
        if (slice_eq(o->projects[i].name, name))
            return true;
    return false;
}

static const char *nearest_project(const struct options *o, struct slice name, struct arena *a)
{
    const char **names = arena_calloc(a, o->n_projects + 1, sizeof *names);
    for (unsigned i = 0; i < o->n_projects; i++)
        names[i] = arena_cstr(a, o->projects[i].name);
    return err_nearest(name, names);
}

/* A rule's own project must be one of the configuration's; one that a line names is not known here. */
static void check_project(const struct options *o, const struct rule_set *set, unsigned i, struct diag *d)
{
    const struct template *t = &set->rules[i]->event.project;
    struct slice name = t->n == 1 && !t->parts[0].is_name ? t->parts[0].text : SLICE_NONE;
    struct arena a = {0};
    if (!name.n || o->forward.on || has_project(o, name))
        return;
    const char *near = nearest_project(o, name, &a);
    err_add(d, ERR_WARNING, conf_place(conf_get(conf_get(set->sources[i].node, "event"), "project")),
            "sentry.projects has no \"%.*s\", so the events of rule \"%.*s\" go to the default one%s%s%s",
            SLICE_ARG(name), SLICE_ARG(set->rules[i]->id), near ? "; did you mean \"" : "", near ? near : "",
            near ? "\"?" : "");
    arena_done(&a);
}

/* Each is asked about every message that no rule knows, or about every text that leaves. */
static void check_patterns(const struct settings *s, struct diag *d)
{
    const struct options *o = &s->options;
    struct effort e;
    effort_init(&e, ERR_ERROR, d);
    for (unsigned i = 0; i < s->n_never_masks; i++)
        effort_try(&e, o->masks.v[i].regex, s->never_masks[i]->text, LOG_MASKS_BYTES_MAX, SLICE_NONE,
                   s->never_masks[i]);
    for (unsigned i = 0; i < s->n_own_masks; i++)
        effort_try(&e, o->masks.v[s->n_never_masks + i].regex, s->own_masks[i].pattern->text, LOG_MASKS_BYTES_MAX,
                   SLICE_NONE, s->own_masks[i].pattern);
    for (unsigned i = 0; i < s->n_patterns; i++)
        effort_try(&e, o->scrub.patterns[i], s->patterns[i]->text, LOG_MASKS_BYTES_MAX, SLICE_NONE, s->patterns[i]);
    effort_done(&e);
}

static void check_rules(const struct snapshot *now, const struct arguments *a, struct diag *d)
{
    const struct rule_check result = rule_check_samples(now->rules, d);
    const struct trace_check traces = trace_check_samples(now->rules->traces, d);
    rule_check_patterns(now->rules, d);
    rule_shadow_check(now->rules, d);
    trace_check_patterns(now->rules->traces, d);
    const struct settings *s = now->settings;
    for (unsigned i = 0; s && i < now->rules->n; i++)
        check_project(&s->options, now->rules, i, d);
    const char *config = !s ? "" : s->path ? s->path : "zero configuration";
    if (!d->errors && !a->dump)
        printf("ok: %s%s%u rules, %u samples, %u grammars of traces, %u samples\n", config, s ? ", " : "",
               now->rules->n, result.samples, trace_set_count(now->rules->traces), traces.samples);
    if (s && !d->errors && !a->dump)
        print_grouping(s);
}

/* What a start would find of them, where they are sound. */
static void check_inputs(const struct settings *s, struct diag *d)
{
    if (s->options.forward.on)
        kafka_producer_check(&s->forward.kafka, s->forward.place, d);
    for (unsigned i = 0; i < s->n_inputs; i++) {
        const struct input_options *in = &s->inputs[i];
        if (input_traits[in->kind].follows_files && in->text)
            tail_check(in, d);
        if (in->kind == INPUT_KAFKA)
            kafka_client_check(&in->kafka, in->place, d);
        const char *const files[] = {in->tls.cert, in->tls.key, in->tls.client_ca};
        for (unsigned k = 0; k < sizeof files / sizeof *files; k++)
            if (files[k] && access(files[k], R_OK) != 0)
                err_add(d, ERR_WARNING, in->place, "cannot read %s: %s; the user crumbd runs as must be able to",
                        files[k], strerror(errno));
    }
}

static struct err_place place_of_key(const struct settings *s, const char *key)
{
    const struct conf_node *n = s->file ? conf_get(s->file->root, key) : NULL;
    return n ? conf_place(n) : (struct err_place){.file = s->path};
}

/* What is there of the store, or the nearest folder above it that is. */
static char *nearest_there(const char *store)
{
    char *path = xstrdup(store), *slash;
    while (access(path, F_OK) != 0 && errno == ENOENT && (slash = strrchr(path, '/')) && slash != path)
        *slash = '\0';
    return path;
}

/* As for files that cannot be read: who asks may not be who runs it, so it is a warning. */
static void check_store(const struct settings *s, struct diag *d)
{
    char *lock = xasprintf("%s.lock", s->store), *path = nearest_there(lock);
    if (*path == '/' && eaccess(path, W_OK) != 0)
        err_add(d, ERR_WARNING, place_of_key(s, "store"),
                "the store %s cannot be written: %s: %s; the user crumbd runs as must be able to", s->store, path,
                strerror(errno));
    free(path);
    free(lock);
}

static bool is_beyond_this_host(const char *host)
{
    static const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *a = NULL;
    struct peer p = {0};
    if (!host || getaddrinfo(host, NULL, &hints, &a) != 0)
        return false;
    peer_set(&p, a->ai_addr);
    freeaddrinfo(a);
    return !peer_is_local(&p);
}

static void check_page(const struct settings *s, struct diag *d)
{
    if (is_beyond_this_host(s->http.host) && !s->http_token_file)
        err_add(d, ERR_WARNING, place_of_key(s, "http"),
                "there will be no page, but health and metrics alone: this address is not loopback, and no "
                "http_token_file is named");
}

static int check(const struct arguments *a)
{
    struct diag d = {0};
    bool rules_alone = a->n_files && !a->config && !a->dump; /* these need no configuration */
    bool sound = false;
    struct settings *s = rules_alone ? NULL : settings_load_anyway(a->config, &sound, &d);
    if (s)
        check_inputs(s, &d);
    if (sound) {
        check_store(s, &d);
        check_page(s, &d);
        check_patterns(s, &d);
    }
    if (sound && a->dump) {
        settings_dump(s, stdout);
        print_sandbox(s);
    }
    const struct snapshot_rules from = {
        .names = a->files, .n_names = a->n_files, .files_only = true, .trace_samples = true, .anyway = true};
    struct snapshot *now = s || rules_alone ? snapshot_load(s, &from, &d) : NULL;
    scrub_check(&d);
    if (now)
        check_rules(now, a, &d);
    snapshot_unref(now);
    int status = command_finish(&d, EXIT_INPUT_WRONG);
    settings_unref(s);
    return status;
}

int cmd_check(int argc, char **argv)
{
    struct arguments a = {0};
    int status = read_arguments(argc, argv, &a);
    if (status == EXIT_WELL)
        status = a.schema ? print_schema(a.schema) : check(&a);
    free(a.files);
    return status;
}
