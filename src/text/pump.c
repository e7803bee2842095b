#include "text/pump.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/sbuf.h"

enum { NESTING_MAX = 20, COUNT_MAX = 32, MANY = 8, PREFIX_MAX = 2048, PIECE_MAX = 256 };

/* Bytes, as a set. */
struct set {
    uint64_t bits[4];
};

/* An atom with its quantifier: one byte of a set, or a group. What matches no byte is a group without branches. */
struct node {
    struct set set;
    bool is_group;
    struct branch *branches;
    unsigned min;
    bool many; /* may be repeated often */
    struct node *next;
};

struct branch {
    struct node *first;
    struct branch *next;
};

struct parser {
    struct slice s;
    size_t at;
    struct arena *arena;
};

/* --- sets --- */

static void add_byte(struct set *s, unsigned char c)
{
    s->bits[c / 64] |= UINT64_C(1) << c % 64;
}

static bool has_byte(const struct set *s, unsigned char c)
{
    return s->bits[c / 64] >> c % 64 & 1;
}

static void add_range(struct set *s, unsigned from, unsigned to)
{
    for (unsigned c = from; c <= to && c < 256; c++)
        add_byte(s, (unsigned char)c);
}

static void invert(struct set *s)
{
    for (unsigned i = 0; i < 4; i++)
        s->bits[i] = ~s->bits[i];
}

static void add_set(struct set *s, const struct set *more)
{
    for (unsigned i = 0; i < 4; i++)
        s->bits[i] |= more->bits[i];
}

static bool is_empty(const struct set *s)
{
    return !(s->bits[0] | s->bits[1] | s->bits[2] | s->bits[3]);
}

/* The set of \d, \W and so on; empty when it is none. */
static struct set set_of_escape(char c)
{
    struct set s = {{0}};
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
static struct set letter_escape(struct parser *p, char c, bool in_class)
{
    static const char names[] = "ntrfea", bytes[] = "\n\t\r\f\033\a";
    const char *name = strchr(names, c);
    struct set s = {{0}};
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
static struct set escape(struct parser *p, bool in_class)
{
    char c = peek(p, 1);
    struct set s = {{0}};
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
static void posix_class(struct parser *p, struct set *s)
{
    struct slice rest = slice_from(p->s, p->at + 2);
    for (size_t i = 0; i < sizeof posix / sizeof *posix; i++) {
        if (!slice_starts(rest, slice_str(posix[i].name)))
            continue;
        struct set like = set_of_escape(posix[i].like);
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
static struct set class(struct parser *p)
{
    struct set s = {{0}};
    bool inverted = peek(p, 1) == '^';
    int before = -1; /* the byte that a range may begin with */
    p->at += 1 + inverted;
    for (bool first = true; more(p) && (first || peek(p, 0) != ']'); first = false) {
        struct set one = {{0}};
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
static bool counts(struct parser *p, struct node *n)
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

static void quantifier(struct parser *p, struct node *n)
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

static struct branch *branches(struct parser *p, unsigned depth);

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
static void group(struct parser *p, struct node *n, unsigned depth)
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

static void atom(struct parser *p, struct node *n, unsigned depth)
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
    n->is_group = is_empty(&n->set);
    quantifier(p, n);
}

static struct branch *branches(struct parser *p, unsigned depth)
{
    struct branch *first = NULL, **end = &first;
    if (depth > NESTING_MAX) {
        p->at = p->s.n;
        return NULL;
    }
    for (;;) {
        struct branch *b = *end = arena_calloc(p->arena, 1, sizeof *b);
        struct node **at = &b->first;
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

/* --- writing --- */

struct pump {
    pump_f *each;
    void *u;
    unsigned tried;
    bool done;
    size_t text_bytes;
    struct sbuf text;
    struct sbuf whole; /* a text that the pattern matches, behind a byte that ends all repeats: the matcher looks first
                          whether a byte that it needs is there at all */
};

/* Bytes that many sets have come first, so that neighbours get the same one. */
static char pick(const struct set *s)
{
    static const char liked[] = "a1 A.,:;/-_=\"'x";
    for (unsigned i = 0; i < sizeof liked - 1; i++)
        if (has_byte(s, (unsigned char)liked[i]))
            return liked[i];
    for (unsigned c = ' '; c < 256; c++)
        if (has_byte(s, (unsigned char)c))
            return (char)c;
    for (unsigned c = 0; c < ' '; c++)
        if (has_byte(s, (unsigned char)c))
            return (char)c;
    return 'a';
}

/* A text that the nodes up to `end` match; `full`: with one of what may be missing. Counts are only kept near the top.
 */
static void put(struct sbuf *out, const struct node *n, const struct node *end, bool full, unsigned depth)
{
    for (; n != end; n = n->next) {
        unsigned count = full && !n->min ? 1 : n->min, most = depth < 2 ? COUNT_MAX : 1;
        for (unsigned i = 0; i < count && i < most && !out->over; i++)
            if (!n->is_group)
                sbuf_addc(out, pick(&n->set));
            else if (n->branches)
                put(out, n->branches->first, NULL, full, depth + 1);
    }
}

/* Many times in a row, to `bytes` at most; by copying twice as much each time. */
static void put_many(struct sbuf *out, struct slice pumped, size_t bytes)
{
    size_t want = bytes / pumped.n * pumped.n, have = pumped.n;
    char *room = sbuf_room(out, want);
    if (!room || !want)
        return;
    memcpy(room, pumped.p, pumped.n);
    for (size_t n; have < want; have += n) {
        n = have < want - have ? have : want - have;
        memcpy(room + have, room, n);
    }
    out->n += want;
}

static void try_text(struct pump *p, struct slice prefix, struct slice pumped)
{
    const struct slice ends[] = {SLICE(""), SLICE("\n\001"), sbuf_slice(&p->whole)};
    if (!pumped.n || prefix.n + 2 * pumped.n + p->whole.n > p->text_bytes)
        return;
    for (unsigned i = 0; i < 3 && !p->done && p->tried < PUMPS_MAX; i++, p->tried++) {
        struct slice end = ends[i];
        sbuf_reset(&p->text);
        sbuf_adds(&p->text, prefix);
        put_many(&p->text, pumped, p->text_bytes - prefix.n - end.n);
        sbuf_adds(&p->text, end);
        p->done = p->each(p->u, sbuf_slice(&p->text), pumped);
    }
}

static void try_nodes(struct pump *p, struct slice prefix, const struct node *from, const struct node *end)
{
    for (unsigned full = 0; full < 2; full++) {
        struct sbuf piece;
        sbuf_init(&piece, PIECE_MAX);
        put(&piece, from, end, full, 0);
        if (!piece.over)
            try_text(p, prefix, sbuf_slice(&piece));
        sbuf_done(&piece);
    }
}

/* Two repeats, and whatever must stand between them, can take the same bytes: one that all have. */
static void try_common(struct pump *p, struct slice prefix, const struct node *from, const struct node *last)
{
    struct set common = from->set;
    for (const struct node *n = from; n != last->next; n = n->next)
        for (unsigned i = 0; i < 4 && (n->min || n == last); i++)
            common.bits[i] &= n->is_group ? 0 : n->set.bits[i];
    char c = pick(&common);
    if (!is_empty(&common))
        try_text(p, prefix, slice_of(&c, 1));
}

static void walk(struct pump *p, struct slice before, const struct branch *b, unsigned depth);

static void walk_nodes(struct pump *p, struct slice before, const struct node *first, unsigned depth)
{
    struct sbuf prefix;
    sbuf_init(&prefix, PREFIX_MAX);
    sbuf_adds(&prefix, before);
    for (const struct node *n = first; n && !p->done && !prefix.over; n = n->next) {
        struct slice front = sbuf_slice(&prefix);
        for (const struct branch *b = n->branches; b; b = b->next)
            try_nodes(p, front, b->first, NULL);
        if (n->many && !n->is_group)
            try_nodes(p, front, n, n->next);
        for (const struct node *m = n->many ? n->next : NULL; m; m = m->next) {
            if (!m->many)
                continue;
            try_nodes(p, front, n->next, m);
            try_common(p, front, n, m);
        }
        if (n->branches) {
            try_nodes(p, front, n, NULL);
            walk(p, front, n->branches, depth + 1);
        }
        struct sbuf own;
        sbuf_init(&own, PREFIX_MAX);
        put(&own, n, n->next, true, 0);
        sbuf_adds(&prefix, sbuf_slice(&own));
        sbuf_done(&own);
    }
    sbuf_done(&prefix);
}

static void walk(struct pump *p, struct slice before, const struct branch *b, unsigned depth)
{
    for (; b && depth <= NESTING_MAX && !p->done; b = b->next)
        walk_nodes(p, before, b->first, depth);
}

void pump_each(struct slice pattern, size_t text_bytes, pump_f *each, void *u)
{
    struct arena a = {0};
    struct parser parser = {.s = pattern, .arena = &a};
    struct pump p = {.each = each, .u = u, .text_bytes = text_bytes};
    const struct branch *all = branches(&parser, 0);
    sbuf_init(&p.text, text_bytes + 1);
    sbuf_init(&p.whole, PREFIX_MAX);
    sbuf_adds(&p.whole, SLICE("\n\001"));
    put(&p.whole, all ? all->first : NULL, NULL, true, 0);
    walk(&p, SLICE_NONE, all, 0);
    sbuf_done(&p.text);
    sbuf_done(&p.whole);
    arena_done(&a);
}
