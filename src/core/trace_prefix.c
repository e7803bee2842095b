#include "core/trace_prefix.h"

#include "core/recognise.h"

/* "123.456789" in dmesg's brackets, with spaces before it. */
static size_t seconds_of_uptime(const char *p, const char *e)
{
    const char *s = p;
    while (p < e && *p == ' ')
        p++;
    size_t n = recognise_digits(p, e);
    p += n;
    if (n == 0 || p == e || *p != '.' || recognise_digits(p + 1, e) != 6)
        return 0;
    p += 7;
    return p < e && *p == ']' ? (size_t)(p - s) : 0;
}

size_t trace_prefix_time(const char *s, const char *p, const char *e)
{
    if (p > s && p[-1] == '[') {
        size_t n = seconds_of_uptime(p, e);
        if (n > 0)
            return n;
    }
    if (p > s && recognise_word_byte(p[-1]))
        return 0;
    if (ascii_digit(*p))
        return recognise_time(p, e);
    return e - p > 3 && recognise_time_word(p) ? recognise_time_words(p, e) : 0;
}

void trace_prefix_learn(struct trace_prefix *prefix, struct slice text)
{
    prefix->n = 0;
    if (!text.n) /* of nothing there may be no pointer */
        return;
    const char *p = text.p, *e = text.p + text.n;
    size_t n = 0;
    while (p < e && n < TRACE_PREFIX_MAX) {
        size_t time = trace_prefix_time(text.p, p, e);
        prefix->v[n++] = time ? TRACE_PREFIX_TIME : *p;
        p += time ? time : 1;
    }
    prefix->n = p < e ? 0 : (uint8_t)n;
}

struct trace_along trace_prefix_along(const struct trace_prefix *prefix, struct slice line)
{
    struct trace_along a = {0};
    if (!line.n)
        return a;
    const char *e = line.p + line.n;
    while (a.n < prefix->n && a.at < line.n) {
        const char *p = line.p + a.at;
        size_t step = prefix->v[a.n] == TRACE_PREFIX_TIME ? trace_prefix_time(line.p, p, e) : prefix->v[a.n] == *p;
        if (step == 0)
            break;
        a.n++;
        a.at += step;
        if (*p == ' ' || *p == '\t') {
            a.word_n = a.n;
            a.word_at = a.at;
        }
    }
    return a;
}
