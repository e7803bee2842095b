#include "parsers/java_text.h"

#include "text/json.h"

enum { TEXT_MAX = 1 << 20 };

static const char *const frame_lists[] = {"extendedStackTrace", "stackTrace", "stepArray", "frames", NULL};

bool java_frames_name(struct slice name)
{
    for (const char *const *n = frame_lists; *n; n++)
        if (slice_is(name, *n))
            return true;
    return false;
}

/* The text of the first member of these names, or empty. */
static struct slice text_of(const struct json_node *frame, const char *a, const char *b)
{
    const struct json_node *n = json_get(frame, a);
    if (!n)
        n = json_get(frame, b);
    return n && (n->type == JSON_STRING || n->type == JSON_NUMBER) ? n->text : SLICE_NONE;
}

static bool add_frame(struct sbuf *out, const struct json_node *frame)
{
    struct slice class = text_of(frame, "class", "className"), method = text_of(frame, "method", "methodName");
    struct slice file = text_of(frame, "file", "fileName"), line = text_of(frame, "line", "lineNumber");
    if (!class.n || !method.n)
        return false;
    sbuf_adds(out, SLICE("\n\tat "));
    sbuf_adds(out, class);
    sbuf_addc(out, '.');
    sbuf_adds(out, method);
    sbuf_addc(out, '(');
    sbuf_adds(out, file.n ? file : SLICE("Unknown Source"));
    if (file.n && line.n && *line.p != '-') {
        sbuf_addc(out, ':');
        sbuf_adds(out, line);
    }
    sbuf_addc(out, ')');
    return true;
}

struct slice java_text(struct arena *a, const struct record *r, struct slice frames)
{
    struct json_node *list = json_tree(a, frames);
    struct slice type = record_value(r, "thrown.name"), message = record_value(r, "thrown.message");
    if (!type.n) {
        type = record_value(r, "throwable.className");
        message = record_value(r, "throwable.message");
    }
    if (!type.n) { /* jboss-logmanager */
        type = record_value(r, "exception.exceptionType");
        message = record_value(r, "exception.message");
    }
    if (!list || !type.n)
        return SLICE_NONE;
    struct sbuf out;
    sbuf_init(&out, TEXT_MAX);
    sbuf_adds(&out, type);
    if (message.n) {
        sbuf_adds(&out, SLICE(": "));
        sbuf_adds(&out, message);
    }
    unsigned n = 0;
    for (const struct json_node *f = list->child; f; f = f->next)
        n += add_frame(&out, f);
    struct slice text = n ? arena_dup(a, sbuf_slice(&out)) : SLICE_NONE;
    sbuf_done(&out);
    return text;
}
