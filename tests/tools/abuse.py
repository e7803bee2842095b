"""abuse: every kind of bad input at once against a daemon, with a good sender on each transport whose every message must arrive.

Each `abuse_*` is one generator, called again and again on a thread of its own with the Abuse and a random source. Being cut off is
what it is for, so an OSError ends its round and nothing else.

Datagrams that the kernel drops for want of room would say nothing about crumbd, so all senders of datagrams wait for an almost empty
receive queue (Gate); then not one may be missing.
"""
import http.client
import os
import random
import resource
import socket
import ssl
import struct
import threading
import time
import zlib

from harness import Failure, sanitized
from inputs import gelf, stranger

SETS = 64  # chunks sent at once
GOOD_PAUSE_S = 0.01
SAMPLE_S = 1
MORE_S = 150
# What the daemon may hold however long it goes on: caps of the framers, of the chunk sets and of 10 000 connections.
ANON_MAX_KIB = 300000
ANON_MAX_SANITIZED_KIB = 1500000
# A line of log a second for each thing that can be said: ten in ten seconds.
LINES_MAX, LINES_S_MAX = 300, 30


class Gate:
    """Lets one sender of datagrams at a time through, when the receive queue of its port is almost empty."""
    ROOM = 32 << 10

    def __init__(self, end):
        self.lock, self.end = threading.Lock(), end

    def queued(self, port):
        with open("/proc/net/udp", encoding="ascii") as f:
            for line in f:
                part = line.split()
                if part[1].endswith(":%04X" % port):
                    return int(part[4].split(":")[1], 16)
        return 0

    def send(self, port, datagrams, source="127.0.0.1"):
        """Together no more than about 100 KB, which the smallest receive buffer has room for."""
        with self.lock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((source, 0))
            s.connect(("127.0.0.1", port))
            while self.queued(port) > self.ROOM and not self.end.is_set():
                time.sleep(0.001)
            for d in datagrams:
                try:
                    s.send(d)
                except ConnectionRefusedError:  # the daemon is gone, which shows by itself
                    pass


def bomb(size, wbits):
    """gzip (31) or zlib (15) of a GELF message that is `size` bytes long, and cut off: one block again and again."""
    z = zlib.compressobj(9, zlib.DEFLATED, wbits)
    head = z.compress(b'{"short_message":"') + z.flush(zlib.Z_FULL_FLUSH)
    # After a full flush a block says the same whatever came before it.
    block = z.compress(b"a" * (1 << 20)) + z.flush(zlib.Z_FULL_FLUSH) if size >= 1 << 20 else z.compress(b"a" * size) + z.flush()
    return head + block * max(1, size >> 20)


class Abuse:
    def __init__(self, inputs, crowd):
        self.inputs, self.crowd = inputs, crowd
        self.end = threading.Event()
        self.gate = Gate(self.end)
        self.did, self.faults, self.good = {}, [], {}
        self.lock, self.turn = threading.Lock(), {}
        # The largest first: a slow machine does not come to the end.
        self.bombs = [bomb(size, wbits) for size in (10 << 30, 60 << 20, 1 << 30, 1 << 20, 10 << 10) for wbits in (31, 15)]
        stranger(inputs.t)

    def count(self, what, n=1):
        with self.lock:
            self.did[what] = self.did.get(what, 0) + n

    def next(self, items):
        """Each in turn, so that all have been there after a few rounds; one thread asks for one list."""
        turn = self.turn[id(items)] = self.turn.get(id(items), -1) + 1
        return items[turn % len(items)]

    def send(self, name, *datagrams):
        self.gate.send(self.inputs.port[name], datagrams)
        self.count("datagrams", len(datagrams))

    def connect(self, name):
        s = self.inputs.unix("stream", socket.SOCK_STREAM) if name == "unix" else self.inputs.connect(name)
        self.count("connections")
        return s

    def post(self, body, **headers):
        c = self.inputs.http()
        try:
            c.request("POST", "/gelf", body, headers)
            answer = c.getresponse()
            answer.read()
            self.count("HTTP answers %d" % answer.status)
        finally:
            c.close()

    def run(self, act, seed):
        rnd = random.Random(seed)
        try:
            while not self.end.is_set():
                try:
                    act(self, rnd)
                except (OSError, http.client.HTTPException):
                    self.count("cut off")
                self.count("rounds of " + act.__name__[len("abuse_"):])
        except Exception as e:  # a fault of the generator
            self.faults.append(e)
            raise


# --- bad input


def abuse_random(a, rnd):
    for name in ("udp", "gudp"):
        a.send(name, rnd.randbytes(rnd.choice([0, 1, 2, 13, 200, 9000, 60000])))
    for name in ("tcp", "gtcp", "http", "tls", "unix"):
        with a.connect(name) as s:
            s.sendall(rnd.randbytes(rnd.choice([1, 100, 5000, 100000])))


FRAMES = [b"1000000000000 <13>x\n", b"0 x\n", b"0 \n0 \n", b"99999999 <13>never", b"<13>" + b"x" * 3000000 + b"\n", b"5 <1", b"7 <13>a\nb",
          b"<13>no end", b"\n" * 5000, b"\0" * 5000, b"-5 <13>x\n", b"18446744073709551617 <13>x\n", b"00000000000000000005 <13>x\n"]
SYSLOG = [b"<999999999999>x", b"<-1>x", b"<13>1 " + b"[" * 5000, b"<13>1 - - - - - [a " + b'b="c" ' * 9000, b'<13>1 - - - - - [a b="\\' + b"x" * 90,
          b"<13>1 2026-99-99T99:99:99.999999999999+99:99 h a p m - x", b"<13>Feb 31 25:61:61 h a[99999999999999999999]: x", b"<13>",
          b"<13>x: @cee: " + b'{"a":' * 9000, b"<13>\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80", b"<13>a" + b"\0b" * 999, b"<11>" + b"\x1b[31m" * 999]


def abuse_frames(a, rnd):
    """Truncated and over-long frames, counts of 10^12 and 0, and syslog that is none."""
    for name in ("tcp", "unix"):
        with a.connect(name) as s:
            s.sendall(a.next(FRAMES))
        with a.connect(name) as s:
            s.sendall(b"\n".join(rnd.choice(SYSLOG) for _ in range(20)))
    a.send("udp", *(rnd.choice(SYSLOG)[:9000] for _ in range(5)))


STAMPS = [b'"yesterday"', b'"2026-01-01T00:00:00Z"', b"null", b"-1", b"-1e300", b"1e308", b"1e999", b"NaN", b"Infinity", b"[]", b"{}", b'""',
          b"true", b"99999999999999999999999999", b"-0", b"1e-400", b"0." + b"9" * 400]
DEEP = [b"[" * 10000, b'{"a":' * 10000, b'{"short_message":"deep","_x":' + b'{"a":' * 10000 + b"1" + b"}" * 10001,
        b'{"short_message":"deep","_x":' + b"[" * 10000 + b"]" * 10000 + b"}"]
TEXTS = [b'"\xff\xfe"', b'"\xc0\x80"', b'"\\ud800"', b'"\\u0000"', b'"\x01\x02\n"', b'"' + b"a" * 50000 + b'"', b"17", b"null", b'[1,"a"]', b'"x', b'""']


def odd_json(rnd):
    kind = rnd.randrange(4)
    if kind == 0:
        return rnd.choice(DEEP)
    if kind == 1:
        return b'{"short_message":"s","timestamp":%s}' % rnd.choice(STAMPS)
    if kind == 2:
        return b'{"host":%s,"short_message":%s,"level":%s,"_f":%s}' % tuple(rnd.choice(TEXTS) for _ in range(4))
    return b'{"a":1,' + b",".join(b'"_k":%d' % n for n in range(rnd.choice([2, 3000]))) + b',"short_message":"s","short_message":"t"' + rnd.choice([b"}", b",}", b""])


def abuse_json(a, rnd):
    """10 000 levels, duplicate keys, odd timestamps, bad UTF-8, by each way that GELF comes."""
    with a.connect("gtcp") as s:
        s.sendall(b"".join(odd_json(rnd) + rnd.choice([b"\0", b"\n"]) for _ in range(10)))
    a.send("gudp", *(odd_json(rnd)[:60000] for _ in range(2)))
    a.post(odd_json(rnd))


def abuse_bombs(a, rnd):
    """10 KB to 10 GB of text in at most 10 MB, whole and torn, and what only looks compressed."""
    small = [b for b in a.bombs if len(b) < 65000]
    a.send("gudp", small[0])
    a.send("gudp", rnd.choice(small)[:rnd.randrange(2, 12)])
    a.post(rnd.choice(small))
    a.post(a.next(a.bombs), **rnd.choice([{}, {"Content-Encoding": "gzip"}, {"Content-Encoding": "deflate"}]))
    a.post(rnd.choice([b"", b"nonsense", b"{", b'{"short_message":1}', b"\x1f\x8b" + rnd.randbytes(50), b"\x78\x9c" + rnd.randbytes(50)]))


HTTP = [b"GET / HTTP/1.1\r\n\r\n", b"PUT /gelf HTTP/1.1\r\nContent-Length: 0\r\n\r\n", b"POST /gelf HTTP/1.1\r\nContent-Length: 1000000000000\r\n\r\n{", b"POST /gelf HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /gelf HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", b"POST /gelf HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /gelf HTTP/1.1\r\n" + b"X: y\r\n" * 9000, b"POST /" + b"g" * 90000, b"BREW /gelf HTTP/9.9\r\n\r\n", b"\r\n" * 5000,
        b"POST /gelf HTTP/1.1\r\nContent-Encoding: zstd\r\nContent-Length: 1\r\n\r\n{", b"POST /gelf HTTP/1.1\r\nContent-Length: 5\r\n\r\n{}" * 3]


def abuse_http(a, rnd):
    with a.connect("http") as s:
        s.sendall(a.next(HTTP))
        s.settimeout(0.2)
        s.recv(1000)


def abuse_chunks(a, rnd):
    """Sets of chunks that are never whole; some have impossible headers, some come twice or with another count."""
    sets = [rnd.randbytes(8) for _ in range(SETS)]
    a.send("gudp", *(b"\x1e\x0f" + i + bytes([rnd.randrange(130), rnd.randrange(100, 140)]) + rnd.randbytes(20) for i in sets))
    a.send("gudp", *(b"\x1e\x0f" + sets[0] + bytes([0, n]) + b"{" for n in (2, 3, 2)))
    a.count("chunk sets begun", SETS)


def close_all(rnd, sockets):
    for s in sockets:
        if rnd.random() < 0.5:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
        s.close()


def abuse_silence(a, rnd):
    """A crowd of connections that say nothing, all open at once where max_connections allows it."""
    crowd = []
    try:
        while len(crowd) < a.crowd and not a.end.is_set():
            # Half of them where all find room.
            crowd.append(a.connect("gtcp" if len(crowd) % 2 else rnd.choice(["tcp", "http", "tls", "unix"])))
    finally:
        a.count("silent connections", len(crowd))
        close_all(rnd, crowd)


def abuse_slowness(a, rnd):
    """A byte a second."""
    texts = {"tcp": b"<13>a slow one\n", "gtcp": gelf("slow") + b"\0", "http": b"POST /gelf HTTP/1.1\r\nContent-Length: 30\r\n\r\n", "tls": b"\x16\x03\x01\x02\x00\x01"}
    slow = []
    try:
        for name in list(texts) * 4:
            slow.append((a.connect(name), texts[name]))
        for at in range(60):
            for s, text in slow:
                try:
                    s.send(text[at % len(text):][:1])
                except OSError:  # handed its timeout
                    a.count("cut off")
            if a.end.wait(1):
                break
    finally:
        close_all(rnd, [s for s, _ in slow])


PLAIN = ("tcp", "gtcp", "http")
BAD_TLS = ("none", "stranger", "no TLS", *PLAIN)


def abuse_certificates(a, _):
    """No certificate, a stranger's, no TLS on a TLS port, TLS on a plain port."""
    kind = a.next(BAD_TLS)
    a.count("bad TLS clients")
    if kind in PLAIN:
        c = ssl.create_default_context()
        c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
        with a.connect(kind) as s:
            c.wrap_socket(s)
    elif kind == "no TLS":
        with a.connect("tls") as s:
            s.sendall(b"<14>not heard\n")
    else:
        with a.inputs.tls(None if kind == "none" else kind) as s:
            s.sendall(b"<14>not heard\n")
            s.recv(1)


TRACE = [b"java.lang.Error: never ends", b"\tat a.B.c(B.java:1)", b"perhaps", b"\tat a.B.d(B.java:2)"]


def abuse_traces(a, rnd):
    """Traces of thousands of processes, a line of each in turn; none has an end."""
    first = rnd.randrange(1 << 20)
    with a.connect("tcp") as s:
        for line in TRACE:
            s.sendall(b"".join(b"<14>1 - - shop %d - - %s\n" % (first + n, line) for n in range(3000)))
    a.count("open traces", 3000)


ACTS = (abuse_random, abuse_frames, abuse_json, abuse_bombs, abuse_http, abuse_chunks, abuse_silence, abuse_slowness, abuse_certificates,
        abuse_traces)
COUNTED = ("gelf_bad_payload", "gelf_inflated_too_large", "gelf_chunks_bad", "gelf_chunks_duplicate",
           "gelf_chunks_mismatch", "http_bad_request", "http_too_large", "http_malformed",
           "http_not_found", "http_bad_method", "tls_errors", "tls_on_plain", "connections_over_cap", "cut_messages", "refused", "joined")


def uncounted(ledger):
    """What there was of bad input and has no number yet."""
    names = [name for name in COUNTED if not ledger.get(name)]
    # Which of the two depends on how fast they come.
    return names + ([] if ledger.get("gelf_sets_evicted") or ledger.get("gelf_sets_expired") else ["gelf_sets_expired"])


# --- the good sender


class Good:
    """A sender on each transport, connected before the crowd is: at max_connections a new one may find no room."""

    def __init__(self, a):
        i = self.inputs = a.inputs
        self.a, self.web = a, i.http()
        self.open = {"tcp": i.connect("tcp"), "tls": i.tls(), "unix-stream": i.unix("stream", socket.SOCK_STREAM), "gelf tcp": i.connect("gtcp")}
        self.unix = i.unix("log", socket.SOCK_DGRAM)
        self.unix.settimeout(None)
        self.ways = {name: self.stream(s, name) for name, s in self.open.items()}
        self.ways.update({"unix": lambda n: self.unix.send(b"<14>good-sender-%d" % n),
                          "udp": lambda n: a.gate.send(i.port["udp"], [b"<14>1 - - - - - - good-sender-%d" % n]),
                          "gelf udp": lambda n: a.gate.send(i.port["gudp"], [gelf("good-sender-%d" % n)]),
                          "gelf chunks": self.chunks, "gelf http": self.post})
        self.sent = dict.fromkeys(self.ways, 0)

    def stream(self, s, name):
        if name == "gelf tcp":
            return lambda n: s.sendall(gelf("good-sender-%d" % n) + b"\0")
        return lambda n: s.sendall(b"<14>good-sender-%d\n" % n)

    def chunks(self, n):
        """From an address of its own: what a sender may have unfinished is bounded."""
        text = gelf("good-sender-%d" % n)
        id, third = os.urandom(8), len(text) // 3 + 1
        order = random.sample(range(3), 3)
        self.a.gate.send(self.inputs.port["gudp"], [b"\x1e\x0f" + id + bytes([k, 3]) + text[k * third:(k + 1) * third] for k in order], "127.0.0.2")

    def post(self, n):
        status = self.inputs.post(gelf("good-sender-%d" % n), self.web)
        if status != 202:
            raise Failure("the good HTTP sender got %d" % status)

    def one(self, name):
        self.ways[name](self.sent[name])
        self.sent[name] += 1

    def total(self):
        return sum(self.sent.values())

    def prove(self):
        """A message on each arrives."""
        for name in self.ways:
            self.one(name)
        self.inputs.daemon.wait_count("log", self.total())

    def run(self, name):
        try:
            while not self.a.end.wait(GOOD_PAUSE_S):
                self.one(name)
        except Exception as e:  # a good sender was let down
            self.a.faults.append(Failure("the good sender by %s: %r" % (name, e)))
            raise

    def close(self):
        for s in (*self.open.values(), self.unix, self.web):
            s.close()


# --- all of it


class Result:
    """What came of it."""

    def __init__(self, did, good, ledger, memory):
        self.did, self.good, self.ledger, self.memory = did, good, ledger, memory

    def lines(self):
        third = max(1, len(self.memory) // 3)
        yield "bad:    " + ", ".join("%s %d" % (k, self.did[k]) for k in sorted(self.did))
        yield "good:   " + ", ".join("%s %d" % x for x in sorted(self.good.items()))
        yield "ledger: " + " ".join("%s=%d" % x for x in self.ledger.items())
        yield "memory: RssAnon KiB at first %d, most in the first third %d, in the last third %d" % (
            self.memory[0], max(self.memory[:third]), max(self.memory[-third:]))


def more_descriptors(want):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < want:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(want, hard), hard))
    return min(resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1000, want)


def check(t, a, good, ledger, memory):
    """Nobody was let down, everything bad was counted, memory stayed, the log was not flooded."""
    t.eq(ledger["log"], good.total(), "messages of the good sender")
    t.eq(ledger.get("udp_kernel_drops", 0), 0, "datagrams dropped by the kernel")
    missing = [act.__name__ for act in ACTS if not a.did.get("rounds of " + act.__name__[len("abuse_"):])]
    t.eq(missing, [], "generators that did nothing")
    t.eq(uncounted(ledger), [], "not counted, in %s" % ledger)
    lines = [line for line in a.inputs.daemon.err.split("\n") if "msg=ledger" not in line]
    assert len(lines) < LINES_MAX + LINES_S_MAX * len(memory), "%d lines of log" % len(lines)
    most = ANON_MAX_SANITIZED_KIB if sanitized(t.crumbd_path) else ANON_MAX_KIB
    assert max(memory) < most, "%d KiB of memory" % max(memory)
    third = len(memory) // 3
    if third >= 60:  # long enough for every generator to have come round in each third
        first, last = max(memory[:third]), max(memory[-third:])
        assert last < first * 1.2 + 20000, "memory grows: %d KiB at most in the first third, %d in the last" % (first, last)


def everything(t, inputs, seconds, crowd=600, tell=None):
    """All of it for so long; raises Failure or AssertionError. tell(line): progress, once a minute."""
    more_descriptors(2 * crowd + 4000)
    a = Abuse(inputs, crowd)
    good = Good(a)
    good.prove()
    threads = [threading.Thread(target=a.run, args=(act, n)) for n, act in enumerate(ACTS)]
    threads += [threading.Thread(target=good.run, args=(name,)) for name in good.ways]
    for thread in threads:
        thread.start()
    began, memory, told = time.monotonic(), [inputs.anon_kib()], 0
    # At least so long, and on a slow machine until every kind of it has come.
    while not a.faults and inputs.daemon.running() and (time.monotonic() - began < seconds or (
            time.monotonic() - began < seconds + MORE_S and uncounted(inputs.daemon.ledger()))):
        a.end.wait(SAMPLE_S)
        if inputs.daemon.running():
            memory.append(inputs.anon_kib())
        if tell and time.monotonic() - began > 60 * (told + 1):
            told += 1
            tell("%d min: good messages %d, chunk sets %d, connections %d, RssAnon %d KiB" % (
                told, good.total(), a.did.get("chunk sets begun", 0), a.did.get("connections", 0), memory[-1]))
    a.end.set()
    for thread in threads:
        thread.join()
    if not inputs.daemon.running():
        t.fail("crumbd ended with %s:\n%s" % (inputs.daemon.p.returncode, inputs.daemon.err[-3000:]))
    t.eq(a.faults, [])
    good.close()
    inputs.daemon.wait_count("log", good.total())
    ledger = inputs.daemon.stop()
    result = Result(a.did, good.sent, ledger, memory)
    if tell:
        for line in result.lines():
            tell(line)
    check(t, a, good, ledger, memory)
    return result


def quiet_sanitizer(t):
    """The environment of a daemon whose memory can be judged: what ASan keeps of freed memory is small."""
    env = t.env()
    env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=16"
    return env
