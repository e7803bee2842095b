#include "app/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "parsers/parser.h"

int command_usage(const char *command, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("crumbd: ", stderr);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\ntry: crumbd help%s%s\n", command ? " " : "", command ? command : "");
    return EXIT_USAGE;
}

static int set_option(const char *command, const struct command_option *o, char **value)
{
    switch (o->takes) {
    case COMMAND_FLAG:
        *(bool *)o->to = true;
        break;
    case COMMAND_TEXT:
        *(const char **)o->to = value[0];
        break;
    case COMMAND_TEXTS:
        ((char **)o->to)[(*o->n)++] = value[0];
        break;
    case COMMAND_TWO:
        memcpy(o->to, value, 2 * sizeof *value);
        break;
    case COMMAND_FORMAT:
        *(enum format *)o->to = format_by_name(slice_str(value[0]));
        if (*(enum format *)o->to == FORMAT_N)
            return command_usage(command, "unknown format \"%s\"", value[0]);
    }
    return EXIT_WELL;
}

int command_option(const char *command, const struct command_option *options, int argc, char **argv, int *i)
{
    const struct command_option *o = options;
    while (o->name && strcmp(o->name, argv[*i]) != 0)
        o++;
    int values = o->takes == COMMAND_FLAG ? 0 : o->takes == COMMAND_TWO ? 2 : 1;
    if (!o->name || argc - *i <= values)
        return COMMAND_NO_OPTION;
    char **value = &argv[*i + 1];
    *i += values;
    return set_option(command, o, value);
}

static enum format with_log_format(void)
{
    enum format f = FORMAT_AUTO + 1;
    while (f < FORMAT_N && !format_traits(f)->takes_log_format)
        f++;
    return f;
}

int command_log_format(const char *command, const char *text, enum format *format)
{
    if (!text)
        return EXIT_WELL;
    if (!*text)
        return command_usage(command, "--log-format needs the text of nginx's log_format");
    if (*format != FORMAT_AUTO && !format_traits(*format)->takes_log_format)
        return command_usage(command, "--log-format is for nginx-access, not for %s", format_name(*format));
    *format = with_log_format();
    return EXIT_WELL;
}

int command_finish(struct diag *d, int status)
{
    fflush(stdout); /* what was found stands before what is wrong; output_close says how it went */
    int result = d->errors ? status : EXIT_WELL;
    err_print(d, stderr);
    err_done(d);
    return result;
}
