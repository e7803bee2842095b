#include "parsers/text_console.h"

enum { WORD_BYTES = 4, INDENT = 6, CATEGORY_MAX = 256 };

static enum level level_of(struct slice s)
{
    static const struct {
        const char *word;
        enum level level;
    } words[] = {{"trce", LEVEL_DEBUG},   {"dbug", LEVEL_DEBUG}, {"info", LEVEL_INFO},
                 {"warn", LEVEL_WARNING}, {"fail", LEVEL_ERROR}, {"crit", LEVEL_FATAL}};
    if (s.n < WORD_BYTES + 2 || s.p[WORD_BYTES] != ':' || s.p[WORD_BYTES + 1] != ' ')
        return LEVEL_NONE;
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_is(slice_sub(s, 0, WORD_BYTES), words[i].word))
            return words[i].level;
    return LEVEL_NONE;
}

/* A class, with its arguments where it is generic. */
static bool is_in_category(char c)
{
    return ascii_alnum(c) || c == '.' || c == '_' || c == '+' || c == '`' || c == '<' || c == '>' || c == ',' ||
           c == '-' || c == '/';
}

/* "[0]" at the front; its length, or 0. */
static size_t event_number(struct slice s)
{
    size_t minus = s.n > 1 && s.p[1] == '-', digits = slice_span(slice_sub(s, 1 + minus, 12), ascii_digit);
    size_t n = 1 + minus + digits;
    return s.n > n && s.p[0] == '[' && digits && s.p[n] == ']' ? n + 1 : 0;
}

bool text_console(struct slice *s, struct record *r)
{
    enum level level = level_of(*s);
    if (level == LEVEL_NONE)
        return false;
    struct slice rest = slice_from(*s, WORD_BYTES + 2);
    struct slice category = slice_sub(rest, 0, slice_span(slice_sub(rest, 0, CATEGORY_MAX), is_in_category));
    slice_skip(&rest, category.n);
    size_t number = event_number(rest);
    slice_skip(&rest, number);
    if (!category.n || !number || (rest.n && *rest.p != ' '))
        return false;
    slice_skip(&rest, rest.n > 0);
    *s = rest;
    if (!r)
        return true;
    r->level = level;
    r->logger = category;
    r->indent = rest.n ? 0 : INDENT;
    return true;
}
