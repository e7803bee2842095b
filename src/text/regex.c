#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/regex.h"

#include <assert.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"

enum { JIT_STACK_START = 32 * 1024, JIT_STACK_MAX = 512 * 1024, HEAP_LIMIT_KIB = 4096, DEPTH_LIMIT = 2000 };

struct regex {
    pcre2_code *code;
    unsigned count;
    bool late; /* there is no JIT code yet */
    bool jit;
    bool direct;                /* JIT code that wants no look at the subject before */
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
    uint32_t all = PCRE2_UTF;
    re->late = false;
    re->jit = pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE) == 0;
    pcre2_pattern_info(re->code, PCRE2_INFO_ALLOPTIONS, &all);
    re->direct = re->jit && !(all & PCRE2_UTF);
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
    re->code = compiled;
    re->count = count;
    re->late = true;
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

void regex_free(struct regex *re)
{
    if (!re)
        return;
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
    bool jit = re && re->jit;
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

struct regex_scratch *regex_scratch_new(void)
{
    struct regex_scratch *s = xcalloc(1, sizeof *s);
    s->data = pcre2_match_data_create(REGEX_CAPTURES_MAX + 1, NULL);
    s->context = pcre2_match_context_create(NULL);
    s->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
    assert(s->data && s->context);
    pcre2_set_match_limit(s->context, REGEX_MATCH_LIMIT);
    /* Depth and heap limits guard the interpreter; JIT knows only the match limit and its stack. */
    pcre2_set_depth_limit(s->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(s->context, HEAP_LIMIT_KIB);
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
    if (s->stack)
        pcre2_jit_stack_free(s->stack);
    free(s);
}

enum regex_result regex_match(const struct regex *re, struct regex_scratch *s, struct slice subject, size_t from)
{
    assert(from <= subject.n);
    s->re = re;
    s->subject = subject;
    s->groups = 0;
    PCRE2_SPTR text = (PCRE2_SPTR)(subject.p ? subject.p : "");
    if (re->late)
        make_jit((struct regex *)(uintptr_t)re);
    int rc = PCRE2_ERROR_JIT_BADOPTION; /* also of a pattern with (*NO_JIT) */
    if (re->direct)
        rc = pcre2_jit_match(re->code, text, subject.n, from, 0, s->data, s->context);
    if (rc == PCRE2_ERROR_JIT_BADOPTION)
        rc = pcre2_match(re->code, text, subject.n, from, 0, s->data, s->context);
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
