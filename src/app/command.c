#include "app/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "parsers/parser.h"
#include "text/keys.h"

enum { NAMES_MAX = 32, USAGE_NAME = 24 };

const struct command_row command_rows[] = {
#define COMMAND(name, words, help) {#name, NULL, words, help},
#define OPTION(name, arguments, help) {NULL, name, arguments, help},
#include "app/commands.def"
};
const unsigned n_command_rows = sizeof command_rows / sizeof *command_rows;

/* The row of the command; those of its options are behind it. NULL: there is none. */
static const struct command_row *row_of(const char *command)
{
    for (unsigned i = 0; i < n_command_rows; i++)
        if (command_rows[i].command && strcmp(command_rows[i].command, command) == 0)
            return &command_rows[i];
    return NULL;
}

/* The option behind it, NULL after the last. */
static const struct command_row *next_option(const struct command_row *row)
{
    return row + 1 < command_rows + n_command_rows && row[1].option ? row + 1 : NULL;
}

/* `name` may have a value behind an equals sign. */
static const struct command_row *option_of(const char *command, const char *name)
{
    struct slice word = slice_str(name), rest = word;
    word = slice_starts(word, SLICE("--")) ? slice_split(&rest, '=') : word;
    const struct command_row *o = row_of(command);
    while ((o = next_option(o)) && !slice_is(word, o->option))
        ;
    return o;
}

/* --- reading a command line --- */

struct command_reader command_read(const char *command, int argc, char **argv)
{
    return (struct command_reader){.command = command, .argc = argc, .argv = argv, .at = 1, .status = EXIT_WELL};
}

/* The word is no option of the command, or lacks its value; as command_usage. */
static int command_unknown(const char *command, const char *word)
{
    const char *names[NAMES_MAX + 1];
    unsigned n = 0;
    if (option_of(command, word))
        return command_usage(command, "%s wants %s", word, option_of(command, word)->words);
    for (const struct command_row *o = row_of(command); (o = next_option(o)) && n < NAMES_MAX;)
        if (o->option[0] == '-')
            names[n++] = o->option;
    names[n] = NULL;
    const char *near = err_nearest(slice_str(word), names);
    return near ? command_usage(command, "%s has no option %s; did you mean %s?", command, word, near)
                : command_usage(command, "%s has no option %s", command, word);
}

static unsigned n_values(const struct command_row *option)
{
    return !*option->words ? 0 : strchr(option->words, ' ') ? 2 : 1;
}

/* The values of the option that was read, in its word or behind it. */
static bool take_values(struct command_reader *in, const char *word)
{
    unsigned n = n_values(in->option);
    char *joined = strncmp(word, "--", 2) == 0 ? strchr(in->argv[in->at - 1], '=') : NULL;
    if (joined && n == 1) {
        in->value = joined + 1;
        return true;
    }
    if (joined || in->at + (int)n > in->argc)
        return false;
    in->value = n > 0 ? in->argv[in->at++] : NULL;
    in->second = n > 1 ? in->argv[in->at++] : NULL;
    return true;
}

static const char *stop(struct command_reader *in, int status)
{
    in->status = status;
    return NULL;
}

/* A line of a log may begin with anything, and has blanks. */
static bool is_word(const char *word)
{
    size_t blank = strcspn(word, " =");
    return word[0] != '-' || !word[1] || word[blank] == ' ';
}

const char *command_next(struct command_reader *in)
{
    if (in->status != EXIT_WELL || in->at >= in->argc)
        return NULL;
    const char *word = in->argv[in->at++];
    in->option = NULL;
    in->value = in->second = NULL;
    if (in->words_only || is_word(word))
        return word;
    if (strcmp(word, "--") == 0) {
        in->words_only = true;
        return command_next(in);
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return stop(in, EXIT_HELP);
    in->option = option_of(in->command, word);
    return in->option && take_values(in, word) ? word : stop(in, command_unknown(in->command, word));
}

bool command_is(const struct command_reader *in, const char *option)
{
    return in->option && strcmp(in->option->option, option) == 0;
}

void command_format(struct command_reader *in, enum format *format)
{
    const char *names[FORMAT_N + 1];
    unsigned n = 0;
    *format = format_by_name(slice_str(in->value));
    if (*format != FORMAT_N)
        return;
    for (unsigned f = 0; f < FORMAT_N; f++)
        names[n++] = format_name(f);
    names[n] = NULL;
    const char *near = keys_nearest(slice_str(in->value), names);
    in->status = near ? command_usage(in->command, "unknown format \"%s\"; did you mean %s?", in->value, near)
                      : command_usage(in->command, "unknown format \"%s\"", in->value);
}

const char *command_nearest(const char *word)
{
    const char *names[NAMES_MAX + 1];
    unsigned n = 0;
    for (unsigned i = 0; i < n_command_rows && n < NAMES_MAX; i++)
        if (command_rows[i].command)
            names[n++] = command_rows[i].command;
    names[n] = NULL;
    return err_nearest(slice_str(word), names);
}

/* --- help --- */

static void put_option(const struct command_row *o, FILE *out)
{
    struct slice words = slice_str(o->words);
    bool again = slice_ends(words, SLICE("..."));
    words = again ? slice_sub(words, 0, words.n - 3) : words;
    fprintf(out, " [%s%s%.*s]%s", o->option, words.n ? " " : "", SLICE_ARG(words), again ? "..." : "");
}

/* The words that say what it does, one of which must be there. */
static void put_verbs(const struct command_row *row, FILE *out)
{
    const char *before = " ";
    for (const struct command_row *o = row; (o = next_option(o));) {
        if (o->option[0] == '-')
            continue;
        fprintf(out, "%s%s%s%s", before, o->option, *o->words ? " " : "", o->words);
        before = "|";
    }
}

void command_print_usage(const char *command, FILE *out)
{
    const struct command_row *row = row_of(command);
    fprintf(out, strcmp(command, "run") == 0 ? "crumbd [%s]" : "crumbd %s", command);
    put_verbs(row, out);
    for (const struct command_row *o = row; (o = next_option(o));)
        if (o->option[0] == '-')
            put_option(o, out);
    fprintf(out, "%s%s\n", *row->words ? " " : "", row->words);
}

static void put_help(const char *help, FILE *out)
{
    static const char formats[] =
#define FORMAT(rank, id, symbol, name, web) name " "
#define INPUT_FORMAT(rank, id, symbol, name, web)
#include "parsers/formats.def"
        "auto";
    const char *mark = strstr(help, "FORMATS");
    int before = (int)(mark ? mark - help : (ptrdiff_t)strlen(help));
    fprintf(out, "%.*s%s%s\n", before, help, mark ? formats : "", mark ? mark + strlen("FORMATS") : "");
}

void command_print_help(const char *command, FILE *out)
{
    const struct command_row *row = row_of(command);
    command_print_usage(command, out);
    fputc('\n', out);
    put_help(row->help, out);
    for (const struct command_row *o = row; (o = next_option(o));) {
        int n = fprintf(out, "  %s%s%s", o->option, *o->words ? " " : "", o->words);
        fprintf(out, "%*s", n < USAGE_NAME ? USAGE_NAME - n : 2, "");
        put_help(o->help, out);
    }
}

/* --- what is wrong --- */

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
