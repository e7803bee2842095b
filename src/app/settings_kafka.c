/* settings, what a `kafka:` input is told. */
#include "app/settings_parts.h"

#define AT(member_) KEY_AT(struct input_options, kafka.member_)

static const struct key tls_keys[] = {
    {.name = "ca",
     .type = KEY_CUSTOM,
     AT(tls.ca),
     .custom = &settings_path,
     .help = "Certificates, PEM, by which to know the brokers; when left out, the system's."},
    {.name = "cert",
     .type = KEY_CUSTOM,
     AT(tls.cert),
     .custom = &settings_path,
     .help = "A certificate of one's own, PEM, where the brokers ask for one, and"},
    {.name = "key", .type = KEY_CUSTOM, AT(tls.key), .custom = &settings_path, .help = "its private key, PEM."},
    {.name = "verify",
     .type = KEY_BOOL,
     AT(tls.verify),
     .def = "on",
     .help = "Off takes any certificate, from anybody: for a test only."},
    {.name = NULL}};
/* They are there, also when nothing stands in them. */
static bool settings_kafka_tls_check(struct keys_ctx *c, const struct conf_node *map, void *base)
{
    struct input_options *o = base;
    o->kafka.tls.on = true;
    return !o->kafka.tls.cert == !o->kafka.tls.key ||
           conf_error(c->diag, map, "\"cert\" and \"key\" stand together, or neither does");
}

static const struct key_table tls_table = {.keys = tls_keys, .check = settings_kafka_tls_check};

/* Index: the mechanisms of kafka_options.h. */
static const char *const mechanisms[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", NULL};
static const struct key sasl_keys[] = {
    {.name = "mechanism",
     .type = KEY_ENUM,
     AT(sasl.mechanism),
     .names = mechanisms,
     .def = "PLAIN",
     .help =
         "How this is shown to be who it says. PLAIN sends the password as it is: with tls only. OAUTHBEARER sends a "
         "token, for which crumbd asks token_url."},
    {.name = "username",
     .type = KEY_CSTR,
     AT(sasl.username),
     .min = 1,
     .max = 512,
     .help = "Who this is, for the mechanisms with a password, and"},
    {.name = "password_file",
     .type = KEY_CUSTOM,
     AT(sasl.password_file),
     .custom = &settings_path,
     .help = "a file whose first line is the password; it is read at the start."},
    {.name = "token_url",
     .type = KEY_CSTR,
     AT(sasl.oauth.url),
     .min = 8,
     .max = 2048,
     .help = "OAUTHBEARER: where tokens are given, https://…, by the client credentials grant of OAuth 2, to"},
    {.name = "client_id", .type = KEY_CSTR, AT(sasl.oauth.client_id), .min = 1, .max = 512, .help = "this client, by"},
    {.name = "client_secret_file",
     .type = KEY_CUSTOM,
     AT(sasl.oauth.secret_file),
     .custom = &settings_path,
     .help = "a file whose first line is its secret, which is read whenever a token is asked for. One is asked for at "
             "the start, and when four fifths of its time are over."},
    {.name = "scope",
     .type = KEY_CSTR,
     AT(sasl.oauth.scope),
     .min = 1,
     .max = 2048,
     .help = "What is asked for, words with blanks between; when left out, what the server gives without."},
    {.name = "token_ca",
     .type = KEY_CUSTOM,
     AT(sasl.oauth.ca),
     .custom = &settings_path,
     .help = "Certificates, PEM, by which to know that server; when left out, the system's."},
    {.name = NULL}};

/* A login in it would be shown with it. */
static bool is_token_url(const char *url)
{
    struct slice text = slice_str(url);
    size_t scheme = slice_starts(text, SLICE("https://")) ? 8 : slice_starts(text, SLICE("http://")) ? 7 : 0;
    struct slice host = slice_sub(text, scheme, scheme + strcspn(url + scheme, "/?#"));
    return scheme && host.n && !slice_chr(host, '@') && !slice_chr(text, ' ');
}

static bool check_token(struct keys_ctx *c, const struct conf_node *map, const struct input_options *o)
{
    if (!o->kafka.sasl.oauth.url || !o->kafka.sasl.oauth.client_id || !o->kafka.sasl.oauth.secret_file)
        return conf_error(c->diag, map, "\"sasl\" of OAUTHBEARER needs token_url, client_id and client_secret_file");
    if (o->kafka.sasl.username || o->kafka.sasl.password_file)
        return conf_error(c->diag, map, "OAUTHBEARER has a token: \"username\" and \"password_file\" have no meaning");
    return is_token_url(o->kafka.sasl.oauth.url) ||
           conf_error(c->diag, map, "\"token_url\" must be https://host/…, without a login in it");
}

static bool settings_kafka_sasl_check(struct keys_ctx *c, const struct conf_node *map, void *base)
{
    struct input_options *o = base;
    const struct oauth_options *t = &o->kafka.sasl.oauth;
    o->kafka.sasl.on = true;
    if (o->kafka.sasl.mechanism == KAFKA_SASL_OAUTHBEARER)
        return check_token(c, map, o);
    if (t->url || t->client_id || t->secret_file || t->scope || t->ca)
        return conf_error(
            c->diag, map,
            "token_url, client_id, client_secret_file, scope and token_ca are of the mechanism OAUTHBEARER");
    return (o->kafka.sasl.username && o->kafka.sasl.password_file) ||
           conf_error(c->diag, map, "\"sasl\" needs username and password_file");
}

static const struct key_table sasl_table = {.keys = sasl_keys, .check = settings_kafka_sasl_check};

static const char *const from[] = {"start", "end", "stored", NULL};
static const struct key kafka_keys[] = {
    {.name = "brokers",
     .type = KEY_LIST,
     KEY_MANY(struct input_options, kafka.brokers, kafka.n_brokers),
     .of = &key_string,
     .min = 1,
     .max = 100,
     .required = true,
     .help = "Some brokers of the cluster, host:port; they name the others."},
    {.name = "topics",
     .type = KEY_LIST,
     KEY_MANY(struct input_options, kafka.topics, kafka.n_topics),
     .of = &key_string,
     .min = 1,
     .max = 100,
     .required = true,
     .help = "Names, and patterns, which begin with ^: '^app-.*'. A topic that a pattern matches later is found within "
             "30 seconds."},
    {.name = "group",
     .type = KEY_CSTR,
     AT(group),
     .min = 1,
     .max = 249,
     .required = true,
     .help = "The consumer group. All crumbds of one group share the partitions, each of which one of them reads."},
    {.name = "from",
     .type = KEY_ENUM,
     AT(from),
     .names = from,
     .def = "start",
     .help = "Where a partition is begun in which the group has no position yet. stored: it is not read, and that is "
             "said."},
    {.name = "tls", .type = KEY_TABLE, .table = &tls_table, .help = "Speak TLS with the brokers; may be empty: {}."},
    {.name = "sasl", .type = KEY_TABLE, .table = &sasl_table, .help = "Log in."},
    {.name = "client_id",
     .type = KEY_CSTR,
     AT(client_id),
     .min = 1,
     .max = 249,
     .def = "crumbd",
     .help = "What the brokers call this client in their logs and quotas."},
    {.name = "instance",
     .type = KEY_CSTR,
     AT(instance),
     .min = 1,
     .max = 249,
     .help =
         "A name that no other member of the group has, such as the host's. With it a restart within "
         "session.timeout.ms (45s) moves no partition; a member that goes for good is missed only after that time."},
    {.name = "options",
     .type = KEY_MAP,
     KEY_MANY(struct input_options, kafka.options, kafka.n_options),
     .of = &key_pair_string,
     .max = 100,
     .help =
         "Properties of librdkafka by their own names, such as session.timeout.ms: 10000. Those that crumbd sets by "
         "keys of its own, or keeps its promises by, are refused."},
    {.name = NULL}};

/* What is tagged and stored by it must be the same on each member. */
static void name_input(struct keys_ctx *c, struct input_options *o)
{
    struct sbuf text;
    sbuf_init(&text, 65536);
    sbuf_addf(&text, "kafka:%s:", o->kafka.group);
    for (unsigned i = 0; i < o->kafka.n_topics; i++)
        sbuf_addf(&text, "%s%.*s", i ? "," : "", SLICE_ARG(o->kafka.topics[i]));
    o->text = arena_cstr(c->arena, sbuf_slice(&text));
    sbuf_done(&text);
}

static bool settings_kafka_applies(const struct key *k, const void *base, const char **text)
{
    const struct input_options *o = base;
    (void)text;
    return k->table == &tls_table ? o->kafka.tls.on : k->table == &sasl_table ? o->kafka.sasl.on : true;
}

static bool settings_kafka_check(struct keys_ctx *c, const struct conf_node *map, void *base)
{
    struct input_options *o = base;
    (void)map;
    o->kind = INPUT_KAFKA;
    name_input(c, o);
    return true;
}

const struct key_table settings_kafka_table = {
    .keys = kafka_keys, .applies = settings_kafka_applies, .check = settings_kafka_check};

/* Of these, what a producer has a use for. */
static const struct key producer_keys[] = {
    {.name = "brokers",
     .type = KEY_LIST,
     KEY_MANY(struct input_options, kafka.brokers, kafka.n_brokers),
     .of = &key_string,
     .min = 1,
     .max = 100,
     .required = true,
     .help = "Some brokers of the cluster, host:port; they name the others."},
    {.name = "topic",
     .type = KEY_CSTR,
     AT(topic),
     .min = 1,
     .max = 249,
     .required = true,
     .help = "It must be there. As many of its partitions as crumbds read it share the work."},
    {.name = "tls", .type = KEY_TABLE, .table = &tls_table, .help = "As of the input."},
    {.name = "sasl", .type = KEY_TABLE, .table = &sasl_table, .help = "As of the input."},
    {.name = "client_id", .type = KEY_CSTR, AT(client_id), .min = 1, .max = 249, .def = "crumbd", .help = "The same."},
    {.name = "options",
     .type = KEY_MAP,
     KEY_MANY(struct input_options, kafka.options, kafka.n_options),
     .of = &key_pair_string,
     .max = 100,
     .help = "Properties of librdkafka by their own names, such as linger.ms: 20. Those by which crumbd keeps its "
             "promises are refused."},
    {.name = NULL}};

static bool settings_kafka_producer_check(struct keys_ctx *c, const struct conf_node *map, void *base)
{
    struct input_options *o = base;
    (void)c;
    o->place = conf_place(map);
    return true;
}

const struct key_table settings_kafka_producer_table = {
    .keys = producer_keys, .applies = settings_kafka_applies, .check = settings_kafka_producer_check};
