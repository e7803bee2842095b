/*
 * log_template_piece: the inner half of mask: what one piece of a message (the bytes between white space, brackets,
 * quotes and commas) becomes in the template. For log_template.c only.
 *
 * The work borrows the message and the struct log_template being filled; it lives for one log_template_message.
 */
#ifndef CORE_LOG_TEMPLATE_PIECE_H
#define CORE_LOG_TEMPLATE_PIECE_H

#include "core/log_template.h"
#include "core/recognise.h"

/* What a byte is to the pieces a message is cut into. */
enum {
    LOG_TEMPLATE_ALPHA = 1,
    LOG_TEMPLATE_DIGIT = 2,
    LOG_TEMPLATE_DOT = 4,
    LOG_TEMPLATE_COLON = 8,
    LOG_TEMPLATE_SLASH = 16,
    LOG_TEMPLATE_AT = 32,
    LOG_TEMPLATE_END = 64,
    LOG_TEMPLATE_QUOTE = 128
};

extern const unsigned char log_template_class[256];

/* Words behind which a name of a user may stand: "user", "for" as in "password for", "for" as in "login failed for x from". */
enum log_template_hint { LOG_TEMPLATE_HINT_NONE, LOG_TEMPLATE_HINT_USER, LOG_TEMPLATE_HINT_FOR, LOG_TEMPLATE_HINT_FOR_FROM };

struct log_template_work {
    struct log_template *m;
    const char *s, *e;
    char *out;
    size_t n;
    const char *lit;                  /* literal text from here on is not yet written */
    const char *last_from, *last_end; /* the last placeholder's bytes in the message, NULL before the first */
    const char *last_blank;           /* what follows the last placeholder and a run of white space */
    enum placeholder last;
    unsigned last_at;          /* where that placeholder stands in out */
    bool full;                 /* the template can take no more */
    bool no_quote[2];          /* no closing " or ' ahead: not to be looked for again */
    const char *literal_quote; /* a quote that is text */
    struct slice prev;         /* the word before */
    enum log_template_hint hint;       /* what it says of the next one */
};

static inline unsigned char log_template_class_of(char c)
{
    return log_template_class[(unsigned char)c];
}

/* Adds text to the template; sets full when it did not fit. */
void log_template_put(struct log_template_work *w, const char *p, size_t n);
/* Writes the literal text that waits, up to `to`. */
void log_template_flush(struct log_template_work *w, const char *to);
/* A placeholder for the bytes [from, to) of the message, joined to the one before it where they make a list.
 */
void log_template_emit(struct log_template_work *w, enum placeholder type, const char *from, const char *to);
/* A piece [p, q) of which something may vary; acc holds the classes of its bytes. Returns where to go on,
   which is behind q for what has spaces inside. */
const char *log_template_piece(struct log_template_work *w, const char *p, const char *q, unsigned acc);

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

#endif
