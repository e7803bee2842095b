/* kafka_client_token. See kafka_client_token.h. */
#include "config.h"

#ifdef HAVE_RDKAFKA

#include "io/kafka_client_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "io/clock.h"

/* librdkafka's words for it, and those by which its answer to ask_another is known. */
static const char no_token[] = "Failed to acquire SASL OAUTHBEARER token: ";
static const char another[] = "another one is asked for, since a broker refused the last";

enum { TOKEN_WHY_MAX = 480, TOKEN_AGAIN_MS = 60000 };

static bool fetch(const struct kafka_client_token *t, struct arena *a, struct oauth_token *token, char *why)
{
    struct diag d = {0};
    char *secret = kafka_conf_secret(t->opt->secret_file, (struct err_place){0}, &d);
    bool ok = secret && oauth_token_fetch(t->opt, slice_str(secret), t->gave_up, t->u, a, token, why, TOKEN_WHY_MAX);
    if (!secret)
        snprintf(why, TOKEN_WHY_MAX, "%s", d.n ? d.v[0].text : "its secret cannot be read");
    free(secret);
    err_done(&d);
    return ok;
}

void kafka_client_token_fetch(struct kafka_client_token *t, rd_kafka_t *rk)
{
    char why[TOKEN_WHY_MAX], whole[2 * TOKEN_WHY_MAX];
    struct arena a = {0};
    struct oauth_token token;
    struct slice url = oauth_url_shown(t->opt->url);
    bool ok = fetch(t, &a, &token, why);
    if (ok)
        ok = rd_kafka_oauthbearer_set_token(rk, token.text, clock_wall_us() / 1000 + token.lasts_s * 1000,
                                            t->opt->client_id, NULL, 0, why, sizeof why) == RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!ok) {
        snprintf(whole, sizeof whole, "%.*s gave none: %s", SLICE_ARG(slice_sub(url, 0, TOKEN_WHY_MAX)), why);
        rd_kafka_oauthbearer_set_token_failure(rk, whole);
    }
    arena_done(&a);
}

/* To call it a failure is the one way to have librdkafka ask, after ten seconds; each call puts that off. It is told of
   the failure, too. */
static void ask_another(struct kafka_client_token *t, rd_kafka_t *rk)
{
    int64_t now_ms = clock_mono_ms();
    if (t->refused_ms && now_ms - t->refused_ms < TOKEN_AGAIN_MS)
        return;
    t->refused_ms = now_ms;
    rd_kafka_oauthbearer_set_token_failure(rk, another);
}

bool kafka_client_token_error(struct kafka_client_token *t, rd_kafka_t *rk, char *text, size_t room)
{
    const char *why = t->opt ? strstr(text, no_token) : NULL;
    if (t->opt && !why)
        ask_another(t, rk);
    if (!why)
        return true;
    if (strstr(why, another))
        return false;
    char *own = xasprintf("no token: %s", why + strlen(no_token));
    snprintf(text, room, "%s", own);
    free(own);
    return true;
}

#endif
