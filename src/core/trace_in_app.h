/*
 * trace_in_app: which frames are one's own code by configuration (`in_app`), which overrules what the grammar says.
 *
 * An entry is the beginning of a module, a path or a qualified function, as far as a word of it ends: com.acme is also
 * com.acme.Cart and not com.acmetools; /srv/app is not /srv/app-old. Behind a minus it says that the code is somebody
 * else's. The longest entry that a frame begins with decides, of two the last; what none matches stays as it is. Pure;
 * the work is entries times frames.
 */
#ifndef CORE_TRACE_IN_APP_H
#define CORE_TRACE_IN_APP_H

#include "core/trace.h"

void trace_in_app(struct trace *t, const struct slice *entries, unsigned n);
/* Of one frame; `otherwise` where no entry matches. */
bool trace_in_app_frame(const struct trace_frame *f, const struct slice *entries, unsigned n, bool otherwise);

#endif
