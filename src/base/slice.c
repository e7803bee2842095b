#include "base/slice.h"

#include "base/xalloc.h"

/* Most needles are of a few bytes: that is done before memcmp is called. */
static inline bool is_at(const char *at, struct slice needle)
{
    if (needle.n > 4)
        return memcmp(at, needle.p, needle.n) == 0;
    size_t i = 1; /* the first has been looked at */
    while (i < needle.n && at[i] == needle.p[i])
        i++;
    return i >= needle.n;
}

ptrdiff_t slice_find(struct slice s, struct slice needle)
{
    if (needle.n == 0)
        return 0;
    if (needle.n > s.n)
        return -1;
    /* Where its first byte is rare this costs a look at the text; memmem prepares itself for longer texts than these.
     */
    const char *at = s.p, *last = s.p + (s.n - needle.n);
    for (unsigned guesses = 4; guesses; guesses--) {
        at = memchr(at, needle.p[0], (size_t)(last - at) + 1);
        if (!at)
            return -1;
        if (is_at(at, needle))
            return at - s.p;
        if (at++ == last)
            return -1;
    }
    at = memmem(at, (size_t)(last - at) + needle.n, needle.p, needle.n);
    return at ? at - s.p : -1;
}

ptrdiff_t slice_rfind(struct slice s, struct slice needle)
{
    if (needle.n == 0)
        return (ptrdiff_t)s.n;
    for (size_t end = s.n; end >= needle.n;) {
        const char *hit = memrchr(s.p, needle.p[0], end - needle.n + 1);
        if (!hit)
            return -1;
        if (memcmp(hit, needle.p, needle.n) == 0)
            return hit - s.p;
        end = (size_t)(hit - s.p) + needle.n - 1;
    }
    return -1;
}

bool slice_istarts(struct slice s, struct slice prefix)
{
    if (s.n < prefix.n)
        return false;
    for (size_t i = 0; i < prefix.n; i++)
        if (ascii_lower(s.p[i]) != ascii_lower(prefix.p[i]))
            return false;
    return true;
}

int slice_compare(struct slice a, struct slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    return c ? c : a.n < b.n ? -1 : a.n > b.n;
}

bool slice_ieq(struct slice a, struct slice b)
{
    return a.n == b.n && slice_istarts(a, b);
}

struct slice slice_trim(struct slice s)
{
    while (s.n && ascii_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && ascii_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

struct slice slice_split(struct slice *s, char c)
{
    const char *at = slice_chr(*s, c);
    struct slice head = *s;
    if (!at) {
        *s = SLICE_NONE;
        return head;
    }
    head.n = (size_t)(at - s->p);
    *s = slice_from(*s, head.n + 1);
    return head;
}

bool slice_is_hex(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_hex(s.p[i]))
            return false;
    return s.n > 0;
}

bool slice_u64(struct slice s, uint64_t *out)
{
    uint64_t v = 0;
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_digit(s.p[i]))
            return false;
        uint64_t digit = (uint64_t)(s.p[i] - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *out = v;
    return true;
}

char *slice_dup(struct slice s)
{
    char *p = xmalloc(s.n + 1);
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return p;
}

uint64_t slice_hash(struct slice s, uint64_t seed)
{
    uint64_t h = hash_mix(seed, s.n + 0x51ed270b9f5c8d3du);
    while (s.n >= 8) {
        uint64_t word;
        memcpy(&word, s.p, 8);
        h = hash_mix(h, word);
        s.p += 8;
        s.n -= 8;
    }
    if (s.n)
        h = hash_mix(h, slice_word(s));
    return hash_mix(h, 0xa0761d6478bd642fu);
}

size_t slice_quote_end(struct slice s)
{
    size_t n = 1;
    while (n < s.n && s.p[n] != '"')
        n += s.p[n] == '\\' && n + 1 < s.n ? 2 : 1;
    return n;
}
