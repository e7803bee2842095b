/*
 * privileges: what crumbd gives up of what it was started with: root's user, capabilities, core dumps, setuid programs.
 *
 * Main thread, before it makes another one: capabilities and no_new_privs are a thread's own and are inherited by those
 * it makes.
 */
#ifndef IO_PRIVILEGES_H
#define IO_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* Whom to become. */
struct privileges {
    const char *name; /* for people; NULL: nobody else */
    uid_t uid;
    gid_t gid, *groups;
    int n_groups;
    bool keep_read; /* CAP_DAC_READ_SEARCH stays, so that the logs of all can be read */
};

/* Finds `user` and `group` of the configuration, which are names or numbers and may each be NULL. False with the remedy
   in d. `name` stays NULL when there is nobody to become: nothing is configured, or crumbd is that user already and was
   not started as root. */
bool privileges_find(struct privileges *p, const char *user, const char *group, struct diag *d);
void privileges_done(struct privileges *p);
/* Hardens this thread: from now on no program can raise its rights, nobody but root can look into the process, and it
   leaves no core. */
void privileges_harden(void);
/* Opens and makes files as that user would, until privileges_return; does nothing when p has no name. */
void privileges_borrow(const struct privileges *p);
void privileges_return(const struct privileges *p);
/* Makes the folder and those above it; a new one belongs to that user. */
bool privileges_make_folder(const struct privileges *p, const char *folder, struct diag *d);
/*
 * Becomes that user for good and drops every capability but the one that keep_read leaves. A root that becomes nobody
 * keeps what opening and making files takes, and with `signals` what passing signals on takes. False: what was given up
 * could come back.
 */
bool privileges_become(const struct privileges *p, bool signals, struct diag *d);
/* Drops all capabilities of the calling thread, for one that needs none. */
void privileges_drop_all(void);

#endif
