#include "parsers/text_level.h"

#include "parsers/text_parts.h"

enum text_spelling text_level_spelling(struct slice word)
{
    bool upper = true, lower = true;
    for (size_t i = 0; i < word.n; i++) {
        upper = upper && ascii_capital(word.p[i]);
        lower = lower && ascii_small(word.p[i]);
    }
    return upper ? SPELT_UPPER : lower ? SPELT_LOWER : SPELT_OTHER;
}

size_t text_level_word(struct slice s)
{
    return slice_span(slice_sub(s, 0, NAME_MAX), ascii_alpha);
}

/* Words that begin sentences as often as they name a level: bare ones say nothing. */
static bool is_weak(struct slice word)
{
    static const struct slice weak[] = {{"LOG", 3},   {"NOTE", 4}, {"FINE", 4},    {"CONFIG", 6},     {"SUCCESS", 7},
                                        {"AUDIT", 5}, {"FAIL", 4}, {"FAILURE", 7}, {"DEPRECATED", 10}};
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++)
        if (slice_eq(word, weak[i]))
            return true;
    return word.n < 3;
}

/* "[7]", the process behind Asterisk's level. */
static bool is_number_in_brackets(struct slice s)
{
    struct slice inside;
    return pair_at(s, '[', ']', &inside) && all_digits(inside);
}

/* A word in capitals names a level where a colon, a column's end or white space is behind it. */
static bool is_level_in_capitals(struct slice word, struct slice behind, bool stamped)
{
    char next = behind.n ? *behind.p : ' ';
    if (next == ':')
        return word.n > 2;
    bool ended =
        next == ' ' || next == '\t' || next == '|' || (stamped && next == '[' && is_number_in_brackets(behind));
    skip_spaces(&behind);
    return (stamped && starts(behind, "|")) || (ended && !is_weak(word));
}

/* "Note: x", "Config: x": headings of a text rather than levels below a warning, where no time is before them. */
static bool is_heading(struct slice word)
{
    static const char *const headings[] = {"log", "note", "fine", "trace", "config", "success", "audit", "deprecated"};
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        if (slice_ieq(word, slice_str(headings[i])))
            return true;
    return false;
}

/* A word that is not in capitals names a level where a colon is behind it; `lower` (in small letters, behind a time),
   also in a column; between bars in any spelling. */
static bool is_level_otherwise(struct slice word, struct slice behind, bool lower, bool column, size_t *taken)
{
    struct slice column_end = behind;
    bool padded = skip_spaces(&column_end) && starts(column_end, ": "); /* libvirt, and Monit in a column */
    if (lower && !is_weak(word) && (starts(behind, "\t") || padded))    /* zap in columns */
        return true;
    if (lower && slice_is(word, "fatal") && starts(behind, " error: ")) /* Unbound */
        return *taken += strlen(" error"), true;
    if (column && (starts(behind, "|") || starts(column_end, "| "))) /* NLog, in columns, as it spells them */
        return true;
    if (!starts(behind, ":") || word.n < 3 || (!column && is_heading(word)))
        return false;
    /* "panic: " is Go's own, and without a time "error: " may be a compiler's. */
    if (!lower || slice_is(word, "panic"))
        *taken = 0;
    return true;
}

enum level text_level_at(struct slice s, bool stamped, size_t *taken)
{
    struct slice word = slice_sub(s, 0, text_level_word(s)), behind = slice_from(s, word.n);
    enum level level = level_from_word(word);
    if (level == LEVEL_NONE)
        return LEVEL_NONE;
    enum text_spelling spelling = text_level_spelling(word);
    *taken = word.n;
    bool is = spelling == SPELT_UPPER
                  ? is_level_in_capitals(word, behind, stamped)
                  : is_level_otherwise(word, behind, stamped && spelling == SPELT_LOWER, stamped, taken);
    return is ? level : LEVEL_NONE;
}

enum level text_level_in_words(struct slice s)
{
    size_t n = text_level_word(s);
    struct slice word = slice_sub(s, 0, n);
    bool level = n > 3 && n + 1 < s.n && s.p[n] == ' ' && text_level_spelling(word) == SPELT_UPPER && !is_weak(word);
    return level ? level_from_word(word) : LEVEL_NONE;
}

enum level text_level_in_stars(struct slice s, size_t *taken)
{
    size_t n = slice_span(slice_sub(s, 1, NAME_MAX), ascii_capital);
    *taken = n + 2;
    return n > 2 && n + 1 < s.n && s.p[n + 1] == '*' ? level_from_word(slice_sub(s, 1, n + 1)) : LEVEL_NONE;
}

/* What stands behind the time. True: it is a colon by itself, " : ". */
static bool skip_colon(struct slice *s)
{
    struct slice rest = *s;
    bool apart = skip_spaces(&rest) && starts(rest, ": ");
    if (apart)
        *s = rest;
    slice_skip(s, starts(*s, ": ") ? 2 : 0);
    skip_spaces(s);
    return apart;
}

enum level text_level_behind_time(struct slice *s)
{
    if (!skip_colon(s))
        return LEVEL_NONE;
    size_t n = text_level_word(*s);
    enum level level = n > 2 && starts(slice_from(*s, n), ": ") ? level_from_word(slice_sub(*s, 0, n)) : LEVEL_NONE;
    slice_skip(s, level != LEVEL_NONE ? n + 2 : 0);
    return level;
}

enum level text_level_php(struct slice s)
{
    static const struct {
        const char *word;
        enum level level;
    } words[] = {
        {"Fatal error:", LEVEL_ERROR}, {"Parse error:", LEVEL_ERROR}, {"Recoverable fatal error:", LEVEL_ERROR},
        {"Warning:", LEVEL_WARNING},   {"Notice:", LEVEL_INFO},       {"Deprecated:", LEVEL_INFO}};
    if (starts(s, "PHP "))
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (slice_starts(slice_from(s, 4), slice_str(words[i].word)))
                return words[i].level;
    return LEVEL_NONE;
}
