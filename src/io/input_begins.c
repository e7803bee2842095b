#include <string.h>

#include "io/input.h"

bool input_add_begins(const struct input_sink *sink, uint64_t file_key, struct line_reader_place *at)
{
    uint64_t held[LINE_READER_BEGINS_MAX + 1];
    unsigned n = sink->held ? sink->held(sink->u, file_key, held, LINE_READER_BEGINS_MAX + 1) : 0;
    if (at->n_begins)
        return true; /* on the way back to where it was */
    if (n > LINE_READER_BEGINS_MAX) {
        n = LINE_READER_BEGINS_MAX;
        at->offset = held[n];
    }
    memcpy(at->begins, held, n * sizeof *held);
    at->n_begins = n;
    return n > 0;
}
