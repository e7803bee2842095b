/*
 * trace: the grammars over recorded traces. Each case is walked line by line as joining does it, what belongs together
 * is parsed, and the exceptions are compared with what the case expects. The cases are not part of the project: they
 * stand in the folder shared/corpus beside the sources, or in $CRUMBD_SHARED/corpus (tests/unit/corpus.h); without it
 * that part is skipped, and says so. CRUMBD_TRACE_SHOW=1 prints a line for each case that is not whole, =ID all about
 * one.
 */
#include "tests/unit/corpus.h"
#include "tests/traces.h"

#include "core/event.h"
#include "core/event_exception.h"
#include "core/trace_check.h"
#include "core/trace_show.h"

enum { CASE_LINES_MAX = 2000, GROUPS_MAX = 64 };

struct group {
    struct trace_walk walk;
    unsigned lines[CASE_LINES_MAX], n;
    unsigned sure; /* how many of them are */
    bool closed;
};

struct runner {
    struct trace_set *set;
    struct trace_scratch *x;
    struct slice lines[CASE_LINES_MAX];
    unsigned n_lines;
    struct group *groups;
    unsigned n_groups;
};

static void setup(struct runner *r)
{
    *r = (struct runner){.set = traces_load(true)};
    r->x = trace_scratch_new();
    r->groups = calloc(GROUPS_MAX, sizeof *r->groups);
}

static void teardown(struct runner *r)
{
    trace_scratch_free(r->x);
    trace_set_free(r->set);
    free(r->groups);
}

/* --- joining, as simply as it can be done --- */

static bool give(struct runner *r, struct group *g, unsigned i)
{
    enum trace_step step = trace_next(r->set, r->x, &g->walk, r->lines[i]);
    g->closed |= step == TRACE_NONE || step == TRACE_ENDS;
    if (step == TRACE_NONE || step == TRACE_FOREIGN)
        return false;
    g->lines[g->n++] = i;
    if (step != TRACE_MAYBE)
        g->sure = g->n;
    return true;
}

/* A field of a record that holds a whole trace. */
static bool open_whole(struct runner *r, unsigned i)
{
    struct arena a = {0};
    struct trace t;
    bool ok = trace_parse(r->set, r->x, r->lines[i], &a, &t);
    if (ok)
        r->groups[r->n_groups++] = (struct group){.lines = {i}, .n = 1, .sure = 1, .closed = true};
    arena_done(&a);
    return ok;
}

static bool open_group(struct runner *r, unsigned i)
{
    struct group *g = &r->groups[r->n_groups];
    if (slice_chr(r->lines[i], '\n'))
        return open_whole(r, i);
    enum trace_step step = trace_open(r->set, r->x, r->lines[i], &g->walk);
    if (step == TRACE_NONE || r->n_groups == GROUPS_MAX - 1)
        return false;
    if (i)
        trace_follows(&g->walk, r->lines[i - 1]);
    g->n = g->sure = 0;
    if (g->walk.before == TRACE_BEFORE_HEADING && i)
        g->lines[g->n++] = i - 1;
    g->lines[g->n++] = i;
    g->sure = step == TRACE_MAYBE ? 0 : g->n;
    g->closed = step == TRACE_ENDS;
    r->n_groups++;
    return true;
}

static void join(struct runner *r)
{
    r->n_groups = 0;
    for (unsigned i = 0; i < r->n_lines; i++) {
        bool taken = false;
        for (unsigned g = r->n_groups; g-- > 0 && !taken;)
            if (!r->groups[g].closed)
                taken = give(r, &r->groups[g], i);
        if (!taken)
            open_group(r, i);
    }
    unsigned kept = 0;
    for (unsigned g = 0; g < r->n_groups; g++)
        if (r->groups[g].sure)
            r->groups[kept++] = r->groups[g];
    r->n_groups = kept;
}

static struct slice text_of(struct runner *r, const struct group *g, struct arena *a)
{
    struct sbuf b;
    sbuf_init(&b, 1 << 20);
    for (unsigned i = 0; i < g->sure; i++) {
        if (i)
            sbuf_addc(&b, '\n');
        sbuf_adds(&b, r->lines[g->lines[i]]);
    }
    struct slice text = arena_dup(a, sbuf_slice(&b));
    sbuf_done(&b);
    return text;
}

/* --- comparing --- */

static struct slice member(const struct json_node *n, const char *name)
{
    const struct json_node *m = json_get(n, name);
    return m ? m->text : SLICE_NONE;
}

static void differs(struct sbuf *why, const char *what, struct slice got, struct slice want)
{
    if (!slice_eq(slice_trim(got), slice_trim(want)))
        sbuf_addf(why, " %s '%.*s' not '%.*s';", what, SLICE_ARG(slice_sub(got, 0, 80)),
                  SLICE_ARG(slice_sub(want, 0, 80)));
}

static void compare_number(struct sbuf *why, const char *what, unsigned got, const struct json_node *want)
{
    char text[16];
    snprintf(text, sizeof text, "%u", got);
    if (want)
        differs(why, what, slice_str(text), want->text);
}

/* A case that knows no modules has them before the function, as Go prints them. */
static bool is_with_module(const struct trace_frame *f, struct slice function)
{
    return f->module.n && function.n == f->module.n + 1 + f->function.n && slice_starts(function, f->module) &&
           slice_eq(slice_from(function, f->module.n + 1), f->function);
}

static void compare_frame(struct sbuf *why, const struct trace_frame *f, const struct json_node *want)
{
    struct slice function = member(want, "function"), module = member(want, "module");
    if (module.n)
        differs(why, "module", f->module, module);
    if (module.n || !is_with_module(f, function))
        differs(why, "function", f->function, function);
    differs(why, "file", f->file, member(want, "file"));
    compare_number(why, "line", f->line, json_get(want, "line"));
}

/* What was put back for `... N more` is not in the expectation. */
static unsigned printed_frames(const struct trace_frames *f, const struct trace_frame **out)
{
    unsigned n = 0;
    for (unsigned i = 0; i < f->n; i++)
        if (!f->v[i].restored && !f->v[i].omitted)
            out[n++] = &f->v[i];
    return n;
}

static void compare_exception(struct sbuf *why, const struct trace_exception *e, const struct json_node *want)
{
    const struct trace_frame *printed[TRACE_FRAMES_MAX];
    unsigned n = printed_frames(&e->frames, printed), i = 0;
    const struct json_node *frames = json_get(want, "frames"), *count = json_get(want, "frame_count");
    struct slice type = member(want, "type");
    if (!slice_eq(e->type, type))
        differs(why, "type", e->printed, type);
    differs(why, "value", e->value, member(want, "value"));
    if (count)
        compare_number(why, "frames", n, count);
    if (!frames)
        return;
    for (const struct json_node *f = frames->child; f; f = f->next, i++)
        if (i < n)
            compare_frame(why, printed[i], f);
    if (i != n)
        sbuf_addf(why, " %u frames, not %u;", n, i);
}

static void compare_trace(struct sbuf *why, const struct trace *t, const struct json_node *want)
{
    unsigned n = 0;
    for (const struct json_node *e = want ? want->child : NULL; e; e = e->next, n++)
        if (n < t->n_exceptions)
            compare_exception(why, &t->exceptions[n], e);
    if (n != t->n_exceptions)
        sbuf_addf(why, " %u exceptions, not %u;", t->n_exceptions, n);
}

static void show(const struct trace *t)
{
    struct sbuf b;
    struct json j;
    sbuf_init(&b, 1 << 22);
    json_start(&j, &b);
    trace_show(t, &j);
    json_end(&j);
    printf("    %.*s\n", (int)b.n, b.p);
    sbuf_done(&b);
}

/* --- cases --- */

static bool wants_show(struct slice id)
{
    const char *s = getenv("CRUMBD_TRACE_SHOW");
    return s && slice_is(id, s);
}

/* A line of JSON holds the whole trace as text. */
static struct slice trace_member(struct arena *a, struct slice line)
{
    static const char *const names[] = {"stack",    "exception", "stack_trace", "stacktrace", "full_message",
                                        "exc_info", "@x",        "x",           "msg",        "message"};
    const struct json_node *n = json_tree(a, line);
    for (size_t i = 0; n && i < sizeof names / sizeof *names; i++)
        if (member(n, names[i]).n)
            return member(n, names[i]);
    return line;
}

static void read_lines(struct runner *r, struct arena *a, const struct json_node *list)
{
    r->n_lines = 0;
    for (const struct json_node *n = list->child; n && r->n_lines < CASE_LINES_MAX; n = n->next) {
        struct slice line = corpus_bytes(a, n);
        r->lines[r->n_lines++] = slice_starts(line, SLICE("{\"")) ? trace_member(a, line) : line;
    }
}

static unsigned number_of(const struct json_node *n)
{
    uint64_t v = 0;
    slice_u64(n->text, &v);
    return (unsigned)v;
}

/* The log's own line before the trace, and a blank one behind it, are for who joins to say. */
static bool fits(const struct group *g, unsigned first, unsigned last)
{
    unsigned from = g->lines[0], to = g->lines[g->sure - 1];
    return from >= first && from <= first + 3 && to <= last && to + 1 >= last;
}

static void compare_groups(struct runner *r, struct sbuf *why, const struct json_node *groups)
{
    for (unsigned i = 0; i < r->n_groups; i++) {
        const struct group *g = &r->groups[i];
        bool found = false;
        for (const struct json_node *w = groups->child; w && !found; w = w->next)
            found = fits(g, number_of(w->child), number_of(w->child->next));
        if (!found)
            sbuf_addf(why, " lines %u to %u are no group;", g->lines[0], g->lines[g->sure - 1]);
    }
}

static unsigned traces_of(struct runner *r, struct arena *a, struct trace *out)
{
    unsigned n = 0;
    for (unsigned g = 0; g < r->n_groups; g++)
        n += trace_parse(r->set, r->x, text_of(r, &r->groups[g], a), a, &out[n]);
    return n;
}

/* Each report is one of the traces; of two that were printed at the same time either may come first. */
static void compare_reports(struct sbuf *why, const struct trace *traces, unsigned n, const struct json_node *reports)
{
    unsigned i = 0;
    for (const struct json_node *e = reports->child; e; e = e->next, i++) {
        struct sbuf all;
        bool found = false;
        sbuf_init(&all, 1 << 20);
        for (unsigned k = 0; k < n && !found; k++) {
            size_t before = all.n;
            compare_trace(&all, &traces[k], e->type == JSON_ARRAY ? e : json_get(e, "exceptions"));
            found = all.n == before;
        }
        if (!found)
            sbuf_adds(why, sbuf_slice(&all));
        sbuf_done(&all);
    }
    if (n != i)
        sbuf_addf(why, " %u traces, not %u;", n, i);
}

/* Cases that ask for another configuration than crumbd has: one language alone, bounds of a few lines. */
static bool is_another_matter(struct slice id)
{
    return slice_starts(id, SLICE("detect-buffer-")) || slice_starts(id, SLICE("detect-max-"));
}

static void run_case(struct runner *r, struct arena *a, const struct json_node *c, struct sbuf *why)
{
    struct trace *traces = arena_calloc(a, GROUPS_MAX, sizeof *traces);
    const struct json_node *expect = json_get(c, "expect"), *reports = json_get(expect, "reports");
    const struct json_node *exceptions = json_get(expect, "exceptions");
    if (!exceptions)
        exceptions = json_get(expect, "exceptions_of_first");
    read_lines(r, a, json_get(c, "input"));
    join(r);
    unsigned n = traces_of(r, a, traces);
    if (json_get(expect, "groups"))
        compare_groups(r, why, json_get(expect, "groups"));
    if (reports) {
        compare_reports(why, traces, n, reports);
    } else if (exceptions && exceptions->child && !n) {
        sbuf_addf(why, " no trace;");
    } else if (exceptions && n) {
        compare_trace(why, &traces[0], exceptions);
    }
    for (unsigned i = 0; i < n && wants_show(member(c, "id")); i++)
        show(&traces[i]);
}

/* --- what SDKs say --- */

static bool is_ours(const struct json_node *f)
{
    return slice_find(member(f, "filename"), SLICE("@sentry/")) < 0 &&
           slice_find(member(f, "filename"), SLICE("node:")) != 0;
}

static struct slice sdk_function(struct slice s, struct arena *a)
{
    ptrdiff_t at = slice_find(s, SLICE("<anonymous>"));
    if (at < 0)
        return s;
    char *p = arena_cstr(a, s);
    p[at] = '?';
    memmove(p + at + 1, p + at + 11, s.n - (size_t)at - 11);
    return slice_of(p, s.n - 10);
}

static void compare_sdk_frame(struct sbuf *why, const struct trace_frame *f, const struct json_node *want, bool node,
                              struct arena *a)
{
    struct slice path = member(want, "abs_path"), below = slice_from(f->file, 1);
    differs(why, "function", node ? sdk_function(f->function, a) : f->function, member(want, "function"));
    bool relative =
        slice_starts(f->file, SLICE("./")) && path.n > below.n && slice_eq(slice_from(path, path.n - below.n), below);
    if (!relative && !slice_eq(f->file, path))
        differs(why, "file", f->file, member(want, "filename"));
    compare_number(why, "line", f->line, json_get(want, "lineno"));
}

/* From the newest on, as far as both go: the SDK keeps only so many, and of node its own files are among them. */
static void compare_sdk_frames(struct sbuf *why, const struct trace_frames *f, const struct json_node *list, bool node,
                               struct arena *a)
{
    const struct json_node *want[4096];
    const struct trace_frame *got[4096];
    unsigned n = 0, m = 0;
    for (const struct json_node *w = list ? list->child : NULL; w && n < 4096; w = w->next)
        if (!node || is_ours(w))
            want[n++] = w;
    for (unsigned i = 0; i < n; i++) /* behind it is Rust's machinery, and the SDK itself */
        if (slice_is(member(want[i], "function"), "__rustc::rust_begin_unwind"))
            n = i + 1;
    for (unsigned i = 0; i < f->n; i++)
        if (!f->v[i].omitted && !(node && slice_starts(f->v[i].file, SLICE("node:"))))
            for (unsigned k = 0; k <= f->v[i].repeated && m < 4096; k++)
                got[m++] = &f->v[i];
    unsigned k = n < m ? n : m;
    if (k == 0 && n)
        sbuf_addf(why, " no frames;");
    for (unsigned i = 1; i <= k && !why->over; i++)
        compare_sdk_frame(why, got[m - i], want[n - i], node, a);
}

/* Python's text of a group says how many it has, which is no part of its message. */
static struct slice without_count(struct slice value)
{
    ptrdiff_t at = slice_rfind(value, SLICE(" ("));
    return at >= 0 && slice_find(slice_from(value, (size_t)at), SLICE(" sub-exception")) >= 0
               ? slice_sub(value, 0, (size_t)at)
               : value;
}

/* `skipped`: so many causes the runtime did not print. */
static void compare_sdk(struct sbuf *why, const struct trace *t, const struct json_node *values, unsigned skipped,
                        bool node, struct arena *a)
{
    unsigned n = 0;
    const struct json_node *w = values->child;
    while (w && skipped--)
        w = w->next;
    for (; w; w = w->next, n++) {
        const struct trace_exception *e = n < t->n_exceptions ? &t->exceptions[n] : NULL;
        if (!e)
            continue;
        if (!slice_is(e->type, "panic")) /* Go prints none */
            differs(why, "type", e->type, member(w, "type"));
        differs(why, "value", without_count(e->value), member(w, "value"));
        if (member(w, "module").n)
            differs(why, "module", e->module, member(w, "module"));
        compare_sdk_frames(why, &e->frames, json_get(json_get(w, "stacktrace"), "frames"), node, a);
    }
    if (n != t->n_exceptions)
        sbuf_addf(why, " %u exceptions, not %u;", t->n_exceptions, n);
}

static unsigned children(const struct json_node *list)
{
    unsigned n = 0;
    for (const struct json_node *c = list->child; c; c = c->next)
        n++;
    return n;
}

/* How many of the SDK's exceptions the text is silent about: the notes say where it has "only the outermost". */
static unsigned not_printed(const struct json_node *c)
{
    bool outermost = slice_find(member(c, "notes"), SLICE("only the outermost")) >= 0;
    return outermost ? children(json_get(c, "sdk_exception")) - 1 : 0;
}

static void run_sdk_case(struct runner *r, struct arena *a, const struct json_node *c, struct sbuf *why)
{
    struct trace *traces = arena_calloc(a, GROUPS_MAX, sizeof *traces);
    read_lines(r, a, json_get(c, "input"));
    join(r);
    unsigned n = traces_of(r, a, traces);
    if (n == 0)
        sbuf_addf(why, " no trace;");
    else
        compare_sdk(why, &traces[n - 1], json_get(c, "sdk_exception"), not_printed(c),
                    slice_is(member(c, "runtime"), "node"), a);
    for (unsigned i = 0; i < n && wants_show(member(c, "id")); i++)
        show(&traces[i]);
}

/* --- all of them --- */

struct tally {
    char language[24];
    unsigned cases, whole;
};

struct tallies {
    struct tally v[32];
    unsigned n;
};

static struct tally *tally_of(struct tallies *t, struct slice language)
{
    size_t n = 0;
    while (n < language.n && n < 20 && ascii_alpha(language.p[n]))
        n++;
    language.n = n;
    if (slice_is(language, "py"))
        language = SLICE("python");
    for (unsigned i = 0; i < t->n; i++)
        if (slice_is(language, t->v[i].language))
            return &t->v[i];
    ck_assert_uint_lt(t->n, 32);
    snprintf(t->v[t->n].language, sizeof t->v->language, "%.*s", SLICE_ARG(language));
    return &t->v[t->n++];
}

typedef void run_f(struct runner *r, struct arena *a, const struct json_node *c, struct sbuf *why);

static bool run_file(struct runner *r, const char *under, const char *file, const char *language_member, run_f *run,
                     struct tallies *t)
{
    char path[4096], *line = NULL;
    size_t cap = 0;
    FILE *f = corpus_open(under, file, path);
    if (!f) {
        printf("SKIP corpus: %s is not there\n", path);
        return false;
    }
    for (ssize_t n; (n = getline(&line, &cap, f)) > 0;) {
        struct arena a = {0};
        struct sbuf why;
        sbuf_init(&why, 1 << 20);
        const struct json_node *c = json_tree(&a, slice_of(line, (size_t)n));
        if (is_another_matter(member(c, "id"))) {
            arena_done(&a);
            continue;
        }
        run(r, &a, c, &why);
        struct slice language = member(c, language_member);
        struct tally *tally = tally_of(t, language.n ? language : SLICE("none"));
        tally->cases++;
        tally->whole += why.n == 0;
        if (why.n && getenv("CRUMBD_TRACE_SHOW"))
            printf("%.*s:%.*s\n", SLICE_ARG(member(c, "id")), (int)(why.n > 400 ? 400 : why.n), why.p);
        sbuf_done(&why);
        arena_done(&a);
    }
    free(line);
    fclose(f);
    return true;
}

/* How many are whole at least: raised with every grammar, never lowered. */
struct least {
    const char *language;
    unsigned whole;
};

static void check_least(const struct tallies *t, const struct least *least)
{
    for (unsigned i = 0; i < t->n; i++)
        printf("corpus %s: %u of %u whole\n", t->v[i].language, t->v[i].whole, t->v[i].cases);
    for (; least->language; least++) {
        unsigned whole = 0;
        for (unsigned i = 0; i < t->n; i++)
            whole = strcmp(t->v[i].language, least->language) == 0 ? t->v[i].whole : whole;
        ck_assert_msg(whole >= least->whole, "%s: only %u are whole, not %u", least->language, whole, least->whole);
    }
}

START_TEST(multiline)
{
    static const struct least least[] = {
        {"asan", 2},    {"browser", 1}, {"c", 8},     {"cpp", 1},   {"csharp", 1}, {"dart", 14},      {"dotnet", 7},
        {"elixir", 2},  {"erlang", 1},  {"gdb", 2},   {"go", 6},    {"java", 23},  {"javascript", 2}, {"kernel", 2},
        {"kotlin", 1},  {"lua", 1},     {"node", 14}, {"none", 9},  {"perl", 8},   {"php", 8},        {"postgres", 1},
        {"python", 23}, {"ruby", 6},    {"rust", 10}, {"scala", 1}, {"swift", 1},  {NULL, 0}};
    struct runner r;
    struct tallies t = {0};
    setup(&r);
    bool there = run_file(&r, "multiline", "traces-generated.jsonl", "lang", run_case, &t) &&
                 run_file(&r, "multiline", "traces-handmade.jsonl", "lang", run_case, &t) &&
                 run_file(&r, "multiline", "traces-public.jsonl", "lang", run_case, &t) &&
                 run_file(&r, "multiline", "detect-exceptions.jsonl", "lang", run_case, &t);
    if (there)
        check_least(&t, least);
    teardown(&r);
}
END_TEST

START_TEST(sdk)
{
    static const struct least least[] = {{"go", 4},   {"java", 6}, {"node", 4}, {"python", 10},
                                         {"ruby", 4}, {"rust", 3}, {NULL, 0}};
    struct runner r;
    struct tallies t = {0};
    setup(&r);
    bool there = run_file(&r, "sdk", "java.jsonl", "runtime", run_sdk_case, &t) &&
                 run_file(&r, "sdk", "python.jsonl", "runtime", run_sdk_case, &t) &&
                 run_file(&r, "sdk", "node.jsonl", "runtime", run_sdk_case, &t) &&
                 run_file(&r, "sdk", "go.jsonl", "runtime", run_sdk_case, &t) &&
                 run_file(&r, "sdk", "ruby.jsonl", "runtime", run_sdk_case, &t) &&
                 run_file(&r, "sdk", "rust.jsonl", "runtime", run_sdk_case, &t);
    if (there)
        check_least(&t, least);
    teardown(&r);
}
END_TEST

/* --- as an event --- */

static struct slice event_of(const struct trace *t, const struct options *opt, struct sbuf *out)
{
    struct record r;
    struct event_texts texts = {.formatted = SLICE("failed")};
    struct verdict v = {.texts = &texts, .level = LEVEL_ERROR};
    struct event_source src = {.record = &r, .verdict = &v, .trace = t, .received_us = 1};
    struct scrub *scrub = scrub_new(opt);
    record_init(&r, FORMAT_TEXT, SLICE("failed"));
    snprintf(src.event_id, sizeof src.event_id, "0123456789abcdef0123456789abcdef");
    sbuf_init(out, EVENT_BYTES_MAX);
    ck_assert(event_write(&src, opt, scrub, out));
    scrub_free(scrub);
    return sbuf_slice(out);
}

static void ck_has(struct slice json, const char *part)
{
    ck_assert_msg(slice_find(json, slice_str(part)) >= 0, "%s is not in %.*s", part, SLICE_ARG(json));
}

START_TEST(event)
{
    static const char text[] = "Exception in thread \"main\" com.acme.CartException: cart password=hunter2\n"
                               "\tat com.acme.Cart.load(Cart.java:58)\n"
                               "\tSuppressed: com.acme.CloseException\n"
                               "\t\tat com.acme.Cart.close(Cart.java:60)\n"
                               "\t\t... 1 more\n"
                               "Caused by: java.io.IOException: broken\n"
                               "\tat java.base/java.io.In.read(In.java:7)\n"
                               "\t... 1 more\n";
    struct slice own = SLICE("com.acme");
    struct options all = {.scrub = {.defaults = true}}, one = {.in_app = &own, .n_in_app = 1};
    struct runner r;
    struct arena a = {0};
    struct trace t;
    struct sbuf out;
    setup(&r);
    ck_assert(trace_parse(r.set, r.x, slice_str(text), &a, &t));
    struct slice json = event_of(&t, &all, &out);
    ck_has(json, "\"platform\":\"java\"");
    ck_has(json,
           "\"exception\":{\"values\":[{\"type\":\"IOException\",\"value\":\"broken\",\"module\":\"java.io\","
           "\"thread_id\":0,\"mechanism\":{\"type\":\"chained\",\"handled\":false,\"exception_id\":2,\"parent_id\":0,"
           "\"source\":\"cause\"},\"stacktrace\":{\"frames\":[{\"filename\":\"Cart.java\",\"function\":\"load\","
           "\"module\":\"com.acme.Cart\",\"lineno\":58,\"in_app\":true},{\"filename\":\"In.java\","
           "\"function\":\"read\",\"module\":\"java.io.In\",\"lineno\":7,\"in_app\":false}]}}");
    ck_has(json, "\"exception_id\":1,\"parent_id\":0,\"source\":\"suppressed[0]\"");
    ck_has(json, "\"type\":\"auto.log.text\",\"handled\":false,\"exception_id\":0}");
    ck_has(json, "\"threads\":{\"values\":[{\"id\":0,\"name\":\"main\",\"current\":true,\"crashed\":true}]}");
    ck_assert(slice_find(json, SLICE("hunter2")) < 0);
    sbuf_done(&out);
    ck_has(event_of(&t, &one, &out),
           "\"function\":\"close\",\"module\":\"com.acme.Cart\",\"lineno\":60,\"in_app\":true");
    sbuf_done(&out);
    arena_done(&a);
    teardown(&r);
}
END_TEST

/* What the runtime says besides stands in a context, without secrets. */
START_TEST(event_notes)
{
    struct trace_note notes[] = {{SLICE("DETAIL"), SLICE("Key (code)=(A4) password=hunter2 exists")},
                                 {SLICE("HINT"), SLICE("try")},
                                 {SLICE("HINT"), SLICE("again")}};
    struct trace t = {.platform = SLICE("other"), .notes = notes, .n_notes = 3};
    struct options opt = {.scrub = {.defaults = true}};
    struct sbuf out;
    struct slice json = event_of(&t, &opt, &out);
    ck_has(json, "\"HINT\":\"try\"}");
    ck_has(json, "\"notes\":{\"DETAIL\":\"Key (code)=(A4)");
    ck_assert(slice_find(json, SLICE("hunter2")) < 0);
    sbuf_done(&out);
}
END_TEST

/* Of a deep stack the oldest and the newest frames are sent; names without end do not make an event too large. */
START_TEST(event_bounds)
{
    struct options opt = {0};
    struct runner r;
    struct arena a = {0};
    struct trace t;
    struct sbuf text, out;
    setup(&r);
    sbuf_init(&text, 8 << 20);
    sbuf_addf(&text, "java.lang.StackOverflowError\n");
    for (unsigned i = 0; i < 2000; i++)
        sbuf_addf(&text, "\tat a.B%0*u.run(B.java:%u)\n", i % 2 ? 200 : 1, i, i + 1);
    ck_assert(trace_parse(r.set, r.x, sbuf_slice(&text), &a, &t));
    ck_assert_uint_eq(t.exceptions[0].frames.n, TRACE_LINES_MAX - 1);
    ck_assert_uint_eq(t.lost, 2001 - TRACE_LINES_MAX);
    ck_assert_uint_eq(t.rest.n, 0);
    unsigned frames = 0;
    struct slice json = event_of(&t, &opt, &out);
    for (ptrdiff_t at; (at = slice_find(json, SLICE("\"filename\""))) >= 0; frames++)
        slice_skip(&json, (size_t)at + 1);
    ck_assert_uint_eq(frames, EVENT_FRAMES_MAX);
    sbuf_done(&text);
    sbuf_done(&out);
    arena_done(&a);
    teardown(&r);
}
END_TEST

/* Exceptions beyond the bound are counted, and nothing of them is anybody else's. */
static void ck_many(const char *relation, const char *indent)
{
    enum { MANY = 400 };
    struct runner r;
    struct arena a = {0};
    struct trace t;
    struct sbuf text;
    setup(&r);
    sbuf_init(&text, 1 << 20);
    sbuf_addf(&text, "a.Outer: first\n\tat a.Outer.run(Outer.java:1)\n");
    for (unsigned i = 0; i < MANY; i++)
        sbuf_addf(&text, "%s: a.Inner: %u\n%s\tat a.Inner.run(Inner.java:%u)\n", relation, i, indent, i);
    ck_assert(trace_parse(r.set, r.x, sbuf_slice(&text), &a, &t));
    ck_assert_uint_eq(t.n_exceptions, TRACE_EXCEPTIONS_MAX);
    ck_assert_uint_eq(t.lost, MANY + 1 - TRACE_EXCEPTIONS_MAX);
    for (unsigned i = 0; i < t.n_exceptions; i++)
        ck_assert_uint_eq(t.exceptions[i].frames.n, 1);
    sbuf_done(&text);
    arena_done(&a);
    teardown(&r);
}

START_TEST(many_exceptions)
{
    ck_many("Caused by", "");
    ck_many("\tSuppressed", "\t");
}
END_TEST

START_TEST(samples)
{
    struct diag d = {0};
    struct trace_set *set = traces_load(true);
    struct trace_check result = trace_check_samples(set, &d);
    ck_assert_uint_gt(result.samples, 0);
    trace_check_patterns(set, &d);
    err_print(&d, stdout);
    ck_assert_uint_eq(d.errors, 0);
    ck_assert_uint_eq(result.failed, 0);
    err_done(&d);
    trace_set_free(set);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("trace");
    TCase *t = tcase_create("corpus");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, samples);
    tcase_add_test(t, event);
    tcase_add_test(t, event_bounds);
    tcase_add_test(t, event_notes);
    tcase_add_test(t, many_exceptions);
    tcase_add_test(t, multiline);
    tcase_add_test(t, sdk);
    suite_add_tcase(s, t);
    return unit_run(s);
}
