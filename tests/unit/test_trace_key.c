/*
 * trace_key: which traces are one fault. Over the corpora of recorded traces (tests/unit/corpus.h; without them that
 * part is skipped, and says so): each once more with other numbers is the same fault, and no two cases whose types and
 * functions differ are one.
 */
#include "tests/unit/corpus.h"
#include "tests/traces.h"

#include "base/xalloc.h"
#include "core/recognise.h"
#include "core/trace_key.h"
#include "core/trace_name.h"

static struct trace_set *set;
static struct trace_scratch *x;
static struct log_template m;
static struct arena arena;

static void setup(void)
{
    set = traces_load(true);
    x = trace_scratch_new();
    log_template_init(&m);
    arena = (struct arena){0};
}

static void teardown(void)
{
    trace_scratch_free(x);
    trace_set_free(set);
    log_template_done(&m);
    arena_done(&arena);
}

static struct trace parsed(const char *text)
{
    struct trace t;
    ck_assert_msg(trace_parse(set, x, slice_str(text), &arena, &t), "no trace: %s", text);
    return t;
}

static uint64_t key(const char *text)
{
    const struct trace t = parsed(text);
    return trace_key(&t, &m);
}

/* --- names --- */

static const struct {
    const char *language, *name, *want;
} names[] = {
    {"java", "com.acme.Cart.lambda$load$3", "com.acme.Cart.lambda$load$"},
    {"java", "com.acme.Cart$$Lambda$14/0x0000000800c03000.run", "com.acme.Cart$$Lambda$/.run"},
    {"java", "com.acme.Cart$$EnhancerBySpringCGLIB$$1a2b3c4d.load", "com.acme.Cart$$EnhancerBySpringCGLIB$$.load"},
    {"java", "com.acme.Cart$HibernateProxy$Ab3xYz91.id", "com.acme.Cart$HibernateProxy$.id"},
    {"java", "jdk.internal.reflect.GeneratedMethodAccessor12.invoke",
     "jdk.internal.reflect.GeneratedMethodAccessor.invoke"},
    {"java", "com.sun.proxy.$Proxy42.find", "com.sun.proxy.$Proxy.find"},
    {"java", "core$eval__1234.invoke", "core$eval__.invoke"},
    {"java", "com.acme.Sha256.step2", "com.acme.Sha256.step2"},
    {"rust", "shop::cart::load::h0ca6f3359081a6d0", "shop::cart::load"},
    {"rust", "<shop::Cart as core::fmt::Debug>::fmt", "<shop::Cart as core::fmt::Debug>::fmt"},
    {"rust", "shop::main::{closure#0}", "shop::main::{closure#}"},
    {"rust", "core[c1f1a4ba060b9bfa]::fmt::write", "core::fmt::write"},
    {"dotnet", "System.Collections.Generic.Dictionary`2[]", "System.Collections.Generic.Dictionary`2[]"},
    {"go", "main.load.func1.2", "main.load.func"},
    {"python", "func1", "func1"},
    {"node", "Object.func1", "Object.func1"},
    {"node", "async Promise.all (index 3)", "async Promise.all (index )"},
    {"dotnet", "Shop.Cart.<Load>b__0_1", "Shop.Cart.<Load>b__"},
    {"dotnet", "Shop.Cart.<>c__DisplayClass3_0.<Load>g__Step|2", "Shop.Cart.<>c__DisplayClass.<Load>g__Step|"},
    {"php", "{closure:/srv/app/cart.php:12}", "{closure}"},
    {"php", "class@anonymous/srv/app/cart.php:3$0->load", "class@anonymous->load"},
    {"ruby", "_app_views_carts_show_html_erb___3155203407853385826_19960", "_app_views_carts_show_html_erb"},
    {"ruby", "_app_views_carts_show_html_erb____215520340785338582_8", "_app_views_carts_show_html_erb"},
    {"perl", "(eval 5)", "(eval )"},
    {"php", "cart.php(12) : eval()'d code", "cart.php() : eval()'d code"},
    {"erlang", "-load/1-fun-0-", "-load/1-fun--"},
    {"native", "utf8_to_utf16", "utf8_to_utf16"},
    {"native", "deadbeef", "deadbeef"},
    {"node", "main.3f2a9c1d.js", "main..js"},
    {"native", "do_sys_open+0x12", "do_sys_open+"},
    {"any", "", ""},
};

START_TEST(stable_names)
{
    struct sbuf b;
    sbuf_init(&b, 1024);
    trace_name_stable(slice_str(names[_i].language), slice_str(names[_i].name), &b);
    ck_slice(sbuf_slice(&b), names[_i].want);
    sbuf_done(&b);
}
END_TEST

START_TEST(paths)
{
    ck_slice(trace_name_path(SLICE("file:///srv/app/x.mjs")), "/srv/app/x.mjs");
    ck_slice(trace_name_path(SLICE("./lib/x.rb")), "lib/x.rb");
    ck_slice(trace_name_base(SLICE("https://cdn.example/js/app.js?v=12")), "app.js");
    ck_slice(trace_name_base(SLICE("C:\\srv\\Cart.cs")), "Cart.cs");
    ck_slice(trace_name_base(SLICE("Cart.java")), "Cart.java");
}
END_TEST

/* --- keys --- */

#define JAVA(value, line, function, cause)                                                                             \
    "com.acme.CartException: " value "\n"                                                                              \
    "\tat com.acme.Cart." function "(Cart.java:" line ")\n"                                                            \
    "\tat org.springframework.web.Filter.run(Filter.java:" line ")\n"                                                  \
    "Caused by: java.sql." cause ": no connection to 10.0.0." line "\n"                                                \
    "\tat com.zaxxer.hikari.Pool.get(Pool.java:" line ")\n"                                                            \
    "\tat com.acme.Cart." function "(Cart.java:1" line ")\n"                                                           \
    "\t... 1 more\n"

START_TEST(one_fault)
{
    uint64_t k = key(JAVA("cart 81", "58", "load", "SQLException"));
    ck_assert_uint_eq(k, key(JAVA("cart 82 on web-2", "59", "load", "SQLException")));
    ck_assert_uint_ne(k, key(JAVA("cart 81", "58", "save", "SQLException")));
    ck_assert_uint_ne(k, key(JAVA("cart 81", "58", "load", "SQLTimeoutException")));
    ck_assert_uint_eq(
        k, key("2026-11-23 10:00:00,512 ERROR [http-7] shop - it failed\n" JAVA("", "58", "load", "SQLException")));
}
END_TEST

#define RECURSES "  File \"/srv/app/tree.py\", line 7, in walk\n    walk(n.left)\n"

START_TEST(depth_is_no_part)
{
    uint64_t k = key("Traceback (most recent call last):\n" RECURSES RECURSES "ValueError: 1\n");
    ck_assert_uint_eq(k, key("Traceback (most recent call last):\n" RECURSES RECURSES RECURSES "ValueError: 2\n"));
    ck_assert_uint_ne(k, key("Traceback (most recent call last):\n" RECURSES RECURSES "KeyError: 1\n"));
}
END_TEST

/* What one's own code called tells where the type does not. */
START_TEST(the_call_counts)
{
    struct trace_frame v[] = {{.function = SLICE("app::main"), .in_app = true},
                              {.function = SLICE("core::result::expect")},
                              {.function = SLICE("core::panicking::panic_fmt")}};
    struct trace_exception e = {
        .type = SLICE("panic"), .printed = SLICE("panic"), .parent = -1, .frames = {.v = v, .n = 3}};
    struct trace t = {.language = SLICE("rust"), .exceptions = &e, .n_exceptions = 1};
    uint64_t k = trace_key(&t, &m);
    v[2].function = SLICE("core::panicking::panic_display");
    ck_assert_uint_eq(k, trace_key(&t, &m));
    v[1].function = SLICE("core::slice::index");
    ck_assert_uint_ne(k, trace_key(&t, &m));
}
END_TEST

/* The path of a release is not part of it, nor is what suppressed exceptions say. */
START_TEST(deployments_and_suppressed)
{
    uint64_t k = key("Traceback (most recent call last):\n  File \"/srv/app/r1/cart.py\", line 7, in load\n    "
                     "x()\nValueError: a\n");
    ck_assert_uint_eq(k, key("Traceback (most recent call last):\n  File \"/srv/app/r2/cart.py\", line 8, in load\n    "
                             "y()\nValueError: b\n"));
    k = key("com.acme.E1Exception: x\n\tat com.acme.Cart.load(Cart.java:1)\n");
    ck_assert_uint_eq(
        k, key("com.acme.E1Exception: x\n\tat com.acme.Cart.load(Cart.java:1)\n\tSuppressed: com.acme.E2Exception: y\n"
               "\t\tat com.acme.Cart.close(Cart.java:2)\n"));
}
END_TEST

START_TEST(without_functions_the_value_tells)
{
    struct trace_exception e = {
        .type = SLICE("Error"), .printed = SLICE("Error"), .parent = -1, .value = SLICE("disk sda1 full, 12 left")};
    struct trace t = {.language = SLICE("go"), .exceptions = &e, .n_exceptions = 1};
    uint64_t k = trace_key(&t, &m);
    e.value = SLICE("disk sda1 full, 77 left");
    ck_assert_uint_eq(k, trace_key(&t, &m));
    e.value = SLICE("no connection");
    ck_assert_uint_ne(k, trace_key(&t, &m));
    /* A frame that is the file alone, as of PHP's warnings, tells no more. */
    struct trace_frame f = {.file = SLICE("/srv/a.php"), .line = 7, .in_app = true};
    e.frames = (struct trace_frames){.v = &f, .n = 1};
    k = trace_key(&t, &m);
    e.value = SLICE("disk sda1 full, 77 left");
    ck_assert_uint_ne(k, trace_key(&t, &m));
    f.function = SLICE("load");
    k = trace_key(&t, &m);
    e.value = SLICE("no connection");
    ck_assert_uint_eq(k, trace_key(&t, &m));
}
END_TEST

/* Stored and sent, so it is the same in every build. */
#define PANIC(value, line)                                                                                             \
    "panic: " value "\n\ngoroutine 1 [running]:\nmain.pay(...)\n\t/srv/a.go:" line                                     \
    "\nmain.main()\n\t/srv/a.go:9 +0x1d\n"

/* Every panic is a panic, every die a die. */
START_TEST(a_type_of_all_tells_nothing)
{
    ck_assert_uint_ne(key(PANIC("no card", "4")), key(PANIC("order lost", "40")));
    ck_assert_uint_eq(key(PANIC("no card for 4711", "4")), key(PANIC("no card for 12", "4")));
}
END_TEST

START_TEST(fingerprint)
{
    struct slice parts[TRACE_KEY_PARTS];
    const struct trace t = parsed(JAVA("cart 81", "58", "load", "SQLException"));
    trace_key_fingerprint(&t, &m, &arena, parts);
    ck_slice(parts[0], "com.acme.CartException < java.sql.SQLException");
    ck_assert_uint_eq(parts[1].n, 32);
    ck_assert(slice_is_hex(parts[1]));
    ck_slice(parts[1], "d584f9dd21a60c2f81cdfd544e38ad8f");
}
END_TEST

/* --- the corpora --- */

enum { CASES_MAX = 512, CASE_BYTES_MAX = 1 << 20 };

static struct seen {
    struct slice id;
    char *what; /* types and functions, as the case expects them */
    uint64_t key;
} seen[CASES_MAX];
static unsigned n_seen, n_same, n_other;

static struct slice member(const struct json_node *n, const char *name)
{
    const struct json_node *v = json_get(n, name);
    return v ? v->text : SLICE_NONE;
}

/* As the case has it: nothing of it was computed here. */
static char *what_is_expected(const struct json_node *exceptions)
{
    struct sbuf b;
    sbuf_init(&b, CASE_BYTES_MAX);
    for (const struct json_node *e = exceptions->child; e; e = e->next) {
        const struct json_node *list = json_get(e, "frames");
        sbuf_addf(&b, "%.*s(", SLICE_ARG(member(e, "type")));
        for (const struct json_node *f = list ? list->child : NULL; f; f = f->next)
            sbuf_addf(&b, "%.*s ", SLICE_ARG(member(f, "function")));
        sbuf_addf(&b, ") ");
    }
    char *text = slice_dup(sbuf_slice(&b));
    sbuf_done(&b);
    return text;
}

/* Digits that stand for themselves, as another host, process and version of the code has them: not those in a name or a
 * time or of an arity, and not where a debugger counts frames. */
static struct slice with_other_numbers(struct slice text)
{
    char *p = arena_cstr(&arena, text);
    bool name = false;
    for (size_t i = 0; i < text.n; i++) {
        size_t time = ascii_digit(p[i]) && !name ? recognise_time(p + i, p + text.n) : 0;
        i += time;
        if (i >= text.n)
            break;
        if (!ascii_digit(p[i]))
            name = ascii_alpha(p[i]) || strchr("_#(`/", p[i]) || (p[i] == '.' && name);
        else if (!name && p[i] != '0')
            p[i] = p[i] == '9' ? '1' : (char)(p[i] + 1);
    }
    return slice_of(p, text.n);
}

static uint64_t number_of(const struct json_node *n)
{
    uint64_t v = 0;
    slice_u64(n->text, &v);
    return v;
}

/* The longest group of lines; without groups, all. */
static struct slice text_of(const struct json_node *c)
{
    const struct json_node *groups = json_get(json_get(c, "expect"), "groups");
    uint64_t first = 0, n = UINT64_MAX, i = 0;
    struct sbuf b;
    sbuf_init(&b, CASE_BYTES_MAX);
    for (const struct json_node *g = groups ? groups->child : NULL; g; g = g->next) {
        uint64_t from = number_of(g->child), lines = number_of(g->child->next) + 1 - from;
        if (n == UINT64_MAX || lines > n) {
            first = from;
            n = lines;
        }
    }
    for (const struct json_node *l = json_get(c, "input")->child; l; l = l->next, i++)
        if (i >= first && i - first < n) {
            sbuf_adds(&b, corpus_bytes(&arena, l));
            sbuf_addc(&b, '\n');
        }
    struct slice text = arena_dup(&arena, sbuf_slice(&b));
    sbuf_done(&b);
    return text;
}

/* They differ in frames of libraries alone and in the number of a lambda, or are one fault, printed in short and in
 * full. */
static bool are_one(struct slice a, struct slice b)
{
    static const char *const pairs[][2] = {{"java-future", "java-pool"}, {"rust-unwrap-bt1", "rust-unwrap-btfull"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (slice_is(a, pairs[i][0]) && slice_is(b, pairs[i][1]))
            return true;
    return false;
}

static void compare_with_others(const struct seen *now)
{
    for (unsigned i = 0; i < n_seen; i++) {
        bool alike = strcmp(seen[i].what, now->what) == 0 || are_one(seen[i].id, now->id);
        ck_assert_msg(alike || seen[i].key != now->key, "%.*s and %.*s are one fault:\n%s\n%s", SLICE_ARG(seen[i].id),
                      SLICE_ARG(now->id), seen[i].what, now->what);
        n_other += !alike;
    }
}

static void run_case(const struct json_node *c)
{
    const struct json_node *exceptions = json_get(json_get(c, "expect"), "exceptions");
    struct trace t, other;
    struct slice text = text_of(c), id = member(c, "id");
    if (!exceptions || !exceptions->child || !trace_parse(set, x, text, &arena, &t))
        return;
    ck_assert_uint_lt(n_seen, CASES_MAX);
    struct seen now = {.id = slice_str(slice_dup(id)), .what = what_is_expected(exceptions), .key = trace_key(&t, &m)};
    compare_with_others(&now);
    seen[n_seen++] = now;
    if (trace_parse(set, x, with_other_numbers(text), &arena, &other)) {
        ck_assert_msg(trace_key(&other, &m) == now.key, "%.*s with other numbers is another fault", SLICE_ARG(id));
        n_same++;
    }
}

static void run_file(const char *name)
{
    size_t size;
    char *text = corpus_read("multiline", name, &size);
    struct slice rest = slice_of(text, text ? size : 0);
    while (text && rest.n) {
        struct slice line = slice_split(&rest, '\n');
        const struct json_node *c = line.n ? json_tree(&arena, line) : NULL;
        if (c)
            run_case(c);
        arena_reset(&arena);
    }
    free(text);
}

START_TEST(recorded)
{
    run_file("traces-generated.jsonl");
    run_file("traces-handmade.jsonl");
    run_file("traces-public.jsonl");
    printf("%u traces; %u with other numbers are the same, %u pairs differ\n", n_seen, n_same, n_other);
    ck_assert(n_seen == 0 || (n_seen >= 80 && n_same == n_seen));
    for (unsigned i = 0; i < n_seen; i++) {
        free(seen[i].what);
        free((void *)(uintptr_t)seen[i].id.p);
    }
    n_seen = 0;
}
END_TEST

int main(void)
{
    Suite *s = suite_create("trace_key");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, stable_names, 0, sizeof names / sizeof *names);
    tcase_add_test(tc, paths);
    tcase_add_test(tc, one_fault);
    tcase_add_test(tc, depth_is_no_part);
    tcase_add_test(tc, the_call_counts);
    tcase_add_test(tc, deployments_and_suppressed);
    tcase_add_test(tc, a_type_of_all_tells_nothing);
    tcase_add_test(tc, without_functions_the_value_tells);
    tcase_add_test(tc, fingerprint);
    tcase_add_test(tc, recorded);
    suite_add_tcase(s, tc);
    return unit_run(s);
}
