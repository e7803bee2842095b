/*
 * completions: what a shell offers behind `crumbd`, from the table of commands. Runs while building.
 *
 *   completions bash|zsh|fish
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"

/* What may stand in a place. */
enum value { VALUE_NONE, VALUE_ANY, VALUE_FILE, VALUE_RULES, VALUE_FORMAT, VALUE_CHOICE, VALUE_COMMAND, VALUE_PROGRAM };

static const char formats[] =
#define FORMAT(rank, id, symbol, name, web) name " "
#define INPUT_FORMAT(rank, id, symbol, name, web)
#include "parsers/formats.def"
    "auto";

static bool contains(const char *words, const char *what)
{
    return strstr(words, what) != NULL;
}

/* Files of YAML: configurations and rules. */
static bool takes_rules(const struct command_row *row)
{
    static const char *const options[] = {"-c", "--rules", "--diff"};
    for (size_t i = 0; row->option && i < sizeof options / sizeof *options; i++)
        if (strcmp(row->option, options[i]) == 0)
            return true;
    return contains(row->words, ".yaml");
}

static enum value value_of(const struct command_row *row)
{
    const char *words = row->words;
    if (!*words)
        return VALUE_NONE;
    if (takes_rules(row))
        return VALUE_RULES;
    if (strcmp(words, "F") == 0)
        return VALUE_FORMAT;
    if (contains(words, "CMD"))
        return VALUE_PROGRAM;
    if (contains(words, "COMMAND"))
        return VALUE_COMMAND;
    if (contains(words, "FILE") || contains(words, "PATH"))
        return VALUE_FILE;
    return contains(words, "|") && !contains(words, "[") ? VALUE_CHOICE : VALUE_ANY;
}

static unsigned n_values(const struct command_row *option)
{
    return !*option->words ? 0 : strchr(option->words, ' ') ? 2 : 1;
}

static bool is_many(const struct command_row *row)
{
    return contains(row->words, "...");
}

/* The next option or word of the command, NULL behind the last. */
static const struct command_row *next_option(const struct command_row *row)
{
    return row + 1 < command_rows + n_command_rows && row[1].option ? row + 1 : NULL;
}

#define each_command(row)                                                                                              \
    (const struct command_row *row = command_rows; row < command_rows + n_command_rows; row++) if (row->command)

/* The first sentence of the help, its bytes that mean something to the shell escaped as it wants them. */
static void put_sentence(const char *help, const char *special, const char *quote)
{
    size_t n = strcspn(help, "\n");
    const char *stop = strstr(help, ". ");
    n = stop && (size_t)(stop - help) < n ? (size_t)(stop - help) : n;
    n -= n && help[n - 1] == '.';
    for (size_t i = 0; i < n; i++) {
        if (help[i] == '\'')
            fputs(quote, stdout);
        else if (strncmp(help + i, "FORMATS", 7) == 0)
            fputs("of the messages", stdout), i += 6;
        else
            printf(strchr(special, help[i]) ? "\\%c" : "%c", help[i]);
    }
}

/* a|b|c as words. */
static void put_choices(const char *words)
{
    for (; *words; words++)
        putchar(*words == '|' ? ' ' : *words);
}

static void put_commands(void)
{
    const char *before = "";
    for
        each_command(row)
        {
            printf("%s%s", before, row->command);
            before = " ";
        }
}

/* --- bash --- */

static void bash_value(const struct command_row *row)
{
    switch (value_of(row)) {
    case VALUE_FORMAT:
        printf("words='%s'", formats);
        break;
    case VALUE_CHOICE:
        printf("words='");
        put_choices(row->words);
        putchar('\'');
        break;
    case VALUE_COMMAND:
        printf("words=$commands");
        break;
    case VALUE_RULES:
        printf("take=rules");
        break;
    case VALUE_FILE:
        printf("take=files");
        break;
    case VALUE_PROGRAM:
        printf("take=programs");
        break;
    default:
        printf("take=nothing");
    }
}

static void bash_options(const struct command_row *command)
{
    for (const struct command_row *o = command; (o = next_option(o));)
        if (o->option[0] == '-' && *o->words) {
            printf("        %s/%s) ", command->command, o->option);
            bash_value(o);
            printf(" ;;\n");
        }
}

static void bash_words(const struct command_row *command)
{
    const char *before = "";
    printf("        %s)\n            options='", command->command);
    for (const struct command_row *o = command; (o = next_option(o)); before = " ")
        if (o->option[0] == '-')
            printf("%s%s", before, o->option);
    bool verbs = command + 1 < command_rows + n_command_rows && command[1].option && command[1].option[0] != '-';
    printf("'\n            ");
    if (verbs)
        printf("words='");
    for (const struct command_row *o = command; verbs && (o = next_option(o));)
        if (o->option[0] != '-')
            printf("%s ", o->option);
    if (verbs)
        putchar('\'');
    else
        bash_value(command);
    printf("\n            ;;\n");
}

static void bash(void)
{
    printf("# bash completion for crumbd(8), made from its table of commands\n"
           "_crumbd()\n{\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= options= words= take= "
           "word i\n"
           "    local commands='");
    put_commands();
    printf("'\n"
           "    COMPREPLY=()\n"
           "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "        word=${COMP_WORDS[i]}\n"
           "        [[ $word == -* || ${COMP_WORDS[i - 1]} == -c ]] || { command=$word; break; }\n"
           "    done\n"
           "    [[ $command && ${COMP_WORDS[COMP_CWORD - 2]} == --diff ]] && prev=--diff # its second value\n"
           "    case ${command:-run}/$prev in\n");
    for
        each_command(row) bash_options(row);
    printf("    *)\n"
           "        case $command in\n"
           "        '') options='-c --version --help' words=$commands ;;\n");
    for
        each_command(row) bash_words(row);
    printf("        esac\n"
           "        [[ $cur == -* ]] && words=$options take=nothing\n"
           "        ;;\n"
           "    esac\n"
           "    case $take in\n"
           "    rules) mapfile -t COMPREPLY < <(compgen -f -X '!*.y*ml' -- \"$cur\"; compgen -d -- \"$cur\") ;;\n"
           "    files) mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
           "    programs) mapfile -t COMPREPLY < <(compgen -c -- \"$cur\") ;;\n"
           "    esac\n"
           "    [[ ! $words ]] || mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
           "}\n"
           "complete -o filenames -F _crumbd crumbd\n");
}

/* --- zsh --- */

static void zsh_value(const struct command_row *row)
{
    switch (value_of(row)) {
    case VALUE_FORMAT:
        printf(":format:(%s)", formats);
        break;
    case VALUE_CHOICE:
        printf(":value:(");
        put_choices(row->words);
        putchar(')');
        break;
    case VALUE_COMMAND:
        printf(":command:(");
        put_commands();
        putchar(')');
        break;
    case VALUE_RULES:
        printf(":file:_files -g \"*.(yaml|yml)\"");
        break;
    case VALUE_FILE:
        printf(":file:_files");
        break;
    case VALUE_PROGRAM:
        printf(":program:_command_names -e");
        break;
    case VALUE_ANY:
        printf(":value: ");
        break;
    case VALUE_NONE:
        break;
    }
}

static void zsh_command(const struct command_row *command)
{
    bool verbs = false;
    printf("        %s) _arguments", command->command);
    for (const struct command_row *o = command; (o = next_option(o));) {
        verbs |= o->option[0] != '-';
        if (o->option[0] != '-')
            continue;
        printf(" \\\n            '%s%s[", is_many(o) ? "*" : "", o->option);
        put_sentence(o->help, "[]:\\", "'\\''");
        putchar(']');
        for (unsigned i = 0; i < n_values(o); i++)
            zsh_value(o);
        putchar('\'');
    }
    if (verbs) {
        printf(" \\\n            '1:what:((");
        for (const struct command_row *o = command; (o = next_option(o));)
            if (o->option[0] != '-') {
                printf("%s\\:\"", o->option);
                put_sentence(o->help, "[]:\\\"", "'\\''");
                printf("\" ");
            }
        printf("))'");
    } else if (*command->words) {
        printf(" \\\n            '*");
        zsh_value(command);
        putchar('\'');
    }
    printf(" ;;\n");
}

static void zsh(void)
{
    printf("#compdef crumbd\n# zsh completion for crumbd(8), made from its table of commands\n"
           "_crumbd()\n{\n"
           "    local curcontext=$curcontext state line ret=1\n"
           "    local -a commands\n"
           "    commands=(\n");
    for
        each_command(row)
        {
            printf("        '%s:", row->command);
            put_sentence(row->help, "\\", "'\\''");
            printf("'\n");
        }
    printf("    )\n"
           "    _arguments -C '(- *)--version[prints the version]' '(- *)--help[explains]' \\\n"
           "        '-c[the configuration]:file:_files -g \"*.(yaml|yml)\"' '1: :->command' '*:: :->words' && ret=0\n"
           "    [[ $state == command ]] && _describe -t commands command commands && ret=0\n"
           "    if [[ $state == words ]]; then\n"
           "        curcontext=${curcontext%%:*:*}:crumbd-$words[1]:\n"
           "        case $words[1] in\n");
    for
        each_command(row) zsh_command(row);
    printf("        esac && ret=0\n"
           "    fi\n"
           "    return ret\n"
           "}\n"
           "_crumbd \"$@\"\n");
}

/* --- fish --- */

static void fish_value(const struct command_row *row)
{
    switch (value_of(row)) {
    case VALUE_FORMAT:
        printf(" -x -a '%s'", formats);
        break;
    case VALUE_CHOICE:
        printf(" -x -a '");
        put_choices(row->words);
        putchar('\'');
        break;
    case VALUE_COMMAND:
        printf(" -x -a '");
        put_commands();
        putchar('\'');
        break;
    case VALUE_RULES:
        printf(" -x -a '(__crumbd_yaml)'");
        break;
    case VALUE_FILE:
        printf(row->option ? " -r -F" : " -F");
        break;
    case VALUE_PROGRAM:
        printf(" -x -a '(__fish_complete_command)'");
        break;
    case VALUE_ANY:
        printf(row->option ? " -x" : "");
        break;
    case VALUE_NONE:
        break;
    }
}

static void fish_help(const char *help)
{
    printf(" -d '");
    put_sentence(help, "\\", "\\'");
    printf("'\n");
}

static void fish_command(const struct command_row *command)
{
    for (const struct command_row *o = command; (o = next_option(o));) {
        printf("complete -c crumbd -n '__fish_seen_subcommand_from %s'", command->command);
        if (o->option[0] == '-')
            printf(o->option[1] == '-' ? " -l %s" : " -s %s", o->option + (o->option[1] == '-' ? 2 : 1));
        else
            printf(" -a %s", o->option);
        if (o->option[0] == '-')
            fish_value(o);
        fish_help(o->help);
    }
    if (value_of(command) == VALUE_NONE || value_of(command) == VALUE_ANY)
        return;
    printf("complete -c crumbd -n '__fish_seen_subcommand_from %s'", command->command);
    fish_value(command);
    putchar('\n');
}

static void fish(void)
{
    printf("# fish completion for crumbd(8), made from its table of commands\n"
           "# fish's own __fish_complete_suffix offers other files, too, from fish 4 on.\n"
           "function __crumbd_yaml\n"
           "    __fish_complete_path (commandline -ct | string replace -r '^-[^=]*=' '') | "
           "string match -r '^[^\\t]*(?:\\.ya?ml|/)(?:\\t.*)?$'\n"
           "end\n"
           "complete -c crumbd -f\n"
           "complete -c crumbd -n __fish_use_subcommand -l version -d 'prints the version'\n"
           "complete -c crumbd -n __fish_use_subcommand -l help -d 'explains'\n"
           "complete -c crumbd -n __fish_use_subcommand -s c -x -a '(__crumbd_yaml)' -d 'the "
           "configuration'\n");
    for
        each_command(row)
        {
            printf("complete -c crumbd -n __fish_use_subcommand -a %s", row->command);
            fish_help(row->help);
        }
    for
        each_command(row) fish_command(row);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*put)(void);
    } shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; argc == 2 && i < sizeof shells / sizeof *shells; i++)
        if (strcmp(argv[1], shells[i].name) == 0) {
            shells[i].put();
            return ferror(stdout) || fflush(stdout) != 0;
        }
    return fputs("usage: completions bash|zsh|fish\n", stderr), 2;
}
