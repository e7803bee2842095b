/* recognise_address: addresses of machines and of people. See recognise.h. */
#include "core/recognise.h"
#include "core/word_set.h"

size_t recognise_port(const char *p, const char *e)
{
    size_t n = p < e && *p == ':' ? recognise_digits(p + 1, e) : 0;
    return n >= 1 && n <= 5 && recognise_ends(p + 1 + n, e) ? 1 + n : 0;
}

/* "/24" behind an address. */
static const char *prefix_length_end(const char *p, const char *e, size_t most_digits)
{
    size_t n = e - p > 1 && *p == '/' ? recognise_digits(p + 1, e) : 0;
    return n >= 1 && n <= most_digits && recognise_ends(p + 1 + n, e) ? p + 1 + n : p;
}

/* Four numbers of at most 255 with dots between them; their end, or NULL. */
static const char *octets_end(const char *p, const char *e)
{
    for (int i = 0; i < 4; i++) {
        if (i > 0 && (p == e || *p++ != '.'))
            return NULL;
        size_t n = recognise_digits(p, e);
        if (n < 1 || n > 3 || recognise_value(p, n) > 255)
            return NULL;
        p += n;
    }
    return p;
}

/* A version of five numbers, a name that begins with an address. */
static bool goes_on(const char *p, const char *e)
{
    return !recognise_ends(p, e) || (e - p > 1 && (*p == '.' || *p == '-') && recognise_word_byte(p[1]));
}

size_t recognise_ip4(const char *p, const char *e)
{
    const char *end = octets_end(p, e);
    if (!end || goes_on(end, e))
        return 0;
    const char *q = end + recognise_port(end, e);
    if (q == end) {
        q = prefix_length_end(end, e, 2);
        q = q < e && *q == '.' ? end : q;
    }
    return (size_t)(q - p);
}

/* What of an IPv6 address has been read. */
struct ip6 {
    const char *p, *e;
    unsigned groups;
    bool gap, digit;
};

enum ip6_step { IP6_MORE, IP6_END, IP6_NONE };

/* ':' or "::", behind a group or at the front. */
static enum ip6_step ip6_separator(struct ip6 *a, bool behind_group)
{
    if (a->e - a->p < 2 || *a->p != ':')
        return IP6_END;
    if (a->p[1] == ':') {
        if (a->gap)
            return IP6_NONE;
        a->gap = true;
        a->p += 2;
        return IP6_MORE;
    }
    if (!behind_group || !ascii_hex(a->p[1]))
        return IP6_END;
    a->p++;
    return IP6_MORE;
}

/* The last two groups as an IPv4 address. */
static enum ip6_step ip6_octets(struct ip6 *a)
{
    size_t n = recognise_ip4(a->p, a->e);
    if (n > 0) {
        a->p += n;
        a->groups += 2;
        a->digit = true;
    }
    return IP6_END;
}

static enum ip6_step ip6_group(struct ip6 *a)
{
    size_t n = recognise_hexes(a->p, a->e);
    if (n > 4 || a->groups > 8)
        return IP6_NONE;
    if (n > 0 && a->groups > 0 && a->p + n < a->e && a->p[n] == '.')
        return ip6_octets(a);
    for (size_t i = 0; i < n; i++)
        a->digit = a->digit || ascii_digit(a->p[i]);
    a->p += n;
    a->groups += n > 0;
    return ip6_separator(a, n > 0);
}

/* "%eth0" behind an address. */
static const char *scope_end(const char *p, const char *e)
{
    if (e - p > 1 && *p == '%' && ascii_alnum(p[1]))
        for (p++; p < e && ascii_alnum(*p);)
            p++;
    return p;
}

size_t recognise_ip6(const char *p, const char *e)
{
    struct ip6 a = {.p = p, .e = e};
    enum ip6_step step = IP6_MORE;
    while (step == IP6_MORE && a.p < e)
        step = ip6_group(&a);
    if (step == IP6_NONE || !a.digit || !recognise_ends(a.p, e) || (a.gap ? a.groups > 7 : a.groups != 8))
        return 0; /* without a digit it may be a name of code: ab::cd */
    return (size_t)(prefix_length_end(scope_end(a.p, e), e, 3) - p);
}

/*
 * Which last labels make a host name. Names of code (org.apache.Foo, mapred.job.id) and of files (index.pl)
 * have dots too, so short and newer top levels ask for more dots or for a digit or dash in the name.
 */
static bool host_top(const char *top, size_t n, const char *before, size_t before_n, unsigned dots, bool odd)
{
    if (word_set_has(WORD_SET_GENERIC_TOPS, top, n))
        return true;
    if (word_set_has(WORD_SET_PRIVATE_TOPS, top, n))
        return dots >= 2 || odd;
    if (n != 2 || dots < 2)
        return false;
    return odd || word_set_has(WORD_SET_SECOND_LEVELS, before, before_n) || word_set_has(WORD_SET_COUNTRY_TOPS, top, n);
}

/* A name of labels with dots between them, as far as it was read. */
struct labels {
    const char *last, *before; /* the last two */
    size_t before_n;
    unsigned dots;
    bool odd; /* it has a digit or a dash */
};

static const char *labels_end(const char *p, const char *e, struct labels *l)
{
    for (; p < e; p++) {
        if (*p == '.') {
            if (p == l->last || p + 1 == e || !ascii_alnum(p[1]))
                break;
            l->before = l->last;
            l->before_n = (size_t)(p - l->last);
            l->last = p + 1;
            l->dots++;
        } else if (ascii_digit(*p) || *p == '-') {
            l->odd = true;
        } else if (!ascii_alpha(*p) && *p != '_') {
            break;
        }
    }
    return p;
}

/* Two letters or more, not written as a name of code: Foo. */
static bool is_top(const char *top, size_t n, const char *e)
{
    return n >= 2 && n == recognise_letters(top, e) && !(*top >= 'A' && *top <= 'Z' && top[1] >= 'a');
}

/* The sign goes on with a call, a path, a class or the host of a mail address. */
static bool is_sign_of_code(char c)
{
    return c == '(' || c == '/' || c == '$' || c == '@' || c == '\\';
}

size_t recognise_host(const char *p, const char *e)
{
    struct labels l = {.last = p, .before = p};
    const char *end = labels_end(p, e, &l);
    size_t n = (size_t)(end - l.last);
    if (l.dots == 0 || !is_top(l.last, n, end) || !recognise_ends(end, e) || end - p > 253 ||
        (end < e && is_sign_of_code(*end)))
        return 0;
    return host_top(l.last, n, l.before, l.before_n, l.dots, l.odd) ? (size_t)(end - p) + recognise_port(end, e) : 0;
}

static bool has_capitals(const char *p, const char *e)
{
    while (p < e && !(*p >= 'A' && *p <= 'Z'))
        p++;
    return p < e;
}

enum { LINES_MAX = 9999 };

/* Ports that hosts are named with; a file of so many lines is rare, and that very line in an error rarer. */
static bool is_known_port(unsigned port)
{
    static const unsigned short known[] = {
        22,   25,   53,   80,   110,  123,  143,  161,  389,  443,  465,  514,  587,  636,  853,  873,  993,  995,
        1433, 1514, 1521, 1883, 2049, 2181, 2375, 2376, 2379, 2380, 3000, 3128, 3260, 3306, 3389, 4222, 4317, 4318,
        5000, 5044, 5060, 5070, 5140, 5432, 5601, 5671, 5672, 5984, 6379, 6380, 6443, 6514, 6667, 7000, 7001, 7077,
        7474, 7687, 8000, 8008, 8020, 8080, 8081, 8083, 8086, 8088, 8123, 8125, 8140, 8200, 8300, 8301, 8404, 8443,
        8500, 8834, 8883, 8888, 9000, 9001, 9042, 9090, 9091, 9092, 9093, 9094, 9100, 9160, 9200, 9300, 9418, 9443};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i] == port)
            return true;
    return port > LINES_MAX && port <= 65535;
}

size_t recognise_host_port(const char *p, const char *e)
{
    struct labels l = {.last = p, .before = p};
    const char *end = labels_end(p, e, &l);
    size_t n = (size_t)(end - l.last), port = recognise_port(end, e);
    if (l.dots == 0 || !port || !is_top(l.last, n, end) || end - p > 253 || has_capitals(p, end) ||
        word_set_has(WORD_SET_FILE_ENDS, l.last, n) || !is_known_port(recognise_value(end + 1, port - 1)))
        return 0;
    const char *behind = end + port;
    bool column = e - behind > 1 && *behind == ':' && ascii_digit(behind[1]); /* of a line */
    return column || (behind < e && *behind != '/' && is_sign_of_code(*behind)) ? 0 : (size_t)(behind - p);
}

static const char *mailbox_end(const char *p, const char *e)
{
    while (p < e && (ascii_alnum(*p) || *p == '.' || *p == '_' || *p == '-' || *p == '+'))
        p++;
    return p;
}

static const char *mail_domain_end(const char *p, const char *e, bool *letter)
{
    *letter = false;
    while (p < e && (ascii_alnum(*p) || ((*p == '.' || *p == '-') && p + 1 < e && ascii_alnum(p[1])))) {
        *letter = *letter || ascii_alpha(*p);
        p++;
    }
    return p;
}

size_t recognise_email(const char *p, const char *e)
{
    const char *at = mailbox_end(p, e);
    bool letter;
    if (at == p || e - at < 2 || *at != '@' || !ascii_alnum(at[1]))
        return 0;
    const char *end = mail_domain_end(at + 1, e, &letter);
    /* Object@1b2c3d4 is how Java prints an object without a name. */
    bool hash = recognise_hexes(at + 1, end) == (size_t)(end - at - 1);
    return letter && !hash && recognise_ends(end, e) ? (size_t)(end - p) : 0;
}
