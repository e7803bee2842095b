"""What is told as it happens: /api/live."""
import contextlib
import gzip
import http.client
import json
import os
import re
import select
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

from harness import free_port, nginx_line, sanitized
from status import ask, text

CONFIG = """inputs: [{tail: "{dir}/*.log", format: nginx-error, from: start}]
http: 127.0.0.1:%d
rules: []
limits: {per_issue: {burst: %d, period: 1h}}
"""


class Stream:
    """Messages of a stream: (event, data), read by a thread of its own."""

    def __init__(self, port, path, headers=""):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.sendall(("GET %s HTTP/1.0\r\nHost: localhost\r\n%s\r\n" % (path, headers)).encode())
        self.socket.settimeout(60)
        self.file = self.socket.makefile("r", encoding="utf-8", newline="\n")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        for line in iter(self.file.readline, "\r\n"):
            name, value = line.strip().split(": ", 1)
            self.headers[name] = value
        self.messages = []
        self.ended = False
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        event = None
        with contextlib.suppress(OSError, ValueError):
            for line in self.file:
                if line.startswith("event: "):
                    event = line[7:-1]
                elif line.startswith("data: "):
                    self.messages.append((event, json.loads(line[6:])))
        self.ended = True

    def of(self, event):
        return [data for name, data in list(self.messages) if name == event]

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.file.close()
        self.socket.close()


def start(t, more="", burst=3, env=None):
    port = free_port()
    t.write("error.log", nginx_line(1))
    d = t.start(t.config(CONFIG % (port, burst) + more), env=env)
    d.wait_count("lines_in", 1)
    return d, port


def live(port, **query):
    return Stream(port, "/api/live?" + urllib.parse.urlencode(query))


def scenario_lines_are_seen_as_they_are_decided(t):
    """Each line with its fate, those that a query asks for alone, secrets taken out; issues and counts without being asked."""
    d, port = start(t)
    all_of_them, some, none = live(port, lines="on"), live(port, lines="on", q="fate:supp* REFUSED level:error"), live(port)
    other = live(port, lines="on", q="level:fatal")
    t.eq((all_of_them.status, all_of_them.headers["Content-Type"]), (200, "text/event-stream"))
    t.until(lambda: none.of("ledger") and none.of("delivery"), "the state at the beginning")
    t.eq(none.of("ledger")[0]["counts"]["lines_in"], 1)
    t.append("error.log", "".join(nginx_line(n) for n in range(2, 6)) + nginx_line(6, text="password=hunter2 came", level="notice", upstream=None))
    t.until(lambda: len(all_of_them.of("line")) == 5, "five lines")
    lines = all_of_them.of("line")
    t.eq([x["fate"] for x in lines], ["event"] * 2 + ["suppressed"] * 2 + ["crumb"])
    t.eq([x["level"] for x in lines], ["error"] * 4 + ["info"])
    t.eq({(x["format"], x["source"]) for x in lines}, {("nginx-error", t.path("error.log"))})
    assert lines[-1]["message"].startswith("password=[Filtered] came"), lines[-1]
    t.eq(len({x["issue"] for x in lines[:4]}), 1)
    assert "issue" not in lines[-1], lines[-1]
    t.until(lambda: len(some.of("line")) == 2, "those that were asked for")
    t.eq([x["fate"] for x in some.of("line")], ["suppressed"] * 2)
    t.until(lambda: lines[0]["issue"] in [x["key"] for x in none.of("issue")], "the issue")
    t.until(lambda: none.of("issue")[-1]["count"] == 5, "all its occurrences")
    t.eq({k: v for k, v in get(port, "/api/issues/" + lines[0]["issue"]).items() if k in none.of("issue")[-1]}, none.of("issue")[-1])
    t.until(lambda: none.of("ledger")[-1]["counts"]["lines_in"] == 6, "the counts have changed")
    t.eq(none.of("line") + none.of("skipped") + all_of_them.of("skipped"), [])
    t.eq(other.of("line") + other.of("issue"), [])
    for s in (all_of_them, some, none, other):
        s.close()
    for query in ("lines=perhaps", "q=" + "x" * 1100, "q=" + "+x" * 40, "q=level:loud", "q=levle:error", "q=fate:" + "x" * 1020):
        t.eq(ask(port, "/api/live?" + query)[0], 400, query)
    t.eq(ask(port, "/api/live", "HEAD")[2], "")
    t.eq(ask(port, "/api/live", headers={"Host": "evil.example"})[0], 421)
    last = live(port)
    d.stop(sent=6)
    t.until(lambda: last.ended, "the stream ends with crumbd")
    last.close()


def scenario_who_stops_reading_costs_nothing(t):
    """Two hundred who ask for all and read nothing: so many are served as may be, the others told, memory stays, what they cannot take is skipped."""
    d, port = start(t, env=t.env(ASAN_OPTIONS="abort_on_error=0:exitcode=99:quarantine_size_mb=1"))

    def resident():
        with open("/proc/%d/status" % d.pid, encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))

    before = resident()
    stuck = []
    for _ in range(200):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", port))
        s.sendall(b"GET /api/live?lines=on HTTP/1.1\r\nHost: localhost\r\n\r\n")
        stuck.append((s, s.recv(12).split()[1]))
    heads = [head for _, head in stuck]
    t.eq((heads.count(b"200"), heads.count(b"503")), (32, 168))
    for batch in range(1, 9):
        t.append("error.log", "".join(nginx_line(n, text="%d %s" % (n, "x" * 900), level="notice", upstream=None) for n in range(2500)))
        d.wait_count("lines_in", 2500 * batch + 1)
    began = time.monotonic()
    t.eq(ask(port, "/healthz")[0], 200)
    assert time.monotonic() - began < 2
    grown = resident() - before
    assert sanitized(t.crumbd_path) or grown < 32 * 200 + 4096, "%d KiB for readers who do not read" % grown
    # One that has taken nothing makes room for one that reads.
    t.until(lambda: ask_stream(port), "a reader who reads is served", 30)
    reads = live(port, lines="on", q="marked")
    t.append("error.log", nginx_line(7, text="marked", level="notice", upstream=None))
    t.until(lambda: reads.of("line"), "its line")
    reads.close()
    for s, _ in stuck:
        s.close()
    t.until(lambda: json.loads(text(port, "/api/ledger"))["counts"]["lines_in"] == 20002, "all goes on")
    d.stop(sent=20002)


def ask_stream(port):
    s = live(port)
    s.close()
    return s.status == 200


def get(port, path):
    return json.loads(text(port, path))


def project(port):
    return get(port, "/api/delivery")["projects"][0]


def plain_verdict(port):
    """What the page says of delivery to who has no scripts: a class, the whole, a sentence without markup."""
    found = re.search(r'<main id="main">\n<section class="panel verdict (\w+)"><h1>(.*?)</h1>\n<p>(.*?)</p>\n</section>', text(port, "/"))
    return found.group(1), found.group(2), re.sub("<[^>]*>", "", found.group(3))


def scenario_delivery_is_told(t):
    """Whether events leave, since when not, when next, what the server said last; also as it changes, and first on the page without scripts."""
    up = t.upstream()
    d, port = start(t, 'sentry: {dsn: "%s"}\n' % up.dsn())
    t.wait_events(up, 1)
    t.until(lambda: project(port)["answer"] == "HTTP 200", "the answer")
    p = project(port)
    t.eq((p["project"], p["state"], p["next"], p["waiting"], p["dead"]), ("", "delivering", None, 0, 0))
    assert p["upstream"].endswith("%d/1" % up.port) and up.dsn().split("//")[1][:32] not in p["upstream"], p
    assert abs(p["since"] - time.time()) < 60 and abs(p["answered"] - time.time()) < 60, p
    said = plain_verdict(port)
    assert said[:2] == ("good", "Delivering") and re.fullmatch(r"Delivering to Sentry since \d+s\.", said[2]), said
    stream = live(port)
    up.default = {"status": 503, "body": b"come back <b>later"}
    t.append("error.log", nginx_line(2))
    t.until(lambda: project(port)["state"] == "waiting", "it is seen to fail")
    p = project(port)
    assert p["answer"].startswith("HTTP 503") and p["waiting"] == 1 and p["next"] >= p["since"], p
    said = plain_verdict(port)
    assert said[:2] == ("bad", "Not delivering"), said
    assert re.fullmatch(r"Not delivering to Sentry since \d+s: HTTP 503.*come back &lt;b&gt;later.*, 1 event waits(, next try in \d+s)?\.", said[2]), said
    t.until(lambda: any(x["projects"][0]["state"] == "waiting" for x in stream.of("delivery")), "told without being asked")
    up.default = {"status": 401, "body": b"who are you"}
    t.eq(ask(port, "/api/dead/all/retry", "POST", {"X-Crumbd": "1"})[0], 200)
    t.until(lambda: project(port)["state"] == "paused", "it is paused")
    assert project(port)["next"] - time.time() > 60, project(port)
    assert re.fullmatch(r"Refused by Sentry since .*: HTTP 401.*, 1 event waits, next try in \d+m\.", plain_verdict(port)[2]), plain_verdict(port)
    up.default = {}
    t.eq(ask(port, "/api/dead/all/retry", "POST", {"X-Crumbd": "1"})[0], 200)
    t.until(lambda: project(port)["state"] == "delivering", "it delivers again")
    t.until(lambda: stream.of("delivery")[-1]["projects"][0]["state"] == "delivering", "that, too")
    stream.close()
    d.stop()


def scenario_dead_letters_by_hand(t):
    """With the server's words, page by page; sent again or dropped by who may, and asks for it: no page of another origin."""
    up = t.upstream()
    d, port = start(t, 'sentry: {dsn: "%s"}\n' % up.dsn(), burst=100)
    t.wait_events(up, 1)
    up.default = {"status": 400, "body": b"this is no event, Authorization: Bearer abcdefgh12345678"}
    t.append("error.log", "".join(nginx_line(n) for n in range(2, 7)))
    t.until(lambda: project(port)["dead"] == 5, "five are dead")
    said = plain_verdict(port)
    assert said[:2] == ("warn", "Last event refused") and "; the last event was refused: HTTP 400: this is no event" in said[2] and "abcdefgh" not in said[2], said
    letters = get(port, "/api/dead")
    t.eq((len(letters["dead"]), letters["next"]), (5, None))
    t.eq({x["state"] for x in letters["dead"]}, {"dead"})
    for x in letters["dead"]:
        assert x["reason"].startswith("HTTP 400: this is no event") and "abcdefgh" not in x["reason"], x
    ids = [x["id"] for x in letters["dead"]]
    t.eq(ids, sorted(ids, reverse=True))
    first = get(port, "/api/dead?limit=2")
    second = get(port, "/api/dead?limit=3&cursor=" + first["next"])
    t.eq([x["id"] for x in first["dead"] + second["dead"]], ids)
    for cursor in ("0", "x", "99999999999999999999"):
        t.eq(ask(port, "/api/dead?cursor=" + cursor)[0], 400, cursor)

    def post(what, **headers):
        return ask(port, "/api/dead/" + what, "POST", {k.replace("_", "-"): v for k, v in headers.items()})

    own = "http://127.0.0.1:%d" % port
    for headers in ({}, {"X_Crumbd": ""}, {"X_Crumbd": "1", "Origin": "http://evil.example"}, {"X_Crumbd": "1", "Sec_Fetch_Site": "cross-site"}):
        t.eq(post("all/drop", **headers)[0], 403, headers)
    t.eq(post("all/drop", X_Crumbd="1", Host="evil.example")[0], 421)
    t.eq(ask(port, "/api/dead/all/drop")[0], 404)
    for what, status in (("all/burn", 405), ("all", 405), ("77777/drop", 404), ("77777/retry", 404), ("x/drop", 404), ("/drop", 404)):
        t.eq(post(what, X_Crumbd="1")[0], status, what)
    t.eq(project(port)["dead"], 5)
    t.eq(json.loads(post("%d/drop" % ids[0], X_Crumbd="1", Origin=own)[2]), {"changed": 1, "more": False})
    up.default = {}
    t.eq(json.loads(post(letters["dead"][1]["event_id"] + "/retry", X_Crumbd="1")[2]), {"changed": 1, "more": False})
    t.wait_events(up, 2)
    t.eq(json.loads(post("all/retry", X_Crumbd="1")[2]), {"changed": 3, "more": False})
    t.wait_events(up, 5)
    t.until(lambda: project(port)["dead"] == 0, "none is left")
    assert get(port, "/api/ledger")["unnamed_rows"] == 0
    d.stop()


def scenario_inputs_say_how_they_are(t):
    port = free_port()
    t.write("logs/a.log", nginx_line(1) + nginx_line(2))
    t.write("crumbd.yaml", "inputs:\n  - {tail: '%s', format: nginx-error, from: start}\n  - tail: %s\n  - syslog: udp://127.0.0.1:0\nhttp: 127.0.0.1:%d\nstore: %s\n" %
            (t.path("logs/*.log"), t.path("none/*.log"), port, t.path("crumbd.db")))
    d = t.start(t.path("crumbd.yaml"))
    d.wait_count("lines_in", 2)
    t.until(lambda: get(port, "/api/inputs")["inputs"][0]["behind"] == 0, "nothing is left to be read")
    files, none, syslog = get(port, "/api/inputs")["inputs"]
    t.eq((files["kind"], files["input"], files["state"], files["files"], files["lines"]), ("tail", t.path("logs/*.log"), "reading", 1, 2))
    assert abs(files["last_line"] - time.time()) < 60, files
    t.eq((none["state"], none["files"], none["last_line"]), ("no-file", 0, None))
    t.eq((syslog["kind"], syslog["state"], syslog["error"]), ("syslog", "reading", None))
    assert syslog["port"] > 0, syslog
    os.symlink("/dev/zero", t.path("logs/zero.log"))
    t.until(lambda: get(port, "/api/inputs")["inputs"][0]["state"] == "unreadable", "it is seen that one cannot be read")
    assert "zero.log" in get(port, "/api/inputs")["inputs"][0]["error"]["text"], get(port, "/api/inputs")
    d.stop()


def scenario_tap_shows_lines(t):
    """For people and programs, over an address and a unix socket, coloured on a terminal alone; who stops it costs the daemon nothing."""
    port = free_port()
    t.write("error.log", nginx_line(1))
    config = t.config((CONFIG % (port, 3)).replace("127.0.0.1:%d" % port, "unix:{dir}/page.sock"))
    d = t.start(config)
    d.wait_count("lines_in", 1)
    tap = [t.crumbd_path, "tap", "-c", config]
    people, programs, few = (
        t.program(name, tap + more, env=t.env()) for name, more in (("people", []), ("programs", ["--json"]), ("few", ["level:error", "REFUSED"])))
    leader, terminal = os.openpty()
    plain_leader, plain = os.openpty()
    shown = [subprocess.Popen(tap, stdout=to, env=t.env(TERM="xterm", **more), cwd=t.dir) for to, more in ((terminal, {}), (plain, {"NO_COLOR": "1"}))]
    # Each of them is there when it shows what was written after it came.
    n = [0]

    def write_and_look():
        n[0] += 1
        t.append("error.log", nginx_line(n[0], text="probe %d" % n[0], level="notice", upstream=None))
        return all(p.out for p in (people, programs)) and all(select.select([x], [], [], 0)[0] for x in (leader, plain_leader))

    t.until(write_and_look, "all of them show something")
    t.append("error.log", nginx_line(7000) + nginx_line(7001, text="\x1b]0;x\x07 done", level="notice", upstream=None))
    t.until(lambda: "done" in people.out and "done" in programs.out, "the last line")
    t.until(lambda: few.out, "the one that was asked for")
    lines = [json.loads(x) for x in programs.out.splitlines()]
    t.eq([x["fate"] for x in lines if "refused" in x["message"]], ["event"])
    line = next(x for x in people.out.splitlines() if "refused" in x)
    t.eq(line.split()[1:4], ["error", "event", "error.log"])
    assert re.match(r"\d\d:\d\d:\d\d ", line) and line.endswith(next(x["issue"] for x in lines if x.get("issue")) + " "), line
    t.eq((len(few.out.splitlines()), "refused" in few.out), (1, True))
    assert "\x1b" not in people.out + programs.out, people.out
    time_of = os.read(leader, 1 << 20).decode()
    assert "\x1b[2m" in time_of and "\x1b]0" not in time_of, time_of
    assert "\x1b" not in os.read(plain_leader, 1 << 20).decode()
    for p in shown:
        p.kill()
        p.wait()
    for fd in (leader, terminal, plain_leader, plain):
        os.close(fd)
    programs.signal(signal.SIGSTOP)
    read = d.ledger()["lines_in"]
    for _ in range(6):
        t.append("error.log", "".join(nginx_line(i, text="%d %s" % (i, "x" * 900), level="notice", upstream=None) for i in range(2500)))
        read += 2500
        d.wait_count("lines_in", read)
    programs.signal(signal.SIGCONT)
    t.until(lambda: any("skipped" in json.loads(x) for x in programs.out.splitlines()), "what it did not take is counted", 30)
    ledger = d.stop()
    t.eq([p.wait() for p in (people, programs, few)], [0, 0, 0])
    skipped = sum(json.loads(x).get("skipped", 0) for x in programs.out.splitlines())
    assert 0 < skipped < ledger["lines_in"], skipped
    err = t.run("tap", "-c", config, status=3)[1]
    assert "page.sock" in err and "The daemon must run" in err, err
    t.write("off.yaml", "store: %s\nhttp: off\ninputs: []\n" % t.path("x.db"))
    assert "has no `http`" in t.run("tap", "-c", t.path("off.yaml"), status=1)[1]


def scenario_tap_with_a_token(t):
    """It takes the token of the configuration; without the right one it says what the daemon says."""
    port = free_port()
    t.write("error.log", nginx_line(1))
    t.write("token", "0123456789abcdef0123\n")
    config = t.config((CONFIG % (port, 3)).replace("127.0.0.1", "0.0.0.0") + "http_token_file: {dir}/token\n")
    d = t.start(config)
    with open(config, encoding="utf-8") as f:
        other = t.write("other.yaml", f.read().replace("http_token_file", "#"))
    assert "this needs the token" in t.run("tap", "-c", other, status=3)[1]
    token, asked = {"Authorization": "Bearer 0123456789abcdef0123"}, {"X-Crumbd": "1"}
    t.eq([ask(port, path)[0] for path in ("/api/live", "/api/live?lines=perhaps", "/api/rules/x", "/api/dead")], [401] * 4)
    t.eq([ask(port, "/api/dead/all/drop", "POST", h)[0] for h in ({}, asked, token, {**token, **asked})], [401, 401, 403, 200])
    reads = Stream(port, "/api/live", "Authorization: Bearer 0123456789abcdef0123\r\n")
    t.eq(reads.status, 200)
    reads.close()
    tap = t.program("tap", [t.crumbd_path, "tap", "-c", config, "--json"], env=t.env())
    t.until(lambda: t.append("error.log", nginx_line(2)) or tap.out, "lines are shown")
    err = t.run("tap", "-c", config, "x" * 1020 + "%%%%%", status=2)[1]
    assert "a query has at most" in err, err
    d.stop()
    t.eq(tap.wait(), 0)


def scenario_rules_are_shown_with_their_text(t):
    port = free_port()
    t.write("rules.yaml", """pack: p
rules:
  # the first
  - id: p.refused
    match: 'connect\\(\\) failed'
    event: {type: Refused}
    samples:
      - {lines: 'connect() failed', event: {level: error}}
  - {id: p.never, match: 'never seen'}
""")
    t.write("error.log", nginx_line(1) + nginx_line(2))
    d = t.start(t.config((CONFIG % (port, 3)).replace("rules: []", "rules: [{dir}/rules.yaml]")))
    d.wait_count("event", 2)
    one, = get(port, "/api/rules")
    t.eq((one["id"], one["tried"], one["hits"], one["file"], one["line"]), ("p.refused", 2, 2, t.path("rules.yaml"), 4))
    assert abs(one["last"] - time.time()) < 60, one
    t.eq([(r["id"], r["hits"], r["last"] is None) for r in get(port, "/api/rules?all=on")], [("p.refused", 2, False), ("p.never", 0, True)])
    text_of = get(port, "/api/rules/p.refused")["text"]
    assert text_of.startswith("- id: p.refused\n  match:") and text_of.endswith("{level: error}}\n"), text_of
    t.eq(get(port, "/api/rules/p.never")["text"], "- {id: p.never, match: 'never seen'}\n")
    t.eq(ask(port, "/api/rules/p.other")[0], 404)
    t.write("rules.yaml", "pack: q\nrules: []\n")
    t.eq(get(port, "/api/rules/p.refused")["text"], None)
    os.remove(t.path("rules.yaml"))
    os.mkfifo(t.path("rules.yaml"))
    t.eq(get(port, "/api/rules/p.refused")["text"], None)
    d.stop()


def scenario_answers_are_compressed_when_asked(t):
    port = free_port()
    t.write("error.log", "".join(nginx_line(n) for n in range(60)))
    d = t.start(t.config(CONFIG % (port, 100)))
    d.wait_count("event", 60)
    def packed(path, accept, long):
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        c.request("GET", path, headers={"Accept-Encoding": accept})
        r = c.getresponse()
        body = r.read()
        c.close()
        t.eq(r.getheader("Content-Encoding"), "gzip" if long else None, (path, accept))
        t.eq(int(r.getheader("Content-Length")), len(body))
        return len(body), (gzip.decompress(body) if long else body).decode()

    for path, long in (("/api/events", True), ("/", True), ("/metrics", True), ("/healthz", False)):
        status, headers, plain = ask(port, path)
        t.eq((status, headers.get("Vary"), headers.get("Content-Encoding")), (200, "Accept-Encoding" if long else None, None), path)
        for accept, yes in (("gzip", True), ("br, GZIP;q=0.5", True), ("gzip;q=0", False), ("gzip; q=0.000", False), ("gzippy, br", False), ("", False)):
            size, _ = packed(path, accept, yes and long)
            assert not (yes and long) or size < len(plain) / 2, (size, len(plain))
            if path == "/api/events":  # events are tried meanwhile, which changes what is said of them
                t.until(lambda: packed(path, accept, yes)[1] == ask(port, path)[2], "the packed list is the plain one")
    t.eq(ask(port, "/api/events", "HEAD", {"Accept-Encoding": "gzip"})[1]["Content-Encoding"], "gzip")
    d.stop()


def scenario_stream_goes_on_over_a_reload(t):
    """Other rules and another server: lines are judged, and delivery is told, by what is in force."""
    up, other = t.upstream(), t.upstream()
    port = free_port()
    t.write("error.log", nginx_line(1))
    rules = "pack: p\nrules: [{id: p.%s, match: refused, event: {}, samples: [{lines: refused, event: {level: error}}]}]\n"
    t.write("rules.yaml", rules % "before")
    text = (CONFIG % (port, 100)).replace("rules: []", "rules: [{dir}/rules.yaml]") + 'sentry: {dsn: "%s"}\n'
    d = t.start(t.config(text % up.dsn()))
    s = live(port, lines="on")
    t.until(lambda: t.append("error.log", nginx_line(2)) or any(x.get("rule") == "p.before" for x in s.of("line")), "a line before")
    with open(t.path("error.log"), encoding="utf-8") as f:
        d.wait_count("sent", len(f.readlines()))  # what is under way to the one server is sent to the other once more
    t.write("rules.yaml", rules % "after")
    t.config(text % other.dsn())
    d.signal(signal.SIGHUP)
    d.wait_log("settings and rules are reloaded")
    t.until(lambda: t.append("error.log", nginx_line(3)) or any(x.get("rule") == "p.after" for x in s.of("line")), "a line after it")
    t.until(lambda: str(other.port) in s.of("delivery")[-1]["projects"][0]["upstream"], "the other server")
    assert not s.ended
    s.close()
    d.stop()
