/*
 * The grammar (Sentry's developer documentation, "Authentication", and what the servers take):
 *
 *     dsn    = scheme "://" public-key [ ":" secret ] "@" host [ ":" port ] prefix "/" project-id
 *     scheme = "http" | "https"
 *     prefix = everything between the host and the last slash of the path
 *
 * Relay wants a key of exactly 32 characters; GlitchTip shows it as a UUID with dashes, which are left out
 * here. A slash at the end, a query and a fragment are ignored. Control bytes and blanks are refused
 * everywhere: parts of the text go into header lines.
 */
#include "io/dsn.h"

#include <stdlib.h>

#include "base/sbuf.h"
#include "base/xalloc.h"

enum { DSN_BYTES_MAX = 2048, KEY_CHARS = 32, UUID_CHARS = 36 };

/* The DSN taken apart; slices of the text. */
struct parts {
    struct slice scheme, key, secret, host, port, prefix, project;
};

static const char example[] = "https://KEY@HOST/PROJECT";

static bool take_scheme(struct slice *s, struct parts *p, struct diag *d)
{
    ptrdiff_t end = slice_find(*s, SLICE("://"));
    if (end < 0)
        return err_plain(d, "the DSN has no scheme; it must look like %s", example);
    p->scheme = slice_sub(*s, 0, (size_t)end);
    *s = slice_from(*s, (size_t)end + 3);
    if (slice_ieq(p->scheme, SLICE("https")))
        p->scheme = SLICE("https");
    else if (slice_ieq(p->scheme, SLICE("http")))
        p->scheme = SLICE("http");
    else
        return err_plain(d, "the scheme of the DSN must be http or https");
    return true;
}

static bool key_ok(struct slice key)
{
    size_t n = 0;
    for (size_t i = 0; i < key.n; i++) {
        bool dash = key.n == UUID_CHARS && (i == 8 || i == 13 || i == 18 || i == 23);
        if (dash ? key.p[i] != '-' : !ascii_alnum(key.p[i]))
            return false;
        n += !dash;
    }
    return n == KEY_CHARS;
}

static bool take_keys(struct slice *s, struct parts *p, struct diag *d)
{
    /* User info stands only before the path: an @ further on belongs to the path. */
    struct slice authority = *s;
    for (size_t i = 0; i < s->n; i++)
        if (strchr("/?#", s->p[i])) {
            authority = slice_sub(*s, 0, i);
            break;
        }
    ptrdiff_t at = slice_rfind(authority, SLICE("@"));
    if (at < 0)
        return err_plain(d, "the DSN has no public key before the host; it must look like %s", example);
    p->secret = slice_sub(authority, 0, (size_t)at);
    p->key = slice_split(&p->secret, ':');
    *s = slice_from(*s, (size_t)at + 1);
    if (p->key.n == 0)
        return err_plain(d, "the public key of the DSN is empty");
    if (!key_ok(p->key))
        return err_plain(d,
                         "the public key of the DSN must be %d letters and digits, or a UUID; this one has "
                         "%zu characters%s",
                         KEY_CHARS, p->key.n,
                         p->key.n == KEY_CHARS || p->key.n == UUID_CHARS ? ", some of them others" : "");
    for (size_t i = 0; i < p->secret.n; i++)
        if (!ascii_alnum(p->secret.p[i]))
            return err_plain(d, "the secret of the DSN may only have letters and digits (new DSNs have none at all)");
    return true;
}

static bool host_char(char c, bool bracketed)
{
    return bracketed ? ascii_hex(c) || c == ':' || c == '.' : ascii_alnum(c) || c == '.' || c == '-' || c == '_';
}

static bool take_host(struct slice *s, struct parts *p, struct diag *d)
{
    size_t n = 0;
    bool bracketed = s->n && s->p[0] == '[';
    if (bracketed) {
        const char *end = slice_chr(*s, ']');
        if (!end)
            return err_plain(d, "the host of the DSN begins with [ but has no ]");
        n = (size_t)(end - s->p) + 1;
    } else {
        while (n < s->n && !strchr(":/?#", s->p[n]))
            n++;
    }
    p->host = slice_sub(*s, 0, n);
    *s = slice_from(*s, n);
    struct slice name = bracketed ? slice_sub(p->host, 1, n - 1) : p->host;
    if (name.n == 0)
        return err_plain(d, "the DSN has no host; it must look like %s", example);
    for (size_t i = 0; i < name.n; i++)
        if (!host_char(name.p[i], bracketed))
            return err_plain(d, "the host of the DSN has a character that no host has%s",
                             (unsigned char)name.p[i] >= 0x80 ? "; write an international name in its xn-- form" : "");
    if (bracketed && !slice_chr(name, ':'))
        return err_plain(d, "the host of the DSN is in brackets, but is no IPv6 address");
    return true;
}

static bool take_port(struct slice *s, struct parts *p, struct diag *d)
{
    if (!s->n || s->p[0] != ':')
        return true;
    size_t n = 1;
    while (n < s->n && !strchr("/?#", s->p[n]))
        n++;
    p->port = slice_sub(*s, 1, n);
    *s = slice_from(*s, n);
    uint64_t port;
    if (!slice_u64(p->port, &port) || port == 0 || port > 65535)
        return err_plain(d, "the port of the DSN must be a number from 1 to 65535");
    return true;
}

static bool take_path(struct slice s, struct parts *p, struct diag *d)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '?' || s.p[i] == '#')
            s = slice_sub(s, 0, i);
    while (s.n && s.p[s.n - 1] == '/')
        s.n--;
    ptrdiff_t slash = slice_rfind(s, SLICE("/"));
    if (slash < 0)
        return err_plain(d, "the DSN has no project number at its end; it must look like %s", example);
    p->prefix = slice_sub(s, 0, (size_t)slash);
    p->project = slice_from(s, (size_t)slash + 1);
    for (size_t i = 0; i < p->project.n; i++)
        if (!ascii_digit(p->project.p[i]))
            return err_plain(d, "the project at the end of the DSN must be a number");
    return true;
}

static char *key_without_dashes(struct slice key)
{
    struct sbuf b;
    sbuf_init(&b, KEY_CHARS);
    for (size_t i = 0; i < key.n; i++)
        if (key.p[i] != '-')
            sbuf_addc(&b, key.p[i]);
    char *text = slice_dup(sbuf_slice(&b));
    sbuf_done(&b);
    return text;
}

static char *url_of(const struct parts *p, const char *before_project, const char *end)
{
    struct sbuf b;
    sbuf_init(&b, DSN_BYTES_MAX + 64);
    sbuf_adds(&b, p->scheme);
    sbuf_adds(&b, SLICE("://"));
    sbuf_adds(&b, p->host);
    if (p->port.n)
        sbuf_addc(&b, ':');
    sbuf_adds(&b, p->port);
    sbuf_adds(&b, p->prefix);
    sbuf_adds(&b, slice_str(before_project));
    sbuf_adds(&b, p->project);
    sbuf_adds(&b, slice_str(end));
    char *text = slice_dup(sbuf_slice(&b));
    sbuf_done(&b);
    return text;
}

bool dsn_parse(struct dsn *out, struct slice text, struct diag *d)
{
    struct slice s = slice_trim(text);
    struct parts p = {0};
    if (s.n == 0)
        return err_plain(d, "the DSN is empty; it must look like %s", example);
    if (s.n > DSN_BYTES_MAX)
        return err_plain(d, "the DSN is longer than %d bytes", DSN_BYTES_MAX);
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f || s.p[i] == '"' || s.p[i] == '\\')
            return err_plain(d, "the DSN has a blank, a quote or a control character in it, at byte %zu", i + 1);
    if (!take_scheme(&s, &p, d) || !take_keys(&s, &p, d) || !take_host(&s, &p, d) || !take_port(&s, &p, d) ||
        !take_path(s, &p, d))
        return false;
    *out = (struct dsn){
        .public_key = key_without_dashes(p.key),
        .secret = p.secret.n ? slice_dup(p.secret) : NULL,
        .envelope_url = url_of(&p, "/api/", "/envelope/"),
        .shown = url_of(&p, "/", ""),
        .project_id = slice_dup(p.project),
    };
    return true;
}

void dsn_of_topic(struct dsn *out, const char *topic, struct slice broker)
{
    *out = (struct dsn){.envelope_url = xasprintf("kafka:%s", topic),
                        .shown = xasprintf("kafka topic %s at %.*s", topic, SLICE_ARG(broker))};
}

void dsn_done(struct dsn *d)
{
    free(d->public_key);
    free(d->secret);
    free(d->envelope_url);
    free(d->shown);
    free(d->project_id);
    *d = (struct dsn){0};
}

bool dsn_in_the_clear(const struct dsn *d)
{
    static const char *const local[] = {"localhost", "127.", "[::1]"};
    struct slice url = slice_str(d->envelope_url);
    if (!slice_istarts(url, SLICE("http://")))
        return false;
    for (unsigned i = 0; i < sizeof local / sizeof *local; i++)
        if (slice_istarts(slice_from(url, 7), slice_str(local[i])))
            return false;
    return true;
}
