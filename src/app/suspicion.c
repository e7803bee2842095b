#include "app/suspicion.h"

/* Words that tell of a failure in lines whose level does not. */
#define SUSPICION                                                                                                      \
    "(?:exception|(?<![\\w./-])(?:(?<!\\b0 )(?<!\\bno "                                                                \
    ")errors?|fail(?:ed|s|ure|ures|ing)?|fatal|panic(?:ked)?|traceback|"                                               \
    "crash(?:ed)?|abort(?:ed|ing)?|segfault|corrupt(?:ed|ion)?|denied|refused|unreachable|cannot|can't|could not|"     \
    "couldn't|unable to|timed out|timeout exceeded|out of memory|no space left|killed|broken|unexpected(?:ly)?))"      \
    "(?![\\w/-]|\\.\\w)"

void suspicion_init(struct suspicion *s)
{
    const struct prefilter_pattern words = {.regex = SLICE(SUSPICION), .ignore_case = true};
    size_t at;
    char why[256];
    s->regex = regex_compile(words.regex, words.ignore_case, &at, why);
    s->scratch = regex_scratch_new();
    s->words = prefilter_compile(prefilter_probe(), &words, 1);
    s->words_scratch = prefilter_scratch_new();
    prefilter_scratch_fit(s->words_scratch, s->words);
}

void suspicion_done(struct suspicion *s)
{
    regex_free(s->regex);
    regex_scratch_free(s->scratch);
    prefilter_free(s->words);
    prefilter_scratch_free(s->words_scratch);
}

bool suspicion_has(const struct suspicion *s, struct slice message)
{
    return prefilter_maybe(s->words, s->words_scratch, message) &&
           regex_match(s->regex, s->scratch, message, 0) == REGEX_YES;
}
