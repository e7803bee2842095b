/*
 * oauth_token: a token of an authorization server, by the client credentials grant (RFC 6749, section 4.4).
 *
 * The request is a form, with client id and secret as a Basic login (section 2.3.1); the answer is an object in JSON
 * (section 5.1), or an error with its name (section 5.2). Whatever answers may be anybody: of its body
 * OAUTH_ANSWER_BYTES are kept, a token is printable ASCII without blanks, and what it says of an error is cleaned, cut,
 * and left out where the secret is in it. Waits for the answer, up to OAUTH_WAIT_S: for a thread that may.
 */
#ifndef IO_OAUTH_TOKEN_H
#define IO_OAUTH_TOKEN_H

#include "base/arena.h"

enum { OAUTH_ANSWER_BYTES = 64 << 10, OAUTH_WAIT_S = 20, OAUTH_LASTS_S = 300, OAUTH_LASTS_MOST_S = 30 * 24 * 3600 };

struct oauth_options {
    char *url, *client_id, *secret_file;
    char *scope; /* NULL: what the server gives without being asked */
    char *ca;    /* path; NULL: the system's authorities */
};

struct oauth_token {
    const char *text;
    int64_t lasts_s; /* from now on; OAUTH_LASTS_S where the server does not say */
};

/* The answer of a server as a token, which lives in the arena. False: it is none, and *why, a fixed text. */
bool oauth_token_read(struct slice body, struct arena *a, struct oauth_token *out, const char **why);
/* Asks for one. secret: what stands in the file. gave_up is asked about once a second whether nobody waits any more.
 * False, and why. */
bool oauth_token_fetch(const struct oauth_options *opt, struct slice secret, bool (*gave_up)(void *u), void *u,
                       struct arena *a, struct oauth_token *out, char *why, size_t room);
/* The URL without what may be secret in it. */
struct slice oauth_url_shown(const char *url);

#endif
