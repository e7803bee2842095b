#include "core/scrub.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "core/scrub_impl.h"

enum { GROWTH = 12 /* one byte may become a mark with quotes */, PASSES_MAX = 8 };

struct scrub *scrub_new(const struct options *opt)
{
    struct scrub *s = xcalloc(1, sizeof *s);
    s->opt = opt;
    s->scratch = regex_scratch_new();
    names_init(&s->names);
    tokens_init(s);
    programs_init(s);
    return s;
}

void scrub_use(struct scrub *s, const struct options *opt)
{
    s->opt = opt;
}

void scrub_free(struct scrub *s)
{
    if (!s)
        return;
    regex_scratch_free(s->scratch);
    sbuf_done(&s->out);
    free(s);
}

/* --- the walk --- */

static void walk_part(struct scrub_walk *w, size_t from, size_t to);

/* \npassword=x in a text with escapes: the n is no part of the name. */
static bool is_escape_letter(const struct scrub_walk *w)
{
    return scrub_walk_before(w, w->i) == '\\' && one_of(w->t.p[w->i], "nrt") && w->i + 1 < w->t.n &&
           ascii_alpha(w->t.p[w->i + 1]);
}

static void remember(struct scrub_walk *w, size_t start, size_t end)
{
    memmove(w->recent + 1, w->recent, (SCRUB_RECENT - 1) * sizeof *w->recent);
    w->recent[0] = (struct recent_word){names_last_roles(&w->s->names, &w->name), start, end};
}

/* echo, printf and LOGIN, AUTH, IDENTIFY, OPER: most words are told by their first bytes. */
static bool may_be_verb(struct slice word)
{
    if (word.n < 4 || word.n > 8)
        return false;
    switch (word.p[0]) {
    case 'e':
        return word.p[1] == 'c';
    case 'p':
        return word.p[1] == 'r';
    case 'L':
    case 'A':
    case 'I':
    case 'O':
        return word.p[1] >= 'A' && word.p[1] <= 'Z';
    default:
        return false;
    }
}

static bool is_command_word(struct slice word)
{
    return slice_ieq(word, SLICE("insert")) || slice_ieq(word, SLICE("replace")) || slice_ieq(word, SLICE("key"));
}

static size_t base64_end(struct slice t, size_t i)
{
    while (i < t.n && (ascii_alnum(t.p[i]) || one_of(t.p[i], "+/=_-")))
        i++;
    return i;
}

/* Bearer x and Basic x without the header's name. */
static bool scheme_at(struct scrub_walk *w, size_t start, size_t end)
{
    struct slice word = slice_sub(w->t, start, end), rest = slice_from(w->t, end);
    if (word.n != 5 || rest.n < 2 || rest.p[0] != ' ' || !slice_ieq(word, SLICE("basic")))
        return false;
    size_t stop = base64_end(w->t, end + 1);
    struct slice v = slice_sub(w->t, end + 1, stop);
    if (!looks_random(v, 8) || (v.n % 4 && !slice_chr(v, '=')))
        return false;
    scrub_walk_take(w, end + 1, stop);
    return true;
}

static bool takes_secrets(const struct scrub_walk *w)
{
    return w->s->opt->scrub.defaults;
}

/* INSERT INTO t (a, password) VALUES (1, 'x'): the values of secret columns are taken, the walk goes over the others.
 */
static bool walk_columns(struct scrub_walk *w, size_t end)
{
    struct columns c;
    struct column_value v;
    if (w->in_rows || !columns_at(w, end, &c))
        return false;
    w->in_rows = true;
    while (columns_next(w, &c, &v)) {
        if (v.secret)
            column_take(w, &v);
        else
            walk_part(w, v.from > w->done ? v.from : w->done, v.end);
    }
    w->in_rows = false;
    w->i = c.i;
    return true;
}

/* The word [start, end) with secrets behind it that no name beside them tells. */
static bool take_behind_word(struct scrub_walk *w, size_t start, size_t end)
{
    struct slice word = slice_sub(w->t, start, end);
    if (is_command_word(word) && walk_columns(w, end))
        return true;
    if (may_be_verb(word) && verb_at(w, start, end))
        return true;
    return scheme_at(w, start, end);
}

/* Whether the word goes on with the name of the one before it: one space between them, and nothing taken. */
static bool goes_on(const struct scrub_walk *w, size_t start)
{
    return w->name.n && w->name_end + 1 == start && w->t.p[w->name_end] == ' ' && w->name_end >= w->done;
}

static void walk_word(struct scrub_walk *w)
{
    size_t start = w->i + is_escape_letter(w);
    size_t end = names_read(&w->s->names, w->t, start, goes_on(w, start), &w->name);
    if (end == start) {
        w->i++;
        return;
    }
    struct name_is is = names_of(&w->s->names, &w->name);
    remember(w, start, end);
    w->name_end = w->i = end;
    if (is.kind != NAME_NONE && (takes_secrets(w) || is.kind >= NAME_ADDRESS) && value_after_name(w, start, end, is))
        return;
    w->i = end;
    if (!takes_secrets(w) || take_behind_word(w, start, end))
        return;
    if (end - start >= 2 && end - start <= 14)
        program_seen(w, start, end);
}

static bool scrubs_mail(const struct scrub_walk *w)
{
    return w->s->opt->scrub.emails;
}

static bool is_word_start(const struct scrub_walk *w)
{
    char before = scrub_walk_before(w, w->i);
    if ((unsigned char)before >= 0x80)
        return value_quote_is_before(w->t, w->i);
    return !ascii_alnum(before);
}

static bool colon_at(struct scrub_walk *w)
{
    bool twice = w->i + 1 < w->t.n && w->t.p[w->i + 1] == ':';
    if (twice && is_word_start(w) && address_at(w))
        return true;
    return takes_secrets(w) && (user_info_at(w) || pgpass_at(w));
}

/* What was taken before stays so. */
static bool mark_at(struct scrub_walk *w)
{
    if (!slice_starts(slice_from(w->t, w->i), SLICE(SCRUB_MARK)))
        return false;
    scrub_walk_take(w, w->i, w->i + strlen(SCRUB_MARK));
    return true;
}

/* An escape of a letter, which is part of a word, or of a sign. */
static bool escape_at(struct scrub_walk *w)
{
    struct unit u = unit_at(w->t, w->i);
    if (u.n <= 1)
        return false;
    if (ascii_alnum((char)u.c)) {
        walk_word(w);
        return true;
    }
    if ((u.c == '@' && scrubs_mail(w) && mail_at(w)) || (u.c == ':' && takes_secrets(w) && user_info_at(w)))
        return true;
    w->i += u.n - 1;
    return false;
}

/* A sign that may begin or be in the middle of something. */
static bool sign_at(struct scrub_walk *w)
{
    switch (w->t.p[w->i]) {
    case '@':
        return scrubs_mail(w) && mail_at(w);
    case ':':
        return colon_at(w);
    case '-':
        return takes_secrets(w) && (pem_at(w) || option_at(w));
    case '[':
        return mark_at(w);
    case '$':
    case '{':
        return takes_secrets(w) && token_at(w);
    case '%':
    case '&':
    case '\\':
        return escape_at(w);
    default:
        return false;
    }
}

static void walk_step(struct scrub_walk *w)
{
    char c = w->t.p[w->i];
    if (ascii_alnum(c)) {
        if (takes_secrets(w) && is_word_start(w) && token_at(w))
            return;
        if (ascii_hex(c) && is_word_start(w) && address_at(w))
            return;
        walk_word(w);
    } else if (!sign_at(w)) {
        w->i++;
    }
}

/* Goes over [from, to) of the same text. */
static void walk_part(struct scrub_walk *w, size_t from, size_t to)
{
    size_t end = w->t.n;
    w->t.n = to;
    for (w->i = from; w->i < to;)
        walk_step(w);
    w->t.n = end;
}

static struct slice walk_text(struct scrub *s, struct slice text, bool query, struct arena *a)
{
    struct scrub_walk w = {.s = s, .t = text, .query = query};
    w.client_until = s->field == NAME_ADDRESS ? text.n : 0;
    w.keep_until = s->field == NAME_KEEP ? text.n : 0;
    s->out.n = 0;
    s->out.max = text.n * GROWTH + 64;
    s->out.over = false;
    walk_part(&w, 0, text.n);
    if (!w.done)
        return text;
    sbuf_adds(&s->out, slice_from(text, w.done));
    struct slice clean = sbuf_slice(&s->out);
    return slice_eq(clean, text) ? text : arena_dup(a, clean);
}

/* --- own patterns --- */

/* Replaces every match; a regex that gives up hides the whole text, since what it would have found is unknown. */
static struct slice replace(struct scrub *s, const struct regex *re, struct slice text, struct arena *a)
{
    size_t from = 0, done = 0;
    struct sbuf out;
    sbuf_init(&out, text.n * GROWTH + 64);
    while (from <= text.n) {
        enum regex_result hit = regex_match(re, s->scratch, text, from);
        if (hit == REGEX_LIMIT) {
            sbuf_done(&out);
            return SLICE(SCRUB_MARK);
        }
        if (hit == REGEX_NO)
            break;
        struct slice whole = regex_capture(s->scratch, 0);
        size_t start = (size_t)(whole.p - text.p), end = start + whole.n;
        if (whole.n) {
            sbuf_adds(&out, slice_sub(text, done, start));
            sbuf_adds(&out, SLICE(SCRUB_MARK));
            done = end;
        }
        from = end > start ? end : end + 1;
    }
    if (done) {
        sbuf_adds(&out, slice_from(text, done));
        text = arena_dup(a, sbuf_slice(&out));
    }
    sbuf_done(&out);
    return text;
}

/*
 * Whether a value is a secret is told by how it looks, and a mark inside changes that. So what was changed is gone over
 * again until nothing changes, which one more pass nearly always shows; a text that goes on changing is made to do so,
 * and goes as a whole.
 */
static struct slice walk_until_same(struct scrub *s, struct slice text, bool query, struct arena *a)
{
    for (unsigned i = 0; i < PASSES_MAX; i++) {
        struct slice again = walk_text(s, text, query, a);
        if (again.p == text.p)
            return text;
        text = again;
    }
    return SLICE(SCRUB_MARK);
}

static struct slice scrub_any(struct scrub *s, struct slice text, bool query, struct arena *a)
{
    if (text.n == 0)
        return text;
    if (s->opt->scrub.defaults || s->opt->scrub.emails || s->opt->scrub.ips || !s->opt->scrub.send_ip)
        text = walk_until_same(s, text, query, a);
    for (unsigned i = 0; i < s->opt->scrub.n_patterns; i++)
        text = replace(s, s->opt->scrub.patterns[i], text, a);
    return text;
}

struct slice scrub_text(struct scrub *s, struct slice text, struct arena *a)
{
    return scrub_any(s, text, false, a);
}

struct scrubbed scrub_clean(struct scrub *s, struct slice text, struct arena *a)
{
    return scrubbed_vouch(scrub_text(s, text, a));
}

/* What the name of a field says of its value. */
static bool hides(const struct scrub *s, struct name_is is, struct slice value)
{
    struct scrub_walk w = {.s = (struct scrub *)(uintptr_t)s, .t = value};
    if (is.kind == NAME_NONE || is.kind == NAME_KEEP || is.kind == NAME_ADDRESS)
        return false;
    if (is.kind == NAME_CLIENT)
        return !s->opt->scrub.send_ip;
    return s->opt->scrub.defaults && value_of_field(&w, is, value);
}

static struct name_is name_is(struct scrub *s, struct slice name)
{
    if (name.n > SCRUB_NAME_MAX || !name.n)
        return names_field(&s->names, name);
    unsigned at = slice_hash(name, 0) % SCRUB_NAMES;
    if (!slice_eq(name, slice_of(s->names_seen[at].text, s->names_seen[at].n))) {
        memcpy(s->names_seen[at].text, name.p, name.n);
        s->names_seen[at].n = (unsigned char)name.n;
        s->names_seen[at].is = names_field(&s->names, name);
    }
    return s->names_seen[at].is;
}

bool scrub_hides(struct scrub *s, struct slice name, struct slice value)
{
    return hides(s, name_is(s, name), value);
}

struct slice scrub_value(struct scrub *s, struct slice name, struct slice value, struct arena *a)
{
    struct name_is is = name_is(s, name);
    if (value.n && hides(s, is, value))
        return SLICE(SCRUB_MARK);
    s->field = is.kind;
    value = scrub_any(s, value, false, a);
    s->field = NAME_NONE;
    return value;
}

struct slice scrub_query(struct scrub *s, struct slice query, struct arena *a)
{
    return scrub_any(s, query, true, a);
}

bool scrub_is_secret_name(struct scrub *s, struct slice name)
{
    enum name_kind kind = name_is(s, name).kind;
    return s->opt->scrub.defaults &&
           (kind == NAME_SECRET || kind == NAME_PHRASE || kind == NAME_HEADER || kind == NAME_DIGITS);
}

bool scrub_is_client(struct scrub *s, struct slice name, struct slice value)
{
    enum name_kind kind = name_is(s, name).kind;
    return !s->opt->scrub.send_ip && (kind == NAME_CLIENT || (kind == NAME_ADDRESS && address_whole(value)));
}

/* This host's own addresses tell nothing of anybody, and stand for upstreams and listeners, too. */
static bool is_this_host(struct slice address)
{
    static const char *const begins[] = {"127.", "::ffff:127.", "unix:"};
    static const char *const whole[] = {"::1", "::", "0.0.0.0"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (slice_starts(address, slice_str(begins[i])))
            return true;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (slice_is(address, whole[i]))
            return true;
    return false;
}

void scrub_client(struct scrub *s, struct slice address)
{
    if (!address.p)
        s->n_clients = 0;
    if (!address.n || address.n > SCRUB_ADDRESS_MAX || is_this_host(address) || s->n_clients == SCRUB_CLIENTS)
        return;
    memcpy(s->clients[s->n_clients].text, address.p, address.n);
    s->clients[s->n_clients++].n = (unsigned char)address.n;
}
