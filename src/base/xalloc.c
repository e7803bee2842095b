#include "base/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_die(void *p)
{
    if (!p) {
        fputs("level=error msg=\"out of memory\" hint=\"raise the memory limit of this process or lower the caps in "
              "crumbd.yaml\"\n",
              stderr);
        abort();
    }
    return p;
}

/* noinline: with the memset behind it compilers make it a calloc. */
__attribute__((noinline)) void *xmalloc(size_t n)
{
    return or_die(malloc(n ? n : 1));
}

/* glibc's calloc takes nothing from the cache of its thread, where small pieces lie that were just given back. */
enum { CACHED_MAX = 1024 };

void *xcalloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > CACHED_MAX)
        return or_die(calloc(count, size));
    return memset(xmalloc(bytes), 0, bytes ? bytes : 1);
}

void *xrealloc(void *p, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        or_die(NULL);
    return or_die(realloc(p, bytes ? bytes : 1));
}

void *xroom(void *p, size_t n, size_t size)
{
    if (n & (n - 1))
        return p;
    return xrealloc(p, n ? n * 2 : 1, size);
}

char *xstrdup(const char *s)
{
    return or_die(strdup(s));
}

char *xasprintf(const char *fmt, ...)
{
    va_list ap;
    char *out = NULL;
    va_start(ap, fmt);
    int n = vasprintf(&out, fmt, ap);
    va_end(ap);
    return or_die(n < 0 ? NULL : out);
}
