"""The network inputs: every transport, and bad input beside a good sender."""
import gzip
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.request

import abuse
from harness import free_port
from inputs import Inputs, certificates, gelf, stranger

ABUSE_S = float(os.environ.get("CRUMBD_ABUSE_S", 10))


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
    stranger(t)
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
    assert 'error="peer did not return a certificate"' in i.daemon.err and "verify failed" not in i.daemon.err, i.daemon.err


def scenario_kernel_drops_are_counted_by_socket(t):
    """What a stopped crumbd has no room for: exactly what was sent and did not arrive, at the socket it was for."""
    ports = [free_port(socket.SOCK_DGRAM) for _ in range(2)]
    web = free_port()
    d = t.start(t.config("""
inputs:
  - {syslog: 'udp://127.0.0.1:%d', receive_buffer: 64k}
  - {gelf: 'udp://127.0.0.1:%d', receive_buffer: 64k}
http: 127.0.0.1:%d
rules: []
fallback: crumb
""" % (*ports, web)))
    sent = 5000
    d.signal(signal.SIGSTOP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for n in range(sent):
            s.sendto(b"<14>1 - - - - - - number %d" % n, ("127.0.0.1", ports[0]))
        s.sendto(gelf("one"), ("127.0.0.1", ports[1]))
    d.signal(signal.SIGCONT)

    def drops(path, form):
        """Of each socket, as this address shows them."""
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (web, path)) as answer:
            text = answer.read().decode()
        return [int(re.search(form % port, text).group(1)) for port in ports]
    ledger = t.until(lambda: next((x for x in [d.ledger()] if x["lines_in"] + x.get("udp_kernel_drops", 0) == sent + 1), None),
                     "every datagram is read or counted")
    lost = sent + 1 - ledger["lines_in"]
    assert 0 < lost < sent, ledger
    t.eq(drops("/metrics", r'input_kernel_drops_total\{input="udp://127.0.0.1:%d",.*\} (\d+)'), [lost, 0])
    t.eq(drops("/", r'udp://127.0.0.1:%d <span class="dim">.*?</span> <span class="\w+">(\d+) dropped by the kernel'), [lost, 0])
    t.eq(d.stop()["udp_kernel_drops"], lost)


def scenario_what_waits_in_the_kernel_at_the_end(t):
    """Datagrams that the kernel has taken when SIGTERM comes are read first; a chunked message without its rest is counted."""
    ports = [free_port(socket.SOCK_DGRAM) for _ in range(2)]
    d = t.start(t.config("""
inputs:
  - syslog: udp://127.0.0.1:%d
  - gelf: udp://127.0.0.1:%d
rules: []
fallback: crumb
""" % tuple(ports)))
    sent = 8000
    d.signal(signal.SIGSTOP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for n in range(sent):
            s.sendto(b"<14>1 - - - - - - number %d" % n, ("127.0.0.1", ports[0]))
        s.sendto(b"\x1e\x0f12345678\x00\x02half", ("127.0.0.1", ports[1]))
        s.sendto(b'{"host": "web-1", "level": 3}', ("127.0.0.1", ports[1]))
    d.signal(signal.SIGTERM)
    d.signal(signal.SIGCONT)
    ledger = d.ended()
    t.eq(ledger["lines_in"] + ledger.get("udp_kernel_drops", 0), sent + 1, ledger)
    t.eq((ledger["gelf_sets_expired"], ledger["refused"]), (1, 1))
    said = [line for line in d.err.splitlines() if "was refused" in line]
    assert len(said) == 1 and "input=udp://127.0.0.1:%d" % ports[1] in said[0] and "peer=127.0.0.1" in said[0], d.err


def scenario_what_connections_hold_at_the_end(t):
    """Messages that wait for per_sender, in the process and in the kernel, and of a connection not accepted yet, are whole and read at SIGTERM."""
    ports = [free_port() for _ in range(2)]
    certificates(t, "server")
    d = t.start(t.config("""
inputs:
  - {gelf: 'tcp://127.0.0.1:%d', per_sender: 5}
  - {gelf: 'tls://127.0.0.1:%d', per_sender: 5, tls: {cert: server.pem, key: server.key}}
rules: []
fallback: crumb
""" % tuple(ports)))
    many = b"".join(gelf("number %d " % n + "x" * 1000) + b"\0" for n in range(200))
    context = ssl.create_default_context(cafile=t.path("ca.pem"))
    with socket.create_connection(("127.0.0.1", ports[0])) as plain, \
            context.wrap_socket(socket.create_connection(("127.0.0.1", ports[1])), server_hostname="127.0.0.1") as tls:
        plain.sendall(many)
        tls.sendall(many)
        d.wait_count("rate_waits", 2)
        d.signal(signal.SIGSTOP)
        with socket.create_connection(("127.0.0.1", ports[0])) as late:
            late.sendall(many)
        d.signal(signal.SIGTERM)
        d.signal(signal.SIGCONT)
        ledger = d.ended(sent=600)
    t.eq((ledger["lines_in"], ledger["crumb"]), (600, 600), ledger)


def scenario_broken_messages_of_a_request_are_counted(t):
    """All of a request that was given up are in the ledger, whether a good one was among them or not."""
    port = free_port()
    d = t.start(t.config("inputs:\n  - gelf: http://127.0.0.1:%d\nrules: []\nfallback: crumb\n" % port))
    for body in (b"{\n" * 150, gelf("good") + b"\n" + b"{\n" * 150):
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        c.request("POST", "/gelf", body)
        t.eq(c.getresponse().status, 400)
        c.close()
    ledger = d.stop(sent=301)
    t.eq((ledger["crumb"], ledger["refused"], ledger["http_given_up"]), (1, 200, 100))


def scenario_every_input_is_listed(t):
    """Also when there are more of them than lines that may say the same in a while."""
    ports = [free_port(socket.SOCK_DGRAM) for _ in range(14)]
    d = t.start(t.config("inputs:\n" + "".join("  - syslog: udp://127.0.0.1:%d\n" % p for p in ports)))
    for text in ("msg=listening input=udp://127.0.0.1:%d ", "msg=input syslog=udp://127.0.0.1:%d\n"):
        for p in ports:
            d.wait_log(text % p)
    d.stop()


def scenario_a_passed_socket_that_nobody_reads(t):
    """systemd's socket whose input is missing, or of another port, is named: its senders would wait without a word."""
    script = 'exec 3<&0; LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" run -c "$1"'
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        for n, (theirs, said) in enumerate(((port, False), (free_port(), True))):
            config = t.config("inputs:\n  - syslog: tcp://127.0.0.1:%d\n" % theirs, name="c%d.yaml" % n, store="s%d.db" % n)
            p = t.program("passed%d" % n, ["sh", "-c", script, t.crumbd_path, config], env=t.env(), stdin=s)
            t.until(lambda: "crumbd is running" in p.err and "no DSN" in p.err, "it runs")
            t.eq("no input reads" in p.err and "port=%d type=stream" % port in p.err, said, p.err)
            p.end()


def scenario_what_cannot_be_listened_on(t):
    """Each error names the address, why, and what to do; nothing else of the configuration runs."""
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket(socket.AF_UNIX) as unix:
        for s in (tcp, udp):
            s.bind(("127.0.0.1", 0))
        tcp.listen()
        unix.bind(t.path("taken"))
        unix.listen()
        t.write("plain", "")
        cases = [("syslog: tcp://127.0.0.1:%d" % tcp.getsockname()[1], "in use", "ss -lntp"),
                 ("gelf: http://127.0.0.1:%d" % tcp.getsockname()[1], "in use", "ss -lntp"),
                 ("gelf: udp://127.0.0.1:%d" % udp.getsockname()[1], "in use", "ss -lnup"),
                 ("syslog: udp://192.0.2.1:5514", "no address 192.0.2.1", "ip addr"),
                 ("syslog: tcp://no-such-host.invalid:5514", "has no address", "0.0.0.0"),
                 ("syslog: unix-stream:" + t.path("taken"), "another process listens", "ss -lxp"),
                 ("syslog: unix:" + t.path("plain"), "not a socket", "choose another path"),
                 ("syslog: unix:" + t.path("none/log"), "folder does not exist", "RuntimeDirectory")]
        for line, why, remedy in cases:
            _, err = t.run("run", "-c", t.config("inputs:\n  - %s\n" % line), status=3)
            address = line.split(": ", 1)[1]
            assert "crumbd.yaml:2:" in err and "cannot listen on " + address in err and why in err and remedy in err, err


def scenario_a_port_without_privilege(t):
    """514 as a user, where the host does not give it to everyone."""
    if os.getuid() != 0 or not shutil.which("setpriv"):
        t.skip("only root can become a user")
    os.chmod(t.dir, 0o777)
    for scheme in ("udp", "tcp"):
        # A network of its own has the kernel's own bound for ports, whatever a container was given.
        p = subprocess.run(["unshare", "--net", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", t.crumbd_path,
                            "run", "-c", t.config("inputs:\n  - syslog: %s://0.0.0.0:514\n" % scheme, store=scheme + ".db")],
                           env=t.env(), cwd=t.dir, capture_output=True, text=True, timeout=60, check=False)
        if "unshare failed" in p.stderr or "failed to execute" in p.stderr:
            t.skip("cannot be tried here: " + p.stderr.strip())
        t.eq(p.returncode, 3, p.stderr)
        for part in ("crumbd.yaml:2:", "cannot listen on %s://0.0.0.0:514: no privilege for port 514" % scheme, "CAP_NET_BIND_SERVICE", "above 1024"):
            assert part in p.stderr, p.stderr


def scenario_one_request_does_not_stop_all_reading(t):
    """Objects that never end: answered within a second, the rest counted; who sends beside it loses nothing."""
    ports = free_port(), free_port(socket.SOCK_DGRAM)
    d = t.start(t.config("""
inputs:
  - gelf: http://127.0.0.1:%d
  - syslog: udp://127.0.0.1:%d
rules: []
fallback: crumb
""" % ports))
    objects = 4_000_000
    body = gzip.compress(b'{"short_message": "before"}\n' + b"{\n" * objects)
    c = http.client.HTTPConnection("127.0.0.1", ports[0], timeout=10)
    began = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        c.request("POST", "/gelf", body, {"Content-Encoding": "gzip"})
        for n in range(100):
            s.sendto(b"<14>1 - - - - - - number %d" % n, ("127.0.0.1", ports[1]))
        answer = c.getresponse()
        took = time.monotonic() - began
    t.eq(answer.status, 400)
    said = json.loads(answer.read())["error"]
    assert "messages taken: 1, not looked at: %d" % (objects - 100) in said, said
    assert took < (5 if abuse.sanitized(t.crumbd_path) else 1), took
    d.wait_count("lines_in", 201)
    ledger = d.ledger()
    t.eq((ledger["crumb"], ledger["refused"], ledger["http_given_up"]), (101, 100, objects - 100))
    d.wait_log("given up after 100 broken messages")
    d.stop()


def scenario_bad_input_beside_a_good_sender(t):
    """Every kind of bad input at once; the good senders' every message arrives, memory stays small. CRUMBD_ABUSE_S: how long."""
    abuse.everything(t, Inputs(t, env=abuse.quiet_sanitizer(t)), ABUSE_S)
