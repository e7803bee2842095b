#include "tests/unit/corpus.h"

#include "base/utf8.h"
#include "base/xalloc.h"
#include "parsers/parser.h"
#include "parsers/partial.h"

static struct record r;

static bool parse_in_zone(struct arena *a, enum format f, struct slice raw, const struct zone *zone)
{
    struct parse_ctx ctx = {.arena = a, .zone = zone, .now_us = INT64_C(1700000000000000), .last_us = RECORD_NO_TIME};
    record_init(&r, f, raw);
    return parser_parse(f, &ctx, &r);
}

static bool parse(struct arena *a, enum format f, struct slice raw)
{
    return parse_in_zone(a, f, raw, NULL);
}

struct entry_field {
    struct slice name, value;
};

/* An entry of the journal with these fields, of which none needs an escape but for its line ends and quotes. */
static bool parse_entry(struct arena *a, const struct entry_field *fields, size_t n)
{
    struct sbuf text;
    struct json j;
    sbuf_init(&text, 1 << 20);
    json_start(&j, &text);
    json_map(&j);
    for (size_t i = 0; i < n; i++) {
        json_key_s(&j, fields[i].name);
        json_str(&j, fields[i].value);
    }
    json_map_end(&j);
    json_end(&j);
    struct slice raw = arena_dup(a, sbuf_slice(&text));
    sbuf_done(&text);
    return parse(a, FORMAT_JOURNAL, raw);
}

static struct slice cleaned(struct arena *a, struct slice s)
{
    struct sbuf b;
    sbuf_init(&b, s.n * 3 + 1);
    utf8_clean(&b, s);
    s = arena_dup(a, sbuf_slice(&b));
    sbuf_done(&b);
    return s;
}

static void run_container(struct arena *a, const struct json_node *c, struct sbuf *why)
{
    const struct json_node *expect = json_get(c, "expect"), *n;
    bool docker = slice_starts(json_get(c, "id")->text, SLICE("docker"));
    bool ok = parse(a, docker ? FORMAT_DOCKER : FORMAT_CRI, corpus_bytes(a, json_get(c, "raw")));
    if (ok != json_get(expect, "ok")->truth)
        sbuf_addf(why, "\n    %s", ok ? "accepted" : "refused");
    if (!ok || why->n)
        return;
    if ((n = json_get(expect, "stream")))
        corpus_differs(why, "stream", record_value(&r, "stream"), n->text);
    /* As shown: colours go there at the latest. */
    if ((n = json_get(expect, "message")))
        corpus_differs(why, "message", cleaned(a, r.message), cleaned(a, n->text));
    if ((n = json_get(expect, "message_b64"))) {
        struct json_node b64 = {
            .type = JSON_MAP, .child = &(struct json_node){.type = JSON_STRING, .key = SLICE("b64"), .text = n->text}};
        /* The piece of the case ends with the line's LF, which is not the message's. */
        corpus_differs(why, "message", slice_trim(r.message), corpus_bytes(a, &b64));
    }
    if ((n = json_get(expect, "partial")) && n->truth != (record_field(&r, SLICE("partial")) != NULL))
        sbuf_addf(why, "\n    partial");
    if ((n = json_get(expect, "time"))) {
        struct slice s = n->text;
        int64_t us;
        bool zoned;
        ck_assert(stamp_rfc3339(&s, &us, &zoned));
        if (us != r.time_us)
            sbuf_addf(why, "\n    time");
    }
    n = json_get(expect, "attrs");
    for (n = n ? n->child : NULL; n; n = n->next)
        corpus_differs(why, "attrs", record_value(&r, arena_cstr(a, n->key)), n->text);
}

START_TEST(corpus_containers)
{
    corpus_run("containers", "cri-docker.jsonl", 18, run_container);
}
END_TEST

static void run_journald(struct arena *a, const struct json_node *c, struct sbuf *why)
{
    const struct json_node *expect = json_get(c, "expect"), *n;
    struct parse_ctx ctx = {.arena = a, .now_us = INT64_C(1700000000000000), .last_us = RECORD_NO_TIME};
    record_init(&r, FORMAT_JOURNAL, corpus_bytes(a, json_get(c, "raw")));
    if (!parser_parse(FORMAT_JOURNAL, &ctx, &r)) {
        sbuf_addf(why, "\n    %s", ctx.reason);
        return;
    }
    if ((n = json_get(expect, "message")))
        corpus_differs(why, "message", r.message, n->text);
    if ((n = json_get(expect, "unit")))
        corpus_differs(why, "unit", record_value(&r, "unit"), n->text);
    if ((n = json_get(expect, "SYSLOG_RAW")))
        corpus_differs(why, "SYSLOG_RAW", record_value(&r, "syslog_raw"), n->text);
    if ((n = json_get(expect, "priority")) && r.severity != atoi(n->text.p))
        sbuf_addf(why, "\n    priority: %d", r.severity);
    if ((n = json_get(expect, "time_us")) && r.time_us != atoll(n->text.p))
        sbuf_addf(why, "\n    time: %lld", (long long)r.time_us);
}

START_TEST(corpus_journald)
{
    corpus_run("containers", "journald.jsonl", 6, run_journald);
}
END_TEST

START_TEST(journal_fields)
{
    struct arena a = {0};
    const struct entry_field f[] = {
        {SLICE("MESSAGE"), SLICE("boom\nsecond line")},
        {SLICE("PRIORITY"), SLICE("3")},
        {SLICE("_HOSTNAME"), SLICE("web-1")},
        {SLICE("SYSLOG_IDENTIFIER"), SLICE("shop")},
        {SLICE("_COMM"), SLICE("shop-worker")},
        {SLICE("_PID"), SLICE("812")},
        {SLICE("_SYSTEMD_UNIT"), SLICE("shop.service")},
        {SLICE("CODE_FILE"), SLICE("src/shop.c")},
        {SLICE("CODE_LINE"), SLICE("42")},
        {SLICE("REQUEST_ID"), SLICE("r-7")},
        {SLICE("_SECRET"), SLICE("x")},
        {SLICE("__REALTIME_TIMESTAMP"), SLICE("1700000000000001")},
    };
    ck_assert(parse_entry(&a, f, sizeof f / sizeof *f));
    ck_slice(r.message, "boom\nsecond line");
    ck_slice(r.host, "web-1");
    ck_slice(r.app, "shop");
    ck_slice(r.procid, "812");
    ck_slice(r.request_id, "r-7");
    ck_assert_int_eq(r.level, LEVEL_ERROR);
    ck_assert_int_eq(r.severity, 3);
    ck_assert_int_eq(r.time_us, INT64_C(1700000000000001));
    ck_slice(record_value(&r, "unit"), "shop.service");
    ck_slice(record_value(&r, "file"), "src/shop.c");
    ck_slice(record_value(&r, "line"), "42");
    ck_assert(!record_field(&r, SLICE("_secret")));
    ck_assert(!parse_entry(&a, f + 1, 3));
    arena_done(&a);
}
END_TEST

/* Fields that a sender makes up do not cover what the journal knows, in whatever order they stand. */
START_TEST(journal_facts_win)
{
    static const char *const claims[][2] = {{"UNIT", "sshd.service"},
                                            {"UID", "0"},
                                            {"EXE", "/usr/sbin/sshd"},
                                            {"PID", "1"},
                                            {"CMDLINE", "sshd -D"},
                                            {"HOSTNAME", "x"},
                                            {"COMM", "sshd"},
                                            {"TRANSPORT", "kernel"},
                                            {"COREDUMP_UNIT", "a"},
                                            {"OBJECT_SYSTEMD_UNIT", "b"},
                                            {"unit", "c"}};
    static const char *const facts[][2] = {{"_SYSTEMD_UNIT", "user@1000.service"},
                                           {"_UID", "1000"},
                                           {"_EXE", "/home/u/a"},
                                           {"_PID", "812"},
                                           {"_CMDLINE", "./a"},
                                           {"_HOSTNAME", "web-1"},
                                           {"_COMM", "a"},
                                           {"_TRANSPORT", "journal"}};
    enum { CLAIMS = sizeof claims / sizeof *claims, FACTS = sizeof facts / sizeof *facts };
    for (unsigned order = 0; order < 2; order++) {
        struct arena a = {0};
        struct entry_field f[CLAIMS + FACTS + 2];
        size_t n = 0;
        for (unsigned i = 0; i < CLAIMS; i++)
            f[order ? FACTS + i : i] = (struct entry_field){slice_str(claims[i][0]), slice_str(claims[i][1])};
        for (unsigned i = 0; i < FACTS; i++)
            f[order ? i : CLAIMS + i] = (struct entry_field){slice_str(facts[i][0]), slice_str(facts[i][1])};
        n = CLAIMS + FACTS;
        f[n++] = (struct entry_field){SLICE("MESSAGE_ID"), SLICE("fc2e22bc6ee647b6b90729ab34a250b1")};
        f[n++] =
            (struct entry_field){SLICE("MESSAGE"), SLICE("{\"msg\":\"m\",\"unit\":\"d\",\"uid\":0,\"exe\":\"e\"}")};
        ck_assert(parse_entry(&a, f, n));
        ck_slice(record_value(&r, "unit"), "user@1000.service");
        ck_slice(record_value(&r, "uid"), "1000");
        ck_slice(record_value(&r, "exe"), "/home/u/a");
        ck_slice(record_value(&r, "cmdline"), "./a");
        ck_slice(record_value(&r, "transport"), "journal");
        ck_slice(record_value(&r, "UNIT"), "sshd.service"); /* nothing is lost */
        ck_slice(record_value(&r, "coredump_unit"), "a");
        ck_slice(r.peer, "uid=1000 pid=812 unit=user@1000.service");
        ck_slice(r.host, "web-1");
        ck_slice(r.procid, "812");
        ck_slice(r.app, "a");
        /* Nor do very many fields push the facts out. */
        struct entry_field many[300];
        char names[300][8];
        for (n = 0; n < 290; n++) {
            snprintf(names[n], sizeof names[n], "N%zu", n);
            many[n] = (struct entry_field){slice_str(names[n]), SLICE("x")};
        }
        many[n++] = (struct entry_field){SLICE("MESSAGE"), SLICE("m")};
        many[n++] = (struct entry_field){SLICE("_UID"), SLICE("1000")};
        ck_assert(parse_entry(&a, many, n));
        ck_slice(record_value(&r, "uid"), "1000");
        ck_assert(r.fields_lost);
        arena_done(&a);
    }
}
END_TEST

/* Those who may speak about others: systemd, systemd-coredump, and journald about the object of a message. */
START_TEST(journal_of_whom_the_manager_speaks)
{
    static const struct {
        const char *name, *pid, *uid, *id, *want;
    } cases[] = {
        {"UNIT", "1", "0", NULL, "web.service"},
        {"UNIT", "812", "0", NULL, "own.service"}, /* not even root */
        {"OBJECT_SYSTEMD_UNIT", "812", "0", NULL, "web.service"},
        {"OBJECT_SYSTEMD_UNIT", "812", "1000", NULL, "own.service"},
        {"COREDUMP_UNIT", "812", "0", "fc2e22bc6ee647b6b90729ab34a250b1", "web.service"},
        {"COREDUMP_UNIT", "812", "1000", "fc2e22bc6ee647b6b90729ab34a250b1", "own.service"},
        {"COREDUMP_UNIT", "812", "0", "00000000000000000000000000000000", "own.service"},
        {"USER_UNIT", "812", "1000", NULL, "own.service"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a = {0};
        const struct entry_field f[] = {{slice_str(cases[i].name), SLICE("web.service")},
                                        {SLICE("_SYSTEMD_UNIT"), SLICE("own.service")},
                                        {SLICE("_PID"), slice_str(cases[i].pid)},
                                        {SLICE("_UID"), slice_str(cases[i].uid)},
                                        {SLICE("MESSAGE"), SLICE("m")},
                                        {SLICE("MESSAGE_ID"), slice_str(cases[i].id)}};
        ck_assert(parse_entry(&a, f, sizeof f / sizeof *f));
        ck_slice(record_value(&r, "unit"), cases[i].want);
        ck_assert(slice_ends(r.peer, SLICE("unit=own.service")));
        arena_done(&a);
    }
}
END_TEST

/* What a unit prints is priority 6, whatever it is. */
START_TEST(journal_text_may_say_worse)
{
    struct arena a = {0};
    const struct entry_field f[] = {{SLICE("MESSAGE"), SLICE("{\"level\":\"error\",\"msg\":\"no disk\"}")},
                                    {SLICE("PRIORITY"), SLICE("6")}};
    ck_assert(parse_entry(&a, f, 2));
    ck_slice(r.message, "no disk");
    ck_assert_int_eq(r.level, LEVEL_ERROR);
    ck_assert_int_eq(r.severity, 6);
    arena_done(&a);
}
END_TEST

/* Feeds lines; each message comes out as [text/pieces@offset], what is flushed at the end behind a '|'. */
static void join(struct partial_join *j, const struct slice *lines, size_t n, struct sbuf *out)
{
    struct message m;
    for (size_t i = 0; i < n; i++) {
        const struct message line = {.text = lines[i], .lines = 1, .offset = 100 * i};
        enum partial_step step;
        do {
            step = partial_feed(j, &line, &m);
            if (step != PARTIAL_HELD)
                sbuf_addf(out, "[%.*s/%u@%u]", SLICE_ARG(m.text), m.lines, (unsigned)m.offset);
        } while (step == PARTIAL_FIRST);
    }
    sbuf_addf(out, "|");
    while (partial_flush(j, &m))
        sbuf_addf(out, "[%.*s/%u@%u]", SLICE_ARG(m.text), m.lines, (unsigned)m.offset);
}

/* One line fed on its own. */
static enum partial_step feed(struct partial_join *j, struct slice text, uint64_t offset, struct message *out)
{
    const struct message line = {.text = text, .lines = 1, .offset = offset};
    return partial_feed(j, &line, out);
}

/* Lines as "OUT P text": stdout or stderr, P or F. */
static void check_cri(const char *const *short_lines, const char *want)
{
    struct arena a = {0};
    struct slice lines[16];
    struct partial_join j;
    struct sbuf out;
    size_t n = 0;
    for (; short_lines[n]; n++) {
        struct slice rest = slice_str(short_lines[n]), stream = slice_split(&rest, ' ');
        char text[256];
        if (slice_is(stream, "OUT") || slice_is(stream, "ERR"))
            snprintf(text, sizeof text, "2026-11-23T10:00:0%zuZ %s %.*s", n,
                     slice_is(stream, "ERR") ? "stderr" : "stdout", SLICE_ARG(rest));
        else
            snprintf(text, sizeof text, "%s", short_lines[n]);
        lines[n] = arena_dup(&a, slice_str(text));
    }
    sbuf_init(&out, 100000);
    partial_init(&j, PARTIAL_CRI, 1000);
    join(&j, lines, n, &out);
    ck_assert_str_eq(sbuf_cstr(&out), want);
    ck_assert(partial_mark(&j) == 0);
    partial_done(&j);
    sbuf_done(&out);
    arena_done(&a);
}

START_TEST(cri_pieces)
{
    static const char *const interleaved[] = {"OUT P one ",  "ERR F whole", "ERR P err ",  "OUT P two ",
                                              "OUT F three", "OUT F ",      "ERR F:x end", NULL};
    check_cri(interleaved, "[2026-11-23T10:00:01Z stderr F whole/1@100]"
                           "[2026-11-23T10:00:00Z stdout F one two three/3@0]"
                           "[2026-11-23T10:00:05Z stdout F /1@500]"
                           "[2026-11-23T10:00:02Z stderr F err end/2@200]|");
    /* An F without text ends a line whose last piece was exactly full; a dying container leaves a P. */
    static const char *const ends[] = {"OUT P:a full", "OUT F ", "OUT P", "OUT P more", "ERR P x", NULL};
    check_cri(ends, "[2026-11-23T10:00:00Z stdout F:a full/2@0]"
                    "|[2026-11-23T10:00:02Z stdout P more/2@200][2026-11-23T10:00:04Z stderr P x/1@400]");
    /* Nothing is joined over what is no line of the runtime. */
    static const char *const broken[] = {"OUT P one ", "ERR P err ", "no line of CRI", "OUT F two", NULL};
    check_cri(broken, "[2026-11-23T10:00:00Z stdout P one /1@0][2026-11-23T10:00:01Z stderr P err /1@100]"
                      "[no line of CRI/1@200][2026-11-23T10:00:03Z stdout F two/1@300]|");
}
END_TEST

/* Docker and CRI in one file: each is a stranger to the other. */
START_TEST(cri_pieces_and_a_docker_line)
{
    static const char *const mixed[] = {
        "OUT P one ", "{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-23T10:00:00Z\"}", "OUT F two", NULL};
    check_cri(mixed, "[2026-11-23T10:00:00Z stdout P one /1@0]"
                     "[{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-23T10:00:00Z\"}/1@100]"
                     "[2026-11-23T10:00:02Z stdout F two/1@200]|");
}
END_TEST

START_TEST(cri_pieces_may_cut_a_character)
{
    struct arena a = {0};
    struct partial_join j;
    struct message m;
    partial_init(&j, PARTIAL_CRI, 1000);
    ck_assert_int_eq(feed(&j, SLICE("2026-11-23T10:00:00Z stdout P \xd0\x9f\xd1"), 0, &m), PARTIAL_HELD);
    ck_assert_int_eq(feed(&j, SLICE("2026-11-23T10:00:00Z stdout F \x80"), 50, &m), PARTIAL_WHOLE);
    ck_assert(parse(&a, FORMAT_CRI, m.text));
    ck_slice(r.message, "\xd0\x9f\xd1\x80");
    partial_done(&j);
    arena_done(&a);
}
END_TEST

START_TEST(cri_pieces_are_capped)
{
    struct partial_join j;
    struct message m;
    struct slice piece = SLICE("2026-11-23T10:00:00.1Z stdout P 0123456789");
    partial_init(&j, PARTIAL_CRI, 15);
    for (unsigned i = 0; i < 1000; i++)
        ck_assert_int_eq(feed(&j, piece, 500 + i, &m), PARTIAL_HELD);
    ck_assert(partial_flush(&j, &m));
    ck_slice(m.text, "2026-11-23T10:00:00.1Z stdout P 012345678901234");
    ck_assert_uint_eq(m.lines, 1000);
    ck_assert_uint_eq(m.truncated_bytes, 1000 * 10 - 15);
    ck_assert_uint_eq(m.offset, 500);
    /* What follows a line that its file's reader cut itself is not put in the place of what is missing. */
    const struct message framer = {.text = piece, .lines = 1, .truncated_bytes = 3};
    ck_assert_int_eq(partial_feed(&j, &framer, &m), PARTIAL_HELD);
    ck_assert_int_eq(feed(&j, piece, 501, &m), PARTIAL_HELD);
    ck_assert(partial_flush(&j, &m));
    ck_slice(m.text, "2026-11-23T10:00:00.1Z stdout P 0123456789");
    ck_assert_uint_eq(m.truncated_bytes, 13);
    partial_done(&j);
}
END_TEST

/* A line without end, and one whose stream falls silent while the other one goes on. */
START_TEST(pieces_do_not_wait_for_ever)
{
    struct partial_join j;
    struct message m;
    uint64_t span = partial_span(1000);
    partial_init(&j, PARTIAL_CRI, 1000);
    struct slice piece = SLICE("2026-11-23T10:00:00Z stdout P abc"), other = SLICE("2026-11-23T10:00:00Z stderr F x");
    ck_assert_int_eq(feed(&j, piece, 7, &m), PARTIAL_HELD);
    uint64_t mark = partial_mark(&j);
    ck_assert_int_eq(feed(&j, other, 7 + span, &m), PARTIAL_WHOLE);
    ck_assert_uint_eq(partial_mark(&j), mark);
    ck_assert_int_eq(feed(&j, piece, 7 + span, &m), PARTIAL_HELD);
    ck_assert_uint_ne(partial_mark(&j), mark);
    ck_assert_int_eq(feed(&j, other, 8 + span, &m), PARTIAL_FIRST);
    ck_slice(m.text, "2026-11-23T10:00:00Z stdout P abcabc");
    ck_assert_int_eq(feed(&j, other, 8 + span, &m), PARTIAL_WHOLE);
    ck_slice(m.text, "2026-11-23T10:00:00Z stderr F x");
    partial_done(&j);
}
END_TEST

/* A docker line of n times c, with what stands behind it. */
static struct slice docker_line(struct arena *a, const char *stream, char c, size_t n, const char *end)
{
    struct sbuf b;
    sbuf_init(&b, 100000);
    sbuf_adds(&b, SLICE("{\"log\":\""));
    for (size_t i = 0; i < n; i++)
        sbuf_addc(&b, c);
    sbuf_addf(&b, "%s\",\"stream\":\"%s\",\"time\":\"2026-11-23T10:00:00Z\"}", end, stream);
    struct slice s = arena_dup(a, sbuf_slice(&b));
    sbuf_done(&b);
    return s;
}

START_TEST(a_first_piece_tells_its_format)
{
    struct arena a = {0};
    ck_assert_int_eq(parser_detect(docker_line(&a, "stdout", 'a', 16384, "")), FORMAT_DOCKER);
    ck_assert_int_eq(parser_detect(docker_line(&a, "stderr", 'a', 1, "\\n")), FORMAT_DOCKER);
    arena_done(&a);
}
END_TEST

START_TEST(docker_pieces)
{
    struct arena a = {0};
    struct partial_join j;
    struct message m;
    partial_init(&j, PARTIAL_DOCKER, 100000);
    struct slice small = docker_line(&a, "stderr", 'e', 3, "\\n");
    ck_assert(feed(&j, small, 0, &m) == PARTIAL_WHOLE && slice_eq(m.text, small));
    ck_assert_int_eq(parser_detect(docker_line(&a, "stdout", 'a', 16384, "")), FORMAT_DOCKER);
    ck_assert_int_eq(feed(&j, docker_line(&a, "stdout", 'a', 16384, ""), 10, &m), PARTIAL_HELD);
    ck_assert(feed(&j, small, 20, &m) == PARTIAL_WHOLE && m.offset == 20);
    ck_assert_int_eq(feed(&j, docker_line(&a, "stdout", 'b', 16384, ""), 30, &m), PARTIAL_HELD);
    ck_assert_int_eq(feed(&j, docker_line(&a, "stdout", 'c', 7, "\\n"), 40, &m), PARTIAL_WHOLE);
    ck_assert_uint_eq(m.offset, 10);
    ck_assert_uint_eq(m.lines, 3);
    ck_assert(parse(&a, FORMAT_DOCKER, m.text));
    ck_assert_uint_eq(r.message.n, 16384 * 2 + 7);
    ck_assert(r.message.p[16383] == 'a' && r.message.p[16384] == 'b' && r.message.p[32768] == 'c');
    ck_assert(!record_field(&r, SLICE("partial")));
    /* A whole line of just that length has its LF, and one without LF that is shorter is the last of a dying
     * container. */
    ck_assert_int_eq(feed(&j, docker_line(&a, "stdout", 'd', 16384, "\\n"), 50, &m), PARTIAL_WHOLE);
    ck_assert_int_eq(feed(&j, docker_line(&a, "stdout", 'd', 16383, ""), 60, &m), PARTIAL_WHOLE);
    ck_assert(partial_mark(&j) == 0);
    /* So it may be behind a full piece, and a line of exactly one piece ends with a line end alone, on a terminal
     * with two. */
    static const char *const ends[] = {"last words", "\\n", "\\r\\n"};
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(feed(&j, docker_line(&a, "stdout", 'a', 16384, ""), 70, &m), PARTIAL_HELD);
        ck_assert_int_eq(feed(&j, docker_line(&a, "stdout", 'a', 0, ends[i]), 80, &m), PARTIAL_WHOLE);
        ck_assert(parse(&a, FORMAT_DOCKER, m.text));
        ck_assert_uint_eq(r.message.n, 16384 + (i ? 0 : 10));
        ck_assert_int_eq(record_field(&r, SLICE("partial")) != NULL, i == 0);
    }
    partial_done(&j);
    arena_done(&a);
}
END_TEST

/* The halves of a line end, and of a character, which Docker has made U+FFFD each. */
START_TEST(docker_pieces_cut_anywhere)
{
    struct arena a = {0};
    struct partial_join j;
    struct message m;
    partial_init(&j, PARTIAL_DOCKER, 100000);
    ck_assert_int_eq(feed(&j, docker_line(&a, "stdout", 'a', 16383, "\\r"), 0, &m), PARTIAL_HELD);
    ck_assert_int_eq(feed(&j, docker_line(&a, "stdout", 'a', 0, "\\n"), 10, &m), PARTIAL_WHOLE);
    ck_assert(parse(&a, FORMAT_DOCKER, m.text));
    ck_assert_uint_eq(r.message.n, 16383);
    ck_assert_int_eq(feed(&j, docker_line(&a, "stdout", 'a', 16383, "\\ufffd"), 20, &m), PARTIAL_HELD);
    ck_assert_int_eq(feed(&j, docker_line(&a, "stdout", 'a', 0, "\\ufffdz\\n"), 30, &m), PARTIAL_WHOLE);
    ck_assert(parse(&a, FORMAT_DOCKER, m.text));
    ck_slice(slice_from(r.message, 16383), "\xef\xbf\xbd\xef\xbf\xbdz");
    /* A torn line, as a machine that went down leaves it. */
    ck_assert_int_eq(feed(&j, docker_line(&a, "stdout", 'a', 16384, ""), 40, &m), PARTIAL_HELD);
    ck_assert_int_eq(feed(&j, SLICE("{\"log\":\"x"), 50, &m), PARTIAL_FIRST);
    ck_assert(parse(&a, FORMAT_DOCKER, m.text) && m.offset == 40);
    ck_assert_int_eq(feed(&j, SLICE("{\"log\":\"x"), 50, &m), PARTIAL_WHOLE);
    partial_done(&j);
    arena_done(&a);
}
END_TEST

/* attrs of any size, and members in another order, whose text looks like a member. */
START_TEST(docker_pieces_with_attrs)
{
    struct arena a = {0};
    struct partial_join j;
    struct message m;
    struct sbuf b;
    sbuf_init(&b, 1 << 20);
    partial_init(&j, PARTIAL_DOCKER, 100000);
    for (int i = 0; i < 3; i++) {
        sbuf_reset(&b);
        sbuf_addf(&b,
                  "{\"attrs\":{\"log\":\"no\",\"tag\":\"a \\\"log\\\":\\\"b\",\"filler\":\"%0*d\"},\"stream\" : "
                  "\"stdout\", \"log\" :\t\"",
                  20000, 7);
        sbuf_addf(&b, "%0*d%s\",\"time\":\"2026-11-23T10:00:00Z\"}", i < 2 ? 16384 : 2, i, i < 2 ? "" : "\\n");
        ck_assert_int_eq(feed(&j, sbuf_slice(&b), (uint64_t)i, &m), i < 2 ? PARTIAL_HELD : PARTIAL_WHOLE);
    }
    ck_assert(parse(&a, FORMAT_DOCKER, m.text));
    ck_assert_uint_eq(r.message.n, 2 * 16384 + 2);
    ck_slice(slice_from(r.message, r.message.n - 3), "102");
    ck_slice(record_value(&r, "log"), "no");
    ck_slice(record_value(&r, "tag"), "a \"log\":\"b");
    partial_done(&j);
    sbuf_done(&b);
    arena_done(&a);
}
END_TEST

/* The cap must not cut an escape in two, or the joined line is no JSON any more. */
START_TEST(docker_cap_keeps_json_whole)
{
    struct arena a = {0};
    struct slice line = docker_line(&a, "stdout", 'a', 16378, "\\u20ac\\t\\\\\\u20ac");
    for (size_t max = 16380; max < 16420; max++) {
        struct partial_join j;
        struct message m;
        partial_init(&j, PARTIAL_DOCKER, max);
        ck_assert_int_eq(feed(&j, line, 0, &m), PARTIAL_HELD);
        if (max & 1)
            ck_assert(partial_flush(&j, &m));
        else
            ck_assert_int_eq(feed(&j, docker_line(&a, "stdout", 'b', 50, "\\n"), 9, &m), PARTIAL_WHOLE);
        ck_assert(parse(&a, FORMAT_DOCKER, m.text));
        ck_assert_uint_gt(m.truncated_bytes + r.message.n, 16383);
        /* Cut is not partial: its end had come. */
        ck_assert_int_eq(record_field(&r, SLICE("partial")) != NULL, (max & 1) && r.message.n >= 16384);
        partial_done(&j);
    }
    arena_done(&a);
}
END_TEST

/* The text of a container's line, as each of the runtimes writes it. */
static void inside(struct arena *a, enum format f, const char *text, const struct zone *zone)
{
    struct sbuf b;
    struct json j;
    sbuf_init(&b, 1 << 20);
    if (f == FORMAT_CRI) {
        sbuf_addf(&b, "2026-11-23T10:00:00.5Z stderr F %s", text);
    } else {
        char *line = xasprintf("%s\n", text);
        json_start(&j, &b);
        json_map(&j);
        json_key(&j, "log");
        json_str(&j, slice_str(line));
        json_key(&j, "stream");
        json_str(&j, SLICE("stderr"));
        json_key(&j, "time");
        json_str(&j, SLICE("2026-11-23T10:00:00.5Z"));
        json_map_end(&j);
        json_end(&j);
        free(line);
    }
    ck_assert(parse_in_zone(a, f, arena_dup(a, sbuf_slice(&b)), zone));
    ck_slice(record_value(&r, "stream"), "stderr");
    sbuf_done(&b);
}

#define CARRIED_US INT64_C(1795428000500000) /* 2026-11-23T10:00:00.5Z */

START_TEST(what_is_inside_is_read)
{
    static const struct {
        const char *text;
        enum format format; /* AUTO: the carrier's */
        enum level level;
        const char *message, *field, *value;
    } cases[] = {
        {"{\"level\":50,\"time\":1700000000123,\"msg\":\"no disk\",\"disk\":\"sda\"}", FORMAT_AUTO, LEVEL_ERROR,
         "no disk", "disk", "sda"},
        {"2026/11/23 10:00:00 [error] 7#7: *1 open() failed, client: 10.0.0.1, server: x, request: \"GET / HTTP/1.1\"",
         FORMAT_NGINX_ERROR, LEVEL_ERROR, "open() failed", "client", "10.0.0.1"},
        {"10.0.0.1 - - [23/Nov/2026:10:00:00 +0000] \"GET /x HTTP/1.1\" 502 7 \"-\" \"curl\"", FORMAT_NGINX_ACCESS,
         LEVEL_WARNING, "GET /x HTTP/1.1 -> 502", "status", "502"},
        {"E1123 10:00:00.123456       7 kubelet.go:12] no node", FORMAT_AUTO, LEVEL_ERROR, "no node", NULL, NULL},
        {"level=warn msg=\"slow\" took=3s", FORMAT_AUTO, LEVEL_WARNING, "slow", "took", "3s"},
        {"2026-11-23 10:00:00,123 ERROR shop.pay: refused", FORMAT_AUTO, LEVEL_ERROR, "refused", NULL, NULL},
        {"2026-11-23T10:00:00Z shop starts: now", FORMAT_AUTO, LEVEL_NONE, "shop starts: now", NULL, NULL},
        {"{\"version\":\"1.1\",\"host\":\"h\",\"short_message\":\"gelf\",\"level\":3,\"_k\":\"v\"}", FORMAT_AUTO,
         LEVEL_ERROR, "gelf", "k", "v"},
        {"<19>Nov 23 10:00:00 mail postfix/smtpd[812]: fatal: no", FORMAT_AUTO, LEVEL_FATAL, "fatal: no", NULL, NULL},
        {"no format at all", FORMAT_AUTO, LEVEL_NONE, "no format at all", NULL, NULL},
        {"", FORMAT_AUTO, LEVEL_NONE, "", NULL, NULL},
    };
    struct arena a = {0};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        enum format carrier = i & 1 ? FORMAT_CRI : FORMAT_DOCKER;
        inside(&a, carrier, cases[i / 2].text, NULL);
        ck_assert_msg(slice_is(r.message, cases[i / 2].message), "%s: '%.*s'", cases[i / 2].text, SLICE_ARG(r.message));
        ck_assert_msg(r.format == (cases[i / 2].format ? cases[i / 2].format : carrier), "%s", cases[i / 2].text);
        ck_assert_msg(r.level == cases[i / 2].level, "%s: %s", cases[i / 2].text, level_name(r.level));
        if (cases[i / 2].field)
            ck_slice(record_value(&r, cases[i / 2].field), cases[i / 2].value);
        ck_assert_int_ne(r.time_us, RECORD_NO_TIME);
    }
    arena_done(&a);
}
END_TEST

/* Also what was joined of pieces. */
START_TEST(what_is_inside_of_pieces_is_read)
{
    struct arena a = {0};
    struct partial_join j;
    struct message m;
    partial_init(&j, PARTIAL_CRI, 1 << 20);
    ck_assert_int_eq(feed(&j, SLICE("2026-11-23T10:00:00Z stderr P 2026/11/23 10:00:00 [err"), 0, &m), PARTIAL_HELD);
    ck_assert_int_eq(
        feed(&j, SLICE("2026-11-23T10:00:00Z stderr F or] 7#7: *1 open() failed, client: 10.0.0.1, server: x"), 99, &m),
        PARTIAL_WHOLE);
    ck_assert(parse(&a, FORMAT_CRI, m.text));
    ck_assert_int_eq(r.format, FORMAT_NGINX_ERROR);
    ck_slice(record_value(&r, "client"), "10.0.0.1");
    partial_done(&j);
    partial_init(&j, PARTIAL_DOCKER, 1 << 20);
    struct slice head = docker_line(&a, "stdout", '.', 16384, "");
    char *json = arena_cstr(&a, head);
    memcpy(json + strlen("{\"log\":\""), "{'level':'error','msg':'", 24); /* quotes as in JSON text follow */
    struct sbuf b;
    sbuf_init(&b, 100000);
    for (size_t i = 0; i < head.n; i++)
        sbuf_addf(&b, json[i] == '\'' ? "\\\"" : "%c", json[i]);
    ck_assert_int_eq(feed(&j, sbuf_slice(&b), 0, &m), PARTIAL_HELD);
    ck_assert_int_eq(feed(&j, docker_line(&a, "stdout", '.', 3, "\\\",\\\"user\\\":\\\"7\\\"}\\n"), 9, &m),
                     PARTIAL_WHOLE);
    ck_assert(parse(&a, FORMAT_DOCKER, m.text));
    ck_assert_int_eq(r.level, LEVEL_ERROR);
    ck_assert_uint_eq(r.message.n, 16384 - 24 + 3);
    ck_slice(record_value(&r, "user"), "7");
    sbuf_done(&b);
    partial_done(&j);
    arena_done(&a);
}
END_TEST

/* The host's zone is not the container's; a stamp that fits in it, and what is just old, stay as they are. */
START_TEST(the_time_inside_may_be_utc)
{
    static struct zone_row rows[] = {{INT64_MIN, 7200}, {INT64_C(1790000000), 3600}};
    static const struct zone berlin = {.rows = rows, .n = 2};
    struct arena a = {0};
    inside(&a, FORMAT_CRI, "2026/11/23 10:00:00 [error] 7#7: utc", &berlin);
    ck_assert_int_eq(r.time_us, CARRIED_US - 500000);
    inside(&a, FORMAT_DOCKER, "2026-11-23 11:00:00.123 ERROR local", &berlin);
    ck_assert_int_eq(r.time_us, CARRIED_US - 377000);
    inside(&a, FORMAT_DOCKER, "2026-11-22 10:00:00.5 ERROR old", &berlin);
    ck_assert_int_eq(r.time_us, CARRIED_US - INT64_C(25) * 3600 * STAMP_SECOND);
    inside(&a, FORMAT_CRI, "2026/11/23 10:00:00 [error] 7#7: utc", NULL);
    ck_assert_int_eq(r.time_us, CARRIED_US - 500000);
    arena_done(&a);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("containers");
    TCase *t = tcase_create("containers");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, corpus_containers);
    tcase_add_test(t, corpus_journald);
    tcase_add_test(t, journal_fields);
    tcase_add_test(t, journal_text_may_say_worse);
    tcase_add_test(t, journal_facts_win);
    tcase_add_test(t, journal_of_whom_the_manager_speaks);
    tcase_add_test(t, cri_pieces);
    tcase_add_test(t, cri_pieces_and_a_docker_line);
    tcase_add_test(t, cri_pieces_may_cut_a_character);
    tcase_add_test(t, cri_pieces_are_capped);
    tcase_add_test(t, pieces_do_not_wait_for_ever);
    tcase_add_test(t, a_first_piece_tells_its_format);
    tcase_add_test(t, docker_pieces);
    tcase_add_test(t, docker_pieces_cut_anywhere);
    tcase_add_test(t, docker_pieces_with_attrs);
    tcase_add_test(t, docker_cap_keeps_json_whole);
    tcase_add_test(t, what_is_inside_is_read);
    tcase_add_test(t, what_is_inside_of_pieces_is_read);
    tcase_add_test(t, the_time_inside_may_be_utc);
    suite_add_tcase(s, t);
    return unit_run(s);
}
