/* sandbox_parts: what sandbox.c, sandbox_landlock.c and sandbox_calls.c share; for them alone. */
#ifndef IO_SANDBOX_PARTS_H
#define IO_SANDBOX_PARTS_H

#include "io/sandbox.h"

/* A sanitizer reads /proc, makes threads by itself and stops others at the end: it needs more, in such a build only. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANDBOX_SANITIZER 1
#endif
#endif

struct sandbox_path {
    char *path;      /* absolute, without links: it is there */
    unsigned rights; /* enum sandbox_right */
};

struct sandbox_paths {
    struct sandbox_path *v;
    unsigned n;
};

struct sandbox {
    struct sandbox_paths paths[SANDBOX_ROLES];
    pid_t command;
    bool abstract_sockets;
    bool worker_connects;
    unsigned abi; /* of Landlock, as this kernel has it */
    bool filters; /* there is seccomp */
};

/* The calls of a role as text, for sandbox_print, which names the role. */
void sandbox_print_calls(const struct sandbox *s, enum sandbox_role role, const char *before, struct sbuf *out);

#endif
