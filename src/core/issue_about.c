#include "core/issue_about.h"

#include "base/utf8.h"
#include "text/json.h"

enum { DEPTH_MAX = 4, NAME_BYTES = 40, TAGS_BYTES_MAX = 16384 };

/* Where in the payload it is. Deeper than DEPTH_MAX nothing is looked for. */
struct reader {
    struct arena *arena;
    struct issue_about *about;
    struct sbuf tags;
    unsigned n_tags, depth;
    char path[DEPTH_MAX][NAME_BYTES]; /* [i]: the key that was last in the object i levels down; arrays have "" */
};

static bool about_open(void *u)
{
    struct reader *r = u;
    if (r->depth < DEPTH_MAX)
        r->path[r->depth][0] = '\0';
    r->depth++;
    return true;
}

static bool about_close(void *u)
{
    ((struct reader *)u)->depth--;
    return true;
}

static bool about_key(void *u, struct slice key)
{
    struct reader *r = u;
    if (r->depth == 0 || r->depth > DEPTH_MAX)
        return true;
    char *at = r->path[r->depth - 1];
    size_t n = key.n < NAME_BYTES ? key.n : 0; /* Sentry's are no longer than 32 */
    memcpy(at, key.p, n);
    at[n] = '\0';
    return true;
}

static bool is_at(const struct reader *r, unsigned depth, const char *first, const char *last)
{
    return r->depth == depth && strcmp(r->path[0], first) == 0 && strcmp(r->path[depth - 1], last) == 0;
}

static void about_set(struct reader *r, struct slice *to, struct slice v, size_t max_points)
{
    *to = arena_dup(r->arena, utf8_prefix(slice_sub(v, 0, 4 * max_points), max_points));
}

/* One line, whatever is in it. */
static void add_flat(struct sbuf *out, struct slice v)
{
    for (size_t i = 0; i < v.n; i++)
        sbuf_addc(out, v.p[i] == '\t' || v.p[i] == '\n' ? ' ' : v.p[i]);
}

static void about_tag(struct reader *r, struct slice v)
{
    struct issue_about *about = r->about;
    struct slice name = slice_str(r->path[1]);
    if (slice_is(name, "rule"))
        about_set(r, &about->text[ISSUE_RULE], v, ISSUE_TEXT_POINTS);
    else if (slice_is(name, "app"))
        about_set(r, &about->text[ISSUE_APP], v, ISSUE_TEXT_POINTS);
    if (!name.n || r->n_tags >= ISSUE_TAGS_MAX)
        return;
    r->n_tags++;
    add_flat(&r->tags, name);
    sbuf_addc(&r->tags, '\t');
    add_flat(&r->tags, utf8_prefix(slice_sub(v, 0, 4 * ISSUE_TEXT_POINTS), ISSUE_TEXT_POINTS));
    sbuf_addc(&r->tags, '\n');
}

/* The last exception is the one that was not caught; those before it are its causes. */
static bool about_string(void *u, struct slice v)
{
    struct reader *r = u;
    struct issue_about *about = r->about;
    if (is_at(r, 1, "level", "level"))
        about_set(r, &about->text[ISSUE_LEVEL], v, ISSUE_TEXT_POINTS);
    else if (is_at(r, 1, "server_name", "server_name"))
        about_set(r, &about->text[ISSUE_HOST], v, ISSUE_TEXT_POINTS);
    else if (is_at(r, 1, "transaction", "transaction"))
        about_set(r, &about->text[ISSUE_TRANSACTION], v, ISSUE_TEXT_POINTS);
    else if (r->depth == 2 && strcmp(r->path[0], "tags") == 0)
        about_tag(r, v);
    else if (is_at(r, 2, "logentry", "formatted") && !about->text[ISSUE_TYPE].n)
        about_set(r, &about->text[ISSUE_VALUE], v, ISSUE_VALUE_POINTS);
    else if (is_at(r, 4, "exception", "type"))
        about_set(r, &about->text[ISSUE_TYPE], v, ISSUE_TEXT_POINTS);
    else if (is_at(r, 4, "exception", "value"))
        about_set(r, &about->text[ISSUE_VALUE], v, ISSUE_VALUE_POINTS);
    return true;
}

bool issue_about_read(struct slice payload, struct arena *a, struct issue_about *about)
{
    static const struct json_handler handler = {.string = about_string,
                                                .map_start = about_open,
                                                .key = about_key,
                                                .map_end = about_close,
                                                .array_start = about_open,
                                                .array_end = about_close};
    struct reader r = {.arena = a, .about = about};
    sbuf_init(&r.tags, TAGS_BYTES_MAX);
    about->text[ISSUE_TYPE] = about->text[ISSUE_VALUE] = SLICE_NONE; /* both are of one event */
    bool ok = json_read(payload, &handler, &r, NULL) == JSON_OK;
    if (r.n_tags)
        about->text[ISSUE_TAGS] = arena_dup(a, sbuf_slice(&r.tags));
    sbuf_done(&r.tags);
    return ok;
}

bool issue_about_tag(struct slice *tags, struct slice *name, struct slice *value)
{
    if (!tags->n)
        return false;
    *value = slice_split(tags, '\n');
    *name = slice_split(value, '\t');
    return true;
}
