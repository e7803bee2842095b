/*
 * crumbd exec: runs a command, passes its output through, and promotes from it.
 *
 * A thread for each of stdout and stderr copies what the command writes to the same descriptor of crumbd's and into a
 * pipe that an input reads. When the command ends other than well, a line of JSON says how, which rules/exec.yaml makes
 * an event of; the lines before it are its breadcrumbs. crumbd never stands in the way: the command runs also when
 * crumbd itself cannot.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/command.h"
#include "app/confine.h"
#include "app/daemon.h"
#include "app/exec_name.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "core/join.h"
#include "io/privileges.h"
#include "parsers/frame.h"
#include "text/json.h"

enum {
    COPY_BYTES = 65536,
    NAME_MAX_BYTES = 200,
    ARGUMENTS_MAX = 4096,
    EXIT_NOT_FOUND = 127,
    EXIT_NOT_EXECUTABLE = 126,
    EXIT_SIGNAL_BASE = 128
};

struct copier {
    int from, to, into; /* the command's pipe, crumbd's own descriptor, the input's pipe */
    const struct sandbox *sandbox;
    bool reading; /* the input still reads */
    pthread_t thread;
    bool running;
};

struct wrapped {
    char **argv;
    char *name; /* exec_name.h */
    pid_t pid;
    struct sandbox *sandbox;  /* of the threads here; NULL: off */
    struct copier copiers[2]; /* stdout, stderr */
    int tell;                 /* where the end is told */
    int status;               /* of wait(2) */
    pthread_t waiter;
};

/* For the signal handler, which can be told nothing; 0: the command has ended. The thread that waits for it writes it
 * too. */
static atomic_int command_pid;
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler may only read what is free of locks");

static bool write_all(int fd, const char *p, size_t n)
{
    while (n) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno != EINTR)
            return false;
        p += done > 0 ? done : 0;
        n -= done > 0 ? (size_t)done : 0;
    }
    return true;
}

/* These threads open nothing. */
static void confine_relay(const struct sandbox *s)
{
    privileges_drop_all();
    confine_files(s, SANDBOX_RELAY);
    confine_calls(s, SANDBOX_RELAY);
}

static void *exec_copy(void *u)
{
    struct copier *c = u;
    char bytes[COPY_BYTES];
    confine_relay(c->sandbox);
    for (;;) {
        ssize_t n = read(c->from, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        write_all(c->to, bytes, (size_t)n); /* nobody reads it any more: the command may go on all the same */
        c->reading = c->reading && write_all(c->into, bytes, (size_t)n);
    }
    close(c->into);
    return NULL;
}

/* --- the end --- */

static void tell_end(const struct wrapped *w)
{
    struct sbuf line;
    struct json j;
    sbuf_init(&line, 8 * ARGUMENTS_MAX);
    json_start(&j, &line);
    json_map(&j);
    json_key(&j, "level");
    json_str(&j, SLICE("error"));
    json_key(&j, "logger");
    json_str(&j, SLICE("crumbd.exec"));
    json_key(&j, "command");
    json_str_max(&j, slice_str(w->name), NAME_MAX_BYTES);
    struct sbuf text;
    sbuf_init(&text, ARGUMENTS_MAX);
    exec_arguments(w->argv, &text);
    if (text.n) {
        json_key(&j, "arguments");
        json_str(&j, sbuf_slice(&text));
    }
    sbuf_reset(&text);
    if (WIFSIGNALED(w->status)) {
        json_key(&j, "signal");
        json_int(&j, WTERMSIG(w->status));
        sbuf_addf(&text, "%.200s was killed by signal %d (SIG%s)%s", w->name, WTERMSIG(w->status),
                  sigabbrev_np(WTERMSIG(w->status)), WCOREDUMP(w->status) ? ", core dumped" : "");
    } else {
        json_key(&j, "status");
        json_int(&j, WEXITSTATUS(w->status));
        sbuf_addf(&text, "%.200s exited with status %d", w->name, WEXITSTATUS(w->status));
    }
    json_key(&j, "message");
    json_str(&j, sbuf_slice(&text));
    json_map_end(&j);
    json_end(&j);
    sbuf_addc(&line, '\n');
    write_all(w->tell, line.p, line.n);
    sbuf_done(&text);
    sbuf_done(&line);
}

static void *exec_wait_for_end(void *u)
{
    struct wrapped *w = u;
    confine_relay(w->sandbox);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(w->copiers[i].thread, NULL);
    siginfo_t end;
    while (waitid(P_PID, (id_t)w->pid, &end, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
    command_pid = 0; /* as long as nobody has asked for its status, no other process can have its number */
    while (waitpid(w->pid, &w->status, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(w->status) || WEXITSTATUS(w->status) != 0)
        tell_end(w);
    close(w->tell);
    return NULL;
}

static int status_of(const struct wrapped *w)
{
    return WIFSIGNALED(w->status) ? EXIT_SIGNAL_BASE + WTERMSIG(w->status) : WEXITSTATUS(w->status);
}

/* --- the start --- */

static _Noreturn void become(char **argv)
{
    signal(SIGPIPE, SIG_DFL);
    execvp(argv[0], argv);
    int status = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
    fprintf(stderr, "crumbd: %s cannot be run: %s\n", argv[0], strerror(errno));
    _exit(status);
}

/* The daemon's loop passes signals on while it turns. Before it does, while rules are compiled, after its end, and
   where it cannot run at all, this does: crumbd must not die of a signal and leave the command behind. */
static void exec_pass_on(int sig)
{
    int saved = errno;
    /* A terminal sends SIGINT to the command as well; SIGUSR1 is crumbd's own. */
    pid_t pid = command_pid;
    if (sig != SIGINT && sig != SIGUSR1 && pid > 0)
        kill(pid, sig);
    errno = saved;
}

/* Forks with the signals held back, so that none comes before it has somewhere to go. */
static pid_t fork_with_signals(void)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1};
    enum { SIGNALS = sizeof signals / sizeof *signals };
    const struct sigaction handler = {.sa_handler = exec_pass_on, .sa_flags = SA_RESTART};
    sigset_t held, before;
    sigemptyset(&held);
    for (unsigned i = 0; i < SIGNALS; i++)
        sigaddset(&held, signals[i]);
    pthread_sigmask(SIG_BLOCK, &held, &before);
    pid_t pid = fork();
    if (pid > 0) {
        command_pid = pid;
        for (unsigned i = 0; i < SIGNALS; i++)
            sigaction(signals[i], &handler, NULL);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pid;
}

static bool start_command(struct wrapped *w)
{
    int pipes[2][2];
    if (pipe2(pipes[0], O_CLOEXEC) != 0 || pipe2(pipes[1], O_CLOEXEC) != 0)
        return false;
    fflush(NULL);
    w->pid = fork_with_signals();
    if (w->pid < 0)
        return false;
    if (w->pid == 0) {
        dup2(pipes[0][1], STDOUT_FILENO);
        dup2(pipes[1][1], STDERR_FILENO);
        become(w->argv);
    }
    for (unsigned i = 0; i < 2; i++) {
        close(pipes[i][1]);
        w->copiers[i].from = pipes[i][0];
        w->copiers[i].to = i ? STDERR_FILENO : STDOUT_FILENO;
        w->copiers[i].reading = true;
    }
    return true;
}

/* The pipes that the inputs read, and the threads that fill them. */
static bool start_threads(struct wrapped *w, struct input_options inputs[3])
{
    int ends[3][2];
    for (unsigned i = 0; i < 3; i++) {
        if (pipe2(ends[i], O_CLOEXEC) != 0)
            return false;
        inputs[i] = (struct input_options){.kind = INPUT_STDIN,
                                           .text = w->name,
                                           .program = w->name,
                                           .own = i == 2,
                                           .fd = ends[i][0],
                                           .format = i == 2 ? FORMAT_JSON : FORMAT_AUTO,
                                           .max_message_bytes = FRAME_MESSAGE_MAX,
                                           .join = join_defaults};
    }
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the main thread's */
    bool ok = true;
    for (unsigned i = 0; i < 2; i++) {
        w->copiers[i].into = ends[i][1];
        w->copiers[i].sandbox = w->sandbox;
        ok &= pthread_create(&w->copiers[i].thread, NULL, exec_copy, &w->copiers[i]) == 0;
    }
    w->tell = ends[2][1];
    ok = ok && pthread_create(&w->waiter, NULL, exec_wait_for_end, w) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

/* crumbd itself cannot run: say so, and let the command run alone. */
static int run_alone(char **argv, struct diag *d)
{
    err_print(d, stderr);
    err_done(d);
    fprintf(stderr, "crumbd: nothing is promoted from %s\n", argv[0]);
    become(argv);
}

static int run_wrapped(struct settings *s, char **argv, struct diag *d)
{
    struct wrapped w = {.argv = argv, .name = slice_dup(exec_name(argv)), .sandbox = s->sandbox ? sandbox_new() : NULL};
    struct input_options inputs[3];
    bool started = start_command(&w);
    if (started)
        privileges_harden(); /* not before: the command must be able to do what it could do without crumbd */
    if (!started || !start_threads(&w, inputs)) {
        fprintf(stderr, "crumbd: %s cannot be started: %s\n", argv[0], strerror(errno));
        return EXIT_CANNOT_RUN;
    }
    const struct daemon_setup setup = {
        .settings = s, .inputs = inputs, .n_inputs = 3, .drain = true, .child = w.pid, .own_store = true};
    if (daemon_run(&setup, d) != EXIT_WELL) {
        err_print(d, stderr);
        fprintf(stderr, "crumbd: nothing is promoted from %s\n", argv[0]);
        for (unsigned i = 0; i < 3; i++)
            close(inputs[i].fd);
    }
    pthread_join(w.waiter, NULL);
    err_done(d);
    sandbox_free(w.sandbox);
    free(w.name);
    return status_of(&w);
}

int cmd_exec(int argc, char **argv)
{
    const char *config = NULL;
    struct command_reader in = command_read("exec", argc, argv);
    const char *word;
    while ((word = command_next(&in)) && in.option)
        config = in.value;
    if (in.status != EXIT_WELL)
        return in.status;
    if (!word)
        return command_usage("exec", "no command is given");
    int i = in.at - 1; /* the command's own options begin behind its first word */
    struct diag d = {0};
    log_open(LOG_WARN, false); /* what the command says is what people want to see */
    struct settings *s = settings_load(config, &d);
    if (!s || d.errors)
        return run_alone(argv + i, &d);
    int status = run_wrapped(s, argv + i, &d);
    settings_unref(s);
    return status;
}
