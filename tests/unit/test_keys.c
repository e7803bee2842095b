#include "tests/unit/unit.h"

#include <stdio.h>

#include "base/xalloc.h"
#include "text/json.h"
#include "text/keys.h"

enum colour { COLOUR_NONE, COLOUR_RED, COLOUR_GREEN };

struct tag {
    struct slice name;
    const struct conf_node *value;
};

struct item {
    char *file, *url;
    unsigned short port;
    struct tag *rest;
    unsigned n_rest;
};

struct thing {
    struct slice name;
    char *path;
    bool flag, odd;
    unsigned count;
    int64_t wait_us;
    size_t memory_bytes;
    enum colour colour;
    const struct conf_node *pattern;
    const struct conf_node *any;
    struct {
        unsigned burst;
        char *password;
    } inner;
    struct slice *words;
    unsigned n_words;
    struct key_pair *pairs;
    unsigned n_pairs;
    struct item *items;
    unsigned n_items;
    int sum;
};

static const char *const colours[] = {"", "red", "green", NULL};

static bool odd_bind(struct keys_ctx *c, const struct key *k, const struct conf_node *n, void *at)
{
    (void)k;
    if (!slice_is(n->text, "odd"))
        return conf_error(c->diag, n, "must be odd");
    *(bool *)at = true;
    return true;
}

static void odd_dump(const struct key *k, const void *at, struct sbuf *out)
{
    (void)k;
    sbuf_adds(out, *(const bool *)at ? SLICE("odd") : SLICE(""));
}

static const struct key_custom odd = {odd_bind, odd_dump, "{\"const\": \"odd\"}", "odd"};

static const struct key nested_keys[] = {
    {.name = "burst",
     .type = KEY_INT,
     KEY_AT(struct thing, inner.burst),
     .min = 1,
     .def = "10",
     .help = "The first ones. Then fewer."},
    {.name = "password", .type = KEY_CSTR, KEY_AT(struct thing, inner.password), .secret = true},
    {.name = NULL}};
static const struct key_table inner = {.keys = nested_keys};

static const struct key tag_value = {.type = KEY_TEXT, KEY_AT(struct tag, value)};
static const struct key item_keys[] = {
    {.name = "file", .type = KEY_CSTR, KEY_AT(struct item, file)},
    {.name = "url", .type = KEY_CSTR, KEY_AT(struct item, url)},
    {.name = "port", .type = KEY_INT, KEY_AT(struct item, port), .def = "80"},
    {.name = "*", .type = KEY_MAP, KEY_MANY(struct item, rest, n_rest), .of = &tag_value, .help = "A field."},
    {.name = NULL}};

static bool item_applies(const struct key *k, const void *base, const char **text)
{
    *text = "only a url has one";
    return strcmp(k->name, "port") != 0 || ((const struct item *)base)->url;
}

static const char *const one_of[] = {"file", "url", NULL};
static const struct key_table item = {
    .keys = item_keys, .size = sizeof(struct item), .one_of = one_of, .applies = item_applies, .help = "One item."};
static const struct key item_element = {.type = KEY_TABLE, .table = &item};

static const struct key thing_keys[] = {
    {.name = "name",
     .type = KEY_STRING,
     KEY_AT(struct thing, name),
     .min = 1,
     .required = true,
     .help = ".dots and \\."},
    {.name = "path", .type = KEY_CSTR, KEY_AT(struct thing, path), .def = "/var/x", .max = 10},
    {.name = "flag", .type = KEY_BOOL, KEY_AT(struct thing, flag), .def = "on"},
    {.name = "odd", .type = KEY_CUSTOM, KEY_AT(struct thing, odd), .custom = &odd},
    {.name = "count", .type = KEY_INT, KEY_AT(struct thing, count), .max = 1000, .def = "30", .later = true},
    {.name = "wait", .type = KEY_DURATION, KEY_AT(struct thing, wait_us), .min = 1000, .max = 60000000, .def = "500ms"},
    {.name = "memory", .type = KEY_SIZE, KEY_AT(struct thing, memory_bytes), .def = "32m"},
    {.name = "colour", .type = KEY_ENUM, KEY_AT(struct thing, colour), .names = colours, .def = "red"},
    {.name = "pattern", .type = KEY_TEXT, KEY_AT(struct thing, pattern)},
    {.name = "any", .type = KEY_NODE, KEY_AT(struct thing, any)},
    {.name = "inner", .type = KEY_TABLE, .table = &inner, .help = "Limits."},
    {.name = "words", .type = KEY_LIST, KEY_MANY(struct thing, words, n_words), .of = &key_string, .def = "[a, 'b c']"},
    {.name = "pairs", .type = KEY_MAP, KEY_MANY(struct thing, pairs, n_pairs), .of = &key_pair_string, .max = 2},
    {.name = "items", .type = KEY_LIST, KEY_MANY(struct thing, items, n_items), .of = &item_element},
    {.name = NULL}};

static bool thing_check(struct keys_ctx *c, const struct conf_node *map, void *base)
{
    struct thing *t = base;
    t->sum = (int)t->count + (int)t->inner.burst;
    return t->sum < 900 || conf_error(c->diag, map, "too much");
}

static const struct key_table thing = {
    .keys = thing_keys, .size = sizeof(struct thing), .check = thing_check, .help = "A thing."};

struct bound {
    struct arena arena;
    struct diag diag;
    struct conf_file *file;
    struct thing t;
    bool ok;
};

static struct bound *bind(const char *text)
{
    struct bound *b = xcalloc(1, sizeof *b);
    struct keys_ctx c = {.arena = &b->arena, .diag = &b->diag};
    b->file = conf_parse("t.yaml", slice_str(text), &b->diag);
    ck_assert(b->file != NULL);
    b->ok = keys_bind(&thing, b->file->root, &b->t, &c);
    return b;
}

static void unbind(struct bound *b)
{
    arena_done(&b->arena);
    err_done(&b->diag);
    conf_free(b->file);
    free(b);
}

START_TEST(all_types)
{
    struct bound *b = bind("name: 5\n"
                           "path: /etc\n"
                           "flag: No\n"
                           "odd: odd\n"
                           "wait: 30s\n"
                           "memory: 64k\n"
                           "colour: green\n"
                           "pattern: '\\d+'\n"
                           "any: {x: [1]}\n"
                           "inner: {burst: 7}\n"
                           "words: [x]\n"
                           "pairs: {k: v, l: w}\n"
                           "items:\n"
                           "  - {file: a.log, host: web}\n"
                           "  - url: http://x\n"
                           "    port: 65535\n");
    err_print(&b->diag, stdout);
    ck_assert(b->ok);
    struct thing *t = &b->t;
    ck_slice(t->name, "5");
    ck_assert_str_eq(t->path, "/etc");
    ck_assert(!t->flag && t->odd);
    ck_assert_uint_eq(t->count, 30);
    ck_assert_int_eq(t->wait_us, 30000000);
    ck_assert_uint_eq(t->memory_bytes, 65536);
    ck_assert_int_eq(t->colour, COLOUR_GREEN);
    ck_slice(t->pattern->text, "\\d+");
    ck_assert_int_eq(t->any->type, CONF_MAP);
    ck_assert_uint_eq(t->inner.burst, 7);
    ck_assert_int_eq(t->sum, 37);
    ck_assert_uint_eq(t->n_words, 1);
    ck_assert_uint_eq(t->n_pairs, 2);
    ck_slice(t->pairs[1].name, "l");
    ck_slice(t->pairs[1].value, "w");
    ck_assert_uint_eq(t->n_items, 2);
    ck_assert_str_eq(t->items[0].file, "a.log");
    ck_assert_uint_eq(t->items[0].n_rest, 1);
    ck_slice(t->items[0].rest[0].name, "host");
    ck_slice(t->items[0].rest[0].value->text, "web");
    ck_assert_uint_eq(t->items[1].n_rest, 0);
    ck_assert_uint_eq(t->items[1].port, 65535);
    unbind(b);
}
END_TEST

START_TEST(defaults)
{
    struct bound *b = bind("name: x\nitems:\ninner:\n");
    ck_assert(b->ok);
    ck_assert_str_eq(b->t.path, "/var/x");
    ck_assert(b->t.flag);
    ck_assert_uint_eq(b->t.memory_bytes, 32 << 20);
    ck_assert_int_eq(b->t.colour, COLOUR_RED);
    ck_assert_uint_eq(b->t.inner.burst, 10);
    ck_assert_uint_eq(b->t.n_words, 2);
    ck_slice(b->t.words[1], "b c");
    ck_assert_uint_eq(b->t.n_items, 0);
    ck_assert_ptr_null(b->t.inner.password);
    unbind(b);
}
END_TEST

static const struct {
    const char *text, *want;
} bad[] = {
    {"name: x\nfalg: on\n", "2:1 unknown key \"falg\"; did you mean \"flag\"?"},
    {"name: x\ninner: {zzz: 1}\n", "2:9 unknown key \"zzz\"; known here: burst and password"},
    {"path: /\n", "1:1 the key \"name\" is missing"},
    {"name: ''\n", "1:7 must not be empty"},
    {"name:\n", "1:1 \"name\" must be text, but has no value"},
    {"name: x\npath: /12345678901\n", "2:7 is longer than 10 bytes"},
    {"name: x\npath: [a]\n", "2:7 \"path\" must be text, not a list"},
    {"name: x\nflag: maybe\n", "2:7 \"flag\" must be on or off"},
    {"name: x\nflag: 'on'\n", "2:7 \"flag\" must be on or off"},
    {"name: x\ncount: 1001\n", "2:8 \"count\" must be a whole number from 0 to 1000"},
    {"name: x\ncount: -1\n", "2:8 \"count\" must be a whole number from 0 to 1000"},
    {"name: x\ncount: '5'\n", "2:8 \"count\" must be a whole number from 0 to 1000, without quotes"},
    {"name: x\ncount: 18446744073709551617\n", "2:8 \"count\" must be"},
    {"name: x\ncount: {}\n", "2:8 \"count\" must be a whole number from 0 to 1000, not a map"},
    {"name: x\nwait: 30\n", "2:7 \"wait\" must be a duration such as 500ms, 30s, 10m, 1h or 7d from 1ms to 1m"},
    {"name: x\nwait: 2m\n", "2:7 \"wait\" must be a duration"},
    {"name: x\nwait: 99999999999999999d\n", "2:7 \"wait\" must be a duration"},
    {"name: x\nmemory: 1t\n", "2:9 \"memory\" must be a size such as 64k, 32m or 1g"},
    {"name: x\nmemory: 9999999999999999999g\n", "2:9 \"memory\" must be a size"},
    {"name: x\ncolour: gren\n", "2:9 \"colour\" must be red or green; did you mean \"green\"?"},
    {"name: x\ncolour: ''\n", "2:9 \"colour\" must be red or green"},
    {"name: x\npattern: ''\n", "2:10 must not be empty"},
    {"name: x\nodd: even\n", "2:6 must be odd"},
    {"name: x\ninner: 5\n", "2:8 \"inner\" must be a map: {key: value}"},
    {"name: x\nwords: x\n", "2:8 \"words\" must be a list: [a, b]"},
    {"name: x\nwords: [a, [b]]\n", "2:12 each of \"words\" must be text, not a list"},
    {"name: x\nwords: [a, ~]\n", "2:12 each of \"words\" must be text, but has no value"},
    {"name: x\npairs: {a: 1, b: 2, c: 3}\n", "2:8 \"pairs\" has more than 2 entries"},
    {"name: x\npairs: {a: [1]}\n", "2:12 \"a\" must be text, not a list"},
    {"name: x\nitems: [{file: a, url: b}]\n", "2:19 \"file\" and \"url\" cannot stand in one entry"},
    {"name: x\nitems: [{host: a}]\n", "2:9 one of these keys is missing: file or url"},
    {"name: x\nitems: [{url: a, port: 65536}]\n", "2:24 \"port\" must be a whole number from 0 to 65535"},
    {"name: x\nitems: [5]\n", "2:9 each of \"items\" must be a map"},
    {"name: x\ncount: 895\n", "1:1 too much"},
    {"[a]\n", "1:1 this must be a map"},
};

START_TEST(errors)
{
    struct bound *b = bind(bad[_i].text);
    ck_assert(!b->ok);
    char *got = NULL;
    for (unsigned i = 0; i < b->diag.n; i++)
        if (b->diag.v[i].kind == ERR_ERROR) {
            ck_assert_msg(!got, "one error, not two: %s", b->diag.v[i].text);
            got = xasprintf("%u:%u %s", b->diag.v[i].line, b->diag.v[i].col, b->diag.v[i].text);
        }
    ck_assert_msg(got && strncmp(got, bad[_i].want, strlen(bad[_i].want)) == 0, "got '%s', want '%s'", got,
                  bad[_i].want);
    free(got);
    unbind(b);
}
END_TEST

START_TEST(all_errors_at_once)
{
    struct bound *b = bind("name: x\ncount: x\nflag: x\nzzzzzzzz: 1\ninner: {burst: 0, x: 1}\n");
    ck_assert(!b->ok);
    ck_assert_uint_eq(b->diag.errors, 5);
    unbind(b);
}
END_TEST

START_TEST(warnings)
{
    struct bound *b = bind("name: x\ncount: 3\n");
    ck_assert(b->ok);
    ck_assert_uint_eq(b->diag.warnings, 1);
    ck_assert_str_eq(b->diag.v[0].text, "\"count\" is accepted, but not yet in force");
    ck_assert_uint_eq(b->diag.v[0].line, 2);
    unbind(b);
    b = bind("name: x\nitems: [{file: a, port: 1}]\n");
    ck_assert(b->ok);
    ck_assert_uint_eq(b->diag.warnings, 1);
    ck_assert_str_eq(b->diag.v[0].text, "\"port\" has no meaning here; only a url has one");
    ck_assert_uint_eq(b->diag.v[0].col, 19);
    unbind(b);
}
END_TEST

static char *dump(const struct thing *t)
{
    struct sbuf b;
    sbuf_init(&b, 1 << 16);
    keys_dump(&thing, t, NULL, &b);
    char *text = xstrdup(sbuf_cstr(&b));
    sbuf_done(&b);
    return text;
}

START_TEST(dump_can_be_read_again)
{
    struct bound *b = bind("name: 'a: b'\n"
                           "count: 31\n"
                           "odd: odd\n"
                           "memory: 1536\n"
                           "inner: {password: 'http://u:p@h/x'}\n"
                           "words: ['', \"a\\tb\\\"\", \"it's\", 5, 'on', '#x', 'a:', '-']\n"
                           "pairs: {k: v}\n"
                           "items: [{file: 'a b'}, {url: http://x}]\n");
    /* An empty word is refused; the rest is as nasty as it may be. */
    ck_assert(!b->ok);
    unbind(b);
    b = bind("name: 'a: b'\n"
             "count: 31\n"
             "odd: odd\n"
             "memory: 1536\n"
             "inner: {password: 'http://u:p@h/x'}\n"
             "words: [\"a\\tb\\\"\", \"it's\", 5, 'on', '#x', 'a:', '-', '\xc3\xa4']\n"
             "pairs: {k: v}\n"
             "items: [{file: 'a b'}, {url: http://x}]\n");
    ck_assert(b->ok);
    char *first = dump(&b->t);
    ck_assert_str_eq(first, "name: 'a: b'\n"
                            "path: /var/x  # default\n"
                            "flag: on  # default\n"
                            "odd: odd\n"
                            "count: 31\n"
                            "wait: 500ms  # default\n"
                            "memory: 1536\n"
                            "colour: red  # default\n"
                            "# pattern is not set\n"
                            "# any is not set\n"
                            "inner:\n"
                            "  burst: 10  # default\n"
                            "  password: http://xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx@h/x\n"
                            "words: [\"a\\x09b\\\"\", 'it''s', '5', 'on', '#x', 'a:', '-', '\xc3\xa4']\n"
                            "pairs: {k: v}\n"
                            "items:\n"
                            "  - file: 'a b'\n"
                            "  - url: http://x\n"
                            "    port: 80  # default\n");
    struct bound *again = bind(first);
    err_print(&again->diag, stdout);
    ck_assert(again->ok);
    ck_slice(again->t.words[0], "a\tb\"");
    char *second = dump(&again->t);
    ck_assert_str_eq(first, second);
    free(first);
    free(second);
    unbind(b);
    unbind(again);
}
END_TEST

static void ck_put(void (*put)(struct slice, struct sbuf *), const char *text, const char *want)
{
    struct sbuf b;
    sbuf_init(&b, 1000);
    put(slice_str(text), &b);
    ck_assert_str_eq(sbuf_cstr(&b), want);
    sbuf_done(&b);
}

START_TEST(words)
{
    ck_put(keys_put_masked, "https://key:secret@host:1/42", "https://xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx@host:1/42");
    ck_put(keys_put_masked, "user:pw@proxy:3128", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx@proxy:3128");
    ck_put(keys_put_masked, "http://proxy:3128", "http://proxy:3128");
    ck_put(keys_put_masked, "hunter2", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    ck_put(keys_put_masked, "http://h/a@b", "http://h/a@b");
    ck_put(keys_put_string, "1.5e3", "'1.5e3'");
    ck_put(keys_put_string, "10.0.0.0/8", "10.0.0.0/8");
    ck_put(keys_put_string, "*", "'*'");
    ck_put(keys_put_string, "", "''");
}
END_TEST

static const struct key amount_keys[] = {{.name = "wait", .type = KEY_DURATION, KEY_AT(struct thing, wait_us)},
                                         {.name = "memory", .type = KEY_SIZE, KEY_AT(struct thing, memory_bytes)},
                                         {.name = NULL}};
static const struct key_table amounts = {.keys = amount_keys};

static bool bind_amount(const char *text, struct thing *out)
{
    struct diag d = {0};
    struct arena a = {0};
    struct keys_ctx c = {.arena = &a, .diag = &d};
    struct conf_file *file = conf_parse("amounts", slice_str(text), &d);
    ck_assert_ptr_nonnull(file);
    *out = (struct thing){.wait_us = -1};
    bool ok = keys_bind(&amounts, file->root, out, &c);
    ck_assert(ok == (d.errors == 0));
    conf_free(file);
    arena_done(&a);
    err_done(&d);
    return ok;
}

START_TEST(durations_and_sizes)
{
    static const char *const refused[] = {"wait: 5",   "wait: m",     "wait: -5s", "wait: 1.5h",
                                          "wait: 5 s", "memory: 2kb", "memory: ''"};
    struct thing got;
    ck_assert(bind_amount("wait: 0", &got) && got.wait_us == 0);
    ck_assert(bind_amount("wait: 7d", &got) && got.wait_us == INT64_C(7) * 86400 * 1000000);
    ck_assert(bind_amount("wait: 5ms", &got) && got.wait_us == 5000);
    ck_assert(bind_amount("memory: 2G", &got) && got.memory_bytes == UINT64_C(2) << 30);
    ck_assert(bind_amount("memory: 0", &got) && got.memory_bytes == 0);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        ck_assert_msg(!bind_amount(refused[i], &got), "%s", refused[i]);
}
END_TEST

START_TEST(schema)
{
    struct sbuf b;
    sbuf_init(&b, 1 << 16);
    keys_schema(&thing, "thing", &b);
    struct arena a = {0};
    const struct json_node *root = json_tree(&a, sbuf_slice(&b));
    ck_assert(root != NULL);
    const struct json_node *properties = json_get(root, "properties");
    ck_slice(json_get(json_get(properties, "count"), "maximum")->text, "1000");
    ck_slice(json_get(json_get(properties, "count"), "default")->text, "30");
    ck_assert(json_get(json_get(properties, "flag"), "default")->truth);
    ck_slice(json_get(json_get(properties, "words"), "default")->child->text, "a");
    ck_slice(json_get(root, "required")->child->text, "name");
    const struct json_node *items = json_get(json_get(properties, "items"), "items");
    ck_assert_int_eq(json_get(items, "additionalProperties")->type, JSON_MAP);
    ck_assert(json_get(items, "oneOf") != NULL);
    ck_assert_int_eq(json_get(root, "additionalProperties")->type, JSON_BOOL);
    ck_slice(json_get(json_get(json_get(properties, "odd"), "allOf")->child, "const")->text, "odd");
    arena_done(&a);
    sbuf_done(&b);
}
END_TEST

START_TEST(manual)
{
    struct sbuf b;
    sbuf_init(&b, 1 << 16);
    keys_man(&thing, &b);
    ck_assert_ptr_nonnull(
        strstr(sbuf_cstr(&b), ".It Cm name\n\\&.dots and \\e.\nValue: text; required.\n.It Cm path\n"));
    ck_assert_ptr_nonnull(
        strstr(sbuf_cstr(&b), ".It Cm inner\nLimits.\n.Bl -tag -width Ds\n.It Cm burst\nThe first ones.\nThen fewer.\n"
                              "Value: a whole number from 1 to 2147483647; default: 10.\n"));
    ck_assert_ptr_nonnull(strstr(sbuf_cstr(&b), ".It Ar any other key\nA field.\n"));
    sbuf_done(&b);
}
END_TEST

START_TEST(patterns)
{
    struct bound *b = bind("name: x\npattern: 'a(b'\n");
    ck_assert(b->ok);
    ck_assert_ptr_null(keys_regex(&b->diag, b->t.pattern, false));
    ck_assert_uint_eq(b->diag.v[0].line, 2);
    ck_assert_uint_eq(b->diag.v[0].col, 14);
    ck_assert_ptr_nonnull(strstr(b->diag.v[0].text, "this pattern does not compile: missing closing parenthesis"));
    unbind(b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("keys");
    TCase *t = tcase_create("keys");
    tcase_add_test(t, all_types);
    tcase_add_test(t, defaults);
    tcase_add_loop_test(t, errors, 0, sizeof bad / sizeof *bad);
    tcase_add_test(t, all_errors_at_once);
    tcase_add_test(t, warnings);
    tcase_add_test(t, dump_can_be_read_again);
    tcase_add_test(t, words);
    tcase_add_test(t, durations_and_sizes);
    tcase_add_test(t, schema);
    tcase_add_test(t, manual);
    tcase_add_test(t, patterns);
    suite_add_tcase(s, t);
    return unit_run(s);
}
