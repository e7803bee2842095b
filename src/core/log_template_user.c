/* log_template_user: names of users, which only the words around them tell. See log_template_piece.h. */
#include "core/log_template_piece.h"
#include "core/word_set.h"

bool log_template_is_fault(const char *p, size_t n)
{
    return word_set_has(WORD_SET_FAULTS, p, n);
}

static bool followed_by_from(const struct log_template_work *w, const char *p)
{
    return w->e - p > 6 && memcmp(p, " from ", 6) == 0;
}

/* "user: bob", at the end of what is said. */
static bool is_last_word(const struct log_template_work *w, struct slice word)
{
    const char *next = word.p + word.n;
    bool last = next == w->e || *next == ',' || *next == ';' || followed_by_from(w, next);
    return w->hint == LOG_TEMPLATE_HINT_USER && last && !log_template_is_fault(word.p, word.n);
}

/* What may stand between the word that gives the hint and the name: a space, ": " before a name that ends something, or
   a parenthesis around it. */
static bool beside_hint(const struct log_template_work *w, struct slice word)
{
    const char *end = w->prev.p + w->prev.n, *next = word.p + word.n;
    ptrdiff_t gap = word.p - end;
    if (gap == 2 && end[0] == ':' && end[1] == ' ')
        return is_last_word(w, word);
    if (gap == 2 && end[0] == ' ' && end[1] == '(')
        return next < w->e && *next == ')';
    return gap <= 3 && *end == ' ' && word.p[-1] == ' ';
}

bool log_template_is_user(const struct log_template_work *w, struct slice word)
{
    const char *next = word.p + word.n;
    if (word.n == 0 || !beside_hint(w, word) || (next < w->e && *next == '='))
        return false;
    if (w->hint == LOG_TEMPLATE_HINT_FOR_FROM && !followed_by_from(w, next))
        return false;
    return !word_set_has(w->hint == LOG_TEMPLATE_HINT_USER ? WORD_SET_NOT_USERS : WORD_SET_NOT_NAMES, word.p, word.n);
}

enum log_template_hint log_template_hint_of(const struct log_template_work *w, struct slice word)
{
    if (slice_ieq(word, SLICE("user")))
        return LOG_TEMPLATE_HINT_USER;
    if (!slice_is(word, "for"))
        return LOG_TEMPLATE_HINT_NONE;
    return word_set_has(WORD_SET_ACCESSES, w->prev.p, w->prev.n)   ? LOG_TEMPLATE_HINT_FOR
           : word_set_has(WORD_SET_REFUSALS, w->prev.p, w->prev.n) ? LOG_TEMPLATE_HINT_FOR_FROM
                                                                   : LOG_TEMPLATE_HINT_NONE;
}
