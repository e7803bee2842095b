#include "app/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "app/file.h"
#include "base/xalloc.h"
#include "text/tzif.h"

enum { NAME_MAX_BYTES = 64, NEAR_MAX = 1000 };

static bool path_of(struct slice name, char path[256])
{
    const char *dir = getenv("TZDIR");
    int n = snprintf(path, 256, "%s/%.*s", dir && *dir ? dir : "/usr/share/zoneinfo", SLICE_ARG(name));
    return n > 0 && n < 256;
}

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

static bool read_zone_file(const char *path, struct zone *z, struct diag *d, struct err_place at)
{
    struct sbuf bytes;
    sbuf_init(&bytes, TZIF_BYTES_MAX);
    bool read = file_read(path, TZIF_BYTES_MAX, &bytes, d, at), is_zone = read && tzif_read(sbuf_slice(&bytes), z);
    sbuf_done(&bytes);
    if (read && !is_zone)
        err_add(d, ERR_ERROR, at, "%s is not a file of a time zone (TZif)", path);
    return is_zone;
}

static bool read_named(struct slice name, struct zone *z, struct diag *d, struct err_place at)
{
    char path[256];
    if (exists(name))
        return path_of(name, path) && read_zone_file(path, z, d, at);
    refuse(name, d, at);
    return false;
}

static void take_fixed(struct zone *z, int32_t offset_s)
{
    z->rows = xcalloc(1, sizeof *z->rows);
    z->rows[z->n++] = (struct zone_row){INT64_MIN, offset_s};
}

/* tzset(3): TZ names a file or is a rule, a colon in front means nothing, and what says nothing is UTC. */
static void read_local(struct zone *z)
{
    struct diag unsaid = {0};
    const char *tz = getenv("TZ");
    char path[256] = "/etc/localtime";
    bool is_file = true;
    if (tz) {
        struct slice text = slice_from(slice_str(tz), tz[0] == ':');
        if (text.n && text.p[0] == '/')
            is_file = (size_t)snprintf(path, sizeof path, "%s", text.p) < sizeof path;
        else
            is_file = text.n && path_of(text, path);
    }
    if (!(is_file && read_zone_file(path, z, &unsaid, (struct err_place){0})) && !(tz && tzif_rule(slice_str(tz), z)))
        take_fixed(z, 0);
    err_done(&unsaid);
}

struct zone *zone_load(struct slice name, struct diag *d, struct err_place at)
{
    int32_t offset_s;
    struct zone *z = xcalloc(1, sizeof *z);
    z->name = slice_dup(name);
    if (slice_is(name, "local"))
        read_local(z);
    else if (fixed(name, &offset_s))
        take_fixed(z, offset_s);
    else
        read_named(name, z, d, at);
    if (z->n)
        return z;
    zone_free(z);
    return NULL;
}

void zone_free(struct zone *z)
{
    if (!z)
        return;
    free(z->name);
    free(z->rows);
    free(z);
}
