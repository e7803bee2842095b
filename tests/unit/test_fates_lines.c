/* What the pipeline says of each line of a file, read as a tail reads it: one fate for each byte, whatever is joined,
 * in pieces or read again after a crash, and the ids of the events that left it. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/xalloc.h"
#include "core/join.h"
#include "core/pipeline.h"
#include "parsers/line_reader.h"
#include "tests/traces.h"

static const char rules_text[] =
    "pack: app\n"
    "rules:\n"
    "  - {id: app.event, match: 'EVENT', event: {type: Mine, fingerprint: [event]}}\n"
    "  - {id: app.flood, match: 'FLOOD', event: {type: Flood, fingerprint: [flood]}, limits: {burst: 1}}\n"
    "  - {id: app.drop, match: 'DROP', action: drop}\n"
    "  - {id: app.log, match: 'LOG', action: log}\n";

enum { BYTES = 8192, IDS = 64, FILE_KEY = 0x1234567 };

static const uint8_t store_id[16] = "0123456789abcdef";

/* What a store would have. */
struct kept {
    struct {
        char bytes[FATES_CHUNK_MAX + 256];
        size_t n;
    } chunks[64];
    uint64_t next;
    char ids[IDS][33]; /* of the events that the store took */
    unsigned n_ids;
};

static struct rule_set rules;

struct bench {
    struct options options;
    struct join_options join;
    struct pipeline *pipeline;
    struct stream stream;
    struct line_reader reader;
    struct kept *kept;
    int64_t now_us;
};

static bool on_event(void *u, const struct event_out *e)
{
    struct bench *b = u;
    struct kept *k = b->kept;
    if (e->suppressed)
        return true; /* an open form leaves as it is when crumbd is killed */
    for (unsigned i = 0; i < k->n_ids; i++)
        if (strcmp(k->ids[i], e->event_id) == 0)
            return true;
    ck_assert_uint_lt(k->n_ids, IDS);
    memcpy(k->ids[k->n_ids++], e->event_id, 33);
    return true;
}

static void on_chunk(void *u, const struct fates_chunk *c)
{
    struct kept *k = ((struct bench *)u)->kept;
    ck_assert_uint_eq(c->file, FILE_KEY);
    ck_assert_uint_lt(c->number, sizeof k->chunks / sizeof *k->chunks);
    memcpy(k->chunks[c->number].bytes, c->bytes.p, c->bytes.n);
    k->chunks[c->number].n = c->bytes.n;
    k->next = c->number + 1 > k->next ? c->number + 1 : k->next;
}

static void begin(struct bench *b, enum format format, const struct line_reader_place *from)
{
    const struct pipeline_setup setup = {.options = &b->options,
                                         .rules = &rules,
                                         .store_id = store_id,
                                         .run_key = 9,
                                         .fates_number = b->kept->next,
                                         .hooks = {.u = b, .emit = on_event, .fates = on_chunk}};
    b->pipeline = pipeline_new(&setup);
    b->stream = (struct stream){.format = format,
                                .source = SLICE("/log/app.log"),
                                .trusted = true,
                                .file_key = FILE_KEY,
                                .ring = FILE_KEY,
                                .join = &b->join,
                                .last_us = RECORD_NO_TIME};
    line_reader_init(&b->reader, FRAME_LINES, 0, from);
}

static void end(struct bench *b)
{
    line_reader_done(&b->reader);
    pipeline_free(b->pipeline);
}

static void bench_init(struct bench *b, struct kept *kept)
{
    *b = (struct bench){.kept = kept, .now_us = INT64_C(1795428000000000), .join = join_defaults};
    b->options = (struct options){
        .fallback = FALLBACK_EVENT,
        .crumbs = {.before = 20, .after = 2, .wait_us = 500000, .max_age_us = 600000000, .memory_bytes = 1 << 20},
        .limits = {.burst = UINT32_MAX, .period_us = 3600000000, .per_minute = UINT32_MAX, .per_day = UINT32_MAX}};
}

static void set_up(void)
{
    struct diag d = {0};
    struct conf_file *f = conf_parse("test.yaml", slice_str(rules_text), &d);
    ck_assert(f && rule_set_load(&rules, f, &d));
    rules.traces = traces_load(true);
    rule_set_ready(&rules, true);
    err_done(&d);
}

static void tear_down(void)
{
    trace_set_free(rules.traces);
    rule_set_done(&rules);
}

static void hand_on(struct bench *b, struct message *m)
{
    m->stream = &b->stream;
    pipeline_message(b->pipeline, m, b->now_us);
}

static void feed(struct bench *b, struct slice bytes)
{
    struct message m;
    framer_feed(&b->reader.framer, bytes);
    while (line_reader_next(&b->reader, b->stream.format, &m))
        hand_on(b, &m);
}

/* Where reading goes on after a crash, as a tail tells it to the store. */
static struct line_reader_place place_of(struct bench *b)
{
    struct line_reader_place at = line_reader_place(&b->reader);
    if (!at.n_begins)
        at.n_begins = pipeline_held(b->pipeline, FILE_KEY, at.begins, LINE_READER_BEGINS_MAX);
    return at;
}

static void finish(struct bench *b)
{
    struct message m;
    while (line_reader_flush(&b->reader, FRAME_END, &m))
        hand_on(b, &m);
    pipeline_flush(b->pipeline);
    pipeline_checkpoint(b->pipeline);
}

/* Reads the text; after `cut` bytes crumbd is killed, and goes on from its checkpoint. */
static void read_all(struct bench *b, enum format format, struct slice text, size_t cut)
{
    const struct line_reader_place start = {0};
    begin(b, format, &start);
    feed(b, slice_sub(text, 0, cut));
    if (cut < text.n) {
        pipeline_checkpoint(b->pipeline);
        const struct line_reader_place at = place_of(b);
        end(b);
        begin(b, format, &at);
        feed(b, slice_from(text, line_reader_first(&at)));
    }
    finish(b);
    end(b);
}

/* --- what is expected of a line --- */

struct want {
    const char *text;
    enum fate fate;
    int record; /* of one that is joined: the line it is joined to */
};

static void check_ids(const struct kept *k, const struct fate_range *all, unsigned n)
{
    unsigned found = 0;
    for (unsigned i = 0; i < n; i++) {
        char id[33];
        if (all[i].fate != FATE_EVENT && all[i].fate != FATE_ALSO_EVENT)
            continue;
        ck_assert_uint_ne(all[i].issue, 0);
        event_make_id(id, store_id, FILE_KEY, all[i].from, all[i].number);
        unsigned at = 0;
        while (at < k->n_ids && strcmp(k->ids[at], id) != 0)
            at++;
        ck_assert_msg(at < k->n_ids, "no event has the id of the line at %llu", (unsigned long long)all[i].from);
        found++;
    }
    ck_assert_uint_eq(found, k->n_ids);
}

/* once: each byte has been given one fate only. */
static void check(const struct kept *k, const struct want *want, unsigned n_want, size_t unit, bool once)
{
    static struct fate_range all[1024], byte[BYTES];
    unsigned n = 0;
    memset(byte, 0, sizeof byte);
    for (uint64_t c = 0; c < k->next; c++) {
        struct fates_reader r;
        ck_assert(fates_read(&r, slice_of(k->chunks[c].bytes, k->chunks[c].n)));
        while (n < sizeof all / sizeof *all && fates_next(&r, &all[n])) {
            for (uint64_t at = all[n].from; at < all[n].to; at++) {
                ck_assert_uint_lt(at, BYTES);
                ck_assert_msg(!once || byte[at].fate == FATE_NONE, "byte %llu has two fates", (unsigned long long)at);
                byte[at] = all[n];
            }
            n++;
        }
    }
    uint64_t at = 0, begins[64];
    for (unsigned i = 0; i < n_want; i++) {
        size_t bytes = unit * (strlen(want[i].text) + 1);
        begins[i] = at;
        for (size_t j = 0; j < bytes; j++) {
            const struct fate_range *got = &byte[at + j];
            ck_assert_msg(got->fate == want[i].fate, "line %u, byte %zu: %s, not %s", i, j, fate_name(got->fate),
                          fate_name(want[i].fate));
            if (want[i].fate == FATE_JOINED)
                ck_assert_uint_eq(got->head, begins[want[i].record]);
        }
        at += bytes;
    }
    ck_assert_int_eq(byte[at].fate, FATE_NONE);
    if (once)
        check_ids(k, all, n);
}

static struct slice text_of(const struct want *want, unsigned n, char *out)
{
    size_t at = 0;
    for (unsigned i = 0; i < n; i++)
        at += (size_t)sprintf(out + at, "%s\n", want[i].text);
    ck_assert_uint_lt(at, BYTES);
    return slice_of(out, at);
}

#define STAMP "2026-11-23 10:00:00 "

static const struct want lines[] = {
    {STAMP "INFO a crumb", FATE_CRUMB, 0},
    {STAMP "INFO another", FATE_CRUMB, 0},
    {STAMP "ERROR EVENT one", FATE_EVENT, 0},
    {STAMP "INFO DROP", FATE_DROP, 0},
    {"", FATE_BLANK, 0},
    {STAMP "INFO LOG", FATE_LOG, 0},
    {STAMP "ERROR order 7 failed", FATE_EVENT, 0},
    {"java.lang.IllegalStateException: no stock for 7", FATE_JOINED, 6},
    {"\tat com.acme.Stock.take(Stock.java:12)", FATE_JOINED, 6},
    {"\tat com.acme.Shop.order(Shop.java:42)", FATE_JOINED, 6},
    {STAMP "INFO goes on", FATE_CRUMB, 0},
    {STAMP "ERROR EVENT two", FATE_EVENT, 0},
    {STAMP "INFO and on", FATE_CRUMB, 0},
};
enum { N_LINES = sizeof lines / sizeof *lines };

static void run(enum format format, const struct want *want, unsigned n, size_t cut, bool once)
{
    static char text[BYTES];
    struct kept *kept = xcalloc(1, sizeof *kept);
    struct bench b;
    struct slice all = text_of(want, n, text);
    bench_init(&b, kept);
    read_all(&b, format, all, cut < all.n ? cut : all.n);
    check(kept, want, n, 1, once);
    free(kept);
}

START_TEST(each_line_has_its_fate)
{
    run(FORMAT_TEXT, lines, N_LINES, BYTES, true);
}
END_TEST

/* Killed behind any byte: what was decided stays, what was not is decided once. */
START_TEST(each_line_has_it_after_any_crash)
{
    size_t total = 0;
    for (unsigned i = 0; i < N_LINES; i++)
        total += strlen(lines[i].text) + 1;
    for (size_t cut = 0; cut < total; cut += 3)
        run(FORMAT_TEXT, lines, N_LINES, cut, true);
}
END_TEST

static const struct want pieces[] = {
    {"2026-11-23T10:00:00.000000001Z stdout F " STAMP "INFO whole", FATE_CRUMB, 0},
    {"2026-11-23T10:00:00.000000002Z stdout P " STAMP "ERROR EVENT ", FATE_EVENT, 0},
    {"2026-11-23T10:00:00.000000003Z stderr F " STAMP "INFO between", FATE_CRUMB, 0},
    {"2026-11-23T10:00:00.000000004Z stdout P in ", FATE_JOINED, 1},
    {"2026-11-23T10:00:00.000000005Z stdout P four ", FATE_JOINED, 1},
    {"2026-11-23T10:00:00.000000006Z stderr P " STAMP "INFO two ", FATE_CRUMB, 0},
    {"2026-11-23T10:00:00.000000007Z stdout F pieces", FATE_JOINED, 1},
    {"2026-11-23T10:00:00.000000008Z stderr F of the other", FATE_JOINED, 5},
    {"2026-11-23T10:00:00.000000009Z stdout F " STAMP "INFO last", FATE_CRUMB, 0},
};
enum { N_PIECES = sizeof pieces / sizeof *pieces };

/* A line in pieces has its fate where it begins; what stands between its pieces has its own. A crumb in pieces that
 * follow each other is one range. */
START_TEST(pieces_are_joined_to_their_line)
{
    run(FORMAT_CRI, pieces, N_PIECES, BYTES, true);
    for (size_t cut = 0; cut < 700; cut += 5)
        run(FORMAT_CRI, pieces, N_PIECES, cut, false);
}
END_TEST

START_TEST(a_flood_names_its_issue)
{
    static const struct want flood[] = {
        {STAMP "ERROR FLOOD", FATE_EVENT, 0},      {STAMP "ERROR FLOOD", FATE_EVENT, 0},
        {STAMP "ERROR FLOOD", FATE_SUPPRESSED, 0}, {STAMP "ERROR FLOOD", FATE_EVENT, 0},
        {STAMP "ERROR FLOOD", FATE_SUPPRESSED, 0}, {STAMP "ERROR FLOOD", FATE_SUPPRESSED, 0},
    };
    run(FORMAT_TEXT, flood, sizeof flood / sizeof *flood, BYTES, true);
}
END_TEST

START_TEST(of_another_format_it_is_refused)
{
    static const struct want gelf[] = {
        {"{\"version\":\"1.1\",\"host\":\"h\",\"level\":6,\"short_message\":\"well\"}", FATE_CRUMB, 0},
        {"no JSON", FATE_REFUSED, 0},
        {"{\"version\":\"1.1\",\"host\":\"h\",\"level\":3,\"short_message\":\"EVENT\"}", FATE_EVENT, 0},
    };
    run(FORMAT_GELF, gelf, sizeof gelf / sizeof *gelf, BYTES, true);
}
END_TEST

/* Two messages of PHP in one entry of nginx's are two events of one line: the ids are checked. */
START_TEST(a_line_may_be_several_events)
{
    static const struct want entry[] = {
        {"2026/11/23 10:00:00 [error] 7#7: *1 FastCGI sent in stderr: \"PHP message: PHP Fatal error:  EVENT one in "
         "/srv/a.php on line 3PHP message: PHP Warning:  EVENT two in /srv/b.php on line 4\" while reading response "
         "header from upstream, client: 203.0.113.9, server: shop, request: \"GET / HTTP/1.1\", upstream: "
         "\"fastcgi://unix:/run/php.sock:\", host: \"shop\"",
         FATE_EVENT, 0},
        {"2026/11/23 10:00:01 [notice] 7#7: well", FATE_CRUMB, 0},
    };
    run(FORMAT_NGINX_ERROR, entry, 2, BYTES, true);
}
END_TEST

START_TEST(utf16_has_its_own_offsets)
{
    static char narrow[BYTES], wide[BYTES];
    struct kept *kept = xcalloc(1, sizeof *kept);
    struct bench b;
    struct slice text = text_of(lines, 3, narrow);
    for (size_t i = 0; i < text.n; i++) {
        wide[2 * i] = text.p[i];
        wide[2 * i + 1] = 0;
    }
    bench_init(&b, kept);
    read_all(&b, FORMAT_TEXT, slice_of(wide, 2 * text.n), 2 * text.n);
    check(kept, lines, 3, 2, true);
    free(kept);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("fates of lines");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, each_line_has_its_fate);
    tcase_add_test(t, each_line_has_it_after_any_crash);
    tcase_add_test(t, pieces_are_joined_to_their_line);
    tcase_add_test(t, a_flood_names_its_issue);
    tcase_add_test(t, of_another_format_it_is_refused);
    tcase_add_test(t, a_line_may_be_several_events);
    tcase_add_test(t, utf16_has_its_own_offsets);
    suite_add_tcase(s, t);
    return unit_run(s);
}
