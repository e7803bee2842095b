#include "text/keys.h"

#include <assert.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "base/xalloc.h"

enum { CLIP_POINTS = 80, WORDS_MAX = 4096 };

const struct key key_string = {.type = KEY_STRING, .size = sizeof(struct slice), .min = 1};
const struct key key_pair_string = {.type = KEY_STRING, KEY_AT(struct key_pair, value), .min = 1};

static bool bind_value(struct keys_ctx *c, const struct key *k, const char *label, const struct conf_node *n,
                       void *base);
static void set_defaults(const struct key_table *t, void *base, struct arena *a);

static struct slice clip(struct slice s)
{
    return utf8_prefix(s, CLIP_POINTS);
}

bool keys_bool(struct slice s, bool *out)
{
    static const char *const words[] = {"on", "true", "yes", "off", "false", "no"};
    for (int i = 0; i < 6; i++)
        if (slice_ieq(s, slice_str(words[i]))) {
            *out = i < 3;
            return true;
        }
    return false;
}

/* A whole number and the unit behind it. */
static bool number_unit(struct slice s, uint64_t *number, struct slice *unit)
{
    size_t digits = 0;
    while (digits < s.n && ascii_digit(s.p[digits]))
        digits++;
    *unit = slice_from(s, digits);
    return slice_u64(slice_sub(s, 0, digits), number);
}

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first, so that printing finds the shortest form. */
static const struct unit durations[] = {
    {"d", INT64_C(86400000000)}, {"h", INT64_C(3600000000)}, {"m", 60000000}, {"s", 1000000}, {"ms", 1000}, {NULL, 0}};
static const struct unit sizes[] = {{"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}, {"", 1}, {NULL, 0}};

static bool scaled(struct slice s, const struct unit *units, int64_t *out)
{
    uint64_t number;
    struct slice unit;
    int64_t v;
    if (!number_unit(s, &number, &unit))
        return false;
    for (; units->name; units++)
        if (slice_ieq(unit, slice_str(units->name)) && !__builtin_mul_overflow(number, units->factor, &v)) {
            *out = v;
            return true;
        }
    return false;
}

bool keys_duration(struct slice s, int64_t *out_us)
{
    if (slice_is(s, "0")) {
        *out_us = 0;
        return true;
    }
    return scaled(s, durations, out_us);
}

static bool read_size(struct slice s, uint64_t *out_bytes)
{
    int64_t v;
    if (!scaled(s, sizes, &v))
        return false;
    *out_bytes = (uint64_t)v;
    return true;
}

static void put_scaled(int64_t v, const struct unit *units, struct sbuf *out)
{
    while (units[1].name && v % units->factor != 0)
        units++;
    sbuf_addf(out, "%lld%s", (long long)(v / units->factor), units->name);
}

void keys_put_duration(int64_t us, struct sbuf *out)
{
    if (us == 0)
        sbuf_addc(out, '0');
    else
        put_scaled(us, durations, out);
}

void keys_put_size(uint64_t bytes, struct sbuf *out)
{
    if (bytes == 0)
        sbuf_addc(out, '0');
    else
        put_scaled((int64_t)bytes, sizes, out);
}

int64_t keys_max(const struct key *k)
{
    if (k->max)
        return k->max;
    if (k->type == KEY_DURATION)
        return INT64_C(36500) * 86400000000;
    int64_t fits = k->size >= 8 ? INT64_C(1) << 50 : (INT64_C(1) << (8 * k->size)) - 1;
    return k->type == KEY_INT && fits > INT32_MAX ? INT32_MAX : fits;
}

static void put_range(const struct key *k, void (*put)(int64_t v, struct sbuf *out), struct sbuf *out)
{
    if (!k->min && !k->max)
        return;
    sbuf_adds(out, SLICE(" from "));
    put(k->min, out);
    sbuf_adds(out, SLICE(" to "));
    put(keys_max(k), out);
}

static void put_size(int64_t v, struct sbuf *out)
{
    keys_put_size((uint64_t)v, out);
}

static void put_names(const char *const *names, const char *last, struct sbuf *out)
{
    for (bool first = true; *names; names++) {
        if (!(*names)[0])
            continue;
        sbuf_addf(out, "%s%s", first ? "" : names[1] ? ", " : last, *names);
        first = false;
    }
}

void keys_words(const struct key *k, struct sbuf *out)
{
    switch (k->type) {
    case KEY_STRING:
    case KEY_CSTR:
    case KEY_TEXT:
        sbuf_adds(out, SLICE("text"));
        break;
    case KEY_BOOL:
        sbuf_adds(out, SLICE("on or off"));
        break;
    case KEY_INT:
        if (k->min == keys_max(k))
            sbuf_addf(out, "%lld", (long long)k->min);
        else
            sbuf_addf(out, "a whole number from %lld to %lld", (long long)k->min, (long long)keys_max(k));
        break;
    case KEY_DURATION:
        sbuf_adds(out, SLICE("a duration such as 500ms, 30s, 10m, 1h or 7d"));
        put_range(k, keys_put_duration, out);
        break;
    case KEY_SIZE:
        sbuf_adds(out, SLICE("a size such as 64k, 32m or 1g"));
        put_range(k, put_size, out);
        break;
    case KEY_ENUM:
        put_names(k->names, " or ", out);
        break;
    case KEY_NODE:
        sbuf_adds(out, SLICE("a value"));
        break;
    case KEY_TABLE:
    case KEY_MAP:
        sbuf_adds(out, SLICE("a map: {key: value}"));
        break;
    case KEY_LIST:
        sbuf_adds(out, SLICE("a list: [a, b]"));
        break;
    case KEY_CUSTOM:
        sbuf_adds(out, slice_str(k->custom->words));
        break;
    }
}

/* Words of other programs, and what they are called here. */
static const struct {
    const char *other, *ours;
} synonyms[] = {
    {"emerg", "fatal"},
    {"emergency", "fatal"},
    {"alert", "fatal"},
    {"critical", "fatal"},
    {"crit", "fatal"},
    {"panic", "fatal"},
    {"severe", "error"},
    {"warn", "warning"},
    {"notice", "info"},
    {"trace", "debug"},
    {"verbose", "debug"},
    {"breadcrumb", "crumb"},
    {"ignore", "drop"},
    {"discard", "drop"},
    {"skip", "drop"},
    {"send", "event"},
    {"nginx", "nginx-error"},
    {"access", "nginx-access"},
    {"combined", "nginx-access"},
    {"kubernetes", "cri"},
    {"containerd", "cri"},
    {"plain", "text"},
    {"raw", "text"},
    {"rfc5424", "syslog"},
    {"beginning", "start"},
    {"tail", "end"},
};

static bool is_one_of(const char *word, const char *const *names)
{
    while (*names && strcmp(word, *names) != 0)
        names++;
    return *names != NULL;
}

const char *keys_nearest(struct slice word, const char *const *names)
{
    const char *near = err_nearest(word, names);
    for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms && !near; i++)
        if (slice_ieq(word, slice_str(synonyms[i].other)) && is_one_of(synonyms[i].ours, names))
            near = synonyms[i].ours;
    return near;
}

/* A secret's own line is not shown: what is printed goes to logs. */
static struct err_place place_of(const struct key *k, const struct conf_node *n)
{
    struct err_place at = conf_place(n);
    if (k->secret)
        at.source = SLICE_NONE;
    return at;
}

/* What the value is instead, where a word of it helps. */
static const char *instead(const struct key *k, const struct conf_node *n)
{
    if (conf_null(n))
        return ", but has no value";
    if (n->type != CONF_SCALAR)
        return n->type == CONF_LIST ? ", not a list" : ", not a map";
    return k->type == KEY_INT && n->quoted ? ", without quotes" : "";
}

/* `"key" must be …`; entries of a list have no name of their own. */
static bool wrong(struct keys_ctx *c, const struct key *k, const char *label, const struct conf_node *n)
{
    struct sbuf words;
    sbuf_init(&words, WORDS_MAX);
    keys_words(k, &words);
    sbuf_addf(&words, "%s", instead(k, n));
    const char *near = k->type == KEY_ENUM && n->type == CONF_SCALAR ? keys_nearest(n->text, k->names) : NULL;
    if (near)
        sbuf_addf(&words, "; did you mean \"%s\"?", near);
    if (n->key.p)
        err_add(c->diag, ERR_ERROR, place_of(k, n), "\"%.*s\" must be %s", SLICE_ARG(clip(n->key)), sbuf_cstr(&words));
    else
        err_add(c->diag, ERR_ERROR, place_of(k, n), "each of \"%s\" must be %s", label, sbuf_cstr(&words));
    sbuf_done(&words);
    return false;
}

static void store_int(const struct key *k, void *at, int64_t v)
{
    switch (k->size) {
    case 1:
        *(uint8_t *)at = (uint8_t)v;
        return;
    case 2:
        *(uint16_t *)at = (uint16_t)v;
        return;
    case 4:
        *(uint32_t *)at = (uint32_t)v;
        return;
    default:
        assert(k->size == 8);
        *(int64_t *)at = v;
    }
}

/* Text to the number that is stored; false when it is none or out of range. */
static bool read_number(const struct key *k, const struct conf_node *n, int64_t *out)
{
    uint64_t u = 0;
    int64_t v = 0;
    bool ok;
    if (k->type == KEY_DURATION)
        ok = keys_duration(n->text, &v);
    else if (k->type == KEY_SIZE)
        ok = read_size(n->text, &u);
    else
        ok = !n->quoted && slice_u64(n->text, &u);
    if (k->type != KEY_DURATION) {
        ok = ok && u <= INT64_MAX;
        v = (int64_t)u;
    }
    if (!ok || v < k->min || v > keys_max(k))
        return false;
    *out = v;
    return true;
}

static bool bind_string(struct keys_ctx *c, const struct key *k, const char *label, const struct conf_node *n, void *at)
{
    if (n->type != CONF_SCALAR || conf_null(n))
        return wrong(c, k, label, n);
    if (n->text.n < (size_t)k->min)
        return conf_error(c->diag, n, k->min == 1 ? "must not be empty" : "is too short");
    if (k->max && n->text.n > (size_t)k->max)
        return conf_error(c->diag, n, "is longer than %lld bytes", (long long)k->max);
    if (k->type == KEY_STRING)
        *(struct slice *)at = arena_dup(c->arena, n->text);
    else
        *(char **)at = arena_cstr(c->arena, n->text);
    return true;
}

static bool bind_scalar(struct keys_ctx *c, const struct key *k, const char *label, const struct conf_node *n, void *at)
{
    int64_t v;
    if (n->type != CONF_SCALAR)
        return wrong(c, k, label, n);
    if (k->type == KEY_BOOL)
        return (!n->quoted && keys_bool(n->text, at)) || wrong(c, k, label, n);
    if (k->type == KEY_ENUM) {
        for (unsigned i = 0; k->names[i]; i++)
            if (n->text.n && slice_is(n->text, k->names[i])) {
                store_int(k, at, i);
                return true;
            }
        return wrong(c, k, label, n);
    }
    if (!read_number(k, n, &v))
        return wrong(c, k, label, n);
    store_int(k, at, v);
    return true;
}

static bool named_elsewhere(const struct key_table *t, struct slice name)
{
    for (const struct key *k = t->keys; k->name; k++)
        if (slice_is(name, k->name))
            return true;
    return false;
}

/* Elements of a list or of a map with free names. `except`: the table whose own names are not free. */
static bool bind_many(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *base,
                      const struct key_table *except)
{
    char *at = base;
    unsigned count = 0;
    bool ok = true;
    if (k->min && n->n < (unsigned)k->min)
        return conf_error(c->diag, n, "\"%s\" needs at least %lld %s", k->name, (long long)k->min,
                          k->min == 1 ? "entry" : "entries");
    if (k->max && n->n > (unsigned)k->max)
        return conf_error(c->diag, n, "\"%s\" has more than %lld entries", k->name, (long long)k->max);
    char *v = n->n ? arena_calloc(c->arena, n->n, k->elem_size) : NULL;
    for (const struct conf_node *e = n->child; e; e = e->next) {
        if (except && named_elsewhere(except, e->key))
            continue;
        char *elem = v + count++ * k->elem_size;
        if (k->type == KEY_MAP)
            *(struct slice *)(void *)elem = arena_dup(c->arena, e->key);
        ok &= bind_value(c, k->of, k->name, e, elem);
    }
    *(void **)(void *)(at + k->offset) = v;
    *(unsigned *)(void *)(at + k->n_offset) = count;
    return ok;
}

static bool bind_text(struct keys_ctx *c, const struct key *k, const char *label, const struct conf_node *n,
                      const struct conf_node **at)
{
    if (n->type != CONF_SCALAR || conf_null(n))
        return wrong(c, k, label, n);
    if (n->text.n == 0)
        return conf_error(c->diag, n, "must not be empty");
    *at = n;
    return true;
}

/* "inputs:" with all below it commented out. */
static bool is_emptied(const struct key *k, const struct conf_node *n)
{
    bool holds_more = k->type == KEY_TABLE || k->type == KEY_LIST || k->type == KEY_MAP;
    return holds_more && conf_null(n) && n->key.p && !k->min;
}

static bool bind_value(struct keys_ctx *c, const struct key *k, const char *label, const struct conf_node *n,
                       void *base)
{
    void *at = (char *)base + k->offset;
    if (is_emptied(k, n))
        return true;
    switch (k->type) {
    case KEY_STRING:
    case KEY_CSTR:
        return bind_string(c, k, label, n, at);
    case KEY_TEXT:
        return bind_text(c, k, label, n, at);
    case KEY_NODE:
        *(const struct conf_node **)at = n;
        return true;
    case KEY_TABLE:
        return n->type == CONF_MAP ? keys_bind(k->table, n, at, c) : wrong(c, k, label, n);
    case KEY_LIST:
        return n->type == CONF_LIST ? bind_many(c, k, n, base, NULL) : wrong(c, k, label, n);
    case KEY_MAP:
        return n->type == CONF_MAP ? bind_many(c, k, n, base, NULL) : wrong(c, k, label, n);
    case KEY_CUSTOM:
        return k->custom->bind(c, k, n, at);
    default:
        return bind_scalar(c, k, label, n, at);
    }
}

enum { NAMES_MAX = 128, NAMES_SHOWN = 12 };

static void unknown(struct keys_ctx *c, const struct key_table *t, const struct conf_node *n)
{
    const char *names[NAMES_MAX + 1];
    unsigned count = 0;
    for (const struct key *k = t->keys; k->name && count < NAMES_MAX; k++)
        names[count++] = k->name;
    names[count] = NULL;
    /* Beyond DIAG_MAX nothing is shown, and looking for the nearest of each of 100 000 keys would take
     * seconds. */
    const char *near = c->diag->n < DIAG_MAX ? err_nearest(n->key, names) : NULL;
    struct sbuf known;
    sbuf_init(&known, WORDS_MAX);
    if (count <= NAMES_SHOWN)
        put_names(names, " and ", &known);
    if (near)
        err_add(c->diag, ERR_ERROR, conf_key_place(n), "unknown key \"%.*s\"; did you mean \"%s\"?",
                SLICE_ARG(clip(n->key)), near);
    else
        err_add(c->diag, ERR_ERROR, conf_key_place(n), "unknown key \"%.*s\"%s%s", SLICE_ARG(clip(n->key)),
                known.n ? "; known here: " : "", sbuf_cstr(&known));
    sbuf_done(&known);
}

static bool check_one_of(struct keys_ctx *c, const struct key_table *t, const struct conf_node *map)
{
    const struct conf_node *first = NULL;
    for (const char *const *name = t->one_of; name && *name; name++) {
        const struct conf_node *n = conf_get(map, *name);
        if (n && first) {
            err_add(c->diag, ERR_ERROR, conf_key_place(n), "\"%.*s\" and \"%s\" cannot stand in one entry",
                    SLICE_ARG(first->key), *name);
            return false;
        }
        first = n ? n : first;
    }
    if (first || !t->one_of)
        return true;
    struct sbuf names;
    sbuf_init(&names, WORDS_MAX);
    put_names(t->one_of, " or ", &names);
    conf_error(c->diag, map, "one of these keys is missing: %s", sbuf_cstr(&names));
    sbuf_done(&names);
    return false;
}

static bool check_required(struct keys_ctx *c, const struct key_table *t, const struct conf_node *map)
{
    bool ok = true;
    for (const struct key *k = t->keys; k->name; k++) {
        const struct conf_node *n = conf_get(map, k->name);
        if ((!n || conf_null(n)) && k->required)
            ok = conf_error(c->diag, map, "the key \"%s\" is missing", k->name);
    }
    return ok;
}

static void warn(struct keys_ctx *c, const struct key_table *t, const struct conf_node *map, const void *base)
{
    for (const struct key *k = t->keys; k->name; k++) {
        const struct conf_node *n = conf_get(map, k->name);
        const char *text = NULL;
        if (n && t->applies && !t->applies(k, base, &text))
            err_add(c->diag, ERR_WARNING, conf_key_place(n), "\"%s\" has no meaning here%s%s", k->name,
                    text ? "; " : "", text ? text : "");
        if (n && k->later)
            err_add(c->diag, ERR_WARNING, conf_key_place(n), "\"%s\" is accepted, but not yet in force", k->name);
    }
}

static bool bind_keys(struct keys_ctx *c, const struct key_table *t, const struct conf_node *map, void *base)
{
    bool ok = true;
    for (const struct conf_node *n = map->child; n; n = n->next) {
        const struct key *k = t->keys, *rest = NULL;
        for (; k->name && !slice_is(n->key, k->name); k++)
            if (strcmp(k->name, "*") == 0)
                rest = k;
        if (k->name && k != rest) {
            ok &= bind_value(c, k, k->name, n, base);
        } else if (!rest) {
            unknown(c, t, n);
            ok = false;
        }
    }
    for (const struct key *k = t->keys; k->name; k++)
        if (strcmp(k->name, "*") == 0)
            ok &= bind_many(c, k, map, base, t);
    return ok;
}

bool keys_bind(const struct key_table *t, const struct conf_node *map, void *base, struct keys_ctx *c)
{
    set_defaults(t, base, c->arena);
    if (!map)
        return true;
    if (map->type != CONF_MAP)
        return conf_error(c->diag, map, "this must be a map: \"key: value\" lines");
    bool ok = bind_keys(c, t, map, base);
    if (!check_one_of(c, t, map) || !ok) /* what follows looks at values */
        return false;
    if (!check_required(c, t, map) || (t->check && !t->check(c, map, base)))
        return false;
    warn(c, t, map, base);
    return true;
}

/* The table's own text goes the way of a person's; that it passes is the table's promise. */
static void set_default(const struct key *k, void *base, struct arena *a)
{
    struct diag d = {0};
    struct keys_ctx c = {.arena = a, .diag = &d};
    struct conf_file plain = {.name = NULL}, *parsed = NULL;
    struct conf_node scalar = {.type = CONF_SCALAR, .text = slice_str(k->def), .file = &plain};
    const struct conf_node *n = &scalar;
    assert(k->type != KEY_TEXT && k->type != KEY_NODE); /* they would keep the node */
    if (strchr("[{'\"", k->def[0])) {
        parsed = conf_parse("default", slice_str(k->def), &d);
        n = parsed ? parsed->root : NULL;
    }
    bool ok = n && bind_value(&c, k, k->name, n, base);
    assert(ok);
    conf_free(parsed);
}

static void set_defaults(const struct key_table *t, void *base, struct arena *a)
{
    for (const struct key *k = t->keys; k->name; k++) {
        if (k->def)
            set_default(k, base, a);
        else if (k->type == KEY_TABLE)
            set_defaults(k->table, (char *)base + k->offset, a);
    }
}

struct regex *keys_regex(struct diag *d, const struct conf_node *n, bool ignore_case)
{
    size_t offset;
    char message[256];
    struct regex *re = regex_compile(n->text, ignore_case, &offset, message);
    if (!re)
        err_add(d, ERR_ERROR, conf_place_in(n, offset), "this pattern does not compile: %s", message);
    return re;
}
