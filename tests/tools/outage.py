"""outage: an hour without an upstream under a flood, in less time, and what a daemon does meanwhile: memory, disk, intake, numbers.

The daemon's clocks run faster (libfaketime); the flood is of real seconds. Every line is promoted: half of them are of a few issues
that come again and again, one in a thousand is an issue of its own.
"""
import os
import re
import socket
import threading
import time

from harness import check_ledger, free_port, total

LIBRARIES = ["/usr/lib/%s-linux-gnu/faketime/libfaketimeMT.so.1" % m for m in ("x86_64", "aarch64")]
OUTAGE_S = 3600
LIMIT = 16 << 20
CRUMBS = 8 << 20
# What each part may keep (see the headers of these): rings of breadcrumbs, events that wait for their lines, two checkpoints
# that are not stored, samples and values of flood control, SQLite's page cache and one transaction, rows on their way.
CAPS = {"breadcrumbs.memory": CRUMBS, "PIPELINE_PENDING_BYTES": 8 << 20, "WORKER_UNSTORED_BYTES, twice": 16 << 20,
        "FLOOD_SAMPLE_BYTES": 16 << 20, "TOP_VALUES_BYTES_MAX": 16 << 20, "SQLite": 8 << 20, "requests on their way": 8 << 20,
        "idle": 8 << 20}
CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - syslog: udp://127.0.0.1:{udp}
  - syslog: tcp://127.0.0.1:{tcp}
  - tail: {dir}/app.log
    format: text
    from: start
rules: [{dir}/rules.yaml]
breadcrumbs: {{before: 5, after: 0, wait: 10ms, memory: {crumbs}}}
limits: {{per_issue: {{burst: 1000000, period: 1h}}, per_minute: 100000000, per_day: 2000000000, new_issues: 1000000}}
store_limit: {limit}
sandbox: off
"""
RULES = r"""
pack: flood
rules:
  - {id: flood.any, match: '^(?<kind>[a-z0-9]+) fails', event: {type: Failure, message: '{kind} fails', fingerprint: ['{kind}']}}
"""


def library(t):
    found = [x for x in LIBRARIES if os.path.exists(x)]
    if not found:
        t.skip("no libfaketime here (apt-get install libfaketime)")
    return found[0]


def memory_kib(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))


def disk_kib(path):
    return sum(os.path.getsize(path + end) for end in ("", "-wal", "-shm", ".spare") if os.path.exists(path + end)) >> 10


def text(n):
    return "%s fails number=%d of=%s" % ("new%d" % n if n % 1000 == 0 else "kind%d" % (n % 7), n, "x%x" % (n * 2654435761 % 2**61) * 6)


class Flood(threading.Thread):
    """So many a second by UDP, some by TCP and to the file, as far as each takes them."""

    def __init__(self, t, ports, rate):
        super().__init__(daemon=True)
        self.t, self.ports, self.rate, self.over = t, ports, rate, threading.Event()
        self.udp = self.tcp = self.file = 0

    def run(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.create_connection(("127.0.0.1", self.ports["tcp"])) as tcp, \
                open(self.t.path("app.log"), "a", encoding="ascii") as f:
            tcp.settimeout(0.001)
            rest, begin = b"", time.monotonic()
            while not self.over.is_set():
                due = int((time.monotonic() - begin) * self.rate)
                for _ in range(min(due - self.udp, 400)):
                    udp.sendto(b"<11>Nov 29 10:00:00 far app[7]: " + text(self.udp).encode(), ("127.0.0.1", self.ports["udp"]))
                    self.udp += 1
                while self.file < self.udp // 100:
                    f.write(text(self.file) + "\n")
                    self.file += 1
                f.flush()
                if self.tcp < self.udp // 100:
                    rest = rest or b"<11>Nov 29 10:00:00 near app[7]: " + text(self.tcp).encode() + b"\n"
                    try:
                        rest = rest[tcp.send(rest):]
                        self.tcp += not rest
                    except TimeoutError:
                        pass
                if self.udp >= due:
                    self.over.wait(0.005)
            tcp.settimeout(60)
            if rest:
                tcp.sendall(rest)
                self.tcp += 1

    def sent(self):
        return self.udp + self.tcp + self.file


class Samples:
    """One a second: (seconds of the daemon's clock, KiB of memory, KiB on disk, lines read, rows of the store, events lost)."""

    def __init__(self, d, store, clock, tell):
        self.d, self.store, self.clock, self.tell, self.begin, self.rows = d, store, clock, tell, time.monotonic(), []
        self.seconds, self.last = 0.0, self.begin

    def take(self):
        ledger = self.d.ledger()
        lost = sum(ledger.get(n, 0) for n in ("input_overflow", "store_overflow", "project_overflow", "checkpoint_overflow"))
        lines = ledger["lines_in"] + ledger.get("waiting_lines", 0)
        waiting = ledger.get("stored", 0) - ledger.get("sent", 0) - ledger.get("store_overflow", 0)
        now = time.monotonic()
        self.seconds += (now - self.last) * self.clock.factor
        self.last = now
        self.rows.append((int(self.seconds), memory_kib(self.d.pid), disk_kib(self.store), lines, waiting, lost))
        self.tell("second %d: memory %d KiB, disk %d KiB, %d lines, %d rows, %d lost" % self.rows[-1])


class Clock:
    """Of a program, that goes so much faster, some days ago, so that nothing comes from the future; later as others do."""

    AGO_S = 30 * 86400

    def __init__(self, t, factor):
        self.t, self.factor, self.begin = t, factor, time.monotonic()
        self.env = t.env(ASAN_OPTIONS="abort_on_error=0:exitcode=99:quarantine_size_mb=1")
        if factor != 1:
            self.say("-%d x%g" % (self.AGO_S, factor))
            self.env.update(LD_PRELOAD=library(t), FAKETIME_TIMESTAMP_FILE=t.path("clock"), FAKETIME_CACHE_DURATION="1")

    def say(self, text):
        self.t.write("clock.new", text + "\n")
        os.replace(self.t.path("clock.new"), self.t.path("clock"))

    def slow_down(self):
        """Deadlines of the daemon are for a host that is not thirty times slower than it looks."""
        if self.factor != 1:
            self.say("%+d" % (-self.AGO_S + int((time.monotonic() - self.begin) * (self.factor - 1)) + 2))
        self.factor = 1


def run(t, seconds, rate, tell, limit=LIMIT, outage_s=None):
    """-> (samples, flood, ledger); fails where something is not as promised. outage_s: by the daemon's clock."""
    clock = Clock(t, outage_s / seconds if outage_s else 1)
    up = t.upstream()
    up.stop()
    ports = {"udp": free_port(socket.SOCK_DGRAM), "tcp": free_port()}
    t.write("app.log", "")
    t.write("rules.yaml", RULES)
    d = t.start(t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, crumbs=CRUMBS, limit=limit, **ports)), env=clock.env)
    samples, flood = Samples(d, t.path("crumbd.db"), clock, tell), Flood(t, ports, rate)
    flood.start()
    while time.monotonic() - samples.begin < seconds:
        samples.take()
        t.until(lambda: time.monotonic() - samples.begin > len(samples.rows), "a second has passed")
    check_outage(samples.rows, limit)
    clock.slow_down()
    up.start()
    flood.over.set()
    flood.join(120)
    while samples.rows[-1][4]:
        samples.take()
        assert time.monotonic() - samples.begin < seconds + 600, "the store does not become empty"
        t.until(lambda: time.monotonic() - samples.begin > len(samples.rows), "a second has passed")
    t.until(lambda: total(d.ledger(), "UNFRAMED") + d.ledger()["lines_in"] >= flood.sent(), "all that was sent has been read or lost by name", 120)
    t.until(lambda: len(up.events) == d.ledger()["stored"] - d.ledger().get("store_overflow", 0), "all that was kept upstream", 300)
    ledger = d.stop(sent=flood.sent())
    check_ledger(ledger, flood.sent())
    lost = ledger.get("input_overflow", 0) + ledger.get("store_overflow", 0) + ledger.get("checkpoint_overflow", 0)
    t.eq(len(up.events) + lost, ledger["event"], "what was made and is upstream or lost by name")
    t.eq(up.reports.get(("cache_overflow", "error"), 0), lost, "the client reports")
    kinds = {e["fingerprint"][0] for e in up.events}
    tell("%d events upstream, of %d issues; %d lost by name" % (len(up.events), len(kinds), lost))
    return samples.rows, flood, ledger


def check_outage(rows, limit):
    """Memory under the sum of the caps and flat, the disk under its limit, intake without a stall."""
    memory, disk, lines = [r[1] for r in rows], [r[2] for r in rows], [r[3] for r in rows]
    caps = sum(CAPS.values()) >> 10
    assert max(memory) < caps, "%d KiB of memory, and the caps make %d" % (max(memory), caps)
    third = len(rows) // 3
    assert max(memory[-third:]) <= max(memory[third:2 * third]) * 1.1 + 4096, "memory grows: %s" % memory
    assert max(disk) <= limit >> 10, "%d KiB on disk, and the limit is %d" % (max(disk), limit >> 10)
    stalls = [i for i in range(2, len(lines)) if lines[i] == lines[i - 2]]
    assert not stalls, "no line was read in the seconds before %s: %s" % (stalls, lines)


# --- for people

def plot(rows, outage_s):
    """An SVG: memory and disk over the seconds of the daemon's clock."""
    width, height, left, bottom = 900, 360, 70, 40
    end, most = max(r[0] for r in rows) or 1, max(max(r[1], r[2]) for r in rows) * 1.1

    def point(x, y):
        return "%.1f,%.1f" % (left + x * (width - left - 20) / end, height - bottom - y * (height - bottom - 20) / most)

    def line(column, colour):
        return '<polyline fill="none" stroke="%s" stroke-width="1.5" points="%s"/>' % (colour, " ".join(point(r[0], r[column]) for r in rows))
    marks = "".join('<text x="4" y="%s" font-size="11">%d MiB</text><path d="M%s H%d" stroke="#ddd"/>' % (
        point(0, kib).split(",")[1], kib >> 10, point(0, kib).replace(",", " "), width - 20) for kib in range(0, int(most), max(1024, int(most / 6) >> 10 << 10)))
    minutes = "".join('<text x="%s" y="%d" font-size="11">%d min</text>' % (point(s, 0).split(",")[0], height - 22, s // 60) for s in range(0, end, 600))
    back = point(outage_s, 0).split(",")[0]
    return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif"><rect width="100%%" height="100%%" fill="#fff"/>'
            '%s%s<path d="M%s 20 V%d" stroke="#999" stroke-dasharray="4"/><text x="%s" y="15" font-size="11">the upstream is back</text>%s%s'
            '<text x="%d" y="%d" font-size="12" fill="#06c">memory (RssAnon)</text><text x="%d" y="%d" font-size="12" fill="#c30">store, WAL and shm</text></svg>\n'
            % (width, height, marks, minutes, back, height - bottom, back, line(1, "#06c"), line(2, "#c30"), left, height - 6, left + 160, height - 6))


def table(rows, flood, ledger):
    out = ["second memory_kib disk_kib lines rows lost"] + [" ".join(map(str, r)) for r in rows]
    out.append("sent udp=%d tcp=%d file=%d" % (flood.udp, flood.tcp, flood.file))
    out.append("ledger " + " ".join("%s=%d" % x for x in sorted(ledger.items())))
    return re.sub(r" +", " ", "\n".join(out)) + "\n"
