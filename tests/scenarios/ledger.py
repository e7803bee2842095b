"""Nothing is lost unnamed: what a scenario sent is in the ledger, message by message, whatever became of it."""
import json
import re
import signal
import socket
import sqlite3
import urllib.request

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


def fill_connection(port):
    """Until the kernel takes no more: the connection, and how many messages were begun."""
    s = socket.create_connection(("127.0.0.1", port))
    s.settimeout(1)
    n, rest = 0, b""
    try:
        while True:
            rest = rest or error(n) + b"\0"
            sent = s.send(rest)
            n += len(rest) == len(error(n)) + 1
            rest = rest[sent:]
    except TimeoutError:
        return s, n


def scenario_the_store_takes_nothing(t):
    """12 000 datagrams while no transaction goes in: memory is bounded, and at the end each is stored, dropped or unstored by name;
    what connections hold then is counted, and not judged."""
    up = t.upstream()
    up.stop()
    port, tcp = free_port(socket.SOCK_DGRAM), free_port()
    t.write("error.log", "")
    config = t.config(CONFIG.replace("  - tail", "  - gelf: tcp://127.0.0.1:%d\n  - tail" % tcp).format(dsn=up.dsn(), dir=t.dir, port=port))
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
    connection, begun = fill_connection(tcp)
    d.signal(15)
    ledger = d.ended(sent=100 + ERRORS + 1 + begun, status=3)
    connection.close()
    t.eq(ledger["unread"], begun, "what the connection held")
    other.close()
    t.eq(ledger["event"], ledger["lines_in"])
    t.eq(rows(t), {f"udp://127.0.0.1:{port}": 100}, "rows of the store")
    t.eq((ledger["stored"], ledger["read_again"]), (100, 1), "what was stored, and the line of the file")
    assert ledger["input_overflow"] > ERRORS / 2, ledger
    assert ledger["unstored"] > 100, ledger
    # The line is read again, and only that.
    up.start()
    d = t.start(config)
    t.wait_events(up, 101)
    ledger = d.stop(sent=1)
    t.eq((ledger["event"], ledger["stored"]), (1, 1))


def scenario_summaries_while_the_store_takes_nothing(t):
    """What no input sends cannot wait either: summaries above the bound are dropped by name, and the numbers agree."""
    up = t.upstream()
    up.stop()
    port = free_port(socket.SOCK_DGRAM)
    t.write("error.log", "")
    config = CONFIG.replace("burst: 1000000,", "burst: 1,").format(dsn=up.dsn(), dir=t.dir, port=port)
    d = t.start(t.config(config))
    send_errors(t, port, 1)
    d.wait_count("event", 1)
    other = sqlite3.connect(t.path("crumbd.db"), isolation_level=None)
    t.until(lambda: locks(other), "the lock of the store")
    for _ in range(2):
        send_errors(t, port, ERRORS // 2)
    d.signal(15)
    ledger = d.ended(sent=1 + ERRORS, status=3)
    other.close()
    assert ledger["summaries"] > 100 and ledger["suppressed"] > 100, ledger
    assert ledger["checkpoint_overflow"] > 100, ledger
    t.eq(ledger["stored"], 1)


def end_twice(t, d):
    """Two signals that say so, the second before anything could be done about the first."""
    d.signal(signal.SIGSTOP)
    t.until(lambda: stopped(d), "crumbd stands still")
    d.signal(signal.SIGTERM)
    d.signal(signal.SIGINT)
    d.signal(signal.SIGCONT)


def stopped(d):
    with open(f"/proc/{d.pid}/stat", encoding="ascii", errors="replace") as f:
        return f.read().rsplit(")", 1)[1].split()[0] == "T"


def scenario_a_second_signal_while_the_store_takes_nothing(t):
    """What waits to be stored shows, and no page says that all balances; asked twice to end, crumbd names all of it at once."""
    up = t.upstream()
    up.stop()
    port, page = free_port(socket.SOCK_DGRAM), free_port()
    t.write("error.log", "")
    d = t.start(t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, port=port) + f"http: 127.0.0.1:{page}\n"))
    send_errors(t, port, 1)
    d.wait_count("stored", 1)
    t.until(lambda: api_ledger(page)["balanced"], "all is stored")
    other = sqlite3.connect(t.path("crumbd.db"), isolation_level=None)
    t.until(lambda: locks(other), "the lock of the store")
    for more, all_of_them in ((5, 5), (35, 40)):  # those of the checkpoint that is not stored, and those that are in none
        send_errors(t, port, more)
        t.until(lambda n=all_of_them: d.ledger().get("waiting_events") == n, "they show")
    got = api_ledger(page)
    t.eq((got["balanced"], got["waiting_to_be_stored"]), (False, {"lines": 40, "events": 40}))
    with urllib.request.urlopen(f"http://127.0.0.1:{page}/", timeout=10) as r:
        shown = r.read().decode()
    assert "waiting to be stored" in shown and ">balanced<" not in shown, shown
    end_twice(t, d)
    ledger = d.ended(sent=41, status=3)
    other.close()
    t.eq({n: ledger.get(n, 0) for n in ("event", "stored", "unstored", "read_again", "left_open", "waiting_events")},
         {"event": 41, "stored": 1, "unstored": 40, "read_again": 0, "left_open": 0, "waiting_events": 0})


def scenario_a_second_signal_loses_nothing(t):
    """Where the store takes what comes, what has been read last is stored before the end all the same."""
    up = t.upstream()
    up.stop()
    port = free_port(socket.SOCK_DGRAM)
    t.write("error.log", "")
    d = t.start(t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, port=port)))
    send_errors(t, port, 40)
    end_twice(t, d)
    ledger = d.ended(sent=40)
    t.eq(ledger["stored"], 40)


def scenario_events_left_open(t):
    """An event whose open form is stored is neither lost nor made again when its closed form is not."""
    up = t.upstream()
    up.stop()
    port = free_port(socket.SOCK_DGRAM)
    t.write("error.log", nginx_line(1))
    config = t.config(CONFIG.replace("wait: 10ms", "wait: 30s").format(dsn=up.dsn(), dir=t.dir, port=port))
    d = t.start(config)
    send_errors(t, port, 1)
    t.until(lambda: sum(rows(t).values()) == 2, "both open forms are stored")
    other = sqlite3.connect(t.path("crumbd.db"), isolation_level=None)
    t.until(lambda: locks(other), "the lock of the store")
    t.append("error.log", nginx_line(2))
    send_errors(t, port, 1)
    t.until(lambda: d.ledger().get("waiting_events") == 2, "two more, whose open forms wait")
    end_twice(t, d)
    ledger = d.ended(sent=4, status=3)
    other.close()
    t.eq({n: ledger.get(n, 0) for n in ("event", "left_open", "unstored", "read_again")},
         {"event": 4, "left_open": 2, "unstored": 1, "read_again": 1})
    assert "events_lost=1 events_left_open=2 events_read_again=1" in d.err, d.err
    # One line is read again; the others are sent as they are.
    up.start()
    d = t.start(config)
    d.wait_count("event", 1)
    t.wait_events(up, 2)
    ledger = d.stop(sent=1)
    t.eq((ledger["event"], len(up.events)), (1, 3))


EVERY_INPUT = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - gelf: udp://127.0.0.1:{udp}
  - gelf: tcp://127.0.0.1:{tcp}
  - gelf: http://127.0.0.1:{http}
  - syslog: unix:{dir}/log
  - tail: {dir}/error.log
    format: nginx-error
    timezone: UTC
    from: start
  - tail: {dir}/app.log
    format: text
    from: start
breadcrumbs: {{before: 3, after: 2, wait: 300ms}}
limits: {{per_issue: {{burst: 3, period: 1h}}}}
http: 127.0.0.1:{page}
"""


def api_ledger(page):
    with urllib.request.urlopen(f"http://127.0.0.1:{page}/api/ledger", timeout=10) as r:
        return json.load(r)


def balance(page):
    return {b["of"]: (b["in"], b["out"], b["open"]) for b in api_ledger(page)["balances"]}


def by_input(page):
    with urllib.request.urlopen(f"http://127.0.0.1:{page}/metrics", timeout=10) as r:
        return {name: int(n) for name, n in re.findall(r'^crumbd_input_lines_total\{input="([^"]+)",port="\d+"\} (\d+)$', r.read().decode(), re.M)}


def scenario_every_number_has_its_counterpart(t):
    """What was sent by every input, what the inputs framed, what the pipeline made of it, what the store and Sentry took: all agree."""
    up = t.upstream()
    ports = {"udp": free_port(socket.SOCK_DGRAM), "tcp": free_port(), "http": free_port(), "page": free_port()}
    t.write("error.log", "".join(nginx_line(n) for n in range(20)))
    t.write("app.log", "hello\n\nTraceback (most recent call last):\n  File \"a.py\", line 1, in <module>\nValueError: no\n" + "again\n" * 10)
    lines = 20 + 5 + 10
    d = t.start(t.config(EVERY_INPUT.format(dsn=up.dsn(), dir=t.dir, **ports)))
    sent = lines

    def gelf(n, level=3):
        return json.dumps({"version": "1.1", "host": "far", "level": level, "short_message": f"it fails in a way of its own {n % 7}"}).encode()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for n in range(60):
            s.sendto(gelf(n, 3 + 3 * (n % 2)) if n % 5 else b"no gelf", ("127.0.0.1", ports["udp"]))
    with socket.create_connection(("127.0.0.1", ports["tcp"])) as s:
        s.sendall(b"\0".join(gelf(n) for n in range(50)) + b"\0")
    urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{ports['http']}/gelf", gelf(1), {"Content-Type": "application/json"}), timeout=10)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        for n in range(10):
            s.sendto(b"<11>Nov 29 10:00:00 web-1 cron[7]: job %d failed" % n, t.path("log"))
    sent += 60 + 50 + 1 + 10
    t.until(lambda: sum(d.ledger().get(n, 0) for n in ("lines_in", "udp_kernel_drops")) >= sent, "all is read")
    t.until(lambda: api_ledger(ports["page"])["balanced"], lambda: f"a ledger that balances: {api_ledger(ports['page'])}")
    dropped = d.ledger().get("udp_kernel_drops", 0)
    t.eq(by_input(ports["page"]), {f"udp://127.0.0.1:{ports['udp']}": 60 - dropped, f"tcp://127.0.0.1:{ports['tcp']}": 50,
                                   f"http://127.0.0.1:{ports['http']}": 1, f"unix:{t.path('log')}": 10, t.path("error.log"): 20,
                                   t.path("app.log"): 15}, "what was sent to each input")
    t.until(lambda: balance(ports["page"])["events"][2] == 0, "nothing waits for the lines after it")
    t.until(lambda: len(up.events) == d.ledger()["sent"] == d.ledger()["stored"], "Sentry has what was stored")
    assert api_ledger(ports["page"])["balanced"]
    # A row that somebody takes out shows.
    stored = d.ledger()["stored"]
    up.stop()
    t.append("error.log", nginx_line(21).replace("connect", "disconnect"))
    sent += 1
    d.wait_count("stored", stored + 1)
    assert api_ledger(ports["page"])["balanced"]
    with sqlite3.connect(t.path("crumbd.db"), timeout=30) as db:
        db.execute("DELETE FROM event")
    got = api_ledger(ports["page"])
    t.eq((got["balanced"], got["unnamed_rows"]), (False, -1))
    t.unnamed[t.path("crumbd.db")] = -1
    up.start()
    ledger = d.stop(sent=sent)
    t.eq(sum(up.seen.values()), ledger["sent"], "what Sentry took")


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
    ledger = d.stop(sent=53)
    t.eq((ledger["event"], ledger["suppressed"]), (8, 44))
    t.eq(up.reports, {("send_error", "error"): 2, ("send_error", "monitor"): 1, ("sample_rate", "error"): ledger["suppressed"]})
    t.eq(ledger["reported"], ledger["suppressed"])
    t.eq(len(up.events) + 2, ledger["event"] + 1, "all that were not refused, and a summary")


def totals(t, *args):
    return json.loads(t.run("ledger", "--store", t.path("crumbd.db"), "--json", *args)[0])


def scenario_the_ledger_of_a_killed_run(t):
    """Three runs, one of them killed: its numbers are in the totals of the page, of /metrics and of `crumbd ledger`."""
    up, page = t.upstream(), free_port()
    t.write("error.log", "")
    config = t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, port=free_port(socket.SOCK_DGRAM)) + f"http: 127.0.0.1:{page}\n")
    for run in range(3):
        d = t.start(config)
        t.append("error.log", "".join(nginx_line(10 * run + i) for i in range(10)))
        t.wait_events(up, 10 * run + 10)
        t.until(lambda: api_ledger(page)["balanced"], "all is stored")
        got = api_ledger(page)
        t.eq((got["counts"]["lines_in"], got["all_runs"]["lines_in"]), (10, 10 * run + 10), "lines of this run, and of all")
        with urllib.request.urlopen(f"http://127.0.0.1:{page}/metrics", timeout=10) as r:
            assert f'crumbd_all_runs_total{{count="event"}} {10 * run + 10}\n' in r.read().decode()
        t.eq(totals(t)["counts"], api_ledger(page)["all_runs"], "the command beside the daemon, and the page")
        if run == 1:
            d.kill()
        else:
            d.stop(sent=10)
    got = totals(t)
    t.eq((got["counts"]["lines_in"], got["counts"]["event"], got["counts"]["stored"], got["unnamed_rows"]), (30, 30, 30, 0))
    t.eq(got["outbox"], {"open": 0, "ready": 0, "dead": 0})
    out, _ = t.run("ledger", "-c", config)
    assert re.search(r"^ +30  lines_in ", out, re.M) and re.search(r"^ +30  event  +became an event", out, re.M), out
    _, err = t.run("ledger", "--store", t.path("none.db"), status=3)
    assert "there is no store at" in err, err
