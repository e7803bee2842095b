#include "app/confine.h"

#include <dlfcn.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"

/* ---- which files ---- */

static void allow_if_there(struct sandbox *s, enum sandbox_role role, unsigned rights, const char *path)
{
    if (path && *path && access(path, F_OK) == 0)
        sandbox_allow(s, role, rights, path);
}

/* For any thread that sends: the resolver, certificates, zones. resolv.conf, hosts and the like are replaced by other
   files while crumbd runs, so a rule for each of them would soon be one for a file that is gone: it is the folder. */
static void allow_host(struct sandbox *s)
{
    static const char *const folders[] = {"/etc",
                                          "/run/systemd/resolve",
                                          "/run/resolvconf",
                                          "/run/NetworkManager",
                                          "/run/connman",
                                          "/usr/share/zoneinfo",
                                          "/usr/share/ca-certificates",
                                          "/usr/local/share/ca-certificates",
                                          "/var/lib/ca-certificates",
                                          "/usr/lib/ssl",
                                          "/usr/local/ssl",
                                          "/usr/share/crypto-policies",
                                          "/dev/urandom",
                                          "/dev/random"};
    static const char *const variables[] = {"TZDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        allow_if_there(s, SANDBOX_MAIN, SANDBOX_READ, folders[i]);
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        allow_if_there(s, SANDBOX_MAIN, SANDBOX_READ, getenv(variables[i]));
}

/* The folder a path or a pattern always begins with. The caller frees. */
static char *fixed_prefix(const char *pattern)
{
    size_t n = strcspn(pattern, "*?[");
    while (n && pattern[n - 1] != '/')
        n--;
    return n == 0 ? xstrdup(".") : n == 1 ? xstrdup("/") : slice_dup(slice_of(pattern, n - 1));
}

static void allow_prefix(struct sandbox *s, enum sandbox_role role, unsigned rights, const char *pattern)
{
    char *folder = fixed_prefix(pattern);
    sandbox_allow(s, role, rights, folder);
    free(folder);
}

/* A small file that is read again may by then be another one of that name, also behind a link: its folder, and its
 * target's. */
static void allow_file(struct sandbox *s, enum sandbox_role role, const char *path)
{
    if (!path)
        return;
    allow_prefix(s, role, SANDBOX_READ, path);
    char *real = realpath(path, NULL);
    if (real)
        allow_prefix(s, role, SANDBOX_READ, real);
    free(real);
}

/* What links lead to now; and where those of the kubelet and of Docker will lead. */
static void allow_targets(struct sandbox *s, const char *pattern)
{
    glob_t g;
    int e = glob(pattern, GLOB_NOSORT, NULL, &g);
    for (size_t i = 0; e == 0 && i < g.gl_pathc; i++)
        if (!sandbox_covers(s, SANDBOX_WORKER, g.gl_pathv[i]))
            allow_file(s, SANDBOX_WORKER, g.gl_pathv[i]);
    if (e == 0)
        globfree(&g);
    allow_if_there(s, SANDBOX_WORKER, SANDBOX_READ, "/var/log/pods");
    allow_if_there(s, SANDBOX_WORKER, SANDBOX_READ, "/var/lib/docker/containers");
}

static void allow_input(struct sandbox *s, const struct input_options *in)
{
    const struct input_traits *traits = &input_traits[in->kind];
    if (traits->follows_files && !in->awaited) { /* for those see allow_settings */
        allow_prefix(s, SANDBOX_WORKER, SANDBOX_READ, in->text);
        allow_targets(s, in->text);
    }
    for (const char *const *path = traits->reads; path && *path; path++)
        sandbox_allow(s, SANDBOX_WORKER, SANDBOX_READ, *path);
    for (const char *const *path = traits->reads_if_there; path && *path; path++)
        allow_if_there(s, SANDBOX_WORKER, SANDBOX_READ, *path);
    if (input_over_unix(in)) {
        allow_prefix(s, SANDBOX_WORKER, SANDBOX_REMOVE, in->host);
        sandbox_allow(s, SANDBOX_WORKER, SANDBOX_READ,
                      "/proc"); /* the unit of a sender; secrets of others there are shut by Landlock itself */
    }
    allow_file(s, SANDBOX_MAIN, in->tls.cert);
    allow_file(s, SANDBOX_MAIN, in->tls.key);
    allow_file(s, SANDBOX_MAIN, in->tls.client_ca);
    allow_file(s, SANDBOX_MAIN, in->kafka.sasl.oauth.secret_file); /* read for each token */
    allow_file(s, SANDBOX_MAIN, in->kafka.sasl.oauth.ca);
}

/* The main thread removes the socket of a page when it ends. */
static void allow_page(struct sandbox *s, const struct settings_http *at)
{
    if (at->host && at->host[0] == '/')
        allow_prefix(s, SANDBOX_MAIN, SANDBOX_REMOVE, at->host);
}

static void confine_allow_place(void *u, const char *pattern)
{
    char *folder = fixed_prefix(pattern);
    allow_if_there(u, SANDBOX_WORKER, SANDBOX_READ, folder);
    free(folder);
}

/* What a reload may want to read again. */
static void allow_settings(struct sandbox *s, const struct settings *of)
{
    allow_file(s, SANDBOX_MAIN, of->path);
    allow_file(s, SANDBOX_MAIN, of->sentry.dsn_file);
    allow_file(s, SANDBOX_MAIN, of->sentry.release.file);
    allow_file(s, SANDBOX_MAIN, of->sentry.ca_file);
    allow_file(s, SANDBOX_MAIN, of->http_token_file);
    allow_file(s, SANDBOX_MAIN, of->forward.kafka.tls.ca);
    allow_file(s, SANDBOX_MAIN, of->forward.kafka.tls.cert);
    allow_file(s, SANDBOX_MAIN, of->forward.kafka.tls.key);
    allow_file(s, SANDBOX_MAIN, of->forward.kafka.sasl.password_file);
    for (unsigned i = 0; i < of->n_notify; i++) {
        allow_file(s, SANDBOX_MAIN, of->notify[i].ca_file);
        for (unsigned k = 0; k < of->notify[i].n_secrets; k++)
            allow_file(s, SANDBOX_MAIN, of->notify[i].secrets[k].path);
    }
    allow_if_there(s, SANDBOX_MAIN, SANDBOX_READ, getenv("CREDENTIALS_DIRECTORY"));
    allow_if_there(s, SANDBOX_MAIN, SANDBOX_READ, settings_data_dir());
    for (unsigned i = 0; i < of->n_rules; i++) {
        char *pattern = settings_rule_pattern(of, of->rules[i]);
        allow_prefix(s, SANDBOX_MAIN, SANDBOX_READ, pattern);
        free(pattern);
    }
    if (of->inputs_found)
        settings_each_place(confine_allow_place, s);
}

/* Of one that is not there the nearest folder above would be wider than what was allowed. */
static void allow_source_roots(struct sandbox *s, const struct options *opt)
{
    for (unsigned i = 0; i < opt->n_source_roots; i++) {
        char *root = slice_dup(opt->source_roots[i]);
        allow_if_there(s, SANDBOX_WORKER, SANDBOX_READ, root);
        free(root);
    }
}

static bool is_covered(const struct sandbox *s, const struct input_options *in)
{
    char *folder = fixed_prefix(in->text);
    bool covered = sandbox_covers(s, SANDBOX_WORKER, folder);
    free(folder);
    return covered;
}

static bool has_socket(const struct input_options *in, const struct input_options *before, unsigned n_before)
{
    for (unsigned i = 0; i < n_before; i++)
        if (input_listens(&before[i]) && input_over_unix(&before[i]) == input_over_unix(in) &&
            before[i].port == in->port && strcmp(before[i].host, in->host) == 0)
            return true;
    return false;
}

static bool has_kind(enum input_kind kind, const struct input_options *before, unsigned n_before)
{
    for (unsigned i = 0; i < n_before; i++)
        if (before[i].kind == kind)
            return true;
    return false;
}

static const char *why_no_socket(unsigned abi, const struct input_options *in)
{
    enum { ABI_BINDS = 4 }; /* of Landlock: from it on TCP ports are bound by nobody */
    if (abi && input_over_unix(in))
        return "the sandbox of this process does not let it make a socket there";
    return abi >= ABI_BINDS && in->transport != INPUT_UDP ? "the sandbox of this process does not let it bind the port"
                                                          : NULL;
}

const char *confine_why_not(const struct sandbox *s, const struct input_options *in, const struct input_options *before,
                            unsigned n_before)
{
    const struct input_traits *traits = &input_traits[in->kind];
    if (!s)
        return NULL;
    if ((traits->libraries || traits->reads) && !has_kind(in->kind, before, n_before))
        return "the sandbox of this process does not let it read what it needs for that";
    if (traits->asks && !has_kind(in->kind, before, n_before))
        return "the sandbox of this process does not let it connect to a server";
    if (traits->connects && sandbox_filters(s))
        return "the sandbox of this process lets no thread of a new input's begin (crumbd(8), SIGHUP)";
    if (traits->follows_files)
        return in->awaited || !sandbox_abi(s) || is_covered(s, in)
                   ? NULL
                   : "the sandbox of this process does not let it read there";
    return input_listens(in) && !has_socket(in, before, n_before) ? why_no_socket(sandbox_abi(s), in) : NULL;
}

/* What is not there yet would come into its folder. */
static void need(const struct sandbox *s, const struct settings *next, const char *key, const char *path,
                 struct diag *d)
{
    char *folder = path ? fixed_prefix(path) : NULL;
    if (path && sandbox_abi(s) && !sandbox_covers(s, SANDBOX_MAIN, access(path, F_OK) == 0 ? path : folder))
        err_add(d, ERR_ERROR, (struct err_place){.file = next->path},
                "%s %s: the sandbox of this process does not let it read there, so a restart is needed", key, path);
    free(folder);
}

bool confine_may_read(const struct sandbox *s, const struct settings *next, struct diag *d)
{
    unsigned errors = d->errors;
    if (!s)
        return true;
    need(s, next, "sentry.ca_file", next->sentry.ca_file, d);
    need(s, next, "forward.kafka.tls.ca", next->forward.kafka.tls.ca, d);
    need(s, next, "forward.kafka.tls.cert", next->forward.kafka.tls.cert, d);
    need(s, next, "forward.kafka.tls.key", next->forward.kafka.tls.key, d);
    need(s, next, "forward.kafka.sasl.password_file", next->forward.kafka.sasl.password_file, d);
    for (unsigned i = 0; i < next->n_notify; i++)
        need(s, next, "notify.ca_file", next->notify[i].ca_file, d);
    return d->errors == errors;
}

/* The worker speaks to it. OpenSSL looks for an authority in its folder when a certificate is shown. */
static void allow_redis(struct sandbox *s, const struct redis_where *r)
{
    static const char *const authorities[] = {"/usr/lib/ssl", "/etc/ssl/certs", "/usr/share/ca-certificates",
                                              "/usr/local/share/ca-certificates", "/dev/urandom"};
    sandbox_let_connect(s);
    allow_file(s, SANDBOX_MAIN, r->password_file);
    allow_file(s, SANDBOX_MAIN, r->ca_file);
    for (size_t i = 0; r->at.tls && !r->ca_file && i < sizeof authorities / sizeof *authorities; i++)
        allow_if_there(s, SANDBOX_WORKER, SANDBOX_READ, authorities[i]);
}

struct sandbox *confine_new(const struct settings *s, const struct input_options *inputs, unsigned n_inputs,
                            const char *store_path)
{
    static const char *const of_worker[] = {
        "/etc/group", "/etc/nsswitch.conf",                        /* for the remedy of a file that it may not read */
        "/proc/self/uid_map", "/proc/sys/fs/protected_hardlinks"}; /* io/safe_open */
    const char *manager = getenv("NOTIFY_SOCKET");
    struct sandbox *box = sandbox_new();
    allow_host(box);
    allow_settings(box, s);
    allow_page(box, &s->http);
    allow_page(box, &s->probes);
    allow_prefix(box, SANDBOX_MAIN, SANDBOX_WRITE, store_path);
    allow_source_roots(box, &s->options);
    for (unsigned i = 0; i < n_inputs; i++)
        allow_input(box, &inputs[i]);
    for (size_t i = 0; i < sizeof of_worker / sizeof *of_worker; i++)
        allow_if_there(box, SANDBOX_WORKER, SANDBOX_READ, of_worker[i]);
    if (s->shared.url)
        allow_redis(box, &s->shared);
    for (unsigned i = 0; i < n_inputs; i++)
        if (input_traits[inputs[i].kind].asks)
            allow_redis(box, &inputs[i].redis.where);
    if (manager && *manager == '@')
        sandbox_abstract_sockets(box);
    return box;
}

/* ---- before ---- */

/* RTLD_NODELETE: it stays, also when the one who asks for it later lets go of it. */
static void load(const char *library)
{
    (void)!dlopen(library, RTLD_NOW | RTLD_NODELETE);
}

/* "hosts: files mdns4_minimal [NOTFOUND=return] dns", nsswitch.conf(5): each service is a library. */
static void load_services(struct slice line)
{
    struct slice rest = line, database = slice_trim(slice_split(&rest, ':'));
    if (!slice_is(database, "hosts") && !slice_is(database, "passwd") && !slice_is(database, "group") &&
        !slice_is(database, "services"))
        return;
    while (rest.p) {
        struct slice service = slice_trim(slice_split(&rest, ' '));
        if (service.n == 0 || service.n > 32 || !ascii_alnum(service.p[0]))
            continue;
        char *library = xasprintf("libnss_%.*s.so.2", SLICE_ARG(service));
        load(library);
        free(library);
    }
}

static void load_name_services(void)
{
    char line[512];
    FILE *f = fopen("/etc/nsswitch.conf", "re");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "#\n")] = '\0';
        for (char *tab = line; (tab = strchr(tab, '\t'));)
            *tab = ' ';
        load_services(slice_str(line));
    }
    if (f)
        fclose(f);
}

void confine_preload(const struct input_options *inputs, unsigned n_inputs)
{
    load_name_services();
    for (unsigned i = 0; i < n_inputs; i++)
        for (const char *const *name = input_traits[inputs[i].kind].libraries; name && *name; name++)
            load(*name);
}

/* ---- in force ---- */

void confine_say(const struct sandbox *s)
{
    unsigned abi = sandbox_landlock_abi();
    bool filters = sandbox_has_filters();
    if (!s) {
        log_warn("the sandbox is off: crumbd may open whatever its user may", log_c("remedy", "sandbox: on"));
        return;
    }
    const struct log_tag tags[] = {abi ? log_i("landlock", abi) : log_c("landlock", "none"),
                                   log_c("seccomp", filters ? "on" : "none"), log_c("see", "crumbd check --dump")};
    if (abi && filters)
        log_write(LOG_INFO, "the sandbox is in force", tags, 3);
    else
        log_write(LOG_WARN, "this kernel, or this build, has not all of the sandbox; crumbd runs without that part",
                  tags, 3);
}

static void say_failed(const char *what, enum sandbox_role role)
{
    log_error("a part of the sandbox is not in force", log_c("part", what), log_i("role", role),
              log_c("error", strerror(errno)));
}

void confine_files(const struct sandbox *s, enum sandbox_role role)
{
    if (s && sandbox_landlock_abi() && !sandbox_fence(s, role, 0))
        say_failed("landlock", role);
}

void confine_calls(const struct sandbox *s, enum sandbox_role role)
{
    if (s && sandbox_has_filters() && !sandbox_filter(s, role))
        say_failed("seccomp", role);
}
