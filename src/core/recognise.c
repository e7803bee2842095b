#include "core/recognise.h"

struct slice recognise_name(enum placeholder t)
{
    static const struct slice names[PLACEHOLDER_N] = {
        [PLACEHOLDER_NUM] = SLICE("<num>"),
        [PLACEHOLDER_HEX] = SLICE("<hex>"),
        [PLACEHOLDER_ID] = SLICE("<id>"),
        [PLACEHOLDER_UUID] = SLICE("<uuid>"),
        [PLACEHOLDER_ADDR] = SLICE("<addr>"),
        [PLACEHOLDER_MAC] = SLICE("<mac>"),
        [PLACEHOLDER_EMAIL] = SLICE("<email>"),
        [PLACEHOLDER_URL] = SLICE("<url>"),
        [PLACEHOLDER_PATH] = SLICE("<path>"),
        [PLACEHOLDER_TIME] = SLICE("<time>"),
        [PLACEHOLDER_DURATION] = SLICE("<duration>"),
        [PLACEHOLDER_SIZE] = SLICE("<size>"),
        [PLACEHOLDER_VERSION] = SLICE("<version>"),
        [PLACEHOLDER_QUOTED] = SLICE("<quoted>"),
        [PLACEHOLDER_USER] = SLICE("<user>"),
        [PLACEHOLDER_BOOL] = SLICE("<bool>"),
        [PLACEHOLDER_VALUE] = SLICE("<*>"),
    };
    return names[t];
}

size_t recognise_uuid(const char *p, const char *e)
{
    if (e - p < 36)
        return 0;
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? p[i] != '-' : !ascii_hex(p[i]))
            return 0;
    }
    return p + 36 < e && ascii_alnum(p[36]) ? 0 : 36;
}

/* ":port" behind an address or a name. */
static const char *port(const char *p, const char *e)
{
    if (p < e && *p == ':') {
        size_t n = recognise_digits(p + 1, e);
        if (n >= 1 && n <= 5 && recognise_ends(p + 1 + n, e))
            return p + 1 + n;
    }
    return p;
}

size_t recognise_ip4(const char *p, const char *e)
{
    const char *s = p;
    for (int i = 0; i < 4; i++) {
        size_t n = recognise_digits(p, e);
        if (n < 1 || n > 3 || recognise_value(p, n) > 255)
            return 0;
        p += n;
        if (i < 3) {
            if (p == e || *p != '.')
                return 0;
            p++;
        }
    }
    if (!recognise_ends(p, e) || (e - p > 1 && (*p == '.' || *p == '-') && recognise_word_byte(p[1])))
        return 0; /* a version of five numbers, a name that begins with an address */
    const char *q = port(p, e);
    if (q == p && e - p > 1 && *p == '/') {
        size_t n = recognise_digits(p + 1, e);
        q = n >= 1 && n <= 2 && recognise_ends(p + 1 + n, e) && (p + 1 + n == e || p[1 + n] != '.') ? p + 1 + n
                                                                                                : p;
    }
    return (size_t)(q - s);
}

size_t recognise_ip6(const char *p, const char *e)
{
    const char *s = p;
    unsigned groups = 0;
    bool gap = false, digit = false;
    while (p < e) {
        size_t n = recognise_hexes(p, e);
        if (n > 4 || groups > 8)
            return 0;
        if (n > 0 && p + n < e && p[n] == '.' && groups > 0) {
            size_t v4 = recognise_ip4(p, e);
            if (v4 == 0)
                break;
            p += v4;
            groups += 2;
            digit = true;
            break;
        }
        for (size_t i = 0; i < n; i++)
            digit = digit || ascii_digit(p[i]);
        p += n;
        groups += n > 0;
        if (p == e || *p != ':')
            break;
        if (e - p > 1 && p[1] == ':') {
            if (gap)
                return 0;
            gap = true;
            p += 2;
        } else if (n > 0 && e - p > 1 && ascii_hex(p[1])) {
            p++;
        } else {
            break;
        }
    }
    if (!digit || !recognise_ends(p, e) || (gap ? groups > 7 : groups != 8))
        return 0; /* without a digit it may be a name of code: ab::cd */
    if (e - p > 1 && *p == '%' && ascii_alnum(p[1]))
        for (p++; p < e && ascii_alnum(*p);)
            p++;
    size_t bits = e - p > 1 && *p == '/' ? recognise_digits(p + 1, e) : 0;
    if (bits >= 1 && bits <= 3 && recognise_ends(p + 1 + bits, e))
        p += 1 + bits;
    return (size_t)(p - s);
}

enum { MAC_PAIRS_MAX = 32 }; /* a SHA-256 fingerprint */

size_t recognise_mac(const char *p, const char *e)
{
    const char *s = p;
    unsigned pairs = 0;
    bool letter = false;
    while (recognise_hexes(p, e) == 2) {
        letter = letter || !ascii_digit(p[0]) || !ascii_digit(p[1]);
        pairs++;
        p += 2;
        if (pairs == MAC_PAIRS_MAX || p == e || (*p != ':' && *p != '-') || *p != s[2] ||
            recognise_hexes(p + 1, e) != 2)
            break;
        p++;
    }
    return (pairs >= 6 || (pairs >= 4 && letter)) && recognise_ends(p, e) ? (size_t)(p - s) : 0;
}

bool word_set_has(const struct word_set *set, const char *p, size_t n)
{
    if (n == 0 || !ascii_alpha(*p))
        return false;
    const char *w = set->by_letter[ascii_lower(*p) - 'a'];
    while (w && *w) {
        size_t i = 0;
        while (i < n && w[i] == ascii_lower(p[i]))
            i++;
        if (i == n && w[i] == ' ')
            return true;
        while (*w++ != ' ') {
        }
    }
    return false;
}

static const struct word_set generic_tops = {{
    ['a' - 'a'] = "arpa ",
    ['c' - 'a'] = "com ",
    ['e' - 'a'] = "edu ",
    ['g' - 'a'] = "gov ",
    ['m' - 'a'] = "mil ",
    ['n' - 'a'] = "net ",
    ['o' - 'a'] = "org ",
}};

static const struct word_set private_tops = {{
    ['a' - 'a'] = "app ",
    ['b' - 'a'] = "biz ",
    ['c' - 'a'] = "cloud corp ",
    ['d' - 'a'] = "dev ",
    ['e' - 'a'] = "example ",
    ['h' - 'a'] = "home ",
    ['i' - 'a'] = "internal info io ",
    ['l' - 'a'] = "local lan localdomain ",
    ['s' - 'a'] = "svc ",
    ['t' - 'a'] = "test ",
}};

static const struct word_set second_levels = {{
    ['a' - 'a'] = "ac ",
    ['c' - 'a'] = "co com ",
    ['e' - 'a'] = "edu ",
    ['g' - 'a'] = "gov ",
    ['n' - 'a'] = "net ",
    ['o' - 'a'] = "org ",
}};

static const struct word_set country_tops = {{
    ['a' - 'a'] = "au ",
    ['b' - 'a'] = "br ",
    ['c' - 'a'] = "cn ch cz ca ",
    ['d' - 'a'] = "de dk ",
    ['e' - 'a'] = "eu ",
    ['f' - 'a'] = "fr fi ",
    ['h' - 'a'] = "hk ",
    ['j' - 'a'] = "jp ",
    ['k' - 'a'] = "kr ",
    ['n' - 'a'] = "nl ",
    ['r' - 'a'] = "ru ",
    ['s' - 'a'] = "se ",
    ['t' - 'a'] = "tw ",
    ['u' - 'a'] = "uk us ",
}};

static const struct word_set ordinals = {{
    ['n' - 'a'] = "nd ",
    ['r' - 'a'] = "rd ",
    ['s' - 'a'] = "st ",
    ['t' - 'a'] = "th ",
}};

static const struct word_set short_times = {{
    ['d' - 'a'] = "d ",
    ['h' - 'a'] = "h hr hrs ",
    ['m' - 'a'] = "ms m min mins ",
    ['n' - 'a'] = "ns ",
    ['s' - 'a'] = "s sec secs ",
    ['u' - 'a'] = "us ",
}};

static const struct word_set long_times = {{
    ['d' - 'a'] = "day days ",
    ['h' - 'a'] = "hr hrs hour hours ",
    ['m' - 'a'] = "ms msec msecs millis millisecond milliseconds microseconds min mins minute minutes ",
    ['n' - 'a'] = "ns ",
    ['s' - 'a'] = "s sec secs second seconds ",
    ['u' - 'a'] = "us usec usecs ",
    ['w' - 'a'] = "week weeks ",
}};

/*
 * Which last labels make a host name. Names of code (org.apache.Foo, mapred.job.id) and of files (index.pl)
 * have dots too, so short and newer top levels ask for more dots or for a digit or dash in the name.
 */
static bool host_top(const char *top, size_t n, const char *before, size_t before_n, unsigned dots, bool odd)
{
    if (word_set_has(&generic_tops, top, n))
        return true;
    if (word_set_has(&private_tops, top, n))
        return dots >= 2 || odd;
    if (n != 2 || dots < 2)
        return false;
    return odd || word_set_has(&second_levels, before, before_n) || word_set_has(&country_tops, top, n);
}

size_t recognise_host(const char *p, const char *e)
{
    const char *s = p, *label = p, *before = p;
    size_t before_n = 0;
    unsigned dots = 0;
    bool odd = false;
    for (; p < e; p++) {
        if (*p == '.') {
            if (p == label || p + 1 == e || !ascii_alnum(p[1]))
                break;
            before = label;
            before_n = (size_t)(p - label);
            label = p + 1;
            dots++;
        } else if (ascii_digit(*p) || *p == '-') {
            odd = true;
        } else if (!ascii_alpha(*p) && *p != '_') {
            break;
        }
    }
    size_t top = (size_t)(p - label);
    if (dots == 0 || top < 2 || top != recognise_letters(label, p) || !recognise_ends(p, e) || p - s > 253 ||
        (label[0] >= 'A' && label[0] <= 'Z' && label[1] >= 'a'))
        return 0;
    if (p < e && (*p == '(' || *p == '/' || *p == '$' || *p == '@' || *p == '\\'))
        return 0;
    return host_top(label, top, before, before_n, dots, odd) ? (size_t)(port(p, e) - s) : 0;
}

size_t recognise_email(const char *p, const char *e)
{
    const char *s = p;
    while (p < e && (ascii_alnum(*p) || *p == '.' || *p == '_' || *p == '-' || *p == '+'))
        p++;
    if (p == s || p == e || *p != '@' || p + 1 == e || !ascii_alnum(p[1]))
        return 0;
    const char *at = p++;
    bool name = false;
    while (p < e && (ascii_alnum(*p) || ((*p == '.' || *p == '-') && p + 1 < e && ascii_alnum(p[1])))) {
        name = name || ascii_alpha(*p);
        p++;
    }
    /* Object@1b2c3d4 is how Java prints an object without a name. */
    bool hash = recognise_hexes(at + 1, p) == (size_t)(p - at - 1);
    return name && !hash && recognise_ends(p, e) ? (size_t)(p - s) : 0;
}

static const struct word_set long_bytes = {{
    ['b' - 'a'] = "byte bytes ",
    ['g' - 'a'] = "gbytes gigabytes ",
    ['k' - 'a'] = "kbytes kilobytes ",
    ['m' - 'a'] = "mbytes megabytes ",
}};

static bool unit_time(const char *p, size_t n)
{
    return word_set_has(&short_times, p, n);
}

static bool unit_bytes(const char *p, size_t n)
{
    if (n == 0 || n > 3 || p[n - 1] == 'i')
        return false;
    bool scale = p[0] == 'k' || p[0] == 'K' || p[0] == 'M' || p[0] == 'G' || p[0] == 'T' || p[0] == 'P';
    if (n == 1)
        return scale || p[0] == 'B';
    return scale && (p[n - 1] == 'B' || p[n - 1] == 'b') && (n == 2 || p[1] == 'i');
}

/* Letters that follow a number without a space. Returns how many bytes belong to it. */
static size_t number_suffix(const char *p, const char *e, enum placeholder *type)
{
    const char *s = p;
    size_t n = recognise_letters(p, e);
    if (n == 0)
        return 0;
    while (n > 0 && unit_time(p, n)) { /* 1h2m3.5s */
        p += n;
        if (recognise_ends(p, e)) {
            *type = PLACEHOLDER_DURATION;
            return (size_t)(p - s);
        }
        size_t d = recognise_digits(p, e);
        if (d > 0 && p + d < e && p[d] == '.')
            d += 1 + recognise_digits(p + d + 1, e);
        p += d;
        n = d > 0 ? recognise_letters(p, e) : 0;
    }
    p = s;
    n = recognise_letters(p, e);
    if (recognise_ends(p + n, e)) {
        if (unit_bytes(p, n)) {
            *type = PLACEHOLDER_SIZE;
            return n;
        }
        if (n == 2 && word_set_has(&ordinals, p, n))
            return n;
    }
    if (n == 1 && *p == 'x' && recognise_digits(p + 1, e) > 0 &&
        recognise_ends(p + 1 + recognise_digits(p + 1, e), e)) /* 80x25 */
        return 1 + recognise_digits(p + 1, e);
    return 0;
}

/* A unit behind a space, which is part of the number: "1.5 KB" and "12 ms" come as "3 MB" and "1 minute" in
 * the next line. */
static size_t number_unit_word(const char *p, const char *e, enum placeholder *type)
{
    if (e - p < 2 || *p != ' ')
        return 0;
    size_t n = recognise_letters(p + 1, e);
    if (n == 0 || n > 12 || !recognise_ends(p + 1 + n, e))
        return 0;
    if ((unit_bytes(p + 1, n) && (n > 1 || p[1] == 'B')) || word_set_has(&long_bytes, p + 1, n)) {
        *type = PLACEHOLDER_SIZE;
        return n + 1;
    }
    if (word_set_has(&long_times, p + 1, n)) {
        *type = PLACEHOLDER_DURATION;
        return n + 1;
    }
    return 0;
}

/* Behind a version: 2.6.5-1.358, 1.0.2k, 5.15.0-91-generic, 3.4.5--1 */
static const char *version_rest(const char *p, const char *e)
{
    while (p < e && ascii_alnum(*p))
        p++;
    while (p < e && (*p == '-' || *p == '+' || *p == '~')) {
        const char *q = p;
        while (q < e && *q == *p)
            q++;
        if (q == e || !ascii_digit(*q))
            break;
        while (q < e && (ascii_alnum(*q) || (*q == '.' && q + 1 < e && ascii_alnum(q[1]))))
            q++;
        p = q;
    }
    return p;
}

size_t recognise_number(const char *p, const char *e, enum placeholder *type)
{
    const char *s = p;
    p += *p == '-' || *p == '+';
    *type = PLACEHOLDER_NUM;
    if (e - p > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
        size_t h = recognise_hexes(p + 2, e);
        if (h > 0 && recognise_ends(p + 2 + h, e)) {
            *type = PLACEHOLDER_HEX;
            return (size_t)(p - s) + 2 + h;
        }
    }
    const char *first = p;
    unsigned parts = 1;
    p += recognise_digits(p, e);
    size_t h = recognise_hexes(first, e);
    if (h >= 4 && first + h > p && recognise_ends(first + h, e))
        return (size_t)(first - s) + h;
    while (e - p > 1 && *p == '.' && ascii_digit(p[1])) {
        p += 1 + recognise_digits(p + 1, e);
        parts++;
    }
    if (parts >= 3) {
        *type = PLACEHOLDER_VERSION;
        return (size_t)(version_rest(p, e) - s);
    }
    if (e - p > 1 && (*p == 'e' || *p == 'E')) {
        const char *q = p + 1 + (p[1] == '-' || p[1] == '+');
        if (recognise_digits(q, e) > 0 && recognise_ends(q + recognise_digits(q, e), e))
            return (size_t)(q + recognise_digits(q, e) - s);
    }
    if (recognise_ends(p, e))
        return (size_t)(p - s) + number_unit_word(p, e, type);
    size_t n = number_suffix(p, e, type);
    if (n > 0)
        return (size_t)(p + n - s);
    n = recognise_letters(p, e);
    if (n > 0 && n <= 2 && recognise_ends(p + n, e))
        return (size_t)(p - s); /* 41C: the letters stay in the text */
    *type = PLACEHOLDER_ID;
    while (p < e && recognise_word_byte(*p))
        p++;
    return (size_t)(p - s);
}

/* Kubernetes' alphabet for generated names: no vowels, and no digit that looks like one. */
static bool pod_letters(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!p[i] || !strchr("bcdfghjklmnpqrstvwxz2456789", p[i]))
            return false;
    return true;
}

size_t recognise_pod_suffix(const char *p, const char *e)
{
    if (e - p < 16 || e[-6] != '-' || !pod_letters(e - 5, 5))
        return 0;
    for (size_t n = 8; n <= 10 && (size_t)(e - p) > n + 7; n++) {
        const char *h = e - 6 - n;
        if (h[-1] == '-' && pod_letters(h, n))
            return n + 6;
    }
    return 0;
}
