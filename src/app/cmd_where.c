/* crumbd where: what became of a line, or of an event, beside a running daemon or without one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/settings.h"
#include "app/where_show.h"
#include "base/xalloc.h"

struct where_options {
    const char *config, *store;
    bool json, line;
};

/* Caller frees; NULL and entries in d. */
static char *store_path(const struct where_options *o, struct diag *d)
{
    if (o->store)
        return xstrdup(o->store);
    struct settings *s = settings_load(o->config, d);
    char *path = s ? xstrdup(s->store) : NULL;
    if (s)
        settings_unref(s);
    return path;
}

static struct store *open_store(const struct where_options *o)
{
    struct diag d = {0};
    char *path = store_path(o, &d);
    struct store *s = path ? store_open(path, STORE_TOOL, 0, &d) : NULL;
    if (!s)
        err_print(&d, stderr);
    if (!path)
        fputs("crumbd where: with --store PATH no configuration is read\n", stderr);
    err_done(&d);
    free(path);
    return s;
}

/* 32 hex digits, as Sentry shows an id also with dashes. */
static bool is_event_id(const char *word, char out[33])
{
    size_t n = 0;
    for (; *word; word++) {
        if (*word == '-')
            continue;
        if (n == 32 || !ascii_hex(*word))
            return false;
        out[n++] = ascii_lower(*word);
    }
    out[n] = '\0';
    return n == 32;
}

/* FILE:NUMBER. The caller frees the path. False: it is a FILE alone. */
static bool split(const char *word, char **path, uint64_t *number)
{
    const char *colon = strrchr(word, ':');
    bool numbered = colon && colon > word && slice_u64(slice_str(colon + 1), number);
    *path = numbered ? slice_dup(slice_of(word, (size_t)(colon - word))) : xstrdup(word);
    return numbered;
}

static int no_such_place(const struct where_open *o, uint64_t number, bool line)
{
    if (o->fd < 0)
        fprintf(stderr, "crumbd where: %s cannot be read (%s), so its lines cannot be counted: give a byte offset\n",
                o->path, strerror(o->error));
    else if (line)
        fprintf(stderr, "crumbd where: %s has no line %llu\n", o->path, (unsigned long long)number);
    else
        fprintf(stderr, "crumbd where: %s has no byte %llu: it has %llu bytes\n", o->path, (unsigned long long)number,
                (unsigned long long)o->size);
    return EXIT_INPUT_WRONG;
}

static int no_such_file(const struct where_open *o)
{
    if (o->fd < 0)
        fprintf(stderr, "crumbd where: %s: %s; and the store knows no file that had this name\n", o->path,
                strerror(o->error));
    else
        fprintf(stderr,
                "crumbd where: the store knows no file with these first bytes: %s is not read by this crumbd, or it "
                "was so long ago\n",
                o->path);
    return EXIT_INPUT_WRONG;
}

static int about_place(const struct where_show *s, const struct where_open *o, uint64_t number, bool line)
{
    uint64_t offset = number;
    bool there = line ? where_line_begins(o, number, &offset) : o->fd < 0 || o->packed || number < o->size;
    if (!there)
        return no_such_place(o, number, line);
    return where_show_line(s, o, offset) ? EXIT_WELL : EXIT_CANNOT_RUN;
}

static int about_file(const struct where_show *s, const char *word, bool line)
{
    struct where_open o;
    char *path;
    uint64_t number;
    int status;
    bool numbered = split(word, &path, &number);
    where_open(s->where, path, &o);
    if (!o.file)
        status = no_such_file(&o);
    else if (numbered)
        status = about_place(s, &o, number, line);
    else
        status = where_show_file(s, &o) ? EXIT_WELL : EXIT_CANNOT_RUN;
    where_close(&o);
    free(path);
    return status;
}

static int about(const struct where_show *s, const char *word, bool line)
{
    char id[33];
    if (!is_event_id(word, id))
        return about_file(s, word, line);
    if (where_show_event(s, id))
        return EXIT_WELL;
    fprintf(stderr, "crumbd where: nothing is known of event %s: it is not of this store, or it was so long ago\n", id);
    return EXIT_INPUT_WRONG;
}

/* All that are asked for; the worst status of them. */
static int where_all(struct store *store, char **words, unsigned n, const struct where_options *o)
{
    struct where *w = where_new(store);
    const struct where_show s = {.where = w, .store = store, .json = o->json};
    int worst = w ? EXIT_WELL : EXIT_CANNOT_RUN;
    for (unsigned i = 0; w && i < n && worst != EXIT_CANNOT_RUN; i++) {
        if (i && !o->json)
            putchar('\n');
        int status = about(&s, words[i], o->line);
        worst = status > worst ? status : worst;
    }
    if (worst == EXIT_CANNOT_RUN)
        fprintf(stderr, "crumbd where: %s\n", store_error(store));
    if (w)
        where_free(w);
    return worst;
}

int cmd_where(int argc, char **argv)
{
    struct where_options o = {0};
    struct command_reader in = command_read("where", argc, argv);
    char **words = xcalloc((size_t)argc, sizeof *words);
    unsigned n = 0;
    while (command_next(&in)) {
        if (!in.option)
            words[n++] = argv[in.at - 1];
        else if (command_is(&in, "-c"))
            o.config = in.value;
        else if (command_is(&in, "--store"))
            o.store = in.value;
        o.json |= in.option && command_is(&in, "--json");
        o.line |= in.option && command_is(&in, "--line");
    }
    int status = in.status;
    if (status == EXIT_WELL && !n)
        status = command_usage("where", "where: say which line, FILE:OFFSET, or which event");
    struct store *store = status == EXIT_WELL ? open_store(&o) : NULL;
    if (status == EXIT_WELL)
        status = store ? where_all(store, words, n, &o) : EXIT_CANNOT_RUN;
    store_close(store);
    free(words);
    return status;
}
