/*
 * parser: bytes of one message in, a record out. A format is one file with one `const struct parser`, listed in parser.c.
 *
 * Pure: no clock (now_us is given), no fd, no global. A parser is called once per message with a record that record_init has
 * prepared. It writes the record only, allocates from ctx->arena only, and must take any bytes in bounded time.
 */
#ifndef PARSERS_PARSER_H
#define PARSERS_PARSER_H

#include "base/arena.h"
#include "parsers/frame.h"
#include "parsers/record.h"
#include "text/stamp.h"

/* The stamp a stream had last, in nginx's spelling, and its time: kept by whoever keeps the stream. */
struct stamp_memo {
    bool known;
    char text[19];
    int64_t us;
};

struct parse_ctx {
    struct arena *arena;     /* reset by the caller after the record has been judged */
    const struct zone *zone; /* for stamps without a zone; NULL is UTC */
    int64_t now_us;          /* for stamps without a year */
    int64_t last_us;         /* time of the stream's previous record, or RECORD_NO_TIME; settles the repeated hour */
    struct stamp_memo *memo; /* the stream's, or NULL */
    const char *reason;      /* set by a parser that refuses: a fixed text for {"error":…} and the counter's log line */
    struct slice log_format; /* nginx-access: the log_format text, empty for combined and contrib's */
};

struct parser {
    const char *name;
    enum format format;
    /* True when this line begins a message; NULL when every line does. Lines for which it is false continue the message
       before them. Must be cheap: it is asked for every line. */
    frame_head_f *head;
    /* Which of these lines are part of the message before them all the same; NULL: none. Asked only with the lines at hand. */
    const struct cut_rule *rule;
    /* False: refused, ctx->reason says why, and the record is not to be used. */
    bool (*parse)(struct parse_ctx *ctx, struct record *r);
    /*
     * For formats where most of the work is only worth it for lines that matter; both or neither. begin is parse up to time, level
     * and the fields that keys are made of; if it leaves r->partial, message is the text that still has the rest of the fields behind
     * it, and finish must be called before message or any other field is used.
     */
    bool (*begin)(struct parse_ctx *ctx, struct record *r);
    void (*finish)(struct parse_ctx *ctx, struct record *r);
    /* Names (record_get) whose values finish leaves as they are, ending with NULL: what goes by them alone need not wait for it. Nor does
       finish raise the level. */
    const char *const *settled;
};

/* The name is one of parser.settled. */
bool parser_settles(enum format f, struct slice name);
/* NULL for FORMAT_AUTO and for formats not built in. */
const struct parser *parser_of(enum format f);
/*
 * Which format a line most likely has; FORMAT_TEXT when nothing better fits. Looks at this line only; a stream keeps what its
 * first telling line gave.
 */
enum format parser_detect(struct slice line);
/*
 * Whether it tells the format of its stream: it has the mark of one, or the time in front that a program writes before each line of
 * text. From then on no line is taken for anything else, whatever bytes a client has put at the front of it.
 */
bool parser_tells(struct slice line, enum format found);
/* What told, in a few words. */
const char *parser_detect_why(struct slice line);

#endif
