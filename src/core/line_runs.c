#include "core/line_runs.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/xalloc.h"

/* Of so many logs that take turns a run is found again. */
enum { LOOK_BACK = 32, LOG_CHARS = 16 };

void line_runs_done(struct line_runs *l)
{
    free(l->v);
    *l = (struct line_runs){0};
}

void line_runs_add(struct line_runs *l, const struct line_run *line)
{
    for (unsigned i = l->n; i > 0 && l->n - i < LOOK_BACK; i--) {
        struct line_run *r = &l->v[i - 1];
        if (r->log == line->log && r->first + r->n == line->first) {
            r->n += line->n;
            r->from_us = line->from_us < r->from_us ? line->from_us : r->from_us;
            r->to_us = line->to_us > r->to_us ? line->to_us : r->to_us;
            return;
        }
    }
    if (l->n == l->cap)
        l->v = xrealloc(l->v, l->cap = l->cap ? 2 * l->cap : 4, sizeof *l->v);
    l->v[l->n++] = *line;
}

static int compare(const void *a, const void *b)
{
    const struct line_run *x = a, *y = b;
    return x->log != y->log ? (x->log < y->log ? -1 : 1) : x->first != y->first ? (x->first < y->first ? -1 : 1) : 0;
}

void line_runs_sort(struct line_runs *l)
{
    if (l->n)
        qsort(l->v, l->n, sizeof *l->v, compare);
}

void line_runs_write(const struct line_run *v, unsigned n, struct sbuf *out)
{
    for (unsigned i = 0, end; i < n; i = end) {
        int64_t from_us = v[i].from_us, to_us = v[i].to_us;
        for (end = i + 1; end < n && v[end].log == v[i].log; end++) {
            from_us = v[end].from_us < from_us ? v[end].from_us : from_us;
            to_us = v[end].to_us > to_us ? v[end].to_us : to_us;
        }
        sbuf_addf(out, "%s%016" PRIx64 " %" PRId64 " %" PRId64, i ? ";" : "", v[i].log, from_us, to_us);
        for (unsigned k = i; k < end; k++)
            sbuf_addf(out, " %" PRIu64 "+%" PRIu64, v[k].first, v[k].n);
    }
}

static bool read_log(struct slice text, uint64_t *log)
{
    *log = 0;
    if (text.n != LOG_CHARS || !slice_is_hex(text))
        return false;
    for (size_t i = 0; i < text.n; i++)
        *log = *log << 4 | (unsigned)ascii_hex_value(text.p[i]);
    return *log != 0;
}

static bool read_time(struct slice text, int64_t *us)
{
    uint64_t v;
    bool ok = slice_u64(text, &v) && v <= INT64_MAX;
    *us = ok ? (int64_t)v : 0;
    return ok;
}

static bool read_run(struct slice text, struct line_run *r)
{
    struct slice first = slice_split(&text, '+');
    return slice_u64(first, &r->first) && slice_u64(text, &r->n) && r->n > 0 && r->first <= INT64_MAX &&
           r->n <= INT64_MAX;
}

bool line_runs_read(struct slice text, struct arena *a, struct line_run **v, unsigned *n, uint64_t *lines)
{
    struct line_runs all = {0};
    bool ok = true;
    *lines = 0;
    while (ok && text.n) {
        struct slice of_log = slice_split(&text, ';'), log = slice_split(&of_log, ' ');
        struct slice from = slice_split(&of_log, ' '), to = slice_split(&of_log, ' ');
        struct line_run r = {0};
        ok = read_log(log, &r.log) && read_time(from, &r.from_us) && read_time(to, &r.to_us) && r.from_us <= r.to_us &&
             of_log.n;
        while (ok && of_log.n) {
            ok = all.n < LINE_RUNS_MAX && read_run(slice_split(&of_log, ' '), &r) &&
                 !__builtin_add_overflow(*lines, r.n, lines);
            if (ok)
                line_runs_add(&all, &r);
        }
    }
    *n = ok ? all.n : 0;
    *v = NULL;
    if (*n) {
        *v = arena_alloc(a, *n * sizeof **v);
        memcpy(*v, all.v, *n * sizeof **v);
    }
    line_runs_done(&all);
    return ok;
}
