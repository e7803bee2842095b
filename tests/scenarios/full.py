"""A store that takes no more: what is kept, what waits, what is lost, and that each of these has its name and its number."""
import json
import random
import re
import socket
import sqlite3
import ssl
import subprocess
import threading
import urllib.error
import urllib.request

import outage
from harness import check_ledger, free_port, nginx_line, total

EVERY_INPUT = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - syslog: udp://127.0.0.1:{udp}
  - syslog: tcp://127.0.0.1:{tcp}
  - syslog: tls://127.0.0.1:{tls}
    tls: {{cert: {dir}/server.pem, key: {dir}/server.key}}
  - gelf: http://127.0.0.1:{http}
  - syslog: unix:{dir}/log
  - syslog: unix-stream:{dir}/stream
  - tail: {dir}/error.log
    format: nginx-error
    timezone: UTC
    from: start
breadcrumbs: {{before: 1, after: 0, wait: 10ms}}
limits: {{per_issue: {{burst: 1000000, period: 1h}}, per_minute: 1000000, per_day: 100000000, new_issues: 1000000}}
store_limit: 1m
"""
LINES = 20
DATAGRAMS = 600
MOST = 20000


def words():
    """That compress badly."""
    return " ".join("".join(random.choices("bcdfghjklmnpqrstvwxz", k=11)) for _ in range(150))


def syslog(n):
    return ("<11>Nov 29 10:00:00 far app[7]: number %d %s" % (n, words())).encode()


class Senders:
    """One for each input, all at once, until the kernel takes no more of what can wait; sent[NAME]: how many messages it took."""

    def __init__(self, t, ports):
        self.t, self.ports, self.sent, self.open = t, ports, {}, []

    def run(self):
        threads = [threading.Thread(target=f) for f in (self.udp, self.unix, self.tcp, self.tls, self.stream, self.http)]
        for x in threads:
            x.start()
        for x in threads:
            x.join()
        self.t.eq(sorted(self.sent), ["http", "stream", "tcp", "tls", "udp", "unix"], "senders that came to their end")
        return sum(self.sent.values())

    def datagrams(self, name, family, to):
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            for n in range(DATAGRAMS):
                s.sendto(syslog(n), to)
        self.sent[name] = DATAGRAMS

    def udp(self):
        self.datagrams("udp", socket.AF_INET, ("127.0.0.1", self.ports["udp"]))

    def unix(self):
        self.datagrams("unix", socket.AF_UNIX, self.t.path("log"))

    def feed(self, name, s):
        self.open.append(s)
        s.settimeout(1)
        n = 0
        try:
            for n in range(MOST):
                s.sendall(syslog(n) + b"\n")
            self.t.fail("%s takes more than it can hold" % name)
        except (TimeoutError, ssl.SSLError):
            self.sent[name] = n  # and a part of the next, which has no end

    def tcp(self):
        self.feed("tcp", socket.create_connection(("127.0.0.1", self.ports["tcp"])))

    def tls(self):
        context = ssl.create_default_context(cafile=self.t.path("server.pem"))
        context.check_hostname = False
        self.feed("tls", context.wrap_socket(socket.create_connection(("127.0.0.1", self.ports["tls"]))))

    def stream(self):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.connect(self.t.path("stream"))
        self.feed("stream", s)

    def http(self):
        url, taken = "http://127.0.0.1:%d/gelf" % self.ports["http"], 0
        try:
            while taken < MOST:
                body = json.dumps({"version": "1.1", "host": "far", "level": 3, "short_message": "number %d %s" % (taken, words())})
                urllib.request.urlopen(urllib.request.Request(url, body.encode()), timeout=30)
                taken += 1
        except urllib.error.HTTPError as e:
            self.t.eq(e.code, 503)
            self.sent["http"] = taken

    def close(self):
        for s in self.open:
            s.close()


def scenario_every_message_has_a_name_when_the_store_is_full(t):
    """UDP, TCP, TLS, HTTP and both kinds of unix socket at once into a full store: what the senders got rid of is in the ledger."""
    up = t.upstream()
    up.stop()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.pem", "-days", "2",
                    "-subj", "/CN=127.0.0.1"], cwd=t.dir, check=True, stderr=subprocess.DEVNULL)
    ports = {"udp": free_port(socket.SOCK_DGRAM), "tcp": free_port(), "tls": free_port(), "http": free_port()}
    t.write("error.log", "".join(nginx_line(n) for n in range(LINES)))
    config = t.config(EVERY_INPUT.format(dsn=up.dsn(), dir=t.dir, **ports))
    d = t.start(config)
    d.wait_count("stored", LINES)
    senders = Senders(t, ports)
    sent = senders.run()
    d.signal(15)
    assert d.wait() in (0, 3), d.err[-2000:]
    senders.close()
    ledger = d.ledgers()[-1]
    # Each of the three streams was cut in the middle of a message, of which only the beginning was sent.
    begun = ledger["lines_in"] + total(ledger, "UNFRAMED") - sent - LINES
    assert 0 <= begun <= 3, (begun, senders.sent, ledger)
    check_ledger(ledger, sent + LINES + begun)
    assert ledger["unstored"] > 100, ledger
    by_input = [int(n) for n in re.findall(r'before the end" input=\S+ events=(\d+)', d.err)]
    t.eq(sum(by_input), ledger["unstored"], "what was lost at the end, by input")
    assert len(by_input) >= 2, d.err[-3000:]
    # The ledger of all runs ends where this one does, and what was lost is told by the next run.
    with sqlite3.connect(t.path("crumbd.db")) as db:
        counts = dict(db.execute("SELECT name,value FROM count"))
    for name in ("lines_in", "event", "stored", "unstored", "input_overflow", "unread"):
        t.eq(counts.get(name, 0), ledger.get(name, 0), name)
    check_ledger(dict(counts, settled=counts.get("sent", 0)))
    # Said once when it begins, however often a checkpoint goes in meanwhile.
    assert d.err.count("the store is full") <= 1, d.err[-5000:]
    said = re.findall(r'msg="(?:an input has used up its share of the store|events are dropped: [^"]*)" input=(\S+)', d.err)
    t.eq(len(said), len(set(said)), "lines that say that an input has no room")
    up.start()
    d = t.start(config)
    t.until(lambda: len(up.events) == ledger["stored"], "what was stored upstream", 90)
    d.stop()
    t.eq(up.reports["cache_overflow", "error"], ledger["unstored"] + ledger["input_overflow"], "the client reports")


ISSUES = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - syslog: udp://127.0.0.1:{udp}
  - tail: {dir}/app.log
    format: text
    from: start
rules: [{dir}/rules.yaml]
breadcrumbs: {{before: 0, after: 0, wait: 10ms}}
limits: {{per_issue: {{burst: 1000000, period: 1h}}, per_minute: 1000000, per_day: 100000000, new_issues: 1000000}}
store_limit: 4m
http: 127.0.0.1:{http}
"""
KINDS = r"""
pack: kinds
rules:
  - {id: kinds.any, match: '^(?<kind>[a-z]+) fails', event: {type: Failure, message: '{kind} fails', fingerprint: ['{kind}']}}
"""


def fails(kind, n):
    return "%s fails number=%d %s" % (kind, n, words())


def kind_of(event):
    return event["fingerprint"][0]


def flood(t, d, port, until):
    """Of one issue, until so many are dropped; how many were sent."""
    sent = 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        while d.ledger().get("input_overflow", 0) < until:
            for _ in range(50):
                s.sendto(b"<11>Nov 29 10:00:00 far app[7]: " + fails("flood", sent).encode(), ("127.0.0.1", port))
                sent += 1
            d.wait_count("lines_in", sent - d.ledger().get("udp_kernel_drops", 0))
    return sent


def scenario_repeats_make_room_for_what_is_new(t):
    """A datagram of a new issue takes the place of one that came again, and a file that of more of them: neither waits, no issue is lost."""
    up = t.upstream()
    up.stop()
    port, http = free_port(socket.SOCK_DGRAM), free_port()
    t.write("app.log", "")
    t.write("rules.yaml", KINDS)
    d = t.start(t.config(ISSUES.format(dsn=up.dsn(), dir=t.dir, udp=port, http=http)))
    sent = flood(t, d, port, 100)
    d.wait_log("an input has used up its share of the store")
    t.eq(d.ledger().get("store_overflow", 0), 0)
    names = ["new" + chr(97 + n // 26) + chr(97 + n % 26) for n in range(30)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for name in names:
            s.sendto(b"<11>Nov 29 10:00:00 far app[7]: " + fails(name, 0).encode(), ("127.0.0.1", port))
    sent += len(names)
    d.wait_count("lines_in", sent - d.ledger().get("udp_kernel_drops", 0))
    d.wait_count("store_overflow", 1)
    # More than the quarter that is kept for the file.
    lines = 350
    t.append("app.log", "".join(fails("file", n) + "\n" for n in range(lines)))
    d.wait_count("lines_in", sent + lines - d.ledger().get("udp_kernel_drops", 0))
    d.wait_count("stored", lines)
    assert "it is not read" not in d.err, d.err[-3000:]
    up.start()
    ledger = d.ledger()
    t.until(lambda: len(up.events) == d.ledger()["stored"] - d.ledger().get("store_overflow", 0), "all that is left upstream", 90)
    kinds = {}
    for e in up.events:
        kinds[kind_of(e)] = kinds.get(kind_of(e), 0) + 1
    t.eq(sorted(k for k in kinds if k != "flood" and k != "file"), names, "the new issues upstream")
    t.eq(kinds["file"], lines, "lines of the file upstream")
    assert 0 < kinds["flood"] < sent - 100, kinds
    d.wait_log("the store has room again for an input")
    with urllib.request.urlopen(f"http://127.0.0.1:{http}/metrics", timeout=20) as r:
        by_input = dict(re.findall(r'^crumbd_input_dropped_events_total\{input="([^"]*)".*\} (\d+)$', r.read().decode(), re.M))
    ledger = d.stop(sent=sent + lines)
    t.eq({name.split(":")[0].split("/")[0]: int(n) for name, n in by_input.items() if n != "0"},
         {"udp": ledger["input_overflow"] + ledger["store_overflow"]}, "what was dropped of each input")
    t.eq(sum(kinds.values()) + ledger["input_overflow"] + ledger["store_overflow"] + ledger.get("udp_kernel_drops", 0), sent + lines)
    t.eq(up.reports["cache_overflow", "error"], ledger["input_overflow"] + ledger["store_overflow"], "the client reports")


PROJECTS = """
sentry:
  dsn: "{dsn}"
  projects: {{dead: "{dead}"}}
inputs:
  - tail: {dir}/app.log
    format: text
    from: start
rules: [{dir}/rules.yaml]
breadcrumbs: {{before: 0, after: 0, wait: 10ms}}
limits: {{per_issue: {{burst: 1000000, period: 1h}}, per_minute: 1000000, per_day: 100000000, new_issues: 1000000}}
store_limit: 3m
"""
TWO_KINDS = r"""
pack: kinds
rules:
  - {id: kinds.far, match: '^far fails', event: {type: Failure, message: 'far fails', fingerprint: [far], project: dead}}
  - {id: kinds.near, match: '^near fails', event: {type: Failure, message: 'near fails', fingerprint: [near]}}
"""


def used_by(t, project):
    with sqlite3.connect("file:%s?mode=ro" % t.path("crumbd.db"), uri=True) as db:
        return db.execute("SELECT ifnull(sum(bytes),0) FROM share WHERE project=? AND dead=0", (project,)).fetchone()[0]


def scenario_a_dead_project_fills_half_of_the_store(t):
    """From then on its events are lost by name, and those of the other project arrive; when nobody takes any, the file waits."""
    up, dead = t.upstream(), t.upstream()
    dead.stop()
    t.write("rules.yaml", TWO_KINDS)
    t.write("app.log", "")
    d = t.start(t.config(PROJECTS.format(dsn=up.dsn(), dead=dead.dsn(), dir=t.dir)))
    lines = 0
    t.append("app.log", fails("far", 0) + "\n")
    d.wait_log("the upstream does not take events")
    while d.ledger().get("project_overflow", 0) < 50:
        t.append("app.log", "".join(fails("far", n) + "\n" + fails("near", n) + "\n" for n in range(lines, lines + 50)))
        lines += 50
        d.wait_count("event", 2 * lines + 1)
    d.wait_log("events of a project are dropped")
    t.until(lambda: len(up.events) == lines, "all of the other project", 90)
    assert 1 << 18 < used_by(t, "dead") < 3 << 19, used_by(t, "dead")  # rows, in pages that those of the other project have left
    assert "the store is full" not in d.err and "it is not read" not in d.err, d.err[-3000:]
    t.eq(d.err.count("events of a project are dropped"), 1)
    # Nobody takes any: what is lost no more is waited for.
    up.stop()
    t.append("app.log", fails("near", 0) + "\n")
    t.until(lambda: d.err.count("the upstream does not take events") == 2, "both are known to take none")
    d.wait_log("events of a project are kept again")
    lost = d.ledger()["project_overflow"]
    t.append("app.log", "".join(fails("far", n) + "\n" for n in range(900)))
    d.wait_log("it is not read")
    t.eq(d.ledger()["project_overflow"], lost)
    up.start()
    dead.start()
    total_lines = 1 + 2 * lines + 1 + 900
    t.until(lambda: len(up.events) + len(dead.events) == total_lines - lost, "all that was not lost", 120)
    ledger = d.stop(sent=total_lines)
    t.eq((ledger["project_overflow"], dead.reports["cache_overflow", "error"]), (lost, lost), "what was lost is told to its project")


def scenario_a_flood_without_an_upstream(t):
    """Memory is bounded and flat, so is the disk, intake never stalls, and at the end every line is upstream or lost by name."""
    outage.run(t, 4, 1200, lambda line: None, limit=1 << 20)
