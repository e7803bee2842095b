/*
 * scrub_name: names of secrets and of clients, told by their words (scrub_names.def, scrub_words.def). Part of scrub.
 *
 * The table is made once and then only read. Reading a name costs its length, bounded by NAME_WORDS words kept.
 */
#ifndef CORE_SCRUB_NAME_H
#define CORE_SCRUB_NAME_H

#include "base/slice.h"

enum name_kind {
    NAME_NONE,
    NAME_SECRET,
    NAME_WEAK,
    NAME_QUERY,
    NAME_DIGITS,
    NAME_PHRASE,
    NAME_HEADER,
    NAME_ADDRESS,
    NAME_CLIENT,
    NAME_KEEP
};
enum name_flags { NAME_JOINED = 1, NAME_SPACED = 2, NAME_QUOTED = 4, NAME_TIGHT = 8 };
enum word_role {
    WORD_TAIL = 1,
    WORD_PROSE = 2,
    WORD_SYNTAX = 4,
    WORD_ID = 8,
    WORD_CARD = 16,
    WORD_FROM = 32,
    WORD_SERVER = 64,
    WORD_SCHEME = 128,
    WORD_STATE = 256,
};

enum { NAME_WORDS = 12, NAME_WORD_MAX = 31, NAME_SLOTS = 2048, NAME_ROWS = 256, NAME_ROW_WORDS = 3 };

/* Words of the names that stand side by side, the newest last. */
struct name_words {
    unsigned short ids[NAME_WORDS]; /* 0: a word that no table has */
    unsigned n;
    unsigned fresh; /* how many of them the last identifier has */
    bool digits;    /* its last word is a number, which is not among them */
};

struct name_word {
    const char *p;
    unsigned char n;
    unsigned short roles;
    unsigned short last_of; /* the first row whose last word it is, + 1 */
    bool joined;            /* it ends longer words */
};

struct name_row {
    unsigned short ids[NAME_ROW_WORDS];
    unsigned char n, flags;
    enum name_kind kind;
    unsigned short next; /* with the same last word, longer ones first, + 1 */
};

struct names {
    struct name_word words[NAME_SLOTS]; /* open addressing; slot 0 stays empty */
    struct name_row rows[NAME_ROWS];
    unsigned n_rows, n_words;
    uint32_t lengths[256]; /* bit n: a word of n bytes begins with this one */
};

struct name_is {
    enum name_kind kind;
    unsigned flags;
};

void names_init(struct names *n);
/* What one byte, or an escape of one (%41, \u0041, &#65;), stands for. */
struct unit {
    unsigned char c, n;  /* the byte, and how long it is in the text; n == 0: the text is over */
    unsigned char layer; /* how often it was escaped */
};
struct unit unit_escaped(struct slice t, size_t i);
static inline struct unit unit_at(struct slice t, size_t i)
{
    if (i >= t.n)
        return (struct unit){0, 0, 0};
    char c = t.p[i];
    return c == '%' || c == '&' || c == '\\' ? unit_escaped(t, i) : (struct unit){(unsigned char)c, 1, 0};
}
/* Reads the identifier at i, which begins with a letter, a digit or an escape of one; returns its end. goes_on: it
 * stands one space behind the one before. */
size_t names_read(const struct names *n, struct slice t, size_t i, bool goes_on, struct name_words *w);
/* What the last identifier names, with the ones before it. */
struct name_is names_of(const struct names *n, const struct name_words *w);
/* A whole name, of a field, header or parameter. */
struct name_is names_field(const struct names *n, struct slice name);
/* Roles of one word. */
unsigned names_roles(const struct names *n, struct slice word);
/* Roles of the words of the last identifier. */
unsigned names_last_roles(const struct names *n, const struct name_words *w);

#endif
