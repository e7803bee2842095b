#include "io/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"

enum { LOOK_EVERY_US = 1000000 };

/* Values that tell that a file was replaced or rewritten. */
struct stamp_of_file {
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec mtime;
};

struct stamps {
    struct stamp_of_file cert, key, client_ca;
};

struct tls {
    const struct input_options *opt;
    SSL_CTX *ctx;
    struct stamps stamps;
    int64_t looked_us;
};

static const char *key_file(const struct input_options *opt)
{
    return opt->tls.key ? opt->tls.key : opt->tls.cert;
}

/* Fills in zeros when there is no such file, by memset, so that two stamps can be compared whole. */
static void stamp_file(struct stamp_of_file *s, const char *path)
{
    struct stat st;
    if (!path || stat(path, &st) != 0)
        return;
    s->dev = st.st_dev;
    s->ino = st.st_ino;
    s->size = st.st_size;
    s->mtime = st.st_mtim;
}

static void stamp_files(struct stamps *s, const struct input_options *opt)
{
    memset(s, 0, sizeof *s);
    stamp_file(&s->cert, opt->tls.cert);
    stamp_file(&s->key, key_file(opt));
    stamp_file(&s->client_ca, opt->tls.client_ca);
}

/* OpenSSL asks for a passphrase, and gets none: there is no terminal. */
static int tls_no_passphrase(char *buf, int size, int writing, void *u)
{
    (void)buf, (void)size, (void)writing, (void)u;
    return 0;
}

static bool refuse(struct diag *d, const struct input_options *opt, const char *what, const char *file)
{
    char why[256];
    unsigned long e = ERR_peek_last_error();
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        snprintf(why, sizeof why, "%s; crumbd's user must be able to read it", strerror(errno));
    } else {
        const char *reason = ERR_reason_error_string(e);
        snprintf(why, sizeof why, "%s", reason ? reason : "not usable");
        close(fd);
    }
    ERR_clear_error();
    err_add(d, ERR_ERROR, opt->place, "tls of %s: %s %s: %s", opt->text, what, file, why);
    return false;
}

static bool load_files(SSL_CTX *ctx, const struct input_options *opt, struct diag *d)
{
    if (!opt->tls.cert) {
        err_add(d, ERR_ERROR, opt->place, "tls of %s: cert is missing; write tls: {cert: FILE.pem, key: FILE.pem}",
                opt->text);
        return false;
    }
    if (SSL_CTX_use_certificate_chain_file(ctx, opt->tls.cert) != 1)
        return refuse(d, opt, "certificate", opt->tls.cert);
    /* This also finds a key that belongs to another certificate. */
    if (SSL_CTX_use_PrivateKey_file(ctx, key_file(opt), SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ctx) != 1)
        return refuse(d, opt, "key", key_file(opt));
    if (!opt->tls.client_ca)
        return true;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(opt->tls.client_ca);
    if (!names || SSL_CTX_load_verify_locations(ctx, opt->tls.client_ca, NULL) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return refuse(d, opt, "client_ca", opt->tls.client_ca);
    }
    SSL_CTX_set_client_CA_list(ctx, names);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return true;
}

static SSL_CTX *context(const struct input_options *opt, struct diag *d)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx) {
        err_add(d, ERR_ERROR, opt->place, "tls of %s: no memory", opt->text);
        return NULL;
    }
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
    /* An idle connection gives its 32 KiB of buffers back. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    /* TLS 1.2: forward secrecy and authenticated encryption only; 1.3 has nothing else. */
    SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20");
    SSL_CTX_set_default_passwd_cb(ctx, tls_no_passphrase);
    ERR_clear_error();
    if (load_files(ctx, opt, d))
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

struct tls *tls_new(const struct input_options *opt, struct diag *d)
{
    struct tls *t = xcalloc(1, sizeof *t);
    t->opt = opt;
    stamp_files(&t->stamps, opt);
    t->ctx = context(opt, d);
    if (t->ctx)
        return t;
    free(t);
    return NULL;
}

void tls_free(struct tls *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->ctx);
    free(t);
}

static void reload(struct tls *t)
{
    struct diag d = {0};
    SSL_CTX *fresh = context(t->opt, &d);
    if (fresh) {
        SSL_CTX_free(t->ctx);
        t->ctx = fresh;
        log_at(LOG_INFO, "certificate read anew", log_c("input", t->opt->text), log_c("cert", t->opt->tls.cert));
    } else {
        log_at(LOG_ERROR, "the changed certificate cannot be used, the old one stays", log_c("input", t->opt->text),
               log_c("error", d.n ? d.v[0].text : ""));
    }
    err_done(&d);
}

SSL *tls_accept(struct tls *t, int64_t now_us)
{
    if (now_us - t->looked_us >= LOOK_EVERY_US || now_us < t->looked_us) {
        struct stamps now;
        stamp_files(&now, t->opt);
        t->looked_us = now_us;
        /* A pair is replaced one file after the other: what fails now is tried again when the other has
         * changed, too. */
        if (memcmp(&now, &t->stamps, sizeof now) != 0) {
            t->stamps = now;
            reload(t);
        }
    }
    return SSL_new(t->ctx);
}

bool tls_not_tls(unsigned long e)
{
    switch (ERR_GET_LIB(e) == ERR_LIB_SSL ? ERR_GET_REASON(e) : 0) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_UNEXPECTED_MESSAGE:
        return true;
    default:
        return false;
    }
}

bool tls_gone(unsigned long e)
{
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING /* since OpenSSL 3 */
    return ERR_GET_LIB(e) == ERR_LIB_SSL && ERR_GET_REASON(e) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
#else
    (void)e;
    return false;
#endif
}

const char *tls_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}
