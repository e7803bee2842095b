#include "parsers/level.h"

#include <stdlib.h>
#include <string.h>

const char *const level_names[] = {"", "debug", "info", "warning", "error", "fatal", NULL};

/* Sorted, for bsearch. The longest word has room for its NUL. */
static const struct level_word {
    char word[16];
    enum level level;
} level_words[] = {
    {"alert", LEVEL_FATAL},     {"audit", LEVEL_INFO},      {"c", LEVEL_FATAL},          {"config", LEVEL_DEBUG},
    {"crit", LEVEL_FATAL},      {"critical", LEVEL_FATAL},  {"d", LEVEL_DEBUG},          {"dbg", LEVEL_DEBUG},
    {"dbug", LEVEL_DEBUG},      {"debg", LEVEL_DEBUG},      {"debu", LEVEL_DEBUG},       {"debug", LEVEL_DEBUG},
    {"deprecated", LEVEL_INFO}, {"dpanic", LEVEL_FATAL},    {"e", LEVEL_ERROR},          {"emer", LEVEL_FATAL},
    {"emerg", LEVEL_FATAL},     {"emergency", LEVEL_FATAL}, {"eror", LEVEL_ERROR},       {"err", LEVEL_ERROR},
    {"erro", LEVEL_ERROR},      {"error", LEVEL_ERROR},     {"f", LEVEL_FATAL},          {"fail", LEVEL_ERROR},
    {"failure", LEVEL_ERROR},   {"fata", LEVEL_FATAL},      {"fatal", LEVEL_FATAL},      {"fine", LEVEL_DEBUG},
    {"finer", LEVEL_DEBUG},     {"finest", LEVEL_DEBUG},    {"ftl", LEVEL_FATAL},        {"i", LEVEL_INFO},
    {"inf", LEVEL_INFO},        {"info", LEVEL_INFO},       {"information", LEVEL_INFO}, {"informational", LEVEL_INFO},
    {"log", LEVEL_INFO},        {"n", LEVEL_INFO},          {"note", LEVEL_INFO},        {"notice", LEVEL_INFO},
    {"ntc", LEVEL_INFO},        {"pani", LEVEL_FATAL},      {"panic", LEVEL_FATAL},      {"severe", LEVEL_ERROR},
    {"success", LEVEL_INFO},    {"t", LEVEL_DEBUG},         {"trac", LEVEL_DEBUG},       {"trace", LEVEL_DEBUG},
    {"trc", LEVEL_DEBUG},       {"trce", LEVEL_DEBUG},      {"v", LEVEL_DEBUG},          {"verbose", LEVEL_DEBUG},
    {"vrb", LEVEL_DEBUG},       {"w", LEVEL_WARNING},       {"warn", LEVEL_WARNING},     {"warning", LEVEL_WARNING},
    {"wrn", LEVEL_WARNING},
};

const char *level_name(enum level l)
{
    return level_names[l];
}

enum level level_by_name(struct slice name)
{
    for (unsigned l = LEVEL_DEBUG; l <= LEVEL_FATAL; l++)
        if (slice_is(name, level_names[l]))
            return (enum level)l;
    return LEVEL_NONE;
}

static int level_compare_word(const void *key, const void *row)
{
    return strcmp(key, ((const struct level_word *)row)->word);
}

enum level level_from_word(struct slice word)
{
    char lower[sizeof level_words[0].word];
    if (word.n == 0 || word.n >= sizeof lower)
        return LEVEL_NONE;
    for (size_t i = 0; i < word.n; i++)
        lower[i] = ascii_lower(word.p[i]);
    lower[word.n] = '\0';
    if (strlen(lower) != word.n)
        return LEVEL_NONE;
    const struct level_word *hit =
        bsearch(lower, level_words, sizeof level_words / sizeof *level_words, sizeof *level_words, level_compare_word);
    return hit ? hit->level : LEVEL_NONE;
}

static const struct slice facilities[] = {{"kern", 4},     {"user", 4},   {"mail", 4},   {"daemon", 6}, {"auth", 4},
                                          {"syslog", 6},   {"lpr", 3},    {"news", 4},   {"uucp", 4},   {"cron", 4},
                                          {"authpriv", 8}, {"ftp", 3},    {"ntp", 3},    {"audit", 5},  {"alert", 5},
                                          {"clock", 5},    {"local0", 6}, {"local1", 6}, {"local2", 6}, {"local3", 6},
                                          {"local4", 6},   {"local5", 6}, {"local6", 6}, {"local7", 6}};

int level_facility(struct slice name)
{
    for (int i = 0; i < 24; i++)
        if (slice_ieq(name, facilities[i]))
            return i;
    return -1;
}

int level_severity(struct slice name)
{
    static const char *const names[8] = {"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"};
    int severity = 7;
    if (slice_is(name, "warning"))
        return 4;
    while (severity >= 0 && !slice_is(name, names[severity]))
        severity--;
    return severity;
}

enum level level_from_severity(int severity)
{
    static const enum level levels[8] = {LEVEL_FATAL,   LEVEL_FATAL, LEVEL_FATAL, LEVEL_ERROR,
                                         LEVEL_WARNING, LEVEL_INFO,  LEVEL_INFO,  LEVEL_DEBUG};
    return severity >= 0 && severity <= 7 ? levels[severity] : LEVEL_NONE;
}
