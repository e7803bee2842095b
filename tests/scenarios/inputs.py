"""The network inputs: every transport, and bad input beside a good sender."""
import gzip
import http.client
import json
import os
import random
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time

from harness import free_port

ABUSE_S = float(os.environ.get("CRUMBD_ABUSE_S", 4))

RULES = """
pack: good
rules:
  - id: good.sender
    match: 'good-sender-\\d+'
    action: log
    samples:
      - {format: text, lines: 'good-sender-1', event: none}
"""


def certificates(t, *names):
    """{name}.pem and {name}.key for an authority `ca` and what it has signed."""
    if not shutil.which("openssl"):
        t.skip("inputs: no openssl command")

    def run(*args):
        subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=t.dir)
    run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA", "-days", "2")
    for name in names:
        run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
        run("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", name + ".pem",
            "-days", "2")


class Inputs:
    """A daemon that listens by every transport."""

    def __init__(self, t, more=""):
        self.t = t
        self.port = {name: free_port(kind) for name, kind in (("udp", socket.SOCK_DGRAM), ("tcp", socket.SOCK_STREAM),
                                                              ("gudp", socket.SOCK_DGRAM), ("gtcp", socket.SOCK_STREAM),
                                                              ("http", socket.SOCK_STREAM), ("tls", socket.SOCK_STREAM))}
        certificates(t, "server", "client")
        t.write("good.yaml", RULES)
        self.daemon = t.start(t.config("""
inputs:
  - {syslog: 'udp://127.0.0.1:%(udp)d'}
  - {syslog: 'tcp://127.0.0.1:%(tcp)d', idle_timeout: 30s, max_connections: 50}
  - {syslog: 'tls://127.0.0.1:%(tls)d', tls: {cert: server.pem, key: server.key, client_ca: ca.pem}}
  - {syslog: 'unix:{dir}/log'}
  - {syslog: 'unix-stream:{dir}/stream'}
  - {gelf: 'udp://127.0.0.1:%(gudp)d'}
  - {gelf: 'tcp://127.0.0.1:%(gtcp)d'}
  - {gelf: 'http://127.0.0.1:%(http)d', max_connections: 50, idle_timeout: 30s}
rules: [good.yaml]
fallback: crumb
""" % self.port + more))

    def connect(self, name):
        return socket.create_connection(("127.0.0.1", self.port[name]), 10)

    def datagram(self, name, data):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(data, ("127.0.0.1", self.port[name]))

    def tls(self, identity="client"):
        c = ssl.create_default_context(cafile=self.t.path("ca.pem"))
        c.check_hostname = False
        if identity:
            c.load_cert_chain(self.t.path(identity + ".pem"), self.t.path(identity + ".key"))
        return c.wrap_socket(self.connect("tls"))

    def http(self):
        return http.client.HTTPConnection("127.0.0.1", self.port["http"], timeout=10)

    def post(self, body, kept=None):
        """Over a connection that is kept, or over one of its own."""
        c = kept or self.http()
        c.request("POST", "/gelf", body)
        answer = c.getresponse()
        answer.read()
        if not kept:
            c.close()
        return answer.status

    def unix(self, name, kind):
        s = socket.socket(socket.AF_UNIX, kind)
        s.connect(self.t.path(name))
        return s


def gelf(text):
    return json.dumps({"version": "1.1", "host": "h", "short_message": text}).encode()


def scenario_every_transport(t):
    """One message by each, and each arrives."""
    i = Inputs(t)
    i.datagram("udp", b"<14>1 - - - - - - good-sender-1")
    with i.connect("tcp") as s:
        s.sendall(b"<14>good-sender-2\n20 <14>x: good-sender-3<14>good-sender-4")
    with i.tls() as s:
        s.sendall(b"17 <14>good-sender-5")
    with i.unix("log", socket.SOCK_DGRAM) as s:
        s.send(b"<14>May  6 07:08:09 app: good-sender-6")
    with i.unix("stream", socket.SOCK_STREAM) as s:
        s.send(b"<14>good-sender-7\0<14>good-sender-8\n")
    i.datagram("gudp", gzip.compress(gelf("good-sender-9")))
    half = gelf("good-sender-10")
    for seq in (1, 0):
        i.datagram("gudp", b"\x1e\x0f12345678" + bytes([seq, 2]) + half[seq * 30:seq * 30 + 30 if seq == 0 else None])
    with i.connect("gtcp") as s:
        s.sendall(gelf("good-sender-11") + b"\0" + gelf("good-sender-12") + b"\n")
    t.eq(i.post(gelf("good-sender-13") + b"\n" + gelf("good-sender-14")), 202)
    i.daemon.wait_count("log", 14)
    ledger = i.daemon.stop()
    t.eq(ledger["lines_in"], 14)


def scenario_wrong_certificates(t):
    """No certificate and one of another authority: refused, counted; the good client beside them is heard."""
    i = Inputs(t)
    other = t.path("other")
    os.mkdir(other)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", t.path("stranger.key"), "-out",
                    t.path("stranger.pem"), "-subj", "/CN=stranger", "-days", "2"], check=True, capture_output=True)
    for identity in (None, "stranger"):
        try:
            with i.tls(identity) as s:
                s.sendall(b"<14>good-sender-0\n")
                s.recv(1)
            t.fail("%s was let in" % identity)
        except (ssl.SSLError, OSError):
            pass
    with i.connect("tls") as s:
        s.sendall(b"<14>good-sender-0\n")
    i.daemon.wait_count("tls_errors", 3)
    with i.tls() as s:
        s.sendall(b"<14>good-sender-1\n")
    i.daemon.wait_count("log", 1)
    ledger = i.daemon.stop()
    t.eq((ledger["log"], ledger["tls_errors"]), (1, 3))
    assert "a sender without TLS called a TLS port" in i.daemon.err


def scenario_a_port_in_use(t):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        _, err = t.run("run", "-c", t.config("inputs:\n  - syslog: tcp://127.0.0.1:%d\n" % port), status=3)
    assert "tcp://127.0.0.1:%d" % port in err and "in use" in err and "ss -lntp" in err, err


# --- bad input, all at once


def abuse_random(i, rnd):
    i.datagram(rnd.choice(["udp", "gudp"]), rnd.randbytes(rnd.choice([0, 1, 2, 13, 200, 9000])))
    with i.connect(rnd.choice(["tcp", "gtcp", "http", "tls"])) as s:
        s.sendall(rnd.randbytes(rnd.choice([1, 100, 5000])))


def abuse_frames(i, rnd):
    with i.connect("tcp") as s:
        s.sendall(rnd.choice([b"1000000000000 <13>x\n", b"0 x\n", b"99999999 <13>never", b"<13>" + b"x" * 300000 + b"\n", b"5 <1"]))
    with i.connect("gtcp") as s:
        s.sendall(rnd.choice([b"[" * 10000 + b"\0", b'{"a":' * 10000 + b"\0", b'{"a":1,"a":2}\n', b'{"timestamp":NaN}\0', b"{\n" * 1000]))


def abuse_bombs(i, rnd):
    bomb = gzip.compress(b" " * (16 << 20))
    i.datagram("gudp", bomb[:60000])
    i.post(bomb)
    i.post(rnd.choice([b"", b"nonsense", b"{", b'{"short_message":1}', b"\x1f\x8b" + rnd.randbytes(50)]))


def abuse_chunks(i, rnd):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", i.port["gudp"]))
        for _ in range(200):
            s.send(b"\x1e\x0f" + rnd.randbytes(8) + bytes([rnd.randrange(256), rnd.randrange(256)]) + rnd.randbytes(20))


def abuse_silence(i, rnd):
    crowd = []
    for _ in range(60):
        crowd.append(i.connect(rnd.choice(["tcp", "http", "gtcp", "tls"])))
    slow = i.connect("tcp")
    for b in b"<13>one byte at a":
        slow.send(bytes([b]))
        time.sleep(0.002)
    for s in crowd + [slow]:
        if rnd.random() < 0.5:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
        s.close()


def scenario_bad_input_beside_a_good_sender(t):
    """Every kind of bad input at once; the good sender's every message arrives, memory stays small. CRUMBD_ABUSE_S: how long."""
    i = Inputs(t)
    end = time.monotonic() + ABUSE_S
    rounds, faults = {}, []

    def run(act, seed):
        rnd = random.Random(seed)
        while time.monotonic() < end:
            try:
                act(i, rnd)
            except (OSError, http.client.HTTPException):
                pass  # being cut off is what it is for
            except Exception as e:  # a fault of the scenario
                faults.append(e)
                return
            rounds[act.__name__] = rounds.get(act.__name__, 0) + 1

    acts = (abuse_random, abuse_frames, abuse_bombs, abuse_chunks, abuse_silence)
    threads = [threading.Thread(target=run, args=(act, n)) for n, act in enumerate(acts)]
    # Connected before the crowd is: at max_connections a new one may find no room.
    tcp, unix, tls, sent = i.connect("tcp"), i.unix("log", socket.SOCK_DGRAM), i.tls(), 0
    for send in (tcp.sendall, tls.sendall):
        send(b"<14>good-sender-%d\n" % sent)
        sent += 1
    web = i.http()
    t.eq(i.post(gelf("good-sender-%d" % sent), web), 202)
    sent += 1
    i.daemon.wait_count("log", sent)
    for thread in threads:
        thread.start()
    while time.monotonic() < end:
        for send in (tcp.sendall, tls.sendall):
            send(b"<14>good-sender-%d\n" % sent)
            sent += 1
        unix.send(b"<14>good-sender-%d" % sent)
        sent += 1
        if i.post(gelf("good-sender-%d" % sent), web) == 202:
            sent += 1
        time.sleep(0.005)
    for thread in threads:
        thread.join()
    t.eq(faults, [])
    assert all(rounds.get(act.__name__) for act in acts), rounds
    for s in (tcp, tls, unix, web):
        s.close()
    i.daemon.wait_count("log", sent)
    with open("/proc/%d/status" % i.daemon.pid, encoding="ascii") as f:
        anon = [int(line.split()[1]) for line in f if line.startswith("RssAnon")][0]
    ledger = i.daemon.stop()
    t.eq(ledger["log"], sent)
    with open(t.crumbd_path, "rb") as f:
        sanitized = b"__asan_init" in f.read() # its quarantine alone is larger than the bound
    if not sanitized:
        assert anon < 200000, "%d KiB of memory" % anon
    for name in ("gelf_bad_payload", "gelf_inflated_too_large", "gelf_chunks_bad", "http_bad_request", "http_too_large",
                 "http_malformed", "tls_errors", "connections_over_cap", "cut_messages", "refused"):
        assert ledger.get(name), "%s is not counted: %s" % (name, ledger)
