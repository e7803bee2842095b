"""Nothing is lost unnamed: what a scenario sent is in the ledger, message by message, whatever became of it."""
import json
import socket
import sqlite3

from harness import free_port, nginx_line

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - gelf: udp://127.0.0.1:{port}
  - tail: {dir}/error.log
    format: nginx-error
    timezone: UTC
    from: start
breadcrumbs: {{before: 0, after: 0, wait: 10ms}}
limits: {{per_issue: {{burst: 1000000, period: 1h}}, per_minute: 1000000, per_day: 100000000, new_issues: 1000000}}
"""
# As the errors have: the most that the worker keeps while the store takes nothing is a part of it.
ERRORS, TEXT_BYTES = 12000, 2000
# WORKER_UNSTORED_BYTES twice, of the checkpoint that is not stored and of the one after it, and what else a run takes.
GROWTH_MAX = 64 << 10


def rss_kib(d):
    with open(f"/proc/{d.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))


def unread(port):
    """Bytes of a UDP socket that crumbd has not taken yet."""
    with open("/proc/net/udp", encoding="ascii") as f:
        rows = [line.split() for line in f if f":{port:04X} " in line.split(" 00000000:0000")[0] + " "]
    return sum(int(row[4].split(":")[1], 16) for row in rows)


def error(n):
    words = "".join(chr(97 + ord(c) % 26) for c in f"{n:x}" * (TEXT_BYTES // 5))
    return json.dumps({"version": "1.1", "host": "far", "level": 3, "short_message": f"kind {n} {words[:TEXT_BYTES]}"}).encode()


def rows(t):
    with sqlite3.connect(f"file:{t.path('crumbd.db')}?mode=ro", uri=True) as db:
        return dict(db.execute("SELECT input,count(*) FROM event GROUP BY input"))


def send_errors(t, port, n):
    """So that the kernel has room for each."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for i in range(n):
            s.sendto(error(i), ("127.0.0.1", port))
            if i % 100 == 99:
                t.until(lambda: unread(port) == 0, "crumbd has taken what was sent")


def scenario_the_store_takes_nothing(t):
    """12 000 datagrams while no transaction goes in: memory is bounded, and at the end each is stored, dropped or unstored by name."""
    up = t.upstream()
    up.stop()
    port = free_port(socket.SOCK_DGRAM)
    t.write("error.log", "")
    config = t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, port=port))
    d = t.start(config, env=t.env(ASAN_OPTIONS="abort_on_error=0:exitcode=99:quarantine_size_mb=1"))
    send_errors(t, port, 100)
    d.wait_count("event", 100)
    other = sqlite3.connect(t.path("crumbd.db"), isolation_level=None)
    t.until(lambda: locks(other), "the lock of the store")
    before = rss_kib(d)
    t.append("error.log", nginx_line(1))
    send_errors(t, port, ERRORS)
    d.wait_log("events are dropped: the store has no room for what cannot wait")
    assert rss_kib(d) - before < GROWTH_MAX, f"{before} KiB became {rss_kib(d)}"
    d.signal(15)
    t.eq(d.wait(), 3, "exit status")
    other.close()
    ledger = d.ledgers()[-1]
    stored = rows(t)
    t.eq(ledger["lines_in"] + ledger.get("udp_kernel_drops", 0), 100 + ERRORS + 1, "every message that was sent")
    t.eq(ledger["event"], ledger["lines_in"])
    t.eq(stored, {f"udp://127.0.0.1:{port}": 100}, "rows of the store")
    t.eq(ledger["read_again"], 1, "the line of the file")
    t.eq(ledger["event"], 100 + ledger["input_overflow"] + ledger["unstored"] + ledger["read_again"], "what became of the events")
    assert ledger["input_overflow"] > ERRORS / 2, ledger
    assert ledger["unstored"] > 100, ledger
    # The line is read again, and only that.
    up.start()
    d = t.start(config)
    t.wait_events(up, 101)
    ledger = d.stop()
    t.eq((ledger["lines_in"], ledger["event"]), (1, 1))


def locks(db):
    try:
        db.execute("BEGIN IMMEDIATE")
        return True
    except sqlite3.OperationalError:
        return False


LOSSES = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - gelf: tcp://127.0.0.1:{port}
breadcrumbs: {{before: 0, after: 0, wait: 10ms}}
limits: {{per_issue: {{burst: 2, period: 1h}}}}
rules: [{dir}/rules.yaml]
"""
BEAT = """
pack: jobs
rules:
  - id: jobs.beat
    match: '^beat'
    absence: {every: 1d, monitor: the-beat}
    event: {type: BeatMissing, message: no beat}
"""


def scenario_losses_reach_sentry(t):
    """What was refused and what flood control held back is told by client reports: the numbers of the ledger, by category and reason."""
    up = t.upstream()
    port = free_port()
    t.write("rules.yaml", BEAT)
    d = t.start(t.config(LOSSES.format(dsn=up.dsn(), dir=t.dir, port=port)))
    with socket.create_connection(("127.0.0.1", port)) as s:
        def send(text, level=3):
            s.sendall(json.dumps({"version": "1.1", "host": "far", "level": level, "short_message": text}).encode() + b"\0")
        up.script.append({"status": 400, "count": 2})
        send("the disk is on fire")
        send("the roof has gone")
        d.wait_count("dead", 2)
        up.script.append({"status": 400})
        send("beat", 6)
        d.wait_count("dead", 3)
        for _ in range(50):
            send("a flood of water")
        d.wait_count("suppressed", 40)
    ledger = d.stop()
    t.eq((ledger["lines_in"], ledger["event"], ledger["suppressed"]), (53, 8, 44))
    t.eq(up.reports, {("send_error", "error"): 2, ("send_error", "monitor"): 1, ("sample_rate", "error"): ledger["suppressed"]})
    t.eq(ledger["reported"], ledger["suppressed"])
    t.eq(len(up.events) + 2, ledger["event"] + 1, "all that were not refused, and a summary")
