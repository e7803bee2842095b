/*
 * No byte that a client chose may begin a record or choose its format: what a client can write is put into lines of
 * every carrier, as tests/corpus/forged/README.md says, and must give the records that harmless bytes give.
 */
#include "tests/unit/corpus.h"

#include "core/pipeline.h"
#include "parsers/line_reader.h"
#include "tests/shipped.h"

enum { RECORDS_MAX = 16, LOG_MAX = 1 << 20 };

/* What came out of one log. */
struct seen_outcome {
    struct arena arena;
    unsigned n;
    struct seen {
        enum format format;
        enum level level;
        enum count fate;
        struct slice host, app, procid, rule, raw;
        int64_t time_us;
    } seen[RECORDS_MAX];
};

static struct rule_set rules;

static bool promotes(enum count fate)
{
    return fate == COUNT_event || fate == COUNT_suppressed;
}

static void on_outcome(void *u, const struct outcome *j)
{
    struct seen_outcome *o = u;
    const struct record *r = j->record;
    if (j->fate == COUNT_blank)
        return;
    ck_assert_uint_lt(o->n, RECORDS_MAX);
    struct seen *s = &o->seen[o->n++];
    *s = (struct seen){.fate = j->fate, .raw = arena_dup(&o->arena, j->raw)};
    if (!r)
        return;
    s->format = r->format;
    s->level = r->level;
    s->time_us = r->time_us;
    s->host = arena_dup(&o->arena, r->host);
    s->app = arena_dup(&o->arena, r->app);
    s->procid = arena_dup(&o->arena, r->procid);
    if (promotes(j->fate) && j->verdict->rule)
        s->rule = j->verdict->rule->id;
}

static bool ignore_event(void *u, const struct event_out *e)
{
    (void)u;
    (void)e;
    return true;
}

/* ---- how programs write what a client sent ---- */

static void put_byte(struct sbuf *out, const char *how, unsigned char c)
{
    bool control = c < 0x20 || c == 0x7f;
    if (strcmp(how, "url") == 0 && !(ascii_alnum((char)c) || strchr("/-._~", c)))
        sbuf_addf(out, "%%%02X", c);
    else if (strcmp(how, "hex") == 0 && (control || c > 0x7e || c == '"' || c == '\\'))
        sbuf_addf(out, "\\x%02X", c);
    else if (strcmp(how, "hash") == 0 &&
             (control || c > 0x7e || c == '"' || c == '#' || c == '{' || c == '}' || c == '|'))
        sbuf_addf(out, "#%02X", c);
    else if (strcmp(how, "octal") == 0 && control)
        sbuf_addf(out, "#%03o", c);
    else if (strcmp(how, "print") == 0 && (control || c > 0x7e))
        sbuf_addc(out, '?');
    else if (strcmp(how, "apache") == 0 && (c == '"' || c == '\\'))
        sbuf_addf(out, "\\%c", c);
    else if ((strcmp(how, "apache") == 0 || strcmp(how, "vis") == 0) && (c == '\n' || c == '\r'))
        sbuf_addf(out, "\\%c", c == '\n' ? 'n' : 'r');
    else if (strcmp(how, "apache") == 0 && control)
        sbuf_addf(out, "\\x%02x", c);
    else if (strcmp(how, "vis") == 0 && (control || c == '\\'))
        sbuf_addf(out, c == '\\' ? "\\\\" : "\\%03o", c);
    else if (strcmp(how, "sd") == 0 && (c == '"' || c == '\\' || c == ']'))
        sbuf_addf(out, "\\%c", c);
    else if (strcmp(how, "tab") == 0 && c == '\n')
        sbuf_add(out, "\n\t", 2);
    else if (c != '\0' && !(strcmp(how, "line") == 0 && (c == '\n' || c == '\r')))
        sbuf_addc(out, (char)c);
    else if (c != '\0')
        sbuf_addc(out, ' ');
}

static void put_json(struct sbuf *out, struct slice text, unsigned times)
{
    struct sbuf once;
    struct json j;
    sbuf_init(&once, LOG_MAX);
    json_start(&j, &once);
    json_str(&j, text);
    json_end(&j);
    struct slice inside = slice_sub(sbuf_slice(&once), 1, once.n - 1);
    if (times > 1)
        put_json(out, inside, times - 1);
    else
        sbuf_adds(out, inside);
    sbuf_done(&once);
}

static void put_chosen(struct sbuf *out, const char *how, struct slice text)
{
    struct sbuf one;
    sbuf_init(&one, LOG_MAX);
    if (strcmp(how, "json1") == 0) { /* its LF ended the line before */
        for (size_t i = 0; i < text.n; i++)
            sbuf_addc(&one, text.p[i] == '\n' ? ' ' : text.p[i]);
        put_json(out, sbuf_slice(&one), 1);
    } else if (strncmp(how, "json", 4) == 0) {
        put_json(out, text, how[4] == '2' ? 2 : 1);
    } else {
        for (size_t i = 0; i < text.n; i++)
            put_byte(out, how, (unsigned char)text.p[i]);
    }
    sbuf_done(&one);
}

/* A carrier's line with the client's bytes in their places. */
static void put_line(struct sbuf *out, struct slice log, struct slice chosen)
{
    static const char *const how[] = {"raw",   "line",  "url",  "hex",   "apache", "json", "json1",
                                      "json2", "octal", "hash", "print", "vis",    "sd",   "tab"};
    while (log.n) {
        bool filled = false;
        for (size_t i = 0; i < sizeof how / sizeof *how && *log.p == '{'; i++) {
            char place[16];
            snprintf(place, sizeof place, "{%s}", how[i]);
            if (slice_starts(log, slice_str(place))) {
                put_chosen(out, how[i], chosen);
                log = slice_from(log, strlen(place));
                filled = true;
                break;
            }
        }
        if (!filled) {
            sbuf_addc(out, *log.p);
            log = slice_from(log, 1);
        }
    }
}

/* ---- through the pipeline ---- */

static void read_stream(struct pipeline *p, struct stream *s, enum frame_mode mode, struct slice bytes)
{
    static const int64_t now_us = INT64_C(1795953600000000); /* noon of the day of the lines */
    struct line_reader l;
    struct message m;
    line_reader_init(&l, mode, 0, &(struct line_reader_place){0});
    framer_feed(&l.framer, bytes);
    while (line_reader_next(&l, s->format, &m) || line_reader_flush(&l, FRAME_END, &m)) {
        m.stream = s;
        pipeline_message(p, &m, now_us);
    }
    line_reader_done(&l);
}

static struct pipeline *pipeline_into(struct seen_outcome *o)
{
    static const uint8_t store_id[16] = {1};
    static const struct options options = {
        .crumbs = {.memory_bytes = 1 << 16},
        .limits = {.burst = 1000, .per_minute = 100000, .per_day = 100000, .period_us = 3600000000}};
    const struct pipeline_setup setup = {.options = &options,
                                         .rules = &rules,
                                         .store_id = store_id,
                                         .hooks = {.u = o, .emit = ignore_event, .outcome = on_outcome}};
    return pipeline_new(&setup);
}

static struct stream stream_of(enum format f)
{
    return (struct stream){.format = f, .source = SLICE("x"), .trusted = true, .ring = 1, .last_us = RECORD_NO_TIME};
}

static void run_bytes(enum format f, struct slice bytes, struct seen_outcome *o)
{
    struct pipeline *p = pipeline_into(o);
    struct stream s = stream_of(f);
    read_stream(p, &s, FRAME_LINES, bytes);
    pipeline_flush(p);
    pipeline_free(p);
}

static void run(const struct json_node *carrier, const struct slice *chosen, unsigned n, struct seen_outcome *o)
{
    struct slice frame = json_get(carrier, "frame")->text, log = json_get(carrier, "log")->text;
    struct stream s = stream_of(format_by_name(json_get(carrier, "format")->text));
    struct pipeline *p = pipeline_into(o);
    struct sbuf all;
    sbuf_init(&all, LOG_MAX);
    for (unsigned i = 0; i < n; i++) {
        struct sbuf line;
        sbuf_init(&line, LOG_MAX);
        put_line(&line, log, chosen[i]);
        if (slice_is(frame, "message"))
            pipeline_message(p, &(struct message){.stream = &s, .text = sbuf_slice(&line), .lines = 1, .offset = i},
                             INT64_C(1795953600000000));
        else if (slice_is(frame, "counted"))
            sbuf_addf(&all, "%zu ", line.n);
        sbuf_adds(&all, sbuf_slice(&line));
        if (!slice_is(frame, "counted"))
            sbuf_addc(&all, slice_is(frame, "nul") ? '\0' : '\n');
        sbuf_done(&line);
    }
    if (!slice_is(frame, "message"))
        read_stream(p, &s,
                    slice_is(frame, "lines") ? FRAME_LINES
                    : slice_is(frame, "nul") ? FRAME_GELF
                                             : FRAME_SYSLOG,
                    sbuf_slice(&all));
    pipeline_flush(p);
    pipeline_free(p);
    sbuf_done(&all);
}

static const char *difference(const struct seen *honest, const struct seen *forged)
{
    if (honest->format != forged->format)
        return "format";
    if (forged->level > honest->level)
        return "level";
    if (promotes(forged->fate) && !promotes(honest->fate))
        return "event";
    if (!slice_eq(honest->rule, forged->rule) && forged->rule.n)
        return "rule";
    if (!slice_eq(honest->host, forged->host))
        return "host";
    if (!slice_eq(honest->app, forged->app))
        return "app";
    if (!slice_eq(honest->procid, forged->procid))
        return "procid";
    if (honest->time_us != forged->time_us)
        return "time";
    return NULL;
}

/* Takes out what is only the rest of a record before it. */
static void without_pieces(struct seen_outcome *o)
{
    unsigned n = 0;
    for (unsigned i = 0; i < o->n; i++)
        if (i == 0 || o->seen[i].level != LEVEL_NONE || o->seen[i].fate != COUNT_crumb)
            o->seen[n++] = o->seen[i];
    o->n = n;
}

static unsigned compare(const struct json_node *carrier, struct slice chosen, const struct seen_outcome *honest,
                        bool first)
{
    struct slice texts[3] = {SLICE("harmless"), chosen, SLICE("harmless")}, *from = first ? texts + 1 : texts;
    struct seen_outcome forged = {0};
    const char *what = NULL;
    run(carrier, from, first ? 2 : 3, &forged);
    if (json_get(carrier, "pieces"))
        without_pieces(&forged);
    if (forged.n != honest->n - first)
        what = "number of records";
    for (unsigned i = 0; !what && i < forged.n; i++)
        if ((what = difference(&honest->seen[i + first], &forged.seen[i])))
            printf("  %.*s\n", SLICE_ARG(forged.seen[i].raw));
    if (what)
        printf("%.*s: other %s for '%.*s'%s\n", SLICE_ARG(json_get(carrier, "id")->text), what, SLICE_ARG(chosen),
               first ? ", first" : "");
    arena_done(&forged.arena);
    return what != NULL;
}

static struct slice read_all(const char *name, struct arena *a)
{
    char path[4096], block[4096];
    char file[200];
    snprintf(file, sizeof file, "corpus/forged/%s", name);
    FILE *f = corpus_open("tests", file, path);
    struct sbuf b;
    ck_assert_msg(f != NULL, "%s is not there", path);
    sbuf_init(&b, LOG_MAX);
    for (size_t n; (n = fread(block, 1, sizeof block, f)) > 0;)
        sbuf_add(&b, block, n);
    fclose(f);
    struct slice all = arena_dup(a, sbuf_slice(&b));
    sbuf_done(&b);
    return all;
}

START_TEST(no_byte_that_a_client_chose)
{
    struct arena a = {0};
    struct slice carriers = read_all("carriers.jsonl", &a), all = read_all("chosen.jsonl", &a);
    const struct slice harmless[3] = {SLICE("harmless"), SLICE("harmless"), SLICE("harmless")};
    unsigned failed = 0, cases = 0;
    shipped_load(&rules);
    rule_set_ready(&rules, true);
    while (carriers.n) {
        const struct json_node *carrier = json_tree(&a, slice_split(&carriers, '\n'));
        struct seen_outcome honest = {0};
        run(carrier, harmless, 3, &honest);
        ck_assert_uint_eq(honest.n, 3);
        for (struct slice rest = all; rest.n; cases += 2) {
            struct slice chosen = json_tree(&a, slice_split(&rest, '\n'))->text;
            failed += compare(carrier, chosen, &honest, false);
            failed += compare(carrier, chosen, &honest, true);
        }
        arena_done(&honest.arena);
    }
    printf("%u cases, %u failed\n", cases, failed);
    ck_assert_uint_eq(failed, 0);
    rule_set_done(&rules);
    arena_done(&a);
}
END_TEST

/* One line of a container's log, as Docker or the CRI writes it. */
static void put_container_line(struct sbuf *out, bool docker, struct slice line)
{
    if (!docker) {
        sbuf_addf(out, "2026-11-29T10:00:00.123456789Z stderr F %.*s\n", SLICE_ARG(line));
        return;
    }
    sbuf_addf(out, "{\"log\":\"");
    put_json(out, line, 1);
    sbuf_addf(out, "\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-29T10:00:00.123456789Z\"}\n");
}

/* There an entry with line breaks is a message for each line: none of them may be an event, and the true entry behind
 * is one. */
START_TEST(an_entry_in_lines_of_a_container)
{
    const struct slice entry = SLICE(
        "2026/11/29 10:00:00 [error] 7#7: *1 open() \"/var/www/{raw}\" failed (2: No such file or directory), client: "
        "203.0.113.9, server: shop, request: \"GET /{url} HTTP/1.1\", host: \"shop\"");
    const struct slice fault = SLICE(
        "2026/11/29 10:00:01 [error] 7#7: *2 no live upstreams while connecting to upstream, client: 203.0.113.9, "
        "server: shop, request: \"GET / HTTP/1.1\", upstream: \"http://a/\", host: \"shop\"");
    struct arena a = {0};
    struct slice all = read_all("chosen.jsonl", &a);
    unsigned cases = 0;
    shipped_load(&rules);
    rule_set_ready(&rules, true);
    for (struct slice rest = all; rest.n;) {
        struct slice chosen = json_tree(&a, slice_split(&rest, '\n'))->text;
        if (*chosen.p != '\n' || slice_chr(chosen, '"'))
            continue; /* with quotes that fit no line tells that it is one of several */
        for (int docker = 0; docker < 2; docker++, cases++) {
            struct seen_outcome o = {0};
            struct sbuf text, log;
            sbuf_init(&text, LOG_MAX);
            sbuf_init(&log, LOG_MAX);
            put_line(&text, entry, chosen);
            sbuf_addc(&text, '\n');
            sbuf_adds(&text, fault);
            for (struct slice lines = sbuf_slice(&text); lines.n;)
                put_container_line(&log, docker, slice_split(&lines, '\n'));
            run_bytes(docker ? FORMAT_DOCKER : FORMAT_CRI, sbuf_slice(&log), &o);
            for (unsigned i = 0; i + 1 < o.n; i++)
                ck_assert_msg(o.seen[i].level <= LEVEL_WARNING && !promotes(o.seen[i].fate), "%.*s",
                              SLICE_ARG(o.seen[i].raw));
            ck_assert_uint_gt(o.n, 2);
            ck_assert_int_eq(o.seen[o.n - 1].fate, COUNT_event);
            ck_assert_int_eq(o.seen[o.n - 1].level, LEVEL_ERROR);
            arena_done(&o.arena);
            sbuf_done(&text);
            sbuf_done(&log);
        }
    }
    ck_assert_uint_gt(cases, 50);
    rule_set_done(&rules);
    arena_done(&a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("forged");
    TCase *t = tcase_create("forged");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, no_byte_that_a_client_chose);
    tcase_add_test(t, an_entry_in_lines_of_a_container);
    suite_add_tcase(s, t);
    return unit_run(s);
}
