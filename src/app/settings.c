#include "app/secret_files.h"
#include "app/settings.h"

#include <fnmatch.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "app/file.h"
#include "app/settings_parts.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "io/dsn.h"
#include "io/http_token.h"
#include "io/tail.h"

/* ---- the rest of the host ---- */

static const char *env(const char *name)
{
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

static const struct conf_node *sentry_node(const struct settings *s, const char *key)
{
    return s->file ? conf_get(conf_get(s->file->root, "sentry"), key) : NULL;
}

static struct err_place place_of(const struct conf_node *n)
{
    return n ? conf_place(n) : (struct err_place){0};
}

/* The DSN in force: dsn, dsn_file, SENTRY_DSN, the systemd credential. */
static void find_dsn(struct settings *s, struct diag *d)
{
    static const char *const names[] = {"dsn", "sentry_dsn"};
    const char *dir = env("CREDENTIALS_DIRECTORY");
    if (s->sentry.dsn) {
        s->dsn = s->sentry.dsn;
        s->dsn_from = "sentry.dsn";
    } else if (s->sentry.dsn_file) {
        s->dsn = settings_first_line(s, s->sentry.dsn_file, d, place_of(sentry_node(s, "dsn_file")));
        s->dsn_from = "sentry.dsn_file";
    } else if (env("SENTRY_DSN")) {
        s->dsn = arena_cstr(&s->arena, slice_trim(slice_str(env("SENTRY_DSN"))));
        s->dsn_from = "SENTRY_DSN";
    }
    for (int i = 0; i < 2 && dir && !s->dsn_from; i++) {
        char *path = xasprintf("%s/%s", dir, names[i]);
        if (access(path, F_OK) == 0) {
            s->dsn = settings_first_line(s, path, d, (struct err_place){0});
            s->dsn_from = "the systemd credential";
        }
        free(path);
    }
}

/* Said without the line it stands on: this text goes to logs, and the key does not. */
static void check_dsn(const char *text, const char *from, struct diag *d, struct err_place at)
{
    struct dsn dsn;
    struct diag own = {0};
    at.source = SLICE_NONE;
    if (dsn_parse(&dsn, slice_str(text), &own)) {
        if (dsn_in_the_clear(&dsn))
            err_add(d, ERR_WARNING, at, "%s: http:// sends events and the key readable over the network; use https://",
                    from);
        dsn_done(&dsn);
    } else {
        err_add(d, ERR_ERROR, at, "%s: %s", from, own.v[0].text);
    }
    err_done(&own);
}

static void check_dsns(struct settings *s, struct diag *d)
{
    if (s->options.forward.on) {
        settings_forward_check(s, d);
        return;
    }
    const struct conf_node *projects = sentry_node(s, "projects");
    if (s->dsn)
        check_dsn(s->dsn, s->dsn_from, d, place_of(sentry_node(s, s->sentry.dsn ? "dsn" : "dsn_file")));
    for (unsigned i = 0; i < s->sentry.n_projects; i++) {
        if (!s->sentry.projects[i].dsn)
            continue; /* it is wrong, and that has been said */
        char *from = xasprintf("sentry.projects.%.*s", SLICE_ARG(s->sentry.projects[i].name));
        check_dsn(s->sentry.projects[i].dsn, from, d, place_of(conf_get(projects, s->sentry.projects[i].name.p)));
        free(from);
    }
}

static void name_projects(struct settings *s)
{
    struct options_project *v = arena_calloc(&s->arena, s->sentry.n_projects + 1, sizeof *v);
    for (unsigned i = 0; i < s->sentry.n_projects; i++) {
        const struct settings_project *p = &s->sentry.projects[i];
        v[i].name = p->name;
        v[i].everywhere = p->group ? p->group == GROUP_EVERYWHERE : s->options.group_everywhere;
    }
    s->options.projects = v;
    s->options.n_projects = s->sentry.n_projects;
}

/* Said now, and not with the first event; a warning, since the file may be there by then. */
static void check_ca(const struct settings *s, struct diag *d)
{
    const char *ca = s->sentry.ca_file;
    if (ca && access(ca, R_OK) != 0)
        err_add(d, ERR_WARNING, place_of(sentry_node(s, "ca_file")),
                "cannot read %s: %s; without it no event is delivered", ca, strerror(errno));
}

/* What Relay would delete from every event. */
static const char *bad_environment(const char *text)
{
    if (strlen(text) > EVENT_ENVIRONMENT_MAX)
        return "Sentry takes at most 64 bytes";
    return !*text || event_is_environment(slice_str(text)) ? NULL : "Sentry refuses blanks, slashes and \"None\" here";
}

static const char *bad_release(const char *text)
{
    if (strlen(text) > EVENT_RELEASE_MAX)
        return "Sentry takes at most 200 bytes";
    return !*text || event_is_release(slice_str(text)) ? NULL : "Sentry refuses slashes, tabs and dots alone here";
}

static void check_name(struct diag *d, const struct conf_node *n, const char *what, const char *why)
{
    if (why)
        err_add(d, ERR_ERROR, place_of(n), "the %s cannot be used: %s", what, why);
}

static void find_names(struct settings *s, struct diag *d)
{
    struct utsname host;
    const struct conf_node *environment = sentry_node(s, "environment"), *release = sentry_node(s, "release");
    if (!environment && env("SENTRY_ENVIRONMENT"))
        s->sentry.environment = arena_cstr(&s->arena, slice_str(env("SENTRY_ENVIRONMENT")));
    check_name(d, environment, environment ? "environment" : "environment in SENTRY_ENVIRONMENT",
               bad_environment(s->sentry.environment));
    if (!release && env("SENTRY_RELEASE"))
        s->sentry.release.text = arena_cstr(&s->arena, slice_str(env("SENTRY_RELEASE")));
    if (s->sentry.release.file) {
        /* A release not deployed yet is no reason to leave its host unwatched. */
        struct diag own = {0};
        s->sentry.release.text = settings_first_line(s, s->sentry.release.file, &own, place_of(release));
        if (!s->sentry.release.text)
            err_add(d, ERR_WARNING, place_of(release), "%s; events carry no release", own.v[0].text);
        err_done(&own);
    }
    if (s->sentry.release.text)
        check_name(d, release, release ? "release" : "release in SENTRY_RELEASE", bad_release(s->sentry.release.text));
    s->options.environment = slice_str(s->sentry.environment);
    s->options.release = slice_str(s->sentry.release.text);
    /* In a container the host's own name is that of the container, which no reader of an event knows. */
    if (env("SENTRY_NAME"))
        s->options.server_name = arena_dup(&s->arena, slice_str(env("SENTRY_NAME")));
    else if (uname(&host) == 0)
        s->options.server_name = arena_dup(&s->arena, slice_str(host.nodename));
}

/* Of the names that a Host header may hold; the inputs' HTTP servers ask, too. */
static void share_http_names(struct settings *s)
{
    for (unsigned i = 0; i < s->n_inputs; i++) {
        s->inputs[i].http_names = s->http_names;
        s->inputs[i].n_http_names = s->n_http_names;
    }
}

/* Inputs without an address, such as tail, never look at it. */
static void share_exempt(struct settings *s)
{
    for (unsigned i = 0; i < s->n_inputs; i++)
        if (s->inputs[i].n_exempt == 0) {
            s->inputs[i].exempt = s->exempt;
            s->inputs[i].n_exempt = s->n_exempt;
        }
}

static void find_http_token(struct settings *s, struct diag *d)
{
    struct err_place at = place_of(s->file ? conf_get(s->file->root, "http_token_file") : NULL);
    if (!s->http_token_file)
        return;
    s->http_token = settings_first_line(s, s->http_token_file, d, at);
    if (s->http_token && strlen(s->http_token) < HTTP_TOKEN_MIN)
        err_add(d, ERR_ERROR, at, "the token in %s is shorter than %d characters; make one with: openssl rand -hex 16",
                s->http_token_file, HTTP_TOKEN_MIN);
}

static void find_redis_password(struct settings *s, struct redis_where *r, struct diag *d)
{
    if (r->password_file)
        r->at.password = settings_first_line(s, r->password_file, d, (struct err_place){0});
}

static char *default_store(struct arena *a)
{
    const char *state = env("STATE_DIRECTORY"), *xdg = env("XDG_STATE_HOME"), *home = env("HOME");
    struct slice first = slice_str(state);
    char *path;
    if (state && slice_split(&first, ':').n) { /* systemd joins several with colons */
        size_t n = strcspn(state, ":");
        path = xasprintf("%.*s/crumbd.db", (int)n, state);
    } else if (xdg && xdg[0] == '/') { /* the XDG specification: a relative one is to be ignored */
        path = xasprintf("%s/crumbd/crumbd.db", xdg);
    } else if (home) {
        path = xasprintf("%s/.local/state/crumbd/crumbd.db", home);
    } else {
        path = xasprintf("/var/lib/crumbd/crumbd.db");
    }
    char *copy = arena_cstr(a, slice_str(path));
    free(path);
    return copy;
}

static void compile_patterns(struct settings *s, struct diag *d)
{
    s->options.scrub.patterns = arena_calloc(&s->arena, s->n_patterns, sizeof *s->options.scrub.patterns);
    for (unsigned i = 0; i < s->n_patterns; i++) {
        struct regex *re = keys_regex(d, s->patterns[i], false);
        if (re)
            s->options.scrub.patterns[s->options.scrub.n_patterns++] = re;
    }
}

static void add_mask(struct settings *s, const struct conf_node *pattern, struct slice name, struct diag *d)
{
    struct regex *re = keys_regex(d, pattern, false);
    if (re)
        s->options.masks.v[s->options.masks.n++] = (struct log_mask){.name = name, .regex = re};
}

/* What stays comes first: it counts where both match. */
static void compile_masks(struct settings *s, struct diag *d)
{
    s->options.masks.v = arena_calloc(&s->arena, s->n_own_masks + s->n_never_masks, sizeof *s->options.masks.v);
    for (unsigned i = 0; i < s->n_never_masks; i++)
        add_mask(s, s->never_masks[i], SLICE_NONE, d);
    for (unsigned i = 0; i < s->n_own_masks; i++) {
        const struct settings_mask *m = &s->own_masks[i];
        char shown[LOG_MASKS_NAME_MAX + 3];
        if (!log_masks_is_name(m->name)) {
            conf_error(d, m->pattern,
                       "a mask is called by up to %d small letters, digits and underscores, a letter first",
                       LOG_MASKS_NAME_MAX);
            continue;
        }
        snprintf(shown, sizeof shown, "<%.*s>", SLICE_ARG(m->name));
        add_mask(s, m->pattern, arena_dup(&s->arena, slice_str(shown)), d);
    }
}

static const struct conf_node *first_of(const struct settings *s, const char *key)
{
    const struct conf_node *list = s->file ? conf_get(s->file->root, key) : NULL;
    return list ? list->child : NULL;
}

/* The sandbox lets read what is there when crumbd starts. */
static void check_root(const struct conf_node *n, const char *path, struct diag *d)
{
    char *real = realpath(path, NULL);
    if (*path != '/')
        conf_error(d, n, "a source root is an absolute path");
    else if (real && strcmp(real, "/") == 0)
        conf_error(d, n, "a source root is a folder of sources, not all of this host");
    else if (!real)
        err_add(d, ERR_WARNING, conf_place(n), "%s is not there: source lines are read from it after a restart", path);
    free(real);
}

static void check_roots(struct settings *s, struct diag *d)
{
    for (const struct conf_node *n = first_of(s, "source_roots"); n; n = n->next) {
        char *path = slice_dup(n->text);
        check_root(n, path, d);
        free(path);
    }
}

static void check_in_app(struct settings *s, struct diag *d)
{
    for (const struct conf_node *n = first_of(s, "in_app"); n; n = n->next)
        if (n->text.n == 0 || slice_is(n->text, "-"))
            conf_error(d, n,
                       "each of \"in_app\" must be the beginning of a module or of a path, behind a minus where "
                       "it is not one's own");
}

/* The store tells inputs apart by what they read, and each would promote every line once more. Listeners fail at their
 * port. */
static void check_twins(const struct settings *s, struct diag *d)
{
    for (unsigned i = 0; i < s->n_inputs; i++)
        for (unsigned k = 0; k < i; k++) {
            const struct input_options *a = &s->inputs[k], *b = &s->inputs[i];
            if (a->kind != b->kind || strcmp(a->text, b->text) != 0 || input_listens(a))
                continue;
            err_add(d, ERR_ERROR, b->place, "this is read already by the input of line %u", a->place.line);
            break;
        }
}

/* Of lists whose entries are all sound. */
static void check_lists(struct settings *s, struct diag *d)
{
    compile_patterns(s, d);
    compile_masks(s, d);
    check_roots(s, d);
    check_in_app(s, d);
    check_twins(s, d);
}

/* All that does not stand in the file itself. bound: what does is sound. */
static bool complete(struct settings *s, bool bound, struct diag *d)
{
    unsigned errors = d->errors;
    find_dsn(s, d);
    check_dsns(s, d);
    name_projects(s);
    check_ca(s, d);
    find_names(s, d);
    if (bound)
        check_lists(s, d);
    find_http_token(s, d);
    if (bound)
        settings_read_notify(s, d);
    find_redis_password(s, &s->shared, d);
    for (unsigned i = 0; i < s->n_inputs; i++)
        find_redis_password(s, &s->inputs[i].redis.where, d);
    if (!s->store)
        s->store = default_store(&s->arena);
    if (bound && s->n_inputs == 0)
        settings_find_inputs(s, "", d);
    share_http_names(s);
    share_exempt(s);
    secret_files_check(s, d);
    return bound && d->errors == errors;
}

/* ---- snapshots ---- */

static struct settings *settings_new(void)
{
    struct settings *s = xcalloc(1, sizeof *s);
    atomic_init(&s->refs, 1);
    return s;
}

struct settings *settings_ref(struct settings *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void settings_unref(struct settings *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (unsigned i = 0; i < s->options.scrub.n_patterns; i++)
        regex_free(s->options.scrub.patterns[i]);
    for (unsigned i = 0; i < s->options.masks.n; i++)
        regex_free(s->options.masks.v[i].regex);
    settings_free_zones(s);
    conf_free(s->file);
    free(s->path);
    free(s->dir);
    arena_done(&s->arena);
    free(s);
}

static struct settings *finish(struct settings *s, bool ok)
{
    if (ok)
        return s;
    settings_unref(s);
    return NULL;
}

struct settings *settings_default(struct diag *d)
{
    struct settings *s = settings_new();
    struct keys_ctx c = {.arena = &s->arena, .diag = d, .u = s};
    keys_bind(&settings_table, NULL, s, &c);
    s->http = (struct settings_http){.host = arena_cstr(&s->arena, SLICE("127.0.0.1")), .port = 8686};
    return finish(s, complete(s, true, d));
}

static char *folder_of(const char *path)
{
    char *full = realpath(path, NULL);
    char *slash = full ? strrchr(full, '/') : NULL;
    if (!slash) {
        free(full);
        return NULL;
    }
    *slash = '\0';
    return full;
}

/* *bound: all that stands in it is sound. NULL: it is no YAML. */
static struct settings *read_text(const char *path, struct slice text, bool *bound, struct diag *d)
{
    struct settings *s = settings_new();
    struct keys_ctx c = {.arena = &s->arena, .diag = d, .u = s};
    s->path = xstrdup(path);
    s->dir = folder_of(path);
    s->file = conf_parse(path, text, d);
    *bound = s->file && keys_bind(&settings_table, s->file->root, s, &c);
    return finish(s, s->file != NULL);
}

struct settings *settings_read(const char *path, struct slice text, struct diag *d)
{
    bool bound = false;
    struct settings *s = read_text(path, text, &bound, d);
    return s ? finish(s, bound) : NULL;
}

static struct settings *load(const char *path, bool *sound, struct diag *d)
{
    struct sbuf text;
    sbuf_init(&text, CONF_BYTES_MAX + (1 << 20));
    bool ok = file_read(path, CONF_BYTES_MAX, &text, d, (struct err_place){0});
    bool bound = false;
    struct settings *s = ok ? read_text(path, sbuf_slice(&text), &bound, d) : NULL;
    sbuf_done(&text);
    *sound = s && complete(s, bound, d);
    return s;
}

struct settings *settings_load_anyway(const char *path, bool *sound, struct diag *d)
{
    static const char *const usual[] = {SYSCONFDIR "/crumbd/crumbd.yaml", "/etc/crumbd/crumbd.yaml"};
    if (path)
        return load(path, sound, d);
    for (int i = 0; i < 2; i++)
        if (access(usual[i], F_OK) == 0)
            return load(usual[i], sound, d);
    struct settings *s = settings_default(d);
    *sound = s != NULL;
    return s;
}

struct settings *settings_load(const char *path, struct diag *d)
{
    bool sound = false;
    struct settings *s = settings_load_anyway(path, &sound, d);
    return s && !sound ? finish(s, false) : s;
}

/* ---- what others ask ---- */

void settings_dump(const struct settings *s, FILE *out)
{
    struct sbuf b;
    struct settings def = {.store = NULL};
    struct diag d = {0};
    struct keys_ctx c = {.arena = &def.arena, .diag = &d, .u = &def};
    keys_bind(&settings_table, NULL, &def, &c);
    def.store = default_store(&def.arena);
    sbuf_init(&b, CONF_BYTES_MAX);
    sbuf_addf(&b, "# %s\n", s->path ? s->path : "zero configuration");
    if (s->dsn && s->dsn != s->sentry.dsn) {
        sbuf_addf(&b, "# the DSN in force comes from %s: ", s->dsn_from);
        keys_put_masked(slice_str(s->dsn), &b);
        sbuf_addc(&b, '\n');
    } else if (!s->dsn) {
        sbuf_adds(&b, SLICE("# no DSN: events stay in the store\n"));
    }
    if (s->inputs_found)
        sbuf_adds(&b, SLICE("# inputs: what was found on this host\n"));
    keys_dump(&settings_table, s, &def, &b);
    fwrite(b.p, 1, b.n, out);
    sbuf_done(&b);
    arena_done(&def.arena);
}

const char *settings_data_dir(void)
{
    const char *dir = env("CRUMBD_DATA");
    return dir ? dir : PKGDATADIR;
}

char *settings_rule_pattern(const struct settings *s, struct slice text)
{
    if (slice_is(text, "shipped"))
        return xasprintf("%s/rules/*.yaml", settings_data_dir());
    if (text.p[0] == '/' || !s->dir)
        return slice_dup(text);
    return xasprintf("%s/%.*s", s->dir, SLICE_ARG(text));
}

static bool has(char **files, unsigned n, const char *path)
{
    for (unsigned i = 0; i < n; i++)
        if (strcmp(files[i], path) == 0)
            return true;
    return false;
}

static bool reads(const struct input_options *o, const char *path, const char *absolute)
{
    if (o->kind == INPUT_STDIN)
        return strcmp(path, "-") == 0;
    return o->kind == INPUT_TAIL &&
           (fnmatch(o->text, path, FNM_PATHNAME | FNM_PERIOD) == 0 ||
            fnmatch(o->text, absolute, FNM_PATHNAME | FNM_PERIOD) == 0 || tail_rotated_name(o->text, absolute));
}

const struct input_options *settings_input_of(const struct settings *s, const char *path)
{
    const struct input_options *found = NULL;
    char *absolute = realpath(path, NULL);
    for (unsigned i = 0; i < s->n_inputs && !found; i++)
        if (reads(&s->inputs[i], path, absolute ? absolute : path))
            found = &s->inputs[i];
    free(absolute);
    return found;
}

static struct err_place rule_place(const struct settings *s, unsigned index)
{
    const struct conf_node *list = s->file ? conf_get(s->file->root, "rules") : NULL;
    const struct conf_node *n = list ? list->child : NULL;
    while (n && index--)
        n = n->next;
    return place_of(n);
}

const char *settings_rule_hint(struct slice name)
{
    static const char *const words[] = {"shipped", NULL};
    if (slice_is(name, "shipped"))
        return "; CRUMBD_DATA names a folder that has the shipped rules in rules/";
    return err_nearest(name, words) ? "; did you mean \"shipped\"?" : "";
}

static bool is_pattern(const char *path)
{
    return strpbrk(path, "*?[") != NULL;
}

unsigned settings_rule_files(const struct settings *s, char ***files, struct diag *d)
{
    char **found = NULL;
    unsigned n = 0;
    for (unsigned i = 0; i < s->n_rules; i++) {
        glob_t g;
        char *pattern = settings_rule_pattern(s, s->rules[i]);
        int e = glob(pattern, 0, NULL, &g);
        for (size_t k = 0; e == 0 && k < g.gl_pathc; k++) {
            if (has(found, n, g.gl_pathv[k]))
                continue;
            found = xroom(found, n, sizeof *found);
            found[n++] = xstrdup(g.gl_pathv[k]);
        }
        if (e == 0)
            globfree(&g);
        else /* a pattern may have no file yet, but who names one means it */
            err_add(d, is_pattern(pattern) ? ERR_WARNING : ERR_ERROR, rule_place(s, i),
                    is_pattern(pattern) ? "no rule file matches %s%s" : "there is no rule file %s%s", pattern,
                    settings_rule_hint(s->rules[i]));
        free(pattern);
    }
    *files = found;
    return n;
}

void settings_files_free(char **files, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        free(files[i]);
    free(files);
}
