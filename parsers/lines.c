#include "parsers/lines.h"

#include "parsers/parser.h"

void lines_init(struct lines *l, enum cut_mode mode, size_t max_bytes, const struct lines_place *from)
{
    *l = (struct lines){.resume = *from};
    cut_init(&l->cut, mode, max_bytes, lines_first(from));
}

void lines_free(struct lines *l)
{
    cut_free(&l->cut);
    piece_free(&l->join);
    l->has_line = false;
}

uint64_t lines_first(const struct lines_place *from)
{
    uint64_t first = from->offset;
    for (int i = 0; i < PIECE_STREAMS; i++)
        if (from->held[i] && from->held[i] - 1 < first)
            first = from->held[i] - 1;
    return first;
}

struct lines_place lines_place(const struct lines *l)
{
    struct lines_place at = {.offset = l->has_line ? l->line.offset : cut_done(&l->cut)};
    if (at.offset < l->resume.offset)
        return l->resume; /* on the way back there */
    for (int i = 0; l->joins && i < PIECE_STREAMS; i++)
        if (l->join.held[i].lines)
            at.held[i] = l->join.held[i].offset + 1;
    return at;
}

/* Which lines belong together must be known before the first of them is taken. */
static void frame(struct lines *l, enum format format)
{
    const struct parser *p = parser_of(format);
    l->framed = format;
    if (l->cut.mode != CUT_LINES)
        return;
    cut_set_head(&l->cut, p ? p->head : NULL, p ? p->rule : NULL, 0);
    piece_free(&l->join);
    l->joins = format == FORMAT_DOCKER || format == FORMAT_CRI;
    if (l->joins)
        piece_init(&l->join, format, l->cut.max);
}

static void tell_format(struct lines *l, enum format *format)
{
    struct slice line;
    if (*format == FORMAT_AUTO && cut_peek(&l->cut, &line) && line.n > 0) {
        enum format found = parser_detect(line);
        if (parser_tells(line, found) || (l->untold_max && ++l->untold >= l->untold_max))
            *format = found;
    }
    if (l->framed != *format)
        frame(l, *format);
}

/* Read for the second time: of what had been handed out already nothing comes again. */
static bool was_handed_out(struct lines *l)
{
    if (l->line.offset >= l->resume.offset)
        return false;
    int stream = piece_stream(&l->join, l->line.text);
    return stream < 0 || !l->resume.held[stream] || l->line.offset < l->resume.held[stream] - 1;
}

/* Feeds the line that has been taken. True: *out is ready. */
static bool feed(struct lines *l, struct cut_message *out)
{
    if (was_handed_out(l)) {
        l->has_line = false;
        return false;
    }
    enum piece_step step = piece_feed(&l->join, &l->line, out);
    l->has_line = step == PIECE_FIRST;
    return step != PIECE_HELD;
}

bool lines_next(struct lines *l, enum format *format, struct cut_message *out)
{
    for (;;) {
        tell_format(l, format);
        if (!l->joins)
            return cut_next(&l->cut, out);
        if (!l->has_line && !cut_next(&l->cut, &l->line))
            return false;
        l->has_line = true;
        if (feed(l, out))
            return true;
    }
}

bool lines_flush(struct lines *l, enum cut_flush how, struct cut_message *out)
{
    if (!l->joins)
        return cut_flush(&l->cut, how, out);
    if (how == CUT_END && !l->has_line)
        l->has_line = cut_flush(&l->cut, CUT_END, &l->line);
    if (how == CUT_END && l->has_line && feed(l, out))
        return true;
    return piece_flush(&l->join, out);
}

uint64_t lines_waiting(const struct lines *l)
{
    if (l->joins)
        return piece_mark(&l->join);
    return cut_waiting(&l->cut) ? cut_taken(&l->cut) + 1 : 0;
}

void lines_trim(struct lines *l)
{
    if (l->has_line)
        return;
    cut_trim(&l->cut);
    if (l->joins)
        piece_trim(&l->join);
}
