#include "io/source_files.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "io/clock.h"
#include "io/safe_open.h"

struct source_file {
    char *path; /* without links; NULL: free */
    struct stat st;
    char *text;
    int64_t asked_ms;
};

struct source_files {
    char **roots;
    unsigned n_roots;
    struct source_file files[SOURCE_CACHE_FILES];
    size_t bytes; /* of all texts */
};

/* --- which names --- */

static const char endings[] =
    " as asm astro bas bash c cc cfc cfm cjs clj cljc cljs cob coffee cpp cr cs cshtml csx cts cxx cy d dart eex el "
    "elm erb erl ex exs f f90 fs fsx gleam go gradle groovy gsp gvy h haml heex hh hpp hrl hs html hx hxx inc java "
    "jbuilder jl jl js "
    "jsp jspx jsx kt kts leex liquid lisp lua m mjs ml mli mm mts nim njs p6 pas php php3 php4 php5 php7 php8 phtml pl "
    "pm pp pug purs py pyi pyw pyx r raku rake razor rb rbw re res rhtml rkt rs ru s scala scm sh slim sol sql svelte "
    "swift t tcl "
    "tpl ts tsx twig v vala vb vbs vue xsl zig zsh ";

/* The ending of a name is one of those, or it has none. *bare: none. */
static bool is_source_name(struct slice name, bool *bare)
{
    char word[16];
    ptrdiff_t dot = slice_rfind(name, SLICE("."));
    struct slice ending = dot < 0 ? SLICE_NONE : slice_from(name, (size_t)dot + 1);
    *bare = dot < 0;
    if (name.n == 0 || dot == 0)
        return false;
    if (*bare)
        return true;
    if (ending.n == 0 || ending.n > sizeof word - 3)
        return false;
    word[0] = ' ';
    for (size_t i = 0; i < ending.n; i++)
        word[i + 1] = ascii_lower(ending.p[i]);
    word[ending.n + 1] = ' ';
    return slice_find(slice_str(endings), slice_of(word, ending.n + 2)) >= 0;
}

static bool may_be_source(const char *path, bool *bare)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    return *name != '.' && !strstr(path, "/.git/") && is_source_name(slice_str(name), bare);
}

/* --- what is kept --- */

static void forget(struct source_files *s, struct source_file *f)
{
    s->bytes -= f->path ? (size_t)f->st.st_size : 0;
    free(f->path);
    free(f->text);
    *f = (struct source_file){0};
}

static struct source_file *kept(struct source_files *s, const char *path)
{
    for (unsigned i = 0; i < SOURCE_CACHE_FILES; i++)
        if (s->files[i].path && strcmp(s->files[i].path, path) == 0)
            return &s->files[i];
    return NULL;
}

static void forget_old(struct source_files *s, int64_t now_ms)
{
    for (unsigned i = 0; i < SOURCE_CACHE_FILES; i++)
        if (s->files[i].path && now_ms - s->files[i].asked_ms > SOURCE_CACHE_AGE_MS)
            forget(s, &s->files[i]);
}

/* A free place, else the one that was asked for longest ago. */
static struct source_file *least_useful(struct source_files *s)
{
    struct source_file *least = &s->files[0];
    for (unsigned i = 0; i < SOURCE_CACHE_FILES && least->path; i++)
        if (!s->files[i].path || s->files[i].asked_ms < least->asked_ms)
            least = &s->files[i];
    return least;
}

static struct source_file *oldest(struct source_files *s)
{
    struct source_file *found = NULL;
    for (unsigned i = 0; i < SOURCE_CACHE_FILES; i++)
        if (s->files[i].path && (!found || s->files[i].asked_ms < found->asked_ms))
            found = &s->files[i];
    return found;
}

static struct source_file *keep(struct source_files *s, const char *path, const struct stat *st, char *text)
{
    size_t bytes = (size_t)st->st_size;
    while (s->bytes + bytes > SOURCE_CACHE_BYTES)
        forget(s, oldest(s));
    struct source_file *f = least_useful(s);
    forget(s, f);
    *f = (struct source_file){.path = xstrdup(path), .st = *st, .text = text};
    s->bytes += bytes;
    return f;
}

static bool is_unchanged(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* --- reading --- */

/* All of it, or NULL: it has become shorter, or is no text. */
static char *read_text(int fd, size_t n, bool bare)
{
    char *text = xmalloc(n + 1);
    size_t got = 0;
    for (ssize_t k = 1; got < n && k > 0; got += k > 0 ? (size_t)k : 0)
        k = pread(fd, text + got, n - got, (off_t)got);
    if (got == n && !memchr(text, '\0', n) && (!bare || (n > 2 && memcmp(text, "#!", 2) == 0)))
        return text;
    free(text);
    return NULL;
}

/* The file as it is now: what is kept of it, if it has not changed, else read. */
static struct source_file *refresh(struct source_files *s, const char *path, int fd, const struct stat *st, bool bare)
{
    struct source_file *f = kept(s, path);
    if (f && is_unchanged(&f->st, st))
        return f;
    if (f)
        forget(s, f);
    char *text = read_text(fd, (size_t)st->st_size, bare);
    return text ? keep(s, path, st, text) : NULL;
}

static struct source_file *read_file(struct source_files *s, const char *path, size_t most, bool bare)
{
    struct stat st;
    struct safe_why why;
    struct source_file *f = NULL;
    int64_t now_ms = clock_mono_ms();
    int fd = safe_open_real(path, &st, &why);
    forget_old(s, now_ms);
    if (fd < 0)
        return NULL;
    most = most < SOURCE_FILE_BYTES ? most : SOURCE_FILE_BYTES;
    if (st.st_size >= 0 && (uint64_t)st.st_size <= most)
        f = refresh(s, path, fd, &st, bare);
    close(fd);
    if (f)
        f->asked_ms = now_ms;
    return f;
}

/* --- finding --- */

static bool is_below(const char *path, const char *root)
{
    size_t n = strlen(root);
    return n > 1 && strncmp(path, root, n) == 0 && path[n] == '/';
}

/* The root may be a link that a deployment puts in another place. */
static bool is_below_any(const struct source_files *s, const char *path)
{
    char root[PATH_MAX];
    for (unsigned i = 0; i < s->n_roots; i++)
        if (realpath(s->roots[i], root) && is_below(path, root))
            return true;
    return false;
}

static struct source_file *find_at(struct source_files *s, const char *path, size_t most)
{
    char real[PATH_MAX];
    bool bare;
    if (!may_be_source(path, &bare) || !realpath(path, real) || !may_be_source(real, &bare) || !is_below_any(s, real))
        return NULL;
    return read_file(s, real, most, bare);
}

static struct source_file *find_below(struct source_files *s, struct slice name, size_t most)
{
    struct source_file *found = NULL;
    for (unsigned i = 0; i < s->n_roots && !found; i++) {
        char path[PATH_MAX];
        size_t n = strlen(s->roots[i]);
        if (n + 1 + name.n >= sizeof path)
            continue;
        memcpy(path, s->roots[i], n);
        path[n] = '/';
        memcpy(path + n + 1, name.p, name.n);
        path[n + 1 + name.n] = '\0';
        found = find_at(s, path, most);
    }
    return found;
}

static bool source_files_file(void *u, struct slice name, size_t most, struct trace_source_file *out)
{
    struct source_files *s = u;
    struct source_file *f = NULL;
    if (name.n == 0 || name.n >= PATH_MAX || slice_chr(name, '\0'))
        return false;
    if (name.p[0] == '/') {
        char *path = slice_dup(name);
        f = find_at(s, path, most);
        free(path);
    } else {
        f = find_below(s, name, most);
    }
    if (!f)
        return false;
    *out = (struct trace_source_file){.text = slice_of(f->text, (size_t)f->st.st_size),
                                      .changed_us =
                                          (int64_t)f->st.st_mtim.tv_sec * 1000000 + f->st.st_mtim.tv_nsec / 1000};
    return true;
}

/* --- its life --- */

struct source_files *source_files_new(const struct slice *roots, unsigned n)
{
    struct source_files *s = xcalloc(1, sizeof *s);
    s->roots = xcalloc(n + 1, sizeof *s->roots);
    for (; s->n_roots < n; s->n_roots++)
        s->roots[s->n_roots] = slice_dup(roots[s->n_roots]);
    return s;
}

void source_files_free(struct source_files *s)
{
    for (unsigned i = 0; s && i < SOURCE_CACHE_FILES; i++)
        forget(s, &s->files[i]);
    for (unsigned i = 0; s && i < s->n_roots; i++)
        free(s->roots[i]);
    if (s)
        free(s->roots);
    free(s);
}

struct trace_source source_files_source(struct source_files *s)
{
    return (struct trace_source){.u = s, .file = s && s->n_roots ? source_files_file : NULL};
}
