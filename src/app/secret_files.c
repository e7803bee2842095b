#include "app/secret_files.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/xalloc.h"

/* Every folder on the way lets others through. */
static bool others_reach(const char *path)
{
    char *way = xstrdup(path);
    bool open = true;
    for (char *slash = strrchr(way, '/'); slash && slash > way && open; slash = strrchr(way, '/')) {
        struct stat st;
        *slash = '\0';
        open = stat(way, &st) == 0 && (st.st_mode & S_IXOTH);
    }
    free(way);
    return open;
}

void secret_file_check(const char *what, const char *path, struct diag *d)
{
    struct stat st;
    if (!path || stat(path, &st) != 0 || !S_ISREG(st.st_mode) || !(st.st_mode & (S_IROTH | S_IWOTH)) ||
        !others_reach(path))
        return;
    err_add(d, ERR_WARNING, (struct err_place){.file = path}, "%s: mode %04o lets others %s it; do: chmod o-rwx %s",
            what, (unsigned)(st.st_mode & 07777), st.st_mode & S_IWOTH ? "change" : "read", path);
}

static void check_store(const char *path, struct diag *d)
{
    static const char *const parts[] = {"", "-wal"};
    for (unsigned i = 0; path && i < sizeof parts / sizeof *parts; i++) {
        char *part = xasprintf("%s%s", path, parts[i]);
        secret_file_check("the store", part, d);
        free(part);
    }
}

static void check_redis(const struct settings *s, const struct redis_where *r, struct diag *d)
{
    secret_file_check("password_file", r->password_file, d);
    if (r->at.password && !r->password_file)
        secret_file_check("it holds the password of a Redis", s->path, d);
}

void secret_files_check(const struct settings *s, struct diag *d)
{
    if (s->sentry.dsn || s->sentry.n_projects)
        secret_file_check("it holds a DSN", s->path, d);
    secret_file_check("sentry.dsn_file", s->sentry.dsn_file, d);
    secret_file_check("http_token_file", s->http_token_file, d);
    secret_file_check("forward.kafka.tls.key", s->forward.kafka.tls.key, d);
    secret_file_check("forward.kafka.sasl.password_file", s->forward.kafka.sasl.password_file, d);
    for (unsigned i = 0; i < s->n_inputs; i++) {
        const struct input_options *in = &s->inputs[i];
        secret_file_check("the key of tls", in->tls.key ? in->tls.key : in->tls.cert, d);
        secret_file_check("kafka.tls.key", in->kafka.tls.key, d);
        secret_file_check("kafka.sasl.password_file", in->kafka.sasl.password_file, d);
        secret_file_check("kafka.sasl.client_secret_file", in->kafka.sasl.oauth.secret_file, d);
    }
    for (unsigned i = 0; i < s->n_notify; i++)
        for (unsigned k = 0; k < s->notify[i].n_secrets; k++)
            secret_file_check("a secret of notify", s->notify[i].secrets[k].path, d);
    for (unsigned i = 0; i < s->n_inputs; i++)
        check_redis(s, &s->inputs[i].redis.where, d);
    check_redis(s, &s->shared, d);
    check_store(s->store, d);
}
