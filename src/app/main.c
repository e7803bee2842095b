/* crumbd: log lines to Sentry issues. The table of commands, and what belongs to all of them. */
#include "app/command.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "app/output.h"
#include "app/packages.h"
#include "base/version.h"
#include "io/http_client.h"
#include "io/kafka_client.h"
#include "io/redis_reply.h"
#include "io/sandbox.h"
#include "io/store.h"
#include "io/tls.h"
#include "text/conf.h"
#include "text/regex.h"
#include "text/prefilter.h"
#include "text/zip.h"

static const struct command {
    const char *name;
    command_f *run;
} commands[] = {
#define COMMAND(name, words, help) {#name, cmd_##name},
#define OPTION(name, arguments, help)
#include "app/commands.def"
};

enum { N_COMMANDS = sizeof commands / sizeof *commands };

static const struct command *find(const char *name)
{
    for (unsigned i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int no_command(const char *word)
{
    static const char *const options[] = {"--version", "--help", NULL};
    const char *near = word[0] == '-' ? err_nearest(slice_str(word), options) : command_nearest(word);
    return near ? command_usage(NULL, "there is no command \"%s\"; did you mean %s?", word, near)
                : command_usage(NULL, "there is no command \"%s\"", word);
}

int cmd_help(int argc, char **argv)
{
    if (argc > 1) {
        if (!find(argv[1]))
            return no_command(argv[1]);
        command_print_help(argv[1], stdout);
        return EXIT_WELL;
    }
    printf("crumbd turns log lines into Sentry issues.\n\n");
    for (unsigned i = 0; i < N_COMMANDS; i++) {
        fputs("  ", stdout);
        command_print_usage(commands[i].name, stdout);
    }
    printf(
        "\nExit status: 0 well, 1 the input is wrong, 2 wrong usage, 3 cannot run.\n"
        "Manual: crumbd(8), crumbd.yaml(5), crumbd-rules(5), crumbd-scale(7), crumbd-security(7), crumbd-traces(7)\n");
    return EXIT_WELL;
}

int cmd_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("crumbd %s\n", PACKAGE_VERSION);
    printf("regex: PCRE2 %s, JIT %s\n", regex_version(),
           regex_have_jit() ? "on" : "off (rules are judged more slowly)");
    if (strcmp(prefilter_version(), "none") == 0)
        printf("prefilter: none, so every rule is tried on every line (built without libhs)\n");
    else
        printf("prefilter: libhs %s%s\n", prefilter_version(), prefilter_code_note(prefilter_probe()));
#ifdef HAVE_SYSTEMD
    printf("journal: on\n");
#else
    printf("journal: off (built without libsystemd)\n");
#endif
    if (kafka_client_version())
        printf("kafka: librdkafka %s\n", kafka_client_version());
    else
        printf("kafka: off (built without librdkafka)\n");
    if (strcmp(sandbox_seccomp_version(), "none") == 0)
        printf("seccomp: off (built without libseccomp)\n");
    else
        printf("seccomp: libseccomp %s\n", sandbox_seccomp_version());
    if (redis_is_built_in())
        printf("redis: hiredis %s\n", redis_version());
    else
        printf("redis: off (built without hiredis)\n");
    printf("libevent %s, %s, SQLite %s, libfyaml %s, zlib %s, %s\n", event_get_version(), http_client_version(),
           store_version(), conf_version(), zip_version(), tls_version());
    struct sbuf packages;
    sbuf_init(&packages, 8192);
    packages_put("/var/lib/dpkg", &packages);
    if (packages.n)
        printf("packages: %.*s\n", SLICE_ARG(sbuf_slice(&packages)));
    sbuf_done(&packages);
    return EXIT_WELL;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int run_one(const char *name, command_f *run, int argc, char **argv)
{
    int status = run(argc, argv);
    if (status != EXIT_HELP)
        return status;
    command_print_help(name, stdout);
    return EXIT_WELL;
}

static int run_command(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "-c") == 0 || strcmp(argv[1], "-") == 0)
        return run_one("run", cmd_run, argc, argv);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
        return cmd_version(argc, argv);
    if (is_help(argv[1]))
        return cmd_help(1, argv);
    const struct command *c = find(argv[1]);
    if (!c)
        return no_command(argv[1]);
    if (argc == 3 && is_help(argv[2]))
        return cmd_help(2, (char *[]){argv[2], argv[1]});
    return run_one(c->name, c->run, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    /* Numbers are written with a point whatever the locale; so it stays "C". A closed pipe is an error, not a death. */
    signal(SIGPIPE, SIG_IGN);
    output_open();
    return output_close(run_command(argc, argv));
}
