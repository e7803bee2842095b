/* A chunk of what became of lines, as a store that may be damaged has it; what it says goes into one of its own and is
 * the same there. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

#include "core/fates.h"

static void compare(void *u, const struct fates_chunk *c)
{
    const struct fate_range *want = u;
    struct fates_reader r;
    struct fate_range got;
    assert(fates_read(&r, c->bytes) && fates_next(&r, &got) && r.rest.n == 0);
    assert(got.fate == want->fate && got.from == want->from && got.to == want->to && got.issue == want->issue);
    assert(got.reach == want->reach && got.head == want->head && got.file == want->file && got.number == want->number);
    assert(c->first <= got.from && c->end >= got.to);
}

int fuzz_target(const uint8_t *data, size_t size)
{
    struct fates_reader r;
    struct fate_range got;
    size_t n = 0;
    if (!fates_read(&r, slice_of((const char *)data, size)))
        return 0;
    while (fates_next(&r, &got)) {
        struct fates again;
        assert(got.from <= got.to && got.to <= INT64_MAX && got.fate > FATE_NONE && got.fate < FATE_N && ++n < size);
        assert(!fate_is_remark(got.fate) || got.from == got.to);
        fates_init(&again, 1, compare, &got);
        fates_put(&again, 1, &got);
        fates_checkpoint(&again);
        fates_done(&again);
    }
    return 0;
}
