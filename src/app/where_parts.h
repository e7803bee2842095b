/* where_parts: what where.c and where_file.c share, and nobody else sees. */
#ifndef APP_WHERE_PARTS_H
#define APP_WHERE_PARTS_H

#include "app/where.h"
#include "base/arena.h"
#include "io/tail_file.h"

struct where {
    struct store *store;
    struct where_file *files;
    struct tail_id *ids; /* of each of them */
    unsigned n_files;
    struct fates_chunk *chunks; /* of one file, without their bytes */
    size_t n_chunks;
    uint64_t chunks_of;
    struct store_departure *departed; /* by their ids, once one has been asked for */
    size_t n_departed;
    bool knows_departed;
    struct arena arena, bytes; /* bytes: of one chunk */
};

#endif
