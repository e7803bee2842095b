/* scrub_columns: values of rows under a list of columns, some of which are secret by their name. Part of scrub. */
#include "core/scrub_impl.h"

enum { COLUMNS_MAX = 64, COLUMN_LIST_MAX = 4096, LIST_LOOK = 256 };

static size_t spaces_end(struct slice t, size_t i)
{
    while (i < t.n && ascii_space(t.p[i]))
        i++;
    return i;
}

static bool is_secret_column(const struct scrub_walk *w, struct slice name)
{
    enum name_kind kind = names_field(&w->s->names, name).kind;
    return kind != NAME_NONE && kind < NAME_ADDRESS && kind != NAME_QUERY;
}

/* The names in "(a, b, c)" at i: which of them are secret; returns the place behind, i when it is no such list. */
static size_t read_columns(const struct scrub_walk *w, size_t i, uint64_t *secret)
{
    size_t from = i + 1;
    if (i >= w->t.n || w->t.p[i] != '(')
        return i;
    *secret = 0;
    for (size_t at = from, column = 0; at < w->t.n && at - i < COLUMN_LIST_MAX; at++) {
        char c = w->t.p[at];
        if (c != ',' && c != ')')
            continue;
        if (column < COLUMNS_MAX && is_secret_column(w, slice_sub(w->t, from, at)))
            *secret |= UINT64_C(1) << column;
        column++;
        from = at + 1;
        if (c == ')')
            return at + 1;
    }
    return i;
}

/* One value of a row: to the next ',' or ')' outside of quotes and brackets. */
static size_t value_end(struct slice t, size_t i)
{
    unsigned depth = 0;
    while (i < t.n) {
        struct quote q = value_quote_at(t, i);
        if (q.n) {
            value_quoted_end(t, i + q.n, q, &i);
            continue;
        }
        char c = t.p[i];
        if (!depth && (c == ',' || c == ')'))
            return i;
        depth += c == '(';
        depth -= c == ')';
        i++;
    }
    return i;
}

/* Where the rows begin behind a list of columns; i when there are none. */
static size_t rows_begin(struct slice t, size_t i)
{
    struct slice rest = slice_from(t, i);
    if (slice_istarts(rest, SLICE("VALUES")))
        return spaces_end(t, i + 6);
    return slice_starts(rest, SLICE("=")) ? i + 1 : i;
}

bool columns_at(const struct scrub_walk *w, size_t end, struct columns *c)
{
    size_t i = end, stop = end + LIST_LOOK < w->t.n ? end + LIST_LOOK : w->t.n;
    *c = (struct columns){0};
    while (i < stop && w->t.p[i] != '(' && !one_of(w->t.p[i], ";\n)"))
        i++;
    size_t behind = i < stop ? read_columns(w, i, &c->secret) : i;
    if (behind == i || !c->secret)
        return false;
    behind = spaces_end(w->t, behind);
    c->i = rows_begin(w->t, behind);
    return c->i > behind;
}

/* Behind the row that ends before i: at the next one, if there is one. */
static size_t next_row(struct slice t, size_t i)
{
    i = spaces_end(t, i < t.n ? i : t.n);
    return i < t.n && t.p[i] == ',' ? spaces_end(t, i + 1) : i;
}

bool columns_next(const struct scrub_walk *w, struct columns *c, struct column_value *v)
{
    struct slice t = w->t;
    if (!c->inside && (c->i >= t.n || t.p[c->i] != '('))
        return false;
    c->i += !c->inside;
    if (c->i >= t.n)
        return false;
    c->column = c->inside ? c->column + 1 : 0;
    v->from = c->i;
    v->end = value_end(t, c->i);
    v->secret = c->column < COLUMNS_MAX && c->secret >> c->column & 1;
    c->inside = v->end + 1 < t.n && t.p[v->end] == ',';
    c->i = c->inside ? v->end + 1 : next_row(t, v->end + 1);
    return true;
}

void column_take(struct scrub_walk *w, const struct column_value *v)
{
    size_t from = spaces_end(w->t, v->from), end = v->end;
    while (end > from && ascii_space(w->t.p[end - 1]))
        end--;
    struct quote q = value_quote_at(w->t, from);
    if (q.n) {
        size_t behind;
        from += q.n;
        end = value_quoted_end(w->t, from, q, &behind);
    }
    if (end > from && value_is_worth(w, slice_sub(w->t, from, end), false))
        scrub_walk_take(w, from, end);
}
