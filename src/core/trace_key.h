/*
 * trace_key: which traces are the same fault, on any host, after a restart, with other ids, addresses, lines and
 * numbers of lambdas.
 *
 * A fault is made of the types of its chain and, for each exception, of the functions that are one's own code and the
 * one that the newest of them called, with their module or file, each once, the newest first; where none is one's own,
 * of all. That call tells what one's own code did where the type does not: Rust's panic in expect is another than that
 * in an index. What is put back from another exception, and what was suppressed on the way, does not count. An
 * exception whose frames name no function is known by its value's template, too. Pure; linear in the frames, of which
 * TRACE_KEY_FRAMES different ones count.
 */
#ifndef CORE_TRACE_KEY_H
#define CORE_TRACE_KEY_H

#include "core/log_template.h"
#include "core/trace.h"

enum { TRACE_KEY_FRAMES = 100, TRACE_KEY_PARTS = 2 };

/* Stored, so it depends on no secret of the process. m: memory to mask a text in. */
uint64_t trace_key(const struct trace *t, struct log_template *m);
/*
 * The same as a fingerprint for people and servers: the types, the one that is reported first, and a hash that stands
 * for the rest. It lives in the arena.
 */
void trace_key_fingerprint(const struct trace *t, struct log_template *m, struct arena *a,
                           struct slice parts[TRACE_KEY_PARTS]);

#endif
