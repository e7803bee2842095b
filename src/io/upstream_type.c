#include "io/upstream_type.h"

#include <assert.h>

static const struct upstream_type *const types[] = {&up_sentry, &up_kafka};

const struct upstream_type *upstream_type_of(struct slice url)
{
    struct slice scheme = slice_split(&url, ':');
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (const char *const *name = types[i]->schemes; *name; name++)
            if (slice_is(scheme, *name))
                return types[i];
    assert(false && "an address of a scheme that nothing takes");
    return NULL;
}
