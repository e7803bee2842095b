/*
 * top_values: which values the occurrences of one issue had, and how often: what a summary says of those that were held
 * back.
 *
 * A sketch of bounded size (Space-Saving: Metwally, Agrawal, El Abbadi 2005). For each name TOP_VALUES_VALUES_MAX
 * values are counted; a new one takes the place of the rarest and may have had as many occurrences before, so what is
 * common keeps its exact count however many rare values pass by. Of a flood TOP_VALUES_ALL occurrences are all looked
 * at, then one in TOP_VALUES_EVERY, which counts for as many.
 *
 * All sketches that share a total hold TOP_VALUES_BYTES_MAX bytes at most: then they count what they know and take
 * nothing new. Values longer than TOP_VALUES_TEXT_MAX are not kept: cut, they could not be scrubbed. One thread.
 */
#ifndef CORE_TOP_VALUES_H
#define CORE_TOP_VALUES_H

#include "core/judge.h"
#include "core/scrub.h"

enum {
    TOP_VALUES_NAMES_MAX = 12,
    TOP_VALUES_VALUES_MAX = 8,
    TOP_VALUES_SHOWN_MAX = 5,
    TOP_VALUES_NAME_MAX = 32,
    TOP_VALUES_TEXT_MAX = 128,
    TOP_VALUES_ALL = 1000,
    TOP_VALUES_EVERY = 16,
    TOP_VALUES_CHECKED = 8,
    TOP_VALUES_CHECKED_EVERY = 64,
    TOP_VALUES_BYTES_MAX = 8 << 20,
};

struct top_values;

/* total: bytes of all sketches together, which must live as long as they do. */
struct top_values *top_values_new(size_t *total);
void top_values_free(struct top_values *v);
/* Begins an occurrence. False: this occurrence is not looked at. */
bool top_values_begin(struct top_values *v);
/* True when the name is not there yet and there is room for it: the caller then asks whether it may be told. */
bool top_values_is_new(const struct top_values *v, struct slice name);
/* Says that the name may not be told: its values are passed over. */
void top_values_hide(struct top_values *v, struct slice name);
/* In this occurrence new values of captures and the like are looked up in the scrubbed message, which costs as much as
   the event: the first ones, then few. In the others only known ones are counted, so that what is common is found a
   little later. */
bool top_values_checks(const struct top_values *v);
/* One value of the occurrence, which people see as `shown`; SLICE_NONE: counted if it is known. The first of a name
 * counts. */
void top_values_add(struct top_values *v, struct slice name, struct slice value, struct slice shown);
/* Takes secrets out of what is kept; before anything below. */
void top_values_scrub(struct top_values *v, struct scrub *s);
/* A JSON object for the event: {"name": ["900 × value", …]}, of the names that had several values. False, *out
 * untouched: none had. */
bool top_values_show(const struct top_values *v, struct sbuf *out);

/* Whether enough has changed since the last top_values_write for the store to be told; so a flood tells it a few times
 * only. */
bool top_values_due(const struct top_values *v);
/* Says that the store has the form that was written last. */
bool top_values_told(const struct top_values *v);
/* All of it as JSON, which top_values_read takes back. NULL: it is not what top_values_write writes. */
void top_values_write(struct top_values *v, struct sbuf *out);
struct top_values *top_values_read(struct slice text, size_t *total);

/* --- top_values_note.c --- */

/* Adds what an occurrence has that is worth telling apart: tags, captures, fields, or the parameters of its template.
   With judge.shown, where top_values_checks; then `shown` is the verdict of judge_show. */
void top_values_note(struct top_values *v, const struct judge *j, const struct record *r, const struct verdict *verdict,
                     const struct verdict *shown, struct scrub *scrub);

#endif
