/* up_sentry: Sentry, and what speaks as it does: items in envelopes, compressed; the key of the DSN in a header. */
#include "io/upstream_type.h"

#include <assert.h>
#include <stdlib.h>

#include "base/version.h"
#include "base/xalloc.h"
#include "core/envelope.h"
#include "text/zip.h"

#define CLIENT CRUMBD_SDK_NAME "/" CRUMBD_SDK_VERSION

static struct http_client_target *sentry_target(const struct dsn *to, const struct http_client_options *opt)
{
    /* Bugsink compares the scheme word and the separator exactly; a second form of authentication would be
     * refused by Relay. */
    char *auth = xasprintf("X-Sentry-Auth: Sentry sentry_key=%s, sentry_version=7, sentry_client=" CLIENT "%s%s",
                           to->public_key, to->secret ? ", sentry_secret=" : "", to->secret ? to->secret : "");
    const char *const headers[] = {auth, "Content-Type: application/x-sentry-envelope", "Content-Encoding: gzip", NULL};
    struct http_client_target *t = http_client_target_new(to->envelope_url, headers, opt);
    free(auth);
    return t;
}

static bool sentry_items(enum item_kind kind, const struct upstream_item *items, unsigned n, int64_t now_us,
                         struct sbuf *body)
{
    struct sbuf plain;
    const struct envelope e = {.event_id = item_traits[kind].is_event ? items[0].event_id : NULL, .sent_at_us = now_us};
    size_t most_bytes = ENVELOPE_FRAME_MAX + n * (size_t)ENVELOPE_ITEM_MAX;
    for (unsigned i = 0; i < n; i++)
        most_bytes += items[i].payload.n;
    assert(n == 1 || !item_traits[kind].is_event);
    sbuf_init(&plain, most_bytes);
    sbuf_init(body, 2 * most_bytes);
    bool ok = envelope_start(&plain, &e);
    for (unsigned i = 0; i < n; i++)
        envelope_item(&plain, item_traits[kind].type, items[i].payload);
    ok = ok && !plain.over && zip_gzip(sbuf_slice(&plain), body);
    sbuf_done(&plain);
    return ok;
}

static bool sentry_losses(struct client_report *r, struct store *store, struct slice project, int64_t now_us,
                          struct sbuf *body)
{
    struct sbuf plain;
    sbuf_init(&plain, CLIENT_REPORT_BYTES_MAX + ENVELOPE_FRAME_MAX);
    sbuf_init(body, 2 * (CLIENT_REPORT_BYTES_MAX + ENVELOPE_FRAME_MAX));
    bool ok = client_report_make(r, store, project, now_us, &plain) && zip_gzip(sbuf_slice(&plain), body);
    sbuf_done(&plain);
    return ok;
}

const struct upstream_type up_sentry = {
    .schemes = {"https", "http"},
    .takes = 1u << ITEM_EVENT | 1u << ITEM_CHECK_IN,
    .target = sentry_target,
    .items = sentry_items,
    .losses = sentry_losses,
    .judge = reply_judge,
};
