#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/regex.h"

#include <assert.h>
#include <pcre2.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"

enum { JIT_STACK_START = 32 * 1024, JIT_STACK_MAX = 512 * 1024, HEAP_LIMIT_KIB = 4096, DEPTH_LIMIT = 2000 };

/*
 * While a pattern waits for its code the interpreter must find what that would find: it counts steps that JIT does not,
 * and its stack is larger. So it may take more of both, so many times, which is some tenths of a second at most.
 */
enum { WAITING_HEAP_KIB = 16384, WAITING_MATCH_LIMIT = 10 * REGEX_MATCH_LIMIT, WAITING_TIMES = 8 };
enum { KEPT_FRAMES_BYTES = 64 << 10 }; /* of the interpreter's stack, from one match to the next */

struct regex_pool {
    struct regex *first;
    atomic_bool wanted; /* one has been matched often since its code could have been made */
};

struct regex {
    pcre2_code *code;
    pcre2_code *_Atomic fast;   /* has JIT code: the same, or a copy that was made later; NULL: there is none yet */
    struct regex_pool *pool;    /* NULL: it is in none */
    struct regex *next, **back; /* in the pool */
    atomic_uint uses;           /* without JIT code, of a pool; up to REGEX_POOL_USES */
    atomic_uint limits;         /* matches of these that took more than they may with it */
    unsigned count;
    bool late;                  /* JIT code is made when it is first matched */
    bool tried;                 /* the pool's owner has made its code, or could not */
    bool direct;                /* JIT code would want no look at the subject before */
    struct regex_capture_name { /* 0 to count */
        char *name;
        unsigned same; /* the next capture of the same name, 0: none */
    } captures[];
};

struct regex_scratch {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    const struct regex *re; /* of the last match */
    struct slice subject;
    unsigned groups; /* pairs that the last match set */
    pcre2_general_context *memory;
    size_t frames; /* bytes that the match data has taken for the interpreter's stack */
    bool waiting;  /* the limits are those of patterns that wait for their code */
};

static void read_names(struct regex *re)
{
    uint32_t count = 0, size = 0;
    PCRE2_SPTR table = NULL;
    pcre2_pattern_info(re->code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(re->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(re->code, PCRE2_INFO_NAMETABLE, &table);
    /* pcre2api(3): each entry is the group number in two bytes, most significant first, then the name and a NUL. */
    for (uint32_t i = 0; i < count; i++, table += size) {
        unsigned number = (unsigned)(table[0] << 8 | table[1]);
        if (number <= re->count && !re->captures[number].name)
            re->captures[number].name = xstrdup((const char *)table + 2);
    }
}

static void make_jit(struct regex *re)
{
    re->late = false;
    if (pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE) == 0)
        atomic_store_explicit(&re->fast, re->code, memory_order_release);
}

struct regex *regex_compile_late(struct slice pattern, bool ignore_case, size_t *offset, char message[256])
{
    int code;
    PCRE2_SIZE at = 0;
    uint32_t options = PCRE2_NEVER_BACKSLASH_C | (ignore_case ? PCRE2_CASELESS : 0);
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)(pattern.p ? pattern.p : ""), pattern.n, options, &code, &at, NULL);
    *offset = at;
    if (!compiled) {
        pcre2_get_error_message(code, (PCRE2_UCHAR *)message, 256);
        return NULL;
    }
    uint32_t count = 0;
    pcre2_pattern_info(compiled, PCRE2_INFO_CAPTURECOUNT, &count);
    if (count > REGEX_CAPTURES_MAX) {
        snprintf(message, 256, "more than %d groups; use (?:…) where nothing is captured", REGEX_CAPTURES_MAX);
        pcre2_code_free(compiled);
        return NULL;
    }
    struct regex *re = xcalloc(1, sizeof *re + (count + 1) * sizeof re->captures[0]);
    uint32_t all = PCRE2_UTF;
    pcre2_pattern_info(compiled, PCRE2_INFO_ALLOPTIONS, &all);
    re->code = compiled;
    re->count = count;
    re->late = true;
    re->direct = !(all & PCRE2_UTF);
    read_names(re);
    return re;
}

struct regex *regex_compile(struct slice pattern, bool ignore_case, size_t *offset, char message[256])
{
    struct regex *re = regex_compile_late(pattern, ignore_case, offset, message);
    if (re)
        make_jit(re);
    return re;
}

/* --- code that is made when it pays --- */

struct regex_pool *regex_pool_new(void)
{
    return xcalloc(1, sizeof(struct regex_pool));
}

void regex_pool_free(struct regex_pool *pool)
{
    assert(!pool || !pool->first);
    free(pool);
}

struct regex *regex_compile_in(struct regex_pool *pool, struct slice pattern, size_t *offset, char message[256])
{
    struct regex *re = regex_compile_late(pattern, false, offset, message);
    if (!re)
        return NULL;
    re->late = false;
    re->pool = pool;
    re->next = pool->first;
    re->back = &pool->first;
    if (re->next)
        re->next->back = &re->next;
    pool->first = re;
    return re;
}

bool regex_pool_wants(const struct regex_pool *pool)
{
    return pool && atomic_load_explicit(&pool->wanted, memory_order_relaxed);
}

/* Of a copy: PCRE2 writes to what it makes code of, which others match with meanwhile. */
static bool make_jit_beside(struct regex *re)
{
    re->tried = true;
    pcre2_code *copy = pcre2_code_copy(re->code);
    if (!copy || pcre2_jit_compile(copy, PCRE2_JIT_COMPLETE) != 0) {
        pcre2_code_free(copy);
        return false;
    }
    atomic_store_explicit(&re->fast, copy, memory_order_release);
    return true;
}

unsigned regex_pool_make(struct regex_pool *pool)
{
    unsigned n = 0;
    if (!pool || !atomic_exchange_explicit(&pool->wanted, false, memory_order_relaxed))
        return 0;
    for (struct regex *re = pool->first; re; re = re->next)
        if (!re->tried && atomic_load_explicit(&re->uses, memory_order_relaxed) >= REGEX_POOL_USES)
            n += make_jit_beside(re);
    return n;
}

void regex_make_now(const struct regex *re)
{
    struct regex *own = (struct regex *)(uintptr_t)re;
    if (own->pool && !own->tried) {
        own->tried = true;
        make_jit(own);
    }
}

/* Threads may miss one another's, which does no harm. */
static void count_uses(struct regex *re, unsigned n)
{
    unsigned uses = atomic_load_explicit(&re->uses, memory_order_relaxed);
    if (uses >= REGEX_POOL_USES)
        return;
    uses = uses + n < REGEX_POOL_USES ? uses + n : REGEX_POOL_USES;
    atomic_store_explicit(&re->uses, uses, memory_order_relaxed);
    if (uses == REGEX_POOL_USES)
        atomic_store_explicit(&re->pool->wanted, true, memory_order_relaxed);
}

static void leave_pool(struct regex *re)
{
    *re->back = re->next;
    if (re->next)
        re->next->back = re->back;
}

void regex_free(struct regex *re)
{
    if (!re)
        return;
    pcre2_code *fast = atomic_load_explicit(&re->fast, memory_order_relaxed);
    if (fast != re->code)
        pcre2_code_free(fast);
    if (re->pool)
        leave_pool(re);
    for (unsigned i = 0; i <= re->count; i++)
        free(re->captures[i].name);
    pcre2_code_free(re->code);
    free(re);
}

unsigned regex_count(const struct regex *re)
{
    return re->count;
}

const char *regex_name(const struct regex *re, unsigned number)
{
    return number <= re->count ? re->captures[number].name : NULL;
}

unsigned regex_number(const struct regex *re, struct slice name)
{
    for (unsigned i = 1; i <= re->count; i++)
        if (re->captures[i].name && slice_is(name, re->captures[i].name))
            return i;
    return 0;
}

static bool has_name_of(const struct regex *re, unsigned a, unsigned b)
{
    const char *one = re->captures[a].name, *other = re->captures[b].name;
    return one && other && strcmp(one, other) == 0;
}

static void link_same(struct regex *re)
{
    for (unsigned i = 1; i <= re->count; i++) {
        unsigned next = i + 1;
        while (next <= re->count && !has_name_of(re, i, next))
            next++;
        re->captures[i].same = next <= re->count ? next : 0;
    }
}

void regex_rename(struct regex *re, const char *name, struct slice as)
{
    unsigned number = regex_number(re, slice_str(name));
    if (!number)
        return;
    free(re->captures[number].name);
    re->captures[number].name = slice_dup(as);
    link_same(re);
}

bool regex_have_jit(void)
{
    size_t offset;
    char message[256];
    struct regex *re = regex_compile(SLICE("a"), false, &offset, message);
    bool jit = re && atomic_load_explicit(&re->fast, memory_order_relaxed);
    regex_free(re);
    return jit;
}

const char *regex_version(void)
{
    static char text[64];
    if (!text[0] && pcre2_config(PCRE2_CONFIG_VERSION, NULL) < (int)sizeof text)
        pcre2_config(PCRE2_CONFIG_VERSION, text);
    return text;
}

static void *regex_alloc(size_t n, void *u)
{
    struct regex_scratch *s = u;
    s->frames = n > s->frames ? n : s->frames;
    return xmalloc(n);
}

static void regex_release(void *p, void *u)
{
    (void)u;
    free(p);
}

static void make_data(struct regex_scratch *s)
{
    s->data = pcre2_match_data_create(REGEX_CAPTURES_MAX + 1, s->memory);
    assert(s->data);
    s->frames = 0;
}

/* Depth and heap limits guard the interpreter; JIT knows only the match limit and its stack. */
static void set_limits(struct regex_scratch *s, bool waiting)
{
    s->waiting = waiting;
    pcre2_set_match_limit(s->context, waiting ? WAITING_MATCH_LIMIT : REGEX_MATCH_LIMIT);
    pcre2_set_depth_limit(s->context, waiting ? WAITING_MATCH_LIMIT : DEPTH_LIMIT);
    pcre2_set_heap_limit(s->context, waiting ? WAITING_HEAP_KIB : HEAP_LIMIT_KIB);
}

struct regex_scratch *regex_scratch_new(void)
{
    struct regex_scratch *s = xcalloc(1, sizeof *s);
    s->memory = pcre2_general_context_create(regex_alloc, regex_release, s);
    s->context = pcre2_match_context_create(NULL);
    s->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
    assert(s->memory && s->context);
    make_data(s);
    set_limits(s, false);
    if (s->stack)
        pcre2_jit_stack_assign(s->context, NULL, s->stack);
    return s;
}

void regex_scratch_free(struct regex_scratch *s)
{
    if (!s)
        return;
    pcre2_match_data_free(s->data);
    pcre2_match_context_free(s->context);
    pcre2_general_context_free(s->memory);
    if (s->stack)
        pcre2_jit_stack_free(s->stack);
    free(s);
}

static int interpret(const struct regex *re, struct regex_scratch *s, struct slice subject, size_t from)
{
    if (s->waiting)
        set_limits(s, false);
    return pcre2_match(re->code, (PCRE2_SPTR)subject.p, subject.n, from, 0, s->data, s->context);
}

static bool is_limit(int rc)
{
    return rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT || rc == PCRE2_ERROR_HEAPLIMIT;
}

/* A match that the limits end is tried again with others, and its code is made soon. */
static int interpret_waiting(struct regex *re, struct regex_scratch *s, struct slice subject, size_t from)
{
    int rc = interpret(re, s, subject, from);
    count_uses(re, is_limit(rc) ? REGEX_POOL_USES : 1);
    if (!is_limit(rc) || atomic_fetch_add_explicit(&re->limits, 1, memory_order_relaxed) >= WAITING_TIMES)
        return rc;
    set_limits(s, true);
    return pcre2_match(re->code, (PCRE2_SPTR)subject.p, subject.n, from, 0, s->data, s->context);
}

static int run_code(pcre2_code *fast, const struct regex *re, struct regex_scratch *s, struct slice subject,
                    size_t from)
{
    int rc = PCRE2_ERROR_JIT_BADOPTION; /* also of a pattern with (*NO_JIT) */
    if (s->waiting)
        set_limits(s, false);
    if (re->direct)
        rc = pcre2_jit_match(fast, (PCRE2_SPTR)subject.p, subject.n, from, 0, s->data, s->context);
    if (rc == PCRE2_ERROR_JIT_BADOPTION)
        rc = pcre2_match(fast, (PCRE2_SPTR)subject.p, subject.n, from, 0, s->data, s->context);
    return rc;
}

enum regex_result regex_match(const struct regex *re, struct regex_scratch *s, struct slice subject, size_t from)
{
    assert(from <= subject.n);
    s->re = re;
    s->subject = subject;
    s->groups = 0;
    struct regex *own = (struct regex *)(uintptr_t)re;
    const struct slice text = slice_of(subject.p ? subject.p : "", subject.n);
    if (re->late)
        make_jit(own);
    if (s->frames > KEPT_FRAMES_BYTES) {
        pcre2_match_data_free(s->data);
        make_data(s);
    }
    pcre2_code *fast = atomic_load_explicit(&own->fast, memory_order_acquire);
    int rc = fast       ? run_code(fast, re, s, text, from)
             : re->pool ? interpret_waiting(own, s, text, from)
                        : interpret(re, s, text, from);
    if (rc == PCRE2_ERROR_NOMATCH)
        return REGEX_NO;
    if (rc < 0) /* a pattern with (*UTF) on text that is not UTF-8 does not match it; all else is a limit */
        return rc <= PCRE2_ERROR_UTF8_ERR1 && rc >= PCRE2_ERROR_UTF8_ERR21 ? REGEX_NO : REGEX_LIMIT;
    s->groups = (unsigned)rc;
    return REGEX_YES;
}

static struct slice group_text(const struct regex_scratch *s, unsigned number)
{
    if (number >= s->groups)
        return SLICE_NONE;
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(s->data);
    PCRE2_SIZE from = v[2 * number], to = v[2 * number + 1];
    if (from == PCRE2_UNSET || to < from || to > s->subject.n)
        return SLICE_NONE;
    return slice_sub(s->subject, from, to);
}

struct slice regex_capture(const struct regex_scratch *s, unsigned number)
{
    struct slice text = group_text(s, number);
    while (!text.p && s->groups && number <= s->re->count && (number = s->re->captures[number].same) != 0)
        text = group_text(s, number);
    return text;
}
