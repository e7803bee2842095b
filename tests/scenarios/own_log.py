"""crumbd's own log goes to somebody who may have stopped to read it: a full pipe holds nothing up."""
import fcntl
import os
import re
import urllib.request

from harness import free_port, nginx_line

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - tail: {dir}/error.log
    format: nginx-error
    timezone: UTC
    from: start
breadcrumbs: {{before: 0, after: 0, wait: 10ms}}
http: 127.0.0.1:{http}
"""


class Pipe:
    """The file that a daemon of the harness takes for its stderr, as a pipe that is read when the scenario wants."""

    def __init__(self, t, name):
        self.path, self.read = t.path(name), b""
        os.mkfifo(self.path)
        self.fd = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        fcntl.fcntl(self.fd, fcntl.F_SETPIPE_SZ, 4096)

    def fill(self):
        """Until not one byte more goes in."""
        for n in (4096, 1):
            try:
                while True:
                    os.write(self.fd, b"x" * n)
            except BlockingIOError:
                pass

    def text(self):
        """All that has come so far."""
        try:
            while True:
                self.read += os.read(self.fd, 65536)
        except BlockingIOError:
            return self.read.decode()

    def close(self):
        """From here on it is a file, which the harness may read to its end."""
        text = self.text()
        os.close(self.fd)
        os.unlink(self.path)
        with open(self.path, "w", encoding="utf-8") as f:
            f.write(text)


def dropped(http):
    with urllib.request.urlopen(f"http://127.0.0.1:{http}/metrics", timeout=20) as r:
        return int(re.search(r"^crumbd_log_dropped_total (\d+)", r.read().decode(), re.M).group(1))


def said(pipe):
    return sum(int(n) for n in re.findall(r' dropped=(\d+)', pipe.text()))


def scenario_nobody_reads_the_log(t):
    """From the start on, then again at the end: events are delivered, what was dropped has its number, and the end is one."""
    up, pipe, http = t.upstream(), Pipe(t, "crumbd1.err"), free_port()
    t.write("error.log", nginx_line(1))
    pipe.fill()
    d = t.start(t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, http=http)))

    def ask_for_more():
        for _ in range(100):
            d.signal(10)
            if dropped(http) > 20:
                return True
        return False
    t.until(ask_for_more, "lines of the log are dropped")
    t.append("error.log", nginx_line(2))
    t.wait_events(up, 2)
    t.until(lambda: said(pipe) >= 20 and said(pipe) == dropped(http), lambda: f"{said(pipe)} dropped, and {dropped(http)} counted")
    t.append("error.log", nginx_line(3))
    t.wait_events(up, 3)
    pipe.fill()
    d.signal(15)
    t.eq(d.wait(20), 0, "exit status")
    pipe.close()
    t.sent_besides = True  # the last ledger has not been read
