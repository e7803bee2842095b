/* store_fail: what it means when a statement fails, said once and with a remedy. */
#include "io/store_impl.h"

#include <errno.h>
#include <sys/statvfs.h>

#include "base/log.h"

enum { ROOM_BYTES = 64 << 20 };

/* At a full disk every transaction fails, one now and then goes in, and it is one trouble all the same. */
static const int64_t QUIET_US = INT64_C(5000000);
static const char a_full_disk[] = "";

/* Whether this trouble has been said, and has been there since. `doing` is a literal. */
static bool is_known(struct store *s, const char *doing)
{
    int64_t now_us = store_now_us();
    bool known = s->said && strcmp(s->said, doing) == 0 && now_us - s->said_us < QUIET_US && now_us >= s->said_us;
    s->said = doing;
    s->said_us = now_us;
    return known;
}

/* SQLite calls it full, too, when a page is asked for that no database has, or when no id is left: then nothing was
   written, and the disk has room. */
static bool is_full_of_nonsense(const struct store *s, int rc, int os)
{
    struct statvfs fs;
    return rc == SQLITE_FULL && !s->no_room && !os && fstatvfs(s->file_fd, &fs) == 0 &&
           (uint64_t)fs.f_bavail * fs.f_frsize > ROOM_BYTES;
}

/* Says what the last error of the database means and what to do about it; ends the transaction if there is one. */
enum store_result store_failed(struct store *s, const char *doing)
{
    int rc = s->no_room ? SQLITE_FULL : sqlite3_extended_errcode(s->db), os = s->no_room ? ENOSPC : s->os_error;
    const char *hint = "it will be tried again";
    const char *error = rc == SQLITE_FULL ? sqlite3_errstr(rc) : sqlite3_errmsg(s->db);
    enum store_result result = STORE_FAILED;
    if (is_full_of_nonsense(s, rc, os))
        rc = SQLITE_CORRUPT;
    s->no_room = false;
    switch (rc & 0xff) {
    case SQLITE_FULL:
        result = STORE_FULL;
        break;
    case SQLITE_IOERR:
        result = os == ENOSPC || os == EDQUOT || os == EFBIG ? STORE_FULL : STORE_FAILED;
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        hint = s->tool ? "the database is damaged: the daemon sets it aside and goes on with a new one"
                       : "the database is damaged: it is set aside, and a new one goes on";
        s->unusable = true;
        break;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        hint = "it must be writable for this user; check its owner and mode and those of its directory";
        break;
    }
    bool known = is_known(s, result == STORE_FULL ? a_full_disk : doing);
    if (result == STORE_FULL) {
        hint = "the disk is full: make room; meanwhile crumbd stops reading, and drops and counts datagrams";
        s->disk_full = true;
    }
    snprintf(s->error, sizeof s->error, "%s: %s; %s", doing, error, hint);
    if (!s->tool && !known) /* a tool prints store_error itself */
        log_error("cannot work with the store", log_c("path", s->path), log_c("doing", doing), log_c("error", error),
                  log_c("os_error", os ? strerror(os) : ""), log_c("hint", hint));
    if (!sqlite3_get_autocommit(s->db))
        store_run(s, Q_ROLLBACK);
    if (result == STORE_FULL)
        store_restart_wal(s);
    return result;
}
