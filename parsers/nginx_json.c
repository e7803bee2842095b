#include "parsers/nginx_json.h"

#include "text/json.h"

static bool is_json(struct slice v)
{
    return json_number_ok(v) || slice_is(v, "true") || slice_is(v, "false") || slice_is(v, "null");
}

/* Returns the length of the string at the front of s, with its quotes; all of s where it does not end. */
static size_t string_length(struct slice s)
{
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '"')
            return i + 1;
        i += s.p[i] == '\\';
    }
    return s.n;
}

/* Whether a comma at the front of s is one of the object's: a key follows. */
static bool is_before_key(struct slice s)
{
    struct slice next = slice_trim(slice_sub(s, 1, 8));
    return slice_starts(next, SLICE("\""));
}

/* Returns the length of the value without quotes at the front of s. */
static size_t bare_length(struct slice s)
{
    size_t n = 0;
    while (n < s.n && s.p[n] != '}' && s.p[n] != '"' && !(s.p[n] == ',' && is_before_key(slice_from(s, n))))
        n++;
    return n;
}

static char *put(char *at, struct slice s)
{
    if (s.n)
        memcpy(at, s.p, s.n);
    return at + s.n;
}

/* Writes the value without quotes; one that is no JSON becomes a string. It has no quote in it. */
static char *put_bare(char *at, struct slice v)
{
    v = slice_trim(v);
    if (is_json(v))
        return put(at, v);
    *at++ = '"';
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] != '\\')
            *at++ = v.p[i];
    *at++ = '"';
    return at;
}

struct slice nginx_json_mend(struct slice line, struct arena *a)
{
    char *p = arena_alloc(a, 3 * line.n), *at = p; /* an empty value, behind a colon, becomes two bytes */
    while (line.n) {
        char c = *line.p;
        size_t n = c == '"' ? string_length(line) : 1;
        at = put(at, slice_sub(line, 0, n));
        line = slice_from(line, n);
        while (c == ':' && line.n && *line.p == ' ')
            line = slice_from(line, 1);
        if (c != ':' || (line.n && strchr("\"{[", *line.p)))
            continue;
        n = bare_length(line);
        at = put_bare(at, slice_sub(line, 0, n));
        line = slice_from(line, n);
    }
    return slice_of(p, (size_t)(at - p));
}
