/*
 * trace_grammar: a compiled grammar, as trace_load makes it and trace, trace_build and trace_check read it. Immutable
 * once the set is ready. Nobody else includes this.
 */
#ifndef CORE_TRACE_GRAMMAR_H
#define CORE_TRACE_GRAMMAR_H

#include "core/trace.h"
#include "text/conf.h"
#include "text/prefilter.h"
#include "text/regex.h"

/* What a line is; the words of `do`, in trace_load.c, are in this order. */
enum trace_do {
    TRACE_DO_SKIP,       /* part of the trace, and nothing is read from it */
    TRACE_DO_EXCEPTION,  /* an exception begins */
    TRACE_DO_CAUSE,      /* one begins that is the cause of one above */
    TRACE_DO_EFFECT,     /* one begins whose cause is the one above */
    TRACE_DO_DURING,     /* one begins that came while the one above was handled */
    TRACE_DO_SUPPRESSED, /* one begins that one above has suppressed */
    TRACE_DO_MEMBER,     /* one begins that one above is a group of */
    TRACE_DO_NAMES,      /* type and value of the exception that has begun */
    TRACE_DO_MESSAGE,    /* a further line of its value, or of the note above */
    TRACE_DO_FRAME,      /* a frame */
    TRACE_DO_PLACE,      /* file and line of the frame above; of the exception itself where there is none yet */
    TRACE_DO_CONTEXT,    /* the source line of the frame above */
    TRACE_DO_REPEAT,     /* the frame above stands there `count` more times */
    TRACE_DO_OMITTED,    /* `count` frames are left out here, being those of another exception */
    TRACE_DO_THREAD,     /* a thread begins; the first one after an exception has raised it */
    TRACE_DO_NOTE,       /* `name` and `value` */
    TRACE_DO_LEAVE,      /* frames that follow are those of the exception around this one */
    TRACE_DO_STOP        /* no part of it: the trace has ended above */
};

enum trace_group {
    TRACE_GROUP_TYPE,
    TRACE_GROUP_VALUE,
    TRACE_GROUP_MODULE,
    TRACE_GROUP_FUNCTION,
    TRACE_GROUP_FILE,
    TRACE_GROUP_LINE,
    TRACE_GROUP_COLUMN,
    TRACE_GROUP_PACKAGE,
    TRACE_GROUP_CONTEXT,
    TRACE_GROUP_COUNT,
    TRACE_GROUP_THREAD,
    TRACE_GROUP_NAME,
    TRACE_GROUP_STATE,
    TRACE_GROUP_INDENT,
    TRACE_GROUP_REST,
    TRACE_GROUP_N
};

enum trace_order { TRACE_ORDER_GRAMMAR, TRACE_NEWEST_FIRST, TRACE_OLDEST_FIRST };

enum { TRACE_SET_GROUP = 1 };

struct trace_transition {
    struct regex *regex;          /* NULL: any line that does not begin a record */
    struct slice text;            /* of it, its references replaced */
    const struct conf_node *node; /* NULL once the files are forgotten */
    enum trace_do action;
    uint16_t next;
    bool maybe, last, crash;
    bool after_record; /* only in logs whose records have a head */
    bool escaped;      /* from here on it is written as JSON writes strings, but for line feeds */
    bool bare;         /* also of a line without the prefix that all others have */
    bool apart;        /* what began with the last cause is a trace of its own */
    enum trace_before before;
    enum trace_order order;
    uint8_t capture[TRACE_GROUP_N]; /* its number; 0: none */
    struct slice *set; /* NULL: nothing; else of each group, none where it is empty; {name} in it is TRACE_SET_GROUP and
                          the group's number, from 1 */
};

struct trace_state {
    struct slice name;
    struct trace_transition *v;
    unsigned n;
};

/* Names that are not of the application: beginnings, sorted, none of which begins with another; then, up to n_parts,
 * parts; then whole ones. */
struct trace_names {
    struct slice *v;
    unsigned n_beginnings, n_parts, n;
    bool unnamed; /* those without a name, too */
};

struct trace_sample {
    const struct conf_node *node, *expect; /* a map, or NULL: no trace */
    struct slice lines;
};

/* The states that every grammar has. */
enum { TRACE_STATE_START, TRACE_STATE_HEADING };

struct trace_grammar {
    struct slice language, platform;
    enum trace_order order;
    bool place_of_call; /* a frame's place is where its callee was called; its own is that of the one above */
    bool split_type;    /* a.b.Type is Type of module a.b */
    struct trace_names other_modules, other_files, other_functions, other_packages; /* not in_app */
    struct trace_state *states;
    unsigned n_states;
    struct trace_sample *samples;
    unsigned n_samples;
    const struct conf_node *node;
};

/* Of all transitions of a grammar whose `match` is written alike. */
struct trace_regex {
    struct slice match; /* only while the grammar is loaded */
    struct slice text;
    struct regex *regex;
};

struct trace_opening {
    uint16_t grammar;
    const struct trace_transition *transition;
};

struct trace_set {
    struct arena arena;
    struct conf_file **files; /* owned: samples and errors point into them */
    unsigned n_files;
    struct arena read; /* what was read of the files, and samples: goes with them */
    struct trace_grammar **grammars;
    unsigned n;
    struct trace_regex *regexes; /* owned */
    unsigned n_regexes;
    struct trace_opening *openings; /* a pattern of the prefilter each */
    unsigned n_openings;
    struct prefilter *prefilter; /* NULL: all openings are tried on every line */
    uint64_t key;                /* of what its files say, but for samples */
    bool ready;
    bool one_thread;
    struct regex_pool *pool; /* owned; NULL: none */
    struct trace_later {
        trace_load_f *load;
        void *u;
        bool prefilter;
    } later; /* of a set that is not ready yet, and will be when it is first needed */
};

/* What one line of a trace was found to be. */
struct trace_hit {
    const struct trace_hit *above;
    const struct trace_transition *transition;
    struct slice line;  /* without its prefix */
    struct slice match; /* what of it the pattern has matched; all where there is none */
    struct slice value[TRACE_GROUP_N];
};

/* A set that was to be ready later is, from here on. */
void trace_set_now(struct trace_set *set);

#endif
