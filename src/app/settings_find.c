/* settings, zero configuration: what this host logs, and where to listen. */
#include <stdlib.h>
#include <sys/stat.h>

#include "app/settings_parts.h"
#include "base/xalloc.h"
#include "io/in_tail.h"

static const struct known {
    const char *pattern;
    enum format format;
    bool beside; /* logins, which the syslog file of Debian and of Red Hat leaves to a file of their own */
} known[] = {
    {"/var/log/nginx/*error.log", FORMAT_NGINX_ERROR, false},
    {"/var/log/nginx/*access.log", FORMAT_NGINX_ACCESS, false},
    {"/var/log/php*-fpm.log", FORMAT_AUTO, false},
    {"/var/log/php-fpm/*.log", FORMAT_AUTO, false},
    {"/var/log/postgresql/*.log", FORMAT_AUTO, false},
    {"/var/lib/pgsql/data/log/*.log", FORMAT_AUTO, false},
    {"/var/log/mysql/*error.log", FORMAT_AUTO, false},
    {"/var/log/mysqld.log", FORMAT_AUTO, false},
    {"/var/log/mariadb/*.log", FORMAT_AUTO, false},
    {"/var/log/redis/*.log", FORMAT_AUTO, false},
    {"/var/log/apache2/*error.log", FORMAT_AUTO, false},
    {"/var/log/httpd/*error_log", FORMAT_AUTO, false},
    /* Links to /var/log/pods, or to Docker's files where Docker runs the pods: these are then read once. */
    {"/var/log/containers/*.log", FORMAT_AUTO, false},
    {"/var/lib/docker/containers/*/*-json.log", FORMAT_DOCKER, false},
    {"/var/log/syslog", FORMAT_SYSLOG, false},
    {"/var/log/messages", FORMAT_SYSLOG, false},
    {"/var/log/auth.log", FORMAT_SYSLOG, true},
    {"/var/log/secure", FORMAT_SYSLOG, true},
};

enum { KNOWN = sizeof known / sizeof *known };

static bool is_kind(const char *path, mode_t kind)
{
    struct stat st;
    return stat(path, &st) == 0 && (st.st_mode & S_IFMT) == kind;
}

void settings_each_place(void (*f)(void *u, const char *pattern), void *u)
{
    for (unsigned i = 0; i < KNOWN; i++)
        f(u, known[i].pattern);
}

static struct input_options *add(struct settings *s)
{
    struct input_options *o = &s->inputs[s->n_inputs++];
    settings_input_defaults(s, o);
    return o;
}

static bool built_in(enum input_kind kind, enum input_transport transport)
{
    return input_type_of(kind, transport) != NULL;
}

/* Where others send to: on loopback, or where a variable says so (GTSA's, and one of its kind for syslog). */
static const struct listener {
    enum input_kind kind;
    enum input_transport transport;
    const char *scheme, *variable, *usual;
} listeners[] = {
    {INPUT_SYSLOG, INPUT_UDP, "udp", "SYSLOG_ADDR", "127.0.0.1:5514"},
    {INPUT_SYSLOG, INPUT_TCP, "tcp", "SYSLOG_ADDR", "127.0.0.1:5514"},
    {INPUT_GELF, INPUT_UDP, "udp", "UDP_ADDR", "127.0.0.1:12201"},
    {INPUT_GELF, INPUT_TCP, "tcp", "TCP_ADDR", "127.0.0.1:12201"},
};

enum { LISTENERS = sizeof listeners / sizeof *listeners };

/* Go's ":12201" is every address. */
static bool add_listener(struct settings *s, const struct listener *l, struct diag *d)
{
    const char *set = getenv(l->variable), *why;
    set = set && *set ? set : NULL;
    if (!built_in(l->kind, l->transport))
        return true;
    char *text = xasprintf("%s://%s%s", l->scheme, set && *set == ':' ? "0.0.0.0" : "", set ? set : l->usual);
    bool ok = settings_input_address(add(s), l->kind, slice_str(text), &s->arena, &why);
    free(text);
    return ok || err_plain(d, "%s=%s is no address to listen on: %s", l->variable, set, why);
}

/* It holds what the journal holds. */
static bool is_syslog(const struct known *k)
{
    return k->format == FORMAT_SYSLOG && !k->beside;
}

static bool is_there(const char *root, const struct known *k)
{
    char *pattern = xasprintf("%s%s", root, k->pattern);
    /* The official nginx image links its logs to /dev/stderr: such a pattern has nothing to follow. */
    bool found = tail_finds_any(pattern);
    free(pattern);
    return found;
}

static void add_file(struct settings *s, const char *root, const struct known *k)
{
    char *pattern = xasprintf("%s%s", root, k->pattern);
    struct input_options *o = add(s);
    o->kind = INPUT_TAIL;
    o->format = k->format;
    o->text = arena_cstr(&s->arena, slice_str(pattern));
    free(pattern);
}

static const char *const journals[] = {"/run/log/journal", "/var/log/journal"};
enum { JOURNALS = sizeof journals / sizeof *journals };

static char *path_below(struct settings *s, const char *root, const char *path)
{
    char *text = xasprintf("%s%s", root, path), *own = arena_cstr(&s->arena, slice_str(text));
    free(text);
    return own;
}

/* Whichever comes first of the journal and a syslog file. */
static char **holding_the_same(struct settings *s, const char *root, enum input_kind kind)
{
    char **paths = arena_calloc(&s->arena, KNOWN + JOURNALS + 1, sizeof *paths);
    unsigned n = 0;
    for (unsigned i = 0; kind == INPUT_TAIL && i < JOURNALS; i++)
        paths[n++] = path_below(s, root, journals[i]);
    for (unsigned i = 0; kind == INPUT_JOURNAL && i < KNOWN; i++)
        if (is_syslog(&known[i]))
            paths[n++] = path_below(s, root, known[i].pattern);
    return paths;
}

static void add_journal(struct settings *s)
{
    struct input_options *o = add(s);
    o->kind = INPUT_JOURNAL;
    o->text = arena_cstr(&s->arena, SLICE("all"));
}

static void await_last(struct settings *s, const char *root, bool as_syslog)
{
    struct input_options *o = &s->inputs[s->n_inputs - 1];
    o->awaited = true;
    o->unless = as_syslog ? holding_the_same(s, root, o->kind) : NULL;
}

/* Behind all others, and not among them. has_journal: what a file would have of syslog, logins included, is read. */
static void add_awaited(struct settings *s, const char *root, const bool *there, bool has_syslog, bool has_journal)
{
    unsigned before = s->n_inputs;
    for (unsigned i = 0; i < KNOWN && built_in(INPUT_TAIL, INPUT_UDP); i++) {
        bool as_syslog = known[i].format == FORMAT_SYSLOG;
        if (there[i] || (has_syslog && is_syslog(&known[i])) || (has_journal && as_syslog))
            continue;
        add_file(s, root, &known[i]);
        await_last(s, root, as_syslog && !has_syslog);
    }
    if (!has_syslog && !has_journal && built_in(INPUT_JOURNAL, INPUT_UDP)) {
        add_journal(s);
        await_last(s, root, true);
    }
    s->n_awaited = s->n_inputs - before;
    s->n_inputs = before;
}

static bool has_journal(const char *root)
{
    bool found = false;
    for (unsigned i = 0; i < JOURNALS && !found; i++) {
        char *path = xasprintf("%s%s", root, journals[i]);
        found = is_kind(path, S_IFDIR);
        free(path);
    }
    return found;
}

bool settings_find_inputs(struct settings *s, const char *root, struct diag *d)
{
    bool has_syslog = false, there[KNOWN] = {false};
    s->inputs = arena_calloc(&s->arena, KNOWN + LISTENERS + 1, sizeof *s->inputs);
    s->n_inputs = 0;
    s->inputs_found = true;
    for (unsigned i = 0; i < KNOWN && built_in(INPUT_TAIL, INPUT_UDP); i++) {
        there[i] = is_there(root, &known[i]);
        has_syslog |= there[i] && is_syslog(&known[i]);
    }
    /* A syslog file holds what the journal holds: reading both would tell everything twice. */
    bool journal = !has_syslog && built_in(INPUT_JOURNAL, INPUT_UDP) && has_journal(root);
    for (unsigned i = 0; i < KNOWN; i++)
        if (there[i] && !(known[i].beside && journal))
            add_file(s, root, &known[i]);
    if (journal)
        add_journal(s);
    bool ok = true;
    for (unsigned i = 0; i < LISTENERS; i++)
        ok &= add_listener(s, &listeners[i], d);
    add_awaited(s, root, there, has_syslog, journal);
    return ok;
}
