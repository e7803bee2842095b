/* tail: what the files of a tail input share, each using those above it in this list only; for them alone. */
#ifndef IO_TAIL_H
#define IO_TAIL_H

#include "base/sbuf.h"
#include "base/table.h"
#include "io/in_tail.h"
#include "io/safe_open.h"
#include "io/tail_file.h"

struct tail_watch;

struct tail_moment {
    uint64_t wall_ms;
    int64_t mono_ms; /* -1: in another run */
};

struct tail {
    struct input input;
    struct event_base *base;
    const struct input_options *opt;
    struct input_sink sink;
    struct tail *earlier, *later; /* in the order of the configuration */
    struct tail_tuning tuning;
    struct tail_watch *watch;
    struct event *turn, *poll, *soon, *idle;
    struct tail_files files;   /* all files that are known, awake or asleep */
    struct tail_files ready;   /* files in which there may be something to read, in the order of their turns */
    struct tail_files waiting; /* files in whose buffer something complete waits for what follows, by deadline */
    struct tail_files removed; /* files that are gone, until the store has been told */
    struct tail_files turns;   /* files asleep, in the order in which they are to be opened */
    struct table by_inode;
    struct table left; /* inodes whose known bytes went elsewhere: what is in them now may be older than the look for
                          rotated files believes, and is new all the same; empty after that look. Bounded */
    struct table complaints; /* path -> the reason that was last complained of */
    struct table shared;     /* folders that others may write, of which a warning has been logged */
    struct sbuf shared_news; /* paths of folders of which the next warning tells */
    unsigned n_open;         /* files with a descriptor */
    unsigned n_rotated;      /* rotated files with a descriptor */
    uint64_t scans;
    int64_t scanned_ms;
    struct tail_moment all_known; /* when all files were known that there were, see tail_rotated */
    uint64_t newest_ms;           /* when a log was last written to, as the last scan found it; 0: there was none */
    bool seen;                    /* the store has, or will have, the row that says this input has been here; */
    bool seen_changed;
    bool look_back;       /* something has come or gone since, and rotation may have put more aside; */
    int64_t look_back_at; /* ms; it is looked for from then on */
    int64_t unquiet_ms;   /* since when names change while they are looked at; 0: they do not */
    bool at_end;          /* first scan of an input the store does not know: begin at the end of what is there */
    bool paused;
    bool awaits;    /* nothing of it has been there yet, see tail_await.c */
    unsigned looks; /* for it, so far */
    bool parked_said, compressed_said;
    bool lacks_descriptors;   /* in this scan something could not be opened for want of a descriptor */
    struct tail_names *names; /* of this scan */
    struct sbuf row;          /* the row that is being put */
};

/* ---- tail_name.c ---- */
const char *tail_base_name(const char *path);
/* Returns the folder of a path; the caller frees it. */
char *tail_folder_of(const char *path);
/* Whether rotation gives app.log such a base name: app.log.1, app.log-20261123, app.log~, app-20261123.log,
   app.1.log. */
bool tail_named_as_copy(const char *original, const char *copy);
bool tail_rotated_name(const char *pattern, const char *path);
/* Returns the path of the log that it is then a file of; the caller frees it. NULL: it is no such name. */
char *tail_log_of(const char *pattern, const char *path);

/* ---- tail_archive.c ---- */
/* Whether the name says that the file is compressed, or an archive. */
bool tail_is_compressed(const char *path);
/* Says once that a pattern leads to such. */
void tail_say_compressed(struct tail *t, const char *path);
/* Whether the first bytes say so. That the file is left out is said then. */
bool tail_is_archive(struct tail *t, int fd, const char *path);

/* ---- tail_turn.c ---- */
/* Return the monotonic clock, and Unix time. */
int64_t tail_now_ms(void);
uint64_t tail_wall_ms(void);
uint64_t tail_mtime_ms(const struct stat *st);
void tail_schedule(struct event *e, int64_t ms);
/* Asks for the next turn by a timer, so that the loop asks every other input first: an event that activates itself runs
   again before anything else. */
void tail_next_turn(struct tail *t);
/* Says that there may be something to read in the file. */
void tail_ready(struct tail *t, struct tail_file *f);
/* Says that it has been read to its end, unless something has come meanwhile. */
void tail_has_been_read(struct tail *t, struct tail_file *f);
/* Says that what waits in the file's buffer is complete at f->deadline. */
void tail_await_deadline(struct tail *t, struct tail_file *f);
void tail_leave_queues(struct tail *t, struct tail_file *f);
/* True: the file waits for another, which has its turn now. */
bool tail_waits_for_another(const struct tail_file *f);
/* Looks for files in this turn of the loop, or the next if that has just been done. */
void tail_scan_soon(struct tail *t);
void tail_scan_after(struct tail *t, int64_t ms);

/* ---- tail_order.c: the files of one log, read one after the other ---- */
/* After a scan: what rotation has put aside and is not read to its end comes before what has its log's name now. */
void tail_put_in_order(struct tail *t);

/* ---- tail_holes.c ---- */
/* Names generations that came and went unseen, as the numbers of the others tell. When all that came has been found. */
void tail_look_for_holes(struct tail *t);

/* ---- tail_watch.c ---- */
/* Returns NULL when inotify cannot be had; everything then depends on the poll. */
struct tail_watch *tail_watch_new(struct tail *t);
void tail_watch_free(struct tail_watch *w);
/* Watches, or watches no longer, the inode that f has open. w may be NULL. */
void tail_watch_file(struct tail_watch *w, struct tail_file *f);
void tail_unwatch_file(struct tail_watch *w, struct tail_file *f);
/* Watches every folder in which files of the pattern, or folders on the way to them, may appear. */
void tail_watch_folders(struct tail_watch *w, const char *pattern);

/* ---- tail_set.c ---- */
/* Adds a file that is not there by inode yet, asleep. key 0: it gets a random one. */
struct tail_file *tail_insert(struct tail *t, uint64_t key, const struct line_reader_place *from, const char *path);
/* Adds a file that is known to be read up to there, asleep. */
struct tail_file *tail_know(struct tail *t, const struct tail_id *id, const char *path, uint64_t key,
                            const struct line_reader_place *at);
/* Notes that the bytes of a file that is asleep are in another place now. */
void tail_relocate(struct tail *t, struct tail_file *f, const struct stat *st, const char *path);
/* Gives the file these bytes, in a new place; how far it was read, and what waits in its buffer, stay. */
void tail_attach(struct tail *t, struct tail_file *f, int fd, const struct stat *st, const char *path);
/* Notes how many files there are, and what of them has not been read, to be shown. */
void tail_count_files(struct tail *t);
void tail_hand_on(struct tail *t, struct tail_file *f, struct message *m);
/* Ends a file of which nothing more will come: hands on what waits, also a line without LF. */
void tail_finish(struct tail *t, struct tail_file *f);
/* Closes the file; what is known of it stays. */
void tail_put_to_sleep(struct tail *t, struct tail_file *f);
void tail_forget(struct tail *t, struct tail_file *f);
struct tail_file *tail_by_inode(const struct tail *t, uint64_t dev, uint64_t ino);
/* The bytes that were known of it are elsewhere, or nowhere. */
void tail_leave_inode(struct tail *t, const struct tail_id *id);
bool tail_has_left(const struct tail *t, const struct stat *st);

/* ---- tail_complain.c: one line of log for each path and reason ---- */
/* Returns why a path is not read, and what to do about it. The caller frees it. */
char *tail_why_not(const char *path, const struct safe_why *why);
/* Returns what a path leads to that is no regular file, and what to do. The caller frees it. */
char *tail_why_no_file(const struct safe_why *why);
/* Logs that the path cannot be read, unless nothing is there. */
void tail_cannot_read(struct tail *t, const char *path, const struct safe_why *why);
void tail_cannot_list(struct tail *t, const char *folder, const struct safe_why *why);
/* Whether the path, or its folder, was there at the first scan and could not be read: `from` holds for it too. */
bool tail_unreadable_at_first(const struct tail *t, const char *path);
/* Whether something cannot be read for want of a right or a descriptor. */
bool tail_lacks_rights(const struct tail *t);
/* Says that the path has been opened. */
void tail_readable(struct tail *t, const char *path);
/* Drops the complaints that this scan had no reason for. */
void tail_complaints_sweep(struct tail *t);
void tail_complaints_done(struct tail *t);

/* ---- tail_folders.c: the folders that are followed ---- */
void tail_folders_init(struct tail *t);
void tail_folders_done(struct tail *t);
/* Notes who may write the folders on the way to the path. */
void tail_note_folders(struct tail *t, const char *path);
/* Names in one line of the log those folders noted since the last time that others may write. */
void tail_say_shared(struct tail *t);

/* ---- tail_path.c ---- */
enum { TAIL_UNKNOWN_MAX = 64 };
struct tail_found {
    char *path;
    struct stat st;
};
struct tail_findings {
    struct tail_found *v;
    size_t n;
    char *unknown[TAIL_UNKNOWN_MAX]; /* paths that could not be looked at, and folders that could not be listed */
    size_t n_unknown;
    bool blind;   /* there were more of these than fit */
    bool unquiet; /* names changed meanwhile, so that some may be missing */
};
/* Returns the regular files that the pattern leads to. */
struct tail_findings tail_list(struct tail *t);
/* Whether a pattern leads to a file now; where it could not be looked at, the first such path, and why. */
struct tail_search {
    bool found;
    int error;
    char unknown[256];
};
struct tail_search tail_search(const char *pattern);
/* Returns the files that a rotation has given a name outside the pattern: error.log.1, error.log-20261123,
   error-20261123.log. Only those that were made and written to since then, as far as the file system tells. */
struct tail_findings tail_list_rotated(struct tail *t, uint64_t since_ms);
void tail_findings_done(struct tail_findings *all);
/* True when it could not be seen whether the path leads to something: a listing that failed is no listing. */
bool tail_is_unknown(const struct tail_findings *all, const char *path);
/* Returns the earlier input whose pattern leads to this path, or NULL. */
const struct tail *tail_owner(const struct tail *t, const char *path);
/* Whether the path can be tailed. False: given without wildcards, it never can; why and what to do is in d. */
bool tail_acceptable(const struct input_options *opt, struct diag *d);
/* Opens what must be a regular file, else -1 and a complaint. */
int tail_open(struct tail *t, const char *path, struct stat *st);

/* ---- tail_names.c ---- */
enum { TAIL_QUIET_MS = 20 /* more than the grain of times */ };
struct tail_names {
    struct tail_names *next;
    char *folder;
    struct tail_name {
        char *name;
        uint64_t ino;
    } * v;
    size_t n;
    bool known; /* it has been listed to its end, or is not there */
    bool quiet; /* what it lacks is not there */
};
/* Returns the names in the folder of f, which live until the end of the scan. */
const struct tail_names *tail_names_of(struct tail *t, const struct tail_file *f);
void tail_names_done(struct tail *t);
/* Whether the folder was as it is now for long enough. before: of the time when it began to be listed. */
bool tail_is_quiet(int folder, const struct stat *before);

/* ---- tail_search.c ---- */
/* A place where bytes of a known file were found. path NULL: nowhere. */
struct tail_place {
    char *path;
    struct stat st;
    int fd;
    bool unknown; /* it could not be looked everywhere, so that no path does not mean that the bytes are gone; */
    bool unquiet; /* nor while names change */
};
/* Takes path as the place, if it is no file known yet, has f's head and reaches as far as f was read, unless the place
   has a newer one. */
void tail_try_place(const struct tail *t, const struct tail_file *f, const char *path, struct tail_place *p);
/* Looks through the folder of f for a copy that holds at least what was read of it, also one that has been compressed.
 */
struct tail_place tail_find_copy(struct tail *t, const struct tail_file *f);
/* Returns the file's name in its folder, found by its inode; the caller frees it. NULL: it is not there, or that could
   not be found out. */
char *tail_find_inode(struct tail *t, const struct tail_file *f, struct stat *st, bool *unknown);
/* True when its folder, or what is left of the way there, is on another file system or cannot be read: then the file
 * may come back. */
bool tail_may_come_back(const struct tail_file *f);
/* True when another input has this file. */
bool tail_is_other_inputs(const struct tail *t, int fd, const struct stat *st);

/* ---- tail_share.c: more files than descriptors ---- */
/* Returns how many of one input's open files may be rotated ones. */
unsigned tail_rotated_max(void);
/* Adds a file not seen before, to be read from `offset` on. */
struct tail_file *tail_add(struct tail *t, int fd, const struct stat *st, const char *path, uint64_t offset);
/* True when one more may be opened; closes the one that has been read longest ago, if need be. */
bool tail_has_room(struct tail *t);
/* Closes some files when others have taken more than their half of the descriptors, so that there is room to look and
   to open in the next scan. */
void tail_give_back(struct tail *t);
/* True when what the pattern found shows nothing new in a parked file. */
bool tail_is_unchanged(const struct tail_file *f, const struct stat *st);
/* Puts the file into the queue of those that are opened as soon as there is room. */
void tail_await_turn(struct tail *t, struct tail_file *f);

/* ---- tail_rotated.c ---- */
/* Looks for files that were put aside before they were seen, if there is a reason. begun: the scan that it ends. */
void tail_look_for_rotated(struct tail *t, const struct tail_moment *begun);
/* Whether the new file fd holds the same bytes as the known one that from has open. */
enum tail_match tail_match_original(const struct tail_file *f, int from, int fd, const struct stat *st);
/* Counts and logs that lines of rotated files are lost unread. */
void tail_gap(struct tail *t, const char *path, const char *what);

/* ---- tail_await.c ---- */
/* Looks for the first file of a pattern that is awaited. False: it is there, and read from now on. */
bool tail_await(struct tail *t);
/* Until the next look. */
int64_t tail_await_ms(const struct tail *t);

/* ---- tail_find.c ---- */
/* Looks at everything once: new files, old ones under new names, rotated and truncated ones. */
void tail_scan(struct tail *t);

#endif
