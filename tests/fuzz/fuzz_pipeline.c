/*
 * Messages of several senders and formats through the whole pipeline, with the shipped rules and before them rules that
 * use every place of a rule that takes a template. A line of the input is one step; its first byte says which:
 *
 *   e a s t g h d c j l x o u   a message of that stream (see streams); a \v in it stands for LF, so that a message can
 * have several lines +N                          N milliseconds pass !                           a cut ? nothing can be
 * heard from now on, or again
 *
 * Each message is in a malloc of its own that is freed at once, as a datagram is. Every event must be JSON, and of a
 * project that a rule gave from that very message; the verdict must be the one that a judge gives who saw nothing else;
 * and the ledger must agree with what was fed and with what came out.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "base/arena.h"
#include "core/pipeline.h"
#include "parsers/container.h"
#include "tests/shipped.h"
#include "text/json.h"

enum { STEPS_MAX = 100, INPUT_MAX = 16384, ELAPSE_MAX_MS = 1000000 };

static const char every_place[] =
    "pack: fuzz\n"
    "rules:\n"
    "  - id: fuzz.goes-on\n"
    "    match: 'TAG (?<tag>\\S+)'\n"
    "    continue: true\n"
    "    event: {level: warning, tags: {tag: '{tag}', host: '{host}', same: 'goes on'}}\n"
    "  - id: fuzz.every-place\n"
    "    match: 'PLACE (?<one>\\S*) ?(?<two>[^\\n]*)'\n"
    "    event:\n"
    "      project: '{one}'\n"
    "      type: 'T{one}'\n"
    "      message: 'M{one} {{{masked.two}}} 100%'\n"
    "      logger: '{two}'\n"
    "      transaction: '{one} {two}'\n"
    "      fingerprint: [fuzz, '{one}', '{masked.two}', '{message}', '{upstream.host}', '{request.path}', "
    "'{container}', '{app}']\n"
    "      tags: {one: '{one}', two: 'x{two}', same: '{two}', pid: '{procid}'}\n"
    "      request: {method: '{one}', url: 'http://{one}/{two}?{two}', query_string: '{two}'}\n"
    "      user: {id: '{one}', username: '{two}', email: '{one}@{two}', ip_address: '{client}'}\n"
    "  - {id: fuzz.constant, match: 'CONSTANT', event: {project: billing, fingerprint: [one]}, limits: {burst: 1, "
    "period: 10s}}\n"
    "  - id: fuzz.threshold\n"
    "    match: 'OFTEN (?<who>\\S*)'\n"
    "    threshold: {count: 2, within: 1m, by: ['{who}', '{host}']}\n"
    "    event: {project: '{who}', message: 'often {who}'}\n"
    "  - id: fuzz.pair\n"
    "    match: 'BEGIN (?<job>\\S*)'\n"
    "    pair: {end: 'END (?<job>\\S*)', within: 10s, by: ['{job}', '{app}']}\n"
    "    event: {project: '{job}', tags: {job: '{job}'}}\n"
    "  - id: fuzz.absence\n"
    "    match: 'BEAT (?<who>\\S*)'\n"
    "    absence: {every: 1m, by: ['{who}', '{host}'], monitor: 'beat {who}'}\n"
    "    event: {project: '{who}', type: Silent}\n"
    "  - {id: fuzz.sampled, match: 'SOME', sample: 3, event: {project: '{app}'}}\n"
    "  - {id: fuzz.when, when: {host: '^w', app: 'php', level: error}, match: 'WHEN', unless: 'NOT', event: {project: "
    "'{host}'}}\n"
    "  - {id: fuzz.crumb, match: 'CRUMB', action: crumb}\n"
    "  - {id: fuzz.log, match: 'COUNT', action: log}\n"
    "  - {id: fuzz.drop, match: 'DROP', action: drop}\n";

/* --- streams --- */

static const struct container pod = {
    .name = SLICE("shop"), .pod = SLICE("shop-7"), .namespace = SLICE("web"), .app = SLICE("shop")};

#define PEER(format_, address, number)                                                                                 \
    {                                                                                                                  \
        .format = (format_), .source = SLICE("udp://" address), .peer = SLICE(address), .ring = (number),              \
        .last_us = RECORD_NO_TIME                                                                                      \
    }
#define LOG_FILE(format_, name, number)                                                                                \
    {                                                                                                                  \
        .format = (format_), .source = SLICE(name), .file_key = (number), .ring = (number), .last_us = RECORD_NO_TIME  \
    }

static const struct {
    char letter;
    struct stream stream;
} streams[] = {
    {'e', LOG_FILE(FORMAT_NGINX_ERROR, "/var/log/nginx/error.log", 1)},
    {'a', LOG_FILE(FORMAT_NGINX_ACCESS, "/var/log/nginx/access.log", 2)},
    {'s', PEER(FORMAT_SYSLOG, "192.0.2.1", 3)},
    {'t', PEER(FORMAT_SYSLOG, "192.0.2.2", 4)},
    {'g', PEER(FORMAT_GELF, "192.0.2.1", 3)},
    {'h', PEER(FORMAT_GELF, "2001:db8::1", 5)},
    {'d', LOG_FILE(FORMAT_DOCKER, "/var/lib/docker/containers/a/a-json.log", 6)},
    {'c',
     {.format = FORMAT_CRI,
      .source = SLICE("/var/log/pods/p/0.log"),
      .file_key = 7,
      .ring = 7,
      .container = &pod,
      .last_us = RECORD_NO_TIME}},
    {'j', LOG_FILE(FORMAT_JSON, "/srv/app.json", 8)},
    {'l', LOG_FILE(FORMAT_LOGFMT, "/srv/app.log", 9)},
    {'x', LOG_FILE(FORMAT_TEXT, "/srv/text.log", 10)},
    {'o', LOG_FILE(FORMAT_AUTO, "/srv/any.log", 11)},
    {'u',
     {.format = FORMAT_JOURNAL, .source = SLICE("journal"), .peer_pid = 77, .ring = 12, .last_us = RECORD_NO_TIME}},
};

enum { STREAMS = sizeof streams / sizeof *streams };

/* --- what was fed, and what came of it --- */

struct fed {
    struct slice text; /* a copy */
    uint64_t file_key, offset;
};

struct run {
    struct pipeline *pipeline;
    struct stream streams[STREAMS];
    struct arena arena; /* of the whole run */
    struct fed fed[STEPS_MAX];
    unsigned n_fed;
    uint64_t lines, fates[COUNT_N], outcome;
    uint64_t events, deadlines, summarised; /* that left */
    uint64_t lost[COUNT_N];                 /* of which a client report would tell */
    int64_t now_us;
    bool stalled;
};

static const uint8_t store_id[16] = "fuzz";
static const uint64_t run_key = 99;
static struct rule_set rules;
static struct judge alone; /* judges each record a second time */
static bool loaded;

static void load(void)
{
    if (loaded)
        return;
    loaded = true;
    shipped_load_text(&rules, "every-place.yaml", slice_str(every_place));
    shipped_load(&rules);
    rule_set_forget_files(&rules);
    rule_set_ready(&rules, true);
    judge_init(&alone, &rules);
}

static bool is_json(struct slice text)
{
    struct arena a = {0};
    bool ok = json_tree(&a, text) != NULL;
    arena_done(&a);
    return ok;
}

/* --- projects --- */

static bool is_within(struct slice part, struct slice whole)
{
    return slice_find(whole, part) >= 0;
}

/* The message that the event is of; NULL: an event of no one message. */
static const struct fed *message_of(const struct run *r, const char *event_id)
{
    for (unsigned i = 0; i < r->n_fed; i++)
        for (uint64_t ordinal = 0; ordinal < 4; ordinal++) {
            char id[33];
            event_make_id(id, store_id, r->fed[i].file_key, r->fed[i].offset, ordinal);
            if (strcmp(id, event_id) == 0)
                return &r->fed[i];
        }
    return NULL;
}

/* Parsers decode escapes and leave out those of terminals, and members such as host may be the stream's: then there is
 * no telling. */
static bool may_be_decoded(const struct fed *f)
{
    return slice_chr(f->text, '\x1b') || slice_chr(f->text, '\\') || slice_chr(f->text, '%') || slice_chr(f->text, '#');
}

static bool is_from_stream(struct slice project)
{
    for (unsigned i = 0; i < STREAMS; i++)
        if (slice_eq(project, streams[i].stream.peer))
            return true;
    return slice_eq(project, pod.app);
}

static bool gave_project(const struct run *r, const struct event_out *e)
{
    const struct rule *rule = e->verdict ? rule_set_find(&rules, e->verdict->texts->rule) : NULL;
    const struct fed *f = message_of(r, e->event_id);
    if (!e->project.n)
        return true;
    if (e->verdict && (!rule || !rule->event.project.set))
        return false;
    if (slice_is(e->project, "billing") || is_from_stream(e->project))
        return true;
    if (f)
        return is_within(e->project, f->text) || may_be_decoded(f);
    for (unsigned i = 0; i < r->n_fed; i++) /* a summary, or what did not come */
        if (is_within(e->project, r->fed[i].text) || may_be_decoded(&r->fed[i]))
            return true;
    return false;
}

/* --- hooks --- */

static bool on_event(void *u, const struct event_out *e)
{
    struct run *r = u;
    assert(is_json(e->payload.text));
    assert(gave_project(r, e));
    r->summarised += e->suppressed;
    r->events += !e->open && !e->suppressed;
    return true;
}

static void on_check_in(void *u, const struct event_out *e)
{
    assert(is_json(e->payload.text));
    assert(gave_project(u, e));
}

static void assert_same_verdict(const struct verdict *a, const struct verdict *b)
{
    assert(a->rule == b->rule && a->n_tags == b->n_tags && slice_eq(a->project, b->project));
    /* One that is folded has the fingerprint of the issue for all of them. */
    assert(a->fold || (a->n_fingerprint == b->n_fingerprint && a->fingerprint_hash == b->fingerprint_hash));
    /* What people may not see has been taken out of the one that became an event. */
    for (unsigned i = 0; i < a->n_tags; i++) {
        assert(slice_eq(a->tags[i].key, b->tags[i].key));
        assert(slice_eq(a->tags[i].value, b->tags[i].value) || slice_find(a->tags[i].value, SLICE(SCRUB_MARK)) >= 0);
    }
}

static void on_outcome(void *u, const struct outcome *j)
{
    struct run *r = u;
    struct arena a = {0};
    struct verdict v;
    r->outcome++;
    r->fates[j->fate]++;
    /* A carrier's record may hold an empty line. */
    assert(j->record ? j->fate != COUNT_refused : j->fate == COUNT_blank || j->fate == COUNT_refused);
    assert(!j->record || j->fate != COUNT_blank || !slice_trim(j->record->message).n);
    if (j->record && j->verdict->rule && !alone.limit_hits && !pipeline_judge(r->pipeline)->limit_hits) {
        judge_record(&alone, j->record, &a, &v, NULL, NULL);
        if (!alone.limit_hits)
            assert_same_verdict(j->verdict, &v);
    }
    if (alone.limit_hits) { /* a rule that rests would not be the same */
        judge_done(&alone);
        judge_init(&alone, &rules);
    }
    arena_done(&a);
}

static void on_deadline(void *u, const struct outcome *j)
{
    struct run *r = u;
    assert(j->fate == COUNT_overdue || j->fate == COUNT_overdue_suppressed);
    r->deadlines++;
}

static void on_flood_row(void *u, const struct flood_row *row)
{
    (void)u;
    if (row->sample)
        assert(is_json(row->sample->payload.text));
    if (row->top_values_text.text.n)
        assert(is_json(row->top_values_text.text));
}

static void on_notice(void *u, const struct notice *n)
{
    struct run *r = u;
    if (n->kind == NOTICE_LOST)
        r->lost[n->cause] += n->quantity;
}

static void on_deadline_row(void *u, const struct deadline_row *row)
{
    volatile uint64_t sum = slice_hash(row->record.text, 0) + slice_hash(row->rule, 0); /* reads every byte */
    (void)u, (void)sum;
}

/* --- steps --- */

static void feed(struct run *r, struct stream *s, struct slice text)
{
    struct fed *f = &r->fed[r->n_fed++];
    char *own = malloc(text.n ? text.n : 1);
    unsigned lines = 1;
    assert(own);
    for (size_t i = 0; i < text.n; i++) {
        own[i] = text.p[i] == '\v' ? '\n' : text.p[i];
        lines += text.p[i] == '\v';
    }
    *f = (struct fed){.text = arena_dup(&r->arena, slice_of(own, text.n)),
                      .file_key = s->file_key ? s->file_key : run_key,
                      .offset = s->file_key ? r->n_fed * 1000u : r->n_fed};
    r->lines += lines;
    const struct message m = {
        .stream = s, .text = slice_of(own, text.n), .lines = lines, .offset = s->file_key ? f->offset : 0};
    pipeline_message(r->pipeline, &m, r->now_us);
    free(own);
}

static void step(struct run *r, struct slice line)
{
    uint64_t ms;
    struct slice rest = slice_from(line, 1);
    for (unsigned i = 0; line.n && i < STREAMS; i++)
        if (*line.p == streams[i].letter)
            feed(r, &r->streams[i], rest);
    if (slice_starts(line, SLICE("+")) && slice_u64(rest, &ms))
        r->now_us += (int64_t)(ms < ELAPSE_MAX_MS ? ms : ELAPSE_MAX_MS) * 1000;
    if (slice_is(line, "!"))
        pipeline_checkpoint(r->pipeline);
    if (slice_is(line, "?"))
        deadline_event_stall(pipeline_deadlines(r->pipeline), r->stalled = !r->stalled);
    pipeline_tick(r->pipeline, r->now_us);
}

static void check_ledger(const struct run *r)
{
    const uint64_t *v = pipeline_counts(r->pipeline)->v;
    assert(count_fates(pipeline_counts(r->pipeline)) == r->lines && r->outcome == r->n_fed);
    assert(pipeline_open(r->pipeline).lines == 0);
    assert(v[COUNT_joined] == r->lines - r->n_fed);
    static const enum count fates[] = {COUNT_event, COUNT_suppressed, COUNT_crumb,  COUNT_log,
                                       COUNT_drop,  COUNT_blank,      COUNT_refused};
    for (unsigned i = 0; i < sizeof fates / sizeof *fates; i++)
        assert(v[fates[i]] == r->fates[fates[i]]);
    assert(v[COUNT_overdue] == r->deadlines);
    uint64_t too_large = v[COUNT_event_too_large],
             passed = r->fates[COUNT_event] + r->deadlines - v[COUNT_overdue_suppressed];
    uint64_t held = r->fates[COUNT_suppressed] + v[COUNT_overdue_suppressed] + v[COUNT_repeats_suppressed];
    assert(r->events <= passed && r->events + too_large >= passed);
    assert(r->lost[COUNT_event_too_large] == too_large);
    assert(r->summarised + r->lost[COUNT_suppressed] == held);
}

/* The shipped rules are loaded, and judged over several streams and formats. */
unsigned fuzz_steps_a_byte = 20000, fuzz_steps_once = 60000000;

int fuzz_target(const uint8_t *data, size_t size)
{
    static const struct options options = {
        .fallback = FALLBACK_EVENT,
        .environment = SLICE("production"),
        .server_name = SLICE("host"),
        .crumbs = {.before = 5, .after = 2, .wait_us = 500000, .max_age_us = 600000000, .memory_bytes = 65536},
        .limits = {.burst = 2, .period_us = 60000000, .per_minute = 1000, .per_day = 100000, .new_issues = 8},
        .scrub = {.defaults = true}};
    static struct run r;
    struct slice input = slice_of((const char *)data, size > INPUT_MAX ? INPUT_MAX : size);
    load();
    r = (struct run){.now_us = INT64_C(1795428000000000)}; /* 2026-11-23 10:00 UTC */
    for (unsigned i = 0; i < STREAMS; i++)
        r.streams[i] = streams[i].stream;
    const struct pipeline_setup setup = {.options = &options,
                                         .rules = &rules,
                                         .store_id = store_id,
                                         .run_key = run_key,
                                         .hooks = {.u = &r,
                                                   .notice = on_notice,
                                                   .emit = on_event,
                                                   .outcome = on_outcome,
                                                   .flood_row = on_flood_row,
                                                   .deadline_row = on_deadline_row,
                                                   .deadlines = on_deadline,
                                                   .check_in = on_check_in}};
    r.pipeline = pipeline_new(&setup);
    for (unsigned i = 0; input.p && i < STEPS_MAX; i++)
        step(&r, slice_split(&input, '\n'));
    pipeline_flush(r.pipeline);
    check_ledger(&r);
    pipeline_free(r.pipeline);
    arena_done(&r.arena);
    return 0;
}
