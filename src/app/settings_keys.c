/* settings, the table of crumbd.yaml. */
#include <stdlib.h>

#include "app/settings_parts.h"
#include "base/xalloc.h"
#include "core/log_template.h"

static const struct key release_keys[] = {{.name = "file",
                                           .type = KEY_CUSTOM,
                                           KEY_AT(struct settings_release, file),
                                           .custom = &settings_path,
                                           .required = true},
                                          {.name = NULL}};
static const struct key_table release_table = {.keys = release_keys};

static bool settings_keys_bind_release(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    struct settings_release *r = at;
    (void)k;
    if (n->type == CONF_MAP)
        return keys_bind(&release_table, n, at, c);
    if (n->type != CONF_SCALAR || n->text.n == 0)
        return conf_error(c->diag, n, "\"release\" must be text or {file: path}");
    r->text = arena_cstr(c->arena, n->text);
    return true;
}

static void settings_keys_dump_release(const struct key *k, const void *at, struct sbuf *out)
{
    const struct settings_release *r = at;
    (void)k;
    if (!r->file && !r->text)
        return;
    sbuf_adds(out, r->file ? SLICE("{file: ") : SLICE(""));
    keys_put_string(slice_str(r->file ? r->file : r->text), out);
    sbuf_adds(out, r->file ? SLICE("}") : SLICE(""));
}

static const struct key_custom custom_release = {settings_keys_bind_release, settings_keys_dump_release,
                                                 "{\"oneOf\":[{\"type\":[\"string\",\"number\"]},{\"type\":"
                                                 "\"object\",\"properties\":{\"file\":{\"type\":\"string\"}},"
                                                 "\"required\":[\"file\"],\"additionalProperties\":false}]}",
                                                 "text or {file: path}"};

static bool settings_keys_bind_http(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    struct settings_http *h = at;
    const char *why = "it must be an address such as 127.0.0.1:8686, unix:/path, or off";
    const struct slice unix_scheme = SLICE("unix:");
    bool on;
    if (n->type == CONF_SCALAR && !n->quoted && keys_bool(n->text, &on) && !on) {
        h->host = NULL;
        return true;
    }
    if (n->type == CONF_SCALAR && slice_starts(n->text, unix_scheme) && n->text.n > unix_scheme.n &&
        n->text.p[unix_scheme.n] == '/') {
        *h = (struct settings_http){.host = arena_cstr(c->arena, slice_from(n->text, unix_scheme.n))};
        return true;
    }
    return (n->type == CONF_SCALAR && n->text.n && settings_address(n->text, c->arena, &h->host, &h->port, &why)) ||
           conf_error(c->diag, n, "\"%s\": %s", k->name, why);
}

static void settings_keys_dump_http(const struct key *k, const void *at, struct sbuf *out)
{
    const struct settings_http *h = at;
    (void)k;
    if (!h->host)
        sbuf_adds(out, SLICE("off"));
    else if (h->host[0] == '/')
        sbuf_addf(out, "unix:%s", h->host);
    else
        sbuf_addf(out, strchr(h->host, ':') ? "'[%s]:%u'" : "%s:%u", h->host, h->port);
}

static const struct key_custom custom_http = {
    settings_keys_bind_http, settings_keys_dump_http,
    "{\"anyOf\":[{\"enum\":[false,\"off\",\"no\"]},{\"type\":\"string\",\"pattern\":\"^unix:/|:[0-9]+$\"}]}",
    "host:port, unix:/path, or off; default: off"};

static const char *const fallbacks[] = {"event", "crumb", "drop", NULL};
_Static_assert(FALLBACK_DROP == 2, "fallbacks follows enum fallback");

/* As chown(1) takes it: user, user:group or :group. */
static bool settings_keys_bind_user(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    struct settings_user *u = at;
    struct slice group = n->text, user = slice_split(&group, ':');
    if (n->type != CONF_SCALAR || n->text.n == 0 || (group.p && group.n == 0))
        return conf_error(c->diag, n, "\"%s\" must be a user, or user:group", k->name);
    u->user = user.n ? arena_cstr(c->arena, user) : NULL;
    if (group.p)
        u->group = arena_cstr(c->arena, group);
    return true;
}

static void settings_keys_dump_user(const struct key *k, const void *at, struct sbuf *out)
{
    const struct settings_user *u = at;
    (void)k;
    if (!u->user && !u->group)
        return;
    char *both = xasprintf("%s%s%s", u->user ? u->user : "", u->group ? ":" : "", u->group ? u->group : "");
    keys_put_string(slice_str(both), out);
    free(both);
}

static const struct key_custom custom_user = {settings_keys_bind_user, settings_keys_dump_user,
                                              "{\"type\":[\"string\",\"integer\"],\"minLength\":1}",
                                              "a user, or user:group"};

/* How events are grouped; any other word is the group of `user`. */
static bool settings_keys_bind_group(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    struct settings *s = c->u;
    if (n->type != CONF_SCALAR || n->text.n == 0)
        return conf_error(c->diag, n, "\"%s\" must be sentry or everywhere, or the group to run as", k->name);
    *(bool *)at = slice_is(n->text, "everywhere");
    if (s && !*(bool *)at && !slice_is(n->text, "sentry"))
        s->user.group = arena_cstr(c->arena, n->text);
    return true;
}

static void settings_keys_dump_group(const struct key *k, const void *at, struct sbuf *out)
{
    (void)k;
    sbuf_adds(out, *(const bool *)at ? SLICE("everywhere") : SLICE("sentry"));
}

static const struct key_custom custom_group = {settings_keys_bind_group, settings_keys_dump_group,
                                               "{\"type\":[\"string\",\"integer\"],\"minLength\":1}",
                                               "sentry or everywhere, or the group to run as"};

_Static_assert(GROUPING_FIRST == 1 && GROUPING_NEWEST == 2, "custom_grouping names them");

static bool settings_keys_bind_grouping(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    char digit = n->type == CONF_SCALAR && n->text.n == 1 ? n->text.p[0] : 0;
    if (digit < '0' + GROUPING_FIRST || digit > '0' + GROUPING_NEWEST)
        return conf_error(c->diag, n, "\"%s\" must be %s", k->name, k->custom->words);
    *(unsigned *)at = (unsigned)(digit - '0');
    return true;
}

static void settings_keys_dump_grouping(const struct key *k, const void *at, struct sbuf *out)
{
    unsigned grouping = *(const unsigned *)at;
    (void)k;
    if (grouping) /* else it is the store's */
        sbuf_addf(out, "%u", grouping);
}

static const struct key_custom custom_grouping = {settings_keys_bind_grouping, settings_keys_dump_grouping,
                                                  "{\"enum\":[1,2]}", "the number of a grouping, 1 or 2"};

#define AT(member_) KEY_AT(struct settings, member_)

static const char *const groups[] = {
    [GROUP_AS_ALL] = "", [GROUP_SENTRY] = "sentry", [GROUP_EVERYWHERE] = "everywhere", NULL};
static const struct key project_keys[] = {
    {.name = "dsn", .type = KEY_CSTR, KEY_AT(struct settings_project, dsn), .min = 1, .secret = true, .required = true},
    {.name = "group", .type = KEY_ENUM, KEY_AT(struct settings_project, group), .names = groups, .secret = true},
    {.name = NULL}};
static const struct key_table project_table = {.keys = project_keys};

/* A DSN alone, or with what is different about the project. */
static bool settings_keys_bind_project(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    struct settings_project *p = at;
    if (n->type == CONF_MAP)
        return keys_bind(&project_table, n, at, c);
    if (n->type == CONF_SCALAR && n->text.n) {
        p->dsn = arena_cstr(c->arena, n->text);
        return true;
    }
    struct err_place place = conf_place(n);
    place.source = SLICE_NONE;
    err_add(c->diag, ERR_ERROR, place, "each of \"projects\" must be %s", k->custom->words);
    return false;
}

static void settings_keys_dump_project(const struct key *k, const void *at, struct sbuf *out)
{
    const struct settings_project *p = at;
    (void)k;
    sbuf_adds(out, p->group ? SLICE("{dsn: ") : SLICE(""));
    keys_put_masked(slice_str(p->dsn), out);
    if (p->group)
        sbuf_addf(out, ", group: %s}", groups[p->group]);
}

static const struct key_custom custom_project = {
    settings_keys_bind_project, settings_keys_dump_project,
    "{\"oneOf\":[{\"type\":\"string\",\"minLength\":1},{\"type\":\"object\",\"properties\":{\"dsn\":{\"type\":"
    "\"string\",\"minLength\":1},\"group\":{\"enum\":[\"sentry\",\"everywhere\"]}},\"required\":[\"dsn\"],"
    "\"additionalProperties\":false}]}",
    "a DSN, or {dsn: DSN, group: sentry or everywhere}"};

static const struct key project = {.type = KEY_CUSTOM, .custom = &custom_project, .secret = true};
static const struct key sentry_keys[] = {
    {.name = "dsn",
     .type = KEY_CSTR,
     AT(sentry.dsn),
     .min = 1,
     .secret = true,
     .help = "Where events go: the DSN that Sentry shows under Client Keys. Then dsn_file, SENTRY_DSN and "
             "the systemd credential "
             "dsn or sentry_dsn are asked; without any, events stay in the store."},
    {.name = "dsn_file",
     .type = KEY_CUSTOM,
     AT(sentry.dsn_file),
     .custom = &settings_path,
     .help = "A file that holds the DSN, so that this one may be read by everyone."},
    {.name = "environment",
     .type = KEY_CSTR,
     AT(sentry.environment),
     .min = 1,
     .def = "production",
     .help = "The events' environment; when left out, SENTRY_ENVIRONMENT."},
    {.name = "release",
     .type = KEY_CUSTOM,
     AT(sentry.release),
     .custom = &custom_release,
     .help = "The events' release, or the file whose first line says it; when left out, SENTRY_RELEASE."},
    {.name = "ca_file",
     .type = KEY_CUSTOM,
     AT(sentry.ca_file),
     .custom = &settings_path,
     .help = "Certificates, PEM, by which to know the server; when left out, the system's."},
    {.name = "proxy",
     .type = KEY_CSTR,
     AT(sentry.proxy),
     .min = 1,
     .secret = true,
     .help = "http://host:port of a proxy towards Sentry; when left out, https_proxy of the environment."},
    {.name = "projects",
     .type = KEY_MAP,
     KEY_MANY(struct settings, sentry.projects, sentry.n_projects),
     .of = &project,
     .max = 1000,
     .help =
         "More projects, name: DSN, or name: {dsn: DSN, group: everywhere} where one is grouped in another way than "
         "group says; rules choose one by its name."},
    {.name = NULL}};
static const struct key_table sentry_table = {.keys = sentry_keys};

static const struct key breadcrumbs_keys[] = {
    {.name = "before",
     .type = KEY_INT,
     AT(options.crumbs.before),
     .def = "30",
     .help = "Earlier lines of the same request or stream that an event takes along; 0 for none."},
    {.name = "after", .type = KEY_INT, AT(options.crumbs.after), .def = "5", .help = "Later lines; 0 for none."},
    {.name = "others",
     .type = KEY_INT,
     AT(options.crumbs.others),
     .def = "5",
     .help = "How many of the earlier lines may be of other requests or connections, where the event knows its own."},
    {.name = "wait",
     .type = KEY_DURATION,
     AT(options.crumbs.wait_us),
     .max = INT64_C(600000000),
     .def = "500ms",
     .help = "How long an event waits for its later lines, and for the access line of its request."},
    {.name = "max_age",
     .type = KEY_DURATION,
     AT(options.crumbs.max_age_us),
     .min = 1000,
     .def = "10m",
     .help = "Older lines are no breadcrumbs."},
    {.name = "memory",
     .type = KEY_SIZE,
     AT(options.crumbs.memory_bytes),
     .min = 64 << 10,
     .def = "32m",
     .help = "What all remembered lines may take; the oldest go first."},
    {.name = NULL}};
static const struct key_table breadcrumbs_table = {.keys = breadcrumbs_keys};

static const struct key issues_keys[] = {
    {.name = "keep",
     .type = KEY_DURATION,
     AT(issues_keep_us),
     .min = INT64_C(3600000000),
     .def = "30d",
     .help = "How long an issue is listed after it was last seen."},
    {.name = "size",
     .type = KEY_SIZE,
     AT(issues_bytes),
     .max = 1 << 30,
     .def = "64m",
     .help =
         "How much of the store they may use, with the events kept of them; at most an eighth of store_limit. Those "
         "seen longest ago are forgotten first. 0: there is no list of issues."},
    {.name = NULL}};
static const struct key_table issues_table = {.keys = issues_keys};

static const struct key health_keys[] = {
    {.name = "events",
     .type = KEY_BOOL,
     AT(health.events),
     .def = "off",
     .help = "Make an event of each as well, in the first project, at most one an hour of the same and ten of all. It "
             "waits in the store as any other: that the server takes no events, it learns when it takes some again."},
    {.name = "silent",
     .type = KEY_DURATION,
     AT(health.silent_us),
     .def = "1d",
     .help = "How long an input that has been heard may say nothing before it has gone silent. 0: for ever."},
    {.name = NULL}};
static const struct key_table health_table = {.keys = health_keys};

static const struct key per_issue_keys[] = {
    {.name = "burst",
     .type = KEY_INT,
     AT(options.limits.burst),
     .min = 1,
     .def = "10",
     .help = "Occurrences of one issue that pass in a period; then 2, 4, 8 … times as many must come for one "
             "more to pass."},
    {.name = "period",
     .type = KEY_DURATION,
     AT(options.limits.period_us),
     .min = 1000,
     .def = "1h",
     .help = "When it ends, one summary event tells how many were suppressed, and counting begins anew."},
    {.name = NULL}};
static const struct key_table per_issue_table = {.keys = per_issue_keys};
static const struct key limits_keys[] = {
    {.name = "per_issue", .type = KEY_TABLE, .table = &per_issue_table, .help = "Flood control of each fingerprint."},
    {.name = "per_minute",
     .type = KEY_INT,
     AT(options.limits.per_minute),
     .min = 1,
     .def = "300",
     .help = "Events of all issues of a project in a minute. The first of an issue that is new passes in any case, as "
             "far as new_issues "
             "goes."},
    {.name = "per_day",
     .type = KEY_INT,
     AT(options.limits.per_day),
     .min = 1,
     .def = "100000",
     .help = "The same for a day."},
    {.name = "new_issues",
     .type = KEY_INT,
     AT(options.limits.new_issues),
     .min = 1,
     .def = "200",
     .help = "Issues of a project that may be new in an hour, that is, not seen for 30 days. What is above becomes one "
             "issue for each "
             "input, with its exact number and the commonest of what it would have been. Another host may use half of "
             "it; the last "
             "quarter is kept for rules whose fingerprint holds no value from the line."},
    {.name = "shared",
     .type = KEY_CUSTOM,
     AT(shared),
     .custom = &settings_redis,
     .help = "A Redis in which the crumbds of several hosts count together, so that one flood on all of them is one: "
             "see crumbd-scale(7). Nothing of any line goes there but hashes and numbers."},
    {.name = NULL}};
static const struct key_table limits_table = {.keys = limits_keys};

static const struct key pattern = {.type = KEY_TEXT, .size = sizeof(const struct conf_node *)};
static const struct key scrub_keys[] = {
    {.name = "defaults",
     .type = KEY_BOOL,
     AT(options.scrub.defaults),
     .def = "on",
     .help = "Take out passwords, keys, tokens, payment cards, account numbers and logins in URLs."},
    {.name = "emails", .type = KEY_BOOL, AT(options.scrub.emails), .def = "on", .help = "Take out mail addresses."},
    {.name = "ips",
     .type = KEY_BOOL,
     AT(options.scrub.ips),
     .def = "off",
     .help = "Take every internet address out of every text, also of servers."},
    {.name = "patterns",
     .type = KEY_LIST,
     KEY_MANY(struct settings, patterns, n_patterns),
     .of = &pattern,
     .max = 1000,
     .help = "Regular expressions (PCRE2); what they match is taken out as well."},
    {.name = "send_ip",
     .type = KEY_BOOL,
     AT(options.scrub.send_ip),
     .def = "off",
     .help = "Send the address of whoever made a request or logged in, as the event's user and where the log has it. "
             "Off: it is taken "
             "out of every text; rules may still use it."},
    {.name = NULL}};
static const struct key_table scrub_table = {.keys = scrub_keys};

static const struct key own_mask = {.type = KEY_TEXT, KEY_AT(struct settings_mask, pattern)};
static const struct key masks_keys[] = {
    {.name = "own",
     .type = KEY_MAP,
     KEY_MANY(struct settings, own_masks, n_own_masks),
     .of = &own_mask,
     .max = LOG_MASKS_MAX / 2,
     .help = "Names and regular expressions (PCRE2): order: '\\bORD-[A-Z]+\\b' makes <order> of what matches, before "
             "crumbd's own masks are asked. A name has small letters, digits and underscores."},
    {.name = "never",
     .type = KEY_LIST,
     KEY_MANY(struct settings, never_masks, n_never_masks),
     .of = &pattern,
     .max = LOG_MASKS_MAX / 2,
     .help = "Regular expressions; what they match stays as it is, also where one of own matches: '\\bE[0-9]{4}\\b' "
             "keeps the codes of a program's errors apart."},
    {.name = NULL}};
static const struct key_table masks_table = {.keys = masks_keys};

static const struct key settings_keys[] = {
    {.name = "sentry",
     .type = KEY_TABLE,
     .table = &sentry_table,
     .help = "Where events go, and what they say of this host."},
    {.name = "inputs",
     .type = KEY_LIST,
     KEY_MANY(struct settings, inputs, n_inputs),
     .of = &settings_input,
     .max = 1000,
     .help = "Where messages come from. Without any, crumbd takes the logs it finds and listens on loopback."},
    {.name = "rules",
     .type = KEY_LIST,
     KEY_MANY(struct settings, rules, n_rules),
     .of = &key_string,
     .def = "[shipped]",
     .help = "Rule files, which must be there, and patterns, tried in this order; shipped is what is installed with "
             "crumbd."},
    {.name = "fallback",
     .type = KEY_ENUM,
     AT(options.fallback),
     .names = fallbacks,
     .def = "event",
     .help = "What becomes of an error-level record that no rule knows."},
    {.name = "breadcrumbs",
     .type = KEY_TABLE,
     .table = &breadcrumbs_table,
     .help = "The lines before and after an event."},
    {.name = "limits", .type = KEY_TABLE, .table = &limits_table, .help = "Flood control."},
    {.name = "forward",
     .type = KEY_TABLE,
     .table = &settings_forward_table,
     .help = "Events go to other crumbds, which limit, keep and post them, and not to Sentry: see TWO STEPS in "
             "crumbd-scale(7). No DSN stands beside it."},
    {.name = "scrub", .type = KEY_TABLE, .table = &scrub_table, .help = "What must not leave this host."},
    {.name = "in_app",
     .type = KEY_LIST,
     KEY_MANY(struct settings, options.in_app, options.n_in_app),
     .of = &key_string,
     .help =
         "What is one's own code in stack traces, before what crumbd knows of the language: beginnings of modules, of "
         "functions where these have no module, and of paths, as far as a word of them ends. com.acme is also "
         "com.acme.Cart, /srv/app not /srv/app-old. Behind a minus it is another's: -com.acme.generated. The "
         "longest that fits decides."},
    {.name = "source_roots",
     .type = KEY_LIST,
     KEY_MANY(struct settings, options.source_roots, options.n_source_roots),
     .of = &key_string,
     .max = 32,
     .help = "Folders from which the source lines of frames may be read, five before and after each; see SOURCE "
             "LINES."},
    {.name = "group",
     .type = KEY_CUSTOM,
     AT(options.group_everywhere),
     .custom = &custom_group,
     .def = "sentry",
     .help =
         "How events with a stack trace are grouped where no rule says it. sentry: by Sentry's own grouping of the "
         "stack. everywhere: they have a fingerprint as well, of the types and of one's own functions, for servers "
         "that ignore frames, such as Bugsink and GlitchTip. Any other word is a group of this host, and means what "
         "it means behind the colon of user."},
    {.name = "grouping",
     .type = KEY_CUSTOM,
     AT(options.grouping),
     .custom = &custom_grouping,
     .help =
         "The number of the grouping: how messages that no rule knows are brought together. When left out, the one "
         "that the store was made with, so that no upgrade moves messages to other issues; a new store takes the "
         "newest. Written here it is the store's from then on. crumbd check shows it, NEWS.md says what each number "
         "has moved, and crumbd try --diff compares two."},
    {.name = "masks",
     .type = KEY_TABLE,
     .table = &masks_table,
     .help =
         "What is taken out of messages that are grouped by their text, beside numbers, ids, addresses and the like. "
         "A change moves the messages it concerns to other issues."},
    {.name = "store",
     .type = KEY_CUSTOM,
     AT(store),
     .custom = &settings_path,
     .help = "The database. When left out, crumbd.db under $STATE_DIRECTORY, $XDG_STATE_HOME/crumbd or "
             "~/.local/state/crumbd."},
    {.name = "store_limit",
     .type = KEY_SIZE,
     AT(store_limit_bytes),
     .min = 64 << 10,
     .def = "512m",
     .help = "How large it may grow while Sentry cannot be reached. A quarter is kept for files, the journal and "
             "standard input, a quarter "
             "for the inputs that others send to, in equal parts; the rest is for whoever comes first. An input that "
             "has used up its "
             "share is not read meanwhile; events of udp and unix are dropped and counted."},
    {.name = "where",
     .type = KEY_SIZE,
     AT(where_bytes),
     .max = 1 << 30,
     .def = "16m",
     .help = "How much of the store may be used to remember what became of each line of a file, for `crumbd where`; at "
             "most a sixteenth of store_limit. What is oldest is forgotten first. 0: nothing is remembered."},
    {.name = "issues",
     .type = KEY_TABLE,
     .table = &issues_table,
     .help = "What is kept of issues for `crumbd issues` and the status page: the numbers of each, its first event and "
             "the newest ten."},
    {.name = "http",
     .type = KEY_CUSTOM,
     AT(http),
     .custom = &custom_http,
     .help = "Where the status page, /api/, /metrics, /healthz and /readyz are served (crumbd(8), STATUS PAGE). "
             "On loopback and on a unix socket whoever can reach it sees all; elsewhere it asks for the token of "
             "http_token_file, and without one only /metrics, /healthz and /readyz are served. A port that is taken is "
             "a warning."},
    {.name = "http_token_file",
     .type = KEY_CUSTOM,
     AT(http_token_file),
     .custom = &settings_path,
     .help = "A file whose first line is the token for http, 16 characters at least; nobody but crumbd need be able to "
             "read it."},
    {.name = "http_names",
     .type = KEY_LIST,
     KEY_MANY(struct settings, http_names, n_http_names),
     .of = &key_string,
     .max = 100,
     .help = "Names by which this host may be asked for, beside its addresses, localhost and its own name: by http, by "
             "probes, and by "
             "http:// inputs on loopback."},
    {.name = "exempt",
     .type = KEY_LIST,
     KEY_MANY(struct settings, exempt, n_exempt),
     .of = &settings_cidr,
     .max = 1000,
     .help = "Addresses and ranges that are exempt in every input which takes senders with an address and names none "
             "of its own."},
    {.name = "probes",
     .type = KEY_CUSTOM,
     AT(probes),
     .custom = &custom_http,
     .help = "An address of its own for /metrics, /healthz and /readyz alone, which hold nothing that a log says."},
    {.name = "health",
     .type = KEY_TABLE,
     .table = &health_table,
     .help = "What crumbd says of itself: an input that has gone silent, a store that fills, a server that takes no "
             "events. Each is one line of the log and a metric (crumbd(8), STATUS PAGE)."},
    {.name = "notify",
     .type = KEY_LIST,
     KEY_MANY(struct settings, notify, n_notify),
     .of = &settings_notify,
     .max = 32,
     .help = "Who is told by an HTTP request, beside Sentry or without one: a chat, a pager, a mail; see "
             "NOTIFICATIONS. contrib/notify has entries to copy from."},
    {.name = "workers",
     .type = KEY_INT,
     AT(workers),
     .min = 1,
     .max = 1,
     .def = "1",
     .help = "Worker threads; one for now."},
    {.name = "user",
     .type = KEY_CUSTOM,
     AT(user),
     .custom = &custom_user,
     .help =
         "Whom crumbd becomes, for good, once it has bound its ports: a user, or user:group, as names or numbers. Only "
         "where "
         "root starts it; a systemd unit names its user itself. The store must belong to that user; a new one does."},
    {.name = "keep_read",
     .type = KEY_BOOL,
     AT(keep_read),
     .def = "off",
     .help = "Keep CAP_DAC_READ_SEARCH, and with it the right to read every log whoever owns it; all other "
             "capabilities go in any "
             "case."},
    {.name = "sandbox",
     .type = KEY_BOOL,
     AT(sandbox),
     .def = "on",
     .help = "Landlock and seccomp, see crumbd-security(7): crumbd can then open only what its configuration needs. "
             "off is for "
             "debugging."},
    {.name = NULL}};
const struct key_table settings_table = {.keys = settings_keys,
                                         .size = sizeof(struct settings),
                                         .applies = settings_forward_applies,
                                         .help = "Configuration of crumbd, crumbd.yaml(5)."};
