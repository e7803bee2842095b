#include "app/rules.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/file.h"
#include "base/xalloc.h"
#include "core/rule_check.h"
#include "core/trace_load.h"
#include "io/clock.h"

/* As far as `end` stands in it; NULL: all of it. */
static struct conf_file *read_file(const char *path, const char *end, struct diag *d)
{
    struct sbuf text;
    sbuf_init(&text, CONF_BYTES_MAX);
    bool read = file_read(path, CONF_BYTES_MAX, &text, d, (struct err_place){0});
    ptrdiff_t at = read && end ? slice_find(sbuf_slice(&text), slice_str(end)) : -1;
    struct slice part = at < 0 ? sbuf_slice(&text) : slice_sub(sbuf_slice(&text), 0, (size_t)at + 1);
    struct conf_file *f = read ? conf_parse(path, part, d) : NULL;
    sbuf_done(&text);
    return f;
}

static bool load_file(struct rule_set *set, const char *path, struct diag *d)
{
    struct conf_file *f = read_file(path, NULL, d);
    if (f && set->traces && trace_set_language(f).n)
        return trace_set_load(set->traces, f, d);
    return f && rule_set_load(set, f, d);
}

bool rules_load_files(struct rule_set *set, char *const *files, unsigned n, struct diag *d)
{
    bool ok = true;
    for (unsigned i = 0; i < n; i++)
        ok &= load_file(set, files[i], d);
    return ok;
}

bool rules_load(struct rule_set *set, const struct settings *s, struct diag *d)
{
    char **files;
    unsigned errors = d->errors, n = settings_rule_files(s, &files, d);
    bool ok = rules_load_files(set, files, n, d);
    settings_files_free(files, n);
    return ok && d->errors == errors;
}

/* --- what is proven before it runs --- */

enum { PROOF_MS = 500 };

struct proof {
    char *shipped; /* their folder */
    int64_t began_ms;
    unsigned left_out;
};

static bool rules_is_wanted(void *u, const struct rule *r)
{
    struct proof *p = u;
    if (strncmp(r->place.file, p->shipped, strlen(p->shipped)) == 0)
        return false;
    bool late = clock_mono_ms() - p->began_ms >= PROOF_MS;
    p->left_out += late;
    return !late;
}

void rules_warn(const struct rule_set *set, struct diag *d)
{
    struct proof p = {.shipped = xasprintf("%s/rules/", settings_data_dir())};
    p.began_ms = clock_mono_ms();
    rule_warn_patterns(set, rules_is_wanted, &p, d);
    if (p.left_out)
        err_add(d, ERR_WARNING, (struct err_place){0},
                "the patterns of %u rules were not proven at the start, which would have become slow; "
                "crumbd check proves all",
                p.left_out);
    free(p.shipped);
}

/* --- names of a command line --- */

struct file_list {
    char **files;
    unsigned n;
};

static void add_once(struct file_list *l, const char *path)
{
    for (unsigned i = 0; i < l->n; i++)
        if (strcmp(l->files[i], path) == 0)
            return;
    l->files = xroom(l->files, l->n, sizeof *l->files);
    l->files[l->n++] = xstrdup(path);
}

static bool exists(const char *path, bool *folder)
{
    struct stat st;
    bool there = stat(path, &st) == 0;
    *folder = there && S_ISDIR(st.st_mode);
    return there;
}

static void add_pattern(struct file_list *l, const char *pattern)
{
    glob_t g;
    if (glob(pattern, 0, NULL, &g) != 0)
        return;
    for (size_t i = 0; i < g.gl_pathc; i++)
        add_once(l, g.gl_pathv[i]);
    globfree(&g);
}

static bool add_named(struct file_list *l, const char *name, struct diag *d)
{
    bool folder, shipped = strcmp(name, "shipped") == 0;
    if (exists(name, &folder) && !folder) {
        add_once(l, name);
        return true;
    }
    unsigned before = l->n;
    char *pattern = shipped  ? xasprintf("%s/rules/*.yaml", settings_data_dir())
                    : folder ? xasprintf("%s/*.yaml", name)
                             : xstrdup(name);
    add_pattern(l, pattern);
    if (l->n == before)
        err_plain(d, "no rule file matches %s; a set of rules is a file, a folder, a pattern or \"shipped\"%s", pattern,
                  settings_rule_hint(slice_str(name)));
    free(pattern);
    return l->n > before;
}

static bool add_list(struct file_list *l, const char *names, struct diag *d)
{
    bool folder, ok = true;
    if (exists(names, &folder)) /* its name may have a comma */
        return add_named(l, names, d);
    struct slice rest = slice_str(names);
    while (rest.p) {
        char *name = slice_dup(slice_split(&rest, ','));
        ok &= add_named(l, name, d);
        free(name);
    }
    return ok;
}

bool rules_load_named(struct rule_set *set, char *const *names, unsigned n, struct diag *d)
{
    struct file_list l = {0};
    bool ok = true;
    for (unsigned i = 0; i < n; i++)
        ok &= add_list(&l, names[i], d);
    ok = ok && rules_load_files(set, l.files, l.n, d);
    settings_files_free(l.files, l.n);
    return ok;
}

/* --- grammars of traces --- */

static bool load_grammar(struct trace_set *set, const char *path, bool samples, struct diag *d)
{
    struct conf_file *f = read_file(path, samples ? NULL : "\nsamples:", d);
    if (!f)
        return false;
    if (!trace_set_has(set, trace_set_language(f)))
        return trace_set_load(set, f, d);
    conf_free(f); /* one's own goes before it */
    return true;
}

bool rules_load_traces(const struct rule_set *set, bool samples, struct diag *d)
{
    struct file_list l = {0};
    char *pattern = xasprintf("%s/rules/traces/*.yaml", settings_data_dir());
    bool ok = true;
    add_pattern(&l, pattern);
    for (unsigned i = 0; i < l.n; i++)
        ok &= load_grammar(set->traces, l.files[i], samples, d);
    settings_files_free(l.files, l.n);
    free(pattern);
    return ok;
}
