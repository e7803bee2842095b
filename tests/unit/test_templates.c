/*
 * templates: the template of every line of the corpora and of the seeds is what it was when it was frozen, so that no
 * message moves to another issue by accident.
 *
 * tests/unit/templates-N.frozen, of grouping N, has a row for each file: its place (`corpus` lies outside the tree and
 * may be absent, `tests` is part of it), its name, the hash of its bytes, then a hash for each GROUP lines. A template
 * that changes on purpose is frozen anew with FREEZE=1 in the environment, which writes that file for the newest
 * grouping; a row of place and name alone adds a file. Those of the groupings before never change.
 */
#include <inttypes.h>

#include "core/log_template.h"
#include "tests/unit/corpus.h"

enum { GROUP = 10, FROZEN_BYTES = 4 << 20 };

struct freezer {
    struct log_template m;
    uint32_t hash;
    bool show;
};

static unsigned grouping;

/* FNV-1a: written here, as a change of the project's own hash must not pass for a change of templates. */
static uint32_t mix(uint32_t h, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 16777619u;
    return h;
}

static const uint32_t basis = 2166136261u;

/* The template, and which bytes of the message became which placeholder. */
static void add_message(struct freezer *f, struct slice msg)
{
    log_template_message(msg, &f->m);
    f->hash = mix(f->hash, f->m.text.p, f->m.text.n);
    for (unsigned i = 0; i < f->m.n_params; i++) {
        const struct log_template_param *p = &f->m.params[i];
        uint32_t place[] = {(uint32_t)(p->value.p - msg.p), (uint32_t)p->value.n, p->at, p->n};
        f->hash = mix(f->hash, place, sizeof place);
    }
    if (f->show)
        printf("    %.*s\n", SLICE_ARG(sbuf_slice(&f->m.text)));
}

/* Each text in JSON is a message, too. */
static void add_json(struct freezer *f, const struct json_node *n)
{
    if (n->type == JSON_STRING)
        add_message(f, n->text);
    for (n = n->child; n; n = n->next)
        add_json(f, n);
}

/* A line as it is; what stands behind its head, as a parser would hand it on; the line with the next one. */
static void add_line(struct freezer *f, struct slice line, struct slice next)
{
    add_message(f, line);
    const char *colon = memmem(line.p, line.n, ": ", 2);
    if (colon)
        add_message(f, slice_from(line, (size_t)(colon + 2 - line.p)));
    if (next.n)
        add_message(f, slice_of(line.p, (size_t)(next.p + next.n - line.p)));
    if (line.n && *line.p == '{') {
        struct arena a = {0};
        const struct json_node *n = json_tree(&a, line);
        if (n)
            add_json(f, n);
        arena_done(&a);
    }
}

/* The hash of up to GROUP lines, which are taken from *rest. */
static uint32_t group_hash(struct slice *rest, bool show)
{
    struct freezer f = {.hash = basis, .show = show};
    log_template_init(&f.m);
    log_template_use(&f.m, grouping, NULL);
    for (int i = 0; i < GROUP && rest->n; i++) {
        struct slice line = slice_split(rest, '\n'), after = *rest;
        add_line(&f, line, slice_split(&after, '\n'));
    }
    log_template_done(&f.m);
    return f.hash;
}

static unsigned long number(struct slice word)
{
    char text[16];
    snprintf(text, sizeof text, "%.*s", SLICE_ARG(word));
    return strtoul(text, NULL, 16);
}

/* The lines of a file against the hashes of its row. Returns how many groups differ. */
static unsigned compare(struct slice name, struct slice text, struct slice hashes)
{
    unsigned differ = 0, line = 1;
    for (; text.n; line += GROUP) {
        struct slice again = text, want = slice_split(&hashes, ' ');
        if (group_hash(&text, false) == number(want) && want.n)
            continue;
        differ++;
        printf("%.*s: other templates in lines %u to %u; they are now\n", SLICE_ARG(name), line, line + GROUP - 1);
        group_hash(&again, true);
    }
    return differ + (hashes.n != 0);
}

static void freeze(FILE *to, struct slice place, struct slice name, struct slice text)
{
    fprintf(to, "%.*s %.*s %08" PRIx32, SLICE_ARG(place), SLICE_ARG(name), mix(basis, text.p, text.n));
    while (text.n)
        fprintf(to, " %08" PRIx32, group_hash(&text, false));
    fputc('\n', to);
}

static char *read_part(struct slice place, struct slice name, size_t *size)
{
    char file[256];
    bool outside = slice_is(place, "corpus");
    snprintf(file, sizeof file, "%.*s", SLICE_ARG(name));
    return corpus_read(outside ? "." : "tests", file, size);
}

/* One row. Returns how many groups of lines differ from it; with `to`, writes it anew. */
static unsigned row(struct slice line, FILE *to)
{
    struct slice place = slice_split(&line, ' '), name = slice_split(&line, ' '), bytes = slice_split(&line, ' ');
    size_t n = 0;
    char *p = read_part(place, name, &n);
    struct slice text = slice_of(p, n);
    unsigned differ = 0;
    bool outside = slice_is(place, "corpus");
    ck_assert_msg(p || outside, "%.*s is gone", SLICE_ARG(name));
    if (p && to) {
        freeze(to, place, name, text);
    } else if (p && number(bytes) == mix(basis, text.p, text.n)) {
        differ = compare(name, text, line);
    } else if (p) {
        printf("SKIP %.*s: not the bytes that were frozen\n", SLICE_ARG(name));
        ck_assert_msg(outside, "%.*s has changed: FREEZE=1 freezes it anew", SLICE_ARG(name));
    }
    free(p);
    return differ;
}

START_TEST(frozen)
{
    size_t n;
    char path[4096], name[64];
    grouping = (unsigned)_i;
    snprintf(name, sizeof name, "unit/templates-%u.frozen", grouping);
    char *p = corpus_read("tests", name, &n);
    ck_assert(p != NULL);
    struct slice rows = slice_of(p, n);
    bool anew = getenv("FREEZE") != NULL && grouping == GROUPING_NEWEST;
    FILE *old = corpus_open("tests", name, path), *to = anew ? fopen(path, "w") : NULL;
    ck_assert(old != NULL && (to || !anew));
    fclose(old);
    unsigned differ = 0;
    while (rows.n)
        differ += row(slice_split(&rows, '\n'), to);
    if (to)
        fclose(to);
    free(p);
    ck_assert_msg(differ == 0, "%u groups of lines have other templates: they would be other issues", differ);
}
END_TEST

/* The comparison sees one line of many, and a row that is too long or too short. */
START_TEST(sees_a_change)
{
    struct slice text = SLICE("a 1\nb 2\nc 3\nd 4\ne 5\nf 6\ng 7\nh 8\ni 9\nj 10\nk 11\nl: 12\n"), rest = text;
    char row[64];
    uint32_t first = group_hash(&rest, false), second = group_hash(&rest, false);
    snprintf(row, sizeof row, "%08" PRIx32 " %08" PRIx32, first, second);
    ck_assert_uint_eq(compare(SLICE("same"), text, slice_str(row)), 0);
    ck_assert_uint_eq(compare(SLICE("second"), SLICE("a 1\nb 2\nc 3\nd 4\ne 5\nf 6\ng 7\nh 8\ni 9\nj 10\nk 11\nl: x\n"),
                              slice_str(row)),
                      1);
    ck_assert_uint_eq(compare(SLICE("short"), text, slice_of(row, 8)), 1);
    ck_assert_uint_eq(compare(SLICE("long"), slice_of(text.p, text.n - 12), slice_str(row)), 2);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("templates");
    TCase *t = tcase_create("templates");
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, frozen, GROUPING_FIRST, GROUPING_NEWEST + 1);
    tcase_add_test(t, sees_a_change);
    suite_add_tcase(s, t);
    return unit_run(s);
}
