"""limits.shared: one flood on several hosts is one flood, whatever the Redis does in which they count. The numbers are the stand-in's."""
import json
import os
import re
import signal
import socket
import subprocess
import urllib.request

import harness
from redis_server import Between, Redis, needs

MEMBERS = 3
LINES = int(os.environ.get("CRUMBD_MEMBER_LINES", 40000))  # of each member

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - tail: {dir}/logs/{name}/*.log
    format: nginx-error
    timezone: UTC
    from: start
rules: [{dir}/rules.yaml]
breadcrumbs: {{wait: {wait}}}
limits: {{per_issue: {{burst: 10, period: 1h}}, per_minute: {per_minute}, shared: {shared}}}
http: 127.0.0.1:{http}
"""

RULES = """
pack: members
rules:
  - id: members.fault
    match: '^fault (?<n>\\d+) of unit'
    event: {type: Fault, message: 'fault {n}', fingerprint: [members, '{n}']}
"""


def line(i, fault=1):
    return "2026/11/23 10:00:00 [error] 7#7: *%d fault %d of unit %d\n" % (i, fault, i)


def of_one(n):
    """How many events one limiter makes of n equal occurrences."""
    return min(n, 10) + sum(1 for k in range(1, 60) if 10 * 2 ** k <= n)


class Members:
    def __init__(self, t, shared, n=MEMBERS, wait="10ms", per_minute=10000):
        self.t, self.up, self.d, self.http, self.lines = t, t.upstream(), [], [], [0] * n
        t.write("rules.yaml", RULES)
        for i in range(n):
            os.makedirs(t.path("logs", str(i)), exist_ok=True)
            self.http.append(harness.free_port())
            config = t.config(CONFIG.format(dsn=self.up.dsn(), dir=t.dir, name=i, shared=shared if isinstance(shared, str) else shared[i], wait=wait, per_minute=per_minute,
                                            http=self.http[i]), "crumbd%d.yaml" % i, "crumbd%d.db" % i)
            self.d.append(t.start(config))

    def metrics(self, i):
        with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % self.http[i], timeout=10) as r:
            return r.read().decode()

    def wait_up(self, up=1, which=None):
        for i in which or range(len(self.d)):
            self.t.until(lambda: "crumbd_shared_limits_up %d\n" % up in self.metrics(i), "member %d says shared_limits_up %d" % (i, up))

    def write(self, n, fault=1, which=None, wait=True):
        for i in which or range(len(self.d)):
            self.t.append("logs/%d/error.log" % i, "".join(line(k, fault) for k in range(n)))
            self.lines[i] += n
        for i in (which or range(len(self.d))) if wait else ():
            self.d[i].wait_count("lines_in", self.lines[i])

    def stop(self):
        """Ends all, and gives their ledgers; what they held back is in summaries then."""
        ledgers = [d.stop(sent=n) for d, n in zip(self.d, self.lines)]
        made = [e for e in self.up.events]
        events = sum(1 for e in made if not suppressed_of(e))
        suppressed = sum(suppressed_of(e) for e in made)
        self.t.eq(events + suppressed, sum(self.lines), "events and suppressed ones of all members")
        return ledgers, events


def suppressed_of(event):
    return event.get("contexts", {}).get("crumbd", {}).get("suppressed", 0)


def scenario_members_make_the_events_of_one(t):
    """Three members read one fault each from its own log: events and suppressed ones are all its occurrences, and the events are as many
    as one crumbd makes; the count in Redis, read by redis-cli, is that of the occurrences."""
    redis = Redis(t).up()
    m = Members(t, "redis://127.0.0.1:%d/3" % redis.port)
    redis.cli_args = ["-n", "3"]
    m.wait_up()
    m.write(LINES)
    t.until(lambda: redis.counted() == sum(m.lines), lambda: "Redis has counted %d of %d" % (redis.counted(), sum(m.lines)))
    m.write(1)  # what was told late passes with the next
    ledgers, events = m.stop()
    # On a machine where Redis answers later than it is waited for, each event decided meanwhile may be one more.
    alone = sum(l.get("shared_local", 0) for l in ledgers)
    assert of_one(MEMBERS * LINES) <= events <= of_one(MEMBERS * LINES) + alone, (events, alone)
    # An ask costs what a few lines do, and under a flood there are few.
    asks = sum(l["shared_asks"] for l in ledgers)
    assert MEMBERS <= asks * 300 <= sum(m.lines), (asks, sum(m.lines))
    keys = redis.cli("KEYS", "*").split()
    assert all(re.fullmatch(r"crumbd:(i:[0-9a-f]{16}|\{[0-9a-f]{16}\}:(minute|day|new)|probe:\d+)", k) for k in keys), keys
    assert all(int(redis.cli("PTTL", k)) > 0 for k in keys), "a key that never expires"


def scenario_members_outlive_their_redis(t):
    """Redis stands still, is killed while a replica takes over, is emptied: nobody waits, it is said, and the numbers add up; each of these costs
    at most one event for each member."""
    first = Redis(t, "first").up()
    second = Redis(t, "second", ["--replicaof", "127.0.0.1", str(first.port)]).up()
    t.until(lambda: "master_link_status:up" in second.cli("INFO", "replication"), "the replica follows")
    between = Between(t, first.port)
    m = Members(t, "redis://127.0.0.1:%d" % between.port)
    m.wait_up()
    m.write(3000)
    first.p.signal(signal.SIGSTOP)
    m.write(3000)  # all of it is read while Redis stands still
    m.write(10, fault=2)
    t.wait_events(m.up, of_one(9000) + 2)  # a new fault passes all the same
    first.p.signal(signal.SIGCONT)
    m.wait_up()
    m.write(3000)
    between.lead(second.port)  # a replica, which nobody may write to
    m.wait_up(0)
    t.until(lambda: "READONLY" in urllib.request.urlopen("http://127.0.0.1:%d/" % m.http[0]).read().decode(), "the page says why")
    first.kill()
    m.write(3000)
    second.cli("REPLICAOF", "NO", "ONE")
    m.wait_up()
    m.write(3000)
    second.cli("FLUSHALL")
    m.write(3000)
    second.cli("SCRIPT", "FLUSH")
    m.write(3000)
    m.wait_up()
    _, events = m.stop()
    most = of_one(MEMBERS * 21000) + of_one(30) + MEMBERS * 10  # of the new fault each makes its own ten while Redis stands still
    assert of_one(MEMBERS * 21000) <= events <= most + 4 * MEMBERS, (events, most)


def scenario_a_member_that_is_killed(t):
    """kill -9 of one of two in the middle of a flood: each line is still either an event or in a summary, once."""
    redis = Redis(t).up()
    m = Members(t, "redis://127.0.0.1:%d" % redis.port, n=2)
    m.wait_up()
    m.write(20000, wait=False)
    m.d[0].wait_count("lines_in", 5000)
    m.d[0].kill()
    m.d[0] = t.start(t.path("crumbd0.yaml"))
    m.wait_up()
    m.write(1, fault=2, wait=False)  # read last
    t.until(lambda: sum(e["fingerprint"][1] == "2" for e in m.up.events) == 2, "both have read all")
    for d in m.d:
        d.stop()
    made = m.up.events
    t.eq(sum(suppressed_of(e) or 1 for e in made), sum(m.lines), "events and suppressed ones")


def answers(*texts):
    """Answers each command with the next of them, over and over."""
    def act(s):
        i = 0
        while s.recv(65536):
            s.sendall(texts[i % len(texts)])
            i += 1
    return act


def endless(s):
    s.recv(65536)
    while True:
        s.sendall(b"+" + b"x" * 65536)


def well_then(answer):
    """Logs in, loads and is probed as a Redis is, then answers each ask with this."""
    def act(s):
        n, had = 0, b""
        while data := s.recv(65536):
            had += data
            for _ in range(had.count(b"EVALSHA") + had.count(b"SCRIPT") + had.count(b"SELECT") + had.count(b"\r\nSET\r\n")):
                n += 1
                s.sendall(b"+OK\r\n" if n in (1, *range(4, 12)) else b"$40\r\n" + b"0" * 40 + b"\r\n" if n < 4 else answer)
            had = b""
    return act


HOSTILE = {
    "loading": answers(b"-LOADING Redis is loading the dataset in memory\r\n"),
    "no redis": answers(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "a bulk without end": answers(b"$9223372036854775807\r\n"),
    "a gigabyte announced": answers(b"$1000000000\r\nabc"),
    "a great array": answers(b"*2147483647\r\n"),
    "arrays in arrays": answers(b"*1\r\n" * 100000),
    "unasked": answers(b"+OK\r\n" * 1000),
    "endless": endless,
    "binary": answers(bytes(range(256)) * 64),
    "moved": well_then(b"-MOVED 3999 127.0.0.1:6381\r\n"),
    "oom": well_then(b"-OOM command not allowed when used memory > 'maxmemory'.\r\n"),
    "noscript": well_then(b"-NOSCRIPT No matching script. Please use EVAL.\r\n"),
    "readonly": well_then(b"-READONLY You can't write against a read only replica.\r\n"),
    "a status": well_then(b"+OK\r\n"),
    "nothing": well_then(b"*0\r\n"),
    "nil": well_then(b"*-1\r\n"),
    "texts": well_then(b"*4\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$-1\r\n"),
    "below zero": well_then(b"*4\r\n:-1\r\n:-9223372036854775808\r\n:-1\r\n:5\r\n"),
    "the greatest": well_then(b"*4\r\n" + b":9223372036854775807\r\n" * 4),
    "silence": well_then(b""),
}


def scenario_a_hostile_redis(t):
    """Whatever answers in place of a Redis: lines are taken, each limits by itself, the numbers add up, memory is bounded."""
    needs(t)
    lanes = 4  # since each comes back later and later
    between = [Between(t, act=answers(b"-ERR\r\n")) for _ in range(lanes)]
    m = Members(t, ["redis://127.0.0.1:%d" % b.port for b in between], n=lanes)
    kinds, names = list(HOSTILE.values()), list(HOSTILE)
    remedies = {"moved": "not part of a cluster", "oom": "raise its maxmemory", "readonly": "the master", "noscript": "loaded again"}
    for first in range(0, len(kinds), lanes):
        taken = [b.taken for b in between]
        for b, act in zip(between, kinds[first:]):
            b.act = act
            b.drop()
        t.until(lambda: all(b.taken > n for b, n in zip(between, taken)), "another connection")
        m.write(60)
        if not first:  # what it is away by is shown as it changes, and logged once
            t.until(lambda: "LOADING" in urllib.request.urlopen("http://127.0.0.1:%d/" % m.http[0]).read().decode(), "the page says why")
        for d, name in zip(m.d, names[first:]):
            if name in remedies:
                d.wait_log(name.upper() + " ")
                assert [line for line in d.err.splitlines() if name.upper() + " " in line and remedies[name] in line], d.err
    for d in m.d:
        with open("/proc/%d/status" % d.pid, encoding="utf-8") as f:
            anon = int(re.search(r"^RssAnon:\s+(\d+) kB", f.read(), re.M).group(1))
        assert anon < 64 << 10 or harness.sanitized(t.crumbd_path), anon
    m.stop()


def scenario_a_part_of_a_cluster(t):
    """A Redis that has not all slots of its cluster counts nothing, also of issues whose slot it has: it is said once, and each limits by itself."""
    redis = Redis(t, args=["--cluster-enabled", "yes", "--cluster-port", str(harness.free_port()), "--cluster-require-full-coverage", "no"]).up()
    redis.cli("CLUSTER", "ADDSLOTSRANGE", 0, 14335)
    t.until(lambda: "cluster_state:ok" in redis.cli("CLUSTER", "INFO"), "it serves what it has")
    m = Members(t, ["redis://127.0.0.1:%d" % redis.port], n=1)
    m.d[0].wait_log("does not count for all members")
    m.write(60)
    m.stop()
    said = [line for line in m.d[0].err.splitlines() if "shared=" in line]
    assert len(said) == 1 and "Hash slot not served" in said[0] and "not part of a cluster" in said[0], said
    t.eq(redis.cli("KEYS", "crumbd:i:*"), "")


def scenario_members_over_tls(t):
    """rediss:// with a password from a file, by a certificate of one's own; with another authority's there is no connection, and it is said."""
    key, cert, other = (t.path(n) for n in ("key.pem", "cert.pem", "other.pem"))
    for out in (cert, other):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key if out == cert else t.path("x.pem"), "-out", out,
                        "-days", "2", "-subj", "/CN=redis", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    tls = harness.free_port()
    redis = Redis(t, args=["--tls-port", str(tls), "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert,
                           "--tls-auth-clients", "no", "--requirepass", "p@ss:w/rd%"])
    redis.cli_args = ["-a", "p@ss:w/rd%", "--no-auth-warning"]
    redis.up()
    secret = t.write("secret", "p@ss:w/rd%\n")
    os.chmod(secret, 0o600)
    m = Members(t, "{url: 'rediss://127.0.0.1:%d/1', ca_file: %s, password_file: %s}" % (tls, cert, secret), n=1)
    m.wait_up()
    m.write(20)
    m.stop()
    wrong = Members(t, "{url: 'rediss://127.0.0.1:%d', ca_file: %s, password_file: %s}" % (tls, other, secret), n=1)
    wrong.d[0].wait_log("certificate verify failed")
    wrong.stop()
    plain = Members(t, "'redis://:p%%40ss%%3Aw%%2Frd%%25@127.0.0.1:%d'" % redis.port, n=1)
    plain.wait_up()
    plain.stop()
    out, _ = t.run("check", "-c", t.path("crumbd0.yaml"), "--dump", status=None)
    assert "p%40ss" not in out and "127.0.0.1:%d" % redis.port in out, out
    bad = Members(t, "'redis://:wrong@127.0.0.1:%d'" % redis.port, n=1)
    bad.d[0].wait_log("WRONGPASS")
    bad.stop()


def chunked(n, body, chunks=4):
    """A GELF message in datagrams; its id is the number n."""
    size = -(-len(body) // chunks)
    return [b"\x1e\x0f" + n.to_bytes(8, "big") + bytes((i, chunks)) + body[i * size:(i + 1) * size] for i in range(chunks)]


def scenario_many_share_a_port(t):
    """Two processes on one port, TCP and UDP: every line is read by one of them, both have some, and what one sender sends stays with one:
    no set of chunks is incomplete, and each event has the line before it of its connection."""
    tcp, udp = harness.free_port(), harness.free_port(socket.SOCK_DGRAM)
    up = t.upstream()
    t.write("rules.yaml", RULES)
    config = """
sentry: {dsn: "%s"}
inputs:
  - {gelf: "tcp://127.0.0.1:%d", reuse_port: on, domain: d}
  - {gelf: "udp://127.0.0.1:%d", reuse_port: on}
rules: [{dir}/rules.yaml]
""" % (up.dsn(), tcp, udp)
    d = [t.start(t.config(config, "crumbd%d.yaml" % i, "crumbd%d.db" % i)) for i in range(2)]
    senders, lines = 40, 0
    connections = [socket.create_connection(("127.0.0.1", tcp)) for _ in range(senders)]
    for turn in range(3):
        for i, s in enumerate(connections):
            text = "fault %d of unit %d" % (i, i) if turn == 2 else "before %d of sender %d" % (turn, i)
            s.sendall(json.dumps({"version": "1.1", "host": "h%d" % i, "short_message": text, "level": 3 if turn == 2 else 6}).encode() + b"\0")
            lines += 1
    for i in range(senders):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            body = json.dumps({"version": "1.1", "host": "u%d" % i, "short_message": "fault %d of unit" % (100 + i), "full_message": "x" * 4000, "level": 3})
            for part in chunked(i + 1, body.encode()):
                s.sendto(part, ("127.0.0.1", udp))
            lines += 1
    events = t.wait_events(up, 2 * senders)
    ledgers = [p.stop() for p in d]
    t.eq(sum(l["lines_in"] for l in ledgers), lines, "lines read")
    assert all(l["lines_in"] > 0 for l in ledgers), ledgers
    t.eq(sum(l.get("gelf_sets_expired", 0) for l in ledgers), 0, "sets of chunks that were not whole")
    for e in events:
        n = int(e["fingerprint"][1])
        said = " ".join(c.get("message", "") for c in harness.crumbs(e))
        assert n >= 100 or "before 1 of sender %d" % n in said, (n, said)
    for s in connections:
        s.close()
