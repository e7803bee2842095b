#include "text/pattern_tree.h"

enum { MANY = 8 };

struct parser {
    struct slice s;
    size_t at;
    struct arena *arena;
};

/* --- sets --- */

static void add_byte(struct pattern_set *s, unsigned char c)
{
    s->bits[c / 64] |= UINT64_C(1) << c % 64;
}

bool pattern_set_has(const struct pattern_set *s, unsigned char c)
{
    return s->bits[c / 64] >> c % 64 & 1;
}

static void add_range(struct pattern_set *s, unsigned from, unsigned to)
{
    for (unsigned c = from; c <= to && c < 256; c++)
        add_byte(s, (unsigned char)c);
}

static void invert(struct pattern_set *s)
{
    for (unsigned i = 0; i < 4; i++)
        s->bits[i] = ~s->bits[i];
}

static void add_set(struct pattern_set *s, const struct pattern_set *more)
{
    for (unsigned i = 0; i < 4; i++)
        s->bits[i] |= more->bits[i];
}

bool pattern_set_is_empty(const struct pattern_set *s)
{
    return !(s->bits[0] | s->bits[1] | s->bits[2] | s->bits[3]);
}

/* The set of \d, \W and so on; empty when it is none. */
static struct pattern_set set_of_escape(char c)
{
    struct pattern_set s = {{0}};
    switch (ascii_lower(c)) {
    case 'd':
        add_range(&s, '0', '9');
        break;
    case 'w':
        add_range(&s, '0', '9');
        add_range(&s, 'a', 'z');
        add_range(&s, 'A', 'Z');
        add_byte(&s, '_');
        break;
    case 's':
        add_range(&s, '\t', '\r');
        add_byte(&s, ' ');
        break;
    case 'h':
        add_byte(&s, '\t');
        add_byte(&s, ' ');
        break;
    case 'v':
        add_range(&s, '\n', '\r');
        break;
    case 'r': /* \R, a line break */
        add_range(&s, '\n', '\r');
        return s;
    case 'n': /* \N, all but one */
        add_byte(&s, '\n');
        break;
    case 'p':
        add_range(&s, 'a', 'z');
        return s;
    default:
        return s;
    }
    if (c >= 'A' && c <= 'Z')
        invert(&s);
    return s;
}

/* --- reading --- */

static char peek(const struct parser *p, size_t ahead)
{
    return p->at + ahead < p->s.n ? p->s.p[p->at + ahead] : '\0';
}

static bool more(const struct parser *p)
{
    return p->at < p->s.n;
}

/* Moves behind the next `c`. */
static void skip_behind(struct parser *p, char c)
{
    const char *found = slice_chr(slice_from(p->s, p->at), c);
    p->at = found ? (size_t)(found - p->s.p) + 1 : p->s.n;
}

/* Behind "\x". */
static unsigned char hex_byte(struct parser *p)
{
    unsigned v = 0;
    bool braces = peek(p, 0) == '{';
    p->at += braces;
    for (unsigned i = 0; (braces || i < 2) && ascii_hex_value(peek(p, 0)) >= 0; i++, p->at++)
        v = v * 16 + (unsigned)ascii_hex_value(peek(p, 0));
    p->at += braces && peek(p, 0) == '}';
    return (unsigned char)v;
}

/* Behind \g or \k: the name or number of a group, between signs. */
static void skip_reference(struct parser *p)
{
    char open = peek(p, 0);
    if (open != '{' && open != '<' && open != '\'')
        return;
    p->at++;
    skip_behind(p, open == '{' ? '}' : open == '<' ? '>' : '\'');
}

/* Behind the letter c of an escape. Empty: it stands for no byte. */
static struct pattern_set letter_escape(struct parser *p, char c, bool in_class)
{
    static const char names[] = "ntrfea", bytes[] = "\n\t\r\f\033\a";
    const char *name = strchr(names, c);
    struct pattern_set s = {{0}};
    if (name)
        add_byte(&s, (unsigned char)bytes[name - names]);
    else if (c == 'x')
        add_byte(&s, hex_byte(p));
    else if (c == 'b' && in_class)
        add_byte(&s, '\b');
    else if (c == 'g' || c == 'k')
        skip_reference(p);
    else if (strchr("dDwWsShHvVNRpP", c))
        s = set_of_escape(c);
    if (ascii_lower(c) == 'p' && peek(p, 0) == '{')
        skip_behind(p, '}');
    return s; /* \b, \A, \1 and the like match no byte of their own */
}

/* At "\". Empty: it stands for no byte. */
static struct pattern_set escape(struct parser *p, bool in_class)
{
    char c = peek(p, 1);
    struct pattern_set s = {{0}};
    p->at += 2;
    if (ascii_alnum(c))
        return letter_escape(p, c, in_class);
    if (c)
        add_byte(&s, (unsigned char)c);
    return s;
}

static const struct {
    const char *name;
    char like;
    unsigned char from, to;
} posix[] = {{"alpha", 0, 'A', 'z'}, {"alnum", 'w', 0, 0},   {"digit", 'd', 0, 0},   {"space", 's', 0, 0},
             {"word", 'w', 0, 0},    {"upper", 0, 'A', 'Z'}, {"lower", 0, 'a', 'z'}, {"xdigit", 'd', 0, 0},
             {"punct", 0, '!', '/'}, {"blank", 'h', 0, 0}};

/* At "[:". */
static void posix_class(struct parser *p, struct pattern_set *s)
{
    struct slice rest = slice_from(p->s, p->at + 2);
    for (size_t i = 0; i < sizeof posix / sizeof *posix; i++) {
        if (!slice_starts(rest, slice_str(posix[i].name)))
            continue;
        struct pattern_set like = set_of_escape(posix[i].like);
        add_set(s, &like);
        if (posix[i].from)
            add_range(s, posix[i].from, posix[i].to);
    }
    p->at += 2;
    skip_behind(p, ']');
}

/* A range goes on with a byte, not with the end of the class or an escape. */
static bool is_range(const struct parser *p)
{
    char to = peek(p, 1);
    return peek(p, 0) == '-' && to != ']' && to != '\\';
}

/* At "[". */
static struct pattern_set class(struct parser *p)
{
    struct pattern_set s = {{0}};
    bool inverted = peek(p, 1) == '^';
    int before = -1; /* the byte that a range may begin with */
    p->at += 1 + inverted;
    for (bool first = true; more(p) && (first || peek(p, 0) != ']'); first = false) {
        struct pattern_set one = {{0}};
        unsigned char c = (unsigned char)peek(p, 0);
        if (c == '[' && peek(p, 1) == ':') {
            posix_class(p, &s);
            before = -1;
            continue;
        }
        if (before >= 0 && is_range(p)) {
            add_range(&s, (unsigned)before, (unsigned char)peek(p, 1));
            p->at += 2;
            before = -1;
            continue;
        }
        if (c == '\\') {
            one = escape(p, true);
            before = -1;
        } else {
            add_byte(&one, c);
            before = c;
            p->at++;
        }
        add_set(&s, &one);
    }
    p->at++;
    if (inverted)
        invert(&s);
    return s;
}

static unsigned number(struct parser *p)
{
    unsigned v = 0;
    for (; ascii_digit(peek(p, 0)); p->at++)
        v = v < 10000 ? v * 10 + (unsigned)(peek(p, 0) - '0') : v;
    return v;
}

/* {2}, {2,}, {2,5}. False: it is plain text. */
static bool counts(struct parser *p, struct pattern_node *n)
{
    size_t start = p->at++;
    if (!ascii_digit(peek(p, 0)) && peek(p, 0) != ',') {
        p->at = start;
        return false;
    }
    unsigned max = n->min = number(p);
    if (peek(p, 0) == ',') {
        p->at++;
        max = ascii_digit(peek(p, 0)) ? number(p) : MANY;
    }
    if (peek(p, 0) != '}') {
        n->min = 1;
        p->at = start;
        return false;
    }
    p->at++;
    n->many = max >= MANY;
    return true;
}

static void quantifier(struct parser *p, struct pattern_node *n)
{
    char c = peek(p, 0);
    n->min = 1;
    if (c == '*' || c == '+' || c == '?') {
        n->min = c == '+';
        n->many = c != '?';
        p->at++;
    } else if (c != '{' || !counts(p, n)) {
        return;
    }
    if (peek(p, 0) == '?' || peek(p, 0) == '+')
        p->at++;
}

static struct pattern_branch *branches(struct parser *p, unsigned depth);

/* Flags behind "(?", then ':' and branches, or ')' and none. */
static bool flags(struct parser *p)
{
    while (ascii_alpha(peek(p, 0)) || peek(p, 0) == '-' || peek(p, 0) == '^')
        p->at++;
    bool plain = peek(p, 0) == ':';
    if (plain)
        p->at++;
    else
        skip_behind(p, ')');
    return plain;
}

/* Behind "(?": moves to where its branches begin. False: it has none, and ends there. */
static bool group_head(struct parser *p, bool *look)
{
    char c = peek(p, 0), d = peek(p, 1);
    bool behind = c == '<' && (d == '=' || d == '!');
    *look = behind || c == '=' || c == '!';
    if (c == 'P' && d == '<') {
        c = d;
        p->at++;
    }
    switch (c) {
    case '(': /* a condition, and what is asked for by it */
        skip_behind(p, ')');
        return true;
    case '=':
    case '!':
    case ':':
    case '>':
    case '|':
        p->at++;
        return true;
    case '<':
        p->at += behind ? 2 : 1;
        if (!behind)
            skip_behind(p, '>');
        return true;
    case '\'':
        p->at++;
        skip_behind(p, '\'');
        return true;
    default:
        return flags(p);
    }
}

/* At "(". */
static void group(struct parser *p, struct pattern_node *n, unsigned depth)
{
    bool look = false;
    n->is_group = true;
    p->at++;
    if (peek(p, 0) == '*') {
        skip_behind(p, ')');
        n->min = 1;
        return;
    }
    if (peek(p, 0) == '?') {
        p->at++;
        if (!group_head(p, &look)) {
            n->min = 1;
            return;
        }
    }
    n->branches = branches(p, depth + 1);
    p->at += more(p); /* ) */
    quantifier(p, n);
    if (look)
        n->min = 0;
}

static void atom(struct parser *p, struct pattern_node *n, unsigned depth)
{
    char c = peek(p, 0);
    if (c == '(') {
        group(p, n, depth);
        return;
    }
    if (c == '[') {
        n->set = class(p);
    } else if (c == '\\') {
        n->set = escape(p, false);
    } else {
        p->at++;
        if (c == '.')
            n->set = set_of_escape('N');
        else if (c != '^' && c != '$')
            add_byte(&n->set, (unsigned char)c);
    }
    n->is_group = pattern_set_is_empty(&n->set);
    quantifier(p, n);
}

static struct pattern_branch *branches(struct parser *p, unsigned depth)
{
    struct pattern_branch *first = NULL, **end = &first;
    if (depth > PATTERN_NESTING_MAX) {
        p->at = p->s.n;
        return NULL;
    }
    for (;;) {
        struct pattern_branch *b = *end = arena_calloc(p->arena, 1, sizeof *b);
        struct pattern_node **at = &b->first;
        end = &b->next;
        while (more(p) && peek(p, 0) != '|' && peek(p, 0) != ')') {
            *at = arena_calloc(p->arena, 1, sizeof **at);
            atom(p, *at, depth);
            at = &(*at)->next;
        }
        if (peek(p, 0) != '|' || !more(p))
            return first;
        p->at++;
    }
}

struct pattern_branch *pattern_tree(struct slice pattern, struct arena *a)
{
    struct parser p = {.s = pattern, .arena = a};
    return branches(&p, 0);
}
