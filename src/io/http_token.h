/*
 * http_token: the one secret that opens the status page: given as `Authorization: Bearer TOKEN`, or once in a form and
 * then as a cookie.
 *
 * The cookie holds its end and an HMAC of that under the token, so it is no secret of ours in a browser's files, and a
 * new token makes all of them void. Everything is compared in constant time. A wrong guess costs its address a second,
 * during which no other token from there is looked at. No fd and no clock.
 */
#ifndef IO_HTTP_TOKEN_H
#define IO_HTTP_TOKEN_H

#include "io/peer.h"

enum { HTTP_TOKEN_MIN = 16, HTTP_COOKIE_MAX = 160, HTTP_COOKIE_S = 30 * 24 * 3600 };

enum http_token_is { HTTP_TOKEN_NONE, HTTP_TOKEN_RIGHT, HTTP_TOKEN_WRONG, HTTP_TOKEN_TOO_SOON };

struct http_token;

/* port: makes the cookie's name differ from that of another crumbd on this host; cookies know no ports. */
struct http_token *http_token_new(const char *token, uint16_t port);
void http_token_free(struct http_token *t);
/* A token as it was typed or sent. */
enum http_token_is http_token_check(struct http_token *t, struct slice given, const struct peer *from, int64_t now_us);
/* The headers of a request; each may be absent. A bearer's token goes before a cookie. */
enum http_token_is http_token_of(struct http_token *t, struct slice authorization, struct slice cookies,
                                 const struct peer *from, int64_t now_us);
/* The value of Set-Cookie. */
void http_token_cookie(const struct http_token *t, int64_t now_us, char out[HTTP_COOKIE_MAX]);
/* The member `name` of a form (application/x-www-form-urlencoded), decoded into out of n bytes; false: absent or too
 * long. */
bool http_form_value(struct slice form, const char *name, char *out, size_t n);

#endif
