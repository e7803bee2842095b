#include "core/scrub_name.h"

#include <assert.h>

static const struct {
    const char *words;
    enum name_kind kind;
    unsigned flags;
} rows[] = {
#define JOINED NAME_JOINED
#define SPACED NAME_SPACED
#define QUOTED NAME_QUOTED
#define TIGHT NAME_TIGHT
#define SCRUB_NAME(words, kind, flags) {words, NAME_##kind, flags},
#include "core/scrub_names.def"
#undef SCRUB_NAME
};

static const struct {
    enum word_role role;
    const char *words;
} roles[] = {
#define SCRUB_WORDS(role, words) {WORD_##role, words},
#include "core/scrub_words.def"
#undef SCRUB_WORDS
};

enum { N_ROWS = sizeof rows / sizeof *rows, N_ROLES = sizeof roles / sizeof *roles };

/* --- the table --- */

static unsigned hash_step(unsigned h, char c)
{
    return (h ^ (unsigned char)c) * 0x01000193u; /* FNV-1a */
}

/* The slot of a word in lower case: its own, or the empty one where it would go. */
static unsigned slot_of(const struct names *n, struct slice word)
{
    unsigned h = 0x811c9dc5u;
    for (size_t i = 0; i < word.n; i++)
        h = hash_step(h, word.p[i]);
    h ^= h >> 15;
    for (unsigned at = h % NAME_SLOTS;; at = (at + 1) % NAME_SLOTS) {
        const struct name_word *w = &n->words[at];
        if (at && (!w->p || (w->n == word.n && memcmp(w->p, word.p, word.n) == 0)))
            return at;
    }
}

static unsigned add_word(struct names *n, struct slice word)
{
    unsigned at = slot_of(n, word);
    struct name_word *w = &n->words[at];
    assert(word.n && word.n <= NAME_WORD_MAX && n->n_words < NAME_SLOTS / 2);
    n->n_words += !w->p;
    n->lengths[(unsigned char)word.p[0]] |= UINT32_C(1) << word.n;
    w->p = word.p;
    w->n = (unsigned char)word.n;
    return at;
}

static void add_row(struct names *n, unsigned from)
{
    struct slice text = slice_str(rows[from].words);
    struct name_row *row = &n->rows[n->n_rows++];
    assert(n->n_rows <= NAME_ROWS);
    row->kind = rows[from].kind;
    row->flags = (unsigned char)rows[from].flags;
    while (text.n) {
        assert(row->n < NAME_ROW_WORDS);
        row->ids[row->n++] = (unsigned short)add_word(n, slice_split(&text, ' '));
    }
    struct name_word *last = &n->words[row->ids[row->n - 1]];
    last->joined |= row->n == 1 && (row->flags & NAME_JOINED);
    unsigned short *at = &last->last_of;
    while (*at && n->rows[*at - 1].n > row->n)
        at = &n->rows[*at - 1].next;
    row->next = *at;
    *at = (unsigned short)n->n_rows;
}

void names_init(struct names *n)
{
    memset(n, 0, sizeof *n);
    for (unsigned i = 0; i < N_ROWS; i++)
        add_row(n, i);
    for (unsigned i = 0; i < N_ROLES; i++)
        for (struct slice text = slice_str(roles[i].words); text.n;)
            n->words[add_word(n, slice_split(&text, ' '))].roles |= (unsigned short)roles[i].role;
}

/* --- bytes and their escapes --- */

/* Two hex digits at i; -1: there are none. */
static int hex_pair(struct slice t, size_t i)
{
    return i + 1 < t.n && ascii_hex(t.p[i]) && ascii_hex(t.p[i + 1])
               ? ascii_hex_value(t.p[i]) << 4 | ascii_hex_value(t.p[i + 1])
               : -1;
}

/* %41, and %2541 and so on of what was escaped more than once. */
static struct unit percent(struct slice t, size_t i)
{
    size_t at = i + 1;
    unsigned layer = 1;
    while (layer < 8 && at + 3 < t.n && t.p[at] == '2' && t.p[at + 1] == '5' && hex_pair(t, at + 2) >= 0) {
        at += 2;
        layer++;
    }
    int c = hex_pair(t, at);
    return c < 0 ? (struct unit){'%', 1, 0}
                 : (struct unit){(unsigned char)c, (unsigned char)(at + 2 - i), (unsigned char)layer};
}

static struct unit entity(struct slice t, size_t i)
{
    static const struct {
        const char *name;
        char c;
    } named[] = {{"&quot;", '"'}, {"&apos;", '\''}, {"&lt;", '<'},   {"&gt;", '>'},   {"&amp;", '&'}, {"&#34;", '"'},
                 {"&#39;", '\''}, {"&#x27;", '\''}, {"&#x22;", '"'}, {"&#x3D;", '='}, {"&#61;", '='}, {"&#58;", ':'}};
    struct slice rest = slice_sub(t, i, i + 6);
    for (unsigned k = 0; k < sizeof named / sizeof *named; k++)
        if (slice_istarts(rest, slice_str(named[k].name)))
            return (struct unit){(unsigned char)named[k].c, (unsigned char)strlen(named[k].name), 1};
    return (struct unit){'&', 1, 0};
}

/* \u0041 and \x41, also with the backslash escaped again. */
static struct unit backslash(struct slice t, size_t at)
{
    size_t i = at;
    while (i + 1 < t.n && i - at < 7 && t.p[i + 1] == '\\')
        i++;
    unsigned char more = (unsigned char)(i - at);
    size_t digits = slice_starts(slice_from(t, i + 1), SLICE("u00")) ? i + 4
                    : slice_starts(slice_from(t, i + 1), SLICE("x")) ? i + 2
                                                                     : t.n;
    int c = hex_pair(t, digits);
    return c < 0 ? (struct unit){'\\', 1, 0}
                 : (struct unit){(unsigned char)c, (unsigned char)(digits + 2 - i + more), 1};
}

struct unit unit_escaped(struct slice t, size_t i)
{
    switch (t.p[i]) {
    case '%':
        return percent(t, i);
    case '&':
        return entity(t, i);
    case '\\':
        return backslash(t, i);
    default:
        return (struct unit){(unsigned char)t.p[i], 1, 0};
    }
}

/* --- reading --- */

struct splitter {
    const struct names *names;
    struct name_words *words;
    char word[NAME_WORD_MAX];
    unsigned n;
    bool too_long;
};

static void push_word(struct name_words *w, unsigned id)
{
    if (w->n == NAME_WORDS) {
        memmove(w->ids, w->ids + 1, (NAME_WORDS - 1) * sizeof *w->ids);
        w->n--;
    }
    w->ids[w->n++] = (unsigned short)id;
    w->fresh += w->fresh < w->n;
}

/* How the words end that others may be joined to: a cheap look before any is looked up. */
static bool ends_as_joined(struct slice word)
{
    static const char ends[] = "rd ds wd se rt et en ey id ng er ";
    if (word.n < 7)
        return false;
    for (const char *e = ends; *e; e += 3)
        if (word.p[word.n - 2] == e[0] && word.p[word.n - 1] == e[1])
            return true;
    return false;
}

/* The slot of a known word, or 0. Most words have a length that no known word with their first byte has. */
static unsigned known_slot(const struct names *n, struct slice word)
{
    if (!(n->lengths[(unsigned char)word.p[0]] >> word.n & 1))
        return 0;
    unsigned at = slot_of(n, word);
    return n->words[at].p ? at : 0;
}

/* How the words begin that end others. */
static bool may_begin_joined(char c)
{
    switch (c) {
    case 'a':
    case 'c':
    case 'k':
    case 'm':
    case 'p':
    case 's':
    case 't':
    case 'w':
        return true;
    default:
        return false;
    }
}

/* The word itself, or one it ends with. */
static unsigned find_word(const struct names *names, struct slice word)
{
    unsigned at = known_slot(names, word);
    if (at)
        return at;
    if (!ends_as_joined(word))
        return 0;
    for (size_t from = 1; from + 5 <= word.n; from++) {
        if (!may_begin_joined(word.p[from]))
            continue;
        at = known_slot(names, slice_from(word, from));
        if (at && names->words[at].joined)
            return at;
    }
    return 0;
}

static void end_word(struct splitter *s)
{
    struct slice word = slice_of(s->word, s->n);
    if (s->n)
        push_word(s->words, s->too_long ? 0 : find_word(s->names, word));
    s->n = 0;
    s->too_long = false;
}

static void add_byte(struct splitter *s, char c)
{
    if (s->n < NAME_WORD_MAX)
        s->word[s->n++] = ascii_lower(c);
    else
        s->too_long = true;
}

enum letter { SIGN, LOWER, UPPER, DIGIT };

static enum letter letter_of(unsigned char c)
{
    return c >= 'a' && c <= 'z' ? LOWER : c >= 'A' && c <= 'Z' ? UPPER : c >= '0' && c <= '9' ? DIGIT : SIGN;
}

/* One more byte of a name. */
static void take_byte(struct splitter *s, enum letter before, unsigned char c)
{
    enum letter now = letter_of(c);
    if (before == UPPER && now == LOWER) {
        if (s->n > 1 && !s->too_long) { /* APIKey: the K is Key's */
            char first = s->word[--s->n];
            end_word(s);
            add_byte(s, first);
        }
    } else if (now == SIGN || (before != now && before != SIGN)) {
        end_word(s);
    }
    if (now != SIGN)
        add_byte(s, (char)c);
}

/* Whether a sign is inside a name: it must go on behind it. */
static bool goes_on_at(struct slice t, size_t i)
{
    struct unit u = unit_at(t, i);
    return u.n && (letter_of(u.c) != SIGN || u.c == '_');
}

/* The end of a name that is one word of small letters or digits, as most are; i when it is more, or may be. */
static size_t plain_end(struct slice t, size_t i, enum letter kind)
{
    size_t end = i;
    while (end < t.n && end - i <= NAME_WORD_MAX && letter_of((unsigned char)t.p[end]) == kind)
        end++;
    bool more = end < t.n && (letter_of((unsigned char)t.p[end]) != SIGN || memchr("_-.%&\\", t.p[end], 6));
    return more || end - i > NAME_WORD_MAX ? i : end;
}

/* Whether the unit at i is part of a name, behind such a byte. */
static bool is_inside(struct slice t, size_t i, struct unit u, enum letter before)
{
    if (!u.n || letter_of(u.c) != SIGN || u.c == '_')
        return u.n > 0;
    return (u.c == '-' || u.c == '.') && before != SIGN && goes_on_at(t, i + u.n);
}

size_t names_read(const struct names *n, struct slice t, size_t i, bool goes_on, struct name_words *w)
{
    struct splitter s = {.names = n, .words = w};
    enum letter before = SIGN;
    w->n = goes_on ? w->n : 0;
    w->fresh = 0;
    w->digits = false;
    enum letter first = i < t.n ? letter_of((unsigned char)t.p[i]) : SIGN;
    size_t end = first == LOWER || first == DIGIT ? plain_end(t, i, first) : i;
    if (end > i) {
        push_word(w, find_word(n, slice_sub(t, i, end)));
        w->digits = first == DIGIT;
        return end;
    }
    for (;;) {
        struct unit u = unit_at(t, i);
        enum letter now = letter_of(u.c);
        if (!is_inside(t, i, u, before))
            break;
        take_byte(&s, before, u.c);
        before = now;
        i += u.n;
        for (; now != SIGN && i < t.n && letter_of((unsigned char)t.p[i]) == now; i++)
            add_byte(&s, t.p[i]);
    }
    w->digits = before == DIGIT;
    end_word(&s);
    return i;
}

/* --- telling --- */

static bool row_ends_at(const struct name_row *row, const struct name_words *w, unsigned last)
{
    if (row->n > last + 1)
        return false;
    for (unsigned i = 0; i < row->n; i++)
        if (row->ids[i] != w->ids[last + 1 - row->n + i])
            return false;
    return true;
}

/* What stands behind the row's words in the name. */
static struct name_is told_by(const struct names *n, const struct name_row *row, const struct name_words *w,
                              unsigned last)
{
    struct name_is none = {NAME_NONE, 0}, is = {row->kind, row->flags};
    unsigned end = w->n - w->digits;
    if (last + 1 >= end)
        return is;
    if (row->kind != NAME_SECRET && row->kind != NAME_PHRASE)
        return none;
    return n->words[w->ids[end - 1]].roles & WORD_TAIL ? none : is;
}

/* The first row, longest first, whose words end at `last`. */
static struct name_is told_at(const struct names *n, const struct name_words *w, unsigned last)
{
    unsigned short at = w->ids[last] ? n->words[w->ids[last]].last_of : 0;
    for (; at; at = n->rows[at - 1].next)
        if (row_ends_at(&n->rows[at - 1], w, last))
            return told_by(n, &n->rows[at - 1], w, last);
    return (struct name_is){NAME_NONE, 0};
}

struct name_is names_of(const struct names *n, const struct name_words *w)
{
    struct name_is best = {NAME_NONE, 0};
    for (unsigned last = w->n; last-- > w->n - w->fresh;) {
        struct name_is is = told_at(n, w, last);
        if (is.kind == NAME_SECRET)
            return is;
        best = best.kind ? best : is;
    }
    return best;
}

struct name_is names_field(const struct names *n, struct slice name)
{
    struct name_words w = {.n = 0};
    unsigned fresh = 0;
    for (size_t i = 0; i < name.n;) {
        struct unit u = unit_at(name, i);
        if (letter_of(u.c) == SIGN) {
            i += u.n;
            continue;
        }
        i = names_read(n, name, i, true, &w);
        fresh += w.fresh;
    }
    w.fresh = fresh < w.n ? fresh : w.n;
    return names_of(n, &w);
}

unsigned names_roles(const struct names *n, struct slice word)
{
    char lower[NAME_WORD_MAX];
    if (word.n > sizeof lower)
        return 0;
    for (size_t i = 0; i < word.n; i++)
        lower[i] = ascii_lower(word.p[i]);
    const struct name_word *w = &n->words[slot_of(n, slice_of(lower, word.n))];
    return w->p ? w->roles : 0;
}

unsigned names_last_roles(const struct names *n, const struct name_words *w)
{
    unsigned all = 0;
    for (unsigned i = w->n - w->fresh; i < w->n; i++)
        all |= w->ids[i] ? n->words[w->ids[i]].roles : 0u;
    return all;
}
