#include "tests/unit/unit.h"

#include <stdio.h>

#include "base/sbuf.h"
#include "parsers/line_reader.h"
#include "parsers/parser.h"
#include "text/json.h"

/* Feeds `in` in reads of `step` bytes and writes each message as [text/lines/cut@offset]. */
static void run(struct framer *c, struct slice in, size_t step, bool end, struct sbuf *out)
{
    struct message m;
    for (size_t at = 0; at < in.n || at == 0; at += step) {
        framer_feed(c, slice_sub(in, at, at + step));
        while (framer_next(c, &m))
            sbuf_addf(out, "[%.*s/%u/%u@%u]", SLICE_ARG(m.text), m.lines, (unsigned)m.truncated_bytes,
                      (unsigned)m.offset);
    }
    while (end && framer_flush(c, FRAME_END, &m))
        sbuf_addf(out, "[%.*s/%u/%u@%u]", SLICE_ARG(m.text), m.lines, (unsigned)m.truncated_bytes, (unsigned)m.offset);
}

static bool head(struct slice line)
{
    return line.n && ascii_digit(line.p[0]);
}

/* Every split must give the same. */
static void ck_framed(enum frame_mode mode, size_t max, bool joined, struct slice in, const char *want)
{
    for (size_t step = 1; step <= in.n + 1; step++) {
        struct framer c;
        struct sbuf out;
        sbuf_init(&out, 100000);
        framer_init(&c, mode, max, 0);
        if (joined)
            framer_set_head(&c, head, NULL, max);
        run(&c, in, step, true, &out);
        ck_assert_str_eq(sbuf_cstr(&out), want);
        ck_assert_uint_eq(framer_resume_offset(&c), in.n);
        sbuf_done(&out);
        framer_done(&c);
    }
}

START_TEST(lines)
{
    ck_framed(FRAME_LINES, 0, false, SLICE("one\ntwo\r\n\nthree"), "[one/1/0@0][two/1/0@4][/1/0@9][three/1/0@10]");
    ck_framed(FRAME_LINES, 4, false, SLICE("abcd\nabcdef\nx\n"), "[abcd/1/0@0][abcd/1/2@5][x/1/0@12]");
}
END_TEST

START_TEST(lines_join)
{
    ck_framed(FRAME_LINES, 0, true, SLICE("stray\n1 a\n b\r\n\n c\r\n2 d\n3 e"),
              "[stray/1/0@0][1 a\n b\r\n\n c/4/0@6][2 d/1/0@19][3 e/1/0@23]");
    /* Beyond the cap of an entry a line is kept in part, and those after it not at all. */
    ck_framed(FRAME_LINES, 8, true, SLICE("1 a\n2 b\ncdefgh\nghij\n3\n4 56789012\nx\n"),
              "[1 a/1/0@0][2 b\ncdef/3/7@4][3/1/0@20][4 567890/2/4@22]");
}
END_TEST

/* A record whose quotes do not pair goes on until they do, or another begins; whatever stands between is not touched.
 */
START_TEST(columns_in_quotes)
{
    static const enum format formats[] = {FORMAT_AUTO, FORMAT_TEXT};
    static const char *const records[] = {
        "2026-11-23 10:00:00.123 UTC,,,7,,5e.8,1,,\"whole, \"\"quoted\"\"\"",
        "2026-11-23 10:00:00.123 UTC,\"app\",\"one\r\n\ntwo \"\"2\n\"\"\n\",,0",
        "between \" them",
        "2026-11-23 10:00:00.123 +03,,\"a\n2026-11-23 1\n\"",
        "2026-11-23 10:00:00.123 UTC,,\"of a dead writer",
        "2026-11-23 10:00:00.123 Etc/GMT-2,\"app\",\"two\nlines\"",
        "2026/11/23 10:00:00 [error] 7#7: *1 of \"nginx",
        "2026-11-23 10:00:00.123 UTC [7] \"of no csv",
        "2026-11-23 10:00:00.123 UTC,,\"cut\nat the end",
    };
    enum { RECORDS = sizeof records / sizeof *records };
    struct sbuf in;
    sbuf_init(&in, 4096);
    for (unsigned i = 0; i < RECORDS; i++)
        sbuf_addf(&in, "%s\n", records[i]);
    for (size_t step = 1; step <= in.n; step += step < 90 ? 1 : 90) {
        struct line_reader l;
        struct message m;
        enum format format = formats[step % 2];
        const struct line_reader_place begin = {0};
        unsigned n = 0;
        line_reader_init(&l, FRAME_LINES, 0, &begin);
        for (size_t at = 0; at < in.n; at += step) {
            framer_feed(&l.framer, slice_sub(sbuf_slice(&in), at, at + step));
            while (line_reader_next(&l, format, &m) && n < RECORDS)
                ck_slice(m.text, records[n++]);
        }
        while (line_reader_flush(&l, FRAME_END, &m) && n < RECORDS)
            ck_slice(m.text, records[n++]);
        ck_assert_uint_eq(n, RECORDS);
        ck_assert_uint_eq(line_reader_place(&l).offset, in.n);
        line_reader_done(&l);
    }
    sbuf_done(&in);
}
END_TEST

/* NULs that a loss of power has left, and the byte order mark, are no part of any line; half a line is one of its own.
 */
START_TEST(holes)
{
    ck_framed(FRAME_LINES, 0, false, SLICE("one\n\0\0\0two\n\xef\xbb\xbfthree\n"),
              "[one/1/0@0][two/1/0@7][three/1/0@14]");
    ck_framed(FRAME_LINES, 0, false, SLICE("\xef\xbb\xbfone\nha\0\0\0\0\0two\nx\0\0\0y\n\0\0\0\0"),
              "[one/1/0@3][ha/1/0@7][two/1/0@14][x/1/0@18]");
    ck_framed(FRAME_LINES, 0, true, SLICE("1 a\n b\n2 ha\0\0\0\0\0lf\n3 c\n\0\0 d\n"),
              "[1 a\n b/2/0@0][2 ha/1/0@7][lf/1/0@16][3 c/1/0@19][ d/1/0@25]");
    struct framer c;
    struct message m;
    framer_init(&c, FRAME_LINES, 0, 0);
    framer_feed(&c, slice_of("\0\0\0\0\0a\n\0b\n", 10));
    ck_assert(framer_next(&c, &m));
    ck_assert_uint_eq(m.nul_bytes, 5);
    ck_assert(framer_next(&c, &m));
    ck_assert_uint_eq(m.nul_bytes, 1);
    ck_slice(m.text, "b");
    framer_done(&c);
}
END_TEST

START_TEST(the_endless_line)
{
    struct framer c;
    struct message m;
    framer_init(&c, FRAME_LINES, 1000, 5);
    static char block[65536];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 200; i++) {
        framer_feed(&c, slice_of(block, sizeof block));
        ck_assert(!framer_next(&c, &m) && !framer_flush(&c, FRAME_IDLE, &m));
        ck_assert_uint_le(c.cap, 2 * sizeof block + 2000);
    }
    ck_assert_uint_eq(framer_resume_offset(&c), 5);
    framer_feed(&c, SLICE("\nnext\n"));
    ck_assert(framer_next(&c, &m));
    ck_assert_uint_eq(m.text.n, 1000);
    ck_assert_uint_eq(m.truncated_bytes, 200 * sizeof block - 1000);
    ck_assert(framer_next(&c, &m));
    ck_slice(m.text, "next");
    ck_assert_uint_eq(m.offset, 200 * sizeof block + 6);
    framer_trim(&c);
    ck_assert_ptr_null(c.p);
}
END_TEST

START_TEST(what_never_begins_an_entry_still_ends)
{
    struct framer c;
    struct message m;
    framer_init(&c, FRAME_LINES, 0, 0);
    framer_set_head(&c, head, NULL, 0);
    uint64_t fed = 0, out = 0, bytes = 0;
    for (int i = 0; i < 400000; i++, fed++) {
        framer_feed(&c, SLICE("none of it is what it was taken for\n"));
        while (framer_next(&c, &m)) {
            out += m.lines;
            bytes += m.text.n + m.truncated_bytes + 1;
            ck_assert_uint_le(m.text.n, FRAME_JOIN_MAX);
        }
    }
    ck_assert_uint_ge(out, fed - 2 * FRAME_SWALLOW_MAX / 36);
    while (framer_flush(&c, FRAME_END, &m)) {
        out += m.lines;
        bytes += m.text.n + m.truncated_bytes + 1;
    }
    ck_assert_uint_eq(out, fed);
    ck_assert_uint_eq(bytes, fed * 36);
    ck_assert_uint_le(c.cap, 1 << 20);
    framer_done(&c);
}
END_TEST

START_TEST(idle)
{
    struct framer c;
    struct message m;
    framer_init(&c, FRAME_LINES, 0, 0);
    framer_set_head(&c, head, NULL, 0);
    framer_feed(&c, SLICE("1 a\n b\n2 part"));
    ck_assert(!framer_next(&c, &m));
    ck_assert(framer_waiting(&c));
    ck_assert(framer_flush(&c, FRAME_IDLE, &m));
    ck_slice(m.text, "1 a\n b");
    ck_assert_uint_eq(m.lines, 2);
    ck_assert(!framer_waiting(&c) && !framer_flush(&c, FRAME_IDLE, &m));
    ck_assert_uint_eq(framer_resume_offset(&c), 7);
    framer_trim(&c);
    framer_feed(&c, SLICE("ial\n3\n"));
    ck_assert(framer_next(&c, &m));
    ck_slice(m.text, "2 partial");
    ck_assert_uint_eq(m.offset, 7);
    framer_done(&c);

    framer_init(&c, FRAME_GELF, 0, 0);
    framer_feed(&c, SLICE("{\"a\":{}"));
    ck_assert(!framer_next(&c, &m) && !framer_flush(&c, FRAME_IDLE, &m));
    framer_feed(&c, SLICE("} "));
    ck_assert(!framer_next(&c, &m) && framer_flush(&c, FRAME_IDLE, &m));
    ck_slice(m.text, "{\"a\":{}}");
    framer_feed(&c, SLICE("\n\0{}\n"));
    ck_assert(framer_next(&c, &m));
    ck_slice(m.text, "{}");
    framer_done(&c);
}
END_TEST

START_TEST(gelf)
{
    ck_framed(FRAME_GELF, 0, false, SLICE("\0{\"a\":1}\0\0{\"b\":\n\"x\n}{\\\"\"}\r\n \n{\"c\":[{}\n]}\n\0{}"),
              "[{\"a\":1}/1/0@1][{\"b\":\n\"x\n}{\\\"\"}/1/0@10][{\"c\":[{}\n]}/1/0@29][{}/1/0@42]");
    /* Only NUL ends what is no object. */
    ck_framed(FRAME_GELF, 0, false, SLICE("hello\n{}\n\0{}\n[1]\n"), "[hello\n{}/1/0@0][{}/1/0@10][[1]/1/0@13]");
    /* Over its cap an object is still followed to its end. */
    ck_framed(FRAME_GELF, 4, false, SLICE("{\"abc\":\"\n\"}\n{}\n"), "[{\"ab/1/7@0][{}/1/0@12]");
}
END_TEST

START_TEST(nul)
{
    ck_framed(FRAME_NUL, 3, false, SLICE("\0a\n\0\0bcdef\0g"), "[a\n/1/0@1][bcd/1/2@5][g/1/0@11]");
}
END_TEST

START_TEST(syslog)
{
    ck_framed(FRAME_SYSLOG, 0, false, SLICE("4 <1>a\n7 <2>b\n\n\r\n<3>line\r\n<4>nul\0 4 <5>"),
              "[<1>a/1/0@2][<2>b\n\n\r/1/0@9][<3>line/1/0@17][<4>nul/1/0@26][<5>/1/1@36]");
    ck_framed(FRAME_SYSLOG, 0, false,
              SLICE("2025-07-29 10:00\n10.0.0.1 x\n3 x\n04 <1>a\n99999999999 <1>\n12 hm\n4 <b>\n33"),
              "[2025-07-29 10:00/1/0@0][10.0.0.1 x/1/0@17][3 x/1/0@28][<1>a/1/0@35][99999999999 "
              "<1>/1/0@40][12 hm/1/0@56]"
              "[4 <b>/1/0@62][33/1/0@68]");
    /* A count without a PRI behind it is believed when it fits. */
    ck_framed(FRAME_SYSLOG, 0, false, SLICE("3 abc4 defg\n5 hello"), "[abc/1/0@2][defg/1/0@7][hello/1/0@14]");
    ck_framed(FRAME_SYSLOG, 4, false, SLICE("9 <1>abcdef3 <2><1>abcdef\n<3>"),
              "[<1>a/1/5@2][<2>/1/0@13][<1>a/1/5@16][<3>/1/0@26]");
    /* A count beyond reason, and none: what follows is a line. */
    ck_framed(FRAME_SYSLOG, 0, false, SLICE("999999999 <1>a\n0 <2>b\n0 c\n"), "[<1>a/1/0@10][<2>b/1/0@17][0 c/1/0@22]");
    /* Spaces before a PRI or a count are none of the message's; before text they may be its indentation. */
    ck_framed(FRAME_SYSLOG, 0, false, SLICE(" <1>a\n  at b\n   \n  4 <2>c \n 3 d\n   "),
              "[<1>a/1/0@1][  at b/1/0@6][<2>c/1/0@21][ 3 d/1/0@27]");
}
END_TEST

#define A "<11>1 - h a - - - first failed"
#define B "<11>1 - h a - - - and the second has failed"
#define C "<11>Nov 23 09:59:58 h a: the third failed 100"

/* Counts that are wrong: after the first message reading is in step again, whatever they count too much or too little.
 * What a message lacks, or has too much, is a few bytes of its end. */
START_TEST(wrong_counts)
{
    static const struct slice messages[] = {{A, sizeof A - 1}, {B, sizeof B - 1}, {C, sizeof C - 1}};
    for (int excess = -3; excess <= 3; excess++)
        for (unsigned first = 0; first < 3; first++) {
            if (excess < 0 && first == 2)
                continue; /* what the first lacks are digits, which nobody can tell from those of the next count */
            struct sbuf in;
            struct framer c;
            struct message m;
            sbuf_init(&in, 10000);
            for (unsigned i = 0; i < 30; i++) {
                struct slice s = messages[(first + i) % 3];
                sbuf_addf(&in, "%d %.*s", (int)s.n + excess, SLICE_ARG(s));
            }
            framer_init(&c, FRAME_SYSLOG, 0, 0);
            framer_feed(&c, sbuf_slice(&in));
            unsigned whole = 0, n = 0;
            while (framer_next(&c, &m) || framer_flush(&c, FRAME_END, &m)) {
                for (unsigned i = 0; i < 3; i++)
                    whole += slice_eq(m.text, messages[i]);
                n++;
            }
            ck_assert_msg(n == 30 && whole >= 28, "%d too many, begun with %u: %u of %u messages are whole", excess,
                          first, whole, n);
            ck_assert_uint_eq(framer_wrong_counts(&c) > 0, excess != 0);
            framer_done(&c);
            sbuf_done(&in);
        }
    ck_framed(FRAME_SYSLOG, 0, false, SLICE("31 " A "44 " B "<1>line\n 46 " C),
              "[" A "4/1/0@3][" B "/1/0@36][<1>line/1/0@79][" C "/1/0@91]");
    ck_framed(FRAME_SYSLOG, 0, false, SLICE("5 " A "43 " B "\n"),
              "[<11>1/1/0@2][ - h a - - - first failed/1/0@7][" B "/1/0@35]");
}
END_TEST

static void ck_corpus_case(struct arena *a, struct slice line)
{
    const struct json_node *o = json_tree(a, line), *max = json_get(o, "max_len"), *x = json_get(o, "expect");
    const char *id = arena_cstr(a, json_get(o, "id")->text);
    struct slice in = json_get(json_get(o, "stream"), "text")->text;
    uint64_t cap = 0;
    if (max)
        ck_assert(slice_u64(max->text, &cap));
    struct framer c;
    struct message m;
    framer_init(&c, FRAME_SYSLOG, cap, 0);
    const struct json_node *want = json_get(x, "frames")->child;
    framer_feed(&c, in);
    while (framer_next(&c, &m) || framer_flush(&c, FRAME_END, &m)) {
        /* Where the source gives an error and throws the frame away, ours is marked as cut. */
        if (!want) {
            ck_assert_msg(json_get(x, "error") && m.truncated_bytes > 0, "%s: one frame too many: %.*s", id,
                          SLICE_ARG(m.text));
            continue;
        }
        ck_assert_msg(slice_eq(m.text, json_get(want, "text")->text), "%s: got '%.*s'", id, SLICE_ARG(m.text));
        want = want->next;
    }
    ck_assert_msg(!want, "%s: a frame is missing", id);
    framer_done(&c);
}

START_TEST(corpus)
{
    const char *shared = getenv("CRUMBD_SHARED"), *top = getenv("top_srcdir");
    char path[4096];
    snprintf(path, sizeof path, "%s%s/corpus/syslog/framing.jsonl",
             shared ? shared
             : top  ? top
                    : ".",
             shared ? "" : "/../shared");
    FILE *f = fopen(path, "r");
    if (!f) {
        printf("SKIP test_cut corpus: %s is not there\n", path);
        return;
    }
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    unsigned cases = 0;
    while ((n = getline(&line, &cap, f)) > 0) {
        struct arena a = {0};
        ck_corpus_case(&a, slice_of(line, (size_t)n));
        arena_done(&a);
        cases++;
    }
    ck_assert_uint_ge(cases, 9);
    free(line);
    fclose(f);
}
END_TEST

/* ---- a stream of any formats ---- */

#define AT "2026/11/29 10:00:00 [error] 7#7: *1 "
#define TAIL ", client: 10.0.0.1, server: shop, request: \"GET /x HTTP/1.1\", host: \"shop\""
#define WHOLE AT "connect() failed (111: Connection refused) while connecting to upstream" TAIL

/* Also where the framer has told that it begins as an entry of nginx's. */
static enum format format_of(struct parser_seen *seen, const struct message *m)
{
    static struct record r;
    struct arena a = {0};
    struct parser_seen other = *seen;
    struct parse_ctx ctx = {.arena = &a, .last_us = RECORD_NO_TIME};
    record_init(&r, FORMAT_AUTO, m->text);
    parser_parse_next(&other, &ctx, &r);
    record_init(&r, FORMAT_AUTO, m->text);
    ctx.headed = m->headed;
    parser_parse_next(seen, &ctx, &r);
    ck_assert_int_eq(seen->last, other.last);
    arena_done(&a);
    return seen->last;
}

/* What line_reader makes of it, read in pieces of `step` bytes: each message with its format, as FORMAT:text; the line
 * feeds in it are bars. */
static void read_any(struct slice in, size_t step, struct sbuf *out)
{
    struct parser_seen seen = {FORMAT_AUTO, FORMAT_AUTO};
    struct line_reader l;
    struct message m;
    line_reader_init(&l, FRAME_LINES, 0, &(struct line_reader_place){0});
    sbuf_reset(out);
    for (size_t at = 0; at <= in.n; at += step) {
        framer_feed(&l.framer, slice_sub(in, at, at + step));
        while (line_reader_next(&l, FORMAT_AUTO, &m) || (at + step > in.n && line_reader_flush(&l, FRAME_END, &m))) {
            sbuf_addf(out, "%s:", format_name(format_of(&seen, &m)));
            for (size_t i = 0; i < m.text.n; i++)
                sbuf_addc(out, m.text.p[i] == '\n' ? '|' : m.text.p[i]);
            sbuf_addc(out, '\n');
        }
    }
    ck_assert_uint_eq(line_reader_place(&l).offset, in.n);
    line_reader_done(&l);
}

static void ck_any(const char *in, const char *want)
{
    static const size_t steps[] = {1, 7, 100, 1 << 20};
    struct sbuf out;
    sbuf_init(&out, 1 << 20);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        read_any(slice_str(in), steps[i], &out);
        ck_assert_msg(strcmp(sbuf_cstr(&out), want) == 0, "in steps of %zu:\n%s\n---\n%s", steps[i], sbuf_cstr(&out),
                      want);
    }
    sbuf_done(&out);
}

/* Behind whatever line, a line is what it looks like. */
START_TEST(each_line_for_itself)
{
    static const struct {
        const char *format, *line;
    } those[] = {{"nginx-access", "10.0.0.1 - - [29/Nov/2026:10:00:00 +0000] \"GET /x HTTP/1.1\" 502 7 \"-\" \"-\""},
                 {"json", "{\"level\":\"error\",\"msg\":\"x\"}"},
                 {"logfmt", "level=error msg=x"},
                 {"text", "E1129 10:00:00.123456       7 a.go:12] x"},
                 {"text", "2026-11-29 10:00:00,123 ERROR shop: x"},
                 {"text", "[29-Nov-2026 10:00:00] WARNING: [pool www] child 7 exited on signal 11"},
                 {"text", "ERROR x"},
                 {"text", "panic: x"},
                 {"text", "Segmentation fault"},
                 {"text", "Traceback (most recent call last):"},
                 {"syslog", "<11>1 2026-11-29T10:00:00Z h a - - - x"},
                 {"syslog", "Nov 29 10:00:00 h a[7]: x"},
                 {"cri", "2026-11-29T10:00:00Z stderr F x"},
                 {"nginx-error", WHOLE},
                 {"nginx-error", "2026/11/29 10:00:00 [info] 7#7: *1 client 10.0.0.1 closed keepalive connection"},
                 {"nginx-error", "2026/11/29 10:00:00 [alert] 7#7: *3 open socket #12 left in connection 4"},
                 {"nginx-error", "2026/11/29 10:00:00 [crit] 7#7: *1 SSL_do_handshake() failed while SSL handshaking, "
                                 "client: 10.0.0.1, server: 0.0.0.0:443"},
                 {"nginx-error", "2026/11/29 10:00:00 [notice] 7#7: signal process started"}};
    enum { N = sizeof those / sizeof *those };
    for (unsigned i = 0; i < N; i++)
        for (unsigned k = 0; k < N; k++) {
            char in[1000], want[1000];
            snprintf(in, sizeof in, "%s\n%s\n%s\n", those[i].line, those[k].line, those[i].line);
            snprintf(want, sizeof want, "%s:%s\n%s:%s\n%s:%s\n", those[i].format, those[i].line, those[k].format,
                     those[k].line, those[i].format, those[i].line);
            ck_any(in, want);
        }
}
END_TEST

/* What nginx itself has written in several lines is one entry, whatever the lines look like. */
START_TEST(an_entry_goes_on)
{
    ck_any(AT
           "FastCGI sent in stderr: \"PHP message: first\nERROR second\n{\"level\":1}\nlast\" while reading response "
           "header from upstream" TAIL "\nERROR x\n",
           "nginx-error:" AT
           "FastCGI sent in stderr: \"PHP message: first|ERROR second|{\"level\":1}|last\" while reading "
           "response header from upstream" TAIL "\ntext:ERROR x\n");
    ck_any(AT
           "lua entry thread aborted: runtime error: a.lua:3: boom\nstack traceback:\ncoroutine 0:\n\t[C]: in function "
           "'error'\n\ta.lua:3: in main chunk" TAIL "\n\tat x\n",
           "nginx-error:" AT
           "lua entry thread aborted: runtime error: a.lua:3: boom|stack traceback:|coroutine 0:|\t[C]: in "
           "function 'error'|\ta.lua:3: in main chunk" TAIL "\ntext:\tat x\n");
    ck_any("2026/11/29 10:00:00 [error] 7#7: init_by_lua error: a.lua:3: boom\nstack traceback:\n\t[C]: in "
           "function\nabort\n",
           "nginx-error:2026/11/29 10:00:00 [error] 7#7: init_by_lua error: a.lua:3: boom|stack traceback:|\t[C]: in "
           "function\ntext:abort\n");
    ck_any(
        AT
        "open() \"/x\n2026/11/29 10:00:00 [emerg] 1#1: y\" failed (2: No such file or directory), client: 10.0.0.1, "
        "server: shop, request: \"GET /x%0A2026/11/29%2010:00:00%20[emerg]%201%231:%20y HTTP/1.1\", host: \"shop\"\n",
        "nginx-error:" AT
        "open() \"/x|2026/11/29 10:00:00 [emerg] 1#1: y\" failed (2: No such file or directory), client: "
        "10.0.0.1, server: shop, request: \"GET /x%0A2026/11/29%2010:00:00%20[emerg]%201%231:%20y HTTP/1.1\", host: "
        "\"shop\"\n");
}
END_TEST

/* One whose end does not come swallows no line that is somebody's, and no more than an entry can hold. */
START_TEST(an_entry_without_its_end)
{
    struct sbuf in, out;
    unsigned n = 0;
    sbuf_init(&in, 1 << 20);
    sbuf_init(&out, 1 << 20);
    ck_any(AT "[lua] a.lua:1: half\nx y\nERROR x\nx y\n",
           "nginx-error:" AT "[lua] a.lua:1: half|x y\ntext:ERROR x\ntext:x y\n");
    sbuf_addf(&in, "%s", AT "[lua] a.lua:1: half\n");
    for (unsigned i = 0; i < 1000; i++)
        sbuf_addf(&in, "a line of someone\n");
    read_any(sbuf_slice(&in), 1 << 20, &out);
    for (const char *p = sbuf_cstr(&out); (p = strchr(p, '\n')); p++)
        n++;
    ck_assert_uint_gt(n, 700);
    sbuf_done(&in);
    sbuf_done(&out);
}
END_TEST

/* A byte order mark behind an entry is none of it, and the line behind that mark is not joined to it. */
START_TEST(a_mark_behind_an_entry)
{
    ck_any(AT "x" TAIL "\n\xef\xbb\xbf"
              "x y\n\xef\xbb\xbf" AT "z" TAIL "\n",
           "nginx-error:" AT "x" TAIL "\ntext:x y\nnginx-error:" AT "z" TAIL "\n");
}
END_TEST

/* Pieces are joined in a log whose first telling line is a runtime's; a line that is not is read for itself. */
START_TEST(a_runtime_is_told)
{
    ck_any("x\n2026-11-29T10:00:00Z stderr P ab\n2026-11-29T10:00:00Z stderr F cd\nERROR x\n",
           "text:x\ncri:2026-11-29T10:00:00Z stderr F abcd\ntext:ERROR x\n");
}
END_TEST

/* Of two formats whose lines look alike, what the stream has shown. */
START_TEST(what_the_stream_has_shown)
{
    ck_any("2026-11-29T10:00:00Z worker Error: x\n", "syslog:2026-11-29T10:00:00Z worker Error: x\n");
    ck_any("2026-11-29 10:00:00 INFO x\n2026-11-29T10:00:00Z worker Error: x\n2026-11-29T10:00:00Z h a[7]: x\n",
           "text:2026-11-29 10:00:00 INFO x\ntext:2026-11-29T10:00:00Z worker Error: x\nsyslog:2026-11-29T10:00:00Z h "
           "a[7]: x\n");
    ck_any("Nov 29 10:00:00 h a[7]: x\nNov 29 10:00:00 h last message repeated 2 times\nx\n",
           "syslog:Nov 29 10:00:00 h a[7]: x\nsyslog:Nov 29 10:00:00 h last message repeated 2 times\ntext:x\n");
    ck_any("a=1 b=2\nlevel=info msg=x\na=1 b=2\n", "text:a=1 b=2\nlogfmt:level=info msg=x\nlogfmt:a=1 b=2\n");
}
END_TEST

/* A format that somebody has set is that of every line: nginx's entries go on up to the next head, and what another
 * format would read is refused, or is a message of which nothing is known. */
START_TEST(a_format_set_by_hand_is_strict)
{
    static const struct {
        enum format format;
        bool refuses;
        const char *other;
    } rows[] = {{FORMAT_NGINX_ACCESS, false, "2026-11-29 10:00:00 ERROR x"},
                {FORMAT_DOCKER, true, "2026-11-29 10:00:00 ERROR x"},
                {FORMAT_GELF, true, "2026-11-29 10:00:00 ERROR x"},
                {FORMAT_CRI, true, "{\"level\":\"error\",\"msg\":\"x\"}"}};
    static struct record r;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena a = {0};
        struct parse_ctx ctx = {.arena = &a, .last_us = RECORD_NO_TIME};
        record_init(&r, rows[i].format, slice_str(rows[i].other));
        ck_assert_int_ne(parser_parse(rows[i].format, &ctx, &r), rows[i].refuses);
        ck_assert_int_eq(ctx.reason != NULL, rows[i].refuses);
        ck_assert_int_eq(r.level, LEVEL_NONE);
        arena_done(&a);
    }
    struct line_reader l;
    struct message m;
    line_reader_init(&l, FRAME_LINES, 0, &(struct line_reader_place){0});
    framer_feed(&l.framer, SLICE(WHOLE "\n{\"level\":1}\nERROR x\n" WHOLE "\n"));
    ck_assert(line_reader_next(&l, FORMAT_NGINX_ERROR, &m));
    ck_slice(m.text, WHOLE "\n{\"level\":1}\nERROR x");
    line_reader_done(&l);
}
END_TEST

/* Lines of `in`, read from this offset on, in reads of `step` bytes. */
static void read_lines(struct slice in, size_t from, size_t step, bool late, struct sbuf *out)
{
    struct line_reader l;
    struct message m;
    line_reader_init(&l, FRAME_LINES, 0, &(struct line_reader_place){.offset = from});
    if (late)
        l.framer.mode = line_reader_mode(in);
    for (size_t at = from; at < in.n; at += step) {
        framer_feed(&l.framer, slice_sub(in, at, at + step));
        while (line_reader_next(&l, FORMAT_AUTO, &m))
            sbuf_addf(out, "[%.*s@%u]", SLICE_ARG(m.text), (unsigned)m.offset);
    }
    while (line_reader_flush(&l, FRAME_END, &m))
        sbuf_addf(out, "[%.*s@%u]", SLICE_ARG(m.text), (unsigned)m.offset);
    line_reader_done(&l);
}

START_TEST(utf16)
{
    /* "ä€😀\r\nZ\n", and a last line that holds the byte of an LF twice: U+0A0A. */
    static const unsigned char text[] = {0xfe, 0xff, 0,    0xe4, 0x20, 0xac, 0xd8, 0x3d, 0xde, 0x00, 0,
                                         '\r', 0,    '\n', 0,    'Z',  0,    '\n', 0x0a, 0x0a, 0xdc, 0x00};
    static const char want[] = "[\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80@2][Z@14][\xe0\xa8\x8a\xef\xbf\xbd@18]";
    char swapped[sizeof text];
    for (size_t i = 0; i < sizeof text; i++)
        swapped[i] = (char)text[i ^ 1];
    static const char plain[] = "1\0002\0 \0E\0R\0R\0 \0x\0\n";
    ck_assert_int_eq(line_reader_mode(slice_of(plain, sizeof plain)), FRAME_UTF16LE);
    ck_assert_int_eq(line_reader_mode(slice_of(plain + 1, sizeof plain - 1)), FRAME_UTF16BE);
    ck_assert_int_eq(line_reader_mode(slice_of(plain, 14)), FRAME_LINES);
    ck_assert_int_eq(line_reader_mode(SLICE("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")), FRAME_LINES);
    const struct slice both[] = {{(const char *)text, sizeof text}, {swapped, sizeof swapped}};
    for (unsigned b = 0; b < 2; b++)
        for (size_t step = 1; step <= sizeof text; step++) {
            struct sbuf out;
            sbuf_init(&out, 1000);
            read_lines(both[b], 0, step, false, &out);
            ck_assert_str_eq(sbuf_cstr(&out), want);
            sbuf_reset(&out);
            read_lines(both[b], 14 - b, step, true, &out); /* of a little end the LF's second byte is before it */
            ck_assert_str_eq(sbuf_cstr(&out), strstr(want, "[Z"));
            sbuf_done(&out);
        }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("cut");
    TCase *t = tcase_create("cut");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, lines);
    tcase_add_test(t, lines_join);
    tcase_add_test(t, columns_in_quotes);
    tcase_add_test(t, holes);
    tcase_add_test(t, utf16);
    tcase_add_test(t, the_endless_line);
    tcase_add_test(t, what_never_begins_an_entry_still_ends);
    tcase_add_test(t, idle);
    tcase_add_test(t, gelf);
    tcase_add_test(t, nul);
    tcase_add_test(t, syslog);
    tcase_add_test(t, wrong_counts);
    tcase_add_test(t, corpus);
    tcase_add_test(t, each_line_for_itself);
    tcase_add_test(t, an_entry_goes_on);
    tcase_add_test(t, an_entry_without_its_end);
    tcase_add_test(t, a_mark_behind_an_entry);
    tcase_add_test(t, a_runtime_is_told);
    tcase_add_test(t, what_the_stream_has_shown);
    tcase_add_test(t, a_format_set_by_hand_is_strict);
    suite_add_tcase(s, t);
    return unit_run(s);
}
