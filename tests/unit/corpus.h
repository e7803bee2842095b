/*
 * corpus: cases that are not part of the project: one JSON object a line, in files under
 * $CRUMBD_SHARED/corpus (or beside the sources). Without them a test says SKIP and passes.
 *
 * tests/corpus-exceptions lists, one a line, the ids of cases where crumbd is right to differ, and why. A
 * case on that list must fail: an exception nobody needs any more is an error as well.
 */
#ifndef TESTS_CORPUS_H
#define TESTS_CORPUS_H

#include <stdio.h>

#include "tests/unit/unit.h"

#include "base/arena.h"
#include "base/sbuf.h"
#include "text/json.h"

struct corpus_count {
    unsigned cases, passed, excepted;
};

/* What is wrong is written to `why`; nothing when the case passes. */
typedef void corpus_case(struct arena *a, const struct json_node *c, struct sbuf *why);

static inline FILE *corpus_open(const char *under, const char *file, char path[4096])
{
    const char *shared = getenv("CRUMBD_SHARED"), *top = getenv("top_srcdir");
    top = top ? top : ".";
    if (strcmp(under, "tests") == 0)
        snprintf(path, 4096, "%s/tests/%s", top, file);
    else
        snprintf(path, 4096, "%s%s/corpus/%s/%s", shared ? shared : top, shared ? "" : "/../shared", under, file);
    return fopen(path, "r");
}

static inline bool corpus_excepted(struct slice id)
{
    char path[4096], line[1024];
    FILE *f = corpus_open("tests", "corpus-exceptions", path);
    bool found = false;
    ck_assert_msg(f != NULL, "%s is missing", path);
    while (!found && fgets(line, sizeof line, f)) {
        struct slice s = slice_trim(slice_str(line));
        struct slice word = slice_split(&s, ' ');
        found = slice_eq(word, id);
        ck_assert_msg(!found || slice_trim(s).n >= 8, "corpus-exceptions: no reason given for %.*s", SLICE_ARG(id));
    }
    fclose(f);
    return found;
}

/* A whole file of at most 4 MB; the caller frees. NULL, after a line that says SKIP, when it is not there. */
static inline char *corpus_read(const char *under, const char *file, size_t *size)
{
    enum { CORPUS_FILE_BYTES = 4 << 20 };
    char path[4096];
    FILE *f = corpus_open(under, file, path);
    if (!f) {
        printf("SKIP %s: not there\n", path);
        return NULL;
    }
    char *p = malloc(CORPUS_FILE_BYTES);
    *size = fread(p, 1, CORPUS_FILE_BYTES, f);
    fclose(f);
    return p;
}

/* The bytes of {"text": …}, {"b64": …} or a plain string. */
static inline struct slice corpus_bytes(struct arena *a, const struct json_node *n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    ck_assert(n != NULL);
    if (n->type == JSON_STRING)
        return n->text;
    if (json_get(n, "text"))
        return json_get(n, "text")->text;
    struct slice b64 = json_get(n, "b64")->text;
    char *p = arena_alloc(a, b64.n + 1);
    size_t out = 0;
    unsigned bits = 0, n_bits = 0;
    for (size_t i = 0; i < b64.n && b64.p[i] != '='; i++) {
        bits = bits << 6 | (unsigned)(strchr(digits, b64.p[i]) - digits);
        n_bits += 6;
        if (n_bits >= 8)
            p[out++] = (char)(bits >> (n_bits -= 8));
        bits &= (1u << n_bits) - 1;
    }
    return slice_of(p, out);
}

/* "got" and "want" of one member, when they differ. */
static inline void corpus_differs(struct sbuf *why, const char *what, struct slice got, struct slice want)
{
    if (!slice_eq(got, want))
        sbuf_addf(why, "\n    %s: got '%.*s', want '%.*s'", what, SLICE_ARG(got), SLICE_ARG(want));
}

static inline void corpus_run(const char *under, const char *file, unsigned at_least, corpus_case *run)
{
    char path[4096], *line = NULL;
    size_t cap = 0;
    ssize_t n;
    struct corpus_count count = {0};
    unsigned failed = 0;
    FILE *f = corpus_open(under, file, path);
    if (!f) {
        printf("SKIP corpus: %s is not there\n", path);
        return;
    }
    while ((n = getline(&line, &cap, f)) > 0) {
        struct arena a = {0};
        struct sbuf why;
        sbuf_init(&why, 1 << 20);
        const struct json_node *c = json_tree(&a, slice_of(line, (size_t)n));
        ck_assert_msg(c != NULL, "%s: not JSON: %s", path, line);
        const struct json_node *id = json_get(c, "id");
        run(&a, c, &why);
        bool listed = id && corpus_excepted(id->text);
        count.cases++;
        count.passed += why.n == 0;
        count.excepted += why.n && listed;
        if ((why.n != 0) != listed) {
            failed++;
            printf("%s %.*s: %s%s\n", file, SLICE_ARG(id ? id->text : slice_of(line, (size_t)n)),
                   why.n ? "differs" : "is listed in corpus-exceptions but passes", sbuf_cstr(&why));
        }
        sbuf_done(&why);
        arena_done(&a);
    }
    printf("corpus %s/%s: %u cases, %u pass, %u listed exceptions, %u fail\n", under, file, count.cases, count.passed,
           count.excepted, failed);
    free(line);
    fclose(f);
    ck_assert_uint_ge(count.cases, at_least);
    ck_assert_uint_eq(failed, 0);
}

#endif
