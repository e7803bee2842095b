"""The store damaged, removed or in the way: crumbd goes on with a new one, reads nothing twice and skips nothing."""
import glob
import os
import urllib.error
import urllib.request

from harness import free_port, item, nginx_line

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - tail: {dir}/logs/*.log
    format: nginx-error
    timezone: UTC
    from: start
breadcrumbs: {{wait: 10ms}}
limits: {{per_issue: {{burst: 2000000000, period: 1h}}, per_minute: 2000000000, per_day: 2000000000}}
http: 127.0.0.1:{page}
"""
LINES = 400
PAGE = 4096


def start(t, up):
    page = free_port()
    os.makedirs(t.path("logs"), exist_ok=True)
    config = t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, page=page))
    return config, page


def write(t, begin, end):
    t.append("logs/error.log", "".join(map(nginx_line, range(begin, end))))


def is_ready(page):
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d/readyz" % page, timeout=10) as r:
            return r.status == 200
    except urllib.error.HTTPError:
        return False


def junk(path, begin, end):
    """Overwrites pages of a file that others have open."""
    with open(path, "r+b", buffering=0) as f:
        f.seek(begin * PAGE)
        f.write(b"\xee" * (PAGE * (end - begin)))


def set_aside(t):
    return [p for p in glob.glob(t.path("crumbd.db.damaged-*")) if not p.endswith(("-wal", "-shm"))]


def fill(t, up):
    """A daemon with LINES events in its store, none of them sent."""
    up.stop()
    config, page = start(t, up)
    write(t, 0, LINES)
    d = t.start(config)
    d.wait_count("stored", LINES)
    return config, page, d


def check(t, up, d, lines, lost_before=0):
    """Each line arrives once, or is counted as lost with the store."""
    up.start()

    def arrived():
        return len(up.events) + d.ledger().get("store_lost", 0) + lost_before
    t.until(lambda: arrived() >= lines, lambda: "%d lines arrive or are lost by name, not %d" % (lines, arrived()), 120)
    t.until(lambda: d.ledger().get("sent", 0) >= d.ledger()["stored"], "all that is there is sent")
    t.eq(arrived(), lines)
    return sorted(map(item, up.events))


def scenario_store_damaged_while_running(t):
    """Pages of a store in use are overwritten: it is set aside, what can be read of it goes on, and so does reading."""
    up = t.upstream()
    config, page, d = fill(t, up)
    pages = os.path.getsize(t.path("crumbd.db")) // PAGE
    junk(t.path("crumbd.db"), pages // 4, pages)
    junk(t.path("crumbd.db-wal"), 0, 1)
    write(t, LINES, 2 * LINES)
    d.wait_count("stored", 2 * LINES)
    t.until(lambda: is_ready(page), "it is ready")
    lost = d.ledger().get("store_lost", 0)
    d.kill()  # with the damage in the files that the next one finds
    write(t, 2 * LINES, 2 * LINES + 50)
    d = t.start(config)
    d.wait_count("stored", 50)
    seen = check(t, up, d, 2 * LINES + 50, lost)
    t.eq(len(seen), len(set(seen)), "lines that came under two event ids")
    t.eq([n for n in range(2 * LINES, 2 * LINES + 50) if n not in seen], [], "lines written after the damage")
    d.stop()
    t.start(config).stop(sent=0)


def scenario_store_header_gone(t):
    """Its first page is overwritten while crumbd is not running: what it had is counted as lost, the files go on where they were."""
    up = t.upstream()
    config, page, d = fill(t, up)
    d.stop()
    junk(t.path("crumbd.db"), 0, 1)
    write(t, LINES, LINES + 100)
    d = t.start(config)
    d.wait_log("a new one goes on where it was")
    t.eq(len(set_aside(t)), 1)
    d.wait_count("stored", 100)
    t.eq(d.ledger()["store_lost"], LINES)
    assert is_ready(page)
    t.eq(check(t, up, d, LINES + 100), list(range(LINES, LINES + 100)))
    ledger = d.stop(sent=100)
    t.eq((ledger["stores_renewed"], ledger["sent"]), (1, 100))


def scenario_store_removed(t):
    """Somebody removes the store: while crumbd runs nothing is lost; between two runs what it had, by name, and nothing is read again."""
    up = t.upstream()
    config, page, d = fill(t, up)
    for end in ("", "-wal", "-shm"):
        os.remove(t.path("crumbd.db" + end))
    write(t, LINES, LINES + 100)
    d.wait_count("stores_renewed", 1)
    d.wait_count("stored", LINES + 100)
    t.eq(d.ledger().get("store_lost", 0), 0)
    d.stop()
    os.remove(t.path("crumbd.db"))
    write(t, LINES + 100, LINES + 150)
    d = t.start(config)
    d.wait_log("is gone or empty, and was not before")
    d.wait_count("stored", 50)
    t.eq(d.ledger()["store_lost"], LINES + 100)
    t.eq(check(t, up, d, LINES + 150), list(range(LINES + 100, LINES + 150)))
    d.stop(sent=50)


def scenario_store_of_another_run(t):
    """A second crumbd is refused with the pid of the first, and one whose folder may not be written with what to do."""
    up = t.upstream()
    config, page = start(t, up)
    d = t.start(config)
    err = t.run("run", "-c", config, status=3)[1]
    assert "in use by another crumbd, pid %d" % d.pid in err, err
    d.stop()
    if os.getuid() != 0 or os.system("mount --bind -o ro '%s' '%s' 2>/dev/null" % (t.path("logs"), t.path("logs"))) != 0:
        t.skip("nothing can be made read-only here (root only)")
    t.at_end.append(lambda: os.system("umount -l '%s'" % t.path("logs")))
    err = t.run("run", "-c", t.config("sentry: {dsn: \"%s\"}\nstore: %s/crumbd.db\n" % (up.dsn(), t.path("logs")), name="ro.yaml"), status=3)[1]
    assert "logs/crumbd.db" in err and "Read-only file system" in err, err
