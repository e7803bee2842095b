#include "tests/unit/unit.h"

#include <stdio.h>

#include "base/xalloc.h"
#include "text/conf.h"

static struct conf_file *parse(const char *text, struct diag *d)
{
    return conf_parse("t.yaml", slice_str(text), d);
}

/* The first entry as "line:col text". */
static void ck_refused_s(struct slice text, const char *want)
{
    struct diag d = {0};
    struct conf_file *f = conf_parse("t.yaml", text, &d);
    ck_assert_msg(!f, "taken, but want: %s", want);
    ck_assert_uint_eq(d.n, 1);
    char *got = xasprintf("%u:%u %s", d.v[0].line, d.v[0].col, d.v[0].text);
    ck_assert_msg(strncmp(got, want, strlen(want)) == 0, "got '%s', want '%s'", got, want);
    ck_assert_str_eq(d.v[0].file, "t.yaml");
    free(got);
    err_done(&d);
}

static void ck_refused(const char *text, const char *want)
{
    ck_refused_s(slice_str(text), want);
}

static void ck_json(const char *text, const char *want)
{
    struct diag d = {0};
    struct conf_file *f = parse(text, &d);
    if (!f)
        err_print(&d, stdout);
    ck_assert(f && f->root);
    struct sbuf b;
    sbuf_init(&b, 1 << 20);
    conf_json(f->root, &b);
    ck_assert_str_eq(sbuf_cstr(&b), want);
    sbuf_done(&b);
    conf_free(f);
}

START_TEST(places)
{
    struct diag d = {0};
    struct conf_file *f = parse("\xef\xbb\xbf# head\n"
                                "a: 1\r\n"
                                "\xc3\xa4: \"\xc3\xbc x\"\n"
                                "lit: |\n"
                                "  foo\n"
                                "  b(r\n"
                                "l: [a, {\xc3\xb6: c}]\n"
                                "n:\n"
                                "q: 'x''y'\n",
                                &d);
    ck_assert(f != NULL);
    ck_assert_uint_eq(f->root->n, 6);
    const struct conf_node *n = conf_get(f->root, "a");
    ck_slice(n->text, "1");
    ck_assert_uint_eq(n->line, 2);
    ck_assert_uint_eq(n->col, 4);
    n = conf_get(f->root, "\xc3\xa4");
    ck_slice(n->text, "\xc3\xbc x");
    ck_assert(n->quoted);
    ck_assert_uint_eq(n->key_line, 3);
    ck_assert_uint_eq(n->col, 5);
    n = conf_get(f->root, "lit");
    ck_slice(n->text, "foo\nb(r\n");
    struct err_place p = conf_place_in(n, 5);
    ck_assert_uint_eq(p.line, 6);
    ck_assert_uint_eq(p.col, 4);
    n = conf_get(f->root, "l")->child->next;
    ck_assert_uint_eq(n->type, CONF_MAP);
    ck_assert_uint_eq(n->line, 7);
    ck_assert_uint_eq(n->col, 8);
    ck_assert_uint_eq(n->child->key_col, 9);
    ck_assert_uint_eq(n->child->col, 13);
    n = conf_get(f->root, "n");
    ck_assert(conf_null(n));
    ck_assert_uint_eq(n->line, 8);
    ck_assert_uint_eq(n->col, 1);
    n = conf_get(f->root, "q");
    p = conf_place_in(n, 1);
    ck_assert_uint_eq(p.col, 6);
    p = conf_place_in(n, 3); /* behind the doubled quote: the scalar itself */
    ck_assert_uint_eq(p.col, 4);
    ck_assert_ptr_null(conf_get(f->root, "absent"));
    ck_assert_ptr_null(conf_get(n, "absent"));
    ck_assert_ptr_null(conf_get(NULL, "absent"));
    conf_free(f);
    err_done(&d);
}
END_TEST

/* Of what is left out the place is its key's, or that of its list, whatever libfyaml makes of it. */
START_TEST(places_of_nothing)
{
    static const struct {
        const char *text;
        unsigned line, col;
    } texts[] = {{"a:\n", 1, 1},          {"  a:   # nothing\n", 1, 3}, {"\n'a': \nb: 1\n", 2, 1},
                 {"{b: 1, a: }\n", 1, 8}, {"{b: 1, a}\n", 1, 8},        {"a: &x\n", 1, 1},
                 {"b: 1\na:\n\n\n", 2, 1}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct diag d = {0};
        struct conf_file *f = parse(texts[i].text, &d);
        ck_assert_msg(f && f->root, "%s", texts[i].text);
        const struct conf_node *n = conf_get(f->root, "a");
        ck_assert_msg(n && conf_null(n) && n->line == texts[i].line && n->col == texts[i].col, "%s is at %u:%u",
                      texts[i].text, n->line, n->col);
        conf_free(f);
        err_done(&d);
    }
    struct diag d = {0};
    struct conf_file *f = parse("b:\n  -\n  - \n  - 1\n", &d);
    for (const struct conf_node *n = conf_get(f->root, "b")->child; n->next; n = n->next)
        ck_assert_msg(n->line == 2 && n->col == 3, "%u:%u", n->line, n->col);
    conf_free(f);
}
END_TEST

START_TEST(empty_files)
{
    static const char *const texts[] = {"", "\n\n", "# only a comment\n", "---\n", "--- ~\n...\n", "\xef\xbb\xbf"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct diag d = {0};
        struct conf_file *f = parse(texts[i], &d);
        ck_assert_msg(f && !f->root, "text %zu", i);
        ck_assert_uint_eq(d.n, 0);
        conf_free(f);
    }
}
END_TEST

START_TEST(bytes_that_libfyaml_never_sees)
{
    ck_refused("%YAML 1.2\n---\na: 1\n", "1:1 a line must not begin with '%'");
    ck_refused("a: 1\n%TAG ! x\n", "2:1 a line must not begin");
    ck_refused("a: \xe4\n", "1:4 byte 0xe4 is not valid UTF-8");
    ck_refused("a: \xed\xa0\x80\n", "1:4 byte 0xed is not valid UTF-8");
    ck_refused("a: 1\nb: \x01\n", "2:4 control byte 0x01");
    ck_refused("a: \x7f\n", "1:4 control byte 0x7f");
    ck_refused_s(SLICE("a: \0\n"), "1:4 control byte 0x00");
    ck_refused("a: 1\rb: 2\n", "1:5 a carriage return without");
    size_t n = (size_t)CONF_BYTES_MAX + 1;
    char *big = xmalloc(n);
    memset(big, '\n', n);
    ck_refused_s(slice_of(big, n), "0:0 larger than 16 MiB");
    free(big);
}
END_TEST

START_TEST(not_yaml)
{
    ck_refused("a:\n\t- b\n", "2:1 a tab cannot indent YAML");
    ck_refused("a: b: c\n", "1:5 a value with \": \" in it");
    ck_refused("a: \"x\n", "1:5 double-quoted scalar without closing quote");
    ck_refused("a: [1, 2\n", "2:1 flow sequence without a closing bracket");
    ck_refused("\xc3\xa4\xc3\xa4: [\xc3\xa4, ]]\n", "1:");
    ck_refused("a: 1\n- b\n", "2:1 expected \"key: value\" here");
}
END_TEST

START_TEST(refused_by_us)
{
    ck_refused("a: 1\n---\nb: 1\n", "2:1 a second document");
    ck_refused("a: !foo b\n", "1:4 tags (!name) are not supported");
    ck_refused("a: 1\nb: 2\na: 3\n", "3:1 duplicate key \"a\", first on line 1");
    ck_refused("x:\n  - {k: 1, \"k\": 2}\n", "2:12 duplicate key \"k\"");
    ck_refused("? [a, b]\n: c\n", "1:3 a key must be plain text");
    ck_refused(": c\n", "1:1 a key is missing");
    ck_refused("a: *nope\n", "1:4 no anchor &nope before");
    ck_refused("a: &x [1, *x]\n", "1:11 the alias *x stands inside its own anchor");
}
END_TEST

START_TEST(aliases)
{
    ck_json("a: &x {k: [1, 2]}\nb: *x\nc: &y text\nd: [*y, *x]\n",
            "{\"a\":{\"k\":[1,2]},\"b\":{\"k\":[1,2]},\"c\":\"text\",\"d\":[\"text\",{\"k\":[1,2]}]}");
    struct diag d = {0};
    struct conf_file *f = parse("a: &x {k: v}\nb: *x\n", &d);
    const struct conf_node *n = conf_get(f->root, "b");
    ck_assert_uint_eq(n->line, 2);
    ck_assert_uint_eq(n->key_line, 2);
    ck_assert_uint_eq(n->child->line, 1);
    conf_free(f);
    /* Nine times nine of the line before it, nine times. */
    struct sbuf b;
    sbuf_init(&b, 10000);
    sbuf_addf(&b, "- &a0 [x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 10; i++)
        sbuf_addf(&b, "- &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i - 1, i - 1, i - 1, i - 1,
                  i - 1, i - 1, i - 1, i - 1, i - 1);
    ck_refused_s(sbuf_slice(&b), "6:");
    sbuf_reset(&b);
    /* Each line one level deeper than the one before it. */
    sbuf_addf(&b, "- &a0 [x]\n");
    for (int i = 1; i < 40; i++)
        sbuf_addf(&b, "- &a%d [*a%d]\n", i, i - 1);
    ck_refused_s(sbuf_slice(&b), "32:9 nested deeper than 32 levels");
    sbuf_done(&b);
}
END_TEST

START_TEST(depth)
{
    struct sbuf b;
    sbuf_init(&b, 10000);
    for (int i = 0; i < CONF_DEPTH_MAX; i++)
        sbuf_addc(&b, '[');
    for (int i = 0; i < CONF_DEPTH_MAX; i++)
        sbuf_addc(&b, ']');
    struct diag d = {0};
    struct conf_file *f = conf_parse("t", sbuf_slice(&b), &d);
    ck_assert(f != NULL);
    conf_free(f);
    sbuf_reset(&b);
    for (int i = 0; i < 5000; i++)
        sbuf_addc(&b, '[');
    ck_refused_s(sbuf_slice(&b), "1:33 nested deeper than 32 levels");
    sbuf_done(&b);
}
END_TEST

START_TEST(quotes_in_quotes)
{
    ck_json("[ 'it''s', '''', '''''', 'x''''y', '''''''x''''''', 'a''b''c', \"a''''b\" ]",
            "[\"it's\",\"'\",\"''\",\"x''y\",\"'''x'''\",\"a'b'c\",\"a''''b\"]");
    ck_json("\xc3\xa9: '\xc3\xa9''''\xc3\xa9'", "{\"\xc3\xa9\":\"\xc3\xa9''\xc3\xa9\"}");
    ck_json("a: '''''  \n    one''''\t\n\n\n  two '", "{\"a\":\"'' one''\\n\\ntwo \"}");
    ck_json("a: '''''\r\n  b'", "{\"a\":\"'' b\"}");
}
END_TEST

START_TEST(as_json)
{
    ck_json("[1, -0, +5, 007, .5, 5., 1e3, 1.50, -1.5E-3, 0x1f, 1_000, 1e, '.', 1.2.3, 9007199254740993]",
            "[1,-0,5,7,0.5,5,1e3,1.50,-1.5E-3,\"0x1f\",\"1_000\",\"1e\",\".\",\"1.2.3\",9007199254740993]");
    ck_json("[true, False, 'true', yes, on, null, ~, '', \"5\", .]",
            "[true,false,\"true\",\"yes\",\"on\",null,null,\"\",\"5\",\".\"]");
    ck_json("a: {}\nb: []\nc: |\n  x\n", "{\"a\":{},\"b\":[],\"c\":\"x\\n\"}");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("conf");
    TCase *t = tcase_create("conf");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, places);
    tcase_add_test(t, places_of_nothing);
    tcase_add_test(t, empty_files);
    tcase_add_test(t, bytes_that_libfyaml_never_sees);
    tcase_add_test(t, not_yaml);
    tcase_add_test(t, refused_by_us);
    tcase_add_test(t, aliases);
    tcase_add_test(t, depth);
    tcase_add_test(t, quotes_in_quotes);
    tcase_add_test(t, as_json);
    suite_add_tcase(s, t);
    return unit_run(s);
}
