/* YAML of any bytes as a tree, as JSON, and as a configuration; a configuration that is taken must come back
 * from its dump, and the second dump must be the first. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

#include "app/settings_parts.h"
#include "text/json.h"

static void check_node(const struct conf_node *n, unsigned depth)
{
    unsigned children = 0;
    assert(depth <= CONF_DEPTH_MAX);
    assert(n->line > 0 && n->col > 0);
    for (const struct conf_node *c = n->child; c; c = c->next, children++) {
        assert(n->type != CONF_MAP || (c->key.n && c->key_line && c->key_col));
        assert(n->type != CONF_MAP || conf_get(n, c->key.p) || memchr(c->key.p, '\0', c->key.n));
        check_node(c, depth + 1);
    }
    assert(children == n->n);
    if (n->type == CONF_SCALAR)
        conf_place_in(n, n->text.n / 2);
}

static void check_tree(const struct conf_file *f)
{
    struct sbuf json;
    struct arena a = {0};
    check_node(f->root, 0);
    sbuf_init(&json, 8 << 20);
    conf_json(f->root, &json);
    assert(json.over || json_tree(&a, sbuf_slice(&json)));
    arena_done(&a);
    sbuf_done(&json);
}

static char *dump(struct settings *s, size_t *n)
{
    char *text = NULL;
    FILE *f = open_memstream(&text, n);
    assert(f);
    settings_dump(s, f);
    fclose(f);
    return text;
}

static void check_settings(struct settings *s)
{
    size_t n, m;
    struct diag d = {0};
    char *first = dump(s, &n);
    struct settings *again = settings_read("fuzz", slice_of(first, n), &d);
    if (!again)
        err_print(&d, stderr);
    assert(again);
    char *second = dump(again, &m);
    assert(n == m && memcmp(first, second, n) == 0);
    free(first);
    free(second);
    settings_unref(again);
    err_done(&d);
}

int fuzz_target(const uint8_t *data, size_t n)
{
    struct slice text = {(const char *)data, n};
    struct diag d = {0};
    FILE *null = fopen("/dev/null", "we");
    struct conf_file *f = conf_parse("fuzz", text, &d);
    assert((f != NULL) == (d.errors == 0));
    if (f && f->root)
        check_tree(f);
    conf_free(f);
    struct settings *s = settings_read("fuzz", text, &d);
    assert((s != NULL) == (d.errors == 0));
    if (s)
        check_settings(s);
    settings_unref(s);
    err_print(&d, null);
    err_done(&d);
    fclose(null);
    return 0;
}
