#include "base/utf8.h"

/* RFC 3629, 4: no over-long form, no surrogate, nothing beyond U+10FFFF. */
static bool second_fits(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xe0:
        return second >= 0xa0;
    case 0xed:
        return second <= 0x9f;
    case 0xf0:
        return second >= 0x90;
    case 0xf4:
        return second <= 0x8f;
    default:
        return true;
    }
}

size_t utf8_step(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    if (s.n == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || s.n < len || !second_fits(p[0], p[1]))
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

size_t utf8_count(struct slice s)
{
    size_t points = 0;
    for (; s.n; points++) {
        size_t len = utf8_step(s);
        s = slice_from(s, len ? len : 1);
    }
    return points;
}

struct slice utf8_prefix(struct slice s, size_t max_points)
{
    /* A text of no more bytes than points always fits. */
    if (s.n <= max_points)
        return s;
    struct slice rest = s;
    while (rest.n && max_points--) {
        size_t len = utf8_step(rest);
        rest = slice_from(rest, len ? len : 1);
    }
    return slice_sub(s, 0, s.n - rest.n);
}

struct slice utf8_cut(struct slice s, size_t max_bytes)
{
    size_t n = 0;
    if (s.n <= max_bytes)
        return s;
    for (;;) {
        size_t len = utf8_step(slice_from(s, n));
        len = len ? len : 1;
        if (n + len > max_bytes)
            return slice_sub(s, 0, n);
        n += len;
    }
}

/* CSI, ECMA-48 5.4: parameters and intermediate bytes, then the final one. */
static size_t control_sequence(struct slice s)
{
    size_t i = 2;
    while (i < s.n && (unsigned char)s.p[i] >= 0x20 && (unsigned char)s.p[i] <= 0x3f)
        i++;
    return i < s.n && (unsigned char)s.p[i] >= 0x40 && (unsigned char)s.p[i] <= 0x7e ? i + 1 : i;
}

/* OSC: a text up to a bell or ESC \, at the line's end at the latest. */
static size_t command_string(struct slice s)
{
    size_t i = 2;
    while (i < s.n && s.p[i] != '\a' && s.p[i] != '\n' && s.p[i] != 0x1b)
        i++;
    if (i < s.n && s.p[i] == '\a')
        return i + 1;
    return i + 1 < s.n && s.p[i] == 0x1b && s.p[i + 1] == '\\' ? i + 2 : i;
}

size_t utf8_escape(struct slice s)
{
    if (s.n < 2)
        return 1;
    switch (s.p[1]) {
    case '[':
        return control_sequence(s);
    case ']':
        return command_string(s);
    default:
        return s.p[1] >= '@' && s.p[1] <= '_' ? 2 : 1;
    }
}

static inline bool plain(unsigned char c)
{
    return (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\n' || c == '\r';
}

/* How many bytes at the front are plain, looked at eight at a time. */
static size_t plain_run(struct slice s)
{
    static const uint64_t each = UINT64_C(0x0101010101010101), top = each * 0x80;
    size_t n = 0;
    for (uint64_t eight; n + sizeof eight <= s.n; n += sizeof eight) {
        memcpy(&eight, s.p + n, sizeof eight);
        uint64_t control = (eight - each * 0x20) & ~eight, above = eight | (eight + each);
        if ((control | above) & top) /* a tab, perhaps */
            break;
    }
    while (n < s.n && plain((unsigned char)s.p[n]))
        n++;
    return n;
}

void utf8_clean(struct sbuf *out, struct slice s)
{
    while (s.n) {
        size_t run = plain_run(s);
        sbuf_add(out, s.p, run);
        s = slice_from(s, run);
        if (!s.n)
            break;
        size_t len = utf8_step(s);
        if (s.p[0] == 0x1b)
            len = utf8_escape(s);
        else if (len > 1)
            sbuf_add(out, s.p, len);
        else
            sbuf_add(out, "\xef\xbf\xbd", 3);
        s = slice_from(s, len ? len : 1);
    }
}

bool utf8_is_clean(struct slice s)
{
    for (;;) {
        s = slice_from(s, plain_run(s));
        if (!s.n)
            return true;
        size_t len = utf8_step(s);
        if (len < 2)
            return false;
        s = slice_from(s, len);
    }
}

/*
 * Sequences of n bytes that print nothing of their own but change what is around them: C1 controls (U+0080 to
 * U+009F, which drive terminals too), line and paragraph separators, and marks that turn the direction of
 * writing (UAX 9).
 */
static bool meddles(const char *p, size_t n)
{
    const unsigned char *c = (const unsigned char *)p;
    if (n == 2)
        return (c[0] == 0xc2 && c[1] < 0xa0) || (c[0] == 0xd8 && c[1] == 0x9c);
    if (n != 3 || c[0] != 0xe2)
        return false;
    return (c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae))) ||
           (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9);
}

size_t utf8_shown(struct slice s)
{
    size_t len = utf8_step(s);
    unsigned char c = s.n ? (unsigned char)s.p[0] : 0;
    return c < 0x20 || c == 0x7f || meddles(s.p, len) ? 0 : len;
}

/* How many bytes at the front are ASCII, counted eight at a time. */
static size_t ascii_run(struct slice s)
{
    size_t n = 0;
    for (uint64_t eight; n + sizeof eight <= s.n; n += sizeof eight) {
        memcpy(&eight, s.p + n, sizeof eight);
        if (eight & UINT64_C(0x8080808080808080))
            break;
    }
    while (n < s.n && (unsigned char)s.p[n] < 0x80)
        n++;
    return n;
}

void utf8_json(struct sbuf *out, struct slice s)
{
    size_t run = ascii_run(s);
    while (run < s.n) {
        size_t len = (unsigned char)s.p[run] < 0xc2 ? 1 : utf8_step(slice_from(s, run));
        if (len < 2 || !meddles(s.p + run, len)) {
            run += len ? len : 1;
            continue;
        }
        const unsigned char *c = (const unsigned char *)s.p + run;
        unsigned point = len == 2 ? (c[0] & 0x1fu) << 6 | (c[1] & 0x3fu)
                                  : (c[0] & 0xfu) << 12 | (c[1] & 0x3fu) << 6 | (c[2] & 0x3fu);
        sbuf_add(out, s.p, run);
        sbuf_addf(out, "\\u%04x", point);
        s = slice_from(s, run + len);
        run = 0;
    }
    sbuf_adds(out, s);
}

static void add_point(struct sbuf *out, uint32_t u)
{
    const char bytes[4] = {(char)(u < 0x10000 ? 0xe0 | u >> 12 : 0xf0 | u >> 18), (char)(0x80 | (u >> 12 & 0x3f)),
                           (char)(0x80 | (u >> 6 & 0x3f)), (char)(0x80 | (u & 0x3f))};
    if (u < 0x80) {
        sbuf_addc(out, (char)u);
    } else if (u < 0x800) {
        sbuf_addc(out, (char)(0xc0 | u >> 6));
        sbuf_addc(out, bytes[3]);
    } else if (u < 0x10000) {
        sbuf_addc(out, bytes[0]);
        sbuf_add(out, bytes + 2, 2);
    } else {
        sbuf_add(out, bytes, 4);
    }
}

void utf8_from_utf16(struct sbuf *out, struct slice s, bool big)
{
    for (size_t i = 0; i + 1 < s.n; i += 2) {
        const unsigned char *p = (const unsigned char *)s.p + i;
        uint32_t u = (uint32_t)(p[!big] << 8 | p[big]);
        uint32_t next = i + 3 < s.n ? (uint32_t)(p[2 + !big] << 8 | p[2 + big]) : 0;
        if (u >= 0xd800 && u < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
            u = 0x10000 + ((u - 0xd800) << 10) + (next - 0xdc00);
            i += 2;
        } else if (u >= 0xd800 && u < 0xe000) {
            u = 0xfffd;
        }
        add_point(out, u);
    }
}
