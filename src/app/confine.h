/*
 * confine: the sandbox that the settings ask for (io/sandbox.h), and what must happen before it is in force.
 */
#ifndef APP_CONFINE_H
#define APP_CONFINE_H

#include "app/settings.h"
#include "io/sandbox.h"

/* What the settings, these inputs and this store need. Looks at the file system as the user that crumbd is by now. */
struct sandbox *confine_new(const struct settings *s, const struct input_options *inputs, unsigned n_inputs,
                            const char *store_path);
/* Loads what the C library and libsystemd would load when it is first needed: no thread may map code later. */
void confine_preload(const struct input_options *inputs, unsigned n_inputs);
/* Why an input that was not among those of the start cannot be opened any more, for people; NULL: it can. s NULL: there
 * is no sandbox. n_before inputs are open now, and their sockets may be taken over. */
const char *confine_why_not(const struct sandbox *s, const struct input_options *in, const struct input_options *before,
                            unsigned n_before);
/* Whether the files can be read that the settings name and that are opened later than a reload: else nothing would be
 * delivered from then on. Otherwise errors in d. s NULL: there is no sandbox. */
bool confine_may_read(const struct sandbox *s, const struct settings *next, struct diag *d);
/* One line of the log: what this kernel gives, and what it lacks. s NULL: the sandbox is off. */
void confine_say(const struct sandbox *s);

/* Of the calling thread; a failure is said in the log. s NULL: nothing. */
void confine_files(const struct sandbox *s, enum sandbox_role role);
void confine_calls(const struct sandbox *s, enum sandbox_role role);

#endif
