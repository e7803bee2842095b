/*
 * trace_name: the names of a trace's frames as others compare them. What is handed out borrows from the name. Pure.
 */
#ifndef CORE_TRACE_NAME_H
#define CORE_TRACE_NAME_H

#include "base/sbuf.h"

/* The path of a file as printed: without file://, and ./ before it. */
struct slice trace_name_path(struct slice file);
/* Its last component, without the ?query of a script from the web. */
struct slice trace_name_base(struct slice file);
/*
 * Appends a name of code without what compilers and runtimes number anew in each build or run: addresses and hashes,
 * counters of lambdas, closures, proxies and anonymous classes, places in names of closures. Digits that a person wrote
 * (utf8, step2) stay. language: as the grammar names it.
 */
void trace_name_stable(struct slice language, struct slice name, struct sbuf *out);

#endif
