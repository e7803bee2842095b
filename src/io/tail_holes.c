/*
 * tail_holes: generations of a log that came and went before anyone looked, of which the numbers of the others tell.
 *
 * What had the name of the log at the last look is app.log.4 now: so app.log.1 to app.log.3 came after it, and were
 * read as what came unseen. One that lacks among them is lost, whatever it held.
 *
 * Not everybody counts like that: with some the highest number is the newest. So a hole is one only where times say
 * that numbers grow with age. While a rotation renames files there are holes, too: one is believed when it is still
 * there after two polls. A run that ends in between says nothing of it, and numbers above NUMBER_MAX are not looked at.
 */
#include "io/tail.h"

#include <stdlib.h>

#include "base/xalloc.h"

enum { NUMBER_MAX = 256, POLLS = 2 };

/* Of app.log.4 and app.log.4.gz, for app.log. 0: it has another name. */
static unsigned number_of(const char *name, const char *log)
{
    size_t n = strlen(log);
    unsigned number = 0;
    if (strncmp(name, log, n) != 0 || name[n] != '.')
        return 0;
    const char *at = name + n + 1;
    for (; *at >= (number ? '0' : '1') && *at <= '9' && number <= NUMBER_MAX; at++)
        number = 10 * number + (unsigned)(*at - '0');
    return (*at == '\0' || *at == '.') && number <= NUMBER_MAX ? number : 0;
}

static bool is_older(const struct stat *a, const struct stat *b)
{
    return a->st_mtim.tv_sec != b->st_mtim.tv_sec ? a->st_mtim.tv_sec < b->st_mtim.tv_sec
                                                  : a->st_mtim.tv_nsec < b->st_mtim.tv_nsec;
}

struct holes {
    unsigned own; /* the number that the file has now */
    bool there[NUMBER_MAX + 1];
    bool downwards; /* a higher number is an older file */
};

/* False: that cannot be told now. */
static bool list(struct tail *t, const struct tail_file *f, const char *log, struct holes *out)
{
    const struct tail_names *l = tail_names_of(t, f);
    struct stat own, st;
    if (!l->known || !l->quiet || lstat(f->path, &own) != 0)
        return false;
    for (size_t i = 0; i < l->n; i++) {
        unsigned number = number_of(l->v[i].name, log);
        out->there[number] = true;
        if (!number || number == out->own || out->downwards)
            continue;
        char *path = xasprintf("%s/%s", l->folder, l->v[i].name);
        if (lstat(path, &st) == 0)
            out->downwards = number < out->own ? is_older(&own, &st) : is_older(&st, &own);
        free(path);
    }
    return true;
}

static void name(struct tail *t, const char *log, const struct holes *h)
{
    for (unsigned i = 1; i < h->own; i++) {
        char *path = h->there[i] ? NULL : xasprintf("%s.%u", log, i);
        if (path)
            tail_gap(t, path, "it came and went before it was seen, as the numbers of the others tell");
        free(path);
    }
}

/* Whether nothing is to be said of what was the log any more. */
static bool is_settled(struct tail *t, struct tail_file *f, const char *log)
{
    struct holes h = {.own = number_of(tail_base_name(f->path), tail_base_name(log))};
    int64_t wait_ms = POLLS * t->tuning.poll_ms, now = tail_now_ms();
    unsigned there = 0;
    if (h.own <= 1)
        return true;
    bool known = list(t, f, tail_base_name(log), &h);
    for (unsigned i = 1; i < h.own; i++)
        there += h.there[i];
    if (known && (there == h.own - 1 || !h.downwards))
        return true;
    if (!f->hole_since || f->hole_own != h.own)
        f->hole_since = now;
    f->hole_own = h.own;
    if (!known || now - f->hole_since < wait_ms) {
        tail_scan_after(t, wait_ms);
        return false;
    }
    name(t, log, &h);
    return true;
}

void tail_look_for_holes(struct tail *t)
{
    struct tail_file *f;
    TAILQ_FOREACH (f, &t->files, all) {
        bool renamed;
        if (!f->newest)
            continue;
        if (f->fd >= 0 && f->rotated)
            tail_file_linked(f, &renamed);
        char *log = strcmp(f->path, f->source) == 0 ? NULL : tail_log_of(t->opt->text, f->path);
        f->newest = !log || !is_settled(t, f, log);
        free(log);
    }
}
