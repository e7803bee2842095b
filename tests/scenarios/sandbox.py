"""The sandbox of the running daemon: what it keeps out, what goes on working inside, and kernels without it."""
import os
import re
import socket
import sys

import abuse
import harness
from harness import free_port, item, nginx_line

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - tail: {dir}/apps/*/log/*.log
    format: nginx-error
    timezone: UTC
    from: start
  - gelf: tcp://127.0.0.1:{port}
breadcrumbs: {{wait: 10ms, before: 0}}
store: {dir}/state/crumbd.db
"""


def begin(t, more=""):
    up, port = t.upstream(), free_port()
    t.write("apps/shop/log/error.log", nginx_line(1))
    return up, port, t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, port=port) + more)


def threads(d):
    for tid in os.listdir("/proc/%d/task" % d.pid):
        with open("/proc/%d/task/%s/status" % (d.pid, tid), encoding="ascii") as f:
            yield dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def has_landlock(d):
    if "landlock=none" in d.err:
        raise harness.Skip("no Landlock in this kernel")


def items(up):
    return {item(e) for e in up.events}


def scenario_fence(t):
    """A link that leads out of the folders that are read is not followed once crumbd runs, though its owner is root; beside it all
    is read. With `sandbox: off` the same link is followed."""
    for n, more in enumerate(("", "sandbox: off\n")):
        up, _, config = begin(t, more)
        t.write("outside/secret.log", nginx_line(500 + n))
        link = t.path("apps", "shop", "log", "link.log")
        if os.path.lexists(link):
            os.unlink(link)
        t.write("apps/shop/log/more.log", "")
        d = t.start(config)
        if not more:
            has_landlock(d)
        os.symlink("../../../outside/secret.log", link)
        if more:
            t.until(lambda: 500 + n in items(up), "the link is followed")
        else:
            d.wait_log("link.log")
            t.append("apps/shop/log/more.log", nginx_line(400))
            t.until(lambda: 400 in items(up), "the file beside it is read")
            assert 500 not in items(up), "read from outside"
            assert "restart" in d.err, d.err
        d.stop()


def scenario_what_comes_later_is_read(t):
    """Folders made later below the fixed beginning of a pattern, rotation, and what a link led to at the start."""
    up, port, config = begin(t)
    t.write("data/today/a.log", nginx_line(2))
    os.makedirs(t.path("apps", "linked", "log"))
    os.symlink(t.path("data", "today", "a.log"), t.path("apps", "linked", "log", "current.log"))
    d = t.start(config)
    t.until(lambda: items(up) >= {1, 2}, "both")
    t.write("apps/new/log/x.log", nginx_line(3))
    os.rename(t.path("apps", "shop", "log", "error.log"), t.path("apps", "shop", "log", "error.log.1"))
    t.write("apps/shop/log/error.log", nginx_line(4))
    os.rename(t.path("data", "today", "a.log"), t.path("data", "today", "a.log.1"))
    t.write("data/today/a.log", nginx_line(5))
    t.until(lambda: items(up) >= {1, 2, 3, 4, 5}, lambda: "all of them: %s" % sorted(items(up)))
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        s.sendall(b'{"version":"1.1","host":"h","short_message":"boom","level":3}\0')
    d.wait_count("event", 6)
    d.stop()


def ask_socket(path, what):
    """The status line that answers at a unix socket."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(harness.CEILING_S)
        s.connect(path)
        s.sendall(b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % what.encode())
        return s.makefile("rb").readline().decode().strip()


def scenario_sockets_of_the_page_go_with_it(t):
    """The page and the probes on unix sockets, each in a folder that nothing else needs: the main thread serves them inside its
    fence, and removes them when it ends."""
    sockets = [t.path("page", "page.sock"), t.path("probes", "probes.sock")]
    for folder in ("page", "probes", "state"):
        os.makedirs(t.path(folder))
    token = t.write("secret/token", "0123456789abcdef0123456789abcdef\n")
    os.chmod(token, 0o600)
    with open(begin(t)[2], encoding="utf-8") as f:
        text = f.read()
    config = t.write("etc/crumbd.yaml", text + "http: unix:%s\nprobes: unix:%s\nhttp_token_file: %s\n" % (*sockets, token))
    out = t.run("check", "--dump", "-c", config)[0]
    for right, folders in (("remove sockets", ("page", "probes")), ("read", ("secret",))):
        allowed = re.search(r"^# +main may %s below:\n((?:#     .*\n)+)" % right, out, re.M)
        for folder in folders:
            assert allowed and os.path.realpath(t.path(folder)) + "\n" in allowed[1], out
    d = t.start(config)
    has_landlock(d)
    t.eq([ask_socket(path, "/healthz") for path in sockets], ["HTTP/1.1 200 OK"] * 2)
    t.eq(ask_socket(sockets[0], "/"), "HTTP/1.1 200 OK")
    assert ask_socket(sockets[1], "/").startswith("HTTP/1.1 403"), "no payloads there"
    d.stop()
    t.eq([os.path.lexists(path) for path in sockets], [False, False])


def scenario_filters(t):
    """Every thread has its filter; with `sandbox: off` none has, and the log says so."""
    _, _, config = begin(t)
    d = t.start(config)
    if "seccomp=none" in d.err:
        t.skip("no seccomp in this build or kernel")
    own = abuse.sanitized(t.crumbd_path, [b"__tsan_init"])  # a thread of ThreadSanitizer's begins before main
    t.until(lambda: sum(th["Seccomp"] != "2" for th in threads(d)) == own, "a filter for each thread")
    assert len(list(threads(d))) >= 2
    for th in threads(d):
        t.eq(th["NoNewPrivs"], "1")
    t.eq(len(re.findall(r'msg="[^"]*sandbox', d.err)), 1, d.err)
    d.stop()
    config = t.config(open(config, encoding="utf-8").read() + "sandbox: off\n")
    d = t.start(config)
    t.eq({th["Seccomp"] for th in threads(d)}, {"0"})
    d.wait_log("sandbox is off")
    d.stop()


def scenario_kernel_without_a_sandbox(t):
    """Without Landlock and seccomp it runs as before, and one line of the log says what is missing."""
    up, _, config = begin(t)
    notify = t.path("notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(notify)
        p = t.program("crumbd", [sys.executable, os.path.join(harness.TOP, "tests", "tools", "without.py"), t.crumbd_path, "run", "-c",
                                 config], env=t.env(NOTIFY_SOCKET=notify))
        t.until(lambda: "crumbd is running" in p.err or not p.running(), "crumbd runs")
        if not p.running() and p.wait() == 77:
            t.skip("such a kernel cannot be shown here")
        t.until(lambda: 1 in items(up), "the event")
        lines = [line for line in p.err.splitlines() if re.search(r'msg="[^"]*sandbox', line)]
        t.eq(len(lines), 1, p.err)
        assert "level=warn" in lines[0] and "landlock=none" in lines[0] and "seccomp=none" in lines[0], lines
        t.eq({th["Seccomp"] for th in threads(p)}, {"2"}, "the one of the test itself")
        p.signal(15)
        t.eq(p.wait(), 0, p.err)


def scenario_rule_sets_are_printed(t):
    """`check --dump` prints both, with the folders of this configuration, and what it prints is still a configuration."""
    _, _, config = begin(t)
    out = t.run("check", "--dump", "-c", config)[0]
    real = os.path.realpath(t.dir)
    for line in ("worker may read below:", "    %s/apps" % real, "main may write below:", "main may call:", "worker may call:",
                 "mmap: no PROT_EXEC"):
        assert re.search(r"^#.*%s$" % re.escape(line), out, re.M), (line, out)
    assert re.search(r"^# +what ends the process: .*\bexecve\b", out, re.M), out
    t.run("check", "-c", t.write("again.yaml", out))
