#include "io/store_impl.h"

/* About what the pages of a row take. */
#define ROW_BYTES(payload_) "length(" payload_ ")+512"
#define SHARE_ADD                                                                                                      \
    "INSERT INTO share SELECT new.input,new.state=2,0 WHERE NOT EXISTS(SELECT 1 FROM share WHERE input=new.input AND"  \
    " dead=(new.state=2)); UPDATE share SET bytes=bytes+" ROW_BYTES(                                                   \
        "new.payload") " WHERE input=new.input AND dead=(new.state=2);"
#define SHARE_TAKE                                                                                                     \
    "UPDATE share SET bytes=bytes-(" ROW_BYTES("old.payload") ") WHERE input=old.input AND dead=(old.state=2);"

/* The same by input and project. */
#define PART_ADD                                                                                                       \
    "INSERT INTO share SELECT new.input,new.project,new.state=2,0 WHERE NOT EXISTS(SELECT 1 FROM share WHERE"          \
    " input=new.input AND project=new.project AND dead=(new.state=2)); UPDATE share SET bytes=bytes+" ROW_BYTES(       \
        "new.payload") " WHERE input=new.input AND project=new.project AND dead=(new.state=2);"
#define PART_TAKE                                                                                                      \
    "UPDATE share SET bytes=bytes-(" ROW_BYTES(                                                                        \
        "old.payload") ") WHERE input=old.input AND project=old.project AND dead=(old.state=2);"

/*
 * The migration path: step i leads from user_version i to i + 1. A step, once released, is never changed; a new need is
 * a new step. `event_due` lets the sender find the next row, and its ids survive when the page of a row is damaged.
 * AUTOINCREMENT: an id never comes back, so that an answer still on its way cannot hit another row.
 */
const char *const store_steps[STORE_SCHEMA_VERSION] = {
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
    "INSERT INTO meta VALUES('store_id', randomblob(16));"
    "CREATE TABLE event(id INTEGER PRIMARY KEY AUTOINCREMENT, event_id BLOB NOT NULL UNIQUE, state INTEGER NOT NULL,"
    " project TEXT NOT NULL, next_try_us INTEGER NOT NULL, created_us INTEGER NOT NULL, time_us INTEGER NOT NULL,"
    " attempts INTEGER NOT NULL DEFAULT 0, level TEXT NOT NULL, title TEXT NOT NULL, reason TEXT, payload BLOB NOT "
    "NULL);"
    "CREATE INDEX event_due ON event(state, project, next_try_us);"
    "CREATE TABLE file(key INTEGER PRIMARY KEY, dev INTEGER NOT NULL, ino INTEGER NOT NULL, head_bytes INTEGER NOT "
    "NULL,"
    " head_hash INTEGER NOT NULL, offset INTEGER NOT NULL, path TEXT NOT NULL, input TEXT NOT NULL);"
    "CREATE TABLE count(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;",

    "CREATE TABLE flood(key INTEGER PRIMARY KEY, start_us INTEGER NOT NULL, period_us INTEGER NOT NULL, burst INTEGER "
    "NOT NULL,"
    " count INTEGER NOT NULL, next_pass INTEGER NOT NULL, suppressed INTEGER NOT NULL, first_us INTEGER NOT NULL,"
    " last_us INTEGER NOT NULL, project TEXT, title TEXT, level TEXT, sample BLOB);"
    "CREATE TABLE report(project TEXT NOT NULL, reason TEXT NOT NULL, category TEXT NOT NULL, quantity INTEGER NOT "
    "NULL,"
    " PRIMARY KEY(project, reason, category)) WITHOUT ROWID;",

    "ALTER TABLE file ADD COLUMN held_stdout INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE file ADD COLUMN held_stderr INTEGER NOT NULL DEFAULT 0;",

    "ALTER TABLE event ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;"
    "DROP INDEX event_due;"
    "CREATE INDEX event_due ON event(state, project, kind, next_try_us);"
    "CREATE TABLE overdue(key INTEGER PRIMARY KEY, rule TEXT NOT NULL, since_us INTEGER NOT NULL, time_us INTEGER NOT "
    "NULL,"
    " times INTEGER NOT NULL, silent INTEGER NOT NULL, file_key INTEGER NOT NULL, offset INTEGER NOT NULL, record BLOB "
    "NOT NULL);"
    "INSERT INTO meta VALUES('clock_us', 0);",

    "ALTER TABLE flood ADD COLUMN varied TEXT;",

    "ALTER TABLE flood ADD COLUMN remote INTEGER NOT NULL DEFAULT 0;",

    /* 1: the keys of older versions, which a store that has some goes on with; 2: hash128. */
    "INSERT OR IGNORE INTO meta SELECT 'keys', CASE user_version WHEN 0 THEN 2 ELSE 1 END FROM pragma_user_version;",

    /* What the rows of each input take, and apart from them its dead letters, which make room for others. Triggers keep
       it, so that it is right whoever changes rows. */
    "ALTER TABLE event ADD COLUMN input TEXT NOT NULL DEFAULT '';"
    "CREATE INDEX event_input ON event(input);"
    "CREATE TABLE share(input TEXT NOT NULL, dead INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY(input, dead)) "
    "WITHOUT ROWID;"
    "INSERT INTO share SELECT '',state=2,sum(" ROW_BYTES(
        "payload") ") FROM event GROUP BY 2;"
                   "CREATE TRIGGER event_comes AFTER INSERT ON event BEGIN " SHARE_ADD " END;"
                   "CREATE TRIGGER event_goes AFTER DELETE ON event BEGIN " SHARE_TAKE " END;"
                   "CREATE TRIGGER event_changes AFTER UPDATE OF payload ON event BEGIN " SHARE_TAKE SHARE_ADD " END;"
                   "CREATE TRIGGER event_dies AFTER UPDATE OF state ON event WHEN (old.state=2)<>(new.state=2) "
                   "BEGIN " SHARE_TAKE SHARE_ADD " END;",

    /* Every input has rows of its own and says what is in them: a tail's files (tail_position.h), what says that a tail
       has been there, the cursor of a journal. Until now a row was a file, and the last two borrowed its columns. */
    "CREATE TABLE position(input TEXT NOT NULL, part TEXT NOT NULL, offset INTEGER NOT NULL, blob BLOB NOT NULL,"
    " PRIMARY KEY(input, part)) WITHOUT ROWID;"
    "INSERT OR REPLACE INTO position SELECT input,printf('%016x',key),offset,CAST(printf('file1 %x %x %x %x %x %x ',"
    "dev,ino,head_bytes,head_hash,held_stdout,held_stderr)||path AS BLOB) FROM file WHERE path<>'' AND ino<>0;"
    "INSERT OR REPLACE INTO position SELECT input,'',0,CAST(printf('seen1 %x',offset) AS BLOB) FROM file WHERE path='';"
    "INSERT OR REPLACE INTO position SELECT input,'',0,CAST('cursor1 '||path AS BLOB) FROM file"
    " WHERE path<>'' AND ino=0 AND input LIKE 'journal:%';"
    "DROP TABLE file;",

    /* Records that wait for the lines of their stack trace, of senders that do not send again. */
    "CREATE TABLE held(key INTEGER PRIMARY KEY, last_us INTEGER NOT NULL, lines INTEGER NOT NULL, held BLOB NOT "
    "NULL);",

    /* 1: what all versions before grouped by, which a store that has issues goes on with. A later number for new stores
       is a step of its own. */
    "INSERT OR IGNORE INTO meta SELECT 'grouping', CASE user_version WHEN 0 THEN 2 ELSE 1 END FROM "
    "pragma_user_version;",

    /* What became of lines (store_fates.c): chunks of ranges, of which file each is; what is known no longer of a file,
       and of one that is read no longer its last position; and events that have left, many in a row. */
    "CREATE TABLE fate(number INTEGER PRIMARY KEY, file INTEGER NOT NULL, first INTEGER NOT NULL, beyond INTEGER NOT "
    "NULL, bytes BLOB NOT NULL);"
    "CREATE INDEX fate_of_file ON fate(file);"
    "CREATE TABLE fate_file(key INTEGER PRIMARY KEY, forgotten INTEGER NOT NULL DEFAULT 0, offset INTEGER NOT NULL "
    "DEFAULT "
    "0, blob BLOB);"
    "CREATE TABLE departed(number INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, how INTEGER NOT NULL, ids BLOB NOT "
    "NULL);",
    /* The key of its issue (struct verdict; 0: it has none, or an older version stored it); and whether the store had
       another event of that when it came, so that this one may make room. What a project uses. */
    "ALTER TABLE event ADD COLUMN issue INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE event ADD COLUMN repeat INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX event_issue ON event(issue, state) WHERE issue<>0;"
    "DROP INDEX event_input; CREATE INDEX event_input ON event(input, repeat);"
    "DROP TRIGGER event_comes; DROP TRIGGER event_goes; DROP TRIGGER event_changes; DROP TRIGGER event_dies;"
    "DROP TABLE share;"
    "CREATE TABLE share(input TEXT NOT NULL, project TEXT NOT NULL, dead INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " PRIMARY KEY(input, project, dead)) WITHOUT ROWID;"
    "INSERT INTO share SELECT input,project,state=2,sum(" ROW_BYTES(
        "payload") ") FROM event GROUP BY 1,2,3;"
                   "CREATE TRIGGER event_comes AFTER INSERT ON event BEGIN " PART_ADD " END;"
                   "CREATE TRIGGER event_goes AFTER DELETE ON event BEGIN " PART_TAKE " END;"
                   "CREATE TRIGGER event_changes AFTER UPDATE OF payload ON event BEGIN " PART_TAKE PART_ADD " END;"
                   "CREATE TRIGGER event_dies AFTER UPDATE OF state ON event WHEN (old.state=2)<>(new.state=2) "
                   "BEGIN " PART_TAKE PART_ADD " END;",

    /* Issues and their events, those that were delivered, too (store_issues.c). What waits to be sent says of those of
       an older version what there is to say; `bytes` is what they take. */
    "CREATE TABLE issue(key INTEGER PRIMARY KEY, first_us INTEGER NOT NULL, last_us INTEGER NOT NULL, count INTEGER "
    "NOT "
    "NULL, suppressed INTEGER NOT NULL DEFAULT 0, events INTEGER NOT NULL DEFAULT 0, title TEXT, type TEXT, value TEXT,"
    " level TEXT, rule TEXT, project TEXT, app TEXT, host TEXT, origin TEXT, tags TEXT, history BLOB, bytes INTEGER "
    "NOT "
    "NULL);"
    "CREATE INDEX issue_last ON issue(last_us);"
    "CREATE TABLE kept(event_id BLOB NOT NULL UNIQUE, issue INTEGER NOT NULL, time_us INTEGER NOT NULL, title TEXT NOT "
    "NULL,"
    " payload BLOB NOT NULL);"
    "CREATE INDEX kept_of_issue ON kept(issue, time_us);"
    "INSERT INTO issue(key,first_us,last_us,count,title,level,project,bytes) SELECT issue,min(time_us),max(time_us),"
    "count(*),title,level,project,1024 FROM event WHERE issue<>0 AND kind=0 GROUP BY issue;",
};

#define ISSUE_NUMBERS "key,first_us,last_us,count,suppressed,events"
#define ISSUE_TEXTS_OF "title,type,value,level,rule,project,app,host,origin,tags"
#define KEPT_COLUMNS "event_id,issue,time_us,title,payload"
#define KEPT_BYTES "length(payload)+256"

/* What is asked of rows that may have to make room. */
/* ?1: at most so many, ?2: an id, or 0 for all. */
#define ROWS_OF(state_) "(SELECT id FROM event WHERE state=" #state_ " AND (?2=0 OR id=?2) LIMIT ?1)"
#define DEAD_LETTERS "(SELECT id FROM event WHERE state=2 ORDER BY id LIMIT ?1)"
#define VICTIM                                                                                                         \
    "SELECT id,project,kind," ROW_BYTES("payload") " FROM event e INDEXED BY event_input WHERE input=?1 AND state=1 "
/* The store has an older one of the same issue, so that some sample of it stays whatever is taken of these. */
#define HAS_OLDER                                                                                                      \
    "EXISTS(SELECT 1 FROM event o INDEXED BY event_issue WHERE o.issue=e.issue AND o.issue<>0 AND o.id<e.id AND"       \
    " o.state IN(0,1))"
#define REPORT_ADD " ON CONFLICT(project,reason,category) DO UPDATE SET quantity=quantity+excluded.quantity"
#define ROW_COLUMNS                                                                                                    \
    "id,state,created_us,next_try_us,attempts,time_us,event_id,project,level,title,reason,length(payload),kind,issue,"

const char *const store_sql[Q_N] = {
    [Q_BEGIN] = "BEGIN IMMEDIATE",
    [Q_COMMIT] = "COMMIT",
    [Q_ROLLBACK] = "ROLLBACK",
    [Q_PAGES] = "PRAGMA page_count",
    [Q_FREE_PAGES] = "PRAGMA freelist_count",
    [Q_SHRINK] = "PRAGMA incremental_vacuum(512)",
    [Q_SHRINK_FULL] = "PRAGMA incremental_vacuum(32)",
    /* The row gets a new id, so that the answer to the one before does not hit it. */
    [Q_REPLACE] = "INSERT OR REPLACE INTO "
                  "event(event_id,state,project,next_try_us,created_us,time_us,level,title,payload,input,kind,issue)"
                  " VALUES(?1,?2,?3,?4,?4,?5,?6,?7,?8,?9,?10,?11)",
    [Q_PUT] =
        "INSERT INTO event(event_id,state,project,next_try_us,created_us,time_us,level,title,payload,input,kind,issue,"
        "repeat) VALUES(?1,?2,?3,?4,?4,?5,?6,?7,?8,?9,?10,?11,EXISTS(SELECT 1 FROM event INDEXED BY event_issue WHERE"
        " issue=?11 AND issue<>0 AND state IN(0,1) AND event_id<>?1)) ON CONFLICT(event_id) DO UPDATE SET "
        "state=excluded.state,"
        " project=excluded.project,next_try_us=excluded.next_try_us,time_us=excluded.time_us,level=excluded.level,"
        " title=excluded.title,payload=excluded.payload WHERE event.state=0",
    [Q_POSITION] = "INSERT OR REPLACE INTO position VALUES(?1,?2,?3,?4)",
    [Q_POSITION_FIRST] = "INSERT OR IGNORE INTO position VALUES(?1,?2,?3,?4)",
    [Q_POSITION_GONE] = "DELETE FROM position WHERE input=?1 AND part=?2",
    [Q_COUNT] = "INSERT INTO count VALUES(?1,?2) ON CONFLICT(name) DO UPDATE SET value=value+excluded.value",
    [Q_COUNTS] = "SELECT name,value FROM count",
    [Q_POSITIONS] = "SELECT input,part,offset,blob FROM position",
    [Q_CLOSE_OPEN] = "UPDATE event SET state=1 WHERE id IN(SELECT id FROM event WHERE state=0 LIMIT ?1)",
    [Q_DUE] = "SELECT id FROM event WHERE state=1 AND project=?1 AND kind=?4 AND (next_try_us<=?2 OR next_try_us>?3"
              " OR attempts=0) ORDER BY next_try_us,id",
    [Q_NEXT_DUE] = "SELECT id,next_try_us FROM event WHERE state=1 AND project=?1 AND kind=?2 ORDER BY next_try_us,id",
    [Q_PROJECTS] = "SELECT DISTINCT project FROM event WHERE state=1 LIMIT 64",
    [Q_ROWS_OF] = "SELECT project,state,count(*) FROM event INDEXED BY event_due WHERE state IN(0,1,2)"
                  " GROUP BY state,project LIMIT 256",
    [Q_GET] = "SELECT " ROW_COLUMNS "payload FROM event WHERE id=?1",
    [Q_HEAD] = "SELECT " ROW_COLUMNS "NULL FROM event WHERE id=?1",
    [Q_IDS] = "SELECT id FROM event INDEXED BY event_due WHERE state IN(0,1,2) ORDER BY id",
    [Q_NEWEST] = "SELECT " ROW_COLUMNS "NULL FROM event ORDER BY id DESC LIMIT ?1",
    [Q_DEAD_LETTERS] = "SELECT " ROW_COLUMNS "NULL FROM event WHERE id IN(SELECT id FROM event INDEXED BY event_due"
                       " WHERE state=2 AND id<?1 ORDER BY id DESC LIMIT ?2) ORDER BY id DESC",
    [Q_FIND] = "SELECT id FROM event WHERE event_id=?1",
    [Q_REPLACED] = "SELECT count(*) FROM event WHERE event_id=?1 AND state=1",
    /* One statement, so that both are of one moment, whatever a tool does meanwhile. The rows have no name. */
    [Q_COUNTS_AND_ROWS] = "SELECT name,value FROM count UNION ALL SELECT NULL,count(*) FROM event WHERE state=1",
    [Q_SENT] = "DELETE FROM event WHERE id=?1",
    [Q_EXPIRED] = "SELECT id,kind FROM event WHERE state=1 AND project=?1 AND created_us<?2",
    [Q_CAME_NOW] = "UPDATE event SET created_us=?2 WHERE id IN(SELECT id FROM event WHERE state=1 AND project=?1 AND"
                   " (created_us>?3 OR created_us<?4) LIMIT ?5)",
    [Q_RETRY] = "UPDATE event SET attempts=attempts+1,next_try_us=?2,reason=?3 WHERE id=?1 AND state=1",
    [Q_DEAD] = "UPDATE event SET state=2,repeat=0,attempts=attempts+1,reason=?3 WHERE id=?1 AND state=1",
    [Q_TOTALS] = "SELECT state,count(*) FROM event GROUP BY state",
    [Q_EVICT] = "DELETE FROM event WHERE id IN" DEAD_LETTERS,
    [Q_EVICT_IDS] = "SELECT event_id FROM event WHERE kind=0 AND id IN" DEAD_LETTERS,
    [Q_EVENT_ID] = "SELECT event_id FROM event WHERE kind=0 AND id=?1",
    [Q_REPEATS] = VICTIM "AND repeat=1 AND " HAS_OLDER " ORDER BY id LIMIT ?2",
    [Q_OLDEST] = "SELECT * FROM(" VICTIM "AND repeat=0 ORDER BY id LIMIT ?2) UNION ALL SELECT * FROM(" VICTIM
                 "AND repeat=1 ORDER BY id LIMIT ?2) ORDER BY id LIMIT ?2",
    /* Those that use most first. */
    [Q_INPUTS] = "SELECT input FROM share WHERE dead=0 AND bytes>0 GROUP BY input ORDER BY sum(bytes) DESC LIMIT ?1",
    /* ?2: an id, or 0 for all. What is put back gets the place that it came to, so that it is due also where the clock
       of the daemon is behind ?3, the tool's. */
    [Q_REQUEUE] = "UPDATE event SET state=1,next_try_us=min(created_us,?3) WHERE id IN(SELECT id FROM event"
                  " WHERE state=2 AND (?2=0 OR id=?2) LIMIT ?1)",
    [Q_HURRY] = "UPDATE event SET next_try_us=min(created_us,?3) WHERE id IN(SELECT id FROM event"
                " WHERE state=1 AND next_try_us>min(created_us,?3) AND (?2=0 OR id=?2) LIMIT ?1)",
    [Q_DROP_DEAD] = "DELETE FROM event WHERE id IN" ROWS_OF(2),
    [Q_DROP_DEAD_IDS] = "SELECT event_id FROM event WHERE kind=0 AND id IN" ROWS_OF(2),
    [Q_FLOOD] =
        "INSERT INTO flood VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15) ON CONFLICT(key) DO UPDATE SET"
        " start_us=excluded.start_us,period_us=excluded.period_us,burst=excluded.burst,count=excluded.count,"
        " next_pass=excluded.next_pass,suppressed=excluded.suppressed,first_us=excluded.first_us,last_us=excluded.last_"
        "us,"
        " project=coalesce(excluded.project,project),title=coalesce(excluded.title,title),"
        " level=coalesce(excluded.level,level),sample=coalesce(excluded.sample,sample),"
        " varied=coalesce(excluded.varied,varied),remote=excluded.remote",
    [Q_FLOOD_GONE] = "DELETE FROM flood WHERE key=?1",
    [Q_FLOODS] = "SELECT * FROM flood ORDER BY start_us",
    [Q_DEADLINE] = "INSERT OR REPLACE INTO overdue VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
    [Q_DEADLINE_GONE] = "DELETE FROM overdue WHERE key=?1",
    [Q_DEADLINES] = "SELECT * FROM overdue ORDER BY since_us",
    [Q_HELD] = "INSERT OR REPLACE INTO held VALUES(?1,?2,?3,?4)",
    [Q_HELD_GONE] = "DELETE FROM held WHERE key=?1",
    [Q_HELD_ALL] = "SELECT key,last_us,lines,held FROM held ORDER BY last_us,key",
    [Q_GROUPING] = "INSERT OR REPLACE INTO meta VALUES('grouping',?1)",
    [Q_NOTE] = "INSERT OR REPLACE INTO meta VALUES(?1,?2)",
    [Q_NOTE_GONE] = "DELETE FROM meta WHERE name=?1",
    [Q_NOTES] = "SELECT name,value FROM meta WHERE name>='next_try:' AND name<'next_try;'",
    [Q_NOTES_GONE] = "DELETE FROM meta WHERE name>='next_try:' AND name<'next_try;'",
    [Q_WAKE] = "INSERT INTO meta VALUES('wakes',1) ON CONFLICT(name) DO UPDATE SET value=value+1",
    [Q_WAKES] = "SELECT value FROM meta WHERE name='wakes'",
    [Q_AHEAD] = "INSERT INTO meta VALUES('ahead',?1) ON CONFLICT(name) DO UPDATE SET value=value+excluded.value",
    [Q_AHEAD_GONE] = "DELETE FROM meta WHERE name='ahead'",
    [Q_AHEAD_GET] = "SELECT ifnull((SELECT value FROM meta WHERE name='ahead'),0)",
    [Q_RENEWED] = "INSERT OR REPLACE INTO meta VALUES('renewed',1)",
    [Q_RENEWED_GONE] = "DELETE FROM meta WHERE name='renewed'",
    [Q_RENEWED_GET] = "SELECT count(*) FROM meta WHERE name='renewed'",
    [Q_FATE] = "INSERT INTO fate VALUES(?1,?2,?3,?4,?5) ON CONFLICT(number) DO UPDATE SET first=excluded.first,"
               "beyond=excluded.beyond,bytes=excluded.bytes",
    [Q_FATE_FIRST] = "SELECT number,file,beyond,length(bytes) FROM fate ORDER BY number LIMIT 1",
    [Q_FATE_GONE] = "DELETE FROM fate WHERE number=?1",
    [Q_FATE_FORGET] = "INSERT INTO fate_file(key,forgotten) VALUES(?1,?2) ON CONFLICT(key) DO UPDATE SET"
                      " forgotten=max(forgotten,excluded.forgotten)",
    [Q_FATE_FORGOTTEN] = "SELECT forgotten FROM fate_file WHERE key=?1",
    [Q_FATES] = "SELECT number,file,first,beyond FROM fate WHERE file=?1 ORDER BY number",
    [Q_FATES_BYTES] = "SELECT number,file,first,beyond,bytes FROM fate WHERE ?1=0 OR file=?1 ORDER BY number",
    [Q_FATE_BYTES] = "SELECT bytes FROM fate WHERE number=?1",
    [Q_FATES_NONE] = "DELETE FROM fate",
    [Q_FATE_FILE] = "INSERT INTO fate_file(key,offset,blob) SELECT ?1,?2,?3 WHERE EXISTS(SELECT 1 FROM fate WHERE"
                    " file=?1) ON CONFLICT(key) DO UPDATE SET offset=excluded.offset,blob=excluded.blob",
    [Q_FATE_FILE_GONE] =
        "DELETE FROM fate_file WHERE key=?1 AND blob IS NOT NULL AND NOT EXISTS(SELECT 1 FROM fate WHERE "
        "file=?1)",
    [Q_FATE_FILES] = "SELECT printf('%016x',key),offset,blob FROM fate_file WHERE blob IS NOT NULL",
    [Q_FATE_FILES_NONE] = "DELETE FROM fate_file",
    [Q_DEPARTED] = "INSERT INTO departed(at_us,how,ids) VALUES(?1,?2,?3)",
    [Q_DEPARTED_LAST] = "SELECT number,how,at_us,length(ids) FROM departed ORDER BY number DESC LIMIT 1",
    [Q_DEPARTED_MORE] = "UPDATE departed SET ids=CAST(ids||?2 AS BLOB) WHERE number=?1",
    [Q_DEPARTED_FIRST] = "SELECT number,length(ids) FROM departed ORDER BY number LIMIT 1",
    [Q_DEPARTED_GONE] = "DELETE FROM departed WHERE number=?1",
    [Q_DEPARTED_ALL] = "SELECT at_us,how,ids FROM departed ORDER BY number DESC",
    [Q_DEPARTED_NONE] = "DELETE FROM departed",
    [Q_CLOCK] = "UPDATE meta SET value=?1 WHERE name='clock_us'",
    [Q_CLOCK_GET] = "SELECT value FROM meta WHERE name='clock_us'",
    [Q_REPORT] = "INSERT INTO report VALUES(?1,?2,?3,?4)" REPORT_ADD,
    [Q_REPORTS] = "SELECT reason,category,quantity FROM report WHERE project=?1",
    [Q_REPORT_TOLD] = "UPDATE report SET quantity=quantity-?4 WHERE project=?1 AND reason=?2 AND category=?3",
    [Q_SHARES] = "SELECT input,project,dead,bytes FROM share WHERE bytes>0",
    [Q_REPORT_GONE] = "DELETE FROM report WHERE quantity<=0",
    [Q_OPEN_BYTES] = "SELECT ifnull(sum(" ROW_BYTES("payload") "),0) FROM event WHERE state=0",
    [Q_DROP_OPEN] = "DELETE FROM event WHERE id IN" ROWS_OF(0),
    [Q_DROP_OPEN_IDS] = "SELECT event_id FROM event WHERE kind=0 AND id IN" ROWS_OF(0),
    [Q_DROP_OPEN_NOTE] =
        "INSERT OR REPLACE INTO meta SELECT 'dropped:'||hex(event_id),1 FROM event WHERE id IN" ROWS_OF(0),
    [Q_DROPPED] = "SELECT count(*) FROM meta WHERE name='dropped:'||hex(?1)",
    [Q_DROPPED_ANY] = "SELECT EXISTS(SELECT 1 FROM meta WHERE name>='dropped:' AND name<'dropped;')",
    [Q_DROPPED_GONE] = "DELETE FROM meta WHERE name='dropped:'||hex(?1)",
    [Q_DROPPED_NONE] = "DELETE FROM meta WHERE name>='dropped:' AND name<'dropped;'",
    /* What one of these is about to delete; ?6: the state. */
    [Q_DROP_REPORT] =
        "INSERT INTO report SELECT project,?3,?4,count(*) FROM event WHERE kind=?5 AND id IN(SELECT id FROM"
        " event WHERE state=?6 AND (?2=0 OR id=?2) LIMIT ?1) GROUP BY project" REPORT_ADD,
    [Q_DROP_READY] = "DELETE FROM event WHERE id IN" ROWS_OF(1),
    [Q_DROP_READY_IDS] = "SELECT event_id FROM event WHERE kind=0 AND id IN" ROWS_OF(1),
    [Q_ISSUES_BYTES] = "SELECT ifnull(sum(bytes),0) FROM issue",
    [Q_ISSUES_NONE] = "DELETE FROM issue",
    [Q_ISSUE_NUMBERS] = "SELECT first_us,last_us,count,suppressed,history FROM issue WHERE key=?1",
    [Q_ISSUE_COUNT] =
        "INSERT INTO issue(key,first_us,last_us,count,suppressed,history,bytes) VALUES(?1,?2,?3,?4,?5,?6,?7)"
        " ON CONFLICT(key) DO UPDATE SET first_us=excluded.first_us,last_us=excluded.last_us,"
        "count=excluded.count,suppressed=excluded.suppressed,history=excluded.history",
    [Q_ISSUE_ABOUT] = "UPDATE issue SET(" ISSUE_TEXTS_OF ")=(?2,?3,?4,?5,?6,?7,?8,?9,?10,?11) WHERE key=?1 AND"
                      " ?12>=ifnull((SELECT max(time_us) FROM kept WHERE issue=?1),0)",
    [Q_ISSUE_BYTES] = "SELECT ifnull((SELECT bytes FROM issue WHERE key=?1),0)",
    [Q_ISSUE_WEIGH] = "UPDATE issue SET(events,bytes)=(SELECT count(*),?2+ifnull(sum(" KEPT_BYTES "),0) FROM kept WHERE"
                      " kept.issue=?1) WHERE key=?1 RETURNING bytes",
    [Q_ISSUE_OLDEST] = "SELECT key,last_us,bytes FROM issue ORDER BY last_us,key LIMIT 1",
    [Q_ISSUE_GONE] = "DELETE FROM issue WHERE key=?1",
    [Q_ISSUES] = "SELECT " ISSUE_NUMBERS "," ISSUE_TEXTS_OF " FROM issue",
    [Q_ISSUE] = "SELECT " ISSUE_NUMBERS "," ISSUE_TEXTS_OF ",history FROM issue WHERE key=?1",
    [Q_ISSUE_FIND] = "SELECT key FROM issue WHERE key BETWEEN ?1 AND ?2 LIMIT 2",
    /* Of an issue that is not there, since it had to go, nothing is kept. */
    [Q_KEPT] = "INSERT OR REPLACE INTO kept(" KEPT_COLUMNS ") SELECT " KEPT_COLUMNS " FROM event WHERE event_id=?1 AND"
               " EXISTS(SELECT 1 FROM issue WHERE key=event.issue)",
    [Q_KEPT_NEW] = "INSERT OR REPLACE INTO kept(" KEPT_COLUMNS ") SELECT ?1,?2,?3,?4,?5 WHERE"
                   " EXISTS(SELECT 1 FROM issue WHERE key=?2)",
    [Q_KEPT_PRUNE] = "DELETE FROM kept WHERE issue=?1 AND rowid NOT IN(SELECT rowid FROM kept WHERE issue=?1 ORDER BY"
                     " time_us DESC,rowid DESC LIMIT ?2) AND rowid<>(SELECT rowid FROM kept WHERE issue=?1 ORDER BY"
                     " time_us,rowid LIMIT 1)",
    [Q_KEPT_GONE] = "DELETE FROM kept WHERE issue=?1",
    [Q_KEPT_FORGET] = "DELETE FROM kept WHERE event_id=?1 RETURNING issue",
    [Q_KEPT_NONE] = "DELETE FROM kept",
    [Q_KEPT_OF] = "SELECT " KEPT_COLUMNS " FROM kept WHERE issue=?1 ORDER BY time_us DESC,rowid DESC",
    [Q_KEPT_GET] = "SELECT " KEPT_COLUMNS " FROM kept WHERE event_id=?1",
    [Q_KEPT_OPEN] =
        "INSERT OR REPLACE INTO kept(" KEPT_COLUMNS ") SELECT " KEPT_COLUMNS " FROM event WHERE kind=0 AND id"
        " IN(SELECT id FROM event WHERE state=0 LIMIT ?1) AND EXISTS(SELECT 1 FROM issue WHERE"
        " key=event.issue)",
    [Q_OPEN_ISSUES] = "SELECT DISTINCT issue FROM event WHERE kind=0 AND issue<>0 AND id IN(SELECT id FROM event WHERE"
                      " state=0 LIMIT ?1)",
};
