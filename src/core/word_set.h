/*
 * word_set: whether a word is in one of the lists that templates of messages are read by (word_sets.def). Pure; a
 * look-up reads the words of the list that begin with the same letter.
 */
#ifndef CORE_WORD_SET_H
#define CORE_WORD_SET_H

#include "base/slice.h"

enum word_set {
#define WORD_SET(name) WORD_SET_##name,
#define WORDS(name, letter, words)
#include "core/word_sets.def"
#undef WORD_SET
#undef WORDS
    WORD_SETS
};

/* Whether the word is in the list, case-insensitively. */
bool word_set_has(enum word_set set, const char *p, size_t n);

#endif
