/*
 * Container log files: the lines of the input joined and parsed as Docker's and as CRI's, and read as journal
 * entries, as a path and as Docker's config.v2.json. No byte of text is made up, what is held is capped, and a joined
 * line is still one of its format.
 *
 * And exactly once: reading that stops at any line and begins again at the place given there yields the same messages,
 * none twice and none left out.
 */
#include "tests/fuzz/parse.h"

#include "parsers/container.h"
#include "parsers/line_reader.h"

enum { CAP = 20000, MESSAGES_MAX = 4096 };

/* Lines of a byte or two are read ten times over, and each costs what a line costs. */
unsigned fuzz_steps_a_byte = 6000, fuzz_steps_once = 400000;

static struct record r;

struct seen {
    uint64_t offset, text_hash;
    unsigned lines;
};

static unsigned note(struct arena *a, enum format f, const struct message *m, struct seen *out, unsigned n)
{
    assert(m->lines >= 1);
    bool ok = fuzz_parse(a, &r, f, m->text);
    assert(m->lines == 1 || ok);
    assert(m->text.n <= CAP + 3 * 65536);
    arena_reset(a);
    if (n < MESSAGES_MAX)
        out[n] = (struct seen){m->offset, slice_hash(m->text, 1), m->lines};
    return n + 1;
}

/* Reads all of it; from the place at which the byte `stop` had been read it begins again, as after a crash. */
static unsigned read_all(struct arena *a, enum format f, struct slice file, size_t stop, struct seen *out)
{
    struct line_reader l;
    struct message m;
    unsigned n = 0;
    line_reader_init(&l, FRAME_LINES, CAP, &(struct line_reader_place){0});
    framer_feed(&l.framer, slice_sub(file, 0, stop));
    while (line_reader_next(&l, f, &m))
        n = note(a, f, &m, out, n);
    struct line_reader_place at = line_reader_place(&l);
    assert(at.offset <= stop && line_reader_first(&at) <= at.offset);
    line_reader_done(&l);
    line_reader_init(&l, FRAME_LINES, CAP, &at);
    if (line_reader_first(&at)) /* as tail does: only its first bytes tell what it is in */
        l.framer.mode = line_reader_mode(file);
    assert(line_reader_first(&at) == line_reader_place(&l).offset || line_reader_place(&l).offset == at.offset);
    framer_feed(&l.framer, slice_from(file, line_reader_first(&at)));
    while (line_reader_next(&l, f, &m))
        n = note(a, f, &m, out, n);
    while (line_reader_flush(&l, FRAME_END, &m))
        n = note(a, f, &m, out, n);
    assert(line_reader_waiting(&l) == 0 && line_reader_place(&l).offset == file.n);
    line_reader_done(&l);
    return n;
}

static void join(struct arena *a, enum format f, struct slice file)
{
    static struct seen whole[MESSAGES_MAX], twice[MESSAGES_MAX];
    unsigned n = read_all(a, f, file, 0, whole), lines = 0, newlines = 0;
    for (size_t i = 0; i < file.n; i++)
        newlines += file.p[i] == '\n';
    for (unsigned i = 0; i < n && n <= MESSAGES_MAX; i++)
        lines += whole[i].lines;
    /* In UTF-16 the byte of a line feed may be part of another character, and NULs end lines, too. */
    bool plain = line_reader_mode(file) == FRAME_LINES && !slice_chr(file, '\0');
    assert(!plain || n > MESSAGES_MAX || lines == newlines + (file.n && file.p[file.n - 1] != '\n'));
    for (int k = 1; k < 4; k++) {
        assert(read_all(a, f, file, file.n * (size_t)k / 4, twice) == n);
        assert(n > MESSAGES_MAX || memcmp(whole, twice, n * sizeof *whole) == 0);
    }
}

static void whose(struct arena *a, struct slice raw)
{
    struct container c = {0};
    struct slice json = raw, path = slice_split(&json, '\n');
    container_from_path(&c, a, path);
    container_from_config(&c, a, json.p ? json : raw);
    container_finish(&c);
    assert(c.n_labels <= CONTAINER_LABELS_MAX && c.name.n <= CONTAINER_TEXT_MAX && container_key(&c));
    const struct container *kept = container_keep(a, &c);
    assert(slice_eq(container_get(kept, SLICE("pod")), c.pod));
}

int fuzz_target(const uint8_t *data, size_t n)
{
    struct arena a = {0};
    struct slice raw = {(const char *)data, n};
    struct parse_ctx ctx = {.arena = &a, .now_us = FUZZ_NOW, .last_us = RECORD_NO_TIME};
    join(&a, FORMAT_DOCKER, raw);
    join(&a, FORMAT_CRI, raw);
    whose(&a, raw);
    record_init(&r, FORMAT_JOURNAL, raw);
    bool ok = parser_parse(FORMAT_JOURNAL, &ctx, &r);
    fuzz_show(&a, &r, ok, ctx.reason);
    arena_done(&a);
    return 0;
}
