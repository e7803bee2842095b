/*
 * issue_key: by what name an issue is known, to people and to commands: project and fingerprint in one number.
 *
 * The same on every host, in every run, and whatever version made the store. Shown as 16 hex digits. Pure.
 */
#ifndef CORE_ISSUE_KEY_H
#define CORE_ISSUE_KEY_H

#include "base/slice.h"

/* fingerprint: verdict.issue_hash. project: the name of its upstream's project; empty: the default one. */
uint64_t issue_key(struct slice project, uint64_t fingerprint);

#endif
