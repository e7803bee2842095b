#include "config.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/settings_parts.h"
#include "app/snapshot.h"
#include "app/zone.h"
#include "base/xalloc.h"

static char dir[64];

static void in_clean_environment(void)
{
    static const char *const names[] = {"SENTRY_DSN",      "SENTRY_ENVIRONMENT",    "SENTRY_RELEASE", "UDP_ADDR",
                                        "TCP_ADDR",        "CREDENTIALS_DIRECTORY", "CRUMBD_DATA",    "XDG_STATE_HOME",
                                        "STATE_DIRECTORY", "SYSLOG_ADDR",           "SENTRY_NAME"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    setenv("HOME", "/home/nobody", 1);
    strcpy(dir, "/tmp/crumbd-settings-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void remove_dir(void)
{
    char *command = xasprintf("rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
    free(command);
}

static char *put(const char *name, const char *text)
{
    char *path = xasprintf("%s/%s", dir, name);
    FILE *f = fopen(path, "we");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    return path;
}

static struct settings *load(const char *text, struct diag *d)
{
    char *path = put("crumbd.yaml", text);
    struct settings *s = settings_load(path, d);
    free(path);
    return s;
}

/* A configuration that must be taken without a word, but for keys that are not in force yet. */
static struct settings *good(const char *text)
{
    struct diag d = {0};
    struct settings *s = load(text, &d);
    err_print(&d, stdout);
    ck_assert_ptr_nonnull(s);
    for (unsigned i = 0; i < d.n; i++)
        ck_assert(strstr(d.v[i].text, "not yet in force") ||
                  strstr(d.v[i].text, "cannot read /etc/ssl/private-ca.pem: No such"));
    err_done(&d);
    return s;
}

#define INPUT "inputs: [{gelf: 'udp://127.0.0.1:0'}]\n"

START_TEST(the_contract)
{
    free(put("REVISION", " web@1.2 \nmore\n"));
    struct settings *s =
        good("sentry:\n"
             "  dsn: https://0123456789abcdef0123456789abcdef@sentry.example.com/42\n"
             "  environment: staging\n"
             "  release: {file: REVISION}\n"
             "  ca_file: /etc/ssl/private-ca.pem\n"
             "  proxy: http://proxy:3128\n"
             "  projects: {billing: 'https://0123456789abcdef0123456789abcdef@sentry.example.com/43'}\n"
             "inputs:\n"
             "  - tail: /var/log/nginx/*error.log\n"
             "    format: nginx-error\n"
             "    timezone: Europe/Berlin\n"
             "    from: start\n"
             "  - gelf: udp://0.0.0.0:12201\n"
             "    receive_buffer: 4m\n"
             "    allow: [10.0.0.0/8, '2001:db8::/32', ::1]\n"
             "    trust: yes\n"
             "    domain: shop\n"
             "  - gelf: tcp://0.0.0.0:12201\n"
             "  - gelf: http://0.0.0.0:12202\n"
             "  - syslog: udp://[::1]:5514\n"
             "  - syslog: tcp://0.0.0.0:5514\n"
             "    max_message: 64k\n"
             "    max_connections: 7\n"
             "    idle_timeout: 0\n"
             "    per_sender: 100\n"
             "    proxy_protocol: yes\n"
             "  - syslog: tls://0.0.0.0:6514\n"
             "    tls: {cert: c.pem, key: /k.pem, client_ca: ca.pem}\n"
             "  - syslog: unix:/run/crumbd/log\n"
             "  - journal: all\n"
             "  - stdin: on\n"
             "    format: text\n"
             "rules: [shipped, /etc/crumbd/rules.d/*.yaml]\n"
             "fallback: crumb\n"
             "breadcrumbs: {before: 0, after: 0, wait: 1s, max_age: 1m, memory: 1m}\n"
             "limits: {per_issue: {burst: 3, period: 2h}, per_minute: 4, per_day: 5, new_issues: 6}\n"
             "scrub: {defaults: off, patterns: ['\\bsecret-[a-z0-9]+\\b'], send_ip: on}\n"
             "in_app: [com.acme, /srv/app]\n"
             "source_roots: [/usr]\n"
             "group: everywhere\n"
             "store: /var/lib/crumbd/crumbd.db\n"
             "store_limit: 1g\n"
             "http: 127.0.0.1:8686\n"
             "workers: 1\n"
             "user: crumbd:adm\n"
             "keep_read: on\n"
             "sandbox: off\n");
    ck_assert_str_eq(s->user.user, "crumbd");
    ck_assert_str_eq(s->user.group, "adm");
    ck_assert(s->keep_read && !s->sandbox);
    ck_assert_str_eq(s->dsn_from, "sentry.dsn");
    ck_slice(s->options.environment, "staging");
    ck_slice(s->options.release, "web@1.2");
    ck_assert_uint_gt(s->options.server_name.n, 0);
    ck_slice(s->sentry.projects[0].name, "billing");
    ck_assert_uint_eq(s->n_inputs, 10);
    const struct input_options *o = &s->inputs[0];
    ck_assert_int_eq(o->kind, INPUT_TAIL);
    ck_assert_int_eq(o->format, FORMAT_NGINX_ERROR);
    ck_assert_str_eq(o->zone->name, "Europe/Berlin");
    ck_assert(o->from_start);
    ck_assert_uint_eq(o->place.line, 9);
    o = &s->inputs[1];
    ck_assert_int_eq(o->transport, INPUT_UDP);
    ck_assert_str_eq(o->text, "udp://0.0.0.0:12201");
    ck_assert_str_eq(o->host, "0.0.0.0");
    ck_assert_uint_eq(o->port, 12201);
    ck_assert_uint_eq(o->receive_buffer_bytes, 4 << 20);
    ck_assert_uint_eq(o->n_allow, 3);
    ck_assert_int_eq(o->trust, INPUT_TRUST_ON);
    ck_assert_str_eq(o->domain, "shop");
    ck_assert_int_eq(s->inputs[2].trust, INPUT_TRUST_LOCAL);
    ck_assert_ptr_null(s->inputs[2].domain);
    ck_assert_uint_eq(o->allow[0].bits, 104);
    ck_assert_uint_eq(o->allow[0].addr[12], 10);
    ck_assert_uint_eq(o->allow[1].bits, 32);
    ck_assert_uint_eq(o->allow[2].bits, 128);
    ck_assert_str_eq(o->zone->name, "local");
    ck_assert_int_eq(s->inputs[2].transport, INPUT_TCP);
    ck_assert_int_eq(s->inputs[3].transport, INPUT_HTTP);
    ck_assert_uint_eq(s->inputs[3].receive_buffer_bytes, 8 << 20);
    ck_assert_str_eq(s->inputs[4].host, "::1");
    o = &s->inputs[5];
    ck_assert_uint_eq(o->max_message_bytes, 65536);
    ck_assert_uint_eq(o->max_connections, 7);
    ck_assert_int_eq(o->idle_timeout_us, 0);
    ck_assert(o->idle_for_all && !s->inputs[2].idle_for_all);
    ck_assert_int_eq(s->inputs[2].idle_timeout_us, 600000000);
    ck_assert_uint_eq(o->per_sender, 100);
    ck_assert(o->proxy_protocol);
    char *cert = xasprintf("%s/c.pem", dir);
    ck_assert_str_eq(s->inputs[6].tls.cert, cert);
    ck_assert_str_eq(s->inputs[6].tls.key, "/k.pem");
    free(cert);
    ck_assert_int_eq(s->inputs[7].transport, INPUT_UNIX);
    ck_assert_str_eq(s->inputs[7].host, "/run/crumbd/log");
    ck_assert_int_eq(s->inputs[8].kind, INPUT_JOURNAL);
    ck_assert_int_eq(s->inputs[9].kind, INPUT_STDIN);
    ck_assert(!s->inputs_found);
    ck_assert_uint_eq(s->n_rules, 2);
    const struct options *p = &s->options;
    ck_assert_int_eq(p->fallback, FALLBACK_CRUMB);
    ck_assert(p->crumbs.before == 0 && p->crumbs.after == 0 && p->crumbs.wait_us == 1000000);
    ck_assert(p->crumbs.max_age_us == 60000000 && p->crumbs.memory_bytes == 1 << 20);
    ck_assert(p->limits.burst == 3 && p->limits.period_us == INT64_C(7200000000));
    ck_assert(p->limits.per_minute == 4 && p->limits.per_day == 5 && p->limits.new_issues == 6);
    ck_assert(!p->scrub.defaults && p->scrub.send_ip && p->scrub.n_patterns == 1);
    ck_slice(p->in_app[1], "/srv/app");
    ck_slice(p->source_roots[0], "/usr");
    ck_assert(p->group_everywhere);
    ck_assert(options_everywhere(p, SLICE_NONE) && options_everywhere(p, SLICE("billing")));
    ck_assert_str_eq(s->store, "/var/lib/crumbd/crumbd.db");
    ck_assert_uint_eq(s->store_limit_bytes, 1 << 30);
    ck_assert_str_eq(s->http.host, "127.0.0.1");
    ck_assert_uint_eq(s->http.port, 8686);
    settings_unref(settings_ref(s));
    settings_unref(s);
}
END_TEST

START_TEST(defaults)
{
    struct settings *s = good(INPUT);
    const struct options *p = &s->options;
    ck_assert_ptr_null(s->dsn);
    ck_slice(p->environment, "production");
    ck_assert_uint_eq(p->release.n, 0);
    ck_assert_int_eq(p->fallback, FALLBACK_EVENT);
    ck_assert(p->crumbs.before == 30 && p->crumbs.after == 5 && p->crumbs.wait_us == 500000);
    ck_assert(p->crumbs.max_age_us == 600000000 && p->crumbs.memory_bytes == 32 << 20);
    ck_assert(p->limits.burst == 10 && p->limits.period_us == INT64_C(3600000000));
    ck_assert(p->limits.per_minute == 300 && p->limits.per_day == 100000 && p->limits.new_issues == 200);
    ck_assert(p->scrub.defaults && !p->scrub.send_ip && !p->group_everywhere);
    ck_assert_uint_eq(s->store_limit_bytes, 512 << 20);
    ck_assert_str_eq(s->store, "/home/nobody/.local/state/crumbd/crumbd.db");
    ck_assert_ptr_null(s->http.host);
    ck_slice(s->rules[0], "shipped");
    ck_assert_int_eq(s->inputs[0].format, FORMAT_AUTO);
    ck_assert(!s->inputs[0].from_start);
    ck_assert_uint_eq(s->inputs[0].max_message_bytes, 1 << 20);
    settings_unref(s);
}
END_TEST

static const struct {
    const char *text, *want;
} bad[] = {
    {"braedcrumbs: {before: 1}\n", "1:1 unknown key \"braedcrumbs\"; did you mean \"breadcrumbs\"?"},
    {"limits: {per_isue: {burst: 1}}\n", "1:10 unknown key \"per_isue\"; did you mean \"per_issue\"?"},
#ifdef HAVE_HIREDIS
    {"limits: {shared: http://r}\n", "1:18 \"shared\": this is no address of a Redis: it must begin with redis://"},
    {"limits: {shared: redis://}\n", "1:18 \"shared\": this is no address of a Redis: it needs a host"},
    {"limits: {shared: 'redis://r:x'}\n", "1:18 \"shared\": this is no address of a Redis: it needs a host and a port"},
    {"limits: {shared: redis://r/a}\n",
     "1:18 \"shared\": this is no address of a Redis: behind the host stands the number"},
    {"limits: {shared: 'redis://:%4@r'}\n", "1:18 \"shared\": this is no address of a Redis: user and password stand"},
    {"limits: {shared: 'redis://:%00@r'}\n", "1:18 \"shared\": this is no address of a Redis: user and password stand"},
    {"limits: {shared: 'redis://:0123456789abcdef@r/x'}\n", "1:18 \"shared\": this is no address of a Redis"},
    {"limits: {shared: 'unix:redis'}\n", "1:18 \"shared\": this is no address of a Redis: after unix: stands"},
    {"limits: {shared: {ca_file: /x}}\n", "1:18 the key \"url\" is missing"},
    {"inputs: [{redis: {url: redis://r}}]\n", "1:18 the key \"streams\" is missing"},
    {"inputs: [{redis: {url: x, streams: [a]}}]\n", "1:18 \"redis\": this is no address of a Redis"},
#endif
    {"limits: {per_issue: {burst: 0}}\n", "1:29 \"burst\" must be a whole number from 1 to 2147483647"},
    {"breadcrumbs: {before: 2147483648}\n", "1:23 \"before\" must be"},
    {"workers: 2\n", "1:10 \"workers\" must be 1"},
    {"fallback: evnt\n", "1:11 \"fallback\" must be event, crumb or drop; did you mean \"event\"?"},
    {"http: on\n", "1:7 \"http\": it needs a host and a port"},
    {"http: unix:page.sock\n", "1:7 \"http\": it needs a host and a port"},
    {"probes: 8687\n", "1:9 \"probes\": it needs a host and a port"},
    {"http_token_file: /nonexistent/token\n", "1:18 cannot read"},
    {"inputs: [{gelf: 'http://0.0.0.0:1', cors: [shop.example]}]\n", "1:44 each of \"cors\" must be an origin"},
    {"inputs: [{gelf: 'http://0.0.0.0:1', cors: ['https://shop.example/x']}]\n",
     "1:44 each of \"cors\" must be an origin"},
    {"http: 127.0.0.1:99999\n", "1:7 \"http\": a port is a number up to 65535"},
    {"store_limit: 5\n", "1:14 \"store_limit\" must be a size such as 64k, 32m or 1g from 64k"},
    {"source_roots: [srv]\n", "1:16 a source root is an absolute path"},
    {"source_roots: [/usr/..]\n", "1:16 a source root is a folder of sources, not all of this host"},
    {"in_app: [a, '-']\n", "1:13 each of \"in_app\" must be the beginning of a module or of a path"},
    {"in_app: ['']\n", "1:10 must not be empty"},
    {"sentry: {projects: {a: []}}\n", "1:24 each of \"projects\" must be a DSN, or {dsn: DSN, group: sentry or "},
    {"sentry: {projects: {a: {group: sentry}}}\n", "1:24 the key \"dsn\" is missing"},
    {"sentry: {projects: {a: {dsn: 'https://0123456789abcdef0123456789abcdef@h/42', group: bugsink}}}\n",
     "1:86 \"group\" must be sentry or everywhere"},
    {"scrub: {patterns: ['ok', 'a(b']}\n", "1:30 this pattern does not compile: missing closing parenthesis"},
    {"sentry: {environment: 'a b'}\n", "1:23 the environment cannot be used: Sentry refuses blanks"},
    {"sentry: {environment: None}\n", "1:23 the environment cannot be used"},
    {"sentry: {dsn: 'https://0123456789abcdef@h/42'}\n",
     "1:15 sentry.dsn: the public key of the DSN must be 32 letters and digits"},
    {"sentry: {projects: {a: 'x', b: 'https://0123456789abcdef0123456789abcdef@h/42'}}\n",
     "1:24 sentry.projects.a: the DSN has no scheme"},
    {"sentry: {release: a/b}\n", "1:19 the release cannot be used"},
    {"sentry: {release: [a]}\n", "1:19 \"release\" must be text or {file: path}"},
    {"sentry: {release: {fil: x}}\n", "1:20 unknown key \"fil\"; did you mean \"file\"?"},
    {"sentry: {dsn_file: nowhere}\n", "1:20 cannot read "},
    {"inputs: [{gelf: 'udp://h:1', trust: maybe}]\n", "1:37 \"trust\" must be on, off or local"},
    {"inputs: [{gelf: 'udp://h:1', domain: ''}]\n", "1:38 must not be empty"},
    {"inputs: [{gelf: 12201}]\n", "1:17 \"gelf\": this is no address to listen on: it must begin with udp://"},
    {"inputs: [{gelf: 'upd://x:1'}]\n", "1:17 \"gelf\": this is no address to listen on: it must begin with udp://"},
    {"inputs: [{gelf: 'udp:0.0.0.0:1'}]\n",
     "1:17 \"gelf\": this is no address to listen on: after the scheme stand two"},
    {"inputs: [{gelf: 'udp://:1'}]\n", "1:17 \"gelf\": this is no address to listen on: it needs a host"},
    {"inputs: [{gelf: 'udp://h'}]\n", "1:17 \"gelf\": this is no address to listen on: it needs a host and a port"},
    {"inputs: [{gelf: 'udp://h:65536'}]\n", "1:17 \"gelf\": this is no address to listen on: a port is a number"},
    {"inputs: [{gelf: 'udp://::1:5'}]\n", "1:17 \"gelf\": this is no address to listen on: an IPv6 address stands in"},
    {"inputs: [{gelf: 'udp://[::1:5'}]\n", "1:17 \"gelf\": this is no address to listen on: an IPv6 address stands"},
    {"inputs: [{gelf: 'udp://a b:5'}]\n", "1:17 \"gelf\": this is no address to listen on: the host is neither"},
    {"inputs: [{gelf: 'unix:run/x'}]\n", "1:17 \"gelf\": this is no address to listen on: after unix: stands an abs"},
    {"inputs: [{syslog: 'http://0.0.0.0:1'}]\n", "1:19 \"syslog\": this is no address to listen on: it must begin"},
    {"inputs: [{syslog: 'tls://0.0.0.0:1'}]\n", "1:10 a tls:// address needs \"tls\" with cert and key"},
    {"inputs: [{syslog: 'tcp://0.0.0.0:1', tls: {cert: c, key: k}}]\n", "1:43 this input is not encrypted"},
    {"inputs: [{syslog: 'tls://0.0.0.0:1', tls: {cert: c}}]\n", "1:43 the key \"key\" is missing"},
    {"inputs: [{gelf: 'udp://h:1', allow: [10.0.0.0/33]}]\n",
     "1:38 each of \"allow\" and \"exempt\" must be an address or a range"},
    {"inputs: [{gelf: 'udp://h:1', allow: []}]\n", "1:37 \"allow\" needs at least 1 entry"},
    {"inputs: [{gelf: 'udp://h:1', allow: }]\n", "1:30 \"allow\" must be a list: [a, b], but has no value"},
    {"inputs: [{gelf: 'udp://h:1', format: text}]\n", "1:38 a gelf input takes gelf"},
    {"inputs: [{tail: /x, timezone: Europe/Berln}]\n",
     "1:31 unknown time zone \"Europe/Berln\"; did you mean \"Europe/Berlin\"?"},
    {"inputs: [{tail: /x, timezone: berlin}]\n", "1:31 unknown time zone \"berlin\"; did you mean \"Europe/Berlin\"?"},
    {"inputs: [{tail: /x, timezone: ../../etc/passwd}]\n", "1:31 unknown time zone \"../../etc/passwd\"; write local"},
    {"inputs: [{tail: /x, timezone: '+25:00'}]\n", "1:31 unknown time zone"},
    {"inputs: [{tail: /x, format: nginx}]\n", "1:29 \"format\" must be auto, nginx-error"},
    {"inputs: [{tail: /x, log_format: '$pid'}]\n", "1:33 \"log_format\" needs \"format: nginx-access\""},
    {"inputs: [{tail: /x, gelf: 'udp://h:1'}]\n", "1:21 \"tail\" and \"gelf\" cannot stand in one entry"},
    {"inputs: [{format: text}]\n",
     "1:10 one of these keys is missing: tail, gelf, syslog, journal, stdin, kafka or redis"},
    {"inputs: [{kafka: {topics: [a], group: g}}]\n", "1:18 the key \"brokers\" is missing"},
    {"inputs: [{kafka: {brokers: [a], topics: [a], group: g, tls: {cert: /c}}}]\n", "1:61 \"cert\" and \"key\" stand"},
    {"inputs: [{kafka: {brokers: [a], topics: [a], group: g, sasl: {username: u}}}]\n", "1:62 \"sasl\" needs"},
    {"inputs: [{kafka: {brokers: [a], topics: [a], group: g, sasl: {mechanism: OAUTHBEARER, username: u}}}]\n",
     "1:62 \"sasl\" of OAUTHBEARER needs token_url"},
    {"inputs: [{kafka: {brokers: [a], topics: [a], group: g, sasl: {mechanism: OAUTHBEARER, token_url: "
     "'https://u:p@h/',"
     " client_id: c, client_secret_file: /s}}}]\n",
     "1:62 \"token_url\" must be https://host"},
    {"inputs: [{kafka: {brokers: [a], topics: [a], group: g, sasl: {mechanism: OAUTHBEARER, token_url: 'https://h/',"
     " client_id: c, client_secret_file: /s, password_file: /p}}}]\n",
     "1:62 OAUTHBEARER has a token"},
    {"inputs: [{kafka: {brokers: [a], topics: [a], group: g, sasl: {username: u, password_file: /p, scope: x}}}]\n",
     "1:62 token_url, client_id, client_secret_file, scope and token_ca are of"},
    {"inputs: [{kafka: {brokers: [a], topics: [a], group: g, from: never}}]\n", "1:62 \"from\" must be start, end or"},
    {"inputs: [{kafka: {brokers: [a], topics: [a], group: g, broker: x}}]\n", "1:56 unknown key \"broker\""},
    {"inputs: [{stdin: off}]\n", "1:18 \"stdin\" can only be on"},
    {"inputs: {tail: /x}\n", "1:9 \"inputs\" must be a list: [a, b], not a map"},
    {"- a\n", "1:1 this must be a map"},
    {"a:\n\t- b\n", "2:1 a tab cannot indent YAML; use spaces"},
    {"%YAML 1.2\n---\nworkers: 1\n", "1:1 a line must not begin with '%'"},
    {"workers: 1\nworkers: 1\n", "2:1 duplicate key \"workers\", first on line 1"},
};

#ifdef HAVE_HIREDIS
START_TEST(redis_addresses)
{
    static const struct {
        const char *url, *host, *user, *password, *shown;
        unsigned port, database;
        bool tls;
    } good[] = {
        {"redis://r", "r", NULL, NULL, "redis://r", 6379, 0, false},
        {"redis://r/", "r", NULL, NULL, "redis://r/", 6379, 0, false},
        {"rediss://r:1/15", "r", NULL, NULL, "rediss://r:1/15", 1, 15, true},
        {"redis://[::1]", "::1", NULL, NULL, "redis://[::1]", 6379, 0, false},
        {"redis://[::1]:7/2", "::1", NULL, NULL, "redis://[::1]:7/2", 7, 2, false},
        {"redis://u@r", "r", "u", NULL, "redis://r", 6379, 0, false},
        {"redis://:p%40%3a%25@r:2", "r", NULL, "p@:%", "redis://r:2", 2, 0, false},
        {"redis://u:p@x@r", "r", "u", "p@x", "redis://r", 6379, 0, false},
        {"unix:/run/redis.sock", "/run/redis.sock", NULL, NULL, "unix:/run/redis.sock", 0, 0, false},
    };
    struct diag d = {0};
    char *text = xasprintf("limits: {shared: '%s'}\n", good[_i].url);
    struct settings *s = load(text, &d);
    ck_assert_msg(s != NULL, "%s: %s", good[_i].url, d.n ? d.v[0].text : "");
    const struct redis_address *at = &s->shared.at;
    ck_assert_str_eq(at->host, good[_i].host);
    ck_assert_pstr_eq(at->user, good[_i].user);
    ck_assert_pstr_eq(at->password, good[_i].password);
    ck_assert_str_eq(at->shown, good[_i].shown);
    ck_assert(at->port == good[_i].port && at->database == good[_i].database && at->tls == good[_i].tls);
    settings_unref(s);
    err_done(&d);
    free(text);
}
END_TEST
#endif

START_TEST(errors)
{
    struct diag d = {0};
    struct settings *s = load(bad[_i].text, &d);
    ck_assert_msg(!s, "taken: %s", bad[_i].text);
    ck_assert_uint_eq(d.errors, 1);
    const struct err *e = d.v;
    while (e->kind != ERR_ERROR) /* a key that is not in force yet is a warning before it */
        e++;
    char *got = xasprintf("%u:%u %s", e->line, e->col, e->text);
    ck_assert_msg(strncmp(got, bad[_i].want, strlen(bad[_i].want)) == 0, "got '%s', want '%s'", got, bad[_i].want);
    ck_assert_ptr_nonnull(strstr(e->file, "/crumbd.yaml"));
    /* A key must not reach the log, not even as the line that is wrong. */
    ck_assert(!strstr(bad[_i].text, "0123456789abcdef") || !e->source);
    free(got);
    err_done(&d);
}
END_TEST

START_TEST(printed_with_line_and_caret)
{
    struct diag d = {0};
    char *text = NULL;
    size_t n;
    ck_assert_int_eq(chdir(dir), 0);
    free(put("crumbd.yaml", "store: /x\r\n  \r\nbraedcrumbs: {before: 1}\r\n"));
    ck_assert_ptr_null(settings_load("crumbd.yaml", &d));
    FILE *f = open_memstream(&text, &n);
    err_print(&d, f);
    fclose(f);
    ck_assert_str_eq(text, "crumbd.yaml:3:1: error: unknown key \"braedcrumbs\"; did you mean \"breadcrumbs\"?\n"
                           "  braedcrumbs: {before: 1}\n"
                           "  ^\n");
    free(text);
    err_done(&d);
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
    struct diag d = {0};
    ck_assert_ptr_null(settings_load(dir, &d));
    ck_assert_ptr_nonnull(strstr(d.v[0].text, "Is a directory"));
    char *path = xasprintf("%s/none.yaml", dir);
    ck_assert_ptr_null(settings_load(path, &d));
    ck_assert_ptr_nonnull(strstr(d.v[1].text, "No such file or directory; check the path"));
    ck_assert_str_eq(d.v[1].file, path);
    free(path);
    path = put("locked.yaml", "");
    ck_assert_int_eq(chmod(path, 0), 0);
    /* Root reads everything, so root becomes somebody else for a moment. */
    bool root = geteuid() == 0;
    ck_assert_int_eq(chmod(dir, 0755), 0);
    ck_assert(!root || seteuid(65534) == 0);
    struct settings *s = settings_load(path, &d);
    ck_assert(!root || seteuid(0) == 0);
    ck_assert_ptr_null(s);
    ck_assert_ptr_nonnull(strstr(d.v[2].text, "Permission denied; let this user read it"));
    free(path);
    ck_assert_ptr_null(settings_load("/dev/zero", &d));
    ck_assert_ptr_nonnull(strstr(d.v[d.n - 1].text, "File too large"));
    err_done(&d);
}
END_TEST

START_TEST(where_the_dsn_comes_from)
{
    char *file = put("dsn", "https://11111111111111111111111111111111@h/1\n"),
         *credentials = xasprintf("%s/credentials", dir);
    ck_assert_int_eq(mkdir(credentials, 0700), 0);
    free(put("credentials/sentry_dsn", "https://22222222222222222222222222222222@h/2"));
    struct settings *s = good(INPUT);
    ck_assert_ptr_null(s->dsn);
    settings_unref(s);
    setenv("CREDENTIALS_DIRECTORY", credentials, 1);
    s = good(INPUT);
    ck_assert_str_eq(s->dsn, "https://22222222222222222222222222222222@h/2");
    settings_unref(s);
    setenv("SENTRY_DSN", "https://33333333333333333333333333333333@h/3", 1);
    s = good(INPUT);
    ck_assert_str_eq(s->dsn, "https://33333333333333333333333333333333@h/3");
    ck_assert_str_eq(s->dsn_from, "SENTRY_DSN");
    settings_unref(s);
    s = good("sentry: {dsn_file: dsn}\n" INPUT);
    ck_assert_str_eq(s->dsn, "https://11111111111111111111111111111111@h/1");
    settings_unref(s);
    s = good("sentry: {dsn_file: dsn, dsn: 'https://44444444444444444444444444444444@h/4'}\n" INPUT);
    ck_assert_str_eq(s->dsn, "https://44444444444444444444444444444444@h/4");
    settings_unref(s);
    setenv("SENTRY_DSN", "", 1);
    s = good(INPUT);
    ck_assert_str_eq(s->dsn_from, "the systemd credential");
    settings_unref(s);
    free(file);
    free(credentials);
}
END_TEST

START_TEST(environment_variables)
{
    char own[256] = "";
    ck_assert_int_eq(gethostname(own, sizeof own - 1), 0);
    setenv("SENTRY_ENVIRONMENT", "qa", 1);
    setenv("SENTRY_RELEASE", "r1", 1);
    struct settings *s = good(INPUT);
    ck_slice(s->options.environment, "qa");
    ck_slice(s->options.release, "r1");
    ck_slice(s->options.server_name, own);
    settings_unref(s);
    setenv("SENTRY_NAME", "node-7", 1);
    s = good("sentry: {environment: production, release: r2}\n" INPUT);
    ck_slice(s->options.environment, "production");
    ck_slice(s->options.release, "r2");
    ck_slice(s->options.server_name, "node-7");
    settings_unref(s);
    struct diag d = {0};
    setenv("SENTRY_RELEASE", "a\nb", 1);
    ck_assert_ptr_null(load(INPUT, &d));
    ck_assert_str_eq(d.v[0].text,
                     "the release in SENTRY_RELEASE cannot be used: Sentry refuses slashes, tabs and dots alone here");
    err_done(&d);
    unsetenv("SENTRY_RELEASE");
    s = load("sentry: {release: {file: not-yet}}\n" INPUT, &d);
    ck_assert_ptr_nonnull(s);
    ck_assert_uint_eq(d.warnings, 1);
    ck_assert_ptr_nonnull(strstr(d.v[0].text, "events carry no release"));
    settings_unref(s);
    err_done(&d);
    setenv("XDG_STATE_HOME", "/xdg", 1);
    s = good(INPUT);
    ck_assert_str_eq(s->store, "/xdg/crumbd/crumbd.db");
    settings_unref(s);
    setenv("STATE_DIRECTORY", "/state/a:/state/b", 1);
    s = good(INPUT);
    ck_assert_str_eq(s->store, "/state/a/crumbd.db");
    settings_unref(s);
}
END_TEST

START_TEST(meaningless_keys_warn)
{
    struct diag d = {0};
    struct settings *s = load("inputs:\n  - {gelf: 'tcp://127.0.0.1:0', from: start, timezone: UTC}\n", &d);
    ck_assert_ptr_nonnull(s);
    ck_assert_uint_eq(d.warnings, 2);
    settings_unref(s);
    err_done(&d);
}
END_TEST

static char *dump(const struct settings *s)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    settings_dump(s, f);
    fclose(f);
    return text;
}

#define DSN "https://0123456789abcdef0123456789abcdef@h/"

START_TEST(groups_of_projects)
{
    struct settings *s = good(INPUT "sentry: {projects: {a: '" DSN "1', b: {dsn: '" DSN "2', group: everywhere}}}\n");
    ck_assert_str_eq(s->sentry.projects[1].dsn, DSN "2");
    ck_assert(!options_everywhere(&s->options, SLICE_NONE) && !options_everywhere(&s->options, SLICE("a")));
    ck_assert(options_everywhere(&s->options, SLICE("b")) && !options_everywhere(&s->options, SLICE("c")));
    settings_unref(s);
    s = good(INPUT "group: everywhere\nsentry: {projects: {a: '" DSN "1', b: {dsn: '" DSN "2', group: sentry}}}\n");
    ck_assert(options_everywhere(&s->options, SLICE("a")) && !options_everywhere(&s->options, SLICE("b")));
    settings_unref(s);
}
END_TEST

START_TEST(dump_can_be_read_again)
{
    static const char *const texts[] = {
        INPUT, "sentry: {environment: 'on', release: '1.10', proxy: 'http://u:p@h:1', projects: {'a b': "
               "'https://0123456789abcdef0123456789abcdef@h/1', b: {dsn: "
               "'https://0123456789abcdef0123456789abcdef@h/2', group: everywhere}, c: {dsn: "
               "'https://0123456789abcdef0123456789abcdef@h/3', group: sentry}}}\n"
               "inputs:\n"
               "  - {tail: '/a b/*.log', timezone: '+02:00', log_format: '$a \"$b\"', format: nginx-access}\n"
               "  - {gelf: 'udp://[::1]:1', allow: ['::/0', 1.2.3.4]}\n"
               "  - {syslog: 'tls://h:2', tls: {cert: /c, key: /k}}\n"
               "  - {journal: nginx.service}\n"
               "  - {gelf: 'http://0.0.0.0:1', cors: ['*', 'https://shop.example']}\n"
               "  - {stdin: on}\n"
               "scrub: {patterns: ['\\d''+', \"a\\nb\"]}\n"
               "http: unix:/run/crumbd/page\n"
               "http_names: [logs.example]\n"
               "probes: '[::1]:80'\n"
               "rules: []\n"};
    for (size_t i = 0; i < 2; i++) {
        struct settings *s = good(texts[i]);
        char *first = dump(s);
        ck_assert(!strstr(first, "u:p") && !strstr(first, "0123456789abcdef"));
        struct settings *again = good(first);
        char *second = dump(again);
        ck_assert_str_eq(first, second);
        free(first);
        free(second);
        settings_unref(s);
        settings_unref(again);
    }
    struct settings *s = good("store: /x\n" INPUT);
    char *text = dump(s);
    ck_assert_ptr_nonnull(strstr(text, "# no DSN: events stay in the store\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nbreadcrumbs:\n  before: 30  # default\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nstore: /x\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n  - gelf: udp://127.0.0.1:0\n    format: auto  # default\n"));
    free(text);
    settings_unref(s);
    setenv("SENTRY_DSN", "https://0123456789abcdef0123456789abcdef:secret@h/3", 1);
    s = good(INPUT);
    text = dump(s);
    ck_assert_ptr_nonnull(
        strstr(text, "# the DSN in force comes from SENTRY_DSN: https://xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx@h/3\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nstore: /home/nobody/.local/state/crumbd/crumbd.db  # default\n"));
    ck_assert_ptr_null(strstr(text, "0123456789abcdef"));
    free(text);
    settings_unref(s);
}
END_TEST

START_TEST(exempt_beside_the_inputs_is_for_those_without_their_own)
{
    struct settings *s = good("inputs:\n"
                              "  - {gelf: 'tcp://127.0.0.1:1', exempt: [10.0.0.0/8]}\n"
                              "  - syslog: udp://127.0.0.1:2\n"
                              "  - tail: /var/log/x.log\n"
                              "exempt: [192.0.2.1, '2001:db8::/32']\n");
    ck_assert_uint_eq(s->inputs[0].n_exempt, 1);
    ck_assert_uint_eq(s->inputs[0].exempt[0].addr[12], 10);
    ck_assert_uint_eq(s->inputs[1].n_exempt, 2);
    ck_assert_uint_eq(s->inputs[1].exempt[0].addr[12], 192);
    char *first = dump(s);
    ck_assert_ptr_nonnull(strstr(first, "\nexempt: ['192.0.2.1/32', '2001:db8::/32']\n"));
    struct settings *again = good(first);
    char *second = dump(again);
    ck_assert_str_eq(first, second);
    free(first);
    free(second);
    settings_unref(again);
    settings_unref(s);
    s = good(INPUT);
    first = dump(s);
    ck_assert_ptr_nonnull(strstr(first, "\nexempt: []  # default\n"));
    free(first);
    settings_unref(s);
}
END_TEST

static void touch(const char *path)
{
    char *command =
        xasprintf("mkdir -p '%s/%.*s' && touch '%s/%s'", dir, (int)(strrchr(path, '/') - path), path, dir, path);
    ck_assert_int_eq(system(command), 0);
    free(command);
}

START_TEST(what_a_host_has)
{
    struct diag d = {0};
    touch("var/log/nginx/error.log");
    touch("var/log/syslog");
    touch("var/log/auth.log");
    touch("var/log/redis/x/unrelated");
    touch("var/log/pods/prod_shop-1_uid/web/0.log");
    touch("var/lib/docker/containers/0123/0123-json.log");
    char *pods = xasprintf(
        "mkdir '%s/var/log/containers' && ln -s ../pods/prod_shop-1_uid/web/0.log '%s/var/log/containers/a.log'", dir,
        dir);
    ck_assert_int_eq(system(pods), 0);
    free(pods);
    char *link = xasprintf("%s/var/log/nginx/access.log", dir);
    ck_assert_int_eq(symlink("/dev/stdout", link), 0);
    free(link);
    struct settings *s = good(INPUT);
    setenv("UDP_ADDR", ":12222", 1);
    setenv("SYSLOG_ADDR", "[::1]:5515", 1);
    ck_assert(settings_find_inputs(s, dir, &d));
    ck_assert(s->inputs_found);
    bool nginx = false, gelf = false, pod = false, docker = false, logins = false;
    unsigned syslog = 0;
    for (unsigned i = 0; i < s->n_inputs; i++) {
        const struct input_options *o = &s->inputs[i];
        ck_assert_ptr_nonnull(o->zone);
        ck_assert(!strstr(o->text, "access") && !strstr(o->text, "redis") && o->kind != INPUT_JOURNAL);
        pod |= o->kind == INPUT_TAIL && o->format == FORMAT_AUTO && strstr(o->text, "/var/log/containers/*.log");
        docker |= o->kind == INPUT_TAIL && o->format == FORMAT_DOCKER && strstr(o->text, "/containers/*/*-json.log");
        nginx |= o->kind == INPUT_TAIL && o->format == FORMAT_NGINX_ERROR;
        logins |= o->kind == INPUT_TAIL && o->format == FORMAT_SYSLOG && strstr(o->text, "/var/log/auth.log");
        syslog += o->kind == INPUT_SYSLOG && o->port == 5515 && strcmp(o->host, "::1") == 0;
        gelf |=
            o->kind == INPUT_GELF && o->transport == INPUT_UDP && o->port == 12222 && strcmp(o->host, "0.0.0.0") == 0;
    }
    bool redis = false;
    for (unsigned i = s->n_inputs; i < s->n_inputs + s->n_awaited; i++) {
        const struct input_options *o = &s->inputs[i];
        ck_assert(o->awaited && o->kind == INPUT_TAIL && o->zone && !o->unless);
        /* One that is there already holds what these would. */
        ck_assert(!strstr(o->text, "/syslog") && !strstr(o->text, "/messages") && !strstr(o->text, "nginx/*error"));
        redis |= strstr(o->text, "/var/log/redis/*.log") != NULL;
    }
    ck_assert(redis);
    ck_assert(gelf && pod && docker && logins);
    ck_assert_uint_eq(syslog, 2); /* UDP and TCP */
    ck_assert(nginx == (input_type_of(INPUT_TAIL, INPUT_UDP) != NULL));
    setenv("UDP_ADDR", "12222", 1);
    ck_assert(!settings_find_inputs(s, dir, &d));
    ck_assert_ptr_nonnull(strstr(d.v[0].text, "UDP_ADDR=12222 is no address to listen on"));
    err_done(&d);
    settings_unref(s);
    unsetenv("UDP_ADDR");
    unsetenv("SYSLOG_ADDR");
    s = settings_default(&d);
    ck_assert_ptr_nonnull(s);
    ck_assert_ptr_null(s->path);
    ck_assert_str_eq(s->http.host, "127.0.0.1");
    settings_unref(s);
    err_done(&d);
}
END_TEST

/* Neither is there: whichever of the journal and a syslog file comes first is read. */
START_TEST(what_a_host_may_get)
{
    struct diag d = {0};
    touch("bare/etc/hostname");
    char *root = xasprintf("%s/bare", dir);
    struct settings *s = good(INPUT);
    ck_assert(settings_find_inputs(s, root, &d));
    unsigned journals = 0, syslogs = 0;
    for (unsigned i = s->n_inputs; i < s->n_inputs + s->n_awaited; i++) {
        const struct input_options *o = &s->inputs[i];
        ck_assert(o->awaited);
        if (o->kind == INPUT_JOURNAL) {
            journals++;
            ck_assert_ptr_nonnull(strstr(o->unless[0], "/bare/var/log/syslog"));
            ck_assert_ptr_nonnull(strstr(o->unless[1], "/bare/var/log/messages"));
            ck_assert_ptr_null(o->unless[2]);
        } else if (o->unless) {
            syslogs++;
            ck_assert_ptr_nonnull(strstr(o->unless[0], "/bare/run/log/journal"));
            ck_assert_ptr_nonnull(strstr(o->unless[1], "/bare/var/log/journal"));
        }
    }
    ck_assert_uint_eq(journals, input_type_of(INPUT_JOURNAL, INPUT_UDP) != NULL);
    ck_assert_uint_eq(syslogs, 4); /* syslog, messages, and what Debian and Red Hat keep of logins beside them */
    settings_unref(s);
    err_done(&d);
    free(root);
}
END_TEST

/* The journal holds logins as well; where it is read, the file that some keep of them is not. */
START_TEST(logins_once)
{
    struct diag d = {0};
    touch("both/var/log/auth.log");
    touch("both/var/log/journal/0123/system.journal");
    char *root = xasprintf("%s/both", dir);
    struct settings *s = good(INPUT);
    ck_assert(settings_find_inputs(s, root, &d));
    unsigned journals = 0, files = 0;
    for (unsigned i = 0; i < s->n_inputs + s->n_awaited; i++) {
        files += strstr(s->inputs[i].text, "auth.log") || strstr(s->inputs[i].text, "/syslog");
        journals += s->inputs[i].kind == INPUT_JOURNAL;
    }
    /* A crumbd built without the journal reads the file, and awaits the other. */
    bool reads_journal = input_type_of(INPUT_JOURNAL, INPUT_UDP) != NULL;
    ck_assert_uint_eq(journals, reads_journal);
    ck_assert_uint_eq(files, reads_journal ? 0 : 2);
    settings_unref(s);
    err_done(&d);
    free(root);
}
END_TEST

START_TEST(rule_files)
{
    struct diag d = {0};
    char **files;
    touch("data/rules/b.yaml");
    touch("data/rules/a.yaml");
    touch("data/rules/traces/t.yaml");
    touch("mine/z.yaml");
    char *data = xasprintf("%s/data", dir);
    setenv("CRUMBD_DATA", data, 1);
    struct settings *s = good("rules: [mine/*.yaml, shipped, mine/z.yaml, none/*.yaml]\n" INPUT);
    unsigned n = settings_rule_files(s, &files, &d);
    ck_assert_uint_eq(n, 3);
    ck_assert_ptr_nonnull(strstr(files[0], "/mine/z.yaml"));
    ck_assert_ptr_nonnull(strstr(files[1], "/data/rules/a.yaml"));
    ck_assert_ptr_nonnull(strstr(files[2], "/data/rules/b.yaml"));
    ck_assert_uint_eq(d.warnings, 1);
    ck_assert_uint_eq(d.v[0].line, 1);
    ck_assert_uint_eq(d.v[0].col, 44);
    settings_files_free(files, n);
    settings_unref(s);
    err_done(&d);
    s = good("rules: [shipped, mine/y.yaml]\n" INPUT); /* one that is named must be there */
    n = settings_rule_files(s, &files, &d);
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(d.errors, 1);
    ck_assert_ptr_nonnull(strstr(d.v[0].text, "there is no rule file"));
    settings_files_free(files, n);
    settings_unref(s);
    err_done(&d);
    free(data);
}
END_TEST

START_TEST(zones)
{
    struct diag d = {0};
    struct err_place at = {0};
    setenv("TZ", "America/New_York", 1);
    struct zone *z = zone_load(SLICE("Europe/Berlin"), &d, at);
    ck_assert_ptr_nonnull(z);
    ck_assert_str_eq(getenv("TZ"), "America/New_York");
    ck_assert(z->rows[0].from_utc_s == INT64_MIN && z->rows[0].offset_s == 3600);
    unsigned autumn = 0;
    for (unsigned i = 1; i < z->n; i++) {
        ck_assert(z->rows[i].from_utc_s > z->rows[i - 1].from_utc_s);
        ck_assert(z->rows[i].offset_s != z->rows[i - 1].offset_s);
        autumn |= z->rows[i].from_utc_s == 1792890000 && z->rows[i].offset_s == 3600; /* 2026-10-25 01:00 UTC */
    }
    ck_assert(autumn);
    ck_assert_int_gt(z->rows[z->n - 1].from_utc_s, 2800000000);
    zone_free(z);
    z = zone_load(SLICE("local"), &d, at);
    ck_assert_int_eq(z->rows[0].offset_s, -5 * 3600);
    zone_free(z);
    /* As tzset(3) reads TZ: a name, a path, a rule, and UTC for nothing and for what says nothing. */
    static const struct {
        const char *tz;
        int32_t winter_s;
        bool has_summer;
    } local[] = {{":Europe/Berlin", 3600, true},
                 {"/usr/share/zoneinfo/Asia/Tokyo", 32400, false},
                 {"AAA3BBB,M3.5.0,M10.5.0", -10800, true},
                 {"", 0, false},
                 {"Nowhere/Here", 0, false}};
    for (unsigned i = 0; i < sizeof local / sizeof *local; i++) {
        setenv("TZ", local[i].tz, 1);
        z = zone_load(SLICE("local"), &d, at);
        ck_assert_int_eq(stamp_offset(z, 1767225600), local[i].winter_s);
        ck_assert_int_eq(stamp_offset(z, 1782864000) != local[i].winter_s, local[i].has_summer);
        zone_free(z);
    }
    z = zone_load(SLICE("-03:30"), &d, at);
    ck_assert(z->n == 1 && z->rows[0].offset_s == -12600);
    zone_free(z);
    z = zone_load(SLICE("UTC"), &d, at);
    ck_assert(z->n == 1 && z->rows[0].offset_s == 0);
    zone_free(z);
    ck_assert_ptr_null(zone_load(SLICE(""), &d, at));
    ck_assert_ptr_null(zone_load(SLICE("Europe"), &d, at));
    setenv("TZDIR", "/nowhere", 1);
    ck_assert_ptr_null(zone_load(SLICE("Europe/Berlin"), &d, at));
    ck_assert_ptr_nonnull(strstr(d.v[2].text, "apt-get install tzdata"));
    err_done(&d);
}
END_TEST

START_TEST(snapshots)
{
    struct diag d = {0};
    free(put("rules.yaml", "pack: p\nrules:\n  - {id: a, match: aaa}\n  - {id: b, match: bbb}\n"));
    struct settings *s = good(INPUT "rules: [rules.yaml]\n");
    const struct snapshot_rules from = {.without_sources = true};
    struct snapshot *first = snapshot_load(s, &from, &d), *held = snapshot_ref(first);
    settings_unref(s); /* the snapshot holds them */
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_eq(first->settings, s);
    ck_assert_uint_eq(first->rules->n, 2);
    ck_assert(first->rules->ready);
    unsigned handle_of_b = rule_set_find(first->rules, SLICE("b"))->handle;

    /* One that cannot be made leaves the one that is there. */
    free(put("rules.yaml", "pack: p\nrules:\n  - {id: b, match: '('}\n"));
    const struct snapshot_rules next = {.without_sources = true, .before = first};
    ck_assert_ptr_null(snapshot_load(s, &next, &d));
    ck_assert_uint_eq(d.errors, 1);
    free(put("rules.yaml", "pack: p\nrules:\n  - {id: c, match: ccc}\n  - {id: b, match: b2}\n"));
    struct snapshot *second = snapshot_load(s, &next, &d);
    ck_assert_ptr_nonnull(second);
    snapshot_unref(first);
    ck_assert_ptr_nonnull(rule_set_find(held->rules, SLICE("a")));
    snapshot_unref(held);
    ck_assert_ptr_null(rule_set_find(second->rules, SLICE("a")));
    ck_assert_uint_eq(rule_set_find(second->rules, SLICE("b"))->handle, handle_of_b);
    ck_assert_uint_eq(second->rules->n_handles, 3);
    ck_assert_ptr_eq(second->settings->inputs, s->inputs);
    snapshot_unref(second);
    snapshot_unref(NULL);
    err_done(&d);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("settings");
    TCase *t = tcase_create("settings");
    tcase_add_checked_fixture(t, in_clean_environment, remove_dir);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, the_contract);
    tcase_add_test(t, defaults);
#ifdef HAVE_HIREDIS
    tcase_add_loop_test(t, redis_addresses, 0, 9);
#endif
    tcase_add_loop_test(t, errors, 0, sizeof bad / sizeof *bad);
    tcase_add_test(t, printed_with_line_and_caret);
    tcase_add_test(t, files_that_cannot_be_read);
    tcase_add_test(t, where_the_dsn_comes_from);
    tcase_add_test(t, environment_variables);
    tcase_add_test(t, meaningless_keys_warn);
    tcase_add_test(t, groups_of_projects);
    tcase_add_test(t, dump_can_be_read_again);
    tcase_add_test(t, exempt_beside_the_inputs_is_for_those_without_their_own);
    tcase_add_test(t, what_a_host_has);
    tcase_add_test(t, what_a_host_may_get);
    tcase_add_test(t, logins_once);
    tcase_add_test(t, rule_files);
    tcase_add_test(t, zones);
    tcase_add_test(t, snapshots);
    suite_add_tcase(s, t);
    return unit_run(s);
}
