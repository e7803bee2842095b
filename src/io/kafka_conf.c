/* kafka_conf: what librdkafka is told. See kafka_conf.h. */
#include "config.h"

#ifdef HAVE_RDKAFKA

#include "io/kafka_conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/forwarded.h"
#include "io/kafka_client.h"
#include "io/kafka_producer.h"

enum { WHY_MAX = 256, FILE_MAX = 256 << 10 };

struct conf {
    const struct kafka_options *opt;
    rd_kafka_conf_t *conf;
};

/* What crumbd keeps its promises by, or says in another place. */
static const char *const kept[] = {"bootstrap.servers",
                                   "metadata.broker.list",
                                   "group.id",
                                   "group.instance.id",
                                   "client.id",
                                   "enable.auto.commit",
                                   "enable.auto.offset.store",
                                   "auto.offset.reset",
                                   "partition.assignment.strategy",
                                   "sasl.password",
                                   "ssl.key.password",
                                   "plugin.library.paths",
                                   "enable.idempotence",
                                   "acks",
                                   "request.required.acks",
                                   "partitioner",
                                   "message.timeout.ms",
                                   "delivery.timeout.ms",
                                   NULL};

static bool is_kept(const char *name)
{
    for (const char *const *k = kept; *k; k++)
        if (strcmp(*k, name) == 0)
            return true;
    return false;
}

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, struct err_place place, struct diag *d)
{
    char why[WHY_MAX];
    if (!value || rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return true;
    err_add(d, ERR_ERROR, place, "\"kafka\": librdkafka refuses %s: %s", name, why);
    return false;
}

/* NULL, and an error in d: it cannot be read. The caller frees. */
static char *read_small(const char *path, struct err_place place, struct diag *d)
{
    FILE *f = fopen(path, "re");
    char *text = f ? xmalloc(FILE_MAX + 1) : NULL;
    size_t n = f ? fread(text, 1, FILE_MAX + 1, f) : 0;
    if (!f || ferror(f) || n > FILE_MAX) {
        err_add(d, ERR_ERROR, place, "\"kafka\": %s cannot be read: %s", path,
                n > FILE_MAX ? "it is too large" : strerror(errno));
        free(text);
        text = NULL;
    } else {
        text[n] = '\0';
    }
    if (f)
        fclose(f);
    return text;
}

char *kafka_conf_secret(const char *path, struct err_place place, struct diag *d)
{
    char *text = read_small(path, place, d);
    if (text)
        text[strcspn(text, "\r\n")] = '\0';
    return text;
}

/* The whole file is the value of the property; a secret without its line end. */
static bool set_file(rd_kafka_conf_t *conf, const char *name, const char *path, bool secret, struct err_place place,
                     struct diag *d)
{
    if (!path)
        return true;
    char *text = secret ? kafka_conf_secret(path, place, d) : read_small(path, place, d);
    bool ok = text && set(conf, name, text, place, d);
    free(text);
    return ok;
}

static bool set_brokers(const struct conf *c, struct err_place place, struct diag *d)
{
    struct sbuf text;
    sbuf_init(&text, 65536);
    for (unsigned i = 0; i < c->opt->n_brokers; i++)
        sbuf_addf(&text, "%s%.*s", i ? "," : "", SLICE_ARG(c->opt->brokers[i]));
    sbuf_addc(&text, '\0');
    bool ok = set(c->conf, "bootstrap.servers", text.p, place, d);
    sbuf_done(&text);
    return ok;
}

/* Its secret is read again whenever a token is asked for. */
static bool check_oauth(const struct kafka_options *o, struct err_place place, struct diag *d)
{
    const char *path = o->sasl.oauth.secret_file;
    if (!path)
        return true;
    char *secret = kafka_conf_secret(path, place, d);
    bool ok = secret && *secret;
    if (secret && !ok)
        err_add(d, ERR_ERROR, place, "\"kafka\": %s is empty: its first line is the client's secret", path);
    free(secret);
    return ok;
}

static bool set_security(const struct conf *c, struct err_place place, struct diag *d)
{
    static const char *const mechanisms[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"};
    static const char *const protocols[2][2] = {{"plaintext", "ssl"}, {"sasl_plaintext", "sasl_ssl"}};
    const struct kafka_options *o = c->opt;
    bool ok = set(c->conf, "security.protocol", protocols[o->sasl.on][o->tls.on], place, d);
    if (o->tls.on)
        ok = ok && set_file(c->conf, "ssl.ca.pem", o->tls.ca, false, place, d) &&
             set_file(c->conf, "ssl.certificate.pem", o->tls.cert, false, place, d) &&
             set_file(c->conf, "ssl.key.pem", o->tls.key, false, place, d) &&
             set(c->conf, "enable.ssl.certificate.verification", o->tls.verify ? "true" : "false", place, d);
    if (o->sasl.on)
        ok = ok && set(c->conf, "sasl.mechanism", mechanisms[o->sasl.mechanism], place, d) &&
             set(c->conf, "sasl.username", o->sasl.username, place, d) &&
             set_file(c->conf, "sasl.password", o->sasl.password_file, true, place, d) && check_oauth(o, place, d);
    return ok;
}

static bool set_own_options(const struct conf *c, struct err_place place, struct diag *d)
{
    bool ok = true;
    for (unsigned i = 0; i < c->opt->n_options; i++) {
        const struct key_pair *o = &c->opt->options[i];
        if (is_kept(o->name.p)) {
            err_add(d, ERR_ERROR, place, "\"kafka\": options must not have %s: crumbd sets it by a key of its own",
                    o->name.p);
            ok = false;
        } else {
            ok &= set(c->conf, o->name.p, o->value.p, place, d);
        }
    }
    return ok;
}

struct property {
    const char *name, *value;
};

static bool set_each(const struct conf *c, const struct property *v, size_t n, struct err_place place, struct diag *d)
{
    bool ok = set_brokers(c, place, d);
    for (size_t i = 0; i < n; i++)
        ok = ok && set(c->conf, v[i].name, v[i].value, place, d);
    return ok && set_security(c, place, d) && set_own_options(c, place, d);
}

static bool set_all(const struct conf *c, struct err_place place, struct diag *d)
{
    char queued[16], fetched[16];
    snprintf(queued, sizeof queued, "%d", KAFKA_QUEUED_KIB);
    snprintf(fetched, sizeof fetched, "%d", KAFKA_FETCHED_BYTES);
    const struct property fixed[] = {{"group.id", c->opt->group},
                                     {"client.id", c->opt->client_id},
                                     {"group.instance.id", c->opt->instance},
                                     {"partition.assignment.strategy", "cooperative-sticky"},
                                     {"enable.auto.commit", "false"},
                                     {"enable.auto.offset.store", "false"},
                                     {"auto.offset.reset", "error"},
                                     {"allow.auto.create.topics", "false"},
                                     {"topic.metadata.refresh.interval.ms", "30000"}, /* so soon a new topic is found */
                                     {"queued.max.messages.kbytes", queued},
                                     {"fetch.wait.max.ms", "100"}, /* meanwhile nothing is fetched from this broker */
                                     {"fetch.max.bytes", fetched}, /* it comes packed, and is unpacked at once */
                                     {"fetch.message.max.bytes", fetched},
                                     {"message.max.bytes", fetched}, /* of a producer; fetch.max.bytes is never less */
                                     {"log.connection.close", "false"},
                                     {"log.queue", "true"}};
    if (rd_kafka_version() >= KAFKA_CONF_LOOKS_AGAIN && !set(c->conf, "fetch.queue.backoff.ms", "10", place, d))
        return false;
    return set_each(c, fixed, sizeof fixed / sizeof *fixed, place, d);
}

/* Each message is given up after a while, since whoever waits for its answer has it stored, and tries again. */
static bool set_all_of_producer(const struct conf *c, struct err_place place, struct diag *d)
{
    char queued[16], bytes[16], give_up[16];
    snprintf(queued, sizeof queued, "%d", PRODUCER_QUEUED_KIB);
    snprintf(bytes, sizeof bytes, "%d", 2 * FORWARDED_BYTES_MAX);
    snprintf(give_up, sizeof give_up, "%d", PRODUCER_GIVE_UP_MS);
    const struct property fixed[] = {{"client.id", c->opt->client_id},
                                     {"enable.idempotence", "true"},
                                     {"partitioner", "murmur2_random"},
                                     {"compression.codec", "lz4"},
                                     {"linger.ms", "5"},
                                     {"message.timeout.ms", give_up},
                                     {"message.max.bytes", bytes}, /* of one; the topic has its own bound */
                                     {"queue.buffering.max.kbytes", queued},
                                     {"allow.auto.create.topics", "false"},
                                     {"topic.metadata.refresh.interval.ms", "30000"},
                                     {"log.connection.close", "false"},
                                     {"log.queue", "true"}};
    return set_each(c, fixed, sizeof fixed / sizeof *fixed, place, d);
}

rd_kafka_conf_t *kafka_conf_new_producer(const struct kafka_options *opt, struct err_place place, struct diag *d)
{
    const struct conf c = {opt, rd_kafka_conf_new()};
    if (set_all_of_producer(&c, place, d))
        return c.conf;
    rd_kafka_conf_destroy(c.conf);
    return NULL;
}

rd_kafka_conf_t *kafka_conf_new(const struct kafka_options *opt, struct err_place place, struct diag *d)
{
    const struct conf c = {opt, rd_kafka_conf_new()};
    if (set_all(&c, place, d))
        return c.conf;
    rd_kafka_conf_destroy(c.conf);
    return NULL;
}

#endif
