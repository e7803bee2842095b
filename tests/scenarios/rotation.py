"""Rotation without mercy: a writer numbers its lines and rotates as fast as it can, crumbd stands still, stops, is killed; each line once."""
import collections
import os
import random
import shutil
import signal
import subprocess
import time

import log_writer
from harness import item, nginx_line

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - tail: {dir}/logs/{pattern}
    format: nginx-error
    timezone: UTC
    from: start
breadcrumbs: {{wait: 10ms}}
limits: {{per_issue: {{burst: 2000000000, period: 1h}}, per_minute: 2000000000, per_day: 2000000000}}
"""


def begin(t, pattern="error.log"):
    up = t.upstream()
    os.makedirs(t.path("logs"))
    return up, t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, pattern=pattern))


def check(t, up, d, n):
    """Every number once, none under two event ids."""
    if not up.wait(lambda: len(up.events) >= n, 60):
        missing = sorted(set(range(n)) - set(map(item, up.events)))
        t.fail("%d missing: %s; in the folder: %s\n%s" % (len(missing), missing[:20], sorted(os.listdir(t.path("logs")))[:40], d.err[-3000:]))
    got = collections.Counter(map(item, list(up.events)))
    t.eq([k for k in got if got[k] > 1][:20], [], "under two event ids")
    t.eq([k for k in range(n) if k not in got][:20], [], "missing")
    ledger = d.stop()
    t.eq([ledger.get(k, 0) for k in ("rotation_gap", "files_gone_unread")], [0, 0])
    t.eq(len(up.events), n, "events with different ids for the same line")


def stand_still(t, d, w, rnd):
    """SIGSTOP for some rotations."""
    d.signal(signal.SIGSTOP)
    seen = w.rotations + rnd.randrange(1, 30)
    t.until(lambda: w.rotations >= seen or not w.is_alive(), "the writer goes on")
    d.signal(signal.SIGCONT)
    return d


def stop_and_start(t, d, w, rnd):
    hard = rnd.random() < 0.5
    d.kill() if hard else d.stop()
    seen = w.rotations + rnd.randrange(1, 30)
    t.until(lambda: w.rotations >= seen or not w.is_alive(), "the writer goes on")
    return t.start(t.path("crumbd.yaml"))


def rotated(t, how, compress, n, seed=1, pause_s=0.002, troubles=4, pattern="error.log"):
    rnd = random.Random(seed)
    up, config = begin(t, pattern)
    w = log_writer.Writer(t.path("logs/error.log"), n, nginx_line, how, seed, pause_s=pause_s, compress=compress)
    d = t.start(config)
    w.start()
    for i in range(troubles):
        mark = w.written + rnd.randrange(1, n // (troubles + 1))
        t.until(lambda: w.written >= mark or not w.is_alive(), "the writer goes on")
        d = (stand_still, stop_and_start)[i % 2](t, d, w, rnd)
    w.join(120)
    assert not w.failed, w.failed
    check(t, up, d, n)
    print("%d rotations" % w.rotations)


def scenario_rotated_as_fast_as_it_can(t):
    """A rename after every few lines, hundreds a second, while crumbd is stopped, frozen and killed."""
    rotated(t, "rename", False, 1200)


def scenario_rotated_and_compressed(t):
    """The same with the names shifted and each file compressed at once, by whom keeps its time and by whom does not."""
    rotated(t, "shift", True, 600, pause_s=0.01)


def scenario_copied_and_truncated_without_mercy(t):
    """The same with copytruncate, which loses nothing by itself where nobody writes meanwhile."""
    rotated(t, "copytruncate", False, 800, pause_s=0.005)


COARSE_CLOCK = 5  # CLOCK_REALTIME_COARSE, which time(2) tells: up to a tick behind the other, and so at times in the second before


def logrotate(t, options):
    """One forced run of the real one."""
    conf = t.write("logrotate.conf", "%s/logs/error.log {\n  rotate 1000\n  %s\n  su root root\n}\n" % (t.dir, "\n  ".join(options)))
    os.chmod(conf, 0o644)
    done = subprocess.run(["logrotate", "-f", "-s", t.path("logrotate.state"), conf], capture_output=True, text=True)
    t.eq(done.returncode, 0, done.stderr)


def scenario_logrotate_compresses(t):
    """The real logrotate, with compress and without delaycompress, with and without copytruncate; crumbd stands still or is stopped over several runs."""
    if not shutil.which("logrotate", path=os.environ["PATH"] + ":/usr/sbin") or os.getuid() != 0:
        t.skip("no logrotate, or not root")
    os.environ["PATH"] += ":/usr/sbin"
    up, config = begin(t)
    d = t.start(config)
    n = 0
    for turn, options in enumerate([["create", "compress"], ["copytruncate", "compress"], ["create", "compress", "dateext", "dateformat -%Y%m%d-%s"],
                                    ["create", "compress", "delaycompress"]]):
        if turn % 2:
            d.kill() if turn == 1 else d.stop()
        else:
            t.wait_events(up, n)
            d.signal(signal.SIGSTOP)
        for _ in range(3):
            t.append("logs/error.log", "".join(nginx_line(n + i) for i in range(60)))
            n += 60
            if "dateext" in options:
                now = int(time.clock_gettime(COARSE_CLOCK))
                t.until(lambda: int(time.clock_gettime(COARSE_CLOCK)) > now, "the next second")
            logrotate(t, options)
        t.append("logs/error.log", nginx_line(n))
        n += 1
        if turn % 2:
            d = t.start(config)
        else:
            d.signal(signal.SIGCONT)
        t.wait_events(up, n)
    check(t, up, d, n)
