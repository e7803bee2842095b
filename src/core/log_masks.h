/*
 * log_masks: what the configuration says of templates of messages (log_template.h): patterns of one's own, whose
 * matches become a placeholder of that name, and texts that stay as they are.
 *
 * A list of masks is made with the settings and then only read. A finder is what one thread needs to look for them in
 * one message after the other: at most LOG_MASKS_HITS_MAX matches in its first LOG_MASKS_BYTES_MAX bytes, each search
 * bounded by the match limit of regex.h; a mask that runs into it finds no more in that message. Pure.
 */
#ifndef CORE_LOG_MASKS_H
#define CORE_LOG_MASKS_H

#include "base/slice.h"
#include "text/regex.h"

enum { LOG_MASKS_MAX = 100, LOG_MASKS_NAME_MAX = 32, LOG_MASKS_HITS_MAX = 64, LOG_MASKS_BYTES_MAX = 16384 };

struct log_mask {
    struct slice name; /* as the template shows it, with its angles: <order>; empty: what matches stays */
    struct regex *regex;
};

struct log_masks {
    struct log_mask *v;
    unsigned n;
};

struct log_mask_hit {
    const char *from, *to;
    const struct log_mask *mask;
};

struct log_masks_finder;

/* The masks must live as long as the finder. */
struct log_masks_finder *log_masks_finder_new(const struct log_masks *masks);
void log_masks_finder_free(struct log_masks_finder *f);
/* Begins with a message. */
void log_masks_begin(struct log_masks_finder *f, struct slice msg);
/* The next match: of those that begin first the one of the first mask in the list. They do not overlap, and none is
 * empty. */
bool log_masks_next(struct log_masks_finder *f, struct log_mask_hit *hit);

/* Whether a mask may be called so: a small letter, then small letters, digits and underscores. */
bool log_masks_is_name(struct slice name);

#endif
