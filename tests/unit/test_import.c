/* What files of other programs become: patterns in the language of rules, with their lines, and notes about the rest.
 */
#include "tests/unit/unit.h"

#include <stdio.h>

#include "core/import.h"

static struct slice beside(void *u, struct slice name)
{
    return slice_is(name, "common.conf") ? slice_str(u) : SLICE_NONE;
}

static struct import read_file(enum import_kind kind, const char *text, const char *common)
{
    struct import im = {.kind = kind, .beside = beside, .u = (void *)(uintptr_t)common};
    import_read(&im, slice_str(text));
    return im;
}

static void has_rule(const struct import *im, unsigned line, const char *match)
{
    for (unsigned i = 0; i < im->n_rules; i++)
        if (im->rules[i].line == line && slice_is(im->rules[i].matches[0], match))
            return;
    for (unsigned i = 0; i < im->n_rules; i++)
        printf("%u: %.*s\n", im->rules[i].line, SLICE_ARG(im->rules[i].matches[0]));
    ck_abort_msg("no rule of line %u: %s", line, match);
}

static void has_note(const struct import *im, unsigned line, const char *part)
{
    for (unsigned i = 0; i < im->n_notes; i++)
        if (im->notes[i].line == line && strstr(im->notes[i].text, part))
            return;
    ck_abort_msg("no note of line %u: %s", line, part);
}

static const char common[] = "[DEFAULT]\n"
                             "__prefix_line = <lt_<logtype>/__prefix_line>\n"
                             "_daemon = \\S*\n"
                             "__tail = (?: port \\d+)?\n"
                             "failregex = never seen\n";
static const char filter[] =
    "# shopd: error: login of bob from 192.0.2.7\n"
    "[INCLUDES]\n"
    "before = common.conf\n"
    "         other.conf\n"
    "[Definition]\n"
    "_daemon = shop(?:d|ctl)\n"
    "prefregex = ^<F-MLFID>%(__prefix_line)s</F-MLFID><pref-<mode>> <F-CONTENT>.+</F-CONTENT>$\n"
    "pref-strict = error:\n"
    "more = ^no <F-USER>\\S+</F-USER> and no <F-USER>\\S+</F-USER> from <ADDR>\\Z\n"
    "       # ^not this\n"
    "\n"
    "       100%% of <HOST>\n"
    "failregex = ^login of <F-USER>\\S+</F-USER> from <HOST>%(__tail)s$\n"
    "            %(more)s\n"
    "            ^<F-NOFAIL>connection</F-NOFAIL> from <HOST>\n"
    "            ^open <F-USER>\\S+ from <HOST>\n"
    "            ^[<HOST>] %{x} (?P<why>\\w+) <nothing>\n"
    "            ^gone %(missing)s <HOST>\n"
    "ignoreregex = from 127\\.\n"
    "              from ::1\n"
    "mode = strict\n"
    "maxretry: 3\n"
    "findtime = 60\n"
    "journalmatch = _COMM=shopd\n"
    "a line that is none\n";

START_TEST(fail2ban)
{
    struct import im = read_file(IMPORT_FAIL2BAN, filter, common);
    has_rule(&im, 13, "^(?:)error: login of (?<user>\\S+) from %{IPORHOST:client}(?: port \\d+)?$");
    has_rule(&im, 9, "^(?:)error: no (?<user>\\S+) and no (?<user_2>\\S+) from %{IP:client}\\z");
    has_rule(&im, 12, "^(?:)error: .*?100% of %{IPORHOST:client}");
    has_rule(&im, 17, "^(?:)error: [<HOST>] %\\{x} (?P<why>\\w+) <nothing>");
    ck_assert_uint_eq(im.n_rules, 4);
    for (unsigned i = 0; i < im.n_rules; i++) {
        ck_slice(im.rules[i].unless, "(?:from 127\\.)|(?:from ::1)");
        ck_slice(im.rules[i].app, "^(?:shop(?:d|ctl))$");
        ck_assert(im.rules[i].failure);
    }
    has_note(&im, 15, "no failure");
    has_note(&im, 16, "not closed");
    has_note(&im, 13, "%(missing)s");
    has_note(&im, 18, "stands for nothing");
    has_note(&im, 24, "journalmatch");
    has_note(&im, 25, "no key");
    has_note(&im, 4, "other.conf");
    ck_assert_uint_eq(im.count, 3);
    ck_slice(im.within, "60s");
    ck_slice(im.samples[0], "shopd: error: login of bob from 192.0.2.7");
    import_done(&im);
}
END_TEST

/* What rules see of such a line ends before the client. */
START_TEST(fail2ban_of_nginx)
{
    struct import im = read_file(IMPORT_FAIL2BAN,
                                 "[Definition]\nfailregex = ^\\s*\\[error\\] \\d+#\\d+: \\*\\d+ user \"\\S+\" was not "
                                 "found, client: <HOST>, server: \\S*\n"
                                 "            ^<HOST> -.*\"GET /admin\n",
                                 "");
    ck_assert_uint_eq(im.n_rules, 1);
    has_note(&im, 3, "access log");
    ck_slice(im.rules[0].matches[1], "^user \"\\S+\" was not found");
    import_done(&im);
}
END_TEST

START_TEST(fail2ban_loops)
{
    struct import im = read_file(IMPORT_FAIL2BAN,
                                 "[Definition]\na = %(b)s%(b)s%(b)s\nb = %(c)s%(c)s%(c)s\nc = %(d)s%(d)s%(d)s x\n"
                                 "d = %(a)s%(a)s\nfailregex = ^%(a)s <HOST>\n",
                                 "");
    ck_assert_uint_le(im.n_rules, 1);
    ck_assert_uint_le(im.work_bytes, IMPORT_WORK_BYTES + 1000);
    import_done(&im);
}
END_TEST

START_TEST(grok)
{
    struct import im = read_file(IMPORT_GROK,
                                 "# of the shop\nID ORD-\\h{8}[\\h-]\nFAIL order %{INT:n} of %{ID:id}: %{REST}\n"
                                 "REST (?<why>.*)\nFAIL x\n1x y\nPLAIN only words\n",
                                 "");
    ck_assert_uint_eq(im.n_rules, 1);
    has_rule(&im, 3, "%{FAIL}");
    ck_slice(im.patterns[0].regex, "ORD-[0-9a-fA-F]{8}[0-9a-fA-F-]");
    has_note(&im, 5, "once more");
    has_note(&im, 6, "no NAME");
    has_note(&im, 7, "names no fields");
    import_done(&im);
}
END_TEST

START_TEST(fluent_bit)
{
    struct import im = read_file(IMPORT_FLUENT_BIT,
                                 "[PARSER]\n    Name shop\n    Format regex\n"
                                 "    Regex /^(?<at>[^ ]+) +(?<level>\\w+) \\[(?<x>[^\\]]+)\\] - took (?<ms>\\d+)$/\n"
                                 "    Time_Key at\n    Time_Format %Y-%m-%dT%H:%M:%S.%L\n"
                                 "[PARSER]\n    Name j\n    Format json\n[MULTILINE_PARSER]\n    name java\n",
                                 "");
    ck_assert_uint_eq(im.n_rules, 1);
    const struct import_rule *r = &im.rules[0];
    ck_assert_uint_eq(r->n_matches, 4);
    ck_slice(r->matches[1], "^(?<level>\\w+) \\[(?<x>[^\\]]+)\\] - took (?<ms>\\d+)$");
    ck_slice(r->matches[2], "^(?<x>[^\\]]+)\\] - took (?<ms>\\d+)$");
    ck_slice(r->matches[3], "^took (?<ms>\\d+)$");
    ck_slice(r->texts[0], "^2026\\-11\\-30T10\\:20\\:30\\.123 +ERROR \\[(?<x>[^\\]]+)\\] - took (?<ms>\\d+)$");
    has_note(&im, 7, "json needs no rule");
    has_note(&im, 10, "joins lines");
    import_done(&im);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("import");
    TCase *t = tcase_create("import");
    tcase_add_test(t, fail2ban);
    tcase_add_test(t, fail2ban_of_nginx);
    tcase_add_test(t, fail2ban_loops);
    tcase_add_test(t, grok);
    tcase_add_test(t, fluent_bit);
    suite_add_tcase(s, t);
    return unit_run(s);
}
