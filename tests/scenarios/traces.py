"""Stack traces whose lines come one by one: each is one event, whole, and once."""
import json
import os
import random
import signal
import socket
import threading
import time

from harness import free_port, nginx_line
from jvm import check_whole, number, odd, trace

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
{inputs}
rules: []
breadcrumbs: {{wait: 10ms}}
limits: {{per_issue: {{burst: 2000000000, period: 1h}}, per_minute: 2000000000, per_day: 2000000000}}
"""


def scenario_traces_of_two_containers(t):
    """Docker's GELF driver sends a message for each line; those of two containers come in turn."""
    up = t.upstream()
    port = free_port(socket.SOCK_DGRAM)
    d = t.start(t.config(CONFIG.format(dsn=up.dsn(), inputs="  - {gelf: 'udp://127.0.0.1:%d', join: {wait: 2s}}" % port)))
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sent = 0
    heads = ["cannot take an order", "something failed:"]
    for lines in zip(*([heads[k]] + trace(k) for k in range(2))):
        for k, line in enumerate(lines):
            s.sendto(json.dumps({"version": "1.1", "host": "docker-1", "short_message": line, "level": 3,
                                 "_container_id": "%064x" % (k + 1), "_container_name": "shop-%d" % k}).encode(),
                     ("127.0.0.1", port))
            sent += 1
    events = t.wait_events(up, 2)
    for event in events:
        check_whole(t, event, number(event))
        t.eq(event["tags"]["container"], "shop-%d" % number(event))
        t.eq(event["level"], "error")
        assert "breadcrumbs" not in event, event["breadcrumbs"]
    t.eq(sorted(e["logentry"]["formatted"] for e in events), heads)
    ledger = d.stop(sent=sent)
    t.eq((ledger["event"], ledger["joined"]), (2, sent - 2))


def scenario_kill_in_a_trace(t):
    """Killed when half of it has been read and its place is stored: it is read again from where it begins."""
    up = t.upstream()
    inputs = "  - {{tail: {0}/app.log, from: start, join: {{wait: 5s}}}}\n  - {{tail: {0}/nginx.log, from: start}}".format(t.dir)
    config = t.config(CONFIG.format(dsn=up.dsn(), inputs=inputs))
    lines = ["2026-11-29 10:00:00,123 [main] ERROR com.acme.Shop - order failed"] + trace(7)
    t.write("app.log", "2026-11-29 10:00:00,100 [main] INFO com.acme.Shop - begins\n")
    t.write("nginx.log", "")
    d = t.start(config)
    t.append("app.log", "".join(line + "\n" for line in lines[:4]))
    d.wait_count("lines_in", 5)
    # An event of another file is stored with the places of all.
    t.append("nginx.log", nginx_line(1))
    t.wait_events(up, 1)
    d.kill()
    d = t.start(config)
    t.append("app.log", "".join(line + "\n" for line in lines[4:]))
    t.append("app.log", "2026-11-29 10:00:01,123 [main] INFO com.acme.Shop - goes on\n")
    event = t.wait_events(up, 2)[-1]
    check_whole(t, event, 7)
    t.eq(event["logentry"]["formatted"], "order failed")
    ledger = d.stop()
    t.eq((ledger["event"], ledger["joined"]), (1, len(lines) - 1))
    t.eq(len(up.events), 2)


def rotations(t, killed):
    """A log is renamed after each few lines of its traces, twice in most, and goes on in a new file, as loggers do that rotate by themselves."""
    traces = 12
    up = t.upstream()
    inputs = "  - {{tail: {0}/app.log, from: start, join: {{wait: 5s}}}}\n  - {{tail: {0}/nginx.log, from: start}}".format(t.dir)
    config = t.config(CONFIG.format(dsn=up.dsn(), inputs=inputs))
    t.write("nginx.log", "")
    head = "2026-11-29 10:00:%02d,123 [main] ERROR com.acme.Shop - order failed"
    d = t.start(config)
    sent = nginx = 0
    for n in range(traces):
        lines = [head % n] + odd(n)
        at = 1 + n % (len(lines) - 1)
        t.append("app.log", "".join(line + "\n" for line in lines[:at]))
        sent += at
        if not killed:
            d.wait_count("lines_in", sent)
        two = at + (len(lines) - at) // 2
        between = at + (two - at) // 2
        for k, (begin, end) in enumerate(((at, between), (between, two))):
            if begin == end:
                continue
            found = d.err.count("/app.log from=")
            os.rename(t.path("app.log"), t.path("app.log.%d" % (2 * n + k)))
            t.append("app.log", "".join(line + "\n" for line in lines[begin:end]))
            sent += end - begin
            if not killed:
                d.wait_count("lines_in", sent)
            else:  # it may be read when it runs again, but a name that nobody has seen has no place in the order
                t.until(lambda: d.err.count("/app.log from=") > found, "the new file is found")  # pylint: disable=cell-var-from-loop
        if killed:
            t.append("nginx.log", nginx_line(n))
            nginx += 1
            # That event is stored with the places of all files.
            t.until(lambda: len(of_nginx(up)) == nginx, "an event of nginx")
            d.kill()
            d = t.start(config)
        t.append("app.log", "".join(line + "\n" for line in lines[two:]))
        sent += len(lines) - two
    t.append("app.log", "2026-11-29 10:01:01,123 [main] INFO com.acme.Shop - goes on\n")
    t.wait_events(up, traces + nginx)
    d.stop()
    events = [e for e in up.events if e not in of_nginx(up)]
    t.eq(sorted(map(number, events)), list(range(traces)))
    for event in events:
        check_whole(t, event, number(event))
        t.eq(event["logentry"]["formatted"], "order failed")
    t.eq(len(of_nginx(up)), nginx)


def of_nginx(up):
    return [e for e in up.events if e["logger"] == "nginx.error"]


def scenario_rotation_in_a_trace(t):
    rotations(t, False)


def scenario_kills_after_rotations_in_traces(t):
    rotations(t, True)


def scenario_kills_among_traces(t):
    """Two threads log traces into one file, a head on each line; crumbd is killed again and again."""
    traces = 60
    up = t.upstream()
    inputs = "  - {{tail: {0}/app.log, from: start, join: {{wait: 5s}}}}".format(t.dir)
    config = t.config(CONFIG.format(dsn=up.dsn(), inputs=inputs))
    t.write("app.log", "")
    rnd = random.Random(5)
    go = threading.Semaphore(0)

    def write():
        todo = [[(k, line) for n in range(traces) if n % 2 == k for line in trace(n)] for k in range(2)]
        while todo[0] or todo[1]:
            k = rnd.choice([k for k in range(2) if todo[k]])
            thread, line = todo[k].pop(0)
            t.append("app.log", "2026-11-29 10:00:00,123 [exec-%d] ERROR com.acme.Shop - %s\n" % (thread, line))
            go.acquire(timeout=0.004)

    writer = threading.Thread(target=write, daemon=True)
    d = t.start(config)
    writer.start()
    for _ in range(6):
        mark = len(up.events) + rnd.randrange(2, 9)
        up.wait(lambda: len(up.events) >= min(mark, traces - 8), 60)
        d.kill()
        d = t.start(config)
    writer.join(120)
    t.until(lambda: len(up.events) >= traces, "%d events" % traces)
    t.eq(sorted(map(number, up.events)), list(range(traces)))
    for event in up.events:
        check_whole(t, event, number(event))
    d.stop()
    t.eq(len(up.events), traces)


def gelf(text, container, level=3):
    return json.dumps({"version": "1.1", "host": "docker-1", "short_message": text, "level": level,
                       "_container_id": "%064x" % container, "_container_name": "shop-%d" % container}).encode()


def syslog(text, process, level=3):
    return b"<%d>1 2026-11-29T10:00:00.123Z web-1 shop %d - - %s\n" % (8 + level, process, text.encode())


def kills_among_lines(t, inputs, connect, form):
    """Two senders' lines in turn; crumbd is killed after every few of them, when the store has them. Each trace is one event, whole; a
    plain line stands before each."""
    up = t.upstream()
    config = t.config(CONFIG.format(dsn=up.dsn(), inputs=inputs))
    lines = [(k, line) for pair in zip(*(["order %d" % k, "cannot take an order"] + trace(k) for k in range(2)))
             for k, line in enumerate(pair)]
    d = t.start(config)
    sent = 0
    for i in range(0, len(lines), 3):
        send = connect()
        for k, line in lines[i:i + 3]:
            send(form(line, k, 6 if line.startswith("order") else 3))
            sent += 1
        d.wait_count("lines_in", sent)
        d.kill()
        d = t.start(config)
        sent = d.ledger().get("restored_lines", 0)
    events = t.wait_events(up, 2)
    for event in events:
        check_whole(t, event, number(event))
        t.eq(event["logentry"]["formatted"], "cannot take an order")
        t.eq(event["level"], "error")
    t.eq(sorted(map(number, events)), [0, 1])
    ledger = d.stop(sent=sent)
    t.eq((ledger["event"], ledger["restored_lines"]), (2, 2))
    t.eq((len(up.events), up.duplicates), (2, {}))


def scenario_kills_among_datagrams(t):
    """What crumbd holds of datagrams, which nobody sends again, the store has over a kill -9."""
    port = free_port(socket.SOCK_DGRAM)

    def connect():
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        return lambda line: s.sendto(line, ("127.0.0.1", port))
    kills_among_lines(t, "  - {gelf: 'udp://127.0.0.1:%d', join: {wait: 4s}}" % port, connect, gelf)


def scenario_kills_among_lines_of_connections(t):
    """The same over TCP, a new connection after each kill."""
    port = free_port()
    kills_among_lines(t, "  - {syslog: 'tcp://127.0.0.1:%d', join: {wait: 4s}}" % port,
                      lambda: socket.create_connection(("127.0.0.1", port)).sendall, syslog)


def scenario_kill_before_a_trace_goes_on(t):
    """Killed in the middle of one, and nothing comes any more: what there was is one event, once, and stays it over further kills."""
    up = t.upstream()
    port = free_port(socket.SOCK_DGRAM)
    config = t.config(CONFIG.format(dsn=up.dsn(), inputs="  - {gelf: 'udp://127.0.0.1:%d', join: {wait: 5s}}" % port))
    d = t.start(config)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for line in ["password=hunter22 was refused"] + trace(3)[:3]:
        s.sendto(gelf(line, 1), ("127.0.0.1", port))
    d.wait_count("lines_in", 4)
    d.kill()
    with open(t.path("crumbd.db"), "rb") as f, open(t.path("crumbd.db-wal"), "rb") as wal:
        assert b"hunter22" not in f.read() + wal.read()
    d = t.start(config)
    d.kill()
    d = t.start(config)
    event, = t.wait_events(up, 1)
    d.wait_count("settled", 1)
    d.kill()
    t.eq([f["function"] for f in event["exception"]["values"][0]["stacktrace"]["frames"]], ["order", "take"])
    assert "was refused" in event["logentry"]["formatted"], event
    d = t.start(config)
    t.eq(d.stop().get("restored_lines", 0), 0)
    t.eq((len(up.events), up.duplicates), (1, {}))


def scenario_ten_thousand_open_traces(t):
    """A line of each of 10 000 processes, then the next of each: an event of each, and no line an event of its own."""
    processes = 10000
    port = free_port()
    d = t.start(t.config(CONFIG.format(dsn="http://0123456789abcdef0123456789abcdef@127.0.0.1:9/42",
                                       inputs="  - {syslog: 'tcp://127.0.0.1:%d', join: {wait: 5s}}" % port)))
    s = socket.create_connection(("127.0.0.1", port))
    lines = trace(1)[:3]
    for line in lines:
        s.sendall(b"".join(syslog(line, 1 + n) for n in range(processes)))
    d.wait_count("event", processes)
    s.close()
    ledger = d.stop(sent=processes * len(lines))
    t.eq((ledger["event"], ledger["joined"]), (processes, processes * (len(lines) - 1)))
    t.eq(ledger.get("early_traces", 0), 0)


def bad_traces():
    """(what each comes to, its lines): without heads between them, as far as that goes."""
    head = b"2026-11-29 10:00:00,%03d [main] ERROR com.acme.Shop - order failed"
    n = 0

    def one(*lines):
        nonlocal n
        n += 1
        return [head % n] + list(lines)

    text = [line.encode() for line in trace(1)]
    yield 1, one(text[0], *(b"\tat com.acme.Deep.down%d(Deep.java:%d)" % (i, i) for i in range(100000)))
    yield 2, one(text[0]) + one(text[0], text[1])
    yield 1, one(text[0], text[1], b"\tat com.acme." + b"x" * (1 << 20) + b"(X.java:1)", text[2])
    yield 1, one(text[0], b"\tat com.acme.\x00\xff\xfe\x01\xc3(\x80.java:1)", *text[1:])
    yield 1, one(b"Traceback (most recent call last):", b'  File "/srv/a.py", line 1, in a', b"\x00" * 5000, b"    x = 1", b"ValueError: bad")
    yield 1, one(*text)
    yield 1, one(text[0])  # the last line of its file


def scenario_bad_traces(t):
    """Too long, too wide, begun twice, with bytes that are no text, begun in the last line of a file: each is let go, bounded, and counted."""
    up = t.upstream()
    config = t.config(CONFIG.format(dsn=up.dsn(), inputs="  - {tail: %s, from: start}" % t.path("app.log")))
    all_of_them = list(bad_traces())
    lines = [line for _, part in all_of_them for line in part]
    t.write("app.log", b"".join(line + b"\n" for line in lines))
    wanted = sum(n for n, _ in all_of_them)
    d = t.start(config)
    events = t.wait_events(up, wanted)
    ledger = d.stop()
    t.eq(len(up.events), wanted)
    t.eq(ledger["lines_in"], len(lines))
    t.eq(ledger["lines_in"], ledger["event"] + ledger["joined"] + ledger.get("crumb", 0))
    t.eq(ledger["cut_traces"] > 0, True)
    deep = next(e for e in events if "down0" in json.dumps(e))
    t.eq(deep["exception"]["values"][-1]["value"], "no stock for item 1")
    assert len(json.dumps(deep)) < 1 << 20, len(json.dumps(deep))
    whole = [e for e in events if e["exception"]["values"][0]["value"] == "disk 1"]
    deepest = [[f["function"] for f in e["exception"]["values"][-1]["stacktrace"]["frames"]][-2:] for e in whole]
    t.eq(sorted(deepest), [["order", "take"], ["take", "\ufffd" * 5]])


def scenario_kill_among_many_threads(t):
    """Forty threads log traces into one file, and errors of one line between them: killed in the middle, each is there once."""
    threads = 40
    up = t.upstream()
    inputs = "  - {{tail: {0}/app.log, from: start, join: {{wait: 5s}}}}".format(t.dir)
    config = t.config(CONFIG.format(dsn=up.dsn(), inputs=inputs))
    head = "2026-11-29 10:00:00,123 [exec-%d] ERROR com.acme.Shop - %s\n"
    lines = [[head % (k, line) for line in trace(k)] for k in range(threads)]
    t.write("app.log", "")
    d = t.start(config)
    for i in range(len(lines[0])):
        t.append("app.log", "".join(line[i] for line in lines))
        t.append("app.log", head % (threads, "plain error") + (head % (threads, "and goes on")).replace("ERROR", "INFO"))
        if i == 3:
            d.wait_count("event", i + 1)
            t.wait_events(up, i + 1)
            d.wait_count("settled", i + 1)
            d.kill()
            d = t.start(config)
    plain = len(lines[0])
    events = t.wait_events(up, threads + plain)
    whole = [event for event in events if event["platform"] == "java"]
    t.eq(sorted(map(number, whole)), list(range(threads)))
    for event in whole:
        check_whole(t, event, number(event))
    d.stop()
    t.eq((len(up.events), up.duplicates), (threads + plain, {}))


def scenario_traces_over_many_turns(t):
    """Files that have much to read have their turns one after another, which takes longer than a trace is waited for: none is cut where a
    turn ends."""
    files, traces = 12, 500
    text = "".join("2026-11-29 10:00:00,123 [main] ERROR com.acme.Shop - order failed\n" + "\n".join(trace(1)) + "\n" for _ in range(traces))
    for k in range(files):
        t.write("logs/app%d.log" % k, text)
    d = t.start(t.config(CONFIG.format(dsn="http://0123456789abcdef0123456789abcdef@127.0.0.1:9/42",
                                       inputs="  - {tail: '%s/logs/*.log', from: start, join: {wait: 5ms}}" % t.dir)))
    d.wait_count("lines_in", files * text.count("\n"))
    ledger = d.stop()
    t.eq((ledger["event"], ledger["joined"]), (files * traces, files * traces * len(trace(1))))


def scenario_a_stop_in_traces(t):
    """crumbd does not run for a while, as a host that has no time for it: what has come meanwhile is read before a trace is let go."""
    up = t.upstream()
    ports = [free_port(socket.SOCK_DGRAM) for _ in range(2)]
    d = t.start(t.config(CONFIG.format(dsn=up.dsn(), inputs="".join("  - {gelf: 'udp://127.0.0.1:%d', join: {wait: 2s}}\n" % port for port in ports))))
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    lines = [(k, line) for pair in zip(*(trace(k) for k in range(4))) for k, line in enumerate(pair)]

    def send(some):
        for k, line in some:
            s.sendto(gelf(line, k), ("127.0.0.1", ports[k % 2]))
    send(lines[:12])
    d.wait_count("lines_in", 12)
    d.signal(signal.SIGSTOP)
    send(lines[12:])
    time.sleep(2.5)  # longer than it is waited for lines
    d.signal(signal.SIGCONT)
    events = t.wait_events(up, 4)
    t.eq(sorted(map(number, events)), list(range(4)))
    for event in events:
        check_whole(t, event, number(event))
    d.stop(sent=len(lines))
    t.eq(len(up.events), 4)
