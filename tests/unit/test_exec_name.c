/* What `crumbd exec` calls a command: the script, and not what runs it. */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "app/exec_name.h"

enum { WORDS_MAX = 12 };

static const struct {
    const char *name;
    const char *words[WORDS_MAX];
} cases[] = {
    {"backup", {"/usr/local/bin/backup", "--full"}},
    {"backup.sh", {"./backup.sh"}},
    {"report.py", {"python3", "/srv/report.py", "-v"}},
    {"report.py", {"/usr/bin/python3.11", "-u", "-W", "ignore", "/srv/report.py"}},
    {"shop.report", {"python3", "-m", "shop.report", "x"}},
    {"python3", {"python3"}},
    {"python3", {"python3", "-c", "print(1)"}},
    {"report.py", {"/usr/bin/env", "TZ=UTC", "python3", "report.py"}},
    {"nightly.sh", {"bash", "-eu", "/etc/cron.daily/nightly.sh"}},
    {"nightly.sh", {"sh", "-c", "cd /srv && ./nightly.sh --full"}},
    {"nightly.sh", {"sh", "-ec", "exec /srv/nightly.sh"}},
    {"pg_dump", {"bash", "-c", "PGUSER=shop pg_dump shop | gzip > x.gz"}},
    {"nightly", {"sh", "-c", "'/srv/nightly' x"}},
    {"sh", {"sh", "-c", "exec \"$@\" >&-", "sh"}},
    {"sh", {"sh", "-c", ""}},
    {"sh", {"sh", "-c"}},
    {"sh", {"sh"}},
    {"clean.rb", {"nice", "-n", "10", "ionice", "-c3", "ruby", "clean.rb"}},
    {"sync.pl", {"timeout", "-k", "5", "60", "perl", "-w", "sync.pl"}},
    {"job", {"flock", "-n", "/run/job.lock", "/srv/job"}},
    {"job", {"flock", "/run/job.lock", "-c", "/srv/job now"}},
    {"app.jar", {"java", "-Xmx1g", "-cp", "lib", "-jar", "/srv/app.jar"}},
    {"com.acme.Main", {"java", "-cp", "lib", "com.acme.Main"}},
    {"artisan", {"php8.2", "-d", "memory_limit=1G", "artisan", "schedule:run"}},
    {"server.js", {"node", "--max-old-space-size=512", "server.js"}},
    {"rake", {"bundle", "exec", "rake", "db:migrate"}},
    {"job", {"timeout", "--", "60", "/srv/job"}},
    {"timeout", {"timeout", "--"}},
    {"", {""}},
};

static char *const *words_of(size_t i)
{
    return (char *const *)(uintptr_t)cases[i].words;
}

START_TEST(names)
{
    struct slice got = exec_name(words_of((size_t)_i));
    ck_assert_msg(slice_is(got, cases[_i].name), "%s: '%.*s'", cases[_i].name, SLICE_ARG(got));
}
END_TEST

START_TEST(arguments)
{
    static const char *const words[] = {"/srv/x", "-a", "b c", "it's", "", "--to=/tmp/x", NULL};
    struct sbuf out;
    sbuf_init(&out, 4096);
    exec_arguments((char *const *)(uintptr_t)words, &out);
    ck_assert_str_eq(sbuf_cstr(&out), "-a 'b c' 'it'\\''s' '' --to=/tmp/x");
    sbuf_done(&out);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("exec_name");
    TCase *t = tcase_create("exec_name");
    tcase_add_loop_test(t, names, 0, sizeof cases / sizeof *cases);
    tcase_add_test(t, arguments);
    suite_add_tcase(s, t);
    return unit_run(s);
}
