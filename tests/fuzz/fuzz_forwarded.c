/* A message of a crumbd that forwards, as anybody may write it: what is taken is within its bounds, is written anew as
   it was read, and can be made a sample and be folded. */
#include <string.h>

#include "core/fold.h"
#include "core/forwarded.h"
#include "core/taken_lines.h"
#include "core/taken_payload.h"
#include "tests/fuzz/fuzz.h"

static void rewrite(struct arena *a, const struct forwarded *f)
{
    struct sbuf out;
    struct slice fingerprint[] = {SLICE("crumbd")};
    const struct event_texts texts = {.type = SLICE("NewKinds"), .value = SLICE("x")};
    const struct verdict v = {.fingerprint = fingerprint, .n_fingerprint = 1, .texts = &texts};
    sbuf_init(&out, 8 * FORWARDED_BYTES_MAX);
    assert(taken_payload_sample(f->payload, &out) && json_tree(a, sbuf_slice(&out)));
    sbuf_reset(&out);
    assert(taken_payload_fold(f->payload, &v, f->title, &out) && json_tree(a, sbuf_slice(&out)));
    sbuf_done(&out);
}

static void write_again(struct arena *a, const struct forwarded *f)
{
    struct sbuf out;
    struct forwarded again;
    const char *why = NULL;
    sbuf_init(&out, 8 * FORWARDED_BYTES_MAX);
    if (forwarded_write(f, &out)) { /* a title may need more room when it is escaped */
        assert(forwarded_read(sbuf_slice(&out), a, &again, &why));
        assert(again.kind == f->kind && again.issue == f->issue && again.from == f->from && again.n == f->n);
        assert(strcmp(again.event_id, f->event_id) == 0 && slice_eq(again.payload, f->payload));
        assert(again.limits.burst == f->limits.burst && slice_eq(again.limits.project, f->limits.project));
    }
    sbuf_done(&out);
}

/* What names lines names no more than it tells of, is written anew as it was read, and counts once. */
static void take_lines(struct arena *a, const struct forwarded *f)
{
    struct sbuf out;
    struct taken_lines t;
    struct line_run *again;
    unsigned n;
    uint64_t lines, sum = 0, news = 0;
    taken_lines_init(&t);
    for (unsigned i = 0; i < f->n_lines; i++) {
        sum += f->lines[i].n;
        news += taken_lines_take(&t, f->issue, &f->lines[i]);
    }
    assert(sum <= (f->kind == FORWARDED_COUNT ? f->n : 1) && news <= sum && t.n <= f->n_lines);
    if (f->n_lines == 1)
        assert(news == sum && taken_lines_take(&t, f->issue, f->lines) == 0);
    taken_lines_done(&t);
    sbuf_init(&out, FORWARDED_PAYLOAD_MAX);
    line_runs_write(f->lines, f->n_lines, &out);
    assert(out.over || (line_runs_read(sbuf_slice(&out), a, &again, &n, &lines) && n <= f->n_lines && lines == sum));
    sbuf_done(&out);
}

int fuzz_target(const uint8_t *data, size_t n)
{
    struct arena a = {0};
    struct forwarded f;
    const char *why = NULL;
    if (!forwarded_read(slice_of((const char *)data, n), &a, &f, &why)) {
        assert(why);
    } else {
        assert(f.payload.n <= FORWARDED_PAYLOAD_MAX && f.title.n <= FORWARDED_TITLE_MAX);
        assert(f.limits.project.n <= FORWARDED_PROJECT_MAX && f.n <= (uint64_t)FORWARDED_COUNT_MAX);
        assert(f.kind == FORWARDED_CHECK_IN || f.issue);
        assert(f.first_us >= 0 && f.first_us <= f.last_us);
        write_again(&a, &f);
        take_lines(&a, &f);
        if (f.kind == FORWARDED_EVENT)
            rewrite(&a, &f);
    }
    arena_done(&a);
    return 0;
}
