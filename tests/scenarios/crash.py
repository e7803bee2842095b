"""kill -9: every error once upstream, none missing."""
import errno
import os
import random
import sqlite3
import threading

from harness import item, nginx_line, total
from nginx import Tmpfs

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - tail: {dir}/logs/error.log
    format: nginx-error
    timezone: UTC
    from: start
breadcrumbs: {{wait: 10ms}}
limits: {{per_issue: {{burst: 2000000000, period: 1h}}, per_minute: 2000000000, per_day: 2000000000}}
"""
LINES = 10000


class Writer(threading.Thread):
    """Appends LINES errors, a few at a time, to whatever error.log is; rotate() renames it between two of its writes."""

    def __init__(self, t):
        super().__init__(daemon=True)
        self.t, self.lock, self.written, self.rotations = t, threading.Lock(), 0, 0
        self.f = open(t.path("logs/error.log"), "ab")
        self.go = threading.Semaphore(0)

    def run(self):
        rnd = random.Random(4)
        while self.written < LINES:
            with self.lock:
                n = min(LINES - self.written, rnd.randrange(1, 60))
                data = "".join(nginx_line(self.written + i) for i in range(n)).encode()
                # Also in two writes, so that a line may be half there.
                cut = rnd.randrange(len(data))
                self.f.write(data[:cut])
                self.f.flush()
                self.f.write(data[cut:])
                self.f.flush()
                self.written += n
            self.go.acquire(timeout=0.01)  # about five thousand lines a second

    def rotate(self):
        with self.lock:
            self.rotations += 1
            self.f.close()
            os.rename(self.t.path("logs/error.log"), self.t.path("logs/error.log.%d" % self.rotations))
            self.f = open(self.t.path("logs/error.log"), "ab")


def check_all_there(t, up):
    t.until(lambda: len(up.events) >= LINES, "%d different events upstream" % LINES, 180)
    seen = sorted(map(item, list(up.events)))
    missing = sorted(set(range(LINES)) - set(seen))
    t.eq(missing[:10], [], "%d missing" % len(missing))
    t.eq(len(seen), LINES, "events with different ids for the same line")


def scenario_kill_nine(t):
    """Ten kills at random moments while 10 000 errors are written, some with a rotation between kill and restart."""
    up = t.upstream()
    os.makedirs(t.path("logs"))
    config = t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir))
    writer = Writer(t)
    rnd = random.Random(8)
    d = t.start(config)
    writer.start()
    for i in range(10):
        # The moment is wherever the next few events find it, so anywhere in a commit, a read or a delivery.
        mark = len(up.events) + rnd.randrange(1, 700)
        up.wait(lambda: len(up.events) >= min(mark, LINES), 60)
        d.kill()
        if i % 3 == 0:
            writer.rotate()
        d = t.start(config)
    writer.join(120)
    check_all_there(t, up)
    d.stop()
    print("%d events came twice with one id" % len(up.duplicates))


def scenario_kill_nine_at_first_sight(t):
    """Killed as soon as its very first run is ready, and the file renamed: what was there, and what came since, arrives."""
    for begin in ("start", "end"):
        up = t.upstream()
        folder = "logs/" + begin
        t.write(folder + "/error.log", nginx_line(1))
        config = t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir).replace("logs", folder).replace("from: start", "from: " + begin),
                          name=begin + ".yaml", store=begin + ".db")
        d = t.start(config)
        t.append(folder + "/error.log", nginx_line(2))
        d.kill()
        os.rename(t.path(folder, "error.log"), t.path(folder, "error.log.1"))
        t.write(folder + "/error.log", nginx_line(3))
        d = t.start(config)
        want = [1, 2, 3] if begin == "start" else [2, 3]
        t.wait_events(up, len(want))
        t.eq(sorted(map(item, up.events)), want, "from: " + begin)
        d.stop()
        t.eq(len(up.events), len(want))


def scenario_kill_nine_upstream_down(t):
    """The same while nobody listens upstream: everything waits in the store."""
    up = t.upstream()
    os.makedirs(t.path("logs"))
    config = t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir))
    up.stop()
    writer = Writer(t)
    d = t.start(config)
    writer.start()
    for i in range(4):
        d.wait_count("lines_in", 1500)
        d.kill()
        if i % 2:
            writer.rotate()
        d = t.start(config)
    writer.join(120)
    up.start()
    check_all_there(t, up)
    t.eq(up.duplicates, {})
    d.stop()


def scenario_kill_nine_disk_full(t):
    """The disk fills up while nobody listens upstream; killed then. What is delivered makes the room for the rest: each once."""
    up = t.upstream()
    os.makedirs(t.path("logs"))
    disk = Tmpfs(t, "disk", "4m")
    lines = 3000
    t.write("logs/error.log", "".join(map(nginx_line, range(lines))))
    config = t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir) + "store: %s/crumbd.db\n" % disk.path)
    up.stop()
    d = t.start(config)
    d.wait_log("the disk is full")
    read = d.ledger()["lines_in"]
    assert read < lines, "the disk holds it all"
    d.kill()
    d = t.start(config)
    up.start()
    t.wait_events(up, lines, 180)
    t.eq(sorted(map(item, up.events)), list(range(lines)))
    # What went in ahead of its checkpoint and was sent is made again, under its id: as often as the server has seen it twice.
    t.until(lambda: d.ledger()["sent"] == lines + len(up.duplicates), "crumbd knows that all were sent")
    d.stop()


def scenario_disk_full_takes_every_outcome(t):
    """On a full disk events are refused, tried again and delivered, dead letters dropped by hand: each of it makes room, none shuts it."""
    up = t.upstream()
    os.makedirs(t.path("logs"))
    disk = Tmpfs(t, "disk", "4m")
    before, lines, refused = 900, 1200, 300
    t.write("logs/error.log", "".join(map(nginx_line, range(before))))
    config = t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir) + "store: %s/crumbd.db\n" % disk.path)
    up.stop()
    d = t.start(config)
    d.wait_count("event", before)
    # What the store has not taken is taken by others.
    try:
        with open(os.path.join(disk.path, "others"), "wb", buffering=0) as f:
            while f.write(b"x" * 4096):
                pass
    except OSError as e:
        t.eq(e.errno, errno.ENOSPC)
    t.append("logs/error.log", "".join(map(nginx_line, range(before, lines))))
    d.wait_log("the disk is full")
    up.script.extend([{"status": 400, "count": refused}])
    up.start()
    d.wait_count("dead", refused, 60)
    t.run("queue", "drop", "--dead", "--yes", "-c", config)
    t.until(lambda: d.ledger().get("sent", 0) + refused >= lines, "all that were not refused are delivered", 120)
    d.stop()


def scenario_ended_on_a_full_disk(t):
    """SIGTERM while a checkpoint is stored in part, and its events wait for the lines after them: over both runs each is counted once."""
    up, rnd = t.upstream(), random.Random(5)
    os.makedirs(t.path("logs"))
    disk, lines = Tmpfs(t, "disk", "3m"), 400  # fewer than may wait
    t.write("logs/error.log", "".join(nginx_line(n, text="refused: %x" % rnd.getrandbits(16000)) for n in range(lines)))
    config = CONFIG.format(dsn=up.dsn(), dir=t.dir) + "store: %s/crumbd.db\n" % disk.path
    up.stop()
    d = t.start(t.config(config.replace("10ms", "30s")))
    d.wait_log("the disk is full")
    ended = d.stop()
    assert ended["read_again"] and ended["left_open"], ended
    up.start()
    d = t.start(t.config(config))
    t.until(lambda: len({item(e) for e in up.events}) == lines, "all have come", 60)
    d.stop()
    with sqlite3.connect("file:%s/crumbd.db?mode=ro" % disk.path, uri=True) as db:
        ledger = dict(db.execute("SELECT name,value FROM count"))
    t.eq(total(ledger, "MADE"), total(ledger, "BECAME"), ledger)
    assert len(up.events) - lines <= ledger.get("stored_ahead", 0), ledger
