#include "core/trace_keys.h"

static const char *const do_words[] = {"skip",   "exception", "cause", "effect", "during",  "suppressed", "member",
                                       "names",  "message",   "frame", "place",  "context", "repeat",     "omitted",
                                       "thread", "note",      "leave", "stop",   NULL};
const char *const trace_group_words[] = {"type",   "value",   "module",  "function", "file",   "line",
                                         "column", "package", "context", "count",    "thread", "name",
                                         "state",  "indent",  "rest",    NULL};
static const char *const before_words[] = {"intro", "heading", NULL};
static const char *const order_words[] = {"", "newest first", "oldest first", NULL};

static const struct key transition_keys[] = {
    {.name = "match",
     .type = KEY_TEXT,
     KEY_AT(struct raw_trace_transition, match),
     .help =
         "Regular expression (PCRE2) for the line without what stands before every line. Its groups type, value, "
         "module, function, file, line, column, package, context, count, thread, name, state and indent are what is "
         "read from it; its group rest is read as a line of its own, in the next state. Without it any line that does "
         "not look like the beginning of a record."},
    {.name = "do",
     .type = KEY_ENUM,
     KEY_AT(struct raw_trace_transition, action),
     .names = do_words,
     .def = "skip",
     .help = "What the line is."},
    {.name = "next",
     .type = KEY_STRING,
     KEY_AT(struct raw_trace_transition, next),
     .help = "The state of the next line; by default the same."},
    {.name = "maybe",
     .type = KEY_BOOL,
     KEY_AT(struct raw_trace_transition, maybe),
     .def = "off",
     .help = "The line is part of the trace only if a later one is for sure."},
    {.name = "last",
     .type = KEY_BOOL,
     KEY_AT(struct raw_trace_transition, last),
     .def = "off",
     .help = "The trace ends with this line."},
    {.name = "crash",
     .type = KEY_BOOL,
     KEY_AT(struct raw_trace_transition, crash),
     .def = "off",
     .help = "The program, or a thread of it, ended by this: the event is fatal and not handled."},
    {.name = "after_record",
     .type = KEY_BOOL,
     KEY_AT(struct raw_trace_transition, after_record),
     .def = "off",
     .help =
         "Only where the line above the trace began as records do: there a line that does not is one of the message."},
    {.name = "escaped",
     .type = KEY_BOOL,
     KEY_AT(struct raw_trace_transition, escaped),
     .def = "off",
     .help = "From this line on the trace is written with the escapes of a JSON string, which are taken out of what is "
             "read."},
    {.name = "bare",
     .type = KEY_BOOL,
     KEY_AT(struct raw_trace_transition, bare),
     .def = "off",
     .help = "The line may stand without what the logger puts before every other line of the trace: a further line of "
             "one record of several."},
    {.name = "apart",
     .type = KEY_BOOL,
     KEY_AT(struct raw_trace_transition, apart),
     .def = "off",
     .help = "This line tells that the last cause is none: a trace of its own begins with it."},
    {.name = "above",
     .type = KEY_ENUM,
     KEY_AT(struct raw_trace_transition, before),
     .names = before_words,
     .def = "intro",
     .help = "In the state start: what the line above may be. The log's own words about the trace, or type and value, "
             "for which the state heading is asked."},
    {.name = "frames",
     .type = KEY_ENUM,
     KEY_AT(struct raw_trace_transition, order),
     .names = order_words,
     .help = "The order of this exception's frames, where it is not that of the language. It may stand at any of its "
             "lines."},
    {.name = "set",
     .type = KEY_MAP,
     KEY_MANY(struct raw_trace_transition, set, n_set),
     .of = &key_pair_string,
     .help = "Values for groups that the line does not have."},
    {.name = NULL},
};

static const struct key_table transition_table = {.keys = transition_keys, .size = sizeof(struct raw_trace_transition)};
static const struct key key_transition = {.type = KEY_TABLE, .table = &transition_table};
static const struct key key_state = {
    .type = KEY_LIST, KEY_MANY(struct raw_trace_state, v, n), .of = &key_transition, .min = 1, .max = 100};
static const struct key key_pattern = {.type = KEY_TEXT, KEY_AT(struct raw_trace_pattern, regex)};

static const struct key other_keys[] = {
    {.name = "modules",
     .type = KEY_LIST,
     KEY_MANY(struct raw_trace_grammar, other.modules.v, other.modules.n),
     .of = &key_string,
     .help = "What their modules begin with, hold where the entry begins with a star, or are where it begins with an "
             "equals sign; a minus alone is for those without."},
    {.name = "files",
     .type = KEY_LIST,
     KEY_MANY(struct raw_trace_grammar, other.files.v, other.files.n),
     .of = &key_string,
     .help = "The same of their files."},
    {.name = "functions",
     .type = KEY_LIST,
     KEY_MANY(struct raw_trace_grammar, other.functions.v, other.functions.n),
     .of = &key_string,
     .help = "The same of their functions."},
    {.name = "packages",
     .type = KEY_LIST,
     KEY_MANY(struct raw_trace_grammar, other.packages.v, other.packages.n),
     .of = &key_string,
     .help = "The same of their packages: libraries, jars."},
    {.name = NULL},
};

static const struct key_table other_table = {.keys = other_keys, .size = sizeof(struct raw_trace_grammar)};

static const struct key sample_keys[] = {
    {.name = "lines",
     .type = KEY_STRING,
     KEY_AT(struct raw_trace_sample, lines),
     .required = true,
     .min = 1,
     .help = "Lines as they stand in the log."},
    {.name = "trace",
     .type = KEY_NODE,
     KEY_AT(struct raw_trace_sample, trace),
     .required = true,
     .help = "A part of the trace as crumbd explain shows it, or none."},
    {.name = NULL},
};

static const struct key_table sample_table = {.keys = sample_keys, .size = sizeof(struct raw_trace_sample)};
static const struct key key_sample = {.type = KEY_TABLE, .table = &sample_table};

static const struct key grammar_keys[] = {
    {.name = "language",
     .type = KEY_STRING,
     KEY_AT(struct raw_trace_grammar, language),
     .required = true,
     .min = 1,
     .max = 32,
     .help = "Name of the grammar, unique over all files."},
    {.name = "platform",
     .type = KEY_STRING,
     KEY_AT(struct raw_trace_grammar, platform),
     .required = true,
     .min = 1,
     .max = 32,
     .help = "Sentry's name of the platform."},
    {.name = "frames",
     .type = KEY_ENUM,
     KEY_AT(struct raw_trace_grammar, order),
     .names = order_words,
     .def = "newest first",
     .help = "The order in which the frames of an exception are printed."},
    {.name = "place_of_call",
     .type = KEY_BOOL,
     KEY_AT(struct raw_trace_grammar, place_of_call),
     .def = "off",
     .help = "The place in a frame's line is where it was called, and its own is that of the frame above it."},
    {.name = "split_type",
     .type = KEY_BOOL,
     KEY_AT(struct raw_trace_grammar, split_type),
     .def = "off",
     .help = "a.b.Type is the type Type of the module a.b."},
    {.name = "not_in_app", .type = KEY_TABLE, .table = &other_table, .help = "Frames that are not of the application."},
    {.name = "patterns",
     .type = KEY_MAP,
     KEY_MANY(struct raw_trace_grammar, patterns, n_patterns),
     .of = &key_pattern,
     .help = "Names of this file for %{NAME} in its regular expressions."},
    {.name = "states",
     .type = KEY_MAP,
     KEY_MANY(struct raw_trace_grammar, states, n_states),
     .of = &key_state,
     .required = true,
     .min = 1,
     .max = 64,
     .help = "What a line may be in each state: the first transition that matches is taken, and where none does, the "
             "trace has ended above. start: the lines that begin a trace, wherever in the line they match. heading: "
             "type and value in the line above a frame."},
    {.name = "samples",
     .type = KEY_LIST,
     KEY_MANY(struct raw_trace_grammar, samples, n_samples),
     .of = &key_sample,
     .help = "Lines with the trace they must give; crumbd check runs them."},
    {.name = NULL},
};

const struct key_table trace_grammar_table = {
    .keys = grammar_keys, .size = sizeof(struct raw_trace_grammar), .help = "A grammar of stack traces for crumbd."};
