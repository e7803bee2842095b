#include "core/correlation.h"

#include "parsers/field_names.h"
#include "parsers/parser.h"

enum key_kind { KEY_WORKER = 1, KEY_APP, KEY_CONNECTION, KEY_REQUEST, KEY_WEAK, KEY_CLIENT };

static uint64_t key_of(const struct hash_secret *secret, enum key_kind kind, struct slice a, struct slice b,
                       struct slice c)
{
    uint64_t h = hash64(secret, kind, a);
    if (b.n)
        h = hash64(secret, h, b);
    if (c.n)
        h = hash64(secret, h, c);
    return h ? h : 1;
}

uint64_t correlation_domain_key(const struct stream *s, uint64_t key)
{
    return s->domain && key ? hash_mix(key, s->domain) | 1 : key;
}

uint64_t correlation_weak_key(const struct stream *s, const struct record *r, const struct hash_secret *secret)
{
    struct slice client = record_value(r, "client"), request = record_value(r, "request");
    return client.n && request.n ? correlation_domain_key(s, key_of(secret, KEY_WEAK, client, request, SLICE_NONE)) : 0;
}

uint64_t correlation_client_key(const struct stream *s, const struct record *r, const struct hash_secret *secret)
{
    struct slice client = record_value(r, "client");
    return client.n ? correlation_domain_key(s, key_of(secret, KEY_CLIENT, client, SLICE_NONE, SLICE_NONE)) : 0;
}

/* Returns the place that process ids are numbers of: they are the same in every container. */
static struct slice place_of(const struct stream *s, const struct record *r)
{
    if (s->container)
        return slice_of((const char *)&s->ring, sizeof s->ring);
    return stream_file(s) ? SLICE_NONE : record_value(r, "container_id");
}

/* Returns the program. The field of a sender that is not trusted makes no tag `app`, but it may tell the sender's own
   programs apart, since keys belong to its domain. */
static struct slice app_of(const struct record *r)
{
    unsigned rank;
    for (unsigned i = 0; r->untrusted && !r->app.n && i < r->n_fields; i++) {
        const struct field *f = &r->fields[i];
        if (f->type == FIELD_STRING &&
            (field_names_role(f->name, &rank) == ROLE_APP || slice_is(f->name, "container_name")))
            return f->value;
    }
    return r->app;
}

/* "203.0.113.9:51234 [": HAProxy begins what it says of a connection with the client's address and port, before it has
 * an id of the request, and in its errors, which never have one. */
static struct slice haproxy_client(const struct record *r)
{
    enum { CLIENT_MAX = 64, PORT_MAX = 5 };
    struct slice text = slice_sub(r->message, 0, CLIENT_MAX);
    ptrdiff_t end = slice_is(r->app, "haproxy") ? slice_find(text, SLICE(" [")) : -1;
    struct slice client = slice_sub(text, 0, end > 0 ? (size_t)end : 0);
    ptrdiff_t colon = slice_rfind(client, SLICE(":"));
    struct slice port = slice_from(client, (size_t)(colon + 1));
    bool ok =
        colon > 0 && port.n && port.n <= PORT_MAX && slice_span(port, ascii_digit) == port.n && !slice_chr(client, ' ');
    return ok ? client : SLICE_NONE;
}

/* Where the format says neither process nor connection. */
static void by_speaker(const struct stream *s, const struct record *r, const struct hash_secret *secret,
                       struct correlation *k)
{
    struct slice client = haproxy_client(r), app = stream_file(s) ? SLICE_NONE : app_of(r);
    if (client.n)
        k->conn = key_of(secret, KEY_CONNECTION, r->app, client, r->host);
    if (stream_file(s) || (!r->host.n && !app.n))
        return;
    struct slice id = record_value(r, "container_id");
    k->ring = key_of(secret, KEY_APP, r->host, app, id.n ? id : record_value(r, "pod_name"));
}

/* pino-http and others number requests: in each process from 1. */
static bool is_counter(struct slice id)
{
    enum { DIGITS_MAX = 9 };
    return id.n <= DIGITS_MAX && slice_span(id, ascii_digit) == id.n;
}

void correlation_of(const struct stream *s, const struct record *r, const struct hash_secret *secret,
                    struct correlation *k)
{
    const struct format_traits *traits = format_traits(r->format);
    struct slice id = r->request_id.n ? r->request_id : r->trace_id;
    *k = (struct correlation){.domain = s->domain, .ring = s->ring};
    if (id.n)
        k->request = correlation_domain_key(s, key_of(secret, KEY_REQUEST, id, SLICE_NONE, SLICE_NONE));
    if (traits->place) {
        struct slice pid, conn;
        traits->place(r, &pid, &conn);
        if (pid.n)
            k->ring = key_of(secret, KEY_WORKER, pid, r->host, place_of(s, r));
        if (pid.n && conn.n) /* the ring's key stands for process and host */
            k->conn = hash64(secret, k->ring ^ KEY_CONNECTION, conn) | 1;
        bool failed = traits->seeks_access && k->conn && r->level >= LEVEL_WARNING && !r->partial;
        if (failed || (!k->conn && traits->access))
            k->weak = correlation_weak_key(s, r, secret);
        if (k->weak && !k->conn && r->level >= LEVEL_WARNING) /* the request failed */
            k->client = correlation_client_key(s, r, secret);
    } else {
        by_speaker(s, r, secret, k);
    }
    k->ring = correlation_domain_key(s, k->ring);
    k->conn = correlation_domain_key(s, k->conn);
    if (k->request && is_counter(id))
        k->request = hash_mix(k->request, k->ring) | 1;
}
