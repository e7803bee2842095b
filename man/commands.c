/*
 * commands: the parts of crumbd(8) that come from the table of commands. Runs while building.
 *
 *   commands synopsis|options
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"

/* mdoc wants the words of a line apart, and none that begins like a macro. */
static void put_words(const char *macro, const char *words)
{
    if (*words)
        printf(" %s %s", macro, words);
}

static void put_name(const char *option)
{
    if (option[0] == '-')
        printf("Fl %s", option + 1);
    else
        printf("Cm %s", option);
}

static void put_synopsis(const struct command_row *row)
{
    if (row->command)
        printf(".Nm\n.Cm %s\n", row->command);
    else if (row->option[0] == '-')
        printf(".Op ");
    if (row->option && row->option[0] == '-') {
        put_name(row->option);
        put_words("Ar", row->words);
        putchar('\n');
    }
}

/* What stands behind the options, and the words of a command that says by them what it does. */
static void end_synopsis(const struct command_row *row)
{
    if (*row->words)
        printf("%s\n", row->words);
}

static void synopsis(void)
{
    const struct command_row *command = NULL;
    for (unsigned i = 0; i < n_command_rows; i++) {
        const struct command_row *row = &command_rows[i];
        if (row->command && command)
            end_synopsis(command);
        command = row->command ? row : command;
        put_synopsis(row);
        if (row->command && strcmp(row->command, "queue") == 0)
            printf(".Cm ls | cat | export | retry | drop\n.Op Ar ID\n");
    }
    end_synopsis(command);
}

static void put_text(const char *text)
{
    static const char formats[] =
#define FORMAT(rank, id, symbol, name, web) name ", "
#define INPUT_FORMAT(rank, id, symbol, name, web)
#include "parsers/formats.def"
        "auto";
    const char *mark = strstr(text, "FORMATS");
    if (mark)
        printf("%.*s%s", (int)(mark - text), text, formats);
    printf("%s\n", mark ? mark + strlen("FORMATS") : text);
}

static void options(void)
{
    bool listed = false;
    for (unsigned i = 0; i < n_command_rows; i++) {
        const struct command_row *row = &command_rows[i];
        if (row->command && listed)
            printf(".El\n");
        listed &= !row->command;
        if (row->command)
            continue;
        if (!listed) /* of the command above it */
            printf(".Ss %s\n.Bl -tag -width Ds -compact\n", row[-1].command);
        listed = true;
        printf(".It ");
        put_name(row->option);
        put_words("Ar", row->words);
        putchar('\n');
        put_text(row->help);
    }
    if (listed)
        printf(".El\n");
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "synopsis") == 0)
        synopsis();
    else if (argc == 2 && strcmp(argv[1], "options") == 0)
        options();
    else
        return fputs("usage: commands synopsis|options\n", stderr), 2;
    return ferror(stdout) || fflush(stdout) != 0;
}
