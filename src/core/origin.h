/*
 * origin: where a record comes from, as titles and fingerprints say it: names without what differs from one process,
 * container or connection to the next; and whether its host is a name at all. Pure.
 */
#ifndef CORE_ORIGIN_H
#define CORE_ORIGIN_H

#include "base/arena.h"
#include "core/log_template.h"
#include "parsers/record.h"

/*
 * The program: web-7f9c4cb7d5-4fj2z is web, a bare container id or UUID is "container". Empty when the record names
 * none. In the record or static.
 */
struct slice origin_app(const struct record *r);
/*
 * The name of the log that it stands in, without its folder and what rotation puts into it: numbers, dates, the end of
 * what compressed it; app.log.3.gz and app-20261130.log are app.log. Empty when it stands in none. In the arena.
 */
struct slice origin_file(const struct record *r, struct arena *a);
/* The program, as the record names it or as crumbd has started it, else the log: what tells records alike apart. Empty:
 * neither is known. In the arena, the record or static. */
struct slice origin_home(const struct record *r, struct arena *a);
/*
 * What it was doing: method and route of a request (ids and names in a path are *), else the program or the log, else
 * the logger, else the input; *home: it is one of the last four. In the arena, the record or static.
 */
struct slice origin_transaction(const struct record *r, struct log_template *m, struct arena *a, bool *home);
/* Method and route of a request, with * for what may be an id. Empty: the path is none. In the arena. */
struct slice origin_route(struct slice method, struct slice path, struct arena *a);
/* The logger as a template (log_template.h). Empty when the record names none. In the arena. */
struct slice origin_logger(const struct record *r, struct log_template *m, struct arena *a);
/*
 * What stands in front of the text where no rule gives a type: the program, else the logger (of a Java class its last
 * name), else the format where that names a program, else the level. Never empty.
 */
struct slice origin_type(const struct record *r, enum level level, struct log_template *m, struct arena *a);

/* A name that every host calls itself: localhost, a loopback or unspecified address; or none at all. */
bool origin_is_nobody(struct slice host);

#endif
