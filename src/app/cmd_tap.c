/* crumbd tap: each line that the daemon beside reads, with what became of it, as it happens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/colour.h"
#include "app/command.h"
#include "app/settings.h"
#include "app/show.h"
#include "base/xalloc.h"
#include "core/issue_query.h"
#include "io/http_ask.h"
#include "text/json.h"
#include "text/stamp.h"

enum { MESSAGE_MAX = 300 << 10, MESSAGE_POINTS = 400, NAME_POINTS = 40, WHY_MAX = 4096 };

struct tap {
    bool json, colour;
    char event[16]; /* of the message that is being read */
};

/* --- one message --- */

static struct slice member(const struct json_node *line, const char *name)
{
    const struct json_node *n = json_get(line, name);
    return n ? n->text : SLICE_NONE;
}

static void put(const struct tap *t, enum colour which, struct slice text, unsigned width)
{
    fputs(colour(t->colour, which), stdout);
    show_text(stdout, text, NAME_POINTS);
    fputs(colour(t->colour, COLOUR_PLAIN), stdout);
    printf("%*s ", text.n < width ? (int)(width - text.n) : 0, "");
}

/* 10:00:00 of a number of seconds. */
static void put_time(const struct tap *t, struct slice seconds)
{
    char stamp[32];
    uint64_t s;
    struct slice whole = slice_split(&seconds, '.');
    if (!slice_u64(whole, &s) || s > INT64_MAX / 1000000)
        s = 0;
    stamp_print((int64_t)s * 1000000, stamp);
    put(t, COLOUR_DIM, slice_sub(slice_str(stamp), 11, 19), 8);
}

static struct slice file_name(struct slice path)
{
    ptrdiff_t slash = slice_rfind(path, SLICE("/"));
    return slash < 0 ? path : slice_from(path, (size_t)slash + 1);
}

static enum colour colour_of_fate(struct slice fate)
{
    return slice_is(fate, "event") ? COLOUR_GREEN : slice_is(fate, "suppressed") ? COLOUR_YELLOW : COLOUR_DIM;
}

static void show_line(const struct tap *t, struct slice json, const struct json_node *line)
{
    if (t->json) {
        printf("%.*s\n", SLICE_ARG(json));
        return;
    }
    struct slice level = member(line, "level"), app = member(line, "app"), source = file_name(member(line, "source"));
    struct slice rule = member(line, "rule"), issue = member(line, "issue");
    put_time(t, member(line, "time"));
    put(t, colour_of_level(level), level, 7);
    put(t, colour_of_fate(member(line, "fate")), member(line, "fate"), 10);
    put(t, COLOUR_BOLD, app.n ? app : source, 0);
    show_text(stdout, member(line, "message"), MESSAGE_POINTS);
    fputs(rule.n || issue.n ? " " : "", stdout);
    if (rule.n)
        put(t, COLOUR_DIM, rule, 0);
    if (issue.n)
        put(t, COLOUR_DIM, issue, 0);
    putchar('\n');
}

static void show_skipped(const struct tap *t, const struct json_node *said)
{
    if (t->json) {
        printf("{\"skipped\":%.*s}\n", SLICE_ARG(member(said, "count")));
        return;
    }
    printf("%s-- ", colour(t->colour, COLOUR_YELLOW));
    show_text(stdout, member(said, "count"), NAME_POINTS);
    printf(" lines more were not shown --%s\n", colour(t->colour, COLOUR_PLAIN));
}

/* --- the stream --- */

static void take_data(const struct tap *t, struct slice data)
{
    struct arena a = {0};
    bool line = strcmp(t->event, "line") == 0;
    const struct json_node *said = json_tree(&a, data);
    if (said && line)
        show_line(t, data, said);
    else if (said && strcmp(t->event, "skipped") == 0)
        show_skipped(t, said);
    arena_done(&a);
}

/* One line of server-sent events; data of crumbd's is never in more than one. */
static void take_line(struct tap *t, struct slice line)
{
    const struct slice event = SLICE("event: "), data = SLICE("data: ");
    if (slice_starts(line, event))
        snprintf(t->event, sizeof t->event, "%.*s", SLICE_ARG(slice_from(line, event.n)));
    else if (slice_starts(line, data))
        take_data(t, slice_from(line, data.n));
}

static void take_all(struct tap *t, FILE *in)
{
    char *line = xmalloc(MESSAGE_MAX);
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    while (!ferror(stdout) && fgets(line, MESSAGE_MAX, in)) {
        struct slice text = slice_str(line);
        if (!slice_ends(text, SLICE("\n")))
            break; /* no crumbd sends so much */
        take_line(t, slice_sub(text, 0, text.n - 1));
    }
    free(line);
}

/* {"error":…}, or the text itself. */
static int refused(FILE *in, unsigned status)
{
    char body[WHY_MAX];
    struct arena a = {0};
    struct slice text = slice_trim(slice_of(body, fread(body, 1, sizeof body, in)));
    const struct json_node *said = json_tree(&a, text), *error = said ? json_get(said, "error") : NULL;
    fputs("crumbd tap: ", stderr);
    show_text(stderr, error ? error->text : text, WHY_MAX);
    fputs(status == 401 ? "; the configuration that tap reads names none that may be read\n" : "\n", stderr);
    arena_done(&a);
    return status == 400 ? EXIT_USAGE : EXIT_CANNOT_RUN;
}

static int watch(struct tap *t, const struct settings *s, const char *query)
{
    struct diag d = {0};
    struct sbuf path;
    unsigned status = 0;
    const struct http_ask at = {.host = s->http.host, .port = s->http.port, .token = s->http_token};
    sbuf_init(&path, 8192);
    sbuf_adds(&path, SLICE("/api/live?lines=on&q="));
    http_ask_encode(&path, slice_str(query));
    FILE *in = http_ask(&at, sbuf_cstr(&path), &status, &d);
    sbuf_done(&path);
    if (!in)
        return command_finish(&d, EXIT_CANNOT_RUN);
    int result = EXIT_WELL;
    if (status == 200)
        take_all(t, in);
    else
        result = refused(in, status);
    fclose(in);
    return result;
}

static int tap(struct tap *t, const char *config, const char *query)
{
    struct diag d = {0};
    struct settings *s = settings_load(config, &d);
    if (s && !s->http.host)
        err_plain(&d, "the configuration has no `http`, by which the daemon could be asked");
    int status = s && s->http.host ? EXIT_WELL : EXIT_INPUT_WRONG;
    if (status == EXIT_WELL) {
        status = watch(t, s, query);
        err_done(&d);
    } else {
        status = command_finish(&d, status);
    }
    settings_unref(s);
    return status;
}

int cmd_tap(int argc, char **argv)
{
    struct tap t = {.colour = colour_wanted()};
    const char *config = NULL;
    struct sbuf query;
    struct command_reader in = command_read("tap", argc, argv);
    sbuf_init(&query, 2 * ISSUE_QUERY_BYTES_MAX);
    for (const char *word; (word = command_next(&in));) {
        config = command_is(&in, "-c") ? in.value : config;
        t.json |= command_is(&in, "--json");
        if (!in.option)
            sbuf_addf(&query, "%s%s", query.n ? " " : "", word);
    }
    int status = in.status;
    if (status == EXIT_WELL && query.over)
        status = command_usage("tap", "the query is too long");
    else if (status == EXIT_WELL)
        status = tap(&t, config, sbuf_cstr(&query));
    sbuf_done(&query);
    return status;
}
