/* secret_files: who may read what holds secrets. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/secret_files.h"
#include "io/dsn.h"
#include "unit.h"

static unsigned warnings_of(const char *path, mode_t file, mode_t folder, const char *dir)
{
    struct diag d = {0};
    ck_assert_int_eq(chmod(dir, folder), 0);
    ck_assert_int_eq(chmod(path, file), 0);
    secret_file_check("a secret", path, &d);
    unsigned n = d.warnings;
    if (n)
        ck_assert(strstr(d.v[0].text, "chmod o-rwx") && strstr(d.v[0].text, "0644"));
    err_done(&d);
    return n;
}

START_TEST(files_that_others_may_read_are_named)
{
    char dir[] = "/tmp/crumbd-secret-XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/dsn", dir);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fclose(f);
    ck_assert_uint_eq(warnings_of(path, 0644, 0755, dir), 1);
    ck_assert_uint_eq(warnings_of(path, 0640, 0755, dir), 0);
    ck_assert_uint_eq(warnings_of(path, 0600, 0755, dir), 0);
    ck_assert_uint_eq(warnings_of(path, 0644, 0750, dir), 0); /* nobody gets there */
    unlink(path);
    rmdir(dir);
}
END_TEST

/* Every key that names a file with a secret has its file looked at. */
START_TEST(every_secret_file_is_looked_at)
{
    char dir[] = "/tmp/crumbd-secret-XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/file", dir);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fclose(f);
    ck_assert_int_eq(chmod(dir, 0755), 0);
    ck_assert_int_eq(chmod(path, 0644), 0);
    struct input_options with_key = {.tls = {.key = path}};
    const struct settings each[] = {{.sentry = {.dsn_file = path}},
                                    {.http_token_file = path},
                                    {.inputs = &with_key, .n_inputs = 1},
                                    {.store = path}};
    const char *const names[] = {"sentry.dsn_file", "http_token_file", "the key of tls", "the store"};
    for (unsigned i = 0; i < sizeof each / sizeof *each; i++) {
        struct diag d = {0};
        secret_files_check(&each[i], &d);
        ck_assert_uint_eq(d.warnings, 1);
        ck_assert_msg(strstr(d.v[0].text, names[i]), "%s", d.v[0].text);
        err_done(&d);
    }
    unlink(path);
    rmdir(dir);
}
END_TEST

static bool in_the_clear(const char *text)
{
    struct dsn dsn;
    struct diag d = {0};
    ck_assert(dsn_parse(&dsn, slice_str(text), &d));
    bool clear = dsn_in_the_clear(&dsn);
    dsn_done(&dsn);
    return clear;
}

#define KEY "0123456789abcdef0123456789abcdef"

START_TEST(keys_in_the_clear_are_named)
{
    ck_assert(in_the_clear("http://" KEY "@sentry.example.com/1"));
    ck_assert(!in_the_clear("https://" KEY "@sentry.example.com/1"));
    ck_assert(!in_the_clear("http://" KEY "@127.0.0.1:8000/1"));
    ck_assert(!in_the_clear("http://" KEY "@localhost/1"));
    ck_assert(!in_the_clear("http://" KEY "@[::1]:8000/1"));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("secret_files");
    TCase *t = tcase_create("all");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, files_that_others_may_read_are_named);
    tcase_add_test(t, every_secret_file_is_looked_at);
    tcase_add_test(t, keys_in_the_clear_are_named);
    suite_add_tcase(s, t);
    return unit_run(s);
}
