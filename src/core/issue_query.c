#include "core/issue_query.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "parsers/level.h"
#include "text/when.h"

enum { TEXT_BYTES_MAX = 16 << 10, FOLDED_MAX = ISSUE_TEXTS * (TEXT_BYTES_MAX + 1) };

static const int64_t HOUR_US = INT64_C(3600000000);

const char *const issue_state_names[ISSUE_STATES + 1] = {
    [ISSUE_STATE_NEW] = "new", [ISSUE_STATE_ONGOING] = "ongoing", [ISSUE_STATE_QUIET] = "quiet"};

enum issue_state issue_state_of(int64_t first_us, int64_t last_us, int64_t now_us)
{
    return first_us > now_us - HOUR_US  ? ISSUE_STATE_NEW
           : last_us > now_us - HOUR_US ? ISSUE_STATE_ONGOING
                                        : ISSUE_STATE_QUIET;
}

/* --- what there is to ask --- */

enum field { FIELD_WORD, FIELD_TAG, FIELD_SINCE, FIELD_BEFORE, FIELD_IS, FIELD_TEXT /* + enum issue_text */ };

enum { FIELDS = 8 };
static const char *const field_names[FIELDS + 1] = {"level", "app", "host", "project", "rule", "since", "before", "is"};
static const unsigned fields[FIELDS] = {(unsigned)FIELD_TEXT + ISSUE_LEVEL,
                                        (unsigned)FIELD_TEXT + ISSUE_APP,
                                        (unsigned)FIELD_TEXT + ISSUE_HOST,
                                        (unsigned)FIELD_TEXT + ISSUE_PROJECT,
                                        (unsigned)FIELD_TEXT + ISSUE_RULE,
                                        FIELD_SINCE,
                                        FIELD_BEFORE,
                                        FIELD_IS};
static const struct slice tag_prefix = SLICE("tag.");

__attribute__((format(printf, 2, 3))) static bool refuse(char why[ISSUE_QUERY_WHY], const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, ISSUE_QUERY_WHY, fmt, ap);
    va_end(ap);
    return false;
}

static bool one_of(struct slice value, const char *const *all, const char *what, char why[ISSUE_QUERY_WHY])
{
    char list[80] = "";
    for (unsigned i = 0; all[i]; i++) {
        if (slice_is(value, all[i]))
            return true;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *list ? ", " : "", all[i]);
    }
    return refuse(why, "%s: is one of %s, not \"%.40s\"", what, list, value.n ? value.p : "");
}

/* Says what is wrong with the value; NUL stands behind it. */
static bool check(struct issue_term *t, int64_t now_us, char why[ISSUE_QUERY_WHY])
{
    switch (t->field) {
    case FIELD_SINCE:
    case FIELD_BEFORE:
        return when_read(t->value, NULL, now_us, &t->us) ||
               refuse(why,
                      "since: and before: are a time such as 2026-11-20, 2026-11-20T10:00:00Z or 7d ago, not \"%.40s\"",
                      t->value.p);
    case FIELD_IS:
        return one_of(t->value, issue_state_names, "is", why);
    case (unsigned)FIELD_TEXT + ISSUE_LEVEL:
        return one_of(t->value, level_names + 1, "level", why);
    default:
        return true;
    }
}

static struct slice lower(char *text)
{
    for (char *p = text; *p; p++)
        *p = ascii_lower(*p);
    return slice_str(text);
}

/* What a name asks about; FIELD_WORD: it is none. */
static unsigned field_of(struct slice name)
{
    unsigned i = 0;
    while (i < FIELDS && !slice_ieq(name, slice_str(field_names[i])))
        i++;
    return i < FIELDS ? fields[i] : slice_istarts(name, tag_prefix) ? FIELD_TAG : FIELD_WORD;
}

/* False: what is in front of its colon looks like a slip of a name. A colon alone does not make one (`http://…`,
   `NullPointerException:`). */
static bool is_word(struct slice name, struct slice value, char why[ISSUE_QUERY_WHY])
{
    const char *near = value.n ? err_nearest(name, field_names) : NULL;
    return !near || refuse(why, "there is no \"%.*s:\" to search by; did you mean %s:? In quotes it is a word",
                           (int)(name.n < 40 ? name.n : 40), name.p, near);
}

static bool make_term(struct slice text, size_t colon, struct arena *a, struct issue_query *q,
                      char why[ISSUE_QUERY_WHY])
{
    bool named = colon < text.n;
    struct slice name = slice_sub(text, 0, named ? colon : 0), value = slice_from(text, named ? colon + 1 : text.n);
    struct issue_term *t = &q->terms[q->n++];
    *t = (struct issue_term){.field = named ? field_of(name) : FIELD_WORD};
    if (t->field == FIELD_WORD) {
        t->value = lower(arena_cstr(a, text));
        return is_word(name, value, why);
    }
    char *kept = arena_cstr(a, value);
    bool time = t->field == FIELD_SINCE || t->field == FIELD_BEFORE;
    t->value = time ? slice_str(kept) : lower(kept);
    if (t->field == FIELD_TAG)
        t->name = lower(arena_cstr(a, slice_from(name, tag_prefix.n)));
    return check(t, q->now_us, why);
}

/* Appends what is up to the next blank outside quotes, without these. *colon: where the first colon
   outside quotes is; beyond its end: there is none. */
static void next_token(struct slice *s, struct sbuf *out, size_t *colon)
{
    bool quoted = false;
    *colon = SIZE_MAX;
    for (; s->n && (quoted || !ascii_space(*s->p)); slice_skip(s, 1)) {
        if (*s->p == '"') {
            quoted = !quoted;
            continue;
        }
        if (quoted)
            slice_skip(s, *s->p == '\\' && s->n > 1);
        else if (*s->p == ':' && *colon == SIZE_MAX)
            *colon = out->n;
        sbuf_addc(out, *s->p ? *s->p : ' '); /* no text has a NUL */
    }
}

bool issue_query_read(struct slice text, int64_t now_us, struct arena *a, struct issue_query *out,
                      char why[ISSUE_QUERY_WHY])
{
    struct sbuf token;
    bool ok = true;
    *out = (struct issue_query){.now_us = now_us};
    sbuf_init(&out->folded, FOLDED_MAX);
    if (text.n > ISSUE_QUERY_BYTES_MAX)
        return refuse(why, "a query has at most %d bytes", ISSUE_QUERY_BYTES_MAX);
    sbuf_init(&token, ISSUE_QUERY_BYTES_MAX);
    for (text = slice_trim(text); ok && text.n; text = slice_trim(text)) {
        size_t colon;
        sbuf_reset(&token);
        next_token(&text, &token, &colon);
        if (out->n == ISSUE_QUERY_TERMS_MAX)
            ok = refuse(why, "a query has at most %d words and names", ISSUE_QUERY_TERMS_MAX);
        else if (token.n)
            ok = make_term(sbuf_slice(&token), colon, a, out, why);
    }
    sbuf_done(&token);
    return ok;
}

void issue_query_done(struct issue_query *q)
{
    sbuf_done(&q->folded);
}

/* --- whether it is so --- */

static void fold(struct sbuf *out, struct slice s)
{
    for (size_t i = 0; i < s.n && i < TEXT_BYTES_MAX; i++)
        sbuf_addc(out, ascii_lower(s.p[i]));
}

/* All that words are looked for in, a line each, so that none reaches over two texts. */
static struct slice folded_texts(struct issue_query *q, const struct issue_facts *facts)
{
    sbuf_reset(&q->folded);
    for (unsigned i = 0; i < ISSUE_TEXTS; i++) {
        fold(&q->folded, facts->about->text[i]);
        sbuf_addc(&q->folded, '\n');
    }
    return sbuf_slice(&q->folded);
}

static bool has_word(struct issue_query *q, const struct issue_facts *facts, struct slice *texts, struct slice word)
{
    char key[17];
    if (!texts->p)
        *texts = folded_texts(q, facts);
    snprintf(key, sizeof key, "%016llx", (unsigned long long)facts->key);
    return slice_find(*texts, word) >= 0 || (facts->key && slice_starts(slice_str(key), word));
}

/* Whether the whole text is what is asked for, in which a star stands for any. */
static bool is_like(struct issue_query *q, struct slice text, struct slice pattern)
{
    sbuf_reset(&q->folded);
    fold(&q->folded, text);
    struct slice left = sbuf_slice(&q->folded), piece = slice_split(&pattern, '*');
    if (!pattern.p) /* there is none */
        return slice_eq(left, piece);
    if (!slice_starts(left, piece))
        return false;
    for (slice_skip(&left, piece.n); pattern.p; slice_skip(&left, piece.n)) {
        piece = slice_split(&pattern, '*');
        if (!pattern.p)
            return slice_ends(left, piece);
        ptrdiff_t at = slice_find(left, piece);
        if (at < 0)
            return false;
        slice_skip(&left, (size_t)at);
    }
    return true;
}

static bool has_tag(struct issue_query *q, struct slice tags, const struct issue_term *t)
{
    struct slice name, value;
    while (issue_about_tag(&tags, &name, &value))
        if (slice_ieq(name, t->name) && is_like(q, value, t->value))
            return true;
    return false;
}

static bool has_text(struct issue_query *q, const struct issue_facts *facts, const struct issue_term *t)
{
    unsigned i = t->field - FIELD_TEXT;
    struct slice text = facts->about->text[i];
    if (i == ISSUE_PROJECT && !text.n)
        text = SLICE("default");
    return is_like(q, text, t->value);
}

static bool is_so(struct issue_query *q, const struct issue_facts *facts, const struct issue_term *t)
{
    switch (t->field) {
    case FIELD_TAG:
        return has_tag(q, facts->about->text[ISSUE_TAGS], t);
    case FIELD_SINCE:
        return facts->last_us >= t->us;
    case FIELD_BEFORE:
        return facts->first_us < t->us;
    case FIELD_IS:
        return slice_is(t->value, issue_state_names[issue_state_of(facts->first_us, facts->last_us, q->now_us)]);
    default:
        return has_text(q, facts, t);
    }
}

static bool same_name(const struct issue_term *a, const struct issue_term *b)
{
    return a->field == b->field && slice_eq(a->name, b->name);
}

/* One of those of the name of term i is so; asked of the first of them alone. */
static bool any_is_so(struct issue_query *q, const struct issue_facts *facts, unsigned i)
{
    for (unsigned k = 0; k < i; k++)
        if (same_name(&q->terms[k], &q->terms[i]))
            return true;
    bool so = false;
    for (unsigned k = i; !so && k < q->n; k++)
        so = same_name(&q->terms[k], &q->terms[i]) && is_so(q, facts, &q->terms[k]);
    return so;
}

/* Words last: they cost most. */
bool issue_query_match(struct issue_query *q, const struct issue_facts *facts)
{
    struct slice texts = SLICE_NONE;
    for (unsigned i = 0; i < q->n; i++)
        if (q->terms[i].field != FIELD_WORD && !any_is_so(q, facts, i))
            return false;
    for (unsigned i = 0; i < q->n; i++)
        if (q->terms[i].field == FIELD_WORD && !has_word(q, facts, &texts, q->terms[i].value))
            return false;
    return true;
}
