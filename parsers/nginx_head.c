#include "parsers/nginx_head.h"

#include <endian.h>
#include <string.h>

/* In the order of severities. */
static const struct slice level_tags[8] = {{"[emerg] ", 8}, {"[alert] ", 8}, {"[crit] ", 7},
                                           {"[error] ", 8}, {"[warn] ", 7},  {"[notice] ", 9},
                                           {"[info] ", 7},  {"[debug] ", 8}};

/* n is at most s->n. */
static inline void skip(struct slice *s, size_t n)
{
    s->p += n;
    s->n -= n;
}

static inline uint64_t eight_at(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline __attribute__((always_inline)) bool level_from(struct slice *s, int *severity)
{
    /* By the first letter, of which only emerg and error have the same one. */
    static const signed char by_letter[26] = {['a' - 'a'] = 2, ['c' - 'a'] = 3, ['d' - 'a'] = 8, ['e' - 'a'] = 4,
                                              ['i' - 'a'] = 7, ['n' - 'a'] = 6, ['w' - 'a'] = 5};
    if (s->n < 3 || s->p[1] < 'a' || s->p[1] > 'z')
        return false;
    int i = by_letter[s->p[1] - 'a'] - 1;
    if (i == 3 && s->p[2] == 'm')
        i = 0;
    /* Asked for every line: eight bytes at once, and that of a tag of seven or nine by itself. */
    size_t n = i < 0 ? 0 : level_tags[i].n;
    if (n < 7 || s->n < n || (n == 8 ? eight_at(s->p) != eight_at(level_tags[i].p) : memcmp(s->p, level_tags[i].p, n) != 0))
        return false;
    *severity = i;
    skip(s, n);
    return true;
}

/* Looks like "yyyy/mm/dd hh:mm:ss [": asked for every line, so it looks at eight bytes at a time and reads no
 * number. */
static bool dated(struct slice s)
{
    static const char want[] = "0000/00/00 00:00:00 [";
    static const unsigned char mask[] = {0xf0, 0xf0, 0xf0, 0xf0, 0xff, 0xf0, 0xf0, 0xff, 0xf0, 0xf0, 0xff,
                                         0xf0, 0xf0, 0xff, 0xf0, 0xf0, 0xff, 0xf0, 0xf0, 0xff, 0xff};
    if (s.n < sizeof mask)
        return false;
    uint64_t bad = (eight_at(s.p) & eight_at(mask)) ^ eight_at(want);
    bad |= (eight_at(s.p + 8) & eight_at(mask + 8)) ^ eight_at(want + 8);
    bad |= (eight_at(s.p + 13) & eight_at(mask + 13)) ^ eight_at(want + 13);
    return !bad;
}

/* Behind the digits at p, at most twenty of them. Eight bytes at once: a digit has 3 in its upper half, also with 6 added to it. */
static inline const char *behind_digits(const char *p, const char *end)
{
    if (end - p >= 8) {
        uint64_t eight = le64toh(eight_at(p)), threes = UINT64_C(0x3030303030303030);
        uint64_t others = ((eight ^ threes) | ((eight ^ threes) + UINT64_C(0x0606060606060606))) & UINT64_C(0xf0f0f0f0f0f0f0f0);
        if (others) /* a byte that carries into the next is itself none */
            return p + __builtin_ctzll(others) / 8;
    }
    const char *most = end - p > 20 ? p + 20 : end;
    while (p < most && (unsigned char)(*p - '0') < 10)
        p++;
    return p;
}

/* Asked for every line twice. */
static inline __attribute__((always_inline)) bool file_head(struct slice s, struct nginx_head *h)
{
    if (!dated(s))
        return false;
    skip(&s, 20);
    if (!level_from(&s, &h->severity))
        return false;
    const char *end = s.p + s.n, *pid = behind_digits(s.p, end);
    if (pid == s.p || pid == end || *pid != '#')
        return false;
    const char *tid = behind_digits(pid + 1, end);
    if (tid == pid + 1 || tid == end || *tid != ':')
        return false;
    h->pid = slice_of(s.p, (size_t)(pid - s.p));
    h->tid = slice_of(pid + 1, (size_t)(tid - pid - 1));
    tid += 1 + (tid + 1 < end && tid[1] == ' ');
    h->text = slice_of(tid, (size_t)(end - tid));
    return true;
}

static bool stderr_head(struct slice s, struct nginx_head *h)
{
    if (!slice_starts(s, SLICE("nginx: ")))
        return false;
    skip(&s, 7);
    *h = (struct nginx_head){.severity = -1};
    if (!level_from(&s, &h->severity) && !slice_starts(s, SLICE("configuration file ")) &&
        !slice_starts(s, SLICE("the configuration file ")))
        return false;
    h->text = s;
    return true;
}

bool nginx_head(struct slice line)
{
    struct nginx_head h;
    return line.n && (line.p[0] == 'n' ? stderr_head(line, &h) : file_head(line, &h));
}

enum nginx_head_form nginx_head_read(struct slice entry, struct nginx_head *h)
{
    if (file_head(entry, h))
        return NGINX_HEAD_FILE;
    return stderr_head(entry, h) ? NGINX_HEAD_STDERR : NGINX_HEAD_NONE;
}
