/*
 * settings: everything that crumbd.yaml, the environment and the host say, as one immutable snapshot.
 *
 * Loading reads files, the environment and zones, so it belongs to the main thread before others run. A
 * snapshot is counted: any thread may hold one, and the last settings_unref frees it. Slices, places and
 * pointers handed out live as long as it does.
 */
#ifndef APP_SETTINGS_H
#define APP_SETTINGS_H

#include <stdatomic.h>
#include <stdio.h>

#include "core/options.h"
#include "io/input.h"
#include "text/keys.h"

/* A name that rules choose by, and its DSN. */
struct settings_project {
    struct slice name;
    char *dsn;
    enum settings_group { GROUP_AS_ALL, GROUP_SENTRY, GROUP_EVERYWHERE } group; /* AS_ALL: options.group_everywhere */
};

/* What templates of messages take out, or leave. */
struct settings_mask {
    struct slice name; /* empty: what matches stays */
    const struct conf_node *pattern;
};

struct settings_zone;

/* A {secret.NAME} of a notification: the first line of a file. */
struct settings_secret {
    struct slice name;
    char *path, *value;
};

/* Somebody who is told of some things by a request. */
struct settings_notify {
    char *url, *body;         /* templates of core/notification.h, */
    struct key_pair *headers; /* and so are their values */
    unsigned n_headers;
    enum settings_method { METHOD_POST, METHOD_PUT, METHOD_GET } method;
    uint8_t *on; /* enum notification_kind; none: all */
    unsigned n_on;
    unsigned per_hour;
    struct settings_secret *secrets;
    unsigned n_secrets;
    char *ca_file, *proxy; /* NULL: the system's, the environment's */
};

struct settings {
    struct options options;
    struct {
        char *dsn, *dsn_file; /* as written; `dsn` below is what is in force */
        char *environment;    /* as in options */
        struct settings_release {
            char *text, *file;
        } release;
        char *ca_file, *proxy; /* NULL: the system's, none but the environment's */
        struct settings_project *projects;
        unsigned n_projects;
    } sentry;
    char *dsn;            /* of the default project; NULL: none, events stay in the store */
    const char *dsn_from; /* "sentry.dsn", "SENTRY_DSN", …: for people */

    struct input_options *inputs;
    unsigned n_inputs;
    unsigned n_awaited; /* behind these: tails of logs that this host does not have yet; zero configuration only */
    bool inputs_found;  /* not configured but found on this host: one that does not start is a warning, not an
                           error */

    struct redis_where shared;    /* limits.shared */
    struct input_options forward; /* its `kafka` and its place alone; options.forward.on: it is configured */

    const struct conf_node **patterns; /* scrub.patterns as written; compiled in options */
    unsigned n_patterns;
    struct settings_mask *own_masks; /* masks as written; compiled in options */
    const struct conf_node **never_masks;
    unsigned n_own_masks, n_never_masks;
    struct slice *rules; /* as written */
    unsigned n_rules;
    char *store; /* path of the database; its folder may not be there yet */
    uint64_t store_limit_bytes, where_bytes, issues_bytes;
    int64_t issues_keep_us;
    struct settings_http {
        char *host; /* without brackets, or the path of a unix socket; NULL: off */
        uint16_t port;
    } http, probes;
    struct slice *http_names;
    unsigned n_http_names;
    struct input_cidr *exempt; /* for inputs that name none of their own */
    unsigned n_exempt;
    struct settings_health {
        bool events;
        int64_t silent_us; /* 0: for ever */
    } health;
    struct settings_notify *notify;
    unsigned n_notify;
    char *http_token_file, *http_token; /* the token is its first line; NULL: there is none */
    unsigned workers;
    struct settings_user {
        char *user, *group; /* whom crumbd becomes when root starts it; NULL: nobody else */
    } user;
    bool keep_read, sandbox;

    char *path; /* of the file; NULL: zero configuration */
    char *dir;  /* its folder, absolute: relative paths begin there; NULL: the working directory */

    /* Owned. */
    atomic_uint refs;
    struct arena arena;
    struct conf_file *file;
    struct settings_zone *zones;
};

/*
 * path NULL: SYSCONFDIR/crumbd/crumbd.yaml or /etc/crumbd/crumbd.yaml if one of them is there, else zero
 * configuration. NULL with errors in d; warnings may be there in any case.
 */
struct settings *settings_load(const char *path, struct diag *d);
/*
 * The same for who wants to know all that is wrong: also where something is. Then *sound is false, and the settings are
 * good for nothing but what stands in them about rules, and for the inputs that are sound themselves.
 */
struct settings *settings_load_anyway(const char *path, bool *sound, struct diag *d);
/* Zero configuration: the environment and what is found on this host. NULL only when the environment names
 * something wrong. */
struct settings *settings_default(struct diag *d);
struct settings *settings_ref(struct settings *s);
void settings_unref(struct settings *s);

/* What is in force, as YAML that can be read again; secrets are masked. */
void settings_dump(const struct settings *s, FILE *out);
/* The folder that holds rules/: CRUMBD_DATA, else the installed one. */
const char *settings_data_dir(void);
/*
 * The rule files that `rules` names, in their order, each pattern's sorted by name and none twice. A pattern
 * that finds nothing is a warning. *files and its strings are freed with settings_files_free.
 */
unsigned settings_rule_files(const struct settings *s, char ***files, struct diag *d);
/* What to say behind "no rule file matches". */
const char *settings_rule_hint(struct slice name);
/* An entry of `rules` as a pattern of paths; the caller frees it. */
char *settings_rule_pattern(const struct settings *s, struct slice text);
/* The input that reads the file, also under a name that it had before a rotation, or standard input, which is -.
 * NULL: none does. */
const struct input_options *settings_input_of(const struct settings *s, const char *path);
/* The patterns that zero configuration looks at, found or not. */
void settings_each_place(void (*f)(void *u, const char *pattern), void *u);
void settings_files_free(char **files, unsigned n);

/* The table of crumbd.yaml, for the schema and the manual. */
extern const struct key_table settings_table;

#endif
