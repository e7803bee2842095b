/* log_template_path: recognisers of paths and URLs. See log_template_piece.h. */
#include "core/log_template_piece.h"

static const char *without_marks(const char *s, const char *p)
{
    while (p > s && log_template_class_of(p[-1]) & LOG_TEMPLATE_MARK)
        p--;
    return p;
}

const char *log_template_path_end(const char *p, const char *e)
{
    const char *s = p;
    while (p < e && !(log_template_class_of(*p) & (LOG_TEMPLATE_PATH_END | LOG_TEMPLATE_FILE_END)))
        p++;
    return without_marks(s, p);
}

/* A bracket ends a URL that has not opened it, a comma when it is the sentence's. */
static const char *url_end(const char *p, const char *e)
{
    const char *s = p;
    for (; p < e && !(log_template_class_of(*p) & LOG_TEMPLATE_PATH_END); p++) {
        if (*p == ']' && !memchr(s, '[', (size_t)(p - s)))
            break;
        if (*p == ',' && (p + 1 == e || (unsigned char)p[1] <= ' '))
            break;
    }
    return without_marks(s, p);
}

bool log_template_url(const struct log_template_work *w, struct log_template_span *s)
{
    const char *c = memmem(s->p, (size_t)(s->q - s->p), "://", 3), *from = c;
    while (from && from > s->p && (ascii_alnum(from[-1]) || from[-1] == '+' || from[-1] == '-' || from[-1] == '.'))
        from--;
    if (!c || c - from < 2)
        return false;
    s->from = from;
    s->to = url_end(c + 3, w->e);
    return true;
}

static bool in_windows_name(char c)
{
    return ascii_alnum(c) || c == ' ' || c == '(' || c == ')' || c == '.' || c == '_' || c == '-';
}

enum { WINDOWS_NAME_MAX = 32 };

/* C:\Program Files (x86)\x.dll: a blank belongs to it when a backslash follows before anything a path has not. */
static const char *windows_path_end(const char *p, const char *e)
{
    for (;;) {
        p = log_template_path_end(p, e);
        const char *q = p;
        while (q < e && q - p < WINDOWS_NAME_MAX && in_windows_name(*q))
            q++;
        if (q == p || q == e || *q != '\\' || *p != ' ')
            return p;
        p = q;
    }
}

/* /1.2.3.4: Java prints an address as name/address. */
static bool slash_address(struct log_template_span *s)
{
    const char *p = s->p + 1;
    size_t n = ascii_hex(*p) || *p == ':' ? recognise_ip4(p, s->q) : 0;
    if (n == 0 || (p + n < s->q && log_template_word_at(p + n)))
        return false;
    s->type = PLACEHOLDER_ADDR;
    s->to = p + n;
    return true;
}

/* What stands behind the first slash of a path. */
static bool begins_name(char c)
{
    return recognise_word_byte(c) || c == '.' || c == '*' || c == '$' || c == '%' || c == '~' || c == '/';
}

/* ./x, ~/x, ../x */
static bool begins_dots(const char *p)
{
    return ((*p == '.' || *p == '~') && p[1] == '/') || (*p == '.' && p[1] == '.' && p[2] == '/');
}

/* C:\x, C:/x, \\host, \x\y */
static bool begins_windows(const char *p, const char *q)
{
    if (ascii_alpha(*p))
        return p[1] == ':' && (p[2] == '\\' || p[2] == '/');
    if (*p != '\\')
        return false;
    return (p[1] == '\\' && ascii_alnum(p[2])) || (ascii_alpha(p[1]) && memchr(p + 1, '\\', (size_t)(q - p - 1)));
}

static bool ends_with(const char *p, const char *q, const char *end)
{
    size_t n = strlen(end);
    return (size_t)(q - p) >= n && memcmp(q - n, end, n) == 0;
}

static const char *php_name_end(const char *p, const char *e)
{
    while (p < e && (ascii_alnum(*p) || *p == '_'))
        p++;
    return p;
}

/* Shop\Payment\Declined, \Shop\Declined, yii\db\Exception: a class of PHP. Each step is a name with a capital, as the
 * names of folders are not, or the last one says what it is; a file has a dot. */
static bool is_php_class(const char *p, const char *e)
{
    bool capitals = true;
    unsigned steps = 0;
    const char *name = p += *p == '\\', *end;
    for (;; steps++) {
        end = php_name_end(name, e);
        if (end == name || ascii_digit(*name))
            return false;
        capitals = capitals && ascii_capital(*name);
        if (end == e || *end != '\\')
            break;
        name = end + (end + 1 < e && end[1] == '\\' ? 2 : 1);
    }
    bool file = end + 1 < e && (*end == '.' || *end == '/') && ascii_alnum(end[1]);
    return steps && !file && (capitals || ends_with(name, end, "Exception") || ends_with(name, end, "Error"));
}

static bool is_class(const struct log_template_work *w, const char *p)
{
    return log_template_since(w, 2) && is_php_class(p, w->e);
}

bool log_template_path(const struct log_template_work *w, struct log_template_span *s)
{
    const char *p = s->p;
    if (*p == '\\' && is_class(w, p))
        return false;
    if (*p == '/' && s->q - p > 1) {
        if (slash_address(s))
            return true;
        if (!begins_name(p[1]))
            return false;
        s->to = log_template_path_end(p, w->e);
    } else if (s->q - p <= 2) {
        return false;
    } else if (begins_dots(p)) {
        s->to = log_template_path_end(p, w->e);
    } else if (begins_windows(p, s->q)) {
        s->to = windows_path_end(p, w->e);
    } else {
        return false;
    }
    return s->to >= p + 2;
}

/* What of the piece tells a relative path from words with a slash between them. */
struct steps {
    unsigned slashes, odd;  /* odd: digits, dots, underscores */
    const char *last, *dot; /* the last name, the last dot in it */
    bool alpha;
};

static struct steps steps_of(const char *p, const char *q)
{
    struct steps s = {.last = p};
    for (; p < q; p++) {
        unsigned c = log_template_class_of(*p);
        if (c & LOG_TEMPLATE_SLASH) {
            s.slashes++;
            s.last = p + 1;
            s.dot = NULL;
        } else if (c & LOG_TEMPLATE_DOT) {
            s.dot = p;
        }
        s.odd += (c & (LOG_TEMPLATE_DIGIT | LOG_TEMPLATE_DOT)) || *p == '_';
        s.alpha = s.alpha || c & LOG_TEMPLATE_ALPHA;
    }
    return s;
}

/* org.example.app/.MainActivity */
static bool is_activity(const struct steps *s, const char *p, const char *q)
{
    return s->slashes == 1 && q - s->last > 1 && s->last[0] == '.' && ascii_alpha(s->last[1]) &&
           memchr(p, '.', (size_t)(s->last - 1 - p));
}

/* One slash, and an ending: src/x.py. */
static bool has_ending(const struct steps *s, const char *q)
{
    return s->slashes == 1 && s->dot && s->dot > s->last && q - s->dot > 1 && ascii_alpha(s->dot[1]);
}

/* HTTP/1.1, \042 */
static bool is_other_slash(const char *p, const char *q)
{
    return (q - p > 5 && memcmp(p, "HTTP/", 5) == 0) || (*p == '\\' && ascii_digit(p[1]));
}

static bool is_relative_path(const char *p, const char *q)
{
    struct steps s = steps_of(p, q);
    if (!s.alpha || s.last == q || is_other_slash(p, q))
        return false;
    return (s.slashes >= 2 && s.odd > 0) || s.slashes >= 3 || is_activity(&s, p, q) || has_ending(&s, q);
}

bool log_template_relative_path(const struct log_template_work *w, struct log_template_span *s)
{
    if (!is_relative_path(s->p, s->t) || is_class(w, s->p))
        return false;
    const char *end = log_template_path_end(s->p, w->e);
    s->to = end > s->t ? end : s->t;
    return true;
}
