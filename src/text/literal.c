#include "text/literal.h"

enum { NESTING_MAX = 20, RUN_MAX = 255, OWN_LEN_MIN = 6, SHARED = 1 };

/*
 * A pattern is an alternation of sequences of atoms. A sequence needs all of its atoms, so its best atom will do: a run
 * of plain characters, or a group that must take part or be there when it is looked for (?=...). An alternation needs
 * one of its sequences, so it needs a literal of each.
 */
struct parser {
    struct slice s;
    size_t at;
    bool failed; /* syntax this does not know */
    struct arena *arena;
    const struct literal_census *census;
    struct literal_census *counted; /* instead of finding literals; */
    unsigned owner;                 /* whose they are */
};

static void alternation(struct parser *p, bool ignore_case, unsigned depth, struct literals *out);

static bool more(const struct parser *p)
{
    return !p->failed && p->at < p->s.n;
}

static char peek(const struct parser *p, size_t ahead)
{
    return p->at + ahead < p->s.n ? p->s.p[p->at + ahead] : '\0';
}

static uint64_t census_key(struct slice text)
{
    return slice_hash(text, 5);
}

static bool is_marks(struct slice text)
{
    for (size_t i = 0; i < text.n; i++)
        if (ascii_alnum(text.p[i]) || text.p[i] <= ' ')
            return false;
    return true;
}

static bool is_long_enough(struct slice text)
{
    return text.n >= LITERAL_LEN_MIN || (text.n >= LITERAL_MARKS_MIN && is_marks(text));
}

/* Its length, and more when no other pattern has it. Short ones are in many lines, whoever has them. */
static size_t worth_of(const struct parser *p, struct slice text)
{
    bool own = p->census && (text.n >= OWN_LEN_MIN || is_marks(text)) &&
               (uintptr_t)table_get(&p->census->owners, census_key(text)) != SHARED;
    return text.n + (own ? RUN_MAX : 0);
}

/* The worst literal decides how often the prefilter errs. */
static size_t worth(const struct parser *p, const struct literals *l)
{
    size_t least = SIZE_MAX;
    for (unsigned i = 0; i < l->n; i++) {
        size_t one = worth_of(p, l->v[i].text);
        least = one < least ? one : least;
    }
    return least;
}

/* Of two equally good sets the smaller one is better. */
static bool is_better(const struct parser *p, const struct literals *a, const struct literals *b)
{
    if (!a->n || !b->n)
        return a->n > 0;
    size_t worth_a = worth(p, a), worth_b = worth(p, b);
    return worth_a != worth_b ? worth_a > worth_b : a->n < b->n;
}

static void offer(const struct parser *p, struct literals *best, const struct literals *candidate)
{
    if (is_better(p, candidate, best))
        *best = *candidate;
}

static void count(struct parser *p, struct slice text)
{
    uint64_t key = census_key(text);
    uintptr_t owner = (uintptr_t)p->owner + SHARED + 1, known = (uintptr_t)table_get(&p->counted->owners, key);
    if (known != owner && known != SHARED)
        table_put(&p->counted->owners, key, (void *)(known ? (uintptr_t)SHARED : owner));
}

struct run {
    char text[RUN_MAX];
    size_t n;
};

static void end_run(struct parser *p, struct run *r, bool ignore_case, struct literals *best)
{
    struct slice text = slice_of(r->text, r->n);
    if (is_long_enough(text) && p->counted) {
        count(p, text);
    } else if (is_long_enough(text)) {
        struct literals one = {.n = 1};
        one.v[0] = (struct literal){arena_dup(p->arena, text), ignore_case};
        offer(p, best, &one);
    }
    r->n = 0;
}

/* Counts to one PCRE2 or another, which differ in {,n} and in white space. */
static bool is_at_counts(const struct parser *p)
{
    char c = peek(p, 1);
    return peek(p, 0) == '{' && (ascii_digit(c) || c == ',' || c == ' ' || c == '\t');
}

static bool is_at_quantifier(const struct parser *p)
{
    char c = peek(p, 0);
    return c == '?' || c == '*' || c == '+' || is_at_counts(p);
}

/* Reads {n}, {n,}, {n,m} or {,m}. *min is 0 where the atom may be missing, else 1. */
static bool counts(struct parser *p, unsigned *min)
{
    const char *close = slice_chr(slice_from(p->s, p->at), '}');
    struct slice inside = close ? slice_sub(p->s, p->at + 1, (size_t)(close - p->s.p)) : SLICE_NONE;
    *min = 0;
    for (size_t i = 0, commas = 0; i < inside.n; i++) {
        commas += inside.p[i] == ',';
        *min |= !commas && inside.p[i] != '0';
        p->failed |= !ascii_digit(inside.p[i]) && inside.p[i] != ',';
    }
    p->failed |= !inside.n;
    if (!p->failed)
        p->at = (size_t)(close - p->s.p) + 1;
    return !p->failed;
}

/* Reads the quantifier behind an atom, if there is one. *min is 1 without. */
static bool quantifier(struct parser *p, unsigned *min)
{
    char c = peek(p, 0);
    *min = 1;
    if (c == '?' || c == '*' || c == '+') {
        *min = c == '+';
        p->at++;
    } else if (!is_at_counts(p) || !counts(p, min)) {
        return false;
    }
    if (peek(p, 0) == '?' || peek(p, 0) == '+') /* lazy, possessive */
        p->at++;
    return true;
}

/* One plain character was read: joins the run unless it may be missing. */
static void add_char(struct parser *p, struct run *r, char c, bool ignore_case, struct literals *best)
{
    unsigned min;
    bool repeated = quantifier(p, &min);
    if (min && r->n < RUN_MAX)
        r->text[r->n++] = c;
    if (repeated || r->n == RUN_MAX)
        end_run(p, r, ignore_case, best);
}

/* Something that may match anything: what is before it and what is after it do not touch. */
static void add_unknown(struct parser *p, struct run *r, bool ignore_case, struct literals *best)
{
    unsigned min;
    end_run(p, r, ignore_case, best);
    quantifier(p, &min);
}

/* At "[:" in a class: [:name:]. Other texts are read by pcre2_compile in ways of their own. */
static void skip_posix_class(struct parser *p)
{
    size_t n = 2;
    while (ascii_alpha(peek(p, n)) || (n == 2 && peek(p, n) == '^'))
        n++;
    p->failed |= peek(p, n) != ':' || peek(p, n + 1) != ']';
    p->at += n + 1;
}

static void skip_class(struct parser *p)
{
    p->at++; /* [ */
    if (peek(p, 0) == '^')
        p->at++;
    if (peek(p, 0) == ']')
        p->at++;
    for (; more(p); p->at++) {
        char c = peek(p, 0), d = peek(p, 1);
        if (c == '\\') {
            /* Not \Q and \E, of which nothing is left, and \c, which takes any character with it. */
            p->failed |= ascii_alnum(d) && !ascii_digit(d) && !strchr("dDwWsShHvVpPnrtfeabx", d);
            p->at++;
        } else if (c == '[' && d == ':') {
            skip_posix_class(p);
        } else if (c == '[' && (d == '.' || d == '=')) {
            p->failed = true;
        } else if (c == ']') {
            p->at++;
            return;
        }
    }
    p->failed = true;
}

static void escape(struct parser *p, struct run *r, bool ignore_case, struct literals *best)
{
    char c = peek(p, 1);
    p->at += 2;
    if (!c || p->at > p->s.n) {
        p->failed = true;
    } else if (!ascii_alnum(c)) {
        add_char(p, r, c, ignore_case, best);
    } else if (c == 'n' || c == 't' || c == 'r' || c == 'f' || c == 'e' || c == 'a') {
        static const char from[] = "ntrfea", to[] = "\n\t\r\f\033\a";
        add_char(p, r, to[strchr(from, c) - from], ignore_case, best);
    } else if (c == 'x' && ascii_hex_value(peek(p, 0)) >= 0 && ascii_hex_value(peek(p, 1)) >= 0) {
        char byte = (char)(ascii_hex_value(peek(p, 0)) << 4 | ascii_hex_value(peek(p, 1)));
        p->at += 2;
        add_char(p, r, byte, ignore_case, best);
    } else if (strchr("bBAzZGK", c)) {
        ; /* a place, not a character */
    } else if (strchr("dDwWsSvVhHNRX", c)) {
        add_unknown(p, r, ignore_case, best);
    } else {
        p->failed = true; /* \Q, \p, \1, \k and other rarities */
    }
}

/* Behind "(?": reads what kind of group it is. */
enum literal_group { GROUP_NEEDED, GROUP_REFUSED, GROUP_FLAGS, GROUP_UNKNOWN };

/* "i", "s" and "m" behind "(?", for the rest of the sequence or for this group. */
static enum literal_group flags_of(struct parser *p, bool *ignore_case)
{
    while (peek(p, 0) == 'i' || peek(p, 0) == 's' || peek(p, 0) == 'm') {
        *ignore_case |= peek(p, 0) == 'i';
        p->at++;
    }
    if (peek(p, 0) == ')')
        return GROUP_FLAGS;
    if (peek(p, 0) != ':')
        return GROUP_UNKNOWN;
    p->at++;
    return GROUP_NEEDED;
}

/* At <name>, 'name' or P<name> behind "(?". Anything else is not known, such as (?<*, a lookbehind. */
static enum literal_group named(struct parser *p)
{
    p->at += peek(p, 0) == 'P';
    char end = peek(p, 0) == '\'' ? '\'' : '>';
    for (p->at++; ascii_alnum(peek(p, 0)) || peek(p, 0) == '_'; p->at++)
        ;
    if (peek(p, 0) != end)
        return GROUP_UNKNOWN;
    p->at++;
    return GROUP_NEEDED;
}

static enum literal_group group_kind(struct parser *p, bool *ignore_case)
{
    char c = peek(p, 0), d = peek(p, 1);
    if (c == ':' || c == '>') {
        p->at++;
        return GROUP_NEEDED;
    }
    if (c == '<' && (d == '=' || d == '!')) {
        p->at++;
        c = d;
    }
    if (c == '=' || c == '!') {
        p->at++;
        return c == '!' ? GROUP_REFUSED : GROUP_NEEDED;
    }
    if (c == '<' || c == '\'' || (c == 'P' && d == '<'))
        return named(p);
    return flags_of(p, ignore_case);
}

/* At "(". Returns false when the group only sets flags for the rest of the sequence, which *ignore_case then holds. */
static bool literal_group(struct parser *p, bool *ignore_case, unsigned depth, struct literals *best)
{
    struct literals inside = {0};
    enum literal_group kind = GROUP_NEEDED;
    bool inner = *ignore_case;
    unsigned min;
    p->at++;
    if (peek(p, 0) == '?') {
        p->at++;
        kind = group_kind(p, &inner);
    } else if (peek(p, 0) == '*') {
        kind = GROUP_UNKNOWN;
    }
    if (kind == GROUP_UNKNOWN || depth >= NESTING_MAX) {
        p->failed = true;
        return true;
    }
    if (kind == GROUP_FLAGS) {
        p->at++;
        *ignore_case = inner;
        return false;
    }
    alternation(p, inner, depth + 1, &inside);
    if (peek(p, 0) != ')') {
        p->failed = true;
        return true;
    }
    p->at++;
    quantifier(p, &min);
    if (min && kind == GROUP_NEEDED)
        offer(p, best, &inside);
    return true;
}

static void sequence(struct parser *p, bool *ignore_case, unsigned depth, struct literals *best)
{
    struct run r = {.n = 0};
    while (more(p)) {
        char c = p->s.p[p->at];
        if (c == '|' || c == ')')
            break;
        if (c == '(') {
            bool before = *ignore_case;
            end_run(p, &r, before, best);
            literal_group(p, ignore_case, depth, best);
        } else if (c == '[') {
            skip_class(p);
            add_unknown(p, &r, *ignore_case, best);
        } else if (c == '\\') {
            escape(p, &r, *ignore_case, best);
        } else if (c == '.') {
            p->at++;
            add_unknown(p, &r, *ignore_case, best);
        } else if (c == '^' || c == '$') {
            p->at++;
        } else if (is_at_quantifier(p)) {
            p->failed = true; /* of another quantifier, or of a place */
        } else {
            p->at++;
            add_char(p, &r, c, *ignore_case, best);
        }
    }
    end_run(p, &r, *ignore_case, best);
}

static void alternation(struct parser *p, bool ignore_case, unsigned depth, struct literals *out)
{
    bool every = true;
    out->n = 0;
    for (;;) {
        struct literals best = {0};
        sequence(p, &ignore_case, depth, &best); /* flags set in one branch hold in the next ones: pcre2pattern(3) */
        every &= best.n > 0 && out->n + best.n <= LITERALS_MAX;
        for (unsigned i = 0; every && i < best.n; i++)
            out->v[out->n++] = best.v[i];
        if (!more(p) || p->s.p[p->at] != '|')
            break;
        p->at++;
    }
    if (!every)
        out->n = 0;
}

void literal_count(struct literal_census *c, struct slice pattern, bool ignore_case, unsigned owner)
{
    struct parser p = {.s = pattern, .counted = c, .owner = owner};
    struct literals none;
    alternation(&p, ignore_case, 0, &none);
}

void literal_census_done(struct literal_census *c)
{
    table_done(&c->owners);
}

void literal_find(struct slice pattern, bool ignore_case, const struct literal_census *census, struct arena *a,
                  struct literals *out)
{
    struct parser p = {.s = pattern, .arena = a, .census = census};
    alternation(&p, ignore_case, 0, out);
    if (p.failed || p.at < pattern.n)
        out->n = 0;
}
