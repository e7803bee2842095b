"""A store that takes no more: what is kept, what waits, what is lost, and that each of these has its name and its number."""
import json
import os
import random
import socket
import ssl
import subprocess
import threading
import urllib.error
import urllib.request

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
DATAGRAMS = 1500
MOST = 20000


def words():
    """That compress badly."""
    return " ".join("".join(random.choices("bcdfghjklmnpqrstvwxz", k=11)) for _ in range(60))


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
    d = t.start(t.config(EVERY_INPUT.format(dsn=up.dsn(), dir=t.dir, **ports)))
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
