#include "core/log_template_piece.h"
#include "core/word_set.h"

const unsigned char log_template_class[256] = {
    [0 ... ' '] = LOG_TEMPLATE_END,     ['"'] = LOG_TEMPLATE_END,           ['('] = LOG_TEMPLATE_END,
    [')'] = LOG_TEMPLATE_END,           ['['] = LOG_TEMPLATE_END,           [']'] = LOG_TEMPLATE_END,
    ['{'] = LOG_TEMPLATE_END,           ['}'] = LOG_TEMPLATE_END,           ['<'] = LOG_TEMPLATE_END,
    ['>'] = LOG_TEMPLATE_END,           [','] = LOG_TEMPLATE_END,           [';'] = LOG_TEMPLATE_END,
    ['='] = LOG_TEMPLATE_END,           ['|'] = LOG_TEMPLATE_END,           ['`'] = LOG_TEMPLATE_END,
    [127] = LOG_TEMPLATE_END,           ['.'] = LOG_TEMPLATE_DOT,           [':'] = LOG_TEMPLATE_COLON,
    ['/'] = LOG_TEMPLATE_SLASH,         ['\\'] = LOG_TEMPLATE_SLASH,        ['@'] = LOG_TEMPLATE_AT,
    ['\''] = LOG_TEMPLATE_QUOTE,        ['0' ... '9'] = LOG_TEMPLATE_DIGIT, ['A' ... 'Z'] = LOG_TEMPLATE_ALPHA,
    ['a' ... 'z'] = LOG_TEMPLATE_ALPHA,
};

void log_template_put(struct log_template_work *w, const char *p, size_t n)
{
    if (n > LOG_TEMPLATE_TEXT_MAX - w->n) {
        n = LOG_TEMPLATE_TEXT_MAX - w->n;
        w->full = true;
    }
    memcpy(w->out + w->n, p, n);
    w->n += n;
}

void log_template_flush(struct log_template_work *w, const char *to)
{
    if (to > w->lit)
        log_template_put(w, w->lit, (size_t)(to - w->lit));
    w->lit = to;
}

static bool numeric(enum placeholder t)
{
    return t == PLACEHOLDER_NUM || t == PLACEHOLDER_HEX || t == PLACEHOLDER_ID;
}

/* "blk_17, blk_18": the same letters before both, a separator between them. */
static bool same_prefix(const struct log_template_work *w, const char *from)
{
    const char *p = w->last_end;
    p += *p == ',';
    p += *p == ' ';
    ptrdiff_t n = from - p;
    if (p == w->last_end || n < 1 || n > 64 || w->last_from - w->s < n ||
        memcmp(w->last_from - n, p, (size_t)n) != 0)
        return false;
    for (const char *q = p; q < from; q++)
        if (log_template_class_of(*q) & LOG_TEMPLATE_END)
            return false;
    return w->last_from - n == w->s || log_template_class_of(w->last_from[-n - 1]) & LOG_TEMPLATE_END;
}

/* Whether what stands between two placeholders makes them one list. *type becomes the list's. */
static bool joins(const struct log_template_work *w, const char *from, enum placeholder *type)
{
    if (from == w->last_blank && *type == w->last)
        return true;
    ptrdiff_t n = w->last_end ? from - w->last_end : 0;
    if (n < 1 || w->lit != w->last_end || w->full)
        return false;
    if (n > 2 || (n == 2 && from[-1] != ' ')) {
        if ((*type != w->last && !(numeric(*type) && numeric(w->last))) || !same_prefix(w, from))
            return false;
        *type = *type == w->last ? *type : PLACEHOLDER_ID;
        return true;
    }
    char c = *w->last_end;
    if (n == 2)
        return *type == w->last && c == ',';
    if (*type == w->last) {
        return c == ',' || c == ' ' || (c == '/' && *type == PLACEHOLDER_ADDR) ||
               (numeric(*type) && (c == '-' || c == '_' || c == '/' || c == ':' || c == '+' || c == '.'));
    }
    /* 6d4c-x8k2: an id in pieces, of which now one and now another has letters. */
    if (numeric(*type) && numeric(w->last) && (c == '-' || c == '_')) {
        *type = PLACEHOLDER_ID;
        return true;
    }
    return false;
}

/* A placeholder for the bytes [from, to) of the message. */
void log_template_emit(struct log_template_work *w, enum placeholder type, const char *from, const char *to)
{
    struct log_template *m = w->m;
    bool join = joins(w, from, &type);
    bool kept = join && m->n_params > 0 && m->params[m->n_params - 1].at == w->last_at;
    if (join) {
        w->n = w->last_at;
        w->lit = from;
    }
    log_template_flush(w, from);
    struct slice name = recognise_name(type);
    if (w->full || name.n > LOG_TEMPLATE_TEXT_MAX - w->n) {
        w->full = true;
        return;
    }
    unsigned at = (unsigned)w->n;
    log_template_put(w, name.p, name.n);
    if (kept) {
        struct log_template_param *last = &m->params[m->n_params - 1];
        last->value.n = (size_t)(to - last->value.p);
        last->n = (unsigned)name.n;
    } else if (!join && m->n_params < LOG_TEMPLATE_PARAMS_MAX) {
        m->params[m->n_params++] = (struct log_template_param){{from, (size_t)(to - from)}, at, (unsigned)name.n};
    }
    w->last = type;
    w->last_at = at;
    w->last_from = from;
    w->last_end = w->lit = to;
}

/* Where a path or URL that has begun ends: at white space, a quote, or a bracket that it did not open. */
static const char *path_end(const char *p, const char *e, bool url)
{
    const char *s = p;
    for (; p < e; p++) {
        unsigned char c = (unsigned char)*p;
        if (c <= ' ' || c == '"' || c == '\'' || c == '`' || c == '<' || c == '>' || c == ')' || c == '|' ||
            c == 127)
            break;
        if (!url && (c == ']' || c == '}' || c == ';' || c == '('))
            break;
        if (url && c == ']' && !memchr(s, '[', (size_t)(p - s)))
            break;
        if (c == ',' && (!url || p + 1 == e || (unsigned char)p[1] <= ' '))
            break;
    }
    while (p > s &&
           (p[-1] == '.' || p[-1] == ':' || p[-1] == ',' || p[-1] == ';' || p[-1] == '!' || p[-1] == '?'))
        p--;
    return p;
}

/* C:\Program Files (x86)\x.dll: a blank belongs to it when a backslash follows before anything a path has
 * not. */
static const char *windows_path_end(const char *p, const char *e)
{
    for (;;) {
        p = path_end(p, e, false);
        const char *q = p;
        while (
            q < e && q - p < 32 &&
            (ascii_alnum(*q) || *q == ' ' || *q == '(' || *q == ')' || *q == '.' || *q == '_' || *q == '-'))
            q++;
        if (q == p || q == e || *q != '\\' || *p != ' ')
            return p;
        p = q;
    }
}

enum { KEY_LEAST = 16, BASE64_LEAST = 20 };

/* Letters and digits without underscore: one piece of a name. */
static const char *name_piece(struct log_template_work *w, const char *p, const char *run)
{
    const char *q = p,
               *e = run < w->e && *run == '_' ? run : w->e; /* units stand behind a name, not inside */
    enum placeholder type;
    while (q < run && !ascii_digit(*q))
        q++;
    size_t head = (size_t)(q - p);
    if (head == 0) {
        size_t n = recognise_number(p, e, &type);
        log_template_emit(w, type, p, p + n);
        return p + n;
    }
    size_t hex = 0, turns = 0;
    for (const char *r = p; r < run && ascii_hex(*r); r++) {
        hex++;
        turns += r > p && ascii_digit(*r) != ascii_digit(r[-1]);
    }
    if (hex == (size_t)(run - p) && (hex >= 7 || (hex >= 4 && turns >= 2))) {
        log_template_emit(w, PLACEHOLDER_NUM, p, run);
        return run;
    }
    const char *d = q;
    while (q < run && ascii_digit(*q))
        q++;
    if (q == run) {
        bool version = *p == 'v' && run - p <= 3;
        if (head == 1 && !version) {
            log_template_emit(w, PLACEHOLDER_ID, p, run);
            return run;
        }
        size_t n = recognise_number(d, e, &type);
        if (version && d + n <= run)
            return run; /* v2 is a name */
        const char *end = d + n > run ? d + n : run;
        if (head == 1)
            log_template_emit(w, PLACEHOLDER_VERSION, p, end); /* v1.2 */
        else
            log_template_emit(w, type == PLACEHOLDER_ID ? PLACEHOLDER_NUM : type, d, end);
        return end;
    }
    bool plain_tail = q - d <= 2 && head >= 3, lower = false;
    for (const char *r = p; r < run; r++) {
        plain_tail = plain_tail && (r < q || !ascii_digit(*r));
        lower = lower || *r >= 'a';
    }
    if (!plain_tail || (!lower && run - p >= KEY_LEAST)) /* Slf4jLogger stays, AKIAIOSFODNN7EXAMPLE goes */
        log_template_emit(w, PLACEHOLDER_ID, p, run);
    return run;
}

/* Names with digits that are words of their own: to mask them would only make titles harder to read. */
static bool known_name(struct slice s)
{
    return word_set_has(WORD_SET_KNOWN_NAMES, s.p, s.n);
}

/* A run of word bytes with a digit in it. Returns where to go on. */
static const char *name(struct log_template_work *w, const char *p, const char *run)
{
    const char *first = NULL, *last = NULL, *end = NULL;
    unsigned pieces = 0, count = 0;
    bool letters = false;
    for (const char *s = p; s < run;) {
        const char *t = s;
        bool digit = false;
        for (; t < run && *t != '_'; t++) {
            digit = digit || ascii_digit(*t);
            count += ascii_digit(*t);
            letters = letters || !ascii_digit(*t);
        }
        if (digit) {
            first = first ? first : s;
            last = s;
            end = t;
            pieces++;
        }
        s = t + (t < run);
    }
    bool code =
        run < w->e && (*run == '(' || *run == '$' || (*run == ':' && run + 1 < w->e && run[1] == ':'));
    if ((code && count <= 2 && letters && !ascii_digit(*p)) || known_name(slice_of(p, (size_t)(run - p))))
        return run;
    if (pieces == 1)
        return name_piece(w, last, end);
    log_template_emit(w, letters ? PLACEHOLDER_ID : PLACEHOLDER_NUM, first, end);
    return end;
}

/* Whether the number [p, r) may begin a date or a time of day, by what follows it. */
static bool time_like(const char *p, const char *r, const char *e)
{
    if (r - p > 4 || e - r < 3)
        return r - p == 8 && r < e && *r == 'T';
    if (*r == ':')
        return r - p <= 2 && ascii_digit(r[1]) && ascii_digit(r[2]);
    if (*r == ' ')
        return r[1] >= 'A' && r[1] <= 'S';
    const char *q = r + 1; /* the same mark again behind a day or month */
    while (q < e && q - r < 5 && ascii_alnum(*q))
        q++;
    return (*r == '-' || *r == '/' || *r == '.') && q < e && *q == *r;
}

/*
 * Things with inner punctuation that begin at p, where a word begins. Returns their end or NULL. What stands
 * behind the first run of digits says which of them it can be.
 */
static const char *compound(struct log_template_work *w, const char *p, const char *q)
{
    const char *r = p;
    while (r < q && ascii_hex(*r))
        r++;
    ptrdiff_t run = r - p;
    char sep = r < w->e ? *r : 0, before = p > w->s ? p[-1] : ' ';
    size_t n = 0;
    enum placeholder t = PLACEHOLDER_ADDR;
    if (sep == '-' && run == 8 && (n = recognise_uuid(p, q)) > 0)
        t = PLACEHOLDER_UUID;
    else if ((sep == ':' || sep == '-') && run == 2 && (n = recognise_mac(p, q)) > 0)
        t = PLACEHOLDER_MAC;
    else if (sep == ':' && run <= 4 && (n = recognise_ip6(p, q)) > 0)
        t = PLACEHOLDER_ADDR;
    else if (!ascii_digit(*p))
        return NULL;
    else if (sep == '.' && run <= 3 && (n = recognise_ip4(p, q)) > 0)
        t = PLACEHOLDER_ADDR;
    else if (before != ':' && before != '.' && before != '-' && before != '_' && time_like(p, r, w->e) &&
             (n = recognise_time(p, w->e)) > 0)
        t = PLACEHOLDER_TIME;
    if (n > 0)
        log_template_emit(w, t, p, p + n);
    return n > 0 ? p + n : NULL;
}

/* One or two capitals: part of an id in pieces. */
static bool short_mark(const char *p, const char *q)
{
    return q - p <= 2 && *p >= 'A' && *p <= 'Z' && q[-1] >= 'A' && q[-1] <= 'Z';
}

static bool is_bool(const char *p, const char *q)
{
    return (q - p == 4 && memcmp(p, "true", 4) == 0) || (q - p == 5 && memcmp(p, "false", 5) == 0);
}

/* Word by word through a piece that is not one thing as a whole. */
static const char *words(struct log_template_work *w, const char *p, const char *q)
{
    while (p < q && !w->full) {
        char before = p > w->s ? p[-1] : ' ';
        if (recognise_word_byte(*p)) {
            const char *run = p;
            bool digit = false;
            size_t n;
            for (; run < q && recognise_word_byte(*run); run++)
                digit = digit || ascii_digit(*run);
            if (!digit) {
                if (run - p == 4 && memcmp(p, "HTTP", 4) == 0 && q - run > 1 && *run == '/' &&
                    ascii_digit(run[1])) {
                    for (run++; run < q && (ascii_digit(*run) || *run == '.');)
                        run++;
                } else if (before == '-' && w->last == PLACEHOLDER_ID && w->last_end == p - 1 &&
                           short_mark(p, run)) {
                    log_template_emit(w, PLACEHOLDER_ID, p, run); /* R63-M0-NE-C */
                } else if (before == ':' && is_bool(p, run)) {
                    log_template_emit(w, PLACEHOLDER_BOOL, p, run);
                } else if (before == ':' && run < q && (*run == '.' || *run == '-') && (n = recognise_host(p, q)) > 0) {
                    log_template_emit(w, PLACEHOLDER_ADDR, p, p + n);
                    run = p + n;
                } else if (run - p == 8 && run < q && *run == '-') {
                    const char *c = compound(w, p, q);
                    run = c ? c : run;
                }
                p = run;
                continue;
            }
            const char *c = ascii_hex(*p) ? compound(w, p, q) : NULL;
            n = !c && before == ':' ? recognise_host(p, q) : 0;
            if (n > 0) {
                log_template_emit(w, PLACEHOLDER_ADDR, p, p + n);
                c = p + n;
            }
            p = c ? c : name(w, p, run);
        } else if ((*p == '-' || *p == '+') && q - p > 1 && ascii_digit(p[1]) &&
                   (!ascii_alnum(before) || before == '_')) {
            enum placeholder type;
            size_t n = recognise_number(p, w->e, &type);
            log_template_emit(w, type, p, p + n);
            p += n;
        } else if (*p == '/' && q - p > 1 && recognise_word_byte(p[1]) && !recognise_word_byte(before) &&
                   before != ')') {
            const char *end = path_end(p, w->e, false);
            log_template_emit(w, PLACEHOLDER_PATH, p, end);
            p = end;
        } else {
            p++;
        }
    }
    return p;
}

/* A path without a leading slash: dir/sub/file.c, src/x.py; not "input/output", "1.5/2.0". */
static bool relative_path(const char *p, const char *q)
{
    unsigned slashes = 0, odd = 0;
    const char *last = p, *dot = NULL;
    bool alpha = false;
    for (const char *r = p; r < q; r++) {
        unsigned char c = log_template_class_of(*r);
        if (c == LOG_TEMPLATE_SLASH) {
            slashes++;
            last = r + 1;
            dot = NULL;
        } else if (c == LOG_TEMPLATE_DOT) {
            dot = r;
        }
        odd += c == LOG_TEMPLATE_DIGIT || c == LOG_TEMPLATE_DOT || *r == '_';
        alpha = alpha || c == LOG_TEMPLATE_ALPHA;
    }
    if (!alpha || last == q || (q - p > 5 && memcmp(p, "HTTP/", 5) == 0))
        return false;
    if (*p == '\\' && ascii_digit(p[1]))
        return false; /* \042 */
    if (slashes == 1 && q - last > 1 && last[0] == '.' && ascii_alpha(last[1]) && memchr(p, '.', (size_t)(last - 1 - p)))
        return true; /* org.example.app/.MainActivity */
    return (slashes >= 2 && odd > 0) || slashes >= 3 ||
           (slashes == 1 && dot && dot > last && q - dot > 1 && ascii_alpha(dot[1]));
}

/* Paths that say at their first bytes that they are one. Returns the end, or NULL. */
static const char *path(struct log_template_work *w, const char *p, const char *q)
{
    const char *end = NULL;
    if (*p == '/' && q - p > 1) {
        size_t ip = ascii_hex(p[1]) || p[1] == ':' ? recognise_ip4(p + 1, q) : 0;
        if (ip > 0 && (p + 1 + ip == q || !recognise_word_byte(p[1 + ip]))) {
            log_template_emit(w, PLACEHOLDER_ADDR, p, p + 1 + ip); /* Java prints an address as name/1.2.3.4 */
            return p + 1 + ip;
        }
        if (!recognise_word_byte(p[1]) && p[1] != '.' && p[1] != '*' && p[1] != '$' && p[1] != '%' &&
            p[1] != '~' && p[1] != '/')
            return NULL;
        end = path_end(p, w->e, false);
    } else if (q - p > 2 && ((*p == '.' && p[1] == '/') || (*p == '~' && p[1] == '/') ||
                             (*p == '.' && p[1] == '.' && p[2] == '/'))) {
        end = path_end(p, w->e, false);
    } else if (q - p > 2 && ((ascii_alpha(*p) && p[1] == ':' && (p[2] == '\\' || p[2] == '/')) ||
                             (*p == '\\' && p[1] == '\\' && ascii_alnum(p[2])) ||
                             (*p == '\\' && ascii_alpha(p[1]) && memchr(p + 1, '\\', (size_t)(q - p - 1))))) {
        end = windows_path_end(p, w->e);
    }
    if (!end || end < p + 2)
        return NULL;
    log_template_emit(w, PLACEHOLDER_PATH, p, end);
    return end;
}

static const char *url(struct log_template_work *w, const char *p, const char *q)
{
    const char *c = memmem(p, (size_t)(q - p), "://", 3);
    const char *s = c;
    while (s && s > p && (ascii_alnum(s[-1]) || s[-1] == '+' || s[-1] == '-' || s[-1] == '.'))
        s--;
    if (!c || c - s < 2)
        return NULL;
    const char *end = path_end(c + 3, w->e, true);
    log_template_emit(w, PLACEHOLDER_URL, s, end);
    return end;
}

/* db-3:5432, of which only a part with a digit tells from a word before a number: as good as the same with dots. Returns its end or NULL. */
static const char *short_host(const char *p, const char *q)
{
    const char *r = p;
    bool digit = false;
    while (r < q && (ascii_alnum(*r) || *r == '-'))
        digit = ascii_digit(*r++) || digit;
    size_t port = q - r > 4 && *r == ':' ? recognise_digits(r + 1, q) : 0;
    return digit && ascii_alpha(*p) && (port == 4 || port == 5) && r + 1 + port == q ? q : NULL;
}

/* Name~publickey~architecture~language~version: an identity in parts, of which the name varies most. Its end
 * or NULL. */
static const char *assembly(const char *p, const char *q)
{
    unsigned parts = 0;
    for (const char *r = p; (r = memchr(r, '~', (size_t)(q - r))); r++)
        parts++;
    return parts >= 3 ? q : NULL;
}

/* ORA-00942:, [MY-010584] and Apache's AH01071: the code of an error says what happened and stays. Returns its end or NULL. */
static const char *error_code(const struct log_template_work *w, const char *p, const char *q)
{
    const char *r = p;
    while (r < q && *r >= 'A' && *r <= 'Z')
        r++;
    bool apache = q - p >= 7 && memcmp(p, "AH", 2) == 0 && recognise_digits(p + 2, q) == 5;
    if (r - p < 2 || r - p > 8 || r == q || (*r != '-' && !apache))
        return NULL;
    r += !apache;
    const char *d = r;
    while (r < q && ascii_digit(*r))
        r++;
    return r - d >= 3 && r - d <= 6 && r < w->e && (*r == ':' || *r == ']') &&
                   (r + 1 == w->e || !recognise_word_byte(r[1]))
               ? r
               : NULL;
}

/* What letters, digits and two marks encode: it has a bit of everything, as names do not. */
static bool base64(const char *p, const char *q)
{
    unsigned upper = 0, lower = 0, numbers = 0;
    for (const char *r = p; r < q; r++) {
        bool digit = ascii_digit(*r);
        if (!ascii_alnum(*r) && *r != '+' && *r != '/' && *r != '-' && *r != '_')
            return false;
        upper += *r >= 'A' && *r <= 'Z';
        lower += *r >= 'a' && *r <= 'z';
        numbers += digit && (r == p || !ascii_digit(r[-1]));
    }
    return q - p >= BASE64_LEAST && upper >= 2 && lower >= 2 && numbers >= 2;
}

/* A key's fingerprint (SHA256:…), a JSON Web Token, base64 with its marks: all of it is one id. Returns its end or NULL. */
static const char *encoded(struct log_template_work *w, const char *p, const char *q, unsigned acc)
{
    const char *from = p;
    if (q - p < BASE64_LEAST)
        return NULL;
    if (acc & LOG_TEMPLATE_COLON && q - p > 7 && p[6] == ':' && slice_ieq(slice_of(p, 6), SLICE("sha256")))
        from = p + 7;
    else if (acc & LOG_TEMPLATE_DOT) {
        if (memcmp(p, "eyJ", 3) != 0)
            return NULL;
        log_template_emit(w, PLACEHOLDER_ID, p, q);
        return q;
    } else if (!(acc & LOG_TEMPLATE_SLASH || memchr(p, '+', (size_t)(q - p))) || *p == '/') {
        return NULL;
    }
    if (!base64(from, q) || recognise_hexes(from, q) == (size_t)(q - from))
        return NULL;
    log_template_emit(w, PLACEHOLDER_ID, from, q);
    return q;
}

/* A piece [p, q) with digits, slashes, inner dots, colons or an @ in it; its kinds are in acc. */
const char *log_template_piece(struct log_template_work *w, const char *p, const char *q, unsigned acc)
{
    const char *c = NULL, *t = q;
    size_t n;
    while (t > p && (t[-1] == '.' || t[-1] == ':' || t[-1] == '!' || t[-1] == '?' || t[-1] == '\''))
        t--;
    if (acc & LOG_TEMPLATE_DIGIT && (c = encoded(w, p, t, acc)))
        return c;
    if (acc & LOG_TEMPLATE_COLON && acc & LOG_TEMPLATE_SLASH && (c = url(w, p, q)))
        return c;
    if (acc & LOG_TEMPLATE_SLASH && (c = path(w, p, q)))
        return c;
    if (acc & LOG_TEMPLATE_AT && (n = recognise_email(p, t)) > 0) {
        log_template_emit(w, PLACEHOLDER_EMAIL, p, p + n);
        return p + n;
    }
    if (acc & (LOG_TEMPLATE_DIGIT | LOG_TEMPLATE_COLON) && (ascii_hex(*p) || (*p == ':' && t - p > 2 && p[1] == ':')) &&
        (c = compound(w, p, t)))
        return words(w, c, q);
    if (acc & LOG_TEMPLATE_DIGIT && *p >= 'A' && *p <= 'Z' && (c = error_code(w, p, q)))
        return c;
    if (acc & LOG_TEMPLATE_DOT && acc & LOG_TEMPLATE_ALPHA && (n = recognise_host(p, t)) > 0) {
        log_template_emit(w, PLACEHOLDER_ADDR, p, p + n);
        return words(w, p + n, q);
    }
    if (acc & LOG_TEMPLATE_SLASH) {
        const char *slash = memrchr(p, '/', (size_t)(t - p));
        if (slash && (n = recognise_ip4(slash + 1, t)) > 0 &&
            (slash + 1 + n == t || !recognise_word_byte(slash[1 + n]))) {
            log_template_emit(w, PLACEHOLDER_ADDR, p, slash + 1 + n);
            return words(w, slash + 1 + n, q);
        }
        if (relative_path(p, t)) {
            c = path_end(p, w->e, false);
            c = c > t ? c : t;
            log_template_emit(w, PLACEHOLDER_PATH, p, c);
            return c;
        }
    }
    if ((acc & ~LOG_TEMPLATE_ALPHA) == (LOG_TEMPLATE_DIGIT | LOG_TEMPLATE_COLON) && (c = short_host(p, t))) {
        log_template_emit(w, PLACEHOLDER_ADDR, p, c);
        return c;
    }
    if (acc & LOG_TEMPLATE_DIGIT && t - p > 16 && (n = recognise_pod_suffix(p, t)) > 0) {
        log_template_emit(w, PLACEHOLDER_ID, t - n, t);
        return t;
    }
    if (acc & LOG_TEMPLATE_DIGIT && t - p > 8 && (c = assembly(p, t))) {
        log_template_emit(w, PLACEHOLDER_ID, p, c);
        return c;
    }
    return words(w, p, q);
}
