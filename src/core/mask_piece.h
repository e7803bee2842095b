/*
 * mask_piece: the inner half of mask: what one piece of a message (the bytes between white space, brackets,
 * quotes and commas) becomes in the template. For mask.c only.
 *
 * The work borrows the message and the struct mask being filled; it lives for one mask_message.
 */
#ifndef CORE_MASK_PIECE_H
#define CORE_MASK_PIECE_H

#include "core/mask.h"
#include "core/token.h"

/* What a byte is to the pieces a message is cut into. */
enum {
    MASK_ALPHA = 1,
    MASK_DIGIT = 2,
    MASK_DOT = 4,
    MASK_COLON = 8,
    MASK_SLASH = 16,
    MASK_AT = 32,
    MASK_END = 64,
    MASK_QUOTE = 128
};

extern const unsigned char mask_class[256];

/* Words behind which a name of a user may stand: "user", "for" as in "password for", "for" as in "login failed for x from". */
enum mask_hint { MASK_HINT_NONE, MASK_HINT_USER, MASK_HINT_FOR, MASK_HINT_FOR_FROM };

struct mask_work {
    struct mask *m;
    const char *s, *e;
    char *out;
    size_t n;
    const char *lit;                  /* literal text from here on is not yet written */
    const char *last_from, *last_end; /* the last placeholder's bytes in the message, NULL before the first */
    const char *last_blank;           /* what follows the last placeholder and a run of white space */
    enum token last;
    unsigned last_at;          /* where that placeholder stands in out */
    bool full;                 /* the template can take no more */
    bool no_quote[2];          /* no closing " or ' ahead: not to be looked for again */
    const char *literal_quote; /* a quote that is text */
    struct slice prev;         /* the word before */
    enum mask_hint hint;       /* what it says of the next one */
};

static inline unsigned char mask_class_of(char c)
{
    return mask_class[(unsigned char)c];
}

/* Adds text to the template; sets full when it did not fit. */
void mask_put(struct mask_work *w, const char *p, size_t n);
/* Writes the literal text that waits, up to `to`. */
void mask_flush(struct mask_work *w, const char *to);
/* A placeholder for the bytes [from, to) of the message, joined to the one before it where they make a list.
 */
void mask_emit(struct mask_work *w, enum token type, const char *from, const char *to);
/* A piece [p, q) of which something may vary; acc holds the classes of its bytes. Returns where to go on,
   which is behind q for what has spaces inside. */
const char *mask_piece(struct mask_work *w, const char *p, const char *q, unsigned acc);

/* --- mask_user.c --- */

/* What the word, with the one before it, says of the next one. */
enum mask_hint mask_hint_of(const struct mask_work *w, struct slice word);
/* Keeps the word [p, q) for what comes behind it. */
static inline void mask_remember(struct mask_work *w, const char *p, const char *q)
{
    bool may = (q - p == 3 && *p == 'f') || (q - p == 4 && (*p == 'u' || *p == 'U'));
    w->hint = may ? mask_hint_of(w, slice_of(p, (size_t)(q - p))) : MASK_HINT_NONE;
    w->prev = slice_of(p, (size_t)(q - p));
}
/* Whether the word is a user's name, by the hint of the word before it. */
bool mask_is_user(const struct mask_work *w, struct slice word);
/* Two spaces at p behind "user" where the name is empty: takes a placeholder for nothing, so that the line is like one with a name. */
bool mask_empty_user(struct mask_work *w, const char *p);
/* mask.c: whether the word tells that something went wrong. */
bool mask_is_fault(const char *p, size_t n);

#endif
