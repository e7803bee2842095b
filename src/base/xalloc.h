/*
 * xalloc: allocation that does not fail. A daemon that cannot have a few more kilobytes cannot go on honestly, so the
 * process ends with one line that says so; every size that outside bytes can influence is capped before it gets here.
 */
#ifndef BASE_XALLOC_H
#define BASE_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t n) __attribute__((malloc, returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((malloc, returns_nonnull));
/* Grows or shrinks to count elements; the product is checked for overflow. */
void *xrealloc(void *p, size_t count, size_t size) __attribute__((returns_nonnull));
/* Room for one element behind the n that are there: the array is doubled whenever n is a power of two, so nobody has to
   keep its capacity. Only for arrays that grow one by one. */
void *xroom(void *p, size_t n, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *s) __attribute__((returns_nonnull));
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));

#endif
