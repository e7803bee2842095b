/* crumbd run, and `crumbd -`. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/command.h"
#include "app/daemon.h"
#include "app/log_writer.h"
#include "base/log.h"
#include "core/join.h"
#include "io/privileges.h"
#include "parsers/frame.h"

/* sd-daemon(3): $JOURNAL_STREAM holds device and inode of the stream that leads to the journal. */
static bool stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat st;
    char its[64];
    if (!stream || fstat(STDERR_FILENO, &st) != 0)
        return false;
    snprintf(its, sizeof its, "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
    return strcmp(stream, its) == 0;
}

/* Whoever writes to us must not die of it that we cannot run. */
static void read_to_the_end(void)
{
    char bytes[65536];
    struct stat st;
    if (fstat(STDIN_FILENO, &st) != 0 || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
        return;
    fputs("crumbd: nothing is promoted from standard input; it is read to its end, for the sake of who writes to it\n",
          stderr);
    for (ssize_t n = 1; n > 0 || (n < 0 && errno == EINTR);)
        n = read(STDIN_FILENO, bytes, sizeof bytes);
}

int cmd_run(int argc, char **argv)
{
    const char *config = NULL;
    bool from_stdin = false;
    struct command_reader in = command_read("run", argc, argv);
    for (const char *word; (word = command_next(&in));) {
        if (command_is(&in, "-c"))
            config = in.value;
        else if (strcmp(word, "-") == 0)
            from_stdin = true;
        else
            return command_usage(
                "run", "run reads what the configuration says, and no file \"%s\"; see crumbd help try", word);
    }
    if (in.status != EXIT_WELL)
        return in.status;
    struct diag d = {0};
    char name[] = "standard input";
    const struct input_options piped = {
        .kind = INPUT_STDIN, .text = name, .max_message_bytes = FRAME_MESSAGE_MAX, .join = join_defaults};
    log_open(LOG_INFO, stderr_is_journal());
    /* Until the daemon answers them. */
    signal(SIGHUP, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    privileges_harden();
    struct settings *s = settings_load(config, &d);
    int status = EXIT_INPUT_WRONG;
    if (s && !d.errors) {
        const struct daemon_setup setup = {.config = config,
                                           .settings = s,
                                           .inputs = from_stdin ? &piped : s->inputs,
                                           .n_inputs = from_stdin ? 1 : s->n_inputs + s->n_awaited,
                                           .drain = from_stdin,
                                           .own_store = from_stdin};
        status = daemon_run(&setup, &d);
    }
    log_writer_diag(&d);
    err_done(&d);
    settings_unref(s);
    if (from_stdin && status != EXIT_WELL)
        read_to_the_end();
    return status;
}
