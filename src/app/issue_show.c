#include "app/issue_show.h"

#include <inttypes.h>
#include <string.h>

#include "app/colour.h"
#include "app/show.h"
#include "base/utf8.h"
#include "core/issue_query.h"

enum {
    TITLE_POINTS = 120,
    TITLE_LEAST = 30,
    TEXT_POINTS = 400,
    WORD_POINTS = 10,
    KEY_SHOWN = 8,
    NAME_COLUMN = 14,
    PROJECT_POINTS = 40,
    BEFORE_DAY = 48, /* columns of a list */
    DAY_COLUMN = 26,
};

/* One character for each slot, against the fullest. */
static void put_bars(FILE *out, const struct issue_history *h, enum issue_scale s)
{
    static const char *const bars[] = {"\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"};
    enum { HEIGHTS = sizeof bars / sizeof *bars };
    uint64_t most = 0;
    for (unsigned i = 0; i < issue_slots[s]; i++)
        most = h->v[s][i] > most ? h->v[s][i] : most;
    for (unsigned i = 0; i < issue_slots[s]; i++) {
        double part = most ? (double)h->v[s][i] / (double)most : 0;
        unsigned height = (unsigned)(part * (HEIGHTS - 1) + 0.5);
        fputs(h->v[s][i] ? bars[height] : "\u00b7", out);
    }
}

static void put_coloured(FILE *out, bool on, enum colour which, struct slice text)
{
    on &= text.n > 0;
    fputs(colour(on, which), out);
    show_text(out, text, WORD_POINTS);
    fputs(colour(on, COLOUR_PLAIN), out);
}

/* The same in a column. */
static void put_cell(FILE *out, bool on, enum colour which, struct slice text, size_t width)
{
    size_t points = utf8_count(text);
    put_coloured(out, on, which, text);
    fprintf(out, "%*s", (int)(points < width ? width - points : 0), "");
}

static void put_project(FILE *out, struct slice project)
{
    if (!project.n)
        return;
    fputc('[', out);
    show_text(out, project, PROJECT_POINTS);
    fputs("] ", out);
}

static bool has_day(unsigned columns)
{
    return !columns || columns >= BEFORE_DAY + DAY_COLUMN + TITLE_LEAST;
}

/* Of the last column, where its title has another project before it, too. */
static size_t title_points(unsigned columns, struct slice project)
{
    size_t points = utf8_count(project), used = BEFORE_DAY + (has_day(columns) ? DAY_COLUMN : 0);
    if (!columns)
        return TITLE_POINTS;
    used += points ? (points < PROJECT_POINTS ? points : PROJECT_POINTS) + strlen("[] ") : 0;
    size_t left = columns > used + TITLE_LEAST ? columns - used : TITLE_LEAST;
    return left < TITLE_POINTS ? left : TITLE_POINTS;
}

void issue_show_head(FILE *out, unsigned columns)
{
    fprintf(out, "%-8s  %-3s  %-7s  %8s  %5s  %5s  ", "KEY", "", "LEVEL", "COUNT", "FIRST", "LAST");
    if (has_day(columns))
        fprintf(out, "%-24s  ", "LAST 24 HOURS");
    fputs("TITLE\n", out);
}

void issue_show_line(FILE *out, const struct store_issue *issue, int64_t now_us, bool coloured, unsigned columns)
{
    const struct slice *text = issue->about.text;
    char first[SHOW_SMALL], last[SHOW_SMALL], key[17];
    bool new = issue_state_of(issue->first_us, issue->last_us, now_us) == ISSUE_STATE_NEW;
    snprintf(key, sizeof key, "%016" PRIx64, issue->key);
    fprintf(out, "%.*s  ", KEY_SHOWN, key);
    put_cell(out, coloured, COLOUR_GREEN, new ? SLICE("NEW") : SLICE(""), 3);
    fputs("  ", out);
    put_cell(out, coloured, colour_of_level(text[ISSUE_LEVEL]), text[ISSUE_LEVEL], 7);
    fprintf(out, "  %8" PRIu64 "  %5s  %5s  ", issue->count, show_span(now_us - issue->first_us, first),
            show_span(now_us - issue->last_us, last));
    if (has_day(columns)) {
        put_bars(out, &issue->history, ISSUE_HOURS);
        fputs("  ", out);
    }
    put_project(out, text[ISSUE_PROJECT]);
    show_text(out, text[ISSUE_TITLE], title_points(columns, text[ISSUE_PROJECT]));
    fputc('\n', out);
}

static void put_line(FILE *out, const char *name, struct slice value)
{
    if (!value.n)
        return;
    fprintf(out, "%-*s", NAME_COLUMN, name);
    show_text(out, value, TEXT_POINTS);
    fputc('\n', out);
}

static void put_time(FILE *out, const char *name, int64_t us, int64_t now_us)
{
    char ago[SHOW_SMALL];
    fprintf(out, "%-*s", NAME_COLUMN, name);
    show_time(out, us);
    fprintf(out, ", %s ago\n", show_span(now_us - us, ago));
}

static void put_history(FILE *out, const struct issue_history *h)
{
    static const char *const names[ISSUE_SCALES] = {"last hour", "last day", "last 30 days"};
    for (unsigned s = 0; s < ISSUE_SCALES; s++) {
        fprintf(out, "%-*s", NAME_COLUMN, names[s]);
        put_bars(out, h, (enum issue_scale)s);
        fputc('\n', out);
    }
}

void issue_show(FILE *out, const struct store_issue *issue, const char *rule_place, int64_t now_us, bool coloured)
{
    const struct slice *text = issue->about.text;
    enum issue_state state = issue_state_of(issue->first_us, issue->last_us, now_us);
    fputs(colour(coloured, COLOUR_BOLD), out);
    put_project(out, text[ISSUE_PROJECT]);
    show_text(out, text[ISSUE_TITLE], TEXT_POINTS);
    fprintf(out, "%s\n\n%-*s%016" PRIx64 "\n%-*s", colour(coloured, COLOUR_PLAIN), NAME_COLUMN, "issue", issue->key,
            NAME_COLUMN, "level");
    put_coloured(out, coloured, colour_of_level(text[ISSUE_LEVEL]), text[ISSUE_LEVEL]);
    fprintf(out, "\n%-*s%s\n%-*s%" PRIu64 ", %" PRIu64 " of them held back by flood control\n", NAME_COLUMN, "state",
            issue_state_names[state], NAME_COLUMN, "occurrences", issue->count, issue->suppressed);
    put_time(out, "first", issue->first_us, now_us);
    put_time(out, "last", issue->last_us, now_us);
    put_history(out, &issue->history);
    put_line(out, "rule", text[ISSUE_RULE].n ? text[ISSUE_RULE] : SLICE("none: fallback"));
    if (rule_place)
        put_line(out, "rule's text", slice_str(rule_place));
}
