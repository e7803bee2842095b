#include "io/kafka_client.h"

#include "config.h"

#ifdef HAVE_RDKAFKA

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "io/clock.h"
#include "io/kafka_certificate.h"
#include "io/kafka_client_batch.h"
#include "io/kafka_client_token.h"
#include "io/kafka_conf.h"
/* Behind that, which undoes names of it. */
#include "base/log.h"

enum { ASK_MS = 10000, ASK_AGAIN_MS = 500, ASK_END_MS = 2000, POLL_MS = 20, NUDGE_AGAIN_MS = 5000, WHY_MAX = 256 };

struct kafka_client {
    const struct kafka_options *opt;
    struct kafka_handler handler;
    rd_kafka_conf_t *conf; /* until it is open */
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue, *answers;
    int fd;
    char *cluster;
    rd_kafka_topic_partition_list_t *coming; /* assigned, and not begun yet; NULL: none are */
    rd_kafka_topic_partition_list_t *going;  /* revoked, and not let go yet */
    int64_t ask_ms;                          /* when to ask what is committed; 0: it has been asked */
    int64_t nudge_ms;                        /* before that it is of no use */
    size_t handed;                           /* bytes since then */
    bool paused;
    atomic_bool closing;
    struct kafka_certificate certificate;
    struct kafka_client_token token;
    bool assigned;    /* once */
    atomic_bool left; /* nobody hears of its threads any more */
    struct kafka_client_batch batch;
};

/* ---- what librdkafka tells ---- */

static void kafka_client_on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    enum { SYSLOG_CRITICAL = 2 }; /* of everything else an error tells, too */
    (void)rk;
    if (level <= SYSLOG_CRITICAL)
        log_error("librdkafka says", log_c("facility", facility), log_c("text", text));
}

static void tell_trouble(struct kafka_client *c, rd_kafka_resp_err_t e, const char *text)
{
    char what[4 * WHY_MAX], fatal[WHY_MAX];
    bool for_good = e == RD_KAFKA_RESP_ERR__FATAL;
    if (for_good)
        e = rd_kafka_fatal_error(c->rk, fatal, sizeof fatal);
    text = for_good ? fatal : text ? text : rd_kafka_err2str(e);
    const char *certificate = kafka_certificate_about(&c->certificate, &e, text);
    snprintf(what, sizeof what, "%s: %s%s%s", rd_kafka_err2name(e), certificate ? certificate : "",
             certificate ? ": " : "", text);
    if (e == RD_KAFKA_RESP_ERR__AUTHENTICATION && !kafka_client_token_error(&c->token, c->rk, what, sizeof what))
        return;
    c->handler.trouble(c->handler.u, what, for_good);
}

static void kafka_client_on_error(rd_kafka_t *rk, int e, const char *text, void *u)
{
    (void)rk;
    tell_trouble(u, (rd_kafka_resp_err_t)e, text);
}

static void kafka_client_on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t e, rd_kafka_topic_partition_list_t *l, void *u)
{
    struct kafka_client *c = u;
    (void)rk;
    for (int i = 0; !e && l && i < l->cnt; i++)
        e = l->elems[i].err;
    c->handler.committed(c->handler.u, e && e != RD_KAFKA_RESP_ERR__NO_OFFSET ? rd_kafka_err2name(e) : NULL);
}

/* On a thread of a broker's. */
static int kafka_client_on_certificate(rd_kafka_t *rk, const char *broker, int32_t id, int *x509_error, int depth,
                                       const char *der, size_t n, char *why, size_t room, void *u)
{
    struct kafka_client *c = u;
    (void)rk, (void)broker, (void)id, (void)depth, (void)der, (void)n;
    return kafka_certificate_check(&c->certificate, x509_error, why, room);
}

/* On a thread of librdkafka's that does nothing else. */
static void kafka_client_on_token(rd_kafka_t *rk, const char *config, void *u)
{
    struct kafka_client *c = u;
    (void)config;
    kafka_client_token_fetch(&c->token, rk);
}

static bool kafka_client_is_closing(void *u)
{
    const struct kafka_client *c = u;
    return atomic_load(&c->closing);
}

static rd_kafka_resp_err_t kafka_client_on_thread(rd_kafka_t *rk, rd_kafka_thread_type_t type, const char *name,
                                                  void *u)
{
    struct kafka_client *c = u;
    (void)rk, (void)type, (void)name;
    if (!atomic_load(&c->left))
        c->handler.thread(c->handler.u);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t kafka_client_on_new(rd_kafka_t *rk, const rd_kafka_conf_t *conf, void *u, char *why,
                                               size_t room)
{
    (void)conf, (void)why, (void)room;
    return rd_kafka_interceptor_add_on_thread_start(rk, "crumbd", kafka_client_on_thread, u);
}

/* ---- partitions come and go ---- */

static void free_list(rd_kafka_topic_partition_list_t **l)
{
    if (*l)
        rd_kafka_topic_partition_list_destroy(*l);
    *l = NULL;
}

static void tell_refused(struct kafka_client *c, rd_kafka_error_t *e)
{
    if (!e)
        return;
    tell_trouble(c, rd_kafka_error_code(e), rd_kafka_error_string(e));
    rd_kafka_error_destroy(e);
}

static void assign(struct kafka_client *c, const rd_kafka_topic_partition_list_t *l)
{
    tell_refused(c, rd_kafka_incremental_assign(c->rk, l));
}

/* Librdkafka throws away what it has of them; so is done with what it had handed over. */
static void unassign(struct kafka_client *c, const rd_kafka_topic_partition_list_t *l)
{
    for (int i = 0; i < l->cnt; i++)
        kafka_client_batch_forget(&c->batch, l->elems[i].topic, l->elems[i].partition);
    tell_refused(c, rd_kafka_incremental_unassign(c->rk, l));
}

/* The caller frees. */
static struct kafka_at *copy_of(const rd_kafka_topic_partition_list_t *l)
{
    struct kafka_at *v = xcalloc((size_t)l->cnt + 1, sizeof *v);
    for (int i = 0; i < l->cnt; i++) {
        const rd_kafka_topic_partition_t *p = &l->elems[i];
        v[i] = (struct kafka_at){.topic = p->topic,
                                 .partition = p->partition,
                                 .offset = p->offset >= 0 ? p->offset : KAFKA_NONE,
                                 .text = slice_of(p->metadata, p->metadata ? p->metadata_size : 0)};
    }
    return v;
}

static void pause_these(struct kafka_client *c, rd_kafka_topic_partition_list_t *l, bool paused)
{
    if (paused)
        rd_kafka_pause_partitions(c->rk, l);
    else
        rd_kafka_resume_partitions(c->rk, l);
}

/* With what the group has committed. */
static void begin(struct kafka_client *c, const rd_kafka_topic_partition_list_t *committed)
{
    struct kafka_at *v = copy_of(committed);
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(committed->cnt);
    c->handler.assigned(c->handler.u, v, (unsigned)committed->cnt);
    for (int i = 0; i < committed->cnt; i++)
        if (v[i].offset != KAFKA_NOWHERE)
            rd_kafka_topic_partition_list_add(l, v[i].topic, v[i].partition)->offset =
                v[i].offset == KAFKA_BEGINNING ? RD_KAFKA_OFFSET_BEGINNING : v[i].offset;
    assign(c, l);
    if (c->paused)
        pause_these(c, l, true);
    rd_kafka_topic_partition_list_destroy(l);
    free_list(&c->coming);
    free(v);
}

static void ask_committed(struct kafka_client *c)
{
    char why[WHY_MAX];
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(c->rk, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    rd_kafka_ListConsumerGroupOffsets_t *ask = rd_kafka_ListConsumerGroupOffsets_new(c->opt->group, c->coming);
    rd_kafka_AdminOptions_set_request_timeout(options, ASK_MS, why, sizeof why);
    rd_kafka_ListConsumerGroupOffsets(c->rk, &ask, 1, options, c->answers);
    rd_kafka_ListConsumerGroupOffsets_destroy(ask);
    rd_kafka_AdminOptions_destroy(options);
    c->ask_ms = 0;
}

/* Its partitions; NULL: it is none, and what went wrong has been told. */
static const rd_kafka_topic_partition_list_t *answer_of(struct kafka_client *c, rd_kafka_event_t *event)
{
    size_t n = 0;
    const rd_kafka_ListConsumerGroupOffsets_result_t *result = rd_kafka_event_ListConsumerGroupOffsets_result(event);
    const rd_kafka_group_result_t **groups =
        result ? rd_kafka_ListConsumerGroupOffsets_result_groups(result, &n) : NULL;
    const rd_kafka_error_t *e = n ? rd_kafka_group_result_error(groups[0]) : NULL;
    if (rd_kafka_event_error(event))
        tell_trouble(c, rd_kafka_event_error(event), rd_kafka_event_error_string(event));
    else if (e)
        tell_trouble(c, rd_kafka_error_code(e), rd_kafka_error_string(e));
    else if (n)
        return rd_kafka_group_result_partitions(groups[0]);
    return NULL;
}

static void take_answers(struct kafka_client *c)
{
    for (rd_kafka_event_t *event; (event = rd_kafka_queue_poll(c->answers, 0));) {
        const rd_kafka_topic_partition_list_t *l = answer_of(c, event);
        if (l && c->coming)
            begin(c, l);
        else if (c->coming)
            c->ask_ms = clock_mono_ms() + ASK_AGAIN_MS;
        rd_kafka_event_destroy(event);
    }
    if (c->coming && c->ask_ms && clock_mono_ms() >= c->ask_ms)
        ask_committed(c);
}

static void on_assigned(struct kafka_client *c, rd_kafka_topic_partition_list_t *l)
{
    c->assigned = true;
    free_list(&c->coming);
    if (l->cnt == 0 || atomic_load(&c->closing)) {
        c->handler.assigned(c->handler.u, NULL, 0);
        assign(c, l);
        return;
    }
    c->coming = rd_kafka_topic_partition_list_copy(l);
    ask_committed(c);
}

static void on_revoked(struct kafka_client *c, rd_kafka_topic_partition_list_t *l)
{
    bool lost = rd_kafka_assignment_lost(c->rk) || atomic_load(&c->closing);
    struct kafka_at *v = copy_of(l);
    free_list(&c->coming);
    free_list(&c->going);
    c->handler.revoked(c->handler.u, v, (unsigned)l->cnt, lost);
    free(v);
    if (lost)
        unassign(c, l);
    else
        c->going = rd_kafka_topic_partition_list_copy(l);
}

static void kafka_client_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t e, rd_kafka_topic_partition_list_t *l,
                                      void *u)
{
    struct kafka_client *c = u;
    if (e == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        on_assigned(c, l);
    } else if (e == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
        on_revoked(c, l);
    } else {
        tell_trouble(c, e, "the partitions could not be shared out");
        rd_kafka_assign(rk, NULL);
    }
}

void kafka_client_let_go(struct kafka_client *c)
{
    if (c->going)
        unassign(c, c->going);
    free_list(&c->going);
}

/* ---- messages ---- */

/* What came, and is no message. */
static void tell(struct kafka_client *c, const rd_kafka_message_t *m)
{
    if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET && m->rkt)
        c->handler.out_of_range(c->handler.u, rd_kafka_topic_name(m->rkt), m->partition);
    else if (m->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
        tell_trouble(c, m->err, rd_kafka_message_errstr(m));
}

static void hand_on(struct kafka_client *c)
{
    kafka_client_batch_hand_on(&c->batch, &c->handler);
}

/* One thing that came. Returns its bytes. */
static size_t take(struct kafka_client *c, rd_kafka_message_t *m)
{
    size_t bytes = m->err ? 0 : m->len + m->key_len;
    if (m->err) {
        hand_on(c);
        tell(c, m);
        rd_kafka_message_destroy(m);
    } else if (!kafka_client_batch_add(&c->batch, m)) {
        hand_on(c);
    }
    return bytes;
}

bool kafka_client_turn(struct kafka_client *c, unsigned messages, size_t bytes)
{
    uint64_t woken;
    rd_kafka_message_t *m = NULL;
    (void)!read(c->fd, &woken, sizeof woken);
    take_answers(c);
    size_t taken = 0;
    for (; messages && taken < bytes; messages--) {
        if (!(m = rd_kafka_consumer_poll(c->rk, 0)))
            break;
        taken += take(c, m);
    }
    hand_on(c);
    c->handed += taken;
    return m != NULL;
}

/* Asks the leader of each of the partitions for its end, which wakes the thread that fetches from it. An answer is not
 * waited for, and not wanted: without a time to wait librdkafka 2.0 and 2.1 say that there was none. */
static void wake_fetchers(struct kafka_client *c)
{
    rd_kafka_topic_partition_list_t *l = NULL;
    if (rd_kafka_assignment(c->rk, &l) || !l)
        return;
    for (int i = 0; i < l->cnt; i++)
        l->elems[i].offset = RD_KAFKA_OFFSET_END;
    if (l->cnt && rd_kafka_offsets_for_times(c->rk, l, 0) != RD_KAFKA_RESP_ERR__TIMED_OUT)
        c->nudge_ms = clock_mono_ms() + NUDGE_AGAIN_MS;
    rd_kafka_topic_partition_list_destroy(l);
}

void kafka_client_nudge(struct kafka_client *c, bool empty)
{
    if (rd_kafka_version() >= KAFKA_CONF_LOOKS_AGAIN || (!empty && c->handed < KAFKA_NUDGE_BYTES) ||
        clock_mono_ms() < c->nudge_ms)
        return;
    c->handed = 0;
    wake_fetchers(c);
}

void kafka_client_wait(struct kafka_client *c, int ms)
{
    rd_kafka_message_t *m = rd_kafka_consumer_poll(c->rk, ms);
    if (!m)
        return;
    take(c, m);
    hand_on(c);
}

/* ---- what is asked of it ---- */

void kafka_client_pause(struct kafka_client *c, bool paused)
{
    rd_kafka_topic_partition_list_t *l = NULL;
    c->paused = paused;
    if (rd_kafka_assignment(c->rk, &l) || !l)
        return;
    pause_these(c, l, paused);
    rd_kafka_topic_partition_list_destroy(l);
}

bool kafka_client_commit(struct kafka_client *c, const struct kafka_at *v, unsigned n)
{
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new((int)n);
    for (unsigned i = 0; i < n; i++) {
        rd_kafka_topic_partition_t *p = rd_kafka_topic_partition_list_add(l, v[i].topic, v[i].partition);
        p->offset = v[i].offset;
        p->metadata = slice_dup(v[i].text);
        p->metadata_size = v[i].text.n;
    }
    rd_kafka_resp_err_t e = rd_kafka_commit(c->rk, l, 1);
    rd_kafka_topic_partition_list_destroy(l);
    if (e)
        tell_trouble(c, e, "the positions cannot be committed");
    return !e;
}

/* Where it has no message librdkafka has stopped reading, and takes no other place until it is begun anew. */
void kafka_client_seek(struct kafka_client *c, const char *topic, int32_t partition, int64_t offset)
{
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(l, topic, partition)->offset =
        offset == KAFKA_BEGINNING ? RD_KAFKA_OFFSET_BEGINNING : offset;
    unassign(c, l);
    assign(c, l);
    if (c->paused)
        pause_these(c, l, true);
    rd_kafka_topic_partition_list_destroy(l);
}

int64_t kafka_client_end(struct kafka_client *c, const char *topic, int32_t partition)
{
    int64_t low, high;
    rd_kafka_resp_err_t e = rd_kafka_get_watermark_offsets(c->rk, topic, partition, &low, &high);
    return e || high < 0 ? KAFKA_NONE : high;
}

int64_t kafka_client_ask_end(struct kafka_client *c, const char *topic, int32_t partition)
{
    int64_t low, high;
    rd_kafka_resp_err_t e = rd_kafka_query_watermark_offsets(c->rk, topic, partition, &low, &high, ASK_END_MS);
    if (e)
        tell_trouble(c, e, "the end of a partition cannot be asked for");
    return e ? KAFKA_NONE : high;
}

const char *kafka_client_cluster(struct kafka_client *c)
{
    char *id = c->cluster ? NULL : rd_kafka_clusterid(c->rk, 0);
    if (id)
        c->cluster = xstrdup(id);
    if (id)
        rd_kafka_mem_free(c->rk, id);
    return c->cluster ? c->cluster : "";
}

int kafka_client_fd(const struct kafka_client *c)
{
    return c->fd;
}

/* ---- its life ---- */

struct kafka_client *kafka_client_new(const struct kafka_options *opt, const struct kafka_handler *handler,
                                      struct err_place place, struct diag *d)
{
    struct kafka_client *c = xcalloc(1, sizeof *c);
    c->opt = opt;
    c->handler = *handler;
    c->conf = kafka_conf_new(opt, place, d);
    c->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->fd < 0 || !c->conf) {
        if (c->fd < 0)
            err_add(d, ERR_ERROR, place, "\"kafka\": no descriptor is left: %s", strerror(errno));
        kafka_client_free(c, 0);
        return NULL;
    }
    rd_kafka_conf_set_opaque(c->conf, c);
    rd_kafka_conf_set_log_cb(c->conf, kafka_client_on_log);
    rd_kafka_conf_set_error_cb(c->conf, kafka_client_on_error);
    rd_kafka_conf_set_rebalance_cb(c->conf, kafka_client_on_rebalance);
    rd_kafka_conf_set_offset_commit_cb(c->conf, kafka_client_on_commit);
    rd_kafka_conf_interceptor_add_on_new(c->conf, "crumbd", kafka_client_on_new, c);
    if (opt->tls.on && opt->tls.verify)
        rd_kafka_conf_set_ssl_cert_verify_cb(c->conf, kafka_client_on_certificate);
    if (opt->sasl.oauth.url) {
        c->token = (struct kafka_client_token){.opt = &opt->sasl.oauth, .gave_up = kafka_client_is_closing, .u = c};
        rd_kafka_conf_set_oauthbearer_token_refresh_cb(c->conf, kafka_client_on_token);
        rd_kafka_conf_enable_sasl_queue(c->conf, 1);
    }
    return c;
}

static rd_kafka_resp_err_t subscribe(struct kafka_client *c)
{
    rd_kafka_topic_partition_list_t *l = rd_kafka_topic_partition_list_new((int)c->opt->n_topics);
    for (unsigned i = 0; i < c->opt->n_topics; i++)
        rd_kafka_topic_partition_list_add(l, c->opt->topics[i].p, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t e = rd_kafka_subscribe(c->rk, l);
    rd_kafka_topic_partition_list_destroy(l);
    return e;
}

bool kafka_client_open(struct kafka_client *c, char *why, size_t room)
{
    static const uint64_t one = 1;
    c->rk = rd_kafka_new(RD_KAFKA_CONSUMER, c->conf, why, room);
    if (!c->rk)
        return false;
    c->conf = NULL; /* it is librdkafka's now */
    rd_kafka_set_log_queue(c->rk, NULL);
    if (c->token.opt)
        tell_refused(c, rd_kafka_sasl_background_callbacks_enable(c->rk));
    rd_kafka_poll_set_consumer(c->rk);
    c->queue = rd_kafka_queue_get_consumer(c->rk);
    c->answers = rd_kafka_queue_new(c->rk);
    rd_kafka_queue_io_event_enable(c->queue, c->fd, &one, sizeof one);
    rd_kafka_queue_io_event_enable(c->answers, c->fd, &one, sizeof one);
    rd_kafka_resp_err_t e = subscribe(c);
    snprintf(why, room, "%s", e ? rd_kafka_err2str(e) : "");
    return !e;
}

/* It has joined the group, and not been told yet which partitions it has. */
static bool is_joining(const struct kafka_client *c)
{
    char *id = c->assigned ? NULL : rd_kafka_memberid(c->rk);
    bool joining = id && *id;
    if (id)
        rd_kafka_mem_free(c->rk, id);
    return joining;
}

/* Whoever calls for what is left of it gets it here, too: partitions are let go at once. */
static void leave(struct kafka_client *c, int64_t end_ms)
{
    rd_kafka_queue_t *last = rd_kafka_queue_new(c->rk); /* the consumer's own cannot be forwarded to itself */
    rd_kafka_error_t *e = rd_kafka_consumer_close_queue(c->rk, last);
    bool closes = !e;
    if (e)
        rd_kafka_error_destroy(e);
    while (closes && !rd_kafka_consumer_closed(c->rk) && clock_mono_ms() < end_ms) {
        rd_kafka_message_t *m = rd_kafka_consume_queue(last, POLL_MS);
        if (m)
            rd_kafka_message_destroy(m);
    }
    rd_kafka_queue_destroy(last);
}

/* Librdkafka 2.0 aborts the process when it is closed while it joins (rd_kafka_sticky_assignor_state_destroy). That is
 * waited for. False: it does not end, and what there is of it stays until the process ends. */
static bool close_client(struct kafka_client *c, int64_t end_ms)
{
    atomic_store(&c->closing, true);
    kafka_client_let_go(c);
    free_list(&c->coming);
    while (is_joining(c) && clock_mono_ms() < end_ms)
        kafka_client_wait(c, POLL_MS);
    rd_kafka_queue_io_event_enable(c->queue, -1, NULL, 0);
    rd_kafka_queue_io_event_enable(c->answers, -1, NULL, 0);
    atomic_store(&c->left, true);
    if (is_joining(c))
        return false;
    leave(c, end_ms);
    rd_kafka_queue_destroy(c->queue);
    rd_kafka_queue_destroy(c->answers);
    rd_kafka_destroy_flags(c->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return true;
}

void kafka_client_free(struct kafka_client *c, int64_t wait_ms)
{
    if (!c || (c->rk && !close_client(c, clock_mono_ms() + wait_ms)))
        return;
    if (c->conf)
        rd_kafka_conf_destroy(c->conf);
    if (c->fd >= 0)
        close(c->fd);
    free(c->cluster);
    free(c);
}

void kafka_client_check(const struct kafka_options *opt, struct err_place place, struct diag *d)
{
    rd_kafka_conf_t *conf = kafka_conf_new(opt, place, d);
    if (conf)
        rd_kafka_conf_destroy(conf);
}

const char *kafka_client_version(void)
{
    return rd_kafka_version_str();
}

#else

void kafka_client_check(const struct kafka_options *opt, struct err_place place, struct diag *d)
{
    (void)opt;
    err_add(d, ERR_WARNING, place, "this build has no librdkafka: it cannot read \"kafka\"");
}

const char *kafka_client_version(void)
{
    return NULL;
}

#endif
