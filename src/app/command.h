/*
 * command: the commands of crumbd(8). Each is one file cmd_NAME.c with one function and a row in commands.def; help and
 * version are main.c's. command.c is what they have in common.
 */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"
#include "parsers/record.h"

/* Exit statuses of crumbd(8). */
enum { EXIT_WELL = 0, EXIT_INPUT_WRONG = 1, EXIT_USAGE = 2, EXIT_CANNOT_RUN = 3 };
/* What a command returns that was asked for its help: main prints it. */
enum { EXIT_HELP = -1 };

/* argv[0] is the command's name. Returns the exit status. */
typedef int command_f(int argc, char **argv);

#define COMMAND(name, words, help) command_f cmd_##name;
#define OPTION(name, arguments, help)
#include "app/commands.def"

/* The rows of commands.def, in their order. */
struct command_row {
    const char *command, *option; /* the other is NULL */
    const char *words;            /* what stands behind it, "" for nothing */
    const char *help;
};
extern const struct command_row command_rows[];
extern const unsigned n_command_rows;

/* A command line, read by these rows. Options may be abbreviated nowhere; --name=value is --name value. */
struct command_reader {
    const char *command;
    int argc, at; /* argv[at] is next */
    char **argv;
    const struct command_row *option; /* that was read last; NULL: a word */
    char *value, *second;             /* its arguments */
    bool words_only;                  /* behind -- */
    int status;                       /* EXIT_WELL; else what the command returns, which has been told */
};
struct command_reader command_read(const char *command, int argc, char **argv);
/* The next option or word; NULL: there is none, or something is wrong. */
const char *command_next(struct command_reader *in);
/* Whether it is this option. */
bool command_is(const struct command_reader *in, const char *option);
/* The value of the option is a format's name; else status is set. */
void command_format(struct command_reader *in, enum format *format);
/* The command whose name is nearest to the word, or NULL. */
const char *command_nearest(const char *word);
/* Its usage, in one line. */
void command_print_usage(const char *command, FILE *out);
void command_print_help(const char *command, FILE *out);

/* "crumbd: text" and a hint at `crumbd help COMMAND` on stderr; returns EXIT_USAGE. */
int command_usage(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* --log-format is for access logs only: with auto it settles the format. Returns EXIT_WELL, or that of a wrong usage.
   text NULL: the option was not given. */
int command_log_format(const char *command, const char *text, enum format *format);
/* Prints d to stderr, frees it, and returns `status` if there was an error, else EXIT_WELL. */
int command_finish(struct diag *d, int status);

#endif
