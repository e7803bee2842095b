#include "tests/unit/net.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

/* ---- certificates, made anew for each test ---- */

struct identity {
    EVP_PKEY *key;
    X509 *cert;
};

static EVP_PKEY *make_key(void)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
    ck_assert_int_eq(EVP_PKEY_keygen_init(c), 1);
    ck_assert_int_eq(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(c, NID_X9_62_prime256v1), 1);
    ck_assert_int_eq(EVP_PKEY_keygen(c, &key), 1);
    EVP_PKEY_CTX_free(c);
    return key;
}

/* Signed by `ca`, or by itself as an authority when that is NULL. */
static struct identity make_identity(const char *name, const struct identity *ca)
{
    static long serial = 1;
    struct identity id = {make_key(), X509_new()};
    X509_set_version(id.cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(id.cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(id.cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(id.cert), 3600);
    X509_set_pubkey(id.cert, id.key);
    X509_NAME *subject = X509_get_subject_name(id.cert);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(id.cert, ca ? X509_get_subject_name(ca->cert) : subject);
    if (!ca) {
        X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
        X509_add_ext(id.cert, e, -1);
        X509_EXTENSION_free(e);
    }
    ck_assert_int_gt(X509_sign(id.cert, ca ? ca->key : id.key, EVP_sha256()), 0);
    return id;
}

static void identity_free(struct identity *id)
{
    EVP_PKEY_free(id->key);
    X509_free(id->cert);
}

static void write_cert(const char *path, const struct identity *id)
{
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    PEM_write_X509(f, id->cert);
    fclose(f);
}

static void write_key(const char *path, const struct identity *id)
{
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    PEM_write_PrivateKey(f, id->key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
}

/* A folder with cert.pem, key.pem and ca.pem for the input under test. */
struct pki {
    char dir[64];
    struct identity ca, other_ca, server, client, stranger;
};

static void pki_make(struct pki *p, struct net *t, bool ask_client)
{
    strcpy(p->dir, "/tmp/crumbd-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(p->dir));
    p->ca = make_identity("test CA", NULL);
    p->other_ca = make_identity("another CA", NULL);
    p->server = make_identity("localhost", &p->ca);
    p->client = make_identity("client", &p->ca);
    p->stranger = make_identity("stranger", &p->other_ca);
    t->opt.tls.cert = xasprintf("%s/cert.pem", p->dir);
    t->opt.tls.key = xasprintf("%s/key.pem", p->dir);
    char *ca = xasprintf("%s/ca.pem", p->dir);
    write_cert(t->opt.tls.cert, &p->server);
    write_key(t->opt.tls.key, &p->server);
    write_cert(ca, &p->ca);
    t->opt.tls.client_ca = ask_client ? ca : NULL;
    if (!ask_client) {
        unlink(ca);
        free(ca);
    }
}

static void pki_free(struct pki *p, struct net *t)
{
    char *files[] = {t->opt.tls.cert, t->opt.tls.key, t->opt.tls.client_ca};
    for (unsigned i = 0; i < 3; i++) {
        if (files[i])
            unlink(files[i]);
        free(files[i]);
    }
    rmdir(p->dir);
    identity_free(&p->ca);
    identity_free(&p->other_ca);
    identity_free(&p->server);
    identity_free(&p->client);
    identity_free(&p->stranger);
}

/* ---- a blocking client in a thread of its own ---- */

struct client {
    struct net *t;
    pthread_t thread;
    const struct identity *id; /* NULL: shows none */
    int version;               /* the newest it speaks; 0: any */
    struct slice before, text; /* before: in plain, before the handshake */
    char server[64];           /* CN of the server's certificate */
    bool handshake;
    atomic_bool done;
};

static void *client_main(void *u)
{
    struct client *c = u;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    int fd = net_connect(c->t, SOCK_STREAM);
    if (c->version) {
        SSL_CTX_set_security_level(ctx, 0);
        SSL_CTX_set_min_proto_version(ctx, c->version);
        SSL_CTX_set_max_proto_version(ctx, c->version);
    }
    if (c->id) {
        SSL_CTX_use_certificate(ctx, c->id->cert);
        SSL_CTX_use_PrivateKey(ctx, c->id->key);
    }
    if (c->before.n)
        net_send(fd, c->before);
    SSL *ssl = SSL_new(ctx);
    SSL_set_fd(ssl, fd);
    c->handshake = SSL_connect(ssl) == 1;
    if (c->handshake) {
        X509 *cert = SSL_get_peer_certificate(ssl);
        X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, c->server, sizeof c->server);
        X509_free(cert);
        /* Byte by byte at first, so that a message spans records. */
        for (size_t i = 0; i < c->text.n; i++)
            if (SSL_write(ssl, c->text.p + i, i < 16 ? 1 : (int)(c->text.n - i)) <= 0 || i >= 15)
                break;
        if (c->text.n > 16)
            SSL_write(ssl, c->text.p + 16, (int)(c->text.n - 16));
        SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    atomic_store(&c->done, true);
    return NULL;
}

static void client_run(struct client *c, struct net *t)
{
    c->t = t;
    atomic_store(&c->done, false);
    ck_assert_int_eq(pthread_create(&c->thread, NULL, client_main, c), 0);
    net_until(t, atomic_load(&c->done) && t->in->connections == 0);
    pthread_join(c->thread, NULL);
}

static const struct slice hello = {"<13>over TLS, one\n12 <14>two, too\n<15>the last has no end", 57};

START_TEST(without_client_certificates)
{
    struct net *t = net_new(INPUT_SYSLOG, INPUT_TLS);
    struct pki p;
    pki_make(&p, t, false);
    net_start(t);
    struct client c = {.text = hello}, old = {.text = hello, .version = TLS1_1_VERSION},
                  v12 = {.text = hello, .version = TLS1_2_VERSION};
    client_run(&c, t);
    ck_assert(c.handshake);
    ck_assert_uint_eq(t->n, 3);
    net_is(t, 0, "<13>over TLS, one");
    net_is(t, 1, "<14>two, too");
    net_is(t, 2, "<15>the last has no end");
    client_run(&v12, t);
    ck_assert_uint_eq(t->n, 6);
    client_run(&old, t);
    ck_assert(!old.handshake);
    ck_assert_uint_eq(t->n, 6);
    ck_assert_uint_eq(t->counts.v[COUNT_tls_errors], 1);
    pki_free(&p, t);
    net_free(t);
}
END_TEST

/* Records that wait for per_sender, in OpenSSL and in the kernel. */
START_TEST(an_end_hands_on_what_waits)
{
    struct net *t = net_new(INPUT_SYSLOG, INPUT_TLS);
    struct pki p;
    struct sbuf text;
    pki_make(&p, t, false);
    t->opt.per_sender = 5;
    net_start(t);
    sbuf_init(&text, 1 << 20);
    for (unsigned i = 0; i < 8000; i++)
        sbuf_adds(&text, SLICE("<13>over TLS, one of many\n"));
    struct client c = {.text = sbuf_slice(&text), .t = t};
    ck_assert_int_eq(pthread_create(&c.thread, NULL, client_main, &c), 0);
    net_until(t, atomic_load(&c.done));
    pthread_join(c.thread, NULL);
    ck_assert(c.handshake);
    ck_assert_uint_lt(t->n, 1000);
    net_drain(t);
    ck_assert_uint_eq(t->n, 8000);
    ck_assert_uint_eq(t->counts.v[COUNT_unread], 0);
    pki_free(&p, t);
    sbuf_done(&text);
    net_free(t);
}
END_TEST

START_TEST(client_certificates)
{
    struct net *t = net_new(INPUT_SYSLOG, INPUT_TLS);
    struct pki p;
    pki_make(&p, t, true);
    net_start(t);
    struct client good = {.text = hello, .id = &p.client}, wrong = {.text = hello, .id = &p.stranger},
                  none = {.text = hello};
    client_run(&good, t);
    ck_assert_uint_eq(t->n, 3);
    client_run(&wrong, t);
    client_run(&none, t);
    wrong.version = none.version = TLS1_2_VERSION;
    client_run(&wrong, t);
    client_run(&none, t);
    ck_assert(!wrong.handshake && !none.handshake);
    ck_assert_uint_eq(t->n, 3);
    ck_assert_uint_eq(t->counts.v[COUNT_tls_errors], 4);
    client_run(&good, t);
    ck_assert_uint_eq(t->n, 6);
    pki_free(&p, t);
    net_free(t);
}
END_TEST

START_TEST(reload)
{
    struct net *t = net_new(INPUT_SYSLOG, INPUT_TLS);
    struct pki p;
    t->clock_us = 1700000000000000;
    pki_make(&p, t, false);
    net_start(t);
    struct client c = {.text = hello};
    client_run(&c, t);
    ck_assert_str_eq(c.server, "localhost");
    struct identity renewed = make_identity("renewed", &p.ca);
    /* Half of the new pair: the old one stays in use. */
    unlink(t->opt.tls.cert);
    write_cert(t->opt.tls.cert, &renewed);
    t->clock_us += 2000000;
    client_run(&c, t);
    ck_assert(c.handshake);
    ck_assert_str_eq(c.server, "localhost");
    unlink(t->opt.tls.key);
    write_key(t->opt.tls.key, &renewed);
    t->clock_us += 2000000;
    client_run(&c, t);
    ck_assert_str_eq(c.server, "renewed");
    identity_free(&renewed);
    pki_free(&p, t);
    net_free(t);
}
END_TEST

START_TEST(no_tls_at_all)
{
    struct net *t = net_new(INPUT_SYSLOG, INPUT_TLS);
    struct pki p;
    pki_make(&p, t, false);
    t->opt.idle_timeout_us = 300000;
    net_start(t);
    int plain = net_connect(t, SOCK_STREAM), silent = net_connect(t, SOCK_STREAM), scan = net_connect(t, SOCK_STREAM);
    int http = net_connect(t, SOCK_STREAM);
    net_send(plain, SLICE("<13>a sender that was not told about TLS\n"));
    net_send(http, SLICE("GET / HTTP/1.1\r\n\r\n"));
    close(scan);
    net_until(t, t->counts.v[COUNT_tls_errors] == 2 && net_closed(silent));
    ck_assert_uint_eq(t->counts.v[COUNT_connections_idle], 1);
    ck_assert_uint_eq(t->n, 0);
    close(plain);
    close(silent);
    close(http);
    pki_free(&p, t);
    net_free(t);
}
END_TEST

START_TEST(proxy_before_tls)
{
    struct net *t = net_new(INPUT_SYSLOG, INPUT_TLS);
    struct pki p;
    pki_make(&p, t, false);
    t->opt.proxy_protocol = true;
    net_start(t);
    struct client c = {.text = hello, .before = SLICE("PROXY TCP4 203.0.113.9 127.0.0.1 1000 6514\r\n")};
    client_run(&c, t);
    ck_assert_uint_eq(t->n, 3);
    ck_assert_str_eq(t->msg[2].peer, "203.0.113.9");
    pki_free(&p, t);
    net_free(t);
}
END_TEST

static void refused(struct net *t, const char *part)
{
    err_done(&t->diag);
    ck_assert_ptr_null(input_type_of(INPUT_SYSLOG, INPUT_TLS)->start(t->base, &t->opt, &t->sink, &t->diag));
    ck_assert_msg(strstr(net_error(t), part), "got: %s", net_error(t));
}

START_TEST(bad_files)
{
    struct net *t = net_new(INPUT_SYSLOG, INPUT_TLS);
    struct pki p;
    pki_make(&p, t, true);
    write_key(t->opt.tls.key, &p.client);
    refused(t, "key.pem: key values mismatch");
    unlink(t->opt.tls.key);
    refused(t, "key.pem: No such file or directory; crumbd's user must be able to read it");
    write_key(t->opt.tls.key, &p.server);
    FILE *f = fopen(t->opt.tls.client_ca, "w");
    fputs("nothing of the kind\n", f);
    fclose(f);
    refused(t, "client_ca ");
    pki_free(&p, t);
    t->opt.tls.cert = NULL;
    refused(t, "cert is missing");
    net_free(t);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("tls");
    TCase *c = tcase_create("tls");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, without_client_certificates);
    tcase_add_test(c, an_end_hands_on_what_waits);
    tcase_add_test(c, client_certificates);
    tcase_add_test(c, reload);
    tcase_add_test(c, no_tls_at_all);
    tcase_add_test(c, proxy_before_tls);
    tcase_add_test(c, bad_files);
    suite_add_tcase(s, c);
    return unit_run(s);
}
