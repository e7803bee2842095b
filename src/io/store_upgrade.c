/*
 * store_upgrade: makes the store of an older crumbd one of this version. First a copy of it is made beside it, named by
 * its schema (crumbd.db.schema-8), so that the older version can go on with that; then all steps are one transaction.
 */
#include "io/store_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"

static bool has_no_room(int rc, int os)
{
    return (rc & 0xff) == SQLITE_FULL || os == ENOSPC || os == EDQUOT || os == EFBIG;
}

static bool copy_failed(const struct store *s, const char *to, int rc, int os, struct diag *d)
{
    if (has_no_room(rc, os))
        return err_plain(d,
                         "there is no room for %s, the copy of the store that is made before its upgrade; make room "
                         "for as much as %s "
                         "takes now, or send its events with the older crumbd first",
                         to, s->path);
    return err_plain(d, "cannot make %s, the copy of the store that is made before its upgrade: %s%s%s", to,
                     sqlite3_errstr(rc), os ? ", " : "", os ? strerror(os) : "");
}

/* Copies page by page, also what is in the WAL; a damaged page does not keep the others from being copied. */
static int copy_pages(struct store *s, const char *to, int *os)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(to, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL, NULL);
    sqlite3_backup *b = rc == SQLITE_OK ? sqlite3_backup_init(db, "main", s->db, "main") : NULL;
    if (b) {
        sqlite3_backup_step(b, -1);
        rc = sqlite3_backup_finish(b);
    } else if (rc == SQLITE_OK) {
        rc = sqlite3_extended_errcode(db);
    }
    *os = rc == SQLITE_OK ? 0 : sqlite3_system_errno(db);
    sqlite3_close(db);
    return rc;
}

/* Copies the file. Its mode is the store's, since both hold the same. Under its name there is a whole copy or none. */
static bool copy_file(struct store *s, const char *part, const char *to, struct diag *d)
{
    struct stat st;
    int os = 0, rc = SQLITE_CANTOPEN;
    unlink(part);
    int fd = fstat(s->file_fd, &st) == 0 ? open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, st.st_mode & 0777) : -1;
    if (fd < 0)
        return copy_failed(s, to, rc, errno, d);
    rc = copy_pages(s, part, &os);
    if (rc == SQLITE_OK && (fsync(fd) != 0 || rename(part, to) != 0)) {
        rc = SQLITE_IOERR;
        os = errno;
    }
    close(fd);
    if (rc == SQLITE_OK)
        return true;
    unlink(part);
    return copy_failed(s, to, rc, os, d);
}

static bool keep_copy(struct store *s, int64_t from, struct diag *d)
{
    char *to = xasprintf("%s.schema-%lld", s->path, (long long)from), *part = xasprintf("%s.part", to);
    bool ok = copy_file(s, part, to, d);
    if (ok)
        log_info("the store is of an older crumbd and is upgraded; a copy of it is kept", log_c("store", s->path),
                 log_c("copy", to), log_i("schema", from), log_i("new_schema", STORE_SCHEMA_VERSION),
                 log_c("hint", "for the older version; remove it when there is no way back to that"));
    free(part);
    free(to);
    return ok;
}

bool store_upgrade(struct store *s, int64_t from, struct diag *d)
{
    if (from > 0 && !keep_copy(s, from, d))
        return false;
    bool ok = store_exec(s, "BEGIN IMMEDIATE");
    for (int64_t v = from; ok && v < STORE_SCHEMA_VERSION; v++)
        ok = store_exec(s, store_steps[v]);
    char *version =
        xasprintf("PRAGMA user_version=%d; PRAGMA application_id=%d", STORE_SCHEMA_VERSION, STORE_APPLICATION_ID);
    ok = ok && store_exec(s, version);
    free(version);
    if (ok && !store_take_room_of_pages(s))
        return err_plain(d, "cannot set up the store %s: the disk is full", s->path);
    return (ok && store_exec(s, "COMMIT")) || store_open_failed(s, d, "set up");
}
