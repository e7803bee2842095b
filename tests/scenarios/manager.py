"""The service manager's side: Type=notify and the watchdog, as sd_notify(3) describes them."""
import contextlib
import ctypes
import os
import re
import signal
import socket
import time
import urllib.error
import urllib.request

from harness import free_port, item, nginx_line

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - tail: {dir}/logs/*.log
    format: nginx-error
    timezone: UTC
    from: end
  - gelf: tcp://127.0.0.1:{port}
breadcrumbs: {{wait: 10ms}}
"""
WATCHDOG_S = 2
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WAIT_ALL = 0x40000000  # __WALL: also a thread


def begin(t):
    up, port = t.upstream(), free_port()
    t.write("logs/error.log", nginx_line(1))
    return up, port, t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, port=port))


@contextlib.contextmanager
def held(t, pid, name):
    """One thread of a process stands still."""
    def ptrace(what, tid):
        if libc.ptrace(ctypes.c_long(what), ctypes.c_long(tid), ctypes.c_void_p(0), ctypes.c_void_p(0)) != 0:
            t.skip("a thread cannot be stopped here: ptrace: " + os.strerror(ctypes.get_errno()))

    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.restype = ctypes.c_long
    tid = next(int(n) for n in os.listdir("/proc/%d/task" % pid)
               if open("/proc/%d/task/%s/comm" % (pid, n), encoding="utf-8").read().strip() == name)
    ptrace(PTRACE_SEIZE, tid)
    try:
        ptrace(PTRACE_INTERRUPT, tid)
        os.waitpid(tid, WAIT_ALL)
        yield
    finally:
        if os.path.exists("/proc/%d/task/%d" % (pid, tid)) and not ended(pid):
            ptrace(PTRACE_DETACH, tid)
        else:
            os.waitpid(tid, WAIT_ALL)  # the whole process ends only when who holds its thread has seen the thread's end


def ended(pid):
    with open("/proc/%d/stat" % pid, encoding="utf-8") as f:
        return f.read().rsplit(")", 1)[1].split()[0] == "Z"


def ask(port, path):
    """(status, text)"""
    try:
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def metric(port, name):
    return float(re.search(r"^crumbd_%s (\S+)$" % re.escape(name), ask(port, "/metrics")[1], re.M).group(1))


@contextlib.contextmanager
def held_in_a_turn(t, d, web):
    """The worker stands still in the middle of what an input has sent."""
    for _ in range(50):
        with held(t, d.pid, "worker"):
            before = metric(web, "worker_turn_seconds")
            if t.until(lambda: metric(web, "worker_turn_seconds") > before or before == 0, "the turn goes on or there is none") and before > 0:
                yield
                return
    t.fail("the worker was never met in a turn")


def scenario_ready(t):
    """READY=1 comes when sockets are bound and files known, and not before; STOPPING=1 when asked to end."""
    up, port, config = begin(t)
    d = t.start(config)
    t.append("logs/error.log", nginx_line(2))
    with socket.create_connection(("127.0.0.1", port), 5):
        pass
    t.eq(item(t.wait_events(up, 1)[0]), 2)
    t.eq(d.notified(), ["READY=1"])
    d.stop()
    t.eq(d.notified(), ["READY=1", "STOPPING=1"])
    with socket.create_server(("127.0.0.1", port)):
        refused = t.start(config, ready=False)
        t.eq(refused.wait(), 3)
        t.eq(refused.notified(), [])


def scenario_watchdog(t):
    """WATCHDOG=1 comes at regular times, also when there is much to do, stops when the worker hangs, and comes again after."""
    def pings():
        return d.notified().count("WATCHDOG=1")

    _, _, config = begin(t)
    d = t.start(config, env=t.env(WATCHDOG_USEC=WATCHDOG_S * 1000000))
    t.append("logs/error.log", nginx_line(7, "client closed keepalive connection", "info", upstream=None) * 200_000)
    for n in range(1, 8):
        before = time.monotonic()
        t.until(lambda n=n: pings() >= n, "ping %d" % n)
        assert time.monotonic() - before < WATCHDOG_S, "systemd would have killed it"
    with held(t, d.pid, "worker"):
        before = pings()
        d.wait_log("worker thread hangs")
        assert pings() <= before + 1, "pings while the worker hangs"  # it may have turned just before
    before = pings()
    t.until(lambda: pings() > before + 1, "pings again")
    d.stop()


def scenario_watchdog_of_another(t):
    """A watchdog that waits for another process, or none, is not answered."""
    _, _, config = begin(t)
    for more in ({"WATCHDOG_USEC": 400000, "WATCHDOG_PID": 1}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": 0}):
        d = t.start(config, env=t.env(**more))
        t.append("logs/error.log", nginx_line(3))
        d.wait_count("event", 1)
        d.stop()
        assert "WATCHDOG=1" not in d.notified(), more


def start_flooded(t, **env):
    """A daemon with a sender that never stops."""
    tcp, web = free_port(), free_port()
    d = t.start(t.config("""
inputs:
  - syslog: tcp://127.0.0.1:%d
http: 127.0.0.1:%d
rules: []
fallback: crumb
""" % (tcp, web)), env=t.env(**env))
    t.program("flood", ["bash", "-c", "yes '<14>1 - - - - - - again' >/dev/tcp/127.0.0.1/%d" % tcp])
    d.wait_count("lines_in", 1)
    return d, "tcp://127.0.0.1:%d" % tcp, web


def scenario_a_turn_that_takes_too_long(t):
    """The log and a metric name its input and its sender; healthy until the watchdog's time is over, ready again afterwards."""
    d, name, web = start_flooded(t, WATCHDOG_USEC=6 * 1000000)
    slow = 'input_slow_turns_total{input="%s",port="%s"}' % (name, name.rsplit(":", 1)[1])
    t.eq((ask(web, "/healthz"), ask(web, "/readyz")[0], metric(web, slow)), ((200, "ok\n"), 200, 0))
    with held_in_a_turn(t, d, web):
        d.wait_log("one input holds up the reading of all")
        t.eq((metric(web, slow), ask(web, "/healthz")[0]), (1, 200))
        t.until(lambda: ask(web, "/readyz")[0] == 503, "not ready: nothing is read")
        assert "one input holds up" in ask(web, "/readyz")[1], ask(web, "/readyz")
        t.until(lambda: ask(web, "/healthz")[0] == 503, "not healthy")
        d.wait_log("worker thread hangs in what one input has sent")
        page = ask(web, "/")[1]
        assert "hangs" in page and "not ready" in page and "held up all others 1 times" in page, page
        t.eq(metric(web, "healthy"), 0)
    t.until(lambda: ask(web, "/healthz")[0] == ask(web, "/readyz")[0] == 200, "well again")
    d.wait_count("slow_turns", 1)
    t.eq(metric(web, slow), 1)
    for said in ("holds up", "held up", "hangs in what"):
        line = next(x for x in d.err.splitlines() if said in x)
        assert "input=" + name in line and "from=127.0.0.1" in line, line
    d.stop()


def scenario_an_end_while_the_worker_hangs(t):
    """SIGTERM ends the daemon in its time, and the log names whom it was left behind with."""
    d, name, web = start_flooded(t)
    with held_in_a_turn(t, d, web):
        began = time.monotonic()
        d.signal(signal.SIGTERM)
        t.until(lambda: ended(d.pid), "the end")
        assert time.monotonic() - began < 10
    t.eq(d.wait(), 3)
    line = next(x for x in d.err.splitlines() if "is left behind" in x)
    assert "input=" + name in line and "from=127.0.0.1" in line, line
    assert "has not told its last numbers: they are missing in the ledger" in d.err, d.err
