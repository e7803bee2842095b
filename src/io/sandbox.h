/*
 * sandbox: what each thread of crumbd may still do once everything is open: which files (Landlock) and which system
 * calls (seccomp).
 *
 *   sandbox_new, sandbox_allow…  the rule sets, made by the main thread from the configuration
 *   sandbox_fence                files, for the calling thread and those it makes later; a second fence only narrows
 * the first sandbox_filter               system calls, the same way
 *
 * A thread's role names its rule set. What comes with a library that connects by itself gets a role of its own here.
 * Neither can be taken back, and neither is a reason not to start: a kernel without them is said in one line.
 */
#ifndef IO_SANDBOX_H
#define IO_SANDBOX_H

#include <sys/types.h>

#include "base/sbuf.h"

/*
 * MAIN: store, sender, status page, and the resolver's threads, which it makes. WORKER: reads and judges. RELAY: copies
 * the output of a command of `crumbd exec`. LOG: writes crumbd's own log. LOADER: reads settings and rules again, and
 * opens what listens; it lives inside the fence of MAIN and has none of its own. ENGINE: threads of a library that
 * speaks with other hosts for an input; so do they.
 */
enum sandbox_role {
    SANDBOX_MAIN,
    SANDBOX_WORKER,
    SANDBOX_RELAY,
    SANDBOX_LOG,
    SANDBOX_LOADER,
    SANDBOX_ENGINE,
    SANDBOX_ROLES
};
/* READ: files and folders. WRITE: files are made, written and removed as well. REMOVE: files are removed, which a
 * socket needs. */
enum sandbox_right { SANDBOX_READ = 1, SANDBOX_WRITE = 2, SANDBOX_REMOVE = 4 };

struct sandbox;

struct sandbox *sandbox_new(void);
/* NULL is allowed. */
void sandbox_free(struct sandbox *s);

/*
 * Everything below a folder, or one file. What is allowed to the worker is allowed to the main thread as well, inside
 * whose fence it lives. A path that is not there yet stands for the nearest folder above it that is. Relative paths
 * begin in the working directory.
 */
void sandbox_allow(struct sandbox *s, enum sandbox_role role, unsigned rights, const char *path);
/* Names the one process that the main thread may send signals to. 0: none. */
void sandbox_command(struct sandbox *s, pid_t pid);
/* Says that the main thread speaks to an abstract unix socket, which the kernel would else count as outside. */
void sandbox_abstract_sockets(struct sandbox *s);

/* Lets the worker connect to servers, which it may not otherwise. */
void sandbox_let_connect(struct sandbox *s);

/* The version of Landlock that the kernel had when it was made; asked behind a filter, sandbox_landlock_abi knows none.
 */
unsigned sandbox_abi(const struct sandbox *s);
/* Whether there were filters of system calls when it was made; asked behind one, sandbox_has_filters knows none. */
bool sandbox_filters(const struct sandbox *s);
/* Whether the role can read what the path leads to, links followed; for what comes with a reload or a new link. */
bool sandbox_covers(const struct sandbox *s, enum sandbox_role role, const char *path);
/* Both rule sets for people, each line with `before` in front. */
void sandbox_print(const struct sandbox *s, const char *before, struct sbuf *out);

/* The version of Landlock that this kernel has, 0: none. */
unsigned sandbox_landlock_abi(void);
/* Whether crumbd was built with libseccomp and this kernel has seccomp. */
bool sandbox_has_filters(void);
/* libseccomp's version, or "none". */
const char *sandbox_seccomp_version(void);

/* Puts the calling thread behind the fence. abi: at most this version of Landlock is used; 0 is what the kernel has.
   False: it is not in force, errno says why. */
bool sandbox_fence(const struct sandbox *s, enum sandbox_role role, unsigned abi);
bool sandbox_filter(const struct sandbox *s, enum sandbox_role role);

#endif
