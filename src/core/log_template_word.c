/* log_template_word: pieces that are not one thing as a whole, word by word, and names with numbers in them. See
 * log_template_piece.h. */
#include "core/log_template_piece.h"
#include "core/word_set.h"

/* --- names --- */

enum { KEY_LEAST = 16, HEX_LEAST = 7, HEX_TURNS_LEAST = 4 };

/* Hexadecimal digits that change between letters and digits, or many of them. */
static bool is_hex_name(const char *p, const char *run)
{
    unsigned turns = 0;
    for (const char *r = p; r < run; r++) {
        if (!ascii_hex(*r))
            return false;
        turns += r > p && ascii_digit(*r) != ascii_digit(r[-1]);
    }
    return run - p >= HEX_LEAST || (run - p >= HEX_TURNS_LEAST && turns >= 2);
}

/* Letters up to d, then digits: exec4, v2, x17. Units stand behind a name, up to e, not inside. */
static const char *numbered_name(struct log_template_work *w, const char *p, const char *d, const char *run,
                                 const char *e)
{
    bool version = *p == 'v' && run - p <= 3, one = d - p == 1;
    enum placeholder type;
    if (one && !version)
        return log_template_emit(w, PLACEHOLDER_ID, p, run);
    size_t n = recognise_number(d, e, &type);
    if (version && d + n <= run)
        return run; /* v2 is a name */
    const char *end = d + n > run ? d + n : run;
    if (one)
        return log_template_emit(w, PLACEHOLDER_VERSION, p, end); /* v1.2 */
    return log_template_emit(w, type == PLACEHOLDER_ID ? PLACEHOLDER_NUM : type, d, end);
}

/* Letters, one or two digits, letters: Slf4jLogger stays, AKIAIOSFODNN7EXAMPLE goes. [d, q) are its first digits. */
static bool is_name_around(const char *p, const char *d, const char *q, const char *run)
{
    bool lower = false;
    if (q - d > 2 || d - p < 3)
        return false;
    for (const char *r = q; r < run; r++)
        if (ascii_digit(*r))
            return false;
    for (const char *r = p; r < run && !lower; r++)
        lower = *r >= 'a';
    return lower || run - p < KEY_LEAST;
}

/* Letters and digits without underscore: one piece of a name. */
static const char *name_piece(struct log_template_work *w, const char *p, const char *run)
{
    const char *d = p, *e = run < w->e && *run == '_' ? run : w->e;
    while (d < run && !ascii_digit(*d))
        d++;
    if (d == p) {
        enum placeholder type;
        size_t n = recognise_number(p, e, &type);
        return log_template_emit(w, type, p, p + n);
    }
    if (is_hex_name(p, run))
        return log_template_emit(w, PLACEHOLDER_NUM, p, run);
    const char *q = d + recognise_digits(d, run);
    if (q == run)
        return numbered_name(w, p, d, run, e);
    return is_name_around(p, d, q, run) ? run : log_template_emit(w, PLACEHOLDER_ID, p, run);
}

/* The pieces of a name, between underscores, that have digits. */
struct numbered {
    const char *first, *last, *end; /* where the first and the last begin, where the last ends */
    unsigned pieces, digits;
    bool letters;
};

static struct numbered numbered_of(const char *p, const char *run)
{
    struct numbered n = {0};
    while (p < run) {
        const char *from = p;
        unsigned digits = 0;
        for (; p < run && *p != '_'; p++)
            digits += ascii_digit(*p);
        n.letters = n.letters || p - from > digits;
        n.digits += digits;
        if (digits > 0) {
            n.first = n.first ? n.first : from;
            n.last = from;
            n.end = p;
            n.pieces++;
        }
        p += p < run;
    }
    return n;
}

/* init2(), Http2Server$Handler, v2::x: what follows says that it is a name of code. */
static bool is_code_behind(const char *p, const char *e)
{
    return p < e && (*p == '(' || *p == '$' || (*p == ':' && p + 1 < e && p[1] == ':'));
}

/* A run of word bytes with a digit in it. Returns where to go on. */
static const char *name(struct log_template_work *w, const char *p, const char *run)
{
    struct numbered n = numbered_of(p, run);
    bool code = n.digits <= 2 && n.letters && !ascii_digit(*p) && is_code_behind(run, w->e);
    if (code || word_set_has(WORD_SET_KNOWN_NAMES, p, (size_t)(run - p)))
        return run;
    if (n.pieces == 1)
        return name_piece(w, n.last, n.end);
    bool whole = n.letters && log_template_since(w, 2); /* rdd_4_2 is block_7_1 in the next line */
    return log_template_emit(w, n.letters ? PLACEHOLDER_ID : PLACEHOLDER_NUM, whole ? p : n.first, whole ? run : n.end);
}

/* --- things with inner punctuation --- */

/* The same mark again behind a day or a month. */
static bool mark_again(const char *r, const char *e)
{
    const char *q = r + 1;
    while (q < e && q - r < 5 && ascii_alnum(*q))
        q++;
    return q < e && *q == *r;
}

/* Whether the number [p, r) may begin a date or a time of day, by what follows it. */
static bool time_like(const char *p, const char *r, const char *e)
{
    if (r - p > 4 || e - r < 3)
        return r - p == 8 && r < e && *r == 'T';
    switch (*r) {
    case ':':
        return r - p <= 2 && ascii_digit(r[1]) && ascii_digit(r[2]);
    case ' ':
        return r[1] >= 'A' && r[1] <= 'S';
    case '-':
    case '/':
    case '.':
        return mark_again(r, e);
    default:
        return false;
    }
}

/* A time stands at the front of a word that no other goes on with. */
static bool may_be_inside(char before)
{
    return before == ':' || before == '.' || before == '-' || before == '_';
}

/* What a number at [p, r) begins. */
static size_t numbers(const struct log_template_work *w, const char *p, const char *r, const char *q,
                      enum placeholder *type)
{
    size_t n = r < w->e && *r == '.' && r - p <= 3 ? recognise_ip4(p, q) : 0;
    *type = n > 0 ? PLACEHOLDER_ADDR : PLACEHOLDER_TIME;
    if (n > 0 || may_be_inside(log_template_before(w, p)) || !time_like(p, r, w->e))
        return n;
    return recognise_time(p, w->e);
}

/* An id of pairs or of five runs, of which the first is `run` digits. */
static size_t separated(const char *p, const char *q, ptrdiff_t run, char sep, enum placeholder *type)
{
    if (run == 8 && sep == '-') {
        *type = PLACEHOLDER_UUID;
        return recognise_uuid(p, q);
    }
    *type = PLACEHOLDER_MAC;
    return run == 2 ? recognise_mac(p, q) : 0;
}

/* What stands behind the first run of hexadecimal digits says which it can be. */
size_t log_template_compound(const struct log_template_work *w, const char *p, const char *q, enum placeholder *type)
{
    const char *r = p;
    while (r < q && log_template_class_of(*r) & LOG_TEMPLATE_HEX)
        r++;
    ptrdiff_t run = r - p;
    char sep = r < w->e ? *r : 0;
    size_t n = sep == '-' || sep == ':' ? separated(p, q, run, sep, type) : 0;
    if (n == 0 && sep == ':' && run <= 4) {
        *type = PLACEHOLDER_ADDR;
        n = recognise_ip6(p, q);
    }
    return n > 0 || !ascii_digit(*p) ? n : numbers(w, p, r, q, type);
}

/* --- words --- */

/* One or two capitals: part of an id in pieces. */
static bool short_mark(const char *p, const char *q)
{
    return q - p <= 2 && *p >= 'A' && *p <= 'Z' && q[-1] >= 'A' && q[-1] <= 'Z';
}

static bool is_bool(const char *p, const char *q)
{
    return (q - p == 4 && memcmp(p, "true", 4) == 0) || (q - p == 5 && memcmp(p, "false", 5) == 0);
}

/* HTTP/1.1 at p: its end, or NULL. */
static const char *protocol_end(const char *p, const char *run, const char *q)
{
    if (run - p != 4 || q - run < 2 || *run != '/' || memcmp(p, "HTTP", 4) != 0 || !ascii_digit(run[1]))
        return NULL;
    for (run++; run < q && (ascii_digit(*run) || *run == '.');)
        run++;
    return run;
}

/* R63-M0-NE-C: letters that go on with an id. */
static bool goes_on_with_id(const struct log_template_work *w, const char *p, const char *run)
{
    return w->last == PLACEHOLDER_ID && w->last_end == p - 1 && short_mark(p, run);
}

static const char *compound(struct log_template_work *w, const char *p, const char *q)
{
    enum placeholder type;
    size_t n = log_template_compound(w, p, q, &type);
    return n > 0 ? log_template_emit(w, type, p, p + n) : NULL;
}

/* What stands behind a colon: a host. Returns its end, or NULL. */
static const char *host(struct log_template_work *w, const char *p, const char *q)
{
    size_t n = log_template_host(w, p, q);
    return n > 0 ? log_template_emit(w, PLACEHOLDER_ADDR, p, p + n) : NULL;
}

/* Letters [p, run) behind a colon: a truth, or a host, as the next byte may say. Returns its end, or NULL. */
static const char *letters_behind_colon(struct log_template_work *w, const char *p, const char *run, const char *q,
                                        char next)
{
    if (is_bool(p, run))
        return log_template_emit(w, PLACEHOLDER_BOOL, p, run);
    return next == '.' || next == '-' ? host(w, p, q) : NULL;
}

/* A run of word bytes [p, run) without a digit. Returns where to go on. */
static const char *letters(struct log_template_work *w, const char *p, const char *run, const char *q)
{
    char before = log_template_before(w, p), next = run < q ? *run : 0;
    const char *end = next == '/' ? protocol_end(p, run, q) : NULL;
    if (end)
        return end;
    if (before == '-' && goes_on_with_id(w, p, run))
        return log_template_emit(w, PLACEHOLDER_ID, p, run);
    if (before == ':')
        end = letters_behind_colon(w, p, run, q, next);
    if (!end && run - p == 8 && next == '-')
        end = compound(w, p, q);
    return end ? end : run;
}

/* The word that begins at p. Returns where to go on. */
static const char *word(struct log_template_work *w, const char *p, const char *q)
{
    const char *run = p, *end = NULL;
    unsigned kinds = 0, c;
    for (; run < q && (c = log_template_class_of(*run)) & LOG_TEMPLATE_WORD; run++)
        kinds |= c;
    if (!(kinds & LOG_TEMPLATE_DIGIT))
        return letters(w, p, run, q);
    if (log_template_class_of(*p) & LOG_TEMPLATE_HEX)
        end = compound(w, p, q);
    if (!end && log_template_before(w, p) == ':')
        end = host(w, p, q);
    return end ? end : name(w, p, run);
}

/* A sign at p, and the number behind it. */
static const char *signed_number(struct log_template_work *w, const char *p, const char *q)
{
    char before = log_template_before(w, p);
    enum placeholder type;
    if (q - p < 2 || !ascii_digit(p[1]) || ascii_alnum(before))
        return p + 1;
    size_t n = recognise_number(p, w->e, &type);
    return log_template_emit(w, type, p, p + n);
}

/* A slash at p, and the path that it begins. */
static const char *inner_path(struct log_template_work *w, const char *p, const char *q)
{
    char before = log_template_before(w, p);
    if (q - p < 2 || !recognise_word_byte(p[1]) || recognise_word_byte(before) || before == ')')
        return p + 1;
    return log_template_emit(w, PLACEHOLDER_PATH, p, log_template_path_end(p, w->e));
}

const char *log_template_words(struct log_template_work *w, const char *p, const char *q)
{
    while (p < q && !w->full) {
        if (log_template_word_at(p))
            p = word(w, p, q);
        else if (*p == '-' || *p == '+')
            p = signed_number(w, p, q);
        else if (*p == '/')
            p = inner_path(w, p, q);
        else
            p++;
    }
    return p;
}
