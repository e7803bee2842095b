#include "parsers/stack_text.h"

#include "base/sbuf.h"
#include "text/json.h"

enum { TEXT_MAX = 1 << 20, EXCEPTIONS_MAX = 32 };

static struct slice text_of(const struct json_node *map, const char *key)
{
    const struct json_node *n = json_get(map, key);
    return n && (n->type == JSON_STRING || n->type == JSON_NUMBER) ? n->text : SLICE_NONE;
}

static bool stack_text_add_lines(struct sbuf *out, const struct json_node *list)
{
    for (const struct json_node *n = list->child; n; n = n->next) {
        if (n->type != JSON_STRING)
            return false;
        if (n != list->child)
            sbuf_addc(out, '\n');
        sbuf_adds(out, n->text);
    }
    return true;
}

/* {"func":"inner","line":"20","source":"errors.go"}, as cockroachdb/errors prints frames. */
static bool stack_text_add_go_frames(struct sbuf *out, const struct json_node *list)
{
    sbuf_adds(out, SLICE("(1) attached stack trace\n  -- stack trace:"));
    for (const struct json_node *n = list->child; n; n = n->next) {
        struct slice function = text_of(n, "func"), file = text_of(n, "source"), line = text_of(n, "line");
        if (!function.n || !file.n)
            return false;
        sbuf_addf(out, "\n  | %.*s\n  | \t%.*s:%.*s", SLICE_ARG(function), SLICE_ARG(file), SLICE_ARG(line));
    }
    return true;
}

static bool add_python(struct sbuf *out, const struct json_node *e)
{
    const struct json_node *frames = json_get(e, "frames");
    struct slice type = text_of(e, "exc_type"), value = text_of(e, "exc_value");
    if (!type.n || !frames)
        return false;
    sbuf_adds(out, SLICE("Traceback (most recent call last):\n"));
    for (const struct json_node *f = frames->child; f; f = f->next) {
        struct slice file = text_of(f, "filename"), line = text_of(f, "lineno"), name = text_of(f, "name");
        sbuf_addf(out, "  File \"%.*s\", line %.*s, in %.*s\n", SLICE_ARG(file), SLICE_ARG(line), SLICE_ARG(name));
    }
    sbuf_adds(out, type);
    if (value.n)
        sbuf_addf(out, ": %.*s", SLICE_ARG(value));
    return true;
}

/* structlog has the exception that was caught first, Python prints it last. */
static bool stack_text_add_python_chain(struct sbuf *out, const struct json_node *list)
{
    const struct json_node *chain[EXCEPTIONS_MAX], *cause;
    size_t n = 0;
    for (const struct json_node *e = list->child; e && n < EXCEPTIONS_MAX; e = e->next)
        chain[n++] = e;
    while (n--) {
        if (!add_python(out, chain[n]))
            return false;
        cause = json_get(chain[n], "is_cause");
        if (n && cause && cause->truth)
            sbuf_adds(out, SLICE("\n\nThe above exception was the direct cause of the following "
                                 "exception:\n\n"));
        else if (n)
            sbuf_adds(out, SLICE("\n\nDuring handling of the above exception, another exception "
                                 "occurred:\n\n"));
    }
    return true;
}

struct slice stack_text(struct arena *a, struct slice json)
{
    static bool (*const kinds[])(struct sbuf *, const struct json_node *) = {
        stack_text_add_lines, stack_text_add_go_frames, stack_text_add_python_chain};
    const struct json_node *list = json_tree(a, json);
    struct slice text = SLICE_NONE;
    if (!list || list->type != JSON_ARRAY || !list->child)
        return text;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !text.n; i++) {
        struct sbuf out;
        sbuf_init(&out, TEXT_MAX);
        if (kinds[i](&out, list))
            text = arena_dup(a, sbuf_slice(&out));
        sbuf_done(&out);
    }
    return text;
}
