"""The service manager's side: Type=notify and the watchdog, as sd_notify(3) describes them."""
import contextlib
import ctypes
import os
import socket
import time

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
        ptrace(PTRACE_DETACH, tid)


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
