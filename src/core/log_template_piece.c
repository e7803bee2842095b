#include "core/log_template_piece.h"

/* --- recognisers: true when there is one such thing in the piece, with s->to behind it --- */

enum { BASE64_LEAST = 20, POD_LEAST = 17, ASSEMBLY_LEAST = 9 };

/* What letters, digits and two marks encode: it has a bit of everything, as names do not. */
static bool base64(const char *p, const char *q)
{
    unsigned upper = 0, lower = 0, numbers = 0;
    bool before = false;
    for (const char *r = p; r < q; r++) {
        bool digit = ascii_digit(*r), letter = ascii_alpha(*r);
        if (!digit && !letter && !memchr("+/-_", *r, 4))
            return false;
        upper += letter && *r < 'a';
        lower += letter && *r >= 'a';
        numbers += digit && !before;
        before = digit;
    }
    return q - p >= BASE64_LEAST && upper >= 2 && lower >= 2 && numbers >= 2;
}

static bool is_json_web_token(const struct log_template_span *s)
{
    return s->kinds & LOG_TEMPLATE_DOT && memcmp(s->p, "eyJ", 3) == 0;
}

/* A key's fingerprint (SHA256:…), a JSON Web Token, base64 with its marks: all of it is one id. */
static bool piece_encoded(const struct log_template_work *w, struct log_template_span *s)
{
    (void)w;
    s->to = s->t;
    if (s->kinds & LOG_TEMPLATE_COLON && s->p[6] == ':' && slice_ieq(slice_of(s->p, 6), SLICE("sha256")))
        s->from = s->p + 7;
    else if (s->kinds & LOG_TEMPLATE_DOT)
        return is_json_web_token(s);
    else if (*s->p == '/' || !(s->kinds & LOG_TEMPLATE_SLASH || memchr(s->p, '+', (size_t)(s->t - s->p))))
        return false;
    return base64(s->from, s->to) && recognise_hexes(s->from, s->to) < (size_t)(s->to - s->from);
}

static bool piece_email(const struct log_template_work *w, struct log_template_span *s)
{
    (void)w;
    s->to = s->p + recognise_email(s->p, s->t);
    return s->to > s->p;
}

static bool piece_compound(const struct log_template_work *w, struct log_template_span *s)
{
    if (*s->p == ':' && (s->t - s->p < 3 || s->p[1] != ':'))
        return false;
    s->to = s->p + log_template_compound(w, s->p, s->t, &s->type);
    return s->to > s->p;
}

/* Letters in capitals with a dash behind them, or Apache's without: where its digits begin, or NULL. */
static const char *code_digits(const char *p, const char *q)
{
    const char *r = p;
    while (r < q && log_template_class_of(*r) & LOG_TEMPLATE_UPPER)
        r++;
    if (r - p < 2 || r - p > 8 || r == q)
        return NULL;
    if (r - p == 2 && memcmp(p, "AH", 2) == 0 && recognise_digits(r, q) == 5)
        return r;
    return *r == '-' ? r + 1 : NULL;
}

/* ORA-00942:, [MY-010584] and Apache's AH01071: the code of an error says what happened. */
static bool piece_error_code(const struct log_template_work *w, struct log_template_span *s)
{
    const char *d = code_digits(s->p, s->q), *end = d ? d + recognise_digits(d, s->q) : NULL;
    s->to = end;
    if (!d || end - d < 3 || end - d > 6 || end == w->e || (*end != ':' && *end != ']'))
        return false;
    return end + 1 == w->e || !recognise_word_byte(end[1]);
}

static bool piece_host(const struct log_template_work *w, struct log_template_span *s)
{
    s->to = s->p + log_template_host(w, s->p, s->t);
    return s->to > s->p;
}

/* name/192.0.2.1 */
static bool piece_address_behind_slash(const struct log_template_work *w, struct log_template_span *s)
{
    (void)w;
    const char *slash = memrchr(s->p, '/', (size_t)(s->t - s->p));
    size_t n = slash ? recognise_ip4(slash + 1, s->t) : 0;
    s->to = slash ? slash + 1 + n : NULL;
    return n > 0 && (s->to == s->t || !recognise_word_byte(*s->to));
}

/* db-3:5432, of which only a part with a digit tells from a word before a number: as good as the same with dots. */
static bool piece_short_host(const struct log_template_work *w, struct log_template_span *s)
{
    (void)w;
    const char *r = s->p, *q = s->t;
    bool digit = false;
    while (r < q && (ascii_alnum(*r) || *r == '-'))
        digit = ascii_digit(*r++) || digit;
    size_t port = q - r > 4 && *r == ':' ? recognise_digits(r + 1, q) : 0;
    s->to = q;
    return digit && ascii_alpha(*s->p) && (port == 4 || port == 5) && r + 1 + port == q;
}

static bool piece_pod_suffix(const struct log_template_work *w, struct log_template_span *s)
{
    (void)w;
    size_t n = recognise_pod_suffix(s->p, s->t);
    s->from = s->t - n;
    s->to = s->t;
    return n > 0;
}

/* Name~publickey~architecture~language~version: an identity in parts, of which the name varies most. */
static bool piece_assembly(const struct log_template_work *w, struct log_template_span *s)
{
    (void)w;
    unsigned parts = 0;
    for (const char *r = s->p; (r = memchr(r, '~', (size_t)(s->t - r))); r++)
        parts++;
    s->to = s->t;
    return parts >= 3;
}

/* --- the table --- */

enum {
    DIGIT = LOG_TEMPLATE_DIGIT,
    DOT = LOG_TEMPLATE_DOT,
    COLON = LOG_TEMPLATE_COLON,
    SLASH = LOG_TEMPLATE_SLASH,
    AT = LOG_TEMPLATE_AT
};
enum { STAYS = 1 /* it is no parameter */, GOES_ON = 2 /* words may stand behind it in the piece */ };

/* Tried in this order; the first that recognises something has the piece. */
static const struct row {
    unsigned short all, any; /* kinds of bytes: the piece has all of these; it has one of these, if there are any */
    unsigned short none;     /* and none of these */
    unsigned short first;    /* what its first byte must be, if anything */
    unsigned short least;    /* its length without the marks of a sentence */
    unsigned short flags;
    enum placeholder type;
    bool (*recognise)(const struct log_template_work *w, struct log_template_span *s);
} rows[] = {
    {.all = DIGIT, .least = BASE64_LEAST, .type = PLACEHOLDER_ID, .recognise = piece_encoded},
    {.all = COLON | SLASH, .type = PLACEHOLDER_URL, .recognise = log_template_url},
    {.all = SLASH, .type = PLACEHOLDER_PATH, .recognise = log_template_path},
    {.all = AT, .type = PLACEHOLDER_EMAIL, .recognise = piece_email},
    {.any = DIGIT | COLON,
     .first = LOG_TEMPLATE_HEX | COLON,
     .flags = GOES_ON,
     .type = PLACEHOLDER_ADDR,
     .recognise = piece_compound},
    {.all = DIGIT, .first = LOG_TEMPLATE_UPPER, .flags = STAYS, .type = PLACEHOLDER_ID, .recognise = piece_error_code},
    {.all = DOT | LOG_TEMPLATE_ALPHA, .flags = GOES_ON, .type = PLACEHOLDER_ADDR, .recognise = piece_host},
    {.all = SLASH, .flags = GOES_ON, .type = PLACEHOLDER_ADDR, .recognise = piece_address_behind_slash},
    {.all = SLASH, .type = PLACEHOLDER_PATH, .recognise = log_template_relative_path},
    {.all = DIGIT | COLON,
     .none = DOT | SLASH | AT | LOG_TEMPLATE_QUOTE,
     .type = PLACEHOLDER_ADDR,
     .recognise = piece_short_host},
    {.all = DIGIT, .least = POD_LEAST, .type = PLACEHOLDER_ID, .recognise = piece_pod_suffix},
    {.all = DIGIT, .least = ASSEMBLY_LEAST, .type = PLACEHOLDER_ID, .recognise = piece_assembly},
};

static bool may_be(const struct row *r, const struct log_template_span *s)
{
    if ((s->kinds & (r->all | r->none)) != r->all || (r->any && !(s->kinds & r->any)))
        return false;
    return s->t - s->p >= r->least && (!r->first || log_template_class_of(*s->p) & r->first);
}

const char *log_template_piece(struct log_template_work *w, const char *p, const char *q, unsigned kinds)
{
    struct log_template_span s = {.p = p, .q = q, .t = q, .kinds = kinds};
    while (s.t > p && log_template_class_of(s.t[-1]) & LOG_TEMPLATE_STOP)
        s.t--;
    for (const struct row *r = rows; r < rows + sizeof rows / sizeof *rows; r++) {
        if (!may_be(r, &s))
            continue;
        s.from = p;
        s.type = r->type;
        if (!r->recognise(w, &s))
            continue;
        if (!(r->flags & STAYS))
            log_template_emit(w, s.type, s.from, s.to);
        return r->flags & GOES_ON ? log_template_words(w, s.to, q) : s.to;
    }
    return log_template_words(w, p, q);
}
