#include "io/http_token.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"

enum { MAC_BYTES = 32, GUESSES_A_SECOND = 1 };

struct http_token {
    char *text;
    uint16_t port;
    struct rates *guesses;
};

struct http_token *http_token_new(const char *token, uint16_t port)
{
    struct http_token *t = xcalloc(1, sizeof *t);
    *t = (struct http_token){.text = xstrdup(token), .port = port, .guesses = rates_new(GUESSES_A_SECOND)};
    return t;
}

void http_token_free(struct http_token *t)
{
    if (!t)
        return;
    OPENSSL_cleanse(t->text, strlen(t->text));
    free(t->text);
    rates_free(t->guesses);
    free(t);
}

static void mac(const struct http_token *t, struct slice of, unsigned char out[MAC_BYTES])
{
    unsigned n = 0;
    unsigned char *done =
        HMAC(EVP_sha256(), t->text, (int)strlen(t->text), (const unsigned char *)(of.p ? of.p : ""), of.n, out, &n);
    assert(done && n == MAC_BYTES);
}

/* Compares the codes of both texts, so that the time it takes shows neither the length nor the beginning of the
   token. */
static bool same(const struct http_token *t, struct slice a, struct slice b)
{
    unsigned char code_a[MAC_BYTES], code_b[MAC_BYTES];
    mac(t, a, code_a);
    mac(t, b, code_b);
    return CRYPTO_memcmp(code_a, code_b, MAC_BYTES) == 0;
}

enum http_token_is http_token_check(struct http_token *t, struct slice given, const struct peer *from, int64_t now_us)
{
    if (rates_wait(t->guesses, from, now_us) > 0)
        return HTTP_TOKEN_TOO_SOON;
    if (same(t, given, slice_str(t->text)))
        return HTTP_TOKEN_RIGHT;
    rates_take(t->guesses, from, now_us);
    return HTTP_TOKEN_WRONG;
}

/* ---- the cookie: crumbd_PORT=END.CODE ---- */

static int print_name(const struct http_token *t, char *out, size_t n)
{
    return snprintf(out, n, "crumbd_%u=", t->port);
}

static void print_code(const struct http_token *t, struct slice end, char out[2 * MAC_BYTES + 1])
{
    unsigned char code[MAC_BYTES];
    char text[64];
    snprintf(text, sizeof text, "cookie until %.*s", SLICE_ARG(slice_sub(end, 0, 20)));
    mac(t, slice_str(text), code);
    for (int i = 0; i < MAC_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", code[i]);
}

void http_token_cookie(const struct http_token *t, int64_t now_us, char out[HTTP_COOKIE_MAX])
{
    char name[32], end[24], code[2 * MAC_BYTES + 1];
    print_name(t, name, sizeof name);
    snprintf(end, sizeof end, "%" PRId64, now_us / 1000000 + HTTP_COOKIE_S);
    print_code(t, slice_str(end), code);
    int n = snprintf(out, HTTP_COOKIE_MAX, "%s%s.%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict", name, end, code,
                     HTTP_COOKIE_S);
    assert(n > 0 && n < HTTP_COOKIE_MAX);
}

static bool cookie_holds(const struct http_token *t, struct slice value, int64_t now_us)
{
    uint64_t until_s;
    char code[2 * MAC_BYTES + 1];
    struct slice rest = value, end = slice_split(&rest, '.');
    if (end.n > 18 || !slice_u64(end, &until_s) || (int64_t)until_s <= now_us / 1000000)
        return false;
    print_code(t, end, code);
    return rest.n == 2 * MAC_BYTES && CRYPTO_memcmp(code, rest.p, rest.n) == 0;
}

/* Looks at a few cookies: a browser also sends those that other servers of this name have set. */
static bool cookies_hold(const struct http_token *t, struct slice cookies, int64_t now_us)
{
    enum { LOOKED_AT_MAX = 32 };
    char name[32];
    size_t n = (size_t)print_name(t, name, sizeof name);
    for (unsigned i = 0; cookies.n && i < LOOKED_AT_MAX; i++) {
        struct slice one = slice_trim(slice_split(&cookies, ';'));
        if (slice_starts(one, slice_of(name, n)) && cookie_holds(t, slice_from(one, n), now_us))
            return true;
    }
    return false;
}

enum http_token_is http_token_of(struct http_token *t, struct slice authorization, struct slice cookies,
                                 const struct peer *from, int64_t now_us)
{
    const struct slice scheme = SLICE("Bearer ");
    if (slice_istarts(authorization, scheme))
        return http_token_check(t, slice_trim(slice_from(authorization, scheme.n)), from, now_us);
    return cookies_hold(t, cookies, now_us) ? HTTP_TOKEN_RIGHT : HTTP_TOKEN_NONE;
}

/* ---- the form ---- */

static bool decode(struct slice s, char *out, size_t n)
{
    size_t used = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i] == '+' ? ' ' : s.p[i];
        if (c == '%' && i + 2 < s.n && ascii_hex(s.p[i + 1]) && ascii_hex(s.p[i + 2])) {
            c = (char)(ascii_hex_value(s.p[i + 1]) * 16 + ascii_hex_value(s.p[i + 2]));
            i += 2;
        }
        if (used + 1 >= n)
            return false;
        out[used++] = c;
    }
    out[used] = '\0';
    return true;
}

bool http_form_value(struct slice form, const char *name, char *out, size_t n)
{
    while (form.n) {
        struct slice value = slice_split(&form, '&'), key = slice_split(&value, '=');
        if (slice_is(key, name))
            return decode(value, out, n);
    }
    return false;
}
