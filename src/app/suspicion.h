/*
 * suspicion: lines that read like an error, whatever their level. One thread.
 */
#ifndef APP_SUSPICION_H
#define APP_SUSPICION_H

#include "text/prefilter.h"
#include "text/regex.h"

struct suspicion {
    struct regex *regex; /* NULL: not asked for */
    struct regex_scratch *scratch;
    struct prefilter *words; /* most lines have none of them */
    struct prefilter_scratch *words_scratch;
};

void suspicion_init(struct suspicion *s);
/* Also of a zeroed one. */
void suspicion_done(struct suspicion *s);
bool suspicion_has(const struct suspicion *s, struct slice message);

#endif
