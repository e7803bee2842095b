#include "core/check_in.h"

#include "text/json.h"

static const int64_t MINUTE_US = 60 * INT64_C(1000000), HOUR_US = 60 * 60 * INT64_C(1000000);

static bool is_slug_byte(char c)
{
    return ascii_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
}

bool check_in_is_slug(struct slice s)
{
    bool letter = false;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_slug_byte(s.p[i]))
            return false;
        letter |= !ascii_digit(s.p[i]);
    }
    return letter && s.n <= CHECK_IN_SLUG_MAX; /* Sentry would take a slug of digits alone for a monitor's number */
}

struct slice check_in_slug(struct slice text, struct arena *a)
{
    char *p = arena_cstr(a, slice_sub(text, 0, CHECK_IN_SLUG_MAX));
    size_t n = strnlen(p, CHECK_IN_SLUG_MAX);
    for (size_t i = 0; i < n; i++) {
        p[i] = ascii_lower(p[i]);
        if (!is_slug_byte(p[i]))
            p[i] = '-';
    }
    struct slice slug = slice_of(p, n);
    return check_in_is_slug(slug) ? slug : SLICE_NONE;
}

int64_t check_in_gap_us(int64_t every_us)
{
    int64_t gap = every_us / 100;
    return gap < MINUTE_US ? MINUTE_US : gap > HOUR_US ? HOUR_US : gap;
}

const char *check_in_status_name(enum check_in_status s)
{
    return s == CHECK_IN_OK ? "ok" : "error";
}

/* Writes the period in the largest unit that holds it whole, else in minutes, rounded up. */
static void put_schedule(struct json *j, int64_t every_us)
{
    static const struct {
        const char *name;
        int64_t minutes;
    } units[] = {{"day", 24 * 60}, {"hour", 60}, {"minute", 1}};
    int64_t minutes = (every_us + MINUTE_US - 1) / MINUTE_US;
    unsigned i = 0;
    while (minutes % units[i].minutes)
        i++;
    json_key(j, "schedule");
    json_map(j);
    json_key(j, "type");
    json_str(j, SLICE("interval"));
    json_key(j, "value");
    json_int(j, minutes / units[i].minutes);
    json_key(j, "unit");
    json_str(j, slice_str(units[i].name));
    json_map_end(j);
}

static void put_text(struct json *j, const char *key, struct slice value)
{
    if (!value.n)
        return;
    json_key(j, key);
    json_str(j, value);
}

void check_in_write(const struct check_in *c, const struct options *opt, struct sbuf *out)
{
    struct json j;
    json_start(&j, out);
    json_map(&j);
    put_text(&j, "check_in_id", slice_str(c->id));
    put_text(&j, "monitor_slug", c->slug);
    if (c->project.n)
        put_text(&j, "crumbd_project", c->project);
    put_text(&j, "status", slice_str(check_in_status_name(c->status)));
    put_text(&j, "environment", opt->environment);
    put_text(&j, "release", opt->release);
    json_key(&j, "monitor_config");
    json_map(&j);
    put_schedule(&j, c->every_us);
    /* Besides `every`, two check-ins may be apart by the gap that check_in_gap_us thins out and by the way to
       Sentry. */
    json_key(&j, "checkin_margin");
    json_int(&j, check_in_gap_us(c->every_us) / MINUTE_US + 1);
    json_map_end(&j);
    json_map_end(&j);
    json_end(&j);
}
