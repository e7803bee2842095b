/* scrub_value: whether a value is a secret, or a sentence, a mark, a place for one. Part of scrub. */
#include "core/scrub_impl.h"

/* --- what is no secret --- */

bool value_is_mark(struct slice v)
{
    return slice_starts(v, SLICE(SCRUB_MARK));
}

/* One byte again and again, or none that says anything: ****, xxxx, ..., --. */
static bool is_masked(struct slice v)
{
    bool same = v.n >= 3;
    for (size_t i = 1; i < v.n && same; i++)
        same = v.p[i] == v.p[0];
    return same && !ascii_digit(v.p[0]);
}

static bool only(struct slice v, const char *signs)
{
    for (size_t i = 0; i < v.n; i++)
        if (!ascii_alnum(v.p[i]) && !one_of(v.p[i], signs))
            return false;
    return true;
}

/* $NAME, ${name}, $(command) */
static bool is_variable(struct slice v)
{
    for (size_t i = 1; i < v.n; i++)
        if (!(v.p[i] >= 'A' && v.p[i] <= 'Z') && !ascii_digit(v.p[i]) && v.p[i] != '_')
            return v.p[1] == '{' || v.p[1] == '(';
    return true;
}

/* [hidden] */
static bool is_bracketed_word(struct slice inner)
{
    return only(inner, "_-") && !looks_random(inner, 6);
}

/* A place for a value: ${NAME}, $NAME, %s, {name}, <name>, ?, [hidden], :name. */
bool value_is_placeholder(struct slice v)
{
    char last = v.p[v.n - 1];
    struct slice inner = slice_sub(v, 1, v.n - 1);
    switch (v.p[0]) {
    case '$':
        return is_variable(v);
    case '%':
        return v.n <= 3 || v.p[1] == '(' || (last == '%' && only(inner, "_"));
    case '{':
        return v.n == 1 || (last == '}' && only(inner, "_{} .-"));
    case '<':
        return last == '>' && only(inner, " _-");
    case '[':
        return last == ']' && is_bracketed_word(inner);
    case '?':
        return v.n == 1;
    default:
        return false;
    }
}

/* getToken() and the like: it is a program's text. */
static bool is_call(struct slice v)
{
    size_t n = 0;
    while (n < v.n && (ascii_alpha(v.p[n]) || one_of(v.p[n], "_.:>-")))
        n++;
    return n > 1 && n < v.n && v.p[n] == '(' && !looks_random(slice_sub(v, n + 1, v.n - 1), 6);
}

static bool is_nothing(struct slice v)
{
    static const char *const words[] = {"null",    "(null)", "none",   "nil",     "undefined", "nan", "<nil>",
                                        "nullptr", "n/a",    "(none)", "(empty)", "''",        "\"\""};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_ieq(v, slice_str(words[i])))
            return true;
    return false;
}

/* The first word of the text, with an apostrophe inside. */
struct slice value_first_word(struct slice v)
{
    size_t n = 0;
    while (n < v.n && (ascii_alpha(v.p[n]) || (v.p[n] == '\'' && n) || (v.p[n] == '/' && n == 1)))
        n++;
    return slice_sub(v, 0, n);
}

bool value_begins_sentence(const struct scrub_walk *w, struct slice v)
{
    struct slice word = value_first_word(v);
    if (!word.n || (word.n < v.n && !one_of(v.p[word.n], " .,;:!?)]}\"'\r\n\t(")))
        return false;
    if (word.n + 1 < v.n && one_of(v.p[word.n], ".,;:!?") && !one_of(v.p[word.n + 1], " \r\n\t\"'"))
        return false; /* user:x@host */
    return names_roles(&w->s->names, word) & WORD_PROSE;
}

/* What a word is made of. */
struct makings {
    unsigned lower, upper, digits, signs;
    unsigned humps; /* a capital behind a small letter */
};

/* False: a space or a line's end is in it. */
static bool count_makings(struct slice v, struct makings *m)
{
    char before = 0;
    for (size_t i = 0; i < v.n; before = v.p[i++]) {
        switch (v.p[i]) {
        case 'a' ... 'z':
            m->lower++;
            break;
        case 'A' ... 'Z':
            m->upper++;
            m->humps += before >= 'a' && before <= 'z';
            break;
        case '0' ... '9':
            m->digits++;
            break;
        case ' ':
        case '\n':
            return false;
        default:
            m->signs += one_of(v.p[i], "!@#$%^&*+=~?");
        }
    }
    return true;
}

/* Letters with digits or signs; not a long name with a number. */
static bool is_mixed(const struct makings *m, size_t n)
{
    unsigned letters = m->lower + m->upper;
    if (m->signs)
        return letters || m->digits;
    return m->digits && letters && (m->digits > 2 || m->humps || n <= 12);
}

bool looks_random(struct slice v, size_t least)
{
    struct makings m = {0};
    if (v.n < least || !count_makings(v, &m))
        return false;
    return is_mixed(&m, v.n) || (m.upper && m.humps > 1) || (m.digits >= 16 && m.digits + m.signs == v.n);
}

/* A sentence in quotes says what became of a secret, or what one must be: it names such a state, and none of its words
 * looks made. */
bool value_is_statement(const struct scrub_walk *w, struct slice v)
{
    bool state = false;
    if (!value_begins_sentence(w, v))
        return false;
    while (v.n) {
        struct slice word = slice_split(&v, ' ');
        if (looks_random(word, 8))
            return false;
        state |= (names_roles(&w->s->names, value_first_word(word)) & WORD_STATE) != 0;
    }
    return state;
}

/* Nothing of a word in it. */
static bool is_signs(struct slice v)
{
    for (size_t i = 0; i < v.n; i++)
        if (ascii_alnum(v.p[i]) || (unsigned char)v.p[i] >= 0x80)
            return false;
    return true;
}

/* Nothing, masked already, or a place for one. */
static bool is_no_value(struct slice v)
{
    struct slice bare = slice_trim(v);
    while (bare.n > 1 && one_of(bare.p[bare.n - 1], ".,;:!"))
        bare.n--;
    if (!bare.n || value_is_mark(bare) || is_masked(bare) || is_nothing(bare) || value_is_placeholder(bare) ||
        is_call(bare))
        return true;
    return bare.n < 4 && is_signs(bare);
}

/* The same, or a sentence about it. */
bool value_says_nothing(const struct scrub_walk *w, struct slice v)
{
    return is_no_value(v) || value_begins_sentence(w, slice_trim(v));
}

bool value_is_worth(const struct scrub_walk *w, struct slice v, bool loose)
{
    return !value_says_nothing(w, v) && !(loose && v.p[v.n - 1] == ':');
}

static bool is_short_number(struct slice v, size_t least)
{
    v = slice_trim(v);
    for (size_t i = 0; i < v.n; i++)
        if (!ascii_digit(v.p[i]))
            return false;
    return v.n >= least && v.n <= 12;
}

bool value_begins_count(struct slice v)
{
    size_t n = 0;
    while (n < v.n && ascii_digit(v.p[n]))
        n++;
    return n > 0 && n < 4 && n < v.n && one_of(v.p[n], " ,;\"'\\");
}

bool value_is_name_byte(char c)
{
    return ascii_alnum(c) || c == '_' || c == '-' || c == '.';
}

/* Whether a '=' at i is the end of a text in base64 that begins at `from`. */
static bool is_padding(struct slice t, size_t from, size_t i)
{
    size_t behind = i + 1 + (i + 1 < t.n && t.p[i + 1] == '=');
    bool ends = behind >= t.n || one_of(t.p[behind], " \t\r\n\"'\\,;)");
    return ends && (behind - from) % 4 == 0 && looks_random(slice_sub(t, from, i), 12);
}

bool value_pair_at(struct slice t, size_t i)
{
    size_t from = i;
    while (i < t.n && i - from < 64 && (value_is_name_byte(t.p[i]) || (i > from && one_of(t.p[i], "[]"))))
        i++;
    return i > from && i < t.n && t.p[i] == '=' && !is_padding(t, from, i);
}

/* The value is called by its name, in capitals: --password PASSWORD. */
bool value_is_own_name(const struct scrub_walk *w, struct slice v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] != '_' && !(v.p[i] >= 'A' && v.p[i] <= 'Z'))
            return false;
    return names_field(&w->s->names, v).kind != NAME_NONE;
}

/* A parser's token: "Unexpected token: punc". */
static bool follows_syntax(const struct scrub_walk *w)
{
    return (w->recent[1].roles & WORD_SYNTAX) && w->recent[0].end - w->recent[1].end <= 16;
}

/* Nothing, taken before, or the next name where the value is missing: "password user=x". */
static bool is_out_of_question(const struct scrub_walk *w, const struct value_site *p, struct slice v, bool quoted)
{
    return !v.n || value_is_mark(slice_trim(v)) || (p->sep == SEP_SPACE && !quoted && value_pair_at(w->t, p->at));
}

static bool is_count(const struct value_site *p, struct slice v)
{
    return v.n < 4 && (p->is.flags & NAME_TIGHT || p->is.kind == NAME_HEADER) && is_short_number(v, 1);
}

/* "key /etc/x", "token auth.py": the name is another word's here. */
static bool is_path_behind_space(const struct value_site *p, struct slice v)
{
    return p->sep == SEP_SPACE && p->is.flags & NAME_TIGHT && (slice_chr(v, '/') || slice_chr(v, '.'));
}

/* What stands in quotes, or under a name in quotes. */
static bool is_secret_text(const struct scrub_walk *w, struct slice v, bool quoted)
{
    if (quoted && slice_chr(v, ' '))
        return !is_no_value(v) && !value_is_statement(w, v);
    return !(is_masked(v) || is_nothing(v) || value_is_placeholder(v)) && (v.n > 2 || only(v, ""));
}

/* A word behind the name and a space must look made. */
static bool is_secret_word(const struct scrub_walk *w, struct slice v)
{
    return (looks_random(v, 4) || is_short_number(v, 4)) && !value_says_nothing(w, v) && !slice_chr(v, '(');
}

/* What stands without quotes behind a sign; loose: behind a colon and a space, as in a sentence. */
static bool is_secret_bare(const struct scrub_walk *w, const struct value_site *p, struct slice v, bool loose)
{
    if (loose && (follows_syntax(w) || p->is.flags & NAME_TIGHT))
        return looks_random(v, 6);
    return value_is_worth(w, v, loose);
}

/* The same by the notation alone. */
static bool is_secret_here(const struct scrub_walk *w, const struct value_site *p, struct slice v, bool quoted)
{
    bool loose = p->sep == SEP_COLON && !p->tight, behind_space = p->sep == SEP_SPACE && !quoted;
    if (is_path_behind_space(p, v) || (p->sep == SEP_OPTION && value_is_own_name(w, v)))
        return false;
    if (behind_space)
        return is_secret_word(w, v);
    return quoted || p->key.n ? is_secret_text(w, v, quoted) : is_secret_bare(w, p, v, loose);
}

/* Whether v is worth taking as the value of such a name. */
bool value_is_secret(const struct scrub_walk *w, const struct value_site *p, struct slice v, bool quoted)
{
    if (is_out_of_question(w, p, v, quoted))
        return false;
    switch (p->is.kind) {
    case NAME_DIGITS:
        return is_short_number(v, p->sep == SEP_SPACE ? 4 : 3);
    case NAME_WEAK:
        return looks_random(v, 8) && !value_says_nothing(w, v);
    case NAME_QUERY:
        return p->query && looks_random(v, 16);
    default:
        return !is_count(p, v) && is_secret_here(w, p, v, quoted);
    }
}

bool value_of_field(const struct scrub_walk *w, struct name_is is, struct slice v)
{
    const struct value_site p = {.is = is, .sep = SEP_ASSIGN, .tight = true, .key = {.n = 1}};
    return value_is_secret(w, &p, v, true);
}
