/*
 * tail_find: which files there are, and which of them are known. The rules, in the order they are tried:
 *
 * 1. A file that is shorter than what was read of it, or whose head has changed, was truncated. If a copy of
 * the old bytes lies in the same folder (copytruncate), the rest is read from there under the old key. The
 * truncated file is a new one.
 * 2. Device and inode, with the same head: the same file, whatever its name.
 * 3. A known file that its name no longer leads to is looked for in its folder by inode, then as a copy.
 * 4. A file that is new, named like a rotated copy of one that is read, and holding the same bytes: such a
 * copy. It is not read.
 * 5. Anything else is new, and read from its first byte.
 */
#include "io/tail.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"

enum {
    TURN_MS = 100,         /* while files wait for their turn, until the next are opened */
    OPENED_PER_SCAN = 256, /* known files: those that wait longer for their turn get it in the next scan */
    MISSING_MS = 10000,
    HEAD_CONVINCES = 64, /* bytes of an equal head that prove as much as an equal inode */
};

/* ---- known files ---- */

/* Whether rotation has gone on since f was last seen: another file has its name, or the name of its log. */
static bool is_followed(const struct tail_file *f)
{
    struct stat st;
    return lstat(f->path, &st) == 0 || lstat(f->source, &st) == 0;
}

/* Whether f was the log itself, or still open for writing, when the run before ended, so that what was written to it
   after that is not known. What a pattern leads to by a rotated name stays open, but has got its last line. */
static bool end_is_unknown(const struct tail *t, const struct tail_file *f)
{
    if (!f->left_open || f->checked || !is_followed(f))
        return false;
    return fnmatch(t->opt->text, f->path, FNM_PATHNAME | FNM_PERIOD) != 0 || !tail_rotated_name(t->opt->text, f->path);
}

static const char deleted[] = "it was deleted while crumbd did not run, what was written to it then is not known",
                  emptied[] = "it was emptied, or made anew, while crumbd did not run: what was written to it before "
                              "that is not known";

/* Counts and logs what is lost with a file whose bytes are nowhere any more, as far as is known. size: how long it was;
   gone: how they went. False: nothing. */
static bool names_loss(struct tail *t, const struct tail_file *f, uint64_t size, const char *gone)
{
    if (size > f->read_at) {
        t->sink.counts->v[COUNT_files_gone_unread]++;
        log_warn("a file is gone that had not been read to its end", log_c("path", f->path),
                 log_i("read_bytes", (int64_t)f->read_at), log_i("size", (int64_t)size));
        return true;
    }
    if (!end_is_unknown(t, f))
        return false;
    tail_gap(t, f->path, gone);
    return true;
}

/* Moves f to that place, where it is read on. */
static void move_to(struct tail *t, struct tail_file *f, struct tail_place *p)
{
    if (f->fd < 0 && tail_is_packed(p->fd) && !tail_file_has_more(f, p->fd, &p->st)) {
        tail_relocate(t, f, &p->st, p->path);
        f->disk_bytes = (uint64_t)p->st.st_size;
        close(p->fd);
    } else {
        tail_attach(t, f, p->fd, &p->st, p->path);
    }
    free(p->path);
    p->path = NULL;
}

/* Whether bytes that were not found may be there all the same: something could not be read, or names change faster than
   they can be listed. That is believed for MISSING_MS. */
static bool is_unsure(struct tail *t, struct tail_file *f, const struct tail_place *p)
{
    int64_t now = tail_now_ms();
    bool found = p->path != NULL;
    if (found || !p->unquiet || !f->missing_since)
        f->missing_since = found || !p->unquiet ? 0 : now;
    bool waits = !found && p->unquiet && now - f->missing_since < MISSING_MS;
    if (waits)
        tail_scan_after(t, TAIL_QUIET_MS);
    return waits || (!found && p->unknown);
}

/* Follows the bytes of f, which are no longer in its inode, to a copy of them; without one the file is finished.
   truncated: by name it is still the same file; otherwise the inode has been given out again. */
static void lost_its_bytes(struct tail *t, struct tail_file *f, bool truncated)
{
    struct tail_place p = tail_find_copy(t, f);
    if (is_unsure(t, f, &p))
        return; /* the next scan comes here again */
    t->look_back = true;
    tail_leave_inode(t, &f->id);
    t->sink.counts->v[COUNT_files_truncated] += truncated;
    if (p.path) {
        log_info("file truncated, its rest is read from a copy", log_c("path", f->path), log_c("copy", p.path),
                 log_i("read_bytes", (int64_t)f->read_at), log_i("copy_bytes", p.st.st_size));
        move_to(t, f, &p);
        return;
    }
    /* f->size may be that of what is in its inode now. What is emptied in a run that sees it is told by
       files_truncated; before it nobody can tell that from a new file which was given the same inode. */
    bool named = f->fd < 0 && !f->checked && names_loss(t, f, f->left_size, truncated ? emptied : deleted);
    if (!named)
        log_info(truncated ? "file truncated, it is read from its start" : "a file is gone", log_c("path", f->path),
                 log_i("read_bytes", (int64_t)f->read_at));
    tail_finish(t, f);
    tail_forget(t, f);
}

/*
 * A file shorter than what the store says was read of it, with its whole head in place: a machine went down
 * before the last lines reached the disk. What is left has been read; what comes is new, under a new key,
 * since offsets come again.
 */
static bool lost_its_end(struct tail *t, struct tail_file *f, int fd, const struct stat *st, const char *path)
{
    if (f->id.head_bytes < TAIL_HEAD_MAX || tail_head_match(fd, &f->id) != TAIL_MATCH_SAME)
        return false;
    log_warn("file is shorter than when it was read last; read on at its end", log_c("path", path),
             log_i("read_bytes", (int64_t)f->read_at), log_i("size", st->st_size));
    t->sink.counts->v[COUNT_files_truncated]++;
    tail_forget(t, f);
    tail_add(t, fd, st, path, (uint64_t)st->st_size);
    return true;
}

/* Opens a known file where its inode was seen, and compares its head. -1: that cannot be done now. */
static int open_known(struct tail *t, const struct tail_file *f, const char *path, struct stat *st,
                      enum tail_match *head)
{
    int fd = tail_open(t, path, st);
    if (fd < 0)
        return -1;
    bool same = st->st_dev == f->id.dev && st->st_ino == f->id.ino;
    if (!same) /* another has taken the name since it was listed */
        tail_scan_soon(t);
    *head = same ? tail_head_match(fd, &f->id) : TAIL_MATCH_UNREADABLE;
    if (*head != TAIL_MATCH_UNREADABLE)
        return fd;
    close(fd);
    return -1;
}

/*
 * A sleeping file found by its inode at path. It is woken when the pattern leads to it, or there is more to
 * read.
 */
static void found_asleep(struct tail *t, struct tail_file *f, const char *path, bool matched)
{
    struct stat st;
    enum tail_match head;
    int fd = open_known(t, f, path, &st, &head);
    if (fd < 0) {
        f->seen =
            t->scans; /* the file is not searched for elsewhere, and not taken for a new one: the next scan sees more */
        return;
    }
    bool shorter = !tail_is_packed(fd) && (uint64_t)st.st_size < tail_file_reach(f);
    if (shorter && lost_its_end(t, f, fd, &st, path))
        return;
    if (shorter || head == TAIL_MATCH_OTHER) {
        close(fd);
        lost_its_bytes(t, f, strcmp(path, f->path) == 0);
        return;
    }
    f->checked = true;
    f->rotated = !matched;
    f->seen = t->scans;
    if (matched || tail_file_has_more(f, fd, &st)) {
        tail_attach(t, f, fd, &st, path);
        t->n_rotated += f->rotated;
        return;
    }
    tail_file_compared(f, &st);
    f->disk_bytes = tail_is_packed(fd) ? (uint64_t)st.st_size : 0;
    close(fd);
}

/* Forgets a file that is gone, and counts and logs it where lines are lost with it, as far as is known. */
static void is_gone(struct tail *t, struct tail_file *f)
{
    t->look_back = true;
    if (!names_loss(t, f, f->size, deleted))
        log_info("a file is gone", log_c("path", f->path), log_i("read_bytes", (int64_t)f->read_at));
    tail_forget(t, f);
}

/* Goes on with a file whose inode is in its folder, under its name or another. */
static void found_by_inode(struct tail *t, struct tail_file *f, const char *path, const struct stat *st)
{
    if (strcmp(path, f->path) != 0) {
        free(f->path);
        f->path = xstrdup(path);
        f->changed = true;
    }
    /* An equal size proves nothing: the inode may have been given out again. */
    uint64_t size = f->disk_bytes ? f->disk_bytes : f->read_at;
    if (f->checked && (uint64_t)st->st_size == size && tail_file_same_time(f, st))
        return;
    if (t->n_rotated < 2 * tail_rotated_max())
        found_asleep(t, f, path, false);
    else
        tail_scan_after(t, TURN_MS);
}

/* Searches for a sleeping file by its inode. True: it has been found, or cannot be looked for now. */
static bool search_inode(struct tail *t, struct tail_file *f)
{
    struct stat st;
    bool unknown;
    char *path = tail_find_inode(t, f, &st, &unknown);
    bool there = path && tail_by_inode(t, st.st_dev, st.st_ino) ==
                             f; /* else given out again, and another has been found in it */
    bool blind = unknown && !tail_may_come_back(f);
    if (there && !blind)
        found_by_inode(t, f, path, &st);
    free(path);
    return there || blind;
}

/* Searches for its bytes. */
static struct tail_place search_bytes(struct tail *t, struct tail_file *f)
{
    struct stat st;
    struct tail_place p = {0};
    bool same_inode_number = lstat(f->path, &st) == 0 && st.st_ino == f->id.ino;
    if (same_inode_number || f->id.head_bytes >= HEAD_CONVINCES)
        tail_try_place(t, f, f->path, &p);
    return p.path ? p : tail_find_copy(t, f);
}

/* Searches for a sleeping file to which no name of the pattern led. */
static void search_for(struct tail *t, struct tail_file *f)
{
    struct stat st;
    if (f->unreachable && lstat(f->path, &st) != 0)
        return;
    f->unreachable = false;
    if (search_inode(t, f))
        return;
    struct tail_place p = search_bytes(t, f);
    if (is_unsure(t, f, &p))
        return;
    if (p.path) {
        bool copied = strcmp(p.path, f->path) != 0 && !tail_is_packed(p.fd);
        if (copied && end_is_unknown(t, f)) {
            tail_gap(t, f->path,
                     "it was copied and deleted while crumbd did not run, what was written to it between "
                     "the two is not known");
            f->newest = false; /* the number that lacks now is that of the file */
        }
        f->rotated = true;
        f->checked = true;
        move_to(t, f, &p);
        t->n_rotated += f->fd >= 0;
        return;
    }
    if (tail_may_come_back(f)) {
        f->unreachable = true;
        return;
    }
    is_gone(t, f);
}

/* ---- what the pattern leads to ---- */

/* Goes on with a known file to which the pattern leads. One that is asleep is opened when it is its turn. */
static void seen_again(struct tail *t, struct tail_file *f, const struct tail_found *at)
{
    if (f->seen == t->scans)
        return;
    f->seen = t->scans;
    f->rotated = false;
    if (f->fd < 0 && !tail_is_unchanged(f, &at->st)) {
        f->size = (uint64_t)at->st.st_size;
        tail_await_turn(t, f);
    }
    if (f->found && strcmp(f->found, at->path) == 0)
        return;
    bool renamed;
    if (f->fd >= 0)
        tail_file_linked(f, &renamed);
    free(f->found);
    f->found = xstrdup(at->path);
}

/* Opens the files whose turn it is, as many as there is room for. */
static void open_in_turn(struct tail *t)
{
    struct tail_file *f;
    for (unsigned n = 0; n < OPENED_PER_SCAN && (f = TAILQ_FIRST(&t->turns)) && tail_has_room(t); n++) {
        uint64_t dev = f->id.dev, ino = f->id.ino;
        TAILQ_REMOVE(&t->turns, f, turn);
        f->is_in_turn = f->parked = false;
        if (f->seen == t->scans)
            found_asleep(t, f, f->found, true);
        if (tail_by_inode(t, dev, ino) != f)
            f->seen = 0; /* its bytes turned out to be elsewhere, or nowhere */
    }
}

/* Whether this new file is a copy of one that is being read: still under its name, and with the same bytes. */
static enum tail_match match_another(struct tail *t, const char *path, int fd, const struct stat *st)
{
    const struct tail_file *f;
    size_t folder = (size_t)(tail_base_name(path) - path);
    TAILQ_FOREACH (f, &t->files, all) {
        if (f->seen != t->scans || !f->found || strncmp(f->found, path, folder) != 0 ||
            strchr(f->found + folder, '/') || !tail_named_as_copy(f->found + folder, path + folder))
            continue;
        struct stat now;
        struct safe_why why;
        int from = f->fd >= 0 ? f->fd : safe_open(f->found, &now, &why);
        enum tail_match copy = from >= 0 ? tail_match_original(f, from, fd, st) : TAIL_MATCH_OTHER;
        if (from >= 0 && from != f->fd)
            close(from);
        if (copy != TAIL_MATCH_OTHER)
            return copy;
    }
    return TAIL_MATCH_OTHER;
}

/*
 * A file that was deleted while this one, with the same bytes at its start, came under its name: rewritten by
 * an editor, or brought back from a copy. NULL: there is none, or *unreadable, which of them it is cannot be told now.
 */
static struct tail_file *rewritten(const struct tail *t, const char *path, int fd, const struct stat *st,
                                   bool *unreadable)
{
    struct tail_file *f;
    struct stat old;
    *unreadable = false;
    TAILQ_FOREACH (f, &t->files, all) {
        if (!(f->fd >= 0 && f->seen != t->scans && f->found && strcmp(f->found, path) == 0 &&
              f->read_at >= HEAD_CONVINCES && f->read_at <= (uint64_t)st->st_size && fstat(f->fd, &old) == 0 &&
              old.st_nlink == 0 && (uint64_t)old.st_size == f->read_at && tail_writers(f->fd) != TAIL_WRITERS_SOME))
            continue;
        enum tail_match bytes = tail_bytes_match(f->fd, fd, f->read_at);
        *unreadable |= bytes == TAIL_MATCH_UNREADABLE;
        if (bytes == TAIL_MATCH_SAME)
            return f;
    }
    return NULL;
}

/* Finds where reading begins in a file that is new to this input. False: that cannot be told now. */
static bool first_byte(struct tail *t, const char *path, int fd, const struct stat *st, uint64_t *at)
{
    *at = 0;
    return !(t->at_end || tail_unreadable_at_first(t, path)) || tail_after_last_lf(fd, (uint64_t)st->st_size, at);
}

static void found_new(struct tail *t, const struct tail_found *at)
{
    struct stat st;
    int fd = tail_open(t, at->path, &st);
    if (fd < 0)
        return;
    if (tail_is_archive(t, fd, at->path)) {
        close(fd);
        return;
    }
    enum tail_match copy = TAIL_MATCH_SAME;
    if (!tail_by_inode(t, st.st_dev, st.st_ino) && !tail_is_other_inputs(t, fd, &st))
        copy = match_another(t, at->path, fd, &st);
    bool unreadable = copy == TAIL_MATCH_UNREADABLE;
    uint64_t first = 0;
    struct tail_file *f = copy == TAIL_MATCH_OTHER ? rewritten(t, at->path, fd, &st, &unreadable) : NULL;
    if (copy == TAIL_MATCH_OTHER && !f && !unreadable)
        unreadable = !first_byte(t, at->path, fd, &st, &first);
    if (copy != TAIL_MATCH_OTHER || unreadable) {
        close(fd);
        return;
    }
    if (f)
        tail_attach(t, f, fd, &st, at->path);
    else
        f = tail_add(t, fd, &st, at->path, first);
    f->newest = !tail_rotated_name(t->opt->text, at->path);
    t->look_back = true;
    tail_readable(t, at->path);
    tail_note_folders(t, at->path);
    f->seen = t->scans;
    f->rotated = false;
    free(f->found);
    f->found = xstrdup(at->path);
}

/* ---- rotated files ---- */

/* True when an open file that is read to its end will not grow any more, as far as can be known. */
static bool is_over(struct tail *t, struct tail_file *f)
{
    if (f->is_ready || t->paused)
        return false;
    enum tail_writers w = tail_writers(f->fd);
    if (w == TAIL_WRITERS_SOME || (w == TAIL_WRITERS_UNKNOWN && tail_now_ms() - f->quiet_since < TAIL_ROTATED_QUIET_MS))
        return false;
    /* The last writer may have written between the last read and its close. */
    if (tail_file_look(f, true) == TAIL_LOOK_SAME)
        return true;
    tail_ready(t, f);
    return false;
}

/* One whose name is gone has been deleted, or compressed: the next scan finds out. */
static void close_rotated(struct tail *t, struct tail_file *f)
{
    log_info("rotated file read to its end", log_c("path", f->path), log_i("size", (int64_t)f->size));
    if (f->packed && !tail_packed_is_whole(f->packed))
        tail_gap(t, f->path, "a rotated file was compressed, and is damaged or ends early: its rest is lost");
    tail_finish(t, f);
    f->exhausted = f->packed;
    tail_put_to_sleep(t, f);
}

/* Closes rotated files that are too many, those silent longest first; they are kept open as long as they may grow. */
static void tidy_rotated(struct tail *t)
{
    struct tail_file *f, *next, *quietest = NULL;
    unsigned n = 0;
    for (f = TAILQ_FIRST(&t->files); f; f = next) {
        next = TAILQ_NEXT(f, all);
        if (f->fd < 0 || !f->rotated)
            continue;
        bool renamed;
        tail_file_linked(f, &renamed);
        if (is_over(t, f)) {
            close_rotated(t, f);
            continue;
        }
        n++;
        if (!f->is_ready && (!quietest || f->quiet_since < quietest->quiet_since))
            quietest = f;
    }
    t->n_rotated = n;
    if (n > tail_rotated_max() && quietest && !t->paused) {
        log_warn("too many rotated files may still grow; the one silent longest is closed",
                 log_c("path", quietest->path));
        close_rotated(t, quietest);
        t->n_rotated--;
    }
}

/* ---- a scan ---- */

static void look_at_open_files(struct tail *t)
{
    struct tail_file *f, *next;
    for (f = TAILQ_FIRST(&t->files); f; f = next) {
        next = TAILQ_NEXT(f, all);
        if (f->fd < 0)
            continue;
        switch (tail_file_look(f, false)) {
        case TAIL_LOOK_MORE:
            tail_ready(t, f);
            break;
        case TAIL_LOOK_TRUNCATED:
            lost_its_bytes(t, f, true);
            break;
        case TAIL_LOOK_SAME:
        case TAIL_LOOK_BAD:
            break;
        }
        t->look_back |= f->emptied;
        f->emptied = false;
    }
}

static void look_for_the_missing(struct tail *t, const struct tail_findings *all)
{
    struct tail_file *f, *next;
    for (f = TAILQ_FIRST(&t->files); f; f = next) {
        next = TAILQ_NEXT(f, all);
        if (f->seen == t->scans || tail_is_unknown(all, f->found ? f->found : f->path))
            continue;
        if (f->fd < 0) {
            search_for(t, f);
        } else if (!f->rotated) {
            f->rotated = t->look_back = f->changed = true;
            log_debug("file is no longer under its name", log_c("path", f->path));
        }
    }
}

/*
 * From now on a file that is new has come while crumbd was there to see it, or stopped in between. Not while
 * something cannot be read: the usual remedy is a group and a restart, and that is the first time `from` can
 * be asked.
 */
static void been_here(struct tail *t)
{
    t->at_end = false;
    if (t->seen || tail_lacks_rights(t) || t->all_known.mono_ms < 0)
        return;
    t->seen = t->seen_changed = true;
}

static uint64_t newest_ms(const struct tail_findings *all)
{
    uint64_t newest = 0;
    for (size_t i = 0; i < all->n; i++) {
        uint64_t ms = tail_mtime_ms(&all->v[i].st);
        newest = ms > newest ? ms : newest;
    }
    return newest;
}

/*
 * The times of files are those of whoever keeps them, whose clock may be behind this one: a server, or the same host
 * before its clock was set. So what is newer than the newest file that was there came later, whatever this clock says.
 */
static struct tail_moment by_the_files(struct tail *t, struct tail_moment begun, const struct tail_findings *all)
{
    uint64_t now = newest_ms(all), then = t->newest_ms ? t->newest_ms : now;
    begun.wall_ms = then && then < begun.wall_ms ? then : begun.wall_ms;
    t->newest_ms = now;
    return begun;
}

void tail_scan(struct tail *t)
{
    struct tail_moment begun = {tail_wall_ms(), tail_now_ms()};
    t->scans++;
    t->lacks_descriptors = false;
    tail_watch_folders(t->watch, t->opt->text);
    look_at_open_files(t);
    struct tail_findings all = tail_list(t);
    begun = by_the_files(t, begun, &all);
    if (t->scans == 1 && all.n == 0)
        log_warn("no file to tail there yet, will watch for one", log_c("tail", t->opt->text));
    for (size_t i = 0; i < all.n; i++) {
        struct tail_file *f = tail_by_inode(t, all.v[i].st.st_dev, all.v[i].st.st_ino);
        if (f)
            seen_again(t, f, &all.v[i]);
    }
    open_in_turn(t);
    look_for_the_missing(t, &all);
    for (size_t i = 0; i < all.n; i++) {
        if (!tail_by_inode(t, all.v[i].st.st_dev, all.v[i].st.st_ino))
            found_new(t, &all.v[i]);
    }
    tail_findings_done(&all);
    tail_look_for_rotated(t, &begun);
    if (!t->look_back)
        tail_look_for_holes(t);
    tail_names_done(t);
    tidy_rotated(t);
    tail_put_in_order(t);
    tail_complaints_sweep(t);
    tail_count_files(t);
    tail_say_shared(t);
    been_here(t);
    if (t->lacks_descriptors)
        tail_give_back(t);
    if (TAILQ_FIRST(&t->turns))
        tail_scan_after(t, TURN_MS);
}
