#include "app/offline.h"

#include <stdlib.h>
#include <string.h>

#include "app/zone.h"
#include "base/xalloc.h"
#include "io/container_file.h"

/* Takes -c, --rules, --format and --log-format; false: it is another option. */
static bool offline_option(struct offline *o, struct command_reader *in)
{
    if (command_is(in, "-c"))
        o->config = in->value;
    else if (command_is(in, "--rules"))
        o->rules[o->n_rules++] = in->value;
    else if (command_is(in, "--log-format"))
        o->log_format = in->value;
    else if (command_is(in, "--format"))
        command_format(in, &o->format);
    else
        return false;
    return true;
}

int offline_read(struct offline *o, struct command_reader *in, void (*other)(void *u, struct command_reader *in),
                 void *u)
{
    o->rules = xcalloc((size_t)in->argc, sizeof *o->rules);
    o->files = xcalloc((size_t)in->argc, sizeof *o->files);
    while (command_next(in)) {
        if (!in->option)
            o->files[o->n_files++] = in->argv[in->at - 1];
        else if (!offline_option(o, in))
            other(u, in);
    }
    return in->status;
}

int offline_check(struct offline *o, const char *command)
{
    if (!o->n_files)
        return command_usage(command, "no file is named; - is standard input");
    return command_log_format(command, o->log_format, &o->format);
}

void offline_done(struct offline *o)
{
    free(o->rules);
    free(o->files);
}

static bool run_file(const struct offline *o, const struct offline_reader *r, const char *path, const struct zone *zone,
                     struct progress *p, struct diag *d)
{
    uint64_t id = slice_hash(slice_str(path), 7);
    struct arena about = {0};
    const struct container *container = container_of_file(&about, path, NULL);
    const struct record_home home = {.file = slice_str(path)};
    const struct stream stream = {.format = o->format,
                                  .zone = zone,
                                  .log_format = slice_str(o->log_format),
                                  .source = slice_str(path),
                                  .input = slice_str(path),
                                  .home = strcmp(path, "-") == 0 ? NULL : &home,
                                  .trusted = true,
                                  .join = r->join(r->u, path),
                                  .file_key = id,
                                  .container = container,
                                  .ring = container ? container_key(container) : id,
                                  .last_us = RECORD_NO_TIME};
    r->begin(r->u, &stream);
    reader_run_shown(path, o->format, r->each, r->u, p, d);
    bool more = r->end(r->u);
    arena_done(&about);
    return more;
}

void offline_run(const struct offline *o, const struct offline_reader *r, struct diag *d)
{
    struct zone *zone = zone_load(SLICE("local"), d, (struct err_place){0});
    struct progress p;
    progress_begin(&p, progress_size(o->files, o->n_files));
    for (unsigned i = 0; i < o->n_files && run_file(o, r, o->files[i], zone, &p, d); i++)
        ;
    progress_end(&p);
    zone_free(zone);
}
