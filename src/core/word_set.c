#include "core/word_set.h"

static const char *const lists[WORD_SETS]['z' - 'a' + 1] = {
#define WORD_SET(name)
#define WORDS(name, letter, words) [WORD_SET_##name][(letter) - 'a'] = (words),
#include "core/word_sets.def"
#undef WORD_SET
#undef WORDS
};

bool word_set_has(enum word_set set, const char *p, size_t n)
{
    if (n == 0 || !ascii_alpha(*p))
        return false;
    const char *w = lists[set][ascii_lower(*p) - 'a'];
    while (w && *w) {
        size_t i = 0;
        while (i < n && w[i] == ascii_lower(p[i]))
            i++;
        if (i == n && w[i] == ' ')
            return true;
        while (*w++ != ' ') {
        }
    }
    return false;
}
