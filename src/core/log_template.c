#include "core/log_template.h"

#include <assert.h>

#include "core/log_template_piece.h"
#include "core/word_set.h"

/* Behind an address that ends at p, in parentheses: its name, or nothing where it has none. Belongs to the
 * address. Returns where to go on. */
static const char *address_name(struct log_template_work *w, const char *p)
{
    const char *e = w->e;
    if (e - p < 3 || p[0] != ' ' || p[1] != '(')
        return p;
    const char *q = p + 2;
    bool dot = false;
    while (q < e && q - p < 256 && (ascii_alnum(*q) || *q == '.' || *q == '-' || *q == '_' || *q == ':')) {
        dot = dot || *q == '.' || *q == ':';
        q++;
    }
    if (q < e && *q == ')' && (dot || q == p + 2))
        p = w->last_end = w->lit = q + 1;
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

/* The closing quote that belongs to the one at p, or NULL. */
static const char *closing(struct log_template_work *w, const char *p)
{
    bool single = *p != '"';
    if (w->no_quote[single])
        return NULL;
    for (const char *q = p + 1; q < w->e; q++) {
        if (!single) {
            q = memchr(q, '"', (size_t)(w->e - q));
            if (!q)
                break;
            if (q[-1] != '\\' || (q - p > 2 && q[-2] == '\\'))
                return q;
        } else if (*q == '\'' || *q == '`') {
            if (q + 1 == w->e || !recognise_word_byte(q[1]))
                return q;
            if (*q == '`' || !recognise_word_byte(q[-1]))
                return NULL; /* another one opens */
        }
    }
    w->no_quote[single] = true;
    return NULL;
}

/* "GET /x HTTP/1.1": the method tells messages apart, the rest does not. Returns the length of method and
 * space. */
static size_t request_line(struct slice s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] >= 'A' && s.p[n] <= 'Z')
        n++;
    return n >= 3 && n <= 9 && s.n > n + 1 && s.p[n] == ' ' &&
                   (s.p[n + 1] == '/' || slice_starts(slice_from(s, n + 1), SLICE("http")))
               ? n + 1
               : 0;
}

static bool json_key(struct slice s, const char *close, const char *e)
{
    if (e - close < 2 || close[1] != ':' || s.n > 40)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alpha(s.p[i]) && s.p[i] != '_' && s.p[i] != '-' && s.p[i] != '.')
            return false;
    return true;
}

/* Keys whose value is the message itself, or what tells messages apart: masked piece by piece, not as a
 * whole. */
static bool speaking_key(struct slice key)
{
    return word_set_has(WORD_SET_SPEAKING_KEYS, key.p, key.n);
}

enum { SPEAKS_MAX = 300 };

/* "connection reset by peer": a quoted text that tells faults apart, and so is masked piece by piece. */
static bool speaks(struct slice in)
{
    const char *p = in.p, *e = in.p + in.n;
    if (in.n > SPEAKS_MAX || !slice_chr(in, ' '))
        return false;
    while (p < e) {
        size_t n = recognise_letters(p, e);
        if (n > 1 && log_template_is_fault(p, n))
            return true;
        for (p += n; p < e && !ascii_alpha(*p);)
            p++;
    }
    return false;
}

/* A quote at p. Returns where to go on: behind p when it opens nothing. */
static const char *quoted(struct log_template_work *w, const char *p)
{
    if (p == w->literal_quote || (p > w->s && recognise_word_byte(p[-1])))
        return p + 1;
    const char *q = closing(w, p);
    if (!q || q == p + 1)
        return q ? q + 1 : p + 1;
    struct slice in = slice_of(p + 1, (size_t)(q - p - 1));
    if (p == w->s && q + 1 == w->e) {
        w->literal_quote = q; /* the whole message in quotes */
        return p + 1;
    }
    if (json_key(in, q, w->e)) {
        const char *v = q + 2 + (w->e - q > 2 && q[2] == ' ');
        if (v < w->e && *v == '"' && speaking_key(in)) {
            w->literal_quote = closing(w, v);
            return v + 1;
        }
        return q + 1;
    }
    if (speaks(in)) {
        w->literal_quote = q;
        return p + 1;
    }
    size_t method = request_line(in);
    log_template_emit(w, method ? PLACEHOLDER_PATH : PLACEHOLDER_QUOTED, in.p + method, q);
    return q + 1;
}

enum { BRACKETED_MAX = 64 };

/* The end of <bob> or <a@b.example> at v, or v. */
static const char *angle_end(const char *v, const char *e)
{
    const char *p = v + 1;
    while (p < e && *p != '>' && *p != '<' && (unsigned char)*p > ' ' && p - v < BRACKETED_MAX)
        p++;
    return p < e && *p == '>' ? p + 1 : v;
}

/* The end of the value that begins at v; v when it is not to be masked as a whole. */
static const char *value_end(struct log_template_work *w, const char *v)
{
    const char *p = v, *e = w->e;
    if (*v == '"' || (*v == '\'' && e - v > 1)) {
        const char *q = closing(w, v);
        return q && !speaks(slice_of(v + 1, (size_t)(q - v - 1))) ? q + 1 : v;
    }
    if (*v == '<')
        return angle_end(v, e);
    for (; p < e; p++) {
        if (*p == '(' || *p == '[' || *p == '{') {
            char shut = *p == '(' ? ')' : *p == '[' ? ']' : '}';
            const char *q = p;
            while (q < e && *q != shut && (unsigned char)*q >= ' ' && q - p < BRACKETED_MAX)
                q++;
            if (q == e || *q != shut || p == v)
                return v;
            p = q;
        } else if ((log_template_class_of(*p) & LOG_TEMPLATE_END && *p != '=') || *p == '&' || *p == '"') {
            break;
        }
    }
    while (p > v + 1 && (p[-1] == '.' || p[-1] == ':'))
        p--;
    return p;
}

/* A '=' at p, the key before it. Returns where to go on. */
static const char *pair(struct log_template_work *w, const char *p)
{
    const char *v = p + 1, *k = p;
    while (k > w->s && p - k < 24 && (recognise_word_byte(k[-1]) || k[-1] == '-' || k[-1] == '.'))
        k--;
    if (k == p || v == w->e || (unsigned char)*v <= ' ' || *v == '=' || *v == '>' || *v == '~')
        return v;
    struct slice key = slice_of(k, (size_t)(p - k));
    if (speaking_key(key)) {
        w->literal_quote = *v == '"' ? closing(w, v) : w->literal_quote;
        return *v == '"' ? v + 1 : v;
    }
    const char *end = value_end(w, v);
    size_t t = end > v && ascii_digit(*v) ? recognise_time(v, w->e) : 0;
    end = t > (size_t)(end - v) ? v + t : end;
    if (end == v || (word_set_has(WORD_SET_CODE_KEYS, key.p, key.n) && *v >= 'A' && *v <= 'Z' && end - v <= 8))
        return end > v ? end : v;
    log_template_emit(w, PLACEHOLDER_VALUE, v, end);
    return end;
}

/* "user  from", "user  [preauth]": a name that is empty, where the next line has one. Takes a placeholder for nothing. */
static bool empty_user(struct log_template_work *w, const char *p)
{
    if (w->prev.p + w->prev.n != p || w->e - p < 7 || p[0] != ' ' || p[1] != ' ' || (p[2] != '[' && memcmp(p + 2, "from ", 5) != 0))
        return false;
    log_template_emit(w, PLACEHOLDER_USER, p + 1, p + 1);
    w->hint = LOG_TEMPLATE_HINT_NONE;
    return true;
}

/* White space or a control byte at p: one space, whatever they are. Returns where to go on. */
static const char *space(struct log_template_work *w, const char *p)
{
    if (w->hint == LOG_TEMPLATE_HINT_USER && empty_user(w, p))
        return p + 1;
    if (*p == ' ' && p + 1 < w->e && (unsigned char)p[1] > ' ' && p[1] != 127)
        return p + 1;
    bool blank = false, line = false, behind = p == w->last_end;
    log_template_flush(w, p);
    for (; p < w->e && ((unsigned char)*p <= ' ' || *p == 127); p++) {
        blank = blank || *p != 27;
        line = line || *p == '\n';
        if (*p == 27 && w->e - p > 1 && p[1] == '[') { /* ESC [ 1 ; 31 m */
            for (p += 2; p < w->e && (ascii_digit(*p) || *p == ';' || *p == '?');)
                p++;
            if (p == w->e)
                break;
        }
    }
    if (blank && w->n > 0 && p < w->e)
        log_template_put(w, line ? "\n" : " ", 1);
    w->lit = p;
    w->last_blank = behind && !line ? p : NULL;
    return p;
}

/*
 * "[req-6f1d… 4711 - - -] " at the front: who asked, as ids with a dash for each that is unknown; now three
 * of them, now none. Returns where to go on.
 */
static const char *request_context(struct log_template_work *w, const char *p)
{
    bool dash = false;
    const char *q = p + 1;
    while (q < w->e && *q != ']' && q - p < 256) {
        const char *t = q;
        bool digit = false;
        while (t < w->e && (ascii_alnum(*t) || *t == '-' || *t == '_')) {
            digit = digit || ascii_digit(*t);
            t++;
        }
        bool none = t - q == 1 && *q == '-';
        if (t == w->e || (*t != ' ' && *t != ']') || !(digit || none))
            return p + 1;
        dash = dash || none;
        q = t + (*t == ' ');
    }
    if (!dash || q == w->e || *q != ']')
        return p + 1;
    log_template_emit(w, PLACEHOLDER_ID, p + 1, q);
    return q;
}

/* [2001:db8::5]:8080 or [192.0.2.1]:22 at p: an address as good as one without brackets. Returns its end or NULL. */
static const char *bracketed_address(struct log_template_work *w, const char *p)
{
    if (w->e - p < 6 || !(ascii_hex(p[1]) || p[1] == ':') || (p > w->s && recognise_word_byte(p[-1])))
        return NULL;
    size_t n = recognise_ip6(p + 1, w->e);
    n = n ? n : recognise_ip4(p + 1, w->e);
    n = n ? n : p[1] == ':' && p[2] == ':' ? 2 : 0; /* any address */
    const char *shut = p + 1 + n;
    if (!n || w->e - shut < 3 || shut[0] != ']' || shut[1] != ':')
        return NULL;
    size_t digits = recognise_digits(shut + 2, w->e);
    if (digits < 1 || digits > 5 || !recognise_ends(shut + 2 + digits, w->e))
        return NULL;
    log_template_emit(w, PLACEHOLDER_ADDR, p, shut + 2 + digits);
    return shut + 2 + digits;
}

/* One of the bytes that end a piece. */
static const char *delimiter(struct log_template_work *w, const char *p)
{
    enum placeholder type;
    const char *end;
    switch (*p) {
    case '"':
    case '`':
        return quoted(w, p);
    case '=':
        return pair(w, p);
    case '[':
        end = bracketed_address(w, p);
        if (end)
            return end;
        return p == w->s ? request_context(w, p) : p + 1;
    case '<': /* "lifetime <1 sec" */
        if (w->e - p > 3 && ascii_digit(p[1])) {
            size_t n = recognise_number(p + 1, w->e, &type);
            if (type == PLACEHOLDER_DURATION) {
                log_template_emit(w, PLACEHOLDER_TIME, p, p + 1 + n);
                return p + 1 + n;
            }
        }
        return p + 1;
    default:
        return (unsigned char)*p <= ' ' || *p == 127 ? space(w, p) : p + 1;
    }
}

/* A piece of letters and such only. */
static const char *plain(struct log_template_work *w, const char *p, const char *q)
{
    ptrdiff_t n = q - p;
    size_t t;
    char next = q < w->e ? *q : 0;
    if (n >= 3 && n <= 9 && (next == ' ' || next == ',') && *p >= 'A' && *p <= 'W' && recognise_time_word(p) &&
        (t = recognise_time_words(p, w->e)) > 0) {
        log_template_emit(w, PLACEHOLDER_TIME, p, p + t);
        return p + t;
    }
    char first = n > 0 ? ascii_lower(*p) : 0;
    if (next == '(' && w->e - q > 5 && memcmp(q, "(uid=", 5) == 0 && ascii_lower(q[-1]) == q[-1])
        log_template_emit(w, PLACEHOLDER_USER, p, q); /* bob(uid=1000); not LOGIN(uid=0), which is a program */
    else if ((n == 4 && first == 't' && memcmp(p + 1, "rue", 3) == 0) ||
        (n == 5 && first == 'f' && memcmp(p + 1, "alse", 4) == 0))
        log_template_emit(w, PLACEHOLDER_BOOL, p, q);
    else if (n == 2 && (p[1] == '+' || p[1] == '-') && ascii_alpha(first))
        log_template_emit(w, PLACEHOLDER_ID, p, q); /* an axis, a direction: x+ */
    else if (first == '*' && n >= 3 && n <= 5 && memcmp(p, "*****", (size_t)n) == 0 &&
             ((w->last == PLACEHOLDER_NUM && w->last_end == p - 1 && p[-1] == ' ') ||
              (next == ' ' && w->e - q > 1 && ascii_digit(q[1]))))
        log_template_emit(w, PLACEHOLDER_NUM, p, q); /* a number too wide for its column */
    return q;
}

/* The commonest of all: [p, t) is digits, with at most one dot between them. Returns the end; NULL when it is
 * something else. */
static const char *decimal(struct log_template_work *w, const char *p, const char *t)
{
    const char *r = p + recognise_digits(p, t);
    bool date = r - p <= 2 && w->e - r > 4 && *r == ' ' && r[1] >= 'A' && r[1] <= 'S'; /* 6 May 2024 */
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

/* The piece at p. Returns where to go on. */
static const char *next_piece(struct log_template_work *w, const char *p)
{
    const char *q = p;
    unsigned acc = 0, c;
    if (*p == '\'')
        return quoted(w, p);
    if (*p == '@' && w->e - p > 1 && p[1] == '\'' && w->last_end && p == w->last_end + 1) /* 'bob'@'host' of MySQL */
        return quoted(w, p + 1);
    while (q < w->e && !((c = log_template_class_of(*q)) & LOG_TEMPLATE_END)) {
        acc |= c;
        q++;
    }
    const char *t = q;
    if (acc & (LOG_TEMPLATE_DOT | LOG_TEMPLATE_COLON | LOG_TEMPLATE_QUOTE))
        while (t > p && log_template_class_of(t[-1]) & (LOG_TEMPLATE_DOT | LOG_TEMPLATE_COLON | LOG_TEMPLATE_QUOTE))
            t--;
    const char *end;
    if (p == w->s && acc & LOG_TEMPLATE_DOT && (end = program(p, t, w->e))) {
        log_template_emit(w, PLACEHOLDER_PATH, p, end);
        return end;
    }
    if (acc == LOG_TEMPLATE_COLON && q - p == 2 && w->e - q > 6 && memcmp(q, " port ", 6) == 0) { /* "on :: port 22" */
        log_template_emit(w, PLACEHOLDER_ADDR, p, q);
        return q;
    }
    if ((acc & ~LOG_TEMPLATE_DOT) == LOG_TEMPLATE_DIGIT && (end = decimal(w, p, t))) {
        w->prev = SLICE_NONE;
        return end;
    }
    if (w->hint && log_template_is_user(w, slice_of(p, (size_t)(t - p)))) {
        log_template_emit(w, PLACEHOLDER_USER, p, t);
        w->prev = SLICE_NONE; /* a user may be called "user" */
        w->hint = LOG_TEMPLATE_HINT_NONE;
        return t;
    }
    if (acc & (LOG_TEMPLATE_DIGIT | LOG_TEMPLATE_SLASH | LOG_TEMPLATE_AT) || (acc & (LOG_TEMPLATE_DOT | LOG_TEMPLATE_COLON) && nested_mark(p, t)))
        end = log_template_piece(w, p, q, acc);
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
}

void log_template_free(struct log_template *m)
{
    sbuf_free(&m->text);
}

void log_template_message(struct slice msg, struct log_template *m)
{
    sbuf_reset(&m->text);
    m->n_params = 0;
    msg = head(msg);
    if (msg.n == 0)
        return;
    struct log_template_work w = {
        .m = m, .s = msg.p, .e = msg.p + msg.n, .lit = msg.p, .out = sbuf_room(&m->text, LOG_TEMPLATE_TEXT_MAX)};
    assert(w.out);
    const char *p = w.s;
    while (p < w.e && !w.full) {
        p = log_template_class_of(*p) & LOG_TEMPLATE_END ? delimiter(&w, p) : next_piece(&w, p);
        if (w.e - p > 1 && *p == ' ' && (unsigned char)p[1] > ' ' && p[1] != 127)
            p++; /* delimiter() would say the same, in more steps */
    }
    if (!w.full)
        log_template_flush(&w, w.e);
    while (w.n > 0 && w.full && (unsigned char)w.out[w.n - 1] >= 0x80)
        w.n--; /* a UTF-8 sequence may have been cut */
    m->text.n = w.n;
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
