/* crumbd parse: what is understood of each message, as one line of JSON. Loads no rules. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/reader.h"
#include "app/zone.h"
#include "base/xalloc.h"
#include "core/log_template.h"
#include "io/clock.h"
#include "io/container_file.h"
#include "parsers/gelf.h"
#include "parsers/parser.h"

/* The JSON of one message: its text at six bytes a byte, twice for formats that repeat it in fields, and
 * some. */
enum { JSON_BYTES_MAX = 16 << 20 };

struct parse {
    enum format format;
    struct parser_seen seen; /* of the file being read */
    bool template;
    unsigned grouping;
    const struct zone *zone;
    struct slice log_format;
    const struct container *container; /* of the file being read */
    int64_t now_us, last_us;
    struct arena arena;
    struct log_template log_template;
    struct sbuf out;
    struct record record;
    bool closed; /* standard output takes no more */
};

static void put_template(struct parse *p, struct json *j)
{
    log_template_message(p->record.message, &p->log_template);
    json_key(j, "template");
    json_str(j, sbuf_slice(&p->log_template.text));
    json_key(j, "params");
    json_array(j);
    for (unsigned i = 0; i < p->log_template.n_params; i++)
        json_str(j, p->log_template.params[i].value);
    json_array_end(j);
}

static void put_record(struct parse *p)
{
    struct json j;
    json_start(&j, &p->out);
    json_map(&j);
    record_json_members(&p->record, &j);
    if (p->template)
        put_template(p, &j);
    json_map_end(&j);
    json_end(&j);
}

static bool print_one(struct parse *p, struct slice text, bool truncated)
{
    bool any = p->format == FORMAT_AUTO;
    struct parse_ctx ctx = {.arena = &p->arena,
                            .zone = p->zone,
                            .now_us = p->now_us,
                            .last_us = p->last_us,
                            .log_format = p->log_format,
                            .cut = truncated};
    record_init(&p->record, p->format, text);
    sbuf_reset(&p->out);
    if (!(any ? parser_parse_next(&p->seen, &ctx, &p->record) : parser_parse(p->format, &ctx, &p->record))) {
        record_json_refused(ctx.reason, text, &p->out);
    } else {
        if (p->record.time_us != RECORD_NO_TIME)
            p->last_us = p->record.time_us;
        if (truncated)
            p->record.truncated = true;
        p->record.container = p->container;
        if (!p->record.app.n && p->container)
            p->record.app = p->container->app;
        put_record(p);
    }
    if (p->out.over) {
        sbuf_reset(&p->out);
        record_json_refused("too long to print", slice_sub(text, 0, 1000), &p->out);
    }
    arena_reset(&p->arena);
    sbuf_addc(&p->out, '\n');
    p->closed = fwrite(p->out.p, 1, p->out.n, stdout) != p->out.n;
    return !p->closed;
}

static bool parse_on_message(void *u, struct message *m)
{
    struct parse *p = u;
    struct slice text = slice_trim(m->text), one;
    struct gelf_body body;
    if (m->text.n == 0)
        return true;
    if (!format_traits(p->format)->by_message || !slice_starts(text, SLICE("[{")))
        return print_one(p, m->text, m->truncated_bytes > 0);
    gelf_body_open(&body, text);
    while (gelf_next(&body, &one)) /* an array, as HTTP's clients send several */
        if (!print_one(p, one, false))
            return false;
    return true;
}

static void read_grouping(struct command_reader *in, struct parse *p)
{
    uint64_t n = 0;
    bool number = slice_u64(slice_str(in->value), &n);
    p->grouping = (unsigned)n;
    if (!number || n < GROUPING_FIRST || n > GROUPING_NEWEST)
        in->status = command_usage(in->command, "there is no grouping \"%s\": %d to %d", in->value, GROUPING_FIRST,
                                   GROUPING_NEWEST);
}

static int read_arguments(int argc, char **argv, struct parse *p, char **files, int *n_files)
{
    struct command_reader in = command_read("parse", argc, argv);
    const char *log_format = NULL;
    while (command_next(&in)) {
        if (command_is(&in, "--template"))
            p->template = true;
        else if (command_is(&in, "--log-format"))
            log_format = in.value;
        else if (command_is(&in, "--format"))
            command_format(&in, &p->format);
        else if (command_is(&in, "--grouping"))
            read_grouping(&in, p);
        else
            files[(*n_files)++] = argv[in.at - 1];
    }
    p->log_format = slice_str(log_format);
    return in.status != EXIT_WELL ? in.status : command_log_format("parse", log_format, &p->format);
}

static void read_files(struct parse *p, char **files, int n, struct diag *d)
{
    static char standard_input[] = "-";
    char *none[] = {standard_input};
    for (int i = 0; i < (n ? n : 1) && !p->closed; i++) {
        p->seen = (struct parser_seen){FORMAT_AUTO, FORMAT_AUTO};
        p->last_us = RECORD_NO_TIME;
        const char *path = n ? files[i] : none[0];
        struct arena about = {0};
        p->container = container_of_file(&about, path, NULL);
        reader_run(path, p->format, parse_on_message, p, d);
        arena_done(&about);
    }
}

static int parse_files(struct parse *p, char **files, int n_files)
{
    struct diag d = {0};
    if (p->format != FORMAT_AUTO && !parser_of(p->format))
        return command_usage("parse", "format %s is not built in", format_name(p->format));
    struct zone *zone = zone_load(SLICE("local"), &d, (struct err_place){0});
    p->zone = zone;
    p->now_us = clock_wall_us();
    log_template_init(&p->log_template);
    log_template_use(&p->log_template, p->grouping, NULL);
    sbuf_init(&p->out, JSON_BYTES_MAX);
    read_files(p, files, n_files, &d);
    sbuf_done(&p->out);
    log_template_done(&p->log_template);
    arena_done(&p->arena);
    zone_free(zone);
    return command_finish(&d, EXIT_INPUT_WRONG);
}

int cmd_parse(int argc, char **argv)
{
    static struct parse p; /* a record is large */
    char **files = xcalloc((size_t)argc, sizeof *files);
    int n_files = 0, status = read_arguments(argc, argv, &p, files, &n_files);
    if (status == EXIT_WELL)
        status = parse_files(&p, files, n_files);
    free(files);
    return status;
}
