#include "parsers/error_text.h"

#include "base/sbuf.h"
#include "text/json.h"

enum { TEXT_MAX = 1 << 20, CHAIN_MAX = 32 };

/* How a language puts class, text and frames together; told by the first frame. */
enum style {
    STYLE_PLAIN, /* it has a heading already, or is none of the others */
    STYLE_AT,    /* Java, Node.js */
    STYLE_DOTNET,
    STYLE_PYTHON,
    STYLE_RUBY,
    STYLE_PHP,
    STYLE_GO
};

struct thrown {
    struct slice type, value, file, line;
    const struct json_node *stack; /* a text or a list */
};

/* --- members by the names they go by --- */

static const struct json_node *first_of(const struct json_node *map, const char *const *names)
{
    const struct json_node *n = NULL;
    for (; !n && *names; names++)
        n = json_get(map, *names);
    return n;
}

static struct slice text_of(const struct json_node *map, const char *const *names)
{
    const struct json_node *n = first_of(map, names);
    return n && (n->type == JSON_STRING || n->type == JSON_NUMBER) ? n->text : SLICE_NONE;
}

static const char *const type_names[] = {"type",     "class", "name", "exceptionType", "className",
                                         "exc_type", "kind",  "Type", "ClassName",     NULL};
static const char *const value_names[] = {"message", "msg", "value", "exc_value", "Message", "localizedMessage", NULL};
static const char *const stack_names[] = {
    "extendedStackTrace", "stackTrace", "stack_trace", "stacktrace", "stepArray",        "frames", "stack",
    "backtrace",          "traceback",  "trace",       "StackTrace", "StackTraceString", NULL};
static const char *const cause_names[] = {"cause",          "previous",       "causedBy", "caused_by",
                                          "innerException", "InnerException", NULL};
static const char *const file_names[] = {"file", "fileName", "filename", "source", NULL};
static const char *const line_names[] = {"line", "lineNumber", "lineno", NULL};
static const char *const function_names[] = {"method", "methodName", "function", "func", "name", NULL};
static const char *const class_names[] = {"class", "className", NULL};

/* JBoss has {"causedBy": {"exception": {…}}}. */
static const struct json_node *cause_of(const struct json_node *error)
{
    const struct json_node *cause = first_of(error, cause_names), *inside = cause ? json_get(cause, "exception") : NULL;
    cause = inside ? inside : cause;
    return cause && cause->type == JSON_MAP ? cause : NULL;
}

/* Monolog writes FILE:LINE. */
static void split_place(struct slice *file, struct slice *line)
{
    ptrdiff_t colon = slice_rfind(*file, SLICE(":"));
    uint64_t n;
    if (line->n || colon < 0 || !slice_u64(slice_from(*file, (size_t)colon + 1), &n))
        return;
    *line = slice_from(*file, (size_t)colon + 1);
    *file = slice_sub(*file, 0, (size_t)colon);
}

static struct thrown read_thrown(const struct json_node *error)
{
    struct thrown t = {.type = text_of(error, type_names),
                       .value = text_of(error, value_names),
                       .file = text_of(error, file_names),
                       .line = text_of(error, line_names),
                       .stack = first_of(error, stack_names)};
    split_place(&t.file, &t.line);
    return t;
}

/* --- which language --- */

static struct slice first_line(struct slice text)
{
    struct slice line = SLICE_NONE;
    while (!line.n && text.n)
        line = slice_trim(slice_split(&text, '\n'));
    return line;
}

/* What .NET has in the parentheses are types: neither a file nor a place. */
static bool is_dotnet(struct slice frame)
{
    const char *open = slice_chr(frame, '(');
    struct slice inside = open ? slice_from(frame, (size_t)(open - frame.p) + 1) : SLICE_NONE;
    if (slice_find(frame, SLICE(":line ")) >= 0)
        return true;
    return open && open > frame.p && open[-1] != ' ' && !slice_starts(inside, SLICE("Native Method")) &&
           !slice_starts(inside, SLICE("Unknown Source")) && !slice_chr(inside, ':') && !slice_chr(inside, '.');
}

/* AWS' runtime for Java writes no more than that of a frame. */
static bool is_bare_java(struct slice line)
{
    return slice_ends(line, SLICE(")")) && !slice_chr(line, ' ') &&
           (slice_find(line, SLICE(".java:")) > 0 || slice_find(line, SLICE(".kt:")) > 0);
}

static enum style style_of_line(struct slice line)
{
    if (slice_starts(line, SLICE("at ")))
        return is_dotnet(line) ? STYLE_DOTNET : STYLE_AT;
    if (slice_starts(line, SLICE("File \"")))
        return STYLE_PYTHON;
    if (slice_starts(line, SLICE("#0 ")))
        return STYLE_PHP;
    if (is_bare_java(line))
        return STYLE_AT;
    return slice_find(line, SLICE(":in `")) >= 0 || slice_find(line, SLICE(":in '")) >= 0 ? STYLE_RUBY : STYLE_PLAIN;
}

static enum style style_of_map(const struct json_node *frame)
{
    if (json_get(frame, "filename") || json_get(frame, "lineno"))
        return STYLE_PYTHON;
    if (json_get(frame, "func"))
        return STYLE_GO;
    return json_get(frame, "method") || json_get(frame, "methodName") ? STYLE_AT : STYLE_PHP;
}

static enum style style_of(const struct thrown *t)
{
    const struct json_node *first = t->stack && t->stack->type == JSON_ARRAY ? t->stack->child : t->stack;
    bool placed = t->file.n && t->line.n;
    if (first && first->type == JSON_MAP)
        return style_of_map(first);
    if (!first || first->type != JSON_STRING)
        return placed ? STYLE_PHP : STYLE_PLAIN;
    enum style s = style_of_line(first_line(first->text));
    return s == STYLE_PLAIN && first != t->stack && placed ? STYLE_PHP : s; /* FILE:LINE */
}

/* --- the frames --- */

static void add_heading(struct sbuf *out, struct slice type, struct slice value)
{
    sbuf_adds(out, type);
    if (value.n)
        sbuf_addf(out, ": %.*s", SLICE_ARG(value));
}

struct frame {
    struct slice class, function, file, line;
};

static struct frame read_frame(const struct json_node *map)
{
    struct frame f = {text_of(map, class_names), text_of(map, function_names), text_of(map, file_names),
                      text_of(map, line_names)};
    if (f.line.n && *f.line.p == '-') /* Java has numbers below 0 for what is not known */
        f.line = SLICE_NONE;
    return f;
}

static void add_java_frame(struct sbuf *out, const struct frame *f)
{
    if (!f->class.n || !f->function.n)
        return;
    sbuf_addf(out, "\n\tat %.*s.%.*s(%.*s%s%.*s)", SLICE_ARG(f->class), SLICE_ARG(f->function),
              SLICE_ARG(f->file.n ? f->file : SLICE("Unknown Source")), f->line.n ? ":" : "", SLICE_ARG(f->line));
}

static void add_php_frame(struct sbuf *out, unsigned i, const struct frame *f)
{
    if (f->file.n)
        sbuf_addf(out, "\n#%u %.*s(%.*s): ", i, SLICE_ARG(f->file), SLICE_ARG(f->line));
    else
        sbuf_addf(out, "\n#%u [internal function]: ", i);
    sbuf_addf(out, "%.*s%s%.*s()", SLICE_ARG(f->class), f->class.n ? "->" : "", SLICE_ARG(f->function));
}

static void add_map(struct sbuf *out, enum style style, unsigned i, const struct json_node *map)
{
    struct frame f = read_frame(map);
    if (style == STYLE_PYTHON)
        sbuf_addf(out, "\n  File \"%.*s\", line %.*s, in %.*s", SLICE_ARG(f.file), SLICE_ARG(f.line),
                  SLICE_ARG(f.function));
    else if (style == STYLE_GO)
        sbuf_addf(out, "\n  | %.*s\n  | \t%.*s:%.*s", SLICE_ARG(f.function), SLICE_ARG(f.file), SLICE_ARG(f.line));
    else if (style == STYLE_PHP)
        add_php_frame(out, i, &f);
    else
        add_java_frame(out, &f);
}

static void add_text(struct sbuf *out, enum style style, unsigned i, struct slice text)
{
    struct slice file = text, line = SLICE_NONE;
    while (text.n && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
        text.n--;
    split_place(&file, &line);
    if (style == STYLE_PHP && line.n)
        sbuf_addf(out, "\n#%u %.*s(%.*s): ", i, SLICE_ARG(file), SLICE_ARG(line));
    else if (text.n)
        sbuf_addf(out, "\n%s%.*s", style == STYLE_AT && is_bare_java(text) ? "\tat " : "", SLICE_ARG(text));
}

static void add_frames(struct sbuf *out, enum style style, const struct thrown *t)
{
    unsigned i = 0;
    if (!t->stack)
        return;
    struct slice text = t->stack->type == JSON_STRING ? t->stack->text : SLICE_NONE;
    while (text.n)
        add_text(out, style == STYLE_PHP ? STYLE_PLAIN : style, 0, slice_split(&text, '\n'));
    for (const struct json_node *f = t->stack->child; f; f = f->next, i++) {
        if (f->type == JSON_MAP)
            add_map(out, style, i, f);
        else if (f->type == JSON_STRING)
            add_text(out, style, i, f->text);
    }
    if (style == STYLE_PHP && i)
        sbuf_addf(out, "\n#%u {main}", i);
}

static void add_php(struct sbuf *out, const struct thrown *t)
{
    add_heading(out, t->type, t->value);
    sbuf_addf(out, " in %.*s:%.*s\nStack trace:", SLICE_ARG(t->file), SLICE_ARG(t->line));
    add_frames(out, STYLE_PHP, t);
}

static void add_python(struct sbuf *out, const struct thrown *t)
{
    sbuf_adds(out, SLICE("Traceback (most recent call last):"));
    add_frames(out, STYLE_PYTHON, t);
    sbuf_addc(out, '\n');
    add_heading(out, t->type, t->value);
}

/* --- a chain, the outermost first --- */

static void add_inside_out(struct sbuf *out, enum style style, const struct thrown *chain, unsigned n)
{
    for (unsigned i = n; i-- > 0;) {
        if (style == STYLE_PHP)
            add_php(out, &chain[i]);
        else
            add_python(out, &chain[i]);
        if (i && style == STYLE_PHP)
            sbuf_adds(out, SLICE("\n\nNext "));
        else if (i)
            sbuf_adds(out, SLICE("\n\nThe above exception was the direct cause of the following exception:\n\n"));
    }
}

/* All headings, then the frames from the inside out. */
static void add_dotnet(struct sbuf *out, const struct thrown *chain, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        sbuf_adds(out, i ? SLICE("\n ---> ") : SLICE_NONE);
        add_heading(out, chain[i].type, chain[i].value);
    }
    for (unsigned i = n; i-- > 0;) {
        add_frames(out, STYLE_DOTNET, &chain[i]);
        sbuf_adds(out, i ? SLICE("\n   --- End of inner exception stack trace ---") : SLICE_NONE);
    }
}

static void add_outside_in(struct sbuf *out, enum style style, const struct thrown *chain, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        bool has_heading = style == STYLE_PLAIN && chain[i].stack;
        sbuf_adds(out, i ? SLICE("\nCaused by: ") : SLICE_NONE);
        if (has_heading && chain[i].stack->type == JSON_STRING) {
            sbuf_adds(out, slice_trim(chain[i].stack->text));
            continue;
        }
        if (!has_heading)
            add_heading(out, chain[i].type, chain[i].value);
        add_frames(out, style, &chain[i]);
    }
}

static void add_chain(struct sbuf *out, enum style style, const struct thrown *chain, unsigned n)
{
    switch (style) {
    case STYLE_PHP:
    case STYLE_PYTHON:
        add_inside_out(out, style, chain, n);
        break;
    case STYLE_DOTNET:
        add_dotnet(out, chain, n);
        break;
    case STYLE_GO: /* as cockroachdb/errors prints it */
        sbuf_adds(out, SLICE("(1) attached stack trace\n  -- stack trace:"));
        add_frames(out, style, &chain[0]);
        break;
    default:
        add_outside_in(out, style, chain, n);
        break;
    }
}

struct slice error_text(struct arena *a, struct slice json)
{
    struct thrown chain[CHAIN_MAX];
    struct sbuf out;
    unsigned n = 0;
    for (const struct json_node *e = json_tree(a, json); e && n < CHAIN_MAX; e = cause_of(e))
        chain[n++] = read_thrown(e);
    enum style style = n ? style_of(&chain[0]) : STYLE_PLAIN;
    if (!n || (!chain[0].type.n && style != STYLE_GO) || (style == STYLE_PLAIN && !chain[0].stack))
        return SLICE_NONE;
    sbuf_init(&out, TEXT_MAX);
    add_chain(&out, style, chain, n);
    struct slice text = slice_chr(sbuf_slice(&out), '\n') ? arena_dup(a, sbuf_slice(&out)) : SLICE_NONE;
    sbuf_done(&out);
    return text;
}

struct slice error_text_headed(struct arena *a, struct slice type, struct slice value, struct slice stack)
{
    enum style style = style_of_line(first_line(stack));
    struct json_node node = {.type = JSON_STRING, .text = stack};
    struct thrown t = {.type = type, .value = value, .stack = &node};
    if (!type.n || style == STYLE_PLAIN || style == STYLE_PHP)
        return stack;
    struct sbuf out;
    sbuf_init(&out, TEXT_MAX);
    add_chain(&out, style, &t, 1);
    struct slice text = arena_dup(a, sbuf_slice(&out));
    sbuf_done(&out);
    return text;
}

struct slice error_text_unfolded(struct arena *a, struct slice stack)
{
    if (slice_chr(stack, '\n') || slice_find(stack, SLICE("    at ")) < 0)
        return stack;
    char *out = arena_alloc(a, stack.n + 1);
    for (size_t i = 0; i < stack.n; i++) {
        struct slice rest = slice_from(stack, i);
        bool begins = slice_starts(rest, SLICE("    at ")) || slice_starts(rest, SLICE("    --- ")) ||
                      slice_starts(rest, SLICE("  ---> "));
        out[i] = begins ? '\n' : stack.p[i];
    }
    return slice_of(out, stack.n);
}
