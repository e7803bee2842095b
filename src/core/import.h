/*
 * import: what other programs know of log lines, as rules: filters of fail2ban, files of Grok patterns, parsers of
 * Fluent Bit.
 *
 * What they say is taken apart, and written in the language of rules as far as it can be; of the rest a note says at
 * which line it stands and why. Nothing is proven here: that a pattern compiles, and matches what crumbd makes of a
 * line, is for who writes the rules.
 *
 * Bytes are hostile. Bounded: IMPORT_RULES_MAX rules, IMPORT_NOTES_MAX notes, IMPORT_PATTERN_BYTES a pattern, and
 * IMPORT_WORK_BYTES of all that names stand for. Pure; what is handed out lives in the arena.
 */
#ifndef CORE_IMPORT_H
#define CORE_IMPORT_H

#include "base/arena.h"
#include "base/sbuf.h"
#include "text/grok.h"

enum {
    IMPORT_FILE_BYTES = 1 << 20,
    IMPORT_RULES_MAX = 500,
    IMPORT_NOTES_MAX = 500,
    IMPORT_SAMPLES_MAX = 500,
    IMPORT_PATTERN_BYTES = 16 << 10,
    IMPORT_WORK_BYTES = 8 << 20,
    IMPORT_CUTS_MAX = 12,
};

enum import_kind { IMPORT_FAIL2BAN, IMPORT_GROK, IMPORT_FLUENT_BIT, IMPORT_KINDS };
extern const char *const import_kinds[]; /* their names; NULL ends them */

struct import_rule {
    struct slice name; /* for its id; empty: of its words */
    unsigned line;
    /* Its patterns, Grok in them; the first that matches the message of its line is the rule's. */
    struct slice matches[IMPORT_CUTS_MAX];
    unsigned n_matches;
    /* Patterns of what is read, for making a sample: of a whole line, or of what is behind its time. The first has
       values in it that are as real ones. The second may be empty. */
    struct slice texts[2];
    struct slice unless; /* empty: none */
    struct slice app;    /* pattern of the program; empty: any */
    bool whole_line;
    bool failure; /* something that a client does wrong, a few times; else it only names fields */
};

struct import_note {
    unsigned line;
    const char *text;
};

struct import {
    enum import_kind kind;
    struct arena arena;
    struct import_rule *rules;
    unsigned n_rules;
    struct grok_name *patterns; /* of a Grok file */
    unsigned n_patterns;
    struct slice samples[IMPORT_SAMPLES_MAX]; /* texts of comments, which may be lines that the file is about */
    unsigned n_samples;
    struct import_note *notes;
    unsigned n_notes;
    unsigned count;      /* of failures, */
    struct slice within; /* in a duration: as the file says, or as is usual */
    size_t work_bytes;
    /* A file that this one names, beside it; SLICE_NONE: it cannot be read. */
    struct slice (*beside)(void *u, struct slice name);
    void *u;
};

/* Fills in the rest of *im, of which kind, beside and u are the caller's. import_done frees it. */
void import_read(struct import *im, struct slice text);
void import_done(struct import *im);

/* --- for its readers --- */

void import_fail2ban(struct import *im, struct slice text);
void import_grok(struct import *im, struct slice text);
void import_fluent_bit(struct import *im, struct slice text);
void import_note(struct import *im, unsigned line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* NULL: there are too many, which has been noted. */
struct import_rule *import_add(struct import *im, unsigned line, struct slice name);
/* A comment, without what begins it. */
void import_comment(struct import *im, struct slice text);
/* The next line, trimmed at its end; *line is its number. Control bytes in it are blanks. False: there is none. */
bool import_next_line(struct import *im, struct slice *rest, struct slice *out, unsigned *line);

#endif
