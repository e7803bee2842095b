/* scrub_value: quotes, where a value ends, and whether it is a secret, or a sentence, a mark, a place for one. Part of scrub. */
#include "core/scrub_impl.h"

/* --- quotes --- */

/* U+2018 to U+201B single, U+201C to U+201F double, U+2039 and U+203A, by the last byte of three. */
static struct quote print_quote(unsigned char last)
{
    if (last >= 0x98 && last <= 0x9f)
        return (struct quote){.n = 3, .c = last <= 0x9b ? 0x98 : 0x9c};
    return last == 0xb9 || last == 0xba ? (struct quote){.n = 3, .c = 0xb9} : (struct quote){0};
}

/* The quotes of print, in UTF-8. Which of a pair opens is another one in each language, so any of its kind closes. */
static struct quote typographic_at(struct slice t, size_t i)
{
    const unsigned char *p = (const unsigned char *)t.p + i;
    if (t.n - i >= 2 && p[0] == 0xc2 && (p[1] == 0xab || p[1] == 0xbb)) /* U+00AB, U+00BB */
        return (struct quote){.n = 2, .c = 0xab};
    return t.n - i >= 3 && p[0] == 0xe2 && p[1] == 0x80 ? print_quote(p[2]) : (struct quote){0};
}

bool value_quote_is_before(struct slice t, size_t i)
{
    return (i >= 3 && typographic_at(t, i - 3).n == 3) || (i >= 2 && typographic_at(t, i - 2).n == 2);
}

/* A quote that nothing closes: its text goes to the end of the line. */
static size_t unclosed_end(struct slice t, size_t from, size_t *behind)
{
    const char *line = memchr(t.p + from, '\n', t.n - from);
    *behind = line ? (size_t)(line - t.p) : t.n;
    return *behind;
}

/* One inside a word is an apostrophe. */
static size_t typographic_end(struct slice t, size_t from, struct quote q, size_t *behind)
{
    for (size_t i = from; i < t.n && t.p[i] != '\n'; i++) {
        struct quote close = (unsigned char)t.p[i] >= 0xc2 ? typographic_at(t, i) : (struct quote){0};
        bool apostrophe = q.c == 0x98 && i + close.n < t.n && ascii_alnum(t.p[i + close.n]);
        if (close.n && close.c == q.c && !apostrophe) {
            *behind = i + close.n;
            return i;
        }
    }
    return unclosed_end(t, from, behind);
}

struct quote value_quote_at(struct slice t, size_t i)
{
    struct quote q = {0};
    struct unit u = unit_at(t, i);
    size_t at = i;
    while (u.n == 1 && u.c == '\\' && q.slashes < 63) {
        q.slashes++;
        u = unit_at(t, ++at);
    }
    if (u.c >= 0x80 && at == i)
        return typographic_at(t, i);
    if (!u.n || (u.c != '"' && u.c != '\'' && u.c != '`'))
        return (struct quote){0};
    q.c = u.c;
    q.layer = u.layer;
    q.n = at + u.n - i;
    return q;
}

/* A quote twice is one of the text's own, as SQL and CSV write it. */
static bool is_doubled(struct slice t, size_t from, size_t i, struct quote q)
{
    return q.slashes == 0 && q.layer == 0 && i > from && i + 1 < t.n && (unsigned char)t.p[i + 1] == q.c;
}

/*
 * Each time text is put in quotes, a backslash before each quote and each backslash is added: with k backslashes before the opening
 * quote, the closing one has k more than a multiple of 2(k+1), and a quote that is part of the text 2k+1 more. Fewer than k close
 * what is around.
 */
size_t value_quoted_end(struct slice t, size_t from, struct quote q, size_t *behind)
{
    size_t slashes = 0, period = 2 * ((size_t)q.slashes + 1);
    if (q.c >= 0x80)
        return typographic_end(t, from, q, behind);
    for (size_t i = from; i < t.n;) {
        struct unit u = unit_at(t, i);
        if (u.c == '\\' && u.n == 1) {
            slashes++;
            i++;
            continue;
        }
        bool same = u.c == q.c && u.layer <= q.layer;
        if (same && slashes < q.slashes) {
            *behind = i - slashes;
            return *behind;
        }
        if (same && slashes % period == q.slashes) {
            if (!is_doubled(t, from, i, q)) {
                *behind = i + u.n;
                return i - q.slashes;
            }
            i++;
        }
        slashes = 0;
        i += u.n;
    }
    return unclosed_end(t, from, behind);
}

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
    static const char *const words[] = {"null", "(null)", "none", "nil", "undefined", "nan", "<nil>", "nullptr", "n/a", "(none)", "(empty)", "''", "\"\""};
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

bool value_begins_sentence(const struct walk *w, struct slice v)
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

/* A sentence in quotes says what became of a secret, or what one must be: it names such a state, and none of its words looks made. */
bool value_is_statement(const struct walk *w, struct slice v)
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
    if (!bare.n || value_is_mark(bare) || is_masked(bare) || is_nothing(bare) || value_is_placeholder(bare) || is_call(bare))
        return true;
    return bare.n < 4 && is_signs(bare);
}

/* The same, or a sentence about it. */
bool value_says_nothing(const struct walk *w, struct slice v)
{
    return is_no_value(v) || value_begins_sentence(w, slice_trim(v));
}

bool value_is_worth(const struct walk *w, struct slice v, bool loose)
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
bool value_is_own_name(const struct walk *w, struct slice v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] != '_' && !(v.p[i] >= 'A' && v.p[i] <= 'Z'))
            return false;
    return names_field(&w->s->names, v).kind != NAME_NONE;
}

/* A parser's token: "Unexpected token: punc". */
static bool follows_syntax(const struct walk *w)
{
    return (w->recent[1].roles & WORD_SYNTAX) && w->recent[0].end - w->recent[1].end <= 16;
}

/* Nothing, taken before, or the next name where the value is missing: "password user=x". */
static bool is_out_of_question(const struct walk *w, const struct place *p, struct slice v, bool quoted)
{
    return !v.n || value_is_mark(slice_trim(v)) || (p->sep == SEP_SPACE && !quoted && value_pair_at(w->t, p->at));
}

static bool is_count(const struct place *p, struct slice v)
{
    return v.n < 4 && (p->is.flags & NAME_TIGHT || p->is.kind == NAME_HEADER) && is_short_number(v, 1);
}

/* "key /etc/x", "token auth.py": the name is another word's here. */
static bool is_path_behind_space(const struct place *p, struct slice v)
{
    return p->sep == SEP_SPACE && p->is.flags & NAME_TIGHT && (slice_chr(v, '/') || slice_chr(v, '.'));
}

/* What stands in quotes, or under a name in quotes. */
static bool is_secret_text(const struct walk *w, struct slice v, bool quoted)
{
    if (quoted && slice_chr(v, ' '))
        return !is_no_value(v) && !value_is_statement(w, v);
    return !(is_masked(v) || is_nothing(v) || value_is_placeholder(v)) && (v.n > 2 || only(v, ""));
}

/* A word behind the name and a space must look made. */
static bool is_secret_word(const struct walk *w, struct slice v)
{
    return (looks_random(v, 4) || is_short_number(v, 4)) && !value_says_nothing(w, v) && !slice_chr(v, '(');
}

/* What stands without quotes behind a sign; loose: behind a colon and a space, as in a sentence. */
static bool is_secret_bare(const struct walk *w, const struct place *p, struct slice v, bool loose)
{
    if (loose && (follows_syntax(w) || p->is.flags & NAME_TIGHT))
        return looks_random(v, 6);
    return value_is_worth(w, v, loose);
}

/* The same by the notation alone. */
static bool is_secret_here(const struct walk *w, const struct place *p, struct slice v, bool quoted)
{
    bool loose = p->sep == SEP_COLON && !p->tight, behind_space = p->sep == SEP_SPACE && !quoted;
    if (is_path_behind_space(p, v) || (p->sep == SEP_OPTION && value_is_own_name(w, v)))
        return false;
    if (behind_space)
        return is_secret_word(w, v);
    return quoted || p->key.n ? is_secret_text(w, v, quoted) : is_secret_bare(w, p, v, loose);
}

/* Whether v is worth taking as the value of such a name. */
bool value_is_secret(const struct walk *w, const struct place *p, struct slice v, bool quoted)
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

bool value_of_field(const struct walk *w, struct name_is is, struct slice v)
{
    const struct place p = {.is = is, .sep = SEP_ASSIGN, .tight = true, .key = {.n = 1}};
    return value_is_secret(w, &p, v, true);
}

/* --- where a value ends --- */

/* first: it is all there is of a value, as in <*>. */
static bool begins_tag(char next, bool first)
{
    return next == '/' || next == '!' || ascii_alpha(next) || ascii_space(next) || (first && next == '*');
}

/* Whether the sign at i, which may end a value or be part of it, ends it. */
static bool sign_ends(const struct walk *w, size_t from, size_t i, bool query)
{
    char c = w->t.p[i], next = i + 1 < w->t.n ? w->t.p[i + 1] : ' ';
    switch (c) {
    case '&':
    case ',':
    case ';':
        return query || ascii_space(next) || (c != '&' && one_of(next, "\"'\\}])")) || value_pair_at(w->t, i + 1);
    case ')':
    case ']':
    case '}':
        return !ascii_alnum(next) && !one_of(next, "!@#$%^&*-_");
    case '"':
    case '\'':
    case '`':
        return i == from || !ascii_alnum(next);
    case '<':
        return begins_tag(next, i == from);
    case '>':
        return !ascii_alnum(next);
    case '|':
        return ascii_space(next);
    case '#':
        return query;
    default:
        return false;
    }
}

static bool is_escaped_break(struct slice t, size_t i)
{
    return i + 1 < t.n && t.p[i] == '\\' && one_of(t.p[i + 1], "nrt");
}

/* A value without quotes, as far as it has been read. */
struct bare {
    size_t from;
    unsigned layer, open; /* of the separator; brackets */
    bool query;
};

/* Whether the byte at i, which is no escape, ends it. */
static bool byte_ends(const struct walk *w, struct bare *b, size_t i)
{
    char c = w->t.p[i];
    if (b->layer && (c == '&' || c == '"' || c == '\''))
        return true;
    switch (c) {
    case '\\':
        return is_escaped_break(w->t, i) || value_quote_at(w->t, i).n;
    case '(':
    case '[':
    case '{':
        b->open++;
        return false;
    case ')':
    case ']':
    case '}':
        if (!b->open)
            return sign_ends(w, b->from, i, b->query);
        b->open--;
        return false;
    default:
        return sign_ends(w, b->from, i, b->query);
    }
}

static bool unit_ends(const struct walk *w, struct bare *b, size_t i, struct unit u)
{
    if (ascii_space((char)u.c) && u.layer <= b->layer)
        return true;
    return u.layer ? u.layer <= b->layer && one_of((char)u.c, "&;,\"'<>") : byte_ends(w, b, i);
}

size_t value_bare_end(const struct walk *w, size_t from, unsigned layer, bool query)
{
    struct slice t = w->t;
    struct bare b = {.from = from, .layer = layer, .query = query};
    size_t i = from;
    while (i < t.n) {
        struct unit u = unit_at(t, i);
        if (unit_ends(w, &b, i, u))
            break;
        i += u.n;
    }
    if (query || (i < t.n && !ascii_space(t.p[i])))
        return i;
    if (i > from + 1 && one_of(t.p[i - 1], ".!:,;"))
        i--; /* the end of a sentence */
    return i;
}

/* How much deeper it is behind such a byte. */
static int bracket_step(unsigned char c)
{
    switch (c) {
    case '{':
    case '[':
    case '(':
        return 1;
    case '}':
    case ']':
    case ')':
        return -1;
    default:
        return 0;
    }
}

/* A list or an object, to its end; all of the text where it has none. */
size_t value_structure_end(struct slice t, size_t from)
{
    unsigned depth = 0;
    for (size_t i = from; i < t.n;) {
        struct quote q = value_quote_at(t, i);
        struct unit u = unit_at(t, i);
        if (q.n && q.c == '"') {
            value_quoted_end(t, i + q.n, q, &i);
            continue;
        }
        depth += (unsigned)bracket_step(u.c);
        i += u.n;
        if (!depth)
            return i;
    }
    return t.n;
}

/* Whether the byte at i ends the rest of a line: the line's end, also as an escape, or what closes the text around. */
static bool ends_line(const struct walk *w, size_t from, size_t i)
{
    switch (w->t.p[i]) {
    case '\n':
    case '\r':
        return true;
    case '\\':
        return is_escaped_break(w->t, i) || value_quote_at(w->t, i).n;
    case '"':
    case '\'':
    case '}':
    case ']':
        return sign_ends(w, from, i, false);
    default:
        return false;
    }
}

/* The rest of a line, or of the quoted text around it, with escapes of a line's end. */
static size_t line_end(const struct walk *w, size_t from)
{
    size_t i = from;
    while (i < w->t.n && !ends_line(w, from, i))
        i++;
    while (i > from && ascii_space(w->t.p[i - 1]))
        i--;
    return i;
}

/* The end of the pair name=value at i. */
static size_t pair_end(const struct walk *w, size_t i)
{
    size_t behind;
    while (w->t.p[i] != '=')
        i++;
    struct quote q = value_quote_at(w->t, ++i);
    if (!q.n)
        return value_bare_end(w, i, 0, false);
    value_quoted_end(w->t, i + q.n, q, &behind);
    return behind;
}

/* More pairs of an Authorization header: Digest username="x", nonce="y". */
static size_t pairs_end(const struct walk *w, size_t at)
{
    for (bool first = true;; first = false) {
        size_t i = at;
        while (i < w->t.n && (w->t.p[i] == ' ' || w->t.p[i] == ','))
            i++;
        if (i == at || !(first || w->t.p[at] == ',') || !value_pair_at(w->t, i))
            return at;
        at = pair_end(w, i);
    }
}

static bool is_cookie(const struct walk *w, size_t name)
{
    return name < w->t.n && (w->t.p[name] == 'c' || w->t.p[name] == 'C') && w->t.n - name >= 6;
}

/* Authorization: scheme and credentials, one word where there is no scheme. Cookie: the line. */
size_t value_header_end(const struct walk *w, size_t at, size_t name)
{
    if (is_cookie(w, name))
        return line_end(w, at);
    size_t end = value_bare_end(w, at, 0, false);
    struct slice word = value_first_word(slice_sub(w->t, at, end));
    if (word.n == end - at && end + 1 < w->t.n && w->t.p[end] == ' ' && names_roles(&w->s->names, word) & WORD_SCHEME) {
        end = value_pair_at(w->t, end + 1) ? pairs_end(w, end) : value_bare_end(w, end + 1, 0, false);
    } else if (end - at > 4 && slice_starts(slice_from(w->t, at), SLICE("AWS4-"))) {
        end = pairs_end(w, end);
    }
    return end;
}

/* Words up to the end of the line or of the sentence's part. */
size_t value_phrase_end(const struct walk *w, size_t at)
{
    size_t end = value_bare_end(w, at, 0, false);
    while (end + 1 < w->t.n && w->t.p[end] == ' ' && ascii_alpha(w->t.p[end + 1]) && !value_pair_at(w->t, end + 1)) {
        size_t more = value_bare_end(w, end + 1, 0, false);
        if (more == end + 1)
            break;
        end = more;
    }
    return end;
}

