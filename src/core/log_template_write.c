/* log_template_write: the template as it grows: literal text, placeholders, and lists of them as one. See
 * log_template_piece.h. */
#include "core/log_template_piece.h"

void log_template_put(struct log_template_work *w, const char *p, size_t n)
{
    if (n > LOG_TEMPLATE_TEXT_MAX - w->n) {
        n = LOG_TEMPLATE_TEXT_MAX - w->n;
        w->full = true;
    }
    memcpy(w->out + w->n, p, n);
    w->n += n;
}

void log_template_flush(struct log_template_work *w, const char *to)
{
    if (to > w->lit)
        log_template_put(w, w->lit, (size_t)(to - w->lit));
    w->lit = to;
}

static bool numeric(enum placeholder t)
{
    return t == PLACEHOLDER_NUM || t == PLACEHOLDER_HEX || t == PLACEHOLDER_ID;
}

static bool is_alike(enum placeholder a, enum placeholder b)
{
    return a == b || (numeric(a) && numeric(b));
}

/* "blk_17, blk_18": the same letters before both, a separator between them. */
static bool same_prefix(const struct log_template_work *w, const char *from)
{
    const char *p = w->last_end;
    p += *p == ',';
    p += *p == ' ';
    ptrdiff_t n = from - p;
    if (p == w->last_end || n < 1 || n > 64 || w->last_from - w->s < n || memcmp(w->last_from - n, p, (size_t)n) != 0)
        return false;
    for (const char *q = p; q < from; q++)
        if (log_template_class_of(*q) & LOG_TEMPLATE_END)
            return false;
    return w->last_from - n == w->s || log_template_class_of(w->last_from[-n - 1]) & LOG_TEMPLATE_END;
}

/* Whether the byte between two placeholders of one type makes them a list. */
static bool separates(char c, enum placeholder type)
{
    switch (c) {
    case ',':
    case ' ':
        return true;
    case '/':
        return type == PLACEHOLDER_ADDR || numeric(type);
    case '-':
    case '_':
    case ':':
    case '+':
    case '.':
        return numeric(type);
    default:
        return false;
    }
}

/* Whether what stands between the last placeholder and `from` makes them one list. */
static bool gap_joins(const struct log_template_work *w, const char *from, enum placeholder type, bool same)
{
    ptrdiff_t n = from - w->last_end;
    char c = *w->last_end;
    if (n > 2 || (n == 2 && from[-1] != ' '))
        return same_prefix(w, from);
    if (n == 2)
        return same && c == ',';
    /* 6d4c-x8k2: an id in pieces, of which now one and now another has letters. */
    return same ? separates(c, type) : c == '-' || c == '_';
}

enum { RUN_FRAME_MAX = 64, RUN_CLOSERS_MAX = 2 };

static bool closes(char c)
{
    return c == ')' || c == ']' || c == '}' || c == '>' || c == '"' || c == '\'' || c == '`';
}

/* ", ", ";", " | " at p: where it ends; p when nothing there separates. */
static const char *separator_end(const char *p, const char *e)
{
    const char *q = p + (p < e && *p == ' ');
    q += q < e && memchr(",;|/&#", *q, 6);
    return q + (q > p && q < e && *q == ' ' && q[-1] != ' ');
}

/* node-[1] node-[2], 'a', 'b', (1); (2): before both masks stands the same, and what closes the first is behind it. */
static bool is_run(const struct log_template_work *w, const char *from)
{
    const char *p = w->last_end;
    for (unsigned n = 0; n < RUN_CLOSERS_MAX && p < from && closes(*p); n++)
        p++;
    const char *frame = separator_end(p, from);
    ptrdiff_t n = from - frame;
    if (frame == p || n > RUN_FRAME_MAX || memchr(frame, ' ', (size_t)n) || w->list_from - w->s < n ||
        memcmp(w->list_from - n, frame, (size_t)n) != 0)
        return false;
    if (n == 0)
        return p == w->last_end;
    return w->list_from - n == w->s || !log_template_word_at(w->list_from - n - 1);
}

/* Whether a placeholder at `from` goes on with the list that the last one is or begins. *type becomes the list's. */
static bool joins(const struct log_template_work *w, const char *from, enum placeholder *type)
{
    bool same = *type == w->last;
    if (*type == PLACEHOLDER_OWN)
        return false; /* the last one may have another name */
    if (same && from == w->last_blank)
        return true;
    if (!w->last_end || from <= w->last_end || w->lit != w->last_end || w->full)
        return false;
    if (same && log_template_since(w, 2) && is_run(w, from))
        return true;
    if (!is_alike(*type, w->last) || !gap_joins(w, from, *type, same))
        return false;
    *type = same ? *type : PLACEHOLDER_ID;
    return true;
}

const char *log_template_emit(struct log_template_work *w, enum placeholder type, const char *from, const char *to)
{
    return log_template_emit_name(w, type, recognise_name(type), from, to);
}

const char *log_template_emit_name(struct log_template_work *w, enum placeholder type, struct slice name,
                                   const char *from, const char *to)
{
    struct log_template *m = w->m;
    bool join = joins(w, from, &type);
    bool kept = join && m->n_params > 0 && m->params[m->n_params - 1].at == w->last_at;
    if (join) {
        w->n = w->last_at;
        w->lit = from;
    }
    log_template_flush(w, from);
    name = join ? recognise_name(type) : name;
    if (w->full || name.n > LOG_TEMPLATE_TEXT_MAX - w->n) {
        w->full = true;
        return to;
    }
    unsigned at = (unsigned)w->n;
    log_template_put(w, name.p, name.n);
    if (kept) {
        struct log_template_param *last = &m->params[m->n_params - 1];
        last->value.n = (size_t)(to - last->value.p);
        last->n = (unsigned)name.n;
    } else if (!join && m->n_params < LOG_TEMPLATE_PARAMS_MAX) {
        m->params[m->n_params++] = (struct log_template_param){{from, (size_t)(to - from)}, at, (unsigned)name.n};
    }
    w->last = type;
    w->last_at = at;
    w->last_from = from;
    w->list_from = join ? w->list_from : from;
    w->last_end = w->lit = to;
    return to;
}
