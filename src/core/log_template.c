#include "core/log_template.h"

#include <assert.h>

#include "core/log_template_piece.h"

/* --- what may stand in parentheses behind a value --- */

enum { ADDRESS_NAME_MAX = 254 };

static bool in_address_name(char c)
{
    return ascii_alnum(c) || c == '.' || c == '-' || c == '_' || c == ':';
}

/* The end of a name that has a dot or a colon, or of nothing, at q; NULL when it has neither, or goes on. */
static const char *address_name_end(const char *q, const char *e)
{
    const char *from = q;
    bool dot = false;
    for (; q < e && q - from < ADDRESS_NAME_MAX && in_address_name(*q); q++)
        dot = dot || *q == '.' || *q == ':';
    return q < e && *q == ')' && (dot || q == from) ? q : NULL;
}

/* Behind an address that ends at p, in parentheses: its name, or nothing where it has none. Belongs to the
 * address. Returns where to go on. */
static const char *address_name(struct log_template_work *w, const char *p)
{
    if (w->e - p < 3 || p[0] != ' ' || p[1] != '(')
        return p;
    const char *end = address_name_end(p + 2, w->e);
    if (end)
        p = w->last_end = w->lit = end + 1;
    return p;
}

/* Behind a size that ends at p, in parentheses: the same in other units, or nothing where there are none. */
static const char *size_again(struct log_template_work *w, const char *p)
{
    enum placeholder type;
    if (w->e - p < 4 || p[0] != ' ' || p[1] != '(' || !ascii_digit(p[2]))
        return p;
    const char *q = p + 2 + recognise_number(p + 2, w->e, &type);
    if (type == PLACEHOLDER_SIZE && q < w->e && *q == ')')
        p = w->last_end = w->lit = q + 1;
    return p;
}

/* --- signs between pieces --- */

/* "user  from", "user  [preauth]": a name that is empty, where the next line has one. Takes a placeholder for nothing.
 */
static bool empty_user(struct log_template_work *w, const char *p)
{
    if (w->prev.p + w->prev.n != p || w->e - p < 7 || p[0] != ' ' || p[1] != ' ' ||
        (p[2] != '[' && memcmp(p + 2, "from ", 5) != 0))
        return false;
    log_template_emit(w, PLACEHOLDER_USER, p + 1, p + 1);
    w->hint = LOG_TEMPLATE_HINT_NONE;
    return true;
}

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ' || c == 127;
}

/* ESC [ 1 ; 31 m at p: its last byte. */
static const char *escape_last(const char *p, const char *e)
{
    for (p += 2; p < e && (ascii_digit(*p) || *p == ';' || *p == '?');)
        p++;
    return p;
}

/* The end of the white space and control bytes at p. *blank: some of them show; *line: a line ends among them. */
static const char *blanks_end(const char *p, const char *e, bool *blank, bool *line)
{
    *blank = *line = false;
    for (; p < e && is_blank(*p); p++) {
        *blank = *blank || *p != 27;
        *line = *line || *p == '\n';
        if (*p == 27 && e - p > 1 && p[1] == '[' && (p = escape_last(p, e)) == e)
            break;
    }
    return p;
}

static bool is_single_space(const struct log_template_work *w, const char *p)
{
    return *p == ' ' && p + 1 < w->e && !is_blank(p[1]);
}

/* White space or a control byte at p: one space, whatever they are. Returns where to go on. */
static const char *space(struct log_template_work *w, const char *p)
{
    if (is_single_space(w, p) || (w->hint == LOG_TEMPLATE_HINT_USER && empty_user(w, p)))
        return p + 1;
    bool blank, line, behind = p == w->last_end;
    log_template_flush(w, p);
    p = blanks_end(p, w->e, &blank, &line);
    if (blank && w->n > 0 && p < w->end)
        log_template_put(w, line ? "\n" : " ", 1);
    w->lit = p;
    w->last_blank = behind && !line ? p : NULL;
    return p;
}

static bool is_context_byte(char c)
{
    return ascii_alnum(c) || c == '-' || c == '_';
}

/* A word of a request's context at q: an id, which has a digit, or the dash of an unknown one. Its end, or NULL. */
static const char *context_word_end(const char *q, const char *e, bool *dash)
{
    const char *t = q;
    bool digit = false;
    for (; t < e && is_context_byte(*t); t++)
        digit = digit || ascii_digit(*t);
    if (t == e || (*t != ' ' && *t != ']'))
        return NULL;
    bool none = t - q == 1 && *q == '-';
    *dash |= none;
    return digit || none ? t : NULL;
}

enum { CONTEXT_MAX = 256 };

/*
 * "[req-6f1d… 4711 - - -] " at the front: who asked, as ids with a dash for each that is unknown; now three
 * of them, now none. Returns where to go on.
 */
static const char *request_context(struct log_template_work *w, const char *p)
{
    bool dash = false;
    const char *q = p + 1;
    while (q < w->e && *q != ']' && q - p < CONTEXT_MAX) {
        q = context_word_end(q, w->e, &dash);
        if (!q)
            return p + 1;
        q += *q == ' ';
    }
    if (!dash || q == w->e || *q != ']')
        return p + 1;
    return log_template_emit(w, PLACEHOLDER_ID, p + 1, q);
}

/* The length of an address at p, of "::", which is any, too. */
static size_t address_length(const char *p, const char *e)
{
    size_t n = recognise_ip6(p, e);
    n = n ? n : recognise_ip4(p, e);
    return n ? n : p[0] == ':' && p[1] == ':' ? 2 : 0;
}

/* [2001:db8::5]:8080 or [192.0.2.1]:22 at p: an address as good as one without brackets. Returns its end or NULL. */
static const char *bracketed_address(struct log_template_work *w, const char *p)
{
    if (w->e - p < 6 || !(ascii_hex(p[1]) || p[1] == ':') || recognise_word_byte(log_template_before(w, p)))
        return NULL;
    size_t n = address_length(p + 1, w->e);
    const char *shut = p + 1 + n;
    if (!n || shut == w->e || *shut != ']')
        return NULL;
    size_t port = recognise_port(shut + 1, w->e);
    return port ? log_template_emit(w, PLACEHOLDER_ADDR, p, shut + 1 + port) : NULL;
}

static const char *bracket(struct log_template_work *w, const char *p)
{
    const char *end = bracketed_address(w, p);
    if (end)
        return end;
    return p == w->s ? request_context(w, p) : p + 1;
}

/* "lifetime <1 sec" */
static const char *less_than(struct log_template_work *w, const char *p)
{
    enum placeholder type;
    if (w->e - p < 4 || !ascii_digit(p[1]))
        return p + 1;
    size_t n = recognise_number(p + 1, w->e, &type);
    return type == PLACEHOLDER_DURATION ? log_template_emit(w, PLACEHOLDER_TIME, p, p + 1 + n) : p + 1;
}

/* One of the bytes that end a piece. */
static const char *delimiter(struct log_template_work *w, const char *p)
{
    switch (*p) {
    case '"':
    case '`':
        return log_template_quoted(w, p);
    case '=':
        return log_template_pair(w, p);
    case '[':
        return bracket(w, p);
    case '<':
        return less_than(w, p);
    default:
        return is_blank(*p) ? space(w, p) : p + 1;
    }
}

/* --- pieces that vary as a whole or not at all --- */

/* "Mon" or "May" at p, of n letters, with a space or a comma behind it: the end of the time that it begins, or NULL. */
static const char *worded_time(struct log_template_work *w, const char *p, ptrdiff_t n)
{
    if (n < 3 || n > 9 || *p < 'A' || *p > 'W' || !recognise_time_word(p))
        return NULL;
    size_t t = recognise_time_words(p, w->e);
    return t > 0 ? log_template_emit(w, PLACEHOLDER_TIME, p, p + t) : NULL;
}

static bool is_truth(const char *p, ptrdiff_t n)
{
    return (n == 4 && memcmp(p + 1, "rue", 3) == 0) || (n == 5 && memcmp(p + 1, "alse", 4) == 0);
}

/* "*****" where a number stands in another line: beside one. */
static bool is_too_wide(const struct log_template_work *w, const char *p, const char *q)
{
    ptrdiff_t n = q - p;
    if (n < 3 || n > 5 || memcmp(p, "*****", (size_t)n) != 0)
        return false;
    bool behind = w->last == PLACEHOLDER_NUM && w->last_end == p - 1 && p[-1] == ' ';
    return behind || (w->e - q > 1 && *q == ' ' && ascii_digit(q[1]));
}

/* bob(uid=1000); not LOGIN(uid=0), which is a program. */
static bool is_name_of_uid(const struct log_template_work *w, const char *q)
{
    return w->e - q > 5 && memcmp(q, "(uid=", 5) == 0 && ascii_lower(q[-1]) == q[-1];
}

/* ffffffff, where other numbers have digits; no word is made of these letters alone and as long. */
static bool is_letters_of_hex(const struct log_template_work *w, const char *p, ptrdiff_t n)
{
    bool width = n == 8 || n == 16 || n == 32 || n == 40 || n == 64;
    return width && log_template_since(w, 2) && recognise_hexes(p, p + n) == (size_t)n;
}

/* What a word of letters and such is, by its first byte; PLACEHOLDER_N: it stays. */
static enum placeholder plain_type(const struct log_template_work *w, const char *p, const char *q)
{
    ptrdiff_t n = q - p;
    switch (*p) {
    case 't':
    case 'T':
        if (n == 4 && is_truth(p, n))
            return PLACEHOLDER_BOOL;
        break;
    case 'f':
    case 'F':
        if (n == 5 && is_truth(p, n))
            return PLACEHOLDER_BOOL;
        break;
    case '*':
        return is_too_wide(w, p, q) ? PLACEHOLDER_NUM : PLACEHOLDER_N;
    }
    if (is_letters_of_hex(w, p, n))
        return PLACEHOLDER_NUM;
    if (n == 2 && (p[1] == '+' || p[1] == '-') && ascii_alpha(*p))
        return PLACEHOLDER_ID; /* an axis, a direction: x+ */
    return PLACEHOLDER_N;
}

/* A piece of letters and such only. Returns its end, or where the time ends that it begins. */
static const char *plain(struct log_template_work *w, const char *p, const char *q)
{
    char next = q < w->e ? *q : 0;
    const char *time = next == ' ' || next == ',' ? worded_time(w, p, q - p) : NULL;
    if (time)
        return time;
    if (p == q)
        return q;
    enum placeholder type = next == '(' && is_name_of_uid(w, q) ? PLACEHOLDER_USER : plain_type(w, p, q);
    return type == PLACEHOLDER_N ? q : log_template_emit(w, type, p, q);
}

/* 6 May 2024: a number of one digit or two at [p, r), and the capital of a month. */
static bool may_be_day(const struct log_template_work *w, const char *p, const char *r)
{
    return r - p <= 2 && w->e - r > 4 && *r == ' ' && r[1] >= 'A' && r[1] <= 'S';
}

/* The commonest of all: [p, t) is digits, with at most one dot between them. Returns the end; NULL when it is
 * something else. */
static const char *decimal(struct log_template_work *w, const char *p, const char *t)
{
    const char *r = p + recognise_digits(p, t);
    bool date = may_be_day(w, p, r);
    if (t - r > 1 && *r == '.')
        r += 1 + recognise_digits(r + 1, t);
    if (r < t || r == p || date || w->hint)
        return NULL;
    enum placeholder type;
    size_t n = recognise_number(p, w->e, &type);
    log_template_emit(w, type, p, p + n);
    return type == PLACEHOLDER_SIZE ? size_again(w, p + n) : p + n;
}

/* Whether a dot or a colon stands in [p, q). */
static bool nested_mark(const char *p, const char *q)
{
    while (p < q && !(log_template_class_of(*p) & (LOG_TEMPLATE_DOT | LOG_TEMPLATE_COLON)))
        p++;
    return p < q;
}

/* "chrome.exe *64 - ": who speaks, in front of what is said, as Windows shows a program. Its end or NULL. */
static const char *program(const char *p, const char *q, const char *e)
{
    if (q - p < 5 || !slice_ieq(slice_of(q - 4, 4), SLICE(".exe")))
        return NULL;
    if (e - q > 6 && (memcmp(q, " *64 - ", 7) == 0 || memcmp(q, " *32 - ", 7) == 0))
        return q + 4;
    return e - q > 2 && memcmp(q, " - ", 3) == 0 ? q : NULL;
}

/* "on :: port 22": any address. */
static bool is_any_address(const struct log_template_work *w, const char *p, const char *q)
{
    return q - p == 2 && w->e - q > 6 && memcmp(q, " port ", 6) == 0;
}

/* A piece [p, q) that is told by what is around it, or is a number. Returns where to go on, or NULL. */
static const char *simple_piece(struct log_template_work *w, const char *p, const char *t, const char *q,
                                unsigned kinds)
{
    const char *end = NULL;
    if (p == w->s && kinds & LOG_TEMPLATE_DOT && (end = program(p, t, w->e)))
        return log_template_emit(w, PLACEHOLDER_PATH, p, end);
    if (kinds == LOG_TEMPLATE_COLON && is_any_address(w, p, q))
        return log_template_emit(w, PLACEHOLDER_ADDR, p, q);
    if ((kinds & ~(unsigned)LOG_TEMPLATE_DOT) == LOG_TEMPLATE_DIGIT && (end = decimal(w, p, t)))
        w->prev = SLICE_NONE;
    else if (w->hint && log_template_is_user(w, slice_of(p, (size_t)(t - p)))) {
        end = log_template_emit(w, PLACEHOLDER_USER, p, t);
        w->prev = SLICE_NONE; /* a user may be called "user" */
        w->hint = LOG_TEMPLATE_HINT_NONE;
    }
    return end;
}

/* The end of [p, q) without dots, colons and quotes behind it. */
static const char *trimmed_end(const char *p, const char *q)
{
    while (q > p && log_template_class_of(q[-1]) & (LOG_TEMPLATE_DOT | LOG_TEMPLATE_COLON | LOG_TEMPLATE_QUOTE))
        q--;
    return q;
}

/* Whether a recogniser may find something in [p, t). */
static bool may_vary(const char *p, const char *t, unsigned kinds)
{
    if (kinds & (LOG_TEMPLATE_DIGIT | LOG_TEMPLATE_SLASH | LOG_TEMPLATE_AT))
        return true;
    return kinds & (LOG_TEMPLATE_DOT | LOG_TEMPLATE_COLON) && nested_mark(p, t);
}

/* 'bob'@'host' of MySQL, at its '@'. */
static bool is_account_host(const struct log_template_work *w, const char *p)
{
    return *p == '@' && w->e - p > 1 && p[1] == '\'' && w->last_end && p == w->last_end + 1;
}

/* The piece at p. Returns where to go on. */
static const char *next_piece(struct log_template_work *w, const char *p)
{
    const char *q = p;
    unsigned kinds = 0, c;
    if (*p == '\'')
        return log_template_quoted(w, p);
    if (is_account_host(w, p))
        return log_template_quoted(w, p + 1);
    while (q < w->e && !((c = log_template_class_of(*q)) & LOG_TEMPLATE_END)) {
        kinds |= c;
        q++;
    }
    kinds &= LOG_TEMPLATE_KINDS;
    const char *t = kinds & (LOG_TEMPLATE_DOT | LOG_TEMPLATE_COLON | LOG_TEMPLATE_QUOTE) ? trimmed_end(p, q) : q;
    const char *end = simple_piece(w, p, t, q, kinds);
    if (end)
        return end;
    if (may_vary(p, t, kinds))
        end = log_template_piece(w, p, q, kinds);
    else if ((end = plain(w, p, t)) == t)
        end = q;
    log_template_remember(w, p, t);
    return w->last_end == end && w->last == PLACEHOLDER_ADDR ? address_name(w, end) : end;
}

/* The first two lines that are not empty, without white space at the ends. */
static struct slice head(struct slice msg)
{
    msg = slice_trim(msg);
    const char *lf = slice_chr(msg, '\n');
    if (lf) {
        const char *e = msg.p + msg.n, *q = lf;
        while (q < e && ascii_space(*q))
            q++;
        lf = memchr(q, '\n', (size_t)(e - q));
        msg.n = lf ? (size_t)(lf - msg.p) : msg.n;
    }
    return slice_trim(msg);
}

void log_template_init(struct log_template *m)
{
    sbuf_init(&m->text, LOG_TEMPLATE_TEXT_MAX);
    m->n_params = 0;
    m->grouping = GROUPING_NEWEST;
    m->masks = NULL;
}

void log_template_use(struct log_template *m, unsigned grouping, const struct log_masks *masks)
{
    m->grouping = grouping ? grouping : GROUPING_NEWEST;
    log_masks_finder_free(m->masks);
    m->masks = masks && masks->n ? log_masks_finder_new(masks) : NULL;
}

void log_template_done(struct log_template *m)
{
    sbuf_done(&m->text);
    log_masks_finder_free(m->masks);
    m->masks = NULL;
}

/* A UTF-8 sequence may have been cut where the template is full. */
static size_t whole_sequences(const struct log_template_work *w)
{
    size_t n = w->n;
    while (n > 0 && w->full && (unsigned char)w->out[n - 1] >= 0x80)
        n--;
    return n;
}

/* The pieces from p up to e, behind which they do not look. Returns where to go on. */
static const char *pieces(struct log_template_work *w, const char *p, const char *e)
{
    w->e = e;
    while (p < e && !w->full) {
        p = log_template_class_of(*p) & LOG_TEMPLATE_END ? delimiter(w, p) : next_piece(w, p);
        if (p < e && is_single_space(w, p))
            p++; /* delimiter() would say the same, in more steps */
    }
    return p;
}

/* What stands between the matches of the configuration's masks, and these. Returns where to go on. */
static const char *masked(struct log_template_work *w, const char *p, struct slice msg)
{
    struct log_mask_hit hit;
    log_masks_begin(w->m->masks, msg);
    while (!w->full && log_masks_next(w->m->masks, &hit)) {
        pieces(w, p, hit.from);
        p = hit.to;
        if (hit.mask->name.n)
            log_template_emit_name(w, PLACEHOLDER_OWN, hit.mask->name, hit.from, p);
        w->prev = SLICE_NONE;
        w->hint = LOG_TEMPLATE_HINT_NONE;
        memset(w->no_quote, 0, sizeof w->no_quote);
        memset(w->no_inner, 0, sizeof w->no_inner);
        w->literal_quote = w->literal_inner = NULL;
    }
    return p;
}

void log_template_message(struct slice msg, struct log_template *m)
{
    sbuf_reset(&m->text);
    m->n_params = 0;
    msg = head(msg);
    if (msg.n == 0)
        return;
    struct log_template_work w = {.m = m,
                                  .s = msg.p,
                                  .e = msg.p + msg.n,
                                  .end = msg.p + msg.n,
                                  .lit = msg.p,
                                  .out = sbuf_room(&m->text, LOG_TEMPLATE_TEXT_MAX)};
    assert(w.out);
    pieces(&w, m->masks ? masked(&w, w.s, msg) : w.s, msg.p + msg.n);
    if (!w.full)
        log_template_flush(&w, w.e);
    m->text.n = whole_sequences(&w);
}

void log_template_percent(const struct log_template *m, struct sbuf *out)
{
    struct slice text = sbuf_slice(&m->text);
    size_t from = 0;
    for (unsigned i = 0; i <= m->n_params; i++) {
        size_t to = i < m->n_params ? m->params[i].at : text.n;
        for (const char *pc; (pc = slice_chr(slice_sub(text, from, to), '%'));) {
            sbuf_add(out, text.p + from, (size_t)(pc - text.p) - from);
            sbuf_adds(out, SLICE("%%"));
            from = (size_t)(pc - text.p) + 1;
        }
        sbuf_adds(out, slice_sub(text, from, to));
        if (i < m->n_params) {
            sbuf_adds(out, SLICE("%s"));
            from = to + m->params[i].n;
        }
    }
}
