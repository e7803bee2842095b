"""`crumbd -` beside a daemon: it gets through with a store of its own, which nothing is left in, or is taken up."""
import glob
import os
import signal
import subprocess

from harness import item, nginx_line

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - tail: {dir}/logs/error.log
    format: nginx-error
    timezone: UTC
    from: start
breadcrumbs: {{wait: 10ms}}
"""


def begin(t):
    up = t.upstream()
    t.write("logs/error.log", "")
    return up, t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir))


def beside(t):
    return glob.glob(t.path("crumbd-*.db"))


def piped(t, config, n, status=0):
    return t.run("-", "-c", config, stdin=nginx_line(n), status=status)[1]


def scenario_pipe_beside_a_daemon(t):
    """While a daemon has the store, what is piped in arrives all the same, and no store is left; several at once do not meet."""
    up, config = begin(t)
    d = t.start(config)
    err = piped(t, config, 1)
    assert "has one of its own beside it" in err, err
    t.wait_events(up, 1)
    t.eq(beside(t), [])
    pipes = []
    for n in (2, 3, 4):
        r, w = os.pipe()
        pipes.append((t.program("pipe%d" % n, [t.crumbd_path, "-", "-c", config], env=t.env(), stdin=r), w, n))
        os.close(r)
    for p, w, n in pipes:
        os.write(w, nginx_line(n).encode())
        os.close(w)
    for p, _, n in pipes:
        t.eq(p.wait(), 0, p.err)
    t.wait_events(up, 4)
    t.eq(sorted(map(item, up.events)), [1, 2, 3, 4])
    t.eq(glob.glob(t.path("crumbd-*")), [])
    t.append("logs/error.log", nginx_line(5))
    t.wait_events(up, 5)
    d.stop()


def scenario_pipe_whose_events_stay(t):
    """What could not be sent is taken up by the next pipe, or by the next daemon, and arrives once; queue shows it meanwhile."""
    up, config = begin(t)
    up.stop()
    d = t.start(config)
    assert "are kept" in piped(t, config, 1)
    left, = beside(t)
    assert "1 ready to send" in t.run("queue", "ls", "--store", left)[0]
    assert "are kept" in piped(t, config, 2)
    t.eq(beside(t), [left], "the second has taken the store of the first")
    assert "2 ready to send" in t.run("queue", "ls", "--store", left)[0]
    d.stop()
    d = t.start(config)
    assert "is taken up" in d.err and "events=2" in d.err, d.err
    t.eq(beside(t), [])
    out = t.run("queue", "ls", "-c", config)[0]
    assert "2 ready to send" in out and "store %s; crumbd runs with it, pid %d" % (t.path("crumbd.db"), d.pid) in out, out
    up.start()
    t.run("queue", "retry", "-c", config)
    t.wait_events(up, 2)
    t.eq(sorted(map(item, up.events)), [1, 2])
    t.eq(up.duplicates, {})
    d.stop()


def scenario_pipe_that_was_killed(t):
    """kill -9 of a pipe: what it had accepted is in its store, and the next daemon sends it."""
    up, config = begin(t)
    up.stop()
    d = t.start(config)
    r, w = os.pipe()
    p = t.program("pipe", [t.crumbd_path, "-", "-c", config], env=t.env(), stdin=r)
    os.close(r)
    os.write(w, nginx_line(1).encode())
    t.until(lambda: beside(t) and "1 ready to send" in t.run("queue", "ls", "--store", beside(t)[0], status=None)[0], "the event is stored")
    p.signal(signal.SIGKILL)
    p.wait()
    os.close(w)
    d.stop()
    up.start()
    d = t.start(config)
    t.wait_events(up, 1)
    t.eq(beside(t), [])
    d.stop()


def scenario_pipe_never_kills_who_writes(t):
    """Where crumbd cannot run its input is read to the end: who writes to it sees no closed pipe, and the status says why."""
    wrong = t.write("wrong.yaml", "inputs: 7\n")
    nowhere = t.config("inputs: []\n", name="nowhere.yaml", store="logs/error.log/crumbd.db")
    t.write("logs/error.log", "")
    for config, status in ((wrong, 1), (nowhere, 3)):
        script = "(head -c 3000000 /dev/zero; echo $? >written) | %s - -c %s" % (t.crumbd_path, config)
        p = subprocess.run(["sh", "-c", script], capture_output=True, text=True, env=t.env(), cwd=t.dir, check=False)
        t.eq(p.returncode, status, p.stderr)
        assert "is read to its end" in p.stderr, p.stderr
        with open(t.path("written"), encoding="ascii") as f:
            t.eq(f.read(), "0\n")
        os.unlink(t.path("written"))


def scenario_retry_wakes_a_pause(t):
    """A pause of five minutes after a wrong key ends when somebody asks, and queue says until when it would last."""
    up, config = begin(t)
    up.default = {"status": 401}
    d = t.start(config)
    t.append("logs/error.log", nginx_line(1))
    d.wait_log("project paused")
    out = t.run("queue", "ls", "-c", config)[0]
    assert "the default project is tried again in " in out and "HTTP 401" in out, out
    up.default = {}
    assert "crumbd tries within seconds" in t.run("queue", "retry", "-c", config)[0]
    t.wait_events(up, 1)
    d.stop()
