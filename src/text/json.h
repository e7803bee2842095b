/*
 * json: the one door to yajl. A SAX reader with bounds, and a writer into an sbuf that can only make clean UTF-8 JSON.
 */
#ifndef TEXT_JSON_H
#define TEXT_JSON_H

#include "base/arena.h"
#include "base/sbuf.h"

enum { JSON_DEPTH_MAX = 64, JSON_PATH_MAX = 256 };

/* Callbacks of a reader; any may be NULL. Slices are valid only during the call, unless noted. Return false to stop. */
struct json_handler {
    bool (*null)(void *u);
    bool (*boolean)(void *u, bool v);
    bool (*number)(void *u, struct slice text); /* in its own spelling */
    bool (*string)(void *u, struct slice v);    /* decoded */
    bool (*map_start)(void *u);
    bool (*key)(void *u, struct slice v);
    bool (*map_end)(void *u);
    bool (*array_start)(void *u);
    bool (*array_end)(void *u);
};

enum json_result { JSON_OK, JSON_BAD, JSON_STOPPED, JSON_TOO_DEEP, JSON_INCOMPLETE };

/*
 * Reads the first JSON value of `text`; *used, if not NULL, is where it ended. Invalid UTF-8 inside strings is passed
 * on as it is. Depth is capped at JSON_DEPTH_MAX. Time is linear.
 */
enum json_result json_read(struct slice text, const struct json_handler *h, void *u, size_t *used);

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_MAP, JSON_ARRAY };

/* A member of an object, as json_members gives it. */
struct json_member {
    struct slice name; /* of the outermost object: its key; below: the keys on the way, joined by '.' */
    struct slice
        value; /* string: decoded; number: its spelling; boolean: true or false; null: empty; else its JSON text */
    enum json_type type;
    unsigned depth; /* 1 in the outermost object */
};

/*
 * Reads the first JSON value of `text`, which must be an object (else JSON_BAD), and hands out its members in their
 * order: scalars where they stand, objects and arrays where they end. Members of nested objects are given down to
 * `depth` levels, elements of arrays never. Slices point into `text` where it had no escapes, else into the arena, and
 * stay valid as long as both; a path below the outermost object that is longer than JSON_PATH_MAX is left out. `member`
 * returns false to stop. Bounds and *used as for json_read.
 */
enum json_result json_members(struct slice text, struct arena *a, unsigned depth,
                              bool (*member)(void *u, const struct json_member *m), void *u, size_t *used);

/*
 * JSON as some writers get it wrong, made such as a reader takes: raw control bytes inside strings are escaped, a comma
 * before
 * `}` or `]` goes, NaN and Infinity become null. One pass, at most six times the size, in the arena.
 */
struct slice json_repair(struct arena *a, struct slice text);

/* The writer. Errors (overflow of the sbuf) are sticky in the sbuf. */
struct json {
    struct sbuf *out;
    void *gen;
};

void json_start(struct json *j, struct sbuf *out);
/* Frees the generator; the text is in the sbuf. */
void json_end(struct json *j);
void json_map(struct json *j);
void json_map_end(struct json *j);
void json_array(struct json *j);
void json_array_end(struct json *j);
void json_key(struct json *j, const char *key);
void json_key_s(struct json *j, struct slice key);
/* Cleaned (utf8_clean) and whole. */
void json_str(struct json *j, struct slice v);
/* Cleaned and cut to max code points, "..." at the end when it was cut. */
void json_str_max(struct json *j, struct slice v, size_t max_points);
void json_int(struct json *j, int64_t v);
void json_bool(struct json *j, bool v);
/* Microseconds as seconds with six digits, whatever LC_NUMERIC says. */
void json_time(struct json *j, int64_t us);
/* Text that is a JSON number or a whole JSON value already; the caller vouches for it. */
void json_raw(struct json *j, struct slice v);
/* True when v is a JSON number that every reader keeps exactly (integers within 2^53). */
bool json_number_ok(struct slice v);

/* A tree, for what is small and read more than once (samples, expected payloads). */
struct json_node {
    enum json_type type;
    struct slice key;  /* inside a map */
    struct slice text; /* string value or number spelling */
    bool truth;
    struct json_node *child, *next;
};

/* NULL when the text is not one JSON value. Lives in the arena. */
struct json_node *json_tree(struct arena *a, struct slice text);
const struct json_node *json_get(const struct json_node *map, const char *key);

#endif
