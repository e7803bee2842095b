#include "app/command.h"

#include <stdarg.h>
#include <stdio.h>

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
