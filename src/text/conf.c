#include "text/conf.h"

#include <assert.h>
#include <libfyaml.h>
#include <stdlib.h>

#include "base/table.h"
#include "base/utf8.h"
#include "base/xalloc.h"

enum { CLIP_POINTS = 80 };

/* A map or list that is not closed yet. */
struct level {
    struct conf_node *node, *last;
    struct slice anchor;
    struct slice key; /* a key that waits for its value; p is NULL when none does */
    unsigned key_line, key_col;
    unsigned weight, height;
};

struct anchor {
    struct slice name;
    struct conf_node *node; /* NULL until the value is complete: an alias then lies inside it */
    unsigned weight, height;
};

struct builder {
    struct conf_file *file;
    struct diag *d;
    struct fy_parser *parser;
    uint32_t *starts; /* where each line begins */
    unsigned n_lines;
    struct table anchors;
    unsigned weight; /* nodes so far, aliases counted in full */
    unsigned documents;
    unsigned depth;
    struct level level[CONF_DEPTH_MAX];
};

static struct err_place place(const struct conf_file *f, unsigned line, unsigned col)
{
    return (struct err_place){.file = f->name, .line = line, .col = col, .source = f->text};
}

/* Of a name that a message quotes. */
static struct slice clip(struct slice s)
{
    return utf8_prefix(s, CLIP_POINTS);
}

static bool refuse(struct builder *b, unsigned line, unsigned col, const char *text)
{
    err_add(b->d, ERR_ERROR, place(b->file, line, col), "%s", text);
    return false;
}

enum { FAULT_TEXT = 96 };

/* A control byte that YAML has not, but as an escape. */
static bool is_forbidden(unsigned char c)
{
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

/* What is wrong with the byte at i, if anything, in text. Returns how many bytes belong to it, 0 when they are no
 * UTF-8. */
static size_t check_byte(struct slice s, size_t i, unsigned col, char text[FAULT_TEXT])
{
    unsigned char c = (unsigned char)s.p[i];
    size_t step = c < 0x80 ? 1 : utf8_step(slice_from(s, i));
    text[0] = '\0';
    if (c == '\r' && (i + 1 == s.n || s.p[i + 1] != '\n'))
        snprintf(text, FAULT_TEXT, "a carriage return without a line feed; end lines with LF or CR LF");
    else if (c == '%' && col == 1)
        snprintf(text, FAULT_TEXT, "a line must not begin with '%%'; YAML directives are not supported");
    else if (is_forbidden(c))
        snprintf(text, FAULT_TEXT, "control byte 0x%02x; write it as \"\\x%02x\" in double quotes", c, c);
    else if (step == 0)
        snprintf(text, FAULT_TEXT, "byte 0x%02x is not valid UTF-8; save the file as UTF-8", c);
    return step;
}

static void add_line(struct builder *b, size_t at)
{
    b->starts = xroom(b->starts, b->n_lines, sizeof *b->starts);
    b->starts[b->n_lines++] = (uint32_t)at;
}

/* What must not reach libfyaml. Also fills b->starts. */
static bool check_bytes(struct builder *b)
{
    struct slice s = b->file->text;
    size_t i = 0;
    char text[FAULT_TEXT];
    add_line(b, 0);
    while (i < s.n) {
        unsigned col = (unsigned)(i - b->starts[b->n_lines - 1]) + 1;
        size_t step = check_byte(s, i, col, text);
        if (text[0])
            return refuse(b, b->n_lines, col, text);
        i += step;
        if (s.p[i - 1] == '\n')
            add_line(b, i);
    }
    return true;
}

static unsigned line_at(const struct builder *b, size_t pos)
{
    unsigned low = 0, high = b->n_lines;
    while (high - low > 1) {
        unsigned mid = low + (high - low) / 2;
        if (b->starts[mid] <= pos)
            low = mid;
        else
            high = mid;
    }
    return low + 1;
}

/* libfyaml counts columns in code points and lines its own way; its byte position is what can be relied on.
 */
static bool mark_at(const struct builder *b, const struct fy_mark *m, unsigned *line, unsigned *col)
{
    if (!m || m->input_pos > b->file->text.n)
        return false;
    *line = line_at(b, m->input_pos);
    *col = (unsigned)(m->input_pos - b->starts[*line - 1]) + 1;
    return true;
}

/* libfyaml's words where an admin would not know what they mean. */
static const char *plain_words(const char *msg)
{
    static const struct {
        const char *theirs, *ours;
    } words[] = {
        {"tab character may not be used as indentation", "a tab cannot indent YAML; use spaces"},
        {"did not find expected key", "expected \"key: value\" here; check the indentation"},
        {"invalid nested block mapping on the same line", "a value with \": \" in it must be in quotes"},
        {"did not find expected node content", "expected a value here"},
        {"missing document start", "something is left over here; check the indentation and quotes"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(msg, words[i].theirs) == 0)
            return words[i].ours;
    return msg;
}

static void report_parser(struct builder *b, struct fy_diag *fd)
{
    void *iter = NULL;
    struct fy_diag_error *e = fy_diag_errors_iterate(fd, &iter);
    if (!e || e->line < 1 || e->column < 1) {
        refuse(b, 0, 0, e && e->msg ? plain_words(e->msg) : "this is not YAML");
        return;
    }
    unsigned line = (unsigned)e->line > b->n_lines ? b->n_lines : (unsigned)e->line;
    struct slice rest = slice_from(b->file->text, b->starts[line - 1]);
    rest = slice_split(&rest, '\n');
    size_t bytes = utf8_prefix(rest, (size_t)e->column - 1).n;
    refuse(b, line, (unsigned)bytes + 1, plain_words(e->msg ? e->msg : "this is not YAML"));
}

/* Goes over white space, from *i on; returns how many lines end in it. */
static unsigned skip_line_ends(struct slice raw, size_t *i)
{
    unsigned ends = 0;
    for (; *i < raw.n && ascii_space(raw.p[*i]); ++*i) {
        bool alone = *i + 1 == raw.n || raw.p[*i + 1] != '\n';
        ends += raw.p[*i] == '\n' || (raw.p[*i] == '\r' && alone);
    }
    return ends;
}

/*
 * The text between single quotes (YAML 1.2, 7.3.2): '' is a quote, white space around line ends folds into a space, or
 * into as many line feeds as there are empty lines. libfyaml 0.7.12 does that itself, but gets two or more '' in a row
 * wrong.
 */
static struct slice single_quoted(struct arena *a, struct slice raw)
{
    char *to = arena_alloc(a, raw.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < raw.n;) {
        if (raw.p[i] != '\n' && raw.p[i] != '\r') {
            to[n++] = raw.p[i];
            i += raw.p[i] == '\'' ? 2 : 1;
            continue;
        }
        while (n && (to[n - 1] == ' ' || to[n - 1] == '\t'))
            n--;
        unsigned ends = skip_line_ends(raw, &i);
        for (unsigned k = 1; k < ends; k++)
            to[n++] = '\n';
        if (ends == 1)
            to[n++] = ' ';
    }
    to[n] = '\0';
    return slice_of(to, n);
}

/* Where the token stands in the file. */
static struct slice token_source(const struct builder *b, struct fy_token *t)
{
    const struct fy_mark *from = fy_token_start_mark(t), *to = fy_token_end_mark(t);
    return from && to ? slice_sub(b->file->text, from->input_pos, to->input_pos) : SLICE_NONE;
}

static struct slice token_text(const struct builder *b, struct fy_token *t)
{
    size_t n = 0;
    if (t && fy_token_scalar_style(t) == FYSS_SINGLE_QUOTED && slice_find(token_source(b, t), SLICE("''''")) >= 0)
        return single_quoted(&b->file->arena, token_source(b, t));
    const char *p = t ? fy_token_get_text(t, &n) : NULL;
    return p ? arena_dup(&b->file->arena, slice_of(p, n)) : SLICE_NONE;
}

static bool add_weight(struct builder *b, const struct conf_node *n, unsigned weight, unsigned height)
{
    if (b->depth + height > CONF_DEPTH_MAX)
        return conf_error(b->d, n, "nested deeper than %d levels", CONF_DEPTH_MAX);
    if (weight > CONF_NODES_MAX - b->weight)
        return conf_error(b->d, n, "more than %d values in one file, aliases counted in full", CONF_NODES_MAX);
    b->weight += weight;
    if (b->depth) {
        struct level *up = &b->level[b->depth - 1];
        up->weight += weight;
        up->height = up->height > height ? up->height : height;
    }
    return true;
}

/* Hangs a value into the map or list that is open, or makes it the root. */
static void attach(struct builder *b, struct conf_node *n)
{
    if (b->depth == 0) {
        b->file->root = n;
        return;
    }
    struct level *up = &b->level[b->depth - 1];
    if (up->node->type == CONF_MAP) {
        n->key = up->key;
        n->key_line = up->key_line;
        n->key_col = up->key_col;
        up->key = SLICE_NONE;
    }
    *(up->last ? &up->last->next : &up->node->child) = n;
    up->last = n;
    up->node->n++;
}

static enum fy_scalar_style style_of(struct fy_event *e)
{
    struct fy_token *t = fy_event_get_token(e);
    return t ? fy_token_scalar_style(t) : FYSS_PLAIN;
}

static bool marked_inside(struct fy_event *e)
{
    if (e->type != FYET_SCALAR)
        return e->type == FYET_ALIAS;
    enum fy_scalar_style style = style_of(e);
    return style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
}

/* Nothing is written there. Libraries from 0.8 on make a token of it, with a place that is theirs; older ones do not.
 */
static bool left_out(struct fy_event *e)
{
    struct fy_token *t = e->type == FYET_SCALAR ? fy_event_get_token(e) : NULL;
    size_t n = 0;
    return e->type == FYET_SCALAR && style_of(e) == FYSS_PLAIN && (!t || !fy_token_get_text(t, &n) || n == 0);
}

static struct conf_node *node_new(struct builder *b, enum conf_type type, struct fy_event *e)
{
    struct conf_node *n = arena_calloc(&b->file->arena, 1, sizeof *n);
    n->type = type;
    n->file = b->file;
    n->line = n->col = 1;
    if (!left_out(e) && mark_at(b, fy_event_start_mark(e), &n->line, &n->col)) {
        n->col -= marked_inside(e) && n->col > 1; /* of "x", 'x' and *x the mark is at the x */
        return n;
    }
    if (b->depth == 0)
        return n;
    /* Of a value that is left out its key, or the list, is where a person looks. */
    const struct level *up = &b->level[b->depth - 1];
    n->line = up->key.p ? up->key_line : up->node->line;
    n->col = up->key.p ? up->key_col : up->node->col;
    return n;
}

static void anchor_set(struct builder *b, struct slice name, struct conf_node *node, unsigned weight, unsigned height)
{
    if (!name.p)
        return;
    struct anchor *a = arena_alloc(&b->file->arena, sizeof *a);
    *a = (struct anchor){.name = name, .node = node, .weight = weight, .height = height};
    table_put(&b->anchors, slice_hash(name, 0), a);
}

static bool wants_key(const struct builder *b)
{
    return b->depth && b->level[b->depth - 1].node->type == CONF_MAP && !b->level[b->depth - 1].key.p;
}

static bool take_key(struct builder *b, struct fy_event *e)
{
    struct level *up = &b->level[b->depth - 1];
    struct conf_node *n = node_new(b, CONF_SCALAR, e);
    if (e->type != FYET_SCALAR)
        return conf_error(b->d, n, "a key must be plain text");
    n->text = token_text(b, fy_event_get_token(e));
    if (n->text.n == 0)
        return conf_error(b->d, n, "a key is missing before the colon");
    up->key = n->text;
    up->key_line = n->line;
    up->key_col = n->col;
    return true;
}

static bool is_null_word(struct slice s)
{
    return slice_is(s, "~") || slice_is(s, "null") || slice_is(s, "Null") || slice_is(s, "NULL");
}

static bool take_scalar(struct builder *b, struct fy_event *e)
{
    struct fy_token *t = fy_event_get_token(e);
    struct conf_node *n = node_new(b, CONF_SCALAR, e);
    n->quoted = t && fy_token_scalar_style(t) != FYSS_PLAIN;
    n->text = token_text(b, t);
    if (!n->quoted && is_null_word(n->text))
        n->text = slice_sub(n->text, n->text.n, n->text.n);
    if (!add_weight(b, n, 1, 0))
        return false;
    anchor_set(b, token_text(b, fy_event_get_anchor_token(e)), n, 1, 0);
    attach(b, n);
    return true;
}

static bool take_alias(struct builder *b, struct fy_event *e)
{
    struct conf_node *n = node_new(b, CONF_SCALAR, e);
    struct slice name = token_text(b, fy_event_get_token(e));
    const struct anchor *a = table_get(&b->anchors, slice_hash(name, 0));
    if (!a || !slice_eq(a->name, name))
        return conf_error(b->d, n, "no anchor &%.*s before this alias; quote the value if it is no alias",
                          SLICE_ARG(clip(name)));
    if (!a->node)
        return conf_error(b->d, n, "the alias *%.*s stands inside its own anchor", SLICE_ARG(clip(name)));
    if (!add_weight(b, n, a->weight, a->height))
        return false;
    unsigned line = n->line, col = n->col;
    *n = *a->node; /* shares the children */
    n->next = NULL;
    n->line = line;
    n->col = col;
    attach(b, n);
    return true;
}

static bool take_start(struct builder *b, struct fy_event *e, enum conf_type type)
{
    struct conf_node *n = node_new(b, type, e);
    if (!add_weight(b, n, 1, 1))
        return false;
    struct slice anchor = token_text(b, fy_event_get_anchor_token(e));
    anchor_set(b, anchor, NULL, 0, 0);
    attach(b, n);
    b->level[b->depth++] = (struct level){.node = n, .anchor = anchor, .weight = 1};
    return true;
}

static bool check_duplicates(struct builder *b, const struct conf_node *map)
{
    struct table seen = {0};
    bool ok = true;
    for (struct conf_node *n = map->child; n && map->n > 1; n = n->next) {
        uint64_t h = slice_hash(n->key, 0);
        const struct conf_node *same;
        while ((same = table_get(&seen, h)) && !slice_eq(same->key, n->key))
            h = hash_mix(h, 1);
        if (same) {
            err_add(b->d, ERR_ERROR, conf_key_place(n), "duplicate key \"%.*s\", first on line %u",
                    SLICE_ARG(clip(n->key)), same->key_line);
            ok = false;
            break;
        }
        table_put(&seen, h, n);
    }
    table_done(&seen);
    return ok;
}

static bool take_end(struct builder *b)
{
    assert(b->depth);
    struct level done = b->level[--b->depth];
    if (done.node->type == CONF_MAP && !check_duplicates(b, done.node))
        return false;
    anchor_set(b, done.anchor, done.node, done.weight, done.height + 1);
    if (b->depth) {
        struct level *up = &b->level[b->depth - 1];
        up->weight += done.weight - 1; /* its own 1 was added when it began */
        up->height = up->height > done.height + 1 ? up->height : done.height + 1;
    }
    return true;
}

static bool take(struct builder *b, struct fy_event *e)
{
    struct fy_token *tag = fy_event_get_tag_token(e);
    unsigned line = 1, col = 1;
    if (tag) {
        mark_at(b, fy_token_start_mark(tag), &line, &col);
        return refuse(b, line, col, "tags (!name) are not supported; put a value that begins with '!' in quotes");
    }
    switch (e->type) {
    case FYET_DOCUMENT_START:
        if (b->documents++ == 0)
            return true;
        mark_at(b, fy_event_start_mark(e), &line, &col);
        return refuse(b, line, col, "a second document; one file holds one");
    case FYET_SCALAR:
        return wants_key(b) ? take_key(b, e) : take_scalar(b, e);
    case FYET_ALIAS:
        return wants_key(b) ? take_key(b, e) : take_alias(b, e);
    case FYET_MAPPING_START:
    case FYET_SEQUENCE_START:
        return wants_key(b) ? take_key(b, e) : take_start(b, e, e->type == FYET_MAPPING_START ? CONF_MAP : CONF_LIST);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        return take_end(b);
    default:
        return true;
    }
}

/* All that libfyaml would print is collected instead; this is for what it prints all the same. */
static void conf_swallow(struct fy_diag *fd, void *u, const char *text, size_t n)
{
    (void)fd;
    (void)u;
    (void)text;
    (void)n;
}

static bool run_parser(struct builder *b)
{
    struct fy_diag_cfg dc;
    fy_diag_cfg_default(&dc);
    dc.fp = NULL;
    dc.output_fn = conf_swallow;
    dc.colorize = false;
    struct fy_diag *fd = fy_diag_create(&dc);
    struct fy_parse_cfg pc = {
        .search_path = "", .flags = FYPCF_QUIET | FYPCF_JSON_NONE | FYPCF_DEFAULT_VERSION_1_2, .diag = fd};
    b->parser = fd ? fy_parser_create(&pc) : NULL;
    bool ok = false;
    if (b->parser) {
        fy_diag_set_collect_errors(fd, true);
        ok = fy_parser_set_string(b->parser, b->file->text.p, b->file->text.n) == 0;
        struct fy_event *e;
        while (ok && (e = fy_parser_parse(b->parser))) {
            ok = take(b, e);
            fy_parser_event_free(b->parser, e);
        }
        if (ok && (fy_parser_get_stream_error(b->parser) || b->depth)) {
            report_parser(b, fd);
            ok = false;
        }
        fy_parser_destroy(b->parser);
    } else {
        refuse(b, 0, 0, "out of memory");
    }
    if (fd)
        fy_diag_destroy(fd);
    return ok;
}

struct conf_file *conf_parse(const char *name, struct slice text, struct diag *d)
{
    struct conf_file *f = xcalloc(1, sizeof *f);
    f->name = xstrdup(name);
    struct builder b = {.file = f, .d = d};
    if (slice_starts(text, SLICE("\xef\xbb\xbf"))) /* the byte order mark some editors write */
        text = slice_from(text, 3);
    bool ok = text.n <= CONF_BYTES_MAX || refuse(&b, 0, 0, "larger than 16 MiB");
    if (ok) {
        f->text = arena_dup(&f->arena, text);
        ok = check_bytes(&b) && (f->text.n == 0 || run_parser(&b));
    }
    if (ok && f->root && conf_null(f->root))
        f->root = NULL;
    free(b.starts);
    table_done(&b.anchors);
    if (ok)
        return f;
    conf_free(f);
    return NULL;
}

void conf_free(struct conf_file *f)
{
    if (!f)
        return;
    arena_done(&f->arena);
    free(f->name);
    free(f);
}

const struct conf_node *conf_get(const struct conf_node *map, const char *key)
{
    if (!map || map->type != CONF_MAP)
        return NULL;
    for (const struct conf_node *n = map->child; n; n = n->next)
        if (slice_is(n->key, key))
            return n;
    return NULL;
}

/* No deeper than a file may be. */
bool conf_equal(const struct conf_node *a, const struct conf_node *b)
{
    a = a && conf_null(a) ? NULL : a;
    b = b && conf_null(b) ? NULL : b;
    if (!a || !b)
        return a == b;
    if (a->type != b->type || !slice_eq(a->key, b->key) || a->n != b->n ||
        (a->type == CONF_SCALAR && (a->quoted != b->quoted || !slice_eq(a->text, b->text))))
        return false;
    for (a = a->child, b = b->child; a && b; a = a->next, b = b->next)
        if (!conf_equal(a, b))
            return false;
    return true;
}

struct err_place conf_place(const struct conf_node *n)
{
    return place(n->file, n->line, n->col);
}

struct err_place conf_key_place(const struct conf_node *n)
{
    return n->key_line ? place(n->file, n->key_line, n->key_col) : conf_place(n);
}

/* Where the text begins in a line: behind spaces, and behind its quote. */
static size_t text_start(struct slice s, size_t at, bool quoted)
{
    while (at < s.n && s.p[at] == ' ')
        at++;
    return quoted && at < s.n && (s.p[at] == '\'' || s.p[at] == '"') ? at + 1 : at;
}

struct err_place conf_place_in(const struct conf_node *n, size_t offset)
{
    struct slice text = slice_sub(n->text, 0, offset), source = n->file->text;
    unsigned line = 1, more = 0;
    const char *lf;
    while ((lf = slice_chr(text, '\n'))) {
        text = slice_from(text, (size_t)(lf - text.p) + 1);
        more++;
    }
    for (; line < n->line + more && source.p; line++)
        slice_split(&source, '\n');
    struct slice s = slice_split(&source, '\n');
    size_t at = text_start(s, more ? 0 : n->col - 1, n->quoted && more == 0);
    if (!s.p || !slice_starts(slice_from(s, at), text))
        return conf_place(n);
    return place(n->file, line, (unsigned)(at + text.n) + 1);
}

bool conf_error(struct diag *d, const struct conf_node *n, const char *fmt, ...)
{
    struct sbuf b;
    va_list ap;
    sbuf_init(&b, 1 << 20);
    va_start(ap, fmt);
    sbuf_vaddf(&b, fmt, ap);
    va_end(ap);
    err_add(d, ERR_ERROR, conf_place(n), "%s", b.over ? "a message that is too long" : sbuf_cstr(&b));
    sbuf_done(&b);
    return false;
}

const char *conf_version(void)
{
    return fy_library_version();
}
