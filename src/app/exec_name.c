#include "app/exec_name.h"

#include <string.h>

/*
 * Programs whose argument is the command or the script. `valued`: options that take the next word; `words`: how many
 * words stand before it that are no options; `module`: the options whose value is the name; `text`: those whose value
 * is text of a shell; `code`: those whose value is text of its own, so that no script has a name. Each list has spaces
 * around its words.
 */
struct runner {
    const char *name;
    const char *valued;
    unsigned words;
    const char *module, *text, *code;
};

static const struct runner runners[] = {
    {"env", " -u --unset -C --chdir ", 0, NULL, NULL, NULL},
    {"nice", " -n --adjustment ", 0, NULL, NULL, NULL},
    {"ionice", " -c -n --class --classdata ", 0, NULL, NULL, NULL},
    {"chrt", "", 1, NULL, NULL, NULL},
    {"nohup", "", 0, NULL, NULL, NULL},
    {"setsid", "", 0, NULL, NULL, NULL},
    {"chronic", "", 0, NULL, NULL, NULL},
    {"time", " -f -o ", 0, NULL, NULL, NULL},
    {"timeout", " -k -s --kill-after --signal ", 1, NULL, NULL, NULL},
    {"flock", " -w -E --timeout --wait ", 1, NULL, " -c --command ", NULL},
    {"stdbuf", " -i -o -e ", 0, NULL, NULL, NULL},
    {"sudo", " -u -g -h -p -C -D -r -t ", 0, NULL, NULL, NULL},
    {"sh", " -o +o ", 0, NULL, " -c ", NULL},
    {"bash", " -o +o -O +O --rcfile --init-file ", 0, NULL, " -c ", NULL},
    {"dash", " -o +o ", 0, NULL, " -c ", NULL},
    {"ash", " -o +o ", 0, NULL, " -c ", NULL},
    {"zsh", " -o +o ", 0, NULL, " -c ", NULL},
    {"ksh", " -o +o ", 0, NULL, " -c ", NULL},
    {"busybox", "", 0, NULL, NULL, NULL},
    {"python", " -W -X --check-hash-based-pycs ", 0, " -m ", NULL, " -c "},
    {"perl", " -I -M -m ", 0, NULL, NULL, " -e -E "},
    {"ruby", " -I -r -C -E ", 0, NULL, NULL, " -e "},
    {"node", " -r --require --import --loader ", 0, NULL, NULL, " -e -p --eval --print "},
    {"php", " -c -d -z ", 0, " -f --file ", NULL, " -r "},
    {"lua", " -l ", 0, NULL, NULL, " -e "},
    {"Rscript", "", 0, NULL, NULL, " -e "},
    {"java", " -cp -classpath --class-path -p --module-path --add-modules ", 0, " -jar -m --module ", NULL, NULL},
    {"bundle", "", 1, NULL, NULL, NULL}, /* bundle exec rake */
    {"npx", " -p --package ", 0, NULL, NULL, NULL},
};

static struct slice base_of(struct slice word)
{
    ptrdiff_t slash = slice_rfind(word, SLICE("/"));
    struct slice base = slice_from(word, (size_t)(slash + 1));
    return base.n ? base : word;
}

/* python3.11 and php8.2 are python and php. */
static const struct runner *runner_of(struct slice name)
{
    while (name.n > 1 && (ascii_digit(name.p[name.n - 1]) || name.p[name.n - 1] == '.'))
        name.n--;
    for (size_t i = 0; i < sizeof runners / sizeof *runners; i++)
        if (slice_is(name, runners[i].name))
            return &runners[i];
    return NULL;
}

/* Whether the word is one of a list, each with a space on both sides. */
static bool is_among(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = words; p && n && (p = strstr(p, word)); p++)
        if (p > words && p[-1] == ' ' && p[n] == ' ')
            return true;
    return false;
}

/* -eu, and -euc, which takes the text as -c does. */
static bool takes_text(const struct runner *r, const char *word)
{
    size_t n = strlen(word);
    bool letters = r->text && word[0] == '-' && word[1] != '-' && n > 2 && word[n - 1] == 'c';
    return is_among(r->text, word) || (letters && strspn(word + 1, "abcefhiklmnpstuvxBCEHPT") == n - 1);
}

static bool is_assignment(struct slice word)
{
    const char *is = slice_chr(word, '=');
    return is && is > word.p && !slice_chr(slice_of(word.p, (size_t)(is - word.p)), '/');
}

static bool is_one_of(struct slice word, const char *const *names)
{
    for (; *names; names++)
        if (slice_is(word, *names))
            return true;
    return false;
}

static bool ends_command(char c)
{
    return memchr(";&|\n()", c, 6);
}

/* The next word of a shell's text, or the sign that ends a command. */
static struct slice next_word(struct slice *text)
{
    size_t i = 0;
    while (i < text->n && (text->p[i] == ' ' || text->p[i] == '\t'))
        i++;
    size_t end = i;
    while (end < text->n && text->p[end] != ' ' && text->p[end] != '\t' && !ends_command(text->p[end]))
        end++;
    end += end == i && end < text->n;
    struct slice word = slice_sub(*text, i, end);
    *text = slice_from(*text, end);
    return word;
}

/* A word of a shell's text without its quotes; nothing for "$@", which only the shell knows. */
static struct slice unquoted(struct slice word)
{
    while (word.n && (word.p[0] == '"' || word.p[0] == '\''))
        word = slice_from(word, 1);
    while (word.n && (word.p[word.n - 1] == '"' || word.p[word.n - 1] == '\''))
        word.n--;
    return word.n && word.p[0] != '$' ? base_of(word) : SLICE_NONE;
}

/* The first command of a shell's text that is none of the shell's own, else its first word. */
static struct slice name_in_text(struct slice text)
{
    static const char *const before[] = {"exec", "time", "if", "then", "while", "!", NULL};
    static const char *const of_shell[] = {"cd",    "set",    "export", "source", ".",
                                           "umask", "ulimit", "trap",   "true",   NULL};
    struct slice first = SLICE_NONE, word;
    bool begins = true;
    while ((word = next_word(&text)).n) {
        bool end = ends_command(*word.p), goes_on = is_assignment(word) || is_one_of(word, before);
        if (begins && !end && !goes_on && !is_one_of(word, of_shell))
            return unquoted(word);
        first = first.n ? first : word;
        begins = end || (begins && goes_on);
    }
    return unquoted(first);
}

static char *const *skip(char *const *p, unsigned n)
{
    while (*p && n--)
        p++;
    return p;
}

/* Where the command that it runs begins. NULL: what runs is not a word of argv but *name, or it runs no other. */
static char *const *command_of(const struct runner *r, char *const *argv, struct slice *name)
{
    char *const *p = argv + 1;
    for (unsigned words = r->words; *p; p++) {
        bool text = takes_text(r, *p), module = is_among(r->module, *p);
        if (text || module) {
            struct slice found = !p[1] ? SLICE_NONE : text ? name_in_text(slice_str(p[1])) : base_of(slice_str(p[1]));
            *name = found.n ? found : *name;
            return NULL;
        }
        if (is_among(r->code, *p))
            return NULL;
        if (strcmp(*p, "--") == 0)
            return skip(p, words + 1);
        bool option = (*p)[0] == '-' || (*p)[0] == '+' || is_assignment(slice_str(*p));
        if (!option && words-- == 0)
            return p;
        if (option && is_among(r->valued, *p) && p[1])
            p++;
    }
    return NULL;
}

struct slice exec_name(char *const *argv)
{
    struct slice name = base_of(slice_str(*argv));
    for (const struct runner *r; argv && (r = runner_of(name));) {
        argv = command_of(r, argv, &name);
        if (!argv || !*argv)
            break;
        name = base_of(slice_str(*argv));
    }
    return name;
}

static bool is_plain(const char *word)
{
    return *word &&
           word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-")] == '\0';
}

void exec_arguments(char *const *argv, struct sbuf *out)
{
    for (char *const *p = argv + 1; *argv && *p; p++) {
        const char *q = is_plain(*p) ? "" : "'";
        sbuf_addf(out, "%s%s", out->n ? " " : "", q);
        for (struct slice rest = slice_str(*p); rest.p;) {
            sbuf_adds(out, slice_split(&rest, '\''));
            if (rest.p)
                sbuf_adds(out, SLICE("'\\''"));
        }
        sbuf_addf(out, "%s", q);
    }
}
