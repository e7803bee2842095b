#include "parsers/line_reader.h"

#include "parsers/parser.h"

void line_reader_init(struct line_reader *l, enum frame_mode mode, size_t max_bytes,
                      const struct line_reader_place *from)
{
    *l = (struct line_reader){.resume = *from};
    framer_init(&l->framer, mode, max_bytes, line_reader_first(from));
}

void line_reader_free(struct line_reader *l)
{
    framer_free(&l->framer);
    partial_free(&l->join);
    l->has_line = false;
}

uint64_t line_reader_first(const struct line_reader_place *from)
{
    uint64_t first = from->offset;
    for (int i = 0; i < PARTIAL_STREAMS; i++)
        if (from->held[i] && from->held[i] - 1 < first)
            first = from->held[i] - 1;
    return first;
}

struct line_reader_place line_reader_place(const struct line_reader *l)
{
    struct line_reader_place at = {.offset = l->has_line ? l->line.offset : framer_done(&l->framer)};
    if (at.offset < l->resume.offset)
        return l->resume; /* on the way back there */
    for (int i = 0; l->joins && i < PARTIAL_STREAMS; i++)
        if (l->join.held[i].lines)
            at.held[i] = l->join.held[i].offset + 1;
    return at;
}

/* Which lines belong together must be known before the first of them is taken. */
static void frame(struct line_reader *l, enum format format)
{
    const struct parser *p = parser_of(format);
    l->framed = format;
    if (l->framer.mode != FRAME_LINES)
        return;
    framer_set_head(&l->framer, p ? p->head : NULL, p ? p->rule : NULL, 0);
    partial_free(&l->join);
    l->joins = parser_is_container(format);
    if (l->joins)
        partial_init(&l->join, p->partial, l->framer.max);
}

static void tell_format(struct line_reader *l, enum format *format)
{
    struct slice line;
    if (*format == FORMAT_AUTO && framer_peek(&l->framer, &line) && line.n > 0) {
        enum format found = parser_detect(line);
        if (parser_tells(line, found) || (l->untold_max && ++l->untold >= l->untold_max))
            *format = found;
    }
    if (l->framed != *format)
        frame(l, *format);
}

/* Read for the second time: of what had been handed out already nothing comes again. */
static bool was_handed_out(struct line_reader *l)
{
    if (l->line.offset >= l->resume.offset)
        return false;
    int stream = partial_stream(&l->join, l->line.text);
    return stream < 0 || !l->resume.held[stream] || l->line.offset < l->resume.held[stream] - 1;
}

/* Feeds the line that has been taken. True: *out is ready. */
static bool feed(struct line_reader *l, struct message *out)
{
    if (was_handed_out(l)) {
        l->has_line = false;
        return false;
    }
    enum partial_step step = partial_feed(&l->join, &l->line, out);
    l->has_line = step == PARTIAL_FIRST;
    return step != PARTIAL_HELD;
}

bool line_reader_next(struct line_reader *l, enum format *format, struct message *out)
{
    for (;;) {
        tell_format(l, format);
        if (!l->joins)
            return framer_next(&l->framer, out);
        if (!l->has_line && !framer_next(&l->framer, &l->line))
            return false;
        l->has_line = true;
        if (feed(l, out))
            return true;
    }
}

bool line_reader_flush(struct line_reader *l, enum framer_flush how, struct message *out)
{
    if (!l->joins)
        return framer_flush(&l->framer, how, out);
    if (how == FRAME_END && !l->has_line)
        l->has_line = framer_flush(&l->framer, FRAME_END, &l->line);
    if (how == FRAME_END && l->has_line && feed(l, out))
        return true;
    return partial_flush(&l->join, out);
}

uint64_t line_reader_waiting(const struct line_reader *l)
{
    if (l->joins)
        return partial_mark(&l->join);
    return framer_waiting(&l->framer) ? framer_taken(&l->framer) + 1 : 0;
}

void line_reader_trim(struct line_reader *l)
{
    if (l->has_line)
        return;
    framer_trim(&l->framer);
    if (l->joins)
        partial_trim(&l->join);
}
