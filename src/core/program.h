/*
 * program: what people call the program that wrote a line, for the lines that they see beside an event. Pure.
 */
#ifndef CORE_PROGRAM_H
#define CORE_PROGRAM_H

#include "base/arena.h"
#include "core/stream.h"

struct program {
    struct slice name; /* of the line's own app, its container or, by_file, the end of its file's path */
    bool by_file;
};

/* Nothing is made: the name is a part of the record, the container or the stream's source. Empty where the format says
   it. */
struct program program_of(struct stream *s, const struct record *r);
/*
 * What a file is called after, without what logrotate and its like add: php8.2-fpm of /var/log/php8.2-fpm.log.1. A name
 * that many have, as error.log, is told apart by its folder: apache2.error. May live in the arena.
 */
struct slice program_of_file(struct slice path, struct arena *a);

#endif
