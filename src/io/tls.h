/*
 * tls: the server side of TLS for one input: certificate, key, and the authority that client certificates
 * must come from.
 *
 * TLS 1.2 at least, no renegotiation, no session to resume (so that a client certificate is asked for every
 * time). When one of the files changes, later connections use the new one; if it cannot be used, the log says
 * so and the old one stays. One thread.
 */
#ifndef IO_TLS_H
#define IO_TLS_H

#include <openssl/ssl.h>

#include "io/input.h"

struct tls;

/* NULL and an entry in d that names the file and what is wrong with it. Keeps opt, which must outlive it. */
struct tls *tls_new(const struct input_options *opt, struct diag *d);
void tls_free(struct tls *t);
/* The server's half of a new connection, to be freed by the caller; looks for changed files at most once a
 * second. NULL: no memory. */
SSL *tls_accept(struct tls *t, int64_t now_us);
/* True when OpenSSL error `e` (ERR_get_error) means that the peer did not speak TLS at all. */
bool tls_not_tls(unsigned long e);
/* True when it means that the peer just closed. */
bool tls_gone(unsigned long e);
const char *tls_version(void);

#endif
