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

enum { MAC_PAIRS_MAX = 32 }; /* a SHA-256 fingerprint */

/* Whether another pair stands behind the sign at p, which is the one behind the first pair. */
static bool pair_follows(const char *p, const char *e, char sign)
{
    return p < e && *p == sign && (sign == ':' || sign == '-') && recognise_hexes(p + 1, e) == 2;
}

size_t recognise_mac(const char *p, const char *e)
{
    const char *s = p;
    unsigned pairs = 0;
    bool letter = false, more = recognise_hexes(p, e) == 2;
    while (more) {
        letter = letter || !ascii_digit(p[0]) || !ascii_digit(p[1]);
        pairs++;
        p += 2;
        more = pairs < MAC_PAIRS_MAX && p < e && pair_follows(p, e, s[2]);
        p += more;
    }
    return (pairs >= 6 || (pairs >= 4 && letter)) && recognise_ends(p, e) ? (size_t)(p - s) : 0;
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
