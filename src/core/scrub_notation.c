/* scrub_notation: the value that stands behind a secret's name, in every notation: found, measured and taken. Part of
 * scrub. */
#include "core/scrub_impl.h"

/*
 * Whether a value is a secret is told by its first VALUE_LOOK bytes, so that what is left alone costs no more than
 * that, and what is taken is passed once. Returns the end of the text, to be put back.
 */
static size_t look_only(struct scrub_walk *w, size_t at)
{
    size_t all = w->t.n;
    if (all - at > VALUE_LOOK)
        w->t.n = at + VALUE_LOOK;
    return all;
}

/* JSON stays JSON: what had no quotes gets the name's. */
static bool take_unquoted(struct scrub_walk *w, const struct value_site *p, size_t end)
{
    bool json = p->key.c == '"' && (p->sep == SEP_COLON || p->sep == SEP_MEMBER);
    scrub_walk_take_in(w, p->at, end, json ? p->key_text : SLICE_NONE);
    return true;
}

static bool take_quoted(struct scrub_walk *w, const struct value_site *p, struct quote q)
{
    size_t from = p->at + q.n, behind, all = look_only(w, p->at);
    /* msg="password=" n=1: that quote closes what is around */
    bool around = p->sep == SEP_ASSIGN && !p->key.n && from < w->t.n && one_of(w->t.p[from], " ]},;)");
    bool secret =
        !around && value_is_secret(w, p, slice_sub(w->t, from, value_quoted_end(w->t, from, q, &behind)), true);
    w->t.n = all;
    if (!secret)
        return false;
    scrub_walk_take(w, from, value_quoted_end(w->t, from, q, &behind));
    w->i = behind;
    return true;
}

/* Where the first line of a block of YAML begins whose '|' or '>' is at i; i when none does. */
static size_t block_start(struct slice t, size_t i)
{
    size_t at = i + 1;
    while (at < t.n && (t.p[at] == '-' || t.p[at] == '+' || ascii_digit(t.p[at])))
        at++;
    return at < t.n && t.p[at] == '\n' ? at + 1 : i;
}

/* At the end of the line before one that does not stand in by the margin. */
static size_t block_end(struct slice t, size_t i, size_t margin)
{
    for (; i < t.n; i++) {
        size_t next = i + 1;
        if (t.p[i] != '\n')
            continue;
        while (next < t.n && next - i <= margin && t.p[next] == ' ')
            next++;
        if (next - i <= margin)
            break;
    }
    return i;
}

/* A block of YAML: the lines behind "name: |" that stand further in than nothing. */
static bool take_block(struct scrub_walk *w, const struct value_site *p)
{
    size_t line = block_start(w->t, p->at), from = line;
    while (from < w->t.n && w->t.p[from] == ' ')
        from++;
    if (line == p->at || from == line || from >= w->t.n || value_is_mark(slice_from(w->t, from)))
        return false;
    scrub_walk_take(w, from, block_end(w->t, from, from - line));
    return true;
}

/* Not a mark, a place for a value, nor what a form says of the field: ["is too short"]. */
static bool is_secret_structure(struct scrub_walk *w, const struct value_site *p)
{
    size_t inner = separator_skip_spaces(w->t, p->at + 1, true), end = value_structure_end(w->t, p->at), behind;
    struct quote q = value_quote_at(w->t, inner);
    if (value_is_mark(slice_from(w->t, p->at)) || end <= p->at + 2 || value_is_placeholder(slice_sub(w->t, p->at, end)))
        return false;
    if (!q.n || w->t.p[p->at] == '{')
        return true;
    struct slice first = slice_sub(w->t, inner + q.n, value_quoted_end(w->t, inner + q.n, q, &behind));
    return !(slice_chr(first, ' ') && value_is_statement(w, first));
}

/* A list under a name that has other uses, or in a sentence: it is told by its first element. */
static bool is_made_list(struct scrub_walk *w, const struct value_site *p)
{
    size_t inner = separator_skip_spaces(w->t, p->at + 1, true), behind;
    struct quote q = value_quote_at(w->t, inner);
    size_t end = q.n ? value_quoted_end(w->t, inner + q.n, q, &behind) : value_bare_end(w, inner, 0, false);
    struct slice first = slice_sub(w->t, inner + q.n, end);
    if (p->is.kind == NAME_HEADER)
        return slice_chr(first, '=') || slice_chr(first, ' ') || looks_random(first, 8);
    return w->t.p[p->at] != '{' && looks_random(first, p->is.kind == NAME_WEAK ? 8 : 6);
}

static bool take_structure(struct scrub_walk *w, const struct value_site *p)
{
    if (p->is.kind == NAME_DIGITS || p->is.kind == NAME_QUERY)
        return false;
    bool sure = p->is.kind != NAME_WEAK && p->is.kind != NAME_HEADER && (p->key.n || p->tight);
    size_t all = look_only(w, p->at);
    bool secret = sure ? is_secret_structure(w, p) : is_made_list(w, p);
    w->t.n = all;
    return secret && take_unquoted(w, p, value_structure_end(w->t, p->at));
}

/* Where the text of an element ends that begins at i: at the next tag, or in CDATA at a closing one. The text's end
 * when there is none. */
static size_t element_text_end(struct slice t, size_t i, bool cdata)
{
    for (; i < t.n; i++)
        if (unit_at(t, i).c == '<' && (!cdata || starts_at(t, i, "</")))
            break;
    return i;
}

static bool take_element(struct scrub_walk *w, const struct value_site *p)
{
    bool cdata = starts_at(w->t, p->at, "<![CDATA[");
    size_t from = p->at + (cdata ? 9 : 0), end = element_text_end(w->t, from, cdata);
    if (end >= w->t.n)
        return false;
    if (cdata && end >= from + 3 && memcmp(w->t.p + end - 3, "]]>", 3) == 0)
        end -= 3;
    if (!value_is_secret(w, p, slice_sub(w->t, from, end), true))
        return false;
    scrub_walk_take(w, from, end);
    return true;
}

static size_t unquoted_end(const struct scrub_walk *w, const struct value_site *p, size_t name)
{
    switch (p->is.kind) {
    case NAME_HEADER:
        return value_header_end(w, p->at, name);
    case NAME_PHRASE:
        return value_phrase_end(w, p->at);
    default:
        return value_bare_end(w, p->at, p->layer, p->query);
    }
}

/* A program's text compares and calls; "password = user=x" has the next pair where a value would be. */
static bool is_of_program(const struct scrub_walk *w, const struct value_site *p)
{
    if (p->sep == SEP_COMPARE || p->sep == SEP_CALL)
        return true;
    return p->sep == SEP_ASSIGN && p->key.n == 0 && !p->tight && value_pair_at(w->t, p->at);
}

/* The value of a header: a scheme and credentials, pairs, or one word. */
static bool is_secret_header(const struct scrub_walk *w, const struct value_site *p, struct slice v)
{
    struct slice first = slice_sub(w->t, p->at, value_bare_end(w, p->at, p->layer, p->query));
    if (!first.n || value_begins_count(v) || value_is_placeholder(first))
        return false;
    if (!v.n || !(slice_chr(v, '=') || slice_chr(v, ' ')))
        return value_is_secret(w, p, v, false);
    bool scheme = names_roles(&w->s->names, value_first_word(v)) & WORD_SCHEME;
    return !value_is_mark(v) && (scheme || !value_begins_sentence(w, v));
}

static bool is_unquoted_secret(struct scrub_walk *w, const struct value_site *p, size_t name)
{
    struct slice v = slice_sub(w->t, p->at, unquoted_end(w, p, name));
    if (is_of_program(w, p))
        return false;
    if (p->is.kind == NAME_HEADER)
        return is_secret_header(w, p, v);
    return value_is_secret(w, p, v, false);
}

/* A card or an account in groups is longer than its first word. */
static bool take_groups(struct scrub_walk *w, const struct value_site *p)
{
    size_t was = w->i;
    w->i = p->at;
    if (p->is.kind == NAME_SECRET && token_at(w))
        return true;
    w->i = was;
    return false;
}

static bool take_bare(struct scrub_walk *w, const struct value_site *p, size_t name)
{
    if (take_groups(w, p))
        return true;
    size_t all = look_only(w, p->at);
    bool secret = is_unquoted_secret(w, p, name);
    w->t.n = all;
    return secret && take_unquoted(w, p, unquoted_end(w, p, name));
}

/* X-Forwarded-For: a, b: behind the first of a list of addresses, its end. */
static size_t address_list_end(const struct scrub_walk *w, size_t end)
{
    struct slice t = w->t;
    while (end + 2 < t.n && t.p[end] == ',' && t.p[end + 1] == ' ' && ascii_hex(t.p[end + 2]) &&
           !value_pair_at(t, end + 2))
        end = value_bare_end(w, end + 2, 0, false);
    return end;
}

/* The end of a value that names a client or a server; *behind: what closes it. */
static size_t address_value_end(const struct scrub_walk *w, const struct value_site *p, struct quote q, size_t *behind)
{
    if (q.n)
        return value_quoted_end(w->t, p->at + q.n, q, behind);
    size_t end = value_bare_end(w, p->at, p->layer, p->query);
    *behind = p->sep == SEP_COLON && !p->tight ? address_list_end(w, end) : end;
    return *behind;
}

/* The value names a client: addresses in it are taken by the walk as it comes to them. */
static bool mark_addresses_in(struct scrub_walk *w, const struct value_site *p)
{
    struct quote q = value_quote_at(w->t, p->at);
    size_t behind, end = address_value_end(w, p, q, &behind), from = p->at + q.n;
    *(p->is.kind == NAME_KEEP ? &w->keep_until : &w->client_until) = end;
    if (p->is.kind != NAME_CLIENT || w->s->opt->scrub.send_ip || p->sep == SEP_SPACE)
        return false;
    if (end <= from || value_says_nothing(w, slice_sub(w->t, from, end)))
        return false;
    scrub_walk_take(w, from, end);
    w->i = behind;
    return true;
}

static bool mark_addresses(struct scrub_walk *w, const struct value_site *p)
{
    size_t all = look_only(w, p->at);
    bool taken = mark_addresses_in(w, p);
    w->t.n = all;
    return taken;
}

/* The value at p->at, in the form in which it begins. */
static bool take_value(struct scrub_walk *w, struct value_site *p, size_t name)
{
    if (p->sep == SEP_ELEMENT)
        return take_element(w, p);
    if (p->sep == SEP_COLON && (w->t.p[p->at] == '|' || w->t.p[p->at] == '>'))
        return take_block(w, p);
    p->at = separator_skip_wrapper(w->t, p->at);
    struct quote q = value_quote_at(w->t, p->at);
    if (q.n)
        return take_quoted(w, p, q);
    if (one_of(w->t.p[p->at], "{[(") && p->sep != SEP_SPACE)
        return take_structure(w, p);
    return take_bare(w, p, name);
}

bool value_after_name(struct scrub_walk *w, size_t start, size_t end, struct name_is is)
{
    char before = scrub_walk_before(w, start);
    struct value_site p = {.is = is, .query = w->query || before == '?' || before == '&' || before == '#'};
    if (is.kind == NAME_QUERY && !p.query)
        return false;
    p.sep = separator_find(w, start, end, &p);
    if (p.sep == SEP_NONE || p.at >= w->t.n)
        return false;
    return is.kind >= NAME_ADDRESS ? mark_addresses(w, &p) : take_value(w, &p, start);
}
