/* scrub_token: secrets that are known by their form: tokens with a prefix (scrub_tokens.def), cards, accounts, key
 * blocks. Part of scrub. */
#include "core/scrub_impl.h"

enum alphabet {
    ALPHABET_WORD = 1,
    ALPHABET_URL,
    ALPHABET_DOTS,
    ALPHABET_HEX,
    ALPHABET_UPPER,
    ALPHABET_BASE,
    ALPHABET_PATH,
    ALPHABET_HASH,
    ALPHABET_JWT,
    ALPHABET_COLONS,
    ALPHABET_FCM
};
enum token_flags { TOKEN_KEEP = 1, TOKEN_BESIDE = 2 };
enum {
    BESIDE_MIN = 30,
    BESIDE_MAX = 64 /* the secret behind its id */,
    CARD_MIN = 12,
    CARD_MAX = 19,
    IBAN_MAX = 34,
    TOKEN_LOOK = 512
};

static const struct token_row token_rows[] = {
#define KEEP TOKEN_KEEP
#define BESIDE TOKEN_BESIDE
#define SCRUB_TOKEN(prefix, alphabet, least, flags) {prefix, sizeof prefix - 1, ALPHABET_##alphabet, least, flags},
#include "core/scrub_tokens.def"
#undef SCRUB_TOKEN
};

enum { N_TOKENS = sizeof token_rows / sizeof *token_rows };

void tokens_init(struct scrub *s)
{
    for (unsigned i = N_TOKENS; i-- > 0;) {
        unsigned char first = two_bytes(token_rows[i].prefix);
        s->token_next[i] = s->token_first[first];
        s->token_first[first] = (unsigned char)(i + 1);
    }
}

/* What the alphabets of letters and digits have beside those. */
static const char *const alphabet_signs[] = {
    [ALPHABET_WORD] = "",   [ALPHABET_URL] = "-_",       [ALPHABET_DOTS] = "-_.",
    [ALPHABET_JWT] = "-_.", [ALPHABET_BASE] = "+/=",     [ALPHABET_PATH] = "-_/",
    [ALPHABET_FCM] = "-_:", [ALPHABET_COLONS] = ":+/=$", [ALPHABET_HASH] = "./$+=,_-",
};

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool in_alphabet(enum alphabet a, char c)
{
    if (a == ALPHABET_HEX)
        return ascii_hex(c);
    if (a == ALPHABET_UPPER)
        return is_capital(c) || ascii_digit(c);
    return ascii_alnum(c) || one_of(c, alphabet_signs[a]);
}

/* Ids made by machines have digits, or capitals in the middle; words joined by signs have neither. */
static bool is_made(struct slice body)
{
    unsigned digits = 0, humps = 0;
    for (size_t i = 0; i < body.n; i++) {
        digits += ascii_digit(body.p[i]);
        humps += i && body.p[i] >= 'A' && body.p[i] <= 'Z' && body.p[i - 1] >= 'a' && body.p[i - 1] <= 'z';
    }
    return digits || humps >= 3;
}

/* A JSON web token: two parts or more with dots between. */
static bool is_jwt(struct slice s)
{
    const char *dot = slice_chr(s, '.');
    return dot && dot - s.p >= 8 && s.p + s.n - dot > 8;
}

static size_t run_end(struct slice t, size_t i, enum alphabet a)
{
    while (i < t.n && in_alphabet(a, t.p[i]))
        i++;
    return i;
}

/* Whether the token [i, end) of such a form is one: it is told by its first bytes, so that work is bounded. */
static bool is_token(struct slice t, size_t i, size_t end, const struct token_row *row)
{
    return is_made(slice_sub(t, i + row->n, end)) && (row->alphabet != ALPHABET_JWT || is_jwt(slice_sub(t, i, end)));
}

static size_t token_end(struct slice t, size_t i, const struct token_row *row)
{
    enum alphabet a = (enum alphabet)row->alphabet;
    size_t from = i + row->n;
    if (!slice_starts(slice_from(t, i), slice_of(row->prefix, row->n)))
        return i;
    size_t end = run_end(slice_sub(t, 0, from + TOKEN_LOOK), from, a);
    if (!is_token(t, i, end, row))
        return i;
    end = run_end(t, end, a);
    while (end > from && a != ALPHABET_BASE && one_of(t.p[end - 1], ".,-/"))
        end--; /* the sentence's */
    bool beside = end < t.n && (ascii_alnum(t.p[end]) || t.p[end] == '_');
    return end - from < row->least || beside ? i : end;
}

/* AKIA…:secret, AKIA… secret, AKIA…","secret. */
static void take_beside(struct scrub_walk *w)
{
    size_t i = w->i, from;
    while (i < w->t.n && i - w->i < 4 && one_of(w->t.p[i], " :/,;|\"'\t"))
        i++;
    from = i;
    i = run_end(w->t, from, ALPHABET_BASE);
    if (i - from >= BESIDE_MIN && i - from <= BESIDE_MAX && from > w->i && is_made(slice_sub(w->t, from, i)))
        scrub_walk_take(w, from, i);
}

static bool prefixed_at(struct scrub_walk *w)
{
    unsigned k = w->i + 1 < w->t.n ? w->s->token_first[two_bytes(w->t.p + w->i)] : 0;
    for (; k; k = w->s->token_next[k - 1]) {
        const struct token_row *row = &token_rows[k - 1];
        size_t end = token_end(w->t, w->i, row);
        if (end == w->i)
            continue;
        scrub_walk_take(w, w->i + (row->flags & TOKEN_KEEP ? row->n : 0), end);
        if (row->flags & TOKEN_BESIDE)
            take_beside(w);
        return true;
    }
    return false;
}

unsigned tokens_count(void)
{
    return N_TOKENS;
}

struct slice token_sample(unsigned i, struct sbuf *out)
{
    const struct token_row *row = &token_rows[i];
    sbuf_addf(out, "%s", row->prefix);
    for (unsigned k = 0; k < row->least; k++)
        sbuf_addc(out, row->alphabet == ALPHABET_JWT && k == row->least / 2 ? '.' : "A7B4C9"[k % 6]);
    return slice_of(row->prefix, row->flags & TOKEN_KEEP ? row->n : 0);
}

/* --- bot tokens: 123456789:AA… --- */

/* The digits of a bot's id at i, and the colon behind them: where it stands, or 0. */
static size_t bot_colon(struct slice t, size_t i)
{
    size_t end = i;
    while (end < t.n && end - i < 12 && ascii_digit(t.p[end]))
        end++;
    return end - i >= 8 && end < t.n && t.p[end] == ':' ? end : 0;
}

static bool bot_at(struct scrub_walk *w)
{
    size_t from = w->i;
    if (from + 2 < w->t.n && slice_istarts(slice_from(w->t, from), SLICE("bot")))
        from += 3;
    size_t colon = bot_colon(w->t, from);
    size_t end = colon ? run_end(w->t, colon + 1, ALPHABET_URL) : 0;
    if (!colon || end - colon < 33 || !is_made(slice_sub(w->t, colon, end)))
        return false;
    scrub_walk_take(w, from, end);
    return true;
}

/* --- payment cards --- */

/* ISO/IEC 7812-1, annex B: every second digit from the right counts twice, the sum is a multiple of ten. */
static bool passes_luhn(const char *digits, unsigned n)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < n; i++) {
        unsigned d = (unsigned)(digits[n - 1 - i] - '0') * (1 + i % 2);
        sum += d > 9 ? d - 9 : d;
    }
    return sum % 10 == 0;
}

static const struct {
    unsigned from, to; /* the first four digits */
    unsigned char least, most;
} issuers[] = {
    {2014, 2014, 15, 15}, {2149, 2149, 15, 15}, {2200, 2204, 16, 19}, {2221, 2720, 16, 16}, {3000, 3059, 14, 14},
    {3095, 3095, 14, 14}, {3400, 3499, 15, 15}, {3528, 3589, 16, 19}, {3600, 3699, 14, 14}, {3700, 3799, 15, 15},
    {3800, 3999, 14, 16}, {4000, 4999, 16, 16}, {4000, 4999, 13, 13}, {4000, 4999, 19, 19}, {5018, 5020, 12, 19},
    {5038, 5038, 12, 19}, {5100, 5599, 16, 16}, {5612, 5612, 12, 19}, {5893, 5893, 12, 19}, {6011, 6011, 16, 19},
    {6062, 6062, 16, 16}, {6200, 6299, 16, 19}, {6304, 6304, 12, 19}, {6370, 6370, 16, 16}, {6390, 6390, 12, 19},
    {6440, 6599, 16, 19}, {6759, 6763, 12, 19}, {8100, 8171, 16, 19}, {9792, 9792, 16, 16},
};

static bool is_issuers(const char *digits, unsigned n)
{
    unsigned head = 0;
    for (unsigned i = 0; i < 4; i++)
        head = head * 10 + (unsigned)(digits[i] - '0');
    for (unsigned i = 0; i < sizeof issuers / sizeof *issuers; i++)
        if (head >= issuers[i].from && head <= issuers[i].to && n >= issuers[i].least && n <= issuers[i].most)
            return true;
    return false;
}

/* Groups of four, or as Amex and Diners print them; one separator throughout. */
static bool groups_are_cards(const unsigned char *groups, unsigned n)
{
    if (n == 1)
        return true;
    if (n == 3)
        return groups[0] == 4 && (groups[1] == 6 || groups[1] == 4) && groups[2] >= 4 && groups[2] <= 5;
    for (unsigned i = 0; i + 1 < n; i++)
        if (groups[i] != 4)
            return false;
    return groups[n - 1] <= 4;
}

/* The nearest word that says what number this is. */
static bool names_another(const struct scrub_walk *w)
{
    size_t at = w->i;
    for (unsigned i = 0; i < SCRUB_RECENT && w->recent[i].end && w->i - w->recent[i].end < 40; i++) {
        for (; at > w->recent[i].end; at--)
            if (one_of(w->t.p[at - 1], ",;{}\n"))
                return false;
        if (w->recent[i].roles & WORD_CARD)
            return false;
        if (w->recent[i].roles & WORD_ID)
            return true;
    }
    return false;
}

/* Digits in groups, with one separator throughout. */
struct card {
    char digits[CARD_MAX];
    unsigned char groups[CARD_MAX]; /* how many digits each has */
    unsigned n, n_groups;
    char sign;
    size_t end;
};

/* A separator behind a full group: of four digits, or of six in the middle. */
static bool separates(const struct card *c, struct slice t, size_t i)
{
    char sign = t.p[i];
    if ((sign != ' ' && sign != '-' && sign != '.') || (c->sign && sign != c->sign) || i + 1 >= t.n ||
        !ascii_digit(t.p[i + 1]))
        return false;
    return c->groups[c->n_groups] == (c->n_groups == 1 && c->groups[1] == 6 ? 6 : 4);
}

/* False: more digits than a card has. */
static bool read_card(struct slice t, size_t i, struct card *c)
{
    for (; i < t.n; i++) {
        if (ascii_digit(t.p[i])) {
            if (c->n == CARD_MAX)
                return false;
            c->digits[c->n++] = t.p[i];
            c->groups[c->n_groups]++;
        } else if (separates(c, t, i)) {
            c->sign = t.p[i];
            c->n_groups++;
        } else {
            break;
        }
    }
    c->end = i;
    return c->n >= CARD_MIN;
}

/* Part of a longer number, name, version or path. */
static bool is_part_of_more(const struct scrub_walk *w, size_t end)
{
    struct slice t = w->t;
    char after = end < t.n ? t.p[end] : ' ', next = end + 1 < t.n ? t.p[end + 1] : ' ';
    if (one_of(scrub_walk_before(w, w->i), ".-_+:/#") || ascii_alnum(after) || after == '_')
        return true;
    return one_of(after, ".-:/") && ascii_alnum(next);
}

static bool card_at(struct scrub_walk *w)
{
    struct card c = {.n = 0};
    if (!read_card(w->t, w->i, &c) || !is_issuers(c.digits, c.n) || !passes_luhn(c.digits, c.n) ||
        !groups_are_cards(c.groups, c.n_groups + 1))
        return false;
    if (is_part_of_more(w, c.end) || names_another(w))
        return false;
    scrub_walk_take(w, w->i, c.end);
    return true;
}

/* --- international bank account numbers --- */

/* ISO 13616: the country, two check digits, and a length of each country's own. */
static unsigned iban_length(struct slice country)
{
    static const char lengths[] = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24"
                                  "FI18FO18FR27GB22GE22GI23GL18GR27GT28"
                                  "HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19"
                                  "MR27MT31MU30NL18NO15PK24PL28PS29PT25"
                                  "QA29RO24RS22SA24SC31SD18SE24SI19SK24SM27ST25SV28TL23TN24TR26UA29VA22VG24XK20";
    for (const char *p = lengths; *p; p += 4)
        if (p[0] == country.p[0] && p[1] == country.p[1])
            return (unsigned)((p[2] - '0') * 10 + p[3] - '0');
    return 0;
}

/* ISO 7064, MOD 97-10: the first four go to the end, letters are 10 to 35, the rest of the division by 97 is 1. */
static bool passes_mod97(const char *text, unsigned n)
{
    unsigned rest = 0;
    for (unsigned k = 0; k < n; k++) {
        char c = text[(k + 4) % n];
        rest = ascii_digit(c) ? (rest * 10 + (unsigned)(c - '0')) % 97 : (rest * 100 + (unsigned)(c - 'A' + 10)) % 97;
    }
    return rest == 1;
}

/* The account without its spaces, of `want` bytes; where it ends in t, or 0. */
static size_t read_iban(struct slice t, unsigned want, char *text)
{
    unsigned n = 0;
    size_t i = 0;
    for (; i < t.n && n < want; i++) {
        if (in_alphabet(ALPHABET_UPPER, t.p[i]))
            text[n++] = t.p[i];
        else if (!one_of(t.p[i], " -") || n % 4 != 0 || t.p[i - 1] == t.p[i])
            return 0;
    }
    return n == want && !(i < t.n && ascii_alnum(t.p[i])) ? i : 0;
}

static bool iban_at(struct scrub_walk *w)
{
    struct slice t = slice_from(w->t, w->i);
    char text[IBAN_MAX];
    if (t.n < 15 || !is_capital(t.p[0]) || !is_capital(t.p[1]) || !ascii_digit(t.p[2]) || !ascii_digit(t.p[3]))
        return false;
    unsigned want = iban_length(t);
    size_t end = want ? read_iban(t, want, text) : 0;
    if (!end || !passes_mod97(text, want))
        return false;
    scrub_walk_take(w, w->i, w->i + end);
    return true;
}

/* --- blocks of keys --- */

/* RFC 7468 and OpenPGP: from BEGIN … PRIVATE KEY to its END, or as far as the text goes on in that alphabet. */
bool pem_at(struct scrub_walk *w)
{
    struct slice t = slice_from(w->t, w->i);
    struct slice label = slice_sub(t, 0, 64);
    if (!slice_starts(t, SLICE("-----BEGIN ")))
        return false;
    if (slice_find(label, SLICE("PRIVATE KEY")) < 0)
        return false;
    ptrdiff_t end = slice_find(slice_from(t, 11), SLICE("-----END "));
    size_t stop = t.n;
    if (end >= 0) {
        size_t from = (size_t)end + 11 + 9;
        ptrdiff_t close = slice_find(slice_sub(t, from, from + 64), SLICE("-----"));
        stop = close < 0 ? from : from + (size_t)close + 5;
    }
    scrub_walk_take(w, w->i, w->i + stop);
    return true;
}

bool token_at(struct scrub_walk *w)
{
    char c = w->t.p[w->i];
    if (prefixed_at(w))
        return true;
    if (ascii_digit(c))
        return card_at(w) || bot_at(w);
    return c >= 'A' && c <= 'Z' ? iban_at(w) : c == 'b' && bot_at(w);
}
