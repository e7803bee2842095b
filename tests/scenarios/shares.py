"""One sender must not take what others need: the store is divided among inputs, connections among addresses."""
import json
import os
import random
import socket
import sqlite3

from harness import free_port, item, nginx_line

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - tail: {dir}/logs/error.log
    format: nginx-error
    timezone: UTC
    from: start
  - gelf: {transport}://127.0.0.1:{port}
breadcrumbs: {{before: 1, after: 0, wait: 10ms}}
limits: {{per_issue: {{burst: 1000000, period: 1h}}, per_minute: 1000000, per_day: 100000000, new_issues: 1000000}}
store_limit: 3m
"""
LINES = 30


def begin(t, transport):
    up = t.upstream()
    up.stop()
    os.makedirs(t.path("logs"))
    t.write("logs/error.log", "")
    port = free_port(socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM)
    config = t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, transport=transport, port=port))
    # What has been freed must not count as held.
    return up, t.start(config, env=t.env(ASAN_OPTIONS="abort_on_error=0:exitcode=99:quarantine_size_mb=1")), port


def gelf(n):
    """A message that compresses badly, with a kind of its own."""
    words = " ".join("".join(random.choices("bcdfghjklmnpqrstvwxz", k=11)) for _ in range(100))
    return json.dumps({"version": "1.1", "host": "far", "level": 3, "short_message": f"{words} {n}", "_n": n}).encode()


def rss_kib(d):
    with open(f"/proc/{d.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))


def rows_of(t, name):
    with sqlite3.connect(f"file:{t.path('crumbd.db')}?mode=ro", uri=True) as db:
        return db.execute("SELECT count(*) FROM event WHERE input=?", (name,)).fetchone()[0]


def files_go_on(t, up, d):
    """What a file says while the share of another input is used up is stored meanwhile."""
    before = d.ledger().get("event", 0)
    t.append("logs/error.log", "".join(nginx_line(n) for n in range(1, LINES + 1)))
    d.wait_count("event", before + LINES)
    t.until(lambda: rows_of(t, t.path("logs/error.log")) == LINES, "rows of the file")
    assert "the store is full" not in d.err, "the whole store is full"


def check_all(t, up, d):
    up.start()
    t.until(lambda: sorted(item(e) for e in up.events if item(e)) == list(range(1, LINES + 1)), "the file's errors upstream", 90)


def scenario_a_udp_sender_fills_the_store(t):
    """Its events above its share are dropped and counted by input, memory does not grow, and a file is read on."""
    up, d, port = begin(t, "udp")
    sent, rss = 0, None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        def flood(until):
            nonlocal sent
            while d.ledger().get("input_overflow", 0) < until:
                for _ in range(200):
                    s.sendto(gelf(sent), ("127.0.0.1", port))
                    sent += 1
                d.wait_count("lines_in", sent - d.ledger().get("udp_kernel_drops", 0))
        flood(500)
        d.wait_log("an input has used up its share of the store")
        rss = rss_kib(d)
        flood(4000)
    assert rss_kib(d) - rss < 64 << 10, f"{rss} KiB became {rss_kib(d)}"
    files_go_on(t, up, d)
    check_all(t, up, d)
    ledger = d.ledger()
    t.until(lambda: len(up.events) == ledger["event"] - ledger["input_overflow"], "all that was not dropped upstream", 90)
    d.wait_log("the store has room again for an input")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(gelf(-1), ("127.0.0.1", port))
    t.until(lambda: len(up.events) == ledger["event"] + 1 - ledger["input_overflow"], "what comes after it", 30)
    ledger = d.stop(sent=sent + LINES + 1)
    t.eq(ledger["event"] - ledger["input_overflow"], len(up.events))
    t.eq(up.reports["cache_overflow", "error"], ledger["input_overflow"], "the client reports")


def scenario_a_tcp_sender_fills_the_store(t):
    """It waits, a file is read on, and when there is room again nothing is missing."""
    up, d, port = begin(t, "tcp")
    sent = 0
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.settimeout(0.2)
        rest = b""
        while "an input has used up its share of the store" not in d.err:
            rest = rest or gelf(sent) + b"\0"
            try:
                rest = rest[s.send(rest):]
                sent += not rest
            except TimeoutError:
                pass
        files_go_on(t, up, d)
        check_all(t, up, d)
        s.settimeout(60)
        if rest:
            s.sendall(rest)
            sent += 1
    t.until(lambda: len(up.events) == sent + LINES, f"all {sent} messages and {LINES} lines", 90)
    ledger = d.stop()
    t.eq(ledger["event"], sent + LINES)
    t.eq(ledger.get("input_overflow", 0), 0)
