/* The rule packs that crumbd ships: they prove themselves by their samples, and know real logs. */
#include "tests/unit/corpus.h"

#include <glob.h>

#include "base/err.h"
#include "core/rule_check.h"
#include "parsers/parsers.h"

static struct ruleset rules;

static void load(const char *path)
{
    struct diag d = {0};
    struct sbuf text;
    sbuf_init(&text, CONF_BYTES_MAX);
    FILE *f = fopen(path, "r");
    ck_assert_msg(f != NULL, "%s cannot be read", path);
    for (size_t n = 1; n > 0; text.n += n) {
        char *room = sbuf_room(&text, 65536);
        ck_assert_ptr_nonnull(room);
        n = fread(room, 1, 65536, f);
    }
    fclose(f);
    struct conf_file *conf = conf_parse(path, sbuf_slice(&text), &d);
    if (!conf || !rule_load(&rules, conf, &d))
        err_print(&d, stderr);
    ck_assert_uint_eq(d.errors, 0);
    err_free(&d);
    sbuf_free(&text);
}

static void set_up(void)
{
    const char *data = getenv("CRUMBD_DATA");
    char pattern[4096];
    glob_t g;
    snprintf(pattern, sizeof pattern, "%s/rules/*.yaml", data ? data : ".");
    ck_assert_msg(glob(pattern, 0, NULL, &g) == 0, "%s finds nothing", pattern);
    for (size_t i = 0; i < g.gl_pathc; i++)
        load(g.gl_pathv[i]);
    globfree(&g);
    rule_ready(&rules, true);
}

static void tear_down(void)
{
    rule_free(&rules);
    rules = (struct ruleset){0};
}

START_TEST(samples_hold)
{
    struct diag d = {0};
    struct rule_check r = rule_check_samples(&rules, &d);
    err_print(&d, stderr);
    ck_assert_uint_eq(r.failed, 0);
    ck_assert_uint_eq(d.errors, 0);
    ck_assert_uint_ge(r.samples, rules.n);
    err_free(&d);
}
END_TEST

/* Judges one entry; true when a rule decided it, or when it is not to be decided. */
static bool known(struct judge *j, struct slice entry)
{
    struct arena a = {0};
    struct record r;
    struct shape *s = calloc(1, sizeof *s);
    ck_assert_ptr_nonnull(s);
    record_init(&r, FORMAT_NGINX_ERROR, entry);
    struct parse_ctx ctx = {.arena = &a, .last_us = RECORD_NO_TIME};
    ck_assert(parser_nginx_error.parse(&ctx, &r));
    rule_judge(j, &r, &a, s, NULL, NULL);
    bool yes = s->rule || r.level == LEVEL_DEBUG;
    free(s);
    arena_free(&a);
    return yes;
}

static void every_entry_is_known(const char *file)
{
    char path[4096], line[8192];
    FILE *f = corpus_open("nginx", file, path);
    if (!f) {
        printf("SKIP %s is not here\n", path);
        return;
    }
    struct judge j;
    struct sbuf entry;
    unsigned entries = 0, unknown = 0;
    judge_init(&j, &rules);
    sbuf_init(&entry, 1 << 20);
    for (bool more = true; more;) {
        more = fgets(line, sizeof line, f) != NULL;
        struct slice s = more ? slice_trim(slice_str(line)) : SLICE_NONE;
        if (entry.n && (!more || parser_nginx_error.head(s))) {
            entries++;
            if (!known(&j, sbuf_slice(&entry))) {
                unknown++;
                printf("no rule knows: %s\n", sbuf_cstr(&entry));
            }
            sbuf_reset(&entry);
        }
        if (entry.n)
            sbuf_addc(&entry, '\n');
        sbuf_adds(&entry, s);
    }
    fclose(f);
    sbuf_free(&entry);
    judge_done(&j);
    ck_assert_uint_gt(entries, 10);
    ck_assert_uint_eq(unknown, 0);
}

START_TEST(nginx_knows_real_logs)
{
    every_entry_is_known("real-error-limits.log");
    every_entry_is_known("real-startup.log");
    every_entry_is_known("real-startup-stderr.log");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("packs");
    TCase *t = tcase_create("packs");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, samples_hold);
    tcase_add_test(t, nginx_knows_real_logs);
    suite_add_tcase(s, t);
    return unit_run(s);
}
