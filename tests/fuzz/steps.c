#include "tests/fuzz/steps.h"

#include <stddef.h>
#include <string.h>

static uint64_t done;

void steps_reset(void)
{
    done = 0;
}

uint64_t steps_done(void)
{
    return done;
}

/* Called by the compiler's code, once for each basic block. */
void __wrap___sanitizer_cov_trace_pc(void);
void __wrap___sanitizer_cov_trace_pc(void)
{
    done++;
}

/* ---- libc, as the linker's --wrap calls it ---- */

/* What a search has looked at: up to the hit, or all. */
static void searched(const void *from, const void *hit, size_t n)
{
    done += 1 + (hit ? (size_t)((const char *)hit - (const char *)from) : n);
}

void *__real_memchr(const void *s, int c, size_t n);
void *__wrap_memchr(const void *s, int c, size_t n);
void *__wrap_memchr(const void *s, int c, size_t n)
{
    void *hit = __real_memchr(s, c, n);
    searched(s, hit, n);
    return hit;
}

void *__real_memrchr(const void *s, int c, size_t n);
void *__wrap_memrchr(const void *s, int c, size_t n);
void *__wrap_memrchr(const void *s, int c, size_t n)
{
    void *hit = __real_memrchr(s, c, n);
    done += 1 + (hit ? n - (size_t)((const char *)hit - (const char *)s) : n);
    return hit;
}

void *__real_memmem(const void *s, size_t n, const void *needle, size_t m);
void *__wrap_memmem(const void *s, size_t n, const void *needle, size_t m);
void *__wrap_memmem(const void *s, size_t n, const void *needle, size_t m)
{
    void *hit = __real_memmem(s, n, needle, m);
    searched(s, hit, n);
    return hit;
}

int __real_memcmp(const void *a, const void *b, size_t n);
int __wrap_memcmp(const void *a, const void *b, size_t n);
int __wrap_memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;
    size_t i = 0;
    while (i < n && x[i] == y[i])
        i++;
    done += 1 + i;
    return __real_memcmp(a, b, n);
}

void *__real_memcpy(void *to, const void *from, size_t n);
void *__wrap_memcpy(void *to, const void *from, size_t n);
void *__wrap_memcpy(void *to, const void *from, size_t n)
{
    done += 1 + n / 16;
    return __real_memcpy(to, from, n);
}

void *__real_memmove(void *to, const void *from, size_t n);
void *__wrap_memmove(void *to, const void *from, size_t n);
void *__wrap_memmove(void *to, const void *from, size_t n)
{
    done += 1 + n / 16;
    return __real_memmove(to, from, n);
}

void *__real_memset(void *to, int c, size_t n);
void *__wrap_memset(void *to, int c, size_t n);
void *__wrap_memset(void *to, int c, size_t n)
{
    done += 1 + n / 16;
    return __real_memset(to, c, n);
}

size_t __real_strlen(const char *s);
size_t __wrap_strlen(const char *s);
size_t __wrap_strlen(const char *s)
{
    size_t n = __real_strlen(s);
    done += 1 + n;
    return n;
}
