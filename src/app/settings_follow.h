/*
 * settings_follow: what is different in settings that are to take the place of others while crumbd runs.
 */
#ifndef APP_SETTINGS_FOLLOW_H
#define APP_SETTINGS_FOLLOW_H

#include "app/settings.h"

/* False and entries in d: something is different that only a start can take up. */
bool settings_may_follow(const struct settings *before, const struct settings *next, struct diag *d);
/* Sets, for each input of `next`, the place of the same input before, which can go on as it is; -1: there is none. */
void settings_match_inputs(const struct settings *before, const struct settings *next, int *at);
/* Whether events go to the same places in the same way. */
bool settings_same_upstream(const struct settings *a, const struct settings *b);

#endif
