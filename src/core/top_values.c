#include "core/top_values.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/xalloc.h"
#include "text/json.h"

enum { SHOWN_BYTES_MAX = 4000 /* of the 8 KiB that a context may hold */ };

struct value {
    uint64_t hash; /* of the value as it came */
    uint64_t count, error;
    char *text;
    unsigned short n, cap;
    bool clean;   /* the text has been scrubbed */
    bool as_came; /* the text is the value as it came */
};

struct name {
    char text[TOP_VALUES_NAME_MAX];
    unsigned char n_text, n, cap;
    unsigned round; /* the last occurrence that had a value */
    bool hidden;
    unsigned char last; /* the value that the last occurrence had, if it is known */
    uint64_t total;
    struct value *values;
};

struct top_values {
    size_t *total, bytes;
    struct name *names;
    unsigned n, next; /* next: where the coming name probably is */
    unsigned round, weight, skip;
    uint64_t random, seen, told;
};

/* --- memory --- */

static void account(struct top_values *v, size_t bytes)
{
    v->bytes += bytes;
    *v->total += bytes;
}

static bool may_grow(const struct top_values *v)
{
    return *v->total < TOP_VALUES_BYTES_MAX;
}

struct top_values *top_values_new(size_t *total)
{
    struct top_values *v = xcalloc(1, sizeof *v);
    v->total = total;
    v->skip = 1;
    v->random = 1;
    account(v, sizeof *v);
    return v;
}

void top_values_free(struct top_values *v)
{
    if (!v)
        return;
    for (unsigned i = 0; i < v->n; i++) {
        for (unsigned k = 0; k < v->names[i].n; k++)
            free(v->names[i].values[k].text);
        free(v->names[i].values);
    }
    free(v->names);
    *v->total -= v->bytes;
    free(v);
}

static bool set_text(struct top_values *v, struct value *value, struct slice text)
{
    if (text.n > value->cap) {
        if (!may_grow(v))
            return false;
        unsigned short cap = (unsigned short)((text.n + 15) / 16 * 16);
        account(v, (size_t)cap - value->cap);
        value->text = xrealloc(value->text, cap, 1);
        value->cap = cap;
    }
    if (text.n)
        memcpy(value->text, text.p, text.n);
    value->n = (unsigned short)text.n;
    return true;
}

/* --- counting --- */

/* Returns how many occurrences to pass over; a fixed stride could walk in step with what it counts. */
static unsigned next_skip(struct top_values *v)
{
    v->random ^= v->random << 13;
    v->random ^= v->random >> 7;
    v->random ^= v->random << 17;
    return 1 + (unsigned)(v->random % (2 * TOP_VALUES_EVERY - 1));
}

bool top_values_begin(struct top_values *v)
{
    v->weight = 1;
    if (++v->seen > TOP_VALUES_ALL) {
        if (--v->skip)
            return false;
        v->skip = next_skip(v);
        v->weight = TOP_VALUES_EVERY;
    }
    v->round++;
    v->next = 0;
    return true;
}

static bool is_name(const struct name *n, struct slice text)
{
    return n->n_text == text.n && memcmp(n->text, text.p, text.n) == 0;
}

/* Finds a name. Names come in the same order each time. v->n: the name is not there. */
static unsigned find_name(const struct top_values *v, struct slice text)
{
    text = slice_sub(text, 0, TOP_VALUES_NAME_MAX);
    for (unsigned i = v->next; i < v->n; i++)
        if (is_name(&v->names[i], text))
            return i;
    for (unsigned i = 0; i < v->next; i++)
        if (is_name(&v->names[i], text))
            return i;
    return v->n;
}

bool top_values_is_new(const struct top_values *v, struct slice name)
{
    return v->n < TOP_VALUES_NAMES_MAX && find_name(v, name) == v->n;
}

static struct name *name_of(struct top_values *v, struct slice text)
{
    unsigned at = find_name(v, text);
    if (at < v->n) {
        v->next = at + 1;
        return &v->names[at];
    }
    text = slice_sub(text, 0, TOP_VALUES_NAME_MAX);
    if (v->n == TOP_VALUES_NAMES_MAX || !may_grow(v))
        return NULL;
    v->names = xrealloc(v->names, v->n + 1, sizeof *v->names);
    account(v, sizeof *v->names);
    struct name *n = &v->names[v->n++];
    *n = (struct name){.n_text = (unsigned char)text.n};
    memcpy(n->text, text.p, text.n);
    v->next = v->n;
    return n;
}

static struct value *rarest(struct name *n)
{
    struct value *least = &n->values[0];
    for (unsigned i = 1; i < n->n; i++)
        if (n->values[i].count < least->count)
            least = &n->values[i];
    return least;
}

static struct value *place_for(struct top_values *v, struct name *n)
{
    if (n->n == TOP_VALUES_VALUES_MAX || (n->n && !may_grow(v)))
        return rarest(n);
    if (!may_grow(v))
        return NULL;
    if (n->n == n->cap) {
        unsigned char cap = n->cap ? (unsigned char)(n->cap * 2) : 1;
        n->values = xrealloc(n->values, cap, sizeof *n->values);
        account(v, (size_t)(cap - n->cap) * sizeof *n->values);
        n->cap = cap;
    }
    struct value *value = &n->values[n->n++];
    *value = (struct value){0};
    return value;
}

void top_values_hide(struct top_values *v, struct slice name)
{
    struct name *n = name.n ? name_of(v, name) : NULL;
    if (n)
        n->hidden = true;
}

bool top_values_checks(const struct top_values *v)
{
    return v->round <= TOP_VALUES_CHECKED || v->round % TOP_VALUES_CHECKED_EVERY == 0;
}

/* Counts one more of a value that is known. Most often that is the value of the last occurrence, which is found without
   a hash. */
static bool count_known(struct top_values *v, struct name *n, struct slice text, uint64_t *hash)
{
    const struct value *last = n->n ? &n->values[n->last] : NULL;
    bool again = last && last->as_came && slice_eq(slice_of(last->text, last->n), text);
    unsigned i = n->last;
    if (!again) {
        *hash = hash128_low(HASH128_START, text); /* kept in stores */
        for (i = 0; i < n->n && n->values[i].hash != *hash;)
            i++;
        if (i == n->n)
            return false;
    }
    n->values[i].count += v->weight;
    n->last = (unsigned char)i;
    return true;
}

void top_values_add(struct top_values *v, struct slice name, struct slice text, struct slice shown)
{
    struct name *n = name.n && text.n ? name_of(v, name) : NULL;
    if (!n || n->hidden || n->round == v->round)
        return;
    n->round = v->round;
    n->total += v->weight;
    uint64_t hash;
    if (text.n > TOP_VALUES_TEXT_MAX || count_known(v, n, text, &hash))
        return;
    struct value *value = shown.p ? place_for(v, n) : NULL;
    if (!value || !set_text(v, value, slice_sub(shown, 0, TOP_VALUES_TEXT_MAX)))
        return;
    value->hash = hash;
    value->error = value->count;
    value->count += v->weight;
    value->clean = false;
    value->as_came = slice_eq(shown, text);
    n->last = (unsigned char)(value - n->values);
}

/* --- telling --- */

void top_values_scrub(struct top_values *v, struct scrub *s)
{
    struct arena a = {0};
    for (unsigned i = 0; i < v->n; i++)
        for (unsigned k = 0; k < v->names[i].n; k++) {
            struct value *value = &v->names[i].values[k];
            struct slice name = slice_of(v->names[i].text, v->names[i].n_text), was = slice_of(value->text, value->n);
            struct slice text = value->clean ? was : scrub_value(s, name, was, &a);
            value->clean = true;
            value->as_came &= text.p == was.p;
            if (text.p != was.p && !set_text(v, value, slice_sub(text, 0, TOP_VALUES_TEXT_MAX)))
                value->n = 0; /* there is no room for the mark that stands for the secret */
        }
    arena_done(&a);
}

static int top_values_by_count(const void *pa, const void *pb)
{
    const struct value *a = pa, *b = pb;
    uint64_t sure_a = a->count - a->error, sure_b = b->count - b->error;
    return sure_a != sure_b ? (sure_a < sure_b ? 1 : -1) : 0;
}

static void put_line(struct json *j, const struct top_values *v, uint64_t count, struct slice text)
{
    struct sbuf line;
    sbuf_init(&line, TOP_VALUES_TEXT_MAX + 64);
    sbuf_addf(&line, "%s%llu \xc3\x97 ", v->seen > TOP_VALUES_ALL ? "~" : "", (unsigned long long)count);
    sbuf_adds(&line, text);
    json_str(j, sbuf_slice(&line));
    sbuf_done(&line);
}

/* Copies the values worth telling, the commonest first. Where one has pushed another out, a single occurrence tells
 * nothing. */
static unsigned to_show(const struct name *n, struct value out[TOP_VALUES_VALUES_MAX])
{
    uint64_t counted = 0;
    unsigned shown = 0;
    for (unsigned i = 0; i < n->n; i++)
        counted += n->values[i].count - n->values[i].error;
    for (unsigned i = 0; i < n->n; i++)
        if (n->values[i].n && (counted == n->total || n->values[i].count - n->values[i].error > TOP_VALUES_EVERY))
            out[shown++] = n->values[i];
    qsort(out, shown, sizeof *out, top_values_by_count);
    bool one = n->n == 1 && n->values[0].count == n->total;
    return one ? 0 : shown < TOP_VALUES_SHOWN_MAX ? shown : TOP_VALUES_SHOWN_MAX;
}

static bool show_name(struct json *j, const struct top_values *v, const struct name *n)
{
    struct value values[TOP_VALUES_VALUES_MAX];
    unsigned shown = to_show(n, values);
    uint64_t others = n->total;
    if (!shown)
        return false;
    json_key_s(j, slice_of(n->text, n->n_text));
    json_array(j);
    for (unsigned i = 0; i < shown; i++) {
        put_line(j, v, values[i].count - values[i].error, slice_of(values[i].text, values[i].n));
        others -= values[i].count - values[i].error;
    }
    if (others)
        put_line(j, v, others, SLICE("others"));
    json_array_end(j);
    return true;
}

bool top_values_show(const struct top_values *v, struct sbuf *out)
{
    struct json j;
    struct sbuf text;
    bool any = false;
    sbuf_init(&text, 8 * SHOWN_BYTES_MAX);
    json_start(&j, &text);
    json_map(&j);
    for (unsigned i = 0; i < v->n && text.n < SHOWN_BYTES_MAX; i++)
        any |= show_name(&j, v, &v->names[i]);
    json_map_end(&j);
    json_end(&j);
    any = any && !text.over;
    if (any)
        sbuf_adds(out, sbuf_slice(&text));
    sbuf_done(&text);
    return any;
}

/* --- the store --- */

bool top_values_due(const struct top_values *v)
{
    return v->seen > v->told + v->told / 8;
}

bool top_values_told(const struct top_values *v)
{
    return v->told > 0;
}

static void put_number(struct json *j, uint64_t v)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)v);
    json_raw(j, slice_str(text));
}

/* [seen, [[name, total, [text, hash, count, error]…]…]] */
void top_values_write(struct top_values *v, struct sbuf *out)
{
    struct json j;
    json_start(&j, out);
    json_array(&j);
    put_number(&j, v->seen);
    for (unsigned i = 0; i < v->n; i++) {
        const struct name *n = &v->names[i];
        if (n->hidden)
            continue;
        json_array(&j);
        json_str(&j, slice_of(n->text, n->n_text));
        put_number(&j, n->total);
        for (unsigned k = 0; k < n->n; k++) {
            json_array(&j);
            json_str(&j, slice_of(n->values[k].text, n->values[k].n));
            put_number(&j, n->values[k].hash);
            put_number(&j, n->values[k].count);
            put_number(&j, n->values[k].error);
            json_array_end(&j);
        }
        json_array_end(&j);
    }
    json_array_end(&j);
    json_end(&j);
    v->told = v->seen;
}

/* Takes the next element of an array if it is of this type. */
static const struct json_node *take(const struct json_node **at, enum json_type type)
{
    const struct json_node *n = *at && (*at)->type == type ? *at : NULL;
    *at = n ? n->next : NULL;
    return n;
}

static uint64_t take_number(const struct json_node **at)
{
    const struct json_node *n = take(at, JSON_NUMBER);
    uint64_t v = 0;
    if (n)
        slice_u64(n->text, &v);
    return v;
}

static void read_value(struct top_values *v, struct name *n, const struct json_node *at)
{
    const struct json_node *text = take(&at, JSON_STRING);
    struct value *value = text && n->n < TOP_VALUES_VALUES_MAX ? place_for(v, n) : NULL;
    if (!value || !set_text(v, value, slice_sub(text->text, 0, TOP_VALUES_TEXT_MAX)))
        return;
    value->hash = take_number(&at);
    value->count = take_number(&at);
    value->error = take_number(&at);
    value->error = value->error < value->count ? value->error : value->count;
    value->clean = true;
}

static void read_name(struct top_values *v, const struct json_node *at)
{
    const struct json_node *text = take(&at, JSON_STRING);
    struct name *n = text && text->text.n ? name_of(v, text->text) : NULL;
    uint64_t counted = 0;
    if (!n || n->n)
        return;
    n->total = take_number(&at);
    for (const struct json_node *value; (value = take(&at, JSON_ARRAY)) != NULL;)
        read_value(v, n, value->child);
    for (unsigned i = 0; i < n->n; i++)
        counted += n->values[i].count - n->values[i].error;
    n->total = n->total > counted
                   ? n->total
                   : counted; /* the numbers that are shown must add up, whatever the store's file says */
}

struct top_values *top_values_read(struct slice text, size_t *total)
{
    struct arena a = {0};
    const struct json_node *root = json_tree(&a, text);
    struct top_values *v = NULL;
    if (root && root->type == JSON_ARRAY) {
        const struct json_node *at = root->child;
        v = top_values_new(total);
        v->seen = v->told = take_number(&at);
        for (const struct json_node *name; (name = take(&at, JSON_ARRAY)) != NULL;)
            read_name(v, name->child);
    }
    arena_done(&a);
    return v;
}
