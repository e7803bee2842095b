#include "parsers/level_said.h"

enum { FRONT_BYTES = 4096, WORD_LEAST = 3, TOPICS_BYTES = 80 };

/* ---- pairs ---- */

static bool ends_a_name(char c)
{
    return c == ' ' || c == '\t' || c == ',' || c == '|' || c == ';' || c == '(' || c == '[' || c == '{';
}

static bool ends_a_value(char c)
{
    return ascii_space(c) || c == ',' || c == '|' || c == ';' || c == ':' || c == ')' || c == ']' || c == '}';
}

/* Its last bytes are such a name, and one begins there. */
static bool ends_with_name(struct slice s)
{
    static const struct slice names[] = {{"level", 5}, {"lvl", 3}, {"severity", 8}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t before = s.n < names[i].n ? 0 : s.n - names[i].n;
        if (slice_ieq(slice_from(s, before), names[i]) && (!before || ends_a_name(s.p[before - 1])))
            return true;
    }
    return false;
}

/* A word of one or two letters is a value of any kind. */
static enum level level_of_value(struct slice s)
{
    bool quoted = s.n && *s.p == '"';
    s = slice_from(s, quoted);
    size_t n = slice_span(slice_sub(s, 0, FRONT_BYTES), ascii_alpha);
    bool ended = n == s.n ? !quoted : quoted ? s.p[n] == '"' : ends_a_value(s.p[n]);
    return n >= WORD_LEAST && ended ? level_from_word(slice_sub(s, 0, n)) : LEVEL_NONE;
}

static bool is_in_key(char c)
{
    return ascii_alnum(c) || c == '_' || c == '.' || c == '-';
}

static bool is_no_letter(char c)
{
    return !ascii_alpha(c) && c != '=' && c != '"';
}

/* From its first word on: a pair in the middle of a sentence may be whatever a client has sent. */
static bool begins_with_pair(struct slice s)
{
    s = slice_from(s, slice_span(s, is_no_letter));
    size_t n = slice_span(s, is_in_key);
    return n && n < s.n && s.p[n] == '=';
}

static enum level level_of_pairs(struct slice s)
{
    enum level level = LEVEL_NONE;
    if (!begins_with_pair(s))
        return level;
    for (const char *at = s.p, *end = s.p + s.n; level == LEVEL_NONE; at++) {
        at = at < end ? memchr(at, '=', (size_t)(end - at)) : NULL;
        if (!at)
            break;
        if (ends_with_name(slice_of(s.p, (size_t)(at - s.p))))
            level = level_of_value(slice_of(at + 1, (size_t)(end - at - 1)));
    }
    return level;
}

/* ---- events ---- */

/* 0 to 10, or the words that ArcSight has for it. */
static enum level level_of_risk(struct slice s)
{
    static const struct {
        const char *word;
        enum level level;
    } words[] = {{"Low", LEVEL_INFO}, {"Medium", LEVEL_WARNING}, {"High", LEVEL_ERROR}, {"Very-High", LEVEL_FATAL}};
    uint64_t n;
    s = slice_trim(s);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_ieq(s, slice_str(words[i].word)))
            return words[i].level;
    if (!slice_u64(s, &n) || n > 10)
        return LEVEL_NONE;
    return n > 8 ? LEVEL_FATAL : n > 6 ? LEVEL_ERROR : n > 3 ? LEVEL_WARNING : LEVEL_INFO;
}

struct slice level_said_column(struct slice *s)
{
    size_t n = 0;
    while (n < s->n && s->p[n] != '|')
        n += s->p[n] == '\\' ? 2 : 1;
    struct slice column = slice_sub(*s, 0, n);
    *s = slice_from(*s, n + 1);
    return column;
}

/* CEF:version|vendor|product|version|class|name|severity|pairs */
static enum level level_of_cef(struct slice s)
{
    enum { BEFORE = 6 };
    for (int i = 0; i < BEFORE; i++)
        level_said_column(&s);
    return level_of_risk(level_said_column(&s));
}

static bool is_digit_or_none(struct slice s, size_t at)
{
    return at >= s.n || !ascii_digit(s.p[at]);
}

/* LEEF:version|vendor|product|version|event|pairs, of which sev is one, behind a tab or what 2.0 names in its place. */
static enum level level_of_leef(struct slice s)
{
    ptrdiff_t at = slice_find(s, SLICE("sev="));
    if (at < 1 || ascii_alnum(s.p[at - 1]))
        return LEVEL_NONE;
    struct slice value = slice_from(s, (size_t)at + 4);
    size_t n = slice_span(slice_sub(value, 0, 2), ascii_digit);
    return is_digit_or_none(value, n) ? level_of_risk(slice_sub(value, 0, n)) : LEVEL_NONE;
}

static bool is_event(struct slice s)
{
    bool cef = slice_starts(s, SLICE("CEF:")), leef = slice_starts(s, SLICE("LEEF:"));
    struct slice version = slice_sub(slice_from(s, cef ? 4 : 5), 0, 8);
    return (cef || leef) && version.n && ascii_digit(*version.p) && slice_chr(version, '|');
}

bool level_said_event(struct slice text, struct slice *product)
{
    struct slice s = slice_sub(text, 0, FRONT_BYTES);
    if (!is_event(s))
        return false;
    level_said_column(&s);
    level_said_column(&s);
    *product = level_said_column(&s);
    return true;
}

enum level level_said(struct slice text)
{
    struct slice s = slice_sub(text, 0, FRONT_BYTES);
    if (is_event(s))
        return *s.p == 'C' ? level_of_cef(s) : level_of_leef(s);
    return s.n ? level_of_pairs(s) : LEVEL_NONE;
}

/* ---- topics ---- */

static bool is_in_topic(char c)
{
    return ascii_small(c) || ascii_digit(c) || c == '-';
}

static bool is_in_topics(char c)
{
    return is_in_topic(c) || c == ',';
}

/* In the order in which they count: RouterOS names "error,critical" what is an error. */
static const struct {
    const char *name;
    enum level level;
} topic_levels[] = {{"error", LEVEL_ERROR},
                    {"critical", LEVEL_FATAL},
                    {"warning", LEVEL_WARNING},
                    {"info", LEVEL_INFO},
                    {"debug", LEVEL_DEBUG}};
enum { TOPIC_LEVELS = sizeof topic_levels / sizeof *topic_levels };

enum level level_said_topics(struct slice text, size_t *taken)
{
    size_t n = slice_span(slice_sub(text, 0, TOPICS_BYTES), is_in_topics), best = TOPIC_LEVELS;
    struct slice rest = slice_sub(text, 0, n);
    if (n == text.n || text.p[n] != ' ' || !slice_chr(rest, ','))
        return LEVEL_NONE;
    while (rest.p) {
        struct slice topic = slice_split(&rest, ',');
        if (topic.n < 2)
            return LEVEL_NONE;
        for (size_t i = 0; i < best; i++)
            if (slice_is(topic, topic_levels[i].name))
                best = i;
    }
    *taken = n;
    return best < TOPIC_LEVELS ? topic_levels[best].level : LEVEL_NONE;
}
