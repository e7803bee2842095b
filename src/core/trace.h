/*
 * trace: which lines of a log are a stack trace, and what it says: exceptions, frames, threads.
 *
 * A language is data, a grammar (rules/traces, loaded by core/trace_load): a table of states, each a list of
 * transitions `{match, do, next}`. The same table serves both uses:
 *
 * - Walking, line by line as they come, to know which lines belong together. A walk is a small value that the caller
 *   keeps as long as the trace is open:
 *
 *       step = trace_open(set, scratch, line, &walk);              TRACE_NONE: an ordinary line
 *       while (trace_opened(step) && (line = next line of the stream))
 *           step = trace_next(set, scratch, &walk, line);
 *
 * - Parsing, of a text whose lines are joined already, or that came joined.
 *
 * A line is what stands behind the carrier (syslog, Docker, GELF …), without its line feed, with whatever the logger
 * or a collector has put before it: the walk learns that from the first two lines and sees through it. Times in such
 * a prefix may differ from line to line, all else may not.
 *
 * Pure. A set is immutable and may be shared by threads; a scratch belongs to one thread; a walk points into its set.
 * Bounds are the constants below: what passes them is left out and counted in struct trace, never refused. Work for a
 * line is bounded: at most TRACE_LINE_BYTES of it are matched, by few patterns, each with a match limit.
 */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include "base/arena.h"
#include "base/slice.h"
#include "core/trace_prefix.h"

enum {
    TRACE_LINES_MAX = 1000,       /* of one trace; the lines behind them are swallowed by the caller */
    TRACE_BYTES_MAX = 256 * 1024, /* of one trace's text */
    TRACE_LINE_BYTES = 4096,      /* of a line, as patterns see it */
    TRACE_MAYBE_MAX = 100,        /* provisional lines in a row */
    TRACE_FOREIGN_MAX = 64,       /* lines of others in a row, after which a trace has ended */
    TRACE_EXCEPTIONS_MAX = 64,    /* of one trace */
    TRACE_FRAMES_MAX = 1000,      /* of one exception or thread */
    TRACE_THREADS_MAX = 128,      /* of one trace */
    TRACE_NOTES_MAX = 16,         /* of one trace */
    TRACE_VALUE_BYTES = 8192,     /* of an exception's value */
};

struct trace_set;
struct trace_scratch;
typedef void trace_load_f(void *u, struct trace_set *set);

/* What one line is to the trace. */
enum trace_step {
    TRACE_NONE,    /* no part of it: the trace ended before this line. The line may open another: ask trace_open */
    TRACE_OPENS,   /* begins one for sure (of trace_open only) */
    TRACE_GOES_ON, /* is part of it, and so are all provisional lines before it: walk.maybe is 0 */
    TRACE_MAYBE,  /* provisional: part of it if a later line goes on; else a record of its own. Counted in walk.maybe */
    TRACE_ENDS,   /* is part of it, and the last one */
    TRACE_FOREIGN /* has not the prefix that every line of this trace has: of another trace that is printed at the same
                     time, or the trace has ended. It may be asked again with later lines, TRACE_FOREIGN_MAX times in a
                     row */
};

/* What the line before the one that opens is to the trace, where the same stream had one just before. */
enum trace_before {
    TRACE_BEFORE_INTRO,  /* the log's own line about it: join it where its time and level allow */
    TRACE_BEFORE_HEADING /* type and value: the line that opened is a frame already. Join it in any case */
};

/* A grammar and the state that it is in. Until a line tells, a heading may be that of several languages. */
struct trace_way {
    uint16_t grammar, state;
    bool sure : 1;  /* a line of it was */
    bool loose : 1; /* the last line is part of it here, and might stand elsewhere by itself */
    bool frame : 1; /* it is one of a stack, or tells whose frames follow */
};

enum { TRACE_WAYS_MAX = 16 };

struct trace_walk {
    struct trace_way ways[TRACE_WAYS_MAX];
    uint8_t n_ways;
    uint16_t maybe;    /* how many of the last lines are provisional */
    bool any_text;     /* the last line is part of it as any text would be */
    bool sure;         /* a line was sure. Not: all lines so far are provisional, the opening one too */
    bool after_record; /* the log's records have a head: what has none belongs to the one above (trace_follows) */
    bool crash;        /* the program ended by it: an event, whatever level the line before it says */
    enum trace_before before; /* of the opening line */
    uint32_t lines;           /* taken, the provisional ones too */
    uint32_t bytes;           /* of these, with a line feed each */
    enum trace_prefix_use {
        TRACE_PREFIX_OPEN, /* the opening line has it; the next lines will tell */
        TRACE_PREFIX_NONE, /* of no other line: one that begins so is a record of its own */
        TRACE_PREFIX_ALL   /* of every line */
    } prefix_use;
    uint8_t foreign; /* lines of others in a row */
    struct trace_prefix prefix;
};

/* Whether the line belongs to a trace that is open after it. */
static inline bool trace_opened(enum trace_step s)
{
    return s == TRACE_OPENS || s == TRACE_GOES_ON || s == TRACE_MAYBE;
}

/* For the set that it is first used with; NULL is an empty set: nothing opens. */
struct trace_scratch *trace_scratch_new(void);
void trace_scratch_free(struct trace_scratch *x);

/*
 * False: no line of this text begins a trace. Costs a scan for fixed words, less where the text is a message still in
 * its buffer (frame.h; NULL: it is not, or nothing is known of that). Most lines are told by it.
 */
struct frame_ahead;
bool trace_may_open(const struct trace_set *set, struct trace_scratch *x, struct slice text, struct frame_ahead *ahead);
/*
 * Whether this line begins a trace: TRACE_NONE, TRACE_OPENS, or TRACE_MAYBE, where only the next lines will tell (then
 * walk->maybe is 1). Also TRACE_ENDS: it is a whole one. *walk is written unless TRACE_NONE.
 */
enum trace_step trace_open(const struct trace_set *set, struct trace_scratch *x, struct slice line,
                           struct trace_walk *walk);
/*
 * Tells a walk that has just been opened what the same stream had before its first line: a record with a head of its
 * own, a time or a level, makes lines without one, which nothing else would tell from the next record, lines of the
 * message.
 */
void trace_follows(struct trace_walk *walk, struct slice before);
/* Whether this line begins as the one that opened the walk does, times apart; also where nothing stands before that. */
bool trace_begins_alike(const struct trace_walk *walk, struct slice line);
/*
 * Whether it continues the trace. TRACE_NONE as well where all lines so far are provisional and this one begins a trace
 * by itself, and where a bound is passed (then trace_is_full). Not to be asked again after TRACE_NONE or TRACE_ENDS.
 */
enum trace_step trace_next(const struct trace_set *set, struct trace_scratch *x, struct trace_walk *walk,
                           struct slice line);
/* Whether the line that says what was thrown is still to come: that of languages that print it behind the frames. */
bool trace_awaits_name(const struct trace_set *set, const struct trace_walk *walk);
/* As many lines or bytes as one trace may have: the lines that would go on are swallowed, with a count. */
static inline bool trace_is_full(const struct trace_walk *walk)
{
    return walk->lines >= TRACE_LINES_MAX || walk->bytes >= TRACE_BYTES_MAX;
}

/* --- what a trace says --- */

enum { TRACE_CONTEXT_LINES = 5 };

/* Source lines around a frame's, as they stand in its file (trace_source.h). */
struct trace_context {
    struct slice line, before[TRACE_CONTEXT_LINES], after[TRACE_CONTEXT_LINES];
    unsigned n_before, n_after;
};

struct trace_frame {
    struct slice function, module, file, package, context_line;
    const struct trace_context *context; /* of its file; NULL: not read. context_line is what the text has of it */
    unsigned line, column;               /* 0: not said */
    unsigned repeated;                   /* how many more times it stands there */
    unsigned omitted;                    /* it is no frame: so many were left out here */
    bool restored; /* was left out in the text, and put back from another exception of the trace */
    bool in_app;   /* as the grammar has it */
};

struct trace_frames {
    struct trace_frame *v; /* oldest call first */
    unsigned n;
    unsigned lost; /* passed the bound */
};

enum trace_relation { TRACE_REPORTED, TRACE_CAUSE, TRACE_CONTEXT, TRACE_SUPPRESSED, TRACE_MEMBER };

struct trace_exception {
    struct slice type, value, module; /* module: what stands before the type, where the language has that */
    struct slice printed;             /* module and type as printed */
    struct trace_frames frames;
    unsigned id;                  /* of the tree; 0: the one that is reported */
    int parent;                   /* id; -1: none */
    enum trace_relation relation; /* to the parent */
    unsigned ordinal;             /* among those of the same relation to it */
    bool group;                   /* has members */
};

struct trace_thread {
    struct slice id, name, state;
    bool crashed; /* the exception is its; it has no frames here */
    struct trace_frames frames;
};

struct trace_note {
    struct slice name, value;
};

struct trace {
    struct slice language, platform;
    bool crash;                         /* uncaught: the program, or its thread, ended */
    struct slice intro;                 /* the text before the trace, without its line feed */
    struct slice rest;                  /* the text behind it: perhaps another trace */
    struct trace_exception *exceptions; /* in Sentry's order: oldest cause first, the reported one last */
    unsigned n_exceptions;
    struct trace_thread *threads; /* with `crashed` or frames of their own */
    unsigned n_threads;
    struct trace_note *notes; /* what the runtime says besides: DETAIL, HINT, signal */
    unsigned n_notes;
    unsigned lost; /* exceptions, threads, notes and lines that passed a bound */
};

/*
 * The first trace in a text of lines. False: there is none, *out is untouched. What *out points to lives in text and
 * arena. A text without a line feed that has them written out (`\n\tat `) is read as if they were some.
 */
bool trace_parse(const struct trace_set *set, struct trace_scratch *x, struct slice text, struct arena *arena,
                 struct trace *out);
/* The same of a text that somebody has joined line by line: its last line is the trace's last. */
bool trace_parse_joined(const struct trace_set *set, struct trace_scratch *x, struct slice text, struct arena *arena,
                        struct trace *out);
/* The one that was reported, the last; NULL: there is none (only threads or notes). */
static inline const struct trace_exception *trace_reported(const struct trace *t)
{
    return t->n_exceptions ? &t->exceptions[t->n_exceptions - 1] : NULL;
}

#endif
