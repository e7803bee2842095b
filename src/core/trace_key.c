#include "core/trace_key.h"

#include <stdio.h>

#include "base/hash.h"
#include "core/trace_name.h"

enum { NAME_BYTES_MAX = 1024, TYPES_BYTES_MAX = 400 };

struct key {
    struct slice language;
    struct log_template *m;
    struct sbuf name;
};

static struct hash128 add_name(struct key *k, struct hash128 h, struct slice name)
{
    sbuf_reset(&k->name);
    trace_name_stable(k->language, slice_sub(name, 0, NAME_BYTES_MAX), &k->name);
    return hash128(h, sbuf_slice(&k->name));
}

/* --- frames --- */

static struct hash128 frame(struct key *k, const struct trace_frame *f)
{
    struct slice file = f->file.n ? f->file : f->package;
    struct hash128 h = add_name(k, HASH128_START, f->module.n ? f->module : trace_name_base(file));
    return add_name(k, h, f->function);
}

static bool is_own(const struct trace_frame *f)
{
    return !f->omitted && !f->restored;
}

/* The newest frame that counts and is one's own code, or -1. */
static int newest_in_app(const struct trace_frames *frames)
{
    int i = (int)frames->n - 1;
    while (i >= 0 && !(is_own(&frames->v[i]) && frames->v[i].in_app))
        i--;
    return i;
}

static bool is_among(const struct hash128 *seen, unsigned n, struct hash128 h)
{
    for (unsigned i = 0; i < n; i++)
        if (seen[i].low == h.low && seen[i].high == h.high)
            return true;
    return false;
}

static struct hash128 add_hash(struct hash128 h, struct hash128 part)
{
    return hash128(h, slice_of((const char *)&part, sizeof part));
}

/* The code of a file outside any function tells no more than the file. */
static bool is_named(struct slice function)
{
    static const char *const nameless[] = {"",           "?",           "<module>",           "{main}", "<main>",
                                           "main chunk", "<anonymous>", "Object.<anonymous>", "BEGIN"};
    for (size_t i = 0; i < sizeof nameless / sizeof *nameless; i++)
        if (slice_is(function, nameless[i]))
            return false;
    return true;
}

/* Each once: how deep it called itself is no part of the fault. *named: one of them is that of a function. */
static struct hash128 add_frames(struct key *k, struct hash128 h, const struct trace_frames *frames, bool *named)
{
    struct hash128 seen[TRACE_KEY_FRAMES];
    int newest = newest_in_app(frames), called = newest + 1;
    unsigned n = 0;
    for (unsigned i = frames->n; i-- > 0 && n < TRACE_KEY_FRAMES;) {
        const struct trace_frame *f = &frames->v[i];
        if (!is_own(f) || !(newest < 0 || f->in_app || i == (unsigned)called))
            continue;
        struct hash128 one = frame(k, f);
        if (is_among(seen, n, one))
            continue;
        seen[n++] = one;
        h = add_hash(h, one);
        *named |= is_named(f->function);
    }
    return h;
}

/* --- exceptions --- */

/* All faults of the language have it: panic, die, error. A class has a capital or a sign in its name. */
static bool is_everyones(struct slice type)
{
    for (size_t i = 0; i < type.n; i++)
        if (type.p[i] != ' ' && (type.p[i] < 'a' || type.p[i] > 'z'))
            return false;
    return true;
}

/* A type tells little where there are no functions: PHP's warnings; or where there is one for all. */
static struct hash128 exception(struct key *k, const struct trace_exception *e)
{
    struct hash128 h = add_name(k, HASH128_START, e->printed.n ? e->printed : e->type);
    bool named = false;
    h = add_frames(k, h, &e->frames, &named);
    if (named && !is_everyones(e->type))
        return h;
    log_template_message(e->value, k->m);
    return hash128(h, sbuf_slice(&k->m->text));
}

static const struct trace_exception *parent_of(const struct trace *t, const struct trace_exception *e)
{
    for (unsigned i = 0; e->parent >= 0 && i < t->n_exceptions; i++)
        if (t->exceptions[i].id == (unsigned)e->parent)
            return &t->exceptions[i];
    return NULL;
}

/* It, or what it is the cause of. */
static bool is_suppressed(const struct trace *t, const struct trace_exception *e)
{
    for (unsigned i = 0; e && i < t->n_exceptions; i++, e = parent_of(t, e))
        if (e->relation == TRACE_SUPPRESSED)
            return true;
    return false;
}

/* Members of a group that are alike count once: how many failed is no part of the fault. */
static struct hash128 hash_of(const struct trace *t, struct log_template *m)
{
    struct hash128 h = HASH128_START, seen[TRACE_EXCEPTIONS_MAX];
    struct key k = {.language = t->language, .m = m};
    unsigned n = 0;
    bool named = false;
    sbuf_init(&k.name, NAME_BYTES_MAX);
    for (unsigned i = t->n_exceptions; i-- > 0;) {
        if (is_suppressed(t, &t->exceptions[i]))
            continue;
        struct hash128 one = exception(&k, &t->exceptions[i]);
        if (is_among(seen, n, one) || n == TRACE_EXCEPTIONS_MAX)
            continue;
        seen[n++] = one;
        h = add_hash(h, one);
    }
    for (unsigned i = 0; !t->n_exceptions && i < t->n_threads; i++)
        h = add_frames(&k, h, &t->threads[i].frames, &named);
    sbuf_done(&k.name);
    return h;
}

uint64_t trace_key(const struct trace *t, struct log_template *m)
{
    return hash_of(t, m).low;
}

static struct slice types_of(const struct trace *t, struct arena *a)
{
    struct sbuf b;
    sbuf_init(&b, TYPES_BYTES_MAX + NAME_BYTES_MAX);
    for (unsigned i = t->n_exceptions; i-- > 0 && b.n < TYPES_BYTES_MAX;) {
        const struct trace_exception *e = &t->exceptions[i];
        if (is_suppressed(t, e) || !e->printed.n)
            continue;
        sbuf_adds(&b, b.n ? SLICE(" < ") : SLICE(""));
        trace_name_stable(t->language, slice_sub(e->printed, 0, TYPES_BYTES_MAX), &b);
    }
    struct slice types = arena_dup(a, b.n ? sbuf_slice(&b) : t->language);
    sbuf_done(&b);
    return types;
}

void trace_key_fingerprint(const struct trace *t, struct log_template *m, struct arena *a,
                           struct slice parts[TRACE_KEY_PARTS])
{
    char text[33];
    struct hash128 h = hash_of(t, m);
    snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long)h.high, (unsigned long long)h.low);
    parts[0] = types_of(t, a);
    parts[1] = arena_dup(a, slice_str(text));
}
