/*
 * effort: holds patterns against texts that make them work hard (text/pump.h), and says which ones work without end.
 * Takes time in which nothing else should wait: for start and `crumbd check`. One thread.
 */
#ifndef CORE_EFFORT_H
#define CORE_EFFORT_H

#include "text/conf.h"
#include "text/regex.h"

struct effort {
    struct diag *diag;
    enum err_kind kind;
    struct regex_scratch *scratch;
    unsigned endless; /* patterns that run into the match limit */
};

void effort_init(struct effort *e, enum err_kind kind, struct diag *d);
void effort_done(struct effort *e);
/* text_bytes: the most that the pattern is ever asked about. whose: begins what is said, such as a rule's name and a
   colon, or is empty. regex NULL: there is none. */
void effort_try(struct effort *e, const struct regex *regex, struct slice pattern, size_t text_bytes,
                struct slice whose, const struct conf_node *node);

#endif
