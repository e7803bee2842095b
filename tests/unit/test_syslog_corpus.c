#include "tests/unit/corpus.h"

#include "parsers/parser.h"

/* The clock and zone of syslog-ng's tests: 2019-02-08 09:37:49 CET, zone MET. */
#define SNG_NOW INT64_C(1549615069)

static struct zone_row met_rows[] = {{INT64_MIN, 3600},  {1143334800, 7200}, {1162083600, 3600}, {1174784400, 7200},
                                     {1193533200, 3600}, {1553994000, 7200}, {1572138000, 3600}};
static struct zone met = {.rows = met_rows, .n = 7};

static bool from(const struct json_node *c, const char *source)
{
    return slice_starts(json_get(c, "source")->text, slice_str(source));
}

/* Text of a string or number member of `expect`; false when it is not there. */
static bool want(const struct json_node *expect, const char *name, struct slice *out)
{
    const struct json_node *n = json_get(expect, name);
    if (!n || (n->type != JSON_STRING && n->type != JSON_NUMBER))
        return false;
    *out = n->text;
    return true;
}

static struct slice left_trim(struct slice s)
{
    while (s.n && *s.p == ' ')
        s = slice_from(s, 1);
    return s;
}

static void ck_number(const struct json_node *expect, const char *name, int got, struct sbuf *why)
{
    struct slice w;
    char text[16];
    snprintf(text, sizeof text, "%d", got);
    if (want(expect, name, &w))
        corpus_differs(why, name, slice_str(text), w);
}

static void ck_text(const struct json_node *expect, const char *name, struct slice got, struct sbuf *why)
{
    struct slice w;
    if (want(expect, name, &w))
        corpus_differs(why, name, got, slice_is(w, "<sender>") ? SLICE("") : w);
}

/* rsyslog's tag has its colon and pid. */
static void ck_tag(const struct json_node *expect, const struct record *r, struct sbuf *why)
{
    struct slice w;
    if (!want(expect, "tag", &w) || json_get(expect, "appname") || slice_is(w, "unexpected_framing"))
        return;
    w = slice_split(&w, ':');
    corpus_differs(why, "tag", r->app, slice_split(&w, '['));
}

static void ck_fields(const struct json_node *list, const char *prefix, const struct record *r, struct sbuf *why)
{
    for (const struct json_node *n = list ? list->child : NULL; n; n = n->next) {
        char name[512];
        snprintf(name, sizeof name, "%s%.*s", prefix, SLICE_ARG(n->key));
        if (n->type == JSON_MAP) {
            strcat(name, ".");
            ck_fields(n, name, r, why);
        } else {
            corpus_differs(why, name, record_value(r, name), n->text);
        }
    }
}

/* "Mmm dd hh:mm:ss" of a time, as the old form writes it. */
static struct slice old_form(struct arena *a, int64_t us)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char iso[32], text[32];
    stamp_print(us, iso);
    int month = atoi(iso + 5);
    snprintf(text, sizeof text, "%.3s %2d %.8s", months + (size_t)(month - 1) * 3, atoi(iso + 8), iso + 11);
    return arena_dup(a, slice_str(text));
}

static void ck_time(struct arena *a, const struct json_node *c, const struct record *r, struct sbuf *why)
{
    const struct json_node *expect = json_get(c, "expect"), *unix_s = json_get(expect, "timestamp_unix"),
                           *usec = json_get(expect, "timestamp_usec");
    struct slice w;
    char got[32];
    if (r->time_us == RECORD_NO_TIME) {
        /* Their clock, for a message that has no time. */
        bool theirs = unix_s && slice_is(unix_s->text, "1549615069");
        if ((unix_s && !theirs) || (want(expect, "timestamp", &w) && !slice_is(w, "receive-time")))
            sbuf_addf(why, "\n    no time");
        return;
    }
    if (unix_s) {
        snprintf(got, sizeof got, "%lld", (long long)(r->time_us / 1000000));
        corpus_differs(why, "timestamp_unix", slice_str(got), unix_s->text);
    }
    if (usec) {
        snprintf(got, sizeof got, "%lld", (long long)(r->time_us % 1000000));
        corpus_differs(why, "timestamp_usec", slice_str(got), usec->text);
    }
    if (!want(expect, "timestamp", &w))
        return;
    int64_t us;
    bool zoned;
    struct slice s = w;
    if (slice_starts(w, SLICE("0000"))) {
        stamp_print(r->time_us, got);
        corpus_differs(why, "timestamp", slice_sub(slice_str(got), 4, 19), slice_sub(w, 4, 19));
    } else if (stamp_rfc3339(&s, &us, &zoned)) {
        if (us / 1000000 != r->time_us / 1000000 || (slice_chr(w, '.') && us != r->time_us))
            sbuf_addf(why, "\n    timestamp: got %lld, want %lld", (long long)r->time_us, (long long)us);
    } else if (!slice_is(json_get(c, "format")->text, "rfc5424")) { /* there it is the civil time of an offset */
        corpus_differs(why, "timestamp", old_form(a, r->time_us), w);
    }
}

static void ck_message(struct arena *a, const struct json_node *c, const struct record *r, struct sbuf *why)
{
    const struct json_node *msg = json_get(json_get(c, "expect"), "msg"), *mode = json_get(c, "mode");
    const struct json_node *flags = mode ? json_get(mode, "flags") : NULL;
    for (const struct json_node *f = flags ? flags->child : NULL; f; f = f->next)
        if (slice_is(f->text, "LP_SANITIZE_UTF8"))
            return;
    if (!msg)
        return;
    struct slice w = corpus_bytes(a, msg);
    if (slice_starts(w, SLICE("\xef\xbb\xbf")))
        w = slice_from(w, 3);
    /* Sources disagree on the space behind the colon; the reference takes exactly one. */
    corpus_differs(why, "msg", left_trim(r->message), left_trim(w));
}

static int64_t clock_of(const struct json_node *c)
{
    const struct json_node *mode = json_get(c, "mode"), *year = mode ? json_get(mode, "year") : NULL;
    struct civil civil = {.year = 2024, .month = 6, .day = 1};
    int64_t now;
    if (from(c, "syslog-ng"))
        return SNG_NOW * STAMP_SECOND;
    if (year)
        civil.year = atoi(year->text.p);
    ck_assert(stamp_civil(&civil, &now));
    return now;
}

static void run(struct arena *a, const struct json_node *c, struct sbuf *why)
{
    const struct json_node *expect = json_get(c, "expect"), *mode = json_get(c, "mode");
    struct slice raw = corpus_bytes(a, json_get(c, "raw")), format = json_get(c, "format")->text;
    struct parse_ctx ctx = {
        .arena = a, .zone = from(c, "syslog-ng") ? &met : NULL, .now_us = clock_of(c), .last_us = RECORD_NO_TIME};
    static struct record r;
    if (slice_is(format, "sdata")) {
        struct sbuf b;
        sbuf_init(&b, 4096);
        sbuf_addf(&b, "<13>1 2024-01-01T00:00:00Z h a p m %.*s", SLICE_ARG(raw));
        raw = arena_dup(a, sbuf_slice(&b));
        sbuf_done(&b);
    }
    record_init(&r, FORMAT_SYSLOG, raw);
    bool ok = parser_parse(FORMAT_SYSLOG, &ctx, &r);
    bool strict_utf8 = mode && mode->type == JSON_STRING && slice_is(mode->text, "compliant_msg_on");
    bool want_ok = json_get(expect, "ok")->truth || strict_utf8; /* accepted with that option off, says the source */
    /* What others throw away is kept without the part that is wrong. */
    if (ok != want_ok && !(ok && ctx.bad_part))
        sbuf_addf(why, "\n    %s", ok ? "accepted" : ctx.reason);
    if (!ok || strict_utf8 || !want_ok)
        return;
    if (!json_get(expect, "pri_is_default")) {
        ck_number(expect, "pri", r.facility * 8 + r.severity, why);
        ck_number(expect, "facility", r.facility, why);
        ck_number(expect, "severity", r.severity, why);
    }
    ck_text(expect, "hostname", r.host, why);
    ck_text(expect, "appname", r.app, why);
    ck_text(expect, "procid", r.procid, why);
    ck_text(expect, "msgid", r.msgid, why);
    ck_tag(expect, &r, why);
    ck_fields(json_get(expect, "sd"), "", &r, why);
    ck_fields(json_get(expect, "sd_pairs"), "", &r, why);
    ck_fields(json_get(expect, "kv"), "", &r, why);
    ck_time(a, c, &r, why);
    ck_message(a, c, &r, why);
}

START_TEST(corpus)
{
    static const struct {
        const char *file;
        unsigned cases;
    } files[] = {{"go-syslog-rfc3164.jsonl", 7},
                 {"go-syslog-rfc5424.jsonl", 56},
                 {"go-syslog-truncated.jsonl", 8},
                 {"graylog.jsonl", 6},
                 {"rsyslog.jsonl", 25},
                 {"syslog-ng.jsonl", 50},
                 {"vector.jsonl", 1}};
    corpus_run("syslog", files[_i].file, files[_i].cases, run);
}
END_TEST

/* What nginx sends by `error_log syslog:`: entries of its error log, with host and tag of the header. */
static void run_nginx(struct arena *a, const struct json_node *c, struct sbuf *why)
{
    struct slice raw = json_get(c, "raw")->text, message = raw;
    struct parse_ctx ctx = {.arena = a, .now_us = INT64_C(1795400000000000), .last_us = RECORD_NO_TIME};
    static struct record r;
    record_init(&r, FORMAT_SYSLOG, raw);
    if (!parser_parse(FORMAT_SYSLOG, &ctx, &r)) {
        sbuf_addf(why, "\n    %s", ctx.reason);
        return;
    }
    bool custom = slice_find(raw, SLICE(" vm ngxfront: ")) >= 0;
    corpus_differs(why, "format", slice_str(format_name(r.format)), SLICE("nginx-error"));
    corpus_differs(why, "app", r.app, custom ? SLICE("ngxfront") : SLICE("nginx"));
    corpus_differs(why, "host", r.host, custom ? SLICE("vm") : SLICE(""));
    ptrdiff_t end = slice_find(raw, SLICE(", client: ")), begin = slice_find(raw, SLICE("#"));
    if (end > begin) {
        message = slice_sub(raw, (size_t)begin, (size_t)end);
        if (slice_find(message, r.message) < 0)
            sbuf_addf(why, "\n    message: '%.*s' is not in '%.*s'", SLICE_ARG(r.message), SLICE_ARG(message));
        if (!record_value(&r, "client").n)
            sbuf_addf(why, "\n    no client");
    }
    if (r.severity < 0 || r.facility < 0 || r.time_us == RECORD_NO_TIME)
        sbuf_addf(why, "\n    severity, facility or time is missing");
}

START_TEST(corpus_nginx)
{
    corpus_run("nginx", "real-syslog.jsonl", 40, run_nginx);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("syslog_corpus");
    TCase *t = tcase_create("corpus");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, corpus, 0, 7);
    tcase_add_test(t, corpus_nginx);
    suite_add_tcase(s, t);
    return unit_run(s);
}
