/*
 * where_show: an answer of `crumbd where`, for reading or as one line of JSON. One thread; prints on standard output.
 */
#ifndef APP_WHERE_SHOW_H
#define APP_WHERE_SHOW_H

#include "app/where.h"

struct where_show {
    struct where *where;
    struct store *store;
    bool json;
};

/* What became of the line that has this byte of the file. False: the store cannot be read. */
bool where_show_line(const struct where_show *s, const struct where_open *file, uint64_t offset);
/* Of which line the event is, and where it is now. False: nothing is known of it. */
bool where_show_event(const struct where_show *s, const char *event_id);
/* All that is known of the file, range by range. False: the store cannot be read. */
bool where_show_file(const struct where_show *s, const struct where_open *file);

#endif
