/*
 * text: lines of programs that follow no format, with time and level in front where loggers put them.
 *
 * Never refuses. Takes off what it understands: <N> of sd-daemon(3), a time, process and thread, the level,
 * the logger's name; the message is what follows. What is not understood stays in the message, and a line
 * without a time that begins with white space (a frame of a stack trace) is kept as it is. "Error: x" stays
 * whole too: it may be an exception's type and value.
 */
#include "parsers/parsers.h"

#include "base/utf8.h"
#include "parsers/text_head.h"

enum { TOKENS_MAX = 6, NAME_MAX = 120, BRACKETS_MAX = 400 };

static void skip(struct slice *s, size_t n)
{
    *s = slice_from(*s, n);
}

static bool skip_spaces(struct slice *s)
{
    size_t n = 0;
    while (n < s->n && (s->p[n] == ' ' || s->p[n] == '\t'))
        n++;
    skip(s, n);
    return n > 0;
}

static bool starts(struct slice s, const char *text)
{
    return slice_starts(s, slice_str(text));
}

/* A pair of brackets at the front, with pairs inside; *inside is what is between them. 0 when there is none.
 */
static size_t group_at(struct slice s, struct slice *inside)
{
    if (!s.n || s.p[0] != '[')
        return 0;
    unsigned depth = 0;
    for (size_t i = 0; i < s.n && i < BRACKETS_MAX && s.p[i] != '\n'; i++) {
        depth += s.p[i] == '[';
        depth -= s.p[i] == ']';
        if (depth == 0) {
            *inside = slice_sub(s, 1, i);
            return i + 1;
        }
    }
    return 0;
}

static bool all_digits(struct slice s)
{
    uint64_t v;
    return s.n < 20 && slice_u64(s, &v);
}

enum spelling { SPELT_OTHER, SPELT_UPPER, SPELT_LOWER };

static enum spelling spelling_of(struct slice word)
{
    bool upper = true, lower = true;
    for (size_t i = 0; i < word.n; i++) {
        upper = upper && word.p[i] >= 'A' && word.p[i] <= 'Z';
        lower = lower && word.p[i] >= 'a' && word.p[i] <= 'z';
    }
    return upper ? SPELT_UPPER : lower ? SPELT_LOWER : SPELT_OTHER;
}

static size_t word_length(struct slice s)
{
    size_t n = 0;
    while (n < s.n && n < NAME_MAX && ascii_alpha(s.p[n]))
        n++;
    return n;
}

/* Words that begin sentences as often as they name a level: bare ones say nothing. */
static bool is_weak(struct slice word)
{
    static const char *const weak[] = {"LOG",   "NOTE", "FINE",    "CONFIG",    "SUCCESS",
                                       "AUDIT", "FAIL", "FAILURE", "DEPRECATED"};
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++)
        if (slice_is(word, weak[i]))
            return true;
    return word.n < 3;
}

/*
 * The level that the word at the front names by its spelling and what is behind it. *taken: its length, or 0
 * when it is part of the message as well.
 */
static enum level level_at(struct slice s, bool stamped, size_t *taken)
{
    struct slice word = slice_sub(s, 0, word_length(s));
    enum level level = level_from_word(word);
    if (level == LEVEL_NONE)
        return LEVEL_NONE;
    char next = word.n < s.n ? s.p[word.n] : ' ';
    bool colon = next == ':';
    enum spelling spelling = spelling_of(word);
    *taken = word.n;
    if (spelling == SPELT_UPPER)
        return (colon && word.n > 2) || ((next == ' ' || next == '\t' || next == '|') && !is_weak(word))
                   ? level
                   : LEVEL_NONE;
    if (!colon || word.n < 3)
        return LEVEL_NONE;
    /* "panic: " is Go's own, and without a time "error: " may be a compiler's. */
    if (spelling != SPELT_LOWER || !stamped || slice_is(word, "panic"))
        *taken = 0;
    return level;
}

/* Level, process or module in one pair of brackets: [error], [core:error], [7], [pid 7:tid 8]. */
static enum level level_in(struct slice inside, struct record *r)
{
    struct slice text = slice_trim(inside), module = text;
    enum level level = level_from_word(text);
    if (level != LEVEL_NONE && (text.n > 1 || spelling_of(text) == SPELT_UPPER))
        return level;
    level = LEVEL_NONE;
    if (all_digits(text)) {
        r->procid = text;
    } else if (starts(text, "pid ")) {
        struct slice pid = slice_from(text, 4);
        r->procid = slice_split(&pid, ':');
    } else if (slice_chr(text, ':')) {
        module = slice_split(&text, ':');
        level = level_from_word(text);
        if (level != LEVEL_NONE)
            r->logger = module;
    }
    return level;
}

/* "channel.LEVEL:" of Monolog, at the front. */
static enum level channel_level(struct slice s, struct record *r, size_t *taken)
{
    size_t n = 0, dot = 0;
    for (;
         n < s.n && n < NAME_MAX && (ascii_alnum(s.p[n]) || s.p[n] == '_' || s.p[n] == '.' || s.p[n] == '-');
         n++)
        if (s.p[n] == '.')
            dot = n;
    struct slice word = slice_sub(s, dot + 1, n);
    if (!dot || n >= s.n || s.p[n] != ':' || spelling_of(word) != SPELT_UPPER)
        return LEVEL_NONE;
    enum level level = level_from_word(word);
    if (level != LEVEL_NONE)
        r->logger = slice_sub(s, 0, dot);
    *taken = n;
    return level;
}

/* What may stand between time and level: a process id, user@database, or "name - ". */
static bool skip_name(struct slice *s, struct record *r)
{
    size_t n = 0;
    while (n < s->n && n < NAME_MAX && !ascii_space(s->p[n]))
        n++;
    struct slice name = slice_sub(*s, 0, n);
    if (!n || n == s->n || n == NAME_MAX)
        return false;
    bool dash = starts(slice_from(*s, n), " - ");
    if (all_digits(name))
        r->procid = name;
    else if (dash)
        r->logger = name;
    else if (!slice_chr(name, '@'))
        return false;
    skip(s, n);
    return true;
}

/* Finds the level in what follows the time. On success *s is behind it. */
static enum level level_from(struct slice *s, struct record *r, bool stamped)
{
    struct slice rest = *s, inside;
    for (int i = 0; i < TOKENS_MAX; i++) {
        skip_spaces(&rest);
        if (rest.n > 1 && (rest.p[0] == '-' || rest.p[0] == '|' || rest.p[0] == ':') && rest.p[1] == ' ') {
            skip(&rest, 1);
            continue;
        }
        size_t taken = group_at(rest, &inside);
        enum level level = LEVEL_NONE;
        if (taken) {
            level = level_in(inside, r);
        } else {
            level = level_at(rest, stamped, &taken);
            if (level == LEVEL_NONE)
                level = channel_level(rest, r, &taken);
        }
        if (level != LEVEL_NONE) {
            if (taken) {
                skip(&rest, taken);
                *s = rest;
            }
            return level;
        }
        if (taken)
            skip(&rest, taken);
        else if (!stamped || !skip_name(&rest, r))
            break;
    }
    return LEVEL_NONE;
}

/* ValueError, java.io.IOException: the type of what went wrong; AH00124, ORA-00600: a message's number. Not
 * loggers. */
static bool names_a_fault(struct slice name)
{
    bool digit = false, lower = false;
    for (size_t i = 0; i < name.n; i++) {
        digit = digit || ascii_digit(name.p[i]);
        lower = lower || (name.p[i] >= 'a' && name.p[i] <= 'z');
    }
    return (digit && !lower) || slice_ends(name, SLICE("Error")) || slice_ends(name, SLICE("Exception")) ||
           slice_ends(name, SLICE("Warning"));
}

static bool is_dotted(struct slice name)
{
    return slice_chr(name, '.') || slice_chr(name, ':') || slice_chr(name, '_') || slice_chr(name, '/');
}

/* org.apache.catalina.core.StandardService.initInternal: the class and method that the JDK's own logging prints. The class is the
   logger. */
static struct slice class_and_method(struct slice name)
{
    ptrdiff_t method = slice_rfind(name, SLICE("."));
    struct slice class = slice_sub(name, 0, method > 0 ? (size_t)method : 0);
    ptrdiff_t dot = slice_rfind(class, SLICE("."));
    bool fits = dot > 0 && (size_t)dot + 1 < class.n && class.p[dot + 1] >= 'A' && class.p[dot + 1] <= 'Z' &&
                (size_t)method + 1 < name.n && ((name.p[method + 1] >= 'a' && name.p[method + 1] <= 'z') || name.p[method + 1] == '<');
    return fits ? class : SLICE_NONE;
}

/* A logger's name and what ends it: ": ", " : ", or, where the name or a thread before it shows it is one, "
 * - " or " [". */
static bool logger_from(struct slice *s, bool thread, struct record *r)
{
    size_t n = 0;
    while (n < s->n && n < NAME_MAX && !ascii_space(s->p[n]) && !strchr("\"[(", s->p[n]))
        n++;
    struct slice name = slice_sub(*s, 0, n), behind = slice_from(*s, n);
    if (r->logger.n || !n || !ascii_alpha(name.p[0]) || !behind.n || !ascii_space(behind.p[0]))
        return false;
    bool ended = name.p[n - 1] == ':', sure = thread || is_dotted(name);
    if (ended)
        name.n--;
    skip_spaces(&behind);
    struct slice class = thread && !ended ? class_and_method(name) : SLICE_NONE;
    if (class.n && !starts(behind, ": ") && !starts(behind, "- ")) {
        r->logger = class;
        *s = behind;
        return true;
    }
    if (!ended && (starts(behind, ": ") || (sure && starts(behind, "- ")))) {
        skip(&behind, 2);
        ended = true;
    }
    if (!(ended || (is_dotted(name) && starts(behind, "["))) || names_a_fault(name))
        return false;
    r->logger = name;
    *s = behind;
    return true;
}

/* "root:message" of Python's default format. */
static void python_logger(struct slice *s, struct record *r)
{
    size_t n = 0;
    while (n < s->n && n < NAME_MAX && (ascii_alnum(s->p[n]) || s->p[n] == '_' || s->p[n] == '.'))
        n++;
    if (n == 0 || n >= s->n || s->p[n] != ':' || starts(slice_from(*s, n), "://"))
        return;
    r->logger = slice_sub(*s, 0, n);
    skip(s, n + 1);
}

/* "LearnerHandler-/10.0.0.1:52:LearnerHandler@562": log4j's %t:%C{1}@%L. The class, when there is one. */
static struct slice class_behind_thread(struct slice inside)
{
    ptrdiff_t at = slice_rfind(inside, SLICE("@")), colon;
    if (at < 1 || !all_digits(slice_from(inside, (size_t)at + 1)))
        return SLICE_NONE;
    struct slice name = slice_sub(inside, 0, (size_t)at);
    colon = slice_rfind(name, SLICE(":"));
    name = slice_from(name, (size_t)(colon + 1));
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_alnum(name.p[i]) && name.p[i] != '_' && name.p[i] != '$' && name.p[i] != '.')
            return SLICE_NONE;
    return name.n && ascii_alpha(name.p[0]) ? name : SLICE_NONE;
}

/* Takes what stands between the level and the message off the front. */
static void separator_from(struct slice *s, struct record *r)
{
    if (starts(*s, ":")) {
        skip(s, 1);
        if (!skip_spaces(s))
            python_logger(s, r);
        return;
    }
    if (starts(*s, " -- ")) { /* Ruby: "ERROR -- prog: message" */
        skip(s, 4);
        const char *colon = slice_chr(*s, ':');
        if (colon) {
            r->logger = slice_trim(slice_split(s, ':'));
            skip_spaces(s);
        }
        return;
    }
    skip_spaces(s);
    while (s->n > 1 && (s->p[0] == '-' || s->p[0] == '|' || s->p[0] == ':') && s->p[1] == ' ') {
        skip(s, 1);
        skip_spaces(s);
    }
    struct slice rest = *s, inside;
    size_t digits = 0;
    while (digits < rest.n && ascii_digit(rest.p[digits]))
        digits++;
    bool spring =
        digits && starts(slice_from(rest, digits), " --- "); /* "ERROR 7 --- [app] [main] logger : message" */
    if (spring) {
        r->procid = slice_sub(rest, 0, digits);
        skip(&rest, digits + 5);
        *s = rest;
    }
    for (int i = 0; i < 1 + spring; i++) {
        size_t group = group_at(rest, &inside);
        if (group && !r->logger.n)
            r->logger = class_behind_thread(inside);
        skip(&rest, group);
        skip_spaces(&rest);
    }
    bool thread = rest.p != s->p;
    if (!thread && starts(rest, "in ")) /* Flask: "ERROR in app: message" */
        skip(&rest, 3);
    if (thread && (starts(rest, "- ") || starts(rest, ": "))) {
        skip(&rest, 2);
        *s = rest;
    } else if (logger_from(&rest, thread, r)) {
        *s = rest;
    }
}

/* Apache's error log, behind module and level: "[pid 7:tid 8] [client 10.0.0.1:5000] AH00124: message". */
static void apache_groups(struct slice *s, struct record *r)
{
    struct slice rest = *s, inside;
    for (size_t n;; *s = rest) {
        skip_spaces(&rest);
        n = group_at(rest, &inside);
        if (!n)
            return;
        if (starts(inside, "pid ")) {
            level_in(inside, r);
        } else if (starts(inside, "client ") || starts(inside, "remote ")) {
            struct slice address = slice_from(inside, 7);
            ptrdiff_t port = slice_rfind(address, SLICE(":"));
            record_add(r, SLICE("client"), slice_sub(address, 0, port < 0 ? address.n : (size_t)port),
                       FIELD_STRING);
        } else {
            return;
        }
        skip(&rest, n);
    }
}

/* The text without the escape sequences that colour it. */
static struct slice uncoloured(struct arena *arena, struct slice s)
{
    if (!slice_chr(s, '\x1b'))
        return s;
    char *p = arena_alloc(arena, s.n), *end = p;
    for (size_t i = 0; i < s.n;) {
        size_t len = s.p[i] == '\x1b' ? utf8_escape(slice_from(s, i)) : 0;
        if (!len)
            *end++ = s.p[i];
        i += len ? len : 1;
    }
    return slice_of(p, (size_t)(end - p));
}

/* "PHP Warning:  text": PHP's own severity, which stays in the message for the grammar of its traces. */
static enum level php_level(struct slice s)
{
    static const struct {
        const char *word;
        enum level level;
    } words[] = {{"Fatal error:", LEVEL_ERROR},
                 {"Parse error:", LEVEL_ERROR},
                 {"Recoverable fatal error:", LEVEL_ERROR},
                 {"Warning:", LEVEL_WARNING},
                 {"Notice:", LEVEL_INFO},
                 {"Deprecated:", LEVEL_INFO}};
    if (starts(s, "PHP "))
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (starts(slice_from(s, 4), words[i].word))
                return words[i].level;
    return LEVEL_NONE;
}

/* "LEVEL time", also with the time in brackets. */
static void time_behind_level(struct parse_ctx *ctx, struct slice *s, struct record *r)
{
    struct slice rest = *s;
    struct text_head head;
    skip(&rest, starts(rest, ":") ? 1 : 0);
    if (!skip_spaces(&rest) || !text_head(ctx, &rest, &head))
        return;
    r->time_us = head.time_us;
    *s = rest;
}

/* What follows the time: finds the level and leaves the message in *s. */
static void parse_rest(struct parse_ctx *ctx, struct slice *s, bool stamped, struct record *r)
{
    struct slice begin = *s;
    if (r->level == LEVEL_NONE || r->severity >= 0) {
        enum level level = php_level(*s);
        if (level == LEVEL_NONE)
            level = level_from(s, r, stamped);
        if (level == LEVEL_NONE)
            return;
        r->level = level;
    }
    if (s->p == begin.p)
        return;
    if (begin.p[0] == '[')
        apache_groups(s, r);
    if (!stamped)
        time_behind_level(ctx, s, r);
    separator_from(s, r);
}

static bool parse(struct parse_ctx *ctx, struct record *r)
{
    struct slice whole = uncoloured(ctx->arena, r->raw), s = whole;
    if (s.n > 3 && s.p[0] == '<' && s.p[1] >= '0' && s.p[1] <= '7' && s.p[2] == '>') {
        r->severity = s.p[1] - '0';
        r->level = level_from_severity(r->severity);
        skip(&s, 3);
    }
    struct text_head head;
    bool stamped = text_head(ctx, &s, &head);
    if (stamped) {
        r->time_us = head.time_us;
        r->procid = head.procid;
        r->logger = head.logger;
        skip_spaces(&s);
    }
    if (head.level != LEVEL_NONE)
        r->level = head.level;
    else if (s.n && !ascii_space(s.p[0]))
        parse_rest(ctx, &s, stamped, r);
    r->message = s.n ? s : whole;
    return true;
}

const struct parser parser_text = {.name = "text", .format = FORMAT_TEXT, .parse = parse};
