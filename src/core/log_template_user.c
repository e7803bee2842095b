/* log_template_user: names of users, which only the words around them tell. See log_template_piece.h. */
#include "core/log_template_piece.h"

static const struct word_set not_users = {{
    ['a' - 'a'] = "authentication agent at and as account access ",
    ['b' - 'a'] = "by ",
    ['c' - 'a'] = "can cannot could credentials ",
    ['d' - 'a'] = "does did data defined directory ",
    ['e' - 'a'] = "error ",
    ['f' - 'a'] = "from for ",
    ['g' - 'a'] = "group groups ",
    ['h' - 'a'] = "has had home ",
    ['i' - 'a'] = "id is in input interface info information ",
    ['l' - 'a'] = "level ",
    ['m' - 'a'] = "may must mode ",
    ['n' - 'a'] = "name not ",
    ['o' - 'a'] = "on of or ",
    ['p' - 'a'] = "process program permission permissions password ",
    ['r' - 'a'] = "request ",
    ['s' - 'a'] = "space session ",
    ['t' - 'a'] = "to that time ",
    ['u' - 'a'] = "unknown ",
    ['w' - 'a'] = "was with without who which whose ",
}};

static const struct word_set accesses = {{
    ['f' - 'a'] = "failure failures ",
    ['h' - 'a'] = "hostbased ",
    ['l' - 'a'] = "login logon ",
    ['n' - 'a'] = "none ",
    ['p' - 'a'] = "password publickey pam ",
}};

static const struct word_set refusals = {{
    ['a' - 'a'] = "accepted ",
    ['d' - 'a'] = "denied ",
    ['f' - 'a'] = "failed ",
    ['r' - 'a'] = "refused rejected ",
}};

static const struct word_set not_names = {{
    ['a' - 'a'] = "a an all ",
    ['e' - 'a'] = "each ",
    ['i' - 'a'] = "invalid illegal ",
    ['r' - 'a'] = "root's ",
    ['t' - 'a'] = "the this that ",
    ['u' - 'a'] = "user ",
    ['y' - 'a'] = "your ",
}};

/* Words of a quoted text that says what went wrong, and does not just name something. */
static const struct word_set faults = {{
    ['a' - 'a'] = "aborted ",
    ['b' - 'a'] = "broken ",
    ['c' - 'a'] = "cannot closed corrupt corrupted ",
    ['d' - 'a'] = "denied disconnected ",
    ['e' - 'a'] = "error exceeded exhausted expired ",
    ['f' - 'a'] = "failed failure forbidden ",
    ['i' - 'a'] = "invalid ",
    ['m' - 'a'] = "missing ",
    ['n' - 'a'] = "no not ",
    ['r' - 'a'] = "refused rejected reset ",
    ['t' - 'a'] = "timed timeout ",
    ['u' - 'a'] = "unable unavailable unexpected unknown unreachable unsupported ",
}};

bool log_template_is_fault(const char *p, size_t n)
{
    return word_set_has(&faults, p, n);
}

static bool followed_by_from(const struct log_template_work *w, const char *p)
{
    return w->e - p > 6 && memcmp(p, " from ", 6) == 0;
}

/* What may stand between the word that gives the hint and the name: a space, ": " before a name that ends something, or a
   parenthesis around it. */
static bool beside_hint(const struct log_template_work *w, struct slice word)
{
    const char *end = w->prev.p + w->prev.n, *next = word.p + word.n;
    ptrdiff_t gap = word.p - end;
    if (gap == 2 && end[0] == ':' && end[1] == ' ')
        return w->hint == LOG_TEMPLATE_HINT_USER && (next == w->e || *next == ',' || *next == ';' || followed_by_from(w, next)) &&
               !log_template_is_fault(word.p, word.n);
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
    const struct word_set *others = w->hint == LOG_TEMPLATE_HINT_USER ? &not_users : &not_names;
    return !word_set_has(others, word.p, word.n);
}

enum log_template_hint log_template_hint_of(const struct log_template_work *w, struct slice word)
{
    if (slice_ieq(word, SLICE("user")))
        return LOG_TEMPLATE_HINT_USER;
    if (!slice_is(word, "for"))
        return LOG_TEMPLATE_HINT_NONE;
    return word_set_has(&accesses, w->prev.p, w->prev.n)   ? LOG_TEMPLATE_HINT_FOR
           : word_set_has(&refusals, w->prev.p, w->prev.n) ? LOG_TEMPLATE_HINT_FOR_FROM
                                                           : LOG_TEMPLATE_HINT_NONE;
}
