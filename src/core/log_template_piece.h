/*
 * log_template_piece: the inner half of log_template: what one piece of a message (the bytes between white space,
 * brackets, quotes and commas) becomes in the template. For log_template*.c only; each file builds on those above it
 * here.
 *
 * The work borrows the message and the struct log_template being filled; it lives for one log_template_message.
 */
#ifndef CORE_LOG_TEMPLATE_PIECE_H
#define CORE_LOG_TEMPLATE_PIECE_H

#include "core/log_template.h"
#include "core/recognise.h"

/* What a byte is to the pieces a message is cut into: kinds, and classes that overlap with them. */
enum {
    LOG_TEMPLATE_ALPHA = 1,
    LOG_TEMPLATE_DIGIT = 2,
    LOG_TEMPLATE_DOT = 4,
    LOG_TEMPLATE_COLON = 8,
    LOG_TEMPLATE_SLASH = 16,
    LOG_TEMPLATE_AT = 32,
    LOG_TEMPLATE_END = 64,
    LOG_TEMPLATE_QUOTE = 128,
    LOG_TEMPLATE_KINDS = 255,
    LOG_TEMPLATE_WORD = 256, /* recognise_word_byte */
    LOG_TEMPLATE_HEX = 512,
    LOG_TEMPLATE_UPPER = 1024,
    LOG_TEMPLATE_PATH_END = 2048, /* ends a path and a URL */
    LOG_TEMPLATE_FILE_END = 4096, /* ends a path alone */
    LOG_TEMPLATE_MARK = 8192,     /* the mark of a sentence, when it is the last byte of a path */
    LOG_TEMPLATE_STOP = 16384,    /* the same of a piece */
};

extern const unsigned short log_template_class[256];

/* Backslashes before a quote: one in a text in quotes, three in one within that, seven in the next. */
enum { LOG_TEMPLATE_ESCAPES_MAX = 7 };

/* Words behind which a name of a user may stand: "user", "for" as in "password for", "for" as in "login failed for x
 * from". */
enum log_template_hint {
    LOG_TEMPLATE_HINT_NONE,
    LOG_TEMPLATE_HINT_USER,
    LOG_TEMPLATE_HINT_FOR,
    LOG_TEMPLATE_HINT_FOR_FROM
};

struct log_template_work {
    struct log_template *m;
    const char *s, *e; /* up to here pieces may look: the next match of the configuration's masks, or */
    const char *end;   /* the message's end */
    char *out;
    size_t n;
    const char *lit;                  /* literal text from here on is not yet written */
    const char *last_from, *last_end; /* the last placeholder's bytes in the message, NULL before the first */
    const char *list_from;            /* where the list began that it goes on with */
    const char *last_blank;           /* what follows the last placeholder and a run of white space */
    enum placeholder last;
    unsigned last_at;                            /* where that placeholder stands in out */
    bool full;                                   /* the template can take no more */
    bool no_quote[2];                            /* no closing " or ' ahead: not to be looked for again, */
    bool no_inner[LOG_TEMPLATE_ESCAPES_MAX + 1]; /* nor a " behind so many backslashes */
    const char *literal_quote;                   /* a quote that is text, */
    const char *literal_inner;                   /* and one behind backslashes in that text */
    struct slice prev;                           /* the word before */
    enum log_template_hint hint;                 /* what it says of the next one */
};

static inline unsigned log_template_class_of(char c)
{
    return log_template_class[(unsigned char)c];
}

/* A byte of a word at p. */
static inline bool log_template_word_at(const char *p)
{
    return log_template_class_of(*p) & LOG_TEMPLATE_WORD;
}

/* Whether it is done as of this grouping. */
static inline bool log_template_since(const struct log_template_work *w, unsigned grouping)
{
    return w->m->grouping >= grouping;
}

static inline char log_template_before(const struct log_template_work *w, const char *p)
{
    return p > w->s ? p[-1] : ' ';
}

/* A host at p, with its port where it has one: its length. */
static inline size_t log_template_host(const struct log_template_work *w, const char *p, const char *e)
{
    size_t n = recognise_host(p, e);
    bool port = !n && log_template_since(w, 2) && memchr(p, ':', (size_t)(e - p));
    return port ? recognise_host_port(p, e) : n;
}

/* --- log_template_write.c --- */

/* Adds text to the template; sets full when it did not fit. */
void log_template_put(struct log_template_work *w, const char *p, size_t n);
/* Writes the literal text that waits, up to `to`. */
void log_template_flush(struct log_template_work *w, const char *to);
/* A placeholder for the bytes [from, to) of the message, joined to the one before it where they make a list. Returns
 * `to`. */
const char *log_template_emit(struct log_template_work *w, enum placeholder type, const char *from, const char *to);
/* The same, with a name that is not the type's. */
const char *log_template_emit_name(struct log_template_work *w, enum placeholder type, struct slice name,
                                   const char *from, const char *to);

/* --- log_template_user.c --- */

/* What the word, with the one before it, says of the next one. */
enum log_template_hint log_template_hint_of(const struct log_template_work *w, struct slice word);
/* Keeps the word [p, q) for what comes behind it. */
static inline void log_template_remember(struct log_template_work *w, const char *p, const char *q)
{
    bool may = (q - p == 3 && *p == 'f') || (q - p == 4 && (*p == 'u' || *p == 'U'));
    w->hint = may ? log_template_hint_of(w, slice_of(p, (size_t)(q - p))) : LOG_TEMPLATE_HINT_NONE;
    w->prev = slice_of(p, (size_t)(q - p));
}
/* Whether the word is a user's name, by the hint of the word before it. */
bool log_template_is_user(const struct log_template_work *w, struct slice word);
/* Whether the word tells that something went wrong. */
bool log_template_is_fault(const char *p, size_t n);

/* A piece [p, q) of which something may vary, and what a recogniser found in it. */
struct log_template_span {
    const char *p, *q;
    const char *t;         /* its end without the marks of a sentence */
    unsigned kinds;        /* of all of its bytes */
    const char *from, *to; /* what was found; from is p before that */
    enum placeholder type; /* the row's before that */
};

/* --- log_template_path.c: recognisers of paths and URLs, which may end behind the piece --- */

/* Where a path that has begun ends: at white space, a quote or a bracket. */
const char *log_template_path_end(const char *p, const char *e);
bool log_template_url(const struct log_template_work *w, struct log_template_span *s);
/* Paths that say at their first bytes that they are one. */
bool log_template_path(const struct log_template_work *w, struct log_template_span *s);
/* A path without a leading slash: dir/sub/file.c, src/x.py; not "input/output", "1.5/2.0". */
bool log_template_relative_path(const struct log_template_work *w, struct log_template_span *s);

/* --- log_template_word.c --- */

/* Things with inner punctuation (UUID, address, time) that begin at p, where a word begins. Returns their length; *type
 * is what it is. */
size_t log_template_compound(const struct log_template_work *w, const char *p, const char *q, enum placeholder *type);
/* Word by word through [p, q), which is not one thing as a whole. Returns where to go on. */
const char *log_template_words(struct log_template_work *w, const char *p, const char *q);

/* --- log_template_piece.c --- */

/* The piece [p, q); kinds are those of its bytes. Returns where to go on, which is behind q for what has spaces inside.
 */
const char *log_template_piece(struct log_template_work *w, const char *p, const char *q, unsigned kinds);

/* --- log_template_quote.c --- */

/* A quote at p. Returns where to go on: behind p when it opens nothing. */
const char *log_template_quoted(struct log_template_work *w, const char *p);
/* A '=' at p, the key before it. Returns where to go on. */
const char *log_template_pair(struct log_template_work *w, const char *p);

#endif
