/*
 * Container log files: the lines of the input joined and parsed as Docker's and as CRI's, and read as journal
 * entries. No byte of text is made up, what is held is capped, and a joined line of Docker's is still one of
 * Docker's.
 */
#include "tests/fuzz/parse.h"

#include "parsers/journald.h"
#include "parsers/piece.h"

enum { CAP = 20000 };

static struct record r;

static void take(struct arena *a, enum format f, const struct piece_out *p, size_t n)
{
    assert(p->lines >= 1);
    bool ok = fuzz_parse(a, &r, f, p->text);
    assert(p->lines == 1 || ok);
    assert(p->text.n <= CAP + 4096 || p->text.n <= n);
    arena_reset(a);
}

static void join(struct arena *a, enum format f, struct slice text)
{
    struct piece_join j;
    struct piece_out p;
    size_t n = text.n;
    piece_init(&j, f, CAP);
    for (uint64_t offset = 0; text.p; offset += 100) {
        struct slice line = slice_split(&text, '\n');
        if (piece_feed(&j, line, 0, offset, &p))
            take(a, f, &p, n);
        assert(piece_done(&j, offset + 100) <= offset + 100);
    }
    while (piece_flush(&j, &p))
        take(a, f, &p, n);
    assert(!piece_holds(&j));
    piece_free(&j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a = {0};
    struct slice raw = {(const char *)data, n};
    struct parse_ctx ctx = {.arena = &a, .now_us = FUZZ_NOW, .last_us = RECORD_NO_TIME};
    join(&a, FORMAT_DOCKER, raw);
    join(&a, FORMAT_CRI, raw);
    record_init(&r, FORMAT_SYSLOG, raw);
    bool ok = journald_json(&ctx, &r);
    fuzz_show(&a, &r, ok, ctx.reason);
    arena_free(&a);
    return 0;
}
