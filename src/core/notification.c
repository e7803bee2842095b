#include "core/notification.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/utf8.h"
#include "text/json.h"
#include "text/stamp.h"

const char *const notification_kinds[] = {[NOTIFICATION_NEW_ISSUE] = "new-issue",
                                          [NOTIFICATION_REGRESSION] = "regression",
                                          [NOTIFICATION_SOURCE_SILENT] = "source-silent",
                                          [NOTIFICATION_UPSTREAM_DOWN] = "upstream-down",
                                          [NOTIFICATION_LOSSES] = "losses",
                                          [NOTIFICATION_TEST] = NULL};

enum { TEXT_BYTES_MAX = 32 << 10 };

static const struct slice secret_prefix = SLICE("secret."), html_prefix = SLICE("html.");

/* --- values --- */

static void put_where(const struct notification *n, struct sbuf *out)
{
    if (n->host.text.n) {
        sbuf_adds(out, SLICE(" on "));
        sbuf_adds(out, n->host.text);
    }
    sbuf_adds(out, SLICE(": "));
}

static void put_issue(const struct notification *n, struct sbuf *out)
{
    sbuf_adds(out, n->kind == NOTIFICATION_NEW_ISSUE ? SLICE("New issue") : SLICE("Seen again"));
    put_where(n, out);
    sbuf_adds(out, n->title.text);
    sbuf_addf(out, " (%.*s", SLICE_ARG(n->level.text));
    if (n->project.text.n) {
        sbuf_adds(out, SLICE(", project "));
        sbuf_adds(out, n->project.text);
    }
    sbuf_addc(out, ')');
}

static void put_about(const struct notification *n, const char *before, const char *behind, struct sbuf *out)
{
    sbuf_adds(out, SLICE("crumbd"));
    put_where(n, out);
    sbuf_adds(out, slice_str(before));
    sbuf_adds(out, n->about.text);
    sbuf_adds(out, slice_str(behind));
}

/* One sentence for people. */
static void put_text(const struct notification *n, struct sbuf *out)
{
    switch (n->kind) {
    case NOTIFICATION_NEW_ISSUE:
    case NOTIFICATION_REGRESSION:
        put_issue(n, out);
        break;
    case NOTIFICATION_SOURCE_SILENT:
        put_about(n, "the input ", " has gone silent", out);
        break;
    case NOTIFICATION_UPSTREAM_DOWN:
        put_about(n, "the server of the project ", " takes no events", out);
        break;
    case NOTIFICATION_LOSSES:
        put_about(n, "lost: ", "", out);
        break;
    default:
        put_about(n, "this is what a notification looks like", "", out);
    }
    if (n->held)
        sbuf_addf(out, " (%" PRIu64 " before it were held back)", n->held);
}

static void put_kind(const struct notification *n, struct sbuf *out)
{
    const char *name = notification_kinds[n->kind];
    sbuf_adds(out, name ? slice_str(name) : SLICE("test"));
}

static void put_title(const struct notification *n, struct sbuf *out)
{
    if (n->title.text.n)
        sbuf_adds(out, n->title.text);
    else
        put_text(n, out);
}

static void put_level(const struct notification *n, struct sbuf *out)
{
    sbuf_adds(out, n->level.text.n ? n->level.text : SLICE("warning"));
}

static void put_project(const struct notification *n, struct sbuf *out)
{
    sbuf_adds(out, n->project.text);
}

static void put_input(const struct notification *n, struct sbuf *out)
{
    sbuf_adds(out, n->input.text);
}

static void put_host(const struct notification *n, struct sbuf *out)
{
    sbuf_adds(out, n->host.text);
}

static void put_environment(const struct notification *n, struct sbuf *out)
{
    sbuf_adds(out, n->environment.text);
}

static void put_key(const struct notification *n, struct sbuf *out)
{
    if (n->issue)
        sbuf_addf(out, "%016" PRIx64, n->issue);
}

static void put_event(const struct notification *n, struct sbuf *out)
{
    sbuf_adds(out, slice_str(n->event_id));
}

static void put_time(const struct notification *n, struct sbuf *out)
{
    char text[32];
    stamp_print(n->time_us, text);
    sbuf_adds(out, slice_str(text));
}

static void put_id(const struct notification *n, struct sbuf *out)
{
    sbuf_adds(out, slice_str(n->id));
}

static const struct field {
    const char *name;
    void (*put)(const struct notification *n, struct sbuf *out);
} fields[] = {{"text", put_text},   {"on", put_kind},
              {"title", put_title}, {"level", put_level},
              {"host", put_host},   {"project", put_project},
              {"issue", put_key},   {"event", put_event},
              {"time", put_time},   {"environment", put_environment},
              {"input", put_input}, {"id", put_id}};

enum { N_FIELDS = sizeof fields / sizeof *fields };

/* {html.NAME} is {NAME} in another notation. */
static const struct field *field_of(struct slice name, bool *html)
{
    *html = slice_starts(name, html_prefix);
    slice_skip(&name, *html ? html_prefix.n : 0);
    for (unsigned i = 0; i < N_FIELDS; i++)
        if (slice_is(name, fields[i].name))
            return &fields[i];
    return NULL;
}

static const struct notification_secret *secret_of(struct slice name, const struct notification_secret *secrets,
                                                   unsigned n)
{
    if (!slice_starts(name, secret_prefix))
        return NULL;
    for (unsigned i = 0; i < n; i++)
        if (slice_eq(slice_from(name, secret_prefix.n), secrets[i].name))
            return &secrets[i];
    return NULL;
}

/* --- templates --- */

static bool is_name_byte(char c)
{
    return ascii_alnum(c) || c == '_' || c == '-' || c == '.';
}

/* Takes the next piece off: literal text, or the name between braces. False: nothing is left. */
static bool next_piece(struct slice *rest, struct slice *piece, bool *is_name)
{
    if (rest->n == 0)
        return false;
    size_t n = 0;
    for (; n < rest->n; n++) {
        size_t name = rest->p[n] == '{' ? slice_span(slice_from(*rest, n + 1), is_name_byte) : 0;
        bool is_one = name && n + 1 + name < rest->n && rest->p[n + 1 + name] == '}' && ascii_alpha(rest->p[n + 1]);
        if (!is_one)
            continue;
        if (n)
            break;
        *piece = slice_sub(*rest, 1, 1 + name);
        *is_name = true;
        slice_skip(rest, name + 2);
        return true;
    }
    *piece = slice_sub(*rest, 0, n);
    *is_name = false;
    slice_skip(rest, n);
    return true;
}

struct slice notification_unknown(struct slice text, const struct notification_secret *secrets, unsigned n_secrets)
{
    struct slice piece;
    bool is_name, html;
    while (next_piece(&text, &piece, &is_name))
        if (is_name && !field_of(piece, &html) && !secret_of(piece, secrets, n_secrets))
            return piece;
    return SLICE_NONE;
}

const char *notification_nearest(struct slice name)
{
    const char *names[N_FIELDS + 1] = {NULL};
    for (unsigned i = 0; i < N_FIELDS; i++)
        names[i] = fields[i].name;
    return err_nearest(name, names);
}

/* --- notations --- */

enum notification_notation notification_notation_of(struct slice content_type)
{
    struct slice type = slice_trim(slice_split(&content_type, ';'));
    if (slice_ieq(type, SLICE("application/x-www-form-urlencoded")))
        return NOTIFICATION_URL;
    bool json = slice_ieq(type, SLICE("application/json")) || slice_ends(type, SLICE("+json"));
    return json || !type.n ? NOTIFICATION_JSON : NOTIFICATION_PLAIN;
}

static void put_json(struct slice v, struct sbuf *out)
{
    struct sbuf quoted;
    struct json j;
    sbuf_init(&quoted, 8 * v.n + 64); /* \uXXXX of a byte, and the quotes */
    json_start(&j, &quoted);
    json_str(&j, v);
    json_end(&j);
    sbuf_adds(out, slice_sub(sbuf_slice(&quoted), 1, quoted.n - 1));
    sbuf_done(&quoted);
}

static void put_percent(struct slice v, struct sbuf *out)
{
    for (size_t i = 0; i < v.n; i++)
        if (ascii_alnum(v.p[i]) || strchr("-._~", v.p[i]))
            sbuf_addc(out, v.p[i]);
        else
            sbuf_addf(out, "%%%02X", (unsigned char)v.p[i]);
}

/* &, < and > as markup has them; empty: the byte is none of them. */
static struct slice entity_of(char c)
{
    return c == '<' ? SLICE("&lt;") : c == '>' ? SLICE("&gt;") : c == '&' ? SLICE("&amp;") : SLICE_NONE;
}

/* What is neither shown nor a line end, or would end a header, becomes a blank: controls, and marks that turn the
   reading of what is around them. */
static void put_shown(struct slice v, bool line, bool html, struct sbuf *out)
{
    for (size_t n; v.n; slice_skip(&v, n)) {
        struct slice entity = html ? entity_of(v.p[0]) : SLICE_NONE;
        bool blank = !utf8_shown(v) && (line || (v.p[0] != '\n' && v.p[0] != '\t'));
        n = utf8_step(v);
        n = n ? n : 1;
        sbuf_adds(out, entity.n ? entity : blank ? SLICE(" ") : slice_sub(v, 0, n));
    }
}

static void put_value(struct slice v, enum notification_notation notation, struct sbuf *out)
{
    if (notation == NOTIFICATION_JSON)
        put_json(v, out);
    else if (notation == NOTIFICATION_URL)
        put_percent(v, out);
    else
        sbuf_adds(out, v);
}

/* A title may be of 8 KiB, and a message to people is not. */
static void put_field(const struct field *f, bool html, const struct notification *n,
                      enum notification_notation notation, struct sbuf *out)
{
    struct sbuf value, clean, shown;
    sbuf_init(&value, TEXT_BYTES_MAX);
    sbuf_init(&clean, 3 * TEXT_BYTES_MAX);
    sbuf_init(&shown, 5 * 4 * NOTIFICATION_VALUE_POINTS); /* "&amp;" */
    f->put(n, &value);
    utf8_clean(&clean, sbuf_slice(&value));
    struct slice whole = sbuf_slice(&clean), cut = utf8_prefix(whole, NOTIFICATION_VALUE_POINTS);
    put_shown(cut, notation == NOTIFICATION_LINE, html, &shown);
    put_value(sbuf_slice(&shown), notation, out);
    if (cut.n < whole.n)
        sbuf_adds(out, SLICE("..."));
    sbuf_done(&value);
    sbuf_done(&clean);
    sbuf_done(&shown);
}

void notification_fill(struct slice text, const struct notification *n, const struct notification_secret *secrets,
                       unsigned n_secrets, enum notification_notation notation, struct sbuf *out)
{
    struct slice piece;
    bool is_name, html;
    while (next_piece(&text, &piece, &is_name)) {
        const struct field *f = is_name ? field_of(piece, &html) : NULL;
        const struct notification_secret *secret = is_name && !f ? secret_of(piece, secrets, n_secrets) : NULL;
        if (f)
            put_field(f, html, n, notation, out);
        else if (secret && notation == NOTIFICATION_URL)
            sbuf_adds(out, secret->value);
        else if (secret)
            put_value(secret->value, notation, out);
        else
            sbuf_adds(out, piece);
    }
}
