#include "core/scrub.h"

#include <assert.h>
#include <stdlib.h>

#include "base/sbuf.h"
#include "base/xalloc.h"

/* What is replaced: capture 1, where there is one, stays in front of the mark. */
struct pattern {
    const char *regex;
    const char *needs; /* a byte without which the pattern cannot match; cheap to look for */
    bool luhn;
};

static const struct pattern defaults[] = {
    {"((?i:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|auth|credentials?|jwt|csrf|xsrf|session[_-]?id)"
     "[A-Za-z0-9_-]{0,16}[\"']?\\s{0,2}=\\s{0,2}[\"']?)(?!\\[Filtered\\])[^\\s\"'&,;<>]+",
     "=", false},
    {"((?i:\"[A-Za-z0-9_-]{0,16}(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|jwt|csrf|xsrf)"
     "[A-Za-z0-9_-]{0,16}\")\\s{0,2}:\\s{0,2}\")(?!\\[Filtered\\])(?:[^\"\\\\]|\\\\.)+",
     ":", false},
    {"((?i:authorization|proxy-authorization|cookie|set-cookie|x-api-key)\\s{0,2}:\\s{0,2})(?!\\[Filtered\\])[^\\r\\n\"]+", ":", false},
    {"((?i:bearer|basic)\\s+)(?!\\[Filtered\\])[A-Za-z0-9._~+/=-]{12,}", " ", false},
    {"\\beyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}(?:\\.[A-Za-z0-9_-]*)?", ".", false},
    {"\\b(?:AKIA|ASIA)[0-9A-Z]{16}\\b", "A", false},
    {"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----[\\s\\S]*?(?:-----END [A-Z ]{0,20}PRIVATE KEY-----|$)", "-", false},
    {"(://[^\\s/:@]{1,64}:)(?!\\[Filtered\\])[^\\s/@]{1,128}(?=@)", "@", false},
    {"\\b(?:[0-9][ -]?){12,18}[0-9]\\b", NULL, true},
};

enum { N_DEFAULTS = sizeof defaults / sizeof *defaults };

struct scrub {
    const struct options *opt;
    struct regex *defaults[N_DEFAULTS];
    struct regex_scratch *scratch;
};

struct scrub *scrub_new(const struct options *opt)
{
    struct scrub *s = xcalloc(1, sizeof *s);
    s->opt = opt;
    s->scratch = regex_scratch_new();
    for (unsigned i = 0; i < N_DEFAULTS && opt->scrub.defaults; i++) {
        size_t at;
        char message[256];
        s->defaults[i] = regex_compile(slice_str(defaults[i].regex), false, &at, message);
        assert(s->defaults[i]);
    }
    return s;
}

void scrub_free(struct scrub *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < N_DEFAULTS; i++)
        regex_free(s->defaults[i]);
    regex_scratch_free(s->scratch);
    free(s);
}

/* ISO/IEC 7812-1, annex B: every second digit from the right counts twice, the sum is a multiple of ten. */
static bool passes_luhn(struct slice s)
{
    unsigned sum = 0, digits = 0;
    for (size_t i = s.n; i-- > 0;) {
        if (!ascii_digit(s.p[i]))
            continue;
        unsigned d = (unsigned)(s.p[i] - '0');
        if (digits++ % 2) {
            d *= 2;
            d -= d > 9 ? 9 : 0;
        }
        sum += d;
    }
    return digits >= 13 && digits <= 19 && sum % 10 == 0;
}

/* Replaces every match; a regex that gives up hides the whole text, since what it would have found is unknown. */
static struct slice replace(struct scrub *s, const struct regex *re, bool luhn, struct slice text, struct arena *a)
{
    struct sbuf out;
    size_t from = 0, done = 0;
    bool changed = false;
    sbuf_init(&out, text.n * 12 + 64);
    while (from <= text.n) {
        enum regex_result hit = regex_match(re, s->scratch, text, from);
        if (hit == REGEX_LIMIT) {
            sbuf_free(&out);
            return SLICE(SCRUB_MARK);
        }
        if (hit == REGEX_NO)
            break;
        struct slice whole = regex_capture(s->scratch, 0), keep = regex_capture(s->scratch, 1);
        size_t start = (size_t)(whole.p - text.p), end = start + whole.n;
        if (whole.n && (!luhn || passes_luhn(whole))) {
            sbuf_adds(&out, slice_sub(text, done, start));
            if (keep.p == whole.p)
                sbuf_adds(&out, keep);
            sbuf_adds(&out, SLICE(SCRUB_MARK));
            done = end;
            changed = true;
        }
        from = end > start ? end : end + 1;
    }
    if (!changed) {
        sbuf_free(&out);
        return text;
    }
    sbuf_adds(&out, slice_from(text, done));
    text = arena_dup(a, sbuf_slice(&out));
    sbuf_free(&out);
    return text;
}

struct slice scrub_text(struct scrub *s, struct slice text, struct arena *a)
{
    if (text.n == 0)
        return text;
    for (unsigned i = 0; i < N_DEFAULTS; i++)
        if (s->defaults[i] && (!defaults[i].needs || slice_chr(text, *defaults[i].needs)))
            text = replace(s, s->defaults[i], defaults[i].luhn, text, a);
    for (unsigned i = 0; i < s->opt->scrub.n_patterns; i++)
        text = replace(s, s->opt->scrub.patterns[i], false, text, a);
    return text;
}

/* sentry-protocol.md, 3.7: names whose values Sentry's own data scrubbing hides. */
bool scrub_is_secret_name(struct slice name)
{
    static const char *const words[] = {"auth", "token", "secret", "password", "passwd",     "pwd",  "key",
                                        "jwt",  "bearer", "sso",   "saml",     "credential", "csrf", "xsrf", "cookie"};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        struct slice w = slice_str(words[i]);
        for (size_t at = 0; at + w.n <= name.n; at++)
            if (slice_istarts(slice_from(name, at), w))
                return true;
    }
    return false;
}

struct slice scrub_query(struct scrub *s, struct slice query, struct arena *a)
{
    if (!s->opt->scrub.defaults || query.n == 0)
        return scrub_text(s, query, a);
    struct sbuf out;
    sbuf_init(&out, query.n * 11 + 64);
    for (struct slice rest = query; rest.p;) {
        struct slice pair = slice_split(&rest, '&'), value = pair;
        struct slice name = slice_split(&value, '=');
        sbuf_adds(&out, name);
        if (value.p) {
            sbuf_addc(&out, '=');
            sbuf_adds(&out, scrub_is_secret_name(name) ? SLICE(SCRUB_MARK) : value);
        }
        if (rest.p)
            sbuf_addc(&out, '&');
    }
    struct slice clean = arena_dup(a, sbuf_slice(&out));
    sbuf_free(&out);
    return scrub_text(s, clean, a);
}
