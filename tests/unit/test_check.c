/* crumbd check's overlap report: over files, with when, continue, unless and different formats. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "core/rule_check.h"
#include "core/rule_shadow.h"

/* Each text is a file: 1.yaml, 2.yaml, … Returns what check says, for the caller to free. */
static char *check(const char *const *files, unsigned *errors)
{
    struct rule_set set = {0};
    struct diag d = {0};
    char *said = NULL;
    size_t n = 0;
    for (unsigned i = 0; files[i]; i++) {
        char name[16];
        snprintf(name, sizeof name, "%u.yaml", i + 1);
        struct conf_file *f = conf_parse(name, slice_str(files[i]), &d);
        ck_assert(f && rule_set_load(&set, f, &d));
    }
    rule_set_ready(&set, true);
    rule_check_samples(&set, &d);
    rule_shadow_check(&set, &d);
    *errors = d.errors;
    FILE *out = open_memstream(&said, &n);
    err_print(&d, out);
    fclose(out);
    err_done(&d);
    rule_set_done(&set);
    return said;
}

static void says(const char *want, const char *const *files)
{
    unsigned errors;
    char *said = check(files, &errors);
    if (want)
        ck_assert_msg(strstr(said, want) != NULL, "want '%s' in:\n%s", want, said);
    else
        ck_assert_msg(errors == 0, "%s", said);
    free(said);
}

#define FILES(...)                                                                                                     \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }
#define PACK(name) "pack: " name "\nrules:\n"
#define SAMPLE "    samples: [{lines: 'ERROR disk 7 is full', event: {level: error}}]\n"
#define FULL PACK("two") "  - id: two.full\n    match: 'disk \\d+ is full'\n" SAMPLE

START_TEST(an_earlier_file_always_wins)
{
    says("2.yaml:3:5: error: rule \"two.full\" can never fire on its samples: \"one.any\" (1.yaml:3) comes first and "
         "always wins",
         FILES(PACK("one") "  - id: one.any\n    match: 'full'\n" SAMPLE, FULL));
    /* Also where the sample does not come out as it should, which is why. */
    says("\"one.drop\" (1.yaml:3) comes first",
         FILES(PACK("one") "  - id: one.drop\n    match: 'full'\n    action: drop\n    samples: [{lines: 'it is full', "
                           "event: none}]\n",
               FULL));
    says(NULL, FILES(FULL, PACK("one") "  - id: one.any\n    match: 'full'\n    samples: [{lines: 'ERROR so full', "
                                       "event: {level: error}}]\n"));
}
END_TEST

/* The rule that took the lines is told, at its place; a rule of the same file is what the sample itself is about. */
START_TEST(who_took_the_lines_of_a_sample)
{
    const char *all = PACK("mine") "  - id: mine.all\n    match: '.'\n    event: {type: All}\n    samples: [{lines: "
                                   "'any thing', event: {level: error}}]\n";
    const char *none = PACK("mine") "  - id: mine.none\n    match: 'full'\n    action: drop\n    samples: [{lines: 'so "
                                    "full', event: none}]\n";
    const char *typed =
        PACK("two") "  - id: two.full\n    match: 'is full'\n    event: {type: Full}\n    samples:\n"
                    "      - {lines: 'ERROR disk 7 is full', event: {exception: {values: [{type: Full}]}}}\n";
    const char *dropped = PACK("two") "  - id: two.drop\n    match: 'is full'\n    action: drop\n    samples: [{lines: "
                                      "'it is full', event: none}]\n";
    says("1.yaml:3:5: error: rule \"mine.all\" takes the lines of a sample of \"two.full\" (2.yaml:7), which comes "
         "after it: event.exception",
         FILES(all, typed));
    says("1.yaml:3:5: error: rule \"mine.all\" takes the lines of a sample of \"two.drop\" (2.yaml:6), which comes "
         "after it: the lines give an event",
         FILES(all, dropped));
    says("1.yaml:3:5: error: rule \"mine.none\" takes the lines of a sample of \"two.full\" (2.yaml:7), which comes "
         "after it: the lines give no event",
         FILES(none, typed));
    says(NULL, FILES(typed, all));
    says("1.yaml:8:",
         FILES(PACK("one") "  - id: one.all\n    match: '.'\n    samples: [{lines: 'any', event: {level: error}}]\n"
                           "  - id: one.full\n    match: 'full'\n    samples: [{lines: 'so full', event: none}]\n"));
}
END_TEST

START_TEST(what_does_not_meet_does_not_win)
{
    says(
        NULL,
        FILES(
            PACK("one") "  - id: one.json\n    match: 'full'\n    when: {format: json}\n"
                        "    samples: [{lines: '{\"level\":\"error\",\"message\":\"full\"}', event: {level: error}}]\n",
            FULL));
    says(NULL, FILES(PACK("one") "  - id: one.fatal\n    match: 'full'\n    when: {level: fatal}\n"
                                 "    samples: [{lines: 'FATAL disk full', event: {level: fatal}}]\n",
                     FULL));
    /* No more than this level, and no less. */
    says(NULL, FILES(PACK("one") "  - id: one.warning\n    match: 'full'\n    when: {level: =warning}\n"
                                 "    event: {level: error}\n    samples:\n"
                                 "      - {lines: 'WARN disk full', event: {level: error}}\n"
                                 "      - {lines: 'INFO disk full', event: none}\n",
                     FULL));
    says(NULL, FILES(PACK("one") "  - id: one.unless\n    match: 'full'\n    unless: 'disk'\n"
                                 "    samples: [{lines: 'ERROR full house', event: {level: error}}]\n",
                     FULL));
    says(NULL, FILES("pack: one\nwhen: {app: '^x$'}\nrules:\n  - id: one.app\n    match: 'full'\n"
                     "    samples: [{format: syslog, lines: '<11>Nov 23 10:00:00 h x: full', event: {level: error}}]\n",
                     FULL));
}
END_TEST

START_TEST(continue_goes_on)
{
    const char *tag =
        PACK("one") "  - id: one.tag\n    match: 'full'\n    continue: true\n    event: {tags: {seen: 'yes'}}\n" SAMPLE;
    says(NULL, FILES(tag, FULL));
    says("rule \"one.tag\" can never fire on its samples: \"two.full\" (1.yaml:3)", FILES(FULL, tag));
    says("rule \"one.tag\" matches none of its samples",
         FILES(PACK("one") "  - id: one.tag\n    match: 'empty'\n    continue: true\n    samples: [{lines: 'all is "
                           "well', event: none}]\n"));
}
END_TEST

START_TEST(one_line_of_its_own_is_enough)
{
    says(NULL, FILES(PACK("one") "  - id: one.seven\n    match: 'disk 7'\n" SAMPLE,
                     PACK("two") "  - id: two.full\n    match: 'is full'\n    samples:\n"
                                 "      - {lines: 'ERROR disk 7 is full', event: {level: error}}\n"
                                 "      - {lines: 'ERROR disk 8 is full', event: {level: error}}\n"));
    says(NULL, FILES(PACK("one") "  - id: one.seven\n    match: 'disk 7'\n" SAMPLE,
                     PACK("two") "  - id: two.full\n    match: 'is full'\n    samples:\n      - lines: |\n"
                                 "          ERROR disk 8 is full\n          ERROR disk 7 is hot\n        event: "
                                 "{level: error}\n"));
}
END_TEST

/* Lines that are in no sample: what the earlier rule's words make of the later one's. */
#define SHIM(more)                                                                                                     \
    PACK("c")                                                                                                          \
    "  - id: c.shim\n    match: 'msg=\"(?:shim (?<what>gone)|StopPod(?:Sandbox)?|Exec[A-Z]ync for)'\n"                 \
    "    action: crumb\n    samples:\n      - {lines: 'WARN msg=\"shim gone\"', event: none}\n" more
#define FAILED                                                                                                         \
    "  - id: c.failed\n    match: 'msg=\"(?<op>[A-Z]\\w+) for \\S+ failed'\n    samples:\n"                            \
    "      - {lines: 'ERROR msg=\"StartContainer for 0123 failed\"', event: {level: error}}\n"

static unsigned count(const char *said, const char *word)
{
    unsigned n = 0;
    for (; (said = strstr(said, word)); said++)
        n++;
    return n;
}

static void hides(unsigned n, const char *const *files)
{
    unsigned errors;
    char *said = check(files, &errors);
    ck_assert_msg(errors == 0 && count(said, "hides lines from") == n, "want %u in:\n%s", n, said);
    free(said);
}

START_TEST(words_of_an_earlier_rule_hide_a_later_one)
{
    says("warning", FILES(SHIM("") FAILED)); /* which is no error */
    unsigned errors;
    char *said = check(FILES(SHIM("") FAILED), &errors);
    ck_assert_msg(strstr(said,
                         "1.yaml:3:5: warning: rule \"c.shim\" hides lines from \"c.failed\" (1.yaml:8), which comes "
                         "after it: both match \"msg=\"StopPod for 0123 failed\"\""),
                  "%s", said);
    free(said);
    hides(1, FILES(SHIM("") FAILED));
    /* A sample says that it is meant. */
    hides(0, FILES(SHIM("      - {lines: 'ERROR msg=\"StopPod for 0123 failed\"', event: none}\n") FAILED));
    /* Behind it, or in another file, where order is the user's affair. */
    hides(0, FILES(PACK("c") FAILED "  - id: c.shim\n    match: 'msg=\"StopPod'\n    action: crumb\n    samples:\n"
                                    "      - {lines: 'WARN msg=\"StopPod\"', event: none}\n"));
    hides(0, FILES(SHIM(""), PACK("d") FAILED));
    /* One that adds, or that makes an event as well, hides nothing. */
    hides(0, FILES(PACK("c") "  - id: c.tag\n    match: 'StopPod'\n    continue: true\n    event: {tags: {a: b}}\n"
                             "    samples: [{lines: 'WARN StopPod', event: none}]\n" FAILED));
    hides(0, FILES(PACK("c") "  - id: c.stop\n    match: 'StopPod'\n    samples: [{lines: 'ERROR StopPod', event: "
                             "{level: error}}]\n" FAILED));
}
END_TEST

START_TEST(what_is_no_word_of_a_pattern)
{
    /* Names of groups, classes, escapes and numbers of repeats. */
    hides(0, FILES(PACK("c") "  - id: c.crumb\n    match: '(?<StopPod>gone now)|[StopPod]{9}\\StopPodX?x'\n"
                             "    action: crumb\n    samples: [{lines: 'it is gone now', event: none}]\n" FAILED));
    /* Its conditions hold for what is tried as well. */
    hides(0,
          FILES(PACK(
              "c") "  - id: c.crumb\n    match: 'StopPod'\n    when: {app: '^x$'}\n    action: crumb\n"
                   "    samples: [{format: syslog, lines: '<14>Nov 23 10:00:00 h x: StopPod', event: none}]\n" FAILED));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("check");
    TCase *t = tcase_create("overlap");
    tcase_add_test(t, an_earlier_file_always_wins);
    tcase_add_test(t, who_took_the_lines_of_a_sample);
    tcase_add_test(t, what_does_not_meet_does_not_win);
    tcase_add_test(t, continue_goes_on);
    tcase_add_test(t, one_line_of_its_own_is_enough);
    suite_add_tcase(s, t);
    t = tcase_create("shadows");
    tcase_add_test(t, words_of_an_earlier_rule_hide_a_later_one);
    tcase_add_test(t, what_is_no_word_of_a_pattern);
    suite_add_tcase(s, t);
    return unit_run(s);
}
