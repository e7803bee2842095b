/*
 * safe_open: the one door by which names found in folders are opened.
 *
 * Whoever may write a folder may put a link there, and crumbd may read more than they may. So a path is walked
 * from descriptor to descriptor, and what is judged is what the descriptor holds, never a name that could lead
 * elsewhere a moment later:
 *
 * - A symbolic link, also one that stands for a folder on the way, is followed only if its owner is root,
 *   crumbd's user, or the owner of what it leads to in the end.
 * - In a folder that someone else than root and crumbd's user may write, a file with several names is opened
 *   only if it belongs to the folder's owner, root or crumbd's user. A symbolic link with several names proves
 *   nothing there, since whoever made this name need not own it.
 * - Nothing below /proc, whose files and links tell of the process that opens them.
 * - Only regular files, never the store's own.
 *
 * Holds no descriptor between calls. At most SAFE_LINKS_MAX links are followed, and SAFE_STEPS_MAX names looked up. Any
 * thread, but safe_own before others open.
 */
#ifndef IO_SAFE_OPEN_H
#define IO_SAFE_OPEN_H

#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>

enum { SAFE_LINKS_MAX = 40, SAFE_STEPS_MAX = 512, SAFE_NAME_MAX = 255 };

enum safe_reason {
    SAFE_FAILED,    /* by the system, `error` says why */
    SAFE_LINK,      /* a symbolic link of somebody else's */
    SAFE_HARD_LINK, /* a second name of somebody else's file */
    SAFE_PROC,      /* below /proc */
    SAFE_FOLDER,    /* a folder where a file is wanted */
    SAFE_KIND,      /* a device, a pipe or a socket */
    SAFE_OWN,       /* one of the store's files */
    SAFE_ARCHIVE,   /* compressed: who reads its first bytes says so, and the kind as `name` */
};

/* Why a path was not opened. */
struct safe_why {
    enum safe_reason reason;
    int error;                 /* SAFE_FAILED: errno */
    uid_t owner, target_owner; /* SAFE_LINK: owners of the link and of what it leads to; SAFE_HARD_LINK: of the folder
                                  and of the file */
    mode_t mode;               /* SAFE_KIND: mode of what is there */
    bool is_standard_stream;   /* SAFE_PROC, SAFE_KIND: it is what /dev/stdout or /dev/stderr stands for */
    char name[SAFE_NAME_MAX + 1]; /* the component of the path that was refused */
    char link[SAFE_NAME_MAX + 1]; /* the first symbolic link on the way that is not root's; empty: there was none */
    uid_t link_owner;
};

/* Opens a regular file for reading, without waiting for anything. -1: why is set. */
int safe_open(const char *path, struct stat *st, struct safe_why *why);
/*
 * The same of a path whose symbolic links have been resolved: one that is on the way now is refused. A file with
 * several names must belong to its folder's owner, where others than root and crumbd's user may put names there: who
 * may not read a file must not choose it by a link.
 */
int safe_open_real(const char *path, struct stat *st, struct safe_why *why);
/* As safe_open, without opening it: what it would find. st is set when the path leads somewhere. */
bool safe_look(const char *path, struct stat *st, struct safe_why *why);
/* Opens a folder, to be listed or watched. -1: why is set. */
int safe_open_folder(const char *path, struct safe_why *why);
/* True for a regular file in such a folder that needs no further look at who may have put it there. */
bool safe_plain(const struct stat *st);
/* True when nothing is there. */
bool safe_absent(const struct safe_why *why);
/* True when it could not be found out what is there: no descriptor was left, or a right is missing. */
bool safe_unknown(const struct safe_why *why);

/* Calls back for each folder on the way to the path, from the root on, the one that holds a file last. False: it is not
 * to be reached. */
bool safe_walk(const char *path, void (*folder)(void *u, int fd, const struct stat *st), void *u);
/* Whether someone beside the folder's owner may put names there: its group, or others. */
bool safe_shared(const struct stat *folder);
/* True when on the whole way to an absolute path only root and crumbd's user may put or change names. */
bool safe_is_ours(const char *path);

/* Whether the kernel lets people give names to files that are not theirs (fs.protected_hardlinks, proc_sys_fs(5)). */
bool safe_anyone_may_link(void);

/* Where the descriptor's file is now, links resolved; NULL when its name is gone or /proc is not there. The caller
 * frees it. */
char *safe_path_of(int fd);

/* The store at this path, and what SQLite keeps beside it, are never opened. */
void safe_own(const char *store_path);
void safe_disown(const char *store_path);

#endif
