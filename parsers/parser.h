/*
 * parser: bytes of one message in, a record out. A format is one file with one `const struct parser` and a row in
 * formats.def.
 *
 * A parser knows no other: one that carries messages of other formats finds their parsers in ctx->formats (nested.h).
 * So parser.c is called by nobody to the left of it.
 *
 * Pure: no clock (now_us is given), no fd, no global. A parser is called once per message with a record that
 * record_init has prepared. It writes the record only, allocates from ctx->arena only, and must take any bytes in
 * bounded time.
 */
#ifndef PARSERS_PARSER_H
#define PARSERS_PARSER_H

#include "base/arena.h"
#include "parsers/format_traits.h"
#include "parsers/frame.h"
#include "parsers/partial.h"
#include "parsers/record.h"
#include "text/stamp.h"

/* All formats, handed to each parser. */
struct formats {
    const struct parser *const *parsers;       /* by format; NULL for FORMAT_AUTO */
    const struct format_traits *const *traits; /* the same; never NULL */
    enum format (*detect)(struct slice line);
};

/* How much of a line is looked at: what tells a format stands near the front. */
enum { PARSER_FRONT_BYTES = 4096 };

static inline struct slice parser_front(struct slice line)
{
    return slice_sub(line, 0, PARSER_FRONT_BYTES);
}

struct parse_ctx {
    struct arena *arena;     /* reset by the caller after the record has been judged */
    const struct zone *zone; /* for stamps without a zone; NULL is UTC */
    int64_t now_us;          /* for stamps without a year */
    int64_t last_us;         /* time of the stream's previous record, or RECORD_NO_TIME; settles the repeated hour */
    struct stamp_memo *memo; /* the stream's, or NULL */
    bool cut;                /* the message lacks its end */
    bool headed;             /* it begins as an entry of nginx's does, which has been looked at */
    const char *reason;   /* set by a parser that refuses: a fixed text for {"error":…} and the counter's log line */
    const char *bad_part; /* of a message that was kept all the same: what could not be understood; or NULL */
    struct slice log_format;       /* nginx-access: the log_format text, empty for combined and contrib's */
    const struct formats *formats; /* set by parser_parse and its like */
    unsigned depth;                /* of messages that are read inside messages */
};

/* How a message of this format stands inside one of another. */
enum parser_nesting {
    PARSER_NOT_NESTED,  /* it does not: it is text */
    PARSER_NESTED,      /* it tells message, level, fields; the record keeps the carrier's format */
    PARSER_NESTED_JSON, /* the same, as the json format reads it */
};

struct parser {
    enum parser_nesting nesting;
    /* What shows that a line, which is not empty, has this format, in a few words; NULL: nothing. */
    const char *(*detect)(struct slice line);
    /* A shorter look, for the line behind one of this format: it has the stamp of that one (memo, which is not NULL)
     * and all else that detect looks for, and no format of a lower rank begins so. NULL: detect is short enough. */
    bool (*again)(struct slice line, const struct stamp_memo *memo);
    /* Whether a line that was found to be of it tells what its stream is made of; NULL: each does. */
    bool (*tells)(struct slice line);
    /* Lines of it and of text look alike: a line that has no mark of any format may be of this one, in a stream that
     * has lines of it. NULL: none may. */
    bool (*may_be)(struct slice line);
    /* And one that was found to be of it may be text after all, in a stream of text. NULL: none may. */
    bool (*may_be_text)(struct slice line);
    /* True when this line begins a message; NULL when every line does. Lines for which it is false continue the message
       before them. Must be cheap: it is asked for every line. */
    frame_head_f *head;
    /* How a file of it is framed, by its first bytes; NULL: as lines. */
    enum frame_mode (*framing)(struct slice first);
    /* A log of a container's runtime, whose lines come in pieces that are joined before they are parsed. */
    enum partial_kind partial;
    /* Which of these lines are part of the message before them all the same; NULL: none. Asked only with the lines at
     * hand. */
    const struct frame_rule *rule;
    /* False: refused, ctx->reason says why, and the record is not to be used. */
    bool (*parse)(struct parse_ctx *ctx, struct record *r);
    /*
     * For formats where most of the work is only worth it for lines that matter; both or neither. begin is parse up to
     * time, level and the fields that keys are made of; if it leaves r->partial, message is the text that still has the
     * rest of the fields behind it, and finish must be called before message or any other field is used.
     */
    bool (*begin)(struct parse_ctx *ctx, struct record *r);
    void (*finish)(struct parse_ctx *ctx, struct record *r);
    /* Names (record_get) whose values finish leaves as they are, and what the carrier of the line says beside it,
       ending with NULL: what goes by them alone need not wait for that. Nor does finish raise the level. */
    const char *const *settled;
};

/* The name is one of parser.settled. */
bool parser_settles(enum format f, struct slice name);
extern const struct parser *const parser_table[FORMAT_N];
extern const struct format_traits *const format_traits_table[FORMAT_N];

/* NULL for FORMAT_AUTO. */
static inline const struct parser *parser_of(enum format f)
{
    return f < FORMAT_N ? parser_table[f] : NULL;
}

/* A log of a container's runtime, where each line of a program is a message. */
static inline bool parser_is_container(enum format f)
{
    const struct parser *p = parser_of(f);
    return p && p->partial != PARTIAL_NONE;
}

/* Never NULL. Asked for every line, several times. */
static inline const struct format_traits *format_traits(enum format f)
{
    return format_traits_table[f];
}

/* Parses r->raw as a message of f, which has a parser. As parse, begin (or parse, where there is none) and finish of
 * struct parser. */
bool parser_parse(enum format f, struct parse_ctx *ctx, struct record *r);
bool parser_begin(enum format f, struct parse_ctx *ctx, struct record *r);
void parser_finish(struct parse_ctx *ctx, struct record *r);
/* Which format a line most likely has; FORMAT_TEXT when nothing better fits. Looks at this line only. */
enum format parser_detect(struct slice line);
/* It has the mark of that format, or the time in front that a program writes before each line of text. */
bool parser_tells(struct slice line, enum format found);
/* What a stream of any formats (FORMAT_AUTO) has shown, FORMAT_AUTO at first. */
struct parser_seen {
    enum format shown; /* of text and the formats that look much like it, by the first telling line of one of these */
    enum format last;  /* by the last line */
};

/*
 * Parses r->raw as the next message of such a stream: as what is found in it, or as text, where it begins like an
 * object and is none. As parser_parse and parser_begin; r is as record_init has left it.
 */
bool parser_parse_next(struct parser_seen *seen, struct parse_ctx *ctx, struct record *r);
bool parser_begin_next(struct parser_seen *seen, struct parse_ctx *ctx, struct record *r);
/* What told, in a few words. */
const char *parser_detect_why(struct slice line);

#endif
