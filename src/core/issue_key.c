#include "core/issue_key.h"

#include "base/hash.h"

uint64_t issue_key(struct slice project, uint64_t fingerprint)
{
    return hash128_low((struct hash128){fingerprint, 1}, project);
}
