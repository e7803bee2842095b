/*
 * nginx_head: what stands in front of an entry of nginx's error log (ngx_log_error_core):
 *
 *   yyyy/mm/dd hh:mm:ss [level] pid#tid: text        in a file
 *   nginx: [level] text                              on stderr, of nginx -t and of a start from a terminal
 *
 * Asked for every line of a log twice, so it looks at eight bytes at a time and stands in the reader's code. Pure;
 * slices borrow from the entry.
 */
#ifndef PARSERS_NGINX_HEAD_H
#define PARSERS_NGINX_HEAD_H

#include <endian.h>
#include <string.h>

#include "base/slice.h"

struct nginx_head {
    int severity; /* syslog's; -1 on stderr when there is none */
    struct slice pid, tid;
    struct slice text; /* behind it */
};

extern const struct slice nginx_head_levels[8];

static inline uint64_t nginx_head_eight(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline __attribute__((always_inline)) bool nginx_head_level(struct slice *s, int *severity)
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
    size_t n = i < 0 ? 0 : nginx_head_levels[i].n;
    if (n < 7 || s->n < n ||
        (n == 8 ? nginx_head_eight(s->p) != nginx_head_eight(nginx_head_levels[i].p)
                : memcmp(s->p, nginx_head_levels[i].p, n) != 0))
        return false;
    *severity = i;
    *s = slice_from(*s, n);
    return true;
}

/* Looks like "yyyy/mm/dd hh:mm:ss [": asked for every line, so it looks at eight bytes at a time and reads no
 * number. */
static inline bool nginx_head_dated(struct slice s)
{
    static const char want[] = "0000/00/00 00:00:00 [";
    static const unsigned char mask[] = {0xf0, 0xf0, 0xf0, 0xf0, 0xff, 0xf0, 0xf0, 0xff, 0xf0, 0xf0, 0xff,
                                         0xf0, 0xf0, 0xff, 0xf0, 0xf0, 0xff, 0xf0, 0xf0, 0xff, 0xff};
    if (s.n < sizeof mask)
        return false;
    uint64_t bad = (nginx_head_eight(s.p) & nginx_head_eight(mask)) ^ nginx_head_eight(want);
    bad |= (nginx_head_eight(s.p + 8) & nginx_head_eight(mask + 8)) ^ nginx_head_eight(want + 8);
    bad |= (nginx_head_eight(s.p + 13) & nginx_head_eight(mask + 13)) ^ nginx_head_eight(want + 13);
    return !bad;
}

/* Behind the digits at p, at most twenty of them. Eight bytes at once: a digit has 3 in its upper half, also with 6
 * added to it. */
static inline const char *nginx_head_digits(const char *p, const char *end)
{
    if (end - p >= 8) {
        uint64_t eight = le64toh(nginx_head_eight(p)), threes = UINT64_C(0x3030303030303030);
        uint64_t others =
            ((eight ^ threes) | ((eight ^ threes) + UINT64_C(0x0606060606060606))) & UINT64_C(0xf0f0f0f0f0f0f0f0);
        if (others) /* a byte that carries into the next is itself none */
            return p + __builtin_ctzll(others) / 8;
    }
    const char *most = end - p > 20 ? p + 20 : end;
    while (p < most && (unsigned char)(*p - '0') < 10)
        p++;
    return p;
}

/* Reads it as it is in a file. False: *h may have been written, and means nothing. */
static inline __attribute__((always_inline)) bool nginx_head_file(struct slice s, struct nginx_head *h)
{
    if (!nginx_head_dated(s))
        return false;
    s = slice_from(s, 20);
    if (!nginx_head_level(&s, &h->severity))
        return false;
    const char *end = s.p + s.n, *pid = nginx_head_digits(s.p, end);
    if (pid == s.p || pid == end || *pid != '#')
        return false;
    const char *tid = nginx_head_digits(pid + 1, end);
    if (tid == pid + 1 || tid == end || *tid != ':')
        return false;
    h->pid = slice_of(s.p, (size_t)(pid - s.p));
    h->tid = slice_of(pid + 1, (size_t)(tid - pid - 1));
    tid += 1 + (tid + 1 < end && tid[1] == ' ');
    h->text = slice_of(tid, (size_t)(end - tid));
    return true;
}

/* Reads it as it is on stderr. */
bool nginx_head_stderr(struct slice entry, struct nginx_head *h);
/* Whether the line has one of either form, and so begins an entry. */
bool nginx_head(struct slice line);

#endif
