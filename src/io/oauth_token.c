#include "io/oauth_token.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "base/utf8.h"
#include "base/xalloc.h"
#include "io/http_client.h"
#include "text/json.h"

enum { REQUEST_BYTES = 64 << 10, WORDS_MAX = 160 };

/* --- the answer --- */

static bool oauth_is_of_token(char b)
{
    return b > ' ' && b < 0x7f;
}

static struct slice text_of(const struct json_node *map, const char *key)
{
    const struct json_node *n = json_get(map, key);
    return n && n->type == JSON_STRING ? n->text : SLICE_NONE;
}

static int64_t lasts(const struct json_node *map)
{
    const struct json_node *n = json_get(map, "expires_in");
    uint64_t s;
    if (!n || !slice_u64(n->text, &s)) /* some servers write the number as a string */
        return OAUTH_LASTS_S;
    return s < OAUTH_LASTS_MOST_S ? (int64_t)s : OAUTH_LASTS_MOST_S;
}

bool oauth_token_read(struct slice body, struct arena *a, struct oauth_token *out, const char **why)
{
    const struct json_node *map = json_tree(a, body);
    bool object = map && map->type == JSON_MAP;
    struct slice text = object ? text_of(map, "access_token") : SLICE_NONE;
    struct slice type = object ? text_of(map, "token_type") : SLICE_NONE;
    *out = (struct oauth_token){0};
    if (!text.n)
        *why = "there is no access_token in its answer";
    else if (slice_span(text, oauth_is_of_token) != text.n)
        *why = "the access_token in its answer has bytes that no token has";
    else if (type.n && !slice_ieq(type, SLICE("Bearer")))
        *why = "its token_type is not Bearer";
    else
        *out = (struct oauth_token){.text = arena_cstr(a, text), .lasts_s = lasts(map)};
    return out->text != NULL;
}

/* --- the request --- */

/* application/x-www-form-urlencoded */
static void put_form(struct slice v, struct sbuf *out)
{
    for (size_t i = 0; i < v.n; i++) {
        unsigned char b = (unsigned char)v.p[i];
        if (ascii_alnum(v.p[i]) || (b && strchr("-._*", b)))
            sbuf_addc(out, v.p[i]);
        else
            sbuf_addf(out, b == ' ' ? "+" : "%%%02X", b);
    }
}

static void put_login(const char *id, struct slice secret, struct sbuf *out)
{
    struct sbuf plain;
    sbuf_init(&plain, REQUEST_BYTES / 4);
    put_form(slice_str(id), &plain);
    sbuf_addc(&plain, ':');
    put_form(secret, &plain);
    sbuf_adds(out, SLICE("Authorization: Basic "));
    char *room = sbuf_room(out, plain.n * 4 / 3 + 8);
    if (room && !plain.over)
        out->n += (size_t)EVP_EncodeBlock((unsigned char *)room, (const unsigned char *)plain.p, (int)plain.n);
    out->over |= plain.over;
    sbuf_done(&plain);
}

struct asked {
    struct slice secret;
    struct arena *arena;
    struct oauth_token *out;
    char *why;
    size_t room;
};

/* "invalid_client: what it says of that" */
static void tell_refusal(const struct asked *q, const struct http_client_answer *answer)
{
    const struct json_node *map = json_tree(q->arena, answer->body);
    bool object = map && map->type == JSON_MAP;
    struct slice name = object ? text_of(map, "error") : SLICE_NONE;
    struct slice words = object ? text_of(map, "error_description") : SLICE_NONE;
    struct sbuf said;
    sbuf_init(&said, 4 * WORDS_MAX);
    if (slice_find(answer->body, q->secret) < 0) {
        utf8_clean(&said, slice_sub(name, 0, WORDS_MAX));
        if (words.n)
            sbuf_adds(&said, SLICE(": "));
        utf8_clean(&said, slice_sub(words, 0, WORDS_MAX));
    }
    snprintf(q->why, q->room, "it answers %u%s%.*s", answer->status, said.n ? ", " : "", SLICE_ARG(sbuf_slice(&said)));
    sbuf_done(&said);
}

static void oauth_on_answer(void *u, const struct http_client_answer *answer)
{
    struct asked *q = u;
    const char *why = NULL;
    if (!answer->status)
        snprintf(q->why, q->room, "%s", answer->error);
    else if (answer->status != 200)
        tell_refusal(q, answer);
    else if (!oauth_token_read(answer->body, q->arena, q->out, &why))
        snprintf(q->why, q->room, "%s", why);
}

bool oauth_token_fetch(const struct oauth_options *opt, struct slice secret, bool (*gave_up)(void *u), void *u,
                       struct arena *a, struct oauth_token *out, char *why, size_t room)
{
    const struct http_client_options http = {.ca_file = opt->ca,
                                             .answer_bytes = OAUTH_ANSWER_BYTES,
                                             .total_s = OAUTH_WAIT_S,
                                             .gave_up = gave_up,
                                             .gave_up_u = u};
    struct asked q = {.secret = secret, .arena = a, .out = out, .why = why, .room = room};
    struct sbuf login, body;
    *out = (struct oauth_token){0};
    sbuf_init(&login, REQUEST_BYTES);
    sbuf_init(&body, REQUEST_BYTES);
    put_login(opt->client_id, secret, &login);
    sbuf_adds(&body, SLICE("grant_type=client_credentials"));
    if (opt->scope)
        sbuf_adds(&body, SLICE("&scope="));
    put_form(slice_str(opt->scope ? opt->scope : ""), &body);
    const char *const headers[] = {sbuf_cstr(&login), "Content-Type: application/x-www-form-urlencoded",
                                   "Accept: application/json", NULL};
    struct http_client_target *target = http_client_target_new(opt->url, headers, &http);
    if (login.over || body.over)
        snprintf(why, room, "the secret is too long");
    else
        http_client_once(target, &body, oauth_on_answer, &q);
    http_client_target_free(target);
    sbuf_done(&login);
    sbuf_done(&body);
    return out->text != NULL;
}

struct slice oauth_url_shown(const char *url)
{
    return slice_sub(slice_str(url), 0, strcspn(url, "?#"));
}
