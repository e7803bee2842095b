/*
 * varied: which values the occurrences of one issue had, and how often: what a summary says of those that were held back.
 *
 * A sketch of bounded size (Space-Saving: Metwally, Agrawal, El Abbadi 2005). For each name VARIED_VALUES_MAX values are counted; a
 * new one takes the place of the rarest and may have had as many occurrences before, so what is common keeps its exact count however
 * many rare values pass by. Of a flood VARIED_ALL occurrences are all looked at, then one in VARIED_EVERY, which counts for as many.
 *
 * All sketches that share a total hold VARIED_BYTES_MAX bytes at most: then they count what they know and take nothing new.
 * Values longer than VARIED_TEXT_MAX are not kept: cut, they could not be scrubbed. One thread.
 */
#ifndef CORE_VARIED_H
#define CORE_VARIED_H

#include "core/rule.h"
#include "core/scrub.h"

enum {
    VARIED_NAMES_MAX = 12,
    VARIED_VALUES_MAX = 8,
    VARIED_SHOWN_MAX = 5,
    VARIED_NAME_MAX = 32,
    VARIED_TEXT_MAX = 128,
    VARIED_ALL = 1000,
    VARIED_EVERY = 16,
    VARIED_CHECKED = 8,
    VARIED_CHECKED_EVERY = 64,
    VARIED_BYTES_MAX = 8 << 20,
};

struct varied;

/* total: bytes of all sketches together, which must live as long as they do. */
struct varied *varied_new(size_t *total);
void varied_free(struct varied *v);
/* Begins an occurrence. False: it is not one of those that are looked at. */
bool varied_begin(struct varied *v);
/* The name is not there yet, and there is room for it: time to ask whether it may be told. */
bool varied_is_new(const struct varied *v, struct slice name);
/* It may not: its values are passed over. */
void varied_hide(struct varied *v, struct slice name);
/* One value of the occurrence. The first of a name counts. */
void varied_add(struct varied *v, struct slice name, struct slice value);
/* In this occurrence new values of captures and the like are looked up in the scrubbed message, which costs as much as the event: the
   first ones, then few. In the others only known ones are counted, so that what is common is found a little later. */
bool varied_checks(const struct varied *v);
/* The same of a value that people see as `shown`; SLICE_NONE: counted if it is known. */
void varied_add_shown(struct varied *v, struct slice name, struct slice value, struct slice shown);
/* Takes secrets out of what is kept; before anything below. */
void varied_scrub(struct varied *v, struct scrub *s);
/* A JSON object for the event: {"name": ["900 × value", …]}, of the names that had several values. False, *out untouched: none had. */
bool varied_show(const struct varied *v, struct sbuf *out);

/* Whether enough has changed since the last varied_write for the store to be told; so a flood tells it a few times only. */
bool varied_due(const struct varied *v);
/* The store has a form of it. */
bool varied_told(const struct varied *v);
/* All of it as JSON, which varied_read takes back. NULL: it is not what varied_write writes. */
void varied_write(struct varied *v, struct sbuf *out);
struct varied *varied_read(struct slice text, size_t *total);

/* --- varied_note.c --- */

/* Adds what an occurrence has that is worth telling apart: tags, captures, fields, or the parameters of its template. With judge.shown,
   where varied_checks; then `shown` is the verdict of rule_show. */
void varied_note(struct varied *v, const struct judge *j, const struct record *r, const struct verdict *verdict, const struct verdict *shown,
                 struct scrub *scrub);

#endif
