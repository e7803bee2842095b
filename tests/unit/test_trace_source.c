/*
 * trace_source, source_files: which source lines a trace's frames get, and what no trace makes crumbd read. The files
 * are made here; what others own is tested with io/safe_open.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/xalloc.h"
#include "core/event.h"
#include "core/trace_source.h"
#include "io/source_files.h"
#include "text/json.h"

static const int64_t EVENT_US = INT64_C(1795428000000000);
static struct arena arena;

/* --- lines, of texts that are given --- */

struct shelf {
    const char *name, *text;
    int64_t changed_us;
    unsigned asked;
    char names[4096];
};

static bool shelf_file(void *u, struct slice name, size_t most, struct trace_source_file *out)
{
    struct shelf *s = u;
    s->asked++;
    if (strlen(s->names) + name.n + 2 < sizeof s->names)
        snprintf(s->names + strlen(s->names), name.n + 2, "%.*s ", SLICE_ARG(name));
    if (!slice_is(name, s->name) || strlen(s->text) > most)
        return false;
    *out = (struct trace_source_file){slice_str(s->text), s->changed_us};
    return true;
}

static struct trace trace_of(struct trace_exception *e, struct trace_frame *v, unsigned n)
{
    *e = (struct trace_exception){.type = SLICE("Error"), .parent = -1, .frames = {.v = v, .n = n}};
    return (struct trace){.language = SLICE("node"), .platform = SLICE("node"), .exceptions = e, .n_exceptions = 1};
}

/* The context that one frame gets. */
static const struct trace_context *context_of(struct shelf *s, struct trace_frame *f)
{
    struct trace_exception e;
    struct trace t = trace_of(&e, f, 1);
    const struct trace_source from = {s, shelf_file};
    f->context = NULL;
    ck_assert_uint_eq(trace_source_fill(&t, &from, EVENT_US, &arena), f->context != NULL);
    return f->context;
}

START_TEST(five_lines_each)
{
    struct shelf s = {
        .name = "/a.py", .text = "1\n2\n3\n4\n5\n6\n  7\r\n8\n9\n10\n11\n12\n13\n", .changed_us = EVENT_US};
    struct trace_frame f = {.file = SLICE("/a.py"), .line = 7};
    const struct trace_context *c = context_of(&s, &f);
    ck_assert_ptr_nonnull(c);
    ck_slice(c->line, "  7");
    ck_assert(c->n_before == 5 && c->n_after == 5);
    ck_slice(c->before[0], "2");
    ck_slice(c->before[4], "6");
    ck_slice(c->after[0], "8");
    ck_slice(c->after[4], "12");
    f.line = 1;
    c = context_of(&s, &f);
    ck_assert(c && c->n_before == 0 && c->n_after == 5);
    f.line = 13;
    c = context_of(&s, &f);
    ck_assert(c && c->n_before == 5 && c->n_after == 0);
    ck_slice(c->line, "13");
    f.line = 14;
    ck_assert_ptr_null(context_of(&s, &f));
    f.line = 0;
    ck_assert_ptr_null(context_of(&s, &f));
}
END_TEST

/* The line that ran: as printed, else of a file that has not been changed since. */
START_TEST(the_line_that_ran)
{
    struct shelf s = {.name = "/a.py", .text = "x\n    load(cart)\n", .changed_us = EVENT_US + 3000000};
    struct trace_frame f = {.file = SLICE("/a.py"), .line = 2};
    ck_assert_ptr_null(context_of(&s, &f));
    f.context_line = SLICE("load(cart)");
    ck_assert_ptr_nonnull(context_of(&s, &f));
    s.changed_us = 0;
    ck_assert_ptr_nonnull(context_of(&s, &f));
    f.context_line = SLICE("save(cart)");
    ck_assert_ptr_null(context_of(&s, &f));
    f.context_line = SLICE_NONE;
    ck_assert_ptr_nonnull(context_of(&s, &f));
    s.changed_us = EVENT_US + 1000000;
    ck_assert_ptr_nonnull(context_of(&s, &f));
}
END_TEST

START_TEST(file_names)
{
    struct shelf s = {.name = "com/acme/Cart.java", .text = "1\n2\n"};
    struct trace_frame f = {.file = SLICE("Cart.java"), .module = SLICE("com.acme.Cart$Item"), .line = 2};
    ck_assert_ptr_nonnull(context_of(&s, &f));
    ck_assert_str_eq(s.names, "Cart.java com/acme/Cart.java ");
    s = (struct shelf){.name = "/srv/x.mjs", .text = "1\n2\n"};
    f = (struct trace_frame){.file = SLICE("file:///srv/x.mjs"), .line = 2};
    ck_assert_ptr_nonnull(context_of(&s, &f));
    f.file = SLICE("<anonymous>");
    s.asked = 0;
    ck_assert_ptr_null(context_of(&s, &f));
    ck_assert_uint_eq(s.asked, 0);
}
END_TEST

START_TEST(cut_and_clean)
{
    char text[3000];
    struct shelf s = {.name = "/a.js", .text = text};
    struct trace_frame f = {.file = SLICE("/a.js"), .line = 1};
    memset(text, 'a', sizeof text);
    for (size_t i = 1; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    text[sizeof text - 1] = '\0';
    const struct trace_context *c = context_of(&s, &f);
    ck_assert_uint_eq(c->line.n, 511);
    ck_slice(slice_from(c->line, 509), "\xc3\xa9");
    s.text = "a\xff"
             "b\x1b[31mc\x01\t.\n";
    ck_slice(context_of(&s, &f)->line, "a\xef\xbf\xbd"
                                       "bc\xef\xbf\xbd\t.");
    s.text = "\xc3\xa9\n";
    ck_slice(context_of(&s, &f)->line, "\xc3\xa9");
}
END_TEST

/* Lines of a key look like any other word. */
START_TEST(private_keys)
{
    static const char text[] =
        "1\n2\n3\n4\n5\n6\n7\n8\n-----BEGIN RSA PRIVATE KEY-----\nMIIa\nMIIb\nMIIc\nMIId\nMIIe\nMIIf\nMIIg\nMIIh\n"
        "-----END RSA PRIVATE KEY-----\n19\n20\n21\n22\n23\n24\n25\n";
    struct shelf s = {.name = "/a.js", .text = text};
    struct trace_frame f = {.file = SLICE("/a.js"), .line = 3};
    ck_assert_ptr_nonnull(context_of(&s, &f));
    for (f.line = 4; f.line <= 23; f.line++)
        ck_assert_msg(!context_of(&s, &f), "line %u", f.line);
    f.line = 24;
    ck_assert_ptr_nonnull(context_of(&s, &f));
}
END_TEST

/* One's own frames first, the newest before older ones, the reported exception before its cause; each place once. */
START_TEST(order_and_bounds)
{
    static char names[200][16];
    struct shelf s = {.name = "none", .text = ""};
    struct trace_frame cause[2] = {{.file = SLICE("c0"), .line = 1}, {.file = SLICE("c1"), .line = 1, .in_app = true}};
    struct trace_frame own[4] = {{.file = SLICE("r0"), .line = 1, .in_app = true},
                                 {.file = SLICE("r1"), .line = 1},
                                 {.file = SLICE("r0"), .line = 1, .in_app = true},
                                 {.file = SLICE("r2"), .line = 1, .in_app = true}};
    struct trace_exception e[2] = {{.frames = {.v = cause, .n = 2}}, {.frames = {.v = own, .n = 4}}};
    struct trace t = {.exceptions = e, .n_exceptions = 2};
    const struct trace_source from = {&s, shelf_file}, nobody = {0};
    ck_assert_uint_eq(trace_source_fill(&t, &from, EVENT_US, &arena), 0);
    ck_assert_str_eq(s.names, "r2 r0 c1 r1 c0 ");
    struct trace_frame *many = calloc(200, sizeof *many);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(names[i], sizeof names[i], "f%u", i);
        many[i] = (struct trace_frame){.file = slice_str(names[i]), .line = 1, .in_app = true};
    }
    t = trace_of(e, many, 200);
    s = (struct shelf){.name = "none", .text = ""};
    trace_source_fill(&t, &from, EVENT_US, &arena);
    ck_assert_uint_eq(s.asked, TRACE_SOURCE_FRAMES);
    ck_assert_uint_eq(trace_source_fill(&t, &nobody, EVENT_US, &arena), 0);
    free(many);
}
END_TEST

static unsigned fill_long(unsigned lines, size_t *kept, size_t *file_bytes)
{
    struct sbuf text;
    struct shelf s = {.name = "/a.js"};
    struct trace_frame *v = calloc(lines, sizeof *v);
    struct trace_exception e;
    const struct trace_source from = {&s, shelf_file};
    sbuf_init(&text, 8 << 20);
    for (unsigned i = 0; i < lines; i++) {
        for (unsigned k = 0; k < 2000; k++)
            sbuf_addc(&text, 'x');
        sbuf_addc(&text, '\n');
        v[i] = (struct trace_frame){.file = SLICE("/a.js"), .line = i + 1, .in_app = true};
    }
    s.text = sbuf_cstr(&text);
    struct trace t = trace_of(&e, v, lines);
    unsigned filled = trace_source_fill(&t, &from, EVENT_US, &arena);
    *kept = 0;
    *file_bytes = text.n;
    for (unsigned i = 0; i < lines; i++)
        for (unsigned k = 0; v[i].context && k < v[i].context->n_before; k++)
            *kept += v[i].context->before[k].n;
    sbuf_done(&text);
    free(v);
    return filled;
}

/* However long files and lines are: so many bytes of files are looked through for an event, and it has so many bytes of
 * lines. */
START_TEST(bytes_are_bounded)
{
    size_t kept, file_bytes;
    unsigned filled = fill_long(2000, &kept, &file_bytes);
    ck_assert_uint_eq(filled, TRACE_SOURCE_READ_BYTES / file_bytes);
    filled = fill_long(100, &kept, &file_bytes);
    ck_assert_uint_ge(filled, 10);
    ck_assert_uint_lt(filled, 30);
    ck_assert_uint_lt(kept, TRACE_SOURCE_BYTES);
}
END_TEST

/* --- the event --- */

static char *json_of(struct trace *t, const struct options *opt)
{
    static struct record r;
    struct event_texts texts = {.title = SLICE("t")};
    struct verdict v = {.action = ACTION_EVENT, .level = LEVEL_ERROR, .texts = &texts};
    struct event_source src = {.record = &r, .verdict = &v, .trace = t, .received_us = EVENT_US};
    struct scrub *scrub = scrub_new(opt);
    struct sbuf out;
    record_init(&r, FORMAT_TEXT, SLICE("x"));
    sbuf_init(&out, EVENT_BYTES_MAX);
    ck_assert(event_write(&src, opt, scrub, &out));
    char *json = slice_dup(sbuf_slice(&out));
    scrub_free(scrub);
    sbuf_done(&out);
    return json;
}

START_TEST(in_the_event)
{
    const struct options opt = {.scrub = {.defaults = true}};
    struct shelf s = {.name = "/a.py", .text = "def load():\n    password = 'hunter2'\n    return cart\n"};
    struct trace_frame f = {.file = SLICE("/a.py"), .line = 3, .context_line = SLICE("return cart")};
    struct trace_exception e;
    struct trace t = trace_of(&e, &f, 1);
    ck_assert_ptr_nonnull(context_of(&s, &f));
    char *json = json_of(&t, &opt);
    ck_assert_msg(strstr(json, "\"pre_context\":[\"def load():\",\"    password = '[Filtered]'\"],"
                               "\"context_line\":\"    return cart\",\"in_app\"") != NULL,
                  "%s", json);
    ck_assert_ptr_null(strstr(json, "hunter2"));
    free(json);
    f.line = 1;
    f.context_line = SLICE_NONE;
    ck_assert_ptr_nonnull(context_of(&s, &f));
    json = json_of(&t, &opt);
    ck_assert_ptr_nonnull(strstr(json, "\"context_line\":\"def load():\",\"post_context\":[\"    password"));
    ck_assert_ptr_null(strstr(json, "pre_context"));
    ck_assert_ptr_null(strstr(json, "hunter2"));
    free(json);
    f.context = NULL;
    f.context_line = SLICE("as printed");
    json = json_of(&t, &opt);
    ck_assert_ptr_nonnull(strstr(json, "\"context_line\":\"as printed\""));
    free(json);
}
END_TEST

/* --- files --- */

static char dir[64], root[128];

static void begin(void)
{
    strcpy(dir, "/tmp/crumbd-source-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(root, sizeof root, "%s/root", dir);
    ck_assert_int_eq(mkdir(root, 0755), 0);
    arena = (struct arena){0};
}

static void end(void)
{
    char *rm = xasprintf("rm -rf %s", dir);
    ck_assert_int_eq(system(rm), 0);
    free(rm);
    arena_done(&arena);
}

static char *at(const char *name)
{
    static char path[8][256];
    static unsigned n;
    char *p = path[n++ % 8];
    snprintf(p, 256, "%s/%s", dir, name);
    return p;
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(at(name), "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
}

/* Its text, or NULL: it is not read. Valid until the next one. */
static const char *got(struct source_files *s, const char *name)
{
    static char text[64];
    const struct trace_source from = source_files_source(s);
    struct trace_source_file file;
    if (!from.file(from.u, slice_str(name), TRACE_SOURCE_READ_BYTES, &file))
        return NULL;
    ck_assert_uint_lt(file.text.n, sizeof text);
    snprintf(text, sizeof text, "%.*s", SLICE_ARG(file.text));
    return text;
}

static struct source_files *files(void)
{
    const struct slice roots[] = {slice_str(root)};
    return source_files_new(roots, 1);
}

START_TEST(below_the_root)
{
    put("root/a.py", "a");
    mkdir(at("root/lib"), 0755);
    put("root/lib/b.rb", "b");
    put("out.py", "secret");
    put("rootbeside.py", "secret");
    struct source_files *s = files();
    ck_assert_str_eq(got(s, at("root/a.py")), "a");
    ck_assert_str_eq(got(s, at("root/./lib/../a.py")), "a");
    ck_assert_str_eq(got(s, "a.py"), "a");
    ck_assert_str_eq(got(s, "lib/b.rb"), "b");
    ck_assert_ptr_null(got(s, "b.rb"));
    ck_assert_ptr_null(got(s, at("out.py")));
    ck_assert_ptr_null(got(s, at("rootbeside.py")));
    ck_assert_ptr_null(got(s, at("root/../out.py")));
    ck_assert_ptr_null(got(s, "../out.py"));
    ck_assert_ptr_null(got(s, "lib/../../out.py"));
    ck_assert_ptr_null(got(s, ""));
    ck_assert_ptr_null(got(s, at("root")));
    source_files_free(s);
}
END_TEST

START_TEST(links)
{
    put("out.py", "secret");
    mkdir(at("outside"), 0755);
    put("outside/c.py", "secret");
    mkdir(at("root/r1"), 0755);
    put("root/r1/a.py", "a");
    ck_assert_int_eq(symlink(at("out.py"), at("root/out.py")), 0);
    ck_assert_int_eq(symlink("../out.py", at("root/rel.py")), 0);
    ck_assert_int_eq(symlink(at("outside"), at("root/dir")), 0);
    ck_assert_int_eq(symlink(at("root/r1"), at("root/current")), 0);
    ck_assert_int_eq(symlink("r1/a.py", at("root/b.py")), 0);
    ck_assert_int_eq(symlink("loop.py", at("root/loop.py")), 0);
    struct source_files *s = files();
    ck_assert_ptr_null(got(s, "out.py"));
    ck_assert_ptr_null(got(s, "rel.py"));
    ck_assert_ptr_null(got(s, "dir/c.py"));
    ck_assert_ptr_null(got(s, "loop.py"));
    ck_assert_str_eq(got(s, "current/a.py"), "a");
    ck_assert_str_eq(got(s, "b.py"), "a");
    source_files_free(s);
    /* The root may be a link itself, that leads to another release later. */
    ck_assert_int_eq(symlink(at("root/r1"), at("live")), 0);
    const struct slice roots[] = {SLICE("/nonexistent"), slice_str(at("live"))};
    s = source_files_new(roots, 2);
    ck_assert_str_eq(got(s, "a.py"), "a");
    mkdir(at("root/r2"), 0755);
    put("root/r2/a.py", "a2");
    ck_assert_int_eq(unlink(at("live")), 0);
    ck_assert_int_eq(symlink(at("root/r2"), at("live")), 0);
    ck_assert_str_eq(got(s, "a.py"), "a2");
    ck_assert_ptr_null(got(s, at("root/r1/a.py")));
    source_files_free(s);
}
END_TEST

START_TEST(kinds)
{
    static const char *const never[] = {"root/.env",     "root/.x.py",     "root/master.key",
                                        "root/db.yml",   "root/app.env",   "root/id_rsa",
                                        "root/x.sqlite", "root/.git/x.py", "root/nul.py"};
    mkdir(at("root/.git"), 0755);
    mkdir(at("root/.venv"), 0755);
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        put(never[i], "secret");
    FILE *f = fopen(at("root/nul.py"), "w");
    fwrite("a\0b", 1, 3, f);
    fclose(f);
    put("root/console", "#!/usr/bin/env ruby\n");
    put("root/.venv/x.py", "x");
    put("root/A.PHP", "p");
    put("root/empty.py", "");
    ck_assert_int_eq(mkfifo(at("root/fifo.py"), 0644), 0);
    mkdir(at("root/folder.py"), 0755);
    struct source_files *s = files();
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        ck_assert_msg(!got(s, at(never[i])), "%s", never[i]);
    ck_assert_ptr_null(got(s, "fifo.py"));
    ck_assert_ptr_null(got(s, "folder.py"));
    ck_assert_str_eq(got(s, "console"), "#!/usr/bin/env ruby\n");
    ck_assert_str_eq(got(s, ".venv/x.py"), "x");
    ck_assert_str_eq(got(s, "A.PHP"), "p");
    ck_assert_str_eq(got(s, "empty.py"), "");
    source_files_free(s);
}
END_TEST

START_TEST(sizes)
{
    struct trace_source_file file;
    put("root/a.py", "");
    ck_assert_int_eq(truncate(at("root/a.py"), SOURCE_FILE_BYTES + 1), 0);
    struct source_files *s = files();
    const struct trace_source from = source_files_source(s);
    ck_assert(!from.file(from.u, SLICE("a.py"), TRACE_SOURCE_READ_BYTES, &file));
    put("root/b.py", "12345");
    ck_assert(!from.file(from.u, SLICE("b.py"), 4, &file));
    ck_assert(from.file(from.u, SLICE("b.py"), 5, &file));
    ck_assert(!from.file(from.u, SLICE("b.py"), 4, &file));
    source_files_free(s);
    s = source_files_new(NULL, 0);
    ck_assert_ptr_null((void *)(uintptr_t)source_files_source(s).file);
    source_files_free(s);
    ck_assert_ptr_null((void *)(uintptr_t)source_files_source(NULL).file);
}
END_TEST

/* A file that has changed is read anew, whatever its length; one that is gone is not kept. */
START_TEST(changes)
{
    put("root/a.py", "one");
    struct source_files *s = files();
    ck_assert_str_eq(got(s, "a.py"), "one");
    ck_assert_str_eq(got(s, "a.py"), "one");
    put("root/a.py", "two");
    ck_assert_int_eq(utimensat(AT_FDCWD, at("root/a.py"), (struct timespec[]){{5, 0}, {5, 7000}}, 0), 0);
    ck_assert_str_eq(got(s, "a.py"), "two");
    const struct trace_source from = source_files_source(s);
    struct trace_source_file file;
    ck_assert(from.file(from.u, SLICE("a.py"), 100, &file));
    ck_assert_int_eq(file.changed_us, 5000007);
    put("root/new.py", "new");
    ck_assert_int_eq(rename(at("root/new.py"), at("root/a.py")), 0);
    ck_assert_str_eq(got(s, "a.py"), "new");
    ck_assert_int_eq(unlink(at("root/a.py")), 0);
    ck_assert_ptr_null(got(s, "a.py"));
    source_files_free(s);
}
END_TEST

/* More files, and more bytes, than it keeps. */
START_TEST(cache_is_bounded)
{
    struct source_files *s = files();
    const struct trace_source from = source_files_source(s);
    struct trace_source_file file;
    char *text = calloc(1, 1 << 20);
    memset(text, 'x', (1 << 20) - 1);
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < 2 * SOURCE_CACHE_FILES; i++) {
            char name[32];
            snprintf(name, sizeof name, "root/f%u.py", i);
            if (!round)
                put(name, i % 4 ? "small" : text);
            ck_assert(from.file(from.u, slice_str(name + 5), TRACE_SOURCE_READ_BYTES, &file));
            ck_assert_uint_eq(file.text.n, i % 4 ? 5 : (1 << 20) - 1);
        }
    source_files_free(s);
    free(text);
}
END_TEST

/* In a folder that others may write, a second name of a file that is not theirs is not read: it may be any file that
 * crumbd can read and they cannot. */
START_TEST(hard_links)
{
    enum { MALLORY = 40001 };
    if (geteuid() != 0) {
        printf("SKIP hard_links: only root can make files of others\n");
        return;
    }
    put("secret", "#!secret");
    put("root/own.py", "own");
    ck_assert_int_eq(link(at("secret"), at("root/x.py")), 0);
    ck_assert_int_eq(link(at("root/own.py"), at("root/own2.py")), 0);
    struct source_files *s = files();
    ck_assert_str_eq(got(s, "x.py"), "#!secret"); /* root alone can have made that name */
    ck_assert_int_eq(chown(root, MALLORY, MALLORY), 0);
    ck_assert_int_eq(chown(at("root/own.py"), MALLORY, MALLORY), 0);
    ck_assert_ptr_null(got(s, "x.py"));
    ck_assert_str_eq(got(s, "own2.py"), "own"); /* as package managers do */
    source_files_free(s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("trace_source");
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, five_lines_each);
    tcase_add_test(tc, the_line_that_ran);
    tcase_add_test(tc, file_names);
    tcase_add_test(tc, cut_and_clean);
    tcase_add_test(tc, private_keys);
    tcase_add_test(tc, order_and_bounds);
    tcase_add_test(tc, bytes_are_bounded);
    tcase_add_test(tc, in_the_event);
    tcase_add_test(tc, below_the_root);
    tcase_add_test(tc, links);
    tcase_add_test(tc, kinds);
    tcase_add_test(tc, sizes);
    tcase_add_test(tc, changes);
    tcase_add_test(tc, cache_is_bounded);
    tcase_add_test(tc, hard_links);
    suite_add_tcase(s, tc);
    return unit_run(s);
}
