/*
 * What comes back from the store, where a disk, an older crumbd or somebody with an editor may have changed it. A line
 * of the input is one step, its fields apart by tabs, in which \HH stands for a byte:
 *
 *   C clock_us                                               the clock of what is waited for
 *   L key start period burst count next suppressed first last project title level payload varied
 *                                                            a row of flood control; a period of 0 is a budget
 *   O key since time times silent file_key offset rule record
 *                                                            something that is waited for
 *   R record                                                 a packed record alone
 *   V varied                                                 values that varied, alone
 *   E id created next attempts time title level reason payload
 *                                                            a row of the outbox, as the page and `queue` show it
 *   P part offset blob                                       the position of a tailed file
 *   K offset text                                            the position of a partition, as Kafka or the store has it
 *   H key last lines held                                   a record that was held for the lines of its stack trace
 *   M message                                                a message comes, as JSON
 *   +N                                                       N milliseconds pass
 *   !                                                        a cut
 *
 * Whatever it is, events must be JSON, what is read back must be what is written again, and the ledger must balance.
 */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

#include "app/show.h"
#include "app/status.h"
#include "base/arena.h"
#include "core/record_codec.h"
#include "core/pipeline.h"
#include "core/top_values.h"
#include "io/partition_position.h"
#include "io/tail_position.h"
#include "tests/fuzz/steps.h"
#include "tests/shipped.h"
#include "text/json.h"

enum { STEPS_MAX = 60, INPUT_MAX = 16384, FIELDS_MAX = 15, PAGE_MAX = 8 << 20 };

static const int64_t start_us = INT64_C(1795428000000000); /* 2026-11-23 10:00 UTC */

static const char rules_text[] = "pack: fuzz\n"
                                 "rules:\n"
                                 "  - id: fuzz.goes-on\n"
                                 "    match: 'T(?<tag>\\w+)'\n"
                                 "    continue: true\n"
                                 "    event: {tags: {tag: '{tag}'}}\n"
                                 "  - {id: fuzz.pair, match: 'BEGIN (?<job>\\S*)', pair: {end: 'END (?<job>\\S*)', "
                                 "within: 10s, by: ['{job}']}, event: {project: '{job}'}}\n"
                                 "  - {id: fuzz.beat, match: 'BEAT', absence: {every: 1m, monitor: 'beat {who}'}, "
                                 "event: {project: '{who}', type: '{container}'}}\n"
                                 "  - id: fuzz.beats\n"
                                 "    match: 'EACH (?<who>\\S*)'\n"
                                 "    absence: {every: 1m, by: ['{who}', '{host}'], monitor: 'beat {who}'}\n"
                                 "    event: {tags: {who: '{who}'}, transaction: '{request.path}'}\n";

struct run {
    struct pipeline *pipeline;
    struct stream stream;
    struct arena arena;
    uint64_t messages;
    int64_t now_us;
};

static struct rule_set rules;
static struct scrub *scrub;
static FILE *nowhere;

static const struct options options = {
    .fallback = FALLBACK_EVENT,
    .environment = SLICE("production"),
    .crumbs = {.before = 5, .after = 2, .max_age_us = 600000000, .memory_bytes = 65536},
    .limits = {.burst = 1, .period_us = 60000000, .per_minute = 1000, .per_day = 100000},
    .scrub = {.defaults = true}};

static void load(void)
{
    if (nowhere)
        return;
    shipped_load_text(&rules, "stored.yaml", slice_str(rules_text));
    rule_set_forget_files(&rules);
    rule_set_ready(&rules, true);
    scrub = scrub_new(&options);
    nowhere = fopen("/dev/null", "w");
    assert(nowhere);
    steps_reset(); /* that was not the input's */
}

static bool is_json(struct slice text)
{
    struct arena a = {0};
    bool ok = json_tree(&a, text) != NULL;
    arena_done(&a);
    return ok;
}

/* --- fields --- */

static unsigned hex(char c)
{
    return ascii_digit(c) ? (unsigned)(c - '0') : (unsigned)(ascii_lower(c) - 'a' + 10);
}

/* In a malloc of its own size each, as the arena gives it with AddressSanitizer. */
static struct slice field_of(struct run *r, struct slice s)
{
    char *p = arena_alloc(&r->arena, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\\' && i + 2 < s.n && ascii_hex(s.p[i + 1]) && ascii_hex(s.p[i + 2])) {
            p[n++] = (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]));
            i += 2;
        } else {
            p[n++] = s.p[i];
        }
    return arena_dup(&r->arena, slice_of(p, n));
}

/* Any 64 bits, as SQLite gives them for whatever is in a column. */
static int64_t number_of(struct slice s)
{
    bool negative = slice_starts(s, SLICE("-"));
    uint64_t v = 0;
    for (size_t i = negative; i < s.n && ascii_digit(s.p[i]); i++)
        v = v * 10 + (uint64_t)(s.p[i] - '0');
    return (int64_t)(negative ? -v : v);
}

/* --- steps --- */

static void take_limit(struct run *r, const struct slice f[FIELDS_MAX])
{
    const struct flood_sample sample = {.project = f[10], .title = {f[11]}, .level = f[12], .payload = {f[13]}};
    const struct flood_row row = {.key = (uint64_t)number_of(f[1]),
                                  .start_us = number_of(f[2]),
                                  .period_us = number_of(f[3]),
                                  .burst = (unsigned)number_of(f[4]),
                                  .count = (uint64_t)number_of(f[5]),
                                  .next_pass = (uint64_t)number_of(f[6]),
                                  .suppressed = (uint64_t)number_of(f[7]),
                                  .first_us = number_of(f[8]),
                                  .last_us = number_of(f[9]),
                                  .sample = sample.payload.text.n ? &sample : NULL,
                                  .top_values_text = {f[14]}};
    flood_gate_restore(pipeline_flood_gate(r->pipeline), &row);
}

static void take_deadline(struct run *r, const struct slice f[FIELDS_MAX])
{
    const struct deadline_row row = {.key = (uint64_t)number_of(f[1]),
                                     .since_us = number_of(f[2]),
                                     .time_us = number_of(f[3]),
                                     .times = (unsigned)number_of(f[4]),
                                     .silent = number_of(f[5]) != 0,
                                     .file_key = (uint64_t)number_of(f[6]),
                                     .offset = (uint64_t)number_of(f[7]),
                                     .rule = f[8],
                                     .record = {f[9]}};
    deadline_event_restore(pipeline_deadlines(r->pipeline), &row);
}

static void take_held(struct run *r, const struct slice f[FIELDS_MAX])
{
    const struct join_row row = {.key = (uint64_t)number_of(f[1]),
                                 .last_us = number_of(f[2]),
                                 .lines = (unsigned)number_of(f[3]),
                                 .held = {f[4]}};
    r->messages += pipeline_restore_held(r->pipeline, &row, r->now_us);
}

static void read_record(struct slice packed)
{
    static struct record record, again;
    struct arena a = {0};
    struct record_codec came, came_again;
    struct sbuf first, second;
    sbuf_init(&first, RECORD_CODEC_MAX);
    sbuf_init(&second, RECORD_CODEC_MAX);
    if (record_codec_read(packed, &a, &record, &came)) {
        const struct record_codec_extra extra = {.source = came.source, .n_captures = came.n_captures};
        record_codec_write(&record, &extra, came.captures, scrub, &first);
        assert(record_codec_read(sbuf_slice(&first), &a, &again, &came_again));
        assert(came_again.scrubbed && came_again.n_captures == came.n_captures);
        record_codec_write(&again, &extra, came_again.captures, scrub, &second);
        assert(!second.over);
    }
    sbuf_done(&first);
    sbuf_done(&second);
    arena_done(&a);
}

static void read_top_values(struct slice text)
{
    size_t total = 0;
    struct sbuf out;
    sbuf_init(&out, 1 << 20);
    struct top_values *v = top_values_read(text, &total);
    if (v) {
        top_values_scrub(v, scrub);
        if (top_values_show(v, &out))
            assert(is_json(sbuf_slice(&out)));
        sbuf_reset(&out);
        top_values_write(v, &out);
        assert(out.over || is_json(sbuf_slice(&out)));
        if (top_values_begin(v))
            top_values_add(v, SLICE("name"), SLICE("value"), SLICE("value"));
        top_values_free(v);
    }
    assert(total == 0);
    sbuf_done(&out);
}

static void read_position(const struct slice f[FIELDS_MAX])
{
    const struct position p = {.part = f[1], .offset = (uint64_t)number_of(f[2]), .blob = f[3]};
    struct position again = {0};
    struct tail_position at, at_again;
    struct sbuf text;
    sbuf_init(&text, 2 * TAIL_POSITION_MAX);
    if (tail_position_read(&p, &at)) {
        tail_position_write(&at, &text, &again);
        assert(tail_position_read(&again, &at_again));
        assert(at.key == at_again.key && at.id.ino == at_again.id.ino && at.at.held[1] == at_again.at.held[1] &&
               slice_eq(at.path, at_again.path));
    }
    sbuf_done(&text);
}

static void read_place(const struct slice f[FIELDS_MAX])
{
    struct partition_position at, again;
    struct sbuf text, text_again;
    sbuf_init(&text, PARTITION_POSITION_TEXT_MAX);
    sbuf_init(&text_again, PARTITION_POSITION_TEXT_MAX);
    if (partition_position_read(f[2], (uint64_t)number_of(f[1]), &at)) {
        partition_position_write(&at, &text);
        assert(!text.over && partition_position_read(sbuf_slice(&text), at.offset, &again));
        partition_position_write(&again, &text_again);
        assert(slice_eq(sbuf_slice(&text), sbuf_slice(&text_again)));
    }
    sbuf_done(&text_again);
    sbuf_done(&text);
}

static void show_row(const struct run *r, const struct slice f[FIELDS_MAX])
{
    const struct status status = {.now_us = r->now_us, .rules = &rules};
    struct sbuf page;
    struct json j;
    struct store_row row = {.id = number_of(f[1]),
                            .state = (enum store_state)((uint64_t)number_of(f[2]) % (STORE_STATE_DEAD + 1)),
                            .created_us = number_of(f[2]),
                            .next_try_us = number_of(f[3]),
                            .attempts = (unsigned)number_of(f[4]),
                            .reason = f[8].n ? f[8].p : NULL, /* the arena puts a NUL behind it */
                            .event = {.time_us = number_of(f[5]), .title = {f[6]}, .level = f[7], .payload = {f[9]}}};
    memcpy(row.event.event_id, "0123456789abcdef0123456789abcdef", sizeof row.event.event_id);
    sbuf_init(&page, PAGE_MAX);
    status_page_row(&status, &row, &page);
    status_page_event(&status, &row, &page);
    sbuf_reset(&page);
    json_start(&j, &page);
    status_event(&j, &row);
    json_end(&j);
    assert(page.over || is_json(sbuf_slice(&page)));
    show_payload(nowhere, f[9]);
    sbuf_done(&page);
}

static void feed(struct run *r, struct slice text)
{
    r->messages++;
    pipeline_message(r->pipeline,
                     &(struct message){.stream = &r->stream, .text = text, .lines = 1, .offset = r->messages},
                     r->now_us);
}

static void step(struct run *r, struct slice line)
{
    struct slice f[FIELDS_MAX] = {SLICE_NONE};
    uint64_t ms;
    if (slice_starts(line, SLICE("+")) && slice_u64(slice_from(line, 1), &ms))
        r->now_us += (int64_t)(ms % 1000000) * 1000;
    for (unsigned i = 0; line.p && i < FIELDS_MAX; i++)
        f[i] = field_of(r, slice_split(&line, '\t'));
    switch (f[0].n == 1 ? *f[0].p : '\0') {
    case 'C':
        deadline_event_restore_clock(pipeline_deadlines(r->pipeline),
                                     number_of(f[1]) > 0 ? number_of(f[1]) : 0); /* as store_clock gives it */
        break;
    case 'L':
        take_limit(r, f);
        break;
    case 'O':
        take_deadline(r, f);
        break;
    case 'H':
        take_held(r, f);
        break;
    case 'R':
        read_record(f[1]);
        break;
    case 'V':
        read_top_values(f[1]);
        break;
    case 'P':
        read_position(f);
        break;
    case 'K':
        read_place(f);
        break;
    case 'E':
        show_row(r, f);
        break;
    case 'M':
        feed(r, f[1]);
        break;
    case '!':
        pipeline_checkpoint(r->pipeline);
        break;
    default:
        break;
    }
    pipeline_tick(r->pipeline, r->now_us);
}

/* --- hooks --- */

static bool on_event(void *u, const struct event_out *e)
{
    (void)u;
    assert(is_json(e->payload.text));
    return true;
}

static void on_check_in(void *u, const struct event_out *e)
{
    on_event(u, e);
}

static void on_flood_row(void *u, const struct flood_row *row)
{
    (void)u;
    if (row->top_values_text.text.n)
        assert(is_json(row->top_values_text.text));
}

static void on_deadline_row(void *u, const struct deadline_row *row)
{
    volatile uint64_t sum = slice_hash(row->record.text, 0) + slice_hash(row->rule, 0); /* reads every byte */
    (void)u, (void)sum;
}

static void on_held_row(void *u, const struct join_row *row)
{
    volatile uint64_t sum = slice_hash(row->held.text, 0);
    (void)u, (void)sum;
}

int fuzz_target(const uint8_t *data, size_t size)
{
    static const uint8_t store_id[16] = "fuzz";
    struct slice input = slice_of((const char *)data, size > INPUT_MAX ? INPUT_MAX : size);
    load();
    struct run r = {
        .now_us = start_us,
        .stream = {.format = FORMAT_JSON, .source = SLICE("s"), .file_key = 1, .ring = 1, .last_us = RECORD_NO_TIME}};
    const struct pipeline_setup setup = {.options = &options,
                                         .rules = &rules,
                                         .store_id = store_id,
                                         .hooks = {.u = &r,
                                                   .emit = on_event,
                                                   .flood_row = on_flood_row,
                                                   .deadline_row = on_deadline_row,
                                                   .held_row = on_held_row,
                                                   .check_in = on_check_in}};
    r.pipeline = pipeline_new(&setup);
    for (unsigned i = 0; input.p && i < STEPS_MAX; i++)
        step(&r, slice_split(&input, '\n'));
    r.now_us += INT64_C(86400000000);
    for (unsigned i = 0; i < 20; i++, r.now_us += 10000000)
        pipeline_tick(r.pipeline, r.now_us);
    pipeline_checkpoint(r.pipeline);
    pipeline_flush(r.pipeline);
    assert(count_fates(pipeline_counts(r.pipeline)) == r.messages && pipeline_open(r.pipeline).lines == 0);
    pipeline_free(r.pipeline);
    arena_done(&r.arena);
    return 0;
}
