/* keys, second half: tables turned into text (dump, schema, manual). */
#include "text/keys.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "text/json.h"

enum { VALUE_MAX = 1 << 20 };

static bool looks_like_other(struct slice s)
{
    static const char *const words[] = {"null", "~", "true", "false", "yes", "no", "on", "off", "y", "n"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_ieq(s, slice_str(words[i])))
            return true;
    if (!ascii_digit(s.p[0]) && !strchr("+-.", s.p[0]))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_hex(s.p[i]) && !strchr("+-.xXoO_:", s.p[i]))
            return false;
    return true;
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Needs no quotes in YAML. */
static bool is_plain(struct slice s)
{
    if (!s.n || !(ascii_alnum(s.p[0]) || s.p[0] == '/' || s.p[0] == '.') || s.p[s.n - 1] == ':')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_alnum(s.p[i]) && !strchr("/._-+:@=*~$", s.p[i]))
            return false;
    return !looks_like_other(s);
}

/* One byte of a text in double quotes, where escapes are read. */
static void put_escaped(char c, struct sbuf *out)
{
    if (is_control(c))
        sbuf_addf(out, "\\x%02x", (unsigned char)c);
    else if (c == '"' || c == '\\')
        sbuf_addf(out, "\\%c", c);
    else
        sbuf_addc(out, c);
}

void keys_put_string(struct slice s, struct sbuf *out)
{
    bool escapes = false;
    if (is_plain(s)) {
        sbuf_adds(out, s);
        return;
    }
    for (size_t i = 0; i < s.n; i++)
        escapes = escapes || is_control(s.p[i]);
    sbuf_addc(out, escapes ? '"' : '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (escapes)
            put_escaped(s.p[i], out);
        else if (s.p[i] == '\'')
            sbuf_adds(out, SLICE("''"));
        else
            sbuf_addc(out, s.p[i]);
    }
    sbuf_addc(out, escapes ? '"' : '\'');
}

void keys_put_masked(struct slice s, struct sbuf *out)
{
    struct sbuf b;
    sbuf_init(&b, VALUE_MAX);
    ptrdiff_t scheme = slice_find(s, SLICE("://"));
    size_t from = scheme < 0 ? 0 : (size_t)scheme + 3;
    struct slice authority = slice_from(s, from);
    const char *end = slice_chr(authority, '/');
    ptrdiff_t at = slice_rfind(slice_sub(authority, 0, end ? (size_t)(end - authority.p) : authority.n), SLICE("@"));
    sbuf_adds(&b, slice_sub(s, 0, from));
    if (at >= 0 || scheme < 0)
        sbuf_adds(&b, SLICE("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")); /* as long as a DSN's key, so that it reads as one */
    if (at >= 0 || scheme >= 0)
        sbuf_adds(&b, slice_from(authority, at < 0 ? 0 : (size_t)at));
    keys_put_string(sbuf_slice(&b), out);
    sbuf_done(&b);
}

/* ---- dump ---- */

static int64_t load_int(const struct key *k, const void *at)
{
    switch (k->size) {
    case 1:
        return *(const uint8_t *)at;
    case 2:
        return *(const uint16_t *)at;
    case 4:
        return *(const uint32_t *)at;
    default:
        return *(const int64_t *)at;
    }
}

static void put_value(const struct key *k, const void *base, struct sbuf *out);

static void put_text(const struct key *k, struct slice s, struct sbuf *out)
{
    if (!s.p)
        return;
    if (k->secret)
        keys_put_masked(s, out);
    else
        keys_put_string(s, out);
}

static void put_many(const struct key *k, const char *base, struct sbuf *out)
{
    const char *v = *(const char *const *)(const void *)(base + k->offset);
    unsigned n = *(const unsigned *)(const void *)(base + k->n_offset);
    if (n == 0 && k->min) /* an empty one would be refused: it is not set */
        return;
    sbuf_addc(out, k->type == KEY_MAP ? '{' : '[');
    for (unsigned i = 0; i < n; i++, v += k->elem_size) {
        sbuf_adds(out, i ? SLICE(", ") : SLICE(""));
        if (k->type == KEY_MAP) {
            keys_put_string(*(const struct slice *)(const void *)v, out);
            sbuf_adds(out, SLICE(": "));
        }
        put_value(k->of, v, out);
    }
    sbuf_addc(out, k->type == KEY_MAP ? '}' : ']');
}

/* A value on one line; nothing when it is not set. */
static void put_value(const struct key *k, const void *base, struct sbuf *out)
{
    const void *at = (const char *)base + k->offset;
    const struct conf_node *n;
    switch (k->type) {
    case KEY_STRING:
        put_text(k, *(const struct slice *)at, out);
        break;
    case KEY_CSTR:
        put_text(k, slice_str(*(char *const *)at), out);
        break;
    case KEY_BOOL:
        sbuf_adds(out, *(const bool *)at ? SLICE("on") : SLICE("off"));
        break;
    case KEY_INT:
        sbuf_addf(out, "%lld", (long long)load_int(k, at));
        break;
    case KEY_DURATION:
        keys_put_duration(load_int(k, at), out);
        break;
    case KEY_SIZE:
        keys_put_size((uint64_t)load_int(k, at), out);
        break;
    case KEY_ENUM:
        sbuf_adds(out, slice_str(k->names[load_int(k, at)]));
        break;
    case KEY_TEXT:
        if ((n = *(const struct conf_node *const *)at))
            put_text(k, n->text, out);
        break;
    case KEY_NODE:
        if ((n = *(const struct conf_node *const *)at))
            conf_json(n, out);
        break;
    case KEY_LIST:
    case KEY_MAP:
        put_many(k, base, out);
        break;
    case KEY_CUSTOM:
        k->custom->dump(k, at, out);
        break;
    case KEY_TABLE: /* only ever written as lines */
        break;
    }
}

struct dump {
    struct sbuf *out;
    struct arena arena; /* of the defaults */
    bool quiet;         /* inside list items what is not set goes without a word */
};

static void dump_table(struct dump *d, const struct key_table *t, const char *base, const char *def, unsigned indent,
                       bool item);

static void dump_start(struct dump *d, unsigned indent, bool *item)
{
    sbuf_addf(d->out, "%*s", (int)(*item ? indent - 2 : indent), "");
    if (*item)
        sbuf_adds(d->out, SLICE("- "));
    *item = false;
}

static void dump_items(struct dump *d, const struct key *k, const char *base, unsigned indent)
{
    const char *v = *(const char *const *)(const void *)(base + k->offset);
    unsigned n = *(const unsigned *)(const void *)(base + k->n_offset);
    const struct key_table *t = k->of->table;
    char *def = arena_calloc(&d->arena, 1, t->size);
    struct keys_ctx c = {.arena = &d->arena};
    bool quiet = d->quiet;
    keys_bind(t, NULL, def, &c);
    d->quiet = true;
    for (unsigned i = 0; i < n; i++)
        dump_table(d, t, v + i * k->elem_size + k->of->offset, def, indent + 4, true);
    d->quiet = quiet;
}

static bool is_items(const struct key *k)
{
    return k->type == KEY_LIST && k->of->type == KEY_TABLE;
}

static void dump_leaf(struct dump *d, const struct key *k, const char *base, const char *def, unsigned indent,
                      bool *item)
{
    struct sbuf value, same;
    sbuf_init(&value, VALUE_MAX);
    sbuf_init(&same, VALUE_MAX);
    put_value(k, base, &value);
    put_value(k, def, &same);
    if (value.n) {
        dump_start(d, indent, item);
        sbuf_addf(d->out, "%s: ", k->name);
        sbuf_adds(d->out, sbuf_slice(&value));
        sbuf_adds(d->out, slice_eq(sbuf_slice(&value), sbuf_slice(&same)) ? SLICE("  # default\n") : SLICE("\n"));
    } else if (!d->quiet) {
        sbuf_addf(d->out, "%*s# %s is not set\n", (int)indent, "", k->name);
    }
    sbuf_done(&value);
    sbuf_done(&same);
}

/* item: the first line written begins a list item. */
static void dump_table(struct dump *d, const struct key_table *t, const char *base, const char *def, unsigned indent,
                       bool item)
{
    for (const struct key *k = t->keys; k->name; k++) {
        const char *text;
        if (t->applies && !t->applies(k, base, &text))
            continue;
        if (k->type == KEY_TABLE) {
            dump_start(d, indent, &item);
            sbuf_addf(d->out, "%s:\n", k->name);
            dump_table(d, k->table, base + k->offset, def + k->offset, indent + 2, false);
        } else if (is_items(k) && *(const unsigned *)(const void *)(base + k->n_offset)) {
            dump_start(d, indent, &item);
            sbuf_addf(d->out, "%s:\n", k->name);
            dump_items(d, k, base, indent);
        } else if (strcmp(k->name, "*") != 0) {
            dump_leaf(d, k, base, def, indent, &item);
        }
    }
}

void keys_dump(const struct key_table *t, const void *base, const void *def, struct sbuf *out)
{
    struct dump d = {.out = out};
    struct keys_ctx c = {.arena = &d.arena};
    if (!def) {
        void *own = arena_calloc(&d.arena, 1, t->size);
        keys_bind(t, NULL, own, &c);
        def = own;
    }
    dump_table(&d, t, base, def, 0, false);
    arena_done(&d.arena);
}

/* ---- schema ---- */

static void schema_table(struct json *j, const struct key_table *t);

static void put_key(struct json *j, const char *key, const char *v)
{
    json_key(j, key);
    json_str(j, slice_str(v));
}

static void put_int(struct json *j, const char *key, int64_t v)
{
    json_key(j, key);
    json_int(j, v);
}

static void schema_default(struct json *j, const struct key *k)
{
    struct diag d = {0};
    bool truth;
    if (!k->def)
        return;
    json_key(j, "default");
    if (k->type == KEY_BOOL && keys_bool(slice_str(k->def), &truth)) {
        json_bool(j, truth);
    } else if (k->type == KEY_INT || k->type == KEY_LIST || k->type == KEY_MAP || k->type == KEY_CUSTOM) {
        struct sbuf b;
        sbuf_init(&b, VALUE_MAX);
        struct conf_file *f = conf_parse("default", slice_str(k->def), &d);
        if (f && f->root)
            conf_json(f->root, &b);
        json_raw(j, sbuf_slice(&b));
        sbuf_done(&b);
        conf_free(f);
        err_done(&d);
    } else {
        json_str(j, slice_str(k->def));
    }
}

/* A number with a unit, and plain 0; sizes may also go without a unit. */
static void schema_scaled(struct json *j, const struct key *k)
{
    json_key(j, "anyOf");
    json_array(j);
    json_map(j);
    put_key(j, "type", "string");
    put_key(j, "pattern", k->type == KEY_SIZE ? "^[0-9]+[kmgKMG]?$" : "^(0|[0-9]+(ms|s|m|h|d))$");
    json_map_end(j);
    json_map(j);
    put_key(j, "type", "integer");
    put_int(j, "minimum", k->type == KEY_SIZE ? k->min : 0);
    if (k->type == KEY_DURATION)
        put_int(j, "maximum", 0);
    json_map_end(j);
    json_array_end(j);
}

static void schema_names(struct json *j, const char *const *names)
{
    json_key(j, "enum");
    json_array(j);
    for (; *names; names++)
        if ((*names)[0])
            json_str(j, slice_str(*names));
    json_array_end(j);
}

/* YAML gives a number or truth value where the text looks like one; all that stands for text here. */
static void schema_string(struct json *j, const struct key *k)
{
    json_key(j, "type");
    json_raw(j, SLICE("[\"string\",\"number\",\"boolean\"]"));
    if (k->min)
        put_int(j, "minLength", k->min);
    if (k->max)
        put_int(j, "maxLength", k->max);
}

static void schema_type(struct json *j, const struct key *k);

static void schema_many(struct json *j, const struct key *k)
{
    put_key(j, "type", k->type == KEY_MAP ? "object" : "array");
    json_key(j, k->type == KEY_MAP ? "additionalProperties" : "items");
    json_map(j);
    schema_type(j, k->of);
    json_map_end(j);
    if (k->min)
        put_int(j, k->type == KEY_MAP ? "minProperties" : "minItems", k->min);
    if (k->max)
        put_int(j, k->type == KEY_MAP ? "maxProperties" : "maxItems", k->max);
}

static void schema_type(struct json *j, const struct key *k)
{
    switch (k->type) {
    case KEY_STRING:
    case KEY_CSTR:
    case KEY_TEXT:
        schema_string(j, k);
        break;
    case KEY_BOOL:
        json_key(j, "enum");
        json_raw(j, SLICE("[true,false,\"on\",\"off\",\"yes\",\"no\"]"));
        break;
    case KEY_INT:
        put_key(j, "type", "integer");
        put_int(j, "minimum", k->min);
        put_int(j, "maximum", keys_max(k));
        break;
    case KEY_DURATION:
    case KEY_SIZE:
        schema_scaled(j, k);
        break;
    case KEY_ENUM:
        schema_names(j, k->names);
        break;
    case KEY_TABLE:
        schema_table(j, k->table);
        break;
    case KEY_LIST:
    case KEY_MAP:
        schema_many(j, k);
        break;
    case KEY_CUSTOM:
        json_key(j, "allOf");
        json_array(j);
        json_raw(j, slice_str(k->custom->schema));
        json_array_end(j);
        break;
    case KEY_NODE:
        break;
    }
}

static void schema_properties(struct json *j, const struct key_table *t)
{
    const struct key *rest = NULL;
    json_key(j, "properties");
    json_map(j);
    for (const struct key *k = t->keys; k->name; k++) {
        if (strcmp(k->name, "*") == 0) {
            rest = k;
            continue;
        }
        json_key(j, k->name);
        json_map(j);
        if (k->help)
            put_key(j, "description", k->help);
        schema_type(j, k);
        schema_default(j, k);
        json_map_end(j);
    }
    json_map_end(j);
    json_key(j, "additionalProperties");
    if (rest) {
        json_map(j);
        schema_type(j, rest->of);
        json_map_end(j);
    } else {
        json_bool(j, false);
    }
}

static void schema_required(struct json *j, const struct key_table *t)
{
    bool any = false;
    for (const struct key *k = t->keys; k->name; k++) {
        if (!k->required)
            continue;
        if (!any) {
            json_key(j, "required");
            json_array(j);
        }
        any = true;
        json_str(j, slice_str(k->name));
    }
    if (any)
        json_array_end(j);
    if (!t->one_of)
        return;
    json_key(j, "oneOf");
    json_array(j);
    for (const char *const *name = t->one_of; *name; name++) {
        json_map(j);
        json_key(j, "required");
        json_array(j);
        json_str(j, slice_str(*name));
        json_array_end(j);
        json_map_end(j);
    }
    json_array_end(j);
}

static void schema_table(struct json *j, const struct key_table *t)
{
    put_key(j, "type", "object");
    schema_properties(j, t);
    schema_required(j, t);
}

void keys_schema(const struct key_table *t, const char *title, struct sbuf *out)
{
    struct json j;
    json_start(&j, out);
    json_map(&j);
    put_key(&j, "$schema", "http://json-schema.org/draft-07/schema#");
    put_key(&j, "title", title);
    if (t->help)
        put_key(&j, "description", t->help);
    schema_table(&j, t);
    json_map_end(&j);
    json_end(&j);
    sbuf_addc(out, '\n');
}

/* ---- manual ---- */

/* Text for mdoc(7): a backslash is an escape, a period or quote that begins a line is a request, and a
 * sentence begins a line. */
static void put_mdoc(struct slice s, struct sbuf *out)
{
    bool starts = true;
    for (size_t i = 0; i < s.n; i++) {
        if (starts && (s.p[i] == '.' || s.p[i] == '\''))
            sbuf_adds(out, SLICE("\\&"));
        starts = s.p[i] == ' ' && i > 0 && s.p[i - 1] == '.';
        if (s.p[i] == '\\')
            sbuf_adds(out, SLICE("\\e"));
        else
            sbuf_addc(out, starts ? '\n' : s.p[i]);
    }
}

static void man_words(const struct key *k, struct sbuf *out)
{
    if (k->type != KEY_LIST && k->type != KEY_MAP) {
        keys_words(k, out);
        return;
    }
    sbuf_adds(out, k->type == KEY_LIST ? SLICE("a list; each entry: ") : SLICE("a map with free names; each value: "));
    if (k->of->type == KEY_TABLE)
        sbuf_adds(out, SLICE("a map with these keys"));
    else
        man_words(k->of, out);
}

static void man_value(const struct key *k, struct sbuf *out)
{
    struct sbuf words;
    sbuf_init(&words, VALUE_MAX);
    sbuf_adds(&words, SLICE("Value: "));
    man_words(k, &words);
    if (k->def)
        sbuf_addf(&words, "; default: %s", k->def);
    else if (k->required)
        sbuf_adds(&words, SLICE("; required"));
    put_mdoc(sbuf_slice(&words), out);
    sbuf_adds(out, SLICE(".\n"));
    sbuf_done(&words);
}

void keys_man(const struct key_table *t, struct sbuf *out)
{
    for (const struct key *k = t->keys; k->name; k++) {
        const struct key_table *inner = k->type == KEY_TABLE ? k->table : k->of ? k->of->table : NULL;
        if (strcmp(k->name, "*") == 0)
            sbuf_adds(out, SLICE(".It Ar any other key\n"));
        else
            sbuf_addf(out, ".It Cm %s\n", k->name);
        if (k->help) {
            put_mdoc(slice_str(k->help), out);
            sbuf_addc(out, '\n');
        }
        if (k->type != KEY_TABLE)
            man_value(k, out);
        if (k->later)
            sbuf_adds(out, SLICE("Accepted, not yet in force.\n"));
        if (inner) {
            sbuf_adds(out, SLICE(".Bl -tag -width Ds\n"));
            keys_man(inner, out);
            sbuf_adds(out, SLICE(".El\n"));
        }
    }
}
