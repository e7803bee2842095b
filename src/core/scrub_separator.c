/* scrub_separator: what stands between a name and its value, in each notation. Part of scrub. */
#include "core/scrub_impl.h"

enum { SPACES_MAX = 64, WRAPPER_MAX = 32 };

size_t separator_skip_spaces(struct slice t, size_t i, bool lines)
{
    size_t from = i;
    while (i < t.n && i - from < SPACES_MAX &&
           (t.p[i] == ' ' || t.p[i] == '\t' || (lines && (t.p[i] == '\n' || t.p[i] == '\r'))))
        i++;
    return i;
}

/* "[0", of name[0], when a bracket closes it: its length. */
static size_t index_length(struct slice t, size_t i)
{
    size_t n = 1;
    if (i >= t.n || t.p[i] != '[')
        return 0;
    while (i + n < t.n && n < 6 && ascii_digit(t.p[i + n]))
        n++;
    return i + n < t.n && t.p[i + n] == ']' ? n : 0;
}

/* What closes the name: a quote, a bracket: "name", [name], ['name'], name[], name[0]. */
static size_t close_name(struct scrub_walk *w, size_t i, struct value_site *p)
{
    struct quote q = value_quote_at(w->t, i);
    if (q.n) {
        p->key = q;
        p->key_text = slice_sub(w->t, i, i + q.n);
        i += q.n;
    }
    i += index_length(w->t, i);
    if (i < w->t.n && w->t.p[i] == ']')
        i++;
    struct unit u = unit_at(w->t, i);
    return u.layer && u.c == ']' ? i + u.n : i;
}

/* "=>", "==" or "===", of which the first sign has been passed. */
static enum separator comparison(struct slice t, size_t *i, struct unit second)
{
    for (struct unit u; u = unit_at(t, *i), u.c == '=' || u.c == '>';)
        *i += u.n;
    return t.p[*i - 1] == '>' || second.c == '>' ? SEP_ARROW : SEP_COMPARE;
}

/* The sign that separates name and value, if there is one at i. */
static enum separator separator_at(struct scrub_walk *w, size_t *i, struct value_site *p)
{
    struct slice t = w->t;
    struct unit u = unit_at(t, *i), next = unit_at(t, *i + u.n);
    p->layer = u.layer;
    switch (u.c) {
    case '=':
        *i += u.n;
        return next.c == '>' || next.c == '=' ? comparison(t, i, next) : SEP_ASSIGN;
    case ':':
        if (next.c == ':')
            return SEP_NONE;
        *i += u.n + (next.c == '=' ? next.n : 0);
        return next.c == '=' ? SEP_ASSIGN : SEP_COLON;
    case '-':
    case '<':
        if (u.c == '-' ? next.c != '>' : next.c != '-' || u.n != 1)
            return SEP_NONE;
        *i += 2;
        return SEP_ARROW;
    default:
        return SEP_NONE;
    }
}

/* Where the name of an element begins that goes on at start: x:db_password. */
static size_t element_start(const struct scrub_walk *w, size_t start)
{
    size_t at = start;
    while (at > w->done && start - at < 32 && value_is_name_byte(w->t.p[at - 1]))
        at--;
    if (at > w->done && w->t.p[at - 1] == ':')
        for (at--; at > w->done && start - at < 48 && value_is_name_byte(w->t.p[at - 1]);)
            at--;
    return at;
}

/* The end of the tag that goes on at i; i when it has none, or no text follows. */
static size_t tag_end(struct slice t, size_t i)
{
    for (size_t k = i; k < t.n && k - i < 256; k++) {
        struct unit u = unit_at(t, k);
        if (u.c == '>')
            return t.p[k - 1] == '/' ? i : k + u.n;
        if (u.c == '<' || u.c == '\n')
            return i;
    }
    return i;
}

/* <name attr="x">value</name>. */
static bool is_element(const struct scrub_walk *w, size_t start, size_t *i)
{
    size_t at = element_start(w, start);
    bool raw = at > w->done && w->t.p[at - 1] == '<';
    if (!raw && !(at >= w->done + 4 && starts_at(w->t, at - 4, "&lt;")))
        return false;
    size_t end = tag_end(w->t, *i), from = *i;
    *i = end;
    return end > from;
}

/* How long a line's end is that is written as an escape, 0: there is none. */
static size_t line_escape(struct slice t, size_t i)
{
    size_t n = 0;
    while (n < 4 && i + n < t.n && t.p[i + n] == '\\')
        n++;
    return n && i + n < t.n && one_of(t.p[i + n], "nr") ? n + 1 : 0;
}

/* What stands between a name and the word "value": its end. */
static size_t skip_member_gap(struct slice t, size_t i)
{
    size_t at = i;
    while (at < t.n && at - i < SPACES_MAX) {
        size_t n = one_of(t.p[at], " \t\r\n,;>") ? 1 : line_escape(t, at);
        if (!n)
            break;
        at += n;
    }
    return at;
}

/* name="password" value="x", and the same in JSON and YAML. */
static bool is_member(const struct scrub_walk *w, size_t *i, struct value_site *p)
{
    size_t at = skip_member_gap(w->t, *i);
    if (starts_at(w->t, at, "<value>")) {
        *i = at + 7;
        return true;
    }
    struct quote q = value_quote_at(w->t, at);
    at += q.n;
    if (at == *i || !starts_at(w->t, at, "value"))
        return false;
    at += 5;
    struct quote close = value_quote_at(w->t, at);
    struct slice text = slice_sub(w->t, at, at + close.n);
    at = separator_skip_spaces(w->t, at + close.n, false);
    if (at >= w->t.n || (w->t.p[at] != ':' && w->t.p[at] != '='))
        return false;
    p->key = close;
    p->key_text = text;
    *i = at + 1;
    return true;
}

/* <entry key="password">x</entry>, and no label's text. */
static bool is_attribute(const struct scrub_walk *w, size_t start, size_t *i, const struct value_site *p)
{
    size_t open = start - p->key.n;
    if (!p->key.n || open < w->done + 5 || *i >= w->t.n || w->t.p[*i] != '>')
        return false;
    if (!slice_ends(slice_sub(w->t, 0, open), SLICE("name=")) && !slice_ends(slice_sub(w->t, 0, open), SLICE(" key=")))
        return false;
    ++*i;
    return *i < w->t.n && w->t.p[*i] != '\n';
}

/* An option of a command line: its name begins with dashes. */
static bool is_option(const struct scrub_walk *w, size_t start)
{
    return start > w->done && w->t.p[start - 1] == '-' &&
           (start == w->done + 1 || !value_is_name_byte(w->t.p[start - 2]) || w->t.p[start - 2] == '-');
}

/* ("name", "x") and ["name", "x"]: a name and a value, and no list of names. */
static bool is_pair(const struct scrub_walk *w, size_t start, size_t value, const struct value_site *p)
{
    struct quote q = value_quote_at(w->t, value);
    size_t behind = value, end = value_quoted_end(slice_sub(w->t, 0, value + VALUE_LOOK), value + q.n, q, &behind),
           open = start - p->key.n;
    if (start < w->done + p->key.n + 1 || !one_of(w->t.p[open - 1], "[("))
        return false;
    bool last = behind < w->t.n && one_of(w->t.p[behind], ")]");
    return last && names_field(&w->s->names, slice_sub(w->t, value + q.n, end)).kind == NAME_NONE;
}

/* "--password", "x". */
static bool is_argument_list(const struct scrub_walk *w, size_t start, size_t *i, const struct value_site *p)
{
    size_t at = *i;
    if (!p->key.n || at >= w->t.n)
        return false;
    at += w->t.p[at] == ',';
    at = separator_skip_spaces(w->t, at, true);
    if (at == *i || !value_quote_at(w->t, at).n || !(is_option(w, start) || is_pair(w, start, at, p)))
        return false;
    *i = at;
    return true;
}

/* Lisp's (password . "x"). */
static bool is_dotted(const struct scrub_walk *w, size_t start, size_t *i, const struct value_site *p)
{
    if (start < w->done + p->key.n + 1 || w->t.p[start - p->key.n - 1] != '(' || !starts_at(w->t, *i, " . "))
        return false;
    *i += 3;
    return true;
}

/* SET PASSWORD FOR 'bob'@'%' = 'x'. */
static bool is_set_for(const struct scrub_walk *w, size_t *i)
{
    if (!starts_at(w->t, *i, " for "))
        return false;
    for (size_t at = *i + 5; at + 1 < w->t.n && at - *i < 128 && w->t.p[at] != '\n'; at++) {
        if (w->t.p[at] != '=')
            continue;
        *i = separator_skip_spaces(w->t, at + 1, false);
        return value_quote_at(w->t, *i).n > 0;
    }
    return false;
}

/* The dots of "Password.....: x". */
static size_t skip_leaders(struct slice t, size_t i)
{
    size_t from = i;
    while (i < t.n && t.p[i] == '.' && i - from < SPACES_MAX)
        i++;
    return i - from >= 3 ? i : from;
}

/* PHP's serialize: s:8:"password";s:7:"hunter2". */
static bool is_serialized(const struct scrub_walk *w, size_t *i, const struct value_site *p)
{
    size_t at = *i;
    if (!p->key.n || !starts_at(w->t, at, ";s:"))
        return false;
    for (at += 3; at < w->t.n && ascii_digit(w->t.p[at]);)
        at++;
    if (at >= w->t.n || w->t.p[at] != ':')
        return false;
    *i = at + 1;
    return true;
}

/* password is x, password was x, password to x. */
static size_t skip_link(struct slice t, size_t i)
{
    static const char *const links[] = {"is ", "was ", "to "};
    for (unsigned k = 0; k < 3; k++)
        if (starts_at(t, i, links[k]))
            return i + strlen(links[k]);
    return i;
}

/* No sign: the value follows a space. */
static enum separator space_between(const struct scrub_walk *w, size_t start, size_t end, size_t *i,
                                    const struct value_site *p)
{
    if (*i == end || p->key.n || *i >= w->t.n)
        return SEP_NONE;
    if (is_option(w, start))
        return one_of(w->t.p[*i], "-<") ? SEP_NONE : SEP_OPTION;
    if (!(p->is.flags & (NAME_SPACED | NAME_QUOTED)))
        return SEP_NONE;
    if (p->is.flags & NAME_SPACED)
        *i = skip_link(w->t, *i);
    return (p->is.flags & NAME_QUOTED) && !value_quote_at(w->t, *i).n ? SEP_NONE : SEP_SPACE;
}

/* A separator with nothing behind it but the next pair: "password= user=x". */
static bool has_no_value(const struct scrub_walk *w, const struct value_site *p, size_t at)
{
    return !p->tight && !value_quote_at(w->t, at).n && !p->key.n && (w->query || value_pair_at(w->t, at));
}

/* f(password, "x") and what else stands behind a comma or a word: the value's place is *at. */
static bool is_listed(const struct scrub_walk *w, size_t start, size_t *at, const struct value_site *p)
{
    return is_argument_list(w, start, at, p) || is_serialized(w, at, p) || is_dotted(w, start, at, p) ||
           is_set_for(w, at);
}

static bool is_call(struct slice t, size_t i)
{
    return i < t.n && t.p[i] == '(' && value_quote_at(t, i + 1).n;
}

/* No sign between name and value: an element, a member, a call, a list, a space. The name is closed at `closed`; i is
 * behind spaces. */
static enum separator form_at(struct scrub_walk *w, size_t start, size_t end, size_t closed, size_t i,
                              struct value_site *p)
{
    p->tight = true;
    p->at = i + 1;
    if (i == end && is_call(w->t, i))
        return SEP_CALL;
    p->at = i;
    if (is_element(w, start, &p->at))
        return SEP_ELEMENT;
    p->at = closed;
    if (is_attribute(w, start, &p->at, p))
        return SEP_ELEMENT;
    p->at = closed;
    if (is_listed(w, start, &p->at, p))
        return SEP_LIST;
    p->at = closed;
    if (is_member(w, &p->at, p)) {
        p->at = separator_skip_spaces(w->t, p->at, false);
        return SEP_MEMBER;
    }
    p->at = separator_skip_spaces(w->t, closed, false);
    return space_between(w, start, closed, &p->at, p);
}

enum separator separator_find(struct scrub_walk *w, size_t start, size_t end, struct value_site *p)
{
    size_t closed = close_name(w, end, p);
    size_t i = separator_skip_spaces(w->t, skip_leaders(w->t, closed), p->key.n > 0), behind = i;
    enum separator sep = separator_at(w, &behind, p);
    if (sep == SEP_NONE)
        return form_at(w, start, end, closed, i, p);
    p->at = separator_skip_spaces(w->t, behind, p->key.n > 0 || sep == SEP_ARROW);
    p->tight = p->at == behind;
    return sep == SEP_ASSIGN && i == closed && has_no_value(w, p, p->at) ? SEP_NONE : sep;
}

/* The length of a text's size at i, "(7) " of string(7) "x"; 0: there is none. */
static size_t size_length(struct slice t, size_t i)
{
    size_t n = 1;
    while (i + n < t.n && ascii_digit(t.p[i + n]))
        n++;
    return n > 1 && i + n + 1 < t.n && t.p[i + n] == ')' && t.p[i + n + 1] == ' ' ? n + 2 : 0;
}

static bool is_wrapper_byte(char c)
{
    return ascii_alnum(c) || c == '_' || c == '@' || c == '&';
}

/* One byte or two between i and `at`, right before a quote: u'x', N'x', @"x". */
static bool is_prefix(struct slice t, size_t i, size_t at)
{
    return at > i && at - i <= 2 && !ascii_digit(t.p[i]) && value_quote_at(t, at).n == 1;
}

/* What some languages put around a text: u'x', string(7) "x", Some("x"), N'x'. */
size_t separator_skip_wrapper(struct slice t, size_t i)
{
    size_t at = i;
    while (at < t.n && at - i < WRAPPER_MAX && is_wrapper_byte(t.p[at]))
        at++;
    if (is_prefix(t, i, at))
        return at;
    if (at == i || at >= t.n || t.p[at] != '(')
        return i;
    size_t size = size_length(t, at), inner = size && value_quote_at(t, at + size).n ? at + size : at + 1;
    return value_quote_at(t, inner).n ? inner : i;
}
