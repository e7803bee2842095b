#include "io/kafka_producer.h"

#include "config.h"

#ifdef HAVE_RDKAFKA

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "io/clock.h"
#include "io/kafka_certificate.h"
#include "io/kafka_client_token.h"
#include "io/kafka_conf.h"
#include "io/kafka_trouble.h"
/* Behind that, which undoes names of it. */
#include "base/log.h"

enum { LOOK_MS = 1000, TURN_EVENTS = 1000, WHY_MAX = 512, PURGE_MS = 1000 };

/* Messages that have one answer. */
struct sending {
    struct sending *next; /* of those that are answered, and have not been told */
    struct kafka_producer *producer;
    unsigned left;
    unsigned status;
    rd_kafka_resp_err_t error;
    int64_t began_us;
    http_client_answer_f *done;
    void *u;
};

struct kafka_producer {
    const struct kafka_options *opt;
    rd_kafka_t *rk; /* NULL: it is not open */
    rd_kafka_queue_t *queue;
    int fd;
    struct event *readable, *look;
    struct sending *answered, **last;
    bool broken, ending;
    struct kafka_certificate certificate;
    struct kafka_client_token token;
    atomic_bool closing; /* no token is waited for */
    char why[WHY_MAX];   /* the last thing that went wrong; "" */
};

/* ---- what librdkafka tells ---- */

static void kafka_producer_on_error(rd_kafka_t *rk, int e, const char *text, void *u)
{
    struct kafka_producer *p = u;
    rd_kafka_resp_err_t error = (rd_kafka_resp_err_t)e;
    char fatal[WHY_MAX - 40] = "";
    if (error == RD_KAFKA_RESP_ERR__FATAL) {
        p->broken = true;
        error = rd_kafka_fatal_error(rk, fatal, sizeof fatal);
        text = fatal;
    }
    char what[WHY_MAX];
    text = text ? text : rd_kafka_err2str(error);
    const char *certificate = kafka_certificate_about(&p->certificate, &error, text);
    snprintf(what, sizeof what, "%s: %s", rd_kafka_err2name(error), certificate ? certificate : text);
    if (error == RD_KAFKA_RESP_ERR__AUTHENTICATION && !kafka_client_token_error(&p->token, rk, what, sizeof what))
        return;
    memcpy(p->why, what, sizeof what);
}

/* On a thread of a broker's. */
static int kafka_producer_on_certificate(rd_kafka_t *rk, const char *broker, int32_t id, int *x509_error, int depth,
                                         const char *der, size_t n, char *why, size_t room, void *u)
{
    struct kafka_producer *p = u;
    (void)rk, (void)broker, (void)id, (void)depth, (void)der, (void)n;
    return kafka_certificate_check(&p->certificate, x509_error, why, room);
}

/* On a thread of librdkafka's that does nothing else. */
static void kafka_producer_on_token(rd_kafka_t *rk, const char *config, void *u)
{
    struct kafka_producer *p = u;
    (void)config;
    kafka_client_token_fetch(&p->token, rk);
}

static bool kafka_producer_is_closing(void *u)
{
    const struct kafka_producer *p = u;
    return atomic_load(&p->closing);
}

/* Of what does not end it an answer tells. */
static void kafka_producer_on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    enum { SYSLOG_CRITICAL = 2 };
    (void)rk;
    if (level <= SYSLOG_CRITICAL)
        log_error("librdkafka says", log_c("facility", facility), log_c("text", text));
}

static bool is_refused(rd_kafka_resp_err_t e)
{
    return e == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || e == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE ||
           e == RD_KAFKA_RESP_ERR_INVALID_MSG || e == RD_KAFKA_RESP_ERR_INVALID_RECORD;
}

static void note(struct sending *s, rd_kafka_resp_err_t e)
{
    struct kafka_producer *p = s->producer;
    if (e && (!s->error || is_refused(s->error)))
        s->error = e; /* of several, one that is worth another try */
    if (--s->left)
        return;
    s->status = !s->error ? 200 : is_refused(s->error) ? 413 : 0;
    s->next = NULL;
    *p->last = s;
    p->last = &s->next;
}

static void kafka_producer_on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *u)
{
    (void)rk, (void)u;
    note(m->_private, m->err);
}

/* ---- its life ---- */

static void close_producer(struct kafka_producer *p)
{
    if (!p->rk)
        return;
    atomic_store(&p->closing, true);
    event_del(p->readable);
    rd_kafka_queue_io_event_enable(p->queue, -1, NULL, 0);
    rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    for (int64_t end_ms = clock_mono_ms() + PURGE_MS; rd_kafka_outq_len(p->rk) > 0 && clock_mono_ms() < end_ms;)
        rd_kafka_poll(p->rk, 10);
    rd_kafka_queue_destroy(p->queue);
    rd_kafka_destroy(p->rk);
    p->rk = NULL;
    p->broken = false;
}

static bool open_producer(struct kafka_producer *p)
{
    static const uint64_t one = 1;
    struct diag d = {0};
    rd_kafka_conf_t *conf = kafka_conf_new_producer(p->opt, (struct err_place){0}, &d);
    if (!conf) {
        snprintf(p->why, sizeof p->why, "%s", d.n ? d.v[0].text : "its options are refused");
        err_done(&d);
        return false;
    }
    err_done(&d);
    rd_kafka_conf_set_opaque(conf, p);
    rd_kafka_conf_set_log_cb(conf, kafka_producer_on_log);
    rd_kafka_conf_set_error_cb(conf, kafka_producer_on_error);
    rd_kafka_conf_set_dr_msg_cb(conf, kafka_producer_on_report);
    if (p->opt->tls.on && p->opt->tls.verify)
        rd_kafka_conf_set_ssl_cert_verify_cb(conf, kafka_producer_on_certificate);
    atomic_store(&p->closing, false);
    p->token = (struct kafka_client_token){0};
    if (p->opt->sasl.oauth.url) {
        p->token = (struct kafka_client_token){&p->opt->sasl.oauth, kafka_producer_is_closing, p, 0};
        rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, kafka_producer_on_token);
        rd_kafka_conf_enable_sasl_queue(conf, 1);
    }
    p->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, p->why, sizeof p->why);
    if (!p->rk) {
        rd_kafka_conf_destroy(conf);
        return false;
    }
    rd_kafka_set_log_queue(p->rk, NULL);
    rd_kafka_error_t *e = p->token.opt ? rd_kafka_sasl_background_callbacks_enable(p->rk) : NULL;
    if (e)
        snprintf(p->why, sizeof p->why, "%s", rd_kafka_error_string(e));
    rd_kafka_error_destroy(e);
    p->queue = rd_kafka_queue_get_main(p->rk);
    rd_kafka_queue_io_event_enable(p->queue, p->fd, &one, sizeof one);
    event_add(p->readable, NULL);
    return true;
}

static void look_later(struct kafka_producer *p, int ms)
{
    const struct timeval t = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    event_add(p->look, &t);
}

/* Callbacks may send more. */
static void tell_answered(struct kafka_producer *p)
{
    for (struct sending *s; !p->ending && (s = p->answered);) {
        p->answered = s->next;
        if (!p->answered)
            p->last = &p->answered;
        char error[2 * WHY_MAX];
        const char *e = s->error ? rd_kafka_err2str(s->error) : "";
        if (s->error && *p->why)
            snprintf(error, sizeof error, "%s; %s; %s", e, p->why, kafka_trouble_remedy(p->why));
        else
            snprintf(error, sizeof error, "%s", e);
        const struct http_client_answer a = {.status = s->status,
                                             .took_us = clock_mono_us() - s->began_us,
                                             .body = slice_str(s->status == 413 ? error : ""),
                                             .error = s->status ? "" : error};
        http_client_answer_f *done = s->done;
        void *u = s->u;
        free(s);
        done(u, &a);
    }
}

static void kafka_producer_on_turn(evutil_socket_t fd, short what, void *u)
{
    struct kafka_producer *p = u;
    uint64_t woken;
    (void)fd, (void)what;
    (void)!read(p->fd, &woken, sizeof woken);
    int served = p->rk ? rd_kafka_poll(p->rk, 0) : 0;
    if (p->broken) {
        log_warn("the producer of Kafka has met an error that it does not get over: it is made anew",
                 log_c("topic", p->opt->topic), log_c("why", p->why));
        close_producer(p);
    }
    look_later(p, served >= TURN_EVENTS ? 0 : LOOK_MS);
    tell_answered(p);
}

struct kafka_producer *kafka_producer_new(struct event_base *base, const struct kafka_options *opt)
{
    struct kafka_producer *p = xcalloc(1, sizeof *p);
    *p = (struct kafka_producer){.opt = opt, .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    p->last = &p->answered;
    assert(p->fd >= 0);
    p->readable = event_new(base, p->fd, EV_READ | EV_PERSIST, kafka_producer_on_turn, p);
    p->look = evtimer_new(base, kafka_producer_on_turn, p);
    assert(p->readable && p->look);
    return p;
}

void kafka_producer_free(struct kafka_producer *p)
{
    if (!p)
        return;
    p->ending = true;
    close_producer(p);
    for (struct sending *s; (s = p->answered);) {
        p->answered = s->next;
        free(s);
    }
    event_free(p->readable);
    event_free(p->look);
    close(p->fd);
    free(p);
}

/* ---- sending ---- */

static rd_kafka_resp_err_t produce(struct kafka_producer *p, const struct kafka_item *item, struct sending *s)
{
    if (!p->rk)
        return RD_KAFKA_RESP_ERR__STATE;
    return rd_kafka_producev(p->rk, RD_KAFKA_V_TOPIC(p->opt->topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_KEY((void *)(uintptr_t)item->key.p, item->key.n),
                             RD_KAFKA_V_VALUE((void *)(uintptr_t)item->value.p, item->value.n), RD_KAFKA_V_OPAQUE(s),
                             RD_KAFKA_V_END);
}

void kafka_producer_send(struct kafka_producer *p, const struct kafka_item *items, unsigned n,
                         http_client_answer_f *done, void *u)
{
    struct sending *s = xcalloc(1, sizeof *s);
    *s = (struct sending){.producer = p, .left = n + 1, .began_us = clock_mono_us(), .done = done, .u = u};
    if (!p->rk)
        open_producer(p);
    for (unsigned i = 0; i < n; i++) {
        rd_kafka_resp_err_t e = produce(p, &items[i], s);
        if (e)
            note(s, e);
    }
    note(s, RD_KAFKA_RESP_ERR_NO_ERROR);
    look_later(p, p->answered ? 0 : LOOK_MS);
}

struct once {
    struct event_base *base;
    http_client_answer_f *done;
    void *u;
};

static void kafka_producer_on_once(void *u, const struct http_client_answer *a)
{
    struct once *o = u;
    o->done(o->u, a);
    event_base_loopbreak(o->base);
}

void kafka_producer_once(const struct kafka_options *opt, const struct kafka_item *item, http_client_answer_f *done,
                         void *u)
{
    struct once o = {event_base_new(), done, u};
    struct kafka_producer *p = kafka_producer_new(o.base, opt);
    kafka_producer_send(p, item, 1, kafka_producer_on_once, &o);
    event_base_dispatch(o.base);
    kafka_producer_free(p);
    event_base_free(o.base);
}

bool kafka_producer_check(const struct kafka_options *opt, struct err_place place, struct diag *d)
{
    rd_kafka_conf_t *conf = kafka_conf_new_producer(opt, place, d);
    if (conf)
        rd_kafka_conf_destroy(conf);
    return conf != NULL;
}

#else

#include <assert.h>

struct kafka_producer *kafka_producer_new(struct event_base *base, const struct kafka_options *opt)
{
    (void)base, (void)opt;
    assert(false && "what kafka_producer_check has refused");
    return NULL;
}

void kafka_producer_free(struct kafka_producer *p)
{
    (void)p;
}

void kafka_producer_send(struct kafka_producer *p, const struct kafka_item *items, unsigned n,
                         http_client_answer_f *done, void *u)
{
    (void)p, (void)items, (void)n, (void)done, (void)u;
}

void kafka_producer_once(const struct kafka_options *opt, const struct kafka_item *item, http_client_answer_f *done,
                         void *u)
{
    (void)opt, (void)item, (void)done, (void)u;
}

bool kafka_producer_check(const struct kafka_options *opt, struct err_place place, struct diag *d)
{
    (void)opt;
    err_add(d, ERR_ERROR, place, "this build has no librdkafka: it cannot forward to Kafka");
    return false;
}

#endif
