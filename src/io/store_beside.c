#include "io/store_beside.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "core/issue_history.h"
#include "io/lockfile.h"
#include "io/store_impl.h"
#include "io/store_issues.h"

enum {
    BESIDE_MAX = 256, /* that one start looks at */
    NUMBERS_MAX = 16, /* that a new one tries for its name, */
    NUMBERS_APART = 10000000
};

static const char ending[] = ".db";

/* What the paths of the stores beside this one begin with. The caller frees. */
static char *stem_of(const char *path)
{
    struct slice s = slice_str(path);
    return xasprintf("%.*s-", SLICE_ARG(slice_ends(s, SLICE(".db")) ? slice_sub(s, 0, s.n - 3) : s));
}

static bool is_beside(const char *name, const char *stem)
{
    struct slice s = slice_str(name);
    uint64_t pid;
    size_t begin = strlen(stem), end = sizeof ending - 1;
    return slice_starts(s, slice_str(stem)) && slice_ends(s, SLICE(".db")) && s.n > begin + end &&
           slice_u64(slice_sub(s, begin, s.n - end), &pid);
}

struct paths {
    char *v[BESIDE_MAX];
    unsigned n;
};

static void find_beside(const char *path, struct paths *out)
{
    char *stem = stem_of(path), *slash = strrchr(stem, '/');
    const char *name = slash ? slash + 1 : stem;
    char *folder = slash ? slice_dup(slice_of(stem, (size_t)(slash - stem) + 1)) : xstrdup("./");
    DIR *dir = opendir(folder);
    struct dirent *e;
    out->n = 0;
    while (dir && out->n < BESIDE_MAX && (e = readdir(dir)))
        if (is_beside(e->d_name, name))
            out->v[out->n++] = xasprintf("%s%s", folder, e->d_name);
    if (dir)
        closedir(dir);
    free(folder);
    free(stem);
}

static void paths_done(struct paths *p)
{
    while (p->n)
        free(p->v[--p->n]);
}

static bool is_taken(const char *path)
{
    char *lock = xasprintf("%s.lock", path);
    uint64_t pid;
    bool taken = lockfile_is_held(lock, &pid);
    free(lock);
    return taken;
}

/* NULL: its process runs still, or it cannot be opened, which is said. */
static struct store *open_left(const char *path, uint64_t limit_bytes)
{
    struct diag d = {0};
    bool held = is_taken(path);
    struct store *s = held ? NULL : store_open(path, STORE_DAEMON, limit_bytes, &d);
    if (!held && !s)
        log_warn("a store that was left beside this one cannot be taken up", log_c("store", path),
                 log_c("why", d.n ? d.v[0].text : "unknown"));
    err_done(&d);
    return s;
}

/* Containers that share a volume may have processes of one number. */
static struct store *open_new(const char *path, uint64_t limit_bytes, char **its_path, struct diag *d)
{
    char *stem = stem_of(path);
    for (uint64_t tries = 0; tries < NUMBERS_MAX; tries++) {
        *its_path = xasprintf("%s%" PRIu64 "%s", stem, (uint64_t)getpid() + tries * NUMBERS_APART, ending);
        if (tries + 1 == NUMBERS_MAX || !is_taken(*its_path))
            break;
        free(*its_path);
    }
    free(stem);
    return store_open(*its_path, STORE_DAEMON, limit_bytes, d);
}

struct store *store_beside_open(const char *path, uint64_t limit_bytes, char **its_path, struct diag *d)
{
    struct paths left;
    struct store *s = NULL;
    find_beside(path, &left);
    for (unsigned i = 0; i < left.n && !s; i++)
        if ((s = open_left(left.v[i], limit_bytes)))
            *its_path = xstrdup(left.v[i]);
    paths_done(&left);
    return s ? s : open_new(path, limit_bytes, its_path, d);
}

/* The lock last: whoever finds none makes a new store. */
void store_discard(struct store *s)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".positions", ".spare", ".lock"};
    for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++) {
        char *path = xasprintf("%s%s", s->path, ends[i]);
        unlink(path);
        free(path);
    }
    store_close(s);
}

/* ---- taking up ---- */

/*
 * All of it in one transaction of the store that takes, with the id of the other one: after a crash before that was
 * removed, it is only removed. Its counts go along, and its rows with them, so that the ledger over all runs holds. Of
 * what both know (a monitor, an issue that flood control holds back) the numbers add up.
 */
static const char take[] =
    "INSERT INTO main.count SELECT 'check_ins_replaced',count(*) FROM beside.event WHERE state=1 AND event_id IN"
    " (SELECT event_id FROM main.event) ON CONFLICT(name) DO UPDATE SET value=value+excluded.value;"
    "INSERT OR IGNORE INTO "
    "main.event(event_id,state,project,next_try_us,created_us,time_us,attempts,level,title,reason,"
    "payload,kind,input,issue,repeat) SELECT "
    "event_id,state,project,next_try_us,created_us,time_us,attempts,level,title,reason,payload,"
    "kind,input,issue,repeat FROM beside.event ORDER BY id;"
    "INSERT INTO main.count SELECT name,value FROM beside.count WHERE true"
    " ON CONFLICT(name) DO UPDATE SET value=value+excluded.value;"
    "INSERT INTO main.report SELECT * FROM beside.report WHERE true"
    " ON CONFLICT(project,reason,category) DO UPDATE SET quantity=quantity+excluded.quantity;"
    "INSERT INTO main.flood SELECT * FROM beside.flood WHERE true"
    " ON CONFLICT(key) DO UPDATE SET count=count+excluded.count,suppressed=suppressed+excluded.suppressed,"
    " first_us=min(first_us,excluded.first_us),last_us=max(last_us,excluded.last_us);"
    "INSERT OR IGNORE INTO main.overdue SELECT * FROM beside.overdue;"
    "INSERT OR IGNORE INTO main.held SELECT * FROM beside.held;"
    "INSERT INTO main.issue SELECT * FROM beside.issue WHERE true ON CONFLICT(key) DO UPDATE SET"
    " first_us=min(first_us,excluded.first_us),last_us=max(last_us,excluded.last_us),count=count+excluded.count,"
    "suppressed=suppressed+excluded.suppressed,history=history_sum(history,excluded.history);"
    "INSERT OR IGNORE INTO main.kept(event_id,issue,time_us,title,payload) SELECT event_id,issue,time_us,title,payload"
    " FROM beside.kept;"
    "UPDATE main.issue SET(events,bytes)=(SELECT count(*),1024+ifnull(sum(length(payload)+256),0) FROM main.kept k "
    "WHERE"
    " k.issue=main.issue.key) WHERE key IN(SELECT key FROM beside.issue);"
    "INSERT OR REPLACE INTO main.meta SELECT 'taken_up',value FROM beside.meta WHERE name='store_id';";

/* history_sum(a, b): what both have counted. */
static void store_beside_sum(sqlite3_context *c, int n, sqlite3_value **v)
{
    struct issue_history all = {0};
    struct sbuf out;
    sbuf_init(&out, ISSUE_HISTORY_BYTES_MAX);
    for (int i = 0; i < n; i++) {
        struct issue_history one;
        const char *bytes = sqlite3_value_blob(v[i]);
        issue_history_read(slice_of(bytes, (size_t)sqlite3_value_bytes(v[i])), &one);
        issue_history_join(&all, &one);
    }
    issue_history_write(&all, &out);
    sqlite3_result_blob(c, out.p, (int)out.n, SQLITE_TRANSIENT);
    sbuf_done(&out);
}

static bool has_taken_up(struct store *s)
{
    int64_t same = 0;
    return store_pragma(s->db,
                        "SELECT count(*) FROM main.meta m JOIN beside.meta b ON m.value=b.value"
                        " WHERE m.name='taken_up' AND b.name='store_id'",
                        &same) &&
           same > 0;
}

static bool take_all(struct store *s)
{
    bool ready = sqlite3_create_function(s->db, "history_sum", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
                                         store_beside_sum, NULL, NULL) == SQLITE_OK;
    if (ready && store_run(s, Q_BEGIN) && store_exec(s, take) && store_end(s, TAKES_ROOM)) {
        store_copy_write(s);
        return true;
    }
    store_failed(s, "take up a store that was left beside this one");
    return false;
}

/* True: all that `left` had is in s. */
static bool take_from(struct store *s, const struct store *left)
{
    char *attach = sqlite3_mprintf("ATTACH DATABASE %Q AS beside", left->path);
    bool ok = attach && store_exec(s, attach);
    sqlite3_free(attach);
    bool taken = ok && (has_taken_up(s) || take_all(s));
    if (!ok)
        store_failed(s, "open a store that was left beside this one");
    if (ok)
        store_exec(s, "DETACH DATABASE beside");
    return taken;
}

static void take_up_one(struct store *s, const char *path)
{
    struct store *left = open_left(path, 0);
    if (!left)
        return;
    struct store_totals t;
    store_keep_issues(left, INT64_MAX, INT64_MAX / 2);
    store_close_open(left);
    store_totals(left, &t);
    if (!take_from(s, left)) {
        store_close(left);
        return;
    }
    log_info("a store that was left beside this one is taken up", log_c("store", path),
             log_i("events", (int64_t)(t.ready + t.dead)));
    store_discard(left);
}

void store_beside_take_up(struct store *s, const char *path)
{
    struct paths left;
    find_beside(path, &left);
    for (unsigned i = 0; i < left.n; i++)
        take_up_one(s, left.v[i]);
    paths_done(&left);
}
