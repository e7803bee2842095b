#include "parsers/line_reader.h"

#include "base/utf8.h"
#include "parsers/nginx_entry.h"
#include "parsers/parser.h"
#include "parsers/text_postgresql.h"

void line_reader_init(struct line_reader *l, enum frame_mode mode, size_t max_bytes,
                      const struct line_reader_place *from)
{
    *l = (struct line_reader){.resume = *from, .framed = FORMAT_N};
    framer_init(&l->framer, mode, max_bytes, line_reader_first(from));
    l->fresh = mode == FRAME_LINES && line_reader_first(from) == 0;
    sbuf_init(&l->decoded, 2 * l->framer.max); /* of two bytes come three at the most */
}

void line_reader_done(struct line_reader *l)
{
    framer_done(&l->framer);
    partial_done(&l->join);
    sbuf_done(&l->decoded);
    l->has_line = false;
}

uint64_t line_reader_first(const struct line_reader_place *from)
{
    uint64_t first = from->offset;
    for (int i = 0; i < PARTIAL_STREAMS; i++)
        if (from->held[i] && from->held[i] - 1 < first)
            first = from->held[i] - 1;
    if (from->n_begins && from->begins[0] < first)
        first = from->begins[0];
    return first;
}

struct line_reader_place line_reader_place(const struct line_reader *l)
{
    struct line_reader_place at = {.offset = l->has_line ? l->line.offset : framer_resume_offset(&l->framer)};
    if (at.offset < l->resume.offset)
        return l->resume; /* on the way back there */
    for (int i = 0; l->joins && i < PARTIAL_STREAMS; i++)
        if (l->join.held[i].lines)
            at.held[i] = l->join.held[i].offset + 1;
    return at;
}

/* It begins with what a program writes in front of a line of its own: the mark of a format, a time or a level. */
static bool is_begun(struct slice line)
{
    struct arena arena = {0};
    struct parse_ctx ctx = {.arena = &arena, .last_us = RECORD_NO_TIME};
    struct record r;
    enum format found = parser_detect(line);
    if (found != FORMAT_TEXT)
        return true;
    record_init(&r, found, line);
    parser_parse(found, &ctx, &r);
    arena_done(&arena);
    return r.time_us != RECORD_NO_TIME || r.level != LEVEL_NONE;
}

static bool line_reader_goes_on(struct slice entry, struct slice line)
{
    return nginx_entry_goes_on(entry, line) && !is_begun(line);
}

/* Which lines belong together must be known before the first of them is taken. */
static void frame(struct line_reader *l, enum format format, enum format found)
{
    const struct parser *p = parser_of(format), *entries = parser_of(FORMAT_NGINX_ERROR);
    l->framed = format;
    if (l->framer.mode != FRAME_LINES)
        return;
    if (p)
        framer_set_head(&l->framer, p->head, p->rule, 0);
    else
        framer_set_mixed(&l->framer, entries->head, entries->rule, line_reader_goes_on);
    framer_set_quoting(&l->framer, format == FORMAT_AUTO || format == FORMAT_TEXT ? text_postgresql_csv_begins : NULL);
    partial_done(&l->join);
    l->joins = parser_is_container(found);
    if (l->joins)
        partial_init(&l->join, parser_of(found)->partial, l->framer.max);
}

/* A log of a runtime is one from its first line on that tells: from then on pieces are joined. True: this one does. */
static bool tell_runtime(struct line_reader *l, struct slice line)
{
    if (!line.n)
        return false;
    enum format found = parser_detect(line);
    l->told = parser_tells(line, found) || (l->untold_max && ++l->untold >= l->untold_max);
    if (l->told && parser_is_container(found))
        frame(l, FORMAT_AUTO, found);
    return l->joins;
}

/* A piece that was waiting for the last one of its line. */
static bool was_held(struct line_reader *l, uint64_t offset, struct slice line)
{
    int stream = l->joins ? partial_stream(&l->join, line) : -1;
    return stream >= 0 && l->resume.held[stream] && offset >= l->resume.held[stream] - 1;
}

static bool is_begin(const struct line_reader_place *at, uint64_t offset)
{
    for (unsigned i = 0; i < at->n_begins; i++)
        if (at->begins[i] == offset)
            return true;
    return false;
}

/* What is read for the second time says so. */
static void mark(struct line_reader *l, struct message *m)
{
    if (!was_held(l, m->offset, m->text))
        m->read = is_begin(&l->resume, m->offset) ? MESSAGE_RESUMED : MESSAGE_AGAIN;
}

/* Of what had been handed out already nothing comes again, but what may be part of what was waiting. */
static bool is_done_with(struct line_reader *l)
{
    const struct line_reader_place *at = &l->resume;
    bool again = at->n_begins && l->line.offset >= at->begins[0];
    return l->line.offset < at->offset && !again && !was_held(l, l->line.offset, l->line.text);
}

/* Feeds the line that has been taken. True: *out is ready. */
static bool feed(struct line_reader *l, struct message *out)
{
    if (is_done_with(l)) {
        l->has_line = false;
        return false;
    }
    enum partial_step step = partial_feed(&l->join, &l->line, out);
    l->has_line = step == PARTIAL_FIRST;
    return step != PARTIAL_HELD;
}

static inline bool joins(struct line_reader *l, enum format format, struct slice line)
{
    return l->joins || (format == FORMAT_AUTO && !l->told && tell_runtime(l, line));
}

static bool is_text(char c)
{
    return (c > ' ' && c < 127) || ascii_space(c);
}

/* How many of its first code units, which are of this order, are a character of ASCII. */
static size_t ascii_units(struct slice s, bool big)
{
    size_t n = 0;
    while (2 * n + 1 < s.n && !s.p[2 * n + !big] && is_text(s.p[2 * n + big]))
        n++;
    return n;
}

enum frame_mode line_reader_mode(struct slice first)
{
    enum { UNITS = LINE_READER_MODE_BYTES / 2 }; /* that no text in another form begins with */
    if (slice_starts(first, SLICE("\xff\xfe")) || ascii_units(first, false) >= UNITS)
        return FRAME_UTF16LE;
    return slice_starts(first, SLICE("\xfe\xff")) || ascii_units(first, true) >= UNITS ? FRAME_UTF16BE : FRAME_LINES;
}

static bool is_utf16(const struct line_reader *l)
{
    return l->framer.mode == FRAME_UTF16LE || l->framer.mode == FRAME_UTF16BE;
}

/* False: more bytes are needed. */
static bool look_at_mark(struct line_reader *l)
{
    struct framer *c = &l->framer;
    struct slice first = slice_of(c->p, c->n);
    bool may_be =
        c->n >= 2 && (ascii_units(slice_sub(first, 0, 2), false) || ascii_units(slice_sub(first, 0, 2), true));
    if (c->n < 2 || (may_be && c->n < LINE_READER_MODE_BYTES))
        return false;
    l->fresh = false;
    c->mode = line_reader_mode(first);
    return true;
}

/* Each line is a message: what has entries of several lines, or containers, is not written so. */
static void decode(struct line_reader *l, struct message *m)
{
    sbuf_reset(&l->decoded);
    utf8_from_utf16(&l->decoded, m->text, l->framer.mode == FRAME_UTF16BE);
    m->text = sbuf_slice(&l->decoded);
    if (slice_ends(m->text, SLICE("\r")))
        m->text.n--;
    m->ahead = NULL;
}

static bool flush_framed(struct line_reader *l, enum framer_flush how, struct message *out)
{
    if (!framer_flush(&l->framer, how, out))
        return false;
    out->end = framer_resume_offset(&l->framer);
    return true;
}

static bool next_utf16(struct line_reader *l, struct message *out)
{
    if (!framer_next(&l->framer, out))
        return false;
    out->end = framer_resume_offset(&l->framer);
    decode(l, out);
    if (out->offset < l->resume.offset)
        mark(l, out);
    return true;
}

bool line_reader_next(struct line_reader *l, enum format format, struct message *out)
{
    if (l->fresh && !look_at_mark(l))
        return false;
    if (is_utf16(l))
        return next_utf16(l, out);
    if (l->framed != format)
        frame(l, format, format);
    for (;;) {
        if (!l->has_line) {
            if (!framer_next(&l->framer, out))
                return false;
            out->end = framer_resume_offset(&l->framer);
            if (!joins(l, format, out->text))
                break;
            l->line = *out;
            l->has_line = true;
        }
        if (feed(l, out))
            break;
    }
    if (out->offset < l->resume.offset)
        mark(l, out);
    return true;
}

static bool flush(struct line_reader *l, enum framer_flush how, struct message *out)
{
    if (!l->joins)
        return flush_framed(l, how, out);
    if (how == FRAME_END && !l->has_line)
        l->has_line = flush_framed(l, FRAME_END, &l->line);
    if (how == FRAME_END && l->has_line && feed(l, out))
        return true;
    return partial_flush(&l->join, out);
}

bool line_reader_flush(struct line_reader *l, enum framer_flush how, struct message *out)
{
    if (!flush(l, how, out))
        return false;
    if (is_utf16(l))
        decode(l, out);
    if (out->offset < l->resume.offset)
        mark(l, out);
    return true;
}

uint64_t line_reader_waiting(const struct line_reader *l)
{
    if (l->joins)
        return partial_mark(&l->join);
    return framer_waiting(&l->framer) ? framer_taken(&l->framer) + 1 : 0;
}

uint64_t line_reader_half(const struct line_reader *l)
{
    bool half = !l->joins && framer_resume_offset(&l->framer) < framer_taken(&l->framer);
    return half ? UINT64_MAX - framer_taken(&l->framer) : 0; /* never a number of line_reader_waiting */
}

void line_reader_trim(struct line_reader *l)
{
    if (l->has_line)
        return;
    framer_trim(&l->framer);
    if (l->joins)
        partial_trim(&l->join);
}
