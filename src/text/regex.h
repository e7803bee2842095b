/*
 * regex: the one door to PCRE2. Byte mode (no UTF unless the pattern asks with (*UTF)), JIT where the system allows it.
 *
 * A compiled regex is immutable and may be shared by threads; a scratch belongs to one thread. Matching is bounded by a
 * match limit, so that a pattern that backtracks without end costs milliseconds and is reported as REGEX_LIMIT.
 */
#ifndef TEXT_REGEX_H
#define TEXT_REGEX_H

#include "base/slice.h"

struct regex;
struct regex_scratch;

enum { REGEX_CAPTURES_MAX = 64, REGEX_MATCH_LIMIT = 200000 };

/* NULL on error: *offset is the byte in the pattern, message (at least 256 bytes) says what is wrong. */
struct regex *regex_compile(struct slice pattern, bool ignore_case, size_t *offset, char message[256]);
/* The same, but JIT code is made when it is first matched: for one thread alone, and where most are never matched. */
struct regex *regex_compile_late(struct slice pattern, bool ignore_case, size_t *offset, char message[256]);
/*
 * The same, but JIT code is made for those of a pool that are matched often, by one thread that may make code while
 * others match: most of many patterns are never matched, and code takes the most memory of all. Until then they are
 * interpreted, which finds the same and takes about ten times as long. NULL is no pool.
 */
enum { REGEX_POOL_USES = 32 };
struct regex_pool *regex_pool_new(void);
/* It is empty. */
void regex_pool_free(struct regex_pool *pool);
struct regex *regex_compile_in(struct regex_pool *pool, struct slice pattern, size_t *offset, char message[256]);
/* Any thread: whether there is something to make. */
bool regex_pool_wants(const struct regex_pool *pool);
/* Returns how many have got code. */
unsigned regex_pool_make(struct regex_pool *pool);
/* Makes the code of one, before any other thread has it. */
void regex_make_now(const struct regex *re);
void regex_free(struct regex *re);
/* Captures by number (1..count); the name of each, or NULL. */
unsigned regex_count(const struct regex *re);
const char *regex_name(const struct regex *re, unsigned number);
/* Number of a named capture, the first of several, 0 if there is none. */
unsigned regex_number(const struct regex *re, struct slice name);
/* The capture of this name is called something else from now on, which PCRE2 need not allow and other captures may be
 * called too. */
void regex_rename(struct regex *re, const char *name, struct slice as);
/* Whether this process can have JIT at all (MemoryDenyWriteExecute and seccomp can take it away). */
bool regex_have_jit(void);
const char *regex_version(void);

struct regex_scratch *regex_scratch_new(void);
void regex_scratch_free(struct regex_scratch *s);

enum regex_result { REGEX_NO, REGEX_YES, REGEX_LIMIT };

/* On REGEX_YES the captures are read with regex_capture until the next match with the same scratch. */
enum regex_result regex_match(const struct regex *re, struct regex_scratch *s, struct slice subject, size_t from);
/*
 * Capture 0 is the whole match. {NULL, 0} for a group that took no part, nor did a later one of the same name. Points
 * into the subject. The regex of the match must still be there.
 */
struct slice regex_capture(const struct regex_scratch *s, unsigned number);

#endif
