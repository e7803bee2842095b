#include "app/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/xalloc.h"

enum { WEEK_S = 7 * 86400, NAME_MAX_BYTES = 64, NEAR_MAX = 1000 };
#define LAST_S INT64_C(2840140800) /* 2060-01-01 */

static int32_t offset_at(int64_t s)
{
    time_t t = (time_t)s;
    struct tm tm;
    return localtime_r(&t, &tm) ? (int32_t)tm.tm_gmtoff : 0;
}

static void add_row(struct zone *z, int64_t from, int32_t offset)
{
    z->rows = xrealloc(z->rows, z->n + 1, sizeof *z->rows);
    z->rows[z->n++] = (struct zone_row){.from_utc_s = from, .offset_s = offset};
}

/* The first second with another offset than `low` has; `high` has one. */
static int64_t change_between(int64_t low, int64_t high)
{
    int32_t before = offset_at(low);
    while (high - low > 1) {
        int64_t mid = low + (high - low) / 2;
        if (offset_at(mid) == before)
            low = mid;
        else
            high = mid;
    }
    return high;
}

/* Rows of the zone TZ names now. */
static void probe(struct zone *z)
{
    tzset();
    add_row(z, INT64_MIN, offset_at(0));
    for (int64_t s = 0; s < LAST_S; s += WEEK_S)
        for (int64_t from = s; offset_at(s + WEEK_S) != offset_at(from);) {
            from = change_between(from, s + WEEK_S);
            add_row(z, from, offset_at(from));
        }
}

static bool path_of(struct slice name, char path[256])
{
    const char *dir = getenv("TZDIR");
    int n = snprintf(path, 256, "%s/%.*s", dir && *dir ? dir : "/usr/share/zoneinfo", SLICE_ARG(name));
    return n > 0 && n < 256;
}

/* libc takes an unknown name for UTC without a word, so the file is looked for here. */
static bool exists(struct slice name)
{
    char path[256];
    struct stat st;
    if (name.n == 0 || name.n > NAME_MAX_BYTES || !ascii_alpha(name.p[0]))
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_alnum(name.p[i]) && !strchr("/_+-", name.p[i]))
            return false;
    return path_of(name, path) && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Zone names of the host's zone1970.tab and tzdata's links are many; the ones with a city are what people
 * mistype. */
static unsigned read_names(char **names)
{
    char path[256], line[512];
    unsigned n = 0;
    FILE *f = path_of(SLICE("zone.tab"), path) ? fopen(path, "re") : NULL;
    while (f && n < NEAR_MAX && fgets(line, sizeof line, f)) {
        struct slice rest = slice_trim(slice_str(line));
        slice_split(&rest, '\t');
        slice_split(&rest, '\t');
        struct slice name = slice_split(&rest, '\t');
        if (line[0] != '#' && name.n)
            names[n++] = slice_dup(name);
    }
    if (f)
        fclose(f);
    return n;
}

/* "Berlin" is near to Europe/Berlin, however far the letters are apart. */
static const char *near_city(struct slice name, char *const *names)
{
    for (; *names; names++) {
        struct slice full = slice_str(*names);
        ptrdiff_t slash = slice_rfind(full, SLICE("/"));
        if (slash >= 0 && slice_ieq(name, slice_from(full, (size_t)slash + 1)))
            return *names;
    }
    return NULL;
}

static void refuse(struct slice name, struct diag *d, struct err_place at)
{
    char *names[NEAR_MAX + 1];
    unsigned n = read_names(names);
    names[n] = NULL;
    const char *near = err_nearest(name, (const char *const *)names);
    near = near ? near : near_city(name, names);
    struct slice shown = slice_sub(name, 0, NAME_MAX_BYTES);
    if (near)
        err_add(d, ERR_ERROR, at, "unknown time zone \"%.*s\"; did you mean \"%s\"?", SLICE_ARG(shown), near);
    else if (n == 0)
        err_add(d, ERR_ERROR, at,
                "unknown time zone \"%.*s\"; this host has no zone files (Debian: apt-get install tzdata)",
                SLICE_ARG(shown));
    else
        err_add(d, ERR_ERROR, at,
                "unknown time zone \"%.*s\"; write local, an offset such as +02:00, or a name of "
                "timedatectl list-timezones such as Europe/Berlin",
                SLICE_ARG(shown));
    for (unsigned i = 0; i < n; i++)
        free(names[i]);
}

/* +hh:mm or -hh:mm */
static bool fixed(struct slice s, int32_t *offset_s)
{
    if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':')
        return false;
    uint64_t hours, minutes;
    if (!slice_u64(slice_sub(s, 1, 3), &hours) || !slice_u64(slice_sub(s, 4, 6), &minutes) || hours > 14 ||
        minutes > 59)
        return false;
    *offset_s = (int32_t)(hours * 3600 + minutes * 60) * (s.p[0] == '-' ? -1 : 1);
    return true;
}

struct zone *zone_load(struct slice name, struct diag *d, struct err_place at)
{
    int32_t offset_s;
    bool local = slice_is(name, "local"), is_fixed = fixed(name, &offset_s);
    if (!local && !is_fixed && !exists(name)) {
        refuse(name, d, at);
        return NULL;
    }
    struct zone *z = xcalloc(1, sizeof *z);
    z->name = slice_dup(name);
    if (is_fixed) {
        add_row(z, INT64_MIN, offset_s);
    } else if (local) {
        probe(z);
    } else {
        const char *now = getenv("TZ");
        char *before = now ? xstrdup(now) : NULL;
        setenv("TZ", z->name, 1);
        probe(z);
        if (before)
            setenv("TZ", before, 1);
        else
            unsetenv("TZ");
        tzset();
        free(before);
    }
    return z;
}

void zone_free(struct zone *z)
{
    if (!z)
        return;
    free(z->name);
    free(z->rows);
    free(z);
}
