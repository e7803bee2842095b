/* tail_complain: what cannot be read, or must not be: one line of log for each path and reason. */
#include "io/tail.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/xalloc.h"

enum { COMPLAINTS_MAX = 4096, SWEEP_MAX = 64 };

struct complaint {
    struct safe_why why;
    bool at_end;   /* it was there at the first scan: `from` holds for it too */
    uint64_t scan; /* the last scan that had reason to complain */
};

static uint64_t path_key(const char *path)
{
    return hash128_low(HASH128_START, slice_str(path));
}

void tail_complaints_done(struct tail *t)
{
    table_each (&t->complaints, s)
        free(s->value);
    table_done(&t->complaints);
}

static const char *kind_of(const struct safe_why *why)
{
    static const struct {
        mode_t type;
        const char *name;
    } kinds[] = {{S_IFIFO, "a named pipe"}, {S_IFSOCK, "a socket"}, {S_IFCHR, "a device"}, {S_IFBLK, "a device"}};
    if (why->is_standard_stream)
        return "a standard stream of whoever opens it";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (why->reason == SAFE_KIND && (why->mode & S_IFMT) == kinds[i].type)
            return kinds[i].name;
    return why->reason == SAFE_PROC ? "below /proc" : "no regular file";
}

/* Why, in a word, where the log has all of it. */
static const char *reason_of(const struct safe_why *why)
{
    switch (why->reason) {
    case SAFE_FAILED:
        return strerror(why->error);
    case SAFE_LINK:
        return "a symbolic link of somebody else's";
    case SAFE_HARD_LINK:
        return "a second name of somebody else's file";
    case SAFE_OWN:
        return "the store";
    default:
        return kind_of(why);
    }
}

/* Notes a complaint. True when it is news. */
static bool complain(struct tail *t, const char *path, const struct safe_why *why)
{
    struct complaint *c = table_get(&t->complaints, path_key(path));
    t->lacks_descriptors |= why->reason == SAFE_FAILED && (why->error == EMFILE || why->error == ENFILE);
    bool news = !c || c->why.reason != why->reason || c->why.error != why->error;
    if (!c) {
        if (t->complaints.n >= COMPLAINTS_MAX)
            tail_complaints_done(t);
        c = xcalloc(1, sizeof *c);
        c->at_end = t->at_end && why->reason != SAFE_KIND;
        table_put(&t->complaints, path_key(path), c);
    }
    c->why = *why;
    c->scan = t->scans;
    if (news)
        input_trouble(&t->input, &t->sink, "%s: %s", path, reason_of(why));
    return news;
}

void tail_complaints_sweep(struct tail *t)
{
    uint64_t over[SWEEP_MAX];
    size_t n = 0;
    table_each (&t->complaints, s)
        if (((struct complaint *)s->value)->scan != t->scans && n < SWEEP_MAX)
            over[n++] = s->key;
    while (n)
        free(table_del(&t->complaints, over[--n]));
    t->input.changed |= t->input.unreadable != (unsigned)t->complaints.n;
    t->input.unreadable = (unsigned)t->complaints.n;
}

void tail_readable(struct tail *t, const char *path)
{
    struct complaint *c = table_del(&t->complaints, path_key(path));
    if (c)
        log_info("file can be read now", log_c("path", path));
    free(c);
}

/* Whether the reason is final: what the system refuses may change; links in a circle are as final as what crumbd
   refuses. */
static bool is_refusal(const struct safe_why *why)
{
    return why->reason != SAFE_FAILED || why->error == ELOOP;
}

bool tail_lacks_rights(const struct tail *t)
{
    table_each (&t->complaints, s)
        if (!is_refusal(&((const struct complaint *)s->value)->why))
            return true;
    return false;
}

bool tail_unreadable_at_first(const struct tail *t, const char *path)
{
    char *folder = tail_folder_of(path);
    const struct complaint *file = table_get(&t->complaints, path_key(path));
    const struct complaint *above = table_get(&t->complaints, path_key(folder));
    free(folder);
    return (file && file->at_end) || (above && above->at_end);
}

/* ---- what to do about it ---- */

static const char more_descriptors[] = "raise the limit of open files (LimitNOFILE= in the systemd unit, ulimit -n)";

/* Returns what to do about it. The caller frees the text. */
static char *remedy(const char *path, int error)
{
    struct stat st;
    if (error == EMFILE || error == ENFILE)
        return xstrdup(more_descriptors);
    if (error == EACCES &&
        eaccess(path, R_OK) == 0) /* eaccess asks for the user's rights, and not for those of the sandbox */
        return xstrdup("the sandbox allows what the patterns and their links led to at the start: restart crumbd to "
                       "have this read too");
    if (error == EMLINK)
        return xstrdup("remove links, or name fewer in the pattern: the first 4096 in a scan are followed, by name");
    if (error != EACCES && error != EPERM)
        return xstrdup("it is tried again with every poll");
    if (stat(path, &st) != 0)
        return xstrdup("give the user crumbd runs as access to the folders above it (x), or add it to their "
                       "group, often adm");
    char buf[4096];
    struct group g, *found = NULL;
    if (st.st_mode & S_IRGRP && st.st_gid != 0 && getgrgid_r(st.st_gid, &g, buf, sizeof buf, &found) == 0 && found)
        return xasprintf("add the user crumbd runs as to group %s (SupplementaryGroups=%s in the systemd unit)",
                         g.gr_name, g.gr_name);
    return xasprintf("let the user crumbd runs as read it, for example: setfacl -m u:USER:r %s", path);
}

/*
 * Who made a link to somebody else's file may have meant no log: no right to read it is advised, only what root can do
 * who knows that it is one.
 */
static const char link_remedy[] =
    "remove the link if it leads to no log. If it does: make it root's (chown -h root), name the file itself in tail, "
    "or give the file to the owner of the link (chown)";

/* Says, once, that a link which is neither root's nor the target's owner's has led to what cannot be read. True: it is
   such a link. */
static bool say_link_failed(const char *path, const struct safe_why *why)
{
    struct stat st;
    bool denied = why->error == EACCES || why->error == EPERM, known = stat(path, &st) == 0;
    if (!denied || !why->link[0] || (known && st.st_uid == why->link_owner) || eaccess(path, R_OK) == 0)
        return false;
    log_warn("cannot read what a symbolic link leads to, will keep trying", log_c("path", path),
             log_c("error", strerror(why->error)), log_c("link", why->link), log_i("link_uid", why->link_owner),
             known ? log_i("target_uid", st.st_uid) : log_c("target_uid", "unknown"), log_c("remedy", link_remedy));
    return true;
}

static void say_loop(const char *path, const struct safe_why *why)
{
    log_warn("symbolic links lead in a circle, or over too many others", log_c("path", path), log_c("link", why->name),
             log_c("remedy", "remove the link, or name the file itself in tail"));
}

/* The page shows what to do as well: who looks there has not seen the log. */
static void say_failed(struct tail *t, const char *path, const struct safe_why *why)
{
    if (say_link_failed(path, why))
        return;
    char *what = remedy(path, why->error);
    input_trouble(&t->input, &t->sink, "%s: %s; %s", path, reason_of(why), what);
    log_warn("cannot read a file, will keep trying", log_c("path", path), log_c("error", strerror(why->error)),
             log_c("remedy", what));
    free(what);
}

/* ---- what is no file ---- */

static const char *kind_remedy(const struct safe_why *why)
{
    if (why->is_standard_stream)
        return "the official nginx image links its logs to /dev/stderr and /dev/stdout: mount a volume over "
               "/var/log/nginx that crumbd "
               "shares, or let nginx send its log with error_log syslog:server=HOST:5514";
    if (why->reason == SAFE_KIND && S_ISFIFO(why->mode))
        return "let its writer write to a file, or pass its output on: crumbd - <PIPE";
    return "name files, or a pattern that leads to no other thing";
}

char *tail_why_no_file(const struct safe_why *why)
{
    return xasprintf("it is %s, and tail reads regular files; %s", kind_of(why), kind_remedy(why));
}

/* Logs that there is no file. An image whose logs are lost that way runs on without a log, so that is an error; beside
   logs, such things are common. */
static void say_no_file(const char *path, const struct safe_why *why)
{
    log_at(why->is_standard_stream ? LOG_ERROR : LOG_WARN, "this is no file to tail, it is left out",
           log_c("path", path), log_c("is", kind_of(why)), log_c("why", "tail reads regular files"),
           log_c("remedy", kind_remedy(why)));
}

static const char hard_link_remedy[] = "remove its other names, or give the folder to root with mode 755";

char *tail_why_not(const char *path, const struct safe_why *why)
{
    if (why->reason == SAFE_LINK || why->reason == SAFE_HARD_LINK)
        return xasprintf("%s; %s", reason_of(why), why->reason == SAFE_LINK ? link_remedy : hard_link_remedy);
    if (why->reason != SAFE_FAILED)
        return tail_why_no_file(why);
    char *what = remedy(path, why->error), *text = xasprintf("%s; %s", reason_of(why), what);
    free(what);
    return text;
}

static void say_refused(const char *path, const struct safe_why *why)
{
    switch (why->reason) {
    case SAFE_LINK:
        log_warn(
            "a symbolic link is not followed: its owner is not root, crumbd's user or the owner of what it leads to",
            log_c("path", path), log_c("link", why->name), log_i("link_uid", why->owner),
            log_i("target_uid", why->target_owner), log_c("remedy", link_remedy));
        break;
    case SAFE_HARD_LINK:
        log_warn("a file with several names is not read: others may have put this one into the folder",
                 log_c("path", path), log_i("folder_uid", why->owner), log_i("file_uid", why->target_owner),
                 log_c("remedy", hard_link_remedy));
        break;
    case SAFE_OWN:
        log_warn("the store is no log, it is left out", log_c("path", path),
                 log_c("remedy", "keep the store in a folder of its own"));
        break;
    case SAFE_ARCHIVE:
        log_warn("a compressed file or an archive is no log, it is left out", log_c("path", path),
                 log_c("is", why->name), log_c("remedy", "tail what is not compressed; crumbd backfill reads .gz"));
        break;
    case SAFE_FAILED:
        say_loop(path, why);
        break;
    case SAFE_PROC:
    case SAFE_KIND:
    case SAFE_FOLDER:
        say_no_file(path, why);
        break;
    }
}

void tail_cannot_read(struct tail *t, const char *path, const struct safe_why *why)
{
    if (safe_absent(why) || why->reason == SAFE_FOLDER || !complain(t, path, why))
        return;
    if (is_refusal(why)) {
        t->sink.counts->v[COUNT_files_refused]++;
        say_refused(path, why);
    } else
        say_failed(t, path, why);
}

void tail_cannot_list(struct tail *t, const char *folder, const struct safe_why *why)
{
    if (is_refusal(why))
        tail_cannot_read(t, folder, why);
    else if (!safe_absent(why) && complain(t, folder, why) && !say_link_failed(folder, why))
        log_warn("cannot list a folder, will keep trying", log_c("path", folder), log_c("error", strerror(why->error)),
                 log_c("remedy",
                       why->error == EMFILE || why->error == ENFILE
                           ? more_descriptors
                           : "give the user crumbd runs as access to it (r and x), or add it to its group, often adm"));
}
